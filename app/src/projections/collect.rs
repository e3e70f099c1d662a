//! From commands and their events to the rows of one transaction (a [`Bundle`]).
//!
//! Everything comes from the command and its events, nothing from the engine's memory of an
//! order: a short memory (`engine.answers`) forgets orders at any moment, also within the
//! command that finished them. An order taken in within the bundle is a new row that
//! later events of the bundle overwrite; of an order of an earlier bundle only the change is
//! kept, as absolute values wherever the events give them.

mod trades;

use zaraba_engine::command::{Provenance, Transfer, Via};
use zaraba_engine::engine::{AccountState, OrderState};
use zaraba_engine::event::{BalanceChange, Cause, CloseReason};
use zaraba_engine::instrument::{InstrumentState, TickRule};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Engine, Event};

use crate::live::fold;

use super::bundle::{
    AccountDelta, AccountRecord, BalanceRecord, Bundle, Day, Mark, OrderPlace, OrderRecord,
};
use super::delta::OrderDelta;

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
pub(super) struct Step<'a> {
    pub(super) seq: Seq,
    pub(super) at: Timestamp,
    pub(super) command: &'a Command,
    /// Who gave it, where that is on record.
    pub(super) by: Option<&'a Provenance>,
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
        let step = Step { seq, at, command: command.plain(), by: command.provenance() };
        let command = step.command;
        if let Command::Genesis { .. } = command
            && events.contains(&Event::Begun)
        {
            for (number, code) in SYSTEM_ACCOUNTS.iter().enumerate() {
                bundle.add_account(&step, AccountId(number as u32), code);
            }
        }
        let changes = events.iter().flat_map(Event::balances);
        for (ordinal, change) in changes.enumerate() {
            bundle.balance(&step, ordinal as u32, &change);
        }
        for (ordinal, event) in events.iter().enumerate() {
            let ordinal = ordinal as u32;
            match event {
                Event::InstrumentCreated { .. } => {
                    instrument_event(&mut self.instruments, bundle, &step, event);
                }
                _ if event.changes_instrument().is_some() => {
                    instrument_event(&mut self.instruments, bundle, &step, event);
                    bundle.rule(&step, ordinal, event);
                }
                Event::Trade(trade) => {
                    let spec = &self.instruments[trade.instrument.0 as usize].spec;
                    bundle.trade(&step, ordinal, trade, spec.quote_asset);
                }
                Event::DeskTrade(trade) => {
                    let spec = &self.instruments[trade.instrument.0 as usize].spec;
                    bundle.desk_trade(&step, ordinal, trade, spec.quote_asset);
                    bundle.rule(&step, ordinal, event);
                }
                // It changed nothing and leaves no row.
                Event::Amended { .. } if fold::repeats(events) => {}
                Event::Anchored => bundle.anchor(&step),
                Event::TradeCorrected(now) => bundle.correction(&step, now),
                _ => {
                    bundle.event(&step, ordinal, event);
                    bundle.rule(&step, ordinal, event);
                }
            }
        }
        if let Some(by) = step.by {
            bundle.action(&step, by, events);
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
                self.account_change(step, account, |delta| delta.status = Some(status));
            }
            (Event::GroupChanged { account, group }, _) => {
                self.account_change(step, account, |delta| delta.group = Some(group));
            }
            (Event::FirmChanged { account, firm }, _) => {
                self.account_change(step, account, |delta| delta.firm = Some(firm));
            }
            (Event::Accepted { .. } | Event::Refused { .. } | Event::Attached { .. }, _) => {
                self.place(step, ordinal, event);
            }
            (Event::Parked { order }, _) => self.parked(step, ordinal, order, event),
            (Event::Triggered { .. }, _) => self.triggered(step, ordinal, event),
            (Event::Prevented { .. }, _) => self.prevented(step, ordinal, event),
            (Event::SetOffRefused { .. }, _) => self.set_off_refused(step, ordinal, event),
            (Event::Amended { .. }, _) => self.amended(step, ordinal, event),
            (Event::Closed { .. }, _) => self.closed(step, ordinal, event),
            _ => {}
        }
    }

    fn add_account(&mut self, step: &Step<'_>, account: AccountId, code: &str) {
        let code = AccountCode::new(code).unwrap_or_default();
        self.new_accounts.push(AccountRecord {
            account,
            state: AccountState { code, status: AccountStatus::Active },
            group: GroupId(0),
            firm: FirmId(0),
            created_at: step.at,
            seq: step.seq,
        });
    }

    fn account_change(
        &mut self,
        step: &Step<'_>,
        account: AccountId,
        change: impl Fn(&mut AccountDelta),
    ) {
        // Numbers are dense, so the new accounts of a bundle are in order of theirs.
        match self.new_accounts.binary_search_by_key(&account, |new| new.account) {
            Ok(index) => {
                let mut delta = AccountDelta { seq: step.seq, ..AccountDelta::default() };
                change(&mut delta);
                self.new_accounts[index].take(&delta);
            }
            Err(_) => {
                let delta = self.account_changes.entry(account).or_default();
                change(delta);
                delta.seq = step.seq;
            }
        }
    }

    /// A new order: taken, refused, or registered behind another.
    fn place(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        let Some(state) = OrderState::made(step.command, event, step.at, step.seq) else { return };
        let (kind, code) = match *event {
            Event::Attached { order, parent, .. } => {
                let known = self.places.get(&parent).copied();
                if let Some(OrderPlace::New(index)) = known {
                    self.new_orders[index].state.child = order;
                }
                ("attached", None)
            }
            Event::Refused { code, .. } => ("rejected", Some(code.code())),
            _ => ("accepted", condition_word(state.condition)),
        };
        self.places.insert(state.order, OrderPlace::New(self.new_orders.len()));
        let (via, key) = origin(step.command).unwrap_or((Via::System, 0));
        self.new_orders.push(OrderRecord { state, via, key });
        self.order_event(OrderEvent {
            step,
            ordinal,
            order: state.order,
            account: state.account,
            instrument: state.instrument,
            kind,
            price: state.price,
            quantity: state.quantity,
            remaining: if state.reject.is_some() { Quantity::ZERO } else { state.quantity },
            trade: None,
            code,
            asked: true,
        });
    }

    /// Orders are parked by the command that makes or amends them: it says whose they are. An
    /// order that does not tell is parked by the platform and has no row of it.
    fn parked(&mut self, step: &Step<'_>, ordinal: u32, order: OrderId, event: &Event) {
        self.change(step, order, event);
        let (account, instrument) = match step.command {
            Command::Place(place) => (place.account, place.instrument),
            Command::PlaceContingent(it) => (it.order.account, it.order.instrument),
            Command::PlaceOddLot(odd) => (odd.account, odd.instrument),
            Command::Amend(amend) => (amend.account, self.amended),
            _ => return,
        };
        self.order_event(OrderEvent {
            step,
            ordinal,
            order,
            account,
            instrument,
            kind: "parked",
            price: Price::ZERO,
            quantity: Quantity::ZERO,
            remaining: Quantity::ZERO,
            trade: None,
            code: None,
            asked: false,
        });
    }

    fn triggered(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        let Event::Triggered { order, account, instrument, kind, price, quantity } = *event else {
            return;
        };
        self.change(step, order, event);
        self.order_event(OrderEvent {
            step,
            ordinal,
            order,
            account,
            instrument,
            kind: "triggered",
            price,
            quantity,
            remaining: quantity,
            trade: None,
            code: Some(kind.as_str()),
            asked: false,
        });
    }

    fn prevented(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        let Event::Prevented { order, account, instrument, quantity, remaining } = *event else {
            return;
        };
        self.change(step, order, event);
        self.order_event(OrderEvent {
            step,
            ordinal,
            order,
            account,
            instrument,
            kind: "prevented",
            price: Price::ZERO,
            quantity,
            remaining,
            trade: None,
            code: None,
            asked: false,
        });
    }

    fn set_off_refused(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        let Event::SetOffRefused { order, account, instrument, code } = *event else { return };
        self.change(step, order, event);
        self.order_event(OrderEvent {
            step,
            ordinal,
            order,
            account,
            instrument,
            kind: "set_off_refused",
            price: Price::ZERO,
            quantity: Quantity::ZERO,
            remaining: Quantity::ZERO,
            trade: None,
            code: Some(code.code()),
            asked: false,
        });
    }

    fn amended(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        let Event::Amended { order, account, instrument, price, quantity, remaining, .. } = *event
        else {
            return;
        };
        self.amended = instrument;
        self.change(step, order, event);
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
            code: fold::amended_condition(step.command).map(Condition::as_str),
            asked: true,
        });
    }

    fn closed(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        let Event::Closed { order, account, instrument, reason, remaining } = *event else {
            return;
        };
        self.change(step, order, event);
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

    /// Lets the order's row or change in this bundle follow an event.
    fn change(&mut self, step: &Step<'_>, order: OrderId, event: &Event) {
        let next = OrderPlace::Changed(self.order_deltas.len());
        match *self.places.entry(order).or_insert(next) {
            OrderPlace::New(index) => {
                let state = &mut self.new_orders[index].state;
                state.follow(step.command, event, step.at, step.seq);
            }
            OrderPlace::Changed(index) => {
                if index == self.order_deltas.len() {
                    self.order_deltas.push(OrderDelta::new(order));
                }
                self.order_deltas[index].follow(step, event);
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
            .text_or_null(asked.map(|(via, _)| via.as_str()))
            .int4_or_null(asked.map(|(_, key)| key));
    }

    /// One change of a balance, the `ordinal`-th of its command.
    fn balance(&mut self, step: &Step<'_>, ordinal: u32, change: &BalanceChange) {
        let BalanceChange { account, asset, total, locked, delta, cause, reference } = *change;
        self.balances.insert((account, asset), BalanceRecord { total, locked, seq: step.seq });
        if delta == Amount::ZERO {
            return;
        }
        let moved: Option<(Option<&Transfer>, &Provenance)> = match step.command {
            Command::Transfer { transfer, by } => Some((Some(transfer), by)),
            Command::CorrectTrade { by, .. } => Some((None, by)),
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
            .text_or_null(moved.and_then(|(transfer, _)| Some(transfer?.reference.as_str())))
            .text_or_null(moved.map(|(_, by)| by.actor.as_str()))
            .text_or_null(moved.map(|(_, by)| by.reason.as_str()));
    }
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

/// The word of a condition that is one.
fn condition_word(condition: Condition) -> Option<&'static str> {
    (condition != Condition::Any).then(|| condition.as_str())
}

/// By which door and with which key a command about orders came.
fn origin(command: &Command) -> Option<(Via, u32)> {
    match command {
        Command::Place(place) => Some((place.via, place.key)),
        Command::PlaceContingent(contingent) => Some((contingent.order.via, contingent.order.key)),
        Command::PlaceOddLot(odd) => Some((odd.via, odd.key)),
        Command::Amend(amend) => Some((amend.via, amend.key)),
        Command::Cancel(cancel) => Some((cancel.via, cancel.key)),
        Command::CancelMany(many) => Some((many.via, many.key)),
        _ => None,
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
