//! Everything REST can answer that is not a success: one table of codes with their HTTP
//! status and meaning (`docs/API.md` repeats it and a test holds the two together), and the
//! one shape of an error.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use zaraba_engine::Reject;

use crate::auth::{AuthError, KeysError};
use crate::intake::gate::GateError;
use crate::queries::HistoryError;
use crate::sequencer::QuestionError;

macro_rules! codes {
    ($($name:ident $code:literal $status:literal $meaning:literal;)*) => {
        /// A stable public error code.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as clients see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// Its HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }

            /// What it means and what to do.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$name => $meaning,)* }
            }
        }
    };
}

codes! {
    InvalidJson "invalid_json" 400 "The body is not one JSON document in UTF-8 (or nests too deep).";
    InvalidType "invalid_type" 400 "`field` has the wrong JSON type; numbers of value are decimal strings.";
    InvalidValue "invalid_value" 400 "`field` is of the right type but not an allowed value.";
    UnknownField "unknown_field" 400 "`field` is not part of this request.";
    DuplicateField "duplicate_field" 400 "`field` is given twice.";
    MissingField "missing_field" 400 "`field` is required.";
    InvalidParameter "invalid_parameter" 400 "A part of the path or query cannot be read, is unknown or out of range.";
    SamePerson "same_person" 400 "The second person of a change is the one who asked for it.";
    InvalidCursor "invalid_cursor" 400 "The cursor is not one this list gave out with these filters; start again without one.";
    Unauthorized "unauthorized" 401 "A signing header (or the admin token) is missing or cannot be read.";
    BadSignature "bad_signature" 401 "The key is unknown, or the signature is not its over this request.";
    StaleRequest "stale_request" 401 "The request time is too far from the server's; see GET /v1/time, sign again.";
    ReplayedSignature "replayed_signature" 401 "The signature was accepted before; a retry must be signed anew.";
    KeyExpired "key_expired" 401 "The API key is past its time.";
    TokenExpired "token_expired" 401 "The admin token is past its end; nothing was done. Give the caller a new one.";
    AddressNotAllowed "address_not_allowed" 403 "The API key may not be used from this address.";
    InsufficientScope "insufficient_scope" 403 "The API key lacks the scope this call needs.";
    AccountSuspended "account_suspended" 403 "The account may only cancel.";
    AccountClosed "account_closed" 403 "The account is closed.";
    NotFound "not_found" 404 "No such path.";
    OrderNotFound "order_not_found" 404 "The account has no such order.";
    TradeNotFound "trade_not_found" 404 "No such trade.";
    UnknownInstrument "unknown_instrument" 404 "No such instrument; GET /v1/instruments lists them.";
    UnknownAccount "unknown_account" 404 "No such account.";
    UnknownAsset "unknown_asset" 404 "No such asset.";
    MethodNotAllowed "method_not_allowed" 405 "The path does not have this method.";
    RequestTimeout "request_timeout" 408 "The request did not arrive whole in time; nothing was done.";
    DuplicateClientOrderId "duplicate_client_order_id" 409 "The client order id (or transfer reference) was used with other content; `details.order` is the first order.";
    OrderNotOpen "order_not_open" 409 "The order is already finished; `details.order` is how.";
    AlreadyExists "already_exists" 409 "The code or symbol is taken; `details` holds what has it.";
    RequestIdReused "request_id_reused" 409 "The request id was used for another change: another call, body or person.";
    TradeChanged "trade_changed" 409 "The trade does not stand as it did when it was looked at; look again.";
    BodyTooLarge "body_too_large" 413 "The body is larger than `http.body_bytes`.";
    UnsupportedMediaType "unsupported_media_type" 415 "Bodies are `application/json`.";
    UnsupportedValue "unsupported_value" 422 "`field` asks for something this platform does not offer (yet).";
    InstrumentHalted "instrument_halted" 422 "The instrument is halted; only cancels are taken.";
    InstrumentClosed "instrument_closed" 422 "The instrument is closed.";
    InvalidClientOrderId "invalid_client_order_id" 422 "Client order ids have 1 to 36 letters, digits, `-`, `_`, `.`, `:`, and not only dots; that of `if_done` is another than the first order's.";
    InvalidQuantity "invalid_quantity" 422 "The quantity is not a positive decimal that fits.";
    OffLot "off_lot" 422 "The quantity is not a multiple of the lot size (Tokyo's trading unit: 100; less than that goes to the odd-lot desks).";
    BelowMinQuantity "below_min_quantity" 422 "Below the smallest order of the instrument; market orders may have a bound of their own.";
    AboveMaxQuantity "above_max_quantity" 422 "Above the largest order of the instrument; market orders may have a bound of their own.";
    InvalidPrice "invalid_price" 422 "The price is not a positive decimal that fits, or is given with an order that is or becomes a market order.";
    OffTick "off_tick" 422 "The price is not a multiple of the tick size. Tokyo's depends on the price, by the table the share belongs to; a band ends with its upper price, which still has its tick.";
    PriceOutOfLimits "price_out_of_limits" 422 "Outside the day's limits, `limit_down` to `limit_up`: in Tokyo the base price less and plus the table's limit for it, four times that on one side after two limit days without a trade.";
    NotionalTooLarge "notional_too_large" 422 "Price times quantity does not fit the arithmetic.";
    InvalidTimeInForce "invalid_time_in_force" 422 "The combination of type, time in force and post-only is not allowed, or not now: market orders by amount are `ioc` or `fok`; `fok` and they are refused while orders gather for an auction, `ioc` too in a called one.";
    InsufficientFunds "insufficient_funds" 422 "Not enough available to lock or withdraw: a buy locks the most it can cost, fee included, and a sell what it sells.";
    PostOnlyWouldCross "post_only_would_cross" 422 "The post-only order would have traded.";
    NoReferencePrice "no_reference_price" 422 "A market order without any price to bound it by.";
    OpenOrderCap "open_order_cap" 422 "The account has as many open orders in the instrument as its `open_order_cap` allows, those waiting for a trigger included.";
    NothingToAmend "nothing_to_amend" 422 "The amendment asks for nothing.";
    QuantityIncrease "quantity_increase" 422 "An amendment may not raise the quantity; send a new order.";
    QuantityBelowFilled "quantity_below_filled" 422 "That much is filled already.";
    InvalidAmount "invalid_amount" 422 "Zero or wrongly signed amount, or not a decimal of the asset's digits.";
    AmountOverflow "amount_overflow" 422 "The balance would not fit the arithmetic.";
    InvalidDay "invalid_day" 422 "The day is not after the current one.";
    InvalidSpec "invalid_spec" 422 "The definition contradicts itself (units, ticks, lots, fees, limits).";
    PhaseClosed "phase_closed" 422 "The market takes only cancels in this phase: between Tokyo's sessions and after the close.";
    InvalidCondition "invalid_condition" 422 "The condition does not fit. Conditions are Tokyo's, for day orders: `opening` before the first price of the morning or afternoon (in the morning also for that of the afternoon), `closing` before the closing auction, `funari` for limit orders before the pre-close, `morning_closing` and `morning_funari` (limit orders) before the end of the morning; none of them may be amended in the pre-close.";
    OverListedShares "over_listed_shares" 422 "Above 30% of the listed shares, Tokyo's bound on one order.";
    ShortSaleRestricted "short_sale_restricted" 422 "A short sale at or below the last price while the price rule binds: from a trade at 90% of the base price or less until the end of the next day. At the last price it is allowed when the last different price was lower; `short_exempt` orders are free of it.";
    InvalidTrigger "invalid_trigger" 422 "The trigger price, its direction or the combination of legs is not allowed: a `stop_price` belongs to stop and take-profit kinds and to `oco`, is a positive price on a tick, and an `oco` belongs to a limit order without a trigger.";
    InvalidExpiry "invalid_expiry" 422 "The last day of a period order is not a date, has passed or is too far off, or the order is not `gtd`.";
    KindHalted "order_kind_halted" 422 "This kind and side of order is halted in the instrument; its `halts` say which are.";
    CallAuction "market_order_in_call" 422 "Market orders are refused while an auction is called (circuit break, resumption, listing).";
    RiskOrderQuantity "risk_order_quantity" 422 "Above the hard risk limit on the quantity of one order, of the account, its group or the instrument.";
    RiskOrderValue "risk_order_value" 422 "Above the hard risk limit on the value of one order at its worst price.";
    RiskDayValue "risk_day_value" 422 "Above the hard risk limit on the value traded in one day, this order at its worst price included.";
    RiskOpenOrders "risk_open_orders" 422 "Above the hard risk limit on the number of open orders.";
    RiskPosition "risk_position" 422 "Above the hard risk limit on what may be held, if this and all open buys fill.";
    RiskCollar "risk_price_collar" 422 "The price is further from the reference price than the hard risk limit allows.";
    RiskMessages "risk_message_rate" 422 "More orders and amendments in this second than the hard risk limit allows; send it later, with a new client order id.";
    Killed "kill_switch" 422 "A kill switch is on for the account, its group, the instrument or everything; only cancels are taken.";
    OddLotUnavailable "odd_lot_unavailable" 422 "The odd-lot desk is closed for this instrument, or now.";
    OddLotCap "odd_lot_cap" 422 "Above the odd-lot desk's cap in shares or value, or not below the trading unit.";
    OddLotNoQuote "odd_lot_no_quote" 422 "The book has no best price for the house to deal on.";
    OddLotPrice "odd_lot_price" 422 "The house's quote is worse than `price`.";
    HouseInventory "house_inventory" 422 "The house has not enough shares or cash to take the other side.";
    InvalidStep "invalid_step" 422 "The session step is not after the last one, or of another day.";
    NotInCall "invalid_call" 422 "A call auction cannot begin now: not by this kind, length or bounds, in a closed instrument or one with Tokyo's sessions.";
    AmendNotAllowed "amend_not_allowed" 422 "This order cannot be amended in this way now: odd lots, orders that wait for their first order, a price for a market order, a condition of what waits, any condition in the pre-close.";
    FeatureDisabled "feature_disabled" 422 "What the order uses is switched off at present; `details.feature` says which.";
    RateLimited "rate_limited" 429 "Too many requests; wait `Retry-After` seconds.";
    InternalError "internal_error" 500 "A fault of the platform; nothing is known to be wrong with the request.";
    Busy "busy" 503 "The queue is full, or all clients together have sent what the platform takes in a second; the order was not sequenced. Try again after `Retry-After`.";
    Unavailable "unavailable" 503 "Nothing is accepted (journal failed or shutting down); the order was not sequenced.";
    OutcomeUnknown "outcome_unknown" 503 "The order may or may not have been sequenced: repeat it with the same client order id to learn which.";
    NotInitialised "not_initialised" 503 "The journal has not begun.";
    CapacityExhausted "capacity_exhausted" 503 "A configured bound of the state is reached.";
    HistoryUnavailable "history_unavailable" 503 "The database behind history cannot be used now; live data and trading go on.";
    RequestsNotReady "requests_not_ready" 503 "Shortly after a start it is not known yet whether this request was done before; nothing was done now. Try again after `Retry-After`.";
    KeyStoreUnavailable "key_store_unavailable" 503 "API keys cannot be made or ended now; known keys go on working.";
    Timeout "timeout" 504 "The answer took longer than allowed; for a change, the outcome is unknown.";
}

