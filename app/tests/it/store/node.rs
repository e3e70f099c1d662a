//! A whole node with its database, and the `zaraba` commands beside it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use zaraba::config::Config;
use zaraba::wiring::Core;
use zaraba_engine::types::*;

use super::stream::Stream;
use super::{database, number, postgres_is_here, shared_server};

/// Runs a `zaraba` command against the node's settings.
async fn zaraba(settings: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zaraba"));
    command.args(words).arg("--config").arg(settings).env_remove("DATABASE_URL");
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

pub(super) async fn succeeds(settings: &Path, words: &[&str]) -> String {
    let output = zaraba(settings, words).await;
    assert!(output.status.success(), "{words:?}: {}", text(&output));
    text(&output)
}

/// Settings of a node in `dir`, as a value and as a file. The memory of finished orders is
/// short, so that rows cannot be had from it.
pub(super) async fn settings(dir: &Path, name: &str) -> (Config, PathBuf) {
    let server = shared_server().await;
    let mut config = Config { data_dir: dir.join("data"), ..Config::default() };
    config.auth.master_key_file = dir.join("master.key");
    config.http.admin_token_file = dir.join("admin.token");
    config.journal.segment_bytes = 1 << 20;
    config.journal.snapshot_every = 700;
    config.engine.live_orders = 2_000;
    config.engine.answers = 3;
    let url = server.url_without_password();
    config.postgres.url = format!("{}/{name}", url.strip_suffix("/zaraba").unwrap());
    config.postgres.password_file = server.password_file();
    config.postgres.projection_commands = 300;
    let file = dir.join("zaraba.toml");
    std::fs::write(&file, toml::to_string(&config).unwrap()).unwrap();
    (config, file)
}

async fn until_projected(core: &Core, what: &str) {
    let status = &core.platform.status;
    let begun = Instant::now();
    while status.projected() < status.durable.get() {
        assert!(begun.elapsed() < Duration::from_secs(120), "waited too long: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_migrate_rebuild_and_verify_beside_a_running_node_and_a_stopped_one() {
    if !postgres_is_here("node::commands_migrate_rebuild_and_verify") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let database = database("node").await;
    let (config, file) = settings(dir.path(), "node").await;

    let core = Core::start(config.clone()).await.unwrap();
    let gate = core.platform.gate.clone();
    // The node makes its own genesis.
    for (_, command) in Stream::new(40).skip(1).take(1_500) {
        gate.submit(command).await.unwrap();
    }
    // The node trades before there are tables, and projects once there are.
    let check = zaraba(&file, &["migrate", "--check"]).await;
    assert_eq!(check.status.code(), Some(1), "{}", text(&check));
    assert!(text(&check).contains("trading"), "{}", text(&check));
    succeeds(&file, &["migrate"]).await;
    succeeds(&file, &["migrate", "--check"]).await;
    until_projected(&core, "the first rows").await;
    let verified = succeeds(&file, &["projections", "verify"]).await;
    assert!(verified.contains("all rows equal the journal"), "{verified}");

    // Beside the running node.
    let rebuilt = succeeds(&file, &["projections", "rebuild", "--json"]).await;
    assert!(rebuilt.contains(r#""by_node":true"#), "{rebuilt}");
    until_projected(&core, "the rebuilt rows").await;
    succeeds(&file, &["projections", "verify"]).await;
    let status = succeeds(&file, &["projections", "status", "--json"]).await;
    assert!(status.contains(r#""projector":true"#) && status.contains("complete"), "{status}");
    core.stop().await;

    // Without it.
    let rebuilt = succeeds(&file, &["projections", "rebuild", "--json"]).await;
    assert!(rebuilt.contains(r#""by_node":false"#), "{rebuilt}");
    succeeds(&file, &["projections", "verify"]).await;
    let mut connection = database.connect().await.unwrap();
    let seq = number(&mut connection, "SELECT seq FROM trading.watermark").await;
    assert!(seq > 1_500, "{seq}");
    let change = "UPDATE trading.orders SET filled = filled + 1 WHERE status = 'filled'";
    sqlx::query(change).execute(&mut connection).await.unwrap();
    let wrong = zaraba(&file, &["projections", "verify"]).await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong).contains("WRONG: orders"), "{}", text(&wrong));

    // A node that starts on rebuilt tables goes on where they are, from a snapshot.
    succeeds(&file, &["projections", "rebuild"]).await;
    let core = Core::start(config).await.unwrap();
    let gate = core.platform.gate.clone();
    for (_, command) in Stream::new(41).skip(1).take(300) {
        gate.submit(command).await.unwrap();
    }
    until_projected(&core, "rows after a restart").await;
    assert!(core.platform.status.projected() > Seq(seq as u64));
    core.stop().await;
    succeeds(&file, &["projections", "verify"]).await;
}
