//! What is counted for the limits of a scope, as it stands: for people who watch them.

use super::*;

/// What is counted for a scope's limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RiskUse {
    /// Open orders, waiting ones included.
    pub open_orders: u32,
    /// Value traded on the trading day, in minor units of the limit's currency; `None`: no limit
    /// asks for it, so it is not counted.
    pub day_value: Option<Amount>,
    /// New orders and amendments in the present second or, while it has none, in the one before;
    /// `None`: no limit asks for them, so they are not counted.
    pub messages: Option<u16>,
}

impl Engine {
    /// What is counted for the limits that bind a scope at `now`; `None` for scopes that do not
    /// exist, and for limits of members, which each account counts for itself.
    ///
    /// Where the trading days of two profiles differ, value is told as the profile that rolls
    /// later has it: a day before the one counted counts with it.
    pub fn risk_use(&self, scope: RiskScope, now: Timestamp) -> Option<RiskUse> {
        let (tally, set, open) = match scope {
            RiskScope::Account(id) => {
                let account = self.accounts.get(id)?;
                let group = &self.risk.groups[usize::from(account.group.0)];
                (account.tally, group.set_of(account.tally.limits), account.open)
            }
            RiskScope::Members(_) => return None,
            RiskScope::Group(id) => {
                let pool = self.risk.groups.get(usize::from(id.0))?.pool;
                (pool.tally, pool.tally.limits, pool.open)
            }
            RiskScope::Instrument(id) => {
                let pool = self.risk.instruments.get(id.0 as usize)?;
                (pool.tally, pool.tally.limits, pool.open)
            }
        };
        let day = match scope {
            RiskScope::Instrument(id) => {
                self.days[self.markets[id.0 as usize].profile as usize].day
            }
            _ => self.days.iter().map(|day| day.day).filter(|day| *day != 0).min().unwrap_or(0),
        };
        let set = &self.risk.sets[set as usize];
        let counts = |measure: u8| set.mask & measure != 0;
        let second = second_of(now);
        let recent = tally.second == second || tally.second.checked_add(1) == Some(second);
        Some(RiskUse {
            open_orders: open,
            day_value: counts(DAY_VALUE).then(|| Amount(tally.traded(day, set.limits.currency))),
            messages: counts(MESSAGES).then_some(if recent { tally.messages } else { 0 }),
        })
    }
}