impl Code {
    /// The code of a refusal; a test shows that every refusal has one.
    pub fn of(reject: Reject) -> Code {
        Code::parse(reject.code()).unwrap_or(Code::InternalError)
    }

    /// The code of this name.
    pub fn parse(text: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

/// An error as it is answered.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// Stable code; gives the HTTP status.
    pub code: Code,
    /// For people: what was tried, on what, what to do.
    pub message: Cow<'static, str>,
    /// Which field or parameter.
    pub field: Option<Cow<'static, str>>,
    /// More, by code.
    pub details: Option<serde_json::Value>,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u64>,
}

/// What handlers answer.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// An error with a message of its own.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> ApiError {
        let retry_after = matches!(
            code,
            Code::Busy | Code::Unavailable | Code::HistoryUnavailable | Code::RequestsNotReady
        )
        .then_some(1);
        ApiError { code, message: message.into(), field: None, details: None, retry_after }
    }

    /// An error that says what the table says.
    pub fn plain(code: Code) -> ApiError {
        ApiError::new(code, code.meaning())
    }

    /// A refusal of the engine.
    pub fn refused(reject: Reject) -> ApiError {
        ApiError::plain(Code::of(reject))
    }

    /// Names the field.
    pub fn field(mut self, field: impl Into<Cow<'static, str>>) -> ApiError {
        self.field = Some(field.into());
        self
    }

    /// Puts the field inside another one: `price` within `oco` is `oco.price`.
    pub fn within(mut self, outer: &str) -> ApiError {
        self.field = self.field.map(|field| Cow::Owned(format!("{outer}.{field}")));
        self
    }

    /// Adds details.
    pub fn details(mut self, details: serde_json::Value) -> ApiError {
        self.details = Some(details);
        self
    }

    /// The inner `error` object, for answers that carry several.
    pub fn shape(&self) -> ErrorShape<'_> {
        ErrorShape {
            code: self.code.as_str(),
            message: &self.message,
            field: self.field.as_deref(),
            details: self.details.as_ref(),
        }
    }
}

