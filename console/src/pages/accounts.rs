//! The list of accounts and its file.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::asked::{Asked, Problem};
use super::csv::{File, Rows, download, time};
use super::orders::Freshness;
use super::seen;
use crate::app::App;
use crate::audit::Object;
use crate::authz::{Permission, Scope};
use crate::error::{Failure, html};
use crate::i18n::{A, L, M, Word};
use crate::reads::accounts::{self, AccountLine, Wanted};
use crate::view::View;

/// Fields of the address.
const FIELDS: [&str; 4] = ["code", "status", "group", "after"];
/// Statuses to choose from.
pub(super) const STATUSES: [&str; 3] = ["active", "suspended", "closed"];

fn wanted(asked: &Asked) -> Result<Wanted, Problem> {
    asked.check()?;
    Ok(Wanted {
        prefix: asked.text("code"),
        status: asked.choice("status", &STATUSES)?,
        group: asked.number("group")?,
    })
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage<'a> {
    v: &'a View,
    asked: &'a Asked,
    problem: Option<String>,
    rows: Vec<AccountLine>,
    next: Option<String>,
    query: String,
    statuses: &'a [&'a str],
    freshness: Freshness,
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let freshness = Freshness::now(&app).await?;
    let most = app.config.lists.page_rows;
    let after = asked.text("after");
    let (problem, mut rows) = match wanted(&asked) {
        Ok(wanted) => {
            let scope = view.scope();
            let limit = most as i64 + 1;
            let rows = accounts::list(&app.pool, &scope, &wanted, after.as_deref(), limit).await?;
            (None, rows)
        }
        Err(Problem(what)) => (Some(view.tf(M::BadFilter, &[&what])), Vec::new()),
    };
    let more = rows.len() > most;
    rows.truncate(most);
    let shown = rows.iter().map(|row| row.code.as_str());
    seen::list(&app, &view, "accounts", &asked.query(&[]), shown).await?;
    let next = rows.last().filter(|_| more).map(|last| asked.query(&[("after", &last.code)]));
    let status = super::status_of(&problem);
    let mut response = html(&AccountsPage {
        v: &view,
        next,
        query: asked.query(&[("after", "")]),
        asked: &asked,
        problem,
        rows,
        statuses: &STATUSES,
        freshness,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

const COLUMNS: [&str; 4] = ["account", "status", "group", "opened"];

struct Matches {
    app: App,
    view: View,
    scope: Scope,
    wanted: Wanted,
    after: Option<String>,
}

impl Rows for Matches {
    async fn next(&mut self, limit: usize) -> Result<Vec<Vec<String>>, Failure> {
        let (pool, after) = (&self.app.pool, self.after.as_deref());
        let rows = accounts::list(pool, &self.scope, &self.wanted, after, limit as i64).await?;
        if let Some(last) = rows.last() {
            self.after = Some(last.code.clone());
        }
        let record = |row: &AccountLine| {
            let opened = time(&self.view, &row.created_at);
            vec![row.code.clone(), row.status.clone(), row.group.to_string(), opened]
        };
        Ok(rows.iter().map(record).collect())
    }
}

/// The whole filter as a file.
pub async fn csv(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let wanted = wanted(&asked).map_err(|Problem(what)| Failure::BadRequest(what))?;
    let (scope, after) = (view.scope(), asked.text("after"));
    let rows = Matches { app: app.clone(), view: view.clone(), scope, wanted, after };
    let (object, filter) = (Object::List("accounts"), asked.query(&[]));
    let file = File { name: "accounts", object, filter, columns: &COLUMNS };
    download(&app, &view, file, rows).await
}
