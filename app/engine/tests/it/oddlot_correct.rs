//! Corrections of the odd-lot desks' trades: the house is one party, the client's side is rounded to
//! the desk's unit, and what the house has to hedge goes back with the trade. Sources: domain rules,
//! sections 2 (a buyer pays rounded up, a seller receives rounded down) and 4 (corrections are
//! reversals); `docs/decisions/corrections.md`. Prices are in 0.1 yen, cash in 1/10,000.

use crate::correct::{after, correct};
use crate::oddlot::{dealt, odd, place, set, terms, trading};
use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::types::*;
use zaraba_engine::{Event, Reject};

const YEN: i64 = 10_000;

/// How a desk's trade was settled, of `house` exact yen and what its client paid or got.
fn settled(price: i64, quantity: i64, paid: i64, got: i64) -> TradeTerms {
    TradeTerms {
        price: Price(price),
        quantity: Quantity(quantity),
        paid: Amount(paid),
        got: Amount(got),
        buyer_fee: Amount(0),
        seller_fee: Amount(0),
    }
}

fn all(world: &World) -> Vec<(i64, i64)> {
    let accounts = [ANN, AccountId::HOUSE, AccountId::ROUNDING];
    let of = |account| {
        [JPY, SHARE].map(|asset| {
            let balance = world.engine.balance(account, asset);
            balance.map_or((0, 0), |balance| (balance.total.0, balance.locked.0))
        })
    };
    accounts.into_iter().flat_map(of).collect()
}

#[test]
fn a_purchase_from_the_house_is_corrected_and_taken_back() {
    let mut world = trading();
    let before = all(&world);
    let order = odd(&mut world, ANN, Side::Buy, Desk::Principal, 3);
    let trade = dealt(&place(&mut world, order))[0];
    // Three at 1,003.5: 3,010.5 to the house, 3,011 from the client.
    let made = settled(10_035, 3, 3_011 * YEN, 30_105_000);
    assert_eq!((trade.price, trade.amount), (made.price, made.paid));
    let right = Correction {
        trade: trade.trade,
        instrument: STOCK,
        buyer: ANN,
        seller: AccountId::HOUSE,
        before: made,
        price: Price(9_999),
        quantity: Quantity(2),
        desk: true,
    };
    // As a trade of the book it cannot have been made so, nor between two customers.
    for wrong in [
        Correction { desk: false, ..right },
        Correction { seller: BOB, ..right },
        Correction { buyer: AccountId::HOUSE, ..right },
        Correction { before: TradeTerms { got: Amount(1), ..made }, ..right },
        Correction { before: TradeTerms { buyer_fee: Amount(1), ..made }, ..right },
    ] {
        assert_eq!(correct(&mut world, wrong).err(), Some(Reject::TradeChanged), "{wrong:?}");
    }
    let events = correct(&mut world, right).unwrap();
    // Two at 999.9 (between ticks, as desks deal): 1,999.8 to the house, 2,000 from the client.
    let now = settled(9_999, 2, 2_000 * YEN, 19_998_000);
    assert_eq!(after(&events), (1, now));
    assert!(events.contains(&Event::DeskPosition { instrument: STOCK, house_net: Quantity(-2) }));
    assert_eq!(world.engine.odd_lot_position(STOCK).unwrap().house_net, Quantity(-2));
    assert_eq!(world.balance(ANN, JPY).0 - before[0].0, -2_000 * YEN);
    assert_eq!(world.balance(AccountId::ROUNDING, JPY).0 - before[4].0, 2_000);
    // Another unit of the desk since changes nothing of what stands.
    set(&mut world, STOCK, OddLotTerms { round_to: Amount(1), ..terms() });
    world.engine.check().unwrap();
    let back = Correction { before: now, price: now.price, quantity: Quantity(0), ..right };
    correct(&mut world, back).unwrap();
    assert_eq!(all(&world), before, "everyone is where they were");
    assert_eq!(world.engine.odd_lot_position(STOCK).unwrap().house_net, Quantity(0));
    // Put back as it was made, to the last unit.
    let none = settled(9_999, 0, 0, 0);
    let again = Correction { before: none, price: made.price, quantity: Quantity(3), ..right };
    correct(&mut world, again).unwrap();
    assert_eq!(world.balance(ANN, JPY).0 - before[0].0, -3_011 * YEN);
    assert_eq!(world.engine.odd_lot_position(STOCK).unwrap().house_net, Quantity(-3));
}

#[test]
fn a_sale_to_the_house_is_rounded_against_the_client_and_needs_its_money_back() {
    let mut world = trading();
    let order = odd(&mut world, ANN, Side::Sell, Desk::Principal, 3);
    let trade = dealt(&place(&mut world, order))[0];
    // Three at 994.5: 2,983.5 from the house, 2,983 to the client.
    let made = settled(9_945, 3, 29_835_000, 2_983 * YEN);
    assert_eq!((trade.price, trade.amount), (made.price, made.got));
    let right = Correction {
        trade: trade.trade,
        instrument: STOCK,
        buyer: AccountId::HOUSE,
        seller: ANN,
        before: made,
        price: Price(9_901),
        quantity: Quantity(3),
        desk: true,
    };
    let cash = world.balance(ANN, JPY).0;
    correct(&mut world, right).unwrap();
    // 2,970.3, down to 2,970.
    assert_eq!(world.balance(ANN, JPY).0 - cash, (2_970 - 2_983) * YEN);
    let stale = correct(&mut world, Correction { quantity: Quantity(4), ..right });
    assert_eq!(stale.err(), Some(Reject::TradeChanged), "it stands otherwise");
    let now = settled(9_901, 3, 29_703_000, 2_970 * YEN);
    let more = Correction { before: now, quantity: Quantity(4), ..right };
    assert_eq!(correct(&mut world, more).err(), Some(Reject::QuantityIncrease));
    // The house is held to what it has, like any customer.
    let order = odd(&mut world, ANN, Side::Buy, Desk::Principal, 1);
    place(&mut world, order);
    let order = world.limit(AccountId::HOUSE, STOCK, Side::Sell, 12_000, 1_000);
    let offer = world.accept(order);
    assert_eq!(world.balance(AccountId::HOUSE, SHARE), (1_002, 1_000), "two of the three are left");
    let bust = Correction { before: now, price: now.price, quantity: Quantity(0), ..right };
    assert_eq!(correct(&mut world, bust).err(), Some(Reject::InsufficientFunds));
    world.cancel(AccountId::HOUSE, offer);
    correct(&mut world, bust).expect("the house has them all again");
    assert_eq!(world.balance(AccountId::HOUSE, SHARE), (999, 0));
    // It survives a snapshot.
    let copy = copied(&world.engine);
    assert_eq!(copy.correction(trade.trade), world.engine.correction(trade.trade));
}
