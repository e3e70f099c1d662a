//! Live pages of the console: server-sent events on the admin port. Each reader looks at
//! the board ten times a second and is told what changed since its last look, so a slow
//! reader costs its own connection only and needs no queue.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use zaraba_engine::types::*;

use super::Market;
use super::board::Board;
use super::candles::Interval;
use super::http::unknown_instrument;
use super::ladder::Level;
use super::metrics::METRICS;
use super::shapes::{
    AuctionShape, CandleShape, IndicativeShape, PhaseShape, TickerShape, TradeShape, to_json,
};
use super::text::decimal;
use crate::clock;
use crate::intake::http::error::{ApiError, Code};
use crate::intake::http::extract::{NoParams, Segment};
use crate::platform::Platform;

/// Levels per side the console shows.
const LEVELS: usize = 20;
/// Between two looks at one instrument.
const LOOK: Duration = Duration::from_millis(100);
/// Tickers in one event, so that no event is large however many instruments there are.
const TICKERS: usize = 200;
/// Looks after which every ticker is told again: figures over the last 24 hours change by
/// themselves.
const ALL_AGAIN: u32 = 300;
/// Between two signs of life of a quiet stream: readers tell by them that it still is one.
const BEAT: Duration = Duration::from_secs(1);
/// Live readers at once.
const READERS: u64 = 500;
/// Trades told at most per look; a page shows no more.
const TRADES: usize = 200;

/// The console's live endpoints, to be put behind the admin API's guard:
/// `GET /admin/v1/instruments/{symbol}/live`, `GET /admin/v1/tickers/live` and
/// `GET /admin/v1/live`.
pub fn admin_routes() -> Router<Platform> {
    Router::new()
        .route("/admin/v1/instruments/{symbol}/live", get(instrument_live))
        .route("/admin/v1/tickers/live", get(tickers_live))
        .route("/admin/v1/live", get(overview_live))
}

#[derive(Serialize)]
struct BookEvent {
    symbol: String,
    seq: u64,
    bids: Vec<(String, String)>,
    asks: Vec<(String, String)>,
    /// Market orders that rest; null: none.
    market_bid_quantity: Option<String>,
    market_ask_quantity: Option<String>,
}

#[derive(Serialize)]
struct TradesEvent {
    symbol: String,
    seq: u64,
    items: Vec<TradeShape>,
}

#[derive(Serialize)]
struct CandleEvent {
    symbol: String,
    interval: &'static str,
    seq: u64,
    #[serde(flatten)]
    candle: CandleShape,
}

#[derive(Serialize)]
struct PhaseEvent<'a> {
    #[serde(flatten)]
    phase: &'a PhaseShape,
    /// Who gave the reason of the halt: not for the public.
    halt_by: Option<&'a str>,
    seq: u64,
}

/// What an auction would do now, and what the last one did.
#[derive(Clone, Serialize, PartialEq, Eq)]
struct Auctions {
    symbol: String,
    indicative: Option<IndicativeShape>,
    last: Option<AuctionShape>,
}

#[derive(Serialize)]
struct AuctionEvent<'a> {
    #[serde(flatten)]
    auctions: &'a Auctions,
    seq: u64,
}

#[derive(Serialize)]
struct OverviewEvent {
    seq: u64,
    durable_seq: u64,
    projected_seq: u64,
    postgres_ok: bool,
    journal_error: Option<String>,
    orders: u64,
    trades: u64,
    orders_per_second: f64,
    trades_per_second: f64,
    queue_depth: usize,
    stream_clients: usize,
    time: String,
}

/// Counts a reader in for as long as it lives.
struct Reader(Arc<Market>);

impl Reader {
    fn enter(market: &Arc<Market>) -> Option<Reader> {
        let within = |readers| (readers < READERS).then_some(readers + 1);
        let order = Ordering::AcqRel;
        market.readers.fetch_update(order, Ordering::Acquire, within).ok()?;
        METRICS.readers.inc();
        Some(Reader(market.clone()))
    }
}

impl std::ops::Drop for Reader {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Ordering::AcqRel);
        METRICS.readers.dec();
    }
}

/// What a reader has been told of an instrument.
struct Told {
    instrument: InstrumentId,
    seq: Option<Seq>,
    book: Option<Book>,
    trade: Option<TradeId>,
    ticker: Option<TickerShape>,
    candle: Option<CandleShape>,
    phase: Option<(PhaseShape, Option<String>)>,
    auctions: Option<Auctions>,
}

