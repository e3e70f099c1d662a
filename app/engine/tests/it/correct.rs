//! Corrections of trades: worked examples, refusals, and random corrections over random trades
//! that keep every sum and every lock. Sources: domain rules, sections 1 (every currency sums to zero)
//! and 4 (corrections are reversals, nothing is edited); `docs/decisions/corrections.md`. The numbers
//! are worked out in the comments.

use zaraba_engine::command::*;
use zaraba_engine::event::{Cause, Trade};
use zaraba_engine::instrument::InstrumentSpec;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Reject, Replica};

use super::world::*;

fn market() -> World {
    World::with(
        limits(),
        InstrumentSpec { maker_fee_ppm: -100, taker_fee_ppm: 1_000, ..coin() },
        stock(),
    )
}

fn traded(events: &[Event]) -> Trade {
    let trade = events.iter().find_map(|event| match event {
        Event::Trade(trade) => Some(*trade),
        _ => None,
    });
    trade.expect("they trade")
}

/// What a trade moved, by the entries of the ledger it left.
pub fn terms(trade: &Trade, events: &[Event]) -> TradeTerms {
    let moved = events.iter().flat_map(Event::balances);
    let moved: Vec<_> = moved
        .filter(|c| c.cause == Cause::Trade && c.reference == trade.trade.0 && c.asset == JPY)
        .map(|change| change.delta.0)
        .collect();
    let (buyer_fee, seller_fee) = match trade.taker_side {
        Side::Buy => (trade.taker_fee, trade.maker_fee),
        Side::Sell => (trade.maker_fee, trade.taker_fee),
    };
    TradeTerms {
        price: trade.price,
        quantity: trade.quantity,
        paid: Amount(-moved.iter().filter(|n| **n < 0).sum::<i64>()),
        got: Amount(moved.iter().filter(|n| **n > 0).sum()),
        buyer_fee,
        seller_fee,
    }
}

pub fn correction(trade: &Trade, before: TradeTerms, price: i64, quantity: i64) -> Correction {
    let (buyer, seller) = match trade.taker_side {
        Side::Buy => (trade.taker_account, trade.maker_account),
        Side::Sell => (trade.maker_account, trade.taker_account),
    };
    Correction {
        trade: trade.trade,
        instrument: trade.instrument,
        buyer,
        seller,
        before,
        price: Price(price),
        quantity: Quantity(quantity),
        desk: false,
    }
}

pub fn correct(world: &mut World, correction: Correction) -> Result<Vec<Event>, Reject> {
    let events = world.apply(Command::CorrectTrade { correction: Box::new(correction), by: by() });
    match events[..] {
        [Event::Refused { code, .. }] => Err(code),
        _ => Ok(events),
    }
}

pub fn after(events: &[Event]) -> (u32, TradeTerms) {
    match events.last() {
        Some(Event::TradeCorrected(now)) => (now.number, now.after),
        other => panic!("{other:?}"),
    }
}

/// The newest trades, as they stand: what random days put in order.
#[derive(Default)]
pub struct Trades(Vec<Correction>);

impl Trades {
    pub fn note(&mut self, events: &[Event]) {
        for trade in trades(events) {
            let terms = terms(&trade, events);
            self.0.push(correction(&trade, terms, terms.price.0, terms.quantity.0));
        }
        self.0.drain(..self.0.len().saturating_sub(20));
    }

    /// Puts one of them in order, at the price it has or at this one, or takes it back; `None`:
    /// nothing traded yet.
    pub fn correct(
        &mut self,
        world: &mut World,
        random: &mut Random,
        price: i64,
    ) -> Option<Vec<Event>> {
        let at = random.below(self.0.len().max(1) as u64) as usize;
        let known = self.0.get_mut(at)?;
        let price = if random.one_in(2) { known.before.price.0 } else { price };
        let whole = known.before.quantity.0;
        let quantity = random.pick(&[0, whole, whole / 2]);
        let asked = Correction { price: Price(price), quantity: Quantity(quantity), ..*known };
        let events = world.apply(Command::CorrectTrade { correction: Box::new(asked), by: by() });
        if let Some(Event::TradeCorrected(now)) = events.last() {
            known.before = now.after;
        }
        Some(events)
    }
}

fn balances(world: &World) -> Vec<(i64, i64)> {
    let all = [ANN, BOB, AccountId::FEES, AccountId::ROUNDING].iter();
    all.flat_map(|account| [JPY, BTC].map(|asset| (*account, asset)))
        .map(|(account, asset)| world.engine.balance(account, asset))
        .map(|balance| balance.map_or((0, 0), |b| (b.total.0, b.locked.0)))
        .collect()
}

