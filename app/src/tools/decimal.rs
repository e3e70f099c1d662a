//! Decimal strings of the public contract as integers of one unit, and back. Exact; no floats.

/// Ten to the power `digits` (0 to 18).
fn scale(digits: u8) -> Option<i64> {
    10i64.checked_pow(u32::from(digits))
}

/// How many digits stand after the point.
pub fn digits(text: &str) -> u8 {
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len().min(18) as u8)
}

/// `text` as a count of 10^-`digits`; `None` when it is no plain decimal, does not fit, or
/// has more digits than that (trailing zeros are allowed).
pub fn parse(text: &str, digits: u8) -> Option<i64> {
    let (negative, plain) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let digit_only = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digit_only(whole) || !digit_only(fraction) {
        return None;
    }
    let (kept, beyond) = fraction.split_at(fraction.len().min(usize::from(digits)));
    if beyond.bytes().any(|b| b != b'0') {
        return None;
    }
    let missing = u32::from(digits) - kept.len() as u32;
    let fraction_units = match kept {
        "" => 0,
        kept => kept.parse::<i64>().ok()?.checked_mul(10i64.checked_pow(missing)?)?,
    };
    let units =
        whole.parse::<i64>().ok()?.checked_mul(scale(digits)?)?.checked_add(fraction_units)?;
    Some(if negative { -units } else { units })
}

/// `units` of 10^-`digits` as a decimal string without trailing zeros.
pub fn format(units: i64, digits: u8) -> String {
    let Some(scale) = scale(digits).map(|scale| scale as u64).filter(|scale| *scale > 1) else {
        return units.to_string();
    };
    let sign = if units < 0 { "-" } else { "" };
    let (whole, fraction) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    let text = format!("{sign}{whole}.{fraction:0width$}", width = usize::from(digits));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_go_both_ways() {
        for (text, digits, units) in [
            ("0", 0, 0),
            ("2500", 1, 25_000),
            ("2500.5", 1, 25_005),
            ("0.0001", 4, 1),
            ("-0.05", 2, -5),
            ("585.33", 4, 5_853_300),
        ] {
            assert_eq!(parse(text, digits), Some(units), "{text}");
            assert_eq!(format(units, digits), text);
        }
        assert_eq!(parse("1.50", 1), Some(15), "trailing zeros carry nothing");
    }

    #[test]
    fn what_is_no_decimal_of_that_unit_is_refused() {
        for text in ["", ".", ".5", "1e3", "+1", "--1", "1.2.3", " 1", "1.05", "९"] {
            assert_eq!(parse(text, 1), None, "{text:?}");
        }
        assert_eq!(parse("9223372036854775807", 1), None, "does not fit");
    }
}
