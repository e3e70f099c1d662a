//! Trades of a stream, remembered as they stand, and corrections of them.

use super::{Numbers, Stream, nobody};
use crate::command::*;
use crate::event::{Cause, Event, Trade};
use crate::types::*;

impl Stream {
    /// A trade as it was settled, which the ledger's entries tell.
    pub(super) fn as_made(&self, trade: &Trade, events: &[Event]) -> Correction {
        let quote = self.specs[trade.instrument.0 as usize % self.specs.len()].0.quote_asset;
        let moved = events.iter().flat_map(Event::balances).filter(|change| {
            (change.cause, change.reference, change.asset) == (Cause::Trade, trade.trade.0, quote)
        });
        let sums: Vec<i64> = moved.map(|change| change.delta.0).collect();
        let maker = (trade.maker_account, trade.maker_fee);
        let taker = (trade.taker_account, trade.taker_fee);
        let (buyer, seller) = match trade.taker_side {
            Side::Buy => (taker, maker),
            Side::Sell => (maker, taker),
        };
        Correction {
            trade: trade.trade,
            instrument: trade.instrument,
            buyer: buyer.0,
            seller: seller.0,
            before: TradeTerms {
                price: trade.price,
                quantity: trade.quantity,
                paid: Amount(-sums.iter().filter(|n| **n < 0).sum::<i64>()),
                got: Amount(sums.iter().filter(|n| **n > 0).sum()),
                buyer_fee: buyer.1,
                seller_fee: seller.1,
            },
            price: trade.price,
            quantity: trade.quantity,
            desk: false,
        }
    }

    /// A trade seen is to stand otherwise: sensibly, or not quite.
    pub(super) fn correct(&mut self, n: &mut Numbers) -> Command {
        let mut correction = match self.trades.len() as u64 {
            0 => return self.creation(n),
            known => self.trades[n.below(known) as usize],
        };
        let (spec, middle) = self.specs[correction.instrument.0 as usize % self.specs.len()];
        let whole = correction.quantity.0;
        correction.quantity.0 = match n.below(4) {
            0 => 0,
            1 => whole,
            _ => n.below(whole.unsigned_abs() + 2) as i64,
        };
        correction.price = match n.below(3) {
            0 => correction.before.price,
            _ => Price(self.price(n, &spec, middle)),
        };
        match n.below(40) {
            0 => correction.trade.0 += 1_000_000,
            1 => correction.trade.0 -= 1,
            2 => correction.before.paid.0 += 1 << 40,
            3 => correction.buyer = AccountId(9_999),
            4 => correction.instrument = InstrumentId(9_999),
            5 => correction.quantity.0 = -1,
            _ => {}
        }
        Command::CorrectTrade { correction: Box::new(correction), by: nobody() }
    }
}
