//! How a reader's copy of an order or instrument follows from commands and events: said once,
//! for the live view, the stream and the database alike. Pure; the engine itself does not use
//! it.

use crate::Command;
use crate::command::{Child, Contingent, OddLot, Place};
use crate::engine::{OrderState, OrderStatus};
use crate::event::Event;
use crate::instrument::{Footing, InstrumentSpec, InstrumentState};
use crate::reject::Reject;
use crate::types::*;

impl OrderState {
    /// No order.
    pub const EMPTY: OrderState = OrderState {
        order: OrderId(0),
        account: AccountId(0),
        instrument: InstrumentId(0),
        side: Side::Buy,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::Gtc,
        post_only: false,
        price: Price(0),
        quantity: Quantity(0),
        filled: Quantity(0),
        notional: 0,
        status: OrderStatus::Rejected,
        reject: None,
        closed: None,
        condition: Condition::Any,
        self_trade: SelfTrade::Allow,
        short: ShortSale::Long,
        trigger: None,
        stop: None,
        expires: 0,
        parent: OrderId(0),
        child: OrderId(0),
        prevented: Quantity(0),
        amount: Amount(0),
        odd_lot: false,
        client_id: ClientId::EMPTY,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        seq: Seq(0),
    };

    /// What is still open.
    pub fn remaining(&self) -> Quantity {
        Quantity(self.quantity.0 - self.filled.0 - self.prevented.0)
    }

    fn filled_more(&mut self) {
        self.status = match self.remaining().0 {
            0 => OrderStatus::Filled,
            _ => OrderStatus::PartiallyFilled,
        };
    }

    /// The order a command made, as it stands after the event that says so: accepted, refused
    /// or attached. `None` for other events.
    pub fn made(command: &Command, event: &Event, at: Timestamp, seq: Seq) -> Option<OrderState> {
        let state = match (event, command) {
            (Event::Attached { order, parent, .. }, Command::PlaceContingent(contingent)) => {
                let child = contingent.child.as_ref()?;
                OrderState { parent: *parent, ..of_child(&contingent.order, child, *order) }
            }
            (Event::Accepted { order, .. }, _) => first_order(command, *order)?,
            // Names the first order with that id, which is another.
            (Event::Refused { code: Reject::DuplicateClientOrderId, .. }, _) => return None,
            (Event::Refused { code, order: Some(order) }, _) => OrderState {
                status: OrderStatus::Rejected,
                reject: Some(*code),
                ..first_order(command, *order)?
            },
            _ => return None,
        };
        Some(OrderState { created_at: at, updated_at: at, seq, ..state })
    }

    /// Takes in one event of a command; events about other orders change nothing. Whether it
    /// changed.
    pub fn follow(&mut self, command: &Command, event: &Event, at: Timestamp, seq: Seq) -> bool {
        match *event {
            Event::Trade(t) if t.taker == self.order || t.maker == self.order => {
                self.filled.0 += t.quantity.0;
                self.notional += t.price.0 * t.quantity.0;
                self.filled_more();
            }
            Event::DeskTrade(t) if t.order == self.order => {
                self.filled.0 += t.quantity.0;
                self.notional += t.price.0 * t.quantity.0;
                self.filled_more();
            }
            Event::Amended { order, price, quantity, .. } if order == self.order => {
                let price = if self.kind == OrderKind::Limit { price } else { self.price };
                let condition = amended_condition(command).unwrap_or(self.condition);
                if (self.price, self.quantity, self.condition) == (price, quantity, condition) {
                    return false;
                }
                (self.price, self.quantity, self.condition) = (price, quantity, condition);
            }
            Event::Parked { order } if order == self.order => {
                self.status = OrderStatus::PendingTrigger;
            }
            Event::Attached { order, parent, .. } if parent == self.order => self.child = order,
            Event::Triggered { order, kind, price, quantity, .. } if order == self.order => {
                self.kind = kind;
                self.price = price;
                self.quantity = quantity;
                if self.status == OrderStatus::PendingTrigger {
                    self.status = OrderStatus::Open;
                }
            }
            Event::Prevented { order, quantity, .. } if order == self.order => {
                self.prevented.0 += quantity.0;
            }
            Event::SetOffRefused { order, code, .. } if order == self.order => {
                self.reject = Some(code);
            }
            Event::Closed { order, reason, .. } if order == self.order => {
                self.closed = Some(reason);
                self.status = reason.status();
            }
            _ => return false,
        }
        self.updated_at = at;
        self.seq = seq;
        true
    }
}

/// The condition an amendment asks for.
pub fn amended_condition(command: &Command) -> Option<Condition> {
    match command {
        Command::Amend(amend) => amend.condition,
        _ => None,
    }
}

/// The order a command names first.
fn first_order(command: &Command, order: OrderId) -> Option<OrderState> {
    match command {
        Command::Place(place) => Some(of_place(place, order)),
        Command::PlaceContingent(contingent) => {
            let Contingent { order: place, trigger, stop, expires, .. } = **contingent;
            Some(OrderState { trigger, stop, expires, ..of_place(&place, order) })
        }
        Command::PlaceOddLot(odd) => Some(of_odd_lot(odd, order)),
        _ => None,
    }
}

