//! The last minutes of the overview, kept in memory for the charts: one point per five seconds,
//! made of the answers heard in them. What was not heard has no point; nothing is made up.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::backend::Overview;

/// Seconds that one point stands for.
pub const STEP: i64 = 5;
/// Points kept: fifteen minutes.
pub const POINTS: usize = 180;

/// Five seconds of the backend.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Where the five seconds begin.
    pub start: Timestamp,
    /// Orders per second, average of the answers heard.
    pub orders_per_second: f64,
    /// Largest quantiles heard, in seconds; `None` before the first order.
    pub p50: Option<f64>,
    /// See `p50`.
    pub p99: Option<f64>,
    /// Orders refused in these seconds.
    pub rejects: u64,
    heard: u32,
}

/// The points, oldest first, and what the next one is counted from.
#[derive(Clone, Debug, Default)]
pub struct History {
    points: VecDeque<Point>,
    /// Start of the backend and its count of rejects when last heard.
    counted: Option<(String, u64)>,
}

fn total(rejects: &BTreeMap<String, u64>) -> u64 {
    rejects.values().sum()
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

impl History {
    /// Takes in an answer heard at `at`.
    pub fn add(&mut self, at: Timestamp, told: &Overview) {
        let count = total(&told.rejects_by_code);
        // A backend that started anew counts from zero; the first answer has nothing before it.
        let rejects = match self.counted.replace((told.started_at.clone(), count)) {
            Some((started, before)) if started == told.started_at => count.saturating_sub(before),
            Some(_) => count,
            None => 0,
        };
        let second = at.as_second().div_euclid(STEP) * STEP;
        let Ok(start) = Timestamp::from_second(second) else { return };
        let latency = &told.ack_latency_seconds;
        if let Some(last) = self.points.back_mut().filter(|last| last.start >= start) {
            let heard = f64::from(last.heard);
            last.orders_per_second =
                (last.orders_per_second * heard + told.orders_per_second) / (heard + 1.0);
            last.p50 = larger(last.p50, latency.p50);
            last.p99 = larger(last.p99, latency.p99);
            last.rejects += rejects;
            last.heard += 1;
            return;
        }
        if self.points.len() == POINTS {
            self.points.pop_front();
        }
        self.points.push_back(Point {
            start,
            orders_per_second: told.orders_per_second,
            p50: latency.p50,
            p99: latency.p99,
            rejects,
            heard: 1,
        });
    }

    /// The points, newest first, none older than the fifteen minutes before `now`.
    pub fn newest_first(&self, now: Timestamp) -> Vec<Point> {
        let oldest = now.as_second() - STEP * POINTS as i64;
        let young = self.points.iter().rev().filter(|point| point.start.as_second() > oldest);
        young.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(started: &str, rate: f64, p99: Option<f64>, rejects: u64) -> Overview {
        serde_json::from_value(serde_json::json!({
            "seq": 1, "durable_seq": 1, "projected_seq": 1, "journal_error": null,
            "postgres_ok": true, "started_at": started, "uptime_seconds": 1.0,
            "orders_per_second": rate, "orders_total": 1, "trades_total": 1,
            "rejects_by_code": {"off_tick": rejects}, "queue_depth": 0, "stream_clients": 0,
            "ack_latency_seconds": {"p50": null, "p99": p99},
        }))
        .unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn five_seconds_become_one_point() {
        let mut history = History::default();
        history.add(at(100), &told("a", 10.0, None, 7));
        history.add(at(102), &told("a", 30.0, Some(0.5), 9));
        history.add(at(104), &told("a", 20.0, Some(0.25), 9));
        history.add(at(105), &told("a", 1.0, Some(0.25), 12));
        let points = history.newest_first(at(106));
        assert_eq!(points.len(), 2);
        assert_eq!((points[1].start, points[1].orders_per_second), (at(100), 20.0));
        assert_eq!((points[1].p99, points[1].p50), (Some(0.5), None));
        assert_eq!(
            (points[1].rejects, points[0].rejects),
            (2, 3),
            "counted since the answer before"
        );
    }

    #[test]
    fn a_backend_that_started_anew_counts_from_zero() {
        let mut history = History::default();
        history.add(at(100), &told("a", 1.0, None, 500));
        history.add(at(110), &told("b", 1.0, None, 4));
        let points = history.newest_first(at(111));
        assert_eq!((points[0].rejects, points[1].rejects), (4, 0));
    }

    #[test]
    fn what_was_not_heard_has_no_point_and_old_ones_go() {
        let mut history = History::default();
        for second in (0..STEP * 400).step_by(STEP as usize) {
            if second != STEP * 390 {
                history.add(at(second), &told("a", 1.0, None, 0));
            }
        }
        let now = at(STEP * 400 - 1);
        let points = history.newest_first(now);
        assert_eq!(points.len(), POINTS - 1, "one is missing, and stays so");
        assert!(points.iter().all(|point| point.start != at(STEP * 390)));
        assert!(history.newest_first(at(STEP * 1000)).is_empty());
    }
}
