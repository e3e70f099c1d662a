//! Rebuilding the state from bytes, believing none of them.

use super::*;
use crate::STATE_VERSION;
use crate::command::{
    AssetSpec, Bound, Breaker, FEE_TIERS_MAX, FeeTier, FeeTiers, Limits, OddLotTerms, RiskLimits,
    StopLeg, TradeTerms,
};
use crate::engine::risk::Tally;
use crate::engine::{
    CORRECTED_MAX, Call, Corrected, Day, Engine, FEE_DAYS, OrderStatus, Session, Tokyo, Watch,
    valid_breaker, valid_limits, valid_tiers,
};
use crate::event::CloseReason;
use crate::hash::Running;
use crate::instrument::{InstrumentSpec, tick_rule_from_number};
use crate::ledger::Balance;
use crate::money::Traded;
use crate::orders::{Cold, EMPTY_COLD, EMPTY_EXTRA, EMPTY_HOT, Extra, Flags, Hot, Kind, NIL};
use crate::reject::Reject;
use crate::types::*;

/// Takes values off the front of the bytes.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("state byte {}: {what}", self.at))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let Some(taken) = self.bytes.get(self.at..).and_then(|rest| rest.get(..count)) else {
            return self.wrong("the state ends here, in the middle of a value");
        };
        self.at += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn u8(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn i32(&mut self) -> Result<i32, String> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    fn i64(&mut self) -> Result<i64, String> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    fn flag(&mut self) -> Result<bool, String> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => self.wrong(&format!("{other} is neither yes nor no")),
        }
    }

    /// One of `all`, by its place in it.
    fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T, String> {
        let number = self.u8()?;
        match all.get(usize::from(number)) {
            Some(&value) => Ok(value),
            None => self.wrong(&format!("no such value: {number}")),
        }
    }

    fn text<const N: usize>(&mut self) -> Result<Text<N>, String> {
        let length = self.u8()?;
        let bytes = self.take(usize::from(length))?;
        match std::str::from_utf8(bytes).ok().and_then(Text::new) {
            Some(text) => Ok(text),
            None => self.wrong("a text that is too long or not UTF-8"),
        }
    }

    fn trade_terms(&mut self) -> Result<TradeTerms, String> {
        Ok(TradeTerms {
            price: Price(self.i64()?),
            quantity: Quantity(self.i64()?),
            paid: Amount(self.i64()?),
            got: Amount(self.i64()?),
            buyer_fee: Amount(self.i64()?),
            seller_fee: Amount(self.i64()?),
        })
    }

    /// Enters a section; returns how many entries it has.
    fn section(&mut self, tag: u32) -> Result<usize, String> {
        let found = self.u32()?;
        if found != tag {
            return self.wrong(&format!("section {tag} expected, {found} found"));
        }
        let entries = self.u64()?;
        // Every entry has at least a byte, so a count that cannot be never makes us allocate.
        match usize::try_from(entries) {
            Ok(count) if count <= self.bytes.len() => Ok(count),
            _ => self.wrong(&format!("section {tag} cannot have {entries} entries")),
        }
    }

    fn slots(&mut self, tag: u32) -> Result<Vec<u32>, String> {
        let count = self.section(tag)?;
        (0..count).map(|_| self.u32()).collect()
    }

    fn spec(&mut self) -> Result<InstrumentSpec, String> {
        Ok(InstrumentSpec {
            symbol: self.text()?,
            name: self.text()?,
            profile: self.one_of(&[Profile::Tse, Profile::Crypto])?,
            base_asset: AssetId(self.u32()?),
            quote_asset: AssetId(self.u32()?),
            price_digits: self.u8()?,
            quantity_digits: self.u8()?,
            ticks: {
                let (kind, tick) = (self.u8()?, self.i64()?);
                match tick_rule_from_number(kind, tick) {
                    Some(rule) => rule,
                    None => return self.wrong(&format!("no such tick rule: {kind}")),
                }
            },
            lot: Quantity(self.i64()?),
            min_quantity: Quantity(self.i64()?),
            max_quantity: Quantity(self.i64()?),
            base_price: Price(self.i64()?),
            limit_down: Price(self.i64()?),
            limit_up: Price(self.i64()?),
            market_band_ppm: self.u32()?,
            maker_fee_ppm: self.i32()?,
            taker_fee_ppm: self.i32()?,
            open_order_cap: self.u32()?,
            session_rules: self.flag()?,
            listed_shares: Quantity(self.i64()?),
            market_min_quantity: Quantity(self.i64()?),
            market_max_quantity: Quantity(self.i64()?),
        })
    }

    fn watch(&mut self, mode: BreakerMode, now: Timestamp) -> Result<Watch, String> {
        let breaker = Breaker {
            mode,
            window_seconds: self.u32()?,
            trigger_ppm: self.u32()?,
            call_seconds: self.u32()?,
            bound_ppm: self.u32()?,
        };
        if !valid_breaker(&breaker) {
            return self.wrong("a circuit breaker that cannot be");
        }
        let mut watch = Watch::new(breaker, self.i64()?);
        for _ in 0..self.u8()? {
            let (piece, price) = (self.u64()?, self.i64()?);
            if !watch.restore(piece, price, now) {
                return self.wrong("prices of a circuit breaker that cannot be");
            }
        }
        Ok(watch)
    }

    fn tokyo(&mut self) -> Result<Tokyo, String> {
        let tokyo = Tokyo {
            traded: self.flag()?,
            priced: self.flag()?,
            low: self.i64()?,
            high: self.i64()?,
            first: self.i64()?,
            previous: self.i64()?,
            window_from: Timestamp(self.u64()?),
            window_price: self.i64()?,
            short_days: self.u8()?,
            limit_days: self.array()?,
            special: self.i64()?,
            market_bounds: [self.i64()?, self.i64()?],
            conditioned: self.flag()?,
        };
        let prices =
            [tokyo.first, tokyo.low, tokyo.high, tokyo.previous, tokyo.window_price, tokyo.special];
        if prices.iter().any(|&price| price < 0) {
            return self.wrong("a price of the day below zero");
        }
        Ok(tokyo)
    }

    fn order(&mut self) -> Result<(Hot, Cold), String> {
        let kind = self.one_of(&[Kind::Free, Kind::Live, Kind::Done, Kind::Transfer])?;
        if kind == Kind::Free {
            return Ok((EMPTY_HOT, EMPTY_COLD));
        }
        let mut hot = Hot {
            kind,
            id: self.u64()?,
            bound: self.i64()?,
            remaining: self.i64()?,
            account: AccountId(self.u32()?),
            pays: self.u32()?,
            receives: self.u32()?,
            instrument: InstrumentId(self.u32()?),
            side: self.one_of(&[Side::Buy, Side::Sell])?,
            ..EMPTY_HOT
        };
        let mut cold = Cold {
            fee: i128::from_le_bytes(self.array()?),
            notional: self.i64()?,
            quantity: self.i64()?,
            created_at: Timestamp(self.u64()?),
            updated_at: Timestamp(self.u64()?),
            seq: Seq(self.u64()?),
            status: self.one_of(&STATUSES)?,
            reject: self.reject()?,
            closed: self.closed()?,
            kind: self.one_of(&[OrderKind::Limit, OrderKind::Market])?,
            time_in_force: self.one_of(&TIMES)?,
            post_only: self.flag()?,
            requeued: self.flag()?,
            first_price: self.i64()?,
            first_quantity: self.i64()?,
            day: self.u32()?,
            ..EMPTY_COLD
        };
        hot.flags = Flags(self.u8()?);
        hot.flags.set(Flags::LISTED, false);
        hot.stage = self.u8()?;
        cold.condition = self.one_of(Condition::ALL)?;
        cold.self_trade = self.one_of(SelfTrade::ALL)?;
        cold.short = self.one_of(ShortSale::ALL)?;
        cold.client_id = self.text()?;
        if hot.flags.has(Flags::DAY) != (cold.time_in_force == TimeInForce::Day) {
            return self.wrong("an order whose day and time in force differ");
        }
        Ok((hot, cold))
    }

    fn small(&mut self) -> Result<u16, String> {
        let number = self.u32()?;
        match u16::try_from(number) {
            Ok(number) => Ok(number),
            Err(_) => self.wrong(&format!("{number} does not fit 16 bits")),
        }
    }

    fn group(&mut self) -> Result<GroupId, String> {
        self.small().map(GroupId)
    }

    fn tally(&mut self) -> Result<Tally, String> {
        let tally = Tally {
            value: self.i64()?,
            day: self.u32()?,
            second: self.u32()?,
            messages: self.small()?,
            currency: self.small()?,
            ..Tally::NEW
        };
        if tally.value < 0 { self.wrong("a traded value below zero") } else { Ok(tally) }
    }

    fn trigger(&mut self) -> Result<Option<Trigger>, String> {
        let when =
            self.one_of(&[None, Some(TriggerWhen::AtOrAbove), Some(TriggerWhen::AtOrBelow)])?;
        let price = Price(self.i64()?);
        Ok(when.map(|when| Trigger { price, when }))
    }

    fn extra(&mut self) -> Result<(u32, Extra), String> {
        let slot = self.u32()?;
        let trigger = self.trigger()?;
        let stop = self.trigger()?;
        let price = Price(self.i64()?);
        Ok((
            slot,
            Extra {
                trigger,
                stop: stop.map(|trigger| StopLeg { trigger, price }),
                expires: self.u32()?,
                child: self.u32()?,
                parent: self.u32()?,
                stop_bound: self.i64()?,
                child_mark: self.u64()?,
                first_condition: self.first_condition()?,
                entered: self.u64()?,
                due: self.i64()?,
                prevented: self.i64()?,
                batch: self.u8()?,
                ..EMPTY_EXTRA
            },
        ))
    }

    fn first_condition(&mut self) -> Result<Option<Condition>, String> {
        let mut conditions = [None; Condition::ALL.len() + 1];
        for (place, &condition) in conditions[1..].iter_mut().zip(Condition::ALL) {
            *place = Some(condition);
        }
        self.one_of(&conditions)
    }

    fn reject(&mut self) -> Result<Option<Reject>, String> {
        match self.u8()? {
            0 => Ok(None),
            number => match Reject::from_number(number) {
                Some(code) => Ok(Some(code)),
                None => self.wrong(&format!("no such reject: {number}")),
            },
        }
    }

    fn closed(&mut self) -> Result<Option<CloseReason>, String> {
        let mut reasons = [None; CloseReason::ALL.len() + 1];
        for (place, reason) in reasons[1..].iter_mut().zip(CloseReason::ALL) {
            *place = Some(reason);
        }
        self.one_of(&reasons)
    }
}

