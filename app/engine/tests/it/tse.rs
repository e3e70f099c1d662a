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
pub fn renewed(world: &mut World, times: u32) -> Vec<i64> {
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
