//! `POST /v1/orders/batch`: up to 100 new orders, or up to 100 operations (new orders,
//! amendments, cancels), each with its own answer. All are handed in before the first is
//! waited for, so they share a sync; they are sequenced in the given order, though others'
//! commands may come between. An operation can name only orders whose number the client
//! has, so none of the same request.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::oneshot::Receiver;
use utoipa::ToSchema;
use zaraba_engine::Command;
use zaraba_engine::command::{Cancel, Via};
use zaraba_engine::types::OrderId;

use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{NoParams, Signed, Trade};
use super::fields::{Given, Object, required};
use super::new_order::NewOrder;
use super::orders::{changed, order_id};
use super::shapes::OrderShape;
use super::{amend, fields, new_order, outcome, place};
use crate::bus::Receipt;
use crate::platform::Platform;

/// Most orders or operations of one request.
pub const ORDERS_MAX: usize = 100;

/// Several orders or operations: one of the two lists.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Batch)]
struct BatchBody<'a> {
    /// 1 to 100 orders, each as in `POST /v1/orders`.
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<new_order::PlaceBody<'static>>>)]
    orders: Option<Vec<&'a RawValue>>,
    /// 1 to 100 operations, carried out in this order.
    #[serde(borrow)]
    #[schema(value_type = Option<Vec<Operation<'static>>>)]
    operations: Option<Vec<&'a RawValue>>,
}

/// One operation of a batch: an object with exactly one of these fields.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Operation<'a> {
    /// A new order, as in `POST /v1/orders`.
    #[serde(borrow)]
    #[schema(value_type = Option<new_order::PlaceBody<'static>>)]
    place: Option<&'a RawValue>,
    /// A change of an open order, as in `PATCH /v1/orders/{order_id}`.
    #[serde(borrow)]
    #[schema(value_type = Option<AmendOperation<'static>>)]
    amend: Option<Object<AmendOperation<'a>>>,
    /// A cancel of an open order.
    #[serde(borrow)]
    #[schema(value_type = Option<CancelOperation<'static>>)]
    cancel: Option<Object<CancelOperation<'a>>>,
}

/// A change of an open order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AmendOperation<'a> {
    /// Which order.
    #[serde(borrow)]
    #[schema(value_type = String)]
    order_id: Option<Given<'a>>,
    /// New limit price.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    price: Option<Given<'a>>,
    /// New total quantity.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    quantity: Option<Given<'a>>,
    /// New condition.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    condition: Option<Given<'a>>,
}

/// A cancel of an open order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CancelOperation<'a> {
    /// Which order.
    #[serde(borrow)]
    #[schema(value_type = String)]
    order_id: Option<Given<'a>>,
}

/// Answers in the order of the request.
#[derive(Serialize, ToSchema)]
pub struct BatchAnswer {
    items: Vec<BatchItem>,
    /// Highest journal sequence among the answers; zero when nothing was sequenced.
    seq: u64,
}