fn of_place(place: &Place, order: OrderId) -> OrderState {
    OrderState {
        order,
        account: place.account,
        instrument: place.instrument,
        side: place.side,
        kind: place.kind,
        time_in_force: place.time_in_force,
        post_only: place.post_only,
        price: place.price,
        // What an amount comes to is said by the event after its acceptance.
        quantity: if place.by_amount { Quantity(0) } else { place.quantity },
        amount: if place.by_amount { Amount(place.quantity.0) } else { Amount(0) },
        status: OrderStatus::Open,
        condition: place.condition,
        self_trade: place.self_trade,
        short: place.short,
        client_id: place.client_id,
        ..OrderState::EMPTY
    }
}

fn of_child(first: &Place, child: &Child, order: OrderId) -> OrderState {
    OrderState {
        order,
        account: first.account,
        instrument: first.instrument,
        side: child.side,
        kind: child.kind,
        time_in_force: child.time_in_force,
        price: child.price,
        quantity: first.quantity,
        status: OrderStatus::PendingTrigger,
        trigger: child.trigger,
        stop: child.stop,
        expires: child.expires,
        self_trade: first.self_trade,
        client_id: child.client_id,
        ..OrderState::EMPTY
    }
}

fn of_odd_lot(odd: &OddLot, order: OrderId) -> OrderState {
    let kind = if odd.price.0 == 0 { OrderKind::Market } else { OrderKind::Limit };
    let time_in_force = match odd.desk {
        Desk::Batch => TimeInForce::Day,
        Desk::Principal => TimeInForce::Fok,
    };
    OrderState {
        order,
        account: odd.account,
        instrument: odd.instrument,
        side: odd.side,
        kind,
        time_in_force,
        price: odd.price,
        quantity: odd.quantity,
        status: OrderStatus::Open,
        odd_lot: true,
        client_id: odd.client_id,
        ..OrderState::EMPTY
    }
}

impl InstrumentState {
    /// What the public contract calls its phase: what people set (`halted`, `closed`) before
    /// what its session says.
    pub fn phase_word(&self) -> &'static str {
        match self.status {
            InstrumentStatus::Open => self.phase.as_str(),
            set => set.as_str(),
        }
    }

    /// Just created. Its phase follows in an event, unless it trades continuously.
    pub fn created(spec: &InstrumentSpec) -> InstrumentState {
        InstrumentState {
            spec: *spec,
            status: InstrumentStatus::Open,
            last_price: Price(0),
            phase: Phase::Continuous,
            until: Timestamp(0),
            quote: Quote::FREE,
            halts: Halts::default(),
            short_restricted: false,
            killed: false,
            call_range: None,
        }
    }

    /// Takes in one event about this instrument, number `own`; others change nothing. Whether
    /// anything but the last price changed.
    pub fn follow(&mut self, own: InstrumentId, command: &Command, event: &Event) -> bool {
        match *event {
            Event::Trade(t) if t.instrument == own => {
                self.last_price = t.price;
                return false;
            }
            Event::InstrumentStatusChanged { instrument, status } if instrument == own => {
                self.status = status;
            }
            Event::PriceLimitsChanged { instrument } if instrument == own => {
                if let Command::SetPriceLimits { base_price, limit_down, limit_up, .. } = command {
                    self.set_limits(*base_price, *limit_down, *limit_up);
                }
            }
            Event::LimitsRolled { instrument, base_price, limit_down, limit_up }
                if instrument == own =>
            {
                self.set_limits(base_price, limit_down, limit_up);
            }
            Event::PhaseChanged { instrument, phase, until } if instrument == own => {
                self.phase = phase;
                self.until = until;
                // Said again after the phase, where it is a call with bounds.
                self.call_range = None;
            }
            Event::CallBounded { instrument, low, high } if instrument == own => {
                self.call_range = Some((low, high));
            }
            Event::QuoteChanged { instrument, quote } if instrument == own => self.quote = quote,
            Event::HaltsChanged { instrument, halts } if instrument == own => self.halts = halts,
            Event::ShortSaleRule { instrument, on } if instrument == own => {
                self.short_restricted = on;
            }
            Event::TicksChanged { instrument, ticks } if instrument == own => {
                self.spec.ticks = ticks;
            }
            Event::TermsChanged { instrument } if instrument == own => {
                if let Command::SetListedShares { shares, .. } = command {
                    self.spec.listed_shares = *shares;
                }
            }
            Event::KillChanged { scope: KillScope::Instrument(instrument), on }
                if instrument == own =>
            {
                self.killed = on;
            }
            _ => return false,
        }
        true
    }

    fn set_limits(&mut self, base_price: Price, limit_down: Price, limit_up: Price) {
        self.spec.base_price = base_price;
        self.spec.limit_down = limit_down;
        self.spec.limit_up = limit_up;
    }
}

impl Footing {
    /// Takes in one event about the instrument number `own`; others change nothing.
    pub fn follow(&mut self, own: InstrumentId, event: &Event) {
        match *event {
            Event::Trade(trade) if trade.instrument == own => {
                *self = Footing { traded_today: true, carried: Price(0) };
            }
            // The day's first trade is yet to come.
            Event::LimitsRolled { instrument, .. } if instrument == own => {
                *self = Footing::default();
            }
            Event::PhaseChanged { instrument, .. } if instrument == own => self.carried = Price(0),
            Event::QuoteCarried { instrument, price } if instrument == own => self.carried = price,
            _ => {}
        }
    }
}
