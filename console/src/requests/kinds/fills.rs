//! Trades corrected or busted. The backend previews what both parties would have then.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{done, refused, text};
use crate::app::App;
use crate::authz::Matter;
use crate::backend::act::path;
use crate::error::Failure;
use crate::requests::action::{Kind, Outcome, Provenance, Touches};
use crate::requests::form::{Field, Input, Reader, Wrong};
use crate::requests::preview::{Preview, Table, Value};

const TRADE: Field = Field::new("trade", Input::Whole(1, i64::MAX));

fn look_path(trade: i64) -> String {
    path("trades/{}", &[&trade.to_string()])
}

/// The accounts of both parties, as the backend knows them.
async fn touches(app: &App, trade: i64) -> Result<Touches, Failure> {
    let Ok(found) = app.backend.look(&look_path(trade)).await? else { return Ok(Touches::Nobody) };
    let party = |side: &str| text(&found["original"][side]["account"]).to_owned();
    let mut accounts = vec![party("buyer"), party("seller")];
    accounts.retain(|account| !account.is_empty());
    accounts.sort();
    accounts.dedup();
    Ok(Touches::Accounts(accounts))
}

/// The trade, what it becomes, both parties' balances, and its corrections so far.
async fn preview(app: &App, trade: i64, what: &str, body: &Json) -> Result<Preview, Failure> {
    let fact = |preview: Preview| preview.fact("trade", Value::Trade(trade.to_string()));
    let found = match app.backend.look(&look_path(trade)).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(fact(refused(&refusal))),
    };
    let address = path(&format!("trades/{{}}/{what}/preview"), &[&trade.to_string()]);
    let shown = match app.backend.try_out(&address, body).await? {
        Ok(shown) => shown,
        Err(refusal) => return Ok(fact(refused(&refusal))),
    };
    let mut preview = fact(Preview::default().at(&shown))
        .fact("symbol", Value::Symbol(text(&found["symbol"]).to_owned()))
        .fact("time", Value::Time(text(&found["time"]).to_owned()));
    for side in ["buyer", "seller"] {
        let account = text(&found["original"][side]["account"]);
        if !account.is_empty() {
            preview = preview.fact(side, Value::Account(account.to_owned()));
        }
    }
    let (before, after) = (&shown["before"], &shown["after"]);
    for part in ["price", "quantity"] {
        preview = preview.change(part, Value::number(&before[part]), Value::number(&after[part]));
    }
    for (label, side) in [("buyer_fee", "buyer"), ("seller_fee", "seller")] {
        let fee = |terms: &Json| Value::number(&terms[side]["fee"]);
        preview = preview.change(label, fee(before), fee(after));
    }
    for balance in shown["balances"].as_array().map_or(&[][..], Vec::as_slice) {
        let of = format!("{} {}", text(&balance["account"]), text(&balance["asset"]));
        let value = |name: &str| Value::number(&balance[name]);
        preview = preview.floating("total", &of, value("before"), value("after"));
    }
    if let Some(chain) = chain(&found["corrections"]) {
        preview.tables.push(chain);
    }
    preview.refusal = shown["refusal"].as_str().map(str::to_owned);
    Ok(preview)
}

/// The corrections a trade has had.
fn chain(corrections: &Json) -> Option<Table> {
    let corrections = corrections.as_array().filter(|all| !all.is_empty())?;
    let row = |it: &Json| {
        let after = |name: &str| Value::number(&it["after"][name]);
        vec![
            Value::number(&it["correction"]),
            Value::Time(text(&it["time"]).to_owned()),
            after("price"),
            after("quantity"),
            Value::text(&it["actor"]),
            Value::text(&it["approver"]),
            Value::text(&it["reason"]),
        ]
    };
    let columns = ["correction", "time", "price", "quantity", "actor", "approver", "why"];
    Some(Table {
        label: "corrections".into(),
        columns: columns.map(str::to_owned).into(),
        rows: corrections.iter().map(row).collect(),
    })
}

/// Gives a trade another price or quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correct {
    trade: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quantity: Option<String>,
}

impl Correct {
    fn body(&self) -> Json {
        let mut body = json!({});
        for (name, value) in [("price", &self.price), ("quantity", &self.quantity)] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        body
    }
}

impl Kind for Correct {
    const MATTER: Matter = Matter::Fills;
    const FORM: &'static [Field] = &[
        TRADE,
        Field::optional("price", Input::Decimal),
        Field::optional("quantity", Input::Decimal),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let trade = reader.whole("trade", 1, i64::MAX);
        let price = reader.positive_if_given("price");
        let quantity = reader.positive_if_given("quantity");
        if price.is_none() && quantity.is_none() {
            reader.refuse("price", Wrong::Missing);
        }
        Some(Correct { trade: trade?, price, quantity })
    }

    fn target(&self) -> String {
        self.trade.to_string()
    }

    async fn touches(&self, app: &App) -> Result<Touches, Failure> {
        touches(app, self.trade).await
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        preview(app, self.trade, "correct", &self.body()).await
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let address = path("trades/{}/correct", &[&self.trade.to_string()]);
        done(app.backend.act(&address, self.body(), by).await)
    }
}

/// Undoes a trade.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bust {
    trade: i64,
}

impl Kind for Bust {
    const MATTER: Matter = Matter::Fills;
    const FORM: &'static [Field] = &[TRADE];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Bust { trade: reader.whole("trade", 1, i64::MAX)? })
    }

    fn target(&self) -> String {
        self.trade.to_string()
    }

    fn word(&self) -> Option<&'static str> {
        Some("BUST")
    }

    async fn touches(&self, app: &App) -> Result<Touches, Failure> {
        touches(app, self.trade).await
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        preview(app, self.trade, "bust", &json!({})).await
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let address = path("trades/{}/bust", &[&self.trade.to_string()]);
        done(app.backend.act(&address, json!({}), by).await)
    }
}
