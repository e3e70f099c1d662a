//! Tokyo's public tables as data, and the pure functions over them: tick sizes and daily
//! price limits. Prices are in the venue's price unit of 0.1 yen.
//!
//! The tables are kept as published in `app/engine/data/*.csv`; a test holds the constants
//! below to those files. Sources: JPX "Tick Size", "Daily Price Limits" (as of 2026-11).

use crate::types::Price;

/// Price units in one yen.
pub const UNITS_PER_YEN: i64 = 10;

/// One band of a tick table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TickBand {
    /// Highest price of the band (inclusive), in price units; the last band has no end.
    pub up_to: i64,
    /// Tick size in price units.
    pub tick: i64,
}

/// One band of the daily limit table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LimitBand {
    /// Base prices below this (exclusive), in yen; the last band has no end.
    pub base_below_yen: i64,
    /// Daily limit, in yen up and down from the base price.
    pub limit_yen: i64,
}

const fn tick(up_to_yen: i64, tick: i64) -> TickBand {
    TickBand { up_to: up_to_yen * UNITS_PER_YEN, tick }
}

const fn last_tick(tick: i64) -> TickBand {
    TickBand { up_to: i64::MAX, tick }
}

const fn limit(base_below_yen: i64, limit_yen: i64) -> LimitBand {
    LimitBand { base_below_yen, limit_yen }
}

/// Tick sizes of TOPIX500 constituents.
pub const TICKS_TOPIX500: [TickBand; 16] = [
    tick(1_000, 1),
    tick(3_000, 5),
    tick(5_000, 10),
    tick(10_000, 10),
    tick(30_000, 50),
    tick(50_000, 100),
    tick(100_000, 100),
    tick(300_000, 500),
    tick(500_000, 1_000),
    tick(1_000_000, 1_000),
    tick(3_000_000, 5_000),
    tick(5_000_000, 10_000),
    tick(10_000_000, 10_000),
    tick(30_000_000, 50_000),
    tick(50_000_000, 100_000),
    last_tick(100_000),
];

/// Tick sizes of all other shares.
pub const TICKS_OTHER: [TickBand; 16] = [
    tick(1_000, 10),
    tick(3_000, 10),
    tick(5_000, 50),
    tick(10_000, 100),
    tick(30_000, 100),
    tick(50_000, 500),
    tick(100_000, 1_000),
    tick(300_000, 1_000),
    tick(500_000, 5_000),
    tick(1_000_000, 10_000),
    tick(3_000_000, 10_000),
    tick(5_000_000, 50_000),
    tick(10_000_000, 100_000),
    tick(30_000_000, 100_000),
    tick(50_000_000, 500_000),
    last_tick(1_000_000),
];

/// Daily limits by base price.
pub const DAILY_LIMITS: [LimitBand; 34] = [
    limit(100, 30),
    limit(200, 50),
    limit(500, 80),
    limit(700, 100),
    limit(1_000, 150),
    limit(1_500, 300),
    limit(2_000, 400),
    limit(3_000, 500),
    limit(5_000, 700),
    limit(7_000, 1_000),
    limit(10_000, 1_500),
    limit(15_000, 3_000),
    limit(20_000, 4_000),
    limit(30_000, 5_000),
    limit(50_000, 7_000),
    limit(70_000, 10_000),
    limit(100_000, 15_000),
    limit(150_000, 30_000),
    limit(200_000, 40_000),
    limit(300_000, 50_000),
    limit(500_000, 70_000),
    limit(700_000, 100_000),
    limit(1_000_000, 150_000),
    limit(1_500_000, 300_000),
    limit(2_000_000, 400_000),
    limit(3_000_000, 500_000),
    limit(5_000_000, 700_000),
    limit(7_000_000, 1_000_000),
    limit(10_000_000, 1_500_000),
    limit(15_000_000, 3_000_000),
    limit(20_000_000, 4_000_000),
    limit(30_000_000, 5_000_000),
    limit(50_000_000, 7_000_000),
    limit(i64::MAX, 10_000_000),
];

/// Tick size at `price` by `table`: bands are over their lower end, up to and including
/// their upper end.
pub fn tick_at(table: &[TickBand; 16], price: Price) -> i64 {
    let band = table.iter().find(|band| price.0 <= band.up_to).unwrap_or(&table[15]);
    band.tick
}

/// The day's lowest and highest price for a base price (all in 0.1 yen), ordinary width.
/// Bands are from and including, below; the lower limit is never under 1 yen. `(0, 0)`, which
/// means no limits, for a base price that is not above zero.
pub fn tse_daily_limits(base: Price) -> (Price, Price) {
    if base.0 <= 0 {
        return (Price::ZERO, Price::ZERO);
    }
    let width = DAILY_LIMITS
        .iter()
        .find(|band| base.0 < band.base_below_yen.saturating_mul(UNITS_PER_YEN))
        .unwrap_or(&DAILY_LIMITS[DAILY_LIMITS.len() - 1])
        .limit_yen
        * UNITS_PER_YEN;
    let down = base.0.saturating_sub(width).max(UNITS_PER_YEN);
    (Price(down), Price(base.0.saturating_add(width)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
        text.lines().skip(1).filter(|l| !l.is_empty()).map(|l| l.split(',').collect())
    }

    fn number(text: &str) -> Option<i64> {
        (!text.is_empty()).then(|| text.parse().unwrap())
    }

    #[test]
    fn tick_tables_are_the_published_ones() {
        for (file, table) in [
            (include_str!("../data/tick_sizes_topix500.csv"), TICKS_TOPIX500),
            (include_str!("../data/tick_sizes_other.csv"), TICKS_OTHER),
        ] {
            let published: Vec<TickBand> = rows(file)
                .map(|row| TickBand {
                    up_to: number(row[1]).map_or(i64::MAX, |yen| yen * UNITS_PER_YEN),
                    tick: number(row[2]).unwrap(),
                })
                .collect();
            assert_eq!(published, table);
        }
    }

    #[test]
    fn limit_table_is_the_published_one() {
        let published: Vec<LimitBand> = rows(include_str!("../data/price_limits.csv"))
            .map(|row| LimitBand {
                base_below_yen: number(row[1]).unwrap_or(i64::MAX),
                limit_yen: number(row[2]).unwrap(),
            })
            .collect();
        assert_eq!(published, DAILY_LIMITS);
    }

    #[test]
    fn bands_begin_and_end_where_the_rule_says() {
        // Ticks: over X, up to and including Y.
        assert_eq!(tick_at(&TICKS_TOPIX500, Price(10_000)), 1);
        assert_eq!(tick_at(&TICKS_TOPIX500, Price(10_001)), 5);
        assert_eq!(tick_at(&TICKS_OTHER, Price(30_000)), 10);
        assert_eq!(tick_at(&TICKS_OTHER, Price(30_001)), 50);
        assert_eq!(tick_at(&TICKS_OTHER, Price(i64::MAX)), 1_000_000);
        // Limits: from and including X, below Y.
        assert_eq!(tse_daily_limits(Price(9_990)), (Price(8_490), Price(11_490)));
        assert_eq!(tse_daily_limits(Price(10_000)), (Price(7_000), Price(13_000)));
    }

    #[test]
    fn lower_limit_is_never_under_one_yen() {
        assert_eq!(tse_daily_limits(Price(200)), (Price(10), Price(500)));
        assert_eq!(tse_daily_limits(Price(0)), (Price(0), Price(0)));
    }
}
