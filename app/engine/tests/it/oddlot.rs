//! Odd lots: the two desks of section 2 of the domain rules, with its example (best ask 1,000 at
//! 0.35% is 1,003.5; one share settles at 1,004), cut-offs at 07:00, 10:30 and 14:00. What the
//! rules leave open is in `docs/decisions/odd-lots.md`. Prices are in 0.1 yen, cash in 1/10,000.

use crate::world::*;
use zaraba_engine::command::{OddLot, OddLotTerms, TransferKind, Via};
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::event::{CloseReason, DeskTrade};
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

const YEN: i64 = 10_000;
const DAY: u32 = 20261124;

pub(crate) fn terms() -> OddLotTerms {
    OddLotTerms {
        batch: true,
        principal: true,
        spread_ppm: 3_500,
        max_quantity: Quantity(90),
        max_value: Amount(100_000 * YEN),
        round_to: Amount(YEN),
    }
}

/// Tokyo's sessions, base 1,000.0 yen, limits by the table 700.0 and 1,300.0; the house has 1,000 shares and
/// 1,000,000 yen.
pub(crate) fn world() -> World {
    let spec = InstrumentSpec {
        session_rules: true,
        base_price: Price(10_000),
        limit_down: Price(7_000),
        limit_up: Price(13_000),
        ..stock()
    };
    let mut world = World::with(limits(), coin(), spec);
    for (asset, amount) in [(JPY, 1_000_000 * YEN), (SHARE, 1_000)] {
        world.deposit(AccountId::HOUSE, asset, amount);
    }
    let events = set(&mut world, STOCK, terms());
    assert_eq!(events, [Event::TermsChanged { instrument: STOCK }]);
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY });
    world
}

pub(crate) fn set(world: &mut World, instrument: InstrumentId, terms: OddLotTerms) -> Vec<Event> {
    world.apply(Command::SetOddLotTerms { instrument, terms: Box::new(terms), by: by() })
}

fn step(world: &mut World, step: SessionStep) -> Vec<Event> {
    let day = world.engine.day(Profile::Tse);
    let until = Timestamp(0);
    let mut all = Vec::new();
    loop {
        let events = world.apply(Command::Session { profile: Profile::Tse, day, step, until });
        let more = match events.last() {
            Some(&Event::SessionStepped { more, .. }) => more,
            other => panic!("not stepped but {other:?}"),
        };
        all.extend(events);
        if !more {
            return all;
        }
    }
}

pub(crate) fn steps(world: &mut World, all: &[SessionStep]) {
    for &one in all {
        step(world, one);
    }
}

pub(crate) fn odd(
    world: &mut World,
    account: AccountId,
    side: Side,
    desk: Desk,
    quantity: i64,
) -> OddLot {
    OddLot {
        account,
        instrument: STOCK,
        side,
        desk,
        quantity: Quantity(quantity),
        price: Price(0),
        client_id: world.name(),
        via: Via::Rest,
        key: 1,
    }
}

pub(crate) fn place(world: &mut World, order: OddLot) -> Vec<Event> {
    world.apply(Command::PlaceOddLot(Box::new(order)))
}

fn accept(world: &mut World, order: OddLot) -> OrderId {
    let events = place(world, order);
    match events[0] {
        Event::Accepted { order, .. } => order,
        ref other => panic!("{order:?} became {other:?}"),
    }
}

fn batch(world: &mut World, account: AccountId, side: Side, quantity: i64) -> OrderId {
    let order = odd(world, account, side, Desk::Batch, quantity);
    accept(world, order)
}

pub(crate) fn dealt(events: &[Event]) -> Vec<DeskTrade> {
    let of = |event: &Event| match *event {
        Event::DeskTrade(trade) => Some(trade),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// In continuous trading: best bid 998.0, best ask 1,000.0.
pub(crate) fn trading() -> World {
    let mut world = world();
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen, SessionStep::Open]);
    for (side, price) in [(Side::Buy, 9_980), (Side::Sell, 10_000)] {
        let place = world.limit(BOB, STOCK, side, price, 100);
        world.accept(place);
    }
    world
}

/// Both sides of a trade of a lot at this price, to be matched in the next auction.
fn crossing(world: &mut World, price: i64) {
    for (account, side) in [(BOB, Side::Sell), (CAT, Side::Buy)] {
        let place = world.limit(account, STOCK, side, price, 100);
        world.accept(place);
    }
}

