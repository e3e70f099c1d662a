//! Instruments as the back office knows them: everything the tables hold of one, its auctions
//! and quotes, and the list by profile, status, phase and quote.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool, QueryBuilder};

use super::digits;
use crate::db::At;
use crate::view::decimal;

/// Which instruments; empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Beginning of the code, or a part of the name.
    pub text: Option<String>,
    /// `tse` or `crypto`.
    pub profile: Option<String>,
    /// `continuous`, `halted` or `closed`.
    pub status: Option<String>,
    /// Phase.
    pub phase: Option<String>,
    /// `special` or `sequential`.
    pub quote: Option<String>,
}

/// A line of the list.
#[derive(Clone, Debug, FromRow)]
#[allow(missing_docs)] // columns of trading.instruments
pub struct Line {
    pub symbol: String,
    pub name: String,
    pub profile: String,
    pub status: String,
    pub phase: String,
    pub quote_kind: String,
    pub quote_side: String,
    quote_price: i64,
    base_price: i64,
    limit_down: i64,
    limit_up: i64,
    price_digits: i16,
    quantity_digits: i16,
    lot: i64,
    pub short_restricted: bool,
    pub halt_reason: Option<String>,
}

impl Line {
    fn price(&self, units: i64) -> Option<String> {
        (units != 0).then(|| decimal(units.into(), digits(self.price_digits)))
    }

    /// Price of its quote.
    pub fn quoted(&self) -> Option<String> {
        self.price(self.quote_price)
    }

    /// Kind and side of its quote in one word.
    pub fn quote_code(&self) -> String {
        format!("{}_{}", self.quote_kind, self.quote_side)
    }

    /// Base price of the day.
    pub fn base(&self) -> Option<String> {
        self.price(self.base_price)
    }

    /// Limits of the day: down and up.
    pub fn limits(&self) -> (Option<String>, Option<String>) {
        (self.price(self.limit_down), self.price(self.limit_up))
    }

    /// Trading unit.
    pub fn lot(&self) -> String {
        decimal(self.lot.into(), digits(self.quantity_digits))
    }
}

const LINE: &str = "SELECT symbol, name, profile, status, phase, quote_kind, quote_side, \
    quote_price, base_price, limit_down, limit_up, price_digits, quantity_digits, lot, \
    short_restricted, halt_reason FROM trading.instruments WHERE true";

/// At most `limit` instruments whose codes come after `after`, by code.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    pool: &PgPool,
    wanted: &Wanted,
    after: &str,
    limit: i64,
) -> sqlx::Result<Vec<Line>> {
    let mut query = QueryBuilder::new(LINE);
    if let Some(text) = &wanted.text {
        query.push(" AND (starts_with(lower(symbol), lower(").push_bind(text.clone());
        query.push(")) OR strpos(lower(name), lower(").push_bind(text.clone()).push(")) > 0)");
    }
    for (column, value) in [
        (" AND profile = ", &wanted.profile),
        (" AND status = ", &wanted.status),
        (" AND phase = ", &wanted.phase),
        (" AND quote_kind = ", &wanted.quote),
    ] {
        if let Some(value) = value {
            query.push(column).push_bind(value.clone());
        }
    }
    query.push(" AND symbol > ").push_bind(after.to_owned());
    query.push(" ORDER BY symbol LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(pool).await
}

/// Instruments that are stopped as a whole or in part, for the overview; by code.
///
/// # Errors
/// When the database does not answer.
pub async fn halted(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<Line>> {
    let mut query = QueryBuilder::new(LINE);
    query.push(" AND (status = 'halted' OR halts <> 0) ORDER BY symbol LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(pool).await
}

/// The phase that most instruments of a profile are in until the next moment.
#[derive(Clone, Debug, FromRow)]
#[allow(missing_docs)] // columns of trading.instruments
pub struct Moment {
    pub profile: String,
    pub phase: String,
    #[sqlx(try_from = "At")]
    pub until: Timestamp,
    pub instruments: i64,
}

/// By profile and phase, when the phase ends, soonest first.
///
/// # Errors
/// When the database does not answer.
pub async fn moments(pool: &PgPool) -> sqlx::Result<Vec<Moment>> {
    sqlx::query_as(
        "SELECT profile, phase, min(phase_until) AS until, count(*) AS instruments \
         FROM trading.instruments WHERE phase_until > now() \
         GROUP BY profile, phase ORDER BY until LIMIT 20",
    )
    .fetch_all(pool)
    .await
}

/// What one instrument has beyond its line, in the tables' integers.
#[derive(Clone, Debug, FromRow)]
#[allow(missing_docs)] // columns of trading.instruments, trading.breakers and trading.odd_lot_terms
pub struct Detail {
    pub instrument_id: i32,
    pub base_asset: Option<String>,
    pub quote_asset: Option<String>,
    quote_exponent: Option<i16>,
    price_digits: i16,
    quantity_digits: i16,
    ticks: String,
    min_quantity: i64,
    max_quantity: i64,
    market_min_quantity: i64,
    market_max_quantity: i64,
    listed_shares: i64,
    pub market_band_ppm: i32,
    pub maker_fee_ppm: i32,
    pub taker_fee_ppm: i32,
    pub open_order_cap: i32,
    pub session_rules: bool,
    pub phase_until: Option<At>,
    pub quote_until: Option<At>,
    halts: i16,
    pub breaker: Option<String>,
    pub window_seconds: Option<i32>,
    pub trigger_ppm: Option<i32>,
    pub call_seconds: Option<i32>,
    pub bound_ppm: Option<i32>,
    pub batch: Option<bool>,
    pub principal: Option<bool>,
    pub spread_ppm: Option<i32>,
    odd_max_quantity: Option<i64>,
    odd_max_value: Option<i64>,
    house_net: Option<i64>,
    pub seq: i64,
}

/// Kinds of orders that may be halted, in the order of their bits.
const HALTS: [&str; 6] =
    ["limit_buy", "limit_sell", "market_buy", "market_sell", "contingent_buy", "contingent_sell"];

/// The kinds of orders that these bits halt.
pub fn halted_kinds(bits: i64) -> Vec<&'static str> {
    let kinds = HALTS.iter().enumerate();
    kinds.filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, kind)| *kind).collect()
}

