//! Seeded streams of commands of every kind, sensible and not: the diet of the property tests,
//! and of anyone who needs a journal with everything in it. Each command comes from one
//! 64-bit word and from what happened so far, so a failing stream can be shortened word by word.

mod trades;
mod world;

use crate::command::*;
use crate::event::Event;
use crate::instrument::InstrumentSpec;
use crate::types::*;
pub use world::instruments;
use world::setup;

/// A small generator of numbers (splitmix64); the same everywhere.
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(end)) >> 64) as u64
    }

    /// Whether one in `n` happened.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A number from `first` to `last`.
    pub fn from(&mut self, first: i64, last: i64) -> i64 {
        first + self.below((last - first) as u64 + 1) as i64
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// Bounds of a stream's world.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What `Genesis` says.
    pub limits: Limits,
    /// Customer accounts.
    pub accounts: u32,
    /// Prices used by most orders, in ticks around the middle.
    pub spread: u64,
}

impl Shape {
    /// A world where every bound is met all the time.
    pub const TIGHT: Shape = Shape {
        limits: Limits {
            accounts: 10,
            instruments: 6,
            assets: 6,
            live_orders: 12,
            answers: 6,
            balances: 26,
        },
        accounts: 5,
        spread: 3,
    };
    /// A world with room, where books grow.
    pub const ROOMY: Shape = Shape {
        limits: Limits {
            accounts: 40,
            instruments: 16,
            assets: 16,
            live_orders: 300,
            answers: 90,
            balances: 400,
        },
        accounts: 12,
        spread: 12,
    };
}

/// A stream of commands.
pub struct Stream {
    words: Numbers,
    shape: Shape,
    setup: Vec<Command>,
    /// Instruments and the middle of their prices.
    specs: Vec<(InstrumentSpec, i64)>,
    /// Orders seen, newest last: owner, number, instrument.
    orders: Vec<(AccountId, OrderId, InstrumentId)>,
    /// Trades seen, newest last, as they stand.
    trades: Vec<Correction>,
    last_place: Option<Place>,
    last_transfer: Option<Transfer>,
    names: u64,
    day: u32,
}

fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).expect("names of the stream are short")
}

/// Nobody in particular, for no reason.
pub fn nobody() -> Box<Provenance> {
    Box::new(Provenance {
        approver: Default::default(),
        actor: Text::EMPTY,
        request: Text::EMPTY,
        reason: Text::EMPTY,
    })
}

impl Stream {
    /// The stream of a seed in a world.
    pub fn new(seed: u64, shape: Shape) -> Stream {
        Stream {
            words: Numbers(seed),
            shape,
            setup: setup(&shape),
            specs: instruments(),
            orders: Vec::new(),
            trades: Vec::new(),
            last_place: None,
            last_transfer: None,
            names: 0,
            day: 20_260_101,
        }
    }

    /// How many commands are left that set the world up.
    pub fn setup_len(&self) -> usize {
        self.setup.len()
    }

    /// The next command.
    pub fn next_command(&mut self) -> Command {
        let word = self.words.word();
        self.command(word)
    }

    /// The command a word stands for now; the world is set up first.
    pub fn command(&mut self, word: u64) -> Command {
        if let Some(command) = self.setup.pop() {
            return command;
        }
        let mut n = Numbers(word);
        match n.below(200) {
            0..=119 => Command::Place(self.place(&mut n)),
            120..=127 => Command::Place(self.again(&mut n)),
            128..=152 => self.amend(&mut n),
            153..=169 => {
                let (account, order, _) = self.some_order(&mut n);
                Command::Cancel(Cancel { account, order, via: Via::Rest, key: 1 })
            }
            170..=171 => self.cancel_many(&mut n),
            172..=187 => self.transfer(&mut n),
            188..=189 => Command::SetAccountStatus {
                account: self.account(&mut n),
                status: match n.below(16) {
                    0 => AccountStatus::Suspended,
                    1 => AccountStatus::Closed,
                    _ => AccountStatus::Active,
                },
                by: nobody(),
            },
            190..=191 => Command::SetInstrumentStatus {
                instrument: self.instrument(&mut n),
                status: match n.below(16) {
                    0 => InstrumentStatus::Halted,
                    1 => InstrumentStatus::Closed,
                    _ => InstrumentStatus::Open,
                },
                by: nobody(),
            },
            192..=193 => self.price_limits(&mut n),
            194..=195 => {
                if !n.one_in(3) {
                    self.day += 1;
                }
                let profile = n.pick(&[Profile::Tse, Profile::Crypto]);
                Command::RollDay { profile, day: self.day }
            }
            196..=197 => self.correct(&mut n),
            _ => self.creation(&mut n),
        }
    }

