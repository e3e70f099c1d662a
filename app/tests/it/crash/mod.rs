//! The crash loop: clients place, amend and cancel at full speed and repeat whatever got no
//! answer, while the server is killed with SIGKILL at random moments and started again.
//! Afterwards every acknowledged order exists exactly once with the acknowledged outcome,
//! in the API and in the journal, money is conserved, and the projections equal a replay,
//! before and after they are rebuilt.
//!
//! `ZARABA_CRASH_ROUNDS` (10) and `ZARABA_CRASH_SEED` (random, printed) choose the run.

mod checks;
mod client;

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use zaraba::dev::postgres;

use self::client::Clients;
use crate::instance::Instance;

/// Clients at work at once.
const CLIENTS: u32 = 12;

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, no number")),
        Err(_) => otherwise,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_loop_loses_nothing_acknowledged_and_doubles_nothing() {
    if !postgres::installed() {
        crate::skipped("crash", "PostgreSQL's server programs are not installed");
        return;
    }
    let rounds = number("ZARABA_CRASH_ROUNDS", 10);
    let seed = number("ZARABA_CRASH_SEED", rand::random::<u32>().into());
    println!("crash loop: {rounds} rounds, ZARABA_CRASH_SEED={seed}");
    let mut random = SmallRng::seed_from_u64(seed);

    let mut server = Instance::install(&["--profile", "crypto", "--accounts", "4"]).await;
    server.start().await;
    let clients = Clients::start(&server.dev_file(), CLIENTS, seed);
    for round in 1..=rounds {
        // Each round must have work in it: the kill comes a random while after the first
        // new answers, however slow the machine is.
        clients.wait_for_answers(50).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..400))).await;
        server.kill();
        println!("  round {round}: killed after {} answers", clients.answers());
        server.start().await;
    }
    let histories = clients.finish().await;
    let retried: usize = histories.iter().map(client::History::repeated).sum();
    println!("  {retried} orders were repeated after an answer was lost");
    assert!(retried > 0, "no kill hit an order in flight: the loop proved nothing");

    checks::against_the_api(&server.dev_file(), &histories).await;
    server.stop();
    let engine = checks::against_the_journal(&server.data_dir(), &histories);
    checks::money(&engine);
    checks::projections(&server).await;
    server.uninstall().await;
}
