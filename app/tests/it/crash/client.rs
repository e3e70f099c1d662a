//! Clients that behave as the contract asks: an order without an answer is repeated with
//! the same client order id, an amendment with the same absolute values, until there is an
//! answer. They write down everything they were told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use zaraba::tools::client::{Answer, Connection, Endpoint, Key, NewOrder, Order};
use zaraba::tools::credentials::{AccountKey, DevFile};

/// What a client was told about one of its orders.
#[derive(Clone, Debug)]
pub struct Told {
    /// The request.
    pub symbol: &'static str,
    pub side: &'static str,
    pub quantity: String,
    /// Whether an answer was lost and the order repeated.
    pub repeated: bool,
    /// The last state that was acknowledged; none where it was refused.
    pub acknowledged: Option<Order>,
    /// The code of an acknowledged refusal.
    pub refused: Option<String>,
}

/// Everything one client was told, by client order id.
#[derive(Clone, Debug)]
pub struct History {
    pub account: String,
    pub key: AccountKey,
    pub orders: BTreeMap<String, Told>,
}

impl History {
    pub fn repeated(&self) -> usize {
        self.orders.values().filter(|told| told.repeated).count()
    }
}

#[derive(Default)]
struct Shared {
    answers: AtomicU64,
    stop: AtomicBool,
}

pub struct Clients {
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<History>>,
}

impl Clients {
    pub fn start(file: &DevFile, count: u32, seed: u64) -> Clients {
        let shared = Arc::new(Shared::default());
        let tasks = (0..count)
            .map(|number| {
                let key = file.accounts[number as usize % file.accounts.len()].clone();
                let client = Client {
                    shared: shared.clone(),
                    api: file.api.clone(),
                    number,
                    random: SmallRng::seed_from_u64(seed.wrapping_add(1 + u64::from(number))),
                    history: History { account: key.account.clone(), key, orders: BTreeMap::new() },
                    open: Vec::new(),
                };
                tokio::spawn(client.run())
            })
            .collect();
        Clients { shared, tasks }
    }

    pub fn answers(&self) -> u64 {
        self.shared.answers.load(Ordering::Relaxed)
    }

    /// Waits until so many more answers have come.
    pub async fn wait_for_answers(&self, more: u64) {
        let until = self.answers() + more;
        let wait = async {
            while self.answers() < until {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(120), wait).await;
        assert!(waited.is_ok(), "the clients got no answers for two minutes");
    }

    /// Lets every client finish what it is at, repeats included.
    pub async fn finish(self) -> Vec<History> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut histories = Vec::new();
        for task in self.tasks {
            histories.push(task.await.unwrap());
        }
        histories
    }
}

struct Client {
    shared: Arc<Shared>,
    api: String,
    number: u32,
    random: SmallRng,
    history: History,
    /// Client order ids of orders last told to be open.
    open: Vec<String>,
}

impl Client {
    async fn run(mut self) -> History {
        let endpoint = Endpoint::resolve(&self.api).await.unwrap();
        let key = Key::new(&self.history.key).unwrap();
        let mut connection = Connection::new(endpoint);
        let mut placed = 0u32;
        while !self.shared.stop.load(Ordering::Relaxed) {
            let roll = self.random.random_range(0..100);
            if self.open.is_empty() || (roll < 60 && self.open.len() < 40) {
                placed += 1;
                self.place(&mut connection, &key, placed).await;
            } else if roll < 80 {
                self.amend(&mut connection, &key).await;
            } else {
                self.cancel(&mut connection, &key).await;
            }
        }
        self.history
    }

