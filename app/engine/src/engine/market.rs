//! One instrument as matching sees it: its rules in ready-to-use form and its two book sides.

use crate::book::BookSide;
use crate::command::Place;
use crate::engine::Rates;
use crate::instrument::{InstrumentSpec, TickRule};
use crate::matching::stage;
use crate::money::{Divider, Traded, Units};
use crate::reject::Reject;
use crate::types::*;

/// Rules and book of one instrument.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    pub(crate) sides: [BookSide; 2],
    pub(crate) units: Units,
    pub(crate) status: InstrumentStatus,
    pub(crate) phase: Phase,
    pub(crate) until: Timestamp,
    /// The quote that stands in for trading, if any.
    pub(crate) shown: Quote,
    /// Which part of the day places in its queues are of now ([`stage`]); the one behind, once the
    /// session has its first price.
    pub(crate) stage: u8,
    pub(crate) halts: Halts,
    pub(crate) short_restricted: bool,
    pub(crate) killed: bool,
    /// Whether something guards its prices: `reach` has to be asked before every trade.
    pub(crate) guarded: bool,
    /// Lowest and highest price a circuit breaker allows, as of the last look; any price while
    /// there is none.
    pub(crate) guard: (i64, i64),
    /// Whether Tokyo's session rules apply.
    pub(crate) session_rules: bool,
    pub(crate) profile: Profile,
    /// Price of the newest trade; zero: none.
    pub(crate) last_price: i64,
    /// What Tokyo's rules remember of the day.
    pub(crate) tokyo: Tokyo,
    /// Lowest and highest price traded at since the triggers were last looked at; the last
    /// price when they have been, nothing reachable before the first.
    pub(crate) low: i64,
    pub(crate) high: i64,
    /// The nearest trigger prices above and below; nothing can reach them where there are none.
    pub(crate) rising: i64,
    pub(crate) falling: i64,
    /// Whether orders were set off and have not come in yet.
    pub(crate) ready: bool,
    pub(crate) base_price: i64,
    pub(crate) limit_down: i64,
    pub(crate) limit_up: i64,
    min_quantity: i64,
    max_quantity: i64,
    ticks: TickRule,
    /// All prices are multiples of this: the book counts in it.
    step: Divider,
    lot: Divider,
    band_ppm: u32,
    pub(crate) open_order_cap: u32,
    pub(crate) base: AssetId,
    pub(crate) quote: AssetId,
    /// Balances of the fee and rounding accounts in the quote asset.
    pub(crate) fees: u32,
    pub(crate) rounding: u32,
}

/// What Tokyo's rules remember of an instrument's trades; all zero for other instruments.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tokyo {
    /// Whether it traded today, and whether otherwise than by stop allocation.
    pub(crate) traded: bool,
    pub(crate) priced: bool,
    /// Lowest and highest price of the day; zero: none.
    pub(crate) low: i64,
    pub(crate) high: i64,
    /// First price of the present morning or afternoon; zero: none yet.
    pub(crate) first: i64,
    /// The last price that was not the present one; zero: none.
    pub(crate) previous: i64,
    /// When the present minute of trades began, and the price before it.
    pub(crate) window_from: Timestamp,
    pub(crate) window_price: i64,
    /// Days (this one included) the short-sale price rule binds.
    pub(crate) short_days: u8,
    /// Limit days without trading in a row, lower and upper limit.
    pub(crate) limit_days: [u8; 2],
    /// The last special quote since it traded; zero: none.
    pub(crate) special: i64,
    /// Worst price all resting market buys, and all resting market sells, may trade at.
    pub(crate) market_bounds: [i64; 2],
    /// Whether orders with a condition may be in the book.
    pub(crate) conditioned: bool,
}

/// Whether an order of this side and worst price trades at `price`.
#[inline]
pub(crate) fn reaches(side: Side, bound: i64, price: i64) -> bool {
    // Nobody can foresee the side: chosen, not branched on.
    let (low, high) = if side == Side::Buy { (price, bound) } else { (bound, price) };
    low <= high
}

impl Market {
    /// Of a validated definition.
    pub(crate) fn new(
        spec: &InstrumentSpec,
        (base_exponent, quote_exponent): (u8, u8),
        fees: u32,
        rounding: u32,
    ) -> Market {
        Market {
            sides: [BookSide::new(Side::Buy), BookSide::new(Side::Sell)],
            units: Units::new(spec, base_exponent, quote_exponent),
            status: InstrumentStatus::Open,
            phase: Phase::Continuous,
            until: Timestamp(0),
            shown: Quote::FREE,
            stage: 0,
            halts: Halts::default(),
            short_restricted: false,
            killed: false,
            guarded: spec.session_rules,
            guard: (1, i64::MAX),
            session_rules: spec.session_rules,
            profile: spec.profile,
            last_price: 0,
            tokyo: Tokyo::default(),
            low: i64::MAX,
            high: 0,
            rising: i64::MAX,
            falling: 0,
            ready: false,
            base_price: spec.base_price.0,
            limit_down: spec.limit_down.0,
            limit_up: spec.limit_up.0,
            min_quantity: spec.min_quantity.0,
            max_quantity: spec.max_quantity.0,
            ticks: spec.ticks,
            step: Divider::new(spec.ticks.step()),
            lot: Divider::new(spec.lot.0),
            band_ppm: spec.market_band_ppm,
            open_order_cap: spec.open_order_cap,
            base: spec.base_asset,
            quote: spec.quote_asset,
            fees,
            rounding,
        }
    }

