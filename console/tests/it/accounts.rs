//! The list of accounts, one account with its balances, ledger and keys, and the files.

use crate::fills::{hide_group, last_shown};
use crate::world::{LOGIN, PASSWORD, World};

/// Codes of a page's rows, in order.
fn codes(page: &str) -> Vec<&str> {
    let parts = page.split("<tr data-href=\"/accounts/").skip(1);
    parts.map(|part| part.split('"').next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_found_by_code_status_and_group() {
    let settings = "[lists]\npage_rows = 2";
    let name = "accounts_are_found_by_code_status_and_group";
    World::with_settings(name, settings, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for (query, want) in [
            ("", vec!["DEMO-0001", "DEMO-0002"]),
            ("after=DEMO-0002", vec!["TEST-0001"]),
            ("code=TEST", vec!["TEST-0001"]),
            ("code=DEMO-0002", vec!["DEMO-0002"]),
            ("code=demo", vec![]),
            ("status=suspended", vec!["DEMO-0002"]),
            ("status=active", vec!["DEMO-0001"]),
            ("group=7", vec!["DEMO-0002"]),
        ] {
            let (status, page) = world.get(&cookie, &format!("/accounts?{query}")).await;
            assert_eq!((status, codes(&page)), (200, want.clone()), "{query}");
            assert_eq!(want.is_empty(), page.contains("No account matches."), "{query}");
        }
        for bad in ["status=odd", "group=x", "prefix=D"] {
            let (status, page) = world.get(&cookie, &format!("/accounts?{bad}")).await;
            assert_eq!((status, page.contains(bad)), (400, true), "{bad}");
        }
        let (_, text) = world.get(&cookie, "/accounts/csv").await;
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("DEMO-0002,suspended,7,2026-11-20T09:00:00.000000+09:00"), "{text}");
        hide_group(&world, 7).await;
        assert_eq!(codes(&world.get(&cookie, "/accounts").await.1), ["DEMO-0001", "TEST-0001"]);
        assert_eq!(world.get(&cookie, "/accounts/csv").await.1.lines().count(), 3);
        for path in ["", "?tab=ledger", "/ledger/csv"] {
            assert_eq!(world.get(&cookie, &format!("/accounts/DEMO-0002{path}")).await.0, 404);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_shows_what_it_has_and_how_it_came_to_it() {
    let settings = "[lists]\npage_rows = 3";
    let name = "an_account_shows_what_it_has_and_how_it_came_to_it";
    World::with_settings(name, settings, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (status, page) = world.get(&cookie, "/accounts/DEMO-0001").await;
        assert_eq!(status, 200);
        for text in ["987,342.4930", "7,593.0000", "979,749.4930", "/instruments/7203", "/fills/8"]
        {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        assert!(last_shown(&world).await.1.contains("DEMO-0001"));
        let ledger = "/accounts/DEMO-0001?tab=ledger";
        let (_, page) = world.get(&cookie, ledger).await;
        for text in ["+0.1500", "987,489.0900", "−5.0600", "rel=\"next\""] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let (_, page) = world.get(&cookie, &format!("{ledger}&cause=deposit")).await;
        for text in ["+988,000.0000", "wire-1", "ops.suzuki", "first wire"] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let (_, page) = world.get(&cookie, &format!("{ledger}&asset=7203")).await;
        assert!(page.contains("+200") && !page.contains("+0.1500"), "{page}");
        let (status, page) = world.get(&cookie, &format!("{ledger}&cause=odd")).await;
        assert_eq!((status, page.contains("cause=odd")), (400, true));
        let (_, text) = world.get(&cookie, "/accounts/DEMO-0001/ledger/csv?asset=JPY").await;
        assert_eq!(text.lines().count(), 5, "{text}");
        assert_eq!(last_shown(&world).await.0, "export");
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0001?tab=history").await;
        assert!(page.contains("first wire") && page.contains("ops.kato"), "{page}");
        assert!(!page.contains("runaway algo"), "another account's: {page}");
        assert_eq!(world.get(&cookie, "/accounts/NOBODY").await.0, 404);
        assert_eq!(world.get(&cookie, "/accounts/DEMO-0001?tab=odd").await.0, 400);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_come_page_by_page_cash_first() {
    let name = "balances_come_page_by_page_cash_first";
    World::with_settings(name, "[lists]\npage_rows = 1", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        // A share whose code comes before the cash's.
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0001").await;
        let shown = |page: &str| {
            let table = page.split("id=\"balances\"").nth(1)?.split("</table>").next()?;
            let codes = table.split("&amp;asset=").skip(1);
            Some(codes.map(|part| part.split('"').next().unwrap().to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(shown(&page).unwrap(), ["JPY"], "cash first: {page}");
        assert!(page.contains("after=JPY"), "{page}");
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0001?after=JPY").await;
        assert_eq!(shown(&page).unwrap(), ["7203"], "then what is traded: {page}");
        assert!(page.contains("rel=\"first\"") && !page.contains("More balances"), "{page}");
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0001?after=7203").await;
        assert_eq!(shown(&page), None, "{page}");
        // Choices name them all, in the same order.
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0001?tab=ledger").await;
        let cash = page.find("value=\"JPY\"").unwrap();
        assert!(cash < page.find("value=\"7203\"").unwrap(), "{page}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_and_their_secrets_are_not() {
    World::with("keys_are_listed_and_their_secrets_are_not", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0001?tab=keys").await;
        for text in
            ["ak_demo_1", "ak_demo_2", "old bridge", "read, transfer", "Revoked 2026-11-20 10"]
        {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        assert!(!page.to_lowercase().contains("deadbeef"));
        let (_, page) = world.get(&cookie, "/accounts/DEMO-0002?tab=keys").await;
        assert!(page.contains("No API key yet."));
    })
    .await;
}
