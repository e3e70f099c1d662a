//! Stop, stop-limit, take-profit, OCO, if-done, if-done-OCO and period orders, kind by kind: what
//! they lock, what sets them off, what becomes of them. Figures are worked out by hand from
//! `domain.md` (sections 2 and 3) and `docs/decisions/contingent-orders.md`.

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

/// Yen in minor units.
pub const YEN: i64 = 10_000;

pub fn world() -> World {
    World::with(
        Limits { live_orders: 400, ..limits() },
        InstrumentSpec { open_order_cap: 0, ..coin() },
        stock(),
    )
}

pub fn at_or_above(price: i64) -> Trigger {
    Trigger { price: Price(price), when: TriggerWhen::AtOrAbove }
}

pub fn at_or_below(price: i64) -> Trigger {
    Trigger { price: Price(price), when: TriggerWhen::AtOrBelow }
}

/// What becomes of an order set off: nothing else asked for.
pub fn plain(order: Place) -> Contingent {
    Contingent { order, trigger: None, stop: None, expires: 0, child: None }
}

pub fn market(order: Place) -> Place {
    Place { kind: OrderKind::Market, price: Price(0), ..order }
}

pub fn stop_order(order: Place, trigger: Trigger) -> Contingent {
    Contingent { trigger: Some(trigger), ..plain(order) }
}

pub fn oco(order: Place, trigger: Trigger, price: i64) -> Contingent {
    Contingent { stop: Some(StopLeg { trigger, price: Price(price) }), ..plain(order) }
}

pub fn child(world: &mut World, side: Side, price: i64) -> Child {
    let kind = if price == 0 { OrderKind::Market } else { OrderKind::Limit };
    Child {
        side,
        kind,
        price: Price(price),
        trigger: None,
        stop: None,
        time_in_force: TimeInForce::Gtc,
        expires: 0,
        client_id: world.name(),
    }
}

pub fn send(world: &mut World, contingent: Contingent) -> Vec<Event> {
    world.apply(Command::PlaceContingent(Box::new(contingent)))
}

/// Sends an order that must be accepted.
pub fn take(world: &mut World, contingent: Contingent) -> OrderId {
    let events = send(world, contingent);
    match events[0] {
        Event::Accepted { order, .. } => order,
        ref other => panic!("{contingent:?} became {other:?}"),
    }
}

/// Trades `quantity` at `price` between two others, so that it is the last price.
pub fn print(world: &mut World, price: i64) -> Vec<Event> {
    world.sell(BOB, price, 4);
    let place = world.limit(CAT, COIN, Side::Buy, price, 4);
    world.place(place)
}

pub fn triggered(events: &[Event]) -> Vec<OrderId> {
    let orders = events.iter().filter_map(|event| match event {
        Event::Triggered { order, .. } => Some(*order),
        _ => None,
    });
    orders.collect()
}

pub fn closed(events: &[Event], id: OrderId) -> Option<CloseReason> {
    events.iter().find_map(|event| match event {
        Event::Closed { order, reason, .. } if *order == id => Some(*reason),
        _ => None,
    })
}

/// Orders that were set off and could not be taken, and why.
pub fn refused_set_off(events: &[Event]) -> Vec<(OrderId, Reject)> {
    let refused = events.iter().filter_map(|event| match event {
        Event::SetOffRefused { order, code, .. } => Some((*order, *code)),
        _ => None,
    });
    refused.collect()
}

