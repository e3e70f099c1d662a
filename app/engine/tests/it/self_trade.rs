//! Self-trade prevention by worked examples (domain.md, section 3): the newer order's mode counts,
//! and original = executed + prevented + open + cancelled for every order.
//!
//! Prices are yen and quantities 10^-4 BTC, so price x quantity is minor units of JPY.

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

fn world() -> World {
    World::with(limits(), InstrumentSpec { open_order_cap: 0, ..coin() }, stock())
}

/// Ann sells 10 at 100 between 10 of Bob's before and 10 of Cat's after her.
fn book(world: &mut World) -> [OrderId; 3] {
    [BOB, ANN, CAT].map(|account| world.sell(account, 100, 10))
}

fn buy(world: &mut World, mode: SelfTrade, quantity: i64) -> (OrderId, Vec<Event>) {
    let place = world.limit(ANN, COIN, Side::Buy, 100, quantity);
    let events = world.place(Place { self_trade: mode, ..place });
    match events[0] {
        Event::Accepted { order, .. } => (order, events),
        ref other => panic!("{other:?}"),
    }
}

/// Filled, prevented, open quantity and why it ended.
fn stands(world: &World, order: OrderId) -> (i64, i64, i64, Option<CloseReason>) {
    let state = world.order(order);
    let open = if state.status.is_live() { state.remaining().0 } else { 0 };
    (state.filled.0, state.prevented.0, open, state.closed)
}

#[test]
fn allowed_orders_of_one_account_trade_with_each_other() {
    let mut world = world();
    let [_, own, _] = book(&mut world);
    let (order, events) = buy(&mut world, SelfTrade::Allow, 24);
    assert_eq!(trades(&events).len(), 3);
    assert_eq!(stands(&world, own), (10, 0, 0, Some(CloseReason::Filled)));
    assert_eq!(stands(&world, order), (24, 0, 0, Some(CloseReason::Filled)));
}

#[test]
fn cancel_taker_ends_the_newer_order_where_it_meets_the_older() {
    let mut world = world();
    let [bobs, own, cats] = book(&mut world);
    let (order, events) = buy(&mut world, SelfTrade::CancelTaker, 24);
    assert_eq!(trades(&events).len(), 1);
    assert_eq!(stands(&world, bobs), (10, 0, 0, Some(CloseReason::Filled)));
    assert_eq!(stands(&world, own), (0, 0, 10, None));
    assert_eq!(stands(&world, cats), (0, 0, 10, None));
    assert_eq!(stands(&world, order), (10, 0, 0, Some(CloseReason::SelfTrade)));
    assert_eq!(world.order(order).status, OrderStatus::Cancelled);
    assert_eq!(world.balance(ANN, JPY).1, 0, "its lock is released");
    assert_eq!(world.depth(Side::Sell), [(100, 20, 2)]);
    // Where nothing was traded before, no level is announced.
    let (_, events) = buy(&mut world, SelfTrade::CancelTaker, 24);
    assert!(!events.iter().any(|event| matches!(event, Event::Level { .. })), "{events:?}");
}

#[test]
fn cancel_maker_ends_the_older_order_and_the_newer_goes_on() {
    let mut world = world();
    let [_, own, cats] = book(&mut world);
    let (order, events) = buy(&mut world, SelfTrade::CancelMaker, 24);
    assert_eq!(trades(&events).len(), 2);
    assert_eq!(stands(&world, own), (0, 0, 0, Some(CloseReason::SelfTrade)));
    assert_eq!(stands(&world, cats), (10, 0, 0, Some(CloseReason::Filled)));
    assert_eq!(stands(&world, order), (20, 0, 4, None));
    assert_eq!(world.balance(ANN, BTC).1, 0, "what the sell locked is released");
    assert_eq!(world.balance(ANN, JPY).1, 400);
    let levels = events.iter().filter(|event| matches!(event, Event::Level { .. })).count();
    assert_eq!(levels, 2, "each level once");
}

#[test]
fn cancel_both_ends_both() {
    let mut world = world();
    let [_, own, cats] = book(&mut world);
    let (order, events) = buy(&mut world, SelfTrade::CancelBoth, 24);
    assert_eq!(trades(&events).len(), 1);
    assert_eq!(stands(&world, own), (0, 0, 0, Some(CloseReason::SelfTrade)));
    assert_eq!(stands(&world, cats), (0, 0, 10, None));
    assert_eq!(stands(&world, order), (10, 0, 0, Some(CloseReason::SelfTrade)));
    assert_eq!((world.balance(ANN, JPY).1, world.balance(ANN, BTC).1), (0, 0));
}

#[test]
fn decrement_takes_the_smaller_quantity_off_both_untraded() {
    let mut world = world();
    let [_, own, cats] = book(&mut world);
    let (order, events) = buy(&mut world, SelfTrade::Decrement, 24);
    // 10 from Bob, 10 prevented, 4 from Cat.
    assert_eq!(trades(&events).iter().map(|t| t.quantity.0).collect::<Vec<_>>(), [10, 4]);
    assert_eq!(stands(&world, own), (0, 10, 0, Some(CloseReason::SelfTrade)));
    assert_eq!(stands(&world, cats), (4, 0, 6, None));
    assert_eq!(stands(&world, order), (14, 10, 0, Some(CloseReason::Filled)));
    let prevented: Vec<_> = events
        .iter()
        .filter_map(|event| match *event {
            Event::Prevented { order, quantity, remaining, .. } => {
                Some((order, quantity.0, remaining.0))
            }
            _ => None,
        })
        .collect();
    assert_eq!(prevented, [(own, 10, 0), (order, 10, 4)]);
    assert_eq!((world.balance(ANN, JPY).1, world.balance(ANN, BTC).1), (0, 0));
}

