//! Tokyo's trading day by worked examples. Prices are written in tenths of a yen; the share's
//! base is 530 yen, so its daily limits are 430 and 630 yen, its renewal width 10 yen (JPX
//! "Daily Price Limits" and the widths beside it) and its tick 1 yen. Rules: domain page,
//! section 2.

use super::world::*;
use zaraba_engine::command::*;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

/// 2026-01-05, the first trading day of the year.
pub const DAY: u32 = 20_260_105;
pub const MINUTE: u64 = 60_000_000_000;

pub fn share() -> InstrumentSpec {
    InstrumentSpec {
        ticks: TickRule::TseOther,
        base_price: Price(5_300),
        limit_down: Price(4_300),
        limit_up: Price(6_300),
        session_rules: true,
        ..stock()
    }
}

/// The share before its day begins.
pub fn share_world() -> World {
    let mut world = World::with(limits(), coin(), share());
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY });
    world
}

impl World {
    pub fn step(&mut self, step: SessionStep) -> Vec<Event> {
        self.step_of(DAY, step)
    }

    pub fn step_of(&mut self, day: u32, step: SessionStep) -> Vec<Event> {
        let until = Timestamp(self.at + MINUTE);
        self.apply(Command::Session { profile: Profile::Tse, day, step, until })
    }

    /// Lets time pass and serves what is due.
    pub fn wait(&mut self, nanoseconds: u64) -> Vec<Event> {
        self.at += nanoseconds;
        self.apply(Command::Wake)
    }

    pub fn day_order(
        &mut self,
        account: AccountId,
        side: Side,
        price: i64,
        quantity: i64,
    ) -> Place {
        let place = self.limit(account, STOCK, side, price, quantity);
        Place { time_in_force: TimeInForce::Day, ..place }
    }

    pub fn market_order(&mut self, account: AccountId, side: Side, quantity: i64) -> Place {
        Place { kind: OrderKind::Market, ..self.day_order(account, side, 0, quantity) }
    }

    pub fn bid(&mut self, account: AccountId, price: i64, quantity: i64) -> OrderId {
        let place = self.day_order(account, Side::Buy, price, quantity);
        self.accept(place)
    }

    pub fn ask(&mut self, account: AccountId, price: i64, quantity: i64) -> OrderId {
        let place = self.day_order(account, Side::Sell, price, quantity);
        self.accept(place)
    }

    pub fn quote(&self) -> (QuoteKind, Side, i64) {
        let quote = self.engine.instrument(STOCK).expect("the share").quote;
        (quote.kind, quote.side, quote.price.0)
    }

    pub fn phase(&self) -> Phase {
        self.engine.instrument(STOCK).expect("the share").phase
    }

    pub fn filled(&self, order: OrderId) -> i64 {
        self.order(order).filled.0
    }

    /// Opens the morning with one trade at `price`, between two accounts that matter no more.
    pub fn open_at(&mut self, price: i64) {
        self.step(SessionStep::PreOpen);
        self.bid(CAT, price, 100);
        self.ask(CAT, price, 100);
        let events = self.step(SessionStep::Open);
        assert_eq!(trades(&events).len(), 1, "{events:?}");
        assert_eq!(self.phase(), Phase::Continuous);
        // The opening is not part of the first minute of continuous trading.
        self.at += 2 * MINUTE;
    }
}

/// Trades as (price, quantity, buy order, sell order).
pub fn fills(events: &[Event]) -> Vec<(i64, i64, OrderId, OrderId)> {
    trades(events)
        .iter()
        .map(|t| {
            let (buy, sell) = match t.taker_side {
                Side::Buy => (t.taker, t.maker),
                Side::Sell => (t.maker, t.taker),
            };
            (t.price.0, t.quantity.0, buy, sell)
        })
        .collect()
}

/// Auctions as (kind, end, price, quantity, surplus).
pub fn auctions(events: &[Event]) -> Vec<(AuctionKind, AuctionEnd, i64, i64, i64)> {
    events
        .iter()
        .filter_map(|event| match *event {
            Event::Auction { kind, end, price, quantity, surplus, .. } => {
                Some((kind, end, price.0, quantity.0, surplus.0))
            }
            _ => None,
        })
        .collect()
}

