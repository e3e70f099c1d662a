//! (in work) The sequencer: the one thread that changes trading state, and the pipeline
//! behind it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use zaraba_engine::Engine;

use crate::bus::Batch;
use crate::config::Config;
use crate::intake::gate::Submission;
use crate::journal::JournalWriter;
use crate::platform::Status;

/// Called with every batch once it is durable, in order, before its replies go out. Must not
/// block: everything waits for it.
pub type Hook = Box<dyn FnMut(&Arc<Batch>) + Send>;

/// What a sequencer is made of.
pub struct SequencerParts {
    /// The recovered state.
    pub engine: Engine,
    /// The journal behind it.
    pub writer: JournalWriter,
    /// Receiving end of the gate.
    pub queue: crossbeam_channel::Receiver<Submission>,
    /// The gate's switch.
    pub stopped: Arc<AtomicBool>,
    /// Told about durability and failure.
    pub status: Arc<Status>,
    /// Run in this order with every released batch.
    pub hooks: Vec<Hook>,
    /// Settings; `journal` is used.
    pub config: Arc<Config>,
}

/// The sequencer.
pub struct Sequencer;

impl Sequencer {
    /// Starts the threads.
    pub fn start(parts: SequencerParts) -> SequencerHandle {
        drop(parts);
        SequencerHandle {}
    }
}

/// A running sequencer.
pub struct SequencerHandle {}

impl SequencerHandle {
    /// Closes the gate, finishes what is queued, syncs, and ends the threads.
    pub fn shutdown(self) {}
}
