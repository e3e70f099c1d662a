//! The corrections of one trade, oldest first: each with how the trade stood before and stands
//! after it, who asked, who agreed, and the request it came of.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::PgPool;

use super::digits;
use super::fills::FillLine;
use crate::db::At;
use crate::view::decimal;

/// Most corrections shown of one trade.
pub const SHOWN: i64 = 100;

/// One correction, numbers as decimal strings.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.corrections
pub struct Correction {
    /// Of this trade, from 1.
    pub number: i32,
    pub seq: i64,
    pub at: Timestamp,
    pub before_price: String,
    pub before_quantity: String,
    pub price: String,
    pub quantity: String,
    /// Whether it took the trade back whole.
    pub bust: bool,
    pub actor: String,
    pub approver: String,
    pub request_id: String,
    /// How people call the request; `None` when it was not made in this console.
    pub request: Option<i64>,
    pub reason: String,
}

struct Raw {
    number: i32,
    seq: i64,
    at: At,
    price_digits: i16,
    quantity_digits: i16,
    before_price: i64,
    before_quantity: i64,
    price: i64,
    quantity: i64,
    actor: String,
    approver: String,
    request_id: String,
    request: Option<i64>,
    reason: String,
}

impl From<Raw> for Correction {
    fn from(raw: Raw) -> Correction {
        let (prices, quantities) = (digits(raw.price_digits), digits(raw.quantity_digits));
        let price = |units: i64| decimal(units.into(), prices);
        let quantity = |units: i64| decimal(units.into(), quantities);
        Correction {
            number: raw.number,
            seq: raw.seq,
            at: raw.at.0,
            before_price: price(raw.before_price),
            before_quantity: quantity(raw.before_quantity),
            price: price(raw.price),
            quantity: quantity(raw.quantity),
            bust: raw.quantity == 0,
            actor: raw.actor,
            approver: raw.approver,
            request_id: raw.request_id,
            request: raw.request,
            reason: raw.reason,
        }
    }
}

/// The corrections of a trade. Whether the reader may see the trade is decided where it was
/// looked up; one who sees a single side gets `whole` = false, and then neither people nor
/// reasons, which may speak of the other side.
///
/// # Errors
/// When the database does not answer.
pub async fn of(pool: &PgPool, fill: &FillLine, whole: bool) -> sqlx::Result<Vec<Correction>> {
    if fill.present.is_none() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Raw,
        r#"SELECT c.number, c.seq, c.at AS "at: At", i.price_digits, i.quantity_digits,
                c.before_price, c.before_quantity, c.price, c.quantity, c.actor, c.approver,
                c.request_id, r.number AS "request?", c.reason
         FROM trading.corrections c JOIN trading.instruments i USING (instrument_id)
         LEFT JOIN console.requests r ON r.id = CASE
             WHEN c.request_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
             THEN c.request_id::uuid END
         WHERE c.trade_id = $1 ORDER BY c.number LIMIT $2"#,
        fill.trade_id,
        SHOWN
    )
    .fetch_all(pool)
    .await?;
    let mut found: Vec<Correction> = rows.into_iter().map(Correction::from).collect();
    if !whole {
        for one in &mut found {
            for text in [&mut one.actor, &mut one.approver, &mut one.request_id, &mut one.reason] {
                text.clear();
            }
            one.request = None;
        }
    }
    Ok(found)
}

/// Which of these trades do not stand as they were made; true: taken back whole.
///
/// # Errors
/// When the database does not answer.
pub async fn among(pool: &PgPool, trades: &[i64]) -> sqlx::Result<HashMap<i64, bool>> {
    if trades.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (trade_id) trade_id, quantity = 0 AS "busted!"
         FROM trading.corrections WHERE trade_id = ANY($1) ORDER BY trade_id, number DESC"#,
        trades
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.trade_id, row.busted)).collect())
}
