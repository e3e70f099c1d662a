//! The books: price levels found through radix trees, orders in time order inside a level.
//!
//! One slab of levels and one of tree nodes serve all instruments. A [`BookSide`] is a root
//! and the best level; everything else hangs below. Adding, removing and finding the next
//! best level cost one step per six bits of the price range in use, whatever the number of
//! orders or levels and whatever the gap between prices. Market orders that rest wait in a level
//! of their own beside the tree, before all prices. No account, fee or rule is known here.

#[cfg(test)]
mod tests;
mod tree;

use crate::memory::prefetch;
use crate::orders::{Hot, NIL};
use crate::types::Side;
use tree::Node;

/// Bytes of one tree node.
#[cfg(test)]
pub(crate) const NODE_SIZE: usize = size_of::<Node>();

/// One price level: a queue of order slots. 40 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) price: i64,
    pub(crate) quantity: i64,
    /// Price in steps of the instrument: its place in the tree.
    key: u64,
    pub(crate) orders: u32,
    /// Oldest order; also links the free list.
    pub(crate) head: u32,
    pub(crate) tail: u32,
    /// Tree node it hangs from.
    leaf: u32,
}

/// One side of one book.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BookSide {
    /// Best level.
    pub(crate) best: u32,
    /// The queue of market orders: a level outside the tree, with price zero. `NIL`: none.
    pub(crate) market: u32,
    root: u32,
    /// Layers of nodes; zero when empty.
    height: u32,
    /// What all keys have above the `6 * height` bits the tree tells apart.
    prefix: u64,
    /// Total open quantity.
    pub(crate) quantity: i64,
    side: Side,
}

impl BookSide {
    pub(crate) fn new(side: Side) -> BookSide {
        BookSide { best: NIL, market: NIL, root: NIL, height: 0, prefix: 0, quantity: 0, side }
    }
}

/// Levels and tree nodes of all books.
pub(crate) struct Books {
    levels: Vec<Level>,
    free_level: u32,
    nodes: Vec<Node>,
    free_node: u32,
}

impl Default for Books {
    fn default() -> Self {
        Books { levels: Vec::new(), free_level: NIL, nodes: Vec::new(), free_node: NIL }
    }
}

impl Books {
    /// Room for two levels per live order (its price and its trigger); address space only until
    /// used.
    pub(crate) fn new(live_orders: u32) -> Books {
        let levels = 2 * live_orders as usize;
        Books {
            levels: Vec::with_capacity(levels),
            nodes: Vec::with_capacity(levels / 4 + 1024),
            ..Books::default()
        }
    }

    /// A level.
    #[inline]
    pub(crate) fn level(&self, level: u32) -> &Level {
        &self.levels[level as usize]
    }

    /// A level, if it is one.
    #[inline]
    pub(crate) fn level_at(&self, level: u32) -> Option<&Level> {
        self.levels.get(level as usize)
    }

    /// Fetches a level from memory.
    #[inline]
    pub(crate) fn prefetch(&self, level: u32) {
        prefetch(&self.levels, level as usize);
    }

    /// Best level of a side, if it has any.
    #[inline]
    pub(crate) fn best(&self, side: &BookSide) -> Option<&Level> {
        (side.best != NIL).then(|| &self.levels[side.best as usize])
    }

