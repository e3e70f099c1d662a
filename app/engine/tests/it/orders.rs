//! Rules of orders: what is refused and why, priority, times in force, amendments, cancels. Sources:
//! domain rules, sections 2 (price, then time, at the resting price; what an amendment keeps) and 3
//! (kinds, times in force, bounds per pair, open-order cap); repeats: `docs/decisions/order-answers.md`.
//! The order of refusals is `engine/place.rs`'s. The market is `world`'s; numbers follow from it.

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

#[test]
fn refusals_without_a_record() {
    let mut world = World::new();
    let good = world.limit(ANN, COIN, Side::Buy, 100, 10);
    let cases = [
        (Place { account: AccountId(99), ..good }, Reject::UnknownAccount),
        (Place { instrument: InstrumentId(9), ..good }, Reject::UnknownInstrument),
        (Place { client_id: ClientId::EMPTY, ..good }, Reject::InvalidClientId),
    ];
    for (place, code) in cases {
        assert_eq!(refusal(&world.place(place)), (code, false));
    }
    assert_eq!(world.engine.orders().count(), 0);
}

#[test]
fn refusals_with_a_record() {
    let mut world = World::new();
    let good = world.limit(ANN, COIN, Side::Buy, 100, 10);
    let market =
        Place { kind: OrderKind::Market, time_in_force: TimeInForce::Ioc, price: Price(0), ..good };
    let stock = Place { instrument: STOCK, price: Price(30_000), quantity: Quantity(100), ..good };
    let huge = Price(i64::MAX / 5 * 5);
    let cases = [
        (Place { quantity: Quantity(0), ..good }, Reject::InvalidQuantity),
        (Place { quantity: Quantity(-4), ..good }, Reject::InvalidQuantity),
        (Place { quantity: Quantity(11), ..good }, Reject::OffLot),
        (Place { quantity: Quantity(2), ..good }, Reject::BelowMinQuantity),
        (Place { quantity: Quantity(100_002), ..good }, Reject::AboveMaxQuantity),
        (Place { price: Price(0), ..good }, Reject::InvalidPrice),
        (Place { price: Price(-5), ..good }, Reject::InvalidPrice),
        (Place { price: Price(5), ..market }, Reject::InvalidPrice),
        (Place { price: Price(101), ..good }, Reject::OffTick),
        (Place { price: Price(30_001), ..stock }, Reject::OffTick),
        (Place { price: Price(35_010), ..stock }, Reject::PriceOutOfLimits),
        (Place { price: Price(24_995), ..stock }, Reject::PriceOutOfLimits),
        (Place { price: huge, ..good }, Reject::NotionalTooLarge),
        (Place { time_in_force: TimeInForce::Gtc, ..market }, Reject::InvalidTimeInForce),
        (Place { time_in_force: TimeInForce::Day, ..market }, Reject::InvalidTimeInForce),
        (Place { post_only: true, ..market }, Reject::InvalidTimeInForce),
        (
            Place { post_only: true, time_in_force: TimeInForce::Ioc, ..good },
            Reject::InvalidTimeInForce,
        ),
        (
            Place { post_only: true, time_in_force: TimeInForce::Fok, ..good },
            Reject::InvalidTimeInForce,
        ),
        (market, Reject::NoReferencePrice),
        (Place { account: DAN, ..good }, Reject::InsufficientFunds),
        (
            Place { price: Price(1_000_000_000), quantity: Quantity(100_000), ..good },
            Reject::InsufficientFunds,
        ),
        (Place { account: AccountId::FEES, ..good }, Reject::AccountSuspended),
        (Place { account: AccountId::OUTSIDE, ..good }, Reject::AccountSuspended),
    ];
    for (i, (place, code)) in cases.into_iter().enumerate() {
        let place = Place { client_id: text(&format!("case-{i}")), ..place };
        let events = world.place(place);
        assert_eq!(refusal(&events), (code, true), "case {i}");
        let state = world.engine.order_by_client_id(place.account, &place.client_id);
        // The answer window is 20: later cases push out earlier ones.
        let state = state.expect("a refused order is remembered");
        assert_eq!((state.status, state.reject), (OrderStatus::Rejected, Some(code)));
        assert_eq!((state.quantity, state.filled), (place.quantity, Quantity(0)));
    }
    assert_eq!(world.engine.live_orders(), 0);
}

