//! Deposits, withdrawals and adjustments of a client's balance. The backend previews them, so
//! that what is shown is what its own rules make of it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ACCOUNT, ASSET, outcome, refused};
use crate::app::App;
use crate::authz::Matter;
use crate::backend::act::path;
use crate::error::Failure;
use crate::requests::action::{Kind, Outcome, Provenance, Touches};
use crate::requests::form::{Field, Input, Reader, Wrong};
use crate::requests::preview::{Preview, Value};

const FORM: &[Field] = &[
    Field::new("account", Input::Text(ACCOUNT)),
    Field::new("asset", Input::Text(ASSET)),
    Field::new("amount", Input::Decimal),
];

/// A movement: whose, of what, how much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    account: String,
    asset: String,
    amount: String,
}

impl Movement {
    fn read(reader: &mut Reader<'_>, signed: bool) -> Option<Movement> {
        let account = reader.name("account", ACCOUNT);
        let asset = reader.name("asset", ASSET);
        let amount = if signed { reader.decimal("amount") } else { reader.positive("amount") };
        if amount.as_deref() == Some("0") {
            reader.refuse("amount", Wrong::Zero);
        }
        Some(Movement { account: account?, asset: asset?, amount: amount? })
    }

    async fn preview(&self, app: &App, kind: &str) -> Result<Preview, Failure> {
        let body = json!({"kind": kind, "asset": self.asset, "amount": self.amount,
            "reference": "preview"});
        let address = path("accounts/{}/transfers/preview", &[&self.account]);
        let shown = match app.backend.try_out(&address, &body).await? {
            Ok(shown) => shown,
            Err(refusal) => return Ok(self.facts(refused(&refusal))),
        };
        let mut preview = self.facts(Preview::default().at(&shown));
        for (before, after, account) in [
            (&shown["before"], &shown["after"], json!(self.account)),
            (
                &shown["other"]["before"],
                &shown["other"]["after"],
                shown["other"]["account"].clone(),
            ),
        ] {
            let Some(account) = account.as_str() else { continue };
            if !before.is_object() && !after.is_object() {
                continue;
            }
            let of = format!("{account} {}", self.asset);
            for part in ["total", "locked", "available"] {
                let value = |balance: &serde_json::Value| Value::number(&balance[part]);
                preview = preview.floating(part, &of, value(before), value(after));
            }
        }
        preview.refusal = shown["refusal"].as_str().map(str::to_owned);
        Ok(preview)
    }

    fn facts(&self, preview: Preview) -> Preview {
        preview
            .fact("account", Value::Account(self.account.clone()))
            .fact("amount", Value::Amount(self.amount.clone(), self.asset.clone()))
    }

    async fn apply(&self, app: &App, by: &Provenance, kind: &str) -> Outcome {
        // The backend's own guard against repeats, besides the request's id.
        let body = json!({"kind": kind, "asset": self.asset, "amount": self.amount,
            "reference": by.request_id});
        let address = path("accounts/{}/transfers", &[&self.account]);
        outcome(app.backend.act(&address, body, by).await, |answer| {
            let total = Value::number(&answer["balance"]["total"]);
            if total == Value::None { Vec::new() } else { vec![("total".into(), total)] }
        })
    }
}

macro_rules! movement {
    ($(#[$doc:meta])* $name:ident, $kind:literal, signed: $signed:literal,
     target: $target:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Movement);

        impl Kind for $name {
            const MATTER: Matter = Matter::Funds;
            const FORM: &'static [Field] = FORM;

            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                Movement::read(reader, $signed).map($name)
            }

            fn target(&self) -> String {
                let target: fn(&Movement) -> String = $target;
                target(&self.0)
            }

            async fn touches(&self, _: &App) -> Result<Touches, Failure> {
                Ok(Touches::Accounts(vec![self.0.account.clone()]))
            }

            async fn preview(&self, app: &App) -> Result<Preview, Failure> {
                self.0.preview(app, $kind).await
            }

            async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
                self.0.apply(app, by, $kind).await
            }
        }
    };
}

// A client may well send two different sums on one day; the same sum twice at once is a
// mistake until the first is decided.
movement! {
    /// Money or assets that came in.
    Deposit, "deposit", signed: false,
    target: |it| format!("{}/{}/{}", it.account, it.asset, it.amount)
}
movement! {
    /// Money or assets that go out.
    Withdraw, "withdraw", signed: false,
    target: |it| format!("{}/{}/{}", it.account, it.asset, it.amount)
}
movement! {
    /// A correction of a balance, up or down.
    Adjust, "adjust", signed: true,
    target: |it| format!("{}/{}", it.account, it.asset)
}
