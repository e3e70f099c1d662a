//! Private channels: each account sees its own and only its own; a resume tells what was
//! missed, exactly once, before what comes.

use std::collections::HashSet;

use serde_json::{Value, json};
use zaraba::auth::Scope;
use zaraba_engine::types::*;

use super::node::{BUYER, Node, SELLER, Stream, config};

pub const ALL: [&str; 3] = ["orders", "fills", "balances"];

/// The place of a private event.
pub fn place(message: &Value) -> (u64, u64) {
    (message["seq"].as_u64().unwrap(), message["ordinal"].as_u64().unwrap())
}

pub fn is_private(message: &Value) -> bool {
    matches!(message["type"].as_str(), Some("order" | "fill" | "fill_correction" | "balance"))
}

/// Private events until everything up to `seq` was told; they must ascend strictly.
pub async fn read_to(stream: &mut Stream, seq: Seq, into: &mut Vec<Value>) {
    while into.last().is_none_or(|last| place(last).0 < seq.0) {
        let message = stream.next().await;
        if is_private(&message) {
            assert!(into.last().is_none_or(|last| place(last) < place(&message)), "{message}");
            into.push(message);
        }
    }
    // The last command's events are still coming: its balances end them.
    into.extend(stream.collect().await.into_iter().filter(is_private));
}

