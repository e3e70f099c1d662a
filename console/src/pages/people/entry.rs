//! The way in, once somebody proved who they are: the session, its cookie, the trail.

use axum::http::{HeaderMap, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Entry, Kind, Object, Who};
use crate::client::Client;
use crate::error::Failure;
use crate::metrics::METRICS;
use crate::people::proof::Method;
use crate::session::{self, Token};
use crate::store::sessions::{self, NewSession};
use crate::store::{factors, steps};

/// Who proved who they are, and how.
pub struct Proved<'a> {
    /// Row.
    pub staff_id: i32,
    /// Sign-in name.
    pub login: &'a str,
    /// How.
    pub method: Method,
    /// Whether with two factors, or one worth two.
    pub second: bool,
}

/// Name of the cookie that holds a sign-in between password and second factor.
pub const STEP: &str = "step";

/// After a password: to the second factor where the person has one, else in.
///
/// # Errors
/// When the database does not answer.
pub async fn first_factor(
    app: &App,
    headers: &HeaderMap,
    client: &Client,
    proved: &Proved<'_>,
    next: &str,
) -> Result<Response, Failure> {
    if !factors::ways(&app.pool, proved.staff_id).await?.second() {
        let cookies = begin(app, headers, client, proved).await?;
        return Ok((cookies, Redirect::to(next)).into_response());
    }
    let token = Token::fresh();
    steps::begin(&app.pool, &token.hash(), proved.staff_id, next).await?;
    let cookie = AppendHeaders([(header::SET_COOKIE, token.set_short_cookie(app, STEP))]);
    Ok((cookie, Redirect::to("/sign-in/second")).into_response())
}

/// The cookies of a way in.
pub type Cookies = AppendHeaders<[(header::HeaderName, axum::http::HeaderValue); 2]>;

/// A fresh session whatever the browser had before: an identifier planted before sign-in is
/// worth nothing after it.
///
/// # Errors
/// When the database does not answer, or the trail cannot be written.
pub async fn begin(
    app: &App,
    headers: &HeaderMap,
    client: &Client,
    proved: &Proved<'_>,
) -> Result<Cookies, Failure> {
    if let Some(old) = Token::of(app, headers) {
        sessions::end(&app.pool, &old.hash()).await?;
    }
    let token = Token::fresh();
    let method = proved.method.as_str();
    let address = client.address.to_string();
    let new = NewSession {
        token_hash: &token.hash(),
        staff_id: proved.staff_id,
        method,
        second: proved.second,
        absolute_hours: app.config.session.absolute_hours,
        address: &address,
        agent: &client.agent,
    };
    let session_id = sessions::begin(&app.pool, &new).await?;
    let who = Who {
        staff_id: Some(proved.staff_id),
        login: proved.login.to_owned(),
        session_id: Some(session_id),
        address,
    };
    let mut detail = json!({"method": method, "agent": client.agent});
    if app.config.oidc.required && proved.method != Method::Provider {
        detail["break_glass"] = json!(true);
        tracing::warn!(event = "console.break_glass", login = proved.login, method,
            network.peer = %client.address, "signed in past the identity provider");
    }
    let object = Object::Staff(proved.login.to_owned());
    let entry = Entry { kind: Kind::SignIn, object, detail, request: None };
    if let Err(failure) = audit::record_as(app, who, entry).await {
        // Nobody is in whose way in is not on the trail.
        sessions::end(&app.pool, &token.hash()).await?;
        return Err(failure);
    }
    METRICS.sign_ins.with_label_values(&[method, "ok"]).inc();
    tracing::info!(event = "console.signed_in", login = proved.login, method,
        network.peer = %client.address, "signed in");
    Ok(AppendHeaders([
        (header::SET_COOKIE, token.set_cookie(app)),
        (header::SET_COOKIE, session::clear_cookie(app, STEP)),
    ]))
}

/// Notes a refused sign-in: metric, log, trail.
///
/// # Errors
/// When the trail cannot be written.
pub async fn refuse(
    app: &App,
    client: &Client,
    login: &str,
    method: Method,
    result: &'static str,
) -> Result<(), Failure> {
    let method = method.as_str();
    METRICS.sign_ins.with_label_values(&[method, result]).inc();
    tracing::warn!(event = "console.sign_in_refused", login, method, result,
        network.peer = %client.address, "refused");
    let who =
        Who { login: login.to_owned(), address: client.address.to_string(), ..Who::default() };
    let detail = json!({"method": method, "result": result});
    let object = Object::Staff(login.to_owned());
    let entry = Entry { kind: Kind::SignInRefused, object, detail, request: None };
    audit::record_as(app, who, entry).await
}
