//! The audit trail: the chain, what the database's roles may do to it, and what gets into it.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool, Row};
use zaraba_console::audit::hash::{Content, Hash, ORIGIN, hash_of};
use zaraba_console::audit::{Entry, Kind, Object, Trail, Who};
use zaraba_console::db::{self, At};

use crate::world::World;

fn who(login: &str) -> Who {
    Who { staff_id: Some(1), login: login.into(), session_id: Some(5), address: "192.0.2.1".into() }
}

fn entry(object: Object, detail: Value) -> Entry {
    Entry { kind: Kind::View, object, detail, request: None }
}

/// Every entry with its two hashes, as the table holds them.
async fn all(pool: &PgPool) -> Vec<(Content, Vec<u8>, Vec<u8>)> {
    let rows =
        sqlx::query("SELECT * FROM audit.entries ORDER BY seq").fetch_all(pool).await.unwrap();
    rows.iter()
        .map(|row| {
            let content = Content {
                seq: row.get("seq"),
                at: row.get::<At, _>("at").0,
                staff_id: row.get("staff_id"),
                login: row.get("login"),
                session_id: row.get("session_id"),
                address: row.get("address"),
                kind: row.get("kind"),
                object_kind: row.get("object_kind"),
                object_id: row.get("object_id"),
                request: row.get("request"),
                detail: row.get("detail"),
            };
            (content, row.get("prev_hash"), row.get("hash"))
        })
        .collect()
}

