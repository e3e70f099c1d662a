//! What the state says about time, told by the sequencer after each run of commands: when it
//! wants to be woken, and at which trading day and session step each profile is. Read by
//! `schedule`, which has no state of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;
use zaraba_engine::Engine;
use zaraba_engine::types::{Profile, SessionStep, Timestamp};

/// Nothing waits to be woken.
const NEVER: u64 = u64::MAX;

/// At which trading day and session step a profile is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// Trading day, yyyymmdd; zero: none yet.
    pub day: u32,
    /// Whether its roll is incomplete.
    pub rolling: bool,
    /// The last session step of that day.
    pub step: SessionStep,
    /// Whether that step is incomplete.
    pub stepping: bool,
}

impl Position {
    /// As the engine stands.
    fn of(engine: &Engine, profile: Profile) -> Position {
        let (day, (session_day, step)) = (engine.day(profile), engine.session_step(profile));
        let step = if session_day == day { step } else { SessionStep::None };
        let (rolling, stepping) = (engine.is_rolling(profile), engine.is_stepping(profile));
        Position { day, rolling, step, stepping }
    }

    fn packed(self) -> u64 {
        u64::from(self.day) << 16
            | (self.step as u64) << 8
            | u64::from(self.rolling) << 1
            | u64::from(self.stepping)
    }

    fn unpacked(packed: u64) -> Position {
        Position {
            day: (packed >> 16) as u32,
            rolling: packed & 2 != 0,
            step: SessionStep::from_number((packed >> 8) as u8).unwrap_or(SessionStep::None),
            stepping: packed & 1 != 0,
        }
    }
}

/// The shared cell; see the module.
pub struct Pulse {
    due: AtomicU64,
    positions: [AtomicU64; 2],
    sooner: Notify,
}

impl Pulse {
    /// As a recovered engine stands.
    pub fn of(engine: &Engine) -> Pulse {
        let pulse = Pulse {
            due: AtomicU64::new(NEVER),
            positions: [AtomicU64::new(0), AtomicU64::new(0)],
            sooner: Notify::new(),
        };
        pulse.tell(engine);
        pulse
    }

    /// Takes over what the engine says; called by the sequencer only.
    pub(crate) fn tell(&self, engine: &Engine) {
        for &profile in Profile::ALL {
            let packed = Position::of(engine, profile).packed();
            self.positions[profile as usize].store(packed, Ordering::Release);
        }
        let due = engine.next_due().map_or(NEVER, |due| due.0);
        if self.due.swap(due, Ordering::AcqRel) > due {
            self.sooner.notify_one();
        }
    }

    /// At which day and step a profile is.
    pub fn position(&self, profile: Profile) -> Position {
        Position::unpacked(self.positions[profile as usize].load(Ordering::Acquire))
    }

    /// When the engine wants to be woken.
    pub fn due(&self) -> Option<Timestamp> {
        let due = self.due.load(Ordering::Acquire);
        (due != NEVER).then_some(Timestamp(due))
    }

    /// Resolves when the engine wants to be woken sooner than before.
    pub async fn sooner(&self) {
        self.sooner.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_packing() {
        for step in SessionStep::ALL {
            for (rolling, stepping) in [(false, false), (true, false), (false, true)] {
                let position = Position { day: 20261124, rolling, step: *step, stepping };
                assert_eq!(Position::unpacked(position.packed()), position);
            }
        }
    }
}
