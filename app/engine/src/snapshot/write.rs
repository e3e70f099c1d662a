//! Writing the state as bytes.

use super::*;
use crate::STATE_VERSION;
use crate::command::{Breaker, TradeTerms};
use crate::engine::risk::Tally;
use crate::engine::{Engine, Room, Tokyo};
use crate::instrument::{InstrumentSpec, tick_rule_number};
use crate::orders::{Cold, Extra, Flags, Hot, Kind};
use crate::types::*;

/// Bytes gathered before they go to the sink.
const PIECE: usize = 1 << 16;

struct Writer<'a> {
    buffer: Vec<u8>,
    sink: &'a mut dyn FnMut(&[u8]),
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        if self.buffer.len() + bytes.len() > PIECE {
            (self.sink)(&self.buffer);
            self.buffer.clear();
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn u8(&mut self, n: u8) {
        self.bytes(&[n]);
    }

    fn u32(&mut self, n: u32) {
        self.bytes(&n.to_le_bytes());
    }

    fn u64(&mut self, n: u64) {
        self.bytes(&n.to_le_bytes());
    }

    fn i64(&mut self, n: i64) {
        self.bytes(&n.to_le_bytes());
    }

    fn text<const N: usize>(&mut self, text: &Text<N>) {
        self.u8(text.as_bytes().len() as u8);
        self.bytes(text.as_bytes());
    }

    fn section(&mut self, tag: u32, entries: usize) {
        self.u32(tag);
        self.u64(entries as u64);
    }

    fn slots(&mut self, tag: u32, slots: impl Iterator<Item = u32>) {
        // Counted first: the number goes in front. Four bytes per order, for the moment.
        let slots: Vec<u32> = slots.collect();
        self.section(tag, slots.len());
        for slot in slots {
            self.u32(slot);
        }
    }

    fn spec(&mut self, spec: &InstrumentSpec) {
        self.text(&spec.symbol);
        self.text(&spec.name);
        self.u8(spec.profile as u8);
        self.u32(spec.base_asset.0);
        self.u32(spec.quote_asset.0);
        self.u8(spec.price_digits);
        self.u8(spec.quantity_digits);
        let (rule, tick) = tick_rule_number(spec.ticks);
        self.u8(rule);
        self.i64(tick);
        self.i64(spec.lot.0);
        self.i64(spec.min_quantity.0);
        self.i64(spec.max_quantity.0);
        self.i64(spec.base_price.0);
        self.i64(spec.limit_down.0);
        self.i64(spec.limit_up.0);
        self.u32(spec.market_band_ppm);
        self.bytes(&spec.maker_fee_ppm.to_le_bytes());
        self.bytes(&spec.taker_fee_ppm.to_le_bytes());
        self.u32(spec.open_order_cap);
        self.u8(u8::from(spec.session_rules));
        self.i64(spec.listed_shares.0);
        self.i64(spec.market_min_quantity.0);
        self.i64(spec.market_max_quantity.0);
    }

    fn trade_terms(&mut self, s: &TradeTerms) {
        self.i64(s.price.0);
        self.i64(s.quantity.0);
        for amount in [s.paid, s.got, s.buyer_fee, s.seller_fee] {
            self.i64(amount.0);
        }
    }

    fn tally(&mut self, tally: &Tally) {
        self.i64(tally.value);
        self.u32(tally.day);
        self.u32(tally.second);
        self.u32(u32::from(tally.messages));
        self.u32(u32::from(tally.currency));
    }

    fn trigger(&mut self, trigger: Option<Trigger>) {
        self.u8(trigger.map_or(0, |t| t.when as u8 + 1));
        self.i64(trigger.map_or(0, |t| t.price.0));
    }

    fn extra(&mut self, slot: u32, extra: &Extra) {
        self.u32(slot);
        self.trigger(extra.trigger);
        self.trigger(extra.stop.map(|leg| leg.trigger));
        self.i64(extra.stop.map_or(0, |leg| leg.price.0));
        self.u32(extra.expires);
        self.u32(extra.child);
        self.u32(extra.parent);
        self.i64(extra.stop_bound);
        self.u64(extra.child_mark);
        self.u8(extra.first_condition.map_or(0, |condition| condition as u8 + 1));
        self.u64(extra.entered);
        self.i64(extra.due);
        self.i64(extra.prevented);
        self.u8(extra.batch);
    }

    fn tokyo(&mut self, tokyo: &Tokyo) {
        self.u8(u8::from(tokyo.traded));
        self.u8(u8::from(tokyo.priced));
        self.i64(tokyo.low);
        self.i64(tokyo.high);
        self.i64(tokyo.first);
        self.i64(tokyo.previous);
        self.u64(tokyo.window_from.0);
        self.i64(tokyo.window_price);
        self.u8(tokyo.short_days);
        self.bytes(&tokyo.limit_days);
        self.i64(tokyo.special);
        self.i64(tokyo.market_bounds[0]);
        self.i64(tokyo.market_bounds[1]);
        self.u8(u8::from(tokyo.conditioned));
    }

    fn order(&mut self, hot: &Hot, cold: &Cold) {
        self.u8(hot.kind as u8);
        if hot.kind == Kind::Free {
            return;
        }
        self.u64(hot.id);
        self.i64(hot.bound);
        self.i64(hot.remaining);
        self.u32(hot.account.0);
        self.u32(hot.pays);
        self.u32(hot.receives);
        self.u32(hot.instrument.0);
        self.u8(hot.side as u8);
        self.bytes(&cold.traded().fee.to_le_bytes());
        self.i64(cold.notional);
        self.i64(cold.quantity);
        self.u64(cold.created_at.0);
        self.u64(cold.updated_at.0);
        self.u64(cold.seq.0);
        self.u8(cold.status as u8);
        self.u8(cold.reject.map_or(0, |code| code as u8));
        self.u8(cold.closed.map_or(0, |reason| reason as u8 + 1));
        self.u8(cold.kind as u8);
        self.u8(cold.time_in_force as u8);
        self.u8(u8::from(cold.post_only));
        self.u8(u8::from(cold.requeued));
        self.i64(cold.first_price);
        self.i64(cold.first_quantity);
        self.u32(cold.day);
        self.u8(hot.flags.0 & !Flags::LISTED.0);
        self.u8(hot.stage);
        self.u8(cold.condition as u8);
        self.u8(cold.self_trade as u8);
        self.u8(cold.short as u8);
        self.text(&cold.client_id);
    }
}

