//! A platform with its doors open, furnished through the admin API, and clients of it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use zaraba::auth::sign::Signer;
use zaraba::auth::token::{AdminTokens, Line};
use zaraba::auth::{Keys, NewKey, NewKind, Scope};
use zaraba::clock;
use zaraba::config::Config;
use zaraba::intake::{admin, http};
use zaraba::platform::Platform;
use zaraba::wiring::Core;
use zaraba_secret as secret;

pub const TOKEN: &str = "a-token-for-tests-of-32-characters";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("")
    }

    pub fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or("")
    }
}

pub struct World {
    core: Option<Core>,
    pub platform: Platform,
    pub public: SocketAddr,
    pub admin: SocketAddr,
    pub client: reqwest::Client,
    stop: CancellationToken,
    /// Request times, never the same twice.
    time_ms: AtomicU64,
    ids: AtomicU64,
    pub dir: tempfile::TempDir,
}

/// The tests' token, as a file has it.
pub fn tokens(dir: &Path) -> AdminTokens {
    let path = dir.join("admin.token");
    let until =
        jiff::Timestamp::from_second(clock::now().0 as i64 / 1_000_000_000 + 86_400).unwrap();
    let line = Line { name: "tests".into(), token: TOKEN.to_owned().into(), until };
    secret::write(&path, line.text().as_bytes()).unwrap();
    AdminTokens::open(&path, 90).unwrap()
}

impl World {
    /// A platform with two instruments (`7203` for yen, `BTC_JPY`), and the accounts
    /// `alice` and `bob` with means.
    pub async fn start() -> World {
        World::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> World {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: dir.path().into(), ..Config::default() };
        config.auth.master_key_file = dir.path().join("master.key");
        config.auth.public_per_second = 1_000_000;
        config.journal.segment_bytes = 1 << 20;
        // No busy machine comes near these; tests of the bounds themselves set their own.
        config.http.header_seconds = 60;
        config.http.request_seconds = 60;
        config.auth.window_seconds = 60;
        config.http.body_bytes = 64 << 10;
        // Nobody listens there: trading and live reads must not care.
        config.postgres.url = "postgres://zaraba@127.0.0.1:1/zaraba".into();
        change(&mut config);
        let core = Core::start(config).await.unwrap();
        let keys = Keys::detached(&core.platform.config.auth, core.platform.live.clone());
        let platform = Platform { keys: Arc::new(keys), ..core.platform.clone() };
        let stop = CancellationToken::new();
        let listen = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let (public, private) = (listen(), listen());
        let addresses = (public.local_addr().unwrap(), private.local_addr().unwrap());
        tokio::spawn(http::serve(platform.clone(), public, stop.clone()));
        let tokens = tokens(dir.path());
        tokio::spawn(admin::serve(platform.clone(), tokens, private, stop.clone()));
        let world = World {
            core: Some(core),
            platform,
            public: addresses.0,
            admin: addresses.1,
            client: reqwest::Client::new(),
            stop,
            time_ms: AtomicU64::new(clock::now().0 / 1_000_000),
            ids: AtomicU64::new(0),
            dir,
        };
        world.furnish().await;
        world
    }

    /// The platform with the keys it started with: those in the database that is away.
    pub fn real_platform(&self) -> Platform {
        self.core.as_ref().expect("it runs until it is stopped").platform.clone()
    }

