//! Every kind of order as JSON: what is read, what is told apart, and how a mistake is named.

use reqwest::Method;
use serde_json::{Value, json};

use super::world::World;

/// A limit order for `7203` with these fields put in (null: taken out).
fn order(world: &World, fields: Value) -> Value {
    let mut order = world.good();
    for (field, value) in fields.as_object().unwrap() {
        if value.is_null() {
            order.as_object_mut().unwrap().remove(field);
        } else {
            order[field] = value.clone();
        }
    }
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_of_kinds_name_their_field() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let child = |fields: Value| {
        let mut child = json!({"client_order_id": "child", "side": "sell", "type": "limit",
            "price": "2600"});
        for (field, value) in fields.as_object().unwrap() {
            if value.is_null() {
                child.as_object_mut().unwrap().remove(field);
            } else {
                child[field] = value.clone();
            }
        }
        json!({ "if_done": child })
    };
    let odd = |fields: Value| {
        let mut odd = json!({"odd_lot": "batch", "type": "market", "price": null, "quantity": "7"});
        odd.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        odd
    };
    let cases: Vec<(Value, &str, &str)> = vec![
        (json!({"type": "stop", "price": null}), "missing_field", "stop_price"),
        (json!({"type": "stop", "stop_price": "2600"}), "invalid_price", "price"),
        (
            json!({"type": "stop_limit", "stop_price": "2600", "price": null}),
            "missing_field",
            "price",
        ),
        (json!({"type": "stop_limit", "stop_price": "0"}), "invalid_trigger", "stop_price"),
        (
            json!({"type": "take_profit_limit", "stop_price": "1.05"}),
            "invalid_trigger",
            "stop_price",
        ),
        (json!({"time_in_force": "gtd"}), "missing_field", "expires_on"),
        (
            json!({"time_in_force": "day", "expires_on": "2026-12-30"}),
            "invalid_expiry",
            "expires_on",
        ),
        (json!({"oco": {}}), "missing_field", "oco.stop_price"),
        (json!({"oco": {"stop_price": 2600}}), "invalid_type", "oco.stop_price"),
        (json!({"oco": {"stop_price": "2600", "price": "0"}}), "invalid_price", "oco.price"),
        (
            json!({"type": "market", "price": null, "oco": {"stop_price": "2600"}}),
            "invalid_trigger",
            "oco.stop_price",
        ),
        (json!({"quantity": null, "quote_amount": "1000"}), "invalid_value", "quote_amount"),
        (
            json!({"type": "market", "price": null, "quantity": null, "quote_amount": "0"}),
            "invalid_amount",
            "quote_amount",
        ),
        (child(json!({"client_order_id": null})), "missing_field", "if_done.client_order_id"),
        (child(json!({"price": null})), "missing_field", "if_done.price"),
        (child(json!({"side": "long"})), "invalid_value", "if_done.side"),
        (child(json!({"oco": {"stop_price": "x"}})), "invalid_trigger", "if_done.oco.stop_price"),
        (json!({"oco": {"stop_price": "2600", "until": "noon"}}), "unknown_field", "oco.until"),
        (json!({"oco": ["2600", null]}), "invalid_type", "oco"),
        (child(json!({"oco": {"price": "1", "pirce": "1"}})), "unknown_field", "if_done.oco.pirce"),
        (json!({"if_done": "later"}), "invalid_type", "if_done"),
        (json!({"short_sale": "short"}), "invalid_condition", "short_sale"),
        (json!({"condition": "closing"}), "invalid_condition", "condition"),
        (
            json!({"type": "market", "price": null, "quantity": null, "quote_amount": "1"}),
            "below_min_quantity",
            "quote_amount",
        ),
        (
            json!({"client_order_id": "twice", "if_done": child(json!({"client_order_id": "twice"}))["if_done"]}),
            "invalid_client_order_id",
            "if_done.client_order_id",
        ),
        (odd(json!({"time_in_force": "day"})), "unsupported_value", "time_in_force"),
        (odd(json!({"type": "limit", "price": "2500"})), "unsupported_value", "type"),
        (odd(json!({"if_done": child(json!({}))["if_done"]})), "unsupported_value", "if_done"),
        (odd(json!({"odd_lot": "principal", "type": "stop"})), "unsupported_value", "stop_price"),
        (odd(json!({"quantity": null})), "missing_field", "quantity"),
        (odd(json!({"odd_lot": "principal", "type": "limit"})), "missing_field", "price"),
    ];
    for (fields, code, field) in cases {
        let answer = world.place(&alice, &order(&world, fields.clone())).await;
        let error = &answer.body["error"];
        assert_eq!((answer.code(), error["field"].as_str()), (code, Some(field)), "{fields}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_following_orders_id_that_is_taken_is_named_with_the_order_that_has_it() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let first = world.place(&alice, &world.good()).await;
    let taken = first.text("client_order_id");
    let follows =
        json!({"client_order_id": taken, "side": "sell", "type": "limit", "price": "2600"});
    let answer = world.place(&alice, &order(&world, json!({ "if_done": follows }))).await;
    let error = &answer.body["error"];
    assert_eq!((answer.status.as_u16(), answer.code()), (409, "duplicate_client_order_id"));
    assert_eq!(error["field"], "if_done.client_order_id");
    assert_eq!(error["details"]["order"]["order_id"], first.body["order_id"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_odd_lot_desk_takes_nothing() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let odd = order(
        &world,
        json!({"odd_lot": "principal", "type": "market", "price": null, "quantity": "7"}),
    );
    let refused = world.place(&alice, &odd).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "odd_lot_unavailable"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_tells_every_field_of_its_kind() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let placed = world.place(&alice, &world.good()).await;
    let nulls = [
        "close_reason",
        "stop_price",
        "trigger_when",
        "oco",
        "expires_on",
        "parent_order_id",
        "child_order_id",
        "quote_amount",
        "odd_lot",
    ];
    for field in nulls {
        assert_eq!(placed.body.get(field), Some(&Value::Null), "{field}");
    }
    for field in ["condition", "self_trade_prevention", "short_sale"] {
        assert_eq!(placed.text(field), "none", "{field}");
    }
    assert_eq!(placed.text("prevented_quantity"), "0");
    let path = format!("/v1/orders/{}", placed.text("order_id"));
    let cancelled = world.call(&alice, Method::DELETE, &path, None).await;
    assert_eq!(cancelled.text("close_reason"), "cancelled");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instrument_tells_how_it_stands() {
    let world = World::start().await;
    let found = reqwest::get(format!("http://{}/v1/instruments/7203", world.public));
    let found: Value = found.await.unwrap().json().await.unwrap();
    assert_eq!(found["phase"], "continuous");
    for field in ["phase_until", "halt_reason", "quote", "listed_shares"] {
        assert_eq!(found.get(field), Some(&Value::Null), "{field}");
    }
    assert_eq!(found["halts"], json!([]));
    for field in ["killed", "short_restricted", "session_rules"] {
        assert_eq!(found[field], false, "{field}");
    }
    let halt = json!({"status": "halted", "reason": "news pending"});
    world.admin(Method::POST, "/instruments/7203/status", Some(halt)).await;
    let halted = world.admin(Method::GET, "/instruments", None).await;
    let halted = &halted.body["items"][0];
    assert_eq!(
        (&halted["phase"], &halted["halt_reason"]),
        (&json!("halted"), &json!("news pending"))
    );
    let open = json!({"status": "continuous", "reason": "news out"});
    let open = world.admin(Method::POST, "/instruments/7203/status", Some(open)).await;
    assert_eq!(open.body["halt_reason"], Value::Null);
    world.stop().await;
}
