//! Auctions, quotes and risk warnings as they happened, and what people have set (risk limits,
//! kill switches, fees by volume, odd-lot terms, circuit breakers): from events to rows.

use std::collections::BTreeMap;

use sqlx::{Postgres, Transaction};
use zaraba_engine::command::{Breaker, FeeTiers, OddLotTerms, Provenance, RiskLimits};
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use super::actions::{ADMIN_ACTIONS, ANCHORS, CORRECTIONS};
use super::bundle::Bundle;
use super::collect::Step;
use super::copy::Rows;
use super::session::{Result, copy};
use crate::queries::micros;

/// Columns of the tables, in the order their rows are encoded here.
pub(super) const AUCTIONS: &str =
    "seq, ordinal, at, instrument_id, kind, outcome, price, quantity, surplus";
pub(super) const QUOTES: &str = "seq, ordinal, at, instrument_id, kind, side, price, until";
pub(super) const PRICE_LIMITS: &str =
    "seq, ordinal, at, instrument_id, base_price, limit_down, limit_up";
pub(super) const RISK_WARNINGS: &str =
    "seq, ordinal, at, account_id, scope, measure, value, soft_limit";
pub(super) const RISK_LIMITS: &str = "scope, measure, soft, hard, currency, actor, reason, at, seq";
pub(super) const KILL_SWITCHES: &str = "scope, thrown, actor, reason, at, seq";
pub(super) const FEE_TIERS: &str = "asset_id, volume, maker_ppm, taker_ppm, seq";
pub(super) const ODD_LOT_TERMS: &str =
    "instrument_id, batch, principal, spread_ppm, max_quantity, max_value, round_to, seq";
pub(super) const ODD_LOT_POSITIONS: &str = "instrument_id, house_net, seq";
pub(super) const BREAKERS: &str =
    "instrument_id, mode, window_seconds, trigger_ppm, call_seconds, bound_ppm, seq";

pub(super) const PARTICIPANTS: &str = "profile, participants, actor, reason, at, seq";

/// Who set something, why and when.
#[derive(Clone)]
pub(super) struct Set {
    actor: String,
    reason: String,
    at: Timestamp,
    seq: Seq,
}

impl Set {
    fn by(by: &Provenance, step: &Step<'_>) -> Set {
        let (actor, reason) = (by.actor.to_string(), by.reason.to_string());
        Set { actor, reason, at: step.at, seq: step.seq }
    }
}

/// What a transaction writes of all this: history encoded, state as it is last.
#[derive(Default)]
pub(super) struct Rules {
    pub auctions: Rows,
    pub quotes: Rows,
    pub price_limits: Rows,
    pub risk_warnings: Rows,
    pub actions: Rows,
    pub anchors: Rows,
    pub corrections: Rows,
    pub risk_limits: BTreeMap<RiskScope, (RiskLimits, Set)>,
    pub kill_switches: BTreeMap<KillScope, (bool, Set)>,
    pub fee_tiers: BTreeMap<AssetId, (FeeTiers, Seq)>,
    pub odd_lot_terms: BTreeMap<InstrumentId, (OddLotTerms, Seq)>,
    pub odd_lot_positions: BTreeMap<InstrumentId, (Quantity, Seq)>,
    pub breakers: BTreeMap<InstrumentId, (Breaker, Seq)>,
    /// By the profile's name.
    pub participants: BTreeMap<&'static str, (Participants, Set)>,
}

/// A risk limit's scope in the tables.
pub fn risk_scope(scope: RiskScope) -> String {
    match scope {
        RiskScope::Account(account) => format!("account:{account}"),
        RiskScope::Members(group) => format!("members:{group}"),
        RiskScope::Group(group) => format!("group:{group}"),
        RiskScope::Instrument(instrument) => format!("instrument:{instrument}"),
    }
}

