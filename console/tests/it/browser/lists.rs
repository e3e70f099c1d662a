//! What the lists are for, done by keys alone and in both languages: from the menu to a row,
//! a filter, a tab, a search.

use super::access::key;
use super::{Browser, with_browser};
use crate::world::World;

/// Goes to a page by its key and waits for what it shows.
async fn go(browser: &Browser, letter: char, shows: &str) {
    browser.wait_until("document.readyState === 'complete'").await;
    browser.press(&format!("g{letter}")).await;
    browser.wait(shows).await;
    browser.wait_until("document.readyState === 'complete'").await;
}

async fn at(browser: &Browser, path: &str) {
    browser.wait_until(&format!("location.pathname === '{path}'")).await;
    browser.wait_until("document.readyState === 'complete'").await;
}

/// The tour, in whatever language the console speaks now.
async fn tour(world: &World, browser: &Browser) {
    let enter = key::ENTER.to_string();
    browser.client.goto(&world.at("/")).await.unwrap();
    // A trade of an account, from the blotter's filter to its sides.
    go(browser, 'f', "#fills").await;
    browser.tab_to("#f-account").await;
    browser.press(&format!("DEMO-0002{enter}")).await;
    browser.wait_until("document.querySelectorAll('#fills tbody tr').length === 1").await;
    browser.wait_until("document.readyState === 'complete'").await;
    browser.press(&format!("j{enter}")).await;
    at(browser, "/fills/7").await;
    browser.wait("#sides tbody tr:nth-child(2)").await;
    // An account's ledger, by its tab.
    go(browser, 'a', "#accounts").await;
    browser.press(&format!("j{enter}")).await;
    at(browser, "/accounts/DEMO-0001").await;
    browser.tab_to("nav.tabs a[href$='tab=ledger']").await;
    browser.press(&enter).await;
    browser.wait("#ledger tbody tr").await;
    // What an instrument's coming days are.
    go(browser, 'i', "#instruments").await;
    browser.press(&format!("jj{enter}")).await;
    at(browser, "/instruments/7203").await;
    browser.wait("#calendar tbody tr").await;
    // Who is stopped, and by whom; which level of a flag wins.
    go(browser, 'x', "#switches").await;
    go(browser, 'l', "#flags").await;
    // Search leads straight to the only hit.
    browser.press("/").await;
    browser.wait_until("document.activeElement.id === 'q'").await;
    browser.press(&format!("TEST{enter}")).await;
    at(browser, "/accounts/TEST-0001").await;
    browser.assert_clean(world, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_worked_by_keys_in_both_languages() {
    with_browser("every_list_is_worked_by_keys_in_both_languages", async |world, browser| {
        browser.sign_in(&world).await;
        for language in ["en", "ja"] {
            world.look(language, "light").await;
            tour(&world, &browser).await;
        }
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_lists_only_what_the_reader_may_open() {
    use zaraba_console::authz::Role;
    with_browser("the_help_lists_only_what_the_reader_may_open", async |world, browser| {
        browser.sign_in(&world).await;
        sqlx::query("UPDATE console.staff SET roles = $1")
            .bind(vec![Role::Viewer.as_str()])
            .execute(&world.pool)
            .await
            .unwrap();
        browser.client.goto(&world.at("/")).await.unwrap();
        browser.wait_until("document.readyState === 'complete'").await;
        browser.press("?").await;
        browser.wait("#keys[open]").await;
        let shown = browser.text("#keys").await;
        assert!(shown.contains("Instruments") && !shown.contains("Accounts"), "{shown}");
        browser.wait_until("!document.querySelector('header nav a[href=\"/accounts\"]')").await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printed_list_is_the_table_and_its_filter_only() {
    with_browser("a_printed_list_is_the_table_and_its_filter_only", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/fills?symbol=7203")).await.unwrap();
        browser.wait("#fills").await;
        let media = serde_json::json!({"media": "print"});
        browser.devtools("Emulation.setEmulatedMedia", media).await;
        for hidden in ["header.top", "form.filter", "footer", ".pages"] {
            let gone =
                format!("getComputedStyle(document.querySelector('{hidden}')).display === 'none'");
            browser.wait_until(&gone).await;
        }
        let head = browser.text(".print-head").await;
        assert!(head.contains("symbol: 7203") && head.contains("/fills"), "{head}");
        // On paper of this width the number of an order stays in one line.
        browser.zoom(760, 1100, 100).await;
        let whole = "[...document.querySelectorAll('#fills td.id a')].length > 0 &&\
            [...document.querySelectorAll('#fills td.id a')].every(a => a.getClientRects().length === 1)";
        browser.wait_until(whole).await;
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

/// Where the links of a page lead that offer something to do.
async fn offered(browser: &Browser, links: &str) -> Vec<String> {
    let script = "return [...document.querySelectorAll(arguments[0])].map(a => a.href)";
    let found = browser.client.execute(script, vec![links.into()]).await.unwrap();
    found.as_array().unwrap().iter().map(|href| href.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_offers_opens_with_its_fields_and_says_what_will_happen() {
    let name = "what_a_page_offers_opens_with_its_fields_and_says_what_will_happen";
    with_browser(name, async |world, browser| {
        browser.sign_in(&world).await;
        let mut opened = 0;
        for (page, links, filled) in [
            ("/books/7203", "nav.actions a", "#i-symbol"),
            ("/instruments/7203", ".does a[href*='/requests/new']", "#fields input"),
            ("/accounts/DEMO-0001", ".does a[href*='/requests/new']", "#fields input"),
        ] {
            browser.client.goto(&world.at(page)).await.unwrap();
            browser.wait(links).await;
            for href in offered(&browser, links).await {
                browser.client.goto(&href).await.unwrap();
                browser.wait("#fields").await;
                let object = page.rsplit('/').next().unwrap();
                let has = format!(
                    "[...document.querySelectorAll('{filled}')].some(i => i.value === '{object}')"
                );
                browser.wait_until(&has).await;
                opened += 1;
            }
        }
        assert!(opened > 15, "only {opened} links were opened");
        // With an account alone: all of its open orders, counted before anybody agrees.
        browser.client.goto(&world.at("/accounts/DEMO-0001")).await.unwrap();
        browser.click(".does a[href*='kind=cancel_many']").await;
        let effect = browser.text("#effect").await;
        assert!(effect.contains("DEMO-0001"), "{effect}");
        browser.wait("#send").await;
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_is_drawn_over_each_range_and_has_its_table() {
    with_browser("a_balance_is_drawn_over_each_range_and_has_its_table", async |world, browser| {
        // Something that moved just now, so that every range has it.
        for sql in [
            "DO $$ BEGIN EXECUTE format('CREATE TABLE trading.ledger_now PARTITION OF \
             trading.ledger_entries FOR VALUES FROM (%L) TO (%L)', date_trunc('day', now(), 'UTC'), \
             date_trunc('day', now(), 'UTC') + interval '1 day'); END $$",
            "INSERT INTO trading.ledger_entries (at, seq, ordinal, account_id, asset_id, delta, total, \
             cause, reference) VALUES (now(), 99, 0, 4, 1, -890900, 9874000000, 'fee', 0)",
        ] {
            sqlx::query(sql).execute(&world.pool).await.unwrap();
        }
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/accounts/DEMO-0001")).await.unwrap();
        browser.click("nav.tabs a[href$='tab=balance']").await;
        for range in ["day", "week", "month", "quarter"] {
            let path = format!("/accounts/DEMO-0001?tab=balance&asset=JPY&range={range}");
            browser.client.goto(&world.at(&path)).await.unwrap();
            browser.wait("#balance-chart canvas").await;
            assert!(browser.text("#balance-words").await.contains("987,400.0000"), "{range}");
            let rows = "document.querySelector('#balance tbody tr td.n').dataset.n === '987400.0000'";
            browser.wait_until(rows).await;
        }
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}
