//! A 64-ary radix tree over price keys, per book side: each node is a bitmap and 64 children.
//!
//! A tree is as high as the range of keys in use needs (one layer tells 64 keys apart), grows
//! upwards when a key falls outside and shrinks when one branch is left. Next and previous
//! levels are found by bit scans, so a gap of a million empty prices costs no more than one.

use super::{BookSide, Books, Level};
use crate::orders::NIL;
use crate::types::Side;

/// Bits of a key one layer tells apart.
const BITS: u32 = 6;

/// One node; children are nodes, or levels in the lowest layer. 264 bytes and the parent.
#[derive(Clone, Copy)]
pub(super) struct Node {
    bitmap: u64,
    /// Also links the free list.
    parent: u32,
    children: [u32; 64],
}

#[cfg(test)]
impl Node {
    /// The node above, or the next one on the free list.
    pub(super) fn parent(&self) -> u32 {
        self.parent
    }
}

/// `key` without its lowest `layers` layers.
#[inline]
fn above(key: u64, layers: u32) -> u64 {
    // Eleven layers are 66 bits: more than a key has.
    key.checked_shr(layers * BITS).unwrap_or(0)
}

/// Place of `key` in a node of `layer` (0: lowest).
#[inline]
fn place(key: u64, layer: u32) -> usize {
    // There are eleven layers at most, the highest shifted by sixty bits.
    (key.wrapping_shr(layer.wrapping_mul(BITS)) & 63) as usize
}

/// The best place in a bitmap that is not empty.
#[inline]
fn best_bit(side: Side, bitmap: u64) -> usize {
    match side {
        Side::Sell => bitmap.trailing_zeros() as usize,
        Side::Buy => 63 - bitmap.leading_zeros() as usize,
    }
}

/// The places behind `place`: higher prices for sells, lower for buys.
#[inline]
fn behind(side: Side, bitmap: u64, place: usize) -> u64 {
    match side {
        // Shifted twice: by 64 in one go is no shift.
        Side::Sell => bitmap & (u64::MAX << place << 1),
        Side::Buy => bitmap & ((1 << place) - 1),
    }
}

/// Whether `key` is a better price than `other`.
#[inline]
fn better(side: Side, key: u64, other: u64) -> bool {
    match side {
        Side::Sell => key < other,
        Side::Buy => key > other,
    }
}

impl Books {
    fn new_node(&mut self, parent: u32) -> u32 {
        let node = Node { bitmap: 0, parent, children: [NIL; 64] };
        if self.free_node == NIL {
            self.nodes.push(node);
            return (self.nodes.len() - 1) as u32;
        }
        let at = self.free_node;
        self.free_node = self.nodes[at as usize].parent;
        self.nodes[at as usize] = node;
        at
    }

    fn drop_node(&mut self, at: u32) {
        self.nodes[at as usize].parent = self.free_node;
        self.free_node = at;
    }

    pub(super) fn new_level(&mut self, key: u64, price: i64, leaf: u32) -> u32 {
        let level = Level { price, quantity: 0, key, orders: 0, head: NIL, tail: NIL, leaf };
        if self.free_level == NIL {
            self.levels.push(level);
            return (self.levels.len() - 1) as u32;
        }
        let at = self.free_level;
        self.free_level = self.levels[at as usize].head;
        self.levels[at as usize] = level;
        at
    }

    /// Puts a level that holds nothing on the free list.
    pub(super) fn drop_level(&mut self, level: u32) {
        self.levels[level as usize].head = self.free_level;
        self.free_level = level;
    }

    /// The level of a key, if there is one. Always from the root: whether a key is close to the
    /// best price cannot be foreseen, how high the tree is can.
    #[inline(always)]
    pub(super) fn find(&self, side: &BookSide, key: u64) -> Option<u32> {
        if side.root == NIL || above(key, side.height) != side.prefix {
            return None;
        }
        let (mut at, mut layer) = (side.root, side.height);
        while layer != 0 {
            layer -= 1;
            let node = &self.nodes[at as usize];
            let place = place(key, layer);
            if node.bitmap & 1 << place == 0 {
                return None;
            }
            at = node.children[place];
        }
        Some(at)
    }

