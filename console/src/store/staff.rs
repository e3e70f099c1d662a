//! `console.staff`: people and their preferences.

use sqlx::{PgConnection, PgPool};

use crate::authz::Role;

/// What a sign-in needs of a person.
#[derive(Debug)]
pub struct Credentials {
    /// Row.
    pub staff_id: i32,
    /// Sign-in name.
    pub login: String,
    /// How they are called.
    pub name: String,
    /// PHC string; nothing when they sign in otherwise.
    pub password_hash: Option<String>,
    /// May sign in: neither invited only nor suspended.
    pub active: bool,
}

/// A new or changed person.
#[derive(Debug)]
pub struct NewStaff<'a> {
    /// Sign-in name: lower-case letters, digits, `._@-`.
    pub login: &'a str,
    /// How they are called.
    pub name: &'a str,
    /// PHC string.
    pub password_hash: &'a str,
    /// Roles.
    pub roles: &'a [Role],
    /// `ja` or `en`.
    pub language: &'a str,
    /// IANA zone.
    pub zone: &'a str,
}

/// What a person may set for themselves.
#[derive(Debug)]
pub struct Preferences {
    /// `ja` or `en`.
    pub language: String,
    /// IANA zone.
    pub zone: String,
    /// `auto`, `light`, `dark`.
    pub theme: String,
    /// `red` or `green`.
    pub rise: String,
    /// Single-key shortcuts.
    pub shortcuts: bool,
}

/// Credentials of a login.
///
/// # Errors
/// When the database does not answer.
pub async fn credentials(pool: &PgPool, login: &str) -> sqlx::Result<Option<Credentials>> {
    sqlx::query_as!(
        Credentials,
        r#"SELECT staff_id, login, name, password_hash, (status = 'active') AS "active!"
           FROM console.staff WHERE login = $1"#,
        login
    )
    .fetch_optional(pool)
    .await
}

/// Adds a person; with `replace`, an existing one gets the new name, password and roles, and
/// their sessions end. Answers whether something was written.
///
/// # Errors
/// When the database does not answer or refuses the login's form.
pub async fn add(pool: &PgPool, new: &NewStaff<'_>, replace: bool) -> sqlx::Result<bool> {
    let roles: Vec<String> = new.roles.iter().map(|role| role.as_str().to_owned()).collect();
    let mut tx = pool.begin().await?;
    let id = sqlx::query_scalar!(
        "INSERT INTO console.staff (login, name, password_hash, roles, language, zone)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (login) DO UPDATE
         SET name = excluded.name, password_hash = excluded.password_hash,
             roles = excluded.roles, status = 'active', password_at = now()
         WHERE $7
         RETURNING staff_id",
        new.login,
        new.name,
        new.password_hash,
        &roles,
        new.language,
        new.zone,
        replace
    )
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(id) = id {
        sqlx::query!("DELETE FROM console.sessions WHERE staff_id = $1", id)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(id.is_some())
}

/// Suspends a person, who can no longer sign in and whose sessions end, or lets them back: to
/// being invited when they never chose a password and have no other way in. Answers whether
/// they exist.
///
/// # Errors
/// When the database does not answer.
pub async fn set_suspended(
    db: &mut PgConnection,
    login: &str,
    suspended: bool,
) -> sqlx::Result<bool> {
    let id = sqlx::query_scalar!(
        "UPDATE console.staff f SET status = CASE
             WHEN $2 THEN 'suspended'
             WHEN password_hash IS NOT NULL
                 OR EXISTS (SELECT FROM console.passkeys p WHERE p.staff_id = f.staff_id)
                 OR EXISTS (SELECT FROM console.oidc_identities o WHERE o.staff_id = f.staff_id)
                 THEN 'active'
             ELSE 'invited' END
         WHERE login = $1 RETURNING staff_id",
        login,
        suspended
    )
    .fetch_optional(&mut *db)
    .await?;
    if let (Some(id), true) = (id, suspended) {
        sqlx::query!("DELETE FROM console.sessions WHERE staff_id = $1", id)
            .execute(&mut *db)
            .await?;
    }
    Ok(id.is_some())
}

/// A line of `staff list`.
#[derive(Debug)]
pub struct Listed {
    /// Sign-in name.
    pub login: String,
    /// How they are called.
    pub name: String,
    /// Role names.
    pub roles: Vec<String>,
    /// `invited`, `active`, `suspended`.
    pub status: String,
}

/// The first thousand people by login.
///
/// # Errors
/// When the database does not answer.
pub async fn list(pool: &PgPool) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        "SELECT login, name, roles, status FROM console.staff ORDER BY login LIMIT 1000"
    )
    .fetch_all(pool)
    .await
}

/// Saves a person's preferences.
///
/// # Errors
/// When the database does not answer or refuses a value.
pub async fn save_preferences(pool: &PgPool, id: i32, p: &Preferences) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE console.staff SET language = $2, zone = $3, theme = $4, rise = $5, shortcuts = $6
         WHERE staff_id = $1",
        id,
        p.language,
        p.zone,
        p.theme,
        p.rise,
        p.shortcuts
    )
    .execute(pool)
    .await?;
    Ok(())
}
