//! A session's first price, and orders that are not to rest, while orders gather. Sources: JPX
//! "Stock Price Formulation" (all orders before the first price are simultaneous; itayose
//! determines it), JPX "Trading Rules of Domestic Stocks" (opening conditions go over to the
//! afternoon if the morning had no price; IOC), the domain page, section 2. Base 530 yen, width 10
//! yen; the numbers are worked out on paper.

use super::tse::*;
use super::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

impl World {
    fn ioc(&mut self, account: AccountId, side: Side, price: i64, quantity: i64) -> Vec<Event> {
        let place = self.day_order(account, side, price, quantity);
        self.place(Place { time_in_force: TimeInForce::Ioc, ..place })
    }

    fn opening_order(&mut self, account: AccountId, side: Side, price: i64) -> OrderId {
        let place = self.day_order(account, side, price, 100);
        self.accept(Place { condition: Condition::Opening, ..place })
    }

    /// The morning opens and nothing crosses.
    fn open_empty(&mut self) {
        self.step(SessionStep::PreOpen);
        let events = self.step(SessionStep::Open);
        assert_eq!(auctions(&events)[0].1, AuctionEnd::Empty);
        assert_eq!(self.phase(), Phase::Continuous);
    }
}

fn accepted(events: &[Event]) -> OrderId {
    match events[0] {
        Event::Accepted { order, .. } => order,
        ref other => panic!("{other:?}"),
    }
}

/// Ann wants 300 since before the opening, Cat 400 since after it, both at 529. Then 300 are
/// offered at 528: all bids are simultaneous, so the price is 529 (bids left over: the highest) and
/// the three units go Cat, Ann, Cat. By time Ann would get all.
#[test]
fn the_first_price_is_an_auctions_whenever_it_comes() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let ann = world.bid(ANN, 5_290, 300);
    world.step(SessionStep::Open);
    let cat = world.bid(CAT, 5_290, 400);
    let place = world.day_order(BOB, Side::Sell, 5_280, 300);
    let events = world.place(place);
    let priced = (AuctionKind::Opening, AuctionEnd::Priced, 5_290, 300, 400);
    assert_eq!(auctions(&events), [priced]);
    assert_eq!((world.filled(ann), world.filled(cat)), (100, 200));
    // From here on time counts: Ann came first.
    world.at += 2 * MINUTE;
    let events = world.ask(BOB, 5_290, 200);
    let _ = events;
    assert_eq!((world.filled(ann), world.filled(cat)), (300, 200));
}

/// 531 and 532 are asked; 533 is bid for 200. At 531 only 100 would trade with a bid above it left
/// over: the auction's price is 532 for both, where continuous trading would have made 531 first.
#[test]
fn the_first_price_is_one_price() {
    let mut world = share_world();
    world.open_empty();
    world.ask(BOB, 5_310, 100);
    world.ask(BOB, 5_320, 100);
    let place = world.day_order(ANN, Side::Buy, 5_330, 200);
    let events = world.place(place);
    assert_eq!(auctions(&events)[0].2, 5_320);
    assert_eq!(fills(&events).iter().map(|fill| fill.0).collect::<Vec<_>>(), [5_320, 5_320]);
    assert_eq!(world.quote().0, QuoteKind::Free);
}

/// The afternoon has a first price of its own, and its auction its own name.
#[test]
fn the_afternoon_has_its_own_first_price() {
    let mut world = share_world();
    world.open_at(5_300);
    world.step(SessionStep::MorningClose);
    world.step(SessionStep::AfternoonPreOpen);
    world.step(SessionStep::AfternoonOpen);
    let (ann, cat) = (world.bid(ANN, 5_300, 100), world.bid(CAT, 5_300, 300));
    let place = world.day_order(BOB, Side::Sell, 5_300, 200);
    let events = world.place(place);
    assert_eq!(auctions(&events)[0].0, AuctionKind::AfternoonOpening);
    assert_eq!((world.filled(ann), world.filled(cat)), (100, 100));
}

/// An order too far away shows a special quote; the first price comes out of that: of 545 to 550 the
/// nearest to the quote of 540.
#[test]
fn before_the_first_price_a_far_order_shows_a_quote() {
    let mut world = share_world();
    world.open_empty();
    world.ask(BOB, 5_450, 100);
    world.bid(ANN, 5_500, 100);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_400));
    let events = world.wait(3 * MINUTE);
    assert!(events.len() > 1);
    assert_eq!(world.engine.instrument(STOCK).unwrap().last_price, Price(5_450));
}