#[test]
fn the_principal_desk_sells_at_the_ask_and_the_spread() {
    let mut world = trading();
    let rounding = AccountId::ROUNDING;
    let order = odd(&mut world, ANN, Side::Buy, Desk::Principal, 1);
    let events = place(&mut world, order);
    let trade = dealt(&events)[0];
    // 1,000.0 x 1.0035 = 1,003.5; the client pays 1,004, the house gets 1,003.5, rounding 0.5.
    assert_eq!((trade.price, trade.amount), (Price(10_035), Amount(1_004 * YEN)));
    assert_eq!(trade.house_net, Quantity(-1));
    assert_eq!(world.balance(ANN, JPY), (100_000_000 * YEN - 1_004 * YEN, 0));
    assert_eq!(world.balance(ANN, SHARE), (100_001, 0));
    assert_eq!(world.balance(AccountId::HOUSE, JPY), (1_000_000 * YEN + 10_035_000, 0));
    assert_eq!(world.balance(AccountId::HOUSE, SHARE), (999, 0));
    assert_eq!(world.balance(rounding, JPY), (5_000, 0));
    let Event::Accepted { order: id, .. } = events[0] else { panic!("{events:?}") };
    let state = world.order(id);
    assert_eq!(
        (state.status, state.filled, state.odd_lot),
        (OrderStatus::Filled, Quantity(1), true)
    );
    assert_eq!(state.notional, 10_035);
    // The book and the last price are as they were.
    assert_eq!(world.engine.instrument(STOCK).unwrap().last_price, Price(0));
    assert_eq!(place(&mut world, order), [Event::Repeated { order: id }]);
    let other = OddLot { desk: Desk::Batch, ..order };
    assert_eq!(refusal(&place(&mut world, other)), (Reject::DuplicateClientOrderId, false));
}

#[test]
fn the_principal_desk_buys_at_the_bid_less_the_spread() {
    let mut world = trading();
    // 998.0 x 0.9965 = 994.507, in tenths of a yen 994.5. Three shares: 2,983.5, down to 2,983.
    let order = odd(&mut world, ANN, Side::Sell, Desk::Principal, 3);
    let trade = dealt(&place(&mut world, order))[0];
    assert_eq!((trade.price, trade.amount), (Price(9_945), Amount(2_983 * YEN)));
    assert_eq!(world.balance(AccountId::HOUSE, JPY), (1_000_000 * YEN - 29_835_000, 0));
    assert_eq!(world.balance(AccountId::ROUNDING, JPY), (5_000, 0));
    let position = world.engine.odd_lot_position(STOCK).unwrap();
    assert_eq!((position.house_net, position.hedge_lots), (Quantity(3), 0));
    for _ in 0..2 {
        let order = odd(&mut world, ANN, Side::Sell, Desk::Principal, 90);
        accept(&mut world, order);
    }
    // 183 shares bought: one whole lot to be sold on the market.
    assert_eq!(world.engine.odd_lot_position(STOCK).unwrap().hedge_lots, 1);
}

#[test]
fn the_desks_quote_stays_within_the_days_limits() {
    let mut world = trading();
    let bid = world.limit(BOB, STOCK, Side::Buy, 10_000, 100);
    world.accept(bid);
    // Base, limits and quote moved by hand: the ask is the upper limit itself.
    let by_hand = Command::SetPriceLimits {
        instrument: STOCK,
        base_price: Price(10_000),
        limit_down: Price(9_970),
        limit_up: Price(10_010),
        by: by(),
    };
    world.apply(by_hand);
    let offer = world.limit(BOB, STOCK, Side::Sell, 10_010, 100);
    world.accept(offer);
    let order = odd(&mut world, ANN, Side::Buy, Desk::Principal, 1);
    assert_eq!(dealt(&place(&mut world, order))[0].price, Price(10_010));
    let order = odd(&mut world, ANN, Side::Sell, Desk::Principal, 1);
    assert_eq!(dealt(&place(&mut world, order))[0].price, Price(9_970));
}

