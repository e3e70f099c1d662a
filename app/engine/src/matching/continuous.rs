//! Continuous trading (zaraba): price, then time, at the resting order's price; each trade is
//! settled before the next one is looked for.

use crate::engine::{Engine, LevelState, reaches};
use crate::event::{Cause, CloseReason, Event, Settled, Trade};
use crate::ledger::Ledger;
use crate::money::{Leg, Traded};
use crate::orders::{Flags, Hot, NIL};
use crate::types::*;

/// How an order's way through the other side ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// It is filled.
    Done,
    /// Nothing is left within its bound.
    Exhausted,
    /// The next order is within its bound, but beyond what the market allows now.
    Guarded,
    /// It met an order of its own account, and what is left of it is to end.
    SelfTrade,
}

impl Stop {
    /// Why an order ends that has nothing left, or that a meeting with its own account ends.
    pub(crate) fn end(self) -> CloseReason {
        match self {
            Stop::SelfTrade => CloseReason::SelfTrade,
            Stop::Done | Stop::Exhausted | Stop::Guarded => CloseReason::Filled,
        }
    }
}

/// One side of a trade: what it takes of the order as it was, and its sums before and after.
/// Taken out one by one: a copy of a record written a moment ago would wait for the writes.
struct Party {
    id: u64,
    account: AccountId,
    pays: u32,
    receives: u32,
    remaining: i64,
    sums: (Traded, Traded),
}

impl Party {
    #[inline(always)]
    fn of(hot: &Hot) -> Party {
        Party {
            id: hot.id,
            account: hot.account,
            pays: hot.pays,
            receives: hot.receives,
            remaining: hot.remaining,
            sums: (Traded::default(), Traded::default()),
        }
    }
}

impl Engine {
    /// Trades an order against the other side as far as its bound and quantity go. Filled
    /// resting orders are closed; the levels met are kept in `swept` for later announcement.
    pub(crate) fn cross(&mut self, taker: u32, events: &mut Vec<Event>) -> Stop {
        self.swept.clear();
        let order = &self.orders.hot[taker as usize];
        let (side, bound, instrument) = (order.side, order.bound, order.instrument);
        let account = order.account;
        let mode = self.orders.cold[taker as usize].self_trade;
        let mut met_before = match self.sweep(taker, events) {
            Ok(stop) => return stop,
            Err(met) => met,
        };
        if self.markets[instrument.0 as usize].guarded {
            self.refresh_guard(instrument, side);
        }
        loop {
            let market = &self.markets[instrument.0 as usize];
            let at = self.books.first(&market.sides[side.opposite() as usize]);
            if at == NIL {
                return Stop::Exhausted;
            }
            let level = self.books.level(at);
            let shown = level.price;
            let price = if market.guarded { market.trade_price(side, shown) } else { shown };
            if !reaches(side, bound, price) {
                return Stop::Exhausted;
            }
            if market.guarded && market.forbids(side, price, self.at) {
                return Stop::Guarded;
            }
            let (mut orders, mut met) = (level.orders, std::mem::take(&mut met_before));
            loop {
                let maker = self.books.level(at).head;
                let own =
                    mode != SelfTrade::Allow && self.orders.hot[maker as usize].account == account;
                let (maker_ends, taker_ends) = if own {
                    self.prevent(mode, taker, maker, events)
                } else {
                    self.trade(taker, maker, price, events);
                    let filled = self.orders.hot[maker as usize].remaining == 0;
                    (filled.then_some(CloseReason::Filled), false)
                };
                met |= !own || mode != SelfTrade::CancelTaker;
                if let Some(reason) = maker_ends {
                    let market = &mut self.markets[instrument.0 as usize];
                    let side = &mut market.sides[side.opposite() as usize];
                    self.books.unlink(side, &mut self.orders.hot, maker);
                    self.close(maker, reason, events);
                    orders -= 1;
                }
                let done = taker_ends || self.orders.hot[taker as usize].remaining == 0;
                if done || orders == 0 {
                    let quantity = if orders == 0 { 0 } else { self.books.level(at).quantity };
                    if met {
                        self.swept.push(LevelState {
                            price: Price(shown),
                            quantity: Quantity(quantity),
                            orders,
                        });
                    }
                    if done {
                        return if taker_ends { Stop::SelfTrade } else { Stop::Done };
                    }
                    break;
                }
            }
        }
    }