    /// Its own fee rates.
    #[inline]
    pub(crate) fn own_rates(&self) -> Rates {
        Rates { maker_ppm: self.units.maker_ppm, taker_ppm: self.units.taker_ppm }
    }

    /// Takes in the price of a trade.
    #[inline]
    pub(crate) fn printed(&mut self, price: i64) {
        self.last_price = price;
        self.low = self.low.min(price);
        self.high = self.high.max(price);
    }

    /// Whether prices since the triggers were last looked at reach the nearest one.
    #[inline]
    pub(crate) fn met(&self, when: TriggerWhen) -> bool {
        match when {
            TriggerWhen::AtOrAbove => self.high >= self.rising,
            TriggerWhen::AtOrBelow => self.low <= self.falling,
        }
    }

    /// Whether prices met any trigger since they were last looked at.
    #[inline]
    pub(crate) fn met_any(&self) -> bool {
        self.met(TriggerWhen::AtOrAbove) || self.met(TriggerWhen::AtOrBelow)
    }

    /// Whether any waiting order was set off, or is to be.
    #[inline]
    pub(crate) fn stirred(&self) -> bool {
        self.ready || self.met_any()
    }

    /// Forgets all prices but the last.
    #[inline]
    pub(crate) fn looked_at(&mut self) {
        if self.last_price != 0 {
            self.low = self.last_price;
            self.high = self.last_price;
        }
    }

    /// Why the instrument takes no orders or amendments now, if so.
    pub(crate) fn refuses(&self) -> Result<(), Reject> {
        match self.status {
            InstrumentStatus::Open => Ok(()),
            InstrumentStatus::Halted => Err(Reject::InstrumentHalted),
            InstrumentStatus::Closed => Err(Reject::InstrumentClosed),
        }
    }

    /// Whether orders come together without trading as they come: before an auction, while a
    /// special quote is shown, or until an auction has found the session's first price.
    #[inline]
    pub(crate) fn gathers(&self) -> bool {
        self.may_cross() || self.awaits_first_price()
    }

    /// Whether its book may be crossed between commands.
    #[inline]
    pub(crate) fn may_cross(&self) -> bool {
        self.phase != Phase::Continuous || self.shown.kind == QuoteKind::Special
    }

    /// Whether its session had no price yet: that is always one of an auction.
    #[inline]
    pub(crate) fn awaits_first_price(&self) -> bool {
        matches!(self.stage, stage::OPENING | stage::AFTERNOON_OPENING)
    }

    /// Whether an order that is not to rest can be taken while orders gather: it is there for
    /// the one auction that comes next.
    pub(crate) fn gathers_immediate(&self, place: &Place) -> bool {
        self.session_rules && place.time_in_force == TimeInForce::Ioc && !place.by_amount
    }

    /// Why its phase takes no orders or amendments, if so.
    #[inline]
    pub(crate) fn phase_refuses(&self) -> Result<(), Reject> {
        match self.phase {
            Phase::Break | Phase::Closed => Err(Reject::PhaseClosed),
            Phase::Continuous | Phase::PreOpen | Phase::PreClose | Phase::Call => Ok(()),
        }
    }

    /// Worst price an order of this side may trade at now, whatever its own bound: no bound at
    /// all where nothing guards the market.
    #[inline]
    pub(crate) fn reach(&self, side: Side, now: Timestamp) -> i64 {
        if self.session_rules {
            return self.quote_reach(side, now);
        }
        match side {
            Side::Buy => i64::MAX,
            Side::Sell => i64::MIN + 1,
        }
    }

    /// Whether an order may come to trade at another price than it would have on acceptance:
    /// orders gather, or a breaker may make them.
    fn may_call(&self) -> bool {
        !self.session_rules && (self.guarded || self.gathers())
    }

    /// Whether a bid at this price leaves every offer it may meet in a call auction within the
    /// arithmetic: an offer trades at more than its own price there, and was checked at that.
    pub(crate) fn bid_fits_calls(&self, side: Side, price: i64) -> bool {
        side == Side::Sell
            || !self.may_call()
            || self.units.notional_fits(Traded::default(), price, self.max_quantity)
    }

