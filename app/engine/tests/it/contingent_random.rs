//! Random streams of contingent orders beside everything that disturbs them: the whole-state
//! check after every command, a slow twin of the order in which they are set off, readers' copies
//! that follow the events, copies from a snapshot, and a replay.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Replica};

/// One of the orders a twin watches.
#[derive(Clone, Copy, Debug)]
struct Watched {
    order: OrderId,
    trigger: Trigger,
}

/// The order in which orders are set off, said with a list that is sorted each time.
#[derive(Default)]
struct Twin {
    /// In order of when they began to wait.
    watched: Vec<Watched>,
    due: VecDeque<OrderId>,
    /// If-done orders that came in.
    begun: BTreeSet<OrderId>,
    /// Last price and the lowest and highest since the list was last looked at.
    last: Option<i64>,
    prices: Option<(i64, i64)>,
    set_off: u64,
}

impl Twin {
    fn look(&mut self) {
        let Some((low, high)) = self.prices else { return };
        let met = |watched: &Watched| match watched.trigger.when {
            TriggerWhen::AtOrAbove => high >= watched.trigger.price.0,
            TriggerWhen::AtOrBelow => low <= watched.trigger.price.0,
        };
        let (mut due, rest): (Vec<_>, Vec<_>) = self.watched.iter().copied().partition(met);
        // Stable: the oldest of one price stays first.
        due.sort_by_key(|watched| match watched.trigger.when {
            TriggerWhen::AtOrAbove => (0, watched.trigger.price.0),
            TriggerWhen::AtOrBelow => (1, -watched.trigger.price.0),
        });
        self.watched = rest;
        self.due.extend(due.iter().map(|watched| watched.order));
        self.prices = self.last.map(|last| (last, last));
    }

    fn follow(&mut self, event: &Event, readers: &BTreeMap<OrderId, OrderState>) {
        match *event {
            Event::Trade(trade) => {
                let price = trade.price.0;
                let (low, high) = self.prices.unwrap_or((price, price));
                self.prices = Some((low.min(price), high.max(price)));
                self.last = Some(price);
            }
            Event::Accepted { order, .. } => self.watch_stop_half(&readers[&order]),
            Event::Parked { order } => {
                let trigger = readers[&order].trigger.expect("it waits for a price");
                self.watched.push(Watched { order, trigger });
            }
            Event::Triggered { order, .. } => {
                self.look();
                assert_eq!(self.due.pop_front(), Some(order), "set off out of turn");
                self.set_off += 1;
                let state = &readers[&order];
                // The first time it is an if-done order that comes in.
                if state.parent != OrderId(0) && self.begun.insert(order) {
                    self.watch_stop_half(state);
                }
            }
            Event::Closed { order, .. } => {
                self.watched.retain(|watched| watched.order != order);
                self.due.retain(|&due| due != order);
                let state = &readers[&order];
                if let Some(child) = readers.get(&state.child)
                    && child.status == OrderStatus::PendingTrigger
                    && state.filled.0 > 0
                {
                    self.due.push_back(child.order);
                }
            }
            _ => {}
        }
    }

    fn watch_stop_half(&mut self, state: &OrderState) {
        if let Some(StopLeg { trigger, .. }) = state.stop {
            self.watched.push(Watched { order: state.order, trigger });
        }
    }
}

/// A stream in the making.
struct Stream {
    world: World,
    random: Random,
    day: u32,
    sent: Vec<(AccountId, OrderId)>,
    journal: Vec<Command>,
    twin: Twin,
    readers: BTreeMap<OrderId, OrderState>,
    reasons: BTreeMap<&'static str, u32>,
}

/// When a command comes: a tenth of a second after the one before.
fn moment(seq: u64) -> Timestamp {
    Timestamp(seq * 100_000_000)
}

/// Calls an auction of two seconds where trades go 4% away from the price 5 seconds before.
const BREAKER: Breaker = Breaker {
    mode: BreakerMode::Bounded,
    window_seconds: 5,
    trigger_ppm: 40_000,
    call_seconds: 2,
    bound_ppm: 60_000,
};

const ACCOUNTS: [AccountId; 4] = [ANN, BOB, CAT, DAN];

