//! What crypto pairs have of their own: halts by kind and side, market orders by amount, bounds
//! of market orders. Numbers are worked out in the comments; the rules are section 3 of the
//! domain rules.

use crate::world::*;
use zaraba_engine::command::Place;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

/// A base price of 1,000,000 yen, and a market order's band of 10% around the last price.
fn with_base() -> World {
    World::with(limits(), InstrumentSpec { base_price: Price(1_000_000), ..coin() }, stock())
}

fn market(world: &mut World, account: AccountId, side: Side, quantity: i64) -> Place {
    let place = world.limit(account, COIN, side, 0, quantity);
    Place { kind: OrderKind::Market, time_in_force: TimeInForce::Ioc, ..place }
}

fn by_amount(world: &mut World, account: AccountId, side: Side, yen: i64) -> Place {
    Place { by_amount: true, ..market(world, account, side, yen * 10_000) }
}

fn halt(world: &mut World, halts: Halts) {
    let events = world.apply(Command::SetHalts { instrument: COIN, halts, by: by() });
    assert_eq!(events, [Event::HaltsChanged { instrument: COIN, halts }]);
}

#[test]
fn halts_stop_one_kind_and_side_and_leave_the_rest_alone() {
    let mut world = with_base();
    let ask = world.sell(BOB, 1_000_000, 10);
    halt(&mut world, Halts::market(Side::Buy).with(Halts::limit(Side::Sell)));
    let place = market(&mut world, ANN, Side::Buy, 4);
    assert_eq!(refusal(&world.place(place)), (Reject::KindHalted, true));
    let place = world.limit(ANN, COIN, Side::Sell, 1_000_000, 4);
    assert_eq!(refusal(&world.place(place)), (Reject::KindHalted, true));
    // An amendment is held to the same; a cancel is always allowed.
    assert_eq!(refusal(&world.amend(BOB, ask, 1_000_005, 0)), (Reject::KindHalted, false));
    assert_eq!(world.engine.instrument(COIN).unwrap().halts.0, 0b110);
    world.buy(ANN, 1_000_000, 4);
    let place = market(&mut world, ANN, Side::Sell, 4);
    world.accept(place);
    world.cancel(BOB, ask);
    halt(&mut world, Halts::default());
    world.sell(BOB, 1_000_000, 10);
    let place = market(&mut world, ANN, Side::Buy, 4);
    world.accept(place);
}

#[test]
fn halts_of_unknown_kinds_or_instruments_are_refused() {
    let mut world = World::new();
    let halts = Halts(0b100_0000);
    let events = world.apply(Command::SetHalts { instrument: COIN, halts, by: by() });
    assert_eq!(refusal(&events), (Reject::InvalidSpec, false));
    let instrument = InstrumentId(9);
    let events = world.apply(Command::SetHalts { instrument, halts: Halts::ALL, by: by() });
    assert_eq!(refusal(&events), (Reject::UnknownInstrument, false));
}

#[test]
fn market_orders_have_bounds_of_their_own() {
    let spec = InstrumentSpec {
        base_price: Price(1_000_000),
        market_min_quantity: Quantity(10),
        market_max_quantity: Quantity(100),
        ..coin()
    };
    let mut world = World::with(limits(), spec, stock());
    for (quantity, code) in [(8, Reject::BelowMinQuantity), (102, Reject::AboveMaxQuantity)] {
        let place = market(&mut world, ANN, Side::Buy, quantity);
        assert_eq!(refusal(&world.place(place)).0, code);
        // A limit order of that size is in order.
        world.buy(ANN, 1_000, quantity);
    }
    for (least, most) in [(2, 100), (10, 200_000), (10, 4), (-1, 100)] {
        let spec = InstrumentSpec {
            symbol: text("X"),
            market_min_quantity: Quantity(least),
            market_max_quantity: Quantity(most),
            ..coin()
        };
        let events = world.apply(Command::CreateInstrument(Box::new(spec)));
        assert_eq!(refusal(&events), (Reject::InvalidSpec, false));
    }
}

