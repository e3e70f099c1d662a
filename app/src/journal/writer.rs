//! Appends batches to the journal: one write and one fdatasync each, on space that was
//! allocated and filled with zeros before, so that a sync has no metadata to write.
//!
//! Any failure is final. After a failed fsync the kernel may have dropped the pages it could
//! not write and call them clean, so a second sync would lie; the writer refuses everything
//! from then on, and only a restart, which reads back what is really there, goes on.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use zaraba_engine::types::{Seq, Timestamp};

use super::disk::{Disk, DiskFile};
use super::files::{LOCK, NEWEST, segment_name};
use super::format::{
    HEADER_BYTES, JournalId, Position, SegmentHeader, TRAILER_BYTES, first_chain, put_trailer,
};
use super::metrics::METRICS;
use super::recover::random;
use super::walk::End;
use super::{Dirs, JournalError};
use crate::lock::{self, Held};

/// Zeros are written this far ahead of the data, in bytes. Allocated space that was never
/// written costs the file system a metadata change at its first write; this pays it once per
/// so many bytes instead of in every sync.
const ZERO_AHEAD: u64 = 4 << 20;
/// A tool that looks whether somebody writes holds the lock for a moment: try again this
/// often, after this pause.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// Most bytes of one batch, whatever the segments' size.
const MAX_BATCH: u64 = 8 << 20;

/// The journal, open for writing. Holds the lock: one per journal on this machine.
pub struct JournalWriter {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_bytes: u64,
    file: Box<dyn DiskFile>,
    path: PathBuf,
    header: SegmentHeader,
    offset: u64,
    zeroed_to: u64,
    position: Position,
    failed: bool,
    _lock: Held,
}

impl JournalWriter {
    /// Takes the lock of a journal directory.
    pub(super) fn lock(dirs: &Dirs) -> Result<Held, JournalError> {
        LazyLock::force(&METRICS); // so that all of them show from the start
        let path = dirs.journal.join(LOCK);
        let take = || Held::take(&path).map_err(JournalError::io("lock", &path));
        for _ in 0..LOCK_TRIES {
            if let Some(held) = take()? {
                return Ok(held);
            }
            std::thread::sleep(LOCK_PAUSE);
        }
        take()?.ok_or_else(|| {
            let holder = match lock::holder(&path) {
                unknown if unknown.is_empty() => unknown,
                pid => format!(" (process {pid})"),
            };
            JournalError::Locked { path: path.clone(), holder }
        })
    }

    /// Begins a new journal in an empty directory.
    pub(super) fn begin(
        dirs: &Dirs,
        segment_bytes: u64,
        disk: Arc<dyn Disk>,
        lock: Held,
    ) -> Result<JournalWriter, JournalError> {
        let mut id = JournalId::default();
        random(dirs, &mut id)?;
        let position = Position { next: Seq(1), last_at: Timestamp(0), chain: first_chain(&id) };
        let header = header_for(id, position, Seq(0), segment_bytes);
        let (file, path) = create_segment(&*disk, &dirs.journal, &header)?;
        Ok(JournalWriter {
            disk,
            dir: dirs.journal.clone(),
            segment_bytes,
            file,
            path,
            header,
            offset: HEADER_BYTES,
            zeroed_to: HEADER_BYTES,
            position,
            failed: false,
            _lock: lock,
        })
    }

    /// Goes on at the end of an existing journal; cuts off a torn tail durably.
    pub(super) fn resume(
        dirs: &Dirs,
        end: &End,
        segment_bytes: u64,
        disk: Arc<dyn Disk>,
        lock: Held,
    ) -> Result<JournalWriter, JournalError> {
        let file = disk.open(&end.path).map_err(JournalError::io("open for writing", &end.path))?;
        let mut writer = JournalWriter {
            disk,
            dir: dirs.journal.clone(),
            segment_bytes,
            file,
            path: end.path.clone(),
            header: end.header,
            offset: end.offset,
            zeroed_to: end.offset,
            position: end.position,
            failed: false,
            _lock: lock,
        };
        writer.settle(end)?;
        Ok(writer)
    }

    /// Makes the end of the journal what it was read as: writes the last batch once more (a
    /// process whose sync failed leaves it in the page cache only, marked clean), zeros over
    /// a torn tail, and gives the file its full length back.
    fn settle(&mut self, end: &End) -> Result<(), JournalError> {
        let mut last = vec![0; (end.offset - end.last_batch) as usize];
        let read = File::open(&end.path).and_then(|file| {
            std::os::unix::fs::FileExt::read_exact_at(&file, &mut last, end.last_batch)
        });
        read.map_err(JournalError::io("read", &end.path))?;
        self.put(&last, end.last_batch)?;
        let mut at = end.offset;
        let torn_to = end.offset + end.torn_bytes;
        while at < torn_to {
            let piece = (torn_to - at).min(1 << 20);
            self.put(&vec![0; piece as usize], at)?;
            at += piece;
        }
        self.file
            .set_len(self.header.bytes)
            .map_err(JournalError::io("allocate the space of", &self.path))?;
        self.file.sync_data().map_err(JournalError::io("sync", &self.path))?;
        self.disk.sync_dir(&self.dir).map_err(JournalError::io("sync the directory", &self.dir))
    }

    /// Identity of the journal.
    pub fn journal_id(&self) -> JournalId {
        self.header.journal
    }

