//! Fees by 30-day volume, for `crypto` instruments.
//!
//! A schedule belongs to a quote asset; what counts is what an account traded in that asset over
//! the last 30 finished trading days (`RollDay` of the profile). Entries exist only for accounts
//! that traded. A day is shifted in when an entry is next touched, so that the roll of a day costs
//! nothing and a trade a constant. What a trade touches ([`Turnover`]) is kept with the balance the
//! account pays or receives the quote asset with, which a trade has in hand anyway; only finished
//! days are here. Which balance is whose is the ledger's business.

use crate::command::{FEE_TIERS_MAX, FeeTier, FeeTiers, Limits};
use crate::engine::Engine;
use crate::event::Event;
use crate::memory::large;
use crate::orders::NIL;
use crate::reject::Reject;
use crate::types::*;

/// Finished trading days that count.
pub(crate) const FEE_DAYS: usize = 30;
/// Entries made room for at once (address space only, until used).
const CHUNK: usize = 1 << 15;

/// Fee rates, in ppm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    /// Of the resting order; negative is a rebate.
    pub maker_ppm: i32,
    /// Of the aggressive order, and of both in an auction.
    pub taker_ppm: i32,
}

/// What one account trades in one quote asset today, and the tier that its finished days reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Turnover {
    /// Its finished days; `NIL` where it never traded.
    entry: u32,
    /// Day of `today`, in days of the profile.
    pub(crate) day: u32,
    /// When `tier` was found: [`Fees::version`].
    version: u32,
    /// How many steps of the schedule are reached.
    tier: u32,
    pub(crate) today: i64,
}

/// The finished days of one account that traded in one quote asset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volume {
    /// The balance it hangs from.
    pub(crate) balance: u32,
    /// Day `d` is at `d % FEE_DAYS`.
    pub(crate) days: Finished,
}

type Finished = [i64; FEE_DAYS];

impl Turnover {
    /// Of an account that never traded.
    pub(crate) const NONE: Turnover =
        Turnover { entry: NIL, day: 0, version: 0, tier: 0, today: 0 };

    /// What counts on day `now`: the sum of the finished days before it.
    fn counted(&self, days: &Finished, now: u32) -> i64 {
        let mut sum = 0i64;
        for back in 1..=FEE_DAYS as u32 {
            let Some(day) = now.checked_sub(back) else { break };
            let known = day + FEE_DAYS as u32 >= self.day;
            sum = sum.saturating_add(match day {
                _ if day == self.day => self.today,
                _ if day < self.day && known => days[day as usize % FEE_DAYS],
                _ => 0,
            });
        }
        sum
    }

    /// Makes `now` its day.
    fn shift(&mut self, days: &mut Finished, now: u32) {
        let gap = now - self.day;
        if gap as usize > FEE_DAYS {
            *days = [0; FEE_DAYS];
        } else {
            days[self.day as usize % FEE_DAYS] = self.today;
            for day in self.day + 1..now {
                days[day as usize % FEE_DAYS] = 0;
            }
        }
        self.today = 0;
        self.day = now;
        self.version = 0;
    }
}

/// Schedules and volumes.
#[derive(Default)]
pub(crate) struct Fees {
    /// Trading days of the profile so far.
    pub(crate) day: u32,
    schedules: Vec<FeeTiers>,
    /// Schedule by asset; `NIL`: none.
    of_asset: Vec<u32>,
    /// Raised by every change of a schedule.
    version: u32,
    /// Entries, in pieces that never move.
    volumes: Vec<Vec<Volume>>,
    count: u32,
}

impl Fees {
    pub(crate) fn new(limits: &Limits) -> Fees {
        Fees {
            version: 1,
            volumes: Vec::with_capacity(limits.balances as usize / CHUNK + 1),
            ..Fees::default()
        }
    }

    /// The schedules, in order of their first setting.
    pub(crate) fn schedules(&self) -> &[FeeTiers] {
        &self.schedules
    }

