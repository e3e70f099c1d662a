//! Lines of the log on their way. They are on standard error, too: what the other system does not
//! take in time is dropped here, counted, and only here.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tracing_subscriber::fmt::MakeWriter;

use super::{Receiver, longer, stops_within};
use crate::metrics::METRICS;

/// Most lines that wait.
const WAITING: usize = 10_000;
/// Most lines of one sending.
const LINES: usize = 1_000;
/// Time in which lines gather.
const GATHER: Duration = Duration::from_millis(500);

/// The end that lines come out of.
pub(super) type Queue = mpsc::Receiver<Bytes>;

/// The process has one log, so one queue; taken by who sends.
static QUEUE: OnceLock<Mutex<Option<Queue>>> = OnceLock::new();

/// The end that lines go into: beside standard error.
#[derive(Clone)]
pub struct Tap(Option<mpsc::Sender<Bytes>>);

impl Tap {
    /// A tap where lines are sent on (once in a process), else one that leads nowhere.
    pub fn new(sends: bool) -> Tap {
        if !sends {
            return Tap(None);
        }
        let (sender, queue) = mpsc::channel(WAITING);
        let first = QUEUE.set(Mutex::new(Some(queue))).is_ok();
        Tap(first.then_some(sender))
    }
}

impl<'a> MakeWriter<'a> for Tap {
    type Writer = Tap;

    fn make_writer(&'a self) -> Tap {
        self.clone()
    }
}

impl Write for Tap {
    /// A line comes whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(sender) = &self.0
            && sender.try_send(Bytes::copy_from_slice(line)).is_err()
        {
            METRICS.ship_dropped.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The queue, for one who sends.
pub(super) fn queue() -> Option<Queue> {
    QUEUE.get()?.lock().take()
}

/// Sends until the console stops, and then what is there still, once.
pub(super) async fn keep(
    mut queue: Queue,
    mut receiver: Receiver,
    mut stopping: watch::Receiver<bool>,
) {
    let mut lines = Vec::new();
    loop {
        let stops = tokio::select! {
            _ = queue.recv_many(&mut lines, 1) => false,
            _ = stopping.wait_for(|stop| *stop) => true,
        };
        let stops = stops || stops_within(GATHER, &mut stopping).await;
        // What is not there yet is for the next sending.
        while lines.len() < LINES
            && let Ok(line) = queue.try_recv()
        {
            lines.push(line);
        }
        let mut pause = Duration::ZERO;
        while !lines.is_empty() && !receiver.send("log", lines.concat()).await {
            pause = longer(pause);
            if stops || stops_within(pause, &mut stopping).await {
                return;
            }
        }
        lines.clear();
        if stops {
            return;
        }
    }
}
