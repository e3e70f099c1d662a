//! Exact division by a constant: whether a price is on its tick, a quantity of whole lots.

/// Divides multiples of a constant exactly, by one multiplication, and tells non-multiples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Divider {
    /// Of the divisor's odd part, modulo 2^64.
    inverse: u64,
    /// The greatest quotient there is: what is above comes from no multiple.
    limit: u64,
    /// The divisor's power of two.
    shift: u32,
}

impl Divider {
    /// For a divisor above zero.
    pub(crate) fn new(divisor: i64) -> Divider {
        assert!(divisor > 0, "divisor {divisor} was validated to be above zero");
        let shift = divisor.trailing_zeros();
        let odd = divisor as u64 >> shift;
        // Newton's iteration doubles the correct low bits: 3, 6, 12, 24, 48, 96.
        let mut inverse = odd;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(inverse)));
        }
        Divider { inverse, limit: u64::MAX / divisor as u64, shift }
    }

    /// `n / divisor` if that is whole, for `n` of zero or more.
    #[inline(always)]
    pub(crate) fn exact(&self, n: i64) -> Option<u64> {
        // Low bits of a number that has no such power of two in it go to the top, above the limit.
        let quotient = (n as u64).wrapping_mul(self.inverse).rotate_right(self.shift);
        (quotient <= self.limit).then_some(quotient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_division_agrees_with_the_operator() {
        for divisor in [1, 2, 3, 5, 7, 10, 64, 100, 1_000_000, 6_148_914_691, i64::MAX] {
            let divider = Divider::new(divisor);
            for n in [0, 1, 2, 3, 9, 10, 99, 100, 12_345, 1 << 40, i64::MAX - 1, i64::MAX] {
                let want = (n % divisor == 0).then_some((n / divisor) as u64);
                assert_eq!(divider.exact(n), want, "{n} / {divisor}");
                if let Some(multiple) = (n % 1000).checked_mul(divisor) {
                    assert_eq!(divider.exact(multiple), Some((n % 1000) as u64));
                }
            }
        }
    }
}
