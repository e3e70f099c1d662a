//! Takes snapshots without stopping trading: a thread with a second copy of the state,
//! fed from the journal behind the durable mark.
//!
//! It costs the memory of that second state (as much as the first), and the processor time
//! of applying every command once more, at a lower priority than the rest of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use zaraba_engine::types::Seq;

use super::disk::Disk;
use super::metrics::METRICS;
use super::replay::Replayer;
use super::{
    Dirs, JournalError, JournalId, JournalReader, load_engine, prune_snapshots, write_snapshot,
};
use crate::config;
use crate::platform::Status;

/// How long it may take to notice that it should end, in idle times.
const NAP: Duration = Duration::from_millis(200);
/// Commands between two looks at the stop flag.
const LOOK_EVERY: u32 = 1024;
/// Niceness: behind the threads that answer clients.
const NICENESS: i32 = 10;

/// What a snapshotter needs.
pub struct SnapshotterParts {
    /// Where journal and snapshots are.
    pub dirs: Dirs,
    /// Identity of the journal.
    pub journal: JournalId,
    /// How often, how many.
    pub config: config::Journal,
    /// Durable mark to follow; how far the projections are.
    pub status: Arc<Status>,
    /// How files are written.
    pub disk: Arc<dyn Disk>,
}

/// The running thread.
pub struct Snapshotter {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Snapshotter {
    /// Starts the thread. The durable mark must be set to the recovered sequence before.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(parts: SnapshotterParts) -> std::io::Result<Snapshotter> {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::Builder::new().name("snapshotter".into()).spawn({
            let stop = stop.clone();
            move || {
                // On Linux this is the thread's own; failing only costs politeness.
                let _ = rustix::process::setpriority_process(None, NICENESS);
                if let Err(error) = follow(&parts, &stop) {
                    METRICS.snapshot_failures.inc();
                    tracing::error!(
                        event = "snapshot.stopped",
                        error = %error,
                        "no more snapshots are taken; trading goes on, the next start takes longer"
                    );
                }
            }
        })?;
        Ok(Snapshotter { stop, thread })
    }

    /// Ends the thread; a snapshot being written is finished first.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        if self.thread.join().is_err() {
            tracing::error!(event = "snapshot.panicked", "the snapshotter ended by a panic");
        }
    }
}

fn follow(parts: &SnapshotterParts, stop: &AtomicBool) -> Result<(), JournalError> {
    let (engine, mut newest) = load_engine(&parts.dirs, None)?;
    prune(parts); // the one taken when the node stopped may be one too many
    let mut replayer = Replayer::new(engine);
    let durable = parts.status.durable.clone();
    let mut reader = JournalReader::live(&parts.dirs, Seq(newest.0 + 1), durable.clone())?;
    let mut since_look = 0;
    loop {
        match reader.next()? {
            None => {
                durable.wait_beyond(replayer.engine.seq(), NAP);
                since_look = LOOK_EVERY;
            }
            Some((seq, at, command)) => {
                replayer.apply(seq, at, &command);
                if let Some(recorded) = reader.checkpoint() {
                    replayer.compare(recorded)?;
                }
                if seq.0 - newest.0 >= parts.config.snapshot_every {
                    take(parts, &replayer);
                    newest = seq;
                }
                since_look += 1;
            }
        }
        if since_look >= LOOK_EVERY {
            since_look = 0;
            if stop.load(Ordering::Acquire) {
                return Ok(());
            }
        }
    }
}

/// Writes one; a failure costs only that one.
fn take(parts: &SnapshotterParts, replayer: &Replayer) {
    let started = Instant::now();
    let seq = replayer.engine.seq();
    let written = write_snapshot(&parts.dirs, parts.journal, &replayer.engine, &*parts.disk);
    match written {
        Ok((path, bytes)) => {
            METRICS.snapshot_seconds.observe(started.elapsed().as_secs_f64());
            METRICS.snapshot_seq.set(seq.0 as i64);
            METRICS.snapshot_bytes.set(bytes as i64);
            tracing::info!(
                event = "snapshot.written",
                snapshot.file = %path.display(),
                snapshot.seq = seq.0,
                snapshot.bytes = bytes,
                snapshot.took_ms = started.elapsed().as_millis() as u64,
                "a snapshot is on disk"
            );
            prune(parts);
        }
        Err(error) => {
            METRICS.snapshot_failures.inc();
            tracing::error!(
                event = "snapshot.failed",
                snapshot.seq = seq.0,
                error = %error,
                "a snapshot could not be written; the journal is unharmed, the next is tried in time"
            );
        }
    }
}

/// Removes the ones no longer kept. Failing costs only space.
fn prune(parts: &SnapshotterParts) {
    let (kept, projected) = (parts.config.snapshots_kept, parts.status.projected());
    if let Err(error) = prune_snapshots(&parts.dirs, kept, projected, &*parts.disk) {
        tracing::warn!(event = "snapshot.prune_failed", error = %error, "an old snapshot stays");
    }
}
