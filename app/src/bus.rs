//! What travels from the sequencer to everyone who wants to know: batches of commands with
//! their events, released only once they are durable. Plain shared data; no policy.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use zaraba_engine::engine::OrderState;
use zaraba_engine::types::{Seq, Timestamp};
use zaraba_engine::{Command, Event};

/// One command and what it did.
#[derive(Debug)]
pub struct Step {
    /// Its number in the journal.
    pub seq: Seq,
    /// When it was sequenced.
    pub at: Timestamp,
    /// The command.
    pub command: Command,
    /// Its events, as a range of [`Batch::events`].
    pub events: Range<u32>,
}

/// What became durable with one sync, in order.
#[derive(Debug, Default)]
pub struct Batch {
    /// The commands.
    pub steps: Vec<Step>,
    /// The events of all of them.
    pub events: Vec<Event>,
    /// Hash of all history after the last step; the journal's thread fills it in.
    pub state_hash: u64,
    /// The orders that amendments and cancels of one order named, each as it stood right
    /// after its step, with the step's index, ascending. Told once, by the live view, when
    /// the batch is released: later commands change the view, but not this.
    pub named: OnceLock<Vec<(u32, OrderState)>>,
}

impl Batch {
    /// The events of a step of this batch.
    pub fn events_of(&self, step: &Step) -> &[Event] {
        &self.events[step.events.start as usize..step.events.end as usize]
    }

    /// Steps with their events, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Step, &[Event])> {
        self.steps.iter().map(|step| (step, self.events_of(step)))
    }

    /// Sequence of the last step.
    pub fn last_seq(&self) -> Seq {
        self.steps.last().map_or(Seq(0), |step| step.seq)
    }
}

/// The answer to one submitted command: a view into the batch it became durable with.
#[derive(Clone, Debug)]
pub struct Receipt {
    batch: Arc<Batch>,
    index: u32,
}

impl Receipt {
    /// The answer to step `index` of `batch`.
    pub fn new(batch: Arc<Batch>, index: u32) -> Receipt {
        Receipt { batch, index }
    }

    /// The command as sequenced.
    pub fn step(&self) -> &Step {
        &self.batch.steps[self.index as usize]
    }

    /// What it did.
    pub fn events(&self) -> &[Event] {
        self.batch.events_of(self.step())
    }

    /// The order that an amendment or cancel of one order named, as it stood right after
    /// this command, refused or not; `None` for other commands, orders that were not
    /// remembered, and batches that no live view took in.
    pub fn named_order(&self) -> Option<&OrderState> {
        let named = self.batch.named.get()?;
        let at = named.binary_search_by_key(&self.index, |(index, _)| *index).ok()?;
        Some(&named[at].1)
    }
}