    /// Sends until there is an answer that settles the outcome; whether it was repeated.
    async fn settle(
        &self,
        connection: &mut Connection,
        key: &Key,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> (Answer, bool) {
        let mut repeated = false;
        loop {
            match connection.call(key, method.clone(), path, body.clone()).await {
                // 503: busy, stopping, or outcome unknown. The latter needs the repeat. A request
                // that was on its way for longer than its signature holds is signed anew.
                Ok(answer) if answer.status != 503 && answer.code() != "stale_request" => {
                    self.shared.answers.fetch_add(1, Ordering::Relaxed);
                    return (answer, repeated);
                }
                Ok(_) | Err(_) => {
                    repeated = true;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    async fn place(&mut self, connection: &mut Connection, key: &Key, placed: u32) {
        let id = format!("c{}-{placed}", self.number);
        let buy = self.random.random_bool(0.5);
        // Prices overlap, so that a good part of the orders trades.
        let price = 15_200_000 + self.random.random_range(-30..=30) + if buy { -5 } else { 5 };
        let order = NewOrder {
            client_order_id: id.clone(),
            symbol: "BTC_JPY".into(),
            side: if buy { "buy" } else { "sell" },
            kind: "limit",
            quantity: format!("0.{:04}", self.random.random_range(2..=900)),
            price: Some(price.to_string()),
            time_in_force: if self.random.random_bool(0.2) { "ioc" } else { "gtc" },
            post_only: false,
        };
        let (answer, repeated) =
            self.settle(connection, key, Method::POST, "/v1/orders", order.body()).await;
        let mut told = Told {
            symbol: "BTC_JPY",
            side: order.side,
            quantity: order.quantity,
            repeated,
            acknowledged: None,
            refused: None,
        };
        if answer.is_success() {
            told.acknowledged = Some(answer.json("POST /v1/orders").unwrap());
        } else {
            told.refused = Some(answer.code());
        }
        self.note_open(&id, told.acknowledged.as_ref());
        self.history.orders.insert(id, told);
    }

    async fn amend(&mut self, connection: &mut Connection, key: &Key) {
        let (id, order_id) = self.any_open();
        // Smaller, and one in three elsewhere: losing its place.
        let mut body = format!("{{\"quantity\":\"0.{:04}\"", self.random.random_range(1..=100));
        if self.random.random_ratio(1, 3) {
            let price = 15_200_000 + self.random.random_range(-30..=30);
            body.push_str(&format!(",\"price\":\"{price}\""));
        }
        body.push('}');
        let path = format!("/v1/orders/{order_id}");
        let (answer, repeated) =
            self.settle(connection, key, Method::PATCH, &path, body.into()).await;
        self.take_in(&id, &answer, repeated);
    }

    async fn cancel(&mut self, connection: &mut Connection, key: &Key) {
        let (id, order_id) = self.any_open();
        let path = format!("/v1/orders/{order_id}");
        let (answer, repeated) =
            self.settle(connection, key, Method::DELETE, &path, Bytes::new()).await;
        self.take_in(&id, &answer, repeated);
    }

    fn any_open(&mut self) -> (String, String) {
        let id = self.open[self.random.random_range(0..self.open.len())].clone();
        let acknowledged = self.history.orders[&id].acknowledged.as_ref();
        (id, acknowledged.unwrap().order_id.clone())
    }

    fn take_in(&mut self, id: &str, answer: &Answer, repeated: bool) {
        let told = self.history.orders.get_mut(id).unwrap();
        told.repeated |= repeated;
        if answer.is_success() {
            let order: Order = answer.json("an order").unwrap();
            told.acknowledged = Some(order.clone());
            self.note_open(id, Some(&order));
            return;
        }
        // Not open any more (filled meanwhile, or the lost answer was the cancel's), or the
        // amendment was refused by a rule. Nothing else may happen to an acknowledged order.
        match answer.code().as_str() {
            "order_not_open" => self.open.retain(|open| open != id),
            "quantity_increase" | "quantity_below_filled" | "nothing_to_amend" => {}
            other => panic!("{id}: an acknowledged order answered with {other}: {told:?}"),
        }
    }

    fn note_open(&mut self, id: &str, order: Option<&Order>) {
        self.open.retain(|open| open != id);
        if order.is_some_and(|o| matches!(o.status.as_str(), "open" | "partially_filled")) {
            self.open.push(id.to_owned());
        }
    }
}
