//! Tokyo's closing auction by worked examples: who comes first, stop allocation, special execution,
//! on-close and funari orders. Rules: domain page, section 2; the close in force since 2024-11-05. Base
//! 530 yen, limits 430 and 630, width 10 (JPX "Daily Price Limits"); prices in tenths of a yen.

use super::tse::*;
use super::world::*;
use zaraba_engine::Event;
use zaraba_engine::command::*;
use zaraba_engine::event::CloseReason;
use zaraba_engine::types::*;

#[test]
fn at_the_close_groups_come_in_their_order() {
    // One price, three groups: from before the afternoon opening (simultaneous), continuous
    // trading of the afternoon (by time), for the close (simultaneous).
    let mut world = share_world();
    world.open_at(5_300);
    let (morning, other) = (world.bid(ANN, 5_300, 100), world.bid(BOB, 5_300, 200));
    world.step(SessionStep::MorningClose);
    world.step(SessionStep::AfternoonPreOpen);
    let noon = world.bid(CAT, 5_300, 100);
    world.step(SessionStep::AfternoonOpen);
    world.bid(CAT, 5_310, 100);
    world.ask(CAT, 5_310, 100);
    let (late, later) = (world.bid(ANN, 5_300, 200), world.bid(BOB, 5_300, 200));
    world.step(SessionStep::PreClose);
    let last = world.bid(CAT, 5_300, 300);
    world.ask(CAT, 5_290, 700);
    let events = world.step(SessionStep::Close);
    assert_eq!(auctions(&events), [(AuctionKind::Closing, AuctionEnd::Priced, 5_300, 700, 400)]);
    assert_eq!([morning, other, noon].map(|order| world.filled(order)), [100, 200, 100]);
    assert_eq!([late, later, last].map(|order| world.filled(order)), [200, 100, 0]);
}

#[test]
fn special_execution_goes_by_strict_time_at_the_end_of_the_range() {
    // Last 530: the close may trade from 510 to 550. All bids are market orders or at 560, all
    // offers at 540: nothing is admissible below 560. At 550 buys have 600, sells 300.
    let mut world = share_world();
    world.open_at(5_300);
    world.step(SessionStep::PreClose);
    let limit = world.bid(ANN, 5_600, 200);
    let place = world.market_order(BOB, Side::Buy, 300);
    let market = world.accept(place);
    let late = world.bid(ANN, 5_600, 100);
    let ask = world.ask(CAT, 5_400, 300);
    let events = world.step(SessionStep::Close);
    let auction = (AuctionKind::Closing, AuctionEnd::SpecialExecution, 5_500, 300, 300);
    assert_eq!(auctions(&events), [auction]);
    assert_eq!([limit, market, late, ask].map(|order| world.filled(order)), [200, 100, 0, 300]);
    assert!(closed(&events).contains(&(market, CloseReason::AuctionRest)));
}

#[test]
fn stop_allocation_shares_out_at_the_limit_price_whatever_the_kind() {
    // The share stands at its upper limit of 630 yen; sells have 500, buys 900: Ann 500 (market
    // and limit), Bob 300, Cat 100; one unit each in turn: Ann 200, Bob 200, Cat 100.
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let place = world.market_order(ANN, Side::Buy, 300);
    let ann = world.accept(place);
    world.step(SessionStep::Open);
    while let Some(due) = world.engine.next_due() {
        world.at = due.0;
        world.wait(0);
    }
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 6_300));
    let more = world.bid(ANN, 6_300, 200);
    let bob = world.bid(BOB, 6_300, 300);
    let cat = world.bid(CAT, 6_300, 100);
    world.step(SessionStep::PreClose);
    world.ask(BOB, 6_300, 500);
    world.cancel(BOB, bob);
    let place = world.market_order(BOB, Side::Buy, 300);
    let bob = world.accept(place);
    // All 600 at market must trade and only 500 are for sale: no price is admissible.
    let events = world.step(SessionStep::Close);
    let auction = (AuctionKind::Closing, AuctionEnd::StopAllocation, 6_300, 500, 400);
    assert_eq!(auctions(&events), [auction]);
    assert_eq!([ann, more, bob, cat].map(|order| world.filled(order)), [200, 0, 200, 100]);
}

#[test]
fn market_orders_of_both_sides_alone_trade_at_the_last_price() {
    let mut world = share_world();
    world.open_at(5_300);
    world.step(SessionStep::PreClose);
    let buy = world.market_order(ANN, Side::Buy, 500);
    let buy = world.accept(buy);
    let sell = world.market_order(BOB, Side::Sell, 500);
    let sell = world.accept(sell);
    let events = world.step(SessionStep::Close);
    assert_eq!(auctions(&events), [(AuctionKind::Closing, AuctionEnd::Priced, 5_300, 500, 0)]);
    assert_eq!((world.filled(buy), world.filled(sell)), (500, 500));
}

