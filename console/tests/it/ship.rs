//! The audit trail and the log arrive at another system, over TLS: whole, in order, also after it
//! was away.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::backend::secret_file;
use crate::program;
use crate::tls::Authority;
use crate::world::{LOGIN, PASSWORD, World, until};

const BEARER: &str = "a-token-of-the-collector";

/// What the other system took, and whether it takes.
#[derive(Clone, Default)]
struct Collector {
    taken: Arc<parking_lot::Mutex<Vec<(String, Value)>>>,
    away: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Collector {
    fn router(&self) -> axum::Router {
        let collector = self.clone();
        let take = move |headers: HeaderMap, body: String| async move {
            let header = |name: &str| headers[name].to_str().unwrap().to_owned();
            if header("authorization") != format!("Bearer {BEARER}")
                || header("content-type") != "application/x-ndjson"
            {
                return StatusCode::UNAUTHORIZED;
            }
            if collector.away.load(Ordering::SeqCst) {
                collector.refused.fetch_add(1, Ordering::SeqCst);
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            let stream = header("x-zaraba-stream");
            let lines = body.lines().map(|line| serde_json::from_str(line).unwrap());
            collector.taken.lock().extend(lines.map(|line| (stream.clone(), line)));
            StatusCode::NO_CONTENT
        };
        axum::Router::new().route("/in", axum::routing::post(take))
    }

    fn of(&self, stream: &str) -> Vec<Value> {
        let taken = self.taken.lock();
        taken.iter().filter(|(of, _)| of == stream).map(|(_, line)| line.clone()).collect()
    }

    /// Settings of a console that sends here.
    async fn settings(&self, files: &Path) -> String {
        let authority = Authority::new();
        authority.write(&files.join("ca.pem"));
        secret_file(&files.join("collector.token"), &format!("{BEARER}\n"));
        let address = authority.serve(self.router()).await;
        format!(
            "[ship]\nurl = \"https://{address}/in\"\ntoken_file = \"{0}/collector.token\"\n\
             [tls]\nca_file = \"{0}/ca.pem\"\n",
            files.display()
        )
    }
}

/// Number, kind and hash of every entry.
async fn trail(world: &World) -> Vec<(i64, String, String)> {
    sqlx::query_as("SELECT seq, kind, encode(hash, 'hex') FROM audit.entries ORDER BY seq")
        .fetch_all(&world.pool)
        .await
        .unwrap()
}

/// Waits until all of the trail has arrived, and that it is the trail.
async fn arrived(world: &World, collector: &Collector) {
    until("the whole trail", async || {
        let (trail, taken) = (trail(world).await, collector.of("audit"));
        (!trail.is_empty() && trail.len() <= taken.len()).then_some(())
    })
    .await;
    let taken = collector.of("audit").into_iter().map(|line| {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        (line["seq"].as_i64().unwrap(), text("kind"), text("hash"))
    });
    assert_eq!(taken.collect::<Vec<_>>(), trail(world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_arrives_whole_and_in_order_also_after_a_pause() {
    let (collector, files) = (Collector::default(), tempfile::tempdir().unwrap());
    let settings = collector.settings(files.path()).await;
    World::with_settings("the_audit_trail_arrives", &settings, async |world| {
        assert!(world.sign_in(LOGIN, "not the word at all").await.is_none());
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        assert_eq!(world.get(&cookie, "/accounts/DEMO-0001").await.0, 200);
        until("a view", async || {
            trail(&world).await.iter().any(|(_, kind, _)| kind == "view").then_some(())
        })
        .await;
        arrived(&world, &collector).await;

        // It is away for a while: nothing is lost, nothing comes twice.
        collector.away.store(true, Ordering::SeqCst);
        let before = collector.of("audit").len();
        assert!(world.sign_in(LOGIN, "not the word at all").await.is_none());
        until("two attempts", async || {
            (collector.refused.load(Ordering::SeqCst) >= 2).then_some(())
        })
        .await;
        assert!(trail(&world).await.len() > before);
        assert_eq!(collector.of("audit").len(), before);
        collector.away.store(false, Ordering::SeqCst);
        arrived(&world, &collector).await;

        // A console that died had the lease: when it has run out, another goes on.
        let dead = "UPDATE console.audit_shipped SET leased_by = gen_random_uuid(), \
                    leased_until = now() + interval '2 s'";
        sqlx::query(dead).execute(&world.pool).await.unwrap();
        assert!(world.sign_in(LOGIN, "not the word at all").await.is_none());
        arrived(&world, &collector).await;
        let own: bool =
            sqlx::query_scalar("SELECT leased_until > now() FROM console.audit_shipped")
                .fetch_one(&world.pool)
                .await
                .unwrap();
        assert!(own, "the lease is the running console's");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_the_log_arrive_up_to_the_last() {
    let (collector, files) = (Collector::default(), tempfile::tempdir().unwrap());
    let settings = collector.settings(files.path()).await;
    World::with_settings("lines_of_the_log_arrive", &settings, async |mut world| {
        let mut served = program::serve(&mut world).await;
        let told = async |event: &str| {
            until(event, async || {
                collector.of("log").into_iter().find(|line| line["event"] == event)
            })
            .await
        };
        told("console.started").await;
        assert!(world.sign_in(LOGIN, "not the word at all").await.is_none());
        let refused = told("console.sign_in_refused").await;
        assert!(!refused.to_string().contains("not the word"), "{refused}");
        assert!(refused["timestamp"].is_string() && refused["level"].is_string(), "{refused}");

        // What was logged last is sent before the end.
        let process = served.0.id().to_string();
        let ended = std::process::Command::new("kill").args(["-TERM", &process]).status();
        assert!(ended.unwrap().success());
        assert!(tokio::task::spawn_blocking(move || served.0.wait()).await.unwrap().is_ok());
        assert!(collector.of("log").iter().any(|line| line["event"] == "console.stopping"));
    })
    .await;
}
