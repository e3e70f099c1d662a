//! What clients hear when the platform cannot take their orders: in each case whether the
//! order was sequenced is said, never guessed.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use reqwest::Method;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use zaraba::intake::gate::Gate;
use zaraba::intake::{admin, http};
use zaraba::platform::Platform;

use super::world::{TOKEN, World, answer, tokens};

/// The same platform behind another gate, on a port of its own.
fn behind(world: &World, gate: Gate) -> (SocketAddr, CancellationToken) {
    let platform = Platform { gate, ..world.platform.clone() };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(http::serve(platform, listener, stop.clone()));
    (address, stop)
}

#[tokio::test(flavor = "multi_thread")]
async fn full_stopped_and_lost_are_told_apart() {
    // How long an answer is waited for that never comes.
    let world = World::with(|config| config.http.request_seconds = 2).await;
    let alice = world.trader("alice").await;
    let (gate, queue, stopped) = Gate::new(1, 1000);
    let (address, stop) = behind(&world, gate);
    let place = || {
        let body = serde_json::to_vec(&world.good()).unwrap();
        let mut request = world.client.post(format!("http://{address}/v1/orders"));
        for (name, value) in alice.headers(world.time(), "POST", "/v1/orders", &body) {
            request = request.header(name, value);
        }
        answer(request.header("content-type", "application/json").body(body))
    };
    // The only place in the queue is taken by an order that is never answered.
    let waiting = tokio::spawn(place());
    while queue.is_empty() {
        tokio::task::yield_now().await;
    }
    let full = place().await;
    assert_eq!((full.status.as_u16(), full.code()), (503, "busy"));
    assert_eq!(full.headers["retry-after"], "1");
    // The journal fails: what was in flight is dropped unanswered.
    drop(queue.recv().unwrap());
    let lost = waiting.await.unwrap();
    assert_eq!((lost.status.as_u16(), lost.code()), (503, "outcome_unknown"));
    assert!(!lost.headers.contains_key("retry-after"));
    // No answer in time is no answer either.
    let silent = place().await;
    assert_eq!(silent.code(), "outcome_unknown");
    stopped.store(true, Ordering::Release);
    let closed = place().await;
    assert_eq!((closed.status.as_u16(), closed.code()), (503, "unavailable"));
    stop.cancel();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_rate_of_all_clients_orders_are_busy_and_cancels_pass() {
    let world = World::with(|config| config.intake.commands_per_second = 1).await;
    let traders = [world.trader("alice").await, world.trader("bob").await];
    let mut placed = Vec::new();
    // Some may come in as many seconds; in the end two come in one.
    let mut turns = traders.iter().cycle();
    let full = loop {
        let by = turns.next().unwrap();
        let answer = world.place(by, &world.good()).await;
        if answer.status != 201 {
            break answer;
        }
        placed.push((by, answer.text("order_id").to_owned()));
    };
    assert_eq!((full.status.as_u16(), full.code()), (503, "busy"));
    assert_eq!(full.headers["retry-after"], "1");
    assert!(full.body["error"]["details"].is_null(), "nothing was sequenced");
    assert!(!placed.is_empty());
    for (by, order) in placed {
        let path = format!("/v1/orders/{order}");
        let cancelled = world.call(by, Method::DELETE, &path, None).await;
        assert_eq!(cancelled.status, 200);
    }
    // The back office is no client.
    for _ in 0..3 {
        let halted = json!({"status": "halted", "reason": "test"});
        let done = world.admin(Method::POST, "/instruments/7203/status", Some(halted)).await;
        assert_eq!(done.status, 200);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_of_the_state_are_refusals() {
    // The system's four, alice and bob.
    let world = World::with(|config| config.engine.accounts = 6).await;
    let one_more = world.admin(Method::POST, "/accounts", Some(json!({"code": "carol"}))).await;
    assert_eq!((one_more.status.as_u16(), one_more.code()), (503, "capacity_exhausted"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_keys_cannot_be_made_and_that_is_said() {
    let world = World::start().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let tokens = tokens(world.dir.path());
    tokio::spawn(admin::serve(world.real_platform(), tokens, listener, stop.clone()));
    let url = format!("http://{address}/admin/v1/accounts/alice/keys");
    let request = world.client.post(url).bearer_auth(TOKEN).header("x-actor", "tester");
    let body = json!({"scopes": ["read"], "reason": "test"});
    let refused = answer(request.header("x-request-id", "k-1").json(&body)).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "key_store_unavailable"));
    stop.cancel();
    world.stop().await;
}
