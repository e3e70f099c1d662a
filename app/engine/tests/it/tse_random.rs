//! Random days of Tokyo's market: orders of every kind and condition, odd lots, phases, quotes,
//! halts, limits, rolls. After each command the whole state is checked, and an engine rebuilt from a
//! snapshot goes on identically.

use super::correct::Trades;
use super::world::*;
use zaraba_engine::command::*;
use zaraba_engine::instrument::{Footing, InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Replica};

const SECOND: u64 = 1_000_000_000;

fn share(random: &mut Random) -> InstrumentSpec {
    let limited = !random.one_in(5);
    InstrumentSpec {
        ticks: random.pick(&[TickRule::TseOther, TickRule::TseTopix500]),
        base_price: Price(5_300),
        limit_down: Price(if limited { 4_300 } else { 0 }),
        limit_up: Price(if limited { 6_300 } else { 0 }),
        market_band_ppm: 200_000,
        maker_fee_ppm: random.pick(&[0, 100, -50]),
        taker_fee_ppm: random.pick(&[0, 333]),
        session_rules: true,
        ..stock()
    }
}

/// One random day after the other in one share.
struct Days {
    world: World,
    random: Random,
    orders: Vec<(AccountId, OrderId)>,
    trades: Trades,
    day: u32,
    step: SessionStep,
    /// What happened, so that a run that tests nothing is noticed.
    seen: std::collections::BTreeMap<String, u32>,
}

impl Days {
    fn new(seed: u64) -> Days {
        let mut random = Random(seed);
        let stock = share(&mut random);
        let world = World::with(Limits { answers: 60, ..limits() }, coin(), stock);
        let mut days = Days {
            world,
            random,
            orders: vec![],
            trades: Trades::default(),
            day: 20_260_104,
            step: SessionStep::Close,
            seen: Default::default(),
        };
        days.roll();
        let terms = Box::new(OddLotTerms {
            batch: true,
            principal: true,
            spread_ppm: 3_500,
            max_quantity: Quantity(99),
            max_value: Amount(0),
            round_to: Amount(10_000),
        });
        days.world.apply(Command::SetOddLotTerms { instrument: STOCK, terms, by: by() });
        days.world.deposit(AccountId::HOUSE, SHARE, 60);
        days.world.deposit(AccountId::HOUSE, JPY, 100_000 * 10_000);
        days
    }

    fn odd_lot(&mut self) -> Vec<Event> {
        let account = self.random.pick(&[ANN, BOB, CAT]);
        let order = OddLot {
            account,
            instrument: STOCK,
            side: self.random.pick(&[Side::Buy, Side::Sell]),
            desk: self.random.pick(&[Desk::Batch, Desk::Batch, Desk::Principal]),
            quantity: Quantity(1 + self.random.below(60) as i64),
            price: Price(0),
            client_id: self.world.name(),
            via: Via::Rest,
            key: 0,
        };
        let events = self.world.apply(Command::PlaceOddLot(Box::new(order)));
        if let Event::Accepted { order, .. } = events[0] {
            self.orders.push((account, order));
        }
        events
    }

    fn roll(&mut self) -> Vec<Event> {
        self.day += 1;
        self.step = SessionStep::None;
        self.world.apply(Command::RollDay { profile: Profile::Tse, day: self.day })
    }

    /// The next moment of the day, or the next day; some moments are left out.
    fn next_step(&mut self) -> Vec<Event> {
        if self.step == SessionStep::Close || self.random.one_in(60) {
            return self.roll();
        }
        let skipped = u8::from(self.random.one_in(12));
        let number = (self.step as u8 + 1 + skipped).min(SessionStep::Close as u8);
        self.step = SessionStep::from_number(number).expect("a step");
        let (profile, day, step) = (Profile::Tse, self.day, self.step);
        let until = Timestamp(self.world.at + SECOND);
        self.world.apply(Command::Session { profile, day, step, until })
    }

    fn price(&mut self) -> i64 {
        let state = self.world.engine.instrument(STOCK).expect("the share");
        let last = if state.last_price.0 != 0 { state.last_price.0 } else { 5_300 };
        let spread = self.random.pick(&[40, 150, 600, 1_500]);
        let price = last + self.random.below(2 * spread) as i64 - spread as i64;
        (price / 10 * 10).max(10)
    }