#[test]
fn stop_allocation_at_the_lower_limit_and_special_execution_downwards() {
    // Lower limit 430. Sells: Bob 400 at market, Cat 200 at 430; bids at 430: Ann 300. In turns:
    // Bob 100, Cat 100, Bob 100.
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let place = world.market_order(BOB, Side::Sell, 400);
    let bob = world.accept(place);
    world.step(SessionStep::Open);
    while world.engine.next_due().is_some() {
        renewed(&mut world, 1);
    }
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Sell, 4_300));
    let cat = world.ask(CAT, 4_300, 200);
    let ann = world.bid(ANN, 4_300, 300);
    world.step(SessionStep::PreClose);
    let events = world.step(SessionStep::Close);
    let auction = (AuctionKind::Closing, AuctionEnd::StopAllocation, 4_300, 300, -300);
    assert_eq!(auctions(&events), [auction]);
    assert_eq!([bob, cat, ann].map(|order| world.filled(order)), [200, 100, 300]);
    // Last 530: to 510 at the close. The on-close order came before the limit order.
    let mut world = share_world();
    world.open_at(5_300);
    let place = world.market_order(BOB, Side::Sell, 200);
    let first = world.accept(Place { condition: Condition::Closing, ..place });
    world.step(SessionStep::PreClose);
    let second = world.ask(CAT, 5_000, 300);
    let bid = world.bid(ANN, 5_150, 300);
    let events = world.step(SessionStep::Close);
    let auction = (AuctionKind::Closing, AuctionEnd::SpecialExecution, 5_100, 300, -200);
    assert_eq!(auctions(&events), [auction]);
    assert_eq!([first, second, bid].map(|order| world.filled(order)), [200, 100, 300]);
}

#[test]
fn an_on_close_order_waits_for_the_pre_close_and_what_is_left_ends_with_the_day() {
    let mut world = share_world();
    world.open_at(5_300);
    let place = world.market_order(ANN, Side::Sell, 300);
    let closing = world.accept(Place { condition: Condition::Closing, ..place });
    assert_eq!(world.balance(ANN, SHARE).1, 300, "locked all day");
    world.bid(BOB, 5_290, 100);
    assert_eq!(world.filled(closing), 0);
    world.amend(ANN, closing, 0, 200);
    assert_eq!(world.balance(ANN, SHARE).1, 200);
    world.step(SessionStep::PreClose);
    assert_eq!(world.engine.market_orders(STOCK, Side::Sell).quantity, Quantity(200));
    let events = world.step(SessionStep::Close);
    // 100 of 200 can trade: no admissible price, so special execution at 530 - 20 yen.
    assert_eq!(auctions(&events)[0].1, AuctionEnd::SpecialExecution);
    assert_eq!(world.filled(closing), 100);
    assert!(closed(&events).contains(&(closing, CloseReason::AuctionRest)));
    assert_eq!((world.phase(), world.balance(ANN, SHARE).1), (Phase::Closed, 0));
}

#[test]
fn a_funari_order_rests_at_its_limit_and_becomes_a_market_order_for_the_close() {
    let mut world = share_world();
    world.open_at(5_300);
    let place = world.day_order(ANN, Side::Buy, 5_250, 200);
    let place = Place { condition: Condition::Funari, ..place };
    let funari = world.accept(place);
    // Locked at what a market order could cost: 200 x 630 yen.
    assert_eq!(world.balance(ANN, JPY).1, 200 * 630 * 10_000);
    let sell = world.ask(BOB, 5_250, 100);
    assert_eq!((world.filled(funari), world.filled(sell)), (100, 100), "in continuous trading");
    assert_eq!(world.balance(ANN, JPY).1, 100 * 630 * 10_000);
    let events = world.step(SessionStep::PreClose);
    assert!(events.iter().any(|event| matches!(
        event,
        Event::Triggered { order, kind: OrderKind::Market, .. } if *order == funari
    )));
    assert_eq!(world.engine.market_orders(STOCK, Side::Buy).quantity, Quantity(100));
    let repeat = world.place(place);
    assert_eq!(repeat, [Event::Repeated { order: funari }], "it is still what was sent");
    world.ask(BOB, 5_270, 100);
    let events = world.step(SessionStep::Close);
    let auction = (AuctionKind::Closing, AuctionEnd::Priced, 5_270, 100, 0);
    assert_eq!(auctions(&events), [auction]);
    assert_eq!(world.filled(funari), 200);
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

#[test]
fn a_day_without_an_afternoon_closes_by_the_groups_of_its_morning() {
    // Group by group: before the opening (Ann), continuous trading by time (Bob's 300, then
    // Cat's 300, though Cat's account wants more), for the close (Ann's last).
    let mut world = share_world();
    world.open_at(5_300);
    let (first, second) = (world.bid(BOB, 5_300, 300), world.bid(CAT, 5_300, 900));
    world.step(SessionStep::PreClose);
    let last = world.bid(ANN, 5_300, 100);
    world.ask(ANN, 5_290, 500);
    let events = world.step(SessionStep::Close);
    assert_eq!(auctions(&events), [(AuctionKind::Closing, AuctionEnd::Priced, 5_300, 500, 800)]);
    assert_eq!([first, second, last].map(|order| world.filled(order)), [300, 200, 0]);
}

/// An offer at 540 that is to be a market order at the close: Bob bids 525 for it, last 530. As a limit
/// order it would not trade.
#[test]
fn a_funari_offer_sells_at_market_below_its_limit() {
    let mut world = share_world();
    world.open_at(5_300);
    let place = world.day_order(ANN, Side::Sell, 5_400, 100);
    let funari = world.accept(Place { condition: Condition::Funari, ..place });
    world.bid(BOB, 5_250, 100);
    world.step(SessionStep::PreClose);
    assert_eq!(world.engine.market_orders(STOCK, Side::Sell).quantity, Quantity(100));
    let events = world.step(SessionStep::Close);
    assert_eq!(auctions(&events), [(AuctionKind::Closing, AuctionEnd::Priced, 5_250, 100, 0)]);
    assert_eq!((world.filled(funari), world.balance(ANN, SHARE).1), (100, 0));
}
