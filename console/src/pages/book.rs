//! One order book: ladder, trades, the day, candles, live.

use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::Mark;
use super::book_charts::{Depth, candle_words};
use crate::app::App;
use crate::authz::{Need, Permission};
use crate::backend::{Auction, Book, Candle, Market, Ticker, Trade};
use crate::error::{Failure, html};
use crate::i18n::{C, M, Word};
use crate::live::{self, State as LiveState, Symbol};
use crate::reads::instruments::{self, Instrument};
use crate::requests;
use crate::view::{View, units};

/// Levels shown per side.
const LEVELS: usize = 12;
/// Candles shown.
const CANDLES: usize = 240;
/// Intervals, as the public contract writes them.
const INTERVALS: [&str; 4] = ["1m", "5m", "1h", "1d"];
/// Their seconds.
const SECONDS: [u32; 4] = [60, 300, 3600, 86_400];
/// The depth chart is pushed at most this often: it is drawn anew each time.
const DEPTH_EVERY: Duration = Duration::from_secs(1);

/// A price level with its share of the deepest one shown, in percent.
struct Level<'a> {
    price: &'a str,
    quantity: &'a str,
    share: String,
}

struct Ladder<'a> {
    /// Highest price first, so that the best is next to the best bid.
    asks: Vec<Level<'a>>,
    bids: Vec<Level<'a>>,
    /// Market orders waiting on either side.
    market_ask: Option<&'a str>,
    market_bid: Option<&'a str>,
    spread: Option<String>,
    seq: u64,
}

impl<'a> Ladder<'a> {
    fn new(book: &'a Book, price_digits: u32) -> Ladder<'a> {
        let size = |quantity: &str| units(quantity, 8).unwrap_or(0).max(0);
        let shown = book.bids.iter().take(LEVELS).chain(book.asks.iter().take(LEVELS));
        let deepest = shown.map(|(_, q)| size(q)).max().unwrap_or(0).max(1);
        let level = |(price, quantity): &'a (String, String)| Level {
            price,
            quantity,
            share: crate::view::decimal(size(quantity) * 1000 / deepest, 1),
        };
        let mut asks: Vec<Level<'a>> = book.asks.iter().take(LEVELS).map(level).collect();
        asks.reverse();
        let bids = book.bids.iter().take(LEVELS).map(level).collect();
        let best = |side: &[(String, String)]| units(&side.first()?.0, price_digits);
        fn waiting(quantity: &Option<String>) -> Option<&str> {
            quantity.as_deref().filter(|q| q.bytes().any(|b| (b'1'..=b'9').contains(&b)))
        }
        let (market_ask, market_bid) =
            (waiting(&book.market_ask_quantity), waiting(&book.market_bid_quantity));
        let spread = best(&book.asks)
            .zip(best(&book.bids))
            .map(|(ask, bid)| crate::view::decimal(ask - bid, price_digits));
        Ladder { asks, bids, market_ask, market_bid, spread, seq: book.seq }
    }

    fn is_empty(&self) -> bool {
        let waits = self.market_ask.or(self.market_bid).is_some();
        self.asks.is_empty() && self.bids.is_empty() && !waits
    }
}

#[derive(Template)]
#[template(path = "book.html", blocks = ["mark", "quote", "ladder", "depth", "depth_words", "trades", "limits"])]
struct BookPage<'a> {
    v: &'a View,
    i: &'a Instrument,
    mark: Mark,
    phase: &'a str,
    market: Option<&'a Market>,
    /// Kind and side of its quote in one word.
    quote_code: String,
    auction: Option<&'a Auction>,
    limit_up: Option<&'a str>,
    limit_down: Option<&'a str>,
    base_price: Option<&'a str>,
    day: Option<&'a Ticker>,
    percent: Option<String>,
    ladder: Option<Ladder<'a>>,
    depth: Depth<'a>,
    trades: &'a [Trade],
    candles: &'a [Candle],
    candles_failed: bool,
    candle_words: String,
    interval: &'a str,
    seconds: u32,
    intervals: [&'a str; 4],
    /// What the reader may ask for here: address and label.
    actions: Vec<(String, C)>,
}

impl<'a> BookPage<'a> {
    fn new(
        v: &'a View,
        i: &'a Instrument,
        state: &'a LiveState<Symbol>,
        mark: Mark,
        interval: &'a str,
    ) -> BookPage<'a> {
        let live = state.value.as_deref();
        let day = live.and_then(|live| live.ticker.as_ref());
        let market = live.and_then(|live| live.market.as_ref());
        // The live limits when the market says any, else what the database holds.
        let limit = |live: fn(&Market) -> &Option<String>, stored: &'a Option<String>| {
            market.and_then(|m| live(m).as_deref()).or(stored.as_deref())
        };
        let phase = live
            .and_then(|live| live.market.as_ref())
            .map(|market| market.phase.as_str())
            .or(day.map(|day| day.phase.as_str()).filter(|phase| !phase.is_empty()))
            .unwrap_or(&i.status);
        BookPage {
            v,
            i,
            mark,
            phase,
            market,
            quote_code: market
                .and_then(|market| market.quote.as_ref())
                .map(|quote| format!("{}_{}", quote.kind, quote.side))
                .unwrap_or_default(),
            limit_up: limit(|m| &m.limit_up, &i.limit_up),
            limit_down: limit(|m| &m.limit_down, &i.limit_down),
            base_price: limit(|m| &m.base_price, &i.base_price),
            auction: live.and_then(|live| live.auction.as_ref()),
            day,
            percent: day.and_then(Ticker::change_percent),
            ladder: live
                .and_then(|live| live.book.as_ref())
                .map(|book| Ladder::new(book, i.price_digits))
                .filter(|ladder| !ladder.is_empty()),
            depth: live
                .and_then(|live| live.book.as_ref())
                .map(|book| Depth::new(v, book, i.quantity_digits))
                .unwrap_or_default(),
            trades: live.map(|live| live.trades.as_slice()).unwrap_or_default(),
            candles: &[],
            candles_failed: false,
            candle_words: String::new(),
            interval,
            seconds: INTERVALS
                .iter()
                .zip(SECONDS)
                .find(|(i, _)| **i == interval)
                .map_or(60, |(_, s)| s),
            intervals: INTERVALS,
            actions: Vec::new(),
        }
    }
}

