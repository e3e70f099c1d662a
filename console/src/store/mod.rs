//! The console's own tables (schema `console`): staff, sessions, failed sign-ins, requests and
//! what is told of them. SQL only; rules are in `session`, `password`, `requests` and the pages.

pub mod failures;
pub mod notices;
pub mod requests;
pub mod sessions;
pub mod staff;