#[test]
fn what_the_principal_desk_refuses() {
    let mut world = trading();
    let mut refused = |change: &dyn Fn(OddLot) -> OddLot, code: Reject| {
        let order = odd(&mut world, ANN, Side::Buy, Desk::Principal, 10);
        let order = change(order);
        assert_eq!(refusal(&place(&mut world, order)), (code, true), "{order:?}");
        let again = place(&mut world, order);
        assert!(matches!(again[..], [Event::Repeated { .. }]), "{again:?}");
    };
    refused(&|o| OddLot { quantity: Quantity(0), ..o }, Reject::InvalidQuantity);
    // Not below the trading unit; above the desk's most shares; above its most yen is tested
    // below.
    refused(&|o| OddLot { quantity: Quantity(100), ..o }, Reject::OddLotCap);
    refused(&|o| OddLot { quantity: Quantity(91), ..o }, Reject::OddLotCap);
    refused(&|o| OddLot { price: Price(10_034), ..o }, Reject::OddLotPrice);
    refused(&|o| OddLot { price: Price(-1), ..o }, Reject::InvalidPrice);
    refused(&|o| OddLot { account: DAN, ..o }, Reject::InsufficientFunds);
    refused(&|o| OddLot { account: AccountId::HOUSE, ..o }, Reject::OddLotUnavailable);
    refused(&|o| OddLot { account: AccountId::FEES, ..o }, Reject::AccountSuspended);
    refused(&|o| OddLot { instrument: COIN, ..o }, Reject::OddLotUnavailable);
    let order = odd(&mut world, ANN, Side::Buy, Desk::Principal, 10);
    let order = OddLot { price: Price(10_035), ..order };
    accept(&mut world, order);
    let unknown = OddLot { instrument: InstrumentId(9), client_id: world.name(), ..order };
    assert_eq!(refusal(&place(&mut world, unknown)), (Reject::UnknownInstrument, false));
    let unknown = OddLot { account: AccountId(11), client_id: world.name(), ..order };
    assert_eq!(refusal(&place(&mut world, unknown)), (Reject::UnknownAccount, false));
    let unnamed = OddLot { client_id: ClientId::EMPTY, ..order };
    assert_eq!(refusal(&place(&mut world, unnamed)), (Reject::InvalidClientId, false));
}

#[test]
fn caps_quotes_hours_and_halts() {
    let mut world = trading();
    let buy = |world: &mut World| {
        let order = odd(world, ANN, Side::Buy, Desk::Principal, 10);
        refusal(&place(world, order))
    };
    // Ten shares are 10,035 yen.
    set(&mut world, STOCK, OddLotTerms { max_value: Amount(10_034 * YEN), ..terms() });
    assert_eq!(buy(&mut world), (Reject::OddLotCap, true));
    set(&mut world, STOCK, OddLotTerms { max_value: Amount(0), ..terms() });
    let halts = Halts::market(Side::Buy);
    world.apply(Command::SetHalts { instrument: STOCK, halts, by: by() });
    assert_eq!(buy(&mut world), (Reject::KindHalted, true));
    world.apply(Command::SetHalts { instrument: STOCK, halts: Halts::default(), by: by() });
    world.instrument_status(STOCK, InstrumentStatus::Halted);
    assert_eq!(buy(&mut world), (Reject::InstrumentHalted, true));
    world.instrument_status(STOCK, InstrumentStatus::Open);
    let scope = KillScope::Account(ANN);
    world.apply(Command::SetKill { scope, on: true, by: by() });
    assert_eq!(buy(&mut world), (Reject::Killed, true));
    world.apply(Command::SetKill { scope, on: false, by: by() });
    world.account_status(ANN, AccountStatus::Suspended);
    assert_eq!(buy(&mut world), (Reject::AccountSuspended, true));
    world.account_status(ANN, AccountStatus::Closed);
    assert_eq!(buy(&mut world), (Reject::AccountClosed, true));
    world.account_status(ANN, AccountStatus::Active);
    // The lot on offer is bought away.
    let take = world.limit(CAT, STOCK, Side::Buy, 10_000, 100);
    world.accept(take);
    assert_eq!(buy(&mut world), (Reject::OddLotNoQuote, true));
    step(&mut world, SessionStep::MorningClose);
    assert_eq!(buy(&mut world), (Reject::OddLotUnavailable, true));
}

#[test]
fn the_house_never_goes_below_what_it_has() {
    let mut world = trading();
    world.transfer(TransferKind::Withdraw, AccountId::HOUSE, SHARE, 991);
    let order = odd(&mut world, ANN, Side::Buy, Desk::Principal, 10);
    assert_eq!(refusal(&place(&mut world, order)), (Reject::HouseInventory, true));
    let order = odd(&mut world, ANN, Side::Buy, Desk::Principal, 9);
    accept(&mut world, order);
    world.transfer(TransferKind::Withdraw, AccountId::HOUSE, JPY, 1_009_000 * YEN);
    // 31.5 yen and 994.5 x 1 are missing: 9 x 1,003.5 = 9,031.5 came in.
    let order = odd(&mut world, ANN, Side::Sell, Desk::Principal, 1);
    assert_eq!(refusal(&place(&mut world, order)), (Reject::HouseInventory, true));
}

