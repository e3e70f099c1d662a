//! The book one would write first: `BTreeMap` of `VecDeque`, and a `HashMap` by order number.
//! It knows no accounts. The measure beside which the engine is held.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// Prices of buys are kept negative, so best is first on both sides.
#[derive(Default)]
pub struct Plain {
    sides: [BTreeMap<i64, VecDeque<(u64, i64)>>; 2],
    pub orders: HashMap<u64, (bool, i64)>,
}

impl Plain {
    pub fn add(&mut self, id: u64, buy: bool, price: i64, quantity: i64) {
        let key = if buy { -price } else { price };
        self.sides[usize::from(buy)].entry(key).or_default().push_back((id, quantity));
        self.orders.insert(id, (buy, key));
    }

    pub fn cancel(&mut self, id: u64) -> bool {
        let Some((buy, key)) = self.orders.remove(&id) else { return false };
        let side = &mut self.sides[usize::from(buy)];
        let level = side.get_mut(&key).expect("level of a live order");
        // Ids ascend within a level: kinder than the usual search from the front.
        let at = level.binary_search_by_key(&id, |&(id, _)| id).expect("order in its level");
        level.remove(at);
        if level.is_empty() {
            side.remove(&key);
        }
        true
    }

    /// Takes up to `quantity`; calls `filled` for every order that is used up.
    pub fn take(&mut self, buy: bool, price: i64, mut quantity: i64, mut filled: impl FnMut(u64)) {
        let bound = if buy { price } else { -price };
        let side = &mut self.sides[usize::from(!buy)];
        while quantity > 0 {
            let Some(mut level) = side.first_entry() else { return };
            if *level.key() > bound {
                return;
            }
            let queue = level.get_mut();
            while quantity > 0
                && let Some((id, open)) = queue.front_mut()
            {
                let traded = quantity.min(*open);
                quantity -= traded;
                *open -= traded;
                if *open == 0 {
                    let id = *id;
                    queue.pop_front();
                    self.orders.remove(&id);
                    filled(id);
                }
            }
            if queue.is_empty() {
                level.remove();
            }
        }
    }
}
