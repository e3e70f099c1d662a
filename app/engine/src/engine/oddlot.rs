//! Odd lots: orders below the trading unit. They never reach the book; the house takes the other
//! side.
//!
//! Two desks: the principal desk deals at once, at the best quote and a spread. The batch desk
//! collects market orders, locked at worst, for the auction its cut-off gives, and fills them at
//! that auction's price, a bounded number per command. What a client pays is rounded up, what it
//! receives down; the difference goes to the rounding account. When sessions step and how an
//! auction is held is not known here. See `docs/decisions/odd-lots.md`.

use crate::command::{OddLot, OddLotTerms, Place};
use crate::engine::risk::Ask;
use crate::engine::waiting::Room;
use crate::engine::{Engine, Market, refuse};
use crate::event::{Cause, Event};
use crate::jpx;
use crate::money::Traded;
use crate::orders::{Flags, Known};
use crate::reject::Reject;
use crate::types::*;

/// Batches, by the price they wait for. In this order they come during a day, and in this order
/// their orders stand in the queue.
pub(crate) mod batch {
    /// First price of the morning.
    pub(crate) const MORNING: u8 = 0;
    /// First price of the afternoon.
    pub(crate) const AFTERNOON: u8 = 1;
    /// Price of the closing auction.
    pub(crate) const CLOSE: u8 = 2;
    /// How many.
    pub(crate) const COUNT: usize = 3;
}

/// In place of a batch's price: it got none, its orders end.
pub(super) const NO_PRICE: i64 = -1;
/// Most orders of a batch one command fills or ends.
pub(super) const SLICE: u32 = 50;

/// The desks of one instrument.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct OddLots {
    pub(crate) terms: OddLotTerms,
    /// Shares the house took from all odd-lot trades so far.
    pub(crate) house_net: i64,
    /// Price of each batch; zero: not known yet.
    pub(crate) prices: [i64; batch::COUNT],
}

impl OddLots {
    /// Whether this can be.
    pub(crate) fn sound(&self) -> bool {
        self.prices.iter().all(|&price| price >= NO_PRICE)
    }
}

/// How the house stands in an instrument's odd lots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OddLotPosition {
    /// Terms of the desks.
    pub terms: OddLotTerms,
    /// Shares the house took (bought, if positive) from all odd-lot trades so far.
    pub house_net: Quantity,
    /// Whole lots of that: what the house would trade on the market to be hedged, the other way.
    pub hedge_lots: i64,
}

/// An odd-lot order that passed every check.
struct Dealt {
    /// Price of a principal trade; bound of a batch order.
    price: i64,
    pays: u32,
    lock: i64,
    batch: u8,
    /// What its account is to be warned of, if it passes a soft limit.
    warns: Option<Ask>,
}

/// What a desk's trade moves, in minor units of the quote asset.
pub(super) struct Sums {
    /// Out of or into the client.
    pub(super) client: i64,
    /// Into or out of the house.
    pub(super) house: i64,
}

/// The order an odd-lot order makes.
fn as_place(order: &OddLot) -> Place {
    let OddLot { account, instrument, side, price, quantity, client_id, .. } = *order;
    let kind = if price.0 == 0 { OrderKind::Market } else { OrderKind::Limit };
    let time_in_force = match order.desk {
        Desk::Batch => TimeInForce::Day,
        Desk::Principal => TimeInForce::Fok,
    };
    let place = Place::limit(account, instrument, side, price, quantity, client_id);
    Place { kind, time_in_force, via: order.via, key: order.key, ..place }
}

/// Whether these terms can be.
pub(crate) fn valid_terms(terms: &OddLotTerms, market: &Market) -> bool {
    let on = terms.batch || terms.principal;
    terms.spread_ppm < 1_000_000
        && terms.max_value.0 >= 0
        && terms.max_quantity.0 >= i64::from(on)
        && terms.round_to.0 >= i64::from(on)
        && (!on || market.profile == Profile::Tse)
        && (!terms.batch || market.session_rules)
}

/// What so many shares at a price come to: a buyer pays it rounded up, a seller receives it
/// rounded down. `None` beyond the arithmetic.
pub(super) fn sums(
    terms: &OddLotTerms,
    market: &Market,
    side: Side,
    price: i64,
    quantity: i64,
) -> Option<Sums> {
    if !market.units.notional_fits(Traded::default(), price, quantity) {
        return None;
    }
    let (got, paid) = market.units.gross(price * quantity);
    let to = terms.round_to.0;
    match side {
        Side::Buy => {
            let over = (to - paid % to) % to;
            Some(Sums { client: paid.checked_add(over)?, house: got })
        }
        Side::Sell => Some(Sums { client: got - got % to, house: paid }),
    }
}

