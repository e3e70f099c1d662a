//! Snapshot files: the engine's state after one command, so that a start need not replay
//! the whole journal. A snapshot holds nothing the journal does not; any may be deleted.
//!
//! One header page, then `Replica::export` as it is. Written under a temporary name; it gets
//! its own when everything is durable.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zaraba_engine::types::Seq;
use zaraba_engine::{Replica, STATE_VERSION};

use super::disk::{Disk, DiskFile};
use super::error::VERSION_WAYS_OUT;
use super::files::numbered;
use super::format::{Chain, JournalId};
use super::{Dirs, JournalError};

/// Version of the snapshot file itself; the body has [`STATE_VERSION`].
pub const SNAPSHOT_VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"ZARABAS\n";
const HEADER_BYTES: usize = 4096;
const USED: usize = 96;
/// Bytes gathered before a write.
const PIECE: usize = 1 << 20;

/// First page of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// Version of the body's layout.
    pub state_version: u32,
    /// Of which journal.
    pub journal: JournalId,
    /// The state after this command.
    pub seq: Seq,
    /// The engine's hash of it.
    pub state_hash: u64,
    /// Bytes of the body.
    pub bytes: u64,
    /// BLAKE3 of the body.
    pub hash: Chain,
}

impl SnapshotHeader {
    fn encode(&self) -> Vec<u8> {
        let mut page = Vec::with_capacity(HEADER_BYTES);
        page.extend_from_slice(&MAGIC);
        page.extend_from_slice(&SNAPSHOT_VERSION.to_le_bytes());
        page.extend_from_slice(&self.state_version.to_le_bytes());
        page.extend_from_slice(&self.journal);
        page.extend_from_slice(&self.seq.0.to_le_bytes());
        page.extend_from_slice(&self.state_hash.to_le_bytes());
        page.extend_from_slice(&self.bytes.to_le_bytes());
        page.extend_from_slice(&[0; 8]); // reserved
        page.extend_from_slice(&self.hash);
        let crc = crc32c::crc32c(&page);
        debug_assert_eq!(page.len(), USED);
        page.extend_from_slice(&crc.to_le_bytes());
        page.resize(HEADER_BYTES, 0);
        page
    }

