//! The one integration binary of the backend.

#![allow(clippy::unwrap_used)] // helpers of tests, too, may stop the test

mod core;
mod crash;
mod instance;
mod journal;
mod rest;
mod store;
mod stream;
mod tools;
