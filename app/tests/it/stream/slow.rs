//! A client that stops reading costs others nothing and is dropped with a reason.

use std::time::Duration;

use serde_json::Value;
use zaraba::market::metrics::METRICS;
use zaraba_engine::types::*;

use super::node::{BUYER, End, Node, SELLER, Stream, config};

fn trade_ids(message: &Value) -> Vec<u64> {
    let items = message["items"].as_array().unwrap();
    items.iter().map(|trade| trade["trade_id"].as_str().unwrap().parse().unwrap()).collect()
}

/// Reads trades until number `to` has come; every number after `from` must come once, in
/// order.
async fn read_trades(stream: &mut Stream, from: u64, to: u64) {
    let mut seen = from;
    while seen < to {
        let message = stream.next().await;
        if message["type"] == "trades" {
            for id in trade_ids(&message) {
                assert_eq!(id, seen + 1);
                seen = id;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_stops_reading_is_dropped_and_others_see_everything() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.stream.client_queue = 64;
    config.stream.write_seconds = 300;
    let node = Node::start(config).await;
    let channels = ["trades:7203", "depth:7203", "ticker:7203", "candles:7203:1m"];
    let mut slow = node.connect_narrow().await;
    slow.subscribe(&channels).await;
    let mut good = node.connect().await;
    good.subscribe(&channels).await;
    // Both are there for all of it.
    assert_eq!(node.platform.market.clients(), 2);

    let dropped = || METRICS.drops.with_label_values(&["too_slow"]).get();
    let before = dropped();
    let mut trades = 0;
    // The slow client's kernel and ours take in some megabytes before its queue fills.
    while dropped() == before {
        assert!(trades < 2_000_000, "the client that does not read is never dropped");
        let orders: Vec<_> = (0..2_000)
            .map(|_| {
                trades += 1;
                let sell = node.order(SELLER, Side::Sell, 25_000, 1);
                let buy = node.order(BUYER, Side::Buy, 25_000, 1);
                let gate = &node.platform.gate;
                [gate.enqueue(sell).unwrap(), gate.enqueue(buy).unwrap()]
            })
            .collect();
        // Every order is acknowledged, whatever the stream does.
        for order in orders.into_iter().flatten() {
            order.await.unwrap();
        }
        // The good one reads as it comes.
        node.market_caught_up().await;
        read_trades(&mut good, trades - 2_000, trades).await;
    }
    assert!(METRICS.conflations.get() > 0, "depth of the slow client was conflated first");

    // What it is told, when it reads again: trades without a gap, then why it was dropped.
    let (mut seen, mut last) = (0, Value::Null);
    let frame = loop {
        match slow.next_or_end().await {
            End::Closed(frame) => break frame,
            End::Message(message) => {
                if message["type"] == "trades" {
                    for id in trade_ids(&message) {
                        assert_eq!(id, seen + 1);
                        seen = id;
                    }
                }
                last = message;
            }
        }
    };
    assert!(seen < trades);
    assert_eq!(last["code"], "too_slow", "{last}");
    assert_eq!(u16::from(frame.unwrap().code), 4008);

    // The place is free again, and the good client goes on.
    while node.platform.market.clients() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    node.trade(25_000, 1).await;
    read_trades(&mut good, trades, trades + 1).await;
    node.stop().await;
}
