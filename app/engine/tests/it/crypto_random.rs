//! Random weeks of a crypto pair: orders of every kind, by amount, stop orders, halts by kind and
//! of the whole pair, breakers, calls by hand, fee schedules, rolls of the day, on units that
//! must round. After each command the whole state is checked (money conserved, locks what orders
//! can spend), no trade is beyond its breaker, and an engine rebuilt from a snapshot goes on
//! identically.

use crate::correct::Trades;
use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

const SECOND: u64 = 1_000_000_000;

/// Raw units are 10^-8 yen against 10^-4 in the ledger: almost every fill rounds.
fn pair(random: &mut Random) -> InstrumentSpec {
    InstrumentSpec {
        price_digits: 2,
        quantity_digits: 6,
        ticks: zaraba_engine::instrument::TickRule::Fixed(Price(5)),
        lot: Quantity(1),
        min_quantity: Quantity(2),
        max_quantity: Quantity(1_000_000),
        market_max_quantity: Quantity(300_000),
        base_price: Price(random.pick(&[0, 10_000])),
        market_band_ppm: 300_000,
        maker_fee_ppm: random.pick(&[500, 100, -200]),
        taker_fee_ppm: random.pick(&[0, 777, 1_000]),
        open_order_cap: random.pick(&[0, 4]),
        ..coin()
    }
}

struct Weeks {
    world: World,
    random: Random,
    orders: Vec<(AccountId, OrderId)>,
    trades: Trades,
    day: u32,
    seen: std::collections::BTreeMap<String, u32>,
}

impl Weeks {
    fn new(seed: u64) -> Weeks {
        let mut random = Random(seed);
        let spec = pair(&mut random);
        let world = World::with(Limits { answers: 60, ..limits() }, spec, stock());
        Weeks {
            world,
            random,
            orders: vec![],
            trades: Trades::default(),
            day: 20_260_100,
            seen: Default::default(),
        }
    }

    fn price(&mut self) -> i64 {
        let last = self.world.engine.instrument(COIN).expect("the pair").last_price.0;
        let last = if last != 0 { last } else { 10_000 };
        let spread = self.random.pick(&[50, 300, 2_000]);
        let price = last + self.random.below(2 * spread) as i64 - spread as i64;
        (price / 5 * 5).max(5)
    }

    /// Any order at all.
    fn order(&mut self) -> Place {
        let account = self.random.pick(&[ANN, BOB, CAT, DAN]);
        let side = self.random.pick(&[Side::Buy, Side::Sell]);
        let (price, quantity) = (self.price(), 1 + self.random.below(90_000) as i64);
        let place = self.world.limit(account, COIN, side, price, quantity);
        let self_trade = self.random.pick(SelfTrade::ALL);
        let now = [TimeInForce::Ioc, TimeInForce::Fok];
        let (gtc, day) = (TimeInForce::Gtc, TimeInForce::Day);
        match self.random.below(10) {
            0..3 => {
                let by_amount = self.random.one_in(2);
                let amount = self.random.pick(&[1, 200, 90_000, 40_000_000]);
                let quantity = if by_amount { amount } else { quantity };
                Place {
                    kind: OrderKind::Market,
                    time_in_force: self.random.pick(&now),
                    price: Price(0),
                    quantity: Quantity(quantity),
                    by_amount,
                    self_trade,
                    ..place
                }
            }
            3..5 => Place { time_in_force: self.random.pick(&now), self_trade, ..place },
            5 => Place { post_only: true, ..place },
            _ => Place { time_in_force: self.random.pick(&[gtc, day]), self_trade, ..place },
        }
    }

    fn place(&mut self) -> Vec<Event> {
        let place = self.order();
        let events = if self.random.one_in(6) {
            let when = self.random.pick(TriggerWhen::ALL);
            let trigger = Some(Trigger { price: Price(self.price()), when });
            let order = Place { by_amount: false, ..place };
            let contingent = Contingent { order, trigger, stop: None, expires: 0, child: None };
            self.world.apply(Command::PlaceContingent(Box::new(contingent)))
        } else {
            self.world.place(place)
        };
        if let Event::Accepted { order, .. } = events[0] {
            self.orders.push((place.account, order));
        }
        events
    }

