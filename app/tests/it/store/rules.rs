//! The market's rules in the tables: a seeded stream of trading days with every order kind,
//! auction, quote, halt, limit and switch, projected and held against the journal and against
//! what the engine itself remembers.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::ConnectOptions;
use zaraba::projections::catch_up;
use zaraba_engine::command::*;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event, Replica};

use super::projection::assert_equal;
use super::stream::Journal;
use super::{migrated, number, postgres_is_here};

/// 2026-11-24 22:00 UTC: 07:00 of the next day in Tokyo.
const BEGIN: u64 = 1_795_557_600_000_000_000;
const SECOND: u64 = 1_000_000_000;
const CUSTOMERS: u32 = 8;
const ASSETS: [(&str, u8); 3] = [("JPY", 4), ("BTC", 8), ("7203", 0)];
const BTC: InstrumentId = InstrumentId(0);
const SHARE: InstrumentId = InstrumentId(1);

fn text<const N: usize>(text: &str) -> Text<N> {
    Text::new(text).unwrap()
}

fn by() -> Box<Provenance> {
    Box::new(Provenance {
        approver: Default::default(),
        actor: text("desk"),
        request: text("r-1"),
        reason: text("規則の試験"),
    })
}

/// The stream; an engine beside it tells where the day is and which orders live.
struct Days {
    random: StdRng,
    engine: Replica,
    at: u64,
    day: u32,
    orders: Vec<(AccountId, OrderId)>,
    sent: u64,
}

impl Days {
    fn new(seed: u64) -> Days {
        let random = StdRng::seed_from_u64(seed);
        let (engine, orders) = (Replica::new(), Vec::new());
        Days { random, engine, at: BEGIN, day: 20_261_125, orders, sent: 0 }
    }

    fn opening(&self) -> Option<Command> {
        let number = self.engine.seq().0 as u32;
        let (customers, funded) = (6 + CUSTOMERS, 7 + CUSTOMERS * 4);
        Some(match number {
            0 => Command::Genesis {
                limits: Limits {
                    accounts: 64,
                    instruments: 8,
                    assets: 8,
                    live_orders: 2_000,
                    answers: 1_000,
                    balances: 256,
                },
                hash_seed: [3, 4],
            },
            1..=3 => {
                let (code, exponent) = ASSETS[number as usize - 1];
                Command::CreateAsset(AssetSpec { code: text(code), exponent })
            }
            4 | 5 => Command::CreateInstrument(Box::new(spec(number == 5))),
            n if n < customers => Command::CreateAccount { code: text(&format!("C-{n}")) },
            n if n < funded => self.funds(n - customers)?,
            n if n == funded => Command::SetOddLotTerms {
                instrument: SHARE,
                terms: Box::new(OddLotTerms {
                    batch: true,
                    principal: true,
                    spread_ppm: 3_500,
                    max_quantity: Quantity(99),
                    max_value: Amount(0),
                    round_to: Amount(10_000),
                }),
                by: by(),
            },
            _ => return None,
        })
    }

    /// Means of the customers, and of the house for its odd-lot desks.
    fn funds(&self, n: u32) -> Option<Command> {
        let (account, asset) = match n / 3 {
            customer if customer < CUSTOMERS => (AccountId(4 + customer), AssetId(n % 3)),
            _ => (AccountId::HOUSE, AssetId(n % 3)),
        };
        let amount = [500_000_000_000, 50_000_000_000, 1_000_000][asset.0 as usize];
        let transfer = Transfer {
            kind: TransferKind::Deposit,
            account,
            asset,
            amount: Amount(amount),
            reference: text(&format!("t{n}")),
        };
        Some(Command::Transfer { transfer, by: by() })
    }

    fn side(&mut self) -> Side {
        if self.random.random_bool(0.5) { Side::Buy } else { Side::Sell }
    }

    fn id(&mut self) -> ClientId {
        self.sent += 1;
        text(&format!("o{}", self.sent))
    }

    fn share_price(&mut self) -> Price {
        Price(20_000 + self.random.random_range(-60..61i64) * 10)
    }

