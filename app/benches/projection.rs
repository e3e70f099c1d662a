//! What the projections cost: a journal's rows written by the projector, against a raw binary
//! COPY of the very same rows into the very same tables (indexes and partitions included).
//!
//! `cargo bench -p zaraba --bench projection`; needs PostgreSQL's server programs, keeps its
//! cluster in the system's temporary directory (`TMPDIR` chooses the disk; as root it must be
//! one that user `postgres` can reach). The last line is the ratio.

#![allow(clippy::unwrap_used, missing_docs)]

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::TryStreamExt;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::runtime::Runtime;
use zaraba::dev::postgres::{PrivatePostgres, installed};
use zaraba::journal::JournalError;
use zaraba::projections::source::Source;
use zaraba::projections::{ask_for_rebuild, catch_up, migrate};
use zaraba_engine::command::*;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Replica};

const ACCOUNTS: u32 = 200;
const INSTRUMENTS: u32 = 100;
const COMMANDS: usize = 200_000;
/// Commands of one transaction, as shipped.
const TRANSACTION: usize = 20_000;
/// 2026-11-20 00:00 UTC; all commands fall on that day.
const BEGIN: u64 = 1_795_132_800_000_000_000;
/// The tables with nearly all rows.
const TABLES: [&str; 5] = ["orders", "order_events", "fills", "ledger_entries", "balances"];

type Step = (Timestamp, Command);

/// The stream: 60% new orders, 30% cancels, 10% IOC.
struct Stream {
    engine: Replica,
    steps: Vec<Step>,
    random: StdRng,
    live: Vec<(AccountId, OrderId)>,
}

impl Stream {
    fn send(&mut self, command: Command) {
        let seq = Seq(self.engine.seq().0 + 1);
        let at = Timestamp(BEGIN + seq.0 * 100_000);
        let mut events = Vec::new();
        self.engine.apply(seq, at, &command, &mut events);
        if let (Command::Place(place), Some(Event::Accepted { order, .. })) =
            (&command, events.first())
        {
            self.live.push((place.account, *order));
        }
        self.steps.push((at, command));
    }

    fn furnish(&mut self) {
        self.send(Command::Genesis { limits: Limits::default(), hash_seed: [1, 2] });
        for asset in 0..=INSTRUMENTS {
            let code = Text::new(&format!("A{asset}")).unwrap();
            self.send(Command::CreateAsset(AssetSpec { code, exponent: 4 }));
        }
        for instrument in 0..INSTRUMENTS {
            self.send(Command::CreateInstrument(Box::new(InstrumentSpec {
                symbol: Text::new(&format!("S{instrument}")).unwrap(),
                name: Text::new("bench").unwrap(),
                profile: Profile::Crypto,
                base_asset: AssetId(instrument + 1),
                quote_asset: AssetId(0),
                price_digits: 0,
                quantity_digits: 0,
                ticks: TickRule::Fixed(Price(1)),
                lot: Quantity(1),
                min_quantity: Quantity(1),
                max_quantity: Quantity(1_000_000),
                base_price: Price(10_000),
                limit_down: Price(0),
                limit_up: Price(0),
                market_band_ppm: 100_000,
                maker_fee_ppm: -100,
                taker_fee_ppm: 500,
                open_order_cap: 0,
                session_rules: false,
                listed_shares: Quantity(0),
                market_min_quantity: Quantity(0),
                market_max_quantity: Quantity(0),
            })));
        }
        for account in 0..ACCOUNTS {
            let code = Text::new(&format!("C{account}")).unwrap();
            self.send(Command::CreateAccount { code });
            for asset in 0..=INSTRUMENTS {
                self.deposit(AccountId(4 + account), AssetId(asset));
            }
        }
    }

    fn deposit(&mut self, account: AccountId, asset: AssetId) {
        let by = Provenance {
            approver: Default::default(),
            actor: Text::EMPTY,
            request: Text::EMPTY,
            reason: Text::EMPTY,
        };
        let reference = Text::new(&format!("d{account}-{asset}")).unwrap();
        let amount = Amount(1_000_000_000_000);
        let transfer = Transfer { kind: TransferKind::Deposit, account, asset, amount, reference };
        self.send(Command::Transfer { transfer, by: Box::new(by) });
    }