/// What the principal desk deals at with a client of this side: the best price of the other side
/// of the book and the spread, held within the day's limits (lower, upper; zero: none); to the
/// house's side of a price unit.
pub fn principal_price(
    terms: &OddLotTerms,
    side: Side,
    best: Price,
    (limit_down, limit_up): (Price, Price),
) -> Price {
    let (best, spread) = (i128::from(best.0), i128::from(terms.spread_ppm));
    let price = |price: i128| Price(i64::try_from(price).unwrap_or(i64::MAX));
    match side {
        Side::Buy => {
            let over = i128::from(best * spread % 1_000_000 != 0);
            let asked = price((best * (1_000_000 + spread)).div_euclid(1_000_000) + over);
            if limit_up.0 != 0 { asked.min(limit_up) } else { asked }
        }
        Side::Sell => price((best * (1_000_000 - spread) / 1_000_000).max(1)).max(limit_down),
    }
}

impl Engine {
    /// Handles an odd-lot order. What is checked, in this order: what [`Engine::place`] checks
    /// first; then account, kill switch, halts, instrument status, the desk and its hours, signs,
    /// caps, price and quote, arithmetic, risk limits, funds, room in memory, the house's side.
    pub(super) fn place_odd_lot(&mut self, order: &OddLot, events: &mut Vec<Event>) {
        let place = as_place(order);
        if let Err(code) = self.check_named(&place, None) {
            return refuse(code, events);
        }
        let hash = self.orders.order_hash(&place);
        match self.orders.known_odd_lot(&place, hash) {
            Known::New => {}
            Known::Other => return refuse(Reject::DuplicateClientOrderId, events),
            Known::Same(slot) => {
                let order = OrderId(self.orders.hot[slot as usize].id);
                return events.push(Event::Repeated { order });
            }
        }
        self.note_message(order.account, order.instrument);
        let dealt = match order.desk {
            Desk::Batch => self.admit_batch(order),
            Desk::Principal => self.admit_principal(order),
        };
        let slot = self.record(&place, hash);
        self.orders.hot[slot as usize].flags.set(Flags::ODD_LOT, true);
        match dealt {
            Err(code) => self.refuse_recorded(slot, code, events),
            Ok(dealt) => {
                self.settles_in(slot, dealt.price, dealt.pays);
                let (id, bound) = (self.orders.hot[slot as usize].id, Price(dealt.price));
                events.push(Event::Accepted { order: OrderId(id), bound });
                if let Some(ask) = &dealt.warns {
                    self.warn(ask, events);
                }
                match order.desk {
                    Desk::Principal => self.deal(slot, dealt.price, order.desk, events),
                    Desk::Batch => {
                        self.ledger.change(dealt.pays, (0, dealt.lock), Cause::Lock, id, events);
                        // Its batch ends it, not its day: it may wait for the next morning.
                        self.orders.cold[slot as usize].day = u32::MAX;
                        self.orders.extra_mut(slot).batch = dealt.batch;
                        self.odd_lots[order.instrument.0 as usize].prices[dealt.batch as usize] = 0;
                        self.park(slot, events);
                    }
                }
            }
        }
    }

