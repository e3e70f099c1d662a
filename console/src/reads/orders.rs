//! The order blotter: a dynamic filter over `trading.orders`, newest first, by keyset.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};

use super::{digits, within};
use crate::authz::Scope;
use crate::db::At;
use crate::view::decimal;

/// Which orders; empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Instrument code.
    pub symbol: Option<String>,
    /// Account code.
    pub account: Option<String>,
    /// Group of the account.
    pub group: Option<i32>,
    /// `buy` or `sell`.
    pub side: Option<String>,
    /// Statuses, any of.
    pub statuses: Vec<String>,
    /// Type.
    pub kind: Option<String>,
    /// Condition.
    pub condition: Option<String>,
    /// Where it came from.
    pub via: Option<String>,
    /// Code it was rejected with, or reason it ended.
    pub reason: Option<String>,
    /// Received at this time or later.
    pub from: Option<Timestamp>,
    /// Received before this time.
    pub to: Option<Timestamp>,
    /// The client's own id.
    pub client_order_id: Option<String>,
    /// This one only.
    pub order_id: Option<i64>,
}

/// A line of the blotter, numbers as decimal strings.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // names are the public contract's
pub struct OrderLine {
    pub order_id: i64,
    pub account: String,
    pub symbol: String,
    pub client_order_id: String,
    pub side: String,
    pub kind: String,
    pub time_in_force: String,
    pub post_only: bool,
    /// `None`: market.
    pub price: Option<String>,
    pub quantity: String,
    pub filled: String,
    pub average_price: Option<String>,
    /// Sum of price times quantity of the fills, in the quote asset.
    pub notional: Option<String>,
    pub status: String,
    /// Reject code or close reason.
    pub reason: Option<String>,
    pub via: String,
    pub api_key: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub seq: i64,
}

#[derive(FromRow)]
struct Raw {
    order_id: i64,
    account: String,
    symbol: String,
    price_digits: i16,
    quantity_digits: i16,
    client_order_id: String,
    side: String,
    kind: String,
    time_in_force: String,
    post_only: bool,
    price: i64,
    quantity: i64,
    filled: i64,
    notional: i64,
    status: String,
    reject_code: Option<String>,
    close_reason: Option<String>,
    via: String,
    api_key: i32,
    created_at: At,
    updated_at: At,
    seq: i64,
}

/// Digits that an average price has beyond the instrument's, as in the public contract.
const AVERAGE_DIGITS: u32 = 4;

impl OrderLine {
    /// The reason, where it says more than the status does: an order that is filled is so
    /// because it was filled.
    pub fn further_reason(&self) -> Option<&str> {
        self.reason.as_deref().filter(|reason| *reason != self.status)
    }
}

impl From<Raw> for OrderLine {
    fn from(raw: Raw) -> OrderLine {
        let (prices, quantities) = (digits(raw.price_digits), digits(raw.quantity_digits));
        let quantity = |units: i64| decimal(units.into(), quantities);
        let filled = i128::from(raw.filled);
        let average = (filled > 0).then(|| {
            let scaled = i128::from(raw.notional) * 10_i128.pow(AVERAGE_DIGITS);
            decimal((scaled + filled / 2) / filled, prices + AVERAGE_DIGITS)
        });
        OrderLine {
            order_id: raw.order_id,
            account: raw.account,
            symbol: raw.symbol,
            client_order_id: raw.client_order_id,
            side: raw.side,
            kind: raw.kind,
            time_in_force: raw.time_in_force,
            post_only: raw.post_only,
            price: (raw.price != 0).then(|| decimal(raw.price.into(), prices)),
            quantity: quantity(raw.quantity),
            filled: quantity(raw.filled),
            average_price: average,
            notional: (filled > 0).then(|| decimal(raw.notional.into(), prices + quantities)),
            status: raw.status,
            reason: raw.reject_code.or(raw.close_reason),
            via: raw.via,
            api_key: raw.api_key,
            created_at: raw.created_at.0,
            updated_at: raw.updated_at.0,
            seq: raw.seq,
        }
    }
}

/// What the filter's names mean in the tables.
struct Resolved {
    instrument: Option<i32>,
    account: Option<i32>,
    /// First order at `from` and first one at `to`; `None`: no bound.
    low: Option<i64>,
    high: Option<i64>,
}

/// Looks up the filter's names and times; `None` when nothing can match.
async fn resolve(pool: &PgPool, wanted: &Wanted) -> sqlx::Result<Option<Resolved>> {
    let mut resolved = Resolved { instrument: None, account: None, low: None, high: None };
    if let Some(symbol) = &wanted.symbol {
        let found = sqlx::query_scalar!(
            "SELECT instrument_id FROM trading.instruments WHERE symbol = $1",
            symbol
        );
        let Some(id) = found.fetch_optional(pool).await? else { return Ok(None) };
        resolved.instrument = Some(id);
    }
    if let Some(code) = &wanted.account {
        let found =
            sqlx::query_scalar!("SELECT account_id FROM trading.accounts WHERE code = $1", code);
        let Some(id) = found.fetch_optional(pool).await? else { return Ok(None) };
        resolved.account = Some(id);
    }
    if let Some(from) = wanted.from {
        let Some(low) = first_order_at(pool, from).await? else { return Ok(None) };
        resolved.low = Some(low);
    }
    if let Some(to) = wanted.to {
        resolved.high = first_order_at(pool, to).await?;
    }
    Ok(Some(resolved))
}

