//! Tokyo's special and sequential quotes by worked examples. Rules: domain page, section 2 (special quote
//! at the last price +/- one width, renewed by one width every three minutes; sequential quote at two
//! widths, held a minute), `docs/decisions/tse-quotes.md`. Base 530 yen, limits 430 and 630, width 10 (JPX
//! "Daily Price Limits"); prices in tenths of a yen.

use super::tse::*;
use super::world::*;
use zaraba_engine::command::*;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

#[test]
fn a_market_sell_beyond_one_width_shows_a_special_ask_one_width_below() {
    // Domain page: last 530, market sell 2,000, best bid 510, width 10 -> special ask 520.
    let mut world = share_world();
    world.open_at(5_300);
    let bid = world.bid(ANN, 5_100, 3_000);
    let place = world.market_order(BOB, Side::Sell, 2_000);
    let events = world.place(place);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Sell, 5_200));
    assert!(trades(&events).is_empty());
    // Orders are taken, and do not trade as they come: 530 is beyond one width from the quote's
    // other side and nothing sells lower than the market order.
    let behind = world.ask(CAT, 5_200, 100);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Sell, 5_200));
    world.cancel(CAT, behind);
    // Not a nanosecond before three minutes have passed; then one width on: 510, where the bid is.
    let due = world.engine.next_due().expect("a renewal");
    world.wait(due.0 - world.at - 11);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Sell, 5_200));
    let events = world.wait(1);
    assert_eq!(auctions(&events), [(AuctionKind::Quote, AuctionEnd::Priced, 5_100, 2_000, 1_000)]);
    assert_eq!(world.filled(bid), 2_000);
    assert_eq!(world.quote().0, QuoteKind::Free);
    assert_eq!(world.engine.next_due(), None);
}

#[test]
fn trading_resumes_at_once_when_an_admissible_price_lies_inside() {
    let mut world = share_world();
    world.open_at(5_300);
    world.bid(ANN, 5_100, 3_000);
    let place = world.market_order(BOB, Side::Sell, 2_000);
    let sell = world.accept(place);
    let half = world.bid(CAT, 5_250, 1_000);
    assert_eq!(world.quote().0, QuoteKind::Special, "half of the market order is not all of it");
    let place = world.day_order(CAT, Side::Buy, 5_230, 1_000);
    let events = world.place(place);
    // From 520 (the quote) to 523: the nearest to the quote.
    assert_eq!(auctions(&events), [(AuctionKind::Quote, AuctionEnd::Priced, 5_200, 2_000, 0)]);
    assert_eq!((world.filled(sell), world.filled(half)), (2_000, 1_000));
    assert_eq!(world.quote().0, QuoteKind::Free);
}

#[test]
fn a_special_quote_stops_at_the_daily_limit_and_ends_when_what_presses_goes() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let place = world.market_order(ANN, Side::Buy, 1_000);
    let buy = world.accept(place);
    let events = world.step(SessionStep::Open);
    assert_eq!(auctions(&events), [(AuctionKind::Opening, AuctionEnd::Unpriced, 0, 0, 1_000)]);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_400), "base plus one width");
    let mut shown = vec![];
    while let Some(due) = world.engine.next_due() {
        world.at = due.0 - 10;
        world.wait(0);
        shown.push(world.quote().2);
    }
    assert_eq!(shown, [5_500, 5_600, 5_700, 5_800, 5_900, 6_000, 6_100, 6_200, 6_300]);
    world.cancel(ANN, buy);
    assert_eq!(world.quote().0, QuoteKind::Free);
}

#[test]
fn a_limit_order_beyond_one_width_shows_a_special_quote_whether_or_not_it_meets_one() {
    let mut world = share_world();
    world.open_at(5_300);
    let alone = world.bid(ANN, 5_450, 100);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_400));
    world.cancel(ANN, alone);
    assert_eq!(world.quote().0, QuoteKind::Free);
    let ask = world.ask(BOB, 5_450, 100);
    assert_eq!(world.quote().0, QuoteKind::Free, "an offer above is just an offer");
    world.bid(ANN, 5_450, 100);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_400));
    world.wait(3 * MINUTE);
    assert_eq!(world.filled(ask), 100);
    assert_eq!(world.quote().0, QuoteKind::Free);
}

