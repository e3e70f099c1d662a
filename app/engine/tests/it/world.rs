//! A small market to say rules in: every command is followed by the whole-state check.

use zaraba_engine::command::*;
use zaraba_engine::engine::{BalanceState, OrderState};
use zaraba_engine::event::Trade;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject, Replica};

pub const JPY: AssetId = AssetId(0);
pub const BTC: AssetId = AssetId(1);
pub const SHARE: AssetId = AssetId(2);
/// Prices in yen, quantities in 1/10,000 BTC, no fees.
pub const COIN: InstrumentId = InstrumentId(0);
/// Tokyo's rules: base 3,000.0 yen, limits 2,500.0 and 3,500.0, lots of 100.
pub const STOCK: InstrumentId = InstrumentId(1);
/// Customers with 100,000,000 yen, 10 BTC and 100,000 shares each.
pub const ANN: AccountId = AccountId(4);
pub const BOB: AccountId = AccountId(5);
pub const CAT: AccountId = AccountId(6);
/// A customer with nothing.
pub const DAN: AccountId = AccountId(7);

pub fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).expect("names in tests are short")
}

pub fn by() -> Box<Provenance> {
    Box::new(Provenance {
        approver: Default::default(),
        actor: text("tester"),
        request: text("r-1"),
        reason: text("test"),
    })
}

pub fn coin() -> InstrumentSpec {
    InstrumentSpec {
        symbol: text("BTC_JPY"),
        name: text("Bitcoin"),
        profile: Profile::Crypto,
        base_asset: BTC,
        quote_asset: JPY,
        price_digits: 0,
        quantity_digits: 4,
        ticks: TickRule::Fixed(Price(5)),
        lot: Quantity(2),
        min_quantity: Quantity(4),
        max_quantity: Quantity(100_000),
        base_price: Price(0),
        limit_down: Price(0),
        limit_up: Price(0),
        market_band_ppm: 100_000,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        open_order_cap: 3,
        session_rules: false,
        listed_shares: Quantity(0),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
    }
}

pub fn stock() -> InstrumentSpec {
    InstrumentSpec {
        symbol: text("7203"),
        name: text("Toyota"),
        profile: Profile::Tse,
        base_asset: SHARE,
        price_digits: 1,
        quantity_digits: 0,
        ticks: TickRule::TseTopix500,
        lot: Quantity(100),
        min_quantity: Quantity(100),
        max_quantity: Quantity(1_000_000),
        base_price: Price(30_000),
        limit_down: Price(25_000),
        limit_up: Price(35_000),
        open_order_cap: 0,
        ..coin()
    }
}

pub struct World {
    pub engine: Replica,
    pub seq: u64,
    /// Time of the last command in nanoseconds; each takes ten.
    pub at: u64,
    names: u32,
    /// The same, the long way.
    #[cfg(feature = "oracle")]
    long: Replica,
}

pub fn limits() -> Limits {
    Limits { accounts: 12, instruments: 5, assets: 5, live_orders: 50, answers: 20, balances: 40 }
}

/// Whether the engine tells beforehand what it would refuse this with.
fn is_definition(command: &Command) -> bool {
    matches!(
        command,
        Command::SetPriceLimits { .. }
            | Command::SetTicks { .. }
            | Command::SetListedShares { .. }
            | Command::SetBreaker { .. }
            | Command::SetOddLotTerms { .. }
            | Command::SetRiskLimits { .. }
    )
}

impl World {
    pub fn new() -> World {
        World::with(limits(), coin(), stock())
    }

    pub fn with(limits: Limits, coin: InstrumentSpec, stock: InstrumentSpec) -> World {
        let mut world = World {
            engine: Replica::new(),
            seq: 0,
            at: 0,
            names: 0,
            #[cfg(feature = "oracle")]
            long: Replica::new(),
        };
        #[cfg(feature = "oracle")]
        world.long.go_the_long_way();
        world.apply(Command::Genesis { limits, hash_seed: [1, 2] });
        for (code, exponent) in [("JPY", 4), ("BTC", 8), ("7203", 0)] {
            world.apply(Command::CreateAsset(AssetSpec { code: text(code), exponent }));
        }
        world.apply(Command::CreateInstrument(Box::new(coin)));
        world.apply(Command::CreateInstrument(Box::new(stock)));
        for code in ["ann", "bob", "cat", "dan"] {
            world.apply(Command::CreateAccount { code: text(code) });
        }
        for account in [ANN, BOB, CAT] {
            world.deposit(account, JPY, 100_000_000 * 10_000);
            world.deposit(account, BTC, 10 * 100_000_000);
            world.deposit(account, SHARE, 100_000);
        }
        world
    }

    pub fn apply(&mut self, command: Command) -> Vec<Event> {
        self.seq += 1;
        self.at += 10;
        let mut events = Vec::new();
        // As the sequencer does: a hint must never be more than that.
        self.engine.look_ahead(0, |i| (i == 0).then_some(&command));
        let foretold = self.engine.would_refuse(&command);
        self.engine.apply(Seq(self.seq), Timestamp(self.at), &command, &mut events);
        let refused = events.iter().find_map(|event| match event {
            Event::Refused { code, .. } => Some(*code),
            _ => None,
        });
        if is_definition(&command) && refused != Some(Reject::NotInitialised) {
            assert_eq!(foretold, refused, "what is told before is what comes: {command:?}");
        }
        self.engine.check().expect("the state is sound after every command");
        #[cfg(feature = "oracle")]
        self.compare_with_the_long_way(&command, &events);
        events
    }

