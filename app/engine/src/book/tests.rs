//! The trees against a sorted map, over narrow, wide and hostile ranges of keys.

use std::collections::BTreeMap;

use super::*;
use crate::orders::EMPTY_HOT;

/// One side of a book and what should be in it: per key, slots in order.
struct Twin {
    books: Books,
    side: BookSide,
    hot: Vec<Hot>,
    free: Vec<u32>,
    levels: BTreeMap<u64, Vec<u32>>,
}

impl Twin {
    fn new(side: Side) -> Twin {
        let (books, side) = (Books::new(4_000), BookSide::new(side));
        let (hot, free) = (vec![EMPTY_HOT; 4_000], (0..4_000).collect());
        Twin { books, side, hot, free, levels: BTreeMap::new() }
    }

    fn push(&mut self, key: u64) {
        let slot = self.free.pop().expect("the tests stay below 4,000 orders");
        let price = (key >> 1) as i64;
        let quantity = 1 + i64::from(slot);
        self.hot[slot as usize] = Hot { bound: price, remaining: quantity, ..EMPTY_HOT };
        self.books.push(&mut self.side, &mut self.hot, slot, key);
        self.levels.entry(key).or_default().push(slot);
    }

    fn remove(&mut self, key: u64, at: usize) {
        let queue = self.levels.get_mut(&key).unwrap();
        let slot = queue.remove(at % queue.len());
        if queue.is_empty() {
            self.levels.remove(&key);
        }
        self.books.unlink(&mut self.side, &mut self.hot, slot);
        self.free.push(slot);
    }

    fn compare(&self) {
        let found: Vec<(u64, Vec<u32>, i64)> = self
            .books
            .walk(&self.side)
            .map(|l| (l.key, self.books.queue(l, &self.hot).collect(), l.quantity))
            .collect();
        let mut want: Vec<(u64, Vec<u32>, i64)> = self
            .levels
            .iter()
            .map(|(&key, slots)| {
                (key, slots.clone(), slots.iter().map(|&slot| 1 + i64::from(slot)).sum())
            })
            .collect();
        if self.side.side == Side::Buy {
            want.reverse();
        }
        assert_eq!(found, want);
        let best = self.books.best(&self.side).map(|level| level.key);
        assert_eq!(best, want.first().map(|(key, ..)| *key));
        let total: i64 = want.iter().map(|(.., quantity)| quantity).sum();
        assert_eq!(self.side.quantity, total);
    }
}

/// A small generator of numbers.
fn numbers(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |end| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    }
}

#[test]
fn trees_agree_with_a_sorted_map() {
    for (range, shift) in [(40, 0), (5_000, 0), (1 << 30, 0), (64, 57), (3, 62), (1 << 31, 33)] {
        for side in [Side::Buy, Side::Sell] {
            let mut twin = Twin::new(side);
            let mut next = numbers(range + shift);
            for step in 0..6_000 {
                // Grow, shrink to nothing, and again.
                let growing = step / 1_000 % 2 == 0;
                if twin.levels.is_empty() || next(10) < if growing { 7 } else { 2 } {
                    twin.push(next(range) << shift);
                } else {
                    let some = next(range) << shift;
                    let key = twin.levels.range(some..).next().or(twin.levels.iter().next());
                    let key = *key.unwrap().0;
                    twin.remove(key, next(1_000) as usize);
                }
                if step % 50 == 0 {
                    twin.compare();
                }
            }
            twin.compare();
        }
    }
}

#[test]
fn the_whole_range_of_keys_fits() {
    let mut twin = Twin::new(Side::Sell);
    for key in [u64::MAX, 0, 1 << 63, 63, 64, u64::MAX - 1, (1 << 60) - 1, 1 << 60] {
        twin.push(key);
        twin.compare();
    }
    let keys: Vec<u64> = twin.levels.keys().copied().collect();
    for key in keys {
        assert!(twin.books.at(&twin.side, key).is_some());
        assert!(twin.books.at(&twin.side, key ^ 2).is_none());
        twin.remove(key, 0);
        twin.compare();
    }
}

#[test]
fn an_emptied_book_gives_back_all_it_used() {
    let mut twin = Twin::new(Side::Buy);
    for round in 0..3 {
        for i in 0..500u64 {
            twin.push(i * 1_000_003);
        }
        let used = (twin.books.nodes.len(), twin.books.levels.len());
        for i in 0..500u64 {
            twin.remove(i * 1_000_003, 0);
        }
        assert_eq!(twin.side.height, 0);
        if round > 0 {
            assert_eq!(used, (twin.books.nodes.len(), twin.books.levels.len()));
        }
    }
    let free = std::iter::successors(Some(twin.books.free_node), |&at| {
        (at != NIL).then(|| twin.books.nodes[at as usize].parent())
    });
    assert_eq!(free.take_while(|&at| at != NIL).count(), twin.books.nodes.len());
}

#[test]
fn height_follows_the_range_in_use() {
    let mut twin = Twin::new(Side::Sell);
    twin.push(1_000_000);
    twin.push(1_000_001);
    assert_eq!(twin.side.height, 1);
    twin.push(1);
    let tall = twin.side.height;
    assert!(tall > 1);
    twin.remove(1, 0);
    assert_eq!(twin.side.height, 1);
    twin.compare();
}