#[test]
fn a_buy_by_amount_spends_at_most_the_amount_with_its_fee() {
    let spec = InstrumentSpec { base_price: Price(1_000_000), taker_fee_ppm: 1_000, ..coin() };
    let mut world = World::with(limits(), spec, stock());
    world.sell(BOB, 1_000_000, 10);
    world.sell(BOB, 1_010_000, 100);
    // 10 units (0.001 BTC) at 1,000,000 are 1,000 yen and 1 yen of fee. Of 5,000 yen 3,999
    // are left; a unit at 1,010,000 is 101.101 yen: 39 of them, 38 in lots of two.
    let place = by_amount(&mut world, ANN, Side::Buy, 5_000);
    let events = world.place(place);
    let Event::Accepted { order, bound } = events[0] else { panic!("{events:?}") };
    assert_eq!(bound, Price(1_010_000));
    let (kind, price, quantity) = (OrderKind::Market, Price(0), Quantity(48));
    let instrument = COIN;
    assert_eq!(
        events[1],
        Event::Triggered { order, account: ANN, instrument, kind, price, quantity }
    );
    let state = world.order(order);
    assert_eq!((state.quantity.0, state.filled.0, state.amount.0), (48, 48, 50_000_000));
    assert_eq!(state.status, OrderStatus::Filled);
    // 1,001 + 38 x 101.101 = 4,842.838 yen.
    assert_eq!(world.balance(ANN, JPY), (1_000_000_000_000 - 48_428_380, 0));
    // The same again is answered with the first; with another amount it is refused.
    assert_eq!(world.place(place), [Event::Repeated { order }]);
    let other = Place { quantity: Quantity(48), by_amount: false, ..place };
    assert_eq!(refusal(&world.place(other)), (Reject::DuplicateClientOrderId, false));
    let other = Place { quantity: Quantity(1), ..place };
    assert_eq!(refusal(&world.place(other)), (Reject::DuplicateClientOrderId, false));
}

#[test]
fn a_sell_by_amount_stops_when_the_amount_is_received() {
    let spec = InstrumentSpec { base_price: Price(1_000_000), taker_fee_ppm: 1_000, ..coin() };
    let mut world = World::with(limits(), spec, stock());
    world.buy(BOB, 1_000_000, 10);
    world.buy(BOB, 990_000, 100);
    // 10 units bring 1,000 - 1 = 999 yen. 2,001 are left; a unit at 990,000 brings 98.901:
    // 20 of them, 1,978.02 yen.
    let place = by_amount(&mut world, ANN, Side::Sell, 3_000);
    let order = world.accept(place);
    assert_eq!(world.order(order).filled.0, 30);
    assert_eq!(world.balance(ANN, JPY).0, 1_000_000_000_000 + 9_990_000 + 19_780_200);
    // What is exactly one level goes on at the next bid when that still makes a lot: all
    // 80 units bring 7,912.08 yen, two more at 950,000 bring 189.81.
    world.buy(BOB, 950_000, 4);
    let place = by_amount(&mut world, ANN, Side::Sell, 7_912 + 190);
    let order = world.accept(place);
    assert_eq!(world.order(order).filled.0, 82);
}

#[test]
fn amounts_that_come_to_nothing_or_too_much_are_refused() {
    let mut world = with_base();
    let refused = |world: &mut World, place: Place| refusal(&world.place(place)).0;
    let place = by_amount(&mut world, ANN, Side::Buy, 1_000);
    assert_eq!(refused(&mut world, place), Reject::BelowMinQuantity, "an empty book");
    world.sell(BOB, 1_000_000, 1_000);
    // Four units are the smallest order: 400 yen.
    let place = by_amount(&mut world, ANN, Side::Buy, 399);
    assert_eq!(refused(&mut world, place), Reject::BelowMinQuantity);
}

