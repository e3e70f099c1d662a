//! How much of its limits is used, as pages show it, with the real backend: limits are set, orders
//! rest and trade, and the figures are those of the orders.

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};
use zaraba::tools::client::{Connection, Endpoint, Key};
use zaraba::tools::credentials::AccountKey;

use crate::requests::office::made;
use crate::whole::Office;
use crate::world::{LOGIN, missing, skipped, until};

const ACCOUNT: &str = "USE-1";

/// An account with money and a key.
async fn funded(office: &Office) -> AccountKey {
    made(office, "accounts", json!({"code": ACCOUNT, "reason": "test"})).await;
    let deposit = json!({"kind": "deposit", "asset": "JPY", "amount": "90000000",
        "reference": "use-1", "reason": "test"});
    made(office, &format!("accounts/{ACCOUNT}/transfers"), deposit).await;
    let asked = json!({"kind": "hmac", "scopes": ["read", "trade"], "reason": "test"});
    let key = made(office, &format!("accounts/{ACCOUNT}/keys"), asked).await;
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    AccountKey { account: ACCOUNT.into(), api_key: text("api_key"), api_secret: text("api_secret") }
}

/// Limits of a scope that nothing here runs into.
async fn limited(office: &Office, scope: Value) {
    let body = json!({"scope": scope, "currency": "JPY", "reason": "test", "limits": {
        "order_value": {"hard": "50000000"}, "day_value": {"soft": "900000.5", "hard": "1000000000"},
        "open_orders": {"soft": "3", "hard": "1000"}, "message_rate": {"hard": "60000"},
        "position": {"hard": "400000000"}}});
    let mut body = body;
    if scope.get("account").is_none() {
        // A position is an account's.
        body["limits"].as_object_mut().unwrap().remove("position");
    }
    made(office, "risk-limits", body).await;
}

/// Sends a limit order that buys.
async fn buy(office: &Office, key: &AccountKey, id: &str, force: &str, price: i64) -> Value {
    let endpoint = Endpoint::resolve(&office.backend.dev_file().api).await.unwrap();
    let body = json!({"client_order_id": id, "symbol": "BTC_JPY", "side": "buy", "type": "limit",
        "time_in_force": force, "price": price.to_string(), "quantity": "0.02"});
    let body = Bytes::from(body.to_string());
    let key = Key::new(key).unwrap();
    let answer = Connection::new(endpoint).call(&key, Method::POST, "/v1/orders", body).await;
    serde_json::from_slice(&answer.unwrap().body).unwrap()
}

/// The rows of the table of usage: cells without their markup.
fn rows(page: &str) -> Vec<Vec<String>> {
    let table = page.split("id=\"usage\"").nth(1).unwrap_or_else(|| panic!("no usage: {page}"));
    let table = table.split("</table>").next().unwrap();
    let cell = |part: &str| {
        let text = part.split("</td>").next().unwrap().split("</th>").next().unwrap();
        let text = text.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        text.collect::<String>()
    };
    let cells = |row: &str| {
        let row = row.replace("<th scope=\"row\"", "<td");
        row.split("<td").skip(1).map(|part| cell(part.split_once('>').unwrap().1)).collect()
    };
    table.split("<tr>").skip(2).map(cells).collect()
}

fn row<'a>(rows: &'a [Vec<String>], name: &str) -> [&'a str; 5] {
    let row = rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name}: {rows:?}"));
    [&row[1], &row[2], &row[3], &row[4], &row[5]]
}

/// Buys until something traded; what it came to in yen, times 10,000, and how much in hundredths
/// of a millionth.
async fn traded(office: &Office, key: &AccountKey) -> (i64, i64) {
    let api = office.backend.dev_file().api;
    let bought = until("a trade", async || {
        let all: Value =
            reqwest::get(format!("{api}/v1/tickers")).await.unwrap().json().await.unwrap();
        let of = |it: &&Value| it["symbol"] == "BTC_JPY";
        let ticker = all["items"].as_array().unwrap().iter().find(of).unwrap();
        let price: f64 = ticker["best_ask"].as_str()?.parse().unwrap();
        let id = zaraba_console::requests::fresh_id();
        let order = buy(office, key, &id[..30], "ioc", (price * 1.01) as i64 / 1000 * 1000).await;
        assert!(order["error"].is_null(), "{order}");
        (order["filled_quantity"].as_str()? != "0.0000").then_some(order)
    })
    .await;
    let filled: f64 = bought["filled_quantity"].as_str().unwrap().parse().unwrap();
    let minor = (filled * 1e8).round() as i64;
    // Quantities have four decimals, prices none: their products have four.
    let value = until("its fills", async || {
        let sums: (i64, i64) = sqlx::query_as(
            "SELECT coalesce(sum(f.quantity) * 10000, 0)::bigint,
                 coalesce(sum(f.price * f.quantity), 0)::bigint
             FROM trading.fills f JOIN trading.accounts a USING (account_id) WHERE a.code = $1",
        )
        .bind(ACCOUNT)
        .fetch_one(&office.world.pool)
        .await
        .unwrap();
        (sums.0 == minor).then_some(sums.1)
    })
    .await;
    (value, minor)
}

