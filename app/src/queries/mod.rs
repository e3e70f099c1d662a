//! History from Postgres: pages of orders, fills, ledger entries and order events.
//!
//! Everything here is as old as the projections are; each answer therefore carries the
//! sequence the tables had reached, read in the same snapshot as the rows. Live state (open
//! orders, balances, depth) is never read here: it comes from memory. Postgres may be down
//! or slow at any time, also at start: then these calls answer [`HistoryError`] in bounded
//! time and nothing else in the platform notices.
//!
//! Rows carry the engine's integers and enums; the surfaces format them.

mod actions;
pub mod cursor;
mod events;
mod fills;
mod ledger;
mod market;
mod orders;
pub mod rows;
mod trades;

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};
use zaraba_engine::types::{Seq, Timestamp};

use crate::config;

pub use actions::{ActionFilter, ActionRow, AnchorRow};
pub(crate) use cursor::fingerprint;
pub use events::PrivateEvents;
pub use fills::FillFilter;
pub use ledger::LedgerFilter;
pub use market::{AuctionRow, BalanceRow, CandleRequest, CandleRow, TradeRow};
pub use orders::OrderFilter;
pub use rows::{
    FillRow, LedgerRow, Liquidity, OrderChange, OrderEventKind, OrderEventRow, OrderRow,
};
pub use trades::{CorrectionFilter, CorrectionRow, TradeParty, TradeRecord};

/// Most rows of one page.
pub const MAX_LIMIT: usize = 1_000;

/// Longest wait for a connection: with Postgres away, callers hear so after this.
const ACQUIRE: Duration = Duration::from_secs(2);

/// Why history cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Postgres cannot be reached. Trading and live reads are not affected.
    #[error(
        "history is not available: the database cannot be reached ({0}); trading goes on, try again later"
    )]
    Unavailable(String),
    /// The query took longer than `postgres.query_seconds`.
    #[error(
        "the history query took longer than allowed; ask for a shorter time range or fewer rows"
    )]
    Timeout,
    /// The cursor is not one that this list gave out.
    #[error("the cursor is not valid for this list; start again without one")]
    BadCursor,
    /// The tables are not there or not of this version.
    #[error("the database schema does not fit this version ({0}); run `zaraba migrate`")]
    Schema(String),
    /// A row holds something the platform never writes.
    #[error("the projected row of {what} cannot be read: {why}; run `zaraba projections verify`")]
    Damaged {
        /// Which row.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// Settings that cannot be used.
    #[error("cannot use the database settings: {0}")]
    Settings(String),
}

impl From<sqlx::Error> for HistoryError {
    fn from(error: sqlx::Error) -> HistoryError {
        if let sqlx::Error::Database(database) = &error {
            match database.code().as_deref() {
                // query_canceled: the statement timeout.
                Some("57014") => return HistoryError::Timeout,
                // Undefined table, column, schema, type.
                Some("42P01" | "42703" | "3F000" | "42704") => {
                    return HistoryError::Schema(database.message().to_owned());
                }
                _ => {}
            }
        }
        HistoryError::Unavailable(error.to_string())
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// Rows, newest first.
    pub items: Vec<T>,
    /// What to hand in for the next page; `None`: this was the last.
    pub next_cursor: Option<String>,
    /// The sequence the tables had reached; zero: nothing is projected yet.
    pub seq: Seq,
}

/// One answer that is not a list.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// What was asked for.
    pub value: T,
    /// The sequence the tables had reached; zero: nothing is projected yet.
    pub seq: Seq,
}

/// Handle to the history; made lazily connected, so it exists whether or not Postgres does.
pub struct History {
    pool: PgPool,
    limit: Duration,
}

/// Connection options from the settings: URL, and the password from its file.
///
/// # Errors
/// [`HistoryError::Settings`] when the URL or the file cannot be used.
pub fn connect_options(settings: &config::Postgres) -> Result<PgConnectOptions, HistoryError> {
    let options = PgConnectOptions::from_str(&settings.url)
        .map_err(|e| HistoryError::Settings(format!("postgres.url is not a libpq URL: {e}")))?
        .application_name("zaraba");
    if settings.password_file.as_os_str().is_empty() {
        return Ok(options);
    }
    let password = zaraba_secret::read(&settings.password_file).map_err(|e| {
        let file = settings.password_file.display();
        HistoryError::Settings(format!("cannot use postgres.password_file {file}: {e}"))
    })?;
    Ok(options.password(zaraba_secret::line(&password)))
}

impl History {
    /// History with the given settings. Does not connect yet; must be called within tokio.
    ///
    /// # Errors
    /// [`HistoryError::Settings`] only.
    pub fn new(settings: &config::Postgres) -> Result<History, HistoryError> {
        let limit = Duration::from_secs(settings.query_seconds.max(1));
        let options = connect_options(settings)?.application_name("zaraba-history").options([
            ("statement_timeout", limit.as_millis().to_string()),
            // A reader must not hold a snapshot for ever if this process stalls.
            ("idle_in_transaction_session_timeout", (limit * 2).as_millis().to_string()),
            // The queries say `$2 IS NULL OR ...` for filters that are not given: planned
            // with the values at hand those vanish and partitions are pruned.
            ("plan_cache_mode", "force_custom_plan".to_owned()),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections.max(1))
            .acquire_timeout(ACQUIRE.min(limit))
            .connect_lazy_with(options);
        Ok(History { pool, limit })
    }

    /// Its connections, for a password that changes.
    pub fn pool(&self) -> PgPool {
        self.pool.clone()
    }

    /// The sequence the tables have reached; zero: nothing is projected yet.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn reached(&self) -> Result<Seq, HistoryError> {
        self.bounded(async { Ok(self.snapshot().await?.1) }).await
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Opens a snapshot and reads how far the tables are in it.
    async fn snapshot(&self) -> Result<(Transaction<'static, Postgres>, Seq), HistoryError> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut snapshot = self.pool.begin_with(begin).await?;
        let seq = sqlx::query_scalar!("SELECT seq FROM trading.watermark")
            .fetch_optional(&mut *snapshot)
            .await?;
        Ok((snapshot, Seq(seq.unwrap_or(0) as u64)))
    }

    /// Backstop for a server that hangs without answering: the statement timeout is the
    /// server's own and does not fire then.
    async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, HistoryError>>,
    ) -> Result<T, HistoryError> {
        match tokio::time::timeout(self.limit + ACQUIRE, work).await {
            Ok(done) => done,
            Err(_) => Err(HistoryError::Timeout),
        }
    }
}

/// Rows asked of the database for a page of `limit`: one more, to know whether more follow.
fn fetch_limit(limit: usize) -> i64 {
    limit.clamp(1, MAX_LIMIT) as i64 + 1
}

/// Cuts fetched rows to a page and makes the cursor from its last row.
fn page<T>(mut items: Vec<T>, limit: usize, seq: Seq, key: impl Fn(&T) -> String) -> Page<T> {
    let limit = limit.clamp(1, MAX_LIMIT);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = if more { items.last().map(key) } else { None };
    Page { items, next_cursor, seq }
}

/// Postgres keeps microseconds.
pub(crate) fn micros(at: Timestamp) -> i64 {
    (at.0 / 1_000) as i64
}

/// Back from Postgres's microseconds.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    Timestamp(micros.max(0) as u64 * 1_000)
}
