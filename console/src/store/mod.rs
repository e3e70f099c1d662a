//! The console's own tables (schema `console`): staff, sessions, second factors, invitations,
//! failed sign-ins, requests and what is told of them. SQL only; rules are in `session`,
//! `password`, `people`, `requests` and the pages.

pub mod factors;
pub mod failures;
pub mod identities;
pub mod invitations;
pub mod notices;
pub mod requests;
pub mod sessions;
pub mod staff;
pub mod steps;
