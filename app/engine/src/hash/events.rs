//! What of an event goes into the running hash: all it says.

use super::{Running, trade_terms};
use crate::event::Event;
use crate::types::*;

impl Running {
    /// Takes in one event.
    #[inline(always)]
    pub(super) fn event(&mut self, event: &Event) {
        match *event {
            Event::Balance { account, asset, total, locked, delta, cause, reference } => {
                self.take([
                    1 | (cause as u64) << 8 | u64::from(asset.0) << 32,
                    u64::from(account.0),
                    total.0 as u64,
                    locked.0 as u64,
                    delta.0 as u64,
                    reference,
                ]);
            }
            Event::Settled(s) => self.take([
                60 | (s.side as u64) << 8 | u64::from(s.account.0) << 32,
                u64::from(s.quote.0) << 32 | u64::from(s.base.0),
                s.trade.0,
                s.gross.0 as u64,
                s.fee.0 as u64,
                s.moved.0 as u64,
                s.quote_total.0 as u64,
                s.quote_locked.0 as u64,
                s.base_total.0 as u64,
                s.base_locked.0 as u64,
            ]),
            Event::Collected { asset, trade, fees, fees_total, rounding, rounding_total } => {
                self.take([
                    61 | u64::from(asset.0) << 32,
                    trade.0,
                    fees.0 as u64,
                    fees_total.0 as u64,
                    rounding.0 as u64,
                    rounding_total.0 as u64,
                ]);
            }
            Event::Level { instrument, side, price, quantity, orders } => self.take([
                2 | (side as u64) << 8 | u64::from(instrument.0) << 32,
                u64::from(orders),
                price.0 as u64,
                quantity.0 as u64,
            ]),
            Event::Accepted { order, bound } => self.take([3, order.0, bound.0 as u64]),
            Event::Trade(t) => self.take([
                4 | (t.taker_side as u64) << 8
                    | u64::from(t.auction) << 16
                    | u64::from(t.instrument.0) << 32,
                u64::from(t.maker_account.0) << 32 | u64::from(t.taker_account.0),
                t.trade.0,
                t.price.0 as u64,
                t.quantity.0 as u64,
                t.maker.0,
                t.taker.0,
                t.maker_fee.0 as u64,
                t.taker_fee.0 as u64,
                t.maker_remaining.0 as u64,
                t.taker_remaining.0 as u64,
            ]),
            Event::Closed { order, account, instrument, reason, remaining } => self.take([
                5 | (reason as u64) << 8 | u64::from(instrument.0) << 32,
                u64::from(account.0),
                order.0,
                remaining.0 as u64,
            ]),
            ref other => *self = self.with_rare(other),
        }
    }

