//! Trades, candles and tickers as JSON: field names and forms of the public contract, for
//! the stream and the market endpoints. Pure: state in, text out.

use serde::Serialize;
use utoipa::ToSchema;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;

use super::candles::{Candle, Interval};
use super::text::{decimal, time};

/// A trade as everyone sees it.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct TradeShape {
    /// Number, ascending over the venue.
    pub trade_id: String,
    /// Price.
    pub price: String,
    /// Quantity.
    pub quantity: String,
    /// Side of the taker: `buy` or `sell`; `buy` where neither side took.
    pub side: &'static str,
    /// Whether it was in a call auction: neither side took.
    pub auction: bool,
    /// When.
    pub time: String,
    /// Sequence of the command that traded.
    pub seq: u64,
}

/// One candle.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct CandleShape {
    /// When its interval began.
    pub open_time: String,
    /// When it ends (exclusive).
    pub close_time: String,
    /// First price.
    pub open: String,
    /// Highest price.
    pub high: String,
    /// Lowest price.
    pub low: String,
    /// Last price.
    pub close: String,
    /// Traded quantity.
    pub volume: String,
    /// Sum of price x quantity in the quote asset.
    pub turnover: String,
    /// Number of trades.
    pub trades: u64,
}

impl CandleShape {
    /// A candle in an instrument's units.
    pub fn new(candle: &Candle, interval: Interval, spec: &InstrumentSpec) -> CandleShape {
        let price = |price: Price| decimal(i128::from(price.0), spec.price_digits);
        CandleShape {
            open_time: time(candle.start),
            close_time: time(Timestamp(candle.start.0 + interval.length_ns())),
            open: price(candle.open),
            high: price(candle.high),
            low: price(candle.low),
            close: price(candle.close),
            volume: decimal(candle.volume, spec.quantity_digits),
            turnover: decimal(candle.turnover, spec.price_digits + spec.quantity_digits),
            trades: candle.trades,
        }
    }
}

/// Statistics of the trading day and the best prices. Days begin at midnight in Tokyo for
/// `tse`, UTC for `crypto`; before the day's first trade its prices are null.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct TickerShape {
    /// Instrument.
    pub symbol: String,
    /// Price of the newest trade ever.
    #[schema(required)]
    pub last: Option<String>,
    /// What `change` is measured from: the previous day's close, else the base price, else
    /// the day's first price.
    #[schema(required)]
    pub reference: Option<String>,
    /// `last` - `reference`.
    #[schema(required)]
    pub change: Option<String>,
    /// The day's first price.
    #[schema(required)]
    pub open: Option<String>,
    /// The day's highest price.
    #[schema(required)]
    pub high: Option<String>,
    /// The day's lowest price.
    #[schema(required)]
    pub low: Option<String>,
    /// The day's traded quantity.
    pub volume: String,
    /// The day's sum of price x quantity.
    pub turnover: String,
    /// The day's number of trades.
    pub trades: u64,
    /// Best buy price.
    #[schema(required)]
    pub best_bid: Option<String>,
    /// Quantity there.
    #[schema(required)]
    pub best_bid_quantity: Option<String>,
    /// Best sell price.
    #[schema(required)]
    pub best_ask: Option<String>,
    /// Quantity there.
    #[schema(required)]
    pub best_ask_quantity: Option<String>,
    /// As of the instrument.
    pub phase: &'static str,
    /// When the phase ends.
    #[schema(required)]
    pub phase_until: Option<String>,
    /// `special` or `sequential` while a quote stands in for trading.
    #[schema(required)]
    pub quote_kind: Option<&'static str>,
    /// Sequence it reflects.
    pub seq: u64,
}

/// A quote that stands in for trading (Tokyo).
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[schema(as = Quote)]
pub struct QuoteShape {
    /// `special` or `sequential`.
    pub kind: &'static str,
    /// The side in surplus: `buy` for a special bid, `sell` for a special ask.
    pub side: &'static str,
    /// At which price it is shown.
    pub price: String,
    /// When it is renewed or ends.
    #[schema(required)]
    pub until: Option<String>,
}

