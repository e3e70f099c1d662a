//! Stop, stop-limit, take-profit, OCO, if-done, if-done-OCO and period orders, kind by kind: what
//! they lock, what sets them off, what becomes of them. Figures are worked out by hand from
//! `domain.md` (sections 2 and 3) and `docs/decisions/contingent-orders.md`.

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
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

#[test]
fn repeats_get_the_first_answer_and_other_terms_are_refused() {
    let mut world = world();
    print(&mut world, 1_000);
    let order = world.limit(ANN, COIN, Side::Sell, 1_050, 10);
    let exit = child(&mut world, Side::Buy, 900);
    let sent = Contingent { child: Some(exit), ..oco(order, at_or_below(950), 0) };
    let first = take(&mut world, sent);
    let repeated = |world: &mut World, sent| {
        let events = send(world, sent);
        match events[..] {
            [Event::Repeated { order }] => Ok(order),
            _ => Err(refusal(&events).0),
        }
    };
    assert_eq!(repeated(&mut world, sent), Ok(first));
    let other = [
        Contingent { child: None, ..sent },
        Contingent { child: Some(Child { price: Price(905), ..exit }), ..sent },
        Contingent { stop: None, ..sent },
        Contingent { ..oco(order, at_or_below(945), 0) },
        Contingent { order: Place { price: Price(1_055), ..order }, ..sent },
    ];
    for other in other {
        assert_eq!(repeated(&mut world, other), Err(Reject::DuplicateClientOrderId));
    }
    // As a plain order it is another one; so is the second's id; and after it turned into its
    // stop half it is still the same.
    let events = world.place(order);
    assert_eq!(refusal(&events), (Reject::DuplicateClientOrderId, false));
    let order = world.limit(ANN, COIN, Side::Buy, 900, 10);
    let events = world.place(Place { client_id: exit.client_id, ..order });
    assert_eq!(refusal(&events), (Reject::DuplicateClientOrderId, false));
    let taken = Contingent { child: Some(exit), ..plain(order) };
    assert_eq!(refusal(&send(&mut world, taken)), (Reject::DuplicateClientOrderId, false));
    print(&mut world, 900);
    assert_eq!(world.order(first).kind, OrderKind::Market);
    assert_eq!(repeated(&mut world, sent), Ok(first));
    // A refused one is remembered, too.
    let order = world.limit(ANN, COIN, Side::Sell, 1_051, 10);
    let bad = stop_order(order, at_or_below(900));
    assert_eq!(refusal(&send(&mut world, bad)), (Reject::OffTick, true));
    assert!(matches!(send(&mut world, bad)[..], [Event::Repeated { .. }]));
}