impl Engine {
    /// Writes the whole state and the hash of its history as bytes, in pieces, to `sink`.
    pub(crate) fn export(&self, hash: Running, sink: &mut dyn FnMut(&[u8])) {
        let mut out = Writer { buffer: Vec::with_capacity(PIECE), sink };
        self.export_head(hash, &mut out);
        self.export_frame(&mut out);
        self.export_fees(&mut out);
        self.export_circuits(&mut out);
        self.export_odd_lots(&mut out);
        self.export_orders(&mut out);
        out.section(END, 0);
        (out.sink)(&out.buffer);
    }

    fn export_head(&self, hash: Running, out: &mut Writer<'_>) {
        out.u32(MAGIC);
        out.u32(STATE_VERSION);
        out.section(HEAD, usize::from(self.limits.is_some()));
        if let Some(limits) = &self.limits {
            out.u32(limits.accounts);
            out.u32(limits.instruments);
            out.u32(limits.assets);
            out.u32(limits.live_orders);
            out.u32(limits.answers);
            out.u32(limits.balances);
            let [first, second] = self.keyed.seed();
            out.u64(first);
            out.u64(second);
        }
        out.u64(self.seq.0);
        out.u64(self.at.0);
        out.u64(hash.0);
        out.u64(self.trades);
        out.u64(self.orders.counter);
        for day in &self.days {
            out.u32(day.day);
            out.u8(u8::from(day.rolling));
            out.u32(day.cursor);
            out.u32(day.market);
        }
        out.u64(head_sum(&self.head_numbers(hash)));
    }

    /// Assets, accounts, balances, instruments.
    fn export_frame(&self, out: &mut Writer<'_>) {
        out.section(ASSETS, self.assets.len());
        for asset in &self.assets {
            out.text(&asset.code);
            out.u8(asset.exponent);
        }
        out.section(ACCOUNTS, self.accounts.len());
        for (_, account) in self.accounts() {
            out.text(&account.code);
            out.u8(account.status as u8);
        }
        out.section(BALANCES, self.ledger.balances.len());
        for balance in &self.ledger.balances {
            out.u32(balance.account.0);
            out.u32(balance.asset().0);
            out.i64(balance.total);
            out.i64(balance.locked);
            out.u8(u8::from(balance.seen));
        }
        out.section(INSTRUMENTS, self.specs.len());
        for (spec, market) in self.specs.iter().zip(&self.markets) {
            out.spec(spec);
            out.u8(market.status as u8);
            out.i64(market.last_price);
        }
        self.export_sessions(out);
        self.export_risk(out);
        self.export_firms(out);
    }

