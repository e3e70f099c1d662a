//! What the odd-lot desks trade: one deal with the house, and the batches that are filled at an
//! auction's price, a bounded number of orders per command. Who may send an order, and what it locks:
//! [`super::oddlot`].

use crate::engine::Engine;
use crate::engine::oddlot::{NO_PRICE, SLICE, Sums, batch, sums};
use crate::engine::waiting::Room;
use crate::event::{Cause, CloseReason, DeskTrade, Event};
use crate::matching::stage;
use crate::money::Traded;
use crate::types::*;

impl Engine {
    /// Whether the house has what its side of a trade takes.
    pub(super) fn house_covers(
        &self,
        instrument: InstrumentId,
        client: Side,
        sums: &Sums,
        quantity: i64,
    ) -> bool {
        let market = &self.markets[instrument.0 as usize];
        let (asset, spends) = match client {
            Side::Buy => (market.base, market.units.base(quantity)),
            Side::Sell => (market.quote, sums.house),
        };
        let balance = self.ledger.find(AccountId::HOUSE, asset);
        spends <= balance.map_or(0, |slot| self.ledger.get(slot).available())
    }

    /// One trade with the house, of all a live order is for. The order is in no queue; what it
    /// has locked is given back with it.
    pub(super) fn deal(&mut self, slot: u32, price: i64, desk: Desk, events: &mut Vec<Event>) {
        let hot = self.orders.hot[slot as usize];
        let (instrument, side, quantity) = (hot.instrument, hot.side, hot.remaining);
        let market = &self.markets[instrument.0 as usize];
        let (base, quote, rounding) = (market.base, market.quote, market.rounding);
        let units = market.units;
        let locked = match desk {
            Desk::Principal => 0,
            Desk::Batch => units.lock(side, Traded::default(), hot.bound, quantity),
        };
        let odd_lots = &mut self.odd_lots[instrument.0 as usize];
        let sums = sums(&odd_lots.terms, market, side, price, quantity);
        let Sums { client, house } = sums.expect("checked before");
        let shares = units.base(quantity);
        odd_lots.house_net += if side == Side::Buy { -quantity } else { quantity };
        self.trades += 1;
        let trade = self.trades;
        events.push(Event::DeskTrade(DeskTrade {
            trade: TradeId(trade),
            instrument,
            price: Price(price),
            quantity: Quantity(quantity),
            side,
            order: OrderId(hot.id),
            account: hot.account,
            amount: Amount(client),
            desk,
            house_net: Quantity(odd_lots.house_net),
        }));
        self.orders.add_fill(slot, price * quantity, 0, self.seq, self.at);
        self.expect_less(slot, quantity);
        self.orders.hot[slot as usize].remaining = 0;
        let (buyer, seller) = match side {
            Side::Buy => ((hot.account, client), (AccountId::HOUSE, house)),
            Side::Sell => ((AccountId::HOUSE, house), (hot.account, client)),
        };
        self.note_traded(instrument, buyer, seller);
        let [house_base, house_quote] = [base, quote].map(|asset| {
            self.open_balance(AccountId::HOUSE, asset).expect("room was checked before")
        });
        let (spent, got) = match side {
            Side::Buy => (client, shares),
            Side::Sell => (shares, client),
        };
        let (house_spends, house_gets, spends, gets) = match side {
            Side::Buy => (house_base, house_quote, shares, house),
            Side::Sell => (house_quote, house_base, house, shares),
        };
        let ledger = &mut self.ledger;
        ledger.change(hot.pays, (-spent, -locked), Cause::Trade, trade, events);
        ledger.change(house_spends, (-spends, 0), Cause::Trade, trade, events);
        ledger.change(hot.receives, (got, 0), Cause::Trade, trade, events);
        ledger.change(house_gets, (gets, 0), Cause::Trade, trade, events);
        let difference = match side {
            Side::Buy => client - house,
            Side::Sell => house - client,
        };
        if difference != 0 {
            ledger.change(rounding, (difference, 0), Cause::Rounding, trade, events);
        }
        self.close(slot, CloseReason::Filled, events);
    }

    /// Whether batch orders of an instrument wait to be filled or ended now.
    pub(crate) fn batch_is_due(&self, instrument: InstrumentId) -> bool {
        self.next_of_batch(instrument).is_some()
    }

