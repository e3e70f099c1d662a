//! Corrections long after the trade: its account suspended or closed since, its instrument closed
//! or halted, days gone by and another fee tier reached. What a trade moved goes back to the last
//! unit whatever happened meanwhile, and nothing else changes. Source: domain rules, sections 1
//! (every currency sums to zero), 3 (fees by tiers) and 4 (corrections are reversals);
//! `docs/decisions/corrections.md`. Every command is followed by the whole-state check.

use crate::correct::{after, correct, correction, terms};
use crate::risk::EVERYTHING;
use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::engine::Rates;
use zaraba_engine::event::Trade;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject};

/// Own fees of 0.12% and 0.25%; from 20,000 yen in thirty days 0.03% and 0.07%. Yen have four
/// decimals.
fn market() -> World {
    let spec = InstrumentSpec {
        ticks: TickRule::Fixed(Price(1)),
        maker_fee_ppm: 1_200,
        taker_fee_ppm: 2_500,
        ..coin()
    };
    let mut world = World::with(limits(), spec, stock());
    let mut tiers = FeeTiers { asset: JPY, tiers: [FeeTier::default(); FEE_TIERS_MAX], len: 1 };
    let volume = Amount(20_000 * 10_000);
    tiers.tiers[0] = FeeTier { volume, maker_ppm: 300, taker_ppm: 700 };
    world.apply(Command::SetFeeTiers { tiers: Box::new(tiers), by: by() });
    roll(&mut world, 20_270_301);
    world
}

fn roll(world: &mut World, day: u32) {
    world.apply(Command::RollDay { profile: Profile::Crypto, day });
}

/// Cat buys 0.7776 of Bob's at 61,237 yen, as taker: 47,617.8912 yen.
fn trade(world: &mut World) -> (Trade, TradeTerms) {
    world.sell(BOB, 61_237, 7_776);
    let place = world.limit(CAT, COIN, Side::Buy, 61_237, 7_776);
    let events = world.place(place);
    let trade = trades(&events)[0];
    (trade, terms(&trade, &events))
}

/// Total of everyone concerned, and of everything in the market.
fn totals(world: &World) -> Vec<i64> {
    let all = [ANN, BOB, CAT, AccountId::FEES, AccountId::ROUNDING].into_iter();
    all.flat_map(|account| [JPY, BTC, SHARE].map(|asset| (account, asset)))
        .map(|(account, asset)| world.engine.balance(account, asset).map_or(0, |b| b.total.0))
        .collect()
}

#[test]
fn fees_go_back_as_they_were_charged_though_the_tier_is_another_now() {
    let mut world = market();
    let before = totals(&world);
    let (first, made) = trade(&mut world);
    // 0.7776 x 61,237 = 47,617.8912; 0.25% of it 119.044728 and 0.12% 57.14146944, rounded up.
    assert_eq!((made.paid, made.got), (Amount(476_178_912), Amount(476_178_912)));
    assert_eq!((made.buyer_fee, made.seller_fee), (Amount(1_190_448), Amount(571_415)));
    for day in 20_270_302..20_270_305 {
        roll(&mut world, day);
    }
    let reached = Some(Rates { maker_ppm: 300, taker_ppm: 700 });
    assert_eq!(world.engine.fee_rates(CAT, COIN), reached);
    let volume = world.engine.fee_volume(CAT, JPY);
    // A third of it at 60,000 yen: 0.2592 x 60,000 = 15,552; the fees charged, in proportion of the
    // values: 119.0448 x 15,552 / 47,617.8912 = 38.8800..., 57.1415 x ... = 18.6624..., rounded up.
    let part = correct(&mut world, correction(&first, made, 60_000, 2_592)).unwrap();
    let (number, now) = after(&part);
    assert_eq!((number, now.paid, now.got), (1, Amount(155_520_000), Amount(155_520_000)));
    assert_eq!((now.buyer_fee, now.seller_fee), (Amount(388_801), Amount(186_625)));
    // Another trade meanwhile goes by the new tier and is not touched by the rest.
    let (second, settled) = trade(&mut world);
    assert_eq!((settled.buyer_fee, settled.seller_fee), (Amount(333_326), Amount(142_854)));
    roll(&mut world, 20_270_331);
    correct(&mut world, correction(&first, now, 60_000, 0)).unwrap();
    assert!(world.engine.fee_volume(CAT, JPY) > volume, "volume is what the market was");
    correct(&mut world, correction(&second, settled, 61_237, 0)).unwrap();
    assert_eq!(totals(&world), before, "everyone is where they were");
}

#[test]
fn neither_a_closed_account_nor_a_closed_instrument_keeps_a_trade_from_being_taken_back() {
    let statuses = [AccountStatus::Suspended, AccountStatus::Closed];
    let instruments = [InstrumentStatus::Halted, InstrumentStatus::Closed];
    for account in statuses {
        for instrument in instruments {
            let mut world = market();
            let before = totals(&world);
            let (made, terms) = trade(&mut world);
            // An order of each is still there, with its lock.
            world.buy(CAT, 50_000, 1_000);
            world.sell(BOB, 70_000, 1_000);
            world.account_status(CAT, account);
            world.account_status(BOB, account);
            world.instrument_status(COIN, instrument);
            roll(&mut world, 20_270_401);
            let locks = [world.balance(CAT, JPY).1, world.balance(BOB, BTC).1];
            let lower = correct(&mut world, correction(&made, terms, 61_000, 7_776)).unwrap();
            let (_, now) = after(&lower);
            assert_eq!(now.paid, Amount(474_336_000), "0.7776 x 61,000");
            correct(&mut world, correction(&made, now, 61_000, 0)).unwrap();
            assert_eq!(totals(&world), before, "{account:?}, {instrument:?}");
            let held = [world.balance(CAT, JPY).1, world.balance(BOB, BTC).1];
            assert_eq!(held, locks, "locks of live orders are not touched");
            // Whoever may act for them can still end what is open.
            for account in [CAT, BOB] {
                let account = Some(account);
                let filter = CancelMany { account, ..EVERYTHING };
                let events = world.apply(Command::CancelMany(filter));
                assert!(matches!(events.last(), Some(Event::CancelledMany { count: 1, .. })));
            }
            assert_eq!([world.balance(CAT, JPY).1, world.balance(BOB, BTC).1], [0, 0]);
        }
    }
}

#[test]
fn who_left_with_the_money_keeps_the_trade_as_it_is() {
    let mut world = market();
    let (made, terms) = trade(&mut world);
    // Bob takes all his yen home and is closed: it cannot be taken back from him.
    let (total, _) = world.balance(BOB, JPY);
    let left = world.transfer(TransferKind::Withdraw, BOB, JPY, total);
    assert_eq!(left.last(), Some(&Event::Transferred));
    world.account_status(BOB, AccountStatus::Closed);
    let held = totals(&world);
    let bust = correction(&made, terms, 61_237, 0);
    assert_eq!(correct(&mut world, bust).err(), Some(Reject::InsufficientFunds));
    assert_eq!(totals(&world), held);
    // More for him is fine: the price was too low. The buyer pays the difference.
    correct(&mut world, correction(&made, terms, 62_000, 7_776)).unwrap();
    assert!(world.balance(BOB, JPY).0 > 0);
}
