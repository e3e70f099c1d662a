//! The admin API: what it makes, what it refuses, and that the journal names who asked.

use reqwest::Method;
use serde_json::{Value, json};
use zaraba::auth::sign::Signer;
use zaraba::intake::http::error::Code;

use super::world::{TOKEN, World, answer};

#[tokio::test(flavor = "multi_thread")]
async fn what_exists_is_a_conflict_that_shows_it() {
    let world = World::start().await;
    let cases = [
        ("/assets", json!({"code": "JPY", "exponent": 4}), "asset"),
        ("/accounts", json!({"code": "alice"}), "account"),
    ];
    for (path, body, what) in cases {
        let got = world.admin(Method::POST, path, Some(body)).await;
        assert_eq!((got.status.as_u16(), got.code()), (409, "already_exists"), "{got:?}");
        assert!(got.body["error"]["details"][what].is_object(), "{got:?}");
    }
    let codes = json!({"codes": ["alice", "carol", "bad code", "dave"]});
    let batch = world.admin(Method::POST, "/accounts/batch", Some(codes)).await;
    assert_eq!(batch.status, 200, "{batch:?}");
    let statuses: Vec<_> = batch.body["items"].as_array().expect("items").iter().collect();
    let statuses: Vec<_> = statuses.iter().map(|i| i["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [409, 201, 400, 201], "{batch:?}");
    let page = world.admin(Method::GET, "/accounts?after=outside&limit=3", None).await;
    let codes: Vec<_> = page.body["items"].as_array().unwrap().iter().map(|a| &a["code"]).collect();
    assert_eq!(codes, ["alice", "bob", "carol"]);
    assert_eq!(page.body["next_cursor"], "carol");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_made_here_work_until_they_are_revoked() {
    let world = World::start().await;
    let path = "/accounts/alice/keys";
    let body = json!({"scopes": ["read", "trade"], "label": "desk", "writes_per_second": 100});
    let made = world.admin(Method::POST, path, Some(body)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let signer = Signer::hmac(made.text("api_key"), made.text("api_secret"));
    assert_eq!(world.place(&signer, &world.good()).await.status, 201);
    let listed = world.admin(Method::GET, path, None).await;
    assert_eq!(listed.body["items"][0]["label"], "desk");
    assert!(!listed.body.to_string().contains(made.text("api_secret")), "secrets are told once");
    let detail = world.admin(Method::GET, "/accounts/alice", None).await;
    assert_eq!(detail.body["open_order_count"], 1);
    assert_eq!(detail.body["keys"].as_array().unwrap().len(), 1);
    let revoke = format!("{path}/{}/revoke", made.text("api_key"));
    assert_eq!(world.admin(Method::POST, &revoke, None).await.status, 204);
    assert_eq!(world.place(&signer, &world.good()).await.code(), "bad_signature");
    assert_eq!(world.admin(Method::POST, &revoke, None).await.code(), "not_found");

    let private = [9; 32];
    let public = "fd1724385aa0c75b64fb78cd602fa1d991fdebf76b13c58ed702eac835e9f618";
    let body = json!({"kind": "ed25519", "scopes": ["trade"], "public_key": public,
        "addresses": ["127.0.0.0/8"], "expires_at": "2099-01-01T00:00:00Z"});
    let made = world.admin(Method::POST, path, Some(body)).await;
    assert_eq!((made.status.as_u16(), &made.body["api_secret"]), (201, &Value::Null), "{made:?}");
    let signer = Signer::ed25519(made.text("api_key"), &private);
    let placed = world.place(&signer, &world.good()).await;
    assert_eq!(placed.status, 201, "{placed:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_are_done_once_and_conserve() {
    let world = World::start().await;
    let path = "/accounts/alice/transfers";
    let transfer = |kind: &str, amount: &str, reference: &str| {
        Some(json!({"kind": kind, "asset": "JPY", "amount": amount, "reference": reference,
            "reason": "test"}))
    };
    let first = world.admin(Method::POST, path, transfer("deposit", "0.5", "d1")).await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.body["balance"]["total"], "1000000000.5000");
    let again = world.admin(Method::POST, path, transfer("deposit", "0.5", "d1")).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.body["balance"]["total"], first.body["balance"]["total"]);
    let other = world.admin(Method::POST, path, transfer("deposit", "0.6", "d1")).await;
    assert_eq!(other.code(), "duplicate_client_order_id");
    let all = world.admin(Method::POST, path, transfer("withdraw", "1000000000.5", "w1")).await;
    assert_eq!(all.body["balance"]["total"], "0.0000");
    let more = world.admin(Method::POST, path, transfer("withdraw", "0.0001", "w2")).await;
    assert_eq!(more.code(), "insufficient_funds");
    for amount in ["0", "-1", "1.00001", "x", "1e3"] {
        let bad = world.admin(Method::POST, path, transfer("deposit", amount, "d9")).await;
        assert_eq!(bad.code(), "invalid_amount", "{amount}: {bad:?}");
    }
    let huge = transfer("deposit", "922337203685477.5807", "o1");
    assert_eq!(world.admin(Method::POST, path, huge).await.code(), "amount_overflow");
    let batch = json!({"reason": "test", "transfers": [
        {"account": "alice", "kind": "deposit", "asset": "JPY", "amount": "7", "reference": "b1"},
        {"account": "nobody", "kind": "deposit", "asset": "JPY", "amount": "7", "reference": "b1"},
        {"account": "bob", "kind": "adjust", "asset": "JPY", "amount": "-7", "reference": "b1"},
    ]});
    let done = world.admin(Method::POST, "/transfers/batch", Some(batch)).await;
    let items = done.body["items"].as_array().unwrap();
    assert_eq!(items[0]["result"]["balance"]["total"], "7.0000", "{done:?}");
    assert_eq!(items[1]["error"]["code"], "unknown_account");
    assert_eq!(items[2]["result"]["balance"]["total"], "999999993.0000");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_cancelled_days_rolled_and_limits_set() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    let one = world.place(&alice, &world.good()).await;
    for trader in [&alice, &bob, &bob] {
        assert_eq!(world.place(trader, &world.good()).await.status, 201);
    }
    let path = format!("/orders/{}", one.text("order_id"));
    assert_eq!(world.admin(Method::GET, &path, None).await.text("account"), "alice");
    let why = json!({"reason": "asked by phone"});
    let cancel = format!("{path}/cancel");
    let gone = world.admin(Method::POST, &cancel, Some(why.clone())).await;
    assert_eq!((gone.text("status"), gone.text("close_reason")), ("cancelled", "cancelled"));
    assert_eq!(world.admin(Method::POST, &cancel, Some(why)).await.code(), "order_not_open");
    let many = json!({"account": "bob", "symbol": "7203", "side": "buy", "reason": "test"});
    let many = world.admin(Method::POST, "/orders/cancel", Some(many)).await;
    assert_eq!(many.body["cancelled"], 2, "{many:?}");
    // One DAY order of alice is left; the next day ends it.
    let roll = json!({"profile": "tse", "day": 29990101, "reason": "test"});
    let rolled = world.admin(Method::POST, "/days/roll", Some(roll.clone())).await;
    assert_eq!((rolled.status.as_u16(), &rolled.body["expired"]), (200, &json!(1)), "{rolled:?}");
    assert_eq!(world.admin(Method::POST, "/days/roll", Some(roll)).await.code(), "invalid_day");
    let limits = json!({"base_price": "2600", "limit_down": "2100", "limit_up": "3100",
        "reason": "new day"});
    let set = world.admin(Method::POST, "/instruments/7203/limits", Some(limits)).await;
    assert_eq!(set.text("limit_up"), "3100.0", "{set:?}");
    assert_eq!(world.place(&alice, &world.good()).await.code(), "price_out_of_limits");
    let overview = world.admin(Method::GET, "/overview", None).await;
    assert_eq!(overview.body["orders_total"], 5, "{overview:?}");
    assert_eq!(overview.body["phases"]["tse"]["continuous"], 1);
    assert_eq!(overview.body["journal_error"], Value::Null);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_need_an_actor_a_reason_and_sense() {
    let world = World::start().await;
    let url = format!("http://{}/admin/v1/accounts", world.admin);
    let nameless = world.client.post(&url).bearer_auth(TOKEN).json(&json!({"code": "x"}));
    let got = answer(nameless).await;
    assert_eq!(
        (got.code(), got.body["error"]["field"].as_str()),
        ("missing_field", Some("x-actor"))
    );
    let spec = |change: Value| {
        let mut spec = json!({"symbol": "X", "name": "X", "profile": "crypto",
            "base_asset": "BTC", "quote_asset": "JPY", "price_digits": 0, "quantity_digits": 4,
            "tick_size": "1", "lot_size": "0.0001", "min_quantity": "0.001", "max_quantity": "10",
            "market_band_ppm": 50000});
        for (field, value) in change.as_object().unwrap() {
            spec[field] = value.clone();
        }
        spec
    };
    let cases: Vec<(&str, Value, &str)> = vec![
        ("/accounts", json!({"code": ""}), "invalid_value"),
        ("/accounts", json!({"code": "x".repeat(25)}), "invalid_value"),
        ("/accounts", json!({"name": "x"}), "unknown_field"),
        ("/accounts/batch", json!({"codes": []}), "invalid_value"),
        ("/assets", json!({"code": "X", "exponent": 19}), "invalid_value"),
        ("/assets", json!({"code": "X", "exponent": "4"}), "invalid_type"),
        ("/accounts/nobody/status", json!({"status": "active", "reason": "x"}), "unknown_account"),
        ("/accounts/alice/status", json!({"status": "active", "reason": null}), "missing_field"),
        ("/accounts/alice/status", json!({"status": "active", "reason": " "}), "invalid_value"),
        ("/accounts/alice/status", json!({"status": "happy", "reason": "x"}), "invalid_value"),
        ("/accounts/alice/keys", json!({"scopes": []}), "invalid_value"),
        ("/accounts/alice/keys", json!({"scopes": ["fly"]}), "invalid_value"),
        (
            "/accounts/alice/keys",
            json!({"scopes": ["read"], "addresses": ["10.0.0.1/8"]}),
            "invalid_value",
        ),
        ("/accounts/alice/keys", json!({"scopes": ["read"], "kind": "ed25519"}), "missing_field"),
        (
            "/accounts/alice/keys",
            json!({"scopes": ["read"], "writes_per_second": 0}),
            "invalid_value",
        ),
        (
            "/accounts/alice/keys",
            json!({"scopes": ["read"], "expires_at": "2020-01-01T00:00:00Z"}),
            "invalid_value",
        ),
        ("/instruments", spec(json!({"base_asset": "XRP"})), "unknown_asset"),
        ("/instruments", spec(json!({"market_band_ppm": null})), "missing_field"),
        ("/instruments", spec(json!({"market_band_ppm": 0})), "invalid_value"),
        ("/instruments", spec(json!({"market_band_ppm": 0, "limit_up": "9"})), "invalid_value"),
        ("/instruments", spec(json!({"lot_size": "0"})), "invalid_spec"),
        ("/instruments", spec(json!({"tick_table": "tse_other"})), "missing_field"),
        ("/instruments", spec(json!({"lot_size": "0.00001"})), "invalid_quantity"),
        (
            "/instruments/NOPE/status",
            json!({"status": "halted", "reason": "x"}),
            "unknown_instrument",
        ),
        ("/orders/1/cancel", json!({"reason": "x"}), "order_not_found"),
        ("/orders/cancel", json!({"reason": null}), "missing_field"),
        ("/orders/cancel", json!({"side": "up", "reason": "x"}), "invalid_value"),
        ("/days/roll", json!({"profile": "tse", "day": 1, "reason": "x"}), "invalid_value"),
    ];
    for (path, body, code) in cases {
        let name = format!("{path} {body}");
        let got = world.admin(Method::POST, path, Some(body)).await;
        assert_eq!(got.code(), code, "{name}: {got:?}");
        assert_eq!(got.status, Code::parse(code).unwrap().status(), "{name}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_query_parameters_are_refused_everywhere() {
    let world = World::start().await;
    for path in [
        "/overview",
        "/assets",
        "/instruments",
        "/accounts",
        "/accounts/alice",
        "/accounts/alice/keys",
        "/orders/16777216",
        "/live",
        "/instruments/7203/live",
    ] {
        let got = world.admin(Method::GET, &format!("{path}?colour=red"), None).await;
        assert_eq!((got.status.as_u16(), got.code()), (400, "invalid_parameter"), "{path}");
    }
    let body = json!({"code": "dora"});
    let got = world.admin(Method::POST, "/accounts?colour=red", Some(body)).await;
    assert_eq!(got.code(), "invalid_parameter");
    let stream = world.client.get(format!("http://{}/v1/stream?colour=red", world.public));
    assert_eq!(answer(stream).await.code(), "invalid_parameter");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calendar_is_told_day_by_day_for_each_profile() {
    let world = World::start().await;
    let told = world.admin(Method::GET, "/calendar?profile=tse&from=2026-11-22&days=3", None).await;
    let days = told.body["items"].as_array().unwrap();
    let dates: Vec<_> = days.iter().map(|day| (&day["date"], &day["business_day"])).collect();
    // A Sunday, a holiday on the Monday, and a day of business.
    assert_eq!(
        dates,
        [
            (&json!("2026-11-22"), &json!(false)),
            (&json!("2026-11-23"), &json!(false)),
            (&json!("2026-11-24"), &json!(true)),
        ]
    );
    assert!(days[1]["closed_because"].is_string(), "{}", days[1]);
    assert_eq!(days[1]["next_business_day"], "2026-11-24");
    assert_eq!(
        (&days[1]["moments"], &days[2]["previous_business_day"]),
        (&json!([]), &json!("2026-11-20"))
    );
    let moments = days[2]["moments"].as_array().unwrap();
    assert!(moments.len() >= 9, "{moments:?}");
    let crypto = world.admin(Method::GET, "/calendar?profile=crypto", None).await;
    let days = crypto.body["items"].as_array().unwrap();
    assert_eq!((days.len(), &days[0]["trading"]), (7, &json!("continuous")));
    for (query, field) in [
        ("profile=fx", "profile"),
        ("profile=tse&days=0", "days"),
        ("profile=tse&days=32", "days"),
        ("profile=tse&from=2026-02-30", "from"),
    ] {
        let wrong = world.admin(Method::GET, &format!("/calendar?{query}"), None).await;
        assert_eq!(
            (wrong.code(), &wrong.body["error"]["field"]),
            ("invalid_parameter", &json!(field)),
            "{query}"
        );
    }
    assert_eq!(world.admin(Method::GET, "/calendar", None).await.code(), "invalid_parameter");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_the_house_cannot_pay_says_whose_funds_are_missing() {
    let world = World::start().await;
    let gift = |reference: &str| {
        json!({"kind": "adjust", "asset": "JPY", "amount": "500",
            "reference": reference, "reason": "goodwill"})
    };
    let preview = "/accounts/alice/transfers/preview";
    let told = world.admin(Method::POST, preview, Some(gift("a"))).await.body;
    assert_eq!((&told["refusal"], &told["short"]), (&json!("insufficient_funds"), &json!("house")));
    let path = "/accounts/alice/transfers";
    let refused = world.admin(Method::POST, path, Some(gift("a"))).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (422, "insufficient_funds"));
    let error = &refused.body["error"];
    let expected = json!({"account": "house", "asset": "JPY", "available": "0.0000"});
    assert_eq!(error["details"], expected);
    assert!(error["message"].as_str().unwrap().contains("deposit to the account `house` first"));
    // Its own funds are meant where the account is to give.
    let mut taken = gift("b");
    taken["amount"] = json!("-9000000000");
    let refused = world.admin(Method::POST, path, Some(taken)).await;
    assert!(refused.body["error"]["details"]["account"].is_null(), "{refused:?}");
    let mut funds = gift("c");
    (funds["kind"], funds["amount"]) = (json!("deposit"), json!("500"));
    let house = "/accounts/house/transfers";
    assert_eq!(world.admin(Method::POST, house, Some(funds)).await.status, 201);
    assert_eq!(world.admin(Method::POST, path, Some(gift("d"))).await.status, 201);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_asks_is_read_as_what_changes() {
    // Above what a framework allows by itself.
    let world = World::with(|config| config.http.body_bytes = 3 << 20).await;
    let trade = ["/trades/1/correct/preview", "/trades/1/bust/preview"];
    let definitions = ["limits", "breaker", "ticks", "listed-shares", "odd-lot-terms"];
    let definitions = definitions.map(|what| format!("/instruments/7203/{what}/preview"));
    let others =
        ["/risk-limits/preview", "/orders/cancel/preview", "/accounts/alice/transfers/preview"];
    let all = trade.iter().chain(&others).copied().chain(definitions.iter().map(String::as_str));
    let ask = async |path: &str, kind: &str, body: String| {
        let url = format!("http://{}/admin/v1{path}", world.admin);
        let request = world.client.post(url).bearer_auth(TOKEN).header("content-type", kind);
        answer(request.body(body)).await.code().to_owned()
    };
    let large = format!("{{\"none\":\"{}\"}}", "x".repeat(21 << 17));
    for path in all {
        let code = ask(path, "text/plain", "{}".to_owned()).await;
        assert_eq!(code, "unsupported_media_type", "{path}");
        assert_eq!(ask(path, "application/json", large.clone()).await, "unknown_field", "{path}");
        let code = ask(&format!("{path}?why=x"), "application/json", "{}".to_owned()).await;
        assert_eq!(code, "invalid_parameter", "{path}");
    }
    world.stop().await;
}
