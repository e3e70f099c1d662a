//! Risk limits of a scope: all of them at once, in place of those it has.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::{ACCOUNT, ASSET, done, refused, tried};
use crate::app::App;
use crate::authz::Matter;
use crate::error::Failure;
use crate::requests::action::{Kind, Outcome, Provenance, Touches};
use crate::requests::form::{Field, Input, Reader, Wrong};
use crate::requests::preview::{Preview, Value};

/// What a limit can be of.
pub const SCOPES: &[&str] = &["account", "members", "group", "instrument"];

/// Measures with their soft and their hard bound as fields.
const MEASURES: [(&str, &str, &str); 7] = [
    ("order_quantity", "order_quantity_soft", "order_quantity_hard"),
    ("order_value", "order_value_soft", "order_value_hard"),
    ("day_value", "day_value_soft", "day_value_hard"),
    ("open_orders", "open_orders_soft", "open_orders_hard"),
    ("position", "position_soft", "position_hard"),
    ("price_collar", "price_collar_soft", "price_collar_hard"),
    ("message_rate", "message_rate_soft", "message_rate_hard"),
];

/// A scope as people name it, as the backend reads it.
pub(super) fn scope_json(kind: &str, name: &str) -> Json {
    match kind {
        "members" | "group" => json!({kind: name.parse::<i64>().unwrap_or(-1)}),
        "venue" => json!({"venue": true}),
        _ => json!({kind: name}),
    }
}

/// A scope as a value of a preview.
pub(super) fn scope_value(kind: &str, name: &str) -> Value {
    match kind {
        "account" => Value::Account(name.to_owned()),
        "instrument" => Value::Symbol(name.to_owned()),
        "venue" => Value::Code("venue".into()),
        _ => Value::Text(name.to_owned()),
    }
}

/// Whose business a scope is.
pub(super) fn scope_touches(kind: &str, name: &str) -> Touches {
    match kind {
        "account" => Touches::Accounts(vec![name.to_owned()]),
        "members" | "group" => Touches::Group(name.parse().unwrap_or(-1)),
        "instrument" => Touches::Nobody,
        _ => Touches::Everyone,
    }
}

/// Reads the name of a scope: a number for groups.
pub(super) fn scope_name(reader: &mut Reader<'_>, kind: &str, most: usize) -> Option<String> {
    match kind {
        "members" | "group" => reader.whole("scope", 0, 65_535).map(|it| it.to_string()),
        _ => reader.name("scope", most),
    }
}

/// The risk limits of a scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RiskLimits {
    of: String,
    scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// By field; decimal strings.
    #[serde(flatten)]
    bounds: std::collections::BTreeMap<String, String>,
}

impl RiskLimits {
    fn bound(&self, field: &str) -> Option<&String> {
        self.bounds.get(field)
    }

    fn body(&self) -> Json {
        let mut limits = Map::new();
        for (measure, soft, hard) in MEASURES {
            let mut bound = Map::new();
            for (name, field) in [("soft", soft), ("hard", hard)] {
                if let Some(value) = self.bound(field) {
                    bound.insert(name.into(), json!(value));
                }
            }
            if !bound.is_empty() {
                limits.insert(measure.into(), Json::Object(bound));
            }
        }
        let mut body = json!({"scope": scope_json(&self.of, &self.scope), "limits": limits});
        if let Some(currency) = &self.currency {
            body["currency"] = json!(currency);
        }
        body
    }
}

impl Kind for RiskLimits {
    const MATTER: Matter = Matter::Limits;
    const FORM: &'static [Field] = &[
        Field::new("of", Input::Choice(SCOPES)),
        Field::new("scope", Input::Text(ACCOUNT)),
        Field::optional("currency", Input::Text(ASSET)),
        Field::optional("order_quantity_soft", Input::Decimal),
        Field::optional("order_quantity_hard", Input::Decimal),
        Field::optional("order_value_soft", Input::Decimal),
        Field::optional("order_value_hard", Input::Decimal),
        Field::optional("day_value_soft", Input::Decimal),
        Field::optional("day_value_hard", Input::Decimal),
        Field::optional("open_orders_soft", Input::Decimal),
        Field::optional("open_orders_hard", Input::Decimal),
        Field::optional("position_soft", Input::Decimal),
        Field::optional("position_hard", Input::Decimal),
        Field::optional("price_collar_soft", Input::Decimal),
        Field::optional("price_collar_hard", Input::Decimal),
        Field::optional("message_rate_soft", Input::Decimal),
        Field::optional("message_rate_hard", Input::Decimal),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let of = reader.choice("of", SCOPES);
        let scope = scope_name(reader, of.as_deref().unwrap_or_default(), ACCOUNT);
        let currency = reader.name_if_given("currency", ASSET);
        let mut bounds = std::collections::BTreeMap::new();
        for (measure, soft, hard) in MEASURES {
            for field in [soft, hard] {
                let Some(value) = reader.positive_if_given(field) else { continue };
                if matches!(measure, "order_value" | "day_value") && currency.is_none() {
                    reader.refuse("currency", Wrong::Missing);
                }
                bounds.insert(field.to_owned(), value);
            }
        }
        Some(RiskLimits { of: of?, scope: scope?, currency, bounds })
    }

    fn target(&self) -> String {
        format!("{}/{}", self.of, self.scope)
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(scope_touches(&self.of, &self.scope))
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let fact = |preview: Preview| {
            preview
                .fact("of", Value::Code(self.of.clone()))
                .fact("scope", scope_value(&self.of, &self.scope))
        };
        let found = match app.backend.look("risk-limits").await? {
            Ok(found) => found,
            Err(refusal) => return Ok(fact(refused(&refusal))),
        };
        let scope = scope_json(&self.of, &self.scope);
        let before =
            found["items"].as_array().and_then(|all| all.iter().find(|it| it["scope"] == scope));
        let none = json!({});
        let before = before.unwrap_or(&none);
        let mut preview = fact(Preview::default().at(&found)).change(
            "currency",
            Value::text(&before["currency"]),
            Value::text(&json!(self.currency)),
        );
        for (measure, soft, hard) in MEASURES {
            for (part, field) in [("soft", soft), ("hard", hard)] {
                let old = Value::number(&before["limits"][measure][part]);
                let new = Value::number(&json!(self.bound(field)));
                if old != Value::None || new != Value::None {
                    preview = preview.change(field, old, new);
                }
            }
        }
        if self.bounds.is_empty() {
            preview = preview.warn("no_risk_limits", "");
        }
        tried(app, "risk-limits", &self.body(), preview).await
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        done(app.backend.act("risk-limits", self.body(), by).await)
    }
}
