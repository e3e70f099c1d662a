//! The auction's price.
//!
//! Line all buys up by price, market orders first, and all sells likewise; call the price of
//! the n-th unit b(n) and s(n). The units that trade are those with b(n) >= s(n); let there be
//! K of them. A price p is admissible (executes all market orders, all buys above it, all sells
//! below it, and the whole of one side at it) exactly if
//!
//! ```text
//! max(s(K), b(K+1)) <= p <= min(b(K), s(K+1))
//! ```
//!
//! So the admissible prices are an interval, K trades at each of them, and what is left over at
//! the price itself is a buy surplus at b(K+1), a sell surplus at s(K+1) and nothing elsewhere.
//! Of the published order of choice (greatest volume, least imbalance, the surplus's side, the
//! board-centre price) only imbalance and centre therefore have to be computed: volume is the
//! same for all, and equal surpluses on one side belong to one price. The twin follows the
//! published order step by step; the tests hold both together.

use crate::instrument::TickRule;
use crate::types::{AuctionEnd, Price, Side};

/// What an auction may trade at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Lowest executable price (inclusive), on or between ticks; 1 when there is no bound.
    pub low: i64,
    /// Highest executable price (inclusive), on or between ticks; `i64::MAX` when there is no
    /// bound.
    pub high: i64,
    /// Board-centre price: the last price, a special quote or the base price. Need not be on
    /// tick or within the range. Below every price left to choose from, as zero is, it chooses
    /// the lowest.
    pub centre: i64,
    /// Which prices exist.
    pub ticks: TickRule,
}

/// What an auction does, or would do now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// [`Priced`](AuctionEnd::Priced), [`Empty`](AuctionEnd::Empty) (nothing crosses) or
    /// [`Unpriced`](AuctionEnd::Unpriced) (no price of the range is admissible); from
    /// [`at_close`] also the two ways to end without an admissible price.
    pub end: AuctionEnd,
    /// The auction's price. Unpriced: the range's last price towards the surplus, the highest
    /// if buys are in excess and the lowest if sells are. Empty: 0.
    pub price: i64,
    /// What trades at `price`. Unpriced: what could trade there, the smaller of both sides'
    /// quantities at that price or better; zero if a side has nothing. Empty: 0.
    pub quantity: i64,
    /// Buys at `price` or better minus sells at `price` or better, market orders included:
    /// above zero buys are left over, below zero sells. Unpriced: never zero, its sign is the
    /// direction of the special quote. Empty: 0.
    pub surplus: i64,
}

impl Outcome {
    /// Nothing crosses.
    pub const EMPTY: Outcome =
        Outcome { end: AuctionEnd::Empty, price: 0, quantity: 0, surplus: 0 };

    /// Which side has something left over at `price`.
    pub fn excess(&self) -> Option<Side> {
        match self.surplus {
            0 => None,
            1.. => Some(Side::Buy),
            _ => Some(Side::Sell),
        }
    }
}

/// Finds the price of an auction over whole levels `(price, quantity)`: `bids` highest first,
/// `asks` lowest first, prices from 1 and on tick, market orders as totals.
///
/// Reads the levels that trade and one more on each side; only if the auction ends unpriced
/// also the levels up to the range's last price. Sums beyond 64 bits are held at the highest
/// number.
///
/// A one-sided book is empty if its best price lies in the range, and unpriced if it lies
/// beyond or if there are market orders: all of them must trade, and nothing is there to trade
/// with.
pub fn price(
    terms: &Terms,
    market_buy: i64,
    market_sell: i64,
    bids: impl Iterator<Item = (i64, i64)> + Clone,
    asks: impl Iterator<Item = (i64, i64)> + Clone,
) -> Outcome {
    let low = terms.low.max(1);
    // `HIGHEST` itself stands for market buys and for sells that are not there.
    let high = terms.high.min(HIGHEST - 1);
    let cross = cross(market_buy, market_sell, bids.clone(), asks.clone());
    if cross.quantity == 0 && cross.low.max(low) <= cross.high.min(high) {
        return Outcome::EMPTY;
    }
    let bottom = terms.ticks.up(low);
    let top = terms.ticks.down(high);
    let lowest = terms.ticks.up(cross.low).max(bottom);
    let highest = terms.ticks.down(cross.high).min(top);
    if lowest <= highest {
        let price = choose(terms, &cross, lowest, highest);
        let surplus = cross.surplus_at(price);
        let quantity = cross.quantity;
        return Outcome { end: AuctionEnd::Priced, price, quantity, surplus };
    }
    let price = if lowest > top { top } else { bottom };
    let buys = market_buy as i128 + sum(bids.take_while(|&(bid, _)| bid >= price));
    let sells = market_sell as i128 + sum(asks.take_while(|&(ask, _)| ask <= price));
    Outcome {
        end: AuctionEnd::Unpriced,
        price,
        quantity: held(buys.min(sells)),
        surplus: held(buys - sells),
    }
}

