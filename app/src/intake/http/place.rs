//! `POST /v1/orders`: one new order. 201 with the order as it stands after matching; 200
//! with the first order for a repeat; 409 for the same client order id with other content;
//! 4xx with the code for a refusal, whose repeat gets the same answer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use zaraba_engine::command::{Place, Via};
use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

use super::decimal::{self, DecimalError};
use super::error::{ApiError, ApiResult, Code, ErrorBody};
use super::extract::{NoParams, Signed, Trade};
use super::fields::{self, Given, required, word};
use super::shapes::OrderShape;
use super::submit;
use crate::bus::Receipt;
use crate::live::fold;
use crate::platform::Platform;

/// A new order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOrder)]
pub struct PlaceBody<'a> {
    /// Your own id, unique per account: 1 to 36 letters, digits, `-`, `_`, `.`, `:`, not
    /// only dots. Repeat a request whose outcome you do not know with the same id.
    #[serde(borrow)]
    #[schema(value_type = String, example = "a-1")]
    client_order_id: Option<Given<'a>>,
    /// Instrument code.
    #[serde(borrow)]
    #[schema(value_type = String, example = "7203")]
    symbol: Option<Given<'a>>,
    /// `buy` or `sell`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "buy")]
    side: Option<Given<'a>>,
    /// `limit` or `market`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "limit")]
    r#type: Option<Given<'a>>,
    /// Decimal string, a multiple of the lot size.
    #[serde(borrow)]
    #[schema(value_type = String, example = "100")]
    quantity: Option<Given<'a>>,
    /// Decimal string, a multiple of the tick size; for limit orders only.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "2530.5")]
    price: Option<Given<'a>>,
    /// For stop orders, which this version does not offer.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    stop_price: Option<Given<'a>>,
    /// `day`, `gtc`, `ioc`, `fok`. Left out: `ioc` for market orders; else `day` for `tse`,
    /// `gtc` for `crypto` instruments.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    time_in_force: Option<Given<'a>>,
    /// Only `none` in this version.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    condition: Option<Given<'a>>,
    /// Refuse the order rather than take liquidity.
    #[serde(borrow)]
    #[schema(value_type = Option<bool>)]
    post_only: Option<Given<'a>>,
    /// Only `none` in this version.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    self_trade_prevention: Option<Given<'a>>,
}

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
    let (place, spec) = match read(&request.body, &platform, &request) {
        Ok(read) => read,
        Err(unread) => return Err(unread.answer(request.account(), &platform)),
    };
    let receipt = submit(&platform, Command::Place(place)).await?;
    let (status, order) = answer(&receipt, &place, &spec, &platform).await?;
    Ok((status, Json(order)).into_response())
}

/// A new order that cannot be a command.
pub(super) struct Unread {
    /// Its client order id, if that much could be read.
    pub(super) client_id: Option<ClientId>,
    /// Why.
    pub(super) error: ApiError,
}

