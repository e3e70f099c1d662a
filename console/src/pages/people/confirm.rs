//! Proving anew who one is, before something dangerous. A form that was sent too late is
//! kept: after the proof it is shown once more and sent by its own button.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{FromRequest, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use super::provider;
use super::sign_in::own_path;
use crate::app::App;
use crate::audit::{self, Entry, Kind, Object};
use crate::client::Client;
use crate::error::{Failure, html};
use crate::guard::{Form, check_csrf, form_encode, read};
use crate::i18n::{M, P};
use crate::people::passkey::Started;
use crate::people::proof::{self, Checked, Method};
use crate::session::Token;
use crate::store::factors::{self, Ways};
use crate::store::{failures, identities, sessions, staff};
use crate::view::View;

/// Most fields of a form that is kept.
const MOST_FIELDS: usize = 500;

#[derive(Template)]
#[template(path = "people/confirm.html")]
struct ConfirmPage<'a> {
    v: &'a View,
    /// Where to go on; with `kept`, where the form goes.
    next: &'a str,
    /// The form that was sent too late, URL-encoded without its token.
    kept: &'a str,
    error: Option<String>,
    ways: Ways,
    passkey: Option<Started>,
    /// Whether the password counts, where there is no second factor.
    password: bool,
    /// What the identity provider is called, where the person is linked.
    provider: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "people/confirmed.html")]
struct ConfirmedPage<'a> {
    v: &'a View,
    next: &'a str,
    fields: &'a [(String, String)],
}

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Arrival {
    next: Option<String>,
    kept: Option<String>,
}

/// Answers a request that needs a recent proof: leads a reader to the page that asks for it,
/// shows that page to who sent a form.
pub async fn ask(app: &App, view: &View, request: Request) -> Response {
    let headers = request.headers().clone();
    let here = request.uri().path_and_query().map_or("/", |p| p.as_str()).to_owned();
    if headers.contains_key("hx-request") {
        return htmx(&headers);
    }
    if request.method() == axum::http::Method::GET {
        return Redirect::to(&format!("/confirm?next={}", form_encode(&here))).into_response();
    }
    match keep(app, view, &here, request).await {
        Ok(response) => response,
        Err(failure) => failure.into_response(),
    }
}

/// A fragment cannot ask: the whole page goes to the question and comes back.
fn htmx(headers: &HeaderMap) -> Response {
    let page = headers.get("hx-current-url").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let path = page.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    let target = format!("/confirm?next={}", form_encode(own_path(path)));
    let mut response = StatusCode::FORBIDDEN.into_response();
    if let Ok(value) = HeaderValue::from_str(&target) {
        response.headers_mut().insert("hx-redirect", value);
    }
    response
}

async fn keep(app: &App, view: &View, here: &str, request: Request) -> Result<Response, Failure> {
    let token = Token::of(app, request.headers()).ok_or(Failure::CrossSite)?;
    let body =
        Bytes::from_request(request, app).await.map_err(|e| Failure::BadRequest(e.body_text()))?;
    check_csrf(&token, &body)?;
    let kept = encoded(&fields(&body)?);
    let mut response = show(app, view, here, &kept, None).await?;
    // Nothing was done yet.
    *response.status_mut() = StatusCode::FORBIDDEN;
    Ok(response)
}

/// The fields of a form, its token left out.
fn fields(body: &[u8]) -> Result<Vec<(String, String)>, Failure> {
    let all: Vec<(String, String)> = read(body)?;
    if all.len() > MOST_FIELDS {
        return Err(Failure::BadRequest(format!("more than {MOST_FIELDS} fields")));
    }
    Ok(all.into_iter().filter(|(name, _)| name != "csrf").collect())
}

fn encoded(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", form_encode(name), form_encode(value)))
        .collect();
    pairs.join("&")
}

/// What a passkey at this page is asked for: good for this session only.
fn purpose(view: &View) -> String {
    let session = view.person.as_ref().map(|person| person.session_id).unwrap_or_default();
    format!("confirm session {session}")
}

async fn show(
    app: &App,
    view: &View,
    next: &str,
    kept: &str,
    error: Option<String>,
) -> Result<Response, Failure> {
    let person = view.person.as_ref().ok_or(Failure::Forbidden)?;
    let ways = factors::ways(&app.pool, person.staff_id).await?;
    let passkey = match &app.relying {
        Some(relying) if ways.passkeys > 0 => Some(relying.start_proof(&app.key, &purpose(view))?),
        _ => None,
    };
    let linked = match &app.provider {
        Some(provider) => {
            identities::of_person(&app.pool, person.staff_id, provider.issuer()).await?.is_some()
        }
        None => false,
    };
    let provider = app.provider.as_ref().filter(|_| linked).map(|provider| provider.name());
    let password = !ways.second() && ways.password && app.config.own_ways(&person.login);
    html(&ConfirmPage { v: view, next, kept, error, ways, passkey, password, provider })
}