    /// What both desks check of an order; returns the balance it pays from.
    fn admit_odd_lot(&self, order: &OddLot) -> Result<u32, Reject> {
        let account = self.accounts.get(order.account).ok_or(Reject::UnknownAccount)?;
        match account.status {
            AccountStatus::Active if order.account == AccountId::HOUSE => {
                return Err(Reject::OddLotUnavailable);
            }
            AccountStatus::Active if !order.account.may_go_negative() => {}
            AccountStatus::Active | AccountStatus::Suspended => {
                return Err(Reject::AccountSuspended);
            }
            AccountStatus::Closed => return Err(Reject::AccountClosed),
        }
        let market = &self.markets[order.instrument.0 as usize];
        self.check_key(order.key)?;
        self.check_killed(order.account, order.instrument)?;
        market.check_halts(as_place(order).kind, order.side)?;
        market.refuses()?;
        let terms = &self.odd_lots[order.instrument.0 as usize].terms;
        let on = match order.desk {
            Desk::Batch => terms.batch,
            Desk::Principal => {
                let quoted = market.shown.kind == QuoteKind::Free;
                let free = market.phase == Phase::Continuous && quoted;
                terms.principal && free
            }
        };
        if !on {
            return Err(Reject::OddLotUnavailable);
        }
        if order.quantity.0 <= 0 {
            return Err(Reject::InvalidQuantity);
        }
        let lot = self.specs[order.instrument.0 as usize].lot;
        if order.quantity >= lot || order.quantity > terms.max_quantity {
            return Err(Reject::OddLotCap);
        }
        let priced = order.desk == Desk::Principal;
        if order.price.0 < 0 || order.price.0 != 0 && !priced {
            return Err(Reject::InvalidPrice);
        }
        let (spends, gets) = match order.side {
            Side::Buy => (market.quote, market.base),
            Side::Sell => (market.base, market.quote),
        };
        let pays = self.ledger.find(order.account, spends).ok_or(Reject::InsufficientFunds)?;
        // The house's balances, and what the client receives.
        let house = [market.base, market.quote].map(|asset| (AccountId::HOUSE, asset));
        let needs = house.into_iter().chain([(order.account, gets)]);
        let missing =
            needs.filter(|&(account, asset)| self.ledger.find(account, asset).is_none()).count();
        if missing > self.ledger.room() {
            return Err(Reject::CapacityExhausted);
        }
        Ok(pays)
    }

    /// Checks an order's value at a price against the desk's cap and its account's limits, and
    /// what it spends against what there is.
    fn check_value(
        &self,
        order: &OddLot,
        price: i64,
        value: i64,
        (pays, spent): (u32, i64),
    ) -> Result<Option<Ask>, Reject> {
        let cap = self.odd_lots[order.instrument.0 as usize].terms.max_value.0;
        if cap != 0 && value > cap {
            return Err(Reject::OddLotCap);
        }
        let opens = u32::from(order.desk == Desk::Batch);
        let OddLot { account, instrument, side, quantity, .. } = *order;
        let prices = (order.price.0, price);
        let ask = Ask::new(account, instrument, side, prices, quantity.0, opens);
        let warns = self.check_risk(&ask)?.then_some(ask);
        if self.ledger.get(pays).available() < spent {
            return Err(Reject::InsufficientFunds);
        }
        Ok(warns)
    }

    /// Everything that can refuse an order for the principal desk.
    fn admit_principal(&self, order: &OddLot) -> Result<Dealt, Reject> {
        let pays = self.admit_odd_lot(order)?;
        let market = &self.markets[order.instrument.0 as usize];
        let terms = &self.odd_lots[order.instrument.0 as usize].terms;
        let against = self.books.best(&market.sides[order.side.opposite() as usize]);
        let best = against.ok_or(Reject::OddLotNoQuote)?.price;
        let limits = (Price(market.limit_down), Price(market.limit_up));
        let price = principal_price(terms, order.side, Price(best), limits).0;
        if order.price.0 != 0 && !crate::engine::reaches(order.side, order.price.0, price) {
            return Err(Reject::OddLotPrice);
        }
        let quantity = order.quantity.0;
        let sums = sums(terms, market, order.side, price, quantity);
        let sums = sums.ok_or(Reject::NotionalTooLarge)?;
        let base = market.units.base_checked(quantity).ok_or(Reject::NotionalTooLarge)?;
        let spent = if order.side == Side::Buy { sums.client } else { base };
        let warns = self.check_value(order, price, sums.client, (pays, spent))?;
        if !self.house_covers(order.instrument, order.side, &sums, quantity) {
            return Err(Reject::HouseInventory);
        }
        Ok(Dealt { price, pays, lock: 0, batch: 0, warns })
    }