    /// The schedule of an asset.
    fn schedule(&self, asset: AssetId) -> Option<&FeeTiers> {
        let at = *self.of_asset.get(asset.0 as usize)?;
        self.schedules.get(at as usize)
    }

    /// Sets the schedule of an asset.
    pub(crate) fn set_schedule(&mut self, tiers: &FeeTiers) {
        let asset = tiers.asset.0 as usize;
        if self.of_asset.len() <= asset {
            self.of_asset.resize(asset + 1, NIL);
        }
        if self.of_asset[asset] == NIL {
            self.of_asset[asset] = self.schedules.len() as u32;
            self.schedules.push(*tiers);
        } else {
            self.schedules[self.of_asset[asset] as usize] = *tiers;
        }
        self.version += 1;
    }

    fn at(&self, entry: u32) -> &Volume {
        &self.volumes[entry as usize / CHUNK][entry as usize % CHUNK]
    }

    fn at_mut(&mut self, entry: u32) -> &mut Volume {
        &mut self.volumes[entry as usize / CHUNK][entry as usize % CHUNK]
    }

    /// All entries, in order of first trade.
    pub(crate) fn volumes(&self) -> impl ExactSizeIterator<Item = &Volume> + '_ {
        (0..self.count as usize).map(|entry| self.at(entry as u32))
    }

    /// Makes the entry of a balance that has none; returns its number.
    #[inline(never)]
    fn append(&mut self, volume: Volume) -> u32 {
        let entry = self.count;
        if entry as usize / CHUNK == self.volumes.len() {
            self.volumes.push(large(CHUNK));
        }
        self.count += 1;
        self.volumes[entry as usize / CHUNK].push(volume);
        entry
    }

    /// Makes the entry of a balance that trades, if there is none.
    #[inline(always)]
    pub(crate) fn open(&mut self, balance: u32, turnover: &mut Turnover) {
        if turnover.entry == NIL {
            let entry = self.append(Volume { balance, days: [0; FEE_DAYS] });
            *turnover = Turnover { entry, day: self.day, ..Turnover::NONE };
        }
    }

    /// Appends an entry as a snapshot has it. Whether it can be.
    pub(crate) fn restore(
        &mut self,
        (balance, turnover): (u32, &mut Turnover),
        day: u32,
        numbers: &[i64; FEE_DAYS + 1],
    ) -> bool {
        let [today, days @ ..] = *numbers;
        let sound = turnover.entry == NIL && day <= self.day && numbers.iter().all(|&n| n >= 0);
        if sound {
            let entry = self.append(Volume { balance, days });
            *turnover = Turnover { entry, day, today, ..Turnover::NONE };
        }
        sound
    }

    /// Adds what was traded, in minor units of the quote asset.
    #[inline(always)]
    pub(crate) fn add(&mut self, balance: u32, turnover: &mut Turnover, amount: i64) {
        self.open(balance, turnover);
        if turnover.day != self.day {
            self.shift(turnover);
        }
        turnover.today = turnover.today.saturating_add(amount);
    }

    #[cold]
    fn shift(&mut self, turnover: &mut Turnover) {
        let now = self.day;
        turnover.shift(&mut self.at_mut(turnover.entry).days, now);
    }

    /// Rates of who trades through a balance, in an instrument with these own rates.
    #[inline(always)]
    pub(crate) fn rates(&mut self, turnover: &mut Turnover, asset: AssetId, own: Rates) -> Rates {
        if self.schedules.is_empty() || turnover.entry == NIL {
            return own;
        }
        self.tier_rates(turnover, asset, own)
    }

    fn tier_rates(&mut self, turnover: &mut Turnover, asset: AssetId, own: Rates) -> Rates {
        if turnover.day != self.day {
            self.shift(turnover);
        }
        let Some(tiers) = self.schedule(asset) else { return own };
        if turnover.version != self.version {
            let counted = self.counted(turnover);
            turnover.tier = fee_step(tiers, Amount(counted));
            turnover.version = self.version;
        }
        fee_step_rates(tiers, turnover.tier, own)
    }

    /// The same, changing nothing.
    fn rates_now(&self, turnover: &Turnover, asset: AssetId, own: Rates) -> Rates {
        let counted = self.counted(turnover);
        let Some(tiers) = self.schedule(asset) else { return own };
        fee_step_rates(tiers, fee_step(tiers, Amount(counted)), own)
    }

    /// Volume that counts today.
    fn counted(&self, turnover: &Turnover) -> i64 {
        match turnover.entry {
            NIL => 0,
            entry => turnover.counted(&self.at(entry).days, self.day),
        }
    }
}

