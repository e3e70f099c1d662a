//! Staff: who there is, what each may do and see, how they sign in; invitations' codes and the
//! end of sessions. Other changes are requests.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::security::{Nothing, method_word, person};
use crate::app::App;
use crate::audit::{self, Entry, Kind, Object};
use crate::authz::{Matter, Permission, Role};
use crate::error::{Failure, html};
use crate::guard::{Form, form_encode};
use crate::i18n::{M, P, Word};
use crate::people::staff::{self as changes, Problem};
use crate::requests::link;
use crate::store::sessions::{self, Listed};
use crate::store::staff::{self, Card, Filter};
use crate::view::View;

/// Statuses to choose from.
const STATUSES: [&str; 3] = ["invited", "active", "suspended"];

#[derive(Template)]
#[template(path = "people/staff.html")]
struct StaffPage<'a> {
    v: &'a View,
    filter: &'a Filter,
    statuses: [&'a str; 3],
    roles: Vec<&'a str>,
    people: Vec<Card>,
    next: Option<String>,
    invite: Option<String>,
}

/// What the address may carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    status: String,
    role: String,
    after: String,
}

/// The list.
pub async fn list(
    State(app): State<App>,
    view: View,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    if !asked.status.is_empty() && !STATUSES.contains(&asked.status.as_str()) {
        return Err(Failure::BadRequest("status".into()));
    }
    if !asked.role.is_empty() && Role::parse(&asked.role).is_none() {
        return Err(Failure::BadRequest("role".into()));
    }
    let text: String = asked.q.trim().chars().take(64).collect();
    let after: String = asked.after.chars().take(64).collect();
    let filter = Filter { text, status: asked.status, role: asked.role, after };
    let rows = app.config.lists.page_rows;
    let wanted = i64::try_from(rows + 1).unwrap_or(i64::MAX);
    let mut people = staff::cards(&app.pool, &filter, wanted).await?;
    let more = people.len() > rows;
    people.truncate(rows);
    let next = people.last().filter(|_| more).map(|last| {
        let (q, status, role) = (&filter.text, &filter.status, &filter.role);
        let parts = [("q", q), ("status", status), ("role", role), ("after", &last.login)];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", form_encode(value)))
            .collect();
        format!("/staff?{}", parts.join("&"))
    });
    let invite = view.may(Permission::Ask(Matter::Staff)).then(|| link("invite", &[]));
    let roles = Role::ALL.map(Role::as_str).to_vec();
    html(&StaffPage { v: &view, filter: &filter, statuses: STATUSES, roles, people, next, invite })
}

#[derive(Template)]
#[template(path = "people/staff_one.html")]
struct OnePage<'a> {
    v: &'a View,
    card: Card,
    sessions: Vec<Listed>,
    may_change: bool,
    changes: Vec<(P, String)>,
    done: bool,
    trail: Option<String>,
    /// What the identity provider is called, where there is one.
    provider: Option<&'a str>,
}

/// Whether something was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Done {
    done: Option<String>,
}

/// The requests one may make of a person, with their forms filled in.
fn changes_of(card: &Card) -> Vec<(P, String)> {
    let login = ("login", card.login.as_str());
    let mut roles = vec![login];
    roles.extend(card.roles.iter().map(|role| ("roles", role.as_str())));
    let groups: Vec<String> = card.groups.iter().map(i32::to_string).collect();
    let groups = groups.join(", ");
    let mut all = vec![
        (P::ChangeRoles, link("staff_roles", &roles)),
        (P::ChangeBarriers, link("staff_barriers", &[login, ("hidden_groups", &groups)])),
    ];
    if card.status == "suspended" {
        all.push((P::ReactivateStaff, link("staff_reactivate", &[login])));
    } else {
        all.push((P::SuspendStaff, link("staff_suspend", &[login])));
        all.push((P::ResetStaff, link("staff_reset", &[login])));
    }
    all
}

/// One person.
pub async fn one(
    State(app): State<App>,
    view: View,
    Path(login): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Failure> {
    let card = staff::card(&app.pool, &login).await?.ok_or(Failure::NotFound)?;
    let idle = app.config.session.idle_minutes;
    let sessions = sessions::of_person(&app.pool, card.staff_id, idle).await?;
    let may_change = view.may(Permission::Ask(Matter::Staff));
    let changes = if may_change { changes_of(&card) } else { Vec::new() };
    let trail = view
        .may(Permission::SeeAudit)
        .then(|| format!("/audit?actor={}", form_encode(&card.login)));
    note(&app, &view, Kind::View, &card.login, json!({"sessions": sessions.len()})).await?;
    let done = done.done.is_some();
    let provider = app.provider.as_ref().map(|provider| provider.name());
    html(&OnePage { v: &view, card, sessions, may_change, changes, done, trail, provider })
}

async fn note(
    app: &App,
    view: &View,
    kind: Kind,
    login: &str,
    detail: Value,
) -> Result<(), Failure> {
    let object = Object::Staff(login.to_owned());
    audit::record(app, view, Entry { kind, object, detail, request: None }).await
}

#[derive(Template)]
#[template(path = "people/staff_code.html")]
struct CodePage<'a> {
    v: &'a View,
    login: &'a str,
    code: &'a str,
    address: String,
    link: String,
    hours: i32,
}

/// Makes the code of an invitation and shows it, this once, to who will hand it over.
pub async fn code(
    State(app): State<App>,
    view: View,
    Path(login): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    let by = person(&view)?.login.clone();
    let hours = app.config.sign_in.invitation_hours;
    let code = match changes::link(&app.pool, &app.key, &login, &by, hours).await {
        Ok(code) => code,
        Err(Problem::Unknown) => return Err(Failure::NotFound),
        Err(Problem::Database(error)) => return Err(error.into()),
        Err(problem) => return Err(Failure::BadRequest(problem.to_string())),
    };
    note(&app, &view, Kind::Credential, &login, json!({"change": "invitation_code"})).await?;
    let address = format!("{}/invite", app.config.public_url);
    let link = format!("{address}#{code}");
    html(&CodePage { v: &view, login: &login, code: &code, address, link, hours })
}

/// Ends one session of somebody.
pub async fn end_session(
    State(app): State<App>,
    view: View,
    Path((login, session_id)): Path<(String, i64)>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    let card = staff::card(&app.pool, &login).await?.ok_or(Failure::NotFound)?;
    if !sessions::end_one(&app.pool, card.staff_id, session_id).await? {
        return Err(Failure::NotFound);
    }
    note(&app, &view, Kind::Session, &card.login, json!({"ended": session_id})).await?;
    Ok(back(&card.login))
}

/// Ends all sessions of somebody.
pub async fn end_sessions(
    State(app): State<App>,
    view: View,
    Path(login): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Failure> {
    let card = staff::card(&app.pool, &login).await?.ok_or(Failure::NotFound)?;
    let ended = sessions::end_others(&app.pool, card.staff_id, None).await?;
    note(&app, &view, Kind::Session, &card.login, json!({"ended_all": ended})).await?;
    Ok(back(&card.login))
}

fn back(login: &str) -> Response {
    (StatusCode::SEE_OTHER, Redirect::to(&format!("/staff/{}?done=1", form_encode(login))))
        .into_response()
}
