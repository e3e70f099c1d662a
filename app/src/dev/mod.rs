//! (in work)

pub mod postgres;