#[test]
fn a_refused_order_by_amount_is_answered_again() {
    let mut world = with_base();
    let place = by_amount(&mut world, ANN, Side::Buy, 1_000);
    let events = world.place(place);
    let Event::Refused { code: Reject::BelowMinQuantity, order: Some(order) } = events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(world.place(place), [Event::Repeated { order }]);
    let state = world.order(order);
    assert_eq!((state.quantity.0, state.amount.0), (0, 10_000_000));
    for place in [
        Place { kind: OrderKind::Limit, price: Price(1_000_000), ..place },
        Place { quantity: Quantity(0), ..place },
    ] {
        let place = Place { client_id: world.name(), ..place };
        assert_eq!(refusal(&world.place(place)).0, Reject::InvalidQuantity);
    }
    let place = Place { client_id: world.name(), time_in_force: TimeInForce::Gtc, ..place };
    assert_eq!(refusal(&world.place(place)).0, Reject::InvalidTimeInForce);
    world.sell(BOB, 1_000_000, 10);
    // More than Ann has, though the book could not take it.
    let place = by_amount(&mut world, ANN, Side::Buy, 100_000_001);
    assert_eq!(refusal(&world.place(place)).0, Reject::InsufficientFunds);
}

#[test]
fn fill_or_kill_by_amount_needs_a_book_for_all_of_it() {
    let mut world = with_base();
    world.sell(BOB, 1_000_000, 10);
    // Ten units are 1,000 yen; 1,150 would need one more.
    let place = by_amount(&mut world, ANN, Side::Buy, 1_250);
    let place = Place { time_in_force: TimeInForce::Fok, ..place };
    let order = world.accept(place);
    assert_eq!(world.order(order).closed, Some(CloseReason::FillOrKill));
    // 1,000 and what makes no lot is whole.
    let place = by_amount(&mut world, ANN, Side::Buy, 1_000);
    let place = Place { time_in_force: TimeInForce::Fok, ..place };
    let order = world.accept(place);
    assert_eq!(world.order(order).filled.0, 10);
}

#[test]
fn whoever_has_just_the_amount_can_spend_it() {
    let mut world = with_base();
    world.deposit(DAN, JPY, 2_100 * 10_000);
    world.sell(BOB, 1_000_000, 10);
    world.sell(BOB, 1_100_000, 100);
    // 1,000 yen for ten units, 1,100 for ten more. But all twenty at 1,100,000 would be 2,200,
    // and that is what an order for them locks: Dan gets 18 for 1,880 yen.
    let place = by_amount(&mut world, DAN, Side::Buy, 2_100);
    let order = world.accept(place);
    assert_eq!(world.order(order).filled.0, 18);
    assert_eq!(world.balance(DAN, JPY), (220 * 10_000, 0));
}

#[test]
fn a_buy_by_amount_whose_own_offers_go_still_costs_no_more_than_its_amount() {
    // Ann offers 0.0100 at 1,000,000 herself, Bob 0.0200 at 1,050,000. 15,000 yen would be her
    // 0.0100 and 5,000 yen's worth of his; but hers are cancelled under her order, and 0.0146 at
    // 1,050,000 would cost 15,330. 15,000 / 1,050,000 is 0.01428: 0.0142, for 14,910 yen.
    let mut world = with_base();
    let own = world.sell(ANN, 1_000_000, 100);
    world.sell(BOB, 1_050_000, 200);
    let place = by_amount(&mut world, ANN, Side::Buy, 15_000);
    let events = world.place(Place { self_trade: SelfTrade::CancelMaker, ..place });
    let trades = trades(&events);
    assert_eq!(
        trades.iter().map(|t| (t.price.0, t.quantity.0)).collect::<Vec<_>>(),
        [(1_050_000, 142)]
    );
    assert_eq!(world.order(own).closed, Some(CloseReason::SelfTrade));
}
