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

/// Notes every label that charts draw from now on, and those that reach over an edge of what they
/// are drawn on; then draws the page's charts again and again from other numbers, so that marks
/// come to stand everywhere, and says what was cut.
const DRAW_AND_WATCH: &str = r#"
    const done = arguments[0];
    const drawn = new Map(), cut = [];
    const canvas = CanvasRenderingContext2D.prototype, write = canvas.fillText;
    canvas.fillText = function (text, x, y, ...rest) {
        const chart = this.canvas.closest("[data-chart]");
        if (chart && text) {
            const name = chart.dataset.chart + " " + (chart.dataset.columns ?? "");
            drawn.set(name, drawn.get(name) || /^0(\.0*)?$/.test(text));
            const box = this.measureText(text), at = this.getTransform();
            const corner = (right, down) => at.transformPoint({ x: x + right, y: y + down });
            const from = corner(-box.actualBoundingBoxLeft, -box.actualBoundingBoxAscent);
            const to = corner(box.actualBoundingBoxRight, box.actualBoundingBoxDescent);
            const { width, height } = this.canvas;
            if (from.x < -1 || from.y < -1 || to.x > width + 1 || to.y > height + 1)
                cut.push([name, text, from.x, from.y, to.x, to.y, width, height].join(" "));
        }
        return write.call(this, text, x, y, ...rest);
    };
    const cells = [...document.querySelectorAll("tbody td[data-n]")]
        .filter((cell) => cell.closest("table").id !== "candles")
        .map((cell, n) => [cell, Number(cell.dataset.n), n]);
    let round = 0;
    const frame = () => {
        if (round === 40) return done([Object.fromEntries(drawn), cut.slice(0, 20), cut.length]);
        round += 1;
        for (const [cell, was, n] of cells)
            cell.dataset.n = was * (1 + round / 7) + (n * 31 % 17) * round * (was / 40 + 1);
        document.body.dispatchEvent(new Event("htmx:sseMessage"));
        for (const chart of document.querySelectorAll("[data-chart]")) {
            chart.style.height = `${150 + round * 5 % 190}px`;
            chart.style.width = `${100 - round * 3 % 40}%`;
        }
        requestAnimationFrame(() => requestAnimationFrame(frame));
    };
    frame();
"#;

#[tokio::test(flavor = "multi_thread")]
async fn labels_of_charts_are_whole_wherever_they_stand() {
    with_browser("labels_of_charts_are_whole_wherever_they_stand", async |world, browser| {
        browser.sign_in(&world).await;
        for (path, charts) in [
            ("/", vec!["lines 1", "lines 2 3", "bars 4"]),
            ("/books/7203", vec!["depth ", "candles "]),
            ("/accounts/DEMO-0001?tab=balance&asset=JPY&from=2026-11-20", vec!["lines 1"]),
        ] {
            browser.client.goto(&world.at(path)).await.unwrap();
            for chart in ["[data-chart] canvas", "tbody td[data-n]"] {
                browser.wait(chart).await;
            }
            let seen = browser.client.execute_async(DRAW_AND_WATCH, vec![]).await.unwrap();
            for chart in charts {
                // What is read against zero names it.
                let zero = path == "/";
                let named = seen[0][chart].as_bool();
                assert!(named.is_some_and(|named| named || !zero), "{path}: {chart}: {seen}");
            }
            assert_eq!(seen[2], 0, "{path}: labels were cut: {:#}", seen[1]);
        }
        browser
    })
    .await;
}