#[test]
fn an_immediate_order_stops_at_one_width_and_shows_nothing() {
    let mut world = share_world();
    world.open_at(5_300);
    let (near, far) = (world.ask(BOB, 5_400, 100), world.ask(BOB, 5_510, 100));
    let place = world.day_order(ANN, Side::Buy, 5_600, 300);
    let events = world.place(Place { time_in_force: TimeInForce::Ioc, ..place });
    assert_eq!(trades(&events).len(), 1);
    assert_eq!((world.filled(near), world.filled(far)), (100, 0));
    assert_eq!(world.quote().0, QuoteKind::Free);
    let place = world.day_order(ANN, Side::Buy, 5_600, 100);
    let events = world.place(Place { time_in_force: TimeInForce::Fok, ..place });
    assert!(trades(&events).is_empty(), "551 is beyond 540 and one width");
}

#[test]
fn trades_of_one_minute_stop_at_two_widths_under_a_sequential_quote() {
    // Reference 530, width 10: 538, 546, 550 may trade within a minute; 556 may not, though it
    // is within one width of 550.
    let mut world = share_world();
    world.open_at(5_300);
    for price in [5_380, 5_460, 5_500, 5_560] {
        world.ask(BOB, price, 100);
    }
    let place = world.day_order(ANN, Side::Buy, 5_600, 500);
    let events = world.place(place);
    let buy = match events[0] {
        Event::Accepted { order, .. } => order,
        ref other => panic!("{other:?}"),
    };
    assert_eq!(
        trades(&events).iter().map(|t| t.price.0).collect::<Vec<_>>(),
        [5_380, 5_460, 5_500]
    );
    assert_eq!(world.quote(), (QuoteKind::Sequential, Side::Buy, 5_500));
    // Back inside is immediate, at the quote although the buy would pay 560.
    let place = world.day_order(CAT, Side::Sell, 5_480, 100);
    let events = world.place(place);
    assert_eq!(
        trades(&events).iter().map(|t| (t.price.0, t.quantity.0)).collect::<Vec<_>>(),
        [(5_500, 100)]
    );
    // Beyond it nothing trades.
    let place = world.day_order(CAT, Side::Buy, 5_700, 100);
    assert!(trades(&world.place(place)).is_empty());
    // After a minute the auction: 556 is within one width of 550.
    let events = world.wait(MINUTE);
    assert_eq!(auctions(&events)[0].1, AuctionEnd::Priced);
    assert_eq!(
        trades(&events).iter().map(|t| (t.price.0, t.quantity.0)).collect::<Vec<_>>(),
        [(5_600, 100)]
    );
    assert_eq!(world.filled(buy), 400);
}

#[test]
fn a_sequential_quote_turns_special_when_the_next_price_is_further_away() {
    let mut world = share_world();
    world.open_at(5_300);
    for price in [5_380, 5_460, 5_500, 5_590] {
        world.ask(BOB, price, 100);
    }
    let place = world.market_order(ANN, Side::Buy, 500);
    world.accept(place);
    assert_eq!(world.quote(), (QuoteKind::Sequential, Side::Buy, 5_500));
    // 559 is within one width of 550, but half of what is left is for sale there.
    world.wait(MINUTE);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_600));
}

#[test]
fn a_mass_cancel_of_what_presses_ends_the_quote() {
    let mut world = share_world();
    world.open_at(5_300);
    let place = world.market_order(ANN, Side::Buy, 100);
    world.accept(place);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_400));
    world.apply(Command::CancelMany(CancelMany {
        price: Price(0),
        account: Some(ANN),
        instrument: None,
        side: None,
        group: None,
        from: OrderId(0),
        via: Via::Admin,
        key: 0,
    }));
    assert_eq!(world.quote().0, QuoteKind::Free);
}

#[test]
fn a_special_bid_climbs_until_all_at_market_can_trade_and_turns_when_sellers_press() {
    let mut world = share_world();
    world.open_at(5_300);
    let near = world.ask(BOB, 5_450, 1_000);
    let place = world.market_order(ANN, Side::Buy, 2_000);
    let buy = world.accept(place);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_400));
    assert_eq!(renewed(&mut world, 2), [5_500, 5_600], "1,000 at 545 are not all of it");
    // 4,500 to sell at market against 2,000 to buy: the sellers press now, whatever the offers.
    let place = world.market_order(BOB, Side::Sell, 4_500);
    let sell = world.accept(place);
    let (kind, side, _) = world.quote();
    assert_eq!((kind, side), (QuoteKind::Special, Side::Sell));
    world.cancel(BOB, sell);
    let (kind, side, price) = world.quote();
    assert_eq!((kind, side), (QuoteKind::Special, Side::Buy), "{price}");
    let events = {
        let place = world.day_order(CAT, Side::Sell, price - 10, 1_000);
        world.place(place)
    };
    assert_eq!(auctions(&events).len(), 1, "{events:?}");
    assert_eq!((world.filled(buy), world.filled(near)), (2_000, 1_000));
}

