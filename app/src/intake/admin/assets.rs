//! Assets: `GET assets`, `POST assets`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use zaraba_engine::command::AssetSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Reject};

use super::guard::Change;
use super::{accepted, refusal, submit};
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::NoParams;
use crate::intake::http::fields::{self, Given, required};
use crate::intake::http::shapes::List;
use crate::platform::Platform;

/// An asset.
#[derive(Serialize)]
pub(super) struct AssetShape {
    code: String,
    /// Minor unit is 10^-exponent.
    exponent: u8,
}

impl AssetShape {
    fn new(spec: &AssetSpec) -> AssetShape {
        AssetShape { code: spec.code.to_string(), exponent: spec.exponent }
    }
}

/// All assets.
pub(super) async fn list(State(platform): State<Platform>, _: NoParams) -> Json<List<AssetShape>> {
    let seq = platform.live.seq().0;
    let items = platform.live.assets().iter().map(|(_, spec)| AssetShape::new(spec)).collect();
    Json(List { items, next_cursor: None, seq })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAsset<'a> {
    #[serde(borrow)]
    reason: Option<Given<'a>>,
    #[serde(borrow)]
    code: Option<Given<'a>>,
    #[serde(borrow)]
    exponent: Option<Given<'a>>,
}

/// A new asset.
pub(super) async fn create(
    State(platform): State<Platform>,
    change: Change,
) -> ApiResult<(StatusCode, Json<AssetShape>)> {
    let body: NewAsset<'_> = fields::read(&change.body)?;
    let spec = AssetSpec {
        code: code("code", required(&body.code, "code")?)?,
        exponent: required(&body.exponent, "exponent")?.integer("exponent", 0, 18)? as u8,
    };
    let by = change.because(&body.reason)?;
    let receipt = submit(&platform, Command::CreateAsset(spec).given_by(*by)).await?;
    if refusal(&receipt) == Some(Reject::AlreadyExists) {
        let has_it = platform.live.asset_by_code(spec.code.as_str());
        let has_it = has_it.and_then(|id| platform.live.asset(id));
        let details = json!({"asset": has_it.map(|spec| AssetShape::new(&spec))});
        return Err(ApiError::plain(Code::AlreadyExists).field("code").details(details));
    }
    accepted(&receipt)?;
    Ok((StatusCode::CREATED, Json(AssetShape::new(&spec))))
}

/// A code or symbol: letters, digits, `_`, `-`, `.`, as they appear in paths.
///
/// # Errors
/// `invalid_type`, `invalid_value`.
pub(super) fn code<const N: usize>(name: &'static str, given: &Given<'_>) -> ApiResult<Text<N>> {
    let text = given.text(name)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let code = (!text.is_empty() && text.bytes().all(allowed)).then(|| Text::new(text)).flatten();
    code.ok_or_else(|| {
        let message = format!("{name} has 1 to {N} letters, digits, `_`, `-`, `.`");
        ApiError::new(Code::InvalidValue, message).field(name)
    })
}
