//! API keys in Postgres, and history over REST: what needs a database.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use zaraba::auth::sign::Signer;
use zaraba::auth::{AuthError, Keys, NewKey, NewKind, Scope, SignedParts};
use zaraba::clock;
use zaraba::config::Config;
use zaraba::dev::postgres::PrivatePostgres;
use zaraba::live::Live;
use zaraba::projections::migrate::MIGRATIONS;
use zaraba_engine::types::AccountCode;

use super::world::World;

/// A server with the schema, in a directory that its user can walk through when we are root.
async fn database() -> (tempfile::TempDir, PrivatePostgres) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let postgres = PrivatePostgres::start(&dir.path().join("postgres"), 0).await.unwrap();
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    MIGRATIONS.run(&pool).await.unwrap();
    pool.close().await;
    (dir, postgres)
}

fn ask(keys: &Keys, signer: &Signer) -> &'static str {
    let time_ms = clock::now().0 / 1_000_000;
    let signature = signer.sign(time_ms, "GET", "/", b"");
    let parts = SignedParts {
        api_key: signer.api_key(),
        request_time: &time_ms.to_string(),
        signature: &signature,
        method: "GET",
        path: "/",
        body: b"",
    };
    match keys.verify(&parts, Scope::Read, None, clock::now()) {
        Ok(_) => "passed",
        // No account is known to these keys, so this is how far a good signature gets.
        Err(AuthError::UnknownAccount) => "verified",
        Err(error) => error.code(),
    }
}

