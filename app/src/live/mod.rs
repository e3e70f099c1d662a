//! The live view: remembered orders, balances, depth and reference data in memory, as of the
//! last *released* sequence. Written by one thread (the releaser) before the replies of the
//! same batch go out, so that a client reads its own writes; read by every surface.
//!
//! Trading state is under one lock, which the writer holds for at most `SLICE` commands
//! (some hundred microseconds): a reader always sees the state after a whole command, and the
//! sequence it is given belongs to what it read. Reference data, which every order needs and
//! which hardly ever changes, has a lock of its own. Why the engine itself is not read:
//! `docs/decisions/live-view.md`.
//!
//! Holds no rule of trading and asks no one: everything comes from commands and events.

mod books;
pub mod fold;
mod orders;
mod reference;
pub mod rules;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use zaraba_engine::command::AssetSpec;
use zaraba_engine::engine::{AccountState, BalanceState, OrderState};
use zaraba_engine::event::BalanceChange;
use zaraba_engine::instrument::{InstrumentSpec, InstrumentState};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event};

use crate::bus::{Batch, Step};

use self::books::Book;
use self::orders::OrderTable;
use self::reference::Reference;
use self::rules::{HaltNote, Rules};

/// Most commands taken in under one hold of the lock.
const SLICE: usize = 256;

/// Depth of one instrument: price levels best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Released sequence it reflects.
    pub seq: Seq,
    /// Market orders that rest: buys, sells.
    pub market: [Quantity; 2],
    /// Buy levels, highest first.
    pub bids: Vec<(Price, Quantity)>,
    /// Sell levels, lowest first.
    pub asks: Vec<(Price, Quantity)>,
}

/// What one account has.
#[derive(Default)]
struct Account {
    /// By asset, ascending.
    balances: Vec<BalanceState>,
    /// Live orders; numbers ascend in time.
    open: BTreeSet<OrderId>,
}

#[derive(Default)]
struct State {
    seq: Seq,
    orders: OrderTable,
    accounts: Vec<Account>,
    books: Vec<Book>,
    last_trade: TradeId,
    orders_ever: u64,
}

/// The live view.
#[derive(Default)]
pub struct Live {
    state: RwLock<State>,
    reference: RwLock<Reference>,
    seq: AtomicU64,
}

impl Live {
    /// The view of a recovered engine.
    pub fn from_engine(engine: &Engine) -> Live {
        let last_trade = engine.last_trade();
        let mut state = State { seq: engine.seq(), last_trade, ..State::default() };
        for (account, _) in engine.accounts() {
            state.account(account);
        }
        for balance in engine.balances() {
            state.set_balance(balance);
        }
        for order in engine.orders() {
            state.insert(order);
        }
        for (instrument, now) in engine.instruments() {
            let book = state.book(instrument);
            book.last_price = now.last_price;
            for side in [Side::Buy, Side::Sell] {
                for level in engine.depth(instrument, side) {
                    book.set(side, level.price, level.quantity);
                }
                book.set(side, Price::ZERO, engine.market_orders(instrument, side).quantity);
            }
        }
        Live {
            seq: AtomicU64::new(state.seq.0),
            state: RwLock::new(state),
            reference: RwLock::new(Reference::from_engine(engine)),
        }
    }

    /// Takes in a released batch. One thread only.
    pub fn apply(&self, batch: &Batch) {
        let mut named = Vec::new();
        for (slice_number, slice) in batch.steps.chunks(SLICE).enumerate() {
            let mut state = self.state.write();
            for (number, step) in slice.iter().enumerate() {
                let events = batch.events_of(step);
                state.apply(step, events);
                if changes_reference(&step.command, events) {
                    self.reference.write().apply(step, events);
                }
                state.seq = step.seq;
                // Its sender is answered with this, whatever the next step does to it.
                if let Some(order) = named_by(&step.command).and_then(|o| state.orders.get(o)) {
                    named.push(((slice_number * SLICE + number) as u32, *order));
                }
            }
            self.seq.store(state.seq.0, Ordering::Release);
        }
        if !named.is_empty() {
            // A batch taken in by a second view (tests, tools) keeps what the first one told.
            let _ = batch.named.set(named);
        }
    }

