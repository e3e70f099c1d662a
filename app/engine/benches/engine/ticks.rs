//! The clock for single commands.

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