#[test]
fn combinations_that_make_no_sense_are_refused() {
    let mut world = world();
    print(&mut world, 1_000);
    let order = world.limit(ANN, COIN, Side::Sell, 1_050, 10);
    let buy = Place { side: Side::Buy, price: Price(950), ..order };
    let fine = child(&mut world, Side::Sell, 1_100);
    let ioc = TimeInForce::Ioc;
    let gtd = TimeInForce::Gtd;
    let cases = [
        (plain(order), Reject::InvalidTrigger),
        (
            Contingent { trigger: Some(at_or_below(900)), ..oco(order, at_or_below(950), 0) },
            Reject::InvalidTrigger,
        ),
        (oco(order, at_or_below(1_050), 0), Reject::InvalidTrigger),
        (oco(order, at_or_above(950), 0), Reject::InvalidTrigger),
        (oco(buy, at_or_above(950), 0), Reject::InvalidTrigger),
        (oco(market(order), at_or_below(950), 0), Reject::InvalidTrigger),
        (oco(order, at_or_below(951), 0), Reject::OffTick),
        (oco(order, at_or_below(0), 0), Reject::InvalidPrice),
        (oco(order, at_or_below(950), -5), Reject::InvalidPrice),
        (oco(order, at_or_below(950), 943), Reject::OffTick),
        (
            oco(Place { time_in_force: ioc, ..order }, at_or_below(950), 0),
            Reject::InvalidTimeInForce,
        ),
        (oco(Place { post_only: true, ..order }, at_or_below(950), 0), Reject::InvalidTimeInForce),
        (
            stop_order(Place { post_only: true, ..market(order) }, at_or_below(950)),
            Reject::InvalidTimeInForce,
        ),
        (stop_order(order, at_or_below(-5)), Reject::InvalidPrice),
        (
            stop_order(Place { kind: OrderKind::Market, ..order }, at_or_below(950)),
            Reject::InvalidPrice,
        ),
        (
            stop_order(Place { by_amount: true, ..market(order) }, at_or_below(950)),
            Reject::InvalidQuantity,
        ),
        (
            stop_order(Place { condition: Condition::Closing, ..order }, at_or_below(950)),
            Reject::InvalidCondition,
        ),
        (plain(Place { time_in_force: gtd, ..order }), Reject::InvalidExpiry),
        (
            Contingent { expires: 20_261_201, ..stop_order(order, at_or_below(950)) },
            Reject::InvalidTimeInForce,
        ),
        (
            Contingent { expires: 20_261_131, ..plain(Place { time_in_force: gtd, ..order }) },
            Reject::InvalidExpiry,
        ),
        (
            Contingent { child: Some(Child { time_in_force: ioc, ..fine }), ..plain(order) },
            Reject::InvalidTimeInForce,
        ),
        (
            Contingent {
                child: Some(Child { time_in_force: TimeInForce::Day, ..fine }),
                ..plain(order)
            },
            Reject::InvalidTimeInForce,
        ),
        (
            Contingent { child: Some(Child { price: Price(1_101), ..fine }), ..plain(order) },
            Reject::OffTick,
        ),
        (
            Contingent { child: Some(Child { kind: OrderKind::Market, ..fine }), ..plain(order) },
            Reject::InvalidPrice,
        ),
    ];
    for (i, (sent, code)) in cases.into_iter().enumerate() {
        let client_id = world.name();
        let sent = Contingent { order: Place { client_id, ..sent.order }, ..sent };
        let events = send(&mut world, sent);
        assert_eq!(refusal(&events), (code, true), "case {i}: {sent:?}");
    }
    let same = Child { client_id: order.client_id, ..fine };
    let events = send(&mut world, Contingent { child: Some(same), ..plain(order) });
    assert_eq!(refusal(&events), (Reject::InvalidClientId, false));
    world.apply(Command::SetHalts {
        instrument: COIN,
        halts: Halts::contingent(Side::Sell),
        by: by(),
    });
    let events = send(&mut world, stop_order(order, at_or_below(950)));
    assert_eq!(refusal(&events), (Reject::KindHalted, true));
    let gtd = Place { time_in_force: TimeInForce::Gtd, client_id: world.name(), ..order };
    assert_eq!(refusal(&world.place(gtd)), (Reject::InvalidTimeInForce, true));
}

#[test]
fn waiting_orders_count_for_the_cap_and_the_room_there_is() {
    let mut world = World::with(Limits { live_orders: 4, ..limits() }, coin(), stock());
    let stop = |world: &mut World, account| {
        let order = world.limit(account, COIN, Side::Sell, 2_000, 4);
        send(world, stop_order(order, at_or_below(900)))
    };
    stop(&mut world, ANN);
    stop(&mut world, ANN);
    // The cap is three: one more, but not one with a second.
    let order = world.limit(ANN, COIN, Side::Buy, 800, 4);
    let exit = child(&mut world, Side::Sell, 900);
    let pair = Contingent { child: Some(exit), ..plain(order) };
    assert_eq!(refusal(&send(&mut world, pair)), (Reject::OpenOrderCap, true));
    stop(&mut world, ANN);
    assert_eq!(refusal(&stop(&mut world, ANN)), (Reject::OpenOrderCap, true));
    let order = world.limit(BOB, COIN, Side::Buy, 800, 4);
    let exit = child(&mut world, Side::Sell, 900);
    let pair = Contingent { child: Some(exit), ..plain(order) };
    assert_eq!(refusal(&send(&mut world, pair)), (Reject::CapacityExhausted, true));
    stop(&mut world, BOB);
    assert_eq!(refusal(&stop(&mut world, CAT)), (Reject::CapacityExhausted, true));
    assert_eq!(world.engine.live_orders(), 4);
}

