//! The admin API in the double: what each call answers is set by the tests; changes are done
//! once per request id, as the contract says, and all of them are on record.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::backend::TOKEN;

/// A change that reached the backend.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub path: String,
    pub body: Value,
    pub actor: String,
    pub approver: Option<String>,
    pub request_id: String,
}

#[derive(Default)]
struct Inner {
    answers: BTreeMap<String, (u16, Value)>,
    /// First outcomes by request id, with the change they were of.
    done: BTreeMap<String, (Call, u16, Value)>,
    /// Every change that arrived, repeats too.
    arrived: Vec<Call>,
    /// So many changes get 503 before anything is done.
    not_ready: usize,
    /// So many changes are done, but their answers are lost.
    lose: usize,
    seq: u64,
}

/// The double's admin API.
#[derive(Clone, Default)]
pub struct Admin(Arc<parking_lot::Mutex<Inner>>);

fn error(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"error": {"code": code, "message": message}}))
}

impl Admin {
    /// One with a day's accounts and instruments.
    pub fn furnished() -> Admin {
        let admin = Admin::default();
        admin.0.lock().seq = 100;
        let balance = |total: &str, locked: &str, available: &str| json!({"asset": "JPY", "total": total, "locked": locked, "available": available});
        admin.answer(
            "POST",
            "accounts/DEMO-0001/transfers/preview",
            200,
            json!({
            "account": "DEMO-0001", "asset": "JPY",
            "before": balance("1000000", "250000", "750000"),
            "after": balance("1005000", "250000", "755000"),
            "other": {"account": "HOUSE", "before": balance("0", "0", "0"),
                "after": balance("-5000", "0", "-5000")},
            "refusal": null, "seq": 100}),
        );
        admin.answer(
            "POST",
            "accounts/DEMO-0001/transfers",
            201,
            json!({
            "account": "DEMO-0001", "balance": balance("1005000", "250000", "755000")}),
        );
        admin.furnish_accounts();
        admin.furnish_instruments();
        admin.furnish_orders();
        admin.furnish_trades();
        admin.furnish_the_market();
        admin
    }

    fn furnish_accounts(&self) {
        let account = |code: &str, status: &str| {
            json!({"code": code, "status": status, "group": 0, "open_order_count": 3,
                "balances": [{"asset": "JPY", "total": "1000000", "locked": "0",
                    "available": "1000000"}], "seq": 100})
        };
        self.answer("GET", "accounts/DEMO-0001", 200, account("DEMO-0001", "active"));
        self.answer("GET", "accounts/DEMO-0002", 200, account("DEMO-0002", "suspended"));
        for (call, code) in [
            ("accounts/DEMO-0001/status", "DEMO-0001"),
            ("accounts/DEMO-0002/status", "DEMO-0002"),
            ("accounts/DEMO-0001/group", "DEMO-0001"),
        ] {
            self.answer("POST", call, 200, account(code, "active"));
        }
        let keys = json!({"items": [{"api_key": "ak_demo_1", "label": "main"}], "seq": 100});
        self.answer("GET", "accounts/DEMO-0001/keys", 200, keys);
        self.answer("POST", "accounts/DEMO-0001/keys/ak_demo_1/revoke", 200, json!({}));
    }

    fn furnish_instruments(&self) {
        let calls = [
            "status",
            "limits",
            "ticks",
            "halts",
            "call",
            "breaker",
            "listed-shares",
            "odd-lot-terms",
        ];
        for (symbol, halted, sessions) in
            [("7203", false, true), ("6758", true, true), ("BTC_JPY", false, false)]
        {
            let phase = if halted { "halted" } else { "continuous" };
            let shown = json!({"symbol": symbol, "name": symbol, "phase": phase, "halted": halted,
                "halts": [], "base_price": "2500.0", "limit_down": "2000.0",
                "limit_up": "3000.0", "tick_size": null, "tick_table": "tse_topix500",
                "session_rules": sessions, "listed_shares": null, "seq": 100,
                "profile": if sessions { "tse" } else { "crypto" }, "price_digits": 1,
                "quantity_digits": if sessions { 0 } else { 4 }});
            self.answer("GET", &format!("/v1/instruments/{symbol}"), 200, shown.clone());
            for call in calls {
                self.answer("POST", &format!("instruments/{symbol}/{call}"), 200, shown.clone());
                let tried = json!({"refusal": null, "seq": 100});
                self.answer("POST", &format!("instruments/{symbol}/{call}/preview"), 200, tried);
            }
            let breaker = json!({"mode": "none", "window_seconds": 0, "trigger_ppm": 0,
                "call_seconds": 0, "bound_ppm": 0});
            let terms = json!({"symbol": symbol, "breaker": breaker, "odd_lot": null});
            self.answer("GET", &format!("instruments/{symbol}/terms"), 200, terms);
        }
        self.answer("GET", "risk-limits", 200, json!({"items": [], "seq": 100}));
        self.answer("POST", "risk-limits", 200, json!({}));
        self.answer("POST", "risk-limits/preview", 200, json!({"refusal": null, "seq": 100}));
    }

