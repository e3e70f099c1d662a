//! Rounding to minor units: powers of ten, mostly by multiplication.

/// Multiplies by a power of ten, positive or negative.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) multiplier: i128,
    pub(super) divisor: i128,
    /// The divisor if it fits, for the common short division; else zero.
    pub(super) short: u64,
    /// One less: what is added before rounding down, to round up. All ones where it is zero.
    pub(super) up: u64,
    /// 2^64 / `short`, rounded down.
    reciprocal: u64,
}

impl Scale {
    pub(super) fn new(exponent: i32) -> Scale {
        let power = 10i128.pow(exponent.unsigned_abs());
        if exponent >= 0 {
            return Scale { multiplier: power, divisor: 1, short: 0, up: u64::MAX, reciprocal: 0 };
        }
        let short = u64::try_from(power).unwrap_or(0);
        let reciprocal = (1u128 << 64).checked_div(u128::from(short)).unwrap_or(0) as u64;
        Scale { multiplier: 1, divisor: power, short, up: short.wrapping_sub(1), reciprocal }
    }

    /// Rounded down; `n` is zero or more.
    #[inline]
    pub(super) fn floor(&self, n: i128) -> i128 {
        match u64::try_from(n) {
            Ok(n) if self.short != 0 => i128::from(self.floor_short(n)),
            _ => self.floor_long(n),
        }
    }

    /// Whether sums below 2^63 can be rounded in 64 bits, up too.
    #[inline]
    pub(super) fn is_short(&self) -> bool {
        self.up < 1 << 62
    }

    /// Rounded down, for sums of zero or more where the scale is short.
    #[inline(always)]
    pub(super) fn short_floor(&self, sum: i64) -> i64 {
        self.floor_short(sum as u64) as i64
    }

    /// Rounded up, for the same.
    #[inline(always)]
    pub(super) fn short_ceil(&self, sum: i64) -> i64 {
        self.floor_short(sum as u64 + self.up) as i64
    }

    /// Division by multiplication: the product's upper half is the quotient or one less.
    #[inline(always)]
    pub(super) fn floor_short(&self, n: u64) -> u64 {
        let low = ((u128::from(n) * u128::from(self.reciprocal)) >> 64) as u64;
        let rest = n.wrapping_sub(low.wrapping_mul(self.short));
        low + u64::from(rest >= self.short)
    }

    #[inline(never)]
    fn floor_long(&self, n: i128) -> i128 {
        if self.divisor == 1 { n * self.multiplier } else { n / self.divisor }
    }

    /// The most whose rounding up is at most `amount`.
    pub(super) fn most(&self, amount: i64) -> i128 {
        if self.divisor == 1 {
            return i128::from(amount) / self.multiplier;
        }
        i128::from(amount).checked_mul(self.divisor).unwrap_or(i128::MAX)
    }

    /// Rounded up; `n` is zero or more.
    #[inline]
    pub(super) fn ceil(&self, n: i128) -> i128 {
        self.floor(n + (self.divisor - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_rounds_both_ways_and_past_64_bits() {
        let thousandth = Scale::new(-3);
        assert_eq!((thousandth.floor(1_999), thousandth.ceil(1_001)), (1, 2));
        assert_eq!((thousandth.floor(2_000), thousandth.ceil(2_000)), (2, 2));
        let big = i128::from(u64::MAX) * 7_001;
        assert_eq!(thousandth.floor(big), big / 1_000);
        for divisor in [10u64, 100, 1_000_000, 10_000_000_000_000_000_000] {
            let scale = Scale::new(-(divisor.ilog10() as i32));
            let edges = [0, 1, divisor - 1, divisor, divisor + 1, u64::MAX - 1, u64::MAX];
            let near = (1..1_000u64).map(|k| (u64::MAX / divisor / k) * divisor);
            for n in edges.into_iter().chain(near.flat_map(|n| [n.saturating_sub(1), n, n + 1])) {
                assert_eq!(scale.floor(n.into()), i128::from(n / divisor), "{n} / {divisor}");
            }
        }
        assert_eq!(Scale::new(2).ceil(5), 500);
        assert_eq!(Scale::new(-30).ceil(1), 1);
    }
}
