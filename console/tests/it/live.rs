//! Open live pages follow what their person may see: roles, barriers, standing, sessions.

use std::time::Duration;

use zaraba_console::authz::Role;

use crate::world::{PASSWORD, World, add_person};

/// A live part that everybody may see who sees the market.
const PATH: &str = "/books/7203/live";

/// Opens it; it has said something, so its person was looked at.
async fn open(world: &World, cookie: &str) -> reqwest::Response {
    let asked = world.http.get(world.at(PATH)).header("cookie", cookie);
    let mut stream = asked.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    assert!(stream.chunk().await.unwrap().is_some());
    stream
}

/// What it says until it ends.
async fn rest(mut stream: reqwest::Response) -> String {
    let mut said = String::new();
    let reading = async {
        while let Some(chunk) = stream.chunk().await.unwrap() {
            said.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(100), reading).await;
    assert!(ended.is_ok(), "it goes on: {}", said.chars().take(500).collect::<String>());
    said
}

async fn run(world: &World, sql: &'static str) {
    assert!(sqlx::query(sql).execute(&world.pool).await.unwrap().rows_affected() > 0, "{sql}");
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_rights_reach_open_live_pages_at_once() {
    // Looked at again by itself later than the test waits: only what is told can end it.
    let settings = "[live]\ninterval_ms = 50\nsession_seconds = 300";
    World::with_settings("changed_rights_reach_open_live_pages", settings, async |world| {
        add_person(&world.pool, "mei", "Mei", &[Role::Operations], "en").await;
        add_person(&world.pool, "ren", "Ren", &[Role::Operations], "en").await;
        let mei = async || world.sign_in("mei", PASSWORD).await.unwrap();
        let mut others = open(&world, &world.sign_in("ren", PASSWORD).await.unwrap()).await;
        // Another set of roles with the same right, and a barrier: the browser opens it anew.
        for sql in [
            "UPDATE console.staff SET roles = '{viewer}' WHERE login = 'mei'",
            "INSERT INTO console.staff_barriers (staff_id, group_id)
             SELECT staff_id, 9 FROM console.staff WHERE login = 'mei'",
        ] {
            let stream = open(&world, &mei().await).await;
            run(&world, sql).await;
            let said = rest(stream).await;
            assert!(!said.contains("event: expired"), "{sql}: {said}");
        }
        // Nothing to be seen any more: the page is told.
        for (sql, back) in [
            (
                "UPDATE console.staff SET roles = '{}' WHERE login = 'mei'",
                "UPDATE console.staff SET roles = '{viewer}' WHERE login = 'mei'",
            ),
            (
                "UPDATE console.staff SET status = 'suspended' WHERE login = 'mei'",
                "UPDATE console.staff SET status = 'active' WHERE login = 'mei'",
            ),
        ] {
            let stream = open(&world, &mei().await).await;
            run(&world, sql).await;
            let said = rest(stream).await;
            assert!(said.contains("event: expired"), "{sql}: {said}");
            run(&world, back).await;
        }
        let stream = open(&world, &mei().await).await;
        run(
            &world,
            "DELETE FROM console.sessions WHERE staff_id IN
             (SELECT staff_id FROM console.staff WHERE login = 'mei')",
        )
        .await;
        assert!(rest(stream).await.contains("event: expired"), "signed out elsewhere");
        assert!(others.chunk().await.unwrap().is_some(), "other people's go on");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_being_told_a_live_page_looks_by_itself() {
    let settings = "[live]\ninterval_ms = 50\nsession_seconds = 1";
    World::with_settings("without_being_told_a_live_page_looks", settings, async |world| {
        add_person(&world.pool, "mei", "Mei", &[Role::Operations], "en").await;
        let stream = open(&world, &world.sign_in("mei", PASSWORD).await.unwrap()).await;
        let mute = "ALTER TABLE console.staff DISABLE TRIGGER told";
        sqlx::query(mute).execute(&world.pool).await.unwrap();
        run(&world, "UPDATE console.staff SET roles = '{}' WHERE login = 'mei'").await;
        assert!(rest(stream).await.contains("event: expired"));
    })
    .await;
}