/// Ann buys 10,000 (one coin) of Bob's at 1,000 yen, as taker.
fn one_coin(world: &mut World) -> (Trade, TradeTerms) {
    world.sell(BOB, 1_000, 10_000);
    let place = Place::limit(ANN, COIN, Side::Buy, Price(1_000), Quantity(10_000), text("taker"));
    let events = world.apply(Command::Place(place));
    let trade = traded(&events);
    (trade, terms(&trade, &events))
}

#[test]
fn a_trade_taken_back_leaves_everyone_where_they_were() {
    let mut world = market();
    let before = balances(&world);
    let (trade, terms) = one_coin(&mut world);
    // 1,000 yen; the taker pays a yen, the maker gets a tenth of one.
    assert_eq!((terms.paid, terms.got), (Amount(10_000_000), Amount(10_000_000)));
    assert_eq!((terms.buyer_fee, terms.seller_fee), (Amount(10_000), Amount(-1_000)));
    assert_ne!(balances(&world), before);
    let events = correct(&mut world, correction(&trade, terms, 1_000, 0)).unwrap();
    assert_eq!(balances(&world), before);
    let (number, now) = after(&events);
    assert_eq!(
        (number, now.quantity, now.paid, now.buyer_fee),
        (1, Quantity(0), Amount(0), Amount(0))
    );
    for change in events.iter().flat_map(Event::balances) {
        assert_eq!((change.cause, change.reference), (Cause::Correction, trade.trade.0));
    }
    // Put back as it was made, to the last unit.
    let made = {
        let mut world = market();
        one_coin(&mut world);
        balances(&world)
    };
    let events = correct(&mut world, correction(&trade, now, 1_000, 10_000)).unwrap();
    assert_eq!((after(&events), balances(&world)), ((2, terms), made));
}

#[test]
fn a_new_price_moves_the_difference_and_fees_in_proportion() {
    let mut world = market();
    let (trade, terms) = one_coin(&mut world);
    let made = balances(&world);
    let events = correct(&mut world, correction(&trade, terms, 995, 5_000)).unwrap();
    // Half a coin at 995: 497.5 yen; fees 0.4975 yen and a rebate of 0.04975.
    let now = TradeTerms {
        price: Price(995),
        quantity: Quantity(5_000),
        paid: Amount(4_975_000),
        got: Amount(4_975_000),
        buyer_fee: Amount(4_975),
        seller_fee: Amount(-497),
    };
    assert_eq!(after(&events), (1, now), "a rebate of 497.5 units is rounded against its receiver");
    let left = balances(&world);
    assert_eq!(left[0].0 - made[0].0, 10_010_000 - 4_979_975);
    assert_eq!(left[1].0 - made[1].0, -50_000_000);
    assert_eq!(left[2].0 - made[2].0, 4_975_497 - 10_001_000);
    // Every entry back and every new one is in the ledger.
    let entries: Vec<_> = events
        .iter()
        .flat_map(Event::balances)
        .filter(|change| (change.account, change.asset) == (ANN, JPY))
        .map(|change| change.delta.0)
        .collect();
    assert_eq!(entries, [10_010_000, -4_979_975]);
}

#[test]
fn what_cannot_be_corrected_is_refused_and_changes_nothing() {
    let mut world = market();
    let (trade, terms) = one_coin(&mut world);
    let good = correction(&trade, terms, 995, 10_000);
    let cases = [
        (Correction { trade: TradeId(0), ..good }, Reject::TradeNotFound),
        (Correction { trade: TradeId(9), ..good }, Reject::TradeNotFound),
        (Correction { instrument: InstrumentId(9), ..good }, Reject::UnknownInstrument),
        (Correction { buyer: AccountId(99), ..good }, Reject::UnknownAccount),
        (Correction { price: Price(1_000), ..good }, Reject::NothingToAmend),
        (Correction { price: Price(-5), ..good }, Reject::InvalidPrice),
        (Correction { price: Price(0), ..good }, Reject::InvalidPrice),
        (Correction { price: Price(996), ..good }, Reject::OffTick),
        (Correction { quantity: Quantity(-1), ..good }, Reject::InvalidQuantity),
        (Correction { quantity: Quantity(10_001), ..good }, Reject::QuantityIncrease),
        (Correction { price: Price(i64::MAX / 20_000 * 5), ..good }, Reject::NotionalTooLarge),
        (
            Correction { before: TradeTerms { paid: Amount(1), ..terms }, ..good },
            Reject::TradeChanged,
        ),
        (
            Correction { before: TradeTerms { buyer_fee: Amount(1 << 60), ..terms }, ..good },
            Reject::TradeChanged,
        ),
    ];
    let made = balances(&world);
    for (wrong, code) in cases {
        assert_eq!(correct(&mut world, wrong).err(), Some(code), "{wrong:?}");
    }
    assert_eq!(balances(&world), made);
    correct(&mut world, good).unwrap();
    assert_eq!(correct(&mut world, good).err(), Some(Reject::TradeChanged), "it stands otherwise");
    let other = Correction { buyer: BOB, seller: ANN, ..good };
    assert_eq!(correct(&mut world, other).err(), Some(Reject::TradeChanged));
}

