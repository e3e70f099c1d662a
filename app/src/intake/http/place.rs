//! `POST /v1/orders`: one new order. 201 with the order as it stands after matching; 200
//! with the first order for a repeat; 409 for the same client order id with other content;
//! 4xx with the code for a refusal, whose repeat gets the same answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{NoParams, Signed, Trade};
use super::new_order::{self, NewOrder, PlaceBody, Unread};
use super::shapes::OrderShape;
use super::submit;
use crate::bus::Receipt;
use crate::live::fold;
use crate::platform::Platform;

/// The client order id of the order that follows another.
const CHILD_ID: &str = "if_done.client_order_id";

/// Place an order.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", request_body = PlaceBody<'static>,
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 201, description = "The order as it stands after matching", body = OrderShape),
        (status = 200, description = "A repeat: the first order with this client order id as it stands", body = OrderShape),
        (status = 400, description = "The request cannot be read", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope, address_not_allowed, account_suspended, account_closed", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 409, description = "duplicate_client_order_id; `details.order` is the first order", body = ErrorBody<'static>),
        (status = 422, description = "Refused by a rule; `details.order_id` where it was recorded", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "busy, unavailable (not sequenced); outcome_unknown (repeat it)", body = ErrorBody<'static>)))]
pub async fn place(
    State(platform): State<Platform>,
    _: NoParams,
    request: Signed<Trade>,
) -> ApiResult<Response> {
    let (command, new) = match new_order::read(&request.body, &platform, &request) {
        Ok(read) => read,
        Err(unread) => return Err(unread.answer(request.account(), &platform)),
    };
    let receipt = submit(&platform, command).await?;
    let (status, order) = answer(&receipt, &new, &platform).await?;
    Ok((status, Json(order)).into_response())
}

impl Unread {
    /// Its answer: with the id of a known order it has other content than that order, which
    /// goes before what else is wrong with it.
    pub(super) fn answer(self, account: AccountId, platform: &Platform) -> ApiError {
        let first = self.client_id.and_then(|id| platform.live.order_by_client_id(account, &id));
        match first {
            Some(first) => conflict(Some(&first), platform),
            None => self.error,
        }
    }
}

/// A client order id that can be written into a path as it is: clients' libraries resolve
/// segments of dots away.
pub(in crate::intake) fn client_id(text: &str) -> Option<ClientId> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    let good = (1..=36).contains(&text.len())
        && text.bytes().all(allowed)
        && text.bytes().any(|b| b != b'.');
    good.then(|| ClientId::new(text)).flatten()
}

/// What a new order's outcome is to its sender.
pub(super) async fn answer(
    receipt: &Receipt,
    new: &NewOrder,
    platform: &Platform,
) -> ApiResult<(StatusCode, OrderShape)> {
    let step = receipt.step();
    for event in receipt.events() {
        match event {
            Event::Repeated { order } => {
                return repeated(*order, &step.command, new, platform).await;
            }
            Event::Refused { code: Reject::DuplicateClientOrderId, .. } => {
                return Err(duplicate(new, platform).await);
            }
            Event::Refused { code, order } => {
                return Err(refusal(*code, &step.command, *order));
            }
            _ => {}
        }
    }
    let order =
        fold::placed(&step.command, receipt.events(), step.at, step.seq).ok_or_else(|| {
            tracing::error!(event = "http.place_without_outcome", seq = step.seq.0);
            ApiError::plain(Code::InternalError)
        })?;
    Ok((StatusCode::CREATED, OrderShape::new(&order, &new.spec, &platform.live)))
}

/// The answer to a refused order, the first time and every time.
fn refusal(code: Reject, command: &Command, order: Option<OrderId>) -> ApiError {
    let error = refused(code);
    let error = match asked_otherwise(code, error.field.as_deref(), command) {
        Some(field) => error.field(field),
        None => error,
    };
    match order {
        Some(order) => error.details(json!({"order_id": order.to_string()})),
        None => error,
    }
}

/// The field where this order asked in another one than most for what the refusal is about.
fn asked_otherwise(code: Reject, field: Option<&str>, command: &Command) -> Option<&'static str> {
    let place = match command {
        Command::Place(place) => place,
        // Its own client order id was looked at before: it is that of the order that follows.
        Command::PlaceContingent(_) if code == Reject::InvalidClientId => return Some(CHILD_ID),
        Command::PlaceContingent(contingent) => &contingent.order,
        _ => return None,
    };
    match field {
        Some("quantity") if place.by_amount => Some("quote_amount"),
        Some("condition") if place.condition == Condition::Any => Some("short_sale"),
        _ => None,
    }
}

