//! Streams of commands of every kind with the values nobody means: zero, below zero, the largest
//! there are, numbers of nothing. A refusal is right, a panic never: it would end the process.
//! The whole-state check holds all along, and a copy from a snapshot goes on alike.

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::instrument::{InstrumentSpec, InstrumentState, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Replica};

const EXTREME: [i64; 22] = [
    0,
    -1,
    1,
    2,
    3,
    9,
    99,
    -100,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
    i64::MAX / 2,
    i64::MAX / 100 * 100,
    i64::MAX / 10_000,
    1 << 53,
    1 << 32,
    1_000_000_000_000,
    100_000_000_000_000_000,
    u32::MAX as i64,
    500_000_000,
    499_990_000,
];

const DAY: u32 = 20_260_105;

/// A share under Tokyo's rules before a command.
#[derive(Clone, Copy)]
struct Rules {
    id: InstrumentId,
    state: InstrumentState,
    /// Whether its last price is what movements are measured from.
    traded: bool,
}

struct Stream {
    world: World,
    random: Random,
    /// How often a value is an extreme one: one in this many.
    wild: u64,
    day: u32,
    step: usize,
    sent: Vec<OrderId>,
    /// Commands that undo settings which stop trading.
    cures: Vec<Command>,
    taken: u32,
    /// For which of the shares under Tokyo's rules the last price is the reference.
    traded: [bool; 2],
    /// Whether limits, ticks or status were set by hand.
    set: bool,
}

impl Stream {
    fn new(seed: u64) -> Stream {
        let limits = Limits {
            accounts: 14,
            instruments: 9,
            balances: 60,
            live_orders: 150,
            answers: 100,
            ..limits()
        };
        let open = InstrumentSpec {
            open_order_cap: 0,
            taker_fee_ppm: 999_999,
            maker_fee_ppm: -999_999,
            max_quantity: Quantity(i64::MAX),
            ..coin()
        };
        let share = InstrumentSpec {
            ticks: TickRule::TseOther,
            base_price: Price(5_300),
            limit_down: Price(4_300),
            limit_up: Price(6_300),
            session_rules: true,
            listed_shares: Quantity(10_000_000),
            max_quantity: Quantity(i64::MAX),
            ..stock()
        };
        let mut world = World::with(limits, open, share);
        let unbounded = InstrumentSpec {
            symbol: text("1301"),
            base_price: Price(0),
            limit_down: Price(0),
            limit_up: Price(0),
            listed_shares: Quantity(0),
            ..share
        };
        world.apply(Command::CreateInstrument(Box::new(unbounded)));
        let plain =
            InstrumentSpec { symbol: text("9984"), max_quantity: Quantity(1_000), ..stock() };
        world.apply(Command::CreateInstrument(Box::new(plain)));
        for account in [ANN, BOB, AccountId::HOUSE] {
            let amount = if seed.is_multiple_of(2) { i64::MAX / 8 } else { 1_000_000_000 };
            for asset in [JPY, BTC, SHARE] {
                world.transfer(TransferKind::Deposit, account, asset, amount);
            }
        }
        world.apply(Command::RollDay { profile: Profile::Tse, day: DAY });
        for instrument in [STOCK, InstrumentId(2), InstrumentId(3)] {
            let terms = Box::new(OddLotTerms {
                batch: true,
                principal: true,
                spread_ppm: 3_500,
                max_quantity: Quantity(i64::MAX),
                max_value: Amount(0),
                round_to: Amount(10_000),
            });
            world.apply(Command::SetOddLotTerms { instrument, terms, by: by() });
        }
        let wild = [12, 60, 200][(seed % 3) as usize];
        Stream {
            world,
            random: Random(seed),
            wild,
            day: DAY,
            step: 0,
            sent: Vec::new(),
            cures: Vec::new(),
            taken: 0,
            traded: [false; 2],
            set: false,
        }
    }

