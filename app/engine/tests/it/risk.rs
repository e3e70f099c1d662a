//! Risk limits, groups and kill switches by worked examples (domain.md, sections 3 and 7: caps
//! per account, collars, kill switches per account, instrument and venue).
//!
//! Values: COIN is priced in yen and counted in 10^-4 BTC; a yen has 10^4 minor units, so price x
//! quantity is minor units of JPY. One unit of COIN is 10^4 minor units of BTC.

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

const UNIT: i64 = 10_000;

fn world() -> World {
    World::with(limits(), InstrumentSpec { open_order_cap: 0, ..coin() }, stock())
}

fn bound(measure: RiskMeasure, soft: i64, hard: i64) -> RiskLimits {
    let mut limits = RiskLimits { currency: JPY, ..RiskLimits::default() };
    limits.bounds[measure as usize] = Bound { soft, hard };
    limits
}

fn set(world: &mut World, scope: RiskScope, limits: RiskLimits) -> Vec<Event> {
    world.apply(Command::SetRiskLimits { scope, limits: Box::new(limits), by: by() })
}

/// Sets one soft and one hard bound.
fn limit(world: &mut World, scope: RiskScope, measure: RiskMeasure, soft: i64, hard: i64) {
    let events = set(world, scope, bound(measure, soft, hard));
    assert_eq!(events, [Event::RiskLimitsChanged { scope }]);
}

fn group(world: &mut World, account: AccountId, group: u16) {
    let group = GroupId(group);
    let events = world.apply(Command::SetGroup { account, group, by: by() });
    assert_eq!(events, [Event::GroupChanged { account, group }]);
}

fn kill(world: &mut World, scope: KillScope, on: bool) -> Vec<Event> {
    world.apply(Command::SetKill { scope, on, by: by() })
}

fn try_buy(world: &mut World, account: AccountId, price: i64, quantity: i64) -> Vec<Event> {
    let place = world.limit(account, COIN, Side::Buy, price, quantity);
    world.place(place)
}

fn try_sell(world: &mut World, account: AccountId, price: i64, quantity: i64) -> Vec<Event> {
    let place = world.limit(account, COIN, Side::Sell, price, quantity);
    world.place(place)
}

/// The warnings of a command that was taken: measure, value, limit.
fn warnings(events: &[Event]) -> Vec<(RiskMeasure, i64, i64)> {
    assert!(!matches!(events[0], Event::Refused { .. }), "{events:?}");
    events
        .iter()
        .filter_map(|event| match *event {
            Event::RiskWarning { measure, value, limit, .. } => Some((measure, value, limit)),
            _ => None,
        })
        .collect()
}

#[test]
fn order_quantity_is_in_minor_units_of_the_base_asset() {
    let mut world = world();
    let own = RiskScope::Account(ANN);
    limit(&mut world, own, RiskMeasure::OrderQuantity, 20 * UNIT, 30 * UNIT);
    assert_eq!(warnings(&try_buy(&mut world, ANN, 100, 20)), []);
    let warned = try_buy(&mut world, ANN, 100, 30);
    assert_eq!(warnings(&warned), [(RiskMeasure::OrderQuantity, 30 * UNIT, 20 * UNIT)]);
    let refused = try_buy(&mut world, ANN, 100, 32);
    assert_eq!(refusal(&refused), (Reject::RiskOrderQuantity, true));
    // Sells are held against it too; other accounts are not.
    let refused = try_sell(&mut world, ANN, 200, 32);
    assert_eq!(refusal(&refused), (Reject::RiskOrderQuantity, true));
    assert_eq!(warnings(&try_buy(&mut world, BOB, 100, 32)), []);
}