/// Which field of an order a refusal is about.
fn field_of(code: Reject) -> Option<&'static str> {
    Some(match code {
        Reject::InvalidQuantity
        | Reject::OffLot
        | Reject::BelowMinQuantity
        | Reject::AboveMaxQuantity
        | Reject::InsufficientFunds
        | Reject::OverListedShares
        | Reject::RiskOrderQuantity
        | Reject::RiskOrderValue
        | Reject::RiskDayValue
        | Reject::RiskPosition
        | Reject::OddLotCap
        | Reject::QuantityIncrease
        | Reject::QuantityBelowFilled => "quantity",
        Reject::InvalidPrice
        | Reject::OffTick
        | Reject::PriceOutOfLimits
        | Reject::ShortSaleRestricted
        | Reject::RiskCollar
        | Reject::OddLotPrice
        | Reject::PostOnlyWouldCross => "price",
        Reject::InvalidTimeInForce => "time_in_force",
        Reject::InvalidCondition => "condition",
        Reject::InvalidTrigger => "stop_price",
        Reject::InvalidExpiry => "expires_on",
        Reject::KindHalted | Reject::CallAuction => "type",
        Reject::OddLotUnavailable | Reject::OddLotNoQuote => "odd_lot",
        Reject::InvalidClientId | Reject::DuplicateClientOrderId => "client_order_id",
        _ => return None,
    })
}

/// A refusal, with the field it is about.
pub(super) fn refused(code: Reject) -> ApiError {
    let error = ApiError::refused(code);
    match field_of(code) {
        Some(field) => error.field(field),
        None => error,
    }
}

async fn repeated(
    order: OrderId,
    command: &Command,
    new: &NewOrder,
    platform: &Platform,
) -> ApiResult<(StatusCode, OrderShape)> {
    let first = match platform.live.order(order) {
        Some(first) => first,
        None => {
            let found = platform.history.order(new.account, order).await?;
            found.value.ok_or_else(|| ApiError::plain(Code::HistoryUnavailable))?.state
        }
    };
    match (first.status, first.reject) {
        (OrderStatus::Rejected, Some(code)) => Err(refusal(code, command, Some(order))),
        _ => Ok((StatusCode::OK, OrderShape::new(&first, &new.spec, &platform.live))),
    }
}

/// The conflict, with the first order if it is still known (also to the history).
async fn duplicate(new: &NewOrder, platform: &Platform) -> ApiError {
    if let Some(first) = first_with(&new.client_id, new.account, platform).await {
        return conflict(Some(&first), platform);
    }
    // Its own id is free: that of the order that follows it is not.
    match new.child_id {
        Some(id) => {
            let first = first_with(&id, new.account, platform).await;
            conflict(first.as_ref(), platform).field(CHILD_ID)
        }
        None => conflict(None, platform),
    }
}

/// The order with this client order id, from memory or the history.
async fn first_with(id: &ClientId, account: AccountId, platform: &Platform) -> Option<OrderState> {
    if let Some(first) = platform.live.order_by_client_id(account, id) {
        return Some(first);
    }
    let found = platform.history.order_by_client_id(account, id.as_str()).await;
    found.ok().and_then(|at| at.value).map(|row| row.state)
}

fn conflict(first: Option<&OrderState>, platform: &Platform) -> ApiError {
    let error = ApiError::plain(Code::DuplicateClientOrderId).field("client_order_id");
    match first.and_then(|first| OrderShape::find(first, &platform.live)) {
        Some(first) => error.details(json!({"order": first})),
        None => error,
    }
}