    /// Learns from what a command did.
    pub fn see(&mut self, command: &Command, events: &[Event]) {
        if let Command::Place(place) = command {
            for event in events {
                let number = match event {
                    Event::Accepted { order, .. } => Some(order),
                    // A refused order is asked for too, now and then.
                    Event::Refused { order: Some(order), .. } if order.0 % 16 == 0 => Some(order),
                    _ => None,
                };
                self.orders.extend(number.map(|&order| (place.account, order, place.instrument)));
            }
        }
        for event in events {
            match event {
                Event::Trade(trade) => self.trades.push(self.as_made(trade, events)),
                Event::TradeCorrected(now) => {
                    let known = self.trades.iter_mut().find(|it| it.trade == now.trade);
                    known.into_iter().for_each(|it| it.before = now.after);
                }
                _ => {}
            }
        }
        if self.trades.len() > 400 {
            self.trades.drain(..200);
        }
        // Old numbers stay known for a while, so that they are asked for in vain.
        if self.orders.len() > 2_000 {
            self.orders.drain(..1_000);
        }
    }

    fn account(&mut self, n: &mut Numbers) -> AccountId {
        let count = u64::from(AccountId::SYSTEM_COUNT + self.shape.accounts);
        match n.below(60) {
            0 => AccountId(count as u32 + 3),
            1 => AccountId(n.below(4) as u32),
            _ => AccountId(4 + n.below(count - 4) as u32),
        }
    }

    fn instrument(&mut self, n: &mut Numbers) -> InstrumentId {
        let count = self.specs.len() as u64 + u64::from(n.one_in(100));
        InstrumentId(n.below(count) as u32)
    }

    fn name(&mut self, n: &mut Numbers) -> ClientId {
        self.names += 1;
        match n.below(200) {
            0 => ClientId::EMPTY,
            1 => text("same"),
            2 => text(&format!("{:036}", self.names)),
            _ => text(&format!("{}", self.names)),
        }
    }

    fn price(&self, n: &mut Numbers, spec: &InstrumentSpec, middle: i64) -> i64 {
        let tick = spec.ticks.tick_at(Price(middle));
        let ticks = n.below(2 * self.shape.spread + 1) as i64 - self.shape.spread as i64;
        let near = middle / tick * tick + ticks * tick;
        match n.below(60) {
            0 => n.pick(&[0, -5, i64::MIN]),
            1 => n.pick(&[i64::MAX, i64::MAX / tick * tick, near + 1, tick]),
            2 => near / 100 / tick * tick,
            3 => (near * 37).saturating_add(0) / tick * tick,
            4 => 1 << n.below(62),
            _ => near,
        }
    }

    fn quantity(&self, n: &mut Numbers, spec: &InstrumentSpec) -> i64 {
        let lots = 1 + n.below(9) as i64;
        match n.below(80) {
            0 => n.pick(&[0, -1, i64::MIN]),
            1 => n.pick(&[i64::MAX, 1, spec.max_quantity.0, 1 << 40]),
            2 => lots * spec.lot.0 + 1,
            3 => (1 << n.below(62)) / spec.lot.0 * spec.lot.0,
            _ => lots * spec.lot.0,
        }
    }

    fn place(&mut self, n: &mut Numbers) -> Place {
        let instrument = self.instrument(n);
        let (spec, middle) = self.specs[instrument.0 as usize % self.specs.len()];
        let kind = if n.one_in(12) { OrderKind::Market } else { OrderKind::Limit };
        let time_in_force = match n.below(20) {
            0..=9 => TimeInForce::Gtc,
            10..=14 => TimeInForce::Day,
            15..=17 => TimeInForce::Ioc,
            _ => TimeInForce::Fok,
        };
        let market = kind == OrderKind::Market;
        let time_in_force = match time_in_force {
            TimeInForce::Gtc | TimeInForce::Day if market && !n.one_in(10) => TimeInForce::Ioc,
            other => other,
        };
        let price = if market && !n.one_in(20) { 0 } else { self.price(n, &spec, middle) };
        let place = Place {
            account: self.account(n),
            instrument,
            side: n.pick(&[Side::Buy, Side::Sell]),
            kind,
            time_in_force,
            post_only: n.one_in(10),
            price: Price(price),
            quantity: Quantity(self.quantity(n, &spec)),
            client_id: self.name(n),
            via: n.pick(&[Via::Rest, Via::Stream]),
            key: n.below(3) as u32,
            condition: Condition::Any,
            self_trade: if n.one_in(2) { SelfTrade::Allow } else { n.pick(SelfTrade::ALL) },
            short: ShortSale::Long,
            by_amount: false,
        };
        self.last_place = Some(place);
        place
    }

    /// The last order again, as it was or not quite.
    fn again(&mut self, n: &mut Numbers) -> Place {
        let Some(mut place) = self.last_place else { return self.place(n) };
        match n.below(10) {
            0 => place.price.0 ^= 1,
            1 => place.quantity.0 ^= 1,
            2 => place.side = place.side.opposite(),
            3 => place.time_in_force = TimeInForce::Fok,
            4 => place.post_only = !place.post_only,
            5 => place.account = self.account(n),
            _ => place.key += 1,
        }
        place
    }

