//! An account's tab with its balance of one asset over time, drawn, tabled and in words.

use jiff::Timestamp;

use super::asked::{Asked, Problem};
use crate::app::App;
use crate::error::Failure;
use crate::i18n::C;
use crate::reads::accounts::{self, AccountLine};
use crate::reads::balance::{self, Point, SPANS};
use crate::view::{View, units};

/// Ranges to choose from: as in the address, their seconds and name.
pub const RANGES: [(&str, i64, C); 4] = [
    ("day", 86_400, C::Day),
    ("week", 7 * 86_400, C::Week),
    ("month", 30 * 86_400, C::Month),
    ("quarter", 91 * 86_400, C::Quarter),
];

/// The tab.
pub struct History {
    /// The asset shown.
    pub asset: String,
    /// Assets to choose from.
    pub assets: Vec<String>,
    /// The range shown, as in the address.
    pub range: &'static str,
    /// Oldest first.
    pub points: Vec<Point>,
    /// The chart in a sentence.
    pub words: String,
    /// Seconds between two points.
    pub step: i64,
    /// Digits after the point.
    pub digits: usize,
}

fn words(v: &View, points: &[Point]) -> String {
    let size = |point: &&Point| units(&point.total, 8);
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return v.t(C::NoBalanceHistory).into();
    };
    let highest = points.iter().max_by_key(size).unwrap_or(last);
    let lowest = points.iter().min_by_key(size).unwrap_or(last);
    let values = [
        v.num(&first.total),
        v.time(&first.at),
        v.num(&last.total),
        v.time(&last.at),
        v.num(&highest.total),
        v.num(&lowest.total),
    ];
    v.tf(C::BalanceSummary, &values.each_ref().map(String::as_str))
}

/// Reads the tab. Without an asset in the address, the account's first that is not empty.
///
/// # Errors
/// The inner one when the address names what there is not; the outer one when the database does
/// not answer.
pub async fn read(
    app: &App,
    view: &View,
    account: &AccountLine,
    asked: &Asked,
    to: Timestamp,
) -> Result<Result<History, Problem>, Failure> {
    let held = accounts::held(&app.pool, account.account_id).await?;
    let first = held.iter().find(|held| !held.empty).or(held.first());
    let default = first.map(|held| held.asset.clone()).unwrap_or_default();
    let assets: Vec<String> = held.into_iter().map(|held| held.asset).collect();
    let names: Vec<&str> = assets.iter().map(String::as_str).collect();
    let asset = match asked.choice("asset", &names) {
        Ok(asset) => asset.unwrap_or(default),
        Err(problem) => return Ok(Err(problem)),
    };
    let range = match asked.choice("range", &RANGES.map(|(name, ..)| name)) {
        Ok(range) => range,
        Err(problem) => return Ok(Err(problem)),
    };
    let range = RANGES.into_iter().find(|(name, ..)| Some(*name) == range.as_deref());
    let (range, seconds, _) = range.unwrap_or(RANGES[2]);
    // A young account's range begins with it: most of a day would be empty in its first hour.
    let age = to.as_second() - account.created_at.as_second();
    let seconds = seconds.min(age.max(SPANS));
    let points = balance::over_time(&app.pool, account.account_id, &asset, seconds, to).await?;
    let digits = points
        .first()
        .and_then(|point| point.total.split_once('.'))
        .map_or(0, |(_, fraction)| fraction.len());
    Ok(Ok(History {
        words: words(view, &points),
        asset,
        assets,
        range,
        points,
        step: seconds / SPANS,
        digits,
    }))
}
