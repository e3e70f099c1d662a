//! The only source of time in the backend: real time, and the market's clock that sequenced
//! time comes from. The two are the same except in `zaraba dev`, where a simulated day may
//! begin at another hour and go faster. Authentication, rate limits and TLS stay on real
//! time. Everything else is given a reading from here, so that a replay sees what the first
//! run saw.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use zaraba_engine::types::Timestamp;

/// Nanoseconds since the Unix epoch, now, in the real world.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Timestamp {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_nanos() as u64)
}

/// The clock the market goes by: journal times, sessions, timers, candles.
#[derive(Clone, Copy, Debug, Default)]
pub struct MarketClock(Option<Simulated>);

#[derive(Clone, Copy, Debug)]
struct Simulated {
    /// When it was started; it stands until then.
    began: &'static OnceLock<Instant>,
    from: Timestamp,
    speed: u32,
}

impl MarketClock {
    /// Real time.
    pub const REAL: MarketClock = MarketClock(None);

    /// A clock that shows `from` until it is started, then goes `speed` times as fast as the
    /// real one. Made once or twice in a process: what its copies share is never freed.
    pub fn held(from: Timestamp, speed: u32) -> MarketClock {
        let began = Box::leak(Box::new(OnceLock::new()));
        MarketClock(Some(Simulated { began, from, speed: speed.max(1) }))
    }

    /// Starts a held clock.
    pub fn start(&self) {
        if let Some(simulated) = &self.0 {
            let _ = simulated.began.set(Instant::now()); // it may go already
        }
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        match self.0 {
            None => now(),
            Some(Simulated { began, from, speed }) => {
                let passed = began.get().map_or(0, |began| began.elapsed().as_nanos());
                let passed = passed.saturating_mul(u128::from(speed));
                Timestamp(from.0.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX)))
            }
        }
    }

    /// How long to wait, in real time, until it shows `at`.
    pub fn until(&self, at: Timestamp) -> Duration {
        Duration::from_nanos(at.0.saturating_sub(self.now().0) / u64::from(self.speed()))
    }

    /// How many times as fast as the real clock it goes.
    pub fn speed(&self) -> u32 {
        self.0.map_or(1, |simulated| simulated.speed)
    }

    /// Whether it is not real time.
    pub fn is_simulated(&self) -> bool {
        self.0.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_begins_where_told_and_waits_are_shorter() {
        let from = Timestamp(1_000_000_000_000);
        let clock = MarketClock::held(from, 60);
        assert_eq!(clock.now(), from);
        clock.start();
        assert!(clock.now() >= from);
        let wait = clock.until(Timestamp(from.0 + 60_000_000_000));
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        assert_eq!(clock.until(Timestamp(5)), Duration::ZERO);
        assert_eq!(MarketClock::REAL.speed(), 1);
    }
}
