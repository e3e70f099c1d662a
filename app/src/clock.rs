//! The only source of real time in the backend. Everything that needs the time is given a
//! reading from here, so that a replay sees what the first run saw.

use zaraba_engine::types::Timestamp;

/// Nanoseconds since the Unix epoch, now.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Timestamp {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_nanos() as u64)
}
