//! Missed private events from the database, made into the very messages that memory would
//! have given: same positions, same contents.
//!
//! Orders and fills come event by event. Balances come as they stand: the database keeps
//! each balance's last change only, so changes that were overtaken within the replayed
//! stretch are not told. The tables may be behind what the platform has released; a page
//! that is not there yet is waited for, within a bound.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use zaraba_engine::Reject;
use zaraba_engine::engine::{OrderState, OrderStatus};
use zaraba_engine::event::CloseReason;
use zaraba_engine::types::*;

use super::feed::Replay;
use crate::market::private::{Body, Corrected, Fill, Page, Position, PrivateEvent, ordinal};
use crate::platform::Platform;
use crate::queries::{
    BalanceRow, FillRow, History, HistoryError, OrderChange, OrderEventKind, OrderEventRow,
    PrivateEvents,
};

/// Events asked for at once.
const PAGE: usize = 500;
/// How long to wait for the tables to reach what is missing.
const WAIT: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(200);
/// Most events of one order that are read to know how it stood; see `History::order_events`.
const CHAIN: usize = 10_000;

/// Reads one replay's pages; remembers how the orders in it stand.
#[derive(Default)]
pub struct Reader {
    orders: HashMap<OrderId, OrderState>,
}

impl Reader {
    /// The next page of a replay.
    ///
    /// # Errors
    /// Why the database cannot give it, in words.
    pub async fn page(
        &mut self,
        platform: &Platform,
        account: AccountId,
        replay: &Replay,
    ) -> Result<Page, String> {
        let history = &platform.history;
        // A command of which the client has a part is read again whole.
        let after = match replay.at.ordinal {
            u32::MAX => replay.at.seq,
            _ => Seq(replay.at.seq.0.saturating_sub(1)),
        };
        let answer = events_beyond(history, account, after).await?;
        let say = |error: HistoryError| error.to_string();
        let balances =
            history.balances_after(account, after, answer.complete_to).await.map_err(say)?;
        let fills: HashMap<(Option<TradeId>, OrderId), &FillRow> =
            answer.fills.iter().map(|fill| ((Some(fill.trade), fill.order), fill)).collect();
        let mut events = Vec::new();
        for change in &answer.changes {
            let fill = fills.get(&(change.event.trade, change.event.order)).copied();
            self.told(history, change, fill, &mut events).await?;
        }
        for row in &answer.corrections {
            let told = Corrected::told(
                (row.trade, row.number, row.instrument),
                (row.buyer, row.seller),
                &row.after,
                (row.seq, row.at),
            );
            events.extend(told.filter(|event| event.account == account));
        }
        events.extend(balances.iter().map(told_balance));
        events.retain(|event| replay.at < event.position && event.position <= replay.until);
        events.sort_by_key(|event| event.position);
        crate::market::metrics::METRICS
            .replayed
            .with_label_values(&["history"])
            .inc_by(events.len() as u64);
        let next = Position::end_of(answer.complete_to).min(replay.until);
        Ok(Page { events, next, caught_up: false })
    }

    async fn told(
        &mut self,
        history: &History,
        change: &OrderChange,
        fill: Option<&FillRow>,
        out: &mut Vec<PrivateEvent>,
    ) -> Result<(), String> {
        let event = &change.event;
        let known = self.orders.get(&event.order).copied();
        let mut state = match (event.kind, known) {
            (OrderEventKind::Accepted | OrderEventKind::Rejected | OrderEventKind::Attached, _) => {
                fresh(&change.order.state)
            }
            (_, Some(known)) => known,
            (_, None) => before(history, change).await?,
        };
        fold(&mut state, event);
        self.orders.insert(event.order, state);
        let mut push = |part: u32, body: Body| {
            let ordinal = ordinal::of(event.ordinal as usize, part);
            let position = Position { seq: event.seq, ordinal };
            out.push(PrivateEvent { account: event.account, position, body });
        };
        match fill {
            Some(fill) => {
                let parts = match fill.fill_id % 2 == 1 {
                    true => (ordinal::TAKER, ordinal::TAKER_FILL),
                    false => (ordinal::ORDER, ordinal::MAKER_FILL),
                };
                push(parts.0, Body::Order(state));
                push(parts.1, Body::Fill(fill_of(fill)));
            }
            None if event.kind == OrderEventKind::Trade => {
                return Err(format!("the database lacks a fill of order {}", event.order));
            }
            // As in memory: the trade that filled it told so already.
            None if event.kind == OrderEventKind::Closed && state.status == OrderStatus::Filled => {
            }
            None => push(ordinal::ORDER, Body::Order(state)),
        }
        Ok(())
    }
}

