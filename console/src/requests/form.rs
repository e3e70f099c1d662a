//! The typed fields of an action's form: what they are, and how what a person typed becomes a
//! value. Everything is bounded; every problem names its field.

use std::collections::BTreeMap;

use crate::view::half_width;

/// What a person typed: values by field name, as in an address or a form.
pub type Given = BTreeMap<String, Vec<String>>;

/// Most fields, and most bytes of one, that are looked at.
const FIELDS: usize = 64;
const BYTES: usize = 1024;

/// How a field is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Text of at most so many characters.
    Text(usize),
    /// A decimal number.
    Decimal,
    /// A whole number in these bounds.
    Whole(i64, i64),
    /// One of these codes.
    Choice(&'static [&'static str]),
    /// Any of these codes.
    Several(&'static [&'static str]),
}

/// A field of a form. Its label is the word for its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in addresses and forms.
    pub name: &'static str,
    /// How it is typed.
    pub input: Input,
    /// Whether it may be left out.
    pub optional: bool,
}

impl Field {
    /// A field that must be filled in.
    pub const fn new(name: &'static str, input: Input) -> Field {
        Field { name, input, optional: false }
    }

    /// A field that may be left out.
    pub const fn optional(name: &'static str, input: Input) -> Field {
        Field { name, input, optional: true }
    }
}

/// Why a field cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is required.
    Missing,
    /// It cannot be read.
    Unreadable,
    /// It must not be zero.
    Zero,
    /// It must be above zero.
    NotPositive,
    /// It is not in these bounds.
    OutOfRange(i64, i64),
    /// It is not one of the values there are.
    Unknown,
    /// It contradicts another field.
    Conflict,
}

/// Reads typed values out of what a person gave, and keeps what is wrong.
#[derive(Debug)]
pub struct Reader<'a> {
    given: &'a Given,
    /// What is wrong, by field.
    pub wrong: Vec<(&'static str, Wrong)>,
}

/// Full-width digits and signs as Japanese keyboards give them, made plain; separators of
/// thousands go. A separator anywhere else makes it unreadable: `1,5` is not fifteen.
fn plain(text: &str) -> Option<String> {
    let half: String = half_width(text)
        .trim()
        .chars()
        .map(|c| match c {
            '、' | ' ' | '\u{a0}' | '\u{202f}' => ',',
            '。' => '.',
            '−' | 'ー' => '-',
            other => other,
        })
        .collect();
    let (sign, rest) = half.split_at(usize::from(half.starts_with(['-', '+'])));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(w, f)| (w, Some(f)));
    let groups: Vec<&str> = whole.split(',').collect();
    let grouped = groups.len() == 1
        || ((1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|it| it.len() == 3));
    if !grouped || fraction.is_some_and(|it| it.contains(',')) {
        return None;
    }
    let point = if fraction.is_some() { "." } else { "" };
    Some(format!("{sign}{}{point}{}", groups.concat(), fraction.unwrap_or_default()))
}

impl<'a> Reader<'a> {
    /// A reader of these.
    pub fn new(given: &'a Given) -> Reader<'a> {
        Reader { given, wrong: Vec::new() }
    }

    /// Notes a problem.
    pub fn refuse(&mut self, name: &'static str, wrong: Wrong) {
        self.wrong.push((name, wrong));
    }

    fn raw(&self, name: &str) -> &'a str {
        self.given.get(name).and_then(|all| all.first()).map_or("", |text| text.trim())
    }

