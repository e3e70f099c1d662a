//! Ports of 127.0.0.1 that are given to one after the other: below those that systems give to
//! connections that go out, one of which could hold a port while its server is away.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Four free ports next to each other, other ones for each test.
pub fn four() -> u16 {
    static TESTS: AtomicU16 = AtomicU16::new(0);
    let free = |base: &u16| {
        let held = (*base..*base + 4).map_while(|p| TcpListener::bind(("127.0.0.1", p)).ok());
        held.count() == 4
    };
    // Twenty stretches: the last ends at 32,000 whatever the process.
    let begin = 16_000 + (std::process::id() % 500) as u16 * 8;
    let begin = begin + TESTS.fetch_add(1, Ordering::Relaxed) % 20 * 600;
    (begin..begin + 600).step_by(4).find(free).expect("four free ports next to each other")
}

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
