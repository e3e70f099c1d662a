//! The calendar in force, day by day, for the console: business days, the moments of each, why
//! a day is closed.

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use serde::Deserialize;

use super::rules::All;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::Params;
use crate::platform::Platform;
use crate::schedule::Calendar;
use crate::schedule::cli::{Shown, Which, shown};

/// Most days of one answer.
const DAYS_MAX: u8 = 31;

/// Which days.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DaysQuery {
    profile: String,
    from: Option<String>,
    days: Option<String>,
}

/// Days of the calendar, the first one today in Tokyo unless told otherwise.
pub(super) async fn days(
    State(platform): State<Platform>,
    Params(query): Params<DaysQuery>,
) -> ApiResult<Json<All<Shown>>> {
    let wrong = |name, message| ApiError::new(Code::InvalidParameter, message).field(name);
    let which = match query.profile.as_str() {
        "tse" => Which::Tse,
        "crypto" => Which::Crypto,
        _ => return Err(wrong("profile", "profile is tse or crypto")),
    };
    let count: u8 = query.days.as_deref().map_or(Ok(7), str::parse).unwrap_or(0);
    if !(1..=DAYS_MAX).contains(&count) {
        return Err(wrong("days", "days is a whole number from 1 to 31"));
    }
    // The tables are small; settings that could not be read stopped the node from starting.
    let calendar = Calendar::new(&platform.config.schedule)
        .map_err(|why| ApiError::new(Code::InternalError, why))?;
    let from: Option<Result<Date, _>> = query.from.as_deref().map(str::parse);
    let first = match from {
        Some(date) => date.map_err(|_| wrong("from", "from is a date like 2026-11-20"))?,
        None => calendar.local(platform.clock.now()).date(),
    };
    let mut items = Vec::with_capacity(count.into());
    let mut date = first;
    for _ in 0..count {
        items.push(shown(&calendar, which, date));
        let next = date.tomorrow();
        date = next.map_err(|_| wrong("from", "from is too late a date"))?;
    }
    Ok(Json(All { items, seq: platform.live.seq().0 }))
}
