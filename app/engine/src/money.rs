//! Units, exact division and the one rounding rule of settlement.
//!
//! Quote amounts are rounded *per order, cumulatively*: a buyer has paid, after any number of
//! fills, the ceiling of the exact sum; a seller has received the floor of it. Each fill moves
//! the difference of two such totals. So no split of an order into fills changes what it costs
//! by even one minor unit, and what a live order can still spend at worst is known exactly:
//! that is its lock. What buyer and seller differ by goes to the rounding account.

mod divider;
mod scale;
#[cfg(test)]
mod tests;

pub(crate) use divider::Divider;
use scale::Scale;

use crate::instrument::InstrumentSpec;
use crate::types::Side;

/// One, in parts per million.
pub(crate) const PPM: i128 = 1_000_000;

/// Sums of price x quantity below this stay within 64 bits with any fee rate on top: fees and
/// rebates are below all of it, so twice this in millionths is below 2^63.
const SMALL: i64 = 1 << 42;

/// What an order has traded so far, exactly: the numbers its rounding goes by.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Traded {
    /// Sum of price x quantity.
    pub(crate) notional: i64,
    /// Sum of price x quantity x fee rate in ppm.
    pub(crate) fee: i128,
}

impl Traded {
    /// With one more fill.
    #[inline]
    pub(crate) fn plus(self, notional: i64, rate_ppm: i32) -> Traded {
        Traded {
            notional: self.notional + notional,
            fee: self.fee + i128::from(notional) * i128::from(rate_ppm),
        }
    }

    /// In 64 bits, if they hold it with `open` (price x quantity, zero or more) more to trade.
    #[inline]
    pub(crate) fn short(self, open: i64) -> Option<Sums> {
        let small = self.notional < SMALL && open < SMALL - self.notional;
        let fee = self.fee as i64;
        (small && i128::from(fee) == self.fee).then_some(Sums { notional: self.notional, fee })
    }

    #[inline]
    fn gross_ppm(self) -> i128 {
        i128::from(self.notional) * PPM
    }

    /// What a buyer has paid.
    #[inline]
    fn spent_ppm(self) -> i128 {
        self.gross_ppm() + self.fee
    }
}

/// The same in 64 bits: below [`SMALL`], whatever is still open included.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Sums {
    pub(crate) notional: i64,
    pub(crate) fee: i64,
}

impl Sums {
    /// With one more fill.
    #[inline]
    pub(crate) fn plus(self, notional: i64, rate_ppm: i32) -> Sums {
        let fee = self.fee + notional * i64::from(rate_ppm);
        Sums { notional: self.notional + notional, fee }
    }

    /// In full width.
    #[inline]
    pub(crate) fn wide(self) -> Traded {
        Traded { notional: self.notional, fee: i128::from(self.fee) }
    }
}

/// A buyer's sums rounded up to minor units of the quote asset.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Bought {
    gross: i64,
    all: i64,
    /// With what is open, at worst.
    worst: i64,
}

impl Bought {
    /// What is paid from here to there, and what that takes off the lock.
    #[inline]
    pub(crate) fn to(&self, after: &Bought) -> (Leg, i64) {
        let (gross, all) = (after.gross - self.gross, after.all - self.all);
        (Leg { gross, fee: all - gross }, self.worst - after.worst + all)
    }
}

/// A seller's sums rounded down to minor units of the quote asset.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Sold {
    gross: i64,
    net: i64,
}

impl Sold {
    /// What is received from here to there.
    #[inline]
    pub(crate) fn to(&self, after: &Sold) -> Leg {
        let gross = after.gross - self.gross;
        Leg { gross, fee: gross - (after.net - self.net) }
    }
}

/// What one side of one fill moves, in minor units of the quote asset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Leg {
    /// Notional: out of a buyer, into a seller.
    pub(crate) gross: i64,
    /// Fee out of either; negative is a rebate.
    pub(crate) fee: i64,
}

/// An instrument's units and fee rates, ready for arithmetic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Units {
    scale: Scale,
    base_multiplier: i64,
    /// Worst fee rate of a buyer, in ppm.
    worst_ppm: i32,
    /// Largest fee or rebate either way, in ppm.
    widest_ppm: i32,
    pub(crate) maker_ppm: i32,
    pub(crate) taker_ppm: i32,
}

/// Narrowing that acceptance has made sure of.
#[inline]
fn fits(amount: i128) -> i64 {
    i64::try_from(amount).expect("acceptance bounds every amount an order can move")
}

impl Units {
    /// Of a validated definition.
    pub(crate) fn new(spec: &InstrumentSpec, base_exponent: u8, quote_exponent: u8) -> Units {
        let exponent = i32::from(quote_exponent)
            - i32::from(spec.price_digits)
            - i32::from(spec.quantity_digits)
            - 6;
        Units {
            scale: Scale::new(exponent),
            base_multiplier: 10i64.pow(u32::from(base_exponent - spec.quantity_digits)),
            worst_ppm: spec.taker_fee_ppm.max(spec.maker_fee_ppm),
            widest_ppm: spec.taker_fee_ppm.max(spec.maker_fee_ppm.abs()),
            maker_ppm: spec.maker_fee_ppm,
            taker_ppm: spec.taker_fee_ppm,
        }
    }

