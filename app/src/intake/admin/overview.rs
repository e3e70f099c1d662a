//! `GET overview`: how the platform is, in numbers that exist: positions from the parts,
//! rates and quantiles from samples of the metrics that are served to Prometheus too.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::{Extension, Json};
use parking_lot::Mutex;
use prometheus::proto::MetricFamily;
use serde::Serialize;

use crate::clock;
use crate::intake::http::extract::NoParams;
use crate::market::text::time;
use crate::platform::Platform;

/// Time between samples.
const EVERY: Duration = Duration::from_secs(1);
/// Samples kept: quantiles are over the last minute.
const KEPT: usize = 61;
/// Samples a rate is taken over.
const RATE_OVER: usize = 5;

/// The ack histogram and order count at one moment.
#[derive(Clone)]
struct Sample {
    at: Instant,
    orders: u64,
    ack: Vec<(f64, u64)>,
}

/// Recent samples.
#[derive(Default)]
pub(super) struct Rates(Mutex<VecDeque<Sample>>);

/// Samples for ever.
pub(super) async fn sample(platform: Platform, rates: Arc<Rates>) {
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let ack = histogram(&prometheus::gather(), "zaraba_ack_seconds");
        let mut samples = rates.0.lock();
        if samples.len() == KEPT {
            samples.pop_front();
        }
        samples.push_back(Sample { at: Instant::now(), orders: platform.live.orders_ever(), ack });
    }
}

impl Rates {
    /// Orders per second over the last seconds.
    fn orders_per_second(&self) -> f64 {
        let samples = self.0.lock();
        let (Some(last), Some(first)) =
            (samples.back(), samples.get(samples.len().saturating_sub(RATE_OVER + 1)))
        else {
            return 0.0;
        };
        let seconds = (last.at - first.at).as_secs_f64();
        if seconds > 0.0 { (last.orders - first.orders) as f64 / seconds } else { 0.0 }
    }

    /// A quantile of the time to the durable answer, over the last minute.
    fn ack(&self, quantile: f64) -> Option<f64> {
        let samples = self.0.lock();
        let (first, last) = (samples.front()?, samples.back()?);
        let earlier =
            |bound: f64| first.ack.iter().find(|(b, _)| *b == bound).map_or(0, |(_, count)| *count);
        let window: Vec<(f64, u64)> =
            last.ack.iter().map(|(bound, count)| (*bound, count - earlier(*bound))).collect();
        quantile_of(&window, quantile)
    }
}

/// The quantile of cumulative buckets `(upper bound, count)`, linear within a bucket.
fn quantile_of(buckets: &[(f64, u64)], quantile: f64) -> Option<f64> {
    let total = buckets.last().map(|(_, count)| *count).filter(|count| *count > 0)?;
    let wanted = quantile * total as f64;
    let (mut low, mut below) = (0.0, 0);
    for (bound, count) in buckets {
        if *count as f64 >= wanted {
            if bound.is_infinite() {
                return Some(low);
            }
            let within = (wanted - below as f64) / (count - below).max(1) as f64;
            return Some(low + (bound - low) * within);
        }
        (low, below) = (*bound, *count);
    }
    None
}

fn family<'f>(families: &'f [MetricFamily], name: &str) -> Option<&'f MetricFamily> {
    families.iter().find(|family| family.name() == name)
}

fn histogram(families: &[MetricFamily], name: &str) -> Vec<(f64, u64)> {
    let metric = family(families, name).and_then(|family| family.get_metric().first());
    let Some(metric) = metric else { return Vec::new() };
    let histogram = metric.get_histogram();
    let buckets = histogram.get_bucket().iter().map(|b| (b.upper_bound(), b.cumulative_count()));
    let finite = buckets.filter(|(bound, _)| bound.is_finite());
    finite.chain([(f64::INFINITY, histogram.get_sample_count())]).collect()
}

fn gauge(families: &[MetricFamily], name: &str) -> u64 {
    let metric = family(families, name).and_then(|family| family.get_metric().first());
    metric.map_or(0, |metric| metric.get_gauge().get_value() as u64)
}

