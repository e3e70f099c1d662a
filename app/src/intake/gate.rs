//! The one bounded door to the sequencer. Everything that changes trading state comes
//! through here; when the queue is full the caller is told `busy` before anything is
//! sequenced, and when the journal has failed, that nothing can be accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::oneshot;
use zaraba_engine::Command;

use crate::bus::Receipt;

/// Why a command was not sequenced, or its outcome is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// The queue is full; nothing was sequenced. Try again a little later.
    #[error("the order queue is full; nothing was accepted, try again")]
    Busy,
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
}

impl Gate {
    /// A door with room for `capacity` commands, its receiving end, and the switch that
    /// closes it.
    pub fn new(
        capacity: usize,
    ) -> (Gate, crossbeam_channel::Receiver<Submission>, Arc<AtomicBool>) {
        let (queue, receiver) = crossbeam_channel::bounded(capacity);
        let stopped = Arc::new(AtomicBool::new(false));
        (Gate { queue, stopped: stopped.clone() }, receiver, stopped)
    }

    /// Hands in a command; the future resolves when its outcome is durable.
    ///
    /// # Errors
    /// See [`GateError`].
    pub async fn submit(&self, command: Command) -> Result<Receipt, GateError> {
        self.enqueue(command)?.await.map_err(|_| GateError::Unknown)
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
            Err(crossbeam_channel::TrySendError::Full(_)) => Err(GateError::Busy),
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
