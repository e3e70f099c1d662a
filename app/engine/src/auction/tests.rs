//! The fast code against the slow twin on random books and claims.

use super::{Claim, Outcome, Priority, Sharing, Terms, price, twin};
use crate::instrument::TickRule;
use crate::jpx;
use crate::oracle::stream::Numbers;
use crate::types::*;

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
            let at = numbers.from(0, free.len() as i64 - 1);
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

/// Fewest books that count as a comparison.
const LEAST_BOOKS: u64 = 100_000;

/// Cases to try: more with `ZARABA_AUCTION_BOOKS`, as `make auction` does.
fn cases() -> u64 {
    let asked = std::env::var("ZARABA_AUCTION_BOOKS").ok();
    asked.map_or(400_000, |n| n.parse().expect("ZARABA_AUCTION_BOOKS is a number"))
}

/// What decided the random books.
#[derive(Default, Debug)]
struct Tally {
    books: u64,
    empty: u64,
    unpriced: u64,
    priced: u64,
    /// Priced books by the rule that left one price, among admissible ones.
    rules: [u64; 5],
    /// Books of which some price trades something.
    crossing: u64,
    /// Of these: several prices have the greatest volume.
    volume_leaves_several: u64,
    /// Of these: by the rule that left one price when the conditions are not asked.
    loose_rules: [u64; 5],
    /// Priced books whose price the order of choice alone, without the conditions, misses.
    conditions_matter: u64,
    /// Books it would price though no price is admissible.
    quotes_missed: u64,
}

impl Tally {
    fn add(
        &mut self,
        orders: &twin::Orders,
        terms: &Terms,
        outcome: Outcome,
        rule: Option<twin::Rule>,
    ) {
        self.books += 1;
        match outcome.end {
            AuctionEnd::Empty => self.empty += 1,
            AuctionEnd::Unpriced => self.unpriced += 1,
            _ => self.priced += 1,
        }
        if let Some(rule) = rule {
            self.rules[rule as usize] += 1;
        }
        let Some((loose, loose_rule, several)) = orders.price_without_conditions(terms) else {
            return;
        };
        self.crossing += 1;
        self.volume_leaves_several += u64::from(several > 1);
        self.loose_rules[loose_rule as usize] += 1;
        match outcome.end {
            AuctionEnd::Priced => self.conditions_matter += u64::from(loose != outcome.price),
            _ => self.quotes_missed += 1,
        }
    }

    /// The random books are hard enough to mean something.
    fn check(&self) {
        use twin::Rule::*;
        assert!(
            self.books >= LEAST_BOOKS,
            "ZARABA_AUCTION_BOOKS is at least {LEAST_BOOKS}: {self:?}"
        );
        let some = |count: u64, of: u64| assert!(count * 100 > of, "{count} of {of}: {self:?}");
        some(self.empty * 4, self.books);
        some(self.unpriced * 4, self.books);
        some(self.priced * 4, self.books);
        // Greatest volume alone does not choose in more than a third of the books that trade.
        assert!(self.volume_leaves_several * 3 > self.crossing, "{self:?}");
        // Each rule of the order of choice decides some books.
        for rule in [Volume, Imbalance, Side, Centre] {
            some(self.loose_rules[rule as usize], self.crossing);
        }
        some(self.conditions_matter * 5, self.priced);
        some(self.quotes_missed, self.crossing);
        // Among admissible prices only imbalance and centre are left to decide (see `price`).
        for rule in [Only, Imbalance, Centre] {
            some(self.rules[rule as usize], self.priced);
        }
        assert_eq!((self.rules[Volume as usize], self.rules[Side as usize]), (0, 0), "{self:?}");
    }
}

#[test]
fn price_is_the_one_a_search_of_all_prices_finds() {
    let mut numbers = Numbers(1);
    let mut tally = Tally::default();
    for i in 0..cases() {
        let (orders, terms) = random_book(&mut numbers);
        let (expected, rule) = orders.price(&terms);
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
        tally.add(&orders, &terms, expected, rule);
    }
    println!("{tally:#?}");
    tally.check();
}

/// Few or many orders of few or many participants, sizes alike or not, some below a unit.
fn random_claims(numbers: &mut Numbers, lot: i64) -> Vec<Claim> {
    let count = numbers.pick(&[1, 2, 5, 12]);
    let participants = numbers.pick(&[1, 2, 4, 12]);
    let largest = numbers.pick(&[1, 3, 10, 40]);
    let groups = numbers.pick(&[1, 1, 3, 5]);
    let leftovers = numbers.pick(&[0, 0, 3]);
    let times: Vec<Priority> = (0..groups)
        .map(|_| numbers.pick(&[Priority::Simultaneous, Priority::Simultaneous, Priority::Time]))
        .collect();
    let mut claims: Vec<Claim> = (0..count)
        .map(|tag| {
            let whole = lot * numbers.from(1, largest);
            let odd = if leftovers > 0 && numbers.one_in(leftovers) {
                numbers.from(0, lot - 1)
            } else {
                0
            };
            let group = numbers.below(groups) as u8;
            Claim {
                tag: tag as u32,
                participant: numbers.below(participants) as u32,
                group,
                priority: times[usize::from(group)],
                entry: tag as u64,
                quantity: if odd > 0 && numbers.one_in(2) { odd } else { whole + odd },
                allocated: 77,
            }
        })
        .collect();
    // Given in any order.
    for i in (1..claims.len()).rev() {
        claims.swap(i, numbers.below(i as u64 + 1) as usize);
    }
    claims
}

