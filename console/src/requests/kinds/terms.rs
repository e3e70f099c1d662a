//! Terms of an instrument that are not of the moment: its circuit breaker, listed shares and
//! odd lots.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::instruments::{SYMBOL_FIELD, begun};
use super::{SYMBOL, done, refused, tried};
use crate::app::App;
use crate::authz::Matter;
use crate::backend::act::path;
use crate::error::Failure;
use crate::requests::action::{Kind, Outcome, Provenance, Touches};
use crate::requests::form::{Field, Input, Reader};
use crate::requests::preview::{Preview, Value};

const MODES: &[&str] = &["none", "circuit_break", "full_range"];
const YES_NO: &[&str] = &["yes", "no"];
const DAY_SECONDS: i64 = 86_400;
const MILLION: i64 = 1_000_000;

/// What people have set on an instrument, or a preview that says why not.
async fn terms(app: &App, symbol: &str) -> Result<Result<Json, Preview>, Failure> {
    let found = app.backend.look(&path("instruments/{}/terms", &[symbol])).await?;
    Ok(found.map_err(|refusal| refused(&refusal).fact("symbol", Value::Symbol(symbol.to_owned()))))
}

/// A preview of the change of some terms, each by its name.
fn changes(symbol: &str, before: &Json, after: &Json, names: &[&str]) -> Preview {
    let start = Preview::default().fact("symbol", Value::Symbol(symbol.to_owned()));
    names.iter().fold(start, |preview, name| {
        let value = |of: &Json| match *name {
            "mode" => Value::code(&of[*name]),
            _ => Value::number(&of[*name]),
        };
        preview.change(name, value(before), value(after))
    })
}

/// Sets the circuit breaker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breaker {
    symbol: String,
    mode: String,
    window_seconds: i64,
    trigger_ppm: i64,
    call_seconds: i64,
    bound_ppm: i64,
}

const BREAKER: &[&str] = &["mode", "window_seconds", "trigger_ppm", "call_seconds", "bound_ppm"];

impl Breaker {
    fn body(&self) -> Json {
        json!({"mode": self.mode, "window_seconds": self.window_seconds,
            "trigger_ppm": self.trigger_ppm, "call_seconds": self.call_seconds,
            "bound_ppm": self.bound_ppm})
    }
}

impl Kind for Breaker {
    const MATTER: Matter = Matter::Instruments;
    const FORM: &'static [Field] = &[
        SYMBOL_FIELD,
        Field::new("mode", Input::Choice(MODES)),
        Field::optional("window_seconds", Input::Whole(0, DAY_SECONDS)),
        Field::optional("trigger_ppm", Input::Whole(0, MILLION)),
        Field::optional("call_seconds", Input::Whole(0, DAY_SECONDS)),
        Field::optional("bound_ppm", Input::Whole(0, MILLION)),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let symbol = reader.name("symbol", SYMBOL);
        let mode = reader.choice("mode", MODES);
        let mut number = |name, most| reader.whole_if_given(name, 0, most).unwrap_or_default();
        let (window_seconds, trigger_ppm) =
            (number("window_seconds", DAY_SECONDS), number("trigger_ppm", MILLION));
        let (call_seconds, bound_ppm) =
            (number("call_seconds", DAY_SECONDS), number("bound_ppm", MILLION));
        Some(Breaker {
            symbol: symbol?,
            mode: mode?,
            window_seconds,
            trigger_ppm,
            call_seconds,
            bound_ppm,
        })
    }

    fn target(&self) -> String {
        self.symbol.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let found = match terms(app, &self.symbol).await? {
            Ok(found) => found,
            Err(refused) => return Ok(refused),
        };
        let body = self.body();
        let preview = changes(&self.symbol, &found["breaker"], &body, BREAKER);
        tried(app, &path("instruments/{}/breaker", &[&self.symbol]), &body, preview).await
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let address = path("instruments/{}/breaker", &[&self.symbol]);
        done(app.backend.act(&address, self.body(), by).await)
    }
}

/// Sets the number of listed shares; left out: not known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedShares {
    symbol: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shares: Option<String>,
}

impl ListedShares {
    fn address(&self) -> String {
        path("instruments/{}/listed-shares", &[&self.symbol])
    }

    fn body(&self) -> Json {
        match &self.shares {
            Some(shares) => json!({"shares": shares}),
            None => json!({}),
        }
    }
}

impl Kind for ListedShares {
    const MATTER: Matter = Matter::Instruments;
    const FORM: &'static [Field] = &[SYMBOL_FIELD, Field::optional("shares", Input::Decimal)];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let symbol = reader.name("symbol", SYMBOL);
        let shares = reader.positive_if_given("shares");
        Some(ListedShares { symbol: symbol?, shares })
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
        let (before, after) = (&found["listed_shares"], json!(self.shares));
        let preview = preview.change("listed_shares", Value::number(before), Value::number(&after));
        tried(app, &self.address(), &self.body(), preview).await
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        done(app.backend.act(&self.address(), self.body(), by).await)
    }
}

/// Sets on which terms the house deals in odd lots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OddLot {
    symbol: String,
    batch: String,
    principal: String,
    spread_ppm: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_quantity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    round_to: Option<String>,
}

const ODD_LOT: &[&str] =
    &["batch", "principal", "spread_ppm", "max_quantity", "max_value", "round_to"];

impl OddLot {
    fn body(&self) -> Json {
        let mut body = json!({"batch": self.batch == "yes", "principal": self.principal == "yes",
            "spread_ppm": self.spread_ppm});
        for (name, value) in [
            ("max_quantity", &self.max_quantity),
            ("max_value", &self.max_value),
            ("round_to", &self.round_to),
        ] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        body
    }
}

impl Kind for OddLot {
    const MATTER: Matter = Matter::Instruments;
    const FORM: &'static [Field] = &[
        SYMBOL_FIELD,
        Field::new("batch", Input::Choice(YES_NO)),
        Field::new("principal", Input::Choice(YES_NO)),
        Field::new("spread_ppm", Input::Whole(0, MILLION)),
        Field::optional("max_quantity", Input::Decimal),
        Field::optional("max_value", Input::Decimal),
        Field::optional("round_to", Input::Decimal),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let symbol = reader.name("symbol", SYMBOL);
        let batch = reader.choice("batch", YES_NO);
        let principal = reader.choice("principal", YES_NO);
        let spread_ppm = reader.whole("spread_ppm", 0, MILLION);
        let max_quantity = reader.positive_if_given("max_quantity");
        let max_value = reader.positive_if_given("max_value");
        let round_to = reader.positive_if_given("round_to");
        Some(OddLot {
            symbol: symbol?,
            batch: batch?,
            principal: principal?,
            spread_ppm: spread_ppm?,
            max_quantity,
            max_value,
            round_to,
        })
    }

    fn target(&self) -> String {
        self.symbol.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let found = match terms(app, &self.symbol).await? {
            Ok(found) => found,
            Err(refused) => return Ok(refused),
        };
        let body = self.body();
        let preview = changes(&self.symbol, &found["odd_lot"], &body, ODD_LOT);
        tried(app, &path("instruments/{}/odd-lot-terms", &[&self.symbol]), &body, preview).await
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let address = path("instruments/{}/odd-lot-terms", &[&self.symbol]);
        done(app.backend.act(&address, self.body(), by).await)
    }
}
