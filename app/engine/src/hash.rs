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

use crate::command::{Command, Place, TradeTerms};
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

/// A command being taken in: itself, and its first events. Events in front of which none is missing
/// are taken in as they are told, while all they say is at hand; the rest at the end.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Telling {
    so_far: Running,
    /// How many events there are in front of the next one to be taken in.
    told: usize,
}

impl Telling {
    /// Takes in the command, a new order.
    #[inline(always)]
    pub(crate) fn place(&mut self, place: &Place) {
        self.so_far.placed(place);
    }

    /// Takes in the command, of any kind.
    #[inline(never)]
    pub(crate) fn command(&mut self, command: &Command) {
        self.so_far.command(command);
    }

    /// Appends an event, and takes it in if none before it is missing.
    #[inline(always)]
    pub(crate) fn tell(&mut self, events: &mut Vec<Event>, event: Event) {
        if events.len() == self.told {
            self.so_far.event(&event);
            self.told += 1;
        }
        events.push(event);
    }
}

impl Running {
    /// Takes in one command, when and where in the journal it was, and what it did.
    #[cfg(any(test, feature = "oracle"))]
    pub(crate) fn step(&mut self, seq: Seq, at: Timestamp, command: &Command, events: &[Event]) {
        let mut telling = self.begin(seq, at, 0);
        telling.so_far.command(command);
        self.end(telling, events);
    }

    /// Begins to take in the command that was at this time and place in the journal, whose events
    /// come after `first` others.
    #[inline(always)]
    pub(crate) fn begin(&self, seq: Seq, at: Timestamp, first: usize) -> Telling {
        let mut so_far = *self;
        so_far.take([seq.0, at.0]);
        Telling { so_far, told: first }
    }

    /// Takes in what a command did, as far as that was not told yet: `events` are all there are.
    #[inline(always)]
    pub(crate) fn end(&mut self, telling: Telling, events: &[Event]) {
        let mut all = telling.so_far;
        for event in events.get(telling.told..).unwrap_or_default() {
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
