//! One connection of the load generator: decides the next request, sends it, measures it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use hyper::Method;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::Deserialize;

use super::Shared;
use super::mix::Kind;
use crate::tools::client::{Answer, Connection, Key, NewOrder};

/// Resting orders a connection keeps at most; past it a place becomes a cancel. Several
/// connections share an account, and instruments cap open orders per account.
const RESTING_MAX: usize = 24;
/// Longest latency told apart, in microseconds.
const LATENCY_US_MAX: u64 = 60_000_000;

/// When an open-loop connection sends.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Its first request, from the start.
    pub first: Duration,
    /// Time between two of its requests.
    pub every: Duration,
}

/// What one connection measured.
pub struct Outcome {
    /// Latencies of answered requests in microseconds.
    pub latency_us: Histogram<u64>,
    /// Successful answers by kind of request.
    pub done: BTreeMap<&'static str, u64>,
    /// Refusals by code.
    pub rejects: BTreeMap<String, u64>,
    /// Requests without an answer, by what happened.
    pub errors: BTreeMap<String, u64>,
    /// Account, client order id and order id of acknowledged orders, when kept.
    pub acks: Vec<(u32, String, String)>,
}

struct Resting {
    order_id: String,
    quantity: i64,
    market: usize,
}

struct Request {
    kind: Kind,
    method: Method,
    path: String,
    body: Bytes,
    /// Client order id of a placement.
    client_id: String,
    market: usize,
    quantity: i64,
}

struct Worker {
    shared: Arc<Shared>,
    number: u32,
    random: SmallRng,
    placed: u64,
    resting: VecDeque<Resting>,
}

/// The part of an order's answer that is needed on the hot path.
#[derive(Deserialize)]
struct Acknowledged<'a> {
    #[serde(borrow)]
    order_id: &'a str,
    #[serde(borrow)]
    status: &'a str,
}

