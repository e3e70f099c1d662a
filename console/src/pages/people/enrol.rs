//! Setting up and removing one's own second factors, and recovery codes.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use super::security::{Nothing, note, person, renew};
use crate::app::App;
use crate::audit::Kind;
use crate::error::{Failure, html};
use crate::guard::Form;
use crate::i18n::{M, P};
use crate::people::passkey::Started;
use crate::people::proof::{recovery_mark, totp_name};
use crate::people::totp::{self, Shared};
use crate::people::{codes, passkey};
use crate::store::factors;
use crate::view::View;

/// How many recovery codes a person gets.
const RECOVERY_CODES: usize = 10;
/// Most passkeys of a person.
const MOST_PASSKEYS: i64 = 20;
/// Seconds a shown secret may be taken into use.
const SECONDS: i64 = 900;

#[derive(Template)]
#[template(path = "people/totp.html")]
struct TotpPage<'a> {
    v: &'a View,
    secret: String,
    sealed: String,
    path: String,
    width: usize,
    error: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "people/passkey.html")]
struct PasskeyPage<'a> {
    v: &'a View,
    started: Started,
    error: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "people/codes.html")]
struct CodesPage<'a> {
    v: &'a View,
    codes: Vec<String>,
}

/// What a shown secret is sealed for: this session only.
fn purpose(view: &View, what: &str) -> Result<String, Failure> {
    Ok(format!("{what} for session {}", person(view)?.session_id))
}

fn totp_page(
    app: &App,
    view: &View,
    shared: &Shared,
    error: Option<&str>,
) -> Result<Response, Failure> {
    let until = crate::clock::now().as_second() + SECONDS;
    let sealed = app.key.seal_text(&purpose(view, "new totp")?, shared.bytes(), until);
    let address = shared.address(view.t(P::Issuer), &person(view)?.login);
    let (path, width) = totp::picture(&address)
        .ok_or_else(|| Failure::Internal("a secret does not fit into a QR code".into()))?;
    html(&TotpPage { v: view, secret: shared.text(), sealed, path, width, error })
}

/// Shows a fresh secret.
pub async fn totp_form(State(app): State<App>, view: View) -> Result<Response, Failure> {
    totp_page(&app, &view, &Shared::fresh(), None)
}

/// A code that shows that the secret arrived.
#[derive(Deserialize)]
pub struct NewTotp {
    sealed: String,
    code: String,
}

/// Takes the secret into use when its code is right.
pub async fn totp_save(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
    Form(sent): Form<NewTotp>,
) -> Result<Response, Failure> {
    let staff_id = person(&view)?.staff_id;
    let now = crate::clock::now().as_second();
    let opened = app.key.open_text(&purpose(&view, "new totp")?, &sent.sealed, now);
    let Some(shared) = opened.and_then(|bytes| Shared::of(&bytes)) else {
        return Ok(Redirect::to("/security/totp").into_response());
    };
    let Some(step) = shared.step_of(&sent.code, now.unsigned_abs()) else {
        let mut response = totp_page(&app, &view, &shared, Some(view.t(P::WrongCode)))?;
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    };
    let sealed = app.key.seal(&totp_name(staff_id), shared.bytes());
    factors::save_totp(&app.pool, staff_id, &sealed, step).await?;
    added(&app, &headers, view, json!({"change": "totp_added"})).await
}

/// After a factor was added: the trail, a new secret of this session, the end of all others;
/// and recovery codes for who has none.
async fn added(
    app: &App,
    headers: &HeaderMap,
    mut view: View,
    detail: serde_json::Value,
) -> Result<Response, Failure> {
    note(app, &view, Kind::Credential, detail).await?;
    let cookie = renew(app, headers, &mut view, true).await?;
    let staff_id = person(&view)?.staff_id;
    if factors::ways(&app.pool, staff_id).await?.recovery > 0 {
        return Ok((cookie, Redirect::to("/security?done=1")).into_response());
    }
    Ok((cookie, fresh_codes(app, &view).await?).into_response())
}

/// Replaces the recovery codes and shows the new ones, this once.
async fn fresh_codes(app: &App, view: &View) -> Result<Response, Failure> {
    let staff_id = person(view)?.staff_id;
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| codes::fresh()).collect();
    let hashes: Vec<Vec<u8>> = codes
        .iter()
        .filter_map(|code| codes::plain(code))
        .map(|plain| recovery_mark(app, staff_id, &plain).to_vec())
        .collect();
    factors::save_recovery(&app.pool, staff_id, &hashes).await?;
    note(app, view, Kind::Credential, json!({"change": "recovery_codes_made"})).await?;
    html(&CodesPage { v: view, codes })
}

