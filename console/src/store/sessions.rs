//! `console.sessions`: signed-in browsers.

use jiff::Timestamp;
use sqlx::{PgExecutor, PgPool};

use crate::db::At;

/// A session with its person, as one read.
#[derive(Debug)]
#[allow(missing_docs)] // columns of console.staff
pub struct Found {
    pub staff_id: i32,
    pub session_id: i64,
    pub login: String,
    pub name: String,
    pub roles: Vec<String>,
    pub language: String,
    pub zone: String,
    pub theme: String,
    pub rise: String,
    pub shortcuts: bool,
    pub second: bool,
    /// Whether the last proof of identity is recent.
    pub recent: bool,
    /// Account groups the person may not see.
    pub hidden_groups: Vec<i32>,
    /// Whether `seen_at` is old enough to be worth a write.
    pub refresh: bool,
}

/// A session to begin.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Hash of the cookie's value.
    pub token_hash: &'a [u8],
    /// Whose.
    pub staff_id: i32,
    /// How the person signed in.
    pub method: &'a str,
    /// Whether with two factors, or one that is worth two.
    pub second: bool,
    /// Hours until it ends anyway.
    pub absolute_hours: i32,
    /// Where from.
    pub address: &'a str,
    /// With which browser.
    pub agent: &'a str,
}

/// Begins a session and answers its number. Expired ones of everyone go away on this occasion.
///
/// # Errors
/// When the database does not answer.
pub async fn begin(pool: &PgPool, new: &NewSession<'_>) -> sqlx::Result<i64> {
    let mut tx = pool.begin().await?;
    sqlx::query!("DELETE FROM console.sessions WHERE expires_at < now()").execute(&mut *tx).await?;
    let session_id = sqlx::query_scalar!(
        "INSERT INTO console.sessions
             (token_hash, staff_id, method, second, expires_at, address, agent)
         VALUES ($1, $2, $3, $4, now() + make_interval(hours => $5), $6, $7)
         RETURNING session_id",
        new.token_hash,
        new.staff_id,
        new.method,
        new.second,
        new.absolute_hours,
        new.address,
        new.agent
    )
    .fetch_one(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE console.staff SET signed_in_at = now(), signed_in_by = $2 WHERE staff_id = $1",
        new.staff_id,
        new.method
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(session_id)
}

/// The live session with this hash, if any.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    pool: &PgPool,
    token_hash: &[u8],
    idle_minutes: i32,
    recent_minutes: i32,
) -> sqlx::Result<Option<Found>> {
    sqlx::query_as!(
        Found,
        r#"SELECT f.staff_id, s.session_id, f.login, f.name, f.roles, f.language, f.zone, f.theme,
                  f.rise, f.shortcuts, s.second,
                  (s.seen_at < now() - interval '30 seconds') AS "refresh!",
                  (s.strong_at > now() - make_interval(mins => $3)) AS "recent!",
                  ARRAY(SELECT b.group_id FROM console.staff_barriers b
                        WHERE b.staff_id = f.staff_id ORDER BY b.group_id) AS "hidden_groups!"
           FROM console.sessions s JOIN console.staff f USING (staff_id)
           WHERE s.token_hash = $1 AND f.status = 'active' AND s.expires_at > now()
             AND s.seen_at > now() - make_interval(mins => $2)"#,
        token_hash,
        idle_minutes,
        recent_minutes
    )
    .fetch_optional(pool)
    .await
}

/// Notes a fresh proof of identity, and gives the session a new secret: the old one is worth
/// nothing from then on. `second` is kept once it was so. Answers whether there was one.
///
/// # Errors
/// When the database does not answer.
pub async fn strengthen(
    pool: &PgPool,
    old_hash: &[u8],
    new_hash: &[u8],
    second: bool,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE console.sessions SET token_hash = $2, strong_at = now(), second = second OR $3
         WHERE token_hash = $1",
        old_hash,
        new_hash,
        second
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a session was used just now.
///
/// # Errors
/// When the database does not answer.
pub async fn touch(pool: &PgPool, token_hash: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("UPDATE console.sessions SET seen_at = now() WHERE token_hash = $1", token_hash)
        .execute(pool)
        .await?;
    Ok(())
}

/// Ends a session. Answers how its person had signed in.
///
/// # Errors
/// When the database does not answer.
pub async fn end(pool: &PgPool, token_hash: &[u8]) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "DELETE FROM console.sessions WHERE token_hash = $1 RETURNING method",
        token_hash
    )
    .fetch_optional(pool)
    .await
}

/// A session in a list.
#[derive(Debug)]
pub struct Listed {
    /// Row.
    pub session_id: i64,
    /// How the person signed in.
    pub method: String,
    /// Where from.
    pub address: String,
    /// With which browser.
    pub agent: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Last page view.
    pub seen_at: Timestamp,
    /// When it ends anyway.
    pub expires_at: Timestamp,
}

/// A person's live sessions, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn of_person(
    pool: &PgPool,
    staff_id: i32,
    idle_minutes: i32,
) -> sqlx::Result<Vec<Listed>> {
    let rows = sqlx::query!(
        r#"SELECT session_id, method, address, agent, created_at AS "created_at: At",
                  seen_at AS "seen_at: At", expires_at AS "expires_at: At"
           FROM console.sessions
           WHERE staff_id = $1 AND expires_at > now()
             AND seen_at > now() - make_interval(mins => $2)
           ORDER BY session_id DESC LIMIT 100"#,
        staff_id,
        idle_minutes
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Listed {
            session_id: row.session_id,
            method: row.method,
            address: row.address,
            agent: row.agent,
            created_at: row.created_at.0,
            seen_at: row.seen_at.0,
            expires_at: row.expires_at.0,
        })
        .collect())
}

/// Ends one session of a person. Answers whether it was there.
///
/// # Errors
/// When the database does not answer.
pub async fn end_one(pool: &PgPool, staff_id: i32, session_id: i64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM console.sessions WHERE staff_id = $1 AND session_id = $2",
        staff_id,
        session_id
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends a person's sessions, but for the one to keep; how many.
///
/// # Errors
/// When the database does not answer.
pub async fn end_others(
    db: impl PgExecutor<'_>,
    staff_id: i32,
    keep: Option<i64>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM console.sessions
         WHERE staff_id = $1 AND session_id IS DISTINCT FROM $2",
        staff_id,
        keep
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Ends a person's sessions, or everybody's; how many.
///
/// # Errors
/// When the database does not answer.
pub async fn sign_out(pool: &PgPool, login: Option<&str>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM console.sessions WHERE $1::text IS NULL OR staff_id IN
             (SELECT staff_id FROM console.staff WHERE login = $1)",
        login
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
