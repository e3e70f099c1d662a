//! The twin's corrections of trades between two orders: what a trade moved is moved back, what it
//! is to move is moved, each as an entry of its own.

use super::Oracle;
use crate::command::{Correction, TradeTerms};
use crate::event::{Cause, Event, TradeCorrected};
use crate::reject::Reject;
use crate::types::*;

/// Most that is ever issued of an asset.
const ISSUED_MAX: i128 = 1 << 62;

/// A trade that was corrected: as it was made, as it stands, how often.
#[derive(Clone, Debug)]
pub(super) struct Corrected {
    parties: (InstrumentId, AccountId, AccountId),
    original: TradeTerms,
    present: TradeTerms,
    number: u32,
}

/// What is moved for one account and asset: taken back, and moved instead.
type Move = (AccountId, AssetId, i128, i128);

impl Oracle {
    pub(super) fn correct(&mut self, correction: &Correction) -> Result<(), Reject> {
        assert!(!correction.desk, "the twin knows no odd-lot desks");
        let Correction { trade, instrument, buyer, seller, before, price, quantity, .. } =
            *correction;
        if trade.0 == 0 || trade.0 > self.trades {
            return Err(Reject::TradeNotFound);
        }
        if instrument.0 as usize >= self.instruments.len() {
            return Err(Reject::UnknownInstrument);
        }
        if buyer.0.max(seller.0) as usize >= self.accounts.len() {
            return Err(Reject::UnknownAccount);
        }
        let parties = (instrument, buyer, seller);
        let (original, number) = match self.corrected.get(&trade.0) {
            Some(known) if known.parties == parties && known.present == before => {
                (known.original, known.number + 1)
            }
            None if self.could_be(instrument, &before) => (before, 1),
            _ => return Err(Reject::TradeChanged),
        };
        let spec = self.spec(instrument);
        let changed = price != before.price;
        match () {
            () if !changed && quantity == before.quantity => return Err(Reject::NothingToAmend),
            () if price.0 <= 0 => return Err(Reject::InvalidPrice),
            () if changed && price.0 % spec.ticks.tick_at(price) != 0 => {
                return Err(Reject::OffTick);
            }
            () if quantity.0 < 0 => return Err(Reject::InvalidQuantity),
            () if quantity > original.quantity => return Err(Reject::QuantityIncrease),
            () => {}
        }
        let present = if (price, quantity) == (original.price, original.quantity) {
            original
        } else {
            self.terms_at(instrument, &original, price, quantity).ok_or(Reject::NotionalTooLarge)?
        };
        let moves = self.moves(correction, &present);
        self.check_moves(&moves)?;
        for (account, asset, back, again) in moves {
            self.open_balance(account, asset);
            let order = if back < 0 { [again, back] } else { [back, again] };
            for delta in order.into_iter().filter(|delta| *delta != 0) {
                self.change(account, asset, delta, Cause::Correction, trade.0);
            }
        }
        self.corrected.insert(trade.0, Corrected { parties, original, present, number });
        self.events.push(Event::TradeCorrected(TradeCorrected {
            trade,
            instrument,
            buyer,
            seller,
            number,
            after: present,
        }));
        Ok(())
    }

    /// What so much at a price is worth, rounded down and up; `None` beyond 64 bits.
    fn worth(
        &self,
        instrument: InstrumentId,
        price: Price,
        quantity: Quantity,
    ) -> Option<[i128; 2]> {
        let notional = i128::from(price.0) * i128::from(quantity.0);
        i64::try_from(notional).ok()?;
        let worth = self.gross(&self.spec(instrument), notional);
        i64::try_from(worth[1]).ok()?;
        Some(worth)
    }

    /// Whether a trade can have moved this.
    fn could_be(&self, instrument: InstrumentId, terms: &TradeTerms) -> bool {
        if terms.price.0 <= 0 || terms.quantity.0 <= 0 {
            return false;
        }
        let Some([down, up]) = self.worth(instrument, terms.price, terms.quantity) else {
            return false;
        };
        let sum = |amount: Amount| (down..=up).contains(&i128::from(amount.0));
        let fee = |amount: Amount| i128::from(amount.0).abs() <= up + 1;
        sum(terms.paid) && sum(terms.got) && fee(terms.buyer_fee) && fee(terms.seller_fee)
    }

    /// What a trade moves at another price or quantity; fees in proportion to the value.
    fn terms_at(
        &self,
        instrument: InstrumentId,
        original: &TradeTerms,
        price: Price,
        quantity: Quantity,
    ) -> Option<TradeTerms> {
        let [down, up] = self.worth(instrument, price, quantity)?;
        let value = i128::from(price.0) * i128::from(quantity.0);
        let whole = i128::from(original.price.0) * i128::from(original.quantity.0);
        let fee = |fee: Amount| {
            let product = i128::from(fee.0).checked_mul(value)?;
            i64::try_from(-(-product).div_euclid(whole)).ok().map(Amount)
        };
        Some(TradeTerms {
            price,
            quantity,
            paid: Amount(up as i64),
            got: Amount(down as i64),
            buyer_fee: fee(original.buyer_fee)?,
            seller_fee: fee(original.seller_fee)?,
        })
    }

    /// Everything that is moved, each account and asset once.
    fn moves(&self, correction: &Correction, after: &TradeTerms) -> Vec<Move> {
        let Correction { instrument, buyer, seller, before, .. } = *correction;
        let spec = self.spec(instrument);
        let (base, quote) = (spec.base_asset, spec.quote_asset);
        let of = |terms: &TradeTerms| {
            let amounts = [terms.paid, terms.got, terms.buyer_fee, terms.seller_fee];
            let [paid, got, buyer_fee, seller_fee] = amounts.map(|amount| i128::from(amount.0));
            let shares = self.base_amount(&spec, terms.quantity.0);
            [
                (buyer, quote, -paid - buyer_fee),
                (buyer, base, shares),
                (seller, base, -shares),
                (seller, quote, got - seller_fee),
                (AccountId::FEES, quote, buyer_fee + seller_fee),
                (AccountId::ROUNDING, quote, paid - got),
            ]
        };
        let mut moves: Vec<Move> = Vec::new();
        for ((account, asset, was), (_, _, is)) in of(&before).into_iter().zip(of(after)) {
            match moves.iter_mut().find(|it| (it.0, it.1) == (account, asset)) {
                Some(known) => (known.2, known.3) = (known.2 - was, known.3 + is),
                None => moves.push((account, asset, -was, is)),
            }
        }
        moves.retain(|it| it.2 != 0 || it.3 != 0);
        moves
    }

    fn check_moves(&self, moves: &[Move]) -> Result<(), Reject> {
        for &(account, asset, back, again) in moves {
            let total = self.total(account, asset);
            let after = total + back + again;
            if [back, again, total + back, after].iter().any(|n| n.abs() > ISSUED_MAX) {
                return Err(Reject::AmountOverflow);
            }
            let locked = self.locked(account, asset);
            if !account.may_go_negative() && after < total && after < locked {
                return Err(Reject::InsufficientFunds);
            }
        }
        let new = moves.iter().filter(|it| !self.has_balance(it.0, it.1)).count();
        if self.balances.len() + new > self.limits().balances as usize {
            return Err(Reject::CapacityExhausted);
        }
        Ok(())
    }
}
