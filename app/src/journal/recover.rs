//! (in work) From files to a running state.

use std::sync::Arc;
use std::time::Duration;

use zaraba_engine::Engine;
use zaraba_engine::types::Seq;

use super::disk::Disk;
use super::{Dirs, JournalError, JournalWriter};
use crate::config::Config;

/// A state brought back, and the journal open for writing behind it.
pub struct Recovered {
    /// The state after the last command of the journal.
    pub engine: Engine,
    /// The journal, open for writing; give it to the sequencer.
    pub writer: JournalWriter,
    /// How it went.
    pub report: RecoveryReport,
}

/// How a recovery went.
#[derive(Clone, Debug, Default)]
pub struct RecoveryReport {
    /// Last command.
    pub seq: Seq,
    /// Sequence of the snapshot it began from; zero: none.
    pub snapshot: Seq,
    /// Commands replayed after the snapshot.
    pub replayed: u64,
    /// Bytes of a torn tail that were cut off.
    pub torn_bytes: u64,
    /// How long it all took.
    pub took: Duration,
}

/// Brings the state back from the newest snapshot and the journal after it, and opens the
/// journal for writing; begins a new one where there is none.
///
/// # Errors
/// When the journal or snapshot is damaged, of another version, or open elsewhere.
pub fn recover(
    dirs: &Dirs,
    config: &Config,
    disk: Arc<dyn Disk>,
) -> Result<Recovered, JournalError> {
    let _ = (dirs, config, disk);
    Ok(Recovered {
        engine: Engine::new(),
        writer: JournalWriter {},
        report: RecoveryReport::default(),
    })
}

/// The state of the newest snapshot, or of the newest at or below `at_most`; an empty state
/// and zero where there is none. The caller reads on from the next command.
///
/// # Errors
/// When the snapshot is damaged or of another version.
pub fn load_engine(dirs: &Dirs, at_most: Option<Seq>) -> Result<(Engine, Seq), JournalError> {
    let _ = (dirs, at_most);
    Ok((Engine::new(), Seq(0)))
}