    /// Number of the next command.
    pub fn next_seq(&self) -> Seq {
        self.position.next
    }

    /// Time of the last command; the next one's is not before it.
    pub fn last_at(&self) -> Timestamp {
        self.position.last_at
    }

    /// Most bytes of frames that fit one batch.
    pub fn max_batch_bytes(&self) -> usize {
        let segment = self.segment_bytes.min(self.header.bytes);
        let room = segment - HEADER_BYTES - TRAILER_BYTES as u64;
        (room / 2).min(MAX_BATCH) as usize
    }

    /// Appends one batch and makes it durable. `frames` holds the frames of `count` commands
    /// from [`Self::next_seq`] to `last`; its trailer is added to it.
    ///
    /// # Errors
    /// Any is final: what was appended is not durable, or may not be, and the writer refuses
    /// everything afterwards.
    pub fn append(
        &mut self,
        frames: &mut Vec<u8>,
        count: u32,
        last: Seq,
        at: Timestamp,
        state_hash: u64,
    ) -> Result<(), JournalError> {
        if self.failed {
            return Err(JournalError::NotThere(
                "the journal has failed before; restart the node to go on from what is durable"
                    .to_owned(),
            ));
        }
        self.failed = true; // until this has worked
        debug_assert_eq!(last.0 + 1 - self.position.next.0, u64::from(count));
        if self.offset + (frames.len() + TRAILER_BYTES) as u64 > self.header.bytes {
            self.rotate()?;
        }
        let chain = put_trailer(frames, &self.position.chain, last, at, count, state_hash);
        self.put(frames, self.offset)?;
        self.offset += frames.len() as u64;
        self.zero_ahead()?;
        let started = Instant::now();
        self.file.sync_data().map_err(JournalError::io("sync", &self.path))?;
        METRICS.sync_seconds.observe(started.elapsed().as_secs_f64());
        METRICS.batch_commands.observe(f64::from(count));
        METRICS.bytes.inc_by(frames.len() as u64);
        self.position = Position { next: Seq(last.0 + 1), last_at: at, chain };
        self.failed = false;
        Ok(())
    }

    fn put(&self, bytes: &[u8], offset: u64) -> Result<(), JournalError> {
        let written =
            self.file.write_at(bytes, offset).map_err(JournalError::io("write to", &self.path))?;
        if written < bytes.len() {
            let what = format!("only {written} of {} bytes were written", bytes.len());
            let short = io::Error::new(io::ErrorKind::WriteZero, what);
            return Err(JournalError::io("write to", &self.path)(short));
        }
        Ok(())
    }

    fn zero_ahead(&mut self) -> Result<(), JournalError> {
        if self.zeroed_to >= self.offset {
            return Ok(());
        }
        let to = (self.offset + ZERO_AHEAD).min(self.header.bytes);
        self.put(&vec![0; (to - self.offset) as usize], self.offset)?;
        self.zeroed_to = to;
        Ok(())
    }

    /// Goes over to a new segment. What is in the old one is durable already.
    fn rotate(&mut self) -> Result<(), JournalError> {
        let id = self.header.journal;
        let header = header_for(id, self.position, self.header.first, self.segment_bytes);
        let (file, path) = create_segment(&*self.disk, &self.dir, &header)?;
        tracing::info!(
            event = "journal.segment_opened",
            journal.file = %path.display(),
            journal.first = header.first.0,
            "the journal goes on in a new segment"
        );
        (self.file, self.path, self.header) = (file, path, header);
        (self.offset, self.zeroed_to) = (HEADER_BYTES, HEADER_BYTES);
        Ok(())
    }
}

fn header_for(id: JournalId, position: Position, previous: Seq, bytes: u64) -> SegmentHeader {
    SegmentHeader {
        journal: id,
        first: position.next,
        previous,
        last_at: position.last_at,
        bytes,
        chain: position.chain,
    }
}

/// Creates a segment under a temporary name, and gives it its own only when header and
/// length are durable: a segment with a torn header does not exist.
fn create_segment(
    disk: &dyn Disk,
    dir: &Path,
    header: &SegmentHeader,
) -> Result<(Box<dyn DiskFile>, PathBuf), JournalError> {
    let path = dir.join(segment_name(header.first));
    let file = put_file(disk, dir, &path, &header.encode(), header.bytes)?;
    let note = format!("{}\n", header.first);
    put_file(disk, dir, &dir.join(NEWEST), note.as_bytes(), 0)?;
    Ok((file, path))
}

/// Writes a whole file so that it appears under its name complete and durable, or not at all.
fn put_file(
    disk: &dyn Disk,
    dir: &Path,
    path: &Path,
    bytes: &[u8],
    length: u64,
) -> Result<Box<dyn DiskFile>, JournalError> {
    let temporary = path.with_extension("tmp");
    let file = disk.create(&temporary, length).map_err(JournalError::io("create", &temporary))?;
    let written = file.write_at(bytes, 0).map_err(JournalError::io("write to", &temporary))?;
    if written < bytes.len() {
        let short = io::Error::new(io::ErrorKind::WriteZero, "not everything was written");
        return Err(JournalError::io("write to", &temporary)(short));
    }
    file.sync_data().map_err(JournalError::io("sync", &temporary))?;
    disk.rename(&temporary, path).map_err(JournalError::io("rename to", path))?;
    disk.sync_dir(dir).map_err(JournalError::io("sync the directory", dir))?;
    Ok(file)
}
