//! Rows of history with the engine's types, and how the database's words become them.

use zaraba_engine::Reject;
use zaraba_engine::command::StopLeg;
use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::event::{Cause, CloseReason};
use zaraba_engine::types::*;

use super::{HistoryError, timestamp};

/// An order as projected: the same shape as in memory, and who sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// The order. Its times are in whole microseconds.
    pub state: OrderState,
    /// By which door it came: `rest`, `stream`, `admin`, `system`.
    pub via: String,
    /// Number of the API key that signed it; zero where none did.
    pub api_key: u32,
}

/// Which side of a trade one was on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Liquidity {
    /// Resting.
    Maker,
    /// Aggressive.
    Taker,
    /// Neither: in a call auction.
    Auction,
    /// With the house, at an odd-lot desk.
    Desk,
}

impl Liquidity {
    /// Of a side of a trade between two orders.
    pub fn of(taker: bool, auction: bool) -> Liquidity {
        match (auction, taker) {
            (true, _) => Liquidity::Auction,
            (false, true) => Liquidity::Taker,
            (false, false) => Liquidity::Maker,
        }
    }

    /// `maker`, `taker`, `auction` or `desk`, as in the public contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Liquidity::Maker => "maker",
            Liquidity::Taker => "taker",
            Liquidity::Auction => "auction",
            Liquidity::Desk => "desk",
        }
    }
}

/// One side of a trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillRow {
    /// Number: trade x 2, + 1 for the taker.
    pub fill_id: u64,
    /// The trade.
    pub trade: TradeId,
    /// The order.
    pub order: OrderId,
    /// Its owner.
    pub account: AccountId,
    /// Where.
    pub instrument: InstrumentId,
    /// Side of this order.
    pub side: Side,
    /// Price of the trade.
    pub price: Price,
    /// Quantity of the trade.
    pub quantity: Quantity,
    /// Fee in `fee_asset`; negative: rebate.
    pub fee: Amount,
    /// What the fee is paid in.
    pub fee_asset: AssetId,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// When, in whole microseconds.
    pub at: Timestamp,
    /// Sequence of the command that traded.
    pub seq: Seq,
}

/// One change of a balance's total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// When, in whole microseconds.
    pub at: Timestamp,
    /// Sequence of the command.
    pub seq: Seq,
    /// Position among the command's events.
    pub ordinal: u32,
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// The change.
    pub delta: Amount,
    /// Total after it.
    pub total: Amount,
    /// Why.
    pub cause: Cause,
    /// Trade id; zero: none.
    pub reference: u64,
    /// The client's own id of a transfer.
    pub client_reference: Option<String>,
    /// Who made a transfer.
    pub actor: Option<String>,
    /// Why a transfer was made.
    pub reason: Option<String>,
}

/// What happened to an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OrderEventKind {
    /// It was taken in.
    Accepted,
    /// It was refused.
    Rejected,
    /// It has new values.
    Amended,
    /// It traded.
    Trade,
    /// It is no longer live.
    Closed,
    /// It waits outside the book.
    Parked,
    /// An if-done order was registered behind its first order.
    Attached,
    /// A waiting order became active, or an OCO changed halves.
    Triggered,
    /// Part of it did not trade because the other side was the same account's.
    Prevented,
    /// It was set off and could not be taken; it ends with the next event.
    SetOffRefused,
}

impl OrderEventKind {
    /// As in the tables: `accepted`, `rejected`, `amended`, `trade`, `closed`, `parked`,
    /// `attached`, `triggered`, `prevented`, `set_off_refused`.
    pub fn as_str(self) -> &'static str {
        match self {
            OrderEventKind::Accepted => "accepted",
            OrderEventKind::Rejected => "rejected",
            OrderEventKind::Amended => "amended",
            OrderEventKind::Trade => "trade",
            OrderEventKind::Closed => "closed",
            OrderEventKind::Parked => "parked",
            OrderEventKind::Attached => "attached",
            OrderEventKind::Triggered => "triggered",
            OrderEventKind::Prevented => "prevented",
            OrderEventKind::SetOffRefused => "set_off_refused",
        }
    }
}

/// One event of an order's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderEventRow {
    /// When, in whole microseconds.
    pub at: Timestamp,
    /// Sequence of the command.
    pub seq: Seq,
    /// Position among the command's events.
    pub ordinal: u32,
    /// The order.
    pub order: OrderId,
    /// Its owner.
    pub account: AccountId,
    /// Where.
    pub instrument: InstrumentId,
    /// What happened.
    pub kind: OrderEventKind,
    /// Limit price then, or price of the trade; zero: market.
    pub price: Price,
    /// Of this event: total (accepted, rejected, amended, attached, triggered), traded,
    /// prevented, or left unfilled (closed).
    pub quantity: Quantity,
    /// Open quantity after it.
    pub remaining: Quantity,
    /// The trade, for trades.
    pub trade: Option<TradeId>,
    /// Reject code or close reason.
    pub code: Option<String>,
    /// By which door, where a client or person asked for this.
    pub via: Option<String>,
    /// Number of the API key that asked; zero: none.
    pub api_key: Option<u32>,
}