    /// Last released sequence.
    pub fn seq(&self) -> Seq {
        Seq(self.seq.load(Ordering::Acquire))
    }

    /// Account by the broker's code.
    pub fn account(&self, code: &str) -> Option<AccountId> {
        self.reference.read().account_by_code(code)
    }

    /// An account's code and status.
    pub fn account_state(&self, account: AccountId) -> Option<AccountState> {
        self.reference.read().accounts.get(account.0 as usize).copied()
    }

    /// At most `limit` accounts with numbers above `after`, by number.
    pub fn accounts_page(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Vec<(AccountId, AccountState)> {
        let first = after.map_or(0, |a| a.0 as usize + 1);
        let reference = self.reference.read();
        (first..reference.accounts.len().min(first.saturating_add(limit)))
            .map(|n| (AccountId(n as u32), reference.accounts[n]))
            .collect()
    }

    /// How many accounts there are, system accounts included.
    pub fn account_count(&self) -> usize {
        self.reference.read().accounts.len()
    }

    /// Instrument by symbol.
    pub fn instrument_by_symbol(&self, symbol: &str) -> Option<InstrumentId> {
        self.reference.read().instrument_by_symbol(symbol)
    }

    /// Number and definition of an instrument by symbol: all an order needs, without
    /// touching the trading state's lock.
    pub fn spec_by_symbol(&self, symbol: &str) -> Option<(InstrumentId, InstrumentSpec)> {
        let reference = self.reference.read();
        let id = reference.instrument_by_symbol(symbol)?;
        Some((id, reference.instruments.get(id.0 as usize)?.spec))
    }

    /// An instrument's definition, without touching the trading state's lock.
    pub fn spec(&self, instrument: InstrumentId) -> Option<InstrumentSpec> {
        self.reference.read().instruments.get(instrument.0 as usize).map(|state| state.spec)
    }

    /// All instruments' definitions, by number, without touching the trading state's lock.
    pub fn specs(&self) -> Vec<InstrumentSpec> {
        self.reference.read().instruments.iter().map(|state| state.spec).collect()
    }

    /// One instrument.
    pub fn instrument(&self, instrument: InstrumentId) -> Option<InstrumentState> {
        let state = self.state.read();
        self.reference.read().instrument(instrument, &state.books)
    }

    /// All instruments, by number.
    pub fn instruments(&self) -> Vec<(InstrumentId, InstrumentState)> {
        let state = self.state.read();
        let reference = self.reference.read();
        (0..reference.instruments.len() as u32)
            .map(InstrumentId)
            .filter_map(|id| Some((id, reference.instrument(id, &state.books)?)))
            .collect()
    }

    /// What people have set, as it stands.
    pub fn rules<T>(&self, read: impl FnOnce(&Rules) -> T) -> T {
        read(&self.reference.read().rules)
    }

    /// Puts in why instruments were halted before the start.
    pub fn warm_reasons(&self, reasons: &[(InstrumentId, String)]) {
        let mut reference = self.reference.write();
        for (instrument, reason) in reasons {
            let state = reference.instruments.get(instrument.0 as usize);
            let halted = state.is_some_and(|state| {
                state.status != InstrumentStatus::Open || state.halts != Halts(0)
            });
            if halted {
                let note = HaltNote { reason: reason.clone(), by: None };
                reference.rules.halt_notes.entry(*instrument).or_insert(note);
            }
        }
    }

    /// Why an instrument was last halted, as far as that is known.
    pub fn halt_reason(&self, symbol: &Symbol) -> Option<String> {
        let reference = self.reference.read();
        let id = reference.instrument_by_symbol(symbol.as_str())?;
        reference.rules.halt_notes.get(&id).map(|note| note.reason.clone())
    }

    /// One asset.
    pub fn asset(&self, asset: AssetId) -> Option<AssetSpec> {
        self.reference.read().assets.get(asset.0 as usize).copied()
    }

    /// All assets, by number.
    pub fn assets(&self) -> Vec<(AssetId, AssetSpec)> {
        let reference = self.reference.read();
        reference.assets.iter().enumerate().map(|(n, spec)| (AssetId(n as u32), *spec)).collect()
    }

    /// Asset by code.
    pub fn asset_by_code(&self, code: &str) -> Option<AssetId> {
        self.reference.read().asset_by_code(code)
    }

    /// A remembered order: live, or among the newest finished ones.
    pub fn order(&self, order: OrderId) -> Option<OrderState> {
        self.state.read().orders.get(order).copied()
    }

    /// A remembered order by its client id.
    pub fn order_by_client_id(&self, account: AccountId, id: &ClientId) -> Option<OrderState> {
        self.state.read().orders.by_client_id(account, id).copied()
    }

    /// An account's live orders, oldest first. Copies them all under the lock: surfaces
    /// that serve clients use [`Live::open_orders_page`].
    pub fn open_orders(&self, account: AccountId) -> Vec<OrderState> {
        self.open_orders_page(account, None, usize::MAX, |_| true).0
    }

    /// At most `limit` of an account's live orders with numbers above `after` that `keep`
    /// wants, oldest first, and the sequence they are of. Looks at no more than ten times
    /// `limit` orders; the last number looked at, when there may be more, comes third.
    pub fn open_orders_page(
        &self,
        account: AccountId,
        after: Option<OrderId>,
        limit: usize,
        keep: impl Fn(&OrderState) -> bool,
    ) -> (Vec<OrderState>, Seq, Option<OrderId>) {
        let state = self.state.read();
        let mut found = Vec::new();
        let Some(owner) = state.accounts.get(account.0 as usize) else {
            return (found, state.seq, None);
        };
        let first = OrderId(after.map_or(0, |order| order.0 + 1));
        let mut last = None;
        for (looked_at, id) in owner.open.range(first..).enumerate() {
            if found.len() >= limit || looked_at >= limit.saturating_mul(10) {
                return (found, state.seq, last);
            }
            last = Some(*id);
            found.extend(state.orders.get(*id).filter(|order| keep(order)).copied());
        }
        (found, state.seq, None)
    }

    /// Shows every live order of a page of some thousand remembered ones; the sequence they are
    /// of, or `None` when there is no such page.
    pub fn scan_live(&self, page: usize, mut each: impl FnMut(&OrderState)) -> Option<Seq> {
        let state = self.state.read();
        let orders = state.orders.page(page)?;
        let live = |order: &&OrderState| order.order.0 != 0 && order.status.is_live();
        orders.iter().filter(live).for_each(&mut each);
        Some(state.seq)
    }

    /// How many live orders an account has.
    pub fn open_order_count(&self, account: AccountId) -> usize {
        self.state.read().accounts.get(account.0 as usize).map_or(0, |a| a.open.len())
    }

    /// An account's balances, by asset.
    pub fn balances(&self, account: AccountId) -> Vec<BalanceState> {
        self.balances_at(account).0
    }

    /// An account's balances, by asset, and the sequence they are of.
    pub fn balances_at(&self, account: AccountId) -> (Vec<BalanceState>, Seq) {
        let state = self.state.read();
        let balances =
            state.accounts.get(account.0 as usize).map_or_else(Vec::new, |a| a.balances.clone());
        (balances, state.seq)
    }

    /// Number of the newest trade, which is how many there have been.
    pub fn last_trade(&self) -> TradeId {
        self.state.read().last_trade
    }

    /// How many orders there have been, recorded refusals included.
    pub fn orders_ever(&self) -> u64 {
        self.state.read().orders_ever
    }

    /// The best `levels` levels of a book.
    pub fn depth(&self, instrument: InstrumentId, levels: usize) -> Option<Depth> {
        let state = self.state.read();
        state.books.get(instrument.0 as usize).map(|book| book.depth(levels, state.seq))
    }
}

/// The one order a command is about, if it is about an existing one.
fn named_by(command: &Command) -> Option<OrderId> {
    match command {
        Command::Amend(amend) => Some(amend.order),
        Command::Cancel(cancel) => Some(cancel.order),
        _ => None,
    }
}

fn changes_reference(command: &Command, events: &[Event]) -> bool {
    events.iter().any(|event| event.changes_instrument().is_some() || Rules::concerns(event))
        || matches!(
            command,
            Command::Genesis { .. }
                | Command::CreateAsset(_)
                | Command::CreateInstrument(_)
                | Command::CreateAccount { .. }
                | Command::SetAccountStatus { .. }
                | Command::SetInstrumentStatus { .. }
                | Command::SetPriceLimits { .. }
        )
}

impl State {
    fn account(&mut self, account: AccountId) -> &mut Account {
        let index = account.0 as usize;
        if index >= self.accounts.len() {
            self.accounts.resize_with(index + 1, Account::default);
        }
        &mut self.accounts[index]
    }

