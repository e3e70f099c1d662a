//! The fill blotter: a dynamic filter over `trading.fills`, newest first, by keyset on
//! `(at, fill_id)`; and one trade with both its sides.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};

use super::digits;
use crate::authz::Scope;
use crate::db::At;
use crate::view::decimal;

/// Which fills; empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Instrument code.
    pub symbol: Option<String>,
    /// Account code.
    pub account: Option<String>,
    /// `buy` or `sell`.
    pub side: Option<String>,
    /// `maker`, `taker`, `auction` or `desk`.
    pub liquidity: Option<String>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Of this order.
    pub order_id: Option<i64>,
    /// Of this trade.
    pub trade_id: Option<i64>,
}

/// Where a page begins: after the fill with this time (microseconds) and number.
pub type Cursor = [i64; 2];

/// A line of the blotter, numbers as decimal strings.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.fills
pub struct FillLine {
    pub at: Timestamp,
    pub fill_id: i64,
    pub trade_id: i64,
    pub order_id: i64,
    pub account: String,
    pub account_id: i32,
    pub symbol: String,
    pub side: String,
    pub price: String,
    pub quantity: String,
    /// Price times quantity, and the asset it is paid in.
    pub value: Sum,
    pub fee: Sum,
    pub liquidity: String,
    pub seq: i64,
    /// How it stands now, where it was corrected.
    pub present: Option<Present>,
}

impl FillLine {
    /// Whether an odd-lot desk made the trade: then this is its only fill, the client's.
    pub fn of_desk(&self) -> bool {
        self.liquidity == "desk"
    }

    /// The side of the other party.
    pub fn other_side(&self) -> &'static str {
        if self.side == "buy" { "sell" } else { "buy" }
    }
}

/// How a corrected trade stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Number of its newest correction, from 1.
    pub correction: i32,
    /// Price, a decimal string.
    pub price: String,
    /// Quantity, a decimal string; `None`: taken back whole.
    pub quantity: Option<String>,
}

impl Present {
    /// Whether the trade was taken back whole.
    pub fn busted(&self) -> bool {
        self.quantity.is_none()
    }

    /// `corrected` or `busted`, as files say it.
    pub fn code(&self) -> &'static str {
        if self.busted() { "busted" } else { "corrected" }
    }
}

/// An amount of an asset, kept in units so that a page can be added up exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// In units of `digits`.
    pub units: i128,
    /// Digits after the point.
    pub digits: u32,
    /// Code of the asset.
    pub asset: String,
}

impl Sum {
    /// As a decimal string.
    pub fn text(&self) -> String {
        decimal(self.units, self.digits)
    }

    /// Adds amounts by asset, in order of the assets.
    pub fn by_asset<'a>(sums: impl IntoIterator<Item = &'a Sum>) -> Vec<Sum> {
        let mut totals: Vec<Sum> = Vec::new();
        for sum in sums {
            match totals.iter_mut().find(|total| total.asset == sum.asset) {
                Some(total) => total.add(sum),
                None => totals.push(sum.clone()),
            }
        }
        totals.sort_by(|a, b| a.asset.cmp(&b.asset));
        totals
    }

    fn add(&mut self, other: &Sum) {
        let digits = self.digits.max(other.digits);
        let scaled = |sum: &Sum| sum.units * 10_i128.pow(digits - sum.digits);
        self.units = scaled(self) + scaled(other);
        self.digits = digits;
    }
}

#[derive(FromRow)]
struct Raw {
    at: At,
    fill_id: i64,
    trade_id: i64,
    order_id: i64,
    account: String,
    account_id: i32,
    symbol: String,
    side: String,
    price: i64,
    quantity: i64,
    price_digits: i16,
    quantity_digits: i16,
    quote: Option<String>,
    fee: i64,
    fee_asset: Option<String>,
    fee_digits: Option<i16>,
    liquidity: String,
    seq: i64,
    correction: Option<i32>,
    present_price: Option<i64>,
    present_quantity: Option<i64>,
}

impl From<Raw> for FillLine {
    fn from(raw: Raw) -> FillLine {
        let (prices, quantities) = (digits(raw.price_digits), digits(raw.quantity_digits));
        let present = raw.correction.map(|correction| Present {
            correction,
            price: decimal(raw.present_price.unwrap_or(0).into(), prices),
            quantity: raw
                .present_quantity
                .filter(|units| *units != 0)
                .map(|units| decimal(units.into(), quantities)),
        });
        FillLine {
            present,
            at: raw.at.0,
            fill_id: raw.fill_id,
            trade_id: raw.trade_id,
            order_id: raw.order_id,
            account: raw.account,
            account_id: raw.account_id,
            symbol: raw.symbol,
            side: raw.side,
            price: decimal(raw.price.into(), prices),
            quantity: decimal(raw.quantity.into(), quantities),
            value: Sum {
                units: i128::from(raw.price) * i128::from(raw.quantity),
                digits: prices + quantities,
                asset: raw.quote.unwrap_or_default(),
            },
            fee: Sum {
                units: raw.fee.into(),
                digits: raw.fee_digits.map_or(0, digits),
                asset: raw.fee_asset.unwrap_or_default(),
            },
            liquidity: raw.liquidity,
            seq: raw.seq,
        }
    }
}

