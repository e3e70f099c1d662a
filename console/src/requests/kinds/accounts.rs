//! Accounts: what they may do, which group they are in, and the end of an API key.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::{ACCOUNT, KEY, NO_CHANGE, done, refused, text};
use crate::app::App;
use crate::authz::Matter;
use crate::backend::act::path;
use crate::error::Failure;
use crate::requests::action::{Kind, Outcome, Provenance, Touches};
use crate::requests::form::{Field, Input, Reader};
use crate::requests::preview::{Preview, Table, Value};

const FORM: &[Field] = &[Field::new("account", Input::Text(ACCOUNT))];

/// What every preview of an account begins with.
fn facts(preview: Preview, account: &str) -> Preview {
    preview.fact("account", Value::Account(account.to_owned()))
}

async fn status_preview(app: &App, account: &str, status: &str) -> Result<Preview, Failure> {
    let found = match app.backend.look(&path("accounts/{}", &[account])).await? {
        Ok(found) => found,
        Err(refusal) => return Ok(facts(refused(&refusal), account)),
    };
    let before = text(&found["status"]);
    let open = found["open_order_count"].as_u64().unwrap_or(0);
    let mut preview = facts(Preview::default().at(&found), account)
        .change("account_status", Value::Code(before.into()), Value::Code(status.into()))
        .floating("open_orders", "", Value::number(&json!(open)), Value::number(&json!(open)))
        .refuse_if(before == status, NO_CHANGE);
    // Orders stay where they are: whoever wants them gone cancels them, too.
    if open > 0 && status != "active" {
        preview = preview.warn("orders_stay", "");
    }
    let balances = found["balances"].as_array().map_or(&[][..], Vec::as_slice);
    if status == "closed" && balances.iter().any(has_something) {
        preview = preview.warn("balances_stay", "");
        preview.tables.push(balances_table(balances));
    }
    Ok(preview)
}

fn has_something(balance: &Json) -> bool {
    text(&balance["total"]).bytes().any(|b| (b'1'..=b'9').contains(&b))
}

fn balances_table(balances: &[Json]) -> Table {
    let columns = ["asset", "total", "locked", "available"];
    let row = |it: &Json| {
        let number = |name: &str| Value::number(&it[name]);
        vec![Value::text(&it["asset"]), number("total"), number("locked"), number("available")]
    };
    Table {
        label: "balances".into(),
        columns: columns.map(str::to_owned).into(),
        rows: balances.iter().filter(|it| has_something(it)).map(row).collect(),
    }
}

macro_rules! status {
    ($(#[$doc:meta])* $name:ident, $status:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            account: String,
        }

        impl Kind for $name {
            const MATTER: Matter = Matter::Accounts;
            const FORM: &'static [Field] = FORM;

            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                Some($name { account: reader.name("account", ACCOUNT)? })
            }

            fn target(&self) -> String {
                self.account.clone()
            }

            async fn touches(&self, _: &App) -> Result<Touches, Failure> {
                Ok(Touches::Accounts(vec![self.account.clone()]))
            }

            async fn preview(&self, app: &App) -> Result<Preview, Failure> {
                status_preview(app, &self.account, $status).await
            }

            async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
                let address = path("accounts/{}/status", &[&self.account]);
                done(app.backend.act(&address, json!({"status": $status}), by).await)
            }
        }
    };
}

status! {
    /// No new orders, until it is reactivated.
    Suspend, "suspended"
}
status! {
    /// Orders again.
    Reactivate, "active"
}
status! {
    /// Nothing more, neither orders nor movements.
    Close, "closed"
}

/// Puts an account into a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    account: String,
    group: i64,
}

impl Kind for Group {
    const MATTER: Matter = Matter::Accounts;
    const FORM: &'static [Field] = &[
        Field::new("account", Input::Text(ACCOUNT)),
        Field::new("group", Input::Whole(0, 65_535)),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let account = reader.name("account", ACCOUNT);
        let group = reader.whole("group", 0, 65_535);
        Some(Group { account: account?, group: group? })
    }

    fn target(&self) -> String {
        self.account.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Accounts(vec![self.account.clone()]))
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let found = match app.backend.look(&path("accounts/{}", &[&self.account])).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(facts(refused(&refusal), &self.account)),
        };
        let after = json!(self.group);
        // Barriers go by group: who sees the account changes with it.
        Ok(facts(Preview::default().at(&found), &self.account)
            .change("group", Value::number(&found["group"]), Value::number(&after))
            .warn("barriers_move", "")
            .refuse_if(found["group"] == after, NO_CHANGE))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let address = path("accounts/{}/group", &[&self.account]);
        done(app.backend.act(&address, json!({"group": self.group}), by).await)
    }
}

/// Ends an API key for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevokeKey {
    account: String,
    key: String,
}

impl Kind for RevokeKey {
    const MATTER: Matter = Matter::Accounts;
    const FORM: &'static [Field] =
        &[Field::new("account", Input::Text(ACCOUNT)), Field::new("key", Input::Text(KEY))];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let account = reader.name("account", ACCOUNT);
        let key = reader.name("key", KEY);
        Some(RevokeKey { account: account?, key: key? })
    }

    fn target(&self) -> String {
        format!("{}/{}", self.account, self.key)
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Accounts(vec![self.account.clone()]))
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let found = match app.backend.look(&path("accounts/{}/keys", &[&self.account])).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(facts(refused(&refusal), &self.account)),
        };
        let keys = found["items"].as_array().map_or(&[][..], Vec::as_slice);
        let key = keys.iter().find(|it| it["api_key"] == self.key.as_str());
        let preview =
            facts(Preview::default(), &self.account).fact("key", Value::Text(self.key.clone()));
        let Some(key) = key else { return Ok(preview.refuse_if(true, "unknown_key")) };
        Ok(preview
            .fact("label", Value::text(&key["label"]))
            .change("key_state", Value::Code("usable".into()), Value::Code("revoked".into()))
            .warn("key_for_good", ""))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let address = path("accounts/{}/keys/{}/revoke", &[&self.account, &self.key]);
        done(app.backend.act(&address, json!({}), by).await)
    }
}
