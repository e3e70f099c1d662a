//! The console's token of the admin API: replaced while calls are on their way, and told of
//! before it ends.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use zaraba_console::backend::Backend;
use zaraba_console::backend::act::Reply;
use zaraba_console::requests::{Provenance, fresh_id};

use crate::backend::{TOKEN, secret_file, token_line};
use crate::requests::whole::node;
use crate::world::{LOGIN, World, until};

/// As a loop of a console: reads, and changes that must be done.
async fn call(backend: &Backend, number: String) {
    backend.overview().await.unwrap();
    let by = Provenance {
        actor: LOGIN.into(),
        approver: None,
        request_id: fresh_id(),
        reason: "test".into(),
    };
    let body = json!({"code": number, "exponent": 0});
    match backend.act("assets", body, &by).await {
        Reply::Done(_) => {}
        other => panic!("{number}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_replaced_under_load_and_no_call_is_lost() {
    World::with("a_token_is_replaced_under_load", async |mut world| {
        let files = tempfile::tempdir().unwrap();
        let node = node(&mut world, files.path()).await;
        let (theirs, ours) =
            (files.path().join("admin.token"), world.config.backend.admin_token_file.clone());
        let backend = Backend::new(&world.config.backend).unwrap();
        until("the node is ready", async || backend.overview().await.ok()).await;
        let ready = format!("http://{}/admin/v1/requests/none", node.admin);
        until("the node knows its requests", async || {
            let asked = reqwest::Client::new().get(&ready).bearer_auth(TOKEN).send().await.ok()?;
            (asked.status() != 503).then_some(())
        })
        .await;

        let (stop, begun) = (Arc::new(AtomicBool::new(false)), Arc::<[AtomicU64; 3]>::default());
        let mut callers = Vec::new();
        for caller in 0..begun.len() {
            let (backend, stop, begun) = (backend.clone(), stop.clone(), begun.clone());
            callers.push(tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let number = begun[caller].fetch_add(1, Ordering::SeqCst);
                    call(&backend, format!("T{caller}X{number}")).await;
                }
            }));
        }
        let mut last = token_line("console-0", TOKEN, 600);
        for round in 1..=8 {
            let next = token_line(&format!("console-{round}"), &format!("{TOKEN}-{round}"), 700);
            // Beside the old one, to the console, and the old one is taken out at once: calls
            // with it are on their way.
            secret_file(&theirs, &format!("{last}{next}"));
            secret_file(&ours, &next);
            secret_file(&theirs, &next);
            for caller in begun.iter() {
                let enough = caller.load(Ordering::SeqCst) + 2;
                until("more calls", async || {
                    (caller.load(Ordering::SeqCst) >= enough).then_some(())
                })
                .await;
            }
            last = next;
        }
        stop.store(true, Ordering::SeqCst);
        for caller in callers {
            caller.await.unwrap();
        }
        // Everything is there, once.
        let assets = backend.look("assets").await.unwrap().unwrap();
        let made: u64 = begun.iter().map(|calls| calls.load(Ordering::SeqCst)).sum();
        assert_eq!(assets["items"].as_array().unwrap().len() as u64, made);
        // The first one is worth nothing any more.
        let url = format!("http://{}/admin/v1/assets", node.admin);
        until("the old token is refused", async || {
            let asked = reqwest::Client::new().get(&url).bearer_auth(TOKEN).send().await.unwrap();
            (asked.status() == 401).then_some(())
        })
        .await;
        node.stop().await;
    })
    .await;
}

async fn told(world: &World) -> (Value, Option<f64>, Option<f64>) {
    let (status, ready) = world.get("", "/readyz").await;
    assert_eq!(status, 200, "a token is no reason to be unready: history can be read");
    let (_, metrics) = world.get("", "/metrics").await;
    let metric = |name: &str| {
        let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map(|value| value.parse().unwrap())
    };
    let ready: Value = serde_json::from_str(&ready).unwrap();
    (
        ready["admin_token"].clone(),
        metric("zaraba_console_admin_token_seconds"),
        metric("zaraba_console_admin_token_unusable"),
    )
}

fn put(path: &Path, seconds: i64) {
    secret_file(path, &token_line("tests", TOKEN, seconds));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_is_seen_before() {
    World::with("a_token_that_ends_is_seen_before", async |world| {
        let file = world.config.backend.admin_token_file.clone();
        for (seconds, says) in [(8 * 86_400, "valid"), (6 * 86_400, "ending"), (-10, "ended")] {
            put(&file, seconds);
            assert_eq!(told(&world).await.0, says);
        }
        secret_file(&file, &format!("{TOKEN}\n"));
        assert_eq!(told(&world).await.0, "unusable");
        put(&file, 8 * 86_400);
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let backend = Backend::new(&world.config.backend).unwrap();
        let why = backend.overview().await.unwrap_err().to_string();
        assert!(why.contains("admin_token_file") && why.contains("chmod 600"), "{why}");
        assert!(!why.contains(TOKEN), "{why}");
        // Metrics are of the process, which other tests share: some look of ours is told.
        until("its metrics", async || {
            let (_, seconds, unusable) = told(&world).await;
            (unusable == Some(1.0) && seconds.is_some()).then_some(())
        })
        .await;
    })
    .await;
}
