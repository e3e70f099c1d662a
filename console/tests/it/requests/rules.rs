//! Who may ask and decide, and what is looked at anew at approval.

use serde_json::json;
use zaraba_console::authz::Role;

use super::{ADJUST, CHECKER, filled};
use crate::world::{World, add_person, csrf_of};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_their_own_nor_without_the_role() {
    World::with("nobody_decides_their_own_nor_without_the_role", async |world| {
        // More roles do not make a second person.
        world.sql("UPDATE console.staff SET roles = '{operations,risk,administrator}'").await;
        let (maker, _) = world.two().await;
        let address = world.adjust(&maker).await;
        let page = world.get(&maker, &address).await.1;
        assert!(page.contains("your own request") && !page.contains("id=\"approve\""), "{page}");
        let body = format!("csrf={}&seen=0&both=1&reason=x", csrf_of(&page));
        for what in ["approve", "decline"] {
            let (status, page) = world.decides(&maker, &address, what, &body).await;
            assert_eq!(status, 403, "{what}");
            assert!(page.contains("your own request"), "{what}");
        }
        assert_eq!(world.request::<String>("state").await, "waiting");
        let itself = sqlx::query(
            "UPDATE console.requests SET state = 'applying', checker = maker,
                 checker_id = maker_id, next_attempt_at = now()",
        );
        let error = itself.execute(&world.pool).await.unwrap_err().to_string();
        assert!(error.contains("check constraint"), "the database refuses it, too: {error}");
        let alone =
            sqlx::query("UPDATE console.requests SET state = 'applying', next_attempt_at = now()");
        assert!(alone.execute(&world.pool).await.is_err(), "nothing is applied for one person");
        add_person(&world.pool, "risky", "Risk Person", &[Role::Risk], "en").await;
        add_person(&world.pool, "view", "Viewer", &[Role::Viewer], "en").await;
        let risk = world.signed_in("risky").await;
        let page = world.get(&risk, &address).await.1;
        assert!(page.contains("do not include deciding"), "{page}");
        let body = format!("csrf={}&seen=0&both=1&reason=x", csrf_of(&page));
        assert_eq!(world.decides(&risk, &address, "approve", &body).await.0, 403);
        assert_eq!(world.decides(&risk, &address, "withdraw", &body).await.0, 403);
        let viewer = world.signed_in("view").await;
        for path in ["/requests", ADJUST, &address] {
            assert_eq!(world.get(&viewer, path).await.0, 403, "{path}");
        }
        assert_eq!(world.backend().admin.arrived(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_shown_to_the_checker_or_refused() {
    World::with("what_changed_is_shown_to_the_checker_or_refused", async |world| {
        let (maker, checker) = world.two().await;
        let preview = ("POST", "accounts/DEMO-0001/transfers/preview");
        let address = world.adjust(&maker).await;
        let before = world.verdict(&checker, &address, "&reason=ok").await;
        // Balances move by themselves: both effects are shown, and have to be confirmed.
        world.backend().admin.set(preview.0, preview.1, "/before/total", json!("900000"));
        let (status, page) = world.decides(&checker, &address, "approve", &before).await;
        assert_eq!(status, 409);
        assert!(page.contains("1,000,000") && page.contains("900,000"), "then and now: {page}");
        assert!(page.contains("name=\"both\""), "{page}");
        assert_eq!(world.request::<String>("state").await, "waiting");
        // What would make another action of it is not confirmed by the old page.
        world.backend().admin.set(preview.0, preview.1, "/other/account", json!("ROUNDING"));
        let both = format!("{before}&both=1");
        assert_eq!(world.decides(&checker, &address, "approve", &both).await.0, 409);
        let fresh = world.verdict(&checker, &address, "&reason=ok&both=1").await;
        assert_eq!(world.decides(&checker, &address, "approve", &fresh).await.0, 303);
        world.until("applied").await;
        assert_eq!(world.backend().admin.done().len(), 1);
        // What can no longer be done is refused with its reason.
        let address = world.adjust(&maker).await;
        let body = world.verdict(&checker, &address, "&reason=ok&both=1").await;
        let refusal = json!("insufficient_funds");
        world.backend().admin.set(preview.0, preview.1, "/refusal", refusal);
        let (status, page) = world.decides(&checker, &address, "approve", &body).await;
        assert_eq!(status, 409);
        assert!(page.contains("Not enough available"), "{page}");
        assert_eq!(world.request::<String>("state").await, "refused");
        assert_eq!(world.request::<String>("checker").await, CHECKER);
        // Nor is anything carried out in the name of someone who left meanwhile.
        world.backend().admin.set(preview.0, preview.1, "/refusal", json!(null));
        let address = world.adjust(&maker).await;
        let body = world.verdict(&checker, &address, "&reason=ok&both=1").await;
        world.sql("UPDATE console.staff SET roles = '{viewer}' WHERE login = 'aki'").await;
        let (status, page) = world.decides(&checker, &address, "approve", &body).await;
        assert_eq!(status, 409);
        assert!(page.contains("may not ask for it any more"), "{page}");
        assert_eq!(world.request::<String>("state").await, "refused");
        assert_eq!(world.backend().admin.done().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn barriers_hide_requests_and_stop_actions() {
    World::with("barriers_hide_requests_and_stop_actions", async |world| {
        let (maker, checker) = world.two().await;
        let address = world.adjust(&maker).await;
        let mut reader = zaraba_console::store::requests::Reader {
            staff_id: -1,
            sees: vec!["funds".into()],
            decides: vec!["funds".into()],
            scope: zaraba_console::authz::Scope { hidden_groups: vec![7] },
        };
        let store = |reader: zaraba_console::store::requests::Reader| {
            let pool = world.pool.clone();
            async move {
                use zaraba_console::store::requests::{Wanted, find, list, waiting_for};
                let found = find(&pool, &reader, 1).await.unwrap().is_some();
                let listed = list(&pool, &reader, &Wanted::default(), 10).await.unwrap().len();
                (found, listed, waiting_for(&pool, &reader).await.unwrap())
            }
        };
        assert_eq!(store(reader.clone()).await, (true, 1, 1));
        world.sql("UPDATE trading.accounts SET group_id = 7 WHERE code = 'DEMO-0001'").await;
        assert_eq!(store(reader.clone()).await, (false, 0, 0));
        world.sql("UPDATE console.requests SET accounts = '{NOT-PROJECTED}'").await;
        assert_eq!(store(reader.clone()).await, (false, 0, 0));
        world.sql("UPDATE console.requests SET accounts = '{}', groups = '{7}'").await;
        assert_eq!(store(reader.clone()).await, (false, 0, 0));
        world.sql("UPDATE console.requests SET groups = '{}', everyone = true").await;
        assert_eq!(store(reader.clone()).await, (false, 0, 0));
        reader.scope.hidden_groups.clear();
        assert_eq!(store(reader).await, (true, 1, 1));
        assert_eq!(world.get(&maker, &address).await.0, 200);
        // The same through the pages, for a checker behind a barrier.
        world.sql("UPDATE console.requests SET accounts = '{DEMO-0001}', everyone = false").await;
        let body = world.verdict(&checker, &address, "&both=1").await;
        let badge = async || world.get(&checker, "/requests?tab=mine").await.1;
        assert!(badge().await.contains("data-count=\"1\""));
        world
            .sql(
                "INSERT INTO console.staff_barriers (staff_id, group_id)
             SELECT staff_id, 7 FROM console.staff WHERE login = 'ren'",
            )
            .await;
        for path in [&address, ADJUST, "/requests/new?kind=suspend&account=DEMO-0001"] {
            assert_eq!(world.get(&checker, path).await.0, 404, "{path}");
        }
        for path in ["/requests?tab=all", "/requests?tab=waiting"] {
            let (status, page) = world.get(&checker, path).await;
            assert!(status == 200 && !page.contains("DEMO-0001"), "{path}: {page}");
        }
        let page = badge().await;
        assert!(page.contains("id=\"waiting\"") && !page.contains("data-count"), "{page}");
        let everyone = "/requests/new?kind=cancel_many&everything=yes";
        assert_eq!(world.get(&checker, everyone).await.0, 403, "not what touches everyone");
        for what in ["approve", "decline"] {
            assert_eq!(world.decides(&checker, &address, what, &body).await.0, 404, "{what}");
        }
        assert_eq!(world.request::<String>("state").await, "waiting");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_undone_asks_for_a_word() {
    World::with("what_cannot_be_undone_asks_for_a_word", async |world| {
        let (maker, _) = world.two().await;
        let path = "/requests/new?kind=cancel_many&everything=yes";
        let page = world.get(&maker, path).await.1;
        assert!(page.contains("Type EVERYTHING") && page.contains("4,200"), "{page}");
        let fields = "kind=cancel_many&everything=yes";
        let body = filled(&page, fields);
        let (status, text) = world.decides(&maker, "/requests", "now", &body).await;
        assert_eq!(status, 400);
        assert!(text.contains("Type EVERYTHING to confirm; nothing was done"), "{text}");
        assert_eq!(world.backend().admin.arrived(), []);
        let typed = format!("{body}&word=everything");
        let answer = world.post(&maker, "/requests/now", &typed).await;
        assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
        world.until("applied").await;
        let done = world.backend().admin.done();
        assert_eq!(done.len(), 1);
        assert_eq!(
            (done[0].approver.as_deref(), &done[0].body),
            (None, &json!({"reason": "client asked"}))
        );
        let page = world.get(&maker, "/requests/1").await.1;
        assert!(page.contains("Orders cancelled") && page.contains("4,200"), "{page}");
    })
    .await;
}
