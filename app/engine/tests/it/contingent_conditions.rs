//! If-done orders whose first order takes part at a moment of Tokyo's day; and that stops and OCOs
//! have no such moment. Sources: domain rules, section 2 (order conditions; stop and OCO orders are the
//! broker's own); `docs/decisions/contingent-orders.md`. The share is that of `oddlot`: base
//! 1,000 yen. Prices are in 0.1 yen.

use crate::oddlot::{steps, world};
use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

/// Ann buys 100 with a condition, then sells what that filled at 1,010.0.
fn bracket(world: &mut World, condition: Condition, price: i64) -> Contingent {
    let order = world.limit(ANN, STOCK, Side::Buy, price, 100);
    let child = Child {
        side: Side::Sell,
        kind: OrderKind::Limit,
        price: Price(10_100),
        trigger: None,
        stop: None,
        time_in_force: TimeInForce::Day,
        expires: 0,
        client_id: world.name(),
    };
    Contingent {
        order: Place { condition, time_in_force: TimeInForce::Day, ..order },
        trigger: None,
        stop: None,
        expires: 0,
        child: Some(child),
    }
}

fn send(world: &mut World, contingent: Contingent) -> Vec<Event> {
    world.apply(Command::PlaceContingent(Box::new(contingent)))
}

/// Numbers of a first order and the one that follows it.
fn taken(events: &[Event]) -> (OrderId, OrderId) {
    let first = events.iter().find_map(|event| match event {
        Event::Accepted { order, .. } => Some(*order),
        _ => None,
    });
    let second = events.iter().find_map(|event| match event {
        Event::Attached { order, .. } => Some(*order),
        _ => None,
    });
    first.zip(second).unwrap_or_else(|| panic!("{events:?}"))
}

#[test]
fn an_opening_order_that_filled_brings_in_what_follows_it() {
    let mut world = world();
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen]);
    let contingent = bracket(&mut world, Condition::Opening, 10_000);
    let (first, second) = taken(&send(&mut world, contingent));
    assert_eq!(send(&mut world, contingent), [Event::Repeated { order: first }]);
    assert_eq!(world.order(first).condition, Condition::Opening);
    assert_eq!(world.order(second).condition, Condition::Any);
    let offer = world.limit(BOB, STOCK, Side::Sell, 10_000, 100);
    world.accept(offer);
    steps(&mut world, &[SessionStep::Open]);
    assert_eq!(world.order(first).status, OrderStatus::Filled);
    let follows = world.order(second);
    assert_eq!((follows.status, follows.quantity), (OrderStatus::Open, Quantity(100)));
    assert_eq!(world.engine.depth(STOCK, Side::Sell).next().unwrap().price, Price(10_100));
}

#[test]
fn an_opening_order_left_over_takes_what_follows_it_along() {
    let mut world = world();
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen]);
    let contingent = bracket(&mut world, Condition::Opening, 9_000);
    let (first, second) = taken(&send(&mut world, contingent));
    for (account, side) in [(BOB, Side::Sell), (CAT, Side::Buy)] {
        let place = world.limit(account, STOCK, side, 10_000, 100);
        world.accept(place);
    }
    steps(&mut world, &[SessionStep::Open]);
    let ended = |order: OrderId| world.order(order).closed;
    assert_eq!(ended(first), Some(CloseReason::AuctionRest));
    assert_eq!(ended(second), Some(CloseReason::ParentEnded));
}

#[test]
fn a_funari_order_locks_for_the_close_and_its_fill_there_is_followed() {
    let mut world = world();
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen, SessionStep::Open]);
    let before = world.balance(ANN, JPY).1;
    let contingent = bracket(&mut world, Condition::Funari, 9_000);
    let (first, second) = taken(&send(&mut world, contingent));
    // 100 shares at the day's limit of 1,300.0, in 1/10,000 yen: what the close can cost.
    assert_eq!(world.balance(ANN, JPY).1 - before, 100 * 1_300 * 10_000);
    let offer = world.limit(BOB, STOCK, Side::Sell, 10_000, 100);
    world.accept(offer);
    use SessionStep::*;
    steps(&mut world, &[MorningClose, AfternoonPreOpen, AfternoonOpen, PreClose]);
    assert_eq!(world.order(first).kind, OrderKind::Market);
    steps(&mut world, &[Close]);
    assert_eq!(world.order(first).status, OrderStatus::Filled);
    assert_eq!(world.balance(ANN, JPY).1, before);
    // The day is over for the order that follows: it stands in line until it expires.
    assert_eq!(world.order(second).status, OrderStatus::PendingTrigger);
    world.apply(Command::RollDay { profile: Profile::Tse, day: 20_261_125 });
    assert_eq!(world.order(second).closed, Some(CloseReason::Expired));
}

#[test]
fn what_waits_for_a_price_waits_for_no_moment() {
    let mut world = world();
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen]);
    let trigger = Trigger { when: TriggerWhen::AtOrAbove, price: Price(10_500) };
    let plain = bracket(&mut world, Condition::Closing, 10_000);
    let code = |events: &[Event]| match events.first() {
        Some(Event::Refused { code, .. }) => Some(*code),
        _ => None,
    };
    let mut stop = plain;
    (stop.trigger, stop.child) = (Some(trigger), None);
    assert_eq!(code(&send(&mut world, stop)), Some(Reject::InvalidCondition));
    let mut oco = plain;
    oco.order.client_id = world.name();
    (oco.stop, oco.child) = (Some(StopLeg { trigger, price: Price(0) }), None);
    assert_eq!(code(&send(&mut world, oco)), Some(Reject::InvalidCondition));
    let mut amount = bracket(&mut world, Condition::Any, 0);
    amount.order.kind = OrderKind::Market;
    amount.order.by_amount = true;
    assert_eq!(code(&send(&mut world, amount)), Some(Reject::InvalidQuantity));
    let mut good = plain;
    good.order.client_id = world.name();
    taken(&send(&mut world, good));
}