pub fn closed(events: &[Event]) -> Vec<(OrderId, CloseReason)> {
    events
        .iter()
        .filter_map(|event| match *event {
            Event::Closed { order, reason, .. } => Some((order, reason)),
            _ => None,
        })
        .collect()
}

#[test]
fn before_the_open_orders_gather_and_at_the_open_they_trade_at_one_price() {
    let mut world = share_world();
    assert_eq!(world.phase(), Phase::Closed);
    let early = world.day_order(ANN, Side::Buy, 5_300, 100);
    assert_eq!(refusal(&world.place(early)), (Reject::PhaseClosed, true));
    let events = world.step(SessionStep::PreOpen);
    assert!(matches!(events[0], Event::PhaseChanged { phase: Phase::PreOpen, .. }), "{events:?}");
    let market = world.market_order(ANN, Side::Buy, 300);
    let market = world.accept(market);
    let bid = world.bid(BOB, 5_310, 200);
    let low = world.bid(BOB, 5_290, 200);
    let ask = world.ask(CAT, 5_280, 400);
    let high = world.ask(CAT, 5_310, 300);
    assert_eq!(world.engine.market_orders(STOCK, Side::Buy).quantity, Quantity(300));
    // Buys at 5,310 or better: 500; sells: 700. At 5,300 500 against 400: not the whole of the
    // buys above. Only at 5,310 do all bids above, all asks below and one side trade.
    let events = world.step(SessionStep::Open);
    let auction = (AuctionKind::Opening, AuctionEnd::Priced, 5_310, 500, -200);
    assert_eq!(auctions(&events), [auction]);
    assert_eq!(
        fills(&events),
        [(5_310, 300, market, ask), (5_310, 100, bid, ask), (5_310, 100, bid, high)]
    );
    assert!(trades(&events).iter().all(|t| t.auction && t.taker_side == Side::Buy));
    assert_eq!((world.phase(), world.filled(low)), (Phase::Continuous, 0));
    assert_eq!(world.quote().0, QuoteKind::Free);
}

#[test]
fn simultaneous_orders_at_the_opening_price_share_in_turns_by_participant() {
    // 700 shares are for sale at 530 yen. Ann wants 500 (in two orders), Bob 300, Cat 100: by
    // quantity Ann, Bob, Cat; one unit each in turn: Ann 100, Bob 100, Cat 100, Ann, Bob, Ann,
    // Bob: Ann 300, Bob 300, Cat 100.
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let cat = world.bid(CAT, 5_300, 100);
    let bob = world.bid(BOB, 5_300, 300);
    let (ann, more) = (world.bid(ANN, 5_300, 200), world.bid(ANN, 5_300, 300));
    world.ask(CAT, 5_300, 700);
    world.step(SessionStep::Open);
    assert_eq!((world.filled(ann), world.filled(more)), (200, 100));
    assert_eq!((world.filled(bob), world.filled(cat)), (300, 100));
}

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
fn orders_may_not_come_and_immediate_ones_may_not_wait_where_the_phase_says_so() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let place = world.day_order(ANN, Side::Buy, 5_300, 100);
    let refused = world.place(Place { time_in_force: TimeInForce::Fok, ..place });
    assert_eq!(refusal(&refused), (Reject::InvalidTimeInForce, true));
    let place = world.market_order(ANN, Side::Buy, 100);
    let gtc = world.place(Place { time_in_force: TimeInForce::Gtc, ..place });
    assert_eq!(refusal(&gtc), (Reject::InvalidTimeInForce, true));
    let bid = world.bid(ANN, 5_200, 100);
    world.step(SessionStep::Open);
    world.step(SessionStep::MorningClose);
    assert_eq!(world.phase(), Phase::Break);
    assert_eq!(refusal(&world.amend(ANN, bid, 5_210, 0)), (Reject::PhaseClosed, false));
    assert_eq!(closed(&world.cancel(ANN, bid)), [(bid, CloseReason::Cancelled)]);
}

