//! Reading orders: `GET /v1/orders`, one by number, one by client order id. Open orders
//! come from memory and are never stale; finished ones from memory while they are
//! remembered, then from the history, which says how far it is.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::types::*;
use zaraba_engine::{Event, Reject};

use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{NoParams, Params, Read, Segment, Signed};
use super::history::{limit_of, time_of};
use super::place::{client_id, refused};
use super::shapes::{List, OrderShape};
use crate::bus::Receipt;
use crate::intake::http::cancel::instrument_of;
use crate::platform::Platform;
use crate::queries::{OrderFilter, fingerprint};

/// Marks cursors of the list in memory; the history has its own.
const OPEN_CURSOR: &[u8] = b"open";

/// Which orders.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrdersQuery {
    /// Left out or `open`: all open orders, from memory, oldest first. `partially_filled`,
    /// `pending_trigger`: those of them. `filled`, `cancelled`, `expired`, `rejected`, `all`: from the history,
    /// newest first.
    status: Option<String>,
    /// Only in this instrument.
    symbol: Option<String>,
    /// Only `buy` or `sell`.
    side: Option<String>,
    /// History only: received at or after this time (RFC 3339).
    from: Option<String>,
    /// History only: received before this time (RFC 3339).
    to: Option<String>,
    /// 1 to 1000; 100 when left out.
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

enum Which {
    Live(Option<OrderStatus>),
    Past(Option<OrderStatus>),
}

/// List orders.
#[utoipa::path(get, path = "/v1/orders", operation_id = "list_orders", tag = "orders", params(OrdersQuery),
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "A page of orders", body = List<OrderShape>),
        (status = 400, description = "invalid_parameter, invalid_cursor", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "history_unavailable", body = ErrorBody<'static>)))]
pub async fn list(
    State(platform): State<Platform>,
    Params(query): Params<OrdersQuery>,
    request: Signed<Read>,
) -> ApiResult<Json<List<OrderShape>>> {
    let limit = limit_of(query.limit.as_deref())?;
    let filter = OrderFilter {
        instrument: instrument_of(&platform, query.symbol.as_deref())?,
        side: query.side.as_deref().map(side_of).transpose()?,
        status: None,
        from: time_of("from", query.from.as_deref())?,
        to: time_of("to", query.to.as_deref())?,
    };
    let cursor = query.cursor.as_deref();
    let page = match which(query.status.as_deref())? {
        Which::Live(status) => {
            let filter = OrderFilter { status, ..filter };
            open_page(&platform, request.account(), &filter, cursor, limit)?
        }
        Which::Past(status) => {
            let filter = OrderFilter { status, ..filter };
            let page = platform.history.orders(request.account(), &filter, cursor, limit).await?;
            List {
                items: page
                    .items
                    .iter()
                    .filter_map(|row| OrderShape::find(&row.state, &platform.live))
                    .collect(),
                next_cursor: page.next_cursor,
                seq: page.seq.0,
            }
        }
    };
    Ok(Json(page))
}

fn which(status: Option<&str>) -> ApiResult<Which> {
    Ok(match status {
        None | Some("open") => Which::Live(None),
        Some("partially_filled") => Which::Live(Some(OrderStatus::PartiallyFilled)),
        Some("pending_trigger") => Which::Live(Some(OrderStatus::PendingTrigger)),
        Some("filled") => Which::Past(Some(OrderStatus::Filled)),
        Some("cancelled") => Which::Past(Some(OrderStatus::Cancelled)),
        Some("expired") => Which::Past(Some(OrderStatus::Expired)),
        Some("rejected") => Which::Past(Some(OrderStatus::Rejected)),
        Some("all") => Which::Past(None),
        Some(_) => {
            let message = "status must be open, partially_filled, filled, cancelled, expired, \
                           rejected, pending_trigger or all";
            return Err(ApiError::new(Code::InvalidParameter, message).field("status"));
        }
    })
}

fn open_page(
    platform: &Platform,
    account: AccountId,
    filter: &OrderFilter,
    cursor: Option<&str>,
    limit: usize,
) -> ApiResult<List<OrderShape>> {
    let after = cursor.map(|cursor| decode_cursor(cursor, filter)).transpose()?;
    let keep = |order: &OrderState| {
        filter.instrument.is_none_or(|i| i == order.instrument)
            && filter.side.is_none_or(|side| side == order.side)
            && filter.from.is_none_or(|from| order.created_at >= from)
            && filter.to.is_none_or(|to| order.created_at < to)
            && filter.status.is_none_or(|status| status == order.status)
    };
    let (orders, seq, next) = platform.live.open_orders_page(account, after, limit, keep);
    Ok(List {
        items: orders.iter().filter_map(|o| OrderShape::find(o, &platform.live)).collect(),
        next_cursor: next.map(|order| encode_cursor(order, filter)),
        seq: seq.0,
    })
}

fn encode_cursor(order: OrderId, filter: &OrderFilter) -> String {
    let filter = fingerprint(filter).to_be_bytes();
    URL_SAFE_NO_PAD.encode([OPEN_CURSOR, &filter, &order.0.to_be_bytes()].concat())
}

fn decode_cursor(cursor: &str, filter: &OrderFilter) -> ApiResult<OrderId> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let number = bytes.as_deref().and_then(|bytes| bytes.strip_prefix(OPEN_CURSOR));
    let number = number.and_then(|rest| rest.strip_prefix(&fingerprint(filter).to_be_bytes()));
    // Numbers are below 2^63, so the one after never overflows.
    number
        .and_then(|number| Some(u64::from_be_bytes(number.try_into().ok()?)))
        .filter(|number| *number < 1 << 63)
        .map(OrderId)
        .ok_or_else(|| ApiError::plain(Code::InvalidCursor).field("cursor"))
}