    fn place(&mut self) -> Place {
        let account = AccountId(4 + self.random.random_range(0..CUSTOMERS));
        let share = self.random.random_bool(0.65);
        let market = self.random.random_bool(0.15);
        let by_amount = market && !share && self.random.random_bool(0.5);
        let side = self.side();
        let price = match share {
            true => self.share_price(),
            false => Price(10_000_000 + self.random.random_range(-20..21i64) * 1_000),
        };
        let units = self.random.random_range(1..6i64);
        let quantity = match (share, by_amount) {
            (true, _) => units * 100,
            (false, true) => units * 1_000_000_000,
            (false, false) => units * 1_000,
        };
        let condition = match self.random.random_range(0..10) {
            0 if share => Condition::Opening,
            1 if share => Condition::Closing,
            2 if share && !market => Condition::Funari,
            _ => Condition::Any,
        };
        let modes = SelfTrade::ALL;
        let short = if share && side == Side::Sell && self.random.random_bool(0.1) {
            ShortSale::Short
        } else {
            ShortSale::Long
        };
        Place {
            account,
            instrument: if share { SHARE } else { BTC },
            side,
            kind: if market { OrderKind::Market } else { OrderKind::Limit },
            time_in_force: match (share, market) {
                (true, _) => TimeInForce::Day,
                (false, true) => TimeInForce::Ioc,
                (false, false) => TimeInForce::Gtc,
            },
            post_only: false,
            price: if market { Price(0) } else { price },
            quantity: Quantity(quantity),
            client_id: self.id(),
            via: Via::Rest,
            key: 7,
            condition,
            self_trade: modes[self.random.random_range(0..modes.len())],
            short,
            by_amount,
        }
    }

    fn trigger(&mut self, share: bool, side: Side, stop: bool) -> Trigger {
        let away = self.random.random_range(1..8i64);
        let above = (side == Side::Buy) == stop;
        let away = if above { away } else { -away };
        let price = if share { 20_000 + away * 50 } else { 10_000_000 + away * 5_000 };
        let when = if above { TriggerWhen::AtOrAbove } else { TriggerWhen::AtOrBelow };
        Trigger { price: Price(price), when }
    }

    fn contingent(&mut self) -> Command {
        let mut order = Place { by_amount: false, ..self.place() };
        let share = order.instrument == SHARE;
        let side = order.side;
        order.time_in_force = if share { TimeInForce::Day } else { TimeInForce::Gtc };
        let mut contingent =
            Contingent { order, trigger: None, stop: None, expires: 0, child: None };
        let form = self.random.random_range(0..4);
        if form == 0 || order.kind == OrderKind::Market {
            let stop = self.random.random_bool(0.6);
            contingent.trigger = Some(self.trigger(share, side, stop));
        } else if form == 1 {
            let trigger = self.trigger(share, side, true);
            contingent.stop = Some(StopLeg { trigger, price: Price(0) });
        }
        if self.random.random_bool(0.2) {
            contingent.order.time_in_force = TimeInForce::Gtd;
            contingent.expires = self.day + self.random.random_range(0..3);
        }
        if form >= 2 {
            let other = side.opposite();
            let oco = self.random.random_bool(0.5);
            let trigger = self.trigger(share, other, true);
            contingent.child = Some(Child {
                side: other,
                kind: OrderKind::Limit,
                price: Price(if share { 20_300 } else { 10_020_000 }),
                trigger: None,
                stop: oco.then_some(StopLeg { trigger, price: Price(0) }),
                time_in_force: if share { TimeInForce::Day } else { TimeInForce::Gtc },
                expires: 0,
                client_id: self.id(),
            });
        }
        // A condition goes with the first of two orders; with what waits for a price only now and
        // then, to be refused.
        if contingent.child.is_none() && !self.random.random_bool(0.1) {
            contingent.order.condition = Condition::Any;
        }
        Command::PlaceContingent(Box::new(contingent))
    }

    fn odd_lot(&mut self) -> Command {
        let desk = if self.random.random_bool(0.5) { Desk::Batch } else { Desk::Principal };
        Command::PlaceOddLot(Box::new(OddLot {
            account: AccountId(4 + self.random.random_range(0..CUSTOMERS)),
            instrument: SHARE,
            side: self.side(),
            desk,
            quantity: Quantity(self.random.random_range(1..100)),
            price: Price(0),
            client_id: self.id(),
            via: Via::Rest,
            key: 7,
        }))
    }

    /// The next moment of the trading day, or the next day.
    fn moment(&mut self) -> Command {
        let (day, step) = self.engine.session_step(Profile::Tse);
        if self.engine.day(Profile::Tse) != self.day {
            return Command::RollDay { profile: Profile::Tse, day: self.day };
        }
        let last = if day == self.day { step } else { SessionStep::None };
        let next = SessionStep::from_number(last as u8 + 1);
        match next {
            Some(step) => Command::Session {
                profile: Profile::Tse,
                day: self.day,
                step,
                until: Timestamp(self.at + 1_800 * SECOND),
            },
            None => {
                self.day += 1;
                Command::RollDay { profile: Profile::Tse, day: self.day }
            }
        }
    }

