//! Random streams of orders under random limits, groups, kill switches and self-trade modes: the
//! whole-state check after every command, a slow twin that says from scratch which limit an order
//! passes, the identity original = executed + prevented + open + cancelled, and copies from
//! snapshots that go on alike.

use std::collections::BTreeMap;

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::event::{CloseReason, Trade};
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject, Replica};

/// What counters are kept of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Key {
    Account(AccountId),
    Group(GroupId),
    Instrument(InstrumentId),
}

/// Limits as they are set, and everything counted the slow way.
#[derive(Default)]
struct Twin {
    limits: BTreeMap<RiskScope, RiskLimits>,
    groups: BTreeMap<AccountId, GroupId>,
    kills: Vec<KillScope>,
    traded: BTreeMap<Key, i64>,
    messages: BTreeMap<(Key, u64), i64>,
}

impl Twin {
    fn group(&self, account: AccountId) -> GroupId {
        self.groups.get(&account).copied().unwrap_or_default()
    }

    /// The limits that bind an account, in the order they are held against.
    fn binding(&self, account: AccountId) -> Vec<(Key, RiskLimits)> {
        let group = self.group(account);
        let own = self.limits.get(&RiskScope::Account(account));
        let own = own.or_else(|| self.limits.get(&RiskScope::Members(group)));
        let all = [
            (Key::Account(account), own),
            (Key::Group(group), self.limits.get(&RiskScope::Group(group))),
            (Key::Instrument(COIN), self.limits.get(&RiskScope::Instrument(COIN))),
        ];
        all.into_iter().filter_map(|(key, limits)| Some((key, *limits?))).collect()
    }

    fn killed(&self, account: AccountId) -> bool {
        let group = self.group(account);
        self.kills.iter().any(|scope| match *scope {
            KillScope::Account(a) => a == account,
            KillScope::Group(g) => g == group,
            KillScope::Instrument(i) => i == COIN,
            KillScope::Venue => true,
            KillScope::Key(_) => false,
        })
    }

    fn note_message(&mut self, account: AccountId, second: u64) {
        for (key, limits) in self.binding(account) {
            if limits.bounds[RiskMeasure::Messages as usize] != Bound::default() {
                *self.messages.entry((key, second)).or_default() += 1;
            }
        }
    }

    fn note_trade(&mut self, trade: &Trade) {
        let value = trade.price.0 * trade.quantity.0;
        let mut owners = vec![trade.maker_account, trade.taker_account];
        if owners[0] == owners[1] {
            owners.pop();
        }
        let twice = if owners.len() == 1 { 2 } else { 1 };
        let mut instrument_counted = false;
        for account in owners {
            for (key, limits) in self.binding(account) {
                let counts = limits.bounds[RiskMeasure::DayValue as usize] != Bound::default();
                let of_instrument = matches!(key, Key::Instrument(_));
                if counts && !(of_instrument && instrument_counted) {
                    let times = if of_instrument { 1 } else { twice };
                    *self.traded.entry(key).or_default() += value * times;
                    instrument_counted |= of_instrument;
                }
            }
        }
    }

    fn open(&self, engine: &Replica, key: Key) -> i64 {
        let open = |account: AccountId| engine.open_orders(account).count() as i64;
        let accounts = engine.accounts().map(|(account, _)| account);
        match key {
            Key::Account(account) => open(account),
            Key::Group(group) => accounts.filter(|&a| self.group(a) == group).map(open).sum(),
            Key::Instrument(_) => accounts.map(open).sum(),
        }
    }

