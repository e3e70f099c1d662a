//! What an order comes to, held against every set of limits that binds it, and what is counted for
//! those: messages, value traded, open orders, what open buys would bring.

use super::*;
use crate::engine::Market;
use crate::event::Event;

impl Set {
    /// Whether a new order passes all of it, soft bounds included, its message counted; or `false`
    /// where that takes a closer look.
    #[inline(always)]
    fn is_quiet(&self, order: &Measured, tally: &Tally, open: u32) -> bool {
        let values = (self.mask & VALUES == 0) | (self.limits.currency != order.quote) || {
            let all = order.value.saturating_add(tally.traded(order.day, order.quote));
            (order.value <= self.quiet(RiskMeasure::OrderValue))
                & (all <= self.quiet(RiskMeasure::DayValue))
        };
        let before = if tally.second == order.second { tally.messages } else { 0 };
        let messages = i64::from(before.saturating_add(1));
        let opens = i64::from(open) < self.quiet(RiskMeasure::OpenOrders) || !order.rests;
        let most = self.quiet(RiskMeasure::Collar) as u64;
        let near = order.away <= u128::from(order.reference) * u128::from(most);
        (order.base <= self.quiet(RiskMeasure::OrderQuantity))
            & (order.position <= self.quiet(RiskMeasure::Position))
            & (messages <= self.quiet(RiskMeasure::Messages))
            & values
            & near
            & opens
    }
}

/// What orders need to know of an account here.
struct Member {
    group: GroupId,
    limits: u32,
    killed: bool,
}

/// The refusal of a measure.
fn reject(measure: RiskMeasure) -> Reject {
    match measure {
        RiskMeasure::OrderQuantity => Reject::RiskOrderQuantity,
        RiskMeasure::OrderValue => Reject::RiskOrderValue,
        RiskMeasure::DayValue => Reject::RiskDayValue,
        RiskMeasure::OpenOrders => Reject::RiskOpenOrders,
        RiskMeasure::Position => Reject::RiskPosition,
        RiskMeasure::Collar => Reject::RiskCollar,
        RiskMeasure::Messages => Reject::RiskMessages,
    }
}

/// What an order asks for, as far as limits go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) account: AccountId,
    pub(crate) instrument: InstrumentId,
    pub(crate) side: Side,
    /// Limit price; zero for market orders.
    pub(crate) price: i64,
    /// The most it could trade at per unit.
    pub(crate) worst: i64,
    /// Open quantity, and what it has traded: price x quantity.
    pub(crate) quantity: i64,
    pub(crate) traded: i64,
    /// How many orders it adds to its account's list.
    pub(crate) opens: u32,
    /// Measures to be held against: all of a new order's, what an amendment can change.
    mask: u8,
}

impl Ask {
    /// A new order's.
    pub(crate) fn new(
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        (price, worst): (i64, i64),
        quantity: i64,
        opens: u32,
    ) -> Ask {
        Ask { account, instrument, side, price, worst, quantity, traded: 0, opens, mask: ALL }
    }

    /// An amended order's: only a new price can break a limit of value or the collar.
    pub(crate) fn amended(self, traded: i64, repriced: bool) -> Ask {
        let mask = if repriced { PRICED | MESSAGES } else { MESSAGES };
        Ask { traded, opens: 0, mask, ..self }
    }

    /// That of an order which waited and comes to the market now: what may have changed since.
    pub(crate) fn set_off(self, traded: i64) -> Ask {
        Ask { traded, opens: 0, mask: SET_OFF, ..self }
    }
}

/// What a plain new order comes to, whoever's limits it is held against.
#[derive(Clone, Copy)]
pub(crate) struct Measured {
    /// Quantity, in minor units of the base asset.
    base: i64,
    /// Worst value, in minor units of the quote asset.
    value: i64,
    quote: AssetId,
    /// The market's day, and the second.
    day: u32,
    second: u32,
    /// What the account would hold; the least number there is for a sell.
    position: i64,
    /// How far its price is from the reference, in millionths of a price unit, and the reference;
    /// nothing where there is none.
    away: u128,
    reference: u64,
    /// Whether it may come to rest.
    rests: bool,
}

impl Measured {
    /// Of an order's price, base amount, value and position in a market, on a day and in a
    /// second.
    #[inline(always)]
    pub(crate) fn new(
        market: &Market,
        (day, second): (u32, u32),
        price: i64,
        (base, value, position): (i64, i64, i64),
        rests: bool,
    ) -> Measured {
        let last = market.last_price;
        let reference = if last != 0 { last } else { market.base_price };
        let away = if reference == 0 { 0 } else { price.abs_diff(reference) };
        Measured {
            base,
            value,
            quote: market.quote,
            day,
            second,
            position,
            away: u128::from(away) * 1_000_000,
            reference: reference.unsigned_abs(),
            rests,
        }
    }
}

