//! From commands and their events to the rows of one transaction (a [`Bundle`]).
//!
//! Everything comes from the command and its events, nothing from the engine's memory of an
//! order: a short memory (`engine.answers`) forgets orders at any moment, also within the
//! command that finished them. An order taken in within the bundle is a new row that
//! later events of the bundle overwrite; of an order of an earlier bundle only the change is
//! kept, as absolute values wherever the events give them.

use zaraba_engine::command::{Place, Provenance, Transfer, Via};
use zaraba_engine::engine::{AccountState, OrderState, OrderStatus};
use zaraba_engine::event::{Cause, CloseReason, Trade};
use zaraba_engine::instrument::{InstrumentState, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event, Reject};

use super::bundle::{
    AccountRecord, BalanceRecord, Bundle, Day, Mark, OrderDelta, OrderPlace, OrderRecord,
};

/// Codes of the accounts that `Genesis` creates, by number.
const SYSTEM_ACCOUNTS: [&str; AccountId::SYSTEM_COUNT as usize] =
    ["house", "fees", "rounding", "outside"];

/// Collects bundles from applied commands.
pub(super) struct Collector {
    /// Reference data as of the last command taken.
    instruments: Vec<InstrumentState>,
    bundle: Option<Bundle>,
}

/// One command as the collector sees it.
struct Step<'a> {
    seq: Seq,
    at: Timestamp,
    command: &'a Command,
}

impl Collector {
    /// A collector that goes on from this engine's state.
    pub(super) fn new(engine: &Engine) -> Collector {
        let instruments = engine.instruments().map(|(_, state)| state).collect();
        Collector { instruments, bundle: None }
    }

    /// The day of the bundle in work; a command of another day does not go into it.
    pub(super) fn day(&self) -> Option<Day> {
        self.bundle.as_ref().map(|bundle| bundle.day)
    }

    /// Commands and bytes collected.
    pub(super) fn size(&self) -> (usize, usize) {
        self.bundle.as_ref().map_or((0, 0), |bundle| (bundle.commands, bundle.bytes()))
    }

    /// The bundle in work, complete up to the last command taken, whose hash is given.
    pub(super) fn finish(&mut self, state_hash: u64) -> Option<Bundle> {
        let mut bundle = self.bundle.take()?;
        bundle.mark.state_hash = state_hash;
        Some(bundle)
    }

    /// Takes a command and what it did.
    pub(super) fn take(&mut self, seq: Seq, at: Timestamp, command: &Command, events: &[Event]) {
        let bundle = self.bundle.get_or_insert_with(|| Bundle::new(Day::of(at)));
        bundle.commands += 1;
        bundle.mark = Mark { seq, at, state_hash: 0 };
        let step = Step { seq, at, command };
        if let Command::Genesis { .. } = command
            && events.contains(&Event::Begun)
        {
            for (number, code) in SYSTEM_ACCOUNTS.iter().enumerate() {
                bundle.add_account(&step, AccountId(number as u32), code);
            }
        }
        for (ordinal, event) in events.iter().enumerate() {
            let ordinal = ordinal as u32;
            match event {
                Event::InstrumentCreated { .. }
                | Event::InstrumentStatusChanged { .. }
                | Event::PriceLimitsChanged { .. } => {
                    instrument_event(&mut self.instruments, bundle, &step, event);
                }
                Event::Trade(trade) => {
                    let spec = &self.instruments[trade.instrument.0 as usize].spec;
                    bundle.trade(&step, ordinal, trade, spec.quote_asset);
                }
                // An amendment to what the order is already (a repeat) moves no level and no
                // lock: it stands alone, changed nothing and leaves no row.
                Event::Amended { .. } if events.len() == 1 => {}
                _ => bundle.event(&step, ordinal, event),
            }
        }
    }
}

