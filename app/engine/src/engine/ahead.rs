//! Looking ahead: while one command is applied, what the coming ones will touch is fetched from
//! memory, so that the waits overlap. Changes nothing and decides nothing.
//!
//! What is only written, and close at hand more often than not, is not fetched where finding it
//! costs. A command is prepared in steps, each of which needs what the one before it fetched: first
//! what the command itself names (account, place of its client id, order), then what those name
//! (balances, neighbours in the queue).

use crate::auction::Claim;
use crate::command::{Command, Place};
use crate::engine::{Engine, reaches};
use crate::memory::{prefetch, prefetch_line};
use crate::orders::{Hot, NIL};
use crate::types::*;

/// How many commands ahead each step is taken, and before both the command itself is fetched: it
/// may come from another processor, or from far away in a journal.
const STEPS: [usize; 2] = [14, 6];
const SELF: usize = 28;
/// How many resting orders ahead of a crossing order are fetched.
const MAKERS: usize = 4;
/// How many claims of an auction are fetched ahead of their trades.
const CLAIMS: usize = 8;
/// How many queues of an auction are fetched side by side, and how many orders of each.
const QUEUES: usize = 16;
const DEEP: usize = 64;

/// A resting order on the way of one that trades, and its level; `NIL` behind the last.
#[derive(Clone, Copy)]
pub(crate) struct Scout {
    side: Side,
    level: u32,
    slot: u32,
}

impl Scout {
    /// Behind the last.
    pub(crate) const NONE: Scout = Scout { side: Side::Buy, level: NIL, slot: NIL };
}

