//! The stream door: `GET /v1/stream`. Holds the protocol of one connection; what is told
//! comes from the market room, ready-made. docs/API-STREAM.md describes every message.
//! No trading state is changed from here.

mod feed;
mod history;
mod messages;
pub mod ops;
mod session;
mod writer;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Extension, State, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::intake::http::extract::NoParams;
use crate::platform::Platform;

/// Largest message a client may send, in bytes.
pub const MESSAGE_BYTES: usize = 64 << 10;
/// A larger one is refused; one larger than this is not even read: the connection is closed.
const FRAME_BYTES: usize = 256 << 10;

/// The door: `GET /v1/stream`. Needs `ConnectInfo<SocketAddr>` from the server for keys
/// with an address list.
pub fn routes() -> OpenApiRouter<Platform> {
    OpenApiRouter::new().routes(routes!(stream))
}

fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    let body = serde_json::json!({"error": {"code": code, "message": message}});
    (status, axum::Json(body)).into_response()
}

/// Opens the stream (WebSocket). Messages: docs/API-STREAM.md. A request with an `Origin`
/// header (a browser's) is refused unless it names this host or one of `stream.origins`.
#[utoipa::path(get, path = "/v1/stream", tag = "stream",
    responses((status = 101, description = "the stream"),
        (status = 400, description = "invalid_upgrade: not a WebSocket handshake; invalid_parameter"),
        (status = 403, description = "origin_not_allowed"),
        (status = 503, description = "busy: as many clients as `stream.clients` allows")))]
async fn stream(
    State(platform): State<Platform>,
    _: NoParams,
    address: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            return refused(StatusCode::BAD_REQUEST, "invalid_upgrade", &rejection.body_text());
        }
    };
    if !origin_allowed(&headers, &platform.config.stream.origins) {
        let message = "this Origin may not open the stream; see the setting stream.origins";
        return refused(StatusCode::FORBIDDEN, "origin_not_allowed", message);
    }
    let settings = &platform.config.stream;
    let Some(client) = platform.market.connect(settings.clients, settings.client_queue) else {
        let message = "as many stream clients as allowed are connected, or the server is stopping";
        let mut response = refused(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
        return response;
    };
    let address: Option<IpAddr> = address.map(|Extension(ConnectInfo(address))| address.ip());
    // A client that never finishes the handshake must not keep its place.
    let place = session::Place::new(platform.market.clone(), client);
    upgrade
        .max_message_size(FRAME_BYTES)
        .max_frame_size(FRAME_BYTES)
        .on_upgrade(move |socket| session::run(platform, socket, place, address))
}

/// Whether a browser on a page of this origin may connect. The stream authenticates by
/// signed message, never by cookie, so this is a second line of defence; programs send no
/// Origin.
fn origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if allowed.iter().any(|allowed| allowed == origin) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some() && authority == host
}

/// The clocks of a connection.
#[derive(Clone, Copy, Debug)]
struct Clocks {
    /// Between the server's pings.
    ping: Duration,
    /// Silence after which the connection is closed.
    idle: Duration,
    /// A client that takes no bytes for this long is dropped.
    write: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "trade.example:8080".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_known_pages_may_connect() {
        let allowed = ["https://app.example".to_owned()];
        assert!(origin_allowed(&headers(None), &[]));
        assert!(origin_allowed(&headers(Some("http://trade.example:8080")), &[]));
        assert!(origin_allowed(&headers(Some("https://app.example")), &allowed));
        assert!(!origin_allowed(&headers(Some("https://app.example")), &[]));
        assert!(!origin_allowed(&headers(Some("null")), &[]));
        assert!(!origin_allowed(&headers(Some("https://trade.example:8080.evil.example")), &[]));
    }
}
