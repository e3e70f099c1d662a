//! What the schedule tells Prometheus.

use std::sync::LazyLock;

use prometheus::{
    Histogram, IntCounter, IntCounterVec, IntGauge, histogram_opts, register_histogram,
    register_int_counter, register_int_counter_vec, register_int_gauge,
};

pub(super) struct Metrics {
    pub steps: IntCounterVec,
    pub rolls: IntCounterVec,
    pub wakes: IntCounter,
    pub timers: IntCounter,
    pub refused: IntCounter,
    pub made_up: IntCounter,
    pub lateness: Histogram,
    pub wake_lateness: Histogram,
    pub calendar_seconds: IntGauge,
}

const LATENESS: [f64; 10] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 10.0, 60.0, 3_600.0];

fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    register_int_counter_vec!(name, help, labels).expect("registered once")
}

fn lateness(name: &str, help: &str) -> Histogram {
    register_histogram!(histogram_opts!(name, help, LATENESS.to_vec())).expect("registered once")
}

pub(super) static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics {
    steps: counters(
        "zaraba_schedule_steps_total",
        "Moments of the trading day that the engine has taken, by profile and step.",
        &["profile", "step"],
    ),
    rolls: counters(
        "zaraba_schedule_rolls_total",
        "Trading days rolled, by profile.",
        &["profile"],
    ),
    wakes: register_int_counter!(
        "zaraba_schedule_wakes_total",
        "Times the engine was woken for timers that were due."
    )
    .expect("registered once"),
    timers: register_int_counter!(
        "zaraba_schedule_timers_total",
        "Timers of the engine that were served (quotes, calls, triggers)."
    )
    .expect("registered once"),
    refused: register_int_counter!(
        "zaraba_schedule_refused_total",
        "Moments of the schedule that the engine refused; each is tried again."
    )
    .expect("registered once"),
    made_up: register_int_counter!(
        "zaraba_schedule_made_up_total",
        "Moments, rolls and wake-ups that were due before the process started, sent afterwards."
    )
    .expect("registered once"),
    lateness: lateness(
        "zaraba_schedule_lateness_seconds",
        "From when a moment of the day that was waited for was due to when it was sent, in market time.",
    ),
    wake_lateness: lateness(
        "zaraba_schedule_wake_lateness_seconds",
        "From when a timer of the engine that was waited for was due to when it was woken, in market time.",
    ),
    calendar_seconds: register_int_gauge!(
        "zaraba_schedule_calendar_seconds",
        "Time ahead, at the start of the process, that the list of holidays covers."
    )
    .expect("registered once"),
});
