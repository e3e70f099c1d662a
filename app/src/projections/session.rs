//! The projector's writing half: one database session that holds the projector's lock and
//! writes bundles, each in one transaction together with the watermark.

use std::collections::HashSet;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Postgres, Transaction};
use zaraba_engine::Reject;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::InstrumentState;
use zaraba_engine::types::*;

use super::bundle::{
    self, ACCOUNTS, Bundle, Day, FILLS, LEDGER_ENTRIES, Mark, ORDER_EVENTS, ORDERS,
    encode_accounts, encode_orders,
};
use super::collect::ticks_word;
use super::copy::{HEADER, Rows, TRAILER};
use super::delta::OrderDelta;
use super::partitions::{self, HISTORY};
use super::rules;
use crate::queries::{micros, timestamp};

/// Key of the advisory lock that the one projector of a database holds ("zaraba" + 1).
const LOCK: i64 = 0x7a61_7261_6261_0001;

/// Why something was not written. Nothing of the bundle is in the tables then, except that
/// with [`WriteError::Database`] a commit may have gone through unheard.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The database cannot be reached or did not do what it was asked.
    #[error("{0}")]
    Database(sqlx::Error),
    /// The tables are not there.
    #[error("the database has no projection tables ({0}); run `zaraba migrate`")]
    NoSchema(String),
    /// Another projector is at work in this database.
    #[error("another projector is at work in this database")]
    Locked,
    /// The watermark is not where this projector left it.
    #[error("the watermark was moved by somebody else")]
    Moved,
    /// The rows contradict the journal.
    #[error(
        "the tables contradict the journal: {0}. They were changed by something else than \
         the projector; run `zaraba projections rebuild`"
    )]
    Damaged(String),
    /// A transaction took so long that the connection was given up.
    #[error("a transaction did not end in {0} seconds; the connection was given up")]
    Hung(u64),
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> WriteError {
        let Some(database) = error.as_database_error() else { return WriteError::Database(error) };
        match database.code().as_deref() {
            // Undefined table, column, schema.
            Some("42P01" | "42703" | "3F000") => {
                WriteError::NoSchema(database.message().to_owned())
            }
            // Integrity violations and bad data: the same rows will be refused again.
            Some(code) if code.starts_with("23") || code.starts_with("22") => {
                WriteError::Damaged(database.message().to_owned())
            }
            _ => WriteError::Database(error),
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, WriteError>;

/// A connection with the projector's lock.
pub(super) struct Session {
    connection: PgConnection,
    /// Days whose partitions are known to be there.
    days: HashSet<Day>,
}

impl Session {
    /// Connects and takes the lock.
    pub(super) async fn open(options: &PgConnectOptions) -> Result<Session> {
        let options = options.clone().application_name("zaraba-projector").options([
            // What a crash of Postgres loses is taken from the journal again; the watermark
            // goes back together with the rows.
            ("synchronous_commit", "off"),
            // Arrays are planned with their real sizes.
            ("plan_cache_mode", "force_custom_plan"),
        ]);
        let mut connection = PgConnection::connect_with(&options).await?;
        let locked = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "locked!""#, LOCK)
            .fetch_one(&mut connection)
            .await?;
        if !locked {
            return Err(WriteError::Locked);
        }
        Ok(Session { connection, days: HashSet::new() })
    }

    /// How far the tables are; `None`: they are to be built anew.
    pub(super) async fn mark(&mut self) -> Result<Option<Mark>> {
        read_mark(&mut self.connection).await
    }

    /// Empties all tables and sets the watermark to zero. The watermark goes first: should
    /// this be cut short, it is missing, and the next start does it again.
    pub(super) async fn reset(&mut self) -> Result<()> {
        self.days.clear();
        sqlx::query!("DELETE FROM trading.watermark").execute(&mut self.connection).await?;
        partitions::drop_all(&mut self.connection).await?;
        let mut transaction = self.connection.begin().await?;
        sqlx::query!(
            "TRUNCATE trading.orders, trading.balances, trading.accounts, trading.instruments,
                 trading.assets, trading.auctions, trading.quotes, trading.price_limits,
                 trading.risk_warnings,
                 trading.risk_limits, trading.kill_switches, trading.fee_tiers,
                 trading.odd_lot_terms, trading.odd_lot_positions, trading.breakers,
                 trading.admin_actions, trading.anchors, trading.corrections"
        )
        .execute(&mut *transaction)
        .await?;
        let zero = Mark::zero();
        sqlx::query!(
            "INSERT INTO trading.watermark (seq, at, state_hash)
             VALUES (0, to_timestamp(0), $1)",
            &zero.state_hash.to_be_bytes()[..],
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Writes a bundle that follows on `before`.
    pub(super) async fn write(&mut self, before: Mark, bundle: &Bundle) -> Result<()> {
        let day_is_new = !self.days.contains(&bundle.day);
        let mut transaction = self.connection.begin().await?;
        let moved = sqlx::query!(
            "UPDATE trading.watermark
             SET seq = $1, at = to_timestamp($2::bigint / 1000000.0), state_hash = $3
             WHERE seq = $4 AND state_hash = $5",
            bundle.mark.seq.0 as i64,
            micros(bundle.mark.at),
            &bundle.mark.state_hash.to_be_bytes()[..],
            before.seq.0 as i64,
            &before.state_hash.to_be_bytes()[..],
        )
        .execute(&mut *transaction)
        .await?;
        if moved.rows_affected() != 1 {
            return Err(WriteError::Moved);
        }
        if day_is_new {
            partitions::make(&mut transaction, bundle.day).await?;
        }
        reference_data(&mut transaction, bundle).await?;
        copy(
            &mut transaction,
            "trading.accounts",
            ACCOUNTS,
            &encode_accounts(bundle.new_accounts.iter()),
        )
        .await?;
        copy(&mut transaction, "trading.orders", ORDERS, &encode_orders(bundle.new_orders.iter()))
            .await?;
        let tables = [
            (ORDER_EVENTS, &bundle.order_events),
            (FILLS, &bundle.fills),
            (LEDGER_ENTRIES, &bundle.ledger_entries),
        ];
        for (table, (columns, rows)) in HISTORY.into_iter().zip(tables) {
            copy(&mut transaction, &partitions::name(table, bundle.day), columns, rows).await?;
        }
        change_accounts(&mut transaction, bundle).await?;
        change_orders(&mut transaction, &bundle.order_deltas).await?;
        change_balances(&mut transaction, bundle).await?;
        rules::write(&mut transaction, bundle).await?;
        transaction.commit().await?;
        self.days.insert(bundle.day);
        Ok(())
    }

    /// Gives the lock back and disconnects.
    pub(super) async fn close(self) {
        // The server notices a connection that was not closed well, too.
        let _ = self.connection.close().await;
    }
}

/// Reads the watermark.
pub(super) async fn read_mark(connection: &mut PgConnection) -> Result<Option<Mark>> {
    let row = sqlx::query!(
        r#"SELECT seq, (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", state_hash
           FROM trading.watermark"#
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let hash = <[u8; 8]>::try_from(row.state_hash.as_slice())
            .map_err(|_| WriteError::Damaged("the watermark's hash is not 8 bytes".into()))?;
        Ok(Mark {
            seq: Seq(row.seq as u64),
            at: timestamp(row.at_us),
            state_hash: u64::from_be_bytes(hash),
        })
    })
    .transpose()
}

/// Asks for a rebuild: the projector that holds the lock, now or later, builds all anew.
pub(super) async fn ask_for_rebuild(connection: &mut PgConnection) -> Result<()> {
    sqlx::query!("DELETE FROM trading.watermark").execute(connection).await?;
    Ok(())
}

/// Copies rows into a table.
pub(super) async fn copy(
    transaction: &mut Transaction<'_, Postgres>,
    table: &str,
    columns: &str,
    rows: &Rows,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = format!("COPY {table} ({columns}) FROM STDIN (FORMAT binary)");
    let mut copy = transaction.copy_in_raw(&statement).await?;
    copy.send(&HEADER[..]).await?;
    copy.send(rows.bytes()).await?;
    copy.send(&TRAILER[..]).await?;
    let written = copy.finish().await?;
    if written != rows.len() {
        let expected = rows.len();
        return Err(WriteError::Damaged(format!("{table} took {written} of {expected} rows")));
    }
    Ok(())
}

/// New assets, and instruments as they are now: few, one statement each.
async fn reference_data(
    transaction: &mut Transaction<'_, Postgres>,
    bundle: &Bundle,
) -> Result<()> {
    for (asset, spec, seq) in &bundle.assets {
        sqlx::query!(
            "INSERT INTO trading.assets (asset_id, code, exponent, seq) VALUES ($1, $2, $3, $4)",
            asset.0 as i32,
            spec.code.as_str(),
            i16::from(spec.exponent),
            seq.0 as i64,
        )
        .execute(&mut **transaction)
        .await?;
    }
    for (instrument, (state, seq)) in &bundle.instruments {
        put_instrument(transaction, *instrument, state, *seq).await?;
    }
    for (instrument, reason) in &bundle.halt_reasons {
        sqlx::query!(
            "UPDATE trading.instruments SET halt_reason = $2 WHERE instrument_id = $1",
            instrument.0 as i32,
            reason.as_deref(),
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

async fn put_instrument(
    transaction: &mut Transaction<'_, Postgres>,
    instrument: InstrumentId,
    state: &InstrumentState,
    seq: Seq,
) -> Result<()> {
    let spec = &state.spec;
    sqlx::query!(
        "INSERT INTO trading.instruments (instrument_id, symbol, name, profile, base_asset,
             quote_asset, price_digits, quantity_digits, ticks, lot, min_quantity, max_quantity,
             base_price, limit_down, limit_up, market_band_ppm, maker_fee_ppm, taker_fee_ppm,
             open_order_cap, status, seq, session_rules, listed_shares, phase, phase_until,
             quote_kind, quote_side, quote_price, quote_until, halts, short_restricted,
             market_min_quantity, market_max_quantity)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21, $22, $23, $24, to_timestamp($25::bigint / 1000000.0), $26, $27, $28,
             to_timestamp($29::bigint / 1000000.0), $30, $31, $32, $33)
         ON CONFLICT (instrument_id) DO UPDATE SET ticks = excluded.ticks,
             base_price = excluded.base_price,
             limit_down = excluded.limit_down, limit_up = excluded.limit_up,
             status = excluded.status, seq = excluded.seq,
             listed_shares = excluded.listed_shares, phase = excluded.phase,
             phase_until = excluded.phase_until, quote_kind = excluded.quote_kind,
             quote_side = excluded.quote_side, quote_price = excluded.quote_price,
             quote_until = excluded.quote_until, halts = excluded.halts,
             short_restricted = excluded.short_restricted",
        instrument.0 as i32,
        spec.symbol.as_str(),
        spec.name.as_str(),
        spec.profile.as_str(),
        spec.base_asset.0 as i32,
        spec.quote_asset.0 as i32,
        i16::from(spec.price_digits),
        i16::from(spec.quantity_digits),
        ticks_word(spec.ticks),
        spec.lot.0,
        spec.min_quantity.0,
        spec.max_quantity.0,
        spec.base_price.0,
        spec.limit_down.0,
        spec.limit_up.0,
        spec.market_band_ppm as i32,
        spec.maker_fee_ppm,
        spec.taker_fee_ppm,
        spec.open_order_cap as i32,
        state.status.as_str(),
        seq.0 as i64,
        spec.session_rules,
        spec.listed_shares.0,
        state.phase.as_str(),
        some_micros(state.until),
        state.quote.kind.as_str(),
        state.quote.side.as_str(),
        state.quote.price.0,
        some_micros(state.quote.due),
        i16::from(state.halts.0),
        state.short_restricted,
        spec.market_min_quantity.0,
        spec.market_max_quantity.0,
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// A time in microseconds; zero is none.
fn some_micros(at: Timestamp) -> Option<i64> {
    (at.0 != 0).then(|| micros(at))
}

async fn change_accounts(
    transaction: &mut Transaction<'_, Postgres>,
    bundle: &Bundle,
) -> Result<()> {
    if bundle.account_changes.is_empty() {
        return Ok(());
    }
    let mut ids = Vec::new();
    let mut statuses = Vec::new();
    let mut groups = Vec::new();
    let mut firms = Vec::new();
    let mut seqs = Vec::new();
    for (account, delta) in &bundle.account_changes {
        ids.push(account.0 as i32);
        statuses.push(delta.status.map(|status| status.as_str().to_owned()));
        groups.push(delta.group.map(|group| i32::from(group.0)));
        firms.push(delta.firm.map(|firm| firm.0 as i32));
        seqs.push(delta.seq.0 as i64);
    }
    let done = sqlx::query!(
        "UPDATE trading.accounts a SET status = coalesce(c.status, a.status),
             group_id = coalesce(c.group_id, a.group_id),
             firm_id = coalesce(c.firm_id, a.firm_id), seq = c.seq
         FROM UNNEST($1::integer[], $2::text[], $3::integer[], $4::integer[], $5::bigint[])
             AS c(account_id, status, group_id, firm_id, seq)
         WHERE a.account_id = c.account_id",
        &ids,
        &statuses as &[Option<String>],
        &groups as &[Option<i32>],
        &firms as &[Option<i32>],
        &seqs,
    )
    .execute(&mut **transaction)
    .await?;
    all_there("accounts", done.rows_affected(), ids.len())
}

/// Changes of orders from earlier bundles, in order of their numbers for locality.
async fn change_orders(
    transaction: &mut Transaction<'_, Postgres>,
    deltas: &[OrderDelta],
) -> Result<()> {
    if deltas.is_empty() {
        return Ok(());
    }
    let mut sorted: Vec<&OrderDelta> = deltas.iter().collect();
    sorted.sort_unstable_by_key(|delta| delta.order);
    let column = |value: fn(&OrderDelta) -> i64| -> Vec<i64> {
        sorted.iter().map(|delta| value(delta)).collect()
    };
    let maybe = |value: fn(&OrderDelta) -> Option<i64>| -> Vec<Option<i64>> {
        sorted.iter().map(|delta| value(delta)).collect()
    };
    let words = |value: fn(&OrderDelta) -> Option<&'static str>| -> Vec<Option<String>> {
        sorted.iter().map(|delta| value(delta).map(str::to_owned)).collect()
    };
    let kinds = words(|delta| delta.kind.map(OrderKind::as_str));
    let prices = maybe(|delta| delta.price.map(|price| price.0));
    let quantities = maybe(|delta| delta.quantity.map(|quantity| quantity.0));
    let conditions = words(|delta| delta.condition.map(Condition::as_str));
    let children = maybe(|delta| delta.child.map(|child| child.0 as i64));
    let statuses = words(|delta| delta.status.map(OrderStatus::as_str));
    let activated: Vec<bool> = sorted.iter().map(|delta| delta.activated).collect();
    let rejects = words(|delta| delta.reject.map(Reject::code));
    let reasons = words(|delta| delta.closed.map(CloseReason::as_str));
    let done = sqlx::query!(
        "UPDATE trading.orders o SET
             type = coalesce(c.type, o.type),
             price = CASE WHEN coalesce(c.type, o.type) = $15 THEN 0
                 ELSE coalesce(c.price, o.price) END,
             quantity = coalesce(c.quantity, o.quantity),
             condition = coalesce(c.condition, o.condition),
             child_id = coalesce(c.child_id, o.child_id),
             filled = o.filled + c.filled,
             notional = o.notional + c.notional,
             prevented = o.prevented + c.prevented,
             status = CASE WHEN c.status IS NOT NULL THEN c.status
                 WHEN c.activated AND o.status = $16 THEN $17 ELSE o.status END,
             reject_code = coalesce(c.reject_code, o.reject_code),
             close_reason = coalesce(c.close_reason, o.close_reason),
             updated_at = to_timestamp(c.updated_us / 1000000.0),
             seq = c.seq
         FROM UNNEST($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[],
             $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::boolean[],
             $12::text[], $13::bigint[], $14::bigint[], $18::text[])
             AS c(order_id, type, price, quantity, condition, child_id, filled, notional,
                  prevented, status, activated, close_reason, updated_us, seq, reject_code)
         WHERE o.order_id = c.order_id",
        &column(|delta| delta.order.0 as i64),
        &kinds as &[Option<String>],
        &prices as &[Option<i64>],
        &quantities as &[Option<i64>],
        &conditions as &[Option<String>],
        &children as &[Option<i64>],
        &column(|delta| delta.filled),
        &column(|delta| delta.notional),
        &column(|delta| delta.prevented),
        &statuses as &[Option<String>],
        &activated,
        &reasons as &[Option<String>],
        &column(|delta| micros(delta.at)),
        &column(|delta| delta.seq.0 as i64),
        OrderKind::Market.as_str(),
        OrderStatus::PendingTrigger.as_str(),
        OrderStatus::Open.as_str(),
        &rejects as &[Option<String>],
    )
    .execute(&mut **transaction)
    .await?;
    all_there("orders", done.rows_affected(), deltas.len())
}

async fn change_balances(
    transaction: &mut Transaction<'_, Postgres>,
    bundle: &Bundle,
) -> Result<()> {
    if bundle.balances.is_empty() {
        return Ok(());
    }
    let mut sorted: Vec<_> = bundle.balances.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| **key);
    let accounts: Vec<i32> = sorted.iter().map(|((account, _), _)| account.0 as i32).collect();
    let assets: Vec<i32> = sorted.iter().map(|((_, asset), _)| asset.0 as i32).collect();
    let column = |value: fn(&bundle::BalanceRecord) -> i64| -> Vec<i64> {
        sorted.iter().map(|(_, balance)| value(balance)).collect()
    };
    sqlx::query!(
        "INSERT INTO trading.balances (account_id, asset_id, total, locked, seq)
         SELECT * FROM UNNEST($1::integer[], $2::integer[], $3::bigint[], $4::bigint[],
             $5::bigint[])
         ON CONFLICT (account_id, asset_id) DO UPDATE
         SET total = excluded.total, locked = excluded.locked, seq = excluded.seq",
        &accounts,
        &assets,
        &column(|balance| balance.total.0),
        &column(|balance| balance.locked.0),
        &column(|balance| balance.seq.0 as i64),
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Every row that was to change must have been there.
fn all_there(table: &str, changed: u64, expected: usize) -> Result<()> {
    if changed == expected as u64 {
        return Ok(());
    }
    Err(WriteError::Damaged(format!("{changed} of {expected} rows to change are in {table}")))
}
