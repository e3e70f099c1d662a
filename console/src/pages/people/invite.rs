//! Taking up an invitation: the code, and a password of one's own. The code is in the part of
//! the link after `#`, which browsers never send; a script puts it into the field.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use super::entry::{self, Proved};
use super::security::weakness;
use crate::app::App;
use crate::audit::{self, Entry, Kind, Object, Who};
use crate::client::Client;
use crate::error::{Failure, html};
use crate::guard;
use crate::i18n::{M, P};
use crate::password;
use crate::people::proof::Method;
use crate::people::staff::code_hash;
use crate::store::failures;
use crate::store::invitations::{self, Invited};
use crate::view::View;

#[derive(Template)]
#[template(path = "people/invite.html")]
struct InvitePage<'a> {
    v: &'a View,
    code: &'a str,
    error: Option<&'a str>,
    shortest: usize,
    longest: usize,
    /// What the identity provider is called, where there is one.
    provider: Option<&'a str>,
    /// Whether everybody signs in there.
    required: bool,
}

fn show(app: &App, view: &View, code: &str, error: Option<&str>) -> Result<Response, Failure> {
    let (shortest, longest) = (password::SHORTEST, password::LONGEST);
    let provider = app.provider.as_ref().map(|provider| provider.name());
    // For who may have a password nevertheless, the form is there.
    let required = app.config.oidc.required && app.config.oidc.break_glass.is_empty();
    html(&InvitePage { v: view, code, error, shortest, longest, provider, required })
}

/// The form again, with what is wrong.
pub(super) fn refused(
    app: &App,
    view: &View,
    code: &str,
    status: StatusCode,
    error: &str,
) -> Result<Response, Failure> {
    let mut response = show(app, view, code, Some(error))?;
    *response.status_mut() = status;
    Ok(response)
}

/// The form.
pub async fn form(State(app): State<App>, view: View) -> Result<Response, Failure> {
    show(&app, &view, "", None)
}

/// What the form sends.
#[derive(Deserialize)]
struct Submitted {
    code: String,
    password: String,
    again: String,
}

/// Whom the code invites; wrong codes are counted by address.
pub(super) async fn invited(
    app: &App,
    client: &Client,
    view: &View,
    code: &str,
) -> Result<Result<Invited, (StatusCode, String)>, Failure> {
    let limits = &app.config.sign_in;
    let network = failures::network(client.address);
    if failures::must_wait(&app.pool, limits, &network, "?").await? {
        let text = view.t1(P::TooManyFailures, limits.window_minutes);
        return Ok(Err((StatusCode::TOO_MANY_REQUESTS, text)));
    }
    let found = match code_hash(&app.key, code) {
        Some(hash) => invitations::find(&app.pool, &hash).await?,
        None => None,
    };
    match found {
        Some(invited) => Ok(Ok(invited)),
        None => {
            failures::count(&app.pool, limits, &network, "?").await?;
            Ok(Err((StatusCode::UNAUTHORIZED, view.t(P::InviteWrong).into())))
        }
    }
}

/// Takes the password and lets the person in.
pub async fn submit(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    view: View,
    body: Bytes,
) -> Result<Response, Failure> {
    let sent: Submitted = guard::read(&body)?;
    let again = |status: StatusCode, error: &str| refused(&app, &view, &sent.code, status, error);
    let invited = match invited(&app, &client, &view, &sent.code).await? {
        Ok(invited) => invited,
        Err((status, error)) => return again(status, &error),
    };
    if !app.config.own_ways(&invited.login) {
        let name = app.provider.as_ref().map(|provider| provider.name()).unwrap_or_default();
        return again(StatusCode::FORBIDDEN, &view.t1(P::ProviderOnly, name));
    }
    if sent.password != sent.again {
        return again(StatusCode::BAD_REQUEST, view.t(P::NotTheSame));
    }
    if let Err(weak) = password::check_new(&[&invited.login, &invited.name], &sent.password) {
        return again(StatusCode::BAD_REQUEST, &weakness(&view, &weak));
    }
    let phc = app.checker.hash(sent.password.clone()).await?;
    let hash = code_hash(&app.key, &sent.code).unwrap_or_default();
    if !invitations::take(&app.pool, &hash, &phc).await? {
        return again(StatusCode::UNAUTHORIZED, view.t(P::InviteWrong));
    }
    let who = Who {
        staff_id: Some(invited.staff_id),
        login: invited.login.clone(),
        address: client.address.to_string(),
        ..Who::default()
    };
    let object = Object::Staff(invited.login.clone());
    let detail = json!({"change": "invitation_taken_up"});
    let entry = Entry { kind: Kind::Credential, object, detail, request: None };
    audit::record_as(&app, who, entry).await?;
    let proved = Proved {
        staff_id: invited.staff_id,
        login: &invited.login,
        method: Method::Password,
        second: false,
    };
    let cookies = entry::begin(&app, &headers, &client, &proved).await?;
    Ok((cookies, Redirect::to("/security")).into_response())
}
