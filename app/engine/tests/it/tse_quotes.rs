//! What a special quote measures after it ended, by worked examples. Source: domain page, section 2
//! (special quote at the last price +/- one width, renewed by one width every three minutes);
//! `docs/decisions/tse-quotes.md`. Base 530 yen, width 10 yen.

use super::tse::*;
use super::world::*;
use zaraba_engine::Command;
use zaraba_engine::types::*;

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
