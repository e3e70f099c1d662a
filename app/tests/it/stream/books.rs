//! Public channels: a book kept from the stream equals the book asked for; trades, tickers,
//! candles and phases agree with the REST endpoints.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use zaraba_engine::Command;
use zaraba_engine::command::Provenance;
use zaraba_engine::types::*;

use super::node::{BUYER, Node, SELLER, Stream, config, text};

/// A book as a client keeps it, checking the rules of the documentation on the way.
#[derive(Default)]
struct Book {
    seq: u64,
    levels: [BTreeMap<i64, String>; 2],
}

fn tenths(price: &Value) -> i64 {
    price.as_str().unwrap().replace('.', "").parse().unwrap()
}

impl Book {
    fn take(&mut self, message: &Value) {
        let seq = message["seq"].as_u64().unwrap();
        match message["type"].as_str().unwrap() {
            "depth_snapshot" => self.levels = Default::default(),
            "depth_diff" => {
                let prev = message["prev_seq"].as_u64().unwrap();
                assert!(prev <= self.seq, "a gap: {message} on {}", self.seq);
                if seq <= self.seq {
                    return;
                }
            }
            other => panic!("{other}"),
        }
        for (side, name) in [(0, "bids"), (1, "asks")] {
            for level in message[name].as_array().unwrap() {
                let (price, quantity) = (tenths(&level[0]), level[1].as_str().unwrap());
                match quantity {
                    "0" => self.levels[side].remove(&price),
                    _ => self.levels[side].insert(price, quantity.to_owned()),
                };
            }
        }
        self.seq = seq;
    }

    fn side(&self, rest: &Value) -> Vec<(i64, String)> {
        let level = |level: &Value| (tenths(&level[0]), level[1].as_str().unwrap().to_owned());
        rest.as_array().unwrap().iter().map(level).collect()
    }

    fn assert_equals(&self, rest: &Value) {
        let bids: Vec<_> = self.levels[0].iter().rev().map(|(p, q)| (*p, q.clone())).collect();
        let asks: Vec<_> = self.levels[1].iter().map(|(p, q)| (*p, q.clone())).collect();
        assert_eq!(bids, self.side(&rest["bids"]));
        assert_eq!(asks, self.side(&rest["asks"]));
    }
}