    /// By value, so that the hash stays in a register while others are taken in.
    #[inline(never)]
    fn with_rare(mut self, event: &Event) -> Running {
        match *event {
            Event::Begun => self.take([6]),
            Event::AssetCreated { asset } => self.take([7, u64::from(asset.0)]),
            Event::AccountCreated { account } => self.take([8, u64::from(account.0)]),
            Event::InstrumentCreated { instrument } => self.take([9, u64::from(instrument.0)]),
            Event::AccountStatusChanged { account, status } => {
                self.take([10, u64::from(account.0), status as u64]);
            }
            Event::InstrumentStatusChanged { instrument, status } => {
                self.take([11, u64::from(instrument.0), status as u64]);
            }
            Event::PriceLimitsChanged { instrument } => self.take([12, u64::from(instrument.0)]),
            Event::Amended {
                order,
                account,
                instrument,
                price,
                quantity,
                remaining,
                kept_priority,
            } => self.take([
                13 | u64::from(kept_priority) << 8 | u64::from(instrument.0) << 32,
                u64::from(account.0),
                order.0,
                price.0 as u64,
                quantity.0 as u64,
                remaining.0 as u64,
            ]),
            Event::Transferred => self.take([14]),
            // Where to go on follows from the rest.
            Event::CancelledMany { count, more, .. } => {
                self.take([15, u64::from(count), u64::from(more)]);
            }
            Event::DayRolled { count, more } => {
                self.take([16, u64::from(count), u64::from(more)]);
            }
            Event::Refused { code, order } => {
                self.take([17, code as u64, order.map_or(0, |o| o.0)]);
            }
            Event::Repeated { order } => self.take([18, order.0]),
            Event::PhaseChanged { instrument, phase, until } => {
                self.take([19, u64::from(instrument.0), phase as u64, until.0]);
            }
            Event::QuoteChanged { instrument, quote } => self.take([
                20,
                u64::from(instrument.0),
                quote.kind as u64 | (quote.side as u64) << 8,
                quote.price.0 as u64,
                quote.due.0,
            ]),
            Event::Auction { instrument, kind, end, price, quantity, surplus } => self.take([
                21 | (kind as u64) << 8 | (end as u64) << 16 | u64::from(instrument.0) << 32,
                price.0 as u64,
                quantity.0 as u64,
                surplus.0 as u64,
            ]),
            Event::SessionStepped { profile, step, count, more } => self.take([
                22 | (profile as u64) << 8 | (step as u64) << 16,
                u64::from(count),
                u64::from(more),
            ]),
            Event::Woken { count, more } => self.take([23, u64::from(count), u64::from(more)]),
            Event::Parked { order } => self.take([24, order.0]),
            Event::Attached { order, parent, account } => {
                self.take([25, order.0, parent.0, u64::from(account.0)]);
            }
            Event::Triggered { order, account, instrument, kind, price, quantity } => self.take([
                26 | (kind as u64) << 8 | u64::from(instrument.0) << 32,
                u64::from(account.0),
                order.0,
                price.0 as u64,
                quantity.0 as u64,
            ]),
            Event::Prevented { order, account, instrument, quantity, remaining } => self.take([
                27 | u64::from(instrument.0) << 32,
                u64::from(account.0),
                order.0,
                quantity.0 as u64,
                remaining.0 as u64,
            ]),
            Event::DeskTrade(t) => self.take([
                28 | (t.side as u64) << 8 | (t.desk as u64) << 16 | u64::from(t.instrument.0) << 32,
                u64::from(t.account.0),
                t.trade.0,
                t.price.0 as u64,
                t.quantity.0 as u64,
                t.order.0,
                t.amount.0 as u64,
                t.house_net.0 as u64,
            ]),
            Event::RiskWarning { account, scope, measure, value, limit } => {
                self.take([29, u64::from(account.0), measure as u64, value as u64, limit as u64]);
                self.words(&risk_scope(scope));
            }
            Event::LimitsRolled { instrument, base_price, limit_down, limit_up } => self.take([
                30 | u64::from(instrument.0) << 32,
                base_price.0 as u64,
                limit_down.0 as u64,
                limit_up.0 as u64,
            ]),
            Event::ShortSaleRule { instrument, on } => {
                self.take([31, u64::from(instrument.0), u64::from(on)]);
            }
            Event::TicksChanged { instrument, .. } => self.take([32, u64::from(instrument.0)]),
            Event::TermsChanged { instrument } => self.take([33, u64::from(instrument.0)]),
            Event::HaltsChanged { instrument, halts } => {
                self.take([34, u64::from(instrument.0), u64::from(halts.0)]);
            }
            Event::FeeTiersChanged { asset } => self.take([35, u64::from(asset.0)]),
            Event::GroupChanged { account, group } => {
                self.take([36, u64::from(account.0), u64::from(group.0)]);
            }
            Event::RiskLimitsChanged { scope } => {
                self.take([37]);
                self.words(&risk_scope(scope));
            }
            Event::KillChanged { scope, on } => {
                let (kind, id) = match scope {
                    KillScope::Account(a) => (0, a.0),
                    KillScope::Group(g) => (1, u32::from(g.0)),
                    KillScope::Instrument(i) => (2, i.0),
                    KillScope::Venue => (3, 0),
                    KillScope::Key(key) => (4, key),
                };
                self.take([38, kind, u64::from(id), u64::from(on)]);
            }
            Event::FirmChanged { account, firm } => {
                self.take([39, u64::from(account.0), u64::from(firm.0)]);
            }
            Event::SetOffRefused { order, account, instrument, code } => self.take([
                43 | (code as u64) << 8 | u64::from(instrument.0) << 32,
                order.0,
                u64::from(account.0),
            ]),
            Event::CallBounded { instrument, low, high } => {
                self.take([44, u64::from(instrument.0), low.0 as u64, high.0 as u64]);
            }
            Event::QuoteCarried { instrument, price } => {
                self.take([46, u64::from(instrument.0), price.0 as u64]);
            }
            Event::ParticipantsChanged { profile, participants } => {
                self.take([40, profile as u64, participants as u64]);
            }
            Event::TradeCorrected(t) => {
                self.take([42 | u64::from(t.instrument.0) << 32, t.trade.0, t.number.into()]);
                self.words(&[u64::from(t.buyer.0) << 32 | u64::from(t.seller.0)]);
                self.words(&trade_terms(&t.after));
            }
            Event::DeskPosition { instrument, house_net } => {
                self.take([45, u64::from(instrument.0), house_net.0 as u64]);
            }
            Event::Anchored => self.take([41]),
            Event::Balance { .. }
            | Event::Settled(_)
            | Event::Collected { .. }
            | Event::Level { .. }
            | Event::Accepted { .. }
            | Event::Trade(_)
            | Event::Closed { .. } => unreachable!("taken in by event()"),
        }
        self
    }
}

/// A scope as plain numbers.
fn risk_scope(scope: RiskScope) -> [u64; 2] {
    match scope {
        RiskScope::Account(a) => [0, u64::from(a.0)],
        RiskScope::Members(g) => [1, u64::from(g.0)],
        RiskScope::Group(g) => [2, u64::from(g.0)],
        RiskScope::Instrument(i) => [3, u64::from(i.0)],
    }
}