#[test]
fn the_house_trades_like_anyone() {
    let mut world = World::new();
    world.deposit(AccountId::HOUSE, JPY, 1_000_000);
    let order = world.buy(AccountId::HOUSE, 100, 10);
    assert_eq!(world.order(order).account, AccountId::HOUSE);
}

#[test]
fn status_of_account_and_instrument() {
    let mut world = World::new();
    let order = world.buy(ANN, 100, 10);
    let closed = world.buy(ANN, 95, 10);
    let try_place = |world: &mut World| {
        let place = world.limit(ANN, COIN, Side::Buy, 90, 10);
        refusal(&world.place(place))
    };
    world.account_status(ANN, AccountStatus::Suspended);
    assert_eq!(try_place(&mut world), (Reject::AccountSuspended, true));
    assert_eq!(refusal(&world.amend(ANN, order, 95, 0)).0, Reject::AccountSuspended);
    assert!(matches!(world.cancel(ANN, order)[0], Event::Closed { .. }));
    world.account_status(ANN, AccountStatus::Closed);
    assert_eq!(try_place(&mut world), (Reject::AccountClosed, true));
    assert_eq!(refusal(&world.amend(ANN, closed, 90, 0)).0, Reject::AccountClosed);
    assert!(matches!(world.cancel(ANN, closed)[0], Event::Closed { .. }));
    world.account_status(ANN, AccountStatus::Active);
    for (status, code) in [
        (InstrumentStatus::Halted, Reject::InstrumentHalted),
        (InstrumentStatus::Closed, Reject::InstrumentClosed),
    ] {
        world.instrument_status(COIN, InstrumentStatus::Open);
        let order = world.buy(ANN, 100, 10);
        world.instrument_status(COIN, status);
        assert_eq!(try_place(&mut world), (code, true));
        assert_eq!(refusal(&world.amend(ANN, order, 95, 0)).0, code);
        assert!(matches!(world.cancel(ANN, order)[0], Event::Closed { .. }));
    }
}

#[test]
fn price_then_time_at_the_resting_price() {
    let mut world = World::new();
    let late = world.sell(ANN, 105, 10);
    let first = world.sell(ANN, 100, 10);
    let second = world.sell(BOB, 100, 10);
    let place = world.limit(CAT, COIN, Side::Buy, 105, 26);
    let events = world.place(place);
    let done: Vec<_> = trades(&events).iter().map(|t| (t.maker, t.price.0, t.quantity.0)).collect();
    assert_eq!(done, [(first, 100, 10), (second, 100, 10), (late, 105, 6)]);
    // Each level once, after all trades, as it is at the end.
    let levels: Vec<_> = events
        .iter()
        .skip_while(|e| !matches!(e, Event::Level { .. }))
        .map(|e| match e {
            Event::Level { side, price, quantity, orders, .. } => {
                (*side, price.0, quantity.0, *orders)
            }
            other => panic!("{other:?} after the levels began"),
        })
        .collect();
    assert_eq!(levels, [(Side::Sell, 100, 0, 0), (Side::Sell, 105, 4, 1)]);
    assert_eq!(world.order(late).status, OrderStatus::PartiallyFilled);
    assert_eq!(world.order(first).closed, Some(CloseReason::Filled));
    assert_eq!(world.engine.instrument(COIN).unwrap().last_price, Price(105));
    assert_eq!(world.engine.last_trade(), TradeId(3));
}

#[test]
fn order_numbers_ascend_and_carry_their_slot() {
    let mut world = World::new();
    let first = world.buy(ANN, 100, 10);
    let second = world.buy(ANN, 100, 10);
    // Nine deposits have the slots before.
    assert_eq!((first, second), (OrderId(1 << 24 | 9), OrderId(2 << 24 | 10)));
    assert_eq!(world.engine.order(OrderId(3 << 24)), None);
}

