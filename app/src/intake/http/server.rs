//! Sockets: a listener that leaves connections unaccepted past a bound, a server that closes
//! half-sent headers, and an end of connections that lets the last answer arrive. Knows no route.

use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum_server::{AddrListener, Address, Handle, Server};
use hyper_util::rt::TokioTimer;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::metrics::METRICS;
use crate::config;

/// How long open requests may finish when the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Bytes the kernel may keep for a peer that does not read (it doubles the number for its own
/// bookkeeping). Left alone, Linux grows the buffer to megabytes, and a stalled client would
/// look like a reading one for minutes.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// Of what a peer still sends after its last answer, this many times `http.body_bytes` is read.
const LINGER_BODIES: usize = 16;
/// How long a peer may send nothing then.
const LINGER_QUIET: Duration = Duration::from_secs(1);
/// Bytes read at once then.
const LINGER_READ: usize = 16 << 10;

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
    linger: Linger,
}

impl AddrListener<Held, Peer> for Bounded {
    async fn bind_to(address: Peer) -> io::Result<Self> {
        let listener = TcpListener::bind(address.0).await?;
        Ok(Bounded {
            listener,
            room: Arc::new(Semaphore::new(1)),
            patience: GRACE,
            linger: Linger { seconds: GRACE, bytes: 0 },
        })
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
        let (linger, farewell) = (self.linger, None);
        Ok((Held { stream, opening, linger, farewell, _permit: permit }, Peer(peer)))
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
    linger: Linger,
    /// Once everything was said.
    farewell: Option<Farewell>,
    _permit: OwnedSemaphorePermit,
}

/// How much is read of a peer that goes on sending after its last answer.
#[derive(Clone, Copy)]
struct Linger {
    /// For how long at most.
    seconds: Duration,
    /// At most.
    bytes: usize,
}

/// A connection whose last answer is out. To close it while the peer is still sending (a body
/// beyond the limit, say) would reset it, and the peer could lose the answer; so what it sends is
/// read and thrown away for a while.
struct Farewell {
    /// When it ends, whatever is sent.
    end: Instant,
    /// When it ends if nothing more is sent.
    quiet: Pin<Box<tokio::time::Sleep>>,
    /// Bytes still read.
    left: usize,
}

impl Farewell {
    fn begin(linger: Linger) -> Farewell {
        let now = Instant::now();
        let quiet = Box::pin(tokio::time::sleep_until(now + LINGER_QUIET));
        Farewell { end: now + linger.seconds, quiet, left: linger.bytes }
    }

    /// Ready when the peer has ended, too, or has had enough.
    fn poll(&mut self, stream: &mut TcpStream, context: &mut Context<'_>) -> Poll<()> {
        let mut space = [MaybeUninit::uninit(); LINGER_READ];
        loop {
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    let now = Instant::now();
                    self.left = self.left.saturating_sub(buffer.filled().len());
                    if self.left == 0 || now >= self.end {
                        return Poll::Ready(());
                    }
                    self.quiet.as_mut().reset(self.end.min(now + LINGER_QUIET));
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.quiet.as_mut().poll(context),
            }
        }
    }
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
        let Held { stream, linger, farewell, .. } = &mut *self;
        if farewell.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
        }
        let farewell = farewell.get_or_insert_with(|| Farewell::begin(*linger));
        farewell.poll(stream, context).map(Ok)
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
        linger: Linger {
            seconds: Duration::from_secs(http.request_seconds),
            bytes: http.body_bytes.saturating_mul(LINGER_BODIES),
        },
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