impl From<ApiError> for Box<Unread> {
    fn from(error: ApiError) -> Box<Unread> {
        Box::new(Unread { client_id: None, error })
    }
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

/// Reads one new order of the caller.
pub(super) fn read(
    body: &[u8],
    platform: &Platform,
    request: &Signed<Trade>,
) -> Result<(Place, InstrumentSpec), Box<Unread>> {
    let body: PlaceBody<'_> = fields::read(body)?;
    let client_id = client_order_id(&body)?;
    order_of(&body, client_id, platform, request)
        .map_err(|error| Box::new(Unread { client_id: Some(client_id), error }))
}

fn order_of(
    body: &PlaceBody<'_>,
    client_id: ClientId,
    platform: &Platform,
    request: &Signed<Trade>,
) -> ApiResult<(Place, InstrumentSpec)> {
    body.refuse_unsupported()?;
    let symbol = required(&body.symbol, "symbol")?.text("symbol")?;
    let side = required(&body.side, "side")?.text("side")?;
    let side = word("side", side, &[("buy", Side::Buy), ("sell", Side::Sell)])?;
    let kind = required(&body.r#type, "type")?.text("type")?;
    let kind = kind_of(kind)?;
    let quantity = required(&body.quantity, "quantity")?.text("quantity")?;
    let (instrument, spec) = platform
        .live
        .spec_by_symbol(symbol)
        .ok_or_else(|| ApiError::plain(Code::UnknownInstrument).field("symbol"))?;
    let quantity = quantity_of(quantity, "quantity", &spec)?;
    let price = match (kind, &body.price) {
        (OrderKind::Limit, price) => price_of(required(price, "price")?.text("price")?, &spec)?,
        (OrderKind::Market, None) => Price::ZERO,
        (OrderKind::Market, Some(_)) => {
            let message = "a market order takes no price";
            return Err(ApiError::new(Code::InvalidPrice, message).field("price"));
        }
    };
    let time_in_force = match &body.time_in_force {
        Some(given) => word("time_in_force", given.text("time_in_force")?, &TIMES)?,
        None => match (kind, spec.profile) {
            (OrderKind::Market, _) => TimeInForce::Ioc,
            (OrderKind::Limit, Profile::Tse) => TimeInForce::Day,
            (OrderKind::Limit, Profile::Crypto) => TimeInForce::Gtc,
        },
    };
    let post_only = match &body.post_only {
        Some(given) => given.flag("post_only")?,
        None => false,
    };
    let place = Place {
        account: request.account(),
        instrument,
        side,
        kind,
        time_in_force,
        post_only,
        price,
        quantity,
        client_id,
        via: Via::Rest,
        key: request.principal.key.key_id,
        condition: Condition::Any,
        self_trade: SelfTrade::Allow,
        short: ShortSale::Long,
        by_amount: false,
    };
    Ok((place, spec))
}

const TIMES: [(&str, TimeInForce); 4] = [
    ("day", TimeInForce::Day),
    ("gtc", TimeInForce::Gtc),
    ("ioc", TimeInForce::Ioc),
    ("fok", TimeInForce::Fok),
];

/// Types of the contract that this version does not trade.
const LATER_TYPES: [&str; 3] = ["stop", "stop_limit", "take_profit"];

fn kind_of(text: &str) -> ApiResult<OrderKind> {
    if LATER_TYPES.contains(&text) {
        return Err(unsupported("type", "only limit and market orders are offered"));
    }
    word("type", text, &[("limit", OrderKind::Limit), ("market", OrderKind::Market)])
}

fn unsupported(field: &'static str, message: &'static str) -> ApiError {
    ApiError::new(Code::UnsupportedValue, message).field(field)
}

impl PlaceBody<'_> {
    fn refuse_unsupported(&self) -> ApiResult<()> {
        if let Some(given) = &self.stop_price {
            given.text("stop_price")?;
            return Err(unsupported("stop_price", "stop orders are not offered"));
        }
        for (given, name) in
            [(&self.condition, "condition"), (&self.self_trade_prevention, "self_trade_prevention")]
        {
            if let Some(given) = given
                && given.text(name)? != "none"
            {
                return Err(unsupported(name, "only \"none\" is offered"));
            }
        }
        Ok(())
    }
}

fn client_order_id(body: &PlaceBody<'_>) -> ApiResult<ClientId> {
    let name = "client_order_id";
    client_id(required(&body.client_order_id, name)?.text(name)?)
        .ok_or_else(|| ApiError::plain(Code::InvalidClientOrderId).field(name))
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

/// A price in the instrument's units. More decimals than it has cannot be on a tick.
pub(super) fn price_of(text: &str, spec: &InstrumentSpec) -> ApiResult<Price> {
    decimal::parse(text, spec.price_digits).map(Price).map_err(|why| {
        let code = match why {
            DecimalError::TooFine => Code::OffTick,
            DecimalError::Syntax | DecimalError::TooLarge => Code::InvalidPrice,
        };
        ApiError::plain(code).field("price")
    })
}

/// A quantity in the instrument's units. More decimals than it has cannot be whole lots.
pub(super) fn quantity_of(
    text: &str,
    field: &'static str,
    spec: &InstrumentSpec,
) -> ApiResult<Quantity> {
    decimal::parse(text, spec.quantity_digits).map(Quantity).map_err(|why| {
        let code = match why {
            DecimalError::TooFine => Code::OffLot,
            DecimalError::Syntax | DecimalError::TooLarge => Code::InvalidQuantity,
        };
        ApiError::plain(code).field(field)
    })
}

/// What a `Place`'s outcome is to its sender.
pub(super) async fn answer(
    receipt: &Receipt,
    place: &Place,
    spec: &InstrumentSpec,
    platform: &Platform,
) -> ApiResult<(StatusCode, OrderShape)> {
    let step = receipt.step();
    for event in receipt.events() {
        match event {
            Event::Repeated { order } => return repeated(*order, place, spec, platform).await,
            Event::Refused { code: Reject::DuplicateClientOrderId, .. } => {
                return Err(duplicate(place, platform).await);
            }
            Event::Refused { code, order } => return Err(refusal(*code, *order)),
            _ => {}
        }
    }
    let order =
        fold::placed(&step.command, receipt.events(), step.at, step.seq).ok_or_else(|| {
            tracing::error!(event = "http.place_without_outcome", seq = step.seq.0);
            ApiError::plain(Code::InternalError)
        })?;
    Ok((StatusCode::CREATED, OrderShape::new(&order, spec)))
}

/// The answer to a refused order, the first time and every time.
fn refusal(code: Reject, order: Option<OrderId>) -> ApiError {
    let error = ApiError::refused(code);
    let error = match field_of(code) {
        Some(field) => error.field(field),
        None => error,
    };
    match order {
        Some(order) => error.details(json!({"order_id": order.to_string()})),
        None => error,
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
        | Reject::QuantityIncrease
        | Reject::QuantityBelowFilled => "quantity",
        Reject::InvalidPrice
        | Reject::OffTick
        | Reject::PriceOutOfLimits
        | Reject::PostOnlyWouldCross => "price",
        Reject::InvalidTimeInForce => "time_in_force",
        Reject::InvalidClientId | Reject::DuplicateClientOrderId => "client_order_id",
        _ => return None,
    })
}

/// A refusal of an amendment or cancel, with the field it is about.
pub(super) fn refused(code: Reject) -> ApiError {
    refusal(code, None)
}

async fn repeated(
    order: OrderId,
    place: &Place,
    spec: &InstrumentSpec,
    platform: &Platform,
) -> ApiResult<(StatusCode, OrderShape)> {
    let first = match platform.live.order(order) {
        Some(first) => first,
        None => {
            let found = platform.history.order(place.account, order).await?;
            found.value.ok_or_else(|| ApiError::plain(Code::HistoryUnavailable))?.state
        }
    };
    match (first.status, first.reject) {
        (OrderStatus::Rejected, Some(code)) => Err(refusal(code, Some(order))),
        _ => Ok((StatusCode::OK, OrderShape::new(&first, spec))),
    }
}

/// The conflict, with the first order if it is still known (also to the history).
async fn duplicate(place: &Place, platform: &Platform) -> ApiError {
    let first: Option<OrderState> =
        match platform.live.order_by_client_id(place.account, &place.client_id) {
            Some(first) => Some(first),
            None => {
                let id = place.client_id.as_str();
                let found = platform.history.order_by_client_id(place.account, id).await;
                found.ok().and_then(|at| at.value).map(|row| row.state)
            }
        };
    conflict(first.as_ref(), platform)
}

fn conflict(first: Option<&OrderState>, platform: &Platform) -> ApiError {
    let error = ApiError::plain(Code::DuplicateClientOrderId).field("client_order_id");
    match first.and_then(|first| OrderShape::find(first, &platform.live)) {
        Some(first) => error.details(json!({"order": first})),
        None => error,
    }
}