/// An event together with the order as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderChange {
    /// What happened.
    pub event: OrderEventRow,
    /// The order as projected now, later changes included.
    pub order: OrderRow,
}

/// A row of `trading.orders` as queried.
pub(super) struct RawOrder {
    pub order_id: i64,
    pub account_id: i32,
    pub instrument_id: i32,
    pub client_order_id: String,
    pub side: String,
    pub kind: String,
    pub time_in_force: String,
    pub post_only: bool,
    pub price: i64,
    pub quantity: i64,
    pub filled: i64,
    pub notional: i64,
    pub status: String,
    pub reject_code: Option<String>,
    pub close_reason: Option<String>,
    pub condition: String,
    pub self_trade: String,
    pub short_sale: String,
    pub trigger_price: i64,
    pub trigger_when: Option<String>,
    pub stop_price: i64,
    pub stop_when: Option<String>,
    pub stop_limit: i64,
    pub expires: i32,
    pub parent_id: i64,
    pub child_id: i64,
    pub prevented: i64,
    pub amount: i64,
    pub odd_lot: bool,
    pub via: String,
    pub api_key: i32,
    pub created_us: i64,
    pub updated_us: i64,
    pub seq: i64,
}

/// A row of `trading.fills` as queried.
pub(super) struct RawFill {
    pub fill_id: i64,
    pub trade_id: i64,
    pub order_id: i64,
    pub account_id: i32,
    pub instrument_id: i32,
    pub side: String,
    pub price: i64,
    pub quantity: i64,
    pub fee: i64,
    pub fee_asset: i32,
    pub liquidity: String,
    pub at_us: i64,
    pub seq: i64,
}

/// A row of `trading.ledger_entries` as queried.
pub(super) struct RawLedger {
    pub at_us: i64,
    pub seq: i64,
    pub ordinal: i32,
    pub account_id: i32,
    pub asset_id: i32,
    pub delta: i64,
    pub total: i64,
    pub cause: String,
    pub reference: i64,
    pub client_reference: Option<String>,
    pub actor: Option<String>,
    pub reason: Option<String>,
}

/// A row of `trading.order_events` as queried.
pub(super) struct RawEvent {
    pub at_us: i64,
    pub seq: i64,
    pub ordinal: i32,
    pub order_id: i64,
    pub account_id: i32,
    pub instrument_id: i32,
    pub kind: String,
    pub price: i64,
    pub quantity: i64,
    pub remaining: i64,
    pub trade_id: Option<i64>,
    pub code: Option<String>,
    pub via: Option<String>,
    pub api_key: Option<i32>,
}

