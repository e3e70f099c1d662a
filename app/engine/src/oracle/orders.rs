//! The twin's orders and their acceptance.

use super::money::{Fill, PPM, ceil, to_quote};
use super::{Answer, Oracle};
use crate::command::Place;
use crate::engine::{OrderState, OrderStatus};
use crate::event::{Cause, CloseReason, Event};
use crate::instrument::InstrumentSpec;
use crate::reject::Reject;
use crate::types::*;

/// One remembered order.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) account: AccountId,
    pub(super) client_id: ClientId,
    pub(super) place: Place,
    pub(super) bound: i64,
    pub(super) quantity: i64,
    pub(super) remaining: i64,
    /// Quantity that met the account's own orders and did not trade.
    pub(super) prevented: i64,
    pub(super) fills: Vec<Fill>,
    /// Time priority while it rests.
    pub(super) resting: Option<u64>,
    pub(super) status: OrderStatus,
    pub(super) reject: Option<Reject>,
    pub(super) closed: Option<CloseReason>,
    pub(super) day: u32,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) seq: Seq,
    /// Whether `lock` counts: from acceptance to its end.
    pub(super) locks: bool,
}

impl Oracle {
    /// All remembered orders, by number.
    pub fn orders(&self) -> Vec<OrderState> {
        self.orders
            .iter()
            .map(|(&id, o)| OrderState {
                order: OrderId(id),
                account: o.account,
                instrument: o.place.instrument,
                side: o.place.side,
                kind: o.place.kind,
                time_in_force: o.place.time_in_force,
                post_only: o.place.post_only,
                price: if o.place.kind == OrderKind::Market {
                    o.place.price
                } else {
                    Price(o.bound)
                },
                quantity: Quantity(o.quantity),
                filled: Quantity(o.quantity - o.remaining - o.prevented),
                notional: o.fills.iter().map(|f| f.notional).sum::<i128>() as i64,
                status: o.status,
                reject: o.reject,
                closed: o.closed,
                condition: o.place.condition,
                self_trade: o.place.self_trade,
                short: o.place.short,
                trigger: None,
                stop: None,
                expires: 0,
                parent: OrderId(0),
                child: OrderId(0),
                prevented: Quantity(o.prevented),
                amount: Amount(0),
                odd_lot: false,
                client_id: o.client_id,
                created_at: o.created_at,
                updated_at: o.updated_at,
                seq: o.seq,
            })
            .collect()
    }

