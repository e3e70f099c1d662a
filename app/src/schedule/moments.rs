//! What is to be sent now, and when next: the calendar compared with where the engine is.
//! Pure: the same calendar, position and time give the same answer, so a moment that was
//! missed is due until the engine has had it.

use zaraba_engine::Command;
use zaraba_engine::types::{Profile, SessionStep, Timestamp};

use super::calendar::{Calendar, from_number, number};
use crate::sequencer::Position;

/// What a profile waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// This command, due since then.
    Now {
        /// What to send (again, while the answer says `more`).
        command: Command,
        /// When it should have been.
        due: Timestamp,
    },
    /// Nothing before this time.
    Later(Timestamp),
}

/// What a profile waits for at `now`, when the engine is at `position`.
///
/// In order: an incomplete roll or step is finished; a day that was begun is gone through to
/// its close before the next one begins, however late; the day is rolled to the present one
/// (days that were missed whole are no trading days of this venue); its moments follow.
pub fn next(calendar: &Calendar, profile: Profile, position: Position, now: Timestamp) -> Next {
    let target = calendar.trading_day(profile, now);
    let begun = from_number(position.day);
    if position.rolling {
        let due = begun.map_or(now, |day| calendar.rolled_at(profile, day));
        return Next::Now { command: Command::RollDay { profile, day: position.day }, due };
    }
    let Some(day) = begun else { return roll(calendar, profile, target) };
    if position.stepping {
        return step(calendar, profile, day, position.step, now);
    }
    let remaining = |from: SessionStep| {
        calendar.day(profile, day).into_iter().find(|&(_, step)| step > from).map(|m| m.1)
    };
    let started = position.step != SessionStep::None;
    match remaining(position.step) {
        Some(missed) if day == target || day < target && started => {
            step(calendar, profile, day, missed, now)
        }
        _ if day < target => roll(calendar, profile, target),
        // All moments are done, or the day was rolled ahead by hand.
        _ => {
            let after = calendar.next_business_day(profile, target);
            Next::Later(calendar.rolled_at(profile, after))
        }
    }
}

fn roll(calendar: &Calendar, profile: Profile, target: jiff::civil::Date) -> Next {
    let command = Command::RollDay { profile, day: number(target) };
    Next::Now { command, due: calendar.rolled_at(profile, target) }
}