#[test]
fn each_cut_off_decides_which_price_fills() {
    let mut world = world();
    let early = batch(&mut world, ANN, Side::Buy, 10);
    // Locked at the worst: a night order at what tomorrow's limit could be, 1,300 + 300.
    assert_eq!(world.balance(ANN, JPY).1, 16_000 * YEN);
    assert_eq!(world.order(early).status, OrderStatus::PendingTrigger);
    step(&mut world, SessionStep::OddLotMorning);
    let late = batch(&mut world, ANN, Side::Buy, 20);
    assert_eq!(world.balance(ANN, JPY).1, 16_000 * YEN + 26_000 * YEN);
    step(&mut world, SessionStep::PreOpen);
    crossing(&mut world, 10_100);
    let events = step(&mut world, SessionStep::Open);
    // Opened at 1,010.0: ten shares are 10,100 yen.
    let trades = dealt(&events);
    assert_eq!(trades.len(), 1);
    assert_eq!((trades[0].order, trades[0].price), (early, Price(10_100)));
    assert_eq!((trades[0].amount, trades[0].desk), (Amount(10_100 * YEN), Desk::Batch));
    step(&mut world, SessionStep::OddLotAfternoon);
    let close = batch(&mut world, ANN, Side::Sell, 5);
    steps(&mut world, &[SessionStep::MorningClose, SessionStep::AfternoonPreOpen]);
    crossing(&mut world, 10_200);
    let trades = dealt(&step(&mut world, SessionStep::AfternoonOpen));
    assert_eq!((trades.len(), trades[0].order, trades[0].price), (1, late, Price(10_200)));
    step(&mut world, SessionStep::OddLotClose);
    let next = batch(&mut world, ANN, Side::Sell, 7);
    step(&mut world, SessionStep::PreClose);
    crossing(&mut world, 10_150);
    let trades = dealt(&step(&mut world, SessionStep::Close));
    assert_eq!((trades.len(), trades[0].order, trades[0].price), (1, close, Price(10_150)));
    assert_eq!(trades[0].house_net, Quantity(-25));
    // The next day opens at 1,020.0, and the roll of the day did not end what waits for it.
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY + 1 });
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen]);
    crossing(&mut world, 10_200);
    let trades = dealt(&step(&mut world, SessionStep::Open));
    assert_eq!((trades.len(), trades[0].order, trades[0].price), (1, next, Price(10_200)));
    assert_eq!(world.balance(ANN, JPY).1, 0);
    assert_eq!(world.balance(ANN, SHARE).1, 0);
}

#[test]
fn without_an_opening_price_the_first_of_the_session_counts() {
    let mut world = world();
    let waits = batch(&mut world, ANN, Side::Buy, 10);
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen]);
    assert_eq!(dealt(&step(&mut world, SessionStep::Open)), []);
    let ask = world.limit(BOB, STOCK, Side::Sell, 10_050, 100);
    world.accept(ask);
    let bid = world.limit(CAT, STOCK, Side::Buy, 10_050, 100);
    let trades = dealt(&world.place(bid));
    assert_eq!((trades[0].order, trades[0].price), (waits, Price(10_050)));
}