    fn wild(&mut self) -> bool {
        let wild = self.wild;
        self.random.one_in(wild)
    }

    fn value(&mut self, sane: i64) -> i64 {
        if self.wild() { self.random.pick(&EXTREME) } else { sane }
    }

    fn price(&mut self) -> i64 {
        let sane = 4_900 + self.random.below(80) as i64 * 10;
        self.value(sane)
    }

    fn quantity(&mut self) -> i64 {
        let sane = (1 + self.random.below(9) as i64) * 100;
        self.value(sane)
    }

    fn account(&mut self) -> AccountId {
        if self.wild() {
            let other = self.random.pick(&[0, 1, 2, 3, 7, 8, 13, 14, u32::MAX]);
            return AccountId(other);
        }
        self.random.pick(&[ANN, BOB, CAT])
    }

    fn instrument(&mut self) -> InstrumentId {
        if self.wild() {
            let other = self.random.pick(&[4, 5, 8, 9, 65_535, u32::MAX]);
            return InstrumentId(other);
        }
        InstrumentId(self.random.pick(&[0, 0, 1, 1, 1, 2, 2, 3]))
    }

    fn asset(&mut self) -> AssetId {
        if self.wild() { AssetId(u32::MAX) } else { self.random.pick(&[JPY, BTC, SHARE]) }
    }

    fn side(&mut self) -> Side {
        self.random.pick(&[Side::Buy, Side::Sell])
    }

    fn order_id(&mut self) -> OrderId {
        if self.wild() || self.sent.is_empty() {
            let other = self.random.pick(&EXTREME) as u64;
            return OrderId(other);
        }
        let newest = self.sent.len().saturating_sub(40);
        let among = self.sent.len() - newest;
        self.sent[newest + self.random.below(among as u64) as usize]
    }

    fn client_id(&mut self) -> ClientId {
        if self.random.one_in(60) { text("") } else { self.world.name() }
    }

    fn place_of(&mut self) -> Place {
        let kind = self.random.pick(&[OrderKind::Limit, OrderKind::Limit, OrderKind::Market]);
        let price = if kind == OrderKind::Market && !self.wild() { 0 } else { self.price() };
        use TimeInForce::*;
        let any = !self.random.one_in(4);
        let by_amount = kind == OrderKind::Market && self.random.one_in(3);
        let quantity = if by_amount && !self.wild() {
            self.random.below(10_000_000) as i64
        } else {
            self.quantity()
        };
        let mut time_in_force = self.random.pick(&[Gtc, Day, Day, Day, Ioc, Fok, Gtd]);
        if kind == OrderKind::Market && time_in_force == Gtc || !any && !self.wild() {
            time_in_force = Day;
        }
        Place {
            account: self.account(),
            instrument: self.instrument(),
            side: self.side(),
            kind,
            time_in_force,
            post_only: self.random.one_in(10),
            price: Price(price),
            quantity: Quantity(quantity),
            client_id: self.client_id(),
            via: Via::Rest,
            key: 0,
            condition: if any { Condition::Any } else { self.random.pick(Condition::ALL) },
            self_trade: self.random.pick(SelfTrade::ALL),
            short: if any { ShortSale::Long } else { self.random.pick(ShortSale::ALL) },
            by_amount,
        }
    }

    fn trigger(&mut self) -> Trigger {
        Trigger { price: Price(self.price()), when: self.random.pick(TriggerWhen::ALL) }
    }

    fn stop_leg(&mut self, side: Side) -> StopLeg {
        let mut trigger = self.trigger();
        if !self.wild() {
            let away = 10 * self.random.below(30) as i64;
            (trigger.price, trigger.when) = match side {
                Side::Buy => (Price(5_300 + away), TriggerWhen::AtOrAbove),
                Side::Sell => (Price(5_300 - away), TriggerWhen::AtOrBelow),
            };
        }
        let price = if self.random.one_in(2) { 0 } else { self.price() };
        StopLeg { trigger, price: Price(price) }
    }

