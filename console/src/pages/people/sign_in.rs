//! Signing in and out.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::App;
use crate::client::Client;
use crate::error::{Failure, html};
use crate::guard::{self, Form};
use crate::i18n::{Lang, M};
use crate::metrics::METRICS;
use crate::session::{self, Token};
use crate::store::sessions::NewSession;
use crate::store::{failures, sessions, staff};
use crate::view::View;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    v: &'a View,
    next: &'a str,
    login: &'a str,
    note: Option<&'a str>,
    error: Option<&'a str>,
    other: Lang,
}

/// What the address may carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Arrival {
    next: Option<String>,
    ended: Option<String>,
    out: Option<String>,
    lang: Option<String>,
}

/// Only addresses of our own: a path, no host. `\` counts as `/` for browsers.
pub(super) fn own_path(next: Option<&str>) -> &str {
    match next {
        Some(path)
            if path.starts_with('/')
                && !path[1..].starts_with(['/', '\\'])
                && !path.contains(['\r', '\n', '\t']) =>
        {
            path
        }
        _ => "/",
    }
}

fn page(
    view: &View,
    next: &str,
    login: &str,
    note: Option<&str>,
    error: Option<&str>,
) -> Result<Response, Failure> {
    let other = if view.lang == Lang::Ja { Lang::En } else { Lang::Ja };
    html(&SignInPage { v: view, next, login, note, error, other })
}

/// The form.
pub async fn form(
    State(app): State<App>,
    mut view: View,
    Query(arrival): Query<Arrival>,
) -> Result<Response, Failure> {
    let next = own_path(arrival.next.as_deref());
    if view.person.is_some() {
        return Ok(Redirect::to(next).into_response());
    }
    let asked = arrival.lang.as_deref().and_then(Lang::parse);
    view.lang = asked.unwrap_or(view.lang);
    let note = match (&arrival.ended, &arrival.out) {
        (_, Some(_)) => Some(view.t(M::SignedOut)),
        (Some(_), None) if next != "/" => Some(view.t(M::SessionEnded)),
        _ => None,
    };
    let mut response = page(&view, next, "", note, None)?;
    if let Some(lang) = asked {
        response.headers_mut().append(header::SET_COOKIE, session::language_cookie(&app, lang));
    }
    Ok(response)
}

/// What the form sends.
#[derive(Deserialize)]
struct Submitted {
    login: String,
    password: String,
    #[serde(default)]
    next: String,
}

enum Outcome {
    In(i32),
    Wrong,
    Throttled,
    Busy,
}

async fn attempt(
    app: &App,
    network: &str,
    login: &str,
    password: String,
) -> Result<Outcome, Failure> {
    let limits = &app.config.sign_in;
    if failures::must_wait(&app.pool, limits, network, login).await? {
        return Ok(Outcome::Throttled);
    }
    let found = staff::credentials(&app.pool, login).await?;
    // Suspended, invited and unknown logins cost the same work and get the same answer.
    let usable = found.as_ref().filter(|person| person.active);
    let phc = usable.and_then(|person| person.password_hash.clone());
    let Ok(right) = app.checker.check(password, phc).await else { return Ok(Outcome::Busy) };
    match (right, usable) {
        (true, Some(person)) => {
            failures::forget(&app.pool, network, login).await?;
            Ok(Outcome::In(person.staff_id))
        }
        _ => {
            failures::count(&app.pool, limits, network, login).await?;
            Ok(Outcome::Wrong)
        }
    }
}

/// The login as stored. What can be no login is counted under one name, so that nobody can
/// fill the table with inventions.
fn normalised(login: &str) -> String {
    let login = login.trim().to_lowercase();
    let possible = !login.is_empty()
        && login.len() <= 64
        && login.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@-".contains(&b));
    if possible { login } else { "?".into() }
}

/// Checks the password and begins a session.
pub async fn submit(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    view: View,
    body: Bytes,
) -> Result<Response, Failure> {
    let sent: Submitted = guard::read(&body)?;
    let next = own_path(Some(&sent.next)).to_owned();
    let login = normalised(&sent.login);
    let address = client.address;
    let outcome = attempt(&app, &failures::network(address), &login, sent.password).await?;
    let minutes = app.config.sign_in.window_minutes.to_string();
    let (result, status, error) = match outcome {
        Outcome::In(staff_id) => {
            METRICS.sign_ins.with_label_values(&["ok"]).inc();
            tracing::info!(event = "console.signed_in", login, address = %address, "signed in");
            return begin(&app, &headers, &client, staff_id, &next).await;
        }
        Outcome::Wrong => ("wrong", StatusCode::UNAUTHORIZED, view.t(M::WrongPassword).to_owned()),
        Outcome::Throttled => {
            ("throttled", StatusCode::TOO_MANY_REQUESTS, view.tf(M::TooManyFailures, &[&minutes]))
        }
        Outcome::Busy => {
            ("busy", StatusCode::SERVICE_UNAVAILABLE, view.t(M::SignInBusy).to_owned())
        }
    };
    METRICS.sign_ins.with_label_values(&[result]).inc();
    tracing::warn!(event = "console.sign_in_refused", login, address = %address, result, "refused");
    let mut response = page(&view, &next, sent.login.trim(), None, Some(&error))?;
    *response.status_mut() = status;
    Ok(response)
}

/// A fresh session whatever the browser had before: an identifier planted before sign-in
/// is worth nothing after it.
async fn begin(
    app: &App,
    headers: &HeaderMap,
    client: &Client,
    staff_id: i32,
    next: &str,
) -> Result<Response, Failure> {
    if let Some(old) = Token::of(app, headers) {
        sessions::end(&app.pool, &old.hash()).await?;
    }
    let token = Token::fresh();
    let new = NewSession {
        token_hash: &token.hash(),
        staff_id,
        method: "password",
        second: false,
        absolute_hours: app.config.session.absolute_hours,
        address: &client.address.to_string(),
        agent: &client.agent,
    };
    sessions::begin(&app.pool, &new).await?;
    let cookie = AppendHeaders([(header::SET_COOKIE, token.set_cookie(app))]);
    Ok((cookie, Redirect::to(next)).into_response())
}

/// Nothing but the form's token.
#[derive(Deserialize)]
pub struct Leave {}

/// Ends the session.
pub async fn leave(
    State(app): State<App>,
    headers: HeaderMap,
    Form(Leave {}): Form<Leave>,
) -> Result<Response, Failure> {
    if let Some(token) = Token::of(&app, &headers) {
        sessions::end(&app.pool, &token.hash()).await?;
    }
    let cookie = AppendHeaders([(header::SET_COOKIE, session::clear_cookie(&app))]);
    Ok((cookie, Redirect::to("/sign-in?out=1")).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_leads_to_our_own_pages_only() {
        for (next, want) in [
            ("/orders?side=buy", "/orders?side=buy"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_path(Some(next)), want, "{next:?}");
        }
        assert_eq!(own_path(None), "/");
    }

    #[test]
    fn impossible_logins_share_one_name() {
        assert_eq!(normalised(" Aki.Tanaka "), "aki.tanaka");
        assert_eq!(normalised("x'; DROP TABLE"), "?");
        assert_eq!(normalised(&"x".repeat(65)), "?");
        assert_eq!(normalised(""), "?");
    }
}
