//! Why orders ended and balances changed.

use crate::engine::OrderStatus;
use crate::types::code;

code!(/// Why an order left the book.
CloseReason {
    /// Nothing left to fill.
    Filled = 0 => "filled",
    /// Its owner cancelled it.
    Cancelled = 1 => "cancelled",
    /// Mass cancel.
    CancelledMany = 2 => "cancelled_many",
    /// The rest of an immediate-or-cancel order (market orders included).
    ImmediateRest = 3 => "immediate_rest",
    /// A fill-or-kill order that could not fill whole; it traded nothing.
    FillOrKill = 4 => "fill_or_kill",
    /// DAY order at the end of its day, or a period order at the end of its last.
    Expired = 5 => "expired",
    /// It met an order of its own account.
    SelfTrade = 6 => "self_trade",
    /// An opening- or closing-only order, or a market order, that its auction left unfilled.
    AuctionRest = 7 => "auction_rest",
    /// A period order whose price is off the new day's tick.
    OffTick = 8 => "off_tick",
    /// A period order whose price is outside the new day's limits.
    OffLimits = 9 => "off_limits",
    /// An if-done order whose first order ended without a fill.
    ParentEnded = 10 => "parent_ended",
    /// Set off, but it could not be taken: no funds, a halt, a limit.
    TriggerRefused = 11 => "trigger_refused",
    /// The rest of an order that a circuit breaker stopped.
    Breaker = 12 => "circuit_breaker",
});

impl CloseReason {
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

code!(/// Why a balance changed.
Cause {
    /// Only the lock changed (order accepted, amended, closed).
    Lock = 0 => "lock",
    /// Notional or shares of a trade, the unlock included.
    Trade = 1 => "trade",
    /// A fee or rebate.
    Fee = 2 => "fee",
    /// A rounding difference.
    Rounding = 3 => "rounding",
    /// Deposit.
    Deposit = 4 => "deposit",
    /// Withdrawal.
    Withdraw = 5 => "withdraw",
    /// Adjustment.
    Adjust = 6 => "adjust",
    /// What a trade moved, moved back, and what it should have moved.
    Correction = 7 => "correction",
});
