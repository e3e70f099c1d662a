//! Rebuilding the state from bytes, believing none of them: all but its orders.

use super::reader::Reader;
use super::*;
use crate::STATE_VERSION;
use crate::command::{
    AssetSpec, Bound, FEE_TIERS_MAX, FeeTier, FeeTiers, Limits, OddLotTerms, RiskLimits,
};
use crate::engine::{
    CORRECTED_MAX, Call, Corrected, Day, Engine, FEE_DAYS, Session, valid_limits, valid_tiers,
};
use crate::hash::Running;
use crate::ledger::Balance;
use crate::orders::COUNTER_END;
use crate::reject::Reject;
use crate::types::*;

impl Engine {
    /// Rebuilds a state, and the hash of its history, from what `export` wrote; or what is wrong
    /// with the bytes, in words.
    pub(crate) fn import(bytes: &[u8]) -> Result<(Engine, Running), String> {
        let mut input = Reader { bytes, at: 0 };
        if input.u32()? != MAGIC {
            return Err("these bytes are not an exported state".into());
        }
        let version = input.u32()?;
        if version != STATE_VERSION {
            return Err(format!(
                "state version {version}, this engine reads {STATE_VERSION}: replay the journal"
            ));
        }
        let mut engine = Engine::new();
        let hash = engine.import_head(&mut input)?;
        engine.import_frame(&mut input)?;
        engine.import_fees(&mut input)?;
        engine.import_circuits(&mut input)?;
        engine.import_odd_lots(&mut input)?;
        engine.import_orders(&mut input)?;
        input.section(END)?;
        if input.at != bytes.len() {
            return input.wrong("bytes after the end of the state");
        }
        engine.check()?;
        Ok((engine, hash))
    }

    fn import_head(&mut self, input: &mut Reader<'_>) -> Result<Running, String> {
        if input.section(HEAD)? == 1 {
            let limits = Limits {
                accounts: input.u32()?,
                instruments: input.u32()?,
                assets: input.u32()?,
                live_orders: input.u32()?,
                answers: input.u32()?,
                balances: input.u32()?,
            };
            let seed = [input.u64()?, input.u64()?];
            if !valid_limits(&limits) {
                return input.wrong("limits no Genesis would accept");
            }
            self.reserve(&limits, seed);
        }
        self.seq = Seq(input.u64()?);
        self.at = Timestamp(input.u64()?);
        let hash = Running(input.u64()?);
        self.trades = input.u64()?;
        self.orders.counter = input.u64()?;
        for profile in 0..self.days.len() {
            self.days[profile] = Day {
                day: input.u32()?,
                rolling: input.flag()?,
                cursor: input.u32()?,
                market: input.u32()?,
            };
        }
        let whole = input.u64()? == head_sum(&self.head_numbers(hash));
        if !whole || self.orders.counter >= COUNTER_END {
            return input.wrong("numbers of the head that do not belong together");
        }
        Ok(hash)
    }

    fn import_frame(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        for _ in 0..input.section(ASSETS)? {
            let asset = AssetSpec { code: input.text()?, exponent: input.u8()? };
            self.add_asset(&asset).map_err(|code| format!("asset {}: {code}", asset.code))?;
        }
        for _ in 0..input.section(ACCOUNTS)? {
            let code = input.text()?;
            let status = input.one_of(AccountStatus::ALL)?;
            let account =
                self.accounts.create(&code).map_err(|e| format!("account {code}: {e}"))?;
            if let Some(account) = self.accounts.get_mut(account) {
                account.status = status;
            }
        }
        for _ in 0..input.section(BALANCES)? {
            let (account, asset) = (AccountId(input.u32()?), AssetId(input.u32()?));
            let (total, locked, seen) = (input.i64()?, input.i64()?, input.flag()?);
            let known = self.accounts.get(account).is_some()
                && (asset.0 as usize) < self.assets.len()
                && self.ledger.find(account, asset).is_none();
            if !known || self.ledger.room() == 0 || locked < 0 {
                return input.wrong("a balance that cannot be");
            }
            let mut balance = Balance::empty(account, asset);
            balance.total = total;
            balance.locked = locked;
            balance.seen = seen;
            let slot = self.ledger.restore(balance);
            self.accounts.note_balance(account, asset, slot);
        }
        for _ in 0..input.section(INSTRUMENTS)? {
            let spec = input.spec()?;
            let instrument = self
                .add_instrument(&spec)
                .map_err(|code| format!("instrument {}: {code}", spec.symbol))?;
            let market = &mut self.markets[instrument.0 as usize];
            market.status = input.one_of(InstrumentStatus::ALL)?;
            market.last_price = input.i64()?;
            if market.last_price < 0 {
                return input.wrong("a last price below zero");
            }
        }
        self.import_sessions(input)?;
        self.import_risk(input)?;
        self.import_firms(input)
    }