    fn expires(&mut self) -> u32 {
        self.random.pick(&[0, self.day, self.day + 1, self.day + 3, 1, u32::MAX, 20_260_199])
    }

    fn contingent(&mut self) -> Command {
        let mut order = self.place_of();
        if !self.random.one_in(4) {
            order.time_in_force = self.random.pick(&[TimeInForce::Day, TimeInForce::Gtc]);
        }
        let form = self.random.below(8);
        let trigger = (form & 1 != 0).then(|| self.trigger());
        let stop =
            (form & 2 != 0 && (form & 1 == 0 || self.wild())).then(|| self.stop_leg(order.side));
        let kind = self.random.pick(&[OrderKind::Limit, OrderKind::Market]);
        let price = if kind == OrderKind::Market { 0 } else { self.price() };
        let side = if self.random.one_in(4) { order.side } else { order.side.opposite() };
        let of_child = self.random.below(3);
        let child = (form & 4 != 0).then(|| Child {
            side,
            kind,
            price: Price(price),
            trigger: (of_child == 1).then(|| self.trigger()),
            stop: (of_child == 2).then(|| self.stop_leg(side)),
            time_in_force: order.time_in_force,
            expires: if self.random.one_in(3) { self.expires() } else { 0 },
            client_id: self.client_id(),
        });
        let expires = if order.time_in_force == TimeInForce::Gtd || self.random.one_in(9) {
            self.expires()
        } else {
            0
        };
        Command::PlaceContingent(Box::new(Contingent { order, trigger, stop, expires, child }))
    }

    fn odd_lot(&mut self) -> Command {
        let quantity = 1 + self.random.below(99) as i64;
        let desk = self.random.pick(Desk::ALL);
        let price = if desk == Desk::Batch || self.random.one_in(2) { 0 } else { self.price() };
        Command::PlaceOddLot(Box::new(OddLot {
            account: self.account(),
            instrument: self.instrument(),
            side: self.side(),
            desk,
            quantity: Quantity(self.value(quantity)),
            price: Price(price),
            client_id: self.client_id(),
            via: Via::Rest,
            key: 0,
        }))
    }

    fn amend(&mut self) -> Command {
        let condition = self.random.one_in(4).then(|| self.random.pick(Condition::ALL));
        let price = if self.random.one_in(2) { 0 } else { self.price() };
        let quantity = if self.random.one_in(2) { 0 } else { self.quantity() };
        let order = self.order_id();
        let owner = self.world.engine.order(order).map(|order| order.account);
        let account = owner.unwrap_or(ANN);
        Command::Amend(Amend {
            account,
            order,
            price: Price(price),
            quantity: Quantity(quantity),
            condition,
            via: Via::Rest,
            key: 0,
        })
    }

    fn cancel(&mut self) -> Command {
        let order = self.order_id();
        let owner = self.world.engine.order(order).map(|order| order.account);
        let account = owner.unwrap_or(ANN);
        Command::Cancel(Cancel { account, order, via: Via::Rest, key: 0 })
    }

    fn cancel_many(&mut self) -> Command {
        Command::CancelMany(CancelMany {
            price: Price(0),
            account: self.random.one_in(2).then(|| self.account()),
            instrument: self.random.one_in(2).then(|| self.instrument()),
            side: self.random.one_in(2).then(|| self.side()),
            group: self.random.one_in(3).then(|| GroupId(self.random.pick(&[0, 1, u16::MAX]))),
            from: if self.random.one_in(2) { CancelMany::START } else { self.order_id() },
            via: Via::Admin,
            key: 0,
        })
    }