/// What every error looks like, under `error`.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ErrorShape<'a> {
    /// Stable code.
    #[schema(example = "insufficient_funds")]
    code: &'a str,
    /// For people.
    message: &'a str,
    /// The field or parameter it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// More, by code: `order_id` of a refused order, `order` of a duplicate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    details: Option<&'a serde_json::Value>,
}

/// An error answer.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ErrorBody<'a> {
    /// What went wrong.
    error: ErrorShape<'a>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&ErrorBody { error: self.shape() })
            .unwrap_or_else(|_| br#"{"error":{"code":"internal_error"}}"#.to_vec());
        let json = HeaderValue::from_static("application/json");
        let mut response = (status, [(header::CONTENT_TYPE, json)], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.code);
        response
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> ApiError {
        let code = Code::parse(error.code()).unwrap_or(Code::Unauthorized);
        let mut answer = ApiError::new(code, error.to_string());
        if let AuthError::RateLimited { retry_after } = error {
            answer.retry_after = Some(retry_after.as_millis().div_ceil(1000).max(1) as u64);
        }
        answer
    }
}

impl From<GateError> for ApiError {
    fn from(error: GateError) -> ApiError {
        let code = match error {
            GateError::Busy => Code::Busy,
            GateError::OverRate => return ApiError::new(Code::Busy, error.to_string()),
            GateError::Stopped => Code::Unavailable,
            GateError::Unknown => Code::OutcomeUnknown,
        };
        ApiError::plain(code)
    }
}

