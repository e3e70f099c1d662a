//! What pages say of orders whose time was up: which of their times it was.

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};
use zaraba::tools::client::{Connection, Endpoint, Key};

use crate::requests::office::made;
use crate::whole::Office;
use crate::world::{LOGIN, PASSWORD, World, missing, skipped, until};

/// Text of the parts of an order's page that tell why it ended: reason, rule, last event.
fn told(page: &str) -> [String; 3] {
    let between = |from: &str, to: &str| {
        let part = page.split(from).nth(1).unwrap_or_else(|| panic!("no {from} in {page}"));
        part.split(to).next().unwrap().to_owned()
    };
    let why = between("id=\"why\">", "</p>");
    let event = between("<tr data-kind=\"closed\">", "</tr>");
    let event = event.split("</td><td>").nth(2).unwrap().split("</td>").next().unwrap().to_owned();
    let why = why.split("</strong> ").nth(1).unwrap().to_owned();
    [between("id=\"reason\">", "</dd>"), why, event]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_order_tells_which_of_its_times_was_up() {
    World::with("an_expired_order_tells_which_of_its_times_was_up", async |world| {
        let order = |n: i64| (n << 24) | n;
        for (n, terms) in [
            (1, "time_in_force = 'day', type = 'limit'"),
            (3, "time_in_force = 'gtd', type = 'limit', expires = 20261119"),
            (5, "time_in_force = 'gtd', type = 'market', expires = 20261224"),
            (9, "time_in_force = 'gtc', type = 'market'"),
        ] {
            let sql = format!(
                "UPDATE trading.orders SET status = 'expired', reject_code = NULL,
                     close_reason = 'expired', {terms} WHERE order_id = {}",
                order(n)
            );
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&world.pool).await.unwrap();
            let events = "INSERT INTO trading.order_events (at, seq, ordinal, order_id, account_id,
                     instrument_id, kind, price, quantity, remaining, code)
                 SELECT updated_at, seq, k.n, order_id, account_id, instrument_id, k.kind, 0, 0, 0,
                     k.code
                 FROM trading.orders, (VALUES (1, 'triggered', 'market'), (2, 'closed', 'expired'))
                     AS k (n, kind, code)
                 WHERE order_id = $1 AND (k.n = 2 OR $2)";
            sqlx::query(events).bind(order(n)).bind(n == 5).execute(&world.pool).await.unwrap();
        }
        let cookie = world.sign_in(LOGIN, PASSWORD).await.unwrap();
        for (language, words) in [
            (
                "en",
                [
                    ("End of its day", "It was good for one trading day"),
                    ("End of its last day, 2026-11-19", "It was good until 2026-11-19"),
                    ("End of the day it was set off", "It was set off as a market order"),
                    ("Its time was up", "The last trading day it was good for ended."),
                ],
            ),
            (
                "ja",
                [
                    ("当日限りで失効", "当日限りの注文で"),
                    ("有効期限（2026/11/19）の終了", "有効期限の2026/11/19の"),
                    ("発動当日限りで失効", "発動して成行注文となり"),
                    ("有効期間の終了", "有効な最後の取引日が"),
                ],
            ),
        ] {
            world.look(language, "light").await;
            for (n, (word, rule)) in [1, 3, 5, 9].into_iter().zip(words) {
                let (_, page) = world.get(&cookie, &format!("/orders/{}", order(n))).await;
                let [reason, why, event] = told(&page);
                assert_eq!((reason.as_str(), event.as_str()), (word, word));
                assert!(why.starts_with(rule), "{why}");
            }
        }
        // What it was set off as is a kind of order, and has that kind's word.
        let (_, page) = world.get(&cookie, &format!("/orders/{}", order(5))).await;
        let event = page.split("<tr data-kind=\"triggered\">").nth(1).unwrap();
        assert!(event.split("</tr>").next().unwrap().contains("<td>成行</td>"), "{event}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_the_real_backend_lets_expire_are_told_apart() {
    if let Some(why) = missing() {
        return skipped("orders_that_the_real_backend_lets_expire_are_told_apart", why);
    }
    let office = Office::start("crypto").await;
    let cookie = office.world.signed_in(LOGIN).await;
    let dev = office.backend.dev_file();
    let key = Key::new(&dev.accounts[0]).unwrap();
    let mut connection = Connection::new(Endpoint::resolve(&dev.api).await.unwrap());
    let last = zaraba_console::clock::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let last = last.checked_add(jiff::Span::new().days(5)).unwrap();
    let mut orders = Vec::new();
    for (id, terms) in [
        ("for-a-day", json!({"time_in_force": "day"})),
        ("for-days", json!({"time_in_force": "gtd", "expires_on": last.to_string()})),
    ] {
        let mut body = json!({"client_order_id": id, "symbol": "BTC_JPY", "side": "buy",
            "type": "limit", "price": "1000000", "quantity": "0.01"});
        body.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let body = Bytes::from(body.to_string());
        let answer = connection.call(&key, Method::POST, "/v1/orders", body).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["status"], "open", "{answer}");
        orders.push(answer["order_id"].as_str().unwrap().to_owned());
    }
    let roll = json!({"profile": "crypto", "day": 29_990_101, "reason": "test"});
    made(&office, "days/roll", roll).await;
    let words = ["End of its day".to_owned(), format!("End of its last day, {last}")];
    for (order, word) in orders.iter().zip(words) {
        let page = until("the order's end", async || {
            let (_, page) = office.world.get(&cookie, &format!("/orders/{order}")).await;
            page.contains("data-kind=\"closed\"").then_some(page)
        })
        .await;
        let [reason, _, event] = told(&page);
        assert_eq!((&reason, &event), (&word, &word));
    }
    office.end().await;
}
