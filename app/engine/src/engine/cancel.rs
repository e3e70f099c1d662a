//! Orders that end before they are filled: one by its owner, many by a filter, DAY orders with
//! their day. Cancels work in every status of account and instrument: getting out is always
//! allowed, and ending someone's orders is how a closed account or instrument is cleared.

use crate::command::{CANCEL_MANY_LOOKED, CANCEL_MANY_SLICE, Cancel, CancelMany};
use crate::engine::amend::push_level;
use crate::engine::{Day, Engine, LevelState, Room, Session, Touched, refuse};
use crate::event::{CloseReason, Event};
use crate::orders::{Flags, Hot, Kind, NIL};
use crate::reject::Reject;
use crate::types::*;

/// Most order slots one `RollDay` looks at.
pub(crate) const ROLL_SLICE: u32 = 65_536;

/// Whether a mass cancel may look at so many orders only. Those of the first journals may not.
fn is_bounded(filter: &CancelMany) -> bool {
    filter.from != OrderId(0)
}

/// How far a walk through what waits outside the books has come.
struct Walk {
    ended: u32,
    looked: u32,
    /// The last order passed over.
    passed: OrderId,
}

/// Where a mass cancel goes on that has passed over nothing: where it began.
fn start(filter: &CancelMany) -> OrderId {
    if is_bounded(filter) { CancelMany::START } else { OrderId(0) }
}

/// Whether a limit (zero: a market order's) is at the filter's price or better.
fn reached(price: i64, side: Side, filter: &CancelMany) -> bool {
    filter.price == Price::ZERO
        || price == 0
        || match side {
            Side::Buy => price >= filter.price.0,
            Side::Sell => price <= filter.price.0,
        }
}

impl Engine {
    /// Whether an order has a price that a mass cancel is for. Market orders that wait outside
    /// the book have none.
    fn is_priced(&self, slot: u32, filter: &CancelMany) -> bool {
        let hot = &self.orders.hot[slot as usize];
        let waits_unpriced = |price: Price| price == Price::ZERO && hot.flags.has(Flags::PARKED);
        filter.price == Price::ZERO || {
            let price = self.orders.state(slot).price;
            !waits_unpriced(price) && reached(price.0, hot.side, filter)
        }
    }

    /// Handles the cancel of one order.
    pub(super) fn cancel(&mut self, cancel: &Cancel, events: &mut Vec<Event>) {
        match self.check_cancel(cancel) {
            Err(code) => refuse(code, events),
            Ok(slot) if self.may_be_short() && self.cancel_plain(slot, events) => {}
            Ok(slot) => {
                let instrument = self.orders.hot[slot as usize].instrument;
                self.end_and_announce(slot, CloseReason::Cancelled, events);
                self.after_trading(instrument, events);
            }
        }
    }

    fn check_cancel(&self, cancel: &Cancel) -> Result<u32, Reject> {
        if self.accounts.get(cancel.account).is_none() {
            return Err(Reject::UnknownAccount);
        }
        let slot = self.orders.find(cancel.order).ok_or(Reject::OrderNotFound)?;
        let hot = &self.orders.hot[slot as usize];
        if hot.account != cancel.account {
            return Err(Reject::OrderNotFound);
        }
        if hot.kind != Kind::Live {
            return Err(Reject::OrderNotOpen);
        }
        Ok(slot)
    }

    /// Takes a resting order out and ends it; returns the level it left, as it is now.
    pub(super) fn end_resting(
        &mut self,
        slot: u32,
        reason: CloseReason,
        events: &mut Vec<Event>,
    ) -> (InstrumentId, Side, LevelState) {
        let Hot { instrument, side, .. } = self.orders.hot[slot as usize];
        let left = self.leave_level(slot);
        self.close(slot, reason, events);
        (instrument, side, left)
    }

    /// Ends a live order as one of many: its level is announced once, at the end.
    pub(crate) fn end_one_of_many(
        &mut self,
        slot: u32,
        reason: CloseReason,
        events: &mut Vec<Event>,
    ) {
        if let Some((instrument, side, level)) = self.end_live(slot, reason, events) {
            self.touched.push(Touched { instrument, side, price: level.price.0 });
        }
    }