impl From<QuestionError> for ApiError {
    fn from(error: QuestionError) -> ApiError {
        let code = match error {
            QuestionError::Busy => Code::Busy,
            QuestionError::Stopped => Code::Unavailable,
        };
        ApiError::new(code, error.to_string())
    }
}

impl From<HistoryError> for ApiError {
    fn from(error: HistoryError) -> ApiError {
        match error {
            HistoryError::BadCursor => ApiError::plain(Code::InvalidCursor).field("cursor"),
            // What the database said is for the log, not for clients.
            other => {
                tracing::warn!(event = "http.history_failed", error = %other);
                ApiError::plain(Code::HistoryUnavailable)
            }
        }
    }
}

impl From<KeysError> for ApiError {
    fn from(error: KeysError) -> ApiError {
        match error {
            KeysError::Invalid(why) => ApiError::new(Code::InvalidValue, why),
            KeysError::Repeated { key_id, ref api_key } => {
                let details = serde_json::json!({"key_id": key_id, "api_key": api_key});
                ApiError::new(Code::AlreadyExists, error.to_string()).details(details)
            }
            other => {
                tracing::warn!(event = "admin.key_store_failed", error = %other);
                ApiError::plain(Code::KeyStoreUnavailable)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for reject in Reject::ALL {
            assert_eq!(Code::of(reject).as_str(), reject.code());
        }
    }

    #[test]
    fn the_documentation_lists_exactly_these_codes() {
        let page = include_str!("../../../../docs/API.md");
        let listed = page
            .lines()
            .skip_while(|line| *line != "## Error codes")
            .skip(1)
            .take_while(|line| !line.starts_with("## "))
            .filter(|line| line.starts_with("| `"));
        let known = Code::ALL
            .iter()
            .map(|c| format!("| `{}` | {} | {} |", c.as_str(), c.status(), c.meaning()));
        let same = "docs/API.md, `## Error codes`, must repeat the table in error.rs";
        assert_eq!(listed.clone().count(), Code::ALL.len(), "{same}");
        for (listed, known) in listed.zip(known) {
            assert_eq!(listed, known, "{same}");
        }
    }
}
