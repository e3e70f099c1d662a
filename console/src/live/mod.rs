//! Live data: one upstream connection per subject, however many browsers look at it.
//!
//! Each subject is a `watch` channel with the newest state. A browser's connection reads the
//! newest state when it is ready for more, so a slow browser skips what lies between and
//! costs others nothing; there is no queue that could grow. When the backend goes away the
//! last state stays, with the time it was last heard.

mod feeds;
pub mod history;
mod push;
mod sse;
pub mod told;
pub mod waiting;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use sqlx::PgPool;
use tokio::sync::{broadcast, watch};

pub use push::{Pushed, push};

use crate::backend::{Auction, Backend, Book, Candle, Market, Overview, Ticker, Trade};
use crate::error::Failure;

/// The newest state of a subject and how fresh it is.
#[derive(Debug)]
pub struct State<T> {
    /// What is known; `None` before the first answer.
    pub value: Option<Arc<T>>,
    /// When the backend was last heard.
    pub heard: Option<Timestamp>,
    /// Whether it is being heard now.
    pub connected: bool,
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        State { value: self.value.clone(), heard: self.heard, connected: self.connected }
    }
}

impl<T> Default for State<T> {
    fn default() -> Self {
        State { value: None, heard: None, connected: false }
    }
}

/// What is known live of one instrument.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Symbol {
    /// Depth.
    pub book: Option<Book>,
    /// Newest first, at most [`TRADES`].
    pub trades: Vec<Trade>,
    /// The day.
    pub ticker: Option<Ticker>,
    /// Newest candle by interval.
    pub candles: BTreeMap<String, Candle>,
    /// Phase, quote, limits, halts.
    pub market: Option<Market>,
    /// The auction to come and the one before.
    pub auction: Option<Auction>,
}

/// All instruments' days, by symbol. Each shared, so that a change of one copies no other.
pub type Tickers = Vec<Arc<Ticker>>;

/// Trades kept and shown per instrument.
pub const TRADES: usize = 40;

/// Changes of people that a live connection may leave unread; it looks at its person anew when
/// there were more.
const PEOPLE: usize = 64;

/// All subjects.
pub struct Hub {
    backend: Backend,
    overview: watch::Sender<State<Overview>>,
    history: Mutex<history::History>,
    tickers: watch::Sender<State<Tickers>>,
    /// Counts changes of requests.
    requests: watch::Sender<State<u64>>,
    /// Tells whose rights may have changed.
    people: broadcast::Sender<told::Concerned>,
    symbols: Mutex<HashMap<String, watch::Sender<State<Symbol>>>>,
    symbols_max: usize,
    stopping: watch::Receiver<bool>,
}

impl Hub {
    /// Starts following the overview and what the database tells; instruments are followed while
    /// somebody looks.
    pub fn start(
        backend: Backend,
        pool: PgPool,
        symbols_max: usize,
        stopping: watch::Receiver<bool>,
    ) -> Arc<Hub> {
        let hub = Arc::new(Hub {
            backend,
            overview: watch::Sender::default(),
            history: Mutex::default(),
            tickers: watch::Sender::default(),
            requests: watch::Sender::default(),
            people: broadcast::Sender::new(PEOPLE),
            symbols: Mutex::default(),
            symbols_max,
            stopping,
        });
        tokio::spawn(feeds::follow_overview(hub.clone()));
        tokio::spawn(feeds::follow_tickers(hub.clone()));
        tokio::spawn(told::follow(hub.clone(), pool));
        hub
    }

    /// The backend's state.
    pub fn overview(&self) -> watch::Receiver<State<Overview>> {
        self.overview.subscribe()
    }

    /// The last minutes of it, newest first.
    pub fn history(&self) -> Vec<history::Point> {
        self.history.lock().newest_first(crate::clock::now())
    }

    /// All instruments' days.
    pub fn tickers(&self) -> watch::Receiver<State<Tickers>> {
        self.tickers.subscribe()
    }

    /// Moves whenever a request was made, decided or ended.
    pub fn requests(&self) -> watch::Receiver<State<u64>> {
        self.requests.subscribe()
    }

    /// Tells whenever somebody's roles, barriers or standing changed, or a session ended.
    pub fn people(&self) -> broadcast::Receiver<told::Concerned> {
        self.people.subscribe()
    }

    /// One instrument; begins to follow it if nobody did.
    ///
    /// # Errors
    /// `Busy` when as many instruments as allowed are followed.
    pub fn symbol(
        self: &Arc<Self>,
        symbol: &str,
    ) -> Result<watch::Receiver<State<Symbol>>, Failure> {
        let mut symbols = self.symbols.lock();
        if let Some(feed) = symbols.get(symbol) {
            return Ok(feed.subscribe());
        }
        if symbols.len() >= self.symbols_max {
            return Err(Failure::Busy);
        }
        let feed = watch::Sender::<State<Symbol>>::default();
        let receiver = feed.subscribe();
        symbols.insert(symbol.to_owned(), feed.clone());
        crate::metrics::METRICS.feeds.set(symbols.len() as i64);
        tokio::spawn(feeds::follow_symbol(self.clone(), symbol.to_owned(), feed));
        Ok(receiver)
    }

    /// Stops following an instrument nobody looks at. Under the lock, so that a browser
    /// that comes at the same moment either keeps it alive or starts a new one.
    fn forget_if_unwatched(&self, symbol: &str, feed: &watch::Sender<State<Symbol>>) -> bool {
        let mut symbols = self.symbols.lock();
        if feed.receiver_count() > 0 {
            return false;
        }
        symbols.remove(symbol);
        crate::metrics::METRICS.feeds.set(symbols.len() as i64);
        true
    }
}
