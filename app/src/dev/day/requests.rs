//! Entries of the plan as requests of the public API, and the keys they are signed with.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bytes::Bytes;
use hyper::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use zaraba_engine::types::*;

use super::furnish::code;
use super::plan::{ACCOUNTS, Entry, Ticket, What};
use super::play::Day;
use crate::auth::{Keys, NewKey, NewKind, Scope};
use crate::clock;
use crate::dev::admin::KEY_RATE;
use crate::tools::client::Key;
use crate::tools::credentials::AccountKey;
use crate::tools::decimal;

/// Prices are in 0.1 yen.
const PRICE_DIGITS: u8 = 1;
/// How long the participants' keys live: longer than any day runs.
const KEYS_LIVE_NS: u64 = 48 * 3_600 * 1_000_000_000;

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path.
    pub path: String,
    /// JSON, or empty.
    pub body: Bytes,
}

/// What is needed of an order's answer.
#[derive(Deserialize)]
pub struct Numbered {
    /// Its number.
    pub order_id: String,
}

/// What the participants' keys are called.
const LABEL: &str = "simulated day";

/// A key for each participant. They end by themselves after two days, or when the next simulated
/// day begins: their secrets are kept nowhere, so those of an earlier day are of no use to anyone.
///
/// # Errors
/// When the database that keeps them is away.
pub async fn keys(store: &Keys) -> Result<Vec<Key>> {
    let mut keys = Vec::with_capacity(ACCOUNTS as usize);
    for number in 0..ACCOUNTS {
        let account = code(number);
        end_earlier(store, &account).await?;
        let new = NewKey {
            account: AccountCode::new(&account).unwrap_or_default(),
            kind: NewKind::Hmac,
            scopes: vec![Scope::Read, Scope::Trade],
            addresses: Vec::new(),
            expires_at: Some(Timestamp(clock::now().0 + KEYS_LIVE_NS)),
            reads_per_second: Some(KEY_RATE),
            writes_per_second: Some(KEY_RATE),
            label: LABEL.to_owned(),
        };
        let made = store.create(new, "zaraba-dev").await;
        let made = made.with_context(|| format!("no key for the participant {account}"))?;
        let secret = made.api_secret.context("a key without a secret")?;
        let (api_key, api_secret) = (made.api_key, secret.to_string());
        keys.push(Key::new(&AccountKey { account, api_key, api_secret })?);
    }
    Ok(keys)
}

/// Ends the keys that an earlier simulated day left to a participant.
async fn end_earlier(keys: &Keys, account: &str) -> Result<()> {
    for key in keys.of_account(account).iter().filter(|key| key.label == LABEL) {
        let ended = keys.revoke(account, &key.api_key).await;
        ended.with_context(|| format!("cannot end an earlier key of the participant {account}"))?;
    }
    Ok(())
}

/// The request of an entry; none for a change of an order that was not taken.
pub(super) fn of(
    day: &Day,
    index: u32,
    entry: &Entry,
    orders: &BTreeMap<u32, String>,
) -> Option<Request> {
    let symbol = &day.symbols[entry.share as usize];
    let name = |which: &str| format!("{}-{index}{which}", day.day);
    let place = |ticket: &Ticket| order(ticket, symbol, &name(""));
    let changed = |of: u32| Some(format!("/v1/orders/{}", orders.get(&of)?));
    let request = |method, path, body: Option<Value>| {
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        Some(Request { method, path, body })
    };
    let body = match entry.what {
        What::Place(ticket) => place(&ticket),
        What::Stop(ticket, trigger) => {
            let mut body = place(&ticket);
            body["type"] = json!(stop_word(&ticket, trigger));
            body["stop_price"] = json!(price(trigger.price.0));
            body
        }
        What::Oco(ticket, trigger) => {
            let mut body = place(&ticket);
            body["oco"] = json!({"stop_price": price(trigger.price.0)});
            body
        }
        What::IfDone(ticket, then) => {
            let mut body = place(&ticket);
            body["if_done"] = json!({"client_order_id": name("d"),
                "side": ticket.side.opposite().as_str(), "type": "limit",
                "price": price(then), "time_in_force": "day"});
            body
        }
        What::OddLot(ticket, desk) => json!({"client_order_id": name(""), "symbol": symbol,
            "side": ticket.side.as_str(), "type": "market", "odd_lot": desk.as_str(),
            "quantity": ticket.quantity.to_string()}),
        What::Cancel(of) => return request(Method::DELETE, changed(of)?, None),
        What::Halve(of) => {
            let half = day.ticket(of)?.quantity / 200 * 100;
            let body = json!({"quantity": half.to_string()});
            return request(Method::PATCH, changed(of)?, Some(body));
        }
        What::Reprice(of, to) => {
            return request(Method::PATCH, changed(of)?, Some(json!({"price": price(to)})));
        }
    };
    request(Method::POST, "/v1/orders".to_owned(), Some(body))
}

fn order(ticket: &Ticket, symbol: &str, name: &str) -> Value {
    let mut order = json!({"client_order_id": name, "symbol": symbol,
        "side": ticket.side.as_str(), "quantity": ticket.quantity.to_string(),
        "type": if ticket.price == 0 { "market" } else { "limit" },
        "time_in_force": if ticket.at_once { "ioc" } else { "day" }});
    if ticket.price != 0 {
        order["price"] = json!(price(ticket.price));
    }
    if ticket.condition != Condition::Any {
        order["condition"] = json!(ticket.condition.as_str());
    }
    if ticket.short != ShortSale::Long {
        order["short_sale"] = json!(ticket.short.as_str());
    }
    order
}

/// What an order that waits for a price is called.
fn stop_word(ticket: &Ticket, trigger: Trigger) -> &'static str {
    let stops = (trigger.when == TriggerWhen::AtOrAbove) == (ticket.side == Side::Buy);
    match (stops, ticket.price) {
        (true, 0) => "stop",
        (true, _) => "stop_limit",
        (false, 0) => "take_profit",
        (false, _) => "take_profit_limit",
    }
}

fn price(price: i64) -> String {
    decimal::format(price, PRICE_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::live::Live;

    #[tokio::test]
    async fn a_day_that_begins_again_leaves_each_participant_one_key() {
        let live = std::sync::Arc::new(Live::default());
        let store = Keys::detached(&Config::default().auth, live);
        let (first, last) = (code(0), code(ACCOUNTS - 1));
        let own = NewKey {
            account: AccountCode::new(&first).unwrap(),
            kind: NewKind::Hmac,
            scopes: vec![Scope::Read],
            addresses: Vec::new(),
            expires_at: None,
            reads_per_second: None,
            writes_per_second: None,
            label: "somebody's own".to_owned(),
        };
        let own = store.create(own, "test").await.unwrap().api_key;
        let names = |account: &str| -> Vec<String> {
            store.of_account(account).iter().map(|key| key.api_key.clone()).collect()
        };
        keys(&store).await.unwrap();
        let before = names(&last);
        keys(&store).await.unwrap();
        let after = names(&last);
        assert_eq!((before.len(), after.len()), (1, 1));
        assert_ne!(before, after, "the secret of the first is kept nowhere");
        let of_first = names(&first);
        assert!(of_first.len() == 2 && of_first.contains(&own), "{of_first:?}");
    }
}
