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
    /// At any price up to the protection bound (the day's limit, or the band). Rests only under
    /// Tokyo's session rules, before every limit order.
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
    /// Until the end of a given trading day (a period order), through
    /// [`crate::command::Contingent`] only.
    Gtd = 4,
}

impl TimeInForce {
    /// `gtc`, `day`, `ioc`, `fok`, `gtd`, as in the public contract.
    pub fn as_str(self) -> &'static str {
        match self {
            TimeInForce::Gtc => "gtc",
            TimeInForce::Day => "day",
            TimeInForce::Ioc => "ioc",
            TimeInForce::Fok => "fok",
            TimeInForce::Gtd => "gtd",
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

/// What people allow an instrument's book to accept; what the session allows is its [`Phase`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum InstrumentStatus {
    /// What its phase allows.
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

macro_rules! code {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal => $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $number,)+ }

        impl $name {
            /// All of them, in order of number.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// Stable code, as in the public contract.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $code,)+ }
            }

            /// The one with this number, as written in journals and snapshots.
            pub fn from_number(number: u8) -> Option<$name> {
                $name::ALL.iter().copied().find(|&it| it as u8 == number)
            }
        }
    };
}

code!(/// When an order takes part (Tokyo).
Condition {
    /// Always.
    Any = 0 => "none",
    /// Yoritsuki: in the next opening auction only; what it leaves ends.
    Opening = 1 => "opening",
    /// Hike: in the day's closing auction only; enters the book at the pre-close.
    Closing = 2 => "closing",
    /// Funari: a limit order that becomes an on-close market order at the pre-close.
    Funari = 3 => "funari",
    /// Zenba hike: in the morning's closing auction only; enters the book at its moment.
    MorningClosing = 4 => "morning_closing",
    /// A limit order that becomes a market order for the morning's closing auction.
    MorningFunari = 5 => "morning_funari",
});

impl Condition {
    /// Whether it turns a limit order into a market order.
    pub(crate) fn turns(self) -> bool {
        matches!(self, Condition::Funari | Condition::MorningFunari)
    }

    /// Whether it is for the end of the morning.
    pub(crate) fn of_morning(self) -> bool {
        matches!(self, Condition::MorningClosing | Condition::MorningFunari)
    }
}

code!(/// What happens when an order would trade with another of the same account, in continuous
/// trading. The newer (taking) order's choice counts.
SelfTrade {
    /// They trade.
    Allow = 0 => "none",
    /// What is left of the newer order is cancelled.
    CancelTaker = 1 => "cancel_taker",
    /// The resting order is cancelled and the newer one goes on.
    CancelMaker = 2 => "cancel_maker",
    /// Both are cancelled.
    CancelBoth = 3 => "cancel_both",
    /// Both lose the smaller one's quantity, untraded; the smaller one ends.
    Decrement = 4 => "decrement",
});

code!(/// Whether a sell is of shares owned or borrowed. Borrowed ones are credited before.
ShortSale {
    /// Owned.
    Long = 0 => "long",
    /// Borrowed: the price rule applies when it is triggered.
    Short = 1 => "short",
    /// Borrowed, and exempt: retail margin up to 50 trading units.
    Exempt = 2 => "short_exempt",
});

code!(/// What a market's session lets a book do. Continuous at creation unless the instrument
/// follows Tokyo's sessions.
Phase {
    /// Orders trade as they come.
    Continuous = 0 => "continuous",
    /// Orders gather for an opening auction.
    PreOpen = 1 => "pre_open",
    /// Between sessions: cancels only.
    Break = 2 => "break",
    /// Orders gather for the closing auction; conditions may not be amended.
    PreClose = 3 => "pre_close",
    /// After the close: cancels only.
    Closed = 4 => "closed",
    /// Orders gather for an auction at a set time (circuit break, resumption, listing).
    Call = 5 => "call_auction",
});

code!(/// A quote that stands in for trading (Tokyo).
QuoteKind {
    /// None: trading is free.
    Free = 0 => "none",
    /// Tokubetsu kehai: renewed by one width every three minutes until an auction can price.
    Special = 1 => "special",
    /// Renzoku yakujo kehai: one minute at two widths from the reference.
    Sequential = 2 => "sequential",
});

/// The quote of an instrument. All zero and `Free` when trading is free.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quote {
    /// Which.
    pub kind: QuoteKind,
    /// Which side is in surplus: a special bid is `Buy`, a special ask `Sell`.
    pub side: Side,
    /// At which price it is shown.
    pub price: Price,
    /// When it is renewed or ends.
    pub due: Timestamp,
}

