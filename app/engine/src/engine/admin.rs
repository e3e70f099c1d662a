//! The frame trading happens in: the beginning, assets, instruments, accounts, their status,
//! and the day's price limits.

use crate::book::Books;
use crate::command::{AssetSpec, Limits};
use crate::engine::breaker::Circuit;
use crate::engine::fees::Fees;
use crate::engine::oddlot::OddLots;
use crate::engine::risk::Risk;
use crate::engine::timers::Timers;
use crate::engine::{Accounts, Engine, Market, OpenCounts, Waiting};
use crate::event::Event;
use crate::hash::Keyed;
use crate::index::Index;
use crate::instrument::{DIGITS_MAX, InstrumentSpec, valid_price_limits};
use crate::ledger::Ledger;
use crate::matching::Claims;
use crate::orders::{Orders, SLOTS_MAX};
use crate::reject::Reject;
use crate::types::*;

/// Name spaces of the keyed hash (account codes have 1).
const ASSETS: u32 = 2;
const SYMBOLS: u32 = 3;

/// Codes of the system accounts, by number.
const SYSTEM_CODES: [&str; AccountId::SYSTEM_COUNT as usize] =
    ["house", "fees", "rounding", "outside"];

/// Whether a state of these bounds can be.
pub(crate) fn valid_limits(limits: &Limits) -> bool {
    let orders = u64::from(limits.live_orders) + u64::from(limits.answers);
    (AccountId::SYSTEM_COUNT..=1 << 30).contains(&limits.accounts)
        && (1..=65_536).contains(&limits.instruments)
        && (1..=65_536).contains(&limits.assets)
        && limits.live_orders >= 1
        && limits.answers >= 1
        && orders < u64::from(SLOTS_MAX)
        && (1..=1 << 30).contains(&limits.balances)
}

impl Engine {
    /// Makes room for everything `limits` allows: address space, not memory.
    pub(crate) fn reserve(&mut self, limits: &Limits, hash_seed: [u64; 2]) {
        let keyed = Keyed::new(hash_seed);
        self.keyed = keyed;
        self.limits = Some(*limits);
        self.assets = Vec::with_capacity(limits.assets as usize);
        self.asset_codes = Index::with_capacity(limits.assets as usize);
        self.specs = Vec::with_capacity(limits.instruments as usize);
        self.symbols = Index::with_capacity(limits.instruments as usize);
        self.markets = Vec::with_capacity(limits.instruments as usize);
        self.waiting = Vec::with_capacity(limits.instruments as usize);
        self.accounts = Accounts::new(limits.accounts, keyed);
        self.ledger = Ledger::new(limits.balances, keyed);
        self.orders = Orders::new(limits, keyed);
        self.books = Books::new(limits.live_orders);
        self.open_counts = OpenCounts::new(limits.live_orders, keyed);
        self.swept = Vec::with_capacity(1024);
        self.touched = Vec::with_capacity(1024);
        self.picked = Vec::with_capacity(1024);
        self.picked_instruments = Vec::with_capacity(1024);
        self.claims = Claims::new(1 << 16);
        self.circuits = Vec::with_capacity(limits.instruments as usize);
        self.odd_lots = Vec::with_capacity(limits.instruments as usize);
        self.timers = Timers::new(limits.instruments);
        self.risk = Risk::new(limits);
        self.fees = Fees::new(limits);
    }

    pub(super) fn begin(
        &mut self,
        limits: &Limits,
        hash_seed: [u64; 2],
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        if !valid_limits(limits) {
            return Err(Reject::InvalidSpec);
        }
        self.reserve(limits, hash_seed);
        for code in SYSTEM_CODES {
            let code = AccountCode::new(code).expect("system codes are short");
            self.accounts.create(&code)?;
        }
        events.push(Event::Begun);
        Ok(())
    }

    /// Number of the asset with this code.
    fn asset_by_code(&self, code: &AssetCode) -> Option<u32> {
        let hash = self.keyed.text(ASSETS, code);
        self.asset_codes.find(hash, |slot| self.assets[slot as usize].code == *code)
    }

    fn instrument_by_symbol(&self, symbol: &Symbol) -> Option<u32> {
        let hash = self.keyed.text(SYMBOLS, symbol);
        self.symbols.find(hash, |slot| self.specs[slot as usize].symbol == *symbol)
    }

    /// The bound called `which`; there is one after `Genesis`.
    fn bound(&self, which: impl Fn(&Limits) -> u32) -> usize {
        self.limits.as_ref().map_or(0, |limits| which(limits) as usize)
    }

    /// Adds an asset that was checked.
    pub(crate) fn add_asset(&mut self, spec: &AssetSpec) -> Result<AssetId, Reject> {
        if spec.code.is_empty() || spec.exponent > DIGITS_MAX {
            return Err(Reject::InvalidSpec);
        }
        if self.asset_by_code(&spec.code).is_some() {
            return Err(Reject::AlreadyExists);
        }
        if self.assets.len() == self.bound(|limits| limits.assets) {
            return Err(Reject::CapacityExhausted);
        }
        let asset = AssetId(self.assets.len() as u32);
        self.asset_codes.insert(self.keyed.text(ASSETS, &spec.code), asset.0);
        self.assets.push(*spec);
        Ok(asset)
    }

