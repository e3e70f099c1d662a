//! What the log and the machines' addresses tell, and what nobody can do through them.

use axum::http::Method;

use crate::world::{LOGIN, PASSWORD, World, add_person};

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_logged_and_nothing_can_be_slipped_in() {
    World::with("refusals_are_logged_and_nothing_can_be_slipped_in", async |world| {
        add_person(&world.pool, "nobody", "No Role", &[], "en").await;
        let log = crate::logged::capture();
        let cookie = world.sign_in("nobody", PASSWORD).await.unwrap();
        // A line break in the address would begin a line of its own, were it written as it is.
        let path = "/orders/1%0A%7B%22event%22:%22forged%22%7D";
        assert_eq!(world.get(&cookie, path).await.0, 403);
        let lines = log.lines_with("console.refused");
        let line = lines.iter().find(|line| line.contains("forged")).expect("the refusal's line");
        let read: serde_json::Value = serde_json::from_str(line).expect("one line, one object");
        assert_eq!(read["event"], "console.refused");
        assert_eq!(read["login"], "nobody");
        assert_eq!(read["method"], "GET");
        assert!(
            !log.lines_with("\"event\":\"forged\"").iter().any(|l| l.starts_with("{\"event\""))
        );
        assert!(log.lines_with(PASSWORD).is_empty(), "no password in the log");
        let token = cookie.split_once('=').unwrap().1;
        assert!(log.lines_with(token).is_empty(), "no session in the log");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_method_is_answered() {
    World::with("no_other_method_is_answered", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for method in [Method::TRACE, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            for path in ["/", "/orders", "/preferences", "/audit"] {
                let request = world.http.request(method.clone(), world.at(path));
                let request = request.header("cookie", &cookie).header("origin", &world.url);
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status(), 405, "{method} {path}");
                assert!(answer.headers().get("access-control-allow-origin").is_none());
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_tells_no_details() {
    World::with("readiness_tells_no_details", async |world| {
        let revoke = "REVOKE SELECT ON console.staff FROM zaraba_console";
        sqlx::query(revoke).execute(&world.pool).await.unwrap();
        let (status, text) = world.get("", "/readyz").await;
        assert_eq!(status, 503);
        assert!(!text.contains("staff") && !text.contains("permission"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_cannot_pass_monitoring_on() {
    World::with("a_proxy_cannot_pass_monitoring_on", async |world| {
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(world.get("", path).await.0, 200, "{path}");
            for name in ["x-forwarded-for", "Forwarded", "x-real-ip", "x-forwarded-proto"] {
                let asked = world.http.get(world.at(path)).header(name, "for=203.0.113.9");
                assert_eq!(asked.send().await.unwrap().status(), 404, "{path} with {name}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_https_console_asks_for_https() {
    World::with("an_https_console_asks_for_https", async |world| {
        let answer = world.http.get(world.at("/sign-in")).send().await.unwrap();
        assert!(answer.headers().get("strict-transport-security").is_none(), "plain http here");
        assert_eq!(
            zaraba_console::server::transport_security("https://console.example"),
            Some("max-age=31536000; includeSubDomains")
        );
        assert_eq!(zaraba_console::server::transport_security("http://127.0.0.1:1"), None);
    })
    .await;
}
