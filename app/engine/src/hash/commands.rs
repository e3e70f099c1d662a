//! What of a command goes into the running hash: all that its events do not repeat.

use super::{Running, trade_terms, word};
use crate::command::{Command, Place, StopLeg};
use crate::types::*;

impl Running {
    /// Takes in a new order. What orders got later than the first journals is zero in those.
    #[inline]
    pub(super) fn placed(&mut self, p: &Place) {
        let id = p.client_id.padded();
        let flags = p.side as u64
            | (p.kind as u64) << 8
            | (p.time_in_force as u64) << 16
            | u64::from(p.post_only) << 24
            | (p.client_id.as_bytes().len() as u64) << 32
            | (p.condition as u64) << 40
            | (p.self_trade as u64) << 44
            | (p.short as u64) << 48
            | u64::from(p.by_amount) << 52;
        self.take([
            u64::from(p.account.0) << 32 | u64::from(p.instrument.0),
            flags,
            p.price.0 as u64,
            p.quantity.0 as u64,
            word(&id[..8]),
            word(&id[8..16]),
            word(&id[16..24]),
            word(&id[24..32]),
            word(&id[32..]),
        ]);
    }

    /// Takes in what a command's events do not repeat.
    #[inline(always)]
    pub(super) fn command(&mut self, command: &Command) {
        match command {
            Command::Place(p) => self.placed(p),
            Command::Amend(amend) => {
                if let Some(condition) = amend.condition {
                    self.take([condition as u64]);
                }
            }
            Command::Cancel(_) | Command::CancelMany(_) => {}
            Command::Attributed(_) => self.attributed(command.plain()),
            other => self.rare_command(other),
        }
    }

    /// Who gave a command makes no difference.
    #[cold]
    #[inline(never)]
    fn attributed(&mut self, plain: &Command) {
        self.command(plain);
    }

