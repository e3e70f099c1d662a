//! The shares of a simulated day: the demo ones, then as many made-up ones as asked for, the
//! same for every run.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use zaraba_engine::command::AssetSpec;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::jpx::tse_daily_limits;
use zaraba_engine::types::*;

use super::super::demo;
use crate::tools::decimal;

/// Most shares there are four-digit codes for.
pub const SHARES_MAX: u32 = 8_000;
/// Made-up shares with the finer tick table, as many as an index has.
const TOPIX500: usize = 500;
/// First made-up code.
const FIRST_CODE: u32 = 1_300;

/// One share.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Yesterday's close, in 0.1 yen.
    pub base: i64,
    /// Tick table.
    pub ticks: TickRule,
    /// Listed shares.
    pub listed: i64,
}

impl Share {
    /// The nearest allowed price to `price`, inside the day's limits.
    pub fn snap(&self, price: f64) -> i64 {
        let (down, up) = tse_daily_limits(Price(self.base));
        let inside = (price as i64).clamp(down.0, up.0);
        let tick = self.ticks.tick_at(Price(inside));
        (inside / tick * tick).clamp(self.allowed_up(down.0), up.0)
    }

    /// The lowest allowed price not below `price`.
    fn allowed_up(&self, price: i64) -> i64 {
        let tick = self.ticks.tick_at(Price(price));
        (price + tick - 1) / tick * tick
    }

    /// The tick at a price.
    pub fn tick(&self, price: i64) -> i64 {
        self.ticks.tick_at(Price(price))
    }

    /// Lowest and highest price of the day.
    pub fn limits(&self) -> (i64, i64) {
        let (down, up) = tse_daily_limits(Price(self.base));
        (down.0, up.0)
    }

    /// Its asset.
    pub fn asset(&self) -> AssetSpec {
        AssetSpec { code: AssetCode::new(&self.code).unwrap_or_default(), exponent: 0 }
    }

    /// Its instrument.
    pub fn spec(&self, base_asset: AssetId, quote_asset: AssetId) -> InstrumentSpec {
        let (down, up) = tse_daily_limits(Price(self.base));
        InstrumentSpec {
            symbol: Symbol::new(&self.code).unwrap_or_default(),
            name: Name::new(&self.name).unwrap_or_default(),
            profile: Profile::Tse,
            base_asset,
            quote_asset,
            price_digits: 1,
            quantity_digits: 0,
            ticks: self.ticks,
            lot: Quantity(100),
            min_quantity: Quantity(100),
            max_quantity: Quantity(10_000_000),
            base_price: Price(self.base),
            limit_down: down,
            limit_up: up,
            market_band_ppm: 0,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            open_order_cap: 0,
            session_rules: true,
            listed_shares: Quantity(self.listed),
            market_min_quantity: Quantity(0),
            market_max_quantity: Quantity(0),
        }
    }
}

/// The first `count` shares.
pub fn shares(count: u32) -> Vec<Share> {
    let mut random = SmallRng::seed_from_u64(0x5eed);
    let known = demo::SHARES.iter().map(|(code, name, base)| Share {
        code: (*code).to_owned(),
        name: (*name).to_owned(),
        base: decimal::parse(base, 1).unwrap_or(10_000),
        ticks: TickRule::TseTopix500,
        listed: 2_000_000_000,
    });
    let made_up = (FIRST_CODE..).filter(|code| {
        let code = code.to_string();
        demo::SHARES.iter().all(|(known, ..)| *known != code)
    });
    let made_up = made_up.enumerate().map(|(index, code)| {
        let index = index + demo::SHARES.len();
        let ticks = if index < TOPIX500 { TickRule::TseTopix500 } else { TickRule::TseOther };
        // Most prices are between 200 and 10,000 yen, few far outside.
        let exponent: f64 = (0..3).map(|_| random.random_range(1.7..4.6)).sum::<f64>() / 3.0;
        let price = (10f64.powf(exponent) * 10.0) as i64;
        let tick = ticks.tick_at(Price(price));
        Share {
            code: code.to_string(),
            name: format!("Simulated {code}"),
            base: (price / tick * tick).max(tick),
            ticks,
            listed: random.random_range(5..2_000) * 1_000_000,
        }
    });
    known.chain(made_up).take(count as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_the_same_every_time_and_their_definitions_are_valid() {
        let all = shares(5_000);
        assert_eq!(all, shares(5_000));
        let codes: std::collections::BTreeSet<_> = all.iter().map(|s| s.code.clone()).collect();
        assert_eq!(codes.len(), 5_000);
        for share in &all {
            assert_eq!(share.spec(AssetId(1), AssetId(0)).validate(0, 4), Ok(()), "{share:?}");
            for price in [0.0, share.base as f64, 1e9] {
                let snapped = share.snap(price);
                assert!(share.ticks.allows(Price(snapped)), "{share:?} {snapped}");
                let (down, up) = share.limits();
                assert!((down..=up).contains(&snapped), "{share:?} {snapped}");
            }
        }
    }
}
