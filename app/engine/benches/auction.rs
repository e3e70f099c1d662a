//! An opening auction of a whole market: 5,000 instruments, 1,000,000 orders of as many
//! accounts gathered in the pre-opening, then the opening in slices. All of it through commands,
//! with locks, settlement, fees, events and hash.
//!
//! `cargo bench -p zaraba-engine --bench auction`. Times are the thread's processor time. Every
//! run starts from an empty engine; what is printed is the whole opening, its longest slice
//! (how long another command may have to wait), and its share per order.

#[path = "engine/measure.rs"]
mod measure;

use std::time::Duration;

use measure::{Counting, Figures, allocations, cpu_time};
use zaraba_engine::command::*;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const INSTRUMENTS: u32 = 5_000;
const ORDERS: u32 = 1_000_000;
const RUNS: usize = 5;
const DAY: u32 = 20261124;
/// Base price: 500 yen, in tenths. The renewal width there is 10 yen.
const BASE: i64 = 5_000;

/// splitmix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((u128::from(z) * u128::from(end)) >> 64) as u64
    }
}

fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).expect("short")
}

fn by() -> Box<Provenance> {
    Box::new(Provenance {
        approver: Default::default(),
        actor: text("bench"),
        request: text(""),
        reason: text(""),
    })
}

/// An engine and what its commands said.
struct World {
    engine: Engine,
    seq: u64,
    events: Vec<Event>,
}

impl World {
    fn new() -> World {
        let mut world =
            World { engine: Engine::new(), seq: 0, events: Vec::with_capacity(1 << 20) };
        let limits = Limits {
            accounts: ORDERS + 4,
            live_orders: ORDERS + 1,
            answers: ORDERS,
            instruments: INSTRUMENTS,
            assets: INSTRUMENTS + 1,
            balances: 3 * ORDERS + 4 * INSTRUMENTS + 8,
        };
        world.done(Command::Genesis { limits, hash_seed: [3, 5] });
        world.done(Command::CreateAsset(AssetSpec { code: text("JPY"), exponent: 4 }));
        for i in 0..INSTRUMENTS {
            let code = (1_000 + i).to_string();
            world.done(Command::CreateAsset(AssetSpec { code: text(&code), exponent: 0 }));
            world.done(Command::CreateInstrument(Box::new(share(i, &code))));
        }
        for i in 0..ORDERS {
            world.done(Command::CreateAccount { code: text(&i.to_string()) });
        }
        world
    }

    fn apply(&mut self, command: &Command) {
        self.seq += 1;
        self.events.clear();
        self.engine.apply(Seq(self.seq), Timestamp(self.seq), command, &mut self.events);
    }

    /// Applies what must not be refused.
    fn done(&mut self, command: Command) {
        self.apply(&command);
        let refused = self.events.iter().any(|event| matches!(event, Event::Refused { .. }));
        assert!(!refused, "{command:?} became {:?}", self.events);
    }

    fn deposit(&mut self, account: AccountId, asset: AssetId, amount: i64) {
        let kind = TransferKind::Deposit;
        let reference = text(&self.seq.to_string());
        let transfer = Transfer { kind, account, asset, amount: Amount(amount), reference };
        self.done(Command::Transfer { transfer, by: by() });
    }

    /// Applies a moment of the day, slice by slice.
    fn session(&mut self, step: SessionStep) -> Vec<Slice> {
        let until = Timestamp(0);
        let command = Command::Session { profile: Profile::Tse, day: DAY, step, until };
        let mut slices = Vec::with_capacity(INSTRUMENTS as usize);
        loop {
            let (before, started) = (allocations(), cpu_time());
            self.apply(&command);
            let time = cpu_time() - started;
            let mut slice = Slice { time, allocations: allocations() - before, ..Slice::default() };
            for event in &self.events {
                slice.count(event);
            }
            let more = slice.more;
            slices.push(slice);
            if !more {
                return slices;
            }
        }
    }
}

/// One command of the opening.
#[derive(Default)]
struct Slice {
    time: Duration,
    allocations: u64,
    trades: u64,
    filled: u64,
    priced: u64,
    events: u64,
    more: bool,
}

impl Slice {
    fn count(&mut self, event: &Event) {
        self.events += 1;
        match event {
            Event::Trade(_) => self.trades += 1,
            Event::Closed { .. } => self.filled += 1,
            Event::Auction { end: AuctionEnd::Priced, .. } => self.priced += 1,
            Event::SessionStepped { more, .. } => self.more = *more,
            Event::Refused { code, .. } => panic!("the opening was refused: {code:?}"),
            _ => {}
        }
    }
}

