//! What is counted for risk limits, as people who watch them are told it. Source: domain rules, section 3
//! (caps per account and rates), `docs/decisions/risk.md` (what each measure counts, and whose). Prices in
//! yen, quantities in 10^-4 BTC: price x quantity is minor units of JPY.

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::RiskUse;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

const SECOND: u64 = 1_000_000_000;

fn world() -> World {
    World::with(limits(), InstrumentSpec { open_order_cap: 0, ..coin() }, stock())
}

/// Limits on the day's value and on messages, far away.
fn watch(world: &mut World, scope: RiskScope) {
    let mut limits = RiskLimits { currency: JPY, ..RiskLimits::default() };
    for measure in [RiskMeasure::DayValue, RiskMeasure::Messages] {
        limits.bounds[measure as usize] = Bound { soft: 0, hard: 10_000 };
    }
    let events = world.apply(Command::SetRiskLimits { scope, limits: Box::new(limits), by: by() });
    assert_eq!(events, [Event::RiskLimitsChanged { scope }]);
}

/// Open orders, value of the day, messages.
fn used(world: &World, scope: RiskScope) -> (u32, Option<i64>, Option<u16>) {
    let told = world.engine.risk_use(scope, Timestamp(world.at)).expect("counted");
    let RiskUse { open_orders, day_value, messages } = told;
    (open_orders, day_value.map(|value| value.0), messages)
}

fn roll(world: &mut World, profile: Profile, day: u32) {
    world.apply(Command::RollDay { profile, day });
}

#[test]
fn only_what_a_limit_asks_for_is_counted() {
    let mut world = world();
    let ann = RiskScope::Account(ANN);
    world.buy(ANN, 100, 10);
    assert_eq!(used(&world, ann), (1, None, None));
    watch(&mut world, ann);
    assert_eq!(used(&world, ann), (1, Some(0), Some(0)), "from now on");
    // Ann's bid of 10 trades 4 with Bob at 100: 400. Her second order is her first message.
    world.sell(BOB, 100, 4);
    world.buy(ANN, 95, 10);
    assert_eq!(used(&world, ann), (2, Some(400), Some(1)));
    // What every member of a group is allowed binds who has no limits of its own.
    watch(&mut world, RiskScope::Members(GroupId(0)));
    world.sell(BOB, 95, 4);
    assert_eq!(used(&world, RiskScope::Account(BOB)), (0, Some(400), Some(1)));
    let unknown = [
        RiskScope::Members(GroupId(0)),
        RiskScope::Account(AccountId(99)),
        RiskScope::Group(GroupId(9)),
        RiskScope::Instrument(InstrumentId(9)),
    ];
    for scope in unknown {
        assert_eq!(world.engine.risk_use(scope, Timestamp(world.at)), None, "{scope:?}");
    }
}

/// Ann and Bob are in group 7 and trade 1,000 with each other: 2,000 of the group's, 1,000 of the
/// instrument's. Each sent an order.
#[test]
fn a_group_counts_both_sides_and_an_instrument_each_trade_once() {
    let mut world = world();
    for account in [ANN, BOB] {
        world.apply(Command::SetGroup { account, group: GroupId(7), by: by() });
    }
    let scopes = [RiskScope::Group(GroupId(7)), RiskScope::Instrument(COIN)];
    scopes.iter().for_each(|&scope| watch(&mut world, scope));
    world.sell(BOB, 100, 12);
    world.buy(ANN, 100, 10);
    let expected = [(1, Some(2_000), Some(2)), (1, Some(1_000), Some(2))];
    assert_eq!(scopes.map(|scope| used(&world, scope)), expected);
}

/// A rate is told as long as it is of the present second or the one before it.
#[test]
fn messages_of_the_second_before_are_still_told() {
    let mut world = world();
    let ann = RiskScope::Account(ANN);
    watch(&mut world, ann);
    world.at = 5 * SECOND;
    world.buy(ANN, 100, 10);
    world.buy(ANN, 95, 10);
    for (second, told) in [(5, 2), (6, 2), (7, 0), (4, 0)] {
        let now = Timestamp(second * SECOND + SECOND / 2);
        let messages = world.engine.risk_use(ann, now).expect("an account").messages;
        assert_eq!(messages, Some(told), "in second {second}");
    }
}

/// Value is of the trading day. An account trades in both profiles: while one has rolled and the other
/// has not, what it traded on the day before still counts.
#[test]
fn the_days_value_is_told_until_both_profiles_have_rolled() {
    let mut world = world();
    let scopes = [RiskScope::Account(ANN), RiskScope::Instrument(COIN)];
    scopes.iter().for_each(|&scope| watch(&mut world, scope));
    roll(&mut world, Profile::Tse, 20_260_105);
    roll(&mut world, Profile::Crypto, 20_260_105);
    world.sell(BOB, 100, 10);
    world.buy(ANN, 100, 10);
    assert_eq!(scopes.map(|scope| used(&world, scope).1), [Some(1_000), Some(1_000)]);
    roll(&mut world, Profile::Crypto, 20_260_106);
    assert_eq!(scopes.map(|scope| used(&world, scope).1), [Some(1_000), Some(0)]);
    roll(&mut world, Profile::Tse, 20_260_106);
    assert_eq!(scopes.map(|scope| used(&world, scope).1), [Some(0), Some(0)]);
}
