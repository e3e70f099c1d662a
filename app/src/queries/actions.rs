//! What people did, and the anchors they put on record.

use zaraba_engine::types::*;

use super::cursor::{self, List};
use super::{At, History, HistoryError, Page, fetch_limit, micros, page, timestamp};

/// Most actions told of one request; the newest.
const OF_REQUEST: i64 = 200;

/// One journaled command of a person.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionRow {
    /// Its sequence.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// What, as in the journal's dump.
    pub kind: String,
    /// About what kind of thing.
    pub target_kind: String,
    /// Its number; zero: none.
    pub target_id: u64,
    /// Its name, where there is one.
    pub target_text: String,
    /// Who asked.
    pub actor: String,
    /// Who agreed; empty: no second person.
    pub approver: String,
    /// Under which request.
    pub request: String,
    /// Why.
    pub reason: String,
    /// `ok` or the refusal's code.
    pub outcome: String,
    /// What the command said and did: a JSON object.
    pub summary: String,
}

/// Which actions.
#[derive(Clone, Debug, Default)]
pub struct ActionFilter {
    /// Only of this person.
    pub actor: Option<String>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only about this kind of thing.
    pub target_kind: Option<String>,
    /// Only about the thing of this number.
    pub target_id: Option<u64>,
    /// Only at or after this time.
    pub from: Option<Timestamp>,
    /// Only before this time.
    pub to: Option<Timestamp>,
}

/// A statement put on record.
#[derive(Clone, Debug, PartialEq)]
pub struct AnchorRow {
    /// Its sequence.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// About what.
    pub what: String,
    /// How many entries it had.
    pub count: u64,
    /// Hash over them.
    pub hash: Vec<u8>,
}

struct RawAction {
    seq: i64,
    at_us: i64,
    kind: String,
    target_kind: String,
    target_id: i64,
    target_text: String,
    actor: String,
    approver: String,
    request_id: String,
    reason: String,
    outcome: String,
    summary: String,
}

impl From<RawAction> for ActionRow {
    fn from(raw: RawAction) -> ActionRow {
        ActionRow {
            seq: Seq(raw.seq as u64),
            at: timestamp(raw.at_us),
            kind: raw.kind,
            target_kind: raw.target_kind,
            target_id: raw.target_id as u64,
            target_text: raw.target_text,
            actor: raw.actor,
            approver: raw.approver,
            request: raw.request_id,
            reason: raw.reason,
            outcome: raw.outcome,
            summary: raw.summary,
        }
    }
}

