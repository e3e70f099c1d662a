//! Changes and cancels of orders.

use super::Via;
use crate::types::*;

/// A change of a live order to absolute new values (so that a repeat changes nothing).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amend {
    /// Owner; another account's order is "not found".
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// New limit price; zero: unchanged. Another price loses time priority.
    pub price: Price,
    /// New total quantity (filled part included); zero: unchanged. Only smaller, and above
    /// what is filled. Alone it keeps time priority.
    pub quantity: Quantity,
    /// New condition; `None`: unchanged. Another one loses time priority.
    pub condition: Option<Condition>,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
}

/// A cancel of one order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cancel {
    /// Owner; another account's order is "not found".
    pub account: AccountId,
    /// Which order.
    pub order: OrderId,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
}

/// Cancels every live order that matches all given filters, oldest first per account or
/// best price first per book, at most [`CANCEL_MANY_SLICE`] per command; the event says
/// whether more remain, and the sender repeats the command `from` there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelMany {
    /// Only this account's.
    pub account: Option<AccountId>,
    /// Only in this instrument.
    pub instrument: Option<InstrumentId>,
    /// Only this side.
    pub side: Option<Side>,
    /// Only of accounts in this group; without an account, in no promised order.
    pub group: Option<GroupId>,
    /// With instrument and side: only orders with a limit at this price or better (bids at it or
    /// above, offers at it or below), and market orders in the book. Zero: any.
    pub price: Price,
    /// Where to go on (the `next` of the last answer); at first [`CancelMany::START`]. Zero,
    /// as in the first journals: from the start, however many orders have to be looked at.
    pub from: OrderId,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
}

impl CancelMany {
    /// `from` the start, looking at no more than [`CANCEL_MANY_LOOKED`] orders.
    pub const START: OrderId = OrderId(1);
}

/// Most orders of an account that one `CancelMany` looks at, unless its `from` is zero.
pub const CANCEL_MANY_LOOKED: u32 = 10_000;

/// Most orders one `CancelMany` or `RollDay` command ends.
pub const CANCEL_MANY_SLICE: u32 = 1_000;
