//! An account's ledger: the filter of the account page's tab, and its file.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;

use super::asked::{Asked, Problem};
use super::csv::{File, Rows, download, time};
use crate::app::App;
use crate::audit::Object;
use crate::error::Failure;
use crate::reads::accounts;
use crate::reads::ledger::{self, CAUSES, Cursor, Entry, Wanted};
use crate::view::View;

/// Fields of the address of an account's page; the ledger's filter is among them.
pub(super) const FIELDS: [&str; 9] =
    ["tab", "asset", "cause", "range", "from", "to", "zone", "before", "after"];

/// What to ask the database for.
pub(super) fn wanted(
    asked: &Asked,
    view: &View,
    account_id: i32,
) -> Result<(Wanted, Option<Cursor>), Problem> {
    let wanted = Wanted {
        account_id,
        asset: asked.text("asset"),
        cause: asked.choice("cause", &CAUSES)?,
        from: asked.time(view, "from")?,
        to: asked.time(view, "to")?,
        trade: None,
    };
    Ok((wanted, asked.cursor("before")?))
}

const COLUMNS: [&str; 12] = [
    "time",
    "sequence",
    "ordinal",
    "account",
    "asset",
    "change",
    "balance_after",
    "cause",
    "trade_id",
    "reference",
    "actor",
    "reason",
];

struct Matches {
    app: App,
    view: View,
    wanted: Wanted,
    before: Option<Cursor>,
}

impl Rows for Matches {
    async fn next(&mut self, limit: usize) -> Result<Vec<Vec<String>>, Failure> {
        let rows = ledger::list(&self.app.pool, &self.wanted, self.before, limit as i64).await?;
        self.before = rows.last().map(ledger::cursor).or(self.before);
        let record = |row: &Entry| {
            vec![
                time(&self.view, &row.at),
                row.seq.to_string(),
                row.ordinal.to_string(),
                row.account.clone(),
                row.delta.asset.clone(),
                row.delta.text(),
                row.total.clone(),
                row.cause.clone(),
                row.trade.map(|trade| trade.to_string()).unwrap_or_default(),
                row.client_reference.clone().unwrap_or_default(),
                row.actor.clone().unwrap_or_default(),
                row.reason.clone().unwrap_or_default(),
            ]
        };
        Ok(rows.iter().map(record).collect())
    }
}

/// The whole filter as a file.
pub async fn csv(
    State(app): State<App>,
    view: View,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let account = accounts::find(&app.pool, &view.scope(), &code).await?;
    let account = account.ok_or(Failure::NotFound)?;
    let bad = |Problem(what)| Failure::BadRequest(what);
    let asked = Asked::read(query.as_deref(), &FIELDS);
    asked.check().map_err(bad)?;
    let (wanted, before) = wanted(&asked, &view, account.account_id).map_err(bad)?;
    let rows = Matches { app: app.clone(), view: view.clone(), wanted, before };
    let name = format!("ledger-{}", file_name(&code));
    let (object, filter) = (Object::Account(account.code), asked.query(&[("tab", "ledger")]));
    let file = File { name: &name, object, filter, columns: &COLUMNS };
    download(&app, &view, file, rows).await
}

/// A code as part of a file's name.
fn file_name(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
}
