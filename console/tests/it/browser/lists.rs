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
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}
