//! How often callers are turned away.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGauge, register_int_counter_vec, register_int_gauge};

pub(super) struct Metrics {
    pub(super) failures: IntCounterVec,
    pub(super) keys: IntGauge,
    pub(super) refresh_failures: IntCounterVec,
}

pub(super) static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    failures: register_int_counter_vec!(
        "zaraba_auth_failures_total",
        "Requests turned away before they were looked at, by code (rate_limited included).",
        &["code"]
    )
    .expect("registered once, here"),
    keys: register_int_gauge!("zaraba_api_keys", "API keys that can be used.")
        .expect("registered once, here"),
    refresh_failures: register_int_counter_vec!(
        "zaraba_api_key_refresh_failures_total",
        "Failed attempts to read changed API keys from Postgres or to write the local copy.",
        &["what"]
    )
    .expect("registered once, here"),
});
