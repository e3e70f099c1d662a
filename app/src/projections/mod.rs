//! Projections: the journal as rows in Postgres.
//!
//! The projector owns an engine of its own, applies the journal's commands again and writes
//! what they did. Live, after a pause of Postgres and in a rebuild it is the same path: read
//! from the watermark on. Trading never waits for it; Postgres being slow or away only lets
//! the lag grow. Nothing else writes the `trading` schema.
//!
//! - `source`: commands and an engine, from the journal.
//! - `feed`: the reading thread, which makes bundles with `collect`.
//! - `session`: the writing connection; a bundle and the watermark are one transaction.
//! - this file: keeps the two going, whatever happens to either.
//! - `verify`: compares every row with a fresh replay.
//!
//! The watermark is the only state. A row that is missing means "build anew": that is how a
//! rebuild is asked for, also of a running node. One that went back (Postgres lost its newest
//! transactions in a crash) means "write those again". One that does not fit the journal means
//! another journal's tables: refused, until someone asks for a rebuild.

mod actions;
mod bundle;
pub mod cli;
mod collect;
mod copy;
mod delta;
mod feed;
mod metrics;
pub mod migrate;
mod partitions;
pub mod rules;
pub mod sample;
mod session;
pub mod source;
pub mod verify;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;
use zaraba_engine::types::Seq;

use crate::clock;
use crate::database::Access;
use crate::journal::{JournalError, Watermark};
use crate::platform::Status;
use bundle::Bundle;
use feed::{Feed, FeedLimits};
use metrics::METRICS;
use session::Session;
use source::Source;

pub use bundle::Mark;
pub use feed::FeedError;
pub use session::WriteError;

/// First and longest pause before the database is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often an idle projector looks whether the database is there, and whether a rebuild
/// was asked for.
const IDLE: Duration = Duration::from_secs(1);
/// A transaction that takes longer is reported as trouble with the database.
const SLOW: Duration = Duration::from_secs(5);
/// A transaction that takes longer is given up, and tried again on a new connection.
const HUNG: Duration = Duration::from_secs(300);

/// Why projecting cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// The database.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The journal, or tables that do not fit it.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// A thread could not be started.
    #[error("cannot start the projector's thread: {0}")]
    Thread(std::io::Error),
}

impl ProjectionError {
    /// Whether trying again cannot help until a person does something.
    fn is_refusal(&self) -> bool {
        matches!(
            self,
            ProjectionError::Feed(
                FeedError::BeyondEnd { .. }
                    | FeedError::Foreign { .. }
                    | FeedError::Journal(JournalError::StateMismatch { .. })
            ) | ProjectionError::Write(WriteError::Damaged(_))
        )
    }

    /// Label in the metrics.
    fn kind(&self) -> &'static str {
        match self {
            ProjectionError::Write(WriteError::Database(_)) => "database",
            ProjectionError::Write(WriteError::NoSchema(_)) => "schema",
            ProjectionError::Write(WriteError::Locked) => "locked",
            ProjectionError::Write(WriteError::Moved) => "moved",
            ProjectionError::Write(WriteError::Damaged(_)) => "damaged",
            ProjectionError::Write(WriteError::Hung(_)) => "hung",
            ProjectionError::Feed(FeedError::Journal(_)) => "journal",
            ProjectionError::Feed(_) => "foreign",
            ProjectionError::Thread(_) => "thread",
        }
    }
}

/// A projector at work. Dropping it stops it without waiting.
pub struct Projector {
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Projector {
    /// Starts projecting `source` into the database, at most `commands` in a transaction;
    /// runs until stopped, through every failure of the database. `status` and the metrics
    /// tell how it goes. Must be called within tokio.
    pub fn start(
        source: Box<dyn Source>,
        database: impl Into<Access>,
        commands: usize,
        status: Arc<Status>,
    ) -> Projector {
        let (stop, stopped) = watch::channel(false);
        let limits = FeedLimits { commands: commands.max(1), follow: true };
        let mut work = Work::new(source, database.into(), limits);
        work.status = Some(status);
        let task = tokio::spawn(work.run_for_ever(stopped));
        Projector { stop, task }
    }

    /// Ends after the transaction in work. What is not projected yet is so at the next start.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        // It ends by itself; a panic in it has been reported by the runtime.
        let _ = self.task.await;
    }
}

/// What a projector has in hand.
struct Work {
    database: Access,
    limits: FeedLimits,
    status: Option<Arc<Status>>,
    /// Present while no feed has it.
    source: Option<Box<dyn Source>>,
    feed: Option<Feed>,
    /// Where the feed goes on: what the tables have, as far as we know.
    at: Mark,
    /// A bundle on top of `at` that is not known to be written.
    pending: Option<Box<Bundle>>,
    /// What was logged last, so that a state is logged once.
    trouble: Option<&'static str>,
}

