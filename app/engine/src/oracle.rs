//! The slow, obvious twin of the engine: the same rules said once more, with maps, lists and
//! plain 128-bit sums, and no thought for speed. Tests feed both the same commands and want
//! the same events and the same hash. Its rules are those of continuous trading; auctions have a
//! twin of their own.
//!
//! It shares with the engine the vocabulary (commands, events, specs) and the fold of the
//! running hash; ledger, books, matching, rounding and memory of answers are its own. A book
//! is found by looking through all orders, a lock by adding up all orders. Keep it that way:
//! a clever twin proves nothing.

mod changes;
mod correct;
mod matching;
mod money;
mod orders;
pub mod stream;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use crate::command::{AssetSpec, Command, Limits, Transfer, TransferKind};
use crate::engine::BalanceState;
use crate::event::{Cause, Event};
use crate::hash::Running;
use crate::instrument::InstrumentState;
use crate::reject::Reject;
use crate::types::*;
use correct::Corrected;
use orders::Order;

/// A remembered answer.
#[derive(Clone, Debug)]
enum Answer {
    Order(u64),
    Transfer(AccountId, ClientId),
}

#[derive(Clone, Debug, Default)]
struct Balance {
    total: i128,
    /// Whether an event ever showed it.
    seen: bool,
    /// Place in the order of creation.
    number: usize,
}

/// The twin.
#[derive(Default)]
pub struct Oracle {
    seq: Seq,
    at: Timestamp,
    hash: Running,
    limits: Option<Limits>,
    assets: Vec<AssetSpec>,
    instruments: Vec<InstrumentState>,
    accounts: Vec<(AccountCode, AccountStatus)>,
    balances: BTreeMap<(AccountId, AssetId), Balance>,
    orders: BTreeMap<u64, Order>,
    by_client_id: BTreeMap<(AccountId, ClientId), u64>,
    transfers: BTreeMap<(AccountId, ClientId), (Transfer, u64)>,
    answers: VecDeque<Answer>,
    free_slots: Vec<u64>,
    fresh_slot: u64,
    counter: u64,
    /// Counts every coming to rest: time priority.
    stamps: u64,
    trades: u64,
    corrected: BTreeMap<u64, Corrected>,
    /// Per profile: day, whether its roll goes on, and where.
    days: [(u32, bool, u64); 2],
    events: Vec<Event>,
}

impl Oracle {
    /// An empty state, before `Genesis`.
    pub fn new() -> Oracle {
        Oracle::default()
    }

    /// Applies one command and returns what it did.
    pub fn apply(&mut self, seq: Seq, at: Timestamp, command: &Command) -> Vec<Event> {
        self.seq = seq;
        self.at = at;
        if let Err(code) = self.dispatch(command) {
            self.events.push(Event::Refused { code, order: None });
        }
        let events = std::mem::take(&mut self.events);
        self.hash.step(seq, at, command, &events);
        events
    }

    /// Running hash over everything that happened.
    pub fn state_hash(&self) -> u64 {
        self.hash.0
    }

    /// All balances an event ever showed, in order of creation.
    pub fn balances(&self) -> Vec<BalanceState> {
        let mut list: Vec<_> = self.balances.iter().filter(|(_, b)| b.seen).collect();
        list.sort_by_key(|(_, balance)| balance.number);
        list.into_iter()
            .map(|(&(account, asset), balance)| BalanceState {
                account,
                asset,
                total: Amount(balance.total as i64),
                locked: Amount(self.locked(account, asset) as i64),
            })
            .collect()
    }

    /// All instruments.
    pub fn instruments(&self) -> &[InstrumentState] {
        &self.instruments
    }

