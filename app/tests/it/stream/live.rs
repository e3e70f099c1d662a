//! The console's live endpoints: server-sent events.

use serde_json::{Value, json};
use zaraba_engine::types::*;

use super::node::{BUYER, Node, PATIENCE, config};

/// Reads named events.
pub struct Events {
    response: reqwest::Response,
    buffer: String,
}

impl Events {
    pub async fn open(node: &Node, path: &str) -> Events {
        let response = reqwest::get(format!("http://{}{path}", node.address)).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { response, buffer: String::new() }
    }

    async fn next(&mut self) -> (String, Value) {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let line = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
                };
                let (name, data) = (line("event: "), line("data: "));
                self.buffer = rest.to_owned();
                if let (Some(name), Some(data)) = (name, data) {
                    return (name, serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.expect("events come").unwrap().expect("open");
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    pub async fn until(&mut self, wanted: impl Fn(&str, &Value) -> bool) -> Value {
        loop {
            let (name, data) = self.next().await;
            if wanted(&name, &data) {
                return data;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instrument_live_shows_book_trades_ticker_candle_and_phase() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    for level in 0..25 {
        node.place(BUYER, Side::Buy, 24_000 - 5 * level, 3).await;
    }
    node.market_caught_up().await;
    let mut events = Events::open(&node, "/admin/v1/instruments/7203/live").await;
    let book = events.until(|name, _| name == "book").await;
    assert_eq!(book["bids"].as_array().unwrap().len(), 20);
    assert_eq!(book["bids"][0], json!(["2400.0", "3"]));
    assert!(book["seq"].as_u64().unwrap() > 0);
    let phase = events.until(|name, _| name == "phase").await;
    assert_eq!(phase["phase"], "continuous");
    node.trade(25_000, 4).await;
    let trades = events.until(|name, _| name == "trades").await;
    assert_eq!(trades["items"][0]["price"], "2500.0");
    let candle = events.until(|name, _| name == "candle").await;
    assert_eq!((&candle["close"], &candle["interval"]), (&json!("2500.0"), &json!("1m")));
    node.place(BUYER, Side::Buy, 24_500, 1).await;
    events
        .until(|name, data| {
            name == "ticker" && data["best_bid"] == "2450.0" && data["last"] == "2500.0"
        })
        .await;
    let (status, body) = node.get("/admin/v1/instruments/NONE/live").await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("unknown_instrument")));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_counts_orders_and_trades() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let mut events = Events::open(&node, "/admin/v1/live").await;
    let first = events.until(|name, _| name == "overview").await;
    assert_eq!((&first["orders"], &first["trades"]), (&json!(0), &json!(0)));
    node.trade(25_000, 1).await;
    let then = events.until(|_, data| data["trades"] == 1).await;
    assert_eq!(then["orders"], 2);
    assert!(then["orders_per_second"].as_f64().unwrap() > 0.0, "{then}");
    assert!(then["seq"].as_u64() > first["seq"].as_u64());
    node.stop().await;
}
