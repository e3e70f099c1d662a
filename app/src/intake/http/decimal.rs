//! Decimal strings to integers, strictly: digits, at most one point with digits on both
//! sides, no sign (or a minus where allowed), no exponent, no spaces. No floats anywhere.

/// Longest accepted text.
const LENGTH_MAX: usize = 40;

/// Why a text is not a usable number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecimalError {
    /// Not a decimal.
    Syntax,
    /// More decimals than the unit has.
    TooFine,
    /// Beyond the integers used.
    TooLarge,
}

/// `text` in units of 10^-`digits`. Zeros after the last decimal of the unit are allowed.
///
/// # Errors
/// See [`DecimalError`].
pub fn parse(text: &str, digits: u8) -> Result<i64, DecimalError> {
    if text.len() > LENGTH_MAX {
        return Err(DecimalError::TooLarge);
    }
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
        Some(_) => return Err(DecimalError::Syntax),
        None => (text, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(decimals) {
        return Err(DecimalError::Syntax);
    }
    let (kept, beyond) = decimals.split_at(decimals.len().min(usize::from(digits)));
    if beyond.bytes().any(|b| b != b'0') {
        return Err(DecimalError::TooFine);
    }
    let padding = std::iter::repeat_n(b'0', usize::from(digits) - kept.len());
    let mut units = 0i64;
    for digit in whole.bytes().chain(kept.bytes()).chain(padding) {
        units = units
            .checked_mul(10)
            .and_then(|units| units.checked_add(i64::from(digit - b'0')))
            .ok_or(DecimalError::TooLarge)?;
    }
    Ok(units)
}

/// Like [`parse`], with an optional minus in front.
///
/// # Errors
/// See [`DecimalError`].
pub fn parse_signed(text: &str, digits: u8) -> Result<i64, DecimalError> {
    match text.strip_prefix('-') {
        Some(magnitude) => parse(magnitude, digits).map(|units| -units),
        None => parse(text, digits),
    }
}

/// `numerator / denominator` rounded half to even; both not negative, denominator above zero.
pub fn divide_half_even(numerator: i128, denominator: i128) -> i128 {
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    match (rest * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + (quotient & 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn good_decimals_are_read_exactly() {
        let cases = [
            ("0", 0, 0),
            ("7", 0, 7),
            ("2530.5", 1, 25_305),
            ("2530.50", 1, 25_305),
            ("2530", 1, 25_300),
            ("007.1", 2, 710),
            ("0.00000001", 8, 1),
            ("9223372036854775807", 0, i64::MAX),
            ("92233720368.54775807", 8, i64::MAX),
        ];
        for (text, digits, units) in cases {
            assert_eq!(parse(text, digits), Ok(units), "{text}");
        }
        assert_eq!(parse_signed("-1.5", 2), Ok(-150));
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        use DecimalError::*;
        let cases = [
            ("", 2, Syntax),
            (".", 2, Syntax),
            ("1.", 2, Syntax),
            (".5", 2, Syntax),
            ("+1", 2, Syntax),
            ("-1", 2, Syntax),
            (" 1", 2, Syntax),
            ("1e3", 2, Syntax),
            ("1,000", 2, Syntax),
            ("1.2.3", 2, Syntax),
            ("NaN", 2, Syntax),
            ("Infinity", 2, Syntax),
            ("0x10", 2, Syntax),
            ("\u{ff11}", 2, Syntax),
            ("1.001", 2, TooFine),
            ("9223372036854775808", 0, TooLarge),
            ("92233720368547758.08", 2, TooLarge),
            ("00000000000000000000000000000000000000001", 0, TooLarge),
        ];
        for (text, digits, why) in cases {
            assert_eq!(parse(text, digits), Err(why), "{text}");
        }
        assert_eq!(parse_signed("--1", 2), Err(Syntax));
    }

    #[test]
    fn halves_go_to_even() {
        let cases = [(5, 2, 2), (7, 2, 4), (1, 3, 0), (2, 3, 1), (9, 3, 3), (0, 5, 0)];
        for (numerator, denominator, rounded) in cases {
            assert_eq!(divide_half_even(numerator, denominator), rounded);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(units in 0..=i64::MAX, digits in 0..=18u8) {
            let text = crate::market::text::decimal(i128::from(units), digits);
            prop_assert_eq!(parse(&text, digits), Ok(units));
        }
    }
}
