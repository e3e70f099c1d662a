//! Price levels per instrument, as the newest `Level` events left them.

use std::collections::BTreeMap;

use zaraba_engine::types::*;

use super::Depth;

/// Levels of one instrument.
#[derive(Default)]
pub(super) struct Book {
    bids: BTreeMap<Price, Quantity>,
    asks: BTreeMap<Price, Quantity>,
    /// Market orders that rest, by side: no level, and before all of them.
    market: [Quantity; 2],
    /// Price of the newest trade; zero: none yet.
    pub(super) last_price: Price,
}

impl Book {
    /// A level holds this much now; zero removes it. Price zero: the market orders.
    pub(super) fn set(&mut self, side: Side, price: Price, quantity: Quantity) {
        if price == Price::ZERO {
            self.market[side as usize] = quantity;
            return;
        }
        let levels = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        if quantity.0 == 0 {
            levels.remove(&price);
        } else {
            levels.insert(price, quantity);
        }
    }

    /// The best `levels` levels of both sides.
    pub(super) fn depth(&self, levels: usize, seq: Seq) -> Depth {
        Depth {
            seq,
            market: self.market,
            bids: self.bids.iter().rev().take(levels).map(|(p, q)| (*p, *q)).collect(),
            asks: self.asks.iter().take(levels).map(|(p, q)| (*p, *q)).collect(),
        }
    }
}
