//! The projector's reading half: a thread that owns an engine of its own, applies the
//! journal's commands again to learn what they did, and hands over bundles of rows. One bundle
//! waits while another is being written, so that both halves work at once and memory stays
//! bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use zaraba_engine::Replica;
use zaraba_engine::types::Seq;

use super::bundle::{Bundle, Day, Mark};
use super::collect::Collector;
use super::source::Source;
use crate::journal::JournalError;

/// Bytes of history after which a bundle is closed, however few commands made them.
const BUNDLE_BYTES: usize = 32 << 20;
/// How long a live bundle collects commands before it is handed over: many small transactions
/// would take processor time from trading, and nobody reads history that young.
const LINGER: Duration = Duration::from_millis(50);
/// How often a waiting thread looks whether it should end.
const TICK: Duration = Duration::from_millis(100);
/// How long commands that the tables already have may be missing at the journal's end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why there are no more bundles.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The journal cannot be read, or gives another state than it recorded.
    #[error("the tables cannot follow the journal: {0}")]
    Journal(#[from] JournalError),
    /// The tables are ahead of the journal.
    #[error(
        "the tables are at command {mark} but the journal ends at {end}: they belong to another \
         or a newer journal. Nothing was changed; if this journal is the right one, run `zaraba \
         projections rebuild`"
    )]
    BeyondEnd {
        /// Where the tables are.
        mark: u64,
        /// Where the journal ends.
        end: u64,
    },
    /// The tables were written from another journal.
    #[error(
        "the tables at command {seq} have state hash {recorded:016x} but the journal gives \
         {found:016x}: they were written from another journal. Nothing was changed; if this \
         journal is the right one, run `zaraba projections rebuild`"
    )]
    Foreign {
        /// Where the tables are.
        seq: u64,
        /// Hash in the tables.
        recorded: u64,
        /// Hash by the journal.
        found: u64,
    },
}

/// What bounds a feed.
#[derive(Clone, Copy)]
pub(super) struct FeedLimits {
    /// Most commands in a bundle.
    pub commands: usize,
    /// Whether to wait for more at the journal's end, or to end there.
    pub follow: bool,
}

/// A running feed.
pub(super) struct Feed {
    bundles: mpsc::Receiver<Result<Bundle, FeedError>>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Box<dyn Source>>,
}

impl Feed {
    /// Starts reading right after `mark`.
    pub(super) fn start(
        mut source: Box<dyn Source>,
        mark: Mark,
        limits: FeedLimits,
    ) -> std::io::Result<Feed> {
        let (sender, bundles) = mpsc::channel(1);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name("projector".into()).spawn(move || {
            if let Err(error) = read(source.as_mut(), mark, limits, &sender, &stopped) {
                // Nobody waits for it any more: then nobody wants to know.
                let _ = sender.blocking_send(Err(error));
            }
            source
        })?;
        Ok(Feed { bundles, stop, thread })
    }

    /// The next bundle; `None` at the end, where the feed does not follow. May be dropped
    /// half way without loss.
    pub(super) async fn next(&mut self) -> Option<Result<Bundle, FeedError>> {
        self.bundles.recv().await
    }

