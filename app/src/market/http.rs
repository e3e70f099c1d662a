//! REST reads of market data: book, trades, candles, tickers. Public: they need no
//! signature. Answers come from memory; the book from the live view, so that a client that
//! has its order acknowledged sees it there.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zaraba_engine::types::{Price, Quantity};

use super::candles::Interval;
use super::shapes::{CandleShape, TickerShape, TradeShape};
use super::text::decimal;
use crate::clock;
use crate::platform::Platform;

pub use super::live::admin_routes;

/// Most levels per side of a book answer.
const LEVELS_MAX: usize = 1_000;
const LEVELS_DEFAULT: usize = 20;
/// Most items of a list.
const LIMIT_MAX: usize = 1_000;
const LIMIT_DEFAULT: usize = 100;

/// The endpoints; see each.
pub fn routes() -> OpenApiRouter<Platform> {
    OpenApiRouter::new()
        .routes(routes!(book))
        .routes(routes!(trades))
        .routes(routes!(candles))
        .routes(routes!(tickers))
}

/// A book.
#[derive(Serialize, ToSchema)]
pub struct BookShape {
    /// Instrument.
    symbol: String,
    /// `[price, quantity]`, highest price first.
    bids: Vec<(String, String)>,
    /// `[price, quantity]`, lowest price first.
    asks: Vec<(String, String)>,
    /// Sequence it reflects.
    seq: u64,
}

/// Newest trades.
#[derive(Serialize, ToSchema)]
pub struct TradeList {
    /// Newest first.
    items: Vec<TradeShape>,
    /// Always null: older trades are in the account's history only.
    next_cursor: Option<String>,
    /// Sequence it reflects.
    seq: u64,
}

/// Newest candles.
#[derive(Serialize, ToSchema)]
pub struct CandleList {
    /// Oldest first, the last one still growing. Intervals without trades have none.
    items: Vec<CandleShape>,
    /// Always null.
    next_cursor: Option<String>,
    /// Sequence it reflects.
    seq: u64,
}

/// Tickers.
#[derive(Serialize, ToSchema)]
pub struct TickerList {
    /// In order of listing.
    items: Vec<TickerShape>,
    /// Always null.
    next_cursor: Option<String>,
    /// Sequence they reflect.
    seq: u64,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BookQuery {
    /// Levels per side, 1 to 1000; 20 when left out.
    levels: Option<usize>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TradesQuery {
    /// 1 to 1000; 100 when left out.
    limit: Option<usize>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CandlesQuery {
    /// `1m`, `5m`, `1h` or `1d`; `1m` when left out.
    interval: Option<String>,
    /// 1 to 1000; 100 when left out.
    limit: Option<usize>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TickersQuery {
    /// Only this instrument.
    symbol: Option<String>,
}

/// A refused read.
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    field: Option<&'static str>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorShape<'a>,
}

#[derive(Serialize)]
struct ErrorShape<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = ErrorShape { code: self.code, message: &self.message, field: self.field };
        (self.status, Json(ErrorBody { error })).into_response()
    }
}

impl Refusal {
    pub(crate) fn unknown_instrument(symbol: &str) -> Refusal {
        let symbol: String = symbol.chars().take(32).collect();
        Refusal {
            status: StatusCode::NOT_FOUND,
            code: "unknown_instrument",
            message: format!("there is no instrument {symbol:?}; GET /v1/instruments lists them"),
            field: Some("symbol"),
        }
    }

    fn invalid(field: &'static str, message: String) -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_parameter",
            message,
            field: Some(field),
        }
    }
}

fn query<T>(given: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    given.map(|Query(query)| query).map_err(|rejection| Refusal {
        status: StatusCode::BAD_REQUEST,
        code: "invalid_parameter",
        message: rejection.body_text(),
        field: None,
    })
}

fn within(
    field: &'static str,
    given: Option<usize>,
    default: usize,
    most: usize,
) -> Result<usize, Refusal> {
    match given.unwrap_or(default) {
        value if (1..=most).contains(&value) => Ok(value),
        value => {
            Err(Refusal::invalid(field, format!("{field} is {value}; it must be from 1 to {most}")))
        }
    }
}

/// Depth of one instrument.
#[utoipa::path(get, path = "/v1/instruments/{symbol}/book", tag = "market",
    params(("symbol" = String, Path, description = "Instrument code"), BookQuery),
    responses((status = 200, body = BookShape),
        (status = 400, description = "invalid_parameter"),
        (status = 404, description = "unknown_instrument"),
        (status = 429, description = "rate_limited")))]
