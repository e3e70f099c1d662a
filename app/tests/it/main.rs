//! The one integration binary of the backend.

#![allow(clippy::unwrap_used)] // helpers of tests, too, may stop the test

mod back_office;
mod core;
mod crash;
mod instance;
mod journal;
mod ports;
mod requests;
mod rest;
mod schedule;
mod store;
mod stream;
mod tools;

/// Says that a test did not run, by name, where `make test` counts it: past the test harness,
/// which keeps the output of tests that pass to itself.
fn skipped(test: &str, why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}
