//! Rows equal the journal, however they came to be.

use sqlx::ConnectOptions;
use zaraba::projections::verify::{Report, verify};
use zaraba::projections::{Mark, catch_up};
use zaraba_engine::types::*;

use super::stream::Journal;
use super::{migrated, number, postgres_is_here};

/// Verifies all rows and that they are up to the journal's end.
pub(super) async fn assert_equal(
    journal: &Journal,
    database: &sqlx::postgres::PgConnectOptions,
) -> Report {
    let report = verify(journal.source(), database, |_| {}).await.unwrap();
    assert_eq!(report.wrong, Vec::<String>::new());
    assert_eq!(report.seq, journal.len());
    report
}

#[tokio::test]
async fn rows_equal_the_journal_whatever_the_size_of_transactions() {
    if !postgres_is_here("projection::rows_equal_the_journal") {
        return;
    }
    for (seed, commands) in [(1, 100_000), (2, 97), (3, 1)] {
        let journal = Journal::seeded(seed, if commands == 1 { 400 } else { 4_000 });
        let database = migrated(&format!("rows_{commands}")).await;
        let end = catch_up(journal.source(), &database, commands, |_| {}).await.unwrap();
        assert_eq!(end, journal.len());
        let report = assert_equal(&journal, &database).await;
        // The tables of market rules have a stream of their own.
        for (table, rows) in report.rows.into_iter().take(8) {
            assert!(rows > 1, "the stream leaves {table} empty: it tests nothing");
        }
    }
}

#[tokio::test]
async fn the_stream_holds_every_kind_of_row() {
    if !postgres_is_here("projection::the_stream_holds_every_kind_of_row") {
        return;
    }
    let journal = Journal::seeded(4, 6_000);
    let database = migrated("kinds").await;
    catch_up(journal.source(), &database, 500, |_| {}).await.unwrap();
    let mut connection = database.connect().await.unwrap();
    for (query, at_least) in [
        ("SELECT count(DISTINCT status) FROM trading.orders", 6),
        ("SELECT count(DISTINCT close_reason) FROM trading.orders", 6),
        ("SELECT count(DISTINCT reject_code) FROM trading.orders", 5),
        ("SELECT count(DISTINCT kind) FROM trading.order_events", 5),
        ("SELECT count(DISTINCT cause) FROM trading.ledger_entries", 5),
        ("SELECT count(DISTINCT at::date) FROM trading.fills", 3),
        ("SELECT count(*) FROM trading.fills WHERE fee < 0", 10),
        ("SELECT count(*) FROM trading.accounts WHERE seq > 50", 10),
    ] {
        let found = number(&mut connection, query).await;
        assert!(found >= at_least, "{query}: {found}");
    }
}

#[tokio::test]
async fn a_row_that_was_tampered_with_is_found() {
    if !postgres_is_here("projection::a_row_that_was_tampered_with_is_found") {
        return;
    }
    let journal = Journal::seeded(5, 2_500);
    let database = migrated("tampered").await;
    for (table, change) in [
        ("fills", "UPDATE trading.fills SET fee = fee + 1 WHERE fill_id = 4"),
        (
            "order_events",
            "DELETE FROM trading.order_events WHERE seq = (SELECT max(seq) FROM trading.order_events)",
        ),
        (
            "ledger_entries",
            "UPDATE trading.ledger_entries SET reason = 'none' WHERE reason IS NOT NULL",
        ),
        (
            "orders",
            "UPDATE trading.orders SET updated_at = updated_at + interval '1 microsecond' WHERE order_id = (SELECT max(order_id) FROM trading.orders)",
        ),
        ("balances", "UPDATE trading.balances SET locked = locked + 1 WHERE account_id = 5"),
        ("accounts", "UPDATE trading.accounts SET code = 'X' WHERE account_id = 6"),
        ("instruments", "UPDATE trading.instruments SET taker_fee_ppm = 0"),
        ("assets", "INSERT INTO trading.assets VALUES (9, 'XXX', 2, 1)"),
        (
            "the ledger of asset 0",
            "UPDATE trading.ledger_entries SET delta = delta + 1 WHERE asset_id = 0",
        ),
    ] {
        zaraba::projections::ask_for_rebuild(&database).await.unwrap();
        catch_up(journal.source(), &database, 1_000, |_| {}).await.unwrap();
        assert_equal(&journal, &database).await;
        let mut connection = database.connect().await.unwrap();
        let done = sqlx::query(change).execute(&mut connection).await.unwrap();
        assert!(done.rows_affected() > 0, "{change}");
        let report = verify(journal.source(), &database, |_| {}).await.unwrap();
        let named = report.wrong.iter().any(|wrong| wrong.starts_with(table));
        assert!(named, "{table}: {:?}", report.wrong);
    }
}

#[tokio::test]
async fn rows_equal_what_the_engine_itself_remembers() {
    if !postgres_is_here("projection::rows_equal_what_the_engine_itself_remembers") {
        return;
    }
    let journal = Journal::seeded(6, 3_000);
    let database = migrated("engine").await;
    catch_up(journal.source(), &database, 333, |_| {}).await.unwrap();
    let engine = journal.engine();
    let mut connection = database.connect().await.unwrap();
    let live = engine.orders().filter(|order| order.status.is_live()).count();
    assert!(live > 10, "{live}");
    let rows = number(
        &mut connection,
        "SELECT count(*) FROM trading.orders WHERE status IN ('open', 'partially_filled')",
    )
    .await;
    assert_eq!(rows, live as i64);
    for order in engine.orders() {
        let (filled, notional): (i64, i64) =
            sqlx::query_as("SELECT filled, notional FROM trading.orders WHERE order_id = $1")
                .bind(order.order.0 as i64)
                .fetch_one(&mut connection)
                .await
                .unwrap();
        assert_eq!((filled, notional), (order.filled.0, order.notional));
        let sum: (i64, i64) = sqlx::query_as(
            "SELECT coalesce(sum(quantity), 0)::bigint, coalesce(sum(quantity * price), 0)::bigint
             FROM trading.fills WHERE order_id = $1",
        )
        .bind(order.order.0 as i64)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!(sum, (filled, notional));
    }
    for balance in engine.balances().filter(|balance| balance.total != Amount::ZERO) {
        let row: (i64, i64) = sqlx::query_as(
            "SELECT total, locked FROM trading.balances WHERE account_id = $1 AND asset_id = $2",
        )
        .bind(balance.account.0 as i32)
        .bind(balance.asset.0 as i32)
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert_eq!(row, (balance.total.0, balance.locked.0));
    }
    assert_eq!(Mark::zero().seq, Seq(0));
}
