//! Orders that waited are held against risk limits again when they are set off. Figures by hand from
//! `docs/decisions/risk.md`: quantities in 1/10,000 BTC (10,000 minor units each), values in 1/10,000
//! yen.

use super::contingent::*;
use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

fn limit(world: &mut World, scope: RiskScope, measure: RiskMeasure, soft: i64, hard: i64) {
    let mut limits = RiskLimits { currency: JPY, ..RiskLimits::default() };
    limits.bounds[measure as usize] = Bound { soft, hard };
    world.apply(Command::SetRiskLimits { scope, limits: Box::new(limits), by: by() });
}

/// A stop limit at 880 below 940: from 940 that is 6.4% away, where 5% are allowed. 895 is 4.8%
/// away and comes in.
#[test]
fn the_price_collar_is_measured_from_the_price_that_set_the_order_off() {
    for (price, refused) in [(880, true), (895, false)] {
        let mut world = world();
        print(&mut world, 1_000);
        limit(&mut world, RiskScope::Instrument(COIN), RiskMeasure::Collar, 0, 50_000);
        let order = world.limit(ANN, COIN, Side::Sell, price, 4);
        let stop = take(&mut world, stop_order(order, at_or_below(940)));
        limit(&mut world, RiskScope::Instrument(COIN), RiskMeasure::Collar, 0, 0);
        world.sell(BOB, 940, 4);
        limit(&mut world, RiskScope::Instrument(COIN), RiskMeasure::Collar, 0, 50_000);
        // From 1,000 the buy at 950 is 5% away; it trades at 940.
        let hit = world.limit(CAT, COIN, Side::Buy, 950, 4);
        let events = world.place(hit);
        assert_eq!(triggered(&events), [stop]);
        if !refused {
            assert!(refused_set_off(&events).is_empty());
            assert_eq!(world.order(stop).status, OrderStatus::Open);
            continue;
        }
        assert_eq!(refused_set_off(&events), [(stop, Reject::RiskCollar)]);
        assert_eq!(closed(&events, stop), Some(CloseReason::TriggerRefused));
        let order = world.order(stop);
        assert_eq!(
            (order.status, order.reject),
            (OrderStatus::Cancelled, Some(Reject::RiskCollar))
        );
        assert_eq!(world.balance(ANN, BTC).1, 0);
    }
}

/// Ann has 10 BTC and may have 60,000 minor units more: a stop for just that is taken, and comes
/// in, for what it brings counts once. With 10,000 more in her account it does not.
#[test]
fn a_position_counts_what_waited_once() {
    for more in [0, 10_000] {
        let mut world = world();
        print(&mut world, 1_000);
        let most = 10 * 100_000_000 + 60_000;
        limit(&mut world, RiskScope::Account(ANN), RiskMeasure::Position, 0, most);
        let order = world.limit(ANN, COIN, Side::Buy, 1_050, 6);
        let stop = take(&mut world, stop_order(order, at_or_above(1_040)));
        if more != 0 {
            world.deposit(ANN, BTC, more);
        }
        let events = print(&mut world, 1_040);
        if more == 0 {
            assert!(refused_set_off(&events).is_empty());
            assert_eq!(world.order(stop).status, OrderStatus::Open);
        } else {
            assert_eq!(refused_set_off(&events), [(stop, Reject::RiskPosition)]);
            assert_eq!(world.balance(ANN, JPY).1, 0);
        }
        // Counted neither twice nor not at all: exactly the rest is still to be had.
        let room = if more == 0 { 0 } else { 5 };
        let place = world.limit(ANN, COIN, Side::Buy, 500, 6);
        assert_eq!(refusal(&world.place(place)), (Reject::RiskPosition, true));
        if room != 0 {
            let place = world.limit(ANN, COIN, Side::Buy, 500, 4);
            world.accept(place);
        }
    }
}

/// 10 units at 1,100 are worth 1.1 yen: 11,000 minor units. The bound came down to 10,000 while the
/// stop waited; a soft one only warns.
#[test]
fn a_lowered_order_value_refuses_what_is_set_off_and_a_soft_one_warns() {
    for (soft, hard) in [(0, 10_000), (10_000, 0)] {
        let mut world = world();
        print(&mut world, 1_000);
        let order = world.limit(ANN, COIN, Side::Buy, 1_100, 10);
        let stop = take(&mut world, stop_order(order, at_or_above(1_040)));
        let scope = RiskScope::Account(ANN);
        limit(&mut world, scope, RiskMeasure::OrderValue, soft, hard);
        let events = print(&mut world, 1_040);
        if hard != 0 {
            assert_eq!(refused_set_off(&events), [(stop, Reject::RiskOrderValue)]);
            continue;
        }
        let warning = Event::RiskWarning {
            account: ANN,
            scope,
            measure: RiskMeasure::OrderValue,
            value: 11_000,
            limit: 10_000,
        };
        let at = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted);
        let set_off = at(&|e| matches!(e, Event::Triggered { .. }));
        assert!(set_off < at(&|e| *e == warning), "{events:?}");
        assert_eq!(world.order(stop).status, OrderStatus::Open);
    }
}

/// An OCO's stop half is measured with what its limit half has traded: 6 at 1,000 and 4 at 900.
#[test]
fn an_oco_counts_what_its_limit_half_traded() {
    for (hard, refused) in [(9_599, true), (9_600, false)] {
        let mut world = world();
        print(&mut world, 980);
        let order = world.limit(ANN, COIN, Side::Sell, 1_000, 10);
        let both = take(&mut world, oco(order, at_or_below(940), 900));
        world.buy(CAT, 1_000, 6);
        limit(&mut world, RiskScope::Account(ANN), RiskMeasure::OrderValue, 0, hard);
        let events = print(&mut world, 940);
        let expected = if refused { vec![(both, Reject::RiskOrderValue)] } else { vec![] };
        assert_eq!(refused_set_off(&events), expected);
        assert_eq!(world.order(both).filled, Quantity(6));
    }
}

/// What an account has traded in the day does not keep its stop from coming in.
#[test]
fn the_value_of_a_day_is_not_asked_again() {
    let mut world = world();
    print(&mut world, 1_000);
    let order = world.limit(ANN, COIN, Side::Sell, 900, 4);
    let stop = take(&mut world, stop_order(order, at_or_below(940)));
    limit(&mut world, RiskScope::Account(ANN), RiskMeasure::DayValue, 0, 1);
    let events = print(&mut world, 940);
    assert!(refused_set_off(&events).is_empty());
    assert_eq!(world.order(stop).status, OrderStatus::Open);
}