fn fill_of(fill: &FillRow) -> Fill {
    Fill {
        fill: fill.fill_id,
        order: fill.order,
        instrument: fill.instrument,
        side: fill.side,
        price: fill.price,
        quantity: fill.quantity,
        fee: fill.fee,
        liquidity: fill.liquidity,
        at: fill.at,
    }
}

fn told_balance(row: &BalanceRow) -> PrivateEvent {
    PrivateEvent {
        account: row.balance.account,
        position: Position { seq: row.seq, ordinal: ordinal::BALANCE + row.balance.asset.0 },
        body: Body::Balance(row.balance),
    }
}

/// What an account missed after a sequence, waiting for the tables to get beyond it.
async fn events_beyond(
    history: &History,
    account: AccountId,
    after: Seq,
) -> Result<PrivateEvents, String> {
    let deadline = Instant::now() + WAIT;
    loop {
        let answer = history.events_after(account, after, PAGE).await.map_err(|e| e.to_string())?;
        if answer.complete_to > after {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            let seconds = WAIT.as_secs();
            let reached = answer.seq;
            return Err(format!("the database is at sequence {reached} for {seconds} seconds"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The order before its first event.
fn fresh(now: &OrderState) -> OrderState {
    OrderState {
        filled: Quantity::ZERO,
        notional: 0,
        prevented: Quantity::ZERO,
        status: OrderStatus::Open,
        reject: now.reject.filter(|_| now.status == OrderStatus::Rejected),
        closed: None,
        ..*now
    }
}

/// The order as it stood before an event: its chain up to there.
async fn before(history: &History, change: &OrderChange) -> Result<OrderState, String> {
    let (order, end) = (change.event.order, (change.event.seq, change.event.ordinal));
    let chain = history.order_events(order).await.map_err(|error| error.to_string())?.value;
    if chain.len() >= CHAIN && chain.last().is_some_and(|last| (last.seq, last.ordinal) < end) {
        return Err(format!("order {order} has more than {CHAIN} events"));
    }
    let mut state = fresh(&change.order.state);
    for event in chain.iter().filter(|event| (event.seq, event.ordinal) < end) {
        fold(&mut state, event);
    }
    Ok(state)
}

/// Changes an order as its event says.
fn fold(state: &mut OrderState, event: &OrderEventRow) {
    (state.seq, state.updated_at) = (event.seq, event.at);
    let word = event.code.as_deref();
    let condition = || Condition::ALL.iter().copied().find(|it| Some(it.as_str()) == word);
    match event.kind {
        OrderEventKind::Accepted | OrderEventKind::Attached => {
            (state.price, state.quantity) = (event.price, event.quantity);
            state.kind = kind_of(event.price);
            state.condition = condition().unwrap_or(Condition::Any);
            if event.kind == OrderEventKind::Attached {
                state.status = OrderStatus::PendingTrigger;
            }
        }
        OrderEventKind::Amended => {
            if state.kind == OrderKind::Limit {
                state.price = event.price;
            }
            state.quantity = event.quantity;
            state.condition = condition().unwrap_or(state.condition);
        }
        OrderEventKind::Rejected => state.status = OrderStatus::Rejected,
        OrderEventKind::Trade => {
            state.filled.0 += event.quantity.0;
            state.notional += event.price.0 * event.quantity.0;
            state.status = match event.remaining {
                Quantity::ZERO => OrderStatus::Filled,
                _ => OrderStatus::PartiallyFilled,
            };
        }
        OrderEventKind::Parked => state.status = OrderStatus::PendingTrigger,
        OrderEventKind::Triggered => {
            (state.kind, state.price) = (kind_of(event.price), event.price);
            state.quantity = event.quantity;
            if state.status == OrderStatus::PendingTrigger {
                state.status = OrderStatus::Open;
            }
        }
        OrderEventKind::SetOffRefused => {
            state.reject = Reject::ALL.into_iter().find(|it| Some(it.code()) == word);
        }
        OrderEventKind::Prevented => state.prevented.0 += event.quantity.0,
        OrderEventKind::Closed => {
            state.closed = CloseReason::ALL.iter().copied().find(|it| Some(it.as_str()) == word);
            state.status = state.closed.map_or(OrderStatus::Cancelled, CloseReason::status);
        }
    }
}

/// Only market orders have no price.
fn kind_of(price: Price) -> OrderKind {
    match price {
        Price::ZERO => OrderKind::Market,
        _ => OrderKind::Limit,
    }
}