#[test]
fn an_opening_beyond_one_width_goes_through_a_special_quote_to_its_first_price() {
    // Base 530: 540, 550, then 560 where the offer is. Who came during the quote is simultaneous
    // with those before it: Bob's and Cat's offers share in turns, 300 each of 600.
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let place = world.market_order(ANN, Side::Buy, 600);
    let buy = world.accept(place);
    let early = world.ask(BOB, 5_600, 500);
    world.step(SessionStep::Open);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_400));
    assert_eq!(world.balance(ANN, JPY).1, 600 * 630 * 10_000);
    let late = world.ask(CAT, 5_600, 500);
    assert_eq!(renewed(&mut world, 1), [5_500]);
    assert_eq!(world.engine.instrument(STOCK).expect("it").last_price, Price(0));
    world.wait(3 * MINUTE);
    assert_eq!([buy, early, late].map(|order| world.filled(order)), [600, 300, 300]);
    assert_eq!((world.quote().0, world.balance(ANN, JPY).1), (QuoteKind::Free, 0));
    assert_eq!(world.engine.instrument(STOCK).expect("it").last_price, Price(5_600));
}

#[test]
fn quotes_stay_on_tick_where_a_band_ends() {
    // Base 2,990 yen: width 50 yen; 3,040 lies in the band of 5 yen ticks, 2,940 in that of 1.
    // Base 2,998: 3,048 is between ticks, so the special bid is at 3,045.
    for (base, bid, ask) in [(29_900, 30_400, 29_400), (29_980, 30_450, 29_480)] {
        for (side, shown) in [(Side::Buy, bid), (Side::Sell, ask)] {
            let spec = InstrumentSpec {
                base_price: Price(base),
                limit_down: Price(25_000),
                limit_up: Price(34_900),
                ..share()
            };
            let mut world = World::with(limits(), coin(), spec);
            world.apply(Command::RollDay { profile: Profile::Tse, day: DAY });
            world.step(SessionStep::PreOpen);
            let place = world.market_order(ANN, side, 100);
            world.accept(place);
            world.step(SessionStep::Open);
            assert_eq!(world.quote(), (QuoteKind::Special, side, shown), "from {base}");
        }
    }
}

#[test]
fn what_the_morning_leaves_at_market_is_for_the_afternoon() {
    let mut world = share_world();
    world.open_at(5_300);
    let buy = world.market_order(ANN, Side::Buy, 200);
    let buy = world.accept(buy);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_400));
    let events = world.step(SessionStep::MorningClose);
    assert_eq!(auctions(&events)[0].1, AuctionEnd::Unpriced);
    assert_eq!(world.quote().0, QuoteKind::Free, "no quote outlasts its session");
    assert_eq!(world.balance(ANN, JPY).1, 200 * 630 * 10_000);
    world.step(SessionStep::AfternoonPreOpen);
    world.ask(BOB, 5_410, 200);
    let events = world.step(SessionStep::AfternoonOpen);
    assert_eq!(auctions(&events)[0].1, AuctionEnd::Priced, "within a width of the last quote");
    assert_eq!((world.filled(buy), world.balance(ANN, JPY).1), (200, 0));
}

#[test]
fn a_halt_holds_a_quote_where_it_is() {
    let mut world = share_world();
    world.open_at(5_300);
    for price in [5_380, 5_460, 5_500, 5_560] {
        world.ask(BOB, price, 100);
    }
    let buy = world.bid(ANN, 5_600, 500);
    assert_eq!(world.quote(), (QuoteKind::Sequential, Side::Buy, 5_500));
    world.instrument_status(STOCK, InstrumentStatus::Halted);
    let events = world.wait(2 * MINUTE);
    assert!(trades(&events).is_empty() && auctions(&events).is_empty(), "{events:?}");
    assert_eq!(world.engine.next_due(), None, "nothing to wake it for");
    world.instrument_status(STOCK, InstrumentStatus::Open);
    let events = world.wait(0);
    assert_eq!(auctions(&events)[0].1, AuctionEnd::Priced);
    assert_eq!(world.filled(buy), 400);
    // A special quote is not renewed either.
    assert_eq!(world.quote(), (QuoteKind::Free, Side::Buy, 0));
    let place = world.market_order(ANN, Side::Buy, 500);
    world.accept(place);
    let (_, _, shown) = world.quote();
    world.instrument_status(STOCK, InstrumentStatus::Halted);
    world.wait(10 * MINUTE);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, shown));
    // Its three minutes begin anew when the halt ends.
    world.instrument_status(STOCK, InstrumentStatus::Open);
    world.wait(3 * MINUTE - 100);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, shown));
    world.wait(100);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, shown + 100));
}

