//! Everything that can change the state, as plain data. One command is one journal record.
//!
//! A command carries ids, never names to be looked up, and never a clock reading: its time
//! is given beside it when it is applied.

use crate::instrument::InstrumentSpec;
use crate::types::*;

/// Bounds of the state, fixed by `Genesis` because what is refused depends on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Accounts, system accounts included (up to 2^31).
    pub accounts: u32,
    /// Instruments (up to 65,536).
    pub instruments: u32,
    /// Assets (up to 65,536).
    pub assets: u32,
    /// Live orders. Together with `answers` below 2^24.
    pub live_orders: u32,
    /// Finished orders and transfers remembered for repeats of their client id. A live
    /// order is always remembered; after that the newest this many are.
    pub answers: u32,
    /// (account, asset) balances.
    pub balances: u32,
}

impl Default for Limits {
    /// A broker's size: 1,000,000 accounts, 5,000 instruments, 10,000,000 live orders.
    fn default() -> Self {
        Limits {
            accounts: 1_100_000,
            instruments: 8_192,
            assets: 8_192,
            live_orders: 10_000_000,
            answers: 4_000_000,
            balances: 16_000_000,
        }
    }
}

/// By which door a client's command came in; kept for the audit trail only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Via {
    /// REST.
    Rest = 0,
    /// WebSocket.
    Stream = 1,
    /// The admin API: a person in the console or an operator's tool.
    Admin = 2,
    /// The platform itself (schedule, replay, batch).
    System = 3,
}

/// Who did it and why, for commands of people and batches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Provenance {
    /// Login of the person, or name of the batch.
    pub actor: Text<40>,
    /// Id of the request this came from (`X-Request-Id`, maker-checker request).
    pub request: Text<40>,
    /// Why.
    pub reason: Text<120>,
}

/// A new asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AssetSpec {
    /// Code, unique.
    pub code: AssetCode,
    /// Minor unit is 10^-`exponent` (0 to 8... 18).
    pub exponent: u8,
}

/// A new order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Who pays.
    pub account: AccountId,
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Limit or market.
    pub kind: OrderKind,
    /// How long. Market orders are `Ioc` or `Fok`.
    pub time_in_force: TimeInForce,
    /// Refuse instead of taking liquidity (limit `Gtc` and `Day` only).
    pub post_only: bool,
    /// Limit price; zero for market orders.
    pub price: Price,
    /// How much.
    pub quantity: Quantity,
    /// The client's own id: a repeat gets the first answer. Empty is refused.
    pub client_id: ClientId,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
}

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
/// whether more remain, and the sender repeats the command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CancelMany {
    /// Only this account's.
    pub account: Option<AccountId>,
    /// Only in this instrument.
    pub instrument: Option<InstrumentId>,
    /// Only this side.
    pub side: Option<Side>,
    /// By which door.
    pub via: Via,
    /// Number of the API key that signed it; zero where none did.
    pub key: u32,
}

/// Most orders one `CancelMany` or `RollDay` command ends.
pub const CANCEL_MANY_SLICE: u32 = 1_000;

/// Which way value moves between an account and a system account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum TransferKind {
    /// From `OUTSIDE` to the account; amount above zero.
    Deposit = 0,
    /// From the account to `OUTSIDE`; amount above zero, at most what is available.
    Withdraw = 1,
    /// Between the account and `HOUSE`: amount is signed from the account's view; neither
    /// side may end below what it has locked.
    Adjust = 2,
}

/// A movement of value that is not a trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Which way.
    pub kind: TransferKind,
    /// Whose balance.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// How much, in minor units.
    pub amount: Amount,
    /// Unique per account (a space apart from order ids): a repeat gets the first answer.
    pub reference: ClientId,
}

/// A numbered change of the state.
// Place is the common case and sets the size; the rare large ones are boxed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// First command of every journal: bounds, hash seed; creates the system accounts
    /// with codes `house`, `fees`, `rounding`, `outside`.
    Genesis {
        /// Bounds of the state.
        limits: Limits,
        /// Random seed of the client-id hash, so that clients cannot craft collisions.
        hash_seed: [u64; 2],
    },
    /// Creates an asset.
    CreateAsset(AssetSpec),
    /// Creates an instrument, open for continuous trading.
    CreateInstrument(Box<InstrumentSpec>),
    /// Creates an account, active.
    CreateAccount {
        /// Code, unique.
        code: AccountCode,
    },
    /// Changes what an account may do.
    SetAccountStatus {
        /// Which account.
        account: AccountId,
        /// New status.
        status: AccountStatus,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Changes what an instrument's book accepts.
    SetInstrumentStatus {
        /// Which instrument.
        instrument: InstrumentId,
        /// New status.
        status: InstrumentStatus,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Sets the day's base price and limits. Orders outside the new limits stay.
    SetPriceLimits {
        /// Which instrument.
        instrument: InstrumentId,
        /// New base price; zero: none.
        base_price: Price,
        /// New lower limit; zero: none.
        limit_down: Price,
        /// New upper limit; zero: none.
        limit_up: Price,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// Deposit, withdrawal or adjustment.
    Transfer {
        /// What moves.
        transfer: Transfer,
        /// Who and why.
        by: Box<Provenance>,
    },
    /// New order.
    Place(Place),
    /// Change of a live order.
    Amend(Amend),
    /// Cancel of one order.
    Cancel(Cancel),
    /// Cancel of many.
    CancelMany(CancelMany),
    /// Ends the trading day before `day` for one profile's instruments: DAY orders accepted
    /// on an earlier day expire, at most [`CANCEL_MANY_SLICE`] (and 65,536 slots looked at)
    /// per command.
    RollDay {
        /// Whose day.
        profile: Profile,
        /// The new day as yyyymmdd; one at or before the current day is refused once that
        /// day's roll is complete.
        day: u32,
    },
}