/// How many steps of a schedule a volume reaches; none: the instrument's own rates hold.
pub fn fee_step(tiers: &FeeTiers, volume: Amount) -> u32 {
    let steps = &tiers.tiers[..tiers.len as usize];
    steps.iter().take_while(|tier| tier.volume <= volume).count() as u32
}

/// Rates at a step of a schedule in an instrument with these own rates: never above those, as its
/// locks are made for them. A rebate is never above the instrument's largest rate either way.
pub fn fee_step_rates(tiers: &FeeTiers, step: u32, own: Rates) -> Rates {
    let Some(step) = step.checked_sub(1) else { return own };
    let FeeTier { maker_ppm, taker_ppm, .. } = tiers.tiers[step as usize];
    Rates {
        maker_ppm: maker_ppm.min(own.maker_ppm).max(-own.widest()),
        taker_ppm: taker_ppm.min(own.taker_ppm),
    }
}

impl Rates {
    /// Largest fee or rebate either way.
    fn widest(self) -> i32 {
        self.taker_ppm.max(self.maker_ppm.abs())
    }
}

/// Whether a schedule makes sense by itself.
pub(crate) fn valid_tiers(tiers: &FeeTiers) -> bool {
    let len = tiers.len as usize;
    if len > FEE_TIERS_MAX {
        return false;
    }
    let (used, unused) = tiers.tiers.split_at(len);
    used.windows(2).all(|pair| pair[0].volume < pair[1].volume)
        && used.iter().all(|tier| {
            tier.volume.0 > 0
                && (0..1_000_000).contains(&tier.taker_ppm)
                && tier.maker_ppm.unsigned_abs() < 1_000_000
        })
        && unused.iter().all(|tier| *tier == FeeTier::default())
}

impl Engine {
    /// Sets the schedule of one quote asset.
    pub(super) fn set_fee_tiers(
        &mut self,
        tiers: &FeeTiers,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let asset = tiers.asset;
        if asset.0 as usize >= self.assets.len() {
            return Err(Reject::UnknownAsset);
        }
        let own = self
            .specs
            .iter()
            .filter(|spec| spec.profile == Profile::Crypto && spec.quote_asset == asset);
        let mut own =
            own.map(|spec| Rates { maker_ppm: spec.maker_fee_ppm, taker_ppm: spec.taker_fee_ppm });
        let used = || tiers.tiers.iter().take(tiers.len as usize);
        let fits = |own: Rates| {
            used().all(|tier| {
                tier.maker_ppm <= own.maker_ppm
                    && tier.maker_ppm >= -own.widest()
                    && tier.taker_ppm <= own.taker_ppm
            })
        };
        if !valid_tiers(tiers) || !own.all(fits) {
            return Err(Reject::InvalidSpec);
        }
        self.fees.set_schedule(tiers);
        events.push(Event::FeeTiersChanged { asset });
        Ok(())
    }

    /// Rates of both parties of a trade, and nothing where they are the instrument's own: their
    /// balances in the quote asset are `maker` and `taker`.
    #[inline]
    pub(crate) fn trade_rates(
        &mut self,
        instrument: InstrumentId,
        maker: u32,
        taker: u32,
    ) -> (Rates, Rates) {
        let market = &self.markets[instrument.0 as usize];
        let own = Rates { maker_ppm: market.units.maker_ppm, taker_ppm: market.units.taker_ppm };
        if market.profile != Profile::Crypto {
            return (own, own);
        }
        let asset = market.quote;
        let Engine { fees, ledger, .. } = self;
        let mut rates = |slot| fees.rates(ledger.turnover(slot), asset, own);
        (rates(maker), rates(taker))
    }

