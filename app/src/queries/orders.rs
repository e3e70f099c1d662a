//! Orders: pages of an account's orders, and single ones.

use zaraba_engine::engine::OrderStatus;
use zaraba_engine::types::*;

use super::cursor::{self, List};
use super::rows::{OrderRow, RawOrder, read_all};
use super::{At, History, HistoryError, Page, fetch_limit, micros, page};

/// Which orders of an account.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    /// Only in this instrument.
    pub instrument: Option<InstrumentId>,
    /// Only this side.
    pub side: Option<Side>,
    /// Only with this status.
    pub status: Option<OrderStatus>,
    /// Only received at or after this time.
    pub from: Option<Timestamp>,
    /// Only received before this time.
    pub to: Option<Timestamp>,
}

impl History {
    /// An account's orders, newest first, at most `limit` (1 to [`super::MAX_LIMIT`]) a page.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn orders(
        &self,
        account: AccountId,
        filter: &OrderFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<OrderRow>, HistoryError> {
        let before = match cursor {
            Some(cursor) => cursor::decode::<1>(List::Orders, filter, cursor)?[0],
            None => i64::MAX,
        };
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            // Order ids ascend in time, so a time range is a range of ids: the bounds are
            // the first orders received at or after each end, found by the event history's
            // primary key within one partition.
            let rows = sqlx::query_as!(
                RawOrder,
                r#"SELECT order_id, account_id, instrument_id, client_order_id, side,
                       type AS kind, time_in_force, post_only, price, quantity, filled,
                       notional, status, reject_code, close_reason, condition, self_trade, short_sale,
                       trigger_price, trigger_when, stop_price, stop_when, stop_limit, expires,
                       parent_id, child_id, prevented, amount, odd_lot, via, api_key,
                       (extract(epoch FROM created_at) * 1000000)::bigint AS "created_us!",
                       (extract(epoch FROM updated_at) * 1000000)::bigint AS "updated_us!",
                       seq
                   FROM trading.orders
                   WHERE account_id = $1 AND order_id < $2
                     AND ($3::integer IS NULL OR instrument_id = $3)
                     AND ($4::text IS NULL OR side = $4)
                     AND ($5::text IS NULL OR status = $5)
                     AND ($6::bigint IS NULL OR order_id >= (
                         SELECT order_id FROM trading.order_events
                         WHERE at >= to_timestamp($6::bigint / 1000000.0)
                           AND kind IN ('accepted', 'rejected')
                         ORDER BY at, seq, ordinal LIMIT 1))
                     AND ($7::bigint IS NULL OR order_id < coalesce((
                         SELECT order_id FROM trading.order_events
                         WHERE at >= to_timestamp($7::bigint / 1000000.0)
                           AND kind IN ('accepted', 'rejected')
                         ORDER BY at, seq, ordinal LIMIT 1), 9223372036854775807))
                   ORDER BY order_id DESC LIMIT $8"#,
                account.0 as i32,
                before,
                filter.instrument.map(|i| i.0 as i32),
                filter.side.map(Side::as_str),
                filter.status.map(OrderStatus::as_str),
                filter.from.map(micros),
                filter.to.map(micros),
                fetch_limit(limit),
            )
            .fetch_all(&mut *snapshot)
            .await?;
            Ok(page(read_all(rows)?, limit, seq, |row: &OrderRow| {
                cursor::encode(List::Orders, filter, &[row.state.order.0 as i64])
            }))
        })
        .await
    }

    /// One order of an account; another account's is not found.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn order(
        &self,
        account: AccountId,
        order: OrderId,
    ) -> Result<At<Option<OrderRow>>, HistoryError> {
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            let row = sqlx::query_as!(
                RawOrder,
                r#"SELECT order_id, account_id, instrument_id, client_order_id, side,
                       type AS kind, time_in_force, post_only, price, quantity, filled,
                       notional, status, reject_code, close_reason, condition, self_trade, short_sale,
                       trigger_price, trigger_when, stop_price, stop_when, stop_limit, expires,
                       parent_id, child_id, prevented, amount, odd_lot, via, api_key,
                       (extract(epoch FROM created_at) * 1000000)::bigint AS "created_us!",
                       (extract(epoch FROM updated_at) * 1000000)::bigint AS "updated_us!",
                       seq
                   FROM trading.orders WHERE order_id = $1 AND account_id = $2"#,
                order.0 as i64,
                account.0 as i32,
            )
            .fetch_optional(&mut *snapshot)
            .await?;
            Ok(At { value: row.map(OrderRow::try_from).transpose()?, seq })
        })
        .await
    }

    /// One order of an account by the client's own id (the newest, should an id have been
    /// used again after the engine's memory of it had passed).
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn order_by_client_id(
        &self,
        account: AccountId,
        client_order_id: &str,
    ) -> Result<At<Option<OrderRow>>, HistoryError> {
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            let row = sqlx::query_as!(
                RawOrder,
                r#"SELECT order_id, account_id, instrument_id, client_order_id, side,
                       type AS kind, time_in_force, post_only, price, quantity, filled,
                       notional, status, reject_code, close_reason, condition, self_trade, short_sale,
                       trigger_price, trigger_when, stop_price, stop_when, stop_limit, expires,
                       parent_id, child_id, prevented, amount, odd_lot, via, api_key,
                       (extract(epoch FROM created_at) * 1000000)::bigint AS "created_us!",
                       (extract(epoch FROM updated_at) * 1000000)::bigint AS "updated_us!",
                       seq
                   FROM trading.orders WHERE client_order_id = $1 AND account_id = $2
                   ORDER BY order_id DESC LIMIT 1"#,
                client_order_id,
                account.0 as i32,
            )
            .fetch_optional(&mut *snapshot)
            .await?;
            Ok(At { value: row.map(OrderRow::try_from).transpose()?, seq })
        })
        .await
    }
}
