//! A test double of the backend's HTTP contract, as far as the console uses it: tests set
//! what it answers, and make it go away.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::sync::{broadcast, oneshot};

use crate::admin::Admin;

pub const TOKEN: &str = "a-token-of-the-tests-0123456789abcdef";

/// A file that others cannot read.
pub fn secret_file(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    // Never open to others, and whole at every moment.
    let beside = path.with_extension("beside");
    std::fs::write(&beside, text).unwrap();
    std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

/// A line of a file of admin tokens, for so many seconds from now.
pub fn token_line(name: &str, token: &str, seconds: i64) -> String {
    let until = zaraba_console::clock::now().as_second() + seconds;
    format!("{name} {token} {}\n", jiff::Timestamp::from_second(until).unwrap())
}

/// Who follows all tickers.
const ALL: &str = "*";

/// The double. Dropping it closes the port.
pub struct Double {
    pub address: SocketAddr,
    /// Its admin API, as actions use it.
    pub admin: Admin,
    events: broadcast::Sender<(String, &'static str, Value)>,
    state: Arc<parking_lot::Mutex<Answers>>,
    stop: oneshot::Sender<()>,
    done: tokio::task::JoinHandle<()>,
}

#[derive(Clone)]
struct Answers {
    overview: Value,
    tickers: Vec<Value>,
    books: BTreeMap<String, Value>,
    /// Upstream connections opened per symbol.
    opened: BTreeMap<String, usize>,
}

#[derive(Clone)]
struct Shared {
    events: broadcast::Sender<(String, &'static str, Value)>,
    state: Arc<parking_lot::Mutex<Answers>>,
}

pub fn ticker(symbol: &str, last: &str, change: &str, reference: &str, volume: &str) -> Value {
    let phase = if symbol == "6758" { "halted" } else { "continuous" };
    json!({"symbol": symbol, "last": last, "reference": reference, "change": change,
        "open": reference, "high": last, "low": reference, "volume": volume, "turnover": "0",
        "trades": 12, "best_bid": last, "best_bid_quantity": "100", "best_ask": last,
        "best_ask_quantity": "200", "phase": phase, "phase_until": null, "quote_kind": null,
        "seq": 40})
}

pub fn book(seq: u64, best_bid: u32) -> Value {
    let level = |price: u32, size: u32| json!([format!("{price}.0"), size.to_string()]);
    let bids: Vec<Value> =
        (0..12).map(|n| level(best_bid - n, 100 * (1 + (n * 7 + 3) % 11))).collect();
    let asks: Vec<Value> =
        (0..12).map(|n| level(best_bid + 1 + n, 100 * (1 + (n * 5 + 2) % 13))).collect();
    json!({"symbol": "7203", "bids": bids, "asks": asks, "market_bid_quantity": null,
        "market_ask_quantity": null, "seq": seq})
}

pub fn trade(id: u64, price: &str, side: &str) -> Value {
    json!({"trade_id": id.to_string(), "price": price, "quantity": "300", "side": side,
        "auction": false,
        "time": format!("2026-11-20T05:{:02}:{:02}.123456Z", id / 60 % 60, id % 60), "seq": id})
}

/// What follows are the events of an instrument's stream as the backend writes them: `contract`
/// compares them. Tests change their values, not their keys.
pub fn trades_told(seq: u64, items: &[Value]) -> Value {
    json!({"symbol": "7203", "seq": seq, "items": items})
}

pub fn candle_told(seq: u64, close: &str) -> Value {
    json!({"symbol": "7203", "interval": "1m", "seq": seq,
        "open_time": "2026-11-20T06:00:00.000000Z", "close_time": "2026-11-20T06:01:00.000000Z",
        "open": "2541.0", "high": "2542.0", "low": "2540.0", "close": close, "volume": "300",
        "turnover": "762450.0", "trades": 1})
}

/// In continuous trading, with nothing special.
pub fn phase_told(seq: u64) -> Value {
    json!({"symbol": "7203", "phase": "continuous", "until": null, "halted": false, "halts": [],
        "halt_reason": null, "halt_by": null, "killed": false, "short_restricted": false,
        "quote": null, "base_price": "2500.0", "limit_down": "2000.0", "limit_up": "3000.0",
        "seq": seq})
}

/// A halt by hand, with a special quote and all else that can be told.
pub fn phase_stopped(seq: u64) -> Value {
    let mut told = phase_told(seq);
    told["phase"] = json!("pre_open");
    told["until"] = json!("2026-11-20T00:00:00.000000Z");
    told["quote"] = json!({"kind": "special", "side": "sell", "price": "520.0",
        "until": "2026-11-20T00:03:00.000000Z"});
    told["halts"] = json!(["market_buy", "contingent_sell"]);
    (told["short_restricted"], told["killed"]) = (json!(true), json!(true));
    (told["halt_reason"], told["halt_by"]) = (json!("feed error"), json!("ops.suzuki"));
    told
}

pub fn auction_told(seq: u64) -> Value {
    json!({"symbol": "7203", "indicative": null, "last": null, "seq": seq})
}

/// One to come, and one that was.
pub fn auction_gathering(seq: u64) -> Value {
    let mut told = auction_told(seq);
    told["indicative"] =
        json!({"end": "priced", "price": "521.0", "quantity": "12300", "surplus": "-500"});
    told["last"] = json!({"kind": "closing", "end": "special_execution", "price": "533.0",
        "quantity": "4000", "surplus": "200", "time": "2026-11-19T06:30:00.000000Z", "seq": 12});
    told
}

/// A book with market orders that rest on the buyers' side.
pub fn book_with_market_orders(seq: u64, quantity: &str) -> Value {
    let mut told = book(seq, 2530);
    told["market_bid_quantity"] = json!(quantity);
    told
}

/// As a pair tells it, which has no limits of the day.
pub fn phase_of_a_pair(seq: u64) -> Value {
    let mut told = phase_told(seq);
    (told["limit_down"], told["limit_up"]) = (Value::Null, Value::Null);
    told
}

/// While a special quote stands in for trading.
pub fn ticker_quoted() -> Value {
    let mut told = ticker("7203", "2531.0", "31.0", "2500.0", "1234500");
    told["phase_until"] = json!("2026-11-20T00:00:00.000000Z");
    told["quote_kind"] = json!("special");
    told
}

/// Every kind of event, in what forms the double sends it.
pub fn events() -> Vec<(&'static str, Value)> {
    let one = ticker("7203", "2531.0", "31.0", "2500.0", "1234500");
    vec![
        ("ticker", one.clone()),
        ("ticker", ticker_quoted()),
        ("tickers", json!({"items": [one, ticker_quoted()]})),
        ("book", book(41, 2530)),
        ("book", book_with_market_orders(41, "2000")),
        ("trades", trades_told(41, &[trade(41, "2531.0", "buy")])),
        ("candle", candle_told(41, "2541.5")),
        ("phase", phase_told(41)),
        ("phase", phase_stopped(41)),
        ("phase", phase_of_a_pair(41)),
        ("auction", auction_told(41)),
        ("auction", auction_gathering(41)),
    ]
}

impl Double {
    pub fn start() -> Double {
        Self::serve(crate::ports::listener(), Admin::furnished())
    }

    pub fn start_at(address: SocketAddr) -> Double {
        Self::start_with(address, Admin::furnished())
    }

    /// Starts over an admin API that remembers what was done before.
    pub fn start_with(address: SocketAddr, admin: Admin) -> Double {
        Self::serve(std::net::TcpListener::bind(address).unwrap(), admin)
    }

    fn serve(listener: std::net::TcpListener, admin: Admin) -> Double {
        let (events, _) = broadcast::channel(1024);
        let answers = Answers {
            overview: json!({"seq": 41, "durable_seq": 41, "projected_seq": 40,
                "journal_error": null, "postgres_ok": true,
                "started_at": "2026-11-20T00:00:00.000000Z", "uptime_seconds": 93784,
                "orders_per_second": 1234.5, "orders_total": 987654, "trades_total": 45678, "accounts_total": 3,
                "rejects_by_code": {"insufficient_funds": 12, "off_tick": 3, "price_out_of_limits": 40},
                "ack_latency_seconds": {"p50": 0.00042, "p99": 0.0061}, "queue_depth": 3,
                "stream_clients": 17,
                "phases": {"tse": {"continuous": 2, "halted": 1}, "crypto": {"continuous": 1}}}),
            tickers: vec![
                ticker("7203", "2531.0", "31.0", "2500.0", "1234500"),
                ticker("6758", "12900.0", "-150.0", "13050.0", "87600"),
                ticker("BTC_JPY", "15012345", "0", "15012345", "12.3456"),
            ],
            books: BTreeMap::from([("7203".to_owned(), book(41, 2530))]),
            opened: BTreeMap::new(),
        };
        let state = Arc::new(parking_lot::Mutex::new(answers));
        let shared = Shared { events: events.clone(), state: state.clone() };
        let app = Router::new()
            .route("/admin/v1/overview", get(overview))
            .route("/admin/v1/instruments/{symbol}/live", get(live))
            .route("/v1/tickers", get(tickers))
            .route("/admin/v1/tickers/live", get(tickers_live))
            .route("/v1/instruments/{symbol}/trades", get(trades))
            .route("/v1/instruments/{symbol}/candles", get(candles))
            .with_state(shared)
            .fallback_service(Router::new().fallback(crate::admin::any).with_state(admin.clone()));
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let done = tokio::spawn(async move {
            // Dropping the server's future closes its listener and every connection.
            tokio::select! {
                done = axum::serve(listener, app) => done.unwrap(),
                _ = stopped => {}
            }
        });
        Double { address, admin, events, state, stop, done }
    }

    /// Sends an event to everyone who follows the symbol.
    pub fn send(&self, symbol: &str, name: &'static str, data: Value) {
        if name == "book" {
            self.state.lock().books.insert(symbol.to_owned(), data.clone());
        }
        let _ = self.events.send((symbol.to_owned(), name, data));
    }

    pub fn set_overview(&self, key: &str, value: Value) {
        self.state.lock().overview[key] = value;
    }

    pub fn set_ticker(&self, value: Value) {
        let mut state = self.state.lock();
        let symbol = value["symbol"].clone();
        state.tickers.retain(|t| t["symbol"] != symbol);
        state.tickers.push(value.clone());
        let told = json!({"items": [value]});
        let _ = self.events.send((ALL.to_owned(), "tickers", told));
    }

    /// How often the console connected for this symbol.
    pub fn opened(&self, symbol: &str) -> usize {
        self.state.lock().opened.get(symbol).copied().unwrap_or(0)
    }

    /// Goes away: connections are cut, the port is closed once this returns.
    pub async fn go_away(self) -> SocketAddr {
        let _ = self.stop.send(());
        self.done.await.unwrap();
        // Ends the streams that tasks of their own hold open.
        let _ = self.events.send((String::new(), "end", Value::Null));
        self.address
    }
}

fn allowed(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|v| v == &format!("Bearer {TOKEN}"))
}

async fn overview(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if !allowed(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    axum::Json(shared.state.lock().overview.clone()).into_response()
}

async fn tickers(State(shared): State<Shared>) -> axum::Json<Value> {
    axum::Json(json!({"items": shared.state.lock().tickers, "next_cursor": null, "seq": 40}))
}

async fn trades(Path(symbol): Path<String>) -> axum::Json<Value> {
    let items: Vec<Value> = match symbol.as_str() {
        "7203" => (1..30)
            .rev()
            .map(|id| {
                trade(
                    id,
                    if id % 3 == 0 { "2530.0" } else { "2531.0" },
                    if id % 2 == 0 { "buy" } else { "sell" },
                )
            })
            .collect(),
        _ => Vec::new(),
    };
    axum::Json(json!({"items": items, "next_cursor": null, "seq": 40}))
}

async fn candles(
    Path(symbol): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let length = match query.get("interval").map(String::as_str) {
        Some("1m") => 60,
        Some("5m") => 300,
        Some("1h") => 3600,
        Some("1d") => 86_400,
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    let items: Vec<Value> = if symbol == "7203" {
        let end = 1_763_614_800_i64; // 2025-11-20 05:00 UTC
        (0..120)
            .map(|n| {
                // A walk that is the same every time.
                let wave = |x: i64| 2500 + (x * 13 % 41) - 20 + x / 4;
                let (open, close) = (wave(n), wave(n + 1));
                let time = jiff::Timestamp::from_second(end - (120 - n) * length).unwrap();
                json!({"open_time": time.to_string(), "close_time": time.to_string(),
                    "open": format!("{open}.0"), "high": format!("{}.0", open.max(close) + 3),
                    "low": format!("{}.0", open.min(close) - 2), "close": format!("{close}.0"),
                    "volume": (1000 + n * 37 % 900).to_string(), "turnover": "0", "trades": 5})
            })
            .collect()
    } else {
        Vec::new()
    };
    axum::Json(json!({"items": items, "next_cursor": null, "seq": 40})).into_response()
}

async fn live(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(symbol): Path<String>,
) -> Response {
    if !allowed(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let receiver = shared.events.subscribe();
    let first = {
        let mut state = shared.state.lock();
        *state.opened.entry(symbol.clone()).or_default() += 1;
        let mut first = Vec::new();
        if let Some(ticker) = state.tickers.iter().find(|t| t["symbol"] == symbol.as_str()) {
            first.push(("ticker", ticker.clone()));
        }
        if let Some(book) = state.books.get(&symbol) {
            first.push(("book", book.clone()));
        }
        first
    };
    follow(receiver, symbol, first)
}

async fn tickers_live(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if !allowed(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let receiver = shared.events.subscribe();
    let first = vec![("tickers", json!({"items": shared.state.lock().tickers}))];
    follow(receiver, ALL.to_owned(), first)
}

/// Answers with a stream: what there is, then what is sent to the symbol.
fn follow(
    receiver: broadcast::Receiver<(String, &'static str, Value)>,
    symbol: String,
    first: Vec<(&'static str, Value)>,
) -> Response {
    let event = |(name, data): (&'static str, Value)| {
        Ok::<_, Infallible>(Event::default().event(name).data(data.to_string()))
    };
    let later = futures_util::stream::unfold(
        (receiver, symbol),
        move |(mut receiver, symbol)| async move {
            loop {
                match receiver.recv().await {
                    Ok((_, "end", _)) | Err(_) => return None,
                    Ok((to, name, data)) if to == symbol => {
                        return Some((event((name, data)), (receiver, symbol)));
                    }
                    Ok(_) => {}
                }
            }
        },
    );
    use futures_util::StreamExt;
    // As the backend does, so that a quiet stream is known to be one.
    let alive = KeepAlive::new().interval(std::time::Duration::from_secs(1));
    let events = futures_util::stream::iter(first.into_iter().map(event)).chain(later);
    Sse::new(events).keep_alive(alive).into_response()
}