    /// Base minor units of a quantity, if they fit.
    #[inline]
    pub(crate) fn base_checked(&self, quantity: i64) -> Option<i64> {
        quantity.checked_mul(self.base_multiplier)
    }

    /// Base minor units of an accepted order's quantity.
    #[inline]
    pub(crate) fn base(&self, quantity: i64) -> i64 {
        quantity * self.base_multiplier
    }

    /// Whether an order may go on to trade `remaining` at no more than `worst` each without
    /// any amount leaving 64 bits, on either side of the trades.
    #[inline]
    pub(crate) fn notional_fits(&self, traded: Traded, worst: i64, remaining: i64) -> bool {
        let Some(open) = worst.checked_mul(remaining) else { return false };
        let Some(all) = traded.notional.checked_add(open) else { return false };
        if all < SMALL && self.scale.is_short() {
            return true;
        }
        let widest = i128::from(all) * (PPM + i128::from(self.widest_ppm));
        // Below 10^19 x 2 x 10^6 x 10^12: within 128 bits.
        self.scale.ceil(widest) <= i128::from(i64::MAX)
    }

    /// Quote minor units of a sum of price x quantity (zero or more), rounded up; the largest
    /// number where it does not fit.
    #[inline]
    pub(crate) fn value(&self, notional: i128) -> i64 {
        let short = u64::try_from(notional).ok().and_then(|n| n.checked_mul(PPM as u64));
        let up = short.and_then(|ppm| ppm.checked_add(self.scale.up));
        match up {
            Some(up) if self.scale.short != 0 => {
                i64::try_from(self.scale.floor_short(up)).unwrap_or(i64::MAX)
            }
            _ => self.value_long(notional),
        }
    }

    /// The same of `price` x `quantity`, if with any fee rate on top it stays within 64 bits.
    #[inline(always)]
    pub(crate) fn short_value(&self, price: i64, quantity: i64) -> Option<i64> {
        let notional = price.checked_mul(quantity)?;
        let short = (0..SMALL).contains(&notional) && self.scale.is_short();
        short.then(|| self.scale.short_ceil(notional * PPM as i64))
    }

    /// The lock of a new buy of so much price x quantity, which [`Units::short_value`] held.
    #[inline(always)]
    pub(crate) fn short_lock(&self, open: i64) -> i64 {
        self.scale.short_ceil(open * (PPM as i64 + i64::from(self.worst_ppm)))
    }

    #[cold]
    fn value_long(&self, notional: i128) -> i64 {
        let ppm = notional.checked_mul(PPM);
        ppm.map_or(i64::MAX, |ppm| i64::try_from(self.scale.ceil(ppm)).unwrap_or(i64::MAX))
    }

    /// What a live order can still spend at worst: quote for a buy, base for a sell.
    #[inline]
    pub(crate) fn lock(&self, side: Side, traded: Traded, bound: i64, remaining: i64) -> i64 {
        match side {
            Side::Sell => self.base(remaining),
            Side::Buy => self.buy_lock(traded, bound, remaining),
        }
    }

    #[inline]
    fn buy_lock(&self, traded: Traded, bound: i64, remaining: i64) -> i64 {
        let open = bound * remaining;
        match traded.short(open) {
            Some(sums) if self.is_short() => {
                let bought = self.bought(sums, open);
                bought.worst - bought.all
            }
            _ => self.buy_lock_long(traded, bound, remaining),
        }
    }

    /// Whether sums below [`SMALL`] can be rounded in 64 bits.
    #[inline]
    pub(crate) fn is_short(&self) -> bool {
        self.scale.is_short()
    }

    /// A buyer's sums, rounded, with so much price x quantity open. Only where the scale is short.
    #[inline(always)]
    pub(crate) fn bought(&self, sums: Sums, open: i64) -> Bought {
        let gross = sums.notional * PPM as i64;
        let spent = gross + sums.fee;
        let up = |sum| self.scale.short_ceil(sum);
        // Most orders trade once, and whole.
        let (gross, all) = if sums.notional == 0 { (0, 0) } else { (up(gross), up(spent)) };
        let worst = match open {
            0 => all,
            _ => up(spent + open * (PPM as i64 + i64::from(self.worst_ppm))),
        };
        Bought { gross, all, worst }
    }

    /// A seller's sums, rounded. Only where the scale is short.
    #[inline]
    pub(crate) fn sold(&self, sums: Sums) -> Sold {
        if sums.notional == 0 {
            return Sold { gross: 0, net: 0 };
        }
        let gross = sums.notional * PPM as i64;
        let down = |sum| self.scale.short_floor(sum);
        Sold { gross: down(gross), net: down(gross - sums.fee) }
    }

