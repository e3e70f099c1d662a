//! Signing out at the firm's identity provider signs out here (OpenID Connect Back-Channel Logout
//! 1.0): the provider sends a token, with no browser in between.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::provider::{provider, told};
use crate::app::App;
use crate::audit::{self, Entry, Kind, Object, Who};
use crate::client::Client;
use crate::error::Failure;
use crate::guard;
use crate::metrics::METRICS;
use crate::people::provider::{Provider, Refused};
use crate::people::token::Logout;
use crate::store::{failures, identities};

/// What the provider sends.
#[derive(Debug, Deserialize)]
struct Sent {
    logout_token: String,
}

/// Ends every session of whom the provider's token names. A token counts once; one about nobody
/// here is as good as done.
pub async fn receive(
    State(app): State<App>,
    client: Client,
    body: Bytes,
) -> Result<Response, Failure> {
    let provider = provider(&app)?;
    let network = failures::network(client.address);
    let limits = &app.config.sign_in;
    // Each may cost a question to the provider.
    if failures::must_wait(&app.pool, limits, &network, "?").await? {
        return Ok(answered("throttled", StatusCode::TOO_MANY_REQUESTS));
    }
    let logout = match guard::read::<Sent>(&body) {
        Ok(sent) => provider.logged_out(&sent.logout_token).await,
        Err(_) => Err(Refused::Wrong("it has no logout_token".into())),
    };
    match logout {
        Ok(logout) if ended(&app, &client, provider, &logout).await? => {
            Ok(answered("ok", StatusCode::OK))
        }
        Ok(_) => Ok(answered("repeated", StatusCode::BAD_REQUEST)),
        Err(refused) => {
            told(&refused);
            if let Refused::Away(_) = refused {
                return Ok(answered("provider_away", StatusCode::BAD_GATEWAY));
            }
            failures::count(&app.pool, limits, &network, "?").await?;
            Ok(answered("wrong", StatusCode::BAD_REQUEST))
        }
    }
}

/// Counts an answer. What is wrong with a token stays in the log.
fn answered(result: &str, status: StatusCode) -> Response {
    METRICS.provider_sign_outs.with_label_values(&[result]).inc();
    match status {
        StatusCode::OK => status.into_response(),
        StatusCode::BAD_REQUEST => {
            (status, Json(json!({"error": "invalid_request"}))).into_response()
        }
        _ => (status, Json(json!({"error": "temporarily_unavailable"}))).into_response(),
    }
}

/// Ends the sessions and notes it of each person. Answers whether the token is a new one.
async fn ended(
    app: &App,
    client: &Client,
    provider: &Provider,
    logout: &Logout,
) -> Result<bool, Failure> {
    let issuer = provider.issuer();
    let (subject, sid) = (logout.subject.as_deref(), logout.session.as_deref());
    let people = identities::signed_out(&app.pool, issuer, subject, sid).await?;
    let mark = app.key.mark("logout token", logout.id.as_bytes());
    let ids: Vec<i32> = people.iter().map(|(staff_id, _)| *staff_id).collect();
    let Some(ended) = identities::end_sessions(&app.pool, &mark, &ids).await? else {
        return Ok(false);
    };
    for (staff_id, login) in people {
        tracing::info!(event = "console.signed_out_by_provider", login, sessions = ended,
            network.peer = %client.address, "signed out at the identity provider");
        let address = client.address.to_string();
        let who = Who { staff_id: Some(staff_id), login: login.clone(), address, ..Who::default() };
        let detail = json!({"by": "provider", "sessions": ended});
        let object = Object::Staff(login);
        let entry = Entry { kind: Kind::SignOut, object, detail, request: None };
        audit::record_as(app, who, entry).await?;
    }
    Ok(true)
}