    fn import_firms(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        let wrong = |code: Reject| format!("participants of auctions: {code}");
        let firms = input.section(FIRMS)?;
        for profile in [Profile::Tse, Profile::Crypto] {
            let participants = input.one_of(Participants::ALL)?;
            if participants != Participants::Accounts {
                self.set_participants(profile, participants, &mut Vec::new()).map_err(wrong)?;
            }
        }
        for _ in 0..firms {
            let (account, firm) = (AccountId(input.u32()?), FirmId(input.u32()?));
            if self.firm(account) != Some(FirmId(0)) || firm == FirmId(0) {
                return input.wrong("a firm's account that cannot be");
            }
            self.set_firm(account, firm, &mut Vec::new()).map_err(wrong)?;
        }
        Ok(())
    }

    fn import_risk(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        for _ in 0..input.section(RISK)? {
            let (kind, id) = (input.u8()?, input.u32()?);
            let scope = match (kind, u16::try_from(id)) {
                (0, _) => RiskScope::Account(AccountId(id)),
                (1, Ok(group)) => RiskScope::Members(GroupId(group)),
                (2, Ok(group)) => RiskScope::Group(GroupId(group)),
                (3, _) => RiskScope::Instrument(InstrumentId(id)),
                _ => return input.wrong("no such scope of risk limits"),
            };
            let currency = AssetId(input.u32()?);
            let mut limits = RiskLimits { currency, ..RiskLimits::default() };
            for bound in &mut limits.bounds {
                *bound = Bound { soft: input.i64()?, hard: input.i64()? };
            }
            if self.risk_limits(scope).is_some() {
                return input.wrong("risk limits of one scope twice");
            }
            let set = self.set_risk_limits(scope, &limits, &mut Vec::new());
            set.map_err(|code| format!("risk limits of {scope:?}: {code}"))?;
        }
        for _ in 0..input.section(GROUPS)? {
            let group = input.group()?;
            let group = self.risk.group_mut(group);
            group.killed = input.flag()?;
            group.pool.tally = group.pool.tally.counting(&input.tally()?);
        }
        for _ in 0..input.section(MEMBERS)? {
            let account = AccountId(input.u32()?);
            let (group, killed, tally) = (input.group()?, input.flag()?, input.tally()?);
            self.risk.group_mut(group);
            let Some(account) = self.accounts.get_mut(account) else {
                return input.wrong("a member that is no account");
            };
            account.group = group;
            account.killed = killed;
            account.tally = account.tally.counting(&tally);
        }
        if input.section(POOLS)? != self.risk.instruments.len() {
            return input.wrong("risk counters of another number of instruments");
        }
        for pool in &mut self.risk.instruments {
            pool.tally = pool.tally.counting(&input.tally()?);
        }
        for _ in 0..input.section(KEYS)? {
            let scope = KillScope::Key(input.u32()?);
            let set = self.set_kill(scope, true, &mut Vec::new());
            set.map_err(|code| format!("kill switch of {scope:?}: {code}"))?;
        }
        let trades = input.section(CORRECTIONS)?;
        if trades > CORRECTED_MAX {
            return input.wrong("more corrected trades than there can be");
        }
        for _ in 0..trades {
            let trade = TradeId(input.u64()?);
            let corrected = Corrected {
                instrument: InstrumentId(input.u32()?),
                buyer: AccountId(input.u32()?),
                seller: AccountId(input.u32()?),
                number: input.u32()?,
                desk: input.flag()?,
                original: input.trade_terms()?,
                present: input.trade_terms()?,
            };
            if self.corrections.insert(trade, corrected).is_some() {
                return input.wrong("one corrected trade twice");
            }
        }
        Ok(())
    }

