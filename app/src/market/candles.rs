//! Open, high, low, close and volume per interval, built from trades. No clock: a candle's
//! place follows from its trades' times, and an interval without trades has no candle.

use std::collections::VecDeque;

use zaraba_engine::types::{Price, Profile, Quantity, Timestamp};

const SECOND_NS: u64 = 1_000_000_000;
/// Tokyo's offset from UTC; Japan has no summer time.
const JST_NS: u64 = 9 * 3600 * SECOND_NS;

/// How long a candle is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Interval {
    /// One minute.
    Minute = 0,
    /// Five minutes.
    FiveMinutes = 1,
    /// One hour.
    Hour = 2,
    /// One day: JST for `tse`, UTC for `crypto`.
    Day = 3,
}

impl Interval {
    /// Every interval there is, shortest first.
    pub const ALL: [Interval; 4] =
        [Interval::Minute, Interval::FiveMinutes, Interval::Hour, Interval::Day];

    /// `1m`, `5m`, `1h`, `1d`.
    pub fn as_str(self) -> &'static str {
        match self {
            Interval::Minute => "1m",
            Interval::FiveMinutes => "5m",
            Interval::Hour => "1h",
            Interval::Day => "1d",
        }
    }

    /// The interval written as `1m`, `5m`, `1h` or `1d`.
    pub fn parse(text: &str) -> Option<Interval> {
        Interval::ALL.into_iter().find(|interval| interval.as_str() == text)
    }

    /// Length in nanoseconds.
    pub fn length_ns(self) -> u64 {
        SECOND_NS
            * match self {
                Interval::Minute => 60,
                Interval::FiveMinutes => 300,
                Interval::Hour => 3600,
                Interval::Day => 86_400,
            }
    }

    /// How far the intervals of a profile are shifted from UTC, in nanoseconds: only the
    /// Tokyo trading day starts at Tokyo's midnight.
    pub fn shift_ns(self, profile: Profile) -> u64 {
        match (self, profile) {
            (Interval::Day, Profile::Tse) => JST_NS,
            _ => 0,
        }
    }

    /// Start of the interval that holds `at`.
    pub fn start(self, profile: Profile, at: Timestamp) -> Timestamp {
        let shift = self.shift_ns(profile);
        let length = self.length_ns();
        let shifted = at.0.saturating_add(shift);
        Timestamp((shifted - shifted % length).saturating_sub(shift))
    }
}

/// One candle, in the instrument's units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candle {
    /// When its interval began.
    pub start: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Traded quantity, in quantity units.
    pub volume: i128,
    /// Sum of price x quantity, in price units x quantity units.
    pub turnover: i128,
    /// Number of trades.
    pub trades: u64,
}

impl Candle {
    fn add(&mut self, price: Price, quantity: Quantity) {
        self.high = self.high.max(price);
        self.low = self.low.min(price);
        self.close = price;
        self.volume += i128::from(quantity.0);
        self.turnover += i128::from(price.0) * i128::from(quantity.0);
        self.trades += 1;
    }

    /// Takes in the part of the same interval that was traded before `self`'s part.
    fn prepend(&mut self, earlier: &Candle) {
        self.open = earlier.open;
        self.high = self.high.max(earlier.high);
        self.low = self.low.min(earlier.low);
        self.volume += earlier.volume;
        self.turnover += earlier.turnover;
        self.trades += earlier.trades;
    }
}

/// The newest candles of one instrument and interval, oldest first, at most `kept`.
#[derive(Debug)]
pub struct Series {
    interval: Interval,
    profile: Profile,
    kept: usize,
    candles: VecDeque<Candle>,
}

impl Series {
    /// An empty series that keeps the newest `kept` (at least one) candles.
    pub fn new(interval: Interval, profile: Profile, kept: usize) -> Series {
        Series { interval, profile, kept: kept.max(1), candles: VecDeque::new() }
    }

