//! The public contract's objects: field names and forms exactly as `docs/API.md` says.
//! Pure: states in, shapes out.

mod money;

use serde::Serialize;
use utoipa::ToSchema;
use zaraba_engine::command::AssetSpec;
use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::{InstrumentSpec, InstrumentState, TickRule};
use zaraba_engine::types::*;

pub use self::money::{BalanceShape, FillCorrectionShape, FillShape, LedgerShape};
use super::decimal::divide_half_even;
use crate::live::Live;
use crate::market::shapes::{IndicativeShape, QuoteShape, halt_words, moment};
use crate::market::text::{decimal, time};

/// Decimals of `average_price` beyond the instrument's.
const AVERAGE_DIGITS: u8 = 4;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct List<T> {
    /// The page.
    pub items: Vec<T>,
    /// Hand in as `cursor` for the next page; null: this is the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Journal sequence the page reflects.
    pub seq: u64,
}

/// An order.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[schema(as = Order)]
pub struct OrderShape {
    /// Number, ascending in time, as a decimal string.
    #[schema(example = "16777217")]
    pub order_id: String,
    /// The client's own id.
    pub client_order_id: String,
    /// Instrument.
    #[schema(example = "7203")]
    pub symbol: String,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// `limit`, `market`, `stop`, `stop_limit`, `take_profit`, `take_profit_limit`.
    pub r#type: &'static str,
    /// `day`, `gtc`, `ioc`, `fok`, `gtd`.
    pub time_in_force: &'static str,
    /// Refused rather than taking liquidity.
    pub post_only: bool,
    /// Limit price; null for market orders.
    #[schema(example = "2530.5")]
    #[schema(required)]
    pub price: Option<String>,
    /// Total quantity.
    pub quantity: String,
    /// Filled quantity.
    pub filled_quantity: String,
    /// What is still open; zero when finished.
    pub remaining_quantity: String,
    /// What did not trade because the other side was the same account's.
    pub prevented_quantity: String,
    /// Exact average price of the fills, rounded half to even to the instrument's price
    /// decimals and four more; null before the first fill.
    #[schema(required)]
    pub average_price: Option<String>,
    /// `open`, `partially_filled`, `filled`, `cancelled`, `expired`, `rejected`,
    /// `pending_trigger` (waits outside the book: for its trigger, its first order, its moment).
    pub status: &'static str,
    /// Why it was rejected, or could not be taken when it was set off.
    #[schema(required)]
    pub reject_code: Option<&'static str>,
    /// Why it ended; null while it lives and when it was rejected.
    #[schema(required)]
    pub close_reason: Option<&'static str>,
    /// `none`, `opening`, `closing`, `funari`, `morning_closing`, `morning_funari`.
    pub condition: &'static str,
    /// `none`, `cancel_taker`, `cancel_maker`, `cancel_both`, `decrement`.
    pub self_trade_prevention: &'static str,
    /// `none`, `short`, `short_exempt`.
    pub short_sale: &'static str,
    /// What it waits or waited for; null without a trigger.
    #[schema(required)]
    pub stop_price: Option<String>,
    /// From which side the last price reaches `stop_price`: `at_or_above`, `at_or_below`.
    #[schema(required)]
    pub trigger_when: Option<&'static str>,
    /// The stop half of an OCO.
    #[schema(required)]
    pub oco: Option<OcoShape>,
    /// Last trading day of a `gtd` order.
    #[schema(required)]
    #[schema(example = "2026-12-30")]
    pub expires_on: Option<String>,
    /// The order this one waits or waited for (if-done).
    #[schema(required)]
    pub parent_order_id: Option<String>,
    /// The order that follows when this one is done.
    #[schema(required)]
    pub child_order_id: Option<String>,
    /// Of a market order by amount: how much of the quote asset, as sent.
    #[schema(required)]
    pub quote_amount: Option<String>,
    /// Odd-lot desk: `batch`, `principal`; null for all other orders.
    #[schema(required)]
    pub odd_lot: Option<&'static str>,
    /// When it was sequenced.
    pub created_at: String,
    /// When it last changed.
    pub updated_at: String,
    /// Journal sequence of its last change.
    pub seq: u64,
}

/// The stop half of an OCO.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[schema(as = Oco)]
pub struct OcoShape {
    /// The last price that sets it off.
    pub stop_price: String,
    /// From which side: `at_or_above`, `at_or_below`.
    pub trigger_when: &'static str,
    /// Limit price from then on; null: market.
    #[schema(required)]
    pub price: Option<String>,
}

