//! Commands in readable form, for `zaraba journal dump`: JSON with the engine's integers,
//! not converted to decimals, because the dump must not depend on reference data.

use serde_json::{Value, json};
use zaraba_engine::Command;
use zaraba_engine::command::{Provenance, StopLeg};
use zaraba_engine::instrument::TickRule;
use zaraba_engine::types::{Condition, KillScope, RiskMeasure, RiskScope, Side, Trigger};

/// A command as a JSON object with its `kind`; numbers are the engine's integer units.
pub fn describe(command: &Command) -> Value {
    match command {
        Command::Place(p) => json!({
            "kind": "place", "account": p.account.0, "instrument": p.instrument.0,
            "side": p.side.as_str(), "type": p.kind.as_str(),
            "time_in_force": p.time_in_force.as_str(), "post_only": p.post_only,
            "price": p.price.0, "quantity": p.quantity.0, "client_id": p.client_id.as_str(),
            "via": p.via.as_str(), "key": p.key, "condition": p.condition.as_str(),
            "self_trade_prevention": p.self_trade.as_str(), "short": p.short.as_str(),
            "by_amount": p.by_amount,
        }),
        Command::Amend(a) => json!({
            "kind": "amend", "account": a.account.0, "order": a.order.0, "price": a.price.0,
            "quantity": a.quantity.0, "via": a.via.as_str(), "key": a.key,
            "condition": a.condition.map(Condition::as_str),
        }),
        Command::Cancel(c) => json!({
            "kind": "cancel", "account": c.account.0, "order": c.order.0, "via": c.via.as_str(),
            "key": c.key,
        }),
        Command::CancelMany(m) => json!({
            "kind": "cancel_many", "account": m.account.map(|a| a.0),
            "instrument": m.instrument.map(|i| i.0), "side": m.side.map(Side::as_str),
            "group": m.group.map(|g| g.0), "price": m.price.0, "from": m.from.0, "via": m.via.as_str(), "key": m.key,
        }),
        Command::Transfer { transfer: t, by } => json!({
            "kind": t.kind.as_str(),
            "account": t.account.0, "asset": t.asset.0, "amount": t.amount.0,
            "reference": t.reference.as_str(), "by": provenance(by),
        }),
        other => describe_reference(other),
    }
}

/// The commands that change reference data.
fn describe_reference(command: &Command) -> Value {
    match command {
        Command::Genesis { limits, .. } => json!({
            // The seed stays out: it keeps clients from crafting collisions.
            "kind": "genesis", "limits": {
                "accounts": limits.accounts, "instruments": limits.instruments,
                "assets": limits.assets, "live_orders": limits.live_orders,
                "answers": limits.answers, "balances": limits.balances,
            },
        }),
        Command::CreateAsset(asset) => json!({
            "kind": "create_asset", "code": asset.code.as_str(), "exponent": asset.exponent,
        }),
        Command::CreateInstrument(s) => json!({
            "kind": "create_instrument", "symbol": s.symbol.as_str(), "name": s.name.as_str(),
            "profile": s.profile.as_str(), "base_asset": s.base_asset.0,
            "quote_asset": s.quote_asset.0, "price_digits": s.price_digits,
            "quantity_digits": s.quantity_digits,
            "ticks": ticks(s.ticks),
            "lot": s.lot.0, "min_quantity": s.min_quantity.0, "max_quantity": s.max_quantity.0,
            "base_price": s.base_price.0, "limit_down": s.limit_down.0, "limit_up": s.limit_up.0,
            "market_band_ppm": s.market_band_ppm, "maker_fee_ppm": s.maker_fee_ppm,
            "taker_fee_ppm": s.taker_fee_ppm, "open_order_cap": s.open_order_cap,
            "session_rules": s.session_rules, "listed_shares": s.listed_shares.0,
            "market_min_quantity": s.market_min_quantity.0,
            "market_max_quantity": s.market_max_quantity.0,
        }),
        Command::CreateAccount { code } => {
            json!({ "kind": "create_account", "code": code.as_str() })
        }
        Command::SetAccountStatus { account, status, by } => json!({
            "kind": "set_account_status", "account": account.0, "status": status.as_str(),
            "by": provenance(by),
        }),
        Command::SetInstrumentStatus { instrument, status, by } => json!({
            "kind": "set_instrument_status", "instrument": instrument.0,
            "status": status.as_str(), "by": provenance(by),
        }),
        Command::SetPriceLimits { instrument, base_price, limit_down, limit_up, by } => json!({
            "kind": "set_price_limits", "instrument": instrument.0, "base_price": base_price.0,
            "limit_down": limit_down.0, "limit_up": limit_up.0, "by": provenance(by),
        }),
        Command::RollDay { profile, day } => {
            json!({ "kind": "roll_day", "profile": profile.as_str(), "day": day })
        }
        Command::CorrectTrade { correction: c, by } => json!({
            "kind": "correct_trade", "trade": c.trade.0, "instrument": c.instrument.0,
            "buyer": c.buyer.0, "seller": c.seller.0, "price": c.price.0,
            "quantity": c.quantity.0, "desk": c.desk, "before": {
                "price": c.before.price.0, "quantity": c.before.quantity.0,
                "paid": c.before.paid.0, "got": c.before.got.0,
                "buyer_fee": c.before.buyer_fee.0, "seller_fee": c.before.seller_fee.0,
            },
            "by": provenance(by),
        }),
        Command::Anchor { anchor, by } => json!({
            "kind": "anchor", "what": anchor.what.as_str(), "count": anchor.count,
            "hash": hex::encode(anchor.hash), "by": provenance(by),
        }),
        Command::Attributed(attributed) => {
            let mut plain = describe(attributed.command.plain());
            plain["by"] = provenance(&attributed.by);
            plain
        }
        other => describe_rules(other),
    }
}