    fn dispatch(&mut self, command: &Command) -> Result<(), Reject> {
        if matches!(command, Command::Genesis { .. }) == self.limits.is_some() {
            return Err(Reject::NotInitialised);
        }
        match command {
            Command::Genesis { limits, .. } => self.begin(limits),
            Command::CreateAsset(spec) => self.create_asset(spec),
            Command::CreateInstrument(spec) => self.create_instrument(spec),
            Command::CreateAccount { code } => {
                if code.is_empty() {
                    return Err(Reject::InvalidSpec);
                }
                if self.accounts.iter().any(|(known, _)| known == code) {
                    return Err(Reject::AlreadyExists);
                }
                if self.accounts.len() >= self.limits().accounts as usize {
                    return Err(Reject::CapacityExhausted);
                }
                self.accounts.push((*code, AccountStatus::Active));
                let account = AccountId(self.accounts.len() as u32 - 1);
                self.events.push(Event::AccountCreated { account });
                Ok(())
            }
            Command::SetAccountStatus { account, status, .. } => {
                let known = self.accounts.get_mut(account.0 as usize);
                known.ok_or(Reject::UnknownAccount)?.1 = *status;
                self.events
                    .push(Event::AccountStatusChanged { account: *account, status: *status });
                Ok(())
            }
            Command::SetInstrumentStatus { instrument, status, .. } => {
                let known = self.instruments.get_mut(instrument.0 as usize);
                known.ok_or(Reject::UnknownInstrument)?.status = *status;
                self.events.push(Event::InstrumentStatusChanged {
                    instrument: *instrument,
                    status: *status,
                });
                Ok(())
            }
            Command::SetPriceLimits { instrument, base_price, limit_down, limit_up, .. } => {
                let known = self.instruments.get_mut(instrument.0 as usize);
                let spec = &mut known.ok_or(Reject::UnknownInstrument)?.spec;
                let negative = base_price.0 < 0 || limit_down.0 < 0 || limit_up.0 < 0;
                if negative || (limit_up.0 > 0 && limit_down > limit_up) {
                    return Err(Reject::InvalidSpec);
                }
                spec.base_price = *base_price;
                spec.limit_down = *limit_down;
                spec.limit_up = *limit_up;
                self.events.push(Event::PriceLimitsChanged { instrument: *instrument });
                Ok(())
            }
            Command::Transfer { transfer, .. } => self.transfer(transfer),
            Command::Place(place) => self.place(place),
            Command::Amend(amend) => self.amend(amend),
            Command::Cancel(cancel) => self.cancel(cancel),
            Command::CancelMany(filter) => self.cancel_many(filter),
            Command::RollDay { profile, day } => self.roll_day(*profile, *day),
            Command::CorrectTrade { correction, .. } => self.correct(correction),
            other => unreachable!("the twin knows continuous trading only, not {other:?}"),
        }
    }

    fn limits(&self) -> Limits {
        self.limits.expect("dispatch() lets nothing through before Genesis")
    }

    fn begin(&mut self, limits: &Limits) -> Result<(), Reject> {
        let orders = u64::from(limits.live_orders) + u64::from(limits.answers);
        let possible = limits.accounts >= 4
            && limits.accounts <= 1 << 30
            && limits.instruments >= 1
            && limits.instruments <= 1 << 16
            && limits.assets >= 1
            && limits.assets <= 1 << 16
            && limits.live_orders >= 1
            && limits.answers >= 1
            && orders < 1 << 24
            && limits.balances >= 1
            && limits.balances <= 1 << 30;
        if !possible {
            return Err(Reject::InvalidSpec);
        }
        self.limits = Some(*limits);
        for code in ["house", "fees", "rounding", "outside"] {
            let code = AccountCode::new(code).expect("short");
            self.accounts.push((code, AccountStatus::Active));
        }
        self.events.push(Event::Begun);
        Ok(())
    }

    fn create_asset(&mut self, spec: &AssetSpec) -> Result<(), Reject> {
        if spec.code.is_empty() || spec.exponent > 18 {
            return Err(Reject::InvalidSpec);
        }
        if self.assets.iter().any(|known| known.code == spec.code) {
            return Err(Reject::AlreadyExists);
        }
        if self.assets.len() >= self.limits().assets as usize {
            return Err(Reject::CapacityExhausted);
        }
        self.assets.push(*spec);
        let asset = AssetId(self.assets.len() as u32 - 1);
        self.events.push(Event::AssetCreated { asset });
        Ok(())
    }

    fn create_instrument(
        &mut self,
        spec: &crate::instrument::InstrumentSpec,
    ) -> Result<(), Reject> {
        let base = self.assets.get(spec.base_asset.0 as usize).ok_or(Reject::UnknownAsset)?;
        let quote = self.assets.get(spec.quote_asset.0 as usize).ok_or(Reject::UnknownAsset)?;
        spec.validate(base.exponent, quote.exponent)?;
        if self.instruments.iter().any(|known| known.spec.symbol == spec.symbol) {
            return Err(Reject::AlreadyExists);
        }
        let system = [AccountId::FEES, AccountId::ROUNDING];
        let new = system.iter().filter(|&&a| !self.has_balance(a, spec.quote_asset)).count();
        if self.instruments.len() >= self.limits().instruments as usize
            || self.balances.len() + new > self.limits().balances as usize
        {
            return Err(Reject::CapacityExhausted);
        }
        for account in system {
            self.open_balance(account, spec.quote_asset);
        }
        self.instruments.push(InstrumentState {
            spec: *spec,
            status: InstrumentStatus::Open,
            last_price: Price(0),
            phase: Phase::Continuous,
            until: Timestamp(0),
            quote: Quote::FREE,
            halts: Halts::default(),
            short_restricted: false,
            killed: false,
            call_range: None,
        });
        let instrument = InstrumentId(self.instruments.len() as u32 - 1);
        self.events.push(Event::InstrumentCreated { instrument });
        Ok(())
    }

    fn has_balance(&self, account: AccountId, asset: AssetId) -> bool {
        self.balances.contains_key(&(account, asset))
    }

