//! Sockets: a listener that leaves connections unaccepted past a bound, and a server that
//! closes half-sent headers. Knows no route.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum_server::{AddrListener, Address, Handle, Server};
use hyper_util::rt::TokioTimer;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::metrics::METRICS;
use crate::config;

/// How long open requests may finish when the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Bytes the kernel may keep for a peer that does not read (it doubles the number for its own
/// bookkeeping). Left alone, Linux grows the buffer to megabytes, and a stalled client would
/// look like a reading one for minutes.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// The address of a bounded listener or of a peer on it.
#[derive(Clone, Debug)]
struct Peer(SocketAddr);

impl Address for Peer {
    type Stream = Held;
    type Listener = Bounded;
}

impl Connected<Peer> for SocketAddr {
    fn connect_info(peer: Peer) -> SocketAddr {
        peer.0
    }
}

/// Accepts only while fewer than the bound are open; the rest wait in the kernel's queue.
struct Bounded {
    listener: TcpListener,
    room: Arc<Semaphore>,
    /// How long a connection may take for its first bytes.
    patience: Duration,
}

impl AddrListener<Held, Peer> for Bounded {
    async fn bind_to(address: Peer) -> io::Result<Self> {
        let listener = TcpListener::bind(address.0).await?;
        Ok(Bounded { listener, room: Arc::new(Semaphore::new(1)), patience: GRACE })
    }

    async fn accept_stream(&self) -> io::Result<(Held, Peer)> {
        let permit = self.room.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        // Here and not on the listener: one that connected before that was set up would not
        // inherit it.
        set_socket_send_buffer_size(&stream, SEND_BUFFER_BYTES)?;
        METRICS.connections.inc();
        let opening = Some(Opening {
            deadline: Box::pin(tokio::time::sleep(self.patience)),
            missing: OPENING_BYTES,
        });
        Ok((Held { stream, opening, _permit: permit }, Peer(peer)))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.listener.local_addr().map(Peer)
    }
}

/// A connection that holds its place until it is closed, upgraded ones included.
struct Held {
    stream: TcpStream,
    /// Until enough has been received.
    opening: Option<Opening>,
    _permit: OwnedSemaphorePermit,
}

/// The first bytes of a connection. The HTTP stack waits for them without limit (it has to
/// tell HTTP/1 from HTTP/2 by them, and its header timeout begins only then).
struct Opening {
    deadline: Pin<Box<tokio::time::Sleep>>,
    missing: usize,
}

/// Length of the HTTP/2 preface; any request of HTTP/1.1 with a Host is longer.
const OPENING_BYTES: usize = 24;

impl Drop for Held {
    fn drop(&mut self) {
        METRICS.connections.dec();
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let Some(opening) = &mut self.opening else { return read };
        match read {
            Poll::Ready(_) => {
                opening.missing = opening.missing.saturating_sub(buffer.filled().len() - before);
                if opening.missing == 0 {
                    self.opening = None;
                }
                read
            }
            Poll::Pending => match opening.deadline.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Serves `router` on `listener` until told to stop; open requests then get some seconds.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    router: Router,
    listener: std::net::TcpListener,
    http: &config::Http,
    stop: CancellationToken,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let header = Duration::from_secs(http.header_seconds);
    let listener = Bounded {
        listener: TcpListener::from_std(listener)?,
        room: Arc::new(Semaphore::new(http.connections)),
        patience: header,
    };
    let handle = Handle::new();
    let mut server = Server::<Peer>::from_listener(listener).handle(handle.clone());
    let builder = server.http_builder();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(header);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(15))
        .keep_alive_timeout(header);
    let told = async {
        stop.cancelled().await;
        handle.graceful_shutdown(Some(GRACE));
        std::future::pending::<()>().await
    };
    tokio::select! {
        served = server.serve(router.into_make_service_with_connect_info::<SocketAddr>()) => served,
        () = told => Ok(()),
    }
}