const COLUMNS: &str = "SELECT f.at, f.fill_id, f.trade_id, f.order_id, a.code AS account, \
    f.account_id, i.symbol, f.side, f.price, f.quantity, i.price_digits, i.quantity_digits, \
    q.code AS quote, f.fee, c.code AS fee_asset, c.exponent AS fee_digits, f.liquidity, f.seq, \
    x.number AS correction, x.price AS present_price, x.quantity AS present_quantity \
    FROM trading.fills f JOIN trading.instruments i USING (instrument_id) \
    JOIN trading.accounts a USING (account_id) \
    LEFT JOIN trading.assets q ON q.asset_id = i.quote_asset \
    LEFT JOIN trading.assets c ON c.asset_id = f.fee_asset \
    LEFT JOIN LATERAL (SELECT t.number, t.price, t.quantity FROM trading.corrections t \
        WHERE t.trade_id = f.trade_id ORDER BY t.number DESC LIMIT 1) x ON true WHERE true";

/// What the filter's names mean in the tables.
#[derive(Default)]
struct Resolved {
    instrument: Option<i32>,
    account: Option<i32>,
    /// Time of the trade.
    trade_at: Option<Timestamp>,
}

/// Looks up the filter's names; `None` when nothing can match.
async fn resolve(pool: &PgPool, wanted: &Wanted) -> sqlx::Result<Option<Resolved>> {
    let mut resolved = Resolved::default();
    if let Some(symbol) = &wanted.symbol {
        let id = super::instruments::id(pool, symbol).await?;
        let Some(id) = id else { return Ok(None) };
        resolved.instrument = Some(id);
    }
    if let Some(code) = &wanted.account {
        let id = super::accounts::id(pool, code).await?;
        let Some(id) = id else { return Ok(None) };
        resolved.account = Some(id);
    }
    if let Some(trade) = wanted.trade_id {
        let Some(at) = trade_time(pool, trade).await? else { return Ok(None) };
        resolved.trade_at = Some(at);
    }
    Ok(Some(resolved))
}

/// When a trade took place. Trade numbers ascend in time, so that this is a binary search
/// over the key of the fills and needs no index of its own.
async fn trade_time(pool: &PgPool, trade: i64) -> sqlx::Result<Option<Timestamp>> {
    let at: Option<At> =
        sqlx::query_scalar("SELECT console.trade_time($1)").bind(trade).fetch_one(pool).await?;
    Ok(at.map(|at| at.0))
}

fn build(
    scope: &Scope,
    wanted: &Wanted,
    resolved: &Resolved,
    before: Option<Cursor>,
    limit: i64,
) -> sqlx::Result<QueryBuilder<Postgres>> {
    let mut query = QueryBuilder::new(COLUMNS);
    if let Some(id) = resolved.instrument {
        query.push(" AND f.instrument_id = ").push_bind(id);
    }
    if let Some(id) = resolved.account {
        query.push(" AND f.account_id = ").push_bind(id);
    }
    if let Some(id) = wanted.order_id {
        query.push(" AND f.order_id = ").push_bind(id);
    }
    if let (Some(trade), Some(at)) = (wanted.trade_id, resolved.trade_at) {
        query.push(" AND f.at = ").push_bind(At(at));
        query.push(" AND f.trade_id = ").push_bind(trade);
    }
    for (column, value) in
        [(" AND f.side = ", &wanted.side), (" AND f.liquidity = ", &wanted.liquidity)]
    {
        if let Some(value) = value {
            query.push(column).push_bind(value.clone());
        }
    }
    super::within(&mut query, scope);
    if let Some(from) = wanted.from {
        query.push(" AND f.at >= ").push_bind(At(from));
    }
    if let Some(to) = wanted.to {
        query.push(" AND f.at < ").push_bind(At(to));
    }
    if let Some([at, fill]) = before {
        let at = super::moment(at)?;
        // The first bound alone already leaves out the newer partitions.
        query.push(" AND f.at <= ").push_bind(At(at));
        query.push(" AND (f.at, f.fill_id) < (").push_bind(At(at)).push(", ");
        query.push_bind(fill).push(")");
    }
    query.push(" ORDER BY f.at DESC, f.fill_id DESC LIMIT ").push_bind(limit);
    Ok(query)
}

/// At most `limit` matching fills after the cursor, newest first.
///
/// # Errors
/// When the database does not answer, or the query runs into its time limit.
pub async fn list(
    pool: &PgPool,
    scope: &Scope,
    wanted: &Wanted,
    before: Option<Cursor>,
    limit: i64,
) -> sqlx::Result<Vec<FillLine>> {
    let Some(resolved) = resolve(pool, wanted).await? else { return Ok(Vec::new()) };
    let mut query = build(scope, wanted, &resolved, before, limit)?;
    let rows: Vec<Raw> = query.build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(FillLine::from).collect())
}

/// The cursor after a line.
pub fn cursor(line: &FillLine) -> Cursor {
    [line.at.as_microsecond(), line.fill_id]
}

/// The sides of a trade that the reader may see, buyer first.
///
/// # Errors
/// When the database does not answer.
pub async fn sides(pool: &PgPool, scope: &Scope, trade: i64) -> sqlx::Result<Vec<FillLine>> {
    let wanted = Wanted { trade_id: Some(trade), ..Wanted::default() };
    let mut sides = list(pool, scope, &wanted, None, 2).await?;
    sides.sort_by(|a, b| a.side.cmp(&b.side));
    Ok(sides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_and_by_asset() {
        let sum = |units, digits, asset: &str| Sum { units, digits, asset: asset.into() };
        let totals = Sum::by_asset(&[sum(5, 1, "JPY"), sum(7, 0, "BTC"), sum(25, 3, "JPY")]);
        assert_eq!(totals, [sum(7, 0, "BTC"), sum(525, 3, "JPY")]);
        assert_eq!(totals[1].text(), "0.525");
    }
}