#[test]
fn immediate_or_cancel_trades_what_it_can() {
    let mut world = World::new();
    world.sell(ANN, 100, 10);
    let place = world.limit(BOB, COIN, Side::Buy, 100, 16);
    let order = world.accept(Place { time_in_force: TimeInForce::Ioc, ..place });
    let state = world.order(order);
    assert_eq!((state.status, state.filled), (OrderStatus::Cancelled, Quantity(10)));
    assert_eq!(state.closed, Some(CloseReason::ImmediateRest));
    assert_eq!(world.balance(BOB, JPY).1, 0);
    assert_eq!(world.depth(Side::Buy), []);
}

#[test]
fn fill_or_kill_is_all_or_nothing() {
    let mut world = World::new();
    world.sell(ANN, 100, 10);
    world.sell(ANN, 105, 10);
    let place = world.limit(BOB, COIN, Side::Buy, 100, 12);
    let place = Place { time_in_force: TimeInForce::Fok, ..place };
    let before = world.balance(BOB, JPY);
    let events = world.place(place);
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(matches!(events[1], Event::Closed { reason: CloseReason::FillOrKill, .. }));
    assert_eq!(world.balance(BOB, JPY), before);
    let whole = Place { price: Price(105), client_id: world.name(), ..place };
    let order = world.accept(whole);
    assert_eq!(world.order(order).status, OrderStatus::Filled);
    assert_eq!(world.depth(Side::Sell), [(105, 8, 1)]);
}

/// A command's cost must not grow with the book: what lies behind 10,000 levels counts as not there.
/// 10,001 offers of 4 units each, from 1,000 yen on, one every 5 yen.
#[test]
fn all_or_nothing_and_by_amount_look_at_a_bounded_number_of_levels() {
    let limits = Limits { live_orders: 11_000, answers: 100, ..limits() };
    let base_price = Price(50_000);
    let spec =
        InstrumentSpec { open_order_cap: 0, base_price, market_band_ppm: 1_000_000, ..coin() };
    let mut world = World::with(limits, spec, stock());
    let mut events = Vec::new();
    for level in 0..10_001 {
        let place = world.limit(ANN, COIN, Side::Sell, 1_000 + 5 * level, 4);
        events.clear();
        world.seq += 1;
        let (seq, at) = (Seq(world.seq), Timestamp(world.at));
        world.engine.apply(seq, at, &Command::Place(place), &mut events);
        assert!(matches!(events[0], Event::Accepted { .. }), "{events:?}");
    }
    let all = world.limit(BOB, COIN, Side::Buy, 51_000, 40_004);
    let all = Place { time_in_force: TimeInForce::Fok, ..all };
    let order = world.accept(all);
    assert_eq!(world.order(order).closed, Some(CloseReason::FillOrKill), "the last is not seen");
    // Dearer than the whole book: it comes to what the first 10,000 levels hold.
    let amount = Place {
        kind: OrderKind::Market,
        time_in_force: TimeInForce::Ioc,
        price: Price(0),
        quantity: Quantity(100_000_000 * 10_000),
        by_amount: true,
        client_id: world.name(),
        ..all
    };
    let order = world.accept(amount);
    assert_eq!(
        (world.order(order).quantity, world.order(order).filled.0),
        (Quantity(40_000), 40_000)
    );
    assert_eq!(world.depth(Side::Sell), [(51_000, 4, 1)]);
}

#[test]
fn post_only_never_takes() {
    let mut world = World::new();
    world.sell(ANN, 100, 10);
    let place = world.limit(BOB, COIN, Side::Buy, 100, 10);
    let place = Place { post_only: true, ..place };
    assert_eq!(refusal(&world.place(place)), (Reject::PostOnlyWouldCross, true));
    let lower = Place { price: Price(95), client_id: world.name(), ..place };
    let order = world.accept(lower);
    assert_eq!(refusal(&world.amend(BOB, order, 100, 0)).0, Reject::PostOnlyWouldCross);
    assert_eq!(world.order(order).price, Price(95));
}