#[test]
fn a_stop_waits_outside_the_book_and_becomes_a_market_order() {
    let mut world = world();
    print(&mut world, 1_000);
    world.buy(BOB, 900, 10);
    let order = world.limit(ANN, COIN, Side::Sell, 0, 6);
    let stop = take(&mut world, stop_order(market(order), at_or_below(950)));
    assert_eq!(world.order(stop).status, OrderStatus::PendingTrigger);
    assert_eq!(world.balance(ANN, BTC).1, 6 * 10_000, "the coins are locked");
    assert_eq!(world.depth(Side::Sell), []);
    assert!(triggered(&print(&mut world, 955)).is_empty());
    // Its band is 10% around the last price: 950 - 95 = 855, so 900 is within.
    let events = print(&mut world, 950);
    assert_eq!(triggered(&events), [stop]);
    let state = world.order(stop);
    assert_eq!((state.status, state.filled.0, state.price.0), (OrderStatus::Filled, 6, 0));
    assert_eq!(world.depth(Side::Buy), [(900, 4, 1)]);
}

#[test]
fn a_stop_beyond_its_band_is_cut_short() {
    let mut world = world();
    print(&mut world, 1_000);
    world.buy(BOB, 850, 10);
    let order = world.limit(ANN, COIN, Side::Sell, 0, 6);
    let stop = take(&mut world, stop_order(market(order), at_or_below(950)));
    let events = print(&mut world, 950);
    assert_eq!(closed(&events, stop), Some(CloseReason::ImmediateRest));
    assert_eq!(world.balance(ANN, BTC).1, 0);
}