/// With no price at all to measure from, whatever crosses makes the first one.
#[test]
fn a_share_without_any_price_finds_its_first_in_an_auction() {
    let free = zaraba_engine::instrument::InstrumentSpec {
        base_price: Price(0),
        limit_down: Price(0),
        limit_up: Price(0),
        market_band_ppm: 100_000,
        ..share()
    };
    let mut world = World::with(limits(), coin(), free);
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY });
    world.open_empty();
    world.ask(BOB, 5_040, 100);
    let place = world.day_order(ANN, Side::Buy, 5_540, 100);
    let events = world.place(place);
    assert_eq!(auctions(&events)[0], (AuctionKind::Opening, AuctionEnd::Priced, 5_040, 100, 0));
}

#[test]
fn opening_orders_wait_for_the_first_price_and_end_with_it() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let (met, not) =
        (world.opening_order(ANN, Side::Buy, 5_300), world.opening_order(ANN, Side::Buy, 5_290));
    world.step(SessionStep::Open);
    assert_eq!(world.order(not).status, OrderStatus::Open);
    let late = world.opening_order(CAT, Side::Buy, 5_280);
    let place = world.day_order(BOB, Side::Sell, 5_300, 100);
    let events = world.place(place);
    assert_eq!(world.filled(met), 100);
    let rest = CloseReason::AuctionRest;
    assert_eq!(closed(&events)[2..], [(not, rest), (late, rest)]);
}

/// A morning without a price: its opening orders take part in the afternoon's.
#[test]
fn opening_orders_go_over_to_the_afternoon_if_the_morning_had_no_price() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let order = world.opening_order(ANN, Side::Buy, 5_300);
    world.step(SessionStep::Open);
    world.step(SessionStep::MorningClose);
    world.step(SessionStep::AfternoonPreOpen);
    world.ask(BOB, 5_300, 100);
    world.step(SessionStep::AfternoonOpen);
    assert_eq!(world.filled(order), 100);
}

/// The morning's closing auction may be the one that finds the morning's first price.
#[test]
fn a_special_quote_all_morning_may_end_in_the_mornings_close() {
    let mut world = share_world();
    world.open_empty();
    world.ask(BOB, 5_450, 100);
    let bid = world.bid(ANN, 5_500, 100);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 5_400));
    let events = world.step(SessionStep::MorningClose);
    assert_eq!(auctions(&events)[0].1, AuctionEnd::Priced, "one width from 540 reaches 545");
    assert_eq!(world.filled(bid), 100);
}

/// Before the open: takes part in the opening, and what it leaves ends with it.
#[test]
fn an_immediate_order_before_an_auction_is_there_for_that_one() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    world.ask(BOB, 5_300, 100);
    let order = accepted(&world.ioc(ANN, Side::Buy, 5_300, 300));
    assert_eq!(world.order(order).status, OrderStatus::Open);
    let locked = world.balance(ANN, JPY).1;
    assert_eq!(locked, 530 * 300 * 10_000);
    let events = world.step(SessionStep::Open);
    assert_eq!(world.filled(order), 100);
    assert_eq!(closed(&events).last(), Some(&(order, CloseReason::ImmediateRest)));
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

/// Nothing to trade with: it ends with the auction, although the first price is still to come.
#[test]
fn an_immediate_order_does_not_outlast_an_auction_without_a_price() {
    for status in [InstrumentStatus::Open, InstrumentStatus::Halted] {
        let mut world = share_world();
        world.step(SessionStep::PreOpen);
        let order = accepted(&world.ioc(ANN, Side::Buy, 5_300, 300));
        let market = world.market_order(CAT, Side::Buy, 100);
        let market = accepted(&world.place(Place { time_in_force: TimeInForce::Ioc, ..market }));
        world.instrument_status(STOCK, status);
        world.step(SessionStep::Open);
        for order in [order, market] {
            assert_eq!(world.order(order).closed, Some(CloseReason::ImmediateRest));
        }
        assert_eq!((world.balance(ANN, JPY).1, world.balance(CAT, JPY).1), (0, 0));
        assert_eq!(world.quote().0, QuoteKind::Free, "it asked for none");
    }
}

/// The close: 200 offered, 300 wanted at once, none of it left.
#[test]
fn an_immediate_order_before_the_close_takes_part_in_it() {
    let mut world = share_world();
    world.open_at(5_300);
    world.step(SessionStep::PreClose);
    let order = accepted(&world.ioc(ANN, Side::Buy, 5_310, 300));
    world.ask(BOB, 5_310, 200);
    let events = world.step(SessionStep::Close);
    assert_eq!(world.filled(order), 200);
    assert!(closed(&events).contains(&(order, CloseReason::ImmediateRest)));
    assert_eq!(world.phase(), Phase::Closed);
}

