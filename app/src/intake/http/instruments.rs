//! `GET /v1/instruments` and one of them. Public.

use axum::Json;
use axum::extract::State;

use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{NoParams, Segment};
use super::shapes::{InstrumentShape, List};
use crate::platform::Platform;

/// All instruments.
#[utoipa::path(get, path = "/v1/instruments", operation_id = "list_instruments", tag = "market",
    responses(
        (status = 200, description = "All instruments", body = List<InstrumentShape>),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
pub async fn list(State(platform): State<Platform>, _: NoParams) -> Json<List<InstrumentShape>> {
    Json(all(&platform))
}

/// All instruments, by number.
pub(in crate::intake) fn all(platform: &Platform) -> List<InstrumentShape> {
    // Read before the instruments: they are of this sequence or a later one.
    let seq = platform.live.seq();
    let instruments = platform.live.instruments();
    let items = instruments.iter().map(|(_, i)| InstrumentShape::new(i, seq, &platform.live));
    List { items: items.collect(), next_cursor: None, seq: seq.0 }
}

/// One instrument.
#[utoipa::path(get, path = "/v1/instruments/{symbol}", operation_id = "get_instrument", tag = "market",
    params(("symbol" = String, Path, description = "Instrument code")),
    responses(
        (status = 200, description = "The instrument", body = InstrumentShape),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
pub async fn one(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    _: NoParams,
) -> ApiResult<Json<InstrumentShape>> {
    find(&platform, &symbol).map(Json)
}

/// An instrument by symbol.
pub(in crate::intake) fn find(platform: &Platform, symbol: &str) -> ApiResult<InstrumentShape> {
    let seq = platform.live.seq();
    let id = platform.live.instrument_by_symbol(symbol);
    id.and_then(|id| platform.live.instrument(id))
        .map(|state| InstrumentShape::new(&state, seq, &platform.live))
        .ok_or_else(|| ApiError::plain(Code::UnknownInstrument).field("symbol"))
}
