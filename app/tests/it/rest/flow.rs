//! What works: the life of orders as a client sees it.

use reqwest::Method;
use serde_json::{Value, json};

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_lives_and_every_reader_agrees() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    let mut sell = world.good();
    sell["side"] = json!("sell");
    sell["price"] = json!("2500");
    sell["quantity"] = json!("300");
    let rests = world.place(&alice, &sell).await;
    assert_eq!((rests.status.as_u16(), rests.text("status")), (201, "open"), "{rests:?}");
    assert_eq!(rests.text("price"), "2500.0", "answers carry the instrument's decimals");
    assert_eq!(rests.text("time_in_force"), "day", "the default of tse");

    let mut buy = world.good();
    buy["price"] = json!("2501");
    buy["quantity"] = json!("200");
    let fills = world.place(&bob, &buy).await;
    assert_eq!((fills.status.as_u16(), fills.text("status")), (201, "filled"), "{fills:?}");
    assert_eq!(fills.text("average_price"), "2500.00000", "at the resting price");
    assert_eq!((fills.text("filled_quantity"), fills.text("remaining_quantity")), ("200", "0"));

    let path = format!("/v1/orders/{}", rests.text("order_id"));
    let now = world.call(&alice, Method::GET, &path, None).await;
    assert_eq!(now.text("status"), "partially_filled");
    assert_eq!(now.text("remaining_quantity"), "100");
    let by_client = format!("/v1/orders/by-client-id/{}", rests.text("client_order_id"));
    assert_eq!(world.call(&alice, Method::GET, &by_client, None).await.body, now.body);
    let open = world.call(&alice, Method::GET, "/v1/orders", None).await;
    assert_eq!(open.body["items"], json!([now.body]));
    let partial = world.call(&alice, Method::GET, "/v1/orders?status=partially_filled", None).await;
    assert_eq!(partial.body["items"].as_array().unwrap().len(), 1);
    let other = world.call(&alice, Method::GET, "/v1/orders?symbol=BTC_JPY", None).await;
    assert_eq!(other.body["items"], json!([]));

    let smaller = world.call(&alice, Method::PATCH, &path, Some(&json!({"quantity": "250"}))).await;
    assert_eq!(smaller.code(), "off_lot");
    let dearer = world.call(&alice, Method::PATCH, &path, Some(&json!({"price": "2510"}))).await;
    assert_eq!((dearer.status.as_u16(), dearer.text("price")), (200, "2510.0"), "{dearer:?}");
    let book = world.call(&alice, Method::GET, "/v1/instruments/7203/book", None).await;
    assert_eq!(book.body["asks"], json!([["2510.0", "100"]]));

    let balances = world.call(&bob, Method::GET, "/v1/balances", None).await;
    let shares = balances.body["items"].as_array().unwrap().iter().find(|b| b["asset"] == "7203");
    assert_eq!(shares.unwrap()["total"], "1000200");
    let money = balances.body["items"].as_array().unwrap().iter().find(|b| b["asset"] == "JPY");
    assert_eq!(money.unwrap()["total"], "999500000.0000");
    let instrument = world.call(&bob, Method::GET, "/v1/instruments/7203", None).await;
    assert_eq!(instrument.text("last_price"), "2500.0");
    assert_eq!(instrument.text("tick_table"), "tse_topix500");

    let ended = world.call(&alice, Method::DELETE, &path, None).await;
    assert_eq!((ended.status.as_u16(), ended.text("status")), (200, "cancelled"));
    assert_eq!((ended.text("filled_quantity"), ended.text("remaining_quantity")), ("200", "0"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_first_answer_and_other_content_a_conflict() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let order = world.good();
    let first = world.place(&alice, &order).await;
    assert_eq!(first.status, 201);
    let again = world.place(&alice, &order).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &first.body));
    // The first order as it stands, also when it is finished.
    let path = format!("/v1/orders/{}", first.text("order_id"));
    world.call(&alice, Method::DELETE, &path, None).await;
    let later = world.place(&alice, &order).await;
    assert_eq!((later.status.as_u16(), later.text("status")), (200, "cancelled"));
    let mut other = order.clone();
    other["quantity"] = json!("200");
    let conflict = world.place(&alice, &other).await;
    assert_eq!((conflict.status.as_u16(), conflict.code()), (409, "duplicate_client_order_id"));
    assert_eq!(conflict.body["error"]["details"]["order"]["order_id"], first.body["order_id"]);
    // Also when the other content could not even be an order of its own.
    for (field, wrong) in [
        ("price", json!("2000.55")),
        ("price", json!("x")),
        ("price", json!(null)),
        ("quantity", json!("100.5")),
        ("symbol", json!("NOPE")),
        ("type", json!("stop")),
        ("stop_price", json!("1")),
        ("time_in_force", json!("never")),
        ("post_only", json!("yes")),
    ] {
        let mut other = order.clone();
        other[field] = wrong;
        let conflict = world.place(&alice, &other).await;
        assert_eq!((conflict.status.as_u16(), conflict.code()), (409, "duplicate_client_order_id"));
        assert_eq!(conflict.body["error"]["details"]["order"], later.body, "{field}");
    }
    // Another account has its own ids.
    let bob = world.trader("bob").await;
    assert_eq!(world.place(&bob, &order).await.status, 201);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answers_each_order_for_itself() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let mut orders: Vec<Value> = (0..100).map(|_| world.good()).collect();
    orders[1]["price"] = json!("2000.3");
    orders[2] = json!({"nonsense": true});
    orders[3] = orders[0].clone();
    orders[4] = json!(7);
    let path = "/v1/orders/batch";
    let answer = world.call(&alice, Method::POST, path, Some(&json!({"orders": orders}))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let items = answer.body["items"].as_array().unwrap();
    let statuses: Vec<u64> = items.iter().map(|i| i["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses[..6], [201, 422, 400, 200, 400, 201]);
    assert_eq!(items[1]["error"]["code"], "off_tick");
    assert_eq!(items[2]["error"]["code"], "unknown_field");
    assert_eq!(items[3]["order"], items[0]["order"]);
    assert_eq!(items[4]["error"]["code"], "invalid_type");
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 96);
    // Pages of what rests, then all of it cancelled but for one side and symbol at a time.
    let mut seen = 0;
    let mut path = "/v1/orders?limit=40".to_owned();
    loop {
        let page = world.call(&alice, Method::GET, &path, None).await;
        seen += page.body["items"].as_array().unwrap().len();
        match page.body["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/orders?limit=40&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, 96);
    for (path, cancelled) in [
        ("/v1/orders?side=sell", 0),
        ("/v1/orders?symbol=BTC_JPY", 0),
        ("/v1/orders?symbol=7203&side=buy", 96),
        ("/v1/orders", 0),
    ] {
        let done = world.call(&alice, Method::DELETE, path, None).await;
        assert_eq!(done.body["cancelled"], cancelled, "{path}: {done:?}");
        assert_eq!(done.body["more"], false);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_used_twice_in_a_batch_conflict_in_its_order() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    let too_fine = |order: &Value| {
        let mut order = order.clone();
        order["price"] = json!("2000.55");
        order
    };
    let (known, new, later) = (world.good(), world.good(), world.good());
    assert_eq!(world.place(&alice, &known).await.status, 201);
    let orders = [too_fine(&known), new.clone(), too_fine(&new), too_fine(&later), later];
    let body = json!({"orders": orders});
    let answer = world.call(&alice, Method::POST, "/v1/orders/batch", Some(&body)).await;
    let items = answer.body["items"].as_array().unwrap();
    let statuses: Vec<u64> = items.iter().map(|i| i["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [409, 201, 409, 422, 201], "{answer:?}");
    assert_eq!(items[2]["error"]["details"]["order"], items[1]["order"]);
    assert_eq!(items[3]["error"]["code"], "off_tick");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_answers_the_order_as_it_left_it() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    let mut sell = world.good();
    sell["side"] = json!("sell");
    sell["price"] = json!("2500");
    let rests = world.place(&alice, &sell).await;
    assert_eq!(rests.status, 201, "{rests:?}");
    let mut buy = world.good();
    buy["quantity"] = json!("500");
    let order = world.place(&bob, &buy).await;
    let id = order.text("order_id");
    let amend = |field: &str, value: &str| json!({"amend": {"order_id": id, field: value}});
    let cancel = json!({"cancel": {"order_id": id}});
    let operations = [
        amend("quantity", "400"),
        amend("price", "2500"),
        amend("quantity", "300"),
        cancel.clone(),
        cancel,
    ];
    let body = json!({"operations": operations});
    let answer = world.call(&bob, Method::POST, "/v1/orders/batch", Some(&body)).await;
    let items = answer.body["items"].as_array().unwrap();
    let seen: Vec<[&str; 6]> = items[..4]
        .iter()
        .map(|item| {
            let fields = ["status", "price", "quantity", "filled_quantity", "remaining_quantity"];
            let [status, price, quantity, filled, remaining] =
                fields.map(|field| item["order"][field].as_str().unwrap());
            let average = item["order"]["average_price"].as_str().unwrap_or("none");
            [status, price, quantity, filled, remaining, average]
        })
        .collect();
    assert_eq!(
        seen,
        [
            ["open", "2000.0", "400", "0", "400", "none"],
            ["partially_filled", "2500.0", "400", "100", "300", "2500.00000"],
            ["partially_filled", "2500.0", "300", "100", "200", "2500.00000"],
            ["cancelled", "2500.0", "300", "100", "0", "2500.00000"],
        ],
        "{answer:?}"
    );
    let seqs: Vec<u64> = items[..4].iter().map(|i| i["order"]["seq"].as_u64().unwrap()).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "each of its own command: {seqs:?}");
    assert_eq!(items[4]["error"]["code"], "order_not_open");
    assert_eq!(items[4]["error"]["details"]["order"], items[3]["order"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn market_orders_fees_and_averages_are_exact() {
    let world = World::start().await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    let order = |side: &str, kind: &str, price: Option<&str>, quantity: &str| {
        let mut order = json!({"client_order_id": world.id(), "symbol": "BTC_JPY", "side": side,
            "type": kind, "quantity": quantity});
        if let Some(price) = price {
            order["price"] = json!(price);
        }
        order
    };
    for (price, quantity) in [("5000000", "0.001"), ("5000001", "0.002")] {
        let rests = world.place(&alice, &order("sell", "limit", Some(price), quantity)).await;
        assert_eq!((rests.status.as_u16(), rests.text("time_in_force")), (201, "gtc"));
    }
    // A first trade gives market orders their reference.
    let first = world.place(&bob, &order("buy", "limit", Some("5000000"), "0.001")).await;
    assert_eq!(first.text("status"), "filled");
    let market = world.place(&bob, &order("buy", "market", None, "0.005")).await;
    assert_eq!((market.status.as_u16(), market.text("status")), (201, "cancelled"), "{market:?}");
    assert_eq!(market.text("filled_quantity"), "0.0020");
    assert_eq!(market.body["price"], Value::Null);
    assert_eq!(market.text("average_price"), "5000001.0000");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn request_ids_are_echoed_and_large_answers_compressed() {
    let world = World::start().await;
    let url = format!("http://{}/v1/time", world.public);
    let echoed = world.client.get(&url).header("x-request-id", "abc-1").send().await.unwrap();
    assert_eq!(echoed.headers()["x-request-id"], "abc-1");
    let long = "x".repeat(200);
    let made = world.client.get(&url).header("x-request-id", &long).send().await.unwrap();
    assert_eq!(made.headers()["x-request-id"].len(), 16);
    let document = format!("http://{}/v1/openapi.json", world.public);
    let packed = world.client.get(document).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let small = world.client.get(&url).header("accept-encoding", "gzip").send().await.unwrap();
    assert!(!small.headers().contains_key("content-encoding"));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_belongs_to_the_filters_it_was_given_out_with() {
    let world = World::start().await;
    let alice = world.trader("alice").await;
    for _ in 0..3 {
        assert_eq!(world.place(&alice, &world.good()).await.status, 201);
    }
    let first = world.call(&alice, Method::GET, "/v1/orders?side=buy&limit=1", None).await;
    let cursor = first.text("next_cursor");
    for (filters, code) in [
        ("side=buy&limit=2", ""),
        ("side=sell", "invalid_cursor"),
        ("side=buy&symbol=7203", "invalid_cursor"),
        ("status=partially_filled&side=buy", "invalid_cursor"),
        ("limit=1", "invalid_cursor"),
    ] {
        let path = format!("/v1/orders?{filters}&cursor={cursor}");
        let page = world.call(&alice, Method::GET, &path, None).await;
        assert_eq!(page.code(), code, "{filters}: {page:?}");
    }
    world.stop().await;
}
