//! Money: locks, fees, rebates, rounding. Sources: domain rules, sections 1 (one named rounding rule
//! per use, differences to the rounding account), 3 (maker and taker fee, the former possibly below
//! zero) and 4 (an order locks what it can spend at worst, a partial fill releases the unused part);
//! `docs/decisions/engine-money.md`. The numbers are worked out in the comments.

use crate::world::*;
use zaraba_engine::Event;
use zaraba_engine::event::Cause;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;

fn with_fees(maker_fee_ppm: i32, taker_fee_ppm: i32) -> World {
    let coin = InstrumentSpec { maker_fee_ppm, taker_fee_ppm, ..coin() };
    World::with(limits(), coin, stock())
}

#[test]
fn a_buy_locks_its_worst_case_and_gives_back_the_difference() {
    let mut world = with_fees(0, 1_000);
    // 0.01 BTC at 1,000,000 yen is 10,000 yen; with 0.1% fee 10,010 yen, in 1/10,000.
    let bid = world.buy(ANN, 1_000_000, 100);
    assert_eq!(world.balance(ANN, JPY), (1_000_000_000_000, 100_100_000));
    world.cancel(ANN, bid);
    assert_eq!(world.balance(ANN, JPY), (1_000_000_000_000, 0));
    // A better price than its own, and half of it: 0.005 BTC at 900,000 = 4,500 + 4.5 yen.
    world.sell(BOB, 900_000, 50);
    world.buy(ANN, 1_000_000, 100);
    let spent = 45_045_000;
    assert_eq!(world.balance(ANN, JPY), (1_000_000_000_000 - spent, 50_050_000));
    assert_eq!(world.balance(ANN, BTC), (1_000_500_000, 0));
    assert_eq!(world.balance(BOB, BTC), (999_500_000, 0));
    assert_eq!(world.balance(BOB, JPY), (1_000_045_000_000, 0));
    assert_eq!(world.balance(AccountId::FEES, JPY), (45_000, 0));
}

#[test]
fn a_sell_locks_what_it_sells() {
    let mut world = World::new();
    let ask = world.sell(ANN, 1_000_000, 100);
    assert_eq!(world.balance(ANN, BTC), (1_000_000_000, 1_000_000));
    world.buy(BOB, 1_000_000, 40);
    assert_eq!(world.balance(ANN, BTC), (999_600_000, 600_000));
    world.cancel(ANN, ask);
    assert_eq!(world.balance(ANN, BTC), (999_600_000, 0));
}

#[test]
fn a_market_buy_locks_at_the_upper_limit() {
    let mut world = World::new();
    world.deposit(DAN, JPY, 3_499_999_999);
    let place = world.limit(DAN, STOCK, Side::Buy, 0, 100);
    let market = zaraba_engine::command::Place {
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Ioc,
        ..place
    };
    // 100 shares at 3,500 yen are 350,000.0000 yen: one unit is missing.
    assert_eq!(refusal(&world.place(market)).0, zaraba_engine::Reject::InsufficientFunds);
    world.deposit(DAN, JPY, 1);
    let again = zaraba_engine::command::Place { client_id: world.name(), ..market };
    world.accept(again);
}

#[test]
fn makers_may_be_paid() {
    let mut world = with_fees(-200, 500);
    world.sell(ANN, 1_000_000, 100);
    let events = {
        let place = world.limit(BOB, COIN, Side::Buy, 1_000_000, 100);
        world.place(place)
    };
    // 10,000 yen: the maker gets 2 yen on top, the taker pays 5.
    let trade = trades(&events)[0];
    assert_eq!((trade.maker_fee, trade.taker_fee), (Amount(-20_000), Amount(50_000)));
    assert_eq!(world.balance(ANN, JPY).0, 1_000_000_000_000 + 100_020_000);
    assert_eq!(world.balance(BOB, JPY).0, 1_000_000_000_000 - 100_050_000);
    assert_eq!(world.balance(AccountId::FEES, JPY), (30_000, 0));
}

/// Yen without decimals against a fine coin: almost every fill must be rounded.
fn rounding_world() -> World {
    let coin = InstrumentSpec {
        price_digits: 2,
        quantity_digits: 6,
        lot: Quantity(1),
        min_quantity: Quantity(1),
        maker_fee_ppm: 300,
        taker_fee_ppm: 700,
        open_order_cap: 0,
        ..coin()
    };
    World::with(limits(), coin, stock())
}

