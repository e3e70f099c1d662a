//! Looking ahead: while one command is applied, what the coming ones will touch is fetched from
//! memory, so that the waits overlap. Changes nothing and decides nothing.
//!
//! A command is prepared in steps, each of which needs what the one before it fetched: first
//! what the command itself names (account, place of its client id, order), then what those name
//! (balances, neighbours in the queue).

use crate::auction::Claim;
use crate::book::BookSide;
use crate::command::{Command, Place};
use crate::engine::{Engine, Market, reaches};
use crate::memory::prefetch;
use crate::orders::{Hot, NIL};
use crate::types::*;

/// How many commands ahead each step is taken.
const STEPS: [usize; 3] = [16, 8, 3];
/// How many resting orders ahead of a crossing order are fetched, and how many of them have been
/// fetched for an earlier one.
const MAKERS: usize = 8;
const MAKERS_KNOWN: usize = 4;
/// Of how many the fee volumes are fetched last.
const MAKERS_LAST: usize = 6;
/// How many queues of an auction are fetched side by side, and how many orders of each.
const QUEUES: usize = 16;
const DEEP: usize = 64;

/// The balance an order pays or receives the quote asset with.
#[inline]
fn quote_balance(hot: &Hot) -> u32 {
    match hot.side {
        Side::Buy => hot.pays,
        Side::Sell => hot.receives,
    }
}

