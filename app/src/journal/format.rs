//! The bytes of a journal: segment header, command frames, batch trailers. Pure: bytes in,
//! facts out. `docs/decisions/journal-format.md` has the layout as a table.

use zaraba_engine::Command;
use zaraba_engine::types::{Seq, Timestamp};

use crate::codec;

/// Version of segment header and frames; codec versions are per command kind.
pub const FORMAT_VERSION: u32 = 2;
/// Frames begin here; the header has a page of its own, so it is never rewritten.
pub const HEADER_BYTES: u64 = 4096;
/// Bytes of a frame before its body.
const FRAME_HEAD: usize = 24;
/// No frame is longer.
pub const MAX_FRAME: usize = FRAME_HEAD + codec::MAX_BYTES;
// A sector inside a batch is never all zero: a command's longest stretch of zeros, with those of
// the frame's head before it (after its length) or behind it, is shorter.
const _: () = assert!(codec::ZEROS_MAX + 2 * FRAME_HEAD < super::tail::SECTOR);
/// Body of a trailer: version, kind, count, state hash, chain, end mark.
const TRAILER_BODY: usize = 2 + 4 + 8 + 32 + 8;
/// Bytes of a trailer frame.
pub const TRAILER_BYTES: usize = FRAME_HEAD + TRAILER_BODY;
/// Kind byte of trailers; command kinds count up from 1.
const TRAILER_KIND: u8 = 0xff;
const TRAILER_VERSION: u8 = 1;
/// Last bytes of every batch. Not UTF-8, and no two bytes alike, so that a part of it at the
/// end of the data is never taken for the whole.
pub const END_MARK: [u8; 8] = [0xf5, 0x9a, 0xc3, 0xe7, 0xb8, 0xd6, 0xa9, 0xfb];
const MAGIC: [u8; 8] = *b"ZARABAJ\n";

/// Identity of a journal: 16 random bytes given when it begins.
pub type JournalId = [u8; 16];
/// A BLAKE3 value.
pub type Chain = [u8; 32];

/// The chain before the first batch of a journal.
pub fn first_chain(id: &JournalId) -> Chain {
    *blake3::hash(id).as_bytes()
}

