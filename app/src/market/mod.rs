//! Market data: books, trades, candles, tickers as everyone may see them, each account's
//! own events, and their fan-out to stream clients.
//!
//! One thread ("market") takes released batches from a bounded queue, changes the
//! [`board::Board`] and the [`private::Ring`], and fills client queues. It never waits for
//! a client, a socket or a database, so its queue only fills when the machine is out of
//! processor time; then the releaser waits, which is the back-pressure the gate turns
//! into `busy`. Everything here can be rebuilt from the journal and the engine's state.
//! Must not depend on the intake rooms, except that its endpoints (`http`, `live`) answer
//! with their errors; reads Postgres only to warm up ([`warm`]).

pub mod board;
pub mod candles;
pub mod client;
pub mod gathering;
pub mod http;
pub mod ladder;
pub mod listing;
mod live;
pub mod metrics;
pub mod private;
pub mod shapes;
pub mod text;
pub mod warm;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use parking_lot::{Mutex, RwLock};
use zaraba_engine::Engine;
use zaraba_engine::types::*;

use crate::bus::Batch;
use crate::clock::MarketClock;
use crate::config::Config;
use board::{Board, ChannelError};
use client::{Channel, Client, Drop};
use metrics::METRICS;
use private::{Page, Position, PrivateEvent, Ring, Tracker};

/// Released batches that may wait for the market thread.
const BATCHES: usize = 1_024;

/// Commands taken in under one hold of the board's lock, so that readers get in between.
const STEPS_PER_HOLD: usize = 512;

/// Market data in memory. See the module's header.
pub struct Market {
    clock: MarketClock,
    batches: Mutex<Option<Sender<Arc<Batch>>>>,
    board: RwLock<Board>,
    ring: RwLock<Ring>,
    /// Clients with private channels.
    owners: Mutex<HashMap<AccountId, Vec<Arc<Client>>>>,
    start: Start,
    next_client: AtomicU64,
    clients: Mutex<Vec<Arc<Client>>>,
    readers: AtomicU64,
}

/// Where the room's own knowledge begins: what is before it comes from the database.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Last sequence of the recovered state.
    pub seq: Seq,
    /// Last trade of the recovered state.
    pub trade: TradeId,
}

impl Market {
    /// The market data of a recovered engine, with its thread running.
    pub fn start(config: &Config, engine: &Engine, clock: MarketClock) -> Arc<Market> {
        let (sender, receiver) = crossbeam_channel::bounded(BATCHES);
        let market = Arc::new(Market {
            clock,
            batches: Mutex::new(Some(sender)),
            board: RwLock::new(Board::new(&config.market, engine)),
            ring: RwLock::new(Ring::new(config.stream.resume_events, engine.seq())),
            owners: Mutex::default(),
            start: Start { seq: engine.seq(), trade: engine.last_trade() },
            next_client: AtomicU64::new(1),
            clients: Mutex::default(),
            readers: AtomicU64::new(0),
        });
        let tracker = Tracker::new(engine.orders());
        let interval = Duration::from_millis(config.stream.depth_interval_ms.max(1));
        let worker = market.clone();
        std::thread::Builder::new()
            .name("market".into())
            .spawn(move || worker.run(&receiver, tracker, interval))
            .expect("the operating system gives a thread at start");
        market
    }

    /// Takes a released batch; called by the releaser, in order, for every batch. Waits
    /// when 1,024 wait already; after [`Market::stop`] it does nothing.
    pub fn publish(&self, batch: &Arc<Batch>) {
        let sender = self.batches.lock().clone();
        if let Some(sender) = sender {
            // The only receiver goes when its thread has died: nothing to be done here.
            let _ = sender.send(batch.clone());
            METRICS.batches_waiting.set(sender.len() as i64);
        }
    }

    /// Ends the thread once it has taken in what waits, and drops every client.
    pub fn stop(&self) {
        self.batches.lock().take();
        for client in self.clients.lock().drain(..) {
            client.drop_for(Drop::Shutdown);
        }
    }

    /// Whether [`Market::stop`] was called.
    pub fn is_stopped(&self) -> bool {
        self.batches.lock().is_none()
    }

