//! Fills: pages of an account's trades.

use zaraba_engine::types::*;

use super::cursor::{self, List};
use super::rows::{FillRow, RawFill, read_all};
use super::{History, HistoryError, Page, fetch_limit, micros, page};

/// Which fills of an account.
#[derive(Clone, Debug, Default)]
pub struct FillFilter {
    /// Only of this order.
    pub order: Option<OrderId>,
    /// Only in this instrument.
    pub instrument: Option<InstrumentId>,
    /// Only at or after this time.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub to: Option<Timestamp>,
}

impl History {
    /// An account's fills, newest first, at most `limit` (1 to [`super::MAX_LIMIT`]) a page.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn fills(
        &self,
        account: AccountId,
        filter: &FillFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<FillRow>, HistoryError> {
        let [at, id] = match cursor {
            Some(cursor) => cursor::decode::<2>(List::Fills, filter, cursor)?.map(Some),
            None => [None, None],
        };
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            // The plain bound on `at` beside the row comparison is what prunes partitions.
            let rows = sqlx::query_as!(
                RawFill,
                r#"SELECT fill_id, trade_id, order_id, account_id, instrument_id, side, price,
                       quantity, fee, fee_asset, liquidity,
                       (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", seq
                   FROM trading.fills
                   WHERE account_id = $1
                     AND ($2::bigint IS NULL OR at <= to_timestamp($2::bigint / 1000000.0))
                     AND ($2::bigint IS NULL
                          OR (at, fill_id) < (to_timestamp($2::bigint / 1000000.0), $3::bigint))
                     AND ($4::bigint IS NULL OR order_id = $4)
                     AND ($5::integer IS NULL OR instrument_id = $5)
                     AND ($6::bigint IS NULL OR at >= to_timestamp($6::bigint / 1000000.0))
                     AND ($7::bigint IS NULL OR at < to_timestamp($7::bigint / 1000000.0))
                   ORDER BY at DESC, fill_id DESC LIMIT $8"#,
                account.0 as i32,
                at,
                id,
                filter.order.map(|o| o.0 as i64),
                filter.instrument.map(|i| i.0 as i32),
                filter.from.map(micros),
                filter.to.map(micros),
                fetch_limit(limit),
            )
            .fetch_all(&mut *snapshot)
            .await?;
            Ok(page(read_all(rows)?, limit, seq, |row: &FillRow| {
                cursor::encode(List::Fills, filter, &[micros(row.at), row.fill_id as i64])
            }))
        })
        .await
    }
}
