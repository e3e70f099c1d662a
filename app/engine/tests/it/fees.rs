//! Fees by 30-day volume. Numbers are worked out in the comments; the rule is section 3 of the
//! domain rules (maker and taker fee per pair, a maker fee may be negative), the window and the
//! moment it is taken are decided in `docs/decisions/fee-tiers.md`.

use crate::world::*;
use zaraba_engine::command::{FEE_TIERS_MAX, FeeTier, FeeTiers};
use zaraba_engine::engine::Rates;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

fn tiers(steps: &[(i64, i32, i32)]) -> FeeTiers {
    let mut tiers =
        FeeTiers { asset: JPY, tiers: [FeeTier::default(); FEE_TIERS_MAX], len: steps.len() as u8 };
    for (place, &(yen, maker_ppm, taker_ppm)) in tiers.tiers.iter_mut().zip(steps) {
        *place = FeeTier { volume: Amount(yen * 10_000), maker_ppm, taker_ppm };
    }
    tiers
}

fn set(world: &mut World, tiers: FeeTiers) -> Vec<Event> {
    world.apply(Command::SetFeeTiers { tiers: Box::new(tiers), by: by() })
}

fn roll(world: &mut World, day: u32) {
    world.apply(Command::RollDay { profile: Profile::Crypto, day });
}

/// Own fees of 0.05% and 0.1%; from 100,000 yen 0.02% and 0.06%, from 1,000,000 yen a rebate of
/// 0.01% and 0.03%.
fn world() -> World {
    let spec = InstrumentSpec { maker_fee_ppm: 500, taker_fee_ppm: 1_000, ..coin() };
    let mut world = World::with(limits(), spec, stock());
    let asset = JPY;
    let events = set(&mut world, tiers(&[(100_000, 200, 600), (1_000_000, -100, 300)]));
    assert_eq!(events, [Event::FeeTiersChanged { asset }]);
    roll(&mut world, 20261121);
    world
}

/// Bob sells to Ann, who takes: 1,000 units at 1,000,000 are 100,000 yen. The two fees.
fn trade(world: &mut World, units: i64) -> (i64, i64) {
    world.sell(BOB, 1_000_000, units);
    let place = world.limit(ANN, COIN, Side::Buy, 1_000_000, units);
    let trade = trades(&world.place(place))[0];
    (trade.maker_fee.0, trade.taker_fee.0)
}

fn rates(world: &World, account: AccountId) -> (i32, i32) {
    let rates = world.engine.fee_rates(account, COIN).expect("known ones");
    (rates.maker_ppm, rates.taker_ppm)
}

#[test]
fn the_volume_of_the_days_before_decides_and_leaves_after_thirty() {
    let mut world = world();
    // 100,000 yen: 50 yen and 100 yen, today and also the second time today.
    assert_eq!(trade(&mut world, 1_000), (500_000, 1_000_000));
    assert_eq!(trade(&mut world, 1_000), (500_000, 1_000_000));
    assert_eq!(world.engine.fee_volume(ANN, JPY), Amount(0));
    roll(&mut world, 20261122);
    assert_eq!(world.engine.fee_volume(ANN, JPY), Amount(2_000_000_000));
    assert_eq!(rates(&world, ANN), (200, 600));
    // 10,000 yen: 2 yen for the maker, 6 for the taker; Cat, new, pays her own.
    assert_eq!(trade(&mut world, 100), (20_000, 60_000));
    assert_eq!(rates(&world, CAT), (500, 1_000));
    for day in 20261123..=20261151 {
        roll(&mut world, day);
        assert_eq!(rates(&world, BOB), (200, 600), "{day}");
    }
    // Thirty finished days reach from day 2 (10,000 yen) to yesterday.
    roll(&mut world, 20261152);
    assert_eq!(world.engine.fee_volume(ANN, JPY), Amount(100_000_000));
    assert_eq!(trade(&mut world, 100), (50_000, 100_000));
    roll(&mut world, 20261153);
    assert_eq!(world.engine.fee_volume(ANN, JPY), Amount(100_000_000), "only today's");
}

#[test]
fn a_rebate_of_a_tier_is_paid() {
    let mut world = world();
    trade(&mut world, 10_000);
    roll(&mut world, 20261122);
    assert_eq!(rates(&world, BOB), (-100, 300));
    let before = world.balance(BOB, JPY).0;
    // 10,000 yen: 1 yen to the maker, 3 from the taker.
    assert_eq!(trade(&mut world, 100), (-10_000, 30_000));
    assert_eq!(world.balance(BOB, JPY).0, before + 100_010_000);
}

