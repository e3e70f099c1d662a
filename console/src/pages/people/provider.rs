//! Signing in at the firm's identity provider: the ways there (to sign in, to take up an
//! invitation, to be linked, to confirm) and the one way back. Cookies of a session do not come
//! with a browser that somebody else's page sends here, so what was begun is in a sealed cookie
//! of its own, and the way back ends on a page that goes on by itself.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::security::{Nothing, note, person};
use super::sign_in::own_path;
use super::{confirm, invite};
use crate::app::App;
use crate::audit::Kind;
use crate::client::Client;
use crate::error::{Failure, html};
use crate::guard::{self, Form};
use crate::i18n::{M, P};
use crate::people::provider::{Provider, Refused, SECONDS, Way};
use crate::session::{self, Token};
use crate::store::{factors, identities};
use crate::view::View;

/// Name of the cookie that holds a way to the provider.
pub(super) const COOKIE: &str = "provider";
/// What the cookie is sealed for.
const SEAL: &str = "way to the identity provider";
/// Longest address kept in the cookie; a longer one leads to the first page.
const LONGEST_NEXT: usize = 1000;

/// What a way to the provider is for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// To sign in.
    SignIn,
    /// To take up the invitation with this hash.
    Invite { staff_id: i32, login: String, hash: [u8; 32] },
    /// To link the person of the session with this hash.
    Link { session: [u8; 32] },
    /// To give that session a recent proof.
    Confirm { session: [u8; 32] },
}

/// A way to the provider and back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Flow {
    pub(super) way: Way,
    pub(super) purpose: Purpose,
    pub(super) next: String,
}

impl Flow {
    /// Where to begin again.
    pub(super) fn again(&self) -> String {
        match self.purpose {
            Purpose::SignIn => format!("/sign-in?next={}", guard::form_encode(&self.next)),
            Purpose::Invite { .. } => "/invite".into(),
            Purpose::Link { .. } => "/security".into(),
            Purpose::Confirm { .. } => {
                format!("/confirm?kept=1&next={}", guard::form_encode(&self.next))
            }
        }
    }

    /// The one that a browser's cookie holds, while it is good.
    pub(super) fn of(app: &App, headers: &HeaderMap) -> Option<Flow> {
        let sealed = session::cookie_value(app, headers, COOKIE)?;
        let now = crate::clock::now().as_second();
        serde_json::from_slice(&app.key.open_text(SEAL, sealed, now)?).ok()
    }
}

#[derive(Template)]
#[template(path = "people/onward.html")]
struct OnwardPage<'a> {
    v: &'a View,
    to: &'a str,
    text: String,
}

#[derive(Template)]
#[template(path = "people/provider_problem.html")]
struct ProblemPage<'a> {
    v: &'a View,
    error: &'a str,
    again: &'a str,
}

/// A page that goes on by itself.
pub(super) fn onward(view: &View, to: &str, text: String) -> Result<Response, Failure> {
    html(&OnwardPage { v: view, to, text })
}

/// A page that says why it did not work, and where to begin again.
pub(super) fn problem(
    view: &View,
    status: StatusCode,
    error: &str,
    again: &str,
) -> Result<Response, Failure> {
    let mut response = html(&ProblemPage { v: view, error, again })?;
    *response.status_mut() = status;
    Ok(response)
}

/// The provider of the settings.
pub(super) fn provider(app: &App) -> Result<&Provider, Failure> {
    app.provider.as_deref().ok_or(Failure::NotFound)
}

/// Leads a browser to the provider. The page in between goes on by itself: a redirect in answer
/// to a form would have to be allowed to every form of the console.
async fn lead(app: &App, view: &View, purpose: Purpose, next: &str) -> Result<Response, Failure> {
    let provider = provider(app)?;
    let next = if next.len() > LONGEST_NEXT { "/" } else { next };
    let way = Way::begin(!matches!(purpose, Purpose::SignIn));
    let flow = Flow { way, purpose, next: next.to_owned() };
    let address = match provider.address(&flow.way).await {
        Ok(address) => address,
        Err(refused) => {
            told(&refused);
            let text = view.t1(P::ProviderAway, provider.name());
            return problem(view, StatusCode::BAD_GATEWAY, &text, &flow.again());
        }
    };
    let mut response = onward(view, &address, view.t1(P::ProviderGoing, provider.name()))?;
    let until = crate::clock::now().as_second() + SECONDS;
    let plain = serde_json::to_vec(&flow)
        .map_err(|e| Failure::Internal(format!("a way cannot be kept: {e}")))?;
    let cookie = session::lax_cookie(app, COOKIE, &app.key.seal_text(SEAL, &plain, until));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Says in the log why the provider's answer counts for nothing.
pub(super) fn told(refused: &Refused) {
    tracing::warn!(event = "console.provider_refused", problem = %refused,
        "a way to the identity provider led nowhere");
}

/// Where a person wants to go on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Going {
    next: String,
}