#[test]
fn market_orders_are_bounded() {
    let mut world = World::new();
    let market = |world: &mut World, instrument, side, quantity| {
        let place = world.limit(BOB, instrument, side, 0, quantity);
        world.place(Place { kind: OrderKind::Market, time_in_force: TimeInForce::Ioc, ..place })
    };
    // Tokyo: the day's limits.
    let events = market(&mut world, STOCK, Side::Buy, 100);
    assert!(matches!(events[0], Event::Accepted { bound: Price(35_000), .. }));
    let events = market(&mut world, STOCK, Side::Sell, 100);
    assert!(matches!(events[0], Event::Accepted { bound: Price(25_000), .. }));
    // Elsewhere: 10% around the last price.
    world.sell(ANN, 1_000, 10);
    world.sell(ANN, 1_105, 10);
    world.buy(CAT, 1_000, 10);
    let events = market(&mut world, COIN, Side::Buy, 10);
    assert!(matches!(events[0], Event::Accepted { bound: Price(1_100), .. }));
    assert_eq!(trades(&events), []);
    let Event::Accepted { order, .. } = events[0] else { unreachable!() };
    assert_eq!(world.order(order).price, Price(0));
    world.sell(ANN, 1_100, 10);
    assert_eq!(trades(&market(&mut world, COIN, Side::Buy, 30)).len(), 1);
}

#[test]
fn the_open_order_cap_counts_what_rests() {
    let mut world = World::new();
    for _ in 0..3 {
        world.buy(ANN, 100, 10);
    }
    let place = world.limit(ANN, COIN, Side::Buy, 100, 10);
    assert_eq!(refusal(&world.place(place)), (Reject::OpenOrderCap, true));
    // What never rests is not counted, other instruments and accounts neither.
    let immediate = Place { time_in_force: TimeInForce::Ioc, client_id: world.name(), ..place };
    world.accept(immediate);
    world.buy(BOB, 100, 10);
    let stock = world.limit(ANN, STOCK, Side::Buy, 30_000, 100);
    world.accept(stock);
    let open: Vec<_> = world.engine.open_orders(ANN).map(|o| o.order).collect();
    assert_eq!(open.len(), 4);
    world.cancel(ANN, open[0]);
    world.buy(ANN, 100, 10);
}

#[test]
fn live_orders_run_out() {
    let mut world = World::with(Limits { live_orders: 2, ..limits() }, coin(), stock());
    world.buy(ANN, 100, 10);
    world.sell(BOB, 200, 10);
    let place = world.limit(CAT, COIN, Side::Buy, 100, 10);
    assert_eq!(refusal(&world.place(place)), (Reject::CapacityExhausted, true));
    // The venue can still trade.
    let take = world.limit(CAT, COIN, Side::Buy, 200, 10);
    let take = world.accept(Place { time_in_force: TimeInForce::Ioc, ..take });
    assert_eq!(world.order(take).status, OrderStatus::Filled);
    world.sell(BOB, 200, 10);
}

#[test]
fn a_repeat_gets_the_first_answer() {
    let mut world = World::new();
    let place = world.limit(ANN, COIN, Side::Buy, 100, 10);
    let order = world.accept(place);
    let again = Place { via: Via::Stream, key: 9, ..place };
    assert_eq!(world.place(again), [Event::Repeated { order }]);
    // The present state does not matter, only what was sent.
    world.amend(ANN, order, 95, 8);
    assert_eq!(world.place(place), [Event::Repeated { order }]);
    world.cancel(ANN, order);
    assert_eq!(world.place(place), [Event::Repeated { order }]);
    for other in [
        Place { price: Price(95), ..place },
        Place { quantity: Quantity(8), ..place },
        Place { side: Side::Sell, ..place },
        Place { time_in_force: TimeInForce::Day, ..place },
        Place { post_only: true, ..place },
        Place { instrument: STOCK, ..place },
        Place { kind: OrderKind::Market, ..place },
    ] {
        assert_eq!(refusal(&world.place(other)), (Reject::DuplicateClientOrderId, false));
    }
    // Another account may use the same id.
    world.accept(Place { account: BOB, ..place });
}

#[test]
fn a_repeat_of_a_refused_order_too() {
    let mut world = World::new();
    let place = world.limit(ANN, COIN, Side::Buy, 101, 10);
    let Event::Refused { order: Some(order), .. } = world.place(place)[0] else { panic!() };
    assert_eq!(world.place(place), [Event::Repeated { order }]);
}

