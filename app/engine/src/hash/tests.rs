//! Whatever is said is in the hash.

use super::*;
use crate::command::Place;
use crate::event::{Cause, CloseReason, Trade};

fn hash(command: &Command, events: &[Event]) -> u64 {
    let mut running = Running(7);
    running.step(Seq(8), Timestamp(9), command, events);
    running.0
}

fn place() -> Place {
    let id = Text::new("an id that reaches to the last words").expect("36 bytes");
    let (price, quantity) = (Price(100), Quantity(5));
    Place::limit(AccountId(4), InstrumentId(0), Side::Buy, price, quantity, id)
}

/// Every number of an event, moved by one and by half of all there is.
fn changed(event: Event) -> Vec<Event> {
    let mut all = Vec::new();
    for by in [1, i64::MIN, 1 << 32] {
        let near = by as u32 | 1;
        match event {
            Event::Balance { account, asset, total, locked, delta, cause, reference } => {
                let base = (account, asset, total.0, locked.0, delta.0, cause, reference);
                let mut push = |(account, asset, total, locked, delta, cause, reference)| {
                    let [total, locked, delta] = [total, locked, delta].map(Amount);
                    all.push(Event::Balance {
                        account,
                        asset,
                        total,
                        locked,
                        delta,
                        cause,
                        reference,
                    });
                };
                let (a, s, t, l, d, c, r) = base;
                push((AccountId(a.0 ^ near), s, t, l, d, c, r));
                push((a, AssetId(s.0 ^ near), t, l, d, c, r));
                push((a, s, t ^ by, l, d, c, r));
                push((a, s, t, l ^ by, d, c, r));
                push((a, s, t, l, d ^ by, c, r));
                push((a, s, t, l, d, Cause::Adjust, r));
                push((a, s, t, l, d, c, r ^ by as u64));
            }
            Event::Level { instrument, side, price, quantity, orders } => all.extend([
                Event::Level { instrument: InstrumentId(9), side, price, quantity, orders },
                Event::Level { instrument, side: side.opposite(), price, quantity, orders },
                Event::Level { instrument, side, price: Price(price.0 ^ by), quantity, orders },
                Event::Level {
                    instrument,
                    side,
                    price,
                    quantity: Quantity(quantity.0 ^ by),
                    orders,
                },
                Event::Level { instrument, side, price, quantity, orders: orders ^ near },
            ]),
            Event::Trade(t) => all.extend(
                [
                    Trade { trade: TradeId(t.trade.0 ^ by as u64), ..t },
                    Trade { instrument: InstrumentId(9), ..t },
                    Trade { price: Price(t.price.0 ^ by), ..t },
                    Trade { quantity: Quantity(t.quantity.0 ^ by), ..t },
                    Trade { taker_side: t.taker_side.opposite(), ..t },
                    Trade { maker: OrderId(t.maker.0 ^ by as u64), ..t },
                    Trade { taker: OrderId(t.taker.0 ^ by as u64), ..t },
                    Trade { maker_account: AccountId(t.maker_account.0 ^ near), ..t },
                    Trade { taker_account: AccountId(t.taker_account.0 ^ near), ..t },
                    Trade { maker_fee: Amount(t.maker_fee.0 ^ by), ..t },
                    Trade { taker_fee: Amount(t.taker_fee.0 ^ by), ..t },
                    Trade { maker_remaining: Quantity(t.maker_remaining.0 ^ by), ..t },
                    Trade { taker_remaining: Quantity(t.taker_remaining.0 ^ by), ..t },
                    Trade { auction: true, ..t },
                ]
                .map(Event::Trade),
            ),
            _ => unreachable!("not changed here"),
        }
    }
    all
}

#[test]
fn whatever_an_event_says_is_in_the_hash() {
    let events = [
        Event::Balance {
            account: AccountId(4),
            asset: AssetId(1),
            total: Amount(10),
            locked: Amount(3),
            delta: Amount(-2),
            cause: Cause::Trade,
            reference: 77,
        },
        Event::Level {
            instrument: InstrumentId(0),
            side: Side::Sell,
            price: Price(5),
            quantity: Quantity(6),
            orders: 2,
        },
        Event::Trade(Trade {
            trade: TradeId(1),
            instrument: InstrumentId(0),
            price: Price(5),
            quantity: Quantity(6),
            taker_side: Side::Buy,
            maker: OrderId(8),
            taker: OrderId(9),
            maker_account: AccountId(4),
            taker_account: AccountId(5),
            maker_fee: Amount(-1),
            taker_fee: Amount(2),
            maker_remaining: Quantity(0),
            taker_remaining: Quantity(3),
            auction: false,
        }),
    ];
    let command = Command::Place(place());
    let told = hash(&command, &events);
    for (at, event) in events.iter().enumerate() {
        for other in changed(*event) {
            let mut events = events;
            events[at] = other;
            assert_ne!(hash(&command, &events), told, "{other:?}");
        }
    }
    assert_ne!(hash(&command, &events[..2]), told);
    assert_ne!(hash(&command, &[events[1], events[0], events[2]]), told);
}

#[test]
fn whatever_an_order_says_is_in_the_hash() {
    let p = place();
    let id = |text| Text::new(text).expect("short");
    let mut seen: Vec<u64> = [
        p,
        Place { account: AccountId(5), ..p },
        Place { instrument: InstrumentId(5), ..p },
        Place { side: Side::Sell, ..p },
        Place { kind: OrderKind::Market, ..p },
        Place { time_in_force: TimeInForce::Ioc, ..p },
        Place { post_only: true, ..p },
        Place { price: Price(101), ..p },
        Place { quantity: Quantity(6), ..p },
        Place { client_id: id("an id that reaches to the last word"), ..p },
        Place { client_id: id("An id that reaches to the last words"), ..p },
        Place { condition: Condition::Opening, ..p },
        Place { self_trade: SelfTrade::CancelTaker, ..p },
        Place { short: ShortSale::Short, ..p },
        Place { by_amount: true, ..p },
    ]
    .map(|p| hash(&Command::Place(p), &[]))
    .into();
    let mut later = Running(7);
    later.step(Seq(8), Timestamp(10), &Command::Place(p), &[]);
    seen.push(later.0);
    let closed = Event::Closed {
        order: OrderId(1),
        account: AccountId(4),
        instrument: InstrumentId(0),
        reason: CloseReason::Cancelled,
        remaining: Quantity(0),
    };
    seen.push(hash(&Command::Place(p), &[closed]));
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}
