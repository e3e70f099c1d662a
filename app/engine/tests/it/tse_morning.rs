//! Orders for the end of the morning: on-close orders and limit orders that become market orders
//! there (zenba hike, zenba fu-nari). Sources: JPX "Trading Rules of Domestic Stocks" (a closing
//! condition is for the close of the morning or of the afternoon; one for the morning does not go
//! over to the afternoon; funari turn into market orders at the close of their session), the domain
//! page, section 2. Base 530 yen, width 10 yen; the numbers are worked out on paper.

use super::tse::*;
use super::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

const REST: CloseReason = CloseReason::AuctionRest;

impl World {
    fn for_morning(&mut self, account: AccountId, side: Side, price: i64, lots: i64) -> OrderId {
        let place = self.day_order(account, side, price, lots * 100);
        self.accept(Place { condition: Condition::MorningClosing, ..place })
    }

    fn morning_funari(&mut self, account: AccountId, side: Side, price: i64) -> OrderId {
        let place = self.day_order(account, side, price, 100);
        self.accept(Place { condition: Condition::MorningFunari, ..place })
    }
}

#[test]
fn an_order_for_the_mornings_close_waits_for_it_and_ends_with_it() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let order = world.for_morning(ANN, Side::Buy, 5_310, 3);
    assert_eq!(world.order(order).status, OrderStatus::PendingTrigger);
    world.bid(CAT, 5_300, 100);
    world.ask(CAT, 5_300, 100);
    world.step(SessionStep::Open);
    world.at += 2 * MINUTE;
    let ask = world.ask(BOB, 5_310, 100);
    assert_eq!((world.filled(order), world.filled(ask)), (0, 0), "it is not in the book");
    let events = world.step(SessionStep::MorningClose);
    let priced = (AuctionKind::MorningClose, AuctionEnd::Priced, 5_310, 100, 200);
    assert_eq!(auctions(&events), [priced]);
    assert_eq!(world.filled(order), 100);
    assert_eq!(closed(&events).last(), Some(&(order, REST)));
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

/// The morning's close goes one width either way (the domain page: "ordinary width"), the day's two:
/// 100 to be bought at market, for sale at 545, 15 yen from the last price, find no price at 11:30
/// and trade at 15:30.
#[test]
fn the_mornings_close_goes_one_width_and_the_days_two() {
    for (condition, close, end) in [
        (Condition::MorningClosing, SessionStep::MorningClose, AuctionEnd::Unpriced),
        (Condition::Closing, SessionStep::Close, AuctionEnd::Priced),
    ] {
        let mut world = share_world();
        world.open_at(5_300);
        let place = world.market_order(ANN, Side::Buy, 100);
        let buy = world.accept(Place { condition, ..place });
        world.ask(BOB, 5_450, 100);
        let events = world.step(close);
        assert_eq!(auctions(&events)[0].1, end);
        assert_eq!(world.filled(buy), if end == AuctionEnd::Priced { 100 } else { 0 });
        assert_eq!(world.balance(ANN, JPY).1, 0);
    }
}

/// At 531 Cat's bid of continuous trading (200) comes first; of the 300 left Ann (300) and Bob
/// (200), simultaneous for the close, get two units and one, although Bob sent his order first.
#[test]
fn at_the_mornings_close_on_close_orders_come_last_and_share_in_turns() {
    let mut world = share_world();
    world.deposit(DAN, SHARE, 1_000);
    world.open_at(5_300);
    let bob = world.for_morning(BOB, Side::Buy, 5_310, 2);
    let ann = world.for_morning(ANN, Side::Buy, 5_310, 3);
    let cat = world.bid(CAT, 5_310, 200);
    world.for_morning(DAN, Side::Sell, 5_310, 5);
    let events = world.step(SessionStep::MorningClose);
    assert_eq!(auctions(&events)[0].3, 500);
    assert_eq!([cat, ann, bob].map(|order| world.filled(order)), [200, 200, 100]);
}

