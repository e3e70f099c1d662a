//! Risk limits, groups and kill switches.
//!
//! A scope's limits are a [`Set`]; accounts, groups and instruments hold the number of theirs.
//! An order is held against at most three sets: its account's own (else what its group sets
//! for each member), its group's as a whole, and its instrument's. What they measure is kept in
//! counters beside the accounts, groups and instruments: nothing is added up per order. Where
//! no limit of a measure is set anywhere, nothing is measured either. Counters of traded value
//! and of messages begin when a limit first asks for them.
//!
//! Which checks an order passes besides these is not known here.

use std::collections::BTreeSet;

use crate::command::{Bound, Limits, RiskLimits};
use crate::engine::accounts::Account;
use crate::engine::{Engine, Market};
use crate::event::Event;
use crate::orders::Flags;
use crate::reject::Reject;
use crate::types::*;

/// Number of no set.
pub(crate) const NONE: u32 = 0;

/// The bit of a measure in a mask.
const fn bit(measure: RiskMeasure) -> u8 {
    1 << measure as u8
}

const VALUES: u8 = bit(RiskMeasure::OrderValue) | bit(RiskMeasure::DayValue);
/// What a new price can change.
const PRICED: u8 = VALUES | bit(RiskMeasure::Collar);
const DAY_VALUE: u8 = bit(RiskMeasure::DayValue);
const POSITION: u8 = bit(RiskMeasure::Position);
const MESSAGES: u8 = bit(RiskMeasure::Messages);
const ALL: u8 = 0b111_1111;
/// What an order is held against again when it is set off.
const SET_OFF: u8 = bit(RiskMeasure::OrderValue) | bit(RiskMeasure::Collar) | POSITION;

/// The limits of one scope.
#[derive(Clone, Copy, Debug)]
struct Set {
    limits: RiskLimits,
    /// Measures with a bound; none: the set is free.
    mask: u8,
    /// What each measure may come to without a refusal or a warning.
    quiet: [i64; 7],
}

impl Set {
    fn new(limits: &RiskLimits) -> Set {
        let free = |bound: i64| if bound == 0 { i64::MAX } else { bound };
        let quiet = limits.bounds.map(|bound| free(bound.soft).min(free(bound.hard)));
        Set { limits: *limits, mask: mask_of(limits), quiet }
    }

    fn quiet(&self, measure: RiskMeasure) -> i64 {
        self.quiet[measure as usize]
    }

    /// Whether a new order passes all of it, soft bounds included, its message counted; or `false`
    /// where that takes a closer look.
    #[inline(never)]
    fn is_quiet(&self, order: &Measured, tally: &Tally, open: u32) -> bool {
        let values = self.mask & VALUES == 0 || self.limits.currency != order.quote || {
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

/// One scope's limits, value traded in the day and messages of the second. Kept in the records
/// of accounts, groups and instruments, so that an order finds it where it has to look anyway.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    /// Value traded on `day`, in minor units of the asset number `currency`.
    pub(crate) value: i64,
    pub(crate) day: u32,
    /// Messages in `second` (of the Unix epoch).
    pub(crate) second: u32,
    /// Number of the scope's own set.
    pub(crate) limits: u32,
    pub(crate) currency: u16,
    pub(crate) messages: u16,
}

impl Tally {
    /// Nothing counted, no limits.
    pub(crate) const NEW: Tally =
        Tally { value: 0, day: 0, second: 0, limits: NONE, currency: 0, messages: 0 };

    /// Whether nothing was ever counted.
    pub(crate) fn is_idle(&self) -> bool {
        (self.value, self.day, self.second, self.messages) == (0, 0, 0, 0)
    }

    /// What another counted, under these limits.
    pub(crate) fn counting(&self, counted: &Tally) -> Tally {
        Tally { limits: self.limits, ..*counted }
    }

    /// Value traded on a day. A day before the one counted (of the profile that rolls later)
    /// counts with it.
    fn traded(&self, day: u32, currency: AssetId) -> i64 {
        let counts = u32::from(self.currency) == currency.0 && day <= self.day;
        if counts { self.value } else { 0 }
    }

    fn add_value(&mut self, value: i64, day: u32, currency: AssetId) {
        self.value = self.traded(day, currency).saturating_add(value);
        if u32::from(self.currency) != currency.0 {
            self.currency = currency.0 as u16;
            self.day = day;
        }
        self.day = self.day.max(day);
    }

    fn add_message(&mut self, second: u32) {
        if self.second != second {
            self.second = second;
            self.messages = 0;
        }
        self.messages = self.messages.saturating_add(1);
    }
}

/// What all orders of a group, or in an instrument, come to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pool {
    pub(crate) tally: Tally,
    /// Open orders.
    pub(crate) open: u32,
}

impl Pool {
    const NEW: Pool = Pool { tally: Tally::NEW, open: 0 };
}

/// A group of accounts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) pool: Pool,
    /// Number of the set of each member without one of its own.
    members: u32,
    pub(crate) killed: bool,
}