impl Quote {
    /// No quote.
    pub const FREE: Quote =
        Quote { kind: QuoteKind::Free, side: Side::Buy, price: Price(0), due: Timestamp(0) };
}

code!(/// Which auction.
AuctionKind {
    /// First of the morning.
    Opening = 0 => "opening",
    /// End of the morning.
    MorningClose = 1 => "morning_close",
    /// First of the afternoon.
    AfternoonOpening = 2 => "afternoon_opening",
    /// End of the day.
    Closing = 3 => "closing",
    /// Out of a special or sequential quote.
    Quote = 4 => "quote",
    /// At the end of a bounded circuit break.
    CircuitBreak = 5 => "circuit_break",
    /// At the end of a call without bounds.
    FullRange = 6 => "full_range",
    /// After a halt.
    Resumption = 7 => "resumption",
    /// First of a new instrument.
    Listing = 8 => "listing",
});

code!(/// How an auction ended.
AuctionEnd {
    /// At a price that the conditions admit.
    Priced = 0 => "priced",
    /// Nothing to trade.
    Empty = 1 => "empty",
    /// No admissible price in the range: a special quote (or a longer call) follows.
    Unpriced = 2 => "unpriced",
    /// At the daily limit, shared out (afternoon close only).
    StopAllocation = 3 => "stop_allocation",
    /// At the bound of the range by strict time priority (afternoon close only).
    SpecialExecution = 4 => "special_execution",
});

code!(/// The moments of a trading day, in order. Each is one `Session` command (or several slices).
SessionStep {
    /// Nothing yet.
    None = 0 => "none",
    /// Odd-lot orders from here on wait for the afternoon opening.
    OddLotMorning = 1 => "odd_lot_cutoff_morning",
    /// Orders are taken for the morning opening.
    PreOpen = 2 => "pre_open",
    /// Opening auction, then continuous trading.
    Open = 3 => "open",
    /// Odd-lot orders from here on wait for the close.
    OddLotAfternoon = 4 => "odd_lot_cutoff_afternoon",
    /// Closing auction of the morning, then the break.
    MorningClose = 5 => "morning_close",
    /// Orders are taken for the afternoon opening.
    AfternoonPreOpen = 6 => "afternoon_pre_open",
    /// Opening auction of the afternoon, then continuous trading.
    AfternoonOpen = 7 => "afternoon_open",
    /// Odd-lot orders from here on wait for the next morning.
    OddLotClose = 8 => "odd_lot_cutoff_close",
    /// Trading stops; on-close and funari orders enter the book.
    PreClose = 9 => "pre_close",
    /// Closing auction, then closed.
    Close = 10 => "close",
});

code!(/// When a trigger fires, compared with the last price.
TriggerWhen {
    /// Last price at or above the trigger.
    AtOrAbove = 0 => "at_or_above",
    /// Last price at or below the trigger.
    AtOrBelow = 1 => "at_or_below",
});

/// A price that sets an order off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trigger {
    /// Which price.
    pub price: Price,
    /// From which side.
    pub when: TriggerWhen,
}

id!(/// Number of a group of accounts, for shared limits. Every account is in one; 0 at first.
    GroupId(u16));

id!(/// Number of the firm an account trades through. 0, as at first: none, it stands for itself.
    FirmId(u32));

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

/// Which orders an instrument refuses, one bit per order kind and side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Halts(pub u8);

impl Halts {
    /// Bits in use: limit, market, contingent (stop kinds), each for buys and sells.
    pub const ALL: Halts = Halts(0b11_1111);

    /// The bit of limit orders of this side.
    pub fn limit(side: Side) -> Halts {
        Halts(1 << side as u8)
    }

    /// The bit of market orders of this side.
    pub fn market(side: Side) -> Halts {
        Halts(1 << (2 + side as u8))
    }

    /// The bit of stop kinds of this side.
    pub fn contingent(side: Side) -> Halts {
        Halts(1 << (4 + side as u8))
    }

    /// Whether all of `other`'s bits are set.
    #[inline]
    pub fn has(self, other: Halts) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    pub fn with(self, other: Halts) -> Halts {
        Halts(self.0 | other.0)
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

code!(/// When an instrument's circuit breaker calls an auction.
BreakerMode {
    /// Never.
    Off = 0 => "none",
    /// A call whose price stays within a bound around the reference.
    Bounded = 1 => "circuit_break",
    /// A call without bounds.
    FullRange = 2 => "full_range",
});

code!(/// Which odd-lot desk.
Desk {
    /// Filled at an auction's price; cut-offs decide which.
    Batch = 0 => "batch",
    /// Filled at once at best quote and spread.
    Principal = 1 => "principal",
});