impl Engine {
    /// Fetches from memory what the commands after the `at`-th of a run will touch; call before
    /// each is applied. `run(i)` is the `i`-th command of the run, `None` where it ends (for
    /// now). Only a hint: leaving it out changes nothing but time.
    #[inline]
    pub fn look_ahead<'a>(&self, at: usize, run: impl Fn(usize) -> Option<&'a Command>) {
        if self.limits.is_none() {
            return;
        }
        if at == 0 {
            for i in 0..STEPS[0] {
                run(i).into_iter().for_each(|command| self.fetch_named(command));
            }
            for i in 0..STEPS[1] {
                run(i).into_iter().for_each(|command| self.fetch_next(command));
            }
        }
        if let Some(command) = run(at + STEPS[0]) {
            self.fetch_named(command);
        }
        if let Some(command) = run(at + STEPS[1]) {
            self.fetch_next(command);
        }
        if let Some(Command::Place(place)) = run(at + STEPS[2]) {
            self.fetch_last(place);
        }
    }

    /// First step: what the command names.
    #[inline]
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
    #[inline]
    fn fetch_next(&self, command: &Command) {
        match command {
            Command::Place(place) => self.fetch_for_place(place),
            Command::Cancel(cancel) => self.fetch_around(cancel.order),
            Command::Amend(amend) => self.fetch_around(amend.order),
            _ => {}
        }
    }

    #[inline]
    fn fetch_for_place(&self, place: &Place) {
        let Some(market) = self.markets.get(place.instrument.0 as usize) else { return };
        let Some(account) = self.accounts.get(place.account) else { return };
        for asset in [market.base, market.quote] {
            if let Some(slot) = account.balance(asset) {
                prefetch(&self.ledger.balances, slot as usize);
            }
        }
        if self.takes(place, market) {
            if market.profile == Profile::Crypto
                && let Some(slot) = account.balance(market.quote)
            {
                self.fees.prefetch(slot);
            }
            self.fetch_makers(market, &market.sides[place.side.opposite() as usize]);
        } else if let Some(key) = market.exact_key(place.price.0)
            && let Some(level) = self.books.at(&market.sides[place.side as usize], key)
        {
            prefetch(&self.orders.hot, level.tail as usize);
        }
    }

    /// Whether an order would trade at once, as the book is now.
    #[inline]
    fn takes(&self, place: &Place, market: &Market) -> bool {
        let best = self.books.best(&market.sides[place.side.opposite() as usize]);
        let reaches = best.is_some_and(|best| reaches(place.side, place.price.0, best.price));
        reaches || place.kind == OrderKind::Market
    }

    /// Third step: what an order that trades at once adds its volume to.
    #[inline]
    fn fetch_last(&self, place: &Place) {
        let Some(market) = self.markets.get(place.instrument.0 as usize) else { return };
        if market.profile == Profile::Crypto
            && self.takes(place, market)
            && let Some(account) = self.accounts.get(place.account)
            && let Some(slot) = account.balance(market.quote)
        {
            self.fees.prefetch_entry(slot);
            let mut next = self
                .books
                .best(&market.sides[place.side.opposite() as usize])
                .map_or(NIL, |best| best.head);
            for _ in 0..MAKERS_LAST {
                let Some(hot) = self.orders.hot.get(next as usize) else { return };
                self.fees.prefetch_entry(quote_balance(hot));
                next = hot.next;
            }
        }
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
            claims.iter().take(MAKERS).for_each(|claim| self.fetch_party(claim.tag));
        }
        if let Some(claim) = claims.get(at + MAKERS) {
            self.fetch_party(claim.tag);
        }
        if let Some(claim) = claims.get(at + 2 * MAKERS) {
            prefetch(&self.orders.hot, claim.tag as usize);
        }
    }

    /// What trades with the orders that are first in line touch.
    fn fetch_makers(&self, market: &Market, against: &BookSide) {
        let mut at = against.best;
        // A market order may meet nobody.
        let Some(best) = self.books.best(against) else { return };
        let mut next = best.head;
        for ahead in 0..MAKERS {
            if next == NIL {
                let Some(behind) = self.books.after(against, at) else { return };
                at = behind;
                next = self.books.level(at).head;
            }
            let slot = next;
            let hot = &self.orders.hot[slot as usize];
            next = hot.next;
            if ahead >= MAKERS_KNOWN {
                self.fetch_party(slot);
            }
            if market.profile == Profile::Crypto {
                self.fees.prefetch(quote_balance(hot));
            }
        }
        if next != NIL {
            prefetch(&self.orders.hot, next as usize);
        }
    }

    /// What a trade with, or the end of, this order touches.
    #[inline]
    fn fetch_party(&self, slot: u32) {
        let hot = &self.orders.hot[slot as usize];
        prefetch(&self.orders.cold, slot as usize);
        prefetch(&self.ledger.balances, hot.pays as usize);
        prefetch(&self.ledger.balances, hot.receives as usize);
        self.accounts.prefetch(hot.account);
    }

    /// What trading with the orders behind this one in its queue touches: of each what the one
    /// fetched before it names. For orders that take more of them than are fetched ahead.
    #[inline(never)]
    pub(crate) fn fetch_behind(&self, slot: u32, instrument: InstrumentId) {
        let crypto = self.markets[instrument.0 as usize].profile == Profile::Crypto;
        let hots = &self.orders.hot;
        let next = hots[slot as usize].next;
        let Some(hot) = hots.get(next as usize) else { return };
        if crypto {
            self.fees.prefetch_entry(quote_balance(hot));
        }
        let behind = hot.next;
        let Some(hot) = hots.get(behind as usize) else { return };
        self.fetch_party(behind);
        if crypto {
            self.fees.prefetch(quote_balance(hot));
        }
        prefetch(hots, hot.next as usize);
    }

    /// An order's neighbours, and what its end touches.
    #[inline]
    fn fetch_around(&self, order: OrderId) {
        let Some(slot) = self.orders.find(order) else { return };
        let hot = &self.orders.hot[slot as usize];
        prefetch(&self.ledger.balances, hot.pays as usize);
        self.books.prefetch(hot.level);
        for neighbour in [hot.prev, hot.next, hot.account_prev, hot.account_next] {
            if neighbour != NIL {
                prefetch(&self.orders.hot, neighbour as usize);
            }
        }
    }
}
