//! The back office's work over a real node with its database: trades corrected and taken back,
//! sessions stopped, features switched off, halts and usage watched.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zaraba::auth::sign::Signer;
use zaraba::clock;
use zaraba::dev::postgres;

use crate::instance::Instance;

struct Desk {
    http: reqwest::Client,
    api: String,
    admin: String,
    token: String,
    traders: Vec<(String, Signer)>,
    sent: std::cell::Cell<u64>,
}

impl Desk {
    fn of(server: &Instance) -> Desk {
        let file = server.dev_file();
        let traders = file
            .accounts
            .iter()
            .map(|key| (key.account.clone(), Signer::hmac(&key.api_key, &key.api_secret)))
            .collect();
        Desk {
            http: reqwest::Client::new(),
            api: file.api.clone(),
            admin: format!("{}/admin/v1", file.admin),
            token: file.admin_token.clone(),
            traders,
            sent: std::cell::Cell::new(clock::now().0 / 1_000_000),
        }
    }

    /// Milliseconds, never the same twice: two equal requests of one time would be one replayed.
    fn next(&self) -> u64 {
        let now = clock::now().0 / 1_000_000;
        self.sent.set(now.max(self.sent.get() + 1));
        self.sent.get()
    }

    /// A signed call of a trader.
    async fn trader(
        &self,
        who: usize,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let body = body.map(|body| serde_json::to_vec(&body).unwrap()).unwrap_or_default();
        let time = self.next();
        let headers = self.traders[who].1.headers(time, method, path, &body);
        let url = format!("{}{path}", self.api);
        let mut call = self.http.request(method.parse().unwrap(), url);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        let call = call.header("content-type", "application/json").body(body);
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn order(&self, who: usize, side: &str, price: &str, more: Value) -> (u16, Value) {
        let mut order = json!({"client_order_id": format!("o-{}", self.next()), "side": side,
            "symbol": "BTC_JPY", "type": "limit", "quantity": "0.01", "price": price});
        for (field, value) in more.as_object().unwrap() {
            order[field] = value.clone();
        }
        self.trader(who, "POST", "/v1/orders", Some(order)).await
    }

    async fn get(&self, path: &str) -> Value {
        let call = self.http.get(format!("{}{path}", self.admin)).bearer_auth(&self.token);
        call.send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, mut body: Value) -> (u16, Value) {
        body["reason"] = json!("訂正の試験");
        let call = self.http.post(format!("{}{path}", self.admin)).bearer_auth(&self.token);
        let call = call.header("x-actor", "suzuki").header("x-approver", "sato");
        let id = format!("bo-{}", self.next());
        let answer = call.header("x-request-id", id).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// What a path answers once the projection has what is wanted.
    async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let got = self.get(path).await;
            if wanted(&got) {
                return got;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{path}: {got}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn preview(&self, path: &str, body: Value) -> Value {
        let call = self.http.post(format!("{}{path}", self.admin)).bearer_auth(&self.token);
        call.json(&body).send().await.unwrap().json().await.unwrap()
    }

    async fn total(&self, who: usize, asset: &str) -> String {
        let (_, balances) = self.trader(who, "GET", "/v1/balances", None).await;
        let items = balances["items"].as_array().unwrap();
        let found = items.iter().find(|balance| balance["asset"] == asset);
        found.map(|balance| balance["total"].as_str().unwrap().to_owned()).unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_back_office_corrects_stops_and_watches() {
    if !postgres::installed() {
        crate::skipped("back_office", "PostgreSQL's server programs are not installed");
        return;
    }
    let mut server = Instance::install(&["--profile", "crypto", "--accounts", "2"]).await;
    server.start().await;
    let desk = Desk::of(&server);
    let trade = trades_are_corrected(&desk).await;
    previews_wait_for_no_other_trade(&desk, &server, &trade).await;
    features_are_switched_off(&desk).await;
    sessions_are_stopped(&desk).await;
    // All of it is in the projections as the journal has it.
    server.stop();
    server.start().await;
    let again = Desk::of(&server);
    let flags = again.get("/flags").await;
    let odd =
        flags["items"].as_array().unwrap().iter().find(|flag| flag["name"] == "contingent_orders");
    assert_eq!(odd.unwrap()["products"]["crypto"]["decided_by"], "database");
    server.stop();
    verified(&server).await;
    server.uninstall().await;
}

async fn verified(server: &Instance) {
    use std::str::FromStr;
    let options = sqlx::postgres::PgConnectOptions::from_str(&server.database_url()).unwrap();
    let source = zaraba::projections::source::JournalSource::cold(zaraba::journal::Dirs::of(
        &server.data_dir(),
    ));
    let report = zaraba::projections::verify::verify(Box::new(source), &options, |_| {}).await;
    let report = report.unwrap();
    assert_eq!(report.wrong, Vec::<String>::new());
    for table in ["admin_actions", "corrections"] {
        assert!(report.rows.iter().any(|(name, rows)| *name == table && *rows > 0), "{table}");
    }
}

async fn trades_are_corrected(desk: &Desk) -> String {
    let book = desk.http.get(format!("{}/v1/instruments/BTC_JPY", desk.api)).send().await.unwrap();
    let instrument: Value = book.json().await.unwrap();
    let last: i64 = instrument["last_price"]
        .as_str()
        .or(instrument["base_price"].as_str())
        .unwrap_or("10000000")
        .parse::<f64>()
        .unwrap() as i64;
    let (high, low) = (last.to_string(), (last - last / 100).to_string());
    let before = (desk.total(0, "BTC").await, desk.total(0, "JPY").await);
    assert_eq!(desk.order(0, "sell", &high, json!({})).await.0, 201);
    let (status, bought) = desk.order(1, "buy", &high, json!({})).await;
    assert_eq!((status, &bought["status"]), (201, &json!("filled")), "{bought}");
    let fills = loop {
        let (_, fills) = desk.trader(1, "GET", "/v1/fills?limit=1", None).await;
        if fills["items"][0]["order_id"] == bought["order_id"] {
            break fills;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let fill: u64 = fills["items"][0]["fill_id"].as_str().unwrap().parse().unwrap();
    let trade = format!("/trades/{}", fill / 2);
    let shown = desk.get(&trade).await;
    assert_eq!(
        (&shown["present"]["price"], shown["corrections"].as_array().map(Vec::len)),
        (&shown["original"]["price"], Some(0)),
        "{shown}"
    );
    assert_eq!(shown["present"]["buyer"]["account"], json!(desk.traders[1].0));

    let told = desk.preview(&format!("{trade}/correct/preview"), json!({"price": low})).await;
    assert_eq!((&told["refusal"], &told["after"]["price"]), (&Value::Null, &json!(low)), "{told}");
    let (status, done) = desk.post(&format!("{trade}/correct"), json!({"price": low})).await;
    assert_eq!((status, &done["present"]["price"]), (200, &json!(low)), "{done}");
    let correction = &done["corrections"][0];
    assert_eq!(
        (&correction["actor"], &correction["approver"], &correction["reason"]),
        (&json!("suzuki"), &json!("sato"), &json!("訂正の試験"))
    );
    let own = told["balances"]
        .as_array()
        .unwrap()
        .iter()
        .find(|b| b["account"] == json!(desk.traders[0].0) && b["asset"] == "JPY")
        .unwrap();
    assert_eq!(own["after"], json!(desk.total(0, "JPY").await), "as the preview said");
    let (_, fills) = desk.trader(1, "GET", "/v1/fills?limit=1", None).await;
    assert_eq!(fills["items"][0]["corrected"]["price"], json!(low), "{fills}");

    assert_eq!(
        desk.post(&format!("{trade}/correct"), json!({"price": low})).await.1["error"]["code"],
        "nothing_to_amend"
    );
    assert_eq!(
        desk.post(&format!("{trade}/correct"), json!({})).await.1["error"]["code"],
        "missing_field"
    );
    assert_eq!(
        desk.post("/trades/999999999/bust", json!({})).await.1["error"]["code"],
        "trade_not_found"
    );
    let (status, busted) = desk.post(&format!("{trade}/bust"), json!({})).await;
    assert_eq!((status, &busted["present"]["busted"]), (200, &json!(true)), "{busted}");
    assert_eq!((desk.total(0, "BTC").await, desk.total(0, "JPY").await), before);
    let list = desk
        .until("/corrections?symbol=BTC_JPY", |list| {
            list["items"].as_array().is_some_and(|items| items.len() == 2)
        })
        .await;
    assert_eq!(list["items"][0]["correction"], 2);
    let (_, ledger) = desk.trader(0, "GET", "/v1/ledger?limit=20", None).await;
    let causes =
        ledger["items"].as_array().unwrap().iter().filter(|entry| entry["cause"] == "correction");
    assert!(causes.count() >= 4, "{ledger}");
    trade
}

/// What is sequenced meanwhile does not hold up the preview of a trade the tables have.
async fn previews_wait_for_no_other_trade(desk: &Desk, server: &Instance, trade: &str) {
    use sqlx::Connection;
    let mut other = sqlx::PgConnection::connect(&server.database_url()).await.unwrap();
    let mut held = other.begin().await.unwrap();
    // The projector cannot commit while this is held; readers can read.
    sqlx::raw_sql("LOCK TABLE trading.watermark IN EXCLUSIVE MODE")
        .execute(&mut *held)
        .await
        .unwrap();
    assert_eq!(desk.order(0, "buy", "1000000", json!({})).await.0, 201);
    let told = desk.preview(&format!("{trade}/bust/preview"), json!({})).await;
    assert_eq!(told["refusal"], json!("nothing_to_amend"), "it is taken back already: {told}");
    held.rollback().await.unwrap();
    assert_eq!(desk.trader(0, "DELETE", "/v1/orders", None).await.0, 200);
}

async fn features_are_switched_off(desk: &Desk) {
    let stop = json!({"type": "stop", "stop_price": "20000000"});
    let stop_order = || async {
        let mut order = json!({"client_order_id": format!("s-{}", desk.next()), "side": "buy",
            "symbol": "BTC_JPY", "quantity": "0.01"});
        for (field, value) in stop.as_object().unwrap() {
            order[field] = value.clone();
        }
        (order.clone(), desk.trader(0, "POST", "/v1/orders", Some(order)).await)
    };
    let (taken, (status, answer)) = stop_order().await;
    assert_eq!(status, 201, "{answer}");
    let off = json!({"product": "crypto", "value": "off"});
    let (status, flag) = desk.post("/flags/contingent_orders", off).await;
    assert_eq!((status, &flag["products"]["crypto"]["on"]), (200, &json!(false)), "{flag}");
    assert_eq!(flag["products"]["tse"]["decided_by"], "default");
    let (_, (status, refused)) = stop_order().await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("feature_disabled")));
    assert_eq!(refused["error"]["details"]["feature"], "contingent_orders");
    let (status, repeat) = desk.trader(0, "POST", "/v1/orders", Some(taken)).await;
    assert_eq!(status, 200, "a repeat of what was taken gets its answer: {repeat}");
    let history = desk.get("/flags/contingent_orders/history").await;
    assert_eq!(
        (&history["items"][0]["value"], &history["items"][0]["approver"]),
        (&json!("off"), &json!("sato"))
    );
    let wrong = json!({"product": "fx", "value": "off"});
    assert_eq!(
        desk.post("/flags/contingent_orders", wrong).await.1["error"]["code"],
        "invalid_value"
    );
    assert_eq!(desk.post("/flags/colour", json!({})).await.1["error"]["code"], "not_found");
}

async fn sessions_are_stopped(desk: &Desk) {
    let (account, signer) = (&desk.traders[0].0, &desk.traders[0].1);
    let key = signer.headers(0, "GET", "/", b"")[0].1.clone();
    let usage = desk.get(&format!("/risk-usage?account={account}")).await;
    assert_eq!((&usage["open_orders"], &usage["complete"]), (&json!(1), &json!(true)), "{usage}");
    let told = desk.preview("/orders/cancel/preview", json!({"session": key})).await;
    assert_eq!(told["orders"], 1, "{told}");
    let thrown = json!({"scope": {"session": key}, "on": true});
    let (status, killed) = desk.post("/kill-switches", thrown).await;
    assert_eq!(
        (status, &killed["cancelled"], &killed["more"]),
        (200, &json!(1), &json!(false)),
        "{killed}"
    );
    let (status, refused) = desk.order(0, "buy", "1000000", json!({})).await;
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("kill_switch")));
    let list = desk.until("/kill-switches", |list| list["items"][0]["by"].is_object()).await;
    assert_eq!(
        (&list["items"][0]["session"], &list["items"][0]["by"]["actor"]),
        (&json!(key), &json!("suzuki"))
    );
    let halt = json!({"status": "halted"});
    assert_eq!(desk.post("/instruments/BTC_JPY/status", halt).await.0, 200);
    let halts = desk.until("/halts", |list| list["items"][0]["by"].is_object()).await;
    let halted = &halts["items"][0];
    assert_eq!(
        (&halted["symbol"], &halted["status"], &halted["by"]["reason"]),
        (&json!("BTC_JPY"), &json!("halted"), &json!("訂正の試験"))
    );
    let call = json!({"kind": "resumption", "seconds": 60});
    let (status, called) = desk.post("/instruments/BTC_JPY/call", call).await;
    assert_eq!(status, 200, "{called}");
    let actions = desk
        .until("/actions?target=instrument&limit=5", |list| {
            list["items"][0]["kind"] == "start_call"
        })
        .await;
    assert_eq!(actions["items"][1]["target"]["text"], "BTC_JPY");
    assert_eq!(actions["items"][1]["summary"]["status"], "halted");
}