    /// Announces every touched level once, by instrument, side and price.
    pub(crate) fn announce_touched(&mut self, events: &mut Vec<Event>) {
        self.touched.sort_unstable();
        self.touched.dedup();
        for touched in &self.touched {
            let Touched { instrument, side, price } = *touched;
            let market = &self.markets[instrument.0 as usize];
            let book = &market.sides[side as usize];
            let level = match price {
                0 => self.books.market_queue(book),
                _ => self.books.at(book, market.key(price)),
            };
            let (quantity, orders) = level.map_or((0, 0), |l| (l.quantity, l.orders));
            let level = LevelState { price: Price(price), quantity: Quantity(quantity), orders };
            push_level(instrument, side, level, events);
        }
        self.touched.clear();
    }

    /// Announces every touched level and ends the command's work in their instruments: with
    /// what is gone a quote may end, and an auction may find its price.
    fn follow_touched(&mut self, events: &mut Vec<Event>) {
        let mut touched = std::mem::take(&mut self.picked_instruments);
        touched.extend(self.touched.iter().map(|touched| touched.instrument));
        self.announce_touched(events);
        touched.sort_unstable();
        touched.dedup();
        for &instrument in &touched {
            self.after_trading(instrument, events);
        }
        touched.clear();
        self.picked_instruments = touched;
    }

    /// Handles a mass cancel.
    pub(super) fn cancel_many(
        &mut self,
        filter: &CancelMany,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        if filter.account.is_some_and(|account| self.accounts.get(account).is_none()) {
            return Err(Reject::UnknownAccount);
        }
        if filter.instrument.is_some_and(|i| i.0 as usize >= self.markets.len()) {
            return Err(Reject::UnknownInstrument);
        }
        let one_side = filter.instrument.is_some() && filter.side.is_some();
        if filter.price.0 < 0 || filter.price.0 > 0 && !one_side {
            return Err(Reject::InvalidPrice);
        }
        let (count, next) = match (filter.account, filter.group) {
            (Some(account), _) => self.cancel_of_account(account, filter, events),
            (None, Some(group)) => self.cancel_of_group(group, filter, events),
            (None, None) => self.cancel_of_books(filter, events),
        };
        self.follow_touched(events);
        let more = next.is_some();
        events.push(Event::CancelledMany { count, more, next: next.unwrap_or_default() });
        Ok(())
    }

    /// Walks one account's orders, oldest first. How many ended, and where to go on.
    fn cancel_of_account(
        &mut self,
        account: AccountId,
        filter: &CancelMany,
        events: &mut Vec<Event>,
    ) -> (u32, Option<OrderId>) {
        let (mut count, mut looked) = (0, 0);
        let begun = self.orders.find(filter.from).filter(|&slot| {
            let hot = &self.orders.hot[slot as usize];
            hot.account == account && hot.flags.has(Flags::LISTED)
        });
        // Where the last order passed over has ended in between, all are looked at again.
        let mut passed = if begun.is_some() { filter.from } else { start(filter) };
        let mut next = match begun {
            Some(slot) => self.accounts.next_open(&self.orders.hot, slot),
            None => self.accounts.open_orders(account, &self.orders.hot).next(),
        };
        let group = self.group(account);
        while let Some(slot) = next {
            let hot = &self.orders.hot[slot as usize];
            let matches = filter.instrument.is_none_or(|i| i == hot.instrument)
                && filter.side.is_none_or(|side| side == hot.side)
                && (filter.group.is_none() || filter.group == group)
                && self.is_priced(slot, filter);
            if looked == CANCEL_MANY_LOOKED && is_bounded(filter)
                || matches && count == CANCEL_MANY_SLICE
            {
                return (count, Some(passed));
            }
            looked += 1;
            next = self.accounts.next_open(&self.orders.hot, slot);
            if !matches {
                passed = if is_bounded(filter) { OrderId(hot.id) } else { passed };
                continue;
            }
            // Its if-done order may end with it, and be the next one.
            let behind = next.and_then(|next| self.accounts.next_open(&self.orders.hot, next));
            self.end_one_of_many(slot, CloseReason::CancelledMany, events);
            next = next.filter(|&next| self.orders.hot[next as usize].kind == Kind::Live);
            next = next.or(behind);
            count += 1;
        }
        (count, None)
    }