    /// Everything that can refuse an order for the batch desk.
    fn admit_batch(&self, order: &OddLot) -> Result<Dealt, Reject> {
        let pays = self.admit_odd_lot(order)?;
        let market = &self.markets[order.instrument.0 as usize];
        let desk = &self.odd_lots[order.instrument.0 as usize];
        let (batch, next_day) = self.coming_batch();
        // The batch before it of the same name is still being filled.
        let head = self.parked(order.instrument, Room::OddLot).next();
        let first = head.and_then(|slot| self.orders.extra(slot)).map(|extra| extra.batch);
        if desk.prices[batch as usize] != 0 && first == Some(batch) {
            return Err(Reject::OddLotUnavailable);
        }
        let quantity = order.quantity.0;
        let worst = worst_price(market, next_day)?;
        let sums = sums(&desk.terms, market, order.side, worst, quantity);
        let sums = sums.ok_or(Reject::NotionalTooLarge)?;
        let bound = match order.side {
            Side::Sell => 1,
            // What it pays is rounded up: the lock must cover that too.
            Side::Buy => worst.max(market.units.covering(sums.client, quantity)),
        };
        let fits = market.units.notional_fits(Traded::default(), bound, quantity)
            && market.units.base_checked(quantity).is_some();
        if !fits {
            return Err(Reject::NotionalTooLarge);
        }
        let lock = market.units.lock(order.side, Traded::default(), bound, quantity);
        let warns = self.check_value(order, worst, sums.client, (pays, lock))?;
        let cap = market.open_order_cap;
        if cap != 0 && self.open_counts.get(order.account, order.instrument) >= cap {
            return Err(Reject::OpenOrderCap);
        }
        if self.limits.is_none_or(|limits| self.resting >= limits.live_orders) {
            return Err(Reject::CapacityExhausted);
        }
        Ok(Dealt { price: bound, pays, lock, batch, warns })
    }

    /// Which batch an order of now joins, and whether that is one of the next day.
    fn coming_batch(&self) -> (u8, bool) {
        match self.sessions[Profile::Tse as usize].step {
            SessionStep::None => (batch::MORNING, true),
            step if step < SessionStep::OddLotAfternoon => (batch::AFTERNOON, false),
            step if step < SessionStep::OddLotClose => (batch::CLOSE, false),
            _ => (batch::MORNING, true),
        }
    }

    /// Whether an instrument can have these terms now.
    pub(super) fn check_odd_lot_terms(
        &self,
        instrument: InstrumentId,
        terms: &OddLotTerms,
    ) -> Result<(), Reject> {
        let market = self.markets.get(instrument.0 as usize).ok_or(Reject::UnknownInstrument)?;
        // What waits must find something to round to.
        let waiting = self.parked(instrument, Room::OddLot).next().is_some();
        if !valid_terms(terms, market) || waiting && terms.round_to.0 == 0 {
            return Err(Reject::InvalidSpec);
        }
        Ok(())
    }

    /// Sets an instrument's terms. Batch orders that wait stay.
    pub(super) fn set_odd_lot_terms(
        &mut self,
        instrument: InstrumentId,
        terms: &OddLotTerms,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_odd_lot_terms(instrument, terms)?;
        self.odd_lots[instrument.0 as usize].terms = *terms;
        events.push(Event::TermsChanged { instrument });
        Ok(())
    }

    /// How the house stands in an instrument's odd lots; `None` for an unknown instrument.
    pub fn odd_lot_position(&self, instrument: InstrumentId) -> Option<OddLotPosition> {
        let OddLots { terms, house_net, .. } = *self.odd_lots.get(instrument.0 as usize)?;
        let lot = self.specs[instrument.0 as usize].lot.0;
        Some(OddLotPosition { terms, house_net: Quantity(house_net), hedge_lots: house_net / lot })
    }

    /// Desks and their queues agree (for the whole-state check).
    pub(crate) fn check_odd_lots(&self) -> Result<(), String> {
        for (i, (market, desk)) in self.markets.iter().zip(&self.odd_lots).enumerate() {
            if !valid_terms(&desk.terms, market) || !desk.sound() {
                return Err(format!("instrument {i}: odd-lot desks that cannot be"));
            }
            for slot in self.parked(InstrumentId(i as u32), Room::OddLot) {
                let batch = self.orders.extra(slot).map_or(u8::MAX, |extra| extra.batch);
                // Only with terms there is a unit to round to.
                if batch as usize >= batch::COUNT || desk.terms.round_to.0 == 0 {
                    let id = self.orders.hot[slot as usize].id;
                    return Err(format!("odd-lot order {id} is of no batch"));
                }
            }
        }
        Ok(())
    }
}

/// Highest price a batch order may be filled at: the day's limit (or a market order's bound),
/// for the next day what it can be at most if today ends at the limit.
fn worst_price(market: &Market, next_day: bool) -> Result<i64, Reject> {
    let today = market.market_bound(Side::Buy)?;
    if !next_day {
        return Ok(today);
    }
    let (_, limit_up) = jpx::tse_daily_limits(Price(today));
    Ok(limit_up.0.max(today))
}
