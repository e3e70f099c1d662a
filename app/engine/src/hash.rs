//! The two hashes of the engine, both of folded multiplies: the keyed one that spreads names
//! over index tables, and the running one that says whether two engines saw and did the same.
//!
//! Neither is cryptographic. The index hash is keyed with `Genesis.hash_seed` so that clients
//! cannot aim at one bucket; tamper evidence is the journal's chain, not this.

mod commands;
mod events;
mod keyed;
#[cfg(test)]
mod tests;

pub(crate) use keyed::Keyed;

use crate::command::{Command, TradeTerms};
use crate::event::Event;
use crate::types::*;

const K0: u64 = 0x2d35_8dcc_aa6c_78a5;
const K1: u64 = 0x8bb8_4b93_962e_acc9;
const K2: u64 = 0x4b33_a62e_d433_d4a3;
const K3: u64 = 0x4d5a_2da5_1de1_aa47;
const K4: u64 = 0xa076_1d64_78bd_642f;
const K5: u64 = 0xe703_7ed1_a0b4_28db;

/// The 128-bit product of both, folded to 64 bits.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Up to eight bytes as a little-endian number.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    if let Ok(whole) = <[u8; 8]>::try_from(bytes) {
        return u64::from_le_bytes(whole);
    }
    let mut whole = [0; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(whole)
}

/// Weights of the words of one event or command: odd, and small enough to be part of the
/// multiplication.
const WEIGHTS: [u64; 20] = [
    0x6c8e_944d,
    0x2545_f491,
    0x7a37_39d5,
    0x4be9_8135,
    0x1b87_3593,
    0x5bd1_e995,
    0x3c6e_f377,
    0x6f4f_28fb,
    0x27d4_eb2f,
    0x165e_67b1,
    0x4cf5_ad43,
    0x7feb_352d,
    0x046c_a68b,
    0x3243_f6a9,
    0x5851_f42d,
    0x1405_7b7f,
    0x6eed_0e9d,
    0x2f64_3d4f,
    0x5a82_79a7,
    0x19d6_99a5,
];
/// What the sum so far is multiplied with before the next event joins it.
const NEXT: u64 = 0x5f35_6495;

/// The weighted sum of words. One that differs in a single word is another sum, whatever the word.
#[inline(always)]
fn sum<const N: usize>(words: [u64; N]) -> u64 {
    let mut sum = 0u64;
    let mut i = 0;
    while i < N {
        sum = sum.wrapping_add(words[i].wrapping_mul(WEIGHTS[i]));
        i += 1;
    }
    sum
}

/// A hash over everything that happened so far: a polynomial over the weighted sums of a command
/// and of each of its events, folded once per command.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Running(pub(crate) u64);

impl Running {
    /// Takes in one command, when and where in the journal it was, and what it did.
    pub(crate) fn step(&mut self, seq: Seq, at: Timestamp, command: &Command, events: &[Event]) {
        let mut all = *self;
        all.take([seq.0, at.0]);
        all.command(command);
        for event in events {
            all.event(event);
        }
        self.0 = fold(all.0 ^ K0, K4).wrapping_add(K5);
    }

    /// Takes in words.
    #[inline(always)]
    fn take<const N: usize>(&mut self, words: [u64; N]) {
        self.0 = self.0.wrapping_mul(NEXT).wrapping_add(sum(words));
    }

    /// Takes in any number of words.
    fn words(&mut self, words: &[u64]) {
        for pair in words.chunks(2) {
            self.take([pair[0], pair.get(1).copied().unwrap_or(0)]);
        }
    }

    /// Takes in a text.
    fn take_text<const N: usize>(&mut self, text: &Text<N>) {
        for chunk in text.padded().chunks(8) {
            self.take([word(chunk), text.as_bytes().len() as u64]);
        }
    }
}

/// How a trade was settled as plain numbers.
fn trade_terms(s: &TradeTerms) -> [u64; 6] {
    [s.price.0, s.quantity.0, s.paid.0, s.got.0, s.buyer_fee.0, s.seller_fee.0].map(|n| n as u64)
}
