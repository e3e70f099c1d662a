//! The trading day through a whole platform: what was missed while the process was down is
//! made up in order and once, and the engine's timers are served. The market's clock is held
//! or sped up, so that no test depends on the hour or waits for minutes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use zaraba::clock::MarketClock;
use zaraba::config::Config;
use zaraba::journal::disk::RealDisk;
use zaraba::journal::{Dirs, JournalReader};
use zaraba::wiring::Core;
use zaraba_engine::command::{AssetSpec, Place, Provenance, Transfer, TransferKind};
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

fn text<const N: usize>(s: &str) -> Text<N> {
    Text::new(s).unwrap()
}

fn config(dir: &Path) -> Config {
    let mut config = Config { data_dir: dir.into(), ..Config::default() };
    config.auth.master_key_file = dir.join("master.key");
    config.journal.segment_bytes = 1 << 20;
    // Nobody listens there: trading must not care.
    config.postgres.url = "postgres://zaraba@127.0.0.1:1/zaraba".into();
    config
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as u64)
}

/// A platform whose market clock stands at `time` until it is started.
async fn start(dir: &Path, time: &str, speed: u32) -> Core {
    let clock = MarketClock::held(at(time), speed);
    Core::start_with(config(dir), Arc::new(RealDisk), clock).await.unwrap()
}

/// Waits until the engine is at this step of this day.
async fn reach(core: &Core, day: u32, step: SessionStep) {
    until(|| {
        let position = core.platform.pulse.position(Profile::Tse);
        position.day == day && position.step == step && !position.stepping
    })
    .await;
}

async fn until(mut there: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if there() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come about within 20 s");
}