/// A kill switch's scope in the tables.
pub fn kill_scope(scope: KillScope) -> String {
    match scope {
        KillScope::Account(account) => format!("account:{account}"),
        KillScope::Group(group) => format!("group:{group}"),
        KillScope::Instrument(instrument) => format!("instrument:{instrument}"),
        KillScope::Venue => "venue".to_owned(),
        KillScope::Key(key) => format!("key:{key}"),
    }
}

impl Bundle {
    /// Takes in an event of the market's rules; others are not for here.
    pub(super) fn rule(&mut self, step: &Step<'_>, ordinal: u32, event: &Event) {
        match (*event, step.command) {
            (Event::Auction { instrument, kind, end, price, quantity, surplus }, _) => {
                let row = self.rules.auctions.row(9).id(step.seq.0).int4(ordinal).at(step.at);
                row.int4(instrument.0).text(kind.as_str()).text(end.as_str());
                row.int8(price.0).int8(quantity.0).int8(surplus.0);
            }
            (Event::QuoteChanged { instrument, quote }, _) => {
                let row = self.rules.quotes.row(8).id(step.seq.0).int4(ordinal).at(step.at);
                row.int4(instrument.0).text(quote.kind.as_str()).text(quote.side.as_str());
                row.int8(quote.price.0).at_or_null(quote.due);
            }
            (Event::LimitsRolled { instrument, base_price, limit_down, limit_up }, _) => {
                let row = self.rules.price_limits.row(7).id(step.seq.0).int4(ordinal).at(step.at);
                row.int4(instrument.0).int8(base_price.0).int8(limit_down.0).int8(limit_up.0);
            }
            (Event::RiskWarning { account, scope, measure, value, limit }, _) => {
                let row = self.rules.risk_warnings.row(8).id(step.seq.0).int4(ordinal).at(step.at);
                row.int4(account.0).text(&risk_scope(scope)).text(measure.as_str());
                row.int8(value).int8(limit);
            }
            (Event::DeskTrade(trade), _) => {
                let position = (trade.house_net, step.seq);
                self.rules.odd_lot_positions.insert(trade.instrument, position);
            }
            (Event::DeskPosition { instrument, house_net }, _) => {
                self.rules.odd_lot_positions.insert(instrument, (house_net, step.seq));
            }
            (Event::HaltsChanged { instrument, halts }, Command::SetHalts { by, .. }) => {
                let reason = (halts.0 != 0).then(|| by.reason.to_string());
                self.halt_reasons.insert(instrument, reason);
            }
            (
                Event::InstrumentStatusChanged { instrument, status },
                Command::SetInstrumentStatus { by, .. },
            ) => {
                let reason = (status != InstrumentStatus::Open).then(|| by.reason.to_string());
                self.halt_reasons.insert(instrument, reason);
            }
            _ => self.setting(step, event),
        }
    }

    fn setting(&mut self, step: &Step<'_>, event: &Event) {
        match (*event, step.command) {
            (Event::RiskLimitsChanged { scope }, Command::SetRiskLimits { limits, by, .. }) => {
                self.rules.risk_limits.insert(scope, (**limits, Set::by(by, step)));
            }
            (Event::KillChanged { scope, on }, Command::SetKill { by, .. }) => {
                self.rules.kill_switches.insert(scope, (on, Set::by(by, step)));
            }
            (Event::FeeTiersChanged { asset }, Command::SetFeeTiers { tiers, .. }) => {
                self.rules.fee_tiers.insert(asset, (**tiers, step.seq));
            }
            (Event::TermsChanged { instrument }, Command::SetOddLotTerms { terms, .. }) => {
                self.rules.odd_lot_terms.insert(instrument, (**terms, step.seq));
            }
            (Event::TermsChanged { instrument }, Command::SetBreaker { breaker, .. }) => {
                self.rules.breakers.insert(instrument, (**breaker, step.seq));
            }
            (
                Event::ParticipantsChanged { profile, participants },
                Command::SetParticipants { by, .. },
            ) => {
                let set = (participants, Set::by(by, step));
                self.rules.participants.insert(profile.as_str(), set);
            }
            _ => {}
        }
    }
}