impl History {
    /// What was done under a request id, oldest first; the newest 200.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn actions_of(&self, request: &str) -> Result<At<Vec<ActionRow>>, HistoryError> {
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            let rows = sqlx::query_as!(
                RawAction,
                r#"SELECT seq, (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", kind,
                       target_kind, target_id, target_text, actor, approver, request_id, reason,
                       outcome, summary::text AS "summary!"
                   FROM trading.admin_actions WHERE request_id = $1 AND request_id <> ''
                   ORDER BY seq DESC LIMIT $2"#,
                request,
                OF_REQUEST,
            )
            .fetch_all(&mut *snapshot)
            .await?;
            Ok(At { value: rows.into_iter().rev().map(ActionRow::from).collect(), seq })
        })
        .await
    }

    /// What people did, newest first, at most `limit` (1 to [`super::MAX_LIMIT`]) a page.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn actions(
        &self,
        filter: &ActionFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ActionRow>, HistoryError> {
        let before = match cursor {
            Some(cursor) => Some(cursor::decode::<1>(List::Actions, filter, cursor)?[0]),
            None => None,
        };
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            let rows = sqlx::query_as!(
                RawAction,
                r#"SELECT seq, (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", kind,
                       target_kind, target_id, target_text, actor, approver, request_id, reason,
                       outcome, summary::text AS "summary!"
                   FROM trading.admin_actions
                   WHERE ($1::bigint IS NULL OR seq < $1)
                     AND ($2::text IS NULL OR actor = $2)
                     AND ($3::text IS NULL OR kind = $3)
                     AND ($4::text IS NULL OR target_kind = $4)
                     AND ($5::bigint IS NULL OR target_id = $5)
                     AND ($6::bigint IS NULL OR at >= to_timestamp($6::bigint / 1000000.0))
                     AND ($7::bigint IS NULL OR at < to_timestamp($7::bigint / 1000000.0))
                   ORDER BY seq DESC LIMIT $8"#,
                before,
                filter.actor,
                filter.kind,
                filter.target_kind,
                filter.target_id.map(|id| id as i64),
                filter.from.map(micros),
                filter.to.map(micros),
                fetch_limit(limit),
            )
            .fetch_all(&mut *snapshot)
            .await?;
            let rows = rows.into_iter().map(ActionRow::from).collect();
            Ok(page(rows, limit, seq, |row: &ActionRow| {
                cursor::encode(List::Actions, filter, &[row.seq.0 as i64])
            }))
        })
        .await
    }

    /// What was last done to hold these instruments or let them go, one each.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn halted_by(&self, instruments: &[u64]) -> Result<Vec<ActionRow>, HistoryError> {
        let ids: Vec<i64> = instruments.iter().map(|id| *id as i64).collect();
        self.bounded(async {
            let rows = sqlx::query_as!(
                RawAction,
                r#"SELECT DISTINCT ON (target_id) seq,
                       (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", kind,
                       target_kind, target_id, target_text, actor, approver, request_id, reason,
                       outcome, summary::text AS "summary!"
                   FROM trading.admin_actions
                   WHERE target_kind = 'instrument' AND target_id = ANY($1) AND outcome = 'ok'
                     AND kind IN ('set_instrument_status', 'set_halts', 'start_call', 'set_kill')
                   ORDER BY target_id, seq DESC"#,
                &ids,
            )
            .fetch_all(&self.pool)
            .await?;
            Ok(rows.into_iter().map(ActionRow::from).collect())
        })
        .await
    }

    /// Who threw the kill switches that are on, by their scope in the tables.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn killed_by(&self) -> Result<Vec<(String, ActionRow)>, HistoryError> {
        self.bounded(async {
            let rows = sqlx::query!(
                r#"SELECT k.scope, a.seq, (extract(epoch FROM a.at) * 1000000)::bigint AS "at_us!",
                       a.kind, a.target_kind, a.target_id, a.target_text, a.actor, a.approver,
                       a.request_id, a.reason, a.outcome, a.summary::text AS "summary!"
                   FROM trading.kill_switches k JOIN trading.admin_actions a USING (seq)
                   WHERE k.thrown ORDER BY a.seq DESC LIMIT 10000"#
            )
            .fetch_all(&self.pool)
            .await?;
            let read = rows.into_iter().map(|row| {
                let raw = RawAction {
                    seq: row.seq,
                    at_us: row.at_us,
                    kind: row.kind,
                    target_kind: row.target_kind,
                    target_id: row.target_id,
                    target_text: row.target_text,
                    actor: row.actor,
                    approver: row.approver,
                    request_id: row.request_id,
                    reason: row.reason,
                    outcome: row.outcome,
                    summary: row.summary,
                };
                (row.scope, raw.into())
            });
            Ok(read.collect())
        })
        .await
    }

    /// Anchors, newest first, at most `limit` (1 to [`super::MAX_LIMIT`]) a page.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn anchors(
        &self,
        what: Option<&str>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<AnchorRow>, HistoryError> {
        let before = match cursor {
            Some(cursor) => Some(cursor::decode::<1>(List::Anchors, &what, cursor)?[0]),
            None => None,
        };
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            let rows = sqlx::query!(
                r#"SELECT seq, (extract(epoch FROM at) * 1000000)::bigint AS "at_us!", what,
                       entries, hash
                   FROM trading.anchors
                   WHERE ($1::bigint IS NULL OR seq < $1) AND ($2::text IS NULL OR what = $2)
                   ORDER BY seq DESC LIMIT $3"#,
                before,
                what,
                fetch_limit(limit),
            )
            .fetch_all(&mut *snapshot)
            .await?;
            let read = rows.into_iter().map(|row| AnchorRow {
                seq: Seq(row.seq as u64),
                at: timestamp(row.at_us),
                what: row.what,
                count: row.entries as u64,
                hash: row.hash,
            });
            Ok(page(read.collect(), limit, seq, |row: &AnchorRow| {
                cursor::encode(List::Anchors, &what, &[row.seq.0 as i64])
            }))
        })
        .await
    }

    /// Open orders that a key signed, by number after `after`: their owners and numbers.
    ///
    /// # Errors
    /// See [`HistoryError`].
    pub async fn open_of_key(
        &self,
        key: u32,
        after: OrderId,
        limit: usize,
    ) -> Result<At<Vec<(AccountId, OrderId)>>, HistoryError> {
        self.bounded(async {
            let (mut snapshot, seq) = self.snapshot().await?;
            let rows = sqlx::query!(
                r#"SELECT order_id, account_id FROM trading.orders
                   WHERE api_key = $1 AND api_key <> 0 AND order_id > $2
                     AND status IN ('open', 'partially_filled', 'pending_trigger')
                   ORDER BY order_id LIMIT $3"#,
                key as i32,
                after.0 as i64,
                fetch_limit(limit) - 1,
            )
            .fetch_all(&mut *snapshot)
            .await?;
            let read = rows
                .into_iter()
                .map(|row| (AccountId(row.account_id as u32), OrderId(row.order_id as u64)));
            Ok(At { value: read.collect(), seq })
        })
        .await
    }
}