    /// Every bound with what it measures, once this order's message is counted.
    fn measured(&self, engine: &Replica, place: &Place, second: u64) -> Vec<(Reject, i64, Bound)> {
        let (price, quantity) = (place.price.0, place.quantity.0);
        let best_bid = engine.depth(COIN, Side::Buy).next().map_or(0, |level| level.price.0);
        let worst = if place.side == Side::Buy { price } else { price.max(best_bid) };
        let rests = place.time_in_force == TimeInForce::Gtc;
        let last = engine.instrument(COIN).map_or(0, |state| state.last_price.0);
        let expected: i64 = engine
            .open_orders(place.account)
            .filter(|order| order.side == Side::Buy)
            .map(|order| order.remaining().0 * 10_000)
            .sum();
        let held = engine.balance(place.account, BTC).map_or(0, |balance| balance.total.0);
        let mut found = Vec::new();
        for (key, limits) in self.binding(place.account) {
            let values = [
                (Reject::RiskOrderQuantity, Some(quantity * 10_000)),
                (Reject::RiskOrderValue, Some(worst * quantity)),
                (
                    Reject::RiskDayValue,
                    Some(worst * quantity + self.traded.get(&key).copied().unwrap_or(0)),
                ),
                (Reject::RiskOpenOrders, rests.then(|| self.open(engine, key) + 1)),
                (
                    Reject::RiskPosition,
                    (place.side == Side::Buy).then_some(held + expected + quantity * 10_000),
                ),
                (
                    Reject::RiskCollar,
                    (last != 0)
                        .then(|| ((price - last).abs() * 1_000_000 + last - 1) / last.max(1)),
                ),
                (Reject::RiskMessages, self.messages.get(&(key, second)).copied()),
            ];
            for (measure, (code, value)) in values.into_iter().enumerate() {
                found.extend(value.map(|value| (code, value, limits.bounds[measure])));
            }
        }
        found
    }
}

/// Looks at the answer to an order as the twin sees it.
fn judge(twin: &Twin, measured: &[(Reject, i64, Bound)], place: &Place, events: &[Event]) {
    let passed = measured.iter().find(|(_, value, b)| b.hard != 0 && *value > b.hard);
    let passed = passed.map(|(code, ..)| *code);
    let risk = Reject::RiskOrderQuantity as u8..=Reject::RiskMessages as u8;
    match events[0] {
        Event::Refused { code: Reject::Killed, .. } => assert!(twin.killed(place.account)),
        Event::Refused { code, .. } if risk.contains(&(code as u8)) => {
            assert_eq!(Some(code), passed, "{place:?} {measured:?}");
        }
        Event::Refused { code: Reject::InsufficientFunds | Reject::CapacityExhausted, .. } => {
            assert_eq!(passed, None, "{place:?}");
        }
        Event::Refused { .. } => {}
        _ => {
            assert_eq!(passed, None, "{place:?} {measured:?}");
            assert!(!twin.killed(place.account));
            let warned: Vec<_> = events
                .iter()
                .filter_map(|event| match *event {
                    Event::RiskWarning { value, limit, .. } => Some((value, limit)),
                    _ => None,
                })
                .collect();
            let soft = measured.iter().filter(|(_, value, b)| b.soft != 0 && *value > b.soft);
            assert_eq!(warned, soft.map(|(_, value, b)| (*value, b.soft)).collect::<Vec<_>>());
        }
    }
}

fn random_limits(random: &mut Random) -> RiskLimits {
    let mut limits = RiskLimits { currency: JPY, ..RiskLimits::default() };
    let sizes = [40 * 10_000, 6_000, 40_000, 6, 100_060 * 10_000, 60_000, 4];
    for _ in 0..random.below(3) {
        let measure = random.below(7) as usize;
        let hard = 1 + random.below(2 * sizes[measure]) as i64;
        let soft = random.below(hard as u64 + 1) as i64;
        let hard = if random.one_in(4) { 0 } else { hard };
        limits.bounds[measure] = Bound { soft, hard };
    }
    limits
}

const ACCOUNTS: [AccountId; 4] = [ANN, BOB, CAT, DAN];

