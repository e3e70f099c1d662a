//! Trades of the odd-lot desk with the real backend: what the effect of a correction shows is
//! what it does to the client, the house and the rounding account, and a bust gives all of it back.

use std::collections::BTreeMap;

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};
use zaraba::tools::client::{Connection, Endpoint, Key};
use zaraba::tools::credentials::AccountKey;

use super::office::{made, people, through};
use crate::whole::Office;
use crate::world::{missing, skipped, until};

const CLIENT: &str = "ODD-1";

/// Balances by account and asset, as text with every decimal.
type Balances = BTreeMap<String, String>;

/// A trade of the client's with the desk, in smallest units.
struct Deal {
    trade: i64,
    price: i64,
}

async fn funded(office: &Office) -> AccountKey {
    made(office, "accounts", json!({"code": CLIENT, "reason": "test"})).await;
    let deposit = json!({"kind": "deposit", "asset": "JPY", "amount": "10000000",
        "reference": "odd-1", "reason": "test"});
    made(office, &format!("accounts/{CLIENT}/transfers"), deposit).await;
    let asked = json!({"kind": "hmac", "scopes": ["read", "trade"], "reason": "test"});
    let key = made(office, &format!("accounts/{CLIENT}/keys"), asked).await;
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    AccountKey { account: CLIENT.into(), api_key: text("api_key"), api_secret: text("api_secret") }
}

/// Deals with the desk, once it has a quote.
async fn deal(office: &Office, key: &AccountKey, side: &str, quantity: i64) -> Deal {
    let endpoint = Endpoint::resolve(&office.backend.dev_file().api).await.unwrap();
    let order = until("a deal with the desk", async || {
        let id = &zaraba_console::requests::fresh_id()[..30];
        let body = json!({"client_order_id": id, "symbol": "7203", "side": side,
            "odd_lot": "principal", "type": "market", "quantity": quantity.to_string()});
        let (key, body) = (Key::new(key).unwrap(), Bytes::from(body.to_string()));
        let mut connection = Connection::new(endpoint.clone());
        let answer = connection.call(&key, Method::POST, "/v1/orders", body).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        let told = &answer["error"]["code"];
        assert!(told.is_null() || told == "odd_lot_no_quote", "{answer}");
        answer["order_id"].as_str().map(|id| id.parse::<i64>().unwrap())
    })
    .await;
    let (trade, price) = until("its fill", async || {
        let fill = "SELECT trade_id, price FROM trading.fills WHERE order_id = $1";
        sqlx::query_as::<_, (i64, i64)>(fill)
            .bind(order)
            .fetch_optional(&office.world.pool)
            .await
            .unwrap()
    })
    .await;
    Deal { trade, price }
}

async fn asked(office: &Office, path: &str) -> Value {
    let dev = office.backend.dev_file();
    let call = reqwest::Client::new().get(format!("{}/admin/v1/{path}", dev.admin));
    call.bearer_auth(&dev.admin_token).send().await.unwrap().json().await.unwrap()
}

/// What the parties and the rounding account have, in yen and shares.
async fn balances(office: &Office) -> Balances {
    let mut all = Balances::new();
    for code in [CLIENT, "house", "rounding"] {
        let account = asked(office, &format!("accounts/{code}")).await;
        for balance in account["balances"].as_array().unwrap() {
            let asset = balance["asset"].as_str().unwrap();
            if matches!(asset, "JPY" | "7203") {
                let total = balance["total"].as_str().unwrap().to_owned();
                all.insert(format!("{code} {asset}"), total);
            }
        }
    }
    all
}

/// What the house has of the share from its desks.
async fn house_net(office: &Office) -> i64 {
    let all = asked(office, "odd-lots").await;
    let of = |it: &&Value| it["symbol"] == "7203";
    let position = all["items"].as_array().unwrap().iter().find(of);
    position.map_or(0, |it| it["net"].as_str().unwrap().parse().unwrap())
}

