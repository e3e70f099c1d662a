//! Starting and stopping: listener, layers, graceful end. The order of the layers matters
//! and is explained where they are stacked.

use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::trace::TraceLayer;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use crate::app::App;
use crate::audit::job::Verifications;
use crate::audit::{Trail, anchor};
use crate::backend::Backend;
use crate::config::{self, Config};
use crate::error::Failure;
use crate::live::Hub;
use crate::metrics::METRICS;
use crate::often::Often;
use crate::outward::Outward;
use crate::people::passkey::Relying;
use crate::people::provider::Provider;
use crate::people::seal::Key;
use crate::ship::lines::Tap;
use crate::{db, guard, password, requests, router, session, ship, sockets};

/// No inline script or style, nothing from elsewhere, no framing.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

/// Starts logging to standard error and the tap.
///
/// # Errors
/// When the filter is not one, or logging was started before.
pub fn log(config: &config::Log, tap: Tap) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.filter)
        .with_context(|| format!("log.filter {:?}", config.filter))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr.and(tap));
    let done = match config.format.as_str() {
        "json" => builder.json().flatten_event(true).try_init(),
        _ => builder.try_init(),
    };
    done.map_err(|e| anyhow::anyhow!("cannot start logging: {e}"))
}

/// Completes at SIGINT or SIGTERM.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn signals() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Serves the console until `shutdown` completes.
///
/// # Errors
/// When it cannot start: address taken, settings unusable.
pub async fn serve(
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .with_context(|| format!("cannot listen on {}; is something else there?", config.listen))?;
    serve_on(listener, config, shutdown).await
}

/// Serves the console on a listener that is bound already.
///
/// # Errors
/// When it cannot start.
pub async fn serve_on(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let address = listener.local_addr().context("the listener has no address")?;
    let (stop, stopping) = watch::channel(false);
    let http = config.http.clone();
    let app = app(config, stopping.clone())?;
    requests::start(&app);
    let shipping = ship::start(&app.pool, &app.outward, &app.config.ship, stopping.clone());
    let service = service(app)?;
    tokio::spawn(async move {
        shutdown.await;
        tracing::info!(event = "console.stopping", "stopping");
        // Live connections never end by themselves: they are told, too.
        let _ = stop.send(true);
    });
    tracing::info!(event = "console.started", address = %address, "serving");
    let served = sockets::serve(service, listener, &http, stopping).await;
    if let Some(shipping) = shipping {
        // It sends once more and has a bound of its own; a panic in it has been reported.
        let _ = shipping.await;
    }
    served.context("the server failed")
}

/// The application over its settings; contacts nothing yet.
fn app(config: Config, stopping: watch::Receiver<bool>) -> anyhow::Result<App> {
    let pool = db::pool(&config.database)?;
    let backend = Backend::new(&config.backend).context("cannot make the HTTP client")?;
    let file = config.database.password_file.clone();
    tokio::spawn(db::follow_password(pool.clone(), file, stopping.clone()));
    let anchors = (pool.clone(), backend.clone(), config.audit.clone());
    tokio::spawn(anchor::keep(anchors.0, anchors.1, anchors.2, stopping.clone()));
    let hub = Hub::start(backend.clone(), pool.clone(), config.live.instruments, stopping.clone());
    let outward = Outward::new(&config.tls)?;
    Ok(App {
        trail: Trail::start(pool.clone()),
        verifications: Verifications::default(),
        pool,
        backend,
        provider: Provider::of(&config, &outward).map(Arc::new),
        outward,
        hub,
        key: Arc::new(open_key(&config)?),
        relying: Relying::of(&config.public_url).map(Arc::new),
        checker: password::Checker::default(),
        desk: Arc::default(),
        often: Arc::new(Often::new(config.often.clone())),
        streams: Arc::new(Semaphore::new(config.live.streams)),
        stopping,
        config: Arc::new(config),
    })
}

/// The console's key, made at the first start.
///
/// # Errors
/// When the file cannot be read or made.
pub fn open_key(config: &Config) -> anyhow::Result<Key> {
    Key::load_or_create(&config.key_file)
        .with_context(|| format!("key_file {}", config.key_file.display()))
}

