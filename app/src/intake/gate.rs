//! The one bounded door to the sequencer. Everything that changes trading state comes
//! through here; when the queue is full, or clients sent as many commands in a second as all of
//! them may, the caller is told `busy` before anything is sequenced, and when the journal has
//! failed, that nothing can be accepted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use prometheus::{IntCounterVec, register_int_counter_vec};
use tokio::sync::oneshot;
use zaraba_engine::Command;
use zaraba_engine::types::Timestamp;

use crate::auth::limit::Meter;
use crate::bus::Receipt;

/// Commands that were not taken, by why.
static REFUSED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let refused = register_int_counter_vec!(
        "zaraba_gate_refused_total",
        "Commands not taken: `queue`, it was full; `rate`, clients' commands of a second were used up.",
        &["why"]
    )
    .expect("registered once");
    for why in [QUEUE, RATE] {
        refused.with_label_values(&[why]); // so that both show from the start
    }
    refused
});
const QUEUE: &str = "queue";
const RATE: &str = "rate";

/// Why a command was not sequenced, or its outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The queue is full; nothing was sequenced. Try again a little later.
    #[error("the order queue is full; nothing was accepted, try again")]
    Busy,
    /// Clients sent as many commands in this second as all of them together may; nothing was
    /// sequenced. Try again in a second.
    #[error(
        "the platform has taken all the commands it takes from its clients in a second \
         (intake.commands_per_second); the order was not sequenced, try again"
    )]
    OverRate,
    /// The platform accepts nothing (journal failed, shutting down); nothing was sequenced.
    #[error("the platform cannot accept commands: it is stopped or its journal has failed")]
    Stopped,
    /// The journal failed while the command was in flight: it may or may not survive a
    /// restart. Repeat it with the same client id to learn which.
    #[error("the journal failed before the command was safe; its outcome is unknown, repeat it")]
    Unknown,
}

/// A command on its way in, with the place its answer goes.
pub struct Submission {
    /// What to do.
    pub command: Command,
    /// Where the answer goes, once durable. Dropped unanswered: outcome unknown.
    pub reply: oneshot::Sender<Receipt>,
    /// When it came to the gate; the acknowledgement's latency counts from here.
    pub since: Instant,
}

/// Handle to the door; cheap to clone.
#[derive(Clone)]
pub struct Gate {
    queue: crossbeam_channel::Sender<Submission>,
    stopped: Arc<AtomicBool>,
    clients: Arc<Clients>,
}

/// What all clients together send.
struct Clients {
    per_second: u32,
    meter: Meter,
    since: Instant,
}

impl Clients {
    /// Counts a command at `now`, and whether it passes. Cancels always do: nobody is kept from
    /// getting out.
    fn pass(&self, command: &Command, now: Timestamp) -> bool {
        let cancels = matches!(command, Command::Cancel(_) | Command::CancelMany { .. });
        if cancels {
            self.meter.owe(now, self.per_second, 1);
        }
        cancels || self.meter.take(now, self.per_second, 1).is_ok()
    }
}

impl Gate {
    /// A door with room for `capacity` commands that takes `per_second` from clients, its
    /// receiving end, and the switch that closes it.
    pub fn new(
        capacity: usize,
        per_second: u32,
    ) -> (Gate, crossbeam_channel::Receiver<Submission>, Arc<AtomicBool>) {
        let (queue, receiver) = crossbeam_channel::bounded(capacity);
        let stopped = Arc::new(AtomicBool::new(false));
        LazyLock::force(&REFUSED);
        let clients = Clients { per_second, meter: Meter::default(), since: Instant::now() };
        let gate = Gate { queue, stopped: stopped.clone(), clients: Arc::new(clients) };
        (gate, receiver, stopped)
    }

    /// Hands in a command; the future resolves when its outcome is durable.
    ///
    /// # Errors
    /// See [`GateError`].
    pub async fn submit(&self, command: Command) -> Result<Receipt, GateError> {
        self.enqueue(command)?.await.map_err(|_| GateError::Unknown)
    }

    /// Hands in a client's command without waiting. The schedule's and people's of the back office
    /// come by the other ways: no flood of orders holds up the close or a kill switch.
    ///
    /// # Errors
    /// As [`Gate::enqueue`], and [`GateError::OverRate`].
    pub fn enqueue_client(
        &self,
        command: Command,
    ) -> Result<oneshot::Receiver<Receipt>, GateError> {
        let now = Timestamp(self.clients.since.elapsed().as_nanos() as u64);
        if !self.clients.pass(&command, now) {
            REFUSED.with_label_values(&[RATE]).inc();
            return Err(GateError::OverRate);
        }
        self.enqueue(command)
    }

    /// Hands in a command without waiting: for batches and pipelines, which await later.
    ///
    /// # Errors
    /// [`GateError::Busy`] and [`GateError::Stopped`]; nothing was sequenced.
    pub fn enqueue(&self, command: Command) -> Result<oneshot::Receiver<Receipt>, GateError> {
        if self.stopped.load(Ordering::Acquire) {
            return Err(GateError::Stopped);
        }
        let (reply, answer) = oneshot::channel();
        let since = Instant::now();
        match self.queue.try_send(Submission { command, reply, since }) {
            Ok(()) => Ok(answer),
            Err(crossbeam_channel::TrySendError::Full(_)) => {
                REFUSED.with_label_values(&[QUEUE]).inc();
                Err(GateError::Busy)
            }
            Err(crossbeam_channel::TrySendError::Disconnected(_)) => Err(GateError::Stopped),
        }
    }

    /// Whether commands are accepted at all.
    pub fn is_open(&self) -> bool {
        !self.stopped.load(Ordering::Acquire)
    }

    /// Commands waiting to be sequenced.
    pub fn depth(&self) -> usize {
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use zaraba_engine::command::{Cancel, Via};
    use zaraba_engine::types::{AccountCode, AccountId, OrderId};

    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn all_clients_share_one_rate_that_no_cancel_waits_for() {
        let clients = Clients { per_second: 2, meter: Meter::default(), since: Instant::now() };
        let order = Command::CreateAccount { code: AccountCode::new("one").unwrap() };
        let cancel = Command::Cancel(Cancel {
            account: AccountId(4),
            order: OrderId(1),
            via: Via::Rest,
            key: 0,
        });
        let passed = |command: &Command, now| clients.pass(command, Timestamp(now));
        assert!(passed(&order, 0) && passed(&order, 0));
        assert!(!passed(&order, 0), "two in a second");
        assert!(passed(&cancel, 0), "never refused");
        assert!(!passed(&order, SECOND / 2), "the cancel counted");
        assert!(passed(&order, SECOND));
    }
}
