//! What stands before every handler: the reader, the route's need, the form token, and the
//! error pages. Handlers get an `Extension<View>` that has already met the route's need.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::app::App;
use crate::authz::{Need, meets};
use crate::client::Client;
use crate::error::{Failure, Sent};
use crate::metrics::METRICS;
use crate::often::Cost;
use crate::pages::people::confirm;
use crate::session::{self, Token};
use crate::view::View;

impl<S: Sync> FromRequestParts<S> for View {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &S,
    ) -> Result<View, Failure> {
        parts
            .extensions
            .get::<View>()
            .cloned()
            .ok_or_else(|| Failure::Internal("a route without guard".into()))
    }
}

/// Whether a request is a live stream's or a page's own in the background: it says so, and does
/// not count as a page view.
fn is_stream(headers: &HeaderMap) -> bool {
    headers.contains_key("x-background") || is_events(headers)
}

/// Addresses for machines on the same host or network; not for who comes by a reverse proxy.
const MONITORING: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Whether a reverse proxy passed a request on.
fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// Whether a request is a live stream's.
fn is_events(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accept.is_some_and(|v| v.contains("text/event-stream"))
}

/// What stands before a handler.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What the reader needs.
    pub need: Need,
    /// What it costs them.
    pub cost: Cost,
}

/// Applies a route's need. Strangers are sent to the sign-in page, which brings them back;
/// scripts of strangers get 401, and so do forms, with a page that leads back to them. Who has to prove anew who they are is sent to the
/// page that asks for it; it brings them back, or shows the form they sent once more.
pub async fn guard(
    State((app, rule)): State<(App, Rule)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Rule { need, cost } = rule;
    // What is for machines stays inside: a reverse proxy says that it is one.
    if MONITORING.contains(&request.uri().path()) && is_forwarded(request.headers()) {
        return Failure::NotFound.into_response();
    }
    let stream = is_stream(request.headers());
    if need == Need::Nothing && request.uri().path().starts_with("/static/") {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let mut view = match session::view(&app, request.headers(), &path, !stream).await {
        Ok(view) => view,
        // The doors stay reachable without the database, and say what is wrong.
        Err(failure) => match need {
            Need::Nothing => {
                View::stranger(&app.config, session::remembered_language(request.headers()), &path)
            }
            _ => return failure.into_response(),
        },
    };
    if !meets(&view, need) {
        if let Some(person) = &view.person {
            tracing::warn!(event = "console.refused", login = %person.login,
                method = %request.method(), path = %request.uri().path(), need = ?need, why = "role",
                "a person's roles do not include it");
            return Failure::Forbidden.into_response();
        }
        if from_own_page(request.headers()) && !stream && request.method() == Method::POST {
            return signed_out(&app, request).await;
        }
        return to_sign_in(request.method(), request.uri(), request.headers(), stream);
    }
    if let Some(client) = Client::of(&app.config.http, request.extensions(), request.headers()) {
        view.address = client.address.to_string();
    }
    if let Err(failure) = admit(&app, &view, cost) {
        return failure.into_response();
    }
    if need != Need::Nothing && must_enrol(&app, &view) {
        return to_enrolment(request.headers());
    }
    if must_confirm(need, &view) {
        return confirm::ask(&app, &view, request).await;
    }
    view.waiting = waiting(&app, &view, is_events(request.headers())).await;
    request.extensions_mut().insert(view);
    next.run(request).await
}

/// Counts what a person asks for, and refuses what is too much.
fn admit(app: &App, view: &View, cost: Cost) -> Result<(), Failure> {
    let Some(person) = &view.person else { return Ok(()) };
    let Err(wait) = app.often.admit(person.staff_id, cost, Instant::now()) else { return Ok(()) };
    METRICS.too_often.with_label_values(&[cost.as_str()]).inc();
    tracing::warn!(event = "console.too_often", login = %person.login, what = cost.as_str(),
        path = %view.path, "a person asks too often");
    // Whole seconds, so that who waits them out is let through.
    Err(Failure::TooOften(cost, wait.as_secs() + 1))
}

/// Whether the need asks for a recent proof of identity that the session has not.
fn must_confirm(need: Need, view: &View) -> bool {
    matches!(need, Need::Recent(_) | Need::RecentSignIn)
        && view.person.as_ref().is_some_and(|person| !person.recent)
}

/// What the header's badge says. A page does not fail for it.
async fn waiting(app: &App, view: &View, events: bool) -> i64 {
    match crate::requests::reader(view) {
        Some(reader) if !events => {
            crate::store::requests::waiting_for(&app.pool, &reader).await.unwrap_or(0)
        }
        _ => 0,
    }
}

/// Where a person without a second factor may go while one is required: to set one up, and out.
const BEFORE_ENROLMENT: [&str; 4] = ["/security", "/confirm", "/sign-out", "/licences"];

/// Whether the reader has to set up a second factor before anything else.
fn must_enrol(app: &App, view: &View) -> bool {
    app.config.sign_in.second_factor == "required"
        && view.person.as_ref().is_some_and(|person| !person.second)
        && !BEFORE_ENROLMENT.iter().any(|path| view.path.starts_with(path))
}

fn to_enrolment(headers: &HeaderMap) -> Response {
    if headers.contains_key("hx-request") {
        let to = HeaderValue::from_static("/security");
        return (StatusCode::FORBIDDEN, [("hx-redirect", to)]).into_response();
    }
    Redirect::to("/security").into_response()
}

/// Whether a browser sends a whole form from a page of this console. Others' pages must not
/// choose what the answer shows.
fn from_own_page(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
        && !headers.contains_key("hx-request")
}

/// Tells who sent a form after their session's end that nothing was done, and leads back to
/// it: to the page with the same fields, or the one of the object it was about. A reason stays
/// out of the address.
async fn signed_out(app: &App, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let pairs = match Bytes::from_request(request, app).await {
        Ok(body) => read::<Vec<(String, String)>>(&body).unwrap_or_default(),
        Err(refused) => return Failure::BadRequest(refused.body_text()).into_response(),
    };
    let reason = pairs.iter().find(|(name, _)| name == "reason");
    let reason = reason.map(|(_, reason)| reason.chars().take(255).collect());
    let next = match path.as_str() {
        "/requests" | "/requests/now" => {
            let own = ["csrf", "form", "seen", "word", "reason"];
            let fields = pairs.iter().filter(|(name, _)| !own.contains(&name.as_str()));
            let fields: Vec<String> = fields
                .map(|(name, value)| format!("{}={}", form_encode(name), form_encode(value)))
                .collect();
            format!("/requests/new?{}&show=1", fields.join("&"))
        }
        _ => match path.strip_prefix("/requests/").and_then(|rest| rest.split_once('/')) {
            Some((request, _)) => format!("/requests/{request}"),
            None => "/".to_owned(),
        },
    };
    Failure::SignedOut(Sent { next, reason: reason.unwrap_or_default() }).into_response()
}

fn to_sign_in(method: &Method, uri: &Uri, headers: &HeaderMap, stream: bool) -> Response {
    let back = uri.path_and_query().map_or("/", |p| p.as_str());
    let back: String = form_encode(back);
    let target = format!("/sign-in?ended=1&next={back}");
    // The page in the background stays: what someone is typing there must not be lost.
    if headers.contains_key("hx-request") && !stream {
        let mut response = StatusCode::UNAUTHORIZED.into_response();
        if let Ok(value) = HeaderValue::from_str(&target) {
            response.headers_mut().insert("hx-redirect", value);
        }
        return response;
    }
    if method == Method::GET && !stream {
        return Redirect::to(&target).into_response();
    }
    StatusCode::UNAUTHORIZED.into_response()
}

/// Percent-encodes a query value.
pub fn form_encode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(b).to_string()
            }
            _ => format!("%{b:02X}"),
        })
        .collect()
}