const STATUSES: [OrderStatus; 7] = [
    OrderStatus::Open,
    OrderStatus::PartiallyFilled,
    OrderStatus::Filled,
    OrderStatus::Cancelled,
    OrderStatus::Expired,
    OrderStatus::Rejected,
    OrderStatus::PendingTrigger,
];
const TIMES: [TimeInForce; 5] =
    [TimeInForce::Gtc, TimeInForce::Day, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::Gtd];

impl Engine {
    /// Rebuilds a state from what `export` wrote.
    ///
    /// # Errors
    /// What is wrong with the bytes, in words; [`crate::STATE_VERSION`] mismatches included.
    pub fn import(bytes: &[u8]) -> Result<Engine, String> {
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
        engine.import_head(&mut input)?;
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
        Ok(engine)
    }

    fn import_head(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
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
        self.running = Running(input.u64()?);
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
        Ok(())
    }

    fn import_frame(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        for _ in 0..input.section(ASSETS)? {
            let asset = AssetSpec { code: input.text()?, exponent: input.u8()? };
            self.add_asset(&asset).map_err(|code| format!("asset {}: {code}", asset.code))?;
        }
        for _ in 0..input.section(ACCOUNTS)? {
            let code = input.text()?;
            let statuses = [AccountStatus::Active, AccountStatus::Suspended, AccountStatus::Closed];
            let status = input.one_of(&statuses)?;
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
            market.status = input.one_of(&[
                InstrumentStatus::Open,
                InstrumentStatus::Halted,
                InstrumentStatus::Closed,
            ])?;
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
                side: input.one_of(&[Side::Buy, Side::Sell])?,
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
            match self.fees.sound(balance, day, &numbers) {
                Some(volume) if (balance as usize) < self.ledger.balances.len() => {
                    self.fees.restore(volume);
                }
                _ => return input.wrong("a fee volume that cannot be"),
            }
        }
        Ok(())
    }

