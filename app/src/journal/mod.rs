//! (in work) The journal: segments of frames on disk, group commit, snapshots.
//!
//! Contract other modules are built against; the runtime owner fills it in.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use zaraba_engine::types::Seq;

/// How far the journal is durable; readers wait on it.
#[derive(Default)]
pub struct Watermark {
    durable: Mutex<Seq>,
    moved: Condvar,
}

impl Watermark {
    /// Last durable sequence.
    pub fn get(&self) -> Seq {
        *self.durable.lock()
    }

    /// Says that everything up to `seq` is durable.
    pub fn advance(&self, seq: Seq) {
        *self.durable.lock() = seq;
        self.moved.notify_all();
    }

    /// Waits until something beyond `seq` is durable, at most `timeout`; the durable sequence.
    pub fn wait_beyond(&self, seq: Seq, timeout: Duration) -> Seq {
        let mut durable = self.durable.lock();
        if *durable <= seq {
            self.moved.wait_for(&mut durable, timeout);
        }
        *durable
    }
}