    pub(super) fn place(&mut self, place: &Place) -> Result<(), Reject> {
        if place.account.0 as usize >= self.accounts.len() {
            return Err(Reject::UnknownAccount);
        }
        if place.client_id.is_empty() {
            return Err(Reject::InvalidClientId);
        }
        if place.instrument.0 as usize >= self.instruments.len() {
            return Err(Reject::UnknownInstrument);
        }
        if let Some(&id) = self.by_client_id.get(&(place.account, place.client_id)) {
            // By which door and key it came is not content.
            let first = Place { via: place.via, key: place.key, ..self.orders[&id].place };
            if first != *place {
                return Err(Reject::DuplicateClientOrderId);
            }
            self.events.push(Event::Repeated { order: OrderId(id) });
            return Ok(());
        }
        let verdict = self.admit(place);
        self.counter += 1;
        let id = self.counter << 24 | self.take_slot();
        let profile = self.spec(place.instrument).profile;
        let mut order = Order {
            account: place.account,
            client_id: place.client_id,
            place: *place,
            bound: *verdict.as_ref().unwrap_or(&place.price.0),
            quantity: place.quantity.0,
            remaining: place.quantity.0,
            prevented: 0,
            fills: Vec::new(),
            resting: None,
            status: OrderStatus::Open,
            reject: None,
            closed: None,
            day: self.days[profile as usize].0,
            created_at: self.at,
            updated_at: self.at,
            seq: self.seq,
            locks: false,
        };
        self.by_client_id.insert((place.account, place.client_id), id);
        if let Err(code) = verdict {
            order.status = OrderStatus::Rejected;
            order.reject = Some(code);
            self.orders.insert(id, order);
            self.remember(Answer::Order(id));
            self.events.push(Event::Refused { code, order: Some(OrderId(id)) });
            return Ok(());
        }
        let bound = order.bound;
        self.orders.insert(id, order);
        self.open_balance(place.account, self.gets(place));
        self.events.push(Event::Accepted { order: OrderId(id), bound: Price(bound) });
        if place.time_in_force == TimeInForce::Fok {
            let against = self.book(place.instrument, place.side.opposite());
            let within = against
                .iter()
                .map(|id| &self.orders[id])
                .filter(|o| Self::reaches(place.side, bound, o.bound));
            let own =
                |o: &&Order| place.self_trade != SelfTrade::Allow && o.account == place.account;
            let open = |o: &Order| i128::from(o.remaining);
            // Own orders in the way are cancelled, or end it.
            let there: i128 = match place.self_trade {
                SelfTrade::CancelMaker => within.filter(|o| !own(o)).map(open).sum(),
                _ => within.take_while(|o| !own(o)).map(open).sum(),
            };
            if there < i128::from(place.quantity.0) {
                self.end(id, CloseReason::FillOrKill);
                return Ok(());
            }
        }
        self.orders.get_mut(&id).expect("just inserted").locks = true;
        self.change(place.account, self.spends(place), 0, Cause::Lock, id);
        let (met, by_own) = self.cross(id);
        let rests = matches!(place.time_in_force, TimeInForce::Gtc | TimeInForce::Day);
        let left = self.orders[&id].remaining;
        if by_own {
            self.end(id, CloseReason::SelfTrade);
        } else if left == 0 {
            self.end(id, CloseReason::Filled);
        } else if !rests {
            self.end(id, CloseReason::ImmediateRest);
        }
        for price in met {
            self.level(place.instrument, place.side.opposite(), price);
        }
        if left > 0 && rests && !by_own {
            self.rest(id);
        }
        Ok(())
    }

    /// The bound of an order that may come in.
    fn admit(&self, place: &Place) -> Result<i64, Reject> {
        match self.accounts[place.account.0 as usize].1 {
            AccountStatus::Closed => return Err(Reject::AccountClosed),
            AccountStatus::Suspended => return Err(Reject::AccountSuspended),
            AccountStatus::Active => {}
        }
        if [AccountId::FEES, AccountId::ROUNDING, AccountId::OUTSIDE].contains(&place.account) {
            return Err(Reject::AccountSuspended);
        }
        match self.instruments[place.instrument.0 as usize].status {
            InstrumentStatus::Halted => return Err(Reject::InstrumentHalted),
            InstrumentStatus::Closed => return Err(Reject::InstrumentClosed),
            InstrumentStatus::Open => {}
        }
        let rests = matches!(place.time_in_force, TimeInForce::Gtc | TimeInForce::Day);
        let allowed = match place.kind {
            OrderKind::Market => !rests && !place.post_only,
            OrderKind::Limit => rests || !place.post_only,
        };
        if !allowed {
            return Err(Reject::InvalidTimeInForce);
        }
        let spec = self.spec(place.instrument);
        self.check_quantity(&spec, place.quantity.0)?;
        let bound = match place.kind {
            OrderKind::Limit => {
                self.check_price(&spec, place.price.0)?;
                place.price.0
            }
            OrderKind::Market if place.price.0 != 0 => return Err(Reject::InvalidPrice),
            OrderKind::Market => self.market_bound(place)?,
        };
        self.check_notional(place, &[], bound, place.quantity.0)?;
        let base = self.base_amount(&spec, place.quantity.0);
        let own_side: i128 = self
            .book(place.instrument, place.side)
            .iter()
            .map(|id| i128::from(self.orders[id].remaining))
            .sum();
        let largest = i128::from(i64::MAX);
        if base > largest || own_side + i128::from(place.quantity.0) > largest {
            return Err(Reject::NotionalTooLarge);
        }
        let best = self.best(place.instrument, place.side.opposite());
        if place.post_only && best.is_some_and(|best| Self::reaches(place.side, bound, best)) {
            return Err(Reject::PostOnlyWouldCross);
        }
        let open: Vec<&Order> = self.orders.values().filter(|o| o.resting.is_some()).collect();
        let mine = open
            .iter()
            .filter(|o| o.account == place.account && o.place.instrument == place.instrument);
        if rests && spec.open_order_cap > 0 && mine.count() >= spec.open_order_cap as usize {
            return Err(Reject::OpenOrderCap);
        }
        self.check_funds(place, bound)?;
        let full = rests && open.len() >= self.limits().live_orders as usize;
        let no_balance = !self.has_balance(place.account, self.gets(place))
            && self.balances.len() >= self.limits().balances as usize;
        if full || no_balance {
            return Err(Reject::CapacityExhausted);
        }
        Ok(bound)
    }