impl Detail {
    fn quantity(&self, units: i64) -> String {
        decimal(units.into(), digits(self.quantity_digits))
    }

    fn some_quantity(&self, units: i64) -> Option<String> {
        (units != 0).then(|| self.quantity(units))
    }

    /// Its one tick, or the name of its table.
    pub fn tick(&self) -> Result<String, &str> {
        let units = self.ticks.parse::<i64>().map_err(|_| self.ticks.as_str())?;
        Ok(decimal(units.into(), digits(self.price_digits)))
    }

    /// Smallest and largest order.
    pub fn quantities(&self) -> (String, String) {
        (self.quantity(self.min_quantity), self.quantity(self.max_quantity))
    }

    /// Smallest and largest market order, where they differ from others.
    pub fn market_quantities(&self) -> (Option<String>, Option<String>) {
        let (low, high) = (self.market_min_quantity, self.market_max_quantity);
        (self.some_quantity(low), self.some_quantity(high))
    }

    /// Shares listed, where known.
    pub fn shares(&self) -> Option<String> {
        self.some_quantity(self.listed_shares)
    }

    /// Kinds of orders that are refused now.
    pub fn halted(&self) -> Vec<&'static str> {
        halted_kinds(self.halt_bits())
    }

    /// The same as the journal writes them.
    pub fn halt_bits(&self) -> i64 {
        self.halts.into()
    }

    /// Digits after the point of its prices and of its quantities.
    pub fn digits(&self) -> (u32, u32) {
        (digits(self.price_digits), digits(self.quantity_digits))
    }

    /// Largest odd-lot order, by quantity and value.
    pub fn odd_lot_caps(&self) -> (Option<String>, Option<String>) {
        let value = self.odd_max_value.filter(|value| *value != 0);
        let exponent = self.quote_exponent.map_or(0, digits);
        let quantity = self.odd_max_quantity.map(|units| self.quantity(units));
        (quantity, value.map(|units| decimal(units.into(), exponent)))
    }

    /// What the house holds from odd-lot trades.
    pub fn house(&self) -> Option<String> {
        self.house_net.map(|units| self.quantity(units))
    }
}

