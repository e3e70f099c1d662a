//! The sequencer: the one thread that changes trading state, and the two behind it that
//! make its work durable and release it.
//!
//! ```text
//! gate ─> sequencer ─> open batch ─> journal writer ─> releaser ─> hooks, watermark, replies
//!         (engine)     (one, shared)  (hash, write, sync)
//! ```
//!
//! The sequencer fills the open batch; the writer takes it whenever it is idle, so a batch
//! is whatever queued during the last sync, and matching overlaps the disk. Every place is
//! bounded: the open batch by `journal.batch_commands` and the writer's size, then one
//! batch at the writer, two at the releaser. When all are full the sequencer stops draining
//! the gate, whose queue fills, and callers hear `busy`.
//!
//! Must not come in: any decision about trading, any read of a database or network.

mod commit;
mod metrics;
mod pulse;
mod questions;
mod release;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TryRecvError, select};
use zaraba_engine::types::{Seq, Timestamp};
use zaraba_engine::{Engine, Replica, StateHash};

use crate::bus::Batch;
use crate::clock::MarketClock;
use crate::config::Config;
use crate::intake::gate::Submission;
use crate::journal::{JournalId, JournalWriter};
use crate::platform::Status;
use commit::{OpenBatch, Shared};
use metrics::METRICS;
pub use pulse::{Position, Pulse};
pub use questions::{ASSETS_MAX, Question, QuestionError, Questions};

/// Called with every batch once it is durable, in order, before its replies go out. Must not
/// block: everything waits for it.
pub type Hook = Box<dyn FnMut(&Arc<Batch>) + Send>;

/// Commands applied before the writer may look in.
const RUN: usize = 32;

/// What a sequencer is made of.
pub struct SequencerParts {
    /// The recovered state.
    pub engine: Replica,
    /// The journal behind it.
    pub writer: JournalWriter,
    /// Receiving end of the gate.
    pub queue: Receiver<Submission>,
    /// What is asked of the engine.
    pub questions: Receiver<Question>,
    /// The gate's switch.
    pub stopped: Arc<AtomicBool>,
    /// Told about durability and failure.
    pub status: Arc<Status>,
    /// Run in this order with every released batch.
    pub hooks: Vec<Hook>,
    /// Settings; `journal` is used.
    pub config: Arc<Config>,
    /// What commands are dated by.
    pub clock: MarketClock,
    /// Told what the state says about time.
    pub pulse: Arc<Pulse>,
}

/// The sequencer's own thread.
pub struct Sequencer {
    engine: Engine,
    last_at: Timestamp,
    queue: Receiver<Submission>,
    questions: Receiver<Question>,
    stop: Receiver<()>,
    /// Applied next: taken off the queue so that what they touch can be fetched from memory.
    run: VecDeque<Submission>,
    shared: Arc<Shared>,
    clock: MarketClock,
    pulse: Arc<Pulse>,
    apply_seconds: prometheus::local::LocalHistogram,
}

impl Sequencer {
    /// Starts the threads. The status' durable mark is set to the recovered sequence before
    /// this returns.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(parts: SequencerParts) -> std::io::Result<SequencerHandle> {
        let SequencerParts { engine, writer, queue, questions, stopped, .. } = parts;
        let SequencerParts { status, hooks, config, clock, pulse, .. } = parts;
        status.durable.advance(engine.seq());
        let journal = writer.journal_id();
        let last_at = writer.last_at();
        let (engine, hash) = engine.into_parts();
        let shared = Arc::new(Shared::new(config.journal.batch_commands, writer.max_batch_bytes()));
        let (stop, stopping) = crossbeam_channel::bounded(0);
        let (to_release, released) = crossbeam_channel::bounded(2);
        let (recycle, recycled) = crossbeam_channel::bounded(4);

