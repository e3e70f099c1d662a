//! What is sent on a simulated day, and when: decided beforehand from a seed, so that two runs
//! send the same. Most shares have a quiet day; some have news, run to a limit, are swept,
//! or close far from where they traded, so that every rule of the market is met.
//! Floats are fine here: nothing of the venue depends on them.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use zaraba_engine::types::*;

use super::universe::Share;

/// Participants.
pub const ACCOUNTS: u32 = 400;
/// Accounts that own a share, and so can sell it.
pub const HOLDERS: u32 = 8;
/// The most traded shares have odd-lot desks.
pub const DESKS: usize = 300;

/// Orders that a share needs to have more than a quiet day.
const STORY_ORDERS: u32 = 30;

/// Orders of a ladder on each side.
const LADDER: u32 = 14;

/// Milliseconds after midnight.
type Ms = u32;

const fn hm(hour: u32, minute: u32) -> Ms {
    (hour * 60 + minute) * 60_000
}

const OPEN: Ms = hm(9, 0);
const LUNCH: Ms = hm(11, 30);
const PRE_CLOSE: Ms = hm(15, 25);

/// When orders come: from, to, share of all in thousandths.
const HOURS: [(Ms, Ms, u32); 11] = [
    (hm(8, 0), hm(8, 20), 80),
    (hm(8, 20), hm(8, 50), 50),
    (hm(8, 50), hm(9, 0), 120),
    (hm(9, 0), hm(9, 30), 160),
    (hm(9, 30), hm(11, 0), 180),
    (hm(11, 0), hm(11, 30), 70),
    (hm(12, 5), hm(12, 30), 40),
    (hm(12, 30), hm(13, 0), 70),
    (hm(13, 0), hm(14, 50), 120),
    (hm(14, 50), hm(15, 25), 80),
    (hm(15, 25), hm(15, 30), 30),
];

/// What happens to a share on the day.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Story {
    /// Small steps around where it was.
    Calm,
    /// It opens elsewhere, by this part of its price.
    News(f64),
    /// Everybody wants it, or nobody.
    Limit(Side),
    /// One large market order into a thin book.
    Sweep(Ms, Side),
    /// Rising (falling) orders through many levels at once.
    Ladder(Ms, Side),
    /// Heavy on-close orders on one side.
    LateDrive(Side),
}

/// An order of the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// Which participant, from zero.
    pub account: u32,
    /// Buy or sell.
    pub side: Side,
    /// In 0.1 yen; zero: a market order.
    pub price: i64,
    /// Shares.
    pub quantity: i64,
    /// Whether what cannot fill at once is cancelled.
    pub at_once: bool,
    /// When it takes part.
    pub condition: Condition,
    /// Owned or borrowed.
    pub short: ShortSale,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A new order.
    Place(Ticket),
    /// A stop order: what it becomes, and what sets it off.
    Stop(Ticket, Trigger),
    /// One cancels the other: a limit order and its stop half.
    Oco(Ticket, Trigger),
    /// An order and the limit order that follows it.
    IfDone(Ticket, i64),
    /// An odd-lot order.
    OddLot(Ticket, Desk),
    /// Cancel of the order of an earlier entry.
    Cancel(u32),
    /// Half the quantity of the order of an earlier entry.
    Halve(u32),
    /// Another price for the order of an earlier entry.
    Reprice(u32, i64),
}

impl What {
    /// Whether it is a new order.
    pub fn is_order(&self) -> bool {
        !matches!(self, What::Cancel(_) | What::Halve(_) | What::Reprice(..))
    }
}

/// An entry of the plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    /// When, in milliseconds after midnight in Tokyo.
    pub at: Ms,
    /// In which share, from zero.
    pub share: u32,
    /// What.
    pub what: What,
}

/// The participant that is the share's `number`th holder.
pub fn holder(share: u32, number: u32) -> u32 {
    (share * 7 + number * 53) % ACCOUNTS
}

/// The plan of a day: `orders` new orders, and amendments and cancels of some of them, in
/// order of time.
pub fn plan(shares: &[Share], orders: u32, seed: u64) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(orders as usize * 5 / 4);
    let mut counts = share_out(shares.len(), orders);
    let mut random = SmallRng::seed_from_u64(seed);
    for (index, share) in shares.iter().enumerate() {
        let own = SmallRng::seed_from_u64(random.random());
        Day::new(index as u32, share, counts[index], own).fill(&mut counts[index], &mut entries);
    }
    in_order(entries)
}

