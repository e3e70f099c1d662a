//! REST: a file per endpoint, one table of errors, one extractor that no signed handler can
//! be reached without. Orders go through the gate; reads come from the live view or the
//! history. No trading rule lives here: the engine decides, this room reads and writes JSON.

mod amend;
mod balances;
pub mod batch;
pub(super) mod cancel;
pub mod decimal;
pub mod error;
pub mod extract;
mod fees;
pub(super) mod fields;
pub(super) mod history;
pub(super) mod instruments;
pub mod layers;
mod metrics;
mod new_order;
mod node;
mod odd_lot;
mod openapi;
mod order_words;
pub(super) mod orders;
pub(super) mod place;
pub mod server;
pub mod shapes;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zaraba_engine::Command;

use self::error::{ApiError, ApiResult, Code};
use crate::bus::Receipt;
use crate::platform::Platform;

/// Where the OpenAPI document is.
pub const OPENAPI: &str = "/v1/openapi.json";

/// Every public route, with its description.
fn routes(platform: &Platform) -> OpenApiRouter<Platform> {
    let public = OpenApiRouter::new()
        .routes(routes!(node::time))
        .routes(routes!(node::status))
        .routes(routes!(instruments::list))
        .routes(routes!(instruments::one))
        .routes(routes!(odd_lot::quote))
        .merge(crate::market::http::routes())
        .merge(crate::intake::ws::routes())
        .route_layer(axum::middleware::from_fn_with_state(platform.clone(), layers::public));
    let signed = OpenApiRouter::new()
        .routes(routes!(place::place, orders::list, cancel::cancel_many))
        .routes(routes!(batch::batch))
        .routes(routes!(orders::one, amend::amend, cancel::cancel))
        .routes(routes!(orders::by_client_id))
        .routes(routes!(history::fills))
        .routes(routes!(history::ledger))
        .routes(routes!(balances::balances))
        .routes(routes!(fees::fees));
    OpenApiRouter::with_openapi(openapi::base()).merge(public).merge(signed)
}

/// The OpenAPI document of [`router`].
pub fn document(platform: &Platform) -> utoipa::openapi::OpenApi {
    openapi::finish(routes(platform).into_openapi())
}

/// The public API: REST, market data, the stream.
pub fn router(platform: Platform) -> Router {
    let (router, document) = routes(&platform).split_for_parts();
    let document: Arc<str> =
        openapi::finish(document).to_json().expect("a document of our own types is JSON").into();
    let limit = axum::middleware::from_fn_with_state(platform.clone(), layers::public);
    let serve_document = move |_: extract::NoParams| {
        let document = document.clone();
        async move {
            ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response()
        }
    };
    let router = router.route(OPENAPI, get(serve_document).route_layer(limit));
    layers::with_layers(router, &platform.config).with_state(platform)
}

/// Serves the public API on `listener` until told to stop; requests that are open then get
/// some seconds to finish.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    platform: Platform,
    listener: TcpListener,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let http = platform.config.http.clone();
    server::serve(router(platform), listener, &http, stop).await
}

/// Hands in a command and waits for its durable outcome.
///
/// # Errors
/// `busy`, `unavailable` (not sequenced), `outcome_unknown`.
pub(super) async fn submit(platform: &Platform, command: Command) -> ApiResult<Receipt> {
    let receipt = platform.gate.enqueue_client(command)?;
    outcome(platform, receipt).await
}

/// Waits for an outcome for at most `http.request_seconds`.
pub(super) async fn outcome(
    platform: &Platform,
    receipt: oneshot::Receiver<Receipt>,
) -> ApiResult<Receipt> {
    let within = Duration::from_secs(platform.config.http.request_seconds);
    match tokio::time::timeout(within, receipt).await {
        Ok(Ok(receipt)) => Ok(receipt),
        Ok(Err(_)) | Err(_) => Err(ApiError::plain(Code::OutcomeUnknown)),
    }
}

/// A router with a handler that checks the signature as `POST /v1/orders` does and then
/// does nothing: what benchmarks measure order entry against.
pub fn empty_behind_signature(platform: Platform) -> Router {
    async fn empty(_: State<Platform>, _: extract::Signed<extract::Trade>) -> &'static str {
        "{}"
    }
    let router = Router::new().route("/v1/orders", axum::routing::post(empty));
    layers::with_layers(router, &platform.config).with_state(platform)
}
