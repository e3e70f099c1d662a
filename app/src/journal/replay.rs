//! Applies a journal to a state as fast as two threads can: one reads, checks and decodes
//! ahead, the other applies and compares the recorded state hashes.

use crossbeam_channel::{Receiver, Sender, bounded};
use zaraba_engine::types::{Seq, Timestamp};
use zaraba_engine::{Command, Engine, Event, Replica};

use super::files::check_segments;
use super::format::reread_command;
use super::reader::unreadable;
use super::walk::{End, Walker};
use super::{Dirs, JournalError};
use crate::codec;

/// Commands decoded before they are handed over together.
const CHUNK: usize = 1024;
/// Chunks the reading thread may be ahead.
const AHEAD: usize = 4;

/// Decoded commands, and the state hashes recorded between them.
#[derive(Default)]
struct Chunk {
    commands: Vec<(Seq, Timestamp, Command)>,
    /// After how many of the commands the state has which hash.
    checkpoints: Vec<(usize, u64)>,
    /// Segment and offset it reaches to.
    place: (Seq, u64),
}

/// How a replay went.
pub(super) struct Walked {
    /// Where the journal ends.
    pub end: End,
    /// Commands that were only checked, because the state had them.
    pub checked: u64,
    /// Events that the applied ones gave.
    pub events: u64,
}

/// A state that commands are applied to.
pub(super) struct Replayer {
    pub engine: Replica,
    pub events: Vec<Event>,
    pub replayed: u64,
}

impl Replayer {
    pub fn new(engine: Replica) -> Replayer {
        Replayer { engine, events: Vec::new(), replayed: 0 }
    }

    /// Applies everything from the walker's place to the end of the journal that the state
    /// does not have yet. `progress` hears of segments and offsets reached.
    pub fn replay(
        &mut self,
        walker: Walker,
        progress: impl FnMut(Seq, u64),
    ) -> Result<Walked, JournalError> {
        self.replay_seen(walker, progress, |_, _, _, _| ())
    }

    /// As [`Replayer::replay`]; `see` is told of every command applied.
    fn replay_seen(
        &mut self,
        walker: Walker,
        mut progress: impl FnMut(Seq, u64),
        mut see: impl FnMut(&Engine, Timestamp, &Command, &[Event]),
    ) -> Result<Walked, JournalError> {
        let (filled, chunks) = bounded(AHEAD);
        let (recycle, recycled) = bounded(AHEAD);
        let have = self.engine.seq();
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || read_ahead(walker, have, &filled, &recycled));
            let mut events = 0;
            // Consumed, so that an early return closes the channel and ends the reader.
            for mut chunk in chunks {
                events += self.chunk(&chunk, &mut see)?;
                progress(chunk.place.0, chunk.place.1);
                chunk.commands.clear();
                chunk.checkpoints.clear();
                let _ = recycle.try_send(chunk); // only memory to be used again
            }
            let (end, checked) =
                reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(Walked { end, checked, events })
        })
    }

    fn chunk(
        &mut self,
        chunk: &Chunk,
        see: &mut impl FnMut(&Engine, Timestamp, &Command, &[Event]),
    ) -> Result<u64, JournalError> {
        let (mut done, mut events) = (0, 0);
        for (end, hash) in &chunk.checkpoints {
            for (i, (seq, at, command)) in chunk.commands[..*end].iter().enumerate().skip(done) {
                self.engine.look_ahead(i, |i| chunk.commands.get(i).map(|coming| &coming.2));
                self.apply(*seq, *at, command);
                see(&self.engine, *at, command, &self.events);
                events += self.events.len() as u64;
            }
            done = *end;
            self.compare(*hash)?;
        }
        Ok(events)
    }

    /// Applies the next command.
    pub fn apply(&mut self, seq: Seq, at: Timestamp, command: &Command) {
        self.events.clear();
        self.engine.apply(seq, at, command, &mut self.events);
        self.replayed += 1;
    }

    /// As [`compare`].
    pub fn compare(&self, recorded: u64) -> Result<(), JournalError> {
        compare(&self.engine, recorded)
    }
}

/// Compares a state's hash with the one that the journal recorded there.
///
/// # Errors
/// When they differ.
pub fn compare(engine: &Replica, recorded: u64) -> Result<(), JournalError> {
    match engine.state_hash() {
        found if found == recorded => Ok(()),
        found => Err(JournalError::StateMismatch { seq: engine.seq().0, recorded, found }),
    }
}

/// Replays a whole journal from its first command, comparing every recorded state hash; `see`
/// is told of the state after each command, its time, the command and its events.
///
/// # Errors
/// When there is no journal, it is damaged, or it gives another state.
pub fn replay_all(
    dirs: &Dirs,
    see: impl FnMut(&Engine, Timestamp, &Command, &[Event]),
) -> Result<Replica, JournalError> {
    let headers = check_segments(dirs)?;
    let Some(first) = headers.first() else {
        let what = format!("{} holds no journal", dirs.journal.display());
        return Err(JournalError::NotThere(what));
    };
    let mut replayer = Replayer::new(Replica::new());
    replayer.replay_seen(Walker::at_segment(&dirs.journal, first.first)?, |_, _| (), see)?;
    Ok(replayer.engine)
}

/// Walks to the end of the journal; how it ends, and how many commands were only checked.
fn read_ahead(
    mut walker: Walker,
    have: Seq,
    filled: &Sender<Chunk>,
    recycled: &Receiver<Chunk>,
) -> Result<(End, u64), JournalError> {
    let mut checked = 0;
    let mut chunk = Chunk::default();
    while let Some(trailer) = walker.next_batch()? {
        if trailer.last <= have {
            checked += u64::from(trailer.count);
            continue;
        }
        decode(&walker, have, &mut chunk.commands)?;
        chunk.checkpoints.push((chunk.commands.len(), trailer.state_hash));
        if chunk.commands.len() >= CHUNK {
            chunk.place = (walker.segment(), walker.place().1);
            let next = recycled.try_recv().unwrap_or_default();
            if filled.send(std::mem::replace(&mut chunk, next)).is_err() {
                break; // the other side has found something wrong and says so
            }
        }
    }
    chunk.place = (walker.segment(), walker.place().1);
    let _ = filled.send(chunk);
    Ok((walker.end(), checked))
}

/// Decodes the commands after `have` of the batch the walker stands on.
pub(super) fn decode(
    walker: &Walker,
    have: Seq,
    to: &mut Vec<(Seq, Timestamp, Command)>,
) -> Result<(), JournalError> {
    let mut at = 0;
    while at < walker.frames().len() {
        let (seq, time, body, length) = reread_command(&walker.frames()[at..]);
        if seq > have {
            let command = codec::decode(body).map_err(|error| {
                unreadable(walker.place().0, walker.batch_offset() + at as u64, seq, error)
            })?;
            to.push((seq, time, command));
        }
        at += length;
    }
    Ok(())
}
