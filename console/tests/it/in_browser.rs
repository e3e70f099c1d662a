//! The console in a real browser: what scripts, styles and the security policy make of it.

use serde_json::json;

use crate::backend::{book, candle_told, ticker, trade, trades_told};
use crate::browser::with_browser;
use crate::world::LOGIN;

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_with_a_wrong_and_the_right_password() {
    with_browser("signing_in_with_a_wrong_and_the_right_password", async |world, browser| {
        browser.client.goto(&world.at("/orders?side=buy")).await.unwrap();
        browser.type_into("#login", LOGIN).await;
        browser.type_into("#password", "not the password").await;
        browser.click("main button[type=submit]").await;
        assert!(browser.text("#problem").await.contains("password is wrong"));
        browser.type_into("#password", crate::world::PASSWORD).await;
        browser.click("main button[type=submit]").await;
        browser.wait("#orders").await;
        let url = browser.client.current_url().await.unwrap();
        assert_eq!(url.as_str(), world.at("/orders?side=buy"), "back to where they wanted to go");
        browser.click("header form[action='/sign-out'] button").await;
        assert!(browser.text(".note").await.contains("signed out"));
        // The browser itself reports the 401 of the wrong password.
        browser.assert_clean(&world, &["401 (Unauthorized)"]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_moves_before_the_readers_eyes() {
    with_browser("a_book_moves_before_the_readers_eyes", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/books/7203?interval=1m")).await.unwrap();
        browser.wait("#ladder table[data-seq='41']").await;
        browser.wait(".mark.live").await;
        browser.wait("#chart canvas").await;
        world.backend().send("7203", "book", book(99, 2555));
        world.backend().send(
            "7203",
            "ticker",
            ticker("7203", "2556.0", "56.0", "2500.0", "1300000"),
        );
        let trades = trades_told(99, &[trade(901, "2556.0", "buy")]);
        world.backend().send("7203", "trades", trades);
        world.backend().send("7203", "candle", candle_told(99, "2541.5"));
        browser.wait("#ladder table[data-seq='99']").await;
        browser.wait_until("document.querySelector('#last').textContent === '2,556.0'").await;
        browser
            .wait_until(
                "document.querySelector('[sse-swap=trades] tbody td.n').textContent === '2,556.0'",
            )
            .await;
        let chart = browser.text("#chart").await;
        assert!(!chart.contains('{'), "numbers for the chart were shown as text: {chart}");
        let bars = "document.querySelectorAll('#ladder svg.bar rect').length === 24";
        browser.wait_until(bars).await;
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_books_and_the_overview_are_live() {
    with_browser("the_list_of_books_and_the_overview_are_live", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/books")).await.unwrap();
        browser.wait("#row-7203 .last").await;
        world.backend().set_ticker(ticker("7203", "2600.5", "100.5", "2500.0", "2000000"));
        browser
            .wait_until("document.querySelector('#row-7203 .last').textContent === '2,600.5'")
            .await;
        browser.wait_until("document.querySelectorAll('#books tbody tr').length === 3").await;
        browser.client.goto(&world.at("/")).await.unwrap();
        browser.wait(".mark.live").await;
        world.backend().set_overview("orders_per_second", json!(4321.0));
        browser
            .wait_until("document.querySelector('#orders-per-second').textContent === '4,321.0'")
            .await;
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_shows_as_stale_and_ends() {
    with_browser("an_outage_shows_as_stale_and_ends", async |mut world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/books/7203")).await.unwrap();
        browser.wait(".mark.live").await;
        let address = world.backend.take().unwrap().go_away().await;
        browser
            .wait_until(
                "document.querySelector('.mark.stale')?.textContent.startsWith('Stale since')",
            )
            .await;
        browser.wait("#ladder table[data-seq='41']").await;
        world.backend = Some(crate::backend::Double::start_at(address));
        browser.wait(".mark.live").await;
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_languages_both_themes_and_chosen_colours() {
    with_browser("both_languages_both_themes_and_chosen_colours", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/preferences")).await.unwrap();
        for value in ["ja", "dark", "green"] {
            browser.click(&format!("input[value={value}]")).await;
        }
        browser.click("main button[type=submit]").await;
        assert!(browser.text(".note").await.contains("保存しました"));
        browser.client.goto(&world.at("/books")).await.unwrap();
        assert_eq!(browser.text("h1").await, "板情報");
        let lang = browser.client.execute("return document.documentElement.lang", vec![]).await.unwrap();
        assert_eq!(lang, "ja");
        // Green means up now, and the ground is dark.
        let colours = "(() => { const rgb = (e, p) => getComputedStyle(e)[p].match(/\\d+/g).map(Number);\
            const up = rgb(document.querySelector('.rise'), 'color');\
            const ground = rgb(document.documentElement, 'backgroundColor');\
            return up[1] > up[0] && ground[0] < 60; })()";
        browser.wait("#row-7203 .rise").await;
        browser.wait_until(colours).await;
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_lead_everywhere() {
    with_browser("keys_lead_everywhere", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/")).await.unwrap();
        browser.wait_until("document.readyState === 'complete'").await;
        browser.press("go").await;
        browser.wait("#orders").await;
        browser.wait_until("document.readyState === 'complete'").await;
        browser.press("jj").await;
        browser.wait("#orders tbody tr:nth-child(2).chosen").await;
        browser.press("k").await;
        browser.wait("#orders tbody tr:nth-child(1).chosen").await;
        browser.press("j\u{e007}").await;
        browser.wait("#events").await;
        assert!(browser.client.current_url().await.unwrap().path().ends_with("/1996488823"));
        browser.wait_until("document.readyState === 'complete'").await;
        browser.press("?").await;
        browser.wait("#keys[open]").await;
        browser.press("\u{e00c}").await;
        browser.wait_until("!document.querySelector('#keys').open").await;
        browser.press("/").await;
        browser.wait_until("document.activeElement.id === 'q'").await;
        browser.press("chain-1\u{e007}").await;
        browser.wait_until("location.pathname.startsWith('/orders/')").await;
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_filtered_opened_and_downloaded() {
    with_browser("orders_are_filtered_opened_and_downloaded", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/orders")).await.unwrap();
        browser.type_into("#f-symbol", "7203").await;
        browser.type_into("#f-client", "chain-1").await;
        browser.click("form.filter button[type=submit]").await;
        browser.wait_until("document.querySelectorAll('#orders tbody tr').length === 1").await;
        let url = browser.client.current_url().await.unwrap();
        assert!(url.query().unwrap().contains("client_order_id=chain-1"), "the address is the state: {url}");
        // The file behind the link, as the browser's own session gets it.
        let script = "const done = arguments[0]; fetch(document.querySelector('a.csv').href)\
            .then(answer => answer.arrayBuffer()).then(b => done([b.byteLength, new Uint8Array(b)[0], new TextDecoder().decode(b).split('\\n').length]))";
        let got = browser.client.execute_async(script, vec![]).await.unwrap();
        assert_eq!(got[1], 0xEF, "a byte order mark");
        assert_eq!(got[2], 3, "head, one order, end");
        browser.click("#orders tbody th a").await;
        browser.wait("#events").await;
        assert!(browser.text("h1").await.contains("1996488823"));
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}

/// Notes every time label that is drawn, and those that reach over the edge of their axis; then
/// gives the overview's charts forty points to draw.
const DRAW_AND_WATCH: &str = r#"
    window.drawn = 0;
    window.cut = 0;
    const canvas = CanvasRenderingContext2D.prototype, write = canvas.fillText;
    canvas.fillText = function (text, x, ...rest) {
        if (/^\d\d:\d\d/.test(text)) {
            const half = this.measureText(text).width / 2;
            const width = this.canvas.width / this.getTransform().a;
            window.drawn += 1;
            if (x - half < -1 || x + half > width + 1) window.cut += 1;
        }
        return write.call(this, text, x, ...rest);
    };
    const now = Math.floor(Date.now() / 5000) * 5;
    const row = (_, n) => `<tr data-t="${now - n * 5}"><th></th>${'<td data-n="7"></td>'.repeat(4)}</tr>`;
    document.querySelector('#history').tBodies[0].innerHTML = Array.from({ length: 40 }, row).join("");
    document.body.dispatchEvent(new Event("htmx:sseMessage"));
"#;

#[tokio::test(flavor = "multi_thread")]
async fn time_labels_of_charts_are_whole_at_the_edges() {
    with_browser("time_labels_of_charts_are_whole_at_the_edges", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/")).await.unwrap();
        browser.wait("[data-chart=bars] canvas").await;
        browser.client.execute(DRAW_AND_WATCH, vec![]).await.unwrap();
        browser.wait_until("window.drawn >= 9").await;
        let cut = browser.client.execute("return window.cut", vec![]).await.unwrap();
        assert_eq!(cut, json!(0), "labels were cut");
        browser.assert_clean(&world, &[]).await;
        browser
    })
    .await;
}
