//! What a page tells the audit trail before it answers: whose data its reader sees or takes
//! away.

use std::collections::BTreeSet;

use serde_json::json;

use crate::app::App;
use crate::audit::{Entry, Kind, Object, record};
use crate::error::Failure;
use crate::view::View;

/// A list with rows of these accounts; nothing is recorded when there are none.
///
/// # Errors
/// When it could not be recorded: then nothing may be shown.
pub async fn list<'a>(
    app: &App,
    view: &View,
    name: &'static str,
    filter: &str,
    accounts: impl IntoIterator<Item = &'a str>,
) -> Result<(), Failure> {
    let accounts: BTreeSet<&str> = accounts.into_iter().collect();
    if accounts.is_empty() {
        return Ok(());
    }
    let detail = json!({"filter": filter, "accounts": accounts});
    let entry = Entry { kind: Kind::View, object: Object::List(name), detail, request: None };
    record(app, view, entry).await
}

/// A search that found something of these accounts; nothing is recorded when it found none.
///
/// # Errors
/// When it could not be recorded: then nothing may be shown.
pub async fn search<'a>(
    app: &App,
    view: &View,
    asked: &str,
    accounts: impl IntoIterator<Item = &'a str>,
) -> Result<(), Failure> {
    let accounts: BTreeSet<&str> = accounts.into_iter().collect();
    if accounts.is_empty() {
        return Ok(());
    }
    let detail = json!({"asked": asked, "accounts": accounts});
    let entry = Entry { kind: Kind::Search, object: Object::None, detail, request: None };
    record(app, view, entry).await
}

/// An object; `part` is what of it was looked at.
///
/// # Errors
/// When it could not be recorded: then nothing may be shown.
pub async fn object(
    app: &App,
    view: &View,
    object: Object,
    part: &str,
    accounts: &[&str],
) -> Result<(), Failure> {
    let detail = json!({"part": part, "accounts": accounts});
    record(app, view, Entry { kind: Kind::View, object, detail, request: None }).await
}

/// Accounts that a filter names: an information barrier hides such an entry as the account.
pub fn named(filter: &str) -> Vec<String> {
    let query = filter.rsplit_once(' ').map_or(filter, |(_, query)| query);
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    let names = ["account", "object_id", "prefix", "code"];
    pairs.into_iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, v)| v).collect()
}

/// Numbers in a filter that may be orders': the entry is hidden as their owners are.
fn orders(filter: &str) -> Vec<i64> {
    let query = filter.rsplit_once(' ').map_or(filter, |(_, query)| query);
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    let names = ["order_id", "object_id"];
    pairs
        .into_iter()
        .filter(|(name, _)| names.contains(&name.as_str()))
        .filter_map(|(_, value)| value.trim().parse().ok())
        .collect()
}

/// A file of a list.
///
/// # Errors
/// When it could not be recorded: then nothing may be handed out.
pub async fn file(app: &App, view: &View, object: Object, filter: &str) -> Result<(), Failure> {
    let mut accounts = named(filter);
    accounts.extend(crate::reads::orders::owners(&app.pool, &orders(filter)).await?);
    let detail = json!({"filter": filter, "most_rows": app.config.lists.csv_rows,
        "accounts": accounts});
    record(app, view, Entry { kind: Kind::Export, object, detail, request: None }).await
}