/// The best levels of both sides, and the market orders.
type Book = (Vec<Level>, Vec<Level>, [Quantity; 2]);

impl Told {
    /// What changed since the last look.
    fn look(&mut self, board: &Board, now: Timestamp) -> Vec<Event> {
        let Some(listing) = board.listing(self.instrument) else { return Vec::new() };
        let symbol = || listing.state.spec.symbol.to_string();
        let (seq, mut out) = (board.seq.0, Vec::new());
        let ticker = listing.ticker(now, listing.seq);
        if self.ticker.as_ref() != Some(&ticker) {
            out.push(event("ticker", &ticker));
            self.ticker = Some(ticker);
        }
        // Everything below follows from commands alone.
        if self.seq.replace(listing.seq) == Some(listing.seq) {
            return out;
        }
        let book: Book = (
            listing.ladder.bids().take(LEVELS).collect(),
            listing.ladder.asks().take(LEVELS).collect(),
            listing.ladder.market(),
        );
        if self.book.as_ref() != Some(&book) {
            let write = |(price, quantity): &Level| {
                (
                    decimal(i128::from(price.0), listing.state.spec.price_digits),
                    decimal(i128::from(quantity.0), listing.state.spec.quantity_digits),
                )
            };
            let (bids, asks) =
                (book.0.iter().map(write).collect(), book.1.iter().map(write).collect());
            let digits = listing.state.spec.quantity_digits;
            let [market_bid_quantity, market_ask_quantity] = book
                .2
                .map(|quantity| (quantity.0 != 0).then(|| decimal(quantity.0.into(), digits)));
            out.push(event(
                "book",
                &BookEvent {
                    symbol: symbol(),
                    seq,
                    bids,
                    asks,
                    market_bid_quantity,
                    market_ask_quantity,
                },
            ));
            self.book = Some(book);
        }
        let new = |print: &&super::listing::Print| self.trade.is_none_or(|t| print.trade > t);
        let mut prints: Vec<_> = listing.trades().rev().take_while(new).take(TRADES).collect();
        prints.reverse();
        if let Some(last) = prints.last() {
            let last = last.trade;
            let items = prints.iter().map(|print| listing.trade_shape(print)).collect();
            out.push(event("trades", &TradesEvent { symbol: symbol(), seq, items }));
            self.trade = Some(last);
        }
        if let Some(candle) = listing.series(Interval::Minute).last() {
            let candle = CandleShape::new(candle, Interval::Minute, &listing.state.spec);
            if self.candle.as_ref() != Some(&candle) {
                let interval = Interval::Minute.as_str();
                let told = candle.clone();
                out.push(event("candle", &CandleEvent { symbol: symbol(), interval, seq, candle }));
                self.candle = Some(told);
            }
        }
        let stands = (listing.phase(), listing.halt_note.as_ref().and_then(|note| note.by.clone()));
        if self.phase.as_ref() != Some(&stands) {
            let (phase, halt_by) = (&stands.0, stands.1.as_deref());
            out.push(event("phase", &PhaseEvent { phase, halt_by, seq }));
            self.phase = Some(stands);
        }
        let auctions = Auctions {
            symbol: symbol(),
            indicative: listing.indicative(),
            last: listing.last_auction().cloned(),
        };
        if self.auctions.as_ref() != Some(&auctions) {
            out.push(event("auction", &AuctionEvent { auctions: &auctions, seq }));
            self.auctions = Some(auctions);
        }
        out
    }
}

fn event<T: Serialize>(name: &'static str, data: &T) -> Event {
    Event::default().event(name).data(to_json(data))
}

fn full() -> Response {
    ApiError::new(Code::Busy, "too many live readers; try again later").into_response()
}

fn sse(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    Sse::new(events.map(Ok::<_, Infallible>))
        .keep_alive(KeepAlive::new().interval(BEAT))
        .into_response()
}

