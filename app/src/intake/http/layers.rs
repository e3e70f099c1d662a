//! What every request goes through, whatever its route: request id, metrics, log line,
//! limits, and that each answer that is no success has the one error shape.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::HttpBody;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use super::error::{ApiError, ApiResult, Code};
use super::metrics::METRICS;
use crate::auth;
use crate::clock;
use crate::config::Config;
use crate::platform::Platform;

/// Echoed, or made when the client sends none.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Answers smaller than this are not worth compressing.
const COMPRESS_FROM: u64 = 1024;
/// An answer may take this many times `http.request_seconds`: reading the body and waiting
/// for the journal each have one.
const TIMEOUT_FACTOR: u64 = 3;

/// The id of a request, for handlers that record it.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Puts the common layers around a router.
pub fn with_layers<S>(router: Router<S>, config: &Config) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let compress = CompressionLayer::new()
        .compress_when(SizeAbove::new(COMPRESS_FROM).and(NotForContentType::SSE));
    let timeout = Duration::from_secs(config.http.request_seconds * TIMEOUT_FACTOR);
    let router = router
        .fallback(|| async { ApiError::plain(Code::NotFound) })
        .method_not_allowed_fallback(|| async { ApiError::plain(Code::MethodNotAllowed) });
    router.layer(
        ServiceBuilder::new()
            .layer(axum::middleware::from_fn(envelope))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(compress)
            .layer(CatchPanicLayer::custom(panicked))
            .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, timeout))
            .layer(RequestBodyLimitLayer::new(config.http.body_bytes)),
    )
}

fn span<B>(request: &axum::http::Request<B>) -> tracing::Span {
    let id = request.extensions().get::<RequestId>().map_or("", |id| id.0.as_str());
    tracing::debug_span!("http", request.id = id, method = %request.method(),
        path = request.uri().path())
}

/// The payload of a panic stays in the log (the panic hook writes it): clients get a code.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!(event = "http.panicked");
    ApiError::plain(Code::InternalError).into_response()
}

async fn envelope(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let refused_body = takes_no_body(&method) && !request.body().is_end_stream();
    let mut response = if !names_host(&request) {
        let message = "a request of HTTP/1.1 names the host, once";
        ApiError::new(Code::InvalidParameter, message).field("host").into_response()
    } else if refused_body {
        let message = "GET and DELETE take no body; parameters go into the path and query";
        ApiError::new(Code::InvalidParameter, message).into_response()
    } else {
        shaped(next.run(request).await)
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let status = response.status();
    if refused_body || status == StatusCode::PAYLOAD_TOO_LARGE {
        // What was not read is still on its way: told so, a client does not send its next
        // request on a connection that is about to end.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    // Methods are the client's text: only known ones become labels.
    let method = match method.as_str() {
        known @ ("GET" | "POST" | "PATCH" | "DELETE" | "HEAD" | "PUT" | "OPTIONS") => known,
        _ => "other",
    };
    METRICS.requests.with_label_values(&[method, route, status.as_str()]).inc();
    let took = started.elapsed();
    METRICS.seconds.with_label_values(&[method, route]).observe(took.as_secs_f64());
    if status.is_server_error() {
        let code = response.extensions().get::<Code>().map_or("", |code| code.as_str());
        tracing::warn!(
            event = "http.failed",
            request.id = id,
            http.method = method,
            http.route = route,
            http.status = status.as_u16(),
            code,
            seconds = took.as_secs_f64()
        );
    } else {
        tracing::debug!(
            event = "http.answered",
            request.id = id,
            http.method = method,
            http.route = route,
            http.status = status.as_u16(),
            seconds = took.as_secs_f64()
        );
    }
    response
}

/// Whether a request that came over a socket names its host as HTTP/1.1 wants it (RFC 9112, 3.2).
fn names_host(request: &Request) -> bool {
    let over_socket = request.extensions().get::<ConnectInfo<SocketAddr>>().is_some();
    let hosts = request.headers().get_all(header::HOST).iter().count();
    !over_socket || request.version() != Version::HTTP_11 || hosts == 1
}

/// A body there would be ignored, and its sender would believe it was not.
fn takes_no_body(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::DELETE].contains(method)
}

/// The client's id when it is short and printable, else a new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given {
        Some(id) if (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()) => {
            id.to_owned()
        }
        _ => format!("{:016x}", rand::random::<u64>()),
    }
}

/// Gives errors that layers and extractors made as plain text the common shape.
fn shaped(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let has_shape = response.extensions().get::<Code>().is_some()
        || kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_error || has_shape {
        return response;
    }
    ApiError::plain(match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::GATEWAY_TIMEOUT => Code::Timeout,
        StatusCode::UNAUTHORIZED => Code::Unauthorized,
        status if status.is_client_error() => Code::InvalidParameter,
        _ => Code::InternalError,
    })
    .into_response()
}

/// Counts requests without a key against their address.
pub async fn public(
    State(platform): State<Platform>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if let Some(ConnectInfo(peer)) = peer {
        let admitted: Result<(), auth::AuthError> =
            platform.keys.admit_public(peer.ip(), clock::now());
        admitted?;
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn ask(router: Router, path: &str) -> (StatusCode, String) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert!(response.headers().contains_key(REQUEST_ID));
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn faults_of_handlers_have_the_common_form() {
        let mut config = Config::default();
        config.http.request_seconds = 0;
        let router = Router::new()
            .route("/panics", get(|| async { panic!("not to be told") as &'static str }))
            .route("/hangs", get(std::future::pending::<&'static str>))
            .route("/plain", get(|| async { (StatusCode::BAD_REQUEST, "some words") }));
        let router = with_layers(router, &config);
        let (status, body) = ask(router.clone(), "/panics").await;
        assert_eq!(status, 500);
        assert!(body.contains("internal_error") && !body.contains("not to be told"), "{body}");
        let (status, body) = ask(router.clone(), "/hangs").await;
        assert!(status == 504 && body.contains("timeout"), "{body}");
        let (status, body) = ask(router.clone(), "/plain").await;
        assert!(status == 400 && body.contains("invalid_parameter"), "{body}");
        let (status, body) = ask(router, "/nowhere").await;
        assert!(status == 404 && body.contains("not_found"), "{body}");
    }
}