/// A sequence of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_kept_from_snapshot_and_differences_equals_the_book_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let mut dice = Dice(7);
    let mut live: Vec<(AccountId, OrderId)> = Vec::new();
    let mut stream: Option<Stream> = None;
    let mut book = Book::default();
    let mut differences = 0;
    for round in 0..40 {
        for _ in 0..15 {
            if dice.roll(4) == 0 && !live.is_empty() {
                let (account, order) = live.swap_remove(dice.roll(live.len() as u64) as usize);
                node.cancel(account, order).await;
                continue;
            }
            let (account, side) =
                if dice.roll(2) == 0 { (BUYER, Side::Buy) } else { (SELLER, Side::Sell) };
            let price = 24_900 + 5 * dice.roll(40) as i64;
            let receipt = node.place(account, side, price, 1 + dice.roll(50) as i64).await;
            if let Some(zaraba_engine::Event::Accepted { order, .. }) = receipt.events().first() {
                live.push((account, *order));
            }
        }
        // The first rounds make a book that the snapshot has to carry.
        if round == 5 {
            let mut new = node.connect().await;
            new.subscribe(&["depth:7203"]).await;
            let snapshot = new.next().await;
            assert_eq!(snapshot["type"], "depth_snapshot");
            assert_eq!(snapshot["complete"], true);
            book.take(&snapshot);
            stream = Some(new);
        }
        let Some(stream) = &mut stream else { continue };
        // Nothing is sequenced now: once the market room has everything, so has the client.
        let (status, rest) = node.get("/v1/instruments/7203/book?levels=1000").await;
        assert_eq!(status, 200);
        node.market_caught_up().await;
        let changed = node.platform.market.read(|board| board.by_symbol("7203").unwrap().1.seq.0);
        while book.seq < changed {
            let message = stream.next().await;
            differences += u64::from(message["type"] == "depth_diff");
            book.take(&message);
        }
        book.assert_equals(&rest);
    }
    assert!(differences >= 30, "{differences}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trades_tickers_candles_and_phases_agree_with_rest() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let mut stream = node.connect().await;
    stream.subscribe(&["trades:7203", "candles:7203:1d", "ticker:7203", "phase:7203"]).await;
    let first = stream.until("ticker").await;
    assert_eq!((&first["last"], &first["trades"]), (&Value::Null, &json!(0)));
    assert_eq!(stream.until("phase").await["phase"], "continuous");
    for (price, quantity) in [(25_000, 3), (25_100, 2), (24_900, 1), (25_050, 4)] {
        node.trade(price, quantity).await;
    }
    node.place(BUYER, Side::Buy, 24_800, 7).await;
    let (mut trades, mut candle, mut ticker) = (Vec::new(), Value::Null, Value::Null);
    while trades.len() < 4 || candle["trades"] != 4 || ticker["best_bid"] != "2480.0" {
        let message = stream.next().await;
        match message["type"].as_str().unwrap() {
            "trades" => trades.extend(message["items"].as_array().unwrap().clone()),
            "candle" => candle = message,
            "ticker" => ticker = message,
            other => panic!("{other}"),
        }
    }
    let prices: Vec<&str> = trades.iter().map(|t| t["price"].as_str().unwrap()).collect();
    assert_eq!(prices, ["2500.0", "2510.0", "2490.0", "2505.0"]);
    assert!(trades.iter().all(|trade| trade["side"] == "buy"));

    let (_, rest) = node.get("/v1/instruments/7203/trades?limit=3").await;
    let newest: Vec<&Value> = rest["items"].as_array().unwrap().iter().collect();
    assert_eq!(newest, trades.iter().rev().take(3).collect::<Vec<_>>());

    let (_, rest) = node.get("/v1/instruments/7203/candles?interval=1d").await;
    let day = &rest["items"][0];
    for (field, value) in [
        ("open", "2500.0"),
        ("high", "2510.0"),
        ("low", "2490.0"),
        ("close", "2505.0"),
        ("volume", "10"),
        // 2500x3 + 2510x2 + 2490x1 + 2505x4.
        ("turnover", "25030.0"),
    ] {
        assert_eq!(day[field], value, "{field}");
        assert_eq!(candle[field], value, "{field}");
    }
    assert!(day["open_time"].as_str().unwrap().ends_with("T15:00:00.000000Z"), "{day}");

    let (_, rest) = node.get("/v1/tickers?symbol=7203").await;
    let shown = &rest["items"][0];
    for field in ["last", "change", "open", "high", "low", "volume", "best_bid", "reference"] {
        assert_eq!(shown[field], ticker[field], "{field}");
    }
    assert_eq!((&shown["reference"], &shown["change"]), (&json!("2500.0"), &json!("5.0")));

    let by = Provenance {
        approver: Default::default(),
        actor: text("test"),
        request: text("r"),
        reason: text("halt"),
    };
    let halt = Command::SetInstrumentStatus {
        instrument: InstrumentId(0),
        status: InstrumentStatus::Halted,
        by: Box::new(by),
    };
    node.platform.gate.submit(halt).await.unwrap();
    let phase = stream.until("phase").await;
    assert_eq!((&phase["phase"], &phase["halted"]), (&json!("halted"), &json!(true)));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trades_are_paged_to_the_oldest_that_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.market.trades_kept = 5;
    let node = Node::start(config).await;
    for _ in 0..7 {
        node.trade(25_000, 1).await;
    }
    node.market_caught_up().await;
    let ids = |body: &Value| -> Vec<String> {
        let items = body["items"].as_array().unwrap().iter();
        items.map(|trade| trade["trade_id"].as_str().unwrap().to_owned()).collect()
    };
    let page = async |query: &str| {
        let (status, body) = node.get(&format!("/v1/instruments/7203/trades{query}")).await;
        assert_eq!(status, 200, "{body}");
        body
    };
    let whole = page("").await;
    assert_eq!((ids(&whole).len(), &whole["next_cursor"]), (5, &Value::Null));
    assert_eq!(page("?limit=5").await["next_cursor"], Value::Null);

    let first = page("?limit=2").await;
    let cursor = |body: &Value| body["next_cursor"].as_str().expect("more is kept").to_owned();
    let mut told = ids(&first);
    // A page begins right after the one before, whatever is traded meanwhile; that pushes
    // the oldest one out.
    node.trade(25_000, 1).await;
    node.market_caught_up().await;
    let second = page(&format!("?limit=1&cursor={}", cursor(&first))).await;
    told.extend(ids(&second));
    let third = page(&format!("?limit=2&cursor={}", cursor(&second))).await;
    told.extend(ids(&third));
    assert_eq!((told, &third["next_cursor"]), (ids(&whole)[..4].to_vec(), &Value::Null));
    // All that came after the cursor is gone: an empty last page.
    for _ in 0..6 {
        node.trade(25_000, 1).await;
    }
    node.market_caught_up().await;
    let gone = page(&format!("?cursor={}", cursor(&second))).await;
    assert_eq!((&gone["items"], &gone["next_cursor"]), (&json!([]), &Value::Null));
    for bad in ["x", "%21", "b3BlbgAAAAAAAAAB", "dHJhZGVzAA"] {
        let (status, body) = node.get(&format!("/v1/instruments/7203/trades?cursor={bad}")).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("invalid_cursor")), "{bad}");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn market_reads_refuse_what_they_do_not_know() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    for (path, status, code) in [
        ("/v1/instruments/NONE/book", 404, "unknown_instrument"),
        ("/v1/instruments/NONE/trades", 404, "unknown_instrument"),
        ("/v1/instruments/NONE/candles", 404, "unknown_instrument"),
        ("/v1/tickers?symbol=NONE", 404, "unknown_instrument"),
        ("/v1/instruments/7203/book?levels=0", 400, "invalid_parameter"),
        ("/v1/instruments/7203/book?levels=1001", 400, "invalid_parameter"),
        ("/v1/instruments/7203/book?levels=-1", 400, "invalid_parameter"),
        ("/v1/instruments/7203/book?levels=x", 400, "invalid_parameter"),
        ("/v1/instruments/7203/book?depth=5", 400, "invalid_parameter"),
        ("/v1/instruments/7203/trades?limit=99999999999999999999", 400, "invalid_parameter"),
        ("/v1/instruments/7203/candles?interval=2m", 400, "invalid_parameter"),
        ("/v1/instruments/7203/candles?limit=0", 400, "invalid_parameter"),
    ] {
        let (got, body) = node.get(path).await;
        assert_eq!((got, &body["error"]["code"]), (status, &json!(code)), "{path}: {body}");
    }
    assert_eq!(node.get("/v1/instruments/7203/book").await.0, 200);
    node.stop().await;
}
