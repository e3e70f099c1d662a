//! The engine: lock, match, settle in one step.

use crate::command::{AssetSpec, Command};
use crate::event::{CloseReason, Event};
use crate::instrument::InstrumentState;
use crate::reject::Reject;
use crate::types::*;

/// How an order stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum OrderStatus {
    /// Live, nothing filled.
    Open = 0,
    /// Live, something filled.
    PartiallyFilled = 1,
    /// Filled whole.
    Filled = 2,
    /// Ended by a cancel, or the rest of an immediate order; may be partly filled.
    Cancelled = 3,
    /// Ended with its day; may be partly filled.
    Expired = 4,
    /// Refused.
    Rejected = 5,
}

impl OrderStatus {
    /// As in the public contract: `open`, `partially_filled`, ...
    pub fn as_str(self) -> &'static str {
        match self {
            OrderStatus::Open => "open",
            OrderStatus::PartiallyFilled => "partially_filled",
            OrderStatus::Filled => "filled",
            OrderStatus::Cancelled => "cancelled",
            OrderStatus::Expired => "expired",
            OrderStatus::Rejected => "rejected",
        }
    }

    /// Whether it is in the book.
    pub fn is_live(self) -> bool {
        matches!(self, OrderStatus::Open | OrderStatus::PartiallyFilled)
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

/// The trading state and the only code that changes it.
#[derive(Default)]
pub struct Engine {
    seq: Seq,
    state_hash: u64,
}

impl Engine {
    /// An empty state, before `Genesis`.
    pub fn new() -> Engine {
        Engine::default()
    }

    /// Applies command number `seq` (one more than the last) at time `at` and appends what
    /// it did to `events`.
    ///
    /// # Panics
    /// When an invariant of the state is broken or `seq` is not the next one: the process
    /// must not trade on.
    pub fn apply(&mut self, seq: Seq, at: Timestamp, command: &Command, events: &mut Vec<Event>) {
        let _ = (at, command, events);
        self.seq = seq;
    }

    /// Sequence of the last applied command; zero before the first.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Running hash over everything that happened; equal for equal journals.
    pub fn state_hash(&self) -> u64 {
        self.state_hash
    }

    /// All assets, by number.
    pub fn assets(&self) -> impl Iterator<Item = (AssetId, AssetSpec)> + '_ {
        std::iter::empty()
    }

    /// All instruments, by number.
    pub fn instruments(&self) -> impl Iterator<Item = (InstrumentId, InstrumentState)> + '_ {
        std::iter::empty()
    }

    /// All accounts, by number.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, AccountState)> + '_ {
        std::iter::empty()
    }

    /// All balances that ever existed, in order of creation.
    pub fn balances(&self) -> impl Iterator<Item = BalanceState> + '_ {
        std::iter::empty()
    }

    /// All remembered orders (live, finished, refused), in no promised order.
    pub fn orders(&self) -> impl Iterator<Item = OrderState> + '_ {
        std::iter::empty()
    }

    /// One remembered order.
    pub fn order(&self, _order: OrderId) -> Option<OrderState> {
        None
    }

    /// One side of a book, best price first.
    pub fn depth(
        &self,
        _instrument: InstrumentId,
        _side: Side,
    ) -> impl Iterator<Item = LevelState> + '_ {
        std::iter::empty()
    }

    /// The trading day of a profile as yyyymmdd; zero before the first roll.
    pub fn day(&self, _profile: Profile) -> u32 {
        0
    }

    /// Number of the newest trade; zero before the first.
    pub fn last_trade(&self) -> TradeId {
        TradeId(0)
    }

    /// Checks everything that must hold (sums, locks, books, indexes) by going over the
    /// whole state. Slow: for tests and `journal verify`.
    ///
    /// # Errors
    /// The first thing found wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        Ok(())
    }

    /// Writes the whole state as bytes, in pieces, to `sink`.
    pub fn export(&self, _sink: &mut dyn FnMut(&[u8])) {}

    /// Rebuilds a state from what `export` wrote.
    ///
    /// # Errors
    /// What is wrong with the bytes, in words; [`crate::STATE_VERSION`] mismatches included.
    pub fn import(_bytes: &[u8]) -> Result<Engine, String> {
        Ok(Engine::new())
    }
}