fn step(
    calendar: &Calendar,
    profile: Profile,
    day: jiff::civil::Date,
    step: SessionStep,
    now: Timestamp,
) -> Next {
    let moment = calendar.day(profile, day).into_iter().find(|m| m.1 == step);
    // A step that was begun under a table that has gone is finished all the same.
    let due = moment.map_or(now, |(time, _)| calendar.at(day, time));
    if due > now {
        return Next::Later(due);
    }
    let until = calendar.phase_until(profile, day, step);
    Next::Now { command: Command::Session { profile, day: number(day), step, until }, due }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as u64)
    }

    /// An engine that takes every command whole.
    fn apply(position: &mut Position, command: &Command) {
        match *command {
            Command::RollDay { day, .. } => {
                *position =
                    Position { day, rolling: false, step: SessionStep::None, stepping: false };
            }
            Command::Session { day, step, .. } => {
                assert_eq!(day, position.day);
                assert!(step > position.step);
                position.step = step;
            }
            _ => unreachable!(),
        }
    }

    fn told(command: &Command) -> String {
        match *command {
            Command::RollDay { day, .. } => format!("roll {day}"),
            Command::Session { day, step, .. } => format!("{} {day}", step.as_str()),
            _ => unreachable!(),
        }
    }

    /// Everything that is due at `now`, in order.
    fn catch_up(position: &mut Position, now: Timestamp) -> Vec<String> {
        let calendar = Calendar::new(&Config::default().schedule).unwrap();
        let mut sent = Vec::new();
        loop {
            match next(&calendar, Profile::Tse, *position, now) {
                Next::Now { command, due } => {
                    assert!(due <= now);
                    apply(position, &command);
                    sent.push(told(&command));
                }
                Next::Later(time) => {
                    assert!(time > now);
                    return sent;
                }
            }
        }
    }

    fn position(day: u32, step: SessionStep) -> Position {
        Position { day, rolling: false, step, stepping: false }
    }

    const NEW: fn() -> Position = || position(0, SessionStep::None);

    #[test]
    fn a_new_journal_goes_through_the_day_so_far() {
        let mut engine = NEW();
        // Friday 10:00 in Tokyo.
        let sent = catch_up(&mut engine, at("2026-11-20T01:00:00Z"));
        let expected = [
            "roll 20261120",
            "odd_lot_cutoff_morning 20261120",
            "pre_open 20261120",
            "open 20261120",
        ];
        assert_eq!(sent, expected);
        // Again, and after a restart: nothing.
        assert_eq!(catch_up(&mut engine, at("2026-11-20T01:00:01Z")), Vec::<String>::new());
        // On a weekend only the day is rolled.
        assert_eq!(catch_up(&mut NEW(), at("2026-11-21T01:00:00Z")), ["roll 20261124"]);
    }

    #[test]
    fn a_moment_missed_at_nine_is_made_up() {
        let mut engine = position(20261120, SessionStep::PreOpen);
        assert_eq!(catch_up(&mut engine, at("2026-11-20T00:07:00Z")), ["open 20261120"]);
    }

    #[test]
    fn a_day_that_was_begun_is_closed_before_the_next_begins() {
        // Down from 14:30 on Thursday until 09:30 on Friday.
        let mut engine = position(20261119, SessionStep::OddLotClose);
        let sent = catch_up(&mut engine, at("2026-11-20T00:30:00Z"));
        let expected = [
            "pre_close 20261119",
            "close 20261119",
            "roll 20261120",
            "odd_lot_cutoff_morning 20261120",
            "pre_open 20261120",
            "open 20261120",
        ];
        assert_eq!(sent, expected);
    }

    #[test]
    fn days_that_were_missed_whole_are_no_trading_days() {
        let mut engine = position(20261116, SessionStep::Close);
        assert_eq!(catch_up(&mut engine, at("2026-11-19T21:00:00Z")), ["roll 20261120"]);
        // Rolled, but not begun.
        let mut engine = position(20261116, SessionStep::None);
        assert_eq!(catch_up(&mut engine, at("2026-11-19T21:00:00Z")), ["roll 20261120"]);
    }

    #[test]
    fn a_day_rolled_ahead_is_waited_for() {
        let calendar = Calendar::new(&Config::default().schedule).unwrap();
        let ahead = position(20261124, SessionStep::None);
        let friday = at("2026-11-20T01:00:00Z");
        let due = next(&calendar, Profile::Tse, ahead, friday);
        // Friday evening makes it the present day; its first moment is on Tuesday.
        assert_eq!(due, Next::Later(at("2026-11-20T07:30:00Z")));
        let tuesday = at("2026-11-23T22:00:00Z");
        assert!(matches!(next(&calendar, Profile::Tse, ahead, tuesday), Next::Now { .. }));
    }

    #[test]
    fn what_was_begun_is_finished_first() {
        let calendar = Calendar::new(&Config::default().schedule).unwrap();
        let now = at("2026-11-20T03:00:00Z");
        let mut stepping = position(20261120, SessionStep::Open);
        stepping.stepping = true;
        let Next::Now { command, .. } = next(&calendar, Profile::Tse, stepping, now) else {
            panic!("the open is unfinished")
        };
        assert_eq!(told(&command), "open 20261120");
        let mut rolling = position(20261119, SessionStep::None);
        rolling.rolling = true;
        let Next::Now { command, .. } = next(&calendar, Profile::Tse, rolling, now) else {
            panic!("the roll is unfinished")
        };
        assert_eq!(told(&command), "roll 20261119");
    }

    #[test]
    fn crypto_only_rolls() {
        let calendar = Calendar::new(&Config::default().schedule).unwrap();
        let now = at("2026-11-20T03:00:00Z");
        let mut engine = NEW();
        let Next::Now { command, .. } = next(&calendar, Profile::Crypto, engine, now) else {
            panic!("the first day is not rolled")
        };
        apply(&mut engine, &command);
        let midnight = at("2026-11-20T15:00:00Z");
        assert_eq!(next(&calendar, Profile::Crypto, engine, now), Next::Later(midnight));
    }
}
