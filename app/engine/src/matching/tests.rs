//! A Tokyo day of random orders, its auctions compared with the slow twin: how each ended, at
//! which price, and what every single order got.

use std::collections::BTreeMap;

use crate::auction::twin::{self, Orders};
use crate::auction::{Claim, Outcome, Priority, Terms, at_close};
use crate::command::*;
use crate::instrument::{InstrumentSpec, TickRule};
use crate::jpx;
use crate::oracle::stream::Numbers;
use crate::types::*;
use crate::{Command, Engine, Event};

const SHARE: InstrumentId = InstrumentId(0);
const ACCOUNTS: u32 = 8;
const DAY: u32 = 20261124;
const LOT: i64 = 100;

/// Stands for the order that is about to come in.
const COMING: OrderId = OrderId(u64::MAX);

/// Conditions of orders that come before the pre-close: half of them none.
const CONDITIONS: &[Condition] = &[
    Condition::Any,
    Condition::Any,
    Condition::Any,
    Condition::Opening,
    Condition::Closing,
    Condition::Funari,
];

/// The same in the morning.
const MORNING: &[Condition] = &[
    Condition::Any,
    Condition::Any,
    Condition::Any,
    Condition::Any,
    Condition::Opening,
    Condition::Closing,
    Condition::Funari,
    Condition::MorningClosing,
    Condition::MorningFunari,
];

/// What the test knows of a live order.
#[derive(Clone, Copy, Debug)]
struct Known {
    account: AccountId,
    side: Side,
    /// Zero: at market.
    price: i64,
    condition: Condition,
    /// There for one auction only.
    immediate: bool,
    /// 0: before the session's first price, 1: in continuous trading, 2: for the close.
    group: u8,
    /// Place among orders of its price, and place among all.
    queued: u64,
    entered: u64,
}

struct Day {
    engine: Engine,
    seq: u64,
    now: u64,
    numbers: Numbers,
    terms: Terms,
    limits: (i64, i64),
    known: BTreeMap<OrderId, Known>,
    /// Quantity of the order that is about to come in.
    coming: i64,
    /// Whether the session had its first price.
    priced: bool,
    phase_group: u8,
    /// Whether the morning's closing auction is at hand.
    morning_ends: bool,
    names: u64,
    ends: BTreeMap<&'static str, u64>,
}

fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).expect("short")
}

fn by() -> Box<Provenance> {
    Box::new(Provenance {
        approver: Default::default(),
        actor: text("test"),
        request: text(""),
        reason: text(""),
    })
}

fn share(ticks: TickRule, base: i64, limits: (i64, i64), fee: i32) -> InstrumentSpec {
    InstrumentSpec {
        symbol: text("7203"),
        name: text("Toyota"),
        profile: Profile::Tse,
        base_asset: AssetId(1),
        quote_asset: AssetId(0),
        price_digits: 1,
        quantity_digits: 0,
        ticks,
        lot: Quantity(LOT),
        min_quantity: Quantity(LOT),
        max_quantity: Quantity(1_000_000),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
        base_price: Price(base),
        limit_down: Price(limits.0),
        limit_up: Price(limits.1),
        market_band_ppm: 0,
        maker_fee_ppm: 0,
        taker_fee_ppm: fee,
        open_order_cap: 0,
        session_rules: true,
        listed_shares: Quantity(0),
    }
}

fn note(orders: &[(OrderId, Known)], claims: &[Claim], shares: &mut BTreeMap<OrderId, i64>) {
    shares.extend(claims.iter().map(|c| (orders[c.tag as usize].0, c.allocated)));
}