    #[cold]
    fn buy_lock_long(&self, traded: Traded, bound: i64, remaining: i64) -> i64 {
        let spent = traded.spent_ppm();
        let open = self.open_ppm(bound, remaining);
        fits(self.scale.ceil(spent + open) - self.scale.ceil(spent))
    }

    /// What a buy may still spend, in millionths; acceptance keeps the product within 64 bits.
    #[inline]
    fn open_ppm(&self, bound: i64, remaining: i64) -> i128 {
        i128::from(bound * remaining) * (PPM + i128::from(self.worst_ppm))
    }

    /// Minor units of the quote asset that a sum of price x quantity comes to, rounded down and
    /// rounded up; acceptance keeps both within 64 bits.
    pub(crate) fn gross(&self, notional: i64) -> (i64, i64) {
        let exact = i128::from(notional) * PPM;
        (fits(self.scale.floor(exact)), fits(self.scale.ceil(exact)))
    }

    /// As [`Units::gross`], of any sum from zero on; `None` where the result does not fit.
    pub(crate) fn gross_checked(&self, notional: i64) -> Option<(i64, i64)> {
        let exact = i128::from(notional) * PPM;
        let amount = |n: i128| i64::try_from(n).ok();
        if exact > self.scale.most(i64::MAX) {
            return None;
        }
        Some((amount(self.scale.floor(exact))?, amount(self.scale.ceil(exact))?))
    }

    /// A price at which the lock of a buy of `quantity` is at least `amount`.
    pub(crate) fn covering(&self, amount: i64, quantity: i64) -> i64 {
        let up = |n: i128, by: i128| n / by + i128::from(n % by != 0);
        let all = i128::from(amount).checked_mul(self.scale.divisor).unwrap_or(i128::MAX);
        let each = i128::from(quantity) * (PPM + i128::from(self.worst_ppm));
        i64::try_from(up(up(all, self.scale.multiplier), each)).unwrap_or(i64::MAX)
    }

    /// How much of an amount in minor units of the quote asset one unit at `price` takes at
    /// worst (what a buyer pays with the highest fee, what a seller receives after the taker's
    /// fee), and the whole amount in the same measure.
    pub(crate) fn shares_of(&self, side: Side, price: i64, amount: i64) -> (i128, i128) {
        let rate = match side {
            Side::Buy => PPM + i128::from(self.worst_ppm),
            Side::Sell => PPM - i128::from(self.taker_ppm),
        };
        (i128::from(price) * rate, self.scale.most(amount))
    }

    /// What a buyer pays when its traded sums go from `before` to `after`, and what that takes
    /// off the lock of an order of this bound whose open quantity goes from one to the other.
    #[inline]
    pub(crate) fn buyer_leg(
        &self,
        (before, after): (Traded, Traded),
        bound: i64,
        (open, left): (i64, i64),
    ) -> (Leg, i64) {
        // Neither sum is more than what was spent before and the whole open part on top.
        let (open_sum, left_sum) = (bound * open, bound * left);
        match (before.short(open_sum), after.short(left_sum), self.is_short()) {
            (Some(before), Some(after), true) => {
                self.bought(before, open_sum).to(&self.bought(after, left_sum))
            }
            _ => self.buyer_leg_long((before, after), bound, (open, left)),
        }
    }

    #[cold]
    fn buyer_leg_long(
        &self,
        (before, after): (Traded, Traded),
        bound: i64,
        (open, left): (i64, i64),
    ) -> (Leg, i64) {
        let ceil = |sum| fits(self.scale.ceil(sum));
        let (spent, now) = (before.spent_ppm(), after.spent_ppm());
        let worst = ceil(spent + self.open_ppm(bound, open));
        let worst_after = ceil(now + self.open_ppm(bound, left));
        let (gross, all) =
            (ceil(after.gross_ppm()) - ceil(before.gross_ppm()), ceil(now) - ceil(spent));
        (Leg { gross, fee: all - gross }, worst - worst_after + all)
    }

    /// What a seller receives when its traded sums go from `before` to `after`.
    #[inline]
    pub(crate) fn seller_leg(&self, before: Traded, after: Traded) -> Leg {
        match (before.short(0), after.short(0), self.is_short()) {
            (Some(before), Some(after), true) => self.sold(before).to(&self.sold(after)),
            _ => self.seller_leg_long(before, after),
        }
    }

    #[cold]
    fn seller_leg_long(&self, before: Traded, after: Traded) -> Leg {
        let floor = |sum| fits(self.scale.floor(sum));
        let (sold, now) = (before.gross_ppm(), after.gross_ppm());
        let gross = floor(now) - floor(sold);
        Leg { gross, fee: gross - (floor(now - after.fee) - floor(sold - before.fee)) }
    }
}
