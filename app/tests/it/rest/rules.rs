//! The market's rules through both doors: what people set over the admin API, and what clients
//! see and are refused then.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use zaraba::auth::Scope;
use zaraba::auth::sign::Signer;

use super::world::{Answer, World};

/// A trading day after every one the calendar will send by itself.
const DAY: u32 = 20_991_230;

async fn set(world: &World, path: &str, body: Value) -> Answer {
    let mut body = body;
    body["reason"] = json!("test");
    world.admin(Method::POST, path, Some(body)).await
}

async fn done(world: &World, path: &str, body: Value) -> Value {
    let answer = set(world, path, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
    answer.body
}

async fn step(world: &World, step: &str) -> Value {
    done(world, "/sessions/step", json!({"profile": "tse", "day": DAY, "step": step})).await
}

async fn shown(world: &World, path: &str) -> Value {
    let found = reqwest::get(format!("http://{}/v1/instruments/{path}", world.public)).await;
    found.unwrap().json().await.unwrap()
}

fn share(world: &World, side: &str, price: &str, quantity: &str) -> Value {
    json!({"client_order_id": world.id(), "symbol": "6758", "side": side, "type": "limit",
        "quantity": quantity, "price": price})
}

/// A share with Tokyo's sessions, whose day is about to begin; `alice` has some of it.
async fn listed(world: &World) {
    let new = json!({"code": "6758", "exponent": 0});
    assert_eq!(world.admin(Method::POST, "/assets", Some(new)).await.status, 201);
    let new = json!({"symbol": "6758", "name": "ソニーグループ", "profile": "tse",
        "base_asset": "6758", "quote_asset": "JPY", "price_digits": 1, "quantity_digits": 0,
        "tick_table": "tse_other", "lot_size": "100", "min_quantity": "100",
        "max_quantity": "100000", "base_price": "3000", "limit_down": "2500",
        "limit_up": "3500", "session_rules": true, "listed_shares": "1000000"});
    let made = world.admin(Method::POST, "/instruments", Some(new)).await;
    assert_eq!(made.status, 201, "{made:?}");
    for account in ["alice", "bob"] {
        let body = json!({"kind": "deposit", "asset": "6758", "amount": "10000",
            "reference": "shares", "reason": "test"});
        let path = format!("/accounts/{account}/transfers");
        assert_eq!(world.admin(Method::POST, &path, Some(body)).await.status, 201);
    }
    done(world, "/days/roll", json!({"profile": "tse", "day": DAY})).await;
}

async fn refused(world: &World, by: &Signer, order: &Value, code: &str) {
    let answer = world.place(by, order).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (422, code), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_seen_from_the_first_order_to_the_auction() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    listed(&world).await;
    refused(&world, &alice, &share(&world, "buy", "3000", "100"), "phase_closed").await;
    assert_eq!(step(&world, "pre_open").await["step"], "pre_open");
    assert_eq!(shown(&world, "6758").await["phase"], "pre_open");
    let amount = json!({"client_order_id": world.id(), "symbol": "6758", "side": "buy",
        "type": "market", "quote_amount": "600000"});
    refused(&world, &alice, &amount, "invalid_time_in_force").await;
    // Bids 300 at 3010, offers 200 at 2990: 200 trade, 100 bids are left over.
    for (by, side, price, quantity) in
        [(&alice, "buy", "3010", "300"), (&bob, "sell", "2990", "200")]
    {
        let placed = world.place(by, &share(&world, side, price, quantity)).await;
        assert_eq!((placed.status.as_u16(), placed.text("status")), (201, "open"), "{placed:?}");
    }
    let mut closing = share(&world, "sell", "3100", "100");
    closing["condition"] = json!("closing");
    let waits = world.place(&bob, &closing).await;
    assert_eq!((waits.text("status"), waits.text("condition")), ("pending_trigger", "closing"));
    let book = shown(&world, "6758/book").await;
    assert_eq!((&book["bids"][0][0], &book["asks"][0][0]), (&json!("3010.0"), &json!("2990.0")));
    let outlook = loop {
        let outlook = shown(&world, "6758").await["indicative"].clone();
        // The market's thread may be a moment behind.
        if outlook["end"] == "priced" {
            break outlook;
        }
    };
    // All 200 offered trade; the surplus is on the buy side, so the highest admissible price.
    let expected = json!({"end": "priced", "price": "3010.0", "quantity": "200", "surplus": "100"});
    assert_eq!(outlook, expected);
    step(&world, "open").await;
    let now = shown(&world, "6758").await;
    assert_eq!((&now["phase"], &now["last_price"]), (&json!("continuous"), &json!("3010.0")));
    let trades = loop {
        let trades = shown(&world, "6758/trades").await;
        if trades["items"] != json!([]) {
            break trades;
        }
    };
    let trade = &trades["items"][0];
    assert_eq!((&trade["auction"], &trade["quantity"]), (&json!(true), &json!("200")));
    // By amount it is immediate there too: the 100 bids left over take what of it makes a lot.
    let amount = json!({"client_order_id": world.id(), "symbol": "6758", "side": "sell",
        "type": "market", "quote_amount": "400000"});
    let sold = world.place(&bob, &amount).await;
    assert_eq!((sold.text("time_in_force"), sold.text("status")), ("ioc", "filled"), "{sold:?}");
    let early = json!({"profile": "tse", "day": DAY, "step": "pre_open"});
    assert_eq!(set(&world, "/sessions/step", early).await.code(), "invalid_step");
    let quotes = world.admin(Method::GET, "/quotes", None).await;
    assert_eq!(quotes.body["items"], json!([]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn halts_and_calls_refuse_what_they_say() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let halts = json!({"halts": ["limit_buy", "contingent_sell"]});
    let halted = done(&world, "/instruments/7203/halts", halts).await;
    assert_eq!(halted["halts"], json!(["limit_buy", "contingent_sell"]));
    assert_eq!(halted["halt_reason"], "test");
    refused(&world, &alice, &world.good(), "order_kind_halted").await;
    let wrong = set(&world, "/instruments/7203/halts", json!({"halts": ["all"]})).await;
    assert_eq!((wrong.code(), &wrong.body["error"]["field"]), ("invalid_value", &json!("halts")));
    let open = done(&world, "/instruments/7203/halts", json!({"halts": []})).await;
    assert_eq!((&open["halts"], &open["halt_reason"]), (&json!([]), &Value::Null));
    assert_eq!(world.place(&alice, &world.good()).await.status, 201);

    let breaker = json!({"mode": "circuit_break", "window_seconds": 300, "trigger_ppm": 50_000,
        "call_seconds": 60, "bound_ppm": 100_000});
    done(&world, "/instruments/BTC_JPY/breaker", breaker.clone()).await;
    let terms = world.admin(Method::GET, "/instruments/BTC_JPY/terms", None).await;
    assert_eq!(terms.body["breaker"], breaker);
    let call = json!({"kind": "full_range", "seconds": 600});
    let called = done(&world, "/instruments/BTC_JPY/call", call).await;
    assert_eq!(called["phase"], "call_auction");
    assert!(called["phase_until"].is_string());
    let market = json!({"client_order_id": world.id(), "symbol": "BTC_JPY", "side": "buy",
        "type": "market", "quantity": "1"});
    refused(&world, &alice, &market, "market_order_in_call").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn risk_limits_warn_and_refuse_and_kill_switches_cancel() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let scope = json!({"account": "alice"});
    let limits = json!({"order_quantity": {"hard": "500"}, "open_orders": {"soft": "1", "hard": "2"},
        "order_value": {"hard": "900000"}});
    let asked = json!({"scope": scope, "limits": limits, "currency": "JPY"});
    let mut told = done(&world, "/risk-limits", asked).await;
    assert_eq!(told["limits"]["order_value"], json!({"soft": null, "hard": "900000.0000"}));
    let seq = told.as_object_mut().unwrap().remove("seq").unwrap();
    assert!(seq.as_u64().unwrap() > 0, "the journal sequence of the change");
    let all = world.admin(Method::GET, "/risk-limits", None).await;
    assert_eq!(all.body["items"], json!([told]));
    let order = |quantity: &str| {
        let mut order = world.good();
        order["quantity"] = json!(quantity);
        order
    };
    refused(&world, &alice, &order("600"), "risk_order_quantity").await;
    refused(&world, &alice, &order("500"), "risk_order_value").await;
    for _ in 0..2 {
        assert_eq!(world.place(&alice, &order("100")).await.status, 201);
    }
    refused(&world, &alice, &order("100"), "risk_open_orders").await;

    let group = done(&world, "/accounts/alice/group", json!({"group": 7})).await;
    assert_eq!(group["group"], 7);
    let kill = json!({"scope": {"group": 7}, "on": true});
    let killed = done(&world, "/kill-switches", kill).await;
    assert_eq!((&killed["cancelled"], &killed["more"]), (&json!(2), &json!(false)));
    refused(&world, &alice, &order("100"), "kill_switch").await;
    let all = world.admin(Method::GET, "/kill-switches", None).await;
    assert_eq!(all.body["items"], json!([{"group": 7, "by": null}]), "who, the database tells");
    done(&world, "/kill-switches", json!({"scope": {"group": 7}, "on": false})).await;
    assert_eq!(world.place(&alice, &order("100")).await.status, 201);

    done(&world, "/kill-switches", json!({"scope": {"venue": true}, "on": true})).await;
    assert_eq!(shown(&world, "7203").await["killed"], true);
    done(&world, "/kill-switches", json!({"scope": {"venue": true}, "on": false})).await;
    assert_eq!(shown(&world, "7203").await["killed"], false);

    let collar =
        json!({"scope": {"instrument": "7203"}, "limits": {"price_collar": {"hard": "100000"}}});
    done(&world, "/risk-limits", collar).await;
    // More than 10% below the base price of 2,500.
    refused(&world, &alice, &order("100"), "risk_price_collar").await;
    for (body, code, field) in [
        (json!({"limits": {}}), "missing_field", "scope"),
        (
            json!({"scope": {"account": "alice", "group": 1}, "limits": {}}),
            "invalid_value",
            "scope",
        ),
        (json!({"scope": {"group": 1}, "limits": {"speed": {}}}), "invalid_value", "limits.speed"),
        (json!({"scope": {"group": 1}, "limits": {"day_value": {}}}), "missing_field", "currency"),
    ] {
        let wrong = set(&world, "/risk-limits", body).await;
        assert_eq!((wrong.code(), &wrong.body["error"]["field"]), (code, &json!(field)));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_and_fees_are_set_and_read_back() {
    let world = World::start().await;
    let tiers = json!({"asset": "JPY", "tiers": [
        {"volume": "1000000.0000", "maker_ppm": -200, "taker_ppm": 900},
        {"volume": "9000000.0000", "maker_ppm": -300, "taker_ppm": 500}]});
    let told = done(&world, "/fee-tiers", tiers.clone()).await;
    assert_eq!(told, tiers);
    let all = world.admin(Method::GET, "/fee-tiers", None).await;
    assert_eq!(all.body["items"], json!([tiers]));
    listed(&world).await;
    let terms = json!({"batch": true, "principal": true, "spread_ppm": 3500, "max_quantity": "99",
        "max_value": "1000000", "round_to": "1"});
    let tried =
        world.admin(Method::POST, "/instruments/6758/odd-lot-terms/preview", Some(terms.clone()));
    assert_eq!(tried.await.body["refusal"], json!(null));
    let told = done(&world, "/instruments/6758/odd-lot-terms", terms).await;
    assert_eq!(told["odd_lot"]["round_to"], "1.0000");
    let closed = shown(&world, "6758/odd-lot").await;
    let expected = json!({"symbol": "6758", "batch": true, "principal": false, "bid": null,
        "ask": null, "spread_ppm": 3500, "max_quantity": "99", "max_value": "1000000.0000"});
    let mut told = closed.clone();
    told.as_object_mut().unwrap().remove("seq");
    assert_eq!(told, expected);
    let shares =
        done(&world, "/instruments/6758/listed-shares", json!({"shares": "2000000"})).await;
    assert_eq!(shares["listed_shares"], "2000000");
    let ticks = json!({"tick_table": "tse_topix500"});
    let answer = set(&world, "/instruments/6758/ticks", ticks).await;
    assert!(answer.status == 200 || answer.code() == "invalid_spec", "{answer:?}");
    let none = world.admin(Method::GET, "/odd-lots", None).await;
    assert_eq!(none.body["items"], json!([]));
    let away = world.admin(Method::GET, "/auctions?symbol=6758", None).await;
    assert_eq!(away.code(), "history_unavailable");
    world.stop().await;
}

/// Each call that sets a definition, with a body that is refused, and what with.
fn unfit() -> [(&'static str, Value, &'static str); 10] {
    let terms = |more: Value| {
        let mut terms = json!({"batch": false, "principal": true, "spread_ppm": 5,
            "max_quantity": "9", "round_to": "1"});
        terms.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        terms
    };
    [
        ("/instruments/6758/limits", json!({"limit_down": "9", "limit_up": "8"}), "invalid_spec"),
        ("/instruments/6758/limits", json!({"base_price": "9.55"}), "invalid_price"),
        ("/instruments/6758/ticks", json!({"tick_size": "5"}), "invalid_spec"),
        ("/instruments/6758/listed-shares", json!({"shares": "1.5"}), "invalid_quantity"),
        ("/instruments/6758/breaker", json!({"mode": "full_range"}), "invalid_spec"),
        (
            "/instruments/6758/odd-lot-terms",
            terms(json!({"max_value": "1.23456"})),
            "invalid_amount",
        ),
        ("/instruments/6758/odd-lot-terms", terms(json!({"round_to": "0"})), "invalid_spec"),
        ("/instruments/NONE/ticks", json!({"tick_size": "5"}), "unknown_instrument"),
        (
            "/risk-limits",
            json!({"scope": {"group": 1}, "currency": "XYZ", "limits": {"day_value": {"hard": "1"}}}),
            "unknown_asset",
        ),
        (
            "/risk-limits",
            json!({"scope": {"group": 1}, "limits": {"position": {"hard": "1"}}}),
            "invalid_spec",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_definition_would_be_refused_with_is_told_before() {
    let world = World::start().await;
    listed(&world).await;
    let told = async |path: &str, body: &Value| {
        let answer =
            world.admin(Method::POST, &format!("{path}/preview"), Some(body.clone())).await;
        match answer.status {
            StatusCode::OK => answer.body["refusal"].as_str().unwrap_or_default().to_owned(),
            _ => answer.code().to_owned(),
        }
    };
    for (path, body, code) in unfit() {
        assert_eq!(told(path, &body).await, code, "{path}: {body}");
        assert_eq!(set(&world, path, body.clone()).await.code(), code, "{path}: {body}");
    }
    let shares = json!({"shares": "777"});
    assert_eq!(told("/instruments/6758/listed-shares", &shares).await, "");
    assert_eq!(shown(&world, "6758").await["listed_shares"], "1000000", "nothing is set");

    // While orders wait for the batch, the desk cannot go without a unit to round to.
    let alice = world.trader("alice").await;
    let terms = json!({"batch": true, "principal": false, "spread_ppm": 0, "max_quantity": "50",
        "round_to": "1"});
    done(&world, "/instruments/6758/odd-lot-terms", terms).await;
    let off = json!({"batch": false, "principal": false, "spread_ppm": 0});
    assert_eq!(told("/instruments/6758/odd-lot-terms", &off).await, "");
    let order = json!({"client_order_id": world.id(), "symbol": "6758", "side": "buy",
        "odd_lot": "batch", "type": "market", "quantity": "7"});
    let placed = world.place(&alice, &order).await;
    assert_eq!(placed.status, 201, "{placed:?}");
    assert_eq!(told("/instruments/6758/odd-lot-terms", &off).await, "invalid_spec");
    assert_eq!(set(&world, "/instruments/6758/odd-lot-terms", off).await.code(), "invalid_spec");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_house_quotes_deals_and_refuses_odd_lots() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    listed(&world).await;
    let terms = json!({"batch": true, "principal": true, "spread_ppm": 3500,
        "max_quantity": "50", "max_value": "100000", "round_to": "1"});
    done(&world, "/instruments/6758/odd-lot-terms", terms).await;
    step(&world, "pre_open").await;
    step(&world, "open").await;
    let odd = |side: &str, quantity: &str, fields: Value| {
        let mut order = json!({"client_order_id": world.id(), "symbol": "6758", "side": side,
            "odd_lot": "principal", "type": "market", "quantity": quantity});
        order.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        order
    };
    refused(&world, &alice, &odd("buy", "7", json!({})), "odd_lot_no_quote").await;
    for (side, price) in [("buy", "2990"), ("sell", "3010")] {
        let placed = world.place(&bob, &share(&world, side, price, "100")).await;
        assert_eq!(placed.status, 201, "{placed:?}");
    }
    // 2,990 less 0.35% is 2,979.535, 3,010 and 0.35% is 3,020.535; to the house's side of 0.1.
    let quote = shown(&world, "6758/odd-lot").await;
    assert_eq!((&quote["bid"], &quote["ask"]), (&json!("2979.5"), &json!("3020.6")));
    assert_eq!((&quote["principal"], &quote["max_quantity"]), (&json!(true), &json!("50")));
    refused(&world, &alice, &odd("buy", "60", json!({})), "odd_lot_cap").await;
    let worst = json!({"type": "limit", "price": "3020"});
    refused(&world, &alice, &odd("buy", "7", worst), "odd_lot_price").await;
    refused(&world, &alice, &odd("buy", "7", json!({})), "house_inventory").await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokyo_refuses_conditions_sizes_and_short_sales_that_do_not_fit() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    listed(&world).await;
    step(&world, "pre_open").await;
    let with = |mut order: Value, field: &str, value: &str| {
        order[field] = json!(value);
        order
    };
    step(&world, "open").await;
    // Conditions belong to Tokyo's sessions; this share trades without.
    let opening = with(world.good(), "condition", "opening");
    refused(&world, &alice, &opening, "invalid_condition").await;
    // 30% of 200,000 listed shares are 60,000.
    done(&world, "/instruments/6758/listed-shares", json!({"shares": "200000"})).await;
    let large = with(share(&world, "buy", "3000", "100"), "quantity", "60100");
    refused(&world, &alice, &large, "over_listed_shares").await;
    let call = json!({"kind": "full_range", "seconds": 600});
    assert_eq!(set(&world, "/instruments/6758/call", call).await.code(), "invalid_call");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_on_a_day_a_position_and_a_second_refuse() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    // One order of 100 shares at 2,000 is worth 200,000.
    for (measure, hard, code) in [
        ("day_value", "100000", "risk_day_value"),
        ("position", "1000050", "risk_position"),
        ("message_rate", "1", "risk_message_rate"),
    ] {
        let scope = if measure == "position" {
            json!({"account": "alice"})
        } else {
            json!({"instrument": "7203"})
        };
        let limits = json!({measure: {"hard": hard}});
        let body = json!({"scope": scope, "limits": limits, "currency": "JPY"});
        done(&world, "/risk-limits", body).await;
        let mut answer = world.place(&alice, &world.good()).await;
        // Two messages may fall into two seconds; many do not.
        for _ in 0..50 {
            if answer.code() == code {
                break;
            }
            answer = world.place(&alice, &world.good()).await;
        }
        assert_eq!((answer.status.as_u16(), answer.code()), (422, code), "{answer:?}");
        done(&world, "/risk-limits", json!({"scope": scope, "limits": {}})).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_get_firms_and_the_setting_says_who_shares() {
    let world = World::start().await;
    world.trader("alice").await;
    let asked = |firms: u64| json!([firms, "tse"]);
    let told = world.admin(Method::GET, "/participants", None).await.body;
    assert_eq!(told["participants"], "account");
    let firm = done(&world, "/accounts/alice/firm", json!({"firm": 7})).await;
    assert_eq!((&firm["account"], &firm["firm"]), (&json!("alice"), &json!(7)));
    let set_to = done(&world, "/participants", json!({"participants": "firm"})).await;
    assert_eq!(set_to["participants"], "firm");
    let told = world.admin(Method::GET, "/participants", None).await.body;
    assert_eq!(told["participants"], "firm");
    assert_eq!(json!([told["accounts_with_firm"], told["profile"]]), asked(1));
    done(&world, "/accounts/alice/firm", json!({"firm": 0})).await;
    let told = world.admin(Method::GET, "/participants", None).await.body;
    assert_eq!(json!([told["accounts_with_firm"], told["profile"]]), asked(0));
    for (path, body, code, field) in [
        ("/participants", json!({"participants": "broker"}), "invalid_value", "participants"),
        ("/participants", json!({}), "missing_field", "participants"),
        ("/accounts/alice/firm", json!({"firm": -1}), "invalid_value", "firm"),
        ("/accounts/nobody/firm", json!({"firm": 1}), "unknown_account", "account"),
    ] {
        let wrong = set(&world, path, body).await;
        assert_eq!((wrong.code(), &wrong.body["error"]["field"]), (code, &json!(field)));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_tell_tier_volume_rates_and_what_is_missing() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    let fees = async |path: &str| world.call(&alice, Method::GET, path, None).await;
    let plain = fees("/v1/fees").await;
    assert_eq!((plain.status.as_u16(), &plain.body["tiers"]), (200, &json!([])), "{plain:?}");
    let own = json!({"symbol": "BTC_JPY", "fee_asset": "JPY", "maker_rate": "-0.000100",
        "taker_rate": "0.001000", "next": null});
    assert_eq!(plain.body["items"][1], own);

    let tiers = json!({"asset": "JPY", "tiers": [
        {"volume": "400000", "maker_ppm": -200, "taker_ppm": 900},
        {"volume": "9000000", "maker_ppm": -300, "taker_ppm": 500}]});
    done(&world, "/fee-tiers", tiers).await;
    for (by, side) in [(&alice, "sell"), (&bob, "buy")] {
        let order = json!({"client_order_id": world.id(), "symbol": "BTC_JPY", "side": side,
            "type": "limit", "quantity": "0.1", "price": "5000000"});
        assert_eq!(world.place(by, &order).await.status, 201);
    }
    // A day counts once it is over: 0.1 BTC at 5,000,000 is 500,000 then.
    let today = fees("/v1/fees?symbol=BTC_JPY").await.body;
    let below = json!([{"asset": "JPY", "volume_30d": "0.0000", "tier": 0,
        "next": {"tier": 1, "volume_30d": "400000.0000", "missing": "400000.0000"}}]);
    assert_eq!(today["tiers"], below);
    done(&world, "/days/roll", json!({"profile": "crypto", "day": 29990101})).await;
    let next = fees("/v1/fees?symbol=BTC_JPY").await.body;
    let first = json!([{"asset": "JPY", "volume_30d": "500000.0000", "tier": 1,
        "next": {"tier": 2, "volume_30d": "9000000.0000", "missing": "8500000.0000"}}]);
    assert_eq!(next["tiers"], first);
    let rates = json!([{"symbol": "BTC_JPY", "fee_asset": "JPY", "maker_rate": "-0.000200",
        "taker_rate": "0.000900",
        "next": {"maker_rate": "-0.000300", "taker_rate": "0.000500"}}]);
    assert_eq!(next["items"], rates);
    assert!(next["seq"].as_u64() > today["seq"].as_u64(), "the roll is in it");
    // Shares have no tiers: their own rates alone.
    let share = fees("/v1/fees?symbol=7203").await.body;
    assert_eq!((&share["tiers"], &share["items"][0]["next"]), (&json!([]), &Value::Null));
    assert_eq!(fees("/v1/fees?symbol=NOPE").await.code(), "unknown_instrument");
    assert_eq!(fees("/v1/fees?limit=1").await.code(), "invalid_parameter");
    let trader = world.signer(world.new_key("alice", &[Scope::Trade])).await;
    let refused = world.call(&trader, Method::GET, "/v1/fees", None).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (403, "insufficient_scope"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_tells_the_days_value_and_the_seconds_messages() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    let limits = json!({"day_value": {"hard": "900000"}, "message_rate": {"hard": "1000"},
        "open_orders": {"hard": "10"}});
    for scope in [json!({"account": "alice"}), json!({"instrument": "BTC_JPY"})] {
        let body = json!({"scope": scope, "limits": limits, "currency": "JPY"});
        done(&world, "/risk-limits", body).await;
    }
    done(&world, "/accounts/bob/group", json!({"group": 7})).await;
    done(
        &world,
        "/risk-limits",
        json!({"scope": {"group": 7}, "limits": limits, "currency": "JPY"}),
    )
    .await;
    for (by, side, quantity) in [(&alice, "sell", "0.2"), (&bob, "buy", "0.1")] {
        let order = json!({"client_order_id": world.id(), "symbol": "BTC_JPY", "side": side,
            "type": "limit", "quantity": quantity, "price": "4000000"});
        assert_eq!(world.place(by, &order).await.status, 201);
    }
    // 0.1 BTC at 4,000,000, in the currency and as text, as limits are set.
    for (whose, open) in [("account=alice", 1), ("instrument=BTC_JPY", 1), ("group=7", 0)] {
        let told = world.admin(Method::GET, &format!("/risk-usage?{whose}"), None).await.body;
        let used = |measure: &str| &told["limits"][measure]["used"];
        assert_eq!(used("day_value"), "400000.0000", "{whose}: {told}");
        assert_eq!(told["limits"]["day_value"]["hard"], "900000.0000", "{told}");
        assert_eq!(told["currency"], "JPY", "{told}");
        let open: u64 = open;
        assert_eq!(used("open_orders"), &json!(open.to_string()), "{told}");
        assert_eq!(told["open_orders"], open, "{told}");
        assert!(used("message_rate").is_string(), "{told}");
        assert_eq!(told["complete"], true);
    }
    let none = world.admin(Method::GET, "/risk-usage?group=9", None).await.body;
    assert_eq!((&none["open_orders"], &none["limits"]), (&json!(0), &json!({})));
    assert!(none["currency"].is_null(), "{none}");
    world.stop().await;
}

/// Domain rules, section 3: thirty open orders per account and pair, unless the pair says otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn a_pair_takes_thirty_open_orders_of_an_account_if_nothing_else_is_said() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let pair = |symbol: &str| {
        json!({"symbol": symbol, "name": symbol, "profile": "crypto", "base_asset": "BTC",
            "quote_asset": "JPY", "price_digits": 0, "quantity_digits": 4, "tick_size": "1",
            "lot_size": "0.0001", "min_quantity": "0.001", "max_quantity": "10",
            "market_band_ppm": 50000})
    };
    let mut without = pair("FREE_JPY");
    without["open_order_cap"] = json!(0);
    for new in [pair("PLAIN_JPY"), without] {
        let made = world.admin(Method::POST, "/instruments", Some(new)).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let order = |symbol: &str| {
        json!({"client_order_id": world.id(), "symbol": symbol, "side": "buy", "type": "limit",
            "quantity": "0.001", "price": "1000"})
    };
    for _ in 0..30 {
        for symbol in ["PLAIN_JPY", "FREE_JPY"] {
            assert_eq!(world.place(&alice, &order(symbol)).await.status, 201);
        }
    }
    refused(&world, &alice, &order("PLAIN_JPY"), "open_order_cap").await;
    assert_eq!(world.place(&alice, &order("FREE_JPY")).await.status, 201);
    world.stop().await;
}
