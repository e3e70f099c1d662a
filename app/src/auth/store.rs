//! Where keys are kept: rows in Postgres, and a sealed copy in a file for a start without
//! Postgres. Secrets pass through here sealed only.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use super::seal::MasterKey;
use zaraba_secret as secret;

/// Name under which the file copy is sealed; a new layout gets a new name.
const COPY: &str = "zaraba api keys, copy 1";

/// One row of `access.api_keys`, as far as verifying needs it. Times in microseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeyRow {
    pub key_id: i32,
    pub api_key: String,
    pub account: String,
    pub kind: String,
    pub sealed_secret: Option<Vec<u8>>,
    pub public_key: Option<Vec<u8>>,
    pub scopes: Vec<String>,
    pub addresses: Vec<String>,
    pub expires_us: Option<i64>,
    pub reads_per_second: Option<i32>,
    pub writes_per_second: Option<i32>,
    pub label: String,
    pub revoked: bool,
    pub changed_us: i64,
}

/// Rows changed after `since_us`, oldest change first.
pub(super) async fn changed(pool: &PgPool, since_us: i64) -> sqlx::Result<Vec<KeyRow>> {
    sqlx::query_as!(
        KeyRow,
        r#"SELECT key_id, api_key, account, kind, sealed_secret, public_key, scopes,
               addresses::text[] AS "addresses!",
               (extract(epoch FROM expires_at) * 1000000)::bigint AS "expires_us?",
               reads_per_second, writes_per_second, label,
               revoked_at IS NOT NULL AS "revoked!",
               (extract(epoch FROM changed_at) * 1000000)::bigint AS "changed_us!"
           FROM access.api_keys
           WHERE changed_at > to_timestamp($1::bigint / 1000000.0)
           ORDER BY changed_at"#,
        since_us,
    )
    .fetch_all(pool)
    .await
}

/// The key that a request made: its number and name.
pub(super) async fn made_by(pool: &PgPool, request: &str) -> sqlx::Result<Option<(i32, String)>> {
    let made =
        sqlx::query!("SELECT key_id, api_key FROM access.api_keys WHERE request_id = $1", request);
    Ok(made.fetch_optional(pool).await?.map(|row| (row.key_id, row.api_key)))
}

/// Adds a row; its number and time of change as the database gives them. `None`: the request
/// has made one before.
pub(super) async fn insert(
    pool: &PgPool,
    row: &KeyRow,
    by: &str,
    request: Option<&str>,
) -> sqlx::Result<Option<(i32, i64)>> {
    let added = sqlx::query!(
        r#"INSERT INTO access.api_keys (api_key, account, kind, sealed_secret, public_key,
               scopes, addresses, expires_at, reads_per_second, writes_per_second, label,
               created_by, request_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7::text[]::cidr[],
               to_timestamp($8::bigint / 1000000.0), $9, $10, $11, $12, $13)
           ON CONFLICT (request_id) DO NOTHING
           RETURNING key_id, (extract(epoch FROM changed_at) * 1000000)::bigint AS "changed_us!""#,
        row.api_key,
        row.account,
        row.kind,
        row.sealed_secret.as_deref(),
        row.public_key.as_deref(),
        &row.scopes,
        &row.addresses,
        row.expires_us,
        row.reads_per_second,
        row.writes_per_second,
        row.label,
        by,
        request,
    )
    .fetch_optional(pool)
    .await?;
    Ok(added.map(|added| (added.key_id, added.changed_us)))
}

/// Ends a key of an account; whether there was one that had not ended.
pub(super) async fn revoke(pool: &PgPool, account: &str, api_key: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE access.api_keys SET revoked_at = now(), changed_at = now()
         WHERE api_key = $1 AND account = $2 AND revoked_at IS NULL",
        api_key,
        account,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Reads the file copy; nothing when there is none.
pub(super) fn read_copy(path: &Path, master: &MasterKey) -> io::Result<Vec<KeyRow>> {
    let sealed = match std::fs::read(path) {
        Ok(sealed) => sealed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let plain = master.open(COPY, &sealed).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "damaged, or sealed with another master key")
    })?;
    serde_json::from_slice(&plain).map_err(io::Error::from)
}

/// Replaces the file copy.
pub(super) fn write_copy(path: &Path, master: &MasterKey, rows: &[KeyRow]) -> io::Result<()> {
    secret::write(path, &master.seal(COPY, &serde_json::to_vec(rows)?))
}
