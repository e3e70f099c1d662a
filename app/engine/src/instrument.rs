//! What an instrument is: units, ticks, lots, limits, fees. Reference data and the pure
//! functions over it; no book, no state.

use crate::jpx;
use crate::reject::Reject;
use crate::types::{
    AssetId, Halts, InstrumentStatus, Name, Phase, Price, Profile, Quantity, Quote, QuoteKind,
    Symbol, Timestamp,
};

/// Which prices are allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TickRule {
    /// One tick size, in price units, at every price.
    Fixed(Price),
    /// Tokyo's table for TOPIX500 constituents (price unit: 0.1 yen).
    TseTopix500,
    /// Tokyo's table for all other shares (price unit: 0.1 yen).
    TseOther,
}

/// Everything that defines an instrument when it is created.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstrumentSpec {
    /// Public code.
    pub symbol: Symbol,
    /// Human name.
    pub name: Name,
    /// Which market's rules.
    pub profile: Profile,
    /// What is bought and sold.
    pub base_asset: AssetId,
    /// What it is paid in.
    pub quote_asset: AssetId,
    /// A price unit is 10^-`price_digits` of the quote asset (tse: 1).
    pub price_digits: u8,
    /// A quantity unit is 10^-`quantity_digits` of the base asset (tse: 0).
    pub quantity_digits: u8,
    /// Allowed prices.
    pub ticks: TickRule,
    /// Trading unit: quantities are multiples of it.
    pub lot: Quantity,
    /// Smallest order.
    pub min_quantity: Quantity,
    /// Largest order.
    pub max_quantity: Quantity,
    /// Previous close; reference for limits. Zero: none.
    pub base_price: Price,
    /// Lowest allowed price of the day. Zero: none.
    pub limit_down: Price,
    /// Highest allowed price of the day. Zero: none.
    pub limit_up: Price,
    /// Market orders may go this far from the last (or base) price, in parts per million,
    /// where the instrument has no daily limits.
    pub market_band_ppm: u32,
    /// Maker fee in parts per million of the notional; negative is a rebate. Above -1,000,000.
    pub maker_fee_ppm: i32,
    /// Taker fee in parts per million of the notional, zero or more, below 1,000,000.
    pub taker_fee_ppm: i32,
    /// Open orders one account may have in this instrument; zero: no cap.
    pub open_order_cap: u32,
    /// Tokyo's session rules: phases, call auctions, renewal widths, special and sequential
    /// quotes, resting market orders, limits rolled by the engine. Profile `tse` only.
    pub session_rules: bool,
    /// Listed shares: an order may be for 30% of them at most. Zero: unknown.
    pub listed_shares: Quantity,
    /// Smallest market order; zero: as any other.
    pub market_min_quantity: Quantity,
    /// Largest market order; zero: as any other.
    pub market_max_quantity: Quantity,
}

/// An instrument as it stands: what a query returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstrumentState {
    /// Its definition with today's base price and limits.
    pub spec: InstrumentSpec,
    /// What its book accepts now.
    pub status: InstrumentStatus,
    /// Price of the newest trade; zero: none yet.
    pub last_price: Price,
    /// What the session lets its book do now.
    pub phase: Phase,
    /// When the phase ends, if known; else zero.
    pub until: Timestamp,
    /// Its quote.
    pub quote: Quote,
    /// Which order kinds and sides it refuses.
    pub halts: Halts,
    /// Whether the short-sale price rule binds.
    pub short_restricted: bool,
    /// Whether its own kill switch is on.
    pub killed: bool,
    /// Lowest and highest price the auction of the present call may have; `None`: any, or no
    /// call.
    pub call_range: Option<(Price, Price)>,
}

/// What decides, besides how an instrument stands, from where its movements are measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Footing {
    /// Whether its last price is of the present trading day; of a market without sessions,
    /// whether it ever traded.
    pub traded_today: bool,
    /// While orders gather in a session: the special quote of before that is still measured from,
    /// as nothing traded since; zero: none.
    pub carried: Price,
}

impl Footing {
    /// The price movements are measured from, and auctions choose nearest to; zero: none.
    pub fn reference(&self, state: &InstrumentState) -> Price {
        let special = match state.quote.kind {
            QuoteKind::Special => state.quote.price,
            QuoteKind::Free | QuoteKind::Sequential => self.carried,
        };
        let today = if self.traded_today { state.last_price } else { Price::ZERO };
        reference(special, today, state.spec.base_price, state.last_price)
    }
}

/// The price movements are measured from: a special quote that counts, else the last price of
/// today, else the base price, else the last price there was; zero: none.
pub(crate) fn reference(special: Price, last_of_today: Price, base: Price, last: Price) -> Price {
    let known = [special, last_of_today, base];
    known.into_iter().find(|price| *price != Price::ZERO).unwrap_or(last)
}

/// Most digits of a price, quantity or asset unit.
pub const DIGITS_MAX: u8 = 18;

impl TickRule {
    /// The tick size at `price`, in price units.
    pub fn tick_at(self, price: Price) -> i64 {
        match self {
            TickRule::Fixed(tick) => tick.0,
            TickRule::TseTopix500 => jpx::tick_at(&jpx::TICKS_TOPIX500, price),
            TickRule::TseOther => jpx::tick_at(&jpx::TICKS_OTHER, price),
        }
    }

