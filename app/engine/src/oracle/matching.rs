//! The twin's books and trades.

use super::money::Fill;
use super::{Answer, Oracle};
use crate::command::Place;
use crate::engine::OrderStatus;
use crate::event::{Cause, CloseReason, Event, Settled, Trade};
use crate::types::*;

impl Oracle {
    /// All orders resting on one side of a book, best price first, then oldest.
    pub(super) fn book(&self, instrument: InstrumentId, side: Side) -> Vec<u64> {
        let mut resting: Vec<(i128, u64, u64)> = self
            .orders
            .iter()
            .filter(|(_, o)| o.place.instrument == instrument && o.place.side == side)
            .filter_map(|(&id, o)| {
                let price = i128::from(o.bound);
                let better = if side == Side::Buy { -price } else { price };
                Some((better, o.resting?, id))
            })
            .collect();
        resting.sort_unstable();
        resting.into_iter().map(|(_, _, id)| id).collect()
    }

    /// The order numbers of one side of a book in priority order.
    pub fn queue(&self, instrument: InstrumentId, side: Side) -> Vec<OrderId> {
        self.book(instrument, side).into_iter().map(OrderId).collect()
    }

    pub(super) fn level(&mut self, instrument: InstrumentId, side: Side, price: i64) {
        let at: Vec<_> = self
            .book(instrument, side)
            .into_iter()
            .filter(|id| self.orders[id].bound == price)
            .collect();
        let quantity = at.iter().map(|id| self.orders[id].remaining).sum();
        self.events.push(Event::Level {
            instrument,
            side,
            price: Price(price),
            quantity: Quantity(quantity),
            orders: at.len() as u32,
        });
    }

    pub(super) fn reaches(side: Side, bound: i64, price: i64) -> bool {
        if side == Side::Buy { price <= bound } else { price >= bound }
    }

    /// Price of the best resting order of a side.
    pub(super) fn best(&self, instrument: InstrumentId, side: Side) -> Option<i64> {
        self.book(instrument, side).first().map(|id| self.orders[id].bound)
    }

    /// Trades an order as far as it goes; returns the prices it changed, in order, and whether an
    /// order of its own account ends it.
    pub(super) fn cross(&mut self, id: u64) -> (Vec<i64>, bool) {
        let mut met = Vec::new();
        loop {
            let taker = self.orders[&id].clone();
            let Place { instrument, side, .. } = taker.place;
            let against = self.book(instrument, side.opposite());
            let Some(&maker_id) = against.first() else { return (met, false) };
            let price = self.orders[&maker_id].bound;
            if taker.remaining == 0 || !Self::reaches(side, taker.bound, price) {
                return (met, false);
            }
            let own = self.orders[&maker_id].account == taker.account;
            let mode = if own { taker.place.self_trade } else { SelfTrade::Allow };
            if mode == SelfTrade::CancelTaker {
                return (met, true);
            }
            if met.last() != Some(&price) {
                met.push(price);
            }
            match mode {
                SelfTrade::Allow => self.trade(id, maker_id, price),
                SelfTrade::Decrement => {
                    let quantity = taker.remaining.min(self.orders[&maker_id].remaining);
                    self.prevent(maker_id, quantity);
                    self.prevent(id, quantity);
                    if self.orders[&maker_id].remaining == 0 {
                        self.end(maker_id, CloseReason::SelfTrade);
                    }
                    if self.orders[&id].remaining == 0 {
                        return (met, true);
                    }
                    continue;
                }
                SelfTrade::CancelMaker => {
                    self.end(maker_id, CloseReason::SelfTrade);
                    continue;
                }
                SelfTrade::CancelTaker | SelfTrade::CancelBoth => {
                    self.end(maker_id, CloseReason::SelfTrade);
                    return (met, true);
                }
            }
            if self.orders[&maker_id].remaining == 0 {
                self.end(maker_id, CloseReason::Filled);
            }
        }
    }

    /// Takes quantity off an order without a trade.
    fn prevent(&mut self, id: u64, quantity: i64) {
        let before =
            self.lock_of(&self.orders[&id], self.orders[&id].bound, self.orders[&id].remaining);
        let (at, seq) = (self.at, self.seq);
        let order = self.orders.get_mut(&id).expect("live");
        order.remaining -= quantity;
        order.prevented += quantity;
        order.updated_at = at;
        order.seq = seq;
        let order = order.clone();
        self.events.push(Event::Prevented {
            order: OrderId(id),
            account: order.account,
            instrument: order.place.instrument,
            quantity: Quantity(quantity),
            remaining: Quantity(order.remaining),
        });
        if self.lock_of(&order, order.bound, order.remaining) != before {
            self.change(order.account, self.spends(&order.place), 0, Cause::Lock, id);
        }
    }

