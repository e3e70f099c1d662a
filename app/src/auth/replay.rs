//! Remembers accepted signatures for as long as their request times are acceptable, so that
//! each is accepted once.
//!
//! Memory is bounded: a shard (keys are spread over them by number) holds at most
//! [`PER_SHARD`] signatures, about 8 MiB. A full shard refuses rather than forgets: a
//! forgotten signature could be replayed.

use std::collections::{HashSet, VecDeque};

use parking_lot::Mutex;

const SHARDS: usize = 64;
/// With the default window (5 s each way) this is 26,000 requests a second and shard.
const PER_SHARD: usize = 262_144;

/// What happened to a signature that was handed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// Not before; remembered now.
    New,
    /// Before.
    Replayed,
    /// The shard has no room.
    Full,
}

/// Signatures of one second of request time.
struct Second {
    second: u64,
    signatures: HashSet<u128>,
}

#[derive(Default)]
struct Shard {
    seconds: VecDeque<Second>,
    held: usize,
}

/// The signatures accepted lately.
pub(super) struct ReplayCache {
    shards: Vec<Mutex<Shard>>,
}

impl Default for ReplayCache {
    fn default() -> Self {
        ReplayCache { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl ReplayCache {
    /// Hands in a verified signature made at `time_ms`. `oldest_ms`: older request times are
    /// refused before they come here. `admit` is asked before a new one is remembered, so
    /// that what is refused for its rate uses no memory.
    pub(super) fn take<E>(
        &self,
        key_id: u32,
        signature: &[u8],
        time_ms: u64,
        oldest_ms: u64,
        admit: impl FnOnce() -> Result<(), E>,
    ) -> Result<Seen, E> {
        let mut tag = [0; 16];
        // Half of an HMAC, or of an Ed25519 nonce point: unique as long as the key is secret.
        tag.copy_from_slice(&signature[..16]);
        let tag = u128::from_le_bytes(tag);
        let second = time_ms / 1000;
        let mut shard = self.shards[key_id as usize % SHARDS].lock();
        shard.forget_before(oldest_ms / 1000);
        let found = shard.seconds.iter().position(|s| s.second == second);
        if found.is_some_and(|at| shard.seconds[at].signatures.contains(&tag)) {
            return Ok(Seen::Replayed);
        }
        if shard.held >= PER_SHARD {
            return Ok(Seen::Full);
        }
        admit()?;
        let at = found.unwrap_or_else(|| {
            shard.seconds.push_back(Second { second, signatures: HashSet::new() });
            shard.seconds.len() - 1
        });
        shard.seconds[at].signatures.insert(tag);
        shard.held += 1;
        Ok(Seen::New)
    }
}

impl Shard {
    /// Seconds come in any order within the window, of which there are at most 2 x 60 + 1.
    fn forget_before(&mut self, oldest: u64) {
        if self.seconds.iter().any(|s| s.second < oldest) {
            self.seconds.retain(|s| s.second >= oldest);
            self.held = self.seconds.iter().map(|s| s.signatures.len()).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(cache: &ReplayCache, key: u32, tag: u64, time: u64, oldest: u64) -> Seen {
        let mut signature = [0; 32];
        signature[..8].copy_from_slice(&tag.to_le_bytes());
        cache.take(key, &signature, time, oldest, || Ok::<(), ()>(())).unwrap()
    }

    #[test]
    fn a_signature_is_taken_once_while_its_time_is_acceptable() {
        let cache = ReplayCache::default();
        assert_eq!(take(&cache, 1, 7, 10_000, 5_000), Seen::New);
        assert_eq!(take(&cache, 1, 7, 10_000, 5_000), Seen::Replayed);
        // Just before its time runs out.
        assert_eq!(take(&cache, 1, 7, 10_000, 10_000), Seen::Replayed);
        assert_eq!(take(&cache, 1, 8, 10_000, 5_000), Seen::New);
    }

    #[test]
    fn a_full_shard_refuses_and_heals_when_time_passes() {
        let cache = ReplayCache::default();
        for tag in 0..PER_SHARD as u64 {
            assert_eq!(take(&cache, 3, tag, 10_000, 5_000), Seen::New);
        }
        assert_eq!(take(&cache, 3, u64::MAX, 10_000, 5_000), Seen::Full);
        assert_eq!(take(&cache, 3, 5, 10_000, 5_000), Seen::Replayed);
        assert_eq!(take(&cache, 4, 5, 10_000, 5_000), Seen::New, "another shard has room");
        assert_eq!(take(&cache, 3, u64::MAX, 16_000, 11_001), Seen::New);
    }

    #[test]
    fn what_is_not_admitted_is_not_remembered() {
        let cache = ReplayCache::default();
        assert_eq!(cache.take(1, &[9; 32], 10_000, 5_000, || Err("slow down")), Err("slow down"));
        assert_eq!(cache.take(1, &[9; 32], 10_000, 5_000, || Ok::<(), ()>(())), Ok(Seen::New));
    }
}
