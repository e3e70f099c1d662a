//! The history's partitions, one a day of each table: their names, how one is made
//! while readers are at work, and how all are dropped.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use super::bundle::Day;

/// The tables partitioned by day.
pub(super) const HISTORY: [&str; 3] = ["order_events", "fills", "ledger_entries"];

/// Name of a history table's partition.
pub(super) fn name(table: &str, day: Day) -> String {
    let date = date(day).replace('-', "");
    format!("trading.{table}_{date}")
}

/// A day as `yyyy-mm-dd`.
fn date(day: Day) -> String {
    let seconds = i64::try_from(day.0.saturating_mul(86_400)).unwrap_or(i64::MAX);
    let at = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("%Y-%m-%d").to_string()
}

/// Makes the day's partitions where they are missing. Made aside and then attached: that
/// does not lock readers out, as creating them in place would.
pub(super) async fn make(
    transaction: &mut Transaction<'_, Postgres>,
    day: Day,
) -> sqlx::Result<()> {
    for table in HISTORY {
        let name = name(table, day);
        let there = sqlx::query_scalar!(r#"SELECT to_regclass($1) IS NOT NULL AS "there!""#, &name)
            .fetch_one(&mut **transaction)
            .await?;
        if there {
            continue;
        }
        let (from, to) = (date(day), date(Day(day.0 + 1)));
        let like = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS";
        for statement in [
            format!("CREATE TABLE {name} (LIKE trading.{table} {like})"),
            format!(
                "ALTER TABLE trading.{table} ATTACH PARTITION {name}
                 FOR VALUES FROM ('{from} 00:00:00+00') TO ('{to} 00:00:00+00')"
            ),
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut **transaction).await?;
        }
    }
    Ok(())
}

/// Drops all of them, with what they hold.
pub(super) async fn drop_all(connection: &mut PgConnection) -> sqlx::Result<()> {
    let partitions = sqlx::query_scalar!(
        r#"SELECT inhrelid::regclass::text AS "name!" FROM pg_inherits
               WHERE inhparent IN ('trading.order_events'::regclass,
                   'trading.fills'::regclass, 'trading.ledger_entries'::regclass)
                 AND (SELECT relkind FROM pg_class WHERE oid = inhrelid) = 'r'"#
    )
    .fetch_all(&mut *connection)
    .await?;
    // One at a time: dropping years of partitions at once would need more locks than
    // Postgres has.
    for partition in partitions {
        let drop = format!("DROP TABLE {partition}");
        sqlx::query(AssertSqlSafe(drop)).execute(&mut *connection).await?;
    }
    Ok(())
}