/// Orders per share: few shares have many, and every one at least four.
fn share_out(shares: usize, orders: u32) -> Vec<u32> {
    let weight = |index: usize| 1.0 / (index as f64 + 12.0).powf(0.75);
    let all: f64 = (0..shares).map(weight).sum();
    let of = |index| (f64::from(orders) * weight(index) / all) as u32;
    let mut counts: Vec<u32> = (0..shares).map(of).map(|n| n.max(4)).collect();
    // Rounding and the least number of each are made good at the top.
    let sum: u32 = counts.iter().sum();
    let (mut missing, mut excess) = (orders.saturating_sub(sum), sum.saturating_sub(orders));
    for count in &mut counts {
        *count += std::mem::take(&mut missing);
        let less = excess.min(count.saturating_sub(4));
        *count -= less;
        excess -= less;
    }
    counts
}

/// Sorts by time and turns references to entries into their places.
fn in_order(entries: Vec<Entry>) -> Vec<Entry> {
    let mut order: Vec<u32> = (0..entries.len() as u32).collect();
    order.sort_by_key(|&index| (entries[index as usize].at, index));
    let mut place = vec![0; entries.len()];
    for (to, &from) in order.iter().enumerate() {
        place[from as usize] = to as u32;
    }
    let moved = order.iter().map(|&index| {
        let mut entry = entries[index as usize];
        match &mut entry.what {
            What::Cancel(of) | What::Halve(of) | What::Reprice(of, _) => *of = place[*of as usize],
            _ => {}
        }
        entry
    });
    moved.collect()
}

/// The day of one share, while it is planned.
struct Day<'a> {
    index: u32,
    share: &'a Share,
    random: SmallRng,
    story: Story,
    /// Where its price would be if everybody agreed, in 0.1 yen.
    fair: f64,
    at: Ms,
}

