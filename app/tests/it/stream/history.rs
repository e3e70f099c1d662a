//! After a restart: what was missed comes from the database, the same as from memory, and
//! trades and candles from before are shown again.

use std::os::unix::fs::PermissionsExt;
use std::str::FromStr;

use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use zaraba::auth::Scope;
use zaraba::auth::sign::Signer;
use zaraba::config::Config;
use zaraba::dev::postgres::PrivatePostgres;
use zaraba::projections::migrate;

use super::node::{Node, PATIENCE, config};
use super::private::{ALL, activity, is_private, place, read_to};

struct Base {
    dir: tempfile::TempDir,
    postgres: PrivatePostgres,
}

impl Base {
    async fn new() -> Base {
        let dir = tempfile::tempdir().unwrap();
        // The database's own user walks through it when we are root.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(dir.path(), open).unwrap();
        let postgres = PrivatePostgres::start(&dir.path().join("postgres"), 0).await.unwrap();
        migrate::run(&PgConnectOptions::from_str(&postgres.url()).unwrap()).await.unwrap();
        Base { dir, postgres }
    }

    fn config(&self) -> Config {
        let mut config = config(&self.dir.path().join("data"));
        config.postgres.url = self.postgres.url();
        config
    }
}

/// Everything private from a position to the end of the resume.
async fn resume(node: &Node, signer: &Signer, from: Option<&Value>) -> Vec<Value> {
    let mut stream = node.connect_as(signer).await;
    let (seq, ordinal) = from.map_or((0, json!(null)), |from| {
        let (seq, ordinal) = place(from);
        (seq, json!(ordinal))
    });
    let resume = json!({"op": "resume", "seq": seq, "ordinal": ordinal, "channels": ALL});
    stream.send(&resume).await;
    let mut told: Vec<Value> = Vec::new();
    loop {
        let message = stream.next().await;
        match message["type"].as_str().unwrap() {
            "subscribed" => {}
            "resumed" => {
                assert_eq!(message["count"], told.len());
                return told;
            }
            _ => {
                assert!(is_private(&message), "{message}");
                assert!(told.last().is_none_or(|last| place(last) < place(&message)));
                told.push(message);
            }
        }
    }
}

fn without_balances(events: &[Value]) -> Vec<&Value> {
    events.iter().filter(|event| event["type"] != "balance").collect()
}

fn last_balance<'a>(events: &'a [Value], asset: &str) -> Option<&'a Value> {
    let of = |event: &&Value| event["type"] == "balance" && event["data"]["asset"] == asset;
    events.iter().rev().find(of)
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_a_resume_tells_the_same_from_the_database() {
    let base = Base::new().await;
    let node = Node::start(base.config()).await;
    let mut witness = node.connect_as(&node.key("buyer", &[Scope::Read]).await).await;
    witness.subscribe(&ALL).await;
    let mut expected = Vec::new();
    let end = activity(&node, 40).await;
    read_to(&mut witness, end, &mut expected).await;
    node.stop().await;

    let node = Node::open(base.config()).await;
    let buyer = node.key("buyer", &[Scope::Read]).await;
    assert!(node.platform.market.beginning().seq >= end, "nothing of it is in memory");
    // From before everything, and from the middle of commands and of orders' lives.
    for cut in [0, 1, 2, 3, 57, 101, expected.len() - 4, expected.len() - 1] {
        let (had, missed) = expected.split_at(cut);
        let told = resume(&node, &buyer, had.last()).await;
        let floor = had.last().map_or((0, 0), place);
        assert!(told.iter().all(|event| place(event) > floor));
        // Deposits came before the witness did.
        let since = |events: &[Value]| {
            let first = expected.first().map(place).unwrap();
            events.iter().filter(|event| place(event) >= first).cloned().collect::<Vec<_>>()
        };
        let told = since(&told);
        assert_eq!(without_balances(&told), without_balances(missed), "cut at {cut}");
        for asset in ["JPY", "7203"] {
            assert_eq!(last_balance(&told, asset), last_balance(missed, asset), "{asset}, {cut}");
        }
    }

    // Over both: before the restart from the database, after it from memory, then live.
    let more = activity(&node, 5).await;
    let mut stream = node.connect_as(&buyer).await;
    let (seq, ordinal) = place(&expected[20]);
    let from = json!({"op": "resume", "seq": seq, "ordinal": ordinal, "channels": ALL});
    stream.send(&from).await;
    let newest = activity(&node, 5).await;
    assert!(newest > more);
    let mut told = Vec::new();
    read_to(&mut stream, newest, &mut told).await;
    let fresh = node.connect_as(&buyer).await;
    drop(fresh);
    let all = resume(&node, &buyer, Some(&expected[20])).await;
    assert_eq!(without_balances(&told), without_balances(&all));
    for asset in ["JPY", "7203"] {
        assert_eq!(last_balance(&told, asset), last_balance(&all, asset), "{asset}");
    }
    node.stop().await;
    base.postgres.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trades_candles_and_the_day_are_shown_again_after_a_restart() {
    let base = Base::new().await;
    let shown = async |node: &Node| {
        let mut shown = Vec::new();
        for path in [
            "/v1/instruments/7203/trades?limit=1000",
            "/v1/instruments/7203/candles?interval=1h",
            "/v1/instruments/7203/candles?interval=1d",
        ] {
            shown.push(node.get(path).await.1["items"].clone());
        }
        let ticker = node.get("/v1/tickers").await.1["items"][0].clone();
        for field in ["last", "open", "high", "low", "volume", "turnover", "trades", "best_bid"] {
            shown.push(ticker[field].clone());
        }
        shown
    };
    let node = Node::start(base.config()).await;
    for round in 0..20 {
        node.trade(25_000 + 5 * (round % 9), 1 + round % 4).await;
    }
    node.market_caught_up().await;
    let before = shown(&node).await;
    assert_eq!(before[0].as_array().unwrap().len(), 20);
    node.stop().await;

    let node = Node::open(base.config()).await;
    let warmed = async {
        while shown(&node).await[0] != before[0] {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, warmed).await.expect("the market warms up");
    assert_eq!(shown(&node).await, before);
    // What follows adds up with it.
    node.trade(25_500, 2).await;
    node.market_caught_up().await;
    let (_, trades) = node.get("/v1/instruments/7203/trades?limit=1000").await;
    assert_eq!(trades["items"].as_array().unwrap().len(), 21);
    let (_, day) = node.get("/v1/instruments/7203/candles?interval=1d").await;
    let count = day["items"].as_array().unwrap().iter().map(|c| c["trades"].as_u64().unwrap());
    assert_eq!(count.sum::<u64>(), 21);
    node.stop().await;
    base.postgres.stop().await;
}
