//! A person's own ways in: what there is, the password, the sessions.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::audit::{self, Entry, Kind, Object};
use crate::authz::Person;
use crate::client::Client;
use crate::error::{Failure, html};
use crate::guard::Form;
use crate::i18n::{M, P};
use crate::password::{self, Weak};
use crate::session::Token;
use crate::store::factors::{self, Passkey, Ways};
use crate::store::identities::Linked;
use crate::store::sessions::{self, Listed};
use crate::store::{failures, identities, staff};
use crate::view::View;

#[derive(Template)]
#[template(path = "people/security.html")]
struct SecurityPage<'a> {
    v: &'a View,
    ways: Ways,
    passkeys: Vec<Passkey>,
    /// What the identity provider is called, and the link to it.
    provider: Option<(&'a str, Option<Linked>)>,
    sessions: Vec<Listed>,
    own: i64,
    /// Whether a second factor has to be set up first.
    must: bool,
    /// Whether this console can have passkeys.
    can_passkeys: bool,
    note: Option<&'a str>,
    error: Option<String>,
    shortest: usize,
    longest: usize,
}

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Arrival {
    done: Option<String>,
    recovered: Option<String>,
}

/// The signed-in person.
pub(super) fn person(view: &View) -> Result<&Person, Failure> {
    view.person.as_ref().ok_or(Failure::Forbidden)
}

/// Writes a change of one's own sign-in methods into the trail.
pub(super) async fn note(app: &App, view: &View, kind: Kind, detail: Value) -> Result<(), Failure> {
    let object = Object::Staff(person(view)?.login.clone());
    audit::record(app, view, Entry { kind, object, detail, request: None }).await
}

/// After a change of what proves who one is: this session gets a new secret, all others of the
/// person end. The cookie to give to the browser; the view gets the new form token.
pub(super) async fn renew(
    app: &App,
    headers: &HeaderMap,
    view: &mut View,
    second: bool,
) -> Result<AppendHeaders<[(header::HeaderName, HeaderValue); 1]>, Failure> {
    let (staff_id, session_id) = (person(view)?.staff_id, person(view)?.session_id);
    let old = Token::of(app, headers).ok_or(Failure::CrossSite)?;
    let token = Token::fresh();
    sessions::strengthen(&app.pool, &old.hash(), &token.hash(), second).await?;
    sessions::end_others(&app.pool, staff_id, Some(session_id)).await?;
    view.csrf = token.csrf();
    Ok(AppendHeaders([(header::SET_COOKIE, token.set_cookie(app))]))
}

async fn show(
    app: &App,
    view: &View,
    note: Option<&str>,
    error: Option<String>,
) -> Result<Response, Failure> {
    let reader = person(view)?;
    let idle = app.config.session.idle_minutes;
    let provider = match &app.provider {
        Some(provider) => {
            let issuer = provider.issuer();
            let linked = identities::of_person(&app.pool, reader.staff_id, issuer).await?;
            Some((provider.name(), linked))
        }
        None => None,
    };
    html(&SecurityPage {
        v: view,
        ways: factors::ways(&app.pool, reader.staff_id).await?,
        passkeys: factors::passkeys(&app.pool, reader.staff_id).await?,
        provider,
        sessions: sessions::of_person(&app.pool, reader.staff_id, idle).await?,
        own: reader.session_id,
        must: app.config.sign_in.second_factor == "required" && !reader.second,
        can_passkeys: app.relying.is_some(),
        note,
        error,
        shortest: password::SHORTEST,
        longest: password::LONGEST,
    })
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    Query(arrival): Query<Arrival>,
) -> Result<Response, Failure> {
    let note = match (&arrival.recovered, &arrival.done) {
        (Some(_), _) => Some(view.t(P::Recovered)),
        (None, Some(_)) => Some(view.t(M::Saved)),
        (None, None) => None,
    };
    show(&app, &view, note, None).await
}