    /// Walks order slots for those of a group's accounts: they are on no list of their own. The
    /// place to go on is one more than a slot.
    fn cancel_of_group(
        &mut self,
        group: GroupId,
        filter: &CancelMany,
        events: &mut Vec<Event>,
    ) -> (u32, Option<OrderId>) {
        let slots = self.orders.hot.len() as u64;
        let first = filter.from.0.saturating_sub(1).min(slots);
        let end = slots.min(first + u64::from(ROLL_SLICE));
        let mut count = 0;
        for slot in first..end {
            let hot = &self.orders.hot[slot as usize];
            let matches = hot.kind == Kind::Live
                && self.group(hot.account) == Some(group)
                && filter.instrument.is_none_or(|i| i == hot.instrument)
                && filter.side.is_none_or(|side| side == hot.side)
                && self.is_priced(slot as u32, filter);
            if matches {
                if count == CANCEL_MANY_SLICE {
                    return (count, Some(OrderId(slot + 1)));
                }
                self.end_one_of_many(slot as u32, CloseReason::CancelledMany, events);
                count += 1;
            }
        }
        (count, (end < slots).then_some(OrderId(end + 1)))
    }

    /// Walks books in order of instrument, buys before sells, market orders first, then best
    /// price first, then what waits outside the book.
    fn cancel_of_books(
        &mut self,
        filter: &CancelMany,
        events: &mut Vec<Event>,
    ) -> (u32, Option<OrderId>) {
        // All that is in a book matches and ends, so only what waits is ever passed over.
        let begun = self.orders.find(filter.from).filter(|&slot| {
            let hot = &self.orders.hot[slot as usize];
            hot.flags.has(Flags::PARKED) && hot.kind == Kind::Live
        });
        let passed = if begun.is_some() { filter.from } else { start(filter) };
        let mut walk = Walk { ended: 0, looked: 0, passed };
        let begun_at = begun.map(|slot| self.orders.hot[slot as usize].instrument.0);
        let instruments = match filter.instrument {
            Some(instrument) => instrument.0..instrument.0 + 1,
            None => begun_at.unwrap_or(0)..self.markets.len() as u32,
        };
        for instrument in instruments {
            for side in [Side::Buy, Side::Sell] {
                if filter.side.is_some_and(|only| only != side) {
                    continue;
                }
                loop {
                    let book = &self.markets[instrument as usize].sides[side as usize];
                    let first = self.books.first(book);
                    if first == NIL || !reached(self.books.level(first).price, side, filter) {
                        break;
                    }
                    if walk.ended == CANCEL_MANY_SLICE {
                        return (walk.ended, Some(walk.passed));
                    }
                    let slot = self.books.level(first).head;
                    self.end_one_of_many(slot, CloseReason::CancelledMany, events);
                    walk.ended += 1;
                }
            }
            let begun = begun.filter(|_| begun_at == Some(instrument));
            let at = (InstrumentId(instrument), begun);
            if self.cancel_of_rooms(at, filter, &mut walk, events) {
                return (walk.ended, Some(walk.passed));
            }
        }
        (walk.ended, None)
    }

    /// Walks what waits outside the book of one instrument, after the order `begun` if there is
    /// one. Whether it stopped on the way.
    fn cancel_of_rooms(
        &mut self,
        (instrument, begun): (InstrumentId, Option<u32>),
        filter: &CancelMany,
        walk: &mut Walk,
        events: &mut Vec<Event>,
    ) -> bool {
        let begun_room = begun.map(|slot| self.room_of(slot));
        for room in Room::ALL {
            let mut next = match begun_room {
                Some(done) if (room as u8) < done as u8 => continue,
                Some(at) if room == at => begun.map(|slot| self.orders.hot[slot as usize].next),
                _ => self.parked(instrument, room).next(),
            };
            next = next.filter(|&slot| slot != NIL);
            while let Some(slot) = next {
                let hot = &self.orders.hot[slot as usize];
                let matches =
                    filter.side.is_none_or(|only| only == hot.side) && self.is_priced(slot, filter);
                if walk.looked == CANCEL_MANY_LOOKED && is_bounded(filter)
                    || matches && walk.ended == CANCEL_MANY_SLICE
                {
                    return true;
                }
                walk.looked += 1;
                next = (hot.next != NIL).then_some(hot.next);
                if !matches {
                    walk.passed = if is_bounded(filter) { OrderId(hot.id) } else { walk.passed };
                    continue;
                }
                let behind = next.map(|next| self.orders.hot[next as usize].next);
                self.end_one_of_many(slot, CloseReason::CancelledMany, events);
                let live = |&at: &u32| self.orders.hot[at as usize].kind == Kind::Live;
                next = next.filter(live).or(behind.filter(|&behind| behind != NIL));
                walk.ended += 1;
            }
        }
        false
    }

