//! Terms Tokyo's rules set for single orders (conditions, the 30% rule, the price rule of short
//! sales), and changes of what an instrument is: tick table, listed shares, the roll of its
//! base price and limits from one day to the next.

use crate::command::Place;
use crate::engine::{Engine, Market, Tokyo};
use crate::event::Event;
use crate::instrument::TickRule;
use crate::jpx::tse_limits;
use crate::matching::stage;
use crate::orders::{Cold, Hot};
use crate::reject::Reject;
use crate::types::*;

/// Trading days the short-sale price rule binds, the one that sets it off included.
const SHORT_DAYS: u8 = 2;

/// Trading units a retail margin short sale may have to be exempt from it.
const SHORT_EXEMPT_UNITS: i128 = 50;

/// Limit days without trading after which the limit on that side is expanded.
const EXPANDED_AFTER: u8 = 2;

impl Engine {
    /// Whether the short-sale price rule begins to bind: once a trade prints at 90% of the base
    /// price or lower, until the end of the next day.
    pub(crate) fn check_short_rule(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &mut self.markets[instrument.0 as usize];
        let (low, base) = (i128::from(market.tokyo.low), i128::from(market.base_price));
        if low == 0 || low * 10 > base * 9 || market.tokyo.short_days == SHORT_DAYS {
            return;
        }
        market.tokyo.short_days = SHORT_DAYS;
        if !market.short_restricted {
            market.short_restricted = true;
            events.push(Event::ShortSaleRule { instrument, on: true });
        }
    }

    /// Checks an order's condition against its kind, its time in force and the moment.
    pub(super) fn check_condition(&self, place: &Place) -> Result<(), Reject> {
        if place.condition == Condition::Any {
            return Ok(());
        }
        let market = &self.markets[place.instrument.0 as usize];
        let fits = place.time_in_force == TimeInForce::Day
            && !place.post_only
            && market.takes_condition(place.condition, place.kind);
        if fits { Ok(()) } else { Err(Reject::InvalidCondition) }
    }

    /// Checks an order for `quantity` against the 30% rule and the price rule of short sales; the
    /// latter not yet where it `waits` outside the book.
    pub(super) fn check_share_rules(
        &self,
        place: &Place,
        quantity: i64,
        waits: bool,
    ) -> Result<(), Reject> {
        let spec = &self.specs[place.instrument.0 as usize];
        let listed = i128::from(spec.listed_shares.0);
        if listed != 0 && i128::from(quantity) * 10 > listed * 3 {
            return Err(Reject::OverListedShares);
        }
        if place.side == Side::Buy && place.short != ShortSale::Long {
            return Err(Reject::InvalidCondition);
        }
        if waits {
            return Ok(());
        }
        let price = (place.kind == OrderKind::Limit).then_some(place.price.0);
        self.check_short_sale(place.instrument, place.short, quantity, price)
    }

    /// Checks an order that comes to its book against the price rule of short sales. `None` is
    /// a market order.
    pub(super) fn check_short_sale(
        &self,
        instrument: InstrumentId,
        short: ShortSale,
        quantity: i64,
        price: Option<i64>,
    ) -> Result<(), Reject> {
        let spec = &self.specs[instrument.0 as usize];
        let exempt = match short {
            ShortSale::Long => true,
            ShortSale::Exempt => {
                i128::from(quantity) <= i128::from(spec.lot.0) * SHORT_EXEMPT_UNITS
            }
            ShortSale::Short => false,
        };
        let market = &self.markets[instrument.0 as usize];
        if exempt { Ok(()) } else { market.check_short_price(price) }
    }

    /// Whether an instrument can have these ticks: the smallest step of its prices stays.
    pub(super) fn check_ticks(
        &self,
        instrument: InstrumentId,
        ticks: TickRule,
    ) -> Result<(), Reject> {
        let spec = self.specs.get(instrument.0 as usize).ok_or(Reject::UnknownInstrument)?;
        let by_table = !matches!(ticks, TickRule::Fixed(_));
        if ticks.step() != spec.ticks.step() || by_table && spec.price_digits != 1 {
            return Err(Reject::InvalidSpec);
        }
        Ok(())
    }

    /// Sets an instrument's tick table.
    pub(super) fn set_ticks(
        &mut self,
        instrument: InstrumentId,
        ticks: TickRule,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_ticks(instrument, ticks)?;
        self.specs[instrument.0 as usize].ticks = ticks;
        self.markets[instrument.0 as usize].set_ticks(ticks);
        events.push(Event::TicksChanged { instrument, ticks });
        Ok(())
    }

    /// Whether an instrument can have so many listed shares.
    pub(super) fn check_listed_shares(
        &self,
        instrument: InstrumentId,
        shares: Quantity,
    ) -> Result<(), Reject> {
        self.specs.get(instrument.0 as usize).ok_or(Reject::UnknownInstrument)?;
        if shares.0 < 0 { Err(Reject::InvalidSpec) } else { Ok(()) }
    }

    /// Sets an instrument's listed shares.
    pub(super) fn set_listed_shares(
        &mut self,
        instrument: InstrumentId,
        shares: Quantity,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_listed_shares(instrument, shares)?;
        self.specs[instrument.0 as usize].listed_shares = shares;
        events.push(Event::TermsChanged { instrument });
        Ok(())
    }