impl Day<'_> {
    fn new(index: u32, share: &Share, orders: u32, mut random: SmallRng) -> Day<'_> {
        let side = if random.random_bool(0.5) { Side::Buy } else { Side::Sell };
        let time = |random: &mut SmallRng| {
            if random.random_bool(0.5) {
                random.random_range(hm(9, 40)..hm(11, 10))
            } else {
                random.random_range(hm(12, 50)..hm(14, 50))
            }
        };
        let story = match random.random_range(0..100) {
            _ if orders < STORY_ORDERS => Story::Calm,
            0..=5 => Story::News(random.random_range(0.04..0.12) * sign(side)),
            6..=8 => Story::Limit(side),
            9..=14 => Story::Sweep(time(&mut random), side),
            15..=20 => Story::Ladder(time(&mut random), side),
            21..=26 => Story::LateDrive(side),
            _ => Story::Calm,
        };
        let base = share.base as f64;
        let fair = match story {
            Story::News(gap) => base * (1.0 + gap),
            Story::Limit(Side::Buy) => share.limits().1 as f64 * 1.02,
            Story::Limit(Side::Sell) => share.limits().0 as f64 * 0.98,
            _ => base,
        };
        Day { index, share, random, story, fair, at: hm(8, 0) }
    }

    fn fill(mut self, count: &mut u32, entries: &mut Vec<Entry>) {
        let first = entries.len();
        self.events_of_story(count, entries);
        self.standing(count, entries);
        let mut times: Vec<Ms> = (0..*count).map(|_| self.time()).collect();
        times.sort_unstable();
        for at in times {
            self.move_to(at);
            let what = self.order();
            entries.push(Entry { at, share: self.index, what });
        }
        let placed = entries.len();
        for index in first..placed {
            self.second_thoughts(index as u32, entries);
        }
    }

    /// What dealers keep in the book on both sides from before the opening: a third of the
    /// share's orders, further away the larger. Nobody deals against a run to the limit.
    fn standing(&mut self, count: &mut u32, entries: &mut Vec<Entry>) {
        if matches!(self.story, Story::Limit(_)) {
            return;
        }
        let orders = (*count / 3).clamp(2, 24);
        for number in 0..orders {
            let side = if number % 2 == 0 { Side::Buy } else { Side::Sell };
            let level = f64::from(number / 2);
            let away = self.fair * (0.001 + 0.0025 * level + self.random.random_range(0.0..0.001));
            let price = self.share.snap(self.fair - sign(side) * away);
            let lots = self.random.random_range(6..16) + number as i64;
            let ticket = Ticket { short: ShortSale::Long, ..self.ticket(side, price, lots) };
            let at = self.random.random_range(hm(8, 0)..hm(8, 55));
            entries.push(Entry { at, share: self.index, what: What::Place(ticket) });
            *count -= 1;
        }
    }

    fn time(&mut self) -> Ms {
        let mut left = self.random.random_range(0..1_000);
        for (from, to, part) in HOURS {
            if left < part {
                // A little before the end: the last moment belongs to the auction.
                return self.random.random_range(from..to - 1_000);
            }
            left -= part;
        }
        OPEN
    }

    /// Lets time pass: the fair price wanders.
    fn move_to(&mut self, at: Ms) {
        let minutes = f64::from(at.saturating_sub(self.at)) / 60_000.0;
        let bell: f64 = (0..3).map(|_| self.random.random_range(-1.0..1.0)).sum();
        let stays = matches!(self.story, Story::Limit(_));
        if !stays {
            self.fair *= 1.0 + bell * 0.0009 * minutes.sqrt();
        }
        self.at = at;
    }

    fn side(&mut self) -> Side {
        let buys = match self.story {
            Story::Limit(Side::Buy) => 0.93,
            Story::Limit(Side::Sell) => 0.07,
            Story::News(gap) if self.at < hm(10, 0) => 0.5 + 0.25 * gap.signum(),
            _ => 0.5,
        };
        if self.random.random_bool(buys) { Side::Buy } else { Side::Sell }
    }

    fn account(&mut self, side: Side) -> u32 {
        match side {
            Side::Buy => self.random.random_range(0..ACCOUNTS),
            Side::Sell => holder(self.index, self.random.random_range(0..HOLDERS)),
        }
    }

    fn ticket(&mut self, side: Side, price: i64, lots: i64) -> Ticket {
        let short = match (side, self.random.random_range(0..100)) {
            (Side::Sell, 0..=7) => ShortSale::Exempt,
            (Side::Sell, 8..=15) => ShortSale::Short,
            _ => ShortSale::Long,
        };
        Ticket {
            account: self.account(side),
            side,
            price,
            quantity: lots * 100,
            at_once: false,
            condition: Condition::Any,
            short,
        }
    }

    fn lots(&mut self) -> i64 {
        match self.random.random_range(0..10) {
            0..=4 => self.random.random_range(1..4),
            5..=8 => self.random.random_range(3..12),
            _ => self.random.random_range(10..60),
        }
    }

    /// A price `away` ticks from fair: on the own side if positive, across if negative.
    fn near(&mut self, side: Side, away: f64) -> i64 {
        let tick = self.share.tick(self.fair as i64) as f64;
        // Where ticks are fine, distances are in parts of the price.
        let unit = tick.max(self.fair * 0.0004);
        self.share.snap(self.fair - sign(side) * away * unit)
    }

    fn order(&mut self) -> What {
        let (side, lots) = (self.side(), self.lots());
        match self.at {
            at if at < OPEN || (LUNCH..hm(12, 30)).contains(&at) => self.before_open(side, lots),
            at if at >= PRE_CLOSE => self.before_close(side, lots),
            _ => self.in_session(side, lots),
        }
    }

    fn before_open(&mut self, side: Side, lots: i64) -> What {
        let roll = self.random.random_range(0..100);
        let away = self.random.random_range(-12.0..24.0);
        let price = self.near(side, away);
        let ticket = self.ticket(side, price, lots);
        let with = |condition, price| What::Place(Ticket { condition, price, ..ticket });
        // Who takes any price deals in few lots, except in a run to the limit.
        let runs = matches!(self.story, Story::Limit(_));
        let quantity = if runs { ticket.quantity } else { lots.min(5) * 100 };
        let at_market = |condition| What::Place(Ticket { condition, price: 0, quantity, ..ticket });
        match roll {
            0..=8 => at_market(Condition::Any),
            13..=15 => at_market(Condition::Opening),
            16..=17 => with(Condition::Opening, price),
            18 => with(Condition::MorningClosing, price),
            19..=21 => at_market(Condition::Closing),
            22..=23 => with(Condition::Closing, price),
            24..=26 => with(Condition::Funari, price),
            27 => with(Condition::MorningFunari, price),
            28..=30 => self.contingent(ticket, roll),
            31..=34 => self.odd_lot(ticket),
            _ => with(Condition::Any, price),
        }
    }

    fn in_session(&mut self, side: Side, lots: i64) -> What {
        let roll = self.random.random_range(0..100);
        let away = match roll {
            0..=49 => self.random.random_range(0.5..14.0),
            _ => self.random.random_range(-3.0..0.5),
        };
        let price = self.near(side, away);
        let ticket = self.ticket(side, price, lots);
        match roll {
            50..=57 => What::Place(Ticket { price: 0, quantity: lots.min(8) * 100, ..ticket }),
            58..=65 => What::Place(Ticket { at_once: true, ..ticket }),
            66..=69 => self.contingent(ticket, roll - 66),
            70..=72 => self.odd_lot(ticket),
            73..=74 => What::Place(Ticket {
                condition: Condition::Closing,
                price: 0,
                quantity: lots.min(5) * 100,
                ..ticket
            }),
            75 => What::Place(Ticket { condition: Condition::Funari, ..ticket }),
            _ => What::Place(ticket),
        }
    }

    fn before_close(&mut self, side: Side, lots: i64) -> What {
        let roll = self.random.random_range(0..100);
        let away = self.random.random_range(-4.0..10.0);
        let price = self.near(side, away);
        let ticket = self.ticket(side, price, lots);
        match roll {
            0..=19 => What::Place(Ticket { price: 0, quantity: lots.min(5) * 100, ..ticket }),
            20..=29 => What::Place(Ticket {
                condition: Condition::Closing,
                price: 0,
                quantity: lots.min(5) * 100,
                ..ticket
            }),
            _ => What::Place(ticket),
        }
    }

    /// Stop orders a little away from fair, OCO and if-done orders.
    fn contingent(&mut self, ticket: Ticket, roll: u32) -> What {
        let away = self.random.random_range(0.002..0.012) * sign(ticket.side);
        let trigger = Trigger {
            price: Price(self.share.snap(self.fair * (1.0 + away))),
            when: match ticket.side {
                Side::Buy => TriggerWhen::AtOrAbove,
                Side::Sell => TriggerWhen::AtOrBelow,
            },
        };
        match roll % 4 {
            0 => What::Stop(Ticket { price: 0, ..ticket }, trigger),
            1 => {
                let beyond = trigger.price.0 as f64 * (1.0 + 0.004 * sign(ticket.side));
                What::Stop(Ticket { price: self.share.snap(beyond), ..ticket }, trigger)
            }
            2 => {
                let resting = self.fair * (1.0 - 0.004 * sign(ticket.side));
                What::Oco(Ticket { price: self.share.snap(resting), ..ticket }, trigger)
            }
            _ => {
                let profit = self.share.snap(self.fair * (1.0 + 0.006 * sign(ticket.side)));
                What::IfDone(ticket, profit)
            }
        }
    }

    fn odd_lot(&mut self, ticket: Ticket) -> What {
        if self.index as usize >= DESKS {
            return What::Place(ticket);
        }
        let batch = self.at < OPEN || self.random.random_bool(0.4);
        let desk = if batch { Desk::Batch } else { Desk::Principal };
        let quantity = self.random.random_range(1..100);
        What::OddLot(Ticket { price: 0, quantity, short: ShortSale::Long, ..ticket }, desk)
    }

    /// What the story adds to the flow; taken from the share's orders.
    fn events_of_story(&mut self, count: &mut u32, entries: &mut Vec<Entry>) {
        // Ten minutes of the share's usual business at once, or thereabouts.
        let large = i64::from(*count / 2).clamp(20, 400);
        let mut add = |day: &mut Self, at, side, price, lots, condition| {
            let ticket =
                Ticket { condition, short: ShortSale::Long, ..day.ticket(side, price, lots) };
            entries.push(Entry { at, share: day.index, what: What::Place(ticket) });
            *count = count.saturating_sub(1);
        };
        match self.story {
            Story::Sweep(at, side) => add(self, at, side, 0, large, Condition::Any),
            Story::Ladder(at, side) => {
                for level in 1..=LADDER {
                    let price = self.near(side.opposite(), 16.0 * f64::from(level));
                    add(self, at - 60_000, side.opposite(), price, 3, Condition::Any);
                }
                for level in 1..=LADDER {
                    let price = self.near(side.opposite(), 16.0 * f64::from(level));
                    add(self, at + level * 500, side, price, 4, Condition::Any);
                }
            }
            Story::LateDrive(side) => {
                for level in 0..4 {
                    let price = self.near(side.opposite(), 2.0 + 40.0 * f64::from(level));
                    let at = PRE_CLOSE - 60_000 + level * 1_000;
                    add(self, at, side.opposite(), price, 2, Condition::Any);
                }
                for number in 0..6 {
                    add(self, PRE_CLOSE + 10_000 * number, side, 0, large / 4, Condition::Closing);
                }
            }
            Story::Limit(side) => {
                for number in 0..4 {
                    add(self, hm(15, 20) + number * 1_000, side, 0, 10, Condition::Any);
                }
                let (down, up) = self.share.limits();
                let limit = self.share.snap(if side == Side::Buy { up } else { down } as f64);
                add(self, hm(15, 26), side.opposite(), limit, 9, Condition::Any);
            }
            Story::Calm | Story::News(_) => {}
        }
    }

    /// Some orders are cancelled, halved or moved later on.
    fn second_thoughts(&mut self, index: u32, entries: &mut Vec<Entry>) {
        let Entry { at, what, .. } = entries[index as usize];
        let later = at + self.random.random_range(20_000..2_400_000);
        let (What::Place(ticket), true) = (what, later < PRE_CLOSE) else { return };
        let taken = (hm(8, 0)..hm(11, 29)).contains(&later) || later > hm(12, 6);
        if ticket.price == 0 || ticket.at_once || !taken {
            return;
        }
        let what = match self.random.random_range(0..100) {
            0..=13 => What::Cancel(index),
            14..=17 if ticket.quantity > 100 => What::Halve(index),
            18..=20 if ticket.condition == Condition::Any => {
                let closer = (ticket.price as f64 + self.fair) / 2.0;
                What::Reprice(index, self.share.snap(closer))
            }
            _ => return,
        };
        entries.push(Entry { at: later, share: self.index, what });
    }
}