impl Day {
    fn new(seed: u64) -> Day {
        let mut numbers = Numbers(seed);
        let (ticks, base) = numbers.pick(&[
            (TickRule::TseOther, 5_000),
            (TickRule::TseOther, 30_000),
            (TickRule::TseTopix500, 10_000),
            (TickRule::TseTopix500, 700),
        ]);
        let (down, up) = jpx::tse_daily_limits(Price(base));
        // Some days the limits are near.
        let near = 2 * jpx::renewal_width(Price(base));
        let limits = numbers.pick(&[(down.0, up.0), (base - near, base + near)]);
        let fee = numbers.pick(&[0, 700]);
        let mut day = Day {
            engine: Engine::new(),
            seq: 0,
            now: 1,
            numbers,
            terms: Terms { low: 1, high: i64::MAX, centre: base, ticks },
            limits,
            known: BTreeMap::new(),
            coming: 0,
            priced: false,
            phase_group: 0,
            morning_ends: false,
            names: 0,
            ends: BTreeMap::new(),
        };
        day.found(share(ticks, base, limits, fee));
        day
    }

    fn found(&mut self, spec: InstrumentSpec) {
        let limits = Limits {
            accounts: 20,
            instruments: 1,
            assets: 2,
            live_orders: 500,
            answers: 500,
            balances: 50,
        };
        self.apply(Command::Genesis { limits, hash_seed: [1, 2] });
        for (code, exponent) in [("JPY", 4), ("7203", 0)] {
            self.apply(Command::CreateAsset(AssetSpec { code: text(code), exponent }));
        }
        self.apply(Command::CreateInstrument(Box::new(spec)));
        for i in 0..ACCOUNTS {
            let account = AccountId(AccountId::SYSTEM_COUNT + i);
            self.apply(Command::CreateAccount { code: text(&i.to_string()) });
            for (asset, amount) in [(0, 1 << 50), (1, 1 << 30)] {
                let reference = self.name();
                let (asset, amount) = (AssetId(asset), Amount(amount));
                let kind = TransferKind::Deposit;
                let transfer = Transfer { kind, account, asset, amount, reference };
                self.apply(Command::Transfer { transfer, by: by() });
            }
        }
    }

    fn name(&mut self) -> ClientId {
        self.names += 1;
        text(&self.names.to_string())
    }

    fn apply(&mut self, command: Command) -> Vec<Event> {
        self.seq += 1;
        self.now += 1_000_000_000;
        let mut events = Vec::new();
        self.engine.apply(Seq(self.seq), Timestamp(self.now), &command, &mut events);
        self.engine.check().expect("sound after every command");
        for event in &events {
            match event {
                Event::Refused { code, .. } => panic!("{command:?} refused: {code:?}"),
                Event::Trade(_) => self.priced = true,
                _ => {}
            }
        }
        events
    }

    /// The price the next auction's range and centre are taken from: the engine's word.
    fn reference(&self) -> i64 {
        self.engine.markets[0].reference()
    }

    /// A random order near the reference; sometimes one goes.
    fn order(&mut self, conditions: &[Condition]) {
        if self.numbers.one_in(12) {
            return self.cancel();
        }
        let width = jpx::renewal_width(Price(self.reference()));
        let side = self.numbers.pick(&[Side::Buy, Side::Sell]);
        let mut condition = self.numbers.pick(conditions);
        if condition == Condition::Opening && self.phase_group == 1 {
            condition = Condition::Any;
        }
        let at_market = match condition {
            Condition::Any => self.phase_group != 1 && self.numbers.one_in(6),
            Condition::Funari | Condition::MorningFunari => false,
            Condition::Opening | Condition::Closing | Condition::MorningClosing => {
                self.numbers.one_in(2)
            }
        };
        let far = self.numbers.pick(&[width / 2, width, 3 * width]).max(1);
        let price = self.reference() + self.numbers.from(-far, far);
        let price = price.clamp(self.limits.0, self.limits.1);
        let tick = self.terms.ticks.tick_at(Price(price));
        let price = if at_market { 0 } else { price - price % tick };
        let account = AccountId(AccountId::SYSTEM_COUNT + self.numbers.below(8) as u32);
        let lots = self.numbers.from(1, 6);
        let name = self.name();
        let mut place =
            Place::limit(account, SHARE, side, Price(price), Quantity(lots * LOT), name);
        place.kind = if at_market { OrderKind::Market } else { OrderKind::Limit };
        place.time_in_force = TimeInForce::Day;
        place.condition = condition;
        if condition == Condition::Any && self.numbers.one_in(8) {
            place.time_in_force = TimeInForce::Ioc;
        }
        // Until its session's first price all orders are simultaneous.
        let awaits = self.phase_group == 1 && !self.priced;
        let group = if awaits { 0 } else { self.phase_group };
        let entered = self.seq + 1;
        let immediate = place.time_in_force == TimeInForce::Ioc;
        let queued = entered;
        let known = Known { account, side, price, condition, immediate, group, queued, entered };
        let quote = self.engine.instrument(SHARE).expect("there").quote.kind;
        let order = match (awaits, quote) {
            (true, QuoteKind::Free) => self.first_price(place, known),
            _ => {
                let events = self.apply(Command::Place(place));
                let Event::Accepted { order, .. } = events[0] else {
                    panic!("{place:?}: {events:?}")
                };
                order
            }
        };
        self.known.insert(order, known);
    }

