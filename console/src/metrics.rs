//! The console's metrics, in the default registry.

use std::sync::LazyLock;

use prometheus::{
    GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, register_gauge_vec, register_histogram_vec, register_int_counter,
    register_int_counter_vec, register_int_gauge, register_int_gauge_vec,
};

/// All of them.
pub struct Metrics {
    /// Answered requests by route and status.
    pub requests: IntCounterVec,
    /// Time to answer by route.
    pub request_seconds: HistogramVec,
    /// Sign-ins by method and result: `ok`, `step`, `wrong`, `throttled`, `busy`, `refused`.
    pub sign_ins: IntCounterVec,
    /// Browsers connected to live pages.
    pub streams: IntGauge,
    /// Fragments pushed to them.
    pub pushed: IntCounter,
    /// Instruments followed upstream.
    pub feeds: IntGauge,
    /// Upstream connections lost or refused.
    pub reconnects: IntCounter,
    /// Audit entries committed, by kind.
    pub audit_entries: IntCounterVec,
    /// Entries that could not be recorded.
    pub audit_failures: IntCounter,
    /// Entries that wait to be committed.
    pub audit_queue: IntGauge,
    /// Requests that wait for a decision or are being applied, by state and matter.
    pub requests_standing: IntGaugeVec,
    /// Age of the oldest of them in seconds.
    pub requests_age: GaugeVec,
    /// Attempts to tell of requests, by hook and result: `delivered`, `failed`, `given_up`.
    pub notices: IntCounterVec,
    /// What people were refused because they asked too often, by what.
    pub too_often: IntCounterVec,
    /// Calls to the identity provider, by what was asked and whether it answered.
    pub provider_calls: IntCounterVec,
    /// Sign-outs that the identity provider told of, by what came of them.
    pub provider_sign_outs: IntCounterVec,
    /// Seconds until the admin API's token ends.
    pub token_seconds: IntGauge,
    /// 1: its file cannot be used.
    pub token_unusable: IntGauge,
    /// 1: the file with the database's password cannot be used.
    pub password_unusable: IntGauge,
    /// Sendings to the system that keeps the logs, by stream and result.
    pub shipments: IntCounterVec,
    /// Lines of the log that were not sent on.
    pub ship_dropped: IntCounter,
    /// Entries of the audit trail that were not sent on yet.
    pub audit_unshipped: IntGauge,
    /// When the head was anchored last, Unix seconds.
    pub audit_anchored: IntGauge,
    /// Entries that no anchor covers yet.
    pub audit_unanchored: IntGauge,
    /// When the chain was verified last, Unix seconds.
    pub audit_verified: IntGauge,
    /// Findings of the last verification; 0: whole.
    pub audit_damaged: IntGauge,
}

impl Metrics {
    /// The histogram of one route.
    pub fn seconds_of(&self, route: &str) -> Histogram {
        self.request_seconds.with_label_values(&[route])
    }
}

/// The registered metrics.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    Metrics::register().expect("each metric has a valid name and is registered here only, once")
});

