//! The audit trail's pages, its verification, its anchors and its command line.

use std::process::{Command, Output};

use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use zaraba_console::audit::hash::{ORIGIN, hash_of};
use zaraba_console::audit::verify::{Anchors, Damage, Finding, verify};
use zaraba_console::audit::{Entry, Kind, Object, Trail, Who, store};
use zaraba_console::authz::{Role, Scope};

use crate::world::{LOGIN, PASSWORD, World, add_person, csrf_of, until};

/// Puts `count` entries into the trail.
async fn fill(world: &World, count: u32) {
    let trail = Trail::start(world.pool.clone());
    for n in 0..count {
        let who = Who { login: "aki".into(), address: "192.0.2.9".into(), ..Who::default() };
        let object = Object::Account(format!("C-{n}"));
        let entry = Entry { kind: Kind::View, object, detail: json!({"n": n}), request: None };
        trail.record(who, entry).await.unwrap();
    }
}

/// Changes the table the way only its owner can: with the triggers off.
async fn tamper(pool: &PgPool, sql: &str) {
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("SET LOCAL session_replication_role = replica").execute(&mut *tx).await.unwrap();
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// Puts an anchor of the head into the projection, as the journal's would.
async fn anchor(pool: &PgPool, journal_seq: i64) {
    let sql = "INSERT INTO trading.anchors (seq, at, what, entries, hash)
               SELECT $1, now(), 'audit', seq, hash FROM audit.entries ORDER BY seq DESC LIMIT 1";
    sqlx::query(sql).bind(journal_seq).execute(pool).await.unwrap();
}

async fn findings(pool: &PgPool) -> Vec<Finding> {
    verify(pool, Anchors::Projected, |_, _| {}).await.unwrap().findings
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_damage_is_found_where_it_is() {
    World::with("every_kind_of_damage_is_found_where_it_is", async |world| {
        let pool = &world.pool;
        fill(&world, 10).await;
        anchor(pool, 77).await;
        fill(&world, 5).await;
        anchor(pool, 78).await;
        let report = verify(pool, Anchors::Projected, |_, _| {}).await.unwrap();
        assert!(report.whole(), "{report:?}");
        assert_eq!((report.entries, report.anchors, report.anchored), (15, 2, 15));
        let finding = |seq, damage| Finding { seq, damage };

        tamper(pool, "CREATE TABLE audit.kept AS TABLE audit.entries").await;
        let back = "DELETE FROM audit.entries; ";
        let restore = async || {
            tamper(pool, back.trim_end_matches("; ")).await;
            tamper(pool, "INSERT INTO audit.entries SELECT * FROM audit.kept ORDER BY seq").await;
            assert_eq!(findings(pool).await, []);
        };

        tamper(pool, "UPDATE audit.entries SET login = 'eve' WHERE seq = 4").await;
        assert_eq!(findings(pool).await, [finding(4, Damage::Changed)]);
        restore().await;
        tamper(pool, "UPDATE audit.entries SET at = at - interval '1 microsecond' WHERE seq = 5")
            .await;
        assert_eq!(findings(pool).await, [finding(5, Damage::Changed)]);
        restore().await;
        tamper(pool, "DELETE FROM audit.entries WHERE seq = 7").await;
        assert_eq!(
            findings(pool).await,
            [finding(8, Damage::Missing(7)), finding(8, Damage::Unlinked)]
        );
        restore().await;
        // Cut off at the end: every hash is right, only the journal knows better.
        tamper(pool, "DELETE FROM audit.entries WHERE seq > 12").await;
        assert_eq!(findings(pool).await, [finding(15, Damage::Cut(78))]);
        restore().await;
        // All hashes made anew from entry 3 on: the journal's anchors do not fit.
        let mut previous = ORIGIN;
        for mut entry in store::after(pool, 0, 100).await.unwrap() {
            if entry.content.seq == 3 {
                entry.content.login = "eve".into();
            }
            let hash = hash_of(&entry.content, &previous);
            tamper(
                pool,
                &format!(
                    "UPDATE audit.entries SET login = '{}', prev_hash = '\\x{}', hash = '\\x{}'
                     WHERE seq = {}",
                    entry.content.login,
                    hex::encode(previous),
                    hex::encode(hash),
                    entry.content.seq
                ),
            )
            .await;
            previous = hash;
        }
        assert_eq!(
            findings(pool).await,
            [finding(10, Damage::Anchor(77)), finding(15, Damage::Anchor(78))]
        );
    })
    .await;
}

/// Runs the console's own command against the world's settings.
async fn command(world: &World, arguments: &[&str]) -> Output {
    let mut text = toml::to_string(&world.config).unwrap();
    text.push('\n');
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("console.toml");
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_zaraba-console"));
    command.args(arguments).arg("--config").arg(&config);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_verifies_and_exports_with_exit_codes() {
    World::with("the_command_verifies_and_exports_with_exit_codes", async |world| {
        fill(&world, 20).await;
        anchor(&world.pool, 5).await;
        let whole = command(&world, &["audit", "verify"]).await;
        let text = String::from_utf8_lossy(&whole.stdout).into_owned();
        assert_eq!(whole.status.code(), Some(0), "{text} {:?}", whole.stderr);
        assert!(text.contains("The chain is whole.") && text.contains("20 entries"), "{text}");

        let lines = command(&world, &["audit", "export", "--kind", "view"]).await;
        let text = String::from_utf8(lines.stdout).unwrap();
        assert_eq!(text.lines().count(), 20, "{text}");
        let last = store::find(&world.pool, &Scope::default(), 21).await.unwrap().unwrap().content;
        assert_eq!((last.kind.as_str(), last.address.as_str()), ("export", "cli"));
        assert!(last.login.starts_with("cli:"), "{last:?}");

        // Anchors from a file, made from the journal and not from this database.
        let file = tempfile::NamedTempFile::new().unwrap();
        let wrong = json!({"kind": "anchor", "what": "audit", "count": 9, "hash": "00".repeat(32)});
        std::fs::write(file.path(), format!("{wrong}\n")).unwrap();
        let given = file.path().to_str().unwrap();
        let damaged = command(&world, &["audit", "verify", "--json", "--anchors", given]).await;
        assert_eq!(damaged.status.code(), Some(3));
        let report: serde_json::Value = serde_json::from_slice(&damaged.stdout).unwrap();
        assert_eq!(
            report["findings"][0],
            json!({"entry": 9, "what": "anchor_differs", "number": 0})
        );

        tamper(&world.pool, "UPDATE audit.entries SET detail = '{}' WHERE seq = 3").await;
        let damaged = command(&world, &["audit", "verify"]).await;
        let text = String::from_utf8_lossy(&damaged.stdout).into_owned();
        assert_eq!(damaged.status.code(), Some(3), "{text}");
        assert!(text.contains("DAMAGED entry 3: was changed"), "{text}");
    })
    .await;
}

/// Signs in as an auditor.
async fn auditor(world: &World) -> String {
    add_person(&world.pool, "rin", "Rin Auditor", &[Role::Auditor], "en").await;
    world.sign_in("rin", PASSWORD).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_verifies_and_the_result_stands_in_the_trail() {
    World::with("the_page_verifies_and_the_result_stands_in_the_trail", async |world| {
        let cookie = auditor(&world).await;
        fill(&world, 30).await;
        anchor(&world.pool, 5).await;
        let (status, page) = world.get(&cookie, "/audit/verify").await;
        assert_eq!(status, 200, "{page}");
        let form = format!("csrf={}", csrf_of(&page));
        assert_eq!(world.post(&cookie, "/audit/verify", &form).await.status(), 303);
        // The console goes on by itself; the trail tells when it is done.
        let of_kind = store::Wanted { kind: Some("verify".into()), ..Default::default() };
        let entry = loop {
            let found = store::list(&world.pool, &Scope::default(), &of_kind, None, 1).await;
            if let Some(entry) = found.unwrap().pop() {
                break entry.content;
            }
            tokio::task::yield_now().await;
        };
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).unwrap();
        assert_eq!((&detail["whole"], &detail["anchors"]), (&json!(true), &json!(1)));
        assert_eq!(entry.login, "rin");
        let page = loop {
            let (_, page) = world.get(&cookie, "/audit/verify/state").await;
            if page.contains("id=\"verdict\"") {
                break page;
            }
        };
        assert!(page.contains("The chain is whole."), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_searched_shown_and_exported() {
    World::with("the_trail_is_searched_shown_and_exported", async |world| {
        let cookie = auditor(&world).await;
        fill(&world, 60).await;
        // What people look at is in it: an order's page, a list of orders with its accounts.
        assert_eq!(world.get(&cookie, "/orders/1996488823").await.0, 200);
        assert_eq!(world.get(&cookie, "/orders?account=DEMO-0002").await.0, 200);
        assert_eq!(world.get(&cookie, "/search?q=chain-1").await.0, 303);
        let (status, page) =
            world.get(&cookie, "/audit?object_kind=account&object_id=DEMO-0002").await;
        assert_eq!(status, 200);
        assert!(page.contains("account=DEMO-0002"), "the list that showed it: {page}");
        assert!(page.contains("id=\"audit\"") && page.contains("Actions in the journal"));
        let (_, page) = world.get(&cookie, "/audit?object_kind=order&object_id=1996488823").await;
        assert!(page.contains("/orders/1996488823"), "{page}");
        let (_, page) = world.get(&cookie, "/audit?kind=search").await;
        assert!(page.contains("chain-1"), "{page}");
        // Newest first, by pages.
        let (_, page) = world.get(&cookie, "/audit?actor=aki&kind=view").await;
        assert!(page.contains("C-59") && !page.contains("C-9<"), "{page}");
        let next = page.split("href=\"/audit?").filter_map(|rest| rest.split('"').next());
        let next = next
            .filter(|query| query.contains("before="))
            .last()
            .unwrap()
            .replace("&amp;", "&")
            .replace("&#38;", "&");
        let (_, page) = world.get(&cookie, &format!("/audit?{next}")).await;
        assert!(page.contains("C-9<") && !page.contains("C-59"), "{next}: {page}");
        // One entry proves itself.
        let (status, page) = world.get(&cookie, "/audit/7").await;
        assert_eq!(status, 200);
        assert_eq!(page.matches("agrees").count(), 2, "{page}");
        assert!(page.contains("/audit/6") && page.contains("/audit/8"));
        for path in ["/audit/0", "/audit/x", "/audit/99999999"] {
            assert_eq!(world.get(&cookie, path).await.0, 404, "{path}");
        }
        for query in ["kind=odd", "from=soon", "request=1", "before=x", "odd=1"] {
            assert_eq!(world.get(&cookie, &format!("/audit?{query}")).await.0, 400, "{query}");
        }
        // Files are recorded before they leave.
        let (status, file) = world.get(&cookie, "/audit/jsonl?actor=aki&kind=view").await;
        assert_eq!((status, file.lines().count()), (200, 60));
        let (status, file) = world.get(&cookie, "/audit/csv?actor=aki&kind=view").await;
        assert_eq!((status, file.lines().count()), (200, 61));
        let of_kind = store::Wanted { kind: Some("export".into()), ..Default::default() };
        let exports = store::list(&world.pool, &Scope::default(), &of_kind, None, 9).await.unwrap();
        assert_eq!(exports.len(), 2);
        assert!(exports[1].content.detail.contains("jsonl actor=aki"), "{:?}", exports[1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_shown_when_it_cannot_be_recorded() {
    World::with("nothing_personal_is_shown_when_it_cannot_be_recorded", async |world| {
        let cookie = auditor(&world).await;
        fill(&world, 1).await;
        let refuse =
            "ALTER TABLE audit.entries ADD CHECK (kind NOT IN ('view', 'export', 'search')) NOT VALID";
        sqlx::query(refuse).execute(&world.pool).await.unwrap();
        for path in [
            "/orders",
            "/orders/1996488823",
            "/orders/csv",
            "/fills",
            "/fills/7",
            "/fills/csv",
            "/accounts",
            "/accounts/DEMO-0001",
            "/accounts/csv",
            "/accounts/DEMO-0001?tab=ledger",
            "/accounts/DEMO-0001/ledger/csv",
            "/search?q=chain-1",
            "/audit",
            "/audit/1",
            "/audit/csv",
            "/audit/jsonl",
        ] {
            let (status, page) = world.get(&cookie, path).await;
            assert_eq!(status, 503, "{path}");
            assert!(!page.contains("DEMO-000") || path.contains("DEMO-000"), "{path}: {page}");
            assert!(!page.contains("chain-1"), "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trails_head_goes_to_the_journal() {
    World::with("the_trails_head_goes_to_the_journal", async |world| {
        world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let sent = until("an anchor", async || world.backend().admin.anchors().pop()).await;
        let count = sent.body["count"].as_i64().unwrap();
        let head = "SELECT hash FROM audit.entries WHERE seq = $1";
        let head: Vec<u8> =
            sqlx::query_scalar(head).bind(count).fetch_one(&world.pool).await.unwrap();
        assert_eq!(sent.body["hash"], hex::encode(&head));
        assert_eq!((&sent.body["what"], sent.actor.as_str()), (&json!("audit"), "zaraba-console"));
        assert_eq!(sent.request_id, format!("audit-{count}-{}", &hex::encode(&head)[..16]));
    })
    .await;
}
