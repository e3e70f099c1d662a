//! The only source of real time in the console.

use jiff::Timestamp;

/// Now.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
