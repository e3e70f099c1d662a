//! The twin's arithmetic: what fills come to, and what an order can still spend.

use super::Oracle;
use super::orders::Order;
use crate::command::Place;
use crate::instrument::InstrumentSpec;
use crate::types::*;

/// One fill of an order.
#[derive(Clone, Debug)]
pub(super) struct Fill {
    pub(super) notional: i128,
    pub(super) rate_ppm: i128,
}

/// `ppm_notional` (price units x quantity units x ppm) in quote minor units, as a fraction.
pub(super) fn to_quote(
    spec: &InstrumentSpec,
    quote_exponent: u8,
    ppm_notional: i128,
) -> (i128, i128) {
    let exponent =
        i32::from(quote_exponent) - i32::from(spec.price_digits) - i32::from(spec.quantity_digits);
    match exponent - 6 {
        up @ 0.. => (ppm_notional * 10i128.pow(up as u32), 1),
        down => (ppm_notional, 10i128.pow(-down as u32)),
    }
}

fn floor((numerator, denominator): (i128, i128)) -> i128 {
    numerator.div_euclid(denominator)
}

pub(super) fn ceil((numerator, denominator): (i128, i128)) -> i128 {
    -(-numerator).div_euclid(denominator)
}

pub(super) const PPM: i128 = 1_000_000;

impl Oracle {
    pub(super) fn spec(&self, instrument: InstrumentId) -> InstrumentSpec {
        self.instruments[instrument.0 as usize].spec
    }

    pub(super) fn quote_exponent(&self, spec: &InstrumentSpec) -> u8 {
        self.assets[spec.quote_asset.0 as usize].exponent
    }

    pub(super) fn base_amount(&self, spec: &InstrumentSpec, quantity: i64) -> i128 {
        let exponent = self.assets[spec.base_asset.0 as usize].exponent;
        i128::from(quantity) * 10i128.pow(u32::from(exponent - spec.quantity_digits))
    }

    /// What a notional comes to in the quote asset, rounded down and up.
    pub(super) fn gross(&self, spec: &InstrumentSpec, notional: i128) -> [i128; 2] {
        let exact = to_quote(spec, self.quote_exponent(spec), notional * PPM);
        [floor(exact), ceil(exact)]
    }

    /// What a buy has paid after these fills: notional, and notional with fees.
    pub(super) fn paid(&self, spec: &InstrumentSpec, fills: &[Fill]) -> (i128, i128) {
        let exponent = self.quote_exponent(spec);
        let gross = fills.iter().map(|f| f.notional * PPM).sum();
        let all = fills.iter().map(|f| f.notional * (PPM + f.rate_ppm)).sum();
        (ceil(to_quote(spec, exponent, gross)), ceil(to_quote(spec, exponent, all)))
    }

    /// What a sell has received after these fills: notional, and notional without fees.
    pub(super) fn received(&self, spec: &InstrumentSpec, fills: &[Fill]) -> (i128, i128) {
        let exponent = self.quote_exponent(spec);
        let gross = fills.iter().map(|f| f.notional * PPM).sum();
        let net = fills.iter().map(|f| f.notional * (PPM - f.rate_ppm)).sum();
        (floor(to_quote(spec, exponent, gross)), floor(to_quote(spec, exponent, net)))
    }

    /// What an order can still spend at worst.
    pub(super) fn lock_of(&self, order: &Order, bound: i64, remaining: i64) -> i128 {
        let spec = self.spec(order.place.instrument);
        if order.place.side == Side::Sell {
            return self.base_amount(&spec, remaining);
        }
        let worst = i128::from(spec.taker_fee_ppm.max(spec.maker_fee_ppm));
        let mut fills = order.fills.clone();
        let (_, now) = self.paid(&spec, &fills);
        fills.push(Fill { notional: i128::from(bound) * i128::from(remaining), rate_ppm: worst });
        self.paid(&spec, &fills).1 - now
    }

    pub(super) fn spends(&self, place: &Place) -> AssetId {
        let spec = self.spec(place.instrument);
        if place.side == Side::Buy { spec.quote_asset } else { spec.base_asset }
    }

    pub(super) fn gets(&self, place: &Place) -> AssetId {
        let spec = self.spec(place.instrument);
        if place.side == Side::Buy { spec.base_asset } else { spec.quote_asset }
    }

    /// What all orders of an account can still spend of an asset.
    pub(super) fn locked(&self, account: AccountId, asset: AssetId) -> i128 {
        self.orders
            .values()
            .filter(|o| o.locks && o.account == account && self.spends(&o.place) == asset)
            .map(|o| self.lock_of(o, o.bound, o.remaining))
            .sum()
    }
}
