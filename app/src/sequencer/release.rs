//! Releases durable batches: hooks first (the live view, so that a client reads its own
//! writes), then the durable mark, then the replies.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender};

use super::Hook;
use super::commit::OpenBatch;
use super::metrics::{METRICS, count};
use crate::bus::{Batch, Receipt};
use crate::platform::Status;

/// Released batches waited on until nobody holds them, to use their memory again.
const LINGERING: usize = 8;

/// The releaser's thread.
pub(super) struct Releaser {
    hooks: Vec<Hook>,
    status: Arc<Status>,
    released: Receiver<OpenBatch>,
    recycle: Sender<OpenBatch>,
    lingering: VecDeque<(Arc<Batch>, OpenBatch)>,
    ack_seconds: prometheus::local::LocalHistogram,
}

impl Releaser {
    pub fn new(
        hooks: Vec<Hook>,
        status: Arc<Status>,
        released: Receiver<OpenBatch>,
        recycle: Sender<OpenBatch>,
    ) -> Releaser {
        let ack_seconds = METRICS.ack_seconds.local();
        let lingering = VecDeque::with_capacity(LINGERING + 1);
        Releaser { hooks, status, released, recycle, lingering, ack_seconds }
    }

    /// Releases until the journal's thread ends.
    pub fn run(mut self) {
        while let Ok(open) = self.released.recv() {
            self.release(open);
        }
    }

    fn release(&mut self, mut open: OpenBatch) {
        let batch = Arc::new(std::mem::take(&mut open.batch));
        for hook in &mut self.hooks {
            hook(&batch);
        }
        self.status.durable.advance(batch.last_seq());
        let now = Instant::now();
        for (index, (reply, since)) in open.replies.drain(..).enumerate() {
            self.ack_seconds.observe((now - since).as_secs_f64());
            // Nobody there any more: the client has gone, its order has not.
            let _ = reply.send(Receipt::new(batch.clone(), index as u32));
        }
        self.ack_seconds.flush();
        count(&batch);
        open.frames.clear();
        self.lingering.push_back((batch, open));
        if self.lingering.len() > LINGERING {
            self.recycle_oldest();
        }
    }

    /// Gives the oldest batch's buffers back, if no reader holds it any more.
    fn recycle_oldest(&mut self) {
        let Some((batch, mut open)) = self.lingering.pop_front() else { return };
        if let Ok(mut batch) = Arc::try_unwrap(batch) {
            batch.steps.clear();
            batch.events.clear();
            batch.named.take();
            open.batch = batch;
        }
        let _ = self.recycle.try_send(open); // full: there are enough
    }
}
