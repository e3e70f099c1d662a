//! The two agents of one instrument: the one that quotes a ladder, and the one that takes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Result;
use bytes::Bytes;
use hyper::Method;
use rand::Rng;
use rand::rngs::SmallRng;
use serde::Deserialize;

use super::walk::Walk;
use crate::tools::client::{Answer, Connection, Key, NewOrder, Order};
use crate::tools::decimal;
use crate::tools::reference::{Market, Page};

/// Price levels quoted on each side.
const LEVELS: i64 = 14;
/// Distance between two levels, relative to the price, where ticks are finer.
const LEVEL_STEP: f64 = 0.0006;

/// What a simulation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders, amendments and cancels carried out.
    pub orders: u64,
    /// Of these, aggressive orders that traded.
    pub trades: u64,
    /// Refusals by code.
    pub rejects: BTreeMap<String, u64>,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rejects: u64 = self.rejects.values().sum();
        write!(f, "{} orders, {} trades, {rejects} rejects", self.orders, self.trades)?;
        if rejects > 0 {
            write!(f, " {:?}", self.rejects)?;
        }
        Ok(())
    }
}

/// The agents of one instrument.
pub struct Agents {
    market: Market,
    maker: Key,
    taker: Key,
    walk: Walk,
    run: String,
    placed: u64,
    /// What the taker holds more than at the start; it leans against it.
    position: f64,
}

#[derive(Deserialize)]
struct Top {
    bids: Vec<(String, String)>,
    asks: Vec<(String, String)>,
}

impl Agents {
    /// Agents with these accounts; `run` makes their client order ids unique.
    pub fn new(market: Market, maker: Key, taker: Key, run: String) -> Agents {
        let centre = if market.base_price > 0 { market.base_price } else { market.last_price };
        let begin = if market.last_price > 0 { market.last_price } else { centre };
        let walk = Walk::new(centre, begin, market.limit_down, market.limit_up);
        Agents { market, maker, taker, walk, run, placed: 0, position: 0.0 }
    }

    /// Moves the fair price, then brings the ladder closer to it by at most `changes`
    /// placements and as many cancels.
    ///
    /// # Errors
    /// When the venue does not answer.
    pub async fn quote(
        &mut self,
        connection: &mut Connection,
        random: &mut SmallRng,
        counts: &mut Counts,
        changes: usize,
    ) -> Result<()> {
        let fair = self.walk.step(random);
        let path = format!("/v1/orders?symbol={}&limit=1000", self.market.symbol);
        let open: Page<Order> = connection
            .call(&self.maker, Method::GET, &path, Bytes::new())
            .await?
            .json(&format!("GET {path}"))?;
        let orders = open.items.into_iter().filter(|order| order.symbol == self.market.symbol);
        let plan = plan(&self.market, fair, orders, changes, random);
        for order_id in plan.cancel {
            let path = format!("/v1/orders/{order_id}");
            let answer = connection.call(&self.maker, Method::DELETE, &path, Bytes::new()).await?;
            note(&answer, counts);
        }
        for (buy, price) in plan.place {
            let quantity = self.quantity(random, 8.0);
            let order = self.order(buy, quantity, price, "gtc");
            let answer =
                connection.call(&self.maker, Method::POST, "/v1/orders", order.body()).await?;
            note(&answer, counts);
        }
        Ok(())
    }

    /// Takes from the best levels, mostly towards the fair price and against its position.
    ///
    /// # Errors
    /// When the venue does not answer.
    pub async fn take(
        &mut self,
        connection: &mut Connection,
        random: &mut SmallRng,
        counts: &mut Counts,
    ) -> Result<()> {
        let path = format!("/v1/instruments/{}/book?levels=3", self.market.symbol);
        let answer = connection.call(&self.taker, Method::GET, &path, Bytes::new()).await?;
        let top: Top = answer.json(&format!("GET {path}"))?;
        let lean = (self.position / (200.0 * self.market.quantity_min as f64)).tanh() * 0.3;
        let buy = random.random_bool(0.5 - lean);
        let levels = if buy { &top.asks } else { &top.bids };
        // Now and then through two or three levels at once.
        let reach = if random.random_bool(0.15) { random.random_range(1..=2) } else { 0 };
        let Some((price, _)) = levels.get(reach.min(levels.len().saturating_sub(1))) else {
            return Ok(());
        };
        let Some(price) = decimal::parse(price, self.market.price_digits) else { return Ok(()) };
        let quantity = self.quantity(random, 3.0 * (reach + 1) as f64);
        let order = self.order(buy, quantity, price, "ioc");
        let answer = connection.call(&self.taker, Method::POST, "/v1/orders", order.body()).await?;
        note(&answer, counts);
        if let Ok(order) = answer.json::<Order>("POST /v1/orders") {
            let filled = self.market.filled(&order);
            counts.trades += u64::from(filled > 0);
            self.position += if buy { filled as f64 } else { -filled as f64 };
        }
        Ok(())
    }

    /// A quantity that looks like people's: some hundred thousand yen's worth for coins, one
    /// to a few lots for shares, times a random factor up to `most`.
    fn quantity(&self, random: &mut SmallRng, most: f64) -> i64 {
        let unit = if self.market.profile == "tse" {
            self.market.lot as f64
        } else {
            (self.market.quantity_min * 150) as f64
        };
        self.market.on_lot((unit * random.random_range(1.0..=most)) as i64)
    }