/// The pool a console has: a member of its role and nothing else.
fn consoles(world: &World) -> PgPool {
    db::pool(&world.config.database).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consoles_make_one_chain_that_is_recomputed_without_the_database() {
    World::with("two_consoles_make_one_chain", async |world| {
        let trails = [Trail::start(consoles(&world)), Trail::start(consoles(&world))];
        let before = all(&world.pool).await.len();
        let mut writers = Vec::new();
        for n in 0..200_u32 {
            let trail = trails[n as usize % 2].clone();
            writers.push(tokio::spawn(async move {
                let detail =
                    json!({"n": n, "text": "日本語 \u{0} \" \\", "accounts": ["DEMO-0001"]});
                let mut entry = entry(Object::Account(format!("C-{n}")), detail);
                entry.request = (n % 3 == 0).then(uuid::Uuid::new_v4);
                let who = if n % 5 == 0 { Who::default() } else { who("aki") };
                trail.record(who, entry).await
            }));
        }
        for writer in writers {
            writer.await.unwrap().unwrap();
        }
        let entries = all(&world.pool).await;
        assert_eq!(entries.len(), before + 200);
        let mut previous: Hash = ORIGIN;
        let mut at = jiff::Timestamp::MIN;
        for (place, (content, prev_hash, hash)) in entries.iter().enumerate() {
            assert_eq!(content.seq, place as i64 + 1, "no gaps");
            assert!(content.at >= at, "time goes on");
            assert_eq!(prev_hash[..], previous, "entry {}", content.seq);
            let computed = hash_of(content, &previous);
            assert_eq!(hash[..], computed, "entry {}", content.seq);
            (previous, at) = (computed, content.at);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_entry_that_cannot_be_stored_fails_alone() {
    World::with("one_entry_that_cannot_be_stored_fails_alone", async |world| {
        let trail = Trail::start(consoles(&world));
        // The table refuses this kind of object's id by its length in characters; ours are cut,
        // so the constraint is tightened to make the database refuse one.
        let tighten = "ALTER TABLE audit.entries ADD CHECK (object_id <> 'refused')";
        sqlx::query(tighten).execute(&world.pool).await.unwrap();
        let objects = ["a", "refused", "b"].map(|id| Object::Account(id.into()));
        let written = objects.map(|object| trail.record(who("aki"), entry(object, json!({}))));
        let written = futures_util::future::join_all(written).await;
        assert_eq!(written.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        let ids: Vec<String> = all(&world.pool).await.into_iter().map(|e| e.0.object_id).collect();
        assert!(ids.contains(&"a".into()) && ids.contains(&"b".into()), "{ids:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_consoles_role_can_add_to_the_trail_and_nothing_else() {
    World::with("the_consoles_role_can_add_to_the_trail", async |world| {
        let pool = consoles(&world);
        let trail = Trail::start(pool.clone());
        trail.record(who("aki"), entry(Object::Order(7), json!({}))).await.unwrap();
        let count = all(&world.pool).await.len();
        for (sql, code) in [
            ("UPDATE audit.entries SET login = 'x'", "42501"),
            ("UPDATE audit.entries SET login = 'x' WHERE false", "42501"),
            ("DELETE FROM audit.entries", "42501"),
            ("TRUNCATE audit.entries", "42501"),
            ("DROP TABLE audit.entries", "42501"),
            ("DROP SCHEMA audit CASCADE", "42501"),
            ("ALTER TABLE audit.entries DISABLE TRIGGER chain", "42501"),
            ("ALTER TABLE audit.entries DISABLE TRIGGER ALL", "42501"),
            ("DROP TRIGGER refuse ON audit.entries", "42501"),
            ("ALTER TABLE audit.entries ADD COLUMN x integer", "42501"),
            ("CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql
              AS 'BEGIN RETURN NULL; END'", "42501"),
            ("SET session_replication_role = replica", "42501"),
            // Number, time and hashes are not the writer's.
            ("INSERT INTO audit.entries (seq, login, address, kind, object_kind, object_id, detail)
              VALUES (1, '', '', 'view', 'none', '', '{}')", "42501"),
            ("INSERT INTO audit.entries (at, login, address, kind, object_kind, object_id, detail)
              VALUES (now(), '', '', 'view', 'none', '', '{}')", "42501"),
            // The market is the journal's.
            ("UPDATE trading.orders SET status = 'filled'", "42501"),
            ("INSERT INTO trading.balances VALUES (4, 1, 1000000, 0, 1)", "42501"),
            ("DELETE FROM trading.accounts", "42501"),
            ("TRUNCATE trading.fills", "42501"),
            ("DROP TABLE trading.ledger_entries", "42501"),
            ("CREATE TABLE trading.mine (x integer)", "42501"),
            ("DELETE FROM trading.watermark", "42501"),
            // Requests and what came of them stay.
            ("DELETE FROM console.requests", "42501"),
            ("DELETE FROM console.request_notices", "42501"),
            ("DELETE FROM console.staff_changes", "42501"),
            ("TRUNCATE console.requests CASCADE", "42501"),
            // What signs orders is the backend's.
            ("SELECT sealed_secret FROM access.api_keys", "42501"),
            ("SELECT public_key FROM access.api_keys", "42501"),
            ("UPDATE access.api_keys SET revoked_at = NULL", "42501"),
            ("SET ROLE zaraba_backend", "42501"),
            ("CREATE ROLE friend", "42501"),
        ] {
            let error = sqlx::query(AssertSqlSafe(sql)).execute(&pool).await;
            let error = error.expect_err(sql).into_database_error().expect(sql);
            assert_eq!(error.code().as_deref(), Some(code), "{sql}: {error}");
        }
        assert_eq!(all(&world.pool).await.len(), count);
        // It reads what pages show, and writes what is the console's own.
        for sql in [
            "SELECT count(*) FROM trading.orders",
            "SELECT count(*) FROM trading.fills",
            "SELECT api_key FROM access.api_keys",
            "SELECT count(*) FROM audit.entries",
            "UPDATE console.staff SET theme = 'dark'",
        ] {
            sqlx::query(sql).execute(&pool).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_cannot_change_an_entry_by_mistake() {
    World::with("the_owner_cannot_change_an_entry_by_mistake", async |world| {
        let trail = Trail::start(consoles(&world));
        trail.record(who("aki"), entry(Object::None, json!({}))).await.unwrap();
        for sql in [
            "UPDATE audit.entries SET login = 'x'",
            "DELETE FROM audit.entries",
            "TRUNCATE audit.entries",
            "INSERT INTO audit.entries SELECT * FROM audit.entries
             ON CONFLICT (seq) DO UPDATE SET login = 'x'",
        ] {
            let error = sqlx::query(sql).execute(&world.pool).await.expect_err(sql).to_string();
            assert!(error.contains("audit entries are never changed"), "{sql}: {error}");
        }
    })
    .await;
}
