//! What a page tells the audit trail before it answers: whose data its reader sees or takes
//! away.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::App;
use crate::audit::{Entry, Kind, Object, record};
use crate::authz::Scope;
use crate::error::Failure;
use crate::reads::{accounts, fills, orders};
use crate::view::View;

/// A beginning of account codes tells of the accounts that have it when there are no more than
/// these.
const TELLING: i64 = 20;

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
    let detail = json!({"filter": filter, "accounts": accounts, "groups": groups(filter)});
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

/// The values that a filter has under these names.
fn values(filter: &str, names: &[&str]) -> Vec<String> {
    let query = filter.rsplit_once(' ').map_or(filter, |(_, query)| query);
    let pairs: Vec<(String, String)> = serde_html_form::from_str(query).unwrap_or_default();
    let named = pairs.into_iter().filter(|(name, _)| names.contains(&name.as_str()));
    named.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty()).collect()
}

/// The same, of those that are numbers.
fn numbers<T: std::str::FromStr>(filter: &str, names: &[&str]) -> Vec<T> {
    values(filter, names).iter().filter_map(|value| value.parse().ok()).collect()
}

/// Groups of accounts that a filter names.
fn groups(filter: &str) -> Vec<i32> {
    numbers(filter, &["group"])
}

/// Accounts that a filter tells of, for who may not see them: those it names, and whose the
/// orders and trades are that it asks for by number or by client order id.
async fn accounts(app: &App, filter: &str) -> Result<Vec<String>, Failure> {
    let mut told = values(filter, &["account", "object_id", "prefix", "code"]);
    let orders: Vec<i64> = numbers(filter, &["order_id", "object_id"]);
    let by_client = values(filter, &["client_order_id"]);
    told.extend(orders::owners(&app.pool, &orders, &by_client).await?);
    for prefix in values(filter, &["prefix", "code"]) {
        let wanted = accounts::Wanted { prefix: Some(prefix), ..Default::default() };
        let found =
            accounts::list(&app.pool, &Scope::default(), &wanted, None, TELLING + 1).await?;
        if found.len() as i64 <= TELLING {
            told.extend(found.into_iter().map(|account| account.code));
        }
    }
    for trade in numbers::<i64>(filter, &["trade_id"]) {
        let sides = fills::sides(&app.pool, &Scope::default(), trade).await?;
        told.extend(sides.into_iter().map(|side| side.account));
    }
    Ok(told)
}

/// A filter as the trail has it: with the accounts and groups that it tells of, so that a
/// barrier hides the entry as it hides them.
///
/// # Errors
/// When the database does not answer.
pub async fn told(app: &App, filter: &str) -> Result<Value, Failure> {
    let accounts = accounts(app, filter).await?;
    Ok(json!({"filter": filter, "accounts": accounts, "groups": groups(filter)}))
}

/// A file of a list.
///
/// # Errors
/// When it could not be recorded: then nothing may be handed out.
pub async fn file(app: &App, view: &View, object: Object, filter: &str) -> Result<(), Failure> {
    let mut detail = told(app, filter).await?;
    detail["most_rows"] = app.config.lists.csv_rows.into();
    record(app, view, Entry { kind: Kind::Export, object, detail, request: None }).await
}
