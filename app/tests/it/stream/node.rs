//! A platform with its public and admin doors on loopback, and a client that reads JSON.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use zaraba::auth::sign::Signer;
use zaraba::auth::{Keys, NewKey, NewKind, Scope};
use zaraba::bus::Receipt;
use zaraba::clock;
use zaraba::config::Config;
use zaraba::intake::ws;
use zaraba::market;
use zaraba::platform::Platform;
use zaraba::wiring::Core;
use zaraba_engine::command::{
    AssetSpec, Cancel, Correction, Place, Provenance, TradeTerms, Transfer, TransferKind, Via,
};
use zaraba_engine::event::Cause;
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

/// No answer on loopback takes this long, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const BUYER: AccountId = AccountId(4);
pub const SELLER: AccountId = AccountId(5);

pub fn text<const N: usize>(s: &str) -> Text<N> {
    Text::new(s).unwrap()
}

pub struct Node {
    pub core: Core,
    pub platform: Platform,
    pub address: SocketAddr,
    server: JoinHandle<()>,
    orders: AtomicU64,
}

pub fn config(dir: &Path) -> Config {
    let mut config = Config { data_dir: dir.into(), ..Config::default() };
    config.auth.master_key_file = dir.join("master.key");
    config.auth.reads_per_second = 10_000;
    config.auth.public_per_second = 10_000;
    config.journal.segment_bytes = 1 << 20;
    config.stream.depth_interval_ms = 5;
    // Nobody listens there: the stream must not care.
    config.postgres.url = "postgres://zaraba@127.0.0.1:1/zaraba".into();
    config
}

impl Node {
    /// A new platform with one share, `7203`, a buyer and a seller with means.
    pub async fn start(config: Config) -> Node {
        let node = Node::open(config).await;
        node.furnish().await;
        node
    }

