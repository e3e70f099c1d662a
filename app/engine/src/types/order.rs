//! What an order says of itself.

use super::Price;

code!(/// Buy or sell.
Side {
    /// Bids: pays quote, receives base.
    Buy = 0 => "buy",
    /// Offers: pays base, receives quote.
    Sell = 1 => "sell",
});

impl Side {
    /// The other side.
    #[inline]
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }
}

code!(/// What kind of order.
OrderKind {
    /// At the given price or better.
    Limit = 0 => "limit",
    /// At any price up to the protection bound (the day's limit, or the band). Rests only under
    /// Tokyo's session rules, before every limit order.
    Market = 1 => "market",
});

code!(/// How long an order lives.
TimeInForce {
    /// Until cancelled.
    Gtc = 0 => "gtc",
    /// Until the trading day is rolled.
    Day = 1 => "day",
    /// What cannot fill at once is cancelled.
    Ioc = 2 => "ioc",
    /// All at once or nothing.
    Fok = 3 => "fok",
    /// Until the end of a given trading day (a period order), through
    /// [`crate::command::Contingent`] only.
    Gtd = 4 => "gtd",
});

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
