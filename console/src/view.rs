//! What every page needs to know of its reader, and how numbers and times are written for
//! them. Templates get one `View`; nothing here reads or writes anything. Arguments are
//! generic over borrowing because templates pass most of theirs by reference.

use std::borrow::Borrow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::authz::{Permission, Person, Scope};
use crate::config::Config;
use crate::i18n::{A, Lang, Message, Word, word};

/// Time zones to choose from.
pub const ZONES: [&str; 7] = [
    "Asia/Tokyo",
    "UTC",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Europe/London",
    "Europe/Zurich",
    "America/New_York",
];

/// One of [`ZONES`] by name.
pub fn zone(name: &str) -> Option<TimeZone> {
    ZONES.contains(&name).then(|| TimeZone::get(name).ok())?
}

/// The reader, and the page's frame.
#[derive(Clone, Debug)]
pub struct View {
    /// Language.
    pub lang: Lang,
    /// Zone of every time shown.
    pub zone: TimeZone,
    /// `auto`, `light`, `dark`.
    pub theme: String,
    /// Colour of a rise: `red` or `green`.
    pub rise: String,
    /// Whether single-key shortcuts are on.
    pub shortcuts: bool,
    /// Who is signed in.
    pub person: Option<Person>,
    /// Token of forms; empty when nobody is signed in.
    pub csrf: String,
    /// Requests that wait for the reader, up to a hundred.
    pub waiting: i64,
    /// Path of the page, for the menu.
    pub path: String,
    /// Where the request came from, as far as believed proxies tell.
    pub address: String,
    /// When it was rendered.
    pub now: Timestamp,
}

impl View {
    /// The view of someone who is not signed in.
    pub fn stranger(config: &Config, lang: Option<Lang>, path: &str) -> View {
        View {
            lang: lang.or_else(|| Lang::parse(&config.language)).unwrap_or(Lang::Ja),
            zone: zone(&config.zone).unwrap_or(TimeZone::UTC),
            theme: "auto".into(),
            rise: "red".into(),
            shortcuts: true,
            person: None,
            csrf: String::new(),
            waiting: 0,
            path: path.into(),
            address: String::new(),
            now: crate::clock::now(),
        }
    }

    /// Whether the reader may do this.
    pub fn may(&self, permission: impl Borrow<Permission>) -> bool {
        self.person.as_ref().is_some_and(|person| person.may(*permission.borrow()))
    }

    /// Whose business the reader may see; a stranger's scope is never asked.
    pub fn scope(&self) -> Scope {
        self.person.as_ref().map(|person| person.scope.clone()).unwrap_or_default()
    }

