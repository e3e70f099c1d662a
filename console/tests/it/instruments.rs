//! The list of instruments, one instrument with its terms, calendar and market, and flags.

use serde_json::json;
use zaraba_console::authz::Role;

use crate::world::{LOGIN, PASSWORD, World, add_person};

fn symbols(page: &str) -> Vec<&str> {
    let parts = page.split("<tr data-href=\"/instruments/").skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn instruments_are_filtered_and_paged() {
    let settings = "[lists]\npage_rows = 2";
    World::with_settings("instruments_are_filtered_and_paged", settings, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for (query, want) in [
            ("", vec!["6758", "7203"]),
            ("after=7203", vec!["BTC_JPY"]),
            ("profile=crypto", vec!["BTC_JPY"]),
            ("status=halted", vec!["6758"]),
            ("phase=continuous", vec!["7203", "BTC_JPY"]),
            ("q=btc", vec!["BTC_JPY"]),
            ("quote=special", vec![]),
        ] {
            let (status, page) = world.get(&cookie, &format!("/instruments?{query}")).await;
            assert_eq!((status, symbols(&page)), (200, want.clone()), "{query}");
            assert_eq!(want.is_empty(), page.contains("No instrument matches."), "{query}");
        }
        for bad in ["profile=nyse", "status=odd", "quote=x", "sym=7203"] {
            let (status, page) = world.get(&cookie, &format!("/instruments?{bad}")).await;
            assert_eq!((status, page.contains(bad)), (400, true), "{bad}");
        }
        let (_, text) = world.get(&cookie, "/instruments/csv").await;
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("6758,ソニーグループ,tse,halted"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instrument_has_its_terms_tables_and_days() {
    World::with("an_instrument_has_its_terms_tables_and_days", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (status, page) = world.get(&cookie, "/instruments/7203").await;
        assert_eq!(status, 200);
        for text in [
            "16,314,987,460",
            "id=\"usage\"",
            "45.0%",
            "5,000,000.0000</td><td>JPY</td>",
            "tse_topix500",
            "<td class=\"n\">1,000</td><td class=\"n\">0.1</td>",
            "2026-11-20 15:25:00 JST",
            "2026-11-21 Sat",
            "Closed: weekend",
            "09:00 Continuous",
            "Special bid quote",
            "2,540.0",
            "Trading resumed",
            "Opening",
            "−300",
            "−37",
            "/requests/new?kind=halt&#38;symbol=7203",
            "/requests/new?kind=kill_on&#38;of=instrument&#38;scope=7203",
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let (_, page) = world.get(&cookie, "/instruments/6758").await;
        for text in ["news pending", "Market buys", "Market sells"] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let (_, page) = world.get(&cookie, "/instruments/BTC_JPY").await;
        assert!(page.contains("300 s window, triggers at 100,000 ppm"), "{page}");
        assert!(page.contains("The house takes no odd lots"), "{page}");
        assert_eq!(world.get(&cookie, "/instruments/NONE").await.0, 404);
        // Who may only look is offered nothing to do.
        add_person(&world.pool, "viewer", "Viewer", &[Role::Viewer], "en").await;
        let cookie = world.sign_in("viewer", PASSWORD).await.unwrap();
        let (_, page) = world.get(&cookie, "/instruments/7203").await;
        assert!(!page.contains("/requests/new"), "{page}");
        world.look("ja", "light").await;
        let (_, page) = world.get(&cookie, "/instruments/7203").await;
        assert!(page.contains("休業: 土日"), "{page}");
        world.look("en", "light").await;
        // A backend that does not tell the calendar costs the calendar only.
        world.backend().admin.answer("GET", "calendar", 500, json!({}));
        let (status, page) = world.get(&cookie, "/instruments/7203").await;
        assert_eq!(status, 200);
        assert!(page.contains("does not tell the calendar now"), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_show_every_level_and_which_one_wins() {
    World::with("flags_show_every_level_and_which_one_wins", async |world| {
        add_person(&world.pool, "rel", "Rel", &[Role::Release], "en").await;
        let cookie = world.sign_in("rel", PASSWORD).await.unwrap();
        let (status, page) = world.get(&cookie, "/flags").await;
        assert_eq!(status, 200);
        for text in [
            "odd_lot_orders",
            "Tokyo equities",
            "<strong>Environment</strong>",
            "<strong>Default</strong>",
            "/requests/new?kind=flag&#38;flag=odd_lot_orders&#38;product=tse",
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let (_, page) = world.get(&cookie, "/flags?flag=odd_lot_orders").await;
        for text in ["rel.sato", "desk moves", "rel.abe"] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        assert_eq!(world.get(&cookie, "/flags?flag=nothing").await.0, 400);
        let form = "/requests/new?kind=flag&flag=odd_lot_orders&product=tse&level=on";
        let (status, page) = world.get(&cookie, form).await;
        assert_eq!(status, 200);
        assert!(page.contains("outweighs the database"), "{page}");
        world.backend().admin.answer("GET", "flags", 500, json!({}));
        let (status, page) = world.get(&cookie, "/flags").await;
        assert_eq!(status, 200);
        assert!(page.contains("does not tell its flags now"), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_told_by_the_dates_they_held_and_by_whom_they_were_set() {
    let name = "values_are_told_by_the_dates_they_held_and_by_whom_they_were_set";
    World::with(name, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let table = async |path: &str| {
            let (status, page) = world.get(&cookie, path).await;
            assert_eq!(status, 200, "{page}");
            let (_, rest) = page.split_once("id=\"held\"").unwrap();
            rest.split("</table>").next().unwrap().to_owned()
        };
        // Nobody changed anything: what holds is told, without a person.
        let held = table("/instruments/7203").await;
        assert!(held.contains("as defined, or by the platform itself") && !held.contains(">held<"), "{held}");
        sqlx::query(
            "INSERT INTO trading.admin_actions (seq, at, kind, target_kind, target_id, target_text,
                 actor, approver, request_id, reason, outcome, summary) VALUES
             (1, '2026-11-18 00:00:00+00', 'create_instrument', 'instrument', 1, '7203', 'ops.suzuki',
              '', '', 'listed', 'ok', '{\"base_price\": 25000, \"limit_down\": 20000, \"limit_up\": 30000,
               \"ticks\": \"tse_topix500\", \"lot\": 100, \"min_quantity\": 100, \"max_quantity\": 1000000,
               \"listed_shares\": 16000000000, \"maker_fee_ppm\": 0, \"taker_fee_ppm\": 100}'),
             (2, '2026-11-19 00:00:00+00', 'set_listed_shares', 'instrument', 1, '', 'ops.suzuki',
              'ops.kato', 'r-9', 'split', 'ok', '{\"shares\": 16314987460}'),
             (3, '2026-11-19 01:00:00+00', 'set_listed_shares', 'instrument', 1, '', 'ops.suzuki',
              'ops.kato', 'r-10', 'typing error', 'wrong_value', '{\"shares\": 7}')",
        )
        .execute(&world.pool)
        .await
        .unwrap();
        let held = table("/instruments/7203").await;
        for text in ["16,000,000,000", "16,314,987,460", "split", "ops.kato", "listed", ">held<"] {
            assert!(held.contains(text), "{text} is missing in {held}");
        }
        assert!(!held.contains("typing error"), "what was refused never held: {held}");
        let (newer, older) = (held.find("16,314,987,460"), held.find("16,000,000,000"));
        assert!(newer < older, "the newest value of a term comes first");
        let ended = held.split("16,000,000,000").nth(1).unwrap().split("</tr>").next().unwrap();
        assert!(ended.contains("2026-11-18 09:00") && ended.contains("2026-11-19 09:00"), "{ended}");

        // The roll of each day moves base price and limits, and each day can be asked for.
        sqlx::query(
            "INSERT INTO trading.price_limits VALUES
             (4, 0, '2026-11-18 22:00:00+00', 1, 25300, 20300, 30300),
             (5, 0, '2026-11-19 22:00:00+00', 1, 25700, 20700, 30700)",
        )
        .execute(&world.pool)
        .await
        .unwrap();
        let held = table("/instruments/7203").await;
        for limits in ["base 2,530.0, from 2,030.0", "base 2,570.0, from 2,070.0"] {
            assert!(held.contains(limits) && held.contains("roll of the day"), "{limits}: {held}");
        }
        let then = table("/instruments/7203?on=2026-11-19").await;
        let row = |limits: &str| {
            let (before, after) = then.split_once(limits).unwrap();
            let after = after.split("</tr>").next().unwrap();
            format!("{}{after}", before.rsplit("<tr").next().unwrap())
        };
        assert!(row("base 2,530.0, from 2,030.0 to 3,030.0").contains("held then"), "{then}");
        assert!(row("base 2,500.0, from 2,000.0 to 3,000.0").contains(">held<"), "{then}");
        assert!(!then.contains("2,570.0") && !then.contains(">holds<"), "not what came after: {then}");
        assert_eq!(world.get(&cookie, "/instruments/7203?on=soon").await.0, 400);

        // What is asked for stands above.
        sqlx::query(
            "INSERT INTO console.requests (id, kind, matter, target, at_once, fields, preview, reason,
                 maker_id, maker, expires_at, state)
             SELECT '7b4d3c70-8a3b-4f2e-9d7e-0c1f5d1e2a99', 'ticks', 'instruments', '7203', false,
                 '{\"kind\": \"ticks\", \"symbol\": \"7203\"}', '{}', 'new table', staff_id, login,
                 now() + interval '1 day', 'waiting' FROM console.staff WHERE login = $1",
        )
        .bind(LOGIN)
        .execute(&world.pool)
        .await
        .unwrap();
        let held = table("/instruments/7203").await;
        assert!(held.contains("asked for") && held.contains("new table"), "{held}");
        // The calendar of another time.
        let (_, page) = world.get(&cookie, "/instruments/7203?from=2024-11-04").await;
        assert!(page.contains("value=\"2024-11-04\""), "{page}");
        assert_eq!(world.get(&cookie, "/instruments/7203?from=soon").await.0, 400);
    })
    .await;
}
