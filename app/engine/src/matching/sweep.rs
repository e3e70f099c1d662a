//! The short way through the other side of a book that trades continuously and that nothing
//! guards. What the aggressive order has, it has in hand until the end: its sums, its balances and
//! the system's are read once and written once, however many orders it meets; each of those is
//! settled, ended and forgotten in one go.
//!
//! The short way stops in front of whatever takes a closer look (an order of its own account,
//! one that others hang from, sums beyond 64 bits) and leaves the rest to the long way. Both tell the
//! same events and leave the same state.

use crate::engine::{Engine, LevelState, Market, OrderStatus, Rates, Scout, reaches};
use crate::event::{CloseReason, Event, Settled, Trade};
use crate::ledger::Ledger;
use crate::matching::continuous::Stop;
use crate::money::{Bought, Leg, Sold, Sums, Units};
use crate::orders::{Cold, Fee, Flags, Hot, NIL};
use crate::types::*;

/// How many resting orders ahead of a trade what trading with one touches is fetched.
const AHEAD: usize = 2;

/// What trading goes by in its market.
#[derive(Clone, Copy)]
struct Rules {
    units: Units,
    /// The market's own fee rates.
    own: Rates,
    quote: AssetId,
    base: AssetId,
    crypto: bool,
}

/// What an aggressive order has in hand while it trades.
struct Taker {
    market: Rules,
    id: u64,
    account: AccountId,
    pays: u32,
    receives: u32,
    bound: i64,
    remaining: i64,
    rates: Rates,
    /// Its market's day.
    day: u32,
    /// Its sums so far, exact and rounded as its side is.
    sums: Sums,
    bought: Bought,
    sold: Sold,
    /// What it and the buyers traded in this command, in minor units of the quote asset.
    traded: i64,
    all_paid: i64,
    /// The resting order to be fetched next.
    scout: Scout,
    /// Whether its turnover has been opened.
    opened: bool,
    /// Its balances: what it owns, and what of it is locked.
    quote: [i64; 2],
    base: [i64; 2],
}

/// What the system accounts own.
struct System {
    fees: i64,
    rounding: i64,
}

/// Where a sweep of one level ended.
struct Swept {
    next: u32,
    taken: i64,
    ended: u32,
    /// Whether the next order takes a closer look.
    halts: bool,
}

/// What a trade came to.
struct Met {
    quantity: i64,
    /// Whether the resting order is filled, and has ended then; and the one behind it.
    filled: bool,
    behind: u32,
}

/// Whether the short way may take an order through this market.
fn is_plain(hot: &Hot, cold: &Cold, market: &Market) -> bool {
    let harmless = Flags::DAY.0 | Flags::MARKET.0 | Flags::BY_AMOUNT.0;
    hot.flags.0 & !harmless == 0
        && !hot.conditioned()
        && cold.extra == NIL
        && !(market.guarded | market.session_rules)
        && market.open_order_cap == 0
        && market.sides[hot.side.opposite() as usize].market == NIL
        && market.units.is_short()
}

impl Taker {
    fn new<const BUYS: bool>(
        hot: &Hot,
        cold: &Cold,
        market: Rules,
        ledger: &Ledger,
        (rates, day): (Rates, u32),
    ) -> Option<Taker> {
        let units = &market.units;
        let (paying, receiving) = (ledger.get(hot.pays), ledger.get(hot.receives));
        let (paying, receiving) =
            ([paying.total, paying.locked], [receiving.total, receiving.locked]);
        let (quote, base) = if BUYS { (paying, receiving) } else { (receiving, paying) };
        let open = if BUYS { hot.bound.checked_mul(hot.remaining)? } else { 0 };
        let sums = cold.traded().short(open)?;
        let (mut bought, mut sold) = (Bought::default(), Sold::default());
        if BUYS {
            bought = units.bought(sums, open);
        } else {
            sold = units.sold(sums);
        }
        Some(Taker {
            market,
            id: hot.id,
            account: hot.account,
            pays: hot.pays,
            receives: hot.receives,
            bound: hot.bound,
            remaining: hot.remaining,
            rates,
            day,
            sums,
            bought,
            sold,
            traded: 0,
            all_paid: 0,
            scout: Scout::NONE,
            opened: false,
            quote,
            base,
        })
    }
}

