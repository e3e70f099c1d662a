//! The calendar as data: which days are business days, when each moment of a day comes, when
//! the trading day is rolled. Pure functions over tables with effective dates, shipped in
//! `data/` and replaceable by settings. Knows no clock, no engine and no gate.

mod tables;

use std::collections::BTreeMap;

use jiff::civil::{self, Date, Time, Weekday};
use jiff::tz::TimeZone;
use zaraba_engine::types::{Profile, SessionStep, Timestamp};

use self::tables::{Special, Tables};
use crate::config;

const MIDNIGHT: Time = civil::time(0, 0, 0, 0);
const NOON: Time = civil::time(12, 0, 0, 0);
/// Longest row of days without business that is looked over.
const CLOSED_DAYS_MAX: u32 = 60;
/// Settlement of a Tokyo trade, in business days after it.
const TSE_SETTLEMENT_DAYS: u32 = 2;

/// The moments of a day, in order.
pub type Moments = Vec<(Time, SessionStep)>;

/// Why a day is no business day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Saturday or Sunday.
    Weekend,
    /// A holiday of the country or the exchange; its name.
    Holiday(String),
    /// Last day of the year and the first three: the exchange is closed in any year.
    YearEnd,
    /// Closed by the table of special days; the reason given there.
    Special(String),
}

impl Closed {
    /// In words.
    pub fn why(&self) -> String {
        match self {
            Closed::Weekend => "weekend".into(),
            Closed::Holiday(name) => format!("holiday: {name}"),
            Closed::YearEnd => "the exchange is closed from December 31 to January 3".into(),
            Closed::Special(name) => format!("special day: {name}"),
        }
    }
}

/// The calendar of all profiles.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    /// Tables by profile and effective date.
    sessions: BTreeMap<(u8, Date), Moments>,
    holidays: BTreeMap<Date, String>,
    special: BTreeMap<(u8, Date), Special>,
    /// When each profile's trading day is rolled.
    rolls: [Time; 2],
    /// Every day is one of business for Tokyo's instruments (development).
    always: bool,
}

impl Calendar {
    /// The calendar of these settings.
    ///
    /// # Errors
    /// Which setting or file cannot be used, and why.
    pub fn new(config: &config::Schedule) -> Result<Calendar, String> {
        let always = config.sessions == "always";
        if !always && config.sessions != "calendar" {
            let given = &config.sessions;
            return Err(format!("schedule.sessions is {given:?}; it must be calendar or always"));
        }
        let Tables { sessions, holidays, special } = Tables::read(config, always)?;
        let tse_roll = roll_time("tse_day_roll", &config.tse_day_roll)?;
        let calendar = Calendar {
            zone: TimeZone::get("Asia/Tokyo").map_err(|e| format!("time zone: {e}"))?,
            sessions,
            holidays,
            special,
            rolls: [
                if always { MIDNIGHT } else { tse_roll },
                roll_time("crypto_day_roll", &config.crypto_day_roll)?,
            ],
            always,
        };
        calendar.check()?;
        Ok(calendar)
    }

