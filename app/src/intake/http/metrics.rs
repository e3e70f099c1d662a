//! How REST is doing.

use std::sync::LazyLock;

use prometheus::{
    HistogramVec, IntCounterVec, IntGauge, register_histogram_vec, register_int_counter_vec,
    register_int_gauge,
};

pub(super) struct Metrics {
    pub(super) requests: IntCounterVec,
    pub(super) seconds: HistogramVec,
    pub(super) connections: IntGauge,
}

pub(super) static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    requests: register_int_counter_vec!(
        "zaraba_http_requests_total",
        "Answered requests by method, route and HTTP status.",
        &["method", "route", "status"]
    )
    .expect("registered once, here"),
    seconds: register_histogram_vec!(
        "zaraba_http_request_seconds",
        "Time from a request's header to its answer, by method and route.",
        &["method", "route"],
        vec![
            0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
            1.0, 2.5, 5.0, 10.0
        ]
    )
    .expect("registered once, here"),
    connections: register_int_gauge!(
        "zaraba_http_connections",
        "Open connections on the public and admin ports."
    )
    .expect("registered once, here"),
});
