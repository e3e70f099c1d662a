//! Tells a torn tail from damage.
//!
//! When a process or machine dies, the last batch may be on disk in part. It was never
//! acknowledged (acknowledgement waits for its sync), so it is cut off. Anything else that
//! does not hold was once acknowledged and must not be thrown away: the journal is refused.
//!
//! What tells them apart, looking at the bytes after the last whole batch:
//! - The writer starts a batch only after the sync of the one before it. So when a *later*
//!   batch's trailer stands further on, this place was durable once: **damage**.
//! - Every batch ends with [`END_MARK`], and everything beyond what was written is zero,
//!   since segments are created as zeros. Data that does not end with the mark is a batch
//!   whose end never reached the disk: **torn**.
//! - Data that does end with it was written whole, unless the disk kept later sectors and
//!   lost earlier ones (after a power cut they may land in any order). A lost sector is still
//!   all zero, and no command has that many zeros in a row (`codec::ZEROS_MAX`). With an all-zero sector
//!   inside: **torn**; without: some byte changed afterwards: **damage**.

use zaraba_engine::types::Seq;

use super::format::{END_MARK, TRAILER_BYTES, Trailer};

/// Smallest unit a disk writes whole, in bytes.
pub const SECTOR: usize = 512;

/// What the bytes after the last whole batch are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Zeros only.
    Clean,
    /// A batch that was never acknowledged.
    Torn {
        /// From the end of the last whole batch to the last byte that is not zero.
        bytes: u64,
    },
    /// Something that was acknowledged does not hold.
    Damaged {
        /// Why it cannot be a torn tail.
        why: String,
    },
}

/// Judges `tail`, the bytes from file offset `offset` (the end of the last whole batch) to
/// the end of the segment, which do not hold a whole batch beginning with command `next`.
pub fn judge(tail: &[u8], offset: u64, next: Seq) -> Verdict {
    let Some(last) = tail.iter().rposition(|byte| *byte != 0) else { return Verdict::Clean };
    let data = &tail[..=last];
    if let Some(trailer) = later_trailer(data, next) {
        let why = format!(
            "a later batch (commands {} to {}) stands behind it, so this is no torn tail",
            trailer.first(),
            trailer.last
        );
        return Verdict::Damaged { why };
    }
    if ends_with_mark(data) && !has_lost_sector(data, offset) {
        let why = "the batch was written whole, so this is no torn tail".to_owned();
        return Verdict::Damaged { why };
    }
    Verdict::Torn { bytes: data.len() as u64 }
}

/// A sound trailer in `data` that cannot belong to the batch at its beginning.
fn later_trailer(data: &[u8], next: Seq) -> Option<Trailer> {
    let marks = data.windows(END_MARK.len()).enumerate().filter(|(_, w)| *w == END_MARK);
    for (at, _) in marks {
        let end = at + END_MARK.len();
        let Some(start) = end.checked_sub(TRAILER_BYTES) else { continue };
        if let Some(trailer) = Trailer::decode(&data[start..end])
            && (end < data.len() || trailer.first() > next)
        {
            return Some(trailer);
        }
    }
    None
}

/// Whether the end mark stands at the end, a damaged byte or two in it allowed for.
fn ends_with_mark(data: &[u8]) -> bool {
    let Some(end) = data.last_chunk::<{ END_MARK.len() }>() else { return false };
    end.iter().zip(&END_MARK).filter(|(a, b)| a == b).count() >= END_MARK.len() - 2
}

/// Whether a whole sector of the file that lies in `data` is zero; of the sector in which
/// `data` begins, the part from there on, if it holds at least a frame's length.
fn has_lost_sector(data: &[u8], offset: u64) -> bool {
    let head = ((SECTOR as u64 - offset % SECTOR as u64) % SECTOR as u64) as usize;
    let (first, rest) = data.split_at(head.min(data.len()));
    let zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    (first.len() >= 4 && zero(first)) || rest.chunks_exact(SECTOR).any(zero)
}

#[cfg(test)]
mod tests {
    use zaraba_engine::Command;
    use zaraba_engine::types::{AccountCode, Timestamp};

    use super::*;
    use crate::journal::format::{first_chain, put_command, put_trailer};

    const OFFSET: u64 = 4096 + 100;

    /// A batch of the given commands.
    fn batch(first: u64, count: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for seq in first..first + count {
            let code = AccountCode::new(&format!("account-{seq}")).unwrap();
            let command = Command::CreateAccount { code };
            put_command(&mut bytes, Seq(seq), Timestamp(seq), &command);
        }
        let last = Seq(first + count - 1);
        let count = count as u32;
        put_trailer(&mut bytes, &first_chain(&[0; 16]), last, Timestamp(last.0), count, 7);
        bytes
    }

    fn with_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.resize(bytes.len() + 3000, 0);
        bytes
    }

    #[test]
    fn zeros_are_clean() {
        assert_eq!(judge(&[], OFFSET, Seq(5)), Verdict::Clean);
        assert_eq!(judge(&[0; 5000], OFFSET, Seq(5)), Verdict::Clean);
    }

    #[test]
    fn every_prefix_of_a_batch_is_torn() {
        let whole = batch(5, 40);
        for length in 1..whole.len() {
            let torn = with_zeros(whole[..length].to_vec());
            let verdict = judge(&torn, OFFSET, Seq(5));
            assert!(matches!(verdict, Verdict::Torn { bytes } if bytes <= length as u64));
            assert_eq!(judge(&whole[..length], OFFSET, Seq(5)), verdict);
        }
    }

    #[test]
    fn every_changed_byte_of_a_whole_batch_is_damage() {
        let whole = with_zeros(batch(5, 40));
        for at in 0..whole.len() - 3000 {
            for flip in [0x01, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                let verdict = judge(&damaged, OFFSET, Seq(5));
                assert!(matches!(verdict, Verdict::Damaged { .. }), "byte {at}: {verdict:?}");
            }
        }
    }

    #[test]
    fn every_lost_sector_of_the_last_batch_is_torn() {
        let whole = batch(5, 200);
        let end = OFFSET + whole.len() as u64;
        let mut lost = 0;
        for sector in OFFSET / 512..=end / 512 {
            let begin = (sector * 512).max(OFFSET) - OFFSET;
            let stop = ((sector + 1) * 512).min(end) - OFFSET;
            let mut torn = whole.clone();
            torn[begin as usize..stop as usize].fill(0);
            let verdict = judge(&with_zeros(torn), OFFSET, Seq(5));
            assert!(matches!(verdict, Verdict::Torn { .. }), "sector {sector}: {verdict:?}");
            lost += 1;
        }
        assert!(lost > 5);
    }

    #[test]
    fn a_later_batch_makes_anything_before_it_damage() {
        let mut bytes = batch(5, 40);
        let first = bytes.len();
        bytes.extend(batch(45, 3));
        // A sector lost, a byte changed, all of it gone, and a torn batch behind: all damage.
        for range in [600..1300, 100..101, 0..first, first - 20..first] {
            let mut damaged = bytes.clone();
            damaged[range.clone()].fill(0);
            let verdict = judge(&with_zeros(damaged.clone()), OFFSET, Seq(5));
            assert!(matches!(verdict, Verdict::Damaged { .. }), "{range:?}: {verdict:?}");
            damaged.extend(&batch(48, 9)[..200]);
            let verdict = judge(&with_zeros(damaged), OFFSET, Seq(5));
            assert!(matches!(verdict, Verdict::Damaged { .. }), "{range:?} with torn: {verdict:?}");
        }
    }
}
