//! Instruments as the public API describes them, turned into integers of one unit per
//! instrument so that the tools can compute prices on ticks and lots.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use zaraba_engine::instrument::TickRule;
use zaraba_engine::types::Price;

use super::client::{Connection, Order};
use super::decimal;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    #[serde(default)]
    pub next_cursor: Option<String>,
}

/// An instrument as answered.
#[derive(Clone, Debug, Deserialize)]
pub struct Instrument {
    /// Public code.
    pub symbol: String,
    /// `tse` or `crypto`.
    pub profile: String,
    /// What is bought and sold.
    pub base_asset: String,
    /// What it is paid in.
    pub quote_asset: String,
    /// One tick at every price.
    #[serde(default)]
    pub tick_size: Option<String>,
    /// Or the name of a table.
    #[serde(default)]
    pub tick_table: Option<String>,
    /// Trading unit.
    pub lot_size: String,
    /// Smallest order.
    pub min_quantity: String,
    /// Reference price of the day.
    #[serde(default)]
    pub base_price: Option<String>,
    /// Lowest price of the day.
    #[serde(default)]
    pub limit_down: Option<String>,
    /// Highest price of the day.
    #[serde(default)]
    pub limit_up: Option<String>,
    /// Price of the newest trade.
    #[serde(default)]
    pub last_price: Option<String>,
    /// Decimals of prices.
    pub price_digits: u8,
    /// Decimals of quantities.
    pub quantity_digits: u8,
}

/// An instrument in integers.
#[derive(Clone, Debug)]
pub struct Market {
    /// Public code.
    pub symbol: String,
    /// `tse` or `crypto`.
    pub profile: String,
    /// What is bought and sold.
    pub base_asset: String,
    /// What it is paid in.
    pub quote_asset: String,
    /// Prices are counts of 10^-`price_digits`.
    pub price_digits: u8,
    /// Quantities are counts of 10^-`quantity_digits`.
    pub quantity_digits: u8,
    ticks: TickRule,
    /// Trading unit.
    pub lot: i64,
    /// Smallest order, a multiple of the lot.
    pub quantity_min: i64,
    /// Base price of the day, else the newest trade's; zero: none.
    pub base_price: i64,
    /// Newest trade's price; zero: none.
    pub last_price: i64,
    /// Lowest allowed price; zero: none.
    pub limit_down: i64,
    /// Highest allowed price; zero: none.
    pub limit_up: i64,
}

impl Market {
    /// The instrument in integers.
    ///
    /// # Errors
    /// When a decimal in it is none.
    pub fn new(from: &Instrument) -> Result<Market> {
        let (price_digits, quantity_digits) = (from.price_digits, from.quantity_digits);
        let number = |text: &str, digits| {
            decimal::parse(text, digits)
                .with_context(|| format!("instrument {}: {text:?} is no decimal", from.symbol))
        };
        let price = |text: &Option<String>| match text {
            Some(text) => number(text, price_digits),
            None => Ok(0),
        };
        let ticks = match (&from.tick_size, from.tick_table.as_deref()) {
            (Some(tick), _) => TickRule::Fixed(Price(number(tick, price_digits)?.max(1))),
            (None, Some("tse_topix500")) => TickRule::TseTopix500,
            (None, Some("tse_other")) => TickRule::TseOther,
            (None, other) => bail!("instrument {}: tick table {other:?} is unknown", from.symbol),
        };
        let lot = number(&from.lot_size, quantity_digits)?.max(1);
        let quantity_min = number(&from.min_quantity, quantity_digits)?.max(lot);
        Ok(Market {
            symbol: from.symbol.clone(),
            profile: from.profile.clone(),
            base_asset: from.base_asset.clone(),
            quote_asset: from.quote_asset.clone(),
            price_digits,
            quantity_digits,
            ticks,
            lot,
            quantity_min: (quantity_min + lot - 1) / lot * lot,
            base_price: price(&from.base_price)?,
            last_price: price(&from.last_price)?,
            limit_down: price(&from.limit_down)?,
            limit_up: price(&from.limit_up)?,
        })
    }

