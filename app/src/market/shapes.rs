//! The messages of the stream and of the market endpoints as JSON: field names and forms
//! of the public contract. Pure: state in, text out.

use serde::Serialize;
use utoipa::ToSchema;
use zaraba_engine::command::AssetSpec;
use zaraba_engine::engine::{BalanceState, OrderState};
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;

use super::candles::{Candle, Interval};
use super::private::{Body, Fill, PrivateEvent};
use super::text::{decimal, time};

/// What numbers mean: grows, never changes.
#[derive(Default)]
pub struct Reference {
    /// By instrument number.
    pub instruments: Vec<InstrumentSpec>,
    /// By asset number.
    pub assets: Vec<AssetSpec>,
}

impl Reference {
    fn asset(&self, asset: AssetId) -> (&str, u8) {
        self.assets
            .get(asset.0 as usize)
            .map_or(("", 0), |spec| (spec.code.as_str(), spec.exponent))
    }
}

/// A trade as everyone sees it.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct TradeShape {
    /// Number, ascending over the venue.
    pub trade_id: String,
    /// Price.
    pub price: String,
    /// Quantity.
    pub quantity: String,
    /// Side of the taker: `buy` or `sell`.
    pub side: &'static str,
    /// When.
    pub time: String,
    /// Sequence of the command that traded; absent for trades from before the last restart.
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
    pub last: Option<String>,
    /// What `change` is measured from: the previous day's close, else the base price, else
    /// the day's first price.
    pub reference: Option<String>,
    /// `last` - `reference`.
    pub change: Option<String>,
    /// The day's first price.
    pub open: Option<String>,
    /// The day's highest price.
    pub high: Option<String>,
    /// The day's lowest price.
    pub low: Option<String>,
    /// The day's traded quantity.
    pub volume: String,
    /// The day's sum of price x quantity.
    pub turnover: String,
    /// The day's number of trades.
    pub trades: u64,
    /// Best buy price.
    pub best_bid: Option<String>,
    /// Quantity there.
    pub best_bid_quantity: Option<String>,
    /// Best sell price.
    pub best_ask: Option<String>,
    /// Quantity there.
    pub best_ask_quantity: Option<String>,
    /// `continuous`, `halted` or `closed`.
    pub phase: &'static str,
    /// Sequence it reflects.
    pub seq: u64,
}

/// An order, as in the public contract.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct OrderShape {
    order_id: String,
    client_order_id: String,
    symbol: String,
    side: &'static str,
    r#type: &'static str,
    time_in_force: &'static str,
    post_only: bool,
    price: Option<String>,
    quantity: String,
    filled_quantity: String,
    remaining_quantity: String,
    average_price: Option<String>,
    status: &'static str,
    reject_code: Option<&'static str>,
    created_at: String,
    updated_at: String,
    seq: u64,
}

/// A fill, as in the public contract.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct FillShape {
    fill_id: String,
    order_id: String,
    symbol: String,
    side: &'static str,
    price: String,
    quantity: String,
    fee: String,
    fee_asset: String,
    liquidity: &'static str,
    time: String,
    seq: u64,
}

/// A balance, as in the public contract.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct BalanceShape {
    asset: String,
    total: String,
    locked: String,
    available: String,
    seq: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data {
    Order(OrderShape),
    Fill(FillShape),
    Balance(BalanceShape),
}

#[derive(Serialize)]
struct PrivateMessage {
    r#type: &'static str,
    seq: u64,
    ordinal: u32,
    data: Data,
}

/// The message of a private event.
pub fn private_message(event: &PrivateEvent, reference: &Reference) -> String {
    let seq = event.position.seq;
    let (r#type, data) = match &event.body {
        Body::Order(order) => ("order", Data::Order(order_shape(order, reference))),
        Body::Fill(fill) => ("fill", Data::Fill(fill_shape(fill, seq, reference))),
        Body::Balance(balance) => {
            ("balance", Data::Balance(balance_shape(balance, seq, reference)))
        }
    };
    to_json(&PrivateMessage { r#type, seq: seq.0, ordinal: event.position.ordinal, data })
}

/// JSON of one of our own shapes.
pub fn to_json<T: Serialize>(shape: &T) -> String {
    serde_json::to_string(shape).expect("shapes have string keys and plain values only")
}

fn order_shape(order: &OrderState, reference: &Reference) -> OrderShape {
    let spec = reference.instruments.get(order.instrument.0 as usize);
    let (price_digits, quantity_digits) =
        spec.map_or((0, 0), |spec| (spec.price_digits, spec.quantity_digits));
    let quantity = |quantity: i64| decimal(i128::from(quantity), quantity_digits);
    OrderShape {
        order_id: order.order.to_string(),
        client_order_id: order.client_id.to_string(),
        symbol: spec.map(|spec| spec.symbol.to_string()).unwrap_or_default(),
        side: order.side.as_str(),
        r#type: order.kind.as_str(),
        time_in_force: order.time_in_force.as_str(),
        post_only: order.post_only,
        price: (order.kind == OrderKind::Limit)
            .then(|| decimal(i128::from(order.price.0), price_digits)),
        quantity: quantity(order.quantity.0),
        filled_quantity: quantity(order.filled.0),
        remaining_quantity: quantity(match order.status.is_live() {
            true => order.quantity.0 - order.filled.0,
            false => 0,
        }),
        average_price: average(order, price_digits),
        status: order.status.as_str(),
        reject_code: order.reject.map(|reject| reject.code()),
        created_at: time(order.created_at),
        updated_at: time(order.updated_at),
        seq: order.seq.0,
    }
}

fn average(order: &OrderState, price_digits: u8) -> Option<String> {
    let filled = i128::from(order.filled.0);
    (filled > 0).then(|| {
        let scaled = i128::from(order.notional) * 10_000;
        decimal((scaled + filled / 2) / filled, price_digits + 4)
    })
}

fn fill_shape(fill: &Fill, seq: Seq, reference: &Reference) -> FillShape {
    let spec = reference.instruments.get(fill.instrument.0 as usize);
    let (fee_asset, exponent) = spec.map_or(("", 0), |spec| reference.asset(spec.quote_asset));
    FillShape {
        fill_id: fill.fill.to_string(),
        order_id: fill.order.to_string(),
        symbol: spec.map(|spec| spec.symbol.to_string()).unwrap_or_default(),
        side: fill.side.as_str(),
        price: decimal(i128::from(fill.price.0), spec.map_or(0, |spec| spec.price_digits)),
        quantity: decimal(i128::from(fill.quantity.0), spec.map_or(0, |spec| spec.quantity_digits)),
        fee: decimal(i128::from(fill.fee.0), exponent),
        fee_asset: fee_asset.to_owned(),
        liquidity: if fill.taker { "taker" } else { "maker" },
        time: time(fill.at),
        seq: seq.0,
    }
}

fn balance_shape(balance: &BalanceState, seq: Seq, reference: &Reference) -> BalanceShape {
    let (asset, exponent) = reference.asset(balance.asset);
    let amount = |amount: i64| decimal(i128::from(amount), exponent);
    BalanceShape {
        asset: asset.to_owned(),
        total: amount(balance.total.0),
        locked: amount(balance.locked.0),
        available: amount(balance.total.0 - balance.locked.0),
        seq: seq.0,
    }
}
