//! Export and import, from outside.

use crate::world::*;
use zaraba_engine::types::*;
use zaraba_engine::{Engine, STATE_VERSION};

fn exported(engine: &Engine) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.export(&mut |piece| bytes.extend_from_slice(piece));
    bytes
}

#[test]
fn another_version_is_refused_with_the_way_out() {
    let world = World::new();
    let mut bytes = exported(&world.engine);
    bytes[4] += 1;
    let why = Engine::import(&bytes).err().unwrap();
    assert!(
        why.contains(&format!("version {}", STATE_VERSION + 1))
            && why.contains("replay the journal"),
        "{why}"
    );
    bytes[0] += 1;
    assert!(Engine::import(&bytes).err().unwrap().contains("not an exported state"));
}

#[test]
fn an_empty_engine_survives_too() {
    let copy = Engine::import(&exported(&Engine::new())).unwrap();
    assert_eq!((copy.seq(), copy.limits()), (Seq(0), None));
    let copy = Engine::import(&exported(&World::new().engine)).unwrap();
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
    let why = Engine::import(&tampered).err().unwrap();
    assert!(why.contains("sums to"), "{why}");
}
