//! A seeded stream of commands that trade, fail, repeat and administrate, over several days,
//! and a source that plays it as the journal would.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zaraba::journal::JournalError;
use zaraba::projections::source::Source;
use zaraba_engine::command::*;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Replica};

/// 2026-11-20 09:00 UTC.
const BEGIN: u64 = 1_795_165_200_000_000_000;

/// The commands so far; grows while it is read, like a journal.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<(Timestamp, Command)>>>);

impl Journal {
    /// The first `count` commands of the stream with this seed.
    pub fn seeded(seed: u64, count: usize) -> Journal {
        let journal = Journal::default();
        journal.append(Stream::new(seed).take(count));
        journal
    }

    pub fn append(&self, commands: impl Iterator<Item = (Timestamp, Command)>) {
        self.0.lock().extend(commands);
    }

    pub fn len(&self) -> Seq {
        Seq(self.0.lock().len() as u64)
    }

    /// The first `count` commands only.
    pub fn cut(&self, count: usize) -> Journal {
        Journal(Arc::new(Mutex::new(self.0.lock()[..count].to_vec())))
    }

    pub fn source(&self) -> Box<dyn Source> {
        Box::new(Player { journal: self.clone(), read: 0 })
    }

    /// The state after all of it.
    pub fn engine(&self) -> Replica {
        self.engine_at(usize::MAX)
    }

    fn engine_at(&self, count: usize) -> Replica {
        let (mut engine, mut events) = (Replica::new(), Vec::new());
        for (index, (at, command)) in self.0.lock().iter().take(count).enumerate() {
            engine.apply(Seq(index as u64 + 1), *at, command, &mut events);
            events.clear();
        }
        engine
    }
}

struct Player {
    journal: Journal,
    read: usize,
}

impl Source for Player {
    /// As from a snapshot every 100 commands.
    fn load(&mut self, at_most: Seq) -> Result<Replica, JournalError> {
        let engine = self.journal.engine_at(at_most.0 as usize / 100 * 100);
        self.read = engine.seq().0 as usize;
        Ok(engine)
    }

    fn next(&mut self) -> Result<Option<(Seq, Timestamp, Command)>, JournalError> {
        let next = self.journal.0.lock().get(self.read).cloned();
        Ok(next.map(|(at, command)| {
            self.read += 1;
            (Seq(self.read as u64), at, command)
        }))
    }

    /// Nothing recorded a list's states.
    fn checkpoint(&self) -> Option<u64> {
        None
    }

    fn wait(&mut self, timeout: Duration) {
        std::thread::sleep(timeout.min(Duration::from_millis(5)));
    }
}

/// How many customer accounts trade.
pub const CUSTOMERS: u32 = 6;
/// The assets, in order of their numbers.
const ASSETS: [(&str, u8); 3] = [("JPY", 4), ("BTC", 8), ("7203", 0)];

/// The stream: an engine beside it lets it aim at live orders.
pub struct Stream {
    random: StdRng,
    engine: Replica,
    at: u64,
    orders: Vec<(AccountId, OrderId)>,
    sent: u64,
    last: Option<Command>,
}

impl Stream {
    pub fn new(seed: u64) -> Stream {
        Stream {
            random: StdRng::seed_from_u64(seed),
            engine: Replica::new(),
            at: BEGIN,
            orders: Vec::new(),
            sent: 0,
            last: None,
        }
    }

    fn opening(&self) -> Option<Command> {
        let number = self.engine.seq().0 as u32;
        let customers = 6 + CUSTOMERS;
        Some(match number {
            0 => Command::Genesis {
                // A memory this short forgets orders within the command that ends them.
                limits: Limits {
                    accounts: 64,
                    instruments: 8,
                    assets: 8,
                    live_orders: 2_000,
                    answers: 3,
                    balances: 256,
                },
                hash_seed: [1, 2],
            },
            1..=3 => {
                let (code, exponent) = ASSETS[number as usize - 1];
                Command::CreateAsset(AssetSpec { code: Text::new(code).unwrap(), exponent })
            }
            4 => instrument("BTC_JPY", Profile::Crypto),
            5 => instrument("7203", Profile::Tse),
            n if n < customers => {
                let code = format!("C-{n}");
                Command::CreateAccount { code: Text::new(&code).unwrap() }
            }
            n if n < customers + CUSTOMERS * 3 => {
                let k = n - customers;
                let (account, asset) = (AccountId(4 + k / 3), AssetId(k % 3));
                let amount = [100_000_000_000, 5_000_000_000, 100_000][asset.0 as usize];
                transfer(TransferKind::Deposit, account, asset, amount, u64::from(n))
            }
            _ => return None,
        })
    }