    /// Ends the thread and gives the source back.
    pub(super) async fn end(self) -> Box<dyn Source> {
        self.stop.store(true, Ordering::Release);
        drop(self.bundles);
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        match joined {
            Ok(Ok(source)) => source,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// The thread's work; returns when stopped, at the end, or when nobody listens.
fn read(
    source: &mut dyn Source,
    mark: Mark,
    limits: FeedLimits,
    sender: &mpsc::Sender<Result<Bundle, FeedError>>,
    stop: &AtomicBool,
) -> Result<(), FeedError> {
    let Some(mut engine) = engine_at(source, mark, stop)? else { return Ok(()) };
    let mut collector = Collector::new(&engine);
    let mut events = Vec::new();
    let flush = |collector: &mut Collector, engine: &Replica| {
        let bundle = collector.finish(engine.state_hash());
        bundle.is_none_or(|bundle| sender.blocking_send(Ok(bundle)).is_ok())
    };
    let mut begun = Instant::now();
    while !stop.load(Ordering::Acquire) {
        let Some((seq, at, command)) = source.next()? else {
            let lingered = begun.elapsed();
            if collector.day().is_some() && (!limits.follow || lingered >= LINGER) {
                if !flush(&mut collector, &engine) {
                    return Ok(());
                }
            } else if limits.follow {
                let bundle = collector.day().is_some();
                source.wait(if bundle { LINGER - lingered } else { TICK });
            } else {
                return Ok(());
            }
            continue;
        };
        if collector.day().is_none() {
            begun = Instant::now();
        }
        let other_day = collector.day().is_some_and(|day| day != Day::of(at));
        if other_day && !flush(&mut collector, &engine) {
            return Ok(());
        }
        source.apply(&mut engine, (seq, at, &command), &mut events)?;
        collector.take(seq, at, &command, &events);
        let (commands, bytes) = collector.size();
        let full = commands >= limits.commands || bytes >= BUNDLE_BYTES;
        if full && !flush(&mut collector, &engine) {
            return Ok(());
        }
    }
    Ok(())
}

/// The state after exactly the commands that the tables have; `None` when stopped.
pub(super) fn engine_at(
    source: &mut dyn Source,
    mark: Mark,
    stop: &AtomicBool,
) -> Result<Option<Replica>, FeedError> {
    let mut engine = source.load(mark.seq)?;
    let mut events = Vec::new();
    let mut waited = Duration::ZERO;
    while engine.seq() < mark.seq {
        if stop.load(Ordering::Acquire) {
            return Ok(None);
        }
        match source.next()? {
            Some((seq, at, command)) => {
                source.apply(&mut engine, (seq, at, &command), &mut events)?;
            }
            None if waited >= PATIENCE => {
                let Seq(end) = engine.seq();
                return Err(FeedError::BeyondEnd { mark: mark.seq.0, end });
            }
            None => {
                source.wait(TICK);
                waited += TICK;
            }
        }
    }
    let found = engine.state_hash();
    if mark.seq != Seq(0) && found != mark.state_hash {
        return Err(FeedError::Foreign { seq: mark.seq.0, recorded: mark.state_hash, found });
    }
    Ok(Some(engine))
}

#[cfg(test)]
mod tests {
    use zaraba_engine::Command;
    use zaraba_engine::types::{AccountCode, Timestamp};

    use super::*;
    use crate::config::Config;
    use crate::journal::disk::RealDisk;
    use crate::journal::{Dirs, Recovered, put_command, recover};
    use crate::projections::source::JournalSource;

    const NONE: Mark = Mark { seq: Seq(0), at: Timestamp(0), state_hash: 0 };

    /// A journal of three accounts; the program that wrote it had another state after the second.
    fn written_by_another() -> tempfile::TempDir {
        let (dir, mut config) = (tempfile::tempdir().unwrap(), Config::default());
        (config.engine.accounts, config.engine.live_orders) = (100, 100);
        (config.engine.answers, config.engine.balances) = (100, 100);
        let Recovered { mut engine, mut writer, .. } =
            recover(&Dirs::of(dir.path()), &config, Arc::new(RealDisk)).unwrap();
        for (code, other) in [("one", 0), ("two", 1), ("three", 0)] {
            let (seq, at) = (writer.next_seq(), writer.last_at());
            let command = Command::CreateAccount { code: AccountCode::new(code).unwrap() };
            engine.apply(seq, at, &command, &mut Vec::new());
            let mut frames = Vec::new();
            put_command(&mut frames, seq, at, &command);
            writer.append(&mut frames, 1, seq, at, engine.state_hash() ^ other).unwrap();
        }
        dir
    }

    #[test]
    fn what_this_program_computes_otherwise_never_gets_into_the_tables() {
        let dir = written_by_another();
        let mut source = JournalSource::cold(Dirs::of(dir.path()));
        let (sender, mut bundles) = mpsc::channel(8);
        let stop = AtomicBool::new(false);
        let limits = FeedLimits { commands: 1, follow: false };
        let error = read(&mut source, NONE, limits, &sender, &stop).unwrap_err();
        assert!(
            matches!(error, FeedError::Journal(JournalError::StateMismatch { seq: 3, .. })),
            "{error}"
        );
        let ends = std::iter::from_fn(|| bundles.try_recv().ok())
            .map(|bundle| bundle.unwrap().mark.seq)
            .collect::<Vec<_>>();
        assert_eq!(ends, [Seq(1), Seq(2)], "up to where both agree");
        // Nor on the way to where the tables are.
        let mark = Mark { seq: Seq(4), ..NONE };
        let error = engine_at(&mut source, mark, &stop).err();
        assert!(matches!(
            error,
            Some(FeedError::Journal(JournalError::StateMismatch { seq: 3, .. }))
        ));
    }
}