#[test]
fn amending_down_keeps_the_place_and_anything_else_loses_it() {
    let mut world = share_world();
    world.open_at(5_300);
    let (first, second) = (world.bid(ANN, 5_290, 300), world.bid(BOB, 5_290, 300));
    world.amend(ANN, first, 0, 200);
    let queue = |world: &World| world.engine.queue(STOCK, Side::Buy).collect::<Vec<_>>();
    assert_eq!(queue(&world), [first, second]);
    assert_eq!(refusal(&world.amend(ANN, first, 0, 300)), (Reject::QuantityIncrease, false));
    let funari = amended(&mut world, ANN, first, Condition::Funari);
    assert!(matches!(funari[0], Event::Amended { kept_priority: false, .. }));
    assert_eq!(queue(&world), [second, first]);
    world.amend(BOB, second, 5_280, 0);
    world.amend(BOB, second, 5_290, 0);
    assert_eq!(queue(&world), [first, second]);
    world.step(SessionStep::MorningClose);
    world.step(SessionStep::AfternoonPreOpen);
    world.step(SessionStep::AfternoonOpen);
    world.step(SessionStep::PreClose);
    let events = amended(&mut world, BOB, second, Condition::Closing);
    assert_eq!(refusal(&events), (Reject::AmendNotAllowed, false));
    world.amend(BOB, second, 5_280, 0);
    assert_eq!(world.order(second).price, Price(5_280), "prices may still be amended");
}

fn amended(
    world: &mut World,
    account: AccountId,
    order: OrderId,
    condition: Condition,
) -> Vec<Event> {
    world.apply(Command::Amend(Amend {
        account,
        order,
        price: Price(0),
        quantity: Quantity(0),
        condition: Some(condition),
        via: Via::Rest,
        key: 0,
    }))
}

#[test]
fn conditions_fit_day_orders_of_the_right_kind_and_moment_only() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let place = world.day_order(ANN, Side::Buy, 5_300, 100);
    let market = world.market_order(ANN, Side::Buy, 100);
    let coin = world.limit(ANN, COIN, Side::Buy, 100, 10);
    for wrong in [
        Place { condition: Condition::Funari, time_in_force: TimeInForce::Gtc, ..place },
        Place { condition: Condition::Funari, ..market },
        Place { condition: Condition::Closing, post_only: true, ..place },
        Place { condition: Condition::Closing, time_in_force: TimeInForce::Day, ..coin },
    ] {
        let client_id = world.name();
        let refused = world.place(Place { client_id, ..wrong });
        assert_eq!(refusal(&refused), (Reject::InvalidCondition, true), "{wrong:?}");
    }
    world.step(SessionStep::Open);
    world.step(SessionStep::MorningClose);
    world.step(SessionStep::AfternoonPreOpen);
    world.step(SessionStep::AfternoonOpen);
    // Until the afternoon has its first price its opening is still to come.
    let early = world.day_order(ANN, Side::Buy, 5_300, 100);
    let early = world.accept(Place { condition: Condition::Opening, ..early });
    world.ask(BOB, 5_300, 100);
    assert_eq!(world.filled(early), 100);
    let late = world.day_order(ANN, Side::Buy, 5_300, 100);
    let refused = world.place(Place { condition: Condition::Opening, ..late });
    assert_eq!(refusal(&refused), (Reject::InvalidCondition, true), "no opening is left today");
}