#[test]
fn answers_are_forgotten_oldest_first_but_never_live_orders() {
    let mut world = World::new();
    let live = world.limit(ANN, COIN, Side::Buy, 100, 10);
    let live_order = world.accept(live);
    let gone = world.limit(ANN, COIN, Side::Buy, 95, 10);
    let gone_order = world.accept(gone);
    world.cancel(ANN, gone_order);
    for _ in 0..limits().answers - 1 {
        let place = world.limit(ANN, COIN, Side::Buy, 101, 10);
        world.place(place);
    }
    assert_eq!(world.place(gone), [Event::Repeated { order: gone_order }]);
    world.deposit(DAN, JPY, 1);
    assert_eq!(world.engine.order(gone_order), None);
    let new = world.accept(gone);
    assert_ne!(new, gone_order);
    // Its slot is used again; the old number still means nothing.
    assert_eq!(new.0 & 0xff_ffff, gone_order.0 & 0xff_ffff);
    assert_eq!(refusal(&world.cancel(ANN, gone_order)).0, Reject::OrderNotFound);
    assert_eq!(world.place(live), [Event::Repeated { order: live_order }]);
}

#[test]
fn a_smaller_quantity_keeps_its_place_and_another_price_does_not() {
    let mut world = World::new();
    let first = world.sell(ANN, 100, 10);
    let second = world.sell(BOB, 100, 10);
    let events = world.amend(ANN, first, 0, 8);
    assert!(matches!(
        events[0],
        Event::Amended { kept_priority: true, quantity: Quantity(8), remaining: Quantity(8), .. }
    ));
    assert_eq!(world.engine.queue(COIN, Side::Sell).collect::<Vec<_>>(), [first, second]);
    assert_eq!(world.depth(Side::Sell), [(100, 18, 2)]);
    let events = world.amend(ANN, first, 105, 0);
    assert!(matches!(events[0], Event::Amended { kept_priority: false, .. }));
    world.amend(ANN, first, 100, 0);
    assert_eq!(world.engine.queue(COIN, Side::Sell).collect::<Vec<_>>(), [second, first]);
}

#[test]
fn a_repeated_amendment_changes_nothing() {
    let mut world = World::new();
    let order = world.buy(ANN, 100, 10);
    world.amend(ANN, order, 95, 8);
    let before = world.order(order);
    let events = world.amend(ANN, order, 95, 8);
    assert!(matches!(events[..], [Event::Amended { kept_priority: true, .. }]), "{events:?}");
    assert_eq!(world.order(order), before);
}

#[test]
fn an_amendment_may_trade() {
    let mut world = World::new();
    let ask = world.sell(ANN, 100, 10);
    let bid = world.buy(BOB, 90, 16);
    let events = world.amend(BOB, bid, 100, 0);
    assert_eq!(trades(&events).len(), 1);
    assert_eq!(world.order(ask).status, OrderStatus::Filled);
    assert_eq!(world.depth(Side::Buy), [(100, 6, 1)]);
    // A filled part stays filled: the new total counts it.
    assert_eq!(refusal(&world.amend(BOB, bid, 0, 10)).0, Reject::QuantityBelowFilled);
    world.amend(BOB, bid, 0, 12);
    assert_eq!(world.depth(Side::Buy), [(100, 2, 1)]);
}

#[test]
fn amendments_that_are_refused() {
    let mut world = World::new();
    let order = world.buy(ANN, 100, 10);
    let poor = world.buy(ANN, 100, 100_000);
    let gone = world.buy(ANN, 100, 10);
    world.cancel(ANN, gone);
    let mut check = |account, order, price, quantity, code| {
        assert_eq!(refusal(&world.amend(account, order, price, quantity)), (code, false));
    };
    check(AccountId(99), order, 95, 0, Reject::UnknownAccount);
    check(BOB, order, 95, 0, Reject::OrderNotFound);
    check(ANN, OrderId(12345), 95, 0, Reject::OrderNotFound);
    check(ANN, gone, 95, 0, Reject::OrderNotOpen);
    check(ANN, order, -5, 0, Reject::InvalidPrice);
    check(ANN, order, 0, -4, Reject::InvalidQuantity);
    check(ANN, order, 0, 0, Reject::NothingToAmend);
    check(ANN, order, 0, 12, Reject::QuantityIncrease);
    check(ANN, order, 0, 7, Reject::OffLot);
    check(ANN, order, 0, 2, Reject::BelowMinQuantity);
    check(ANN, order, 101, 0, Reject::OffTick);
    check(ANN, poor, 10_000_000_005, 0, Reject::InsufficientFunds);
    check(ANN, poor, i64::MAX / 5 * 5, 0, Reject::NotionalTooLarge);
}

