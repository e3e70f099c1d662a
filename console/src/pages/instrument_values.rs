//! An instrument's reference data by effective date: what held, what holds, and from what each
//! value came. Built from the changes and rolls of the day that the journal has and from the
//! values in force.

use jiff::Timestamp;
use serde_json::Value;

use crate::i18n::{I, M, Word};
use crate::reads::markets::{Detail, Line};
use crate::reads::reference::{Change, Rolled};
use crate::view::{View, decimal};

/// The term that the roll of the day moves.
const LIMITS: &str = "limits";
/// Terms that change, in the order they are shown.
const TERMS: [(&str, I); 9] = [
    ("status", I::Status),
    ("halts", I::HaltedKinds),
    (LIMITS, I::DayLimits),
    ("ticks", I::TickRule),
    ("lot", I::Quantities),
    ("shares", I::ListedShares),
    ("fees", I::FeesTerm),
    ("breaker", I::Breaker),
    ("odd_lots", I::OddLots),
];

/// One value and its time.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which term.
    pub term: I,
    /// It, in words.
    pub value: String,
    /// From when; `None`: from before what is known.
    pub from: Option<Timestamp>,
    /// Until when; `None`: it holds, or its end is not known.
    pub until: Option<Timestamp>,
    /// Whether it holds now.
    pub holds: bool,
    /// Who set it.
    pub by: Option<By>,
}

/// Who set a value, and why.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.admin_actions
pub struct By {
    pub actor: String,
    pub approver: String,
    pub reason: String,
    pub request: Option<i64>,
    /// Whether it came with the instrument itself.
    pub defined: bool,
}

/// How its integers are written.
struct Writer<'a> {
    v: &'a View,
    prices: u32,
    quantities: u32,
}

impl Writer<'_> {
    fn price(&self, of: &Value) -> String {
        match of.as_i64() {
            None | Some(0) => "–".into(),
            Some(units) => self.v.num(decimal(units.into(), self.prices)),
        }
    }

    fn quantity(&self, of: &Value) -> String {
        match of.as_i64() {
            None | Some(0) => self.v.t(I::NotKnown).into(),
            Some(units) => self.v.num(decimal(units.into(), self.quantities)),
        }
    }

    fn limits(&self, base: String, down: String, up: String) -> String {
        self.v.tf(I::LimitsWords, &[&base, &down, &up])
    }

    fn number(&self, of: &Value) -> String {
        self.v.int(of.as_i64().unwrap_or(0))
    }

    fn fees(&self, maker: &Value, taker: &Value) -> String {
        self.v.tf(I::FeesWords, &[&self.number(maker), &self.number(taker)])
    }

    fn breaker(&self, of: &Value) -> String {
        let mode = of["mode"].as_str().unwrap_or("none");
        let word = self.v.w(Word::Breaker, mode);
        if mode == "none" {
            return word;
        }
        let parts = ["window_seconds", "trigger_ppm", "call_seconds", "bound_ppm"];
        let parts = parts.map(|name| self.number(&of[name]));
        let terms = self.v.tf(I::BreakerTerms, &parts.each_ref().map(String::as_str));
        format!("{word}: {terms}")
    }

    fn odd_lots(&self, of: &Value) -> String {
        let yes =
            |name: &str| self.v.t(if of[name].as_bool().unwrap_or(false) { M::Yes } else { M::No });
        let spread = self.number(&of["spread_ppm"]);
        self.v.tf(I::OddWords, &[yes("batch"), yes("principal"), &spread])
    }

    fn halts(&self, bits: i64) -> String {
        let kinds = crate::reads::markets::halted_kinds(bits);
        if kinds.is_empty() {
            return self.v.t(I::NotHalted).into();
        }
        let words: Vec<String> = kinds.iter().map(|kind| self.v.w(Word::Halt, kind)).collect();
        words.join(", ")
    }

    fn tick(&self, of: &Value) -> String {
        match of.as_str() {
            Some(table) => format!("{} {table}", self.v.t(M::TickTable)),
            None => self.price(of),
        }
    }

    /// The terms that a change sets.
    fn set(&self, change: &Change) -> Vec<(&'static str, String)> {
        let s = &change.summary;
        let limits = || {
            let [base, down, up] =
                ["base_price", "limit_down", "limit_up"].map(|name| self.price(&s[name]));
            (LIMITS, self.limits(base, down, up))
        };
        let ticks = || ("ticks", self.tick(&s["ticks"]));
        let shares = |name: &str| ("shares", self.quantity(&s[name]));
        match change.kind.as_str() {
            "create_instrument" => vec![
                limits(),
                ticks(),
                ("lot", {
                    let parts =
                        ["lot", "min_quantity", "max_quantity"].map(|name| self.quantity(&s[name]));
                    self.v.tf(I::QuantitiesWords, &parts.each_ref().map(String::as_str))
                }),
                shares("listed_shares"),
                ("fees", self.fees(&s["maker_fee_ppm"], &s["taker_fee_ppm"])),
            ],
            "set_instrument_status" => {
                vec![("status", self.v.w(Word::Phase, s["status"].as_str().unwrap_or_default()))]
            }
            "set_price_limits" => vec![limits()],
            "set_ticks" => vec![ticks()],
            "set_listed_shares" => vec![shares("shares")],
            "set_halts" => vec![("halts", self.halts(s["halts"].as_i64().unwrap_or(0)))],
            "set_breaker" => vec![("breaker", self.breaker(s))],
            "set_odd_lot_terms" => vec![("odd_lots", self.odd_lots(s))],
            _ => Vec::new(),
        }
    }

    /// The terms in force.
    fn now(&self, line: &Line, d: &Detail) -> Vec<(&'static str, String)> {
        let opt = |value: Option<String>| self.v.opt(value);
        let (down, up) = line.limits();
        let breaker = serde_json::json!({"mode": d.breaker, "window_seconds": d.window_seconds,
            "trigger_ppm": d.trigger_ppm, "call_seconds": d.call_seconds, "bound_ppm": d.bound_ppm});
        let shares = d.shares().map(|shares| self.v.num(shares));
        let (low, high) = d.quantities();
        let sizes = [line.lot(), low, high].map(|size| self.v.num(size));
        let mut all = vec![
            ("status", self.v.w(Word::Phase, &line.status)),
            ("halts", self.halts(d.halt_bits())),
            (LIMITS, self.limits(opt(line.base()), opt(down), opt(up))),
            (
                "ticks",
                match d.tick() {
                    Ok(tick) => self.v.num(tick),
                    Err(table) => format!("{} {table}", self.v.t(M::TickTable)),
                },
            ),
            ("lot", self.v.tf(I::QuantitiesWords, &sizes.each_ref().map(String::as_str))),
            ("shares", shares.unwrap_or_else(|| self.v.t(I::NotKnown).into())),
            ("fees", self.fees(&d.maker_fee_ppm.into(), &d.taker_fee_ppm.into())),
            ("breaker", self.breaker(&breaker)),
        ];
        if d.spread_ppm.is_some() {
            let terms = serde_json::json!({"batch": d.batch, "principal": d.principal,
                "spread_ppm": d.spread_ppm});
            all.push(("odd_lots", self.odd_lots(&terms)));
        }
        all
    }
}

