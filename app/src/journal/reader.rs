//! Reads a journal command by command: for projections, snapshots and tools. Everything is
//! checked on the way; what is not whole is never returned.

use std::path::Path;
use std::sync::Arc;

use zaraba_engine::Command;
use zaraba_engine::types::{Seq, Timestamp};

use super::files::{check_segments, numbered};
use super::format::reread_command;
use super::walk::Walker;
use super::{Dirs, JournalError, Watermark};
use crate::codec;

/// Reads commands in order; follows new segments.
///
/// The journal may be at rest, written by another process, or written by this one. In the
/// last case give the [`Watermark`]: nothing beyond it is returned.
pub struct JournalReader {
    walker: Walker,
    durable: Option<Arc<Watermark>>,
    /// Last sequence known durable, so that the watermark is not asked every time.
    known_durable: Seq,
    from: Seq,
    /// Next frame among the walker's.
    cursor: usize,
    checkpoint: Option<u64>,
    batch_hash: u64,
}

impl JournalReader {
    /// Reads from command `from` on to the end of what is there: a journal at rest, or one
    /// that another process writes.
    ///
    /// # Errors
    /// When the journal has no such place, or is damaged.
    pub fn open(dirs: &Dirs, from: Seq) -> Result<JournalReader, JournalError> {
        check_segments(dirs)?;
        let walker = walker_for(&dirs.journal, from)?;
        Ok(JournalReader {
            walker,
            durable: None,
            known_durable: Seq(u64::MAX),
            from: from.max(Seq(1)),
            cursor: 0,
            checkpoint: None,
            batch_hash: 0,
        })
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
        let known_durable = durable.get();
        if from.0 > known_durable.0 + 1 {
            return Err(not_there(from, Seq(known_durable.0 + 1)));
        }
        let mut walker = walker_for(&dirs.journal, from)?;
        walker.read_small();
        Ok(JournalReader {
            walker,
            durable: Some(durable),
            known_durable,
            from: from.max(Seq(1)),
            cursor: 0,
            checkpoint: None,
            batch_hash: 0,
        })
    }

    /// The next command; `None` when caught up (call again later).
    ///
    /// # Errors
    /// When the journal is damaged or cannot be read; the reader is of no use then.
    #[allow(clippy::should_implement_trait)] // an iterator would end at the first `None`
    pub fn next(&mut self) -> Result<Option<(Seq, Timestamp, Command)>, JournalError> {
        loop {
            while self.cursor < self.walker.frames().len() {
                let frame = &self.walker.frames()[self.cursor..];
                let (seq, at, body, length) = reread_command(frame);
                if seq < self.from {
                    self.cursor += length;
                    continue;
                }
                let command = codec::decode(body).map_err(|error| {
                    let (path, _) = self.walker.place();
                    unreadable(path, self.walker.batch_offset() + self.cursor as u64, seq, error)
                })?;
                self.cursor += length;
                let last = self.cursor == self.walker.frames().len();
                self.checkpoint = last.then_some(self.batch_hash);
                return Ok(Some((seq, at, command)));
            }
            if !self.next_batch()? {
                return Ok(None);
            }
        }
    }

    fn next_batch(&mut self) -> Result<bool, JournalError> {
        let next = self.walker.next_seq();
        if next > self.known_durable {
            if let Some(durable) = &self.durable {
                self.known_durable = durable.get();
            }
            if next > self.known_durable {
                return Ok(false);
            }
        }
        self.cursor = 0;
        match self.walker.next_batch()? {
            Some(trailer) => {
                self.batch_hash = trailer.state_hash;
                Ok(true)
            }
            None if self.durable.is_some() => {
                let (path, offset) = self.walker.place();
                let what = format!("command {next} was durable and is not there");
                Err(JournalError::segment(path, offset, what))
            }
            None if self.from > next => Err(not_there(self.from, next)),
            None => Ok(false),
        }
    }

    /// When the command returned last ended its batch: the engine's state hash after it, as
    /// the writer recorded it.
    pub fn checkpoint(&self) -> Option<u64> {
        self.checkpoint
    }

    /// The segment file it reads, and how far in bytes: for progress and messages.
    pub fn place(&self) -> (&Path, u64) {
        self.walker.place()
    }

    /// Bytes of an incomplete batch behind the last whole one, after `next` gave `None`: torn
    /// if nobody writes the journal, else still being written.
    pub fn incomplete_bytes(&self) -> u64 {
        self.walker.end().torn_bytes
    }
}

/// A record that is sound but not a command this program knows.
pub(super) fn unreadable(
    path: &Path,
    offset: u64,
    seq: Seq,
    error: codec::CodecError,
) -> JournalError {
    JournalError::Damaged {
        file: path.to_path_buf(),
        offset,
        what: format!("command {seq} cannot be read: {error}"),
        way_out: super::error::VERSION_WAYS_OUT.to_owned(),
    }
}

fn not_there(from: Seq, end: Seq) -> JournalError {
    JournalError::NotThere(format!(
        "command {from} was asked for, but the journal ends before command {end}: is this the \
         journal it belongs to?"
    ))
}

/// At the segment that holds `from`, or would.
fn walker_for(dir: &Path, from: Seq) -> Result<Walker, JournalError> {
    let segments = numbered(dir, "seg")?;
    let first = segments.iter().rev().find(|first| **first <= from.max(Seq(1)));
    match first {
        Some(first) => Walker::at_segment(dir, *first),
        None => Err(JournalError::NotThere(format!(
            "{} holds no journal with command {from}: check the data directory",
            dir.display()
        ))),
    }
}