    fn moment(&mut self) -> Command {
        if self.wild() {
            let day = self.random.pick(&[0, 1, self.day, self.day + 1, u32::MAX]);
            let profile = self.random.pick(&[Profile::Tse, Profile::Crypto]);
            let step = self.random.pick(SessionStep::ALL);
            let until = Timestamp(self.random.pick(&EXTREME) as u64);
            // A day far ahead would leave none to come.
            let day = if day == u32::MAX { 0 } else { day };
            return Command::Session { profile, day, step, until };
        }
        // Moments may be left out.
        self.step += if self.random.one_in(5) { 2 } else { 1 };
        if self.step >= SessionStep::ALL.len() {
            self.step = 0;
            self.day += 1;
            let profile = Profile::Tse;
            return Command::RollDay { profile, day: self.day };
        }
        let step = SessionStep::ALL[self.step];
        Command::Session { profile: Profile::Tse, day: self.day, step, until: Timestamp(0) }
    }

    fn limits_of_risk(&mut self) -> RiskLimits {
        let mut limits = RiskLimits { currency: self.asset(), ..RiskLimits::default() };
        for bound in &mut limits.bounds {
            if self.random.one_in(5) {
                let soft = self.random.below(1_000_000_000) as i64;
                *bound = Bound { soft: self.value(soft), hard: self.value(soft * 2) };
            }
        }
        limits
    }

    fn small(&mut self) -> u32 {
        let sane = self.random.below(200_000) as i64;
        self.value(sane) as u32
    }

    fn setting(&mut self) -> Command {
        let (instrument, by) = (self.instrument(), by());
        let group = GroupId(self.random.pick(&[0, 1, u16::MAX]));
        match self.random.below(18).saturating_sub(2) {
            0 => {
                // Narrow, or wider than what resting market orders have locked.
                let away = 20 * self.random.below(80) as i64;
                Command::SetPriceLimits {
                    instrument,
                    base_price: Price(self.value(5_300)),
                    limit_down: Price(self.value(5_300 - away)),
                    limit_up: Price(self.value(5_300 + away)),
                    by,
                }
            }
            1 => Command::SetOddLotTerms {
                instrument,
                terms: Box::new(OddLotTerms {
                    batch: !self.random.one_in(4),
                    principal: !self.random.one_in(4),
                    spread_ppm: self.value(3_500) as u32,
                    max_quantity: Quantity(self.value(99)),
                    max_value: Amount(self.value(0)),
                    round_to: Amount(self.value(10_000)),
                }),
                by,
            },
            2 => {
                let fixed = TickRule::Fixed(Price(self.value(5)));
                let ticks = self.random.pick(&[TickRule::TseTopix500, TickRule::TseOther, fixed]);
                Command::SetTicks { instrument, ticks, by }
            }
            3 => {
                let shares = Quantity(self.value(10_000_000));
                Command::SetListedShares { instrument, shares, by }
            }
            4 => {
                let halts = if self.random.one_in(2) { 0 } else { self.random.below(256) as u8 };
                Command::SetHalts { instrument, halts: Halts(halts), by }
            }
            5 => Command::SetBreaker {
                instrument,
                breaker: Box::new(Breaker {
                    mode: self.random.pick(BreakerMode::ALL),
                    window_seconds: self.value(5) as u32,
                    trigger_ppm: self.small(),
                    call_seconds: self.value(3) as u32,
                    bound_ppm: self.small(),
                }),
                by,
            },
            6 => Command::StartCall {
                instrument,
                kind: self.random.pick(AuctionKind::ALL),
                seconds: self.value(3) as u32,
                by,
            },
            7 => {
                let mut tiers = [FeeTier::default(); FEE_TIERS_MAX];
                let len = self.random.below(4) as u8;
                for (at, tier) in tiers.iter_mut().take(len.into()).enumerate() {
                    let volume = Amount(self.value((at as i64 + 1) * 1_000_000_000));
                    let (maker, taker) = (self.value(-200) as i32, self.value(400) as i32);
                    *tier = FeeTier { volume, maker_ppm: maker, taker_ppm: taker };
                }
                let len = if self.wild() { 255 } else { len };
                let tiers = Box::new(FeeTiers { asset: self.asset(), tiers, len });
                Command::SetFeeTiers { tiers, by }
            }
            8 => Command::SetGroup { account: self.account(), group, by },
            13 => Command::SetFirm { account: self.account(), firm: FirmId(self.small()), by },
            14 => Command::SetParticipants {
                profile: self.random.pick(&[Profile::Tse, Profile::Crypto]),
                participants: self.random.pick(Participants::ALL),
                by,
            },
            9 => {
                let scope = match self.random.below(4) {
                    0 => RiskScope::Account(self.account()),
                    1 => RiskScope::Members(group),
                    2 => RiskScope::Group(group),
                    _ => RiskScope::Instrument(instrument),
                };
                Command::SetRiskLimits { scope, limits: Box::new(self.limits_of_risk()), by }
            }
            10 => {
                let scope = match self.random.below(4) {
                    0 => KillScope::Account(self.account()),
                    1 => KillScope::Group(group),
                    2 => KillScope::Instrument(instrument),
                    _ => KillScope::Venue,
                };
                Command::SetKill { scope, on: self.random.one_in(4), by }
            }
            11 => {
                use InstrumentStatus::*;
                let status = self.random.pick(&[Open, Open, Open, Halted, Closed]);
                Command::SetInstrumentStatus { instrument, status, by }
            }
            12 => {
                use AccountStatus::*;
                let status = self.random.pick(&[Active, Active, Active, Suspended, Closed]);
                Command::SetAccountStatus { account: self.account(), status, by }
            }
            _ => self.creation(),
        }
    }

