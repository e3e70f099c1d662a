//! An open-addressing index from a 64-bit hash to a slot number. The records themselves live
//! elsewhere: an entry keeps the upper half of the hash and the slot, so that probing and
//! deleting never touch a record except to confirm a match.
//!
//! Sized once, from the limits, as zeroed memory the system hands out page by page on first
//! use: the index never grows, so no command ever waits for a rehash.

use crate::memory::{prefetch, zeroed};

/// Hash index with linear probing and backward-shift deletion (no tombstones, so long runs of
/// inserts and deletes do not wear it out).
#[derive(Default)]
pub(crate) struct Index {
    /// `upper half of hash << 32 | slot + 1`; zero: empty.
    entries: Vec<u64>,
    mask: usize,
    shift: u32,
    len: usize,
}

/// Where an index has room for a hash it does not hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vacancy(usize);

impl Index {
    /// An index for up to `capacity` slots, at most half full.
    pub(crate) fn with_capacity(capacity: usize) -> Index {
        Index::sized(capacity.max(4) * 2)
    }

    /// An index for up to `capacity` slots that come and go with every other command, at most a
    /// quarter full: nearly all are where their hash says, so that the processor foresees where a
    /// search ends.
    pub(crate) fn sparse(capacity: usize) -> Index {
        Index::sized(capacity.max(4) * 4)
    }

    fn sized(least: usize) -> Index {
        let size = least.next_power_of_two();
        assert!(size.trailing_zeros() <= 32, "an index of {size} entries is beyond its hash");
        Index { entries: zeroed(size), mask: size - 1, shift: 64 - size.trailing_zeros(), len: 0 }
    }

    /// How many slots it holds.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The slot with this hash for which `is_it` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.entries.is_empty() {
            return None;
        }
        let mut at = (hash >> self.shift) as usize;
        loop {
            let entry = self.entries[at & self.mask];
            if entry == 0 {
                return None;
            }
            if entry >> 32 == hash >> 32 {
                let slot = (entry as u32) - 1;
                if is_it(slot) {
                    return Some(slot);
                }
            }
            at += 1;
        }
    }

    /// The same; or, where there is none, the place for it, good until the index next changes.
    #[inline(always)]
    pub(crate) fn seek(
        &self,
        hash: u64,
        mut is_it: impl FnMut(u32) -> bool,
    ) -> Result<u32, Vacancy> {
        let mut at = (hash >> (self.shift & 63)) as usize & self.mask;
        loop {
            match self.entries.get(at) {
                None | Some(0) => return Err(Vacancy(at)),
                Some(&entry) if entry >> 32 == hash >> 32 => {
                    let slot = (entry as u32) - 1;
                    if is_it(slot) {
                        return Ok(slot);
                    }
                }
                Some(_) => {}
            }
            at = (at + 1) & self.mask;
        }
    }

    /// Adds a slot where [`Index::seek`] found room for its hash.
    #[inline]
    pub(crate) fn fill(&mut self, Vacancy(at): Vacancy, hash: u64, slot: u32) {
        assert!(self.len < self.entries.len() / 2, "index is full: limits and use disagree");
        self.entries[at] = hash >> 32 << 32 | (u64::from(slot) + 1);
        self.len += 1;
    }

    /// Fetches from memory where a hash is, or would be: its place, and the one behind it, which
    /// says whether a run ends there. One time in eight that is in another line.
    #[inline(always)]
    pub(crate) fn prefetch(&self, hash: u64) {
        let at = (hash >> (self.shift & 63)) as usize;
        prefetch(&self.entries, at);
        prefetch(&self.entries, at.wrapping_add(1));
    }

    /// Adds a slot that is not in it.
    #[inline]
    pub(crate) fn insert(&mut self, hash: u64, slot: u32) {
        assert!(self.len < self.entries.len() / 2, "index is full: limits and use disagree");
        let mut at = (hash >> self.shift) as usize & self.mask;
        while self.entries[at] != 0 {
            at = (at + 1) & self.mask;
        }
        self.entries[at] = hash >> 32 << 32 | (u64::from(slot) + 1);
        self.len += 1;
    }

    /// Removes a slot that is in it.
    #[inline]
    pub(crate) fn remove(&mut self, hash: u64, slot: u32) {
        let wanted = hash >> 32 << 32 | (u64::from(slot) + 1);
        let mut hole = (hash >> self.shift) as usize & self.mask;
        while self.entries[hole] != wanted {
            assert!(self.entries[hole] != 0, "slot {slot} is missing from its index");
            hole = (hole + 1) & self.mask;
        }
        // Close the gap: pull back every following entry whose home is at or before the hole.
        let mut at = hole;
        loop {
            at = (at + 1) & self.mask;
            let entry = self.entries[at];
            if entry == 0 {
                break;
            }
            let home = (entry >> self.shift) as usize & self.mask;
            if at.wrapping_sub(home) & self.mask >= at.wrapping_sub(hole) & self.mask {
                self.entries[hole] = entry;
                hole = at;
            }
        }
        self.entries[hole] = 0;
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn agrees_with_a_hash_map_under_collisions() {
        let mut index = Index::with_capacity(64);
        let mut known: HashMap<u32, u64> = HashMap::new();
        let mut state = 7u64;
        let mut next = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state >> 33
        };
        for _ in 0..50_000 {
            let slot = (next() % 64) as u32;
            // Few homes, and homes at the very end, so that runs wrap around.
            let hash = if next() % 2 == 0 { u64::MAX - (next() % 3) } else { (next() % 4) << 57 };
            if let Some(hash) = known.remove(&slot) {
                index.remove(hash, slot);
            } else {
                known.insert(slot, hash);
                index.insert(hash, slot);
            }
            assert_eq!(index.len(), known.len());
            for (&slot, &hash) in &known {
                assert_eq!(index.find(hash, |s| s == slot), Some(slot));
            }
            let absent = (0..64).find(|s| !known.contains_key(s));
            if let Some(absent) = absent {
                assert_eq!(index.find(hash, |s| s == absent), None);
            }
        }
    }
}