    /// Every table is in order, and the roll of a day is outside of its moments.
    fn check(&self) -> Result<(), String> {
        let special = self.special.iter().map(|((p, d), day)| (*p, *d, &day.moments));
        let tables = self.sessions.iter().map(|((p, d), moments)| (*p, *d, moments));
        for (profile, date, moments) in tables.chain(special) {
            let in_order = moments.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1);
            if !in_order {
                return Err(format!("the moments of the table of {date} are not in order"));
            }
            let (Some(first), Some(last)) = (moments.first(), moments.last()) else { continue };
            let roll = self.rolls[usize::from(profile)];
            let outside = if roll < NOON { roll < first.0 } else { roll > last.0 };
            if !outside {
                return Err(format!(
                    "the day roll at {roll} is not before {} or after {} (table of {date})",
                    first.0, last.0
                ));
            }
        }
        Ok(())
    }

    /// Why a day is no business day of a profile; `None`: it is one.
    pub fn closed(&self, profile: Profile, date: Date) -> Option<Closed> {
        if let Some(special) = self.special.get(&(profile as u8, date)) {
            return special.moments.is_empty().then(|| Closed::Special(special.name.clone()));
        }
        if profile == Profile::Crypto || self.always {
            return None;
        }
        if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return Some(Closed::Weekend);
        }
        if let Some(name) = self.holidays.get(&date) {
            return Some(Closed::Holiday(name.clone()));
        }
        let year_end = matches!((date.month(), date.day()), (12, 31) | (1, 1..=3));
        year_end.then_some(Closed::YearEnd)
    }

    /// Whether a day is one of business.
    pub fn is_business_day(&self, profile: Profile, date: Date) -> bool {
        self.closed(profile, date).is_none()
    }

    /// The first business day after `date`.
    pub fn next_business_day(&self, profile: Profile, date: Date) -> Date {
        self.seek(profile, date, Date::tomorrow)
    }

    /// The last business day before `date`.
    pub fn previous_business_day(&self, profile: Profile, date: Date) -> Date {
        self.seek(profile, date, Date::yesterday)
    }

    fn seek(
        &self,
        profile: Profile,
        date: Date,
        step: fn(Date) -> Result<Date, jiff::Error>,
    ) -> Date {
        let mut at = date;
        for _ in 0..CLOSED_DAYS_MAX {
            // Only the first and last day of jiff's 20,000 years have no neighbour.
            at = step(at).unwrap_or(at);
            if self.is_business_day(profile, at) {
                break;
            }
        }
        at
    }

    /// When a trade of a trading day settles: two business days later in Tokyo, at once in
    /// crypto.
    pub fn settlement(&self, profile: Profile, date: Date) -> Date {
        let days = if profile == Profile::Tse { TSE_SETTLEMENT_DAYS } else { 0 };
        (0..days).fold(date, |date, _| self.next_business_day(profile, date))
    }

    /// The moments of a day, in order; none when it is no business day or the profile trades
    /// all day.
    pub fn day(&self, profile: Profile, date: Date) -> Moments {
        if let Some(special) = self.special.get(&(profile as u8, date)) {
            return special.moments.clone();
        }
        if !self.is_business_day(profile, date) {
            return Vec::new();
        }
        let first = (profile as u8, Date::MIN);
        let table = self.sessions.range(first..=(profile as u8, date)).next_back();
        table.map_or_else(Vec::new, |(_, moments)| moments.clone())
    }

    /// Whether the day has a table of its own, and its name.
    pub fn special_day(&self, profile: Profile, date: Date) -> Option<&str> {
        self.special.get(&(profile as u8, date)).map(|special| special.name.as_str())
    }

    /// Whether a profile has sessions at all on that day or before.
    pub fn has_sessions(&self, profile: Profile) -> bool {
        self.sessions.keys().any(|(p, _)| *p == profile as u8)
    }

    /// When a profile's trading day is rolled.
    pub fn roll(&self, profile: Profile) -> Time {
        self.rolls[profile as usize]
    }

    /// The trading day at `now`. A roll before noon begins the business day it falls on; one
    /// after noon the next.
    pub fn trading_day(&self, profile: Profile, now: Timestamp) -> Date {
        let local = self.local(now);
        let (date, rolled) = (local.date(), local.time() >= self.roll(profile));
        let business = self.is_business_day(profile, date);
        match (self.roll(profile) < NOON, business, rolled) {
            (true, true, true) | (false, true, false) => date,
            (true, _, _) => self.previous_business_day(profile, date),
            (false, _, _) => self.next_business_day(profile, date),
        }
    }

    /// When the trading day `date` began or will: its roll.
    pub fn rolled_at(&self, profile: Profile, date: Date) -> Timestamp {
        let roll = self.roll(profile);
        let on = if roll < NOON { date } else { self.previous_business_day(profile, date) };
        self.at(on, roll)
    }

    /// When the phase that begins with `step` on `date` ends: the next moment that changes a
    /// phase, on the next business day if there is none left; zero: unknown.
    pub fn phase_until(&self, profile: Profile, date: Date, step: SessionStep) -> Timestamp {
        let changes = |&(_, it): &(Time, SessionStep)| changes_phase(it);
        let same = self.day(profile, date).into_iter().find(|m| m.1 > step && changes(m));
        if let Some((time, _)) = same {
            return self.at(date, time);
        }
        let next = self.next_business_day(profile, date);
        let first = self.day(profile, next).into_iter().find(changes);
        first.map_or(Timestamp(0), |(time, _)| self.at(next, time))
    }

    /// The instant of a local time.
    pub fn at(&self, date: Date, time: Time) -> Timestamp {
        let zoned = self.zone.to_timestamp(date.to_datetime(time)).unwrap_or_default();
        Timestamp(u64::try_from(zoned.as_nanosecond()).unwrap_or(0))
    }

    /// The local time of an instant.
    pub fn local(&self, at: Timestamp) -> civil::DateTime {
        let instant = jiff::Timestamp::from_nanosecond(i128::from(at.0)).unwrap_or_default();
        self.zone.to_datetime(instant)
    }

    /// The last day the list of holidays knows about: the end of its last year.
    pub fn known_until(&self) -> Option<Date> {
        let last = self.holidays.last_key_value()?.0;
        Some(civil::date(last.year(), 12, 31))
    }

    /// Whether the list of holidays covers a day.
    pub fn covers(&self, date: Date) -> bool {
        let first = self.holidays.first_key_value().map(|(date, _)| date.year());
        let last = self.known_until().map(|date| date.year());
        first.zip(last).is_some_and(|(first, last)| (first..=last).contains(&date.year()))
    }
}