    fn decode(path: &Path, page: &[u8]) -> Result<SnapshotHeader, JournalError> {
        let damaged = |what: &str| Err(JournalError::snapshot(path, 0, what));
        if page.len() < HEADER_BYTES {
            return damaged("the header is cut short");
        }
        if page[..8] != MAGIC {
            return damaged("it does not begin like a snapshot");
        }
        let u32_at =
            |at: usize| u32::from_le_bytes([page[at], page[at + 1], page[at + 2], page[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        let version = |what, found, known| {
            let way_out = format!(
                "{VERSION_WAYS_OUT}, or move this file away: an older \
                snapshot of this version, or the whole journal, is used then"
            );
            Err(JournalError::Version { file: path.to_path_buf(), what, found, known, way_out })
        };
        if u32_at(8) != SNAPSHOT_VERSION {
            return version("snapshot", u32_at(8), SNAPSHOT_VERSION);
        }
        let unused = &page[USED + 4..];
        if crc32c::crc32c(&page[..USED]) != u32_at(USED) || unused.iter().any(|b| *b != 0) {
            return damaged("the checksum of the header does not match");
        }
        if u32_at(12) != STATE_VERSION {
            return version("state", u32_at(12), STATE_VERSION);
        }
        let mut journal = [0; 16];
        journal.copy_from_slice(&page[16..32]);
        let mut hash = [0; 32];
        hash.copy_from_slice(&page[64..96]);
        Ok(SnapshotHeader {
            state_version: u32_at(12),
            journal,
            seq: Seq(u64_at(32)),
            state_hash: u64_at(40),
            bytes: u64_at(48),
            hash,
        })
    }
}

/// File name of the snapshot after command `seq`.
pub fn snapshot_path(dirs: &Dirs, seq: Seq) -> PathBuf {
    dirs.snapshots.join(format!("{:020}.snap", seq.0))
}

/// Sequences of the snapshots there are, ascending. Temporary files do not count.
///
/// # Errors
/// When the directory cannot be read.
pub fn list_snapshots(dirs: &Dirs) -> Result<Vec<Seq>, JournalError> {
    numbered(&dirs.snapshots, "snap")
}

/// Writes the state of `engine` as a snapshot, complete and durable or not at all; its file
/// and length in bytes.
///
/// # Errors
/// When the disk fails. A file under a temporary name may be left; it is never read.
pub fn write_snapshot(
    dirs: &Dirs,
    journal: JournalId,
    engine: &Replica,
    disk: &dyn Disk,
) -> Result<(PathBuf, u64), JournalError> {
    std::fs::create_dir_all(&dirs.snapshots)
        .map_err(JournalError::io("create the directory", &dirs.snapshots))?;
    let path = snapshot_path(dirs, engine.seq());
    let temporary = path.with_extension("snap-tmp");
    let file = disk.create(&temporary, 0).map_err(JournalError::io("create", &temporary))?;
    let mut body = Body::new(&*file);
    engine.export(&mut |piece| body.add(piece));
    let (bytes, hash) = body.finish().map_err(JournalError::io("write to", &temporary))?;
    let header = SnapshotHeader {
        state_version: STATE_VERSION,
        journal,
        seq: engine.seq(),
        state_hash: engine.state_hash(),
        bytes,
        hash,
    };
    put(&*file, &header.encode(), 0).map_err(JournalError::io("write to", &temporary))?;
    file.sync_data().map_err(JournalError::io("sync", &temporary))?;
    disk.rename(&temporary, &path).map_err(JournalError::io("rename to", &path))?;
    disk.sync_dir(&dirs.snapshots)
        .map_err(JournalError::io("sync the directory", &dirs.snapshots))?;
    Ok((path, bytes + HEADER_BYTES as u64))
}

/// Gathers, hashes and writes the body; remembers the first failure.
struct Body<'a> {
    file: &'a dyn DiskFile,
    piece: Vec<u8>,
    offset: u64,
    hasher: blake3::Hasher,
    failed: Option<std::io::Error>,
}

impl<'a> Body<'a> {
    fn new(file: &'a dyn DiskFile) -> Body<'a> {
        let (offset, hasher) = (HEADER_BYTES as u64, blake3::Hasher::new());
        Body { file, piece: Vec::with_capacity(PIECE * 2), offset, hasher, failed: None }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.failed.is_none() {
            self.hasher.update(&self.piece);
            self.failed = put(self.file, &self.piece, self.offset).err();
            self.offset += self.piece.len() as u64;
        }
        self.piece.clear();
    }

    fn finish(mut self) -> std::io::Result<(u64, Chain)> {
        self.flush();
        match self.failed {
            Some(error) => Err(error),
            None => Ok((self.offset - HEADER_BYTES as u64, *self.hasher.finalize().as_bytes())),
        }
    }
}

fn put(file: &dyn DiskFile, bytes: &[u8], offset: u64) -> std::io::Result<()> {
    match file.write_at(bytes, offset)? {
        written if written == bytes.len() => Ok(()),
        written => Err(std::io::Error::new(
            std::io::ErrorKind::WriteZero,
            format!("only {written} of {} bytes were written", bytes.len()),
        )),
    }
}

/// Reads a snapshot and rebuilds its state.
///
/// # Errors
/// When it is damaged or of another version, with what to do about it.
pub fn read_snapshot(dirs: &Dirs, seq: Seq) -> Result<(Replica, SnapshotHeader), JournalError> {
    let (path, header, body) = read_file(dirs, seq)?;
    let engine = Replica::import(&body)
        .map_err(|why| JournalError::snapshot(&path, HEADER_BYTES as u64, why))?;
    if engine.seq() != seq || engine.state_hash() != header.state_hash {
        let what = "its content is not the state that its header says";
        return Err(JournalError::snapshot(&path, HEADER_BYTES as u64, what));
    }
    Ok((engine, header))
}

/// Checks a snapshot file's header and hashes without building its state.
///
/// # Errors
/// As [`read_snapshot`].
pub fn check_snapshot(dirs: &Dirs, seq: Seq) -> Result<SnapshotHeader, JournalError> {
    read_file(dirs, seq).map(|(_, header, _)| header)
}

fn read_file(dirs: &Dirs, seq: Seq) -> Result<(PathBuf, SnapshotHeader, Vec<u8>), JournalError> {
    let path = snapshot_path(dirs, seq);
    let mut file = File::open(&path).map_err(JournalError::io("open the snapshot", &path))?;
    let mut page = Vec::with_capacity(HEADER_BYTES);
    (&mut file)
        .take(HEADER_BYTES as u64)
        .read_to_end(&mut page)
        .map_err(JournalError::io("read", &path))?;
    let header = SnapshotHeader::decode(&path, &page)?;
    if header.seq != seq {
        let what = format!("its name says command {seq}, its header {}", header.seq);
        return Err(JournalError::snapshot(&path, 0, what));
    }
    let length = file.metadata().map_err(JournalError::io("read", &path))?.len();
    let expected = header.bytes.saturating_add(HEADER_BYTES as u64);
    if length != expected {
        let what = format!("it has {length} bytes instead of {expected}");
        return Err(JournalError::snapshot(&path, length, what));
    }
    let mut body = Vec::with_capacity(header.bytes as usize);
    file.read_to_end(&mut body).map_err(JournalError::io("read", &path))?;
    if *blake3::hash(&body).as_bytes() != header.hash {
        let what = "the BLAKE3 of its content does not match";
        return Err(JournalError::snapshot(&path, HEADER_BYTES as u64, what));
    }
    Ok((path, header, body))
}

/// Removes all snapshots but the newest `kept`, and the newest at or below `needed`, which
/// the projections would start from.
///
/// # Errors
/// When a file cannot be removed; nothing is lost by that but space.
pub fn prune_snapshots(
    dirs: &Dirs,
    kept: usize,
    needed: Seq,
    disk: &dyn Disk,
) -> Result<(), JournalError> {
    let snapshots = list_snapshots(dirs)?;
    let for_projections = snapshots.iter().rev().find(|seq| **seq <= needed).copied();
    for seq in snapshots.iter().rev().skip(kept.max(1)) {
        if Some(*seq) != for_projections {
            let path = snapshot_path(dirs, *seq);
            disk.remove(&path).map_err(JournalError::io("remove", &path))?;
        }
    }
    Ok(())
}

/// The state of the newest snapshot, or of the newest at or below `at_most`; an empty state
/// and zero where there is none. The caller reads on from the next command.
///
/// # Errors
/// When that snapshot is damaged or of another version, with what to do about it.
pub fn load_engine(dirs: &Dirs, at_most: Option<Seq>) -> Result<(Replica, Seq), JournalError> {
    let limit = at_most.unwrap_or(Seq(u64::MAX));
    let mut tries = 3;
    loop {
        let Some(seq) = list_snapshots(dirs)?.into_iter().rev().find(|seq| *seq <= limit) else {
            return Ok((Replica::new(), Seq(0)));
        };
        match read_snapshot(dirs, seq) {
            Ok((engine, _)) => return Ok((engine, seq)),
            // The snapshotter of this or another process has just removed it: look again.
            Err(JournalError::Io { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound && tries > 0 =>
            {
                tries -= 1;
            }
            Err(error) => return Err(error),
        }
    }
}
