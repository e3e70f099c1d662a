//! The slow, obvious twin of the auction: every price on tick is tried against the published
//! conditions, the published order of choice is followed step by step, and units are dealt out
//! one by one. For tests and benches only; keep it too simple to be wrong.

use super::{Claim, Outcome, Priority, Terms};
use crate::types::{AuctionEnd, Price};

/// An auction's orders: totals of market orders, and levels in any order.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// Market buys.
    pub market_buy: i64,
    /// Market sells.
    pub market_sell: i64,
    /// Buys, `(price, quantity)`.
    pub bids: Vec<(i64, i64)>,
    /// Sells, `(price, quantity)`.
    pub asks: Vec<(i64, i64)>,
}

/// Which rule left one price.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// There was only one to begin with.
    Only,
    /// Greatest executable volume.
    Volume,
    /// Least imbalance.
    Imbalance,
    /// The whole surplus on one side.
    Side,
    /// The board-centre price.
    Centre,
}

/// What one price would do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Candidate {
    price: i64,
    volume: i64,
    surplus: i64,
}

impl Orders {
    fn buys(&self, counts: impl Fn(i64) -> bool) -> i64 {
        self.market_buy + self.bids.iter().filter(|l| counts(l.0)).map(|l| l.1).sum::<i64>()
    }

    fn sells(&self, counts: impl Fn(i64) -> bool) -> i64 {
        self.market_sell + self.asks.iter().filter(|l| counts(l.0)).map(|l| l.1).sum::<i64>()
    }

    fn candidate(&self, price: i64) -> Candidate {
        let buys = self.buys(|bid| bid >= price);
        let sells = self.sells(|ask| ask <= price);
        Candidate { price, volume: buys.min(sells), surplus: buys - sells }
    }

    /// All market orders, all buys above, all sells below, and the whole of one side at it.
    fn admits(&self, price: i64) -> bool {
        let volume = self.candidate(price).volume;
        let one_side_whole =
            volume == self.buys(|bid| bid >= price) || volume == self.sells(|ask| ask <= price);
        volume >= self.buys(|bid| bid > price)
            && volume >= self.sells(|ask| ask < price)
            && one_side_whole
    }

    /// Every price on tick in the terms' range and near enough to matter: beyond all levels,
    /// the centre and the range's ends nothing changes any more.
    fn prices(&self, terms: &Terms) -> Vec<i64> {
        let mut matter = vec![terms.centre.max(1)];
        matter.extend(self.bids.iter().chain(&self.asks).map(|level| level.0));
        matter.extend([terms.low].iter().filter(|&&low| low > 1));
        matter.extend([terms.high].iter().filter(|&&high| high < i64::MAX));
        matter.sort();
        let (first, last) = (matter[0], matter[matter.len() - 1]);
        let margin = 3 * terms.ticks.tick_at(Price(last + 1));
        let from = (first - margin).max(terms.low).max(1);
        let to = (last + margin).min(terms.high);
        let step = terms.ticks.step();
        let multiples = ((from + step - 1) / step..=to / step).map(|n| n * step);
        multiples.filter(|&price| terms.ticks.allows(Price(price))).collect()
    }

    /// The auction by the published rules.
    pub fn price(&self, terms: &Terms) -> (Outcome, Option<Rule>) {
        let prices = self.prices(terms);
        let admissible: Vec<Candidate> = prices
            .iter()
            .filter(|&&price| self.admits(price))
            .map(|&price| self.candidate(price))
            .collect();
        if admissible.is_empty() {
            return (self.unpriced(&prices), None);
        }
        match choose(admissible, terms.centre) {
            None => (Outcome::EMPTY, None),
            Some((Candidate { price, volume, surplus }, rule)) => {
                let end = AuctionEnd::Priced;
                (Outcome { end, price, quantity: volume, surplus }, Some(rule))
            }
        }
    }