#[test]
fn amending_what_waits() {
    let mut world = world();
    print(&mut world, 1_000);
    let order = world.limit(ANN, COIN, Side::Buy, 1_110, 10);
    let stop = take(&mut world, stop_order(order, at_or_above(1_100)));
    let events = world.amend(ANN, stop, 1_120, 8);
    assert!(matches!(events[0], Event::Amended { kept_priority: true, .. }));
    assert_eq!(world.balance(ANN, JPY).1, 1_120 * 8);
    assert_eq!(refusal(&world.amend(ANN, stop, 0, 10)).0, Reject::QuantityIncrease);
    world.cancel(ANN, stop);
    let order = world.limit(ANN, COIN, Side::Buy, 0, 10);
    let stop = take(&mut world, stop_order(market(order), at_or_above(1_100)));
    assert_eq!(refusal(&world.amend(ANN, stop, 1_200, 0)).0, Reject::AmendNotAllowed);
    world.amend(ANN, stop, 0, 4);
    assert_eq!(world.balance(ANN, JPY).1, 1_210 * 4);
    world.cancel(ANN, stop);
    // The limit half of an OCO moves, but not past its trigger; the lock is the worse half's.
    let order = world.limit(ANN, COIN, Side::Buy, 900, 10);
    let id = take(&mut world, oco(order, at_or_above(1_100), 1_110));
    assert_eq!(refusal(&world.amend(ANN, id, 1_100, 0)).0, Reject::InvalidTrigger);
    world.amend(ANN, id, 950, 6);
    assert_eq!(world.depth(Side::Buy), [(950, 6, 1)]);
    assert_eq!(world.balance(ANN, JPY).1, 1_110 * 6);
    world.cancel(ANN, id);
    // A second order before its first is done stays as it is.
    let order = world.limit(ANN, COIN, Side::Buy, 900, 10);
    let exit = child(&mut world, Side::Sell, 1_200);
    let first = take(&mut world, Contingent { child: Some(exit), ..plain(order) });
    let second = world.order(first).child;
    assert_eq!(refusal(&world.amend(ANN, second, 1_250, 0)).0, Reject::AmendNotAllowed);
}

#[test]
fn mass_cancels_take_what_waits_along_with_the_pairs() {
    let mut world = world();
    print(&mut world, 1_000);
    let many = |account, instrument| {
        Command::CancelMany(CancelMany {
            price: Price(0),
            group: None,
            account,
            instrument,
            side: None,
            from: OrderId(0),
            via: Via::Admin,
            key: 0,
        })
    };
    for filter in [many(Some(ANN), None), many(None, Some(COIN)), many(None, None)] {
        for _ in 0..3 {
            let order = world.limit(ANN, COIN, Side::Buy, 900, 10);
            let exit = child(&mut world, Side::Sell, 1_200);
            take(&mut world, Contingent { child: Some(exit), ..plain(order) });
            let order = world.limit(ANN, COIN, Side::Sell, 1_050, 10);
            take(&mut world, oco(order, at_or_below(950), 0));
            let order = world.limit(ANN, COIN, Side::Sell, 900, 10);
            let exit = child(&mut world, Side::Buy, 800);
            let sent = stop_order(order, at_or_below(940));
            take(&mut world, Contingent { child: Some(exit), ..sent });
        }
        // One first order is filled in part: its second is set off by the cancel, and goes too.
        let hit = world.limit(BOB, COIN, Side::Sell, 900, 4);
        world.place(Place { time_in_force: TimeInForce::Ioc, ..hit });
        for _ in 0..4 {
            world.apply(filter.clone());
            world.apply(Command::Wake);
        }
        assert_eq!(world.engine.open_orders(ANN).count(), 0, "{filter:?}");
        assert_eq!(world.balance(ANN, BTC).1, 0);
        print(&mut world, 1_000);
    }
}

