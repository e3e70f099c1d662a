//! Playing with a book that is seeded from the order book file: before a message the
//! venue's book is made equal to the row before it, by placing, shrinking and cancelling
//! only what differs. Orders of levels whose own orders are unknown are synthetic: one per
//! difference. Works on levels; which order of a level is which does not matter here.

use std::collections::{BTreeMap, VecDeque};

use anyhow::{Result, bail};

use super::lane::Operation;
use super::message::{Kind, Message};
use super::orderbook::Row;
use super::venue::Venue;

/// One of our resting orders.
struct Held {
    /// The venue's number; empty until its placement is answered.
    venue: String,
    /// The data's number; zero for synthetic ones.
    order: u64,
    total: i64,
    open: i64,
}

type Book = BTreeMap<i64, VecDeque<Held>>;

/// What we have in the venue's book.
#[derive(Default)]
pub struct Seeded {
    bids: Book,
    asks: Book,
    /// Side and price of the placements that wait, by position in the lane.
    placing: Vec<Option<(bool, i64)>>,
}

impl Seeded {
    fn side(&mut self, buy: bool) -> &mut Book {
        if buy { &mut self.bids } else { &mut self.asks }
    }

    /// Makes the venue's book equal to `row`, as far as it is not yet.
    ///
    /// # Errors
    /// When the venue refuses or does not answer.
    pub async fn seed(&mut self, venue: &mut Venue, row: &Row) -> Result<()> {
        // What has to go goes first on both sides, or what comes could trade with it.
        for (buy, levels) in [(true, &row.bids), (false, &row.asks)] {
            let wanted: BTreeMap<i64, i64> = levels.iter().copied().collect();
            let prices: Vec<i64> = self.side(buy).keys().copied().collect();
            for price in prices {
                let surplus = self.open_at(buy, price) - wanted.get(&price).copied().unwrap_or(0);
                self.shrink(venue, buy, price, surplus, 0);
            }
        }
        for (buy, levels) in [(true, &row.bids), (false, &row.asks)] {
            for &(price, size) in levels {
                let missing = size - self.open_at(buy, price);
                if missing > 0 {
                    self.place(venue, buy, price, missing, 0);
                }
            }
        }
        Ok(())
    }

    /// Plays one message on the seeded book, and sends everything that waits.
    ///
    /// # Errors
    /// When the venue refuses or does not answer.
    pub async fn play(&mut self, venue: &mut Venue, message: &Message) -> Result<()> {
        let &Message { buy, price, size, order, .. } = message;
        match message.kind {
            Kind::New => self.place(venue, buy, price, size, order),
            Kind::PartialCancel | Kind::Delete => self.shrink(venue, buy, price, size, order),
            Kind::Execute => return self.execute(venue, message).await,
            Kind::ExecuteHidden | Kind::Cross | Kind::Halt => {}
        }
        self.flush(venue).await
    }

    fn open_at(&mut self, buy: bool, price: i64) -> i64 {
        self.side(buy).get(&price).map_or(0, |level| level.iter().map(|held| held.open).sum())
    }

    fn place(&mut self, venue: &mut Venue, buy: bool, price: i64, size: i64, order: u64) {
        let request = venue.order(buy, size, price, "gtc");
        venue.maker.push(Operation::Place(request));
        self.placing.push(Some((buy, price)));
        let held = Held { venue: String::new(), order, total: size, open: size };
        self.side(buy).entry(price).or_default().push_back(held);
    }

    /// Takes `size` from a level: from the named order first, then from the newest.
    fn shrink(&mut self, venue: &mut Venue, buy: bool, price: i64, mut size: i64, order: u64) {
        let placing = &mut self.placing;
        let side = if buy { &mut self.bids } else { &mut self.asks };
        let Some(level) = side.get_mut(&price) else { return };
        while size > 0 && !level.is_empty() {
            let named = level.iter().position(|held| order != 0 && held.order == order);
            let index = named.unwrap_or(level.len() - 1);
            let held = &mut level[index];
            let part = size.min(held.open);
            size -= part;
            held.open -= part;
            held.total -= part;
            let order_id = held.venue.clone();
            venue.maker.push(if held.open > 0 {
                Operation::Amend { order_id, quantity: venue.size_text(held.total) }
            } else {
                Operation::Cancel { order_id }
            });
            placing.push(None);
            if held.open == 0 {
                level.remove(index);
            }
        }
        if level.is_empty() {
            side.remove(&price);
        }
    }

    async fn execute(&mut self, venue: &mut Venue, message: &Message) -> Result<()> {
        self.flush(venue).await?;
        let order = venue.order(!message.buy, message.size, message.price, "ioc");
        venue.taker.push(Operation::Place(order));
        let outcome = venue.taker.flush(&mut venue.connection).await?.pop();
        match outcome {
            Some(Ok(order)) => self.consume(message.buy, venue.filled(&order)),
            Some(Err(code)) => {
                bail!("the venue refused the aggressive order of line {}: {code}", message.line)
            }
            None => {}
        }
        Ok(())
    }

    /// Takes what an aggressive order filled out of the model: best price first, at one
    /// price the oldest first, as the venue does.
    fn consume(&mut self, buy: bool, mut filled: i64) {
        let side = self.side(buy);
        while filled > 0 {
            let best = if buy { side.last_entry() } else { side.first_entry() };
            let Some(mut level) = best else { return };
            while let Some(held) = level.get_mut().front_mut().filter(|_| filled > 0) {
                let part = filled.min(held.open);
                filled -= part;
                held.open -= part;
                if held.open == 0 {
                    level.get_mut().pop_front();
                }
            }
            if level.get().is_empty() {
                level.remove();
            }
        }
    }

    async fn flush(&mut self, venue: &mut Venue) -> Result<()> {
        if venue.maker.is_empty() {
            return Ok(());
        }
        let outcomes = venue.maker.flush(&mut venue.connection).await?;
        for (outcome, place) in outcomes.into_iter().zip(std::mem::take(&mut self.placing)) {
            let order = match outcome {
                Ok(order) => order,
                Err(code) => bail!("the venue refused to change the seeded book: {code}"),
            };
            let Some((buy, price)) = place else { continue };
            // Without seeding again the model drifts from the data, and a new order may trade.
            let filled = venue.filled(&order);
            self.consume(!buy, filled);
            let level = self.side(buy).entry(price).or_default();
            // Placements of one level are answered in the order they were made.
            if let Some(at) = level.iter().position(|held| held.venue.is_empty()) {
                level[at].venue = order.order_id;
                level[at].open -= filled;
                if level[at].open == 0 {
                    level.remove(at);
                }
            }
            if level.is_empty() {
                self.side(buy).remove(&price);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(venue: &str, order: u64, open: i64) -> Held {
        Held { venue: venue.into(), order, total: open, open }
    }

    #[test]
    fn aggressive_orders_take_the_best_price_and_the_oldest_first() {
        let mut seeded = Seeded::default();
        seeded.bids.insert(100, VecDeque::from([held("1", 0, 10), held("2", 0, 10)]));
        seeded.bids.insert(101, VecDeque::from([held("3", 0, 5)]));
        seeded.consume(true, 8);
        assert!(!seeded.bids.contains_key(&101), "the best level is gone");
        assert_eq!(seeded.open_at(true, 100), 17);
        assert_eq!(seeded.bids[&100][0].open, 7, "the older order gave");
        seeded.consume(true, 99);
        assert!(seeded.bids.is_empty());
    }
}