    fn open_balance(&mut self, account: AccountId, asset: AssetId) {
        let number = self.balances.len();
        let new = Balance { number, ..Balance::default() };
        self.balances.entry((account, asset)).or_insert(new);
    }

    fn total(&self, account: AccountId, asset: AssetId) -> i128 {
        self.balances.get(&(account, asset)).map_or(0, |balance| balance.total)
    }

    /// Changes what an account owns; what it owns and what of it is locked then.
    fn moved(&mut self, account: AccountId, asset: AssetId, delta: i128) -> (Amount, Amount) {
        let balance = self.balances.get_mut(&(account, asset)).expect("opened before");
        balance.total += delta;
        balance.seen = true;
        let (total, locked) = (balance.total, self.locked(account, asset));
        assert!(locked <= total || (locked == 0 && account.may_go_negative()));
        (Amount(total as i64), Amount(locked as i64))
    }

    /// Changes what an account owns and shows the balance.
    fn change(
        &mut self,
        account: AccountId,
        asset: AssetId,
        delta: i128,
        cause: Cause,
        reference: u64,
    ) {
        let (total, locked) = self.moved(account, asset, delta);
        self.events.push(Event::Balance {
            account,
            asset,
            total,
            locked,
            delta: Amount(delta as i64),
            cause,
            reference,
        });
    }

    /// A slot for an order or transfer: the one freed last, else a fresh one.
    fn take_slot(&mut self) -> u64 {
        self.free_slots.pop().unwrap_or_else(|| {
            self.fresh_slot += 1;
            self.fresh_slot - 1
        })
    }

    /// Remembers an answer, and forgets the oldest when there are too many.
    fn remember(&mut self, answer: Answer) {
        self.answers.push_back(answer);
        if self.answers.len() <= self.limits().answers as usize {
            return;
        }
        match self.answers.pop_front() {
            Some(Answer::Order(id)) => {
                let order = self.orders.remove(&id).expect("remembered");
                self.by_client_id.remove(&(order.account, order.client_id));
                self.free_slots.push(id & 0xff_ffff);
            }
            Some(Answer::Transfer(account, reference)) => {
                let known = self.transfers.remove(&(account, reference));
                self.free_slots.push(known.expect("remembered").1);
            }
            None => unreachable!("one was just pushed"),
        }
    }

    fn transfer(&mut self, transfer: &Transfer) -> Result<(), Reject> {
        let Transfer { kind, account, asset, amount, reference } = *transfer;
        let (_, status) = *self.accounts.get(account.0 as usize).ok_or(Reject::UnknownAccount)?;
        if asset.0 as usize >= self.assets.len() {
            return Err(Reject::UnknownAsset);
        }
        if reference.is_empty() {
            return Err(Reject::InvalidClientId);
        }
        if let Some((first, _)) = self.transfers.get(&(account, reference)) {
            if first != transfer {
                return Err(Reject::DuplicateClientOrderId);
            }
            self.events.push(Event::Repeated { order: OrderId(0) });
            return Ok(());
        }
        if kind != TransferKind::Adjust && status == AccountStatus::Closed {
            return Err(Reject::AccountClosed);
        }
        if kind == TransferKind::Withdraw && status == AccountStatus::Suspended {
            return Err(Reject::AccountSuspended);
        }
        if kind != TransferKind::Adjust && amount.0 <= 0 || amount.0 == 0 || amount.0 == i64::MIN {
            return Err(Reject::InvalidAmount);
        }
        let amount = i128::from(amount.0);
        let (delta, other, cause) = match kind {
            TransferKind::Deposit => (amount, AccountId::OUTSIDE, Cause::Deposit),
            TransferKind::Withdraw => (-amount, AccountId::OUTSIDE, Cause::Withdraw),
            TransferKind::Adjust => (amount, AccountId::HOUSE, Cause::Adjust),
        };
        if account == other {
            return Err(Reject::InvalidAmount);
        }
        for (who, delta) in [(account, delta), (other, -delta)] {
            let after = self.total(who, asset) + delta;
            if i64::try_from(after).is_err() || who.may_go_negative() && after.abs() > 1 << 62 {
                return Err(Reject::AmountOverflow);
            }
            let free = who.may_go_negative() && !(kind == TransferKind::Withdraw && who == account);
            if !free && delta < 0 && after < self.locked(who, asset) {
                return Err(Reject::InsufficientFunds);
            }
        }
        let new = [account, other].iter().filter(|&&who| !self.has_balance(who, asset)).count();
        if self.balances.len() + new > self.limits().balances as usize {
            return Err(Reject::CapacityExhausted);
        }
        for (who, delta) in [(account, delta), (other, -delta)] {
            self.open_balance(who, asset);
            self.change(who, asset, delta, cause, 0);
        }
        let slot = self.take_slot();
        self.transfers.insert((account, reference), (*transfer, slot));
        self.remember(Answer::Transfer(account, reference));
        self.events.push(Event::Transferred);
        Ok(())
    }
}
