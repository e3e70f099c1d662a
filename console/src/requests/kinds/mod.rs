//! The kinds of actions, by matter. Each says what its form is, what it will do, and how the
//! backend is told to do it.

pub mod accounts;
pub mod fills;
pub mod flags;
pub mod funds;
pub mod instruments;
pub mod kills;
pub mod limits;
pub mod orders;
pub mod staff;
pub mod terms;

use serde_json::Value as Json;

use super::action::Outcome;
use super::preview::{Preview, Value};
use crate::app::App;
use crate::backend::act::{Refusal, Reply, path};
use crate::error::Failure;

/// Longest account code, symbol, asset code and key name.
pub const ACCOUNT: usize = 24;
/// Longest symbol.
pub const SYMBOL: usize = 16;
/// Longest asset code.
pub const ASSET: usize = 16;
/// Longest public name of an API key.
pub const KEY: usize = 64;

/// The outcome of a call that is one command.
pub fn outcome(reply: Reply, results: impl FnOnce(&Json) -> Vec<(String, Value)>) -> Outcome {
    match reply {
        Reply::Done(body) => {
            Outcome::Applied { sequence: sequence(&body), results: results(&body) }
        }
        Reply::Refused(Refusal { code, message }) => Outcome::Refused { code, message },
        Reply::Later(problem) => Outcome::Later(problem),
    }
}

/// The outcome of a call with no results to tell.
pub fn done(reply: Reply) -> Outcome {
    outcome(reply, |_| Vec::new())
}

/// The journal sequence an answer names; an answer from the record names it by its actions, a
/// corrected trade, whose own is the trade's, by its newest correction.
pub fn sequence(body: &Json) -> Option<u64> {
    let of_last = |list: &str| body[list].as_array()?.last()?["seq"].as_u64();
    of_last("actions").or_else(|| of_last("corrections")).or_else(|| body["seq"].as_u64())
}

/// A preview of something the backend will not hear of.
pub fn refused(refusal: &Refusal) -> Preview {
    Preview::refused(&refusal.code)
}

/// Refusal of what would change nothing.
pub const NO_CHANGE: &str = "no_change";

/// Why an account or an instrument that an action is to reach cannot be; other scopes always are.
pub(super) async fn missing(app: &App, of: &str, name: &str) -> Result<Option<Refusal>, Failure> {
    Ok(match of {
        "account" => app.backend.look(&path("accounts/{}", &[name])).await?.err(),
        "instrument" => app.backend.instrument(name).await?.err(),
        _ => None,
    })
}

/// Has the backend try a definition: what it would refuse it with is the preview's refusal.
pub(super) async fn tried(
    app: &App,
    address: &str,
    body: &Json,
    preview: Preview,
) -> Result<Preview, Failure> {
    Ok(match app.backend.try_out(&format!("{address}/preview"), body).await? {
        Ok(found) => match found["refusal"].as_str() {
            Some(code) => preview.refuse_if(true, code),
            None => preview,
        },
        Err(refusal) => preview.refuse_if(true, &refusal.code),
    })
}

/// A text of an answer as it stands there; empty when it is not one.
pub fn text(answer: &Json) -> &str {
    answer.as_str().unwrap_or_default()
}