    /// A message.
    pub fn t(&self, message: impl Message) -> &'static str {
        self.lang.t(message)
    }

    /// A message with values filled in.
    pub fn tf(&self, message: impl Message, values: &[&str]) -> String {
        self.lang.tf(message, values)
    }

    /// A message with one value filled in.
    pub fn t1(&self, message: impl Message, value: impl std::fmt::Display) -> String {
        self.tf(message, &[&value.to_string()])
    }

    /// What is used of its limits, of the hard one first.
    pub fn share(&self, of: &crate::backend::market::UsedMeasure) -> String {
        let hard = of.of_hard().map(|percent| self.t1(A::OfHard, percent));
        let soft = of.of_soft().map(|percent| self.t1(A::OfSoft, percent));
        let parts: Vec<String> = [hard, soft].into_iter().flatten().collect();
        parts.join(if self.lang == Lang::En { ", " } else { "、" })
    }

    /// The word for a code of the contract.
    pub fn w(&self, kind: impl Borrow<Word>, code: impl AsRef<str>) -> String {
        word(self.lang, *kind.borrow(), code.as_ref())
    }

    /// Address of an embedded file.
    pub fn asset(&self, name: &str) -> String {
        crate::assets::url(name)
    }

    /// Whether the menu item at `path` is the current one.
    pub fn at(&self, path: &str) -> bool {
        if path == "/" { self.path == "/" } else { self.path.starts_with(path) }
    }

    /// Pages the reader may open.
    pub fn menu(&self) -> Vec<crate::pages::menu::Item> {
        crate::pages::menu::of(self)
    }

    /// Date and time to the second, with the zone.
    pub fn time(&self, at: &Timestamp) -> String {
        self.write(at, self.date_time_format(), "%H:%M:%S %Z")
    }

    /// Date and time to the microsecond, with the zone.
    pub fn time_exact(&self, at: &Timestamp) -> String {
        self.write(at, self.date_time_format(), "%H:%M:%S.%6f %Z")
    }

    /// Date and time to the microsecond; for tables whose header shows the zone.
    pub fn time_exact_row(&self, at: &Timestamp) -> String {
        self.write(at, self.date_time_format(), "%H:%M:%S.%6f")
    }

    /// Date and time to the millisecond; for tables whose header shows the zone.
    pub fn time_row(&self, at: &Timestamp) -> String {
        self.write(at, self.date_time_format(), "%H:%M:%S.%3f")
    }

    /// Date and minute; for candles.
    pub fn time_minute(&self, at: &Timestamp) -> String {
        self.write(at, self.date_time_format(), "%H:%M")
    }

    /// Time of day with the zone; for the live mark.
    pub fn clock(&self, at: &Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M:%S %Z").to_string()
    }

    /// Time of day to the millisecond; for trades of the day.
    pub fn clock_row(&self, at: &Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%H:%M:%S.%3f").to_string()
    }

    /// The reader's day, as the times of a list's address.
    pub fn today(&self) -> String {
        let day = self.now.to_zoned(self.zone.clone()).date();
        let next = day.tomorrow().unwrap_or(day);
        let zone = crate::guard::form_encode(self.zone_id());
        format!("from={day}T00%3A00&to={next}T00%3A00&zone={zone}")
    }

    /// Abbreviation of the zone, now.
    pub fn zone_name(&self) -> String {
        self.now.to_zoned(self.zone.clone()).strftime("%Z").to_string()
    }

    /// Name of the zone, as browsers know it.
    pub fn zone_id(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// A day written as the number yyyymmdd.
    pub fn day_number(&self, day: &i32) -> String {
        let (year, month, date) = (day / 10_000, day / 100 % 100, day % 100);
        match self.lang {
            Lang::Ja => format!("{year}/{month:02}/{date:02}"),
            Lang::En => format!("{year}-{month:02}-{date:02}"),
        }
    }

    /// A day with its weekday.
    pub fn date(&self, day: impl Borrow<jiff::civil::Date>) -> String {
        const DAYS: [&str; 7] = ["月", "火", "水", "木", "金", "土", "日"];
        let day = day.borrow();
        match self.lang {
            Lang::En => day.strftime("%Y-%m-%d %a").to_string(),
            Lang::Ja => {
                let weekday = usize::from(day.weekday().to_monday_zero_offset() as u8);
                format!("{}（{}）", day.strftime("%Y/%m/%d"), DAYS[weekday.min(6)])
            }
        }
    }

    fn date_time_format(&self) -> &'static str {
        match self.lang {
            Lang::Ja => "%Y/%m/%d ",
            Lang::En => "%Y-%m-%d ",
        }
    }

    fn write(&self, at: &Timestamp, date: &str, time: &str) -> String {
        at.to_zoned(self.zone.clone()).strftime(&format!("{date}{time}")).to_string()
    }

    /// A whole number with separators.
    pub fn int<T: std::fmt::Display>(&self, value: T) -> String {
        grouped(&value.to_string())
    }

    /// A decimal string with separators.
    pub fn num(&self, value: impl AsRef<str>) -> String {
        grouped(value.as_ref())
    }

    /// A decimal string with its sign always shown.
    pub fn sign(&self, value: impl AsRef<str>) -> String {
        self.signed(Some(value.as_ref().to_owned()))
    }

    /// A decimal string with separators, or a dash.
    pub fn opt(&self, value: impl Borrow<Option<String>>) -> String {
        let value = value.borrow();
        value.as_deref().map_or_else(|| "–".into(), grouped)
    }

    /// Seconds as ms or µs with two digits after the point.
    pub fn latency(&self, seconds: &Option<f64>) -> String {
        match seconds {
            None => "–".into(),
            Some(s) if *s < 0.001 => format!("{:.0} µs", s * 1e6),
            Some(s) if *s < 1.0 => format!("{:.2} ms", s * 1e3),
            Some(s) => format!("{s:.2} s"),
        }
    }

    /// A rate with one digit after the point.
    pub fn rate(&self, per_second: impl Borrow<f64>) -> String {
        let per_second = per_second.borrow();
        grouped(&format!("{per_second:.1}"))
    }

    /// How long: `3 d 04:05:06`.
    pub fn duration(&self, seconds: impl Borrow<u64>) -> String {
        let seconds = *seconds.borrow();
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
        match (days, self.lang) {
            (0, _) => clock,
            (_, Lang::Ja) => format!("{days}日 {clock}"),
            (_, Lang::En) => format!("{days} d {clock}"),
        }
    }

    /// `rise`, `fall` or nothing, by the sign of a decimal string.
    pub fn trend(&self, value: &Option<String>) -> &'static str {
        match value.as_deref().map(str::trim) {
            None => "",
            Some(v) if !v.bytes().any(|b| (b'1'..=b'9').contains(&b)) => "",
            Some(v) if v.starts_with('-') => "fall",
            Some(_) => "rise",
        }
    }

    /// A change with its sign always shown, so that colour is not the only mark.
    pub fn signed(&self, value: impl Borrow<Option<String>>) -> String {
        let value = value.borrow();
        match value.as_deref() {
            None => "–".into(),
            Some(v) if self.trend(value) == "rise" => format!("+{}", grouped(v)),
            Some(v) => grouped(v),
        }
    }
}

