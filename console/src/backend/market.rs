//! What the backend knows of the market's rules and of risk: calendar, usage, flags.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Backend;
use crate::error::Failure;
use crate::guard::form_encode;

/// A day of the calendar.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)] // names are the contract's
pub struct Day {
    pub date: Date,
    pub business_day: bool,
    #[serde(default)]
    pub closed_because: Option<String>,
    #[serde(default)]
    pub special_day: Option<String>,
    pub trading: String,
    #[serde(default)]
    pub moments: Vec<Moment>,
    pub settlement: Date,
}

/// A moment of a day, in Tokyo's time, and what begins with it.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)] // names are the contract's
pub struct Moment {
    pub time: Time,
    pub step: String,
    #[serde(default)]
    pub phase: String,
    #[serde(default)]
    pub auction: String,
}

/// How much of a scope's limits is used.
#[derive(Clone, Debug)]
pub struct Usage {
    /// By measure, in order of their names.
    pub measures: Vec<UsedMeasure>,
}

/// One measure of it: values as decimal strings.
#[derive(Clone, Debug)]
pub struct UsedMeasure {
    /// Which one.
    pub measure: String,
    /// Asset of a limit of value.
    pub currency: Option<String>,
    /// `None`: the measure is of one order, one second or one day.
    pub used: Option<String>,
    /// `None`: no such limit.
    pub soft: Option<String>,
    /// `None`: no such limit.
    pub hard: Option<String>,
}

/// Limits as the backend tells them.
#[derive(Deserialize)]
struct Told {
    limits: BTreeMap<String, Bounds>,
    #[serde(default)]
    currency: Option<String>,
}

#[derive(Deserialize)]
struct Bounds {
    used: Option<String>,
    soft: Option<String>,
    hard: Option<String>,
}

/// Whether limits of a measure are values in a currency.
pub fn is_value(measure: &str) -> bool {
    matches!(measure, "order_value" | "day_value")
}

impl From<Told> for Usage {
    fn from(told: Told) -> Usage {
        let currency = |measure: &str| told.currency.clone().filter(|_| is_value(measure));
        let measure = |(measure, Bounds { used, soft, hard }): (String, Bounds)| UsedMeasure {
            currency: currency(&measure),
            measure,
            used,
            soft,
            hard,
        };
        Usage { measures: told.limits.into_iter().map(measure).collect() }
    }
}

/// A bar of what is used: its whole length is the hard limit, or the soft one where that is all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// How much of it is filled, in thousandths.
    pub filled: i128,
    /// Where the soft limit is, in thousandths, where there is a hard one, too.
    pub mark: Option<i128>,
}

impl UsedMeasure {
    /// Thousandths of a limit, rounded down.
    fn of(limit: Option<&str>, used: Option<&str>) -> Option<i128> {
        let used = crate::view::units(used?, 8)?;
        let limit = crate::view::units(limit?, 8).filter(|limit| *limit > 0)?;
        Some(used.max(0) * 1000 / limit)
    }

    fn of_limit(&self, limit: Option<&str>) -> Option<i128> {
        Self::of(limit, self.used.as_deref())
    }

    /// Share of the hard limit that is used, in percent; exact to a tenth.
    pub fn of_hard(&self) -> Option<String> {
        let share = self.of_limit(self.hard.as_deref())?;
        Some(crate::view::decimal(share, 1))
    }

    /// Share of the soft limit that is used, in percent; exact to a tenth.
    pub fn of_soft(&self) -> Option<String> {
        let share = self.of_limit(self.soft.as_deref())?;
        Some(crate::view::decimal(share, 1))
    }

    /// The bar, where there is anything to show.
    pub fn bar(&self) -> Option<Bar> {
        let whole = self.hard.as_deref().or(self.soft.as_deref());
        let filled = self.of_limit(whole)?.min(1000);
        let mark = self.hard.as_deref().and_then(|hard| Self::of(Some(hard), self.soft.as_deref()));
        Some(Bar { filled, mark: mark.map(|at| at.min(1000)) })
    }

    /// Whether more than four fifths of what nothing passes are used, or the soft limit is reached
    /// before that; of a soft limit alone, more than four fifths.
    pub fn near(&self) -> bool {
        let soft = self.of_limit(self.soft.as_deref()).unwrap_or(0);
        match self.of_limit(self.hard.as_deref()) {
            Some(hard) => hard > 800 || soft >= 1000,
            None => soft > 800,
        }
    }
}

/// A flag with its levels per product.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)] // names are the contract's
pub struct Flag {
    pub name: String,
    pub meaning: String,
    pub products: BTreeMap<String, FlagState>,
}

/// What a flag is for one product, and why.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)] // names are the contract's
pub struct FlagState {
    pub on: bool,
    pub decided_by: String,
    #[serde(default)]
    pub environment: Option<String>,
    #[serde(default)]
    pub file: Option<String>,
    #[serde(default)]
    pub database: Option<String>,
    #[serde(default)]
    pub default: Option<String>,
}