    /// What happens instead of a trade between two orders of one account. Why the resting one
    /// ends, if it does, and whether the newer one does. Nothing has left a book yet.
    fn prevent(
        &mut self,
        mode: SelfTrade,
        taker: u32,
        maker: u32,
        events: &mut Vec<Event>,
    ) -> (Option<CloseReason>, bool) {
        match mode {
            SelfTrade::Allow => (None, false),
            SelfTrade::CancelTaker => (None, true),
            SelfTrade::CancelMaker => (Some(CloseReason::SelfTrade), false),
            SelfTrade::CancelBoth => (Some(CloseReason::SelfTrade), true),
            SelfTrade::Decrement => {
                let left = |slot: u32| self.orders.hot[slot as usize].remaining;
                let (taking, resting) = (left(taker), left(maker));
                let quantity = taking.min(resting);
                for slot in [maker, taker] {
                    self.decrement(slot, quantity, events);
                }
                let maker_ends = (resting == quantity).then_some(CloseReason::SelfTrade);
                (maker_ends, taking == quantity)
            }
        }
    }

    /// Takes quantity off a live order that will not trade, and releases what it had locked.
    fn decrement(&mut self, slot: u32, quantity: i64, events: &mut Vec<Event>) {
        self.expect_less(slot, quantity);
        let before = self.orders.hot[slot as usize];
        let market = &mut self.markets[before.instrument.0 as usize];
        if before.level == NIL {
            self.orders.hot[slot as usize].remaining -= quantity;
        } else {
            let side = &mut market.sides[before.side as usize];
            self.books.reduce(side, &mut self.orders.hot[slot as usize], quantity);
        }
        self.orders.extra_mut(slot).prevented += quantity;
        let cold = &mut self.orders.cold[slot as usize];
        cold.updated_at = self.at;
        cold.seq = self.seq;
        let traded = cold.traded();
        let (worst, remaining) = (self.orders.lock_price(&before), before.remaining - quantity);
        let unlocked = market.units.lock(before.side, traded, worst, before.remaining)
            - market.units.lock(before.side, traded, worst, remaining);
        events.push(Event::Prevented {
            order: OrderId(before.id),
            account: before.account,
            instrument: before.instrument,
            quantity: Quantity(quantity),
            remaining: Quantity(remaining),
        });
        if unlocked != 0 {
            self.ledger.change(before.pays, (0, -unlocked), Cause::Lock, before.id, events);
        }
    }

    /// One trade between two orders: quantities, sums, balances.
    fn trade(&mut self, taker: u32, maker: u32, price: i64, events: &mut Vec<Event>) {
        let taking = self.orders.hot[taker as usize].remaining;
        let quantity = taking.min(self.orders.hot[maker as usize].remaining);
        self.print::<false>(taker, maker, price, quantity, events);
    }

    /// One trade of an auction: both orders rest.
    pub(super) fn trade_in_auction(
        &mut self,
        buy: u32,
        sell: u32,
        price: i64,
        quantity: i64,
        events: &mut Vec<Event>,
    ) {
        self.print::<true>(buy, sell, price, quantity, events);
    }

