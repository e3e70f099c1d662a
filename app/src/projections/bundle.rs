//! What one transaction writes: plain data, filled in by the collector and written by the
//! session. History is kept encoded; state is kept coalesced to its last value.

use std::collections::{BTreeMap, HashMap};

use zaraba_engine::Replica;
use zaraba_engine::command::{AssetSpec, Via};
use zaraba_engine::engine::{AccountState, OrderState};
use zaraba_engine::event::CloseReason;
use zaraba_engine::instrument::InstrumentState;
use zaraba_engine::types::*;

use super::collect::ticks_word;
use super::copy::Rows;
use super::delta::OrderDelta;
use super::rules::Rules;

/// Nanoseconds of a day: history is partitioned by UTC day.
const DAY_NS: u64 = 86_400_000_000_000;

/// Columns of the history tables, in the order their rows are encoded here.
pub(super) const ORDER_EVENTS: &str = "at, seq, ordinal, order_id, account_id, instrument_id, \
     kind, price, quantity, remaining, trade_id, code, via, api_key";
pub(super) const FILLS: &str = "at, fill_id, seq, trade_id, order_id, account_id, \
     instrument_id, side, price, quantity, fee, fee_asset, liquidity";
pub(super) const LEDGER_ENTRIES: &str = "at, seq, ordinal, account_id, asset_id, delta, total, \
     cause, reference, client_reference, actor, reason";
/// Columns of the state tables, in the order their rows are encoded here.
pub(super) const ORDERS: &str = "order_id, account_id, instrument_id, client_order_id, side, \
     type, time_in_force, post_only, price, quantity, filled, notional, status, reject_code, \
     close_reason, condition, self_trade, short_sale, trigger_price, trigger_when, stop_price, \
     stop_when, stop_limit, expires, parent_id, child_id, prevented, amount, odd_lot, via, \
     api_key, created_at, updated_at, seq";
pub(super) const ACCOUNTS: &str = "account_id, code, status, group_id, firm_id, created_at, seq";
pub(super) const BALANCES: &str = "account_id, asset_id, total, locked, seq";
pub(super) const ASSETS: &str = "asset_id, code, exponent, seq";
pub(super) const INSTRUMENTS: &str = "instrument_id, symbol, name, profile, base_asset, \
     quote_asset, price_digits, quantity_digits, ticks, lot, min_quantity, max_quantity, \
     base_price, limit_down, limit_up, market_band_ppm, maker_fee_ppm, taker_fee_ppm, \
     open_order_cap, status, session_rules, listed_shares, market_min_quantity, \
     market_max_quantity, phase, phase_until, quote_kind, quote_side, quote_price, quote_until, halts, short_restricted, halt_reason, seq";

/// A UTC day, counted from 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Day(pub u64);

impl Day {
    pub(super) fn of(at: Timestamp) -> Day {
        Day(at.0 / DAY_NS)
    }
}

/// How far the tables are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// Last command in them; zero: none yet.
    pub seq: Seq,
    /// Its time.
    pub at: Timestamp,
    /// The engine's hash after it.
    pub state_hash: u64,
}

impl Mark {
    /// Whether both are the same place of the same journal (the database keeps the time to
    /// microseconds only).
    pub fn is_same_place(self, other: Mark) -> bool {
        self.seq == other.seq && self.state_hash == other.state_hash
    }

    /// Before the first command.
    pub fn zero() -> Mark {
        Mark { seq: Seq(0), at: Timestamp(0), state_hash: Replica::new().state_hash() }
    }
}

/// An order as a row.
#[derive(Clone)]
pub(super) struct OrderRecord {
    pub state: OrderState,
    pub via: Via,
    pub key: u32,
}

/// A new account, or a new status of one.
#[derive(Clone)]
pub(super) struct AccountRecord {
    pub account: AccountId,
    pub state: AccountState,
    pub group: GroupId,
    pub firm: FirmId,
    pub created_at: Timestamp,
    pub seq: Seq,
}

impl AccountRecord {
    /// Takes in what changed.
    pub(super) fn take(&mut self, delta: &AccountDelta) {
        self.state.status = delta.status.unwrap_or(self.state.status);
        self.group = delta.group.unwrap_or(self.group);
        self.firm = delta.firm.unwrap_or(self.firm);
        self.seq = delta.seq;
    }
}

/// What changed of an account whose row is already there.
#[derive(Clone, Default)]
pub(super) struct AccountDelta {
    pub status: Option<AccountStatus>,
    pub group: Option<GroupId>,
    pub firm: Option<FirmId>,
    pub seq: Seq,
}