fn roll(world: &mut World, profile: Profile, day: u32) -> Vec<Event> {
    world.apply(Command::RollDay { profile, day })
}

#[test]
fn a_period_order_lives_through_its_last_day_and_no_longer() {
    let mut world = world();
    roll(&mut world, Profile::Crypto, 20_261_201);
    let period = |world: &mut World, expires| {
        let order = world.limit(ANN, COIN, Side::Sell, 1_050, 4);
        let order = Place { time_in_force: TimeInForce::Gtd, ..order };
        Contingent { expires, ..plain(order) }
    };
    let first = period(&mut world, 20_261_201);
    let first = take(&mut world, first);
    let second = period(&mut world, 20_261_202);
    let second = take(&mut world, second);
    let day = world.limit(ANN, COIN, Side::Sell, 1_050, 4);
    let waiting = stop_order(Place { time_in_force: TimeInForce::Day, ..day }, at_or_below(900));
    let waiting = take(&mut world, waiting);
    let events = roll(&mut world, Profile::Crypto, 20_261_202);
    assert_eq!(closed(&events, first), Some(CloseReason::Expired));
    assert_eq!(closed(&events, waiting), Some(CloseReason::Expired));
    assert_eq!(world.order(second).status, OrderStatus::Open);
    let events = roll(&mut world, Profile::Crypto, 20_261_203);
    assert_eq!(closed(&events, second), Some(CloseReason::Expired));
    assert_eq!(world.balance(ANN, BTC).1, 0);
    // Yesterday, a day there is not, and the 91st day from now are refused; the 90th is not.
    let cases = [
        (20_261_202, false),
        (20_261_232, false),
        (20_270_229, false),
        (20_270_304, false),
        (20_270_303, true),
    ];
    for (expires, fine) in cases {
        let sent = period(&mut world, expires);
        let events = send(&mut world, sent);
        assert_eq!(matches!(events[0], Event::Accepted { .. }), fine, "{expires}: {events:?}");
        if !fine {
            assert_eq!(refusal(&events), (Reject::InvalidExpiry, true));
        }
    }
}

#[test]
fn a_second_order_lives_as_long_as_its_first() {
    let mut world = world();
    roll(&mut world, Profile::Crypto, 20_261_201);
    let order = world.limit(ANN, COIN, Side::Buy, 900, 4);
    let order = Place { time_in_force: TimeInForce::Gtd, ..order };
    let exit = child(&mut world, Side::Sell, 1_100);
    let exit = Child { time_in_force: TimeInForce::Gtd, expires: 20_261_203, ..exit };
    let sent = Contingent { expires: 20_261_204, child: Some(exit), ..plain(order) };
    assert_eq!(refusal(&send(&mut world, sent)), (Reject::InvalidExpiry, true));
    let order = Place { client_id: world.name(), ..order };
    let sent = Contingent { order, expires: 20_261_203, ..sent };
    let first = take(&mut world, sent);
    let second = world.order(first).child;
    let hit = world.limit(BOB, COIN, Side::Sell, 900, 2);
    assert_eq!(refusal(&world.place(hit)), (Reject::BelowMinQuantity, true));
    roll(&mut world, Profile::Crypto, 20_261_203);
    let events = roll(&mut world, Profile::Crypto, 20_261_204);
    assert_eq!(closed(&events, first), Some(CloseReason::Expired));
    let ended = [CloseReason::Expired, CloseReason::ParentEnded];
    assert!(closed(&events, second).is_some_and(|reason| ended.contains(&reason)));
}

/// A world with a stock that follows Tokyo's sessions, on its first day, before the open. Base
/// price 3,000.0 yen: limits 2,300.0 and 3,700.0 (700 yen either way from 3,000 yen on).
fn tokyo() -> World {
    let stock = InstrumentSpec { session_rules: true, ..stock() };
    let mut world = World::with(Limits { live_orders: 400, ..limits() }, coin(), stock);
    roll(&mut world, Profile::Tse, 20_261_201);
    session(&mut world, 20_261_201, SessionStep::PreOpen);
    world
}

