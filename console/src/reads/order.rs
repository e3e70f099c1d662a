//! One order's event chain and fills.

use jiff::Timestamp;
use sqlx::PgPool;

use super::digits;
use super::orders::OrderLine;
use crate::authz::Scope;
use crate::db::At;
use crate::view::decimal;

/// Most events and fills shown of one order.
pub const SHOWN: usize = 2000;

/// What only some orders have, numbers as decimal strings.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.orders
pub struct Terms {
    pub condition: String,
    pub self_trade: String,
    pub short_sale: String,
    /// Price that sets it off, and `at_or_above` or `at_or_below`.
    pub trigger: Option<(String, String)>,
    /// The other half of an OCO: its trigger, and its limit price if it has one.
    pub stop: Option<(String, Option<String>)>,
    /// Last day, yyyymmdd.
    pub expires: Option<i32>,
    pub parent: Option<i64>,
    pub child: Option<i64>,
    pub prevented: Option<String>,
    pub odd_lot: bool,
}

/// An order's terms.
///
/// # Errors
/// When the database does not answer.
pub async fn terms(pool: &PgPool, order_id: i64) -> sqlx::Result<Terms> {
    let row = sqlx::query!(
        "SELECT o.condition, o.self_trade, o.short_sale, o.trigger_price, o.trigger_when,
                o.stop_price, o.stop_limit, o.expires, o.parent_id, o.child_id, o.prevented,
                o.odd_lot, i.price_digits, i.quantity_digits
         FROM trading.orders o JOIN trading.instruments i USING (instrument_id)
         WHERE o.order_id = $1",
        order_id
    )
    .fetch_one(pool)
    .await?;
    let price = |units: i64| (units != 0).then(|| decimal(units.into(), digits(row.price_digits)));
    Ok(Terms {
        condition: row.condition,
        self_trade: row.self_trade,
        short_sale: row.short_sale,
        trigger: price(row.trigger_price).zip(row.trigger_when),
        stop: price(row.stop_price).map(|trigger| (trigger, price(row.stop_limit))),
        expires: (row.expires != 0).then_some(row.expires),
        parent: (row.parent_id != 0).then_some(row.parent_id),
        child: (row.child_id != 0).then_some(row.child_id),
        prevented: (row.prevented != 0)
            .then(|| decimal(row.prevented.into(), digits(row.quantity_digits))),
        odd_lot: row.odd_lot,
    })
}

/// Something that happened to an order, numbers as decimal strings.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.order_events
pub struct OrderEvent {
    pub at: Timestamp,
    pub seq: i64,
    pub kind: String,
    pub price: Option<String>,
    pub quantity: String,
    pub remaining: String,
    pub trade_id: Option<i64>,
    pub code: Option<String>,
    pub via: Option<String>,
    /// Public name of the key that signed the command.
    pub api_key: Option<String>,
}

/// A fill of the order, numbers as decimal strings.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.fills
pub struct Fill {
    pub at: Timestamp,
    pub fill_id: i64,
    pub trade_id: i64,
    pub price: String,
    pub quantity: String,
    pub fee: String,
    pub fee_asset: String,
    pub liquidity: String,
    /// The order on the other side.
    pub other_order: Option<i64>,
    pub seq: i64,
}

/// The first [`SHOWN`] + 1 events of an order, in order.
///
/// # Errors
/// When the database does not answer.
pub async fn events(pool: &PgPool, order: &OrderLine) -> sqlx::Result<Vec<OrderEvent>> {
    // The order's own times tell which partitions can hold its events.
    let rows = sqlx::query!(
        r#"SELECT e.at AS "at: At", e.seq, e.kind, e.price, e.quantity, e.remaining, e.trade_id,
                  e.code, e.via, k.api_key AS "key_name?", e.api_key, i.price_digits,
                  i.quantity_digits
           FROM trading.order_events e
           JOIN trading.instruments i USING (instrument_id)
           LEFT JOIN access.api_keys k ON k.key_id = e.api_key
           WHERE e.order_id = $1 AND e.at >= $2 AND e.at <= $3
           ORDER BY e.seq, e.ordinal LIMIT $4"#,
        order.order_id,
        At(order.created_at) as _,
        At(order.updated_at) as _,
        SHOWN as i64 + 1
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let quantity = |units: i64| decimal(units.into(), digits(row.quantity_digits));
            OrderEvent {
                at: row.at.0,
                seq: row.seq,
                price: (row.price != 0)
                    .then(|| decimal(row.price.into(), digits(row.price_digits))),
                quantity: quantity(row.quantity),
                remaining: quantity(row.remaining),
                kind: row.kind,
                trade_id: row.trade_id,
                code: row.code,
                via: row.via,
                // A key of another installation's database still has its number.
                api_key: row
                    .key_name
                    .or(row.api_key.filter(|id| *id != 0).map(|id| format!("#{id}"))),
            }
        })
        .collect())
}

/// The first [`SHOWN`] + 1 fills of an order, oldest first. The order on the other side is told
/// only where the reader may see whose it is.
///
/// # Errors
/// When the database does not answer.
pub async fn fills(pool: &PgPool, scope: &Scope, order: &OrderLine) -> sqlx::Result<Vec<Fill>> {
    // The two fills of a trade are neighbours: trade number x 2, + 1 for the taker.
    let rows = sqlx::query!(
        r#"SELECT f.at AS "at: At", f.fill_id, f.trade_id, f.price, f.quantity, f.fee,
                  c.code AS "fee_asset?", c.exponent AS "exponent?", f.liquidity,
                  CASE WHEN theirs.account_id IS NOT NULL THEN other.order_id END AS other_order, f.seq, i.price_digits, i.quantity_digits
           FROM trading.fills f
           JOIN trading.instruments i USING (instrument_id)
           LEFT JOIN trading.assets c ON c.asset_id = f.fee_asset
           LEFT JOIN trading.fills other ON other.at = f.at AND other.fill_id = f.fill_id # 1
           LEFT JOIN trading.accounts theirs
               ON theirs.account_id = other.account_id AND theirs.group_id <> ALL($5)
           WHERE f.order_id = $1 AND f.at >= $2 AND f.at <= $3
           ORDER BY f.at, f.fill_id LIMIT $4"#,
        order.order_id,
        At(order.created_at) as _,
        At(order.updated_at) as _,
        SHOWN as i64 + 1,
        &scope.hidden_groups
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Fill {
            at: row.at.0,
            fill_id: row.fill_id,
            trade_id: row.trade_id,
            price: decimal(row.price.into(), digits(row.price_digits)),
            quantity: decimal(row.quantity.into(), digits(row.quantity_digits)),
            fee: decimal(row.fee.into(), row.exponent.map_or(0, digits)),
            fee_asset: row.fee_asset.unwrap_or_default(),
            liquidity: row.liquidity,
            other_order: row.other_order,
            seq: row.seq,
        })
        .collect())
}

/// Public name of an API key, for the head of the page.
///
/// # Errors
/// When the database does not answer.
pub async fn api_key(pool: &PgPool, key_id: i32) -> sqlx::Result<Option<String>> {
    if key_id == 0 {
        return Ok(None);
    }
    let name = sqlx::query_scalar!("SELECT api_key FROM access.api_keys WHERE key_id = $1", key_id)
        .fetch_optional(pool)
        .await?;
    Ok(Some(name.unwrap_or_else(|| format!("#{key_id}"))))
}
