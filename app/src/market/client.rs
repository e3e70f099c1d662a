//! One stream client's side of the fan-out: a bounded queue that the market thread fills
//! without ever waiting and the client's own writer task empties.
//!
//! Past half of the bound, states (depth, ticker, candles) are conflated: each channel has
//! at most one waiting entry, whose content is brought up to date in place. Trades, phases
//! and answers are never conflated and never lost: when they no longer fit, the client is
//! dropped with a reason. Private events do not wait here but in the shared ring
//! ([`super::private`]); the queue only counts them. Must not depend on sockets.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use axum::extract::ws::Utf8Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use zaraba_engine::types::{InstrumentId, Timestamp};

use super::candles::Interval;
use super::ladder::{Changes, Diff, SNAPSHOT_LEVELS, Snapshot, Units};
use super::metrics::METRICS;

/// A public channel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Channel {
    /// Price levels.
    Depth(InstrumentId),
    /// Every trade.
    Trades(InstrumentId),
    /// Day statistics and best prices.
    Ticker(InstrumentId),
    /// Candles of one interval.
    Candles(InstrumentId, Interval),
    /// Trading phase, quote, halts, limits.
    Phase(InstrumentId),
    /// What an auction would do now, and what each did.
    Auction(InstrumentId),
}

/// Why a client was dropped; the metric's label and, where it is a protocol error, the
/// code the client is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Drop {
    /// Its queue was full.
    TooSlow,
    /// It took no bytes for the write timeout.
    WriteTimeout,
    /// Nothing came from it for the idle time.
    Idle,
    /// Too many bad messages.
    TooManyErrors,
    /// A message above the size bound.
    MessageTooLarge,
    /// Text that is not UTF-8.
    InvalidUtf8,
    /// Its key was revoked or has expired.
    KeyExpired,
    /// The server is stopping.
    Shutdown,
}

impl Drop {
    /// Every reason.
    pub const ALL: [Drop; 8] = [
        Drop::TooSlow,
        Drop::WriteTimeout,
        Drop::Idle,
        Drop::TooManyErrors,
        Drop::MessageTooLarge,
        Drop::InvalidUtf8,
        Drop::KeyExpired,
        Drop::Shutdown,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Drop::TooSlow => "too_slow",
            Drop::WriteTimeout => "write_timeout",
            Drop::Idle => "idle",
            Drop::TooManyErrors => "too_many_errors",
            Drop::MessageTooLarge => "message_too_large",
            Drop::InvalidUtf8 => "invalid_utf8",
            Drop::KeyExpired => "key_expired",
            Drop::Shutdown => "shutdown",
        }
    }

    /// The WebSocket close code sent with it.
    pub fn close_code(self) -> u16 {
        match self {
            Drop::TooSlow | Drop::WriteTimeout => 4008,
            Drop::Idle => 4009,
            Drop::TooManyErrors | Drop::KeyExpired => 1008,
            Drop::InvalidUtf8 => 1007,
            Drop::MessageTooLarge => 1009,
            Drop::Shutdown => 1001,
        }
    }

    /// What the client is told.
    pub fn message(self) -> &'static str {
        match self {
            Drop::TooSlow => {
                "the client reads too slowly: its queue is full; reconnect, resume, read faster"
            }
            Drop::WriteTimeout => "the client took no data for too long; reconnect and resume",
            Drop::Idle => "nothing came from the client for too long, not even a pong",
            Drop::TooManyErrors => "too many bad messages on this connection",
            Drop::MessageTooLarge => "a message was far larger than 65536 bytes",
            Drop::InvalidUtf8 => "a text message was not UTF-8",
            Drop::KeyExpired => "the API key was revoked or has expired",
            Drop::Shutdown => "the server is stopping; reconnect and resume",
        }
    }
}

/// What identifies a conflated entry: a channel, and for candles which candle.
type Slot = (Channel, Timestamp);

enum Waiting {
    Message(Utf8Bytes),
    Diff(Arc<Diff>),
    Snapshot(Arc<Snapshot>),
    /// The content is in `states`.
    Slot(Slot),
}

enum State {
    Depth { units: Arc<Units>, changes: Changes },
    Message(Utf8Bytes),
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    states: HashMap<Slot, State>,
}

/// One connected client.
pub struct Client {
    /// Number of the connection, for the log.
    pub id: u64,
    capacity: usize,
    queue: Mutex<Queue>,
    wake: Notify,
    gone: AtomicBool,
    dropped: Mutex<Option<Drop>>,
    /// Released private events this client has yet to be sent, once it is live.
    private_due: AtomicUsize,
    private_live: AtomicBool,
    conflated: AtomicU64,
}