async fn book(
    State(platform): State<Platform>,
    Path(symbol): Path<String>,
    given: Result<Query<BookQuery>, QueryRejection>,
) -> Result<Json<BookShape>, Refusal> {
    let levels = within("levels", query(given)?.levels, LEVELS_DEFAULT, LEVELS_MAX)?;
    let unknown = || Refusal::unknown_instrument(&symbol);
    let instrument = platform.live.instrument_by_symbol(&symbol).ok_or_else(unknown)?;
    let spec = platform.live.instrument(instrument).ok_or_else(unknown)?.spec;
    let depth = platform.live.depth(instrument, levels).ok_or_else(unknown)?;
    let side = |levels: Vec<(Price, Quantity)>| {
        let write = |(price, quantity): (Price, Quantity)| {
            (
                decimal(i128::from(price.0), spec.price_digits),
                decimal(i128::from(quantity.0), spec.quantity_digits),
            )
        };
        levels.into_iter().map(write).collect()
    };
    let (bids, asks) = (side(depth.bids), side(depth.asks));
    Ok(Json(BookShape { symbol, bids, asks, seq: depth.seq.0 }))
}

/// Newest trades of one instrument, from memory (`market.trades_kept`).
#[utoipa::path(get, path = "/v1/instruments/{symbol}/trades", tag = "market",
    params(("symbol" = String, Path, description = "Instrument code"), TradesQuery),
    responses((status = 200, body = TradeList),
        (status = 400, description = "invalid_parameter"),
        (status = 404, description = "unknown_instrument"),
        (status = 429, description = "rate_limited")))]
async fn trades(
    State(platform): State<Platform>,
    Path(symbol): Path<String>,
    given: Result<Query<TradesQuery>, QueryRejection>,
) -> Result<Json<TradeList>, Refusal> {
    let limit = within("limit", query(given)?.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let found = platform.market.read(|board| {
        let (_, listing) = board.by_symbol(&symbol)?;
        let items = listing.trades().rev().take(limit);
        let items = items.map(|print| listing.trade_shape(print)).collect();
        Some(TradeList { items, next_cursor: None, seq: board.seq.0 })
    });
    found.map(Json).ok_or_else(|| Refusal::unknown_instrument(&symbol))
}

/// Newest candles of one instrument, from memory (`market.candles_kept`). Aligned to UTC;
/// the day of a `tse` instrument begins at midnight in Tokyo.
#[utoipa::path(get, path = "/v1/instruments/{symbol}/candles", tag = "market",
    params(("symbol" = String, Path, description = "Instrument code"), CandlesQuery),
    responses((status = 200, body = CandleList),
        (status = 400, description = "invalid_parameter"),
        (status = 404, description = "unknown_instrument"),
        (status = 429, description = "rate_limited")))]
async fn candles(
    State(platform): State<Platform>,
    Path(symbol): Path<String>,
    given: Result<Query<CandlesQuery>, QueryRejection>,
) -> Result<Json<CandleList>, Refusal> {
    let given = query(given)?;
    let limit = within("limit", given.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let interval = given.interval.as_deref().unwrap_or("1m");
    let interval = Interval::parse(interval).ok_or_else(|| {
        Refusal::invalid("interval", "interval must be one of 1m, 5m, 1h, 1d".to_owned())
    })?;
    let found = platform.market.read(|board| {
        let (_, listing) = board.by_symbol(&symbol)?;
        let mut items: Vec<CandleShape> = listing
            .series(interval)
            .iter()
            .rev()
            .take(limit)
            .map(|candle| CandleShape::new(candle, interval, &listing.spec))
            .collect();
        items.reverse();
        Some(CandleList { items, next_cursor: None, seq: board.seq.0 })
    });
    found.map(Json).ok_or_else(|| Refusal::unknown_instrument(&symbol))
}

/// Tickers of all instruments, or of one.
#[utoipa::path(get, path = "/v1/tickers", tag = "market", params(TickersQuery),
    responses((status = 200, body = TickerList),
        (status = 400, description = "invalid_parameter"),
        (status = 404, description = "unknown_instrument"),
        (status = 429, description = "rate_limited")))]
async fn tickers(
    State(platform): State<Platform>,
    given: Result<Query<TickersQuery>, QueryRejection>,
) -> Result<Json<TickerList>, Refusal> {
    let symbol = query(given)?.symbol;
    let now = clock::now();
    platform.market.read(|board| {
        let items = match &symbol {
            None => board.listings.iter().map(|listing| listing.ticker(now, board.seq)).collect(),
            Some(symbol) => {
                let found = board.by_symbol(symbol);
                let (_, listing) = found.ok_or_else(|| Refusal::unknown_instrument(symbol))?;
                vec![listing.ticker(now, board.seq)]
            }
        };
        Ok(Json(TickerList { items, next_cursor: None, seq: board.seq.0 }))
    })
}
