//! Plays a message file through from an empty book, order by order. The data's order of
//! messages is kept exactly: operations travel in batches that the venue carries out in
//! order, and a batch is cut where a message needs an answer that is still on its way, or
//! where the other account has to act.
//!
//! Now and then the data executes an order that, by its own messages, is not the first of its
//! level. Such an execution fills another order here and is counted as one that missed. Then
//! the level is entered anew in the data's order, as a client can: otherwise that one miss
//! would make the executions after it miss as well.

use std::collections::{HashMap, HashSet, VecDeque};

use anyhow::Result;

use super::lane::Operation;
use super::message::{Kind, Message};
use super::report::{Counts, Execution};
use super::venue::Venue;

/// An order of the data that should be in the venue's book.
struct Known {
    /// The venue's number; none while its placement is on its way.
    venue: Option<String>,
    /// Total quantity as last told the venue.
    total: i64,
    /// Open quantity according to the data.
    open: i64,
    /// Where it rests.
    level: Level,
}

/// Side (whether it buys) and price.
type Level = (bool, i64);

/// State of a replay.
#[derive(Default)]
pub struct Player {
    known: HashMap<u64, Known>,
    /// The data's orders of each level, oldest first.
    queues: HashMap<Level, VecDeque<u64>>,
    /// Orders the venue refused; what follows about them is skipped.
    refused: HashSet<u64>,
    /// The data's orders behind the placements that wait, by position.
    placing: Vec<Option<u64>>,
    /// Executions that wait for their answer.
    executing: Vec<Execution>,
    /// Executions done.
    pub executions: Vec<Execution>,
    /// What was done.
    pub counts: Counts,
    /// Lowest and highest sequence seen in answers.
    pub seqs: Option<(u64, u64)>,
}