impl Metrics {
    fn register() -> prometheus::Result<Metrics> {
        Ok(Metrics {
            requests: register_int_counter_vec!(
                "zaraba_console_requests_total",
                "Requests answered, by route and status code.",
                &["route", "status"]
            )?,
            request_seconds: register_histogram_vec!(
                HistogramOpts::new(
                    "zaraba_console_request_duration_seconds",
                    "Time to the head of the answer, by route."
                )
                .buckets(vec![0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0]),
                &["route"]
            )?,
            sign_ins: register_int_counter_vec!(
                "zaraba_console_sign_ins_total",
                "Attempts to sign in, by method and result.",
                &["method", "result"]
            )?,
            streams: register_int_gauge!(
                "zaraba_console_live_connections",
                "Browsers connected to live pages."
            )?,
            pushed: register_int_counter!(
                "zaraba_console_pushed_fragments_total",
                "Page fragments pushed to browsers."
            )?,
            feeds: register_int_gauge!(
                "zaraba_console_followed_instruments",
                "Instruments followed at the backend."
            )?,
            reconnects: register_int_counter!(
                "zaraba_console_feed_failures_total",
                "Times a live connection to the backend was lost or refused."
            )?,
            audit_entries: register_int_counter_vec!(
                "zaraba_console_audit_entries_total",
                "Audit entries committed by this console, by kind.",
                &["kind"]
            )?,
            audit_failures: register_int_counter!(
                "zaraba_console_audit_failures_total",
                "Audit entries that could not be recorded; the page was refused."
            )?,
            audit_queue: register_int_gauge!(
                "zaraba_console_audit_queue",
                "Audit entries that wait to be committed."
            )?,
            requests_standing: register_int_gauge_vec!(
                "zaraba_console_requests",
                "Requests that wait for a second person or are being applied.",
                &["state", "matter"]
            )?,
            requests_age: register_gauge_vec!(
                "zaraba_console_requests_oldest_seconds",
                "Age of the oldest request that waits or is being applied.",
                &["state", "matter"]
            )?,
            notices: register_int_counter_vec!(
                "zaraba_console_notices_total",
                "Attempts to tell of requests, by hook and result.",
                &["hook", "result"]
            )?,
            too_often: register_int_counter_vec!(
                "zaraba_console_too_often_total",
                "Requests refused because a person asked too often, by what (page, search, export, request).",
                &["what"]
            )?,
            provider_calls: register_int_counter_vec!(
                "zaraba_console_provider_calls_total",
                "Calls to the identity provider, by what was asked (metadata, keys, token) and result (answered, failed).",
                &["call", "result"]
            )?,
            provider_sign_outs: register_int_counter_vec!(
                "zaraba_console_provider_sign_outs_total",
                "Sign-outs that the identity provider told of, by result (ok, repeated, wrong, throttled, provider_away).",
                &["result"]
            )?,
            token_seconds: register_int_gauge!(
                "zaraba_console_admin_token_seconds",
                "Seconds until this console's token of the admin API ends, when it was read last."
            )?,
            token_unusable: register_int_gauge!(
                "zaraba_console_admin_token_unusable",
                "1: backend.admin_token_file cannot be used as it is now."
            )?,
            password_unusable: register_int_gauge!(
                "zaraba_console_password_unusable",
                "1: database.password_file cannot be used as it is now; the last good one stays."
            )?,
            shipments: register_int_counter_vec!(
                "zaraba_console_shipments_total",
                "Sendings to the system that keeps the logs, by stream (audit, log) and result.",
                &["stream", "result"]
            )?,
            ship_dropped: register_int_counter!(
                "zaraba_console_ship_dropped_lines_total",
                "Lines of the log that were not sent on, because too many waited."
            )?,
            audit_unshipped: register_int_gauge!(
                "zaraba_console_audit_unshipped_entries",
                "Entries of the audit trail that were not sent on yet, where they are."
            )?,
            audit_anchored: register_int_gauge!(
                "zaraba_console_audit_anchored_timestamp_seconds",
                "When this console last saw the audit trail's head go into the journal."
            )?,
            audit_unanchored: register_int_gauge!(
                "zaraba_console_audit_unanchored_entries",
                "Audit entries that no anchor in the journal covers yet."
            )?,
            audit_verified: register_int_gauge!(
                "zaraba_console_audit_verified_timestamp_seconds",
                "When the audit trail was last verified from a page of this console; 0: not since start."
            )?,
            audit_damaged: register_int_gauge!(
                "zaraba_console_audit_damaged_findings",
                "What the last verification found wrong; 0: the chain was whole."
            )?,
        })
    }
}

/// The text that Prometheus scrapes.
///
/// # Errors
/// When encoding fails.
pub fn text() -> prometheus::Result<String> {
    LazyLock::force(&METRICS);
    prometheus::TextEncoder::new().encode_to_string(&prometheus::gather())
}