/// Orders, cancels and trades of the buyer; the sequence of the last thing that concerned it.
pub async fn activity(node: &Node, rounds: i64) -> Seq {
    let mut last = Seq(0);
    for round in 0..rounds {
        let taken = node.trade(25_000 + 5 * (round % 7), 2 + round % 3).await;
        if round % 4 == 1 {
            // To another price, or taken back.
            node.correct(&taken, if round % 8 == 1 { 24_000 } else { 0 }).await;
        }
        let resting = node.place(BUYER, Side::Buy, 20_000 + 5 * round, 10).await;
        let Some(zaraba_engine::Event::Accepted { order, .. }) = resting.events().first() else {
            panic!("{:?}", resting.events());
        };
        let order = *order;
        if round % 2 == 0 {
            node.place(SELLER, Side::Sell, 20_000, 4).await;
        }
        let receipt = node.cancel(BUYER, order).await;
        last = receipt.step().seq;
    }
    last
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_sees_each_change_of_its_own_orders_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let buyer = node.key("buyer", &[Scope::Read]).await;
    let mut stream = node.connect_as(&buyer).await;
    stream.subscribe(&ALL).await;
    node.place(SELLER, Side::Sell, 25_000, 5).await;
    let receipt = node.place(BUYER, Side::Buy, 25_000, 8).await;
    let seq = receipt.step().seq;
    let order = node.platform.live.open_orders(BUYER)[0];
    let mut told = Vec::new();
    read_to(&mut stream, seq, &mut told).await;

    let short = |message: &Value| {
        let data = &message["data"];
        match message["type"].as_str().unwrap() {
            "order" => format!("order {} {}", data["status"], data["filled_quantity"]),
            "fill" => format!("fill {} {} {}", data["price"], data["quantity"], data["fee"]),
            _ => format!("balance {}", data["asset"]),
        }
        .replace('"', "")
    };
    let shorts: Vec<String> = told.iter().map(short).collect();
    assert_eq!(
        shorts,
        [
            "order open 0",
            "order partially_filled 5",
            // 5 x 2,500 yen x 300 ppm.
            "fill 2500.0 5 3.7500",
            "balance JPY",
            "balance 7203",
        ]
    );
    assert!(told.iter().all(|message| message["seq"] == seq.0));
    let fill = &told[2]["data"];
    assert_eq!((&fill["liquidity"], &fill["side"]), (&json!("taker"), &json!("buy")));
    assert_eq!(fill["order_id"], order.order.to_string());
    let [yen, _] = node.platform.live.balances(BUYER)[..] else { panic!("two balances") };
    let locked = told[3]["data"]["locked"].as_str().unwrap().replace('.', "");
    assert_eq!(locked.parse::<i64>().unwrap(), yen.locked.0);

    // Only what is subscribed.
    let unsubscribe = json!({"op": "unsubscribe", "channels": ["fills", "balances"]});
    stream.send(&unsubscribe).await;
    assert_eq!(stream.next().await["type"], "unsubscribed");
    let receipt = node.cancel(BUYER, order.order).await;
    let cancelled = stream.next().await;
    assert_eq!(
        (&cancelled["type"], &cancelled["seq"]),
        (&json!("order"), &json!(receipt.step().seq.0))
    );
    assert_eq!(cancelled["data"]["status"], "cancelled");
    assert_eq!(cancelled["data"]["remaining_quantity"], "0");
    node.place(SELLER, Side::Sell, 26_000, 5).await;
    node.market_caught_up().await;
    assert_eq!(stream.collect().await, Vec::<Value>::new());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_from_memory_tells_what_was_missed_exactly_once_before_what_comes() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let buyer = node.key("buyer", &[Scope::Read]).await;
    // The witness sees everything without interruption.
    let mut witness = node.connect_as(&buyer).await;
    witness.subscribe(&ALL).await;
    let mut expected = Vec::new();

    let mut first = node.connect_as(&buyer).await;
    first.subscribe(&ALL).await;
    let seq = activity(&node, 5).await;
    let mut told = Vec::new();
    read_to(&mut first, seq, &mut told).await;
    // It goes away in the middle of a command's events.
    let cut = told.len() - 1;
    told.truncate(cut);
    drop(first);
    activity(&node, 20).await;

    // It comes back while things go on.
    let mut second = node.connect_as(&buyer).await;
    let (seq, ordinal) = place(&told[cut - 1]);
    let resume = json!({"op": "resume", "seq": seq, "ordinal": ordinal, "channels": ALL, "id": 9});
    let going_on = activity(&node, 20);
    let (last, _) = tokio::join!(going_on, second.send(&resume));
    let mut resumed = None;
    while told.last().is_none_or(|last_told| place(last_told).0 < last.0) {
        let message = second.next().await;
        if is_private(&message) {
            told.push(message);
        } else if message["type"] == "resumed" {
            assert!(resumed.is_none());
            resumed = Some((message, told.len()));
        }
    }
    told.extend(second.collect().await.into_iter().filter(is_private));
    read_to(&mut witness, last, &mut expected).await;
    assert_eq!(told, expected);
    let places: HashSet<_> = told.iter().map(place).collect();
    assert_eq!(places.len(), told.len());
    let (resumed, at) = resumed.expect("the end of the replay is told");
    assert_eq!((&resumed["id"], &resumed["count"]), (&json!(9), &json!(at - cut)));

    // Asked again, nothing comes twice.
    second.send(&json!({"op": "resume", "seq": seq, "ordinal": ordinal})).await;
    let again = second.next().await;
    assert_eq!((&again["type"], &again["count"]), (&json!("resumed"), &json!(0)));

    // Subscribed first, resumed later: what was missed before, once.
    let mut third = node.connect_as(&buyer).await;
    third.subscribe(&ALL).await;
    let newest = activity(&node, 3).await;
    let mut later = Vec::new();
    read_to(&mut third, newest, &mut later).await;
    // From the very beginning: the ring holds everything since the platform began.
    let beginning = node.platform.market.beginning().seq.0;
    third.send(&json!({"op": "resume", "seq": beginning})).await;
    let mut all = Vec::new();
    loop {
        let message = third.next().await;
        if message["type"] == "resumed" {
            break;
        }
        assert!(is_private(&message), "{message}");
        all.push(message);
    }
    all.extend(later);
    read_to(&mut witness, newest, &mut expected).await;
    let tail = &all[all.len() - expected.len()..];
    assert_eq!(tail, expected);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_neither_memory_nor_database_has_is_refused_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.stream.resume_events = 100;
    let node = Node::start(config).await;
    let buyer = node.key("buyer", &[Scope::Read]).await;
    let seq = activity(&node, 20).await;
    node.market_caught_up().await;
    let mut stream = node.connect_as(&buyer).await;
    stream.send(&json!({"op": "resume", "seq": 3, "channels": ["orders"], "id": "r"})).await;
    assert_eq!(stream.next().await["type"], "subscribed");
    let error = stream.next().await;
    assert_eq!((&error["code"], &error["id"]), (&json!("resume_unavailable"), &json!("r")));
    assert!(error["message"].as_str().unwrap().contains("after 3 "), "{error}");
    // Live events follow as usual.
    let next = activity(&node, 1).await;
    assert!(next > seq);
    let mut told = Vec::new();
    while told.last().is_none_or(|message: &Value| place(message).0 < next.0) {
        told.push(stream.next().await);
    }
    assert!(told.iter().all(|message| message["type"] == "order" && place(message).0 > seq.0));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_accounts_are_told_that_their_trade_was_corrected() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let mut streams = Vec::new();
    for account in ["buyer", "seller"] {
        let mut stream = node.connect_as(&node.key(account, &[Scope::Read]).await).await;
        stream.subscribe(&["fills", "balances"]).await;
        streams.push(stream);
    }
    let taken = node.trade(25_000, 4).await;
    let corrected = node.correct(&taken, 24_000).await.step().seq;
    let busted = {
        let again = node.trade(25_000, 2).await;
        node.correct(&again, 0).await.step().seq
    };
    let sides = [("buy", "2.8800"), ("sell", "-0.9600")];
    for (stream, (side, fee)) in streams.iter_mut().zip(sides) {
        let mut told = Vec::new();
        read_to(stream, busted, &mut told).await;
        let fill = told.iter().find(|message| message["type"] == "fill").unwrap();
        let changed: Vec<_> =
            told.iter().filter(|message| message["type"] == "fill_correction").collect();
        assert_eq!(changed.len(), 2, "{told:?}");
        let expected = json!({"trade_id": fill["data"]["trade_id"], "correction": 1,
            "symbol": "7203", "side": side, "price": "2400.0", "quantity": "4", "fee": fee,
            "fee_asset": "JPY", "busted": false, "time": changed[0]["data"]["time"],
            "seq": corrected.0});
        assert_eq!(changed[0]["data"], expected);
        assert_eq!(
            (&changed[1]["data"]["busted"], &changed[1]["data"]["quantity"]),
            (&json!(true), &json!("0"))
        );
        // What it moved comes right after it.
        let at = told.iter().position(|message| place(message).0 == corrected.0).unwrap();
        assert_eq!(told[at + 1]["type"], "balance");
    }
    node.stop().await;
}