impl Engine {
    /// Fetches from memory what the commands after the `at`-th of a run will touch; call before
    /// each is applied. `run(i)` is the `i`-th command of the run, `None` where it ends (for
    /// now). Only a hint: leaving it out changes nothing but time.
    #[inline]
    pub fn look_ahead<'a>(&self, at: usize, run: impl Fn(usize) -> Option<&'a Command>) {
        if at == 0 {
            for i in 0..STEPS[0] {
                run(i).into_iter().for_each(|command| self.fetch_named(command));
            }
            for i in 0..STEPS[1] {
                run(i).into_iter().for_each(|command| self.fetch_next(command));
            }
        }
        if let Some(command) = run(at + SELF) {
            prefetch(std::slice::from_ref(command), 0);
        }
        if let Some(command) = run(at + STEPS[0]) {
            self.fetch_named(command);
        }
        if let Some(command) = run(at + STEPS[1]) {
            self.fetch_next(command);
        }
    }

    /// First step: what the command names.
    #[inline(always)]
    fn fetch_named(&self, command: &Command) {
        match command {
            Command::Place(place) => {
                self.accounts.prefetch(place.account);
                self.orders.prefetch_id(place);
            }
            Command::Cancel(cancel) => {
                self.accounts.prefetch(cancel.account);
                self.orders.prefetch_order(cancel.order);
            }
            Command::Amend(amend) => {
                self.accounts.prefetch(amend.account);
                self.orders.prefetch_order(amend.order);
            }
            _ => {}
        }
    }

    /// Second step: what that names.
    #[inline(always)]
    fn fetch_next(&self, command: &Command) {
        match command {
            Command::Place(place) => self.fetch_for_place(place),
            Command::Cancel(cancel) => self.fetch_around(cancel.order),
            Command::Amend(amend) => self.fetch_around(amend.order),
            _ => {}
        }
    }

    #[inline(always)]
    fn fetch_for_place(&self, place: &Place) {
        let Some(market) = self.markets.get(place.instrument.0 as usize) else { return };
        let Some(account) = self.accounts.get(place.account) else { return };
        let [base, quote] = account.balances(market.base, market.quote);
        let best = market.sides[place.side.opposite() as usize].best;
        if self.takes(place, best) {
            // Outside the slab where there is no balance, which does nothing.
            prefetch_line(&self.ledger.balances, base as usize);
            prefetch_line(&self.ledger.balances, quote as usize);
            return self.fetch_makers(place.side.opposite(), best);
        }
        // A sell that rests does not touch what it will receive into.
        let other = if place.side == Side::Sell { base } else { quote };
        prefetch_line(&self.ledger.balances, base as usize);
        prefetch_line(&self.ledger.balances, other as usize);
        prefetch_line(&self.orders.hot, account.newest_or(0) as usize);
    }

    /// Whether an order would trade at once, as the book is now, whose other side has this best
    /// level.
    #[inline(always)]
    fn takes(&self, place: &Place, best: u32) -> bool {
        let Some(level) = self.books.level_at(best) else { return false };
        reaches(place.side, place.price.0, level.price) || place.kind == OrderKind::Market
    }

    /// The first orders that one which takes will trade with. Apart: few orders take.
    #[inline(never)]
    fn fetch_makers(&self, side: Side, best: u32) {
        self.scout_from(side, best, MAKERS);
    }

    /// The orders that trade in an auction at this price, and what they touch. A queue can only
    /// be followed from order to order, so several are followed side by side.
    pub(crate) fn fetch_queues(&self, instrument: InstrumentId, price: i64) {
        let mut heads = [NIL; QUEUES];
        let sides = &self.markets[instrument.0 as usize].sides;
        for (side, heads) in [Side::Buy, Side::Sell].into_iter().zip(heads.chunks_mut(QUEUES / 2)) {
            let book = &sides[side as usize];
            let levels = self.books.market_queue(book).into_iter().chain(self.books.walk(book));
            let inside = levels.take_while(|l| l.price == 0 || reaches(side, l.price, price));
            for (head, level) in heads.iter_mut().zip(inside) {
                *head = level.head;
                prefetch(&self.orders.hot, level.head as usize);
            }
        }
        for _ in 0..DEEP {
            for slot in heads.iter_mut().filter(|slot| **slot != NIL) {
                self.fetch_party(*slot);
                *slot = self.orders.hot[*slot as usize].next;
                prefetch(&self.orders.hot, *slot as usize);
            }
        }
    }

    /// What trading the claims after the `at`-th touches; call for each in turn.
    #[inline]
    pub(crate) fn fetch_claims(&self, claims: &[Claim], at: usize) {
        if at == 0 {
            claims.iter().take(CLAIMS).for_each(|claim| self.fetch_party(claim.tag));
        }
        if let Some(claim) = claims.get(at + CLAIMS) {
            self.fetch_party(claim.tag);
        }
        if let Some(claim) = claims.get(at + 2 * CLAIMS) {
            prefetch(&self.orders.hot, claim.tag as usize);
        }
    }

    /// Fetches what trading with the first orders from a level on touches; returns the one behind.
    #[inline]
    pub(crate) fn scout_from(&self, side: Side, best: u32, orders: usize) -> Scout {
        if best == NIL {
            return Scout::NONE;
        }
        let mut scout = Scout { side, level: best, slot: self.books.level(best).head };
        for _ in 0..orders {
            self.scout(&mut scout);
        }
        scout
    }

    /// Fetches what trading with an order touches, and of the one behind it what says so; goes on
    /// to that.
    #[inline(always)]
    pub(crate) fn scout(&self, scout: &mut Scout) {
        let Some(hot) = self.orders.hot.get(scout.slot as usize) else { return };
        self.fetch_maker(hot, scout.slot);
        scout.slot = hot.next;
        if scout.slot == NIL {
            self.scout_level(scout);
        }
        prefetch_line(&self.orders.hot, scout.slot as usize);
    }

    /// Goes on to the first order of the level behind.
    #[inline(never)]
    fn scout_level(&self, scout: &mut Scout) {
        *scout = match self.books.behind(scout.side, scout.level) {
            Some(level) => Scout { level, slot: self.books.level(level).head, ..*scout },
            None => Scout::NONE,
        };
    }

    /// What a trade with this order, or its end, touches.
    #[inline(always)]
    fn fetch_maker(&self, hot: &Hot, slot: u32) {
        prefetch_line(&self.orders.cold, slot as usize);
        prefetch_line(&self.ledger.balances, hot.pays as usize);
        prefetch_line(&self.ledger.balances, hot.receives as usize);
        self.accounts.prefetch(hot.account);
        for neighbour in [hot.account_prev, hot.account_next] {
            // Itself where there is none: without a branch that nobody can foresee.
            let at = if neighbour == NIL { slot } else { neighbour };
            prefetch_line(&self.orders.hot, at as usize);
        }
    }

    /// The same, of an order in a slot.
    #[inline]
    fn fetch_party(&self, slot: u32) {
        self.fetch_maker(&self.orders.hot[slot as usize], slot);
    }

    /// An order's neighbours, and what its end touches.
    #[inline]
    fn fetch_around(&self, order: OrderId) {
        let Some(slot) = self.orders.find(order) else { return };
        let hot = &self.orders.hot[slot as usize];
        prefetch_line(&self.ledger.balances, hot.pays as usize);
        if hot.side == Side::Buy {
            prefetch_line(&self.ledger.balances, hot.receives as usize);
        }
        self.books.prefetch(hot.level);
        for neighbour in [hot.prev, hot.next, hot.account_prev, hot.account_next] {
            let at = if neighbour == NIL { slot } else { neighbour };
            prefetch_line(&self.orders.hot, at as usize);
        }
    }
}
