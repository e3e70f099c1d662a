//! Rules of everything around orders: the beginning, definitions, accounts, transfers, days. Sources:
//! domain rules, section 4 (deposits, withdrawals and adjustments are sequenced commands; what is
//! locked cannot leave) and the docs of each command.

use crate::world::*;
use zaraba_engine::command::*;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject, Replica};

fn refused(world: &mut World, command: Command, code: Reject) {
    let what = format!("{command:?}");
    assert_eq!(refusal(&world.apply(command)), (code, false), "{what}");
}

#[test]
fn nothing_before_genesis_and_genesis_once() {
    let mut world = World::new();
    let genesis = Command::Genesis { limits: limits(), hash_seed: [1, 2] };
    refused(&mut world, genesis, Reject::NotInitialised);
    let mut engine = Replica::new();
    let mut events = Vec::new();
    let commands = [
        Command::CreateAccount { code: text("early") },
        Command::RollDay { profile: Profile::Tse, day: 20_260_105 },
        Command::Cancel(Cancel { account: ANN, order: OrderId(1), via: Via::Rest, key: 0 }),
    ];
    for (i, command) in commands.iter().enumerate() {
        events.clear();
        engine.apply(Seq(i as u64 + 1), Timestamp(0), command, &mut events);
        assert_eq!(refusal(&events), (Reject::NotInitialised, false));
    }
}

#[test]
fn impossible_limits_are_refused_and_can_be_mended() {
    let mut engine = Replica::new();
    let bad = [
        Limits { accounts: 3, ..limits() },
        Limits { instruments: 65_537, ..limits() },
        Limits { assets: 0, ..limits() },
        Limits { live_orders: 0, ..limits() },
        Limits { answers: 0, ..limits() },
        Limits { live_orders: 1 << 23, answers: 1 << 23, ..limits() },
        Limits { balances: 0, ..limits() },
    ];
    let mut seq = 0;
    let mut apply = |limits| {
        seq += 1;
        let mut events = Vec::new();
        let genesis = Command::Genesis { limits, hash_seed: [0, 0] };
        engine.apply(Seq(seq), Timestamp(0), &genesis, &mut events);
        events
    };
    for limits in bad {
        assert_eq!(refusal(&apply(limits)), (Reject::InvalidSpec, false), "{limits:?}");
    }
    assert_eq!(apply(Limits::default()), [Event::Begun]);
    let codes: Vec<_> = engine.accounts().map(|(_, a)| a.code.as_str().to_owned()).collect();
    assert_eq!(codes, ["house", "fees", "rounding", "outside"]);
}

#[test]
#[should_panic(expected = "command 9 applied after")]
fn a_gap_in_the_sequence_stops_the_engine() {
    let command = Command::CreateAccount { code: text("x") };
    Replica::new().apply(Seq(9), Timestamp(0), &command, &mut Vec::new());
}

#[test]
fn assets_accounts_and_their_bounds() {
    let mut world = World::new();
    let asset =
        |code: &str, exponent| Command::CreateAsset(AssetSpec { code: text(code), exponent });
    refused(&mut world, asset("", 0), Reject::InvalidSpec);
    refused(&mut world, asset("X", 19), Reject::InvalidSpec);
    refused(&mut world, asset("JPY", 4), Reject::AlreadyExists);
    assert_eq!(world.apply(asset("W", 18)), [Event::AssetCreated { asset: AssetId(3) }]);
    world.apply(asset("V", 0));
    refused(&mut world, asset("U", 0), Reject::CapacityExhausted);
    let account = |code: &str| Command::CreateAccount { code: text(code) };
    refused(&mut world, account(""), Reject::InvalidSpec);
    refused(&mut world, account("house"), Reject::AlreadyExists);
    for number in 8..12 {
        let account = AccountId(number);
        let created = world.apply(Command::CreateAccount { code: text(&format!("a{number}")) });
        assert_eq!(created, [Event::AccountCreated { account }]);
    }
    refused(&mut world, account("one-more"), Reject::CapacityExhausted);
    let status = AccountStatus::Active;
    let unknown = Command::SetAccountStatus { account: AccountId(12), status, by: by() };
    refused(&mut world, unknown, Reject::UnknownAccount);
}

