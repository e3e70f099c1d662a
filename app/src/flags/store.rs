//! The database's level of the flags, and its history.

use sqlx::PgPool;
use zaraba_engine::types::Timestamp;

use super::{Flag, PRODUCTS};
use crate::queries::timestamp;

/// A change of the database's level.
pub struct Change<'a> {
    /// Which flag.
    pub flag: Flag,
    /// `tse`, `crypto` or `all`.
    pub product: &'a str,
    /// `None`: no longer set.
    pub value: Option<bool>,
    /// Who asks.
    pub actor: &'a str,
    /// Who agreed; empty: no second person.
    pub approver: &'a str,
    /// Under which request.
    pub request: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Changed {
    /// It was made.
    Now,
    /// The request had made it before.
    Before,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    /// `tse`, `crypto` or `all`.
    pub product: String,
    /// `on`, `off` or `unset`.
    pub value: String,
    /// Who asked.
    pub actor: String,
    /// Who agreed; empty: no second person.
    pub approver: String,
    /// Under which request.
    pub request: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

fn word(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "on",
        Some(false) => "off",
        None => "unset",
    }
}

/// All settings: flag, product, value.
pub(super) async fn read(pool: &PgPool) -> Result<Vec<(String, String, bool)>, sqlx::Error> {
    let rows = sqlx::query!("SELECT name, product, value FROM flags.settings LIMIT 1000");
    let rows = rows.fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.name, row.product, row.value)).collect())
}

/// Makes a change, once for its request.
pub(super) async fn set(pool: &PgPool, change: &Change<'_>) -> Result<Changed, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let noted = sqlx::query!(
        "INSERT INTO flags.history (name, product, value, actor, approver, request_id, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (request_id) DO NOTHING",
        change.flag.as_str(),
        change.product,
        word(change.value),
        change.actor,
        change.approver,
        change.request,
        change.reason,
    )
    .execute(&mut *transaction)
    .await?;
    if noted.rows_affected() == 0 {
        return Ok(Changed::Before);
    }
    for profile in PRODUCTS {
        if change.product != "all" && change.product != profile.as_str() {
            continue;
        }
        match change.value {
            Some(value) => {
                sqlx::query!(
                    "INSERT INTO flags.settings (name, product, value) VALUES ($1, $2, $3)
                     ON CONFLICT (name, product) DO UPDATE
                     SET value = excluded.value, changed_at = now()",
                    change.flag.as_str(),
                    profile.as_str(),
                    value,
                )
                .execute(&mut *transaction)
                .await?
            }
            None => {
                sqlx::query!(
                    "DELETE FROM flags.settings WHERE name = $1 AND product = $2",
                    change.flag.as_str(),
                    profile.as_str(),
                )
                .execute(&mut *transaction)
                .await?
            }
        };
    }
    transaction.commit().await?;
    Ok(Changed::Now)
}

/// Changes of a flag, newest first.
pub(super) async fn history(
    pool: &PgPool,
    flag: Flag,
    limit: i64,
) -> Result<Vec<HistoryRow>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT product, value, actor, approver, request_id, reason,
               (extract(epoch FROM at) * 1000000)::bigint AS "at_us!"
           FROM flags.history WHERE name = $1 ORDER BY change_id DESC LIMIT $2"#,
        flag.as_str(),
        limit,
    )
    .fetch_all(pool)
    .await?;
    let rows = rows.into_iter().map(|row| HistoryRow {
        product: row.product,
        value: row.value,
        actor: row.actor,
        approver: row.approver,
        request: row.request_id,
        reason: row.reason,
        at: timestamp(row.at_us),
    });
    Ok(rows.collect())
}
