//! Hints about memory: to the processor, what will be needed soon; to the system, where large
//! pages help. Nothing is read, written or decided here, and a hint for an address that is not
//! there does nothing. The only unsafe code of the engine.

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
    if !size_of::<T>().is_multiple_of(LINE) && size_of::<T>() > align_of::<T>() {
        // A record that does not fill its lines may begin anywhere in one.
        line(start.wrapping_add(size_of::<T>() - 1));
    }
}

/// Brings the first line of the record at `at` close.
#[inline(always)]
pub(crate) fn prefetch_line<T>(slice: &[T], at: usize) {
    line(slice.as_ptr().wrapping_add(at).cast());
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

/// A vector with room for `capacity` records that is filled from the front: reserved in large
/// pages where the system has them, so that what is touched at random later is found with fewer
/// look-ups of pages.
pub(crate) fn large<T>(capacity: usize) -> Vec<T> {
    let list: Vec<T> = Vec::with_capacity(capacity);
    advise(list.as_ptr().cast(), capacity * size_of::<T>());
    list
}

/// Zeros that are touched at random: in large pages too, unless they are so many that they would
/// take much memory before they are used.
pub(crate) fn zeroed(size: usize) -> Vec<u64> {
    const MOST: usize = 64 << 20;
    let list = vec![0; size];
    if size_of_val(&*list) <= MOST {
        advise(list.as_ptr().cast(), size_of_val(&*list));
    }
    list
}

#[cfg(target_os = "linux")]
fn advise(start: *const u8, bytes: usize) {
    use std::ffi::{c_int, c_void};
    unsafe extern "C" {
        fn madvise(start: *mut c_void, bytes: usize, advice: c_int) -> c_int;
    }
    const LARGE_PAGE: usize = 2 << 20;
    const MADV_HUGEPAGE: c_int = 14;
    let unaligned = start.align_offset(LARGE_PAGE);
    let whole = bytes.saturating_sub(unaligned) / LARGE_PAGE * LARGE_PAGE;
    if whole > 0 {
        let start = start.wrapping_add(unaligned).cast_mut().cast();
        // SAFETY: the range is inside one allocation of ours, and the advice changes no content.
        // Where the system does not know it, nothing is lost.
        unsafe { madvise(start, whole, MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn advise(_start: *const u8, _bytes: usize) {}