    fn import_orders(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        let slots = input.section(ORDERS)?;
        for slot in 0..slots {
            let (hot, cold) = input.order()?;
            self.check_order(slot, &hot, &cold)?;
            self.orders.restore(hot, cold)?;
        }
        for _ in 0..input.section(EXTRAS)? {
            let (slot, extra) = input.extra()?;
            let known = |at: u32| at == NIL || (at as usize) < slots;
            let free = self.orders.hot.get(slot as usize).is_some_and(|hot| hot.kind != Kind::Free)
                && self.orders.extra(slot).is_none();
            let quantity = self.orders.cold.get(slot as usize).map_or(0, |cold| cold.quantity);
            if !free
                || !(0..=quantity.max(0)).contains(&extra.prevented)
                || !known(extra.child)
                || !known(extra.parent)
                || !self.fits_stop_half(slot, &extra)
            {
                return input.wrong(&format!("order slot {slot} cannot have these extras"));
            }
            *self.orders.extra_mut(slot) = extra;
        }
        let (queues, open) = (input.slots(QUEUES)?, input.slots(OPEN)?);
        for slot in queues {
            let market = match self.orders.hot.get(slot as usize) {
                Some(hot)
                    if hot.kind == Kind::Live
                        && hot.level == NIL
                        && !hot.flags.has(Flags::PARKED) =>
                {
                    &mut self.markets[hot.instrument.0 as usize]
                }
                _ => return input.wrong(&format!("order slot {slot} cannot be queued")),
            };
            let hot = &self.orders.hot[slot as usize];
            let key = market.exact_key(hot.bound);
            let side = &mut market.sides[hot.side as usize];
            let fits = side.quantity.checked_add(hot.remaining).is_some();
            match key.filter(|_| fits) {
                // Its bound is a limit of the day, on tick or not.
                _ if fits && hot.bound > 0 && hot.flags.has(Flags::MARKET) => {
                    self.books.push_market(side, &mut self.orders.hot, slot);
                }
                Some(key) => {
                    self.books.push(side, &mut self.orders.hot, slot, key);
                }
                None => return input.wrong(&format!("order slot {slot} does not fit its book")),
            }
        }
        for slot in open {
            match self.orders.hot.get(slot as usize) {
                Some(hot) if hot.kind == Kind::Live && !hot.flags.has(Flags::LISTED) => {
                    let (account, instrument) = (hot.account, hot.instrument);
                    if self.markets[instrument.0 as usize].open_order_cap != 0 {
                        self.open_counts.add(account, instrument);
                    }
                    self.accounts.link(&mut self.orders.hot, slot);
                    self.resting += 1;
                    self.count_open(slot);
                }
                _ => return input.wrong(&format!("order slot {slot} cannot be open")),
            }
        }
        self.import_waiting(input)?;
        let (answers, free) = (input.slots(ANSWERS)?, input.slots(FREE)?);
        self.orders.relink(&answers, &free)
    }

