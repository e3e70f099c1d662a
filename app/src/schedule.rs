//! The clock's commands: rolls each profile's trading day at its local time, so that DAY
//! orders expire. A roll missed while the process was down is made up at start. Holds no
//! state of its own: the engine knows the day and refuses a roll it has already done.

use std::time::Duration;

use jiff::{civil, tz};
use tokio_util::sync::CancellationToken;
use zaraba_engine::types::{Profile, Timestamp};
use zaraba_engine::{Command, Event, Reject};

use crate::clock;
use crate::config;
use crate::intake::gate::Gate;

/// How often the clock is compared with the roll times.
const TICK: Duration = Duration::from_secs(1);

/// When each profile's day ends, in Japanese time.
#[derive(Clone, Debug)]
pub struct DayRolls {
    zone: tz::TimeZone,
    rolls: [(Profile, civil::Time); 2],
}

impl DayRolls {
    /// Reads the roll times (`HH:MM`).
    ///
    /// # Errors
    /// Which setting is not a time.
    pub fn new(config: &config::Schedule) -> Result<DayRolls, String> {
        let time = |name: &str, text: &str| {
            civil::Time::strptime("%H:%M", text)
                .map_err(|e| format!("schedule.{name} is {text:?}; it must be HH:MM ({e})"))
        };
        let zone = tz::TimeZone::get("Asia/Tokyo").map_err(|e| format!("time zone: {e}"))?;
        Ok(DayRolls {
            zone,
            rolls: [
                (Profile::Tse, time("tse_day_roll", &config.tse_day_roll)?),
                (Profile::Crypto, time("crypto_day_roll", &config.crypto_day_roll)?),
            ],
        })
    }

    /// The trading day (yyyymmdd) of a profile at `now`. A roll before noon begins the
    /// calendar day it falls on; one after noon begins the next.
    pub fn day(&self, profile: Profile, now: Timestamp) -> u32 {
        let roll =
            self.rolls.iter().find(|(p, _)| *p == profile).map_or(civil::time(0, 0, 0, 0), |r| r.1);
        let instant = jiff::Timestamp::from_nanosecond(i128::from(now.0)).unwrap_or_default();
        let local = instant.to_zoned(self.zone.clone());
        let rolled = local.time() >= roll;
        let begins_today = roll < civil::time(12, 0, 0, 0);
        let date = local.date();
        let date = match (rolled, begins_today) {
            (true, true) | (false, false) => date,
            (true, false) => date.tomorrow().unwrap_or(date),
            (false, true) => date.yesterday().unwrap_or(date),
        };
        u32::from(date.year().unsigned_abs()) * 10_000
            + u32::from(date.month().unsigned_abs()) * 100
            + u32::from(date.day().unsigned_abs())
    }
}

/// Rolls days until told to stop.
pub async fn run(rolls: DayRolls, gate: Gate, stop: CancellationToken) {
    let mut done = [0u32; 2];
    loop {
        for (index, (profile, _)) in rolls.rolls.iter().enumerate() {
            let day = rolls.day(*profile, clock::now());
            if day > done[index] && roll(&gate, *profile, day).await {
                done[index] = day;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Rolls one profile to `day`, slice by slice; whether it is complete.
async fn roll(gate: &Gate, profile: Profile, day: u32) -> bool {
    let mut expired = 0;
    loop {
        // Busy or stopped: nothing was sequenced; the next tick tries again.
        let Ok(receipt) = gate.submit(Command::RollDay { profile, day }).await else {
            return false;
        };
        match receipt.events().last() {
            Some(Event::DayRolled { count, more }) => {
                expired += count;
                if !more {
                    tracing::info!(
                        event = "schedule.day_rolled",
                        profile = profile.as_str(),
                        day,
                        expired
                    );
                    return true;
                }
            }
            Some(Event::Refused { code: Reject::InvalidDay, .. }) => return true,
            other => {
                tracing::error!(event = "schedule.day_roll_failed", profile = profile.as_str(), day, outcome = ?other);
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond() as u64)
    }

    #[test]
    fn the_trading_day_changes_at_the_roll() {
        let rolls = DayRolls::new(&crate::config::Config::default().schedule).unwrap();
        // 15:29:59 and 15:30 in Tokyo.
        assert_eq!(rolls.day(Profile::Tse, at("2026-11-20T06:29:59Z")), 20261120);
        assert_eq!(rolls.day(Profile::Tse, at("2026-11-20T06:30:00Z")), 20261121);
        // Midnight in Tokyo; also over a year's end.
        assert_eq!(rolls.day(Profile::Crypto, at("2026-12-31T14:59:59Z")), 20261231);
        assert_eq!(rolls.day(Profile::Crypto, at("2026-12-31T15:00:00Z")), 20270101);
    }

    #[test]
    fn a_setting_that_is_no_time_is_named() {
        let mut schedule = crate::config::Config::default().schedule;
        schedule.tse_day_roll = "25:00".into();
        assert!(DayRolls::new(&schedule).unwrap_err().contains("tse_day_roll"));
    }
}
