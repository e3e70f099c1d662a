//! The mixed stream, 60% add, 30% cancel, 10% immediate-or-cancel, with a steady number of
//! live orders: as plain steps, and dressed as commands for the engine.

use std::collections::HashMap;

use zaraba_engine::bare::BareBook;
use zaraba_engine::command::*;
use zaraba_engine::instrument::InstrumentSpec;
pub use zaraba_engine::oracle::stream::Numbers;
use zaraba_engine::oracle::stream::instruments;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event, Replica, StateHash};

use crate::plain::Plain;

/// Middle of the prices, in ticks.
pub const MIDDLE: i64 = 1_000_000;

/// Nanoseconds from one command to the next, by the engine's time: no account sends more than its
/// limit of messages allows.
const STEP: u64 = 20_000;

/// Size of a stream and of the world it runs in.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Live orders, steady.
    pub live: usize,
    /// Price levels per side the orders are spread over.
    pub levels: u64,
    /// Accounts the commands come from, at random.
    pub accounts: u32,
    /// Finished orders the engine remembers.
    pub answers: u32,
    /// Commands after the fill.
    pub commands: usize,
}

impl Shape {
    /// Most live orders: the steady number wanders.
    pub fn slots(&self) -> u32 {
        self.live as u32 + (self.live as u32 / 4).max(20_000)
    }
}

/// One step of the stream, before it is dressed for either book.
#[derive(Clone, Copy)]
pub enum Step {
    /// A new order that rests: it is number `n` in order of appearance.
    Add { buy: bool, price: i64, quantity: i64 },
    /// Cancel of order `n`.
    Cancel { n: usize },
    /// An order that takes what is there.
    Take { buy: bool, price: i64, quantity: i64 },
}

/// The fill, then the stream; every cancel is of an order that lives.
pub fn steps(shape: &Shape) -> Vec<Step> {
    let mut numbers = Numbers(shape.live as u64);
    let mut book = Plain::default();
    let mut alive: Vec<u64> = Vec::new();
    let mut place: HashMap<u64, usize> = HashMap::new();
    let total = shape.live + shape.commands;
    let mut steps = Vec::with_capacity(total);
    let mut added = 0u64;
    while steps.len() < total {
        let kind = if steps.len() < shape.live { 0 } else { numbers.below(10) };
        let buy = numbers.below(2) == 0;
        let mut gone = |id: u64, alive: &mut Vec<u64>| {
            let at = place.remove(&id).expect("alive");
            alive.swap_remove(at);
            if let Some(&moved) = alive.get(at) {
                place.insert(moved, at);
            }
        };
        match kind {
            0..=5 => {
                let away = 1 + numbers.below(shape.levels) as i64;
                let price = if buy { MIDDLE - away } else { MIDDLE + away };
                let quantity = 1 + numbers.below(10) as i64;
                book.add(added, buy, price, quantity);
                place.insert(added, alive.len());
                alive.push(added);
                steps.push(Step::Add { buy, price, quantity });
                added += 1;
            }
            6..=8 => {
                let id = alive[numbers.below(alive.len() as u64) as usize];
                assert!(book.cancel(id));
                gone(id, &mut alive);
                steps.push(Step::Cancel { n: id as usize });
            }
            _ => {
                // Takes three orders on average: what 60% add, 30% cancel and 10% take remove.
                let levels = shape.levels as i64;
                let price = if buy { MIDDLE + levels } else { MIDDLE - levels };
                let quantity = 1 + numbers.below(32) as i64;
                book.take(buy, price, quantity, |id| gone(id, &mut alive));
                steps.push(Step::Take { buy, price, quantity });
            }
        }
    }
    steps
}

/// The same steps with the bare book's own numbers in the cancels, from a first run.
pub fn bare_steps(steps: &[Step], shape: &Shape) -> Vec<Step> {
    let mut book = BareBook::new(shape.slots());
    let mut ids = Vec::new();
    steps
        .iter()
        .map(|step| match *step {
            Step::Add { buy, price, quantity } => {
                ids.push(book.add(side(buy), price, quantity));
                *step
            }
            Step::Cancel { n } => {
                assert!(book.cancel(ids[n]));
                Step::Cancel { n: ids[n] as usize }
            }
            Step::Take { buy, price, quantity } => {
                book.take(side(buy), price, quantity, |_| {});
                *step
            }
        })
        .collect()
}

pub fn side(buy: bool) -> Side {
    if buy { Side::Buy } else { Side::Sell }
}

pub fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).expect("short")
}

/// An engine with funded accounts and one instrument.
pub struct World {
    pub engine: Engine,
    pub seq: u64,
    pub events: Vec<Event>,
    /// Of all commands, where it is wanted.
    hash: Option<StateHash>,
}

impl World {
    pub fn new(shape: &Shape) -> World {
        World::with(shape, None)
    }

    /// The same, with the hash of its history.
    pub fn hashed(shape: &Shape) -> World {
        World::with(shape, Some(StateHash::default()))
    }

