//! The console's own tables (schema `console`): staff, sessions, failed sign-ins. SQL only;
//! rules are in `session`, `password` and the pages.

pub mod failures;
pub mod sessions;
pub mod staff;
