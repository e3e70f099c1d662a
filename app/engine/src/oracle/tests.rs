//! Engine against oracle: same commands, same events, same hash, same state.

use proptest::prelude::*;

use super::Oracle;
use super::stream::{Shape, Stream};
use crate::Replica;
use crate::command::{CancelMany, Command, Limits, Place, Via};
use crate::event::Event;
use crate::types::*;

/// Both, side by side, and an engine that goes the long way.
struct Pair {
    engine: Replica,
    long: Replica,
    told: Vec<Event>,
    oracle: Oracle,
    seq: u64,
    events: Vec<Event>,
}

impl Pair {
    fn new() -> Pair {
        let mut long = Replica::new();
        long.go_the_long_way();
        let (engine, oracle) = (Replica::new(), Oracle::new());
        Pair { engine, long, told: Vec::new(), oracle, seq: 0, events: Vec::new() }
    }

    fn apply(&mut self, command: &Command) -> &[Event] {
        self.seq += 1;
        let (seq, at) = (Seq(self.seq), Timestamp(self.seq * 1_000));
        self.events.clear();
        self.engine.apply(seq, at, command, &mut self.events);
        let expected = self.oracle.apply(seq, at, command);
        assert_eq!(self.events, expected, "command {seq}: {command:?}");
        assert_eq!(self.engine.state_hash(), self.oracle.state_hash());
        self.told.clear();
        self.long.apply(seq, at, command, &mut self.told);
        assert_eq!(self.told, expected, "command {seq} the long way: {command:?}");
        assert_eq!(self.engine.state_hash(), self.long.state_hash());
        assert_conserved(&self.events);
        &self.events
    }

    /// Whole states are the same, and sound.
    fn compare(&self) {
        self.engine.check().unwrap();
        let mut orders: Vec<_> = self.engine.orders().collect();
        orders.sort_by_key(|order| order.order);
        assert_eq!(orders, self.oracle.orders());
        assert_eq!(self.engine.balances().collect::<Vec<_>>(), self.oracle.balances());
        let instruments: Vec<_> = self.engine.instruments().map(|(_, state)| state).collect();
        assert_eq!(instruments, self.oracle.instruments());
        for instrument in (0..instruments.len() as u32).map(InstrumentId) {
            for side in [Side::Buy, Side::Sell] {
                let queue: Vec<_> = self.engine.queue(instrument, side).collect();
                assert_eq!(queue, self.oracle.queue(instrument, side));
            }
        }
    }

    /// Goes on with a copy that went through bytes.
    fn reincarnate(&mut self) {
        let bytes = exported(&self.engine);
        assert_eq!(exported(&self.long), bytes);
        let copy = Replica::import(&bytes).unwrap();
        assert_eq!(exported(&copy), bytes);
        self.engine = copy;
    }
}

fn exported(engine: &Replica) -> Vec<u8> {
    let mut bytes = Vec::new();
    engine.export(&mut |piece| bytes.extend_from_slice(piece));
    bytes
}

/// Nothing is made or lost: per asset, a command's changes sum to zero.
fn assert_conserved(events: &[Event]) {
    let mut sums = std::collections::BTreeMap::new();
    for change in events.iter().flat_map(Event::balances) {
        *sums.entry(change.asset).or_insert(0i128) += i128::from(change.delta.0);
        assert!(change.locked.0 >= 0);
        assert!(change.locked <= change.total || change.account.may_go_negative());
    }
    assert!(sums.values().all(|&sum| sum == 0), "{sums:?}");
}

/// How many commands the long streams have in all.
fn commands() -> u64 {
    let from_env = std::env::var("ZARABA_ENGINE_COMMANDS").ok();
    from_env.map_or(400_000, |n| n.parse().expect("ZARABA_ENGINE_COMMANDS is a number"))
}