    /// Whose orders count as one in auctions.
    fn export_firms(&self, out: &mut Writer<'_>) {
        let firms = self.accounts.with_firms();
        out.section(FIRMS, firms.clone().count());
        for participants in self.participants {
            out.u8(participants as u8);
        }
        for (account, firm) in firms {
            out.u32(account.0);
            out.u32(firm.0);
        }
    }

    /// Sessions, phases, quotes and timers.
    fn export_sessions(&self, out: &mut Writer<'_>) {
        out.section(SESSIONS, self.markets.len());
        for session in &self.sessions {
            out.u32(session.day);
            out.u8(session.step as u8);
            out.u8(u8::from(session.stepping));
            out.u32(session.cursor);
        }
        out.u8(u8::from(self.killed));
        for (i, market) in self.markets.iter().enumerate() {
            out.u8(market.phase as u8);
            out.u64(market.until.0);
            out.u8(market.shown.kind as u8);
            out.u8(market.shown.side as u8);
            out.i64(market.shown.price.0);
            out.u64(market.shown.due.0);
            out.u8(market.stage);
            out.u8(market.halts.0);
            out.u8(u8::from(market.short_restricted));
            out.u8(u8::from(market.killed));
            out.u64(self.timers.get(InstrumentId(i as u32)).0);
            out.tokyo(&market.tokyo);
        }
    }

    /// Circuit breakers and call auctions.
    fn export_circuits(&self, out: &mut Writer<'_>) {
        out.section(CIRCUITS, self.circuits.len());
        for circuit in &self.circuits {
            out.u8(circuit.call.map_or(0, |call| call.kind as u8 + 1));
            if let Some(call) = circuit.call {
                out.u32(call.seconds);
                out.i64(call.low.0);
                out.i64(call.high.0);
            }
            let breaker = circuit.watch.as_ref().map_or(Breaker::OFF, |watch| watch.breaker);
            out.u8(breaker.mode as u8);
            let Some(watch) = &circuit.watch else { continue };
            out.u32(breaker.window_seconds);
            out.u32(breaker.trigger_ppm);
            out.u32(breaker.call_seconds);
            out.u32(breaker.bound_ppm);
            out.i64(watch.reference);
            out.u8(watch.trace().len() as u8);
            for (piece, price) in watch.trace() {
                out.u64(piece);
                out.i64(price);
            }
        }
    }

    /// Odd-lot desks.
    fn export_odd_lots(&self, out: &mut Writer<'_>) {
        out.section(ODD_LOTS, self.odd_lots.len());
        for desk in &self.odd_lots {
            let terms = &desk.terms;
            out.u8(u8::from(terms.batch));
            out.u8(u8::from(terms.principal));
            out.u32(terms.spread_ppm);
            out.i64(terms.max_quantity.0);
            out.i64(terms.max_value.0);
            out.i64(terms.round_to.0);
            out.i64(desk.house_net);
            for price in desk.prices {
                out.i64(price);
            }
        }
    }

    /// Fee schedules and the volumes they go by.
    fn export_fees(&self, out: &mut Writer<'_>) {
        out.section(FEE_TIERS, self.fees.schedules().len());
        for tiers in self.fees.schedules() {
            out.u32(tiers.asset.0);
            out.u8(tiers.len);
            for tier in &tiers.tiers[..tiers.len as usize] {
                out.i64(tier.volume.0);
                out.bytes(&tier.maker_ppm.to_le_bytes());
                out.bytes(&tier.taker_ppm.to_le_bytes());
            }
        }
        out.section(FEE_VOLUMES, self.fees.volumes().len());
        out.u32(self.fees.day);
        for volume in self.fees.volumes() {
            let turnover = self.ledger.get(volume.balance).turnover;
            out.u32(volume.balance);
            out.u32(turnover.day);
            out.i64(turnover.today);
            for day in volume.days {
                out.i64(day);
            }
        }
    }