    fn change(&mut self) -> Vec<Event> {
        if self.orders.is_empty() {
            return self.place();
        }
        let at = self.random.below(self.orders.len() as u64) as usize;
        let (account, order) = self.orders[at];
        if self.random.one_in(2) {
            self.orders.swap_remove(at);
            return self.world.cancel(account, order);
        }
        let price = if self.random.one_in(2) { 0 } else { self.price() };
        let quantity = self.random.pick(&[0, 5, 7_001]);
        self.world.amend(account, order, price, quantity)
    }

    fn schedule(&mut self) -> FeeTiers {
        let mut tiers = [FeeTier::default(); FEE_TIERS_MAX];
        let len = self.random.below(3);
        for (i, step) in tiers.iter_mut().take(len as usize).enumerate() {
            let volume = Amount(1_000_000 * (1 + 30 * i as i64));
            let maker_ppm = self.random.pick(&[-200, -900, 50, 100]);
            *step = FeeTier { volume, maker_ppm, taker_ppm: self.random.pick(&[0, 300]) };
        }
        FeeTiers { asset: JPY, tiers, len: len as u8 }
    }

    fn breaker(&mut self) -> Breaker {
        let mode = self.random.pick(BreakerMode::ALL);
        if mode == BreakerMode::Off {
            return Breaker::OFF;
        }
        Breaker {
            mode,
            window_seconds: self.random.pick(&[1, 60, 600]),
            trigger_ppm: self.random.pick(&[10_000, 50_000]),
            call_seconds: self.random.pick(&[1, 30]),
            bound_ppm: if mode == BreakerMode::Bounded { 60_000 } else { 0 },
        }
    }

    fn people(&mut self) -> Vec<Event> {
        let instrument = COIN;
        match self.random.below(12) {
            0 => {
                let bits = self.random.below(64) as u8 & self.random.below(64) as u8;
                let halts = Halts(if self.random.one_in(2) { 0 } else { bits });
                self.world.apply(Command::SetHalts { instrument, halts, by: by() })
            }
            1..4 => {
                let breaker = Box::new(self.breaker());
                self.world.apply(Command::SetBreaker { instrument, breaker, by: by() })
            }
            4..6 => {
                let kind = self.random.pick(AuctionKind::ALL);
                let seconds = self.random.pick(&[0, 5, 60]);
                self.world.apply(Command::StartCall { instrument, kind, seconds, by: by() })
            }
            6 => {
                let tiers = Box::new(self.schedule());
                self.world.apply(Command::SetFeeTiers { tiers, by: by() })
            }
            7..9 => {
                self.day += 1;
                self.world.apply(Command::RollDay { profile: Profile::Crypto, day: self.day })
            }
            9 => {
                let (kind, amount) = (TransferKind::Deposit, 1 + self.random.below(20) as i64);
                self.world.transfer(kind, DAN, JPY, amount * 10_000)
            }
            _ => {
                let open = InstrumentStatus::Open;
                let status = self.random.pick(&[InstrumentStatus::Halted, open, open]);
                self.world.apply(Command::SetInstrumentStatus { instrument, status, by: by() })
            }
        }
    }

    fn correct(&mut self) -> Vec<Event> {
        let price = self.price();
        let done = self.trades.correct(&mut self.world, &mut self.random, price);
        done.unwrap_or_else(|| self.place())
    }

    fn one(&mut self) -> Vec<Event> {
        self.world.at += self.random.pick(&[0, 0, SECOND, 10 * SECOND, 70 * SECOND]);
        match self.random.below(100) {
            0..60 => self.place(),
            60..78 => self.change(),
            78..90 => self.world.apply(Command::Wake),
            90..92 => self.correct(),
            _ => self.people(),
        }
    }