    fn account(&mut self) -> AccountId {
        AccountId(4 + self.random.random_range(0..CUSTOMERS))
    }

    fn place(&mut self) -> Command {
        let (random, sent) = (&mut self.random, self.sent);
        let tse = random.random_bool(0.4);
        let market = random.random_bool(0.1);
        let lot = if tse { 100 } else { 10_000 };
        let price = if tse {
            random.random_range(19_800..20_200) / 10 * 10
        } else {
            random.random_range(9_980_000..10_020_000) / 1_000 * 1_000
        };
        let off = random.random_bool(0.03);
        let times = if market {
            [TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::Ioc, TimeInForce::Ioc]
        } else {
            [TimeInForce::Gtc, TimeInForce::Day, TimeInForce::Ioc, TimeInForce::Fok]
        };
        let time_in_force = times[random.random_range(0..4usize)];
        let post_only = random.random_bool(0.05);
        let side = if random.random_bool(0.5) { Side::Buy } else { Side::Sell };
        let quantity = random.random_range(1..8i64) * lot + i64::from(off);
        let via = [Via::Rest, Via::Stream, Via::Admin][random.random_range(0..3usize)];
        Command::Place(Place {
            account: self.account(),
            instrument: InstrumentId(u32::from(tse)),
            side,
            kind: if market { OrderKind::Market } else { OrderKind::Limit },
            time_in_force,
            post_only,
            price: Price(if market { 0 } else { price }),
            quantity: Quantity(quantity),
            client_id: Text::new(&format!("o{sent}")).unwrap(),
            via,
            key: 7,
            condition: Condition::Any,
            self_trade: SelfTrade::Allow,
            short: ShortSale::Long,
            by_amount: false,
        })
    }

    fn any_order(&mut self) -> (AccountId, OrderId) {
        match self.orders.len() {
            0 => (AccountId(4), OrderId(1)),
            n => self.orders[self.random.random_range(n.saturating_sub(60)..n)],
        }
    }

    fn amend(&mut self) -> Command {
        let (account, order) = self.any_order();
        let state = self.engine.order(order);
        let (price, quantity) = state.map_or((0, 0), |state| (state.price.0, state.quantity.0));
        let up = self.random.random_range(-3..4i64);
        let tick = if price > 1_000_000 { 1_000 } else { 10 };
        let less = self.random.random_bool(0.5);
        Command::Amend(Amend {
            account,
            order,
            price: Price(if less { 0 } else { price + up * tick }),
            quantity: Quantity(if less { quantity / 2 / 100 * 100 } else { 0 }),
            via: Via::Rest,
            key: 8,
            condition: None,
        })
    }

