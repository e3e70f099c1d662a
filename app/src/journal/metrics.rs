//! What the journal tells Prometheus.

use std::sync::LazyLock;

use prometheus::{
    Histogram, IntCounter, IntGauge, exponential_buckets, histogram_opts, register_histogram,
    register_int_counter, register_int_gauge,
};

pub(crate) struct Metrics {
    pub sync_seconds: Histogram,
    pub batch_commands: Histogram,
    pub bytes: IntCounter,
    pub failed: IntGauge,
    pub snapshot_seq: IntGauge,
    pub snapshot_bytes: IntGauge,
    pub snapshot_seconds: Histogram,
    pub snapshot_failures: IntCounter,
}

fn histogram(name: &str, help: &str, start: f64, factor: f64, count: usize) -> Histogram {
    let buckets = exponential_buckets(start, factor, count).expect("start and factor are positive");
    register_histogram!(histogram_opts!(name, help, buckets)).expect("registered once")
}

fn counter(name: &str, help: &str) -> IntCounter {
    register_int_counter!(name, help).expect("registered once")
}

fn gauge(name: &str, help: &str) -> IntGauge {
    register_int_gauge!(name, help).expect("registered once")
}

pub(crate) static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    sync_seconds: histogram(
        "zaraba_journal_sync_seconds",
        "Time of one fdatasync of the journal.",
        20e-6,
        2.0,
        18,
    ),
    batch_commands: histogram(
        "zaraba_journal_batch_commands",
        "Commands made durable by one fdatasync.",
        1.0,
        2.0,
        15,
    ),
    bytes: counter("zaraba_journal_written_bytes_total", "Bytes appended to the journal."),
    failed: gauge(
        "zaraba_journal_failed",
        "1 when the journal has failed and nothing is acknowledged any more.",
    ),
    snapshot_seq: gauge("zaraba_snapshot_seq", "Sequence of the newest snapshot written."),
    snapshot_bytes: gauge("zaraba_snapshot_bytes", "Size of the newest snapshot written."),
    snapshot_seconds: histogram(
        "zaraba_snapshot_seconds",
        "Time to write one snapshot.",
        1e-3,
        2.0,
        16,
    ),
    snapshot_failures: counter(
        "zaraba_snapshot_failures_total",
        "Snapshots that could not be written.",
    ),
});
