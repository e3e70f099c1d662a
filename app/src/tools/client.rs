//! A small, fast, signed HTTP/1.1 client: one keep-alive connection per [`Connection`], the
//! signature of the public contract, and the order calls' shapes. Knows the wire, not what
//! the callers measure or decide; it never retries by itself, because only the caller knows
//! whether a repeat is safe.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use super::credentials::AccountKey;
use crate::auth::sign::{self, Signer};

/// How long an answer may take before the connection is given up.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Largest answer read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

const X_API_KEY: HeaderName = HeaderName::from_static(sign::API_KEY);
const X_REQUEST_TIME: HeaderName = HeaderName::from_static(sign::REQUEST_TIME);
const X_SIGNATURE: HeaderName = HeaderName::from_static(sign::SIGNATURE);

/// Why a call has no answer. For an order this means: outcome unknown, repeat it with the
/// same client order id.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be used.
    #[error("{url} is not an address this client can use: {why}")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Nobody answers there.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// The connection broke before the answer was complete.
    #[error("the connection broke before the answer was complete: {0}")]
    Broken(String),
    /// No answer in time.
    #[error("no answer within {} s", ANSWER_WITHIN.as_secs())]
    Timeout,
    /// The answer was an error or not of the expected shape.
    #[error("{call} answered {status}: {body}")]
    Unexpected {
        /// Method and path.
        call: String,
        /// HTTP status.
        status: u16,
        /// What came instead, cut to a readable length.
        body: String,
    },
}

/// Where the public API is.
#[derive(Clone, Debug)]
pub struct Endpoint {
    address: SocketAddr,
    host: HeaderValue,
}

impl Endpoint {
    /// Takes `http://host[:port]` and resolves it once.
    ///
    /// # Errors
    /// When it is not an http address or the name does not resolve.
    pub async fn resolve(url: &str) -> Result<Endpoint, ClientError> {
        let bad = |why| ClientError::Address { url: url.to_owned(), why };
        let rest = url.strip_prefix("http://").ok_or_else(|| bad("it must begin with http://"))?;
        let authority = rest.trim_end_matches('/');
        if authority.is_empty() || authority.contains('/') {
            return Err(bad("give host and port only, without a path"));
        }
        let with_port = match authority.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => authority.to_owned(),
            _ => format!("{authority}:80"),
        };
        let address = tokio::net::lookup_host(&with_port)
            .await
            .map_err(|source| ClientError::Connect { address: with_port.clone(), source })?
            .next()
            .ok_or_else(|| bad("the name has no address"))?;
        let host = HeaderValue::from_str(authority).map_err(|_| bad("not a host name"))?;
        Ok(Endpoint { address, host })
    }
}

/// An API key ready to sign with; shared by all connections that use it.
pub struct Key {
    /// Account the key belongs to, as told.
    pub account: String,
    id: HeaderValue,
    signer: Signer,
    sent: Mutex<Sent>,
}

/// What was signed for the current and later milliseconds: a signature is accepted once,
/// so the same request twice within one millisecond gets the next one.
#[derive(Default)]
struct Sent {
    now_ms: u64,
    seen: HashSet<(u64, u64)>,
}

impl Sent {
    /// A request time for content with this hash that was not used for it before.
    fn fresh_ms(&mut self, now_ms: u64, content: u64) -> u64 {
        if now_ms > self.now_ms {
            self.now_ms = now_ms;
            self.seen.retain(|(ms, _)| *ms >= now_ms);
        }
        let mut ms = now_ms;
        while !self.seen.insert((ms, content)) {
            ms += 1;
        }
        ms
    }
}

impl Key {
    /// A key from credentials.
    ///
    /// # Errors
    /// When the key's id cannot be a header value.
    pub fn new(credentials: &AccountKey) -> Result<Key, ClientError> {
        let id = HeaderValue::from_str(&credentials.api_key).map_err(|_| ClientError::Address {
            url: credentials.api_key.clone(),
            why: "an API key has printable characters only",
        })?;
        Ok(Key {
            account: credentials.account.clone(),
            id,
            signer: Signer::hmac(&credentials.api_key, &credentials.api_secret),
            sent: Mutex::default(),
        })
    }

    /// Request time and signature for one request.
    fn sign(&self, method: &Method, path: &str, body: &[u8]) -> (u64, String) {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut content = DefaultHasher::new();
        (method.as_str(), path, body).hash(&mut content);
        let now_ms = crate::clock::now().0 / 1_000_000;
        let ms = self.sent.lock().fresh_ms(now_ms, content.finish());
        (ms, self.signer.sign(ms, method.as_str(), path, body))
    }
}

/// An answer: status and whole body.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The error code of the body, or the status where it has none.
    pub fn code(&self) -> String {
        match serde_json::from_slice::<ErrorBody>(&self.body) {
            Ok(body) => body.error.code,
            Err(_) => format!("http_{}", self.status),
        }
    }

    /// The body of a 2xx answer.
    ///
    /// # Errors
    /// When the status or the body is something else.
    pub fn json<T: for<'a> Deserialize<'a>>(&self, call: &str) -> Result<T, ClientError> {
        let parsed = self.is_success().then(|| serde_json::from_slice(&self.body));
        match parsed {
            Some(Ok(value)) => Ok(value),
            _ => Err(ClientError::Unexpected {
                call: call.to_owned(),
                status: self.status,
                body: String::from_utf8_lossy(&self.body[..self.body.len().min(400)]).into_owned(),
            }),
        }
    }
}