/// Events `book` (best 20 levels of both sides), `trades`, `ticker`, `candle` (1m), `phase` (with
/// quote, halts, limits) and `auction` (outlook and last result) of one instrument: first as they stand, then when they change, at most ten times
/// a second.
async fn instrument_live(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    _: NoParams,
) -> Response {
    let found = platform.market.read(|board| board.by_symbol(&symbol).map(|(id, _)| id));
    let Some(instrument) = found else {
        return unknown_instrument(&symbol).into_response();
    };
    let Some(reader) = Reader::enter(&platform.market) else { return full() };
    let told = Told {
        instrument,
        seq: None,
        book: None,
        trade: None,
        ticker: None,
        candle: None,
        phase: None,
        auctions: None,
    };
    let mut clock = tokio::time::interval(LOOK);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let looks = stream::unfold((reader, told, clock), |(reader, mut told, mut clock)| async {
        clock.tick().await;
        if reader.0.is_stopped() {
            return None;
        }
        let now = reader.0.now();
        let events = reader.0.read(|board| told.look(board, now));
        Some((stream::iter(events), (reader, told, clock)))
    });
    sse(looks.flatten())
}

#[derive(Serialize)]
struct TickersEvent {
    items: Vec<TickerShape>,
}

/// The tickers of instruments that something happened in since `told`; all of them when `again`.
fn changed(board: &Board, now: Timestamp, told: &mut Vec<Seq>, again: bool) -> Vec<Event> {
    let known = told.len();
    told.resize(board.listings.len(), Seq(0));
    let mut items = Vec::new();
    for (at, (listing, told)) in board.listings.iter().zip(told).enumerate() {
        if again || at >= known || *told != listing.seq {
            *told = listing.seq;
            items.push(listing.ticker(now, listing.seq));
        }
    }
    let mut events = Vec::new();
    while !items.is_empty() {
        let rest = items.split_off(items.len().min(TICKERS));
        events.push(event("tickers", &TickersEvent { items: std::mem::replace(&mut items, rest) }));
    }
    events
}

/// Events `tickers` of all instruments: first as they stand, then those that something happened
/// in, at most ten times a second, and all of them every half minute.
async fn tickers_live(State(platform): State<Platform>, _: NoParams) -> Response {
    let Some(reader) = Reader::enter(&platform.market) else { return full() };
    let mut clock = tokio::time::interval(LOOK);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let state = (reader, Vec::new(), clock, 0_u32);
    let looks = stream::unfold(state, |(reader, mut told, mut clock, looks)| async move {
        clock.tick().await;
        if reader.0.is_stopped() {
            return None;
        }
        let now = reader.0.now();
        let again = looks % ALL_AGAIN == 0;
        let events = reader.0.read(|board| changed(board, now, &mut told, again));
        Some((stream::iter(events), (reader, told, clock, looks.wrapping_add(1))))
    });
    sse(looks.flatten())
}

/// Event `overview` once a second: sequences, rates, queue, clients.
async fn overview_live(State(platform): State<Platform>, _: NoParams) -> Response {
    let Some(reader) = Reader::enter(&platform.market) else { return full() };
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let before: Option<(Timestamp, u64, u64)> = None;
    let state = (platform, reader, clock, before);
    let looks = stream::unfold(state, |(platform, reader, mut clock, before)| async move {
        clock.tick().await;
        if reader.0.is_stopped() {
            return None;
        }
        let now = clock::now();
        let (seq, orders, trades) = reader.0.read(|board| (board.seq, board.orders, board.trades));
        let rate = |now_count: u64, pick: fn(&(Timestamp, u64, u64)) -> u64| {
            before.as_ref().map_or(0.0, |before| {
                let seconds = now.0.saturating_sub(before.0.0) as f64 / 1e9;
                let count = now_count.saturating_sub(pick(before)) as f64;
                if seconds > 0.0 { (count / seconds * 10.0).round() / 10.0 } else { 0.0 }
            })
        };
        let overview = OverviewEvent {
            seq: seq.0,
            durable_seq: platform.status.durable.get().0,
            projected_seq: platform.status.projected().0,
            postgres_ok: platform.status.postgres_ok(),
            journal_error: platform.status.journal_error(),
            orders,
            trades,
            orders_per_second: rate(orders, |before| before.1),
            trades_per_second: rate(trades, |before| before.2),
            queue_depth: platform.gate.depth(),
            stream_clients: reader.0.clients(),
            time: super::text::time(now),
        };
        let told = event("overview", &overview);
        Some((told, (platform, reader, clock, Some((now, orders, trades)))))
    });
    sse(looks)
}