    /// The same command, the long way: the same events, and the same that happened so far.
    #[cfg(feature = "oracle")]
    fn compare_with_the_long_way(&mut self, command: &Command, events: &[Event]) {
        // A test that drives the engine by itself has no twin from there on.
        if self.long.seq().0 + 1 != self.seq {
            return;
        }
        let mut told = Vec::new();
        self.long.apply(Seq(self.seq), Timestamp(self.at), command, &mut told);
        assert_eq!(told, events, "the long way: {command:?}");
        assert_eq!(self.long.state_hash(), self.engine.state_hash());
    }

    /// A name not used before.
    pub fn name(&mut self) -> ClientId {
        self.names += 1;
        text(&format!("n-{}", self.names))
    }

    pub fn deposit(&mut self, account: AccountId, asset: AssetId, amount: i64) {
        let events = self.transfer(TransferKind::Deposit, account, asset, amount);
        assert_eq!(events.last(), Some(&Event::Transferred));
    }

    pub fn transfer(
        &mut self,
        kind: TransferKind,
        account: AccountId,
        asset: AssetId,
        amount: i64,
    ) -> Vec<Event> {
        let reference = self.name();
        let amount = Amount(amount);
        let transfer = Transfer { kind, account, asset, amount, reference };
        self.apply(Command::Transfer { transfer, by: by() })
    }

    /// A GTC limit order with a new client id, ready to be changed.
    pub fn limit(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        price: i64,
        quantity: i64,
    ) -> Place {
        let (price, quantity, id) = (Price(price), Quantity(quantity), self.name());
        let place = Place::limit(account, instrument, side, price, quantity, id);
        Place { via: Via::Rest, key: 1, ..place }
    }

    pub fn place(&mut self, place: Place) -> Vec<Event> {
        self.apply(Command::Place(place))
    }

    /// Places an order that must be accepted.
    pub fn accept(&mut self, place: Place) -> OrderId {
        let events = self.place(place);
        match events[0] {
            Event::Accepted { order, .. } => order,
            ref other => panic!("{place:?} became {other:?}"),
        }
    }

    pub fn buy(&mut self, account: AccountId, price: i64, quantity: i64) -> OrderId {
        let place = self.limit(account, COIN, Side::Buy, price, quantity);
        self.accept(place)
    }

    pub fn sell(&mut self, account: AccountId, price: i64, quantity: i64) -> OrderId {
        let place = self.limit(account, COIN, Side::Sell, price, quantity);
        self.accept(place)
    }

    pub fn cancel(&mut self, account: AccountId, order: OrderId) -> Vec<Event> {
        self.apply(Command::Cancel(Cancel { account, order, via: Via::Rest, key: 1 }))
    }

    pub fn amend(
        &mut self,
        account: AccountId,
        order: OrderId,
        price: i64,
        quantity: i64,
    ) -> Vec<Event> {
        let (price, quantity) = (Price(price), Quantity(quantity));
        let amend =
            Amend { account, order, price, quantity, via: Via::Rest, key: 1, condition: None };
        self.apply(Command::Amend(amend))
    }

    pub fn account_status(&mut self, account: AccountId, status: AccountStatus) {
        self.apply(Command::SetAccountStatus { account, status, by: by() });
    }

    pub fn instrument_status(&mut self, instrument: InstrumentId, status: InstrumentStatus) {
        self.apply(Command::SetInstrumentStatus { instrument, status, by: by() });
    }

    pub fn order(&self, order: OrderId) -> OrderState {
        self.engine.order(order).expect("a remembered order")
    }

    /// Total and locked part.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> (i64, i64) {
        let BalanceState { total, locked, .. } =
            self.engine.balance(account, asset).expect("a balance seen before");
        (total.0, locked.0)
    }

    /// Levels as (price, quantity, orders).
    pub fn depth(&self, side: Side) -> Vec<(i64, i64, u32)> {
        let levels = self.engine.depth(COIN, side);
        levels.map(|l| (l.price.0, l.quantity.0, l.orders)).collect()
    }
}

pub fn trades(events: &[Event]) -> Vec<Trade> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Trade(trade) => Some(*trade),
            _ => None,
        })
        .collect()
}

/// The code, and whether the refusal has a record.
pub fn refusal(events: &[Event]) -> (Reject, bool) {
    match events {
        [Event::Refused { code, order }] => (*code, order.is_some()),
        other => panic!("not refused but {other:?}"),
    }
}

/// A small generator of numbers, the same everywhere.
pub struct Random(pub u64);

impl Random {
    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % end
    }

    /// A number from `low` on, below `end`.
    pub fn number(&mut self, low: i64, end: i64) -> i64 {
        low + self.below((end - low) as u64) as i64
    }

    /// Whether one in `n` happened.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// What an engine writes as a snapshot.
pub fn exported(engine: &Replica) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.export(&mut |piece| bytes.extend_from_slice(piece));
    bytes
}

/// An engine after a round trip through a snapshot, which is written as its original.
pub fn copied(engine: &Replica) -> Replica {
    let bytes = exported(engine);
    let copy = Replica::import(&bytes).expect("what was exported can be imported");
    assert!(exported(&copy) == bytes, "a copy is written as its original");
    copy
}