#[test]
fn order_value_is_at_the_worst_price_and_in_the_currency_of_the_limit() {
    let mut world = world();
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::OrderValue, 1_000, 2_000);
    assert_eq!(warnings(&try_buy(&mut world, ANN, 100, 10)), []);
    let warned = try_buy(&mut world, ANN, 100, 20);
    assert_eq!(warnings(&warned), [(RiskMeasure::OrderValue, 2_000, 1_000)]);
    let refused = try_buy(&mut world, ANN, 105, 20);
    assert_eq!(refusal(&refused), (Reject::RiskOrderValue, true));
    // A sell at 50 can trade at the best bid of 100: 2,200.
    let refused = try_sell(&mut world, ANN, 50, 22);
    assert_eq!(refusal(&refused), (Reject::RiskOrderValue, true));
    // A limit in another currency counts nothing here.
    let other = RiskLimits { currency: BTC, ..bound(RiskMeasure::OrderValue, 1, 2) };
    set(&mut world, RiskScope::Account(ANN), other);
    assert_eq!(warnings(&try_buy(&mut world, ANN, 105, 20)), []);
}

#[test]
fn a_market_order_is_valued_at_its_bound() {
    let mut world = world();
    world.sell(BOB, 100, 10);
    world.buy(CAT, 100, 4);
    // The band is 10%: bound 110, six units 660.
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::OrderValue, 0, 659);
    let place = world.limit(ANN, COIN, Side::Buy, 0, 6);
    let market = Place { kind: OrderKind::Market, time_in_force: TimeInForce::Ioc, ..place };
    let refused = world.place(market);
    assert_eq!(refusal(&refused), (Reject::RiskOrderValue, true));
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::OrderValue, 0, 660);
    let client_id = world.name();
    assert_eq!(trades(&world.place(Place { client_id, ..market })).len(), 1);
}

#[test]
fn day_value_counts_both_owners_trades_and_this_order_until_the_day_rolls() {
    let mut world = world();
    for account in [ANN, BOB] {
        limit(&mut world, RiskScope::Account(account), RiskMeasure::DayValue, 1_500, 2_000);
    }
    world.sell(BOB, 100, 10);
    assert_eq!(warnings(&try_buy(&mut world, ANN, 100, 10)), []);
    // 1,000 traded; 600 more pass the soft bound, 1,100 the hard one. Buyer and seller alike.
    let warned = try_buy(&mut world, ANN, 60, 10);
    assert_eq!(warnings(&warned), [(RiskMeasure::DayValue, 1_600, 1_500)]);
    let refused = try_buy(&mut world, ANN, 110, 10);
    assert_eq!(refusal(&refused), (Reject::RiskDayValue, true));
    let refused = try_sell(&mut world, BOB, 110, 10);
    assert_eq!(refusal(&refused), (Reject::RiskDayValue, true));
    // An immediate order that does not trade adds nothing.
    let place = world.limit(ANN, COIN, Side::Buy, 100, 10);
    world.accept(Place { time_in_force: TimeInForce::Ioc, ..place });
    assert_eq!(warnings(&try_buy(&mut world, ANN, 45, 10)), []);
    world.apply(Command::RollDay { profile: Profile::Crypto, day: 20_260_102 });
    assert_eq!(warnings(&try_buy(&mut world, ANN, 110, 10)), []);
}

#[test]
fn day_value_of_a_group_and_of_an_instrument_adds_up_all_orders() {
    let mut world = world();
    group(&mut world, ANN, 7);
    group(&mut world, BOB, 7);
    limit(&mut world, RiskScope::Group(GroupId(7)), RiskMeasure::DayValue, 0, 2_500);
    limit(&mut world, RiskScope::Instrument(COIN), RiskMeasure::DayValue, 0, 2_000);
    world.sell(BOB, 100, 10);
    world.buy(ANN, 100, 10);
    // The group bought and sold: 2,000. The instrument traded 1,000.
    let refused = try_buy(&mut world, ANN, 100, 6);
    assert_eq!(refusal(&refused), (Reject::RiskDayValue, true));
    assert_eq!(warnings(&try_buy(&mut world, CAT, 100, 10)), []);
    let refused = try_buy(&mut world, CAT, 100, 12);
    assert_eq!(refusal(&refused), (Reject::RiskDayValue, true));
}