#[test]
fn instruments_that_contradict_themselves() {
    let mut world = World::new();
    let good = InstrumentSpec { symbol: text("NEW"), ..coin() };
    let create = |spec: InstrumentSpec| Command::CreateInstrument(Box::new(spec));
    let bad = [
        InstrumentSpec { symbol: text(""), ..good },
        InstrumentSpec { base_asset: JPY, ..good },
        InstrumentSpec { price_digits: 19, ..good },
        InstrumentSpec { quantity_digits: 9, ..good },
        InstrumentSpec { ticks: TickRule::Fixed(Price(0)), ..good },
        // Tokyo's tables are in tenths of a yen.
        InstrumentSpec { ticks: TickRule::TseOther, ..good },
        InstrumentSpec { lot: Quantity(0), ..good },
        InstrumentSpec { min_quantity: Quantity(0), ..good },
        InstrumentSpec { max_quantity: Quantity(3), ..good },
        // No multiple of the lot lies between the bounds.
        InstrumentSpec {
            lot: Quantity(100),
            min_quantity: Quantity(101),
            max_quantity: Quantity(199),
            ..good
        },
        InstrumentSpec { taker_fee_ppm: -1, ..good },
        InstrumentSpec { taker_fee_ppm: 1_000_000, ..good },
        InstrumentSpec { maker_fee_ppm: -1_000_000, ..good },
        InstrumentSpec { maker_fee_ppm: 1_000_000, ..good },
        InstrumentSpec { base_price: Price(-1), ..good },
        InstrumentSpec { limit_down: Price(10), limit_up: Price(5), ..good },
    ];
    for spec in bad {
        refused(&mut world, create(spec), Reject::InvalidSpec);
    }
    refused(&mut world, create(coin()), Reject::AlreadyExists);
    let unknown = InstrumentSpec { quote_asset: AssetId(9), ..good };
    refused(&mut world, create(unknown), Reject::UnknownAsset);
    for number in 2..5 {
        let spec = InstrumentSpec { symbol: text(&format!("NEW{number}")), ..good };
        let instrument = InstrumentId(number);
        assert_eq!(world.apply(create(spec)), [Event::InstrumentCreated { instrument }]);
    }
    refused(&mut world, create(good), Reject::CapacityExhausted);
}

#[test]
fn price_limits_and_status_of_instruments() {
    let mut world = World::new();
    let set = |instrument, base, down, up| Command::SetPriceLimits {
        instrument,
        base_price: Price(base),
        limit_down: Price(down),
        limit_up: Price(up),
        by: by(),
    };
    refused(&mut world, set(InstrumentId(9), 1, 1, 1), Reject::UnknownInstrument);
    refused(&mut world, set(STOCK, -1, 0, 0), Reject::InvalidSpec);
    refused(&mut world, set(STOCK, 10, 20, 10), Reject::InvalidSpec);
    world.apply(set(STOCK, 20_000, 16_000, 24_000));
    let state = world.engine.instrument(STOCK).unwrap();
    let limits = (state.spec.base_price, state.spec.limit_down, state.spec.limit_up);
    assert_eq!(limits, (Price(20_000), Price(16_000), Price(24_000)));
    let order = world.limit(ANN, STOCK, Side::Buy, 30_000, 100);
    assert_eq!(refusal(&world.place(order)), (Reject::PriceOutOfLimits, true));
    let status = InstrumentStatus::Halted;
    let unknown = Command::SetInstrumentStatus { instrument: InstrumentId(9), status, by: by() };
    refused(&mut world, unknown, Reject::UnknownInstrument);
}