fn counters(families: &[MetricFamily], name: &str, label: &str) -> BTreeMap<String, u64> {
    let metrics = family(families, name).map_or(&[][..], MetricFamily::get_metric);
    let named = metrics.iter().filter_map(|metric| {
        let label = metric.get_label().iter().find(|pair| pair.name() == label)?;
        Some((label.value().to_owned(), metric.get_counter().get_value() as u64))
    });
    named.filter(|(_, count)| *count > 0).collect()
}

/// How the platform is.
#[derive(Serialize)]
pub(super) struct Overview {
    seq: u64,
    durable_seq: u64,
    projected_seq: u64,
    journal_error: Option<String>,
    postgres_ok: bool,
    started_at: String,
    uptime_seconds: f64,
    /// Over the last five seconds.
    orders_per_second: f64,
    /// Since the journal began, recorded refusals included.
    orders_total: u64,
    /// Since the journal began.
    trades_total: u64,
    accounts_total: usize,
    /// Since the process started; codes that occurred.
    rejects_by_code: BTreeMap<String, u64>,
    ack_latency_seconds: AckLatency,
    queue_depth: usize,
    stream_clients: u64,
    /// Instruments by profile and phase.
    phases: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

/// Over the last minute; null when nothing was acknowledged.
#[derive(Serialize)]
struct AckLatency {
    p50: Option<f64>,
    p99: Option<f64>,
}

/// How the platform is.
pub(super) async fn overview(
    State(platform): State<Platform>,
    _: NoParams,
    Extension(rates): Extension<Arc<Rates>>,
) -> Json<Overview> {
    let families = prometheus::gather();
    let started = platform.status.started_at;
    let mut phases: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (_, state) in platform.live.instruments() {
        let profile = phases.entry(state.spec.profile.as_str()).or_default();
        *profile.entry(state.phase_word()).or_default() += 1;
    }
    Json(Overview {
        seq: platform.live.seq().0,
        durable_seq: platform.status.durable.get().0,
        projected_seq: platform.status.projected().0,
        journal_error: platform.status.journal_error(),
        postgres_ok: platform.status.postgres_ok(),
        started_at: time(started),
        uptime_seconds: clock::now().0.saturating_sub(started.0) as f64 / 1e9,
        orders_per_second: rates.orders_per_second(),
        orders_total: platform.live.orders_ever(),
        trades_total: platform.live.last_trade().0,
        accounts_total: platform.live.account_count(),
        rejects_by_code: counters(&families, "zaraba_rejects_total", "code"),
        ack_latency_seconds: AckLatency { p50: rates.ack(0.5), p99: rates.ack(0.99) },
        queue_depth: platform.gate.depth(),
        stream_clients: gauge(&families, "zaraba_stream_clients"),
        phases,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_in_their_bucket() {
        let buckets = [(1.0, 10), (2.0, 90), (4.0, 100), (f64::INFINITY, 100)];
        assert_eq!(quantile_of(&buckets, 0.5), Some(1.5));
        assert_eq!(quantile_of(&buckets, 0.05), Some(0.5));
        assert_eq!(quantile_of(&buckets, 0.95), Some(3.0));
        assert_eq!(
            quantile_of(&[(1.0, 0), (f64::INFINITY, 4)], 0.5),
            Some(1.0),
            "beyond all bounds"
        );
        assert_eq!(quantile_of(&[(1.0, 0), (f64::INFINITY, 0)], 0.5), None);
        assert_eq!(quantile_of(&[], 0.5), None);
    }

    #[test]
    fn rates_are_differences_of_samples() {
        let rates = Rates::default();
        assert_eq!((rates.orders_per_second(), rates.ack(0.5)), (0.0, None));
        let start = Instant::now();
        for second in 0..10u64 {
            rates.0.lock().push_back(Sample {
                at: start + Duration::from_secs(second),
                orders: 1000 + second * 20,
                ack: vec![(0.001, 7 + second), (f64::INFINITY, 7 + second)],
            });
        }
        assert_eq!(rates.orders_per_second(), 20.0);
        assert_eq!(rates.ack(0.5), Some(0.0005), "only the nine of the window count");
    }
}