#[test]
fn stops_go_off_one_after_the_other_through_an_opening_and_a_special_quote() {
    // The opening at 520 sets off the stop at 525; at market it meets only a bid at 505, more than
    // one width (10 yen) away: a special ask at 510, then 500. The auction at 505 sets off the
    // stop at 506, which trades at 505 at once.
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let stop = |world: &mut World, price: i64| {
        let order = world.market_order(CAT, Side::Sell, 100);
        let trigger = Some(Trigger { price: Price(price), when: TriggerWhen::AtOrBelow });
        let stop = Contingent { order, trigger, stop: None, expires: 0, child: None };
        match world.apply(Command::PlaceContingent(Box::new(stop)))[0] {
            Event::Accepted { order, .. } => order,
            ref other => panic!("{other:?}"),
        }
    };
    let (first, second) = (stop(&mut world, 5_250), stop(&mut world, 5_060));
    world.bid(ANN, 5_200, 100);
    world.ask(BOB, 5_200, 100);
    world.bid(ANN, 5_050, 300);
    let events = world.step(SessionStep::Open);
    assert_eq!(auctions(&events), [(AuctionKind::Opening, AuctionEnd::Priced, 5_200, 100, 0)]);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Sell, 5_100));
    assert_eq!((world.filled(first), world.filled(second)), (0, 0));
    let events = world.wait(3 * MINUTE);
    assert_eq!(
        fills(&events).iter().map(|f| (f.0, f.1, f.3)).collect::<Vec<_>>(),
        [(5_050, 100, first), (5_050, 100, second)]
    );
    assert_eq!((world.quote().0, world.engine.next_due()), (QuoteKind::Free, None));
}

#[test]
fn a_special_quote_ends_at_the_price_of_a_lone_order_and_does_not_begin_again() {
    // Last 530, an offer at 512 alone: special ask 520, then 510, where 512 is an offer as any
    // other. It trades at once with whoever takes it.
    let mut world = share_world();
    world.open_at(5_300);
    let ask = world.ask(BOB, 5_120, 200);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Sell, 5_200));
    world.wait(3 * MINUTE);
    assert_eq!((world.quote().0, world.engine.next_due()), (QuoteKind::Free, None));
    let place = world.day_order(CAT, Side::Buy, 5_150, 100);
    assert_eq!(fills(&world.place(place)).iter().map(|f| f.0).collect::<Vec<_>>(), [5_120]);
    assert_eq!((world.filled(ask), world.quote().0), (100, QuoteKind::Free));
}

#[test]
fn a_minute_is_sixty_seconds_from_its_first_trade() {
    // 530, then 538 begins the minute: until 59.999... seconds 550 is the end, after 60 seconds
    // movements are measured from 538 again.
    for (after, sequential) in [(MINUTE - 1_000, true), (MINUTE, false)] {
        let mut world = share_world();
        world.open_at(5_300);
        for price in [5_380, 5_460, 5_540] {
            world.ask(BOB, price, 100);
        }
        world.bid(ANN, 5_380, 100);
        world.bid(ANN, 5_460, 100);
        assert_eq!(world.quote().0, QuoteKind::Free);
        world.at += after - 20;
        let last = world.bid(ANN, 5_540, 100);
        assert_eq!(world.filled(last), if sequential { 0 } else { 100 });
        let shown = (QuoteKind::Sequential, Side::Buy, 5_500);
        assert_eq!(world.quote() == shown, sequential, "{:?}", world.quote());
    }
}

/// The quote for a bid of 560 goes 540, 550, 560 and ends there; movements are measured from 560.
fn at_the_orders_price() -> (World, OrderId) {
    let mut world = share_world();
    world.open_at(5_300);
    let bid = world.bid(ANN, 5_600, 100);
    for price in [5_400, 5_500] {
        assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, price));
        world.wait(3 * MINUTE);
    }
    assert_eq!(world.quote().0, QuoteKind::Free, "it has come to the order's price");
    (world, bid)
}