#[test]
fn decrement_ends_the_newer_order_when_it_is_the_smaller() {
    let mut world = world();
    let own = world.sell(ANN, 100, 10);
    let (order, events) = buy(&mut world, SelfTrade::Decrement, 4);
    assert_eq!(trades(&events).len(), 0);
    assert_eq!(stands(&world, own), (0, 4, 6, None));
    assert_eq!(stands(&world, order), (0, 4, 0, Some(CloseReason::SelfTrade)));
    // What is prevented is used up: the order of 10 can only be amended to more than 4.
    assert!(matches!(world.amend(ANN, own, 0, 4)[0], Event::Refused { .. }));
    world.amend(ANN, own, 0, 8);
    assert_eq!(stands(&world, own), (0, 4, 4, None));
    world.cancel(ANN, own);
    assert_eq!(stands(&world, own), (0, 4, 0, Some(CloseReason::Cancelled)));
}

#[test]
fn a_decremented_lock_is_what_the_rest_can_spend_after_fees_and_rounding() {
    let coin =
        InstrumentSpec { taker_fee_ppm: 1_111, maker_fee_ppm: -7, price_digits: 3, ..coin() };
    let mut world = World::with(limits(), coin, stock());
    world.sell(BOB, 12_345, 6);
    let own = world.buy(ANN, 12_345, 20);
    // 14 are left. The whole-state check after every command compares the lock with them.
    let sell = world.limit(ANN, COIN, Side::Sell, 12_340, 8);
    let events = world.place(Place { self_trade: SelfTrade::Decrement, ..sell });
    assert_eq!(trades(&events).len(), 0);
    assert_eq!(stands(&world, own), (6, 8, 6, None));
    world.sell(BOB, 12_345, 6);
    assert_eq!(stands(&world, own), (12, 8, 0, Some(CloseReason::Filled)));
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

#[test]
fn the_newer_orders_mode_counts_also_when_it_is_newer_by_amendment() {
    let mut world = world();
    let place = world.limit(ANN, COIN, Side::Sell, 200, 10);
    let sell = world.accept(Place { self_trade: SelfTrade::CancelMaker, ..place });
    let place = world.limit(ANN, COIN, Side::Buy, 100, 10);
    let bought = world.accept(Place { self_trade: SelfTrade::CancelTaker, ..place });
    world.amend(ANN, sell, 100, 0);
    assert_eq!(stands(&world, bought), (0, 0, 0, Some(CloseReason::SelfTrade)));
    assert_eq!(stands(&world, sell), (0, 0, 10, None));
    let place = world.limit(ANN, COIN, Side::Buy, 50, 10);
    let bought = world.accept(Place { self_trade: SelfTrade::CancelTaker, ..place });
    world.amend(ANN, bought, 100, 0);
    assert_eq!(stands(&world, bought), (0, 0, 0, Some(CloseReason::SelfTrade)));
    assert_eq!(world.depth(Side::Buy), []);
    assert_eq!(world.depth(Side::Sell), [(100, 10, 1)]);
}

#[test]
fn all_or_nothing_counts_only_what_it_may_trade_with() {
    let cases = [
        // Twenty are of others, ten of them behind Ann's own.
        (SelfTrade::Allow, 30, true),
        (SelfTrade::CancelMaker, 20, true),
        (SelfTrade::CancelMaker, 22, false),
        (SelfTrade::CancelTaker, 10, true),
        (SelfTrade::CancelTaker, 12, false),
        (SelfTrade::CancelBoth, 12, false),
        (SelfTrade::Decrement, 10, true),
        (SelfTrade::Decrement, 12, false),
    ];
    for (mode, quantity, fills) in cases {
        let mut world = world();
        book(&mut world);
        let place = world.limit(ANN, COIN, Side::Buy, 100, quantity);
        let place = Place { time_in_force: TimeInForce::Fok, self_trade: mode, ..place };
        let order = world.accept(place);
        let (filled, reason) = match fills {
            true => (quantity, CloseReason::Filled),
            false => (0, CloseReason::FillOrKill),
        };
        assert_eq!(stands(&world, order), (filled, 0, 0, Some(reason)), "{mode:?} {quantity}");
        if !fills {
            assert_eq!(world.depth(Side::Sell), [(100, 30, 3)], "nothing is touched");
        }
    }
}

#[test]
fn post_only_is_refused_whoever_it_would_meet() {
    let mut world = world();
    world.sell(ANN, 100, 10);
    for &self_trade in SelfTrade::ALL {
        let place = world.limit(ANN, COIN, Side::Buy, 100, 10);
        let events = world.place(Place { post_only: true, self_trade, ..place });
        assert_eq!(refusal(&events).0, zaraba_engine::Reject::PostOnlyWouldCross);
    }
}

#[test]
fn auctions_know_no_prevention() {
    let coin = InstrumentSpec { open_order_cap: 0, ..coin() };
    let mut world = World::with(limits(), coin, stock());
    let call =
        Command::StartCall { instrument: COIN, kind: AuctionKind::Listing, seconds: 1, by: by() };
    world.apply(call);
    world.sell(ANN, 100, 10);
    let (order, _) = buy(&mut world, SelfTrade::CancelBoth, 10);
    world.at = 2_000_000_000;
    let events = world.apply(Command::Wake);
    assert_eq!(trades(&events).len(), 1, "{events:?}");
    assert_eq!(stands(&world, order), (10, 0, 0, Some(CloseReason::Filled)));
}
