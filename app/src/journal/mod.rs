//! (in work) The journal: segments of frames on disk, group commit, snapshots.
//!
//! Contract other modules are built against; the runtime owner fills it in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use zaraba_engine::types::Seq;

pub mod disk;
mod error;
mod reader;
mod recover;

pub use error::JournalError;
pub use reader::JournalReader;
pub use recover::{Recovered, RecoveryReport, load_engine, recover};

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

/// The journal, open for writing.
pub struct JournalWriter {}

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
