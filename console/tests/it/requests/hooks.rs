//! Who is told of requests, and of what.

use serde_json::json;

use super::CHECKER;
use crate::backend::secret_file;
use crate::tls::Authority;
use crate::world::{LOGIN, World, until};

/// A receiver of notices: the first `failures` get 500.
fn receiver(failures: usize) -> (axum::Router, Heard) {
    use axum::http::{HeaderMap, StatusCode};
    let heard = Heard::default();
    let kept = heard.clone();
    let take = move |headers: HeaderMap, body: String| async move {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let mut all = kept.lock();
        all.push((header("x-zaraba-time"), header("x-zaraba-signature"), body));
        if all.len() <= failures { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
    };
    (axum::Router::new().route("/hook", axum::routing::post(take)), heard)
}

/// Serves it without TLS.
async fn plainly(router: axum::Router) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

type Heard = std::sync::Arc<parking_lot::Mutex<Vec<(String, String, String)>>>;

#[tokio::test(flavor = "multi_thread")]
async fn hooks_are_told_again_until_they_hear_and_learn_no_names() {
    let (router, heard) = receiver(2);
    let address = plainly(router).await;
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name).display().to_string();
    secret_file(&files.path().join("secret"), "hook-key\n");
    std::fs::write(path("run"), format!("#!/bin/sh\n/bin/cat >> {}\n", path("out"))).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path("run"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let settings = format!(
        "[[notify]]\nname = \"web\"\nurl = \"http://{address}/hook\"\nsecret_file = \"{}\"\n\
         events = [\"requested\", \"finished\"]\n\
         [[notify]]\nname = \"program\"\ncommand = [\"{}\"]\nevents = [\"decided\"]\n",
        path("secret"),
        path("run"),
    );
    World::with_settings("hooks_are_told_again", &settings, async |world| {
        let (maker, checker) = world.two().await;
        let address = world.adjust(&maker).await;
        let body = world.verdict(&checker, &address, "&reason=ok").await;
        assert_eq!(world.decides(&checker, &address, "approve", &body).await.0, 303);
        world.until("applied").await;
        let left = "SELECT count(*) FROM console.request_notices WHERE delivered_at IS NULL";
        world.until_counted(left, 0).await;
        let all = heard.lock().clone();
        assert_eq!(all.len(), 4, "two failed, two heard: {all:?}");
        for (time, signature, body) in &all {
            let time: i64 = time.parse().unwrap();
            let own = zaraba_console::requests::hooks::signature(b"hook-key", time, body);
            assert_eq!(*signature, own);
            for secret in ["DEMO-0001", LOGIN, CHECKER, "5000", "client asked"] {
                assert!(!body.contains(secret), "{secret} in {body}");
            }
        }
        let states: std::collections::BTreeSet<String> = all[2..]
            .iter()
            .map(|(_, _, body)| {
                let body: serde_json::Value = serde_json::from_str(body).unwrap();
                assert_eq!(body["link"], json!(format!("{}/requests/1", world.url)));
                body["state"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(states.into_iter().collect::<Vec<_>>(), ["applied", "waiting"]);
        let told = std::fs::read_to_string(path("out")).unwrap();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["event"], &told["state"]), (&json!("decided"), &json!("applying")));
    })
    .await;
}

/// Waits until a notice came to an end: why it failed, or nothing when it was delivered.
async fn told(world: &World, hook: &str) -> Option<String> {
    until(hook, async || {
        let (delivered, problem): (bool, Option<String>) = sqlx::query_as(
            "SELECT delivered_at IS NOT NULL, problem FROM console.request_notices
             WHERE hook = $1 ORDER BY notice_id LIMIT 1",
        )
        .bind(hook)
        .fetch_one(&world.pool)
        .await
        .unwrap();
        (delivered || problem.is_some()).then_some(problem)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_over_tls_believe_the_firms_authority_and_no_other() {
    let (known, unknown) = (Authority::new(), Authority::new());
    let (router, heard) = receiver(0);
    let (there, elsewhere) = (known.serve(router.clone()).await, unknown.serve(router).await);
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name).display().to_string();
    secret_file(&files.path().join("secret"), "hook-key\n");
    known.write(&files.path().join("ca.pem"));
    let hook = |name: &str, address| {
        format!(
            "[[notify]]\nname = \"{name}\"\nurl = \"https://{address}/hook\"\n\
             secret_file = \"{}\"\nevents = [\"requested\"]\n",
            path("secret")
        )
    };
    let settings = format!(
        "{}{}[tls]\nca_file = \"{}\"\n",
        hook("known", there),
        hook("unknown", elsewhere),
        path("ca.pem")
    );
    World::with_settings("hooks_over_tls", &settings, async |world| {
        let (maker, _) = world.two().await;
        world.adjust(&maker).await;
        assert_eq!(told(&world, "known").await, None);
        let problem = told(&world, "unknown").await.unwrap();
        assert!(problem.contains("certificate"), "{problem}");
        let heard = heard.lock();
        let [(time, signature, body)] = &heard[..] else { panic!("{heard:?}") };
        let own =
            zaraba_console::requests::hooks::signature(b"hook-key", time.parse().unwrap(), body);
        assert_eq!(*signature, own);
    })
    .await;
}