        let sequencer = Sequencer {
            engine,
            last_at,
            queue,
            questions,
            stop: stopping,
            run: VecDeque::with_capacity(RUN),
            shared: shared.clone(),
            clock,
            pulse,
            apply_seconds: METRICS.apply_seconds.local(),
        };
        let committer = commit::Committer {
            writer,
            hash,
            shared,
            to_release,
            recycled,
            status: status.clone(),
            stopped: stopped.clone(),
        };
        let releaser = release::Releaser::new(hooks, status, released, recycle);
        Ok(SequencerHandle {
            journal,
            stop,
            stopped,
            releaser: thread("releaser", move || releaser.run())?,
            committer: thread("journal", move || committer.run())?,
            sequencer: thread("sequencer", move || sequencer.run())?,
        })
    }

    fn run(mut self) -> Engine {
        loop {
            let first = match self.queue.try_recv() {
                Ok(submission) => submission,
                Err(TryRecvError::Disconnected) => break,
                Err(TryRecvError::Empty) => select! {
                    recv(self.queue) -> submission => match submission {
                        Ok(submission) => submission,
                        Err(_) => break,
                    },
                    recv(self.questions) -> question => {
                        match question {
                            Ok(question) => question(&self.engine),
                            // Nobody is left who could ask.
                            Err(_) => self.questions = crossbeam_channel::never(),
                        }
                        continue;
                    }
                    recv(self.stop) -> _ => break,
                },
            };
            self.take_run(first);
            if let Ok(question) = self.questions.try_recv() {
                question(&self.engine);
            }
        }
        while let Ok(submission) = self.queue.try_recv() {
            self.take_run(submission);
        }
        self.shared.close();
        self.engine
    }

    /// Sequences `first` and a few that queue behind it. After a failure of the journal they
    /// are dropped, which tells their senders `Unknown`.
    fn take_run(&mut self, first: Submission) {
        self.run.push_back(first);
        self.run.extend(self.queue.try_iter().take(RUN - 1));
        while !self.run.is_empty() {
            self.apply_run();
        }
    }

    /// Sequences the run into the open batch, as far as that has room.
    fn apply_run(&mut self) {
        let shared = self.shared.clone();
        let Some(mut open) = shared.open_with_room() else { return self.run.clear() };
        self.last_at = self.last_at.max(self.clock.now());
        let mut begun = Instant::now();
        for at in 0.. {
            let coming = |i: usize| self.run.get(i - at).map(|submission| &submission.command);
            self.engine.look_ahead(at, coming);
            let Some(submission) = self.run.pop_front() else { break };
            self.apply(submission, &mut open.batch);
            let done = Instant::now();
            let took = done - begun;
            begun = done;
            self.apply_seconds.observe(took.as_secs_f64());
            self.last_at.0 += took.as_nanos() as u64;
            if !shared.has_room(&open.batch) {
                break;
            }
        }
        drop(open);
        shared.filled();
        self.pulse.tell(&self.engine);
        self.apply_seconds.flush();
        METRICS.queue_depth.set(self.queue.len() as i64);
    }

    fn apply(&mut self, submission: Submission, open: &mut OpenBatch) {
        let Submission { command, reply, since } = submission;
        let seq = Seq(self.engine.seq().0 + 1);
        let begin = open.batch.events.len();
        self.engine.apply(seq, self.last_at, &command, &mut open.batch.events);
        open.push(seq, self.last_at, command, begin, reply, since);
    }
}

/// Starts a thread whose panic ends the process: behind a broken invariant nothing may be
/// acknowledged any more, and the journal holds all that was.
fn thread<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<JoinHandle<T>> {
    Builder::new().name(name.into()).spawn(move || {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            tracing::error!(
                event = "sequencer.panicked",
                thread = name,
                "an invariant is broken; the process ends, everything acknowledged is in the journal"
            );
            std::process::abort()
        })
    })
}

/// A running sequencer. Dropping it stops it too, without waiting.
pub struct SequencerHandle {
    journal: JournalId,
    stop: Sender<()>,
    stopped: Arc<AtomicBool>,
    sequencer: JoinHandle<Engine>,
    committer: JoinHandle<Option<StateHash>>,
    releaser: JoinHandle<()>,
}

impl SequencerHandle {
    /// Closes the gate, finishes, syncs and answers what is queued, and ends the threads.
    /// The state, when all of it is durable (for a last snapshot), and the journal's identity.
    pub fn shutdown(self) -> Option<(Replica, JournalId)> {
        self.stopped.store(true, Ordering::Release);
        drop(self.stop);
        // These threads end the process when they panic, so they can be joined.
        let engine = self.sequencer.join().ok()?;
        let hash = self.committer.join().ok()??;
        self.releaser.join().ok()?;
        Some((Replica::of(engine, hash), self.journal))
    }

    /// Identity of the journal.
    pub fn journal_id(&self) -> JournalId {
        self.journal
    }
}