/// What can be done with an instrument, and how it is called here.
const ACTIONS: [(&str, C); 4] = [
    ("halt", C::Halt),
    ("resume", C::Resume),
    ("cancel_many", C::MassCancel),
    ("price_limits", C::OverrideLimits),
];

/// The forms that the reader may fill in, with this instrument.
fn actions(view: &View, symbol: &str) -> Vec<(String, C)> {
    // Orders of accounts beyond a barrier would end, too.
    let whole = view.scope().is_everything();
    let open = |(name, _): &&(&str, C)| {
        requests::kind(name)
            .is_some_and(|kind| view.may(kind.asks()) && (whole || *name != "cancel_many"))
    };
    let link = |(name, label): &(&str, C)| (requests::link(name, &[("symbol", symbol)]), *label);
    ACTIONS.iter().filter(open).map(link).collect()
}

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    interval: String,
}

impl Asked {
    fn interval(&self) -> &'static str {
        INTERVALS.into_iter().find(|known| *known == self.interval).unwrap_or("1m")
    }
}

/// The page. Without scripts it shows what is known at this moment; so it waits a moment
/// for the first data of an instrument that nobody looked at before.
pub async fn page(
    State(app): State<App>,
    view: View,
    Path(symbol): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let instrument = instruments::find(&app.pool, &symbol).await?.ok_or(Failure::NotFound)?;
    let mut subject = app.hub.symbol(&symbol)?;
    let ready =
        |state: &LiveState<Symbol>| state.value.as_ref().is_some_and(|live| live.book.is_some());
    let wait = Duration::from_millis(700);
    let _ = tokio::time::timeout(wait, subject.wait_for(ready)).await;
    let interval = asked.interval();
    let candles = app.backend.candles(&symbol, interval, CANDLES).await;
    let state = subject.borrow().clone();
    let mark = match state.connected {
        true => Mark::plain(&view, state.heard.as_ref()),
        false => Mark::of(&view, &state),
    };
    let mut page = BookPage::new(&view, &instrument, &state, mark, interval);
    page.candles_failed = candles.is_err();
    let candles = candles.unwrap_or_default();
    page.actions = actions(&view, &symbol);
    page.candles = &candles;
    page.candle_words = candle_words(&view, &candles, interval);
    html(&page)
}

/// Its live parts.
pub async fn live(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
    Path(symbol): Path<String>,
) -> Result<Response, Failure> {
    let instrument = instruments::find(&app.pool, &symbol).await?.ok_or(Failure::NotFound)?;
    let need = Need::May(Permission::SeeMarket);
    let subject = app.hub.symbol(&symbol)?;
    let mut drawn: Option<Instant> = None;
    live::push(&app, headers, view, need, subject, move |view, state| {
        let page = BookPage::new(view, &instrument, state, Mark::of(view, state), "1m");
        let mut pushed = vec![
            ("mark", page.as_mark().render()?),
            ("quote", page.as_quote().render()?),
            ("ladder", page.as_ladder().render()?),
            ("trades", page.as_trades().render()?),
            ("limits", page.as_limits().render()?),
        ];
        if drawn.is_none_or(|at| at.elapsed() >= DEPTH_EVERY) {
            drawn = Some(Instant::now());
            pushed.push(("depth", page.as_depth().render()?));
            pushed.push(("depth-words", page.as_depth_words().render()?));
        }
        // The chart is drawn by a script, which gets numbers, not HTML.
        if let Some(candle) = state.value.as_ref().and_then(|live| live.candles.get("1m")) {
            pushed.push(("candle", candle_json(candle)));
        }
        Ok(pushed)
    })
}

fn candle_json(candle: &Candle) -> String {
    serde_json::json!({
        "time": candle.open_time.as_second(),
        "open": candle.open,
        "high": candle.high,
        "low": candle.low,
        "close": candle.close,
        "volume": candle.volume,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_shares_of_the_deepest_level_and_the_spread_is_exact() {
        let pair = |p: &str, q: &str| (p.to_owned(), q.to_owned());
        let book = Book {
            bids: vec![pair("99.5", "100"), pair("99.0", "400")],
            asks: vec![pair("100.0", "200"), pair("100.5", "50")],
            market_ask_quantity: Some("0".into()),
            market_bid_quantity: Some("300".into()),
            seq: 7,
        };
        let ladder = Ladder::new(&book, 1);
        let asks: Vec<_> = ladder.asks.iter().map(|l| (l.price, l.share.as_str())).collect();
        assert_eq!(asks, [("100.5", "12.5"), ("100.0", "50.0")]);
        assert_eq!(ladder.bids[1].share, "100.0");
        assert_eq!(ladder.spread.as_deref(), Some("0.5"));
        assert_eq!((ladder.market_ask, ladder.market_bid), (None, Some("300")));
        assert!(Ladder::new(&Book::default(), 1).is_empty());
    }
}
