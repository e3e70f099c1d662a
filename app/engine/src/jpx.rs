//! Tokyo's public tables as data, and the pure functions over them: tick sizes, daily price
//! limits and the widths of quotes. Prices are in the venue's price unit of 0.1 yen.
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
    /// Renewal width of quotes, in yen: what a price may move by at once.
    pub renewal_yen: i64,
}

impl LimitBand {
    /// Width of sequential quotes, and half of the closing auction's range, in yen.
    pub const fn double_yen(&self) -> i64 {
        2 * self.renewal_yen
    }

    /// Daily limit after two limit days without trading, in yen.
    pub const fn expanded_yen(&self) -> i64 {
        4 * self.limit_yen
    }
}

const fn tick(up_to_yen: i64, tick: i64) -> TickBand {
    TickBand { up_to: up_to_yen * UNITS_PER_YEN, tick }
}

const fn last_tick(tick: i64) -> TickBand {
    TickBand { up_to: i64::MAX, tick }
}

const fn limit(base_below_yen: i64, limit_yen: i64, renewal_yen: i64) -> LimitBand {
    LimitBand { base_below_yen, limit_yen, renewal_yen }
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

/// Daily limits by base price; renewal widths by the last price or quote.
pub const DAILY_LIMITS: [LimitBand; 34] = [
    limit(100, 30, 5),
    limit(200, 50, 5),
    limit(500, 80, 8),
    limit(700, 100, 10),
    limit(1_000, 150, 15),
    limit(1_500, 300, 30),
    limit(2_000, 400, 40),
    limit(3_000, 500, 50),
    limit(5_000, 700, 70),
    limit(7_000, 1_000, 100),
    limit(10_000, 1_500, 150),
    limit(15_000, 3_000, 300),
    limit(20_000, 4_000, 400),
    limit(30_000, 5_000, 500),
    limit(50_000, 7_000, 700),
    limit(70_000, 10_000, 1_000),
    limit(100_000, 15_000, 1_500),
    limit(150_000, 30_000, 3_000),
    limit(200_000, 40_000, 4_000),
    limit(300_000, 50_000, 5_000),
    limit(500_000, 70_000, 7_000),
    limit(700_000, 100_000, 10_000),
    limit(1_000_000, 150_000, 15_000),
    limit(1_500_000, 300_000, 30_000),
    limit(2_000_000, 400_000, 40_000),
    limit(3_000_000, 500_000, 50_000),
    limit(5_000_000, 700_000, 70_000),
    limit(7_000_000, 1_000_000, 100_000),
    limit(10_000_000, 1_500_000, 150_000),
    limit(15_000_000, 3_000_000, 300_000),
    limit(20_000_000, 4_000_000, 400_000),
    limit(30_000_000, 5_000_000, 500_000),
    limit(50_000_000, 7_000_000, 700_000),
    limit(i64::MAX, 10_000_000, 1_000_000),
];

/// Tick size at `price` by `table`: bands are over their lower end, up to and including
/// their upper end.
pub fn tick_at(table: &[TickBand; 16], price: Price) -> i64 {
    let band = table.iter().find(|band| price.0 <= band.up_to).unwrap_or(&table[15]);
    band.tick
}

/// The band of a price, in price units.
fn band(price: Price) -> &'static LimitBand {
    let at = DAILY_LIMITS
        .partition_point(|band| price.0 >= band.base_below_yen.saturating_mul(UNITS_PER_YEN));
    &DAILY_LIMITS[at.min(DAILY_LIMITS.len() - 1)]
}

/// By how much a price may move at once from `price`: the renewal width of quotes, in price
/// units.
pub fn renewal_width(price: Price) -> i64 {
    band(price).renewal_yen * UNITS_PER_YEN
}

/// The day's lowest and highest price for a base price (all in 0.1 yen), ordinary width.
/// Bands are from and including, below; the lower limit is never under 1 yen. `(0, 0)`, which
/// means no limits, for a base price that is not above zero.
pub fn tse_daily_limits(base: Price) -> (Price, Price) {
    tse_limits(base, [false, false])
}

/// As [`tse_daily_limits`], with the lower and the upper limit expanded or not.
pub fn tse_limits(base: Price, [expand_down, expand_up]: [bool; 2]) -> (Price, Price) {
    if base.0 <= 0 {
        return (Price::ZERO, Price::ZERO);
    }
    let band = band(base);
    let width = |expanded: bool| {
        UNITS_PER_YEN * if expanded { band.expanded_yen() } else { band.limit_yen }
    };
    let down = base.0.saturating_sub(width(expand_down)).max(UNITS_PER_YEN);
    (Price(down), Price(base.0.saturating_add(width(expand_up))))
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
                renewal_yen: number(row[3]).unwrap(),
            })
            .collect();
        assert_eq!(published, DAILY_LIMITS);
        for (row, band) in rows(include_str!("../data/price_limits.csv")).zip(&DAILY_LIMITS) {
            assert_eq!(number(row[4]), Some(band.double_yen()), "sequential width");
            assert_eq!(number(row[5]), Some(band.double_yen()), "closing width");
            assert_eq!(number(row[6]), Some(band.expanded_yen()), "expanded limit");
        }
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
        assert_eq!(tse_limits(Price(2_000), [true, false]), (Price(10), Price(2_800)));
        assert_eq!(tse_limits(Price(2_000), [false, true]), (Price(1_200), Price(5_200)));
    }
}