/// First page of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Whose segment.
    pub journal: JournalId,
    /// Number of its first command; also its file name.
    pub first: Seq,
    /// First command of the segment before it; zero for the first segment.
    pub previous: Seq,
    /// Time of the last command before it.
    pub last_at: Timestamp,
    /// Length of the file, in bytes.
    pub bytes: u64,
    /// The chain before its first batch.
    pub chain: Chain,
}

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadHeader {
    /// Another version's.
    Version(u32),
    /// Not a segment, or damaged.
    Damaged(&'static str),
}

impl SegmentHeader {
    const USED: usize = 104;

    /// The page to write.
    pub fn encode(&self) -> Vec<u8> {
        let mut page = Vec::with_capacity(HEADER_BYTES as usize);
        page.extend_from_slice(&MAGIC);
        page.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        page.extend_from_slice(&(HEADER_BYTES as u32).to_le_bytes());
        page.extend_from_slice(&self.journal);
        for number in [self.first.0, self.previous.0, self.last_at.0, self.bytes] {
            page.extend_from_slice(&number.to_le_bytes());
        }
        page.extend_from_slice(&[0; 8]); // reserved
        page.extend_from_slice(&self.chain);
        let crc = crc32c::crc32c(&page);
        page.extend_from_slice(&crc.to_le_bytes());
        debug_assert_eq!(page.len(), Self::USED + 4);
        page.resize(HEADER_BYTES as usize, 0);
        page
    }

    /// Reads a page.
    pub fn decode(page: &[u8]) -> Result<SegmentHeader, BadHeader> {
        if page.len() < HEADER_BYTES as usize {
            return Err(BadHeader::Damaged("the header is cut short"));
        }
        if page[..8] != MAGIC {
            return Err(BadHeader::Damaged("it does not begin like a journal segment"));
        }
        let version = u32_at(page, 8);
        if version != FORMAT_VERSION {
            return Err(BadHeader::Version(version));
        }
        let end = Self::USED;
        let unused = &page[end + 4..HEADER_BYTES as usize];
        if crc32c::crc32c(&page[..end]) != u32_at(page, end) || unused.iter().any(|b| *b != 0) {
            return Err(BadHeader::Damaged("the checksum of the header does not match"));
        }
        Ok(SegmentHeader {
            journal: array_at(page, 16),
            first: Seq(u64_at(page, 32)),
            previous: Seq(u64_at(page, 40)),
            last_at: Timestamp(u64_at(page, 48)),
            bytes: u64_at(page, 56),
            chain: array_at(page, 72),
        })
    }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

/// The checksum covers length (as its start value), sequence, time and body.
fn frame_crc(length: u32, rest: &[u8]) -> u32 {
    crc32c::crc32c_append(length, rest)
}

fn begin_frame(to: &mut Vec<u8>, seq: Seq, at: Timestamp) -> usize {
    let start = to.len();
    to.extend_from_slice(&[0; 8]);
    to.extend_from_slice(&seq.0.to_le_bytes());
    to.extend_from_slice(&at.0.to_le_bytes());
    start
}

fn end_frame(to: &mut [u8], start: usize) {
    let length = (to.len() - start) as u32; // at most MAX_FRAME
    let crc = frame_crc(length, &to[start + 8..]);
    to[start..start + 4].copy_from_slice(&length.to_le_bytes());
    to[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
}

/// Appends the frame of a command.
pub fn put_command(to: &mut Vec<u8>, seq: Seq, at: Timestamp, command: &Command) {
    let start = begin_frame(to, seq, at);
    codec::encode(command, to);
    end_frame(to, start);
}

/// What a batch's trailer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Number of the batch's last command.
    pub last: Seq,
    /// Time of the batch's last command.
    pub at: Timestamp,
    /// Commands in the batch, at least one.
    pub count: u32,
    /// The engine's hash after the last command.
    pub state_hash: u64,
    /// The chain including this batch.
    pub chain: Chain,
}

impl Trailer {
    /// Number of the batch's first command.
    pub fn first(&self) -> Seq {
        Seq((self.last.0 + 1).saturating_sub(u64::from(self.count)))
    }

    fn link(&self, previous: &Chain, frames: &[u8]) -> Chain {
        let mut hasher = blake3::Hasher::new();
        hasher.update(previous);
        hasher.update(frames);
        hasher.update(&self.last.0.to_le_bytes());
        hasher.update(&self.at.0.to_le_bytes());
        hasher.update(&self.count.to_le_bytes());
        hasher.update(&self.state_hash.to_le_bytes());
        *hasher.finalize().as_bytes()
    }

    /// Reads a trailer frame that stands alone in `bytes`.
    pub fn decode(bytes: &[u8]) -> Option<Trailer> {
        match read_frame(bytes) {
            Found::Trailer { trailer, length } if length == bytes.len() => Some(trailer),
            _ => None,
        }
    }
}

/// Closes a batch whose frames `batch` holds: appends its trailer; the new chain value.
pub fn put_trailer(
    batch: &mut Vec<u8>,
    previous: &Chain,
    last: Seq,
    at: Timestamp,
    count: u32,
    state_hash: u64,
) -> Chain {
    let trailer = Trailer { last, at, count, state_hash, chain: [0; 32] };
    let chain = trailer.link(previous, batch);
    let start = begin_frame(batch, last, at);
    batch.extend_from_slice(&[TRAILER_VERSION, TRAILER_KIND]);
    batch.extend_from_slice(&count.to_le_bytes());
    batch.extend_from_slice(&state_hash.to_le_bytes());
    batch.extend_from_slice(&chain);
    batch.extend_from_slice(&END_MARK);
    end_frame(batch, start);
    chain
}

/// What stands at a place.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A command's frame: its body is codec bytes.
    Command { seq: Seq, at: Timestamp, body: &'a [u8], length: usize },
    /// A batch's end.
    Trailer { trailer: Trailer, length: usize },
    /// The bytes end before the frame does.
    Short,
    /// Zeros: nothing was written here.
    Nothing,
    /// Not a frame.
    Bad(&'static str),
}

/// Looks at the frame at the beginning of `bytes`, its checksum included.
pub fn read_frame(bytes: &[u8]) -> Found<'_> {
    if bytes.len() < 4 {
        return Found::Short;
    }
    let length = u32_at(bytes, 0) as usize;
    if length == 0 {
        return Found::Nothing;
    }
    if !(FRAME_HEAD + 2..=MAX_FRAME).contains(&length) {
        return Found::Bad("the length of a record is impossible");
    }
    let Some(frame) = bytes.get(..length) else { return Found::Short };
    if frame_crc(length as u32, &frame[8..]) != u32_at(frame, 4) {
        return Found::Bad("the checksum of a record does not match");
    }
    let (seq, at) = (Seq(u64_at(frame, 8)), Timestamp(u64_at(frame, 16)));
    let body = &frame[FRAME_HEAD..];
    if body[1] != TRAILER_KIND {
        return Found::Command { seq, at, body, length };
    }
    if body[0] != TRAILER_VERSION || body.len() != TRAILER_BODY {
        return Found::Bad("the trailer of a batch has an unknown version");
    }
    let trailer = Trailer {
        last: seq,
        at,
        count: u32_at(body, 2),
        state_hash: u64_at(body, 6),
        chain: array_at(body, 14),
    };
    Found::Trailer { trailer, length }
}

/// Reads a command frame whose checksum was checked before: sequence, time, codec bytes,
/// length of the frame.
pub fn reread_command(bytes: &[u8]) -> (Seq, Timestamp, &[u8], usize) {
    let length = u32_at(bytes, 0) as usize;
    let body = &bytes[FRAME_HEAD..length];
    (Seq(u64_at(bytes, 8)), Timestamp(u64_at(bytes, 16)), body, length)
}

/// Where a batch begins, and what it continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Number of the next command.
    pub next: Seq,
    /// Time of the command before it.
    pub last_at: Timestamp,
    /// The chain so far.
    pub chain: Chain,
}

/// Why there is no whole batch at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Bytes from the batch's begin to the first frame that does not hold.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
    /// Nothing but that the bytes end too early: with more of the file it may be whole.
    pub short: bool,
}

