//! (in work) History from Postgres.

/// History queries.
pub struct History {}