impl Engine {
    /// Trades an order as far as the short way goes. How it ended; `None` where the long way has to
    /// go on, and then whether the best level has been met already.
    #[inline]
    pub(super) fn sweep(&mut self, slot: u32, events: &mut Vec<Event>) -> Result<Stop, bool> {
        let hot = &self.orders.hot[slot as usize];
        let market = &self.markets[hot.instrument.0 as usize];
        if !self.may_be_short() || !is_plain(hot, &self.orders.cold[slot as usize], market) {
            return Err(false);
        }
        match hot.side {
            Side::Buy => self.sweep_side::<true>(slot, events),
            Side::Sell => self.sweep_side::<false>(slot, events),
        }
    }

    #[inline(never)]
    fn sweep_side<const BUYS: bool>(
        &mut self,
        slot: u32,
        events: &mut Vec<Event>,
    ) -> Result<Stop, bool> {
        let hot = &self.orders.hot[slot as usize];
        let cold = &self.orders.cold[slot as usize];
        let (side, instrument) = (hot.side, hot.instrument);
        let against = side.opposite() as usize;
        let market = &self.markets[instrument.0 as usize];
        let quote_slot = if BUYS { hot.pays } else { hot.receives };
        let rules = Rules {
            units: market.units,
            own: market.own_rates(),
            quote: market.quote,
            base: market.base,
            crypto: market.profile == Profile::Crypto,
        };
        let rates = if rules.crypto {
            self.fees.rates(self.ledger.turnover(quote_slot), rules.quote, rules.own)
        } else {
            rules.own
        };
        let terms = (rates, self.days[market.profile as usize].day);
        let taker = Taker::new::<BUYS>(hot, cold, rules, &self.ledger, terms);
        let Some(mut taker) = taker else { return Err(false) };
        let mut system = System {
            fees: self.ledger.get(market.fees).total,
            rounding: self.ledger.get(market.rounding).total,
        };
        let (first_trade, mut ended) = (self.trades, 0);
        taker.scout = self.scout_from(side.opposite(), market.sides[against].best, AHEAD);
        let last = loop {
            let best = self.markets[instrument.0 as usize].sides[against].best;
            if best == NIL {
                break Ok(Stop::Exhausted);
            }
            let level = *self.books.level(best);
            if !reaches(side, taker.bound, level.price) {
                break Ok(Stop::Exhausted);
            }
            let swept = self.sweep_level::<BUYS>(
                &mut taker,
                &mut system,
                instrument,
                (level.head, level.price),
                events,
            );
            if swept.taken != 0 {
                let market = &mut self.markets[instrument.0 as usize];
                market.printed(level.price);
                let (taken, next) = (swept.taken, swept.next);
                let (orders, hots) = (level.orders - swept.ended, &mut self.orders.hot);
                let book = &mut market.sides[against];
                self.books.take_front(book, hots, best, (taken, swept.ended), next);
                ended += swept.ended;
                if !swept.halts || orders == 0 {
                    let (price, left) = (Price(level.price), Quantity(level.quantity - taken));
                    self.swept.push(LevelState { price, quantity: left, orders });
                }
            }
            if taker.remaining == 0 {
                break Ok(Stop::Done);
            }
            if swept.halts {
                break Err(swept.taken != 0);
            }
        };
        if self.trades != first_trade {
            self.put_down::<BUYS>(slot, instrument, &taker, &system, ended);
        }
        last
    }

    /// Trades an order against those of one level, oldest first.
    #[inline(always)]
    fn sweep_level<const BUYS: bool>(
        &mut self,
        taker: &mut Taker,
        system: &mut System,
        instrument: InstrumentId,
        (head, price): (u32, i64),
        events: &mut Vec<Event>,
    ) -> Swept {
        let mut swept = Swept { next: head, taken: 0, ended: 0, halts: false };
        while swept.next != NIL && taker.remaining != 0 {
            let maker = swept.next;
            self.scout(&mut taker.scout);
            let filled = self.meet::<BUYS>(taker, system, instrument, (maker, price), events);
            let Some(met) = filled else {
                swept.halts = true;
                break;
            };
            swept.taken += met.quantity;
            if met.filled {
                swept.next = met.behind;
                swept.ended += 1;
                self.let_go(maker);
            }
        }
        swept
    }

