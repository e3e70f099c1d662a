//! Instruments: list, create, change of status and of the day's limits.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Reject};

use super::assets::code;
use super::guard::Change;
use super::rules::{Giver, Read, changed};
use super::{accepted, refusal, submit};
use crate::intake::http::decimal;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Segment};
use crate::intake::http::fields::{self, Given, choice, required, word};
use crate::intake::http::instruments::{all, find};
use crate::intake::http::shapes::{InstrumentShape, List};
use crate::platform::Platform;

/// All instruments, as everyone sees them.
pub(super) async fn list(
    State(platform): State<Platform>,
    _: NoParams,
) -> Json<List<InstrumentShape>> {
    Json(all(&platform))
}

/// Prices and quantities are decimal strings, digits and fees whole numbers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewInstrument<'a> {
    #[serde(borrow)]
    reason: Option<Given<'a>>,
    #[serde(borrow)]
    symbol: Option<Given<'a>>,
    #[serde(borrow)]
    name: Option<Given<'a>>,
    #[serde(borrow)]
    profile: Option<Given<'a>>,
    #[serde(borrow)]
    base_asset: Option<Given<'a>>,
    #[serde(borrow)]
    quote_asset: Option<Given<'a>>,
    #[serde(borrow)]
    price_digits: Option<Given<'a>>,
    #[serde(borrow)]
    quantity_digits: Option<Given<'a>>,
    #[serde(borrow)]
    tick_size: Option<Given<'a>>,
    #[serde(borrow)]
    tick_table: Option<Given<'a>>,
    #[serde(borrow)]
    lot_size: Option<Given<'a>>,
    #[serde(borrow)]
    min_quantity: Option<Given<'a>>,
    #[serde(borrow)]
    max_quantity: Option<Given<'a>>,
    #[serde(borrow)]
    base_price: Option<Given<'a>>,
    #[serde(borrow)]
    limit_down: Option<Given<'a>>,
    #[serde(borrow)]
    limit_up: Option<Given<'a>>,
    #[serde(borrow)]
    market_band_ppm: Option<Given<'a>>,
    #[serde(borrow)]
    maker_fee_ppm: Option<Given<'a>>,
    #[serde(borrow)]
    taker_fee_ppm: Option<Given<'a>>,
    #[serde(borrow)]
    open_order_cap: Option<Given<'a>>,
    #[serde(borrow)]
    session_rules: Option<Given<'a>>,
    #[serde(borrow)]
    listed_shares: Option<Given<'a>>,
    #[serde(borrow)]
    market_min_quantity: Option<Given<'a>>,
    #[serde(borrow)]
    market_max_quantity: Option<Given<'a>>,
}

