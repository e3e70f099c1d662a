//! `GET /v1/instruments/{symbol}/odd-lot`: what the house offers for less than the trading unit.
//! Public. The price is the engine's own function of the terms, the limits and the best price.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use zaraba_engine::engine::principal_price;
use zaraba_engine::types::*;

use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{NoParams, Segment};
use crate::market::text::decimal;
use crate::platform::Platform;

/// The odd-lot desks of one instrument, as they stand.
#[derive(Serialize, ToSchema)]
#[schema(as = OddLotQuote)]
pub struct OddLotShape {
    /// Instrument.
    symbol: String,
    /// Whether orders for the next auction's batch are taken.
    batch: bool,
    /// Whether the house deals at once now: it does in continuous trading without a quote.
    principal: bool,
    /// What the house pays per share: the best bid less the spread. Null: no bid, or it does
    /// not deal now.
    #[schema(required)]
    bid: Option<String>,
    /// What the house asks per share: the best offer and the spread. Null as above.
    #[schema(required)]
    ask: Option<String>,
    /// The spread, in parts per million of the best price.
    spread_ppm: u32,
    /// Most shares of one order; below the trading unit.
    max_quantity: String,
    /// Most value of one order, in the quote asset; null: no cap.
    #[schema(required)]
    max_value: Option<String>,
    /// Sequence the prices reflect.
    seq: u64,
}

/// The house's odd-lot quote.
#[utoipa::path(get, path = "/v1/instruments/{symbol}/odd-lot", operation_id = "get_odd_lot_quote", tag = "market",
    params(("symbol" = String, Path, description = "Instrument code")),
    responses(
        (status = 200, description = "The desks as they stand", body = OddLotShape),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
pub async fn quote(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    _: NoParams,
) -> ApiResult<Json<OddLotShape>> {
    let unknown = || ApiError::plain(Code::UnknownInstrument).field("symbol");
    let live = &platform.live;
    let id = live.instrument_by_symbol(&symbol).ok_or_else(unknown)?;
    let state = live.instrument(id).ok_or_else(unknown)?;
    let depth = live.depth(id, 1).ok_or_else(unknown)?;
    let (terms, killed) = live.rules(|rules| {
        (rules.odd_lot_terms.get(&id).copied().unwrap_or_default(), rules.killed(id))
    });
    let spec = &state.spec;
    let open = state.status == InstrumentStatus::Open && !killed;
    let free = state.phase == Phase::Continuous && state.quote.kind == QuoteKind::Free;
    let principal = terms.principal && open && free;
    // A client sells to the house at its bid and buys at its ask.
    let price = |side: Side, best: &[(Price, Quantity)]| {
        let (best, _) = best.first().filter(|_| principal)?;
        let price = principal_price(&terms, side, *best, (spec.limit_down, spec.limit_up));
        Some(decimal(price.0.into(), spec.price_digits))
    };
    let most = terms.max_quantity.0.min(spec.lot.0 - 1);
    let exponent = live.asset(spec.quote_asset).map_or(0, |asset| asset.exponent);
    let cap = terms.max_value.0;
    Ok(Json(OddLotShape {
        batch: terms.batch && open,
        principal,
        bid: price(Side::Sell, &depth.bids),
        ask: price(Side::Buy, &depth.asks),
        spread_ppm: terms.spread_ppm,
        max_quantity: decimal(most.into(), spec.quantity_digits),
        max_value: (cap != 0).then(|| decimal(cap.into(), exponent)),
        seq: depth.seq.0,
        symbol,
    }))
}
