//! One instrument as the market room shows it: levels, newest trades, candles, ticker,
//! phase, and what of it has yet to be published.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde::Serialize;
use zaraba_engine::event::Trade;
use zaraba_engine::instrument::{Footing, InstrumentState};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use super::candles::{Candle, Interval, Series};
use super::gathering::outlook;
use super::ladder::{Ladder, Units};
use super::shapes::{
    AuctionShape, CandleShape, IndicativeShape, PhaseShape, QuoteShape, TickerShape, TradeShape,
    halt_words, moment, to_json,
};
use super::text::{decimal, time};
use crate::live::rules::HaltNote;

/// One trade, as everyone may see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Print {
    /// Number.
    pub trade: TradeId,
    /// Price.
    pub price: Price,
    /// Quantity.
    pub quantity: Quantity,
    /// Side of the taker; buy where neither side took.
    pub taker_side: Side,
    /// Whether it was in an auction.
    pub auction: bool,
    /// When.
    pub at: Timestamp,
    /// Sequence of the command that traded.
    pub seq: Seq,
}

/// One instrument.
pub struct Listing {
    /// Definition and how it stands.
    pub state: InstrumentState,
    /// Why it is halted, as far as that is known.
    pub halt_note: Option<HaltNote>,
    /// Whether a kill switch stops it.
    pub killed: bool,
    /// From where its movements are measured.
    pub footing: Footing,
    /// The newest auction seen.
    auction: Option<AuctionShape>,
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
    /// Whether the newest outlook told was of gathering orders.
    pub outlook_told: bool,
    /// Whether its phase, or anything told with that, changed since it was published.
    pub phase_changed: bool,
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
struct PhaseMessage {
    r#type: &'static str,
    #[serde(flatten)]
    phase: PhaseShape,
    seq: u64,
}

#[derive(Serialize)]
struct AuctionMessage<'a> {
    r#type: &'static str,
    symbol: &'a str,
    indicative: Option<IndicativeShape>,
    last: Option<&'a AuctionShape>,
    seq: u64,
}

