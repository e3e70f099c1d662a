//! The whole-state check: everything that must hold, recomputed from the parts. Slow by
//! design; for tests and `journal verify`.

use crate::engine::Engine;
use crate::engine::{READY, Room};
use crate::orders::{Flags, Hot, Kind, NIL};
use crate::types::*;

impl Engine {
    /// Checks everything that must hold (sums, locks, books, indexes) by going over the
    /// whole state. Slow: for tests and `journal verify`.
    ///
    /// # Errors
    /// The first thing found wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        self.orders.check()?;
        self.ledger.check_index()?;
        self.check_balances()?;
        self.check_fees()?;
        self.check_circuits()?;
        self.check_odd_lots()?;
        self.check_books()?;
        self.check_waiting()?;
        self.check_accounts()?;
        self.check_corrections()?;
        self.check_risk_state()
    }

    /// Every asset sums to zero; every lock is what its live orders can still spend.
    fn check_balances(&self) -> Result<(), String> {
        let mut locks = vec![0i128; self.ledger.balances.len()];
        for (slot, hot) in self.orders.hot.iter().enumerate() {
            if hot.kind != Kind::Live {
                continue;
            }
            let cold = &self.orders.cold[slot];
            let traded = cold.traded();
            let market = &self.markets[hot.instrument.0 as usize];
            if hot.flags.has(Flags::UNLOCKED) {
                continue;
            }
            let worst = self.orders.lock_price(hot);
            let lock = market.units.lock(hot.side, traded, worst, hot.remaining);
            let (spends, gets) = match hot.side {
                Side::Buy => (market.quote, market.base),
                Side::Sell => (market.base, market.quote),
            };
            for (balance, asset) in [(hot.pays, spends), (hot.receives, gets)] {
                let balance = self.ledger.balances.get(balance as usize);
                if balance.is_none_or(|b| (b.account, b.asset()) != (hot.account, asset)) {
                    return Err(format!("order {} settles in the wrong balance", hot.id));
                }
            }
            locks[hot.pays as usize] += i128::from(lock);
        }
        let mut sums = vec![0i128; self.assets.len()];
        for (slot, balance) in self.ledger.balances.iter().enumerate() {
            let (account, asset) = (balance.account, balance.asset());
            if i128::from(balance.locked) != locks[slot] {
                return Err(format!(
                    "account {account} asset {asset}: {} locked, its orders can spend {}",
                    balance.locked, locks[slot]
                ));
            }
            if balance.total < balance.locked && !account.may_go_negative() {
                return Err(format!(
                    "account {account} asset {asset}: owns {}, {} locked",
                    balance.total, balance.locked
                ));
            }
            sums[asset.0 as usize] += i128::from(balance.total);
        }
        match sums.iter().position(|&sum| sum != 0) {
            Some(asset) => Err(format!("asset {asset} sums to {}", sums[asset])),
            None => Ok(()),
        }
    }

    /// Levels add up and are in order, queues are in time order, no book is crossed, and the
    /// books hold every live order once.
    fn check_books(&self) -> Result<(), String> {
        let mut resting = 0;
        for (i, market) in self.markets.iter().enumerate() {
            let instrument = InstrumentId(i as u32);
            let bests = [Side::Buy, Side::Sell]
                .map(|side| self.books.best(&market.sides[side as usize]).map(|level| level.price));
            let held = market.shown.kind == QuoteKind::Sequential;
            if let [Some(bid), Some(ask)] = bests
                && bid >= ask
                && !market.may_cross()
                && !held
                && market.status == InstrumentStatus::Open
            {
                return Err(format!("book {i} is crossed: {bid} bid, {ask} asked"));
            }
            for side in [Side::Buy, Side::Sell] {
                resting += self.check_side(instrument, side)?;
            }
        }
        let live = self.orders.hot.iter().filter(|hot| hot.kind == Kind::Live).count();
        let parked = |hot: &&Hot| hot.kind == Kind::Live && hot.flags.has(Flags::PARKED);
        let parked = self.orders.hot.iter().filter(parked).count();
        if resting + parked != live || self.resting as usize != live {
            return Err(format!(
                "{live} live orders, {resting} in books, {parked} outside, {} known",
                self.resting
            ));
        }
        Ok(())
    }

    fn check_side(&self, instrument: InstrumentId, side: Side) -> Result<usize, String> {
        let market = &self.markets[instrument.0 as usize];
        let book = &market.sides[side as usize];
        let wrong = |what: &str| Err(format!("book {instrument} {}: {what}", side.as_str()));
        let (mut orders_total, mut quantity_total) = (0, 0i64);
        let mut last_price: Option<i64> = None;
        let market_queue = self.books.market_queue(book);
        let free = !market.may_cross()
            && market.shown.kind == QuoteKind::Free
            && market.status == InstrumentStatus::Open;
        if market_queue.is_some() && (!market.session_rules || free) {
            return wrong("market orders rest where orders trade as they come");
        }
        for level in market_queue.into_iter().chain(self.books.walk(book)) {
            let at_market = level.price == 0;
            let in_order = last_price.is_none_or(|last| match side {
                Side::Buy => level.price < last,
                Side::Sell => level.price > last,
            });
            if !in_order {
                return wrong(&format!("level {} is out of order", level.price));
            }
            last_price = (!at_market).then_some(level.price);
            let found = match at_market {
                true => market_queue,
                false => self.books.at(book, market.key(level.price)),
            };
            if found.is_none_or(|found| !std::ptr::eq(found, level)) {
                return wrong(&format!("level {} is not found by its price", level.price));
            }
            let (mut orders, mut quantity, mut newest, mut before) = (0, 0i64, 0, NIL);
            for slot in self.books.queue(level, &self.orders.hot) {
                let hot = &self.orders.hot[slot as usize];
                let belongs = hot.kind == Kind::Live
                    && !hot.flags.has(Flags::PARKED)
                    && (hot.instrument, hot.side) == (instrument, side)
                    && (at_market || hot.bound == level.price)
                    && hot.flags.has(Flags::MARKET) == at_market
                    && hot.remaining > 0
                    && hot.prev == before;
                if !belongs {
                    return wrong(&format!("order {} does not belong at {}", hot.id, level.price));
                }
                if !self.orders.cold[slot as usize].requeued {
                    if hot.id < newest {
                        return wrong(&format!("order {} is behind a newer one", hot.id));
                    }
                    newest = hot.id;
                }
                before = slot;
                orders += 1;
                quantity += hot.remaining;
            }
            if orders == 0 || orders != level.orders || quantity != level.quantity {
                return wrong(&format!("level {} does not add up", level.price));
            }
            orders_total += orders as usize;
            quantity_total += quantity;
        }
        if quantity_total != book.quantity {
            return wrong("quantity of the side does not add up");
        }
        Ok(orders_total)
    }

    /// Rooms hold every parked order once; trigger queues hold every order with a trigger to
    /// meet, in order of price.
    fn check_waiting(&self) -> Result<(), String> {
        let (mut parked, mut watched) = (0, 0);
        for i in 0..self.markets.len() {
            let instrument = InstrumentId(i as u32);
            for room in Room::ALL {
                let mut before = NIL;
                for slot in self.parked(instrument, room) {
                    let hot = &self.orders.hot[slot as usize];
                    let belongs = hot.kind == Kind::Live
                        && hot.instrument == instrument
                        && hot.flags.has(Flags::PARKED)
                        && !hot.flags.has(Flags::STOP_LEG)
                        && (hot.level, hot.prev) == (NIL, before);
                    if !belongs {
                        return Err(format!("order {} does not wait as {room:?}", hot.id));
                    }
                    before = slot;
                    parked += 1;
                }
            }
            for &when in TriggerWhen::ALL {
                watched += self.check_triggers(instrument, when)?;
            }
            let market = &self.markets[i];
            let waiting = &self.waiting[i];
            let nearest = |when| waiting.nearest(when, &self.books).map(|(price, _)| price);
            let noted = market.rising == nearest(TriggerWhen::AtOrAbove).unwrap_or(i64::MAX)
                && market.falling == nearest(TriggerWhen::AtOrBelow).unwrap_or(0)
                && market.ready == waiting.first_ready().is_some();
            if !noted {
                return Err(format!("instrument {i} does not know its nearest triggers"));
            }
            if market.stirred() && self.timers.get(instrument).0 == 0 {
                let may_come_in = self.sets_off(instrument);
                if may_come_in || market.met_any() {
                    return Err(format!("orders set off in instrument {i} are forgotten"));
                }
            }
            for slot in self.waiting[i].ready(&self.orders) {
                let hot = &self.orders.hot[slot as usize];
                if hot.instrument != instrument || hot.kind != Kind::Live {
                    return Err(format!("order {} cannot have been set off", hot.id));
                }
                watched += usize::from(!hot.flags.has(Flags::UNLOCKED));
            }
        }
        let (mut to_park, mut to_watch) = (0, 0);
        for (slot, hot) in self.orders.hot.iter().enumerate() {
            if hot.kind != Kind::Live {
                continue;
            }
            let is_parked = hot.flags.has(Flags::PARKED);
            let unlocked = hot.flags.has(Flags::UNLOCKED);
            let extra = self.orders.extra(slot as u32);
            // One that was set off may have been given a condition then.
            let contingent = self.orders.cold[slot].condition == Condition::Any;
            let trigger = contingent && extra.is_some_and(|extra| extra.trigger.is_some());
            to_park += usize::from(is_parked);
            to_watch +=
                usize::from(hot.flags.has(Flags::STOP_LEG) || is_parked && trigger && !unlocked);
            if unlocked && !(is_parked && self.follows_one(slot as u32)) {
                return Err(format!("order {} has no lock and follows none", hot.id));
            }
        }
        if (parked, watched) != (to_park, to_watch) {
            return Err(format!(
                "{parked} of {to_park} orders wait, {watched} of {to_watch} have their trigger"
            ));
        }
        Ok(())
    }

    /// Whether an if-done order can still be set off: its first order lives, or set it off.
    fn follows_one(&self, slot: u32) -> bool {
        let Some(extra) = self.orders.extra(slot) else { return false };
        let parent = self.orders.extra(extra.parent);
        let first = || {
            let live = self.orders.hot[extra.parent as usize].kind == Kind::Live;
            live && parent.is_some_and(|parent| parent.child == slot)
        };
        match extra.stop_level {
            READY => extra.due > 0,
            NIL => extra.due == 0 && parent.is_some() && first(),
            _ => false,
        }
    }

    /// One trigger tree of an instrument; returns how many orders it holds.
    fn check_triggers(&self, instrument: InstrumentId, when: TriggerWhen) -> Result<usize, String> {
        let (mut count, mut last) = (0, None::<i64>);
        for slot in self.waiting[instrument.0 as usize].watched(when, &self.books, &self.orders) {
            let hot = &self.orders.hot[slot as usize];
            let wrong = || Err(format!("order {} has its trigger in the wrong place", hot.id));
            let Some(extra) = self.orders.extra(slot) else { return wrong() };
            let Some(trigger) = extra.watched() else { return wrong() };
            let level = self.books.level(extra.stop_level);
            let in_order = last.is_none_or(|last| match when {
                TriggerWhen::AtOrAbove => last <= trigger.price.0,
                TriggerWhen::AtOrBelow => last >= trigger.price.0,
            });
            let belongs = hot.kind == Kind::Live
                && hot.instrument == instrument
                && trigger.when == when
                && level.price == trigger.price.0
                && hot.flags.has(Flags::PARKED) != hot.flags.has(Flags::STOP_LEG)
                && !hot.flags.has(Flags::UNLOCKED);
            if !belongs || !in_order {
                return wrong();
            }
            last = Some(trigger.price.0);
            count += 1;
        }
        Ok(count)
    }

    /// Accounts list their live orders, oldest first, and open orders are counted right.
    fn check_accounts(&self) -> Result<(), String> {
        let mut listed = 0;
        let mut pairs = std::collections::BTreeMap::new();
        for (account, _) in self.accounts() {
            let (mut count, mut last) = (0, 0);
            for slot in self.accounts.open_orders(account, &self.orders.hot) {
                let hot = &self.orders.hot[slot as usize];
                if hot.account != account
                    || hot.kind != Kind::Live
                    || !hot.flags.has(Flags::LISTED)
                    || hot.id <= last
                {
                    return Err(format!("account {account} lists order {} wrongly", hot.id));
                }
                if self.markets[hot.instrument.0 as usize].open_order_cap != 0 {
                    *pairs.entry((account, hot.instrument)).or_insert(0u32) += 1;
                }
                last = hot.id;
                count += 1;
            }
            if self.accounts.get(account).is_none_or(|a| a.open != count) {
                return Err(format!("account {account} does not have {count} open orders"));
            }
            listed += count;
        }
        if listed != self.resting {
            return Err(format!("accounts list {listed} of {} live orders", self.resting));
        }
        if pairs.len() != self.open_counts.len() {
            return Err("open-order counts are kept for the wrong accounts".into());
        }
        for ((account, instrument), count) in pairs {
            if self.open_counts.get(account, instrument) != count {
                return Err(format!("account {account} instrument {instrument}: wrong count"));
            }
        }
        Ok(())
    }
}