/// The second of the Unix epoch a time is in.
#[inline]
pub(crate) fn second_of(at: Timestamp) -> u32 {
    (at.0 / 1_000_000_000) as u32
}

/// Whose limits a set is, of the three an order is held against, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    /// Its account's, or what its group sets for each member.
    Account,
    Group,
    Instrument,
}

/// A set that binds an order: whose it is, and its number.
type Binding = (Whose, u32);

impl Engine {
    /// Whether a kill switch stops this account's orders in this instrument.
    #[inline]
    pub(crate) fn check_killed(
        &self,
        account: AccountId,
        instrument: InstrumentId,
    ) -> Result<(), Reject> {
        let member = self.member(account);
        let killed = self.killed
            || self.markets[instrument.0 as usize].killed
            || member.killed
            || self.risk.groups[usize::from(member.group.0)].killed;
        if killed { Err(Reject::Killed) } else { Ok(()) }
    }

    /// Whether a kill switch stops what is signed with this key.
    #[inline]
    pub(crate) fn check_key(&self, key: u32) -> Result<(), Reject> {
        if !self.risk.killed_keys.is_empty() && self.risk.killed_keys.contains(&key) {
            return Err(Reject::Killed);
        }
        Ok(())
    }

    #[inline]
    fn member(&self, account: AccountId) -> Member {
        let account = self.accounts.get(account).expect("an order's account exists");
        Member { group: account.group, limits: account.tally.limits, killed: account.killed }
    }

    /// Counts a new order or an amendment, whether it is taken or not.
    #[inline]
    pub(crate) fn note_message(&mut self, account: AccountId, instrument: InstrumentId) {
        let account = self.accounts.get_mut(account).expect("an order's account exists");
        self.risk.count_message(account, instrument, second_of(self.at));
    }

    /// Counts a trade's value for both owners, their groups and the instrument.
    #[inline]
    pub(crate) fn note_traded(
        &mut self,
        instrument: InstrumentId,
        buyer: (AccountId, i64),
        seller: (AccountId, i64),
    ) {
        if self.risk.active & DAY_VALUE == 0 {
            return;
        }
        for (account, value) in [buyer, seller] {
            self.note_traded_by(account, instrument, value);
        }
        self.note_traded_in(instrument, buyer.1);
    }

    /// Counts the value of trades for one owner and its group.
    #[inline]
    pub(crate) fn note_traded_by(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        value: i64,
    ) {
        let market = &self.markets[instrument.0 as usize];
        let (day, quote) = (self.days[market.profile as usize].day, market.quote);
        self.risk.note_value(self.accounts.at_mut(account), (day, quote), value);
    }

    /// Counts the value of trades in an instrument.
    #[inline]
    pub(crate) fn note_traded_in(&mut self, instrument: InstrumentId, value: i64) {
        let market = &self.markets[instrument.0 as usize];
        let (day, quote) = (self.days[market.profile as usize].day, market.quote);
        let set = self.risk.instruments[instrument.0 as usize].tally.limits;
        if self.risk.counts_value(set, quote) {
            let pool = &mut self.risk.instruments[instrument.0 as usize];
            pool.tally.add_value(value, day, quote);
        }
    }

    /// Whether a new order passes every limit that binds it, soft ones too, its message counted;
    /// and where that is to be counted. `None`: no, or it takes a closer look.
    #[inline(always)]
    pub(crate) fn is_quiet(
        &self,
        measured: &Measured,
        account: &Account,
        group: &Group,
        instrument: InstrumentId,
    ) -> Option<Counts> {
        let Risk { sets, instruments, .. } = &self.risk;
        let pool = &instruments[instrument.0 as usize];
        let own = group.set_of(account.tally.limits);
        let mut counts = Counts::default();
        if own != NONE {
            let set = &sets[own as usize];
            counts.own = set.mask & MESSAGES != 0;
            if !set.is_quiet(measured, &account.tally, account.open) {
                return None;
            }
        }
        counts.pooled = group.pool.tally.limits != NONE || pool.tally.limits != NONE;
        if counts.pooled {
            // A copy of what is in registers: most orders need it nowhere else.
            self.are_quiet(*measured, [&group.pool, pool])?;
        }
        Some(counts)
    }

