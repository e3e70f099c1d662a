//! The clock for single commands.

use std::hint::black_box;
use std::time::Duration;

/// A clock that costs little: the processor's tick counter.
#[cfg(target_arch = "x86_64")]
pub fn ticks() -> u64 {
    // SAFETY: reads a register that every x86-64 has.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// A clock: nanoseconds.
#[cfg(not(target_arch = "x86_64"))]
pub fn ticks() -> u64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGIN.elapsed().as_nanos() as u64
}

/// How many [`ticks`] a nanosecond has.
pub fn ticks_per_nanosecond() -> f64 {
    let (begun, from) = (std::time::Instant::now(), ticks());
    while begun.elapsed() < Duration::from_millis(50) {}
    (ticks() - from) as f64 / begun.elapsed().as_nanos() as f64
}

/// How many [`ticks`] one reading takes, on average: a single one may lie within one step of the
/// clock.
pub fn own_ticks() -> f64 {
    const READINGS: u64 = 1_000_000;
    let from = ticks();
    for _ in 0..READINGS {
        black_box(ticks());
    }
    (ticks() - from) as f64 / READINGS as f64
}
