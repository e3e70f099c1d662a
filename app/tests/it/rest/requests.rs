//! Changes of the admin API are done once, and previews tell what they would do.

use reqwest::Method;
use serde_json::{Value, json};

use super::world::{TOKEN, World, answer};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_first_answer_and_does_nothing() {
    let world = World::start().await;
    let seq = || world.platform.live.seq();
    let body = json!({"code": "carol", "reason": "new customer"});
    let first = world.change("r-1", "/accounts", &body).await;
    assert_eq!((first.status.as_u16(), first.headers.get("x-repeated")), (201, None));
    let after = seq();
    let again = world.change("r-1", "/accounts", &body).await;
    assert_eq!((again.status.as_u16(), &again.body), (201, &first.body));
    assert_eq!(again.headers["x-repeated"], "true");
    assert_eq!(seq(), after);
    // Another body, path or person under the same id is another request.
    let other = json!({"code": "carol", "reason": "another"});
    assert_eq!(world.change("r-1", "/accounts", &other).await.code(), "request_id_reused");
    assert_eq!(world.change("r-1", "/assets", &body).await.code(), "request_id_reused");
    // A refusal of the engine stands; what did not get that far can be put right.
    let status = "/accounts/carol/status";
    let bad = json!({"status": "sleepy", "reason": "x"});
    assert_eq!(world.change("r-2", status, &bad).await.code(), "invalid_value");
    let good = json!({"status": "suspended", "reason": "x"});
    assert_eq!(world.change("r-2", status, &good).await.status, 200);
    let gone = json!({"kind": "withdraw", "asset": "JPY", "amount": "5", "reference": "w",
        "reason": "x"});
    let path = "/accounts/carol/transfers";
    assert_eq!(world.change("r-3", path, &gone).await.code(), "account_suspended");
    let active = json!({"status": "active", "reason": "x"});
    assert_eq!(world.change("r-4", status, &active).await.status, 200);
    let stands = world.change("r-3", path, &gone).await;
    assert_eq!(
        (stands.code(), &stands.headers["x-repeated"]),
        ("account_suspended", &"true".parse().unwrap())
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_one() {
    let world = World::start().await;
    let body = json!({"kind": "deposit", "asset": "JPY", "amount": "7", "reference": "once",
        "reason": "x"});
    let before = world.platform.live.seq();
    let calls = (0..16).map(|_| world.change("same", "/accounts/alice/transfers", &body));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| answer.status == 201), "{answers:?}");
    assert_eq!(world.platform.live.seq().0, before.0 + 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_says_who_and_which_request() {
    let world = World::start().await;
    let url = format!("http://{}/admin/v1/accounts", world.admin);
    let long = "x".repeat(65);
    let cases: [(&str, &str, &str, &str, &str); 7] = [
        ("", "", "r", "missing_field", "x-actor"),
        (&long, "", "r", "invalid_value", "x-actor"),
        ("eve", "eve", "r", "same_person", "x-approver"),
        ("eve", &long, "r", "invalid_value", "x-approver"),
        ("eve", "", "", "missing_field", "x-request-id"),
        ("eve", "", &long, "invalid_value", "x-request-id"),
        ("eve", "", "a b", "invalid_value", "x-request-id"),
    ];
    for (actor, approver, request, code, field) in cases {
        let call = world.client.post(&url).bearer_auth(TOKEN);
        let call = call.header("x-actor", actor).header("x-approver", approver);
        let call = call.header("x-request-id", request);
        let got = answer(call.json(&json!({"code": "new", "reason": "r"}))).await;
        let found = (got.code(), got.body["error"]["field"].as_str());
        assert_eq!(found, (code, Some(field)), "{actor} {approver} {request}");
    }
    for (reason, code) in [
        (json!(null), "missing_field"),
        (json!(""), "invalid_value"),
        (json!("  "), "invalid_value"),
        (json!("a\u{0}b"), "invalid_value"),
        (json!("理".repeat(86)), "invalid_value"),
        (json!(7), "invalid_type"),
    ] {
        let body = json!({"code": "new", "reason": reason});
        assert_eq!(world.change(&world.id(), "/accounts", &body).await.code(), code, "{reason}");
    }
    let body = json!({"code": "new", "reason": "理".repeat(85)});
    let call = world.client.post(&url).bearer_auth(TOKEN).header("x-request-id", "日".len());
    let call = call.header("x-actor", "鈴木".as_bytes()).header("x-approver", "佐藤".as_bytes());
    assert_eq!(answer(call.json(&body)).await.status, 201);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mass_cancel_is_told_before_and_then_does_just_that() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    for (by, price) in [(&alice, "2000"), (&alice, "2100"), (&bob, "2100"), (&bob, "2200")] {
        let order = json!({"client_order_id": world.id(), "symbol": "7203", "side": "buy",
            "type": "limit", "quantity": "100", "price": price});
        assert_eq!(world.place(by, &order).await.status, 201);
    }
    let preview = |which: Value| world.admin(Method::POST, "/orders/cancel/preview", Some(which));
    let all = preview(json!({})).await;
    assert_eq!((&all.body["orders"], &all.body["accounts"]), (&json!(4), &json!(2)), "{all:?}");
    assert_eq!(all.body["instruments"][0]["notional"], "840000.0");
    assert_eq!(all.body["instruments"][0]["buy_quantity"], "400");
    let better = json!({"symbol": "7203", "side": "buy", "price": "2100"});
    let told = preview(better.clone()).await;
    assert_eq!((&told.body["orders"], &told.body["complete"]), (&json!(3), &json!(true)));
    let of_bob = preview(json!({"account": "bob"})).await;
    assert_eq!(of_bob.body["orders"], 2);
    assert_eq!(preview(json!({"price": "2100"})).await.code(), "missing_field");
    assert_eq!(preview(json!({"session": "none"})).await.code(), "not_found");
    let done = world.admin(Method::POST, "/orders/cancel", Some(better)).await;
    assert_eq!(done.body["cancelled"], 3, "{done:?}");
    assert_eq!(preview(json!({})).await.body["orders"], 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_after_a_movement_are_told_before() {
    let world = World::start().await;
    let seq = world.platform.live.seq();
    let preview = |kind: &str, amount: &str| {
        let body = json!({"kind": kind, "asset": "JPY", "amount": amount, "reference": "p"});
        world.admin(Method::POST, "/accounts/alice/transfers/preview", Some(body))
    };
    let told = preview("withdraw", "400").await;
    assert_eq!(told.body["before"]["total"], "1000000000.0000", "{told:?}");
    assert_eq!(told.body["after"]["total"], "999999600.0000");
    assert_eq!(
        (&told.body["refusal"], &told.body["other"]["account"]),
        (&Value::Null, &json!("outside"))
    );
    let short = preview("withdraw", "1000000001").await;
    assert_eq!(short.body["refusal"], "insufficient_funds");
    assert_eq!(preview("deposit", "0").await.body["refusal"], "invalid_amount");
    let house = preview("adjust", "5").await;
    assert_eq!(house.body["refusal"], "insufficient_funds", "the house has nothing: {house:?}");
    assert_eq!(world.platform.live.seq(), seq, "a preview changes nothing");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn anchors_are_taken_and_a_stopped_session_is_refused() {
    let world = World::start().await;
    let hash = "ab".repeat(32);
    let body = json!({"what": "audit", "count": 12, "hash": hash});
    let anchor = world.admin(Method::POST, "/anchors", Some(body)).await;
    assert_eq!((anchor.status.as_u16(), anchor.text("hash")), (201, hash.as_str()), "{anchor:?}");
    for (field, value) in [
        ("hash", json!("AB".repeat(32))),
        ("hash", json!("ab")),
        ("count", json!(-1)),
        ("what", json!("a b")),
    ] {
        let mut body = json!({"what": "audit", "count": 12, "hash": hash});
        body[field] = value;
        let got = world.admin(Method::POST, "/anchors", Some(body)).await;
        assert_eq!(got.code(), "invalid_value", "{got:?}");
    }
    // Without the database, which alone knows a key's orders, the session is stopped all the
    // same, and that its orders may be open is said.
    let alice = world.trader("alice").await;
    assert_eq!(world.place(&alice, &world.good()).await.status, 201);
    let key = world.platform.keys.of_account("alice")[0].api_key.clone();
    let body = json!({"scope": {"session": key}, "on": true});
    let stop = world.admin(Method::POST, "/kill-switches", Some(body)).await;
    assert_eq!((stop.status.as_u16(), &stop.body["more"]), (200, &json!(true)), "{stop:?}");
    assert_eq!(world.place(&alice, &world.good()).await.code(), "kill_switch");
    let shown = world.admin(Method::GET, "/kill-switches", None).await;
    assert_eq!(shown.body["items"][0]["session"], json!(key), "{shown:?}");
    world.stop().await;
}