#[test]
fn an_order_keeps_its_lock_when_its_rate_changes_on_the_way() {
    let mut world = world();
    trade(&mut world, 1_000);
    let bid = world.buy(ANN, 900_000, 1_000);
    // 90,000 yen and the highest fee, whatever the tier: 90.
    assert_eq!(world.balance(ANN, JPY).1, 900_900_000);
    world.sell(BOB, 900_000, 400);
    roll(&mut world, 20261122);
    world.sell(BOB, 900_000, 400);
    // 36,000 yen each: 18 yen at 0.05%, 7.2 at 0.02%. 18,000 and 18 are still locked.
    assert_eq!(world.balance(ANN, JPY).1, 180_180_000);
    world.cancel(ANN, bid);
    assert_eq!(world.balance(ANN, JPY).1, 0);
    set(&mut world, tiers(&[]));
    assert_eq!(rates(&world, ANN), (500, 1_000), "without steps everyone pays the own rates");
}

#[test]
fn a_schedule_must_fit_the_instruments_it_is_for() {
    let mut world = world();
    let mut refused = |steps: &[(i64, i32, i32)]| {
        assert_eq!(refusal(&set(&mut world, tiers(steps))), (Reject::InvalidSpec, false));
    };
    refused(&[(100_000, 501, 600)]);
    refused(&[(100_000, 500, 1_001)]);
    refused(&[(100_000, -1_001, 600)]);
    refused(&[(100_000, 500, -1)]);
    refused(&[(0, 500, 600)]);
    refused(&[(100_000, 500, 600), (100_000, 400, 500)]);
    let more = FeeTiers { len: 9, ..tiers(&[(100_000, 200, 600)]) };
    assert_eq!(refusal(&set(&mut world, more)), (Reject::InvalidSpec, false));
    let unused = FeeTiers { len: 0, ..tiers(&[(100_000, 200, 600)]) };
    assert_eq!(refusal(&set(&mut world, unused)), (Reject::InvalidSpec, false));
    let unknown = FeeTiers { asset: AssetId(9), ..tiers(&[]) };
    assert_eq!(refusal(&set(&mut world, unknown)), (Reject::UnknownAsset, false));
    // Shares are not bound by it: they have no tiers.
    let own = Rates { maker_ppm: 0, taker_ppm: 0 };
    assert_eq!(world.engine.fee_rates(ANN, STOCK), Some(own));
}

#[test]
fn an_instrument_made_later_never_charges_more_than_its_own() {
    let mut world = world();
    trade(&mut world, 1_000);
    roll(&mut world, 20261122);
    let cheap = InstrumentSpec {
        symbol: text("ETH_JPY"),
        maker_fee_ppm: 50,
        taker_fee_ppm: 80,
        base_asset: SHARE,
        quantity_digits: 0,
        ..coin()
    };
    world.apply(Command::CreateInstrument(Box::new(cheap)));
    let own = Rates { maker_ppm: 50, taker_ppm: 80 };
    assert_eq!(world.engine.fee_rates(ANN, InstrumentId(2)), Some(own));
    // From 1,000,000 yen on the rebate of 0.01%, but not above its own largest rate.
    trade(&mut world, 10_000);
    roll(&mut world, 20261123);
    let rebate = Rates { maker_ppm: -80, taker_ppm: 80 };
    assert_eq!(world.engine.fee_rates(ANN, InstrumentId(2)), Some(rebate));
}

#[test]
fn schedules_and_volumes_survive_a_snapshot() {
    let mut world = world();
    trade(&mut world, 1_000);
    roll(&mut world, 20261122);
    trade(&mut world, 10_000);
    let copy = copied(&world.engine);
    assert_eq!(copy.fee_tiers(JPY), world.engine.fee_tiers(JPY));
    world.engine = copy;
    assert_eq!(trade(&mut world, 100), (20_000, 60_000));
    roll(&mut world, 20261123);
    // 100,000 + 1,000,000 + 10,000 yen.
    assert_eq!(world.engine.fee_volume(ANN, JPY), Amount(11_100_000_000));
    assert_eq!(trade(&mut world, 100), (-10_000, 30_000));
}

/// A rebate is booked after what it is a rebate of: with nothing to spare, the two together are
/// what the lock was for.
#[test]
fn a_rebated_buyer_may_have_nothing_to_spare() {
    let spec = InstrumentSpec {
        price_digits: 2,
        quantity_digits: 6,
        lot: Quantity(1),
        min_quantity: Quantity(1),
        maker_fee_ppm: -200,
        ..coin()
    };
    let mut world = World::with(limits(), spec, stock());
    // Raw units are 10^-8 yen, the ledger counts 10^-4: 50,001 + 49,999 raw are 10.
    world.deposit(DAN, JPY, 10);
    world.buy(DAN, 5, 20_000);
    assert_eq!(world.balance(DAN, JPY), (10, 10));
    // 50,005 raw: 6 units up to the whole, less 10 raw of rebate 5.
    world.sell(ANN, 5, 10_001);
    assert_eq!(world.balance(DAN, JPY), (5, 5));
}