    /// What an account pays in an instrument now; `None` for unknown ones.
    pub fn fee_rates(&self, account: AccountId, instrument: InstrumentId) -> Option<Rates> {
        let market = self.markets.get(instrument.0 as usize)?;
        self.accounts.get(account)?;
        let own = Rates { maker_ppm: market.units.maker_ppm, taker_ppm: market.units.taker_ppm };
        if market.profile != Profile::Crypto {
            return Some(own);
        }
        let turnover = self.turnover(account, market.quote);
        Some(self.fees.rates_now(&turnover, market.quote, own))
    }

    /// What an account traded in `crypto` instruments quoted in an asset over the last 30
    /// finished trading days, in minor units: what its fee tier goes by today.
    pub fn fee_volume(&self, account: AccountId, asset: AssetId) -> Amount {
        Amount(self.fees.counted(&self.turnover(account, asset)))
    }

    fn turnover(&self, account: AccountId, asset: AssetId) -> Turnover {
        let slot = self.ledger.find(account, asset);
        slot.map_or(Turnover::NONE, |slot| self.ledger.get(slot).turnover)
    }

    /// The fee schedule of a quote asset, if one was ever set.
    pub fn fee_tiers(&self, asset: AssetId) -> Option<&FeeTiers> {
        self.fees.schedule(asset)
    }

    /// Volumes hang from balances of their own (for the whole-state check).
    pub(crate) fn check_fees(&self) -> Result<(), String> {
        for (entry, volume) in self.fees.volumes().enumerate() {
            let balance = self.ledger.balances.get(volume.balance as usize);
            let balance = balance.filter(|balance| balance.turnover.entry == entry as u32);
            let Some((turnover, asset)) = balance.map(|b| (b.turnover, b.asset())) else {
                return Err(format!("fee volume {entry} is not where its balance says"));
            };
            if turnover.day > self.fees.day || turnover.today < 0 {
                return Err(format!("fee volume {entry} is of day {}", turnover.day));
            }
            let counted = turnover.counted(&volume.days, self.fees.day);
            let stale = turnover.day != self.fees.day || turnover.version != self.fees.version;
            let tier =
                self.fees.schedule(asset).map_or(0, |tiers| fee_step(tiers, Amount(counted)));
            if !stale && turnover.tier != tier {
                return Err(format!("fee volume {entry} has tier {} of {tier}", turnover.tier));
            }
        }
        let linked = self.ledger.balances.iter().filter(|b| b.turnover.entry != NIL).count();
        if linked != self.fees.count as usize {
            return Err("fee volumes and balances differ in number".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What counts, said with a list of all days.
    #[test]
    fn a_volume_counts_the_thirty_days_before_today() {
        let mut state = 5u64;
        let mut next = move |end: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % end
        };
        let mut all = std::collections::BTreeMap::new();
        let (mut volume, mut days, mut now) = (Turnover::NONE, [0; FEE_DAYS], 0u32);
        for _ in 0..5_000 {
            now += match next(40) {
                0 => next(70) as u32,
                1..10 => 1,
                _ => 0,
            };
            let want: i64 = all.range(now.saturating_sub(30)..now).map(|(_, n)| n).sum();
            assert_eq!(volume.counted(&days, now), want, "before day {now}");
            if next(3) == 0 {
                if volume.day != now {
                    volume.shift(&mut days, now);
                    assert_eq!(volume.counted(&days, now), want, "on day {now}");
                }
                let amount = next(1_000) as i64;
                volume.today += amount;
                *all.entry(now).or_insert(0) += amount;
            }
        }
    }
}