    async fn furnish(&self) {
        for (code, exponent) in [("JPY", 4), ("7203", 0), ("BTC", 8)] {
            self.made("/assets", json!({"code": code, "exponent": exponent})).await;
        }
        self.made(
            "/instruments",
            json!({"symbol": "7203", "name": "トヨタ自動車", "profile": "tse",
                "base_asset": "7203", "quote_asset": "JPY", "price_digits": 1,
                "quantity_digits": 0, "tick_table": "tse_topix500", "lot_size": "100",
                "min_quantity": "100", "max_quantity": "100000", "base_price": "2500",
                "limit_down": "2000", "limit_up": "3000", "open_order_cap": 1000}),
        )
        .await;
        self.made(
            "/instruments",
            json!({"symbol": "BTC_JPY", "name": "BTC/JPY", "profile": "crypto",
                "base_asset": "BTC", "quote_asset": "JPY", "price_digits": 0,
                "quantity_digits": 4, "tick_size": "1", "lot_size": "0.0001",
                "min_quantity": "0.001", "max_quantity": "10", "market_band_ppm": 50000,
                "maker_fee_ppm": -100, "taker_fee_ppm": 1000, "open_order_cap": 2}),
        )
        .await;
        for account in ["alice", "bob"] {
            self.made("/accounts", json!({"code": account})).await;
            for (asset, amount) in [("JPY", "1000000000"), ("7203", "1000000"), ("BTC", "5")] {
                let body = json!({"kind": "deposit", "asset": asset, "amount": amount,
                    "reference": format!("first-{asset}"), "reason": "test"});
                self.made(&format!("/accounts/{account}/transfers"), body).await;
            }
        }
    }

    async fn made(&self, path: &str, body: Value) {
        let answer = self.admin(Method::POST, path, Some(body)).await;
        assert_eq!(answer.status, 201, "{path}: {answer:?}");
    }

    /// A call of the admin API; a change gets a request id of its own and, if it gives none,
    /// a reason.
    pub async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        if method == Method::GET {
            let url = format!("http://{}/admin/v1{path}", self.admin);
            return answer(self.client.get(url).bearer_auth(TOKEN)).await;
        }
        let mut body = body.unwrap_or_else(|| json!({}));
        if let Some(fields) = body.as_object_mut() {
            fields.entry("reason").or_insert_with(|| "test".into());
        }
        self.change(&self.id(), path, &body).await
    }

    /// A change with this request id and body.
    pub async fn change(&self, request: &str, path: &str, body: &Value) -> Answer {
        let url = format!("http://{}/admin/v1{path}", self.admin);
        let call = self.client.post(url).bearer_auth(TOKEN).header("x-actor", "tester");
        answer(call.header("x-request-id", request).json(body)).await
    }

    /// A key with rates that no test meets.
    pub fn new_key(&self, account: &str, scopes: &[Scope]) -> NewKey {
        NewKey {
            account: zaraba_engine::types::AccountCode::new(account).unwrap(),
            kind: NewKind::Hmac,
            scopes: scopes.to_vec(),
            addresses: vec![],
            expires_at: None,
            reads_per_second: Some(1_000_000),
            writes_per_second: Some(1_000_000),
            label: String::new(),
        }
    }

    pub async fn signer(&self, key: NewKey) -> Signer {
        let made = self.platform.keys.create(key, "test").await.unwrap();
        Signer::hmac(&made.api_key, &made.api_secret.unwrap())
    }

    /// A key that may read and trade.
    pub async fn trader(&self, account: &str) -> Signer {
        self.signer(self.new_key(account, &[Scope::Read, Scope::Trade])).await
    }

    /// A request time that was not used before and is now, to some milliseconds.
    pub fn time(&self) -> u64 {
        let now = clock::now().0 / 1_000_000;
        let next = |last: u64| Some(now.max(last + 1));
        self.time_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap()
    }

    /// A client order id that was not used before.
    pub fn id(&self) -> String {
        format!("id-{}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// A signed call with a raw body.
    pub async fn raw(&self, by: &Signer, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let headers = by.headers(self.time(), method.as_str(), path, &body);
        let mut request = self.client.request(method, format!("http://{}{path}", self.public));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body);
        }
        answer(request).await
    }

    /// A signed call.
    pub async fn call(
        &self,
        by: &Signer,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let body = body.map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
        self.raw(by, method, path, body).await
    }

    pub async fn place(&self, by: &Signer, order: &Value) -> Answer {
        self.call(by, Method::POST, "/v1/orders", Some(order)).await
    }

    /// A limit order for `7203` that nothing is wrong with.
    pub fn good(&self) -> Value {
        json!({"client_order_id": self.id(), "symbol": "7203", "side": "buy", "type": "limit",
            "quantity": "100", "price": "2000"})
    }

    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(core) = self.core.take() {
            core.stop().await;
        }
    }
}

/// Sends, and reads the answer; a body that is not JSON is null.
pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}