    /// Takes in a trade; the start of the candle it went into. Trades come in time order.
    pub fn add(&mut self, at: Timestamp, price: Price, quantity: Quantity) -> Timestamp {
        let start = self.interval.start(self.profile, at);
        match self.candles.back_mut() {
            Some(last) if last.start >= start => last.add(price, quantity),
            _ => {
                let mut candle = Candle {
                    start,
                    open: price,
                    high: price,
                    low: price,
                    close: price,
                    volume: 0,
                    turnover: 0,
                    trades: 0,
                };
                candle.add(price, quantity);
                self.candles.push_back(candle);
                if self.candles.len() > self.kept {
                    self.candles.pop_front();
                }
            }
        }
        self.candles.back().map_or(start, |candle| candle.start)
    }

    /// Puts candles of trades from before everything added so far in front (`earlier` is
    /// oldest first); the one whose interval continues in the series is joined with it.
    pub fn warm(&mut self, earlier: Vec<Candle>) {
        for candle in earlier.into_iter().rev() {
            let room = self.candles.len() < self.kept;
            match self.candles.front_mut() {
                Some(first) if first.start == candle.start => first.prepend(&candle),
                Some(first) if first.start < candle.start => {}
                _ if room => self.candles.push_front(candle),
                _ => return,
            }
        }
    }

    /// Candles, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Candle> {
        self.candles.iter()
    }

    /// The newest candle.
    pub fn last(&self) -> Option<&Candle> {
        self.candles.back()
    }

    /// The candle that starts at `start`, if it is kept.
    pub fn at(&self, start: Timestamp) -> Option<&Candle> {
        let index = self.candles.binary_search_by_key(&start, |candle| candle.start).ok()?;
        self.candles.get(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60 * SECOND_NS;

    #[test]
    fn tokyo_days_begin_at_tokyo_midnight_and_crypto_days_at_utc_midnight() {
        // 2026-11-21T15:30:00Z is 00:30 of the 22nd in Tokyo.
        let at = Timestamp(1_795_275_000 * SECOND_NS);
        let tokyo = Interval::Day.start(Profile::Tse, at);
        let utc = Interval::Day.start(Profile::Crypto, at);
        assert_eq!(super::super::text::time(tokyo), "2026-11-21T15:00:00.000000Z");
        assert_eq!(super::super::text::time(utc), "2026-11-21T00:00:00.000000Z");
        assert_eq!(
            Interval::Hour.start(Profile::Tse, at),
            Interval::Hour.start(Profile::Crypto, at)
        );
    }

    #[test]
    fn trades_make_candles_and_old_ones_go() {
        let mut series = Series::new(Interval::Minute, Profile::Crypto, 2);
        for (at, price, quantity) in [(0, 10, 1), (1, 12, 2), (2, 9, 3), (MINUTE, 11, 1)] {
            series.add(Timestamp(at), Price(price), Quantity(quantity));
        }
        let first = *series.iter().next().unwrap();
        assert_eq!(
            (first.open, first.high, first.low, first.close),
            (Price(10), Price(12), Price(9), Price(9))
        );
        assert_eq!((first.volume, first.turnover, first.trades), (6, 61, 3));
        series.add(Timestamp(3 * MINUTE), Price(11), Quantity(1));
        let starts: Vec<u64> = series.iter().map(|candle| candle.start.0).collect();
        assert_eq!(starts, [MINUTE, 3 * MINUTE]);
    }

    #[test]
    fn warming_joins_the_candle_that_was_cut_by_the_restart() {
        let mut whole = Series::new(Interval::Minute, Profile::Crypto, 10);
        let mut before = Series::new(Interval::Minute, Profile::Crypto, 10);
        let mut after = Series::new(Interval::Minute, Profile::Crypto, 10);
        for i in 0..40u64 {
            let (at, price) = (Timestamp(i * 10 * SECOND_NS), Price(100 + (i as i64 * 7) % 13));
            whole.add(at, price, Quantity(1 + i as i64));
            if i < 20 { &mut before } else { &mut after }.add(at, price, Quantity(1 + i as i64));
        }
        after.warm(before.iter().copied().collect());
        assert!(whole.iter().eq(after.iter()));
    }
}
