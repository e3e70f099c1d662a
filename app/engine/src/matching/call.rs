//! Carries out an auction in a book: asks `auction` for the price, lines up what trades there,
//! pairs buys with sells, settles each pair, ends what is filled, and says how it ended. Which
//! instruments call auctions, when, and over which range, is not known here.

use crate::auction::{Claim, Outcome, Sharing, Terms, price};
use crate::engine::{Engine, Touched};
use crate::event::{CloseReason, Event};
use crate::orders::Hot;
use crate::types::*;

/// Room to work in, kept so that an auction allocates nothing.
#[derive(Default)]
pub(crate) struct Claims {
    buys: Vec<Claim>,
    sells: Vec<Claim>,
    sharing: Sharing,
}

impl Claims {
    /// Room for auctions of this many orders a side; more is made when first needed.
    pub(crate) fn new(orders: usize) -> Claims {
        Claims {
            buys: Vec::with_capacity(orders),
            sells: Vec::with_capacity(orders),
            sharing: Sharing::new(),
        }
    }
}

impl Engine {
    /// Holds an auction over everything that rests in a book, at a price from `range.0` to
    /// `range.1`, and says how it ended. The instrument's phase and quote stay as they are.
    pub(crate) fn run_auction(
        &mut self,
        instrument: InstrumentId,
        kind: AuctionKind,
        range: (i64, i64),
        events: &mut Vec<Event>,
    ) -> AuctionEnd {
        let outcome = self.outlook(instrument, range);
        self.hold_auction(instrument, kind, outcome, events);
        outcome.end
    }

    /// What an auction over this range would do now.
    pub(crate) fn outlook(&self, instrument: InstrumentId, range: (i64, i64)) -> Outcome {
        let market = &self.markets[instrument.0 as usize];
        let [buys, sells] = &market.sides;
        let at_market =
            [buys, sells].map(|side| self.books.market_queue(side).map_or(0, |l| l.quantity));
        let (mut low, mut high) = range;
        // A market order is locked for up to its own bound, whatever the limits are by now.
        if at_market[0] != 0 {
            high = high.min(market.tokyo.market_bounds[0]);
        }
        if at_market[1] != 0 {
            low = low.max(market.tokyo.market_bounds[1]);
        }
        let centre = market.reference();
        let terms = Terms { low, high, centre, ticks: market.ticks() };
        let bids = self.books.walk(buys).map(|level| (level.price, level.quantity));
        let asks = self.books.walk(sells).map(|level| (level.price, level.quantity));
        price(&terms, at_market[0], at_market[1], bids, asks)
    }

    /// Trades what an outcome says and announces it.
    pub(crate) fn hold_auction(
        &mut self,
        instrument: InstrumentId,
        kind: AuctionKind,
        outcome: Outcome,
        events: &mut Vec<Event>,
    ) {
        let Outcome { end, price, quantity, surplus } = outcome;
        let trades = !matches!(end, AuctionEnd::Empty | AuctionEnd::Unpriced);
        if trades {
            let mut room = std::mem::take(&mut self.claims);
            self.fetch_queues(instrument, outcome.price);
            self.line_up(instrument, Side::Buy, &outcome, &mut room);
            self.line_up(instrument, Side::Sell, &outcome, &mut room);
            self.pair(price, &mut room, events);
            self.claims = room;
            self.announce_touched(events);
        }
        let (price, quantity) = if trades { (price, quantity) } else { (0, 0) };
        self.worked += 1;
        events.push(Event::Auction {
            instrument,
            kind,
            end,
            price: Price(price),
            quantity: Quantity(quantity),
            surplus: Quantity(surplus),
        });
    }

    /// Collects the orders of one side that trade, in order of priority, with what each gets.
    fn line_up(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        outcome: &Outcome,
        room: &mut Claims,
    ) {
        let market = &self.markets[instrument.0 as usize];
        let book = &market.sides[side as usize];
        let claims = match side {
            Side::Buy => &mut room.buys,
            Side::Sell => &mut room.sells,
        };
        claims.clear();
        let lot = self.specs[instrument.0 as usize].lot.0;
        let participants = self.participants[market.profile as usize];
        let levels = self.books.market_queue(book).into_iter().chain(self.books.walk(book));
        let whole = outcome.end != AuctionEnd::Priced && outcome.excess() == Some(side);
        let mut left = outcome.quantity;
        for level in levels {
            let inside = match side {
                Side::Buy => level.price >= outcome.price || level.price == 0,
                Side::Sell => level.price <= outcome.price,
            };
            if !inside || left == 0 {
                break;
            }
            self.touched.push(Touched { instrument, side, price: level.price });
            let first = claims.len();
            for (at, slot) in self.books.queue(level, &self.orders.hot).enumerate() {
                let hot = &self.orders.hot[slot as usize];
                let (group, priority) = market.group(hot);
                claims.push(Claim {
                    tag: slot,
                    participant: self.participant(participants, hot.account),
                    group,
                    priority,
                    entry: at as u64,
                    quantity: hot.remaining,
                    allocated: hot.remaining,
                });
            }
            if whole {
                continue;
            }
            if level.quantity > left {
                room.sharing.by_groups(left, lot, &mut claims[first..]);
            }
            left -= level.quantity.min(left);
        }
        if whole {
            // Orders of several queues stand beside each other: what counts is when they came.
            for claim in claims.iter_mut() {
                claim.entry = self.orders.entry(claim.tag);
            }
            match outcome.end {
                AuctionEnd::StopAllocation => {
                    room.sharing.in_turns(outcome.quantity, lot, claims);
                }
                _ => room.sharing.by_time(outcome.quantity, claims),
            }
        }
        self.worked += claims.len() as u32;
    }

    /// Trades what was lined up, buys with sells in order, and ends what is filled.
    fn pair(&mut self, price: i64, room: &mut Claims, events: &mut Vec<Event>) {
        let Claims { buys, sells, .. } = room;
        self.fetch_claims(sells, 0);
        let mut with = 0;
        for at in 0..buys.len() {
            self.fetch_claims(buys, at);
            while buys[at].allocated > 0 {
                // Both sides of an auction trade the same quantity: there is another one.
                while sells[with].allocated == 0 {
                    with += 1;
                    self.fetch_claims(sells, with);
                }
                let (buy, sell) = (&mut buys[at], &mut sells[with]);
                let quantity = buy.allocated.min(sell.allocated);
                self.trade_in_auction(buy.tag, sell.tag, price, quantity, events);
                buy.allocated -= quantity;
                sell.allocated -= quantity;
                let sold = sell.tag;
                self.leave_if_filled(buy.tag, events);
                self.leave_if_filled(sold, events);
            }
        }
    }

    /// Ends a resting order that is filled.
    fn leave_if_filled(&mut self, slot: u32, events: &mut Vec<Event>) {
        let Hot { remaining, instrument, side, .. } = self.orders.hot[slot as usize];
        if remaining == 0 {
            let book = &mut self.markets[instrument.0 as usize].sides[side as usize];
            self.books.unlink(book, &mut self.orders.hot, slot);
            self.close(slot, CloseReason::Filled, events);
        }
    }
}
