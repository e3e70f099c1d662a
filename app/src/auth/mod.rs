//! (in work) API keys, signatures, scopes, rate limits.

/// API keys in memory.
pub struct Keys {}