impl Work {
    fn new(source: Box<dyn Source>, database: Access, limits: FeedLimits) -> Work {
        Work {
            database,
            limits,
            status: None,
            source: Some(source),
            feed: None,
            at: Mark::zero(),
            pending: None,
            trouble: Some("start"),
        }
    }

    async fn run_for_ever(mut self, mut stopped: watch::Receiver<bool>) {
        let mut pause = BACKOFF.0;
        loop {
            let before = self.at.seq;
            let result = tokio::select! {
                // A transaction cut off here is rolled back by the server, or was committed:
                // the next start finds out from the watermark.
                _ = stopped.wait_for(|stop| *stop) => break,
                result = self.serve(|_| {}) => result,
            };
            let Err(error) = result else { break };
            self.report(&error);
            if self.at.seq > before {
                pause = BACKOFF.0;
            }
            let wait = async {
                if error.is_refusal() {
                    self.wait_for_other_tables().await;
                } else if !matches!(error, ProjectionError::Write(WriteError::Moved)) {
                    tokio::time::sleep(pause).await;
                }
            };
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => break,
                () = wait => {}
            }
            pause = (pause * 2).min(BACKOFF.1);
        }
        self.end_feed().await;
    }

    /// Projects until something fails, or to the end where the feed does not follow.
    /// `progress` hears of every bundle written.
    async fn serve(&mut self, mut progress: impl FnMut(Seq)) -> Result<(), ProjectionError> {
        let mut session = Session::open(&self.database.now()).await?;
        let mark = match session.mark().await? {
            Some(mark) => mark,
            None => {
                tracing::info!(event = "projection.rebuild", "building all projections anew");
                session.reset().await?;
                Mark::zero()
            }
        };
        self.go_on_from(mark).await?;
        self.note_well();
        loop {
            if self.pending.is_none() {
                match self.next_bundle().await? {
                    Next::Bundle(bundle) => self.pending = Some(bundle),
                    Next::End => break,
                    Next::Nothing => {
                        let mark = session.mark().await?;
                        if mark.is_none_or(|mark| !mark.is_same_place(self.at)) {
                            return Err(WriteError::Moved.into());
                        }
                        self.note_well();
                        continue;
                    }
                }
            }
            self.write_pending(&mut session).await?;
            progress(self.at.seq);
        }
        session.close().await;
        Ok(())
    }

    /// Makes the feed go on right after `mark`, which may be where it is anyway.
    async fn go_on_from(&mut self, mark: Mark) -> Result<(), ProjectionError> {
        // The connection may have been lost just after a commit went through.
        if self.pending.as_ref().is_some_and(|pending| pending.mark.is_same_place(mark)) {
            self.pending = None;
            self.at = mark;
        }
        if self.feed.is_some() && self.at.is_same_place(mark) {
            return Ok(());
        }
        if self.feed.is_some() {
            tracing::warn!(
                event = "projection.moved",
                from = self.at.seq.0,
                to = mark.seq.0,
                "the tables are not where the projector left them; going on from there"
            );
        }
        self.end_feed().await;
        let Some(source) = self.source.take() else {
            let lost = std::io::Error::other("it could not be started before; restart the node");
            return Err(ProjectionError::Thread(lost));
        };
        self.feed = Some(Feed::start(source, mark, self.limits).map_err(ProjectionError::Thread)?);
        self.at = mark;
        Ok(())
    }

    async fn end_feed(&mut self) {
        self.pending = None;
        if let Some(feed) = self.feed.take() {
            self.source = Some(feed.end().await);
        }
    }

    async fn next_bundle(&mut self) -> Result<Next, ProjectionError> {
        let Some(feed) = &mut self.feed else { return Ok(Next::End) };
        match tokio::time::timeout(IDLE, feed.next()).await {
            Err(_) => Ok(Next::Nothing),
            Ok(Some(Ok(bundle))) => Ok(Next::Bundle(Box::new(bundle))),
            Ok(None) => Ok(Next::End),
            Ok(Some(Err(error))) => {
                self.end_feed().await;
                Err(error.into())
            }
        }
    }

    async fn write_pending(&mut self, session: &mut Session) -> Result<(), ProjectionError> {
        let Some(bundle) = &self.pending else { return Ok(()) };
        let begun = Instant::now();
        {
            let write = session.write(self.at, bundle);
            tokio::pin!(write);
            match tokio::time::timeout(SLOW, &mut write).await {
                Ok(done) => done?,
                Err(_) => {
                    if let Some(status) = &self.status {
                        status.set_postgres_ok(false);
                    }
                    tracing::warn!(
                        event = "projection.slow",
                        commands = bundle.commands,
                        "a projection transaction takes unusually long; trading goes on"
                    );
                    tokio::time::timeout(HUNG, write)
                        .await
                        .unwrap_or(Err(WriteError::Hung(HUNG.as_secs())))?;
                }
            }
        }
        METRICS.transaction_seconds.observe(begun.elapsed().as_secs_f64());
        METRICS.commands.inc_by(bundle.commands as u64);
        for (table, rows) in bundle.rows() {
            METRICS.rows.with_label_values(&[table]).inc_by(rows);
        }
        self.at = bundle.mark;
        self.pending = None;
        self.note_well();
        Ok(())
    }

    /// Tells status, metrics and, after trouble, the log that all is well.
    fn note_well(&mut self) {
        METRICS.refused.set(0);
        METRICS.sequence.set(self.at.seq.0 as i64);
        if let Some(status) = &self.status {
            status.set_projected(self.at.seq);
            status.set_postgres_ok(true);
            let behind = status.durable.get().0.saturating_sub(self.at.seq.0);
            note_lag(&status.durable, self.at);
            if self.trouble.take().is_some() {
                tracing::info!(
                    event = "projection.connected",
                    projection.seq = self.at.seq.0,
                    projection.behind = behind,
                    "projecting again"
                );
            }
        }
    }

    /// Tells status, metrics and, once per kind of trouble, the log.
    fn report(&mut self, error: &ProjectionError) {
        let kind = error.kind();
        METRICS.errors.with_label_values(&[kind]).inc();
        METRICS.refused.set(i64::from(error.is_refusal()));
        if let Some(status) = &self.status {
            // A watermark that moved is noticed over a connection that works.
            status.set_postgres_ok(kind == "moved");
            note_lag(&status.durable, self.at);
        }
        if self.trouble.replace(kind) == Some(kind) {
            return;
        }
        if error.is_refusal() {
            tracing::error!(event = "projection.refused", error = %error, "not projecting");
        } else {
            tracing::warn!(
                event = "projection.lost",
                error = %error,
                projection.seq = self.at.seq.0,
                "projecting pauses and is tried again; trading goes on"
            );
        }
    }

    /// After a refusal: waits until the watermark is another, or gone.
    async fn wait_for_other_tables(&mut self) {
        self.end_feed().await;
        let refused = self.at;
        loop {
            tokio::time::sleep(IDLE).await;
            if let Some(status) = &self.status {
                note_lag(&status.durable, self.at);
            }
            let Ok(mut session) = Session::open(&self.database.now()).await else { continue };
            let mark = session.mark().await;
            session.close().await;
            match mark {
                Ok(Some(mark)) if mark.is_same_place(refused) => {}
                Ok(_) => return,
                Err(_) => {}
            }
        }
    }
}

