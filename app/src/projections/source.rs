//! Where the projector gets its commands and its engine from: the journal, or in tests a list.

use std::sync::Arc;
use std::time::Duration;

use zaraba_engine::types::{Seq, Timestamp};
use zaraba_engine::{Command, Event, Replica};

use crate::journal::{Dirs, JournalError, JournalReader, Watermark, compare, load_engine};

/// Commands in order, and a state to apply them to.
pub trait Source: Send {
    /// A state at or before command `at_most`, and goes on reading right after it.
    ///
    /// # Errors
    /// When the journal or its snapshots cannot be read.
    fn load(&mut self, at_most: Seq) -> Result<Replica, JournalError>;

    /// The next command; `None` when there is none yet.
    ///
    /// # Errors
    /// When the journal cannot be read or is damaged.
    fn next(&mut self) -> Result<Option<(Seq, Timestamp, Command)>, JournalError>;

    /// The state hash recorded after the command that `next` gave last, if one was.
    fn checkpoint(&self) -> Option<u64>;

    /// Applies the command that `next` gave last, and compares the state with the recorded one:
    /// tables tell what happened, not what this program would have done.
    ///
    /// # Errors
    /// When the states differ.
    fn apply(
        &self,
        engine: &mut Replica,
        (seq, at, command): (Seq, Timestamp, &Command),
        events: &mut Vec<Event>,
    ) -> Result<(), JournalError> {
        events.clear();
        engine.apply(seq, at, command, events);
        self.checkpoint().map_or(Ok(()), |recorded| compare(engine, recorded))
    }

    /// Waits until there may be a next command, at most `timeout`.
    fn wait(&mut self, timeout: Duration);
}

/// The journal of this node, while it is written or cold.
pub struct JournalSource {
    dirs: Dirs,
    durable: Option<Arc<Watermark>>,
    reader: Option<JournalReader>,
    last: Seq,
}

impl JournalSource {
    /// Reads what is durable, in the process that writes the journal.
    pub fn live(dirs: Dirs, durable: Arc<Watermark>) -> JournalSource {
        JournalSource { dirs, durable: Some(durable), reader: None, last: Seq(0) }
    }

    /// Reads what is there: a cold journal, or one that another process writes.
    pub fn cold(dirs: Dirs) -> JournalSource {
        JournalSource { dirs, durable: None, reader: None, last: Seq(0) }
    }
}

impl Source for JournalSource {
    fn load(&mut self, at_most: Seq) -> Result<Replica, JournalError> {
        let engine = if at_most == Seq(0) {
            Replica::new()
        } else {
            load_engine(&self.dirs, Some(at_most))?.0
        };
        self.last = engine.seq();
        let next = Seq(self.last.0 + 1);
        self.reader = Some(match &self.durable {
            Some(durable) => JournalReader::live(&self.dirs, next, durable.clone())?,
            None => JournalReader::open(&self.dirs, next)?,
        });
        Ok(engine)
    }

    fn next(&mut self) -> Result<Option<(Seq, Timestamp, Command)>, JournalError> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        let next = reader.next()?;
        if let Some((seq, ..)) = next {
            self.last = seq;
        }
        Ok(next)
    }

    fn checkpoint(&self) -> Option<u64> {
        self.reader.as_ref().and_then(JournalReader::checkpoint)
    }

    fn wait(&mut self, timeout: Duration) {
        match &self.durable {
            Some(durable) => drop(durable.wait_beyond(self.last, timeout)),
            None => std::thread::sleep(timeout),
        }
    }
}
