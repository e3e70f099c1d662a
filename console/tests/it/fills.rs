//! The fill blotter, one trade with both its sides, and the file.

use zaraba_console::authz::Role;

use crate::world::{LOGIN, PASSWORD, World, add_person};

/// Trades of a page's rows, in order.
fn trades(page: &str) -> Vec<&str> {
    let parts = page.split("<tr data-href=\"/fills/").skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

/// The accounts that the newest entry of the audit trail says were shown.
pub async fn last_shown(world: &World) -> (String, String) {
    sqlx::query_as(
        "SELECT kind, detail FROM audit.entries WHERE kind IN ('view', 'export') \
         ORDER BY seq DESC LIMIT 1",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn fills_are_filtered_and_paged() {
    let settings = "[lists]\npage_rows = 3";
    World::with_settings("fills_are_filtered_and_paged", settings, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for (query, want) in [
            ("", vec!["8", "8", "7"]),
            ("account=DEMO-0002", vec!["7"]),
            ("symbol=7203&side=buy", vec!["8", "7"]),
            ("symbol=BTC_JPY", vec![]),
            ("symbol=NONE", vec![]),
            ("liquidity=maker", vec!["8", "7"]),
            ("trade_id=7", vec!["7", "7"]),
            ("trade_id=6", vec![]),
            ("trade_id=9", vec![]),
            ("order_id=50331651", vec!["7"]),
            ("from=2026-11-20T11:04&zone=Asia/Tokyo", vec!["8", "8"]),
            ("to=2026-11-20T02:04&zone=UTC", vec!["7", "7"]),
        ] {
            let (status, page) = world.get(&cookie, &format!("/fills?{query}")).await;
            assert_eq!((status, trades(&page)), (200, want.clone()), "{query}");
            assert_eq!(want.is_empty(), page.contains("No fill matches."), "{query}");
        }
        let (_, page) = world.get(&cookie, "/fills").await;
        let (head, _) = page.split_once("\" rel=\"next\"").expect("a second page");
        let next = head.rsplit_once("href=\"").unwrap().1.replace("&#38;", "&");
        let (_, page) = world.get(&cookie, &next).await;
        assert_eq!(trades(&page), ["7"], "the page after {next}");
        assert!(!page.contains("rel=\"next\""));
        for bad in ["side=up", "liquidity=all", "trade_id=x", "before=1", "simbol=7203", "to=soon"]
        {
            for path in ["/fills", "/fills/csv"] {
                let (status, page) = world.get(&cookie, &format!("{path}?{bad}")).await;
                assert_eq!(status, 400, "{path} {bad}");
                assert!(page.contains(bad) && page.contains("</html>"), "{path} {bad}: {page}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_adds_up_its_own_rows() {
    World::with("a_page_adds_up_its_own_rows", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (_, page) = world.get(&cookie, "/fills").await;
        // 200 x 2,530.0 + 300 x 2,531.0 on either side; fees 5.06 + 5.06 - 0.15 + 7.593.
        let totals = page.split("class=\"totals\"").nth(1).unwrap().split("</p>").next().unwrap();
        assert_eq!(totals.matches("1,265,300.0 JPY").count(), 2, "{totals}");
        assert!(totals.contains("17.5630 JPY"), "{totals}");
        let (kind, detail) = last_shown(&world).await;
        assert_eq!(kind, "view");
        assert!(detail.contains("DEMO-0001") && detail.contains("DEMO-0002"), "{detail}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trade_shows_the_sides_one_may_see_and_what_they_moved() {
    let name = "a_trade_shows_the_sides_one_may_see_and_what_they_moved";
    World::with(name, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (status, page) = world.get(&cookie, "/fills/7").await;
        assert_eq!(status, 200);
        for text in ["DEMO-0001", "DEMO-0002", "506,000.0 JPY", "−506.0000", "−5.0600", "+200"]
        {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        hide_group(&world, 7).await;
        let (status, page) = world.get(&cookie, "/fills/7").await;
        assert_eq!(status, 200);
        assert!(page.contains("DEMO-0001") && !page.contains("DEMO-0002"), "{page}");
        assert!(trades(&world.get(&cookie, "/fills?account=DEMO-0002").await.1).is_empty());
        assert!(!world.get(&cookie, "/fills/csv").await.1.contains("DEMO-0002"));
        hide_group(&world, 0).await;
        for path in ["/fills/7", "/fills/99", "/fills/x", "/fills/99999999999999999999"] {
            assert_eq!(world.get(&cookie, path).await.0, 404, "{path}");
        }
    })
    .await;
}

/// Puts a group beyond everyone's scope.
pub async fn hide_group(world: &World, group: i32) {
    let sql = "INSERT INTO console.staff_barriers (staff_id, group_id) \
               SELECT staff_id, $1 FROM console.staff";
    sqlx::query(sql).bind(group).execute(&world.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_fills_is_whole_and_recorded() {
    World::with("the_file_of_fills_is_whole_and_recorded", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (status, text) = world.get(&cookie, "/fills/csv?symbol=7203").await;
        assert_eq!(status, 200);
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        assert_eq!(reader.headers().unwrap().get(1), Some("trade_id"));
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 4);
        assert_eq!(&rows[0][0], "2026-11-20T11:05:00.500000+09:00");
        assert_eq!((&rows[0][9], &rows[0][10], &rows[1][11]), ("759300.0", "JPY", "-0.1500"));
        let (kind, detail) = last_shown(&world).await;
        assert_eq!(kind, "export");
        assert!(detail.contains("symbol=7203"), "{detail}");
        // Who may see but not take away.
        add_person(&world.pool, "support", "Support", &[Role::TraderSupport], "en").await;
        let cookie = world.sign_in("support", PASSWORD).await.unwrap();
        assert!(!world.get(&cookie, "/fills").await.1.contains("/fills/csv"));
        assert_eq!(world.get(&cookie, "/fills/csv").await.0, 403);
    })
    .await;
}

/// Trade 7 (200 at 2,530.0) was corrected to 150 at 2,529.0 by request 1, then taken back.
async fn correct_trade_7(world: &World) {
    let request = "INSERT INTO console.requests (id, kind, matter, target, at_once, fields, preview,
             reason, maker_id, maker, expires_at, state, checker, checker_id, decided_at, finished_at)
         SELECT '0b6ef9a4-5c0e-4a56-9a3b-1de5f1c7a001', 'correct_trade', 'fills', '7', false, '{}',
             '{}', 'wrong price', m.staff_id, m.login, now(), 'applied', c.login, c.staff_id, now(),
             now()
         FROM console.staff m, console.staff c WHERE m.login = $1 AND c.login = 'checker'";
    sqlx::query(request).bind(LOGIN).execute(&world.pool).await.unwrap();
    let corrections = "INSERT INTO trading.corrections VALUES
        (7, 1, 50, '2026-11-20 03:00:00+00', 1, 4, 5, 25300, 200, 5060000, 5060000, 50600, 0,
         25290, 150, 3793500, 3793500, 37935, 0, 'aki', 'checker',
         '0b6ef9a4-5c0e-4a56-9a3b-1de5f1c7a001', 'wrong price'),
        (7, 2, 51, '2026-11-20 03:30:00+00', 1, 4, 5, 25290, 150, 3793500, 3793500, 37935, 0,
         25290, 0, 0, 0, 0, 0, 'aki', 'checker', 'ops-77', 'error of the feed')";
    sqlx::query(corrections).execute(&world.pool).await.unwrap();
    let moved = "INSERT INTO trading.ledger_entries (at, seq, ordinal, account_id, asset_id, delta,
             total, cause, reference)
         VALUES ('2026-11-20 03:30:00+00', 51, 0, 4, 1, 3793500, 9878684400, 'correction', 7)";
    sqlx::query(moved).execute(&world.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busted_trade_is_not_offered_to_bust_again() {
    World::with("a_busted_trade_is_not_offered_to_bust_again", async |world| {
        add_person(&world.pool, "checker", "Check", &[Role::Operations], "en").await;
        add_person(&world.pool, "auditor", "Audit", &[Role::Auditor], "en").await;
        let cookie = world.sign_in("checker", PASSWORD).await.unwrap();
        let offered = |page: &str| {
            ["correct_trade", "bust_trade"].map(|kind| page.contains(&format!("kind={kind}")))
        };
        let already = "nothing left to bust";
        correct_trade_7(&world).await;
        let (_, page) = world.get(&cookie, "/fills/7").await;
        assert_eq!((offered(&page), page.contains(already)), ([true, false], true), "{page}");
        // Who may only look is told of the chain, not of what is not for them.
        let auditor = world.sign_in("auditor", PASSWORD).await.unwrap();
        let (_, page) = world.get(&auditor, "/fills/7").await;
        assert_eq!((offered(&page), page.contains(already)), ([false, false], false), "{page}");
        assert!(page.contains("id=\"corrections\""), "{page}");
        // Corrected but not busted, and never corrected: both are there.
        let last = "DELETE FROM trading.corrections WHERE trade_id = 7 AND number = 2";
        sqlx::query(last).execute(&world.pool).await.unwrap();
        for path in ["/fills/7", "/fills/8"] {
            let (_, page) = world.get(&cookie, path).await;
            assert_eq!((offered(&page), page.contains(already)), ([true, true], false), "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_lot_trade_shows_the_house_and_can_be_corrected_by_who_may_see_it() {
    let name = "an_odd_lot_trade_shows_the_house_and_can_be_corrected_by_who_may_see_it";
    World::with(name, async |world| {
        for sql in [
            "INSERT INTO trading.accounts (account_id, code, status, created_at, seq, group_id)
             VALUES (0, 'house', 'active', '2026-11-20 00:00:00+00', 1, 9)",
            "INSERT INTO trading.fills (at, fill_id, seq, trade_id, order_id, account_id,
                 instrument_id, side, price, quantity, fee, fee_asset, liquidity)
             VALUES ('2026-11-20 02:06:00+00', 19, 40, 9, 77, 4, 1, 'buy', 25310, 7, 0, 1, 'desk')",
            "INSERT INTO trading.ledger_entries (at, seq, ordinal, account_id, asset_id, delta,
                 total, cause, reference)
             VALUES ('2026-11-20 02:06:00+00', 40, 0, 4, 1, -177180000, 1, 'trade', 9),
                 ('2026-11-20 02:06:00+00', 40, 1, 0, 1, 177170000, 1, 'trade', 9)",
        ] {
            sqlx::query(sql).execute(&world.pool).await.unwrap();
        }
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let offered = |page: &str| {
            ["correct_trade", "bust_trade"].map(|kind| page.contains(&format!("kind={kind}")))
        };
        for (language, words) in [
            ("en", ["Sell", "Odd-lot desk", "Correct a trade", "Bust a trade"]),
            ("ja", ["売", "単元未満株", "約定の訂正", "約定の取消"]),
        ] {
            world.look(language, "light").await;
            let (status, page) = world.get(&cookie, "/fills/9").await;
            assert_eq!((status, offered(&page)), (200, [true, true]), "{page}");
            let house = page.split("id=\"house\"").nth(1).unwrap().split("</tr>").next().unwrap();
            assert!(house.contains("/accounts/house") && house.contains(words[0]), "{house}");
            for text in words.into_iter().chain(["−17,718.0000", "+17,717.0000"]) {
                assert!(page.contains(text), "{text} is missing in {page}");
            }
        }
        world.look("en", "light").await;
        assert!(last_shown(&world).await.1.contains("house"), "the trail tells whose is shown");
        // Who may not see the house sees the client's side, and can ask for nothing.
        hide_group(&world, 9).await;
        let (_, page) = world.get(&cookie, "/fills/9").await;
        assert!(page.contains("DEMO-0001") && !page.contains("/accounts/house"), "{page}");
        assert_eq!((offered(&page), page.contains("+17,717")), ([false, false], false), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_trade_is_marked_and_its_chain_told() {
    World::with("a_corrected_trade_is_marked_and_its_chain_told", async |world| {
        add_person(&world.pool, "checker", "Check", &[Role::Operations], "en").await;
        add_person(&world.pool, "auditor", "Audit", &[Role::Auditor], "en").await;
        let cookie = world.sign_in("auditor", PASSWORD).await.unwrap();
        let (_, page) = world.get(&cookie, "/fills/8").await;
        assert!(page.contains("Never corrected."), "{page}");
        correct_trade_7(&world).await;
        let (_, page) = world.get(&cookie, "/fills/7").await;
        for text in [
            "Busted: taken back whole",
            "the trade as made",
            "200 × 2,530.0",
            "150 × 2,529.0",
            "href=\"#correction-1\"",
            ">Request 1</a>",
            "/audit?request=0b6ef9a4-5c0e-4a56-9a3b-1de5f1c7a001",
            "ops-77",
            "error of the feed",
            // What it moved stands with what the trade moved.
            "+379.3500",
            "−506.0000",
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let (_, page) = world.get(&cookie, "/fills?trade_id=7").await;
        assert_eq!(page.matches(">Busted</span>").count(), 2, "both sides are marked: {page}");
        assert!(!world.get(&cookie, "/fills?trade_id=8").await.1.contains(">Busted<"));
        let (_, page) = world.get(&cookie, "/orders/1996488823").await;
        assert!(page.contains(">Busted</span>"), "the order's fill is marked: {page}");
        let (_, text) = world.get(&cookie, "/fills/csv?trade_id=7").await;
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        let tail: Vec<&str> = row.iter().skip(14).collect();
        assert_eq!(tail, ["2", "busted", "", "0"]);
        // One who sees a single side is told how it stands, not who spoke of the other.
        hide_group(&world, 7).await;
        let (_, page) = world.get(&cookie, "/fills/7").await;
        assert!(page.contains("150 × 2,529.0") && page.contains("may see both sides"), "{page}");
        assert!(!page.contains("wrong price") && !page.contains("ops-77"), "{page}");
    })
    .await;
}
