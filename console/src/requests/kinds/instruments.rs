//! Instruments: halt and resume, price limits, ticks, halts by order kind and side, and calls
//! begun by hand.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{NO_CHANGE, SYMBOL, done, refused, text, tried};
use crate::app::App;
use crate::authz::Matter;
use crate::backend::act::path;
use crate::error::Failure;
use crate::requests::action::{Kind, Outcome, Provenance, Touches};
use crate::requests::form::{Field, Input, Reader, Wrong};
use crate::requests::preview::{Preview, Value};

pub(super) const SYMBOL_FIELD: Field = Field::new("symbol", Input::Text(SYMBOL));

/// Kinds and sides of orders that can be halted on their own.
const HALTS: &[&str] =
    &["limit_buy", "limit_sell", "market_buy", "market_sell", "contingent_buy", "contingent_sell"];
const TABLES: &[&str] = &["tse_topix500", "tse_other"];
const CALLS: &[&str] = &["full_range", "resumption", "listing"];
const DAY_SECONDS: i64 = 86_400;

/// The instrument as it stands and the beginning of its preview, or a preview that says why not.
pub(super) async fn begun(
    app: &App,
    symbol: &str,
) -> Result<Result<(Json, Preview), Preview>, Failure> {
    let fact = |preview: Preview| preview.fact("symbol", Value::Symbol(symbol.to_owned()));
    Ok(match app.backend.instrument(symbol).await? {
        Ok(found) => {
            let preview =
                fact(Preview::default().at(&found)).fact("name", Value::text(&found["name"]));
            Ok((found, preview))
        }
        Err(refusal) => Err(fact(refused(&refusal))),
    })
}

async fn act(app: &App, symbol: &str, what: &str, body: Json, by: &Provenance) -> Outcome {
    let address = path(&format!("instruments/{{}}/{what}"), &[symbol]);
    done(app.backend.act(&address, body, by).await)
}

/// Stops trading in an instrument. Orders stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Halt {
    symbol: String,
}

impl Kind for Halt {
    const MATTER: Matter = Matter::Instruments;
    const FORM: &'static [Field] = &[SYMBOL_FIELD];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Halt { symbol: reader.name("symbol", SYMBOL)? })
    }

    fn target(&self) -> String {
        self.symbol.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let (found, preview) = match begun(app, &self.symbol).await? {
            Ok(begun) => begun,
            Err(refused) => return Ok(refused),
        };
        Ok(preview
            .change("phase", Value::code(&found["phase"]), Value::Code("halted".into()))
            .warn("orders_stay", "")
            .refuse_if(found["halted"] == true, NO_CHANGE))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        act(app, &self.symbol, "status", json!({"status": "halted"}), by).await
    }
}

/// Opens a halted instrument: after a call of so many seconds that ends in an auction, or as
/// the market's own rules have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    symbol: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seconds: Option<i64>,
}

impl Kind for Resume {
    const MATTER: Matter = Matter::Instruments;
    const FORM: &'static [Field] =
        &[SYMBOL_FIELD, Field::optional("seconds", Input::Whole(1, DAY_SECONDS))];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let symbol = reader.name("symbol", SYMBOL);
        let seconds = reader.whole_if_given("seconds", 1, DAY_SECONDS);
        Some(Resume { symbol: symbol?, seconds })
    }

    fn target(&self) -> String {
        self.symbol.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let (found, preview) = match begun(app, &self.symbol).await? {
            Ok(begun) => begun,
            Err(refused) => return Ok(refused),
        };
        let sessions = found["session_rules"] == true;
        let (after, warning) = match (sessions, self.seconds) {
            (true, None) => ("by_its_rules", "auction_by_rules"),
            (true, Some(_)) => ("by_its_rules", "no_call_in_sessions"),
            (false, Some(_)) => ("call_auction", "auction_after_call"),
            (false, None) => ("continuous", "no_auction"),
        };
        let seconds = self.seconds.map(|it| it.to_string()).unwrap_or_default();
        Ok(preview
            .change("phase", Value::code(&found["phase"]), Value::Code(after.into()))
            .warn(warning, seconds)
            .refuse_if(found["halted"] != true, NO_CHANGE)
            .refuse_if(sessions && self.seconds.is_some(), "invalid_call"))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        match self.seconds {
            Some(seconds) => {
                let body = json!({"kind": "resumption", "seconds": seconds});
                act(app, &self.symbol, "call", body, by).await
            }
            None => act(app, &self.symbol, "status", json!({"status": "continuous"}), by).await,
        }
    }
}

/// Sets the day's base price and limits; what is left out is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceLimits {
    symbol: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base_price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit_down: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit_up: Option<String>,
}

impl PriceLimits {
    fn body(&self) -> Json {
        let mut body = json!({});
        for (name, value) in [
            ("base_price", &self.base_price),
            ("limit_down", &self.limit_down),
            ("limit_up", &self.limit_up),
        ] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        body
    }
}

