//! Ports of 127.0.0.1 that are given to one after the other, of the same kind as the backend's tests
//! take.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

#[path = "../../../app/tests/it/ports.rs"]
mod backends;

pub use backends::four;

/// A listener on a port that no other test of this process gets, unless thousands are given out:
/// whoever lets it go can have it again. Between those of [`four`] and those that private servers of
/// Postgres take.
pub fn listener() -> TcpListener {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 13_000;
    const COUNT: u16 = 3_000;
    let begin = (std::process::id() % u32::from(COUNT)) as u16;
    let next = || FIRST + (begin + GIVEN.fetch_add(1, Ordering::Relaxed) % COUNT) % COUNT;
    (0..COUNT).find_map(|_| TcpListener::bind(("127.0.0.1", next())).ok()).expect("a free port")
}