/// Special bid at 540 for a bid of 560. An offer of 555 is beyond it: it ends. An offer of 535 is
/// met at once at 540 (bids left over: the highest price), and what it leaves ends.
#[test]
fn an_immediate_order_under_a_special_quote_trades_inside_it_or_ends() {
    let mut world = share_world();
    world.open_at(5_300);
    let bid = world.bid(ANN, 5_600, 300);
    let quote = (QuoteKind::Special, Side::Buy, 5_400);
    assert_eq!(world.quote(), quote);
    let events = world.ioc(BOB, Side::Sell, 5_550, 100);
    assert_eq!(closed(&events), [(accepted(&events), CloseReason::ImmediateRest)]);
    assert_eq!(world.quote(), quote);
    let levels = events.iter().filter(|event| matches!(event, Event::Level { .. })).count();
    assert_eq!(levels, 0, "no level of the book has changed: {events:?}");
    let events = world.ioc(BOB, Side::Sell, 5_350, 500);
    assert_eq!(world.filled(accepted(&events)), 300);
    assert_eq!(world.filled(bid), 300);
    assert_eq!(closed(&events).last(), Some(&(accepted(&events), CloseReason::ImmediateRest)));
    assert_eq!(world.quote().0, QuoteKind::Free);
    assert_eq!(world.balance(BOB, SHARE).1, 0);
}

/// Before the first price: it makes that, or ends without a trace.
#[test]
fn an_immediate_order_can_make_the_first_price() {
    let mut world = share_world();
    world.open_empty();
    let far = world.ioc(ANN, Side::Buy, 5_900, 100);
    assert_eq!(closed(&far), [(accepted(&far), CloseReason::ImmediateRest)]);
    assert_eq!(world.quote().0, QuoteKind::Free, "it shows no quote");
    let ask = world.ask(BOB, 5_310, 200);
    let events = world.ioc(ANN, Side::Buy, 5_320, 300);
    assert_eq!(auctions(&events)[0].0, AuctionKind::Opening);
    assert_eq!(world.filled(ask), 200);
    assert_eq!(closed(&events).last(), Some(&(accepted(&events), CloseReason::ImmediateRest)));
}

/// What is there for one auction does not outlive its day either, if no auction came.
#[test]
fn an_immediate_order_ends_with_the_day_at_the_latest() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let order = accepted(&world.ioc(ANN, Side::Buy, 5_300, 100));
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    assert_eq!(world.order(order).closed, Some(CloseReason::Expired));
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

/// All or nothing cannot be promised by an auction; an amount is sized by the book as it trades.
#[test]
fn what_an_auction_cannot_promise_is_refused() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let place = world.day_order(ANN, Side::Buy, 5_300, 100);
    let fok = world.place(Place { time_in_force: TimeInForce::Fok, ..place });
    assert_eq!(refusal(&fok), (Reject::InvalidTimeInForce, true));
    let market = world.market_order(ANN, Side::Buy, 1_000_000);
    let place = Place { time_in_force: TimeInForce::Ioc, by_amount: true, ..market };
    assert_eq!(refusal(&world.place(place)), (Reject::InvalidTimeInForce, true));
}

/// An order by amount that rested could trade at another price than its amount was worked out by,
/// and would hold a special quote at its own bound.
#[test]
fn an_order_by_amount_never_rests() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    world.ask(BOB, 5_300, 300);
    let before = world.balance(ANN, JPY);
    for step in [None, Some(SessionStep::Open)] {
        if let Some(step) = step {
            world.step(step);
        }
        let market = world.market_order(ANN, Side::Buy, 600_000_000);
        let place = Place { time_in_force: TimeInForce::Day, by_amount: true, ..market };
        assert_eq!(refusal(&world.place(place)), (Reject::InvalidTimeInForce, true));
    }
    assert_eq!(world.balance(ANN, JPY), before);
}

/// An immediate order that gathers is an open order: it counts, and its owner may cancel it.
#[test]
fn an_immediate_order_that_gathers_counts_as_open() {
    let capped = zaraba_engine::instrument::InstrumentSpec { open_order_cap: 1, ..share() };
    let mut world = World::with(limits(), coin(), capped);
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY });
    world.step(SessionStep::PreOpen);
    let order = accepted(&world.ioc(ANN, Side::Buy, 5_300, 100));
    let second = world.ioc(ANN, Side::Buy, 5_300, 100);
    assert_eq!(refusal(&second), (Reject::OpenOrderCap, true));
    world.amend(ANN, order, 5_290, 0);
    assert_eq!(world.order(order).price, Price(5_290));
    assert_eq!(closed(&world.cancel(ANN, order)), [(order, CloseReason::Cancelled)]);
}