/// One order by number.
#[utoipa::path(get, path = "/v1/orders/{order_id}", operation_id = "get_order", tag = "orders",
    params(("order_id" = String, Path, description = "Order number")),
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "The order", body = OrderShape),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope", body = ErrorBody<'static>),
        (status = 404, description = "order_not_found", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "history_unavailable", body = ErrorBody<'static>)))]
pub async fn one(
    State(platform): State<Platform>,
    Segment(id): Segment,
    _: NoParams,
    request: Signed<Read>,
) -> ApiResult<Json<OrderShape>> {
    let order = order_id(&id)?;
    let found = match platform.live.order(order) {
        Some(state) => Some(state).filter(|state| state.account == request.account()),
        None => platform.history.order(request.account(), order).await?.value.map(|o| o.state),
    };
    shape(found, &platform)
}

/// One order by the client's own id.
#[utoipa::path(get, path = "/v1/orders/by-client-id/{client_order_id}", tag = "orders",
    params(("client_order_id" = String, Path, description = "The client's own id")),
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "The order", body = OrderShape),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope", body = ErrorBody<'static>),
        (status = 404, description = "order_not_found", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "history_unavailable", body = ErrorBody<'static>)))]
pub async fn by_client_id(
    State(platform): State<Platform>,
    Segment(text): Segment,
    _: NoParams,
    request: Signed<Read>,
) -> ApiResult<Json<OrderShape>> {
    let id = client_id(&text).ok_or_else(|| ApiError::plain(Code::OrderNotFound))?;
    let found = match platform.live.order_by_client_id(request.account(), &id) {
        Some(state) => Some(state),
        None => {
            let found = platform.history.order_by_client_id(request.account(), &text).await?;
            found.value.map(|order| order.state)
        }
    };
    shape(found, &platform)
}

fn shape(found: Option<OrderState>, platform: &Platform) -> ApiResult<Json<OrderShape>> {
    found
        .and_then(|order| OrderShape::find(&order, &platform.live))
        .map(Json)
        .ok_or_else(|| ApiError::plain(Code::OrderNotFound))
}

/// An order number of a query.
pub(super) fn order_filter(text: &str) -> ApiResult<OrderId> {
    order_id(text).map_err(|_| {
        ApiError::new(Code::InvalidParameter, "order_id must be an order number").field("order_id")
    })
}

/// An order number of a path; what is no number is no order.
pub(in crate::intake) fn order_id(text: &str) -> ApiResult<OrderId> {
    let plain = (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain
        .then(|| text.parse().ok())
        .flatten()
        .filter(|number| (1..1u64 << 63).contains(number))
        .map(OrderId)
        .ok_or_else(|| ApiError::plain(Code::OrderNotFound))
}

/// A side of a query.
pub(in crate::intake) fn side_of(text: &str) -> ApiResult<Side> {
    match text {
        "buy" => Ok(Side::Buy),
        "sell" => Ok(Side::Sell),
        _ => Err(ApiError::new(Code::InvalidParameter, "side must be buy or sell").field("side")),
    }
}

/// The answer to an amendment or cancel of one order: the order as this command left it
/// (not as commands after it have changed it meanwhile), or why not.
pub(in crate::intake) async fn changed(
    receipt: &Receipt,
    order: OrderId,
    account: AccountId,
    platform: &Platform,
) -> ApiResult<OrderShape> {
    let left = receipt.named_order().filter(|state| state.account == account);
    let left = left.and_then(|state| OrderShape::find(state, &platform.live));
    let refusal = receipt.events().iter().find_map(|event| match event {
        Event::Refused { code, .. } => Some(*code),
        _ => None,
    });
    match (refusal, left) {
        (None, Some(order)) => Ok(order),
        (None, None) => {
            let seq = receipt.step().seq.0;
            tracing::error!(event = "http.changed_order_unknown", order = order.0, seq);
            Err(ApiError::plain(Code::InternalError))
        }
        (Some(Reject::OrderNotOpen), Some(order)) => {
            Err(refused(Reject::OrderNotOpen).details(json!({"order": order})))
        }
        (Some(code), _) => Err(refused(code)),
    }
}
