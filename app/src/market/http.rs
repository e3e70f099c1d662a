//! REST reads of market data: book, trades, candles, tickers. Public: they need no
//! signature. Answers come from memory; the book from the live view, so that a client that
//! has its order acknowledged sees it there.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zaraba_engine::types::{Price, Quantity, TradeId};

use super::candles::Interval;
use super::listing::Print;
use super::shapes::{CandleShape, TickerShape, TradeShape};
use super::text::decimal;
use crate::intake::http::error::{ApiError, ApiResult, Code, ErrorBody};
use crate::intake::http::extract::{Params, Segment};
use crate::platform::Platform;

pub use super::live::admin_routes;

/// Most levels per side of a book answer.
const LEVELS_MAX: usize = 1_000;
const LEVELS_DEFAULT: usize = 20;
/// Most items of a list.
const LIMIT_MAX: usize = 1_000;
const LIMIT_DEFAULT: usize = 100;
/// Marks cursors of the list of trades: another list's is refused.
const TRADES_CURSOR: &[u8] = b"trades";

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
    /// `[price, quantity]`, lowest price first. While orders gather for an auction, bids and
    /// asks may cross.
    asks: Vec<(String, String)>,
    /// Market orders to buy that rest, before all levels; null: none.
    #[schema(required)]
    market_bid_quantity: Option<String>,
    /// Market orders to sell that rest; null: none.
    #[schema(required)]
    market_ask_quantity: Option<String>,
    /// Sequence it reflects.
    seq: u64,
}

/// Newest trades.
#[derive(Serialize, ToSchema)]
pub struct TradeList {
    /// Newest first.
    items: Vec<TradeShape>,
    /// Hand in as `cursor` for the trades before these; null: no older ones are kept here
    /// (`market.trades_kept`). An account's own are in `GET /v1/fills`, everyone's summed up
    /// in the candles.
    #[schema(required)]
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
    #[schema(required)]
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
    #[schema(required)]
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
    /// `next_cursor` of the page before.
    cursor: Option<String>,
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

pub(crate) fn unknown_instrument(symbol: &str) -> ApiError {
    let symbol: String = symbol.chars().take(32).collect();
    let message = format!("there is no instrument {symbol:?}; GET /v1/instruments lists them");
    ApiError::new(Code::UnknownInstrument, message).field("symbol")
}

fn invalid(field: &'static str, message: String) -> ApiError {
    ApiError::new(Code::InvalidParameter, message).field(field)
}

fn within(
    field: &'static str,
    given: Option<usize>,
    default: usize,
    most: usize,
) -> ApiResult<usize> {
    match given.unwrap_or(default) {
        value if (1..=most).contains(&value) => Ok(value),
        value => Err(invalid(field, format!("{field} is {value}; it must be from 1 to {most}"))),
    }
}

fn encode_cursor(trade: TradeId) -> String {
    URL_SAFE_NO_PAD.encode([TRADES_CURSOR, &trade.0.to_be_bytes()].concat())
}

fn decode_cursor(cursor: &str) -> ApiResult<TradeId> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let number = bytes.as_deref().and_then(|bytes| bytes.strip_prefix(TRADES_CURSOR));
    number
        .and_then(|number| Some(TradeId(u64::from_be_bytes(number.try_into().ok()?))))
        .ok_or_else(|| ApiError::plain(Code::InvalidCursor).field("cursor"))
}

