//! What people did: a row for every command that says who gave it, and for every anchor.

use serde_json::{Value, json};
use zaraba_engine::command::{Provenance, TradeTerms};
use zaraba_engine::event::TradeCorrected;
use zaraba_engine::types::*;
use zaraba_engine::{Command, Event};

use super::bundle::Bundle;
use super::collect::Step;
use crate::codec;

/// Columns of the tables, in the order their rows are encoded here.
pub(super) const ADMIN_ACTIONS: &str = "seq, at, kind, target_kind, target_id, target_text, \
     actor, approver, request_id, reason, outcome, summary";
pub(super) const ANCHORS: &str = "seq, at, what, entries, hash";
pub(super) const CORRECTIONS: &str = "trade_id, number, seq, at, instrument_id, buyer, seller, \
     before_price, before_quantity, before_paid, before_got, before_buyer_fee, \
     before_seller_fee, price, quantity, paid, got, buyer_fee, seller_fee, actor, approver, \
     request_id, reason";

impl Bundle {
    /// Takes in a command that says who gave it, and what it did.
    pub(super) fn action(&mut self, step: &Step<'_>, by: &Provenance, events: &[Event]) {
        let refused = events.iter().find_map(|event| match event {
            Event::Refused { code, .. } => Some(code.code()),
            _ => None,
        });
        let mut summary = codec::describe(step.command);
        let kind = take(&mut summary, "kind");
        let kind = kind.as_str().unwrap_or_default();
        take(&mut summary, "by");
        for event in events {
            did(&mut summary, event);
        }
        let (target_kind, target_id, target) = target(step.command, events);
        let row = self.rules.actions.row(12).id(step.seq.0).at(step.at).text(kind);
        row.text(target_kind).id(target_id).text(&clean(&target));
        row.text(&clean(by.actor.as_str())).text(&clean(by.approver.as_str()));
        row.text(&clean(by.request.as_str())).text(&clean(by.reason.as_str()));
        row.text(refused.unwrap_or("ok")).text(&summary.to_string());
    }

    /// Takes in a correction of a trade.
    pub(super) fn correction(&mut self, step: &Step<'_>, now: &TradeCorrected) {
        let Command::CorrectTrade { correction, by } = step.command else { return };
        let rows = &mut self.rules.corrections;
        let row = rows.row(23).id(now.trade.0).int4(now.number).id(step.seq.0).at(step.at);
        row.int4(now.instrument.0).int4(now.buyer.0).int4(now.seller.0);
        for TradeTerms { price, quantity, paid, got, buyer_fee, seller_fee } in
            [correction.before, now.after]
        {
            row.int8(price.0).int8(quantity.0).int8(paid.0).int8(got.0);
            row.int8(buyer_fee.0).int8(seller_fee.0);
        }
        row.text(&clean(by.actor.as_str())).text(&clean(by.approver.as_str()));
        row.text(&clean(by.request.as_str())).text(&clean(by.reason.as_str()));
    }

    /// Takes in an anchor.
    pub(super) fn anchor(&mut self, step: &Step<'_>) {
        if let Command::Anchor { anchor, .. } = step.command {
            let row = self.rules.anchors.row(5).id(step.seq.0).at(step.at);
            row.text(&clean(anchor.what.as_str())).id(anchor.count).bytea(&anchor.hash);
        }
    }
}

fn take(object: &mut Value, field: &str) -> Value {
    object.as_object_mut().and_then(|fields| fields.remove(field)).unwrap_or_default()
}

/// Postgres takes no zero characters; the doors do not either, but the engine would.
fn clean(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Adds to the summary what the command did, where the command does not say it.
fn did(summary: &mut Value, event: &Event) {
    match *event {
        Event::CancelledMany { count, more, .. } => {
            summary["cancelled"] = json!(count);
            summary["more"] = json!(more);
        }
        Event::DayRolled { count, more } => {
            summary["expired"] = json!(count);
            summary["more"] = json!(more);
        }
        Event::SessionStepped { count, more, .. } => {
            summary["instruments"] = json!(count);
            summary["more"] = json!(more);
        }
        Event::Repeated { .. } => summary["repeated"] = json!(true),
        _ => {}
    }
}

/// What the command is about: kind, number and name.
fn target(command: &Command, events: &[Event]) -> (&'static str, u64, String) {
    let made = events.iter().find_map(|event| match *event {
        Event::AssetCreated { asset: AssetId(id) }
        | Event::AccountCreated { account: AccountId(id) }
        | Event::InstrumentCreated { instrument: InstrumentId(id) } => Some(u64::from(id)),
        _ => None,
    });
    let account = |account: AccountId| ("account", u64::from(account.0), String::new());
    let instrument =
        |instrument: InstrumentId| ("instrument", u64::from(instrument.0), String::new());
    let group = |group: GroupId| ("group", u64::from(group.0), String::new());
    match command {
        Command::CreateAsset(spec) => ("asset", made.unwrap_or(0), spec.code.to_string()),
        Command::CreateInstrument(spec) => {
            ("instrument", made.unwrap_or(0), spec.symbol.to_string())
        }
        Command::CreateAccount { code } => ("account", made.unwrap_or(0), code.to_string()),
        Command::Transfer { transfer, .. } => {
            ("account", u64::from(transfer.account.0), transfer.reference.to_string())
        }
        Command::SetAccountStatus { account: id, .. }
        | Command::SetFirm { account: id, .. }
        | Command::SetGroup { account: id, .. } => account(*id),
        Command::SetInstrumentStatus { instrument: id, .. }
        | Command::SetPriceLimits { instrument: id, .. }
        | Command::SetOddLotTerms { instrument: id, .. }
        | Command::SetTicks { instrument: id, .. }
        | Command::SetListedShares { instrument: id, .. }
        | Command::SetHalts { instrument: id, .. }
        | Command::SetBreaker { instrument: id, .. }
        | Command::StartCall { instrument: id, .. } => instrument(*id),
        Command::SetFeeTiers { tiers, .. } => ("asset", u64::from(tiers.asset.0), String::new()),
        Command::SetRiskLimits { scope, .. } => match *scope {
            RiskScope::Account(id) => account(id),
            RiskScope::Members(id) | RiskScope::Group(id) => group(id),
            RiskScope::Instrument(id) => instrument(id),
        },
        Command::SetKill { scope, .. } => match *scope {
            KillScope::Account(id) => account(id),
            KillScope::Group(id) => group(id),
            KillScope::Instrument(id) => instrument(id),
            KillScope::Venue => ("venue", 0, String::new()),
            KillScope::Key(key) => ("key", u64::from(key), String::new()),
        },
        Command::Place(place) => ("account", place.account.0.into(), place.client_id.to_string()),
        Command::PlaceContingent(it) => {
            ("account", it.order.account.0.into(), it.order.client_id.to_string())
        }
        Command::PlaceOddLot(odd) => ("account", odd.account.0.into(), odd.client_id.to_string()),
        Command::Amend(amend) => ("order", amend.order.0, String::new()),
        Command::Cancel(cancel) => ("order", cancel.order.0, String::new()),
        Command::CancelMany(_) => ("orders", 0, String::new()),
        Command::RollDay { profile, .. }
        | Command::SetParticipants { profile, .. }
        | Command::Session { profile, .. } => ("profile", 0, profile.as_str().to_owned()),
        Command::CorrectTrade { correction, .. } => ("trade", correction.trade.0, String::new()),
        Command::Anchor { anchor, .. } => ("journal", 0, anchor.what.to_string()),
        Command::Genesis { .. } | Command::Wake | Command::Attributed(_) => {
            ("journal", 0, String::new())
        }
    }
}