    fn needed(&mut self, name: &'static str) -> Option<&'a str> {
        let text = self.raw(name);
        if text.is_empty() {
            self.refuse(name, Wrong::Missing);
            return None;
        }
        Some(text)
    }

    /// A code of letters, digits and `_ - .`, at most `most` bytes: accounts, symbols, assets,
    /// keys. Full-width ones are read as the plain ones that they stand for.
    pub fn name(&mut self, name: &'static str, most: usize) -> Option<String> {
        self.needed(name)?;
        self.name_if_given(name, most)
    }

    /// The same, when there.
    pub fn name_if_given(&mut self, name: &'static str, most: usize) -> Option<String> {
        let text = half_width(self.raw(name));
        if text.is_empty() {
            return None;
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if text.len() > most || !text.bytes().all(allowed) {
            self.refuse(name, Wrong::Unreadable);
            return None;
        }
        Some(text)
    }

    /// A line of text of at most `most` characters.
    pub fn text(&mut self, name: &'static str, most: usize) -> Option<String> {
        self.needed(name)?;
        self.text_if_given(name, most)
    }

    /// The same, when there.
    pub fn text_if_given(&mut self, name: &'static str, most: usize) -> Option<String> {
        let text = self.raw(name);
        if text.is_empty() {
            return None;
        }
        if text.chars().count() > most || text.chars().any(char::is_control) {
            self.refuse(name, Wrong::Unreadable);
            return None;
        }
        Some(text.to_owned())
    }

    /// A decimal number, written as the backend reads it.
    pub fn decimal(&mut self, name: &'static str) -> Option<String> {
        self.needed(name)?;
        self.decimal_if_given(name)
    }

    /// The same, when there.
    pub fn decimal_if_given(&mut self, name: &'static str) -> Option<String> {
        let text = self.raw(name);
        if text.is_empty() {
            return None;
        }
        let text = plain(text);
        let bare = text.as_deref().map(|text| text.strip_prefix('+').unwrap_or(text));
        let Some(units) = bare.and_then(|bare| crate::view::units(bare, 8)) else {
            self.refuse(name, Wrong::Unreadable);
            return None;
        };
        let full = crate::view::decimal(units, 8);
        Some(full.trim_end_matches('0').trim_end_matches('.').to_owned())
    }

    /// A decimal number above zero.
    pub fn positive(&mut self, name: &'static str) -> Option<String> {
        let value = self.decimal(name)?;
        if crate::view::units(&value, 8).is_none_or(|units| units <= 0) {
            self.refuse(name, Wrong::NotPositive);
            return None;
        }
        Some(value)
    }

    /// A decimal number above zero, when there.
    pub fn positive_if_given(&mut self, name: &'static str) -> Option<String> {
        if self.raw(name).is_empty() { None } else { self.positive(name) }
    }

    /// A whole number.
    pub fn whole(&mut self, name: &'static str, low: i64, high: i64) -> Option<i64> {
        self.needed(name)?;
        self.whole_if_given(name, low, high)
    }

    /// The same, when there.
    pub fn whole_if_given(&mut self, name: &'static str, low: i64, high: i64) -> Option<i64> {
        let text = self.raw(name);
        if text.is_empty() {
            return None;
        }
        match plain(text).and_then(|text| text.parse::<i64>().ok()) {
            Some(value) if (low..=high).contains(&value) => Some(value),
            Some(_) => {
                self.refuse(name, Wrong::OutOfRange(low, high));
                None
            }
            None => {
                self.refuse(name, Wrong::Unreadable);
                None
            }
        }
    }

    /// One of some codes.
    pub fn choice(&mut self, name: &'static str, codes: &[&str]) -> Option<String> {
        self.needed(name)?;
        self.choice_if_given(name, codes)
    }

    /// The same, when there.
    pub fn choice_if_given(&mut self, name: &'static str, codes: &[&str]) -> Option<String> {
        let text = self.raw(name);
        if text.is_empty() {
            return None;
        }
        if !codes.contains(&text) {
            self.refuse(name, Wrong::Unknown);
            return None;
        }
        Some(text.to_owned())
    }

    /// Any of some codes, in their own order.
    pub fn several(&mut self, name: &'static str, codes: &[&str]) -> Vec<String> {
        let given = self.given.get(name).map_or(&[][..], Vec::as_slice);
        if given.iter().any(|code| !code.is_empty() && !codes.contains(&code.as_str())) {
            self.refuse(name, Wrong::Unknown);
        }
        let chosen = |code: &&&str| given.iter().any(|it| it == *code);
        codes.iter().filter(chosen).map(|code| (*code).to_owned()).collect()
    }
}

/// What an address or form gives, bounded.
///
/// # Errors
/// When it cannot be read or holds too much.
pub fn given(encoded: &[u8]) -> Result<Given, crate::error::Failure> {
    let pairs: Vec<(String, String)> = crate::guard::read(encoded)?;
    let mut given = Given::new();
    if pairs.len() > FIELDS {
        return Err(crate::error::Failure::BadRequest(format!("more than {FIELDS} fields")));
    }
    for (name, value) in pairs {
        if name.len() > BYTES || value.len() > BYTES {
            let name: String = name.chars().take(40).collect();
            return Err(crate::error::Failure::BadRequest(name));
        }
        given.entry(name).or_default().push(value);
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Given {
        Given::from([(name.to_owned(), vec![value.to_owned()])])
    }

    #[test]
    fn numbers_are_read_as_people_type_them() {
        for (typed, read) in [
            ("1,000,000", Some("1000000")),
            ("１２，０００．５０", Some("12000.5")),
            ("-20.10", Some("-20.1")),
            ("－5", Some("-5")),
            // As a page shows it.
            ("−1,234.5", Some("-1234.5")),
            ("+7", Some("7")),
            ("0.00000001", Some("0.00000001")),
            ("0.000000001", None),
            ("1e5", None),
            ("twelve", None),
            ("--5", None),
            // Spaces and the commas of an input method group thousands, too.
            (" 1 000\u{a0}000 ", Some("1000000")),
            ("１、０００。５", Some("1000.5")),
            // A separator that groups no thousands may be meant as a point.
            ("1,5", None),
            ("0,50", None),
            ("1,0000", None),
            (",500", None),
            ("1,234,", None),
            ("1.234,5", None),
        ] {
            let given = of("amount", typed);
            let mut reader = Reader::new(&given);
            assert_eq!(reader.decimal("amount").as_deref(), read, "{typed}");
            assert_eq!(reader.wrong.is_empty(), read.is_some(), "{typed}");
        }
    }

    #[test]
    fn names_may_be_full_width() {
        for (typed, read) in [
            ("ＪＰＹ", Some("JPY")),
            ("　７２０３ ", Some("7203")),
            ("ＢＴＣ＿ＪＰＹ", Some("BTC_JPY")),
            ("円", None),
        ] {
            let given = of("asset", typed);
            assert_eq!(Reader::new(&given).name("asset", 16).as_deref(), read, "{typed}");
        }
    }

    #[test]
    fn an_amount_that_must_be_above_zero_says_so() {
        for typed in ["0", "-3"] {
            let given = of("amount", typed);
            let mut reader = Reader::new(&given);
            assert_eq!(reader.positive("amount"), None);
            assert_eq!(reader.wrong, [("amount", Wrong::NotPositive)]);
        }
    }

    #[test]
    fn what_is_missing_unreadable_or_unknown_is_named() {
        let given = of("account", "no spaces here");
        let mut reader = Reader::new(&given);
        assert_eq!(reader.name("account", 24), None);
        assert_eq!(reader.name("asset", 16), None);
        let given = of("seconds", "0");
        let mut range = Reader::new(&given);
        assert_eq!(range.whole("seconds", 1, 10), None);
        assert_eq!(range.wrong, [("seconds", Wrong::OutOfRange(1, 10))]);
        assert_eq!(reader.wrong, [("account", Wrong::Unreadable), ("asset", Wrong::Missing)]);
        let given = of("side", "both");
        let mut choice = Reader::new(&given);
        assert_eq!(choice.choice("side", &["buy", "sell"]), None);
        assert_eq!(choice.wrong, [("side", Wrong::Unknown)]);
    }

    #[test]
    fn a_form_is_bounded() {
        let many = "a=1&".repeat(65);
        assert!(given(many.as_bytes()).is_err());
        assert!(given(format!("a={}", "x".repeat(1025)).as_bytes()).is_err());
        assert_eq!(given(b"halts=a&halts=b").unwrap()["halts"], ["a", "b"]);
    }
}
