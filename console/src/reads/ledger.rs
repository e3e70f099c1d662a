//! An account's ledger: every change of a balance with the balance after it, newest first, by
//! keyset on `(at, seq, ordinal)`.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool, QueryBuilder};

use super::fills::Sum;
use super::order::Fill;
use super::orders::OrderLine;
use super::{digits, moment};
use crate::db::At;
use crate::view::decimal;

/// Causes to choose from, as in the table.
pub const CAUSES: [&str; 7] =
    ["trade", "fee", "rounding", "deposit", "withdraw", "adjust", "correction"];

/// Which entries of an account; empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Whose.
    pub account_id: i32,
    /// Code of an asset.
    pub asset: Option<String>,
    /// What changed it.
    pub cause: Option<String>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Of this trade, at these times: of the trade itself and of its corrections.
    pub trade: Option<(i64, Vec<Timestamp>)>,
}

/// Where a page begins: after the entry with this time (microseconds), sequence and ordinal.
pub type Cursor = [i64; 3];

/// An entry, numbers as decimal strings.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.ledger_entries
pub struct Entry {
    pub at: Timestamp,
    pub seq: i64,
    pub ordinal: i32,
    pub account: String,
    pub delta: Sum,
    /// The balance after it.
    pub total: String,
    pub cause: String,
    /// Trade behind it.
    pub trade: Option<i64>,
    pub client_reference: Option<String>,
    pub actor: Option<String>,
    pub reason: Option<String>,
}

impl Entry {
    /// The request of this console that it came of, if its reference can be one.
    pub fn request(&self) -> Option<String> {
        self.client_reference.as_deref().and_then(crate::requests::id)
    }
}

#[derive(FromRow)]
struct Raw {
    at: At,
    seq: i64,
    ordinal: i32,
    account: String,
    asset: String,
    exponent: i16,
    delta: i64,
    total: i64,
    cause: String,
    reference: i64,
    client_reference: Option<String>,
    actor: Option<String>,
    reason: Option<String>,
}

impl From<Raw> for Entry {
    fn from(raw: Raw) -> Entry {
        let digits = digits(raw.exponent);
        Entry {
            at: raw.at.0,
            seq: raw.seq,
            ordinal: raw.ordinal,
            account: raw.account,
            delta: Sum { units: raw.delta.into(), digits, asset: raw.asset },
            total: decimal(raw.total.into(), digits),
            cause: raw.cause,
            trade: (raw.reference != 0).then_some(raw.reference),
            client_reference: raw.client_reference.filter(|text| !text.is_empty()),
            actor: raw.actor.filter(|text| !text.is_empty()),
            reason: raw.reason.filter(|text| !text.is_empty()),
        }
    }
}

const COLUMNS: &str = "SELECT l.at, l.seq, l.ordinal, a.code AS account, c.code AS asset, \
    c.exponent, l.delta, l.total, l.cause, l.reference, l.client_reference, l.actor, l.reason \
    FROM trading.ledger_entries l JOIN trading.assets c USING (asset_id) \
    JOIN trading.accounts a USING (account_id) WHERE";

/// At most `limit` entries after the cursor, newest first. Whether the reader may see the
/// account is decided where its number was looked up.
///
/// # Errors
/// When the database does not answer, or the query runs into its time limit.
pub async fn list(
    pool: &PgPool,
    wanted: &Wanted,
    before: Option<Cursor>,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push(" l.account_id = ");
    query.push_bind(wanted.account_id);
    for (column, value) in [(" AND c.code = ", &wanted.asset), (" AND l.cause = ", &wanted.cause)] {
        if let Some(value) = value {
            query.push(column).push_bind(value.clone());
        }
    }
    if let Some((trade, times)) = &wanted.trade {
        let times: Vec<At> = times.iter().map(|at| At(*at)).collect();
        query.push(" AND l.at = ANY(").push_bind(times);
        query.push(") AND l.reference = ").push_bind(*trade);
    }
    if let Some(from) = wanted.from {
        query.push(" AND l.at >= ").push_bind(At(from));
    }
    if let Some(to) = wanted.to {
        query.push(" AND l.at < ").push_bind(At(to));
    }
    if let Some([at, seq, ordinal]) = before {
        let at = moment(at)?;
        query.push(" AND l.at <= ").push_bind(At(at));
        query.push(" AND (l.at, l.seq, l.ordinal) < (").push_bind(At(at)).push(", ");
        query.push_bind(seq).push(", ").push_bind(ordinal).push(")");
    }
    query.push(" ORDER BY l.at DESC, l.seq DESC, l.ordinal DESC LIMIT ").push_bind(limit);
    let rows: Vec<Raw> = query.build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Most entries shown of one order.
const OF_ORDER: i64 = 500;

/// What an order's trades moved for its account, oldest first: by the times of its fills, so
/// that a long life of the order costs nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn of_order(
    pool: &PgPool,
    order: &OrderLine,
    fills: &[Fill],
) -> sqlx::Result<Vec<Entry>> {
    if fills.is_empty() {
        return Ok(Vec::new());
    }
    let times: Vec<At> = fills.iter().map(|fill| At(fill.at)).collect();
    let trades: Vec<i64> = fills.iter().map(|fill| fill.trade_id).collect();
    let mut query = QueryBuilder::new(COLUMNS);
    query.push(" a.code = ").push_bind(order.account.clone());
    query.push(" AND l.at = ANY(").push_bind(times).push(")");
    query.push(" AND l.reference = ANY(").push_bind(trades).push(")");
    query.push(" ORDER BY l.at, l.seq, l.ordinal LIMIT ").push_bind(OF_ORDER);
    let rows: Vec<Raw> = query.build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// The cursor after an entry.
pub fn cursor(entry: &Entry) -> Cursor {
    [entry.at.as_microsecond(), entry.seq, entry.ordinal.into()]
}