#[test]
fn open_orders_count_this_one_and_only_those_that_may_rest() {
    let mut world = world();
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::OpenOrders, 1, 2);
    let first = world.buy(ANN, 100, 10);
    let warned = try_buy(&mut world, ANN, 95, 10);
    assert_eq!(warnings(&warned), [(RiskMeasure::OpenOrders, 2, 1)]);
    let refused = try_buy(&mut world, ANN, 90, 10);
    assert_eq!(refusal(&refused), (Reject::RiskOpenOrders, true));
    let place = world.limit(ANN, COIN, Side::Buy, 90, 10);
    assert_eq!(warnings(&world.place(Place { time_in_force: TimeInForce::Ioc, ..place })), []);
    world.cancel(ANN, first);
    assert_eq!(warnings(&try_buy(&mut world, ANN, 90, 10)).len(), 1);
}

#[test]
fn open_orders_of_a_group_move_with_its_accounts() {
    let mut world = world();
    world.buy(ANN, 100, 10);
    world.buy(ANN, 95, 10);
    world.buy(BOB, 90, 10);
    group(&mut world, BOB, 3);
    limit(&mut world, RiskScope::Group(GroupId(3)), RiskMeasure::OpenOrders, 0, 3);
    world.buy(BOB, 85, 10);
    group(&mut world, ANN, 3);
    assert_eq!(world.engine.group(ANN), Some(GroupId(3)));
    let refused = try_buy(&mut world, BOB, 80, 10);
    assert_eq!(refusal(&refused), (Reject::RiskOpenOrders, true));
    group(&mut world, ANN, 0);
    world.buy(BOB, 80, 10);
    limit(&mut world, RiskScope::Instrument(COIN), RiskMeasure::OpenOrders, 0, 5);
    let refused = try_buy(&mut world, CAT, 80, 10);
    assert_eq!(refusal(&refused), (Reject::RiskOpenOrders, true));
}

#[test]
fn position_is_what_is_held_what_open_buys_bring_and_this_order() {
    let mut world = world();
    // Ann holds 10 BTC: 100,000 units.
    limit(
        &mut world,
        RiskScope::Account(ANN),
        RiskMeasure::Position,
        100_020 * UNIT,
        100_040 * UNIT,
    );
    let first = world.buy(ANN, 100, 20);
    let warned = try_buy(&mut world, ANN, 95, 10);
    assert_eq!(warnings(&warned), [(RiskMeasure::Position, 100_030 * UNIT, 100_020 * UNIT)]);
    let refused = try_buy(&mut world, ANN, 100, 12);
    assert_eq!(refusal(&refused), (Reject::RiskPosition, true));
    // Sells are free. A fill moves quantity from expected to held, so the sum stays.
    assert_eq!(warnings(&try_sell(&mut world, ANN, 200, 50)), []);
    world.sell(BOB, 100, 6);
    let refused = try_buy(&mut world, ANN, 100, 12);
    assert_eq!(refusal(&refused), (Reject::RiskPosition, true));
    // What is amended away or cancelled is expected no more.
    world.amend(ANN, first, 0, 10);
    assert_eq!(warnings(&try_buy(&mut world, ANN, 90, 20)).len(), 1);
    world.cancel(ANN, first);
    assert_eq!(warnings(&try_buy(&mut world, ANN, 90, 4)).len(), 1);
    assert_eq!(refusal(&try_buy(&mut world, ANN, 90, 4)), (Reject::RiskPosition, true));
}

#[test]
fn a_position_limit_of_an_instrument_binds_each_account() {
    let mut world = world();
    limit(&mut world, RiskScope::Instrument(COIN), RiskMeasure::Position, 0, 100_010 * UNIT);
    world.buy(ANN, 100, 10);
    world.buy(BOB, 100, 10);
    assert_eq!(refusal(&try_buy(&mut world, ANN, 95, 4)), (Reject::RiskPosition, true));
}

