//! Signing in and out.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::entry::{self, Proved};
use crate::app::App;
use crate::audit::{self, Entry, Kind, Object};
use crate::client::Client;
use crate::error::{Failure, html};
use crate::guard::{self, Form};
use crate::i18n::{Lang, M, P};
use crate::people::passkey::Started;
use crate::people::proof::{self, Method};
use crate::session::{self, Token};
use crate::store::staff::Credentials;
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
    passkey: Option<Started>,
    /// What the identity provider is called, where there is one.
    provider: Option<&'a str>,
    /// Whether there is a form for passwords, and whether it is for the few.
    passwords: bool,
    few: bool,
}

#[derive(Template)]
#[template(path = "people/signed_out.html")]
struct SignedOutPage<'a> {
    v: &'a View,
    name: &'a str,
    /// Where one signs out of the identity provider, too.
    end: Option<String>,
}

/// What a passkey at the sign-in page is asked for.
const PASSKEY: &str = "sign in with a passkey";

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
                && !path.contains(char::is_control) =>
        {
            path
        }
        _ => "/",
    }
}

fn page(
    app: &App,
    view: &View,
    next: &str,
    login: &str,
    note: Option<&str>,
    error: Option<&str>,
) -> Result<Response, Failure> {
    let other = if view.lang == Lang::Ja { Lang::En } else { Lang::Ja };
    let few = app.config.oidc.required;
    let passwords = !few || !app.config.oidc.break_glass.is_empty();
    let passkey = match &app.relying {
        Some(relying) if passwords => Some(relying.start_proof(&app.key, PASSKEY)?),
        _ => None,
    };
    let provider = app.provider.as_ref().map(|provider| provider.name());
    html(&SignInPage {
        v: view,
        next,
        login,
        note,
        error,
        other,
        passkey,
        provider,
        passwords,
        few,
    })
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
    let there = arrival.out.as_deref() == Some("provider");
    let mut response = match (&app.provider, there) {
        (Some(provider), true) => {
            let (name, end) = (provider.name(), provider.sign_out_address().await);
            html(&SignedOutPage { v: &view, name, end })?
        }
        _ => page(&app, &view, next, "", note, None)?,
    };
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
    Right(Credentials),
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
    let pause = failures::pause(failures::of_login(&app.pool, limits, login).await?);
    tokio::time::sleep(pause).await;
    let found = staff::credentials(&app.pool, login).await?;
    // Suspended, invited and unknown logins, and those who have to sign in at the identity
    // provider, cost the same work and get the same answer.
    let usable = found.filter(|person| person.active && app.config.own_ways(&person.login));
    let phc = usable.as_ref().and_then(|person| person.password_hash.clone());
    let Ok(right) = app.checker.check(password, phc).await else { return Ok(Outcome::Busy) };
    match (right, usable) {
        (true, Some(person)) => {
            failures::forget(&app.pool, network, login).await?;
            Ok(Outcome::Right(person))
        }
        _ => {
            failures::count(&app.pool, limits, network, login).await?;
            Ok(Outcome::Wrong)
        }
    }
}

/// The login as stored. What can be no login is counted under one name, so that nobody can
/// fill the table with inventions.
pub(super) fn normalised(login: &str) -> String {
    let login = login.trim().to_lowercase();
    let possible = !login.is_empty()
        && login.len() <= 64
        && login.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@-".contains(&b));
    if possible { login } else { "?".into() }
}

/// Checks the password; then comes the second factor, or the session.
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
    let network = failures::network(client.address);
    let minutes = app.config.sign_in.window_minutes;
    let (result, status, error) = match attempt(&app, &network, &login, sent.password).await? {
        Outcome::Right(person) => {
            let proved = Proved {
                staff_id: person.staff_id,
                login: &person.login,
                method: Method::Password,
                second: false,
            };
            return entry::first_factor(&app, &headers, &client, &proved, &next).await;
        }
        Outcome::Wrong => ("wrong", StatusCode::UNAUTHORIZED, view.t(M::WrongPassword).to_owned()),
        Outcome::Throttled => {
            ("throttled", StatusCode::TOO_MANY_REQUESTS, view.t1(M::TooManyFailures, minutes))
        }
        Outcome::Busy => {
            ("busy", StatusCode::SERVICE_UNAVAILABLE, view.t(M::SignInBusy).to_owned())
        }
    };
    entry::refuse(&app, &client, &login, Method::Password, result).await?;
    let mut response = page(&app, &view, &next, sent.login.trim(), None, Some(&error))?;
    *response.status_mut() = status;
    Ok(response)
}

/// What a passkey's form sends.
#[derive(Deserialize)]
struct WithPasskey {
    state: String,
    credential: String,
    #[serde(default)]
    next: String,
}

/// Signs in with a passkey alone: it is a possession, unlocked by its owner.
pub async fn with_passkey(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    view: View,
    body: Bytes,
) -> Result<Response, Failure> {
    let sent: WithPasskey = guard::read(&body)?;
    let next = own_path(Some(&sent.next)).to_owned();
    let network = failures::network(client.address);
    let limits = &app.config.sign_in;
    let (result, status, error) = if failures::must_wait(&app.pool, limits, &network, "?").await? {
        let text = view.t1(M::TooManyFailures, limits.window_minutes);
        ("throttled", StatusCode::TOO_MANY_REQUESTS, text)
    } else {
        match proof::passkey(&app, PASSKEY, &sent.state, &sent.credential, None).await? {
            Some(kept) if app.config.own_ways(&kept.login) => {
                let proved = Proved {
                    staff_id: kept.staff_id,
                    login: &kept.login,
                    method: Method::Passkey,
                    second: true,
                };
                let cookies = entry::begin(&app, &headers, &client, &proved).await?;
                return Ok((cookies, Redirect::to(&next)).into_response());
            }
            _ => {
                failures::count(&app.pool, limits, &network, "?").await?;
                ("wrong", StatusCode::UNAUTHORIZED, view.t(P::PasskeyRefused).to_owned())
            }
        }
    };
    entry::refuse(&app, &client, "?", Method::Passkey, result).await?;
    let mut response = page(&app, &view, &next, "", None, Some(&error))?;
    *response.status_mut() = status;
    Ok(response)
}

/// Nothing but the form's token.
#[derive(Deserialize)]
pub struct Leave {}

/// Ends the session.
pub async fn leave(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
    Form(Leave {}): Form<Leave>,
) -> Result<Response, Failure> {
    let method = match Token::of(&app, &headers) {
        Some(token) => sessions::end(&app.pool, &token.hash()).await?,
        None => None,
    };
    let login = view.person.as_ref().map(|person| person.login.clone()).unwrap_or_default();
    let object = Object::Staff(login);
    let detail = serde_json::json!({});
    audit::record(&app, &view, Entry { kind: Kind::SignOut, object, detail, request: None })
        .await?;
    let cookie =
        AppendHeaders([(header::SET_COOKIE, session::clear_cookie(&app, session::SESSION_COOKIE))]);
    // Who came from the provider is still signed in there.
    let there = method.as_deref() == Some(Method::Provider.as_str());
    let to = if there { "/sign-in?out=provider" } else { "/sign-in?out=1" };
    Ok((cookie, Redirect::to(to)).into_response())
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
            ("/orders\0", "/"),
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