    fn run(&self, batches: &Receiver<Arc<Batch>>, mut tracker: Tracker, interval: Duration) {
        let mut due: Option<Instant> = None;
        loop {
            let received = match due {
                Some(due) => batches.recv_deadline(due),
                None => batches.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(batch) => {
                    self.take_in(&batch, &mut tracker);
                    due.get_or_insert_with(|| Instant::now() + interval);
                    METRICS.batches_waiting.set(batches.len() as i64);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Also between batches: under load the queue is never empty.
            if due.is_some_and(|due| due <= Instant::now()) {
                self.board.write().publish_states(self.clock.now());
                due = None;
            }
        }
    }

    fn take_in(&self, batch: &Batch, tracker: &mut Tracker) {
        let mut told = Vec::new();
        for steps in batch.steps.chunks(STEPS_PER_HOLD) {
            let mut board = self.board.write();
            for step in steps {
                let events = batch.events_of(step);
                board.apply(step, events);
                tracker.apply(step, events, &mut told);
            }
            board.publish_trades();
        }
        self.ring.write().extend(&told, batch.last_seq());
        self.wake_owners(&told);
        if let Some(first) = batch.steps.first() {
            let lag = self.clock.now().0.saturating_sub(first.at.0);
            METRICS.publish_lag.observe(lag as f64 / 1e9);
        }
    }

    fn wake_owners(&self, told: &[PrivateEvent]) {
        let owners = self.owners.lock();
        if owners.is_empty() {
            return;
        }
        let mut counts: HashMap<AccountId, usize> = HashMap::new();
        for event in told {
            if owners.contains_key(&event.account) {
                *counts.entry(event.account).or_default() += 1;
            }
        }
        for (account, count) in counts {
            for client in owners.get(&account).into_iter().flatten() {
                client.private_released(count);
            }
        }
    }

    /// The market's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Last sequence taken in.
    pub fn seq(&self) -> Seq {
        self.board.read().seq
    }

    /// Where the room's own knowledge begins.
    pub fn beginning(&self) -> Start {
        self.start
    }

    /// Reads the board; keep it short, the market thread waits.
    pub fn read<T>(&self, read: impl FnOnce(&Board) -> T) -> T {
        read(&self.board.read())
    }

    pub(crate) fn write<T>(&self, write: impl FnOnce(&mut Board) -> T) -> T {
        write(&mut self.board.write())
    }

    /// A new stream client, or `None` when `most` are connected.
    pub fn connect(&self, most: usize, queue: usize) -> Option<Arc<Client>> {
        let mut clients = self.clients.lock();
        if clients.len() >= most || self.batches.lock().is_none() {
            return None;
        }
        let client = Client::new(self.next_client.fetch_add(1, Ordering::Relaxed), queue);
        clients.push(client.clone());
        METRICS.clients.set(clients.len() as i64);
        Some(client)
    }

    /// Forgets a client that is gone: its place, subscriptions and account.
    pub fn disconnect(
        &self,
        client: &Arc<Client>,
        channels: impl Iterator<Item = Channel>,
        account: Option<AccountId>,
    ) {
        client.leave();
        {
            let mut board = self.board.write();
            channels.for_each(|channel| board.unsubscribe(client, channel));
        }
        if let Some(account) = account {
            self.disown(client, account);
        }
        let mut clients = self.clients.lock();
        clients.retain(|known| known.id != client.id);
        METRICS.clients.set(clients.len() as i64);
    }

    /// Connected stream clients.
    pub fn clients(&self) -> usize {
        self.clients.lock().len()
    }

    /// The channel a text names.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn channel(&self, text: &str) -> Result<Channel, ChannelError> {
        self.board.read().channel(text)
    }

    /// Subscribes a client; the channel's state is queued before anything that follows it.
    pub fn subscribe(&self, client: &Arc<Client>, channel: Channel) {
        self.board.write().subscribe(client, channel, self.clock.now());
    }

    /// Ends a subscription.
    pub fn unsubscribe(&self, client: &Arc<Client>, channel: Channel) {
        self.board.write().unsubscribe(client, channel);
    }

    /// Wakes `client` when something happens to `account` from now on; the position after
    /// which that is.
    pub fn own(&self, client: &Arc<Client>, account: AccountId) -> Position {
        // Registered first: what happens between the two is woken for and read.
        self.owners.lock().entry(account).or_default().push(client.clone());
        Position::end_of(self.ring.read().end())
    }

    /// Ends [`Market::own`].
    pub fn disown(&self, client: &Arc<Client>, account: AccountId) {
        let mut owners = self.owners.lock();
        if let Some(clients) = owners.get_mut(&account) {
            clients.retain(|known| known.id != client.id);
            if clients.is_empty() {
                owners.remove(&account);
            }
        }
    }

    /// A stretch of an account's events from memory; see [`Ring::page`].
    pub fn private_page(
        &self,
        account: AccountId,
        after: Position,
        until: Option<Position>,
        max: usize,
    ) -> Option<Page> {
        self.ring.read().page(account, after, until, max)
    }

    /// The position after which events are in memory, and the last sequence taken in.
    pub fn ring_bounds(&self) -> (Position, Seq) {
        let ring = self.ring.read();
        (ring.floor(), ring.end())
    }
}
