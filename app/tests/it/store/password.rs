//! The database's password is replaced beside a running node, as a vault's agent does it.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection};
use zaraba::wiring::Core;
use zaraba_secret as secret;

use super::node::{settings, succeeds};
use super::stream::Stream;
use super::{database, number, postgres_is_here};

const ROLE: &str = "password_backend";

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !done().await {
        assert!(begun.elapsed() < Duration::from_secs(120), "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_is_taken_without_a_restart() {
    if !postgres_is_here("password::a_new_password_is_taken") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut root = database("password").await.connect().await.unwrap();
    let (mut config, file) = settings(dir.path(), "password").await;
    succeeds(&file, &["migrate"]).await;
    run(&mut root, format!("DROP ROLE IF EXISTS {ROLE}")).await;
    let role = format!("CREATE ROLE {ROLE} LOGIN PASSWORD 'first' IN ROLE zaraba_backend");
    run(&mut root, role).await;
    let password = dir.path().join("password");
    secret::write(&password, b"first\n").unwrap();
    config.postgres.password_file = password.clone();
    let (_, address) = config.postgres.url.split_once('@').unwrap();
    config.postgres.url = format!("postgres://{ROLE}@{address}");

    let core = Core::start(config).await.unwrap();
    let (gate, status) = (core.platform.gate.clone(), core.platform.status.clone());
    let caught_up = async || status.postgres_ok() && status.projected() == status.durable.get();
    let mut commands = Stream::new(50).skip(1);
    for (_, command) in commands.by_ref().take(50) {
        gate.submit(command).await.unwrap();
    }
    until("the first rows", caught_up).await;

    // The login changes, and whoever is connected is sent away: the old password is no use.
    let cut = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{ROLE}'"
    );
    run(&mut root, format!("ALTER ROLE {ROLE} PASSWORD 'second'")).await;
    number(&mut root, &cut).await;
    for (_, command) in commands.by_ref().take(50) {
        gate.submit(command).await.unwrap();
    }
    until("the projector is refused", async || !status.postgres_ok()).await;
    assert!(status.projected() < status.durable.get(), "trading went on");
    assert!(core.platform.history.reached().await.is_err());

    secret::write(&password, b"second\n").unwrap();
    until("the tables have all", caught_up).await;
    assert_eq!(core.platform.history.reached().await.unwrap(), status.projected());
    let names = format!(
        "SELECT count(DISTINCT application_name) FROM pg_stat_activity WHERE usename = '{ROLE}'
         AND application_name IN ('zaraba-projector', 'zaraba-keys', 'zaraba-flags')"
    );
    until("all are connected again", async || number(&mut root, &names).await == 3).await;
    core.stop().await;
    run(&mut root, format!("DROP OWNED BY {ROLE}")).await;
    run(&mut root, format!("DROP ROLE {ROLE}")).await;
}
