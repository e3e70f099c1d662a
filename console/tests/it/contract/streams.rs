//! The events of the live streams: the double's have the keys and types of the real ones, of every
//! kind, while a market halts, gathers for an auction, shows a special quote and goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Method;
use bytes::Bytes;
use futures_util::StreamExt;
use parking_lot::Mutex;
use serde_json::{Value, json};
use zaraba::tools::client::{Connection, Endpoint, Key};

use super::differences;
use crate::backend::events;
use crate::requests::office::made;
use crate::whole::Office;
use crate::world::{missing, skipped, until};

/// Events kept of a kind.
const KEPT: usize = 5_000;

/// What was told, by kind of event.
type Told = Arc<Mutex<BTreeMap<String, Vec<Value>>>>;

/// Follows a stream of the real backend for as long as the test runs.
async fn follow(office: &Office, path: &str, told: &Told) {
    let dev = office.backend.dev_file();
    let call = reqwest::Client::new().get(format!("{}/admin/v1/{path}", dev.admin));
    let answer = call.bearer_auth(&dev.admin_token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let (told, mut chunks) = (told.clone(), answer.bytes_stream());
    tokio::spawn(async move {
        let mut text = String::new();
        while let Some(Ok(chunk)) = chunks.next().await {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((event, rest)) = text.split_once("\n\n") {
                if let Some((name, data)) = read(event) {
                    let mut told = told.lock();
                    let all = told.entry(name).or_default();
                    if all.len() < KEPT {
                        all.push(data);
                    }
                }
                text = rest.to_owned();
            }
        }
    });
}

/// Name and data of an event; `None`: a sign of life.
fn read(event: &str) -> Option<(String, Value)> {
    let field = |name: &str| {
        event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").or(Some("")))
    };
    Some((field("event")?.to_owned(), serde_json::from_str(field("data")?).unwrap()))
}

/// Waits until an event of a kind was told for which this holds.
async fn seen(told: &Told, name: &str, what: &str, holds: impl Fn(&Value) -> bool) {
    until(&format!("{name}: {what}"), async || {
        let told = told.lock();
        told.get(name).is_some_and(|all| all.iter().any(&holds)).then_some(())
    })
    .await;
}

/// Buys of the share as the first demo account; the answer.
async fn buy(office: &Office, kind: &str, price: Option<&str>, quantity: u32) -> Value {
    let dev = office.backend.dev_file();
    let key = Key::new(&dev.accounts[0]).unwrap();
    let id = &zaraba_console::requests::fresh_id()[..30];
    let mut body = json!({"client_order_id": id, "symbol": "7203", "side": "buy", "type": kind,
        "time_in_force": "day", "quantity": quantity.to_string()});
    if let Some(price) = price {
        body["price"] = json!(price);
    }
    let mut connection = Connection::new(Endpoint::resolve(&dev.api).await.unwrap());
    let body = Bytes::from(body.to_string());
    let answer = connection.call(&key, Method::POST, "/v1/orders", body).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

/// A pair is halted by hand, gathers for an auction, and goes on.
async fn halt_and_call(office: &Office, told: &Told) {
    let status = |status: &str| json!({"status": status, "reason": "test"});
    made(office, "instruments/BTC_JPY/status", status("halted")).await;
    let by_hand = |it: &Value| it["halt_reason"] == "test" && it["halt_by"] == "test";
    seen(told, "phase", "a halt by hand", by_hand).await;
    let call = json!({"kind": "resumption", "seconds": 3, "reason": "test"});
    made(office, "instruments/BTC_JPY/call", call).await;
    seen(told, "phase", "an end of the call", |it| it["until"].is_string()).await;
    let of_pair = |it: &Value| it["symbol"] == "BTC_JPY" && it["phase_until"].is_string();
    seen(told, "ticker", "an end of the call", of_pair).await;
    let in_list = |it: &Value| it["items"].as_array().unwrap().iter().any(of_pair);
    seen(told, "tickers", "an end of the call", in_list).await;
    seen(told, "auction", "an outlook", |it| it["indicative"].is_object()).await;
    seen(told, "auction", "a result", |it| it["last"].is_object()).await;
    seen(told, "candle", "a candle", |_| true).await;
}

/// More of a share is bought than is for sale in reach: a special quote, and market orders rest.
async fn quote(office: &Office, told: &Told) {
    seen(told, "trades", "a trade", |_| true).await;
    seen(told, "phase", "limits", |it| it["limit_up"].is_string()).await;
    let up = told.lock()["phase"].iter().find_map(|it| it["limit_up"].as_str().map(str::to_owned));
    let up = up.unwrap();
    until("a special quote", async || {
        let answer = buy(office, "limit", Some(&up), 100_000).await;
        assert!(answer["error"].is_null(), "{answer}");
        let told = told.lock();
        told["phase"].iter().any(|it| it["quote"].is_object()).then_some(())
    })
    .await;
    let quoted = |it: &Value| it["quote_kind"].is_string();
    seen(told, "ticker", "a special quote", quoted).await;
    let in_list = |it: &Value| it["items"].as_array().unwrap().iter().any(quoted);
    seen(told, "tickers", "a special quote", in_list).await;
    until("a market order that rests", async || {
        let answer = buy(office, "market", None, 100).await;
        assert!(answer["error"].is_null(), "{answer}");
        let told = told.lock();
        told["book"].iter().any(|it| it["market_bid_quantity"].is_string()).then_some(())
    })
    .await;
    let halts = json!({"halts": ["market_buy"], "reason": "test"});
    made(office, "instruments/7203/halts", halts).await;
    seen(told, "phase", "halts", |it| it["halts"] == json!(["market_buy"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doubles_events_are_as_the_real_backend_writes_them() {
    if let Some(why) = missing() {
        return skipped("the_doubles_events_are_as_the_real_backend_writes_them", why);
    }
    let office = Office::start("both").await;
    let told = Told::default();
    for path in ["tickers/live", "instruments/7203/live", "instruments/BTC_JPY/live"] {
        follow(&office, path, &told).await;
    }
    seen(&told, "tickers", "tickers", |_| true).await;
    halt_and_call(&office, &told).await;
    quote(&office, &told).await;
    let mut double: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (name, data) in events() {
        double.entry(name).or_default().push(data);
    }
    let real = told.lock().clone();
    let kinds: Vec<&str> = real.keys().map(String::as_str).collect();
    assert_eq!(kinds, double.keys().copied().collect::<Vec<_>>(), "kinds of events");
    let wrong: Vec<String> = double
        .iter()
        .flat_map(|(name, sent)| differences(&format!("event {name}"), sent, &real[*name]))
        .collect();
    office.end().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
