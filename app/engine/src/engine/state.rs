//! Orders, accounts, balances and levels as they stand: what queries return.

use crate::command::StopLeg;
use crate::event::CloseReason;
use crate::reject::Reject;
use crate::types::*;

code!(/// How an order stands.
OrderStatus {
    /// Live, nothing filled.
    Open = 0 => "open",
    /// Live, something filled.
    PartiallyFilled = 1 => "partially_filled",
    /// Filled whole.
    Filled = 2 => "filled",
    /// Ended by a cancel, or the rest of an immediate order; may be partly filled.
    Cancelled = 3 => "cancelled",
    /// Ended with its day; may be partly filled.
    Expired = 4 => "expired",
    /// Refused.
    Rejected = 5 => "rejected",
    /// Live, waiting outside the book: for its trigger, its first order, its moment.
    PendingTrigger = 6 => "pending_trigger",
});

impl OrderStatus {
    /// Whether it can still trade.
    pub fn is_live(self) -> bool {
        matches!(
            self,
            OrderStatus::Open | OrderStatus::PartiallyFilled | OrderStatus::PendingTrigger
        )
    }
}

/// An order as it stands: what a query returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderState {
    /// Number.
    pub order: OrderId,
    /// Owner.
    pub account: AccountId,
    /// Where.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// How long.
    pub time_in_force: TimeInForce,
    /// Refused rather than taking.
    pub post_only: bool,
    /// Limit price; zero for market orders.
    pub price: Price,
    /// Total quantity.
    pub quantity: Quantity,
    /// Filled quantity.
    pub filled: Quantity,
    /// Sum of price x quantity of its fills, in price units x quantity units; with `filled`
    /// the exact average price.
    pub notional: i64,
    /// How it stands.
    pub status: OrderStatus,
    /// Why it was refused.
    pub reject: Option<Reject>,
    /// Why it ended.
    pub closed: Option<CloseReason>,
    /// When it takes part.
    pub condition: Condition,
    /// What it does on meeting an order of its own account.
    pub self_trade: SelfTrade,
    /// Whether a sell is of borrowed shares.
    pub short: ShortSale,
    /// What it waits for, or waited for.
    pub trigger: Option<Trigger>,
    /// The other half of an OCO.
    pub stop: Option<StopLeg>,
    /// Last trading day of a period order; zero: none.
    pub expires: u32,
    /// The first order of an if-done pair; zero: none.
    pub parent: OrderId,
    /// The order that follows; zero: none.
    pub child: OrderId,
    /// Quantity prevented from trading with the same account.
    pub prevented: Quantity,
    /// Quote amount of a market order by amount; zero: by quantity.
    pub amount: Amount,
    /// Whether it is an odd-lot order.
    pub odd_lot: bool,
    /// The client's own id.
    pub client_id: ClientId,
    /// When it was sequenced.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Sequence of its last change.
    pub seq: Seq,
}

/// An account as it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccountState {
    /// The broker's code.
    pub code: AccountCode,
    /// What it may do.
    pub status: AccountStatus,
}

/// A balance as it stands. Available is `total - locked`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BalanceState {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// What the account owns.
    pub total: Amount,
    /// The part that open orders can spend.
    pub locked: Amount,
}

/// One price level of a book.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LevelState {
    /// Price.
    pub price: Price,
    /// Total open quantity.
    pub quantity: Quantity,
    /// Number of orders.
    pub orders: u32,
}
