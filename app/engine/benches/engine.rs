//! Nanoseconds per command of the whole engine (locks, matching, settlement, events, hash)
//! beside a bare `BTreeMap` + `VecDeque` + `HashMap` book that knows no accounts, on the same
//! stream: 60% add, 30% cancel, 10% immediate-or-cancel, with a steady number of live orders.
//!
//! Times are the thread's processor time, so that a busy machine disturbs less.
//!
//! `cargo bench -p zaraba-engine --bench engine`. Each iteration is one stream of
//! [`STREAM`] commands on a freshly filled book; criterion's "thrpt" is commands per second.
//! The line "ns per command" printed per case is the median of the samples divided by that.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use zaraba_engine::command::*;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event};

/// Commands in one measured stream.
const STREAM: usize = 400_000;
/// Middle of the prices, in ticks.
const MIDDLE: i64 = 1_000_000;

/// One step of the stream, before it is dressed for either book.
#[derive(Clone, Copy)]
enum Step {
    /// A new order that rests: it is number `n` in order of appearance.
    Add { buy: bool, price: i64, quantity: i64 },
    /// Cancel of order `n`.
    Cancel { n: usize },
    /// An order that takes what is there.
    Take { buy: bool, price: i64, quantity: i64 },
}

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

/// The book one would write first. Prices of buys are kept negative, so best is first on both
/// sides.
#[derive(Default)]
struct Plain {
    sides: [BTreeMap<i64, VecDeque<(u64, i64)>>; 2],
    orders: HashMap<u64, (bool, i64)>,
}

impl Plain {
    fn add(&mut self, id: u64, buy: bool, price: i64, quantity: i64) {
        let key = if buy { -price } else { price };
        self.sides[usize::from(buy)].entry(key).or_default().push_back((id, quantity));
        self.orders.insert(id, (buy, key));
    }

    fn cancel(&mut self, id: u64) -> bool {
        let Some((buy, key)) = self.orders.remove(&id) else { return false };
        let side = &mut self.sides[usize::from(buy)];
        let level = side.get_mut(&key).expect("level of a live order");
        // Ids ascend within a level: kinder than the usual search from the front.
        let at = level.binary_search_by_key(&id, |&(id, _)| id).expect("order in its level");
        level.remove(at);
        if level.is_empty() {
            side.remove(&key);
        }
        true
    }

    /// Takes up to `quantity`; calls `filled` for every order that is used up.
    fn take(&mut self, buy: bool, price: i64, mut quantity: i64, mut filled: impl FnMut(u64)) {
        let bound = if buy { price } else { -price };
        let side = &mut self.sides[usize::from(!buy)];
        while quantity > 0 {
            let Some(mut level) = side.first_entry() else { return };
            if *level.key() > bound {
                return;
            }
            let queue = level.get_mut();
            while quantity > 0
                && let Some((id, open)) = queue.front_mut()
            {
                let traded = quantity.min(*open);
                quantity -= traded;
                *open -= traded;
                if *open == 0 {
                    let id = *id;
                    queue.pop_front();
                    self.orders.remove(&id);
                    filled(id);
                }
            }
            if queue.is_empty() {
                level.remove();
            }
        }
    }
}

/// `live` adds, then the stream; every cancel is of an order that lives.
fn steps(live: usize, levels: u64) -> Vec<Step> {
    let mut numbers = Numbers(live as u64);
    let mut book = Plain::default();
    let mut alive: Vec<u64> = Vec::new();
    let mut place: HashMap<u64, usize> = HashMap::new();
    let mut steps = Vec::with_capacity(live + STREAM);
    let mut added = 0u64;
    while steps.len() < live + STREAM {
        let kind = if steps.len() < live { 0 } else { numbers.below(10) };
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
                let away = 1 + numbers.below(levels) as i64;
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
                let price = if buy { MIDDLE + levels as i64 } else { MIDDLE - levels as i64 };
                let quantity = 1 + numbers.below(32) as i64;
                book.take(buy, price, quantity, |id| gone(id, &mut alive));
                steps.push(Step::Take { buy, price, quantity });
            }
        }
    }
    steps
}

fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).expect("short")
}

