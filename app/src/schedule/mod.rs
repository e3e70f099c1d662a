//! The clock's commands: the moments of the trading day, the day's roll, and the engine's own
//! timers, each as a sequenced command when it is due. Holds no state of its own: where the
//! engine is says what was missed, so after a restart everything is made up in order.
//!
//! ```text
//! calendar (data) ─┐
//! pulse (engine) ──┼─> what is due ─> gate
//! market clock ────┘
//! ```
//!
//! Must not come in: what a moment does. That is the engine's.

pub mod calendar;
pub mod cli;
mod metrics;
mod moments;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use zaraba_engine::types::{Profile, Timestamp};
use zaraba_engine::{Command, Event};

use self::metrics::METRICS;
use self::moments::{Next, next};
use crate::clock::MarketClock;
use crate::intake::gate::Gate;
use crate::sequencer::Pulse;
pub use calendar::Calendar;

/// The longest sleep: wall clocks get set, and nobody says so.
const LOOK: Duration = Duration::from_secs(1);
/// First and longest pause after something was not taken.
const RETRY: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// Days before the end of the list of holidays from which on a start warns.
const WARN_DAYS: i32 = 60;

const PROFILES: [Profile; 2] = [Profile::Tse, Profile::Crypto];

/// What the schedule is made of.
pub struct Schedule {
    /// When what is due.
    pub calendar: Calendar,
    /// What time it is.
    pub clock: MarketClock,
    /// Where the engine is.
    pub pulse: Arc<Pulse>,
    /// Where commands go.
    pub gate: Gate,
}

/// How a command ended.
enum Outcome {
    /// Taken, whole.
    Done,
    /// Not taken: the gate was busy or stopped, or the engine refused.
    Refused,
}

/// A pause that doubles while nothing works.
struct Retry {
    pause: Duration,
}

impl Retry {
    fn failed(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(RETRY_MAX);
        pause
    }

    fn worked(&mut self) {
        self.pause = RETRY;
    }
}

impl Schedule {
    /// Sends what is due until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        self.note_calendar();
        let mut retry = Retry { pause: RETRY };
        loop {
            let pause = tokio::select! {
                pause = self.all_due(&mut retry) => pause,
                () = stop.cancelled() => return,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.pulse.sooner() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Sends everything that is due; how long nothing will be.
    async fn all_due(&self, retry: &mut Retry) -> Duration {
        let mut pause = LOOK;
        let mut refused = false;
        for profile in PROFILES {
            loop {
                let now = self.clock.now();
                match next(&self.calendar, profile, self.pulse.position(profile), now) {
                    Next::Later(at) => {
                        pause = pause.min(self.clock.until(at));
                        break;
                    }
                    Next::Now { command, due } => match self.send(command, due).await {
                        Outcome::Done => {}
                        Outcome::Refused => {
                            refused = true;
                            break;
                        }
                    },
                }
            }
        }
        while let Some(due) = self.pulse.due() {
            if due > self.clock.now() {
                pause = pause.min(self.clock.until(due));
                break;
            }
            if let Outcome::Refused = self.send(Command::Wake, due).await {
                refused = true;
                break;
            }
        }
        if refused {
            return retry.failed();
        }
        retry.worked();
        // Timers of the system are late rather than early; never a pause of nothing.
        pause.max(Duration::from_millis(1))
    }

    /// Sends a command, repeated while the engine says `more`.
    async fn send(&self, command: Command, due: Timestamp) -> Outcome {
        let late = self.clock.now().0.saturating_sub(due.0);
        let mut count = 0;
        loop {
            // Busy or stopped: nothing was sequenced, the next look tries again. Unknown: the
            // journal has failed, and nothing more is taken anyway.
            let Ok(receipt) = self.gate.submit(command.clone()).await else {
                return Outcome::Refused;
            };
            match receipt.events().last() {
                Some(
                    Event::DayRolled { count: n, more }
                    | Event::SessionStepped { count: n, more, .. }
                    | Event::Woken { count: n, more },
                ) => {
                    count += n;
                    if *more {
                        continue;
                    }
                    return self.done(&command, count, late);
                }
                other => {
                    METRICS.refused.inc();
                    tracing::error!(
                        event = "schedule.refused",
                        command = ?command,
                        outcome = ?other,
                        "a moment of the schedule was refused by the engine; it is tried again"
                    );
                    return Outcome::Refused;
                }
            }
        }
    }

    fn done(&self, command: &Command, count: u32, late: u64) -> Outcome {
        let late_seconds = late as f64 / 1e9;
        let late_ms = late / 1_000_000;
        match command {
            Command::RollDay { profile, day } => {
                let profile = profile.as_str();
                METRICS.rolls.with_label_values(&[profile]).inc();
                METRICS.lateness.observe(late_seconds);
                tracing::info!(
                    event = "schedule.day_rolled",
                    profile,
                    day,
                    expired = count,
                    late_ms
                );
            }
            Command::Session { profile, day, step, .. } => {
                let (profile, step) = (profile.as_str(), step.as_str());
                METRICS.steps.with_label_values(&[profile, step]).inc();
                METRICS.lateness.observe(late_seconds);
                tracing::info!(
                    event = "schedule.stepped",
                    profile,
                    day,
                    step,
                    instruments = count,
                    late_ms
                );
            }
            _ => {
                METRICS.wakes.inc();
                METRICS.timers.inc_by(u64::from(count));
                METRICS.wake_lateness.observe(late_seconds);
                // A timer that is due and not served would be asked for again at once.
                if count == 0 && self.pulse.due().is_some_and(|due| due <= self.clock.now()) {
                    return Outcome::Refused;
                }
            }
        }
        Outcome::Done
    }

    /// Says in time that the list of holidays ends.
    fn note_calendar(&self) {
        let Some(end) = self.calendar.known_until() else { return };
        let today = self.calendar.local(self.clock.now()).date();
        let days = today.until(end).map_or(0, |span| span.get_days());
        METRICS.calendar_days.set(i64::from(days));
        if days < WARN_DAYS {
            tracing::warn!(
                event = "schedule.calendar_ends",
                days,
                "the list of holidays ends soon; give a newer one in schedule.holidays_file"
            );
        }
    }
}
