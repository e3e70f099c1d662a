//! The trading day as the engine knows it: which moment each profile is at, and what each
//! moment does to the instruments that follow sessions.

use crate::engine::Engine;
use crate::event::Event;
use crate::reject::Reject;
use crate::types::*;

/// Where a profile's session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Session {
    /// Trading day of the last moment.
    pub(crate) day: u32,
    /// The last moment.
    pub(crate) step: SessionStep,
    /// Whether instruments remain to be handled, and the next one.
    pub(crate) stepping: bool,
    pub(crate) cursor: u32,
}

impl Default for Session {
    fn default() -> Session {
        Session { day: 0, step: SessionStep::None, stepping: false, cursor: 0 }
    }
}

impl Session {
    /// The phase an instrument is in after this moment.
    pub(crate) fn phase(&self) -> Phase {
        match self.step {
            SessionStep::None | SessionStep::OddLotMorning | SessionStep::Close => Phase::Closed,
            SessionStep::PreOpen | SessionStep::AfternoonPreOpen => Phase::PreOpen,
            SessionStep::Open
            | SessionStep::OddLotAfternoon
            | SessionStep::AfternoonOpen
            | SessionStep::OddLotClose => Phase::Continuous,
            SessionStep::MorningClose => Phase::Break,
            SessionStep::PreClose => Phase::PreClose,
        }
    }
}

impl Engine {
    /// Handles a moment of the day, or its next slice.
    pub(super) fn session(
        &mut self,
        profile: Profile,
        day: u32,
        step: SessionStep,
        until: Timestamp,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let _ = (profile, day, step, until, events);
        Err(Reject::InvalidStep)
    }

    /// Serves timers that are due.
    pub(super) fn wake(&mut self, events: &mut Vec<Event>) {
        events.push(Event::Woken { count: 0, more: false });
    }
}
