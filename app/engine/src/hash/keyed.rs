//! The keyed hash of the index tables.

use super::{K0, K1, K2, K3, K4, K5, fold, word};
use crate::types::Text;

/// Hashes names for the index tables, keyed.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Keyed {
    seed: [u64; 2],
}

impl Keyed {
    pub(crate) fn new(seed: [u64; 2]) -> Keyed {
        Keyed { seed }
    }

    pub(crate) fn seed(&self) -> [u64; 2] {
        self.seed
    }

    /// Hash of two numbers.
    #[inline]
    pub(crate) fn pair(&self, a: u32, b: u32) -> u64 {
        let word = u64::from(a) << 32 | u64::from(b);
        fold(fold(word ^ self.seed[0], K0) ^ self.seed[1], K1)
    }

    /// Hash of a number and a text.
    #[inline]
    pub(crate) fn text<const N: usize>(&self, tag: u32, text: &Text<N>) -> u64 {
        // Padding is zeros: the length keeps texts apart that differ by some.
        let begin = u64::from(tag) << 8 ^ text.as_bytes().len() as u64;
        let [seed, other] = self.seed;
        let keys = [other ^ K3, other ^ K2, other ^ K5];
        let mut mixed = 0u64;
        let (pairs, rest) = text.padded().as_chunks::<16>();
        for (i, pair) in pairs.iter().enumerate() {
            // Each pair for itself: none waits for the one before it.
            let (low, high) = pair.split_at(8);
            mixed = fold(word(low) ^ seed, word(high) ^ keys[i % 3]) ^ mixed.rotate_left(23);
        }
        let (low, high) = rest.split_at(rest.len().min(8));
        fold(mixed ^ word(low) ^ begin ^ seed, word(high) ^ other ^ K4 ^ mixed.rotate_left(32))
    }
}
