//! The tools against the program as people start it: a recorded market day, load, the
//! simulation, batch operations, and that a restart keeps everything.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use zaraba::dev::postgres;
use zaraba::tools::client::{Connection, Endpoint, Key, Order};
use zaraba::tools::credentials::AccountKey;

use crate::instance::Instance;

/// Runs a verb of the program against the instance; what it printed as JSON.
fn tool(instance: &Instance, arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_zaraba"))
        .args(arguments)
        .args(["--json", "--dev"])
        .arg(instance.dev_dir())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lobster").join(name);
    path.to_str().unwrap().to_owned()
}

/// The academic samples; they may not be redistributed, so they lie beside the project.
fn real_samples() -> Option<PathBuf> {
    let dir = std::env::var_os("ZARABA_LOBSTER_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/lobster"),
        PathBuf::from,
    );
    dir.join("AAPL_2012-06-21_message_10.csv").exists().then_some(dir)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tools_work_on_a_fresh_instance_and_a_restart_keeps_everything() {
    if !postgres::installed() {
        crate::skipped("tools", "PostgreSQL's server programs are not installed");
        return;
    }
    let mut instance = Instance::install(&["--accounts", "3"]).await;
    instance.start().await;

    recorded_flow_fills_the_very_orders(&instance);
    a_seeded_book_follows_the_record(&instance);
    real_flow(&instance);
    load_reports_what_it_did(&instance);
    batch_operations_keep_their_order(&instance).await;
    a_simulated_market_fills_its_books(&instance).await;

    let before = instance.dev_file();
    let held = balances(&instance, &before.accounts[0]).await;
    instance.stop();
    instance.start().await;
    let after = instance.dev_file();
    assert_eq!(after, before, "addresses and credentials survive a restart");
    assert_eq!(balances(&instance, &after.accounts[0]).await, held, "funded once only");
    instance.stop();
    instance.uninstall().await;
}

fn recorded_flow_fills_the_very_orders(instance: &Instance) {
    let messages = sample("SYNTH_message_4.csv");
    let report =
        tool(instance, &["replay", "lobster", "--symbol", "AAPL", "--messages", &messages]);
    assert_eq!(report["messages_played"], 150);
    assert_eq!(
        report["executions"],
        json!({
        "known": 26, "exact": 26, "share": 1.0, "first_missed_lines": [] })
    );
    assert_eq!(report["hidden_executions"], 7);
    assert_eq!(report["other_messages"], 3);
    assert_eq!(report["refused"], json!({}));
}

fn a_seeded_book_follows_the_record(instance: &Instance) {
    let (messages, book) = (sample("SYNTH_message_4.csv"), sample("SYNTH_orderbook_4.csv"));
    let report = tool(
        instance,
        &[
            "replay",
            "lobster",
            "--symbol",
            "AAPL",
            "--messages",
            &messages,
            "--orderbook",
            &book,
            "--seed-book",
            "each",
        ],
    );
    assert_eq!(report["book"]["levels"], 3, "one less than the file has");
    assert_eq!(report["book"]["steps"], 159);
    assert_eq!(report["book"]["equal"], 159, "{report}");
}

fn real_flow(instance: &Instance) {
    let Some(dir) = real_samples() else {
        crate::skipped(
            "tools::lobster samples",
            "they are not beside the project (ZARABA_LOBSTER_DIR)",
        );
        return;
    };
    let file = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let report = tool(
        instance,
        &[
            "replay",
            "lobster",
            "--messages",
            &file("AAPL_2012-06-21_message_10.csv"),
            "--orderbook",
            &file("AAPL_2012-06-21_orderbook_10.csv"),
            "--seed-book",
            "each",
        ],
    );
    assert_eq!(report["book"]["levels"], 9);
    assert_eq!(report["book"]["steps"], 998);
    assert_eq!(report["book"]["equal"], 998, "{report}");
}

