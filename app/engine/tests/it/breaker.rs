//! Circuit breakers and call auctions of markets without sessions. The modes are those of section
//! 3 of the domain rules; window, bounds and what ends a call are decided in
//! `docs/decisions/circuit-breaker.md`. Numbers are worked out in the comments.

use crate::world::*;
use zaraba_engine::command::{Breaker, Place};
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

const SECOND: u64 = 1_000_000_000;

/// A trade more than 5% from the price a minute ago calls an auction of 30 seconds, bounded to
/// 10% around that price. (A command of the test world takes 10 ns.)
const BOUNDED: Breaker = Breaker {
    mode: BreakerMode::Bounded,
    window_seconds: 60,
    trigger_ppm: 50_000,
    call_seconds: 30,
    bound_ppm: 100_000,
};
const FULL: Breaker = Breaker { mode: BreakerMode::FullRange, bound_ppm: 0, ..BOUNDED };

fn world(breaker: Breaker) -> World {
    let spec = InstrumentSpec {
        base_price: Price(1_000_000),
        market_band_ppm: 1_000_000,
        open_order_cap: 0,
        ..coin()
    };
    let mut world = World::with(limits(), spec, stock());
    let events = set(&mut world, COIN, breaker);
    assert_eq!(events, [Event::TermsChanged { instrument: COIN }]);
    world
}

fn set(world: &mut World, instrument: InstrumentId, breaker: Breaker) -> Vec<Event> {
    world.apply(Command::SetBreaker { instrument, breaker: Box::new(breaker), by: by() })
}

fn start(world: &mut World, kind: AuctionKind, seconds: u32) -> Vec<Event> {
    world.apply(Command::StartCall { instrument: COIN, kind, seconds, by: by() })
}

fn wake(world: &mut World, seconds: u64) -> Vec<Event> {
    world.at += seconds * SECOND;
    world.apply(Command::Wake)
}

fn phase(world: &World) -> Phase {
    world.engine.instrument(COIN).expect("the pair").phase
}

fn auction(events: &[Event]) -> (AuctionKind, AuctionEnd, i64, i64) {
    let found = events.iter().find_map(|event| match *event {
        Event::Auction { kind, end, price, quantity, .. } => Some((kind, end, price.0, quantity.0)),
        _ => None,
    });
    found.expect("an auction")
}

