//! The journal: every command that changed the state, in order, on disk. Segments of
//! checksummed frames, group commit, snapshots, recovery, readers, and the command line for
//! it. The format and how a torn tail is told from damage: `docs/decisions/journal-format.md`.
//!
//! Must not come in: what commands mean. The engine is only fed, hashed and exported here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use zaraba_engine::types::Seq;

pub mod cli;
pub mod disk;
mod error;
mod files;
mod format;
mod metrics;
mod reader;
mod recover;
mod replay;
mod snapshot;
mod snapshotter;
mod tail;
mod walk;
mod writer;

pub use error::JournalError;
pub use format::JournalId;
pub(crate) use format::MAX_FRAME;
pub use format::put_command;
pub(crate) use metrics::METRICS;
pub use reader::JournalReader;
pub use recover::{Recovered, RecoveryReport, recover, recover_with};
pub use replay::{compare, replay_all};
pub use snapshot::{
    SnapshotHeader, check_snapshot, list_snapshots, load_engine, prune_snapshots, read_snapshot,
    snapshot_path, write_snapshot,
};
pub use snapshotter::{Snapshotter, SnapshotterParts};
pub use writer::JournalWriter;

/// Where the files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// Segments.
    pub journal: PathBuf,
    /// Snapshots.
    pub snapshots: PathBuf,
}

impl Dirs {
    /// The usual places under a data directory.
    pub fn of(data_dir: &Path) -> Dirs {
        Dirs { journal: data_dir.join("journal"), snapshots: data_dir.join("snapshots") }
    }
}

/// How far the journal is durable; readers wait on it.
#[derive(Default)]
pub struct Watermark {
    durable: Mutex<Seq>,
    moved: Condvar,
}

impl Watermark {
    /// Last durable sequence.
    pub fn get(&self) -> Seq {
        *self.durable.lock()
    }

    /// Says that everything up to `seq` is durable.
    pub fn advance(&self, seq: Seq) {
        *self.durable.lock() = seq;
        self.moved.notify_all();
    }

    /// Waits until something beyond `seq` is durable, at most `timeout`; the durable sequence.
    pub fn wait_beyond(&self, seq: Seq, timeout: Duration) -> Seq {
        let mut durable = self.durable.lock();
        if *durable <= seq {
            self.moved.wait_for(&mut durable, timeout);
        }
        *durable
    }
}