    /// Whether the lock of a live order with these extras can be counted.
    fn fits_stop_half(&self, slot: u32, extra: &Extra) -> bool {
        let (hot, cold) = (&self.orders.hot[slot as usize], &self.orders.cold[slot as usize]);
        if hot.kind != Kind::Live || extra.stop_bound == 0 {
            return extra.stop_bound >= 0;
        }
        let traded = Traded { notional: cold.notional, fee: cold.fee };
        let units = &self.markets[hot.instrument.0 as usize].units;
        extra.stop_bound > 0 && units.notional_fits(traded, extra.stop_bound, hot.remaining)
    }

    /// What waits outside the books.
    fn import_waiting(&mut self, input: &mut Reader<'_>) -> Result<(), String> {
        let mut entered = vec![false; self.orders.hot.len()];
        for slot in input.slots(PARKED)? {
            let parked = self
                .orders
                .hot
                .get(slot as usize)
                .filter(|hot| hot.kind == Kind::Live && hot.flags.has(Flags::PARKED));
            let Some(hot) = parked else {
                return input.wrong(&format!("order slot {slot} cannot wait outside its book"));
            };
            if std::mem::replace(&mut entered[slot as usize], true) {
                return input.wrong(&format!("order slot {slot} waits twice"));
            }
            self.waiting[hot.instrument.0 as usize].enter_room(&mut self.orders, slot);
        }
        if input.section(PRINTS)? != self.markets.len() {
            return input.wrong("prices of another number of instruments");
        }
        for market in &mut self.markets {
            (market.low, market.high) = (input.i64()?, input.i64()?);
            let sound = match market.last_price {
                0 => (market.low, market.high) == (i64::MAX, 0),
                last => market.low > 0 && market.low <= last && last <= market.high,
            };
            if !sound {
                return input.wrong("a last price outside the prices since");
            }
        }
        for slot in input.slots(TRIGGERS)? {
            self.restore_trigger(slot).map_err(|why| format!("order slot {slot}: {why}"))?;
        }
        for slot in input.slots(READY)? {
            let waits = |hot: Hot| hot.flags.has(Flags::PARKED) || hot.flags.has(Flags::STOP_LEG);
            let free = self.idle_live(slot).is_some_and(waits);
            if !free {
                return input.wrong(&format!("order slot {slot} cannot have been set off"));
            }
            let instrument = self.orders.hot[slot as usize].instrument.0 as usize;
            self.waiting[instrument].make_ready(&mut self.orders, slot);
            self.note_nearest(InstrumentId(instrument as u32));
        }
        Ok(())
    }

