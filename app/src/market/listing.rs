//! One instrument as the market room shows it: levels, newest trades, candles, ticker,
//! phase, and what of it has yet to be published.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde::Serialize;
use zaraba_engine::event::Trade;
use zaraba_engine::instrument::{InstrumentSpec, InstrumentState};
use zaraba_engine::types::*;

use super::candles::{Candle, Interval, Series};
use super::ladder::{Ladder, Units};
use super::shapes::{CandleShape, TickerShape, TradeShape, to_json};
use super::text::{decimal, time};

/// One trade, as everyone may see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Print {
    /// Number.
    pub trade: TradeId,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// Side of the taker.
    pub taker_side: Side,
    /// When.
    pub at: Timestamp,
    /// Sequence of the command that traded.
    pub seq: Seq,
}

/// One instrument.
pub struct Listing {
    /// Definition, with today's base price.
    pub spec: InstrumentSpec,
    /// What its book accepts.
    pub status: InstrumentStatus,
    /// Price of the newest trade; zero: none.
    pub last_price: Price,
    /// Price levels.
    pub ladder: Ladder,
    /// Sequence of the last command that changed anything shown here.
    pub seq: Seq,
    trades_kept: usize,
    trades: VecDeque<Print>,
    candles: [Series; 4],
    /// Trades not yet published.
    pub unpublished: Vec<Print>,
    /// Candles not yet published as they are now.
    pub unpublished_candles: BTreeSet<(Interval, Timestamp)>,
    /// Whether the ticker changed since it was published.
    pub ticker_changed: bool,
    /// Whether it waits for the next publication.
    pub waiting: bool,
}

#[derive(Serialize)]
struct TradesMessage<'a> {
    r#type: &'static str,
    symbol: &'a str,
    seq: u64,
    items: Vec<TradeShape>,
}

#[derive(Serialize)]
struct TickerMessage<'a> {
    r#type: &'static str,
    #[serde(flatten)]
    ticker: &'a TickerShape,
}

#[derive(Serialize)]
struct CandleMessage<'a> {
    r#type: &'static str,
    symbol: &'a str,
    interval: &'static str,
    seq: u64,
    #[serde(flatten)]
    candle: CandleShape,
}

#[derive(Serialize)]
struct PhaseMessage<'a> {
    r#type: &'static str,
    symbol: &'a str,
    phase: &'static str,
    halted: bool,
    seq: u64,
}

impl Listing {
    /// An instrument as it stands at `seq`, with an empty book and no trades known.
    pub fn new(
        state: &InstrumentState,
        seq: Seq,
        trades_kept: usize,
        candles_kept: usize,
    ) -> Listing {
        let spec = state.spec;
        let units = Units {
            symbol: spec.symbol.to_string(),
            price_digits: spec.price_digits,
            quantity_digits: spec.quantity_digits,
        };
        Listing {
            spec,
            status: state.status,
            last_price: state.last_price,
            ladder: Ladder::new(Arc::new(units), seq),
            seq,
            trades_kept: trades_kept.max(1),
            trades: VecDeque::new(),
            candles: Interval::ALL
                .map(|interval| Series::new(interval, spec.profile, candles_kept)),
            unpublished: Vec::new(),
            unpublished_candles: BTreeSet::new(),
            ticker_changed: false,
            waiting: false,
        }
    }

    /// Takes in a trade.
    pub fn traded(&mut self, trade: &Trade, seq: Seq, at: Timestamp) {
        let print = Print {
            trade: trade.trade,
            price: trade.price,
            quantity: trade.quantity,
            taker_side: trade.taker_side,
            at,
            seq,
        };
        if self.trades.len() == self.trades_kept {
            self.trades.pop_front();
        }
        self.trades.push_back(print);
        self.unpublished.push(print);
        self.last_price = print.price;
        self.ticker_changed = true;
        for (series, interval) in self.candles.iter_mut().zip(Interval::ALL) {
            let start = series.add(at, print.price, print.quantity);
            self.unpublished_candles.insert((interval, start));
        }
    }

    /// Puts trades from before the start (oldest first) in front of those seen since.
    pub fn warm_trades(&mut self, earlier: Vec<Print>) {
        let oldest = self.trades.front().map(|print| print.trade);
        for print in earlier.into_iter().rev() {
            if self.trades.len() >= self.trades_kept {
                break;
            }
            if oldest.is_none_or(|oldest| print.trade < oldest) {
                self.trades.push_front(print);
            }
        }
    }

    /// Puts candles of trades from before the start (oldest first) in front.
    pub fn warm_candles(&mut self, interval: Interval, earlier: Vec<Candle>) {
        self.candles[interval as usize].warm(earlier);
        self.ticker_changed = true;
    }