fn frame_command(random: &mut Random, twin: &mut Twin, day: &mut u32) -> Command {
    let account = random.pick(&ACCOUNTS);
    let group = GroupId(random.below(3) as u16);
    match random.below(8) {
        0..=2 => {
            let scope = match random.below(4) {
                0 => RiskScope::Account(account),
                1 => RiskScope::Members(group),
                2 => RiskScope::Group(group),
                _ => RiskScope::Instrument(COIN),
            };
            let mut limits = random_limits(random);
            if matches!(scope, RiskScope::Group(_)) {
                limits.bounds[RiskMeasure::Position as usize] = Bound::default();
            }
            twin.limits.insert(scope, limits);
            if limits.bounds == RiskLimits::default().bounds {
                twin.limits.remove(&scope);
            }
            Command::SetRiskLimits { scope, limits: Box::new(limits), by: by() }
        }
        3 | 4 => {
            twin.groups.insert(account, group);
            Command::SetGroup { account, group, by: by() }
        }
        5 => {
            *day += 1;
            twin.traded.clear();
            Command::RollDay { profile: Profile::Crypto, day: *day }
        }
        6 if !twin.kills.is_empty() => {
            let scope = twin.kills.pop().expect("one is on");
            twin.kills.retain(|&other| other != scope);
            Command::SetKill { scope, on: false, by: by() }
        }
        _ => {
            if !random.one_in(3) {
                return Command::Wake;
            }
            let scope = match random.below(8) {
                0 => KillScope::Venue,
                1 => KillScope::Instrument(COIN),
                2 | 3 => KillScope::Group(group),
                _ => KillScope::Account(account),
            };
            twin.kills.push(scope);
            Command::SetKill { scope, on: true, by: by() }
        }
    }
}

fn random_place(world: &mut World, random: &mut Random) -> Place {
    let account = random.pick(&ACCOUNTS);
    let side = random.pick(&[Side::Buy, Side::Sell]);
    let price = 100 + 5 * random.below(7) as i64;
    let place = world.limit(account, COIN, side, price, 4 + 2 * random.below(20) as i64);
    let time_in_force = match random.below(8) {
        0 => TimeInForce::Ioc,
        1 => TimeInForce::Fok,
        _ => TimeInForce::Gtc,
    };
    Place { time_in_force, self_trade: random.pick(SelfTrade::ALL), ..place }
}

/// Executed and prevented quantity by order, from the events alone.
#[derive(Default)]
struct Quantities(BTreeMap<OrderId, (i64, i64)>);

impl Quantities {
    fn follow(&mut self, events: &[Event]) {
        for event in events {
            match *event {
                Event::Trade(trade) => {
                    assert!(trade.quantity.0 > 0);
                    for order in [trade.maker, trade.taker] {
                        self.0.entry(order).or_default().0 += trade.quantity.0;
                    }
                }
                Event::Prevented { order, quantity, .. } => {
                    assert!(quantity.0 > 0);
                    self.0.entry(order).or_default().1 += quantity.0;
                }
                _ => {}
            }
        }
    }

    /// Original = executed + prevented + open + cancelled, for every order remembered.
    fn check(&self, engine: &Replica) {
        for order in engine.orders() {
            let (executed, prevented) = self.0.get(&order.order).copied().unwrap_or((0, 0));
            assert_eq!((order.filled.0, order.prevented.0), (executed, prevented));
            let left = order.quantity.0 - executed - prevented;
            assert_eq!(order.remaining().0, left);
            match (order.status, order.closed) {
                (OrderStatus::Filled, _) => assert_eq!(left, 0),
                (OrderStatus::Cancelled, Some(CloseReason::SelfTrade)) => assert!(left >= 0),
                _ => assert!(left > 0, "{order:?}"),
            }
        }
    }
}

/// Copies of the orders as readers of the events keep them.
#[derive(Default)]
struct Readers(BTreeMap<OrderId, OrderState>);

