//! Pings, silence, clients that take no bytes, and a server that stops.

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use zaraba::market::metrics::METRICS;
use zaraba_engine::types::*;

use super::inputs::ending;
use super::node::{Node, PATIENCE, SELLER, config};

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_pings_stays_and_who_is_silent_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.stream.ping_seconds = 1;
    config.stream.idle_seconds = 3;
    let node = Node::start(config).await;
    let mut silent = node.connect().await;
    let mut alive = node.connect().await;
    // The client library answers pings only while it reads.
    let reading = tokio::spawn(async move {
        for _ in 0..6 {
            let frame = tokio::time::timeout(PATIENCE, alive.socket.next()).await;
            let frame = frame.expect("the server pings").expect("open").expect("no error");
            assert!(matches!(frame, Message::Ping(_)), "{frame}");
        }
        alive
    });
    while node.platform.market.clients() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ending(&mut silent).await, (json!("idle"), Some(4009)));
    let mut alive = reading.await.unwrap();
    alive.send(&json!({"op": "ping"})).await;
    assert_eq!(alive.until("pong").await["type"], "pong");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_no_bytes_is_dropped_by_the_write_clock() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.stream.write_seconds = 1;
    config.stream.client_queue = 1 << 20;
    let node = Node::start(config).await;
    let mut stuck = node.connect_narrow().await;
    stuck.subscribe(&["depth:7203"]).await;
    let dropped = || METRICS.drops.with_label_values(&["write_timeout"]).get();
    let before = dropped();
    // Wide differences fill the kernel's buffers.
    let mut price = 5;
    while dropped() == before {
        assert!(price < 5_000_000, "never dropped");
        let answers: Vec<_> = (0..2_000)
            .map(|_| {
                price += 5;
                let order = node.order(SELLER, Side::Sell, 30_000 + price, 1);
                node.platform.gate.enqueue(order).unwrap()
            })
            .collect();
        for answer in answers {
            answer.await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    while node.platform.market.clients() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let mut stream = node.connect().await;
    stream.subscribe(&["trades:7203"]).await;
    node.platform.market.stop();
    assert_eq!(ending(&mut stream).await, (json!("shutdown"), Some(1001)));
    node.stop().await;
}
