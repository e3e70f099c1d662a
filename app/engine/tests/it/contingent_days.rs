//! Contingent orders from one day to the next, and through the phases of Tokyo's: period orders, what
//! breaks and auctions set off, what the next day's limits and ticks drop. Figures by hand from
//! `domain.md` (section 2) and `docs/decisions/contingent-orders.md`.

use crate::contingent::*;
use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

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