    fn furnish_orders(&self) {
        let order = json!({"order_id": "1996488823", "account": "DEMO-0001", "symbol": "7203",
            "side": "buy", "price": "2531.0", "remaining_quantity": "500", "status": "open",
            "seq": 100});
        self.answer("GET", "orders/1996488823", 200, order.clone());
        self.answer("POST", "orders/1996488823/cancel", 200, order);
        let reach = json!({"orders": 4200, "accounts": 17,
            "instruments": [{"symbol": "7203", "orders": 4200, "buy_quantity": "420000",
                "sell_quantity": "0", "notional": "1050000000", "quote_asset": "JPY"}],
            "complete": true, "seq": 100});
        self.answer("POST", "orders/cancel/preview", 200, reach);
        let cancelled = json!({"cancelled": 4200, "more": false});
        self.answer("POST", "orders/cancel", 200, cancelled.clone());
        let switches = json!({"items": [{"account": "DEMO-0002", "by": null}], "seq": 100});
        self.answer("GET", "kill-switches", 200, switches);
        self.answer("POST", "kill-switches", 200, cancelled);
    }

    fn furnish_trades(&self) {
        let party = |account: &str| json!({"account": account, "order_id": "1", "fee": "50"});
        let terms = |price: &str| {
            json!({"price": price, "quantity": "200", "buyer": party("DEMO-0001"),
                "seller": party("DEMO-0002"), "taker_side": "sell", "fee_asset": "JPY"})
        };
        let trade = json!({"trade_id": "7", "symbol": "7203", "time": "2026-11-20T02:03:00Z",
            "auction": null, "original": terms("2530.0"), "present": terms("2530.0"),
            "corrections": [], "seq": 100});
        self.answer("GET", "trades/7", 200, trade);
        for what in ["correct", "bust"] {
            let balances = json!([{"account": "DEMO-0001", "asset": "JPY", "before": "1000000",
                "after": "999800", "delta": "-200"}]);
            let shown = json!({"before": terms("2530.0"), "after": terms("2531.0"),
                "balances": balances, "refusal": null, "seq": 100});
            self.answer("POST", &format!("trades/7/{what}/preview"), 200, shown);
            self.answer("POST", &format!("trades/7/{what}"), 200, json!({"trade_id": "7"}));
        }
    }

    /// Its calendar, usage of limits and flags.
    fn furnish_the_market(&self) {
        self.answer(
            "GET",
            "calendar",
            200,
            json!({"items": [
                {"profile": "tse", "date": "2026-11-20", "weekday": "Friday", "business_day": true,
                    "trading": "sessions", "moments": [
                        {"time": "08:00:00", "step": "pre_open", "phase": "pre_open"},
                        {"time": "09:00:00", "step": "open", "phase": "continuous", "auction": "opening"}],
                    "day_roll": "16:30:00", "settlement": "2026-11-25"},
                {"profile": "tse", "date": "2026-11-21", "weekday": "Saturday", "business_day": false,
                    "closed_because": "weekend", "trading": "none", "moments": [],
                    "day_roll": "16:30:00", "settlement": "2026-11-26"}], "seq": 100}),
        );
        let limit = |used: &str, hard: &str| json!({"used": used, "soft": null, "hard": hard});
        self.answer(
            "GET",
            "risk-usage",
            200,
            json!({"scope": {}, "open_orders": 45, "complete": true, "positions": [],
                "limits": {"position": limit("925000", "1000000"), "open_orders": limit("45", "100"),
                    "order_value": {"used": null, "soft": null, "hard": "5000000.0000"}},
                "currency": "JPY", "seq": 100}),
        );
        let state = |by: &str, environment: Value| {
            json!({"on": false, "decided_by": by,
            "environment": environment, "file": null, "database": "off", "default": "on"})
        };
        self.answer(
            "GET",
            "flags",
            200,
            json!({"items": [{"name": "odd_lot_orders", "meaning": "Orders below a trading unit",
                "products": {"tse": state("environment", json!("off")), "crypto": state("default", Value::Null)}}]}),
        );
        self.answer(
            "GET",
            "flags/odd_lot_orders/history",
            200,
            json!({"items": [{"product": "tse", "value": "off", "actor": "rel.sato",
                "approver": "rel.abe", "request_id": "r-1", "reason": "desk moves",
                "time": "2026-11-19T03:00:00Z"}]}),
        );
    }