    fn any(&mut self) -> Command {
        self.sent += 1;
        let by = || Box::new(by("operator"));
        match self.random.random_range(0..1_000) {
            0..600 => self.place(),
            600..750 => {
                let (account, order) = self.any_order();
                Command::Cancel(Cancel { account, order, via: Via::Stream, key: 9 })
            }
            750..880 => self.amend(),
            880..900 => self.last.clone().unwrap_or(Command::CreateAccount { code: Text::EMPTY }),
            900..906 => Command::CancelMany(CancelMany {
                price: Price(0),
                account: Some(self.account()),
                instrument: None,
                group: None,
                side: None,
                via: Via::Admin,
                key: 0,
                from: OrderId(0),
            }),
            906..950 => {
                let kind = [TransferKind::Deposit, TransferKind::Withdraw, TransferKind::Adjust]
                    [self.random.random_range(0..3usize)];
                let asset = AssetId(self.random.random_range(0..3));
                let amount = self.random.random_range(1..1_000);
                let gives = kind == TransferKind::Adjust && self.random.random_bool(0.7);
                let amount = if gives { -amount } else { amount };
                transfer(kind, self.account(), asset, amount, self.sent)
            }
            950..960 => Command::SetAccountStatus {
                account: self.account(),
                status: if self.random.random_bool(0.3) {
                    AccountStatus::Suspended
                } else {
                    AccountStatus::Active
                },
                by: by(),
            },
            960..970 => Command::SetInstrumentStatus {
                instrument: InstrumentId(self.random.random_range(0..2)),
                status: if self.random.random_bool(0.2) {
                    InstrumentStatus::Halted
                } else {
                    InstrumentStatus::Open
                },
                by: by(),
            },
            970..980 => Command::SetPriceLimits {
                instrument: InstrumentId(1),
                base_price: Price(20_000),
                limit_down: Price(15_000),
                limit_up: Price(25_000 + self.random.random_range(0..10) * 10),
                by: by(),
            },
            980..988 => {
                let day = 20_261_120 + (self.at - BEGIN) / 86_400_000_000_000;
                let profile =
                    if self.random.random_bool(0.5) { Profile::Tse } else { Profile::Crypto };
                Command::RollDay { profile, day: day as u32 }
            }
            _ => Command::CreateAccount { code: Text::new(&format!("N-{}", self.sent)).unwrap() },
        }
    }
}

impl Iterator for Stream {
    type Item = (Timestamp, Command);

    fn next(&mut self) -> Option<(Timestamp, Command)> {
        let command = match self.opening() {
            Some(command) => command,
            None => self.any(),
        };
        // About 800 commands a day, some at the same moment.
        self.at += self.random.random_range(0..3) * self.random.random_range(1..144_000_000_123);
        let (seq, at) = (Seq(self.engine.seq().0 + 1), Timestamp(self.at));
        let mut events = Vec::new();
        self.engine.apply(seq, at, &command, &mut events);
        if let (Command::Place(place), Some(Event::Accepted { order, .. })) =
            (&command, events.first())
        {
            self.orders.push((place.account, *order));
        }
        self.last = Some(command.clone());
        Some((at, command))
    }
}

fn by(actor: &str) -> Provenance {
    Provenance {
        approver: Default::default(),
        actor: Text::new(actor).unwrap(),
        request: Text::EMPTY,
        reason: Text::new("because, \"quoted\"\tand\\slashed").unwrap(),
    }
}

fn transfer(
    kind: TransferKind,
    account: AccountId,
    asset: AssetId,
    amount: i64,
    reference: u64,
) -> Command {
    let reference = Text::new(&format!("t{reference}")).unwrap();
    let transfer = Transfer { kind, account, asset, amount: Amount(amount), reference };
    Command::Transfer { transfer, by: Box::new(by("担当者")) }
}

fn instrument(symbol: &str, profile: Profile) -> Command {
    let tse = profile == Profile::Tse;
    Command::CreateInstrument(Box::new(InstrumentSpec {
        symbol: Text::new(symbol).unwrap(),
        name: Text::new("名前").unwrap(),
        profile,
        base_asset: AssetId(if tse { 2 } else { 1 }),
        quote_asset: AssetId(0),
        price_digits: u8::from(tse),
        quantity_digits: if tse { 0 } else { 4 },
        ticks: if tse { TickRule::TseOther } else { TickRule::Fixed(Price(1_000)) },
        lot: Quantity(if tse { 100 } else { 1 }),
        min_quantity: Quantity(1),
        max_quantity: Quantity(1_000_000),
        base_price: Price(if tse { 20_000 } else { 10_000_000 }),
        limit_down: Price(if tse { 15_000 } else { 0 }),
        limit_up: Price(if tse { 25_000 } else { 0 }),
        market_band_ppm: 50_000,
        maker_fee_ppm: if tse { 0 } else { -200 },
        taker_fee_ppm: 1_234,
        open_order_cap: if tse { 0 } else { 30 },
        session_rules: false,
        listed_shares: Quantity(0),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
    }))
}
