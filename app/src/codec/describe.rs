//! Commands in readable form, for `zaraba journal dump`: JSON with the engine's integers,
//! not converted to decimals, because the dump must not depend on reference data.

use serde_json::{Value, json};
use zaraba_engine::Command;
use zaraba_engine::command::{Provenance, TransferKind, Via};
use zaraba_engine::instrument::TickRule;
use zaraba_engine::types::Side;

/// A command as a JSON object with its `kind`; numbers are the engine's integer units.
pub fn describe(command: &Command) -> Value {
    match command {
        Command::Place(p) => json!({
            "kind": "place", "account": p.account.0, "instrument": p.instrument.0,
            "side": p.side.as_str(), "type": p.kind.as_str(),
            "time_in_force": p.time_in_force.as_str(), "post_only": p.post_only,
            "price": p.price.0, "quantity": p.quantity.0, "client_id": p.client_id.as_str(),
            "via": via(p.via), "key": p.key,
        }),
        Command::Amend(a) => json!({
            "kind": "amend", "account": a.account.0, "order": a.order.0, "price": a.price.0,
            "quantity": a.quantity.0, "via": via(a.via), "key": a.key,
        }),
        Command::Cancel(c) => json!({
            "kind": "cancel", "account": c.account.0, "order": c.order.0, "via": via(c.via),
            "key": c.key,
        }),
        Command::CancelMany(m) => json!({
            "kind": "cancel_many", "account": m.account.map(|a| a.0),
            "instrument": m.instrument.map(|i| i.0), "side": m.side.map(Side::as_str),
            "via": via(m.via), "key": m.key,
        }),
        Command::Transfer { transfer: t, by } => json!({
            "kind": match t.kind {
                TransferKind::Deposit => "deposit",
                TransferKind::Withdraw => "withdraw",
                TransferKind::Adjust => "adjust",
            },
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
            "ticks": match s.ticks {
                TickRule::Fixed(tick) => json!(tick.0),
                TickRule::TseTopix500 => json!("tse_topix500"),
                TickRule::TseOther => json!("tse_other"),
            },
            "lot": s.lot.0, "min_quantity": s.min_quantity.0, "max_quantity": s.max_quantity.0,
            "base_price": s.base_price.0, "limit_down": s.limit_down.0, "limit_up": s.limit_up.0,
            "market_band_ppm": s.market_band_ppm, "maker_fee_ppm": s.maker_fee_ppm,
            "taker_fee_ppm": s.taker_fee_ppm, "open_order_cap": s.open_order_cap,
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
        // The five of `describe`.
        Command::Place(_)
        | Command::Amend(_)
        | Command::Cancel(_)
        | Command::CancelMany(_)
        | Command::Transfer { .. } => Value::Null,
    }
}

fn via(via: Via) -> &'static str {
    match via {
        Via::Rest => "rest",
        Via::Stream => "stream",
        Via::Admin => "admin",
        Via::System => "system",
    }
}

fn provenance(by: &Provenance) -> Value {
    json!({
        "actor": by.actor.as_str(), "request": by.request.as_str(), "reason": by.reason.as_str(),
    })
}