#[test]
fn a_batch_without_a_price_ends_with_its_session() {
    let mut world = world();
    let morning = batch(&mut world, ANN, Side::Buy, 10);
    step(&mut world, SessionStep::OddLotMorning);
    let afternoon = batch(&mut world, ANN, Side::Buy, 10);
    steps(&mut world, &[SessionStep::PreOpen, SessionStep::Open, SessionStep::OddLotAfternoon]);
    let close = batch(&mut world, ANN, Side::Sell, 10);
    step(&mut world, SessionStep::MorningClose);
    assert_eq!(world.order(morning).closed, Some(CloseReason::AuctionRest));
    assert_eq!(world.order(afternoon).closed, None);
    steps(&mut world, &[SessionStep::AfternoonPreOpen, SessionStep::AfternoonOpen]);
    step(&mut world, SessionStep::OddLotClose);
    let next = batch(&mut world, ANN, Side::Sell, 10);
    steps(&mut world, &[SessionStep::PreClose, SessionStep::Close]);
    for order in [afternoon, close] {
        assert_eq!(world.order(order).closed, Some(CloseReason::AuctionRest));
    }
    assert_eq!(world.order(next).closed, None);
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

/// 120 orders of two for the morning's first price, which is known: fifty are filled with it.
fn large_batch() -> World {
    let small = limits();
    let spec = InstrumentSpec {
        session_rules: true,
        base_price: Price(10_000),
        limit_down: Price(7_000),
        limit_up: Price(13_000),
        ..stock()
    };
    let limits = zaraba_engine::command::Limits { live_orders: 500, answers: 500, ..small };
    let mut world = World::with(limits, coin(), spec);
    world.deposit(AccountId::HOUSE, SHARE, 1_000);
    set(&mut world, STOCK, terms());
    world.apply(Command::RollDay { profile: Profile::Tse, day: DAY });
    for _ in 0..120 {
        batch(&mut world, ANN, Side::Buy, 2);
    }
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen]);
    crossing(&mut world, 10_000);
    assert_eq!(dealt(&step(&mut world, SessionStep::Open)).len(), 50);
    world
}

#[test]
fn a_large_batch_is_filled_in_slices() {
    let mut world = large_batch();
    // The rest by a timer that is due at once; a snapshot in between changes nothing.
    assert_eq!(world.engine.next_due(), Some(Timestamp(world.at)));
    world.engine = copied(&world.engine);
    assert_eq!(dealt(&world.apply(Command::Wake)).len(), 70);
    assert_eq!(world.engine.next_due(), None);
    assert_eq!(world.balance(ANN, SHARE).0, 100_240);
    assert_eq!(world.engine.odd_lot_position(STOCK).unwrap().hedge_lots, -2);
}

/// Seventy still wait for this morning's price when orders for the next morning would join them: they
/// would get it too.
#[test]
fn a_batch_takes_no_orders_while_one_of_its_name_is_being_filled() {
    let mut world = large_batch();
    step(&mut world, SessionStep::OddLotClose);
    let order = odd(&mut world, ANN, Side::Buy, Desk::Batch, 2);
    assert_eq!(refusal(&place(&mut world, order)), (Reject::OddLotUnavailable, true));
    assert_eq!(dealt(&world.apply(Command::Wake)).len(), 70);
    let next = batch(&mut world, ANN, Side::Buy, 2);
    assert_eq!(world.order(next).status, OrderStatus::PendingTrigger);
}

#[test]
fn a_waiting_order_can_be_cancelled_but_not_amended() {
    let mut world = world();
    let order = batch(&mut world, ANN, Side::Buy, 10);
    assert_eq!(refusal(&world.amend(ANN, order, 0, 5)), (Reject::AmendNotAllowed, false));
    world.cancel(ANN, order);
    assert_eq!(world.order(order).status, OrderStatus::Cancelled);
    assert_eq!(world.balance(ANN, JPY).1, 0);
}

#[test]
fn a_batch_order_the_house_cannot_fill_ends() {
    let mut world = world();
    world.transfer(TransferKind::Withdraw, AccountId::HOUSE, SHARE, 985);
    let first = batch(&mut world, ANN, Side::Buy, 10);
    let second = batch(&mut world, ANN, Side::Buy, 10);
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen]);
    crossing(&mut world, 10_000);
    step(&mut world, SessionStep::Open);
    assert_eq!(world.order(first).status, OrderStatus::Filled);
    assert_eq!(world.order(second).closed, Some(CloseReason::AuctionRest));
    assert_eq!(world.balance(ANN, JPY), (100_000_000 * YEN - 10_000 * YEN, 0));
}

/// Locked for a limit of 1,600 at most (1,300 + 300), it cannot be filled at 1,700, where limits set by
/// hand let the next morning open: it ends, and a sale is filled.
#[test]
fn a_batch_order_beyond_its_bound_ends() {
    let mut world = world();
    let [buy, sell] = [Side::Buy, Side::Sell].map(|side| batch(&mut world, ANN, side, 10));
    world.apply(Command::SetPriceLimits {
        instrument: STOCK,
        base_price: Price(17_000),
        limit_down: Price(7_000),
        limit_up: Price(20_000),
        by: by(),
    });
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen]);
    crossing(&mut world, 17_000);
    let trades = dealt(&step(&mut world, SessionStep::Open));
    assert_eq!((trades.len(), trades[0].order, trades[0].price), (1, sell, Price(17_000)));
    assert_eq!(world.order(buy).closed, Some(CloseReason::AuctionRest));
    assert_eq!(world.balance(ANN, JPY), (100_000_000 * YEN + 17_000 * YEN, 0));
}

