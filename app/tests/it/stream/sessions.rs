//! What a trading day looks like from outside: phases, quotes, limits, halts and auctions on the
//! stream and on the console's live endpoint, driven step by step as the schedule does it.

use serde_json::{Value, json};
use zaraba_engine::command::{Place, Provenance};
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use super::live::Events;
use super::node::{BUYER, Node, PATIENCE, SELLER, Stream, config, text};

/// A trading day after every one the calendar will send by itself.
const DAY: u32 = 20_991_230;
/// When a phase ends: 2099-12-30 09:00 in Tokyo.
const UNTIL: Timestamp = Timestamp(4_102_272_000_000_000_000);

/// Second instrument of the platform.
const SHARE: InstrumentId = InstrumentId(1);

async fn done(node: &Node, command: Command) {
    let receipt = node.platform.gate.submit(command).await.unwrap();
    let refused = receipt.events().iter().find(|e| matches!(e, Event::Refused { .. }));
    assert_eq!(refused, None, "{:?}", receipt.step().command);
}

/// A share with Tokyo's sessions whose day has begun: base price 530, limits 430 and 630,
/// renewal width 10 (JPX, "Daily Price Limits" and the widths beside it), as in the engine's
/// worked examples.
async fn share(node: &Node) {
    let spec = InstrumentSpec {
        symbol: text("5401"),
        profile: Profile::Tse,
        lot: Quantity(100),
        min_quantity: Quantity(100),
        ticks: TickRule::TseOther,
        base_price: Price(5_300),
        limit_down: Price(4_300),
        limit_up: Price(6_300),
        market_band_ppm: 0,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        session_rules: true,
        ..node.platform.live.spec(InstrumentId(0)).unwrap()
    };
    done(node, Command::CreateInstrument(Box::new(spec))).await;
    done(node, Command::RollDay { profile: Profile::Tse, day: DAY }).await;
    node.market_caught_up().await;
}

async fn step(node: &Node, step: SessionStep) {
    done(node, Command::Session { profile: Profile::Tse, day: DAY, step, until: UNTIL }).await;
}

async fn order(node: &Node, account: AccountId, side: Side, price: i64, quantity: i64) {
    let Command::Place(place) = node.order(account, side, price, quantity) else { unreachable!() };
    let place = Place { instrument: SHARE, time_in_force: TimeInForce::Day, ..place };
    done(node, Command::Place(place)).await;
}

fn by(reason: &str) -> Box<Provenance> {
    Box::new(Provenance {
        approver: Default::default(),
        actor: text("ops.suzuki"),
        request: text("r"),
        reason: text(reason),
    })
}

async fn until(stream: &mut Stream, wanted: impl Fn(&Value) -> bool) -> Value {
    loop {
        let message = stream.next().await;
        if wanted(&message) {
            return message;
        }
    }
}

/// Both doors, and what both must say.
struct Eyes {
    stream: Stream,
    live: Events,
}

impl Eyes {
    async fn open(node: &Node, symbol: &str) -> Eyes {
        let mut stream = node.connect().await;
        let channels = ["phase", "auction", "ticker"].map(|kind| format!("{kind}:{symbol}"));
        stream.subscribe(&channels.each_ref().map(String::as_str)).await;
        let live = Events::open(node, &format!("/admin/v1/instruments/{symbol}/live")).await;
        Eyes { stream, live }
    }