    /// Places an order after an opening without a price, and compares the auction it makes
    /// possible, if it does.
    fn first_price(&mut self, place: Place, known: Known) -> OrderId {
        self.known.insert(COMING, known);
        self.coming = place.quantity.0;
        let outcome = self.expected(1);
        let mut shares = BTreeMap::new();
        if outcome.end == AuctionEnd::Priced {
            shares = self.shares(Side::Buy, &outcome);
            shares.append(&mut self.shares(Side::Sell, &outcome));
        }
        self.known.remove(&COMING);
        self.coming = 0;
        let events = self.apply(Command::Place(place));
        let Event::Accepted { order, .. } = events[0] else { panic!("{place:?}: {events:?}") };
        let (mut got, mut held) = (BTreeMap::<OrderId, i64>::new(), None);
        for event in &events {
            match *event {
                Event::Trade(t) => {
                    assert!(t.auction, "the first price is an auction's");
                    for party in [t.maker, t.taker] {
                        let party = if party == order { COMING } else { party };
                        *got.entry(party).or_default() += t.quantity.0;
                    }
                }
                Event::Auction { kind, end, price, quantity, .. } => {
                    assert!(matches!(kind, AuctionKind::Opening | AuctionKind::AfternoonOpening));
                    held = Some((end, price.0, quantity.0));
                }
                _ => {}
            }
        }
        let priced = outcome.end == AuctionEnd::Priced;
        let expected = priced.then_some((outcome.end, outcome.price, outcome.quantity));
        assert_eq!(held, expected, "{place:?}: {:?}", self.known);
        shares.retain(|_, quantity| *quantity > 0);
        assert_eq!(got, shares, "{place:?} {outcome:?}: {:?}", self.known);
        let what = if priced { "first price" } else { "no first price" };
        *self.ends.entry(what).or_default() += 1;
        order
    }

    fn cancel(&mut self) {
        let live: Vec<OrderId> = self.live().map(|(order, _)| order).collect();
        if !live.is_empty() {
            let order = self.numbers.pick(&live);
            let account = self.known[&order].account;
            self.apply(Command::Cancel(Cancel { account, order, via: Via::Rest, key: 0 }));
        }
    }

    fn remaining(&self, order: OrderId) -> i64 {
        if order == COMING {
            return self.coming;
        }
        let state = self.engine.order(order).expect("remembered");
        if state.status.is_live() { state.quantity.0 - state.filled.0 } else { 0 }
    }