impl Group {
    const NEW: Group = Group { pool: Pool::NEW, members: NONE, killed: false };
}

/// What orders need to know of an account here.
struct Member {
    group: GroupId,
    limits: u32,
    killed: bool,
}

/// Most API keys with a kill switch on.
pub(crate) const KILLED_KEYS_MAX: usize = 10_000;

/// Limits and counters.
pub(crate) struct Risk {
    /// By number; the first is of nobody.
    sets: Vec<Set>,
    free: Vec<u32>,
    /// How many sets bound each measure, and which measures any does.
    bounded: [u32; 7],
    pub(crate) active: u8,
    /// By number, as far as any was ever named.
    pub(crate) groups: Vec<Group>,
    pub(crate) instruments: Vec<Pool>,
    /// API keys whose kill switch is on; hardly ever any.
    pub(crate) killed_keys: BTreeSet<u32>,
}

impl Default for Risk {
    /// No limits; the group that every account is in at first.
    fn default() -> Risk {
        Risk {
            sets: vec![Set::new(&RiskLimits::default())],
            free: Vec::new(),
            bounded: [0; 7],
            active: 0,
            groups: vec![Group::NEW],
            instruments: Vec::new(),
            killed_keys: BTreeSet::new(),
        }
    }
}

impl Risk {
    pub(crate) fn new(limits: &Limits) -> Risk {
        let instruments = Vec::with_capacity(limits.instruments as usize);
        Risk { instruments, ..Risk::default() }
    }

    /// Room for one more instrument.
    pub(crate) fn add_instrument(&mut self) {
        self.instruments.push(Pool::NEW);
    }

    /// A group, made if it was never named before.
    pub(crate) fn group_mut(&mut self, group: GroupId) -> &mut Group {
        let at = usize::from(group.0);
        if at >= self.groups.len() {
            self.groups.resize(at + 1, Group::NEW);
        }
        &mut self.groups[at]
    }

    /// Whether a set bounds the value traded in a day, in this asset.
    #[inline]
    fn counts_value(&self, set: u32, quote: AssetId) -> bool {
        let counts = |set: &Set| set.mask & DAY_VALUE != 0 && set.limits.currency == quote;
        set != NONE && counts(&self.sets[set as usize])
    }

    /// Counts a new order, or an amendment, where a set of its account, group or instrument bounds
    /// the number of messages.
    #[inline]
    pub(crate) fn count_message(
        &mut self,
        account: &mut Account,
        instrument: InstrumentId,
        at: Timestamp,
    ) {
        if self.active & MESSAGES == 0 {
            return;
        }
        let second = second_of(at);
        let Risk { sets, groups, instruments, .. } = self;
        let group = &mut groups[usize::from(account.group.0)];
        let own = if account.tally.limits == NONE { group.members } else { account.tally.limits };
        let counts = |set: u32| set != NONE && sets[set as usize].mask & MESSAGES != 0;
        if counts(own) {
            account.tally.add_message(second);
        }
        if counts(group.pool.tally.limits) {
            group.pool.tally.add_message(second);
        }
        let pool = &mut instruments[instrument.0 as usize];
        if counts(pool.tally.limits) {
            pool.tally.add_message(second);
        }
    }

    /// Counts a set's measures in or out.
    fn count(&mut self, mask: u8, more: bool) {
        for measure in bits(mask) {
            let bounded = &mut self.bounded[measure as usize];
            *bounded = if more { *bounded + 1 } else { *bounded - 1 };
            let (this, any) = (bit(measure), *bounded != 0);
            self.active = if any { self.active | this } else { self.active & !this };
        }
    }

