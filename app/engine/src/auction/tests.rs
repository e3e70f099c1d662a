//! The fast code against the slow twin on random books and claims.

use super::{Outcome, Terms, price, twin};
use crate::instrument::TickRule;
use crate::types::*;

/// splitmix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From zero to below `end`.
    fn below(&mut self, end: i64) -> i64 {
        ((u128::from(self.next()) * end as u128) >> 64) as i64
    }

    fn from(&mut self, first: i64, last: i64) -> i64 {
        first + self.below(last - first + 1)
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as i64) as usize]
    }
}

fn run(orders: &twin::Orders, terms: &Terms) -> Outcome {
    let mut bids = orders.bids.clone();
    let mut asks = orders.asks.clone();
    bids.sort_by_key(|level| -level.0);
    asks.sort_by_key(|level| level.0);
    price(terms, orders.market_buy, orders.market_sell, bids.into_iter(), asks.into_iter())
}

/// A tick rule and a price around which its tick changes or does not.
const PLACES: [(TickRule, i64); 8] = [
    (TickRule::Fixed(Price(1)), 100),
    (TickRule::Fixed(Price(5)), 1_000),
    (TickRule::TseTopix500, 9_000),
    (TickRule::TseTopix500, 10_000),
    (TickRule::TseTopix500, 30_000),
    (TickRule::TseOther, 20_000),
    (TickRule::TseOther, 30_000),
    (TickRule::TseOther, 50_000),
];

/// The prices on tick around a place, `ticks` below and above.
fn ladder(rule: TickRule, middle: i64, ticks: i64) -> Vec<i64> {
    let mut prices = vec![middle];
    for _ in 0..ticks {
        let (first, last) = (prices[0], prices[prices.len() - 1]);
        prices.insert(0, first - rule.tick_at(Price(first)));
        prices.push(last + rule.tick_at(Price(last + 1)));
    }
    prices
}

/// A book in one of many shapes: thin or fat, few or many different quantities, crossed far,
/// a little or not, one-sided, with or without market orders, range and centre anywhere.
fn random_book(numbers: &mut Numbers) -> (twin::Orders, Terms) {
    let (ticks, middle) = numbers.pick(&PLACES);
    let reach = numbers.pick(&[1, 3, 6, 10]);
    let prices = ladder(ticks, middle, reach);
    let kinds = numbers.pick(&[1, 2, 3, 30]);
    let quantity = |numbers: &mut Numbers| 100 * numbers.from(1, kinds);
    let market = |numbers: &mut Numbers| match numbers.below(4) {
        0 => quantity(numbers),
        1 => quantity(numbers) * numbers.from(1, 6),
        _ => 0,
    };
    let mut orders = twin::Orders {
        market_buy: market(numbers),
        market_sell: market(numbers),
        ..Default::default()
    };
    let shift = numbers.from(-reach, reach);
    for side in 0..2 {
        let levels = numbers.pick(&[0, 1, 2, 3, 5, 9]);
        let mut free = prices.clone();
        for _ in 0..levels.min(free.len() as i64 - 1) {
            let at = numbers.below(free.len() as i64);
            let towards = at + if side == 0 { shift } else { -shift };
            let price = free.remove(towards.clamp(0, free.len() as i64 - 1) as usize);
            let level = (price, quantity(numbers));
            if side == 0 { orders.bids.push(level) } else { orders.asks.push(level) }
        }
    }
    (orders, random_terms(numbers, ticks, &prices))
}

fn random_terms(numbers: &mut Numbers, ticks: TickRule, prices: &[i64]) -> Terms {
    // Beyond the ladder and between ticks as well.
    let (first, last) = (prices[0], prices[prices.len() - 1]);
    let somewhere = |numbers: &mut Numbers| match numbers.below(3) {
        0 => numbers.from(first - 20, last + 20),
        _ => numbers.pick(prices),
    };
    let (one, other) = (somewhere(numbers), somewhere(numbers));
    let (low, high) = (one.min(other), one.max(other));
    let low = if numbers.one_in(3) { 1 } else { low };
    // At least one price on tick: a range wider than the widest tick, or one that ends on one.
    let on_tick = ticks.allows(Price(high)) || ticks.allows(Price(low));
    let high = if numbers.one_in(3) || !on_tick { i64::MAX } else { high };
    let centre = if numbers.one_in(20) { 0 } else { somewhere(numbers) };
    Terms { low, high, centre, ticks }
}

/// Books to try: more with `ZARABA_AUCTION_BOOKS`, as `make auction` does.
fn books() -> u64 {
    let asked = std::env::var("ZARABA_AUCTION_BOOKS").ok();
    asked.map_or(100_000, |n| n.parse().expect("ZARABA_AUCTION_BOOKS is a number"))
}

#[test]
fn price_is_the_one_a_search_of_all_prices_finds() {
    let mut numbers = Numbers(1);
    for i in 0..books() {
        let (orders, terms) = random_book(&mut numbers);
        let (expected, _) = orders.price(&terms);
        let mut found = run(&orders, &terms);
        let open = match found.excess() {
            Some(Side::Sell) => terms.low == 1,
            _ => terms.high == i64::MAX,
        };
        if found.end == AuctionEnd::Unpriced && open {
            // The twin stops short of the last of all prices; beyond all levels nothing changes.
            found.price = expected.price;
        }
        assert_eq!(found, expected, "book {i}: {orders:?}, {terms:?}");
    }
}
