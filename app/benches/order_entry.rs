//! Signed `POST /v1/orders` per second against an empty handler behind the same signature
//! check, and nanoseconds per event of the live view. The generator runs beside the server,
//! in the same process and on the same cores.
//!
//! `cargo bench --bench order_entry [-- --seconds 10 --connections 64]`; prints one JSON
//! object. Not criterion: what is measured is throughput of many clients at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use zaraba::auth::sign::Signer;
use zaraba::auth::{Keys, NewKey, NewKind, Scope};
use zaraba::bus::{Batch, Step};
use zaraba::clock;
use zaraba::config::Config;
use zaraba::intake::http;
use zaraba::live::Live;
use zaraba::platform::Platform;
use zaraba::wiring::Core;
use zaraba_engine::command::*;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::oracle::stream::instruments;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TRADERS: u32 = 64;

fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).expect("names here are short")
}

/// One pair of assets, one instrument, traders with means.
fn furniture() -> Vec<Command> {
    let spec = InstrumentSpec {
        base_price: Price(5_000),
        market_band_ppm: 50_000,
        maker_fee_ppm: 0,
        taker_fee_ppm: 500,
        open_order_cap: 0,
        ..instruments()[0].0
    };
    let mut commands = vec![
        Command::CreateAsset(AssetSpec { code: text("JPY"), exponent: 4 }),
        Command::CreateAsset(AssetSpec { code: text("BTC"), exponent: 8 }),
        Command::CreateInstrument(Box::new(spec)),
    ];
    for trader in 0..TRADERS {
        commands.push(Command::CreateAccount { code: text(&format!("t{trader}")) });
        for asset in 0..2 {
            let by = Provenance {
                approver: Default::default(),
                actor: text("bench"),
                request: text(""),
                reason: text(""),
            };
            let transfer = Transfer {
                kind: TransferKind::Deposit,
                account: AccountId(4 + trader),
                asset: AssetId(asset),
                amount: Amount(1_000_000_000_000_000),
                reference: text(&asset.to_string()),
            };
            commands.push(Command::Transfer { transfer, by: Box::new(by) });
        }
    }
    commands
}

/// The next of a repeatable sequence of numbers.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Nanoseconds per event that `Live::apply` takes, on batches of a random market.
fn live_view() -> f64 {
    let mut engine = Engine::new();
    let limits = Limits { live_orders: 1_000_000, answers: 100_000, ..Limits::default() };
    let mut commands = vec![Command::Genesis { limits, hash_seed: [1, 2] }];
    commands.extend(furniture());
    let mut seed = 7;
    for n in 0..400_000u64 {
        let side = if random(&mut seed).is_multiple_of(2) { Side::Buy } else { Side::Sell };
        let drift = (random(&mut seed) % 200) as i64;
        commands.push(Command::Place(Place {
            account: AccountId(4 + (random(&mut seed) % u64::from(TRADERS)) as u32),
            instrument: InstrumentId(0),
            side,
            kind: OrderKind::Limit,
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            price: Price(if side == Side::Buy { 4_920 } else { 4_880 } + drift),
            quantity: Quantity(1 + (random(&mut seed) % 50) as i64),
            client_id: text(&n.to_string()),
            via: Via::Rest,
            key: 0,
            condition: Condition::Any,
            self_trade: SelfTrade::Allow,
            short: ShortSale::Long,
            by_amount: false,
        }));
    }
    let live = Live::default();
    let (mut events, mut spent) = (0, Duration::ZERO);
    let mut seq = 0;
    for chunk in commands.chunks(512) {
        let mut batch = Batch::default();
        for command in chunk {
            seq += 1;
            let from = batch.events.len() as u32;
            engine.apply(Seq(seq), Timestamp(seq), command, &mut batch.events);
            let range = from..batch.events.len() as u32;
            let (at, command) = (Timestamp(seq), command.clone());
            batch.steps.push(Step { seq: Seq(seq), at, command, events: range });
        }
        let started = Instant::now();
        live.apply(&batch);
        spent += started.elapsed();
        events += batch.events.len();
    }
    assert_eq!(live.seq(), engine.seq());
    spent.as_nanos() as f64 / events as f64
}

/// What every client of one run shares.
struct Run {
    address: SocketAddr,
    done: AtomicBool,
    answered: AtomicU64,
    ids: AtomicU64,
}