    fn creation(&mut self) -> Command {
        match self.random.below(3) {
            0 => Command::CreateAccount { code: text("new") },
            1 => {
                let exponent = self.value(4) as u8;
                Command::CreateAsset(AssetSpec { code: text("NEW"), exponent })
            }
            _ => {
                let of = self.random.pick(&[coin(), stock()]);
                let name = self.world.name();
                Command::CreateInstrument(Box::new(InstrumentSpec {
                    symbol: text(name.as_str()),
                    price_digits: self.value(of.price_digits.into()) as u8,
                    quantity_digits: self.value(of.quantity_digits.into()) as u8,
                    ticks: TickRule::Fixed(Price(self.value(5))),
                    lot: Quantity(self.value(of.lot.0)),
                    min_quantity: Quantity(self.value(of.min_quantity.0)),
                    max_quantity: Quantity(self.value(of.max_quantity.0)),
                    base_price: Price(self.value(5_300)),
                    limit_down: Price(self.value(0)),
                    limit_up: Price(self.value(0)),
                    market_band_ppm: self.value(100_000) as u32,
                    maker_fee_ppm: self.value(-100) as i32,
                    taker_fee_ppm: self.value(100) as i32,
                    session_rules: self.random.one_in(3),
                    listed_shares: Quantity(self.value(0)),
                    market_min_quantity: Quantity(self.value(0)),
                    market_max_quantity: Quantity(self.value(0)),
                    ..of
                }))
            }
        }
    }

    /// A setting, and soon after what lets trading go on.
    fn set(&mut self) -> Command {
        let setting = self.setting();
        let cure = match setting.clone() {
            Command::SetAccountStatus { account, by, .. } => {
                Command::SetAccountStatus { account, status: AccountStatus::Active, by }
            }
            Command::SetInstrumentStatus { instrument, by, .. } => {
                let status = InstrumentStatus::Open;
                Command::SetInstrumentStatus { instrument, status, by }
            }
            Command::SetKill { scope, by, .. } => Command::SetKill { scope, on: false, by },
            Command::SetHalts { instrument, by, .. } => {
                Command::SetHalts { instrument, halts: Halts(0), by }
            }
            Command::SetRiskLimits { scope, by, .. } => {
                Command::SetRiskLimits { scope, limits: Box::default(), by }
            }
            Command::SetPriceLimits { instrument, by, .. } => Command::SetPriceLimits {
                instrument,
                base_price: Price(5_300),
                limit_down: Price(4_300),
                limit_up: Price(6_300),
                by,
            },
            _ => return setting,
        };
        self.cures.push(cure);
        setting
    }