impl Stream {
    fn new(seed: u64) -> Stream {
        let limits = Limits { live_orders: 70, answers: 40, ..limits() };
        let coin = InstrumentSpec {
            open_order_cap: 40,
            maker_fee_ppm: -100,
            taker_fee_ppm: 700,
            market_band_ppm: 30_000,
            ..coin()
        };
        let mut world = World::with(limits, coin, stock());
        world.deposit(DAN, JPY, 60_000);
        Stream {
            world,
            random: Random(seed),
            day: 20_261_101,
            sent: Vec::new(),
            journal: Vec::new(),
            twin: Twin::default(),
            readers: BTreeMap::new(),
            reasons: BTreeMap::new(),
        }
    }

    fn price(&mut self) -> i64 {
        900 + self.random.below(41) as i64 * 5
    }

    fn trigger(&mut self) -> Trigger {
        let price = Price(self.price());
        Trigger { price, when: self.random.pick(TriggerWhen::ALL) }
    }

    fn side(&mut self) -> Side {
        self.random.pick(&[Side::Buy, Side::Sell])
    }

    fn order(&mut self) -> Place {
        let (account, side, price) = (self.random.pick(&ACCOUNTS), self.side(), self.price());
        let quantity = 4 + self.random.below(8) as i64 * 2;
        let modes = [SelfTrade::Allow, SelfTrade::Allow, self.random.pick(SelfTrade::ALL)];
        let self_trade = self.random.pick(&modes);
        Place { self_trade, ..self.world.limit(account, COIN, side, price, quantity) }
    }

    fn stop_leg(&mut self, side: Side, price: Price) -> StopLeg {
        let away = 5 * (1 + self.random.below(12) as i64);
        let (trigger, when) = match side {
            Side::Sell => (price.0 - away, TriggerWhen::AtOrBelow),
            Side::Buy => (price.0 + away, TriggerWhen::AtOrAbove),
        };
        let limit = if self.random.one_in(2) { 0 } else { self.price() };
        StopLeg { trigger: Trigger { price: Price(trigger), when }, price: Price(limit) }
    }

    fn life(&mut self) -> (TimeInForce, u32) {
        match self.random.below(4) {
            0 => (TimeInForce::Day, 0),
            1 => (TimeInForce::Gtd, self.day + self.random.below(3) as u32),
            _ => (TimeInForce::Gtc, 0),
        }
    }

    fn child(&mut self, first: &Place, expires: u32) -> Child {
        let (side, price) = (first.side.opposite(), Price(self.price()));
        let shape = self.random.below(5);
        let market = shape == 0 || shape == 1 && self.random.one_in(2);
        Child {
            side,
            kind: if market { OrderKind::Market } else { OrderKind::Limit },
            price: if market { Price(0) } else { price },
            trigger: (shape == 1).then(|| self.trigger()),
            stop: (shape == 2).then(|| self.stop_leg(side, price)),
            time_in_force: first.time_in_force,
            expires,
            client_id: self.world.name(),
        }
    }

    fn contingent(&mut self) -> Command {
        let (time_in_force, expires) = self.life();
        let mut order = Place { time_in_force, ..self.order() };
        let shape = self.random.below(6);
        let trigger = (shape < 2).then(|| self.trigger());
        let stop = (shape == 2 || shape == 3).then(|| self.stop_leg(order.side, order.price));
        let pairs = shape == 4 || self.random.one_in(3);
        let child = pairs.then(|| self.child(&order, expires));
        if trigger.is_some() && self.random.one_in(2) {
            order = Place { kind: OrderKind::Market, price: Price(0), ..order };
        }
        Command::PlaceContingent(Box::new(Contingent { order, trigger, stop, expires, child }))
    }

