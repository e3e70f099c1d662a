//! What events tell of balances, in one form for every reader: entries of the ledger.

use super::{Cause, Event, Settled};
use crate::types::*;

/// One change of one balance: an entry of the ledger, and the balance after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BalanceChange {
    /// Whose.
    pub account: AccountId,
    /// Of what.
    pub asset: AssetId,
    /// What the account owns.
    pub total: Amount,
    /// The part of it that open orders can spend.
    pub locked: Amount,
    /// Change of `total`.
    pub delta: Amount,
    /// Why.
    pub cause: Cause,
    /// The order (`Lock`), trade (`Trade`, `Fee`, `Rounding`) behind it; else zero.
    pub reference: u64,
}

impl Settled {
    /// The entries it stands for: notional, fee (if not zero) and base asset of a buyer; base
    /// asset, notional and fee of a seller.
    fn changes(&self) -> [Option<BalanceChange>; 3] {
        let change = |asset, total: i64, locked, delta, cause| BalanceChange {
            account: self.account,
            asset,
            total: Amount(total),
            locked,
            delta: Amount(delta),
            cause,
            reference: self.trade.0,
        };
        let (quote, fee) = (self.quote, self.fee.0);
        let (paid, got) = match self.side {
            Side::Buy => (-self.gross.0, self.moved.0),
            Side::Sell => (self.gross.0, -self.moved.0),
        };
        let before_fee = self.quote_total.0 + fee;
        let notional = change(quote, before_fee, self.quote_locked, paid, Cause::Trade);
        let charged = change(quote, self.quote_total.0, self.quote_locked, -fee, Cause::Fee);
        let charged = (fee != 0).then_some(charged);
        let moved = change(self.base, self.base_total.0, self.base_locked, got, Cause::Trade);
        match self.side {
            Side::Buy => [Some(notional), charged, Some(moved)],
            Side::Sell => [Some(moved), Some(notional), charged],
        }
    }
}

impl Event {
    /// The changes of balances it tells of, in order: each an entry of the ledger.
    pub fn balances(&self) -> impl Iterator<Item = BalanceChange> + use<> {
        let changes = match *self {
            Event::Balance { account, asset, total, locked, delta, cause, reference } => {
                let change =
                    BalanceChange { account, asset, total, locked, delta, cause, reference };
                [Some(change), None, None]
            }
            Event::Settled(settled) => settled.changes(),
            Event::Collected { asset, trade, fees, fees_total, rounding, rounding_total } => {
                let change = |account, total, delta: Amount, cause| BalanceChange {
                    account,
                    asset,
                    total,
                    locked: Amount::ZERO,
                    delta,
                    cause,
                    reference: trade.0,
                };
                let fees = change(AccountId::FEES, fees_total, fees, Cause::Fee);
                let rounding =
                    change(AccountId::ROUNDING, rounding_total, rounding, Cause::Rounding);
                let moved = |change: BalanceChange| (change.delta.0 != 0).then_some(change);
                [moved(fees), moved(rounding), None]
            }
            _ => [None; 3],
        };
        changes.into_iter().flatten()
    }
}