    /// Risk limits, groups, kill switches of accounts and groups, counters.
    fn export_risk(&self, out: &mut Writer<'_>) {
        out.section(RISK, self.risk_scopes().count());
        for (scope, limits) in self.risk_scopes() {
            let (kind, id) = match scope {
                RiskScope::Account(account) => (0, account.0),
                RiskScope::Members(group) => (1, u32::from(group.0)),
                RiskScope::Group(group) => (2, u32::from(group.0)),
                RiskScope::Instrument(instrument) => (3, instrument.0),
            };
            out.u8(kind);
            out.u32(id);
            out.u32(limits.currency.0);
            for bound in &limits.bounds {
                out.i64(bound.soft);
                out.i64(bound.hard);
            }
        }
        let groups = || {
            let all = self.risk.groups.iter().enumerate();
            all.filter(|(_, g)| g.killed || !g.pool.tally.is_idle())
        };
        out.section(GROUPS, groups().count());
        for (number, group) in groups() {
            out.u32(number as u32);
            out.u8(u8::from(group.killed));
            out.tally(&group.pool.tally);
        }
        let members = || {
            let all = (0..self.accounts.len() as u32).map(AccountId);
            let all = all.filter_map(|id| Some((id, self.accounts.get(id)?)));
            all.filter(|(_, a)| a.group.0 != 0 || a.killed || !a.tally.is_idle())
        };
        out.section(MEMBERS, members().count());
        for (account, member) in members() {
            out.u32(account.0);
            out.u32(u32::from(member.group.0));
            out.u8(u8::from(member.killed));
            out.tally(&member.tally);
        }
        out.section(POOLS, self.risk.instruments.len());
        for pool in &self.risk.instruments {
            out.tally(&pool.tally);
        }
        out.section(KEYS, self.risk.killed_keys.len());
        for key in self.killed_keys() {
            out.u32(key);
        }
        out.section(CORRECTIONS, self.corrections.len());
        for (trade, it) in self.corrections() {
            out.u64(trade.0);
            for number in [it.instrument.0, it.buyer.0, it.seller.0, it.number] {
                out.u32(number);
            }
            out.u8(u8::from(it.desk));
            out.trade_terms(&it.original);
            out.trade_terms(&it.present);
        }
    }

    /// What waits outside the books.
    fn export_waiting(&self, out: &mut Writer<'_>) {
        let waiting = || self.waiting.iter();
        let rooms = waiting()
            .flat_map(|w| Room::ALL.into_iter().flat_map(|room| w.room(room, &self.orders)));
        out.slots(PARKED, rooms);
        out.section(PRINTS, self.markets.len());
        for market in &self.markets {
            out.i64(market.low);
            out.i64(market.high);
        }
        let watched = waiting().flat_map(|w| {
            let all = TriggerWhen::ALL.iter();
            all.flat_map(|&when| w.watched(when, &self.books, &self.orders))
        });
        out.slots(TRIGGERS, watched);
        out.slots(READY, waiting().flat_map(|w| w.ready(&self.orders)));
    }

    /// Order slots and every list they are in.
    fn export_orders(&self, out: &mut Writer<'_>) {
        out.section(ORDERS, self.orders.hot.len());
        for (hot, cold) in self.orders.hot.iter().zip(&self.orders.cold) {
            out.order(hot, cold);
        }
        let extras = || {
            let slots = 0..self.orders.hot.len() as u32;
            slots.filter_map(|slot| self.orders.extra(slot).map(|extra| (slot, extra)))
        };
        out.section(EXTRAS, extras().count());
        for (slot, extra) in extras() {
            out.extra(slot, extra);
        }
        let hot = &self.orders.hot;
        let queues = self.markets.iter().flat_map(|market| &market.sides).flat_map(|side| {
            let levels = self.books.market_queue(side).into_iter().chain(self.books.walk(side));
            levels.flat_map(|level| self.books.queue(level, hot))
        });
        out.slots(QUEUES, queues);
        let accounts = (0..self.accounts.len() as u32).map(AccountId);
        let open = accounts.flat_map(|account| self.accounts.open_orders(account, hot));
        out.slots(OPEN, open);
        self.export_waiting(out);
        out.slots(ANSWERS, self.orders.done());
        out.slots(FREE, self.orders.free_slots());
    }
}