#[test]
fn an_opening_order_takes_part_in_the_next_opening_auction_and_ends() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let place = world.day_order(ANN, Side::Buy, 5_300, 300);
    let opening = world.accept(Place { condition: Condition::Opening, ..place });
    world.ask(BOB, 5_300, 100);
    let events = world.step(SessionStep::Open);
    assert_eq!(world.filled(opening), 100);
    assert_eq!(closed(&events).last(), Some(&(opening, CloseReason::AuctionRest)));
    // In the morning it waits for the afternoon's.
    let place = world.day_order(ANN, Side::Buy, 5_300, 100);
    let next = world.accept(Place { condition: Condition::Opening, ..place });
    assert_eq!(world.order(next).status, zaraba_engine::engine::OrderStatus::PendingTrigger);
    let ask = world.ask(BOB, 5_300, 100);
    assert_eq!(world.filled(ask), 0, "it is not in the book");
    world.step(SessionStep::MorningClose);
    let events = world.step(SessionStep::AfternoonPreOpen);
    assert!(events.iter().any(|e| matches!(e, Event::Triggered { order, .. } if *order == next)));
    world.step(SessionStep::AfternoonOpen);
    assert_eq!((world.filled(next), world.filled(ask)), (100, 100));
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
fn steps_come_in_order_once_and_on_the_present_day() {
    let mut world = share_world();
    let step = |world: &mut World, profile, day, step| {
        world.apply(Command::Session { profile, day, step, until: Timestamp(0) })
    };
    let invalid = (Reject::InvalidStep, false);
    let crypto = step(&mut world, Profile::Crypto, DAY, SessionStep::PreOpen);
    assert_eq!(refusal(&crypto), invalid);
    let tomorrow = step(&mut world, Profile::Tse, DAY + 1, SessionStep::PreOpen);
    assert_eq!(refusal(&tomorrow), invalid);
    let none = step(&mut world, Profile::Tse, DAY, SessionStep::None);
    assert_eq!(refusal(&none), invalid);
    world.step(SessionStep::OddLotMorning);
    assert_eq!(world.phase(), Phase::Closed, "a cut-off changes no phase");
    world.step(SessionStep::PreOpen);
    assert_eq!(refusal(&world.step(SessionStep::PreOpen)), invalid);
    assert_eq!(refusal(&world.step(SessionStep::OddLotMorning)), invalid);
    world.step(SessionStep::Open);
    assert_eq!(world.engine.session_step(Profile::Tse), (DAY, SessionStep::Open));
    world.step(SessionStep::Close);
    let events = world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    assert!(matches!(events.last(), Some(Event::DayRolled { more: false, .. })));
    assert_eq!(refusal(&world.step(SessionStep::PreOpen)), invalid, "that day is over");
    world.step_of(DAY + 1, SessionStep::PreOpen);
    assert_eq!(world.phase(), Phase::PreOpen);
}

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

/// A market of many shares, each with a buy and a sell that meet.
fn wide_world(shares: u32) -> World {
    let bounds =
        Limits { instruments: 200, assets: 200, balances: 700, live_orders: 400, ..limits() };
    let mut world = World::with(bounds, coin(), share());
    for number in 1..shares {
        let code = format!("{}", 1_000 + number);
        world.apply(Command::CreateAsset(AssetSpec { code: text(&code), exponent: 0 }));
        let base_asset = AssetId(2 + number);
        let spec = InstrumentSpec { symbol: text(&code), base_asset, ..share() };
        world.apply(Command::CreateInstrument(Box::new(spec)));
        world.deposit(ANN, base_asset, 100);
    }
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY });
    world
}

#[test]
fn a_moment_comes_in_slices_and_other_commands_in_between() {
    let mut world = wide_world(150);
    let last = InstrumentId(150);
    let phase =
        |world: &World, instrument| world.engine.instrument(instrument).expect("a share").phase;
    let stepped = |events: &[Event]| match events.last() {
        Some(&Event::SessionStepped { count, more, .. }) => (count, more),
        other => panic!("{other:?}"),
    };
    let (mut handled, mut slices) = (0, 0);
    loop {
        let events = world.step(SessionStep::PreOpen);
        let (count, more) = stepped(&events);
        handled += count;
        slices += 1;
        if !more {
            break;
        }
        // A share's phase changes in its own turn; the others go on as they are.
        assert_eq!((phase(&world, STOCK), phase(&world, last)), (Phase::PreOpen, Phase::Closed));
        let bid = world.bid(BOB, 5_300, 100);
        world.cancel(BOB, bid);
        let other = world.step(SessionStep::Open);
        assert_eq!(refusal(&other), (Reject::InvalidStep, false), "one moment after the other");
    }
    assert_eq!((handled, phase(&world, last)), (150, Phase::PreOpen));
    assert!(slices > 1, "{slices}");
    for instrument in (1..=150).map(InstrumentId) {
        for (account, side) in [(BOB, Side::Buy), (ANN, Side::Sell)] {
            let place = world.limit(account, instrument, side, 5_300, 100);
            world.accept(Place { time_in_force: TimeInForce::Day, ..place });
        }
    }
    let mut traded = 0;
    loop {
        let events = world.step(SessionStep::Open);
        traded += trades(&events).len();
        if !stepped(&events).1 {
            break;
        }
        assert_eq!(phase(&world, last), Phase::PreOpen);
    }
    assert_eq!((traded, phase(&world, last)), (150, Phase::Continuous));
}