/// A change of a flag's level in the database.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)] // names are the contract's
pub struct FlagChange {
    pub product: String,
    pub value: String,
    pub actor: String,
    #[serde(default)]
    pub approver: Option<String>,
    #[serde(default)]
    pub reason: String,
    pub time: jiff::Timestamp,
}

#[derive(Deserialize)]
struct All<T> {
    items: Vec<T>,
}

impl Backend {
    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let value = self.look(path).await?.map_err(|refusal| {
            Failure::Backend(format!("{path}: {} {}", refusal.code, refusal.message))
        })?;
        serde_json::from_value(value)
            .map_err(|e| Failure::Backend(format!("{path}: unexpected answer: {e}")))
    }

    /// Days of a profile's calendar, the first one today unless told otherwise.
    ///
    /// # Errors
    /// When the backend does not answer or refuses.
    pub async fn calendar(
        &self,
        profile: &str,
        from: Option<Date>,
        days: u8,
    ) -> Result<Vec<Day>, Failure> {
        let mut path = format!("calendar?profile={}&days={days}", form_encode(profile));
        if let Some(from) = from {
            path.push_str(&format!("&from={from}"));
        }
        let all: All<Day> = self.read(&path).await?;
        Ok(all.items)
    }

    async fn usage(&self, path: &str) -> Result<Usage, Failure> {
        Ok(Usage::from(self.read::<Told>(path).await?))
    }

    /// How much of an account's limits is used.
    ///
    /// # Errors
    /// When the backend does not answer or refuses.
    pub async fn account_usage(&self, code: &str) -> Result<Usage, Failure> {
        self.usage(&format!("risk-usage?account={}", form_encode(code))).await
    }

    /// How much of an instrument's limits is used.
    ///
    /// # Errors
    /// When the backend does not answer or refuses.
    pub async fn instrument_usage(&self, symbol: &str) -> Result<Usage, Failure> {
        self.usage(&format!("risk-usage?instrument={}", form_encode(symbol))).await
    }

    /// How much of a group's limits is used.
    ///
    /// # Errors
    /// When the backend does not answer or refuses.
    pub async fn group_usage(&self, group: &str) -> Result<Usage, Failure> {
        self.usage(&format!("risk-usage?group={}", form_encode(group))).await
    }

    /// Every flag.
    ///
    /// # Errors
    /// When the backend does not answer or refuses.
    pub async fn flags(&self) -> Result<Vec<Flag>, Failure> {
        let all: All<Flag> = self.read("flags").await?;
        Ok(all.items)
    }

    /// Changes of a flag's level in the database, newest first.
    ///
    /// # Errors
    /// When the backend does not answer or refuses.
    pub async fn flag_history(&self, name: &str) -> Result<Vec<FlagChange>, Failure> {
        let all: All<FlagChange> =
            self.read(&format!("flags/{}/history?limit=50", form_encode(name))).await?;
        Ok(all.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(used: Option<&str>, soft: Option<&str>, hard: Option<&str>) -> UsedMeasure {
        UsedMeasure {
            measure: "day_value".into(),
            currency: Some("JPY".into()),
            used: used.map(str::to_owned),
            soft: soft.map(str::to_owned),
            hard: hard.map(str::to_owned),
        }
    }

    #[test]
    fn usage_is_a_share_of_either_limit() {
        let shares = |it: &UsedMeasure| (it.of_soft(), it.of_hard());
        let text = |text: &str| Some(text.to_owned());
        let both = measure(Some("40.5"), Some("50"), Some("100"));
        assert_eq!(shares(&both), (text("81.0"), text("40.5")));
        assert_eq!(both.bar(), Some(Bar { filled: 405, mark: Some(500) }));
        let soft = measure(Some("40"), Some("50"), None);
        assert_eq!(shares(&soft), (text("80.0"), None));
        assert_eq!(soft.bar(), Some(Bar { filled: 800, mark: None }));
        let beyond = measure(Some("300"), None, Some("100"));
        assert_eq!(shares(&beyond), (None, text("300.0")));
        assert_eq!(beyond.bar(), Some(Bar { filled: 1000, mark: None }));
        for (used, hard) in [(None, Some("5")), (Some("5"), None), (Some("5"), Some("0"))] {
            let nothing = measure(used, None, hard);
            assert_eq!((shares(&nothing), nothing.bar()), ((None, None), None));
        }
    }

    #[test]
    fn what_is_near_is_told_by_both_limits() {
        for (used, soft, hard, near) in [
            ("80", None, Some("100"), false),
            ("80.1", None, Some("100"), true),
            ("49.9", Some("50"), Some("100"), false),
            ("50", Some("50"), Some("100"), true),
            ("80.1", Some("90"), Some("100"), true),
            ("40", Some("50"), None, false),
            ("40.1", Some("50"), None, true),
        ] {
            assert_eq!(measure(Some(used), soft, hard).near(), near, "{used} {soft:?} {hard:?}");
        }
        assert!(!measure(None, Some("1"), Some("1")).near());
    }
}