/// A balance as a row.
#[derive(Clone)]
pub(super) struct BalanceRecord {
    pub total: Amount,
    pub locked: Amount,
    pub seq: Seq,
}

/// Everything one transaction writes.
pub(super) struct Bundle {
    /// Commands in it.
    pub commands: usize,
    /// How far the tables are after it.
    pub mark: Mark,
    /// The day of all its commands.
    pub day: Day,
    pub order_events: Rows,
    pub fills: Rows,
    pub ledger_entries: Rows,
    pub new_orders: Vec<OrderRecord>,
    pub order_deltas: Vec<OrderDelta>,
    pub new_accounts: Vec<AccountRecord>,
    pub account_changes: BTreeMap<AccountId, AccountDelta>,
    pub balances: HashMap<(AccountId, AssetId), BalanceRecord>,
    pub assets: Vec<(AssetId, AssetSpec, Seq)>,
    pub instruments: BTreeMap<InstrumentId, (InstrumentState, Seq)>,
    /// Why instruments are halted now; `None`: they are not.
    pub halt_reasons: BTreeMap<InstrumentId, Option<String>>,
    pub rules: Rules,
    /// Where the order is that was amended last: what follows in the same command is there too.
    pub amended: InstrumentId,
    /// Where each touched order is.
    pub places: HashMap<OrderId, OrderPlace>,
}

/// Where an order of the bundle is.
#[derive(Clone, Copy)]
pub(super) enum OrderPlace {
    /// In `new_orders`.
    New(usize),
    /// In `order_deltas`.
    Changed(usize),
}

impl Bundle {
    pub(super) fn new(day: Day) -> Bundle {
        Bundle {
            commands: 0,
            mark: Mark::zero(),
            day,
            order_events: Rows::default(),
            fills: Rows::default(),
            ledger_entries: Rows::default(),
            new_orders: Vec::new(),
            order_deltas: Vec::new(),
            new_accounts: Vec::new(),
            account_changes: BTreeMap::new(),
            balances: HashMap::new(),
            assets: Vec::new(),
            instruments: BTreeMap::new(),
            halt_reasons: BTreeMap::new(),
            rules: Rules::default(),
            amended: InstrumentId(0),
            places: HashMap::new(),
        }
    }

    /// Bytes of history in it: what bounds a bundle of commands with very many events.
    pub(super) fn bytes(&self) -> usize {
        let tables = [&self.order_events, &self.fills, &self.ledger_entries];
        let rules = &self.rules;
        let rules = [
            &rules.auctions,
            &rules.quotes,
            &rules.price_limits,
            &rules.risk_warnings,
            &rules.actions,
            &rules.anchors,
            &rules.corrections,
        ];
        tables.iter().chain(&rules).map(|rows| rows.bytes().len()).sum()
    }

    /// Rows it writes, by table.
    pub(super) fn rows(&self) -> [(&'static str, u64); 15] {
        [
            ("order_events", self.order_events.len()),
            ("fills", self.fills.len()),
            ("ledger_entries", self.ledger_entries.len()),
            ("orders", (self.new_orders.len() + self.order_deltas.len()) as u64),
            ("balances", self.balances.len() as u64),
            ("accounts", (self.new_accounts.len() + self.account_changes.len()) as u64),
            ("assets", self.assets.len() as u64),
            ("instruments", self.instruments.len() as u64),
            ("auctions", self.rules.auctions.len()),
            ("quotes", self.rules.quotes.len()),
            ("price_limits", self.rules.price_limits.len()),
            ("risk_warnings", self.rules.risk_warnings.len()),
            ("admin_actions", self.rules.actions.len()),
            ("anchors", self.rules.anchors.len()),
            ("corrections", self.rules.corrections.len()),
        ]
    }
}

/// Encodes orders as rows of `trading.orders`.
pub(super) fn encode_orders<'a>(orders: impl Iterator<Item = &'a OrderRecord>) -> Rows {
    let mut rows = Rows::default();
    for OrderRecord { state, via, key } in orders {
        rows.row(34)
            .id(state.order.0)
            .int4(state.account.0)
            .int4(state.instrument.0)
            .text(state.client_id.as_str())
            .text(state.side.as_str())
            .text(state.kind.as_str())
            .text(state.time_in_force.as_str())
            .bool(state.post_only)
            .int8(state.price.0)
            .int8(state.quantity.0)
            .int8(state.filled.0)
            .int8(state.notional)
            .text(state.status.as_str())
            .text_or_null(state.reject.map(|reject| reject.code()))
            .text_or_null(state.closed.map(CloseReason::as_str))
            .text(state.condition.as_str())
            .text(state.self_trade.as_str())
            .text(state.short.as_str())
            .int8(state.trigger.map_or(0, |trigger| trigger.price.0))
            .text_or_null(state.trigger.map(|trigger| trigger.when.as_str()))
            .int8(state.stop.map_or(0, |stop| stop.trigger.price.0))
            .text_or_null(state.stop.map(|stop| stop.trigger.when.as_str()))
            .int8(state.stop.map_or(0, |stop| stop.price.0))
            .int4(state.expires)
            .id(state.parent.0)
            .id(state.child.0)
            .int8(state.prevented.0)
            .int8(state.amount.0)
            .bool(state.odd_lot)
            .text(via.as_str())
            .int4(*key)
            .at(state.created_at)
            .at(state.updated_at)
            .id(state.seq.0);
    }
    rows
}

