//! What the double's admin API answers when nothing else is said: a day's accounts, instruments,
//! orders and trades. Keys and types are the real backend's: `contract` compares them.

use serde_json::{Value, json};

use crate::admin::Admin;

/// Where the journal is.
const SEQ: u64 = 100;

fn balance(total: &str, locked: &str, available: &str) -> Value {
    json!({"asset": "JPY", "total": total, "locked": locked, "available": available, "seq": SEQ})
}

fn key() -> Value {
    json!({"key_id": 1, "api_key": "ak_demo_1", "kind": "hmac", "scopes": ["read", "trade"],
        "addresses": [], "label": "main", "expires_at": null, "reads_per_second": 50,
        "writes_per_second": 20})
}

/// An order that rests, and whose it is where that is told.
fn order() -> Value {
    json!({"order_id": "1996488823", "client_order_id": "chain-1", "symbol": "7203",
        "side": "buy", "type": "limit", "time_in_force": "day", "post_only": false,
        "price": "2531.0", "quantity": "500", "filled_quantity": "0",
        "remaining_quantity": "500", "prevented_quantity": "0", "average_price": null,
        "status": "open", "reject_code": null, "close_reason": null, "condition": "none",
        "self_trade_prevention": "none", "short_sale": "none", "stop_price": null,
        "trigger_when": null, "oco": null, "expires_on": null, "parent_order_id": null,
        "child_order_id": null, "quote_amount": null, "odd_lot": null,
        "created_at": "2026-11-20T02:00:00.000000Z", "updated_at": "2026-11-20T02:00:00.000000Z",
        "seq": SEQ})
}

fn owned_order(status: &str) -> Value {
    let mut order = order();
    order["account"] = json!("DEMO-0001");
    order["status"] = json!(status);
    if status == "cancelled" {
        order["close_reason"] = json!("by_operator");
        order["remaining_quantity"] = json!("0");
    }
    order
}

fn account(number: u32, code: &str, status: &str) -> Value {
    json!({"account_id": number, "code": code, "status": status, "group": 0, "firm": 0,
        "killed": [], "balances": [balance("1000000", "0", "1000000")],
        "open_order_count": 3, "open_orders": [order()], "keys": [key()], "seq": SEQ})
}

/// An instrument: a share of Tokyo's with its table of ticks and its limits, or a pair.
fn instrument(symbol: &str, halted: bool, share: bool) -> Value {
    let limit = |price: &str| if share { json!(price) } else { Value::Null };
    json!({"symbol": symbol, "profile": if share { "tse" } else { "crypto" }, "name": symbol,
        "base_asset": if share { symbol } else { "BTC" }, "quote_asset": "JPY",
        "tick_size": if share { Value::Null } else { json!("1.0") },
        "tick_table": if share { json!("tse_topix500") } else { Value::Null },
        "lot_size": "100", "min_quantity": "100", "max_quantity": "1000000",
        "market_min_quantity": null, "market_max_quantity": null,
        "base_price": "2500.0", "limit_down": limit("2000.0"), "limit_up": limit("3000.0"),
        "phase": if halted { "halted" } else { "continuous" }, "phase_until": null,
        "halted": halted, "halts": [],
        "halt_reason": if halted { json!("news") } else { Value::Null }, "killed": false,
        "quote": null, "indicative": null, "short_restricted": false, "last_price": "2531.0",
        "price_digits": 1, "quantity_digits": if share { 0 } else { 4 },
        "maker_fee": "0.000000", "taker_fee": "0.000000", "market_band": "0.000000",
        "open_order_cap": null, "session_rules": share, "listed_shares": null, "seq": SEQ})
}

/// Whether a trade is as it was made, or taken back.
fn terms(price: &str, made: bool) -> Value {
    let party = |account: &str| {
        let mut party = json!({"account": account, "fee": "50", "amount": "506000"});
        if made {
            party["order_id"] = json!("1");
        }
        party
    };
    json!({"price": price, "quantity": "200", "busted": false, "buyer": party("DEMO-0001"),
        "seller": party("DEMO-0002"), "fee_asset": "JPY"})
}

fn trade(corrected: bool) -> Value {
    let correction = json!({"correction": 1, "trade_id": "7", "symbol": "7203",
        "before": terms("2530.0", false), "after": terms("2531.0", false), "actor": "aki",
        "approver": "ren", "request_id": "r-1", "reason": "typing error",
        "time": "2026-11-20T02:04:00.000000Z", "seq": SEQ});
    let corrections = if corrected { vec![correction] } else { vec![] };
    json!({"trade_id": "7", "symbol": "7203", "time": "2026-11-20T02:03:00.000000Z",
        "taker_side": "sell", "auction": false, "desk": false,
        "original": terms("2530.0", true), "present": terms("2530.0", true),
        "corrections": corrections, "seq": SEQ})
}

