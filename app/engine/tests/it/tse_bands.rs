//! Tokyo's rules where bands meet, by worked examples: a TOPIX500 share with a base of 2,900 yen. Its
//! tick is 0.5 yen up to and including 3,000 and 1 yen above; its renewal width 50 yen below 3,000
//! and 70 yen from there; its limits 2,400 and 3,400 yen. From JPX "Tick Size" and "Daily Price
//! Limits"; rules: domain page, section 2. Prices are in tenths of a yen.

use super::tse::*;
use super::world::*;
use zaraba_engine::command::*;
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

fn bands() -> World {
    let share = InstrumentSpec {
        ticks: TickRule::TseTopix500,
        base_price: Price(29_000),
        limit_down: Price(24_000),
        limit_up: Price(34_000),
        ..share()
    };
    let mut world = World::with(limits(), coin(), share);
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY });
    world
}

fn prices(events: &[Event]) -> Vec<(i64, i64)> {
    fills(events).iter().map(|fill| (fill.0, fill.1)).collect()
}

#[test]
fn a_tick_belongs_to_the_band_that_ends_with_its_price() {
    let mut world = bands();
    world.step(SessionStep::PreOpen);
    for (price, code) in [
        (29_995, None),
        (29_997, Some(Reject::OffTick)),
        (30_000, None),
        (30_005, Some(Reject::OffTick)),
        (30_010, None),
        (34_000, None),
        (34_010, Some(Reject::PriceOutOfLimits)),
        (24_000, None),
        (23_995, Some(Reject::PriceOutOfLimits)),
    ] {
        let place = world.day_order(ANN, Side::Buy, price, 100);
        let refused = match world.place(place)[..] {
            [Event::Refused { code, .. }] => Some(code),
            _ => None,
        };
        assert_eq!(refused, code, "{price}");
    }
}

/// 2,900 + 50 = 2,950; + 50 = 3,000; from there the width is 70: 3,070, 3,140, ... to the limit,
/// where it stays.
#[test]
fn a_special_bid_takes_the_width_of_the_price_it_stands_at() {
    let mut world = bands();
    world.open_at(29_000);
    let place = world.market_order(ANN, Side::Buy, 500);
    world.accept(place);
    let mut shown = vec![world.quote()];
    while let Some(due) = world.engine.next_due() {
        world.wait(due.0 - world.at - 10);
        shown.push(world.quote());
    }
    let prices = [29_500, 30_000, 30_700, 31_400, 32_100, 32_800, 33_500, 34_000];
    let expected = prices.map(|price| (QuoteKind::Special, Side::Buy, price));
    assert_eq!(shown, expected);
}

/// Last 2,900, 300 to be bought at market, 300 offered at 3,023: quotes of 2,950 and 3,000, and when
/// that is to move on to 3,070 all 300 trade at 3,023, the nearest to 3,000 of the prices from 3,023
/// to 3,070.
#[test]
fn a_price_on_the_way_to_the_next_quote_comes_before_that() {
    let mut world = bands();
    world.open_at(29_000);
    world.ask(BOB, 30_230, 300);
    let place = world.market_order(ANN, Side::Buy, 300);
    let buy = world.accept(place);
    world.wait(3 * MINUTE);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 30_000));
    let events = world.wait(3 * MINUTE);
    assert_eq!(auctions(&events), [(AuctionKind::Quote, AuctionEnd::Priced, 30_230, 300, 0)]);
    assert!(!events.iter().any(
        |e| matches!(e, Event::QuoteChanged { quote, .. } if quote.kind == QuoteKind::Special)
    ));
    assert_eq!((world.filled(buy), world.quote().0), (300, QuoteKind::Free));
}

/// The mirror: 400 to be sold at market meet bids of 2,847.5 and 2,822.5 (200 each) once the special
/// ask of 2,850 is to move on to 2,800. Both are needed: 2,822.5 for all.
#[test]
fn the_last_order_needed_makes_the_price() {
    let mut world = bands();
    world.open_at(29_000);
    let bids = [(28_475, ANN), (28_225, CAT)].map(|(price, who)| world.bid(who, price, 200));
    let place = world.market_order(BOB, Side::Sell, 400);
    world.accept(place);
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Sell, 28_500));
    let events = world.wait(3 * MINUTE);
    assert_eq!(auctions(&events), [(AuctionKind::Quote, AuctionEnd::Priced, 28_225, 400, 0)]);
    assert_eq!(bids.map(|order| world.filled(order)), [200, 200]);
}

/// From 2,900 a minute's trades may go to 3,000 (twice 50): 2,950 and 2,996 trade, 3,040 does not
/// though it is within one width of 2,996. After the minute the auction may go one width of
/// 3,000 on, 70 yen.
#[test]
fn a_sequential_quote_stands_at_two_widths_exactly() {
    let mut world = bands();
    world.open_at(29_000);
    for price in [29_500, 29_960, 30_400] {
        world.ask(BOB, price, 100);
    }
    let place = world.market_order(ANN, Side::Buy, 300);
    let events = world.place(place);
    assert_eq!(prices(&events), [(29_500, 100), (29_960, 100)]);
    assert_eq!(world.quote(), (QuoteKind::Sequential, Side::Buy, 30_000));
    let events = world.wait(MINUTE);
    assert_eq!(auctions(&events), [(AuctionKind::Quote, AuctionEnd::Priced, 30_400, 100, 0)]);
}