/// Encodes accounts as rows of `trading.accounts`.
pub(super) fn encode_accounts<'a>(accounts: impl Iterator<Item = &'a AccountRecord>) -> Rows {
    let mut rows = Rows::default();
    for record in accounts {
        rows.row(7)
            .int4(record.account.0)
            .text(record.state.code.as_str())
            .text(record.state.status.as_str())
            .int4(u32::from(record.group.0))
            .int4(record.firm.0)
            .at(record.created_at)
            .id(record.seq.0);
    }
    rows
}

/// Encodes balances as rows of `trading.balances`.
pub(super) fn encode_balances<'a>(
    balances: impl Iterator<Item = (&'a (AccountId, AssetId), &'a BalanceRecord)>,
) -> Rows {
    let mut rows = Rows::default();
    for ((account, asset), balance) in balances {
        rows.row(5)
            .int4(account.0)
            .int4(asset.0)
            .int8(balance.total.0)
            .int8(balance.locked.0)
            .id(balance.seq.0);
    }
    rows
}

/// Encodes assets as rows of `trading.assets`.
pub(super) fn encode_assets<'a>(
    assets: impl Iterator<Item = &'a (AssetId, AssetSpec, Seq)>,
) -> Rows {
    let mut rows = Rows::default();
    for (asset, spec, seq) in assets {
        rows.row(4).int4(asset.0).text(spec.code.as_str()).int2(i16::from(spec.exponent)).id(seq.0);
    }
    rows
}

/// Encodes instruments as rows of `trading.instruments`.
pub(super) fn encode_instruments<'a>(
    instruments: impl Iterator<Item = (&'a InstrumentId, &'a (InstrumentState, Seq))>,
    halt_reasons: &BTreeMap<InstrumentId, Option<String>>,
) -> Rows {
    let mut rows = Rows::default();
    for (instrument, (state, seq)) in instruments {
        let spec = &state.spec;
        rows.row(34)
            .int4(instrument.0)
            .text(spec.symbol.as_str())
            .text(spec.name.as_str())
            .text(spec.profile.as_str())
            .int4(spec.base_asset.0)
            .int4(spec.quote_asset.0)
            .int2(i16::from(spec.price_digits))
            .int2(i16::from(spec.quantity_digits))
            .text(&ticks_word(spec.ticks))
            .int8(spec.lot.0)
            .int8(spec.min_quantity.0)
            .int8(spec.max_quantity.0)
            .int8(spec.base_price.0)
            .int8(spec.limit_down.0)
            .int8(spec.limit_up.0)
            .int4(spec.market_band_ppm)
            .int4(spec.maker_fee_ppm as u32)
            .int4(spec.taker_fee_ppm as u32)
            .int4(spec.open_order_cap)
            .text(state.status.as_str())
            .bool(spec.session_rules)
            .int8(spec.listed_shares.0)
            .int8(spec.market_min_quantity.0)
            .int8(spec.market_max_quantity.0)
            .text(state.phase.as_str())
            .at_or_null(state.until)
            .text(state.quote.kind.as_str())
            .text(state.quote.side.as_str())
            .int8(state.quote.price.0)
            .at_or_null(state.quote.due)
            .int2(i16::from(state.halts.0))
            .bool(state.short_restricted)
            .text_or_null(halt_reasons.get(instrument).and_then(Option::as_deref))
            .id(seq.0);
    }
    rows
}