/// Keeps the reference data up to date and notes the changed instrument.
fn instrument_event(
    instruments: &mut Vec<InstrumentState>,
    bundle: &mut Bundle,
    step: &Step<'_>,
    event: &Event,
) {
    let instrument = match (event, step.command) {
        (Event::InstrumentCreated { instrument }, Command::CreateInstrument(spec)) => {
            instruments.push(InstrumentState::created(spec));
            *instrument
        }
        (event, command) if let Some(instrument) = event.changes_instrument() => {
            instruments[instrument.0 as usize].follow(instrument, command, event);
            instrument
        }
        _ => return,
    };
    let state = instruments[instrument.0 as usize];
    bundle.instruments.insert(instrument, (state, step.seq));
}

impl Bundle {
    fn event(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        match (*event, step.command) {
            (Event::AssetCreated { asset }, Command::CreateAsset(spec)) => {
                self.assets.push((asset, *spec, step.seq));
            }
            (Event::AccountCreated { account }, Command::CreateAccount { code }) => {
                self.add_account(step, account, code.as_str());
            }
            (Event::AccountStatusChanged { account, status }, _) => {
                self.account_status(step, account, status);
            }
            (Event::Accepted { order, .. }, Command::Place(place)) => {
                self.place(step, ordinal, place, order, None);
            }
            (Event::Refused { code, order: Some(order) }, Command::Place(place)) => {
                self.place(step, ordinal, place, order, Some(code));
            }
            (Event::Amended { .. }, _) => self.amended(step, ordinal, event),
            (Event::Closed { .. }, _) => self.closed(step, ordinal, event),
            (Event::Balance { .. }, _) => self.balance(step, ordinal, event),
            _ => {}
        }
    }

    fn add_account(&mut self, step: &Step<'_>, account: AccountId, code: &str) {
        let code = AccountCode::new(code).unwrap_or_default();
        self.new_accounts.push(AccountRecord {
            account,
            state: AccountState { code, status: AccountStatus::Active },
            created_at: step.at,
            seq: step.seq,
        });
    }

    fn account_status(&mut self, step: &Step<'_>, account: AccountId, status: AccountStatus) {
        // Numbers are dense, so the new accounts of a bundle are in order of theirs.
        match self.new_accounts.binary_search_by_key(&account, |new| new.account) {
            Ok(index) => {
                self.new_accounts[index].state.status = status;
                self.new_accounts[index].seq = step.seq;
            }
            Err(_) => {
                self.account_statuses.insert(account, (status, step.seq));
            }
        }
    }

    fn place(
        &mut self,
        step: &Step<'_>,
        ordinal: u32,
        place: &Place,
        order: OrderId,
        reject: Option<Reject>,
    ) {
        let event = match reject {
            Some(code) => Event::Refused { code, order: Some(order) },
            None => Event::Accepted { order, bound: place.price },
        };
        let made = OrderState::made(step.command, &event, step.at, step.seq);
        let state = made.expect("a command with an accepted or refused order makes one");
        self.places.insert(order, OrderPlace::New(self.new_orders.len()));
        self.new_orders.push(OrderRecord { state, via: place.via, key: place.key });
        let remaining = if reject.is_some() { Quantity::ZERO } else { place.quantity };
        self.order_event(OrderEvent {
            step,
            ordinal,
            order,
            account: place.account,
            instrument: place.instrument,
            kind: if reject.is_some() { "rejected" } else { "accepted" },
            price: place.price,
            quantity: place.quantity,
            remaining,
            trade: None,
            code: reject.map(Reject::code),
            asked: true,
        });
    }

    fn amended(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        let Event::Amended { order, account, instrument, price, quantity, remaining, .. } = *event
        else {
            return;
        };
        match self.touch(step, order) {
            Touched::New(state) => {
                state.price = price;
                state.quantity = quantity;
                state.now_remaining(remaining);
            }
            Touched::Changed(delta) => {
                delta.price = Some(price);
                delta.quantity = Some(quantity);
                delta.remaining = remaining;
            }
        }
        self.order_event(OrderEvent {
            step,
            ordinal,
            order,
            account,
            instrument,
            kind: "amended",
            price,
            quantity,
            remaining,
            trade: None,
            code: None,
            asked: true,
        });
    }

