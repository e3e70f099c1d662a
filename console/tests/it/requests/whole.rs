//! A request with the real backend: asked for, approved, in the ledger and in the journal's
//! record of what people did, with maker, checker and the request's id.

use serde_json::{Value, json};
use zaraba::config::Config;
use zaraba::wiring::Node;

use super::{CHECKER, filled, hidden};
use crate::backend::{TOKEN, secret_file, token_line};
use crate::world::{LOGIN, World, csrf_of, server_url, until};

/// Ends the day that the tests' database comes with: a fresh journal has its own.
const CLEAR: &str = "DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname = 'trading' LOOP EXECUTE 'TRUNCATE ' || name || ' CASCADE'; END LOOP;
    DELETE FROM access.api_keys; END $$";

/// A node in the place of the double.
pub async fn node(world: &mut World, files: &std::path::Path) -> Node {
    let address = world.backend.take().unwrap().go_away().await;
    sqlx::query(CLEAR).execute(&world.pool).await.unwrap();
    let database: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&world.pool).await.unwrap();
    let token = files.join("admin.token");
    secret_file(&token, &token_line("tests", TOKEN, 86_400));
    let mut config = Config { data_dir: files.join("data"), ..Config::default() };
    config.http.listen = "127.0.0.1:0".parse().unwrap();
    config.http.admin_listen = address;
    config.http.admin_token_file = token;
    config.auth.master_key_file = files.join("master.key");
    config.journal.segment_bytes = 1 << 20;
    config.engine.accounts = 1_000;
    config.engine.live_orders = 10_000;
    config.engine.balances = 10_000;
    let server = server_url();
    let (head, _) = server.rsplit_once('/').unwrap();
    config.postgres.url = format!("{head}/{database}");
    Node::start(config).await.unwrap()
}

/// Sends a change until the node is ready for it.
async fn made(node: &Node, path: &str, body: Value) {
    until(path, async || {
        let answer = reqwest::Client::new()
            .post(format!("http://{}/admin/v1/{path}", node.admin))
            .bearer_auth(TOKEN)
            .header("x-actor", "test")
            .header("x-request-id", zaraba_console::requests::fresh_id())
            .json(&body)
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert!(status.is_success() || status == 503, "{path}: {}", answer.text().await.unwrap());
        status.is_success().then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approved_adjustment_is_in_the_ledger_with_maker_checker_and_request() {
    World::with("an_approved_adjustment_is_in_the_ledger", async |mut world| {
        let files = tempfile::tempdir().unwrap();
        let node = node(&mut world, files.path()).await;
        made(&node, "assets", json!({"code": "JPY", "exponent": 0, "reason": "test"})).await;
        made(&node, "accounts", json!({"code": "C-1", "reason": "test"})).await;
        let deposit = json!({"kind": "deposit", "asset": "JPY", "amount": "8000",
            "reference": "first", "reason": "test"});
        made(&node, "accounts/C-1/transfers", deposit).await;
        let (maker, checker) = world.two().await;
        let fields = "kind=adjust&account=C-1&asset=JPY&amount=-5000";
        let (status, page) = world.get(&maker, &format!("/requests/new?{fields}")).await;
        assert_eq!(status, 200, "{page}");
        let answer = world.post(&maker, "/requests", &filled(&page, fields)).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        let address = answer.headers()["location"].to_str().unwrap().to_owned();
        let page = world.get(&checker, &address).await.1;
        let body = format!("csrf={}&seen={}&both=1", csrf_of(&page), hidden(&page, "seen"));
        let answer = world.post(&checker, &format!("{address}/approve"), &body).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        world.until("applied").await;
        let id: String = world.request("id::text").await;
        let sequence = world.request::<Value>("outcome").await["sequence"].as_i64();
        let row = "SELECT seq, actor, approver, reason, outcome FROM trading.admin_actions
                   WHERE request_id = $1";
        let (seq, actor, approver, reason, outcome): (i64, String, String, String, String) =
            until("its record", async || {
                sqlx::query_as(row).bind(&id).fetch_optional(&world.pool).await.unwrap()
            })
            .await;
        assert_eq!((actor.as_str(), approver.as_str()), (LOGIN, CHECKER));
        assert_eq!((reason.as_str(), outcome.as_str()), ("client asked", "ok"));
        assert_eq!(Some(seq), sequence, "the page links this very command");
        let ledger: i64 = sqlx::query_scalar(
            "SELECT delta FROM trading.ledger_entries l JOIN trading.accounts a USING (account_id)
             WHERE a.code = 'C-1' AND l.seq = $1",
        )
        .bind(seq)
        .fetch_one(&world.pool)
        .await
        .unwrap();
        assert_eq!(ledger, -5000);
        node.stop().await;
    })
    .await;
}