/// Sends one signed order after the other and waits for each answer.
async fn client(run: Arc<Run>, signer: Signer, wanted: &'static str) {
    let mut stream = TcpStream::connect(run.address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP option");
    let mut seed = run.ids.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9) | 1;
    let mut buffer = vec![0; 8192];
    while !run.done.load(Ordering::Relaxed) {
        let id = run.ids.fetch_add(1, Ordering::Relaxed);
        let (side, base) =
            if random(&mut seed).is_multiple_of(2) { ("buy", 4_920) } else { ("sell", 4_880) };
        let price = base + random(&mut seed) % 200;
        let body = format!(
            r#"{{"client_order_id":"{id}","symbol":"BTC_JPY","side":"{side}","type":"limit","quantity":"0.0010","price":"{price}"}}"#
        );
        let time = clock::now().0 / 1_000_000;
        let mut request = format!(
            "POST /v1/orders HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in signer.headers(time, "POST", "/v1/orders", body.as_bytes()) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(&body);
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        let length = answer(&mut stream, &mut buffer).await;
        let status = std::str::from_utf8(&buffer[9..12]).unwrap_or("");
        assert_eq!(status, wanted, "{}", String::from_utf8_lossy(&buffer[..length]));
        run.answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads one answer; its length.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    let mut length = 0;
    loop {
        let read = stream.read(&mut buffer[length..]).await.expect("the server answers");
        assert_ne!(read, 0, "the server closed the connection");
        length += read;
        let head = buffer[..length].windows(4).position(|w| w == b"\r\n\r\n");
        let Some(head) = head else { continue };
        let text = std::str::from_utf8(&buffer[..head]).expect("headers are text");
        let body: usize = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .and_then(|length| length.parse().ok())
            .expect("answers have a length");
        if length >= head + 4 + body {
            return length;
        }
    }
}

/// Answers per second of a router.
async fn throughput(
    platform: &Platform,
    router: axum::Router,
    wanted: &'static str,
    seconds: u64,
    connections: u32,
) -> f64 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let stop = CancellationToken::new();
    let config = platform.config.http.clone();
    let server = tokio::spawn({
        let stop = stop.clone();
        async move { http::server::serve(router, listener, &config, stop).await }
    });
    let (done, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let ids = AtomicU64::new(clock::now().0 / 1_000);
    let run = Arc::new(Run { address, done, answered, ids });
    let mut clients = Vec::new();
    for n in 0..connections {
        let key = NewKey {
            account: text(&format!("t{}", n % TRADERS)),
            kind: NewKind::Hmac,
            scopes: vec![Scope::Trade],
            addresses: vec![],
            expires_at: None,
            reads_per_second: Some(1_000_000),
            writes_per_second: Some(1_000_000),
            label: String::new(),
        };
        let made = platform.keys.create(key, "bench").await.expect("keys are in memory");
        let secret = made.api_secret.expect("an HMAC key has one");
        let signer = Signer::hmac(&made.api_key, &secret);
        clients.push(tokio::spawn(client(run.clone(), signer, wanted)));
    }
    // The first second warms up.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, started) = (run.answered.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let answered = run.answered.load(Ordering::Relaxed) - before;
    let rate = answered as f64 / started.elapsed().as_secs_f64();
    run.done.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("no client failed");
    }
    stop.cancel();
    server.abort();
    rate
}

fn option(name: &str, default: u64) -> u64 {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[tokio::main]
async fn main() {
    let (seconds, connections) = (option("--seconds", 10), option("--connections", 64) as u32);
    let live_ns = live_view();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut config = Config { data_dir: dir.path().into(), ..Config::default() };
    config.auth.master_key_file = dir.path().join("master.key");
    config.engine.live_orders = 8_000_000;
    config.postgres.url = "postgres://nobody@127.0.0.1:1/none".into();
    let core = Core::start(config).await.expect("the platform starts");
    for command in furniture() {
        core.platform.gate.submit(command).await.expect("the platform is furnished");
    }
    let keys = Keys::detached(&core.platform.config.auth, core.platform.live.clone());
    let platform = Platform { keys: Arc::new(keys), ..core.platform.clone() };
    let empty = http::empty_behind_signature(platform.clone());
    let empty = throughput(&platform, empty, "200", seconds, connections).await;
    let orders = http::router(platform.clone());
    let orders = throughput(&platform, orders, "201", seconds, connections).await;
    println!(
        "{}",
        serde_json::json!({
            "live_view_ns_per_event": live_ns.round(),
            "empty_handler_per_second": empty.round(),
            "orders_per_second": orders.round(),
            "orders_to_empty": (orders / empty * 100.0).round() / 100.0,
            "connections": connections,
        })
    );
    drop(platform);
    core.stop().await;
}
