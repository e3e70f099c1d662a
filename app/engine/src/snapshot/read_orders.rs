//! Rebuilding orders and every list they are in.

use super::reader::Reader;
use super::*;
use crate::engine::Engine;
use crate::orders::{Cold, Extra, Flags, Hot, Kind, NIL};
use crate::types::*;

impl Engine {
    pub(super) fn import_orders(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        let slots = input.section(ORDERS)?;
        for slot in 0..slots {
            let (hot, cold) = input.order()?;
            self.check_order(slot, &hot, &cold)?;
            self.orders.restore(hot, cold)?;
        }
        for _ in 0..input.section(EXTRAS)? {
            let (slot, extra) = input.extra()?;
            let known = |at: u32| at == NIL || (at as usize) < slots;
            let free = self.orders.hot.get(slot as usize).is_some_and(|hot| hot.kind != Kind::Free)
                && self.orders.extra(slot).is_none();
            let quantity = self.orders.cold.get(slot as usize).map_or(0, |cold| cold.quantity);
            if !free
                || !(0..=quantity.max(0)).contains(&extra.prevented)
                || !known(extra.child)
                || !known(extra.parent)
                || !self.fits_stop_half(slot, &extra)
            {
                return input.wrong(&format!("order slot {slot} cannot have these extras"));
            }
            *self.orders.extra_mut(slot) = extra;
        }
        let (queues, open) = (input.slots(QUEUES)?, input.slots(OPEN)?);
        for slot in queues {
            let market = match self.orders.hot.get(slot as usize) {
                Some(hot)
                    if hot.kind == Kind::Live
                        && hot.level == NIL
                        && !hot.flags.has(Flags::PARKED) =>
                {
                    &mut self.markets[hot.instrument.0 as usize]
                }
                _ => return input.wrong(&format!("order slot {slot} cannot be queued")),
            };
            let hot = &self.orders.hot[slot as usize];
            let key = market.exact_key(hot.bound);
            let side = &mut market.sides[hot.side as usize];
            let fits = side.quantity.checked_add(hot.remaining).is_some();
            match key.filter(|_| fits) {
                // Its bound is a limit of the day, on tick or not.
                _ if fits && hot.bound > 0 && hot.flags.has(Flags::MARKET) => {
                    self.books.push_market(side, &mut self.orders.hot, slot);
                }
                Some(key) => {
                    self.books.push(side, &mut self.orders.hot, slot, key);
                }
                None => return input.wrong(&format!("order slot {slot} does not fit its book")),
            }
        }
        for slot in open {
            match self.orders.hot.get(slot as usize) {
                Some(hot) if hot.kind == Kind::Live && !hot.flags.has(Flags::LISTED) => {
                    let (account, instrument) = (hot.account, hot.instrument);
                    if self.markets[instrument.0 as usize].open_order_cap != 0 {
                        self.open_counts.add(account, instrument);
                    }
                    self.accounts.link(&mut self.orders.hot, slot);
                    self.resting += 1;
                    self.count_open(slot);
                }
                _ => return input.wrong(&format!("order slot {slot} cannot be open")),
            }
        }
        self.import_waiting(input)?;
        let (answers, free) = (input.slots(ANSWERS)?, input.slots(FREE)?);
        self.orders.relink(&answers, &free)
    }