#[test]
fn a_halted_share_sits_out_its_auctions_and_resumes_through_one() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let (bid, ask) = (world.bid(ANN, 5_300, 100), world.ask(BOB, 5_300, 100));
    world.instrument_status(STOCK, InstrumentStatus::Halted);
    let events = world.step(SessionStep::Open);
    assert!(auctions(&events).is_empty());
    assert_eq!((world.filled(bid), world.phase()), (0, Phase::Continuous));
    world.instrument_status(STOCK, InstrumentStatus::Open);
    assert_eq!((world.filled(bid), world.filled(ask)), (100, 100));
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

#[test]
fn a_moment_that_was_left_out_does_not_send_on_close_orders_into_the_morning() {
    // Yesterday ended at the close; today begins with the opening itself.
    let mut world = share_world();
    world.open_at(5_300);
    world.step(SessionStep::Close);
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    world.step_of(DAY + 1, SessionStep::Open);
    let place = world.market_order(ANN, Side::Sell, 100);
    let closing = world.accept(Place { condition: Condition::Closing, ..place });
    let bid = world.bid(BOB, 5_300, 100);
    assert_eq!((world.filled(closing), world.filled(bid)), (0, 0), "it waits for the close");
    world.step_of(DAY + 1, SessionStep::Close);
    assert_eq!((world.filled(closing), world.filled(bid)), (100, 100));
}

/// Lets quotes go on until `times` renewals have come; what was shown after each.
fn renewed(world: &mut World, times: u32) -> Vec<i64> {
    (0..times)
        .map(|_| {
            let due = world.engine.next_due().expect("a renewal");
            world.at = due.0 - 10;
            world.wait(0);
            world.quote().2
        })
        .collect()
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
fn cancelling_or_amending_what_waits_gives_back_its_lock_in_every_phase() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let locked = |world: &World| (world.balance(ANN, JPY).1, world.balance(ANN, SHARE).1);
    for step in [
        SessionStep::PreOpen,
        SessionStep::Open,
        SessionStep::MorningClose,
        SessionStep::AfternoonPreOpen,
        SessionStep::AfternoonOpen,
        SessionStep::PreClose,
    ] {
        if step != SessionStep::PreOpen {
            world.step(step);
        }
        if world.phase() == Phase::Break {
            continue;
        }
        let buy = world.market_order(ANN, Side::Buy, 300);
        let closing = world.accept(Place { condition: Condition::Closing, ..buy });
        let bid = world.bid(ANN, 5_200, 300);
        // 300 at the upper limit of 630 yen and 300 at 520.
        assert_eq!(locked(&world), (300 * (630 + 520) * 10_000, 0), "{step:?}");
        world.amend(ANN, closing, 0, 100);
        world.amend(ANN, bid, 5_250, 200);
        assert_eq!(locked(&world), ((100 * 630 + 200 * 525) * 10_000, 0), "{step:?}");
        world.cancel(ANN, closing);
        world.cancel(ANN, bid);
        let sell = world.day_order(ANN, Side::Sell, 5_400, 100);
        let closing = world.accept(Place { condition: Condition::Closing, ..sell });
        assert_eq!(locked(&world), (0, 100), "{step:?}");
        world.cancel(ANN, closing);
        assert_eq!(locked(&world), (0, 0), "{step:?}");
    }
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
fn opening_orders_of_a_halted_share_wait_for_the_first_price_after_it() {
    let mut world = share_world();
    world.step(SessionStep::PreOpen);
    let place = world.day_order(ANN, Side::Buy, 5_290, 100);
    let opening = world.accept(Place { condition: Condition::Opening, ..place });
    world.ask(BOB, 5_310, 100);
    world.instrument_status(STOCK, InstrumentStatus::Halted);
    world.step(SessionStep::Open);
    assert_eq!(world.order(opening).closed, None);
    world.instrument_status(STOCK, InstrumentStatus::Open);
    assert_eq!(world.order(opening).closed, None);
    // The first price is made by others: what was for it alone ends.
    world.bid(CAT, 5_310, 100);
    assert_eq!(world.order(opening).closed, Some(CloseReason::AuctionRest));
    assert_eq!(world.balance(ANN, JPY).1, 0);
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
