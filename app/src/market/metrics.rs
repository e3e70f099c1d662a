//! What the market room and the stream count.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, register_histogram,
    register_int_counter, register_int_counter_vec, register_int_gauge,
};

/// The room's metrics, registered on first use.
pub static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::register);

/// Metrics of market data and the stream.
pub struct Metrics {
    /// Connected WebSocket clients.
    pub clients: IntGauge,
    /// Connected server-sent-event readers of the admin port.
    pub readers: IntGauge,
    /// Messages written to clients.
    pub messages: IntCounter,
    /// Bytes of messages written to clients.
    pub bytes: IntCounter,
    /// States that were replaced while they waited.
    pub conflations: IntCounter,
    /// Clients dropped, by reason.
    pub drops: IntCounterVec,
    /// Refused operations, by code.
    pub errors: IntCounterVec,
    /// Private events replayed, by source (`memory`, `history`).
    pub replayed: IntCounterVec,
    /// Longest client queue seen.
    pub queue_high_water: IntGauge,
    /// Released batches waiting for the market thread.
    pub batches_waiting: IntGauge,
    /// From a command's sequencing to its publication.
    pub publish_lag: Histogram,
    /// Auctions held.
    pub auctions: IntCounterVec,
    /// Quotes shown or renewed.
    pub quotes: IntCounterVec,
    /// Orders set off.
    pub triggers: IntCounter,
    /// Soft risk limits passed.
    pub risk_warnings: IntCounterVec,
    /// Kill switches that are on.
    pub kill_switches: IntGauge,
    high_water: AtomicUsize,
}

impl Metrics {
    fn register() -> Metrics {
        // Names are constants of this file and registered once, so this cannot fail.
        const ONCE: &str = "a metric of this room is registered once";
        Metrics {
            clients: register_int_gauge!(
                "zaraba_stream_clients",
                "WebSocket clients connected now."
            )
            .expect(ONCE),
            readers: register_int_gauge!(
                "zaraba_stream_console_readers",
                "Live (server-sent events) readers connected to the admin port now."
            )
            .expect(ONCE),
            messages: register_int_counter!(
                "zaraba_stream_messages_total",
                "Messages written to WebSocket clients."
            )
            .expect(ONCE),
            bytes: register_int_counter!(
                "zaraba_stream_message_bytes_total",
                "Bytes of messages written to WebSocket clients."
            )
            .expect(ONCE),
            conflations: register_int_counter!(
                "zaraba_stream_conflations_total",
                "States merged into one still waiting for a slow client."
            )
            .expect(ONCE),
            drops: register_int_counter_vec!(
                Opts::new("zaraba_stream_drops_total", "Clients dropped, by reason."),
                &["reason"]
            )
            .expect(ONCE),
            errors: register_int_counter_vec!(
                Opts::new("zaraba_stream_errors_total", "Refused client messages, by code."),
                &["code"]
            )
            .expect(ONCE),
            replayed: register_int_counter_vec!(
                Opts::new(
                    "zaraba_stream_replayed_events_total",
                    "Private events sent by resume, by source."
                ),
                &["source"]
            )
            .expect(ONCE),
            queue_high_water: register_int_gauge!(
                "zaraba_stream_queue_high_water_messages",
                "Longest queue any client has had since the start."
            )
            .expect(ONCE),
            batches_waiting: register_int_gauge!(
                "zaraba_market_waiting_batches",
                "Released batches the market thread has not taken in yet."
            )
            .expect(ONCE),
            publish_lag: register_histogram!(
                HistogramOpts::new(
                    "zaraba_market_publish_lag_seconds",
                    "Time from a command's sequencing until the market thread published it."
                )
                .buckets(vec![0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0])
            )
            .expect(ONCE),
            auctions: register_int_counter_vec!(
                Opts::new(
                    "zaraba_auctions_total",
                    "Call auctions held, by kind and how they ended."
                ),
                &["kind", "end"]
            )
            .expect(ONCE),
            quotes: register_int_counter_vec!(
                Opts::new("zaraba_quotes_total", "Special and sequential quotes shown or renewed."),
                &["kind"]
            )
            .expect(ONCE),
            triggers: register_int_counter!(
                "zaraba_triggers_total",
                "Orders that waited and became active: stops, if-done orders, conditions."
            )
            .expect(ONCE),
            risk_warnings: register_int_counter_vec!(
                Opts::new("zaraba_risk_warnings_total", "Soft risk limits passed, by measure."),
                &["measure"]
            )
            .expect(ONCE),
            kill_switches: register_int_gauge!(
                "zaraba_kill_switches",
                "Kill switches that are on: accounts, groups, instruments, the venue."
            )
            .expect(ONCE),
            high_water: AtomicUsize::new(0),
        }
    }

    /// Notes a queue's length.
    pub fn note_queue(&self, length: usize) {
        if length > self.high_water.fetch_max(length, Ordering::Relaxed) {
            self.queue_high_water.set(length as i64);
        }
    }
}
