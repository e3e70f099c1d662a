//! What can be asked of the engine; nothing here changes it.

use crate::command::{AssetSpec, Limits};
use crate::engine::{AccountState, BalanceState, Engine, LevelState, OrderState};
use crate::instrument::{Footing, InstrumentState};
use crate::types::*;

impl Engine {
    /// Sequence of the last applied command; zero before the first.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Bounds of the state; `None` before `Genesis`.
    pub fn limits(&self) -> Option<Limits> {
        self.limits
    }

    /// All assets, by number.
    pub fn assets(&self) -> impl Iterator<Item = (AssetId, AssetSpec)> + '_ {
        self.assets.iter().enumerate().map(|(i, spec)| (AssetId(i as u32), *spec))
    }

    /// All instruments, by number.
    pub fn instruments(&self) -> impl Iterator<Item = (InstrumentId, InstrumentState)> + '_ {
        (0..self.specs.len() as u32)
            .map(InstrumentId)
            .filter_map(|instrument| Some((instrument, self.instrument(instrument)?)))
    }

    /// One instrument.
    pub fn instrument(&self, instrument: InstrumentId) -> Option<InstrumentState> {
        let spec = *self.specs.get(instrument.0 as usize)?;
        let market = &self.markets[instrument.0 as usize];
        let last_price = Price(market.last_price);
        Some(InstrumentState {
            spec,
            status: market.status,
            last_price,
            phase: market.phase,
            until: market.until,
            quote: market.shown,
            halts: market.halts,
            short_restricted: market.short_restricted,
            killed: market.killed,
            call_range: self.call_range(instrument),
        })
    }

    /// What decides from where an instrument's movements are measured; `None` for unknown ones.
    pub fn footing(&self, instrument: InstrumentId) -> Option<Footing> {
        let market = self.markets.get(instrument.0 as usize)?;
        Some(Footing { traded_today: market.traded_today(), carried: market.carried() })
    }

    /// All accounts, by number.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, AccountState)> + '_ {
        self.accounts.states()
    }

    /// One account.
    pub fn account(&self, account: AccountId) -> Option<AccountState> {
        self.accounts.state(account)
    }

    /// All balances that ever existed (were in an event), in order of creation.
    pub fn balances(&self) -> impl Iterator<Item = BalanceState> + '_ {
        self.ledger.balances.iter().filter(|balance| balance.seen).map(balance_state)
    }

    /// One balance; `None` when no event ever showed it.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<BalanceState> {
        let slot = self.find_balance(account, asset)?;
        let balance = self.ledger.get(slot);
        balance.seen.then(|| balance_state(balance))
    }

    /// All remembered orders (live, finished, refused), in no promised order.
    pub fn orders(&self) -> impl Iterator<Item = OrderState> + '_ {
        let slots = 0..self.orders.hot.len() as u32;
        slots
            .filter(|&slot| self.orders.hot[slot as usize].id != 0)
            .map(|slot| self.orders.state(slot))
    }

    /// One remembered order.
    pub fn order(&self, order: OrderId) -> Option<OrderState> {
        self.orders.find(order).map(|slot| self.orders.state(slot))
    }

    /// One remembered order by its owner and client id.
    pub fn order_by_client_id(&self, account: AccountId, id: &ClientId) -> Option<OrderState> {
        self.orders.by_client_id(account, id).map(|slot| self.orders.state(slot))
    }

    /// An account's live orders, in books and waiting outside them, oldest first.
    pub fn open_orders(&self, account: AccountId) -> impl Iterator<Item = OrderState> + '_ {
        self.accounts.open_orders(account, &self.orders.hot).map(|slot| self.orders.state(slot))
    }

    /// How many orders are live.
    pub fn live_orders(&self) -> u32 {
        self.resting
    }

    /// Market orders resting on one side of a book: their number and open quantity.
    pub fn market_orders(&self, instrument: InstrumentId, side: Side) -> LevelState {
        let market = self.markets.get(instrument.0 as usize);
        let queue = market.and_then(|m| self.books.market_queue(&m.sides[side as usize]));
        let (quantity, orders) = queue.map_or((0, 0), |level| (level.quantity, level.orders));
        LevelState { price: Price(0), quantity: Quantity(quantity), orders }
    }

    /// One side of a book, best price first; market orders apart.
    pub fn depth(
        &self,
        instrument: InstrumentId,
        side: Side,
    ) -> impl Iterator<Item = LevelState> + '_ {
        let market = self.markets.get(instrument.0 as usize);
        market.into_iter().flat_map(move |market| {
            self.books.walk(&market.sides[side as usize]).map(|level| LevelState {
                price: Price(level.price),
                quantity: Quantity(level.quantity),
                orders: level.orders,
            })
        })
    }

    /// The orders of one side of a book in priority order: market orders, best price, oldest.
    pub fn queue(
        &self,
        instrument: InstrumentId,
        side: Side,
    ) -> impl Iterator<Item = OrderId> + '_ {
        let market = self.markets.get(instrument.0 as usize);
        market.into_iter().flat_map(move |market| {
            let book = &market.sides[side as usize];
            self.books
                .market_queue(book)
                .into_iter()
                .chain(self.books.walk(book))
                .flat_map(|level| self.books.queue(level, &self.orders.hot))
                .map(|slot| OrderId(self.orders.hot[slot as usize].id))
        })
    }

    /// The trading day of a profile as yyyymmdd; zero before the first roll.
    pub fn day(&self, profile: Profile) -> u32 {
        self.days[profile as usize].day
    }

    /// The last session step of a profile and its trading day.
    pub fn session_step(&self, profile: Profile) -> (u32, SessionStep) {
        let session = &self.sessions[profile as usize];
        (session.day, session.step)
    }

    /// Whether the roll to the present trading day is incomplete.
    pub fn is_rolling(&self, profile: Profile) -> bool {
        self.days[profile as usize].rolling
    }

    /// Whether instruments remain to be handled in the last session step.
    pub fn is_stepping(&self, profile: Profile) -> bool {
        self.sessions[profile as usize].stepping
    }

    /// When the earliest timer is due: send [`crate::Command::Wake`] then; `None`: nothing waits.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(due, _)| due)
    }

    /// Number of the newest trade; zero before the first.
    pub fn last_trade(&self) -> TradeId {
        TradeId(self.trades)
    }
}

fn balance_state(balance: &crate::ledger::Balance) -> BalanceState {
    BalanceState {
        account: balance.account,
        asset: balance.asset(),
        total: Amount(balance.total),
        locked: Amount(balance.locked),
    }
}
