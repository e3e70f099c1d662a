//! Risk limits, groups and kill switches.
//!
//! A scope's limits are a [`Set`]; accounts, groups and instruments hold the number of theirs.
//! An order is held against at most three sets: its account's own (else what its group sets
//! for each member), its group's as a whole, and its instrument's. What they measure is kept in
//! counters beside the accounts, groups and instruments: nothing is added up per order. Where
//! no limit of a measure is set anywhere, nothing is measured either. Counters of traded value
//! and of messages begin when a limit first asks for them.
//!
//! Which checks an order passes besides these is not known here. `measure` holds orders against
//! sets and counts; `admin` is what people set and read.

mod admin;
mod measure;
mod usage;

pub(crate) use measure::{Ask, Measured, second_of};
pub use usage::RiskUse;

use std::collections::BTreeSet;

use crate::command::{Bound, Limits, RiskLimits};
use crate::engine::Engine;
use crate::engine::accounts::Account;
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
/// What an order is held against again when it is set off.
const SET_OFF: u8 = bit(RiskMeasure::OrderValue) | bit(RiskMeasure::Collar) | POSITION;
const DAY_VALUE: u8 = bit(RiskMeasure::DayValue);
const POSITION: u8 = bit(RiskMeasure::Position);
const MESSAGES: u8 = bit(RiskMeasure::Messages);
const ALL: u8 = 0b111_1111;

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

    /// Number of the set that binds a member with these own limits.
    #[inline(always)]
    fn set_of(&self, member_limits: u32) -> u32 {
        if member_limits == NONE { self.members } else { member_limits }
    }
}

/// Most API keys with a kill switch on.
pub(crate) const KILLED_KEYS_MAX: usize = 10_000;

/// Where an account's message is to be counted.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Counts {
    /// With the account itself: its own set bounds their number.
    own: bool,
    /// Its group or the instrument has limits, which may.
    pooled: bool,
}

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
        second: u32,
    ) {
        if self.active & MESSAGES == 0 {
            return;
        }
        let group = &self.groups[usize::from(account.group.0)];
        let own = self.counts_messages(group.set_of(account.tally.limits));
        self.count_message_where(Counts { own, pooled: true }, account, instrument, second);
    }

    /// The same, where it is known already where to.
    #[inline(always)]
    pub(crate) fn count_message_where(
        &mut self,
        counts: Counts,
        account: &mut Account,
        instrument: InstrumentId,
        second: u32,
    ) {
        if counts.own {
            account.tally.add_message(second);
        }
        if counts.pooled {
            self.count_pooled_message(account.group, instrument, second);
        }
    }

    /// Whether a set bounds the number of messages.
    #[inline(always)]
    fn counts_messages(&self, set: u32) -> bool {
        set != NONE && self.sets[set as usize].mask & MESSAGES != 0
    }

    #[inline(never)]
    fn count_pooled_message(&mut self, group: GroupId, instrument: InstrumentId, second: u32) {
        let (group, instrument) = (usize::from(group.0), instrument.0 as usize);
        if self.counts_messages(self.groups[group].pool.tally.limits) {
            self.groups[group].pool.tally.add_message(second);
        }
        if self.counts_messages(self.instruments[instrument].tally.limits) {
            self.instruments[instrument].tally.add_message(second);
        }
    }

    /// Counts the value of trades in a quote asset on a day for an account and its group.
    #[inline(always)]
    pub(crate) fn note_value(
        &mut self,
        account: &mut Account,
        (day, quote): (u32, AssetId),
        value: i64,
    ) {
        if self.active & DAY_VALUE == 0 {
            return;
        }
        let group = usize::from(account.group.0);
        let pooled = self.groups[group].pool.tally.limits;
        let own = self.groups[group].set_of(account.tally.limits);
        if self.counts_value(own, quote) {
            account.tally.add_value(value, day, quote);
        }
        if pooled != NONE && self.counts_value(pooled, quote) {
            self.groups[group].pool.tally.add_value(value, day, quote);
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