    fn with(shape: &Shape, hash: Option<StateHash>) -> World {
        let accounts = shape.accounts;
        let (engine, events) = (Engine::new(), Vec::with_capacity(1 << 16));
        let mut world = World { engine, seq: 0, events, hash };
        let limits = Limits {
            accounts: accounts + 4,
            live_orders: shape.slots(),
            answers: shape.answers,
            balances: accounts * 2 + 8,
            ..Limits::default()
        };
        world.must(&Command::Genesis { limits, hash_seed: [3, 5] });
        world.must(&Command::CreateAsset(AssetSpec { code: text("JPY"), exponent: 4 }));
        world.must(&Command::CreateAsset(AssetSpec { code: text("BTC"), exponent: 8 }));
        world.must(&Command::CreateInstrument(Box::new(instrument())));
        world.must(&members_limits());
        for account in 4..accounts + 4 {
            world.must(&Command::CreateAccount { code: text(&account.to_string()) });
            for asset in [0, 1] {
                world.must(&deposit(
                    account,
                    asset,
                    1_000_000_000_000_000_000 / i64::from(accounts),
                ));
            }
        }
        world.trade_with_all();
        world
    }

    /// Every account trades once, so that what is kept of accounts that trade is there.
    fn trade_with_all(&mut self) {
        let accounts = self.engine.accounts().count() as u32;
        for account in (4..accounts - 1).step_by(2) {
            for (account, side) in [(account, Side::Sell), (account + 1, Side::Buy)] {
                let (price, quantity) = (Price(MIDDLE), Quantity(1));
                let (account, instrument) = (AccountId(account), InstrumentId(0));
                let place = Place::limit(account, instrument, side, price, quantity, text("first"));
                self.must(&Command::Place(place));
            }
        }
    }

    pub fn apply(&mut self, command: &Command) {
        self.seq += 1;
        self.events.clear();
        let at = Timestamp(self.seq * STEP);
        self.engine.apply(Seq(self.seq), at, command, &mut self.events);
        if let Some(hash) = &mut self.hash {
            hash.take(Seq(self.seq), at, command, &self.events);
        }
    }

    /// The engine and the hash of its history.
    pub fn into_replica(self) -> Replica {
        Replica::of(self.engine, self.hash.expect("made with a hash"))
    }

    fn must(&mut self, command: &Command) {
        self.apply(command);
        assert!(!matches!(self.events[0], Event::Refused { .. }), "{:?}", self.events[0]);
    }
}

fn deposit(account: u32, asset: u32, amount: i64) -> Command {
    let transfer = Transfer {
        kind: TransferKind::Deposit,
        account: AccountId(account),
        asset: AssetId(asset),
        amount: Amount(amount),
        reference: text(&asset.to_string()),
    };
    Command::Transfer { transfer, by: nobody() }
}

fn nobody() -> Box<Provenance> {
    Box::new(Provenance {
        approver: Default::default(),
        actor: text(""),
        request: text(""),
        reason: text(""),
    })
}

/// Every measure of risk is limited for every account, widely enough to refuse nothing.
fn members_limits() -> Command {
    let mut limits = RiskLimits { currency: AssetId(0), ..RiskLimits::default() };
    limits.bounds = [Bound { soft: 0, hard: i64::MAX / 4 }; 7];
    limits.bounds[RiskMeasure::Messages as usize].hard = 60_000;
    Command::SetRiskLimits {
        scope: RiskScope::Members(GroupId(0)),
        limits: Box::new(limits),
        by: nobody(),
    }
}

fn instrument() -> InstrumentSpec {
    InstrumentSpec {
        base_price: Price(MIDDLE),
        market_band_ppm: 100_000,
        maker_fee_ppm: -100,
        taker_fee_ppm: 1_000,
        open_order_cap: 0,
        ..instruments()[0].0
    }
}

/// The steps as commands; order numbers come from a first run.
pub fn commands(steps: &[Step], shape: &Shape) -> Vec<Command> {
    let mut world = World::new(shape);
    let mut numbers = Numbers(17);
    let mut ids: Vec<(AccountId, OrderId)> = Vec::new();
    let mut commands = Vec::with_capacity(steps.len());
    for (i, step) in steps.iter().enumerate() {
        let account = AccountId(4 + numbers.below(u64::from(shape.accounts)) as u32);
        let place = |buy: bool, price, quantity, time_in_force| {
            let client_id = text(&format!("client-{i:020}"));
            let (price, quantity) = (Price(price), Quantity(quantity));
            let order =
                Place::limit(account, InstrumentId(0), side(buy), price, quantity, client_id);
            Command::Place(Place { time_in_force, via: Via::Rest, ..order })
        };
        let command = match *step {
            Step::Add { buy, price, quantity } => place(buy, price, quantity, TimeInForce::Gtc),
            Step::Take { buy, price, quantity } => place(buy, price, quantity, TimeInForce::Ioc),
            Step::Cancel { n } => {
                let (account, order) = ids[n];
                Command::Cancel(Cancel { account, order, via: Via::Rest, key: 0 })
            }
        };
        world.apply(&command);
        match (step, &world.events[0]) {
            (Step::Add { .. }, Event::Accepted { order, .. }) => ids.push((account, *order)),
            (Step::Take { .. }, Event::Accepted { .. }) => {}
            (Step::Cancel { .. }, Event::Closed { .. }) => {}
            (_, other) => panic!("step {i} became {other:?}"),
        }
        commands.push(command);
    }
    commands
}