fn by(change: &Change) -> By {
    By {
        actor: change.actor.clone(),
        approver: change.approver.clone(),
        reason: change.reason.clone(),
        request: change.request,
        defined: change.kind == "create_instrument",
    }
}

/// A value that began at a time, by whom.
struct Began {
    at: Timestamp,
    value: String,
    by: Option<By>,
}

/// What is known of an instrument's past.
#[derive(Debug)]
pub struct Past {
    /// What people set, oldest first.
    pub changes: Vec<Change>,
    /// What the day's roll set, oldest first.
    pub rolls: Vec<Rolled>,
}

/// The values of one term by when they began.
fn began(writer: &Writer<'_>, past: &Past, code: &str) -> Vec<Began> {
    let mut all = Vec::new();
    for change in &past.changes {
        for (_, value) in writer.set(change).into_iter().filter(|(of, _)| *of == code) {
            all.push(Began { at: change.at.0, value, by: Some(by(change)) });
        }
    }
    if code == LIMITS {
        for roll in &past.rolls {
            let [base, down, up] = [roll.base_price, roll.limit_down, roll.limit_up]
                .map(|units| writer.price(&units.into()));
            let value = writer.limits(base, down, up);
            all.push(Began { at: roll.at.0, value, by: None });
        }
        all.sort_by_key(|began| began.at);
    }
    all
}

/// Every term's values, newest first, term by term; with `now`, up to the values in force. One in
/// force that nothing set (the definition in the settings, a breaker's halt) stands without a
/// time.
pub fn held(v: &View, line: &Line, detail: &Detail, past: &Past, now: bool) -> Vec<Held> {
    let (prices, quantities) = detail.digits();
    let writer = Writer { v, prices, quantities };
    let in_force = if now { writer.now(line, detail) } else { Vec::new() };
    let mut all = Vec::new();
    for (code, term) in TERMS {
        let mut values: Vec<Held> = Vec::new();
        for Began { at, value, by } in began(&writer, past, code) {
            if let Some(before) = values.last_mut() {
                before.until = Some(at);
                before.holds = false;
            }
            values.push(Held { term, value, from: Some(at), until: None, holds: true, by });
        }
        if let Some((_, value)) = in_force.iter().find(|(of, _)| *of == code)
            && values.last().is_none_or(|last| last.value != *value)
        {
            if let Some(before) = values.last_mut() {
                before.holds = false;
            }
            let value = value.clone();
            values.push(Held { term, value, from: None, until: None, holds: true, by: None });
        }
        all.extend(values.into_iter().rev());
    }
    all
}