/// While the bid stands, what meets it trades at once: an offer of 555 at 560.
#[test]
fn a_quote_that_came_to_an_orders_price_measures_while_the_order_stands() {
    let (mut world, bid) = at_the_orders_price();
    let place = world.day_order(BOB, Side::Sell, 5_550, 100);
    let events = world.place(place);
    assert_eq!(fills(&events).iter().map(|fill| fill.0).collect::<Vec<_>>(), [5_600]);
    assert_eq!(world.filled(bid), 100);
}

/// When it is cancelled, the last price measures again: 525 is within one width of 530 and trades,
/// though it is more than three away from 560.
#[test]
fn once_that_order_is_gone_the_last_price_measures_again() {
    let (mut world, bid) = at_the_orders_price();
    world.cancel(ANN, bid);
    let ask = world.ask(BOB, 5_250, 100);
    world.bid(CAT, 5_250, 100);
    assert_eq!(world.filled(ask), 100);
    assert_eq!(world.quote().0, QuoteKind::Free);
}

/// 100 to be bought at market: 540, 550, ... 630, the day's limit, and there it stays. With the limit
/// raised to 650 it goes on to 640 and 650; lowered to 635, it comes back to that.
#[test]
fn a_quote_at_the_limit_follows_limits_set_by_hand() {
    let mut world = share_world();
    world.open_at(5_300);
    let place = world.market_order(ANN, Side::Buy, 100);
    world.accept(place);
    let climb = |world: &mut World| {
        let mut shown = vec![];
        while let Some(due) = world.engine.next_due() {
            world.wait(due.0 - world.at - 10);
            shown.push(world.quote().2);
        }
        shown
    };
    assert_eq!(climb(&mut world).last(), Some(&6_300));
    let set = |world: &mut World, limit_up| {
        world.apply(Command::SetPriceLimits {
            instrument: STOCK,
            base_price: Price(5_300),
            limit_down: Price(4_300),
            limit_up: Price(limit_up),
            by: by(),
        })
    };
    set(&mut world, 6_500);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 6_300), "for three minutes more");
    assert_eq!(climb(&mut world), [6_400, 6_500]);
    set(&mut world, 6_350);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 6_350));
    assert_eq!(world.engine.next_due(), None);
}

/// A sell of 100 by Cat, set off at 525 or lower.
fn stop_at_525(world: &mut World, order: Place) -> OrderId {
    let trigger = Some(Trigger { price: Price(5_250), when: TriggerWhen::AtOrBelow });
    let stop = Contingent { order, trigger, stop: None, expires: 0, child: None };
    match world.apply(Command::PlaceContingent(Box::new(stop)))[0] {
        Event::Accepted { order, .. } => order,
        ref other => panic!("{other:?}"),
    }
}

/// The opening at 520 sets off two stops. The first, at market, shows a special ask, as the only bid is
/// at 505; the second, all or nothing at 500, comes in under that: no auction can promise it.
#[test]
fn all_or_nothing_set_off_under_a_quote_is_refused() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let market = world.market_order(CAT, Side::Sell, 100);
    stop_at_525(&mut world, market);
    let all = world.day_order(CAT, Side::Sell, 5_000, 100);
    let all = stop_at_525(&mut world, Place { time_in_force: TimeInForce::Fok, ..all });
    world.bid(ANN, 5_200, 100);
    world.ask(BOB, 5_200, 100);
    world.bid(ANN, 5_050, 300);
    let events = world.step(SessionStep::Open);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Sell, 5_100));
    assert!(events.iter().any(|event| matches!(
        event,
        Event::SetOffRefused { order, code: Reject::InvalidTimeInForce, .. } if *order == all
    )));
    assert_eq!(world.order(all).closed, Some(CloseReason::TriggerRefused));
    assert_eq!(world.balance(CAT, SHARE).1, 100, "what is at market only");
}

/// A lasting stop that was set off at market and rests under a quote is of that day: where the close is
/// left out, it ends with the roll.
#[test]
fn what_was_set_off_at_market_does_not_see_the_next_day() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let market = world.market_order(CAT, Side::Sell, 100);
    let stop = stop_at_525(&mut world, Place { time_in_force: TimeInForce::Gtc, ..market });
    world.bid(ANN, 5_200, 100);
    world.ask(BOB, 5_200, 100);
    world.step(SessionStep::Open);
    assert_eq!(world.engine.market_orders(STOCK, Side::Sell).quantity, Quantity(100));
    let events = world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    assert!(closed(&events).contains(&(stop, CloseReason::Expired)), "{events:?}");
    assert_eq!(world.balance(CAT, SHARE).1, 0);
}
