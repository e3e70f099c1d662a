//! One instrument's price levels as the market room knows them, and what changed since they
//! were last published. Fed with absolute quantities; knows no orders.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use axum::extract::ws::Utf8Bytes;
use zaraba_engine::types::{Price, Quantity, Seq, Side};

use super::text::push_decimal;

/// Most levels per side in one snapshot message. Deeper books are cut and say so.
pub const SNAPSHOT_LEVELS: usize = 5_000;

/// How an instrument's numbers are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// Its code.
    pub symbol: String,
    /// Decimals of a price.
    pub price_digits: u8,
    /// Decimals of a quantity.
    pub quantity_digits: u8,
}

/// Price and quantity of one level; zero: the level is gone.
pub type Level = (Price, Quantity);

/// The levels that changed between two publications, with their quantities now.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Everything up to here was published before.
    pub prev_seq: Seq,
    /// Everything up to here is in.
    pub seq: Seq,
    /// Changed buy levels by price.
    pub bids: BTreeMap<Price, Quantity>,
    /// Changed sell levels by price.
    pub asks: BTreeMap<Price, Quantity>,
    /// Market orders that rest, buys and sells, where that changed.
    pub market: [Option<Quantity>; 2],
}

impl Changes {
    /// Takes in the changes that follow: the newest quantity of each level stays.
    pub fn merge(&mut self, later: &Changes) {
        self.seq = later.seq;
        self.bids.extend(&later.bids);
        self.asks.extend(&later.asks);
        for (own, later) in self.market.iter_mut().zip(later.market) {
            *own = later.or(*own);
        }
    }

