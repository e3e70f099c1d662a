//! History's pages and errors, against rows that a projector wrote.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use zaraba::config::Config;
use zaraba::dev::postgres::PrivatePostgres;
use zaraba::projections::{catch_up, migrate};
use zaraba::queries::{
    FillFilter, History, HistoryError, LedgerFilter, Liquidity, OrderEventKind, OrderFilter,
};
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::types::*;

use super::private_postgres::shared_tempdir;
use super::stream::{CUSTOMERS, Journal};
use super::{migrated, number, postgres_is_here, shared_server};

pub(super) fn history(url: &str, seconds: u64) -> History {
    let mut settings = Config::default().postgres;
    url.clone_into(&mut settings.url);
    settings.connections = 2;
    settings.query_seconds = seconds;
    History::new(&settings).unwrap()
}

/// A projected stream in a database of its own.
async fn projected(name: &str, seed: u64) -> (Journal, History, PgConnection) {
    let database = migrated(name).await;
    let journal = Journal::seeded(seed, 3_000);
    catch_up(journal.source(), &database, 1_000, |_| {}).await.unwrap();
    let url = shared_server().await.url();
    let url = format!("{}/{name}", url.strip_suffix("/zaraba").unwrap());
    (journal, history(&url, 30), database.connect().await.unwrap())
}

fn accounts() -> impl Iterator<Item = AccountId> {
    (4..4 + CUSTOMERS).map(AccountId)
}