    fn setting(&mut self) -> Command {
        let random = &mut self.random;
        let account = AccountId(4 + random.random_range(0..CUSTOMERS));
        let group = GroupId(random.random_range(0..3));
        let instrument = if random.random_bool(0.5) { SHARE } else { BTC };
        match random.random_range(0..11) {
            0 => Command::SetGroup { account, group, by: by() },
            9 => {
                let firm = FirmId(random.random_range(0..3));
                Command::SetFirm { account, firm, by: by() }
            }
            10 => {
                let profile = Profile::Tse;
                let participants = Participants::ALL[random.random_range(0..2)];
                Command::SetParticipants { profile, participants, by: by() }
            }
            1 => {
                let scopes = [
                    RiskScope::Account(account),
                    RiskScope::Members(group),
                    RiskScope::Group(group),
                    RiskScope::Instrument(instrument),
                ];
                let mut limits = RiskLimits::default();
                if random.random_bool(0.8) {
                    limits.bounds[RiskMeasure::OrderQuantity as usize] =
                        Bound { soft: 200, hard: 900_000_000 };
                    limits.bounds[RiskMeasure::OpenOrders as usize] = Bound { soft: 3, hard: 500 };
                }
                let scope = scopes[random.random_range(0..4usize)];
                Command::SetRiskLimits { scope, limits: Box::new(limits), by: by() }
            }
            2 => {
                let scopes = [
                    KillScope::Account(account),
                    KillScope::Group(GroupId(2)),
                    KillScope::Instrument(instrument),
                    KillScope::Venue,
                ];
                let scope = scopes[random.random_range(0..4usize)];
                Command::SetKill { scope, on: random.random_bool(0.15), by: by() }
            }
            3 => {
                let halts = Halts(if random.random_bool(0.3) { 0b10_0100 } else { 0 });
                Command::SetHalts { instrument, halts, by: by() }
            }
            4 => {
                let status = if random.random_bool(0.1) {
                    InstrumentStatus::Halted
                } else {
                    InstrumentStatus::Open
                };
                Command::SetInstrumentStatus { instrument, status, by: by() }
            }
            5 => {
                let mut tiers = FeeTiers {
                    asset: AssetId(0),
                    tiers: [FeeTier::default(); FEE_TIERS_MAX],
                    len: 2,
                };
                for (at, tier) in tiers.tiers.iter_mut().take(2).enumerate() {
                    let volume = Amount((at as i64 + 1) * 1_000_000_000);
                    *tier = FeeTier { volume, maker_ppm: -300, taker_ppm: 1_000 - at as i32 };
                }
                Command::SetFeeTiers { tiers: Box::new(tiers), by: by() }
            }
            6 => {
                let breaker = Box::new(Breaker {
                    mode: BreakerMode::Bounded,
                    window_seconds: 300,
                    trigger_ppm: 1_500,
                    call_seconds: 60,
                    bound_ppm: 20_000,
                });
                Command::SetBreaker { instrument: BTC, breaker, by: by() }
            }
            7 => Command::StartCall {
                instrument: BTC,
                kind: AuctionKind::FullRange,
                seconds: 30,
                by: by(),
            },
            _ => {
                let shares = Quantity(random.random_range(1..4) * 1_000_000);
                Command::SetListedShares { instrument: SHARE, shares, by: by() }
            }
        }
    }

    fn any(&mut self) -> Command {
        match self.random.random_range(0..1_000) {
            0..450 => Command::Place(self.place()),
            450..620 => self.contingent(),
            620..660 => self.odd_lot(),
            660..760 => {
                let Some((account, order)) = self.recent() else { return Command::Wake };
                Command::Cancel(Cancel { account, order, via: Via::Stream, key: 9 })
            }
            760..820 => {
                let Some((account, order)) = self.recent() else { return Command::Wake };
                let conditions = Condition::ALL;
                let condition = conditions[self.random.random_range(0..conditions.len())];
                let price = self.share_price();
                let reprice = self.random.random_bool(0.6);
                Command::Amend(Amend {
                    account,
                    order,
                    price: if reprice { price } else { Price(0) },
                    quantity: Quantity(0),
                    condition: (!reprice).then_some(condition),
                    via: Via::Rest,
                    key: 8,
                })
            }
            820..870 => self.moment(),
            870..960 => Command::Wake,
            _ => self.setting(),
        }
    }

    fn recent(&mut self) -> Option<(AccountId, OrderId)> {
        let n = self.orders.len();
        (n > 0).then(|| self.orders[self.random.random_range(n.saturating_sub(40)..n)])
    }
}

impl Iterator for Days {
    type Item = (Timestamp, Command);

