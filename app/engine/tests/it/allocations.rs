//! No command allocates in steady state, shown by counting every allocation of this thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Replica};

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> u64 {
    COUNT.with(Cell::get)
}

/// A stop, an OCO or an if-done pair, by turns.
fn contingent(world: &mut World, i: u64, order: Place) -> Command {
    let (away, when) = match order.side {
        Side::Buy => (20, TriggerWhen::AtOrAbove),
        Side::Sell => (-20, TriggerWhen::AtOrBelow),
    };
    let trigger = Trigger { price: Price(order.price.0 + away), when };
    let exit = Child {
        side: order.side.opposite(),
        kind: OrderKind::Limit,
        price: Price(order.price.0 - away),
        trigger: None,
        stop: None,
        time_in_force: TimeInForce::Gtc,
        expires: 0,
        client_id: world.name(),
    };
    Command::PlaceContingent(Box::new(Contingent {
        order,
        trigger: i.is_multiple_of(3).then_some(trigger),
        stop: (i % 3 == 1).then_some(StopLeg { trigger, price: Price(0) }),
        expires: 0,
        child: (i % 3 == 2).then_some(exit),
    }))
}

/// One command of a mix of places (resting, taking, refused, repeated, contingent), amendments,
/// cancels and mass cancels.
fn command(world: &mut World, i: u64, orders: &[(AccountId, OrderId)]) -> Command {
    let account = [ANN, BOB, CAT][(i * 7 % 3) as usize];
    let side = if i * 13 % 5 < 3 { Side::Buy } else { Side::Sell };
    let price = 1_000 + (i * 31 % 40) as i64 * 5 + (i * 17 % 7) as i64 * 100_000;
    let known = |back: u64| orders[orders.len() - 1 - (back % orders.len() as u64) as usize];
    match i % 16 {
        3 | 7 | 11 if !orders.is_empty() => {
            let (account, order) = known(i * 11 % 20);
            Command::Cancel(Cancel { account, order, via: Via::Rest, key: 0 })
        }
        5 | 13 if !orders.is_empty() => {
            let (account, order) = known(i * 3 % 20);
            let (price, quantity) = (Price(price), Quantity(0));
            Command::Amend(Amend {
                account,
                order,
                price,
                quantity,
                via: Via::Rest,
                key: 0,
                condition: None,
            })
        }
        9 if i % 512 == 9 => Command::CancelMany(CancelMany {
            price: Price(0),
            account: i.is_multiple_of(3).then_some(account),
            instrument: None,
            group: None,
            side: None,
            via: Via::Admin,
            key: 0,
            from: OrderId(0),
        }),
        kind => {
            let place = world.limit(account, COIN, side, price, 10 + (i % 5) as i64 * 2);
            let immediate = if kind == 1 { TimeInForce::Ioc } else { TimeInForce::Gtc };
            if matches!(kind, 2 | 6) {
                return contingent(world, i / 4, place);
            }
            if kind == 10 {
                return Command::Wake;
            }
            let client_id = if kind == 15 { text("always-the-same") } else { place.client_id };
            let self_trade = SelfTrade::ALL[(i / 16 % 5) as usize];
            Command::Place(Place { time_in_force: immediate, client_id, self_trade, ..place })
        }
    }
}

/// Every risk measure is counted, and some warn.
fn bind_everyone(world: &mut World) {
    let wide = Bound { soft: 0, hard: i64::MAX };
    let mut bounds = [wide; 7];
    bounds[RiskMeasure::OrderQuantity as usize] = Bound { soft: 15 * 10_000, hard: 0 };
    bounds[RiskMeasure::Messages as usize] = Bound { soft: 60_000, hard: 0 };
    let limits = RiskLimits { bounds, currency: JPY };
    let mut pooled = limits;
    pooled.bounds[RiskMeasure::Position as usize] = Bound::default();
    let scopes = [
        (RiskScope::Members(GroupId(0)), limits),
        (RiskScope::Group(GroupId(0)), pooled),
        (RiskScope::Instrument(COIN), limits),
    ];
    for (scope, limits) in scopes {
        world.apply(Command::SetRiskLimits { scope, limits: Box::new(limits), by: by() });
        assert!(world.engine.risk_limits(scope).is_some());
    }
}

#[test]
fn steady_state_allocates_nothing() {
    let limits = Limits { live_orders: 4_000, answers: 500, ..limits() };
    let coin = InstrumentSpec { open_order_cap: 1_000, maker_fee_ppm: -5, ..coin() };
    let mut world = World::with(limits, InstrumentSpec { taker_fee_ppm: 9, ..coin }, stock());
    bind_everyone(&mut world);
    let mut tiers = FeeTiers { asset: JPY, tiers: [FeeTier::default(); FEE_TIERS_MAX], len: 1 };
    tiers.tiers[0] = FeeTier { volume: Amount(1), maker_ppm: -7, taker_ppm: 8 };
    world.apply(Command::SetFeeTiers { tiers: Box::new(tiers), by: by() });
    // Wide enough to watch every price and never to call.
    let breaker = Breaker {
        mode: BreakerMode::FullRange,
        window_seconds: 1,
        trigger_ppm: 1_000_000,
        call_seconds: 1,
        bound_ppm: 0,
    };
    world.apply(Command::SetBreaker { instrument: COIN, breaker: Box::new(breaker), by: by() });
    let mut events = Vec::with_capacity(65_536);
    let mut orders = Vec::with_capacity(64_000);
    let (mut trades, mut set_off, mut counted) = (0, 0, 0);
    for i in 0..40_000u64 {
        let command = command(&mut world, i, &orders);
        world.seq += 1;
        events.clear();
        let before = allocations();
        world.engine.apply(Seq(world.seq), Timestamp(i), &command, &mut events);
        if i >= 10_000 {
            counted += allocations() - before;
        }
        trades += events.iter().filter(|e| matches!(e, Event::Trade(_))).count();
        set_off += events.iter().filter(|e| matches!(e, Event::Triggered { .. })).count();
        let account = match &command {
            Command::Place(place) => place.account,
            Command::PlaceContingent(contingent) => contingent.order.account,
            _ => continue,
        };
        if let Some(Event::Accepted { order, .. }) = events.first() {
            orders.push((account, *order));
        }
    }
    world.engine.check().unwrap();
    assert_eq!(world.engine.instrument(COIN).unwrap().phase, Phase::Continuous);
    assert!(trades > 3_000, "only {trades} trades");
    assert!(set_off > 1_000, "only {set_off} set off");
    assert_eq!(counted, 0, "allocations in 30,000 commands");
}

#[test]
fn the_counter_counts() {
    let before = allocations();
    let engine = Box::new(Replica::new());
    assert!(allocations() > before);
    drop(engine);
}
