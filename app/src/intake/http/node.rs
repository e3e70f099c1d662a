//! `GET /v1/time` and `GET /v1/status`. Public.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::ErrorBody;
use super::extract::NoParams;
use crate::clock;
use crate::market::text::time as rfc3339;
use crate::platform::Platform;

/// The server's clock.
#[derive(Serialize, ToSchema)]
pub struct TimeShape {
    /// RFC 3339 in UTC.
    time: String,
    /// Milliseconds since the epoch, as `X-Request-Time` wants it.
    epoch_ms: u64,
}

/// The server's time.
#[utoipa::path(get, path = "/v1/time", tag = "platform",
    responses(
        (status = 200, description = "Now", body = TimeShape),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
pub async fn time(_: NoParams) -> Json<TimeShape> {
    let now = clock::now();
    Json(TimeShape { time: rfc3339(now), epoch_ms: now.0 / 1_000_000 })
}

/// How the platform is.
#[derive(Serialize, ToSchema)]
pub struct StatusShape {
    /// Whether orders are accepted.
    accepting: bool,
    /// Whether this node leads.
    leader: bool,
    /// `ok`, or `failed`: nothing is acknowledged any more.
    journal: &'static str,
    /// `ok`, or `deferred`: the database is away, history is behind.
    history: &'static str,
    /// Journal sequence that live reads reflect.
    seq: u64,
    /// Journal sequence that history reflects.
    history_seq: u64,
    /// How many commands history is behind.
    history_lag: u64,
    /// Commands waiting to be sequenced.
    queue: usize,
    /// Phase of every instrument.
    markets: Vec<MarketShape>,
    /// RFC 3339 in UTC.
    time: String,
}

/// The phase of an instrument.
#[derive(Serialize, ToSchema)]
struct MarketShape {
    symbol: String,
    /// `continuous`, `halted`, `closed`.
    phase: &'static str,
}

/// How the platform is: phases, leader, lag.
#[utoipa::path(get, path = "/v1/status", tag = "platform",
    responses(
        (status = 200, description = "How the platform is", body = StatusShape),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
pub async fn status(State(platform): State<Platform>, _: NoParams) -> Json<StatusShape> {
    let failed = platform.status.journal_error().is_some();
    let (seq, history) = (platform.live.seq().0, platform.status.projected().0);
    let markets = platform.live.instruments().into_iter().map(|(_, state)| MarketShape {
        symbol: state.spec.symbol.to_string(),
        phase: state.phase_word(),
    });
    Json(StatusShape {
        accepting: platform.gate.is_open() && !failed,
        // One node is always its own leader.
        leader: true,
        journal: if failed { "failed" } else { "ok" },
        history: if platform.status.postgres_ok() { "ok" } else { "deferred" },
        seq,
        history_seq: history,
        history_lag: seq.saturating_sub(history),
        queue: platform.gate.depth(),
        markets: markets.collect(),
        time: rfc3339(clock::now()),
    })
}