    /// One trade, and the end of the resting order if that fills it. `None`: nothing has changed,
    /// it takes a closer look.
    #[inline(always)]
    fn meet<const BUYS: bool>(
        &mut self,
        taker: &mut Taker,
        system: &mut System,
        instrument: InstrumentId,
        (maker, price): (u32, i64),
        events: &mut Vec<Event>,
    ) -> Option<Met> {
        let Engine { orders, ledger, fees, accounts, risk, .. } = self;
        let Rules { units, own, quote, base, crypto } = &taker.market;
        let (own, quote, base, crypto) = (*own, *quote, *base, *crypto);
        let hot = &mut orders.hot[maker as usize];
        let cold = &mut orders.cold[maker as usize];
        if hot.account == taker.account || cold.extra != NIL {
            return None;
        }
        let quantity = taker.remaining.min(hot.remaining);
        let (left, notional) = (hot.remaining - quantity, price * quantity);
        let open = if BUYS { notional } else { hot.bound * hot.remaining };
        let before = cold.traded().short(open)?;
        let taking = taker.sums.wide().short(notional)?.plus(notional, taker.rates.taker_ppm);
        let mut rates = own;
        if crypto {
            let balance = if BUYS { hot.receives } else { hot.pays };
            rates = fees.rates(ledger.turnover(balance), quote, rates);
        }
        let after = before.plus(notional, rates.maker_ppm);
        taker.remaining -= quantity;
        taker.sums = taking;
        hot.remaining = left;
        (cold.notional, cold.fee) = (after.notional, Fee::short(after.fee));
        (cold.updated_at, cold.seq) = (self.at, self.seq);
        let (filled, behind) = (left == 0, hot.next);
        if filled {
            (cold.status, cold.closed) = (OrderStatus::Filled, Some(CloseReason::Filled));
            (hot.level, hot.prev, hot.next) = (NIL, NIL, NIL);
        } else {
            cold.status = OrderStatus::PartiallyFilled;
        }
        let (paid, unlocked, got);
        if BUYS {
            let bought = units.bought(taking, taker.bound * taker.remaining);
            (paid, unlocked) = taker.bought.to(&bought);
            taker.bought = bought;
            got = units.sold(before).to(&units.sold(after));
        } else {
            let bought = units.bought(before, open);
            (paid, unlocked) = bought.to(&units.bought(after, hot.bound * left));
            let sold = units.sold(taking);
            got = taker.sold.to(&sold);
            taker.sold = sold;
        }
        self.trades += 1;
        let trade = TradeId(self.trades);
        let (maker_fee, taker_fee) = if BUYS { (got.fee, paid.fee) } else { (paid.fee, got.fee) };
        let trade_told = Event::Trade(Trade {
            trade,
            instrument,
            price: Price(price),
            quantity: Quantity(quantity),
            taker_side: if BUYS { Side::Buy } else { Side::Sell },
            maker: OrderId(hot.id),
            taker: OrderId(taker.id),
            maker_account: hot.account,
            taker_account: taker.account,
            maker_fee: Amount(maker_fee),
            taker_fee: Amount(taker_fee),
            maker_remaining: Quantity(left),
            taker_remaining: Quantity(taker.remaining),
            auction: false,
        });
        events.push(trade_told);
        let moved = units.base(quantity);
        let (id, account, pays, receives) = (hot.id, hot.account, hot.pays, hot.receives);
        if !BUYS && hot.counted() {
            ledger.expect_more(hot.receives, -moved);
        }
        let settled =
            |account, side, leg: Leg, [quote_total, quote_locked]: [i64; 2], b: [i64; 2]| {
                Event::Settled(Settled {
                    account,
                    side,
                    quote,
                    base,
                    trade,
                    gross: Amount(leg.gross),
                    fee: Amount(leg.fee),
                    moved: Amount(moved),
                    quote_total: Amount(quote_total),
                    quote_locked: Amount(quote_locked),
                    base_total: Amount(b[0]),
                    base_locked: Amount(b[1]),
                })
            };
        if BUYS {
            taker.quote[0] -= paid.gross + paid.fee;
            taker.quote[1] -= unlocked;
            taker.base[0] += moved;
            taker.holds(taker.quote, trade);
            events.push(settled(taker.account, Side::Buy, paid, taker.quote, taker.base));
            let base = ledger.settle(pays, -moved, -moved, trade.0);
            let quote = ledger.settle(receives, got.gross - got.fee, 0, trade.0);
            events.push(settled(account, Side::Sell, got, quote, base));
        } else {
            let quote = ledger.settle(pays, -paid.gross - paid.fee, -unlocked, trade.0);
            let base = ledger.settle(receives, moved, 0, trade.0);
            events.push(settled(account, Side::Buy, paid, quote, base));
            taker.base[0] -= moved;
            taker.base[1] -= moved;
            taker.quote[0] += got.gross - got.fee;
            taker.holds(taker.base, trade);
            events.push(settled(taker.account, Side::Sell, got, taker.quote, taker.base));
        }
        let (charged, rounding) = (paid.fee + got.fee, paid.gross - got.gross);
        if charged | rounding != 0 {
            system.fees += charged;
            system.rounding += rounding;
            let collected = Event::Collected {
                asset: quote,
                trade,
                fees: Amount(charged),
                fees_total: Amount(system.fees),
                rounding: Amount(rounding),
                rounding_total: Amount(system.rounding),
            };
            events.push(collected);
        }
        taker.all_paid = taker.all_paid.saturating_add(paid.gross);
        let (mine, theirs) = if BUYS { (paid, got) } else { (got, paid) };
        taker.traded = taker.traded.saturating_add(mine.gross);
        if crypto {
            // Volumes are entered in order: the buyer's first.
            let opens = !std::mem::replace(&mut taker.opened, true);
            if BUYS && opens {
                fees.open(taker.pays, ledger.turnover(taker.pays));
            }
            let theirs_in = if BUYS { receives } else { pays };
            fees.add(theirs_in, ledger.turnover(theirs_in), theirs.gross);
            if !BUYS && opens {
                fees.open(taker.receives, ledger.turnover(taker.receives));
            }
        }
        risk.note_value(accounts.at_mut(account), (taker.day, quote), theirs.gross);
        if filled {
            let closed = Event::Closed {
                order: OrderId(id),
                account,
                instrument,
                reason: CloseReason::Filled,
                remaining: Quantity(0),
            };
            events.push(closed);
        }
        Some(Met { quantity, filled, behind })
    }