    fn trade(&mut self, taker_id: u64, maker_id: u64, price: i64) {
        let taker = self.orders[&taker_id].clone();
        let maker = self.orders[&maker_id].clone();
        let instrument = taker.place.instrument;
        let spec = self.spec(instrument);
        let quantity = taker.remaining.min(maker.remaining);
        let notional = i128::from(price) * i128::from(quantity);
        for (id, rate) in [(maker_id, spec.maker_fee_ppm), (taker_id, spec.taker_fee_ppm)] {
            let order = self.orders.get_mut(&id).expect("trades");
            order.fills.push(Fill { notional, rate_ppm: i128::from(rate) });
            order.remaining -= quantity;
            order.status = OrderStatus::PartiallyFilled;
            order.updated_at = self.at;
            order.seq = self.seq;
        }
        self.trades += 1;
        self.instruments[instrument.0 as usize].last_price = Price(price);
        let taker_buys = taker.place.side == Side::Buy;
        let (buyer_id, buyer, seller_id, seller) = if taker_buys {
            (taker_id, &taker, maker_id, &maker)
        } else {
            (maker_id, &maker, taker_id, &taker)
        };
        let before = self.paid(&spec, &buyer.fills);
        let after = self.paid(&spec, &self.orders[&buyer_id].fills);
        let buyer_gross = after.0 - before.0;
        let buyer_fee = (after.1 - before.1) - buyer_gross;
        let before = self.received(&spec, &seller.fills);
        let after = self.received(&spec, &self.orders[&seller_id].fills);
        let seller_gross = after.0 - before.0;
        let seller_fee = seller_gross - (after.1 - before.1);
        let (maker_fee, taker_fee) =
            if taker_buys { (seller_fee, buyer_fee) } else { (buyer_fee, seller_fee) };
        self.events.push(Event::Trade(Trade {
            auction: false,
            trade: TradeId(self.trades),
            instrument,
            price: Price(price),
            quantity: Quantity(quantity),
            taker_side: taker.place.side,
            maker: OrderId(maker_id),
            taker: OrderId(taker_id),
            maker_account: maker.account,
            taker_account: taker.account,
            maker_fee: Amount(maker_fee as i64),
            taker_fee: Amount(taker_fee as i64),
            maker_remaining: Quantity(maker.remaining - quantity),
            taker_remaining: Quantity(taker.remaining - quantity),
        }));
        let shares = self.base_amount(&spec, quantity);
        let (quote, base) = (spec.quote_asset, spec.base_asset);
        let (buyer, seller) = (buyer.account, seller.account);
        let trade = self.trades;
        let bought = (buyer, Side::Buy, buyer_gross, buyer_fee);
        let sold = (seller, Side::Sell, seller_gross, seller_fee);
        for (account, side, gross, fee) in [bought, sold] {
            let sign = if side == Side::Buy { 1 } else { -1 };
            let (quote_total, quote_locked) = self.moved(account, quote, -sign * gross - fee);
            let (base_total, base_locked) = self.moved(account, base, sign * shares);
            self.events.push(Event::Settled(Settled {
                account,
                side,
                quote,
                base,
                trade: TradeId(trade),
                gross: Amount(gross as i64),
                fee: Amount(fee as i64),
                moved: Amount(shares as i64),
                quote_total,
                quote_locked,
                base_total,
                base_locked,
            }));
        }
        let (fees, rounding) = (buyer_fee + seller_fee, buyer_gross - seller_gross);
        for (system, delta) in [(AccountId::FEES, fees), (AccountId::ROUNDING, rounding)] {
            if delta != 0 {
                self.moved(system, quote, delta);
            }
        }
        if fees != 0 || rounding != 0 {
            let total = |account| Amount(self.total(account, quote) as i64);
            let (fees_total, rounding_total) = (total(AccountId::FEES), total(AccountId::ROUNDING));
            let (fees, rounding) = (Amount(fees as i64), Amount(rounding as i64));
            let (asset, trade) = (quote, TradeId(trade));
            self.events.push(Event::Collected {
                asset,
                trade,
                fees,
                fees_total,
                rounding,
                rounding_total,
            });
        }
    }

    /// Ends an order that is live.
    pub(super) fn end(&mut self, id: u64, reason: CloseReason) {
        let (at, seq) = (self.at, self.seq);
        let order = &self.orders[&id];
        let had_lock = order.locks && self.lock_of(order, order.bound, order.remaining) != 0;
        let order = self.orders.get_mut(&id).expect("live");
        order.locks = false;
        order.resting = None;
        order.closed = Some(reason);
        order.status = match reason {
            CloseReason::Filled => OrderStatus::Filled,
            CloseReason::Expired => OrderStatus::Expired,
            _ => OrderStatus::Cancelled,
        };
        order.updated_at = at;
        order.seq = seq;
        let order = order.clone();
        self.events.push(Event::Closed {
            order: OrderId(id),
            account: order.account,
            instrument: order.place.instrument,
            reason,
            remaining: Quantity(order.remaining),
        });
        self.remember(Answer::Order(id));
        if had_lock {
            self.change(order.account, self.spends(&order.place), 0, Cause::Lock, id);
        }
    }

    /// Brings an order to rest, last at its price.
    pub(super) fn rest(&mut self, id: u64) {
        self.stamps += 1;
        let order = self.orders.get_mut(&id).expect("live");
        order.resting = Some(self.stamps);
        let (place, price) = (order.place, order.bound);
        self.level(place.instrument, place.side, price);
    }
}