#[test]
fn the_collar_is_the_distance_from_the_last_price_or_else_the_base_price() {
    let mut world = world();
    limit(&mut world, RiskScope::Instrument(COIN), RiskMeasure::Collar, 50_000, 100_000);
    // No reference yet, nothing to be far from.
    world.sell(BOB, 1_000, 4);
    world.buy(CAT, 1_000, 4);
    assert_eq!(warnings(&try_buy(&mut world, ANN, 950, 10)), []);
    let warned = try_buy(&mut world, ANN, 945, 10);
    assert_eq!(warnings(&warned), [(RiskMeasure::Collar, 55_000, 50_000)]);
    assert_eq!(refusal(&try_buy(&mut world, ANN, 895, 10)), (Reject::RiskCollar, true));
    assert_eq!(refusal(&try_sell(&mut world, ANN, 1_105, 10)), (Reject::RiskCollar, true));
    assert_eq!(warnings(&try_sell(&mut world, ANN, 1_100, 10)).len(), 1);
    // STOCK has not traded: base price 30,000, 5% is 1,500.
    limit(&mut world, RiskScope::Instrument(STOCK), RiskMeasure::Collar, 0, 50_000);
    let near = world.limit(ANN, STOCK, Side::Buy, 28_500, 100);
    world.accept(near);
    let far = world.limit(ANN, STOCK, Side::Buy, 28_495, 100);
    assert_eq!(refusal(&world.place(far)), (Reject::RiskCollar, true));
}

#[test]
fn messages_are_counted_by_the_second_of_the_commands_and_cancels_are_free() {
    let mut world = world();
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::Messages, 2, 3);
    let first = world.buy(ANN, 100, 10);
    // A refused order is a message like any other.
    assert_eq!(refusal(&try_buy(&mut world, ANN, 101, 10)).0, Reject::OffTick);
    let warned = world.amend(ANN, first, 105, 0);
    assert_eq!(warnings(&warned), [(RiskMeasure::Messages, 3, 2)]);
    assert_eq!(refusal(&try_buy(&mut world, ANN, 100, 10)), (Reject::RiskMessages, true));
    assert_eq!(refusal(&world.amend(ANN, first, 100, 0)), (Reject::RiskMessages, false));
    assert!(matches!(world.cancel(ANN, first)[0], Event::Closed { .. }));
    assert_eq!(warnings(&try_buy(&mut world, BOB, 100, 10)), []);
    world.at = 1_000_000_000;
    assert_eq!(warnings(&try_buy(&mut world, ANN, 100, 10)), []);
}

#[test]
fn messages_of_a_group_and_of_an_instrument_add_up() {
    let mut world = world();
    group(&mut world, ANN, 2);
    group(&mut world, BOB, 2);
    limit(&mut world, RiskScope::Group(GroupId(2)), RiskMeasure::Messages, 0, 2);
    limit(&mut world, RiskScope::Instrument(COIN), RiskMeasure::Messages, 0, 3);
    world.buy(ANN, 100, 10);
    world.buy(BOB, 100, 10);
    assert_eq!(refusal(&try_buy(&mut world, ANN, 100, 10)), (Reject::RiskMessages, true));
    assert_eq!(refusal(&try_buy(&mut world, CAT, 100, 10)), (Reject::RiskMessages, true));
}

#[test]
fn amendments_are_held_against_value_and_collar_only_when_the_price_changes() {
    let mut world = world();
    world.sell(BOB, 100, 4);
    let order = world.buy(ANN, 100, 24);
    // 400 traded, 20 left: at 110 the order is worth 400 + 2,200.
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::OrderValue, 2_500, 2_599);
    assert_eq!(refusal(&world.amend(ANN, order, 110, 0)), (Reject::RiskOrderValue, false));
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::OrderValue, 2_500, 2_600);
    let warned = world.amend(ANN, order, 110, 0);
    assert_eq!(warnings(&warned), [(RiskMeasure::OrderValue, 2_600, 2_500)]);
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::Collar, 0, 150_000);
    assert_eq!(refusal(&world.amend(ANN, order, 120, 0)), (Reject::RiskCollar, false));
    // Less of it, at the price it has, is always allowed.
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::OrderValue, 0, 1);
    assert_eq!(warnings(&world.amend(ANN, order, 0, 20)), []);
}