    /// Number of levels.
    pub fn len(&self) -> usize {
        self.bids.len() + self.asks.len() + self.market.iter().flatten().count()
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `depth_diff` message.
    pub fn render(&self, units: &Units) -> Utf8Bytes {
        let mut out = String::with_capacity(128 + 40 * self.len());
        out.push_str(r#"{"type":"depth_diff","symbol":""#);
        out.push_str(&units.symbol);
        out.push_str(&format!(r#"","prev_seq":{},"seq":{}"#, self.prev_seq, self.seq));
        push_side(&mut out, "bids", self.bids.iter().rev().map(|(p, q)| (*p, *q)), units);
        push_side(&mut out, "asks", self.asks.iter().map(|(p, q)| (*p, *q)), units);
        push_market(&mut out, self.market, units);
        out.push('}');
        out.into()
    }
}

/// A published difference: its data, for merging, and its bytes, written once for all.
#[derive(Debug)]
pub struct Diff {
    /// What changed.
    pub changes: Changes,
    /// The message.
    pub message: Utf8Bytes,
}

/// A copy of the best levels; its message is written once, by whoever needs it first, so
/// that the market thread never does.
#[derive(Debug)]
pub struct Snapshot {
    units: Arc<Units>,
    /// Everything up to here is in.
    pub seq: Seq,
    /// Best first.
    pub bids: Vec<Level>,
    /// Best first.
    pub asks: Vec<Level>,
    /// Market orders that rest: buys, sells.
    pub market: [Quantity; 2],
    /// Whether these are all levels there are.
    pub complete: bool,
    message: OnceLock<Utf8Bytes>,
}

impl Snapshot {
    /// The `depth_snapshot` message.
    pub fn message(&self) -> Utf8Bytes {
        self.message
            .get_or_init(|| {
                let mut out = String::with_capacity(128 + 40 * (self.bids.len() + self.asks.len()));
                out.push_str(r#"{"type":"depth_snapshot","symbol":""#);
                out.push_str(&self.units.symbol);
                out.push_str(&format!(r#"","seq":{},"complete":{}"#, self.seq, self.complete));
                push_side(&mut out, "bids", self.bids.iter().copied(), &self.units);
                push_side(&mut out, "asks", self.asks.iter().copied(), &self.units);
                push_market(&mut out, self.market.map(Some), &self.units);
                out.push('}');
                out.into()
            })
            .clone()
    }
}

fn push_market(out: &mut String, market: [Option<Quantity>; 2], units: &Units) {
    for (name, quantity) in ["market_bid_quantity", "market_ask_quantity"].iter().zip(market) {
        if let Some(quantity) = quantity {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str("\":\"");
            push_decimal(out, i128::from(quantity.0), units.quantity_digits);
            out.push('"');
        }
    }
}

fn push_side(out: &mut String, name: &str, levels: impl Iterator<Item = Level>, units: &Units) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":[");
    for (index, (price, quantity)) in levels.enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str("[\"");
        push_decimal(out, i128::from(price.0), units.price_digits);
        out.push_str("\",\"");
        push_decimal(out, i128::from(quantity.0), units.quantity_digits);
        out.push_str("\"]");
    }
    out.push(']');
}

/// The levels of one instrument.
#[derive(Debug)]
pub struct Ladder {
    units: Arc<Units>,
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
    /// Market orders that rest, by side: no level, and before all of them.
    market: [Quantity; 2],
    changed: BTreeSet<(Side, Price)>,
    market_changed: [bool; 2],
    /// Up to where differences were published.
    published: Seq,
    snapshot: Option<Arc<Snapshot>>,
}

impl Ladder {
    /// An empty book as of `seq`.
    pub fn new(units: Arc<Units>, seq: Seq) -> Ladder {
        Ladder {
            units,
            bids: BTreeMap::new(),
            asks: BTreeMap::new(),
            market: [Quantity::ZERO; 2],
            changed: BTreeSet::new(),
            market_changed: [false; 2],
            published: seq,
            snapshot: None,
        }
    }

    /// Puts a level in as part of the starting state: nothing to publish.
    pub fn seed(&mut self, side: Side, price: Price, quantity: Quantity) {
        self.side_mut(side).insert(price, quantity);
    }

    /// The same for market orders that rest.
    pub fn seed_market(&mut self, side: Side, quantity: Quantity) {
        self.market[side as usize] = quantity;
    }

    /// Market orders that rest: buys, sells.
    pub fn market(&self) -> [Quantity; 2] {
        self.market
    }

    /// A level holds this much now; price zero: the market orders. Whether something changed
    /// for the readers.
    pub fn set(&mut self, side: Side, price: Price, quantity: Quantity) -> bool {
        if price == Price::ZERO {
            return self.set_market(side, quantity);
        }
        let levels = self.side_mut(side);
        let before = if quantity == Quantity::ZERO {
            levels.remove(&price)
        } else {
            levels.insert(price, quantity)
        };
        if before.unwrap_or_default() == quantity {
            return false;
        }
        self.snapshot = None;
        self.changed.insert((side, price));
        true
    }

    fn set_market(&mut self, side: Side, quantity: Quantity) -> bool {
        let before = std::mem::replace(&mut self.market[side as usize], quantity);
        if before == quantity {
            return false;
        }
        self.snapshot = None;
        self.market_changed[side as usize] = true;
        true
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<Price, Quantity> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Best buy level.
    pub fn best_bid(&self) -> Option<Level> {
        self.bids.last_key_value().map(|(p, q)| (*p, *q))
    }

    /// Best sell level.
    pub fn best_ask(&self) -> Option<Level> {
        self.asks.first_key_value().map(|(p, q)| (*p, *q))
    }

    /// Buy levels, best first.
    pub fn bids(&self) -> impl Iterator<Item = Level> + '_ {
        self.bids.iter().rev().map(|(p, q)| (*p, *q))
    }

    /// Sell levels, best first.
    pub fn asks(&self) -> impl Iterator<Item = Level> + '_ {
        self.asks.iter().map(|(p, q)| (*p, *q))
    }

    /// Buy levels, best first, to be gone through more than once.
    pub fn bids_by_price(&self) -> impl Iterator<Item = (&Price, &Quantity)> + Clone + '_ {
        self.bids.iter().rev()
    }

    /// Sell levels, best first, to be gone through more than once.
    pub fn asks_by_price(&self) -> impl Iterator<Item = (&Price, &Quantity)> + Clone + '_ {
        self.asks.iter()
    }

    /// How its numbers are written.
    pub fn units(&self) -> &Arc<Units> {
        &self.units
    }

    /// What changed since the last call, as of `seq`; `None` when nothing did.
    pub fn take_changes(&mut self, seq: Seq) -> Option<Changes> {
        if self.changed.is_empty() && self.market_changed == [false; 2] {
            return None;
        }
        let mut changes = Changes { prev_seq: self.published, seq, ..Changes::default() };
        for (side, changed) in std::mem::take(&mut self.market_changed).into_iter().enumerate() {
            changes.market[side] = changed.then_some(self.market[side]);
        }
        for (side, price) in std::mem::take(&mut self.changed) {
            let (from, to) = match side {
                Side::Buy => (&self.bids, &mut changes.bids),
                Side::Sell => (&self.asks, &mut changes.asks),
            };
            to.insert(price, from.get(&price).copied().unwrap_or_default());
        }
        self.published = seq;
        // The next difference starts here: a snapshot from before would look like a gap.
        self.snapshot = None;
        Some(changes)
    }

    /// The best levels as of `seq`. Changes not yet published are in it and will come again
    /// as a difference, which is harmless: quantities are absolute.
    pub fn snapshot(&mut self, seq: Seq) -> Arc<Snapshot> {
        // An unchanged book's older snapshot is as true now as it was then.
        if let Some(snapshot) = &self.snapshot {
            return snapshot.clone();
        }
        let snapshot = Arc::new(Snapshot {
            units: self.units.clone(),
            seq,
            bids: self.bids().take(SNAPSHOT_LEVELS).collect(),
            asks: self.asks().take(SNAPSHOT_LEVELS).collect(),
            market: self.market,
            complete: self.bids.len() <= SNAPSHOT_LEVELS && self.asks.len() <= SNAPSHOT_LEVELS,
            message: OnceLock::new(),
        });
        self.snapshot = Some(snapshot.clone());
        snapshot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder() -> Ladder {
        let units = Units { symbol: "BTC_JPY".into(), price_digits: 0, quantity_digits: 2 };
        Ladder::new(Arc::new(units), Seq(5))
    }

    #[test]
    fn changes_are_absolute_and_each_level_comes_once() {
        let mut ladder = ladder();
        assert!(ladder.set(Side::Buy, Price(100), Quantity(10)));
        assert!(ladder.set(Side::Buy, Price(100), Quantity(25)));
        assert!(ladder.set(Side::Sell, Price(101), Quantity(5)));
        assert!(!ladder.set(Side::Sell, Price(102), Quantity(0)));
        let first = ladder.take_changes(Seq(9)).unwrap();
        assert_eq!((first.prev_seq, first.seq), (Seq(5), Seq(9)));
        assert_eq!(first.bids, BTreeMap::from([(Price(100), Quantity(25))]));
        assert_eq!(
            first.render(ladder.units()).as_str(),
            r#"{"type":"depth_diff","symbol":"BTC_JPY","prev_seq":5,"seq":9,"bids":[["100","0.25"]],"asks":[["101","0.05"]]}"#
        );
        assert!(ladder.take_changes(Seq(10)).is_none());
        ladder.set(Side::Sell, Price(101), Quantity(0));
        let second = ladder.take_changes(Seq(12)).unwrap();
        assert_eq!((second.prev_seq, second.seq), (Seq(9), Seq(12)));
        let mut merged = first.clone();
        merged.merge(&second);
        assert_eq!(merged.prev_seq, Seq(5));
        assert_eq!(merged.asks, BTreeMap::from([(Price(101), Quantity(0))]));
    }

    #[test]
    fn market_orders_are_no_level() {
        let mut ladder = ladder();
        assert!(ladder.set(Side::Sell, Price::ZERO, Quantity(30)));
        assert!(!ladder.set(Side::Sell, Price::ZERO, Quantity(30)));
        assert_eq!((ladder.best_ask(), ladder.market()), (None, [Quantity(0), Quantity(30)]));
        let first = ladder.take_changes(Seq(9)).unwrap();
        assert_eq!(
            first.render(ladder.units()).as_str(),
            r#"{"type":"depth_diff","symbol":"BTC_JPY","prev_seq":5,"seq":9,"bids":[],"asks":[],"market_ask_quantity":"0.30"}"#
        );
        ladder.set(Side::Buy, Price::ZERO, Quantity(1));
        ladder.set(Side::Sell, Price::ZERO, Quantity(0));
        let mut merged = first;
        merged.merge(&ladder.take_changes(Seq(10)).unwrap());
        assert_eq!(merged.market, [Some(Quantity(1)), Some(Quantity(0))]);
        let snapshot = ladder.snapshot(Seq(11)).message();
        let market = r#""market_bid_quantity":"0.01","market_ask_quantity":"0.00""#;
        assert!(snapshot.as_str().contains(market), "{snapshot:?}");
    }

    #[test]
    fn a_snapshot_is_shared_until_the_book_changes() {
        let mut ladder = ladder();
        ladder.set(Side::Buy, Price(100), Quantity(10));
        let first = ladder.snapshot(Seq(6));
        assert!(Arc::ptr_eq(&first, &ladder.snapshot(Seq(7))));
        ladder.set(Side::Buy, Price(99), Quantity(1));
        let second = ladder.snapshot(Seq(8));
        assert_eq!(second.bids, [(Price(100), Quantity(10)), (Price(99), Quantity(1))]);
        assert_eq!(first.bids, [(Price(100), Quantity(10))]);
        assert!(second.message().as_str().contains(r#""seq":8,"complete":true"#));
    }
}
