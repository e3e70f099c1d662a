//! What an address asks a list for: named fields, each read and checked in one place. The
//! address is the state of the page, so that a link shows a colleague the same rows; times in
//! it carry their zone.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::guard::form_encode;
use crate::view::{View, half_width, zone};

/// What cannot be used: the name and value as they stand in the address.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem(pub String);

/// The fields of an address. Empty ones do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    fields: Vec<(&'static str, String)>,
    /// What of the address is no part of a filter, as it stands there.
    stray: Option<String>,
}

/// Longest value of a field in characters; no code, number or time is as long.
const LONGEST: usize = 128;

impl Asked {
    /// Reads an address's query. A name that is unknown or there twice is kept as stray and
    /// makes [`Asked::check`] fail: leaving out what a reader misspelt would show or export
    /// more than was asked for.
    pub fn read(query: Option<&str>, names: &[&'static str]) -> Asked {
        let mut asked = Asked {
            fields: names.iter().map(|name| (*name, String::new())).collect(),
            stray: None,
        };
        let query = query.unwrap_or_default();
        let pairs: Vec<(String, String)> = match serde_html_form::from_str(query) {
            Ok(pairs) => pairs,
            Err(error) => return Asked { stray: Some(error.to_string()), ..asked },
        };
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &pairs {
            let field = asked.fields.iter_mut().find(|(known, _)| known == name);
            match field {
                Some((_, field)) if !seen.contains(&name.as_str()) => value.clone_into(field),
                _ => {
                    let short: String = format!("{name}={value}").chars().take(LONGEST).collect();
                    asked.stray = Some(short);
                    break;
                }
            }
            seen.push(name);
        }
        asked
    }

    /// Whether everything in the address is a field, each a possible text.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), Problem> {
        if let Some(stray) = &self.stray {
            return Err(Problem(stray.clone()));
        }
        for (name, value) in &self.fields {
            // NUL is the one character that a Postgres text cannot hold.
            if value.contains('\0') || value.chars().count() > LONGEST {
                let shown: String = value.escape_debug().take(LONGEST).collect();
                return Err(Problem(format!("{name}={shown}")));
            }
        }
        Ok(())
    }