fn phases(events: &[Event]) -> Vec<(Phase, u64)> {
    let of = |event: &Event| match *event {
        Event::PhaseChanged { phase, until, .. } => Some((phase, until.0)),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// From 1,000,000 the auction may have 900,000 to 1,100,000; whoever follows the events knows that,
/// through a halt too, and that the second call has no bounds.
#[test]
fn a_readers_copy_knows_the_bounds_of_a_call() {
    let mut world = world(BOUNDED);
    let mut copy = world.engine.instrument(COIN).expect("the pair");
    assert_eq!(copy.call_range, None);
    world.sell(BOB, 1_150_000, 10);
    let place = world.limit(ANN, COIN, Side::Buy, 1_150_000, 10);
    let bounds = Some((Price(900_000), Price(1_100_000)));
    let halted = |status| Command::SetInstrumentStatus { instrument: COIN, status, by: by() };
    for (command, expected) in [
        (Command::Place(place), bounds),
        (halted(InstrumentStatus::Halted), bounds),
        (Command::Wake, bounds),
        (halted(InstrumentStatus::Open), bounds),
        (Command::Wake, None),
    ] {
        world.at += 40 * SECOND;
        let events = world.apply(command.clone());
        events.iter().for_each(|event| _ = copy.follow(COIN, &command, event));
        let state = world.engine.instrument(COIN).expect("the pair");
        assert_eq!((copy.call_range, state.call_range), (expected, expected), "{command:?}");
        assert_eq!(state.phase, Phase::Call);
    }
}

#[test]
fn a_trade_too_far_from_the_reference_becomes_a_call_and_the_call_an_auction() {
    let mut world = world(BOUNDED);
    world.sell(BOB, 1_040_000, 10);
    world.sell(BOB, 1_060_000, 10);
    // 4% is within 5%: it trades. 6% is not: the rest of the order stays, and orders gather.
    let place = world.limit(ANN, COIN, Side::Buy, 1_060_000, 20);
    let events = world.place(place);
    assert_eq!(trades(&events).iter().map(|t| t.price.0).collect::<Vec<_>>(), [1_040_000]);
    let until = world.at + 30 * SECOND;
    assert_eq!(phases(&events), [(Phase::Call, until)]);
    assert_eq!(world.engine.next_due(), Some(Timestamp(until)));
    assert_eq!(world.depth(Side::Buy), [(1_060_000, 10, 1)]);
    // Bounds of 10% around the price of a minute ago, not around the last.
    let call = world.engine.call_auction(COIN).unwrap();
    assert_eq!((call.low.0, call.high.0), (900_000, 1_100_000));
    // Until then nothing trades: not even what would at once.
    world.sell(BOB, 1_000_000, 4);
    world.buy(CAT, 1_050_000, 4);
    assert_eq!(wake(&mut world, 29), [Event::Woken { count: 0, more: false }]);
    // Bids: 10 at 1,060,000, 4 at 1,050,000. Offers: 4 at 1,000,000, 10 at 1,060,000. At
    // 1,060,000 ten trade, 4 with the lower offer; below it only four do.
    let events = wake(&mut world, 1);
    let want = (AuctionKind::CircuitBreak, AuctionEnd::Priced, 1_060_000, 10);
    assert_eq!(auction(&events), want);
    assert_eq!(phases(&events), [(Phase::Continuous, 0)]);
    assert_eq!(world.engine.next_due(), None);
    // The reference starts over at that price: 1,100,000 is 3.8% from it.
    world.sell(BOB, 1_100_000, 4);
    world.buy(ANN, 1_100_000, 4);
    assert_eq!(phase(&world), Phase::Continuous);
}

#[test]
fn the_reference_is_the_price_of_a_window_ago() {
    let mut world = world(FULL);
    let trade = |world: &mut World, price: i64| {
        let ask = world.sell(BOB, price, 4);
        let bid = world.buy(ANN, price, 4);
        let traded = world.order(bid).status == OrderStatus::Filled;
        if !traded {
            world.cancel(ANN, bid);
            world.cancel(BOB, ask);
        }
        traded
    };
    assert!(trade(&mut world, 1_040_000));
    // Forty seconds later 1,000,000 still counts: 1,080,000 is too far.
    wake(&mut world, 40);
    assert!(!trade(&mut world, 1_080_000));
    assert_eq!(phase(&world), Phase::Call);
    let events = wake(&mut world, 30);
    assert_eq!(auction(&events), (AuctionKind::FullRange, AuctionEnd::Empty, 0, 0));
    // By now 1,040,000 is a minute old.
    assert!(trade(&mut world, 1_080_000));
}

#[test]
fn a_trade_too_low_calls_as_well_whoever_takes() {
    let mut world = world(FULL);
    // Nobody bids, so the offer rests, far below the reference. The buy that would take it
    // does not.
    world.sell(BOB, 900_000, 4);
    assert_eq!(phase(&world), Phase::Continuous);
    let bid = world.buy(ANN, 1_000_000, 4);
    assert_eq!((phase(&world), world.order(bid).filled.0), (Phase::Call, 0));
    // No bound: the centre, 1,000,000, lies within the prices that trade.
    let events = wake(&mut world, 30);
    assert_eq!(auction(&events), (AuctionKind::FullRange, AuctionEnd::Priced, 1_000_000, 4));
}

#[test]
fn what_cannot_rest_ends_with_the_breaker() {
    for (time_in_force, filled) in [(TimeInForce::Ioc, 4), (TimeInForce::Fok, 0)] {
        let mut world = world(BOUNDED);
        world.sell(BOB, 1_000_000, 4);
        world.sell(BOB, 1_060_000, 4);
        let place = world.limit(ANN, COIN, Side::Buy, 0, 8);
        let place = Place { kind: OrderKind::Market, time_in_force, ..place };
        let order = world.accept(place);
        let state = world.order(order);
        assert_eq!((state.closed, state.filled.0), (Some(CloseReason::Breaker), filled));
        assert_eq!(phase(&world), Phase::Call);
        assert_eq!(world.balance(ANN, JPY).1, 0);
    }
    // A fill-or-kill order that the book could not fill anyway calls nothing.
    let mut world = world(BOUNDED);
    world.sell(BOB, 1_060_000, 4);
    let place = world.limit(ANN, COIN, Side::Buy, 1_060_000, 8);
    let order = world.accept(Place { time_in_force: TimeInForce::Fok, ..place });
    assert_eq!(world.order(order).closed, Some(CloseReason::FillOrKill));
    assert_eq!(phase(&world), Phase::Continuous);
}

#[test]
fn an_amendment_calls_as_a_new_order_does() {
    let mut world = world(BOUNDED);
    world.sell(BOB, 1_060_000, 4);
    let bid = world.buy(ANN, 1_000_000, 4);
    let events = world.amend(ANN, bid, 1_060_000, 0);
    assert_eq!(phases(&events).len(), 1);
    assert_eq!(world.depth(Side::Buy), [(1_060_000, 4, 1)]);
}

#[test]
fn in_a_call_market_orders_are_refused_and_post_only_is_ignored() {
    let mut world = world(BOUNDED);
    world.sell(BOB, 1_000_000, 4);
    start(&mut world, AuctionKind::Listing, 10);
    let place = world.limit(ANN, COIN, Side::Buy, 0, 4);
    let market = Place { kind: OrderKind::Market, time_in_force: TimeInForce::Ioc, ..place };
    assert_eq!(refusal(&world.place(market)), (Reject::CallAuction, true));
    let amount = Place { by_amount: true, client_id: world.name(), ..market };
    assert_eq!(refusal(&world.place(amount)), (Reject::CallAuction, true));
    let place = world.limit(ANN, COIN, Side::Buy, 1_000_000, 4);
    for time_in_force in [TimeInForce::Ioc, TimeInForce::Fok] {
        let place = Place { time_in_force, client_id: world.name(), ..place };
        assert_eq!(refusal(&world.place(place)).0, Reject::InvalidTimeInForce);
    }
    let client_id = world.name();
    world.accept(Place { post_only: true, client_id, ..place });
    assert_eq!(auction(&wake(&mut world, 10)).1, AuctionEnd::Priced);
    // Both pay as takers; neither is named the aggressor but the buy.
    assert_eq!(world.balance(ANN, BTC).0, 1_000_000_000 + 40_000);
}

#[test]
fn a_bounded_call_without_a_price_goes_on_without_bounds() {
    let mut world = world(BOUNDED);
    world.sell(BOB, 1_060_000, 4);
    world.buy(ANN, 1_060_000, 10);
    assert_eq!(phase(&world), Phase::Call);
    // Above the bound of 1,100,000 ten are wanted, and only there are they offered: at every
    // price within it bids for 50 stand against offers of 4.
    world.buy(CAT, 1_200_000, 40);
    world.sell(BOB, 1_150_000, 50);
    let events = wake(&mut world, 30);
    assert_eq!(auction(&events), (AuctionKind::CircuitBreak, AuctionEnd::Unpriced, 0, 0));
    assert_eq!(phases(&events), [(Phase::Call, world.at + 30 * SECOND)]);
    // Without bounds 40 trade, 4 + 36, from 1,150,000 on; offers are left over: the lowest.
    let events = wake(&mut world, 30);
    assert_eq!(auction(&events), (AuctionKind::FullRange, AuctionEnd::Priced, 1_150_000, 40));
    assert_eq!(phase(&world), Phase::Continuous);
}

/// Bids at 1,200,000 and offers at 900,000, ten each: any price in between leaves nothing over, and of
/// those the one nearest to the last (1,050,000) is taken, not to the base price (1,000,000).
#[test]
fn of_equal_prices_a_call_takes_the_one_nearest_to_the_last() {
    let mut world = world(FULL);
    world.sell(BOB, 1_050_000, 10);
    world.buy(ANN, 1_050_000, 10);
    start(&mut world, AuctionKind::FullRange, 30);
    world.sell(BOB, 900_000, 10);
    world.buy(ANN, 1_200_000, 10);
    let held = auction(&wake(&mut world, 31));
    assert_eq!(held, (AuctionKind::FullRange, AuctionEnd::Priced, 1_050_000, 10));
}

/// Bounds are 900,000 and 1,100,000. The offer that called is cancelled, and what is left, bid at
/// 1,150,000 and offered at 1,200,000, is not crossed: it goes on trading, without a second call.
#[test]
fn a_book_that_is_not_crossed_goes_on_trading_wherever_it_is() {
    let mut world = world(BOUNDED);
    let near = world.sell(BOB, 1_150_000, 10);
    world.sell(BOB, 1_200_000, 10);
    world.buy(ANN, 1_150_000, 10);
    assert_eq!(phase(&world), Phase::Call);
    world.cancel(BOB, near);
    let events = wake(&mut world, 31);
    assert_eq!(auction(&events), (AuctionKind::CircuitBreak, AuctionEnd::Empty, 0, 0));
    assert_eq!(phase(&world), Phase::Continuous);
}

#[test]
fn a_call_resumes_a_halted_instrument() {
    let mut world = world(BOUNDED);
    world.sell(BOB, 1_000_000, 4);
    world.instrument_status(COIN, InstrumentStatus::Halted);
    let halts = Halts::limit(Side::Buy);
    world.apply(Command::SetHalts { instrument: COIN, halts, by: by() });
    let events = start(&mut world, AuctionKind::Resumption, 5);
    let status = InstrumentStatus::Open;
    let instrument = COIN;
    let until = Timestamp(world.at + 5 * SECOND);
    assert_eq!(
        events,
        [
            Event::InstrumentStatusChanged { instrument, status },
            Event::HaltsChanged { instrument, halts: Halts::default() },
            Event::PhaseChanged { instrument, phase: Phase::Call, until },
        ]
    );
    world.buy(ANN, 1_000_000, 4);
    let events = wake(&mut world, 5);
    assert_eq!(auction(&events), (AuctionKind::Resumption, AuctionEnd::Priced, 1_000_000, 4));
}

/// A new pair begins with a call of an hour: 10 are bid for at 1,000,500, and 4 each offered at 999,000
/// and 1,000,400. All 8 trade at 1,000,500, where 2 are left to buy; a lower price would pass over a
/// bid above it that is not filled.
#[test]
fn a_listing_begins_with_a_call() {
    let mut world = world(Breaker::OFF);
    let events = start(&mut world, AuctionKind::Listing, 3_600);
    assert_eq!(phases(&events), [(Phase::Call, world.at + 3_600 * SECOND)]);
    world.buy(ANN, 1_000_500, 10);
    world.sell(BOB, 999_000, 4);
    world.sell(BOB, 1_000_400, 4);
    assert!(wake(&mut world, 3_599).iter().all(|event| !matches!(event, Event::Auction { .. })));
    let events = wake(&mut world, 1);
    assert_eq!(auction(&events), (AuctionKind::Listing, AuctionEnd::Priced, 1_000_500, 8));
    assert_eq!(world.depth(Side::Buy), [(1_000_500, 2, 1)]);
    assert_eq!(phase(&world), Phase::Continuous);
}

#[test]
fn a_halt_during_a_call_keeps_it_from_ending() {
    let mut world = world(BOUNDED);
    world.sell(BOB, 1_000_000, 4);
    start(&mut world, AuctionKind::FullRange, 5);
    let bid = world.buy(ANN, 1_000_000, 4);
    world.instrument_status(COIN, InstrumentStatus::Halted);
    assert_eq!(phases(&wake(&mut world, 5)), [(Phase::Call, 0)]);
    assert_eq!(world.engine.next_due(), None);
    world.cancel(ANN, bid);
    // Opened without a word it ends at once; by StartCall it begins anew.
    world.instrument_status(COIN, InstrumentStatus::Open);
    assert_eq!(world.engine.next_due(), Some(Timestamp(world.at)));
    let events = start(&mut world, AuctionKind::Resumption, 5);
    assert_eq!(phases(&events), [(Phase::Call, world.at + 5 * SECOND)]);
    world.instrument_status(COIN, InstrumentStatus::Halted);
    wake(&mut world, 5);
    world.instrument_status(COIN, InstrumentStatus::Open);
    assert_eq!(phases(&wake(&mut world, 0)), [(Phase::Continuous, 0)]);
}

#[test]
fn breakers_and_calls_that_cannot_be_are_refused() {
    let mut world = world(FULL);
    for breaker in [
        Breaker { mode: BreakerMode::Off, ..BOUNDED },
        Breaker { window_seconds: 0, ..BOUNDED },
        Breaker { trigger_ppm: 1_000_001, ..BOUNDED },
        Breaker { call_seconds: 86_401, ..BOUNDED },
        Breaker { bound_ppm: 0, ..BOUNDED },
        Breaker { bound_ppm: 1, ..FULL },
    ] {
        let events = set(&mut world, COIN, breaker);
        assert_eq!(refusal(&events), (Reject::InvalidSpec, false), "{breaker:?}");
    }
    let events = set(&mut world, InstrumentId(9), FULL);
    assert_eq!(refusal(&events), (Reject::UnknownInstrument, false));
    for (kind, seconds) in [
        (AuctionKind::CircuitBreak, 5),
        (AuctionKind::Opening, 5),
        (AuctionKind::Listing, 0),
        (AuctionKind::Listing, 86_401),
    ] {
        let events = start(&mut world, kind, seconds);
        assert_eq!(refusal(&events), (Reject::NotInCall, false), "{kind:?} {seconds}");
    }
    world.instrument_status(COIN, InstrumentStatus::Closed);
    let events = start(&mut world, AuctionKind::Listing, 5);
    assert_eq!(refusal(&events), (Reject::NotInCall, false));
    assert_eq!(world.engine.breaker(COIN), FULL);
    set(&mut world, COIN, Breaker::OFF);
    assert_eq!(world.engine.breaker(COIN), Breaker::OFF);
}

#[test]
fn a_bid_must_leave_every_offer_within_the_arithmetic() {
    // An offer of 9 x 10^12 units may trade at up to 10^6, more than 64 bits hold, if a bid at
    // that price came while orders gather.
    let spec = InstrumentSpec { max_quantity: Quantity(9_000_000_000_000), ..coin() };
    let mut world = World::with(limits(), spec, stock());
    start(&mut world, AuctionKind::Listing, 5);
    let place = world.limit(ANN, COIN, Side::Buy, 2_000_000, 4);
    assert_eq!(refusal(&world.place(place)).0, Reject::NotionalTooLarge);
    let bid = world.buy(ANN, 900_000, 4);
    assert_eq!(refusal(&world.amend(ANN, bid, 2_000_000, 0)).0, Reject::NotionalTooLarge);
    wake(&mut world, 5);
    world.buy(ANN, 2_000_000, 4);
}

#[test]
fn breakers_and_calls_survive_a_snapshot() {
    let mut world = world(BOUNDED);
    world.sell(BOB, 1_040_000, 4);
    world.buy(ANN, 1_040_000, 4);
    world.sell(BOB, 1_060_000, 4);
    wake(&mut world, 10);
    world.buy(ANN, 1_060_000, 4);
    let copy = copied(&world.engine);
    assert_eq!(copy.call_auction(COIN), world.engine.call_auction(COIN));
    assert_eq!(copy.breaker(COIN), BOUNDED);
    world.engine = copy;
    let events = wake(&mut world, 30);
    assert_eq!(auction(&events), (AuctionKind::CircuitBreak, AuctionEnd::Priced, 1_060_000, 4));
}