impl NewInstrument<'_> {
    fn spec(&self, platform: &Platform) -> ApiResult<InstrumentSpec> {
        let digits = |given, name| {
            let digits = required(given, name)?.integer(name, 0, 18)?;
            ApiResult::Ok(digits as u8)
        };
        let price_digits = digits(&self.price_digits, "price_digits")?;
        let quantity_digits = digits(&self.quantity_digits, "quantity_digits")?;
        let quantity = |given, name| {
            units(required(given, name)?, name, quantity_digits, Code::InvalidQuantity)
                .map(Quantity)
        };
        let optional = |given, name| quantity_or_none(given, name, quantity_digits);
        let profile = profile_of(&self.profile)?;
        let name = required(&self.name, "name")?.text("name")?;
        let base_asset = asset_of(&self.base_asset, "base_asset", platform)?;
        let quote_asset = asset_of(&self.quote_asset, "quote_asset", platform)?;
        let spec = InstrumentSpec {
            symbol: code("symbol", required(&self.symbol, "symbol")?)?,
            name: Name::new(name).filter(|name| !name.is_empty()).ok_or_else(|| {
                ApiError::new(Code::InvalidValue, "name has 1 to 64 bytes").field("name")
            })?,
            profile,
            base_asset,
            quote_asset,
            price_digits,
            quantity_digits,
            ticks: ticks(&self.tick_size, &self.tick_table, price_digits)?,
            lot: quantity(&self.lot_size, "lot_size")?,
            min_quantity: quantity(&self.min_quantity, "min_quantity")?,
            max_quantity: quantity(&self.max_quantity, "max_quantity")?,
            base_price: price(&self.base_price, "base_price", price_digits)?,
            limit_down: price(&self.limit_down, "limit_down", price_digits)?,
            limit_up: price(&self.limit_up, "limit_up", price_digits)?,
            market_band_ppm: whole(&self.market_band_ppm, "market_band_ppm", 0, 1_000_000)? as u32,
            maker_fee_ppm: whole(&self.maker_fee_ppm, "maker_fee_ppm", -1_000_000, 1_000_000)?
                as i32,
            taker_fee_ppm: whole(&self.taker_fee_ppm, "taker_fee_ppm", 0, 1_000_000)? as i32,
            open_order_cap: self.open_order_cap(profile)?,
            session_rules: match &self.session_rules {
                Some(given) => given.flag("session_rules")?,
                None => false,
            },
            listed_shares: optional(&self.listed_shares, "listed_shares")?,
            market_min_quantity: optional(&self.market_min_quantity, "market_min_quantity")?,
            market_max_quantity: optional(&self.market_max_quantity, "market_max_quantity")?,
        };
        self.bounded(&spec)?;
        Ok(spec)
    }

    /// As given; else the rules' own: a cap for `crypto` pairs, none for shares.
    fn open_order_cap(&self, profile: Profile) -> ApiResult<u32> {
        match (&self.open_order_cap, profile) {
            (None, Profile::Crypto) => Ok(CRYPTO_ORDER_CAP),
            (given, _) => Ok(whole(given, "open_order_cap", 0, i32::MAX.into())? as u32),
        }
    }

    /// Stocks get their limits every day; nothing but what is given here ever bounds market
    /// orders in crypto assets, and a band of zero would hold them to the last price.
    fn bounded(&self, spec: &InstrumentSpec) -> ApiResult<()> {
        let limited = spec.limit_down.0 != 0 && spec.limit_up.0 != 0;
        if spec.profile != Profile::Crypto || limited || spec.market_band_ppm != 0 {
            return Ok(());
        }
        let code = match self.market_band_ppm {
            None => Code::MissingField,
            Some(_) => Code::InvalidValue,
        };
        let message = "without limit_down and limit_up a crypto instrument needs \
                       market_band_ppm, 1 to 1000000: how far market orders may go from the \
                       last price";
        Err(ApiError::new(code, message).field("market_band_ppm"))
    }
}

/// A tick rule: a size or a table.
pub(super) fn ticks(
    size: &Option<Given<'_>>,
    table: &Option<Given<'_>>,
    price_digits: u8,
) -> ApiResult<TickRule> {
    match (size, table) {
        (Some(tick), None) => {
            let tick = units(tick, "tick_size", price_digits, Code::InvalidPrice)?;
            Ok(TickRule::Fixed(Price(tick)))
        }
        (None, Some(table)) => word(
            "tick_table",
            table.text("tick_table")?,
            &[("tse_topix500", TickRule::TseTopix500), ("tse_other", TickRule::TseOther)],
        ),
        _ => {
            let message = "give either tick_size or tick_table";
            Err(ApiError::new(Code::MissingField, message).field("tick_size"))
        }
    }
}

/// A quantity; left out it is none.
pub(super) fn quantity_or_none(
    given: &Option<Given<'_>>,
    name: &'static str,
    digits: u8,
) -> ApiResult<Quantity> {
    let Some(given) = given else { return Ok(Quantity::ZERO) };
    units(given, name, digits, Code::InvalidQuantity).map(Quantity)
}

/// Open orders per account in a `crypto` pair for which nothing else is said.
const CRYPTO_ORDER_CAP: u32 = 30;

/// A profile by its public word.
pub(super) fn profile_of(given: &Option<Given<'_>>) -> ApiResult<Profile> {
    choice("profile", required(given, "profile")?, Profile::ALL, Profile::as_str)
}