/// Depth of one instrument.
#[utoipa::path(get, path = "/v1/instruments/{symbol}/book", operation_id = "get_book", tag = "market",
    params(("symbol" = String, Path, description = "Instrument code"), BookQuery),
    responses((status = 200, description = "The book", body = BookShape),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
async fn book(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    Params(given): Params<BookQuery>,
) -> ApiResult<Json<BookShape>> {
    let levels = within("levels", given.levels, LEVELS_DEFAULT, LEVELS_MAX)?;
    let unknown = || unknown_instrument(&symbol);
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
    let some = |quantity: Quantity| {
        (quantity != Quantity::ZERO).then(|| decimal(quantity.0.into(), spec.quantity_digits))
    };
    let [market_bid_quantity, market_ask_quantity] = depth.market.map(some);
    let seq = depth.seq.0;
    Ok(Json(BookShape { symbol, bids, asks, market_bid_quantity, market_ask_quantity, seq }))
}

/// Trades of one instrument, newest first, from memory (`market.trades_kept`).
#[utoipa::path(get, path = "/v1/instruments/{symbol}/trades", operation_id = "list_trades", tag = "market",
    params(("symbol" = String, Path, description = "Instrument code"), TradesQuery),
    responses((status = 200, description = "A page of trades", body = TradeList),
        (status = 400, description = "invalid_parameter, invalid_cursor", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
async fn trades(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    Params(given): Params<TradesQuery>,
) -> ApiResult<Json<TradeList>> {
    let limit = within("limit", given.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let before = given.cursor.as_deref().map(decode_cursor).transpose()?;
    let found = platform.market.read(|board| {
        let (_, listing) = board.by_symbol(&symbol)?;
        let mut older = listing.trades_before(before).rev();
        let page: Vec<&Print> = older.by_ref().take(limit).collect();
        let last = page.last().filter(|_| older.next().is_some());
        let next_cursor = last.map(|print| encode_cursor(print.trade));
        let items = page.iter().map(|print| listing.trade_shape(print)).collect();
        Some(TradeList { items, next_cursor, seq: board.seq.0 })
    });
    found.map(Json).ok_or_else(|| unknown_instrument(&symbol))
}

/// Newest candles of one instrument, from memory (`market.candles_kept`). Aligned to UTC;
/// the day of a `tse` instrument begins at midnight in Tokyo.
#[utoipa::path(get, path = "/v1/instruments/{symbol}/candles", operation_id = "list_candles", tag = "market",
    params(("symbol" = String, Path, description = "Instrument code"), CandlesQuery),
    responses((status = 200, description = "Candles", body = CandleList),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
async fn candles(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    Params(given): Params<CandlesQuery>,
) -> ApiResult<Json<CandleList>> {
    let limit = within("limit", given.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let interval = given.interval.as_deref().unwrap_or("1m");
    let interval = Interval::parse(interval)
        .ok_or_else(|| invalid("interval", "interval must be one of 1m, 5m, 1h, 1d".to_owned()))?;
    let found = platform.market.read(|board| {
        let (_, listing) = board.by_symbol(&symbol)?;
        let mut items: Vec<CandleShape> = listing
            .series(interval)
            .iter()
            .rev()
            .take(limit)
            .map(|candle| CandleShape::new(candle, interval, &listing.state.spec))
            .collect();
        items.reverse();
        Some(CandleList { items, next_cursor: None, seq: board.seq.0 })
    });
    found.map(Json).ok_or_else(|| unknown_instrument(&symbol))
}

/// Tickers of all instruments, or of one.
#[utoipa::path(get, path = "/v1/tickers", operation_id = "list_tickers", tag = "market", params(TickersQuery),
    responses((status = 200, description = "Tickers", body = TickerList),
        (status = 400, description = "invalid_parameter", body = ErrorBody<'static>),
        (status = 404, description = "unknown_instrument", body = ErrorBody<'static>),
        (status = 429, description = "rate_limited", body = ErrorBody<'static>)))]
async fn tickers(
    State(platform): State<Platform>,
    Params(given): Params<TickersQuery>,
) -> ApiResult<Json<TickerList>> {
    let symbol = given.symbol;
    let now = platform.market.now();
    platform.market.read(|board| {
        let items = match &symbol {
            None => board.listings.iter().map(|listing| listing.ticker(now, board.seq)).collect(),
            Some(symbol) => {
                let found = board.by_symbol(symbol);
                let (_, listing) = found.ok_or_else(|| unknown_instrument(symbol))?;
                vec![listing.ticker(now, board.seq)]
            }
        };
        Ok(Json(TickerList { items, next_cursor: None, seq: board.seq.0 }))
    })
}