    /// A platform on whatever its directory holds.
    pub async fn open(config: Config) -> Node {
        let core = Core::start(config).await.unwrap();
        let mut platform = core.platform.clone();
        platform.keys = Arc::new(Keys::detached(&platform.config.auth, platform.live.clone()));
        let (public, _) = ws::routes().merge(market::http::routes()).split_for_parts();
        let router = public.merge(market::http::admin_routes()).with_state(platform.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Node { core, platform, address, server, orders: AtomicU64::new(0) }
    }

    pub async fn stop(self) {
        self.server.abort();
        self.core.stop().await;
    }

    async fn furnish(&self) {
        let spec = InstrumentSpec {
            symbol: text("7203"),
            name: text("トヨタ自動車"),
            profile: Profile::Tse,
            base_asset: AssetId(1),
            quote_asset: AssetId(0),
            price_digits: 1,
            quantity_digits: 0,
            ticks: TickRule::Fixed(Price(5)),
            lot: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(1_000_000),
            base_price: Price(25_000),
            limit_down: Price(0),
            limit_up: Price(0),
            market_band_ppm: 500_000,
            maker_fee_ppm: -100,
            taker_fee_ppm: 300,
            open_order_cap: 0,
            session_rules: false,
            listed_shares: Quantity(0),
            market_min_quantity: Quantity(0),
            market_max_quantity: Quantity(0),
        };
        let by = || {
            let (actor, request, reason) = (text("test"), text("r"), text("funding"));
            Box::new(Provenance { approver: Default::default(), actor, request, reason })
        };
        let mut commands = vec![
            Command::CreateAsset(AssetSpec { code: text("JPY"), exponent: 4 }),
            Command::CreateAsset(AssetSpec { code: text("7203"), exponent: 0 }),
            Command::CreateInstrument(Box::new(spec)),
            Command::CreateAccount { code: text("buyer") },
            Command::CreateAccount { code: text("seller") },
        ];
        for account in [BUYER, SELLER] {
            for (asset, amount) in [(AssetId(0), 1_000_000_000_000_000), (AssetId(1), 100_000_000)]
            {
                let transfer = Transfer {
                    kind: TransferKind::Deposit,
                    account,
                    asset,
                    amount: Amount(amount),
                    reference: text(&format!("funds-{asset}")),
                };
                commands.push(Command::Transfer { transfer, by: by() });
            }
        }
        for command in commands {
            let receipt = self.platform.gate.submit(command).await.unwrap();
            let refused = receipt.events().iter().find(|e| matches!(e, Event::Refused { .. }));
            assert_eq!(refused, None, "{:?}", receipt.step().command);
        }
        self.market_caught_up().await;
    }

    /// Waits until the market room has taken in everything that was acknowledged.
    pub async fn market_caught_up(&self) {
        while self.platform.market.seq() < self.platform.live.seq() {
            tokio::task::yield_now().await;
        }
    }

    pub fn order(&self, account: AccountId, side: Side, price: i64, quantity: i64) -> Command {
        let number = self.orders.fetch_add(1, Ordering::Relaxed);
        let start = self.platform.market.beginning().seq;
        Command::Place(Place {
            account,
            instrument: InstrumentId(0),
            side,
            kind: OrderKind::Limit,
            time_in_force: TimeInForce::Gtc,
            post_only: false,
            price: Price(price),
            quantity: Quantity(quantity),
            client_id: text(&format!("{start}-{number}")),
            via: Via::Rest,
            key: 0,
            condition: Condition::Any,
            self_trade: SelfTrade::Allow,
            short: ShortSale::Long,
            by_amount: false,
        })
    }

    pub async fn place(
        &self,
        account: AccountId,
        side: Side,
        price: i64,
        quantity: i64,
    ) -> Receipt {
        self.platform.gate.submit(self.order(account, side, price, quantity)).await.unwrap()
    }

    pub async fn cancel(&self, account: AccountId, order: OrderId) -> Receipt {
        let command = Command::Cancel(Cancel { account, order, via: Via::Rest, key: 0 });
        self.platform.gate.submit(command).await.unwrap()
    }

    /// A trade of `quantity` at `price`: the seller's order rests, the buyer's takes it.
    pub async fn trade(&self, price: i64, quantity: i64) -> Receipt {
        self.place(SELLER, Side::Sell, price, quantity).await;
        self.place(BUYER, Side::Buy, price, quantity).await
    }

    /// Corrects the first trade of a taker to another price, or takes it back (zero).
    pub async fn correct(&self, taken: &Receipt, price: i64) -> Receipt {
        let trade = taken.events().iter().find_map(|event| match event {
            Event::Trade(trade) => Some(*trade),
            _ => None,
        });
        let trade = trade.expect("it traded");
        let mut moved = taken.events().iter().flat_map(Event::balances).filter(|change| {
            (change.cause, change.reference, change.asset)
                == (Cause::Trade, trade.trade.0, AssetId(0))
        });
        let sums = [moved.next().unwrap().delta.0, moved.next().unwrap().delta.0];
        let fees = match trade.taker_side {
            Side::Buy => [trade.taker_fee, trade.maker_fee],
            Side::Sell => [trade.maker_fee, trade.taker_fee],
        };
        let before = TradeTerms {
            price: trade.price,
            quantity: trade.quantity,
            paid: Amount(-sums[0].min(sums[1])),
            got: Amount(sums[0].max(sums[1])),
            buyer_fee: fees[0],
            seller_fee: fees[1],
        };
        let correction = Correction {
            trade: trade.trade,
            instrument: trade.instrument,
            buyer: BUYER,
            seller: SELLER,
            before,
            price: Price(if price == 0 { trade.price.0 } else { price }),
            quantity: if price == 0 { Quantity(0) } else { trade.quantity },
            desk: false,
        };
        let (actor, request, reason) = (text("test"), text("r"), text("wrong price"));
        let by = Box::new(Provenance { approver: text("other"), actor, request, reason });
        let command = Command::CorrectTrade { correction: Box::new(correction), by };
        let receipt = self.platform.gate.submit(command).await.unwrap();
        let refused = receipt.events().iter().find(|e| matches!(e, Event::Refused { .. }));
        assert_eq!(refused, None);
        receipt
    }

    /// A key of an account.
    pub async fn key(&self, account: &str, scopes: &[Scope]) -> Signer {
        let new = NewKey {
            account: text(account),
            kind: NewKind::Hmac,
            scopes: scopes.to_vec(),
            addresses: Vec::new(),
            expires_at: None,
            reads_per_second: None,
            writes_per_second: None,
            label: "test".into(),
        };
        let key = self.platform.keys.create(new, "test").await.unwrap();
        Signer::hmac(&key.api_key, &key.api_secret.unwrap())
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let response = reqwest::get(format!("http://{}{path}", self.address)).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub async fn connect(&self) -> Stream {
        let socket = TcpStream::connect(self.address).await.unwrap();
        self.upgrade(socket).await
    }

    /// A connection whose kernel takes little on the client's behalf.
    pub async fn connect_narrow(&self) -> Stream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let socket = socket.connect(self.address).await.unwrap();
        self.upgrade(socket).await
    }

    async fn upgrade(&self, socket: TcpStream) -> Stream {
        let url = format!("ws://{}/v1/stream", self.address);
        let (socket, _) = tokio_tungstenite::client_async(url, socket).await.unwrap();
        Stream { socket }
    }

    /// An authenticated connection.
    pub async fn connect_as(&self, signer: &Signer) -> Stream {
        let mut stream = self.connect().await;
        stream.send(&auth(signer)).await;
        let answer = stream.next().await;
        assert_eq!(answer["type"], "authenticated", "{answer}");
        stream
    }
}

/// Times that never repeat, so that no two signatures are equal.
fn fresh_time() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = clock::now().0 / 1_000_000;
    let next = |last: u64| Some(now.max(last + 1));
    LAST.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).unwrap();
    LAST.load(Ordering::Acquire)
}

