//! `PATCH /v1/orders/{order_id}`: a new price, a smaller total quantity, a new
//! condition, or several of them.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use zaraba_engine::Command;
use zaraba_engine::command::{Amend, Via};
use zaraba_engine::types::*;

use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{NoParams, Segment, Signed, Trade};
use super::fields::{self, Given};
use super::new_order::allowed;
use super::order_words::{condition_of, price_of, quantity_of};
use super::orders::{changed, order_id};
use super::shapes::OrderShape;
use super::submit;
use crate::platform::Platform;

/// An amendment. Absolute values, so a repeat changes nothing more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Amendment)]
struct AmendBody<'a> {
    /// New limit price; another price loses time priority.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    price: Option<Given<'a>>,
    /// New total quantity, the filled part included; alone it keeps time priority.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    quantity: Option<Given<'a>>,
    /// New condition, as in a new order; another one loses time priority.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    condition: Option<Given<'a>>,
}

/// What an amendment asks for.
pub(super) struct Asked<'b, 'a> {
    pub(super) price: &'b Option<Given<'a>>,
    pub(super) quantity: &'b Option<Given<'a>>,
    pub(super) condition: &'b Option<Given<'a>>,
}

/// Amend an open order.
#[utoipa::path(patch, path = "/v1/orders/{order_id}", tag = "orders",
    params(("order_id" = String, Path, description = "Order number")),
    request_body = AmendBody<'static>,
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "The order as it stands", body = OrderShape),
        (status = 400, description = "The request cannot be read", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope, account_suspended", body = ErrorBody<'static>),
        (status = 404, description = "order_not_found", body = ErrorBody<'static>),
        (status = 409, description = "order_not_open; `details.order` is how it ended", body = ErrorBody<'static>),
        (status = 422, description = "Refused by a rule", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>),
        (status = 503, description = "busy, unavailable, outcome_unknown", body = ErrorBody<'static>)))]
pub async fn amend(
    State(platform): State<Platform>,
    Segment(id): Segment,
    _: NoParams,
    request: Signed<Trade>,
) -> ApiResult<Json<OrderShape>> {
    let order = order_id(&id)?;
    let body: AmendBody<'_> = fields::read(&request.body)?;
    let asked = Asked { price: &body.price, quantity: &body.quantity, condition: &body.condition };
    let amend = read(order, &asked, &platform, &request)?;
    let receipt = submit(&platform, Command::Amend(amend)).await?;
    changed(&receipt, order, request.account(), &platform).await.map(Json)
}

/// Reads an amendment of one of the caller's orders.
pub(super) fn read(
    order: OrderId,
    asked: &Asked<'_, '_>,
    platform: &Platform,
    request: &Signed<Trade>,
) -> ApiResult<Amend> {
    if asked.price.is_none() && asked.quantity.is_none() && asked.condition.is_none() {
        return Err(ApiError::plain(Code::NothingToAmend));
    }
    // Its instrument says what the decimals mean. What is not remembered is not open either.
    let owned = platform.live.order(order).filter(|o| o.account == request.account());
    let spec = owned
        .and_then(|order| platform.live.spec(order.instrument))
        .ok_or_else(|| ApiError::plain(Code::OrderNotFound))?;
    let price = match asked.price {
        Some(given) => price_of(given.text("price")?, &spec)?,
        None => Price::ZERO,
    };
    let quantity = match asked.quantity {
        Some(given) => quantity_of(given.text("quantity")?, "quantity", &spec)?,
        None => Quantity::ZERO,
    };
    // To the engine zero means "unchanged", which is not what a client that writes 0 means.
    if asked.price.is_some() && price.0 == 0 {
        return Err(ApiError::plain(Code::InvalidPrice).field("price"));
    }
    if asked.quantity.is_some() && quantity.0 == 0 {
        return Err(ApiError::plain(Code::InvalidQuantity).field("quantity"));
    }
    let amend = Amend {
        account: request.account(),
        order,
        price,
        quantity,
        via: Via::Rest,
        key: request.principal.key.key_id,
        condition: asked.condition.as_ref().map(condition_of).transpose()?,
    };
    allowed(&Command::Amend(amend), spec.profile, platform)?;
    Ok(amend)
}