    fn closed(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        let Event::Closed { order, account, instrument, reason, remaining } = *event else {
            return;
        };
        match self.touch(step, order) {
            Touched::New(state) => {
                state.now_remaining(remaining);
                state.status = reason.status();
                state.closed = Some(reason);
            }
            Touched::Changed(delta) => {
                delta.remaining = remaining;
                delta.closed = Some(reason);
            }
        }
        self.order_event(OrderEvent {
            step,
            ordinal,
            order,
            account,
            instrument,
            kind: "closed",
            price: Price::ZERO,
            quantity: remaining,
            remaining: Quantity::ZERO,
            trade: None,
            code: Some(reason.as_str()),
            asked: matches!(reason, CloseReason::Cancelled | CloseReason::CancelledMany),
        });
    }

    fn trade(&mut self, step: &Step<'_>, ordinal: u32, trade: &Trade, fee_asset: AssetId) {
        let maker = TradeSide {
            order: trade.maker,
            account: trade.maker_account,
            side: trade.taker_side.opposite(),
            remaining: trade.maker_remaining,
            fee: trade.maker_fee,
            taker: false,
        };
        let taker = TradeSide {
            order: trade.taker,
            account: trade.taker_account,
            side: trade.taker_side,
            remaining: trade.taker_remaining,
            fee: trade.taker_fee,
            taker: true,
        };
        // Rows are in order of their keys: fills by side, order events by order number.
        let first_is_maker = trade.maker < trade.taker;
        let by_order = if first_is_maker { [&maker, &taker] } else { [&taker, &maker] };
        for side in by_order {
            self.traded(step, ordinal, trade, side);
        }
        for side in [&maker, &taker] {
            self.fills
                .row(13)
                .at(step.at)
                .id(trade.trade.0 * 2 + u64::from(side.taker))
                .id(step.seq.0)
                .id(trade.trade.0)
                .id(side.order.0)
                .int4(side.account.0)
                .int4(trade.instrument.0)
                .text(side.side.as_str())
                .int8(trade.price.0)
                .int8(trade.quantity.0)
                .int8(side.fee.0)
                .int4(fee_asset.0)
                .text(if side.taker { "taker" } else { "maker" });
        }
    }

    fn traded(&mut self, step: &Step<'_>, ordinal: u32, trade: &Trade, side: &TradeSide) {
        let notional = trade.price.0 * trade.quantity.0;
        match self.touch(step, side.order) {
            Touched::New(state) => {
                state.notional += notional;
                state.now_remaining(side.remaining);
            }
            Touched::Changed(delta) => {
                delta.notional += notional;
                delta.remaining = side.remaining;
            }
        }
        self.order_event(OrderEvent {
            step,
            ordinal,
            order: side.order,
            account: side.account,
            instrument: trade.instrument,
            kind: "trade",
            price: trade.price,
            quantity: trade.quantity,
            remaining: side.remaining,
            trade: Some(trade.trade),
            code: None,
            asked: false,
        });
    }