/// The commands of market rules.
fn describe_rules(command: &Command) -> Value {
    match command {
        Command::Session { profile, day, step, until } => json!({
            "kind": "session", "profile": profile.as_str(), "day": day, "step": step.as_str(),
            "until": until.0,
        }),
        Command::Wake => json!({ "kind": "wake" }),
        Command::PlaceContingent(c) => {
            let mut order = describe(&Command::Place(c.order));
            order["kind"] = json!("place_contingent");
            order["trigger"] = trigger(c.trigger);
            order["stop"] = stop(c.stop);
            order["expires"] = json!(c.expires);
            order["child"] = c.child.map_or(Value::Null, |child| json!({
                "side": child.side.as_str(), "type": child.kind.as_str(), "price": child.price.0,
                "trigger": trigger(child.trigger), "stop": stop(child.stop),
                "time_in_force": child.time_in_force.as_str(), "expires": child.expires,
                "client_id": child.client_id.as_str(),
            }));
            order
        }
        Command::PlaceOddLot(o) => json!({
            "kind": "place_odd_lot", "account": o.account.0, "instrument": o.instrument.0,
            "side": o.side.as_str(), "desk": o.desk.as_str(), "quantity": o.quantity.0,
            "price": o.price.0, "client_id": o.client_id.as_str(), "via": o.via.as_str(),
            "key": o.key,
        }),
        Command::SetOddLotTerms { instrument, terms: t, by } => json!({
            "kind": "set_odd_lot_terms", "instrument": instrument.0, "batch": t.batch,
            "principal": t.principal, "spread_ppm": t.spread_ppm,
            "max_quantity": t.max_quantity.0, "max_value": t.max_value.0,
            "round_to": t.round_to.0, "by": provenance(by),
        }),
        Command::SetTicks { instrument, ticks: rule, by } => json!({
            "kind": "set_ticks", "instrument": instrument.0, "ticks": ticks(*rule),
            "by": provenance(by),
        }),
        Command::SetListedShares { instrument, shares, by } => json!({
            "kind": "set_listed_shares", "instrument": instrument.0, "shares": shares.0,
            "by": provenance(by),
        }),
        Command::SetHalts { instrument, halts, by } => json!({
            "kind": "set_halts", "instrument": instrument.0, "halts": halts.0,
            "by": provenance(by),
        }),
        Command::SetBreaker { instrument, breaker: b, by } => json!({
            "kind": "set_breaker", "instrument": instrument.0, "mode": b.mode.as_str(),
            "window_seconds": b.window_seconds, "trigger_ppm": b.trigger_ppm,
            "call_seconds": b.call_seconds, "bound_ppm": b.bound_ppm, "by": provenance(by),
        }),
        Command::StartCall { instrument, kind, seconds, by } => json!({
            "kind": "start_call", "instrument": instrument.0, "call": kind.as_str(),
            "seconds": seconds, "by": provenance(by),
        }),
        Command::SetFeeTiers { tiers, by } => json!({
            "kind": "set_fee_tiers", "asset": tiers.asset.0,
            "tiers": tiers.tiers[..usize::from(tiers.len)].iter().map(|t| json!({
                "volume": t.volume.0, "maker_ppm": t.maker_ppm, "taker_ppm": t.taker_ppm,
            })).collect::<Vec<_>>(),
            "by": provenance(by),
        }),
        Command::SetGroup { account, group, by } => json!({
            "kind": "set_group", "account": account.0, "group": group.0, "by": provenance(by),
        }),
        Command::SetFirm { account, firm, by } => json!({
            "kind": "set_firm", "account": account.0, "firm": firm.0, "by": provenance(by),
        }),
        Command::SetParticipants { profile, participants, by } => json!({
            "kind": "set_participants", "profile": profile.as_str(),
            "participants": participants.as_str(), "by": provenance(by),
        }),
        Command::SetRiskLimits { scope, limits, by } => json!({
            "kind": "set_risk_limits",
            "scope": match scope {
                RiskScope::Account(a) => json!({ "account": a.0 }),
                RiskScope::Members(g) => json!({ "members": g.0 }),
                RiskScope::Group(g) => json!({ "group": g.0 }),
                RiskScope::Instrument(i) => json!({ "instrument": i.0 }),
            },
            "limits": RiskMeasure::ALL.iter().zip(&limits.bounds).map(|(measure, bound)| {
                (measure.as_str().to_owned(), json!({ "soft": bound.soft, "hard": bound.hard }))
            }).collect::<serde_json::Map<_, _>>(),
            "currency": limits.currency.0, "by": provenance(by),
        }),
        Command::SetKill { scope, on, by } => json!({
            "kind": "set_kill",
            "scope": match scope {
                KillScope::Account(a) => json!({ "account": a.0 }),
                KillScope::Group(g) => json!({ "group": g.0 }),
                KillScope::Instrument(i) => json!({ "instrument": i.0 }),
                KillScope::Venue => json!("venue"),
                KillScope::Key(key) => json!({ "key": key }),
            },
            "on": on, "by": provenance(by),
        }),
        // Those of `describe` and `describe_reference`.
        Command::Genesis { .. }
        | Command::CreateAsset(_)
        | Command::CreateInstrument(_)
        | Command::CreateAccount { .. }
        | Command::SetAccountStatus { .. }
        | Command::SetInstrumentStatus { .. }
        | Command::SetPriceLimits { .. }
        | Command::RollDay { .. }
        | Command::Place(_)
        | Command::Amend(_)
        | Command::Cancel(_)
        | Command::CancelMany(_)
        | Command::Anchor { .. }
        | Command::CorrectTrade { .. }
        | Command::Attributed(_)
        | Command::Transfer { .. } => Value::Null,
    }
}

fn ticks(rule: TickRule) -> Value {
    match rule {
        TickRule::Fixed(tick) => json!(tick.0),
        TickRule::TseTopix500 => json!("tse_topix500"),
        TickRule::TseOther => json!("tse_other"),
    }
}

fn trigger(trigger: Option<Trigger>) -> Value {
    trigger.map_or(Value::Null, |t| json!({ "price": t.price.0, "when": t.when.as_str() }))
}

fn stop(stop: Option<StopLeg>) -> Value {
    stop.map_or(
        Value::Null,
        |leg| json!({ "trigger": trigger(Some(leg.trigger)), "price": leg.price.0 }),
    )
}

fn provenance(by: &Provenance) -> Value {
    json!({
        "actor": by.actor.as_str(), "approver": by.approver.as_str(), "request": by.request.as_str(), "reason": by.reason.as_str(),
    })
}