    fn command(&mut self) -> Command {
        match self.random.below(100) {
            0..42 => self.contingent(),
            42..70 => {
                let times = [TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Day];
                let time_in_force = self.random.pick(&times);
                Command::Place(Place { time_in_force, ..self.order() })
            }
            70..80 if !self.sent.is_empty() => {
                let (account, order) = self.random.pick(&self.sent);
                Command::Cancel(Cancel { account, order, via: Via::Rest, key: 0 })
            }
            80..88 if !self.sent.is_empty() => {
                let (account, order) = self.random.pick(&self.sent);
                let price = if self.random.one_in(2) { 0 } else { self.price() };
                let quantity = 2 * self.random.below(8) as i64;
                let (price, quantity) = (Price(price), Quantity(quantity));
                let (via, key) = (Via::Rest, 0);
                Command::Amend(Amend { account, order, price, quantity, condition: None, via, key })
            }
            88 => {
                self.day += 1;
                Command::RollDay { profile: Profile::Crypto, day: self.day }
            }
            89 => Command::CancelMany(CancelMany {
                price: Price(0),
                account: self.random.one_in(2).then_some(ANN),
                instrument: Some(COIN),
                side: self.random.one_in(2).then_some(Side::Buy),
                group: None,
                from: OrderId(0),
                via: Via::Admin,
                key: 0,
            }),
            90 => Command::SetInstrumentStatus {
                instrument: COIN,
                status: self.random.pick(&[InstrumentStatus::Open, InstrumentStatus::Halted]),
                by: by(),
            },
            91 => Command::SetAccountStatus {
                account: DAN,
                status: self.random.pick(&[AccountStatus::Active, AccountStatus::Suspended]),
                by: by(),
            },
            92 => Command::SetHalts {
                instrument: COIN,
                halts: Halts(self.random.below(8) as u8 & self.random.below(8) as u8),
                by: by(),
            },
            93 => {
                let (low, high) = match self.random.below(3) {
                    0 => (0, 0),
                    1 => (905, 1_095),
                    _ => (920, 1_080),
                };
                Command::SetPriceLimits {
                    instrument: COIN,
                    base_price: Price(1_000),
                    limit_down: Price(low),
                    limit_up: Price(high),
                    by: by(),
                }
            }
            94 => Command::SetKill {
                scope: self.random.pick(&[
                    KillScope::Venue,
                    KillScope::Instrument(COIN),
                    KillScope::Account(BOB),
                ]),
                on: self.random.one_in(4),
                by: by(),
            },
            95 => Command::StartCall {
                instrument: COIN,
                kind: self.random.pick(&[AuctionKind::FullRange, AuctionKind::Resumption]),
                seconds: 1 + self.random.below(3) as u32,
                by: by(),
            },
            96 => Command::SetBreaker {
                instrument: COIN,
                breaker: Box::new(match self.random.below(3) {
                    0 => Breaker::OFF,
                    1 => Breaker { mode: BreakerMode::FullRange, bound_ppm: 0, ..BREAKER },
                    _ => BREAKER,
                }),
                by: by(),
            },
            _ => Command::Wake,
        }
    }

    fn step(&mut self) {
        let command = self.command();
        self.world.seq += 1;
        let (seq, at) = (Seq(self.world.seq), moment(self.world.seq));
        let mut events = Vec::new();
        self.world.engine.apply(seq, at, &command, &mut events);
        self.world.engine.check().expect("the state is sound after every command");
        for event in &events {
            if let Some(made) = OrderState::made(&command, event, at, seq) {
                if made.status != OrderStatus::Rejected {
                    self.sent.push((made.account, made.order));
                }
                self.readers.insert(made.order, made);
            }
            for reader in self.readers.values_mut() {
                reader.follow(&command, event, at, seq);
            }
            if let Event::Closed { reason, .. } = event {
                *self.reasons.entry(reason.as_str()).or_default() += 1;
            }
            self.twin.follow(event, &self.readers);
        }
        self.twin.look();
        let state = self.world.engine.instrument(COIN).expect("it exists");
        let open = state.status == InstrumentStatus::Open
            && !state.killed
            && !self.world.engine.killed(KillScope::Venue)
            && state.phase == Phase::Continuous;
        let engine = &self.world.engine;
        // What mass commands set off comes in with the next `Wake`.
        let waits = !open || engine.next_due().is_some();
        assert!(waits || self.twin.due.is_empty(), "left over: {:?}", self.twin.due);
        for (id, reader) in &self.readers {
            if let Some(state) = engine.order(*id) {
                let pair = (state.parent, state.child);
                let known = (reader.parent, reader.child);
                // A number whose order is forgotten is forgotten with it.
                assert!(pair.0 == known.0 || engine.order(known.0).is_none(), "{reader:?}");
                assert!(pair.1 == known.1 || engine.order(known.1).is_none(), "{reader:?}");
                let (parent, child) = known;
                assert_eq!(OrderState { parent, child, ..state }, *reader, "after {command:?}");
            }
        }
        self.readers.retain(|id, _| engine.order(*id).is_some());
        if self.sent.len() > 40 {
            self.sent.remove(0);
        }
        self.journal.push(command);
    }
}

