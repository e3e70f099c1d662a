//! The contract's decimal strings as the tools use them: what does not parse is `None`,
//! because here it is always something the venue or a file said, never a caller's mistake.

/// `text` in units of 10^-`digits`, with an optional minus; `None` when it is no decimal of
/// that unit.
pub fn parse(text: &str, digits: u8) -> Option<i64> {
    crate::intake::http::decimal::parse_signed(text, digits).ok()
}

/// `units` of 10^-`digits` as a decimal string.
pub fn format(units: i64, digits: u8) -> String {
    crate::market::text::decimal(i128::from(units), digits)
}