/// What the afternoon's closing auction does when [`price`] found no admissible price.
///
/// - Stop allocation, if the surplus is at the day's limit on its side: market orders count as
///   limit orders at the limit price, `quantity` trades there, and the side in excess is
///   shared out among all its orders as one simultaneous group ([`super::Sharing::in_turns`]).
/// - Special execution otherwise: `quantity` trades at the bound of the range, orders of
///   either side at that price or better by strict time priority whatever their kind
///   ([`super::Sharing::by_time`]).
/// - Unpriced as before, if not even one `lot` could trade there.
///
/// `limit_down` and `limit_up` are the day's limits, zero for none. Outcomes that are not
/// unpriced stay as they are.
pub fn at_close(outcome: Outcome, limit_down: i64, limit_up: i64, lot: i64) -> Outcome {
    if outcome.end != AuctionEnd::Unpriced || outcome.quantity < lot {
        return outcome;
    }
    let at_limit = match outcome.excess() {
        Some(Side::Buy) => limit_up > 0 && outcome.price >= limit_up,
        Some(Side::Sell) => limit_down > 0 && outcome.price <= limit_down,
        None => false,
    };
    let end = if at_limit { AuctionEnd::StopAllocation } else { AuctionEnd::SpecialExecution };
    Outcome { end, ..outcome }
}

/// Above every price.
const HIGHEST: i64 = i64::MAX;

/// Where both lines of units cross.
struct Cross {
    /// K: units that trade.
    quantity: i64,
    /// max(s(K), b(K+1)): zero if there is no such unit, `HIGHEST` if market buys are left.
    low: i64,
    /// min(b(K), s(K+1)): `HIGHEST` if there is no such unit, zero if market sells are left.
    high: i64,
    /// b(K+1) and how much of its level is left over.
    bid: (i64, i64),
    /// s(K+1) and how much of its level is left over.
    ask: (i64, i64),
}

impl Cross {
    /// Buys minus sells at an admissible price.
    fn surplus_at(&self, price: i64) -> i64 {
        if price == self.bid.0 {
            self.bid.1
        } else if price == self.ask.0 {
            -self.ask.1
        } else {
            0
        }
    }
}

/// Matches both lines from their best units on, level by level.
fn cross(
    market_buy: i64,
    market_sell: i64,
    mut bids: impl Iterator<Item = (i64, i64)>,
    mut asks: impl Iterator<Item = (i64, i64)>,
) -> Cross {
    let mut quantity = 0i64;
    // The last units that trade.
    let (mut last_bid, mut last_ask) = (HIGHEST, 0);
    let (mut bid, mut ask) = ((HIGHEST, market_buy), (0, market_sell));
    loop {
        while bid.1 <= 0 {
            bid = bids.next().unwrap_or((0, i64::MAX));
        }
        while ask.1 <= 0 {
            ask = asks.next().unwrap_or((HIGHEST, i64::MAX));
        }
        let none_left = bid.0 == 0 || ask.0 == HIGHEST;
        if none_left || bid.0 < ask.0 {
            return Cross {
                quantity,
                low: last_ask.max(bid.0),
                high: last_bid.min(ask.0),
                bid,
                ask,
            };
        }
        let traded = bid.1.min(ask.1);
        quantity = quantity.saturating_add(traded);
        bid.1 -= traded;
        ask.1 -= traded;
        (last_bid, last_ask) = (bid.0, ask.0);
    }
}

/// The admissible price with the least imbalance; of several, the one nearest the centre.
fn choose(terms: &Terms, cross: &Cross, lowest: i64, highest: i64) -> i64 {
    let (below, above) = (cross.surplus_at(lowest), cross.surplus_at(highest));
    let balanced_from = if below == 0 { lowest } else { next_tick(terms.ticks, lowest) };
    let balanced_to =
        if above == 0 { highest } else { highest - terms.ticks.tick_at(Price(highest)) };
    if balanced_from <= balanced_to {
        return nearest(terms.ticks, terms.centre, balanced_from, balanced_to);
    }
    // At most two prices, neighbours, each with a surplus.
    match below.abs().cmp(&above.abs()) {
        std::cmp::Ordering::Less => lowest,
        std::cmp::Ordering::Greater => highest,
        std::cmp::Ordering::Equal => nearest(terms.ticks, terms.centre, lowest, highest),
    }
}

/// The price on tick in `[lowest, highest]` (both on tick) nearest to `centre`; halfway, the
/// lower.
fn nearest(ticks: TickRule, centre: i64, lowest: i64, highest: i64) -> i64 {
    let centre = centre.clamp(lowest, highest);
    let (below, above) = (ticks.down(centre), ticks.up(centre));
    if above - centre < centre - below { above } else { below }
}

/// The price on tick after `price`, which is on tick.
fn next_tick(ticks: TickRule, price: i64) -> i64 {
    ticks.up(price.saturating_add(1))
}

fn sum(levels: impl Iterator<Item = (i64, i64)>) -> i128 {
    levels.map(|(_, quantity)| i128::from(quantity)).sum()
}

/// The nearest number of 64 bits.
fn held(quantity: i128) -> i64 {
    quantity.clamp(i128::from(i64::MIN + 1), i128::from(i64::MAX)) as i64
}