/// The schedule's commands for Tokyo in a journal at rest.
fn sent(dir: &Path) -> Vec<String> {
    let mut reader = JournalReader::open(&Dirs::of(dir), Seq(1)).unwrap();
    let mut all = Vec::new();
    while let Some((_, _, command)) = reader.next().unwrap() {
        match command {
            Command::RollDay { profile: Profile::Tse, day } => all.push(format!("roll {day}")),
            Command::Session { day, step, .. } => all.push(format!("{} {day}", step.as_str())),
            _ => {}
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_moments_are_made_up_in_order_and_once() {
    let dir = tempfile::tempdir().unwrap();
    // Friday 2026-11-20, 08:30 in Tokyo: a new journal.
    let core = start(dir.path(), "2026-11-19T23:30:00Z", 1).await;
    reach(&core, 20261120, SessionStep::PreOpen).await;
    core.stop().await;
    // Down at 09:00; back at 10:31.
    let core = start(dir.path(), "2026-11-20T01:31:00Z", 1).await;
    reach(&core, 20261120, SessionStep::OddLotAfternoon).await;
    core.stop().await;
    // Down over the close, the evening and the long weekend; back on Tuesday at 08:05.
    let core = start(dir.path(), "2026-11-23T23:05:00Z", 1).await;
    reach(&core, 20261124, SessionStep::PreOpen).await;
    core.stop().await;

    let expected = [
        "roll 20261120",
        "odd_lot_cutoff_morning 20261120",
        "pre_open 20261120",
        "open 20261120",
        "odd_lot_cutoff_afternoon 20261120",
        "morning_close 20261120",
        "afternoon_pre_open 20261120",
        "afternoon_open 20261120",
        "odd_lot_cutoff_close 20261120",
        "pre_close 20261120",
        "close 20261120",
        "roll 20261124",
        "odd_lot_cutoff_morning 20261124",
        "pre_open 20261124",
    ];
    assert_eq!(sent(dir.path()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_ahead_of_a_simulated_clock_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    start(dir.path(), "2026-11-20T01:00:00Z", 1).await.stop().await;
    let clock = MarketClock::held(at("2026-11-19T01:00:00Z"), 1);
    let Err(error) = Core::start_with(config(dir.path()), Arc::new(RealDisk), clock).await else {
        panic!("it went back in time")
    };
    assert!(error.to_string().contains("choose a later day"), "{error:#}");
}

async fn submit(core: &Core, command: Command) -> Vec<Event> {
    let receipt = core.platform.gate.submit(command).await.unwrap();
    let refused = receipt.events().iter().find(|e| matches!(e, Event::Refused { .. }));
    assert_eq!(refused, None, "{:?}", receipt.step().command);
    receipt.events().to_vec()
}

fn deposit(account: u32, asset: u32, amount: i64) -> Command {
    let by = Provenance {
        approver: Default::default(),
        actor: text("test"),
        request: text("r"),
        reason: text("funding"),
    };
    let transfer = Transfer {
        kind: TransferKind::Deposit,
        account: AccountId(account),
        asset: AssetId(asset),
        amount: Amount(amount),
        reference: text("first"),
    };
    Command::Transfer { transfer, by: Box::new(by) }
}

/// One share at a base price of 530 yen under Tokyo's rules; a buyer (4) and a seller (5).
async fn furnish(core: &Core) {
    let spec = InstrumentSpec {
        symbol: text("9999"),
        name: text("Example"),
        profile: Profile::Tse,
        base_asset: AssetId(1),
        quote_asset: AssetId(0),
        price_digits: 1,
        quantity_digits: 0,
        ticks: TickRule::TseOther,
        lot: Quantity(100),
        min_quantity: Quantity(100),
        max_quantity: Quantity(1_000_000),
        base_price: Price(5_300),
        limit_down: Price(4_300),
        limit_up: Price(6_300),
        market_band_ppm: 0,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        open_order_cap: 0,
        session_rules: true,
        listed_shares: Quantity(0),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
    };
    for command in [
        Command::CreateAsset(AssetSpec { code: text("JPY"), exponent: 4 }),
        Command::CreateAsset(AssetSpec { code: text("9999"), exponent: 0 }),
        Command::CreateInstrument(Box::new(spec)),
        Command::CreateAccount { code: text("buyer") },
        Command::CreateAccount { code: text("seller") },
        deposit(4, 0, 10_000_000_000_000),
        deposit(5, 1, 100_000),
    ] {
        submit(core, command).await;
    }
}

fn limit(account: u32, side: Side, price: i64, quantity: i64, id: &str) -> Command {
    let (account, instrument) = (AccountId(account), InstrumentId(0));
    Command::Place(Place {
        time_in_force: TimeInForce::Day,
        ..Place::limit(account, instrument, side, Price(price), Quantity(quantity), text(id))
    })
}

/// What `zaraba journal day` prints of the day with the special quote.
fn the_summary_says_so(dir: &Path, state: Option<(Seq, u64)>) {
    let summary = zaraba::summary::of_journal(dir, Some(20261120)).unwrap();
    assert_eq!(Some((summary.seq, summary.state_hash)), state);
    assert_eq!((summary.orders, summary.traded), (2, 1));
    assert_eq!(summary.auctions["opening"].unpriced, 1);
    let ended = summary.auctions["quote"];
    assert_eq!((ended.priced, ended.shares, ended.yen), (1, 1_000, 500_000));
    assert_eq!((summary.total.trades, summary.continuous.trades), (1, 0));
    let quotes = summary.special_quotes;
    assert_eq!(quotes.count, 1);
    // From 09:00 to 09:06, and at most a few minutes of this clock late.
    assert!((360..1_800).contains(&quotes.longest_seconds), "{quotes:?}");
    let line = &summary.most_traded[0];
    assert_eq!((line.open.as_str(), line.close.as_str(), line.percent), ("500.0", "500.0", -5.66));
    let words = summary.in_words();
    assert!(words.contains("Trading day 2026-11-20"), "{words}");
    assert!(zaraba::summary::of_journal(dir, Some(20261119)).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_special_quote_is_renewed_when_the_market_clock_says_so() {
    let dir = tempfile::tempdir().unwrap();
    // 08:30; an hour takes four seconds once the clock runs.
    let core = start(dir.path(), "2026-11-19T23:30:00Z", 900).await;
    reach(&core, 20261120, SessionStep::PreOpen).await;
    furnish(&core).await;
    // The opening would be at 500: the width at 530 is 10, so a special ask comes first and
    // goes down by 10 every three minutes: 520 at 09:00, 510 at 09:03, 500 at 09:06.
    submit(&core, limit(4, Side::Buy, 5_000, 1_000, "b1")).await;
    submit(&core, limit(5, Side::Sell, 5_000, 1_000, "s1")).await;
    core.platform.clock.start();
    until(|| core.platform.live.instrument(InstrumentId(0)).unwrap().last_price == Price(5_000))
        .await;
    assert!(core.platform.clock.now() >= at("2026-11-20T00:06:00Z"));
    let state = core.stop().await;
    the_summary_says_so(dir.path(), state);
    let mut reader = JournalReader::open(&Dirs::of(dir.path()), Seq(1)).unwrap();
    let mut woken = Vec::new();
    while let Some((_, at, command)) = reader.next().unwrap() {
        if command == Command::Wake {
            woken.push(at);
        }
    }
    assert!(woken.len() >= 2 && woken[0] >= at("2026-11-20T00:03:00Z"), "{woken:?}");
}
