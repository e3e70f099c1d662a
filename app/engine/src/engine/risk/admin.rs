//! Limits, groups and kill switches as people set and read them, and the check of all counters.

use super::*;
use crate::event::Event;
use crate::orders::Flags;

impl Engine {
    /// Puts an account into a group; its open orders count there from now on.
    pub(crate) fn set_group(
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

    /// Whether a scope can have these limits.
    pub(crate) fn check_risk_limits(
        &self,
        scope: RiskScope,
        limits: &RiskLimits,
    ) -> Result<(), Reject> {
        self.valid_risk_limits(scope, limits)?;
        match scope {
            RiskScope::Account(account) => {
                self.accounts.get(account).map(drop).ok_or(Reject::UnknownAccount)
            }
            RiskScope::Instrument(instrument) => {
                let pool = self.risk.instruments.get(instrument.0 as usize);
                pool.map(drop).ok_or(Reject::UnknownInstrument)
            }
            RiskScope::Members(_) | RiskScope::Group(_) => Ok(()),
        }
    }

    /// Sets the limits of a scope.
    pub(crate) fn set_risk_limits(
        &mut self,
        scope: RiskScope,
        limits: &RiskLimits,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_risk_limits(scope, limits)?;
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
