//! How stop, OCO, if-done and period orders are taken, amended and cancelled: repeats, what makes no
//! sense together, caps, arithmetic. Figures by hand from `domain.md` (sections 2 and 3) and
//! `docs/decisions/contingent-orders.md`.

use crate::contingent::*;
use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

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
