//! `console.identities`: people at the firm's identity provider; `console.kept_forms`: forms
//! that wait while their person is there.

use jiff::Timestamp;
use sqlx::{PgConnection, PgPool};

use crate::db::At;
use crate::people::provider::Subject;

/// Whom a subject is.
#[derive(Debug)]
pub struct Known {
    /// Row.
    pub staff_id: i32,
    /// Sign-in name.
    pub login: String,
    /// May sign in: neither invited only nor suspended.
    pub active: bool,
}

/// Whom the provider means by a subject; its use is noted.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, who: &Subject) -> sqlx::Result<Option<Known>> {
    sqlx::query_as!(
        Known,
        r#"UPDATE console.identities i SET used_at = now() FROM console.staff f
           WHERE i.issuer = $1 AND i.subject = $2 AND f.staff_id = i.staff_id
           RETURNING f.staff_id, f.login, (f.status = 'active') AS "active!""#,
        who.issuer,
        who.subject
    )
    .fetch_optional(pool)
    .await
}

/// Notes that a person signed in with a session of the provider's, where it named one, for as many
/// hours as a session here can last. What is over goes away on this occasion.
///
/// # Errors
/// When the database does not answer.
pub async fn with_session(
    pool: &PgPool,
    who: &Subject,
    staff_id: i32,
    hours: i32,
) -> sqlx::Result<()> {
    let Some(sid) = &who.session else { return Ok(()) };
    sqlx::query!("DELETE FROM console.provider_sessions WHERE expires_at < now()")
        .execute(pool)
        .await?;
    sqlx::query!(
        "INSERT INTO console.provider_sessions (issuer, sid, staff_id, expires_at)
         VALUES ($1, $2, $3, now() + make_interval(hours => $4))
         ON CONFLICT (issuer, sid, staff_id) DO UPDATE SET expires_at = excluded.expires_at",
        who.issuer,
        sid,
        staff_id,
        hours
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Whom a sign-out at the provider is about: the person it names, or the one of its session.
///
/// # Errors
/// When the database does not answer.
pub async fn signed_out(
    pool: &PgPool,
    issuer: &str,
    subject: Option<&str>,
    sid: Option<&str>,
) -> sqlx::Result<Vec<(i32, String)>> {
    let rows = sqlx::query!(
        "SELECT staff_id, login FROM console.staff WHERE staff_id IN (
             SELECT staff_id FROM console.identities WHERE issuer = $1 AND subject = $2
             UNION SELECT staff_id FROM console.provider_sessions
             WHERE issuer = $1 AND sid = $3 AND $2::text IS NULL)
         ORDER BY staff_id",
        issuer,
        subject,
        sid
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.staff_id, row.login)).collect())
}

/// Ends all sessions of these people, and sign-ins that wait for a second factor, once for the mark
/// of what asked for it; `None`: it was used before.
///
/// # Errors
/// When the database does not answer; then nothing is ended, and the mark is not used.
pub async fn end_sessions(pool: &PgPool, mark: &[u8], people: &[i32]) -> sqlx::Result<Option<u64>> {
    let mut tx = pool.begin().await?;
    let first = sqlx::query!(
        "INSERT INTO console.answered_challenges (challenge_hash, expires_at)
         VALUES ($1, now() + interval '1 hour') ON CONFLICT DO NOTHING",
        mark
    )
    .execute(&mut *tx)
    .await?;
    if first.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query!("DELETE FROM console.sign_in_steps WHERE staff_id = ANY($1)", people)
        .execute(&mut *tx)
        .await?;
    sqlx::query!("DELETE FROM console.provider_sessions WHERE staff_id = ANY($1)", people)
        .execute(&mut *tx)
        .await?;
    let ended = sqlx::query!("DELETE FROM console.sessions WHERE staff_id = ANY($1)", people)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Some(ended.rows_affected()))
}

/// Links a person. Answers whether neither they nor the subject were linked before.
///
/// # Errors
/// When the database does not answer.
pub async fn link(db: &mut PgConnection, staff_id: i32, who: &Subject) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO console.identities (issuer, subject, staff_id, used_at)
         VALUES ($1, $2, $3, now()) ON CONFLICT DO NOTHING",
        who.issuer,
        who.subject,
        staff_id
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets a person's link to a provider. Answers whether there was one.
///
/// # Errors
/// When the database does not answer.
pub async fn unlink(pool: &PgPool, staff_id: i32, issuer: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "DELETE FROM console.identities WHERE staff_id = $1 AND issuer = $2",
        staff_id,
        issuer
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Since when a person is linked to a provider, and when that was last used.
#[derive(Debug)]
pub struct Linked {
    /// Since when.
    pub created_at: Timestamp,
    /// Last use.
    pub used_at: Option<Timestamp>,
}

/// A person's link to a provider, if any.
///
/// # Errors
/// When the database does not answer.
pub async fn of_person(pool: &PgPool, staff_id: i32, issuer: &str) -> sqlx::Result<Option<Linked>> {
    let found = sqlx::query!(
        r#"SELECT created_at AS "created_at: At", used_at AS "used_at: At"
           FROM console.identities WHERE staff_id = $1 AND issuer = $2"#,
        staff_id,
        issuer
    )
    .fetch_optional(pool)
    .await?;
    Ok(found
        .map(|row| Linked { created_at: row.created_at.0, used_at: row.used_at.map(|at| at.0) }))
}

/// How an invitation was taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The person is active and linked.
    Done,
    /// The code is no longer good.
    Over,
    /// The subject is somebody else's.
    Others,
}

/// Uses an invitation's code up: its person becomes active and is linked.
///
/// # Errors
/// When the database does not answer.
pub async fn take(pool: &PgPool, hash: &[u8], staff_id: i32, who: &Subject) -> sqlx::Result<Taken> {
    let mut tx = pool.begin().await?;
    let used = sqlx::query!(
        "WITH used AS (
             DELETE FROM console.invitations
             WHERE token_hash = $1 AND staff_id = $2 AND expires_at > now() RETURNING staff_id
         )
         UPDATE console.staff SET status = 'active'
         WHERE staff_id IN (SELECT staff_id FROM used) AND status = 'invited'",
        hash,
        staff_id
    )
    .execute(&mut *tx)
    .await?;
    if used.rows_affected() != 1 {
        return Ok(Taken::Over);
    }
    if !link(&mut tx, staff_id, who).await? {
        return Ok(Taken::Others);
    }
    tx.commit().await?;
    Ok(Taken::Done)
}

/// Keeps a sealed form of a session, in place of an earlier one.
///
/// # Errors
/// When the database does not answer.
pub async fn keep_form(pool: &PgPool, session_id: i64, sealed: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO console.kept_forms (session_id, sealed) VALUES ($1, $2)
         ON CONFLICT (session_id) DO UPDATE SET sealed = excluded.sealed",
        session_id,
        sealed
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The sealed form of a session, if one is kept.
///
/// # Errors
/// When the database does not answer.
pub async fn kept_form(pool: &PgPool, session_id: i64) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("SELECT sealed FROM console.kept_forms WHERE session_id = $1", session_id)
        .fetch_optional(pool)
        .await
}

/// Forgets the kept form of a session.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_form(pool: &PgPool, session_id: i64) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM console.kept_forms WHERE session_id = $1", session_id)
        .execute(pool)
        .await?;
    Ok(())
}
