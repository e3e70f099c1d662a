//! Second factors: time-based codes, passkeys, recovery codes, what was answered, and how
//! often it was wrong.

use jiff::Timestamp;
use sqlx::{PgConnection, PgPool};

use crate::config::SignIn;
use crate::db::At;

/// What a person can prove who they are with.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// Chose a password.
    pub password: bool,
    /// Time-based codes.
    pub totp: bool,
    /// How many passkeys.
    pub passkeys: i64,
    /// How many recovery codes are left.
    pub recovery: i64,
}

impl Ways {
    /// Whether there is a second factor.
    pub fn second(&self) -> bool {
        self.totp || self.passkeys > 0
    }
}

/// A person's ways.
///
/// # Errors
/// When the database does not answer.
pub async fn ways(pool: &PgPool, staff_id: i32) -> sqlx::Result<Ways> {
    sqlx::query_as!(
        Ways,
        r#"SELECT
             coalesce((SELECT password_hash IS NOT NULL FROM console.staff
                       WHERE staff_id = $1), false) AS "password!",
             EXISTS (SELECT FROM console.totp WHERE staff_id = $1) AS "totp!",
             (SELECT count(*) FROM console.passkeys WHERE staff_id = $1) AS "passkeys!",
             (SELECT count(*) FROM console.recovery_codes
              WHERE staff_id = $1 AND used_at IS NULL) AS "recovery!""#,
        staff_id
    )
    .fetch_one(pool)
    .await
}

/// The sealed secret of a person's time-based codes.
///
/// # Errors
/// When the database does not answer.
pub async fn totp(pool: &PgPool, staff_id: i32) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("SELECT sealed_secret FROM console.totp WHERE staff_id = $1", staff_id)
        .fetch_optional(pool)
        .await
}

/// Takes the code of a step. Answers whether it was not taken before, nor a later one.
///
/// # Errors
/// When the database does not answer.
pub async fn take_step(pool: &PgPool, staff_id: i32, step: i64) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE console.totp SET last_step = $2, used_at = now()
         WHERE staff_id = $1 AND last_step < $2",
        staff_id,
        step
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps a new secret, whose code of `step` was just shown.
///
/// # Errors
/// When the database does not answer.
pub async fn save_totp(pool: &PgPool, staff_id: i32, sealed: &[u8], step: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO console.totp (staff_id, sealed_secret, last_step) VALUES ($1, $2, $3)
         ON CONFLICT (staff_id) DO UPDATE SET sealed_secret = excluded.sealed_secret,
             last_step = excluded.last_step, created_at = now(), used_at = NULL",
        staff_id,
        sealed,
        step
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets the secret. Answers whether there was one.
///
/// # Errors
/// When the database does not answer.
pub async fn remove_totp(pool: &PgPool, staff_id: i32) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM console.totp WHERE staff_id = $1", staff_id)
        .execute(pool)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// A passkey in a list.
#[derive(Debug)]
pub struct Passkey {
    /// Row.
    pub passkey_id: i64,
    /// What its owner calls it.
    pub name: String,
    /// What authenticators call it.
    pub credential_id: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used.
    pub used_at: Option<Timestamp>,
}

/// A person's passkeys, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn passkeys(pool: &PgPool, staff_id: i32) -> sqlx::Result<Vec<Passkey>> {
    let rows = sqlx::query!(
        r#"SELECT passkey_id, name, credential_id, created_at AS "created_at: At",
                  used_at AS "used_at: At"
           FROM console.passkeys WHERE staff_id = $1 ORDER BY passkey_id LIMIT 50"#,
        staff_id
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Passkey {
            passkey_id: row.passkey_id,
            name: row.name,
            credential_id: row.credential_id,
            created_at: row.created_at.0,
            used_at: row.used_at.map(|at| at.0),
        })
        .collect())
}

/// A passkey as a proof needs it.
#[derive(Debug)]
#[allow(missing_docs)] // columns of console.passkeys and console.staff
pub struct Kept {
    pub passkey_id: i64,
    pub staff_id: i32,
    pub login: String,
    pub active: bool,
    pub handle: Vec<u8>,
    pub fixed: Vec<u8>,
    pub moving: Vec<u8>,
}

/// The passkey that authenticators call so.
///
/// # Errors
/// When the database does not answer.
pub async fn passkey(pool: &PgPool, credential_id: &[u8]) -> sqlx::Result<Option<Kept>> {
    sqlx::query_as!(
        Kept,
        r#"SELECT p.passkey_id, p.staff_id, f.login, (f.status = 'active') AS "active!",
                  coalesce(f.passkey_handle, '') AS "handle!", p.fixed_state AS fixed,
                  p.moving_state AS moving
           FROM console.passkeys p JOIN console.staff f USING (staff_id)
           WHERE p.credential_id = $1"#,
        credential_id
    )
    .fetch_optional(pool)
    .await
}