/// Order numbers ascend in time, so that a time range is a range of the primary key.
async fn first_order_at(pool: &PgPool, at: Timestamp) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("SELECT console.first_order_at($1)", At(at) as _).fetch_one(pool).await
}

/// Reasons with which an accepted order ends; every other one is of a rejected order.
const CLOSE_REASONS: [&str; 13] = [
    "filled",
    "cancelled",
    "cancelled_many",
    "immediate_rest",
    "fill_or_kill",
    "expired",
    "self_trade",
    "auction_rest",
    "off_tick",
    "off_limits",
    "parent_ended",
    "trigger_refused",
    "circuit_breaker",
];

const COLUMNS: &str = "SELECT o.order_id, a.code AS account, i.symbol, i.price_digits, \
    i.quantity_digits, o.client_order_id, o.side, o.type AS kind, o.time_in_force, o.post_only, \
    o.price, o.quantity, o.filled, o.notional, o.status, o.reject_code, o.close_reason, o.via, \
    o.api_key, o.created_at, o.updated_at, o.seq \
    FROM trading.orders o JOIN trading.instruments i USING (instrument_id) \
    JOIN trading.accounts a USING (account_id) WHERE true";

fn build(
    scope: &Scope,
    wanted: &Wanted,
    resolved: &Resolved,
    before: Option<i64>,
    limit: i64,
) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(COLUMNS);
    within(&mut query, scope);
    if let Some(id) = resolved.instrument {
        query.push(" AND o.instrument_id = ").push_bind(id);
    }
    if let Some(id) = resolved.account {
        query.push(" AND o.account_id = ").push_bind(id);
    }
    if let Some(side) = &wanted.side {
        query.push(" AND o.side = ").push_bind(side.clone());
    }
    // Written out rather than bound, so that the partial indexes on these statuses serve.
    match wanted.statuses.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {}
        ["open", "partially_filled", "pending_trigger"] => {
            query.push(" AND o.status IN ('open', 'partially_filled', 'pending_trigger')");
        }
        ["rejected"] => {
            query.push(" AND o.status = 'rejected'");
        }
        _ => {
            query.push(" AND o.status = ANY(").push_bind(wanted.statuses.clone()).push(")");
        }
    }
    if let Some(group) = wanted.group {
        query.push(" AND a.group_id = ").push_bind(group);
    }
    for (column, value) in [
        (" AND o.type = ", &wanted.kind),
        (" AND o.condition = ", &wanted.condition),
        (" AND o.via = ", &wanted.via),
    ] {
        if let Some(value) = value {
            query.push(column).push_bind(value.clone());
        }
    }
    match &wanted.reason {
        Some(reason) if CLOSE_REASONS.contains(&reason.as_str()) => {
            query.push(" AND (o.close_reason = ").push_bind(reason.clone());
            query.push(" OR o.reject_code = ").push_bind(reason.clone()).push(")");
        }
        Some(reason) => {
            // The status is told, too, so that the index of the rejected serves.
            query.push(" AND o.status = 'rejected' AND o.reject_code = ").push_bind(reason.clone());
        }
        None => {}
    }
    if let Some(id) = &wanted.client_order_id {
        query.push(" AND o.client_order_id = ").push_bind(id.clone());
    }
    if let Some(id) = wanted.order_id {
        query.push(" AND o.order_id = ").push_bind(id);
    }
    if let Some(low) = resolved.low {
        query.push(" AND o.order_id >= ").push_bind(low);
    }
    if let Some(high) = resolved.high {
        query.push(" AND o.order_id < ").push_bind(high);
    }
    if let Some(before) = before {
        query.push(" AND o.order_id < ").push_bind(before);
    }
    query.push(" ORDER BY o.order_id DESC LIMIT ").push_bind(limit);
    query
}

/// At most `limit` matching orders within the scope that are older than `before`, newest first.
///
/// # Errors
/// When the database does not answer, or the query runs into its time limit.
pub async fn list(
    pool: &PgPool,
    scope: &Scope,
    wanted: &Wanted,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<OrderLine>> {
    let Some(resolved) = resolve(pool, wanted).await? else { return Ok(Vec::new()) };
    let rows: Vec<Raw> =
        build(scope, wanted, &resolved, before, limit).build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(OrderLine::from).collect())
}

/// One order, if it is within the scope.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, scope: &Scope, order_id: i64) -> sqlx::Result<Option<OrderLine>> {
    let wanted = Wanted { order_id: Some(order_id), ..Wanted::default() };
    Ok(list(pool, scope, &wanted, None, 1).await?.pop())
}

/// Codes of the accounts whose orders these are, by number or by client order id; of what is no
/// order's, nothing.
///
/// # Errors
/// When the database does not answer.
pub async fn owners(
    pool: &PgPool,
    orders: &[i64],
    client_ids: &[String],
) -> sqlx::Result<Vec<String>> {
    if orders.is_empty() && client_ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar!(
        r#"SELECT a.code AS "code!" FROM trading.orders o JOIN trading.accounts a USING (account_id)
         WHERE o.order_id = ANY($1)
         UNION
         SELECT a.code FROM trading.orders o JOIN trading.accounts a USING (account_id)
         WHERE o.client_order_id = ANY($2)"#,
        orders,
        client_ids
    )
    .fetch_all(pool)
    .await
}

#[cfg(test)]
mod tests {
    use zaraba_engine::event::CloseReason;

    #[test]
    fn close_reasons_are_the_engines() {
        let all: Vec<&str> = CloseReason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(all, super::CLOSE_REASONS);
    }
}
