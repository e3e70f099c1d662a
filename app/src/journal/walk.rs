//! Goes over a journal batch by batch, checking everything, from segment to segment.
//! Reader, recovery and `verify` stand on this; it never writes.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use zaraba_engine::types::Seq;

use super::JournalError;
use super::files::{is_written, numbered, open_segment};
use super::format::{Broken, HEADER_BYTES, Position, SegmentHeader, Trailer, read_batch};
use super::tail::{Verdict, judge};

/// Bytes read at once from a journal at rest.
const CHUNK: usize = 1 << 20;
/// Another process may be writing while we look: what looks damaged is looked at again,
/// this often and after this pause.
const LOOKS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(20);

/// Where a journal ends.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// Newest segment.
    pub path: PathBuf,
    /// Its header.
    pub header: SegmentHeader,
    /// Where its last whole batch ends.
    pub offset: u64,
    /// Where its last whole batch begins (that or the end of the header).
    pub last_batch: u64,
    /// What the next batch continues.
    pub position: Position,
    /// Bytes of a torn batch behind it.
    pub torn_bytes: u64,
}

/// A place in a journal.
pub(super) struct Walker {
    dir: PathBuf,
    file: File,
    path: PathBuf,
    header: SegmentHeader,
    offset: u64,
    last_batch: u64,
    position: Position,
    buffer: Vec<u8>,
    /// Offset in the file of the buffer's first byte.
    buffer_at: u64,
    chunk: usize,
    frames: Range<usize>,
    torn_bytes: u64,
}

impl Walker {
    /// At the beginning of the segment that begins with `first`.
    pub fn at_segment(dir: &Path, first: Seq) -> Result<Walker, JournalError> {
        let (file, path, header) = open_segment(dir, first)?;
        Ok(Walker {
            dir: dir.to_path_buf(),
            file,
            path,
            offset: HEADER_BYTES,
            last_batch: HEADER_BYTES,
            position: start_of(&header),
            header,
            buffer: Vec::new(),
            buffer_at: 0,
            chunk: CHUNK,
            frames: 0..0,
            torn_bytes: 0,
        })
    }

    /// Reads smaller pieces: for following a journal that grows by small batches.
    pub fn read_small(&mut self) {
        self.chunk = CHUNK / 16;
    }

    /// Number of the next command.
    pub fn next_seq(&self) -> Seq {
        self.position.next
    }

    /// First command of the segment it is in.
    pub fn segment(&self) -> Seq {
        self.header.first
    }

    /// The segment's file, and the offset in it after the batch returned last.
    pub fn place(&self) -> (&Path, u64) {
        (&self.path, self.offset)
    }

    /// Offset in the file of the batch returned last.
    pub fn batch_offset(&self) -> u64 {
        self.last_batch
    }

    /// The frames of the batch returned last, one after the other, without its trailer.
    pub fn frames(&self) -> &[u8] {
        &self.buffer[self.frames.clone()]
    }

    /// Where the journal ends; right after `next_batch` has returned `None`.
    pub fn end(&self) -> End {
        End {
            path: self.path.clone(),
            header: self.header,
            offset: self.offset,
            last_batch: self.last_batch,
            position: self.position,
            torn_bytes: self.torn_bytes,
        }
    }