fn load_reports_what_it_did(instance: &Instance) {
    let report = tool(instance, &["load", "--orders", "400", "--connections", "8", "--verify"]);
    let done = report["succeeded"].as_u64().unwrap();
    let rejected: u64 =
        report["rejects"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(done + rejected, 400, "{report}");
    assert_eq!(report["errors"], json!({}));
    assert_eq!(report["verified"]["missing"], 0);
    assert!(report["verified"]["orders"].as_u64().unwrap() > 100, "{report}");
    let latency = &report["latency_us"];
    assert!(latency["p50"].as_u64().unwrap() <= latency["max"].as_u64().unwrap());
    let open = tool(instance, &["load", "--orders", "50", "--rate", "200", "--connections", "4"]);
    assert_eq!(open["loop"], "open");
}

async fn call(
    instance: &Instance,
    key: &AccountKey,
    method: Method,
    path: &str,
    body: &Value,
) -> Value {
    let mut connection =
        Connection::new(Endpoint::resolve(&instance.dev_file().api).await.unwrap());
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let answer = connection.call(&Key::new(key).unwrap(), method, path, body).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

async fn balances(instance: &Instance, key: &AccountKey) -> Vec<(String, String)> {
    let answer = call(instance, key, Method::GET, "/v1/balances", &Value::Null).await;
    let items = answer["items"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    items.iter().map(|item| (text(&item["asset"]), text(&item["total"]))).collect()
}

async fn batch_operations_keep_their_order(instance: &Instance) {
    let key = &instance.dev_file().accounts[2];
    let other = &instance.dev_file().accounts[1];
    let path = "/v1/orders/batch";
    let place = |id: &str, price: &str| {
        json!({"place": {"client_order_id": id, "symbol": "XRP_JPY", "side": "buy",
            "type": "limit", "quantity": "10", "price": price}})
    };
    let body = json!({"operations": [place("b-1", "300"), place("b-2", "301")]});
    let placed = call(instance, key, Method::POST, path, &body).await;
    let ids: Vec<Order> = placed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| serde_json::from_value(item["order"].clone()).unwrap())
        .collect();
    let (first, second) = (&ids[0].order_id, &ids[1].order_id);
    let body = json!({"operations": [
        {"amend": {"order_id": first, "quantity": "4"}},
        {"cancel": {"order_id": first}},
        {"amend": {"order_id": first, "quantity": "3"}},
        {"cancel": {"order_id": second}},
        place("b-3", "not a price"),
        {"cancel": {"order_id": "999999999"}},
        {"cancel": {"order_id": second}, "amend": {"order_id": second}},
        {"replace": {}},
    ]});
    let answer = call(instance, key, Method::POST, path, &body).await;
    let items = answer["items"].as_array().unwrap();
    let codes: Vec<&str> =
        items.iter().map(|item| item["error"]["code"].as_str().unwrap_or("-")).collect();
    assert_eq!(
        codes,
        [
            "-",
            "-",
            "order_not_open",
            "-",
            "invalid_price",
            "order_not_found",
            "invalid_value",
            "unknown_field"
        ],
        "{answer}"
    );
    assert_eq!(items[1]["order"]["status"], "cancelled");
    assert_eq!(items[1]["order"]["quantity"], "4.00", "the amendment came before the cancel");
    let theirs = json!({"operations": [{"cancel": {"order_id": first}}]});
    let answer = call(instance, other, Method::POST, path, &theirs).await;
    assert_eq!(answer["items"][0]["error"]["code"], "order_not_found", "another's order");
    for wrong in [json!({}), json!({"operations": []}), json!({"orders": [], "operations": []})] {
        let answer = call(instance, key, Method::POST, path, &wrong).await;
        assert!(answer["error"]["code"].is_string(), "{wrong}: {answer}");
    }
}

async fn a_simulated_market_fills_its_books(instance: &Instance) {
    let output = Command::new(env!("CARGO_BIN_EXE_zaraba"))
        .args(["sim", "--duration", "4", "--rate", "200", "--symbol", "7203", "--dev"])
        .arg(instance.dev_dir())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let endpoint = Endpoint::resolve(&instance.dev_file().api).await.unwrap();
    let mut connection = Connection::new(endpoint);
    let path = "/v1/instruments/7203/book?levels=50";
    let book: Value = connection.get_public(path).await.unwrap().json(path).unwrap();
    for side in ["bids", "asks"] {
        let levels: BTreeSet<&str> =
            book[side].as_array().unwrap().iter().map(|level| level[0].as_str().unwrap()).collect();
        assert!(levels.len() >= 8, "{side}: {levels:?}");
    }
}