    /// A trade of this quantity, which both orders have.
    #[inline]
    fn print<const AUCTION: bool>(
        &mut self,
        taker: u32,
        maker: u32,
        price: i64,
        quantity: i64,
        events: &mut Vec<Event>,
    ) {
        let hot = &self.orders.hot[taker as usize];
        let (instrument, side) = (hot.instrument, hot.side);
        let mut taking = Party::of(hot);
        let mut resting = Party::of(&self.orders.hot[maker as usize]);
        let (maker_rates, taker_rates) = match side {
            Side::Buy => self.trade_rates(instrument, resting.receives, taking.pays),
            Side::Sell => self.trade_rates(instrument, resting.pays, taking.receives),
        };
        let buy = match side {
            Side::Buy => &self.orders.hot[taker as usize],
            Side::Sell => &self.orders.hot[maker as usize],
        };
        let (worst, counted) = (self.orders.lock_price(buy), buy.counted());
        let market = &mut self.markets[instrument.0 as usize];
        let notional = price * quantity;
        self.trades += 1;
        if market.session_rules {
            market.note_trade(price, self.at);
        }
        market.printed(price);
        let book = &mut market.sides[side.opposite() as usize];
        self.books.reduce(book, &mut self.orders.hot[maker as usize], quantity);
        if AUCTION {
            let book = &mut market.sides[side as usize];
            self.books.reduce(book, &mut self.orders.hot[taker as usize], quantity);
        } else {
            self.orders.hot[taker as usize].remaining -= quantity;
        }
        let taker_ppm = taker_rates.taker_ppm;
        let maker_ppm = if AUCTION { maker_rates.taker_ppm } else { maker_rates.maker_ppm };
        resting.sums = self.orders.add_fill(maker, notional, maker_ppm, self.seq, self.at);
        taking.sums = self.orders.add_fill(taker, notional, taker_ppm, self.seq, self.at);
        let (buyer, seller) = match side {
            Side::Buy => (&taking, &resting),
            Side::Sell => (&resting, &taking),
        };
        let open = (buyer.remaining, buyer.remaining - quantity);
        let (paid, unlocked) = market.units.buyer_leg(buyer.sums, worst, open);
        let got = market.units.seller_leg(seller.sums.0, seller.sums.1);
        let (maker_fee, taker_fee) = match side {
            Side::Buy => (got.fee, paid.fee),
            Side::Sell => (paid.fee, got.fee),
        };
        events.push(Event::Trade(Trade {
            trade: TradeId(self.trades),
            instrument,
            price: Price(price),
            quantity: Quantity(quantity),
            taker_side: side,
            maker: OrderId(resting.id),
            taker: OrderId(taking.id),
            maker_account: resting.account,
            taker_account: taking.account,
            maker_fee: Amount(maker_fee),
            taker_fee: Amount(taker_fee),
            maker_remaining: Quantity(resting.remaining - quantity),
            taker_remaining: Quantity(taking.remaining - quantity),
            auction: AUCTION,
        }));
        self.note_traded(instrument, (buyer.account, paid.gross), (seller.account, got.gross));
        if counted {
            let base = self.markets[instrument.0 as usize].units.base(quantity);
            self.ledger.expect_more(buyer.receives, -base);
        }
        self.settle(instrument, (buyer, paid, unlocked), (seller, got), quantity, events);
    }

    /// Moves what a trade moves between the two parties and the system accounts.
    #[inline]
    fn settle(
        &mut self,
        instrument: InstrumentId,
        (buy, paid, unlocked): (&Party, Leg, i64),
        (sell, got): (&Party, Leg),
        quantity: i64,
        events: &mut Vec<Event>,
    ) {
        let market = &self.markets[instrument.0 as usize];
        let (moved, number) = (market.units.base(quantity), self.trades);
        let (quote, base, trade) = (market.quote, market.base, TradeId(number));
        let ledger = &mut self.ledger;
        // First, so that what is told of an account that trades with itself is right throughout.
        ledger.release(buy.pays, unlocked);
        ledger.release(sell.pays, moved);
        let [quote_total, quote_locked] =
            ledger.settle(buy.pays, -paid.gross - paid.fee, 0, number);
        let [base_total, base_locked] = ledger.settle(buy.receives, moved, 0, number);
        let moved = Amount(moved);
        events.push(Event::Settled(Settled {
            account: buy.account,
            side: Side::Buy,
            quote,
            base,
            trade,
            gross: Amount(paid.gross),
            fee: Amount(paid.fee),
            moved,
            quote_total: Amount(quote_total),
            quote_locked: Amount(quote_locked),
            base_total: Amount(base_total),
            base_locked: Amount(base_locked),
        }));
        let [base_total, base_locked] = ledger.settle(sell.pays, -moved.0, 0, number);
        let [quote_total, quote_locked] =
            ledger.settle(sell.receives, got.gross - got.fee, 0, number);
        events.push(Event::Settled(Settled {
            account: sell.account,
            side: Side::Sell,
            quote,
            base,
            trade,
            gross: Amount(got.gross),
            fee: Amount(got.fee),
            moved,
            quote_total: Amount(quote_total),
            quote_locked: Amount(quote_locked),
            base_total: Amount(base_total),
            base_locked: Amount(base_locked),
        }));
        let (fees, rounding) = (paid.fee + got.fee, paid.gross - got.gross);
        if fees | rounding != 0 {
            let collect = |ledger: &mut Ledger, slot, delta| match delta {
                0 => Amount(ledger.get(slot).total),
                _ => Amount(ledger.settle(slot, delta, 0, number)[0]),
            };
            let fees_total = collect(ledger, market.fees, fees);
            let rounding_total = collect(ledger, market.rounding, rounding);
            let (fees, rounding, asset) = (Amount(fees), Amount(rounding), quote);
            events.push(Event::Collected {
                asset,
                trade,
                fees,
                fees_total,
                rounding,
                rounding_total,
            });
        }
        if market.profile == Profile::Crypto {
            let Engine { fees, ledger, .. } = self;
            fees.add(buy.pays, ledger.turnover(buy.pays), paid.gross);
            fees.add(sell.receives, ledger.turnover(sell.receives), got.gross);
        }
    }