#[test]
fn an_accounts_own_limits_stand_in_for_its_groups_and_group_and_instrument_add_to_them() {
    let mut world = world();
    group(&mut world, ANN, 1);
    group(&mut world, BOB, 1);
    let quantity = RiskMeasure::OrderQuantity;
    limit(&mut world, RiskScope::Members(GroupId(1)), quantity, 0, 10 * UNIT);
    limit(&mut world, RiskScope::Account(ANN), quantity, 0, 20 * UNIT);
    world.buy(ANN, 100, 20);
    assert_eq!(refusal(&try_buy(&mut world, BOB, 100, 12)).0, Reject::RiskOrderQuantity);
    world.buy(CAT, 100, 30);
    limit(&mut world, RiskScope::Group(GroupId(1)), quantity, 0, 14 * UNIT);
    assert_eq!(refusal(&try_buy(&mut world, ANN, 100, 16)).0, Reject::RiskOrderQuantity);
    limit(&mut world, RiskScope::Instrument(COIN), quantity, 0, 24 * UNIT);
    assert_eq!(refusal(&try_buy(&mut world, CAT, 100, 30)).0, Reject::RiskOrderQuantity);
    // All zero: none.
    for scope in [
        RiskScope::Account(ANN),
        RiskScope::Members(GroupId(1)),
        RiskScope::Group(GroupId(1)),
        RiskScope::Instrument(COIN),
    ] {
        assert!(world.engine.risk_limits(scope).is_some());
        set(&mut world, scope, RiskLimits::default());
        assert_eq!(world.engine.risk_limits(scope), None);
    }
    assert_eq!(world.engine.risk_scopes().count(), 0);
    world.buy(ANN, 100, 40);
}

#[test]
fn a_warning_says_whose_limit_it_is() {
    let mut world = world();
    group(&mut world, ANN, 1);
    let scopes =
        [RiskScope::Members(GroupId(1)), RiskScope::Group(GroupId(1)), RiskScope::Instrument(COIN)];
    for scope in scopes {
        limit(&mut world, scope, RiskMeasure::OrderQuantity, UNIT, 0);
    }
    let events = try_buy(&mut world, ANN, 100, 10);
    let said: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::RiskWarning { account: ANN, scope, .. } => Some(*scope),
            _ => None,
        })
        .collect();
    assert_eq!(said, scopes);
}

#[test]
fn limits_that_make_no_sense_are_refused() {
    let mut world = world();
    let refused = |world: &mut World, scope, limits| refusal(&set(world, scope, limits)).0;
    let own = RiskScope::Account(ANN);
    let quantity = RiskMeasure::OrderQuantity;
    assert_eq!(refused(&mut world, own, bound(quantity, -1, 0)), Reject::InvalidSpec);
    assert_eq!(refused(&mut world, own, bound(quantity, 0, -1)), Reject::InvalidSpec);
    assert_eq!(refused(&mut world, own, bound(quantity, 2, 1)), Reject::InvalidSpec);
    let rate = bound(RiskMeasure::Messages, 0, 65_535);
    assert_eq!(refused(&mut world, own, rate), Reject::InvalidSpec);
    let pooled = RiskScope::Group(GroupId(1));
    assert_eq!(
        refused(&mut world, pooled, bound(RiskMeasure::Position, 0, 1)),
        Reject::InvalidSpec
    );
    let nowhere = RiskLimits { currency: AssetId(99), ..bound(RiskMeasure::DayValue, 0, 1) };
    assert_eq!(refused(&mut world, own, nowhere), Reject::UnknownAsset);
    let nobody = RiskScope::Account(AccountId(99));
    assert_eq!(refused(&mut world, nobody, bound(quantity, 0, 1)), Reject::UnknownAccount);
    let nothing = RiskScope::Instrument(InstrumentId(99));
    assert_eq!(refused(&mut world, nothing, bound(quantity, 0, 1)), Reject::UnknownInstrument);
    let moved =
        world.apply(Command::SetGroup { account: AccountId(99), group: GroupId(1), by: by() });
    assert_eq!(refusal(&moved).0, Reject::UnknownAccount);
}