#[test]
fn who_has_spent_it_cannot_give_it_back() {
    let mut world = market();
    let (trade, terms) = one_coin(&mut world);
    let bust = correction(&trade, terms, 1_000, 0);
    // All of Ann's coins are in an offer: they are locked.
    let offers = [100_000, 10_000].map(|quantity| world.sell(ANN, 5_000, quantity));
    assert_eq!(correct(&mut world, bust).err(), Some(Reject::InsufficientFunds));
    world.cancel(ANN, offers[1]);
    assert!(correct(&mut world, bust).is_ok());
}

#[test]
fn a_corrected_trade_survives_a_snapshot() {
    let mut world = market();
    let (trade, terms) = one_coin(&mut world);
    let events = correct(&mut world, correction(&trade, terms, 995, 5_000)).unwrap();
    let mut bytes = exported(&world.engine);
    let restored = Replica::import(&bytes).unwrap();
    assert_eq!(restored.correction(trade.trade), world.engine.correction(trade.trade));
    assert_eq!(restored.correction(trade.trade).unwrap().present, after(&events).1);
    assert_eq!(restored.corrections().count(), 1);
    // One whose fees do not follow from the original is refused.
    let fee = 4_975i64.to_le_bytes();
    let at = bytes.windows(8).rposition(|window| window == fee).unwrap();
    bytes[at] += 1;
    assert!(Replica::import(&bytes).is_err());
}

/// An order among three customers that may trade at once.
fn random_order(random: &mut Random, name: u32) -> Place {
    let account = [ANN, BOB, CAT][random.below(3) as usize];
    let side = if random.below(2) == 0 { Side::Buy } else { Side::Sell };
    let (price, quantity) = (random.number(190, 210) * 5, random.number(2, 800));
    let id = text(&format!("r{name}"));
    let place = Place::limit(account, COIN, side, Price(price), Quantity(quantity), id);
    let time_in_force = if random.below(2) == 0 { TimeInForce::Ioc } else { TimeInForce::Gtc };
    Place { time_in_force, ..place }
}

/// Random orders, and random corrections of whatever traded, where almost every amount rounds;
/// every command is followed by the whole-state check, which sums every asset and recomputes
/// every lock.
#[test]
fn random_corrections_keep_every_sum_and_every_lock() {
    let (mut done, mut refused) = (0, 0);
    for seed in 0..6u64 {
        let mut random = Random(seed);
        let spec = InstrumentSpec {
            price_digits: 2,
            quantity_digits: 6,
            lot: Quantity(1),
            min_quantity: Quantity(2),
            max_quantity: Quantity(1_000_000),
            open_order_cap: 0,
            maker_fee_ppm: -137,
            taker_fee_ppm: 1_013,
            ..coin()
        };
        let mut world = World::with(limits(), spec, stock());
        let mut trades: Vec<(Trade, TradeTerms)> = Vec::new();
        for step in 0..300u32 {
            if random.below(10) < 6 || trades.is_empty() {
                let events = world.apply(Command::Place(random_order(&mut random, step)));
                for event in &events {
                    if let Event::Trade(trade) = event {
                        trades.push((*trade, terms(trade, &events)));
                    }
                }
                continue;
            }
            let at = random.below(trades.len() as u64) as usize;
            let (trade, before) = trades[at];
            let quantity = match random.below(4) {
                0 => 0,
                1 => trade.quantity.0,
                _ => random.number(0, trade.quantity.0 + 1),
            };
            let price = match random.below(3) {
                0 => before.price.0,
                1 => random.number(1, 400) * 5,
                _ => random.number(1, 400) * 5_000_000_000,
            };
            match correct(&mut world, correction(&trade, before, price, quantity)) {
                Ok(events) => {
                    trades[at].1 = after(&events).1;
                    done += 1;
                }
                Err(Reject::InsufficientFunds | Reject::NothingToAmend) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        for (trade, terms) in trades {
            let known = world.engine.correction(trade.trade).map(|it| it.present);
            assert!(known.is_none_or(|present| present == terms));
        }
    }
    assert!(done > 300 && refused > 0, "{done} {refused}");
}
