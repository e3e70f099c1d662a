//! Puts the chain's head into the journal now and then (`[audit]` in the settings), through
//! the backend's admin API. Several consoles may do so at once: each anchor is true by itself.

use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::hash::Hash;
use super::store;
use crate::backend::Backend;
use crate::config;
use crate::metrics::METRICS;

/// How often the head is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Anchors until the console stops.
pub async fn keep(
    pool: PgPool,
    backend: Backend,
    config: config::Audit,
    mut stopping: watch::Receiver<bool>,
) {
    let mut anchors = Anchors { pool, backend, config, anchored: None, tried: None };
    loop {
        if let Err(error) = anchors.look().await {
            tracing::warn!(event = "console.anchor_failed", error = %error,
                "the audit trail's head is not anchored; trying again");
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

struct Anchors {
    pool: PgPool,
    backend: Backend,
    config: config::Audit,
    /// Entries covered by the newest anchor; `None`: not known yet.
    anchored: Option<i64>,
    /// When one was sent last.
    tried: Option<Instant>,
}

impl Anchors {
    async fn look(&mut self) -> anyhow::Result<()> {
        let anchored = match self.anchored {
            Some(anchored) => anchored,
            None => {
                let newest = store::newest_anchor(&self.pool).await?;
                if let Some((_, at)) = newest {
                    METRICS.audit_anchored.set(at.as_second());
                }
                newest.map_or(0, |(count, _)| count)
            }
        };
        self.anchored = Some(anchored);
        let Some((count, hash)) = store::head(&self.pool).await? else { return Ok(()) };
        METRICS.audit_unanchored.set((count - anchored).max(0));
        let age = self.tried.map(|tried| tried.elapsed());
        if !due(&self.config, count - anchored, age) {
            return Ok(());
        }
        self.tried = Some(Instant::now());
        let hash = Hash::try_from(hash.as_slice())
            .map_err(|_| anyhow::anyhow!("entry {count} has a hash of {} bytes", hash.len()))?;
        self.backend.anchor(count, &hash).await?;
        self.anchored = Some(count);
        METRICS.audit_unanchored.set(0);
        METRICS.audit_anchored.set(crate::clock::now().as_second());
        tracing::info!(event = "console.anchored", count, hash = %hex::encode(hash), "anchored");
        Ok(())
    }
}

/// Whether it is time: enough entries, or any and enough time since the last attempt. The
/// first of a process goes out at once.
fn due(config: &config::Audit, entries: i64, age: Option<Duration>) -> bool {
    let minutes = Duration::from_secs(config.anchor_minutes * 60);
    entries > 0 && (entries >= config.anchor_entries || age.is_none_or(|age| age >= minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_due_by_count_or_by_time_and_never_without_entries() {
        let config = config::Audit { anchor_minutes: 10, anchor_entries: 1000 };
        let minutes = |n: u64| Some(Duration::from_secs(n * 60));
        for (entries, age, want) in [
            (0, None, false),
            (0, minutes(60), false),
            (1, None, true),
            (1, minutes(9), false),
            (1, minutes(10), true),
            (999, minutes(0), false),
            (1000, minutes(0), true),
        ] {
            assert_eq!(due(&config, entries, age), want, "{entries} entries, {age:?}");
        }
    }
}