/// A bid at 525 that nobody met is at market at 11:30 and trades at 531. Until then it was locked
/// at the day's limit of 630, since that is what it can cost.
#[test]
fn a_morning_funari_is_at_market_for_the_mornings_close() {
    let mut world = share_world();
    world.open_at(5_300);
    let order = world.morning_funari(ANN, Side::Buy, 5_250);
    assert_eq!(world.balance(ANN, JPY).1, 630 * 100 * 10_000);
    world.ask(BOB, 5_310, 200);
    let events = world.step(SessionStep::MorningClose);
    assert_eq!(auctions(&events)[0].2, 5_310);
    assert_eq!(world.filled(order), 100);
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

/// Nobody sells: what was for the morning alone ends with it.
#[test]
fn what_the_mornings_close_leaves_does_not_go_over_to_the_afternoon() {
    for status in [InstrumentStatus::Open, InstrumentStatus::Halted] {
        let mut world = share_world();
        world.open_at(5_300);
        let on_close = world.for_morning(ANN, Side::Buy, 5_250, 1);
        let funari = world.morning_funari(CAT, Side::Buy, 5_250);
        let plain = world.bid(BOB, 5_240, 100);
        world.instrument_status(STOCK, status);
        let events = world.step(SessionStep::MorningClose);
        let ended = closed(&events);
        assert!(ended.contains(&(on_close, REST)) && ended.contains(&(funari, REST)), "{ended:?}");
        assert_eq!(world.order(plain).closed, None);
        assert_eq!((world.balance(ANN, JPY).1, world.balance(CAT, JPY).1), (0, 0));
    }
}

/// The moment was left out: they end when the afternoon begins.
#[test]
fn a_morning_without_a_close_ends_them_with_the_afternoon() {
    let mut world = share_world();
    world.open_at(5_300);
    let on_close = world.for_morning(ANN, Side::Buy, 5_250, 1);
    let funari = world.morning_funari(CAT, Side::Buy, 5_250);
    world.step(SessionStep::AfternoonPreOpen);
    for order in [on_close, funari] {
        assert_eq!(world.order(order).closed, Some(REST));
    }
}

/// Without an afternoon the morning ends with the day's close, and they take part in that.
#[test]
fn on_a_day_without_an_afternoon_they_are_for_the_close() {
    let mut world = share_world();
    world.open_at(5_300);
    let on_close = world.for_morning(ANN, Side::Buy, 5_310, 1);
    let funari = world.morning_funari(CAT, Side::Buy, 5_250);
    world.step(SessionStep::PreClose);
    let late = world.for_morning(ANN, Side::Buy, 5_310, 1);
    let entered = [on_close, funari, late].map(|order| world.order(order).status);
    assert_eq!(entered, [OrderStatus::Open; 3]);
    world.ask(BOB, 5_310, 300);
    world.step(SessionStep::Close);
    assert_eq!([on_close, funari, late].map(|order| world.filled(order)), [100; 3]);
}

#[test]
fn in_the_afternoon_there_is_no_morning_left() {
    let mut world = share_world();
    world.open_at(5_300);
    let plain = world.bid(BOB, 5_240, 100);
    world.step(SessionStep::MorningClose);
    world.step(SessionStep::AfternoonPreOpen);
    for condition in [Condition::MorningClosing, Condition::MorningFunari] {
        let place = world.day_order(ANN, Side::Buy, 5_250, 100);
        let refused = world.place(Place { condition, ..place });
        assert_eq!(refusal(&refused), (Reject::InvalidCondition, true));
        let amend = Amend {
            account: BOB,
            order: plain,
            price: Price(0),
            quantity: Quantity(0),
            condition: Some(condition),
            via: Via::Rest,
            key: 1,
        };
        let refused = world.apply(Command::Amend(amend));
        assert_eq!(refusal(&refused), (Reject::InvalidCondition, false));
    }
}

/// Yesterday ended in an afternoon; of today every moment before the close was left out, and what has
/// had no afternoon ends with its morning: the close is that of both.
#[test]
fn a_day_begins_in_the_morning_however_the_one_before_ended() {
    let mut world = share_world();
    world.open_at(5_300);
    world.step(SessionStep::MorningClose);
    world.step(SessionStep::AfternoonOpen);
    world.step(SessionStep::PreClose);
    let place = world.day_order(ANN, Side::Buy, 5_300, 100);
    let place = Place { condition: Condition::MorningClosing, ..place };
    assert_eq!(refusal(&world.place(place)), (Reject::InvalidCondition, true));
    world.step(SessionStep::Close);
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    world.step_of(DAY + 1, SessionStep::PreClose);
    let bid = world.for_morning(ANN, Side::Buy, 5_300, 1);
    let ask = world.for_morning(BOB, Side::Sell, 5_300, 1);
    let events = world.step_of(DAY + 1, SessionStep::Close);
    assert_eq!(auctions(&events)[0].1, AuctionEnd::Priced);
    assert_eq!([bid, ask].map(|order| world.filled(order)), [100; 2]);
}

/// The unpriced market order asks for no quote, and whoever is left trades on in the afternoon.
#[test]
fn a_market_order_for_the_mornings_close_leaves_no_quote_behind() {
    let mut world = share_world();
    world.open_at(5_300);
    let place = world.market_order(ANN, Side::Buy, 300);
    let order = world.accept(Place { condition: Condition::MorningClosing, ..place });
    world.ask(BOB, 5_310, 100);
    let events = world.step(SessionStep::MorningClose);
    assert_eq!(auctions(&events)[0].1, AuctionEnd::Unpriced);
    assert_eq!(closed(&events), [(order, REST)]);
    let quotes = events.iter().filter(|event| matches!(event, Event::QuoteChanged { .. })).count();
    assert_eq!(quotes, 0);
}