/// An engine with `accounts` funded accounts and one instrument.
fn engine(live: usize, accounts: u32) -> (Engine, u64) {
    let mut engine = Engine::new();
    let mut seq = 0;
    let mut events = Vec::new();
    let mut apply = |command: Command| {
        seq += 1;
        events.clear();
        engine.apply(Seq(seq), Timestamp(seq), &command, &mut events);
        assert!(!matches!(events[0], Event::Refused { .. }), "{:?}", events[0]);
    };
    let limits = Limits {
        accounts: accounts + 4,
        live_orders: live as u32 * 2,
        answers: 100_000,
        balances: accounts * 2 + 8,
        ..Limits::default()
    };
    apply(Command::Genesis { limits, hash_seed: [3, 5] });
    apply(Command::CreateAsset(AssetSpec { code: text("JPY"), exponent: 4 }));
    apply(Command::CreateAsset(AssetSpec { code: text("BTC"), exponent: 8 }));
    apply(Command::CreateInstrument(Box::new(InstrumentSpec {
        symbol: text("BTC_JPY"),
        name: text("Bitcoin"),
        profile: Profile::Crypto,
        base_asset: AssetId(1),
        quote_asset: AssetId(0),
        price_digits: 0,
        quantity_digits: 4,
        ticks: TickRule::Fixed(Price(1)),
        lot: Quantity(1),
        min_quantity: Quantity(1),
        max_quantity: Quantity(1_000_000),
        base_price: Price(MIDDLE),
        limit_down: Price(0),
        limit_up: Price(0),
        market_band_ppm: 100_000,
        maker_fee_ppm: -100,
        taker_fee_ppm: 1_000,
        open_order_cap: 0,
        session_rules: false,
        listed_shares: Quantity(0),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
    })));
    let by = || Box::new(Provenance { actor: text(""), request: text(""), reason: text("") });
    for account in 4..accounts + 4 {
        apply(Command::CreateAccount { code: text(&account.to_string()) });
        for asset in [0, 1] {
            let transfer = Transfer {
                kind: TransferKind::Deposit,
                account: AccountId(account),
                asset: AssetId(asset),
                amount: Amount(1_000_000_000_000),
                reference: text(&asset.to_string()),
            };
            apply(Command::Transfer { transfer, by: by() });
        }
    }
    (engine, seq)
}

/// The steps as commands; order numbers come from a first run.
fn commands(steps: &[Step], live: usize, accounts: u32) -> Vec<Command> {
    let (mut engine, mut seq) = engine(live, accounts);
    let mut numbers = Numbers(17);
    let mut ids: Vec<(AccountId, OrderId)> = Vec::new();
    let mut events = Vec::new();
    let mut commands = Vec::with_capacity(steps.len());
    for (i, step) in steps.iter().enumerate() {
        let account = AccountId(4 + numbers.below(u64::from(accounts)) as u32);
        let place = |buy: bool, price, quantity, time_in_force| {
            Command::Place(Place {
                account,
                instrument: InstrumentId(0),
                side: if buy { Side::Buy } else { Side::Sell },
                kind: OrderKind::Limit,
                time_in_force,
                post_only: false,
                price: Price(price),
                quantity: Quantity(quantity),
                client_id: text(&format!("client-{i:020}")),
                via: Via::Rest,
                key: 0,
                condition: Condition::Any,
                self_trade: SelfTrade::Allow,
                short: ShortSale::Long,
                by_amount: false,
            })
        };
        let command = match *step {
            Step::Add { buy, price, quantity } => place(buy, price, quantity, TimeInForce::Gtc),
            Step::Take { buy, price, quantity } => place(buy, price, quantity, TimeInForce::Ioc),
            Step::Cancel { n } => {
                let (account, order) = ids[n];
                Command::Cancel(Cancel { account, order, via: Via::Rest, key: 0 })
            }
        };
        seq += 1;
        events.clear();
        engine.apply(Seq(seq), Timestamp(seq), &command, &mut events);
        match (step, &events[0]) {
            (Step::Add { .. }, Event::Accepted { order, .. }) => ids.push((account, *order)),
            (Step::Take { .. }, Event::Accepted { .. }) => {}
            (Step::Cancel { .. }, Event::Closed { .. }) => {}
            (_, other) => panic!("step {i} became {other:?}"),
        }
        commands.push(command);
    }
    commands
}

/// Time this thread has had a processor: what other processes use does not count.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanos = stat.split(' ').next().and_then(|n| n.parse().ok()).expect("three numbers");
    Duration::from_nanos(nanos)
}

