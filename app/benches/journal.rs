//! What the journal costs: commits against raw writes and syncs of the same bytes, the rate
//! at which a journal is replayed, and a start from a snapshot.
//!
//! `cargo bench -p zaraba --bench journal`; files go to the system's temporary directory
//! (`TMPDIR` chooses the disk).

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zaraba::config::Config;
use zaraba::journal::disk::RealDisk;
use zaraba::journal::{Dirs, JournalWriter, Recovered, put_command, recover, write_snapshot};
use zaraba_engine::command::{AssetSpec, Cancel, Place, Provenance, Transfer, TransferKind, Via};
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Replica};

const ACCOUNTS: u32 = 1_000;
const INSTRUMENTS: u32 = 100;
/// Live orders the stream settles around.
const LIVE: usize = 10_000;
const COMMANDS: u64 = 1_000_000;
/// Commands of one batch in the journal that is replayed.
const BATCH: u32 = 256;

/// Feeds a seeded stream to engine and journal: 60% new orders, 30% cancels, 10% IOC.
struct Feed {
    engine: Replica,
    writer: JournalWriter,
    frames: Vec<u8>,
    waiting: u32,
    events: Vec<Event>,
    live: Vec<(AccountId, OrderId)>,
    random: StdRng,
    client: u64,
}

impl Feed {
    fn new(dir: &Path, config: &Config) -> Feed {
        let Recovered { engine, writer, .. } =
            recover(&Dirs::of(dir), config, Arc::new(RealDisk)).unwrap();
        let mut feed = Feed {
            engine,
            writer,
            frames: Vec::new(),
            waiting: 0,
            events: Vec::new(),
            live: Vec::new(),
            random: StdRng::seed_from_u64(7),
            client: 0,
        };
        feed.furnish();
        feed
    }

    fn furnish(&mut self) {
        let code = |text: String| AssetCode::new(&text).unwrap();
        self.put(Command::CreateAsset(AssetSpec { code: code("JPY".into()), exponent: 4 }));
        for number in 0..INSTRUMENTS {
            let name = format!("S{number}");
            self.put(Command::CreateAsset(AssetSpec { code: code(name.clone()), exponent: 0 }));
            self.put(Command::CreateInstrument(Box::new(instrument(&name, number))));
        }
        for number in 0..ACCOUNTS {
            let code = AccountCode::new(&format!("account-{number}")).unwrap();
            self.put(Command::CreateAccount { code });
            for asset in 0..=INSTRUMENTS {
                let amount = if asset == 0 { 1_000_000_000_000_000 } else { 1_000_000_000 };
                self.put(deposit(number + AccountId::SYSTEM_COUNT, asset, amount));
            }
        }
    }

    /// One command of the stream.
    fn step(&mut self) {
        let kind = self.random.random_range(0..10);
        if kind >= 7 && !self.live.is_empty() || self.live.len() > LIVE {
            let at = self.random.random_range(0..self.live.len());
            let (account, order) = self.live.swap_remove(at);
            return self.put(Command::Cancel(Cancel { account, order, via: Via::Rest, key: 1 }));
        }
        self.client += 1;
        let account = AccountId(AccountId::SYSTEM_COUNT + self.random.random_range(0..ACCOUNTS));
        let side = if self.random.random() { Side::Buy } else { Side::Sell };
        // Mostly apart from the other side, so that the book stays filled.
        let away = self.random.random_range(-5..100);
        let price = if side == Side::Buy { 10_000 - away } else { 10_000 + away };
        let time_in_force = if kind == 6 { TimeInForce::Ioc } else { TimeInForce::Gtc };
        let place = Place {
            account,
            instrument: InstrumentId(self.random.random_range(0..INSTRUMENTS)),
            side,
            kind: OrderKind::Limit,
            time_in_force,
            post_only: false,
            price: Price(price),
            quantity: Quantity(self.random.random_range(1..10) * 100),
            client_id: ClientId::new(&format!("{:016x}", self.client)).unwrap(),
            via: Via::Rest,
            key: 1,
            condition: Condition::Any,
            self_trade: SelfTrade::Allow,
            short: ShortSale::Long,
            by_amount: false,
        };
        self.put(Command::Place(place));
        let accepted = self.events.iter().find_map(|event| match event {
            Event::Accepted { order, .. } => Some(*order),
            _ => None,
        });
        if let Some(order) = accepted
            && time_in_force == TimeInForce::Gtc
        {
            self.live.push((account, order));
        }
    }

    fn put(&mut self, command: Command) {
        let seq = Seq(self.engine.seq().0 + 1);
        let at = Timestamp(self.writer.last_at().0 + u64::from(self.waiting));
        self.events.clear();
        self.engine.apply(seq, at, &command, &mut self.events);
        put_command(&mut self.frames, seq, at, &command);
        self.waiting += 1;
        if self.waiting == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let at = Timestamp(self.writer.last_at().0 + u64::from(self.waiting));
        let (seq, hash) = (self.engine.seq(), self.engine.state_hash());
        if self.waiting > 0 {
            self.writer.append(&mut self.frames, self.waiting, seq, at, hash).unwrap();
        }
        self.frames.clear();
        self.waiting = 0;
    }
}

