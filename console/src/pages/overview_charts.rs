//! The overview's charts: order rate, latency and rejects of the last minutes, each with its
//! numbers in a table and in words.

use askama::Template;

use crate::error::Failure;
use crate::i18n::{C, M};
use crate::live::history::{POINTS, Point, STEP};
use crate::view::View;

/// One row of the table, which every chart of the overview is drawn from.
#[derive(Template)]
#[template(path = "overview_point.html")]
pub struct Row<'a> {
    v: &'a View,
    p: &'a Point,
}

/// The charts and their table.
#[derive(Template)]
#[template(path = "overview_charts.html", blocks = ["summaries"])]
pub struct Charts<'a> {
    v: &'a View,
    points: &'a [Point],
    rate: String,
    latency: String,
    rejects: String,
    step: i64,
    most: usize,
}

/// The point where a value is largest.
fn peak(points: &[Point], value: impl Fn(&Point) -> Option<f64>) -> Option<(&Point, f64)> {
    let known = points.iter().filter_map(|point| Some((point, value(point)?)));
    known.max_by(|a, b| a.1.total_cmp(&b.1))
}

impl<'a> Charts<'a> {
    /// Of points, newest first.
    pub fn new(v: &'a View, points: &'a [Point]) -> Charts<'a> {
        let rates = || points.iter().map(|point| point.orders_per_second);
        let rate = peak(points, |point| Some(point.orders_per_second)).map(|(at, highest)| {
            let lowest = rates().fold(highest, f64::min);
            let values = [
                v.rate(points[0].orders_per_second),
                v.rate(highest),
                v.clock(&at.start),
                v.rate(lowest),
            ];
            v.tf(C::RateSummary, &values.each_ref().map(String::as_str))
        });
        let latency = peak(points, |point| point.p99).map(|(at, highest)| {
            let values = [
                v.latency(&points[0].p50),
                v.latency(&points[0].p99),
                v.latency(&Some(highest)),
                v.clock(&at.start),
            ];
            v.tf(C::LatencySummary, &values.each_ref().map(String::as_str))
        });
        let rejects: u64 = points.iter().map(|point| point.rejects).sum();
        Charts {
            v,
            points,
            rate: rate.unwrap_or_default(),
            latency: latency.unwrap_or_else(|| v.t(C::LatencyNone).into()),
            rejects: v.t1(C::RejectsSummary, v.int(rejects)),
            step: STEP,
            most: POINTS,
        }
    }

    /// What each chart says in words, to be swapped in.
    ///
    /// # Errors
    /// When the template cannot be rendered.
    pub fn summaries(&self) -> Result<String, Failure> {
        Ok(self.as_summaries().render()?)
    }
}

/// The newest point as a row of the table.
///
/// # Errors
/// When the template cannot be rendered.
pub fn newest(v: &View, points: &[Point]) -> Result<Option<String>, Failure> {
    Ok(points.first().map(|p| Row { v, p }.render()).transpose()?)
}

impl View {
    /// Seconds as milliseconds, for a column that says so.
    pub fn millis(&self, seconds: &Option<f64>) -> String {
        seconds.map_or_else(|| "–".into(), |s| format!("{:.2}", s * 1e3))
    }
}
