//! What a command did, as plain data, in order. Events carry states *after* the change
//! (absolute values), so that a reader can overwrite and never has to add up. What the
//! command itself says is not repeated: readers get command and events together.

use crate::reject::Reject;
use crate::types::*;

/// Why an order left the book.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum CloseReason {
    /// Nothing left to fill.
    Filled = 0,
    /// Its owner cancelled it.
    Cancelled = 1,
    /// Mass cancel.
    CancelledMany = 2,
    /// The rest of an immediate-or-cancel order (market orders included).
    ImmediateRest = 3,
    /// A fill-or-kill order that could not fill whole; it traded nothing.
    FillOrKill = 4,
    /// DAY order at the end of its day.
    Expired = 5,
}

impl CloseReason {
    /// Stable code, as shown in the event chain.
    pub fn as_str(self) -> &'static str {
        match self {
            CloseReason::Filled => "filled",
            CloseReason::Cancelled => "cancelled",
            CloseReason::CancelledMany => "cancelled_many",
            CloseReason::ImmediateRest => "immediate_rest",
            CloseReason::FillOrKill => "fill_or_kill",
            CloseReason::Expired => "expired",
        }
    }
}

/// Why a balance changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Cause {
    /// Only the lock changed (order accepted, amended, closed).
    Lock = 0,
    /// Notional or shares of a trade, the unlock included.
    Trade = 1,
    /// A fee or rebate.
    Fee = 2,
    /// A rounding difference.
    Rounding = 3,
    /// Deposit.
    Deposit = 4,
    /// Withdrawal.
    Withdraw = 5,
    /// Adjustment.
    Adjust = 6,
}

impl Cause {
    /// Stable code, as in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Cause::Lock => "lock",
            Cause::Trade => "trade",
            Cause::Fee => "fee",
            Cause::Rounding => "rounding",
            Cause::Deposit => "deposit",
            Cause::Withdraw => "withdraw",
            Cause::Adjust => "adjust",
        }
    }
}

/// One trade between two orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trade {
    /// Number.
    pub trade: TradeId,
    /// Where.
    pub instrument: InstrumentId,
    /// The resting order's price.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// Side of the taker.
    pub taker_side: Side,
    /// Resting order.
    pub maker: OrderId,
    /// Aggressive order.
    pub taker: OrderId,
    /// Owner of the resting order.
    pub maker_account: AccountId,
    /// Owner of the aggressive order.
    pub taker_account: AccountId,
    /// Fee of the maker in the quote asset; negative is a rebate.
    pub maker_fee: Amount,
    /// Fee of the taker in the quote asset.
    pub taker_fee: Amount,
    /// What the maker has left.
    pub maker_remaining: Quantity,
    /// What the taker has left.
    pub taker_remaining: Quantity,
}

/// One consequence of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The journal began.
    Begun,
    /// An asset exists.
    AssetCreated {
        /// Its number.
        asset: AssetId,
    },
    /// An account exists.
    AccountCreated {
        /// Its number.
        account: AccountId,
    },
    /// An instrument exists.
    InstrumentCreated {
        /// Its number.
        instrument: InstrumentId,
    },
    /// An account's status is now the command's.
    AccountStatusChanged {
        /// Which account.
        account: AccountId,
        /// New status.
        status: AccountStatus,
    },
    /// An instrument's status is now the command's.
    InstrumentStatusChanged {
        /// Which instrument.
        instrument: InstrumentId,
        /// New status.
        status: InstrumentStatus,
    },
    /// An instrument's limits are now the command's.
    PriceLimitsChanged {
        /// Which instrument.
        instrument: InstrumentId,
    },
    /// The order is in: checked, locked. Trades, resting or closing follow.
    Accepted {
        /// Its number.
        order: OrderId,
        /// Worst price it may trade at: its limit, or a market order's bound.
        bound: Price,
    },
    /// The live order has these values now. Trades may follow (a new price may cross).
    Amended {
        /// Which order.
        order: OrderId,
        /// Owner.
        account: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// Limit price now.
        price: Price,
        /// Total quantity now.
        quantity: Quantity,
        /// Open quantity now.
        remaining: Quantity,
        /// Whether it kept its place in the queue.
        kept_priority: bool,
    },
    /// Two orders traded.
    Trade(Trade),
    /// The order is no longer live.
    Closed {
        /// Which order.
        order: OrderId,
        /// Owner.
        account: AccountId,
        /// Where.
        instrument: InstrumentId,
        /// Why.
        reason: CloseReason,
        /// What was still unfilled.
        remaining: Quantity,
    },
    /// A price level holds this much now; zero: the level is gone. At most once per level
    /// and command, after the changes that led to it.
    Level {
        /// Where.
        instrument: InstrumentId,
        /// Which side of the book.
        side: Side,
        /// At which price.
        price: Price,
        /// Total open quantity.
        quantity: Quantity,
        /// Number of orders.
        orders: u32,
    },
    /// A balance is this now.
    Balance {
        /// Whose.
        account: AccountId,
        /// Of what.
        asset: AssetId,
        /// What the account owns.
        total: Amount,
        /// The part of it that open orders can spend.
        locked: Amount,
        /// Change of `total`.
        delta: Amount,
        /// Why.
        cause: Cause,
        /// The order (`Lock`), trade (`Trade`, `Fee`, `Rounding`) behind it; else zero.
        reference: u64,
    },
    /// The transfer is done (its `Balance` events come before).
    Transferred,
    /// `CancelMany` ended this many orders.
    CancelledMany {
        /// How many.
        count: u32,
        /// Whether matching orders remain: send the command again.
        more: bool,
    },
    /// `RollDay` made progress.
    DayRolled {
        /// How many orders expired.
        count: u32,
        /// Whether the roll is incomplete: send the command again.
        more: bool,
    },
    /// The command was refused and changed nothing, except that a refused `Place` with a
    /// client id has its own number and is remembered as rejected.
    Refused {
        /// Why.
        code: Reject,
        /// The refused order's number, if the command was a `Place` that was recorded.
        order: Option<OrderId>,
    },
    /// A repeat of a known client id with the same content: nothing changed, here is the
    /// first answer's order (zero for transfers).
    Repeated {
        /// The first order.
        order: OrderId,
    },
}
