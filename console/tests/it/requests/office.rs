//! Every kind of request with the real backend: asked for by one person, approved by another
//! over HTTP, applied, and in the journal's record with maker, checker, request id and reason.

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};
use zaraba::tools::client::{Connection, Endpoint, Key};
use zaraba_console::authz::Role;

use super::{CHECKER, filled, hidden};
use crate::whole::Office;
use crate::world::{LOGIN, World, add_person, csrf_of, missing, skipped, until};

/// Every kind with its form's fields in the order of the day, and what the journal calls it;
/// empty: the console itself carries it out. `{name}` stands for what [`Found`] found.
const KINDS: &[(&str, &str)] = &[
    ("deposit&account=REQ-1&asset=JPY&amount=50000", "deposit"),
    ("withdraw&account=REQ-1&asset=JPY&amount=5000", "withdraw"),
    ("adjust&account=REQ-1&asset=JPY&amount=-4000", "adjust"),
    ("suspend&account=REQ-1", "set_account_status"),
    ("reactivate&account=REQ-1", "set_account_status"),
    ("group&account=REQ-1&group=7", "set_group"),
    ("revoke_key&account=REQ-1&key={key}", ""),
    ("close_account&account=REQ-2", "set_account_status"),
    ("risk_limits&of=account&scope=REQ-1&currency=JPY&day_value_hard=1000000", "set_risk_limits"),
    ("kill_on&of=account&scope=REQ-1", "set_kill"),
    ("kill_off&of=account&scope=REQ-1", "set_kill"),
    ("cancel_order&order={order}", "cancel"),
    ("cancel_many&account={account}&symbol=BTC_JPY&side=buy", "cancel_many"),
    ("correct_trade&trade={trade}&price={price}", "correct_trade"),
    ("bust_trade&trade={trade}", "correct_trade"),
    ("halt&symbol=BTC_JPY", "set_instrument_status"),
    ("resume&symbol=BTC_JPY", "set_instrument_status"),
    (
        "price_limits&symbol=7203&base_price={base}&limit_down={down}&limit_up={up}",
        "set_price_limits",
    ),
    ("halts&symbol=7203&halts=market_buy&halts=market_sell", "set_halts"),
    ("listed_shares&symbol=7203&shares=123456789", "set_listed_shares"),
    (
        "breaker&symbol=BTC_JPY&mode=circuit_break&window_seconds=310&trigger_ppm=80000\
         &call_seconds=600&bound_ppm=100000",
        "set_breaker",
    ),
    (
        "odd_lot_terms&symbol=7203&batch=no&principal=yes&spread_ppm=4000&max_quantity=99&round_to=1",
        "set_odd_lot_terms",
    ),
    ("call&symbol=BTC_JPY&call=full_range&seconds=60", "start_call"),
    ("ticks&symbol={quiet}&tick_table={table}", "set_ticks"),
    ("flag&flag=contingent_orders&product=crypto&level=off", ""),
    ("invite&login=mei&person_name=Mei&roles=viewer", ""),
    ("staff_roles&login=mei&roles=risk", ""),
    ("staff_barriers&login=mei&hidden_groups=7", ""),
    ("staff_suspend&login=mei", ""),
    ("staff_reactivate&login=mei", ""),
    ("staff_reset&login=mei", ""),
];

/// A change by the operator, for the accounts the requests are about.
pub async fn made(office: &Office, path: &str, body: Value) -> Value {
    let dev = office.backend.dev_file();
    let call = reqwest::Client::new().post(format!("{}/admin/v1/{path}", dev.admin));
    let call = call.bearer_auth(&dev.admin_token).header("x-actor", "test");
    let id = zaraba_console::requests::fresh_id();
    let answer = call.header("x-request-id", id).json(&body).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// An order of the first demo account that stays open.
async fn order(office: &Office, id: &str, price: i64) -> String {
    let dev = office.backend.dev_file();
    let key = Key::new(&dev.accounts[0]).unwrap();
    let mut connection = Connection::new(Endpoint::resolve(&dev.api).await.unwrap());
    let body = json!({"client_order_id": id, "symbol": "BTC_JPY", "side": "buy", "type": "limit",
        "time_in_force": "gtc", "price": price.to_string(), "quantity": "0.001"});
    let body = Bytes::from(body.to_string());
    let answer = connection.call(&key, Method::POST, "/v1/orders", body).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["status"], "open", "{answer}");
    answer["order_id"].as_str().unwrap().to_owned()
}