    pub(super) fn create_asset(
        &mut self,
        spec: &AssetSpec,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let asset = self.add_asset(spec)?;
        events.push(Event::AssetCreated { asset });
        Ok(())
    }

    /// Adds an instrument, open, with an empty book.
    pub(crate) fn add_instrument(&mut self, spec: &InstrumentSpec) -> Result<InstrumentId, Reject> {
        let exponent = |asset: AssetId| {
            self.assets.get(asset.0 as usize).map(|a| a.exponent).ok_or(Reject::UnknownAsset)
        };
        let exponents = (exponent(spec.base_asset)?, exponent(spec.quote_asset)?);
        spec.validate(exponents.0, exponents.1)?;
        if self.instrument_by_symbol(&spec.symbol).is_some() {
            return Err(Reject::AlreadyExists);
        }
        let system = [AccountId::FEES, AccountId::ROUNDING];
        let quote = spec.quote_asset;
        let missing = system.iter().filter(|&&a| self.find_balance(a, quote).is_none()).count();
        if self.specs.len() == self.bound(|limits| limits.instruments)
            || self.ledger.room() < missing
        {
            return Err(Reject::CapacityExhausted);
        }
        let [fees, rounding] = system.map(|account| {
            self.open_balance(account, quote).expect("room for system balances was checked")
        });
        let instrument = InstrumentId(self.specs.len() as u32);
        self.symbols.insert(self.keyed.text(SYMBOLS, &spec.symbol), instrument.0);
        self.specs.push(*spec);
        let mut market = Market::new(spec, exponents, fees, rounding);
        if spec.session_rules {
            let session = &self.sessions[spec.profile as usize];
            market.phase = session.phase();
            market.stage = session.stage();
        }
        self.markets.push(market);
        self.waiting.push(Waiting::new());
        self.circuits.push(Circuit::default());
        self.odd_lots.push(OddLots::default());
        self.timers.add();
        self.risk.add_instrument();
        Ok(instrument)
    }

    pub(super) fn create_instrument(
        &mut self,
        spec: &InstrumentSpec,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let instrument = self.add_instrument(spec)?;
        events.push(Event::InstrumentCreated { instrument });
        let Market { phase, until, .. } = self.markets[instrument.0 as usize];
        if phase != Phase::Continuous {
            events.push(Event::PhaseChanged { instrument, phase, until });
        }
        Ok(())
    }

    pub(super) fn create_account(
        &mut self,
        code: &AccountCode,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let account = self.accounts.create(code)?;
        events.push(Event::AccountCreated { account });
        Ok(())
    }

    pub(super) fn set_account_status(
        &mut self,
        account: AccountId,
        status: AccountStatus,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.accounts.get_mut(account).ok_or(Reject::UnknownAccount)?.status = status;
        events.push(Event::AccountStatusChanged { account, status });
        Ok(())
    }

    pub(super) fn set_instrument_status(
        &mut self,
        instrument: InstrumentId,
        status: InstrumentStatus,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let market = self.markets.get_mut(instrument.0 as usize);
        market.ok_or(Reject::UnknownInstrument)?.status = status;
        events.push(Event::InstrumentStatusChanged { instrument, status });
        self.resume_call(instrument, events);
        self.resume_quote(instrument, events);
        // What gathered while it was halted may trade now; what was set off before comes in.
        self.after_trading(instrument, events);
        Ok(())
    }

    /// Whether an instrument can have these limits.
    pub(super) fn check_price_limits(
        &self,
        instrument: InstrumentId,
        [base_price, limit_down, limit_up]: [Price; 3],
    ) -> Result<(), Reject> {
        self.specs.get(instrument.0 as usize).ok_or(Reject::UnknownInstrument)?;
        if !valid_price_limits(base_price, limit_down, limit_up) {
            return Err(Reject::InvalidSpec);
        }
        Ok(())
    }

    /// Sets an instrument's base price and limits.
    pub(super) fn set_price_limits(
        &mut self,
        instrument: InstrumentId,
        base_price: Price,
        limit_down: Price,
        limit_up: Price,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_price_limits(instrument, [base_price, limit_down, limit_up])?;
        let market = &mut self.markets[instrument.0 as usize];
        let spec = &mut self.specs[instrument.0 as usize];
        spec.base_price = base_price;
        spec.limit_down = limit_down;
        spec.limit_up = limit_up;
        market.base_price = base_price.0;
        market.limit_down = limit_down.0;
        market.limit_up = limit_up.0;
        events.push(Event::PriceLimitsChanged { instrument });
        self.hold_quote_within_limits(instrument, events);
        Ok(())
    }
}
