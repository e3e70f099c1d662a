//! The platform behind the doors: one order from the gate to the journal, the book and the
//! live view, and back after a restart. Needs no database.

use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use rustix::io::Errno;
use tower::ServiceExt;
use zaraba::config::Config;
use zaraba::intake::gate::GateError;
use zaraba::wiring::Core;
use zaraba_engine::command::{Amend, AssetSpec, Place, Provenance, Transfer, TransferKind, Via};
use zaraba_engine::engine::OrderStatus;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use crate::journal::faults::{Fault, FaultyDisk, Op};

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

fn deposit(account: AccountId, asset: AssetId, amount: i64, reference: &str) -> Command {
    let by = Provenance {
        approver: Default::default(),
        actor: text("test"),
        request: text("r"),
        reason: text("funding"),
    };
    let transfer = Transfer {
        kind: TransferKind::Deposit,
        account,
        asset,
        amount: Amount(amount),
        reference: text(reference),
    };
    Command::Transfer { transfer, by: Box::new(by) }
}

fn order(account: AccountId, side: Side, price: i64, quantity: i64, id: &str) -> Command {
    Command::Place(Place {
        account,
        instrument: InstrumentId(0),
        side,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        price: Price(price),
        quantity: Quantity(quantity),
        client_id: text(id),
        via: Via::Rest,
        key: 0,
        condition: Condition::Any,
        self_trade: SelfTrade::Allow,
        short: ShortSale::Long,
        by_amount: false,
    })
}

/// Two assets (0 yen, 1 share), one instrument, a buyer (4) and a seller (5) with means.
async fn furnish(core: &Core) {
    let spec = InstrumentSpec {
        symbol: text("7203"),
        name: text("トヨタ自動車"),
        profile: Profile::Tse,
        base_asset: AssetId(1),
        quote_asset: AssetId(0),
        price_digits: 1,
        quantity_digits: 0,
        ticks: TickRule::TseTopix500,
        lot: Quantity(100),
        min_quantity: Quantity(100),
        max_quantity: Quantity(1_000_000),
        base_price: Price(25_000),
        limit_down: Price(20_000),
        limit_up: Price(30_000),
        market_band_ppm: 0,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        open_order_cap: 0,
        session_rules: false,
        listed_shares: Quantity(0),
        market_min_quantity: Quantity(0),
        market_max_quantity: Quantity(0),
    };
    let commands = [
        Command::CreateAsset(AssetSpec { code: text("JPY"), exponent: 4 }),
        Command::CreateAsset(AssetSpec { code: text("7203"), exponent: 0 }),
        Command::CreateInstrument(Box::new(spec)),
        Command::CreateAccount { code: text("buyer") },
        Command::CreateAccount { code: text("seller") },
        deposit(AccountId(4), AssetId(0), 100_000_000_000, "d1"),
        deposit(AccountId(5), AssetId(1), 1_000, "d2"),
    ];
    for command in commands {
        let receipt = core.platform.gate.submit(command).await.unwrap();
        let refused = receipt.events().iter().find(|e| matches!(e, Event::Refused { .. }));
        assert_eq!(refused, None, "{:?}", receipt.step().command);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_matched_acknowledged_and_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let core = Core::start(config(dir.path())).await.unwrap();
    furnish(&core).await;
    let gate = core.platform.gate.clone();
    gate.submit(order(AccountId(5), Side::Sell, 25_000, 300, "s1")).await.unwrap();
    let receipt = gate.submit(order(AccountId(4), Side::Buy, 25_050, 500, "b1")).await.unwrap();

    let trade = receipt.events().iter().find_map(|e| match e {
        Event::Trade(trade) => Some(*trade),
        _ => None,
    });
    let trade = trade.expect("the orders cross");
    assert_eq!((trade.price, trade.quantity), (Price(25_000), Quantity(300)));
    let bought = core.platform.live.order_by_client_id(AccountId(4), &text("b1")).unwrap();
    assert_eq!((bought.status, bought.filled), (OrderStatus::PartiallyFilled, Quantity(300)));
    // An amendment to what the order is already changes nothing, also not its sequence.
    let amend = Amend {
        account: AccountId(4),
        order: bought.order,
        price: Price(25_050),
        quantity: Quantity(500),
        via: Via::Rest,
        key: 0,
        condition: None,
    };
    gate.submit(Command::Amend(amend)).await.unwrap();
    assert_eq!(core.platform.live.order(bought.order), Some(bought));
    let balances = core.platform.live.balances(AccountId(4));
    let seq = core.platform.live.seq();
    core.stop().await;

    // The directory is all there is: everything acknowledged comes back from it.
    let core = Core::start(config(dir.path())).await.unwrap();
    let live = &core.platform.live;
    assert!(live.seq() >= seq);
    assert_eq!(live.order_by_client_id(AccountId(4), &text("b1")), Some(bought));
    assert_eq!(live.balances(AccountId(4)), balances);
    let depth = live.depth(InstrumentId(0), 5).unwrap();
    assert_eq!(depth.bids, vec![(Price(25_050), Quantity(200))]);
    assert_eq!(depth.asks, vec![]);

    // A repeat after the restart gets the first answer and changes nothing.
    let again =
        core.platform.gate.submit(order(AccountId(4), Side::Buy, 25_050, 500, "b1")).await.unwrap();
    assert_eq!(again.events(), [Event::Repeated { order: bought.order }]);
    core.stop().await;
}

async fn seen(core: &Core, path: &str) -> (StatusCode, String) {
    let router = zaraba::telemetry::routes().with_state(core.platform.clone());
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answer = router.oneshot(request).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_acknowledging_says_so_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(FaultyDisk::default());
    let core = Core::start_on(config(dir.path()), disk.clone()).await.unwrap();
    furnish(&core).await;
    let gate = core.platform.gate.clone();
    gate.submit(order(AccountId(5), Side::Sell, 25_000, 300, "kept")).await.unwrap();
    assert_eq!(seen(&core, "/healthz").await.0, StatusCode::OK);
    assert_eq!(seen(&core, "/readyz").await.0, StatusCode::OK);

    disk.fail_next(Fault::on(Op::Write, Errno::NOSPC));
    let lost = gate.submit(order(AccountId(5), Side::Sell, 25_000, 300, "lost")).await;
    assert_eq!(lost.unwrap_err(), GateError::Unknown);
    let after = gate.submit(order(AccountId(5), Side::Sell, 25_000, 300, "after")).await;
    assert_eq!(after.unwrap_err(), GateError::Stopped);
    let (status, why) = seen(&core, "/healthz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(why.contains("No space left"), "{why}");
    assert_eq!(seen(&core, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert!(core.platform.live.order_by_client_id(AccountId(5), &text("lost")).is_none());
    core.stop().await;

    let core = Core::start(config(dir.path())).await.unwrap();
    let kept = core.platform.live.order_by_client_id(AccountId(5), &text("kept")).unwrap();
    assert_eq!(kept.status, OrderStatus::Open);
    core.stop().await;
}