    fn command(&mut self) -> Command {
        if self.random.one_in(20)
            && let Some(cure) = self.cures.pop()
        {
            return cure;
        }
        match self.random.below(100) {
            0..50 => Command::Place(self.place_of()),
            50..65 => self.contingent(),
            65..69 => self.odd_lot(),
            69..79 => self.amend(),
            79..84 => self.cancel(),
            84 => self.cancel_many(),
            85..88 => self.moment(),
            88..91 => self.set(),
            91..93 => {
                use TransferKind::*;
                Command::Transfer {
                    transfer: Transfer {
                        kind: self.random.pick(&[Deposit, Withdraw, Adjust]),
                        account: self.account(),
                        asset: self.asset(),
                        amount: Amount(self.value(1_000_000)),
                        reference: self.client_id(),
                    },
                    by: by(),
                }
            }
            93 if self.random.one_in(20) => {
                let day = self.random.pick(&[0, 1, self.day, self.day]);
                Command::RollDay {
                    profile: self.random.pick(&[Profile::Tse, Profile::Crypto]),
                    day,
                }
            }
            _ => Command::Wake,
        }
    }

    /// A buy by amount never costs more than its amount, fees included.
    fn watch_amounts(&self, command: &Command, events: &[Event]) {
        let Command::Place(place) = command else { return };
        let Some(&Event::Accepted { order, .. }) = events.first() else { return };
        if !place.by_amount || place.instrument != COIN || place.side != Side::Buy {
            return;
        }
        // A yen times 1/10,000 coin is 1/10,000 yen: a minor unit.
        let paid: i128 = events
            .iter()
            .filter_map(|event| match event {
                Event::Trade(trade) if trade.taker == order => Some(
                    i128::from(trade.price.0) * i128::from(trade.quantity.0)
                        + i128::from(trade.taker_fee.0),
                ),
                _ => None,
            })
            .sum();
        assert!(paid <= i128::from(place.quantity.0), "{paid} for {place:?}");
    }

    fn apply(&mut self, command: &Command, check: bool) -> Vec<Event> {
        let world = &mut self.world;
        world.seq += 1;
        world.at += 10;
        let mut events = Vec::new();
        let engine = &mut world.engine;
        engine.look_ahead(0, |i| (i == 0).then_some(command));
        engine.apply(Seq(world.seq), Timestamp(world.at), command, &mut events);
        if check {
            engine.check().unwrap_or_else(|why| panic!("after {command:?}: {why}"));
        }
        events
    }

    fn rules(&self) -> [Rules; 2] {
        [STOCK, InstrumentId(2)].map(|id| {
            let state = self.world.engine.instrument(id).expect("a share");
            Rules { id, state, traded: self.traded[id.0 as usize - 1] }
        })
    }