#[test]
fn cancels_that_are_refused() {
    let mut world = World::new();
    let order = world.buy(ANN, 100, 10);
    assert_eq!(refusal(&world.cancel(AccountId(99), order)).0, Reject::UnknownAccount);
    assert_eq!(refusal(&world.cancel(BOB, order)).0, Reject::OrderNotFound);
    assert_eq!(refusal(&world.cancel(ANN, OrderId(0))).0, Reject::OrderNotFound);
    world.cancel(ANN, order);
    assert_eq!(refusal(&world.cancel(ANN, order)).0, Reject::OrderNotOpen);
    let place = world.limit(ANN, COIN, Side::Buy, 101, 10);
    let Event::Refused { order: Some(refused), .. } = world.place(place)[0] else { panic!() };
    assert_eq!(refusal(&world.cancel(ANN, refused)).0, Reject::OrderNotOpen);
}

#[test]
fn mass_cancels_follow_their_filters() {
    let mut world = World::new();
    let all = CancelMany {
        price: Price(0),
        account: None,
        instrument: None,
        group: None,
        side: None,
        via: Via::Admin,
        key: 0,
        from: OrderId(0),
    };
    let mut orders = Vec::new();
    for account in [ANN, BOB] {
        orders.push(world.buy(account, 100, 10));
        orders.push(world.sell(account, 200, 10));
        let place = world.limit(account, STOCK, Side::Buy, 30_000, 100);
        orders.push(world.accept(place));
    }
    let mut run = |filter| {
        let events = world.apply(Command::CancelMany(filter));
        let closed: Vec<_> = events
            .iter()
            .filter_map(|e| match e {
                Event::Closed { order, reason: CloseReason::CancelledMany, .. } => {
                    orders.iter().position(|o| o == order)
                }
                _ => None,
            })
            .collect();
        let levels = events.iter().filter(|e| matches!(e, Event::Level { .. })).count();
        let count = closed.len() as u32;
        assert_eq!(
            events.last(),
            Some(&Event::CancelledMany { count, more: false, next: OrderId(0) })
        );
        (closed, levels)
    };
    let filter = CancelMany { instrument: Some(COIN), side: Some(Side::Sell), ..all };
    assert_eq!(run(filter), (vec![1, 4], 1));
    assert_eq!(run(CancelMany { account: Some(ANN), side: Some(Side::Sell), ..all }), (vec![], 0));
    assert_eq!(run(CancelMany { account: Some(BOB), instrument: Some(COIN), ..all }), (vec![3], 1));
    assert_eq!(run(CancelMany { account: Some(ANN), ..all }), (vec![0, 2], 2));
    assert_eq!(run(all), (vec![5], 1));
    let unknown = CancelMany { account: Some(AccountId(99)), ..all };
    assert_eq!(refusal(&world.apply(Command::CancelMany(unknown))).0, Reject::UnknownAccount);
    let unknown = CancelMany { instrument: Some(InstrumentId(99)), ..all };
    assert_eq!(refusal(&world.apply(Command::CancelMany(unknown))).0, Reject::UnknownInstrument);
}

#[test]
fn prices_far_apart_cost_nothing_special() {
    let mut world = World::new();
    let mut want = Vec::new();
    for (account, power) in [(ANN, 3), (ANN, 6), (ANN, 9), (BOB, 4), (BOB, 7), (CAT, 10)] {
        let price = 5 * 10i64.pow(power);
        world.sell(account, price, 4);
        want.push((price, 4, 1));
    }
    want.sort_unstable();
    assert_eq!(world.depth(Side::Sell), want);
}
