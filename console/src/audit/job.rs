//! Verifications that people start from the page: one at a time, in the console and not in the
//! browser's tab, so that closing the tab ends nothing. The result is recorded in the trail
//! itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sqlx::PgPool;

use super::verify::{self, Anchors, Report};
use super::{Entry, Kind, Object, Trail, Who};
use crate::metrics::METRICS;

/// A verification at work.
#[derive(Clone, Debug)]
pub struct Running {
    /// Who started it.
    pub by: String,
    /// When.
    pub since: Instant,
    /// Entries checked.
    pub done: i64,
    /// Entries in all.
    pub total: i64,
}

impl Running {
    /// Entries per second so far.
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.since.elapsed().as_secs_f64().max(0.001)
    }

    /// Time left at this rate.
    pub fn left(&self) -> Option<Duration> {
        let rate = self.rate();
        let left = (self.total - self.done).max(0) as f64;
        (rate > 0.0).then(|| Duration::from_secs_f64(left / rate))
    }
}

/// One that ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Who started it.
    pub by: String,
    /// When it ended.
    pub at: jiff::Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What it found, or why it could not be carried through.
    pub result: Result<Report, String>,
}

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// At work now.
    pub running: Option<Running>,
    /// The one before.
    pub last: Option<Ended>,
}

/// The verifications of this console. Cheap to clone.
#[derive(Clone, Default)]
pub struct Verifications(Arc<Mutex<Job>>);

impl Verifications {
    /// How it stands.
    pub fn now(&self) -> Job {
        self.0.lock().clone()
    }

    /// Starts one, if none is at work. Answers whether it did.
    pub fn start(&self, pool: PgPool, trail: Trail, who: Who) -> bool {
        let since = Instant::now();
        {
            let mut job = self.0.lock();
            if job.running.is_some() {
                return false;
            }
            let by = who.login.clone();
            job.running = Some(Running { by, since, done: 0, total: 0 });
        }
        let state = self.0.clone();
        tokio::spawn(async move {
            let told = state.clone();
            let progress = move |done, total| {
                if let Some(running) = &mut told.lock().running {
                    (running.done, running.total) = (done, total);
                }
            };
            let result = verify::verify(&pool, Anchors::Projected, progress).await;
            let result = result.map_err(|error| error.to_string());
            finish(&state, &trail, who, since.elapsed(), result).await;
        });
        true
    }
}

async fn finish(
    state: &Mutex<Job>,
    trail: &Trail,
    who: Who,
    took: Duration,
    result: Result<Report, String>,
) {
    let detail = match &result {
        Ok(report) => {
            METRICS.audit_damaged.set(i64::try_from(report.damaged).unwrap_or(i64::MAX));
            METRICS.audit_verified.set(crate::clock::now().as_second());
            if !report.whole() {
                tracing::error!(event = "console.audit_damaged", report = %report.to_json(),
                    "the audit trail is damaged");
            }
            report.to_json()
        }
        Err(error) => serde_json::json!({ "failed": error }),
    };
    let by = who.login.clone();
    let entry = Entry { kind: Kind::Verify, object: Object::None, detail, request: None };
    let recorded = trail.record(who, entry).await;
    if let Err(error) = recorded {
        tracing::error!(event = "console.audit_failed", error = %error, "verification not recorded");
    }
    let mut job = state.lock();
    job.running = None;
    job.last = Some(Ended { by, at: crate::clock::now(), took, result });
}
