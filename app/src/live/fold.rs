//! How an order's state follows from its command and events. Pure; the live view and the
//! REST answers both use it, so that they cannot disagree.

use zaraba_engine::command::Place;
use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::event::CloseReason;
use zaraba_engine::types::*;
use zaraba_engine::{Event, Reject};

/// An order as it stands when it has just been accepted.
pub fn accepted(place: &Place, order: OrderId, at: Timestamp, seq: Seq) -> OrderState {
    OrderState {
        order,
        account: place.account,
        instrument: place.instrument,
        side: place.side,
        kind: place.kind,
        time_in_force: place.time_in_force,
        post_only: place.post_only,
        price: place.price,
        quantity: place.quantity,
        filled: Quantity::ZERO,
        notional: 0,
        status: OrderStatus::Open,
        reject: None,
        closed: None,
        client_id: place.client_id,
        created_at: at,
        updated_at: at,
        seq,
    }
}

/// An order that was refused.
pub fn rejected(
    place: &Place,
    order: OrderId,
    code: Reject,
    at: Timestamp,
    seq: Seq,
) -> OrderState {
    OrderState {
        status: OrderStatus::Rejected,
        reject: Some(code),
        ..accepted(place, order, at, seq)
    }
}

/// Takes one event into an order it is about; events about other orders change nothing.
pub fn event(state: &mut OrderState, event: &Event, at: Timestamp, seq: Seq) {
    match event {
        Event::Trade(trade) => {
            // An order can only be one side: the engine never trades an order with itself.
            let remaining = if trade.taker == state.order {
                trade.taker_remaining
            } else if trade.maker == state.order {
                trade.maker_remaining
            } else {
                return;
            };
            state.filled = Quantity(state.quantity.0.saturating_sub(remaining.0));
            let notional = i128::from(trade.price.0) * i128::from(trade.quantity.0);
            // The engine refused orders whose whole notional does not fit.
            state.notional =
                state.notional.saturating_add(i64::try_from(notional).unwrap_or(i64::MAX));
            state.status =
                if remaining.0 == 0 { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        }
        Event::Amended { order, price, quantity, .. } if *order == state.order => {
            // A repeat of an amendment changes nothing, as in the engine: not its time either.
            if (state.price, state.quantity) == (*price, *quantity) {
                return;
            }
            state.price = *price;
            state.quantity = *quantity;
        }
        Event::Closed { order, reason, .. } if *order == state.order => {
            state.closed = Some(*reason);
            state.status = match reason {
                CloseReason::Filled => OrderStatus::Filled,
                CloseReason::Expired => OrderStatus::Expired,
                CloseReason::Cancelled
                | CloseReason::CancelledMany
                | CloseReason::ImmediateRest
                | CloseReason::FillOrKill => OrderStatus::Cancelled,
            };
        }
        _ => return,
    }
    state.updated_at = at;
    state.seq = seq;
}

/// The order a `Place` made, as it stands after all of the command's events; `None` when
/// the command was refused without a record or was a repeat.
pub fn placed(place: &Place, events: &[Event], at: Timestamp, seq: Seq) -> Option<OrderState> {
    let mut order = match events.first()? {
        Event::Accepted { order, .. } => accepted(place, *order, at, seq),
        Event::Refused { code, order: Some(order) } => rejected(place, *order, *code, at, seq),
        // Locks may be told before the acceptance.
        _ => events.iter().find_map(|e| match e {
            Event::Accepted { order, .. } => Some(accepted(place, *order, at, seq)),
            _ => None,
        })?,
    };
    for e in events {
        event(&mut order, e, at, seq);
    }
    Some(order)
}
