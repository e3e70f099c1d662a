//! The tasks that follow the backend and write the newest state of each subject. They never
//! give up: a lost connection is tried again, waiting longer each time up to a bound.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::sse::{Event, Parser};
use super::{Hub, State, Symbol, TRADES, Tickers};
use crate::backend::Ticker;
use crate::error::Failure;
use crate::metrics::METRICS;

/// Waits between attempts: 250 ms, doubling to 5 s.
struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(250);

    fn new() -> Backoff {
        Backoff(Self::FIRST)
    }

    async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(Duration::from_secs(5));
    }

    fn reset(&mut self) {
        self.0 = Self::FIRST;
    }
}

/// Silence after which a stream, which has a sign of life every second, counts as lost.
const SILENCE: Duration = Duration::from_secs(4);
/// Between two questions for the overview: with its way to the page under a quarter of a second.
const OVERVIEW_EVERY: Duration = Duration::from_millis(150);
/// How often to see whether somebody looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long something nobody looks at is still followed: a page reload is shorter.
const LINGER: Duration = Duration::from_secs(20);

fn heard<T>(state: &mut State<T>) {
    state.heard = Some(crate::clock::now());
    state.connected = true;
}

/// Marks a subject as not heard any more, once per outage.
fn lost<T>(feed: &watch::Sender<State<T>>, subject: &str, why: &Failure) {
    METRICS.reconnects.inc();
    let was_connected = feed.send_replace_connected(false);
    if was_connected {
        tracing::warn!(event = "console.feed_lost", subject, error = %why, "live data is stale");
    }
}

trait Connected {
    fn send_replace_connected(&self, connected: bool) -> bool;
}

impl<T> Connected for watch::Sender<State<T>> {
    fn send_replace_connected(&self, connected: bool) -> bool {
        let mut before = connected;
        self.send_if_modified(|state| {
            before = std::mem::replace(&mut state.connected, connected);
            before != connected
        });
        before
    }
}

/// Reads one upstream stream to its end; every event and every sign of life is handed on.
async fn read_stream(
    hub: &Hub,
    path: &str,
    silence: Duration,
    mut on: impl FnMut(Option<Event>) -> Result<(), Failure>,
) -> Failure {
    let response = match hub.backend.stream(path).await {
        Ok(response) => response,
        Err(failure) => return failure,
    };
    let (mut chunks, mut parser) = (response.bytes_stream(), Parser::default());
    if let Err(failure) = on(None) {
        return failure;
    }
    loop {
        let chunk = match timeout(silence, chunks.next()).await {
            Err(_) => return Failure::Backend(format!("{path}: silent for {silence:?}")),
            Ok(None) => return Failure::Backend(format!("{path}: closed by the backend")),
            Ok(Some(Err(e))) => return Failure::Backend(format!("{path}: {e}")),
            Ok(Some(Ok(chunk))) => chunk,
        };
        let events = match parser.feed(&chunk) {
            Ok(events) => events,
            Err(e) => return Failure::Backend(format!("{path}: {e}")),
        };
        let quiet = events.is_empty().then_some(None);
        for event in events.into_iter().map(Some).chain(quiet) {
            if let Err(failure) = on(event) {
                return failure;
            }
        }
    }
}

fn parse<T: serde::de::DeserializeOwned>(event: &Event) -> Result<T, Failure> {
    serde_json::from_str(&event.data)
        .map_err(|e| Failure::Backend(format!("event {}: unexpected data: {e}", event.name)))
}

/// Asks for the backend's state several times a second, whether somebody looks or not: readiness
/// and the pages of the history show it too.
pub(super) async fn follow_overview(hub: Arc<Hub>) {
    let mut backoff = Backoff::new();
    while !*hub.stopping.borrow() {
        match hub.backend.overview().await {
            Ok(overview) => {
                backoff.reset();
                hub.history.lock().add(crate::clock::now(), &overview);
                hub.overview.send_modify(|state| {
                    state.value = Some(Arc::new(overview));
                    heard(state);
                });
                sleep(OVERVIEW_EVERY).await;
            }
            Err(failure) => {
                lost(&hub.overview, "overview", &failure);
                backoff.wait().await;
            }
        }
    }
}

