//! The console by keys alone: every stop of the Tab key is seen, none is a trap, dialogs hold
//! the focus and give it back, live tables do not take it away.

use serde_json::json;

use super::access::key;
use super::{Browser, with_browser};
use crate::backend::ticker;

/// What is focused: whether one can see it, and where it is.
const FOCUSED: &str = "
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const style = getComputedStyle(e), box = e.getBoundingClientRect();
  const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1);
  const y = Math.min(Math.max(box.top + box.height / 2, 1), innerHeight - 1);
  const top = document.elementFromPoint(x, y);
  // Links in a sentence or a cell may be as high as its line; a choice's target has its label.
  const free = e.matches('main, [role=region], p:not(.pages) a, td a, th a, dd a, footer a, li a');
  const target = free ? { width: 24, height: 24 }
    : (e.matches('[type=radio], [type=checkbox]') && e.closest('label') || e).getBoundingClientRect();
  return {
    name: `${e.tagName} ${e.id || e.getAttribute('href') || e.name || e.textContent.trim()}`,
    outlined: parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== 'none',
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    covered: !(top && (e.contains(top) || top.contains(e))),
    place: [...document.querySelectorAll('*')].indexOf(e),
    small: target.width < 24 || target.height < 24 ? `${target.width} x ${target.height}` : null,
  };";

async fn tab(browser: &Browser) -> serde_json::Value {
    browser.press(&key::TAB.to_string()).await;
    browser.client.execute(FOCUSED, vec![]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_stop_of_the_tab_key_is_seen_and_none_is_a_trap() {
    with_browser("every_stop_of_the_tab_key_is_seen_and_none_is_a_trap", async |world, browser| {
        browser.sign_in(&world).await;
        for path in [
            "/",
            "/books",
            "/books/7203",
            "/orders",
            "/orders/1996488823",
            "/fills",
            "/accounts/DEMO-0001",
            "/instruments/7203",
            "/risk",
            "/flags",
            "/preferences",
        ] {
            browser.client.goto(&world.at(path)).await.unwrap();
            browser.wait_until("document.readyState === 'complete'").await;
            let (mut place, mut stops) = (-1, 0);
            loop {
                let at = tab(&browser).await;
                // Beyond the last stop is the browser's own frame.
                if at.is_null() || at["place"].as_i64() == Some(place) {
                    break;
                }
                let now = at["place"].as_i64().unwrap();
                if now < place {
                    break; // around again
                }
                place = now;
                stops += 1;
                assert!(stops < 400, "{path}: the Tab key never comes to an end");
                assert_eq!(at["outlined"], true, "{path}: focus is not seen: {at}");
                assert_eq!(at["inside"], true, "{path}: focus is off the screen: {at}");
                assert_eq!(at["covered"], false, "{path}: focus is covered: {at}");
                assert_eq!(at["small"], json!(null), "{path}: the target is too small: {at}");
            }
            assert!(stops > 8, "{path}: only {stops} stops of the Tab key");
        }
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_stop_leads_past_the_menu() {
    with_browser("the_first_stop_leads_past_the_menu", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/orders")).await.unwrap();
        browser.wait("#orders").await;
        browser.press(&key::TAB.to_string()).await;
        browser.wait_until("document.activeElement.matches('a.skip')").await;
        browser.wait_until("document.activeElement.getBoundingClientRect().top >= 0").await;
        browser.press(&key::ENTER.to_string()).await;
        browser.wait_until("document.activeElement.id === 'main'").await;
        browser.press(&key::TAB.to_string()).await;
        browser
            .wait_until("document.getElementById('main').contains(document.activeElement)")
            .await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialog_holds_the_focus_and_gives_it_back() {
    with_browser("a_dialog_holds_the_focus_and_gives_it_back", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/orders")).await.unwrap();
        browser.wait("#orders").await;
        browser.tab_to("nav a[href='/books']").await;
        browser.press("?").await;
        browser.wait("#keys[open]").await;
        browser.assert_accessible().await;
        for step in 0..6 {
            let inside = "const a = document.activeElement;\
                return a === document.body || !!a.closest('#keys')";
            let inside = browser.client.execute(inside, vec![]).await.unwrap();
            assert_eq!(inside, true, "step {step} left the dialog");
            if step % 2 == 0 {
                browser.press(&key::TAB.to_string()).await;
            } else {
                browser.press_shift_tab().await;
            }
        }
        browser.press(&key::ESCAPE.to_string()).await;
        browser.wait_until("!document.querySelector('#keys').open").await;
        browser.wait_until("document.activeElement.matches(\"nav a[href='/books']\")").await;
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_table_does_not_take_the_focus_away() {
    with_browser("a_live_table_does_not_take_the_focus_away", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/books")).await.unwrap();
        browser.wait(".mark.live").await;
        browser.tab_to("#row-7203 a").await;
        let told = ticker("7203", "2777.5", "277.5", "2500.0", "2000000");
        world.backend().set_ticker(told);
        browser
            .wait_until("document.querySelector('#row-7203 .last').textContent === '2,777.5'")
            .await;
        browser.wait_until("document.activeElement.matches('#row-7203 a')").await;
        let next = tab(&browser).await;
        assert!(next["name"].as_str().unwrap().contains("BTC_JPY"), "on from there: {next}");
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}