#[test]
fn transfers_move_value_between_an_account_and_the_system() {
    let mut world = World::new();
    world.deposit(DAN, JPY, 500);
    assert_eq!(world.balance(DAN, JPY), (500, 0));
    let outside = world.balance(AccountId::OUTSIDE, JPY).0;
    world.transfer(TransferKind::Withdraw, DAN, JPY, 200);
    assert_eq!(world.balance(DAN, JPY), (300, 0));
    assert_eq!(world.balance(AccountId::OUTSIDE, JPY).0, outside + 200);
    world.transfer(TransferKind::Adjust, DAN, JPY, -100);
    assert_eq!(world.balance(AccountId::HOUSE, JPY), (100, 0));
    world.transfer(TransferKind::Adjust, DAN, JPY, 40);
    assert_eq!(world.balance(DAN, JPY), (240, 0));
}

#[test]
fn transfers_that_are_refused() {
    let mut world = World::new();
    use TransferKind::*;
    let mut check = |kind, account, asset, amount, code| {
        let events = world.transfer(kind, account, asset, amount);
        assert_eq!(refusal(&events), (code, false), "{kind:?} {amount}");
    };
    check(Deposit, AccountId(99), JPY, 1, Reject::UnknownAccount);
    check(Deposit, ANN, AssetId(9), 1, Reject::UnknownAsset);
    check(Deposit, ANN, JPY, 0, Reject::InvalidAmount);
    check(Withdraw, ANN, JPY, -1, Reject::InvalidAmount);
    check(Adjust, ANN, JPY, 0, Reject::InvalidAmount);
    check(Adjust, ANN, JPY, i64::MIN, Reject::InvalidAmount);
    check(Adjust, AccountId::HOUSE, JPY, 1, Reject::InvalidAmount);
    check(Deposit, AccountId::OUTSIDE, JPY, 1, Reject::InvalidAmount);
    check(Withdraw, ANN, BTC, 1_000_000_001, Reject::InsufficientFunds);
    check(Adjust, ANN, BTC, -1_000_000_001, Reject::InsufficientFunds);
    // The house has nothing to give.
    check(Adjust, ANN, JPY, 1, Reject::InsufficientFunds);
    check(Withdraw, AccountId::FEES, JPY, 1, Reject::InsufficientFunds);
    check(Deposit, ANN, JPY, i64::MAX, Reject::AmountOverflow);
    check(Deposit, DAN, JPY, 1 << 62, Reject::AmountOverflow);
    let empty = Transfer {
        kind: Deposit,
        account: ANN,
        asset: JPY,
        amount: Amount(1),
        reference: ClientId::EMPTY,
    };
    let command = Command::Transfer { transfer: empty, by: by() };
    refused(&mut world, command, Reject::InvalidClientId);
}

#[test]
fn what_is_locked_cannot_leave() {
    let mut world = World::new();
    world.sell(ANN, 100, 100_000);
    // 10 BTC: 100,000 units of 1/10,000 are all of it.
    assert_eq!(world.balance(ANN, BTC), (1_000_000_000, 1_000_000_000));
    let events = world.transfer(TransferKind::Withdraw, ANN, BTC, 1);
    assert_eq!(refusal(&events), (Reject::InsufficientFunds, false));
    let events = world.transfer(TransferKind::Adjust, ANN, BTC, -1);
    assert_eq!(refusal(&events), (Reject::InsufficientFunds, false));
}

#[test]
fn a_transfer_repeats_its_first_answer() {
    let mut world = World::new();
    let transfer = Transfer {
        kind: TransferKind::Deposit,
        account: DAN,
        asset: JPY,
        amount: Amount(7),
        reference: text("wire-1"),
    };
    let command = |transfer| Command::Transfer { transfer, by: by() };
    world.apply(command(transfer));
    assert_eq!(world.apply(command(transfer)), [Event::Repeated { order: OrderId(0) }]);
    assert_eq!(world.balance(DAN, JPY), (7, 0));
    let other = Transfer { amount: Amount(8), ..transfer };
    refused(&mut world, command(other), Reject::DuplicateClientOrderId);
    // Orders have a name space of their own.
    let place = Place { client_id: text("wire-1"), ..world.limit(DAN, COIN, Side::Buy, 5, 4) };
    assert_eq!(refusal(&world.place(place)), (Reject::InsufficientFunds, true));
}