    /// Whether orders can be generated for it by default: it has a price to trade around,
    /// and it is not one that recorded data is replayed on (those are in dollars; a replay
    /// needs the book for itself).
    pub fn is_for_generated_orders(&self) -> bool {
        (self.base_price > 0 || self.last_price > 0) && self.quote_asset != "USD"
    }

    /// The tick that holds at `price`.
    pub fn tick_at(&self, price: i64) -> i64 {
        self.ticks.tick_at(Price(price))
    }

    /// The nearest price on a tick at or below `price`, inside the day's limits, and at least
    /// one tick.
    pub fn on_tick(&self, price: i64) -> i64 {
        let price = match (self.limit_down, self.limit_up) {
            (0, _) | (_, 0) => price,
            (low, high) => price.clamp(low, high),
        };
        let tick = self.tick_at(price);
        let down = (price / tick * tick).max(tick);
        // Rounding down may leave the limits; the limits themselves are on ticks.
        if self.limit_down > 0 && down < self.limit_down { self.limit_down } else { down }
    }

    /// A quantity of at least the smallest order on a whole lot.
    pub fn on_lot(&self, quantity: i64) -> i64 {
        (quantity / self.lot * self.lot).max(self.quantity_min)
    }

    /// A price as the API writes it.
    pub fn price_text(&self, price: i64) -> String {
        decimal::format(price, self.price_digits)
    }

    /// A quantity as the API writes it.
    pub fn quantity_text(&self, quantity: i64) -> String {
        decimal::format(quantity, self.quantity_digits)
    }

    /// What an order still has open.
    pub fn remaining(&self, order: &Order) -> i64 {
        decimal::parse(&order.remaining_quantity, self.quantity_digits).unwrap_or(0)
    }

    /// What an order has filled.
    pub fn filled(&self, order: &Order) -> i64 {
        decimal::parse(&order.filled_quantity, self.quantity_digits).unwrap_or(0)
    }
}

/// All instruments of the venue, or the named ones.
///
/// # Errors
/// When the list cannot be read or a name is unknown.
pub async fn markets(connection: &mut Connection, symbols: &[String]) -> Result<Vec<Market>> {
    const PATH: &str = "/v1/instruments";
    let all: Page<Instrument> = connection.get_public(PATH).await?.json(PATH)?;
    let all = all.items;
    if symbols.is_empty() {
        return all.iter().map(Market::new).collect();
    }
    symbols
        .iter()
        .map(|symbol| {
            let found = all.iter().find(|i| i.symbol == *symbol).with_context(|| {
                let known: Vec<&str> = all.iter().map(|i| i.symbol.as_str()).collect();
                format!("no instrument {symbol}; there are: {}", known.join(" "))
            })?;
            Market::new(found)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toyota() -> Market {
        Market::new(&Instrument {
            symbol: "7203".into(),
            profile: "tse".into(),
            base_asset: "7203".into(),
            quote_asset: "JPY".into(),
            tick_size: None,
            tick_table: Some("tse_topix500".into()),
            lot_size: "100".into(),
            min_quantity: "100".into(),
            base_price: Some("2850".into()),
            limit_down: Some("2350".into()),
            limit_up: Some("3350".into()),
            last_price: None,
            price_digits: 1,
            quantity_digits: 0,
        })
        .unwrap()
    }

    #[test]
    fn prices_land_on_ticks_inside_the_limits() {
        let market = toyota();
        assert_eq!(market.price_digits, 1);
        assert_eq!(market.tick_at(10_000), 1, "up to and including 1000 yen");
        assert_eq!(market.tick_at(10_001), 5);
        assert_eq!(market.on_tick(28_503), 28_500);
        assert_eq!(market.on_tick(30_007), 30_000);
        assert_eq!(market.on_tick(99_999), 33_500);
        assert_eq!(market.on_tick(1), 23_500);
        assert_eq!(market.price_text(28_505), "2850.5");
    }

    #[test]
    fn quantities_land_on_lots() {
        let market = toyota();
        assert_eq!((market.on_lot(1), market.on_lot(250)), (100, 200));
    }
}