    fn place(&mut self) -> Vec<Event> {
        let account = self.random.pick(&[ANN, BOB, CAT]);
        let side = self.random.pick(&[Side::Buy, Side::Sell]);
        let (price, lots) = (self.price(), 1 + self.random.below(20) as i64);
        let place = self.world.limit(account, STOCK, side, price, lots * 100);
        let market = self.random.one_in(4);
        let place = Place {
            kind: if market { OrderKind::Market } else { OrderKind::Limit },
            price: Price(if market { 0 } else { price }),
            time_in_force: match self.random.below(12) {
                0 => TimeInForce::Gtc,
                1 => TimeInForce::Ioc,
                2 => TimeInForce::Fok,
                _ => TimeInForce::Day,
            },
            condition: match self.random.below(12) {
                0 => Condition::Opening,
                1 => Condition::Closing,
                2 => Condition::Funari,
                3 => Condition::MorningClosing,
                4 => Condition::MorningFunari,
                _ => Condition::Any,
            },
            short: match side {
                Side::Sell => self.random.pick(&[ShortSale::Long, ShortSale::Short]),
                Side::Buy => ShortSale::Long,
            },
            post_only: self.random.one_in(20),
            self_trade: self.random.pick(SelfTrade::ALL),
            ..place
        };
        let events = self.world.place(place);
        if let Event::Accepted { order, .. } = events[0] {
            self.orders.push((account, order));
        }
        events
    }