impl Admin {
    /// One with a day's accounts and instruments.
    pub fn furnished() -> Admin {
        let admin = Admin::empty(SEQ);
        admin.furnish_accounts();
        admin.furnish_funds();
        admin.furnish_instruments();
        admin.furnish_limits();
        admin.furnish_orders();
        admin.furnish_trades();
        admin.furnish_the_market();
        admin
    }

    fn furnish_accounts(&self) {
        for (number, code, status) in [(1, "DEMO-0001", "active"), (2, "DEMO-0002", "suspended")] {
            let path = format!("accounts/{code}");
            self.answer("GET", &path, 200, account(number, code, status));
            let changed =
                json!({"account_id": number, "code": code, "status": "active", "seq": SEQ});
            self.answer("POST", &format!("{path}/status"), 200, changed);
        }
        let grouped = json!({"account": "DEMO-0001", "group": 7, "seq": SEQ});
        self.answer("POST", "accounts/DEMO-0001/group", 200, grouped);
        let keys = json!({"items": [key()], "next_cursor": null, "seq": SEQ});
        self.answer("GET", "accounts/DEMO-0001/keys", 200, keys);
        self.answer("POST", "accounts/DEMO-0001/keys/ak_demo_1/revoke", 204, Value::Null);
    }

    fn furnish_funds(&self) {
        let after = balance("1005000", "250000", "755000");
        let shown = json!({"account": "DEMO-0001", "asset": "JPY",
            "before": balance("1000000", "250000", "750000"), "after": after,
            "other": {"account": "HOUSE", "before": balance("0", "0", "0"),
                "after": balance("-5000", "0", "-5000")},
            "refusal": null, "short": null, "seq": SEQ});
        self.answer("POST", "accounts/DEMO-0001/transfers/preview", 200, shown.clone());
        let mut short = shown;
        (short["refusal"], short["short"]) = (json!("insufficient_funds"), json!("DEMO-0002"));
        self.answer("POST", "accounts/DEMO-0002/transfers/preview", 200, short);
        let done = json!({"account": "DEMO-0001", "reference": "r-1", "balance": after,
            "seq": SEQ});
        self.answer("POST", "accounts/DEMO-0001/transfers", 201, done);
    }

    fn furnish_instruments(&self) {
        let calls = ["status", "limits", "ticks", "breaker", "listed-shares"];
        let tried = ["limits", "ticks", "breaker", "listed-shares", "odd-lot-terms"];
        for (symbol, halted, share) in
            [("7203", false, true), ("6758", true, true), ("BTC_JPY", false, false)]
        {
            let shown = instrument(symbol, halted, share);
            self.answer("GET", &format!("/v1/instruments/{symbol}"), 200, shown.clone());
            for call in calls {
                self.answer("POST", &format!("instruments/{symbol}/{call}"), 200, shown.clone());
            }
            for call in tried {
                let taken = json!({"refusal": null, "seq": SEQ});
                self.answer("POST", &format!("instruments/{symbol}/{call}/preview"), 200, taken);
            }
            let mut refusing = shown.clone();
            refusing["halts"] = json!(["market_buy"]);
            self.answer("POST", &format!("instruments/{symbol}/halts"), 200, refusing);
            let mut called = shown;
            called["phase"] = json!("call_auction");
            called["phase_until"] = json!("2026-11-20T02:10:00.000000Z");
            called["listed_shares"] = json!("16314987460");
            called["indicative"] =
                json!({"end": "priced", "price": "2531.0", "quantity": "100", "surplus": "0"});
            self.answer("POST", &format!("instruments/{symbol}/call"), 200, called);
            let breaker = json!({"mode": "none", "window_seconds": 0, "trigger_ppm": 0,
                "call_seconds": 0, "bound_ppm": 0});
            let terms = json!({"symbol": symbol, "breaker": breaker, "odd_lot": null, "seq": SEQ});
            self.answer("GET", &format!("instruments/{symbol}/terms"), 200, terms.clone());
            let mut dealt = terms;
            dealt["odd_lot"] = json!({"batch": false, "principal": true, "spread_ppm": 4000,
                "max_quantity": "99", "max_value": null, "round_to": "1.0000"});
            self.answer("POST", &format!("instruments/{symbol}/odd-lot-terms"), 200, dealt);
        }
    }

