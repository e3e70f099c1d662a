//! Every list of the history is read by its index, newest partition first, without a sort:
//! asked of Postgres itself, which logs the plan of each query it runs (`auto_explain`).

use std::path::{Path, PathBuf};

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use zaraba::dev::postgres::PrivatePostgres;
use zaraba::projections::{catch_up, migrate};
use zaraba::queries::{FillFilter, LedgerFilter, OrderFilter};
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::types::*;

use super::history::history;
use super::postgres_is_here;
use super::private_postgres::shared_tempdir;
use super::stream::Journal;

/// Rows enough for a planner to prefer an index: 80,000 a table over 400 accounts and the days of
/// the stream, beside the stream's own.
const FILLERS: [&str; 5] = [
    "INSERT INTO trading.orders SELECT 1e15::bigint + n, 100 + n % 400, n % 2, 'f' || n, 'buy',
         'limit', 'gtc', false, 1, 1, 0, 0, 'open', NULL, NULL, 'rest', 0, d, d, n
     FROM generate_series(1, 80000) n,
         LATERAL (SELECT timestamptz '2026-11-20 12:00Z' + n * interval '1 second' AS d) t",
    "INSERT INTO trading.order_events SELECT timestamptz '2026-11-20 12:00Z'
         + n * interval '1 second', n, 0, 1e15::bigint + n, 100 + n % 400, n % 2, 'accepted', 1, 1,
         1, NULL, NULL, 'rest', 0 FROM generate_series(1, 80000) n",
    "INSERT INTO trading.fills SELECT timestamptz '2026-11-20 12:00Z' + n * interval '1 second',
         1e15::bigint + n, n, n, 1e15::bigint + n, 100 + n % 400, n % 2, 'buy', 1, 1, 0, 0, 'maker'
     FROM generate_series(1, 80000) n",
    "INSERT INTO trading.ledger_entries SELECT timestamptz '2026-11-20 12:00Z'
         + n * interval '1 second', n, 999, 100 + n % 400, n % 3, 1, 1, 'trade', n, NULL, NULL, NULL
     FROM generate_series(1, 80000) n",
    "ANALYZE",
];

/// What Postgres logged since the last look.
struct Log {
    file: PathBuf,
    seen: usize,
}

impl Log {
    fn new(dir: &Path) -> Log {
        Log { file: dir.join("server.log"), seen: 0 }
    }

    fn news(&mut self) -> String {
        let text = std::fs::read_to_string(&self.file).unwrap();
        let news = text[self.seen..].to_owned();
        self.seen = text.len();
        news
    }

    /// The plans since the last look use `index` and never read a table whole; returns them.
    fn expect(&mut self, what: &str, index: &str) -> String {
        let plans = self.news();
        let used = plans.lines().any(|line| line.contains("Index") && line.contains(index));
        assert!(used, "{what} does not use {index}:\n{plans}");
        let mut lines = plans.lines();
        let whole = lines.find(|line| line.contains("Seq Scan") && !line.contains("on watermark"));
        assert_eq!(whole, None, "{what}:\n{plans}");
        plans
    }

    /// As [`Log::expect`]; nor do they sort, so that a page costs its own rows only.
    fn expect_list(&mut self, what: &str, index: &str) {
        let plans = self.expect(what, index);
        let sort = plans.lines().find(|line| line.contains("Sort  ("));
        assert_eq!(sort, None, "{what}:\n{plans}");
    }
}

#[tokio::test]
async fn every_list_is_read_by_its_index() {
    if !postgres_is_here("plans::every_list_is_read_by_its_index") {
        return;
    }
    let dir = shared_tempdir();
    let place = dir.path().join("postgres");
    let postgres = PrivatePostgres::start(&place, 0).await.unwrap();
    let database: PgConnectOptions = postgres.url().parse().unwrap();
    migrate::run(&database).await.unwrap();
    let journal = Journal::seeded(30, 3_000);
    catch_up(journal.source(), &database, 1_000, |_| {}).await.unwrap();
    let mut connection = database.connect().await.unwrap();
    for filler in FILLERS {
        sqlx::query(filler).execute(&mut connection).await.unwrap();
    }
    let options = "-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0 \
        -c auto_explain.log_analyze=on -c auto_explain.log_timing=off";
    let options = options.replace(' ', "%20").replace('=', "%3D");
    let history = history(&format!("{}?options={options}", postgres.url()), 30);
    let mut log = Log::new(&place);
    let account = AccountId(123);
    let (noon, later) = (1_795_176_000, 1_795_200_000);
    let at = |seconds: u64| Some(Timestamp(seconds * 1_000_000_000));

    history.reached().await.unwrap();
    let first = log.news();
    assert!(first.contains("watermark"), "plans are not logged: this test tests nothing: {first}");

    let mut filter = OrderFilter::default();
    let page = history.orders(account, &filter, None, 20).await.unwrap();
    assert_eq!(page.items.len(), 20);
    log.expect_list("orders", "orders_account");
    history.orders(account, &filter, page.next_cursor.as_deref(), 20).await.unwrap();
    log.expect_list("the next page of orders", "orders_account");
    filter = OrderFilter { from: at(noon), to: at(later), ..filter };
    filter.side = Some(Side::Buy);
    assert_eq!(history.orders(account, &filter, None, 20).await.unwrap().items.len(), 20);
    log.expect_list("orders of a time", "orders_account");
    filter.status = Some(OrderStatus::Open);
    assert_eq!(history.orders(account, &filter, None, 20).await.unwrap().items.len(), 20);
    log.expect_list("open orders of a time", "orders_live_account");

    let order = page.items[0].state.order;
    history.order(account, order).await.unwrap();
    log.expect("an order", "orders_");
    history.order_by_client_id(account, "f123").await.unwrap();
    log.expect("an order by client id", "orders_client_order_id");
    assert_eq!(history.order_events(order).await.unwrap().value.len(), 1);
    log.expect("an order's events", "_order_id_seq_ordinal_idx");

    let mut filter = FillFilter::default();
    let page = history.fills(account, &filter, None, 20).await.unwrap();
    assert_eq!(page.items.len(), 20);
    log.expect_list("fills", "_account_id_at_fill_id_idx");
    history.fills(account, &filter, page.next_cursor.as_deref(), 20).await.unwrap();
    log.expect_list("the next page of fills", "_account_id_at_fill_id_idx");
    filter.order = Some(page.items[0].order);
    assert_eq!(history.fills(account, &filter, None, 20).await.unwrap().items.len(), 1);
    log.expect("fills of an order", "_order_id_at_fill_id_idx");

    let filter = LedgerFilter::default();
    let page = history.ledger(account, &filter, None, 20).await.unwrap();
    assert_eq!(page.items.len(), 20);
    log.expect_list("the ledger", "_account_id_at_seq_ordinal_idx");
    history.ledger(account, &filter, page.next_cursor.as_deref(), 20).await.unwrap();
    log.expect_list("the next page of the ledger", "_account_id_at_seq_ordinal_idx");

    history.events_after(account, Seq(1_500), 20).await.unwrap();
    let missed = log.news();
    assert!(missed.contains("_account_id_seq_ordinal_idx"), "{missed}");
    history.close().await;
    postgres.stop().await;
}