/// The effect's rows of balances: whose, now, then.
fn effect(page: &str) -> (Balances, Balances) {
    let table = page.split("id=\"preview\"").nth(1).unwrap_or_else(|| panic!("no effect: {page}"));
    let text = |part: &str| {
        let text = part.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        text.collect::<String>().replace(',', "").replace('−', "-")
    };
    let (mut before, mut after) = (Balances::new(), Balances::new());
    for row in table.split("<tr").filter(|row| row.contains("class=\"faint\"")) {
        let whose = row.split("class=\"faint\">").nth(1).unwrap().split("</span>").next().unwrap();
        let cell = |n: usize| {
            text(row.split("<td class=\"n\">").nth(n).unwrap().split("</td>").next().unwrap())
        };
        before.insert(whose.to_owned(), cell(1));
        after.insert(whose.to_owned(), cell(2));
    }
    (before, after)
}

/// Yen of so many tenths, rounded to whole ones against the client.
fn settled(side: &str, tenths: i64) -> i64 {
    if side == "buy" { -((tenths + 9) / 10) } else { tenths / 10 }
}

/// Without decimals that are zeros.
fn plain(number: &str) -> &str {
    let decimals = number.contains('.');
    if decimals { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

fn yen(all: &Balances) -> i64 {
    let text = &all[&format!("{CLIENT} JPY")];
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    assert!(rest.bytes().all(|digit| digit == b'0'), "a desk settles in whole yen: {text}");
    whole.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_of_an_odd_lot_trades_correction_is_what_is_done() {
    if let Some(why) = missing() {
        return skipped("what_is_shown_of_an_odd_lot_trades_correction_is_what_is_done", why);
    }
    let office = Office::start("tse").await;
    let world = &office.world;
    let (maker, checker) = people(world).await;
    let key = funded(&office).await;
    let first = balances(&office).await;
    let mut deals = Vec::new();
    for (side, quantity) in [("buy", 9), ("sell", 4)] {
        let before = yen(&balances(&office).await);
        let one = deal(&office, &key, side, quantity).await;
        let made = balances(&office).await;
        let moved = settled(side, one.price * quantity);
        assert_eq!(yen(&made), before + moved, "{side} {quantity} at {}", one.price);
        let path = format!("/fills/{}", one.trade);
        let (_, page) = world.get(&maker, &path).await;
        assert!(page.contains("id=\"house\"") && page.contains("kind=bust_trade"), "{page}");

        // Between two ticks, as desks deal, and one share less.
        let (price, quantity) = (one.price - 13, quantity - 1);
        let fields = format!(
            "correct_trade&trade={}&price={}.{}&quantity={quantity}",
            one.trade,
            price / 10,
            price % 10
        );
        let (_, page) = world.get(&maker, &format!("/requests/new?kind={fields}")).await;
        let (now, then) = effect(&page);
        let named = ["house 7203", "house JPY", "ODD-1 7203", "ODD-1 JPY", "rounding JPY"];
        for (name, before) in &now {
            assert_eq!(made.get(name).unwrap_or(&"0.0000".into()), before, "{name}");
        }
        for name in &named[..4] {
            assert!(now.contains_key(*name), "{name} is not told: {page}");
        }
        assert!(now.keys().all(|name| named.contains(&name.as_str())), "{now:?}");
        let net = house_net(&office).await;
        through(world, &maker, &checker, &fields).await.unwrap();
        let done = balances(&office).await;
        for (name, after) in &then {
            assert_eq!(&done[name], after, "{name}: shown, done");
        }
        assert_eq!(yen(&done), before + settled(side, price * quantity), "{side} corrected");
        let back = if side == "buy" { 1 } else { -1 };
        assert_eq!(house_net(&office).await, net + back, "what is to hedge follows");
        let (_, page) = world.get(&maker, &path).await;
        assert!(page.contains("id=\"corrections\"") && page.contains("id=\"present\""), "{page}");
        deals.push(one);
    }
    // What was sold goes back before what was bought does.
    for deal in deals.iter().rev() {
        let fields = format!("bust_trade&trade={}", deal.trade);
        through(world, &maker, &checker, &fields).await.unwrap();
        let (_, page) = world.get(&maker, &format!("/fills/{}", deal.trade)).await;
        assert!(page.contains("id=\"busted-already\""), "{page}");
    }
    let last = balances(&office).await;
    for (name, total) in &last {
        let had = first.get(name).map_or("0", |it| it);
        assert_eq!(plain(total), plain(had), "{name}");
    }
    assert_eq!(house_net(&office).await, 0);
    office.end().await;
}
