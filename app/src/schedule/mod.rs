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

use prometheus::Histogram;
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

/// What this schedule waits for: everything that is due since it began. What was due before, a
/// journal's first day or moments of a time that the process was down, is made up.
#[derive(Clone, Copy)]
struct Waits {
    since: Timestamp,
}

impl Waits {
    /// How late something that was due at `due` is, sent at `now`.
    fn lateness(self, due: Timestamp, now: Timestamp) -> Lateness {
        Lateness { by: now.0.saturating_sub(due.0), made_up: due < self.since }
    }
}

/// How late something is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Lateness {
    /// Nanoseconds of market time since it was due.
    by: u64,
    /// Nobody waited for it.
    made_up: bool,
}

impl Lateness {
    /// Counts what was made up, and measures what was waited for.
    fn tell(self, waited: &Histogram) {
        match self.made_up {
            true => METRICS.made_up.inc(),
            false => waited.observe(self.by as f64 / 1e9),
        }
    }
}

impl Schedule {
    /// Sends what is due until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        self.note_calendar();
        let waits = Waits { since: self.clock.now() };
        let mut retry = Retry { pause: RETRY };
        loop {
            let pause = tokio::select! {
                pause = self.all_due(waits, &mut retry) => pause,
                () = stop.cancelled() => return,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.pulse.sooner() => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Sends everything that is due; how long nothing will be. Moments and wake-ups take
    /// turns, so that thousands of quotes cannot hold up the close.
    async fn all_due(&self, waits: Waits, retry: &mut Retry) -> Duration {
        loop {
            let mut pause = LOOK;
            let (mut sent, mut refused) = (false, false);
            for &profile in Profile::ALL {
                let now = self.clock.now();
                match next(&self.calendar, profile, self.pulse.position(profile), now) {
                    Next::Later(at) => pause = pause.min(self.clock.until(at)),
                    Next::Now { command, due } => {
                        match self.send(command, waits.lateness(due, now)).await {
                            Outcome::Done => sent = true,
                            Outcome::Refused => refused = true,
                        }
                    }
                }
            }
            match self.pulse.due() {
                Some(due) if due <= self.clock.now() => {
                    let late = waits.lateness(due, self.clock.now());
                    match self.send(Command::Wake, late).await {
                        Outcome::Done => sent = true,
                        Outcome::Refused => refused = true,
                    }
                }
                Some(due) => pause = pause.min(self.clock.until(due)),
                None => {}
            }
            if refused {
                return retry.failed();
            }
            retry.worked();
            if !sent {
                // Timers of the system are late rather than early; never a pause of nothing.
                return pause.max(Duration::from_millis(1));
            }
        }
    }

    /// Sends a command; a moment or roll again while the engine says `more`.
    async fn send(&self, command: Command, late: Lateness) -> Outcome {
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
                    if *more && command != Command::Wake {
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

    fn done(&self, command: &Command, count: u32, late: Lateness) -> Outcome {
        let Lateness { by, made_up } = late;
        let late_ms = by / 1_000_000;
        match command {
            Command::RollDay { profile, day } => {
                let profile = profile.as_str();
                METRICS.rolls.with_label_values(&[profile]).inc();
                late.tell(&METRICS.lateness);
                tracing::info!(
                    event = "schedule.day_rolled",
                    profile,
                    day,
                    expired = count,
                    late_ms,
                    made_up
                );
            }
            Command::Session { profile, day, step, .. } => {
                let (profile, step) = (profile.as_str(), step.as_str());
                METRICS.steps.with_label_values(&[profile, step]).inc();
                late.tell(&METRICS.lateness);
                tracing::info!(
                    event = "schedule.stepped",
                    profile,
                    day,
                    step,
                    instruments = count,
                    late_ms,
                    made_up
                );
            }
            _ => {
                METRICS.wakes.inc();
                METRICS.timers.inc_by(u64::from(count));
                late.tell(&METRICS.wake_lateness);
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
        METRICS.calendar_seconds.set(i64::from(days) * 86_400);
        if days < WARN_DAYS {
            tracing::warn!(
                event = "schedule.calendar_ends",
                days,
                "the list of holidays ends soon; give a newer one in schedule.holidays_file"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use zaraba_engine::command::Limits;
    use zaraba_engine::types::Seq;
    use zaraba_engine::{Engine, Reject};

    use super::*;
    use crate::bus::{Batch, Receipt, Step};
    use crate::config::Config;
    use crate::intake::gate::Submission;

    /// An engine at the other end of a gate: loses the first submission, as a failing journal
    /// does, and answers the others. What it was sent and did not refuse.
    fn answer(
        queue: &crossbeam_channel::Receiver<Submission>,
        pulse: &Pulse,
        mut engine: Engine,
        at: Timestamp,
    ) -> Vec<String> {
        let mut taken = Vec::new();
        let mut lost = false;
        while let Ok(Submission { command, reply, .. }) = queue.recv() {
            if !std::mem::replace(&mut lost, true) {
                continue;
            }
            let mut events = Vec::new();
            let seq = Seq(engine.seq().0 + 1);
            engine.apply(seq, at, &command, &mut events);
            pulse.tell(&engine);
            assert!(!matches!(
                events[..],
                [Event::Refused { code: Reject::InvalidDay | Reject::InvalidStep, .. }]
            ));
            match &command {
                Command::RollDay { profile, day } => {
                    taken.push(format!("{} {day}", profile.as_str()));
                }
                Command::Session { step, .. } => taken.push(step.as_str().to_owned()),
                other => panic!("{other:?}"),
            }
            let step = Step { seq, at, command, events: 0..events.len() as u32 };
            let batch = Batch { steps: vec![step], events, ..Batch::default() };
            let _ = reply.send(Receipt::new(Arc::new(batch), 0));
            if taken.len() == 5 {
                break;
            }
        }
        taken
    }

    #[test]
    fn what_was_due_before_the_start_is_made_up_and_not_late() {
        let waits = Waits { since: Timestamp(1_000) };
        let cases = [
            (999, 5_000, Lateness { by: 4_001, made_up: true }),
            (1_000, 1_000, Lateness { by: 0, made_up: false }),
            (1_200, 5_000, Lateness { by: 3_800, made_up: false }),
            // The clock was set back.
            (1_200, 1_100, Lateness { by: 0, made_up: false }),
        ];
        for (due, now, expected) in cases {
            assert_eq!(waits.lateness(Timestamp(due), Timestamp(now)), expected);
        }
        let histogram = Histogram::with_opts(prometheus::histogram_opts!("waited", "-")).unwrap();
        let made_up = METRICS.made_up.get();
        Lateness { by: 14 * 3_600_000_000_000, made_up: true }.tell(&histogram);
        assert_eq!((histogram.get_sample_count(), histogram.get_sample_sum()), (0, 0.0));
        assert!(METRICS.made_up.get() > made_up);
        Lateness { by: 250_000_000, made_up: false }.tell(&histogram);
        assert_eq!((histogram.get_sample_count(), histogram.get_sample_sum()), (1, 0.25));
    }

    #[tokio::test]
    async fn what_gets_lost_is_sent_again_and_nothing_twice() {
        // Friday 2026-11-20, 09:07 in Tokyo.
        let at = Timestamp(1_763_597_220_000_000_000 + 365 * 86_400_000_000_000);
        let mut engine = Engine::new();
        let limits = Limits {
            accounts: 8,
            instruments: 2,
            assets: 2,
            live_orders: 8,
            answers: 8,
            balances: 8,
        };
        let genesis = Command::Genesis { limits, hash_seed: [1, 2] };
        engine.apply(Seq(1), at, &genesis, &mut Vec::new());
        let pulse = Arc::new(Pulse::of(&engine));
        let (gate, queue, _) = Gate::new(1, 1);
        let stop = CancellationToken::new();
        let calendar = Calendar::new(&Config::default().schedule).unwrap();
        let clock = MarketClock::held(at, 1);
        let schedule = Schedule { calendar, clock, pulse: pulse.clone(), gate };
        let running = tokio::spawn(schedule.run(stop.clone()));
        let other_end = tokio::task::spawn_blocking(move || answer(&queue, &pulse, engine, at));
        let taken = other_end.await.unwrap();
        stop.cancel();
        running.await.unwrap();
        // The first roll was lost; meanwhile the other profile's was not held up.
        let expected =
            ["crypto 20261120", "tse 20261120", "odd_lot_cutoff_morning", "pre_open", "open"];
        assert_eq!(taken, expected);
    }
}