    fn note(&mut self, events: &[Event]) {
        self.trades.note(events);
        for event in events {
            let what = match event {
                Event::Auction { kind, end, .. } => format!("{} {}", kind.as_str(), end.as_str()),
                Event::PhaseChanged { phase, .. } => phase.as_str().into(),
                Event::Closed { reason, .. } => reason.as_str().into(),
                Event::Refused { code, .. } => code.code().into(),
                Event::Triggered { .. } => "triggered".into(),
                Event::TradeCorrected(_) => "corrected".into(),
                Event::Trade(trade) if trade.maker_fee.0 < 0 => "rebate".into(),
                _ => continue,
            };
            *self.seen.entry(what).or_insert(0) += 1;
        }
    }
}

#[test]
fn any_week_keeps_the_state_sound_and_snapshots_go_on_identically() {
    let mut seen = std::collections::BTreeMap::new();
    for seed in 0..60 {
        let mut weeks = Weeks::new(seed);
        for round in 0..600 {
            if round % 50 == 25 {
                weeks.world.engine = copied(&weeks.world.engine);
            }
            let events = weeks.one();
            weeks.note(&events);
        }
        for (what, count) in weeks.seen {
            *seen.entry(what).or_insert(0) += count;
        }
    }
    for what in [
        "circuit_break priced",
        "circuit_break unpriced",
        "circuit_break empty",
        "full_range priced",
        "resumption priced",
        "listing priced",
        "call_auction",
        "continuous",
        "circuit_breaker",
        "order_kind_halted",
        "market_order_in_call",
        "invalid_call",
        "below_min_quantity",
        "above_max_quantity",
        "insufficient_funds",
        "fill_or_kill",
        "expired",
        "self_trade",
        "triggered",
        "rebate",
        "corrected",
    ] {
        assert!(seen.contains_key(what), "nothing ever was {what}: {seen:?}");
    }
}

#[test]
fn a_replay_with_copies_ends_in_the_same_hash() {
    for seed in 200..220 {
        let (mut weeks, mut copies) = (Weeks::new(seed), Weeks::new(seed));
        for round in 0..500 {
            if round % 20 == 0 {
                copies.world.engine = copied(&copies.world.engine);
            }
            assert_eq!(weeks.one(), copies.one(), "seed {seed}, round {round}");
        }
        let hash = |weeks: &Weeks| weeks.world.engine.state_hash();
        assert_eq!(hash(&weeks), hash(&copies));
    }
}

/// With a window longer than the run the reference never moves by itself: no trade but an
/// auction's may be further from it than the breaker allows.
#[test]
fn no_trade_is_beyond_its_breaker() {
    let mut calls = 0;
    for seed in 100..160 {
        let mut weeks = Weeks::new(seed);
        let breaker = Breaker {
            mode: BreakerMode::FullRange,
            window_seconds: 86_400,
            trigger_ppm: 30_000,
            call_seconds: 10,
            bound_ppm: 0,
        };
        let price = |weeks: &Weeks| {
            let state = weeks.world.engine.instrument(COIN).expect("the pair");
            if state.last_price.0 != 0 { state.last_price.0 } else { state.spec.base_price.0 }
        };
        let breaker = Box::new(breaker);
        weeks.world.apply(Command::SetBreaker { instrument: COIN, breaker, by: by() });
        let mut reference = price(&weeks);
        for _ in 0..400 {
            weeks.world.at += SECOND;
            let events = match weeks.random.below(10) {
                0..6 => weeks.place(),
                6..8 => weeks.change(),
                _ => weeks.world.apply(Command::Wake),
            };
            for event in &events {
                match *event {
                    Event::Trade(trade) if !trade.auction => {
                        let width = reference * 30_000 / 1_000_000;
                        if reference == 0 {
                            reference = trade.price.0;
                        }
                        let far = (trade.price.0 - reference).abs();
                        assert!(far <= width || width == 0, "{trade:?} from {reference}");
                    }
                    Event::Auction { end: AuctionEnd::Priced, price, .. } => reference = price.0,
                    Event::PhaseChanged { phase: Phase::Call, .. } => calls += 1,
                    _ => {}
                }
            }
        }
    }
    assert!(calls > 50, "only {calls} calls");
}