pub fn auth(signer: &Signer) -> Value {
    auth_at(signer, fresh_time())
}

pub fn auth_at(signer: &Signer, time: u64) -> Value {
    json!({
        "op": "auth",
        "api_key": signer.api_key(),
        "request_time": time.to_string(),
        "signature": signer.sign(time, "GET", "/v1/stream", b""),
    })
}

/// A stream client.
pub struct Stream {
    pub socket: WebSocketStream<TcpStream>,
}

/// How a connection ended.
#[derive(Debug)]
pub enum End {
    Message(Value),
    Closed(Option<CloseFrame>),
}

impl Stream {
    pub async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next message, or how the connection ended.
    pub async fn next_or_end(&mut self) -> End {
        tokio::time::timeout(PATIENCE, self.read()).await.expect("the server answers")
    }

    async fn read(&mut self) -> End {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    return End::Message(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Close(frame))) => return End::Closed(frame),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return End::Closed(None),
            }
        }
    }

    pub async fn next(&mut self) -> Value {
        match self.next_or_end().await {
            End::Message(message) => message,
            End::Closed(frame) => panic!("closed: {frame:?}"),
        }
    }

    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    pub async fn subscribe(&mut self, channels: &[&str]) {
        self.send(&json!({"op": "subscribe", "channels": channels})).await;
        let answer = self.next().await;
        assert_eq!(answer["type"], "subscribed", "{answer}");
    }

    /// Sends a ping operation and collects everything up to its answer.
    pub async fn collect(&mut self) -> Vec<Value> {
        self.send(&json!({"op": "ping", "id": "mark"})).await;
        let mut messages = Vec::new();
        loop {
            let message = self.next().await;
            if message["type"] == "pong" {
                return messages;
            }
            messages.push(message);
        }
    }
}
