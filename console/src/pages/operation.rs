//! For machines: health, readiness, metrics.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;

/// The process runs.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether people can work: the database answers and has the console's tables. A backend
/// that is away is told but does not make the console unready: history can still be read.
pub async fn readyz(State(app): State<App>) -> Response {
    let database = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM console.staff"#)
        .fetch_one(&app.pool)
        .await;
    let backend = app.hub.overview().borrow().connected;
    let status = if database.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // Why is for the log: this address is open to everyone who reaches the port.
    if let Err(error) = &database {
        tracing::warn!(event = "console.not_ready", error = %error, "the database does not answer");
    }
    let token = app.backend.token_state().as_str();
    let body = json!({"ready": database.is_ok(), "database": database.is_ok(), "backend": backend,
        "admin_token": token});
    (status, axum::Json(body)).into_response()
}

/// For Prometheus.
pub async fn metrics(State(app): State<App>) -> Response {
    app.backend.token_state();
    match crate::metrics::text() {
        Ok(text) => ([("content-type", "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