    /// The next message of a kind that `wanted` accepts, as the stream and as the console get
    /// it: equal, but for what names the message and for what only the console is told.
    async fn see(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> (Value, Value) {
        let told = until(&mut self.stream, |m| m["type"] == kind && wanted(m));
        let mut told = tokio::time::timeout(PATIENCE, told).await.expect("the stream tells");
        let live = self.live.until(|name, data| name == kind && wanted(data));
        let live = tokio::time::timeout(PATIENCE, live).await.expect("the console is told");
        let mut bare = live.clone();
        for value in [&mut told, &mut bare] {
            let fields = value.as_object_mut().unwrap();
            for name in ["type", "seq", "halt_by"] {
                fields.remove(name);
            }
        }
        assert_eq!(told, bare, "{kind}");
        (told, live)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tokyo_morning_is_told_phase_by_phase_and_auction_by_auction() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    share(&node).await;
    let mut eyes = Eyes::open(&node, "5401").await;
    let (closed, _) = eyes.see("phase", |_| true).await;
    let expected = json!({"symbol": "5401", "phase": "closed", "until": null, "halted": false,
        "halts": [], "halt_reason": null, "killed": false, "short_restricted": false,
        "quote": null, "base_price": "530.0", "limit_down": "430.0", "limit_up": "630.0"});
    assert_eq!(closed, expected);
    let (nothing, _) = eyes.see("auction", |_| true).await;
    assert_eq!(nothing, json!({"symbol": "5401", "indicative": null, "last": null}));

    step(&node, SessionStep::PreOpen).await;
    let (gathers, _) = eyes.see("phase", |m| m["phase"] == "pre_open").await;
    assert_eq!(gathers["until"], "2099-12-30T00:00:00.000000Z");
    // Bids 300 at 531, offers 200 at 529: 200 trade; bids are in surplus, so the highest
    // admissible price.
    order(&node, BUYER, Side::Buy, 5_310, 300).await;
    order(&node, SELLER, Side::Sell, 5_290, 200).await;
    let (outlook, _) = eyes.see("auction", |m| m["indicative"]["quantity"] == "200").await;
    let expected = json!({"end": "priced", "price": "531.0", "quantity": "200", "surplus": "100"});
    assert_eq!((&outlook["indicative"], &outlook["last"]), (&expected, &Value::Null));

    step(&node, SessionStep::Open).await;
    let result = until(&mut eyes.stream, |m| m["type"] == "auction_result").await;
    for (field, value) in [
        ("kind", "opening"),
        ("end", "priced"),
        ("price", "531.0"),
        ("quantity", "200"),
        ("surplus", "100"),
    ] {
        assert_eq!(result[field], value, "{field}: {result}");
    }
    let (over, _) = eyes.see("auction", |m| m["indicative"].is_null()).await;
    assert_eq!(over["last"]["price"], "531.0");
    assert_eq!((&over["last"]["seq"], &over["last"]["time"]), (&result["seq"], &result["time"]));

    // 545 is more than one width above 531: a special bid at 541, nothing trades.
    order(&node, SELLER, Side::Sell, 5_450, 100).await;
    order(&node, BUYER, Side::Buy, 5_450, 100).await;
    let (outlook, _) = eyes.see("auction", |m| !m["indicative"].is_null()).await;
    let expected = json!({"end": "unpriced", "price": "541.0", "quantity": "0", "surplus": "100"});
    assert_eq!(outlook["indicative"], expected);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn special_and_sequential_quotes_are_told_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    share(&node).await;
    step(&node, SessionStep::PreOpen).await;
    order(&node, BUYER, Side::Buy, 5_300, 100).await;
    order(&node, SELLER, Side::Sell, 5_300, 100).await;
    step(&node, SessionStep::Open).await;
    node.market_caught_up().await;
    let mut eyes = Eyes::open(&node, "5401").await;
    let (free, _) = eyes.see("phase", |_| true).await;
    assert_eq!((&free["phase"], &free["quote"]), (&json!("continuous"), &Value::Null));

    order(&node, BUYER, Side::Buy, 5_450, 100).await;
    let (special, _) = eyes.see("phase", |m| !m["quote"].is_null()).await;
    let quote = &special["quote"];
    assert_eq!((&quote["kind"], &quote["side"]), (&json!("special"), &json!("buy")));
    assert_eq!((&quote["price"], special["phase"].as_str()), (&json!("540.0"), Some("continuous")));
    // A special quote is renewed after three minutes.
    let due: jiff::Timestamp = quote["until"].as_str().unwrap().parse().unwrap();
    let ahead = due.as_second() - (zaraba::clock::now().0 / 1_000_000_000) as i64;
    assert!((0..=180).contains(&ahead), "{due}");
    // An offer at the quote: the auction out of it.
    order(&node, SELLER, Side::Sell, 5_400, 100).await;
    let result = until(&mut eyes.stream, |m| m["type"] == "auction_result").await;
    assert_eq!((&result["kind"], &result["price"]), (&json!("quote"), &json!("540.0")));
    eyes.see("phase", |m| m["quote"].is_null()).await;

    // Reference 540, width 10: 548 and 559 trade within a minute, 566 may not.
    for price in [5_480, 5_560, 5_600, 5_660] {
        order(&node, SELLER, Side::Sell, price, 100).await;
    }
    order(&node, BUYER, Side::Buy, 5_700, 500).await;
    let (sequential, _) = eyes.see("phase", |m| m["quote"]["kind"] == "sequential").await;
    assert_eq!(sequential["quote"]["side"], "buy");
    let (status, tickers) = node.get("/v1/tickers?symbol=5401").await;
    let ticker = &tickers["items"][0];
    assert_eq!((status, &ticker["quote_kind"]), (200, &json!("sequential")));
    assert_eq!(ticker["phase_until"], "2099-12-30T00:00:00.000000Z");
    let in_quote = |m: &Value| m["type"] == "ticker" && m["quote_kind"] == "sequential";
    until(&mut eyes.stream, in_quote).await;
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn halts_kill_switches_and_calls_are_told_with_their_reason() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(config(dir.path())).await;
    let instrument = InstrumentId(0);
    let mut eyes = Eyes::open(&node, "7203").await;
    let (open, live) = eyes.see("phase", |_| true).await;
    assert_eq!((&open["phase"], &live["halt_by"]), (&json!("continuous"), &Value::Null));

    let halts = Halts(Halts::limit(Side::Buy).0 | Halts::contingent(Side::Sell).0);
    done(&node, Command::SetHalts { instrument, halts, by: by("feed error") }).await;
    let (halted, live) = eyes.see("phase", |m| m["halts"] != json!([])).await;
    assert_eq!(halted["halts"], json!(["limit_buy", "contingent_sell"]));
    assert_eq!((&halted["halt_reason"], &halted["halted"]), (&json!("feed error"), &json!(false)));
    // Who it was is for the back office only.
    assert_eq!(live["halt_by"], "ops.suzuki");
    assert_eq!(halted.get("halt_by"), None);
    done(&node, Command::SetHalts { instrument, halts: Halts(0), by: by("over") }).await;
    let (open, live) = eyes.see("phase", |m| m["halts"] == json!([])).await;
    assert_eq!((&open["halt_reason"], &live["halt_by"]), (&Value::Null, &Value::Null));

    for scope in [KillScope::Instrument(instrument), KillScope::Venue] {
        for on in [true, false] {
            done(&node, Command::SetKill { scope, on, by: by("runaway") }).await;
            eyes.see("phase", |m| m["killed"] == on).await;
        }
    }

    let call = AuctionKind::FullRange;
    done(&node, Command::StartCall { instrument, kind: call, seconds: 600, by: by("news") }).await;
    let (called, _) = eyes.see("phase", |m| m["phase"] == "call_auction").await;
    assert!(called["until"].is_string(), "{called}");
    node.trade(25_000, 3).await;
    let (outlook, _) = eyes.see("auction", |m| m["indicative"]["quantity"] == "3").await;
    let expected = json!({"end": "priced", "price": "2500.0", "quantity": "3", "surplus": "0"});
    assert_eq!(outlook["indicative"], expected);
    node.stop().await;
}
