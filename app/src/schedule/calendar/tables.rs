//! The calendar's tables as they are read: those shipped in `data/`, or the files of the settings.
//! Whether they fit each other is the calendar's to say.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use serde::Deserialize;
use zaraba_engine::types::{Profile, SessionStep};

use super::Moments;
use crate::config;

const SESSIONS: &str = include_str!("../data/sessions.csv");
const ALWAYS: &str = include_str!("../data/always.csv");
const HOLIDAYS: &str = include_str!("../data/holidays.csv");
const SPECIAL_DAYS: &str = include_str!("../data/special_days.csv");

/// All of them.
pub(super) struct Tables {
    /// By profile and effective date.
    pub(super) sessions: BTreeMap<(u8, Date), Moments>,
    pub(super) holidays: BTreeMap<Date, String>,
    pub(super) special: BTreeMap<(u8, Date), Special>,
}

/// A day that is not as its weekday says.
#[derive(Clone, Debug)]
pub(super) struct Special {
    pub(super) name: String,
    /// Empty: closed.
    pub(super) moments: Moments,
}

impl Tables {
    /// Reads those of the settings; `always`: every day is one of business.
    ///
    /// # Errors
    /// Which setting, file or row cannot be used, and why.
    pub(super) fn read(config: &config::Schedule, always: bool) -> Result<Tables, String> {
        let shipped = if always { ALWAYS } else { SESSIONS };
        let sessions = text(&config.sessions_file, shipped, "schedule.sessions_file")?;
        let holidays = text(&config.holidays_file, HOLIDAYS, "schedule.holidays_file")?;
        let special = text(&config.special_days_file, SPECIAL_DAYS, "schedule.special_days_file")?;
        Ok(Tables {
            sessions: read_sessions(&sessions)?,
            holidays: rows::<HolidayRow>(&holidays, "holidays")?
                .into_iter()
                .map(|row| (row.date, row.name))
                .collect(),
            special: read_special(&special)?,
        })
    }
}

#[derive(Deserialize)]
struct SessionRow {
    profile: String,
    from: Date,
    step: String,
    time: Time,
}

#[derive(Deserialize)]
struct HolidayRow {
    date: Date,
    name: String,
}

#[derive(Deserialize)]
struct SpecialRow {
    profile: String,
    date: Date,
    step: String,
    time: Option<Time>,
    name: String,
}

fn text(file: &str, shipped: &str, setting: &str) -> Result<String, String> {
    if file.is_empty() {
        return Ok(shipped.to_owned());
    }
    std::fs::read_to_string(file).map_err(|e| format!("{setting}: cannot read {file}: {e}"))
}

fn rows<T: for<'de> Deserialize<'de>>(text: &str, what: &str) -> Result<Vec<T>, String> {
    csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes())
        .into_deserialize()
        .collect::<Result<_, _>>()
        .map_err(|e| format!("the table of {what}: {e}"))
}

fn profile(text: &str) -> Result<Profile, String> {
    match text {
        "tse" => Ok(Profile::Tse),
        "crypto" => Ok(Profile::Crypto),
        other => Err(format!("{other:?} is no profile; there are tse and crypto")),
    }
}

fn step(text: &str) -> Result<SessionStep, String> {
    let steps = SessionStep::ALL.iter().copied().filter(|it| *it != SessionStep::None);
    steps.clone().find(|it| it.as_str() == text).ok_or_else(|| {
        let known: Vec<&str> = steps.map(SessionStep::as_str).collect();
        format!("{text:?} is no moment of a day; there are {}", known.join(", "))
    })
}

/// The moments of days by profile and effective date.
pub(super) fn read_sessions(text: &str) -> Result<BTreeMap<(u8, Date), Moments>, String> {
    let mut tables: BTreeMap<(u8, Date), Moments> = BTreeMap::new();
    for row in rows::<SessionRow>(text, "sessions")? {
        let key = (profile(&row.profile)? as u8, row.from);
        tables.entry(key).or_default().push((row.time, step(&row.step)?));
    }
    Ok(tables)
}

fn read_special(text: &str) -> Result<BTreeMap<(u8, Date), Special>, String> {
    let mut days: BTreeMap<(u8, Date), Special> = BTreeMap::new();
    for row in rows::<SpecialRow>(text, "special days")? {
        let key = (profile(&row.profile)? as u8, row.date);
        let empty = || Special { name: row.name.clone(), moments: Vec::new() };
        let day = days.entry(key).or_insert_with(empty);
        if row.step != "closed" {
            let time = row.time.ok_or_else(|| format!("{}: {} has no time", row.date, row.step))?;
            day.moments.push((time, step(&row.step)?));
        }
    }
    Ok(days)
}