    fn import_sessions(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        if input.section(SESSIONS)? != self.markets.len() {
            return input.wrong("sessions of another number of instruments");
        }
        for profile in 0..self.sessions.len() {
            self.sessions[profile] = Session {
                day: input.u32()?,
                step: input.one_of(SessionStep::ALL)?,
                stepping: input.flag()?,
                cursor: input.u32()?,
            };
        }
        self.killed = input.flag()?;
        for i in 0..self.markets.len() {
            let market = &mut self.markets[i];
            market.phase = input.one_of(Phase::ALL)?;
            market.until = Timestamp(input.u64()?);
            market.shown = Quote {
                kind: input.one_of(QuoteKind::ALL)?,
                side: input.one_of(Side::ALL)?,
                price: Price(input.i64()?),
                due: Timestamp(input.u64()?),
            };
            market.stage = input.u8()?;
            market.halts = Halts(input.u8()?);
            market.short_restricted = input.flag()?;
            market.killed = input.flag()?;
            if !Halts::ALL.has(market.halts) {
                return input.wrong("halts of unknown kinds");
            }
            self.timers.set(InstrumentId(i as u32), Timestamp(input.u64()?));
            self.markets[i].tokyo = input.tokyo()?;
        }
        Ok(())
    }

    fn import_circuits(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        if input.section(CIRCUITS)? != self.circuits.len() {
            return input.wrong("circuit breakers of another number of instruments");
        }
        let kinds: Vec<_> =
            std::iter::once(None).chain(AuctionKind::ALL.iter().copied().map(Some)).collect();
        for i in 0..self.circuits.len() {
            if let Some(kind) = input.one_of(&kinds)? {
                let seconds = input.u32()?;
                let (low, high) = (Price(input.i64()?), Price(input.i64()?));
                self.circuits[i].call = Some(Call { kind, seconds, low, high });
            }
            let mode = input.one_of(BreakerMode::ALL)?;
            if mode == BreakerMode::Off {
                continue;
            }
            let watch = input.watch(mode, self.at)?;
            self.arm_breaker(InstrumentId(i as u32), watch);
        }
        Ok(())
    }

    fn import_odd_lots(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        if input.section(ODD_LOTS)? != self.odd_lots.len() {
            return input.wrong("odd-lot desks of another number of instruments");
        }
        for desk in &mut self.odd_lots {
            desk.terms = OddLotTerms {
                batch: input.flag()?,
                principal: input.flag()?,
                spread_ppm: input.u32()?,
                max_quantity: Quantity(input.i64()?),
                max_value: Amount(input.i64()?),
                round_to: Amount(input.i64()?),
            };
            desk.house_net = input.i64()?;
            for price in &mut desk.prices {
                *price = input.i64()?;
            }
        }
        Ok(())
    }

    fn import_fees(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        for _ in 0..input.section(FEE_TIERS)? {
            let (asset, len) = (AssetId(input.u32()?), input.u8()?);
            let mut tiers = FeeTiers { asset, tiers: [FeeTier::default(); FEE_TIERS_MAX], len };
            for at in 0..usize::from(len) {
                let step = tiers.tiers.get_mut(at).ok_or("a fee schedule with too many steps")?;
                *step = FeeTier {
                    volume: Amount(input.i64()?),
                    maker_ppm: input.i32()?,
                    taker_ppm: input.i32()?,
                };
            }
            let known = (asset.0 as usize) < self.assets.len() && self.fee_tiers(asset).is_none();
            if !known || !valid_tiers(&tiers) {
                return input.wrong("a fee schedule that cannot be");
            }
            self.fees.set_schedule(&tiers);
        }
        let volumes = input.section(FEE_VOLUMES)?;
        self.fees.day = input.u32()?;
        for _ in 0..volumes {
            let (balance, day) = (input.u32()?, input.u32()?);
            let mut numbers = [0; FEE_DAYS + 1];
            for number in &mut numbers {
                *number = input.i64()?;
            }
            let held = self.ledger.balances.get_mut(balance as usize);
            let hangs = |held: &mut Balance| {
                self.fees.restore((balance, &mut held.turnover), day, &numbers)
            };
            if !held.is_some_and(hangs) {
                return input.wrong("a fee volume that cannot be");
            }
        }
        Ok(())
    }
}
