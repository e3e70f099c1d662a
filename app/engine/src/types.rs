//! Ids, checked integers and inline text: the vocabulary of the whole platform.
//!
//! Nothing here knows a rule. Every number is an integer with a named unit; arithmetic
//! that can overflow is checked and says so in its type (`Option`), never wraps.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(/// Dense account number, given by the engine in order of creation. 0-3 are the system's.
    AccountId(u32));
id!(/// Dense instrument number, given by the engine in order of creation.
    InstrumentId(u32));
id!(/// Dense asset number (a currency or a share), given by the engine in order of creation.
    AssetId(u32));
id!(/// Order number: `counter << 24 | slot`. Ascending in time, unique for ever, and the
    /// slot finds the order in memory without a map. Below 2^63, so it fits a bigint.
    OrderId(u64));
id!(/// Trade (execution) number, ascending from 1 over the whole venue.
    TradeId(u64));
id!(/// Position in the journal, from 1. Every state the platform shows carries one.
    Seq(u64));
id!(/// Nanoseconds since the Unix epoch, from the sequencer's clock; never goes back.
    Timestamp(u64));

impl AccountId {
    /// The house: principal trades and corrections.
    pub const HOUSE: AccountId = AccountId(0);
    /// Collects fees and pays rebates; may be negative when rebates exceed fees.
    pub const FEES: AccountId = AccountId(1);
    /// Takes every rounding difference; may be negative.
    pub const ROUNDING: AccountId = AccountId(2);
    /// The world outside: deposits come from it, withdrawals go to it; normally negative.
    pub const OUTSIDE: AccountId = AccountId(3);
    /// How many accounts `Genesis` creates; the first customer gets this number.
    pub const SYSTEM_COUNT: u32 = 4;

    /// Whether this account may hold a negative balance (all system accounts but the house).
    pub fn may_go_negative(self) -> bool {
        matches!(self, Self::FEES | Self::ROUNDING | Self::OUTSIDE)
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub i64);

        impl $name {
            /// Zero.
            pub const ZERO: $name = $name(0);
            /// `self + other`, or `None` on overflow.
            #[inline]
            pub fn plus(self, other: $name) -> Option<$name> {
                self.0.checked_add(other.0).map($name)
            }
            /// `self - other`, or `None` on overflow.
            #[inline]
            pub fn minus(self, other: $name) -> Option<$name> {
                self.0.checked_sub(other.0).map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(/// A count of the instrument's price unit: 10^-`price_digits` of the quote asset.
        Price);
number!(/// A count of the instrument's quantity unit: 10^-`quantity_digits` of the base asset.
        Quantity);
number!(/// A count of an asset's minor unit: 10^-`exponent` of the asset (JPY 4, BTC 8, shares 0).
        Amount);

/// Up to `N` bytes of UTF-8 kept inline, so that commands never allocate for names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> Text<N> {
    /// The empty text.
    pub const EMPTY: Text<N> = Text { bytes: [0; N], len: 0 };

    /// Takes `text` if it is at most `N` bytes long (and `N` at most 255).
    pub fn new(text: &str) -> Option<Text<N>> {
        if text.len() > N || text.len() > 255 {
            return None;
        }
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Text { bytes, len: text.len() as u8 })
    }

    /// The text.
    #[inline]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("")
    }

    /// The bytes of the text, without padding.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len as usize]
    }

    /// The whole storage: the text followed by zero bytes.
    #[inline]
    pub fn padded(&self) -> &[u8; N] {
        &self.bytes
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Instrument code: `7203`, `BTC_JPY`.
pub type Symbol = Text<16>;
/// Human name of an instrument or asset.
pub type Name = Text<64>;
/// Asset code: `JPY`, `BTC`, `7203`.
pub type AssetCode = Text<16>;
/// The broker's code for an account.
pub type AccountCode = Text<24>;
/// The client's own id for an order or transfer; unique per account.
pub type ClientId = Text<36>;

/// Buy or sell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Side {
    /// Bids: pays quote, receives base.
    Buy = 0,
    /// Offers: pays base, receives quote.
    Sell = 1,
}

impl Side {
    /// The other side.
    #[inline]
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    /// `buy` or `sell`, as in the public contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
        }
    }
}

/// What kind of order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum OrderKind {
    /// At the given price or better.
    Limit = 0,
    /// At any price up to the protection bound (the day's limit, or the band); never rests.
    Market = 1,
}

impl OrderKind {
    /// `limit` or `market`, as in the public contract.
    pub fn as_str(self) -> &'static str {
        match self {
            OrderKind::Limit => "limit",
            OrderKind::Market => "market",
        }
    }
}

/// How long an order lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum TimeInForce {
    /// Until cancelled.
    Gtc = 0,
    /// Until the trading day is rolled.
    Day = 1,
    /// What cannot fill at once is cancelled.
    Ioc = 2,
    /// All at once or nothing.
    Fok = 3,
}

impl TimeInForce {
    /// `gtc`, `day`, `ioc`, `fok`, as in the public contract.
    pub fn as_str(self) -> &'static str {
        match self {
            TimeInForce::Gtc => "gtc",
            TimeInForce::Day => "day",
            TimeInForce::Ioc => "ioc",
            TimeInForce::Fok => "fok",
        }
    }
}

/// Which market's rules an instrument follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Profile {
    /// Tokyo cash equities.
    Tse = 0,
    /// Crypto pairs, 24x7.
    Crypto = 1,
}

impl Profile {
    /// `tse` or `crypto`.
    pub fn as_str(self) -> &'static str {
        match self {
            Profile::Tse => "tse",
            Profile::Crypto => "crypto",
        }
    }
}

/// What an account may do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum AccountStatus {
    /// Everything.
    Active = 0,
    /// Cancel only: no new orders, no amendments, no withdrawals.
    Suspended = 1,
    /// Nothing; open orders stay until someone cancels them.
    Closed = 2,
}

impl AccountStatus {
    /// `active`, `suspended`, `closed`.
    pub fn as_str(self) -> &'static str {
        match self {
            AccountStatus::Active => "active",
            AccountStatus::Suspended => "suspended",
            AccountStatus::Closed => "closed",
        }
    }
}

/// What an instrument's book accepts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum InstrumentStatus {
    /// Continuous trading.
    Open = 0,
    /// Cancel only.
    Halted = 1,
    /// Nothing but cancels; the day is over or the instrument is gone.
    Closed = 2,
}

impl InstrumentStatus {
    /// `continuous`, `halted`, `closed`: the public contract's `phase`.
    pub fn as_str(self) -> &'static str {
        match self {
            InstrumentStatus::Open => "continuous",
            InstrumentStatus::Halted => "halted",
            InstrumentStatus::Closed => "closed",
        }
    }
}