/// Follows all instruments' days while somebody looks.
pub(super) async fn follow_tickers(hub: Arc<Hub>) {
    let mut stopping = hub.stopping.clone();
    let mut backoff = Backoff::new();
    while !*hub.stopping.borrow() {
        if hub.tickers.receiver_count() == 0 {
            sleep(LOOK_AGAIN).await;
            continue;
        }
        let unwatched = async {
            loop {
                hub.tickers.closed().await;
                sleep(LINGER).await;
                if hub.tickers.receiver_count() == 0 {
                    return;
                }
            }
        };
        let follow = read_stream(&hub, "/admin/v1/tickers/live", SILENCE, |event| {
            match event {
                None => hub.tickers.send_modify(heard),
                Some(event) if event.name == "tickers" => {
                    backoff.reset();
                    add_tickers(&hub.tickers, parse(&event)?);
                }
                // A newer backend may tell more.
                Some(_) => {}
            }
            Ok(())
        });
        let failure = tokio::select! {
            failure = follow => failure,
            () = unwatched => {
                // Nobody sees this, and whoever comes next is told when it was heard.
                hub.tickers.send_replace_connected(false);
                continue;
            }
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        lost(&hub.tickers, "tickers", &failure);
        backoff.wait().await;
    }
}

#[derive(serde::Deserialize)]
struct ToldTickers {
    items: Vec<Ticker>,
}

/// Puts tickers in their places by symbol.
fn add_tickers(feed: &watch::Sender<State<Tickers>>, told: ToldTickers) {
    feed.send_modify(|state| {
        let all = Arc::make_mut(state.value.get_or_insert_default());
        for ticker in told.items {
            match all.binary_search_by(|known| known.symbol.cmp(&ticker.symbol)) {
                Ok(at) => all[at] = Arc::new(ticker),
                Err(at) => all.insert(at, Arc::new(ticker)),
            }
        }
        heard(state);
    });
}

/// Follows one instrument until nobody looks at it.
pub(super) async fn follow_symbol(
    hub: Arc<Hub>,
    symbol: String,
    feed: watch::Sender<State<Symbol>>,
) {
    let path = format!("/admin/v1/instruments/{}/live", crate::guard::form_encode(&symbol));
    let unwatched = async {
        loop {
            feed.closed().await;
            // A receiver may come back while we linger; `closed` then waits again.
            sleep(LINGER).await;
            if hub.forget_if_unwatched(&symbol, &feed) {
                return;
            }
        }
    };
    let follow = async {
        let mut backoff = Backoff::new();
        loop {
            warm(&hub, &symbol, &feed).await;
            let failure = read_stream(&hub, &path, SILENCE, |event| {
                let Some(event) = event else {
                    feed.send_modify(heard);
                    return Ok(());
                };
                backoff.reset();
                apply(&feed, &event)
            })
            .await;
            lost(&feed, &symbol, &failure);
            backoff.wait().await;
        }
    };
    let mut stopping = hub.stopping.clone();
    tokio::select! {
        () = unwatched => {}
        () = follow => {}
        _ = stopping.wait_for(|stop| *stop) => {}
    }
}

/// What the stream does not tell at its beginning: the trades before it.
async fn warm(hub: &Hub, symbol: &str, feed: &watch::Sender<State<Symbol>>) {
    if let Ok(trades) = hub.backend.trades(symbol, TRADES).await {
        feed.send_modify(|state| {
            Arc::make_mut(state.value.get_or_insert_default()).trades = trades;
        });
    }
}

fn apply(feed: &watch::Sender<State<Symbol>>, event: &Event) -> Result<(), Failure> {
    /// One change to an instrument's state.
    type Change = Box<dyn FnOnce(&mut Symbol)>;
    let change: Change = match event.name.as_str() {
        "book" => {
            let book = parse(event)?;
            Box::new(move |symbol| symbol.book = Some(book))
        }
        "trades" => {
            #[derive(serde::Deserialize)]
            struct Trades {
                items: Vec<crate::backend::Trade>,
            }
            let Trades { items } = parse(event)?;
            Box::new(move |symbol| add_trades(&mut symbol.trades, items))
        }
        "ticker" => {
            let ticker: crate::backend::Ticker = parse(event)?;
            Box::new(move |symbol| symbol.ticker = Some(ticker))
        }
        "candle" => {
            let candle: crate::backend::Candle = parse(event)?;
            let interval = candle.interval.clone().unwrap_or_else(|| "1m".into());
            Box::new(move |symbol| {
                symbol.candles.insert(interval, candle);
            })
        }
        "phase" => {
            let market = parse(event)?;
            Box::new(move |symbol| symbol.market = Some(market))
        }
        "auction" => {
            let auction = parse(event)?;
            Box::new(move |symbol| symbol.auction = Some(auction))
        }
        // A newer backend may tell more.
        _ => Box::new(|_| {}),
    };
    feed.send_modify(|state| {
        change(Arc::make_mut(state.value.get_or_insert_default()));
        heard(state);
    });
    Ok(())
}

/// Adds trades, whatever their order, to a list kept newest first, each once.
fn add_trades(list: &mut Vec<crate::backend::Trade>, new: Vec<crate::backend::Trade>) {
    let number = |trade: &crate::backend::Trade| trade.trade_id.parse::<u64>().unwrap_or(0);
    list.extend(new);
    list.sort_by_key(|trade| std::cmp::Reverse(number(trade)));
    list.dedup_by_key(|trade| number(trade));
    list.truncate(TRADES);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Trade;

    fn trade(id: u64) -> Trade {
        Trade {
            trade_id: id.to_string(),
            price: "1".into(),
            quantity: "1".into(),
            side: "buy".into(),
            time: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn trades_are_newest_first_once_each_and_bounded() {
        let mut list = vec![trade(10), trade(9)];
        add_trades(&mut list, vec![trade(9), trade(11), trade(12)]);
        let ids: Vec<&str> = list.iter().map(|t| t.trade_id.as_str()).collect();
        assert_eq!(ids, ["12", "11", "10", "9"]);
        add_trades(&mut list, (13..100).map(trade).collect());
        assert_eq!(list.len(), TRADES);
        assert_eq!(list[0].trade_id, "99");
    }

    #[test]
    fn events_change_only_their_part_and_bad_ones_are_failures() {
        let feed = watch::Sender::<State<Symbol>>::default();
        let event = |name: &str, data: &str| Event { name: name.into(), data: data.into() };
        apply(&feed, &event("book", r#"{"bids":[["9","1"]],"asks":[],"seq":5}"#)).unwrap();
        apply(&feed, &event("phase", r#"{"phase":"halted"}"#)).unwrap();
        apply(&feed, &event("newer", "?")).unwrap();
        assert!(apply(&feed, &event("book", "[]")).is_err());
        let state = feed.borrow().clone();
        let symbol = state.value.unwrap();
        assert_eq!(symbol.book.as_ref().unwrap().seq, 5);
        assert_eq!(symbol.market.as_ref().unwrap().phase, "halted");
        assert!(state.connected && state.heard.is_some());
    }
}
