//! Bad input: each case gets its documented code, names the field where there is one, and a
//! good order right after still works.

use reqwest::Method;
use serde_json::{Value, json};
use zaraba::auth::sign::Signer;
use zaraba::auth::{Network, Scope};
use zaraba::intake::http::error::Code;

use super::world::{Answer, World, answer};

/// Checks an answer's form and code.
fn expect(name: &str, answer: &Answer, code: &str, field: Option<&str>) {
    let known = Code::parse(code).unwrap_or_else(|| panic!("{code} is not a documented code"));
    assert_eq!(answer.code(), code, "{name}: {answer:?}");
    assert_eq!(answer.status, known.status(), "{name}");
    if field.is_some() {
        assert_eq!(answer.body["error"]["field"].as_str(), field, "{name}: {answer:?}");
    }
    assert!(answer.body["error"]["message"].as_str().is_some_and(|m| !m.is_empty()), "{name}");
    assert!(answer.headers.contains_key("x-request-id"), "{name}");
}

async fn good_order_works(world: &World, by: &Signer, after: &str) {
    let placed = world.place(by, &world.good()).await;
    assert_eq!(placed.status, 201, "a good order after {after}: {placed:?}");
    let path = format!("/v1/orders/{}", placed.text("order_id"));
    let cancelled = world.call(by, Method::DELETE, &path, None).await;
    assert_eq!(cancelled.text("status"), "cancelled", "after {after}: {cancelled:?}");
}

/// The good order with one field replaced.
fn with(order: &Value, field: &str, value: Value) -> Value {
    let mut order = order.clone();
    order[field] = value;
    order
}

