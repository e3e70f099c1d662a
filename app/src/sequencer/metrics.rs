//! What the sequencer tells Prometheus.

use std::sync::LazyLock;

use prometheus::{
    Histogram, IntCounterVec, IntGauge, exponential_buckets, histogram_opts, register_histogram,
    register_int_counter_vec, register_int_gauge,
};
use zaraba_engine::{Command, Event, Reject};

use crate::bus::Batch;

pub(super) struct Metrics {
    pub apply_seconds: Histogram,
    pub ack_seconds: Histogram,
    pub queue_depth: IntGauge,
    pub commands: IntCounterVec,
    pub rejects: IntCounterVec,
    pub durable_seq: IntGauge,
}

fn histogram(name: &str, help: &str, start: f64, count: usize) -> Histogram {
    let buckets = exponential_buckets(start, 2.0, count).expect("start and factor are positive");
    register_histogram!(histogram_opts!(name, help, buckets)).expect("registered once")
}

pub(super) static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let rejects = register_int_counter_vec!(
        "zaraba_rejects_total",
        "Commands refused by the engine, by code.",
        &["code"]
    )
    .expect("registered once");
    for reject in Reject::ALL {
        rejects.with_label_values(&[reject.code()]); // so that every code shows from the start
    }
    Metrics {
        apply_seconds: histogram(
            "zaraba_apply_seconds",
            "Time to lock, match, settle and encode one command.",
            250e-9,
            20,
        ),
        ack_seconds: histogram(
            "zaraba_ack_seconds",
            "Time from the gate to the release of the durable answer.",
            50e-6,
            18,
        ),
        queue_depth: register_int_gauge!(
            "zaraba_gate_queue_depth",
            "Commands waiting at the gate to be sequenced."
        )
        .expect("registered once"),
        commands: register_int_counter_vec!(
            "zaraba_commands_total",
            "Commands released, by kind.",
            &["kind"]
        )
        .expect("registered once"),
        rejects,
        durable_seq: register_int_gauge!(
            "zaraba_durable_seq",
            "Sequence up to which the journal is durable and released."
        )
        .expect("registered once"),
    }
});

const KINDS: [&str; 31] = [
    "genesis",
    "create_asset",
    "create_instrument",
    "create_account",
    "set_account_status",
    "set_instrument_status",
    "set_price_limits",
    "transfer",
    "place",
    "amend",
    "cancel",
    "cancel_many",
    "roll_day",
    "session",
    "wake",
    "place_contingent",
    "place_odd_lot",
    "set_odd_lot_terms",
    "set_ticks",
    "set_listed_shares",
    "set_halts",
    "set_breaker",
    "start_call",
    "set_fee_tiers",
    "set_group",
    "set_risk_limits",
    "set_kill",
    "set_firm",
    "set_participants",
    "anchor",
    "correct_trade",
];

fn kind_index(command: &Command) -> usize {
    match command {
        Command::Genesis { .. } => 0,
        Command::CreateAsset(_) => 1,
        Command::CreateInstrument(_) => 2,
        Command::CreateAccount { .. } => 3,
        Command::SetAccountStatus { .. } => 4,
        Command::SetInstrumentStatus { .. } => 5,
        Command::SetPriceLimits { .. } => 6,
        Command::Transfer { .. } => 7,
        Command::Place(_) => 8,
        Command::Amend(_) => 9,
        Command::Cancel(_) => 10,
        Command::CancelMany(_) => 11,
        Command::RollDay { .. } => 12,
        Command::Session { .. } => 13,
        Command::Wake => 14,
        Command::PlaceContingent(_) => 15,
        Command::PlaceOddLot(_) => 16,
        Command::SetOddLotTerms { .. } => 17,
        Command::SetTicks { .. } => 18,
        Command::SetListedShares { .. } => 19,
        Command::SetHalts { .. } => 20,
        Command::SetBreaker { .. } => 21,
        Command::StartCall { .. } => 22,
        Command::SetFeeTiers { .. } => 23,
        Command::SetGroup { .. } => 24,
        Command::SetRiskLimits { .. } => 25,
        Command::SetKill { .. } => 26,
        Command::SetFirm { .. } => 27,
        Command::SetParticipants { .. } => 28,
        Command::Anchor { .. } => 29,
        Command::CorrectTrade { .. } => 30,
        Command::Attributed(attributed) => kind_index(attributed.command.plain()),
    }
}

/// Counts a released batch.
pub(super) fn count(batch: &Batch) {
    let mut kinds = [0u64; KINDS.len()];
    for step in &batch.steps {
        kinds[kind_index(&step.command)] += 1;
    }
    for (kind, count) in KINDS.iter().zip(kinds) {
        if count > 0 {
            METRICS.commands.with_label_values(&[kind]).inc_by(count);
        }
    }
    for event in &batch.events {
        if let Event::Refused { code, .. } = event {
            METRICS.rejects.with_label_values(&[code.code()]).inc();
        }
    }
    METRICS.durable_seq.set(batch.last_seq().0 as i64);
}
