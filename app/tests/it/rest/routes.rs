//! Every route is described, and none answers to strangers that should not.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::Value;
use zaraba::intake::http;

use super::world::{World, answer};

/// What may be had without a signature.
const PUBLIC: [&str; 10] = [
    "/v1/time",
    "/v1/status",
    "/v1/instruments",
    "/v1/instruments/{symbol}",
    "/v1/instruments/{symbol}/book",
    "/v1/instruments/{symbol}/odd-lot",
    "/v1/instruments/{symbol}/trades",
    "/v1/instruments/{symbol}/candles",
    "/v1/tickers",
    // Private channels are behind the stream's own `auth`.
    "/v1/stream",
];

fn filled(path: &str) -> String {
    path.replace("{symbol}", "7203")
        .replace("{order_id}", "16777216")
        .replace("{client_order_id}", "a")
        .replace("{code}", "alice")
        .replace("{api_key}", "k")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_but_the_public_ones_needs_a_signature() {
    let world = World::start().await;
    let document: Value =
        serde_json::from_str(&http::document(&world.platform).to_json().unwrap()).unwrap();
    let mut signed = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let url = format!("http://{}{}", world.public, filled(path));
            let got = answer(world.client.request(method.clone(), url)).await;
            if PUBLIC.contains(&path.as_str()) {
                assert_ne!(got.status, 401, "{method} {path}");
                continue;
            }
            assert_eq!((got.status.as_u16(), got.code()), (401, "unauthorized"), "{method} {path}");
            let headers = &operation["security"][0];
            for header in ["api_key", "request_time", "signature"] {
                assert!(headers.get(header).is_some(), "{method} {path} does not name {header}");
            }
            signed += 1;
        }
    }
    assert_eq!(signed, 12, "a new signed route belongs here");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_served_and_describes_what_the_contract_lists() {
    let world = World::start().await;
    let url = format!("http://{}/v1/openapi.json", world.public);
    let document = answer(world.client.get(url)).await.body;
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in [
        ("/v1/time", &["get"][..]),
        ("/v1/status", &["get"]),
        ("/v1/instruments", &["get"]),
        ("/v1/instruments/{symbol}", &["get"]),
        ("/v1/instruments/{symbol}/book", &["get"]),
        ("/v1/instruments/{symbol}/odd-lot", &["get"]),
        ("/v1/instruments/{symbol}/trades", &["get"]),
        ("/v1/instruments/{symbol}/candles", &["get"]),
        ("/v1/orders", &["get", "post", "delete"]),
        ("/v1/orders/batch", &["post"]),
        ("/v1/orders/{order_id}", &["get", "patch", "delete"]),
        ("/v1/orders/by-client-id/{client_order_id}", &["get"]),
        ("/v1/fills", &["get"]),
        ("/v1/balances", &["get"]),
        ("/v1/ledger", &["get"]),
        ("/v1/fees", &["get"]),
    ] {
        for method in methods {
            let operation = &paths[path][method];
            assert!(operation["responses"]["429"].is_object(), "{method} {path}: {operation}");
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for field in ["client_order_id", "symbol", "side", "type", "quantity", "price"] {
        let described = schemas.values().any(|s| s["properties"][field].is_object());
        assert!(described, "{field} is described nowhere");
    }
    assert_eq!(document["components"]["securitySchemes"].as_object().unwrap().len(), 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_what_generators_of_clients_accept() {
    let world = World::start().await;
    let document: Value =
        serde_json::from_str(&http::document(&world.platform).to_json().unwrap()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut names = HashSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().expect("an operationId");
            assert!(names.insert(name), "{method} {path}: {name} is taken");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let description = response["description"].as_str().unwrap_or_default();
                assert!(!description.is_empty(), "{method} {path} {status}");
            }
        }
    }
    assert!(names.len() >= 18, "{names:?}");

    let (mut references, mut rest) = (0, vec![&document]);
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(values) => rest.extend(values),
            Value::Object(members) => {
                if let Some(Value::String(to)) = members.get("$ref") {
                    references += 1;
                    let pointer = to.strip_prefix('#').expect("references are inside");
                    assert!(document.pointer(pointer).is_some(), "{to} leads nowhere");
                }
                rest.extend(members.values());
            }
            _ => {}
        }
    }
    assert!(references > 20, "{references}");

    // What is always there, null or not, is said to be.
    let schemas = &document["components"]["schemas"];
    for (schema, members) in [
        ("Order", &["price", "average_price", "reject_code"][..]),
        ("Instrument", &["tick_size", "last_price"]),
        ("TickerShape", &["last", "best_bid"]),
        ("TradeList", &["next_cursor"]),
    ] {
        let required = schemas[schema]["required"].as_array().expect(schema);
        for member in members {
            assert!(required.contains(&Value::from(*member)), "{schema}.{member}");
            let kinds = &schemas[schema]["properties"][member]["type"];
            assert!(kinds.as_array().is_some_and(|k| k.contains(&"null".into())), "{kinds}");
        }
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_admin_route_needs_the_token() {
    let world = World::start().await;
    let mut paths = zaraba::intake::admin::paths();
    assert!(paths.len() >= 17);
    paths.push("/admin/v1/live".into());
    paths.push("/admin/v1/instruments/{symbol}/live".into());
    for path in paths {
        for method in [Method::GET, Method::POST] {
            for token in [None, Some("wrong"), Some("")] {
                let url = format!("http://{}{}", world.admin, filled(&path));
                let mut request = world.client.request(method.clone(), url);
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let got = answer(request).await;
                assert!([401, 405].contains(&got.status.as_u16()), "{method} {path}: {got:?}");
            }
        }
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        let got = answer(world.client.get(format!("http://{}{path}", world.admin))).await;
        assert_eq!(got.status, 200, "{path}");
    }
    world.stop().await;
}