/// Reads all pages of a list.
macro_rules! all_pages {
    ($history:expr, $list:ident, $account:expr, $filter:expr, $limit:expr) => {{
        let (mut all, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let page = $history.$list($account, $filter, cursor.as_deref(), $limit).await.unwrap();
            assert!(page.items.len() <= $limit);
            assert_eq!(page.seq, Seq(3_000));
            all.extend(page.items);
            pages += 1;
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        (all, pages)
    }};
}

#[tokio::test]
async fn pages_give_every_row_once_newest_first() {
    if !postgres_is_here("history::pages_give_every_row_once_newest_first") {
        return;
    }
    let (_, history, mut connection) = projected("pages", 20).await;
    for account in accounts() {
        let count = |table: &str| {
            format!("SELECT count(*) FROM trading.{table} WHERE account_id = {account}")
        };
        let smallest = if account == AccountId(4) { 1 } else { 23 };
        for limit in [smallest, 1_000] {
            let (orders, pages) =
                all_pages!(history, orders, account, &OrderFilter::default(), limit);
            assert!(orders.is_sorted_by(|a, b| a.state.order > b.state.order));
            assert_eq!(orders.len() as i64, number(&mut connection, &count("orders")).await);
            assert_eq!(pages, orders.len().div_ceil(limit));
            let (fills, _) = all_pages!(history, fills, account, &FillFilter::default(), limit);
            assert!(fills.is_sorted_by(|a, b| (a.at, a.fill_id) > (b.at, b.fill_id)));
            assert_eq!(fills.len() as i64, number(&mut connection, &count("fills")).await);
            assert!(!fills.is_empty());
            let (ledger, _) = all_pages!(history, ledger, account, &LedgerFilter::default(), limit);
            assert!(ledger.is_sorted_by(|a, b| (a.seq, a.ordinal) > (b.seq, b.ordinal)));
            assert_eq!(
                ledger.len() as i64,
                number(&mut connection, &count("ledger_entries")).await
            );
        }
    }
}

#[tokio::test]
async fn filters_give_exactly_what_they_say() {
    if !postgres_is_here("history::filters_give_exactly_what_they_say") {
        return;
    }
    let (_, history, _) = projected("filters", 21).await;
    let account = AccountId(5);
    let (all, _) = all_pages!(history, orders, account, &OrderFilter::default(), 1_000);
    let middle = |fraction: usize| all[all.len() * fraction / 10].state.created_at;
    let filters = [
        OrderFilter { instrument: Some(InstrumentId(1)), ..Default::default() },
        OrderFilter { side: Some(Side::Sell), ..Default::default() },
        OrderFilter { status: Some(OrderStatus::Rejected), ..Default::default() },
        OrderFilter { from: Some(middle(7)), ..Default::default() },
        OrderFilter { to: Some(middle(7)), ..Default::default() },
        OrderFilter { from: Some(middle(8)), to: Some(middle(2)), ..Default::default() },
        OrderFilter { from: Some(Timestamp(u64::MAX / 4)), ..Default::default() },
        OrderFilter { to: Some(Timestamp(u64::MAX / 4)), ..Default::default() },
        OrderFilter {
            instrument: Some(InstrumentId(0)),
            side: Some(Side::Buy),
            status: Some(OrderStatus::Filled),
            from: Some(middle(9)),
            to: None,
        },
    ];
    for filter in filters {
        let (found, _) = all_pages!(history, orders, account, &filter, 10);
        let wanted: Vec<_> = all
            .iter()
            .filter(|row| {
                let order = &row.state;
                filter.instrument.is_none_or(|i| order.instrument == i)
                    && filter.side.is_none_or(|side| order.side == side)
                    && filter.status.is_none_or(|status| order.status == status)
                    && filter.from.is_none_or(|from| order.created_at >= from)
                    && filter.to.is_none_or(|to| order.created_at < to)
            })
            .cloned()
            .collect();
        assert_eq!(found, wanted, "{filter:?}");
    }
    let (fills, _) = all_pages!(history, fills, account, &FillFilter::default(), 1_000);
    let one = &fills[fills.len() / 2];
    let filter = FillFilter { order: Some(one.order), ..Default::default() };
    let (found, _) = all_pages!(history, fills, account, &filter, 1);
    assert!(found.contains(one) && found.iter().all(|fill| fill.order == one.order));
    let filter =
        FillFilter { from: Some(one.at), instrument: Some(one.instrument), ..Default::default() };
    let (found, _) = all_pages!(history, fills, account, &filter, 5);
    let wanted = fills.iter().filter(|f| f.at >= one.at && f.instrument == one.instrument);
    assert_eq!(found.len(), wanted.count());
    let filter = LedgerFilter { asset: Some(AssetId(2)), ..Default::default() };
    let (found, _) = all_pages!(history, ledger, account, &filter, 5);
    assert!(!found.is_empty() && found.iter().all(|entry| entry.asset == AssetId(2)));
}

#[tokio::test]
async fn single_orders_are_as_the_engine_has_them_and_only_their_owners() {
    if !postgres_is_here("history::single_orders_are_as_the_engine_has_them") {
        return;
    }
    let (journal, history, _) = projected("single", 22).await;
    let mut seen = 0;
    for order in journal.engine().orders() {
        let found = history.order(order.account, order.order).await.unwrap();
        let mut wanted = order;
        // Postgres keeps microseconds.
        wanted.created_at = Timestamp(order.created_at.0 / 1_000 * 1_000);
        wanted.updated_at = Timestamp(order.updated_at.0 / 1_000 * 1_000);
        let found = found.value.unwrap();
        assert_eq!(found.state, wanted);
        assert_eq!(found.api_key, 7);
        let by_id = history.order_by_client_id(order.account, order.client_id.as_str()).await;
        assert_eq!(by_id.unwrap().value.unwrap(), found);
        let other = AccountId(4 + (order.account.0 - 3) % CUSTOMERS);
        assert_eq!(history.order(other, order.order).await.unwrap().value, None);
        let by_id = history.order_by_client_id(other, order.client_id.as_str()).await;
        assert_eq!(by_id.unwrap().value, None);
        seen += 1;
    }
    assert!(seen > 5);
}

#[tokio::test]
async fn an_orders_chain_is_complete_and_adds_up() {
    if !postgres_is_here("history::an_orders_chain_is_complete_and_adds_up") {
        return;
    }
    let (_, history, mut connection) = projected("chain", 23).await;
    let mut traded = 0;
    for account in accounts() {
        let (orders, _) = all_pages!(history, orders, account, &OrderFilter::default(), 1_000);
        for row in orders.iter().step_by(9) {
            let order = &row.state;
            let chain = history.order_events(order.order).await.unwrap().value;
            let count = format!(
                "SELECT count(*) FROM trading.order_events WHERE order_id = {}",
                order.order
            );
            assert_eq!(chain.len() as i64, number(&mut connection, &count).await);
            let first = chain.first().unwrap().kind;
            let rejected = order.status == OrderStatus::Rejected;
            assert_eq!(first == OrderEventKind::Rejected, rejected);
            let sum: i64 = chain
                .iter()
                .filter(|event| event.kind == OrderEventKind::Trade)
                .map(|event| event.quantity.0)
                .sum();
            assert_eq!(sum, order.filled.0);
            traded += i64::from(sum > 0);
        }
    }
    assert!(traded > 3);
}

#[tokio::test]
async fn what_was_missed_comes_once_in_whole_commands() {
    if !postgres_is_here("history::what_was_missed_comes_once_in_whole_commands") {
        return;
    }
    let (_, history, mut connection) = projected("missed", 24).await;
    for (account, limit) in accounts().zip([1, 2, 5, 50, 1_000, 3]) {
        let (mut at, mut events, mut fills) = (Seq(500), BTreeSet::new(), BTreeSet::new());
        loop {
            let part = history.events_after(account, at, limit).await.unwrap();
            for change in &part.changes {
                let event = &change.event;
                assert!(event.seq > at && event.seq <= part.complete_to);
                assert_eq!(change.order.state.order, event.order);
                assert!(events.insert((event.seq, event.ordinal, event.order)), "twice");
            }
            for fill in &part.fills {
                assert!(fill.seq > at && fill.seq <= part.complete_to);
                assert!(fills.insert((fill.fill_id, fill.liquidity == Liquidity::Taker)), "twice");
            }
            assert!(part.complete_to > at);
            at = part.complete_to;
            if at == part.seq {
                break;
            }
        }
        let wanted = format!(
            "SELECT count(*) FROM trading.order_events WHERE account_id = {account} AND seq > 500"
        );
        assert_eq!(events.len() as i64, number(&mut connection, &wanted).await);
        let wanted = wanted.replace("order_events", "fills");
        assert_eq!(fills.len() as i64, number(&mut connection, &wanted).await);
        let none = history.events_after(account, Seq(3_000), 10).await.unwrap();
        assert!(none.changes.is_empty() && none.complete_to == Seq(3_000));
    }
}

#[tokio::test]
async fn a_wrong_cursor_is_refused() {
    if !postgres_is_here("history::a_wrong_cursor_is_refused") {
        return;
    }
    let (_, history, _) = projected("cursor", 25).await;
    let account = AccountId(4);
    let page = history.orders(account, &OrderFilter::default(), None, 1).await.unwrap();
    let cursor = page.next_cursor.unwrap();
    let filter = FillFilter::default();
    let other = history.fills(account, &filter, Some(&cursor), 1).await.unwrap_err();
    assert!(matches!(other, HistoryError::BadCursor));
    for bad in ["x", "AQ", "'; DROP TABLE trading.orders; --"] {
        let error = history.orders(account, &OrderFilter::default(), Some(bad), 1).await;
        assert!(matches!(error, Err(HistoryError::BadCursor)), "{bad}");
    }
}

#[tokio::test]
async fn history_without_postgres_answers_clearly_and_works_when_it_comes() {
    if !postgres_is_here("history::history_without_postgres_answers_clearly") {
        return;
    }
    let dir = shared_tempdir();
    let place = dir.path().join("postgres");
    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let (url, port) = (postgres.url(), postgres.port());
    postgres.stop().await;
    let history = history(&url, 2);
    let (account, filter) = (AccountId(4), OrderFilter::default());
    let begun = Instant::now();
    let away = history.orders(account, &filter, None, 10).await.unwrap_err();
    assert!(matches!(away, HistoryError::Unavailable(_)), "{away}");
    assert!(begun.elapsed() < Duration::from_secs(30), "it must not hang");

    let postgres = PrivatePostgres::start(&place, port).await.unwrap();
    // On a busy machine a connection may take longer than it waits for one.
    let answer = async || loop {
        match history.orders(account, &filter, None, 10).await {
            Err(HistoryError::Unavailable(_) | HistoryError::Timeout) => {
                assert!(begun.elapsed() < Duration::from_secs(120), "it never came back");
            }
            answer => break answer,
        }
    };
    let empty = answer().await.unwrap_err();
    assert!(empty.to_string().contains("zaraba migrate"), "{empty}");
    let database: PgConnectOptions = url.parse().unwrap();
    migrate::run(&database).await.unwrap();
    let page = answer().await.unwrap();
    assert_eq!((page.items.len(), page.seq), (0, Seq(0)));

    // A lock keeps the query waiting until its time is over.
    let mut blocker = database.connect().await.unwrap();
    sqlx::query("BEGIN").execute(&mut blocker).await.unwrap();
    sqlx::query("LOCK trading.orders").execute(&mut blocker).await.unwrap();
    let slow = history.orders(account, &filter, None, 10).await.unwrap_err();
    assert!(matches!(slow, HistoryError::Timeout), "{slow}");
    sqlx::query("ROLLBACK").execute(&mut blocker).await.unwrap();
    answer().await.unwrap();
    postgres.stop().await;
}
