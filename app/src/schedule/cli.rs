//! `zaraba calendar show`: a day of the calendar in force, for people and scripts.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::{Date, Time};
use serde::Serialize;
use zaraba_engine::types::{Profile, SessionStep};

use super::calendar::{Calendar, changes_phase, number};
use crate::clock;
use crate::config::Config;

/// What to do with the calendar.
#[derive(Subcommand, Debug)]
pub enum CalendarVerb {
    /// Print a day: its phases, auctions and cut-offs, or why it is no business day.
    #[command(after_help = "Examples:\n  \
        zaraba calendar show                              today in Tokyo\n  \
        zaraba calendar show --date 2024-11-05 --json\n  \
        zaraba calendar show --profile crypto --config /etc/zaraba/zaraba.toml")]
    Show(ShowOptions),
}

/// Options of `zaraba calendar show`.
#[derive(Args, Debug)]
pub struct ShowOptions {
    /// Whose calendar.
    #[arg(long, value_enum, default_value_t = Which::Tse)]
    pub profile: Which,
    /// Which day (Tokyo); default: today.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<Date>,
    /// Settings file with tables of its own; without it the shipped tables.
    #[arg(long)]
    pub config: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// A profile, on the command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Which {
    /// Tokyo shares.
    Tse,
    /// Crypto pairs.
    Crypto,
}

/// A moment of a day and what begins with it.
#[derive(Serialize, PartialEq, Eq, Debug)]
struct Moment {
    time: Time,
    step: &'static str,
    /// The phase that begins; empty for a cut-off.
    #[serde(skip_serializing_if = "str::is_empty")]
    phase: &'static str,
    /// The auction that takes place; empty: none.
    #[serde(skip_serializing_if = "str::is_empty")]
    auction: &'static str,
    #[serde(skip)]
    words: &'static str,
}

/// A day of the calendar.
#[derive(Serialize, Debug)]
pub(crate) struct Shown {
    profile: &'static str,
    date: Date,
    weekday: String,
    business_day: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_because: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    special_day: Option<String>,
    /// `continuous` where there are no sessions.
    trading: &'static str,
    moments: Vec<Moment>,
    /// When the day is rolled to the next business day (tse) or begins (crypto).
    day_roll: Time,
    settlement: Date,
    next_business_day: Date,
    previous_business_day: Date,
    holidays_known: bool,
}

/// Runs a `calendar` verb.
///
/// # Errors
/// When a setting or table cannot be used.
pub fn run(verb: CalendarVerb) -> Result<()> {
    let CalendarVerb::Show(options) = verb;
    let config = match &options.config {
        Some(file) => Config::load(file)?,
        None => Config::default(),
    };
    let calendar = Calendar::new(&config.schedule).map_err(anyhow::Error::msg)?;
    let date = options.date.unwrap_or_else(|| calendar.local(clock::now()).date());
    let shown = shown(&calendar, options.profile, date);
    if options.json {
        println!("{}", serde_json::to_string(&shown).context("cannot write JSON")?);
    } else {
        print!("{}", in_words(&shown));
    }
    Ok(())
}

/// A day of a profile's calendar.
pub(crate) fn shown(calendar: &Calendar, which: Which, date: Date) -> Shown {
    let profile = match which {
        Which::Tse => Profile::Tse,
        Which::Crypto => Profile::Crypto,
    };
    let closed = calendar.closed(profile, date);
    let moments = calendar.day(profile, date);
    let trading = match (closed.is_some(), calendar.has_sessions(profile)) {
        (true, _) => "none",
        (false, true) => "sessions",
        (false, false) => "continuous",
    };
    Shown {
        profile: profile.as_str(),
        date,
        weekday: date.strftime("%A").to_string(),
        business_day: closed.is_none(),
        closed_because: closed.map(|closed| closed.why()),
        special_day: calendar.special_day(profile, date).map(str::to_owned),
        trading,
        moments: moments.into_iter().map(|(time, step)| moment(time, step)).collect(),
        day_roll: calendar.roll(profile),
        settlement: calendar.settlement(profile, date),
        next_business_day: calendar.next_business_day(profile, date),
        previous_business_day: calendar.previous_business_day(profile, date),
        holidays_known: profile == Profile::Crypto || calendar.covers(date),
    }
}