    /// The same of the sets of a group and an instrument.
    #[inline(never)]
    fn are_quiet(&self, measured: Measured, pools: [&Pool; 2]) -> Option<()> {
        let holds = |pool: &Pool| {
            let set = pool.tally.limits;
            set == NONE || self.risk.sets[set as usize].is_quiet(&measured, &pool.tally, pool.open)
        };
        pools.into_iter().all(holds).then_some(())
    }

    /// Holds an order against every limit that binds it. Whether a soft one is passed.
    ///
    /// # Errors
    /// The refusal of the first hard limit passed: account, group, instrument; each in order
    /// of measure.
    #[inline]
    pub(crate) fn check_risk(&self, ask: &Ask) -> Result<bool, Reject> {
        if self.risk.active & ask.mask == 0 {
            return Ok(false);
        }
        let mut warns = false;
        self.each_bound(ask, |_, measure, value, bound| {
            if bound.hard != 0 && value > bound.hard {
                return Err(reject(measure));
            }
            warns |= bound.soft != 0 && value > bound.soft;
            Ok(())
        })?;
        Ok(warns)
    }

    /// Says which soft limits an order passes that was taken just now, before it is counted.
    #[cold]
    pub(crate) fn warn(&self, ask: &Ask, events: &mut Vec<Event>) {
        let held = self.each_bound(ask, |whose, measure, value, bound| {
            if bound.soft != 0 && value > bound.soft {
                let scope = self.scope_of(whose, ask.account, ask.instrument);
                let (account, limit) = (ask.account, bound.soft);
                events.push(Event::RiskWarning { account, scope, measure, value, limit });
            }
            Ok(())
        });
        debug_assert!(held.is_ok(), "warnings refuse nothing");
    }

    /// Goes over the bounds an order is held against with what it measures.
    #[inline]
    fn each_bound(
        &self,
        ask: &Ask,
        mut each: impl FnMut(Whose, RiskMeasure, i64, Bound) -> Result<(), Reject>,
    ) -> Result<(), Reject> {
        for (whose, set) in self.sets_of(ask.account, ask.instrument) {
            if set == NONE {
                continue;
            }
            let set = &self.risk.sets[set as usize];
            if set.mask & ask.mask != 0 {
                let bounds = &set.limits.bounds;
                self.each_measure(whose, set, ask, |measure, value| {
                    each(whose, measure, value, bounds[measure as usize])
                })?;
            }
        }
        Ok(())
    }

    /// Goes over the measures of one set, in order of number, with what each comes to; those
    /// that do not apply are left out. One after the other instead of a match per measure: in
    /// most sets all of them are bound, or few are. Not part of the loop over sets, which would
    /// prepare all of it for sets that are not there.
    #[inline(never)]
    fn each_measure(
        &self,
        whose: Whose,
        set: &Set,
        ask: &Ask,
        mut each: impl FnMut(RiskMeasure, i64) -> Result<(), Reject>,
    ) -> Result<(), Reject> {
        let (mask, currency) = (set.mask & ask.mask, set.limits.currency);
        let binds = |measure: RiskMeasure| mask & bit(measure) != 0;
        let market = &self.markets[ask.instrument.0 as usize];
        let (tally, open) = self.counted(whose, ask.account, ask.instrument);
        if binds(RiskMeasure::OrderQuantity) {
            each(RiskMeasure::OrderQuantity, market.units.base(ask.quantity))?;
        }
        if mask & VALUES != 0 && market.quote == currency {
            let notional = i128::from(ask.worst) * i128::from(ask.quantity);
            let value = market.units.value(notional);
            if binds(RiskMeasure::OrderValue) {
                let all = match ask.traded {
                    0 => value,
                    traded => market.units.value(notional + i128::from(traded)),
                };
                each(RiskMeasure::OrderValue, all)?;
            }
            if binds(RiskMeasure::DayValue) {
                let day = self.days[market.profile as usize].day;
                let traded = tally.traded(day, currency);
                each(RiskMeasure::DayValue, value.saturating_add(traded))?;
            }
        }
        if binds(RiskMeasure::OpenOrders) && ask.opens != 0 {
            each(RiskMeasure::OpenOrders, i64::from(open) + i64::from(ask.opens))?;
        }
        if binds(RiskMeasure::Position) && ask.side == Side::Buy {
            let slot = self.find_balance(ask.account, market.base);
            let held = slot.map_or(0, |slot| {
                let balance = self.ledger.get(slot);
                balance.total.saturating_add(balance.incoming)
            });
            let base = market.units.base(ask.quantity);
            each(RiskMeasure::Position, held.saturating_add(base))?;
        }
        if binds(RiskMeasure::Collar) && ask.price != 0 {
            let last = market.last_price;
            let reference = if last != 0 { last } else { market.base_price };
            if reference != 0 {
                each(RiskMeasure::Collar, distance_ppm(ask.price, reference))?;
            }
        }
        if binds(RiskMeasure::Messages) {
            let now = tally.second == self.second();
            each(RiskMeasure::Messages, if now { i64::from(tally.messages) } else { 0 })?;
        }
        Ok(())
    }

