//! Export and import, from outside: what was exported goes on alike, what was damaged is refused
//! (`docs/decisions/snapshots.md`).

use crate::world::*;
use zaraba_engine::types::*;
use zaraba_engine::{Replica, STATE_VERSION};

#[test]
fn another_version_is_refused_with_the_way_out() {
    let world = World::new();
    let mut bytes = exported(&world.engine);
    bytes[4] += 1;
    let why = Replica::import(&bytes).err().unwrap();
    assert!(
        why.contains(&format!("version {}", STATE_VERSION + 1))
            && why.contains("replay the journal"),
        "{why}"
    );
    bytes[0] += 1;
    assert!(Replica::import(&bytes).err().unwrap().contains("not an exported state"));
}

#[test]
fn an_empty_engine_survives_too() {
    let copy = Replica::import(&exported(&Replica::new())).unwrap();
    assert_eq!((copy.seq(), copy.limits()), (Seq(0), None));
    let copy = Replica::import(&exported(&World::new().engine)).unwrap();
    assert_eq!(copy.accounts().count(), 8);
}

#[test]
fn balances_that_were_tampered_with_do_not_add_up() {
    let mut world = World::new();
    world.buy(ANN, 100, 10);
    let bytes = exported(&world.engine);
    let total = 1_000_000_000_000i64.to_le_bytes();
    let at = bytes.windows(8).position(|w| w == total).unwrap();
    let mut tampered = bytes.clone();
    tampered[at] ^= 1;
    let why = Replica::import(&tampered).err().unwrap();
    assert!(why.contains("sums to"), "{why}");
}

/// Where the order counter of the head begins: after magic, version, section, limits, seed and four
/// numbers.
const COUNTER: usize = 4 + 4 + 12 + 24 + 16 + 32;

/// The next order number follows from it: an engine that took a wrong one would go on apart from its
/// journal.
#[test]
fn a_damaged_order_counter_is_refused() {
    let mut world = World::new();
    world.buy(ANN, 100, 10);
    let bytes = exported(&world.engine);
    assert_eq!(bytes[COUNTER..COUNTER + 8], 1u64.to_le_bytes(), "one order was given a number");
    for bit in 0..64 {
        let mut damaged = bytes.clone();
        damaged[COUNTER + bit / 8] ^= 1 << (bit % 8);
        let why = Replica::import(&damaged).err().expect("damaged");
        assert!(why.contains("the head"), "bit {bit}: {why}");
    }
}

/// All that nothing else in the state contradicts: sequence, time, hash, trades, counter, days.
#[test]
fn every_damaged_number_of_the_head_is_refused() {
    let bytes = exported(&World::new().engine);
    let numbers = COUNTER - 32..COUNTER + 8 + 2 * 13;
    for at in numbers.clone() {
        for flip in [1u8, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            assert!(Replica::import(&damaged).is_err(), "byte {at} of {numbers:?}");
        }
    }
}