#[derive(Serialize)]
struct AuctionResult<'a> {
    r#type: &'static str,
    symbol: &'a str,
    #[serde(flatten)]
    auction: &'a AuctionShape,
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
            state: *state,
            halt_note: None,
            killed: state.killed,
            footing: Footing::default(),
            auction: None,
            ladder: Ladder::new(Arc::new(units), seq),
            seq,
            trades_kept: trades_kept.max(1),
            trades: VecDeque::new(),
            candles: Interval::ALL
                .map(|interval| Series::new(interval, spec.profile, candles_kept)),
            unpublished: Vec::new(),
            unpublished_candles: BTreeSet::new(),
            ticker_changed: false,
            outlook_told: false,
            phase_changed: false,
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
            auction: trade.auction,
            at,
            seq,
        };
        if self.trades.len() == self.trades_kept {
            self.trades.pop_front();
        }
        self.trades.push_back(print);
        self.unpublished.push(print);
        self.state.last_price = print.price;
        self.footing.follow(trade.instrument, &Event::Trade(*trade));
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
        decimal(i128::from(price.0), self.state.spec.price_digits)
    }

    fn quantity(&self, quantity: Quantity) -> String {
        decimal(i128::from(quantity.0), self.state.spec.quantity_digits)
    }

    /// A trade as everyone sees it.
    pub fn trade_shape(&self, print: &Print) -> TradeShape {
        TradeShape {
            trade_id: print.trade.to_string(),
            price: self.price(print.price),
            quantity: self.quantity(print.quantity),
            side: print.taker_side.as_str(),
            auction: print.auction,
            time: time(print.at),
            seq: print.seq.0,
        }
    }

    /// The ticker of the day that `now` is in, as of `seq`.
    pub fn ticker(&self, now: Timestamp, seq: Seq) -> TickerShape {
        let days = self.series(Interval::Day);
        let today = Interval::Day.start(self.state.spec.profile, now);
        let day = days.last().filter(|day| day.start >= today);
        let previous = match day {
            Some(day) => days.iter().rev().find(|candle| candle.start < day.start),
            None => days.last(),
        };
        let some = |price: Price| (price != Price::ZERO).then_some(price);
        let last = some(self.state.last_price);
        let reference = previous
            .map(|candle| candle.close)
            .or(some(self.state.spec.base_price))
            .or(day.map(|day| day.open));
        let change = last.zip(reference).map(|(last, reference)| {
            decimal(i128::from(last.0) - i128::from(reference.0), self.state.spec.price_digits)
        });
        let (bid, ask) = (self.ladder.best_bid(), self.ladder.best_ask());
        let quote = self.state.quote.kind;
        TickerShape {
            symbol: self.state.spec.symbol.to_string(),
            last: last.map(|price| self.price(price)),
            reference: reference.map(|price| self.price(price)),
            change,
            open: day.map(|day| self.price(day.open)),
            high: day.map(|day| self.price(day.high)),
            low: day.map(|day| self.price(day.low)),
            volume: decimal(day.map_or(0, |day| day.volume), self.state.spec.quantity_digits),
            turnover: decimal(
                day.map_or(0, |day| day.turnover),
                self.state.spec.price_digits + self.state.spec.quantity_digits,
            ),
            trades: day.map_or(0, |day| day.trades),
            best_bid: bid.map(|(price, _)| self.price(price)),
            best_bid_quantity: bid.map(|(_, quantity)| self.quantity(quantity)),
            best_ask: ask.map(|(price, _)| self.price(price)),
            best_ask_quantity: ask.map(|(_, quantity)| self.quantity(quantity)),
            phase: self.state.phase_word(),
            phase_until: moment(self.state.until),
            quote_kind: (quote != QuoteKind::Free).then(|| quote.as_str()),
            seq: seq.0,
        }
    }

    /// The `trades` message of the unpublished trades, which are then published.
    pub fn take_trades_message(&mut self) -> Option<String> {
        let last = self.unpublished.last()?.seq;
        let prints = std::mem::take(&mut self.unpublished);
        Some(to_json(&TradesMessage {
            r#type: "trades",
            symbol: self.state.spec.symbol.as_str(),
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
            symbol: self.state.spec.symbol.as_str(),
            interval: interval.as_str(),
            seq: seq.0,
            candle: CandleShape::new(candle, interval, &self.state.spec),
        })
    }

    /// Takes in an event about how it stands.
    pub fn stands(&mut self, instrument: InstrumentId, command: &Command, event: &Event) {
        self.state.follow(instrument, command, event);
        self.footing.follow(instrument, event);
        self.phase_changed = true;
        self.ticker_changed = true;
    }

    /// Takes in an auction that took place.
    pub fn auctioned(&mut self, auction: &Auction, seq: Seq, at: Timestamp) {
        let price = auction.price;
        self.auction = Some(AuctionShape {
            kind: auction.kind.as_str(),
            end: auction.end.as_str(),
            price: (price != Price::ZERO).then(|| self.price(price)),
            quantity: self.quantity(auction.quantity),
            surplus: self.quantity(auction.surplus),
            time: time(at),
            seq: seq.0,
        });
    }

    /// How it stands.
    pub fn phase(&self) -> PhaseShape {
        let spec = &self.state.spec;
        let some = |price: Price| (price != Price::ZERO).then(|| self.price(price));
        PhaseShape {
            symbol: spec.symbol.to_string(),
            phase: self.state.phase_word(),
            until: moment(self.state.until),
            halted: self.state.status == InstrumentStatus::Halted,
            halts: halt_words(self.state.halts),
            halt_reason: self.halt_note.as_ref().map(|note| note.reason.clone()),
            killed: self.killed,
            short_restricted: self.state.short_restricted,
            quote: QuoteShape::of(&self.state.quote, spec),
            base_price: some(spec.base_price),
            limit_down: some(spec.limit_down),
            limit_up: some(spec.limit_up),
        }
    }

    /// What the auction that orders gather for would do now; `None` when they do not.
    pub fn indicative(&self) -> Option<IndicativeShape> {
        let outcome = outlook(&self.state, &self.footing, &self.ladder)?;
        Some(IndicativeShape {
            end: outcome.end.as_str(),
            price: (outcome.price != 0).then(|| self.price(Price(outcome.price))),
            quantity: self.quantity(Quantity(outcome.quantity)),
            surplus: self.quantity(Quantity(outcome.surplus)),
        })
    }

    /// The newest auction seen.
    pub fn last_auction(&self) -> Option<&AuctionShape> {
        self.auction.as_ref()
    }

    /// The `phase` message.
    pub fn phase_message(&self, seq: Seq) -> String {
        to_json(&PhaseMessage { r#type: "phase", phase: self.phase(), seq: seq.0 })
    }

    /// The `auction` message: what an auction would do now, and what the last one did.
    pub fn auction_message(&self, seq: Seq) -> String {
        to_json(&AuctionMessage {
            r#type: "auction",
            symbol: self.state.spec.symbol.as_str(),
            indicative: self.indicative(),
            last: self.auction.as_ref(),
            seq: seq.0,
        })
    }

    /// The `auction_result` message of the newest auction.
    pub fn auction_result(&self) -> Option<String> {
        let auction = self.auction.as_ref()?;
        let symbol = self.state.spec.symbol.as_str();
        Some(to_json(&AuctionResult { r#type: "auction_result", symbol, auction }))
    }
}

/// What an `Auction` event says.
#[derive(Clone, Copy, Debug)]
pub struct Auction {
    /// Which auction.
    pub kind: AuctionKind,
    /// How it ended.
    pub end: AuctionEnd,
    /// At which price; zero: none.
    pub price: Price,
    /// How much traded.
    pub quantity: Quantity,
    /// The imbalance.
    pub surplus: Quantity,
}