    /// Checks an order's quantity: above zero, whole lots, between the bounds.
    #[inline]
    pub(crate) fn check_quantity(&self, quantity: i64) -> Result<(), Reject> {
        if quantity <= 0 {
            return Err(Reject::InvalidQuantity);
        }
        if self.lot.exact(quantity).is_none() {
            return Err(Reject::OffLot);
        }
        if quantity < self.min_quantity {
            return Err(Reject::BelowMinQuantity);
        }
        if quantity > self.max_quantity {
            return Err(Reject::AboveMaxQuantity);
        }
        Ok(())
    }

    /// Why orders of this kind and side are refused, if they are halted.
    #[inline]
    pub(crate) fn check_halts(&self, kind: OrderKind, side: Side) -> Result<(), Reject> {
        let halted = match kind {
            OrderKind::Limit => Halts::limit(side),
            OrderKind::Market => Halts::market(side),
        };
        if self.halts.has(halted) { Err(Reject::KindHalted) } else { Ok(()) }
    }

    /// Checks a limit price: above zero, on a tick, within the day's limits.
    #[inline]
    pub(crate) fn check_price(&self, price: i64) -> Result<(), Reject> {
        if price <= 0 {
            return Err(Reject::InvalidPrice);
        }
        let on_tick = match self.ticks {
            TickRule::Fixed(_) => self.step.exact(price).is_some(),
            table => table.allows(Price(price)),
        };
        if !on_tick {
            return Err(Reject::OffTick);
        }
        if price < self.limit_down || (self.limit_up != 0 && price > self.limit_up) {
            return Err(Reject::PriceOutOfLimits);
        }
        Ok(())
    }

    /// Changes which prices are allowed; the book's step stays.
    pub(crate) fn set_ticks(&mut self, ticks: TickRule) {
        self.ticks = ticks;
    }

    /// Which prices are allowed.
    pub(crate) fn ticks(&self) -> TickRule {
        self.ticks
    }

    /// The tick size at a price.
    pub(crate) fn tick_at(&self, price: i64) -> i64 {
        self.ticks.tick_at(Price(price))
    }

    /// Place of a price in the book.
    ///
    /// # Panics
    /// When the price is off tick; acceptance has checked it.
    #[inline]
    pub(crate) fn key(&self, price: i64) -> u64 {
        self.step.exact(price).expect("prices in the book are on tick")
    }

    /// Place of a limit price in the book; `None` where it is not allowed, or the ticks are a
    /// table.
    #[inline(always)]
    pub(crate) fn plain_key(&self, price: i64) -> Option<u64> {
        let fixed = matches!(self.ticks, TickRule::Fixed(_));
        let below = self.limit_up == 0 || price <= self.limit_up;
        let within = fixed & (price > 0) & (price >= self.limit_down) & below;
        within.then(|| self.step.exact(price)).flatten()
    }

    /// Place of a price in the book, unless it is off tick or not a price.
    pub(crate) fn exact_key(&self, price: i64) -> Option<u64> {
        (price > 0).then(|| self.step.exact(price)).flatten()
    }

    /// Worst price of a market order: the day's limit on its side, else the band around the
    /// last (else base) price, rounded towards that price but never below one unit.
    pub(crate) fn market_bound(&self, side: Side) -> Result<i64, Reject> {
        let last = if self.last_price != 0 { self.last_price } else { self.base_price };
        self.market_bound_from(side, last)
    }

    /// The same, the band around `reference`; zero: none.
    pub(crate) fn market_bound_from(&self, side: Side, reference: i64) -> Result<i64, Reject> {
        let limit = match side {
            Side::Buy => self.limit_up,
            Side::Sell => self.limit_down,
        };
        if limit != 0 {
            return Ok(limit);
        }
        if reference == 0 {
            return Err(Reject::NoReferencePrice);
        }
        let width = i128::from(reference) * i128::from(self.band_ppm) / 1_000_000;
        let bound = match side {
            Side::Buy => i128::from(reference) + width,
            Side::Sell => (i128::from(reference) - width).max(1),
        };
        Ok(i64::try_from(bound).unwrap_or(i64::MAX))
    }

    /// The most an order could trade at per unit: its own bound, or for a sell the best bid.
    #[inline]
    pub(crate) fn worst_price(&self, side: Side, bound: i64, best_bid: Option<i64>) -> i64 {
        match side {
            Side::Buy => bound,
            // In an auction, or at a quote, a sell may get more than the best bid.
            Side::Sell if self.session_rules => {
                best_bid.unwrap_or(bound).max(bound).max(self.limit_up)
            }
            Side::Sell => best_bid.map_or(bound, |best| best.max(bound)),
        }
    }
}
