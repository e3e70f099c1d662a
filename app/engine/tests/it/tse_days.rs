//! From one of Tokyo's days to the next by worked examples: base price, limits and their expansion, the
//! price rule of short sales, listed shares, tick tables. Rules: domain page, section 2; JPX "Daily Price
//! Limits" and "Tick Size". Base 530 yen, limits 430 and 630; prices in tenths of a yen.

use super::tse::*;
use super::world::*;
use zaraba_engine::command::*;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::TickRule;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

fn limits_of(world: &World) -> (i64, i64, i64) {
    let spec = world.engine.instrument(STOCK).expect("the share").spec;
    (spec.base_price.0, spec.limit_down.0, spec.limit_up.0)
}

#[test]
fn the_next_day_goes_by_the_closing_price_or_the_last_special_quote() {
    let mut world = share_world();
    // A day without an order changes nothing.
    assert_eq!(limits_of(&world), (5_300, 4_300, 6_300));
    world.open_at(5_200);
    world.step(SessionStep::Close);
    let events = world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    let rolled = Event::LimitsRolled {
        instrument: STOCK,
        base_price: Price(5_200),
        limit_down: Price(4_200),
        limit_up: Price(6_200),
    };
    assert!(events.contains(&rolled), "{events:?}");
    world.step_of(DAY + 1, SessionStep::PreOpen);
    let place = world.market_order(ANN, Side::Sell, 100);
    world.accept(place);
    world.step_of(DAY + 1, SessionStep::Open);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Sell, 5_100));
    world.step_of(DAY + 1, SessionStep::Close);
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 2 });
    // The closing auction's range ended two widths of 10 yen below the special quote.
    assert_eq!(limits_of(&world), (4_900, 4_100, 5_700), "from 200 below 500 yen: 80 yen");
}

#[test]
fn two_limit_days_without_trading_expand_the_limit_on_that_side_until_it_trades() {
    let mut world = share_world();
    let mut day = DAY;
    let mut limits = vec![];
    for _ in 0..3 {
        world.step_of(day, SessionStep::PreOpen);
        let place = world.market_order(ANN, Side::Buy, 100);
        world.accept(place);
        world.step_of(day, SessionStep::Open);
        while let Some(due) = world.engine.next_due() {
            world.at = due.0;
            world.wait(0);
        }
        world.step_of(day, SessionStep::Close);
        day += 1;
        world.apply(Command::RollDay { profile: Profile::Tse, day });
        limits.push(limits_of(&world));
    }
    // 530 + 100; 630 + 100 = 730; base 730 (from 700: 150 yen, 600 expanded).
    assert_eq!(limits, [(6_300, 5_300, 7_300), (7_300, 5_800, 13_300), (13_300, 10_300, 25_300),]);
    world.step_of(day, SessionStep::PreOpen);
    world.bid(ANN, 13_300, 100);
    world.ask(BOB, 13_300, 100);
    world.step_of(day, SessionStep::Open);
    world.step_of(day, SessionStep::Close);
    world.apply(Command::RollDay { profile: Profile::Tse, day: day + 1 });
    assert_eq!(limits_of(&world), (13_300, 10_300, 16_300), "it traded off the limit");
}