    /// The order's row or change in this bundle, marked as changed by this command.
    fn touch(&mut self, step: &Step<'_>, order: OrderId) -> Touched<'_> {
        let next = OrderPlace::Changed(self.order_deltas.len());
        match *self.places.entry(order).or_insert(next) {
            OrderPlace::New(index) => {
                let state = &mut self.new_orders[index].state;
                state.updated_at = step.at;
                state.seq = step.seq;
                Touched::New(state)
            }
            OrderPlace::Changed(index) => {
                if index == self.order_deltas.len() {
                    self.order_deltas.push(OrderDelta::new(order));
                }
                let delta = &mut self.order_deltas[index];
                delta.at = step.at;
                delta.seq = step.seq;
                Touched::Changed(delta)
            }
        }
    }

    fn order_event(&mut self, event: OrderEvent<'_>) {
        let asked = if event.asked { origin(event.step.command) } else { None };
        self.order_events
            .row(14)
            .at(event.step.at)
            .id(event.step.seq.0)
            .int4(event.ordinal)
            .id(event.order.0)
            .int4(event.account.0)
            .int4(event.instrument.0)
            .text(event.kind)
            .int8(event.price.0)
            .int8(event.quantity.0)
            .int8(event.remaining.0)
            .id_or_null(event.trade.map(|trade| trade.0))
            .text_or_null(event.code)
            .text_or_null(asked.map(|(via, _)| via_word(via)))
            .int4_or_null(asked.map(|(_, key)| key));
    }

    fn balance(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        let Event::Balance { account, asset, total, locked, delta, cause, reference } = *event
        else {
            return;
        };
        self.balances.insert((account, asset), BalanceRecord { total, locked, seq: step.seq });
        if delta == Amount::ZERO {
            return;
        }
        let moved: Option<(&Transfer, &Provenance)> = match step.command {
            Command::Transfer { transfer, by } => Some((transfer, by)),
            _ => None,
        };
        self.ledger_entries
            .row(12)
            .at(step.at)
            .id(step.seq.0)
            .int4(ordinal)
            .int4(account.0)
            .int4(asset.0)
            .int8(delta.0)
            .int8(total.0)
            .text(cause.as_str())
            .id(if cause == Cause::Lock { 0 } else { reference })
            .text_or_null(moved.map(|(transfer, _)| transfer.reference.as_str()))
            .text_or_null(moved.map(|(_, by)| by.actor.as_str()))
            .text_or_null(moved.map(|(_, by)| by.reason.as_str()));
    }
}

/// One side of a trade.
struct TradeSide {
    order: OrderId,
    account: AccountId,
    side: Side,
    remaining: Quantity,
    fee: Amount,
    taker: bool,
}

/// A row of `trading.order_events` to be.
struct OrderEvent<'a> {
    step: &'a Step<'a>,
    ordinal: u32,
    order: OrderId,
    account: AccountId,
    instrument: InstrumentId,
    kind: &'a str,
    price: Price,
    quantity: Quantity,
    remaining: Quantity,
    trade: Option<TradeId>,
    code: Option<&'a str>,
    /// Whether the command asked for just this.
    asked: bool,
}

/// An order in the bundle.
enum Touched<'a> {
    New(&'a mut OrderState),
    Changed(&'a mut OrderDelta),
}

trait Remaining {
    fn now_remaining(&mut self, remaining: Quantity);
}

impl Remaining for OrderState {
    /// Sets what is filled from what is left of a live order.
    fn now_remaining(&mut self, remaining: Quantity) {
        self.filled = Quantity(self.quantity.0 - remaining.0);
        self.status = if self.filled > Quantity::ZERO {
            OrderStatus::PartiallyFilled
        } else {
            OrderStatus::Open
        };
    }
}

impl OrderDelta {
    fn new(order: OrderId) -> OrderDelta {
        OrderDelta {
            order,
            price: None,
            quantity: None,
            remaining: Quantity::ZERO,
            notional: 0,
            closed: None,
            at: Timestamp(0),
            seq: Seq(0),
        }
    }

    /// The change made to a row: what the database does, for the verifier.
    pub(super) fn apply(&self, state: &mut OrderState) {
        state.price = self.price.unwrap_or(state.price);
        state.quantity = self.quantity.unwrap_or(state.quantity);
        state.notional += self.notional;
        state.now_remaining(self.remaining);
        if let Some(reason) = self.closed {
            state.status = reason.status();
            state.closed = self.closed;
        }
        state.updated_at = self.at;
        state.seq = self.seq;
    }
}

/// By which door and with which key a command about orders came.
fn origin(command: &Command) -> Option<(Via, u32)> {
    match command {
        Command::Place(place) => Some((place.via, place.key)),
        Command::Amend(amend) => Some((amend.via, amend.key)),
        Command::Cancel(cancel) => Some((cancel.via, cancel.key)),
        Command::CancelMany(many) => Some((many.via, many.key)),
        _ => None,
    }
}

/// The door's word in the tables.
pub(super) fn via_word(via: Via) -> &'static str {
    match via {
        Via::Rest => "rest",
        Via::Stream => "stream",
        Via::Admin => "admin",
        Via::System => "system",
    }
}

/// The tick rule's word or number in the tables.
pub(super) fn ticks_word(ticks: TickRule) -> String {
    match ticks {
        TickRule::Fixed(tick) => tick.to_string(),
        TickRule::TseTopix500 => "tse_topix500".to_owned(),
        TickRule::TseOther => "tse_other".to_owned(),
    }
}