impl Readers {
    /// Takes in a new order.
    fn note(&mut self, command: &Command, events: &[Event], world: &World) {
        let (at, seq) = (Timestamp(world.at), Seq(world.seq));
        for event in events {
            if let Some(state) = OrderState::made(command, event, at, seq) {
                self.0.insert(state.order, state);
            }
        }
    }

    /// Lets every copy take in what a command did, and compares it with the engine's order.
    fn follow(&mut self, events: &[Event], world: &World) {
        let (at, seq) = (Timestamp(world.at), Seq(world.seq));
        for copy in self.0.values_mut() {
            for event in events {
                copy.follow(&Command::Wake, event, at, seq);
            }
        }
        self.0.retain(|&order, copy| match world.engine.order(order) {
            Some(state) => {
                assert_eq!(*copy, state);
                true
            }
            None => false,
        });
    }
}

fn run(seed: u64, commands: u64, codes: &mut BTreeMap<u8, u64>) {
    let mut random = Random(seed);
    let limits = Limits { live_orders: 40, answers: 30, ..limits() };
    let mut world = World::with(limits, InstrumentSpec { open_order_cap: 0, ..coin() }, stock());
    let (mut twin, mut quantities, mut day) = (Twin::default(), Quantities::default(), 20_260_101);
    let mut readers = Readers::default();
    for step in 0..commands {
        world.at += random.below(4) * 300_000_000;
        // World::apply counts ten more.
        let second = (world.at + 10) / 1_000_000_000;
        let events = match random.below(20) {
            0..=12 => {
                let place = random_place(&mut world, &mut random);
                twin.note_message(place.account, second);
                let measured = twin.measured(&world.engine, &place, second);
                let events = world.place(place);
                readers.note(&Command::Place(place), &events, &world);
                judge(&twin, &measured, &place, &events);
                events
            }
            13..=16 => {
                let account = random.pick(&ACCOUNTS);
                let open: Vec<_> = world.engine.open_orders(account).collect();
                if open.is_empty() {
                    continue;
                }
                let order = open[random.below(open.len() as u64) as usize];
                if random.one_in(2) {
                    world.cancel(account, order.order)
                } else {
                    twin.note_message(account, second);
                    let price = 100 + 5 * random.below(7) as i64;
                    let less = order.quantity.0 - 2 * random.below(3) as i64;
                    world.amend(account, order.order, price, less.max(0))
                }
            }
            17 => world.apply(Command::CancelMany(CancelMany {
                price: Price(0),
                account: random.one_in(2).then(|| random.pick(&ACCOUNTS)),
                instrument: Some(COIN),
                side: Some(random.pick(&[Side::Buy, Side::Sell])),
                group: random.one_in(2).then(|| GroupId(random.below(3) as u16)),
                from: CancelMany::START,
                via: Via::Admin,
                key: 0,
            })),
            _ => {
                let command = frame_command(&mut random, &mut twin, &mut day);
                world.apply(command)
            }
        };
        for event in &events {
            match event {
                Event::Trade(trade) => twin.note_trade(trade),
                Event::Refused { code, .. } => *codes.entry(*code as u8).or_default() += 1,
                _ => {}
            }
        }
        readers.follow(&events, &world);
        quantities.follow(&events);
        quantities.check(&world.engine);
        if step % 50 == 0 {
            let copy = copied(&world.engine);
            assert_eq!(copy.state_hash(), world.engine.state_hash());
            // From here on the copy is held against the twin.
            world.engine = copy;
        }
    }
}

#[test]
fn limits_bind_exactly_as_a_slow_twin_says() {
    let mut codes = BTreeMap::new();
    for seed in 0..60 {
        run(seed, 1_500, &mut codes);
    }
    for code in Reject::RiskOrderQuantity as u8..=Reject::Killed as u8 {
        assert!(codes.get(&code).is_some_and(|&n| n > 10), "{code}: {codes:?}");
    }
}