fn moment(time: Time, step: SessionStep) -> Moment {
    let (phase, auction, words) = match step {
        SessionStep::None => ("", "", ""),
        SessionStep::OddLotMorning => {
            ("", "", "odd-lot cut-off: later orders wait for the afternoon")
        }
        SessionStep::PreOpen => ("pre_open", "", "orders gather, no trades (pre-open)"),
        SessionStep::Open => {
            ("continuous", "opening", "opening auction (yoritsuki), then continuous trading")
        }
        SessionStep::OddLotAfternoon => {
            ("", "", "odd-lot cut-off: later orders wait for the close")
        }
        SessionStep::MorningClose => {
            ("break", "morning_close", "morning closing auction (zenbike), then the break")
        }
        SessionStep::AfternoonPreOpen => ("pre_open", "", "orders gather, no trades"),
        SessionStep::AfternoonOpen => (
            "continuous",
            "afternoon_opening",
            "afternoon opening auction (goyori), then continuous trading",
        ),
        SessionStep::OddLotClose => ("", "", "odd-lot cut-off: later orders wait for the next day"),
        SessionStep::PreClose => {
            ("pre_close", "", "pre-closing: orders gather, on-close orders enter, no trades")
        }
        SessionStep::Close => ("closed", "closing", "closing auction (obike), then closed"),
    };
    debug_assert_eq!(phase.is_empty(), !changes_phase(step));
    Moment { time, step: step.as_str(), phase, auction, words }
}

fn in_words(day: &Shown) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}  {} {} (JST)", day.profile, day.date, day.weekday);
    match &day.closed_because {
        Some(why) => {
            let _ = writeln!(out, "  no business day: {why}");
        }
        None if day.trading == "continuous" => {
            let _ = writeln!(out, "  business day, open around the clock");
        }
        None => {
            let _ = writeln!(out, "  business day");
        }
    }
    if let (Some(name), None) = (&day.special_day, &day.closed_because) {
        let _ = writeln!(out, "  special day: {name}");
    }
    for moment in &day.moments {
        let _ = writeln!(out, "  {}  {}", moment.time.strftime("%H:%M:%S"), moment.words);
    }
    if day.business_day {
        let _ = writeln!(out, "  {}  the trading day is rolled", day.day_roll.strftime("%H:%M:%S"));
    }
    let line = |out: &mut String, what: &str, date: Date| {
        let _ = writeln!(out, "  {what:<22}{date} {}", date.strftime("%a"));
    };
    if day.business_day {
        line(&mut out, "trades settle", day.settlement);
    }
    line(&mut out, "previous business day", day.previous_business_day);
    line(&mut out, "next business day", day.next_business_day);
    if !day.holidays_known {
        let year = number(day.date) / 10_000;
        let _ = writeln!(
            out,
            "  The list of holidays does not cover {year}: only weekends and the year's end \
             are known. Give a list in schedule.holidays_file."
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(which: Which, date: &str) -> Shown {
        let calendar = Calendar::new(&Config::default().schedule).unwrap();
        shown(&calendar, which, date.parse().unwrap())
    }

    #[test]
    fn the_change_of_2024_11_05_is_seen() {
        let old = in_words(&day(Which::Tse, "2024-11-01"));
        assert!(old.contains("15:00:00  closing auction") && !old.contains("15:25"), "{old}");
        // Monday the 4th was a holiday.
        assert!(old.contains("next business day     2024-11-05"), "{old}");
        assert!(old.contains("trades settle         2024-11-06"), "{old}");
        let new = in_words(&day(Which::Tse, "2024-11-05"));
        assert!(
            new.contains("15:25:00  pre-closing") && new.contains("15:30:00  closing"),
            "{new}"
        );
    }

    #[test]
    fn a_closed_day_says_why() {
        let holiday = in_words(&day(Which::Tse, "2026-11-23"));
        assert!(holiday.contains("no business day: holiday: 勤労感謝の日"), "{holiday}");
        assert!(holiday.contains("next business day     2026-11-24 Tue"), "{holiday}");
        assert!(in_words(&day(Which::Tse, "2026-11-21")).contains("weekend"));
        let year_end = day(Which::Tse, "2026-12-31");
        assert!(!year_end.business_day);
        assert_eq!(year_end.next_business_day.to_string(), "2027-01-04");
        assert_eq!(year_end.previous_business_day.to_string(), "2026-12-30");
        assert!(in_words(&day(Which::Tse, "2030-05-01")).contains("does not cover 2030"));
    }

    #[test]
    fn json_has_moments_phases_and_auctions() {
        let json = serde_json::to_value(day(Which::Tse, "2026-11-20")).unwrap();
        assert_eq!(json["settlement"], "2026-11-25");
        let moments = json["moments"].as_array().unwrap();
        assert_eq!(moments.len(), 10);
        assert_eq!(moments[2]["time"], "09:00:00");
        assert_eq!(moments[2]["auction"], "opening");
        assert_eq!(moments[2]["phase"], "continuous");
        assert!(moments[0].get("phase").is_none());
        let crypto = serde_json::to_value(day(Which::Crypto, "2026-11-21")).unwrap();
        assert_eq!(crypto["trading"], "continuous");
        assert_eq!(crypto["settlement"], "2026-11-21");
    }
}
