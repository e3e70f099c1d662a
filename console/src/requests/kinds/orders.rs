//! Orders cancelled at once: one, or many by account, group, instrument, side and price,
//! session; or everything.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{ACCOUNT, KEY, NO_CHANGE, SYMBOL, done, refused, sequence, text};
use crate::app::App;
use crate::authz::{Matter, Permission};
use crate::backend::act::{Reply, path};
use crate::error::Failure;
use crate::requests::action::{Kind, Outcome, Provenance, Rule, Touches};
use crate::requests::form::{Field, Input, Reader, Wrong};
use crate::requests::preview::{Preview, Table, Value};

const SIDES: &[&str] = &["buy", "sell"];
const YES: &[&str] = &["yes"];
/// Most calls of one request; each ends up to a hundred thousand orders.
const ROUNDS: usize = 1000;

/// Cancels one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CancelOrder {
    order: i64,
}

impl Kind for CancelOrder {
    const MATTER: Matter = Matter::Orders;
    const RULE: Rule = Rule::AtOnce(Permission::CancelOrder);
    const FORM: &'static [Field] = &[Field::new("order", Input::Whole(1, i64::MAX))];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(CancelOrder { order: reader.whole("order", 1, i64::MAX)? })
    }

    fn target(&self) -> String {
        self.order.to_string()
    }

    async fn touches(&self, app: &App) -> Result<Touches, Failure> {
        let found = app.backend.look(&path("orders/{}", &[&self.order.to_string()])).await?;
        Ok(match found {
            Ok(found) => Touches::Accounts(vec![text(&found["account"]).to_owned()]),
            Err(_) => Touches::Nobody,
        })
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let number = self.order.to_string();
        let fact = |preview: Preview| preview.fact("order", Value::Order(number.clone()));
        let found = match app.backend.look(&path("orders/{}", &[&number])).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(fact(refused(&refusal))),
        };
        let status = text(&found["status"]);
        let open = matches!(status, "open" | "partially_filled" | "pending_trigger");
        let mut preview = fact(Preview::default().at(&found))
            .fact("client_order_id", Value::text(&found["client_order_id"]))
            .fact("account", Value::Account(text(&found["account"]).to_owned()))
            .fact("symbol", Value::Symbol(text(&found["symbol"]).to_owned()))
            .fact("side", Value::code(&found["side"]))
            .fact("price", Value::number(&found["price"]))
            .change("status", Value::Code(status.into()), Value::Code("cancelled".into()))
            .refuse_if(!open, "order_not_open");
        let zero = Value::Number("0".into());
        preview =
            preview.floating("remaining", "", Value::number(&found["remaining_quantity"]), zero);
        Ok(preview)
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let address = path("orders/{}/cancel", &[&self.order.to_string()]);
        done(app.backend.act(&address, json!({}), by).await)
    }
}

/// Cancels every open order of a selection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CancelMany {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    symbol: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    everything: Option<String>,
}

impl CancelMany {
    /// The selection as the backend reads it.
    fn selection(&self) -> Json {
        let mut selection = json!({});
        for (name, value) in [
            ("account", json!(self.account)),
            ("group", json!(self.group)),
            ("symbol", json!(self.symbol)),
            ("side", json!(self.side)),
            ("price", json!(self.price)),
            ("session", json!(self.session)),
        ] {
            if !value.is_null() {
                selection[name] = value;
            }
        }
        selection
    }
}

/// What a selection would cancel, as the end of a preview.
pub(super) async fn reach(
    app: &App,
    preview: Preview,
    selection: &Json,
) -> Result<Preview, Failure> {
    let shown = match app.backend.try_out("orders/cancel/preview", selection).await? {
        Ok(shown) => shown,
        Err(refusal) => return Ok(preview.refuse_if(true, &refusal.code)),
    };
    let none = Value::Number("0".into());
    let mut preview = preview
        .at(&shown)
        .floating("open_orders", "", Value::number(&shown["orders"]), none)
        .floating("accounts", "", Value::number(&shown["accounts"]), Value::None);
    if shown["complete"] == false {
        preview = preview.warn("more_than_counted", "");
    }
    let rows = shown["instruments"].as_array().map_or(&[][..], Vec::as_slice);
    if !rows.is_empty() {
        preview.tables.push(Table {
            label: "by_instrument".into(),
            columns: ["symbol", "open_orders", "buy_quantity", "sell_quantity", "notional"]
                .map(str::to_owned)
                .into(),
            rows: rows.iter().map(instrument_row).collect(),
        });
    }
    Ok(preview)
}

fn instrument_row(it: &Json) -> Vec<Value> {
    let number = |name: &str| Value::number(&it[name]);
    vec![
        Value::Symbol(text(&it["symbol"]).to_owned()),
        number("orders"),
        number("buy_quantity"),
        number("sell_quantity"),
        Value::Amount(text(&it["notional"]).to_owned(), text(&it["quote_asset"]).to_owned()),
    ]
}