    /// Announces the levels `cross` met, best first.
    pub(crate) fn announce_swept(
        &self,
        instrument: InstrumentId,
        side: Side,
        events: &mut Vec<Event>,
    ) {
        for level in &self.swept {
            events.push(Event::Level {
                instrument,
                side,
                price: level.price,
                quantity: level.quantity,
                orders: level.orders,
            });
        }
    }

    /// Queues a live order at its price, or with the market orders, and announces the level.
    #[inline]
    pub(crate) fn rest(&mut self, slot: u32, events: &mut Vec<Event>) {
        let level = self.queue_order(slot);
        let Hot { instrument, side, .. } = self.orders.hot[slot as usize];
        let level = self.books.level(level);
        events.push(Event::Level {
            instrument,
            side,
            price: Price(level.price),
            quantity: Quantity(level.quantity),
            orders: level.orders,
        });
    }

    /// Queues a live order at its price, or with the market orders; returns the level.
    #[inline]
    pub(crate) fn queue_order(&mut self, slot: u32) -> u32 {
        let hot = &self.orders.hot[slot as usize];
        let (instrument, side, bound) = (hot.instrument, hot.side, hot.bound);
        let at_market = hot.flags.has(Flags::MARKET);
        let market = &mut self.markets[instrument.0 as usize];
        let hots = &mut self.orders.hot;
        hots[slot as usize].set_stage(market.stage);
        let level = if at_market {
            market.note_market_order(side, bound, &self.books);
            self.books.push_market(&mut market.sides[side as usize], hots, slot)
        } else {
            let key = market.key(bound);
            self.books.push(&mut market.sides[side as usize], hots, slot, key)
        };
        self.list(slot);
        level
    }

    /// Ends a live order that is in no level (any more) and unlocks what is left of its lock.
    pub(crate) fn close(&mut self, slot: u32, reason: CloseReason, events: &mut Vec<Event>) {
        let hot = &self.orders.hot[slot as usize];
        // What is filled has been unlocked with its last trade.
        if hot.remaining == 0 || hot.flags.has(Flags::UNLOCKED) {
            return self.close_unlocked(slot, reason, events);
        }
        let cold = &self.orders.cold[slot as usize];
        let traded = cold.traded();
        let units = &self.markets[hot.instrument.0 as usize].units;
        let lock = units.lock(hot.side, traded, self.orders.lock_price(hot), hot.remaining);
        let (pays, id) = (hot.pays, hot.id);
        self.close_unlocked(slot, reason, events);
        if lock != 0 {
            self.ledger.change(pays, (0, -lock), Cause::Lock, id, events);
        }
    }

    /// Ends a live order for which nothing is locked.
    pub(crate) fn close_unlocked(
        &mut self,
        slot: u32,
        reason: CloseReason,
        events: &mut Vec<Event>,
    ) {
        let cold = &mut self.orders.cold[slot as usize];
        cold.status = reason.status();
        cold.closed = Some(reason);
        cold.updated_at = self.at;
        cold.seq = self.seq;
        let hot = &self.orders.hot[slot as usize];
        let (account, instrument) = (hot.account, hot.instrument);
        let listed = hot.flags.has(Flags::LISTED);
        events.push(Event::Closed {
            order: OrderId(hot.id),
            account,
            instrument,
            reason,
            remaining: Quantity(hot.remaining),
        });
        if self.orders.cold[slot as usize].extra != NIL {
            self.end_extras(slot, events);
        }
        if listed {
            self.uncount_open(slot);
            self.accounts.unlink(&mut self.orders.hot, slot);
            self.resting -= 1;
            if self.markets[instrument.0 as usize].open_order_cap != 0 {
                self.open_counts.sub(account, instrument);
            }
        }
        self.orders.finish(slot);
    }
}