/// The settings' rows as all bundles so far leave them: what the tables should hold.
#[derive(Default)]
pub(super) struct Settings {
    risk_limits: BTreeMap<RiskScope, (RiskLimits, Set)>,
    kill_switches: BTreeMap<KillScope, (bool, Set)>,
    fee_tiers: BTreeMap<AssetId, (FeeTiers, Seq)>,
    odd_lot_terms: BTreeMap<InstrumentId, (OddLotTerms, Seq)>,
    odd_lot_positions: BTreeMap<InstrumentId, (Quantity, Seq)>,
    breakers: BTreeMap<InstrumentId, (Breaker, Seq)>,
    participants: BTreeMap<&'static str, (Participants, Set)>,
}

/// A table of settings: its name, columns, order and rows.
pub(super) type SettingsTable = (&'static str, &'static str, &'static str, Rows);

impl Settings {
    /// Takes in what a bundle writes.
    pub(super) fn take(&mut self, rules: Rules) {
        self.risk_limits.extend(rules.risk_limits);
        self.kill_switches.extend(rules.kill_switches);
        self.fee_tiers.extend(rules.fee_tiers);
        self.odd_lot_terms.extend(rules.odd_lot_terms);
        self.odd_lot_positions.extend(rules.odd_lot_positions);
        self.breakers.extend(rules.breakers);
        self.participants.extend(rules.participants);
    }

    /// All rows, in order of their keys.
    pub(super) fn tables(&self) -> [SettingsTable; 7] {
        // By the text of the scope, as the database orders them (`COLLATE "C"`).
        let limits: BTreeMap<_, _> =
            self.risk_limits.iter().map(|(scope, set)| (risk_scope(*scope), set)).collect();
        let mut limit_rows = Rows::default();
        for (scope, (limits, set)) in &limits {
            let mut measures = RiskMeasure::ALL.to_vec();
            measures.sort_by_key(|measure| measure.as_str());
            for measure in measures {
                encode_limit(&mut limit_rows, scope, measure, limits, set);
            }
        }
        let kills: BTreeMap<_, _> =
            self.kill_switches.iter().map(|(scope, set)| (kill_scope(*scope), set)).collect();
        let mut kill_rows = Rows::default();
        for (scope, (thrown, set)) in &kills {
            let row = kill_rows.row(6).text(scope).bool(*thrown).text(&set.actor);
            row.text(&set.reason).at(set.at).id(set.seq.0);
        }
        let mut fee_rows = Rows::default();
        for (asset, (tiers, seq)) in &self.fee_tiers {
            for tier in &tiers.tiers[..usize::from(tiers.len)] {
                let row = fee_rows.row(5).int4(asset.0).int8(tier.volume.0);
                row.int4(tier.maker_ppm as u32).int4(tier.taker_ppm as u32).id(seq.0);
            }
        }
        let mut terms_rows = Rows::default();
        for (instrument, (terms, seq)) in &self.odd_lot_terms {
            let row = terms_rows.row(8).int4(instrument.0).bool(terms.batch).bool(terms.principal);
            row.int4(terms.spread_ppm).int8(terms.max_quantity.0).int8(terms.max_value.0);
            row.int8(terms.round_to.0).id(seq.0);
        }
        let mut position_rows = Rows::default();
        for (instrument, (net, seq)) in &self.odd_lot_positions {
            position_rows.row(3).int4(instrument.0).int8(net.0).id(seq.0);
        }
        let mut breaker_rows = Rows::default();
        for (instrument, (breaker, seq)) in &self.breakers {
            let row = breaker_rows.row(7).int4(instrument.0).text(breaker.mode.as_str());
            row.int4(breaker.window_seconds).int4(breaker.trigger_ppm);
            row.int4(breaker.call_seconds).int4(breaker.bound_ppm).id(seq.0);
        }
        let mut participant_rows = Rows::default();
        for (profile, (participants, set)) in &self.participants {
            let row = participant_rows.row(6).text(profile).text(participants.as_str());
            row.text(&set.actor).text(&set.reason).at(set.at).id(set.seq.0);
        }
        let by_scope = r#"scope COLLATE "C""#;
        let by_scope_and_measure = r#"scope COLLATE "C", measure COLLATE "C""#;
        [
            ("risk_limits", RISK_LIMITS, by_scope_and_measure, limit_rows),
            ("kill_switches", KILL_SWITCHES, by_scope, kill_rows),
            ("fee_tiers", FEE_TIERS, "asset_id, volume", fee_rows),
            ("odd_lot_terms", ODD_LOT_TERMS, "instrument_id", terms_rows),
            ("odd_lot_positions", ODD_LOT_POSITIONS, "instrument_id", position_rows),
            ("breakers", BREAKERS, "instrument_id", breaker_rows),
            ("participants", PARTICIPANTS, r#"profile COLLATE "C""#, participant_rows),
        ]
    }
}

/// A row for a measure that is limited.
fn encode_limit(
    rows: &mut Rows,
    scope: &str,
    measure: RiskMeasure,
    limits: &RiskLimits,
    set: &Set,
) {
    let bound = limits.bounds[measure as usize];
    if bound.soft == 0 && bound.hard == 0 {
        return;
    }
    let row = rows.row(9).text(scope).text(measure.as_str()).int8(bound.soft).int8(bound.hard);
    row.int4(limits.currency.0).text(&set.actor).text(&set.reason).at(set.at).id(set.seq.0);
}

/// Writes what a bundle has of all this.
pub(super) async fn write(
    transaction: &mut Transaction<'_, Postgres>,
    bundle: &Bundle,
) -> Result<()> {
    let rules = &bundle.rules;
    copy(transaction, "trading.auctions", AUCTIONS, &rules.auctions).await?;
    copy(transaction, "trading.quotes", QUOTES, &rules.quotes).await?;
    copy(transaction, "trading.price_limits", PRICE_LIMITS, &rules.price_limits).await?;
    copy(transaction, "trading.risk_warnings", RISK_WARNINGS, &rules.risk_warnings).await?;
    copy(transaction, "trading.admin_actions", ADMIN_ACTIONS, &rules.actions).await?;
    copy(transaction, "trading.anchors", ANCHORS, &rules.anchors).await?;
    copy(transaction, "trading.corrections", CORRECTIONS, &rules.corrections).await?;
    write_limits(transaction, rules).await?;
    write_kills(transaction, rules).await?;
    write_fees(transaction, rules).await?;
    write_odd_lots(transaction, rules).await?;
    write_participants(transaction, rules).await?;
    for (instrument, (breaker, seq)) in &rules.breakers {
        sqlx::query!(
            "INSERT INTO trading.breakers (instrument_id, mode, window_seconds, trigger_ppm,
                 call_seconds, bound_ppm, seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (instrument_id) DO UPDATE SET mode = excluded.mode,
                 window_seconds = excluded.window_seconds, trigger_ppm = excluded.trigger_ppm,
                 call_seconds = excluded.call_seconds, bound_ppm = excluded.bound_ppm,
                 seq = excluded.seq",
            instrument.0 as i32,
            breaker.mode.as_str(),
            breaker.window_seconds as i32,
            breaker.trigger_ppm as i32,
            breaker.call_seconds as i32,
            breaker.bound_ppm as i32,
            seq.0 as i64,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

/// The limits of a scope as they are now, in place of those it had.
async fn write_limits(transaction: &mut Transaction<'_, Postgres>, rules: &Rules) -> Result<()> {
    for (scope, (limits, set)) in &rules.risk_limits {
        let scope = risk_scope(*scope);
        sqlx::query!("DELETE FROM trading.risk_limits WHERE scope = $1", &scope)
            .execute(&mut **transaction)
            .await?;
        let mut rows = Rows::default();
        for measure in RiskMeasure::ALL {
            encode_limit(&mut rows, &scope, *measure, limits, set);
        }
        copy(transaction, "trading.risk_limits", RISK_LIMITS, &rows).await?;
    }
    Ok(())
}

async fn write_kills(transaction: &mut Transaction<'_, Postgres>, rules: &Rules) -> Result<()> {
    for (scope, (thrown, set)) in &rules.kill_switches {
        sqlx::query!(
            "INSERT INTO trading.kill_switches (scope, thrown, actor, reason, at, seq)
             VALUES ($1, $2, $3, $4, to_timestamp($5::bigint / 1000000.0), $6)
             ON CONFLICT (scope) DO UPDATE SET thrown = excluded.thrown,
                 actor = excluded.actor, reason = excluded.reason, at = excluded.at,
                 seq = excluded.seq",
            kill_scope(*scope),
            thrown,
            &set.actor,
            &set.reason,
            micros(set.at),
            set.seq.0 as i64,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

async fn write_participants(
    transaction: &mut Transaction<'_, Postgres>,
    rules: &Rules,
) -> Result<()> {
    for (profile, (participants, set)) in &rules.participants {
        sqlx::query!(
            "INSERT INTO trading.participants (profile, participants, actor, reason, at, seq)
             VALUES ($1, $2, $3, $4, to_timestamp($5::bigint / 1000000.0), $6)
             ON CONFLICT (profile) DO UPDATE SET participants = excluded.participants,
                 actor = excluded.actor, reason = excluded.reason, at = excluded.at,
                 seq = excluded.seq",
            profile,
            participants.as_str(),
            &set.actor,
            &set.reason,
            micros(set.at),
            set.seq.0 as i64,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}

async fn write_fees(transaction: &mut Transaction<'_, Postgres>, rules: &Rules) -> Result<()> {
    for (asset, (tiers, seq)) in &rules.fee_tiers {
        sqlx::query!("DELETE FROM trading.fee_tiers WHERE asset_id = $1", asset.0 as i32)
            .execute(&mut **transaction)
            .await?;
        for tier in &tiers.tiers[..usize::from(tiers.len)] {
            sqlx::query!(
                "INSERT INTO trading.fee_tiers (asset_id, volume, maker_ppm, taker_ppm, seq)
                 VALUES ($1, $2, $3, $4, $5)",
                asset.0 as i32,
                tier.volume.0,
                tier.maker_ppm,
                tier.taker_ppm,
                seq.0 as i64,
            )
            .execute(&mut **transaction)
            .await?;
        }
    }
    Ok(())
}

async fn write_odd_lots(transaction: &mut Transaction<'_, Postgres>, rules: &Rules) -> Result<()> {
    for (instrument, (terms, seq)) in &rules.odd_lot_terms {
        sqlx::query!(
            "INSERT INTO trading.odd_lot_terms (instrument_id, batch, principal, spread_ppm,
                 max_quantity, max_value, round_to, seq)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (instrument_id) DO UPDATE SET batch = excluded.batch,
                 principal = excluded.principal, spread_ppm = excluded.spread_ppm,
                 max_quantity = excluded.max_quantity, max_value = excluded.max_value,
                 round_to = excluded.round_to, seq = excluded.seq",
            instrument.0 as i32,
            terms.batch,
            terms.principal,
            terms.spread_ppm as i32,
            terms.max_quantity.0,
            terms.max_value.0,
            terms.round_to.0,
            seq.0 as i64,
        )
        .execute(&mut **transaction)
        .await?;
    }
    for (instrument, (net, seq)) in &rules.odd_lot_positions {
        sqlx::query!(
            "INSERT INTO trading.odd_lot_positions (instrument_id, house_net, seq)
             VALUES ($1, $2, $3)
             ON CONFLICT (instrument_id) DO UPDATE SET house_net = excluded.house_net,
                 seq = excluded.seq",
            instrument.0 as i32,
            net.0,
            seq.0 as i64,
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(())
}
