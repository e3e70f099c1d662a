//! `DELETE /v1/orders/{order_id}` and `DELETE /v1/orders`: cancel one, cancel many.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zaraba_engine::command::{Cancel, CancelMany, Provenance, Via};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{NoParams, Params, Segment, Signed, Trade};
use super::orders::{changed, order_id, side_of};
use super::place::refused;
use super::shapes::OrderShape;
use super::submit;
use crate::platform::Platform;

/// One request goes on until this many orders are ended.
const CANCELLED_MAX: u64 = 100_000;
/// Most slices one request sends; each ends up to a thousand orders and looks at ten thousand.
const SLICES_MAX: usize = 2_000;

/// Cancel one order.
#[utoipa::path(delete, path = "/v1/orders/{order_id}", tag = "orders",
    params(("order_id" = String, Path, description = "Order number")),
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "The order as it stands", body = OrderShape),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope", body = ErrorBody<'static>),
        (status = 404, description = "order_not_found", body = ErrorBody<'static>),
        (status = 409, description = "order_not_open; `details.order` is how it ended", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "busy, unavailable, outcome_unknown", body = ErrorBody<'static>)))]
pub async fn cancel(
    State(platform): State<Platform>,
    Segment(id): Segment,
    _: NoParams,
    request: Signed<Trade>,
) -> ApiResult<Json<OrderShape>> {
    let order = order_id(&id)?;
    let account = request.account();
    let key = request.principal.key.key_id;
    let command = Command::Cancel(Cancel { account, order, via: Via::Rest, key });
    let receipt = submit(&platform, command).await?;
    changed(&receipt, order, account, &platform).await.map(Json)
}

/// Which of the account's open orders.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CancelQuery {
    /// Only in this instrument.
    symbol: Option<String>,
    /// Only `buy` or `sell`.
    side: Option<String>,
}

/// What a mass cancel did.
#[derive(Serialize, ToSchema)]
pub struct Cancelled {
    /// Orders ended.
    pub cancelled: u64,
    /// Whether matching orders remain (beyond 100,000): repeat the request.
    pub more: bool,
    /// Journal sequence of the last step.
    pub seq: u64,
}

/// Cancel all open orders, or those of an instrument and/or side.
#[utoipa::path(delete, path = "/v1/orders", tag = "orders", params(CancelQuery),
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "How many were cancelled", body = Cancelled),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "busy, unavailable, outcome_unknown", body = ErrorBody<'static>)))]
pub async fn cancel_many(
    State(platform): State<Platform>,
    Params(query): Params<CancelQuery>,
    request: Signed<Trade>,
) -> ApiResult<Json<Cancelled>> {
    let instrument = instrument_of(&platform, query.symbol.as_deref())?;
    let command = CancelMany {
        price: Price(0),
        account: Some(request.account()),
        instrument,
        group: None,
        side: query.side.as_deref().map(side_of).transpose()?,
        via: Via::Rest,
        key: request.principal.key.key_id,
        from: CancelMany::START,
    };
    cancel_all(&platform, command, None).await.map(Json)
}

/// The instrument a filter names.
pub(in crate::intake) fn instrument_of(
    platform: &Platform,
    symbol: Option<&str>,
) -> ApiResult<Option<InstrumentId>> {
    let unknown = || ApiError::plain(Code::UnknownInstrument).field("symbol");
    symbol.map(|symbol| platform.live.instrument_by_symbol(symbol).ok_or_else(unknown)).transpose()
}

/// Sends a mass cancel slice by slice, of a person or of the account's owner.
pub(in crate::intake) async fn cancel_all(
    platform: &Platform,
    mut command: CancelMany,
    by: Option<&Provenance>,
) -> ApiResult<Cancelled> {
    let mut done = Cancelled { cancelled: 0, more: false, seq: 0 };
    for _ in 0..SLICES_MAX {
        let receipt = {
            let slice = Command::CancelMany(command);
            let slice = by.map_or(slice.clone(), |by| slice.given_by(*by));
            submit(platform, slice).await?
        };
        done.seq = receipt.step().seq.0;
        done.more = match receipt.events().last() {
            Some(Event::CancelledMany { count, more, next }) => {
                done.cancelled += u64::from(*count);
                command.from = *next;
                *more
            }
            Some(Event::Refused { code, .. }) => return Err(refused(*code)),
            _ => false,
        };
        if !done.more || done.cancelled >= CANCELLED_MAX {
            break;
        }
    }
    Ok(done)
}