    /// Queues an order last at its price.
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        side: &mut BookSide,
        hot: &mut [Hot],
        slot: u32,
        key: u64,
    ) -> u32 {
        let at = match self.find(side, key) {
            Some(at) => at,
            None => self.find_or_insert(side, key, hot[slot as usize].bound),
        };
        self.append(side, hot, slot, at);
        at
    }

    /// Queues a market order last among the market orders of its side.
    pub(crate) fn push_market(&mut self, side: &mut BookSide, hot: &mut [Hot], slot: u32) -> u32 {
        if side.market == NIL {
            side.market = self.new_level(0, 0, NIL);
        }
        let at = side.market;
        self.append(side, hot, slot, at);
        at
    }

    /// Puts an order at the end of a level.
    #[inline(always)]
    fn append(&mut self, side: &mut BookSide, hot: &mut [Hot], slot: u32, at: u32) {
        let quantity = hot[slot as usize].remaining;
        let level = &mut self.levels[at as usize];
        let last = level.tail;
        level.quantity += quantity;
        level.orders += 1;
        level.tail = slot;
        if last == NIL {
            level.head = slot;
        } else {
            hot[last as usize].next = slot;
        }
        side.quantity += quantity;
        let order = &mut hot[slot as usize];
        order.prev = last;
        order.next = NIL;
        order.level = at;
    }

    /// Takes an order out of its level; the level goes with its last order.
    #[inline(always)]
    pub(crate) fn unlink(&mut self, side: &mut BookSide, hot: &mut [Hot], slot: u32) {
        let order = &mut hot[slot as usize];
        let (at, prev, next, quantity) = (order.level, order.prev, order.next, order.remaining);
        order.level = NIL;
        order.prev = NIL;
        order.next = NIL;
        let level = &mut self.levels[at as usize];
        level.quantity -= quantity;
        level.orders -= 1;
        side.quantity -= quantity;
        if prev == NIL {
            level.head = next;
        } else {
            hot[prev as usize].next = next;
        }
        if next == NIL {
            level.tail = prev;
        } else {
            hot[next as usize].prev = prev;
        }
        if level.orders == 0 {
            assert!(level.quantity == 0, "book broken: empty level holds {}", level.quantity);
            if at == side.market {
                side.market = NIL;
                self.drop_level(at);
            } else {
                self.remove_level(side, at);
            }
        }
    }

    /// Takes quantity off the front of a level: off orders that are out of it already (`ended`
    /// many), and off the next one, which is `next` now. The level goes with its last order.
    #[inline]
    pub(crate) fn take_front(
        &mut self,
        side: &mut BookSide,
        hot: &mut [Hot],
        at: u32,
        (taken, ended): (i64, u32),
        next: u32,
    ) {
        side.quantity -= taken;
        let level = &mut self.levels[at as usize];
        level.quantity -= taken;
        level.orders -= ended;
        level.head = next;
        if next != NIL {
            hot[next as usize].prev = NIL;
            return;
        }
        let Level { orders, quantity, .. } = *level;
        assert!(orders == 0 && quantity == 0, "book broken: empty level holds {quantity}");
        self.remove_level(side, at);
    }

    /// The queue of market orders of a side, if there are any.
    #[inline]
    pub(crate) fn market_queue(&self, side: &BookSide) -> Option<&Level> {
        (side.market != NIL).then(|| &self.levels[side.market as usize])
    }

    /// Takes quantity off a resting order that stays where it is.
    #[inline]
    pub(crate) fn reduce(&mut self, side: &mut BookSide, order: &mut Hot, by: i64) {
        order.remaining -= by;
        self.levels[order.level as usize].quantity -= by;
        side.quantity -= by;
    }

    /// The level whose orders trade first: the market queue, else the best price; `NIL`: none.
    #[inline]
    pub(crate) fn first(&self, side: &BookSide) -> u32 {
        if side.market == NIL { side.best } else { side.market }
    }

    /// The level of a key, made if there is none, for a queue that someone else links.
    pub(crate) fn level_for(&mut self, side: &mut BookSide, key: u64, price: i64) -> u32 {
        self.find_or_insert(side, key, price)
    }

    /// A level, to link such a queue.
    pub(crate) fn level_mut(&mut self, level: u32) -> &mut Level {
        &mut self.levels[level as usize]
    }

    /// Takes out the level of such a queue once it is empty.
    pub(crate) fn retire_level(&mut self, side: &mut BookSide, level: u32) {
        self.remove_level(side, level);
    }

    /// Levels of a side, best first; the market queue apart.
    pub(crate) fn walk<'a>(
        &'a self,
        side: &BookSide,
    ) -> impl Iterator<Item = &'a Level> + Clone + use<'a> {
        let (first, of) = ((side.best != NIL).then_some(side.best), side.side);
        std::iter::successors(first, move |&level| self.next(of, level))
            .map(|level| &self.levels[level as usize])
    }

    /// The level behind one of this side.
    pub(crate) fn behind(&self, side: Side, level: u32) -> Option<u32> {
        self.next(side, level)
    }

    /// What a price holds now.
    pub(crate) fn at(&self, side: &BookSide, key: u64) -> Option<&Level> {
        self.find(side, key).map(|level| &self.levels[level as usize])
    }

    /// Orders of a level, oldest first.
    pub(crate) fn queue<'a>(
        &self,
        level: &Level,
        hot: &'a [Hot],
    ) -> impl Iterator<Item = u32> + 'a {
        let first = (level.head != NIL).then_some(level.head);
        std::iter::successors(first, |&slot| {
            let next = hot[slot as usize].next;
            (next != NIL).then_some(next)
        })
    }
}