async fn instrument(office: &Office, symbol: &str) -> Value {
    let url = format!("{}/v1/instruments/{symbol}", office.backend.dev_file().api);
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

fn yen(value: &Value) -> i64 {
    value.as_str().unwrap_or_else(|| panic!("no price: {value}")).parse::<f64>().unwrap() as i64
}

/// What the fields' names stand for.
pub async fn found(office: &Office) -> Vec<(&'static str, String)> {
    for code in ["REQ-1", "REQ-2"] {
        made(office, "accounts", json!({"code": code, "reason": "test"})).await;
    }
    let key = json!({"scopes": ["read"], "reason": "test"});
    let key =
        made(office, "accounts/REQ-1/keys", key).await["api_key"].as_str().unwrap().to_owned();
    let btc = instrument(office, "BTC_JPY").await;
    let last = btc.get("last_price").filter(|it| it.is_string()).unwrap_or(&btc["base_price"]);
    let low = yen(last) * 95 / 100 / 1000 * 1000;
    let open = order(office, "req-one", low).await;
    order(office, "req-two", low).await;
    let pool = &office.world.pool;
    let account = office.backend.dev_file().accounts[0].account.clone();
    let (trade, price): (i64, String) = until("a trade", async || {
        let newest = "SELECT f.trade_id, trunc(f.price)::text FROM trading.fills f
             JOIN trading.instruments i USING (instrument_id) WHERE i.symbol = 'BTC_JPY'
             ORDER BY f.trade_id DESC LIMIT 1";
        sqlx::query_as(newest).fetch_optional(pool).await.unwrap()
    })
    .await;
    until("the order and the key", async || {
        let both = "SELECT 1 WHERE EXISTS (SELECT FROM trading.orders WHERE order_id = $1::bigint)
             AND EXISTS (SELECT FROM access.api_keys WHERE api_key = $2)";
        let there = sqlx::query(both).bind(&open).bind(&key).fetch_optional(pool).await;
        there.unwrap()
    })
    .await;
    let share = instrument(office, "7203").await;
    let base = yen(&share["base_price"]);
    let traded: i64 = price.parse().unwrap();
    vec![
        ("key", key),
        ("order", open),
        ("account", account),
        ("trade", trade.to_string()),
        ("price", (traded - 1).to_string()),
        ("base", base.to_string()),
        ("down", (base * 8 / 10 / 100 * 100).to_string()),
        ("up", (base * 12 / 10 / 100 * 100).to_string()),
        ("quiet", "7203".into()),
        (
            "table",
            if share["tick_table"] == "tse_other" { "tse_topix500" } else { "tse_other" }.into(),
        ),
    ]
}

/// Asks for one kind and has it approved; why it did not come about, if so.
pub async fn through(
    world: &World,
    maker: &str,
    checker: &str,
    fields: &str,
) -> Result<(), String> {
    let info = zaraba_console::requests::kind(fields.split('&').next().unwrap()).unwrap();
    let (status, page) = world.get(maker, &format!("/requests/new?kind={fields}")).await;
    if status != 200 || !page.contains("id=\"send\"") {
        let main = page.split_once("<main").map_or(page.as_str(), |(_, main)| main);
        return Err(format!("cannot be asked for ({status}): {main}"));
    }
    let to = if info.at_once() { "/requests/now" } else { "/requests" };
    let word = if page.contains("BUST") { "&word=BUST" } else { "" };
    let body = format!("{}{word}", filled(&page, &format!("kind={fields}")));
    let answer = world.post(maker, to, &body).await;
    let (status, location) = (answer.status(), answer.headers().get("location").cloned());
    let Some(location) = location else {
        return Err(format!("not taken ({status}): {}", answer.text().await.unwrap()));
    };
    if !info.at_once() {
        let address = location.to_str().unwrap();
        let page = world.get(checker, address).await.1;
        let fields = (csrf_of(&page), hidden(&page, "seen"));
        let body = format!("csrf={}&seen={}&both=1&reason=fine", fields.0, fields.1);
        let answer = world.post(checker, &format!("{address}/approve"), &body).await;
        if answer.status() != 303 {
            return Err(format!("not approved: {}", answer.text().await.unwrap()));
        }
    }
    let ended = async || {
        let state = world.request::<String>("state").await;
        (state != "applying").then_some(state)
    };
    match until("an outcome", ended).await.as_str() {
        "applied" => Ok(()),
        state => Err(format!("{state}: {}", world.request::<Value>("outcome").await)),
    }
}

/// What the journal calls the newest request's command, once it is projected, with its maker,
/// checker and reason.
async fn recorded(world: &World, at_once: bool) -> String {
    let id: String = world.request("id::text").await;
    let row: (String, String, String, String, String) = until("its record", async || {
        sqlx::query_as(
            "SELECT kind, actor, approver, reason, outcome FROM trading.admin_actions
             WHERE request_id = $1 OR request_id LIKE $1 || '.%' ORDER BY seq LIMIT 1",
        )
        .bind(&id)
        .fetch_optional(&world.pool)
        .await
        .unwrap()
    })
    .await;
    // The page names where in the journal it stands: the last of its commands.
    let told: Value = world.request("outcome").await;
    let last = "SELECT max(seq) FROM trading.admin_actions
         WHERE request_id = $1 OR request_id LIKE $1 || '.%'";
    until("the sequence that the page tells", async || {
        let last: i64 = sqlx::query_scalar(last).bind(&id).fetch_one(&world.pool).await.unwrap();
        (told["sequence"] == last).then_some(())
    })
    .await;
    let approver = if at_once { "" } else { CHECKER };
    assert_eq!((row.1.as_str(), row.2.as_str()), (LOGIN, approver), "{row:?}");
    assert_eq!((row.3.as_str(), row.4.as_str()), ("client asked", "ok"), "{row:?}");
    row.0
}

pub async fn people(world: &World) -> (String, String) {
    sqlx::query("UPDATE console.staff SET roles = '{operations,risk,release,administrator}'")
        .execute(&world.pool)
        .await
        .unwrap();
    let roles = [Role::Operations, Role::Risk, Role::Release, Role::Administrator];
    add_person(&world.pool, CHECKER, "Ren", &roles, "en").await;
    (world.signed_in(LOGIN).await, world.signed_in(CHECKER).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_carried_out_by_the_real_backend_and_on_record() {
    if let Some(why) = missing() {
        return skipped("every_kind_is_carried_out_by_the_real_backend", why);
    }
    let office = Office::start("both").await;
    let world = &office.world;
    let (maker, checker) = people(world).await;
    let stands_for = found(&office).await;
    let mut wrong = Vec::new();
    for (fields, recorded_as) in KINDS {
        let mut filled_in = (*fields).to_owned();
        for (name, value) in &stands_for {
            filled_in = filled_in.replace(&format!("{{{name}}}"), value);
        }
        let kind = fields.split('&').next().unwrap();
        let info = zaraba_console::requests::kind(kind).unwrap();
        if let Err(why) = through(world, &maker, &checker, &filled_in).await {
            wrong.push(format!("{filled_in}: {}", why.chars().take(1500).collect::<String>()));
            continue;
        }
        if recorded_as.is_empty() {
            continue;
        }
        let name = recorded(world, info.at_once()).await;
        if name != *recorded_as {
            wrong.push(format!("{kind}: {name}, not {recorded_as}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let flag: (String, String, String) =
        sqlx::query_as("SELECT actor, approver, reason FROM flags.history")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!((&*flag.0, &*flag.1, &*flag.2), (LOGIN, CHECKER, "client asked"));
    let done: i64 = sqlx::query_scalar("SELECT count(*) FROM console.staff_changes")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(done, 6, "changes of staff are noted by their requests");
    for info in zaraba_console::requests::KINDS {
        let tried = KINDS.iter().any(|(fields, _)| fields.split('&').next() == Some(info.name));
        assert!(tried, "{} is not tried", info.name);
    }
    office.end().await;
}

/// Forms that the backend would refuse, and what their page says.
const REFUSED: &[(&str, &str)] = &[
    ("price_limits&symbol=7203&limit_down=3000&limit_up=2000", CONTRADICTION),
    ("price_limits&symbol=7203&base_price=2500.55", "Unusable price"),
    ("ticks&symbol=7203&tick_size=5", CONTRADICTION),
    ("ticks&symbol=7203&tick_size=0.01", "Unusable price"),
    ("listed_shares&symbol=7203&shares=1.5", "Quantity is not positive"),
    ("breaker&symbol=BTC_JPY&mode=none&window_seconds=9", CONTRADICTION),
    ("breaker&symbol=BTC_JPY&mode=full_range", CONTRADICTION),
    ("odd_lot_terms&symbol=7203&batch=no&principal=yes&spread_ppm=5", CONTRADICTION),
    (
        "odd_lot_terms&symbol=7203&batch=no&principal=yes&spread_ppm=5&max_quantity=9&round_to=1\
         &max_value=1000.00001",
        "Unusable amount",
    ),
    ("risk_limits&of=account&scope=REQ-1&currency=XYZ&day_value_hard=5", "No such asset"),
    (
        "risk_limits&of=account&scope=REQ-1&currency=JPY&day_value_hard=5.00001",
        "a number has too many decimals",
    ),
    ("risk_limits&of=account&scope=REQ-1&open_orders_soft=5&open_orders_hard=4", CONTRADICTION),
    ("risk_limits&of=group&scope=7&position_hard=5", CONTRADICTION),
    ("risk_limits&of=group&scope=7&message_rate_hard=65535", CONTRADICTION),
    ("risk_limits&of=account&scope=NOBODY&open_orders_hard=4", "No such account"),
];
const CONTRADICTION: &str = "The definition contradicts itself";

#[tokio::test(flavor = "multi_thread")]
async fn what_the_real_backend_would_refuse_is_said_before_anybody_approves() {
    if let Some(why) = missing() {
        return skipped("what_the_real_backend_would_refuse_is_said", why);
    }
    let office = Office::start("both").await;
    let (maker, _) = people(&office.world).await;
    made(&office, "accounts", json!({"code": "REQ-1", "reason": "test"})).await;
    for (fields, says) in REFUSED {
        let (_, page) = office.world.get(&maker, &format!("/requests/new?kind={fields}")).await;
        assert!(page.contains(says), "{fields}: {page}");
        assert!(!page.contains("id=\"send\""), "{fields} can be asked for: {page}");
    }
    // With one thing set right each can be asked for.
    for fields in [
        "price_limits&symbol=7203&limit_down=2000&limit_up=2000",
        "ticks&symbol=7203&tick_size=0.1",
        "listed_shares&symbol=7203&shares=15",
        "risk_limits&of=account&scope=REQ-1&currency=JPY&day_value_hard=5.0001",
        "risk_limits&of=group&scope=7&message_rate_hard=65534",
    ] {
        let (status, page) =
            office.world.get(&maker, &format!("/requests/new?kind={fields}")).await;
        assert!(status == 200 && page.contains("id=\"send\""), "{fields}: {page}");
    }
    office.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_while_the_backend_is_killed_is_done_once() {
    if let Some(why) = missing() {
        return skipped("what_is_sent_while_the_backend_is_killed_is_done_once", why);
    }
    let mut office = Office::start("crypto").await;
    let (maker, checker) = people(&office.world).await;
    made(&office, "accounts", json!({"code": "REQ-1", "reason": "test"})).await;
    let mut before = 0;
    for round in 1..=3_i64 {
        let amount = 1000 * round;
        let fields = format!("kind=deposit&account=REQ-1&asset=JPY&amount={amount}");
        let page = until("a form", async || {
            let (status, page) = office.world.get(&maker, &format!("/requests/new?{fields}")).await;
            (status == 200 && page.contains("id=\"send\"")).then_some(page)
        })
        .await;
        let form = filled(&page, &fields);
        let answer = office.world.post(&maker, "/requests", &form).await;
        let address = answer.headers()["location"].to_str().unwrap().to_owned();
        let page = office.world.get(&checker, &address).await.1;
        let verdict = format!("csrf={}&seen={}&both=1", csrf_of(&page), hidden(&page, "seen"));
        // Killed before, while, or after the command is sent: each round elsewhere.
        let approve = format!("{address}/approve");
        let approving = office.world.post(&checker, &approve, &verdict);
        if round == 1 {
            office.backend.kill();
            let answer = approving.await;
            assert!(!answer.status().is_success(), "nothing is decided without the backend");
            office.backend.run().await;
            assert_eq!(office.world.request::<String>("state").await, "waiting", "it says so");
            // Until it is back and ready, every approval is told that nothing was decided.
            until("an approval", async || {
                let page = office.world.get(&checker, &address).await.1;
                let seen = hidden(&page, "seen");
                let body = format!("csrf={}&seen={seen}&both=1", csrf_of(&page));
                let answer = office.world.post(&checker, &approve, &body).await;
                (answer.status() == 303).then_some(())
            })
            .await;
        } else {
            let answer = approving.await;
            assert_eq!(answer.status(), 303);
            office.backend.kill();
            office.backend.run().await;
        }
        office.world.until("applied").await;
        // The same form once more is the same request.
        let again = office.world.post(&maker, "/requests", &form).await;
        assert!(again.headers()["location"].to_str().unwrap().starts_with(&address));
        before += amount;
        let sum = until("the ledger", async || {
            let sum: i64 = sqlx::query_scalar(
                "SELECT coalesce(sum(delta), 0)::bigint FROM trading.ledger_entries l
                 JOIN trading.accounts a USING (account_id) WHERE a.code = 'REQ-1'",
            )
            .fetch_one(&office.world.pool)
            .await
            .unwrap();
            (sum >= before * 10_000).then_some(sum)
        })
        .await;
        // A yen has four decimals in the journal.
        assert_eq!(sum, before * 10_000, "each deposit once");
    }
    office.end().await;
}