impl Player {
    /// Plays one message; it may wait in a batch until [`Player::flush`].
    ///
    /// # Errors
    /// When the venue does not answer.
    pub async fn play(&mut self, venue: &mut Venue, message: &Message) -> Result<()> {
        match message.kind {
            Kind::ExecuteHidden => self.counts.hidden += 1,
            Kind::Cross | Kind::Halt => self.counts.other += 1,
            Kind::New => self.place(venue, message).await?,
            Kind::PartialCancel | Kind::Delete => {
                if self.is_known(message) {
                    self.reduce(venue, message).await?;
                }
            }
            Kind::Execute => {
                if self.is_known(message) {
                    self.execute(venue, message).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether the order is one we placed; counts the message where it is not.
    fn is_known(&mut self, message: &Message) -> bool {
        if self.known.contains_key(&message.order) {
            return true;
        }
        if self.refused.contains(&message.order) {
            self.counts.refused_before += 1;
        } else {
            self.counts.unknown += 1;
            self.counts.unknown_executions += u64::from(message.kind == Kind::Execute);
        }
        false
    }

    async fn place(&mut self, venue: &mut Venue, message: &Message) -> Result<()> {
        self.flush_taker(venue).await?;
        let order = venue.order(message.buy, message.size, message.price, "gtc");
        self.push_maker(venue, Operation::Place(order), Some(message.order)).await?;
        let level = (message.buy, message.price);
        let known = Known { venue: None, total: message.size, open: message.size, level };
        self.known.insert(message.order, known);
        self.queues.entry(level).or_default().push_back(message.order);
        self.counts.played += 1;
        Ok(())
    }

    async fn reduce(&mut self, venue: &mut Venue, message: &Message) -> Result<()> {
        self.flush_taker(venue).await?;
        let Some((order_id, known)) = self.settled(venue, message).await? else {
            return Ok(());
        };
        let operation = if message.kind == Kind::Delete || message.size >= known.open {
            self.forget(message.order);
            Operation::Cancel { order_id }
        } else {
            known.total -= message.size;
            known.open -= message.size;
            Operation::Amend { order_id, quantity: venue.size_text(known.total) }
        };
        self.push_maker(venue, operation, None).await?;
        self.counts.played += 1;
        Ok(())
    }

    async fn execute(&mut self, venue: &mut Venue, message: &Message) -> Result<()> {
        self.flush_maker(venue).await?;
        let Some((expected, known)) = self.settled(venue, message).await? else {
            return Ok(());
        };
        let level = known.level;
        let order = venue.order(!message.buy, message.size, message.price, "ioc");
        venue.taker.push(Operation::Place(order));
        let (line, size) = (message.line, message.size);
        self.executing.push(Execution { line, expected, size, seq: None });
        self.counts.played += 1;
        let first = self.queues.get(&level).and_then(|queue| queue.front()) == Some(&message.order);
        if !first {
            self.enter_anew(venue, level, message).await?;
        } else {
            self.shrink(message.order, size);
        }
        if venue.taker.is_full() { self.flush_taker(venue).await } else { Ok(()) }
    }

    /// Takes `size` from an order of the model.
    fn shrink(&mut self, order: u64, size: i64) {
        let Some(known) = self.known.get_mut(&order) else { return };
        known.open -= size;
        if known.open <= 0 {
            self.forget(order);
        }
    }

    fn forget(&mut self, order: u64) {
        let Some(known) = self.known.remove(&order) else { return };
        if let Some(queue) = self.queues.get_mut(&known.level) {
            queue.retain(|other| *other != order);
            if queue.is_empty() {
                self.queues.remove(&known.level);
            }
        }
    }

    /// Sends the execution of an order that is not the first of its level, which fills those
    /// before it, then cancels what is left of the level and enters it in the data's order.
    async fn enter_anew(
        &mut self,
        venue: &mut Venue,
        level: Level,
        message: &Message,
    ) -> Result<()> {
        self.flush_taker(venue).await?;
        let mut left = message.size;
        for order in self.queues.get(&level).cloned().unwrap_or_default() {
            let Some(known) = self.known.get(&order) else { continue };
            let open = known.open;
            let venue_order = known.venue.clone();
            // Those the execution filled whole are gone from the venue's book already.
            if let Some(order_id) = venue_order.filter(|_| left < open) {
                self.push_maker(venue, Operation::Cancel { order_id }, None).await?;
            }
            left = (left - open).max(0);
        }
        self.shrink(message.order, message.size);
        let (buy, price) = level;
        for order in self.queues.get(&level).cloned().unwrap_or_default() {
            let Some(known) = self.known.get_mut(&order) else { continue };
            let size = known.open;
            (known.venue, known.total) = (None, size);
            let request = venue.order(buy, size, price, "gtc");
            self.push_maker(venue, Operation::Place(request), Some(order)).await?;
        }
        self.counts.entered_anew += 1;
        self.flush_maker(venue).await
    }

    /// The venue's number of the message's order, sending what waits if that is needed to
    /// learn it. None where the venue refused the order.
    async fn settled(
        &mut self,
        venue: &mut Venue,
        message: &Message,
    ) -> Result<Option<(String, &mut Known)>> {
        if self.known.get(&message.order).is_some_and(|known| known.venue.is_none()) {
            self.flush_maker(venue).await?;
        }
        if !self.is_known(message) {
            return Ok(None);
        }
        Ok(self
            .known
            .get_mut(&message.order)
            .and_then(|known| known.venue.clone().map(|order_id| (order_id, known))))
    }

    async fn push_maker(
        &mut self,
        venue: &mut Venue,
        operation: Operation,
        placing: Option<u64>,
    ) -> Result<()> {
        // A full batch goes before the next operation is added, so that the order just
        // placed is always among those that `flush_maker` looks at.
        if venue.maker.is_full() {
            self.flush_maker(venue).await?;
        }
        venue.maker.push(operation);
        self.placing.push(placing);
        Ok(())
    }

    /// Sends everything that waits.
    ///
    /// # Errors
    /// When the venue does not answer.
    pub async fn flush(&mut self, venue: &mut Venue) -> Result<()> {
        self.flush_maker(venue).await?;
        self.flush_taker(venue).await
    }

    async fn flush_maker(&mut self, venue: &mut Venue) -> Result<()> {
        if venue.maker.is_empty() {
            return Ok(());
        }
        let outcomes = venue.maker.flush(&mut venue.connection).await?;
        for (outcome, order) in outcomes.into_iter().zip(std::mem::take(&mut self.placing)) {
            let (Some(order), outcome) = (order, outcome) else { continue };
            match outcome {
                Ok(placed) => {
                    note(&mut self.seqs, placed.seq);
                    if let Some(known) = self.known.get_mut(&order) {
                        known.venue = Some(placed.order_id);
                    }
                }
                Err(_) => {
                    self.forget(order);
                    self.refused.insert(order);
                }
            }
        }
        Ok(())
    }

    async fn flush_taker(&mut self, venue: &mut Venue) -> Result<()> {
        if venue.taker.is_empty() {
            return Ok(());
        }
        let outcomes = venue.taker.flush(&mut venue.connection).await?;
        for (outcome, mut execution) in
            outcomes.into_iter().zip(std::mem::take(&mut self.executing))
        {
            if let Ok(order) = outcome {
                note(&mut self.seqs, order.seq);
                execution.seq = Some(order.seq);
            }
            self.executions.push(execution);
        }
        Ok(())
    }
}

fn note(seqs: &mut Option<(u64, u64)>, seq: u64) {
    *seqs = Some(match *seqs {
        Some((low, high)) => (low.min(seq), high.max(seq)),
        None => (seq, seq),
    });
}
