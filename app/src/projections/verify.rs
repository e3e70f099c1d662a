//! Compares every projected row with a fresh replay of the journal.
//!
//! The replay encodes the rows it expects in the same binary format that `COPY TO` gives back,
//! so tables are compared byte by byte without decoding anything. History is compared in
//! blocks of `BLOCK` rows by hash, in bounded memory; orders are kept (about 300 bytes
//! each). Beside that, the rows are held against what the replayed engine itself says about
//! its orders and balances, and against what must always be true of a ledger.
//!
//! The database is read in one snapshot and the journal up to that snapshot's watermark, so a
//! running node can be verified.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Postgres, Transaction};
use zaraba_engine::Replica;
use zaraba_engine::engine::OrderState;
use zaraba_engine::instrument::InstrumentState;
use zaraba_engine::types::*;

use super::actions::{ADMIN_ACTIONS, ANCHORS, CORRECTIONS};
use super::bundle::{
    ACCOUNTS, ASSETS, AccountRecord, BALANCES, BalanceRecord, Bundle, Day, FILLS, INSTRUMENTS,
    LEDGER_ENTRIES, Mark, ORDER_EVENTS, ORDERS, OrderRecord, encode_accounts, encode_assets,
    encode_balances, encode_instruments, encode_orders,
};
use super::collect::Collector;
use super::copy::{HEADER, Rows, row_length};
use super::feed::FeedError;
use super::rules::{AUCTIONS, PRICE_LIMITS, QUOTES, RISK_WARNINGS, Settings};
use super::session::{WriteError, read_mark};
use super::source::Source;

/// Rows whose hashes are kept as one.
const BLOCK: u64 = 1_024;

/// Why verifying could not be finished: this says nothing about the rows.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database cannot be read.
    #[error("cannot read the projections: {0}")]
    Database(#[from] WriteError),
    /// The journal cannot be read, or the tables are another journal's.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// There is nothing to verify.
    #[error("nothing is projected yet, or a rebuild was asked for and has not begun")]
    Empty,
}