    /// A live order with extras that is in no trigger queue.
    fn idle_live(&self, slot: u32) -> Option<Hot> {
        let hot = self.orders.hot.get(slot as usize).filter(|hot| hot.kind == Kind::Live)?;
        self.orders.extra(slot).is_some_and(|extra| extra.stop_level == NIL).then_some(*hot)
    }

    fn restore_trigger(&mut self, slot: u32) -> Result<(), String> {
        let Some(hot) = self.idle_live(slot) else {
            return Err("cannot have a trigger".into());
        };
        let market = &self.markets[hot.instrument.0 as usize];
        let watched = self.orders.extra(slot).and_then(Extra::watched);
        let keyed = watched.and_then(|trigger| Some((trigger, market.exact_key(trigger.price.0)?)));
        let Some((trigger, key)) = keyed else {
            return Err("has no trigger on a tick".into());
        };
        let waiting = &mut self.waiting[hot.instrument.0 as usize];
        waiting.watch(&mut self.books, &mut self.orders, slot, trigger, key);
        self.note_nearest(hot.instrument);
        Ok(())
    }

    /// What later arithmetic and lookups take for granted of an order.
    fn check_order(&self, slot: usize, hot: &Hot, cold: &Cold) -> Result<(), String> {
        if hot.kind == Kind::Free {
            return Ok(());
        }
        let wrong = |what: &str| Err(format!("order slot {slot}: {what}"));
        if self.accounts.get(hot.account).is_none() {
            return wrong("unknown account");
        }
        if hot.kind == Kind::Transfer {
            return if hot.id == 0 { Ok(()) } else { wrong("a transfer with an order number") };
        }
        let Some(market) = self.markets.get(hot.instrument.0 as usize) else {
            return wrong("unknown instrument");
        };
        if hot.kind == Kind::Done {
            return Ok(());
        }
        let traded = Traded { notional: cold.notional, fee: cold.fee };
        let amounts = hot.remaining > 0
            && hot.remaining <= cold.quantity
            && (hot.bound > 0 || hot.bound == 0 && hot.flags.has(Flags::UNLOCKED))
            && cold.notional >= 0
            && cold.fee.unsigned_abs() <= cold.notional.unsigned_abs() as u128 * 1_000_000
            && market.units.notional_fits(traded, hot.bound, hot.remaining)
            && market.units.base_checked(hot.remaining).is_some()
            && (hot.flags.has(Flags::UNLOCKED)
                || (hot.receives as usize) < self.ledger.balances.len());
        if !amounts {
            return wrong("amounts that cannot be");
        }
        Ok(())
    }
}
