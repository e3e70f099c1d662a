//! Changes of the admin API across SIGKILL: whatever was sent is done once, whether or not its
//! answer got through, and a repeat to the restarted server tells the first outcome.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zaraba::dev::postgres;

use crate::instance::Instance;

struct Caller {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Caller {
    fn of(server: &Instance) -> Caller {
        let file = server.dev_file();
        let token = file.admin_token.clone();
        Caller { http: reqwest::Client::new(), base: format!("{}/admin/v1", file.admin), token }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let call = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// A change; no answer where the server dies.
    async fn post(&self, id: &str, path: &str, body: &Value) -> Option<(u16, Value, bool)> {
        let call = self.http.post(format!("{}{path}", self.base)).bearer_auth(&self.token);
        let call = call.header("x-actor", "suzuki").header("x-approver", "sato");
        let answer = call.header("x-request-id", id).json(body).send().await.ok()?;
        let repeated = answer.headers().contains_key("x-repeated");
        Some((answer.status().as_u16(), answer.json().await.ok()?, repeated))
    }

    /// A change, sent again while the server says it does not know yet.
    async fn done(&self, id: &str, path: &str, body: &Value) -> (u16, Value, bool) {
        let begun = Instant::now();
        loop {
            let got = self.post(id, path, body).await.unwrap();
            if got.1["error"]["code"] != "requests_not_ready" {
                return got;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{got:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn anchor(count: u64) -> Value {
    json!({"what": "audit", "count": count, "hash": "00".repeat(32), "reason": "監査"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_done_once_whatever_is_killed() {
    if !postgres::installed() {
        crate::skipped("requests", "PostgreSQL's server programs are not installed");
        return;
    }
    let mut server = Instance::install(&["--profile", "crypto", "--accounts", "2"]).await;
    server.start().await;
    let caller = Caller::of(&server);
    let first = caller.post("known", "/anchors", &anchor(1)).await.unwrap();
    assert_eq!(first.0, 201, "{first:?}");
    let account = json!({"code": "once", "reason": "x"});
    assert_eq!(caller.post("account", "/accounts", &account).await.unwrap().0, 201);
    let poor = json!({"kind": "withdraw", "asset": "JPY", "amount": "5", "reference": "w",
        "reason": "x"});
    let path = "/accounts/once/transfers";
    let refused = caller.post("poor", path, &poor).await.unwrap();
    assert_eq!(refused.1["error"]["code"], "insufficient_funds");

    // Killed with changes in flight: some of them have no answer.
    let mut told = Vec::new();
    for round in 0..3u64 {
        let caller = Caller::of(&server);
        let calls = (0..40).map(|n| {
            let id = format!("flight-{round}-{n}");
            let caller = &caller;
            async move { caller.post(&id, "/anchors", &anchor(n)).await.map(|answer| answer.0) }
        });
        let killing = async {
            tokio::time::sleep(Duration::from_millis(3 + 4 * round)).await;
            server.kill();
        };
        let (answers, ()) = tokio::join!(futures_util::future::join_all(calls), killing);
        told.push(answers);
        server.start().await;
    }
    let caller = Caller::of(&server);
    for (round, answers) in told.iter().enumerate() {
        for n in 0..answers.len() {
            let id = format!("flight-{round}-{n}");
            let (status, body, _) = caller.done(&id, "/anchors", &anchor(n as u64)).await;
            assert!(status == 200 || status == 201, "{id}: {status} {body}");
        }
    }
    let (status, body, repeated) = caller.done("known", "/anchors", &anchor(1)).await;
    assert_eq!((status, repeated), (200, true), "{body}");
    let action = &body["actions"][0];
    assert_eq!((&action["seq"], &action["outcome"]), (&first.1["seq"], &json!("ok")));
    assert_eq!((&action["actor"], &action["approver"]), (&json!("suzuki"), &json!("sato")));
    assert_eq!((&action["reason"], &action["kind"]), (&json!("監査"), &json!("anchor")));
    let (_, body, repeated) = caller.done("poor", path, &poor).await;
    assert_eq!((&body["error"]["code"], repeated), (&json!("insufficient_funds"), true));
    let (status, body, _) = caller.done("account", "/accounts", &account).await;
    assert_eq!((status, &body["actions"][0]["target"]["text"]), (200, &json!("once")));

    // A key is made once, and its secret is not told again.
    let key = json!({"scopes": ["read"], "reason": "x"});
    let (status, made, _) = caller.done("key", "/accounts/once/keys", &key).await;
    assert_eq!(status, 201, "{made}");
    for _ in 0..2 {
        let (status, again, _) = Caller::of(&server).done("key", "/accounts/once/keys", &key).await;
        assert_eq!((status, &again["error"]["details"]["api_key"]), (409, &made["api_key"]));
        assert!(!again.to_string().contains("api_secret"));
        server.kill();
        server.start().await;
    }
    settled(&Caller::of(&server)).await;
    server.stop();
    server.uninstall().await;
}

/// Each anchor is there once, and requests can be asked about.
async fn settled(caller: &Caller) {
    let begun = Instant::now();
    let anchors = loop {
        let (_, list) = caller.get("/anchors?limit=1000").await;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        if items.len() >= 121 || begun.elapsed() > Duration::from_secs(60) {
            break items;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(anchors.len(), 121, "one before, and 3 times 40 in flight");
    let (_, known) = caller.get("/requests/known").await;
    assert_eq!(
        (&known["state"], known["actions"].as_array().map(Vec::len)),
        (&json!("done"), Some(1))
    );
    let (_, unknown) = caller.get("/requests/never").await;
    assert_eq!((&unknown["state"], &unknown["known"]), (&json!("unknown"), &json!(false)));
    let (_, of_suzuki) = caller.get("/actions?actor=suzuki&kind=anchor&limit=3").await;
    assert_eq!(of_suzuki["items"].as_array().map(Vec::len), Some(3));
    let cursor = of_suzuki["next_cursor"].as_str().unwrap();
    let next =
        caller.get(&format!("/actions?actor=suzuki&kind=anchor&limit=3&cursor={cursor}")).await;
    assert!(next.1["items"][0]["seq"].as_u64() < of_suzuki["items"][2]["seq"].as_u64());
}
