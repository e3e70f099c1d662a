//! A book without accounts, balances and client ids: the engine's own levels and order slots
//! driven directly, so that a bench can hold them beside other bare books.

use crate::book::{BookSide, Books};
use crate::orders::{EMPTY_HOT, Hot, Kind, NIL, SLOT_BITS, SLOTS_MAX};
use crate::types::Side;

/// One book of one instrument with a tick of one.
pub struct BareBook {
    books: Books,
    sides: [BookSide; 2],
    hot: Vec<Hot>,
    free: u32,
    counter: u64,
}

impl BareBook {
    /// Room for this many live orders.
    pub fn new(live_orders: u32) -> BareBook {
        BareBook {
            books: Books::new(live_orders),
            sides: [BookSide::new(Side::Buy), BookSide::new(Side::Sell)],
            hot: Vec::with_capacity(live_orders as usize),
            free: NIL,
            counter: 0,
        }
    }

    /// Adds an order that rests; returns its number.
    #[inline]
    pub fn add(&mut self, side: Side, price: i64, quantity: i64) -> u64 {
        let slot = if self.free == NIL {
            self.hot.push(EMPTY_HOT);
            self.hot.len() as u32 - 1
        } else {
            let slot = self.free;
            self.free = self.hot[slot as usize].next;
            slot
        };
        self.counter += 1;
        let id = self.counter << SLOT_BITS | u64::from(slot);
        let hot = &mut self.hot[slot as usize];
        *hot = Hot { id, bound: price, remaining: quantity, side, kind: Kind::Live, ..EMPTY_HOT };
        self.books.push(&mut self.sides[side as usize], &mut self.hot, slot, price as u64);
        id
    }

    /// Cancels an order; whether it was live.
    #[inline]
    pub fn cancel(&mut self, id: u64) -> bool {
        let slot = id as u32 & (SLOTS_MAX - 1);
        let Some(hot) = self.hot.get(slot as usize).filter(|hot| hot.id == id) else {
            return false;
        };
        let side = hot.side;
        self.books.unlink(&mut self.sides[side as usize], &mut self.hot, slot);
        self.drop_order(slot);
        true
    }

    /// Takes up to `quantity` from the other side; calls `filled` for every order used up.
    #[inline]
    pub fn take(&mut self, side: Side, price: i64, quantity: i64, mut filled: impl FnMut(u64)) {
        let mut quantity = quantity;
        let other = side.opposite() as usize;
        while quantity > 0
            && let Some(level) = self.books.best(&self.sides[other])
            && match side {
                Side::Buy => level.price <= price,
                Side::Sell => level.price >= price,
            }
        {
            let slot = level.head;
            let maker = &mut self.hot[slot as usize];
            let traded = quantity.min(maker.remaining);
            quantity -= traded;
            self.books.reduce(&mut self.sides[other], maker, traded);
            if maker.remaining == 0 {
                filled(maker.id);
                self.books.unlink(&mut self.sides[other], &mut self.hot, slot);
                self.drop_order(slot);
            }
        }
    }

    #[inline]
    fn drop_order(&mut self, slot: u32) {
        let hot = &mut self.hot[slot as usize];
        hot.id = 0;
        hot.next = self.free;
        self.free = slot;
    }
}