#[test]
fn differences_go_to_the_rounding_account() {
    let mut world = rounding_world();
    // 33 x 5 = 165 raw; raw is 10^-8 yen, the ledger counts 10^-4: 0.0165 units.
    world.sell(ANN, 5, 33);
    let place = world.limit(BOB, COIN, Side::Buy, 5, 33);
    let events = world.place(place);
    // The buyer pays the ceiling, 1; the seller receives the floor, 0.
    assert_eq!(world.balance(BOB, JPY).0, 1_000_000_000_000 - 1);
    assert_eq!(world.balance(ANN, JPY).0, 1_000_000_000_000);
    assert_eq!(world.balance(AccountId::ROUNDING, JPY), (1, 0));
    let causes: Vec<_> = events
        .iter()
        .flat_map(Event::balances)
        .filter(|change| change.delta.0 != 0)
        .map(|change| (change.cause, change.delta.0))
        .collect();
    assert_eq!(
        causes,
        [(Cause::Trade, -1), (Cause::Trade, 3_300), (Cause::Trade, -3_300), (Cause::Rounding, 1)]
    );
}

/// However an order is cut into fills, it costs the same: rounding is cumulative.
#[test]
fn splitting_an_order_into_fills_is_free() {
    let whole = {
        let mut world = rounding_world();
        world.sell(ANN, 1_235, 9_001);
        world.buy(BOB, 1_235, 9_001);
        (world.balance(ANN, JPY).0, world.balance(BOB, JPY).0)
    };
    let split = {
        let mut world = rounding_world();
        world.sell(ANN, 1_235, 9_001);
        for quantity in [1, 2, 3, 5, 7, 11, 1_000, 999, 6_973] {
            world.buy(BOB, 1_235, quantity);
        }
        assert_eq!(world.depth(Side::Sell), []);
        (world.balance(ANN, JPY).0, world.balance(BOB, JPY).0)
    };
    assert_eq!(whole.0, split.0, "the seller had one order both times");
    // 9,001 x 1,235 = 11,116,235 raw = 1,111.6235 units.
    // Buyer, taker, 0.07%: 1,112.40... -> 1,113. Seller, maker, 0.03%: 1,111.29... -> 1,111.
    assert_eq!(whole, (1_000_000_000_000 + 1_111, 1_000_000_000_000 - 1_113));
    // Nine buys round up nine times, at most one unit each.
    assert!((whole.1 - 8..=whole.1).contains(&split.1), "{} against {}", split.1, whole.1);
}

/// One buy filled in many pieces, against the same buy filled at once.
#[test]
fn a_buyer_pays_the_ceiling_of_the_sum_not_the_sum_of_ceilings() {
    let mut world = rounding_world();
    for _ in 0..40 {
        world.sell(ANN, 5, 33);
    }
    world.buy(BOB, 5, 33 * 40);
    // 40 x 165 = 6,600 raw = 0.66 units, with fee 0.6605: one unit in all.
    assert_eq!(world.balance(BOB, JPY), (1_000_000_000_000 - 1, 0));
}

#[test]
fn trading_with_oneself_conserves_everything_but_the_fee() {
    let mut world = with_fees(100, 200);
    world.sell(ANN, 1_000_000, 100);
    world.buy(ANN, 1_000_000, 100);
    // 10,000 yen: 1 yen and 2 yen of fees.
    assert_eq!(world.balance(ANN, JPY), (1_000_000_000_000 - 30_000, 0));
    assert_eq!(world.balance(ANN, BTC), (1_000_000_000, 0));
}

#[test]
fn an_amendment_moves_the_lock_by_the_difference() {
    let mut world = World::new();
    let bid = world.buy(ANN, 1_000_000, 100);
    assert_eq!(world.balance(ANN, JPY).1, 100_000_000);
    world.amend(ANN, bid, 1_200_000, 0);
    assert_eq!(world.balance(ANN, JPY).1, 120_000_000);
    world.amend(ANN, bid, 0, 50);
    assert_eq!(world.balance(ANN, JPY).1, 60_000_000);
    world.amend(ANN, bid, 500_000, 20);
    assert_eq!(world.balance(ANN, JPY).1, 10_000_000);
}