fn sign(side: Side) -> f64 {
    if side == Side::Buy { 1.0 } else { -1.0 }
}

#[cfg(test)]
mod tests {
    use super::super::universe::shares;
    use super::*;

    #[test]
    fn a_plan_is_the_same_for_a_seed_and_has_everything() {
        let shares = shares(500);
        let one = plan(&shares, 20_000, 1);
        assert_eq!(one, plan(&shares, 20_000, 1));
        assert_ne!(one, plan(&shares, 20_000, 2));
        let orders = one.iter().filter(|entry| entry.what.is_order()).count();
        assert_eq!(orders, 20_000);
        assert!(one.windows(2).all(|w| w[0].at <= w[1].at));
        let has = |pick: fn(&What) -> bool| one.iter().any(|entry| pick(&entry.what));
        assert!(has(|what| matches!(what, What::Stop(..))));
        assert!(has(|what| matches!(what, What::Oco(..))));
        assert!(has(|what| matches!(what, What::IfDone(..))));
        assert!(has(|what| matches!(what, What::OddLot(_, Desk::Batch))));
        assert!(has(|what| matches!(what, What::OddLot(_, Desk::Principal))));
        for condition in Condition::ALL {
            let of = |e: &Entry| matches!(e.what, What::Place(t) if t.condition == *condition);
            assert!(one.iter().any(of), "{condition:?}");
        }
        for (index, entry) in one.iter().enumerate() {
            if let What::Cancel(of) | What::Halve(of) | What::Reprice(of, _) = entry.what {
                let named = &one[of as usize];
                assert!((of as usize) < index && named.share == entry.share);
                assert!(named.what.is_order());
            }
        }
    }

    #[test]
    fn sells_are_of_holders_and_prices_are_allowed() {
        let shares = shares(200);
        for entry in plan(&shares, 10_000, 3) {
            if let What::Place(ticket) = entry.what {
                let share = &shares[entry.share as usize];
                assert!(ticket.price == 0 || share.ticks.allows(Price(ticket.price)));
                if ticket.side == Side::Sell {
                    let holders: Vec<u32> = (0..HOLDERS).map(|n| holder(entry.share, n)).collect();
                    assert!(holders.contains(&ticket.account));
                }
            }
        }
    }
}