/// Finds the value whose word this is.
pub(super) fn word<T: Copy>(
    column: &'static str,
    word: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, String> {
    all.iter()
        .copied()
        .find(|value| name(*value) == word)
        .ok_or_else(|| format!("{column} is {word:?}"))
}

const EVENT_KINDS: [OrderEventKind; 10] = [
    OrderEventKind::Accepted,
    OrderEventKind::Rejected,
    OrderEventKind::Amended,
    OrderEventKind::Trade,
    OrderEventKind::Closed,
    OrderEventKind::Parked,
    OrderEventKind::Attached,
    OrderEventKind::Triggered,
    OrderEventKind::Prevented,
    OrderEventKind::SetOffRefused,
];
const LIQUIDITIES: [Liquidity; 4] =
    [Liquidity::Maker, Liquidity::Taker, Liquidity::Auction, Liquidity::Desk];

fn trigger(price: i64, when: Option<&str>) -> Result<Option<Trigger>, String> {
    let Some(when) = when else { return Ok(None) };
    let when = word("when", when, TriggerWhen::ALL, TriggerWhen::as_str)?;
    Ok(Some(Trigger { price: Price(price), when }))
}

impl RawOrder {
    fn read(self) -> Result<OrderRow, String> {
        let state = OrderState {
            order: OrderId(self.order_id as u64),
            account: AccountId(self.account_id as u32),
            instrument: InstrumentId(self.instrument_id as u32),
            side: word("side", &self.side, Side::ALL, Side::as_str)?,
            kind: word("type", &self.kind, OrderKind::ALL, OrderKind::as_str)?,
            time_in_force: word(
                "time_in_force",
                &self.time_in_force,
                TimeInForce::ALL,
                TimeInForce::as_str,
            )?,
            post_only: self.post_only,
            price: Price(self.price),
            quantity: Quantity(self.quantity),
            filled: Quantity(self.filled),
            notional: self.notional,
            status: word("status", &self.status, OrderStatus::ALL, OrderStatus::as_str)?,
            reject: match &self.reject_code {
                Some(code) => Some(word("reject_code", code, &Reject::ALL, Reject::code)?),
                None => None,
            },
            closed: match &self.close_reason {
                Some(code) => {
                    Some(word("close_reason", code, CloseReason::ALL, CloseReason::as_str)?)
                }
                None => None,
            },
            condition: word("condition", &self.condition, Condition::ALL, Condition::as_str)?,
            self_trade: word("self_trade", &self.self_trade, SelfTrade::ALL, SelfTrade::as_str)?,
            short: word("short_sale", &self.short_sale, ShortSale::ALL, ShortSale::as_str)?,
            trigger: trigger(self.trigger_price, self.trigger_when.as_deref())?,
            stop: trigger(self.stop_price, self.stop_when.as_deref())?
                .map(|trigger| StopLeg { trigger, price: Price(self.stop_limit) }),
            expires: self.expires as u32,
            parent: OrderId(self.parent_id as u64),
            child: OrderId(self.child_id as u64),
            prevented: Quantity(self.prevented),
            amount: Amount(self.amount),
            odd_lot: self.odd_lot,
            client_id: ClientId::new(&self.client_order_id).ok_or("client_order_id is too long")?,
            created_at: timestamp(self.created_us),
            updated_at: timestamp(self.updated_us),
            seq: Seq(self.seq as u64),
        };
        Ok(OrderRow { state, via: self.via, api_key: self.api_key as u32 })
    }
}

impl TryFrom<RawOrder> for OrderRow {
    type Error = HistoryError;
    fn try_from(raw: RawOrder) -> Result<OrderRow, HistoryError> {
        let what = format!("order {}", raw.order_id);
        raw.read().map_err(|why| HistoryError::Damaged { what, why })
    }
}

impl TryFrom<RawFill> for FillRow {
    type Error = HistoryError;
    fn try_from(raw: RawFill) -> Result<FillRow, HistoryError> {
        let damaged = |why| HistoryError::Damaged { what: format!("fill {}", raw.fill_id), why };
        Ok(FillRow {
            fill_id: raw.fill_id as u64,
            trade: TradeId(raw.trade_id as u64),
            order: OrderId(raw.order_id as u64),
            account: AccountId(raw.account_id as u32),
            instrument: InstrumentId(raw.instrument_id as u32),
            side: word("side", &raw.side, Side::ALL, Side::as_str).map_err(damaged)?,
            price: Price(raw.price),
            quantity: Quantity(raw.quantity),
            fee: Amount(raw.fee),
            fee_asset: AssetId(raw.fee_asset as u32),
            liquidity: word("liquidity", &raw.liquidity, &LIQUIDITIES, Liquidity::as_str)
                .map_err(damaged)?,
            at: timestamp(raw.at_us),
            seq: Seq(raw.seq as u64),
        })
    }
}

impl TryFrom<RawLedger> for LedgerRow {
    type Error = HistoryError;
    fn try_from(raw: RawLedger) -> Result<LedgerRow, HistoryError> {
        let what = || format!("ledger entry {}.{}", raw.seq, raw.ordinal);
        let cause = word("cause", &raw.cause, Cause::ALL, Cause::as_str)
            .map_err(|why| HistoryError::Damaged { what: what(), why })?;
        Ok(LedgerRow {
            at: timestamp(raw.at_us),
            seq: Seq(raw.seq as u64),
            ordinal: raw.ordinal as u32,
            account: AccountId(raw.account_id as u32),
            asset: AssetId(raw.asset_id as u32),
            delta: Amount(raw.delta),
            total: Amount(raw.total),
            cause,
            reference: raw.reference as u64,
            client_reference: raw.client_reference,
            actor: raw.actor,
            reason: raw.reason,
        })
    }
}

impl TryFrom<RawEvent> for OrderEventRow {
    type Error = HistoryError;
    fn try_from(raw: RawEvent) -> Result<OrderEventRow, HistoryError> {
        let what = || format!("order event {}.{}", raw.seq, raw.ordinal);
        let kind = word("kind", &raw.kind, &EVENT_KINDS, OrderEventKind::as_str)
            .map_err(|why| HistoryError::Damaged { what: what(), why })?;
        Ok(OrderEventRow {
            at: timestamp(raw.at_us),
            seq: Seq(raw.seq as u64),
            ordinal: raw.ordinal as u32,
            order: OrderId(raw.order_id as u64),
            account: AccountId(raw.account_id as u32),
            instrument: InstrumentId(raw.instrument_id as u32),
            kind,
            price: Price(raw.price),
            quantity: Quantity(raw.quantity),
            remaining: Quantity(raw.remaining),
            trade: raw.trade_id.map(|id| TradeId(id as u64)),
            code: raw.code,
            via: raw.via,
            api_key: raw.api_key.map(|key| key as u32),
        })
    }
}

/// Reads all rows, or says which one cannot be read.
pub(super) fn read_all<R, T: TryFrom<R, Error = HistoryError>>(
    rows: Vec<R>,
) -> Result<Vec<T>, HistoryError> {
    rows.into_iter().map(T::try_from).collect()
}
