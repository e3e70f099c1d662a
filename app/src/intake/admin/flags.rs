//! Feature flags: what each level says, who decides, and changes of the database's level.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::guard::Change;
use crate::flags::{self, Changed, Flag, HistoryRow, Levels, PRODUCTS};
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Params, Segment};
use crate::intake::http::fields::{self, Given, required, word};
use crate::intake::http::history::limit_of;
use crate::market::text::time;
use crate::platform::Platform;

#[derive(Serialize)]
struct Decided {
    on: bool,
    decided_by: &'static str,
    environment: Option<&'static str>,
    file: Option<&'static str>,
    database: Option<&'static str>,
    default: &'static str,
}

/// A flag with its levels, by product.
#[derive(Serialize)]
pub(super) struct FlagShape {
    name: &'static str,
    meaning: &'static str,
    products: BTreeMap<&'static str, Decided>,
}

/// All flags.
#[derive(Serialize)]
pub(super) struct FlagList {
    items: Vec<FlagShape>,
}

fn said(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

fn shape(platform: &Platform, flag: Flag) -> FlagShape {
    let state = |levels: Levels| {
        let (on, decided_by) = levels.decide();
        Decided {
            on,
            decided_by,
            environment: levels.environment.map(said),
            file: levels.file.map(said),
            database: levels.database.map(said),
            default: said(Levels::DEFAULT),
        }
    };
    let levels = platform.flags.levels(flag);
    let products = PRODUCTS.iter().zip(levels).map(|(product, it)| (product.as_str(), state(it)));
    FlagShape { name: flag.as_str(), meaning: flag.meaning(), products: products.collect() }
}

fn known(name: &str) -> ApiResult<Flag> {
    let unknown = || ApiError::new(Code::NotFound, "no flag of this name").field("name");
    Flag::parse(name).ok_or_else(unknown)
}

fn away(error: &sqlx::Error) -> ApiError {
    tracing::warn!(event = "flags.store_failed", %error);
    let message = "the database's level of the flags cannot be read or set now; the file's and \
                   the environment's can be set at the machine";
    ApiError::new(Code::HistoryUnavailable, message)
}

/// Every flag, each level's value and which one decides.
pub(super) async fn list(State(platform): State<Platform>, _: NoParams) -> Json<FlagList> {
    Json(FlagList { items: Flag::ALL.iter().map(|flag| shape(&platform, *flag)).collect() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewValue<'a> {
    #[serde(borrow)]
    product: Option<Given<'a>>,
    /// `on`, `off`, `unset`.
    #[serde(borrow)]
    value: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Sets the database's level of a flag.
pub(super) async fn set(
    State(platform): State<Platform>,
    Segment(name): Segment,
    change: Change,
) -> ApiResult<Json<FlagShape>> {
    let flag = known(&name)?;
    let body: NewValue<'_> = fields::read(&change.body)?;
    let product = required(&body.product, "product")?.text("product")?;
    let product =
        word("product", product, &[("tse", "tse"), ("crypto", "crypto"), ("all", "all")])?;
    let value = required(&body.value, "value")?.text("value")?;
    let value = word("value", value, &[("on", Some(true)), ("off", Some(false)), ("unset", None)])?;
    let by = change.because(&body.reason)?;
    let wanted = flags::Change {
        flag,
        product,
        value,
        actor: by.actor.as_str(),
        approver: by.approver.as_str(),
        request: by.request.as_str(),
        reason: by.reason.as_str(),
    };
    let changed = platform.flags.set(&wanted).await.map_err(|error| away(&error))?;
    if changed == Changed::Now {
        tracing::info!(
            event = "flags.set",
            flag = name,
            product,
            actor = wanted.actor,
            approver = wanted.approver,
            reason = wanted.reason
        );
    }
    Ok(Json(shape(&platform, flag)))
}

/// How many changes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery {
    limit: Option<String>,
}

#[derive(Serialize)]
struct ChangeShape {
    product: String,
    value: String,
    actor: String,
    approver: String,
    request_id: String,
    reason: String,
    time: String,
}

/// Changes of a flag.
#[derive(Serialize)]
pub(super) struct Changes {
    items: Vec<ChangeShape>,
}

/// Changes of the database's level of a flag, newest first.
pub(super) async fn history(
    State(platform): State<Platform>,
    Segment(name): Segment,
    Params(query): Params<HistoryQuery>,
) -> ApiResult<Json<Changes>> {
    let flag = known(&name)?;
    let limit = limit_of(query.limit.as_deref())? as i64;
    let rows = platform.flags.history(flag, limit).await.map_err(|error| away(&error))?;
    let shape = |row: HistoryRow| ChangeShape {
        product: row.product,
        value: row.value,
        actor: row.actor,
        approver: row.approver,
        request_id: row.request,
        reason: row.reason,
        time: time(row.at),
    };
    Ok(Json(Changes { items: rows.into_iter().map(shape).collect() }))
}
