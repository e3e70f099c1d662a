//! Ledger: pages of the changes of an account's balances.

use zaraba_engine::types::*;

use super::cursor::{self, List};
use super::rows::{LedgerRow, RawLedger, read_all};
use super::{History, HistoryError, Page, fetch_limit, micros, page};

/// Which ledger entries of an account.
#[derive(Clone, Debug, Default)]
pub struct LedgerFilter {
    /// Only of this asset.
    pub asset: Option<AssetId>,
    /// Only at or after this time.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub to: Option<Timestamp>,
}

impl History {
    /// An account's ledger entries, newest first, at most `limit` (1 to
    /// [`super::MAX_LIMIT`]) a page.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn ledger(
        &self,
        account: AccountId,
        filter: &LedgerFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<LedgerRow>, HistoryError> {
        let [at, after, ordinal] = match cursor {
            Some(cursor) => cursor::decode::<3>(List::Ledger, filter, cursor)?.map(Some),
            None => [None; 3],
        };
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            let rows = sqlx::query_as!(
                RawLedger,
                r#"SELECT (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", seq, ordinal,
                       account_id, asset_id, delta, total, cause, reference, client_reference,
                       actor, reason
                   FROM trading.ledger_entries
                   WHERE account_id = $1
                     AND ($2::bigint IS NULL OR at <= to_timestamp($2::bigint / 1000000.0))
                     AND ($2::bigint IS NULL OR (at, seq, ordinal)
                          < (to_timestamp($2::bigint / 1000000.0), $3::bigint, $4::bigint))
                     AND ($5::integer IS NULL OR asset_id = $5)
                     AND ($6::bigint IS NULL OR at >= to_timestamp($6::bigint / 1000000.0))
                     AND ($7::bigint IS NULL OR at < to_timestamp($7::bigint / 1000000.0))
                   ORDER BY at DESC, seq DESC, ordinal DESC LIMIT $8"#,
                account.0 as i32,
                at,
                after,
                ordinal,
                filter.asset.map(|a| a.0 as i32),
                filter.from.map(micros),
                filter.to.map(micros),
                fetch_limit(limit),
            )
            .fetch_all(&mut *snapshot)
            .await?;
            Ok(page(read_all(rows)?, limit, seq, |row: &LedgerRow| {
                let keys = [micros(row.at), row.seq.0 as i64, i64::from(row.ordinal)];
                cursor::encode(List::Ledger, filter, &keys)
            }))
        })
        .await
    }
}