/// Checks the batch at the beginning of `bytes` against what it continues: every checksum,
/// number, time and the chain. Returns its trailer and the bytes of its frames before that.
pub fn read_batch(bytes: &[u8], position: &Position) -> Result<(Trailer, usize), Broken> {
    let mut at = 0;
    let mut next = position.next;
    let mut last_at = position.last_at;
    let broken = |at, what| Err(Broken { at, what, short: false });
    loop {
        match read_frame(&bytes[at..]) {
            Found::Command { seq, at: time, length, .. } => {
                if seq != next {
                    return broken(at, "the sequence is not continued");
                }
                if time < last_at {
                    return broken(at, "time goes back");
                }
                next = Seq(seq.0 + 1);
                last_at = time;
                at += length;
            }
            Found::Trailer { trailer, .. } => {
                if trailer.last.0 + 1 != next.0 || trailer.first() != position.next || at == 0 {
                    return broken(at, "the trailer of a batch belongs to other commands");
                }
                if trailer.link(&position.chain, &bytes[..at]) != trailer.chain {
                    return broken(at, "the BLAKE3 chain does not continue");
                }
                return Ok((trailer, at));
            }
            Found::Short => {
                return Err(Broken { at, what: "the file ends inside a batch", short: true });
            }
            Found::Nothing => return broken(at, "a batch has no end"),
            Found::Bad(what) => return broken(at, what),
        }
    }
}
