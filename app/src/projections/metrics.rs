//! What the projector measures.

use std::sync::LazyLock;

use prometheus::{
    Gauge, Histogram, IntCounter, IntCounterVec, IntGauge, histogram_opts, register_gauge,
    register_histogram, register_int_counter, register_int_counter_vec, register_int_gauge,
};

pub(super) struct Metrics {
    pub lag_commands: IntGauge,
    pub lag_seconds: Gauge,
    pub sequence: IntGauge,
    pub refused: IntGauge,
    pub commands: IntCounter,
    pub rows: IntCounterVec,
    pub transaction_seconds: Histogram,
    pub errors: IntCounterVec,
}

/// Registered once in the default registry; names and labels are fixed, so that registering
/// them cannot fail.
pub(super) static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    lag_commands: register_int_gauge!(
        "zaraba_projection_lag_commands",
        "Durable commands that are not in Postgres yet."
    )
    .expect("registered once"),
    lag_seconds: register_gauge!(
        "zaraba_projection_lag_seconds",
        "Age of the last projected command while others wait; zero when caught up."
    )
    .expect("registered once"),
    sequence: register_int_gauge!(
        "zaraba_projection_sequence",
        "Journal sequence the tables have reached."
    )
    .expect("registered once"),
    refused: register_int_gauge!(
        "zaraba_projection_refused",
        "1 while the projector refuses to write because tables and journal contradict."
    )
    .expect("registered once"),
    commands: register_int_counter!("zaraba_projection_commands_total", "Commands projected.")
        .expect("registered once"),
    rows: register_int_counter_vec!(
        "zaraba_projection_rows_total",
        "Rows written, by table.",
        &["table"]
    )
    .expect("registered once"),
    transaction_seconds: register_histogram!(histogram_opts!(
        "zaraba_projection_transaction_seconds",
        "Time of one projection transaction.",
        vec![0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0]
    ))
    .expect("registered once"),
    errors: register_int_counter_vec!(
        "zaraba_projection_errors_total",
        "Failed attempts to project, by kind.",
        &["kind"]
    )
    .expect("registered once"),
});
