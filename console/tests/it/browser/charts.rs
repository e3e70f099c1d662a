//! Charts: drawn from their tables, drawn again when those change, in the colours chosen.

use serde_json::json;

use super::with_browser;
use crate::backend::book;

/// Whether a chart shows the colour of a style's class: its canvases are searched for it.
fn shows(chart: &str, class: &str) -> String {
    format!(
        "(() => {{ const probe = document.createElement('span'); probe.className = '{class}';\
         document.body.append(probe);\
         const want = getComputedStyle(probe).color.match(/\\d+/g).map(Number); probe.remove();\
         for (const canvas of document.querySelectorAll('{chart} canvas')) {{\
           if (!canvas.width || !canvas.height) continue;\
           const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;\
           for (let i = 0; i < data.length; i += 4)\
             if (data[i + 3] > 200 && [0, 1, 2].every((n) => Math.abs(data[i + n] - want[n]) < 6)) return true;\
         }} return false; }})()"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_draws_its_last_minutes_and_goes_on() {
    with_browser("the_overview_draws_its_last_minutes_and_goes_on", async |world, browser| {
        browser.sign_in(&world).await;
        browser.client.goto(&world.at("/")).await.unwrap();
        browser.wait(".mark.live").await;
        browser.wait("#history tbody tr").await;
        for chart in ["1", "2 3", "4"] {
            browser.wait(&format!("[data-columns='{chart}'] canvas")).await;
        }
        world.backend().set_overview("rejects_by_code", json!({"off_tick": 1055}));
        // The newest row tells of a thousand more, and the chart of rejects shows a bar.
        let row = "[...document.querySelectorAll('#history tbody tr')].some((row) => \
            Number(row.cells[4].dataset.n) >= 1000 && row.cells[4].textContent === '1,000')";
        browser.wait_until(row).await;
        browser.wait_until(&shows("[data-chart=bars]", "series s1")).await;
        // A second point makes a line; it takes five seconds to come.
        browser.wait_until("document.querySelectorAll('#history tbody tr').length > 1").await;
        browser.wait_until(&shows("[data-chart=lines]", "series s1")).await;
        browser
            .wait_until("document.querySelector('#rate-words').textContent.includes('1,234.5')")
            .await;
        // The search through the canvas is what the browser advises against.
        browser.assert_clean(&world, &["willReadFrequently"]).await;
        browser
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn depth_is_drawn_from_its_table_in_the_chosen_colours() {
    with_browser("depth_is_drawn_from_its_table_in_the_chosen_colours", async |world, browser| {
        browser.sign_in(&world).await;
        sqlx::query("UPDATE console.staff SET rise = 'green'").execute(&world.pool).await.unwrap();
        browser.client.goto(&world.at("/books/7203")).await.unwrap();
        browser.wait(".mark.live").await;
        browser.wait_until("document.querySelectorAll('#depth tbody tr').length === 24").await;
        for side in ["rise", "fall"] {
            browser.wait_until(&shows("[data-chart=depth]", side)).await;
            browser.wait_until(&shows("[data-chart=candles]", side)).await;
        }
        // The table opened stays open while the book moves below the reader's eyes.
        browser.click(".depth-card summary").await;
        world.backend().send("7203", "book", book(99, 2555));
        browser
            .wait_until("document.querySelector('#depth tbody').textContent.includes('2,567.0')")
            .await;
        browser.wait_until("document.querySelector('.depth-card details').open").await;
        assert!(browser.text("#depth-words").await.contains("best bid 2,555.0, best ask 2,556.0"));
        browser.assert_accessible().await;
        // The search through the canvas is what the browser advises against.
        browser.assert_clean(&world, &["willReadFrequently"]).await;
        browser
    })
    .await;
}