    /// The next batch order to be handled, and its price.
    fn next_of_batch(&self, instrument: InstrumentId) -> Option<(u32, i64)> {
        let slot = self.parked(instrument, Room::OddLot).next()?;
        let batch = self.orders.extra(slot)?.batch;
        let price = self.odd_lots[instrument.0 as usize].prices[batch as usize];
        (price != 0).then_some((slot, price))
    }

    /// Takes in that the session under way has its first price, if it has, and fills or ends some
    /// of the batch orders whose price is known.
    pub(crate) fn serve_odd_lots(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        if self.parked(instrument, Room::OddLot).next().is_none() {
            return;
        }
        let market = &self.markets[instrument.0 as usize];
        let step = self.sessions[Profile::Tse as usize].step;
        let batch = match market.phase {
            Phase::Continuous | Phase::Break if step <= SessionStep::MorningClose => batch::MORNING,
            Phase::Continuous | Phase::PreClose | Phase::Closed
                if step >= SessionStep::AfternoonOpen
                    && market.stage != stage::HALF_DAY_CLOSING =>
            {
                batch::AFTERNOON
            }
            _ => return self.fill_batches(instrument, events),
        };
        let first = market.tokyo.first;
        self.price_batch(instrument, batch, first);
        self.fill_batches(instrument, events);
    }

    /// Takes in the price of a batch; zero says nothing.
    fn price_batch(&mut self, instrument: InstrumentId, batch: u8, price: i64) {
        let known = &mut self.odd_lots[instrument.0 as usize].prices[batch as usize];
        if *known == 0 {
            *known = price;
        }
    }

    /// The morning is over: orders for its first price end if there was none.
    pub(crate) fn end_morning_batch(&mut self, instrument: InstrumentId) {
        let first = self.markets[instrument.0 as usize].tokyo.first;
        let price = if first == 0 { NO_PRICE } else { first };
        self.price_batch(instrument, batch::MORNING, price);
    }

    /// The day is over, with this closing price (zero: none): the other batches are filled or end.
    pub(crate) fn end_day_batches(&mut self, instrument: InstrumentId, close: i64) {
        let market = &self.markets[instrument.0 as usize];
        // Without an afternoon the close is the next price for its orders, too: the first one, the
        // morning's, was known before they came.
        let half_day = market.stage == stage::HALF_DAY_CLOSING;
        let of_session = market.tokyo.first;
        let first = if half_day { close } else { of_session };
        // The morning has not ended before either: its first price may be the close.
        let morning = half_day.then_some((batch::MORNING, of_session));
        let day = [(batch::AFTERNOON, first), (batch::CLOSE, close)];
        for (batch, price) in morning.into_iter().chain(day) {
            let price = if price == 0 { NO_PRICE } else { price };
            self.price_batch(instrument, batch, price);
        }
    }

    /// Fills or ends batch orders whose price is known, at most [`SLICE`].
    fn fill_batches(&mut self, instrument: InstrumentId, events: &mut Vec<Event>) {
        for _ in 0..SLICE {
            let Some((slot, price)) = self.next_of_batch(instrument) else { return };
            self.worked += 1;
            self.unpark(slot);
            if price > 0 && self.can_deal(slot, price) {
                self.deal(slot, price, Desk::Batch, events);
            } else {
                self.close(slot, CloseReason::AuctionRest, events);
            }
        }
    }

    /// Whether a batch order can be filled at its auction's price: within its bound, covered by
    /// its lock, and by the house.
    fn can_deal(&self, slot: u32, price: i64) -> bool {
        let hot = &self.orders.hot[slot as usize];
        let market = &self.markets[hot.instrument.0 as usize];
        let terms = &self.odd_lots[hot.instrument.0 as usize].terms;
        let quantity = hot.remaining;
        let Some(sums) = sums(terms, market, hot.side, price, quantity) else { return false };
        let locked = market.units.lock(hot.side, Traded::default(), hot.bound, quantity);
        let covered = match hot.side {
            Side::Buy => price <= hot.bound && sums.client <= locked,
            Side::Sell => true,
        };
        let missing = [market.base, market.quote]
            .iter()
            .filter(|&&asset| self.ledger.find(AccountId::HOUSE, asset).is_none())
            .count();
        covered
            && missing <= self.ledger.room()
            && self.house_covers(hot.instrument, hot.side, &sums, quantity)
    }
}
