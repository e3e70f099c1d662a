//! What people did, from the projection, and anchors.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zaraba_engine::Command;
use zaraba_engine::command::Anchor;
use zaraba_engine::types::*;

use super::assets::code;
use super::guard::Change;
use super::{accepted, submit};
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::Params;
use crate::intake::http::fields::{self, Given, required};
use crate::intake::http::history::{limit_of, time_of};
use crate::intake::http::shapes::List;
use crate::market::text::time;
use crate::platform::Platform;
use crate::queries::{ActionFilter, ActionRow, AnchorRow};

/// Most entries that JSON numbers can say exactly.
const COUNT_MAX: i64 = (1 << 53) - 1;

/// One journaled command of a person.
#[derive(Serialize)]
pub(super) struct ActionShape {
    seq: u64,
    at: String,
    kind: String,
    target: Target,
    actor: String,
    approver: String,
    request_id: String,
    reason: String,
    outcome: String,
    summary: Value,
}

#[derive(Serialize)]
struct Target {
    kind: String,
    id: u64,
    text: String,
}

impl ActionShape {
    /// With the code or symbol of what it is about, where the row has no name.
    pub(super) fn new(row: &ActionRow, platform: &Platform) -> ActionShape {
        let id = row.target_id as u32;
        let live = &platform.live;
        let name = match row.target_kind.as_str() {
            "account" => live.account_state(AccountId(id)).map(|state| state.code.to_string()),
            "instrument" => live.spec(InstrumentId(id)).map(|spec| spec.symbol.to_string()),
            "asset" => live.asset(AssetId(id)).map(|spec| spec.code.to_string()),
            _ => None,
        };
        let text = match (&row.target_text, name) {
            (text, Some(name)) if text.is_empty() || row.outcome == "ok" => name,
            (text, _) => text.clone(),
        };
        ActionShape {
            seq: row.seq.0,
            at: time(row.at),
            kind: row.kind.clone(),
            target: Target { kind: row.target_kind.clone(), id: row.target_id, text },
            actor: row.actor.clone(),
            approver: row.approver.clone(),
            request_id: row.request.clone(),
            reason: row.reason.clone(),
            outcome: row.outcome.clone(),
            summary: serde_json::from_str(&row.summary).unwrap_or_default(),
        }
    }
}

/// Which actions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionsQuery {
    actor: Option<String>,
    kind: Option<String>,
    target: Option<String>,
    id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// Actions, newest first.
pub(super) async fn list(
    State(platform): State<Platform>,
    Params(query): Params<ActionsQuery>,
) -> ApiResult<Json<List<ActionShape>>> {
    let limit = limit_of(query.limit.as_deref())?;
    let id = query.id.as_deref().map(|id| {
        let number = id.parse::<u64>().ok().filter(|id| i64::try_from(*id).is_ok());
        let wrong = || ApiError::new(Code::InvalidParameter, "id is a number").field("id");
        number.ok_or_else(wrong)
    });
    let filter = ActionFilter {
        actor: query.actor,
        kind: query.kind,
        target_kind: query.target,
        target_id: id.transpose()?,
        from: time_of("from", query.from.as_deref())?,
        to: time_of("to", query.to.as_deref())?,
    };
    let page = platform.history.actions(&filter, query.cursor.as_deref(), limit).await?;
    let items = page.items.iter().map(|row| ActionShape::new(row, &platform)).collect();
    Ok(Json(List { items, next_cursor: page.next_cursor, seq: page.seq.0 }))
}

/// A statement put on record.
#[derive(Serialize)]
pub(super) struct AnchorShape {
    what: String,
    count: u64,
    hash: String,
    time: String,
    seq: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAnchor<'a> {
    #[serde(borrow)]
    what: Option<Given<'a>>,
    #[serde(borrow)]
    count: Option<Given<'a>>,
    /// 64 hexadecimal digits.
    #[serde(borrow)]
    hash: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Puts a statement on record.
pub(super) async fn anchor(
    State(platform): State<Platform>,
    change: Change,
) -> ApiResult<(StatusCode, Json<AnchorShape>)> {
    let body: NewAnchor<'_> = fields::read(&change.body)?;
    let what = code("what", required(&body.what, "what")?)?;
    let count = required(&body.count, "count")?.integer("count", 0, COUNT_MAX)? as u64;
    let text = required(&body.hash, "hash")?.text("hash")?;
    let mut hash = [0; 32];
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if !lower || hex::decode_to_slice(text, &mut hash).is_err() {
        let message = "hash is 64 lower-case hexadecimal digits";
        return Err(ApiError::new(Code::InvalidValue, message).field("hash"));
    }
    let by = change.because(&body.reason)?;
    let command = Command::Anchor { anchor: Box::new(Anchor { what, count, hash }), by };
    let receipt = submit(&platform, command).await?;
    accepted(&receipt)?;
    let step = receipt.step();
    let shape = AnchorShape {
        what: what.to_string(),
        count,
        hash: hex::encode(hash),
        time: time(step.at),
        seq: step.seq.0,
    };
    Ok((StatusCode::CREATED, Json(shape)))
}

/// Which anchors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnchorsQuery {
    what: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// Anchors, newest first.
pub(super) async fn anchors(
    State(platform): State<Platform>,
    Params(query): Params<AnchorsQuery>,
) -> ApiResult<Json<List<AnchorShape>>> {
    let limit = limit_of(query.limit.as_deref())?;
    let what = query.what.as_deref();
    let page = platform.history.anchors(what, query.cursor.as_deref(), limit).await?;
    let shape = |row: &AnchorRow| AnchorShape {
        what: row.what.clone(),
        count: row.count,
        hash: hex::encode(&row.hash),
        time: time(row.at),
        seq: row.seq.0,
    };
    let items = page.items.iter().map(shape).collect();
    Ok(Json(List { items, next_cursor: page.next_cursor, seq: page.seq.0 }))
}