/// What comes next.
enum Next {
    Bundle(Box<Bundle>),
    /// Nothing yet.
    Nothing,
    /// Nothing any more.
    End,
}

fn note_lag(durable: &Watermark, at: Mark) {
    let behind = durable.get().0.saturating_sub(at.seq.0);
    METRICS.lag_commands.set(behind as i64);
    let seconds = match behind {
        0 => 0.0,
        _ if at.at.0 == 0 => 0.0,
        _ => clock::now().0.saturating_sub(at.at.0) as f64 / 1e9,
    };
    METRICS.lag_seconds.set(seconds);
}

/// Projects from where the tables are to the end of the journal, then returns; how far it got.
/// For commands on a node that does not run, and for tests. Unlike the live projector it
/// gives up at the first failure.
///
/// # Errors
/// See [`ProjectionError`]; the tables are at some command's end, whichever.
pub async fn catch_up(
    source: Box<dyn Source>,
    database: &PgConnectOptions,
    commands: usize,
    progress: impl FnMut(Seq),
) -> Result<Seq, ProjectionError> {
    let limits = FeedLimits { commands: commands.max(1), follow: false };
    let mut work = Work::new(source, database.clone().into(), limits);
    let result = work.serve(progress).await;
    work.end_feed().await;
    result.map(|()| work.at.seq)
}

/// Has all projections built anew: whoever projects into this database, now or next, empties
/// the tables and starts from the first command. Returns at once.
///
/// # Errors
/// When the database cannot be reached or has no tables.
pub async fn ask_for_rebuild(database: &PgConnectOptions) -> Result<(), WriteError> {
    use sqlx::ConnectOptions;
    let mut connection = database.connect().await?;
    session::ask_for_rebuild(&mut connection).await
}
