//! `zaraba load`: drives the public API with a mix of orders, open loop (a fixed rate;
//! latency counts from when a request *should* have been sent, so that a stalled server
//! cannot hide its stall) or closed loop (each connection sends when it has its answer).

mod mix;
mod report;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::client::{Connection, Endpoint, Key};
use super::credentials::Target;
use super::reference::{self, Market};
pub use mix::Mix;
pub use report::Report;

/// Options of `zaraba load`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    zaraba load --duration 30                       closed loop, 64 connections\n  \
    zaraba load --rate 5000 --duration 30           open loop at 5,000 requests/s\n  \
    zaraba load --mix place=100 --orders 100000 --json\n  \
    zaraba load --endpoint /bench/empty             the same requests to another path")]
pub struct Options {
    #[command(flatten)]
    target: Target,
    /// Open loop: requests per second over all connections. Without it: closed loop.
    #[arg(long)]
    rate: Option<f64>,
    /// Connections, one request in flight on each.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    connections: u32,
    /// Seconds to run.
    #[arg(long, value_name = "SECONDS")]
    duration: Option<f64>,
    /// Requests to send, at most. Without this and --duration: 10 seconds.
    #[arg(long)]
    orders: Option<u64>,
    /// Share of each kind of request, in any unit.
    #[arg(long, default_value = "place=55,amend=10,cancel=25,ioc=10")]
    mix: Mix,
    /// Instruments to trade; repeatable. Default: all but those data is replayed on.
    #[arg(long)]
    symbol: Vec<String>,
    /// Send the orders as signed POSTs to this path instead, for comparison.
    #[arg(long, value_name = "PATH")]
    endpoint: Option<String>,
    /// Seed of the generated orders. Runs with one seed generate the same requests.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Afterwards look up every acknowledged order by its client id.
    #[arg(long)]
    verify: bool,
    /// Worker threads of the generator.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
}

/// What the workers share.
struct Shared {
    endpoint: Endpoint,
    markets: Vec<Market>,
    mix: Mix,
    /// Signed POSTs go here instead of the order calls.
    other_path: Option<String>,
    /// Prefix that makes this run's client order ids unlike any other run's.
    run: String,
    sent: AtomicU64,
    sent_max: u64,
    until: Option<Instant>,
    stop: AtomicBool,
    keep_acks: bool,
}

impl Shared {
    /// Takes the right to send one more request.
    fn take_turn(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
            && self.until.is_none_or(|until| Instant::now() < until)
            && self.sent.fetch_add(1, Ordering::Relaxed) < self.sent_max
    }
}

/// Runs the load and prints the report.
///
/// # Errors
/// When the target cannot be reached or used, or every request failed.
pub fn run(options: Options) -> Result<()> {
    let runtime = if options.threads == 1 {
        tokio::runtime::Builder::new_current_thread().enable_all().build()
    } else {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(usize::from(options.threads))
            .enable_all()
            .build()
    }
    .context("cannot start the runtime of the load generator")?;
    let report = runtime.block_on(drive(&options))?;
    if options.json {
        println!("{}", serde_json::to_string(&report.json())?);
    } else {
        print!("{report}");
    }
    if report.answers() == 0 {
        bail!("no request got an answer");
    }
    if let Some(missing) = report.verify_failures() {
        bail!("{missing} acknowledged orders were not found again");
    }
    Ok(())
}

async fn drive(options: &Options) -> Result<Report> {
    let (api, accounts) = options.target.resolve(|file| file.accounts.clone())?;
    let endpoint = Endpoint::resolve(&api).await?;
    let mut keys = Vec::with_capacity(accounts.len());
    for account in &accounts {
        keys.push(Arc::new(Key::new(account)?));
    }
    let mut markets =
        reference::markets(&mut Connection::new(endpoint.clone()), &options.symbol).await?;
    if options.symbol.is_empty() {
        markets.retain(Market::is_for_generated_orders);
    }
    if markets.is_empty() {
        bail!("no instrument has a base or last price to place orders around");
    }
    let seconds = match (options.duration, options.orders) {
        (None, None) => Some(10.0),
        (duration, _) => duration,
    };
    let started = Instant::now();
    let shared = Arc::new(Shared {
        endpoint,
        markets,
        mix: options.mix,
        other_path: options.endpoint.clone(),
        run: format!("L{:x}", crate::clock::now().0 / 1_000_000),
        sent: AtomicU64::new(0),
        sent_max: options.orders.unwrap_or(u64::MAX),
        until: seconds.map(|s| started + Duration::from_secs_f64(s)),
        stop: AtomicBool::new(false),
        keep_acks: options.verify,
    });
    let mut tasks = Vec::new();
    for number in 0..options.connections {
        let pace = options.rate.map(|rate| worker::Pace {
            first: Duration::from_secs_f64(f64::from(number) / rate),
            every: Duration::from_secs_f64(f64::from(options.connections) / rate),
        });
        let key = keys[number as usize % keys.len()].clone();
        tasks.push(tokio::spawn(worker::run(shared.clone(), key, number, options.seed, pace)));
    }
    let bar = tokio::spawn(progress(shared.clone(), started, seconds, options.orders));
    let interrupt = tokio::spawn(stop_on_interrupt(shared.clone()));
    let mut report = Report::new(options.rate);
    for task in tasks {
        report.add(task.await.context("a connection of the load generator failed")?);
    }
    report.finish(started.elapsed());
    shared.stop.store(true, Ordering::Relaxed);
    interrupt.abort();
    let _ = bar.await;
    if options.verify && options.endpoint.is_none() {
        report.verify(&shared.endpoint, &keys).await?;
    }
    Ok(report)
}

async fn stop_on_interrupt(shared: Arc<Shared>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        shared.stop.store(true, Ordering::Relaxed);
    }
}

/// Shows how far the run is until it ends.
async fn progress(
    shared: Arc<Shared>,
    started: Instant,
    seconds: Option<f64>,
    orders: Option<u64>,
) {
    let total = match (orders, seconds) {
        (Some(orders), _) => orders,
        (None, Some(seconds)) => (seconds * 1000.0) as u64,
        (None, None) => 0,
    };
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3}%  {msg}  {eta} left") {
        bar.set_style(style);
    }
    while !shared.stop.load(Ordering::Relaxed) {
        let sent = shared.sent.load(Ordering::Relaxed).min(shared.sent_max);
        let position = if orders.is_some() { sent } else { started.elapsed().as_millis() as u64 };
        bar.set_position(position.min(total));
        bar.set_message(format!("{:.0}/s", sent as f64 / started.elapsed().as_secs_f64()));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bar.finish_and_clear();
}
