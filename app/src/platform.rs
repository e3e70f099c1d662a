//! What the doors need of the running platform, in one cheap-to-clone handle. Built by
//! `wiring`; holds handles only, no logic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;
use zaraba_engine::types::{Seq, Timestamp};

use crate::auth::Keys;
use crate::clock::MarketClock;
use crate::config::Config;
use crate::flags::Flags;
use crate::intake::gate::Gate;
use crate::journal::Watermark;
use crate::live::Live;
use crate::market::Market;
use crate::queries::History;
use crate::sequencer::{Pulse, Questions};

/// Handles to everything a request may touch.
#[derive(Clone)]
pub struct Platform {
    /// Settings in force.
    pub config: Arc<Config>,
    /// The door to the sequencer.
    pub gate: Gate,
    /// What is asked of the engine itself.
    pub questions: Questions,
    /// Open orders, balances, depth, reference data.
    pub live: Arc<Live>,
    /// Trades, candles, tickers, stream fan-out.
    pub market: Arc<Market>,
    /// History in Postgres.
    pub history: Arc<History>,
    /// API keys.
    pub keys: Arc<Keys>,
    /// What is switched off.
    pub flags: Arc<Flags>,
    /// How the node is.
    pub status: Arc<Status>,
    /// The market's time.
    pub clock: MarketClock,
    /// Where the engine is in the trading day.
    pub pulse: Arc<Pulse>,
}

/// How the node is; written by the parts, read by health checks and the admin API.
#[derive(Default)]
pub struct Status {
    /// When the process became ready.
    pub started_at: Timestamp,
    /// How far the journal was then; what people did up to there is not in memory.
    pub recovered: Seq,
    /// How far the journal is durable.
    pub durable: Arc<Watermark>,
    projected: AtomicU64,
    postgres_ok: AtomicBool,
    journal_error: RwLock<Option<String>>,
}

impl Status {
    /// A node that became ready at `started_at`, with a journal up to `recovered`.
    pub fn new(started_at: Timestamp, recovered: Seq) -> Status {
        Status { started_at, recovered, ..Status::default() }
    }
    /// Last sequence in Postgres.
    pub fn projected(&self) -> Seq {
        Seq(self.projected.load(Ordering::Acquire))
    }
    /// Notes how far Postgres is.
    pub fn set_projected(&self, seq: Seq) {
        self.projected.store(seq.0, Ordering::Release);
    }
    /// Whether the last attempt to write to Postgres worked.
    pub fn postgres_ok(&self) -> bool {
        self.postgres_ok.load(Ordering::Acquire)
    }
    /// Notes whether Postgres works.
    pub fn set_postgres_ok(&self, ok: bool) {
        self.postgres_ok.store(ok, Ordering::Release);
    }
    /// Why the journal stopped, if it did: nothing is acknowledged any more.
    pub fn journal_error(&self) -> Option<String> {
        self.journal_error.read().clone()
    }
    /// Notes that the journal stopped.
    pub fn set_journal_error(&self, why: String) {
        *self.journal_error.write() = Some(why);
    }
}