    /// Kept trades, oldest first.
    pub fn trades(&self) -> impl DoubleEndedIterator<Item = &Print> {
        self.trades.iter()
    }

    /// Kept trades with a number below `before` (all when there is none), oldest first.
    pub fn trades_before(
        &self,
        before: Option<TradeId>,
    ) -> impl DoubleEndedIterator<Item = &Print> {
        let end = before.map_or(self.trades.len(), |before| {
            self.trades.partition_point(|print| print.trade < before)
        });
        self.trades.range(..end)
    }

    /// Candles of an interval.
    pub fn series(&self, interval: Interval) -> &Series {
        &self.candles[interval as usize]
    }

    fn price(&self, price: Price) -> String {
        decimal(i128::from(price.0), self.spec.price_digits)
    }

    fn quantity(&self, quantity: Quantity) -> String {
        decimal(i128::from(quantity.0), self.spec.quantity_digits)
    }

    /// A trade as everyone sees it.
    pub fn trade_shape(&self, print: &Print) -> TradeShape {
        TradeShape {
            trade_id: print.trade.to_string(),
            price: self.price(print.price),
            quantity: self.quantity(print.quantity),
            side: print.taker_side.as_str(),
            time: time(print.at),
            seq: print.seq.0,
        }
    }

    /// The ticker of the day that `now` is in, as of `seq`.
    pub fn ticker(&self, now: Timestamp, seq: Seq) -> TickerShape {
        let days = self.series(Interval::Day);
        let today = Interval::Day.start(self.spec.profile, now);
        let day = days.last().filter(|day| day.start >= today);
        let previous = match day {
            Some(day) => days.iter().rev().find(|candle| candle.start < day.start),
            None => days.last(),
        };
        let some = |price: Price| (price != Price::ZERO).then_some(price);
        let last = some(self.last_price);
        let reference = previous
            .map(|candle| candle.close)
            .or(some(self.spec.base_price))
            .or(day.map(|day| day.open));
        let change = last.zip(reference).map(|(last, reference)| {
            decimal(i128::from(last.0) - i128::from(reference.0), self.spec.price_digits)
        });
        let (bid, ask) = (self.ladder.best_bid(), self.ladder.best_ask());
        TickerShape {
            symbol: self.spec.symbol.to_string(),
            last: last.map(|price| self.price(price)),
            reference: reference.map(|price| self.price(price)),
            change,
            open: day.map(|day| self.price(day.open)),
            high: day.map(|day| self.price(day.high)),
            low: day.map(|day| self.price(day.low)),
            volume: decimal(day.map_or(0, |day| day.volume), self.spec.quantity_digits),
            turnover: decimal(
                day.map_or(0, |day| day.turnover),
                self.spec.price_digits + self.spec.quantity_digits,
            ),
            trades: day.map_or(0, |day| day.trades),
            best_bid: bid.map(|(price, _)| self.price(price)),
            best_bid_quantity: bid.map(|(_, quantity)| self.quantity(quantity)),
            best_ask: ask.map(|(price, _)| self.price(price)),
            best_ask_quantity: ask.map(|(_, quantity)| self.quantity(quantity)),
            phase: self.status.as_str(),
            seq: seq.0,
        }
    }

    /// The `trades` message of the unpublished trades, which are then published.
    pub fn take_trades_message(&mut self) -> Option<String> {
        let last = self.unpublished.last()?.seq;
        let prints = std::mem::take(&mut self.unpublished);
        Some(to_json(&TradesMessage {
            r#type: "trades",
            symbol: self.spec.symbol.as_str(),
            seq: last.0,
            items: prints.iter().map(|print| self.trade_shape(print)).collect(),
        }))
    }

    /// The `ticker` message.
    pub fn ticker_message(&self, now: Timestamp, seq: Seq) -> String {
        to_json(&TickerMessage { r#type: "ticker", ticker: &self.ticker(now, seq) })
    }

    /// The `candle` message of one candle.
    pub fn candle_message(&self, interval: Interval, candle: &Candle, seq: Seq) -> String {
        to_json(&CandleMessage {
            r#type: "candle",
            symbol: self.spec.symbol.as_str(),
            interval: interval.as_str(),
            seq: seq.0,
            candle: CandleShape::new(candle, interval, &self.spec),
        })
    }

    /// The `phase` message.
    pub fn phase_message(&self, seq: Seq) -> String {
        to_json(&PhaseMessage {
            r#type: "phase",
            symbol: self.spec.symbol.as_str(),
            phase: self.status.as_str(),
            halted: self.status == InstrumentStatus::Halted,
            seq: seq.0,
        })
    }
}