fn without(order: &Value, field: &str) -> Value {
    let mut order = order.clone();
    order.as_object_mut().unwrap().remove(field);
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_with_one_thing_wrong() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    // (field, value, code); the field named by the error is the same.
    let fields: Vec<(&str, Value, &str)> = vec![
        ("client_order_id", json!(7), "invalid_type"),
        ("client_order_id", json!(""), "invalid_client_order_id"),
        ("client_order_id", json!("x".repeat(37)), "invalid_client_order_id"),
        ("client_order_id", json!("a b"), "invalid_client_order_id"),
        ("client_order_id", json!("."), "invalid_client_order_id"),
        ("client_order_id", json!(".."), "invalid_client_order_id"),
        ("client_order_id", json!("注文"), "invalid_client_order_id"),
        ("client_order_id", json!("a/b"), "invalid_client_order_id"),
        ("symbol", json!(7203), "invalid_type"),
        ("symbol", json!("NOPE"), "unknown_instrument"),
        ("symbol", json!("btc_jpy"), "unknown_instrument"),
        ("symbol", json!("7".repeat(5000)), "unknown_instrument"),
        ("side", json!("BUY"), "invalid_value"),
        ("side", json!(true), "invalid_type"),
        ("type", json!(1), "invalid_type"),
        ("type", json!("iceberg"), "invalid_value"),
        ("quantity", json!(100), "invalid_type"),
        ("quantity", json!(1e300), "invalid_type"),
        ("quantity", json!(["100"]), "invalid_type"),
        ("quantity", json!("-100"), "invalid_quantity"),
        ("quantity", json!("+100"), "invalid_quantity"),
        ("quantity", json!("0"), "invalid_quantity"),
        ("quantity", json!("1e3"), "invalid_quantity"),
        ("quantity", json!(" 100"), "invalid_quantity"),
        ("quantity", json!("1,000"), "invalid_quantity"),
        ("quantity", json!("0x64"), "invalid_quantity"),
        ("quantity", json!("\u{ff11}\u{ff10}\u{ff10}"), "invalid_quantity"),
        ("quantity", json!("9223372036854775808"), "invalid_quantity"),
        ("quantity", json!("9".repeat(10_000)), "invalid_quantity"),
        ("quantity", json!("100.5"), "off_lot"),
        ("quantity", json!("150"), "off_lot"),
        ("quantity", json!("100100"), "above_max_quantity"),
        ("price", json!(2500), "invalid_type"),
        ("price", json!({"yen": "2500"}), "invalid_type"),
        ("price", json!("-2500"), "invalid_price"),
        ("price", json!("0"), "invalid_price"),
        ("price", json!(""), "invalid_price"),
        ("price", json!("NaN"), "invalid_price"),
        ("price", json!("Infinity"), "invalid_price"),
        ("price", json!("2500."), "invalid_price"),
        ("price", json!("99999999999999999999"), "invalid_price"),
        ("price", json!("2500.05"), "off_tick"),
        ("price", json!("2500.3"), "off_tick"),
        ("price", json!("3000.5"), "off_tick"),
        ("price", json!("3001"), "price_out_of_limits"),
        ("price", json!("1999"), "price_out_of_limits"),
        ("price", Value::Null, "missing_field"),
        ("time_in_force", json!("gte"), "invalid_value"),
        ("time_in_force", json!(1), "invalid_type"),
        ("post_only", json!("yes"), "invalid_type"),
        ("stop_price", json!("2400"), "invalid_trigger"),
        ("stop_price", json!(2400), "invalid_type"),
        ("condition", json!("on_close"), "invalid_value"),
        ("condition", json!(["closing"]), "invalid_type"),
        ("self_trade_prevention", json!("both"), "invalid_value"),
        ("short_sale", json!("long"), "invalid_value"),
        ("short_sale", json!(true), "invalid_type"),
        ("expires_on", json!("2026-02-30"), "invalid_expiry"),
        ("expires_on", json!("20261230"), "invalid_expiry"),
        ("expires_on", json!(20_261_230), "invalid_type"),
        ("quote_amount", json!("1000"), "invalid_value"),
        ("odd_lot", json!("auction"), "invalid_value"),
    ];
    for (field, value, code) in fields {
        let name = format!("{field} = {:.60}", value.to_string());
        let refused = world.place(&alice, &with(&world.good(), field, value)).await;
        expect(&name, &refused, code, Some(field));
        good_order_works(&world, &alice, &name).await;
    }
    for field in ["client_order_id", "symbol", "side", "type", "quantity", "price"] {
        let refused = world.place(&alice, &without(&world.good(), field)).await;
        expect(&format!("no {field}"), &refused, "missing_field", Some(field));
    }
    let refused = world.place(&alice, &with(&world.good(), "leverage", json!("10"))).await;
    expect("unknown field", &refused, "unknown_field", Some("leverage"));
    good_order_works(&world, &alice, "missing and unknown fields").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_break_a_rule_together() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let market = |order: Value| without(&with(&order, "type", json!("market")), "price");
    let btc = |price: &str, quantity: &str| {
        let order = with(&world.good(), "symbol", json!("BTC_JPY"));
        with(&with(&order, "price", json!(price)), "quantity", json!(quantity))
    };
    let good = || world.good();
    let cases: Vec<(&str, Value, &str)> = vec![
        ("market with a price", with(&good(), "type", json!("market")), "invalid_price"),
        (
            "market for ever",
            with(&market(good()), "time_in_force", json!("gtc")),
            "invalid_time_in_force",
        ),
        (
            "post-only and immediate",
            with(&with(&good(), "post_only", json!(true)), "time_in_force", json!("ioc")),
            "invalid_time_in_force",
        ),
        ("too little of it", btc("5000000", "0.0001"), "below_min_quantity"),
        ("decimals beyond the lot", btc("5000000", "0.00011"), "off_lot"),
        ("more than owned", btc("999999999999", "10"), "insufficient_funds"),
        ("value beyond the arithmetic", btc("9000000000000000", "10"), "notional_too_large"),
        (
            "no price to bound a market order by",
            with(&with(&market(good()), "symbol", json!("BTC_JPY")), "quantity", json!("1")),
            "no_reference_price",
        ),
    ];
    for (name, order, code) in cases {
        let refused = world.place(&alice, &order).await;
        expect(name, &refused, code, None);
        // A refusal that was sequenced is recorded, and its repeat gets the same answer.
        if let Some(number) = refused.body["error"]["details"]["order_id"].as_str() {
            let again = world.place(&alice, &order).await;
            expect(name, &again, code, None);
            assert_eq!(again.body["error"]["details"]["order_id"], number, "{name}");
            let path = format!("/v1/orders/{number}");
            let recorded = world.call(&alice, Method::GET, &path, None).await;
            assert_eq!(recorded.text("status"), "rejected", "{name}: {recorded:?}");
            assert_eq!(recorded.text("reject_code"), code, "{name}");
        }
        good_order_works(&world, &alice, name).await;
    }
    // Two orders rest in BTC_JPY; a third is over the cap, and a crossing post-only order
    // would trade.
    for _ in 0..2 {
        let order = with(&btc("5000000", "0.01"), "client_order_id", json!(world.id()));
        assert_eq!(world.place(&alice, &order).await.status, 201);
    }
    let third = with(&btc("5000000", "0.01"), "client_order_id", json!(world.id()));
    expect("third order", &world.place(&alice, &third).await, "open_order_cap", None);
    let bob = world.trader("bob").await;
    let crossing =
        with(&with(&btc("5000000", "0.01"), "side", json!("sell")), "post_only", json!(true));
    let refused = world.place(&bob, &crossing).await;
    expect("crossing post-only", &refused, "post_only_would_cross", None);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_orders() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let deep_open = format!("{{\"price\":{}", "[".repeat(20_000));
    let deep = format!("{{\"price\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let mut bad_utf8 = serde_json::to_vec(&world.good()).unwrap();
    let at = bad_utf8.windows(4).position(|w| w == b"7203").unwrap();
    bad_utf8[at] = 0xff;
    let twice = br#"{"client_order_id":"a","client_order_id":"b"}"#;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("nothing", b"".to_vec(), "invalid_json"),
        ("half an object", b"{".to_vec(), "invalid_json"),
        ("two objects", b"{}{}".to_vec(), "invalid_json"),
        ("null", b"null".to_vec(), "invalid_type"),
        ("a list", br#"["a","7203","buy","limit","100"]"#.to_vec(), "invalid_type"),
        ("a string", br#""order""#.to_vec(), "invalid_type"),
        ("a bare NaN", br#"{"price":NaN}"#.to_vec(), "invalid_json"),
        ("single quotes", b"{'symbol':'7203'}".to_vec(), "invalid_json"),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec(), "invalid_json"),
        ("bad UTF-8", bad_utf8, "invalid_json"),
        ("a lone surrogate", br#"{"symbol":"\ud800"}"#.to_vec(), "invalid_json"),
        ("a control character", b"{\"symbol\":\"72\x0003\"}".to_vec(), "invalid_json"),
        ("a field twice", twice.to_vec(), "duplicate_field"),
        ("deep and open", deep_open.into_bytes(), "invalid_json"),
        ("a form", b"symbol=7203&side=buy".to_vec(), "invalid_json"),
        ("too large", vec![b' '; 65 << 10], "body_too_large"),
    ];
    for (name, body, code) in cases {
        let refused = world.raw(&alice, Method::POST, "/v1/orders", body).await;
        expect(name, &refused, code, None);
        good_order_works(&world, &alice, name).await;
    }
    let nested = world.raw(&alice, Method::POST, "/v1/orders", deep.into_bytes()).await;
    assert!(["invalid_json", "missing_field"].contains(&nested.code()), "{nested:?}");
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let body = serde_json::to_vec(&world.good()).unwrap();
        let headers = alice.headers(world.time(), "POST", "/v1/orders", &body);
        let mut request =
            world.client.post(format!("http://{}/v1/orders", world.public)).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let refused = answer(request).await;
        expect(&format!("{kind:?}"), &refused, "unsupported_media_type", None);
    }
    good_order_works(&world, &alice, "content types").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_ask_for_what_is_not_there() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    let order = world.place(&bob, &world.good()).await;
    let bobs = format!("/v1/orders/{}", order.text("order_id"));
    let own = world.place(&alice, &world.good()).await;
    let own_path = format!("/v1/orders/{}", own.text("order_id"));
    let own_with_query = format!("{own_path}?symbol=7203");
    let bobs_by_client = format!("/v1/orders/by-client-id/{}", order.text("client_order_id"));
    let batch = |orders: Vec<Value>| Some(json!({"orders": orders}));
    let many: Vec<Value> = (0..101).map(|_| world.good()).collect();
    let amend = |field: &str, value: Value| Some(json!({field: value}));
    use Method as M;
    let cases: Vec<(Method, &str, Option<Value>, &str)> = vec![
        (M::GET, &bobs, None, "order_not_found"),
        (M::DELETE, &bobs, None, "order_not_found"),
        (M::PATCH, &bobs, amend("price", json!("2100")), "order_not_found"),
        (M::GET, "/v1/orders/0", None, "order_not_found"),
        (M::GET, "/v1/orders/seven", None, "order_not_found"),
        (M::GET, "/v1/orders/-1", None, "order_not_found"),
        (M::GET, "/v1/orders/99999999999999999999999", None, "order_not_found"),
        (M::DELETE, "/v1/orders/9223372036854775807", None, "order_not_found"),
        (M::GET, "/v1/orders/%ff", None, "invalid_parameter"),
        (M::PATCH, &own_path, Some(json!({})), "nothing_to_amend"),
        (M::PATCH, &own_path, amend("quantity", json!("200")), "quantity_increase"),
        (M::PATCH, &own_path, amend("quantity", json!("0")), "invalid_quantity"),
        (M::PATCH, &own_path, amend("price", json!("0")), "invalid_price"),
        (M::PATCH, &own_path, amend("price", json!("2000.3")), "off_tick"),
        (M::PATCH, &own_path, amend("price", json!("4000")), "price_out_of_limits"),
        (M::PATCH, &own_path, amend("price", json!(2000)), "invalid_type"),
        (M::PATCH, &own_path, amend("side", json!("sell")), "unknown_field"),
        (M::POST, "/v1/orders/batch", batch(vec![]), "invalid_value"),
        (M::POST, "/v1/orders/batch", batch(many), "invalid_value"),
        (M::POST, "/v1/orders/batch", Some(json!({"orders": "all"})), "invalid_type"),
        (M::POST, "/v1/orders/batch", Some(json!({})), "missing_field"),
        (M::DELETE, "/v1/orders?side=up", None, "invalid_parameter"),
        (M::DELETE, "/v1/orders?symbol=NOPE", None, "unknown_instrument"),
        (M::DELETE, "/v1/orders?sybmol=7203", None, "invalid_parameter"),
        (M::GET, "/v1/orders?limit=0", None, "invalid_parameter"),
        (M::GET, "/v1/orders?limit=1001", None, "invalid_parameter"),
        (M::GET, "/v1/orders?limit=ten", None, "invalid_parameter"),
        (M::GET, "/v1/orders?status=lost", None, "invalid_parameter"),
        (M::GET, "/v1/orders?cursor=!!", None, "invalid_cursor"),
        (M::GET, "/v1/orders?cursor=AAAA", None, "invalid_cursor"),
        (M::GET, "/v1/orders?from=yesterday", None, "invalid_parameter"),
        (M::GET, "/v1/orders?limit=1&limit=2", None, "invalid_parameter"),
        (M::GET, "/v1/orders?colour=red", None, "invalid_parameter"),
        (M::GET, "/v1/time?utc=1", None, "invalid_parameter"),
        (M::GET, "/v1/status?x", None, "invalid_parameter"),
        (M::GET, "/v1/instruments?symbol=7203", None, "invalid_parameter"),
        (M::GET, "/v1/instruments/7203?limit=1", None, "invalid_parameter"),
        (M::GET, "/v1/openapi.json?v=1", None, "invalid_parameter"),
        (M::GET, "/v1/balances?asset=JPY", None, "invalid_parameter"),
        (M::GET, "/v1/orders/by-client-id/a?x=1", None, "invalid_parameter"),
        (M::GET, &own_with_query, None, "invalid_parameter"),
        (M::DELETE, &own_with_query, None, "invalid_parameter"),
        (M::PATCH, &own_with_query, amend("price", json!("2100")), "invalid_parameter"),
        (M::POST, "/v1/orders?dry_run=1", Some(world.good()), "invalid_parameter"),
        (M::POST, "/v1/orders/batch?x=1", batch(vec![world.good()]), "invalid_parameter"),
        (M::GET, "/v1/balances", Some(json!({"asset": "JPY"})), "invalid_parameter"),
        (M::GET, "/v1/time", Some(json!({})), "invalid_parameter"),
        (M::DELETE, "/v1/orders", Some(json!({"symbol": "7203"})), "invalid_parameter"),
        (M::GET, "/v1/fills?order_id=seven", None, "invalid_parameter"),
        (M::GET, "/v1/fills?order_id=0", None, "invalid_parameter"),
        (M::GET, "/v1/ledger?asset=XRP", None, "unknown_asset"),
        (M::GET, "/v1/fills?cursor=%20", None, "invalid_cursor"),
        (M::GET, "/v1/instruments/NOPE", None, "unknown_instrument"),
        (M::GET, "/v1/nothing", None, "not_found"),
        (M::GET, "/", None, "not_found"),
        (M::PUT, "/v1/orders", None, "method_not_allowed"),
        (M::DELETE, "/v1/time", None, "method_not_allowed"),
        // The database is away: history says so, and nothing else is touched.
        (M::GET, "/v1/fills", None, "history_unavailable"),
        (M::GET, "/v1/orders?status=all", None, "history_unavailable"),
        (M::GET, &bobs_by_client, None, "history_unavailable"),
    ];
    for (method, path, body, code) in cases {
        let name = format!("{method} {path}");
        let refused = world.call(&alice, method, path, body.as_ref()).await;
        expect(&name, &refused, code, None);
        good_order_works(&world, &alice, &name).await;
    }
    world.call(&alice, Method::DELETE, &own_path, None).await;
    for (method, body) in [(Method::DELETE, None), (Method::PATCH, amend("price", json!("2100")))] {
        let late = world.call(&alice, method, &own_path, body.as_ref()).await;
        expect("a finished order", &late, "order_not_open", None);
        assert_eq!(late.body["error"]["details"]["order"]["status"], "cancelled");
    }
    // Filled by one lot, an order cannot be made as small as that.
    let mut twice = world.good();
    twice["quantity"] = json!("200");
    twice["price"] = json!("2500");
    let partly = world.place(&alice, &twice).await;
    let mut sell = world.good();
    sell["side"] = json!("sell");
    assert_eq!(world.place(&bob, &sell).await.text("status"), "filled");
    let path = format!("/v1/orders/{}", partly.text("order_id"));
    let less = world.call(&alice, Method::PATCH, &path, Some(&json!({"quantity": "100"}))).await;
    expect("as small as filled", &less, "quantity_below_filled", Some("quantity"));
    // Nothing of this touched bob's order.
    assert_eq!(world.call(&bob, Method::GET, &bobs, None).await.text("status"), "open");
    world.stop().await;
}

/// Headers made by hand.
type Headers = Vec<(&'static str, String)>;

/// A call whose headers are made by hand.
async fn with_headers(world: &World, headers: &[(&'static str, String)], body: &Value) -> Answer {
    let mut request = world.client.post(format!("http://{}/v1/orders", world.public)).json(body);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    answer(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_that_do_not_hold() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let order = world.good();
    let body = serde_json::to_vec(&order).unwrap();
    let now = || world.time();
    let signed = |time: u64, method: &str, path: &str, body: &[u8]| {
        alice.headers(time, method, path, body).to_vec()
    };
    let good = || signed(now(), "POST", "/v1/orders", &body);
    let replace = |at: usize, value: String| {
        let mut headers = good();
        headers[at].1 = value;
        headers
    };
    let stranger = Signer::hmac("ffffffffffffffffffffffffffffffff", "x");
    let mut doubled = good();
    doubled.push(doubled[0].clone());
    let far = now();
    let cases: Vec<(&str, Headers, &str)> = vec![
        ("no headers", vec![], "unauthorized"),
        ("no key", good()[1..].to_vec(), "unauthorized"),
        ("no signature", good()[..2].to_vec(), "unauthorized"),
        ("a header twice", doubled, "unauthorized"),
        ("a time that is none", replace(1, "soon".into()), "unauthorized"),
        ("a negative time", replace(1, "-1".into()), "unauthorized"),
        ("another time than signed", replace(1, now().to_string()), "bad_signature"),
        ("an empty signature", replace(2, String::new()), "bad_signature"),
        ("not hexadecimal", replace(2, "z".repeat(64)), "bad_signature"),
        ("capitals", replace(2, good()[2].1.to_uppercase()), "bad_signature"),
        ("another path", signed(now(), "POST", "/v1/orders/batch", &body), "bad_signature"),
        ("another method", signed(now(), "GET", "/v1/orders", &body), "bad_signature"),
        ("another body", signed(now(), "POST", "/v1/orders", b"{}"), "bad_signature"),
        (
            "an unknown key",
            stranger.headers(now(), "POST", "/v1/orders", &body).to_vec(),
            "bad_signature",
        ),
        ("long ago", signed(far - 100_000, "POST", "/v1/orders", &body), "stale_request"),
        ("in a while", signed(far + 100_000, "POST", "/v1/orders", &body), "stale_request"),
    ];
    for (name, headers, code) in cases {
        let refused = with_headers(&world, &headers, &order).await;
        expect(name, &refused, code, None);
        good_order_works(&world, &alice, name).await;
    }
    let headers = good();
    assert_eq!(with_headers(&world, &headers, &order).await.status, 201);
    let replayed = with_headers(&world, &headers, &order).await;
    expect("a replay", &replayed, "replayed_signature", None);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_may_not() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let read_only = world.signer(world.new_key("alice", &[Scope::Read])).await;
    let trade_only = world.signer(world.new_key("alice", &[Scope::Trade])).await;
    let mut elsewhere = world.new_key("alice", &[Scope::Read, Scope::Trade]);
    elsewhere.addresses = vec![Network::parse("192.0.2.0/24").unwrap()];
    let elsewhere = world.signer(elsewhere).await;
    let mut ended = world.new_key("alice", &[Scope::Read, Scope::Trade]);
    ended.expires_at = Some(zaraba_engine::types::Timestamp(1));
    let ended = world.signer(ended).await;
    let lost = world.signer(world.new_key("nobody", &[Scope::Trade])).await;
    for (name, signer, code) in [
        ("read only", &read_only, "insufficient_scope"),
        ("from elsewhere", &elsewhere, "address_not_allowed"),
        ("expired", &ended, "key_expired"),
        ("of no account", &lost, "unknown_account"),
    ] {
        let refused = world.place(signer, &world.good()).await;
        expect(name, &refused, code, None);
        good_order_works(&world, &alice, name).await;
    }
    let refused = world.call(&trade_only, Method::GET, "/v1/balances", None).await;
    expect("trade only", &refused, "insufficient_scope", None);

    let mut slow = world.new_key("alice", &[Scope::Read]);
    slow.reads_per_second = Some(1);
    let slow = world.signer(slow).await;
    let mut limited = world.call(&slow, Method::GET, "/v1/balances", None).await;
    assert_eq!(limited.status, 200);
    // Two may come in two seconds; in the end two come in one.
    while limited.status == 200 {
        limited = world.call(&slow, Method::GET, "/v1/balances", None).await;
    }
    expect("too fast", &limited, "rate_limited", None);
    assert_eq!(limited.headers["retry-after"], "1");
    good_order_works(&world, &alice, "too fast").await;

    let set = |path: &str, status: &str| {
        let body = json!({"status": status, "reason": "test"});
        let path = path.to_owned();
        let world = &world;
        async move {
            let done = world.admin(Method::POST, &path, Some(body)).await;
            assert_eq!(done.status, 200, "{done:?}");
        }
    };
    for (path, status, back, code) in [
        ("/accounts/alice/status", "suspended", "active", "account_suspended"),
        ("/accounts/alice/status", "closed", "active", "account_closed"),
        ("/instruments/7203/status", "halted", "continuous", "instrument_halted"),
        ("/instruments/7203/status", "closed", "continuous", "instrument_closed"),
    ] {
        set(path, status).await;
        expect(status, &world.place(&alice, &world.good()).await, code, None);
        set(path, back).await;
        good_order_works(&world, &alice, status).await;
    }
    world.stop().await;
}