fn session(world: &mut World, day: u32, step: SessionStep) -> Vec<Event> {
    let (profile, until) = (Profile::Tse, Timestamp(0));
    world.apply(Command::Session { profile, day, step, until })
}

fn share(world: &mut World, account: AccountId, side: Side, price: i64) -> Place {
    let order = world.limit(account, STOCK, side, price, 100);
    Place { time_in_force: TimeInForce::Day, ..order }
}

/// Trades 100 shares at a price, as the opening auction does or in continuous trading.
fn share_print(world: &mut World, price: i64) -> Vec<Event> {
    let sell = share(world, BOB, Side::Sell, price);
    world.accept(sell);
    let buy = share(world, CAT, Side::Buy, price);
    world.place(buy)
}

#[test]
fn a_stop_in_tokyo_locks_the_days_limit_and_rests_as_a_market_order_in_a_call() {
    let mut world = tokyo();
    let limit_up = world.engine.instrument(STOCK).unwrap().spec.limit_up.0;
    let buy = share(&mut world, ANN, Side::Buy, 0);
    let stop = take(&mut world, stop_order(market(buy), at_or_above(30_100)));
    assert_eq!(world.balance(ANN, JPY).1, limit_up * 100 * YEN / 10);
    // Set off by the opening price, it takes the next offer at once.
    share_print(&mut world, 30_100);
    let offer = share(&mut world, BOB, Side::Sell, 30_120);
    world.accept(offer);
    let events = session(&mut world, 20_261_201, SessionStep::Open);
    assert_eq!(triggered(&events), [stop]);
    let traded: Vec<i64> = trades(&events).iter().map(|t| t.price.0).collect();
    assert_eq!(traded, [30_100, 30_120]);
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

#[test]
fn an_afternoon_opening_sets_off_what_the_break_kept() {
    let mut world = tokyo();
    share_print(&mut world, 30_000);
    session(&mut world, 20_261_201, SessionStep::Open);
    let sell = share(&mut world, ANN, Side::Sell, 0);
    let stop = take(&mut world, stop_order(market(sell), at_or_below(29_950)));
    let bid = share(&mut world, CAT, Side::Buy, 29_900);
    world.accept(bid);
    session(&mut world, 20_261_201, SessionStep::MorningClose);
    // In the break nothing comes in, and nothing is taken.
    let more = share(&mut world, ANN, Side::Sell, 29_000);
    let refused = send(&mut world, stop_order(more, at_or_below(29_500)));
    assert_eq!(refusal(&refused), (Reject::PhaseClosed, true));
    session(&mut world, 20_261_201, SessionStep::AfternoonPreOpen);
    let offer = share(&mut world, BOB, Side::Sell, 29_900);
    world.accept(offer);
    let events = session(&mut world, 20_261_201, SessionStep::AfternoonOpen);
    assert_eq!(triggered(&events), [stop]);
}

#[test]
fn an_order_set_off_by_the_close_waits_over_night_and_gathers_for_the_morning() {
    let mut world = tokyo();
    share_print(&mut world, 30_000);
    session(&mut world, 20_261_201, SessionStep::Open);
    let sell = share(&mut world, ANN, Side::Sell, 29_800);
    let sell = Place { time_in_force: TimeInForce::Gtd, ..sell };
    let sent = Contingent { expires: 20_261_202, ..stop_order(sell, at_or_below(29_950)) };
    let stop = take(&mut world, sent);
    session(&mut world, 20_261_201, SessionStep::PreClose);
    share_print(&mut world, 29_900);
    let events = session(&mut world, 20_261_201, SessionStep::Close);
    assert_eq!(trades(&events).len(), 1);
    assert!(triggered(&events).is_empty());
    assert_eq!(world.order(stop).status, OrderStatus::PendingTrigger);
    roll(&mut world, Profile::Tse, 20_261_202);
    let events = session(&mut world, 20_261_202, SessionStep::PreOpen);
    assert_eq!(triggered(&events), [stop]);
    assert_eq!(world.order(stop).status, OrderStatus::Open);
    let level = world.engine.depth(STOCK, Side::Sell).next().unwrap();
    assert_eq!((level.price.0, level.quantity.0), (29_800, 100));
}

#[test]
fn period_orders_off_the_next_days_limits_or_ticks_are_dropped() {
    let mut world = tokyo();
    let (low, high) = {
        let spec = world.engine.instrument(STOCK).unwrap().spec;
        (spec.limit_down.0, spec.limit_up.0)
    };
    let period = |world: &mut World, price, trigger| {
        let order = share(world, ANN, Side::Sell, price);
        let order = Place { time_in_force: TimeInForce::Gtd, ..order };
        let sent = Contingent { trigger, expires: 20_261_210, ..plain(order) };
        take(world, sent)
    };
    // Ticks above 3,000 yen: 1 yen for index shares, 5 yen for others.
    let off_tick = period(&mut world, 30_510, None);
    let at_the_limit = period(&mut world, high, None);
    let trigger_at_the_limit = period(&mut world, 29_500, Some(at_or_below(low)));
    let kept = period(&mut world, 30_500, None);
    let kept_waiting = period(&mut world, 29_000, Some(at_or_below(29_000)));
    session(&mut world, 20_261_201, SessionStep::Open);
    // A market buy waits with the limit locked; it follows the limit over night.
    let buy = share(&mut world, CAT, Side::Buy, 0);
    let buy = Place { time_in_force: TimeInForce::Gtc, ..market(buy) };
    let waiting = take(&mut world, stop_order(buy, at_or_above(30_200)));
    assert_eq!(world.balance(CAT, JPY).1, high * 100 * YEN / 10);
    // The day ends at 2,900.0 yen: limits of 500 yen either way, 2,400.0 and 3,400.0.
    share_print(&mut world, 29_980);
    session(&mut world, 20_261_201, SessionStep::PreClose);
    share_print(&mut world, 29_900);
    session(&mut world, 20_261_201, SessionStep::Close);
    world.apply(Command::SetTicks { instrument: STOCK, ticks: TickRule::TseOther, by: by() });
    let events = roll(&mut world, Profile::Tse, 20_261_202);
    let spec = world.engine.instrument(STOCK).unwrap().spec;
    assert_eq!((spec.limit_down.0, spec.limit_up.0), (24_900, 34_900));
    assert_eq!(closed(&events, off_tick), Some(CloseReason::OffTick));
    assert_eq!(closed(&events, at_the_limit), Some(CloseReason::OffLimits));
    assert_eq!(closed(&events, trigger_at_the_limit), Some(CloseReason::OffLimits));
    assert_eq!(world.order(at_the_limit).status, OrderStatus::Expired);
    assert_eq!(world.order(kept).status, OrderStatus::Open);
    assert_eq!(world.order(kept_waiting).status, OrderStatus::PendingTrigger);
    assert_eq!(world.order(waiting).status, OrderStatus::PendingTrigger);
    assert_eq!(world.balance(CAT, JPY).1, 34_900 * 100 * YEN / 10);
}

#[test]
fn no_leg_may_come_to_more_than_the_arithmetic_holds() {
    // 0.0004 BTC at 5 x 10^17 yen each, in 1/10,000 yen: 2 x 10^18, within 64 bits; at a hundred
    // times the quantity it is not. Neither the second order nor the stop half of a sell locks
    // its price when it is sent, but both could trade at it.
    let mut world = world();
    let far = 500_000_000_000_000_000;
    for (quantity, fits) in [(4, true), (400, false)] {
        let order = world.limit(ANN, COIN, Side::Buy, 1_000, quantity);
        let next = child(&mut world, Side::Sell, far);
        let followed = Contingent { child: Some(next), ..plain(order) };
        let sell = world.limit(ANN, COIN, Side::Sell, 1_000, quantity);
        for events in
            [send(&mut world, followed), send(&mut world, oco(sell, at_or_below(900), far))]
        {
            match events[0] {
                Event::Accepted { .. } => assert!(fits, "{quantity}: {events:?}"),
                _ => assert_eq!((refusal(&events).0, fits), (Reject::NotionalTooLarge, false)),
            }
        }
    }
}
