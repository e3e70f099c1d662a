//! Why orders ended and balances changed.

use crate::engine::OrderStatus;

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
    /// DAY order at the end of its day, or a period order at the end of its last.
    Expired = 5,
    /// It met an order of its own account.
    SelfTrade = 6,
    /// An opening- or closing-only order, or a market order, that its auction left unfilled.
    AuctionRest = 7,
    /// A period order whose price is off the new day's tick.
    OffTick = 8,
    /// A period order whose price is outside the new day's limits.
    OffLimits = 9,
    /// An if-done order whose first order ended without a fill.
    ParentEnded = 10,
    /// Set off, but it could not be taken: no funds, a halt, a limit.
    TriggerRefused = 11,
    /// The rest of an order that a circuit breaker stopped.
    Breaker = 12,
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
            CloseReason::SelfTrade => "self_trade",
            CloseReason::AuctionRest => "auction_rest",
            CloseReason::OffTick => "off_tick",
            CloseReason::OffLimits => "off_limits",
            CloseReason::ParentEnded => "parent_ended",
            CloseReason::TriggerRefused => "trigger_refused",
            CloseReason::Breaker => "circuit_breaker",
        }
    }

    /// Every reason, in order of number.
    pub const ALL: [CloseReason; 13] = {
        use CloseReason::*;
        [
            Filled,
            Cancelled,
            CancelledMany,
            ImmediateRest,
            FillOrKill,
            Expired,
            SelfTrade,
            AuctionRest,
            OffTick,
            OffLimits,
            ParentEnded,
            TriggerRefused,
            Breaker,
        ]
    };

    /// How an order stands that ended for this reason.
    pub fn status(self) -> OrderStatus {
        match self {
            CloseReason::Filled => OrderStatus::Filled,
            CloseReason::Expired | CloseReason::OffTick | CloseReason::OffLimits => {
                OrderStatus::Expired
            }
            _ => OrderStatus::Cancelled,
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
    /// What a trade moved, moved back, and what it should have moved.
    Correction = 7,
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
            Cause::Correction => "correction",
        }
    }
}