    /// Replaces the set numbered `old` (or none) and returns the number of the new one.
    fn replace(&mut self, old: u32, limits: &RiskLimits) -> u32 {
        let mask = mask_of(limits);
        self.count(self.sets[old as usize].mask, false);
        self.count(mask, true);
        let set = Set::new(limits);
        if mask == 0 {
            if old != NONE {
                self.sets[old as usize].mask = 0;
                self.free.push(old);
            }
            return NONE;
        }
        let number = match old {
            NONE => self.free.pop().unwrap_or(self.sets.len() as u32),
            old => old,
        };
        if number as usize == self.sets.len() {
            self.sets.push(set);
        } else {
            self.sets[number as usize] = set;
        }
        number
    }
}

/// Measures of a mask, in order of number.
fn bits(mask: u8) -> impl Iterator<Item = RiskMeasure> {
    RiskMeasure::ALL.iter().copied().filter(move |&measure| mask & bit(measure) != 0)
}

fn mask_of(limits: &RiskLimits) -> u8 {
    let bound = |&measure: &RiskMeasure| limits.bounds[measure as usize] != Bound::default();
    RiskMeasure::ALL.iter().filter(|measure| bound(measure)).fold(0, |mask, &m| mask | bit(m))
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
    /// Of an order's price, base amount, value and position in a market at a time.
    #[inline(always)]
    pub(crate) fn new(
        market: &Market,
        (day, at): (u32, Timestamp),
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
            second: second_of(at),
            position,
            away: u128::from(away) * 1_000_000,
            reference: reference.unsigned_abs(),
            rests,
        }
    }
}

