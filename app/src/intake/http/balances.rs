//! `GET /v1/balances`: from memory, never stale.

use axum::Json;
use axum::extract::State;

use super::error::{ApiResult, ErrorBody};
use super::extract::{NoParams, Read, Signed};
use super::shapes::{BalanceShape, List};
use crate::platform::Platform;

/// All balances of the account.
#[utoipa::path(get, path = "/v1/balances", tag = "account",
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "All balances, by asset", body = List<BalanceShape>),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
pub async fn balances(
    State(platform): State<Platform>,
    _: NoParams,
    request: Signed<Read>,
) -> ApiResult<Json<List<BalanceShape>>> {
    let (balances, seq) = platform.live.balances_at(request.account());
    let items = balances.iter().filter_map(|b| BalanceShape::find(b, seq, &platform.live));
    Ok(Json(List { items: items.collect(), next_cursor: None, seq: seq.0 }))
}