    /// The level of a key, made if there is none.
    #[inline(never)]
    pub(super) fn find_or_insert(&mut self, side: &mut BookSide, key: u64, price: i64) -> u32 {
        let leaf = match self.best(side) {
            Some(best) if above(best.key, 1) == above(key, 1) => best.leaf,
            _ => self.leaf_for(side, key),
        };
        let place = place(key, 0);
        let node = &self.nodes[leaf as usize];
        if node.bitmap & 1 << place != 0 {
            return node.children[place];
        }
        let level = self.new_level(key, price, leaf);
        let node = &mut self.nodes[leaf as usize];
        node.bitmap |= 1 << place;
        node.children[place] = level;
        let first = side.best == NIL;
        if first || better(side.side, key, self.levels[side.best as usize].key) {
            side.best = level;
        }
        level
    }

    /// The lowest node a key belongs to, with all nodes above it.
    fn leaf_for(&mut self, side: &mut BookSide, key: u64) -> u32 {
        if side.root == NIL {
            side.root = self.new_node(NIL);
            side.height = 1;
            side.prefix = above(key, 1);
        }
        while above(key, side.height) != side.prefix {
            let root = self.new_node(NIL);
            let place = (side.prefix & 63) as usize;
            self.nodes[root as usize].bitmap = 1 << place;
            self.nodes[root as usize].children[place] = side.root;
            self.nodes[side.root as usize].parent = root;
            side.root = root;
            side.height += 1;
            side.prefix >>= BITS;
        }
        let mut at = side.root;
        for layer in (1..side.height).rev() {
            let place = place(key, layer);
            if self.nodes[at as usize].bitmap & 1 << place == 0 {
                let child = self.new_node(at);
                let node = &mut self.nodes[at as usize];
                node.bitmap |= 1 << place;
                node.children[place] = child;
            }
            at = self.nodes[at as usize].children[place];
        }
        at
    }

    /// The level behind this one on its side. Most often it hangs from the same node.
    #[inline(always)]
    pub(super) fn next(&self, side: Side, level: u32) -> Option<u32> {
        let Level { key, leaf, .. } = self.levels[level as usize];
        let node = &self.nodes[leaf as usize];
        match behind(side, node.bitmap, place(key, 0)) {
            0 => self.next_above(side, key, node.parent),
            rest => Some(node.children[best_bit(side, rest)]),
        }
    }

    /// The level behind a key that is the last in its lowest node, from the node above that on.
    #[inline(never)]
    fn next_above(&self, side: Side, key: u64, parent: u32) -> Option<u32> {
        let (mut at, mut layer) = (parent, 1);
        while at != NIL {
            let node = &self.nodes[at as usize];
            let rest = behind(side, node.bitmap, place(key, layer));
            if rest != 0 {
                let mut found = node.children[best_bit(side, rest)];
                for _ in 0..layer {
                    let node = &self.nodes[found as usize];
                    found = node.children[best_bit(side, node.bitmap)];
                }
                return Some(found);
            }
            at = node.parent;
            layer += 1;
        }
        None
    }

    /// Takes an empty level out.
    pub(super) fn remove_level(&mut self, side: &mut BookSide, level: u32) {
        if side.best == level {
            side.best = self.next(side.side, level).unwrap_or(NIL);
        }
        let Level { key, leaf, .. } = self.levels[level as usize];
        self.drop_level(level);
        let (mut at, mut layer) = (leaf, 0);
        loop {
            let node = &mut self.nodes[at as usize];
            node.bitmap &= !(1 << place(key, layer));
            if node.bitmap != 0 {
                break;
            }
            let parent = node.parent;
            self.drop_node(at);
            if parent == NIL {
                side.root = NIL;
                side.height = 0;
                return;
            }
            at = parent;
            layer += 1;
        }
        if layer > 0 {
            self.shrink(side);
        }
    }

    /// Drops roots with a single branch.
    fn shrink(&mut self, side: &mut BookSide) {
        while side.height > 1 {
            let root = &self.nodes[side.root as usize];
            if root.bitmap.count_ones() != 1 {
                break;
            }
            let place = root.bitmap.trailing_zeros();
            let child = root.children[place as usize];
            self.drop_node(side.root);
            self.nodes[child as usize].parent = NIL;
            side.root = child;
            side.height -= 1;
            side.prefix = side.prefix << BITS | u64::from(place);
        }
    }
}