/// The handle authenticators know a person by; made at the first call.
///
/// # Errors
/// When the database does not answer.
pub async fn handle(pool: &PgPool, staff_id: i32, fresh: &[u8]) -> sqlx::Result<Vec<u8>> {
    sqlx::query_scalar!(
        r#"UPDATE console.staff SET passkey_handle = coalesce(passkey_handle, $2)
           WHERE staff_id = $1 RETURNING passkey_handle AS "handle!""#,
        staff_id,
        fresh
    )
    .fetch_one(pool)
    .await
}

/// Keeps a new passkey. Answers whether it is new: an authenticator's name for it is unique.
///
/// # Errors
/// When the database does not answer.
pub async fn add_passkey(
    pool: &PgPool,
    staff_id: i32,
    name: &str,
    new: &crate::people::passkey::Registered,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO console.passkeys (staff_id, credential_id, fixed_state, moving_state, name)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (credential_id) DO NOTHING",
        staff_id,
        new.credential_id,
        new.fixed,
        new.moving,
        name
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a passkey was used, and its new moving state. Answers whether the state was
/// still the one the proof was checked against.
///
/// # Errors
/// When the database does not answer.
pub async fn use_passkey(
    pool: &PgPool,
    passkey_id: i64,
    old: &[u8],
    new: &[u8],
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE console.passkeys SET moving_state = $3, used_at = now()
         WHERE passkey_id = $1 AND moving_state = $2",
        passkey_id,
        old,
        new
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets a person's passkey; its name.
///
/// # Errors
/// When the database does not answer.
pub async fn remove_passkey(
    pool: &PgPool,
    staff_id: i32,
    passkey_id: i64,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "DELETE FROM console.passkeys WHERE staff_id = $1 AND passkey_id = $2 RETURNING name",
        staff_id,
        passkey_id
    )
    .fetch_optional(pool)
    .await
}

/// Replaces a person's recovery codes.
///
/// # Errors
/// When the database does not answer.
pub async fn save_recovery(pool: &PgPool, staff_id: i32, hashes: &[Vec<u8>]) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query!("DELETE FROM console.recovery_codes WHERE staff_id = $1", staff_id)
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO console.recovery_codes (staff_id, code_hash)
         SELECT $1, h FROM unnest($2::bytea[]) AS h",
        staff_id,
        hashes
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// Uses a recovery code up. Answers whether it was there and unused.
///
/// # Errors
/// When the database does not answer.
pub async fn take_recovery(pool: &PgPool, staff_id: i32, hash: &[u8]) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE console.recovery_codes SET used_at = now()
         WHERE staff_id = $1 AND code_hash = $2 AND used_at IS NULL",
        staff_id,
        hash
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets every second factor of a person.
///
/// # Errors
/// When the database does not answer.
pub async fn reset(db: &mut PgConnection, staff_id: i32) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM console.totp WHERE staff_id = $1", staff_id)
        .execute(&mut *db)
        .await?;
    sqlx::query!("DELETE FROM console.passkeys WHERE staff_id = $1", staff_id)
        .execute(&mut *db)
        .await?;
    sqlx::query!("DELETE FROM console.recovery_codes WHERE staff_id = $1", staff_id)
        .execute(&mut *db)
        .await?;
    sqlx::query!("DELETE FROM console.identities WHERE staff_id = $1", staff_id)
        .execute(&mut *db)
        .await?;
    Ok(())
}

/// Notes that a challenge was answered. Answers whether for the first time. Old ones of
/// everyone go away on this occasion.
///
/// # Errors
/// When the database does not answer.
pub async fn answer_once(pool: &PgPool, challenge: &[u8]) -> sqlx::Result<bool> {
    sqlx::query!("DELETE FROM console.answered_challenges WHERE expires_at < now()")
        .execute(pool)
        .await?;
    let done = sqlx::query!(
        "INSERT INTO console.answered_challenges (challenge_hash, expires_at)
         VALUES ($1, now() + interval '1 hour') ON CONFLICT DO NOTHING",
        challenge
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether a person's second factor was wrong too often in the window.
///
/// # Errors
/// When the database does not answer.
pub async fn must_wait(pool: &PgPool, limits: &SignIn, staff_id: i32) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM console.second_factor_failures
               WHERE staff_id = $1 AND failures >= $2
                 AND started_at > now() - make_interval(mins => $3)
           ) AS "wait!""#,
        staff_id,
        limits.failures_per_login,
        limits.window_minutes
    )
    .fetch_one(pool)
    .await
}

/// Counts a wrong second factor; a window that is over begins anew.
///
/// # Errors
/// When the database does not answer.
pub async fn count_failure(pool: &PgPool, limits: &SignIn, staff_id: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO console.second_factor_failures AS f (staff_id, failures, started_at)
         VALUES ($1, 1, now())
         ON CONFLICT (staff_id) DO UPDATE SET
             failures = CASE WHEN f.started_at > now() - make_interval(mins => $2)
                        THEN f.failures + 1 ELSE 1 END,
             started_at = CASE WHEN f.started_at > now() - make_interval(mins => $2)
                        THEN f.started_at ELSE now() END",
        staff_id,
        limits.window_minutes
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Forgets wrong second factors, after a right one.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_failures(pool: &PgPool, staff_id: i32) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM console.second_factor_failures WHERE staff_id = $1", staff_id)
        .execute(pool)
        .await?;
    Ok(())
}
