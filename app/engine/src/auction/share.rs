//! Who gets how much of a quantity that is too small for all who want it.

/// How orders of one group stand to each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Priority {
    /// Earlier orders first: what came in during continuous trading.
    Time,
    /// All at the same moment: one trading unit each in turn, per participant, the largest
    /// participant first. What came in before a session's first price, or for the close.
    Simultaneous,
}

/// One order that wants part of the quantity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The caller's name for the order; not read here.
    pub tag: u32,
    /// Whose orders count as one when shared out in turns: an account, or a firm.
    pub participant: u32,
    /// Rank of its group: lower ones are served first. At Tokyo's close: orders from before
    /// the afternoon opening, then those of continuous trading, then on-close and pre-closing
    /// ones.
    pub group: u8,
    /// How the orders of its group stand to each other; the same for all of a group.
    pub priority: Priority,
    /// Place in time; different for each order.
    pub entry: u64,
    /// How much it wants; above zero.
    pub quantity: i64,
    /// How much it gets: set by the functions here, from 0 to `quantity`.
    pub allocated: i64,
}

/// One participant of a simultaneous group.
#[derive(Clone, Copy, Debug)]
struct Share {
    /// Sum of its orders.
    wants: i64,
    /// Its earliest order.
    entry: u64,
    /// Its orders, as positions in `Sharing::order`.
    from: u32,
    to: u32,
}

impl Share {
    /// In how many turns it takes something; only the last can be less than a unit.
    fn turns(&self, lot: i64) -> i64 {
        self.wants / lot + i64::from(self.wants % lot != 0)
    }

    /// What it has after this many turns.
    fn after(&self, turns: i64, lot: i64) -> i64 {
        i128::from(self.wants).min(i128::from(turns) * i128::from(lot)) as i64
    }
}

/// Room to work in; keeping it makes the functions free of allocation.
#[derive(Default, Debug)]
pub struct Sharing {
    /// Positions of claims, a participant's together and by time.
    order: Vec<u32>,
    shares: Vec<Share>,
}

impl Sharing {
    /// Room that grows when first used.
    pub fn new() -> Sharing {
        Sharing::default()
    }

    /// Gives `quantity` to the groups in their order, within a group by its priority. Leaves
    /// the claims ordered by group, then time. Costs O(n log n), O(n) if they are ordered so.
    pub fn by_groups(&mut self, quantity: i64, lot: i64, claims: &mut [Claim]) {
        claims.sort_unstable_by_key(|claim| (claim.group, claim.entry));
        let mut left = quantity;
        for group in claims.chunk_by_mut(|a, b| a.group == b.group) {
            left -= match group[0].priority {
                Priority::Time => in_order(left, group),
                Priority::Simultaneous => self.share_out(left, lot, group),
            };
        }
    }

    /// Gives `quantity` to the claims by strict time, whatever their group.
    /// Leaves them ordered by time.
    pub fn by_time(&mut self, quantity: i64, claims: &mut [Claim]) {
        claims.sort_unstable_by_key(|claim| claim.entry);
        in_order(quantity, claims);
    }

    /// Shares `quantity` out among the claims as one simultaneous group: sums them up per
    /// participant, orders participants by sum, largest first (equal ones by their earliest
    /// order), and gives each in turn one trading unit of `lot` until nothing is left. One who
    /// wants less than a unit more gets only that. A participant's orders are filled by time.
    /// Leaves the claims in their order. Costs O(n log n) whatever the quantity.
    pub fn in_turns(&mut self, quantity: i64, lot: i64, claims: &mut [Claim]) {
        self.share_out(quantity, lot, claims);
    }

    /// As above; returns how much was given.
    fn share_out(&mut self, quantity: i64, lot: i64, claims: &mut [Claim]) -> i64 {
        let wanted: i128 = claims.iter().map(|claim| i128::from(claim.quantity)).sum();
        if i128::from(quantity) >= wanted {
            claims.iter_mut().for_each(|claim| claim.allocated = claim.quantity);
            return wanted as i64;
        }
        self.collect(claims);
        let (turns, mut left) = full_turns(quantity, lot, &self.shares);
        for share in &self.shares {
            let mut gets = share.after(turns, lot);
            let more = (share.wants - gets).min(lot).min(left);
            left -= more;
            gets += more;
            for &at in &self.order[share.from as usize..share.to as usize] {
                let claim = &mut claims[at as usize];
                claim.allocated = claim.quantity.min(gets);
                gets -= claim.allocated;
            }
        }
        quantity
    }

    /// Sums claims up per participant and orders the sums, largest first.
    fn collect(&mut self, claims: &[Claim]) {
        self.order.clear();
        self.order.extend(0..claims.len() as u32);
        self.order.sort_unstable_by_key(|&at| {
            let claim = &claims[at as usize];
            (claim.participant, claim.entry)
        });
        self.shares.clear();
        let mut from = 0;
        for one in self
            .order
            .chunk_by(|&a, &b| claims[a as usize].participant == claims[b as usize].participant)
        {
            let to = from + one.len() as u32;
            let wants = one.iter().map(|&at| claims[at as usize].quantity).sum();
            self.shares.push(Share { wants, entry: claims[one[0] as usize].entry, from, to });
            from = to;
        }
        self.shares.sort_unstable_by_key(|share| (std::cmp::Reverse(share.wants), share.entry));
    }
}

/// Fills claims one after the other; returns how much was given.
fn in_order(quantity: i64, claims: &mut [Claim]) -> i64 {
    let mut left = quantity;
    for claim in claims {
        claim.allocated = claim.quantity.min(left);
        left -= claim.allocated;
    }
    quantity - left
}

/// How many turns everyone can take before the quantity, which is less than all want, runs
/// out, and what is then left for a last turn that not everyone gets. Shares are ordered by
/// what they want, largest first.
///
/// Goes from the smallest share up: between two different numbers of turns the same
/// participants are served, so those turns are counted at once.
fn full_turns(quantity: i64, lot: i64, shares: &[Share]) -> (i64, i64) {
    let mut left = i128::from(quantity);
    let mut turns = 0;
    let mut served = shares.len();
    for leavers in shares.chunk_by(|a, b| a.turns(lot) == b.turns(lot)).rev() {
        // Until before the leavers' last turn, everyone takes a whole unit.
        let last = leavers[0].turns(lot);
        let whole = served as i128 * i128::from(lot);
        let possible = left / whole;
        if possible < i128::from(last - 1 - turns) {
            return (turns + possible as i64, (left - possible * whole) as i64);
        }
        left -= i128::from(last - 1 - turns) * whole;
        turns = last - 1;
        served -= leavers.len();
        let ends: i128 = leavers.iter().map(|s| i128::from(s.wants - s.after(turns, lot))).sum();
        let turn = ends + served as i128 * i128::from(lot);
        if left < turn {
            break;
        }
        left -= turn;
        turns = last;
    }
    (turns, left as i64)
}