    /// A field as it stands in the address; empty when it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// Whether a field has this value; for choices of a form.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == value
    }

    /// A field without space around it, full-width letters and digits made plain; `None` when
    /// empty.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = half_width(self.get(name));
        (!value.is_empty()).then_some(value)
    }

    fn problem(&self, name: &str) -> Problem {
        Problem(format!("{name}={}", self.get(name)))
    }

    /// A field that is one of some words.
    ///
    /// # Errors
    /// When it is another.
    pub fn choice(&self, name: &str, choices: &[&str]) -> Result<Option<String>, Problem> {
        match self.text(name) {
            Some(value) if !choices.contains(&value.as_str()) => Err(self.problem(name)),
            value => Ok(value),
        }
    }

    /// A field that is a number.
    ///
    /// # Errors
    /// When it is none, or out of its type's range.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let value = self.text(name);
        value.map(|value| value.parse().map_err(|_| self.problem(name))).transpose()
    }

    /// A keyset cursor: numbers joined by dots.
    ///
    /// # Errors
    /// When it is not that many numbers.
    pub fn cursor<const N: usize>(&self, name: &str) -> Result<Option<[i64; N]>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let numbers: Option<Vec<i64>> = text.split('.').map(|part| part.parse().ok()).collect();
        let numbers = numbers.and_then(|numbers| <[i64; N]>::try_from(numbers).ok());
        numbers.map(Some).ok_or_else(|| self.problem(name))
    }

    fn zone(&self, view: &View) -> TimeZone {
        zone(self.get("zone")).unwrap_or_else(|| view.zone.clone())
    }

    /// A local time as browsers write it, in the address's `zone` or else the reader's.
    ///
    /// # Errors
    /// When it is no time, or the zone is none of ours.
    pub fn time(&self, view: &View, name: &str) -> Result<Option<Timestamp>, Problem> {
        if !self.get("zone").is_empty() && zone(self.get("zone")).is_none() {
            return Err(self.problem("zone"));
        }
        let Some(value) = self.text(name) else { return Ok(None) };
        let local: DateTime = value.parse().map_err(|_| self.problem(name))?;
        self.zone(view).to_timestamp(local).map(Some).map_err(|_| self.problem(name))
    }

    /// The same fields with the times in `names` written in the reader's zone, for a form.
    pub fn in_zone_of(&self, view: &View, names: &[&str]) -> Asked {
        let mut shown = self.clone();
        for (name, value) in &mut shown.fields {
            if *name == "zone" {
                view.zone.iana_name().unwrap_or("UTC").clone_into(value);
            } else if names.contains(name)
                && let Ok(Some(at)) = self.time(view, name)
            {
                *value = at.to_zoned(view.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string();
            }
        }
        shown
    }

    /// The address's query: set fields only, with `changes` laid over them. The zone is left
    /// out where no time needs it.
    pub fn query(&self, changes: &[(&str, &str)]) -> String {
        let value = |name: &str| {
            let changed = changes.iter().find(|(changed, _)| *changed == name);
            changed.map_or_else(|| self.get(name), |(_, value)| *value)
        };
        let timed = !value("from").is_empty() || !value("to").is_empty();
        self.fields
            .iter()
            .map(|(name, _)| (*name, value(name)))
            .filter(|(name, value)| !value.is_empty() && (timed || *name != "zone"))
            .map(|(name, value)| format!("{name}={}", form_encode(value)))
            .collect::<Vec<_>>()
            .join("&")
    }

    /// The set fields in words, for print: `symbol: 7203, side: buy`; `None`: all rows.
    pub fn in_words(&self) -> Option<String> {
        let set = self.fields.iter().filter(|(name, value)| !value.is_empty() && *name != "before");
        let words: Vec<String> = set.map(|(name, value)| format!("{name}: {value}")).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const NAMES: [&str; 6] = ["symbol", "side", "from", "to", "zone", "before"];

    fn asked(query: &str) -> Asked {
        Asked::read(Some(query), &NAMES)
    }

    fn view() -> View {
        View::stranger(&Config::default(), None, "/fills")
    }

    #[test]
    fn times_are_in_the_zone_of_the_address_or_the_readers() {
        let at = |query: &str| asked(query).time(&view(), "from").unwrap().unwrap().to_string();
        assert_eq!(at("from=2026-11-21T09:00"), "2026-11-21T00:00:00Z");
        assert_eq!(at("from=2026-11-21T09:00&zone=UTC"), "2026-11-21T09:00:00Z");
        let shown = asked("from=2026-11-21T00:00&zone=UTC").in_zone_of(&view(), &["from", "to"]);
        assert_eq!((shown.get("from"), shown.get("zone")), ("2026-11-21T09:00:00", "Asia/Tokyo"));
    }

    #[test]
    fn full_width_is_read_as_plain() {
        let asked =
            Asked::read(Some("symbol=%E3%80%80%EF%BC%97%EF%BC%92%EF%BC%90%EF%BC%93%20"), &NAMES);
        assert_eq!(asked.text("symbol").unwrap(), "7203");
        assert_eq!(asked.number::<i64>("symbol"), Ok(Some(7203)));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let problem = |text: &str| Problem(text.to_owned());
        assert_eq!(asked("from=soon").time(&view(), "from").unwrap_err(), problem("from=soon"));
        let mars = asked("from=2026-11-21T00:00&zone=Mars").time(&view(), "from");
        assert_eq!(mars.unwrap_err(), problem("zone=Mars"));
        assert_eq!(asked("side=up").choice("side", &["buy"]).unwrap_err(), problem("side=up"));
        assert_eq!(asked("before=1.x").cursor::<2>("before").unwrap_err(), problem("before=1.x"));
        assert_eq!(asked("before=1").cursor::<2>("before").unwrap_err(), problem("before=1"));
        assert_eq!(asked("before=7.-1").cursor::<2>("before").unwrap(), Some([7, -1]));
        for (query, named) in [
            ("simbol=7203", "simbol=7203"),
            ("side=&side=buy", "side=buy"),
            ("x", "x="),
            ("symbol=7203%00", "symbol=7203\\0"),
        ] {
            assert_eq!(asked(query).check().unwrap_err(), problem(named), "{query}");
        }
        assert!(asked("").check().is_ok() && Asked::read(None, &NAMES).check().is_ok());
        assert!(asked(&format!("symbol={}", "7".repeat(129))).check().is_err());
    }

    #[test]
    fn the_query_holds_what_is_set() {
        let asked = asked("symbol=a%20b%26c&before=5&zone=UTC");
        assert_eq!(asked.query(&[("before", "")]), "symbol=a%20b%26c");
        assert_eq!(asked.query(&[("before", "7.8")]), "symbol=a%20b%26c&before=7.8");
        assert_eq!(asked.in_words().unwrap(), "symbol: a b&c, zone: UTC");
    }
}