    /// A stop, OCO, if-done or period order.
    fn contingent(&mut self) -> Vec<Event> {
        let account = self.random.pick(&[ANN, BOB, CAT]);
        let side = self.random.pick(&[Side::Buy, Side::Sell]);
        let (price, lots) = (self.price(), 1 + self.random.below(20) as i64);
        let order = self.world.limit(account, STOCK, side, price, lots * 100);
        let when = match side {
            Side::Buy => TriggerWhen::AtOrAbove,
            Side::Sell => TriggerWhen::AtOrBelow,
        };
        let trigger = Trigger { price: Price(self.price()), when };
        let leg = Price(if self.random.one_in(2) { 0 } else { self.price() });
        let shape = self.random.below(4);
        let market = shape < 2 && self.random.one_in(2);
        let (time_in_force, expires) = match self.random.below(3) {
            0 => (TimeInForce::Gtc, 0),
            1 => (TimeInForce::Day, 0),
            _ => (TimeInForce::Gtd, self.day + self.random.below(3) as u32),
        };
        let order = Place {
            kind: if market { OrderKind::Market } else { OrderKind::Limit },
            price: Price(if market { 0 } else { price }),
            time_in_force,
            ..order
        };
        let exit = Child {
            side: side.opposite(),
            kind: OrderKind::Limit,
            price: Price(self.price()),
            trigger: None,
            stop: None,
            time_in_force,
            expires,
            client_id: self.world.name(),
        };
        let sent = Contingent {
            order,
            trigger: (shape < 2).then_some(trigger),
            stop: (shape == 2).then_some(StopLeg { trigger, price: leg }),
            expires,
            child: (shape == 3 || self.random.one_in(3)).then_some(exit),
        };
        let events = self.world.apply(Command::PlaceContingent(Box::new(sent)));
        for event in &events {
            if let Event::Accepted { order, .. } | Event::Attached { order, .. } = *event {
                self.orders.push((account, order));
            }
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
        let quantity = self.random.pick(&[0, 100, 200, 500]);
        let condition = self.random.one_in(3).then(|| self.random.pick(Condition::ALL));
        self.world.apply(Command::Amend(Amend {
            account,
            order,
            price: Price(price),
            quantity: Quantity(quantity),
            condition,
            via: Via::Rest,
            key: 0,
        }))
    }

    fn people(&mut self) -> Vec<Event> {
        match self.random.below(7) {
            5 => {
                let account = self.random.pick(&[ANN, BOB, CAT]);
                let firm = FirmId(self.random.below(2) as u32);
                self.world.apply(Command::SetFirm { account, firm, by: by() })
            }
            6 => {
                let participants = self.random.pick(Participants::ALL);
                let profile = Profile::Tse;
                self.world.apply(Command::SetParticipants { profile, participants, by: by() })
            }
            0 => {
                let base = self.price();
                let width = self.random.pick(&[0, 200, 1_000]);
                let limit = |price: i64| Price(if width == 0 { 0 } else { price.max(10) });
                self.world.apply(Command::SetPriceLimits {
                    instrument: STOCK,
                    base_price: Price(base),
                    limit_down: limit(base - width),
                    limit_up: limit(base + width),
                    by: by(),
                })
            }
            1 => {
                let ticks = self.random.pick(&[TickRule::TseOther, TickRule::TseTopix500]);
                self.world.apply(Command::SetTicks { instrument: STOCK, ticks, by: by() })
            }
            2 => self.world.apply(Command::CancelMany(CancelMany {
                price: Price(0),
                account: None,
                instrument: Some(STOCK),
                side: Some(self.random.pick(&[Side::Buy, Side::Sell])),
                group: None,
                from: OrderId(0),
                via: Via::Admin,
                key: 0,
            })),
            _ => {
                let open = InstrumentStatus::Open;
                let status = self.random.pick(&[InstrumentStatus::Halted, open, open]);
                let instrument = STOCK;
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
        self.world.at += self.random.pick(&[0, 0, SECOND, 20 * SECOND, 70 * SECOND]);
        match self.random.below(100) {
            0..40 => self.place(),
            40..49 => self.contingent(),
            49..55 => self.odd_lot(),
            55..75 => self.change(),
            75..87 => self.world.apply(Command::Wake),
            87..97 => self.next_step(),
            97 => self.correct(),
            _ => self.people(),
        }
    }

    fn note(&mut self, events: &[Event]) {
        self.trades.note(events);
        for event in events {
            let what = match event {
                Event::Auction { kind, end, .. } => format!("{} {}", kind.as_str(), end.as_str()),
                Event::QuoteChanged { quote, .. } => quote.kind.as_str().into(),
                Event::Closed { reason, .. } => reason.as_str().into(),
                Event::DeskTrade(trade) => format!("odd lot {}", trade.desk.as_str()),
                Event::Triggered { .. } => "triggered".into(),
                Event::TradeCorrected(_) => "corrected".into(),
                Event::ShortSaleRule { on, .. } => format!("short-sale rule {on}"),
                Event::Refused { code, .. } => code.code().into(),
                _ => continue,
            };
            *self.seen.entry(what).or_insert(0) += 1;
        }
    }
}

/// Levels and market orders as events have told them, against the book.
#[derive(Default)]
struct Depth(std::collections::BTreeMap<(Side, i64), (i64, u32)>);

impl Depth {
    fn follow(&mut self, events: &[Event]) {
        for event in events {
            if let Event::Level { instrument: STOCK, side, price, quantity, orders } = *event {
                self.0.insert((side, price.0), (quantity.0, orders));
                self.0.retain(|_, (quantity, _)| *quantity != 0);
            }
        }
    }

    fn compare(&self, engine: &Replica) {
        let mut book = std::collections::BTreeMap::new();
        for side in [Side::Buy, Side::Sell] {
            let at_market = engine.market_orders(STOCK, side);
            for level in engine.depth(STOCK, side).chain([at_market]) {
                if level.orders != 0 {
                    book.insert((side, level.price.0), (level.quantity.0, level.orders));
                }
            }
        }
        assert_eq!(self.0, book);
    }
}

#[test]
fn any_day_keeps_the_state_sound_and_snapshots_go_on_identically() {
    let mut seen = std::collections::BTreeMap::new();
    let mut carried = false;
    for seed in 0..60 {
        let mut days = Days::new(seed);
        let mut depth = Depth::default();
        let mut footing = Footing::default();
        for round in 0..500 {
            if round % 50 == 25 {
                days.world.engine = copied(&days.world.engine);
            }
            let events = days.one();
            days.note(&events);
            depth.follow(&events);
            depth.compare(&days.world.engine);
            events.iter().for_each(|event| footing.follow(STOCK, event));
            assert_eq!(Some(footing), days.world.engine.footing(STOCK), "{events:?}");
            carried |= footing.carried != Price(0);
        }
        for (what, count) in days.seen {
            *seen.entry(what).or_insert(0) += count;
        }
    }
    assert!(carried, "no quote was ever carried over");
    for what in [
        "opening priced",
        "opening unpriced",
        "morning_close priced",
        "afternoon_opening priced",
        "closing priced",
        "closing special_execution",
        "closing stop_allocation",
        "quote priced",
        "special",
        "sequential",
        "auction_rest",
        "expired",
        "short-sale rule true",
        "short-sale rule false",
        "invalid_condition",
        "amend_not_allowed",
        "phase_closed",
        "corrected",
        "odd lot batch",
        "odd lot principal",
        "odd_lot_no_quote",
        "odd_lot_unavailable",
        "house_inventory",
        "short_sale_restricted",
    ] {
        assert!(seen.contains_key(what), "nothing ever was {what}: {seen:?}");
    }
}

#[test]
fn a_replay_ends_in_the_same_hash() {
    let hash = |copies: bool| {
        let mut days = Days::new(7);
        for round in 0..400 {
            if copies && round % 20 == 0 {
                days.world.engine = copied(&days.world.engine);
            }
            days.one();
        }
        days.world.engine.state_hash()
    };
    assert_eq!(hash(false), hash(true));
}
