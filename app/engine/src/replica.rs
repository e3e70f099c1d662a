//! The hash of a state's history, and an engine that keeps it: what replays, snapshots, projections
//! and tests hold.
//!
//! The hash follows from commands and events alone, so the engine that trades does not compute it:
//! the journal's thread does, from the same commands and events, before it writes them.

use std::ops::Deref;

use crate::command::Command;
use crate::engine::Engine;
use crate::event::Event;
use crate::hash::Running;
use crate::types::{Seq, Timestamp};

/// A hash over every command in a journal up to a place, when it was sequenced, and every event
/// it led to. Equal for equal histories, and (beyond chance) for no others.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct StateHash {
    seq: Seq,
    running: Running,
}

impl StateHash {
    /// The hash as a journal and a snapshot record it.
    pub fn value(&self) -> u64 {
        self.running.0
    }

    /// Sequence of the last command taken in; zero before the first.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Takes in command number `seq`, which is the next, and what it did: all its events.
    ///
    /// # Panics
    /// When `seq` is not the next one: a hash over a gap would say nothing.
    #[inline]
    pub fn take(&mut self, seq: Seq, at: Timestamp, command: &Command, events: &[Event]) {
        assert!(seq.0 == self.seq.0 + 1, "command {seq} hashed after {}", self.seq);
        self.seq = seq;
        self.running.step(seq, at, command, events);
    }
}

/// An engine and the hash of its history, never apart: whoever holds one can say whether its
/// state is the recorded one. What can be asked of the engine can be asked of it.
#[derive(Default)]
pub struct Replica {
    engine: Engine,
    hash: StateHash,
}

impl Deref for Replica {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl Replica {
    /// An empty state, before `Genesis`.
    pub fn new() -> Replica {
        Replica::default()
    }

    /// An engine with the hash somebody else kept of it.
    ///
    /// # Panics
    /// When they are not of the same place in the journal.
    pub fn of(engine: Engine, hash: StateHash) -> Replica {
        assert!(engine.seq() == hash.seq, "state at {}, hash at {}", engine.seq(), hash.seq);
        Replica { engine, hash }
    }

    /// The engine, and the hash for somebody else to keep.
    pub fn into_parts(self) -> (Engine, StateHash) {
        (self.engine, self.hash)
    }

    /// Hash over everything that happened; equal for equal journals.
    pub fn state_hash(&self) -> u64 {
        self.hash.value()
    }

    /// Applies a command as [`Engine::apply`] does, and takes it and its events into the hash.
    ///
    /// # Panics
    /// As [`Engine::apply`].
    pub fn apply(&mut self, seq: Seq, at: Timestamp, command: &Command, events: &mut Vec<Event>) {
        let first = events.len();
        self.engine.apply(seq, at, command, events);
        self.hash.take(seq, at, command, &events[first..]);
    }

    /// Writes the whole state as bytes, in pieces, to `sink`.
    pub fn export(&self, sink: &mut dyn FnMut(&[u8])) {
        self.engine.export(self.hash.running, sink);
    }

    /// Rebuilds a state from what [`Replica::export`] wrote.
    ///
    /// # Errors
    /// What is wrong with the bytes, in words; [`crate::STATE_VERSION`] mismatches included.
    pub fn import(bytes: &[u8]) -> Result<Replica, String> {
        let (engine, running) = Engine::import(bytes)?;
        let hash = StateHash { seq: engine.seq(), running };
        Ok(Replica { engine, hash })
    }

    /// From now on plain commands go the long way too: tests want both ways to agree.
    #[cfg(any(test, feature = "oracle"))]
    pub fn go_the_long_way(&mut self) {
        self.engine.go_the_long_way();
    }
}
