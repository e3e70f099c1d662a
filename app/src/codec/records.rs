//! What several kinds of commands carry, or what is long by itself: who gave a command, corrections,
//! limits of the state, instruments.

use zaraba_engine::command::{Correction, Limits, Provenance, TradeTerms};
use zaraba_engine::instrument::{InstrumentSpec, TickRule};
use zaraba_engine::types::*;

use super::wire::{In, Out};
use super::{CodecError, coded, flag};

pub(super) fn write_provenance(out: &mut Out, by: &Provenance) {
    out.text(&by.actor);
    out.text(&by.approver);
    out.text(&by.request);
    out.text(&by.reason);
}

/// The version of kinds that were there before it, from which on provenance is as it is now.
pub(super) const PROVENANCE: u8 = 2;

/// Provenance as kinds older than [`PROVENANCE`] have it: shorter, and of one person.
pub(super) fn read_provenance(version: u8, input: &mut In) -> Result<Box<Provenance>, CodecError> {
    Ok(Box::new(Provenance {
        actor: input.text("actor")?,
        approver: if version < PROVENANCE { Text::EMPTY } else { input.text("approver")? },
        request: input.text("request")?,
        reason: input.text("reason")?,
    }))
}

pub(super) fn write_correction(out: &mut Out, c: &Correction) {
    out.u64(c.trade.0);
    for number in [c.instrument.0, c.buyer.0, c.seller.0] {
        out.u32(number);
    }
    let TradeTerms { price, quantity, paid, got, buyer_fee, seller_fee } = c.before;
    for number in [price.0, quantity.0, paid.0, got.0, buyer_fee.0, seller_fee.0] {
        out.i64(number);
    }
    out.i64(c.price.0);
    out.i64(c.quantity.0);
    out.u8(u8::from(c.desk));
}

/// The version of corrections from which on trades of the odd-lot desks have them, too.
const DESK_CORRECTIONS: u8 = 2;

pub(super) fn read_correction(version: u8, input: &mut In) -> Result<Correction, CodecError> {
    Ok(Correction {
        trade: TradeId(input.u64("trade")?),
        instrument: InstrumentId(input.u32("instrument")?),
        buyer: AccountId(input.u32("buyer")?),
        seller: AccountId(input.u32("seller")?),
        before: TradeTerms {
            price: Price(input.i64("price before")?),
            quantity: Quantity(input.i64("quantity before")?),
            paid: Amount(input.i64("paid")?),
            got: Amount(input.i64("got")?),
            buyer_fee: Amount(input.i64("buyer_fee")?),
            seller_fee: Amount(input.i64("seller_fee")?),
        },
        price: Price(input.i64("price")?),
        quantity: Quantity(input.i64("quantity")?),
        desk: version >= DESK_CORRECTIONS && flag(input, "desk")?,
    })
}

pub(super) fn write_limits(out: &mut Out, limits: &Limits) {
    out.u32(limits.accounts);
    out.u32(limits.instruments);
    out.u32(limits.assets);
    out.u32(limits.live_orders);
    out.u32(limits.answers);
    out.u32(limits.balances);
}

pub(super) fn read_limits(input: &mut In) -> Result<Limits, CodecError> {
    Ok(Limits {
        accounts: input.u32("accounts")?,
        instruments: input.u32("instruments")?,
        assets: input.u32("assets")?,
        live_orders: input.u32("live_orders")?,
        answers: input.u32("answers")?,
        balances: input.u32("balances")?,
    })
}

pub(super) fn write_instrument(out: &mut Out, spec: &InstrumentSpec) {
    out.text(&spec.symbol);
    out.text(&spec.name);
    out.u8(spec.profile as u8);
    out.u32(spec.base_asset.0);
    out.u32(spec.quote_asset.0);
    out.u8(spec.price_digits);
    out.u8(spec.quantity_digits);
    match spec.ticks {
        TickRule::Fixed(tick) => {
            out.u8(0);
            out.i64(tick.0);
        }
        TickRule::TseTopix500 => out.u8(1),
        TickRule::TseOther => out.u8(2),
    }
    for number in [spec.lot.0, spec.min_quantity.0, spec.max_quantity.0] {
        out.i64(number);
    }
    for price in [spec.base_price, spec.limit_down, spec.limit_up] {
        out.i64(price.0);
    }
    out.u32(spec.market_band_ppm);
    out.i32(spec.maker_fee_ppm);
    out.i32(spec.taker_fee_ppm);
    out.u32(spec.open_order_cap);
    out.u8(u8::from(spec.session_rules));
    for number in [spec.listed_shares, spec.market_min_quantity, spec.market_max_quantity] {
        out.i64(number.0);
    }
}

pub(super) fn read_instrument(version: u8, input: &mut In) -> Result<InstrumentSpec, CodecError> {
    // Quantities that version 2 added.
    let added = |input: &mut In, field| match version {
        ..2 => Ok(Quantity(0)),
        _ => input.i64(field).map(Quantity),
    };
    Ok(InstrumentSpec {
        symbol: input.text("symbol")?,
        name: input.text("name")?,
        profile: coded(input, "profile", Profile::from_number)?,
        base_asset: AssetId(input.u32("base_asset")?),
        quote_asset: AssetId(input.u32("quote_asset")?),
        price_digits: input.u8("price_digits")?,
        quantity_digits: input.u8("quantity_digits")?,
        ticks: match input.u8("ticks")? {
            0 => TickRule::Fixed(Price(input.i64("tick")?)),
            1 => TickRule::TseTopix500,
            2 => TickRule::TseOther,
            other => return Err(CodecError::Value { field: "ticks", value: u64::from(other) }),
        },
        lot: Quantity(input.i64("lot")?),
        min_quantity: Quantity(input.i64("min_quantity")?),
        max_quantity: Quantity(input.i64("max_quantity")?),
        base_price: Price(input.i64("base_price")?),
        limit_down: Price(input.i64("limit_down")?),
        limit_up: Price(input.i64("limit_up")?),
        market_band_ppm: input.u32("market_band_ppm")?,
        maker_fee_ppm: input.i32("maker_fee_ppm")?,
        taker_fee_ppm: input.i32("taker_fee_ppm")?,
        open_order_cap: input.u32("open_order_cap")?,
        session_rules: version >= 2 && flag(input, "session_rules")?,
        listed_shares: added(input, "listed_shares")?,
        market_min_quantity: added(input, "market_min_quantity")?,
        market_max_quantity: added(input, "market_max_quantity")?,
    })
}