#[test]
fn a_batch_order_locks_what_rounding_up_may_take() {
    let mut world = world();
    // Limit 1,150.1 yen: three shares are 3,450.3, settled as 3,451.
    let by_hand = Command::SetPriceLimits {
        instrument: STOCK,
        base_price: Price(10_000),
        limit_down: Price(8_500),
        limit_up: Price(11_501),
        by: by(),
    };
    world.apply(by_hand);
    step(&mut world, SessionStep::OddLotMorning);
    let order = batch(&mut world, ANN, Side::Buy, 3);
    // The bound is the least price of which three are at least 3,451 yen: 1,150.4.
    assert_eq!(world.balance(ANN, JPY).1, 34_512_000);
    world.cancel(ANN, order);
    let mut with_price = odd(&mut world, ANN, Side::Buy, Desk::Batch, 3);
    with_price.price = Price(10_000);
    assert_eq!(refusal(&place(&mut world, with_price)), (Reject::InvalidPrice, true));
}

#[test]
fn terms_that_cannot_be_are_refused() {
    let mut world = world();
    for terms in [
        OddLotTerms { spread_ppm: 1_000_000, ..terms() },
        OddLotTerms { max_quantity: Quantity(0), ..terms() },
        OddLotTerms { max_value: Amount(-1), ..terms() },
        OddLotTerms { round_to: Amount(0), ..terms() },
    ] {
        let events = set(&mut world, STOCK, terms);
        assert_eq!(refusal(&events), (Reject::InvalidSpec, false), "{terms:?}");
    }
    assert_eq!(refusal(&set(&mut world, COIN, terms())), (Reject::InvalidSpec, false));
    let events = set(&mut world, InstrumentId(9), terms());
    assert_eq!(refusal(&events), (Reject::UnknownInstrument, false));
    // While orders wait, there stays something to round to.
    batch(&mut world, ANN, Side::Buy, 3);
    let events = set(&mut world, STOCK, OddLotTerms::default());
    assert_eq!(refusal(&events), (Reject::InvalidSpec, false));
    let closed = OddLotTerms { batch: false, principal: false, ..terms() };
    set(&mut world, STOCK, closed);
    let order = odd(&mut world, ANN, Side::Buy, Desk::Batch, 3);
    assert_eq!(refusal(&place(&mut world, order)), (Reject::OddLotUnavailable, true));
}

#[test]
fn without_an_afternoon_its_batch_is_filled_at_the_close() {
    // The morning opens at 1,010.0, which is known when Ann's order comes; the close is 1,020.0.
    let mut world = world();
    steps(&mut world, &[SessionStep::OddLotMorning, SessionStep::PreOpen]);
    crossing(&mut world, 10_100);
    step(&mut world, SessionStep::Open);
    let late = batch(&mut world, ANN, Side::Buy, 20);
    step(&mut world, SessionStep::PreClose);
    crossing(&mut world, 10_200);
    let trades = dealt(&step(&mut world, SessionStep::Close));
    assert_eq!((trades.len(), trades[0].order, trades[0].price), (1, late, Price(10_200)));
}

/// On such a day the morning ends with the close: an order for its first price gets that, if it is
/// the first, and ends if there is none.
#[test]
fn without_an_afternoon_the_mornings_batch_waits_for_the_close_at_most() {
    for first in [10_200, 0] {
        let mut world = world();
        let waits = batch(&mut world, ANN, Side::Buy, 10);
        let all = [SessionStep::OddLotMorning, SessionStep::PreOpen, SessionStep::Open];
        steps(&mut world, &all);
        step(&mut world, SessionStep::PreClose);
        if first != 0 {
            crossing(&mut world, first);
        }
        let trades = dealt(&step(&mut world, SessionStep::Close));
        if first != 0 {
            assert_eq!((trades[0].order, trades[0].price), (waits, Price(first)));
        } else {
            assert_eq!(trades, []);
            assert_eq!(world.order(waits).closed, Some(CloseReason::AuctionRest));
            assert_eq!(world.balance(ANN, JPY).1, 0);
        }
        // What comes from here on is for the next morning.
        let next = batch(&mut world, ANN, Side::Buy, 10);
        assert_eq!(world.order(next).closed, None);
    }
}
