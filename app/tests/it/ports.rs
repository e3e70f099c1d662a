//! Ports of 127.0.0.1 for what tests start, the console's too: below those that systems give to
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
