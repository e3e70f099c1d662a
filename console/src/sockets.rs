//! Sockets: a bounded number of connections, HTTP/1 only, silent and half-sent ones closed.
//! Knows no route.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::Service;

use crate::config;

/// How long open requests may finish when stopping.
const GRACE: Duration = Duration::from_secs(5);

/// Pause after a failed accept, for example without free file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` on `listener` until `stop` holds true; open requests then get some seconds.
///
/// At most `http.connections` are open at once; further ones wait in the kernel's queue. A
/// connection whose next request has not its whole header within `http.header_seconds` is
/// closed, one that says nothing included: only HTTP/1 is spoken, because with HTTP/2 the
/// stack waits without limit for the bytes that tell the two apart.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    http: &config::Http,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut server = Builder::new(TokioExecutor::new()).http1_only();
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(http.header_seconds));
    let room = Arc::new(Semaphore::new(http.connections as usize));
    loop {
        let permit = tokio::select! {
            permit = room.clone().acquire_owned() => permit.map_err(io::Error::other)?,
            () = told(&mut stop) => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told(&mut stop) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let one = Connection { stream, peer, _permit: permit };
                tokio::spawn(one.serve(server.clone(), router.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(event = "console.accept_failed", error = %error,
                    "cannot accept a connection; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    // Every place is free again when the last connection is closed.
    let _ = tokio::time::timeout(GRACE, room.acquire_many(http.connections)).await;
    Ok(())
}

/// Completes when the console is told to stop, or nobody is left to tell it.
async fn told(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// An open connection; it holds its place until it is closed.
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(
        self,
        server: Builder<TokioExecutor>,
        router: Router,
        mut stop: watch::Receiver<bool>,
    ) {
        let Connection { stream, peer, _permit } = self;
        // Only saves time: without it small answers may wait for the peer's acknowledgement.
        let _ = stream.set_nodelay(true);
        let mut make = router.into_make_service_with_connect_info::<SocketAddr>();
        let Ok(service) = make.call(peer).await;
        let serving =
            server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut serving = pin!(serving);
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = told(&mut stop) => {
                serving.as_mut().graceful_shutdown();
                tokio::time::timeout(GRACE, serving).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            tracing::debug!(event = "console.connection_broken", network.peer = %peer,
                error = %error, "a connection ended early");
        }
    }
}
