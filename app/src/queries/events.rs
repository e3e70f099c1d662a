//! Order events: one order's chain, and what an account missed after a sequence.

use sqlx::{Postgres, Transaction};
use zaraba_engine::types::*;

use super::rows::{
    FillRow, OrderChange, OrderEventRow, OrderRow, RawEvent, RawFill, RawOrder, read_all,
};
use super::trades::{CorrectionRow, account_corrections};
use super::{At, History, HistoryError, MAX_LIMIT, fetch_limit, micros};

/// What happened to an account after a sequence, whole commands only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrivateEvents {
    /// Order events in order of (seq, ordinal), each with its order as it stands now.
    pub changes: Vec<OrderChange>,
    /// The fills of the same commands, in order.
    pub fills: Vec<FillRow>,
    /// Trades of the account that were corrected by the same or other commands, in order.
    pub corrections: Vec<CorrectionRow>,
    /// Everything up to here is in this answer; go on from it. Equal to `seq` when there
    /// is no more.
    pub complete_to: Seq,
    /// The sequence the tables had reached.
    pub seq: Seq,
}

impl History {
    /// Everything that happened to an order, in order of (seq, ordinal): at most
    /// 10,000 events, the first ones.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn order_events(
        &self,
        order: OrderId,
    ) -> Result<At<Vec<OrderEventRow>>, HistoryError> {
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            // The order's own times tell which partitions can hold its events.
            let rows = sqlx::query_as!(
                RawEvent,
                r#"SELECT (extract(epoch FROM e.at) * 1000000)::bigint AS "at_us!", e.seq,
                       e.ordinal, e.order_id, e.account_id, e.instrument_id, e.kind, e.price,
                       e.quantity, e.remaining, e.trade_id, e.code, e.via, e.api_key
                   FROM trading.order_events e
                   WHERE e.order_id = $1
                     AND e.at >= (SELECT created_at FROM trading.orders WHERE order_id = $1)
                     AND e.at <= (SELECT updated_at FROM trading.orders WHERE order_id = $1)
                   ORDER BY e.seq, e.ordinal LIMIT 10000"#,
                order.0 as i64,
            )
            .fetch_all(&mut *snapshot)
            .await?;
            Ok(At { value: read_all(rows)?, seq })
        })
        .await
    }

    /// What happened to an account's orders after `after`, oldest first, about `limit`
    /// (1 to [`MAX_LIMIT`]) events: a command's events are never split.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn events_after(
        &self,
        account: AccountId,
        after: Seq,
        limit: usize,
    ) -> Result<PrivateEvents, HistoryError> {
        self.bounded(async {
            let limit = limit.clamp(1, MAX_LIMIT);
            let (mut snapshot, seq) = self.snapshot().await?;
            let mut corrections =
                account_corrections(&mut snapshot, account, after, seq, fetch_limit(limit)).await?;
            // A command corrects one trade, so a page of them ends with a command.
            let seq_corrected = match corrections.get(limit) {
                Some(next) => Seq(next.seq.0 - 1),
                None => seq,
            };
            let mut events =
                account_events(&mut snapshot, account, after, seq_corrected, fetch_limit(limit))
                    .await?;
            let mut complete_to = seq_corrected.max(after);
            if events.len() > limit {
                // Leave out the last command, which may be cut; if it is the only one, read
                // all of it (a command's events are bounded by the engine).
                let last = events[events.len() - 1].seq;
                events.retain(|event| event.seq < last);
                complete_to = Seq(last.0 - 1);
                if events.is_empty() {
                    let before = Seq(last.0 - 1);
                    events = account_events(&mut snapshot, account, before, last, i64::MAX).await?;
                    complete_to = last;
                }
            }
            corrections.retain(|correction| correction.seq <= complete_to);
            let fills = fills_of(&mut snapshot, account, &events).await?;
            let changes = with_orders(&mut snapshot, events).await?;
            Ok(PrivateEvents { changes, fills, corrections, complete_to, seq })
        })
        .await
    }
}

/// An account's order events with `after < seq <= to`.
async fn account_events(
    snapshot: &mut Transaction<'static, Postgres>,
    account: AccountId,
    after: Seq,
    to: Seq,
    limit: i64,
) -> Result<Vec<OrderEventRow>, HistoryError> {
    let rows = sqlx::query_as!(
        RawEvent,
        r#"SELECT (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", seq, ordinal, order_id,
               account_id, instrument_id, kind, price, quantity, remaining, trade_id, code, via,
               api_key
           FROM trading.order_events
           WHERE account_id = $1 AND seq > $2 AND seq <= $3
           ORDER BY seq, ordinal, order_id LIMIT $4"#,
        account.0 as i32,
        i64::try_from(after.0).unwrap_or(i64::MAX),
        to.0 as i64,
        limit,
    )
    .fetch_all(&mut **snapshot)
    .await?;
    read_all(rows)
}

/// The account's fills of the same commands as `events`.
async fn fills_of(
    snapshot: &mut Transaction<'static, Postgres>,
    account: AccountId,
    events: &[OrderEventRow],
) -> Result<Vec<FillRow>, HistoryError> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query_as!(
        RawFill,
        r#"SELECT fill_id, trade_id, order_id, account_id, instrument_id, side, price, quantity,
               fee, fee_asset, liquidity,
               (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", seq
           FROM trading.fills
           WHERE account_id = $1
             AND at BETWEEN to_timestamp($2::bigint / 1000000.0)
                        AND to_timestamp($3::bigint / 1000000.0)
             AND seq BETWEEN $4 AND $5
           ORDER BY at, fill_id"#,
        account.0 as i32,
        micros(first.at),
        micros(last.at),
        first.seq.0 as i64,
        last.seq.0 as i64,
    )
    .fetch_all(&mut **snapshot)
    .await?;
    read_all(rows)
}

/// Puts each event's order beside it.
async fn with_orders(
    snapshot: &mut Transaction<'static, Postgres>,
    events: Vec<OrderEventRow>,
) -> Result<Vec<OrderChange>, HistoryError> {
    let mut ids: Vec<i64> = events.iter().map(|event| event.order.0 as i64).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = sqlx::query_as!(
        RawOrder,
        r#"SELECT order_id, account_id, instrument_id, client_order_id, side, type AS kind,
               time_in_force, post_only, price, quantity, filled, notional, status, reject_code,
               close_reason, condition, self_trade, short_sale,
                       trigger_price, trigger_when, stop_price, stop_when, stop_limit, expires,
                       parent_id, child_id, prevented, amount, odd_lot, via, api_key,
               (extract(epoch FROM created_at) * 1000000)::bigint AS "created_us!",
               (extract(epoch FROM updated_at) * 1000000)::bigint AS "updated_us!", seq
           FROM trading.orders WHERE order_id = ANY($1) ORDER BY order_id"#,
        &ids,
    )
    .fetch_all(&mut **snapshot)
    .await?;
    let orders: Vec<OrderRow> = read_all(rows)?;
    events
        .into_iter()
        .map(|event| {
            let at = orders.binary_search_by_key(&event.order, |order| order.state.order);
            match at {
                Ok(index) => Ok(OrderChange { order: orders[index].clone(), event }),
                Err(_) => Err(HistoryError::Damaged {
                    what: format!("order {}", event.order),
                    why: "it has events but no row".to_owned(),
                }),
            }
        })
        .collect()
}
