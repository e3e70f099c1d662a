//! Firms as participants: where simultaneous orders share in turns, the orders of all accounts of a
//! firm count as one. Source: JPX "Stock Price Formulation", distribution of simultaneous orders
//! (totals per trading participant, largest first, one unit each in turn; a participant shares out
//! among its customers by its own rules, here by time). The numbers are worked out on paper.

use super::tse::*;
use super::world::*;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

const EVE: AccountId = AccountId(8);

impl World {
    fn firm(&mut self, account: AccountId, firm: u32) -> Vec<Event> {
        self.apply(Command::SetFirm { account, firm: FirmId(firm), by: by() })
    }

    fn participants(&mut self, participants: Participants) -> Vec<Event> {
        let profile = Profile::Tse;
        self.apply(Command::SetParticipants { profile, participants, by: by() })
    }
}

/// Before the open: Ann wants 500, Bob 400, Cat 600 at the price where Eve sells 900.
fn gathered(world: &mut World) -> [OrderId; 3] {
    world.apply(Command::CreateAccount { code: text("eve") });
    world.deposit(EVE, SHARE, 100_000);
    world.deposit(EVE, JPY, 100_000_000 * 10_000);
    world.step(SessionStep::PreOpen);
    let orders = [(ANN, 500), (BOB, 400), (CAT, 600)].map(|(a, q)| world.bid(a, 5_300, q));
    let sell = world.market_order(EVE, Side::Sell, 900);
    world.accept(sell);
    orders
}

fn filled(world: &World, orders: [OrderId; 3]) -> [i64; 3] {
    orders.map(|order| world.filled(order))
}

/// Nine units, three participants: three turns.
#[test]
fn accounts_stand_for_themselves_unless_the_setting_says_firms() {
    let mut world = share_world();
    world.firm(ANN, 7);
    world.firm(BOB, 7);
    let orders = gathered(&mut world);
    world.step(SessionStep::Open);
    assert_eq!(filled(&world, orders), [300, 300, 300]);
}

/// Firm 7 wants 900, Cat 600. Nine units in turns, the firm first: five and four. Of the firm's
/// five, Ann's order came first.
#[test]
fn a_firms_orders_count_as_one() {
    let mut world = share_world();
    assert_eq!(world.firm(ANN, 7), [Event::FirmChanged { account: ANN, firm: FirmId(7) }]);
    world.firm(BOB, 7);
    let (profile, participants) = (Profile::Tse, Participants::Firms);
    let changed = world.participants(participants);
    assert_eq!(changed, [Event::ParticipantsChanged { profile, participants }]);
    let orders = gathered(&mut world);
    world.step(SessionStep::Open);
    assert_eq!(filled(&world, orders), [500, 0, 400]);
}

/// Without a firm an account stands for itself, whatever the number of the firm beside it: a firm
/// with the number of Cat's account is not Cat.
#[test]
fn a_firm_is_never_taken_for_an_account() {
    let mut world = share_world();
    world.firm(ANN, CAT.0);
    world.firm(BOB, CAT.0);
    world.participants(Participants::Firms);
    let orders = gathered(&mut world);
    world.step(SessionStep::Open);
    assert_eq!(filled(&world, orders), [500, 0, 400]);
}

/// At the upper limit of 630 the market buys of a firm share as one with its limit buys: firm 7
/// wants 700 and 200, Cat 600; of 600 sold, three units each.
#[test]
fn stop_allocation_goes_by_firms_too() {
    let mut world = share_world();
    world.apply(Command::CreateAccount { code: text("eve") });
    world.deposit(EVE, SHARE, 100_000);
    world.deposit(EVE, JPY, 100_000_000 * 10_000);
    world.firm(ANN, 7);
    world.firm(BOB, 7);
    world.participants(Participants::Firms);
    world.step(SessionStep::PreOpen);
    world.step(SessionStep::Open);
    world.step(SessionStep::AfternoonPreOpen);
    world.step(SessionStep::AfternoonOpen);
    let first = world.market_order(ANN, Side::Buy, 700);
    let first = world.accept(first);
    // The special quote climbs to the limit.
    for _ in 0..40 {
        world.wait(3 * MINUTE);
    }
    assert_eq!(world.quote(), (QuoteKind::Special, Side::Buy, 6_300));
    let (second, third) = (world.bid(BOB, 6_300, 200), world.bid(CAT, 6_300, 600));
    world.step(SessionStep::PreClose);
    world.ask(EVE, 6_300, 600);
    let events = world.step(SessionStep::Close);
    let (kind, end) = (AuctionKind::Closing, AuctionEnd::StopAllocation);
    assert_eq!(auctions(&events)[0].0, kind);
    assert_eq!(auctions(&events)[0].1, end, "{events:?}");
    assert_eq!(filled(&world, [first, second, third]), [300, 0, 300]);
}

#[test]
fn what_firms_cannot_be_is_refused() {
    let mut world = share_world();
    let nobody = world.firm(AccountId(99), 1);
    assert_eq!(refusal(&nobody), (Reject::UnknownAccount, false));
    assert_eq!(refusal(&world.firm(ANN, 1 << 31)), (Reject::InvalidSpec, false));
    let (profile, participants) = (Profile::Crypto, Participants::Firms);
    let crypto = world.apply(Command::SetParticipants { profile, participants, by: by() });
    assert_eq!(refusal(&crypto), (Reject::InvalidSpec, false));
    assert_eq!(world.engine.participants(Profile::Tse), Participants::Accounts);
}

#[test]
fn firms_survive_a_snapshot() {
    let mut world = share_world();
    world.firm(ANN, 7);
    world.firm(CAT, 9);
    world.firm(CAT, 0);
    world.participants(Participants::Firms);
    let copy = copied(&world.engine);
    assert_eq!(copy.participants(Profile::Tse), Participants::Firms);
    let firms = [ANN, BOB, CAT].map(|account| copy.firm(account));
    assert_eq!(firms, [7, 0, 0].map(|firm| Some(FirmId(firm))));
    assert_eq!(copy.firm(AccountId(99)), None);
}
