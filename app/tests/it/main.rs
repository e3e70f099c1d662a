//! The one integration binary of the backend.

mod core;

mod store;

mod journal;
mod rest;