    fn live(&self) -> impl Iterator<Item = (OrderId, Known)> + '_ {
        let known = self.known.iter().map(|(order, known)| (*order, *known));
        known.filter(|(order, _)| self.remaining(*order) > 0)
    }

    /// Whether an order takes part in the coming auction.
    fn takes_part(&self, known: &Known) -> bool {
        match known.condition {
            Condition::Closing => self.phase_group == 2,
            Condition::MorningClosing => self.morning_ends,
            _ => true,
        }
    }

    fn book(&self) -> Orders {
        let mut book = Orders::default();
        for (order, known) in self.live().filter(|(_, known)| self.takes_part(known)) {
            let quantity = self.remaining(order);
            match known.side {
                Side::Buy if known.price == 0 => book.market_buy += quantity,
                Side::Sell if known.price == 0 => book.market_sell += quantity,
                Side::Buy => book.bids.push((known.price, quantity)),
                Side::Sell => book.asks.push((known.price, quantity)),
            }
        }
        book
    }

    /// What every order of a side should get.
    fn shares(&self, side: Side, outcome: &Outcome) -> BTreeMap<OrderId, i64> {
        let inside = |known: &Known| match side {
            _ if known.price == 0 => true,
            Side::Buy => known.price >= outcome.price,
            Side::Sell => known.price <= outcome.price,
        };
        let mut orders: Vec<(OrderId, Known)> = self
            .live()
            .filter(|(_, known)| known.side == side && self.takes_part(known) && inside(known))
            .collect();
        let excess = outcome.excess() == Some(side);
        let mut shares = BTreeMap::new();
        if excess && outcome.end != AuctionEnd::Priced {
            let mut claims = self.claims(&orders);
            for (claim, (_, known)) in claims.iter_mut().zip(&orders) {
                (claim.group, claim.priority) = (0, Priority::Time);
                claim.entry = known.entered;
            }
            match outcome.end {
                AuctionEnd::SpecialExecution => {
                    twin::by_groups(outcome.quantity, LOT, &mut claims);
                }
                _ => _ = twin::in_turns(outcome.quantity, LOT, &mut claims),
            }
            note(&orders, &claims, &mut shares);
        } else {
            let mut left = outcome.quantity;
            // Market orders, then the best price.
            let rank = |known: &Known| match side {
                _ if known.price == 0 => i64::MIN,
                Side::Buy => -known.price,
                Side::Sell => known.price,
            };
            orders.sort_by_key(|(_, known)| (rank(known), known.group, known.queued));
            for level in orders.chunk_by(|a, b| a.1.price == b.1.price) {
                let mut claims = self.claims(level);
                twin::by_groups(left, LOT, &mut claims);
                left -= claims.iter().map(|claim| claim.allocated).sum::<i64>();
                note(level, &claims, &mut shares);
            }
        }
        shares
    }

    fn claims(&self, orders: &[(OrderId, Known)]) -> Vec<Claim> {
        let claim = |(tag, (order, known)): (usize, &(OrderId, Known))| Claim {
            tag: tag as u32,
            participant: known.account.0,
            group: known.group,
            priority: if known.group == 1 { Priority::Time } else { Priority::Simultaneous },
            entry: known.queued,
            quantity: self.remaining(*order),
            allocated: 0,
        };
        orders.iter().enumerate().map(claim).collect()
    }

    /// What the auction should do, by the twin.
    fn expected(&self, widths: i64) -> Outcome {
        let reference = self.reference();
        let by = widths * jpx::renewal_width(Price(reference));
        let low = (reference - by).max(self.limits.0);
        let high = (reference + by).min(self.limits.1);
        let terms = Terms { low, high, centre: reference, ..self.terms };
        self.book().price(&terms).0
    }

    /// Holds an auction and compares all of it.
    fn auction(&mut self, step: SessionStep) -> AuctionEnd {
        let closing = step == SessionStep::Close;
        let opening = matches!(step, SessionStep::Open | SessionStep::AfternoonOpen);
        let mut outcome = self.expected(if closing { 2 } else { 1 });
        if closing {
            outcome = at_close(outcome, self.limits.0, self.limits.1, LOT);
        }
        let trades = !matches!(outcome.end, AuctionEnd::Empty | AuctionEnd::Unpriced);
        let mut shares = BTreeMap::new();
        if trades {
            shares = self.shares(Side::Buy, &outcome);
            shares.append(&mut self.shares(Side::Sell, &outcome));
        }
        let book = self.book();
        // Without an admissible price immediate orders end, and what is left is looked at again.
        let again = outcome.end == AuctionEnd::Unpriced
            && self.live().any(|(_, known)| known.immediate && self.takes_part(&known));
        let mut got: BTreeMap<OrderId, i64> = BTreeMap::new();
        let events = self.step(step);
        let mut held = false;
        for event in &events {
            if again && held {
                break;
            }
            match *event {
                Event::Trade(t) if t.auction => {
                    assert_eq!(t.price.0, outcome.price);
                    *got.entry(t.maker).or_default() += t.quantity.0;
                    *got.entry(t.taker).or_default() += t.quantity.0;
                }
                Event::Auction { end, price, quantity, surplus, .. } => {
                    let (at, size) =
                        if trades { (outcome.price, outcome.quantity) } else { (0, 0) };
                    let expected = (outcome.end, at, size, outcome.surplus);
                    let found = (end, price.0, quantity.0, surplus.0);
                    assert_eq!(found, expected, "{step:?}: {book:?}");
                    held = true;
                    if end == AuctionEnd::Unpriced && opening && !again {
                        let quote = self.engine.instrument(SHARE).expect("there").quote;
                        let side = Some(quote.side);
                        assert_eq!((quote.kind, side), (QuoteKind::Special, outcome.excess()));
                    }
                }
                _ => {}
            }
        }
        shares.retain(|_, quantity| *quantity > 0);
        assert_eq!(got, shares, "{step:?} {outcome:?}: {:?}", self.known);
        *self.ends.entry(outcome.end.as_str()).or_default() += 1;
        outcome.end
    }

    fn step(&mut self, step: SessionStep) -> Vec<Event> {
        let (profile, day, until) = (Profile::Tse, DAY, Timestamp(0));
        self.apply(Command::Session { profile, day, step, until })
    }

    /// Orders of these two conditions come to the close of their session: the first ones are at
    /// market from now on, and before the others, that only come in.
    fn enter_for(&mut self, [turning, entering]: [Condition; 2]) {
        let now = self.seq << 20;
        for known in self.known.values_mut() {
            let queued = match known.condition {
                condition if condition == turning => {
                    known.price = 0;
                    now
                }
                condition if condition == entering => now + 500,
                _ => continue,
            };
            (known.group, known.queued) = (2, queued + known.entered);
        }
    }

    /// The whole day.
    fn run(&mut self) {
        let orders = self.numbers.pick(&[3, 10, 30]);
        self.step(SessionStep::PreOpen);
        for _ in 0..self.numbers.below(orders + 1) {
            self.order(MORNING);
        }
        self.auction(SessionStep::Open);
        self.phase_group = 1;
        for _ in 0..self.numbers.below(orders + 1) {
            self.order(MORNING);
        }
        self.enter_for([Condition::MorningFunari, Condition::MorningClosing]);
        self.morning_ends = true;
        self.auction(SessionStep::MorningClose);
        self.morning_ends = false;
        self.step(SessionStep::AfternoonPreOpen);
        self.known.values_mut().for_each(|known| known.group = 0);
        (self.phase_group, self.priced) = (0, false);
        for _ in 0..self.numbers.below(orders / 2 + 1) {
            self.order(CONDITIONS);
        }
        self.auction(SessionStep::AfternoonOpen);
        self.phase_group = 1;
        for _ in 0..self.numbers.below(orders + 1) {
            self.order(&[Condition::Any]);
        }
        self.step(SessionStep::PreClose);
        self.phase_group = 2;
        self.enter_for([Condition::Funari, Condition::Closing]);
        for _ in 0..self.numbers.below(orders + 1) {
            self.order(&[Condition::Any]);
            if let Some(newest) = self.known.values_mut().max_by_key(|known| known.entered) {
                newest.queued = newest.queued.max(newest.entered << 20);
            }
        }
        self.auction(SessionStep::Close);
    }
}

#[test]
fn a_day_of_auctions_is_the_twins() {
    let mut ends: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..5_000 {
        let mut day = Day::new(seed);
        day.run();
        for (end, count) in day.ends {
            *ends.entry(end).or_default() += count;
        }
    }
    println!("{ends:?}");
    for end in [
        "priced",
        "empty",
        "unpriced",
        "stop_allocation",
        "special_execution",
        "first price",
        "no first price",
    ] {
        assert!(ends.get(end).is_some_and(|&count| count >= 10), "{end}: {ends:?}");
    }
}