    /// Takes a resting order that has ended, and hangs together with no other, off its lists.
    #[inline(always)]
    fn let_go(&mut self, slot: u32) {
        let group = self.accounts.unlink(&mut self.orders.hot, slot);
        self.risk.groups[usize::from(group.0)].pool.open -= 1;
        self.orders.finish(slot);
    }

    /// Writes back what the aggressive order had in hand, once it has traded.
    #[inline(always)]
    fn put_down<const BUYS: bool>(
        &mut self,
        slot: u32,
        instrument: InstrumentId,
        taker: &Taker,
        system: &System,
        ended: u32,
    ) {
        let hot = &mut self.orders.hot[slot as usize];
        hot.remaining = taker.remaining;
        let cold = &mut self.orders.cold[slot as usize];
        (cold.notional, cold.fee) = (taker.sums.notional, Fee::short(taker.sums.fee));
        cold.status = OrderStatus::PartiallyFilled;
        cold.updated_at = self.at;
        cold.seq = self.seq;
        let (paying, receiving) =
            if BUYS { (taker.quote, taker.base) } else { (taker.base, taker.quote) };
        self.ledger.put(taker.pays, paying);
        self.ledger.put(taker.receives, receiving);
        let market = &self.markets[instrument.0 as usize];
        let (fees, rounding) = (market.fees, market.rounding);
        for (slot, total) in [(fees, system.fees), (rounding, system.rounding)] {
            if self.ledger.get(slot).total != total {
                self.ledger.put(slot, [total, 0]);
            }
        }
        if taker.opened {
            let slot = if BUYS { taker.pays } else { taker.receives };
            self.fees.add(slot, self.ledger.turnover(slot), taker.traded);
        }
        self.note_traded_by(taker.account, instrument, taker.traded);
        self.note_traded_in(instrument, taker.all_paid);
        self.risk.instruments[instrument.0 as usize].open -= ended;
        self.resting -= ended;
    }
}

impl Taker {
    /// What must hold of a balance it pays from.
    #[inline(always)]
    fn holds(&self, [total, locked]: [i64; 2], trade: TradeId) {
        assert!(
            0 <= locked && locked <= total,
            "ledger broken: account {} owns {total}, locked {locked}, after trade {trade}",
            self.account
        );
    }
}
