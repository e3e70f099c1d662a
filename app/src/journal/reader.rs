//! (in work) Reads a journal from a given command on.

use std::sync::Arc;

use zaraba_engine::Command;
use zaraba_engine::types::{Seq, Timestamp};

use super::{Dirs, JournalError, Watermark};

/// Reads commands in order; follows new segments.
pub struct JournalReader {}

impl JournalReader {
    /// Reads from command `from` on to the end of what is there: a cold journal, or one that
    /// another process writes.
    ///
    /// # Errors
    /// When the journal has no such place, or is damaged.
    pub fn open(dirs: &Dirs, from: Seq) -> Result<JournalReader, JournalError> {
        let _ = (dirs, from);
        Ok(JournalReader {})
    }

    /// Reads from command `from` on, never beyond what is durable: for readers in the process
    /// that writes the journal.
    ///
    /// # Errors
    /// As [`JournalReader::open`].
    pub fn live(
        dirs: &Dirs,
        from: Seq,
        durable: Arc<Watermark>,
    ) -> Result<JournalReader, JournalError> {
        let _ = durable;
        JournalReader::open(dirs, from)
    }

    /// The next command; `None` when caught up (call again later).
    ///
    /// # Errors
    /// When the journal is damaged or cannot be read.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<(Seq, Timestamp, Command)>, JournalError> {
        Ok(None)
    }

    /// When the command returned last ended its batch: the engine's state hash after it, as
    /// the writer recorded it.
    pub fn checkpoint(&self) -> Option<u64> {
        None
    }
}