/// Turns failures into pages, after everything else.
pub async fn pages_for_failures(State(app): State<App>, request: Request, next: Next) -> Response {
    let (headers, path) = (request.headers().clone(), request.uri().path().to_owned());
    let request_id =
        headers.get("x-request-id").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let response = next.run(request).await;
    let failure = match response.extensions().get::<Failure>() {
        Some(failure) => failure.clone(),
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => return response,
        None => return response,
    };
    // Best effort: without the database the page is in the remembered language.
    let view = match &failure {
        Failure::Database(_) => None,
        _ => session::view(&app, &headers, &path, false).await.ok(),
    };
    let view = view.unwrap_or_else(|| {
        View::stranger(&app.config, session::remembered_language(&headers), &path)
    });
    failure.page(view, &request_id, app.config.database.query_seconds)
}

/// A form of a signed-in person: refused without the session's token.
pub struct Form<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request<Body>, app: &App) -> Result<Form<T>, Failure> {
        let token = Token::of(app, request.headers()).ok_or(Failure::CrossSite)?;
        let body = Bytes::from_request(request, app)
            .await
            .map_err(|e| Failure::BadRequest(e.body_text()))?;
        check_csrf(&token, &body)?;
        Ok(Form(read(&body)?))
    }
}

/// Refuses a form without the token of this session.
///
/// # Errors
/// `CrossSite` when it has none or another's, `BadRequest` when it is no form.
pub fn check_csrf(token: &Token, body: &[u8]) -> Result<(), Failure> {
    #[derive(serde::Deserialize)]
    struct Csrf {
        #[serde(default)]
        csrf: String,
    }
    let sent: Csrf = read(body)?;
    if token.matches_csrf(&sent.csrf) { Ok(()) } else { Err(Failure::CrossSite) }
}

/// Reads a URL-encoded form or query.
///
/// # Errors
/// When a field is missing or malformed: which.
pub fn read<T: DeserializeOwned>(encoded: &[u8]) -> Result<T, Failure> {
    serde_html_form::from_bytes(encoded).map_err(|e| Failure::BadRequest(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::form_encode;

    #[test]
    fn addresses_survive_a_query() {
        assert_eq!(form_encode("/orders?side=buy&x=a b"), "%2Forders%3Fside%3Dbuy%26x%3Da%20b");
    }
}
