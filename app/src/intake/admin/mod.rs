//! The admin API (`/admin/v1`, its own port): what the console and operators' tools do.
//! Every call carries the bearer token; every change names its actor (`X-Actor`) and request
//! (`X-Request-Id`), which go into the journal where the command has room for them and into
//! the log always. Who may do what, and the second pair of eyes, is the console's business.
//!
//! Changes are commands through the gate like any other; nothing here writes state.

mod accounts;
mod assets;
mod days;
mod guard;
mod instruments;
mod keys;
mod orders;
mod overview;
mod transfers;

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use zaraba_engine::Event;
use zaraba_engine::Reject;

use crate::auth::token::AdminToken;
use crate::bus::Receipt;
use crate::intake::http::error::{ApiError, ApiResult};
use crate::intake::http::{layers, server};
use crate::platform::Platform;

/// Most items of one batch request.
const BATCH_MAX: usize = 1_000;

/// Every admin route below `/admin/v1`, behind the token.
fn guarded(
    platform: &Platform,
    token: AdminToken,
    rates: Arc<overview::Rates>,
) -> Router<Platform> {
    let routes = Router::new()
        .route("/overview", get(overview::overview))
        .route("/assets", get(assets::list).post(assets::create))
        .route("/instruments", get(instruments::list).post(instruments::create))
        .route("/instruments/{symbol}/status", post(instruments::set_status))
        .route("/instruments/{symbol}/limits", post(instruments::set_limits))
        .route("/accounts", get(accounts::list).post(accounts::create))
        .route("/accounts/batch", post(accounts::create_batch))
        .route("/accounts/{code}", get(accounts::one))
        .route("/accounts/{code}/status", post(accounts::set_status))
        .route("/accounts/{code}/keys", get(keys::list).post(keys::create))
        .route("/accounts/{code}/keys/{api_key}/revoke", post(keys::revoke))
        .route("/accounts/{code}/transfers", post(transfers::create))
        .route("/transfers/batch", post(transfers::create_batch))
        .route("/orders/{order_id}", get(orders::one))
        .route("/orders/{order_id}/cancel", post(orders::cancel))
        .route("/orders/cancel", post(orders::cancel_many))
        .route("/days/roll", post(days::roll))
        .layer(axum::Extension(rates));
    let guard =
        axum::middleware::from_fn_with_state((platform.clone(), token), guard::authenticated);
    Router::new()
        .nest("/admin/v1", routes)
        .merge(crate::market::http::admin_routes())
        .route_layer(guard)
}

fn build(platform: Platform, token: AdminToken, rates: Arc<overview::Rates>) -> Router {
    // Health and metrics are for machines on the same private network: no token.
    let router = guarded(&platform, token, rates).merge(crate::telemetry::routes());
    layers::with_layers(router, &platform.config).with_state(platform)
}

/// The admin port: the admin API, live data for the console, health, metrics. Rates in the
/// overview need [`serve`], which samples them.
pub fn router(platform: Platform, token: AdminToken) -> Router {
    build(platform, token, Arc::default())
}

/// Serves the admin port on `listener` until told to stop.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    platform: Platform,
    token: AdminToken,
    listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let http = platform.config.http.clone();
    let rates = Arc::<overview::Rates>::default();
    let router = build(platform.clone(), token, rates.clone());
    tokio::select! {
        served = server::serve(router, listener, &http, stop) => served,
        () = overview::sample(platform, rates) => Ok(()),
    }
}

/// The refusal among a command's events, if it was refused.
fn refusal(receipt: &Receipt) -> Option<Reject> {
    receipt.events().iter().find_map(|event| match event {
        Event::Refused { code, .. } => Some(*code),
        _ => None,
    })
}

/// Turns a refusal into an error.
fn accepted(receipt: &Receipt) -> ApiResult<()> {
    match refusal(receipt) {
        None => Ok(()),
        Some(code) => Err(ApiError::refused(code).details(json!({"seq": receipt.step().seq.0}))),
    }
}
