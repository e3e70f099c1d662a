//! Sends the audit trail and the log to another system, as it happens (`[ship]` in the settings):
//! whoever takes this machine and its database cannot take back what was sent. Entries of the
//! trail are sent at least once and in order; lines of the log as long as the queue holds them.
//! See `docs/decisions/shipping.md`.

pub mod lines;
mod trail;

use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::config;
use crate::metrics::METRICS;
use crate::outward::{Call, Outward};
use zaraba_secret as secret;

/// How long the other system may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// First and longest pause after it did not take something.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Starts sending; nothing where the settings name no other system. What is returned ends when the
/// console stops and the last lines were sent, or not taken.
pub fn start(
    pool: &PgPool,
    outward: &Outward,
    config: &config::Ship,
    stopping: watch::Receiver<bool>,
) -> Option<JoinHandle<()>> {
    if config.url.is_empty() {
        return None;
    }
    let receiver = || Receiver { outward: outward.clone(), config: config.clone(), problem: None };
    tokio::spawn(trail::keep(pool.clone(), receiver(), stopping.clone()));
    Some(tokio::spawn(lines::keep(lines::queue()?, receiver(), stopping)))
}

/// The other system.
struct Receiver {
    outward: Outward,
    config: config::Ship,
    /// What was logged last, so that a state is logged once.
    problem: Option<String>,
}

impl Receiver {
    /// Sends lines of JSON of a stream, `audit` or `log`; whether they were taken.
    async fn send(&mut self, stream: &'static str, body: Vec<u8>) -> bool {
        let sent = self.post(stream, body).await;
        let result = if sent.is_ok() { "delivered" } else { "failed" };
        METRICS.shipments.with_label_values(&[stream, result]).inc();
        match sent {
            Ok(()) => {
                if self.problem.take().is_some() {
                    tracing::info!(event = "console.shipping", stream, "sending on again");
                }
                true
            }
            Err(why) => {
                if self.problem.as_ref() != Some(&why) {
                    tracing::warn!(
                        event = "console.ship_failed",
                        stream,
                        error = why,
                        url = self.config.url,
                        "nothing is sent on until it works; trying again"
                    );
                    self.problem = Some(why);
                }
                false
            }
        }
    }

    async fn post(&self, stream: &'static str, body: Vec<u8>) -> Result<(), String> {
        let path = &self.config.token_file;
        let token = secret::read(path)
            .map_err(|error| format!("ship.token_file {}: {error}", path.display()))?;
        let bearer = Zeroizing::new(format!("Bearer {}", token.trim()));
        let mut bearer = HeaderValue::from_str(&bearer)
            .map_err(|_| format!("ship.token_file {} cannot be a header", path.display()))?;
        bearer.set_sensitive(true);
        let call = Call {
            url: &self.config.url,
            headers: vec![
                (AUTHORIZATION, bearer),
                (HeaderName::from_static("x-zaraba-stream"), HeaderValue::from_static(stream)),
            ],
            body: Some(("application/x-ndjson", body.into())),
            patience: PATIENCE,
        };
        match self.outward.call(call).await?.status {
            status if status.is_success() => Ok(()),
            status => Err(format!("answered {status}")),
        }
    }
}

/// The pause after one more failure.
fn longer(pause: Duration) -> Duration {
    (pause * 2).clamp(BACKOFF.0, BACKOFF.1)
}

/// Waits; whether the console stops.
async fn stops_within(pause: Duration, stopping: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => false,
        _ = stopping.wait_for(|stop| *stop) => true,
    }
}
