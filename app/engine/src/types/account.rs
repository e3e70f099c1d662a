//! What accounts may do, whom they stand for, and whom limits bind.

use super::{AccountId, GroupId, InstrumentId};

code!(/// What an account may do.
AccountStatus {
    /// Everything.
    Active = 0 => "active",
    /// Cancel only: no new orders, no amendments, no withdrawals.
    Suspended = 1 => "suspended",
    /// Nothing; open orders stay until someone cancels them.
    Closed = 2 => "closed",
});

code!(/// Whose orders count as one where simultaneous orders share in turns.
Participants {
    /// Each account's own.
    Accounts = 0 => "account",
    /// Those of all accounts of a firm; an account without one stands for itself.
    Firms = 1 => "firm",
});

impl Default for Participants {
    /// As at the beginning of every journal.
    fn default() -> Participants {
        Participants::Accounts
    }
}

code!(/// What a risk limit measures.
RiskMeasure {
    /// Quantity of one order.
    OrderQuantity = 0 => "order_quantity",
    /// Value of one order at its worst price.
    OrderValue = 1 => "order_value",
    /// Value traded today plus the order's at its worst price.
    DayValue = 2 => "day_value",
    /// Open orders, this one included.
    OpenOrders = 3 => "open_orders",
    /// Base asset held, if this and all open buys fill.
    Position = 4 => "position",
    /// Distance of a limit price from the reference, in parts per million.
    Collar = 5 => "price_collar",
    /// New orders and amendments in one second.
    Messages = 6 => "message_rate",
});

/// Whom a risk limit binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RiskScope {
    /// One account.
    Account(AccountId),
    /// Each account of a group that has no limits of its own.
    Members(GroupId),
    /// All accounts of a group together.
    Group(GroupId),
    /// Everyone in one instrument (order quantity, order value, collar; day value and open
    /// orders of all together).
    Instrument(InstrumentId),
}

/// Whom a kill switch stops.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KillScope {
    /// One account.
    Account(AccountId),
    /// All accounts of a group.
    Group(GroupId),
    /// One instrument.
    Instrument(InstrumentId),
    /// Everything.
    Venue,
    /// What is signed with one API key.
    Key(u32),
}
