//! Telling the processor early what will be needed. Only a hint: nothing is read, written or
//! decided here, and a hint for an address that is not there does nothing. The only unsafe code
//! of the engine.

/// Bytes of a cache line.
const LINE: usize = 64;

/// Brings the record at `at` close, all its lines. Outside the slice: nothing worth having.
#[inline(always)]
pub(crate) fn prefetch<T>(slice: &[T], at: usize) {
    let start = slice.as_ptr().wrapping_add(at).cast::<u8>();
    let mut offset = 0;
    while offset < size_of::<T>() {
        line(start.wrapping_add(offset));
        offset += LINE;
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn line(address: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch never faults, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn line(address: *const u8) {
    // SAFETY: a prefetch never faults, whatever the address.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{0}]", in(reg) address, options(nostack, readonly));
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(always)]
fn line(_address: *const u8) {}
