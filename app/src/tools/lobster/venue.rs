//! The venue as a replay sees it: two accounts (one holds every resting order of the data,
//! the other sends the aggressive orders), one connection, the book, the fills.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::lane::Lane;
use super::message::PRICE_DIGITS;
use super::orderbook::{Levels, Row};
use crate::tools::client::{Connection, Endpoint, Key, NewOrder, Order};
use crate::tools::decimal;
use crate::tools::reference::{self, Market, Page};

/// How long history may take to catch up before fills are given up.
const HISTORY_PATIENCE: Duration = Duration::from_secs(120);

/// Accounts, connection and instrument of a replay.
pub struct Venue {
    /// The one connection: requests on it are carried out in order.
    pub connection: Connection,
    /// Holds the data's resting orders.
    pub maker: Lane,
    /// Sends the aggressive orders.
    pub taker: Lane,
    market: Market,
    run: String,
    placed: u64,
}

#[derive(Deserialize)]
struct BookAnswer {
    bids: Vec<(String, String)>,
    asks: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Fill {
    order_id: String,
    quantity: String,
    seq: u64,
}

#[derive(Deserialize)]
struct HistoryMark {
    seq: u64,
}

impl Venue {
    /// Connects and finds the instrument.
    ///
    /// # Errors
    /// When the venue does not answer or has no such instrument.
    pub async fn open(endpoint: Endpoint, maker: Key, taker: Key, symbol: &str) -> Result<Venue> {
        let mut connection = Connection::new(endpoint);
        let market = reference::markets(&mut connection, &[symbol.to_owned()])
            .await?
            .pop()
            .with_context(|| format!("no instrument {symbol}"))?;
        Ok(Venue {
            connection,
            maker: Lane::new(maker),
            taker: Lane::new(taker),
            market,
            run: format!("R{:x}", crate::clock::now().0 / 1_000_000),
            placed: 0,
        })
    }

    /// A limit order; price in 10^-4 dollars.
    pub fn order(
        &mut self,
        buy: bool,
        size: i64,
        price: i64,
        time_in_force: &'static str,
    ) -> NewOrder {
        self.placed += 1;
        NewOrder {
            client_order_id: format!("{}-{}", self.run, self.placed),
            symbol: self.market.symbol.clone(),
            side: if buy { "buy" } else { "sell" },
            kind: "limit",
            quantity: self.size_text(size),
            price: Some(decimal::format(price, PRICE_DIGITS)),
            time_in_force,
            post_only: false,
        }
    }

    /// Shares as the API writes them.
    pub fn size_text(&self, size: i64) -> String {
        size.to_string()
    }

    /// How many shares an order has filled.
    pub fn filled(&self, order: &Order) -> i64 {
        self.market.filled(order)
    }

    /// Removes what an earlier replay left and makes sure that nobody else is in the book.
    ///
    /// # Errors
    /// When the book cannot be emptied.
    pub async fn clear(&mut self) -> Result<()> {
        for lane in [&self.maker, &self.taker] {
            lane.clear(&mut self.connection, &self.market.symbol).await?;
        }
        let book = self.book(1).await?;
        if book != Row::default() {
            bail!(
                "{} has orders of other accounts; a replay needs the book for itself",
                self.market.symbol
            );
        }
        Ok(())
    }

    /// The venue's book in the data's units.
    ///
    /// # Errors
    /// When the venue does not answer with a book.
    pub async fn book(&mut self, levels: usize) -> Result<Row> {
        let path = format!("/v1/instruments/{}/book?levels={levels}", self.market.symbol);
        let book: BookAnswer = self.maker.get(&mut self.connection, &path).await?;
        Ok(Row { bids: side(&book.bids)?, asks: side(&book.asks)? })
    }

    /// Fills of the resting account from journal sequence `since` to `until`, by sequence:
    /// which orders, and how much of each. Waits until history has reached `until`.
    ///
    /// # Errors
    /// When history does not get there or does not answer.
    pub async fn fills(
        &mut self,
        since: u64,
        until: u64,
    ) -> Result<HashMap<u64, Vec<(String, i64)>>> {
        let first = format!("/v1/fills?symbol={}&limit=1000", self.market.symbol);
        let started = Instant::now();
        loop {
            let mark: HistoryMark = self.maker.get(&mut self.connection, &first).await?;
            if mark.seq >= until {
                break;
            }
            if started.elapsed() > HISTORY_PATIENCE {
                bail!("history is at sequence {}, not yet at {until}", mark.seq);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut fills: HashMap<u64, Vec<(String, i64)>> = HashMap::new();
        let mut path = first.clone();
        loop {
            let page: Page<Fill> = self.maker.get(&mut self.connection, &path).await?;
            let oldest = page.items.last().map_or(0, |fill| fill.seq);
            for fill in page.items.into_iter().filter(|fill| (since..=until).contains(&fill.seq)) {
                let size = decimal::parse(&fill.quantity, 0)
                    .with_context(|| format!("a fill of {:?} shares", fill.quantity))?;
                fills.entry(fill.seq).or_default().push((fill.order_id, size));
            }
            match page.next_cursor {
                // Newest first: a page that ends before `since` is the last of interest.
                Some(cursor) if oldest >= since => path = format!("{first}&cursor={cursor}"),
                _ => return Ok(fills),
            }
        }
    }
}

fn side(levels: &[(String, String)]) -> Result<Levels> {
    levels
        .iter()
        .map(|(price, quantity)| {
            decimal::parse(price, PRICE_DIGITS)
                .zip(decimal::parse(quantity, 0))
                .with_context(|| format!("level {price} x {quantity} is not in the data's units"))
        })
        .collect()
}