/// Why a new password is refused, in words.
pub(super) fn weakness(view: &View, weak: &Weak) -> String {
    match weak {
        Weak::Short => view.t1(P::WeakShort, password::SHORTEST),
        Weak::Long => view.t1(P::WeakLong, password::LONGEST),
        Weak::Guessable => view.t(P::WeakGuessable).into(),
    }
}

/// A new password with the present one.
#[derive(Deserialize)]
pub struct NewPassword {
    #[serde(default)]
    current: String,
    password: String,
    again: String,
}

/// Changes one's own password: the present one has to be given with it.
pub async fn change_password(
    State(app): State<App>,
    client: Client,
    headers: HeaderMap,
    mut view: View,
    Form(sent): Form<NewPassword>,
) -> Result<Response, Failure> {
    if let Some((status, error)) = refused(&app, &client, &view, &sent).await? {
        let mut response = show(&app, &view, None, Some(error)).await?;
        *response.status_mut() = status;
        return Ok(response);
    }
    let hash = app.checker.hash(sent.password).await?;
    staff::set_password(&app.pool, person(&view)?.staff_id, &hash).await?;
    note(&app, &view, Kind::Credential, json!({"change": "password"})).await?;
    let cookie = renew(&app, &headers, &mut view, false).await?;
    Ok((cookie, Redirect::to("/security?done=1")).into_response())
}

async fn refused(
    app: &App,
    client: &Client,
    view: &View,
    sent: &NewPassword,
) -> Result<Option<(StatusCode, String)>, Failure> {
    let reader = person(view)?;
    if sent.password != sent.again {
        return Ok(Some((StatusCode::BAD_REQUEST, view.t(P::NotTheSame).into())));
    }
    if let Err(weak) = password::check_new(&[&reader.login, &reader.name], &sent.password) {
        return Ok(Some((StatusCode::BAD_REQUEST, weakness(view, &weak))));
    }
    let limits = &app.config.sign_in;
    let network = failures::network(client.address);
    if failures::must_wait(&app.pool, limits, &network, &reader.login).await? {
        let text = view.t1(P::TooManyFailures, limits.window_minutes);
        return Ok(Some((StatusCode::TOO_MANY_REQUESTS, text)));
    }
    let found = staff::credentials(&app.pool, &reader.login).await?;
    let phc = found.and_then(|found| found.password_hash);
    match app.checker.check(sent.current.clone(), phc).await {
        Ok(true) => Ok(None),
        Ok(false) => {
            failures::count(&app.pool, limits, &network, &reader.login).await?;
            Ok(Some((StatusCode::UNAUTHORIZED, view.t(P::WrongPassword).into())))
        }
        Err(_) => Ok(Some((StatusCode::SERVICE_UNAVAILABLE, view.t(P::Busy).into()))),
    }
}

/// Nothing but the form's token.
#[derive(Deserialize)]
pub struct Nothing {}

/// Ends one of one's own sessions.
pub async fn end_session(
    State(app): State<App>,
    view: View,
    Path(session_id): Path<i64>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    if !sessions::end_one(&app.pool, person(&view)?.staff_id, session_id).await? {
        return Err(Failure::NotFound);
    }
    note(&app, &view, Kind::Session, json!({"ended": session_id})).await?;
    Ok(Redirect::to("/security?done=1#sessions").into_response())
}

/// Ends all of one's own sessions but this one.
pub async fn end_others(
    State(app): State<App>,
    view: View,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    let reader = person(&view)?;
    let keep = Some(reader.session_id);
    let ended = sessions::end_others(&app.pool, reader.staff_id, keep).await?;
    note(&app, &view, Kind::Session, json!({"ended_others": ended})).await?;
    Ok(Redirect::to("/security?done=1#sessions").into_response())
}

/// The word for a method of signing in.
pub(super) fn method_word(method: &str) -> P {
    match method {
        "totp" => P::ByTotp,
        "passkey" => P::ByPasskey,
        "recovery" => P::ByRecovery,
        "oidc" => P::ByProvider,
        _ => P::ByPassword,
    }
}