/// Repeats a call that ends many orders until none remains, each under an id of its own that
/// follows from the request's: taken up again after a crash, it goes on where it was.
pub(super) async fn repeated(app: &App, address: &str, body: &Json, by: &Provenance) -> Outcome {
    let mut cancelled = 0;
    let mut last = None;
    for round in 0..ROUNDS {
        let by = match round {
            0 => by.clone(),
            _ => Provenance { request_id: format!("{}.{round}", by.request_id), ..by.clone() },
        };
        match app.backend.act(address, body.clone(), &by).await {
            Reply::Done(answer) => {
                let (ended, more) = counted(&answer);
                cancelled += ended;
                last = sequence(&answer).or(last);
                if !more {
                    break;
                }
            }
            Reply::Refused(refusal) => {
                return Outcome::Refused { code: refusal.code, message: refusal.message };
            }
            Reply::Later(problem) => return Outcome::Later(problem),
        }
    }
    let results = vec![("cancelled".to_owned(), Value::Number(cancelled.to_string()))];
    Outcome::Applied { sequence: last, results }
}

/// How many orders an answer ended and whether some remain; from the record, by its actions.
fn counted(answer: &Json) -> (u64, bool) {
    let Some(actions) = answer["actions"].as_array() else {
        return (answer["cancelled"].as_u64().unwrap_or(0), answer["more"] == true);
    };
    let ended = actions.iter().filter_map(|it| it["summary"]["cancelled"].as_u64()).sum();
    (ended, actions.last().is_some_and(|it| it["summary"]["more"] == true))
}

impl Kind for CancelMany {
    const MATTER: Matter = Matter::Orders;
    const RULE: Rule = Rule::AtOnce(Permission::CancelMany);
    const FORM: &'static [Field] = &[
        Field::optional("account", Input::Text(ACCOUNT)),
        Field::optional("group", Input::Whole(0, 65_535)),
        Field::optional("symbol", Input::Text(SYMBOL)),
        Field::optional("side", Input::Choice(SIDES)),
        Field::optional("price", Input::Decimal),
        Field::optional("session", Input::Text(KEY)),
        Field::optional("everything", Input::Several(YES)),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let many = CancelMany {
            account: reader.name_if_given("account", ACCOUNT),
            group: reader.whole_if_given("group", 0, 65_535),
            symbol: reader.name_if_given("symbol", SYMBOL),
            side: reader.choice_if_given("side", SIDES),
            price: reader.positive_if_given("price"),
            session: reader.name_if_given("session", KEY),
            everything: reader.several("everything", YES).pop(),
        };
        let selection = many.selection();
        let chosen = selection.as_object().map_or(0, serde_json::Map::len);
        if many.price.is_some() && (many.symbol.is_none() || many.side.is_none()) {
            reader.refuse("price", Wrong::Conflict);
        }
        if many.session.is_some() && chosen > 1 {
            reader.refuse("session", Wrong::Conflict);
        }
        match (chosen, &many.everything) {
            (0, None) => reader.refuse("account", Wrong::Missing),
            (1.., Some(_)) => reader.refuse("everything", Wrong::Conflict),
            _ => {}
        }
        Some(many)
    }

    fn target(&self) -> String {
        let parts = [
            self.account.clone(),
            self.group.map(|group| format!("group {group}")),
            self.symbol.clone(),
            self.side.clone(),
            self.price.clone(),
            self.session.clone(),
            self.everything.as_ref().map(|_| "everything".to_owned()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    fn word(&self) -> Option<&'static str> {
        self.everything.as_ref().map(|_| "EVERYTHING")
    }

    async fn touches(&self, app: &App) -> Result<Touches, Failure> {
        if let Some(account) = &self.account {
            return Ok(Touches::Accounts(vec![account.clone()]));
        }
        if let Some(group) = self.group {
            return Ok(Touches::Group(i32::try_from(group).unwrap_or(-1)));
        }
        match &self.session {
            Some(key) => session_touches(app, key).await,
            None => Ok(Touches::Everyone),
        }
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let mut preview = Preview::default();
        if let Some(account) = &self.account {
            preview = preview.fact("account", Value::Account(account.clone()));
        }
        if let Some(symbol) = &self.symbol {
            preview = preview.fact("symbol", Value::Symbol(symbol.clone()));
        }
        for (name, value) in [
            ("group", Value::number(&json!(self.group))),
            ("side", Value::code(&json!(self.side))),
            ("or_better", Value::number(&json!(self.price))),
            ("session", Value::text(&json!(self.session))),
        ] {
            if value != Value::None {
                preview = preview.fact(name, value);
            }
        }
        if self.everything.is_some() {
            preview = preview.warn("everything", "");
        }
        let preview = reach(app, preview, &self.selection()).await?;
        let nothing = preview.changes.iter().any(|change| {
            change.label == "open_orders" && change.before == Value::Number("0".into())
        });
        Ok(preview.refuse_if(nothing, NO_CHANGE))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        repeated(app, "orders/cancel", &self.selection(), by).await
    }
}

/// Whose the orders of a session are.
pub(super) async fn session_touches(app: &App, key: &str) -> Result<Touches, Failure> {
    let account: Option<String> =
        sqlx::query_scalar!("SELECT account FROM access.api_keys WHERE api_key = $1", key)
            .fetch_optional(&app.pool)
            .await?;
    Ok(Touches::Accounts(vec![account.unwrap_or_default()]))
}
