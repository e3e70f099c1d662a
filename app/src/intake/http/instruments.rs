//! `GET /v1/instruments` and one of them. Public.

use axum::Json;
use axum::extract::State;
use zaraba_engine::instrument::InstrumentState;
use zaraba_engine::types::InstrumentId;

use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{NoParams, Segment};
use super::shapes::{InstrumentShape, List};
use crate::market::listing::Listing;
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
    let shape = |(id, state): &(InstrumentId, InstrumentState)| {
        (*id, InstrumentShape::new(state, seq, &platform.live))
    };
    let mut items: Vec<(InstrumentId, InstrumentShape)> = instruments.iter().map(shape).collect();
    platform.market.read(|board| {
        for (id, shape) in &mut items {
            shape.indicative = board.listing(*id).and_then(Listing::indicative);
        }
    });
    let items = items.into_iter().map(|(_, shape)| shape).collect();
    List { items, next_cursor: None, seq: seq.0 }
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
    let unknown = || ApiError::plain(Code::UnknownInstrument).field("symbol");
    let id = platform.live.instrument_by_symbol(symbol).ok_or_else(unknown)?;
    let state = platform.live.instrument(id).ok_or_else(unknown)?;
    let indicative = platform.market.read(|board| board.listing(id).and_then(Listing::indicative));
    Ok(InstrumentShape { indicative, ..InstrumentShape::new(&state, seq, &platform.live) })
}