/// Whether a step changes the phase of instruments, unlike an odd-lot cut-off.
pub fn changes_phase(step: SessionStep) -> bool {
    !matches!(
        step,
        SessionStep::None
            | SessionStep::OddLotMorning
            | SessionStep::OddLotAfternoon
            | SessionStep::OddLotClose
    )
}

/// A date as the engine has it: yyyymmdd.
pub fn number(date: Date) -> u32 {
    u32::from(date.year().unsigned_abs()) * 10_000
        + u32::from(date.month().unsigned_abs()) * 100
        + u32::from(date.day().unsigned_abs())
}

/// The date of an engine's day, if it is one.
pub fn from_number(day: u32) -> Option<Date> {
    let (year, month, date) = (day / 10_000, day / 100 % 100, day % 100);
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(date).ok()?).ok()
}

fn roll_time(name: &str, text: &str) -> Result<Time, String> {
    Time::strptime("%H:%M", text)
        .map_err(|e| format!("schedule.{name} is {text:?}; it must be HH:MM ({e})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn calendar() -> Calendar {
        Calendar::new(&Config::default().schedule).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as u64)
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn tse_day(text: &str) -> u32 {
        number(calendar().trading_day(Profile::Tse, at(text)))
    }

    #[test]
    fn the_afternoon_ended_at_15_until_2024_11_04_without_a_pre_close() {
        let calendar = calendar();
        let old = calendar.day(Profile::Tse, date("2024-11-01"));
        assert_eq!(old.last(), Some(&(civil::time(15, 0, 0, 0), SessionStep::Close)));
        assert!(old.iter().all(|(_, step)| *step != SessionStep::PreClose));
        let new = calendar.day(Profile::Tse, date("2024-11-05"));
        let ends = [
            (civil::time(15, 25, 0, 0), SessionStep::PreClose),
            (civil::time(15, 30, 0, 0), SessionStep::Close),
        ];
        assert_eq!(new[new.len() - 2..], ends);
        assert_eq!(new[0], (civil::time(7, 0, 0, 0), SessionStep::OddLotMorning));
        assert!(calendar.day(Profile::Crypto, date("2024-11-05")).is_empty());
    }

    #[test]
    fn weekends_holidays_and_the_year_end_are_closed() {
        let calendar = calendar();
        let why = |day: &str| calendar.closed(Profile::Tse, date(day));
        assert_eq!(why("2026-11-20"), None);
        assert_eq!(why("2026-11-21"), Some(Closed::Weekend));
        assert_eq!(why("2026-11-23"), Some(Closed::Holiday("勤労感謝の日".into())));
        assert!(matches!(why("2026-12-31"), Some(Closed::Holiday(_))));
        // Beyond the list of holidays the exchange's own rule still holds.
        assert_eq!(why("2030-12-31"), Some(Closed::YearEnd));
        assert_eq!(why("2031-01-02"), Some(Closed::YearEnd));
        assert_eq!(why("2030-12-30"), None);
        assert!(calendar.covers(date("2027-12-30")) && !calendar.covers(date("2028-01-04")));
        assert_eq!(calendar.closed(Profile::Crypto, date("2026-11-23")), None);
    }

    #[test]
    fn settlement_is_two_business_days_later() {
        let calendar = calendar();
        // Thursday; Friday, (weekend, Monday a holiday), Tuesday.
        assert_eq!(calendar.settlement(Profile::Tse, date("2026-11-19")), date("2026-11-24"));
        // Over the year's end: 12-29 Tue, 12-30 Wed, 01-04 Mon.
        assert_eq!(calendar.settlement(Profile::Tse, date("2026-12-29")), date("2027-01-04"));
        assert_eq!(calendar.settlement(Profile::Crypto, date("2026-12-29")), date("2026-12-29"));
        assert_eq!(
            calendar.previous_business_day(Profile::Tse, date("2027-01-04")),
            date("2026-12-30")
        );
    }

    #[test]
    fn the_trading_day_changes_at_the_evening_roll_to_the_next_business_day() {
        // 16:29:59 and 16:30 in Tokyo on Thursday.
        assert_eq!(tse_day("2026-11-19T07:29:59Z"), 20261119);
        assert_eq!(tse_day("2026-11-19T07:30:00Z"), 20261120);
        // From Friday evening on it is Tuesday: Monday is a holiday.
        assert_eq!(tse_day("2026-11-20T07:30:00Z"), 20261124);
        assert_eq!(tse_day("2026-11-22T03:00:00Z"), 20261124);
        assert_eq!(tse_day("2026-11-23T12:00:00Z"), 20261124);
        // Crypto: midnight in Tokyo, also over a year's end.
        let crypto = |text| number(calendar().trading_day(Profile::Crypto, at(text)));
        assert_eq!(crypto("2026-12-31T14:59:59Z"), 20261231);
        assert_eq!(crypto("2026-12-31T15:00:00Z"), 20270101);
    }

    #[test]
    fn a_phase_ends_with_the_next_moment_that_changes_one() {
        let calendar = calendar();
        let until = |step| calendar.phase_until(Profile::Tse, date("2026-11-20"), step);
        assert_eq!(until(SessionStep::Open), at("2026-11-20T02:30:00Z"));
        assert_eq!(until(SessionStep::OddLotAfternoon), at("2026-11-20T02:30:00Z"));
        assert_eq!(until(SessionStep::PreClose), at("2026-11-20T06:30:00Z"));
        assert_eq!(until(SessionStep::Close), at("2026-11-23T23:00:00Z"));
    }

    #[test]
    fn special_days_replace_the_table_or_close_the_day() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("special.csv");
        let rows = "profile,date,step,time,name\n\
            tse,2026-12-30,pre_open,08:00:00,half day\n\
            tse,2026-12-30,open,09:00:00,half day\n\
            tse,2026-12-30,close,11:30:00,half day\n\
            tse,2026-11-24,closed,,outage\n";
        std::fs::write(&file, rows).unwrap();
        let mut config = Config::default().schedule;
        config.special_days_file = file.display().to_string();
        let calendar = Calendar::new(&config).unwrap();
        assert_eq!(calendar.day(Profile::Tse, date("2026-12-30")).len(), 3);
        assert_eq!(
            calendar.closed(Profile::Tse, date("2026-11-24")),
            Some(Closed::Special("outage".into()))
        );
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let wrong = |change: fn(&mut config::Schedule)| {
            let mut schedule = Config::default().schedule;
            change(&mut schedule);
            Calendar::new(&schedule).unwrap_err()
        };
        assert!(wrong(|s| s.tse_day_roll = "25:00".into()).contains("tse_day_roll"));
        assert!(wrong(|s| s.tse_day_roll = "15:30".into()).contains("15:30"));
        assert!(wrong(|s| s.sessions = "sometimes".into()).contains("schedule.sessions"));
        assert!(wrong(|s| s.holidays_file = "/nowhere".into()).contains("holidays_file"));
        assert!(
            tables::read_sessions("profile,from,step,time\ntse,2026-01-01,lunch,11:30:00").is_err()
        );
    }

    #[test]
    fn always_opens_every_day_around_the_clock() {
        let mut schedule = Config::default().schedule;
        schedule.sessions = "always".into();
        let calendar = Calendar::new(&schedule).unwrap();
        assert!(calendar.is_business_day(Profile::Tse, date("2026-11-22")));
        assert_eq!(calendar.day(Profile::Tse, date("2026-11-22")).len(), 4);
        let sunday = at("2026-11-22T03:00:00Z");
        assert_eq!(calendar.trading_day(Profile::Tse, sunday), date("2026-11-22"));
    }
}
