//! What changed of an order whose row is already there, where only the change is known: from events,
//! and onto a row.

use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::event::CloseReason;
use zaraba_engine::types::*;
use zaraba_engine::{Event, Reject};

use crate::live::fold;

use super::collect::Step;

/// What changed of an order whose row is already there. `None`: as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct OrderDelta {
    pub order: OrderId,
    pub kind: Option<OrderKind>,
    pub price: Option<Price>,
    pub quantity: Option<Quantity>,
    pub condition: Option<Condition>,
    pub child: Option<OrderId>,
    /// What the bundle's trades added to what is filled.
    pub filled: i64,
    /// And to the notional.
    pub notional: i64,
    /// What was kept from trading with the same account.
    pub prevented: i64,
    pub status: Option<OrderStatus>,
    /// Without a status: whether it became active, if it waited.
    pub activated: bool,
    /// Set when it could not be taken as it was set off.
    pub reject: Option<Reject>,
    /// Set when it is no longer live.
    pub closed: Option<CloseReason>,
    pub at: Timestamp,
    pub seq: Seq,
}

impl OrderDelta {
    pub(super) fn new(order: OrderId) -> OrderDelta {
        OrderDelta {
            order,
            kind: None,
            price: None,
            quantity: None,
            condition: None,
            child: None,
            filled: 0,
            notional: 0,
            prevented: 0,
            status: None,
            activated: false,
            reject: None,
            closed: None,
            at: Timestamp(0),
            seq: Seq(0),
        }
    }

    /// What [`OrderState::follow`] does, to an order of which only the change is known.
    pub(super) fn follow(&mut self, step: &Step<'_>, event: &Event) {
        match *event {
            Event::Trade(t) => {
                self.traded(t.price, t.quantity);
                let left =
                    if t.maker == self.order { t.maker_remaining } else { t.taker_remaining };
                self.status = Some(match left {
                    Quantity::ZERO => OrderStatus::Filled,
                    _ => OrderStatus::PartiallyFilled,
                });
            }
            Event::DeskTrade(t) => {
                self.traded(t.price, t.quantity);
                self.status = Some(OrderStatus::Filled);
            }
            Event::Amended { price, quantity, .. } => {
                self.price = Some(price);
                self.quantity = Some(quantity);
                self.condition = fold::amended_condition(step.command).or(self.condition);
            }
            Event::Parked { .. } => self.status = Some(OrderStatus::PendingTrigger),
            Event::Triggered { kind, price, quantity, .. } => {
                (self.kind, self.price, self.quantity) = (Some(kind), Some(price), Some(quantity));
                match self.status {
                    None => self.activated = true,
                    Some(OrderStatus::PendingTrigger) => self.status = Some(OrderStatus::Open),
                    Some(_) => {}
                }
            }
            Event::Prevented { quantity, .. } => self.prevented += quantity.0,
            Event::SetOffRefused { code, .. } => self.reject = Some(code),
            Event::Closed { reason, .. } => {
                self.closed = Some(reason);
                self.status = Some(reason.status());
            }
            _ => {}
        }
        (self.at, self.seq) = (step.at, step.seq);
    }

    fn traded(&mut self, price: Price, quantity: Quantity) {
        self.filled += quantity.0;
        self.notional += price.0 * quantity.0;
    }

    /// The change made to a row: what the database does, for the verifier.
    pub(super) fn apply(&self, state: &mut OrderState) {
        state.kind = self.kind.unwrap_or(state.kind);
        state.price = match state.kind {
            OrderKind::Market => Price::ZERO,
            OrderKind::Limit => self.price.unwrap_or(state.price),
        };
        state.quantity = self.quantity.unwrap_or(state.quantity);
        state.condition = self.condition.unwrap_or(state.condition);
        state.child = self.child.unwrap_or(state.child);
        state.filled.0 += self.filled;
        state.notional += self.notional;
        state.prevented.0 += self.prevented;
        state.status = match self.status {
            Some(status) => status,
            None if self.activated && state.status == OrderStatus::PendingTrigger => {
                OrderStatus::Open
            }
            None => state.status,
        };
        state.reject = self.reject.or(state.reject);
        state.closed = self.closed.or(state.closed);
        state.updated_at = self.at;
        state.seq = self.seq;
    }
}