#[test]
fn status_decides_which_transfers_pass() {
    let mut world = World::new();
    use TransferKind::*;
    world.account_status(ANN, AccountStatus::Suspended);
    world.deposit(ANN, JPY, 1);
    assert_eq!(refusal(&world.transfer(Withdraw, ANN, JPY, 1)).0, Reject::AccountSuspended);
    world.account_status(ANN, AccountStatus::Closed);
    assert_eq!(refusal(&world.transfer(Deposit, ANN, JPY, 1)).0, Reject::AccountClosed);
    assert_eq!(refusal(&world.transfer(Withdraw, ANN, JPY, 1)).0, Reject::AccountClosed);
    // Corrections can still clear it.
    assert_eq!(world.transfer(Adjust, ANN, JPY, -1).last(), Some(&Event::Transferred));
}

#[test]
fn balances_run_out_before_anything_changes() {
    let limits = Limits { balances: 14, ..limits() };
    // 2 of the system, 9 of customers and 3 of the outside.
    let mut world = World::with(limits, coin(), stock());
    assert_eq!(
        refusal(&world.transfer(TransferKind::Deposit, DAN, JPY, 1)).0,
        Reject::CapacityExhausted
    );
    assert_eq!(world.engine.balances().count(), 12);
}

#[test]
fn the_day_rolls_once_and_only_forward() {
    let mut world = World::new();
    let day = |profile, day| Command::RollDay { profile, day };
    let place = world.limit(ANN, STOCK, Side::Buy, 30_000, 100);
    let old = world.accept(Place { time_in_force: TimeInForce::Day, ..place });
    let kept = world.limit(ANN, STOCK, Side::Buy, 30_000, 100);
    let kept = world.accept(kept);
    let place = world.limit(ANN, COIN, Side::Buy, 30_000, 100);
    let coin = world.accept(Place { time_in_force: TimeInForce::Day, ..place });
    let events = world.apply(day(Profile::Tse, 20_260_105));
    assert_eq!(events.last(), Some(&Event::DayRolled { count: 1, more: false }));
    assert_eq!(world.order(old).status.as_str(), "expired");
    assert_eq!(world.order(kept).status.as_str(), "open");
    assert_eq!(world.order(coin).status.as_str(), "open");
    assert_eq!(world.engine.day(Profile::Tse), 20_260_105);
    assert_eq!(world.engine.day(Profile::Crypto), 0);
    refused(&mut world, day(Profile::Tse, 20_260_105), Reject::InvalidDay);
    refused(&mut world, day(Profile::Tse, 20_260_104), Reject::InvalidDay);
}

#[test]
fn a_roll_looks_at_a_bounded_number_of_slots() {
    let limits = Limits { live_orders: 200_000, ..limits() };
    let mut world = World::with(limits, InstrumentSpec { open_order_cap: 0, ..coin() }, stock());
    let mut events = Vec::new();
    for _ in 0..70_000 {
        let place = Command::Place(world.limit(ANN, COIN, Side::Buy, 5, 4));
        world.seq += 1;
        events.clear();
        world.engine.apply(Seq(world.seq), Timestamp(0), &place, &mut events);
        assert!(matches!(events[0], Event::Accepted { .. }));
    }
    let roll = || Command::RollDay { profile: Profile::Crypto, day: 20_260_105 };
    assert_eq!(world.apply(roll()), [Event::DayRolled { count: 0, more: true }]);
    assert_eq!(world.apply(roll()), [Event::DayRolled { count: 0, more: false }]);
}