/// Makes new recovery codes; the former ones are worth nothing.
pub async fn recovery(
    State(app): State<App>,
    view: View,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    fresh_codes(&app, &view).await
}

/// Whether removing a factor leaves the person one, where one is required.
async fn may_remove(app: &App, staff_id: i32) -> Result<bool, Failure> {
    let ways = factors::ways(&app.pool, staff_id).await?;
    let left = i64::from(ways.totp) + ways.passkeys;
    Ok(app.config.sign_in.second_factor != "required" || left > 1)
}

/// Removes the time-based codes.
pub async fn totp_remove(
    State(app): State<App>,
    headers: HeaderMap,
    mut view: View,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    let staff_id = person(&view)?.staff_id;
    if !may_remove(&app, staff_id).await? {
        return Err(Failure::BadRequest(view.t(P::LastFactor).into()));
    }
    if !factors::remove_totp(&app.pool, staff_id).await? {
        return Err(Failure::NotFound);
    }
    note(&app, &view, Kind::Credential, json!({"change": "totp_removed"})).await?;
    let cookie = renew(&app, &headers, &mut view, false).await?;
    Ok((cookie, Redirect::to("/security?done=1")).into_response())
}

async fn passkey_page(app: &App, view: &View, error: Option<&str>) -> Result<Response, Failure> {
    let reader = person(view)?;
    let relying = app.relying.as_ref().ok_or(Failure::NotFound)?;
    let existing = factors::passkeys(&app.pool, reader.staff_id).await?;
    let existing = existing.into_iter().map(|passkey| passkey.credential_id).collect();
    let fresh = [crate::session::random(), crate::session::random()].concat();
    let handle = factors::handle(&app.pool, reader.staff_id, &fresh).await?;
    let handle: [u8; 64] = handle
        .try_into()
        .map_err(|_| Failure::Internal("a passkey handle has another length".into()))?;
    let (purpose, login, name) = (purpose(view, "new passkey")?, &reader.login, &reader.name);
    let started = relying.start_registration(&app.key, &purpose, login, name, handle, existing)?;
    html(&PasskeyPage { v: view, started, error })
}

/// Asks the browser to make a passkey.
pub async fn passkey_form(State(app): State<App>, view: View) -> Result<Response, Failure> {
    passkey_page(&app, &view, None).await
}

/// A new passkey.
#[derive(Deserialize)]
pub struct NewPasskey {
    name: String,
    state: String,
    credential: String,
}

/// Keeps the passkey when the browser's answer holds.
pub async fn passkey_save(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
    Form(sent): Form<NewPasskey>,
) -> Result<Response, Failure> {
    let staff_id = person(&view)?.staff_id;
    let relying = app.relying.as_ref().ok_or(Failure::NotFound)?;
    let name: String = sent.name.trim().chars().take(64).collect();
    if name.is_empty() || factors::ways(&app.pool, staff_id).await?.passkeys >= MOST_PASSKEYS {
        return Err(Failure::BadRequest("name".into()));
    }
    let purpose = purpose(&view, "new passkey")?;
    let made = relying.finish_registration(&app.key, &purpose, &sent.state, &sent.credential);
    let kept = match made {
        Ok(made) => {
            factors::answer_once(&app.pool, &passkey::ceremony(&sent.state)).await?
                && factors::add_passkey(&app.pool, staff_id, &name, &made).await?
        }
        Err(error) => {
            tracing::info!(event = "console.passkey_refused", error = %error, "not registered");
            false
        }
    };
    if !kept {
        let mut response = passkey_page(&app, &view, Some(view.t(P::PasskeyRefused))).await?;
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(response);
    }
    added(&app, &headers, view, json!({"change": "passkey_added", "name": name})).await
}

/// Removes a passkey.
pub async fn passkey_remove(
    State(app): State<App>,
    headers: HeaderMap,
    mut view: View,
    Path(passkey_id): Path<i64>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    let staff_id = person(&view)?.staff_id;
    if !may_remove(&app, staff_id).await? {
        return Err(Failure::BadRequest(view.t(P::LastFactor).into()));
    }
    let removed = factors::remove_passkey(&app.pool, staff_id, passkey_id).await?;
    let name = removed.ok_or(Failure::NotFound)?;
    let detail = json!({"change": "passkey_removed", "name": name});
    note(&app, &view, Kind::Credential, detail).await?;
    let cookie = renew(&app, &headers, &mut view, false).await?;
    Ok((cookie, Redirect::to("/security?done=1")).into_response())
}
