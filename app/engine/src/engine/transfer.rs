//! Movements of value that are not trades: deposits and withdrawals against `OUTSIDE`,
//! adjustments against `HOUSE`. Checked in this order: account, asset, reference, repeat,
//! account status (a closed account can only be adjusted), amount, arithmetic, funds, room.

use crate::command::{Transfer, TransferKind};
use crate::engine::Engine;
use crate::event::{Cause, Event};
use crate::ledger::ISSUED_MAX;
use crate::orders::Known;
use crate::reject::Reject;
use crate::types::*;

impl Engine {
    /// Handles a transfer.
    pub(super) fn transfer(
        &mut self,
        transfer: &Transfer,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let account = self.accounts.get(transfer.account).ok_or(Reject::UnknownAccount)?;
        if transfer.asset.0 as usize >= self.assets.len() {
            return Err(Reject::UnknownAsset);
        }
        if transfer.reference.is_empty() {
            return Err(Reject::InvalidClientId);
        }
        match self.orders.known_transfer(transfer) {
            Known::New => {}
            Known::Other => return Err(Reject::DuplicateClientOrderId),
            Known::Same(_) => {
                events.push(Event::Repeated { order: OrderId(0) });
                return Ok(());
            }
        }
        match (transfer.kind, account.status) {
            (TransferKind::Adjust, _)
            | (_, AccountStatus::Active)
            | (TransferKind::Deposit, AccountStatus::Suspended) => {}
            (_, AccountStatus::Closed) => return Err(Reject::AccountClosed),
            (TransferKind::Withdraw, AccountStatus::Suspended) => {
                return Err(Reject::AccountSuspended);
            }
        }
        let (delta, cause, other) = direction(transfer)?;
        if other == transfer.account {
            return Err(Reject::InvalidAmount);
        }
        self.check_change(transfer, transfer.account, delta)?;
        self.check_change(transfer, other, -delta)?;
        let missing = [transfer.account, other]
            .iter()
            .filter(|&&account| self.find_balance(account, transfer.asset).is_none())
            .count();
        if missing > self.ledger.room() {
            return Err(Reject::CapacityExhausted);
        }
        for (account, delta) in [(transfer.account, delta), (other, -delta)] {
            let slot = self.open_balance(account, transfer.asset);
            let slot = slot.expect("room for both balances was checked");
            self.ledger.change(slot, (delta, 0), cause, 0, events);
        }
        self.orders.remember_transfer(transfer, self.seq, self.at);
        events.push(Event::Transferred);
        Ok(())
    }

    /// Whether a balance can change by `delta`: within 64 bits, and not into what is locked.
    fn check_change(
        &self,
        transfer: &Transfer,
        account: AccountId,
        delta: i64,
    ) -> Result<(), Reject> {
        let slot = self.find_balance(account, transfer.asset);
        let (total, locked) =
            slot.map_or((0, 0), |slot| (self.ledger.get(slot).total, self.ledger.get(slot).locked));
        let after = total.checked_add(delta).ok_or(Reject::AmountOverflow)?;
        if account.may_go_negative() && after.unsigned_abs() > ISSUED_MAX as u64 {
            return Err(Reject::AmountOverflow);
        }
        // Even a system account cannot withdraw what it does not have.
        let must_cover = !account.may_go_negative()
            || transfer.kind == TransferKind::Withdraw && account == transfer.account;
        if delta < 0 && must_cover && after < locked {
            return Err(Reject::InsufficientFunds);
        }
        Ok(())
    }
}

/// Change of the account's balance, its cause, and whose balance changes the other way.
fn direction(transfer: &Transfer) -> Result<(i64, Cause, AccountId), Reject> {
    let amount = transfer.amount.0;
    match transfer.kind {
        TransferKind::Deposit if amount > 0 => Ok((amount, Cause::Deposit, AccountId::OUTSIDE)),
        TransferKind::Withdraw if amount > 0 => Ok((-amount, Cause::Withdraw, AccountId::OUTSIDE)),
        // The smallest number has no opposite.
        TransferKind::Adjust if amount != 0 && amount != i64::MIN => {
            Ok((amount, Cause::Adjust, AccountId::HOUSE))
        }
        _ => Err(Reject::InvalidAmount),
    }
}
