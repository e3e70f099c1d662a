//! Feature flags: the database's level of one, for one product or all. Which level wins is
//! shown before it is asked for, because a change that the file or the environment outweighs
//! has no effect.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{NO_CHANGE, done};
use crate::app::App;
use crate::authz::Matter;
use crate::backend::act::path;
use crate::error::Failure;
use crate::requests::action::{Kind, Outcome, Provenance, Touches};
use crate::requests::form::{Field, Input, Reader};
use crate::requests::preview::{Preview, Value};

/// Longest name of a flag.
const NAME: usize = 64;
const PRODUCTS: &[&str] = &["tse", "crypto", "all"];
const LEVELS: &[&str] = &["on", "off", "unset"];

/// Sets the database's level of a flag.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flag {
    flag: String,
    product: String,
    level: String,
}

impl Kind for Flag {
    const MATTER: Matter = Matter::Flags;
    const FORM: &'static [Field] = &[
        Field::new("flag", Input::Text(NAME)),
        Field::new("product", Input::Choice(PRODUCTS)),
        Field::new("level", Input::Choice(LEVELS)),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let flag = reader.name("flag", NAME);
        let product = reader.choice("product", PRODUCTS);
        let level = reader.choice("level", LEVELS);
        Some(Flag { flag: flag?, product: product?, level: level? })
    }

    fn target(&self) -> String {
        format!("{}/{}", self.flag, self.product)
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let flags = app.backend.flags().await?;
        let preview = Preview::default()
            .fact("flag", Value::Text(self.flag.clone()))
            .fact("product", Value::Code(self.product.clone()));
        let Some(flag) = flags.into_iter().find(|flag| flag.name == self.flag) else {
            return Ok(preview.refuse_if(true, "unknown_flag"));
        };
        let mut preview = preview.fact("meaning", Value::Text(flag.meaning));
        let mut moved = false;
        for (product, state) in flag.products {
            if self.product != "all" && self.product != product {
                continue;
            }
            let before = state.database.unwrap_or_else(|| "unset".to_owned());
            moved |= before != self.level;
            let level = format!("level_{product}");
            preview = preview.change(&level, Value::Code(before), Value::Code(self.level.clone()));
            if matches!(state.decided_by.as_str(), "environment" | "file") {
                preview = preview.warn("flag_outweighed", product);
            }
        }
        Ok(preview.refuse_if(!moved, NO_CHANGE))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let address = path("flags/{}", &[&self.flag]);
        let body = json!({"product": self.product, "value": self.level});
        done(app.backend.act(&address, body, by).await)
    }
}