    #[cold]
    fn rare_command(&mut self, command: &Command) {
        match command {
            Command::Genesis { limits, hash_seed } => self.take([
                hash_seed[0],
                hash_seed[1],
                u64::from(limits.accounts),
                u64::from(limits.instruments),
                u64::from(limits.assets),
                u64::from(limits.live_orders),
                u64::from(limits.answers),
                u64::from(limits.balances),
            ]),
            Command::CreateAsset(spec) => {
                self.take_text(&spec.code);
                self.take([u64::from(spec.exponent)]);
            }
            Command::CreateInstrument(spec) => {
                self.take_text(&spec.symbol);
                self.take_text(&spec.name);
                let (rule, tick) = crate::instrument::tick_rule_number(spec.ticks);
                self.take([
                    u64::from(spec.base_asset.0) << 32 | u64::from(spec.quote_asset.0),
                    spec.profile as u64
                        | u64::from(spec.price_digits) << 8
                        | u64::from(spec.quantity_digits) << 16
                        | u64::from(rule) << 24
                        | u64::from(spec.market_band_ppm) << 32,
                    tick as u64,
                    spec.lot.0 as u64,
                    spec.min_quantity.0 as u64,
                    spec.max_quantity.0 as u64,
                    spec.base_price.0 as u64,
                    spec.limit_down.0 as u64,
                    spec.limit_up.0 as u64,
                    spec.maker_fee_ppm as u64,
                    spec.taker_fee_ppm as u64,
                    u64::from(spec.open_order_cap),
                ]);
                if spec.session_rules || spec.listed_shares.0 != 0 {
                    self.take([u64::from(spec.session_rules), spec.listed_shares.0 as u64]);
                }
                let market = (spec.market_min_quantity.0, spec.market_max_quantity.0);
                if market != (0, 0) {
                    self.take([market.0 as u64, market.1 as u64, 1]);
                }
            }
            Command::CreateAccount { code } => self.take_text(code),
            Command::SetPriceLimits { base_price, limit_down, limit_up, .. } => {
                self.take([base_price.0 as u64, limit_down.0 as u64, limit_up.0 as u64]);
            }
            Command::Transfer { transfer: t, .. } => {
                self.take([t.kind as u64, u64::from(t.account.0), t.amount.0 as u64]);
                self.take([u64::from(t.asset.0)]);
                self.take_text(&t.reference);
            }
            Command::RollDay { profile, day } => self.take([*profile as u64, u64::from(*day)]),
            Command::PlaceContingent(c) => {
                self.placed(&c.order);
                let trigger = |t: Option<Trigger>| match t {
                    None => [0, 0],
                    Some(t) => [1 + t.when as u64, t.price.0 as u64],
                };
                let leg = |leg: Option<StopLeg>| {
                    let price = leg.map_or(0, |leg| leg.price.0 as u64);
                    let [when, at] = trigger(leg.map(|leg| leg.trigger));
                    [when, at, price]
                };
                self.words(&trigger(c.trigger));
                self.words(&leg(c.stop));
                self.words(&[u64::from(c.expires), u64::from(c.child.is_some())]);
                if let Some(child) = &c.child {
                    self.words(&[
                        child.side as u64
                            | (child.kind as u64) << 8
                            | (child.time_in_force as u64) << 16,
                        child.price.0 as u64,
                        u64::from(child.expires),
                    ]);
                    self.words(&trigger(child.trigger));
                    self.words(&leg(child.stop));
                    self.take_text(&child.client_id);
                }
            }
            Command::PlaceOddLot(o) => {
                self.words(&[
                    u64::from(o.account.0) << 32 | u64::from(o.instrument.0),
                    o.side as u64 | (o.desk as u64) << 8,
                    o.quantity.0 as u64,
                    o.price.0 as u64,
                ]);
                self.take_text(&o.client_id);
            }
            Command::SetOddLotTerms { terms, .. } => self.words(&[
                u64::from(terms.batch) | u64::from(terms.principal) << 8,
                u64::from(terms.spread_ppm),
                terms.max_quantity.0 as u64,
                terms.max_value.0 as u64,
                terms.round_to.0 as u64,
            ]),
            Command::SetListedShares { shares, .. } => self.words(&[shares.0 as u64]),
            Command::SetBreaker { breaker: b, .. } => self.words(&[
                b.mode as u64,
                u64::from(b.window_seconds),
                u64::from(b.trigger_ppm),
                u64::from(b.call_seconds),
                u64::from(b.bound_ppm),
            ]),
            Command::StartCall { instrument, kind, seconds, .. } => {
                self.words(&[u64::from(instrument.0), *kind as u64, u64::from(*seconds)]);
            }
            Command::SetFeeTiers { tiers, .. } => {
                self.words(&[u64::from(tiers.asset.0), u64::from(tiers.len)]);
                for tier in &tiers.tiers {
                    self.words(&[
                        tier.volume.0 as u64,
                        tier.maker_ppm as u64,
                        tier.taker_ppm as u64,
                    ]);
                }
            }
            Command::SetRiskLimits { limits, .. } => {
                self.words(&[u64::from(limits.currency.0)]);
                for bound in &limits.bounds {
                    self.words(&[bound.soft as u64, bound.hard as u64]);
                }
            }
            Command::Session { profile, day, step, until } => {
                self.words(&[*profile as u64, u64::from(*day), *step as u64, until.0]);
            }
            Command::SetTicks { ticks, .. } => {
                let (rule, tick) = crate::instrument::tick_rule_number(*ticks);
                self.words(&[u64::from(rule), tick as u64]);
            }
            Command::CorrectTrade { correction: c, .. } => {
                self.words(&[
                    c.trade.0,
                    u64::from(c.instrument.0),
                    u64::from(c.buyer.0) << 32 | u64::from(c.seller.0),
                    c.price.0 as u64,
                    c.quantity.0 as u64,
                ]);
                self.words(&trade_terms(&c.before));
                // Journals from before there was a choice have the hash they had.
                if c.desk {
                    self.take([1]);
                }
            }
            Command::Anchor { anchor, .. } => {
                self.take_text(&anchor.what);
                self.take([anchor.count]);
                for part in anchor.hash.chunks(8) {
                    self.take([word(part)]);
                }
            }
            // Their events say all of it, or they were taken in above.
            Command::Attributed(_)
            | Command::SetAccountStatus { .. }
            | Command::SetInstrumentStatus { .. }
            | Command::Wake
            | Command::SetHalts { .. }
            | Command::SetGroup { .. }
            | Command::SetFirm { .. }
            | Command::SetParticipants { .. }
            | Command::SetKill { .. }
            | Command::Place(_)
            | Command::Amend(_)
            | Command::Cancel(_)
            | Command::CancelMany(_) => {}
        }
    }
}