pub(super) fn units(
    given: &Given<'_>,
    name: &'static str,
    digits: u8,
    code: Code,
) -> ApiResult<i64> {
    decimal::parse(given.text(name)?, digits).map_err(|_| {
        let message = format!("{name} must be a decimal string of at most {digits} decimals");
        ApiError::new(code, message).field(name)
    })
}

fn price(given: &Option<Given<'_>>, name: &'static str, digits: u8) -> ApiResult<Price> {
    let Some(given) = given else { return Ok(Price::ZERO) };
    units(given, name, digits, Code::InvalidPrice).map(Price)
}

pub(super) fn whole(
    given: &Option<Given<'_>>,
    name: &'static str,
    low: i64,
    high: i64,
) -> ApiResult<i64> {
    given.as_ref().map_or(Ok(0), |given| given.integer(name, low, high))
}

pub(super) fn asset_of(
    given: &Option<Given<'_>>,
    name: &'static str,
    platform: &Platform,
) -> ApiResult<AssetId> {
    let code = required(given, name)?.text(name)?;
    let unknown = || ApiError::plain(Code::UnknownAsset).field(name);
    platform.live.asset_by_code(code).ok_or_else(unknown)
}

/// A new instrument, open for trading.
pub(super) async fn create(
    State(platform): State<Platform>,
    change: Change,
) -> ApiResult<(StatusCode, Json<InstrumentShape>)> {
    let body: NewInstrument<'_> = fields::read(&change.body)?;
    let spec = body.spec(&platform)?;
    let by = change.because(&body.reason)?;
    let command = Command::CreateInstrument(Box::new(spec)).given_by(*by);
    let receipt = submit(&platform, command).await?;
    if refusal(&receipt) == Some(Reject::AlreadyExists) {
        let details = json!({"instrument": find(&platform, spec.symbol.as_str()).ok()});
        return Err(ApiError::plain(Code::AlreadyExists).field("symbol").details(details));
    }
    accepted(&receipt)?;
    Ok((StatusCode::CREATED, Json(find(&platform, spec.symbol.as_str())?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewStatus<'a> {
    #[serde(borrow)]
    status: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

pub(super) fn known(platform: &Platform, symbol: &str) -> ApiResult<InstrumentId> {
    let unknown = || ApiError::plain(Code::UnknownInstrument).field("symbol");
    platform.live.instrument_by_symbol(symbol).ok_or_else(unknown)
}

/// Opens, halts or closes an instrument.
pub(super) async fn set_status(
    State(platform): State<Platform>,
    Segment(symbol): Segment,
    change: Change,
) -> ApiResult<Json<InstrumentShape>> {
    let instrument = known(&platform, &symbol)?;
    let body: NewStatus<'_> = fields::read(&change.body)?;
    let status = required(&body.status, "status")?;
    let status = choice("status", status, InstrumentStatus::ALL, InstrumentStatus::as_str)?;
    let by = change.because(&body.reason)?;
    let command = Command::SetInstrumentStatus { instrument, status, by };
    changed(&platform, &symbol, command).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLimits<'a> {
    #[serde(borrow)]
    base_price: Option<Given<'a>>,
    #[serde(borrow)]
    limit_down: Option<Given<'a>>,
    #[serde(borrow)]
    limit_up: Option<Given<'a>>,
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// The day's base price and limits as given; what is left out is none.
pub(super) fn limits(platform: &Platform, of: &str, body: &[u8], by: Giver<'_>) -> Read {
    let instrument = known(platform, of)?;
    let digits = platform.live.spec(instrument).map_or(0, |spec| spec.price_digits);
    let body: NewLimits<'_> = fields::read(body)?;
    Ok(Command::SetPriceLimits {
        instrument,
        base_price: price(&body.base_price, "base_price", digits)?,
        limit_down: price(&body.limit_down, "limit_down", digits)?,
        limit_up: price(&body.limit_up, "limit_up", digits)?,
        by: by(&body.reason)?,
    })
}