    /// The order of choice over all prices of the range that trade something, admissible or
    /// not, and how many of them have the greatest volume.
    pub fn price_without_conditions(&self, terms: &Terms) -> Option<(i64, Rule, usize)> {
        let all: Vec<Candidate> =
            self.prices(terms).iter().map(|&price| self.candidate(price)).collect();
        let most = all.iter().map(|c| c.volume).max()?;
        let several = all.iter().filter(|c| c.volume == most).count();
        choose(all, terms.centre).map(|(chosen, rule)| (chosen.price, rule, several))
    }

    /// No price is admissible: at the range's end on the side of the surplus.
    fn unpriced(&self, prices: &[i64]) -> Outcome {
        let (lowest, highest) = (prices[0], prices[prices.len() - 1]);
        // Buys that would not trade though the price is as high as it may be.
        let at_top = self.candidate(highest);
        let at = if at_top.volume < self.buys(|bid| bid > highest) { highest } else { lowest };
        let Candidate { price, volume, surplus } = self.candidate(at);
        Outcome { end: AuctionEnd::Unpriced, price, quantity: volume, surplus }
    }
}

/// Crossing prices; greatest volume; least imbalance; side of the surplus; nearest the centre.
fn choose(mut left: Vec<Candidate>, centre: i64) -> Option<(Candidate, Rule)> {
    left.retain(|c| c.volume > 0);
    if left.len() < 2 {
        return left.first().map(|&only| (only, Rule::Only));
    }
    let most = left.iter().map(|c| c.volume).max()?;
    left.retain(|c| c.volume == most);
    if left.len() == 1 {
        return Some((left[0], Rule::Volume));
    }
    let least = left.iter().map(|c| c.surplus.abs()).min()?;
    left.retain(|c| c.surplus.abs() == least);
    if left.len() == 1 {
        return Some((left[0], Rule::Imbalance));
    }
    if left.iter().all(|c| c.surplus < 0) {
        return left.first().map(|&lowest| (lowest, Rule::Side));
    }
    if left.iter().all(|c| c.surplus > 0) {
        return left.last().map(|&highest| (highest, Rule::Side));
    }
    let nearest = left.iter().min_by_key(|c| (c.price.abs_diff(centre), c.price));
    nearest.map(|&chosen| (chosen, Rule::Centre))
}

/// Deals `quantity` out in turns, one unit at a time.
pub fn in_turns(quantity: i64, lot: i64, claims: &mut [Claim]) -> i64 {
    let mut participants: Vec<(u32, i64, u64)> = Vec::new();
    for claim in claims.iter_mut() {
        claim.allocated = 0;
        match participants.iter_mut().find(|p| p.0 == claim.participant) {
            Some(one) => (one.1, one.2) = (one.1 + claim.quantity, one.2.min(claim.entry)),
            None => participants.push((claim.participant, claim.quantity, claim.entry)),
        }
    }
    participants.sort_by_key(|&(_, wants, entry)| (-wants, entry));
    let mut by_time: Vec<usize> = (0..claims.len()).collect();
    by_time.sort_by_key(|&at| claims[at].entry);
    let mut left = quantity;
    loop {
        let before = left;
        for &(participant, ..) in &participants {
            let mut unit = lot.min(left);
            for &at in &by_time {
                let claim = &mut claims[at];
                if claim.participant != participant {
                    continue;
                }
                let part = unit.min(claim.quantity - claim.allocated);
                claim.allocated += part;
                unit -= part;
                left -= part;
            }
        }
        if left == before {
            return quantity - left;
        }
    }
}

/// Group after group.
pub fn by_groups(quantity: i64, lot: i64, claims: &mut [Claim]) {
    claims.sort_by_key(|claim| (claim.group, claim.entry));
    let mut left = quantity;
    for group in 0..=u8::MAX {
        let mut members: Vec<Claim> =
            claims.iter().filter(|claim| claim.group == group).copied().collect();
        if members.is_empty() {
            continue;
        }
        match members[0].priority {
            Priority::Simultaneous => left -= in_turns(left, lot, &mut members),
            Priority::Time => {
                for member in &mut members {
                    member.allocated = left.min(member.quantity);
                    left -= member.allocated;
                }
            }
        }
        for (claim, member) in claims.iter_mut().filter(|c| c.group == group).zip(members) {
            *claim = member;
        }
    }
}