#[test]
fn turns_are_those_of_dealing_out_unit_by_unit() {
    let mut numbers = Numbers(2);
    let mut sharing = Sharing::new();
    let (mut partial, mut odd) = (0u64, 0u64);
    for i in 0..cases() / 2 {
        let lot = numbers.pick(&[1, 7, 100]);
        let mut claims = random_claims(&mut numbers, lot);
        let wanted: i64 = claims.iter().map(|claim| claim.quantity).sum();
        let quantity = match numbers.below(3) {
            0 => numbers.from(0, wanted + lot),
            _ => numbers.from(0, wanted / lot) * lot,
        };
        let mut expected = claims.clone();
        twin::in_turns(quantity, lot, &mut expected);
        sharing.in_turns(quantity, lot, &mut claims);
        assert_eq!(claims, expected, "case {i}: {quantity} in {lot}");
        assert_eq!(claims.iter().map(|claim| claim.allocated).sum::<i64>(), quantity.min(wanted));
        partial += u64::from(quantity < wanted);
        odd += u64::from(quantity < wanted && wanted % lot != 0);
    }
    assert!(partial > cases() / 4 && odd > cases() / 40, "{partial} {odd}");
}

#[test]
fn groups_are_served_one_after_the_other() {
    let mut numbers = Numbers(3);
    let mut sharing = Sharing::new();
    for i in 0..cases() / 4 {
        let lot = numbers.pick(&[1, 100]);
        let mut claims = random_claims(&mut numbers, lot);
        let wanted: i64 = claims.iter().map(|claim| claim.quantity).sum();
        let quantity = numbers.from(0, wanted + lot);
        let mut expected = claims.clone();
        twin::by_groups(quantity, lot, &mut expected);
        sharing.by_groups(quantity, lot, &mut claims);
        assert_eq!(claims, expected, "case {i}: {quantity} in {lot}");
        // Nobody is served while someone of an earlier group still waits.
        for pair in claims.chunk_by(|a, b| a.group == b.group).collect::<Vec<_>>().windows(2) {
            let waits = pair[0].iter().any(|claim| claim.allocated < claim.quantity);
            assert!(!waits || pair[1].iter().all(|claim| claim.allocated == 0), "case {i}");
        }
    }
}

#[test]
fn tick_by_tick_up_and_down_over_every_band() {
    for rule in [TickRule::TseTopix500, TickRule::TseOther, TickRule::Fixed(Price(7))] {
        let table = if rule == TickRule::TseOther { jpx::TICKS_OTHER } else { jpx::TICKS_TOPIX500 };
        for band in table.iter().filter(|band| band.up_to < i64::MAX) {
            let width = 3 * rule.tick_at(Price(band.up_to + 1));
            let allowed = |price: &i64| rule.allows(Price(*price));
            for price in [-width, -band.tick, -1, 0, 1, band.tick, width].map(|d| band.up_to + d) {
                assert_eq!(Some(rule.up(price)), (price..).find(allowed), "{rule:?} {price}");
                let below = (0..=price).rev().find(allowed);
                assert_eq!(Some(rule.down(price)), below, "{rule:?} {price}");
            }
        }
        assert_eq!(rule.up(i64::MAX), i64::MAX);
        assert!(rule.allows(Price(rule.down(i64::MAX - 1))));
    }
}

#[test]
fn sums_beyond_64_bits_are_held() {
    let most = i64::MAX;
    let terms = Terms { low: 1, high: most, centre: 50, ticks: TickRule::Fixed(Price(1)) };
    let levels = |price: i64| [(price, most), (price, most)].into_iter();
    let outcome = price(&terms, most, most, levels(60), levels(40));
    let priced = Outcome { end: AuctionEnd::Priced, price: 50, quantity: most, surplus: 0 };
    assert_eq!(outcome, priced);
    let unpriced = price(&Terms { high: 30, ..terms }, most, 0, levels(60), levels(40));
    let expected = Outcome { end: AuctionEnd::Unpriced, price: 30, quantity: 0, surplus: most };
    assert_eq!(unpriced, expected);
    let mut claims = [claim(0, most - 10), claim(1, 10)];
    Sharing::new().in_turns(most - 1, 1, &mut claims);
    assert_eq!(claims.map(|claim| claim.allocated), [most - 11, 10]);
}

fn claim(tag: u32, quantity: i64) -> Claim {
    let priority = Priority::Simultaneous;
    let entry = u64::from(tag);
    Claim { tag, participant: tag, group: 0, priority, entry, quantity, allocated: 0 }
}
