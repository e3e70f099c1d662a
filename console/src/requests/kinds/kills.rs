//! Kill switches: thrown at once by one person, because it stops harm; released only by two,
//! because it lets harm in again.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::limits::{scope_json, scope_name, scope_touches, scope_value};
use super::orders::{reach, repeated, session_touches};
use super::{KEY, NO_CHANGE, missing, refused};
use crate::app::App;
use crate::authz::{Matter, Permission};
use crate::error::Failure;
use crate::requests::action::{Kind, Outcome, Provenance, Rule, Touches};
use crate::requests::form::{Field, Input, Reader, Wrong};
use crate::requests::preview::{Preview, Value};

/// What a switch stops.
const SCOPES: &[&str] = &["account", "group", "instrument", "session", "venue"];
const FORM: &[Field] =
    &[Field::new("of", Input::Choice(SCOPES)), Field::optional("scope", Input::Text(KEY))];

/// What is stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Switch {
    of: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
}

impl Switch {
    fn read(reader: &mut Reader<'_>) -> Option<Switch> {
        let of = reader.choice("of", SCOPES)?;
        let scope = match of.as_str() {
            "venue" => {
                if reader.name_if_given("scope", KEY).is_some() {
                    reader.refuse("scope", Wrong::Conflict);
                }
                String::new()
            }
            _ => scope_name(reader, &of, KEY)?,
        };
        Some(Switch { of, scope })
    }

    fn target(&self) -> String {
        if self.scope.is_empty() { self.of.clone() } else { format!("{}/{}", self.of, self.scope) }
    }

    async fn touches(&self, app: &App) -> Result<Touches, Failure> {
        match self.of.as_str() {
            "session" => session_touches(app, &self.scope).await,
            // Unlike a limit, it ends everybody's orders in the instrument.
            "instrument" => Ok(Touches::Everyone),
            of => Ok(scope_touches(of, &self.scope)),
        }
    }

    fn json(&self) -> Json {
        scope_json(&self.of, &self.scope)
    }

    /// Which orders it ends.
    fn selection(&self) -> Json {
        match self.of.as_str() {
            "venue" => json!({}),
            "instrument" => json!({"symbol": self.scope}),
            _ => self.json(),
        }
    }

    fn body(&self, on: bool) -> Json {
        json!({"scope": self.json(), "on": on})
    }

    /// Whether it is thrown, and the beginning of a preview; or one that says why not.
    async fn begun(&self, app: &App, on: bool) -> Result<Result<Preview, Preview>, Failure> {
        let fact = |preview: Preview| {
            let preview = preview.fact("of", Value::Code(self.of.clone()));
            match self.scope.is_empty() {
                true => preview,
                false => preview.fact("scope", scope_value(&self.of, &self.scope)),
            }
        };
        let found = match app.backend.look("kill-switches").await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(fact(refused(&refusal)))),
        };
        if let Some(refusal) = missing(app, &self.of, &self.scope).await? {
            return Ok(Err(fact(refused(&refusal))));
        }
        // An item has its scope beside who threw it.
        let own = self.json();
        let is_own = |it: &Json| {
            own.as_object().is_some_and(|own| own.iter().all(|(of, name)| it[of] == *name))
        };
        let thrown = found["items"].as_array().is_some_and(|all| all.iter().any(is_own));
        let word = |on: bool| Value::Code(if on { "thrown" } else { "released" }.into());
        Ok(Ok(fact(Preview::default().at(&found))
            .change("switch", word(thrown), word(on))
            .refuse_if(thrown == on, NO_CHANGE)))
    }
}

/// Refuses new orders of a scope and cancels its open ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KillOn(Switch);

impl Kind for KillOn {
    const MATTER: Matter = Matter::Orders;
    const RULE: Rule = Rule::AtOnce(Permission::Kill);
    const FORM: &'static [Field] = FORM;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Switch::read(reader).map(KillOn)
    }

    fn target(&self) -> String {
        self.0.target()
    }

    fn word(&self) -> Option<&'static str> {
        (self.0.of == "venue").then_some("VENUE")
    }

    async fn touches(&self, app: &App) -> Result<Touches, Failure> {
        self.0.touches(app).await
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        Ok(match self.0.begun(app, true).await? {
            Ok(preview) => reach(app, preview, &self.0.selection()).await?,
            Err(refused) => refused,
        })
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        repeated(app, "kill-switches", &self.0.body(true), by).await
    }
}

/// Takes orders of a scope again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KillOff(Switch);

impl Kind for KillOff {
    const MATTER: Matter = Matter::Orders;
    const FORM: &'static [Field] = FORM;

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Switch::read(reader).map(KillOff)
    }

    fn target(&self) -> String {
        self.0.target()
    }

    async fn touches(&self, app: &App) -> Result<Touches, Failure> {
        self.0.touches(app).await
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        Ok(match self.0.begun(app, false).await? {
            Ok(preview) => preview.warn("orders_again", ""),
            Err(refused) => refused,
        })
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        super::done(app.backend.act("kill-switches", self.0.body(false), by).await)
    }
}