/// What a stream must have made happen, so that the comparison means something.
#[derive(Default)]
struct Seen {
    trades: u64,
    rejects: std::collections::BTreeSet<u8>,
    closes: std::collections::BTreeSet<u8>,
    causes: std::collections::BTreeSet<u8>,
    repeats: u64,
    expired: u64,
    corrected: u64,
}

impl Seen {
    fn note(&mut self, events: &[Event]) {
        for event in events {
            self.causes.extend(event.balances().map(|change| change.cause as u8));
            match event {
                Event::Trade(_) => self.trades += 1,
                Event::Refused { code, .. } => drop(self.rejects.insert(*code as u8)),
                Event::Closed { reason, .. } => drop(self.closes.insert(*reason as u8)),
                Event::Repeated { .. } => self.repeats += 1,
                Event::TradeCorrected(_) => self.corrected += 1,
                Event::DayRolled { count, .. } => self.expired += u64::from(*count),
                _ => {}
            }
        }
    }
}

#[test]
fn long_streams_agree() {
    let mut seen = Seen::default();
    let streams = 8;
    for seed in 0..streams {
        let shape = if seed % 2 == 0 { Shape::TIGHT } else { Shape::ROOMY };
        let mut stream = Stream::new(seed, shape);
        let mut pair = Pair::new();
        for i in 1..=commands() / streams {
            let command = stream.next_command();
            let events = pair.apply(&command);
            stream.see(&command, events);
            seen.note(events);
            if i % 500 == 0 {
                pair.compare();
            }
            if i % 3_000 == 0 {
                pair.reincarnate();
            }
        }
    }
    assert!(seen.trades > commands() / 20, "only {} trades", seen.trades);
    assert!(seen.repeats > 100 && seen.expired > 100);
    assert_eq!(seen.closes.len(), 7, "not every way to end: {:?}", seen.closes);
    assert!(seen.corrected > 500, "only {} corrected", seen.corrected);
    assert_eq!(seen.causes.len(), 8, "not every cause: {:?}", seen.causes);
    let missing: Vec<_> = crate::Reject::ALL[..34]
        .iter()
        .chain(&[crate::Reject::TradeNotFound, crate::Reject::TradeChanged])
        .filter(|code| !seen.rejects.contains(&(**code as u8)))
        .collect();
    assert!(missing.is_empty(), "never refused for {missing:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Any stream of words; a failure shrinks to the few words that matter.
    #[test]
    fn any_stream_agrees(words in prop::collection::vec(any::<u64>(), 1..400), tight: bool) {
        let shape = if tight { Shape::TIGHT } else { Shape::ROOMY };
        let mut stream = Stream::new(0, shape);
        let mut pair = Pair::new();
        for word in std::iter::repeat_n(0, stream.setup_len()).chain(words) {
            let command = stream.command(word);
            let events = pair.apply(&command);
            stream.see(&command, events);
        }
        pair.compare();
        pair.reincarnate();
        pair.compare();
    }
}

/// More orders than one step of a mass command may end: the cut and the second step agree.
#[test]
fn mass_commands_are_cut_into_steps() {
    let limits = Limits { live_orders: 2_000, answers: 50, ..Shape::ROOMY.limits };
    let shape = Shape { limits, accounts: 3, ..Shape::ROOMY };
    let mut stream = Stream::new(1, shape);
    let mut pair = Pair::new();
    for _ in 0..stream.setup_len() {
        let command = stream.command(0);
        pair.apply(&command);
    }
    let place = |account, side, price, number: u32| {
        Command::Place(Place {
            account: AccountId(account),
            instrument: InstrumentId(2),
            side,
            kind: OrderKind::Limit,
            time_in_force: if number.is_multiple_of(6) {
                TimeInForce::Gtc
            } else {
                TimeInForce::Day
            },
            post_only: false,
            price: Price(price),
            quantity: Quantity(200),
            client_id: ClientId::new(&number.to_string()).unwrap(),
            via: Via::Rest,
            key: 0,
            condition: Condition::Any,
            self_trade: SelfTrade::Allow,
            short: ShortSale::Long,
            by_amount: false,
        })
    };
    let everyone = CancelMany {
        price: Price(0),
        account: None,
        instrument: None,
        group: None,
        side: None,
        via: Via::Admin,
        key: 0,
        from: OrderId(0),
    };
    let filters = [
        CancelMany { account: Some(AccountId(4)), ..everyone },
        CancelMany { account: Some(AccountId(4)), side: Some(Side::Buy), ..everyone },
        CancelMany { instrument: Some(InstrumentId(2)), ..everyone },
        everyone,
    ];
    let mut number = 0;
    for filter in filters {
        for i in 0..1_200 {
            number += 1;
            let price = 9_000 - i64::from(i % 40) * 10;
            assert_accepted(pair.apply(&place(4, Side::Buy, price, number)));
        }
        let mut counts = Vec::new();
        loop {
            let events = pair.apply(&Command::CancelMany(filter));
            let Some(Event::CancelledMany { count, more, .. }) = events.last() else { panic!() };
            counts.push(*count);
            if !more {
                break;
            }
        }
        assert_eq!(counts, [1_000, 200]);
    }
    for i in 0..1_500 {
        number += 1;
        assert_accepted(pair.apply(&place(4, Side::Buy, 9_000 - i64::from(i % 40) * 10, number)));
    }
    let roll = Command::RollDay { profile: Profile::Tse, day: 20_260_105 };
    assert_eq!(pair.apply(&roll).last(), Some(&Event::DayRolled { count: 1_000, more: true }));
    // What comes in during the roll belongs to the new day.
    assert_accepted(pair.apply(&place(4, Side::Buy, 9_000, 1_000_000)));
    assert_eq!(pair.apply(&roll).last(), Some(&Event::DayRolled { count: 250, more: false }));
    let again = Event::Refused { code: crate::Reject::InvalidDay, order: None };
    assert_eq!(pair.apply(&roll), [again]);
    pair.compare();
    assert_eq!(pair.engine.live_orders(), 251);
}

fn assert_accepted(events: &[Event]) {
    assert!(matches!(events.first(), Some(Event::Accepted { .. })), "{events:?}");
}

#[test]
fn a_copy_from_bytes_goes_on_exactly_as_the_original() {
    let mut stream = Stream::new(99, Shape::ROOMY);
    let mut engine = Replica::new();
    let mut copy = Replica::new();
    let (mut events, mut copied) = (Vec::new(), Vec::new());
    for seq in 1..=6_000 {
        let command = stream.next_command();
        events.clear();
        copied.clear();
        engine.apply(Seq(seq), Timestamp(seq), &command, &mut events);
        copy.apply(Seq(seq), Timestamp(seq), &command, &mut copied);
        assert_eq!(events, copied, "command {seq}: {command:?}");
        stream.see(&command, &events);
        if seq % 97 == 0 {
            copy = Replica::import(&exported(&copy)).unwrap();
        }
    }
    assert_eq!(engine.state_hash(), copy.state_hash());
    assert_eq!(exported(&engine), exported(&copy));
}

#[test]
fn damaged_bytes_are_refused_or_sound_but_never_a_panic() {
    let mut stream = Stream::new(5, Shape::TIGHT);
    let mut engine = Replica::new();
    let mut events = Vec::new();
    for seq in 1..=1_500 {
        let command = stream.next_command();
        events.clear();
        engine.apply(Seq(seq), Timestamp(seq), &command, &mut events);
        stream.see(&command, &events);
    }
    let bytes = exported(&engine);
    for cut in 0..bytes.len() {
        assert!(Replica::import(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    let mut refused = 0;
    for at in 0..bytes.len() {
        for bit in [0, 3, 7] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            refused += u32::from(Replica::import(&damaged).is_err());
        }
    }
    assert!(refused as usize > bytes.len() / 2, "only {refused} of {}", bytes.len() * 3);
}
