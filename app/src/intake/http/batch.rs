//! `POST /v1/orders/batch`: up to 100 new orders, each with its own answer. All are handed
//! in before the first is waited for, so they share a sync; they are sequenced in the given
//! order, though others' commands may come between.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use zaraba_engine::Command;

use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{Signed, Trade};
use super::shapes::OrderShape;
use super::{fields, outcome, place};
use crate::platform::Platform;

/// Most orders of one request.
pub const ORDERS_MAX: usize = 100;

/// Several new orders.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrders)]
struct BatchBody<'a> {
    /// 1 to 100 orders, each as in `POST /v1/orders`.
    #[serde(borrow)]
    #[schema(value_type = Vec<place::PlaceBody<'static>>)]
    orders: Vec<&'a RawValue>,
}

/// Answers in the order of the request.
#[derive(Serialize, ToSchema)]
pub struct BatchAnswer {
    items: Vec<BatchItem>,
    /// Highest journal sequence among the answers; zero when nothing was sequenced.
    seq: u64,
}

/// The answer to one order of a batch.
#[derive(Serialize, ToSchema)]
struct BatchItem {
    /// What `POST /v1/orders` would have answered.
    #[schema(example = 201)]
    status: u16,
    /// The order, when `status` is 200 or 201.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderShape>,
    /// The error, otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<super::error::ErrorShape<'static>>)]
    error: Option<serde_json::Value>,
}

impl BatchItem {
    fn new(answer: ApiResult<(StatusCode, OrderShape)>) -> BatchItem {
        match answer {
            Ok((status, order)) => {
                BatchItem { status: status.as_u16(), order: Some(order), error: None }
            }
            Err(error) => BatchItem {
                status: error.code.status(),
                order: None,
                error: serde_json::to_value(error.shape()).ok(),
            },
        }
    }
}

/// Place up to 100 orders. Counts as that many writes: the ones beyond the first are owed.
#[utoipa::path(post, path = "/v1/orders/batch", tag = "orders", request_body = BatchBody<'static>,
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "One answer per order, in their order", body = BatchAnswer),
        (status = 400, description = "The request as a whole cannot be read", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope, address_not_allowed", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
pub async fn batch(
    State(platform): State<Platform>,
    request: Signed<Trade>,
) -> ApiResult<Json<BatchAnswer>> {
    let body: BatchBody<'_> = fields::read(&request.body)?;
    if !(1..=ORDERS_MAX).contains(&body.orders.len()) {
        let message = format!("a batch has 1 to {ORDERS_MAX} orders, not {}", body.orders.len());
        return Err(ApiError::new(Code::InvalidValue, message).field("orders"));
    }
    platform.keys.owe_writes(&request.principal, body.orders.len() as u32 - 1, request.at);
    let mut waiting = Vec::with_capacity(body.orders.len());
    for order in body.orders {
        let read = place::read(order.get().as_bytes(), &platform, &request);
        waiting.push(read.and_then(|(place, spec)| {
            let receipt = platform.gate.enqueue(Command::Place(place))?;
            Ok((receipt, place, spec))
        }));
    }
    let mut answer = BatchAnswer { items: Vec::with_capacity(waiting.len()), seq: 0 };
    for entry in waiting {
        let item = match entry {
            Ok((receipt, placed, spec)) => match outcome(&platform, receipt).await {
                Ok(receipt) => {
                    answer.seq = answer.seq.max(receipt.step().seq.0);
                    place::answer(&receipt, &placed, &spec, &platform).await
                }
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        answer.items.push(BatchItem::new(item));
    }
    Ok(Json(answer))
}