/// The router in its layers.
fn service(app: App) -> anyhow::Result<Router> {
    let csrf = CsrfLayer::new()
        .add_trusted_origin(&app.config.public_url)
        .map_err(|e| anyhow::anyhow!("public_url {:?}: {e}", app.config.public_url))?
        .with_rejection_response(|_| Failure::CrossSite.into_response());
    let body_bytes = app.config.http.body_bytes;
    let limits = Limits { seconds: app.config.http.request_seconds, body_bytes };
    // From the inside out: what fails inside becomes a page in the reader's language, then
    // gets the headers every answer has, then is measured, compressed (never event streams:
    // the default predicate leaves them alone), logged.
    Ok(router::router(app.clone())
        .layer(csrf)
        .layer(CatchPanicLayer::custom(|panic: Box<dyn std::any::Any + Send>| {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
                .unwrap_or_default();
            Failure::Internal(format!("panicked: {text}")).into_response()
        }))
        .layer(from_fn_with_state(limits, in_time))
        .layer(from_fn_with_state(app.clone(), guard::pages_for_failures))
        .layer(from_fn_with_state(transport_security(&app.config.public_url), headers))
        .layer(from_fn_with_state(app, measure))
        .layer(CompressionLayer::new())
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            let id = request.headers().get("x-request-id").and_then(|v| v.to_str().ok());
            tracing::info_span!("request", request.id = id, http.method = %request.method(),
                url.path = request.uri().path())
        }))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(FreshId)))
}

/// Bytes of a body that is too large that are read all the same.
const THROWN_AWAY: usize = 1 << 20;

/// What a request may take.
#[derive(Clone, Copy)]
struct Limits {
    /// Until it has arrived and the head of its answer is ready.
    seconds: u64,
    /// Largest body.
    body_bytes: usize,
}

/// Gives up on requests that take too long. The body is read here, before any handler, so
/// that a client that does not send is told from a console that does not answer.
async fn in_time(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let deadline = Instant::now() + Duration::from_secs(limits.seconds);
    let (head, body) = request.into_parts();
    let body = match timeout_at(deadline, whole(body, limits.body_bytes)).await {
        Ok(Ok(body)) => body,
        Ok(Err(failure)) => return failure.into_response(),
        Err(_) => return Failure::HalfSent(limits.seconds).into_response(),
    };
    let request = Request::from_parts(head, Body::from(body));
    match timeout_at(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::Late(limits.seconds).into_response(),
    }
}

/// A body of at most `largest` bytes. Of a larger one some more is read and thrown away: an answer
/// to a client that is still sending is lost to it when the connection is reset under it.
async fn whole(mut body: Body, largest: usize) -> Result<Bytes, Failure> {
    let (mut kept, mut read) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failure::BadRequest(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        read += data.len();
        if read <= largest {
            kept.extend_from_slice(&data);
        } else if read > largest.saturating_add(THROWN_AWAY) {
            break;
        }
    }
    if read > largest { Err(Failure::TooLarge(largest)) } else { Ok(kept.freeze()) }
}

/// Request ids: 64 random bits, unless a proxy gave one.
#[derive(Clone)]
struct FreshId;

impl MakeRequestId for FreshId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let id = hex::encode(&session::random()[..8]);
        HeaderValue::from_str(&id).ok().map(RequestId::new)
    }
}

/// What browsers are told about https: to use nothing else, where people reach the console by
/// it.
pub fn transport_security(public_url: &str) -> Option<&'static str> {
    public_url.starts_with("https://").then_some("max-age=31536000; includeSubDomains")
}

/// Headers of every answer. Pages are never stored; embedded files say otherwise themselves.
async fn headers(
    State(transport): State<Option<&'static str>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Some(transport) = transport {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(transport));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Counts and times answers by route.
async fn measure(State(_): State<App>, request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let timer = METRICS.seconds_of(&route).start_timer();
    let response = next.run(request).await;
    timer.observe_duration();
    METRICS.requests.with_label_values(&[route.as_str(), response.status().as_str()]).inc();
    response
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::routing::post;
    use tower::ServiceExt;

    use super::*;

    /// The failure that a request with this body meets at these limits.
    async fn failure(body: Body, body_bytes: usize) -> Option<(StatusCode, String)> {
        let limits = Limits { seconds: 1, body_bytes };
        let router = Router::new()
            .route("/", post(|| async { std::future::pending::<()>().await }))
            .layer(from_fn_with_state(limits, in_time));
        let request = Request::post("/").body(body).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let failure = response.extensions().get::<Failure>()?;
        Some((response.status(), failure.to_string()))
    }

    #[tokio::test]
    async fn a_slow_client_is_told_from_a_slow_console() {
        let never = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
        let (status, says) = failure(Body::from_stream(never), 10).await.unwrap();
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT, "{says}");
        let (status, says) = failure(Body::from("whole"), 10).await.unwrap();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{says}");
        let (status, says) = failure(Body::from("too long for it"), 10).await.unwrap();
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{says}");
    }
}