#[tokio::test]
async fn keys_are_shared_by_the_database_and_survive_its_absence() {
    let (dir, postgres) = database().await;
    let mut settings = Config::default().auth;
    settings.master_key_file = dir.path().join("master.key");
    let data = [dir.path().join("one"), dir.path().join("two")];
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    let open = |data: &std::path::Path| {
        Keys::open(&settings, data, pool.clone(), Arc::new(Live::default())).unwrap()
    };
    let (one, two) = (open(&data[0]), open(&data[1]));
    let new = |label: &str| NewKey {
        account: AccountCode::new("alice").unwrap(),
        kind: NewKind::Hmac,
        scopes: vec![Scope::Read],
        addresses: vec![zaraba::auth::Network::parse("10.0.0.0/8").unwrap()],
        expires_at: None,
        reads_per_second: None,
        writes_per_second: Some(7),
        label: label.into(),
    };
    let mut anywhere = new("desk");
    anywhere.addresses.clear();
    let made = one.create(anywhere, "tester").await.unwrap();
    one.create(new("listed"), "tester").await.unwrap();
    let secret = made.api_secret.unwrap();
    let signer = Signer::hmac(&made.api_key, &secret);
    assert_eq!(ask(&one, &signer), "verified");
    assert_eq!(ask(&two, &signer), "bad_signature", "not read yet");
    two.refresh().await.unwrap();
    assert_eq!(ask(&two, &signer), "verified");
    assert_eq!(two.of_account("alice").len(), 2);
    assert_eq!(two.of_account("alice")[1].addresses[0].to_string(), "10.0.0.0/8");

    // The database alone signs nothing.
    let row: String = sqlx::query_scalar(
        "SELECT row_to_json(k)::text FROM access.api_keys k WHERE label = 'desk'",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(row.contains(&made.api_key) && !row.contains(secret.as_str()));
    assert!(!row.contains(&hex::encode(secret.as_bytes())), "{row}");
    let copy = std::fs::read(data[1].join("api-keys.sealed")).unwrap();
    let holds = |needle: &[u8]| copy.windows(needle.len()).any(|window| window == needle);
    assert!(!holds(made.api_key.as_bytes()) && !holds(secret.as_bytes()));

    // A start without the database still authenticates, from the sealed copy.
    let url = postgres.url();
    postgres.stop().await;
    // It is waited for, but not for long.
    let away = PgPoolOptions::new().acquire_timeout(Duration::from_millis(500));
    let away = away.connect_lazy(&url).unwrap();
    let live = Arc::new(Live::default());
    let again = Keys::open(&settings, &data[1], away.clone(), live).unwrap();
    assert_eq!(ask(&again, &signer), "verified");
    assert!(again.refresh().await.is_err());
    assert_eq!(ask(&again, &signer), "verified");
    // Not with another master key.
    settings.master_key_file = dir.path().join("other.key");
    let stranger = Keys::open(&settings, &data[1], away, Arc::new(Live::default())).unwrap();
    assert_eq!(ask(&stranger, &signer), "bad_signature");
}

#[tokio::test]
async fn a_key_ended_at_one_backend_ends_at_the_others() {
    let (dir, postgres) = database().await;
    let mut settings = Config::default().auth;
    settings.master_key_file = dir.path().join("master.key");
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    let open = |name: &str| {
        let live = Arc::new(Live::default());
        Keys::open(&settings, &dir.path().join(name), pool.clone(), live).unwrap()
    };
    let (one, two) = (open("one"), open("two"));
    let public_key = [7; 32];
    let public_key = ed25519_public(&public_key);
    let new = NewKey {
        account: AccountCode::new("alice").unwrap(),
        kind: NewKind::Ed25519(public_key),
        scopes: vec![Scope::Read],
        addresses: vec![],
        expires_at: None,
        reads_per_second: None,
        writes_per_second: None,
        label: String::new(),
    };
    let made = one.create(new, "tester").await.unwrap();
    let signer = Signer::ed25519(&made.api_key, &[7; 32]);
    two.refresh().await.unwrap();
    assert_eq!(ask(&two, &signer), "verified");
    assert!(one.revoke("alice", &made.api_key).await.unwrap());
    two.refresh().await.unwrap();
    assert_eq!(ask(&two, &signer), "bad_signature");
    postgres.stop().await;
}

fn ed25519_public(private: &[u8; 32]) -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(private).verifying_key().to_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_answers_from_postgres_and_says_how_far_it_is() {
    let (_dir, postgres) = database().await;
    let url = postgres.url();
    let world = World::with(|config| {
        config.postgres.url = url;
        config.postgres.query_seconds = 60;
    })
    .await;
    let (alice, bob) = (world.trader("alice").await, world.trader("bob").await);
    let mut sell = world.good();
    sell["side"] = json!("sell");
    let rests = world.place(&alice, &sell).await;
    let bought = world.place(&bob, &world.good()).await;
    assert_eq!(bought.text("status"), "filled", "{bought:?}");
    let seq = bought.body["seq"].as_u64().unwrap();
    let mut refused = world.good();
    refused["price"] = json!("4000");
    world.place(&bob, &refused).await;
    // The projector follows in its own time.
    let fills = loop {
        let fills = world.call(&bob, Method::GET, "/v1/fills", None).await;
        assert_eq!(fills.status, 200, "{fills:?}");
        if fills.body["seq"].as_u64().unwrap() > seq {
            break fills;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let fill = &fills.body["items"][0];
    assert_eq!(fill["order_id"], bought.body["order_id"]);
    assert_eq!((&fill["price"], &fill["quantity"]), (&json!("2000.0"), &json!("100")));
    assert_eq!((&fill["liquidity"], &fill["side"]), (&json!("taker"), &json!("buy")));
    assert_eq!(fill["seq"], seq);
    let filled = world.call(&bob, Method::GET, "/v1/orders?status=filled", None).await;
    assert_eq!(filled.body["items"], json!([bought.body]), "memory and history agree");
    let rejected = world.call(&bob, Method::GET, "/v1/orders?status=rejected", None).await;
    assert_eq!(rejected.body["items"][0]["reject_code"], "price_out_of_limits");
    let ledger = world.call(&bob, Method::GET, "/v1/ledger?asset=7203&limit=1", None).await;
    let entry = &ledger.body["items"][0];
    assert_eq!((&entry["delta"], &entry["cause"]), (&json!("100"), &json!("trade")));
    let cursor = ledger.text("next_cursor");
    let next = format!("/v1/ledger?asset=7203&limit=1&cursor={cursor}");
    let next = world.call(&bob, Method::GET, &next, None).await;
    assert_eq!(next.body["items"][0]["reference"], "first-7203", "{next:?}");
    // Another account sees nothing of it, by any name.
    let path = format!("/v1/fills?order_id={}", bought.text("order_id"));
    assert_eq!(world.call(&alice, Method::GET, &path, None).await.body["items"], json!([]));
    let own = format!("/v1/fills?order_id={}", rests.text("order_id"));
    let own = world.call(&alice, Method::GET, &own, None).await;
    assert_eq!(own.body["items"][0]["liquidity"], "maker");
    let unknown = world.call(&alice, Method::GET, "/v1/orders/by-client-id/none", None).await;
    assert_eq!(unknown.code(), "order_not_found");
    world.stop().await;
    postgres.stop().await;
}
