//! Accounts, instruments and assets by number and by name.

use std::collections::HashMap;

use zaraba_engine::command::AssetSpec;
use zaraba_engine::engine::AccountState;
use zaraba_engine::instrument::InstrumentState;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event};

use crate::bus::Step;

use super::books::Book;
use super::rules::Rules;

/// Codes of the accounts that `Genesis` makes, by number.
const SYSTEM_ACCOUNTS: [&str; AccountId::SYSTEM_COUNT as usize] =
    ["house", "fees", "rounding", "outside"];

/// What hardly ever changes.
#[derive(Default)]
pub(super) struct Reference {
    pub(super) accounts: Vec<AccountState>,
    pub(super) instruments: Vec<InstrumentState>,
    pub(super) assets: Vec<AssetSpec>,
    pub(super) rules: Rules,
    account_codes: HashMap<AccountCode, AccountId>,
    symbols: HashMap<Symbol, InstrumentId>,
    asset_codes: HashMap<AssetCode, AssetId>,
}

impl Reference {
    pub(super) fn from_engine(engine: &Engine) -> Reference {
        let mut reference = Reference { rules: Rules::of(engine), ..Reference::default() };
        for (id, account) in engine.accounts() {
            reference.add_account(id, account);
        }
        for (id, spec) in engine.assets() {
            reference.add_asset(id, spec);
        }
        for (id, state) in engine.instruments() {
            reference.add_instrument(id, state);
        }
        reference
    }

    pub(super) fn account_by_code(&self, code: &str) -> Option<AccountId> {
        self.account_codes.get(&AccountCode::new(code)?).copied()
    }

    pub(super) fn instrument_by_symbol(&self, symbol: &str) -> Option<InstrumentId> {
        self.symbols.get(&Symbol::new(symbol)?).copied()
    }

    pub(super) fn asset_by_code(&self, code: &str) -> Option<AssetId> {
        self.asset_codes.get(&AssetCode::new(code)?).copied()
    }

    pub(super) fn instrument(&self, id: InstrumentId, books: &[Book]) -> Option<InstrumentState> {
        let state = *self.instruments.get(id.0 as usize)?;
        let last_price = books.get(id.0 as usize).map_or(Price::ZERO, |book| book.last_price);
        Some(InstrumentState { last_price, killed: self.rules.killed(id), ..state })
    }

    pub(super) fn apply(&mut self, step: &Step, events: &[Event]) {
        for event in events {
            self.rules.follow(&step.command, event);
            match (event, &step.command) {
                (Event::Begun, _) => {
                    for number in 0..AccountId::SYSTEM_COUNT {
                        self.add_system_account(AccountId(number));
                    }
                }
                (Event::AccountCreated { account }, Command::CreateAccount { code }) => self
                    .add_account(
                        *account,
                        AccountState { code: *code, status: AccountStatus::Active },
                    ),
                (Event::AccountCreated { account }, _) => self.add_system_account(*account),
                (Event::AssetCreated { asset }, Command::CreateAsset(spec)) => {
                    self.add_asset(*asset, *spec);
                }
                (Event::InstrumentCreated { instrument }, Command::CreateInstrument(spec)) => {
                    self.add_instrument(*instrument, InstrumentState::created(spec));
                }
                (Event::AccountStatusChanged { account, status }, _) => {
                    if let Some(state) = self.accounts.get_mut(account.0 as usize) {
                        state.status = *status;
                    }
                }
                (event, command) => {
                    if let Some(id) = event.changes_instrument()
                        && let Some(state) = self.instruments.get_mut(id.0 as usize)
                    {
                        state.follow(id, command, event);
                    }
                }
            }
        }
    }

    fn add_system_account(&mut self, account: AccountId) {
        let Some(code) = SYSTEM_ACCOUNTS.get(account.0 as usize) else { return };
        let code = AccountCode::new(code).expect("system codes are shorter than 24 bytes");
        self.add_account(account, AccountState { code, status: AccountStatus::Active });
    }

    fn add_account(&mut self, id: AccountId, account: AccountState) {
        put(&mut self.accounts, id.0, account);
        self.account_codes.insert(account.code, id);
    }

    fn add_asset(&mut self, id: AssetId, spec: AssetSpec) {
        put(&mut self.assets, id.0, spec);
        self.asset_codes.insert(spec.code, id);
    }

    fn add_instrument(&mut self, id: InstrumentId, state: InstrumentState) {
        put(&mut self.instruments, id.0, state);
        self.symbols.insert(state.spec.symbol, id);
    }
}

/// Numbers are dense and given in order, so a new one is the next; anything else means the
/// view and the engine disagree, and nobody may be shown that.
fn put<T>(list: &mut Vec<T>, number: u32, item: T) {
    let number = number as usize;
    assert!(number <= list.len(), "number {number} given out before {}", list.len());
    if number == list.len() {
        list.push(item);
    } else {
        list[number] = item;
    }
}
