//! The legs of a contingent order (what it is, what it waits for, how long): whether they fit
//! together, the market and the day. Pure; who checks them when is said in
//! [`super::contingent`].

use crate::command::{Child, Contingent, Place, StopLeg};
use crate::engine::market::Market;
use crate::reject::Reject;
use crate::types::*;

/// Furthest last day of a period order, in days from the trading day.
const PERIOD_DAYS_MAX: i64 = 90;

/// What an order is and waits for: the part that a first order and its if-done order share.
pub(super) struct Legs {
    pub(super) side: Side,
    pub(super) kind: OrderKind,
    pub(super) price: Price,
    pub(super) trigger: Option<Trigger>,
    pub(super) stop: Option<StopLeg>,
    pub(super) time_in_force: TimeInForce,
    pub(super) expires: u32,
}

impl Legs {
    pub(super) fn of(contingent: &Contingent) -> Legs {
        let Contingent { order, trigger, stop, expires, .. } = *contingent;
        let Place { side, kind, price, time_in_force, .. } = order;
        Legs { side, kind, price, trigger, stop, time_in_force, expires }
    }

    pub(super) fn of_child(child: &Child) -> Legs {
        let Child { side, kind, price, trigger, stop, time_in_force, expires, .. } = *child;
        Legs { side, kind, price, trigger, stop, time_in_force, expires }
    }

    /// Whether they fit together, whatever the market.
    pub(super) fn check_shape(&self) -> Result<(), Reject> {
        if self.trigger.is_some() && self.stop.is_some() {
            return Err(Reject::InvalidTrigger);
        }
        if let Some(leg) = self.stop {
            // The stop half lies on the other side of the market than the limit half.
            let apart = match self.side {
                Side::Sell => {
                    leg.trigger.when == TriggerWhen::AtOrBelow && leg.trigger.price < self.price
                }
                Side::Buy => {
                    leg.trigger.when == TriggerWhen::AtOrAbove && leg.trigger.price > self.price
                }
            };
            if self.kind != OrderKind::Limit || !apart {
                return Err(Reject::InvalidTrigger);
            }
        }
        let stays =
            matches!(self.time_in_force, TimeInForce::Gtc | TimeInForce::Day | TimeInForce::Gtd);
        if self.stop.is_some() && !stays {
            return Err(Reject::InvalidTimeInForce);
        }
        match (self.time_in_force == TimeInForce::Gtd, self.expires != 0) {
            (true, false) => Err(Reject::InvalidExpiry),
            (false, true) => Err(Reject::InvalidTimeInForce),
            _ => Ok(()),
        }
    }

    /// Whether every price is one the market takes today.
    pub(super) fn check_prices(&self, market: &Market) -> Result<(), Reject> {
        match self.kind {
            OrderKind::Limit => market.check_price(self.price.0)?,
            OrderKind::Market if self.price.0 != 0 => return Err(Reject::InvalidPrice),
            OrderKind::Market => {}
        }
        if let Some(trigger) = self.trigger {
            market.check_price(trigger.price.0)?;
        }
        if let Some(leg) = self.stop {
            market.check_price(leg.trigger.price.0)?;
            if leg.price.0 != 0 {
                market.check_price(leg.price.0)?;
            }
        }
        Ok(())
    }

    /// Whether the last day is a day, not before `today` and not too far off. Before the first
    /// trading day is known any day will do.
    pub(super) fn check_expiry(&self, today: u32) -> Result<(), Reject> {
        if self.expires == 0 {
            return Ok(());
        }
        let last = day_number(self.expires).ok_or(Reject::InvalidExpiry)?;
        let Some(first) = day_number(today) else { return Ok(()) };
        if (0..=PERIOD_DAYS_MAX).contains(&(last - first)) {
            Ok(())
        } else {
            Err(Reject::InvalidExpiry)
        }
    }

    /// The highest limit price of any part; zero if all are market orders.
    pub(super) fn dearest(&self) -> i64 {
        self.stop.map_or(0, |leg| leg.price.0).max(self.price.0)
    }

    /// Worst price of the part that waits: bound of a market order, or of an OCO's stop half.
    pub(super) fn worst(&self, market: &Market) -> Result<Option<i64>, Reject> {
        let bound = |trigger: Trigger| market.market_bound_from(self.side, trigger.price.0);
        match (self.trigger, self.stop) {
            (Some(trigger), _) if self.kind == OrderKind::Market => bound(trigger).map(Some),
            (_, Some(StopLeg { trigger, price: Price(0) })) => bound(trigger).map(Some),
            (_, Some(leg)) => Ok(Some(leg.price.0)),
            _ => Ok(None),
        }
    }
}

/// Days since the first of March of year zero; `None` where there is no such day.
fn day_number(day: u32) -> Option<i64> {
    let (year, month, day) = (i64::from(day / 10_000), i64::from(day / 100 % 100), day % 100);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years from March on, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(before + (month * 306 + 5) / 10 + i64::from(day) - 1)
}

/// How an order that was set off comes in: a market order takes what there is, or rests for the
/// day where market orders can.
pub(super) fn comes_in_as(
    kind: OrderKind,
    time_in_force: TimeInForce,
    session_rules: bool,
) -> TimeInForce {
    match (kind, time_in_force) {
        (_, TimeInForce::Ioc | TimeInForce::Fok) | (OrderKind::Limit, _) => time_in_force,
        (OrderKind::Market, _) if session_rules => TimeInForce::Day,
        (OrderKind::Market, _) => TimeInForce::Ioc,
    }
}

/// Whether an order may follow `first`: a life as long, its legs, its prices.
pub(super) fn check_child(
    first: &Legs,
    child: &Legs,
    today: u32,
    market: &Market,
) -> Result<(), Reject> {
    child.check_shape()?;
    let lives_as_long = match (first.time_in_force, child.time_in_force) {
        (_, TimeInForce::Ioc | TimeInForce::Fok) => false,
        (_, TimeInForce::Gtc) => true,
        (TimeInForce::Gtc, _) => false,
        (TimeInForce::Gtd, TimeInForce::Gtd) => {
            if child.expires < first.expires {
                return Err(Reject::InvalidExpiry);
            }
            true
        }
        (TimeInForce::Gtd, _) => false,
        (TimeInForce::Day | TimeInForce::Ioc | TimeInForce::Fok, _) => true,
    };
    if !lives_as_long {
        return Err(Reject::InvalidTimeInForce);
    }
    child.check_expiry(today)?;
    child.check_prices(market)
}
