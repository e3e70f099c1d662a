//! Sends the plan by the public REST API: each entry, signed by its participant's key, when the
//! market's clock reaches its time. Each participant has a connection of its own and sends in order, so
//! that a cancel or amendment can name the order its answer numbered; participants do not wait for
//! each other.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use zaraba_engine::types::*;

use super::plan::{ACCOUNTS, Entry, Ticket, What};
use super::requests;
use crate::clock::MarketClock;
use crate::tools::client::{Answer, Connection, Endpoint, Key};

/// Entries that may wait for one participant; then the plan waits.
const WAITING: usize = 256;
/// How often an entry is sent before the day is given up: a broken connection or a full queue
/// does not end it, a platform that is gone does.
const TRIES: u32 = 200;
/// Pause before an entry is sent again.
const PAUSE: Duration = Duration::from_millis(20);
/// Longest sleep of the plan.
const LOOK: Duration = Duration::from_millis(50);

/// What was sent and how it was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// New orders sent.
    pub orders: u64,
    /// Cancels and amendments sent.
    pub changes: u64,
    /// Changes left out: their order had not been taken.
    pub left_out: u64,
    /// Refusals by code.
    pub refused: BTreeMap<String, u64>,
    /// Sent again after `busy` or a broken connection.
    pub repeated: u64,
    /// How late the latest entry was sent, in milliseconds of market time.
    pub latest_ms: u64,
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.orders += other.orders;
        self.changes += other.changes;
        self.left_out += other.left_out;
        self.repeated += other.repeated;
        self.latest_ms = self.latest_ms.max(other.latest_ms);
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: u64 = self.refused.values().sum();
        write!(
            f,
            "{} orders, {} changes, {refused} refused, {} repeated, at most {:.1} s late",
            self.orders,
            self.changes,
            self.repeated,
            self.latest_ms as f64 / 1e3
        )
    }
}

/// The day as its connections know it.
pub struct Day {
    /// The market's clock.
    pub clock: MarketClock,
    /// The public API.
    pub endpoint: Endpoint,
    /// By participant.
    pub keys: Vec<Key>,
    /// Codes of the shares, by number of the plan.
    pub symbols: Vec<String>,
    /// The plan.
    pub entries: Vec<Entry>,
    /// The day's beginning.
    pub midnight: Timestamp,
    /// The day, yyyymmdd; part of client ids.
    pub day: u32,
}

impl Day {
    /// Sends everything; returns when the last answer is there.
    ///
    /// # Errors
    /// When the platform is gone, or there is not a key for every participant.
    pub async fn play(self) -> Result<Counts> {
        if self.keys.len() != ACCOUNTS as usize {
            bail!("{} keys for {ACCOUNTS} participants", self.keys.len());
        }
        let day = Arc::new(self);
        let (mut lanes, mut sending) = (Vec::new(), JoinSet::new());
        for _ in 0..ACCOUNTS {
            let (lane, entries) = mpsc::channel(WAITING);
            lanes.push(lane);
            sending.spawn(Lane::new(day.clone()).run(entries));
        }
        for (index, entry) in day.entries.iter().enumerate() {
            let at = day.moment(entry);
            while !day.clock.until(at).is_zero() {
                tokio::time::sleep(day.clock.until(at).min(LOOK)).await;
            }
            let lane = day.account(entry)? as usize;
            if lanes[lane].send(index as u32).await.is_err() {
                break;
            }
        }
        drop(lanes);
        let mut counts = Counts::default();
        while let Some(done) = sending.join_next().await {
            counts.add(done.context("a connection of the day panicked")??);
        }
        Ok(counts)
    }

    fn moment(&self, entry: &Entry) -> Timestamp {
        Timestamp(self.midnight.0 + u64::from(entry.at) * 1_000_000)
    }

    /// The participant an entry is of; a change is of its order's.
    fn account(&self, entry: &Entry) -> Result<u32> {
        let ticket = match entry.what {
            What::Place(ticket)
            | What::Stop(ticket, _)
            | What::Oco(ticket, _)
            | What::IfDone(ticket, _)
            | What::OddLot(ticket, _) => Some(ticket),
            What::Cancel(of) | What::Halve(of) | What::Reprice(of, _) => self.ticket(of).copied(),
        };
        Ok(ticket.context("a change of the plan names no order")?.account)
    }

    pub(super) fn ticket(&self, of: u32) -> Option<&Ticket> {
        match &self.entries[of as usize].what {
            What::Place(ticket) => Some(ticket),
            _ => None,
        }
    }
}

/// One participant's connection and what it has sent.
struct Lane {
    day: Arc<Day>,
    connection: Connection,
    /// Numbers of its orders, by entry.
    orders: BTreeMap<u32, String>,
    counts: Counts,
}

impl Lane {
    fn new(day: Arc<Day>) -> Lane {
        let connection = Connection::new(day.endpoint.clone());
        Lane { day, connection, orders: BTreeMap::new(), counts: Counts::default() }
    }

    async fn run(mut self, mut entries: mpsc::Receiver<u32>) -> Result<Counts> {
        while let Some(index) = entries.recv().await {
            self.send(index).await?;
        }
        Ok(self.counts)
    }

    async fn send(&mut self, index: u32) -> Result<()> {
        let day = self.day.clone();
        let entry = &day.entries[index as usize];
        let Some(request) = requests::of(&day, index, entry, &self.orders) else {
            self.counts.left_out += 1;
            return Ok(());
        };
        let late = day.clock.now().0.saturating_sub(day.moment(entry).0) / 1_000_000;
        self.counts.latest_ms = self.counts.latest_ms.max(late);
        match entry.what.is_order() {
            true => self.counts.orders += 1,
            false => self.counts.changes += 1,
        }
        let key = &day.keys[day.account(entry)? as usize];
        let answer = self.answered(key, &request).await?;
        if !answer.is_success() {
            *self.counts.refused.entry(answer.code()).or_default() += 1;
        } else if entry.what.is_order() {
            let order: requests::Numbered = answer.json("POST /v1/orders")?;
            self.orders.insert(index, order.order_id);
        }
        Ok(())
    }

    /// Sends until there is an answer that says what became of it. The client order id makes a
    /// repeated order the same one; a change that is repeated does what it did.
    async fn answered(&mut self, key: &Key, request: &requests::Request) -> Result<Answer> {
        let mut last = String::new();
        for _ in 0..TRIES {
            let call = self.connection.call(
                key,
                request.method.clone(),
                &request.path,
                request.body.clone(),
            );
            match call.await {
                Ok(answer) if answer.status < 500 && answer.status != 429 => return Ok(answer),
                Ok(answer) => last = answer.code(),
                Err(error) => last = error.to_string(),
            }
            self.counts.repeated += 1;
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{} {} has no answer: {last}", request.method, request.path)
    }
}