/// Leads to the provider to sign in.
pub async fn sign_in(State(app): State<App>, view: View, body: Bytes) -> Result<Response, Failure> {
    let sent: Going = guard::read(&body)?;
    lead(&app, &view, Purpose::SignIn, own_path(Some(&sent.next))).await
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// Leads to the provider to take up an invitation; its code has to be good already.
pub async fn take_up(
    State(app): State<App>,
    client: Client,
    view: View,
    body: Bytes,
) -> Result<Response, Failure> {
    let sent: Code = guard::read(&body)?;
    provider(&app)?;
    let invited = match invite::invited(&app, &client, &view, &sent.code).await? {
        Ok(invited) => invited,
        Err((status, error)) => return invite::refused(&app, &view, &sent.code, status, &error),
    };
    let hash = crate::people::staff::code_hash(&app.key, &sent.code).unwrap_or_default();
    let purpose = Purpose::Invite { staff_id: invited.staff_id, login: invited.login, hash };
    lead(&app, &view, purpose, "/security").await
}

/// Leads to the provider to link the signed-in person.
pub async fn link(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    let session = Token::of(&app, &headers).ok_or(Failure::CrossSite)?.hash();
    lead(&app, &view, Purpose::Link { session }, "/security?done=1").await
}

/// Forgets the link. Who would have no other way in keeps it.
pub async fn unlink(
    State(app): State<App>,
    view: View,
    headers: HeaderMap,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    let mut view = view;
    let (staff_id, login) = (person(&view)?.staff_id, person(&view)?.login.clone());
    let provider = provider(&app)?;
    let ways = factors::ways(&app.pool, staff_id).await?;
    let other = (ways.password || ways.passkeys > 0) && app.config.own_ways(&login);
    if !other {
        return Err(Failure::BadRequest(view.t(P::LastWay).into()));
    }
    if !identities::unlink(&app.pool, staff_id, provider.issuer()).await? {
        return Err(Failure::NotFound);
    }
    note(&app, &view, Kind::Credential, json!({"change": "identity_unlinked"})).await?;
    let cookie = super::security::renew(&app, &headers, &mut view, false).await?;
    Ok((cookie, Redirect::to("/security?done=1")).into_response())
}

/// What the provider sends browsers back with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Returned {
    pub(super) state: String,
    pub(super) code: String,
    pub(super) error: String,
    pub(super) iss: Option<String>,
}

/// The way back.
pub async fn back(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    view: View,
    Query(returned): Query<Returned>,
) -> Result<Response, Failure> {
    let provider = provider(&app)?;
    let Some(flow) = Flow::of(&app, &headers) else {
        let text = view.t1(P::ProviderOver, provider.name());
        return problem(&view, StatusCode::BAD_REQUEST, &text, "/sign-in");
    };
    let response = super::arrival::arrive(&app, &client, &headers, view.clone(), &flow, &returned);
    let mut response = goes_on(&view, response.await?)?;
    let clear = session::clear_lax_cookie(&app, COOKIE);
    response.headers_mut().append(header::SET_COOKIE, clear);
    Ok(response)
}

/// A redirect as a page that goes on by itself: only a page of ours is sent the session's
/// cookie.
fn goes_on(view: &View, response: Response) -> Result<Response, Failure> {
    let Some(to) = response.headers().get(header::LOCATION) else { return Ok(response) };
    let to = to.to_str().unwrap_or("/").to_owned();
    let mut page = onward(view, &to, view.t(M::SignedInGoingOn).into())?;
    for cookie in response.headers().get_all(header::SET_COOKIE) {
        page.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(page)
}

/// Where a form waits that came too late, while its person is at the provider.
fn form_seal(session_id: i64) -> String {
    format!("form of session {session_id}")
}

/// What the form of the confirmation sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    next: String,
    kept: String,
}

/// Leads to the provider to prove anew who one is; a form that came too late is kept.
pub async fn confirm(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
    Form(asked): Form<Asked>,
) -> Result<Response, Failure> {
    let session_id = person(&view)?.session_id;
    let next = own_path(Some(&asked.next));
    if next.len() > LONGEST_NEXT && !asked.kept.is_empty() {
        // The form would come to another page.
        return Err(Failure::BadRequest("next".into()));
    }
    if asked.kept.is_empty() {
        identities::forget_form(&app.pool, session_id).await?;
    } else {
        let sealed = app.key.seal(&form_seal(session_id), asked.kept.as_bytes());
        identities::keep_form(&app.pool, session_id, &sealed).await?;
    }
    let session = Token::of(&app, &headers).ok_or(Failure::CrossSite)?.hash();
    lead(&app, &view, Purpose::Confirm { session }, next).await
}

/// The form that is kept for a session, URL-encoded; empty when there is none.
pub(super) async fn kept(app: &App, session_id: i64) -> Result<String, Failure> {
    let sealed = identities::kept_form(&app.pool, session_id).await?;
    let opened = sealed.and_then(|sealed| app.key.open(&form_seal(session_id), &sealed));
    Ok(opened.and_then(|plain| String::from_utf8(plain.to_vec()).ok()).unwrap_or_default())
}

/// After a proof: the kept form once more, or onward.
pub(super) async fn confirmed(app: &App, view: &View, next: &str) -> Result<Response, Failure> {
    let session_id = person(view)?.session_id;
    let kept = kept(app, session_id).await?;
    if kept.is_empty() {
        return Ok(Redirect::to(next).into_response());
    }
    identities::forget_form(&app.pool, session_id).await?;
    confirm::confirmed_page(view, next, &kept)
}