/// One instrument: its line and the rest.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, symbol: &str) -> sqlx::Result<Option<(Line, Detail)>> {
    let mut query = QueryBuilder::new(LINE);
    query.push(" AND symbol = ").push_bind(symbol.to_owned());
    let Some(line) = query.build_query_as().fetch_optional(pool).await? else { return Ok(None) };
    let detail = sqlx::query_as(
        "SELECT i.instrument_id, b.code AS base_asset, q.code AS quote_asset, \
         q.exponent AS quote_exponent, i.price_digits, i.quantity_digits, i.ticks, \
         i.min_quantity, i.max_quantity, i.market_min_quantity, i.market_max_quantity, \
         i.listed_shares, i.market_band_ppm, i.maker_fee_ppm, i.taker_fee_ppm, i.open_order_cap, \
         i.session_rules, i.phase_until, i.quote_until, i.halts, k.mode AS breaker, \
         k.window_seconds, k.trigger_ppm, k.call_seconds, k.bound_ppm, t.batch, t.principal, \
         t.spread_ppm, t.max_quantity AS odd_max_quantity, t.max_value AS odd_max_value, \
         p.house_net, i.seq \
         FROM trading.instruments i \
         LEFT JOIN trading.assets b ON b.asset_id = i.base_asset \
         LEFT JOIN trading.assets q ON q.asset_id = i.quote_asset \
         LEFT JOIN trading.breakers k USING (instrument_id) \
         LEFT JOIN trading.odd_lot_terms t USING (instrument_id) \
         LEFT JOIN trading.odd_lot_positions p USING (instrument_id) \
         WHERE i.symbol = $1",
    )
    .bind(symbol)
    .fetch_one(pool)
    .await?;
    Ok(Some((line, detail)))
}

/// An auction as it was.
#[derive(Clone, Debug, FromRow)]
#[allow(missing_docs)] // columns of trading.auctions
pub struct Auction {
    #[sqlx(try_from = "At")]
    pub at: Timestamp,
    pub seq: i64,
    pub kind: String,
    pub outcome: String,
    price: i64,
    quantity: i64,
    surplus: i64,
    price_digits: i16,
    quantity_digits: i16,
}

impl Auction {
    /// Its price, if it had one.
    pub fn price(&self) -> Option<String> {
        (self.price != 0).then(|| decimal(self.price.into(), digits(self.price_digits)))
    }

    /// What it traded.
    pub fn quantity(&self) -> String {
        decimal(self.quantity.into(), digits(self.quantity_digits))
    }

    /// Bids less offers left over.
    pub fn surplus(&self) -> String {
        decimal(self.surplus.into(), digits(self.quantity_digits))
    }
}

/// The newest auctions of an instrument.
///
/// # Errors
/// When the database does not answer.
pub async fn auctions(pool: &PgPool, instrument: i32, limit: i64) -> sqlx::Result<Vec<Auction>> {
    sqlx::query_as(
        "SELECT a.at, a.seq, a.kind, a.outcome, a.price, a.quantity, a.surplus, i.price_digits, \
         i.quantity_digits FROM trading.auctions a JOIN trading.instruments i USING (instrument_id) \
         WHERE a.instrument_id = $1 ORDER BY a.seq DESC, a.ordinal DESC LIMIT $2",
    )
    .bind(instrument)
    .bind(limit)
    .fetch_all(pool)
    .await
}

/// A change of a special or sequential quote.
#[derive(Clone, Debug, FromRow)]
#[allow(missing_docs)] // columns of trading.quotes
pub struct Quote {
    #[sqlx(try_from = "At")]
    pub at: Timestamp,
    pub seq: i64,
    pub kind: String,
    pub side: String,
    price: i64,
    pub until: Option<At>,
    price_digits: i16,
}

impl Quote {
    /// Its kind and side in one word.
    pub fn code(&self) -> String {
        format!("{}_{}", self.kind, self.side)
    }

    /// Its price, if it has one.
    pub fn price(&self) -> Option<String> {
        (self.price != 0).then(|| decimal(self.price.into(), digits(self.price_digits)))
    }
}

/// The newest changes of an instrument's quotes.
///
/// # Errors
/// When the database does not answer.
pub async fn quotes(pool: &PgPool, instrument: i32, limit: i64) -> sqlx::Result<Vec<Quote>> {
    sqlx::query_as(
        "SELECT q.at, q.seq, q.kind, q.side, q.price, q.until, i.price_digits \
         FROM trading.quotes q JOIN trading.instruments i USING (instrument_id) \
         WHERE q.instrument_id = $1 ORDER BY q.seq DESC, q.ordinal DESC LIMIT $2",
    )
    .bind(instrument)
    .bind(limit)
    .fetch_all(pool)
    .await
}