    fn check_funds(&self, place: &Place, bound: i64) -> Result<(), Reject> {
        let spec = self.spec(place.instrument);
        let needed = match place.side {
            Side::Sell => self.base_amount(&spec, place.quantity.0),
            Side::Buy => {
                let worst = spec.taker_fee_ppm.max(spec.maker_fee_ppm);
                let all = Fill {
                    notional: i128::from(bound) * i128::from(place.quantity.0),
                    rate_ppm: i128::from(worst),
                };
                self.paid(&spec, &[all]).1
            }
        };
        let asset = self.spends(place);
        let available = self.total(place.account, asset) - self.locked(place.account, asset);
        if available < needed { Err(Reject::InsufficientFunds) } else { Ok(()) }
    }

    pub(super) fn check_quantity(
        &self,
        spec: &InstrumentSpec,
        quantity: i64,
    ) -> Result<(), Reject> {
        match quantity {
            ..=0 => Err(Reject::InvalidQuantity),
            q if q % spec.lot.0 != 0 => Err(Reject::OffLot),
            q if q < spec.min_quantity.0 => Err(Reject::BelowMinQuantity),
            q if q > spec.max_quantity.0 => Err(Reject::AboveMaxQuantity),
            _ => Ok(()),
        }
    }

    pub(super) fn check_price(&self, spec: &InstrumentSpec, price: i64) -> Result<(), Reject> {
        match price {
            ..=0 => Err(Reject::InvalidPrice),
            p if p % spec.ticks.tick_at(Price(p)) != 0 => Err(Reject::OffTick),
            p if p < spec.limit_down.0 => Err(Reject::PriceOutOfLimits),
            p if spec.limit_up.0 > 0 && p > spec.limit_up.0 => Err(Reject::PriceOutOfLimits),
            _ => Ok(()),
        }
    }

    fn market_bound(&self, place: &Place) -> Result<i64, Reject> {
        let spec = self.spec(place.instrument);
        let last = self.instruments[place.instrument.0 as usize].last_price.0;
        let limit = if place.side == Side::Buy { spec.limit_up.0 } else { spec.limit_down.0 };
        if limit > 0 {
            return Ok(limit);
        }
        let reference = if last > 0 { last } else { spec.base_price.0 };
        if reference == 0 {
            return Err(Reject::NoReferencePrice);
        }
        let width = i128::from(reference) * i128::from(spec.market_band_ppm) / PPM;
        let bound = match place.side {
            Side::Buy => i128::from(reference) + width,
            Side::Sell => (i128::from(reference) - width).max(1),
        };
        Ok(bound.min(i128::from(i64::MAX)) as i64)
    }

    /// Whether every amount the order can come to fits 64 bits.
    pub(super) fn check_notional(
        &self,
        place: &Place,
        fills: &[Fill],
        bound: i64,
        remaining: i64,
    ) -> Result<(), Reject> {
        let spec = self.spec(place.instrument);
        let best_bid = self.best(place.instrument, Side::Buy).unwrap_or(0);
        let worst = if place.side == Side::Buy { bound } else { bound.max(best_bid) };
        let filled: i128 = fills.iter().map(|f| f.notional).sum();
        let all = filled + i128::from(worst) * i128::from(remaining);
        let widest = i128::from(spec.taker_fee_ppm.max(spec.maker_fee_ppm.abs()));
        let largest = i128::from(i64::MAX);
        let fits = all <= largest && {
            let ppm = all * (PPM + widest);
            ceil(to_quote(&spec, self.quote_exponent(&spec), ppm)) <= largest
        };
        if fits { Ok(()) } else { Err(Reject::NotionalTooLarge) }
    }
}