    fn order(&mut self, buy: bool, quantity: i64, price: i64, tif: &'static str) -> NewOrder {
        self.placed += 1;
        NewOrder {
            client_order_id: format!("{}-{}", self.run, self.placed),
            symbol: self.market.symbol.clone(),
            side: if buy { "buy" } else { "sell" },
            kind: "limit",
            quantity: self.market.quantity_text(quantity),
            price: Some(self.market.price_text(price)),
            time_in_force: tif,
            post_only: false,
        }
    }
}

fn note(answer: &Answer, counts: &mut Counts) {
    if answer.is_success() {
        counts.orders += 1;
    } else {
        // An order that was filled in between cannot be cancelled; that is the market.
        *counts.rejects.entry(answer.code()).or_default() += 1;
    }
}

/// What brings a ladder closer to the fair price.
#[derive(Debug, Default, PartialEq, Eq)]
struct LadderPlan {
    cancel: Vec<String>,
    place: Vec<(bool, i64)>,
}

fn plan(
    market: &Market,
    fair: f64,
    orders: impl Iterator<Item = Order>,
    changes: usize,
    random: &mut SmallRng,
) -> LadderPlan {
    let step = market.tick_at(fair as i64).max((fair * LEVEL_STEP) as i64);
    let far = step * LEVELS * 3 / 2;
    let mut plan = LadderPlan::default();
    let mut covered: BTreeSet<(bool, i64)> = BTreeSet::new();
    let mut keeping = Vec::new();
    for order in orders {
        let buy = order.side == "buy";
        let price = order.price.as_deref().and_then(|p| decimal::parse(p, market.price_digits));
        let Some(price) = price else { continue };
        // Distance from the fair price to the order's own side, in levels.
        let away = if buy { fair - price as f64 } else { price as f64 - fair };
        if away < 0.0 || away > far as f64 {
            plan.cancel.push(order.order_id);
        } else {
            covered.insert((buy, (away / step as f64) as i64));
            keeping.push(order.order_id);
        }
    }
    for level in 0..LEVELS {
        for buy in [true, false] {
            if covered.contains(&(buy, level)) {
                continue;
            }
            let away = step * level + random.random_range(step / 2..=step - step / 8);
            let price = market.on_tick(fair as i64 + if buy { -away } else { away });
            plan.place.push((buy, price));
        }
    }
    // A ladder in place still lives: one of its orders goes, and comes back elsewhere.
    if plan.cancel.is_empty() && plan.place.is_empty() && !keeping.is_empty() {
        plan.cancel.push(keeping.swap_remove(random.random_range(0..keeping.len())));
    }
    plan.cancel.truncate(changes);
    plan.place.truncate(changes);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::reference::Instrument;
    use rand::SeedableRng;

    fn market() -> Market {
        let text = |text: &str| Some(text.to_owned());
        Market::new(&Instrument {
            symbol: "BTC_JPY".into(),
            profile: "crypto".into(),
            base_asset: "BTC".into(),
            quote_asset: "JPY".into(),
            tick_size: text("1"),
            tick_table: None,
            lot_size: "0.0001".into(),
            min_quantity: "0.0001".into(),
            base_price: text("15200000"),
            limit_down: None,
            limit_up: None,
            last_price: None,
            price_digits: 0,
            quantity_digits: 4,
        })
        .unwrap()
    }

    fn order(number: usize, (buy, price): (bool, i64)) -> Order {
        Order {
            order_id: number.to_string(),
            client_order_id: String::new(),
            symbol: "BTC_JPY".into(),
            side: if buy { "buy" } else { "sell" }.into(),
            price: Some(price.to_string()),
            quantity: "1".into(),
            filled_quantity: "0".into(),
            remaining_quantity: "1".into(),
            status: "open".into(),
            reject_code: None,
            seq: 1,
        }
    }

    #[test]
    fn an_empty_book_gets_a_whole_uncrossed_ladder() {
        let (market, mut random) = (market(), SmallRng::seed_from_u64(1));
        let plan = plan(&market, 15_200_000.0, std::iter::empty(), usize::MAX, &mut random);
        assert_eq!(plan.cancel, [] as [String; 0]);
        assert_eq!(plan.place.len(), 2 * LEVELS as usize);
        for (buy, price) in &plan.place {
            assert!(if *buy { *price < 15_200_000 } else { *price > 15_200_000 });
        }
    }

    #[test]
    fn a_price_that_moved_on_pulls_the_ladder_along() {
        let (market, mut random) = (market(), SmallRng::seed_from_u64(1));
        let ladder = plan(&market, 15_200_000.0, std::iter::empty(), usize::MAX, &mut random).place;
        let orders = || ladder.iter().enumerate().map(|(n, at)| order(n, *at));
        let moved = plan(&market, 15_260_000.0, orders(), usize::MAX, &mut random);
        assert!(!moved.cancel.is_empty() && !moved.place.is_empty());
        for id in &moved.cancel {
            let (buy, price) = ladder[id.parse::<usize>().unwrap()];
            assert!(buy || price <= 15_260_000, "only what is across or far away goes");
        }
        let paced = plan(&market, 15_260_000.0, orders(), 2, &mut random);
        assert_eq!((paced.cancel.len(), paced.place.len()), (2, 2));
        let still = plan(&market, 15_200_000.0, orders(), 2, &mut random);
        assert_eq!(
            (still.cancel.len(), still.place.len()),
            (1, 0),
            "a ladder in place still moves"
        );
    }
}
