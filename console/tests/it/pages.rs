//! The pages over HTTP, as one plain request each: what they show, their filters and files,
//! and what they say when something is away.

use serde_json::json;

use crate::backend::{
    Double, auction_gathering, book, candle_told, phase_stopped, ticker, trade, trades_told,
};
use crate::world::{LOGIN, PASSWORD, World};

const CHAIN: i64 = (119 << 24) | 119;

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_tells_the_backends_state() {
    World::with("the_overview_tells_the_backends_state", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let page = eventually(&world, &cookie, "/", "1,234.5").await;
        for text in [
            "420 µs",
            "6.10 ms",
            "987,654",
            "1 d 02:03:04",
            "price_out_of_limits",
            "Tokyo equities",
            "2026-11-20 09:00:00 JST",
        ] {
            assert!(page.contains(text), "{text} is missing");
        }
        world.backend().set_overview("journal_error", json!("disk full on /data"));
        let page = eventually(&world, &cookie, "/", "disk full on /data").await;
        assert!(page.contains("nothing is acknowledged"));
    })
    .await;
}

/// Loads a page until it has a text: live data arrives in its own time.
async fn eventually(world: &World, cookie: &str, path: &str, text: &str) -> String {
    let mut page = String::new();
    for _ in 0..200 {
        page = world.get(cookie, path).await.1;
        if page.contains(text) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{path} never had {text}:\n{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn books_show_the_day_and_filter() {
    World::with("books_show_the_day_and_filter", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (status, page) = world.get(&cookie, "/books").await;
        assert_eq!(status, 200);
        for text in ["トヨタ自動車", "2,531.0", "+31.0", "+1.24", "−150.0", "Halted", "1,234,500"]
        {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let (_, page) = world.get(&cookie, "/books?profile=crypto").await;
        assert!(page.contains("BTC_JPY") && !page.contains("6758"));
        let (_, page) = world.get(&cookie, "/books?q=%E3%83%88%E3%83%A8").await;
        assert!(page.contains("7203") && !page.contains("BTC_JPY"));
        let (_, page) = world.get(&cookie, "/books?q=zzz").await;
        assert!(page.contains("No instrument matches."));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_is_whole_without_scripts() {
    World::with("a_book_is_whole_without_scripts", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (status, page) = world.get(&cookie, "/books/7203?interval=1h").await;
        assert_eq!(status, 200);
        for text in [
            "2,530.0",
            "2,531.0",
            "Spread 1.0",
            "by price table",
            "3,000.0",
            "?interval=1h\" aria-current=\"true\"",
            "data-o=\"",
            "14:00:29.123",
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        let (status, page) = world.get(&cookie, "/books/none").await;
        assert_eq!(status, 404);
        assert!(page.contains("There is nothing at this address"));
        let (_, page) = world.get(&cookie, "/books/BTC_JPY").await;
        assert!(page.contains("No resting order.") && page.contains("No trade yet."));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_shows_what_its_market_is_doing() {
    World::with("a_book_shows_what_its_market_is_doing", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (_, page) = world.get(&cookie, "/books/7203").await;
        assert!(!page.contains("Kill switch") && !page.contains("Indicative"));
        let mut stopped = phase_stopped(78);
        (stopped["base_price"], stopped["limit_up"]) = (json!("530.0"), json!("630.0"));
        stopped["limit_down"] = json!("430.0");
        world.backend().send("7203", "phase", stopped);
        world.backend().send("7203", "auction", auction_gathering(79));
        let mut thin = book(80, 2530);
        thin["market_ask_quantity"] = json!("2000");
        world.backend().send("7203", "book", thin);
        let page = eventually(&world, &cookie, "/books/7203", "data-seq=\"80\"").await;
        for text in [
            "Pre-open",
            "datetime=\"2026-11-20T00:00:00Z\"",
            "Special ask quote <strong>520.0</strong>",
            "Kill switch",
            "<strong>521.0</strong>",
            "12,300",
            "−500",
            "630.0",
            "430.0",
            "Market buys, Stop sells",
            "feed error (ops.suzuki)",
            "In force",
            "Closing: At the bound of the range 533.0 × 4,000",
            "<td class=\"n size\">2,000</td>",
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        // A market side without market orders has no row for them.
        assert_eq!(page.matches("class=\"market\"").count(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_share_one_connection_and_get_what_changed() {
    let settings = "[http]\nheader_seconds = 1\nrequest_seconds = 2";
    let name = "browsers_share_one_connection_and_get_what_changed";
    World::with_settings(name, settings, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let mut streams = Vec::new();
        for _ in 0..3 {
            let answer = world
                .http
                .get(world.at("/books/7203/live"))
                .header("cookie", &cookie)
                .header("accept", "text/event-stream")
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200);
            assert!(answer.headers().get("content-encoding").is_none());
            streams.push(answer);
        }
        for stream in &mut streams {
            read_until(stream, "data-seq=\"41\"").await;
        }
        // The limits on how long a request may take are not for open streams.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        world.backend().send("7203", "book", book(77, 2540));
        let trades = trades_told(77, &[trade(900, "2541.5", "buy")]);
        world.backend().send("7203", "trades", trades);
        let ticker = ticker("7203", "2541.5", "41.5", "2500.0", "1234800");
        world.backend().send("7203", "ticker", ticker);
        world.backend().send("7203", "candle", candle_told(77, "2541.5"));
        for stream in &mut streams {
            let text = read_until(stream, "event: candle").await;
            for part in ["data-seq=\"77\"", "2,541.5", "+41.5"] {
                assert!(text.contains(part), "{part} was not pushed: {text}");
            }
        }
        assert_eq!(world.backend().opened("7203"), 1, "one upstream connection for three browsers");
    })
    .await;
}

/// Reads a stream until it has said something; everything up to there.
async fn read_until(stream: &mut reqwest::Response, text: &str) -> String {
    let mut said = String::new();
    let reading = async {
        while let Some(chunk) = stream.chunk().await.unwrap() {
            said.push_str(&String::from_utf8_lossy(&chunk));
            if said.contains(text) {
                return true;
            }
        }
        false
    };
    let found = tokio::time::timeout(std::time::Duration::from_secs(30), reading).await;
    assert!(matches!(found, Ok(true)), "never said {text}: {said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backend_away_is_said_and_the_last_data_stay() {
    World::with("the_backend_away_is_said_and_the_last_data_stay", async |mut world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        eventually(&world, &cookie, "/", "1,234.5").await;
        assert!(world.get(&cookie, "/books/7203").await.1.contains("Spread 1.0"));
        let address = world.backend.take().unwrap().go_away().await;
        let page = eventually(&world, &cookie, "/", "mark stale").await;
        assert!(page.contains("1,234.5") && page.contains("Away"), "the last data stay: {page}");
        let page = eventually(&world, &cookie, "/books/7203", "mark stale").await;
        assert!(page.contains("Spread 1.0") && page.contains("The backend does not answer"));
        let (status, page) = world.get(&cookie, "/orders").await;
        assert_eq!(status, 200);
        assert!(page.contains("backend away, lag unknown") && page.contains("chain-1"));
        world.backend = Some(Double::start_at(address));
        let page = eventually(&world, &cookie, "/", "mark plain").await;
        assert!(!page.contains("mark stale"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_away_is_said_in_the_readers_language() {
    World::with("a_database_away_is_said_in_the_readers_language", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        sqlx::query("ALTER TABLE trading.orders RENAME TO gone")
            .execute(&world.pool)
            .await
            .unwrap();
        let (status, page) = world.get(&cookie, "/orders").await;
        assert_eq!(status, 500);
        assert!(page.contains("The console failed") && page.contains("request ID"), "{page}");
        assert!(!page.contains("relation"), "no detail of the database reaches a reader");
        // Another server than Postgres at the address: nothing listens on port 1.
        let (status, page) = crate::pages::without_database(&world).await;
        assert_eq!(status, 503);
        assert!(page.contains("データベースが応答しません"), "{page}");
    })
    .await;
}

/// A page of a console whose database does not answer.
async fn without_database(world: &World) -> (u16, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = zaraba_console::config::Config::parse(&format!(
        "public_url = \"http://{address}\"\n[database]\nurl = \"postgres://x@127.0.0.1:1/x\"\n"
    ))
    .unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(zaraba_console::server::serve_on(listener, config, async {
        let _ = stopped.await;
    }));
    let cookie = format!("lang=ja; __Host-sid={}", "0".repeat(64));
    let answer = world.http.get(format!("http://{address}/orders")).header("cookie", cookie).send();
    let answer = answer.await.unwrap();
    let result = (answer.status().as_u16(), answer.text().await.unwrap());
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    result
}

#[tokio::test(flavor = "multi_thread")]
async fn the_blotter_filters_and_pages() {
    World::with("the_blotter_filters_and_pages", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let count = |page: &str| page.matches("<tr data-href=\"/orders/").count();
        for (query, want) in [
            ("symbol=BTC_JPY&state=rejected", 2),
            ("state=rejected", 9),
            ("symbol=7203&side=sell&state=filled", 4),
            ("client_order_id=chain-1", 1),
            ("client_order_id=nothing", 0),
            ("order_id=1996488823", 1),
            ("account=NOBODY", 0),
            ("symbol=NONE", 0),
            ("from=2026-11-20T09:10&to=2026-11-20T09:20&zone=Asia/Tokyo", 10),
            ("from=2026-11-20T00:10&to=2026-11-20T00:20&zone=UTC", 10),
            ("from=2026-11-21T00:00", 0),
            ("to=2026-11-19T00:00", 0),
            ("account=DEMO-0001&state=working&from=2026-11-20T10:50", 2),
            ("reason=insufficient_funds&symbol=BTC_JPY", 2),
            ("reason=filled&symbol=7203&side=sell", 4),
            ("type=market&symbol=BTC_JPY", 3),
            ("via=stream", 1),
            ("condition=funari", 1),
            ("group=0&client_order_id=chain-1", 1),
            ("group=7&client_order_id=chain-1", 0),
            ("group=8", 0),
        ] {
            let (status, page) = world.get(&cookie, &format!("/orders?{query}")).await;
            assert_eq!(status, 200, "{query}");
            assert_eq!(count(&page), want, "{query}");
            assert_eq!(want == 0, page.contains("No order matches."), "{query}");
        }
        // Every order once, newest first, over all pages.
        let (mut query, mut seen) = (String::new(), Vec::new());
        loop {
            let (_, page) = world.get(&cookie, &format!("/orders?{query}")).await;
            for part in page.split("<tr data-href=\"/orders/").skip(1) {
                seen.push(part.split('"').next().unwrap().parse::<i64>().unwrap());
            }
            let Some((head, _)) = page.split_once("\" rel=\"next\"") else { break };
            query =
                head.rsplit_once("/orders?").unwrap().1.replace("&amp;", "&").replace("&#38;", "&");
        }
        assert_eq!(seen.len(), 120);
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]));
        for bad in [
            "side=up",
            "state=odd",
            "from=yesterday",
            "order_id=1x",
            "before=x",
            "zone=Mars",
            "status=filled",
            "simbol=7203",
            "side=buy&side=sell",
        ] {
            let named = bad.rsplit('&').next().unwrap();
            for path in ["/orders", "/orders/csv"] {
                let (status, page) = world.get(&cookie, &format!("{path}?{bad}")).await;
                assert_eq!(status, 400, "{path} {bad}");
                assert!(page.contains(named) && page.contains("</html>"), "{path} {bad}: {page}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_is_the_whole_filter_and_safe_in_a_spreadsheet() {
    let settings = "[lists]\npage_rows = 10";
    World::with_settings(
        "csv_is_the_whole_filter_and_safe_in_a_spreadsheet",
        settings,
        async |world| {
            let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
            let (status, text) = world.get(&cookie, "/orders/csv?symbol=7203").await;
            assert_eq!(status, 200);
            assert!(text.starts_with('\u{feff}'));
            let mut reader =
                csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
            assert_eq!(reader.headers().unwrap().get(0), Some("order_id"));
            let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), 97);
            assert_eq!(&rows[0][5], "'=HYPERLINK(\"x\")");
            assert_eq!(&rows[1][0], &CHAIN.to_string());
            assert_eq!(&rows[1][1], "2026-11-20T11:00:00.000001+09:00");
            assert_eq!(&rows[1][13], "2530.50000");
            let answer = world
                .http
                .get(world.at("/orders/csv?side=buy"))
                .header("cookie", &cookie)
                .send()
                .await
                .unwrap();
            let disposition = answer.headers()["content-disposition"].to_str().unwrap();
            assert!(disposition.starts_with("attachment; filename=\"orders-"), "{disposition}");
            assert_eq!(world.get(&cookie, "/orders/csv?side=up").await.0, 400);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_over_its_bound_says_that_it_was_cut() {
    let settings = "[lists]\ncsv_rows = 7";
    World::with_settings("csv_over_its_bound_says_that_it_was_cut", settings, async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (_, text) = world.get(&cookie, "/orders/csv").await;
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 9);
        assert_eq!(lines[8], "cut after 7 rows");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_has_its_chain_and_fills() {
    World::with("an_order_has_its_chain_and_fills", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        let (status, page) = world.get(&cookie, &format!("/orders/{CHAIN}")).await;
        assert_eq!(status, 200);
        let kinds: Vec<&str> = page
            .split("<tr data-kind=\"")
            .skip(1)
            .map(|part| part.split('"').next().unwrap())
            .collect();
        assert_eq!(kinds, ["accepted", "amended", "trade", "trade", "closed"]);
        for text in [
            "ak_demo_1",
            "2,530.50000",
            "1,265,250.0",
            "5.0600 JPY",
            "−0.1500 JPY",
            "/orders/50331651",
            "11:05:00.500000",
            "ops.suzuki: client called",
            "+0.1500",
            "/fills/8",
        ] {
            assert!(page.contains(text), "{text} is missing");
        }
        let (_, page) = world.get(&cookie, &format!("/orders/{}", (120u64 << 24) | 120)).await;
        let parent = format!("<a href=\"/orders/{}\">", (119u64 << 24) | 119);
        for text in [
            "Funari",
            "2,550.0 or above",
            "2,400.0 → 2,395.0",
            "2026-12-25",
            "Cancel both",
            "Short, exempt",
            "Odd lot",
            "Prevented",
            parent.as_str(),
        ] {
            assert!(page.contains(text), "{text} is missing in {page}");
        }
        for path in ["/orders/1", "/orders/x", "/orders/-1", "/orders/99999999999999999999"] {
            assert_eq!(world.get(&cookie, path).await.0, 404, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_goes_straight_to_what_it_found() {
    World::with("search_goes_straight_to_what_it_found", async |world| {
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for (q, to) in [
            ("chain-1", format!("/orders/{CHAIN}")),
            ("1996488823", format!("/orders/{CHAIN}")),
            ("DEMO-0001", "/accounts/DEMO-0001".to_owned()),
            ("7203", "/instruments/7203".to_owned()),
            ("btc_jpy", "/instruments/BTC_JPY".to_owned()),
            ("%E3%82%BD%E3%83%8B%E3%83%BC", "/instruments/6758".to_owned()),
            ("TEST", "/accounts/TEST-0001".to_owned()),
        ] {
            let answer = world
                .http
                .get(world.at(&format!("/search?q={q}")))
                .header("cookie", &cookie)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 303, "{q}");
            assert_eq!(answer.headers()["location"].to_str().unwrap(), to, "{q}");
        }
        let (status, page) = world.get(&cookie, "/search?q=DEMO").await;
        assert_eq!(status, 200);
        assert!(page.contains("/accounts/DEMO-0001") && page.contains("/accounts/DEMO-0002"));
        let (status, page) = world.get(&cookie, "/search?q=%3Cscript%3E").await;
        assert_eq!(status, 200);
        assert!(page.contains("Nothing found.") && !page.contains("<script>"), "{page}");
    })
    .await;
}