    /// The next whole batch; `None` at the end of the journal (a torn batch may follow).
    pub fn next_batch(&mut self) -> Result<Option<Trailer>, JournalError> {
        let mut looks = 0;
        self.frames = 0..0; // they are overwritten from here on
        loop {
            let scanned = self.scan().map_err(JournalError::io("read", &self.path))?;
            let broken = match scanned {
                Ok((trailer, frames)) => return Ok(Some(self.take(trailer, frames))),
                Err(broken) => broken,
            };
            match self.what_follows(broken) {
                Ok(Some(next)) => self.enter(next)?,
                Ok(None) => return Ok(None),
                Err(error) => {
                    if looks >= LOOKS || !error.is_damage() || !is_written(&self.dir) {
                        return Err(error);
                    }
                    looks += 1;
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    fn take(&mut self, trailer: Trailer, frames: usize) -> Trailer {
        let begin = (self.offset - self.buffer_at) as usize;
        self.frames = begin..begin + frames;
        self.last_batch = self.offset;
        self.offset += (frames + super::format::TRAILER_BYTES) as u64;
        self.position =
            Position { next: Seq(trailer.last.0 + 1), last_at: trailer.at, chain: trailer.chain };
        trailer
    }

    /// Looks for a whole batch here: in what was read before, else in the file.
    fn scan(&mut self) -> io::Result<Result<(Trailer, usize), Broken>> {
        let known = self.offset.checked_sub(self.buffer_at).map(|skip| skip as usize);
        if let Some(bytes) = known.and_then(|skip| self.buffer.get(skip..))
            && let Ok(found) = read_batch(bytes, &self.position)
        {
            return Ok(Ok(found));
        }
        loop {
            let whole = self.read_here()?;
            match read_batch(&self.buffer, &self.position) {
                Err(Broken { short: true, .. }) if !whole => self.chunk *= 2,
                found => return Ok(found),
            }
        }
    }

    /// Fills the buffer from here; whether it now holds the rest of the file.
    fn read_here(&mut self) -> io::Result<bool> {
        self.buffer.resize(self.chunk, 0);
        self.buffer_at = self.offset;
        let mut filled = 0;
        while filled < self.buffer.len() {
            let at = self.offset + filled as u64;
            match self.file.read_at(&mut self.buffer[filled..], at)? {
                0 => break,
                count => filled += count,
            }
        }
        let whole = filled < self.buffer.len();
        self.buffer.truncate(filled);
        Ok(whole)
    }

    /// There is no whole batch here: the next segment, if this is the end of a closed one;
    /// `None` at the end of the journal.
    fn what_follows(&mut self, broken: Broken) -> Result<Option<Seq>, JournalError> {
        let next = self.position.next;
        let later = numbered(&self.dir, "seg")?.into_iter().find(|s| *s > self.header.first);
        let tail = self.tail().map_err(JournalError::io("read", &self.path))?;
        let offset = self.offset + broken.at as u64;
        let damaged = |offset, what: String| Err(JournalError::segment(&self.path, offset, what));
        match (judge(&tail, self.offset, next), later) {
            (Verdict::Damaged { why }, _) => damaged(offset, format!("{}; {why}", broken.what)),
            (Verdict::Clean, Some(later)) if later == next => Ok(Some(later)),
            (_, Some(later)) => damaged(
                offset,
                format!(
                    "{}, though the next segment begins with command {later} and this one \
                     should go up to it (the next command here would be {next})",
                    broken.what
                ),
            ),
            (Verdict::Clean, None) => {
                self.torn_bytes = 0;
                Ok(None)
            }
            (Verdict::Torn { bytes }, None) => {
                self.torn_bytes = bytes;
                Ok(None)
            }
        }
    }

    fn enter(&mut self, next: Seq) -> Result<(), JournalError> {
        let (file, path, header) = open_segment(&self.dir, next)?;
        let fits = header.journal == self.header.journal
            && header.previous == self.header.first
            && start_of(&header) == self.position;
        if !fits {
            let what = "it does not continue the segment before it";
            return Err(JournalError::segment(&path, 0, what));
        }
        (self.file, self.path, self.header) = (file, path, header);
        self.offset = HEADER_BYTES;
        self.last_batch = HEADER_BYTES;
        self.buffer.clear();
        self.buffer_at = 0;
        Ok(())
    }

    /// The bytes from here to the last one that is not zero. Space that was allocated but
    /// never written is skipped unread.
    fn tail(&self) -> io::Result<Vec<u8>> {
        use rustix::fs::{SeekFrom, seek};
        use rustix::io::Errno;
        let length = self.file.metadata()?.len();
        let mut tail = Vec::new();
        let mut at = self.offset;
        while at < length {
            let data = match seek(&self.file, SeekFrom::Data(at)) {
                Ok(data) => data.max(at),
                Err(Errno::NXIO) => break,
                Err(Errno::INVAL | Errno::OPNOTSUPP) => at,
                Err(errno) => return Err(errno.into()),
            };
            let end = seek(&self.file, SeekFrom::Hole(data)).unwrap_or(length).min(length);
            let end = end.clamp(data + 1, data + CHUNK as u64);
            let mut piece = vec![0; (end - data) as usize];
            let read = self.file.read_at(&mut piece, data)?;
            if let Some(last) = piece[..read].iter().rposition(|byte| *byte != 0) {
                tail.resize((data - self.offset) as usize, 0);
                tail.extend_from_slice(&piece[..=last]);
            }
            at = end;
        }
        Ok(tail)
    }
}

/// What the first batch of a segment continues.
fn start_of(header: &SegmentHeader) -> Position {
    Position { next: header.first, last_at: header.last_at, chain: header.chain }
}