#[test]
fn short_sales_follow_the_price_rule_from_a_fall_of_a_tenth_to_the_end_of_the_next_day() {
    let mut world = share_world();
    world.open_at(5_300);
    let short = |world: &mut World, price: i64, short: ShortSale, quantity: i64| {
        let place = world.day_order(BOB, Side::Sell, price, quantity);
        let events = world.place(Place { short, ..place });
        match events[0] {
            Event::Accepted { order, .. } => {
                world.cancel(BOB, order);
                None
            }
            Event::Refused { code, .. } => Some(code),
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(short(&mut world, 5_300, ShortSale::Short, 100), None);
    // 477 is 90% of 530. Down there in steps that quotes allow (8 yen below 500).
    for price in [5_200, 5_100, 5_000, 4_900, 4_820, 4_780] {
        world.at += 2 * MINUTE;
        world.bid(ANN, price, 100);
        world.ask(CAT, price, 100);
    }
    assert_eq!(short(&mut world, 4_780, ShortSale::Short, 100), None, "478 is above 90%");
    world.at += 2 * MINUTE;
    world.bid(ANN, 4_770, 100);
    let place = world.day_order(CAT, Side::Sell, 4_770, 100);
    let events = world.place(place);
    assert!(events.contains(&Event::ShortSaleRule { instrument: STOCK, on: true }));
    let restricted = Some(Reject::ShortSaleRestricted);
    assert_eq!(short(&mut world, 4_770, ShortSale::Short, 100), restricted, "the last fell");
    assert_eq!(short(&mut world, 4_760, ShortSale::Short, 100), restricted);
    assert_eq!(short(&mut world, 4_780, ShortSale::Short, 100), None, "above the last price");
    assert_eq!(short(&mut world, 4_770, ShortSale::Exempt, 5_000), None, "50 units");
    assert_eq!(short(&mut world, 4_770, ShortSale::Exempt, 5_100), restricted, "51 units");
    let market = world.market_order(BOB, Side::Sell, 100);
    let market = world.place(Place { short: ShortSale::Short, ..market });
    assert_eq!(refusal(&market), (Reject::ShortSaleRestricted, true));
    world.bid(ANN, 4_780, 100);
    world.ask(CAT, 4_780, 100);
    assert_eq!(short(&mut world, 4_780, ShortSale::Short, 100), None, "the last rose");
    for (day, on) in [(DAY + 1, true), (DAY + 2, false)] {
        world.apply(Command::RollDay { profile: Profile::Tse, day });
        let state = world.engine.instrument(STOCK).expect("the share");
        assert_eq!(state.short_restricted, on, "{day}");
    }
    let place = world.day_order(BOB, Side::Buy, 4_700, 100);
    world.step_of(DAY + 2, SessionStep::PreOpen);
    let buy = world.place(Place { short: ShortSale::Short, ..place });
    assert_eq!(refusal(&buy), (Reject::InvalidCondition, true), "only a sell can be short");
}

#[test]
fn an_order_for_more_than_three_tenths_of_the_listed_shares_is_refused() {
    let mut world = share_world();
    let set = |world: &mut World, shares| {
        let shares = Quantity(shares);
        world.apply(Command::SetListedShares { instrument: STOCK, shares, by: by() })
    };
    assert_eq!(refusal(&set(&mut world, -1)), (Reject::InvalidSpec, false));
    assert_eq!(set(&mut world, 1_000), [Event::TermsChanged { instrument: STOCK }]);
    world.step(SessionStep::PreOpen);
    world.bid(ANN, 5_000, 300);
    let place = world.day_order(ANN, Side::Buy, 5_000, 400);
    assert_eq!(refusal(&world.place(place)), (Reject::OverListedShares, true));
}

/// 53,000 yen buy 100 shares at 530: an order by amount is for so many shares, not for so many yen.
#[test]
fn the_three_tenths_of_an_order_by_amount_are_of_what_it_comes_to() {
    let mut world = share_world();
    let shares = Quantity(1_000);
    world.apply(Command::SetListedShares { instrument: STOCK, shares, by: by() });
    world.open_at(5_300);
    world.ask(BOB, 5_300, 300);
    world.ask(CAT, 5_300, 300);
    for (lots, fits) in [(4, false), (3, true)] {
        let market = world.market_order(ANN, Side::Buy, lots * 530_000_000);
        let place = Place { time_in_force: TimeInForce::Ioc, by_amount: true, ..market };
        let events = world.place(place);
        match fits {
            true => assert_eq!(trades(&events).iter().map(|t| t.quantity.0).sum::<i64>(), 300),
            false => assert_eq!(refusal(&events), (Reject::OverListedShares, true)),
        }
    }
}

#[test]
fn a_share_that_joins_the_index_gets_the_finer_ticks() {
    let mut world = share_world();
    let set = |world: &mut World, instrument, ticks| {
        world.apply(Command::SetTicks { instrument, ticks, by: by() })
    };
    world.step(SessionStep::PreOpen);
    let place = world.day_order(ANN, Side::Buy, 5_301, 100);
    assert_eq!(refusal(&world.place(place)), (Reject::OffTick, true));
    let ticks = TickRule::TseTopix500;
    assert_eq!(set(&mut world, STOCK, ticks), [Event::TicksChanged { instrument: STOCK, ticks }]);
    world.bid(ANN, 5_301, 100);
    for (instrument, ticks) in [(STOCK, TickRule::Fixed(Price(5))), (COIN, ticks)] {
        assert_eq!(refusal(&set(&mut world, instrument, ticks)), (Reject::InvalidSpec, false));
    }
    let place = world.limit(ANN, STOCK, Side::Buy, 5_302, 100);
    let gtc = world.accept(place);
    set(&mut world, STOCK, TickRule::TseOther);
    world.step(SessionStep::Open);
    assert_eq!(world.engine.depth(STOCK, Side::Buy).count(), 2, "they stay for the day");
    world.step(SessionStep::Close);
    let events = world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    assert!(closed(&events).contains(&(gtc, CloseReason::OffTick)), "{events:?}");
}

#[test]
fn expanded_limits_are_for_the_side_of_the_limit_days_only() {
    // Two days at the lower limit without a trade: 530 -> 430 (80 yen below 500) -> 350.
    // 350 - 4 x 80 = 30 down, 350 + 80 = 430 up.
    let mut world = share_world();
    for (day, next) in [(DAY, (4_300, 3_500, 5_100)), (DAY + 1, (3_500, 300, 4_300))] {
        world.step_of(day, SessionStep::PreOpen);
        let place = world.market_order(BOB, Side::Sell, 100);
        world.accept(place);
        world.step_of(day, SessionStep::Open);
        while world.engine.next_due().is_some() {
            renewed(&mut world, 1);
        }
        world.step_of(day, SessionStep::Close);
        world.apply(Command::RollDay { profile: Profile::Tse, day: day + 1 });
        assert_eq!(limits_of(&world), next);
    }
}

#[test]
fn an_order_outside_the_next_days_limits_ends_with_the_day() {
    // Base 530, limits 430 and 630. Closes at 510: limits 410 and 610.
    let mut world = share_world();
    world.open_at(5_300);
    let [high, low, stays] =
        [(Side::Sell, 6_200), (Side::Buy, 4_300), (Side::Sell, 6_100)].map(|(side, price)| {
            let place = world.limit(ANN, STOCK, side, price, 100);
            world.accept(place)
        });
    for price in [5_200, 5_100] {
        world.at += 2 * MINUTE;
        world.bid(BOB, price, 100);
        world.ask(CAT, price, 100);
    }
    world.step(SessionStep::Close);
    let events = world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    assert_eq!(limits_of(&world), (5_100, 4_100, 6_100));
    assert_eq!(closed(&events), [(high, CloseReason::OffLimits)]);
    assert!([low, stays].iter().all(|&order| world.order(order).closed.is_none()));
}

/// Ann's bid of yesterday's continuous trading is simultaneous with Bob's of this morning, whose account
/// wants more: of 200 sold at 529 each gets a unit. As one of continuous trading it would come after all of
/// Bob's 300.
#[test]
fn what_yesterday_left_is_simultaneous_with_the_first_orders_of_the_day() {
    let mut world = share_world();
    world.open_at(5_300);
    let place = world.limit(ANN, STOCK, Side::Buy, 5_290, 100);
    let ann = world.accept(place);
    world.step(SessionStep::Close);
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    world.step_of(DAY + 1, SessionStep::PreOpen);
    let bob = world.bid(BOB, 5_290, 300);
    world.ask(CAT, 5_290, 200);
    let events = world.step_of(DAY + 1, SessionStep::Open);
    assert_eq!(auctions(&events), [(AuctionKind::Opening, AuctionEnd::Priced, 5_290, 200, 200)]);
    assert_eq!([ann, bob].map(|order| world.filled(order)), [100, 100]);
}

/// As two days without trading count two on which only the close's stop allocation dealt: 630 and 730 with
/// 200 of 300 left to buy, then four times the 150 yen of 730 up.
#[test]
fn days_that_only_share_out_at_the_limit_count_as_without_trading() {
    let mut world = share_world();
    let mut limits = vec![];
    for (day, limit) in [(DAY, 6_300), (DAY + 1, 7_300)] {
        world.step_of(day, SessionStep::PreOpen);
        let place = world.market_order(ANN, Side::Buy, 300);
        world.accept(place);
        world.step_of(day, SessionStep::Open);
        while world.engine.next_due().is_some() {
            renewed(&mut world, 1);
        }
        world.step_of(day, SessionStep::PreClose);
        world.ask(BOB, limit, 100);
        let events = world.step_of(day, SessionStep::Close);
        let auction = (AuctionKind::Closing, AuctionEnd::StopAllocation, limit, 100, 200);
        assert_eq!(auctions(&events), [auction]);
        world.apply(Command::RollDay { profile: Profile::Tse, day: day + 1 });
        limits.push(limits_of(&world));
    }
    assert_eq!(limits, [(6_300, 5_300, 7_300), (7_300, 5_800, 13_300)]);
}
