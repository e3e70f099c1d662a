//! The second factor of a sign-in: a code, a passkey, or a recovery code.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::entry::{self, Proved, STEP};
use crate::app::App;
use crate::client::Client;
use crate::error::{Failure, html};
use crate::guard;
use crate::i18n::{M, P};
use crate::people::passkey::Started;
use crate::people::proof::{self, Checked, Method};
use crate::session::Token;
use crate::store::factors::{self, Ways};
use crate::store::steps::{self, Step};
use crate::view::View;

#[derive(Template)]
#[template(path = "people/second.html")]
struct SecondPage<'a> {
    v: &'a View,
    ways: &'a Ways,
    passkey: Option<Started>,
    error: Option<String>,
}

/// The step a browser is at, and what names it.
async fn step(app: &App, headers: &HeaderMap) -> Result<Option<(Step, [u8; 32])>, Failure> {
    let Some(token) = Token::of_cookie(app, headers, STEP) else { return Ok(None) };
    let hash = token.hash();
    Ok(steps::find(&app.pool, &hash).await?.map(|step| (step, hash)))
}

/// What a passkey at this step is asked for: good for this step only.
fn purpose(hash: &[u8]) -> String {
    format!("second factor of {}", hex::encode(hash))
}

async fn show(
    app: &App,
    view: &View,
    step: &Step,
    hash: &[u8],
    error: Option<String>,
) -> Result<Response, Failure> {
    let ways = factors::ways(&app.pool, step.staff_id).await?;
    let passkey = match &app.relying {
        Some(relying) if ways.passkeys > 0 => Some(relying.start_proof(&app.key, &purpose(hash))?),
        _ => None,
    };
    html(&SecondPage { v: view, ways: &ways, passkey, error })
}

fn over() -> Response {
    Redirect::to("/sign-in?ended=1").into_response()
}

/// The form.
pub async fn form(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
) -> Result<Response, Failure> {
    match step(&app, &headers).await? {
        Some((step, hash)) => show(&app, &view, &step, &hash, None).await,
        None => Ok(over()),
    }
}

/// What the form sends.
#[derive(Deserialize)]
struct Submitted {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    credential: String,
}

/// Checks the second factor and begins the session.
pub async fn submit(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    view: View,
    body: Bytes,
) -> Result<Response, Failure> {
    let sent: Submitted = guard::read(&body)?;
    let Some((step, hash)) = step(&app, &headers).await? else { return Ok(over()) };
    let checked = match sent.credential.is_empty() {
        true => proof::code(&app, step.staff_id, &sent.code, true).await?,
        false => by_passkey(&app, &step, &hash, &sent).await?,
    };
    let method = if sent.credential.is_empty() { Method::Totp } else { Method::Passkey };
    let (result, status, error) = match checked {
        Checked::Right(method) => {
            if !steps::end(&app.pool, &hash).await? {
                return Ok(over());
            }
            let proved =
                Proved { staff_id: step.staff_id, login: &step.login, method, second: true };
            let cookies = entry::begin(&app, &headers, &client, &proved).await?;
            let to = if method == Method::Recovery { "/security?recovered=1" } else { &step.next };
            return Ok((cookies, Redirect::to(to)).into_response());
        }
        Checked::Wrong => ("wrong", StatusCode::UNAUTHORIZED, view.t(P::WrongCode).to_owned()),
        Checked::Throttled => {
            let text = view.t1(P::TooManyFailures, app.config.sign_in.window_minutes);
            ("throttled", StatusCode::TOO_MANY_REQUESTS, text)
        }
    };
    entry::refuse(&app, &client, &step.login, method, result).await?;
    let mut response = show(&app, &view, &step, &hash, Some(error)).await?;
    *response.status_mut() = status;
    Ok(response)
}

async fn by_passkey(
    app: &App,
    step: &Step,
    hash: &[u8],
    sent: &Submitted,
) -> Result<Checked, Failure> {
    if factors::must_wait(&app.pool, &app.config.sign_in, step.staff_id).await? {
        return Ok(Checked::Throttled);
    }
    let (purpose, only) = (purpose(hash), Some(step.staff_id));
    match proof::passkey(app, &purpose, &sent.state, &sent.credential, only).await? {
        Some(_) => Ok(Checked::Right(Method::Passkey)),
        None => {
            factors::count_failure(&app.pool, &app.config.sign_in, step.staff_id).await?;
            Ok(Checked::Wrong)
        }
    }
}