#[test]
fn a_stop_buy_locks_the_band_around_its_trigger_and_never_pays_more() {
    let mut world = world();
    print(&mut world, 1_000);
    // 10 units of 1/10,000 at up to 1,100 + 10% = 1,210: 1.21 yen.
    let order = world.limit(ANN, COIN, Side::Buy, 0, 10);
    let stop = take(&mut world, stop_order(market(order), at_or_above(1_100)));
    assert_eq!(world.balance(ANN, JPY).1, 1_210 * 10);
    // A gap to 1,200: the band now reaches 1,320, the lock does not.
    world.sell(BOB, 1_215, 10);
    world.sell(BOB, 1_205, 4);
    let events = print(&mut world, 1_200);
    assert_eq!(triggered(&events), [stop]);
    assert_eq!(world.order(stop).filled.0, 4);
    assert_eq!(closed(&events, stop), Some(CloseReason::ImmediateRest));
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

#[test]
fn a_stop_limit_rests_at_its_price_and_a_take_profit_waits_on_the_other_side() {
    let mut world = world();
    print(&mut world, 1_000);
    let order = world.limit(ANN, COIN, Side::Buy, 1_110, 10);
    let stop_limit = take(&mut world, stop_order(order, at_or_above(1_100)));
    assert_eq!(world.balance(ANN, JPY).1, 1_110 * 10);
    let order = world.limit(ANN, COIN, Side::Sell, 1_095, 8);
    let profit = take(&mut world, stop_order(order, at_or_above(1_090)));
    // Nearest first: the take-profit rests before the print that sets off the buy.
    assert_eq!(triggered(&print(&mut world, 1_090)), [profit]);
    assert_eq!(world.depth(Side::Sell), [(1_095, 8, 1)]);
    world.cancel(ANN, profit);
    assert_eq!(triggered(&print(&mut world, 1_100)), [stop_limit]);
    let state = world.order(stop_limit);
    assert_eq!((state.status, state.price.0), (OrderStatus::Open, 1_110));
    assert_eq!(world.depth(Side::Buy), [(1_110, 10, 1)]);
}

#[test]
fn a_trigger_already_met_fires_in_the_same_command() {
    let mut world = world();
    print(&mut world, 1_000);
    let order = world.limit(ANN, COIN, Side::Sell, 1_050, 4);
    let events = send(&mut world, stop_order(order, at_or_above(990)));
    assert_eq!(triggered(&events).len(), 1);
    assert_eq!(world.depth(Side::Sell), [(1_050, 4, 1)]);
}

#[test]
fn a_gap_fires_several_nearest_first_then_by_time_and_rising_before_falling() {
    let mut world = world();
    print(&mut world, 1_000);
    let stop = |world: &mut World, trigger| {
        let order = world.limit(ANN, COIN, Side::Sell, 2_000, 4);
        take(world, stop_order(order, trigger))
    };
    let far = stop(&mut world, at_or_below(960));
    let near_first = stop(&mut world, at_or_below(980));
    let near_second = stop(&mut world, at_or_below(980));
    let nearest = stop(&mut world, at_or_below(990));
    let beyond = stop(&mut world, at_or_below(900));
    let events = print(&mut world, 950);
    assert_eq!(triggered(&events), [nearest, near_first, near_second, far]);
    assert_eq!(world.order(beyond).status, OrderStatus::PendingTrigger);
    // One order that sweeps 940 and 1,060: both directions are met by its trades.
    let rising = stop(&mut world, at_or_above(1_060));
    let falling = stop(&mut world, at_or_below(940));
    world.sell(BOB, 940, 4);
    world.sell(BOB, 1_060, 4);
    let sweep = world.limit(CAT, COIN, Side::Buy, 1_060, 8);
    assert_eq!(triggered(&world.place(sweep)), [rising, falling]);
}

#[test]
fn a_stop_sets_off_a_stop() {
    let mut world = world();
    print(&mut world, 1_000);
    world.buy(BOB, 970, 4);
    world.buy(BOB, 950, 4);
    world.buy(BOB, 930, 4);
    let stop = |world: &mut World, trigger| {
        let order = world.limit(ANN, COIN, Side::Sell, 0, 4);
        take(world, stop_order(market(order), at_or_below(trigger)))
    };
    // Sold at 970 by the print; each stop sells one level lower and reaches the next trigger.
    let last = stop(&mut world, 935);
    let second = stop(&mut world, 950);
    let first = stop(&mut world, 970);
    world.buy(BOB, 910, 4);
    let hit = world.limit(CAT, COIN, Side::Sell, 970, 4);
    let events = world.place(hit);
    assert_eq!(triggered(&events), [first, second, last]);
    let prices: Vec<i64> = trades(&events).iter().map(|t| t.price.0).collect();
    assert_eq!(prices, [970, 950, 930, 910]);
}

#[test]
fn an_oco_rests_as_a_limit_order_until_its_stop_half_takes_over() {
    let mut world = world();
    print(&mut world, 1_000);
    world.buy(BOB, 940, 20);
    let order = world.limit(ANN, COIN, Side::Sell, 1_050, 10);
    let id = take(&mut world, oco(order, at_or_below(950), 0));
    assert_eq!(world.depth(Side::Sell), [(1_050, 10, 1)]);
    assert_eq!(world.balance(ANN, BTC).1, 10 * 10_000, "one lock for both halves");
    // The limit half fills in part; the stop half takes what is left.
    let part = world.limit(CAT, COIN, Side::Buy, 1_050, 4);
    world.place(part);
    let events = print(&mut world, 945);
    assert_eq!(triggered(&events), [id]);
    let state = world.order(id);
    assert_eq!(
        (state.status, state.kind, state.filled.0),
        (OrderStatus::Filled, OrderKind::Market, 10)
    );
    assert_eq!(state.notional, 4 * 1_050 + 6 * 940);
    assert_eq!(world.depth(Side::Sell), []);
    assert_eq!(world.balance(ANN, BTC).1, 0);
}

#[test]
fn an_oco_buy_locks_the_worse_half_and_fills_at_the_better() {
    let mut world = world();
    print(&mut world, 1_000);
    // Limit 950, stop-limit 1,110 from 1,100 on: locked at 1,110.
    let order = world.limit(ANN, COIN, Side::Buy, 950, 10);
    let id = take(&mut world, oco(order, at_or_above(1_100), 1_110));
    assert_eq!(world.balance(ANN, JPY).1, 1_110 * 10);
    let hit = world.limit(BOB, COIN, Side::Sell, 950, 4);
    world.place(hit);
    assert_eq!(world.balance(ANN, JPY).1, 1_110 * 6);
    let events = print(&mut world, 1_100);
    assert_eq!(triggered(&events), [id]);
    assert_eq!(world.depth(Side::Buy), [(1_110, 6, 1)]);
    assert_eq!(world.balance(ANN, JPY).1, 1_110 * 6);
    world.cancel(ANN, id);
    assert_eq!(world.balance(ANN, JPY), (100_000_000 * YEN - 950 * 4, 0));
}

#[test]
fn filling_or_cancelling_an_oco_ends_both_halves() {
    let mut world = world();
    print(&mut world, 1_000);
    let order = world.limit(ANN, COIN, Side::Sell, 1_050, 4);
    let filled = take(&mut world, oco(order, at_or_below(950), 940));
    let order = world.limit(ANN, COIN, Side::Sell, 1_060, 4);
    let cancelled = take(&mut world, oco(order, at_or_below(950), 940));
    let hit = world.limit(CAT, COIN, Side::Buy, 1_050, 4);
    world.place(hit);
    assert_eq!(world.order(filled).status, OrderStatus::Filled);
    world.cancel(ANN, cancelled);
    assert!(triggered(&print(&mut world, 900)).is_empty());
}

#[test]
fn an_if_done_order_follows_for_what_the_first_one_filled() {
    let mut world = world();
    let order = world.limit(DAN, COIN, Side::Buy, 1_000, 10);
    world.deposit(DAN, JPY, 1_000 * 10);
    let exit = child(&mut world, Side::Sell, 1_100);
    let events = send(&mut world, Contingent { child: Some(exit), ..plain(order) });
    let [first, second] = [&events[0], &events[1]].map(|event| match event {
        Event::Accepted { order, .. } | Event::Attached { order, .. } => *order,
        other => panic!("{other:?}"),
    });
    assert_eq!(world.order(second).parent, first);
    assert_eq!(world.order(first).child, second);
    assert_eq!(world.order(second).status, OrderStatus::PendingTrigger);
    assert_eq!(world.engine.open_orders(DAN).count(), 2);
    // In two fills; the second order comes in with the last, for all ten.
    let hit = world.limit(BOB, COIN, Side::Sell, 1_000, 4);
    assert!(triggered(&world.place(hit)).is_empty());
    let hit = world.limit(BOB, COIN, Side::Sell, 1_000, 6);
    assert_eq!(triggered(&world.place(hit)), [second]);
    let state = world.order(second);
    assert_eq!((state.status, state.quantity.0), (OrderStatus::Open, 10));
    assert_eq!(world.depth(Side::Sell), [(1_100, 10, 1)]);
    assert_eq!(world.balance(DAN, BTC), (10 * 10_000, 10 * 10_000));
}

#[test]
fn a_cancelled_first_order_hands_on_what_it_filled_or_ends_the_second() {
    let mut world = world();
    let order = world.limit(ANN, COIN, Side::Buy, 1_000, 10);
    let exit = child(&mut world, Side::Sell, 1_100);
    let first = take(&mut world, Contingent { child: Some(exit), ..plain(order) });
    let second = world.order(first).child;
    let hit = world.limit(BOB, COIN, Side::Sell, 1_000, 4);
    world.place(hit);
    assert_eq!(triggered(&world.cancel(ANN, first)), [second]);
    assert_eq!(world.order(second).quantity.0, 4);
    let order = world.limit(ANN, COIN, Side::Buy, 1_000, 10);
    let exit = child(&mut world, Side::Sell, 1_100);
    let first = take(&mut world, Contingent { child: Some(exit), ..plain(order) });
    let second = world.order(first).child;
    let events = world.cancel(ANN, first);
    assert_eq!(closed(&events, second), Some(CloseReason::ParentEnded));
    // The second alone can be cancelled, too; the first lives on.
    let order = world.limit(ANN, COIN, Side::Buy, 900, 10);
    let exit = child(&mut world, Side::Sell, 1_200);
    let first = take(&mut world, Contingent { child: Some(exit), ..plain(order) });
    let second = world.order(first).child;
    world.cancel(ANN, second);
    assert_eq!(world.order(first).status, OrderStatus::Open);
    let hit = world.limit(BOB, COIN, Side::Sell, 900, 10);
    assert!(triggered(&world.place(hit)).is_empty());
}

#[test]
fn if_done_oco_buys_then_sells_at_a_profit_or_a_loss() {
    let mut world = world();
    world.sell(BOB, 1_000, 10);
    world.buy(CAT, 930, 20);
    let order = world.limit(ANN, COIN, Side::Buy, 1_000, 10);
    let stop = StopLeg { trigger: at_or_below(950), price: Price(0) };
    let exit = Child { stop: Some(stop), ..child(&mut world, Side::Sell, 1_100) };
    let events = send(&mut world, Contingent { child: Some(exit), ..plain(order) });
    // Filled at once: the second order rests in the same command.
    let second = triggered(&events)[0];
    assert_eq!(world.depth(Side::Sell), [(1_100, 10, 1)]);
    let events = print(&mut world, 950);
    assert_eq!(triggered(&events), [second]);
    assert_eq!(world.order(second).notional, 930 * 10);
}

#[test]
fn a_stop_may_follow_a_stop() {
    let mut world = world();
    print(&mut world, 1_000);
    world.sell(BOB, 1_105, 4);
    let order = world.limit(ANN, COIN, Side::Buy, 1_110, 4);
    let exit = Child { trigger: Some(at_or_below(1_050)), ..child(&mut world, Side::Sell, 0) };
    let first =
        take(&mut world, Contingent { child: Some(exit), ..stop_order(order, at_or_above(1_100)) });
    let second = world.order(first).child;
    let events = print(&mut world, 1_100);
    assert_eq!(triggered(&events), [first, second]);
    assert_eq!(world.order(second).status, OrderStatus::PendingTrigger);
    assert_eq!(world.balance(ANN, BTC).1, 4 * 10_000);
    world.buy(BOB, 1_040, 4);
    assert_eq!(triggered(&print(&mut world, 1_050)), [second]);
    assert_eq!(world.order(second).notional, 1_040 * 4);
}

#[test]
fn a_second_order_without_funds_is_closed_when_it_is_set_off() {
    let mut world = world();
    // Buys twice: after the first there is nothing left for the second.
    world.deposit(DAN, JPY, 1_000 * 10);
    let order = world.limit(DAN, COIN, Side::Buy, 1_000, 10);
    let more = child(&mut world, Side::Buy, 990);
    let first = take(&mut world, Contingent { child: Some(more), ..plain(order) });
    let second = world.order(first).child;
    let hit = world.limit(BOB, COIN, Side::Sell, 1_000, 10);
    let events = world.place(hit);
    assert_eq!(refused_set_off(&events), [(second, Reject::InsufficientFunds)]);
    assert_eq!(closed(&events, second), Some(CloseReason::TriggerRefused));
    assert_eq!(world.order(second).status, OrderStatus::Cancelled);
    assert_eq!(world.order(second).reject, Some(Reject::InsufficientFunds));
}

#[test]
fn a_halt_of_its_kind_closes_an_order_that_is_set_off() {
    let mut world = world();
    print(&mut world, 1_000);
    let order = world.limit(ANN, COIN, Side::Sell, 900, 4);
    let stop = take(&mut world, stop_order(order, at_or_below(940)));
    world.sell(BOB, 940, 4);
    let halts = Halts::limit(Side::Sell);
    world.apply(Command::SetHalts { instrument: COIN, halts, by: by() });
    let hit = world.limit(CAT, COIN, Side::Buy, 940, 4);
    let events = world.place(hit);
    assert_eq!(refused_set_off(&events), [(stop, Reject::KindHalted)]);
    assert_eq!(closed(&events, stop), Some(CloseReason::TriggerRefused));
    assert_eq!(world.balance(ANN, BTC).1, 0);
}

#[test]
fn while_an_instrument_is_halted_a_second_order_waits_for_it() {
    let mut world = world();
    let order = world.limit(ANN, COIN, Side::Buy, 1_000, 10);
    let exit = child(&mut world, Side::Sell, 1_100);
    let first = take(&mut world, Contingent { child: Some(exit), ..plain(order) });
    let second = world.order(first).child;
    let hit = world.limit(BOB, COIN, Side::Sell, 1_000, 4);
    world.place(hit);
    world.instrument_status(COIN, InstrumentStatus::Halted);
    // Cancels work in a halt; what was filled is handed on, but comes in only when it is over.
    assert!(triggered(&world.cancel(ANN, first)).is_empty());
    assert_eq!(world.engine.next_due(), None);
    world.instrument_status(COIN, InstrumentStatus::Open);
    assert_eq!(world.order(second).status, OrderStatus::Open);
    assert_eq!(world.depth(Side::Sell), [(1_100, 4, 1)]);
}

#[test]
fn a_kill_switch_holds_back_what_is_set_off_or_closes_it() {
    let mut world = world();
    let kill = |scope, on| Command::SetKill { scope, on, by: by() };
    for scope in [KillScope::Venue, KillScope::Instrument(COIN)] {
        let order = world.limit(ANN, COIN, Side::Buy, 1_000, 10);
        let exit = child(&mut world, Side::Sell, 1_100);
        let first = take(&mut world, Contingent { child: Some(exit), ..plain(order) });
        let second = world.order(first).child;
        let hit = world.limit(BOB, COIN, Side::Sell, 1_000, 4);
        world.place(hit);
        world.apply(kill(scope, true));
        assert!(triggered(&world.cancel(ANN, first)).is_empty());
        world.apply(kill(scope, false));
        world.apply(Command::Wake);
        assert_eq!(world.order(second).status, OrderStatus::Open);
        world.cancel(ANN, second);
    }
    let order = world.limit(ANN, COIN, Side::Sell, 900, 4);
    let stop = take(&mut world, stop_order(order, at_or_below(940)));
    world.apply(kill(KillScope::Account(ANN), true));
    let events = print(&mut world, 940);
    assert_eq!(refused_set_off(&events), [(stop, Reject::Killed)]);
    assert_eq!(closed(&events, stop), Some(CloseReason::TriggerRefused));
}

#[test]
fn more_than_a_hundred_go_off_in_steps_with_the_same_end() {
    // 250 are found at once and come in by hundreds; of 1,200 a thousand are found first.
    set_off_in_steps(250, 100, 2);
    set_off_in_steps(1_200, 0, 12);
}

fn set_off_in_steps(number: i64, at_once: usize, steps_max: u32) {
    let mut world = World::with(
        Limits { live_orders: 1_600, answers: 1_600, ..limits() },
        InstrumentSpec { open_order_cap: 0, ..coin() },
        stock(),
    );
    print(&mut world, 1_000);
    let stops: Vec<OrderId> = (0..number)
        .map(|i| {
            let order = world.limit(ANN, COIN, Side::Sell, 2_000, 4);
            take(&mut world, stop_order(order, at_or_below(990 - i % 5 * 5)))
        })
        .collect();
    let mut fired = triggered(&print(&mut world, 900));
    assert_eq!(fired.len(), at_once);
    assert!(world.engine.next_due().is_some_and(|due| due.0 <= world.seq * 10));
    let mut steps = 0;
    loop {
        let events = world.apply(Command::Wake);
        fired.extend(triggered(&events));
        steps += 1;
        if matches!(events.last(), Some(Event::Woken { more: false, .. })) {
            break;
        }
    }
    assert_eq!(steps, steps_max);
    assert_eq!(world.engine.next_due(), None);
    let mut wanted = stops.clone();
    wanted.sort_by_key(|&order| {
        let at = stops.iter().position(|&known| known == order).expect("one of them") as i64;
        (at % 5, at)
    });
    assert_eq!(fired, wanted);
}
