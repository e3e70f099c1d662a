//! The twin's orders: acceptance, matching, settlement, ends.

use super::{Answer, Oracle};
use crate::command::Place;
use crate::engine::{OrderState, OrderStatus};
use crate::event::{Cause, CloseReason, Event, Settled, Trade};
use crate::instrument::InstrumentSpec;
use crate::reject::Reject;
use crate::types::*;

/// One fill of an order.
#[derive(Clone, Debug)]
pub(super) struct Fill {
    pub(super) notional: i128,
    pub(super) rate_ppm: i128,
}

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
    locks: bool,
}

/// `ppm_notional` (price units x quantity units x ppm) in quote minor units, as a fraction.
fn to_quote(spec: &InstrumentSpec, quote_exponent: u8, ppm_notional: i128) -> (i128, i128) {
    let exponent =
        i32::from(quote_exponent) - i32::from(spec.price_digits) - i32::from(spec.quantity_digits);
    match exponent - 6 {
        up @ 0.. => (ppm_notional * 10i128.pow(up as u32), 1),
        down => (ppm_notional, 10i128.pow(-down as u32)),
    }
}

fn floor((numerator, denominator): (i128, i128)) -> i128 {
    numerator.div_euclid(denominator)
}

fn ceil((numerator, denominator): (i128, i128)) -> i128 {
    -(-numerator).div_euclid(denominator)
}

const PPM: i128 = 1_000_000;

impl Oracle {
    pub(super) fn spec(&self, instrument: InstrumentId) -> InstrumentSpec {
        self.instruments[instrument.0 as usize].spec
    }

    fn quote_exponent(&self, spec: &InstrumentSpec) -> u8 {
        self.assets[spec.quote_asset.0 as usize].exponent
    }

    pub(super) fn base_amount(&self, spec: &InstrumentSpec, quantity: i64) -> i128 {
        let exponent = self.assets[spec.base_asset.0 as usize].exponent;
        i128::from(quantity) * 10i128.pow(u32::from(exponent - spec.quantity_digits))
    }

    /// What a notional comes to in the quote asset, rounded down and up.
    pub(super) fn gross(&self, spec: &InstrumentSpec, notional: i128) -> [i128; 2] {
        let exact = to_quote(spec, self.quote_exponent(spec), notional * PPM);
        [floor(exact), ceil(exact)]
    }

    /// What a buy has paid after these fills: notional, and notional with fees.
    fn paid(&self, spec: &InstrumentSpec, fills: &[Fill]) -> (i128, i128) {
        let exponent = self.quote_exponent(spec);
        let gross = fills.iter().map(|f| f.notional * PPM).sum();
        let all = fills.iter().map(|f| f.notional * (PPM + f.rate_ppm)).sum();
        (ceil(to_quote(spec, exponent, gross)), ceil(to_quote(spec, exponent, all)))
    }

    /// What a sell has received after these fills: notional, and notional without fees.
    fn received(&self, spec: &InstrumentSpec, fills: &[Fill]) -> (i128, i128) {
        let exponent = self.quote_exponent(spec);
        let gross = fills.iter().map(|f| f.notional * PPM).sum();
        let net = fills.iter().map(|f| f.notional * (PPM - f.rate_ppm)).sum();
        (floor(to_quote(spec, exponent, gross)), floor(to_quote(spec, exponent, net)))
    }

    /// What an order can still spend at worst.
    pub(super) fn lock_of(&self, order: &Order, bound: i64, remaining: i64) -> i128 {
        let spec = self.spec(order.place.instrument);
        if order.place.side == Side::Sell {
            return self.base_amount(&spec, remaining);
        }
        let worst = i128::from(spec.taker_fee_ppm.max(spec.maker_fee_ppm));
        let mut fills = order.fills.clone();
        let (_, now) = self.paid(&spec, &fills);
        fills.push(Fill { notional: i128::from(bound) * i128::from(remaining), rate_ppm: worst });
        self.paid(&spec, &fills).1 - now
    }

    pub(super) fn spends(&self, place: &Place) -> AssetId {
        let spec = self.spec(place.instrument);
        if place.side == Side::Buy { spec.quote_asset } else { spec.base_asset }
    }

    fn gets(&self, place: &Place) -> AssetId {
        let spec = self.spec(place.instrument);
        if place.side == Side::Buy { spec.base_asset } else { spec.quote_asset }
    }

    /// What all orders of an account can still spend of an asset.
    pub(super) fn locked(&self, account: AccountId, asset: AssetId) -> i128 {
        self.orders
            .values()
            .filter(|o| o.locks && o.account == account && self.spends(&o.place) == asset)
            .map(|o| self.lock_of(o, o.bound, o.remaining))
            .sum()
    }

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
