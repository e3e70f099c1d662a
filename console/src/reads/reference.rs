//! What an instrument's reference data were, by when: the changes that people made, as the
//! journal has them, and the limits that each roll of the day set; oldest first.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::PgPool;

use crate::db::At;

/// Newest changes that are read; older ones are in the list of actions.
const CHANGES: i64 = 200;
/// Newest rolls of the day that are read; earlier days are asked for by their date.
const ROLLS: i64 = 20;

/// A change that was carried out.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.admin_actions
pub struct Change {
    pub at: At,
    pub kind: String,
    /// What the command said, in the journal's integers.
    pub summary: Value,
    pub actor: String,
    pub approver: String,
    pub reason: String,
    /// How people call the request it came of.
    pub request: Option<i64>,
}

/// Base price and limits as a roll of the day set them, in the journal's integers.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.price_limits
pub struct Rolled {
    pub at: At,
    pub base_price: i64,
    pub limit_down: i64,
    pub limit_up: i64,
}

/// The newest rolls of one instrument, of those before a time if one is given; oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn rolls(
    pool: &PgPool,
    instrument: i32,
    before: Option<Timestamp>,
) -> sqlx::Result<Vec<Rolled>> {
    let mut found = sqlx::query_as!(
        Rolled,
        r#"SELECT at AS "at: At", base_price, limit_down, limit_up FROM trading.price_limits
         WHERE instrument_id = $1 AND ($2::timestamptz IS NULL OR at < $2)
         ORDER BY seq DESC, ordinal DESC LIMIT $3"#,
        instrument,
        before.map(At) as Option<At>,
        ROLLS
    )
    .fetch_all(pool)
    .await?;
    found.reverse();
    Ok(found)
}

/// The changes of one instrument's terms, of those before a time if one is given.
///
/// # Errors
/// When the database does not answer.
pub async fn changes(
    pool: &PgPool,
    instrument: i32,
    before: Option<Timestamp>,
) -> sqlx::Result<Vec<Change>> {
    let mut found = sqlx::query_as!(
        Change,
        r#"SELECT x.at AS "at: At", x.kind, x.summary, x.actor, x.approver, x.reason,
             r.number AS "request?"
         FROM trading.admin_actions x
         LEFT JOIN console.requests r ON r.id = CASE
             WHEN x.request_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
             THEN x.request_id::uuid END
         WHERE x.target_kind = 'instrument' AND x.target_id = $1 AND x.outcome = 'ok'
           AND ($3::timestamptz IS NULL OR x.at < $3)
           AND x.kind IN ('create_instrument', 'set_instrument_status', 'set_price_limits',
               'set_ticks', 'set_listed_shares', 'set_halts', 'set_breaker', 'set_odd_lot_terms')
         ORDER BY x.seq DESC LIMIT $2"#,
        i64::from(instrument),
        CHANGES,
        before.map(At) as Option<At>
    )
    .fetch_all(pool)
    .await?;
    found.reverse();
    Ok(found)
}

/// A change that is asked for and not carried out yet.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of console.requests
pub struct Asked {
    pub number: i64,
    pub kind: String,
    pub state: String,
    pub maker: String,
    pub reason: String,
    pub made_at: At,
}

/// The requests under way for an instrument; for readers of such requests.
///
/// # Errors
/// When the database does not answer.
pub async fn under_way(pool: &PgPool, symbol: &str) -> sqlx::Result<Vec<Asked>> {
    sqlx::query_as!(
        Asked,
        r#"SELECT number, kind, state, maker, reason, made_at AS "made_at: At" FROM console.requests
         WHERE state IN ('waiting', 'applying') AND matter = 'instruments'
           AND fields ->> 'symbol' = $1
         ORDER BY number DESC LIMIT 20"#,
        symbol
    )
    .fetch_all(pool)
    .await
}