/// The answer to one order or operation of a batch.
#[derive(Serialize, ToSchema)]
struct BatchItem {
    /// What the call for this one alone would have answered.
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

/// A command on its way, with what its answer is made from.
enum Waiting {
    Placed(Receiver<Receipt>, Box<NewOrder>),
    Changed(Receiver<Receipt>, OrderId),
    /// No command, but its client order id is an earlier order's of this request: whether
    /// that one came to be decides its answer.
    Unread(Box<new_order::Unread>),
}

/// Place up to 100 orders, or carry out up to 100 operations in their order. Counts as that
/// many writes: the ones beyond the first are owed.
#[utoipa::path(post, path = "/v1/orders/batch", tag = "orders", request_body = BatchBody<'static>,
    security(("api_key" = [], "request_time" = [], "signature" = [])),
    responses(
        (status = 200, description = "One answer per order or operation, in their order", body = BatchAnswer),
        (status = 400, description = "The request as a whole cannot be read", body = ErrorBody<'static>),
        (status = 401, description = "Not signed as it should be", body = ErrorBody<'static>),
        (status = 403, description = "insufficient_scope, address_not_allowed", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
pub async fn batch(
    State(platform): State<Platform>,
    _: NoParams,
    request: Signed<Trade>,
) -> ApiResult<Json<BatchAnswer>> {
    let body: BatchBody<'_> = fields::read(&request.body)?;
    let (entries, field, are_orders) = match (body.orders, body.operations) {
        (Some(orders), None) => (orders, "orders", true),
        (None, Some(operations)) => (operations, "operations", false),
        (None, None) => {
            return Err(
                ApiError::new(Code::MissingField, "give orders or operations").field("orders")
            );
        }
        (Some(_), Some(_)) => {
            let message = "give orders or operations, not both";
            return Err(ApiError::new(Code::InvalidValue, message).field("operations"));
        }
    };
    if !(1..=ORDERS_MAX).contains(&entries.len()) {
        let message = format!("a batch has 1 to {ORDERS_MAX} {field}, not {}", entries.len());
        return Err(ApiError::new(Code::InvalidValue, message).field(field));
    }
    platform.keys.owe_writes(&request.principal, entries.len() as u32 - 1, request.at);
    let mut waiting = Vec::with_capacity(entries.len());
    for entry in entries {
        let json = entry.get().as_bytes();
        let entry = if are_orders {
            enqueue_place(json, &waiting, &platform, &request)
        } else {
            enqueue(json, &waiting, &platform, &request)
        };
        waiting.push(entry);
    }
    let mut answer = BatchAnswer { items: Vec::with_capacity(waiting.len()), seq: 0 };
    for entry in waiting {
        let item = match entry {
            Ok(waiting) => finish(waiting, &platform, &request, &mut answer.seq).await,
            Err(error) => Err(error),
        };
        answer.items.push(BatchItem::new(item));
    }
    Ok(Json(answer))
}

/// Hands in one operation.
fn enqueue(
    json: &[u8],
    earlier: &[ApiResult<Waiting>],
    platform: &Platform,
    request: &Signed<Trade>,
) -> ApiResult<Waiting> {
    let account = request.account();
    match fields::read(json)? {
        Operation { place: Some(order), amend: None, cancel: None } => {
            enqueue_place(order.get().as_bytes(), earlier, platform, request)
        }
        Operation { place: None, amend: Some(amend), cancel: None } => {
            let order = order_of(&amend.order_id)?;
            let asked = amend::Asked {
                price: &amend.price,
                quantity: &amend.quantity,
                condition: &amend.condition,
            };
            let amend = amend::read(order, &asked, platform, request)?;
            Ok(Waiting::Changed(platform.gate.enqueue_client(Command::Amend(amend))?, order))
        }
        Operation { place: None, amend: None, cancel: Some(cancel) } => {
            let order = order_of(&cancel.order_id)?;
            let key = request.principal.key.key_id;
            let command = Command::Cancel(Cancel { account, order, via: Via::Rest, key });
            Ok(Waiting::Changed(platform.gate.enqueue_client(command)?, order))
        }
        _ => {
            let message = "an operation has exactly one of place, amend, cancel";
            Err(ApiError::new(Code::InvalidValue, message).field("operations"))
        }
    }
}

fn enqueue_place(
    json: &[u8],
    earlier: &[ApiResult<Waiting>],
    platform: &Platform,
    request: &Signed<Trade>,
) -> ApiResult<Waiting> {
    let (command, new) = match new_order::read(json, platform, request) {
        Ok(read) => read,
        Err(unread) => {
            let same_id = |entry: &ApiResult<Waiting>| {
                matches!(entry, Ok(Waiting::Placed(_, new))
                    if unread.client_id == Some(new.client_id)
                        || unread.client_id.is_some() && unread.client_id == new.child_id)
            };
            if earlier.iter().any(same_id) {
                return Ok(Waiting::Unread(unread));
            }
            return Err(unread.answer(request.account(), platform));
        }
    };
    let receipt = platform.gate.enqueue_client(command)?;
    Ok(Waiting::Placed(receipt, Box::new(new)))
}

fn order_of(given: &Option<Given<'_>>) -> ApiResult<OrderId> {
    order_id(required(given, "order_id")?.text("order_id")?)
}

/// Waits for the outcome of one; `seq` becomes the highest seen.
async fn finish(
    waiting: Waiting,
    platform: &Platform,
    request: &Signed<Trade>,
    seq: &mut u64,
) -> ApiResult<(StatusCode, OrderShape)> {
    match waiting {
        Waiting::Placed(receipt, new) => {
            let receipt = outcome(platform, receipt).await?;
            *seq = (*seq).max(receipt.step().seq.0);
            place::answer(&receipt, &new, platform).await
        }
        Waiting::Changed(receipt, order) => {
            let receipt = outcome(platform, receipt).await?;
            *seq = (*seq).max(receipt.step().seq.0);
            let order = changed(&receipt, order, request.account(), platform).await?;
            Ok((StatusCode::OK, order))
        }
        // The earlier order has been waited for: the live view has it if it was recorded.
        Waiting::Unread(unread) => Err(unread.answer(request.account(), platform)),
    }
}
