//! (in work) The live view: open orders, balances, depth and reference data in memory, as of
//! the last *released* sequence. Written by one thread (the releaser) before the replies of
//! the same batch go out, so that a client reads its own writes; read by every surface.

use zaraba_engine::Engine;
use zaraba_engine::command::AssetSpec;
use zaraba_engine::engine::{AccountState, BalanceState, OrderState};
use zaraba_engine::instrument::InstrumentState;
use zaraba_engine::types::*;

use crate::bus::Batch;

/// Depth of one instrument: price levels best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Released sequence it reflects.
    pub seq: Seq,
    /// Buy levels, highest first.
    pub bids: Vec<(Price, Quantity)>,
    /// Sell levels, lowest first.
    pub asks: Vec<(Price, Quantity)>,
}

/// The live view.
#[derive(Default)]
pub struct Live {}

#[allow(unused_variables)]
impl Live {
    /// The view of a recovered engine.
    pub fn from_engine(engine: &Engine) -> Live {
        Live {}
    }
    /// Takes in a released batch.
    pub fn apply(&self, batch: &Batch) {}
    /// Last released sequence.
    pub fn seq(&self) -> Seq {
        Seq(0)
    }
    /// Account by the broker's code.
    pub fn account(&self, code: &str) -> Option<AccountId> {
        None
    }
    /// An account's code and status.
    pub fn account_state(&self, account: AccountId) -> Option<AccountState> {
        None
    }
    /// Instrument by symbol.
    pub fn instrument_by_symbol(&self, symbol: &str) -> Option<InstrumentId> {
        None
    }
    /// One instrument.
    pub fn instrument(&self, instrument: InstrumentId) -> Option<InstrumentState> {
        None
    }
    /// All instruments, by number.
    pub fn instruments(&self) -> Vec<(InstrumentId, InstrumentState)> {
        Vec::new()
    }
    /// One asset.
    pub fn asset(&self, asset: AssetId) -> Option<AssetSpec> {
        None
    }
    /// Asset by code.
    pub fn asset_by_code(&self, code: &str) -> Option<AssetId> {
        None
    }
    /// A remembered order: live, or among the newest finished ones.
    pub fn order(&self, order: OrderId) -> Option<OrderState> {
        None
    }
    /// A remembered order by its client id.
    pub fn order_by_client_id(&self, account: AccountId, id: &ClientId) -> Option<OrderState> {
        None
    }
    /// An account's live orders, oldest first.
    pub fn open_orders(&self, account: AccountId) -> Vec<OrderState> {
        Vec::new()
    }
    /// An account's balances, by asset.
    pub fn balances(&self, account: AccountId) -> Vec<BalanceState> {
        Vec::new()
    }
    /// The best `levels` levels of a book.
    pub fn depth(&self, instrument: InstrumentId, levels: usize) -> Option<Depth> {
        None
    }
}