/// One keep-alive connection; reconnects on the next call after it broke.
pub struct Connection {
    endpoint: Endpoint,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// A connection that opens with its first call.
    pub fn new(endpoint: Endpoint) -> Connection {
        Connection { endpoint, sender: None }
    }

    async fn ready(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, ClientError> {
        let usable = match self.sender.as_mut() {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            self.sender = Some(self.open().await?);
        }
        self.sender.as_mut().ok_or_else(|| ClientError::Broken("not connected".into()))
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let address = self.endpoint.address;
        let connect = |source| ClientError::Connect { address: address.to_string(), source };
        let stream = tokio::time::timeout(ANSWER_WITHIN, TcpStream::connect(address))
            .await
            .map_err(|_| ClientError::Timeout)?
            .map_err(connect)?;
        stream.set_nodelay(true).map_err(connect)?;
        let (sender, connection) = Builder::new()
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|e| ClientError::Broken(e.to_string()))?;
        tokio::spawn(async move {
            // Its errors reach the caller through the sender.
            let _ = connection.await;
        });
        Ok(sender)
    }

    /// Signs and sends one request and reads the whole answer.
    ///
    /// # Errors
    /// When there is no complete answer; its effect is then unknown.
    pub async fn call(
        &mut self,
        key: &Key,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Answer, ClientError> {
        let (ms, signature) = key.sign(&method, path, &body);
        let mut request = self.request(method, path, body)?;
        let headers = request.headers_mut();
        headers.insert(X_API_KEY, key.id.clone());
        headers.insert(X_REQUEST_TIME, HeaderValue::from(ms));
        if let Ok(value) = HeaderValue::from_str(&signature) {
            headers.insert(X_SIGNATURE, value);
        }
        self.send(request).await
    }

    /// Sends a request without a signature, for the public endpoints.
    ///
    /// # Errors
    /// When there is no complete answer.
    pub async fn get_public(&mut self, path: &str) -> Result<Answer, ClientError> {
        let request = self.request(Method::GET, path, Bytes::new())?;
        self.send(request).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, ClientError> {
        let mut request =
            Request::builder().method(method).uri(path).header(HOST, self.endpoint.host.clone());
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request
            .body(Full::new(body))
            .map_err(|_| ClientError::Address { url: path.to_owned(), why: "not a request path" })
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, ClientError> {
        let exchange = async {
            let sender = self.ready().await?;
            let response = sender
                .send_request(request)
                .await
                .map_err(|e| ClientError::Broken(e.to_string()))?;
            read(response).await
        };
        let answer = match tokio::time::timeout(ANSWER_WITHIN, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::Timeout),
        };
        if answer.is_err() {
            self.sender = None;
        }
        answer
    }
}

async fn read(response: Response<Incoming>) -> Result<Answer, ClientError> {
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
        .collect()
        .await
        .map_err(|e| ClientError::Broken(e.to_string()))?
        .to_bytes();
    Ok(Answer { status, body })
}

/// `POST /v1/orders`.
#[derive(Clone, Debug, Serialize)]
pub struct NewOrder {
    /// The client's own id, unique per account.
    pub client_order_id: String,
    /// Which instrument.
    pub symbol: String,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// `limit` or `market`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Decimal.
    pub quantity: String,
    /// Decimal; none for market orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// `gtc`, `day`, `ioc`, `fok`.
    pub time_in_force: &'static str,
    /// Refuse instead of taking liquidity.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub post_only: bool,
}

impl NewOrder {
    /// The request body.
    pub fn body(&self) -> Bytes {
        Bytes::from(serde_json::to_vec(self).unwrap_or_default())
    }
}

/// An order as answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Order {
    /// Number, as a decimal string.
    pub order_id: String,
    /// The client's own id.
    pub client_order_id: String,
    /// Which instrument.
    pub symbol: String,
    /// `buy` or `sell`.
    pub side: String,
    /// Limit price; none for market orders.
    #[serde(default)]
    pub price: Option<String>,
    /// Total quantity.
    pub quantity: String,
    /// Filled quantity.
    pub filled_quantity: String,
    /// Open quantity.
    pub remaining_quantity: String,
    /// `open`, `partially_filled`, `filled`, `cancelled`, `expired`, `rejected`.
    pub status: String,
    /// Why it was refused.
    #[serde(default)]
    pub reject_code: Option<String>,
    /// Journal sequence of its last change.
    #[serde(default)]
    pub seq: u64,
}

/// The error body of the contract.
#[derive(Debug, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What was wrong.
#[derive(Debug, Deserialize)]
pub struct ErrorDetail {
    /// Stable code.
    pub code: String,
    /// For people.
    #[serde(default)]
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_in_one_millisecond_gets_another_time() {
        let mut sent = Sent::default();
        assert_eq!(sent.fresh_ms(1_000, 7), 1_000);
        assert_eq!(sent.fresh_ms(1_000, 8), 1_000, "other content may share the time");
        assert_eq!(sent.fresh_ms(1_000, 7), 1_001);
        assert_eq!(sent.fresh_ms(1_001, 7), 1_002, "1001 was used ahead of its time");
        assert_eq!(sent.fresh_ms(2_000, 7), 2_000);
        assert_eq!(sent.seen.len(), 1, "the past is forgotten");
    }
}