    fn furnish_limits(&self) {
        let limits = json!({"open_orders": {"soft": null, "hard": "100"},
            "order_value": {"soft": "5000000.0000", "hard": null}});
        let of = |scope: Value| json!({"scope": scope, "currency": "JPY", "limits": limits});
        let all = [of(json!({"account": "DEMO-0009"})), of(json!({"members": 9}))];
        self.answer("GET", "risk-limits", 200, json!({"items": all, "seq": SEQ}));
        let mut set = of(json!({"account": "DEMO-0001"}));
        set["seq"] = json!(SEQ);
        self.answer("POST", "risk-limits", 200, set);
        self.answer("POST", "risk-limits/preview", 200, json!({"refusal": null, "seq": SEQ}));
        let limit = |used: Option<&str>, soft: Option<&str>, hard: Option<&str>| json!({"used": used, "soft": soft, "hard": hard});
        let used = json!({"position": limit(Some("925000"), None, Some("1000000")),
            "open_orders": limit(Some("45"), Some("90"), Some("100")),
            "order_value": limit(None, None, Some("5000000.0000")),
            "day_value": limit(Some("1000.0000"), Some("9000000.0000"), None)});
        let usage = json!({"scope": {"account": "DEMO-0002"}, "open_orders": 45,
            "complete": true, "limits": used, "currency": "JPY", "seq": SEQ,
            "positions": [{"asset": "7203", "held": "900000", "open_buys": "25000"}]});
        self.answer("GET", "risk-usage", 200, usage);
        let none = json!({"scope": {"instrument": "6758"}, "open_orders": 0, "complete": true,
            "limits": {}, "currency": null, "positions": [], "seq": SEQ});
        self.answer("GET", "risk-usage?instrument=6758", 200, none);
        let by = json!({"actor": "risk.mori", "approver": "", "request_id": "r-1",
            "reason": "runaway algo", "at": "2026-11-20T02:00:00.000000Z"});
        let thrown = json!({"items": [{"account": "DEMO-0002", "by": by}], "seq": SEQ});
        self.answer("GET", "kill-switches", 200, thrown);
        let killed = json!({"scope": {"account": "DEMO-0001"}, "on": true, "cancelled": 4200,
            "more": false, "seq": SEQ});
        self.answer("POST", "kill-switches", 200, killed);
    }

    fn furnish_orders(&self) {
        self.answer("GET", "orders/1996488823", 200, owned_order("open"));
        self.answer("POST", "orders/1996488823/cancel", 200, owned_order("cancelled"));
        let reach = json!({"orders": 4200, "accounts": 17,
            "instruments": [{"symbol": "7203", "orders": 4200, "buy_quantity": "420000",
                "sell_quantity": "0", "notional": "1050000000", "quote_asset": "JPY"}],
            "complete": true, "seq": SEQ});
        self.answer("POST", "orders/cancel/preview", 200, reach);
        let cancelled = json!({"cancelled": 4200, "more": false, "seq": SEQ});
        self.answer("POST", "orders/cancel", 200, cancelled);
    }

    fn furnish_trades(&self) {
        self.answer("GET", "trades/7", 200, trade(false));
        for what in ["correct", "bust"] {
            let balances = json!([{"account": "DEMO-0001", "asset": "JPY", "before": "1000000",
                "after": "999800", "delta": "-200"}]);
            let shown = json!({"before": terms("2530.0", true), "after": terms("2531.0", true),
                "balances": balances, "refusal": null, "seq": SEQ});
            self.answer("POST", &format!("trades/7/{what}/preview"), 200, shown);
            self.answer("POST", &format!("trades/7/{what}"), 200, trade(true));
        }
    }

    /// Its calendar and flags.
    fn furnish_the_market(&self) {
        let calendar = json!({"items": [
            {"profile": "tse", "date": "2026-11-20", "weekday": "Friday", "business_day": true,
                "trading": "sessions", "moments": [
                    {"time": "08:00:00", "step": "pre_open", "phase": "pre_open"},
                    {"time": "09:00:00", "step": "open", "phase": "continuous", "auction": "opening"}],
                "day_roll": "16:30:00", "settlement": "2026-11-25",
                "next_business_day": "2026-11-24", "previous_business_day": "2026-11-19",
                "holidays_known": true},
            {"profile": "tse", "date": "2026-11-21", "weekday": "Saturday", "business_day": false,
                "closed_because": "weekend", "trading": "none", "moments": [],
                "day_roll": "16:30:00", "settlement": "2026-11-26",
                "next_business_day": "2026-11-24", "previous_business_day": "2026-11-20",
                "holidays_known": true}], "seq": SEQ});
        self.answer("GET", "calendar", 200, calendar);
        let state = |by: &str, environment: Value, database: Value| {
            json!({"on": false, "decided_by": by, "environment": environment, "file": null,
                "database": database, "default": "on"})
        };
        let products = json!({"tse": state("environment", json!("off"), json!("off")),
            "crypto": state("default", Value::Null, Value::Null)});
        let flag = json!({"name": "odd_lot_orders", "meaning": "Orders below a trading unit",
            "products": products});
        self.answer("GET", "flags", 200, json!({"items": [flag]}));
        let change = json!({"product": "tse", "value": "off", "actor": "rel.sato",
            "approver": "rel.abe", "request_id": "r-1", "reason": "desk moves",
            "time": "2026-11-19T03:00:00.000000Z"});
        let history = json!({"items": [change]});
        self.answer("GET", "flags/odd_lot_orders/history", 200, history);
    }
}