    /// What a call answers from now on; `path` below `/admin/v1/` (or whole, from `/v1/`).
    pub fn answer(&self, method: &str, path: &str, status: u16, body: Value) {
        self.0.lock().answers.insert(format!("{method} {path}"), (status, body));
    }

    /// Changes one value of an answer.
    pub fn set(&self, method: &str, path: &str, pointer: &str, value: Value) {
        let mut inner = self.0.lock();
        let (_, body) = inner.answers.get_mut(&format!("{method} {path}")).unwrap();
        *body.pointer_mut(pointer).unwrap() = value;
    }

    /// The next `count` changes get 503 `requests_not_ready`.
    pub fn not_ready(&self, count: usize) {
        self.0.lock().not_ready = count;
    }

    /// The next `count` changes are done, but answered with 500.
    pub fn lose(&self, count: usize) {
        self.0.lock().lose = count;
    }

    /// What was done, once each, in order.
    pub fn done(&self) -> Vec<Call> {
        let inner = self.0.lock();
        let mut all: Vec<&(Call, u16, Value)> = inner.done.values().collect();
        all.sort_by_key(|(_, _, body)| body["seq"].as_u64());
        all.into_iter().filter(|(_, status, _)| *status < 300).map(|it| it.0.clone()).collect()
    }

    /// Every change that arrived, repeats too.
    pub fn arrived(&self) -> Vec<Call> {
        self.0.lock().arrived.clone()
    }

    fn looked(&self, method: &Method, path: &str) -> (u16, Value) {
        let inner = self.0.lock();
        // An answer for this very query, or else for the path.
        let bare = path.split('?').next().unwrap_or_default();
        let of = |path: &str| inner.answers.get(&format!("{method} {path}"));
        let found = of(path).or_else(|| of(bare)).cloned();
        found.unwrap_or_else(|| error(404, "not_found", "nothing at this path"))
    }

    fn changed(&self, call: Call) -> (u16, Value) {
        let mut inner = self.0.lock();
        inner.arrived.push(call.clone());
        if inner.not_ready > 0 {
            inner.not_ready -= 1;
            return error(503, "requests_not_ready", "send it again");
        }
        if call.actor.is_empty() || call.request_id.is_empty() || call.body["reason"].is_null() {
            return error(400, "missing_field", "x-actor, x-request-id and reason are required");
        }
        if call.approver.as_ref() == Some(&call.actor) {
            return error(400, "same_person", "the approver is the actor");
        }
        if let Some((first, status, body)) = inner.done.get(&call.request_id) {
            if *first != call {
                return error(409, "request_id_reused", "the id was another call's");
            }
            return (*status, body.clone());
        }
        let key = format!("POST {}", call.path);
        let (status, mut body) = match inner.answers.get(&key).cloned() {
            Some(answer) => answer,
            None => return error(404, "not_found", "nothing at this path"),
        };
        inner.seq += 1;
        if status < 300 {
            body["seq"] = json!(inner.seq);
        }
        inner.done.insert(call.request_id.clone(), (call, status, body.clone()));
        if inner.lose > 0 {
            inner.lose -= 1;
            return error(500, "internal_error", "the answer was lost");
        }
        (status, body)
    }
}

/// Whatever the double has no route of its own for.
pub async fn any(
    State(admin): State<Admin>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let reply = |(status, body): (u16, Value)| {
        (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
    };
    let Some(path) = path.strip_prefix("/admin/v1/") else {
        return reply(admin.looked(&method, path));
    };
    let bearer = headers.get("authorization").map(|it| it.as_bytes());
    if bearer != Some(format!("Bearer {TOKEN}").as_bytes()) {
        return reply(error(401, "unauthorized", "no token"));
    }
    if method == Method::GET || path.ends_with("/preview") {
        return reply(admin.looked(&method, path));
    }
    let header =
        |name: &str| headers.get(name).map(|it| String::from_utf8(it.as_bytes().to_vec()).unwrap());
    reply(admin.changed(Call {
        path: path.to_owned(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        actor: header("x-actor").unwrap_or_default(),
        approver: header("x-approver").filter(|it| !it.is_empty()),
        request_id: header("x-request-id").unwrap_or_default(),
    }))
}
