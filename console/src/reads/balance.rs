//! An account's balance of an asset over time: what it was at the end of each of a bounded
//! number of spans, however many entries lie between.

use jiff::{Span, Timestamp};
use sqlx::{FromRow, PgPool};

use super::digits;
use crate::db::At;
use crate::view::decimal;

/// Spans of a chart.
pub const SPANS: i64 = 120;

/// The balance at the end of a span.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The span's end.
    pub at: Timestamp,
    /// The balance then, as a decimal string.
    pub total: String,
}

#[derive(FromRow)]
struct Raw {
    n: i64,
    total: i64,
    exponent: i16,
}

/// The balance at the ends of [`SPANS`] equal spans of the `seconds` before `to`, oldest first. A
/// span without an entry has the balance before it; spans before the first entry ever are left
/// out. One look into the index per span and one for what was before: never all entries.
///
/// Whether the reader may see the account is decided where its number was looked up.
///
/// # Errors
/// When the database does not answer.
pub async fn over_time(
    pool: &PgPool,
    account_id: i32,
    asset: &str,
    seconds: i64,
    to: Timestamp,
) -> sqlx::Result<Vec<Point>> {
    let step = (seconds / SPANS).max(1);
    let from = to.checked_sub(Span::new().seconds(step * SPANS)).unwrap_or(Timestamp::MIN);
    let rows: Vec<Raw> = sqlx::query_as(
        "SELECT s.n, l.total, a.exponent FROM trading.assets a, \
         (SELECT n, CASE WHEN n = 0 THEN '-infinity' \
                    ELSE $3::timestamptz + (n - 1) * $4::bigint * interval '1 second' END, \
                 $3::timestamptz + n * $4::bigint * interval '1 second' \
          FROM generate_series(0, $5::bigint) AS n) AS s (n, low, high), \
         LATERAL (SELECT e.total FROM trading.ledger_entries e \
                  WHERE e.account_id = $1 AND e.asset_id = a.asset_id \
                    AND e.at < s.high AND e.at >= s.low \
                  ORDER BY e.at DESC, e.seq DESC, e.ordinal DESC LIMIT 1) AS l \
         WHERE a.code = $2 ORDER BY s.n",
    )
    .bind(account_id)
    .bind(asset)
    .bind(At(from))
    .bind(step)
    .bind(SPANS)
    .fetch_all(pool)
    .await?;
    Ok(carried(&rows, from, step))
}

/// Spans without an entry have the balance before them.
fn carried(rows: &[Raw], from: Timestamp, step: i64) -> Vec<Point> {
    let (mut points, mut rows, mut last) = (Vec::new(), rows.iter().peekable(), None);
    for n in 0..=SPANS {
        last = rows.next_if(|row| row.n == n).or(last);
        let at = from.checked_add(Span::new().seconds(step * n));
        if let (Some(row), Ok(at), true) = (last, at, n > 0) {
            let total = decimal(row.total.into(), digits(row.exponent));
            points.push(Point { at, total });
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_without_an_entry_has_the_balance_before_it() {
        let row = |n, total| Raw { n, total, exponent: 2 };
        let from = Timestamp::UNIX_EPOCH;
        let points = carried(&[row(0, 5), row(3, 700)], from, 60);
        assert_eq!(points.len(), SPANS as usize);
        let shown: Vec<_> = points.iter().take(4).map(|p| p.total.as_str()).collect();
        assert_eq!(shown, ["0.05", "0.05", "7.00", "7.00"]);
        assert_eq!(points[0].at, Timestamp::from_second(60).unwrap());
        // Before the first entry ever there is nothing to draw.
        assert_eq!(carried(&[row(119, 1)], from, 60).len(), 2);
        assert!(carried(&[], from, 60).is_empty());
    }
}