    /// What must be true of shares under Tokyo's rules whatever came.
    fn watch(&mut self, before: [Rules; 2], command: &Command, events: &[Event]) {
        let by_hand = matches!(
            command,
            Command::SetPriceLimits { .. }
                | Command::SetTicks { .. }
                | Command::SetInstrumentStatus { .. }
                | Command::RollDay { .. }
        );
        for Rules { id, state, traded } in before {
            let quote = state.quote;
            let mut last = traded.then_some(state.last_price.0);
            for event in events {
                let Event::Trade(trade) = event else { continue };
                if trade.instrument != id {
                    continue;
                }
                let price = trade.price.0;
                let open = state.status == InstrumentStatus::Open || by_hand;
                assert!(open, "{command:?} trades while it is halted: {events:?}");
                let spec = &state.spec;
                let inside = price >= spec.limit_down.0
                    && (spec.limit_up.0 == 0 || price <= spec.limit_up.0);
                assert!(inside || by_hand || self.set, "{command:?}: outside: {events:?}");
                if let Some(last) = last
                    && !trade.auction
                    && (2_000..7_000).contains(&last)
                {
                    // Renewal widths of 2-5, 5-7 hundred yen.
                    let width = if last < 5_000 { 80 } else { 100 };
                    assert!((price - last).abs() <= width, "{command:?}: {last} to {price}");
                }
                last = Some(price);
                self.traded[id.0 as usize - 1] = true;
            }
            let state = self.world.engine.instrument(id).expect("a share");
            let engine = &self.world.engine;
            let pulled_back = state.quote.kind == QuoteKind::Special
                && matches!(command, Command::Wake)
                && quote.kind == QuoteKind::Special
                && quote.side == state.quote.side
                && quote.due != state.quote.due
                && match quote.side {
                    Side::Buy => state.quote.price <= quote.price,
                    Side::Sell => state.quote.price >= quote.price,
                }
                && !events.iter().any(|event| matches!(event, Event::Trade(_)));
            assert!(
                !pulled_back || self.set,
                "a renewal must move on: {quote:?} {:?}",
                state.quote
            );
            let free = state.phase == Phase::Continuous
                && state.status == InstrumentStatus::Open
                && state.quote.kind == QuoteKind::Free;
            if free {
                let [bid, ask] = [Side::Buy, Side::Sell].map(|side| engine.depth(id, side).next());
                let crossed = bid.zip(ask).is_some_and(|(bid, ask)| bid.price >= ask.price);
                assert!(!crossed, "after {command:?} {bid:?} meets {ask:?}");
                for side in [Side::Buy, Side::Sell] {
                    let waiting = engine.market_orders(id, side).quantity.0;
                    assert_eq!(waiting, 0, "after {command:?} {side:?}");
                }
            }
        }
        for event in events {
            // From a special quote on, and over a break, it is not the last price that counts.
            let measured_anew = match event {
                Event::PhaseChanged { instrument, .. } => Some(*instrument),
                Event::QuoteChanged { instrument, quote } if quote.kind == QuoteKind::Special => {
                    Some(*instrument)
                }
                _ => None,
            };
            if let Some(of @ InstrumentId(1 | 2)) = measured_anew {
                self.traded[of.0 as usize - 1] = false;
            }
        }
        if matches!(command, Command::RollDay { .. }) {
            self.traded = [false; 2];
        }
        self.set |= by_hand && !matches!(command, Command::RollDay { .. });
    }

    fn run(mut self, commands: u32) -> u32 {
        let mut copy: Option<Replica> = None;
        for at in 0..commands {
            let command = self.command();
            let passes = [0, 1_000, 400_000_000, 70_000_000_000, 200_000_000_000];
            self.world.at += self.random.pick(&passes);
            let before = self.rules();
            let events = self.apply(&command, at % 8 == 7);
            self.watch(before, &command, &events);
            self.watch_amounts(&command, &events);
            for event in &events {
                if let Event::Accepted { order, .. } = event {
                    self.sent.push(*order);
                    self.taken += 1;
                }
            }
            if let Some(copy) = &mut copy {
                let mut also = Vec::new();
                copy.apply(Seq(self.world.seq), Timestamp(self.world.at), &command, &mut also);
                assert_eq!(also, events, "a copy goes on otherwise");
            }
            if at % 97 == 96 {
                copy = Some(copied(&self.world.engine));
            }
        }
        self.taken
    }
}

#[test]
fn no_value_of_any_command_ends_the_process() {
    let runs: u64 = std::env::var("ZARABA_RUNS").map_or(12, |runs| runs.parse().expect("a number"));
    let first: u64 = std::env::var("ZARABA_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let taken: u32 = (first..first + runs)
        .map(|seed| {
            println!("seed {seed}");
            Stream::new(seed).run(1_500)
        })
        .sum();
    assert!(taken > 50 * runs as u32, "only {taken} orders were taken");
}
