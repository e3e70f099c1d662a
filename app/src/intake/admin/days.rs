//! `POST days/roll`: ends a profile's trading day by hand, as the schedule does by itself.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use zaraba_engine::{Command, Event};

use super::guard::Change;
use super::instruments::profile_of;
use super::{accepted, submit};
use crate::intake::http::error::ApiResult;
use crate::intake::http::fields::{self, Given, required};
use crate::platform::Platform;

/// Most slices one request sends.
const SLICES_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roll<'a> {
    #[serde(borrow)]
    profile: Option<Given<'a>>,
    /// The new day as yyyymmdd.
    #[serde(borrow)]
    day: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// How far the roll is.
#[derive(Serialize)]
pub(super) struct Rolled {
    profile: &'static str,
    day: u32,
    expired: u64,
    /// Repeat the request.
    more: bool,
    seq: u64,
}

/// Rolls a day.
pub(super) async fn roll(
    State(platform): State<Platform>,
    change: Change,
) -> ApiResult<Json<Rolled>> {
    let body: Roll<'_> = fields::read(&change.body)?;
    let profile = profile_of(&body.profile)?;
    let day = required(&body.day, "day")?.integer("day", 19_000_101, 29_991_231)? as u32;
    let by = change.because(&body.reason)?;
    let mut rolled = Rolled { profile: profile.as_str(), day, expired: 0, more: false, seq: 0 };
    for _ in 0..SLICES_MAX {
        let receipt = submit(&platform, Command::RollDay { profile, day }.given_by(*by)).await?;
        accepted(&receipt)?;
        rolled.seq = receipt.step().seq.0;
        rolled.more = match receipt.events().last() {
            Some(Event::DayRolled { count, more }) => {
                rolled.expired += u64::from(*count);
                *more
            }
            _ => false,
        };
        if !rolled.more {
            break;
        }
    }
    Ok(Json(rolled))
}
