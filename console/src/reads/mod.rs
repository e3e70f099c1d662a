//! Reads of the projections (schema `trading`): bounded, keyset-paged, never a whole table.
//! Numbers leave here as decimal strings in their instrument's units.

pub mod accounts;
pub mod actions;
pub mod balance;
pub mod corrections;
pub mod fills;
pub mod instruments;
pub mod interventions;
pub mod ledger;
pub mod markets;
pub mod order;
pub mod orders;
pub mod reference;
pub mod risk;
pub mod search;

use jiff::Timestamp;
use sqlx::PgPool;

use crate::authz::Scope;
use crate::db::At;

/// How far the projections are.
#[derive(Clone, Debug)]
pub struct Watermark {
    /// Last journal sequence in the tables.
    pub seq: u64,
    /// Its time.
    pub at: Timestamp,
}

/// The projections' watermark, if anything was projected.
///
/// # Errors
/// When the database does not answer.
pub async fn watermark(pool: &PgPool) -> sqlx::Result<Option<Watermark>> {
    let row = sqlx::query!(r#"SELECT seq, at AS "at: At" FROM trading.watermark"#)
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| Watermark { seq: u64::try_from(row.seq).unwrap_or(0), at: row.at.0 }))
}

/// Leaves out, in a query that has `trading.accounts` as `a`, accounts beyond the scope.
fn within(query: &mut sqlx::QueryBuilder<sqlx::Postgres>, scope: &Scope) {
    if !scope.is_everything() {
        query.push(" AND a.group_id <> ALL(").push_bind(scope.hidden_groups.clone()).push(")");
    }
}

/// A number of digits from its column; bad data shows as whole units.
fn digits(column: i16) -> u32 {
    u32::try_from(column).unwrap_or(0)
}

/// A time of a cursor, in microseconds.
fn moment(micros: i64) -> sqlx::Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|e| sqlx::Error::Decode(Box::new(e)))
}