impl Kind for PriceLimits {
    const MATTER: Matter = Matter::Instruments;
    const FORM: &'static [Field] = &[
        SYMBOL_FIELD,
        Field::optional("base_price", Input::Decimal),
        Field::optional("limit_down", Input::Decimal),
        Field::optional("limit_up", Input::Decimal),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let symbol = reader.name("symbol", SYMBOL);
        let base_price = reader.positive_if_given("base_price");
        let limit_down = reader.positive_if_given("limit_down");
        let limit_up = reader.positive_if_given("limit_up");
        Some(PriceLimits { symbol: symbol?, base_price, limit_down, limit_up })
    }

    fn target(&self) -> String {
        self.symbol.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let (found, mut preview) = match begun(app, &self.symbol).await? {
            Ok(begun) => begun,
            Err(refused) => return Ok(refused),
        };
        for (name, after) in [
            ("base_price", &self.base_price),
            ("limit_down", &self.limit_down),
            ("limit_up", &self.limit_up),
        ] {
            preview =
                preview.change(name, Value::number(&found[name]), Value::number(&json!(after)));
        }
        let none = self.limit_down.is_none() && self.limit_up.is_none();
        let preview = if none { preview.warn("no_limits", "") } else { preview };
        let preview = preview.warn("orders_beyond_limits", "");
        tried(app, &path("instruments/{}/limits", &[&self.symbol]), &self.body(), preview).await
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        act(app, &self.symbol, "limits", self.body(), by).await
    }
}

/// Sets the tick: one size, or a table by price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticks {
    symbol: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tick_size: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tick_table: Option<String>,
}

impl Ticks {
    fn body(&self) -> Json {
        match (&self.tick_size, &self.tick_table) {
            (Some(size), _) => json!({"tick_size": size}),
            (None, table) => json!({"tick_table": table}),
        }
    }
}

impl Kind for Ticks {
    const MATTER: Matter = Matter::Instruments;
    const FORM: &'static [Field] = &[
        SYMBOL_FIELD,
        Field::optional("tick_size", Input::Decimal),
        Field::optional("tick_table", Input::Choice(TABLES)),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let symbol = reader.name("symbol", SYMBOL);
        let tick_size = reader.positive_if_given("tick_size");
        let tick_table = reader.choice_if_given("tick_table", TABLES);
        match (&tick_size, &tick_table) {
            (Some(_), Some(_)) => reader.refuse("tick_table", Wrong::Conflict),
            (None, None) => reader.refuse("tick_size", Wrong::Missing),
            _ => {}
        }
        Some(Ticks { symbol: symbol?, tick_size, tick_table })
    }

    fn target(&self) -> String {
        self.symbol.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let (found, preview) = match begun(app, &self.symbol).await? {
            Ok(begun) => begun,
            Err(refused) => return Ok(refused),
        };
        let after = json!({"tick_size": self.tick_size, "tick_table": self.tick_table});
        let preview = preview
            .change(
                "tick_size",
                Value::number(&found["tick_size"]),
                Value::number(&after["tick_size"]),
            )
            .change(
                "tick_table",
                Value::code(&found["tick_table"]),
                Value::code(&after["tick_table"]),
            )
            .warn("orders_off_tick", "");
        tried(app, &path("instruments/{}/ticks", &[&self.symbol]), &self.body(), preview).await
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        act(app, &self.symbol, "ticks", self.body(), by).await
    }
}

/// Sets which order kinds and sides are refused; none: all are taken again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Halts {
    symbol: String,
    halts: Vec<String>,
}

impl Kind for Halts {
    const MATTER: Matter = Matter::Instruments;
    const FORM: &'static [Field] = &[SYMBOL_FIELD, Field::optional("halts", Input::Several(HALTS))];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let symbol = reader.name("symbol", SYMBOL);
        let halts = reader.several("halts", HALTS);
        Some(Halts { symbol: symbol?, halts })
    }

    fn target(&self) -> String {
        self.symbol.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let (found, preview) = match begun(app, &self.symbol).await? {
            Ok(begun) => begun,
            Err(refused) => return Ok(refused),
        };
        let before = found["halts"].as_array().map_or(&[][..], Vec::as_slice);
        let before: Vec<String> = before.iter().map(|it| text(it).to_owned()).collect();
        let same =
            before.len() == self.halts.len() && before.iter().all(|it| self.halts.contains(it));
        Ok(preview
            .change("halts", Value::Codes(before), Value::Codes(self.halts.clone()))
            .refuse_if(same, NO_CHANGE))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        act(app, &self.symbol, "halts", json!({"halts": self.halts}), by).await
    }
}

/// Begins a call that ends in an auction, as a circuit breaker does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    symbol: String,
    call: String,
    seconds: i64,
}

impl Kind for Call {
    const MATTER: Matter = Matter::Instruments;
    const FORM: &'static [Field] = &[
        SYMBOL_FIELD,
        Field::new("call", Input::Choice(CALLS)),
        Field::new("seconds", Input::Whole(1, DAY_SECONDS)),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let symbol = reader.name("symbol", SYMBOL);
        let call = reader.choice("call", CALLS);
        let seconds = reader.whole("seconds", 1, DAY_SECONDS);
        Some(Call { symbol: symbol?, call: call?, seconds: seconds? })
    }

    fn target(&self) -> String {
        self.symbol.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let (found, preview) = match begun(app, &self.symbol).await? {
            Ok(begun) => begun,
            Err(refused) => return Ok(refused),
        };
        let seconds = self.seconds.to_string();
        Ok(preview
            .fact("call", Value::Code(self.call.clone()))
            .change("phase", Value::code(&found["phase"]), Value::Code("call_auction".into()))
            .warn("auction_after_call", seconds)
            .refuse_if(found["session_rules"] == true, "invalid_call"))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let body = json!({"kind": self.call, "seconds": self.seconds});
        act(app, &self.symbol, "call", body, by).await
    }
}