/// The close may go two widths of 2,900 either way: 2,800 to 3,000. Buys at 3,050 meet sells at 2,990 at
/// any price from there to 3,000: at 2,990, the nearest to 2,900. Sells at 3,001 cannot be met within the
/// range, and nothing is for sale at its end: no trade.
#[test]
fn the_closing_range_is_two_widths() {
    for (ask, expected) in [
        (29_900, (AuctionKind::Closing, AuctionEnd::Priced, 29_900, 200, 0)),
        (30_010, (AuctionKind::Closing, AuctionEnd::Unpriced, 0, 0, 200)),
    ] {
        let mut world = bands();
        world.open_at(29_000);
        world.step(SessionStep::PreClose);
        world.bid(ANN, 30_500, 200);
        world.ask(BOB, ask, 200);
        assert_eq!(auctions(&world.step(SessionStep::Close)), [expected]);
    }
}

/// Nothing is admissible up to 3,000, yet 300 are for sale at 2,980 against 500 bid at 3,040 and 200
/// at market: special execution at 3,000, first come first served. A funari order's time is that of its
/// entry, before the pre-close.
#[test]
fn special_execution_goes_by_entry_with_conditions_too() {
    let mut world = bands();
    world.open_at(29_000);
    let funari = world.day_order(CAT, Side::Buy, 27_000, 100);
    let funari = world.accept(Place { condition: Condition::Funari, ..funari });
    world.step(SessionStep::PreClose);
    let limit = world.bid(ANN, 30_400, 100);
    let market = world.market_order(BOB, Side::Buy, 200);
    let market = world.accept(market);
    let last = world.bid(ANN, 30_400, 400);
    let ask = world.ask(BOB, 29_800, 300);
    let events = world.step(SessionStep::Close);
    let auction = (AuctionKind::Closing, AuctionEnd::SpecialExecution, 30_000, 300, 500);
    assert_eq!(auctions(&events), [auction]);
    let filled = [funari, limit, market, last, ask].map(|order| world.filled(order));
    assert_eq!(filled, [100, 100, 100, 0, 300]);
}

/// Ann 700, Bob 400, Cat 400 (earlier than Bob) want 1,000 at the opening price: a unit each in turn
/// by quantity, at equal quantities the earlier order first: Ann, Cat, Bob, three times, and one more
/// for Ann.
#[test]
fn turns_go_on_until_the_last_unit() {
    let mut world = bands();
    world.step(SessionStep::PreOpen);
    let cat = world.bid(CAT, 28_805, 400);
    let ann = world.bid(ANN, 28_805, 700);
    let bob = world.bid(BOB, 28_805, 400);
    let place = world.market_order(BOB, Side::Sell, 1_000);
    world.accept(place);
    let events = world.step(SessionStep::Open);
    assert_eq!(auctions(&events), [(AuctionKind::Opening, AuctionEnd::Priced, 28_805, 1_000, 500)]);
    assert_eq!([ann, cat, bob].map(|order| world.filled(order)), [400, 300, 300]);
}

/// The evening drops an order that the next day's limits leave outside: after a close of 2,450 they are
/// 1,950 and 2,950. An offer at 2,945.5 goes over, one at 3,300 does not.
#[test]
fn lasting_orders_go_over_or_drop_each_evening() {
    let mut world = bands();
    let far = world.day_order(ANN, Side::Sell, 33_000, 100);
    let near = world.day_order(ANN, Side::Sell, 29_455, 100);
    world.step(SessionStep::PreOpen);
    let lasting = |world: &mut World, place: Place| {
        let place = Place { time_in_force: TimeInForce::Gtc, ..place };
        world.accept(place)
    };
    let (far, near) = (lasting(&mut world, far), lasting(&mut world, near));
    world.step(SessionStep::Open);
    world.step(SessionStep::PreClose);
    world.apply(Command::SetPriceLimits {
        instrument: STOCK,
        base_price: Price(24_500),
        limit_down: Price(19_500),
        limit_up: Price(34_000),
        by: by(),
    });
    world.bid(BOB, 24_500, 100);
    world.ask(CAT, 24_500, 100);
    world.step(SessionStep::Close);
    let events = world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    let spec = world.engine.instrument(STOCK).expect("the share").spec;
    assert_eq!((spec.limit_down, spec.limit_up), (Price(19_500), Price(29_500)));
    assert!(closed(&events).contains(&(far, CloseReason::OffLimits)), "{events:?}");
    assert_eq!(world.filled(near), 0);
    assert!(closed(&events).iter().all(|end| end.0 != near));
}