    fn trade(&mut self) {
        let kind = self.random.random_range(0..10);
        if kind < 3 && !self.live.is_empty() {
            let index = self.random.random_range(0..self.live.len());
            let (account, order) = self.live.swap_remove(index);
            return self.send(Command::Cancel(Cancel { account, order, via: Via::Rest, key: 1 }));
        }
        let side = if self.random.random_bool(0.5) { Side::Buy } else { Side::Sell };
        // Resting orders keep off the other side mostly; immediate ones cross.
        let (away, time_in_force) = match kind {
            9 => (-20, TimeInForce::Ioc),
            _ => (self.random.random_range(-3..40), TimeInForce::Gtc),
        };
        let price = if side == Side::Buy { 10_000 - away } else { 10_000 + away };
        let client_id = Text::new(&format!("{}", self.steps.len())).unwrap();
        let place = Place {
            account: AccountId(4 + self.random.random_range(0..ACCOUNTS)),
            instrument: InstrumentId(self.random.random_range(0..INSTRUMENTS)),
            side,
            kind: OrderKind::Limit,
            time_in_force,
            post_only: false,
            price: Price(price),
            quantity: Quantity(self.random.random_range(1..100)),
            client_id,
            via: Via::Rest,
            key: 1,
            condition: Condition::Any,
            self_trade: SelfTrade::Allow,
            short: ShortSale::Long,
            by_amount: false,
        };
        self.send(Command::Place(place));
    }
}

/// Plays commands to a projector.
struct Player {
    steps: Arc<Vec<Step>>,
    read: usize,
}

impl Source for Player {
    fn load(&mut self, _: Seq) -> Result<Replica, JournalError> {
        self.read = 0;
        Ok(Replica::new())
    }

    fn next(&mut self) -> Result<Option<(Seq, Timestamp, Command)>, JournalError> {
        self.read += 1;
        let step = self.steps.get(self.read - 1).cloned();
        Ok(step.map(|(at, command)| (Seq(self.read as u64), at, command)))
    }

    /// Nothing recorded a list's states.
    fn checkpoint(&self) -> Option<u64> {
        None
    }

    fn wait(&mut self, _: Duration) {}
}

/// Projects everything into emptied tables; the time of the trading part only, which is what
/// both sides write. The furnishing before it is written outside the measurement.
async fn project(
    steps: &Arc<Vec<Step>>,
    furnished: usize,
    database: &PgConnectOptions,
) -> Duration {
    ask_for_rebuild(database).await.unwrap();
    let before = Arc::new(steps[..furnished].to_vec());
    let player = Box::new(Player { steps: before, read: 0 });
    catch_up(player, database, TRANSACTION, |_| {}).await.unwrap();
    let player = Box::new(Player { steps: steps.clone(), read: 0 });
    // The engine's way back to the watermark is not part of projecting either: the first
    // transaction's end starts the clock, and its commands are left out of the rows.
    let mut begun = None;
    catch_up(player, database, TRANSACTION, |_| {
        begun.get_or_insert_with(Instant::now);
    })
    .await
    .unwrap();
    begun.unwrap().elapsed()
}

/// A table's rows after the first transaction of trading, as COPY gives them.
async fn rows_of(connection: &mut PgConnection, table: &str, after: usize) -> (Vec<u8>, i64) {
    // Orders and balances count once, as they stand at the end, on both sides.
    let wanted = format!("SELECT * FROM trading.{table} WHERE seq > {after}");
    let count = format!("SELECT count(*) FROM ({wanted}) t");
    let count: i64 =
        sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut *connection).await.unwrap();
    let copy = format!("COPY ({wanted}) TO STDOUT (FORMAT binary)");
    let pieces: Vec<_> = connection.copy_out_raw(&copy).await.unwrap().try_collect().await.unwrap();
    (pieces.concat(), count)
}