impl Client {
    /// A client whose queue holds `capacity` messages.
    pub fn new(id: u64, capacity: usize) -> Arc<Client> {
        Arc::new(Client {
            id,
            capacity,
            queue: Mutex::default(),
            wake: Notify::new(),
            gone: AtomicBool::new(false),
            dropped: Mutex::new(None),
            private_due: AtomicUsize::new(0),
            private_live: AtomicBool::new(false),
            conflated: AtomicU64::new(0),
        })
    }

    /// Whether nothing more will be sent to it: dropped or disconnected.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Marks it disconnected: everyone may forget it.
    pub fn leave(&self) {
        self.gone.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Marks it to be dropped; the first reason stays.
    pub fn drop_for(&self, reason: Drop) {
        let mut dropped = self.dropped.lock();
        if dropped.is_none() && !self.is_gone() {
            *dropped = Some(reason);
            METRICS.drops.with_label_values(&[reason.code()]).inc();
            tracing::info!(
                event = "stream.client_dropped",
                client.id = self.id,
                reason = reason.code(),
                conflated = self.conflated.load(Ordering::Relaxed)
            );
        }
        std::mem::drop(dropped);
        self.leave();
    }

    /// Why it was dropped, if it was.
    pub fn dropped(&self) -> Option<Drop> {
        *self.dropped.lock()
    }

    /// Queues a message that must not be lost. A full queue drops the client.
    pub fn send(&self, message: Utf8Bytes) {
        self.push(Waiting::Message(message));
    }

    /// Queues the start of a depth channel; what was waiting for it before is forgotten.
    pub fn send_snapshot(&self, channel: Channel, snapshot: Arc<Snapshot>) {
        self.queue.lock().states.remove(&(channel, Timestamp(0)));
        self.push(Waiting::Snapshot(snapshot));
    }

    fn push(&self, entry: Waiting) {
        if self.is_gone() {
            return;
        }
        let mut queue = self.queue.lock();
        if queue.waiting.len() >= self.capacity {
            std::mem::drop(queue);
            return self.drop_for(Drop::TooSlow);
        }
        queue.waiting.push_back(entry);
        METRICS.note_queue(queue.waiting.len());
        std::mem::drop(queue);
        self.wake.notify_one();
    }

    /// Queues a depth difference, conflated when the queue is more than half full.
    pub fn send_diff(&self, channel: Channel, units: &Arc<Units>, diff: &Arc<Diff>) {
        let slot = (channel, Timestamp(0));
        let too_wide = {
            let mut queue = self.queue.lock();
            let past_half = queue.waiting.len() * 2 > self.capacity;
            match queue.states.get_mut(&slot) {
                Some(State::Depth { changes, .. }) => {
                    changes.merge(&diff.changes);
                    self.count_conflation();
                    changes.len() > 2 * SNAPSHOT_LEVELS
                }
                _ if past_half => {
                    let state =
                        State::Depth { units: units.clone(), changes: diff.changes.clone() };
                    return self.push_state(queue, slot, state);
                }
                _ => {
                    std::mem::drop(queue);
                    return self.push(Waiting::Diff(diff.clone()));
                }
            }
        };
        if too_wide {
            self.drop_for(Drop::TooSlow);
        }
    }

    /// Queues a state of which only the newest matters, conflated when the queue is more
    /// than half full. `at` tells candles of one channel apart.
    pub fn send_state(&self, channel: Channel, at: Timestamp, message: Utf8Bytes) {
        let slot = (channel, at);
        let mut queue = self.queue.lock();
        if let Some(state) = queue.states.get_mut(&slot) {
            *state = State::Message(message);
            self.count_conflation();
        } else if queue.waiting.len() * 2 > self.capacity {
            self.push_state(queue, slot, State::Message(message));
        } else {
            std::mem::drop(queue);
            self.push(Waiting::Message(message));
        }
    }

    fn push_state(&self, mut queue: parking_lot::MutexGuard<'_, Queue>, slot: Slot, state: State) {
        queue.states.insert(slot, state);
        std::mem::drop(queue);
        self.push(Waiting::Slot(slot));
    }

    fn count_conflation(&self) {
        self.conflated.fetch_add(1, Ordering::Relaxed);
        METRICS.conflations.inc();
    }

    /// The next message, if one waits.
    pub fn next(&self) -> Option<Utf8Bytes> {
        let (entry, state) = {
            let mut queue = self.queue.lock();
            loop {
                match queue.waiting.pop_front()? {
                    Waiting::Slot(slot) => match queue.states.remove(&slot) {
                        Some(state) => break (None, Some(state)),
                        // A newer snapshot took its place, or the channel was left.
                        None => continue,
                    },
                    entry => break (Some(entry), None),
                }
            }
        };
        // Written outside the lock: the market thread must not wait for it.
        match (entry, state) {
            (Some(Waiting::Message(message)), _) => Some(message),
            (Some(Waiting::Diff(diff)), _) => Some(diff.message.clone()),
            (Some(Waiting::Snapshot(snapshot)), _) => Some(snapshot.message()),
            (_, Some(State::Depth { units, changes })) => Some(changes.render(&units)),
            (_, Some(State::Message(message))) => Some(message),
            _ => None,
        }
    }

    /// Forgets conflated states of a channel the client left.
    pub fn forget(&self, channel: Channel) {
        self.queue.lock().states.retain(|(of, _), _| *of != channel);
    }

    /// Messages waiting.
    pub fn queued(&self) -> usize {
        self.queue.lock().waiting.len()
    }

    /// Waits until there may be something to send, or the client is gone.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// Notes that `count` more private events wait in the ring for this client.
    pub fn private_released(&self, count: usize) {
        let due = self.private_due.fetch_add(count, Ordering::AcqRel) + count;
        if due > self.capacity && self.private_live.load(Ordering::Acquire) {
            self.drop_for(Drop::TooSlow);
        } else {
            self.wake.notify_one();
        }
    }

    /// Notes that `count` private events were taken from the ring. `caught_up`: all that
    /// were released by then have been; from then on the bound applies.
    pub fn private_taken(&self, count: usize, caught_up: bool) {
        if caught_up {
            self.private_due.store(0, Ordering::Release);
            self.private_live.store(true, Ordering::Release);
        } else {
            let less = |due: usize| Some(due.saturating_sub(count));
            let _ = self.private_due.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        }
    }

    /// Notes that the client resumes: it may be far behind, at its own pace, until it has
    /// caught up.
    pub fn private_resumes(&self) {
        self.private_live.store(false, Ordering::Release);
        self.wake.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zaraba_engine::types::{Price, Quantity, Seq};

    const DEPTH: Channel = Channel::Depth(InstrumentId(0));

    fn units() -> Arc<Units> {
        Arc::new(Units { symbol: "7203".into(), price_digits: 0, quantity_digits: 0 })
    }

    fn diff(prev_seq: u64, seq: u64, price: i64, quantity: i64) -> Arc<Diff> {
        let bids = [(Price(price), Quantity(quantity))].into();
        let changes =
            Changes { prev_seq: Seq(prev_seq), seq: Seq(seq), bids, ..Changes::default() };
        Arc::new(Diff { message: changes.render(&units()), changes })
    }

    #[test]
    fn past_half_depth_is_conflated_and_the_chain_has_no_gap() {
        let client = Client::new(1, 4);
        for seq in 1..=10 {
            client.send_diff(DEPTH, &units(), &diff(seq - 1, seq, 100, seq as i64));
        }
        assert!(!client.is_gone());
        let messages: Vec<String> =
            std::iter::from_fn(|| client.next()).map(|m| m.to_string()).collect();
        assert_eq!(messages.len(), 4, "{messages:?}");
        assert!(messages[3].contains(r#""prev_seq":3,"seq":10,"bids":[["100","10"]]"#));
        // Emptied, it gets every difference again.
        client.send_diff(DEPTH, &units(), &diff(10, 11, 100, 11));
        client.send_diff(DEPTH, &units(), &diff(11, 12, 100, 12));
        assert_eq!(std::iter::from_fn(|| client.next()).count(), 2);
    }

    #[test]
    fn trades_are_never_lost_a_full_queue_drops_the_client() {
        let client = Client::new(1, 4);
        for number in 0..4 {
            client.send(format!("{number}").into());
        }
        assert!(client.dropped().is_none());
        client.send("4".into());
        assert_eq!(client.dropped(), Some(Drop::TooSlow));
        assert_eq!(client.next().as_deref(), Some("0"));
    }

    #[test]
    fn states_keep_only_the_newest_but_candles_apart() {
        let client = Client::new(1, 4);
        let channel = Channel::Candles(InstrumentId(0), Interval::Minute);
        for _ in 0..3 {
            client.send("x".into());
        }
        client.send_state(channel, Timestamp(1), "old".into());
        client.send_state(channel, Timestamp(1), "new".into());
        let rest: Vec<String> =
            std::iter::from_fn(|| client.next()).skip(3).map(|m| m.to_string()).collect();
        assert_eq!(rest, ["new"]);
    }

    #[test]
    fn the_bound_on_private_events_applies_once_live() {
        let client = Client::new(1, 4);
        client.private_released(10);
        assert!(!client.is_gone());
        client.private_taken(10, true);
        client.private_released(4);
        assert!(!client.is_gone());
        client.private_released(1);
        assert_eq!(client.dropped(), Some(Drop::TooSlow));
    }
}