/// A number as pages show it: `-1234567.8900` becomes `−1,234,567.8900`, with the minus sign
/// of typography, as wide as a plus. Files, forms and the numbers that scripts read keep the
/// plain string; forms also take this one.
pub fn grouped(decimal: &str) -> String {
    let (sign, rest) = match decimal.strip_prefix('-') {
        Some(rest) => ("−", rest),
        None => ("", decimal),
    };
    let (whole, fraction) = match rest.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (rest, None),
    };
    let mut text = String::with_capacity(decimal.len() + decimal.len() / 3);
    text.push_str(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

/// Integer units with `digits` digits after the point, as a decimal string.
pub fn decimal(units: i128, digits: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let units = units.unsigned_abs().to_string();
    let digits = digits as usize;
    if digits == 0 {
        return format!("{sign}{units}");
    }
    let padded = format!("{units:0>width$}", width = digits + 1);
    let (whole, fraction) = padded.split_at(padded.len() - digits);
    format!("{sign}{whole}.{fraction}")
}

/// Letters, digits and signs in the full width of Japanese input methods as the plain ones that
/// they stand for; everything else as it is.
pub fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '\u{3000}' => ' ',
            other => other,
        })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A decimal string as integer units with `digits` digits after the point; exact or nothing.
pub fn units(decimal: &str, digits: u32) -> Option<i128> {
    let (negative, rest) = match decimal.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, decimal),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let fraction = fraction.trim_end_matches('0');
    if whole.is_empty() || fraction.len() > digits as usize || whole.len() > 30 || digits > 8 {
        return None;
    }
    if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let text = format!("{whole}{fraction:0<width$}", width = digits as usize);
    let value: i128 = text.parse().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (plain, want) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1234567.8900", "−1,234,567.8900"),
            ("-0.5", "−0.5"),
            ("0.00012345", "0.00012345"),
        ] {
            assert_eq!(grouped(plain), want);
        }
    }

    #[test]
    fn every_way_to_write_a_number_has_the_same_minus() {
        let view = View::stranger(&Config::default(), None, "/");
        let given = || Some("-1234.5".to_owned());
        for shown in
            [view.num("-1234.5"), view.opt(given()), view.sign("-1234.5"), view.signed(given())]
        {
            assert_eq!(shown, "−1,234.5");
        }
        assert_eq!((view.int(-1234), view.rate(-1234.5)), ("−1,234".into(), "−1,234.5".into()));
    }

    #[test]
    fn units_and_decimals_are_inverse() {
        for (value, digits, text) in
            [(0, 0, "0"), (5, 2, "0.05"), (-5, 2, "-0.05"), (123_456, 4, "12.3456"), (7, 0, "7")]
        {
            assert_eq!(decimal(value, digits), text);
            assert_eq!(units(text, digits), Some(value));
        }
        assert_eq!(units("1.234", 2), None);
        assert_eq!(units("1.230", 2), Some(123));
        assert_eq!(units("", 2), None);
        assert_eq!(units("1e5", 2), None);
        assert_eq!(units("+5", 2), None);
    }

    #[test]
    fn times_are_in_the_readers_zone_and_say_so() {
        let at: Timestamp = "2026-11-21T06:43:58.123456Z".parse().unwrap();
        let config = Config::default();
        let ja = View::stranger(&config, Some(Lang::Ja), "/");
        assert_eq!(ja.time(&at), "2026/11/21 15:43:58 JST");
        assert_eq!(ja.time_exact(&at), "2026/11/21 15:43:58.123456 JST");
        let mut en = View::stranger(&config, Some(Lang::En), "/");
        en.zone = zone("America/New_York").unwrap();
        assert_eq!(en.time(&at), "2026-11-21 01:43:58 EST");
    }

    #[test]
    fn every_zone_on_offer_exists() {
        for name in ZONES {
            assert!(zone(name).is_some(), "{name}");
        }
        assert!(zone("Asia/Nowhere").is_none());
    }

    #[test]
    fn a_change_shows_its_sign() {
        let view = View::stranger(&Config::default(), None, "/");
        let change = |v: &str| Some(v.to_owned());
        assert_eq!(view.signed(change("12.5")), "+12.5");
        assert_eq!(view.signed(change("-1200")), "−1,200");
        assert_eq!(view.signed(change("0.0")), "0.0");
        assert_eq!(view.trend(&change("-0.00")), "");
        assert_eq!(view.trend(&change("-0.01")), "fall");
    }
}