    fn next(&mut self) -> Option<(Timestamp, Command)> {
        let command = match self.opening() {
            Some(command) => command,
            None => self.any(),
        };
        self.at += self.random.random_range(0..20) * SECOND;
        let (seq, at) = (Seq(self.engine.seq().0 + 1), Timestamp(self.at));
        let mut events = Vec::new();
        self.engine.apply(seq, at, &command, &mut events);
        for event in &events {
            if let Event::Accepted { order, .. } | Event::Attached { order, .. } = event {
                let owner = self.engine.order(*order).map(|order| order.account);
                self.orders.extend(owner.map(|owner| (owner, *order)));
            }
        }
        Some((at, command))
    }
}

fn spec(share: bool) -> InstrumentSpec {
    InstrumentSpec {
        symbol: text(if share { "7203" } else { "BTC_JPY" }),
        name: text("名前"),
        profile: if share { Profile::Tse } else { Profile::Crypto },
        base_asset: AssetId(if share { 2 } else { 1 }),
        quote_asset: AssetId(0),
        price_digits: u8::from(share),
        quantity_digits: if share { 0 } else { 4 },
        ticks: if share { TickRule::TseOther } else { TickRule::Fixed(Price(1_000)) },
        lot: Quantity(if share { 100 } else { 1 }),
        min_quantity: Quantity(1),
        max_quantity: Quantity(1_000_000),
        base_price: Price(if share { 20_000 } else { 10_000_000 }),
        limit_down: Price(if share { 16_000 } else { 0 }),
        limit_up: Price(if share { 24_000 } else { 0 }),
        market_band_ppm: 50_000,
        maker_fee_ppm: if share { 0 } else { -200 },
        taker_fee_ppm: 1_234,
        open_order_cap: 0,
        session_rules: share,
        listed_shares: Quantity(0),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
    }
}

pub(super) fn journal(seed: u64, count: usize) -> Journal {
    let journal = Journal::default();
    journal.append(Days::new(seed).take(count));
    journal
}

#[tokio::test]
async fn rows_equal_the_journal_of_whole_trading_days() {
    if !postgres_is_here("rules::rows_equal_the_journal_of_whole_trading_days") {
        return;
    }
    for (seed, commands, count) in [(1, 100_000, 6_000), (2, 97, 4_000), (3, 1, 500)] {
        let journal = journal(seed, count);
        let database = migrated(&format!("rules_{commands}")).await;
        let end = catch_up(journal.source(), &database, commands, |_| {}).await.unwrap();
        assert_eq!(end, journal.len());
        assert_equal(&journal, &database).await;
        if commands != 100_000 {
            continue;
        }
        let mut connection = database.connect().await.unwrap();
        for (query, at_least) in [
            ("SELECT count(*) FROM trading.auctions WHERE outcome = 'priced'", 3),
            ("SELECT count(*) FROM trading.quotes", 2),
            ("SELECT count(*) FROM trading.price_limits", 2),
            ("SELECT count(*) FROM trading.risk_warnings", 2),
            ("SELECT count(*) FROM trading.risk_limits", 2),
            ("SELECT count(*) FROM trading.kill_switches", 2),
            ("SELECT count(*) FROM trading.fee_tiers", 2),
            ("SELECT count(*) FROM trading.odd_lot_terms", 1),
            ("SELECT count(*) FROM trading.odd_lot_positions", 1),
            ("SELECT count(*) FROM trading.fills WHERE liquidity = 'desk'", 5),
            ("SELECT count(*) FROM trading.breakers", 1),
            ("SELECT count(*) FROM trading.participants", 1),
            ("SELECT count(*) FROM trading.accounts WHERE firm_id <> 0", 1),
            ("SELECT count(DISTINCT condition) FROM trading.orders", 4),
            ("SELECT count(DISTINCT self_trade) FROM trading.orders", 5),
            ("SELECT count(*) FROM trading.orders WHERE parent_id <> 0", 5),
            ("SELECT count(*) FROM trading.orders WHERE child_id <> 0 AND condition <> 'none'", 2),
            ("SELECT count(*) FROM trading.orders WHERE trigger_price <> 0", 5),
            ("SELECT count(*) FROM trading.orders WHERE stop_price <> 0", 5),
            ("SELECT count(*) FROM trading.orders WHERE amount <> 0", 5),
            ("SELECT count(*) FROM trading.orders WHERE prevented <> 0", 1),
            ("SELECT count(DISTINCT kind) FROM trading.order_events", 9),
            ("SELECT count(DISTINCT liquidity) FROM trading.fills", 3),
            ("SELECT count(DISTINCT phase) FROM trading.instruments", 1),
        ] {
            let found = number(&mut connection, query).await;
            assert!(found >= at_least, "{query}: {found}");
        }
    }
}
