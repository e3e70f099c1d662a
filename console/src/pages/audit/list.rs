//! The search, and with an object its whole trail: what the console recorded and what the
//! backend carried out.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::{Line, object_kinds};
use crate::app::App;
use crate::audit::store::{self, Wanted};
use crate::audit::{Entry, Kind, OBJECT_KINDS, Object, record};
use crate::authz::Permission;
use crate::error::{Failure, html};
use crate::i18n::{M, U};
use crate::pages::asked::{Asked, Problem};
use crate::pages::seen;
use crate::reads::actions::{self, Action};
use crate::view::View;

/// Fields of the address.
pub(super) const FIELDS: [&str; 9] =
    ["actor", "kind", "object_kind", "object_id", "from", "to", "zone", "request", "before"];
/// Actions of the journal shown with an object.
const ACTIONS: i64 = 50;

/// What the address asks for, and the entry that the page comes after.
pub(super) fn wanted(asked: &Asked, view: &View) -> Result<(Wanted, Option<i64>), Problem> {
    asked.check()?;
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let wanted = Wanted {
        actor: asked.text("actor"),
        kind: asked.choice("kind", &kinds)?,
        object_kind: asked.choice("object_kind", &OBJECT_KINDS)?,
        object_id: asked.text("object_id"),
        from: asked.time(view, "from")?,
        to: asked.time(view, "to")?,
        request: asked.number("request")?,
    };
    Ok((wanted, asked.number("before")?))
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct ListPage<'a> {
    v: &'a View,
    asked: &'a Asked,
    problem: Option<String>,
    rows: Vec<Line>,
    /// Of the object that is looked for; `None` without one.
    actions: Option<Vec<Action>>,
    kinds: Vec<(&'static str, &'static str)>,
    object_kinds: Vec<(&'static str, &'static str)>,
    next: Option<String>,
    query: String,
    first: bool,
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let most = app.config.lists.page_rows;
    let scope = view.scope();
    let mut of_object = None;
    let (problem, mut found) = match wanted(&asked, &view) {
        Ok((wanted, before)) => {
            if let (Some(kind), Some(id)) = (&wanted.object_kind, &wanted.object_id) {
                of_object = actions::of(&app.pool, &scope, kind, id, ACTIONS).await?;
            }
            (None, store::list(&app.pool, &scope, &wanted, before, most as i64 + 1).await?)
        }
        Err(Problem(what)) => (Some(view.tf(M::BadFilter, &[&what])), Vec::new()),
    };
    let more = found.len() > most;
    found.truncate(most);
    let filter = asked.query(&[]);
    let detail = seen::told(&app, &filter).await?;
    let entry = Entry { kind: Kind::View, object: Object::List("audit"), detail, request: None };
    record(&app, &view, entry).await?;
    let next = found.last().filter(|_| more).map(|last| last.content.seq.to_string());
    let bad = problem.is_some();
    let mut response = html(&ListPage {
        v: &view,
        next: next.map(|seq| asked.query(&[("before", &seq)])),
        query: asked.query(&[("before", "")]),
        first: asked.get("before").is_empty(),
        asked: &asked.in_zone_of(&view, &["from", "to"]),
        problem,
        rows: found.iter().map(|entry| Line::of(&view, entry)).collect(),
        actions: of_object,
        kinds: Kind::ALL.iter().map(|kind| (kind.as_str(), view.t(kind))).collect(),
        object_kinds: object_kinds(&view),
    })?;
    if bad {
        *response.status_mut() = axum::http::StatusCode::BAD_REQUEST;
    }
    Ok(response)
}