    /// Whether the lock of a live order with these extras can be counted.
    fn fits_stop_half(&self, slot: u32, extra: &Extra) -> bool {
        let (hot, cold) = (&self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        if hot.kind != Kind::Live || extra.stop_bound == 0 {
            return extra.stop_bound >= 0;
        }
        let traded = cold.traded();
        let units = &self.markets[hot.instrument.0 as usize].units;
        extra.stop_bound > 0 && units.notional_fits(traded, extra.stop_bound, hot.remaining)
    }

    /// What waits outside the books.
    fn import_waiting(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        let mut entered = vec![false; self.orders.hot.len()];
        for slot in input.slots(PARKED)? {
            let parked = self
                .orders
                .hot
                .get(slot as usize)
                .filter(|hot| hot.kind == Kind::Live && hot.flags.has(Flags::PARKED));
            let Some(hot) = parked else {
                return input.wrong(&format!("order slot {slot} cannot wait outside its book"));
            };
            if std::mem::replace(&mut entered[slot as usize], true) {
                return input.wrong(&format!("order slot {slot} waits twice"));
            }
            self.waiting[hot.instrument.0 as usize].enter_room(&mut self.orders, slot);
        }
        if input.section(PRINTS)? != self.markets.len() {
            return input.wrong("prices of another number of instruments");
        }
        for market in &mut self.markets {
            (market.low, market.high) = (input.i64()?, input.i64()?);
            let sound = match market.last_price {
                0 => (market.low, market.high) == (i64::MAX, 0),
                last => market.low > 0 && market.low <= last && last <= market.high,
            };
            if !sound {
                return input.wrong("a last price outside the prices since");
            }
        }
        for slot in input.slots(TRIGGERS)? {
            self.restore_trigger(slot).map_err(|why| format!("order slot {slot}: {why}"))?;
        }
        for slot in input.slots(READY)? {
            let waits = |hot: Hot| hot.flags.has(Flags::PARKED) || hot.flags.has(Flags::STOP_LEG);
            let free = self.idle_live(slot).is_some_and(waits);
            if !free {
                return input.wrong(&format!("order slot {slot} cannot have been set off"));
            }
            let instrument = self.orders.hot[slot as usize].instrument.0 as usize;
            self.waiting[instrument].make_ready(&mut self.orders, slot);
            self.note_nearest(InstrumentId(instrument as u32));
        }
        Ok(())
    }

    /// A live order with extras that is in no trigger queue.
    fn idle_live(&self, slot: u32) -> Option<Hot> {
        let hot = self.orders.hot.get(slot as usize).filter(|hot| hot.kind == Kind::Live)?;
        self.orders.extra(slot).is_some_and(|extra| extra.stop_level == NIL).then_some(*hot)
    }

    fn restore_trigger(&mut self, slot: u32) -> Result<(), String> {
        let Some(hot) = self.idle_live(slot) else {
            return Err("cannot have a trigger".into());
        };
        let market = &self.markets[hot.instrument.0 as usize];
        let watched = self.orders.extra(slot).and_then(Extra::watched);
        let keyed = watched.and_then(|trigger| Some((trigger, market.exact_key(trigger.price.0)?)));
        let Some((trigger, key)) = keyed else {
            return Err("has no trigger on a tick".into());
        };
        let waiting = &mut self.waiting[hot.instrument.0 as usize];
        waiting.watch(&mut self.books, &mut self.orders, slot, trigger, key);
        self.note_nearest(hot.instrument);
        Ok(())
    }

    /// What later arithmetic and lookups take for granted of an order.
    fn check_order(&self, slot: usize, hot: &Hot, cold: &Cold) -> Result<(), String> {
        if hot.kind == Kind::Free {
            return Ok(());
        }
        let wrong = |what: &str| Err(format!("order slot {slot}: {what}"));
        if self.accounts.get(hot.account).is_none() {
            return wrong("unknown account");
        }
        if hot.kind == Kind::Transfer {
            return if hot.id == 0 { Ok(()) } else { wrong("a transfer with an order number") };
        }
        let Some(market) = self.markets.get(hot.instrument.0 as usize) else {
            return wrong("unknown instrument");
        };
        if hot.kind == Kind::Done {
            return Ok(());
        }
        let traded = cold.traded();
        let amounts = hot.remaining > 0
            && hot.remaining <= cold.quantity
            && (hot.bound > 0 || hot.bound == 0 && hot.flags.has(Flags::UNLOCKED))
            && cold.notional >= 0
            && traded.fee.unsigned_abs() <= cold.notional.unsigned_abs() as u128 * 1_000_000
            && market.units.notional_fits(traded, hot.bound, hot.remaining)
            && market.units.base_checked(hot.remaining).is_some()
            && (hot.flags.has(Flags::UNLOCKED)
                || (hot.receives as usize) < self.ledger.balances.len());
        if !amounts {
            return wrong("amounts that cannot be");
        }
        Ok(())
    }
}