fn instrument(name: &str, number: u32) -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::new(name).unwrap(),
        name: Name::new(name).unwrap(),
        profile: Profile::Tse,
        base_asset: AssetId(number + 1),
        quote_asset: AssetId(0),
        price_digits: 1,
        quantity_digits: 0,
        ticks: TickRule::Fixed(Price(1)),
        lot: Quantity(100),
        min_quantity: Quantity(100),
        max_quantity: Quantity(1_000_000),
        base_price: Price(10_000),
        limit_down: Price(7_000),
        limit_up: Price(13_000),
        market_band_ppm: 0,
        maker_fee_ppm: -10,
        taker_fee_ppm: 50,
        open_order_cap: 0,
        session_rules: false,
        listed_shares: Quantity(0),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
    }
}

fn deposit(account: u32, asset: u32, amount: i64) -> Command {
    Command::Transfer {
        transfer: Transfer {
            kind: TransferKind::Deposit,
            account: AccountId(account),
            asset: AssetId(asset),
            amount: Amount(amount),
            reference: ClientId::new(&format!("d-{asset}")).unwrap(),
        },
        by: Box::new(Provenance {
            approver: Default::default(),
            actor: Text::EMPTY,
            request: Text::EMPTY,
            reason: Text::EMPTY,
        }),
    }
}

/// Commits per second against a raw preallocated write and fdatasync of the same bytes.
fn commits(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let Recovered { mut engine, mut writer, .. } =
        recover(&Dirs::of(dir.path()), &config(), Arc::new(RealDisk)).unwrap();
    let cancel = Command::Cancel(Cancel {
        account: AccountId(4),
        order: OrderId(1 << 24),
        via: Via::Rest,
        key: 1,
    });
    let path = dir.path().join("raw");
    let raw = zero_file(&path, 256 << 20);
    let mut group = c.benchmark_group("commit");
    for count in [1u32, 16, 256, 4096] {
        let mut frames = Vec::new();
        let mut events = Vec::new();
        let mut bytes = 0;
        group.throughput(Throughput::Elements(u64::from(count)));
        group.bench_function(format!("journal/{count}"), |b| {
            b.iter(|| {
                frames.clear();
                for _ in 0..count {
                    let seq = Seq(engine.seq().0 + 1);
                    events.clear();
                    engine.apply(seq, Timestamp(seq.0), &cancel, &mut events);
                    put_command(&mut frames, seq, writer.last_at(), &cancel);
                }
                let (last, hash) = (engine.seq(), engine.state_hash());
                writer.append(&mut frames, count, last, writer.last_at(), hash).unwrap();
                bytes = frames.len();
            });
        });
        let data = vec![1u8; bytes];
        let mut offset = 0;
        group.bench_function(format!("raw/{count}"), |b| {
            b.iter(|| {
                if offset + data.len() as u64 > 256 << 20 {
                    offset = 0;
                }
                raw.write_all_at(&data, offset).unwrap();
                raw.sync_data().unwrap();
                offset += data.len() as u64;
            });
        });
    }
    group.finish();
}

/// A file of zeros that were really written.
fn zero_file(path: &Path, bytes: u64) -> File {
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(path).unwrap();
    let piece = vec![0; 1 << 20];
    for at in (0..bytes).step_by(piece.len()) {
        file.write_all_at(&piece, at).unwrap();
    }
    file.sync_all().unwrap();
    file
}

fn config() -> Config {
    let mut config = Config::default();
    config.engine.accounts = 10_000;
    config.engine.instruments = 1_000;
    config.engine.assets = 1_000;
    config.engine.live_orders = 100_000;
    config.engine.answers = 100_000;
    config.engine.balances = 1_000_000;
    config
}

/// Replaying a million commands: read, CRC, chain, decode, apply, compare state hashes.
fn replay(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let config = config();
    let mut feed = Feed::new(dir.path(), &config);
    for _ in 0..COMMANDS {
        feed.step();
    }
    feed.flush();
    let commands = feed.engine.seq().0;
    let (engine, id) = (feed.engine, feed.writer.journal_id());
    drop(feed.writer);
    let dirs = Dirs::of(dir.path());
    let start = || recover(&dirs, &config, Arc::new(RealDisk)).unwrap();
    let mut group = c.benchmark_group("start");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.throughput(Throughput::Elements(commands));
    group
        .bench_function("replay", |b| b.iter_batched(|| (), |()| start(), BatchSize::PerIteration));
    write_snapshot(&dirs, id, &engine, &RealDisk).unwrap();
    group.bench_function("from_snapshot", |b| {
        b.iter_batched(|| (), |()| start(), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, commits, replay);
criterion_main!(benches);
