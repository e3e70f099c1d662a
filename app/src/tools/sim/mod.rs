//! `zaraba sim`: a seeded market simulation that trades through the public API so that books
//! look alive. Per instrument, one account quotes a ladder around a price that wanders and
//! comes back, another takes from it. The venue's answers are the only state that counts:
//! each step begins with what is in the book, so that a restart, a lost answer or somebody
//! else's orders heal by themselves.

mod agents;
mod walk;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use self::agents::Agents;
pub use self::agents::Counts;
use super::client::{Connection, Endpoint, Key};
use super::credentials::{AccountKey, Target};
use super::reference::{self, Market};

/// Options of `zaraba sim`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    zaraba sim                            trade on the instance in .dev until Ctrl-C\n  \
    zaraba sim --seed 7 --rate 100 --symbol BTC_JPY --duration 60")]
pub struct Options {
    #[command(flatten)]
    target: Target,
    /// Seed of every decision.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Orders per second over all instruments.
    #[arg(long, default_value_t = 40.0)]
    rate: f64,
    /// Instruments; repeatable. Default: all but those that market data is replayed on.
    #[arg(long)]
    symbol: Vec<String>,
    /// Seconds to run; default: until Ctrl-C.
    #[arg(long, value_name = "SECONDS")]
    duration: Option<f64>,
}

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Base address of the public API.
    pub api: String,
    /// Accounts, two or more; the first half quotes, the second half takes.
    pub keys: Vec<AccountKey>,
    /// Seed of every decision.
    pub seed: u64,
    /// Orders per second over all instruments.
    pub rate: f64,
    /// Instruments; empty: those that are for generated orders.
    pub symbols: Vec<String>,
}

/// Orders one step sends on average; the pace of steps follows from it.
const ORDERS_PER_STEP: f64 = 1.6;
/// Longest wait after an error before the simulation tries again.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// Runs the verb.
///
/// # Errors
/// When the options are unusable. A venue that is away is waited for.
pub fn run(options: Options) -> Result<()> {
    let (api, keys) = options.target.resolve(|file| file.sim.clone())?;
    if keys.len() < 2 {
        bail!("a simulation needs two accounts: one that quotes, one that takes");
    }
    if !(0.1..=10_000.0).contains(&options.rate) {
        bail!("--rate is {}; it must be from 0.1 to 10000", options.rate);
    }
    let Options { seed, rate, symbol, duration, .. } = options;
    let plan = Plan { api, keys, seed, rate, symbols: symbol };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime of the simulation")?;
    runtime.block_on(async {
        let stop = CancellationToken::new();
        let ends = stop.clone();
        tokio::spawn(async move {
            let time = async {
                match duration {
                    Some(seconds) => tokio::time::sleep(Duration::from_secs_f64(seconds)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                () = time => {}
            }
            ends.cancel();
        });
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed}  {msg}") {
            bar.set_style(style);
        }
        let counts = trade(plan, stop, |counts| {
            bar.set_message(counts.to_string());
            bar.tick();
        })
        .await;
        bar.finish_and_clear();
        println!("{counts}");
    });
    Ok(())
}

/// Trades until told to stop, whatever happens in between; `watch` sees the counts after
/// every step.
pub async fn trade(plan: Plan, stop: CancellationToken, mut watch: impl FnMut(&Counts)) -> Counts {
    let mut counts = Counts::default();
    let mut random = SmallRng::seed_from_u64(plan.seed);
    let mut wait = Duration::from_millis(200);
    loop {
        let before = counts.orders;
        let session = session(&plan, &mut random, &mut counts, &mut watch);
        let error = tokio::select! {
            ended = session => ended,
            () = stop.cancelled() => return counts,
        };
        if let Err(error) = error {
            tracing::warn!(event = "sim.interrupted", error = format!("{error:#}"), "trying again");
        }
        wait = if counts.orders > before { Duration::from_millis(200) } else { wait * 2 };
        tokio::select! {
            () = tokio::time::sleep(wait.min(BACKOFF_MAX)) => {}
            () = stop.cancelled() => return counts,
        }
        wait = wait.min(BACKOFF_MAX);
    }
}

/// Trades until the venue cannot be reached.
async fn session(
    plan: &Plan,
    random: &mut SmallRng,
    counts: &mut Counts,
    watch: &mut impl FnMut(&Counts),
) -> Result<()> {
    let endpoint = Endpoint::resolve(&plan.api).await?;
    let mut connection = Connection::new(endpoint);
    let mut markets = reference::markets(&mut connection, &plan.symbols).await?;
    if plan.symbols.is_empty() {
        markets.retain(Market::is_for_generated_orders);
    }
    if markets.is_empty() {
        bail!("no instrument has a price to trade around");
    }
    let half = plan.keys.len().div_ceil(2);
    let (makers, takers) = plan.keys.split_at(half);
    let run = format!("S{:x}", crate::clock::now().0 / 1_000_000);
    let mut agents = Vec::with_capacity(markets.len());
    for (number, market) in markets.into_iter().enumerate() {
        let maker = Key::new(&makers[number % makers.len()])?;
        let taker = Key::new(&takers[number % takers.len()])?;
        agents.push(Agents::new(market, maker, taker, format!("{run}-{number}")));
    }
    // Books are filled at once, then the pace is kept.
    for agents in &mut agents {
        agents.quote(&mut connection, random, counts, usize::MAX).await?;
        watch(counts);
    }
    let mut pace =
        tokio::time::interval(Duration::from_secs_f64(ORDERS_PER_STEP / plan.rate.max(0.1)));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let chosen = random.random_range(0..agents.len());
        let agents = &mut agents[chosen];
        if random.random_bool(0.4) {
            agents.take(&mut connection, random, counts).await?;
        } else {
            agents.quote(&mut connection, random, counts, 2).await?;
        }
        watch(counts);
    }
}