    /// Makes a resting order one of the new day's: whatever stays in a book that follows sessions
    /// is simultaneous with the first orders of the day.
    fn rest_of_the_day_before(&mut self, slot: u32, profile: Profile) {
        let hot = &mut self.orders.hot[slot as usize];
        let market = &self.markets[hot.instrument.0 as usize];
        if hot.kind == Kind::Live && market.profile == profile && market.session_rules {
            hot.set_stage(0);
        }
    }

    /// Why an order of a profile does not see the trading day `day`, if so. The locks of those
    /// that wait are brought up to the day's limits.
    fn ends_with_day(
        &mut self,
        slot: u32,
        profile: Profile,
        day: u32,
        events: &mut Vec<Event>,
    ) -> Option<CloseReason> {
        let (hot, cold) = (&self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        let of_an_earlier_day = hot.kind == Kind::Live
            && self.markets[hot.instrument.0 as usize].profile == profile
            && cold.day < day;
        if !of_an_earlier_day {
            return None;
        }
        // A market order that was set off rests for that day only.
        // Nor do those outlive it that were there for one auction.
        if hot.flags.has(Flags::DAY) || hot.flags.has(Flags::MARKET) || hot.conditioned() {
            return Some(CloseReason::Expired);
        }
        let market = &self.markets[hot.instrument.0 as usize];
        let priced = cold.kind == OrderKind::Limit && !hot.flags.has(Flags::PARKED);
        if market.session_rules && priced {
            // The venue knows day orders only: what stays is sent again for the new day.
            match market.check_price(hot.bound) {
                Ok(()) => {}
                Err(Reject::OffTick) => return Some(CloseReason::OffTick),
                Err(_) => return Some(CloseReason::OffLimits),
            }
        }
        if cold.extra == NIL {
            return None;
        }
        self.contingent_ends_with_day(slot, day, events)
    }

    /// Handles the roll of a trading day, or its next step.
    pub(super) fn roll_day(
        &mut self,
        profile: Profile,
        day: u32,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let current = self.days[profile as usize];
        let continues = current.rolling && day == current.day;
        if !continues && day <= current.day {
            return Err(Reject::InvalidDay);
        }
        if !continues && profile == Profile::Crypto {
            self.fees.day += 1;
        }
        let mut market = if continues { current.market } else { 0 };
        if market == 0 {
            // Moments of the new day begin from the first.
            let session = &mut self.sessions[profile as usize];
            *session = Session { day: session.day, ..Session::default() };
        }
        if !self.roll_instruments(profile, &mut market, events) {
            self.days[profile as usize] = Day { day, rolling: true, cursor: 0, market };
            events.push(Event::DayRolled { count: 0, more: true });
            return Ok(());
        }
        let mut cursor = if continues { current.cursor } else { 0 };
        let slots = self.orders.hot.len() as u32;
        let end = slots.min(cursor.saturating_add(ROLL_SLICE));
        let mut count = 0;
        while cursor < end && count < CANCEL_MANY_SLICE {
            self.rest_of_the_day_before(cursor, profile);
            if let Some(reason) = self.ends_with_day(cursor, profile, day, events) {
                self.end_one_of_many(cursor, reason, events);
                count += 1;
            }
            cursor += 1;
        }
        let more = cursor < slots;
        self.days[profile as usize] =
            Day { day, rolling: more, cursor: if more { cursor } else { 0 }, market };
        self.announce_touched(events);
        events.push(Event::DayRolled { count, more });
        Ok(())
    }

    /// Rolls instruments that follow sessions from number `next` on, as many as one command
    /// may; whether none is left.
    fn roll_instruments(
        &mut self,
        profile: Profile,
        next: &mut u32,
        events: &mut Vec<Event>,
    ) -> bool {
        let mut count = 0;
        while (*next as usize) < self.markets.len() {
            let market = &self.markets[*next as usize];
            if market.session_rules && market.profile == profile {
                if count == CANCEL_MANY_SLICE {
                    return false;
                }
                self.roll_instrument(InstrumentId(*next), events);
                count += 1;
            }
            *next += 1;
        }
        true
    }
}