#[test]
fn kill_switches_stop_new_orders_and_amendments_but_no_cancels() {
    let mut world = world();
    group(&mut world, ANN, 9);
    let scopes = [
        (KillScope::Account(ANN), false),
        (KillScope::Group(GroupId(9)), false),
        (KillScope::Instrument(COIN), true),
        (KillScope::Venue, true),
    ];
    for (scope, stops_bob) in scopes {
        let order = world.buy(ANN, 100, 10);
        let held = world.buy(ANN, 95, 10);
        assert_eq!(kill(&mut world, scope, true), [Event::KillChanged { scope, on: true }]);
        assert!(world.engine.killed(scope));
        assert_eq!(refusal(&try_buy(&mut world, ANN, 100, 10)), (Reject::Killed, true));
        assert_eq!(refusal(&world.amend(ANN, order, 105, 0)), (Reject::Killed, false));
        let stop = Trigger { price: Price(200), when: TriggerWhen::AtOrAbove };
        let contingent = Contingent {
            order: world.limit(ANN, COIN, Side::Buy, 200, 10),
            trigger: Some(stop),
            stop: None,
            expires: 0,
            child: None,
        };
        let refused = world.apply(Command::PlaceContingent(Box::new(contingent)));
        assert_eq!(refusal(&refused), (Reject::Killed, true));
        let bobs = try_buy(&mut world, BOB, 50, 10);
        assert_eq!(matches!(bobs[0], Event::Refused { .. }), stops_bob, "{scope:?}");
        assert!(matches!(world.cancel(ANN, order)[0], Event::Closed { .. }));
        kill(&mut world, scope, false);
        world.amend(ANN, held, 100, 0);
        world.cancel(ANN, held);
    }
    for scope in [KillScope::Account(AccountId(99)), KillScope::Instrument(InstrumentId(99))] {
        assert!(matches!(kill(&mut world, scope, true)[..], [Event::Refused { .. }]));
    }
}

fn cancel_many(filter: CancelMany) -> Command {
    Command::CancelMany(filter)
}

pub const EVERYTHING: CancelMany = CancelMany {
    price: Price(0),
    account: None,
    instrument: None,
    side: None,
    group: None,
    from: CancelMany::START,
    via: Via::Admin,
    key: 0,
};