    /// Brings one instrument that follows sessions into the next day: base price, limits, the
    /// short-sale rule.
    pub(super) fn roll_instrument(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        let market = &mut self.markets[instrument.0 as usize];
        market.tokyo.limit_days = market.limit_days();
        let base = market.closing_price();
        if base > 0 {
            let expanded = market.tokyo.limit_days.map(|days| days >= EXPANDED_AFTER);
            let (down, up) = tse_limits(Price(base), expanded);
            market.base_price = base;
            market.limit_down = down.0;
            market.limit_up = up.0;
            (market.limit_down, market.limit_up) = market.extremes();
            let spec = &mut self.specs[instrument.0 as usize];
            spec.base_price = Price(base);
            spec.limit_down = Price(market.limit_down);
            spec.limit_up = Price(market.limit_up);
            events.push(Event::LimitsRolled {
                instrument,
                base_price: spec.base_price,
                limit_down: spec.limit_down,
                limit_up: spec.limit_up,
            });
        }
        let Tokyo { short_days, limit_days, previous, .. } = market.tokyo;
        let short_days = short_days.saturating_sub(1);
        market.stage = 0;
        market.tokyo = Tokyo { short_days, limit_days, previous, ..Tokyo::default() };
        if market.short_restricted && short_days == 0 {
            market.short_restricted = false;
            events.push(Event::ShortSaleRule { instrument, on: false });
        }
    }
}

impl Market {
    /// Whether an order of this condition and kind can be taken now.
    pub(super) fn takes_condition(&self, condition: Condition, kind: OrderKind) -> bool {
        let before_close = self.phase != Phase::PreClose;
        self.session_rules
            && match condition {
                Condition::Any | Condition::Closing => true,
                Condition::Funari => before_close && kind == OrderKind::Limit,
                Condition::MorningClosing => {
                    self.stage < stage::AFTERNOON_OPENING || self.stage == stage::HALF_DAY_CLOSING
                }
                Condition::MorningFunari => {
                    self.stage < stage::AFTERNOON_OPENING && kind == OrderKind::Limit
                }
                // In the afternoon there is no next opening auction left.
                Condition::Opening => {
                    before_close && (self.opens() || self.stage < stage::AFTERNOON_OPENING)
                }
            }
    }

    /// Whether the auction with the session's first price is still to come for the orders in
    /// the book: before its moment, or after it until there is one.
    fn opens(&self) -> bool {
        self.phase == Phase::PreOpen || self.awaits_first_price()
    }

    /// Whether an order of this condition waits outside the book for its moment.
    pub(super) fn keeps_waiting(&self, condition: Condition) -> bool {
        match condition {
            Condition::Any | Condition::Funari | Condition::MorningFunari => false,
            Condition::Opening => !self.opens(),
            Condition::Closing | Condition::MorningClosing => !stage::closes(self.stage),
        }
    }

    /// The price rule of short sales, while it binds: above the last price; at it if the last
    /// different one was lower. `None` is a market order.
    pub(super) fn check_short_price(&self, price: Option<i64>) -> Result<(), Reject> {
        let last = if self.last_price != 0 { self.last_price } else { self.base_price };
        let rising = self.tokyo.previous != 0 && self.tokyo.previous < last;
        let allowed = price.is_some_and(|price| price > last || price == last && rising);
        if !self.short_restricted || allowed { Ok(()) } else { Err(Reject::ShortSaleRestricted) }
    }

    /// The day's closing price, by which the next day's limits go: the last special quote or
    /// the last trade; without either what it was.
    fn closing_price(&self) -> i64 {
        if self.tokyo.special != 0 {
            self.tokyo.special
        } else if self.tokyo.traded {
            self.last_price
        } else {
            self.base_price
        }
    }

    /// Limit days without trading in a row up to this one's end. A trade off the limit ends
    /// the row; otherwise what is expanded stays so.
    fn limit_days(&self) -> [u8; 2] {
        let (down, up) = self.extremes();
        let closed_at = self.closing_price();
        let tokyo = &self.tokyo;
        let count = |limit: i64, days: u8, off_limit: bool| {
            let at_limit = limit != 0 && closed_at == limit && (tokyo.traded || tokyo.special != 0);
            match (off_limit, at_limit && !tokyo.priced, days >= EXPANDED_AFTER) {
                (true, _, _) => 0,
                (false, true, _) => days.saturating_add(1),
                (false, false, true) => days,
                (false, false, false) => 0,
            }
        };
        [
            count(down, tokyo.limit_days[0], tokyo.traded && tokyo.high != down),
            count(up, tokyo.limit_days[1], tokyo.traded && tokyo.low != up),
        ]
    }
}

/// Marks an order with a condition, in the book or on its way there. An immediate one that rests
/// is there for one auction, which is a condition as well.
pub(crate) fn mark_condition(hot: &mut Hot, cold: &Cold) {
    if cold.condition != Condition::Any || cold.time_in_force == TimeInForce::Ioc {
        hot.stage |= Hot::CONDITIONED;
    } else {
        hot.stage &= !Hot::CONDITIONED;
    }
}