/// Runs one connection until the run ends.
pub async fn run(
    shared: Arc<Shared>,
    key: Arc<Key>,
    number: u32,
    seed: u64,
    pace: Option<Pace>,
) -> Outcome {
    let random = SmallRng::seed_from_u64(seed ^ (u64::from(number) << 32));
    let mut connection = Connection::new(shared.endpoint.clone());
    let mut worker = Worker { shared, number, random, placed: 0, resting: VecDeque::new() };
    let mut outcome = Outcome {
        latency_us: Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)
            .unwrap_or_else(|_| unreachable!("the bounds are constants that fit")),
        done: BTreeMap::new(),
        rejects: BTreeMap::new(),
        errors: BTreeMap::new(),
        acks: Vec::new(),
    };
    let started = Instant::now();
    let mut turn = 0u32;
    loop {
        let intended = match pace {
            Some(pace) => {
                let at = started + pace.first + pace.every * turn;
                tokio::time::sleep_until(at.into()).await;
                at
            }
            None => Instant::now(),
        };
        if !worker.shared.take_turn() {
            return outcome;
        }
        turn += 1;
        let request = worker.next();
        let answer = connection
            .call(&key, request.method.clone(), &request.path, request.body.clone())
            .await;
        match answer {
            Ok(answer) => {
                let micros = intended.elapsed().as_micros() as u64;
                let _ = outcome.latency_us.record(micros.clamp(1, LATENCY_US_MAX));
                worker.take_in(request, &answer, &mut outcome);
            }
            Err(error) => {
                *outcome.errors.entry(error.to_string()).or_default() += 1;
                // A server that is gone must not turn a closed loop into a busy loop.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

impl Worker {
    fn next(&mut self) -> Request {
        let shared = self.shared.clone();
        let mut kind = shared.mix.draw(&mut self.random);
        if shared.other_path.is_none() {
            kind = match kind {
                Kind::Amend | Kind::Cancel if self.resting.is_empty() => Kind::Place,
                Kind::Place if self.resting.len() >= RESTING_MAX => Kind::Cancel,
                kind => kind,
            };
        }
        match kind {
            Kind::Place | Kind::Ioc => self.place(kind),
            Kind::Cancel | Kind::Amend if shared.other_path.is_some() => self.place(Kind::Place),
            Kind::Cancel => self.cancel(),
            Kind::Amend => self.amend().unwrap_or_else(|| self.cancel()),
        }
    }

    fn place(&mut self, kind: Kind) -> Request {
        let shared = self.shared.clone();
        let index = self.random.random_range(0..shared.markets.len());
        let market = &shared.markets[index];
        let buy = self.random.random_bool(0.5);
        let middle = if market.last_price > 0 { market.last_price } else { market.base_price };
        let tick = market.tick_at(middle);
        // Resting orders stand 1 to 40 ticks away, immediate ones reach 20 ticks across.
        let away = match kind {
            Kind::Ioc => -20,
            _ => self.random.random_range(1..=40),
        } * tick;
        let price = market.on_tick(if buy { middle - away } else { middle + away });
        let quantity = market.on_lot(market.quantity_min * self.random.random_range(2..=10));
        self.placed += 1;
        let client_id = format!("{}-{}-{}", shared.run, self.number, self.placed);
        let order = NewOrder {
            client_order_id: client_id.clone(),
            symbol: market.symbol.clone(),
            side: if buy { "buy" } else { "sell" },
            kind: "limit",
            quantity: market.quantity_text(quantity),
            price: Some(market.price_text(price)),
            time_in_force: if kind == Kind::Ioc { "ioc" } else { "gtc" },
            post_only: false,
        };
        Request {
            kind,
            method: Method::POST,
            path: shared.other_path.clone().unwrap_or_else(|| "/v1/orders".into()),
            body: order.body(),
            client_id,
            market: index,
            quantity,
        }
    }

    fn cancel(&mut self) -> Request {
        let order = self.resting.pop_front();
        let order_id = order.map(|order| order.order_id).unwrap_or_default();
        self.change(Kind::Cancel, Method::DELETE, &order_id, Bytes::new())
    }

    /// A smaller quantity for a random resting order; none where it is down to the minimum.
    fn amend(&mut self) -> Option<Request> {
        let index = self.random.random_range(0..self.resting.len());
        let order = &mut self.resting[index];
        let market = &self.shared.markets[order.market];
        let smaller = order.quantity - market.quantity_min;
        if smaller < market.quantity_min {
            return None;
        }
        order.quantity = smaller;
        let body = format!(r#"{{"quantity":"{}"}}"#, market.quantity_text(smaller));
        let order_id = order.order_id.clone();
        Some(self.change(Kind::Amend, Method::PATCH, &order_id, body.into()))
    }

    fn change(&self, kind: Kind, method: Method, order_id: &str, body: Bytes) -> Request {
        let path = format!("/v1/orders/{order_id}");
        Request { kind, method, path, body, client_id: String::new(), market: 0, quantity: 0 }
    }

    fn take_in(&mut self, request: Request, answer: &Answer, outcome: &mut Outcome) {
        if !answer.is_success() {
            *outcome.rejects.entry(answer.code()).or_default() += 1;
            return;
        }
        *outcome.done.entry(request.kind.name()).or_default() += 1;
        if request.client_id.is_empty() || self.shared.other_path.is_some() {
            return;
        }
        let Ok(order) = serde_json::from_slice::<Acknowledged<'_>>(&answer.body) else {
            *outcome.errors.entry("an answer that is no order".into()).or_default() += 1;
            return;
        };
        if matches!(order.status, "open" | "partially_filled") {
            self.resting.push_back(Resting {
                order_id: order.order_id.to_owned(),
                quantity: request.quantity,
                market: request.market,
            });
        }
        if self.shared.keep_acks {
            outcome.acks.push((self.number, request.client_id, order.order_id.to_owned()));
        }
    }
}
