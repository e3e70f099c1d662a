//! `GET /v1/fills` and `GET /v1/ledger`: pages from Postgres, newest first, with the
//! sequence it has reached.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use zaraba_engine::types::Timestamp;

use super::cancel::instrument_of;
use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{Params, Read, Signed};
use super::orders::order_filter;
use super::shapes::{FillShape, LedgerShape, List};
use crate::platform::Platform;
use crate::queries::{FillFilter, FillRow, LedgerFilter, MAX_LIMIT};

/// Items of a page when the client does not say.
const LIMIT_DEFAULT: usize = 100;

/// Which fills.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FillsQuery {
    /// Only of this order; none when the account has no such order.
    order_id: Option<String>,
    /// Only in this instrument.
    symbol: Option<String>,
    /// At or after this time (RFC 3339).
    from: Option<String>,
    /// Before this time (RFC 3339).
    to: Option<String>,
    /// 1 to 1000; 100 when left out.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List fills.
#[utoipa::path(get, path = "/v1/fills", tag = "account", params(FillsQuery),
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "A page of fills, newest first", body = List<FillShape>),
        (status = 400, description = "invalid_parameter, invalid_cursor", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "history_unavailable", body = ErrorBody<'static>)))]
pub async fn fills(
    State(platform): State<Platform>,
    Params(query): Params<FillsQuery>,
    request: Signed<Read>,
) -> ApiResult<Json<List<FillShape>>> {
    let limit = limit_of(query.limit.as_deref())?;
    let filter = FillFilter {
        order: query.order_id.as_deref().map(order_filter).transpose()?,
        instrument: instrument_of(&platform, query.symbol.as_deref())?,
        from: time_of("from", query.from.as_deref())?,
        to: time_of("to", query.to.as_deref())?,
    };
    let cursor = query.cursor.as_deref();
    let page = platform.history.fills(request.account(), &filter, cursor, limit).await?;
    let trades: Vec<_> = page.items.iter().map(|fill| fill.trade).collect();
    let corrected = match trades.is_empty() {
        true => Vec::new(),
        false => platform.history.corrected(&trades).await?,
    };
    let shape = |fill: &FillRow| {
        let shape = FillShape::find(fill, &platform.live)?;
        Some(match corrected.iter().find(|row| row.trade == fill.trade) {
            Some(row) => shape.corrected(fill, row, &platform.live),
            None => shape,
        })
    };
    Ok(Json(List {
        items: page.items.iter().filter_map(shape).collect(),
        next_cursor: page.next_cursor,
        seq: page.seq.0,
    }))
}

/// Which ledger entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// Only of this asset.
    asset: Option<String>,
    /// At or after this time (RFC 3339).
    from: Option<String>,
    /// Before this time (RFC 3339).
    to: Option<String>,
    /// 1 to 1000; 100 when left out.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List ledger entries: every change of a balance's total.
#[utoipa::path(get, path = "/v1/ledger", tag = "account", params(LedgerQuery),
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "A page of entries, newest first", body = List<LedgerShape>),
        (status = 400, description = "invalid_parameter, invalid_cursor", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope", body = ErrorBody<'static>),
        (status = 404, description = "unknown_asset", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "history_unavailable", body = ErrorBody<'static>)))]
pub async fn ledger(
    State(platform): State<Platform>,
    Params(query): Params<LedgerQuery>,
    request: Signed<Read>,
) -> ApiResult<Json<List<LedgerShape>>> {
    let limit = limit_of(query.limit.as_deref())?;
    let unknown = || ApiError::plain(Code::UnknownAsset).field("asset");
    let asset = query.asset.as_deref();
    let filter = LedgerFilter {
        asset: asset
            .map(|code| platform.live.asset_by_code(code).ok_or_else(unknown))
            .transpose()?,
        from: time_of("from", query.from.as_deref())?,
        to: time_of("to", query.to.as_deref())?,
    };
    let cursor = query.cursor.as_deref();
    let page = platform.history.ledger(request.account(), &filter, cursor, limit).await?;
    Ok(Json(List {
        items: page.items.iter().filter_map(|e| LedgerShape::find(e, &platform.live)).collect(),
        next_cursor: page.next_cursor,
        seq: page.seq.0,
    }))
}

/// Items per page.
pub(in crate::intake) fn limit_of(text: Option<&str>) -> ApiResult<usize> {
    let Some(text) = text else { return Ok(LIMIT_DEFAULT) };
    text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
        let message = format!("limit must be a whole number from 1 to {MAX_LIMIT}");
        ApiError::new(Code::InvalidParameter, message).field("limit")
    })
}

/// A time of a query.
pub(in crate::intake) fn time_of(
    name: &'static str,
    text: Option<&str>,
) -> ApiResult<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    let read: Option<jiff::Timestamp> = text.parse().ok();
    read.and_then(|at| u64::try_from(at.as_nanosecond()).ok())
        .map(|ns| Some(Timestamp(ns)))
        .ok_or_else(|| {
            let message = format!("{name} must be a time such as 2026-11-21T09:00:00Z");
            ApiError::new(Code::InvalidParameter, message).field(name)
        })
}
