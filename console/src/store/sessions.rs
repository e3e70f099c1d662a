//! `console.sessions`: signed-in browsers.

use sqlx::PgPool;

/// A session with its person, as one read.
#[derive(Debug)]
#[allow(missing_docs)] // columns of console.staff
pub struct Found {
    pub staff_id: i32,
    pub login: String,
    pub name: String,
    pub roles: Vec<String>,
    pub language: String,
    pub zone: String,
    pub theme: String,
    pub rise: String,
    pub shortcuts: bool,
    /// Whether `seen_at` is old enough to be worth a write.
    pub refresh: bool,
}

/// Begins a session. Expired ones of everyone go away on this occasion.
///
/// # Errors
/// When the database does not answer.
pub async fn begin(
    pool: &PgPool,
    token_hash: &[u8],
    staff_id: i32,
    absolute_hours: i32,
    address: &str,
    agent: &str,
) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query!("DELETE FROM console.sessions WHERE expires_at < now()").execute(&mut *tx).await?;
    sqlx::query!(
        "INSERT INTO console.sessions (token_hash, staff_id, expires_at, address, agent)
         VALUES ($1, $2, now() + make_interval(hours => $3), $4, $5)",
        token_hash,
        staff_id,
        absolute_hours,
        address,
        agent
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// The live session with this hash, if any.
///
/// # Errors
/// When the database does not answer.
pub async fn find(
    pool: &PgPool,
    token_hash: &[u8],
    idle_minutes: i32,
) -> sqlx::Result<Option<Found>> {
    sqlx::query_as!(
        Found,
        r#"SELECT f.staff_id, f.login, f.name, f.roles, f.language, f.zone, f.theme, f.rise,
                  f.shortcuts, (s.seen_at < now() - interval '30 seconds') AS "refresh!"
           FROM console.sessions s JOIN console.staff f USING (staff_id)
           WHERE s.token_hash = $1 AND NOT f.disabled AND s.expires_at > now()
             AND s.seen_at > now() - make_interval(mins => $2)"#,
        token_hash,
        idle_minutes
    )
    .fetch_optional(pool)
    .await
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

/// Ends a session.
///
/// # Errors
/// When the database does not answer.
pub async fn end(pool: &PgPool, token_hash: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM console.sessions WHERE token_hash = $1", token_hash)
        .execute(pool)
        .await?;
    Ok(())
}
