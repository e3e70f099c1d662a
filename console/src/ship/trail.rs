//! The audit trail on its way: at least once, in order, by one console at a time. How far it is
//! stands in `console.audit_shipped`; a console that dies holds the lease for half a minute.

use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Receiver, longer, stops_within};
use crate::audit::{files, store};
use crate::metrics::METRICS;

/// How often new entries are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Most entries of one sending.
const ENTRIES: i64 = 500;

/// Sends until the console stops.
pub(super) async fn keep(
    pool: PgPool,
    mut receiver: Receiver,
    mut stopping: watch::Receiver<bool>,
) {
    let (me, mut pause) = (Uuid::new_v4(), LOOK);
    loop {
        pause = match send_on(&pool, &mut receiver, me).await {
            Ok(Sent::All) => LOOK,
            Ok(Sent::Some) => Duration::ZERO,
            Ok(Sent::Refused) => longer(pause),
            Err(error) => {
                tracing::warn!(event = "console.ship_unread", error = %error,
                    "the audit trail cannot be read to send it on; trying again");
                longer(pause)
            }
        };
        if stops_within(pause, &mut stopping).await {
            return;
        }
    }
}

enum Sent {
    /// There is no more, or another console is at it.
    All,
    /// There may be more.
    Some,
    /// The other system did not take it.
    Refused,
}

async fn send_on(pool: &PgPool, receiver: &mut Receiver, me: Uuid) -> sqlx::Result<Sent> {
    let reached: i64 =
        sqlx::query_scalar("SELECT seq FROM console.audit_shipped").fetch_one(pool).await?;
    let head = store::head(pool).await?.map_or(0, |(seq, _)| seq);
    METRICS.audit_unshipped.set((head - reached).max(0));
    if head <= reached {
        return Ok(Sent::All);
    }
    let Some(reached) = lease(pool, me).await? else { return Ok(Sent::All) };
    let entries = store::after(pool, reached, ENTRIES).await?;
    let Some(last) = entries.last().map(|entry| entry.content.seq) else { return Ok(Sent::All) };
    if !receiver.send("audit", files::jsonl(&entries)).await {
        return Ok(Sent::Refused);
    }
    sqlx::query(
        "UPDATE console.audit_shipped SET seq = $1, shipped_at = now() \
         WHERE leased_by = $2 AND seq = $3",
    )
    .bind(last)
    .bind(me)
    .bind(reached)
    .execute(pool)
    .await?;
    METRICS.audit_unshipped.set((head - last).max(0));
    Ok(Sent::Some)
}

/// Takes or keeps the lease; how far the trail has been sent. `None`: another console has it.
async fn lease(pool: &PgPool, me: Uuid) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "UPDATE console.audit_shipped SET leased_by = $1, leased_until = now() + interval '30 s' \
         WHERE leased_by = $1 OR leased_until < now() RETURNING seq",
    )
    .bind(me)
    .fetch_optional(pool)
    .await
}
