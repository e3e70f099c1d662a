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