/// Asks for the proof.
pub async fn page(
    State(app): State<App>,
    view: View,
    Query(arrival): Query<Arrival>,
) -> Result<Response, Failure> {
    let session_id = view.person.as_ref().map(|person| person.session_id).unwrap_or_default();
    // Who comes back from the provider without a proof finds the form again.
    let kept = match arrival.kept {
        Some(_) => provider::kept(&app, session_id).await?,
        None => String::new(),
    };
    show(&app, &view, own_path(arrival.next.as_deref()), &kept, None).await
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Submitted {
    #[serde(default)]
    next: String,
    #[serde(default)]
    kept: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    credential: String,
}

/// Checks the proof; the session goes on with a new secret.
pub async fn submit(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    mut view: View,
    Form(sent): Form<Submitted>,
) -> Result<Response, Failure> {
    let next = own_path(Some(&sent.next)).to_owned();
    let person = view.person.clone().ok_or(Failure::Forbidden)?;
    let checked = check(&app, &client, &view, &sent).await?;
    let Outcome::Right(method) = checked else {
        let (result, status, error) = match checked {
            Outcome::Throttled => {
                let text = view.t1(P::TooManyFailures, app.config.sign_in.window_minutes);
                ("throttled", StatusCode::TOO_MANY_REQUESTS, text)
            }
            Outcome::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, view.t(P::Busy).into()),
            _ => ("wrong", StatusCode::UNAUTHORIZED, view.t(P::WrongProof).into()),
        };
        note(&app, &view, &person.login, json!({"result": result})).await?;
        let mut response = show(&app, &view, &next, &sent.kept, Some(error)).await?;
        *response.status_mut() = status;
        return Ok(response);
    };
    note(&app, &view, &person.login, json!({"result": "ok", "method": method.as_str()})).await?;
    let old = Token::of(&app, &headers).ok_or(Failure::CrossSite)?;
    let token = Token::fresh();
    sessions::strengthen(&app.pool, &old.hash(), &token.hash(), method != Method::Password).await?;
    let cookie = AppendHeaders([(header::SET_COOKIE, token.set_cookie(&app))]);
    if sent.kept.is_empty() {
        return Ok((cookie, Redirect::to(&next)).into_response());
    }
    view.csrf = token.csrf();
    Ok((cookie, confirmed_page(&view, &next, &sent.kept)?).into_response())
}

/// The kept form once more, to be sent by its own button.
pub(super) fn confirmed_page(view: &View, next: &str, kept: &str) -> Result<Response, Failure> {
    html(&ConfirmedPage { v: view, next, fields: &fields(kept.as_bytes())? })
}

async fn note(
    app: &App,
    view: &View,
    login: &str,
    detail: serde_json::Value,
) -> Result<(), Failure> {
    let object = Object::Staff(login.to_owned());
    audit::record(app, view, Entry { kind: Kind::Confirm, object, detail, request: None }).await
}

enum Outcome {
    Right(Method),
    Wrong,
    Throttled,
    Busy,
}

/// Checks the proof: the second factor of who has one, the password of who has not.
async fn check(
    app: &App,
    client: &Client,
    view: &View,
    sent: &Submitted,
) -> Result<Outcome, Failure> {
    let person = view.person.as_ref().ok_or(Failure::Forbidden)?;
    let ways = factors::ways(&app.pool, person.staff_id).await?;
    if !ways.second() {
        return match app.config.own_ways(&person.login) {
            true => password(app, client, &person.login, sent.password.clone()).await,
            false => Ok(Outcome::Wrong),
        };
    }
    if sent.credential.is_empty() {
        return Ok(match proof::code(app, person.staff_id, &sent.code, false).await? {
            Checked::Right(method) => Outcome::Right(method),
            Checked::Wrong => Outcome::Wrong,
            Checked::Throttled => Outcome::Throttled,
        });
    }
    let limits = &app.config.sign_in;
    if factors::must_wait(&app.pool, limits, person.staff_id).await? {
        return Ok(Outcome::Throttled);
    }
    let (purpose, only) = (purpose(view), Some(person.staff_id));
    match proof::passkey(app, &purpose, &sent.state, &sent.credential, only).await? {
        Some(_) => Ok(Outcome::Right(Method::Passkey)),
        None => {
            factors::count_failure(&app.pool, limits, person.staff_id).await?;
            Ok(Outcome::Wrong)
        }
    }
}

async fn password(
    app: &App,
    client: &Client,
    login: &str,
    password: String,
) -> Result<Outcome, Failure> {
    let limits = &app.config.sign_in;
    let network = failures::network(client.address);
    if failures::must_wait(&app.pool, limits, &network, login).await? {
        return Ok(Outcome::Throttled);
    }
    let found = staff::credentials(&app.pool, login).await?;
    let phc = found.and_then(|found| found.password_hash);
    match app.checker.check(password, phc).await {
        Ok(true) => {
            failures::forget(&app.pool, &network, login).await?;
            Ok(Outcome::Right(Method::Password))
        }
        Ok(false) => {
            failures::count(&app.pool, limits, &network, login).await?;
            Ok(Outcome::Wrong)
        }
        Err(_) => Ok(Outcome::Busy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_form_is_the_sent_one_without_its_token() {
        let sent = "csrf=abc&reason=a%26b%3D%E5%A3%B2&reason=two&empty=";
        let kept = fields(sent.as_bytes()).unwrap();
        let again = fields(encoded(&kept).as_bytes()).unwrap();
        assert_eq!(kept, again);
        let want = [("reason", "a&b=売"), ("reason", "two"), ("empty", "")];
        assert_eq!(kept, want.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }
}
