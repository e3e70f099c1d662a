//! `zaraba projections sample`: fills an empty database with made-up history of a wanted size, to
//! see how the console and the queries behave when a platform has aged. Nothing here comes
//! from a journal, so no node may project into such a database: it is left with a watermark
//! that no journal has, and a database that has one already is refused.

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::Date;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::migrate;

const REFERENCE: &str = include_str!("reference.sql");
const ORDERS: &str = include_str!("orders.sql");
const EVENTS: &str = include_str!("events.sql");
const FILLS: &str = include_str!("fills.sql");
const LEDGER: &str = include_str!("ledger.sql");
const BALANCES: &str = include_str!("balances.sql");
const OFFICE: &str = include_str!("office.sql");
const TRAIL: &str = include_str!("trail.sql");

/// Orders made by one statement.
const CHUNK: i64 = 200_000;

/// How much is made.
#[derive(Args, Debug, Clone)]
pub struct Size {
    /// Orders.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(i64).range(2..=1_000_000_000))]
    pub orders: i64,
    /// Accounts.
    #[arg(long, default_value_t = 800_000, value_parser = clap::value_parser!(i32).range(16..=50_000_000))]
    pub accounts: i32,
    /// Shares listed.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(i32).range(1..=8_000))]
    pub shares: i32,
    /// Days of history, weekends too.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=1_000))]
    pub days: i32,
    /// First day.
    #[arg(long, default_value = "2026-06-01", value_name = "YYYY-MM-DD")]
    pub from: Date,
    /// Of how many orders in a hundred the events, fills and ledger entries are made too.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i32).range(0..=100))]
    pub detail: i32,
}

/// Fills a database; `progress` is told the orders made.
///
/// # Errors
/// When the database is not empty, or does not answer.
pub async fn fill(
    database: &PgConnectOptions,
    size: &Size,
    progress: impl Fn(i64),
) -> anyhow::Result<()> {
    migrate::run(database).await?;
    let mut connection = database.connect().await.context("cannot reach the database")?;
    refuse_what_is_in_use(&mut connection).await?;
    // First, so that a run cut short leaves a database that no node takes for its own either.
    mark(&mut connection, size).await?;
    sqlx::query(REFERENCE).bind(size.accounts).bind(size.shares).execute(&mut connection).await?;
    make_partitions(&mut connection, size).await?;
    let indexes = drop_indexes(&mut connection).await?;
    let first = format!("{} 00:00:00+00", size.from);
    let mut from = 1;
    while from <= size.orders {
        let to = (from + CHUNK).min(size.orders + 1);
        let mut transaction = connection.begin().await?;
        sqlx::query(ORDERS)
            .bind(from)
            .bind(to)
            .bind(size.orders)
            .bind(size.days)
            .bind(&first)
            .bind(size.accounts)
            .bind(size.shares)
            .execute(&mut *transaction)
            .await?;
        for detail in [EVENTS, FILLS] {
            let rows = sqlx::query(detail).bind(from).bind(to).bind(size.detail);
            rows.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        progress(to - 1);
        from = to;
    }
    let office = sqlx::query(OFFICE).bind(size.orders).bind(size.accounts).bind(size.shares);
    office.execute(&mut connection).await?;
    sqlx::query(TRAIL).bind(size.orders).bind(size.accounts).execute(&mut connection).await?;
    for statement in indexes.iter().map(String::as_str).chain([LEDGER, BALANCES, "ANALYZE"]) {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// A database that a journal's projection, or an earlier sample, is in stays as it is.
async fn refuse_what_is_in_use(connection: &mut PgConnection) -> anyhow::Result<()> {
    let used: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM trading.watermark) OR EXISTS (SELECT FROM trading.orders)
             OR EXISTS (SELECT FROM trading.accounts) OR EXISTS (SELECT FROM trading.instruments)",
    )
    .fetch_one(connection)
    .await?;
    if used {
        bail!(
            "this database holds the projection of a journal, or a sample already; nothing was \
             changed. Make an empty one (createdb) and name it with --database-url"
        );
    }
    Ok(())
}

/// The watermark of no journal: its sequence is beyond any.
async fn mark(connection: &mut PgConnection, size: &Size) -> anyhow::Result<()> {
    let end = size.from.checked_add(jiff::Span::new().days(size.days))?;
    sqlx::query(
        "INSERT INTO trading.watermark (seq, at, state_hash)
         VALUES ($1, $2::text::timestamptz, '\\x0000000000000000')",
    )
    .bind(i64::MAX / 2)
    .bind(format!("{end} 00:00:00+00"))
    .execute(connection)
    .await?;
    Ok(())
}

async fn make_partitions(connection: &mut PgConnection, size: &Size) -> anyhow::Result<()> {
    for table in ["order_events", "fills", "ledger_entries"] {
        for day in 0..size.days {
            let from = size.from.checked_add(jiff::Span::new().days(day))?;
            let to = from.tomorrow()?;
            let statement = format!(
                "CREATE TABLE trading.{table}_{} PARTITION OF trading.{table}
                 FOR VALUES FROM ('{from} 00:00:00+00') TO ('{to} 00:00:00+00')",
                from.strftime("%Y%m%d")
            );
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *connection).await?;
        }
    }
    Ok(())
}

/// Drops the indexes of the orders, which are faster made after the rows; what makes them.
async fn drop_indexes(connection: &mut PgConnection) -> anyhow::Result<Vec<String>> {
    let indexes: Vec<(String, String)> = sqlx::query_as(
        "SELECT indexname::text, indexdef FROM pg_indexes
         WHERE schemaname = 'trading' AND tablename = 'orders' AND indexname <> 'orders_pkey'",
    )
    .fetch_all(&mut *connection)
    .await?;
    for (name, _) in &indexes {
        let drop = format!("DROP INDEX trading.{name}");
        sqlx::query(AssertSqlSafe(drop)).execute(&mut *connection).await?;
    }
    Ok(indexes.into_iter().map(|(_, make)| make).collect())
}

/// The bar that a fill moves.
pub(super) fn bar(size: &Size) -> ProgressBar {
    let bar = ProgressBar::new(size.orders.unsigned_abs());
    let style = "{bar:40} {human_pos} of {human_len} orders  {per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