    fn book(&mut self, instrument: InstrumentId) -> &mut Book {
        let index = instrument.0 as usize;
        if index >= self.books.len() {
            self.books.resize_with(index + 1, Book::default);
        }
        &mut self.books[index]
    }

    fn set_balance(&mut self, balance: BalanceState) {
        let balances = &mut self.account(balance.account).balances;
        match balances.binary_search_by_key(&balance.asset, |b| b.asset) {
            Ok(at) => balances[at] = balance,
            Err(at) => balances.insert(at, balance),
        }
    }

    fn insert(&mut self, order: OrderState) {
        if order.status.is_live() {
            self.account(order.account).open.insert(order.order);
        }
        // The number's upper part counts orders.
        self.orders_ever = self.orders_ever.max(order.order.0 >> 24);
        self.orders.insert(order);
    }

    fn apply(&mut self, step: &Step, events: &[Event]) {
        for event in events {
            match event {
                Event::Accepted { .. } | Event::Refused { .. } | Event::Attached { .. } => {
                    if let Event::Attached { parent, .. } = event
                        && let Some(state) = self.orders.get_mut(*parent)
                    {
                        state.follow(&step.command, event, step.at, step.seq);
                    }
                    if let Some(order) = OrderState::made(&step.command, event, step.at, step.seq) {
                        self.insert(order);
                    }
                }
                Event::DeskTrade(trade) => {
                    self.last_trade = trade.trade;
                    if let Some(state) = self.orders.get_mut(trade.order) {
                        state.follow(&step.command, event, step.at, step.seq);
                    }
                }
                Event::Amended { order, .. }
                | Event::Parked { order }
                | Event::Triggered { order, .. }
                | Event::Prevented { order, .. }
                | Event::SetOffRefused { order, .. }
                | Event::Closed { order, .. } => {
                    if let Some(state) = self.orders.get_mut(*order) {
                        state.follow(&step.command, event, step.at, step.seq);
                        let account = state.account;
                        if !state.status.is_live() {
                            self.account(account).open.remove(order);
                        }
                    }
                }
                Event::Trade(trade) => {
                    self.last_trade = trade.trade;
                    self.book(trade.instrument).last_price = trade.price;
                    for order in [trade.maker, trade.taker] {
                        if let Some(state) = self.orders.get_mut(order) {
                            state.follow(&step.command, event, step.at, step.seq);
                        }
                    }
                }
                Event::Level { instrument, side, price, quantity, .. } => {
                    self.book(*instrument).set(*side, *price, *quantity);
                }
                Event::Balance { .. } | Event::Settled(_) | Event::Collected { .. } => {
                    for BalanceChange { account, asset, total, locked, .. } in event.balances() {
                        self.set_balance(BalanceState { account, asset, total, locked });
                    }
                }
                Event::AccountCreated { account } => {
                    self.account(*account);
                }
                Event::InstrumentCreated { instrument } => {
                    self.book(*instrument);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
