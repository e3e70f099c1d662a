//! The backend's HTTP surfaces as the console uses them: the admin API (bearer token) and
//! the public market endpoints. Shapes are the public contract's; unknown fields are
//! ignored, so that a newer backend can be looked at with an older console.

pub mod act;
mod audit;
pub mod market;
pub mod token;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::config;
use crate::error::Failure;

/// How the backend is.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[allow(missing_docs)] // names are the contract's
pub struct Overview {
    pub seq: u64,
    pub durable_seq: u64,
    pub projected_seq: u64,
    pub journal_error: Option<String>,
    pub postgres_ok: bool,
    pub started_at: String,
    pub uptime_seconds: f64,
    pub orders_per_second: f64,
    pub orders_total: u64,
    pub trades_total: u64,
    #[serde(default)]
    pub rejects_by_code: BTreeMap<String, u64>,
    #[serde(default)]
    pub ack_latency_seconds: Latency,
    pub queue_depth: u64,
    pub stream_clients: u64,
    /// Instruments by profile and phase.
    #[serde(default)]
    pub phases: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Overview {
    /// Commands sequenced but not yet in Postgres.
    pub fn lag(&self) -> u64 {
        self.seq.saturating_sub(self.projected_seq)
    }
}

/// Quantiles in seconds; absent before the first order.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[allow(missing_docs)] // names are the contract's
pub struct Latency {
    pub p50: Option<f64>,
    pub p99: Option<f64>,
}

/// The trading day of an instrument and its best prices.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
#[allow(missing_docs)] // names are the contract's
pub struct Ticker {
    pub symbol: String,
    pub last: Option<String>,
    pub reference: Option<String>,
    pub change: Option<String>,
    pub open: Option<String>,
    pub high: Option<String>,
    pub low: Option<String>,
    pub volume: Option<String>,
    pub best_bid: Option<String>,
    pub best_ask: Option<String>,
    pub phase: String,
    #[serde(default)]
    pub phase_until: Option<jiff::Timestamp>,
    #[serde(default)]
    pub quote_kind: Option<String>,
}

impl Ticker {
    /// Change in percent of the reference, two digits, as a decimal string.
    pub fn change_percent(&self) -> Option<String> {
        let change = crate::view::units(self.change.as_deref()?, 8)?;
        let reference = crate::view::units(self.reference.as_deref()?, 8)?;
        (reference > 0).then(|| {
            let scaled = change * 10_000;
            let half = if change < 0 { -reference / 2 } else { reference / 2 };
            crate::view::decimal((scaled + half) / reference, 2)
        })
    }
}

/// Price levels, best first, as `[price, quantity]`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[allow(missing_docs)] // names are the contract's
pub struct Book {
    pub bids: Vec<(String, String)>,
    pub asks: Vec<(String, String)>,
    #[serde(default)]
    pub market_bid_quantity: Option<String>,
    #[serde(default)]
    pub market_ask_quantity: Option<String>,
    pub seq: u64,
}

/// What an instrument's market is doing: phase, quote, limits, halts.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
#[allow(missing_docs)] // names are the contract's
pub struct Market {
    pub phase: String,
    /// When the phase ends.
    #[serde(alias = "until")]
    pub phase_until: Option<jiff::Timestamp>,
    pub quote: Option<Quote>,
    pub base_price: Option<String>,
    pub limit_up: Option<String>,
    pub limit_down: Option<String>,
    pub halts: Vec<String>,
    pub short_restricted: bool,
    pub killed: bool,
    pub halt_reason: Option<String>,
    pub halt_by: Option<String>,
}

/// A special or sequential quote.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[allow(missing_docs)] // names are the contract's
pub struct Quote {
    pub kind: String,
    pub side: String,
    pub price: String,
    #[serde(default)]
    pub until: Option<jiff::Timestamp>,
}

/// The auction to come, while orders gather, and the one before.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
#[allow(missing_docs)] // names are the contract's
pub struct Auction {
    pub indicative: Option<Indicative>,
    pub last: Option<AuctionResult>,
}

/// What an auction would give now.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[allow(missing_docs)] // names are the contract's
pub struct Indicative {
    pub end: String,
    pub price: Option<String>,
    pub quantity: String,
    pub surplus: Option<String>,
}

/// What an auction gave.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[allow(missing_docs)] // names are the contract's
pub struct AuctionResult {
    pub kind: String,
    pub end: String,
    pub price: Option<String>,
    pub quantity: String,
    pub surplus: Option<String>,
    pub time: jiff::Timestamp,
}

/// A trade.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[allow(missing_docs)] // names are the contract's
pub struct Trade {
    pub trade_id: String,
    pub price: String,
    pub quantity: String,
    pub side: String,
    pub time: jiff::Timestamp,
}

/// A candle. `interval` is absent where the request named it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[allow(missing_docs)] // names are the contract's
pub struct Candle {
    #[serde(default)]
    pub interval: Option<String>,
    pub open_time: jiff::Timestamp,
    pub open: String,
    pub high: String,
    pub low: String,
    pub close: String,
    pub volume: String,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
struct Items<T> {
    items: Vec<T>,
}

/// Handle to the backend.
#[derive(Clone)]
pub struct Backend {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    admin_url: String,
    public_url: String,
    token_file: PathBuf,
    timeout: Duration,
}

impl Backend {
    /// A handle; nothing is contacted yet.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(config: &config::Backend) -> reqwest::Result<Backend> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            // Stops at the first answer: a redirect would carry the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Backend {
            inner: Arc::new(Inner {
                http,
                admin_url: config.admin_url.clone(),
                public_url: config.public_url.clone(),
                token_file: config.admin_token_file.clone(),
                timeout: Duration::from_secs(config.request_seconds),
            }),
        })
    }

    /// The admin API's token. Read every time: it may be rotated, and the backend may write
    /// it after the console has started.
    fn token(&self) -> Result<Zeroizing<String>, Failure> {
        let path = &self.inner.token_file;
        token::read(path).map(|token| token.text).map_err(|why| {
            Failure::Backend(format!("backend.admin_token_file {}: {why}", path.display()))
        })
    }

    /// How the token is; also sets its metrics.
    pub fn token_state(&self) -> token::State {
        token::look(&self.inner.token_file)
    }

    /// Calls the admin API. A call that is not let in is repeated when the file has another token
    /// by then: it was read just before it was replaced, and nothing was done under it.
    async fn call(
        &self,
        request: reqwest::RequestBuilder,
    ) -> Result<reqwest::Result<reqwest::Response>, Failure> {
        let again = request.try_clone();
        let token = self.token()?;
        let answer = request.bearer_auth(token.as_str()).send().await;
        let turned_away =
            answer.as_ref().is_ok_and(|it| it.status() == reqwest::StatusCode::UNAUTHORIZED);
        match again {
            Some(again) if turned_away => match self.token()? {
                newer if *newer != *token => Ok(again.bearer_auth(newer.as_str()).send().await),
                _ => Ok(answer),
            },
            _ => Ok(answer),
        }
    }

    /// Opens a stream of server-sent events of the admin API.
    ///
    /// # Errors
    /// When the backend does not answer with one.
    pub async fn stream(&self, path: &str) -> Result<reqwest::Response, Failure> {
        let url = format!("{}{path}", self.inner.admin_url);
        let request = self.inner.http.get(&url).header("accept", "text/event-stream");
        let answer = tokio::time::timeout(self.inner.timeout, self.call(request))
            .await
            .map_err(|_| Failure::Backend(format!("{url}: no answer in time")))?;
        checked(&url, answer?)
    }

    async fn public<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let url = format!("{}{path}", self.inner.public_url);
        let answer = self.inner.http.get(&url).timeout(self.inner.timeout).send().await;
        checked(&url, answer)?
            .json()
            .await
            .map_err(|e| Failure::Backend(format!("{url}: unexpected answer: {}", root_cause(&e))))
    }

    /// How the backend is.
    ///
    /// # Errors
    /// When the backend does not answer.
    pub async fn overview(&self) -> Result<Overview, Failure> {
        let url = format!("{}/admin/v1/overview", self.inner.admin_url);
        let answer = self.call(self.inner.http.get(&url).timeout(self.inner.timeout)).await?;
        checked(&url, answer)?
            .json()
            .await
            .map_err(|e| Failure::Backend(format!("{url}: unexpected answer: {}", root_cause(&e))))
    }

    /// Every instrument's day.
    ///
    /// # Errors
    /// When the backend does not answer.
    pub async fn tickers(&self) -> Result<Vec<Ticker>, Failure> {
        let page: Items<Ticker> = self.public("/v1/tickers").await?;
        Ok(page.items)
    }

    /// The newest trades, newest first.
    ///
    /// # Errors
    /// When the backend does not answer.
    pub async fn trades(&self, symbol: &str, limit: usize) -> Result<Vec<Trade>, Failure> {
        let symbol = crate::guard::form_encode(symbol);
        let page: Items<Trade> =
            self.public(&format!("/v1/instruments/{symbol}/trades?limit={limit}")).await?;
        Ok(page.items)
    }

    /// The newest candles, oldest first.
    ///
    /// # Errors
    /// When the backend does not answer.
    pub async fn candles(
        &self,
        symbol: &str,
        interval: &str,
        limit: usize,
    ) -> Result<Vec<Candle>, Failure> {
        let symbol = crate::guard::form_encode(symbol);
        let path = format!("/v1/instruments/{symbol}/candles?interval={interval}&limit={limit}");
        let page: Items<Candle> = self.public(&path).await?;
        let mut items = page.items;
        items.sort_by_key(|candle| candle.open_time);
        Ok(items)
    }
}

fn checked(
    url: &str,
    answer: reqwest::Result<reqwest::Response>,
) -> Result<reqwest::Response, Failure> {
    let response = answer.map_err(|e| Failure::Backend(format!("{url}: {}", root_cause(&e))))?;
    match response.status() {
        status if status.is_success() => Ok(response),
        reqwest::StatusCode::NOT_FOUND => Err(Failure::NotFound),
        status => Err(Failure::Backend(format!("{url}: answered {status}"))),
    }
}

/// The innermost cause: "connection refused" rather than "error sending request".
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_is_of_the_reference_and_rounded_half_away() {
        let ticker = |change: &str, reference: &str| Ticker {
            change: Some(change.into()),
            reference: Some(reference.into()),
            ..Ticker::default()
        };
        assert_eq!(ticker("12.5", "2500").change_percent().unwrap(), "0.50");
        assert_eq!(ticker("-1", "3").change_percent().unwrap(), "-33.33");
        assert_eq!(ticker("1", "80000").change_percent().unwrap(), "0.00");
        assert_eq!(ticker("5", "100000").change_percent().unwrap(), "0.01");
        assert_eq!(ticker("5", "0").change_percent(), None);
    }
}