/// The second of the Unix epoch a time is in.
#[inline]
fn second_of(at: Timestamp) -> u32 {
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
    /// Whether a kill switch stops what is signed with this key.
    #[inline]
    pub(crate) fn check_key(&self, key: u32) -> Result<(), Reject> {
        if !self.risk.killed_keys.is_empty() && self.risk.killed_keys.contains(&key) {
            return Err(Reject::Killed);
        }
        Ok(())
    }

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

    #[inline]
    fn member(&self, account: AccountId) -> Member {
        let account = self.accounts.get(account).expect("an order's account exists");
        Member { group: account.group, limits: account.tally.limits, killed: account.killed }
    }

    /// Counts a new order or an amendment, whether it is taken or not.
    #[inline]
    pub(crate) fn note_message(&mut self, account: AccountId, instrument: InstrumentId) {
        let account = self.accounts.get_mut(account).expect("an order's account exists");
        self.risk.count_message(account, instrument, self.at);
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
        if self.risk.active & DAY_VALUE == 0 {
            return;
        }
        let market = &self.markets[instrument.0 as usize];
        let (day, quote) = (self.days[market.profile as usize].day, market.quote);
        let account = self.accounts.get_mut(account).expect("an order's account exists");
        let group = usize::from(account.group.0);
        let Group { members, pool, .. } = self.risk.groups[group];
        let own = if account.tally.limits == NONE { members } else { account.tally.limits };
        if self.risk.counts_value(own, quote) {
            account.tally.add_value(value, day, quote);
        }
        if self.risk.counts_value(pool.tally.limits, quote) {
            self.risk.groups[group].pool.tally.add_value(value, day, quote);
        }
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

    /// Whether a new order passes every limit that binds it, soft ones too, its message counted.
    /// `None`: no, or it takes a closer look.
    #[inline(always)]
    pub(crate) fn is_quiet(
        &self,
        measured: &Measured,
        account: &Account,
        group: &Group,
        instrument: InstrumentId,
    ) -> Option<()> {
        let Risk { sets, instruments, .. } = &self.risk;
        let pool = &instruments[instrument.0 as usize];
        let own = if account.tally.limits == NONE { group.members } else { account.tally.limits };
        let holds = |set: u32, tally: &Tally, open: u32| {
            set == NONE || sets[set as usize].is_quiet(measured, tally, open)
        };
        (holds(own, &account.tally, account.open)
            && holds(group.pool.tally.limits, &group.pool.tally, group.pool.open)
            && holds(pool.tally.limits, &pool.tally, pool.open))
        .then_some(())
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
        let own = if member.limits == NONE { group.members } else { member.limits };
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

    /// Puts an account into a group; its open orders count there from now on.
    pub(super) fn set_group(
        &mut self,
        account: AccountId,
        group: GroupId,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let record = self.accounts.get_mut(account).ok_or(Reject::UnknownAccount)?;
        let left = std::mem::replace(&mut record.group, group);
        let open = record.open;
        self.risk.groups[usize::from(left.0)].pool.open -= open;
        self.risk.group_mut(group).pool.open += open;
        events.push(Event::GroupChanged { account, group });
        Ok(())
    }

    /// Sets the limits of a scope.
    pub(crate) fn set_risk_limits(
        &mut self,
        scope: RiskScope,
        limits: &RiskLimits,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.valid_risk_limits(scope, limits)?;
        let old = *self.limits_number(scope)?;
        let new = self.risk.replace(old, limits);
        *self.limits_number(scope)? = new;
        events.push(Event::RiskLimitsChanged { scope });
        Ok(())
    }

    /// Where the number of a scope's set is kept.
    fn limits_number(&mut self, scope: RiskScope) -> Result<&mut u32, Reject> {
        match scope {
            RiskScope::Account(account) => {
                let account = self.accounts.get_mut(account).ok_or(Reject::UnknownAccount)?;
                Ok(&mut account.tally.limits)
            }
            RiskScope::Members(group) => Ok(&mut self.risk.group_mut(group).members),
            RiskScope::Group(group) => Ok(&mut self.risk.group_mut(group).pool.tally.limits),
            RiskScope::Instrument(instrument) => {
                let pool = self.risk.instruments.get_mut(instrument.0 as usize);
                Ok(&mut pool.ok_or(Reject::UnknownInstrument)?.tally.limits)
            }
        }
    }

    /// Whether limits make sense: nothing negative, no soft bound above its hard one, values in
    /// a known asset, message rates that can be counted, and no position of a whole group
    /// (positions are held by accounts).
    pub(crate) fn valid_risk_limits(
        &self,
        scope: RiskScope,
        limits: &RiskLimits,
    ) -> Result<(), Reject> {
        let sound = |b: &Bound| b.soft >= 0 && b.hard >= 0 && (b.hard == 0 || b.soft <= b.hard);
        let mask = mask_of(limits);
        let pooled = matches!(scope, RiskScope::Group(_)) && mask & POSITION != 0;
        let rate = limits.bounds[RiskMeasure::Messages as usize];
        let countable = rate.soft.max(rate.hard) < i64::from(u16::MAX);
        if !limits.bounds.iter().all(sound) || pooled || !countable {
            return Err(Reject::InvalidSpec);
        }
        if mask & VALUES != 0 && limits.currency.0 as usize >= self.assets.len() {
            return Err(Reject::UnknownAsset);
        }
        Ok(())
    }

    fn set_key(&mut self, key: u32, on: bool) -> Result<(), Reject> {
        if key == 0 {
            return Err(Reject::InvalidSpec);
        }
        let keys = &mut self.risk.killed_keys;
        if on && keys.len() >= KILLED_KEYS_MAX && !keys.contains(&key) {
            return Err(Reject::CapacityExhausted);
        }
        if on {
            keys.insert(key)
        } else {
            keys.remove(&key)
        };
        Ok(())
    }

    /// API keys whose kill switch is on, ascending.
    pub fn killed_keys(&self) -> impl Iterator<Item = u32> + '_ {
        self.risk.killed_keys.iter().copied()
    }

    /// Throws or releases a kill switch.
    pub(crate) fn set_kill(
        &mut self,
        scope: KillScope,
        on: bool,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        match scope {
            KillScope::Account(account) => {
                let account = self.accounts.get_mut(account).ok_or(Reject::UnknownAccount)?;
                account.killed = on;
            }
            KillScope::Group(group) => self.risk.group_mut(group).killed = on,
            KillScope::Instrument(instrument) => {
                let market = self.markets.get_mut(instrument.0 as usize);
                market.ok_or(Reject::UnknownInstrument)?.killed = on;
            }
            KillScope::Venue => self.killed = on,
            KillScope::Key(key) => self.set_key(key, on)?,
        }
        events.push(Event::KillChanged { scope, on });
        self.resume_waiting(scope, events);
        Ok(())
    }

    /// The group an account is in.
    pub fn group(&self, account: AccountId) -> Option<GroupId> {
        self.accounts.get(account).map(|account| account.group)
    }

    /// Whether a kill switch is on.
    pub fn killed(&self, scope: KillScope) -> bool {
        match scope {
            KillScope::Account(account) => {
                self.accounts.get(account).is_some_and(|account| account.killed)
            }
            KillScope::Group(group) => {
                self.risk.groups.get(usize::from(group.0)).is_some_and(|group| group.killed)
            }
            KillScope::Instrument(i) => self.markets.get(i.0 as usize).is_some_and(|m| m.killed),
            KillScope::Venue => self.killed,
            KillScope::Key(key) => self.risk.killed_keys.contains(&key),
        }
    }

    /// The limits of a scope, if it has any of its own.
    pub fn risk_limits(&self, scope: RiskScope) -> Option<RiskLimits> {
        let group = |id: GroupId| self.risk.groups.get(usize::from(id.0));
        let number = match scope {
            RiskScope::Account(account) => self.accounts.get(account)?.tally.limits,
            RiskScope::Members(id) => group(id)?.members,
            RiskScope::Group(id) => group(id)?.pool.tally.limits,
            RiskScope::Instrument(i) => self.risk.instruments.get(i.0 as usize)?.tally.limits,
        };
        (number != NONE).then(|| self.risk.sets[number as usize].limits)
    }

    /// All scopes that have limits: instruments, groups, accounts.
    pub fn risk_scopes(&self) -> impl Iterator<Item = (RiskScope, RiskLimits)> + '_ {
        let instruments =
            (0..self.risk.instruments.len() as u32).map(|i| RiskScope::Instrument(InstrumentId(i)));
        let groups = (0..self.risk.groups.len()).flat_map(|i| {
            let group = GroupId(i as u16);
            [RiskScope::Members(group), RiskScope::Group(group)]
        });
        let accounts = (0..self.accounts.len() as u32).map(|i| RiskScope::Account(AccountId(i)));
        let scopes = instruments.chain(groups).chain(accounts);
        scopes.filter_map(|scope| Some((scope, self.risk_limits(scope)?)))
    }

    /// Groups, counts and sets agree with orders and balances (for the whole-state check).
    pub(crate) fn check_risk_state(&self) -> Result<(), String> {
        let mut groups = vec![0u32; self.risk.groups.len()];
        let mut instruments = vec![0u32; self.markets.len()];
        let mut incoming = vec![0i64; self.ledger.balances.len()];
        for hot in self.orders.hot.iter().filter(|hot| hot.flags.has(Flags::LISTED)) {
            let group = self.group(hot.account).unwrap_or_default();
            let Some(open) = groups.get_mut(usize::from(group.0)) else {
                return Err(format!("account {} is in no known group", hot.account));
            };
            *open += 1;
            instruments[hot.instrument.0 as usize] += 1;
            if hot.counted() {
                let base = self.markets[hot.instrument.0 as usize].units.base(hot.remaining);
                let sum = &mut incoming[hot.receives as usize];
                *sum = sum.wrapping_add(base);
            }
        }
        for (number, (group, open)) in self.risk.groups.iter().zip(groups).enumerate() {
            if group.pool.open != open {
                return Err(format!("group {number} does not have {open} open orders"));
            }
        }
        for (number, (pool, open)) in self.risk.instruments.iter().zip(instruments).enumerate() {
            if pool.open != open {
                return Err(format!("instrument {number} does not have {open} open orders"));
            }
        }
        for (slot, (balance, sum)) in self.ledger.balances.iter().zip(incoming).enumerate() {
            if balance.incoming != sum {
                return Err(format!("balance {slot} expects {}, not {sum}", balance.incoming));
            }
        }
        self.check_sets()
    }

    /// Every set is one scope's or free, and each measure's bounds are counted.
    fn check_sets(&self) -> Result<(), String> {
        let risk = &self.risk;
        if self.markets.len() != risk.instruments.len() {
            return Err("risk counters of another number of instruments".into());
        }
        let mut bounded = [0u32; 7];
        for set in &risk.sets {
            bits(set.mask).for_each(|measure| bounded[measure as usize] += 1);
        }
        let active = bounded.iter().rev().fold(0, |mask, &n| mask << 1 | u8::from(n != 0));
        if bounded != risk.bounded || active != risk.active {
            return Err("risk measures in use are counted wrongly".into());
        }
        let used = self.risk_scopes().count();
        if used + risk.free.len() + 1 != risk.sets.len() {
            return Err(format!("{used} scopes have limits, not so many sets"));
        }
        Ok(())
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