impl OrderShape {
    /// An order in its instrument's units.
    pub fn new(order: &OrderState, spec: &InstrumentSpec, live: &Live) -> OrderShape {
        let quantity = |quantity: i64| decimal(i128::from(quantity), spec.quantity_digits);
        let price = |price: Price| decimal(i128::from(price.0), spec.price_digits);
        let open = if order.status.is_live() { order.remaining().0 } else { 0 };
        let number = |order: OrderId| (order.0 != 0).then(|| order.to_string());
        OrderShape {
            order_id: order.order.to_string(),
            client_order_id: order.client_id.to_string(),
            symbol: spec.symbol.to_string(),
            side: order.side.as_str(),
            r#type: type_word(order),
            time_in_force: order.time_in_force.as_str(),
            post_only: order.post_only,
            price: (order.kind == OrderKind::Limit).then(|| price(order.price)),
            quantity: quantity(order.quantity.0),
            filled_quantity: quantity(order.filled.0),
            remaining_quantity: quantity(open),
            prevented_quantity: quantity(order.prevented.0),
            average_price: average(order, spec.price_digits),
            status: order.status.as_str(),
            reject_code: order.reject.map(|reject| reject.code()),
            // The trade that fills an order says so before its end is told.
            close_reason: match order.status {
                OrderStatus::Filled => Some(CloseReason::Filled.as_str()),
                _ => order.closed.map(|reason| reason.as_str()),
            },
            condition: order.condition.as_str(),
            self_trade_prevention: order.self_trade.as_str(),
            short_sale: short_word(order.short),
            stop_price: order.trigger.map(|trigger| price(trigger.price)),
            trigger_when: order.trigger.map(|trigger| trigger.when.as_str()),
            oco: order.stop.map(|stop| OcoShape {
                stop_price: price(stop.trigger.price),
                trigger_when: stop.trigger.when.as_str(),
                price: (stop.price.0 != 0).then(|| price(stop.price)),
            }),
            expires_on: (order.expires != 0).then(|| day_text(order.expires)),
            parent_order_id: number(order.parent),
            child_order_id: number(order.child),
            quote_amount: (order.amount.0 != 0)
                .then(|| live.asset(spec.quote_asset))
                .flatten()
                .map(|asset| amount(order.amount, &asset)),
            odd_lot: order.odd_lot.then(|| desk_of(order).as_str()),
            created_at: time(order.created_at),
            updated_at: time(order.updated_at),
            seq: order.seq.0,
        }
    }

    /// An order of any instrument; `None` when its instrument is not known (a history of
    /// another platform).
    pub fn find(order: &OrderState, live: &Live) -> Option<OrderShape> {
        Some(OrderShape::new(order, &live.spec(order.instrument)?, live))
    }
}

/// An order's public type: what it is, or what it waits as.
pub fn type_word(order: &OrderState) -> &'static str {
    let stops =
        |trigger: Trigger| (trigger.when == TriggerWhen::AtOrAbove) == (order.side == Side::Buy);
    match (order.trigger.map(stops), order.kind) {
        (None, kind) => kind.as_str(),
        (Some(true), OrderKind::Market) => "stop",
        (Some(true), OrderKind::Limit) => "stop_limit",
        (Some(false), OrderKind::Market) => "take_profit",
        (Some(false), OrderKind::Limit) => "take_profit_limit",
    }
}

/// The desk an odd-lot order is for: only the principal one deals at once.
fn desk_of(order: &OrderState) -> Desk {
    match order.time_in_force {
        TimeInForce::Fok | TimeInForce::Ioc => Desk::Principal,
        _ => Desk::Batch,
    }
}

/// As in requests: what is not a short sale is `none`.
fn short_word(short: ShortSale) -> &'static str {
    match short {
        ShortSale::Long => "none",
        other => other.as_str(),
    }
}

/// A day yyyymmdd as `yyyy-mm-dd`.
pub fn day_text(day: u32) -> String {
    format!("{:04}-{:02}-{:02}", day / 10_000, day / 100 % 100, day % 100)
}

fn average(order: &OrderState, price_digits: u8) -> Option<String> {
    let filled = i128::from(order.filled.0);
    (filled > 0).then(|| {
        let scaled = i128::from(order.notional) * 10i128.pow(u32::from(AVERAGE_DIGITS));
        decimal(divide_half_even(scaled, filled), price_digits + AVERAGE_DIGITS)
    })
}

