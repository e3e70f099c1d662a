//! Market orders by quote amount: how much of the base asset an amount comes to, by the book as
//! it stands. From there on such an order is an ordinary market order of that quantity.
//!
//! A buy spends at most its amount, the highest fee included; a sell receives at most its amount
//! (but for rounding down), the taker's fee taken off. Both come to whole lots. See
//! `docs/decisions/market-by-amount.md`.

use crate::command::Place;
use crate::engine::Engine;
use crate::engine::market::reaches;
use crate::engine::place::LEVELS_LOOKED;
use crate::event::Event;
use crate::reject::Reject;
use crate::types::*;

/// What an amount comes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sized {
    pub(super) quantity: i64,
    /// The worst price it needs.
    pub(super) bound: i64,
    /// Whether the book takes all of the amount that makes whole lots.
    pub(super) whole: bool,
}

impl Engine {
    /// Walks the other side as far as `bound` and the amount go, over [`LEVELS_LOOKED`] levels at
    /// most.
    ///
    /// # Errors
    /// No funds for the amount, nothing (or less than the smallest market order) to be had for
    /// it, more than the largest market order.
    pub(super) fn size_by_amount(&self, place: &Place, bound: i64) -> Result<Sized, Reject> {
        let market = &self.markets[place.instrument.0 as usize];
        let spends = match place.side {
            Side::Buy => market.quote,
            Side::Sell => market.base,
        };
        let pays = self.find_balance(place.account, spends).ok_or(Reject::InsufficientFunds)?;
        let available = self.ledger.get(pays).available();
        if place.side == Side::Buy && available < place.quantity.0 {
            return Err(Reject::InsufficientFunds);
        }
        // Offers of its own that would be cancelled under it leave it the dearer ones: then all of
        // it has to fit the amount at the worst price.
        let open = self.accounts.get(place.account).map_or(0, |account| account.open);
        let cancels = place.self_trade == SelfTrade::CancelMaker && open != 0;
        let covered = if cancels { place.quantity.0 } else { available };
        let lot = self.specs[place.instrument.0 as usize].lot.0;
        let (mut spent, mut sized) = (0i128, Sized { quantity: 0, bound, whole: false });
        let against = self.books.walk(&market.sides[place.side.opposite() as usize]);
        for level in against.take(LEVELS_LOOKED) {
            if !reaches(place.side, bound, level.price) {
                break;
            }
            let (each, all) = market.units.shares_of(place.side, level.price, place.quantity.0);
            let mut fits = if each > 0 { (all - spent) / each } else { i128::MAX };
            if place.side == Side::Buy {
                // The lock is at the worst price for all of it, and must be covered as well.
                let (each, all) = market.units.shares_of(place.side, level.price, covered);
                fits = fits.min(all / each - i128::from(sized.quantity));
            }
            let fits = i64::try_from(fits.max(0)).unwrap_or(i64::MAX) / lot * lot;
            let taken = fits.min(level.quantity);
            if taken > 0 {
                spent += each * i128::from(taken);
                sized.quantity += taken;
                sized.bound = level.price;
            }
            sized.whole = fits <= level.quantity;
            // What is left may still make a lot at a lower bid.
            if fits < level.quantity {
                break;
            }
        }
        self.check_quantity(place.instrument, OrderKind::Market, sized.quantity.max(lot))?;
        if sized.quantity == 0 { Err(Reject::BelowMinQuantity) } else { Ok(sized) }
    }

    /// Gives an accepted order the quantity its amount comes to.
    pub(super) fn size(&mut self, slot: u32, sized: Sized, events: &mut Vec<Event>) {
        self.orders.set_quantity(slot, sized.quantity);
        let hot = &self.orders.hot[slot as usize];
        events.push(Event::Triggered {
            order: OrderId(hot.id),
            account: hot.account,
            instrument: hot.instrument,
            kind: OrderKind::Market,
            price: Price(0),
            quantity: Quantity(sized.quantity),
        });
    }
}