impl From<sqlx::Error> for VerifyError {
    fn from(error: sqlx::Error) -> VerifyError {
        VerifyError::Database(error.into())
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The sequence the tables had reached.
    pub seq: Seq,
    /// Rows compared, by table.
    pub rows: Vec<(&'static str, u64)>,
    /// Everything that is wrong, in words; empty: all rows are right.
    pub wrong: Vec<String>,
}

/// Hashes of a table's rows, block by block.
#[derive(Default)]
struct Digest {
    rows: u64,
    blocks: Vec<[u8; 32]>,
    open: blake3::Hasher,
    /// Bytes of a row that is not whole yet.
    rest: Vec<u8>,
}

impl Digest {
    /// Takes whole rows or parts of them.
    fn take(&mut self, bytes: &[u8]) {
        if self.rest.is_empty() {
            let used = self.whole_rows(bytes);
            self.rest.extend_from_slice(&bytes[used..]);
            return;
        }
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        let used = self.whole_rows(&all);
        self.rest.extend_from_slice(&all[used..]);
    }

    fn whole_rows(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(length) = row_length(&bytes[at..]) {
            self.open.update(&bytes[at..at + length]);
            self.rows += 1;
            if self.rows.is_multiple_of(BLOCK) {
                self.close_block();
            }
            at += length;
        }
        at
    }

    fn close_block(&mut self) {
        self.blocks.push(*self.open.finalize().as_bytes());
        self.open.reset();
    }

    fn finish(mut self) -> Digest {
        self.close_block();
        self
    }

    /// The first difference to the rows in the database, in words.
    fn difference(&self, table: &str, found: &Digest) -> Option<String> {
        let (expected, rows) = (self.rows, found.rows);
        let block = self.blocks.iter().zip(&found.blocks).position(|(a, b)| a != b);
        match block {
            None if expected == rows => None,
            None => Some(format!("{table} has {rows} rows, the journal gives {expected}")),
            Some(block) => {
                let from = block as u64 * BLOCK;
                let to = from + BLOCK - 1;
                Some(format!(
                    "{table} differs between its rows {from} and {to} in order of its key \
                     ({rows} rows, the journal gives {expected})"
                ))
            }
        }
    }
}

/// What the tables should hold.
struct Expected {
    order_events: Digest,
    fills: Digest,
    ledger_entries: Digest,
    orders: BTreeMap<OrderId, OrderRecord>,
    accounts: BTreeMap<AccountId, AccountRecord>,
    balances: BTreeMap<(AccountId, AssetId), BalanceRecord>,
    assets: Vec<(AssetId, zaraba_engine::command::AssetSpec, Seq)>,
    instruments: BTreeMap<InstrumentId, (InstrumentState, Seq)>,
    halt_reasons: BTreeMap<InstrumentId, Option<String>>,
    auctions: Digest,
    quotes: Digest,
    price_limits: Digest,
    risk_warnings: Digest,
    actions: Digest,
    anchors: Digest,
    corrections: Digest,
    settings: Settings,
}

impl Expected {
    fn new() -> Expected {
        Expected {
            order_events: Digest::default(),
            fills: Digest::default(),
            ledger_entries: Digest::default(),
            orders: BTreeMap::new(),
            accounts: BTreeMap::new(),
            balances: BTreeMap::new(),
            assets: Vec::new(),
            instruments: BTreeMap::new(),
            halt_reasons: BTreeMap::new(),
            auctions: Digest::default(),
            quotes: Digest::default(),
            price_limits: Digest::default(),
            risk_warnings: Digest::default(),
            actions: Digest::default(),
            anchors: Digest::default(),
            corrections: Digest::default(),
            settings: Settings::default(),
        }
    }

    fn take(&mut self, bundle: Bundle, wrong: &mut Vec<String>) {
        self.order_events.take(bundle.order_events.bytes());
        self.fills.take(bundle.fills.bytes());
        self.ledger_entries.take(bundle.ledger_entries.bytes());
        self.orders.extend(bundle.new_orders.into_iter().map(|new| (new.state.order, new)));
        for delta in bundle.order_deltas {
            match self.orders.get_mut(&delta.order) {
                Some(order) => delta.apply(&mut order.state),
                None => wrong.push(format!("order {} changes but was never new", delta.order)),
            }
        }
        self.accounts.extend(bundle.new_accounts.into_iter().map(|new| (new.account, new)));
        for (account, delta) in bundle.account_changes {
            if let Some(record) = self.accounts.get_mut(&account) {
                record.take(&delta);
            }
        }
        self.balances.extend(bundle.balances);
        self.assets.extend(bundle.assets);
        self.instruments.extend(bundle.instruments);
        self.halt_reasons.extend(bundle.halt_reasons);
        self.auctions.take(bundle.rules.auctions.bytes());
        self.quotes.take(bundle.rules.quotes.bytes());
        self.price_limits.take(bundle.rules.price_limits.bytes());
        self.risk_warnings.take(bundle.rules.risk_warnings.bytes());
        self.actions.take(bundle.rules.actions.bytes());
        self.anchors.take(bundle.rules.anchors.bytes());
        self.corrections.take(bundle.rules.corrections.bytes());
        self.settings.take(bundle.rules);
    }

    /// Holds the rows against the engine's own account of things.
    fn hold_against(&self, engine: &Replica, wrong: &mut Vec<String>) {
        for state in engine.orders() {
            match self.orders.get(&state.order) {
                Some(order) if with_links(state, &order.state) == order.state => {}
                Some(order) => wrong.push(format!(
                    "order {} is {:?} by its events but {state:?} in the engine",
                    state.order, order.state
                )),
                None => wrong.push(format!("order {} has no row", state.order)),
            }
        }
        let mut balances = 0;
        for state in engine.balances() {
            balances += 1;
            let row = self.balances.get(&(state.account, state.asset));
            let same = match row {
                Some(row) => row.total == state.total && row.locked == state.locked,
                // A balance can be there in memory before anything was booked to it.
                None => state.total == Amount::ZERO && state.locked == Amount::ZERO,
            };
            if !same {
                wrong.push(format!("balance {}/{} differs", state.account, state.asset));
            }
        }
        if self.balances.len() > balances {
            wrong.push("there are rows of balances that the engine does not know".into());
        }
        if engine.accounts().count() != self.accounts.len() {
            wrong.push("the engine has another number of accounts".into());
        }
        for (instrument, state) in engine.instruments() {
            match self.instruments.get(&instrument) {
                // Last prices are the fills', and kill switches have a table of their own.
                Some((row, _))
                    if InstrumentState {
                        last_price: state.last_price,
                        killed: state.killed,
                        ..*row
                    } == state => {}
                row => wrong.push(format!(
                    "instrument {instrument} is {row:?} by its events but {state:?} in the engine"
                )),
            }
        }
    }
}

/// The engine's order with the row's links to its pair, where the engine has let go of them: the
/// rows keep who followed whom, the engine only what is still to be done.
fn with_links(state: OrderState, row: &OrderState) -> OrderState {
    let kept = |link: OrderId, row: OrderId| if link == OrderId(0) { row } else { link };
    OrderState {
        parent: kept(state.parent, row.parent),
        child: kept(state.child, row.child),
        ..state
    }
}

/// Compares all rows with a fresh replay of `source`. `progress` hears of commands replayed.
///
/// # Errors
/// When it cannot be done; rows that differ are not an error but in the report.
pub async fn verify(
    source: Box<dyn Source>,
    database: &PgConnectOptions,
    progress: impl FnMut(Seq) + Send + 'static,
) -> Result<Report, VerifyError> {
    let mut connection = database.clone().application_name("zaraba-verify").connect().await?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut snapshot = connection.begin_with(begin).await?;
    let mark = read_mark(&mut snapshot).await?.ok_or(VerifyError::Empty)?;
    let replay = tokio::task::spawn_blocking(move || replay(source, mark, progress)).await;
    let (expected, mut wrong) =
        replay.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
    let mut report = Report { seq: mark.seq, rows: Vec::new(), wrong: Vec::new() };
    compare_tables(&mut snapshot, expected, &mut report, &mut wrong).await?;
    ledger_adds_up(&mut snapshot, &mut wrong).await?;
    report.wrong = wrong;
    snapshot.rollback().await?;
    connection.close().await?;
    Ok(report)
}

/// Replays the journal up to the watermark and says what the tables should hold.
fn replay(
    mut source: Box<dyn Source>,
    mark: Mark,
    mut progress: impl FnMut(Seq),
) -> Result<(Expected, Vec<String>), VerifyError> {
    let mut engine = source.load(Seq(0)).map_err(FeedError::from)?;
    let mut collector = Collector::new(&engine);
    let (mut expected, mut wrong) = (Expected::new(), Vec::new());
    let mut events = Vec::new();
    while engine.seq() < mark.seq {
        let Some((seq, at, command)) = source.next().map_err(FeedError::from)? else {
            let Seq(end) = engine.seq();
            return Err(FeedError::BeyondEnd { mark: mark.seq.0, end }.into());
        };
        if collector.size().0 >= 10_000 || collector.day().is_some_and(|day| day != Day::of(at)) {
            if let Some(bundle) = collector.finish(0) {
                expected.take(bundle, &mut wrong);
            }
            progress(engine.seq());
        }
        let applied = source.apply(&mut engine, (seq, at, &command), &mut events);
        applied.map_err(FeedError::from)?;
        collector.take(seq, at, &command, &events);
    }
    if let Some(bundle) = collector.finish(0) {
        expected.take(bundle, &mut wrong);
    }
    progress(engine.seq());
    let found = engine.state_hash();
    if mark.seq != Seq(0) && found != mark.state_hash {
        let (seq, recorded) = (mark.seq.0, mark.state_hash);
        return Err(FeedError::Foreign { seq, recorded, found }.into());
    }
    expected.hold_against(&engine, &mut wrong);
    Ok((expected, wrong))
}

async fn compare_tables(
    snapshot: &mut Transaction<'_, Postgres>,
    expected: Expected,
    report: &mut Report,
    wrong: &mut Vec<String>,
) -> Result<(), VerifyError> {
    let of_rows = |rows: Rows| {
        let mut digest = Digest::default();
        digest.take(rows.bytes());
        digest
    };
    let assets = expected.assets.iter();
    let tables = [
        ("order_events", ORDER_EVENTS, "at, seq, ordinal, order_id", expected.order_events),
        ("fills", FILLS, "at, fill_id", expected.fills),
        ("ledger_entries", LEDGER_ENTRIES, "at, seq, ordinal", expected.ledger_entries),
        ("orders", ORDERS, "order_id", of_rows(encode_orders(expected.orders.values()))),
        ("accounts", ACCOUNTS, "account_id", of_rows(encode_accounts(expected.accounts.values()))),
        (
            "balances",
            BALANCES,
            "account_id, asset_id",
            of_rows(encode_balances(expected.balances.iter())),
        ),
        ("assets", ASSETS, "asset_id", of_rows(encode_assets(assets))),
        (
            "instruments",
            INSTRUMENTS,
            "instrument_id",
            of_rows(encode_instruments(expected.instruments.iter(), &expected.halt_reasons)),
        ),
        ("auctions", AUCTIONS, "seq, ordinal", expected.auctions),
        ("quotes", QUOTES, "seq, ordinal", expected.quotes),
        ("price_limits", PRICE_LIMITS, "seq, ordinal", expected.price_limits),
        ("risk_warnings", RISK_WARNINGS, "seq, ordinal", expected.risk_warnings),
        ("admin_actions", ADMIN_ACTIONS, "seq", expected.actions),
        ("anchors", ANCHORS, "seq", expected.anchors),
        ("corrections", CORRECTIONS, "trade_id, number", expected.corrections),
    ];
    let settings = expected.settings.tables();
    let settings = settings.map(|(table, columns, key, rows)| (table, columns, key, of_rows(rows)));
    let tables = tables.into_iter().chain(settings);
    for (table, columns, key, digest) in tables {
        let found = table_digest(snapshot, table, columns, key).await?;
        report.rows.push((table, found.rows));
        wrong.extend(digest.finish().difference(table, &found));
    }
    Ok(())
}

/// Reads a whole table in order of its key.
async fn table_digest(
    snapshot: &mut PgConnection,
    table: &str,
    columns: &str,
    key: &str,
) -> Result<Digest, VerifyError> {
    let query = format!(
        "COPY (SELECT {columns} FROM trading.{table} ORDER BY {key}) TO STDOUT (FORMAT binary)"
    );
    let mut bytes = snapshot.copy_out_raw(&query).await?;
    let mut digest = Digest::default();
    let mut header = HEADER.len();
    while let Some(piece) = bytes.next().await {
        let piece = piece?;
        let skip = header.min(piece.len());
        header -= skip;
        digest.take(&piece[skip..]);
    }
    Ok(digest.finish())
}

/// What must be true of any ledger, whatever wrote it.
async fn ledger_adds_up(
    snapshot: &mut PgConnection,
    wrong: &mut Vec<String>,
) -> Result<(), VerifyError> {
    let sums = sqlx::query!(
        r#"SELECT asset_id, sum(delta)::text AS "sum!" FROM trading.ledger_entries
           GROUP BY asset_id HAVING sum(delta) <> 0 ORDER BY asset_id"#
    )
    .fetch_all(&mut *snapshot)
    .await?;
    for row in sums {
        wrong.push(format!("the ledger of asset {} sums to {}", row.asset_id, row.sum));
    }
    let totals = sqlx::query!(
        r#"SELECT account_id AS "account!", asset_id AS "asset!" FROM trading.balances b
           FULL JOIN (SELECT account_id, asset_id, sum(delta) AS total
                      FROM trading.ledger_entries GROUP BY account_id, asset_id) l
             USING (account_id, asset_id)
           WHERE coalesce(b.total, 0) <> coalesce(l.total, 0)
           ORDER BY account_id, asset_id LIMIT 10"#
    )
    .fetch_all(&mut *snapshot)
    .await?;
    for row in totals {
        let (account, asset) = (row.account, row.asset);
        wrong.push(format!("balance {account}/{asset} is not the sum of its ledger entries"));
    }
    Ok(())
}
