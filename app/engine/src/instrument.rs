//! What an instrument is: units, ticks, lots, limits, fees. Reference data and the pure
//! functions over it; no book, no state.

use crate::types::{AssetId, InstrumentStatus, Name, Price, Profile, Quantity, Symbol};

/// Which prices are allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TickRule {
    /// One tick size, in price units, at every price.
    Fixed(Price),
    /// Tokyo's table for TOPIX500 constituents (price unit: 0.1 yen).
    TseTopix500,
    /// Tokyo's table for all other shares (price unit: 0.1 yen).
    TseOther,
}

/// Everything that defines an instrument when it is created.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstrumentSpec {
    /// Public code.
    pub symbol: Symbol,
    /// Human name.
    pub name: Name,
    /// Which market's rules.
    pub profile: Profile,
    /// What is bought and sold.
    pub base_asset: AssetId,
    /// What it is paid in.
    pub quote_asset: AssetId,
    /// A price unit is 10^-`price_digits` of the quote asset (tse: 1).
    pub price_digits: u8,
    /// A quantity unit is 10^-`quantity_digits` of the base asset (tse: 0).
    pub quantity_digits: u8,
    /// Allowed prices.
    pub ticks: TickRule,
    /// Trading unit: quantities are multiples of it.
    pub lot: Quantity,
    /// Smallest order.
    pub min_quantity: Quantity,
    /// Largest order.
    pub max_quantity: Quantity,
    /// Previous close; reference for limits. Zero: none.
    pub base_price: Price,
    /// Lowest allowed price of the day. Zero: none.
    pub limit_down: Price,
    /// Highest allowed price of the day. Zero: none.
    pub limit_up: Price,
    /// Market orders may go this far from the last (or base) price, in parts per million,
    /// where the instrument has no daily limits.
    pub market_band_ppm: u32,
    /// Maker fee in parts per million of the notional; negative is a rebate. Above -1,000,000.
    pub maker_fee_ppm: i32,
    /// Taker fee in parts per million of the notional, zero or more, below 1,000,000.
    pub taker_fee_ppm: i32,
    /// Open orders one account may have in this instrument; zero: no cap.
    pub open_order_cap: u32,
}

/// An instrument as it stands: what a query returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstrumentState {
    /// Its definition with today's base price and limits.
    pub spec: InstrumentSpec,
    /// What its book accepts now.
    pub status: InstrumentStatus,
    /// Price of the newest trade; zero: none yet.
    pub last_price: Price,
}