/// An instrument's reference data and how it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Instrument)]
pub struct InstrumentShape {
    /// Instrument code.
    #[schema(example = "7203")]
    pub symbol: String,
    /// `tse` or `crypto`.
    pub profile: &'static str,
    /// Human name.
    pub name: String,
    /// What is bought and sold.
    pub base_asset: String,
    /// What it is paid in.
    pub quote_asset: String,
    /// Prices are multiples of this; null when a table decides.
    #[schema(required)]
    pub tick_size: Option<String>,
    /// `tse_topix500` or `tse_other`; null when `tick_size` decides.
    #[schema(required)]
    pub tick_table: Option<&'static str>,
    /// Quantities are multiples of this.
    pub lot_size: String,
    /// Smallest order.
    pub min_quantity: String,
    /// Largest order.
    pub max_quantity: String,
    /// Smallest market order; null: as other orders.
    #[schema(required)]
    pub market_min_quantity: Option<String>,
    /// Largest market order; null: as other orders.
    #[schema(required)]
    pub market_max_quantity: Option<String>,
    /// Reference of the day's limits.
    #[schema(required)]
    pub base_price: Option<String>,
    /// Highest allowed price of the day.
    #[schema(required)]
    pub limit_up: Option<String>,
    /// Lowest allowed price of the day.
    #[schema(required)]
    pub limit_down: Option<String>,
    /// `halted`, `closed` (by people), else by its session: `continuous`, `pre_open`, `break`,
    /// `pre_close`, `closed`, `call_auction`.
    pub phase: &'static str,
    /// When the phase ends; null: not known.
    #[schema(required)]
    pub phase_until: Option<String>,
    /// Whether only cancels are taken.
    pub halted: bool,
    /// Which order kinds and sides are refused: `limit_buy`, `limit_sell`, `market_buy`,
    /// `market_sell`, `contingent_buy`, `contingent_sell`.
    pub halts: Vec<&'static str>,
    /// Why it was last halted (whole or in part), as far as that is known.
    #[schema(required)]
    pub halt_reason: Option<String>,
    /// Whether a kill switch is on for it or for everything.
    pub killed: bool,
    /// The quote that stands in for trading; null: none.
    #[schema(required)]
    pub quote: Option<QuoteShape>,
    /// What the auction that orders gather for would do now; null when they do not.
    #[schema(required)]
    pub indicative: Option<IndicativeShape>,
    /// Whether the short-sale price rule binds.
    pub short_restricted: bool,
    /// Price of the newest trade.
    #[schema(required)]
    pub last_price: Option<String>,
    /// Decimals of prices.
    pub price_digits: u8,
    /// Decimals of quantities.
    pub quantity_digits: u8,
    /// Fee of resting orders, as a fraction of the notional; negative: a rebate.
    pub maker_fee: String,
    /// Fee of taking orders, as a fraction of the notional.
    pub taker_fee: String,
    /// How far from the last price market orders may go where there are no limits.
    pub market_band: String,
    /// Open orders one account may have; null: no cap.
    #[schema(required)]
    pub open_order_cap: Option<u32>,
    /// Whether it follows Tokyo's sessions.
    pub session_rules: bool,
    /// Listed shares, of which one order may be for 30%; null: not known.
    #[schema(required)]
    pub listed_shares: Option<String>,
    /// Journal sequence it reflects.
    pub seq: u64,
}

impl InstrumentShape {
    /// An instrument, without an outlook.
    pub fn new(state: &InstrumentState, seq: Seq, live: &Live) -> InstrumentShape {
        let spec = &state.spec;
        let price =
            |price: Price| (price.0 != 0).then(|| decimal(i128::from(price.0), spec.price_digits));
        let quantity = |q: Quantity| decimal(i128::from(q.0), spec.quantity_digits);
        let some_quantity = |q: Quantity| (q.0 != 0).then(|| quantity(q));
        let code =
            |asset| live.asset(asset).map(|asset| asset.code.to_string()).unwrap_or_default();
        let (tick_size, tick_table) = match spec.ticks {
            TickRule::Fixed(tick) => (Some(decimal(i128::from(tick.0), spec.price_digits)), None),
            TickRule::TseTopix500 => (None, Some("tse_topix500")),
            TickRule::TseOther => (None, Some("tse_other")),
        };
        InstrumentShape {
            symbol: spec.symbol.to_string(),
            profile: spec.profile.as_str(),
            name: spec.name.to_string(),
            base_asset: code(spec.base_asset),
            quote_asset: code(spec.quote_asset),
            tick_size,
            tick_table,
            lot_size: quantity(spec.lot),
            min_quantity: quantity(spec.min_quantity),
            max_quantity: quantity(spec.max_quantity),
            market_min_quantity: some_quantity(spec.market_min_quantity),
            market_max_quantity: some_quantity(spec.market_max_quantity),
            base_price: price(spec.base_price),
            limit_up: price(spec.limit_up),
            limit_down: price(spec.limit_down),
            phase: state.phase_word(),
            phase_until: moment(state.until),
            halted: state.status == InstrumentStatus::Halted,
            halts: halt_words(state.halts),
            halt_reason: live.halt_reason(&spec.symbol),
            killed: state.killed,
            quote: QuoteShape::of(&state.quote, spec),
            indicative: None,
            short_restricted: state.short_restricted,
            last_price: price(state.last_price),
            price_digits: spec.price_digits,
            quantity_digits: spec.quantity_digits,
            maker_fee: decimal(i128::from(spec.maker_fee_ppm), 6),
            taker_fee: decimal(i128::from(spec.taker_fee_ppm), 6),
            market_band: decimal(i128::from(spec.market_band_ppm), 6),
            open_order_cap: (spec.open_order_cap != 0).then_some(spec.open_order_cap),
            session_rules: spec.session_rules,
            listed_shares: some_quantity(spec.listed_shares),
            seq: seq.0,
        }
    }
}

/// An amount in its asset's decimals.
pub fn amount(amount: Amount, asset: &AssetSpec) -> String {
    decimal(i128::from(amount.0), asset.exponent)
}