    /// Whether `price` is a multiple of the tick at that price.
    pub fn allows(self, price: Price) -> bool {
        price.0 % self.tick_at(price) == 0
    }

    /// The lowest price on tick at or above `price`; the highest number if there is none.
    pub fn up(self, price: i64) -> i64 {
        if price == i64::MAX {
            return price;
        }
        let tick = self.tick_at(Price(price));
        // The upper end of a band is a multiple of its tick: rounding up stays in the band.
        let over = price.rem_euclid(tick);
        if over == 0 { price } else { price.saturating_add(tick - over) }
    }

    /// The highest price on tick at or below `price`.
    pub fn down(self, price: i64) -> i64 {
        // The lower end of a band, which belongs to the band below, is a multiple of both ticks.
        price - price.rem_euclid(self.tick_at(Price(price)))
    }

    /// The lowest and highest price on tick within a day's limits; zero where there is no limit.
    pub fn extremes(self, limit_down: i64, limit_up: i64) -> (i64, i64) {
        let low = if limit_down == 0 { 0 } else { self.up(limit_down) };
        (low, self.down(limit_up))
    }

    /// The greatest number all allowed prices are multiples of: the step of the book.
    pub fn step(self) -> i64 {
        match self {
            TickRule::Fixed(tick) => tick.0,
            // One for both tables, so that an instrument can change from one to the other.
            TickRule::TseTopix500 | TickRule::TseOther => 1,
        }
    }
}

/// A tick rule as plain numbers: its kind and, if fixed, its tick. The form it has in
/// snapshots and hashes.
pub(crate) fn tick_rule_number(rule: TickRule) -> (u8, i64) {
    match rule {
        TickRule::Fixed(tick) => (0, tick.0),
        TickRule::TseTopix500 => (1, 0),
        TickRule::TseOther => (2, 0),
    }
}

/// The tick rule of these numbers.
pub(crate) fn tick_rule_from_number(kind: u8, tick: i64) -> Option<TickRule> {
    match kind {
        0 => Some(TickRule::Fixed(Price(tick))),
        1 => Some(TickRule::TseTopix500),
        2 => Some(TickRule::TseOther),
        _ => None,
    }
}

/// Whether these can be a day's base price and limits (zero: none).
pub fn valid_price_limits(base_price: Price, limit_down: Price, limit_up: Price) -> bool {
    let signs = base_price.0 >= 0 && limit_down.0 >= 0 && limit_up.0 >= 0;
    signs && (limit_up.0 == 0 || limit_down <= limit_up)
}

impl InstrumentSpec {
    /// Checks a market order's quantity, otherwise sound, against the bounds of its kind.
    pub(crate) fn check_market_quantity(&self, quantity: i64) -> Result<(), Reject> {
        let (least, most) = self.market_quantities();
        if quantity < least {
            return Err(Reject::BelowMinQuantity);
        }
        if quantity > most {
            return Err(Reject::AboveMaxQuantity);
        }
        Ok(())
    }

    /// Smallest and largest market order.
    fn market_quantities(&self) -> (i64, i64) {
        let or = |own: Quantity, other: Quantity| if own.0 == 0 { other.0 } else { own.0 };
        (
            or(self.market_min_quantity, self.min_quantity),
            or(self.market_max_quantity, self.max_quantity),
        )
    }

    /// Checks the definition against itself and its assets' exponents.
    ///
    /// # Errors
    /// [`Reject::InvalidSpec`] when units, ticks, lots, fees or limits contradict each other
    /// or do not fit the arithmetic: a quantity unit finer than the base asset's minor unit,
    /// base and quote the same, no quantity between the bounds, a fee of 100% or more.
    pub fn validate(&self, base_exponent: u8, quote_exponent: u8) -> Result<(), Reject> {
        let units = self.price_digits <= DIGITS_MAX
            && self.quantity_digits <= base_exponent
            // The rounding divisor 10^(price + quantity + ppm - quote digits) fits 128 bits.
            && self.price_digits + self.quantity_digits + 6 <= quote_exponent + 38;
        let ticks = match self.ticks {
            TickRule::Fixed(tick) => tick.0 > 0,
            TickRule::TseTopix500 | TickRule::TseOther => self.price_digits == 1,
        };
        let lots = self.lot.0 > 0
            && self.min_quantity.0 > 0
            && self.max_quantity.0 / self.lot.0.max(1) * self.lot.0 >= self.min_quantity.0;
        let market_lots =
            lots && self.market_min_quantity.0 >= 0 && self.market_max_quantity.0 >= 0 && {
                let (least, most) = self.market_quantities();
                least >= self.min_quantity.0
                    && most <= self.max_quantity.0
                    && most / self.lot.0.max(1) * self.lot.0 >= least
            };
        let fees = self.maker_fee_ppm.unsigned_abs() < 1_000_000
            && (0..1_000_000).contains(&self.taker_fee_ppm);
        let limits = valid_price_limits(self.base_price, self.limit_down, self.limit_up);
        let rules = self.listed_shares.0 >= 0
            && (!self.session_rules || self.profile == Profile::Tse && self.price_digits == 1);
        let names = !self.symbol.is_empty() && self.base_asset != self.quote_asset;
        if units && ticks && lots && market_lots && fees && limits && rules && names {
            Ok(())
        } else {
            Err(Reject::InvalidSpec)
        }
    }
}