    fn some_order(&mut self, n: &mut Numbers) -> (AccountId, OrderId, InstrumentId) {
        let known = self.orders.len() as u64;
        if known == 0 || n.one_in(50) {
            let number = n.word() >> n.below(64);
            return (self.account(n), OrderId(number), InstrumentId(0));
        }
        let reach = if n.one_in(8) { 2_000 } else { 24 };
        let back = n.below(known.min(reach));
        let (account, order, instrument) = self.orders[(known - 1 - back) as usize];
        let account = if n.one_in(40) { self.account(n) } else { account };
        (account, order, instrument)
    }

    fn amend(&mut self, n: &mut Numbers) -> Command {
        let (account, order, instrument) = self.some_order(n);
        let (spec, middle) = self.specs[instrument.0 as usize % self.specs.len()];
        let price = match n.below(3) {
            0 => 0,
            _ => self.price(n, &spec, middle),
        };
        let quantity = match n.below(3) {
            0 => self.quantity(n, &spec),
            1 => spec.lot.0,
            _ => 0,
        };
        Command::Amend(Amend {
            account,
            order,
            price: Price(price),
            quantity: Quantity(quantity),
            via: Via::Stream,
            key: 2,
            condition: None,
        })
    }

    fn cancel_many(&mut self, n: &mut Numbers) -> Command {
        // Everything at once only rarely: books should get somewhere in between.
        let all = n.one_in(8);
        let account = (!all && !n.one_in(4)).then(|| self.account(n));
        let instrument = (!all).then(|| self.instrument(n));
        let side = (!all && n.one_in(2)).then(|| n.pick(&[Side::Buy, Side::Sell]));
        Command::CancelMany(CancelMany {
            price: Price(0),
            account,
            instrument,
            group: None,
            side,
            via: Via::Admin,
            key: 0,
            from: OrderId(0),
        })
    }

    fn transfer(&mut self, n: &mut Numbers) -> Command {
        let kinds = [
            TransferKind::Deposit,
            TransferKind::Deposit,
            TransferKind::Withdraw,
            TransferKind::Adjust,
        ];
        let transfer = match self.last_transfer {
            Some(last) if n.one_in(6) => last,
            Some(last) if n.one_in(8) => Transfer { amount: Amount(1), ..last },
            _ => Transfer {
                kind: n.pick(&kinds),
                account: self.account(n),
                asset: AssetId(if n.one_in(300) { 99 } else { n.below(6) as u32 }),
                amount: Amount(match n.below(30) {
                    0 => n.pick(&[0, -1, i64::MIN, i64::MAX, 1 << 62]),
                    1 => n.below(1 << 62) as i64,
                    2..=6 => -(n.below(1 << 20) as i64),
                    _ => n.below(1 << 24) as i64,
                }),
                reference: self.name(n),
            },
        };
        self.last_transfer = Some(transfer);
        Command::Transfer { transfer, by: nobody() }
    }

    fn price_limits(&mut self, n: &mut Numbers) -> Command {
        let instrument = self.instrument(n);
        let (_, middle) = self.specs[instrument.0 as usize % self.specs.len()];
        let base = if n.one_in(4) { 0 } else { middle };
        let (down, up) = match n.below(6) {
            0 => (middle, middle - 1),
            1 => (-1, 0),
            2 | 3 => (middle - middle / 20, middle + middle / 20),
            4 => (middle - 2, 0),
            _ => (0, 0),
        };
        Command::SetPriceLimits {
            instrument,
            base_price: Price(base),
            limit_down: Price(down),
            limit_up: Price(up),
            by: nobody(),
        }
    }

    fn creation(&mut self, n: &mut Numbers) -> Command {
        let number = n.below(80);
        match n.below(4) {
            0 => Command::CreateAccount {
                code: if n.one_in(5) { Text::EMPTY } else { text(&format!("new-{number}")) },
            },
            1 => Command::CreateAsset(AssetSpec {
                code: if n.one_in(5) { text("JPY") } else { text(&format!("new-{number}")) },
                exponent: n.below(20) as u8,
            }),
            2 => {
                let (mut spec, _) = n.pick(&self.specs);
                spec.symbol = text(&format!("new-{number}"));
                match n.below(6) {
                    0 => spec.lot = Quantity(0),
                    1 => spec.quote_asset = spec.base_asset,
                    2 => spec.base_asset = AssetId(99),
                    3 => spec.quantity_digits = 19,
                    4 => spec.symbol = text("7203"),
                    _ => {}
                }
                Command::CreateInstrument(Box::new(spec))
            }
            _ => Command::Genesis { limits: self.shape.limits, hash_seed: [1, 2] },
        }
    }
}
