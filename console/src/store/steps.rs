//! `console.sign_in_steps`: sign-ins between the password and the second factor.

use sqlx::PgPool;

/// A sign-in that waits for its second factor.
#[derive(Debug)]
pub struct Step {
    /// Whose.
    pub staff_id: i32,
    /// Sign-in name.
    pub login: String,
    /// Where the person wanted to go.
    pub next: String,
}

/// Begins to wait, for ten minutes. Steps that are over go away on this occasion.
///
/// # Errors
/// When the database does not answer.
pub async fn begin(
    pool: &PgPool,
    token_hash: &[u8],
    staff_id: i32,
    next: &str,
) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query!("DELETE FROM console.sign_in_steps WHERE expires_at < now()")
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO console.sign_in_steps (token_hash, staff_id, next, expires_at)
         VALUES ($1, $2, $3, now() + interval '10 minutes')",
        token_hash,
        staff_id,
        next
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// The step with this hash, if it is not over and the person may sign in.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, token_hash: &[u8]) -> sqlx::Result<Option<Step>> {
    sqlx::query_as!(
        Step,
        "SELECT s.staff_id, f.login, s.next
         FROM console.sign_in_steps s JOIN console.staff f USING (staff_id)
         WHERE s.token_hash = $1 AND s.expires_at > now() AND f.status = 'active'",
        token_hash
    )
    .fetch_optional(pool)
    .await
}

/// Ends a step. Answers whether it was there: it leads to one session only.
///
/// # Errors
/// When the database does not answer.
pub async fn end(pool: &PgPool, token_hash: &[u8]) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM console.sign_in_steps WHERE token_hash = $1", token_hash)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() == 1)
}
