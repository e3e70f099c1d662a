//! How integers become the public contract's strings: decimals and times. No rules.

use std::fmt::Write;

use zaraba_engine::types::Timestamp;

/// Appends `value` x 10^-`digits` as a plain decimal with exactly `digits` decimals.
pub fn push_decimal(out: &mut String, value: i128, digits: u8) {
    let magnitude = value.unsigned_abs();
    if value < 0 {
        out.push('-');
    }
    let Some(scale) = 10u128.checked_pow(u32::from(digits)).filter(|scale| *scale > 1) else {
        let _ = write!(out, "{magnitude}");
        return;
    };
    let width = usize::from(digits);
    let _ = write!(out, "{}.{:0width$}", magnitude / scale, magnitude % scale);
}

/// `value` x 10^-`digits` as a decimal string.
pub fn decimal(value: i128, digits: u8) -> String {
    let mut out = String::with_capacity(24);
    push_decimal(&mut out, value, digits);
    out
}

/// RFC 3339 in UTC with microseconds.
pub fn time(at: Timestamp) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(at.0)) {
        Ok(at) => at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        // Out of jiff's range: after the year 9999, which no clock of ours shows.
        Err(_) => String::from("9999-12-31T23:59:59.999999Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits_and_sign() {
        assert_eq!(decimal(25_305, 1), "2530.5");
        assert_eq!(decimal(-5, 4), "-0.0005");
        assert_eq!(decimal(100, 0), "100");
        assert_eq!(decimal(i128::from(i64::MIN), 8), "-92233720368.54775808");
    }

    #[test]
    fn times_are_utc_with_microseconds() {
        assert_eq!(time(Timestamp(1_763_700_000_123_456_789)), "2025-11-21T04:40:00.123456Z");
    }
}
