//! `console.invitations`: codes that let a person choose a password.

use sqlx::{PgConnection, PgPool};

/// Makes the code with this hash a person's invitation, in place of an earlier one.
///
/// # Errors
/// When the database does not answer.
pub async fn save(
    db: &mut PgConnection,
    staff_id: i32,
    hash: &[u8],
    created_by: &str,
    hours: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO console.invitations (staff_id, token_hash, created_by, expires_at)
         VALUES ($1, $2, $3, now() + make_interval(hours => $4))
         ON CONFLICT (staff_id) DO UPDATE SET token_hash = excluded.token_hash,
             created_by = excluded.created_by, created_at = now(),
             expires_at = excluded.expires_at",
        staff_id,
        hash,
        created_by,
        hours
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whom a code invites.
#[derive(Debug)]
pub struct Invited {
    /// Row.
    pub staff_id: i32,
    /// Sign-in name.
    pub login: String,
    /// How they are called.
    pub name: String,
}

/// Whom the code with this hash invites, while it is good.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, hash: &[u8]) -> sqlx::Result<Option<Invited>> {
    sqlx::query_as!(
        Invited,
        "SELECT f.staff_id, f.login, f.name
         FROM console.invitations i JOIN console.staff f USING (staff_id)
         WHERE i.token_hash = $1 AND i.expires_at > now() AND f.status = 'invited'",
        hash
    )
    .fetch_optional(pool)
    .await
}

/// Uses a code up: its person becomes active with this password. Answers whether the code was
/// still good.
///
/// # Errors
/// When the database does not answer.
pub async fn take(pool: &PgPool, hash: &[u8], password_hash: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "WITH used AS (
             DELETE FROM console.invitations WHERE token_hash = $1 AND expires_at > now()
             RETURNING staff_id
         )
         UPDATE console.staff SET status = 'active', password_hash = $2, password_at = now()
         WHERE staff_id IN (SELECT staff_id FROM used) AND status = 'invited'",
        hash,
        password_hash
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}
