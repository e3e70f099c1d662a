//! The double of the backend answers as the real backend does: same keys, same types of JSON, null
//! only where the real one tells null. Whatever the double can be asked is asked of both.

mod streams;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::admin::Admin;
use crate::backend::{Double, TOKEN};
use crate::requests::office::{found, made};
use crate::whole::Office;
use crate::world::{missing, skipped, until};

/// What a path of the double's is a sample of.
const NAMES: &[(&str, &str)] = &[
    ("DEMO-0001", "{account}"),
    ("DEMO-0002", "{account}"),
    ("7203", "{symbol}"),
    ("6758", "{symbol}"),
    ("BTC_JPY", "{symbol}"),
    ("1996488823", "{order}"),
    ("trades/7", "trades/{trade}"),
    ("ak_demo_1", "{key}"),
    ("odd_lot_orders", "{flag}"),
];

/// Objects whose keys are data.
const MAPS: &[&str] = &[
    ".limits",
    ".items[].limits",
    ".items[].products",
    ".phases",
    ".phases{}",
    ".rejects_by_code",
    ".actions[].summary",
];

/// Questions to the real backend: what it is asked, with which body (none: `GET`). `{name}` stands
/// for what was found, and in the name of the call for what the double calls it.
const ASKED: &[(&str, &str)] = &[
    (
        "accounts/{account}/transfers/preview",
        r#"{"kind": "deposit", "asset": "JPY", "amount": "5000", "reference": "c-1"}"#,
    ),
    (
        "accounts/{account}/transfers/preview",
        r#"{"kind": "withdraw", "asset": "JPY", "amount": "9000000000000", "reference": "c-2"}"#,
    ),
    (
        "accounts/{account}/transfers",
        r#"{"kind": "deposit", "asset": "JPY", "amount": "5000", "reference": "c-1"}"#,
    ),
    ("accounts/{account}/status", r#"{"status": "active"}"#),
    ("accounts/{account}/group", r#"{"group": 7}"#),
    ("accounts/{account}", ""),
    ("accounts/{account}/keys", ""),
    ("/v1/instruments/{symbol}", ""),
    ("overview", ""),
    ("/v1/tickers", ""),
    ("/v1/instruments/{symbol}/trades?limit=5", ""),
    ("/v1/instruments/{symbol}/candles?interval=1m&limit=5", ""),
    ("instruments/{symbol}/terms", ""),
    ("risk-limits/preview", LIMITS),
    ("risk-limits", LIMITS),
    ("risk-limits", ""),
    ("orders/{order}", ""),
    ("orders/{order}/cancel", "{}"),
    ("orders/cancel/preview", r#"{"symbol": "BTC_JPY"}"#),
    ("orders/cancel", r#"{"symbol": "BTC_JPY", "side": "buy", "account": "{account}"}"#),
    ("kill-switches", r#"{"scope": {"account": "REQ-2"}, "on": true}"#),
    ("kill-switches", ""),
    ("trades/{trade}/correct/preview", r#"{"price": "{price}"}"#),
    ("trades/{trade}/correct", r#"{"price": "{price}"}"#),
    ("trades/{trade}/bust/preview", "{}"),
    ("trades/{trade}", ""),
    ("trades/{trade}/bust", "{}"),
    ("calendar?profile=tse&days=14", ""),
    ("risk-usage?account={account}", ""),
    ("risk-usage?instrument=BTC_JPY", ""),
    ("flags", ""),
    ("flags/odd_lot_orders/history", ""),
    ("accounts/REQ-1/keys/{key}/revoke", "{}"),
    ("instruments/{quiet}/ticks/preview", r#"{"tick_table": "{table}"}"#),
    ("instruments/{quiet}/ticks", r#"{"tick_table": "{table}"}"#),
    (
        "instruments/{quiet}/limits/preview",
        r#"{"base_price": "{base}", "limit_down": "{down}", "limit_up": "{up}"}"#,
    ),
    (
        "instruments/{quiet}/limits",
        r#"{"base_price": "{base}", "limit_down": "{down}", "limit_up": "{up}"}"#,
    ),
    ("instruments/{quiet}/halts", r#"{"halts": ["market_buy"]}"#),
    ("instruments/BTC_JPY/breaker/preview", BREAKER),
    ("instruments/BTC_JPY/breaker", BREAKER),
    ("instruments/{quiet}/listed-shares/preview", r#"{"shares": "123456"}"#),
    ("instruments/{quiet}/listed-shares", r#"{"shares": "123456"}"#),
    ("instruments/{quiet}/odd-lot-terms/preview", TERMS),
    ("instruments/{quiet}/odd-lot-terms", TERMS),
    ("instruments/BTC_JPY/status", r#"{"status": "halted"}"#),
    ("instruments/BTC_JPY/call", r#"{"kind": "resumption", "seconds": 300}"#),
    ("/v1/instruments/BTC_JPY", ""),
    ("anchors", ANCHOR),
];
const ANCHOR: &str = r#"{"what": "audit", "count": 5,
    "hash": "0000000000000000000000000000000000000000000000000000000000000005"}"#;
const LIMITS: &str = r#"{"scope": {"account": "{account}"}, "currency": "JPY", "limits":
    {"open_orders": {"hard": "1000000"}, "order_value": {"soft": "900000000000"}, "position": {"hard": "900000000000000"}}}"#;
const BREAKER: &str = r#"{"mode": "circuit_break", "window_seconds": 310, "trigger_ppm": 80000,
    "call_seconds": 600, "bound_ppm": 100000}"#;
const TERMS: &str = r#"{"batch": false, "principal": true, "spread_ppm": 4000, "max_quantity": "99",
    "round_to": "1"}"#;

/// Types seen by place, of one call's answers; objects that lack what others of their place have
/// are told too.
#[derive(Default)]
struct Shape {
    types: BTreeMap<String, BTreeSet<&'static str>>,
    objects: BTreeMap<String, usize>,
    /// How many objects have what is there.
    have: BTreeMap<String, usize>,
}

impl Shape {
    fn of(samples: &[Value]) -> BTreeMap<String, BTreeSet<&'static str>> {
        let mut shape = Shape::default();
        for sample in samples {
            shape.add("", sample);
        }
        for (place, count) in &shape.have {
            let object = place.rsplit_once('.').unwrap().0;
            if *count < shape.objects[object] {
                shape.types.get_mut(place).unwrap().insert("nothing");
            }
        }
        shape.types
    }

    fn add(&mut self, place: &str, value: &Value) {
        let name = match value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(items) => {
                items.iter().for_each(|item| self.add(&format!("{place}[]"), item));
                "list"
            }
            Value::Object(map) if MAPS.contains(&place) => {
                map.values().for_each(|value| self.add(&format!("{place}{{}}"), value));
                "object"
            }
            Value::Object(map) => {
                *self.objects.entry(place.to_owned()).or_default() += 1;
                for (key, value) in map {
                    let at = format!("{place}.{key}");
                    self.add(&at, value);
                    *self.have.entry(at).or_default() += 1;
                }
                "object"
            }
        };
        self.types.entry(place.to_owned()).or_default().insert(name);
    }
}

/// Places that only other days or settings than a test's show.
const ELSEWHERE: &[&str] = &[
    "GET calendar .items[].closed_because nothing",
    "GET calendar .items[].closed_because text",
    "GET flags .items[].products{}.environment text",
    // What the simulated market has done by now.
    "GET overview .rejects_by_code{} number",
    "GET overview .phases{}{} number",
    "GET overview .ack_latency_seconds.p50 null",
    "GET overview .ack_latency_seconds.p99 null",
    "GET /v1/tickers .items[].last null",
    "GET /v1/tickers .items[].change null",
    "GET /v1/tickers .items[].open null",
    "GET /v1/tickers .items[].high null",
    "GET /v1/tickers .items[].low null",
    "GET /v1/tickers .items[].best_bid null",
    "GET /v1/tickers .items[].best_ask null",
    "GET /v1/tickers .items[].best_bid_quantity null",
    "GET /v1/tickers .items[].best_ask_quantity null",
    "GET /v1/tickers .items[].quote_kind text",
    "GET /v1/instruments/{symbol}/trades .next_cursor text",
    "GET /v1/instruments/{symbol}/candles .next_cursor text",
    // What crosses while orders gather is the simulated market's.
    "an instrument .indicative.price null",
    "an instrument .indicative.price text",
    "event auction .indicative.price null",
    "event auction .last.price null",
];

/// What an instrument's ticker lacks until it has traded, and while nobody bids or offers.
const OF_A_TICKER: &[&str] = &[
    "last",
    "change",
    "open",
    "high",
    "low",
    "best_bid",
    "best_ask",
    "best_bid_quantity",
    "best_ask_quantity",
];

/// How the double's answers differ from the real ones.
fn differences(call: &str, double: &[Value], real: &[Value]) -> Vec<String> {
    let (double, real) = (Shape::of(double), Shape::of(real));
    let all = |shape: &BTreeMap<String, BTreeSet<&'static str>>| -> BTreeSet<String> {
        let types = shape.iter().flat_map(|(place, types)| types.iter().map(move |is| (place, is)));
        types.map(|(place, is)| format!("{call} {place} {is}")).collect()
    };
    let (double, real) = (all(&double), all(&real));
    let bare = |it: &str| {
        let place =
            it.strip_prefix("event ticker .").or(it.strip_prefix("event tickers .items[]."));
        place.and_then(|it| it.strip_suffix(" null")).is_some_and(|it| OF_A_TICKER.contains(&it))
    };
    let elsewhere = |it: &&String| !ELSEWHERE.contains(&it.as_str()) && !bare(it);
    let only = |these: &BTreeSet<String>, those: &BTreeSet<String>, whose: &str| -> Vec<String> {
        these.difference(those).filter(elsewhere).map(|it| format!("{whose}: {it}")).collect()
    };
    [only(&double, &real, "only the double"), only(&real, &double, "only the backend")].concat()
}

/// What is answered: several calls answer with the same thing.
fn thing(call: &str) -> String {
    let (method, path) = call.split_once(' ').unwrap();
    let of_instrument = path.strip_prefix("instruments/{symbol}/");
    match (path, of_instrument) {
        ("/v1/instruments/{symbol}", _) => "an instrument",
        (_, Some("terms" | "odd-lot-terms")) => "terms",
        ("risk-limits/preview", _) => "tried",
        (path, Some(_)) if path.ends_with("/preview") => "tried",
        (_, Some(_)) => "an instrument",
        ("orders/{order}" | "orders/{order}/cancel", _) => "an order",
        ("trades/{trade}" | "trades/{trade}/correct" | "trades/{trade}/bust", _) => "a trade",
        (path, _) => return format!("{method} {path}"),
    }
    .to_owned()
}

const RECORD: &str = "GET requests/{id}";

/// A change under an id of the caller's.
async fn change(http: &reqwest::Client, url: String, token: &str, id: &str, body: &Value) -> Value {
    let call = http.post(url).bearer_auth(token).header("x-actor", "test");
    call.header("x-request-id", id).json(body).send().await.unwrap().json().await.unwrap()
}

/// What is on record of a request that was done, of one that was refused, and of none.
async fn records(http: &reqwest::Client, admin: &str, token: &str, account: &str) -> Vec<Value> {
    let transfer = |kind: &str| {
        json!({"kind": kind, "asset": "JPY", "amount": "9000000000", "reference": "c-3",
            "reason": "test"})
    };
    let url = format!("{admin}/accounts/{account}/transfers");
    for (id, kind) in [("contract-1", "withdraw"), ("contract-2", "deposit")] {
        change(http, url.clone(), token, id, &transfer(kind)).await;
    }
    let mut told = Vec::new();
    for (id, known) in [("contract-1", true), ("contract-2", true), ("contract-3", false)] {
        let record = until("a record", async || {
            let call = http.get(format!("{admin}/requests/{id}")).bearer_auth(token);
            let record: Value = call.send().await.unwrap().json().await.unwrap();
            let there =
                record["actions"].as_array().is_some_and(|actions| actions.is_empty() != known);
            there.then_some(record)
        });
        told.push(record.await);
    }
    told
}

/// What the double says of an anchor.
async fn anchored(http: &reqwest::Client, admin: &str) -> Value {
    let body: Value = serde_json::from_str(ANCHOR).unwrap();
    change(http, format!("{admin}/anchors"), TOKEN, "contract-4", &body).await
}

fn template(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    NAMES.iter().fold(path.to_owned(), |path, (name, is)| path.replace(name, is))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_double_answers_as_the_real_backend_does() {
    if let Some(why) = missing() {
        return skipped("the_double_answers_as_the_real_backend_does", why);
    }
    let office = Office::start("both").await;
    let dev = office.backend.dev_file();
    let stands_for = found(&office).await;
    made(
        &office,
        "flags/odd_lot_orders",
        json!({"product": "tse", "value": "off", "reason": "test"}),
    )
    .await;
    let http = reqwest::Client::new();
    let mut real: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let fill = |text: &str| {
        stands_for.iter().fold(text.to_owned(), |text, (n, v)| text.replace(&format!("{{{n}}}"), v))
    };
    let ask = async |path: &str, body: &str| {
        let url = match path.starts_with("/v1/") {
            true => format!("{}{path}", dev.api),
            false => format!("{}/admin/v1/{path}", dev.admin),
        };
        let id = zaraba_console::requests::fresh_id();
        // What the database does not tell yet is asked for again, under the same id.
        until(path, async || {
            let call = if body.is_empty() { http.get(&url) } else { http.post(&url) };
            let mut call = call.bearer_auth(&dev.admin_token);
            if !body.is_empty() {
                let mut body: Value = serde_json::from_str(&fill(body)).unwrap();
                if !path.ends_with("/preview") {
                    body["reason"] = json!("test");
                    call = call.header("x-actor", "test").header("x-request-id", &id);
                }
                call = call.json(&body);
            }
            let answer = call.send().await.unwrap();
            let (status, text) = (answer.status(), answer.text().await.unwrap());
            assert!(status.is_success() || status == 503, "{path}: {status} {text}");
            let told: Value = serde_json::from_str(&text).unwrap_or_default();
            let late = match path {
                // The database tells who did it, the board what an auction would do.
                "kill-switches" => told["items"][0]["by"].is_null() && body.is_empty(),
                "/v1/instruments/BTC_JPY" => {
                    told["phase"] == "call_auction" && told["indicative"].is_null()
                }
                _ => false,
            };
            (status.is_success() && !late).then_some(told)
        })
        .await
    };
    for (path, body) in ASKED {
        let method = if body.is_empty() { "GET" } else { "POST" };
        let symbols =
            if path.contains("{symbol}") { &["7203", "6758", "BTC_JPY"][..] } else { &[""] };
        for symbol in symbols {
            let asked = fill(&path.replace("{symbol}", symbol));
            let name = path
                .replace("{quiet}", "{symbol}")
                .replace("BTC_JPY", "{symbol}")
                .replace("REQ-1", "{account}");
            let name = format!("{method} {}", template(&name));
            real.entry(thing(&name)).or_default().push(ask(&asked, body).await);
        }
    }
    let mut double: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (call, answer) in Admin::furnished().answers() {
        double.entry(thing(&template(&call))).or_default().push(answer);
    }
    let own = Double::start();
    let admin = format!("http://{}/admin/v1", own.address);
    let told = anchored(&http, &admin).await;
    double.entry("POST anchors".into()).or_default().push(told);
    real.insert(
        RECORD.into(),
        records(&http, &format!("{}/admin/v1", dev.admin), &dev.admin_token, "REQ-1").await,
    );
    double.insert(RECORD.into(), records(&http, &admin, TOKEN, "DEMO-0001").await);
    for path in [
        "/admin/v1/overview",
        "/v1/tickers",
        "/v1/instruments/7203/trades",
        "/v1/instruments/7203/candles?interval=1m",
    ] {
        let call = http.get(format!("http://{}{path}", own.address)).bearer_auth(TOKEN);
        let told = call.send().await.unwrap().json().await.unwrap();
        let name = template(path.strip_prefix("/admin/v1/").unwrap_or(path));
        double.entry(format!("GET {name}")).or_default().push(told);
    }
    let mut wrong = Vec::new();
    for (call, answers) in &double {
        let told = real.get(call).unwrap_or_else(|| panic!("{call} is not asked of the real one"));
        wrong.extend(differences(call, answers, told));
    }
    office.end().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
