//! What a load run found: throughput, latency percentiles, refusals, errors.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use hyper::Method;
use serde_json::{Value, json};

use super::worker::Outcome;
use crate::tools::client::{Connection, Endpoint, Key, Order};

/// Percentiles shown, with their names.
const PERCENTILES: [(&str, f64); 4] =
    [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9)];

/// The result of a run.
pub struct Report {
    rate: Option<f64>,
    latency_us: Histogram<u64>,
    done: BTreeMap<&'static str, u64>,
    rejects: BTreeMap<String, u64>,
    errors: BTreeMap<String, u64>,
    acks: Vec<(u32, String, String)>,
    took: Duration,
    /// Acknowledged orders looked up again, and those not found as acknowledged.
    verified: Option<(u64, u64)>,
}

fn add<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}

impl Report {
    /// An empty report; `rate` is the open loop's, in requests per second.
    pub fn new(rate: Option<f64>) -> Report {
        Report {
            rate,
            latency_us: Histogram::new(3)
                .unwrap_or_else(|_| unreachable!("three digits are allowed")),
            done: BTreeMap::new(),
            rejects: BTreeMap::new(),
            errors: BTreeMap::new(),
            acks: Vec::new(),
            took: Duration::ZERO,
            verified: None,
        }
    }

    /// Adds what one connection measured.
    pub fn add(&mut self, outcome: Outcome) {
        // The histogram grows by itself, so adding cannot fail.
        let _ = self.latency_us.add(&outcome.latency_us);
        add(&mut self.done, outcome.done);
        add(&mut self.rejects, outcome.rejects);
        add(&mut self.errors, outcome.errors);
        self.acks.extend(outcome.acks);
    }

    /// Notes how long the run took.
    pub fn finish(&mut self, took: Duration) {
        self.took = took;
    }

    /// Requests that were answered, refusals included.
    pub fn answers(&self) -> u64 {
        self.latency_us.len()
    }

    /// How many acknowledged orders were not found again, if any and if looked.
    pub fn verify_failures(&self) -> Option<u64> {
        self.verified.map(|(_, missing)| missing).filter(|missing| *missing > 0)
    }

    /// Looks up every acknowledged order by its client id.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn verify(&mut self, endpoint: &Endpoint, keys: &[Arc<Key>]) -> Result<()> {
        let mut connection = Connection::new(endpoint.clone());
        let mut missing = 0;
        for (worker, client_id, order_id) in &self.acks {
            let path = format!("/v1/orders/by-client-id/{client_id}");
            let key = &keys[*worker as usize % keys.len()];
            let answer = connection.call(key, Method::GET, &path, bytes::Bytes::new()).await?;
            match answer.json::<Order>(&path) {
                Ok(order) if order.order_id == *order_id => {}
                _ => missing += 1,
            }
        }
        self.verified = Some((self.acks.len() as u64, missing));
        Ok(())
    }

    fn succeeded(&self) -> u64 {
        self.done.values().sum()
    }

    fn per_second(&self) -> f64 {
        self.succeeded() as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }

    /// The report for scripts; latencies in microseconds.
    pub fn json(&self) -> Value {
        let mut latency: serde_json::Map<String, Value> = PERCENTILES
            .iter()
            .map(|(name, at)| ((*name).to_owned(), self.latency_us.value_at_percentile(*at).into()))
            .collect();
        latency.insert("max".into(), self.latency_us.max().into());
        json!({
            "loop": if self.rate.is_some() { "open" } else { "closed" },
            "rate_intended": self.rate,
            "seconds": self.took.as_secs_f64(),
            "orders_per_second": self.per_second(),
            "answers_per_second": self.answers() as f64 / self.took.as_secs_f64().max(f64::EPSILON),
            "succeeded": self.succeeded(),
            "by_kind": self.done,
            "latency_us": latency,
            "rejects": self.rejects,
            "errors": self.errors,
            "verified": self.verified.map(|(orders, missing)| json!({
                "orders": orders, "missing": missing })),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rate {
            Some(rate) => writeln!(
                f,
                "open loop at {rate:.0}/s, latency counted from the intended send time"
            )?,
            None => writeln!(f, "closed loop")?,
        }
        writeln!(
            f,
            "{} succeeded in {:.1} s: {:.0} orders/s",
            self.succeeded(),
            self.took.as_secs_f64(),
            self.per_second()
        )?;
        for (kind, count) in &self.done {
            writeln!(f, "  {kind:<8}{count:>12}")?;
        }
        writeln!(f, "latency in ms")?;
        for (name, at) in PERCENTILES {
            let micros = self.latency_us.value_at_percentile(at);
            writeln!(f, "  {name:<8}{:>12.3}", micros as f64 / 1000.0)?;
        }
        writeln!(f, "  {:<8}{:>12.3}", "max", self.latency_us.max() as f64 / 1000.0)?;
        for (title, counts) in [("rejects", &self.rejects), ("errors", &self.errors)] {
            writeln!(f, "{title}: {}", counts.values().sum::<u64>())?;
            for (what, count) in counts {
                writeln!(f, "  {count:>8}  {what}")?;
            }
        }
        if let Some((orders, missing)) = self.verified {
            writeln!(f, "verified: {orders} acknowledged orders, {missing} not found again")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_add_up() {
        let outcome = |micros: &[u64], reject: &str| {
            let mut latency_us = Histogram::new_with_bounds(1, 60_000_000, 3).unwrap();
            for m in micros {
                latency_us.record(*m).unwrap();
            }
            Outcome {
                latency_us,
                done: BTreeMap::from([("place", micros.len() as u64 - 1)]),
                rejects: BTreeMap::from([(reject.to_owned(), 1)]),
                errors: BTreeMap::new(),
                acks: Vec::new(),
            }
        };
        let mut report = Report::new(None);
        report.add(outcome(&[100; 99], "busy"));
        report.add(outcome(&[100, 50_000_000], "busy"));
        report.finish(Duration::from_secs(2));
        let json = report.json();
        assert_eq!(json["succeeded"], 99);
        assert_eq!(json["orders_per_second"], 49.5);
        assert_eq!(json["answers_per_second"], 50.5);
        assert_eq!(json["rejects"]["busy"], 2);
        assert_eq!(json["latency_us"]["p50"], 100);
        assert!(json["latency_us"]["max"].as_u64().unwrap() >= 49_000_000);
        assert_eq!(report.answers(), 101);
    }
}