/// Copies the rows into tables as new as the projector's were: built up to where its clock
/// starts, history straight into the day's partition.
async fn copy(
    connection: &mut PgConnection,
    rows: &[(&str, Vec<u8>, i64)],
    before: &Arc<Vec<Step>>,
    database: &PgConnectOptions,
) -> Duration {
    ask_for_rebuild(database).await.unwrap();
    let player = Box::new(Player { steps: before.clone(), read: 0 });
    catch_up(player, database, TRANSACTION, |_| {}).await.unwrap();
    // Their rows are the final ones and partly there already.
    let truncate = sqlx::query("TRUNCATE trading.orders, trading.balances");
    truncate.execute(&mut *connection).await.unwrap();
    let begun = Instant::now();
    for (table, bytes, count) in rows {
        let day = if matches!(*table, "orders" | "balances") { "" } else { "_20261120" };
        let statement = format!("COPY trading.{table}{day} FROM STDIN (FORMAT binary)");
        let mut copy = connection.copy_in_raw(&statement).await.unwrap();
        copy.send(&bytes[..]).await.unwrap();
        assert_eq!(copy.finish().await.unwrap() as i64, *count);
    }
    begun.elapsed()
}

fn projection(c: &mut Criterion) {
    if !installed() {
        eprintln!("SKIPPED projection: PostgreSQL is not installed");
        return;
    }
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let postgres =
        runtime.block_on(PrivatePostgres::start(&dir.path().join("postgres"), 0)).unwrap();
    let database: PgConnectOptions = postgres.url().parse().unwrap();
    runtime.block_on(migrate::run(&database)).unwrap();

    let random = StdRng::seed_from_u64(7);
    let mut stream = Stream { engine: Replica::new(), steps: Vec::new(), random, live: Vec::new() };
    stream.furnish();
    let furnished = stream.steps.len();
    for _ in 0..COMMANDS + TRANSACTION {
        stream.trade();
    }
    let steps = Arc::new(stream.steps);
    let after = furnished + TRANSACTION;

    runtime.block_on(project(&steps, furnished, &database));
    let mut connection = runtime.block_on(database.connect()).unwrap();
    let rows: Vec<_> = TABLES
        .iter()
        .map(|table| {
            let (bytes, count) = runtime.block_on(rows_of(&mut connection, table, after));
            (*table, bytes, count)
        })
        .collect();
    let total: i64 = rows.iter().map(|(.., count)| count).sum();
    for (table, bytes, count) in &rows {
        eprintln!("{table}: {count} rows, {} bytes", bytes.len());
    }

    let mut group = c.benchmark_group("projection");
    group.sample_size(10).throughput(Throughput::Elements(total as u64));
    let (mut projected, mut copied) = (Vec::new(), Vec::new());
    group.bench_function("projector, from commands", |b| {
        b.iter_custom(|times| {
            let times = (0..times).map(|_| runtime.block_on(project(&steps, furnished, &database)));
            let times: Vec<Duration> = times.collect();
            projected.extend(&times);
            times.into_iter().sum()
        });
    });
    let before = Arc::new(steps[..after].to_vec());
    let off = sqlx::query("SET synchronous_commit = off");
    runtime.block_on(off.execute(&mut connection)).unwrap();
    group.bench_function("raw COPY of the same rows", |b| {
        b.iter_custom(|times| {
            let times = (0..times)
                .map(|_| runtime.block_on(copy(&mut connection, &rows, &before, &database)));
            let times: Vec<Duration> = times.collect();
            copied.extend(&times);
            times.into_iter().sum()
        });
    });
    group.finish();
    runtime.block_on(connection.close()).unwrap();
    runtime.block_on(postgres.stop());
    let rate = |times: &mut Vec<Duration>| {
        times.sort();
        times.get(times.len() / 2).map_or(0.0, |median| total as f64 / median.as_secs_f64())
    };
    let (projected, copied) = (rate(&mut projected), rate(&mut copied));
    println!(
        "projection: {projected:.0} rows/s; raw COPY: {copied:.0} rows/s; ratio {:.2}",
        projected / copied
    );
}

criterion_group!(benches, projection);
criterion_main!(benches);
