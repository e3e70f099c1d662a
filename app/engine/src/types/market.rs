//! What a market and its book are doing, and what they allow.

use super::{Price, Side, Timestamp};

code!(/// Which market's rules an instrument follows.
Profile {
    /// Tokyo cash equities.
    Tse = 0 => "tse",
    /// Crypto pairs, 24x7.
    Crypto = 1 => "crypto",
});

code!(/// What people allow an instrument's book to accept; what the session allows is its [`Phase`].
InstrumentStatus {
    /// What its phase allows.
    Open = 0 => "continuous",
    /// Cancel only.
    Halted = 1 => "halted",
    /// Nothing but cancels; the day is over or the instrument is gone.
    Closed = 2 => "closed",
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
