//! The fields of an order one by one: words, prices, quantities and dates of the public contract in
//! the engine's types. What they make together is not known here.

use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;

use super::decimal::{self, DecimalError};
use super::error::{ApiError, ApiResult, Code};
use super::fields::{Given, choice, required, word};
use super::place::client_id;

/// A condition's word.
pub(super) fn condition_of(given: &Given<'_>) -> ApiResult<Condition> {
    choice("condition", given, Condition::ALL, Condition::as_str)
}

pub(super) fn short_of(given: &Given<'_>) -> ApiResult<ShortSale> {
    let words = [
        ("none", ShortSale::Long),
        ("short", ShortSale::Short),
        ("short_exempt", ShortSale::Exempt),
    ];
    word("short_sale", given.text("short_sale")?, &words)
}

pub(super) fn side_of(given: &Option<Given<'_>>) -> ApiResult<Side> {
    choice("side", required(given, "side")?, Side::ALL, Side::as_str)
}

pub(super) fn client_order_id(given: &Option<Given<'_>>) -> ApiResult<ClientId> {
    let name = "client_order_id";
    client_id(required(given, name)?.text(name)?)
        .ok_or_else(|| ApiError::plain(Code::InvalidClientOrderId).field(name))
}

/// The price of a limit kind; market kinds have none.
pub(super) fn limit_price(
    kind: OrderKind,
    given: &Option<Given<'_>>,
    spec: &InstrumentSpec,
) -> ApiResult<Price> {
    match (kind, given) {
        (OrderKind::Limit, given) => price_of(required(given, "price")?.text("price")?, spec),
        (OrderKind::Market, None) => Ok(Price::ZERO),
        (OrderKind::Market, Some(_)) => {
            let message = "an order that is or becomes a market order takes no price";
            Err(ApiError::new(Code::InvalidPrice, message).field("price"))
        }
    }
}

/// A price where zero would mean none.
pub(super) fn positive_price(given: &Given<'_>, spec: &InstrumentSpec) -> ApiResult<Price> {
    price_of(given.text("price")?, spec).and_then(|price| match price {
        Price::ZERO => Err(ApiError::plain(Code::InvalidPrice).field("price")),
        price => Ok(price),
    })
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

/// A trigger's price; what cannot be one in the instrument's units is no trigger.
pub(super) fn stop_price_of(text: &str, spec: &InstrumentSpec) -> ApiResult<Price> {
    decimal::parse(text, spec.price_digits)
        .ok()
        .filter(|price| *price > 0)
        .map(Price)
        .ok_or_else(|| ApiError::plain(Code::InvalidTrigger).field("stop_price"))
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

/// A date `yyyy-mm-dd` as yyyymmdd.
pub(super) fn date_of(text: &str) -> ApiResult<u32> {
    let wrong = || ApiError::plain(Code::InvalidExpiry).field("expires_on");
    let form = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let date: jiff::civil::Date = form.then(|| text.parse().ok()).flatten().ok_or_else(wrong)?;
    let (year, month, day) = (date.year(), date.month(), date.day());
    u32::try_from(i32::from(year) * 10_000 + i32::from(month) * 100 + i32::from(day))
        .map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!(date_of("2026-12-30").unwrap(), 20_261_230);
        assert_eq!(date_of("2028-02-29").unwrap(), 20_280_229);
        for wrong in ["2026-02-29", "2026-13-01", "20261230", "2026-1-1", "2026-12-30T00", ""] {
            assert_eq!(date_of(wrong).unwrap_err().code, Code::InvalidExpiry, "{wrong}");
        }
    }
}
