//! What a trading day brought, in a trader's terms: read from the journal by replaying it, so
//! that it needs no database and cannot disagree with what happened. Tokyo's instruments only.
//! Changes nothing and is needed by nothing.

mod tally;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use zaraba_engine::types::Seq;

use crate::journal::{self, Dirs};
use tally::Tally;

/// A trading day.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DaySummary {
    /// Trading day, yyyymmdd.
    pub day: u32,
    /// Last command of the journal.
    #[serde(serialize_with = "seq_number")]
    pub seq: Seq,
    /// State after it.
    #[serde(serialize_with = "hex_number")]
    pub state_hash: u64,
    /// Commands of the day.
    pub commands: u64,
    /// New orders taken, all kinds.
    pub orders: u64,
    /// Amendments done.
    pub amended: u64,
    /// Orders ended by their owner or an operator.
    pub cancelled: u64,
    /// Orders that ended with the day.
    pub expired: u64,
    /// Instruments, and those that traded.
    pub instruments: u64,
    /// Instruments with a trade.
    pub traded: u64,
    /// All trades in the books.
    pub total: Volume,
    /// Trades between auctions.
    pub continuous: Volume,
    /// Auctions by kind.
    pub auctions: BTreeMap<&'static str, Auctions>,
    /// Special quotes (tokubetsu kehai).
    pub special_quotes: Quotes,
    /// Sequential quotes (renzoku yakujo kehai).
    pub sequential_quotes: Quotes,
    /// Quotes that stood when the day was closed.
    pub unresolved_at_close: u64,
    /// Instruments at their upper limit.
    pub limit_up: Limit,
    /// Instruments at their lower limit.
    pub limit_down: Limit,
    /// Instruments whose short-sale price rule was set off.
    pub short_sale_rule: u64,
    /// Conditional orders by condition.
    pub conditions: BTreeMap<&'static str, Conditions>,
    /// The broker's own order kinds.
    pub contingent: Contingent,
    /// Odd-lot fills by desk.
    pub odd_lots: BTreeMap<&'static str, Volume>,
    /// Refusals by code.
    pub refused: BTreeMap<&'static str, u64>,
    /// Greatest rises.
    pub gainers: Vec<Line>,
    /// Greatest falls.
    pub losers: Vec<Line>,
    /// Greatest value.
    pub most_traded: Vec<Line>,
}

/// Trades, shares, yen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Volume {
    /// How many trades.
    pub trades: u64,
    /// Shares.
    pub shares: i64,
    /// Value in yen, rounded down.
    pub yen: i64,
}

/// Auctions of one kind, by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Auctions {
    /// At an admissible price.
    pub priced: u64,
    /// At the limit, shared out (stop haibun).
    pub stop_allocation: u64,
    /// At the bound of the range, by time.
    pub special_execution: u64,
    /// Without a price in the range: a special quote follows.
    pub unpriced: u64,
    /// Nothing to trade.
    pub empty: u64,
    /// Shares.
    pub shares: i64,
    /// Value in yen, rounded down.
    pub yen: i64,
}

/// Quotes of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quotes {
    /// How many.
    pub count: u64,
    /// Renewals of them.
    pub renewals: u64,
    /// The longest, in seconds.
    pub longest_seconds: u64,
}

/// Instruments and a daily limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// Traded there during the day.
    pub touched: u64,
    /// Closed there.
    pub closed: u64,
}

/// Orders with a condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Conditions {
    /// Taken.
    pub orders: u64,
    /// Filled, at least in part.
    pub executed: u64,
    /// Ended without a fill.
    pub unexecuted: u64,
}

/// Stop, OCO and if-done orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Contingent {
    /// Stop orders taken.
    pub stop: u64,
    /// OCO orders taken.
    pub oco: u64,
    /// If-done orders taken.
    pub if_done: u64,
    /// Stop orders and stop halves that were set off.
    pub triggered: u64,
    /// Second orders of if-done pairs that became active.
    pub activated: u64,
}

/// One instrument's day; prices in yen as decimals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Code.
    pub symbol: String,
    /// Name.
    pub name: String,
    /// Base price.
    pub base: String,
    /// First price.
    pub open: String,
    /// Highest.
    pub high: String,
    /// Lowest.
    pub low: String,
    /// Last.
    pub close: String,
    /// Change from the base price, in percent.
    pub percent: f64,
    /// What traded.
    pub volume: Volume,
}

fn seq_number<S: serde::Serializer>(seq: &Seq, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(seq.0)
}

fn hex_number<S: serde::Serializer>(hash: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&format!("{hash:016x}"))
}

/// The summary of a trading day (yyyymmdd), or of the last one with any business, from the
/// journal in a data directory. Every recorded state hash is compared on the way.
///
/// # Errors
/// When the journal is not there, damaged, or gives another state; when it has no such day.
pub fn of_journal(data: &Path, day: Option<u32>) -> Result<DaySummary> {
    let mut tally = Tally::new(day);
    let engine = journal::replay_all(&Dirs::of(data), |engine, at, command, events| {
        tally.take(engine, at, command, events);
    })?;
    let summary = tally.finish(&engine).with_context(|| match day {
        Some(day) => format!("the journal in {} has no trading day {day}", data.display()),
        None => format!("the journal in {} has no trading day yet", data.display()),
    })?;
    Ok(summary)
}