impl QuoteShape {
    /// A quote in an instrument's units; `None` when trading is free.
    pub fn of(quote: &Quote, spec: &InstrumentSpec) -> Option<QuoteShape> {
        (quote.kind != QuoteKind::Free).then(|| QuoteShape {
            kind: quote.kind.as_str(),
            side: quote.side.as_str(),
            price: decimal(i128::from(quote.price.0), spec.price_digits),
            until: moment(quote.due),
        })
    }
}

/// How an instrument stands: what its `phase` channel tells.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct PhaseShape {
    /// Instrument.
    pub symbol: String,
    /// As of the instrument.
    pub phase: &'static str,
    /// When it ends.
    pub until: Option<String>,
    /// Whether only cancels are taken.
    pub halted: bool,
    /// Refused order kinds and sides.
    pub halts: Vec<&'static str>,
    /// Why it is halted, as far as that is known.
    pub halt_reason: Option<String>,
    /// Whether a kill switch is on for it or for everything.
    pub killed: bool,
    /// Whether the short-sale price rule binds.
    pub short_restricted: bool,
    /// The quote that stands in for trading.
    pub quote: Option<QuoteShape>,
    /// The day's base price.
    pub base_price: Option<String>,
    /// The day's lower limit.
    pub limit_down: Option<String>,
    /// The day's upper limit.
    pub limit_up: Option<String>,
}

/// What an auction would do now, while orders gather for one.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[schema(as = Indicative)]
pub struct IndicativeShape {
    /// `priced`; `unpriced`: no price of the executable range is admissible, and `price` is the
    /// end of the range that a special quote would show; `empty`: nothing crosses.
    pub end: &'static str,
    /// At which price.
    #[schema(required)]
    pub price: Option<String>,
    /// How much would trade.
    pub quantity: String,
    /// What bids at the price or better have left over, less what offers have: above zero buys
    /// are in excess.
    pub surplus: String,
}

/// An auction that took place.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[schema(as = Auction)]
pub struct AuctionShape {
    /// `opening`, `morning_close`, `afternoon_opening`, `closing`, `quote` (out of a special or
    /// sequential quote), `circuit_break`, `full_range`, `resumption`, `listing`.
    pub kind: &'static str,
    /// `priced`, `empty`, `unpriced`, `stop_allocation`, `special_execution`.
    pub end: &'static str,
    /// At which price.
    #[schema(required)]
    pub price: Option<String>,
    /// How much traded.
    pub quantity: String,
    /// The imbalance it left.
    pub surplus: String,
    /// When.
    pub time: String,
    /// Sequence of the command that held it.
    pub seq: u64,
}

/// A time; zero is none.
pub fn moment(at: Timestamp) -> Option<String> {
    (at.0 != 0).then(|| time(at))
}

/// The words of the halted order kinds and sides.
pub fn halt_words(halts: Halts) -> Vec<&'static str> {
    HALTS.iter().filter(|(_, halt)| halts.has(*halt)).map(|(word, _)| *word).collect()
}

/// Halts by their public words.
pub const HALTS: [(&str, Halts); 6] = [
    ("limit_buy", Halts(1)),
    ("limit_sell", Halts(1 << 1)),
    ("market_buy", Halts(1 << 2)),
    ("market_sell", Halts(1 << 3)),
    ("contingent_buy", Halts(1 << 4)),
    ("contingent_sell", Halts(1 << 5)),
];

/// JSON of one of our own shapes.
pub fn to_json<T: Serialize>(shape: &T) -> String {
    serde_json::to_string(shape).expect("shapes have string keys and plain values only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halts_have_the_words_of_their_bits() {
        for side in [Side::Buy, Side::Sell] {
            let side_word = side.as_str();
            for (halt, kind) in [
                (Halts::limit(side), "limit"),
                (Halts::market(side), "market"),
                (Halts::contingent(side), "contingent"),
            ] {
                assert_eq!(halt_words(halt), [format!("{kind}_{side_word}")]);
            }
        }
        assert_eq!(halt_words(Halts::ALL).len(), HALTS.len());
    }
}
