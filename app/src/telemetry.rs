//! How operators see the node: logs as JSON lines, `/healthz`, `/readyz`, `/metrics`. Each
//! room registers its own metrics in the default registry; this one only serves them and
//! adds what belongs to no room.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use prometheus::{Encoder, IntGauge, TextEncoder, register_int_gauge};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config;
use crate::platform::Platform;

/// Starts logging to standard error. `RUST_LOG` overrides the configured filter.
///
/// # Errors
/// When the filter or format is not valid, or logging was started before.
pub fn init(config: &config::Log) -> anyhow::Result<()> {
    init_to(config, std::io::stderr)
}

/// Starts logging to `writer`, such as a file behind a mutex; as [`init`] otherwise.
///
/// # Errors
/// As [`init`].
pub fn init_to<W>(config: &config::Log, writer: W) -> anyhow::Result<()>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_from_default_env()
        .or_else(|_| EnvFilter::try_new(&config.filter))
        .map_err(|e| anyhow::anyhow!("log.filter {:?} is not valid: {e}", config.filter))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match config.format.as_str() {
        "json" => lines.json().flatten_event(true).with_current_span(false).try_init(),
        "text" => lines.with_ansi(false).try_init(),
        other => anyhow::bail!("log.format is {other:?}; it must be \"json\" or \"text\""),
    }
    .map_err(|e| anyhow::anyhow!("logging cannot be started: {e}"))
}

static POSTGRES_UP: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!("zaraba_postgres_up", "1 when the last write to Postgres worked.")
        .expect("registered once, here")
});

/// `/healthz`, `/readyz`, `/metrics`.
pub fn routes() -> Router<Platform> {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Whether the process can do its work; a failed journal needs a restart.
async fn health(State(platform): State<Platform>) -> impl IntoResponse {
    match platform.status.journal_error() {
        None => (StatusCode::OK, Json(serde_json::json!({"status": "ok"}))),
        Some(why) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(serde_json::json!({"status": "journal_failed", "reason": why})),
        ),
    }
}

/// Whether orders are accepted. Postgres being away defers projections, not orders.
async fn ready(State(platform): State<Platform>) -> impl IntoResponse {
    let open = platform.gate.is_open() && platform.status.journal_error().is_none();
    let body = serde_json::json!({
        "ready": open,
        "role": "leader",
        "journal": platform.status.journal_error().map_or("ok".to_owned(), |why| format!("failed: {why}")),
        "projections": if platform.status.postgres_ok() { "ok" } else { "deferred" },
        "durable_seq": platform.status.durable.get().0,
        "projected_seq": platform.status.projected().0,
    });
    (if open { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(body))
}

async fn metrics(State(platform): State<Platform>) -> impl IntoResponse {
    POSTGRES_UP.set(platform.status.postgres_ok().into());
    let mut text = Vec::new();
    match TextEncoder::new().encode(&prometheus::gather(), &mut text) {
        Ok(()) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
