//! Pings, silence, clients that take no bytes, and a server that stops.

use std::net::TcpListener;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use zaraba::intake::http;
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
    let enough = CancellationToken::new();
    let told = enough.clone();
    let reading = tokio::spawn(async move {
        let mut pings = 0;
        loop {
            let frame = tokio::select! {
                frame = tokio::time::timeout(PATIENCE, alive.socket.next()) => frame,
                () = told.cancelled() => break (alive, pings),
            };
            let frame = frame.expect("the server pings").expect("open").expect("no error");
            assert!(matches!(frame, Message::Ping(_)), "{frame}");
            pings += 1;
        }
    });
    while node.platform.market.clients() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ending(&mut silent).await, (json!("idle"), Some(4009)));
    enough.cancel();
    let (mut alive, pings) = reading.await.unwrap();
    assert!(pings > 0, "it was asked and answered meanwhile");
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
    sell_until(&node, || dropped() > before).await;
    while node.platform.market.clients() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn little_is_kept_by_the_kernel_for_a_client_that_does_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(dir.path());
    config.stream.write_seconds = 1;
    config.stream.client_queue = 1 << 20;
    let mut node = Node::start(config).await;
    // Through the real door, which has the bound.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    node.address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let door = tokio::spawn(http::serve(node.platform.clone(), listener, stop.clone()));
    let mut stuck = node.connect_narrow().await;
    stuck.subscribe(&["depth:7203", "trades:7203", "ticker:7203"]).await;
    let dropped = || {
        let by = |reason| METRICS.drops.with_label_values(&[reason]).get();
        by("write_timeout") + by("too_slow")
    };
    let before = dropped();
    sell_until(&node, || node.platform.market.clients() == 0).await;
    assert!(dropped() > before);
    // What had been written for it by then.
    let (mut kept, mut bytes) = (0, vec![0; 1 << 16]);
    loop {
        let read = stuck.socket.get_mut().read(&mut bytes);
        match tokio::time::timeout(PATIENCE, read).await.expect("the connection ends") {
            Ok(0) | Err(_) => break,
            Ok(read) => kept += read,
        }
    }
    assert!((1..=1 << 20).contains(&kept), "{kept} bytes were on their way");
    stop.cancel();
    door.await.unwrap().unwrap();
    node.stop().await;
}

/// Sells at ever higher prices until `done`: wide differences, which fill buffers.
async fn sell_until(node: &Node, done: impl Fn() -> bool) {
    let mut price = 5;
    while !done() {
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