/// Sends a mass cancel until it is done; what each step ended.
fn cancel_all(world: &mut World, filter: CancelMany) -> Vec<u32> {
    let (mut filter, mut counts) = (filter, Vec::new());
    loop {
        match world.apply(cancel_many(filter)).last() {
            Some(&Event::CancelledMany { count, more, next }) => {
                counts.push(count);
                filter.from = next;
                if !more {
                    assert_eq!(next, OrderId(0));
                    return counts;
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_mass_cancel_of_a_group_ends_its_members_orders_only() {
    let mut world = world();
    group(&mut world, ANN, 4);
    group(&mut world, BOB, 4);
    world.buy(ANN, 100, 10);
    world.sell(BOB, 200, 10);
    let cats = world.buy(CAT, 100, 10);
    let of_group = CancelMany { group: Some(GroupId(4)), ..EVERYTHING };
    assert_eq!(cancel_all(&mut world, CancelMany { side: Some(Side::Sell), ..of_group }), [1]);
    assert_eq!(cancel_all(&mut world, CancelMany { account: Some(CAT), ..of_group }), [0]);
    assert_eq!(cancel_all(&mut world, CancelMany { instrument: Some(STOCK), ..of_group }), [0]);
    assert_eq!(cancel_all(&mut world, of_group), [1]);
    assert_eq!(world.engine.live_orders(), 1);
    assert_eq!(world.order(cats).closed, None);
}

/// A world with this many orders of Ann's, every second one a sell.
fn crowded(orders: u32) -> World {
    let limits = Limits { live_orders: 30_000, answers: 30_000, ..limits() };
    let mut world = World::with(limits, InstrumentSpec { open_order_cap: 0, ..coin() }, stock());
    for i in 0..orders {
        let side = if i % 2 == 0 { Side::Buy } else { Side::Sell };
        let price = if side == Side::Buy { 100 } else { 200 };
        let place = world.limit(ANN, COIN, side, price, 4);
        quietly(&mut world, Command::Place(place));
    }
    world
}

/// Without the whole-state check, which takes its time in a crowd.
fn quietly(world: &mut World, command: Command) -> Vec<Event> {
    world.seq += 1;
    world.at += 10;
    let mut events = Vec::new();
    world.engine.apply(Seq(world.seq), Timestamp(world.at), &command, &mut events);
    events
}

#[test]
fn a_mass_cancel_looks_at_so_many_orders_and_goes_on_where_it_stopped() {
    let mut world = crowded(25_000);
    let stock = CancelMany { account: Some(ANN), instrument: Some(STOCK), ..EVERYTHING };
    assert_eq!(cancel_all(&mut world, stock), [0, 0, 0], "10,000, 10,000 and 5,000 looked at");
    // As the first journals have it, one command looks at all of them.
    let unbounded = CancelMany { from: OrderId(0), ..stock };
    assert_eq!(cancel_all(&mut world, unbounded), [0]);
    // Where the order it stopped at has ended, it begins again and misses nothing.
    let first = match quietly(&mut world, cancel_many(stock)).last() {
        Some(&Event::CancelledMany { more: true, next, .. }) => next,
        other => panic!("{other:?}"),
    };
    world.cancel(ANN, first);
    let after = CancelMany { from: first, ..stock };
    assert_eq!(cancel_all(&mut world, after), [0, 0, 0]);
    let sells = CancelMany { account: Some(ANN), side: Some(Side::Sell), ..EVERYTHING };
    let ended = cancel_all(&mut world, sells);
    assert!(ended.iter().all(|&count| count <= 1_000));
    let left = world.engine.depth(COIN, Side::Sell).count();
    assert_eq!(left, 0);
    assert_eq!(
        world.depth(Side::Buy).iter().map(|level| level.2).sum::<u32>(),
        world.engine.live_orders()
    );
    assert_eq!(
        cancel_all(&mut world, EVERYTHING).iter().sum::<u32>(),
        12_500 - u32::from(first_was_buy(ended))
    );
    assert_eq!(world.engine.live_orders(), 0);
}

/// Whether the one order cancelled by hand was a buy: then all 12,500 sells were ended.
fn first_was_buy(sells: Vec<u32>) -> bool {
    sells.iter().sum::<u32>() == 12_500
}

#[test]
fn waiting_orders_are_walked_in_bounded_steps_too() {
    let limits = Limits { live_orders: 30_000, answers: 30_000, ..limits() };
    let mut world = World::with(limits, InstrumentSpec { open_order_cap: 0, ..coin() }, stock());
    for i in 0..12_000 {
        let side = if i == 11_500 { Side::Sell } else { Side::Buy };
        let when = TriggerWhen::AtOrAbove;
        let contingent = Contingent {
            order: world.limit(ANN, COIN, side, 200, 4),
            trigger: Some(Trigger { price: Price(200), when }),
            stop: None,
            expires: 0,
            child: None,
        };
        quietly(&mut world, Command::PlaceContingent(Box::new(contingent)));
    }
    let sells = CancelMany { instrument: Some(COIN), side: Some(Side::Sell), ..EVERYTHING };
    assert_eq!(cancel_all(&mut world, sells), [0, 1]);
    assert_eq!(world.engine.live_orders(), 11_999);
    let all = cancel_all(&mut world, EVERYTHING);
    assert_eq!(all.len(), 12);
    assert_eq!(world.engine.live_orders(), 0);
}