#[test]
fn random_streams_keep_every_rule_and_the_twins_order() {
    let mut reasons = BTreeMap::new();
    let mut set_off = 0;
    for seed in 0..40 {
        let mut stream = Stream::new(seed);
        for _ in 0..700 {
            stream.step();
        }
        for (reason, count) in &stream.reasons {
            *reasons.entry(*reason).or_insert(0) += count;
        }
        set_off += stream.twin.set_off;
    }
    assert!(set_off > 1_000, "only {set_off} set off");
    for reason in [
        CloseReason::Filled,
        CloseReason::Cancelled,
        CloseReason::CancelledMany,
        CloseReason::ImmediateRest,
        CloseReason::Expired,
        CloseReason::OffLimits,
        CloseReason::ParentEnded,
        CloseReason::TriggerRefused,
    ] {
        assert!(reasons.contains_key(reason.as_str()), "no order ended as {reason:?}: {reasons:?}");
    }
}

#[test]
fn a_copy_and_a_replay_go_on_exactly() {
    let mut stream = Stream::new(77);
    let mut copy = copied(&stream.world.engine);
    let first = stream.world.seq;
    for i in 0..800 {
        stream.step();
        let command = stream.journal.last().unwrap();
        let mut events = Vec::new();
        let seq = stream.world.seq;
        copy.apply(Seq(seq), moment(seq), command, &mut events);
        assert_eq!(copy.state_hash(), stream.world.engine.state_hash(), "step {i}");
        if i % 20 == 0 {
            copy = copied(&copy);
        }
    }
    let mut replay = Stream::new(77).world;
    assert_eq!(replay.seq, first);
    for command in stream.journal {
        replay.seq += 1;
        replay.engine.apply(Seq(replay.seq), moment(replay.seq), &command, &mut Vec::new());
    }
    assert_eq!(replay.engine.state_hash(), stream.world.engine.state_hash());
}

/// What sets off all that waits, by price, by time and by the day.
fn shake(engine: &mut Replica) {
    let order =
        |side, price, name| Place::limit(ANN, COIN, side, Price(price), Quantity(10), text(name));
    let at = engine.seq().0 + 1;
    let commands = [
        Command::SetInstrumentStatus { instrument: COIN, status: InstrumentStatus::Open, by: by() },
        Command::Place(order(Side::Sell, 800, "low")),
        Command::Place(order(Side::Buy, 1_200, "high")),
        Command::Wake,
        Command::RollDay { profile: Profile::Crypto, day: 20_261_130 },
        Command::Wake,
    ];
    for (seq, command) in (at..).zip(commands) {
        engine.apply(Seq(seq), moment(1_000_000 + seq), &command, &mut Vec::new());
    }
    engine.check().expect("it stays sound");
}

#[test]
fn damaged_bytes_of_what_waits_are_refused_or_go_on_soundly() {
    let mut stream = Stream::new(9);
    for _ in 0..150 {
        stream.step();
    }
    let bytes = exported(&stream.world.engine);
    let (mut refused, mut sound) = (0, 0);
    // Behind the head, whose counters may say that numbers are used up.
    for at in (200..bytes.len()).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << stream.random.below(8);
        match Replica::import(&damaged) {
            Err(_) => refused += 1,
            Ok(mut copy) => {
                if copy.seq() == stream.world.engine.seq() {
                    shake(&mut copy);
                }
                sound += 1;
            }
        }
    }
    assert!(refused > 300 && sound > 300, "{refused} refused, {sound} taken");
}
