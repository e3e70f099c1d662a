//! The open batch between sequencer and journal, and the thread that takes and syncs it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};
use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::oneshot;
use zaraba_engine::types::{Seq, Timestamp};
use zaraba_engine::{Command, StateHash};

use crate::bus::{Batch, Receipt, Step};
use crate::journal::{JournalError, JournalWriter, METRICS, put_command};
use crate::platform::Status;

/// Most events of a batch, as a bound of its memory: past it no more commands come in.
const MAX_EVENTS: usize = 1 << 20;

/// A batch being filled: commands with events, their frames, and who waits for them.
#[derive(Default)]
pub(super) struct OpenBatch {
    pub batch: Batch,
    pub frames: Vec<u8>,
    pub replies: Vec<(oneshot::Sender<Receipt>, Instant)>,
}

impl OpenBatch {
    /// Adds an applied command whose events begin at `begin`.
    pub fn push(
        &mut self,
        seq: Seq,
        at: Timestamp,
        command: Command,
        begin: usize,
        reply: oneshot::Sender<Receipt>,
        since: Instant,
    ) {
        put_command(&mut self.frames, seq, at, &command);
        let events = begin as u32..self.batch.events.len() as u32; // MAX_EVENTS bounds them
        // Who gave it is in the journal; what it does is the same.
        let command = command.into_plain();
        self.batch.steps.push(Step { seq, at, command, events });
        self.replies.push((reply, since));
    }

    fn is_empty(&self) -> bool {
        self.batch.steps.is_empty()
    }
}

/// State of the place where sequencer and journal meet.
#[derive(Default)]
pub(super) struct Slot {
    pub batch: OpenBatch,
    closed: bool,
    failed: bool,
}

/// The place where sequencer and journal meet.
pub(super) struct Shared {
    slot: Mutex<Slot>,
    has_work: Condvar,
    has_space: Condvar,
    max_commands: usize,
    max_bytes: usize,
}

impl Shared {
    pub fn new(max_commands: usize, max_bytes: usize) -> Shared {
        Shared {
            slot: Mutex::default(),
            has_work: Condvar::new(),
            has_space: Condvar::new(),
            max_commands,
            max_bytes,
        }
    }

    /// Whether one more command fits.
    pub fn has_room(&self, open: &OpenBatch) -> bool {
        open.batch.steps.len() < self.max_commands
            && open.frames.len() + crate::journal::MAX_FRAME <= self.max_bytes
            && open.batch.events.len() < MAX_EVENTS
    }

    /// The open batch, once it has room; `None` when the journal has failed.
    pub fn open_with_room(&self) -> Option<MutexGuard<'_, Slot>> {
        let mut slot = self.slot.lock();
        while !slot.failed && !self.has_room(&slot.batch) {
            self.has_space.wait(&mut slot);
        }
        (!slot.failed).then_some(slot)
    }

    /// Tells the journal that there is work.
    pub fn filled(&self) {
        self.has_work.notify_one();
    }

    /// Tells the journal that nothing more will come.
    pub fn close(&self) {
        self.slot.lock().closed = true;
        self.has_work.notify_one();
    }

    /// Takes the open batch, leaving `empty` in its place; `None` when closed and done.
    fn take(&self, empty: OpenBatch) -> Option<OpenBatch> {
        let mut slot = self.slot.lock();
        while slot.batch.is_empty() {
            if slot.closed {
                return None;
            }
            self.has_work.wait(&mut slot);
        }
        let full = std::mem::replace(&mut slot.batch, empty);
        drop(slot);
        self.has_space.notify_one();
        Some(full)
    }

    /// Refuses everything from now on; who waits in the open batch hears `Unknown`.
    fn fail(&self) {
        let mut slot = self.slot.lock();
        slot.failed = true;
        let dropped = std::mem::take(&mut slot.batch);
        drop(slot);
        self.has_space.notify_one();
        drop(dropped);
    }
}

/// The journal's thread.
pub(super) struct Committer {
    pub writer: JournalWriter,
    /// Of everything in the journal: computed here, where the disk is waited for anyway, and not
    /// where orders wait.
    pub hash: StateHash,
    pub shared: Arc<Shared>,
    pub to_release: Sender<OpenBatch>,
    pub recycled: Receiver<OpenBatch>,
    pub status: Arc<Status>,
    pub stopped: Arc<AtomicBool>,
}

impl Committer {
    /// Syncs batches until closed; the hash of them all when all are durable.
    pub fn run(mut self) -> Option<StateHash> {
        loop {
            let empty = self.recycled.try_recv().unwrap_or_default();
            let Some(mut open) = self.shared.take(empty) else {
                return Some(self.hash);
            };
            if let Err(error) = self.commit(&mut open) {
                self.fail(&error);
                return None;
            }
            if self.to_release.send(open).is_err() {
                return None; // the releaser never ends before this thread
            }
        }
    }

    fn commit(&mut self, open: &mut OpenBatch) -> Result<(), JournalError> {
        let Some(last) = open.batch.steps.last() else { return Ok(()) };
        for (step, events) in open.batch.iter() {
            self.hash.take(step.seq, step.at, &step.command, events);
        }
        let state_hash = self.hash.value();
        let count = open.batch.steps.len() as u32;
        let (seq, at) = (last.seq, last.at);
        open.batch.state_hash = state_hash;
        self.writer.append(&mut open.frames, count, seq, at, state_hash)
    }

    /// Nothing more can be made safe, so nothing more is accepted or answered. The process
    /// stays up: health and metrics say why.
    fn fail(&self, error: &JournalError) {
        self.stopped.store(true, Ordering::Release);
        self.status.set_journal_error(error.to_string());
        METRICS.failed.set(1);
        tracing::error!(
            event = "journal.failed",
            error = %error,
            "the journal cannot be written: nothing is accepted or acknowledged any more. \
             Everything acknowledged is safe. Mend the disk, then restart the node"
        );
        self.shared.fail();
    }
}