    /// The sets that bind an account in an instrument; `NONE` where there is none.
    #[inline]
    fn sets_of(&self, account: AccountId, instrument: InstrumentId) -> [Binding; 3] {
        let member = self.member(account);
        let group = &self.risk.groups[usize::from(member.group.0)];
        let own = group.set_of(member.limits);
        let limits = self.risk.instruments[instrument.0 as usize].tally.limits;
        [
            (Whose::Account, own),
            (Whose::Group, group.pool.tally.limits),
            (Whose::Instrument, limits),
        ]
    }

    /// The scope of a set that binds an account in an instrument.
    fn scope_of(&self, whose: Whose, account: AccountId, instrument: InstrumentId) -> RiskScope {
        let member = self.member(account);
        match whose {
            Whose::Account if member.limits == NONE => RiskScope::Members(member.group),
            Whose::Account => RiskScope::Account(account),
            Whose::Group => RiskScope::Group(member.group),
            Whose::Instrument => RiskScope::Instrument(instrument),
        }
    }

    fn second(&self) -> u32 {
        second_of(self.at)
    }

    /// What is counted for a set, and the open orders; those of a limit for members are each
    /// account's own.
    #[inline]
    fn counted(&self, whose: Whose, account: AccountId, instrument: InstrumentId) -> (&Tally, u32) {
        let account = self.accounts.get(account).expect("an order's account exists");
        let pool = match whose {
            Whose::Account => return (&account.tally, account.open),
            Whose::Group => &self.risk.groups[usize::from(account.group.0)].pool,
            Whose::Instrument => &self.risk.instruments[instrument.0 as usize],
        };
        (&pool.tally, pool.open)
    }

    /// Counts an order that came onto its account's list.
    #[inline]
    pub(crate) fn count_open(&mut self, slot: u32) {
        let hot = &self.orders.hot[slot as usize];
        let group = self.accounts.get(hot.account).map_or(GroupId(0), |a| a.group);
        self.risk.groups[usize::from(group.0)].pool.open += 1;
        self.risk.instruments[hot.instrument.0 as usize].open += 1;
        self.count_incoming(slot);
    }

    /// Counts what a listed buy brings if it fills. To be called again once an order that was
    /// listed without a lock has one.
    #[inline]
    pub(crate) fn count_incoming(&mut self, slot: u32) {
        let hot = &self.orders.hot[slot as usize];
        if hot.counted() {
            let base = self.markets[hot.instrument.0 as usize].units.base(hot.remaining);
            self.ledger.expect_more(hot.receives, base);
        }
    }

    /// Counts an order that is about to leave its account's list.
    #[inline]
    pub(crate) fn uncount_open(&mut self, slot: u32) {
        let hot = &self.orders.hot[slot as usize];
        let remaining = hot.remaining;
        let group = self.accounts.get(hot.account).map_or(GroupId(0), |a| a.group);
        self.risk.groups[usize::from(group.0)].pool.open -= 1;
        self.risk.instruments[hot.instrument.0 as usize].open -= 1;
        self.expect_less(slot, remaining);
    }

    /// Takes quantity of an order off what its balance is to receive, if it is counted there.
    #[inline]
    pub(crate) fn expect_less(&mut self, slot: u32, quantity: i64) {
        let hot = &self.orders.hot[slot as usize];
        if hot.counted() {
            let base = self.markets[hot.instrument.0 as usize].units.base(quantity);
            self.ledger.expect_more(hot.receives, -base);
        }
    }
}

/// Distance of a price from the reference, rounded up.
#[inline]
fn distance_ppm(price: i64, reference: i64) -> i64 {
    let (away, by) = (price.abs_diff(reference), reference.unsigned_abs());
    match away.checked_mul(1_000_000) {
        Some(away) => i64::try_from(away.div_ceil(by)).unwrap_or(i64::MAX),
        None => {
            let away = u128::from(away) * 1_000_000;
            i64::try_from(away.div_ceil(u128::from(by))).unwrap_or(i64::MAX)
        }
    }
}