/// Units with so many decimals, as pages write them.
fn shown(units: i64, digits: u32) -> String {
    zaraba_console::view::grouped(&zaraba_console::view::decimal(units.into(), digits))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_how_much_of_the_limits_orders_and_trades_use() {
    if let Some(why) = missing() {
        return skipped("pages_show_how_much_of_the_limits_orders_and_trades_use", why);
    }
    let office = Office::start("crypto").await;
    let world = &office.world;
    let cookie = world.signed_in(LOGIN).await;
    let key = funded(&office).await;
    for scope in [json!({"account": ACCOUNT}), json!({"instrument": "BTC_JPY"})] {
        limited(&office, scope).await;
    }
    let (value, held) = traded(&office, &key).await;
    for id in ["rest-1", "rest-2"] {
        assert_eq!(buy(&office, &key, id, "gtc", 1_000_000).await["status"], "open");
    }
    let path = format!("/accounts/{ACCOUNT}");
    let position = held + 2 * 2_000_000;
    let percent = |used: i128, limit: i128| zaraba_console::view::decimal(used * 1000 / limit, 1);
    let of_hard = percent(value.into(), 10_000_000_000_000);
    let of_soft = percent(value.into(), 9_000_005_000);
    let of_position = percent(position.into(), 400_000_000);
    for (language, names) in [
        ("en", ["Open orders", "Value in one day", "Order value", "Position (smallest units)"]),
        ("ja", ["未約定注文数", "当日売買代金", "注文金額", "保有数（最小単位）"]),
    ] {
        world.look(language, "light").await;
        let (status, page) = world.get(&cookie, &path).await;
        assert_eq!(status, 200);
        assert!(!page.contains("does not tell") && !page.contains("取得できません"), "{page}");
        let rows = rows(&page);
        assert_eq!(rows.len(), 5, "{rows:?}");
        // Of both limits, of the one there is, or of none that is known.
        let told = |hard: &str, soft: Option<&str>| match (language, soft) {
            ("en", Some(soft)) => format!("{hard}% of hard, {soft}% of soft"),
            ("en", None) => format!("{hard}% of hard"),
            (_, Some(soft)) => format!("上限の{hard}%、警告値の{soft}%"),
            (_, None) => format!("上限の{hard}%"),
        };
        let orders = told("0.2", Some("66.6"));
        assert_eq!(row(&rows, names[0]), ["2", "3", "1,000", "", &orders]);
        let of_value = told(&of_hard, Some(&of_soft));
        let day = [&shown(value, 4), "900,000.5000", "1,000,000,000.0000", "JPY", &of_value];
        assert_eq!(row(&rows, names[1]), day);
        assert_eq!(row(&rows, names[2]), ["–", "–", "50,000,000.0000", "JPY", ""]);
        let position = [&shown(position, 0), "–", "400,000,000", "", &told(&of_position, None)];
        assert_eq!(row(&rows, names[3]), position);
    }
    world.look("en", "light").await;
    // The market moves: of the instrument more is used than by this account.
    let (_, page) = world.get(&cookie, "/instruments/BTC_JPY").await;
    let of_all = rows(&page);
    let number = |name: &str| row(&of_all, name)[0].replace(',', "").parse::<f64>().unwrap();
    assert!(number("Value in one day") >= value as f64 / 1e4 && number("Open orders") >= 2.0);
    assert_eq!(row(&of_all, "Value in one day")[3], "JPY");
    let (_, page) = world.get(&cookie, "/instruments/ETH_JPY").await;
    assert!(page.contains("No limit is set on this instrument."), "{page}");

    // Nearly used up: on the page of risk, with its figures.
    let tight = json!({"scope": {"account": ACCOUNT}, "reason": "test",
        "limits": {"open_orders": {"hard": "2"}}});
    made(&office, "risk-limits", tight).await;
    let (_, page) = world.get(&cookie, "/risk").await;
    let near = page.split("id=\"near\"").nth(1).unwrap_or_else(|| panic!("nothing near: {page}"));
    let near = near.split("</table>").next().unwrap();
    assert!(near.contains(ACCOUNT) && near.contains("100.0%"), "{near}");
    office.end().await;
}