fn run_engine(commands: &[Command], live: usize, accounts: u32) -> Duration {
    let (mut engine, mut seq) = engine(live, accounts);
    let mut events = Vec::with_capacity(1 << 16);
    let mut started = cpu_time();
    for (i, command) in commands.iter().enumerate() {
        if i == live {
            started = cpu_time();
        }
        seq += 1;
        events.clear();
        engine.apply(Seq(seq), Timestamp(seq), command, &mut events);
    }
    let elapsed = cpu_time() - started;
    black_box(engine.state_hash());
    elapsed
}

fn run_plain(steps: &[Step], live: usize) -> Duration {
    let mut book = Plain::default();
    let (mut next, mut trades) = (0, 0u64);
    let mut started = cpu_time();
    for (i, step) in steps.iter().enumerate() {
        if i == live {
            started = cpu_time();
        }
        match *step {
            Step::Add { buy, price, quantity } => {
                book.add(next, buy, price, quantity);
                next += 1;
            }
            Step::Cancel { n } => {
                book.cancel(n as u64);
            }
            Step::Take { buy, price, quantity } => {
                book.take(buy, price, quantity, |_| trades += 1);
            }
        }
    }
    let elapsed = cpu_time() - started;
    black_box((trades, book.orders.len()));
    elapsed
}

fn mixed_stream(c: &mut Criterion) {
    for (live, levels) in [(10_000, 100), (500_000, 1_000)] {
        let mut group = c.benchmark_group(format!("mixed/{live}"));
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        group.measurement_time(Duration::from_secs(5));
        group.throughput(Throughput::Elements(STREAM as u64));
        let steps = steps(live, levels);
        let per_command = |name: &str, samples: &mut Vec<f64>| {
            samples.sort_by(f64::total_cmp);
            if let (Some(best), Some(median)) = (samples.first(), samples.get(samples.len() / 2)) {
                println!("{name}, {live} live: median {median:.1}, best {best:.1} ns per command");
            }
        };
        let mut samples = Vec::new();
        group.bench_function("plain_book", |b| {
            b.iter_custom(|n| sum(n, &mut samples, || run_plain(&steps, live)));
        });
        per_command("plain book (no accounts)", &mut samples);
        for accounts in [1_000, 1_000_000] {
            let commands = commands(&steps, live, accounts);
            let mut samples = Vec::new();
            group.bench_function(format!("engine/{accounts}_accounts"), |b| {
                b.iter_custom(|n| sum(n, &mut samples, || run_engine(&commands, live, accounts)));
            });
            per_command(&format!("engine, {accounts} accounts"), &mut samples);
        }
        group.finish();
    }
}

fn sum(n: u64, samples: &mut Vec<f64>, mut run: impl FnMut() -> Duration) -> Duration {
    (0..n)
        .map(|_| {
            let elapsed = run();
            samples.push(elapsed.as_nanos() as f64 / STREAM as f64);
            elapsed
        })
        .sum()
}

/// Export and import of a broker's state: a million accounts, half a million live orders.
fn snapshot(c: &mut Criterion) {
    let (live, accounts) = (500_000, 1_000_000);
    let steps = steps(live, 1_000);
    let (mut engine, mut seq) = engine(live, accounts);
    let mut events = Vec::new();
    for command in &commands(&steps[..live], live, accounts) {
        seq += 1;
        events.clear();
        engine.apply(Seq(seq), Timestamp(seq), command, &mut events);
    }
    let mut bytes = Vec::new();
    engine.export(&mut |piece| bytes.extend_from_slice(piece));
    println!("state of {} bytes", bytes.len());
    let mut group = c.benchmark_group("snapshot");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let timed = |n: u64, run: &dyn Fn()| {
        let started = cpu_time();
        (0..n).for_each(|_| run());
        cpu_time() - started
    };
    let export = || engine.export(&mut |piece| _ = black_box(piece));
    let import = || drop(black_box(Engine::import(&bytes)));
    group.bench_function("export", |b| b.iter_custom(|n| timed(n, &export)));
    group.bench_function("import", |b| b.iter_custom(|n| timed(n, &import)));
    group.finish();
}

criterion_group!(benches, mixed_stream, snapshot);
criterion_main!(benches);