fn share(i: u32, code: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: text(code),
        name: text(code),
        profile: Profile::Tse,
        base_asset: AssetId(i + 1),
        quote_asset: AssetId(0),
        price_digits: 1,
        quantity_digits: 0,
        ticks: if i.is_multiple_of(10) { TickRule::TseTopix500 } else { TickRule::TseOther },
        lot: Quantity(100),
        min_quantity: Quantity(100),
        max_quantity: Quantity(1_000_000),
        base_price: Price(BASE),
        limit_down: Price(4_000),
        limit_up: Price(6_000),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
        market_band_ppm: 100_000,
        maker_fee_ppm: 0,
        taker_fee_ppm: 500,
        open_order_cap: 0,
        session_rules: true,
        listed_shares: Quantity(1_000_000_000),
    }
}

/// Each account has one order, in any instrument: one in twenty at market, the others within 6
/// yen around the base price, so that about half of all trade.
fn orders() -> Vec<Place> {
    let mut numbers = Numbers(11);
    let order = |i: u32| {
        let side = if numbers.below(2) == 0 { Side::Buy } else { Side::Sell };
        let at_market = numbers.below(20) == 0;
        let price = BASE + 10 * (numbers.below(13) as i64 - 6);
        let lots = 1 + numbers.below(10) as i64;
        let instrument = InstrumentId(numbers.below(u64::from(INSTRUMENTS)) as u32);
        let price = Price(if at_market { 0 } else { price });
        let (account, quantity) = (AccountId(AccountId::SYSTEM_COUNT + i), Quantity(100 * lots));
        let client_id = text("morning");
        let mut place = Place::limit(account, instrument, side, price, quantity, client_id);
        place.kind = if at_market { OrderKind::Market } else { OrderKind::Limit };
        place.time_in_force = TimeInForce::Day;
        place
    };
    (0..ORDERS).map(order).collect()
}

fn run(orders: &[Place]) -> (Duration, Duration) {
    let mut world = World::new();
    for place in orders {
        let (asset, amount) = match place.side {
            // 700,000 yen cover 1,000 shares at the upper limit.
            Side::Buy => (AssetId(0), 700_000 * 10_000),
            Side::Sell => (AssetId(place.instrument.0 + 1), place.quantity.0),
        };
        world.deposit(place.account, asset, amount);
    }
    world.session(SessionStep::PreOpen);
    let started = cpu_time();
    for place in orders {
        world.apply(&Command::Place(*place));
        assert!(matches!(world.events[0], Event::Accepted { .. }), "{:?}", world.events);
    }
    let placing = cpu_time() - started;
    let slices = world.session(SessionStep::Open);
    let sum = |of: fn(&Slice) -> u64| slices.iter().map(of).sum::<u64>();
    let total: Duration = slices.iter().map(|slice| slice.time).sum();
    let longest = slices.iter().map(|slice| slice.time).max().unwrap_or_default();
    println!(
        "opening of {INSTRUMENTS} instruments, {ORDERS} orders: {total:.1?} in {} slices, longest \
         {longest:.1?}; {} priced, {} trades, {} orders filled, {} events, {} allocations; {:.0} \
         ns per order, {:.0} ns per trade; placing took {:.0} ns per order",
        slices.len(),
        sum(|slice| slice.priced),
        sum(|slice| slice.trades),
        sum(|slice| slice.filled),
        sum(|slice| slice.events),
        sum(|slice| slice.allocations),
        total.as_nanos() as f64 / f64::from(ORDERS),
        total.as_nanos() as f64 / sum(|slice| slice.trades).max(1) as f64,
        placing.as_nanos() as f64 / f64::from(ORDERS),
    );
    (total, longest)
}

fn main() {
    let orders = orders();
    let runs: Vec<_> = (0..RUNS).map(|_| run(&orders)).collect();
    let totals = Figures::of(runs.iter().map(|run| run.0.as_secs_f64() * 1e3).collect());
    let longest = runs.iter().map(|run| run.1).max().unwrap_or_default();
    println!(
        "opening auction, {RUNS} runs: median {:.0} ms, best {:.0} ms; longest slice {longest:.1?}",
        totals.median, totals.best,
    );
}
