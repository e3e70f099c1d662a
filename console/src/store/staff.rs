//! `console.staff`: people and their preferences.

use jiff::Timestamp;
use sqlx::{PgConnection, PgPool};

use crate::authz::Role;
use crate::db::At;

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
                 OR EXISTS (SELECT FROM console.identities i WHERE i.staff_id = f.staff_id)
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

/// Gives a person a new password.
///
/// # Errors
/// When the database does not answer.
pub async fn set_password(pool: &PgPool, staff_id: i32, hash: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE console.staff SET password_hash = $2, password_at = now() WHERE staff_id = $1",
        staff_id,
        hash
    )
    .execute(pool)
    .await?;
    Ok(())
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

/// Where a person stands.
#[derive(Debug)]
pub struct State {
    /// Row.
    pub staff_id: i32,
    /// `invited`, `active`, `suspended`.
    pub status: String,
    /// Role names.
    pub roles: Vec<String>,
}

impl State {
    /// Whether they manage staff now.
    pub fn manages(&self) -> bool {
        self.status == "active" && self.roles.iter().any(|role| role == "administrator")
    }
}

/// Where a person stands; nobody else changes them until the transaction ends.
///
/// # Errors
/// When the database does not answer.
pub async fn state(db: &mut PgConnection, login: &str) -> sqlx::Result<Option<State>> {
    sqlx::query_as!(
        State,
        "SELECT staff_id, status, roles FROM console.staff WHERE login = $1 FOR UPDATE",
        login
    )
    .fetch_optional(db)
    .await
}

/// How many active administrators there are. They are locked, so that two of them cannot be
/// taken away at the same time.
///
/// # Errors
/// When the database does not answer.
pub async fn administrators(db: &mut PgConnection) -> sqlx::Result<usize> {
    let there = sqlx::query_scalar!(
        "SELECT staff_id FROM console.staff
         WHERE status = 'active' AND 'administrator' = ANY (roles)
         ORDER BY staff_id LIMIT 100 FOR UPDATE"
    )
    .fetch_all(db)
    .await?;
    Ok(there.len())
}

/// Adds a person who is invited. Answers whether the sign-in name was free.
///
/// # Errors
/// When the database does not answer or refuses a value.
pub async fn add_invited(
    db: &mut PgConnection,
    login: &str,
    new: &crate::people::staff::New<'_>,
) -> sqlx::Result<bool> {
    let roles: Vec<String> = new.roles.iter().map(|role| role.as_str().to_owned()).collect();
    let done = sqlx::query!(
        "INSERT INTO console.staff (login, name, email, roles, language, zone, status)
         VALUES ($1, $2, $3, $4, $5, $6, 'invited') ON CONFLICT (login) DO NOTHING",
        login,
        new.name,
        new.email,
        &roles,
        new.language,
        new.zone
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a person other roles.
///
/// # Errors
/// When the database does not answer.
pub async fn set_roles(db: &mut PgConnection, staff_id: i32, roles: &[Role]) -> sqlx::Result<()> {
    let roles: Vec<String> = roles.iter().map(|role| role.as_str().to_owned()).collect();
    sqlx::query!("UPDATE console.staff SET roles = $2 WHERE staff_id = $1", staff_id, &roles)
        .execute(db)
        .await?;
    Ok(())
}

/// The account groups hidden from a person become these.
///
/// # Errors
/// When the database does not answer.
pub async fn set_barriers(
    db: &mut PgConnection,
    staff_id: i32,
    groups: &[i32],
) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM console.staff_barriers WHERE staff_id = $1", staff_id)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "INSERT INTO console.staff_barriers (staff_id, group_id)
         SELECT DISTINCT $1::integer, g FROM unnest($2::integer[]) AS g",
        staff_id,
        groups
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets a person's password; they are invited.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_password(db: &mut PgConnection, staff_id: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE console.staff SET password_hash = NULL, status = 'invited' WHERE staff_id = $1",
        staff_id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A person in full, but for secrets.
#[derive(Debug)]
pub struct Card {
    /// Row.
    pub staff_id: i32,
    /// Sign-in name.
    pub login: String,
    /// How they are called.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// `invited`, `active`, `suspended`.
    pub status: String,
    /// Role names.
    pub roles: Vec<String>,
    /// Account groups hidden from them, ascending.
    pub groups: Vec<i32>,
    /// Since when they are known.
    pub created_at: Timestamp,
    /// When they last signed in, and how.
    pub signed_in_at: Option<Timestamp>,
    /// Method of the last sign-in.
    pub signed_in_by: Option<String>,
    /// Whether they have an authenticator app.
    pub totp: bool,
    /// How many passkeys.
    pub passkeys: i64,
    /// Whether they are linked to the identity provider.
    pub linked: bool,
    /// Whether an invitation waits to be taken up.
    pub invitation_until: Option<Timestamp>,
}

/// Who is looked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Part of the sign-in name, name or address; empty: any.
    pub text: String,
    /// Status; empty: any.
    pub status: String,
    /// Role; empty: any.
    pub role: String,
    /// Sign-in name the page begins after; empty: from the first.
    pub after: String,
}

/// People by sign-in name, at most `rows`.
///
/// # Errors
/// When the database does not answer.
pub async fn cards(pool: &PgPool, filter: &Filter, rows: i64) -> sqlx::Result<Vec<Card>> {
    let found = sqlx::query!(
        r#"SELECT f.staff_id, f.login, f.name, f.email, f.status, f.roles,
                  f.created_at AS "created_at: At", f.signed_in_at AS "signed_in_at: At",
                  f.signed_in_by,
                  ARRAY(SELECT b.group_id FROM console.staff_barriers b
                        WHERE b.staff_id = f.staff_id ORDER BY b.group_id) AS "groups!",
                  EXISTS (SELECT FROM console.totp t WHERE t.staff_id = f.staff_id) AS "totp!",
                  (SELECT count(*) FROM console.passkeys p
                   WHERE p.staff_id = f.staff_id) AS "passkeys!",
                  EXISTS (SELECT FROM console.identities d
                          WHERE d.staff_id = f.staff_id) AS "linked!",
                  (SELECT i.expires_at FROM console.invitations i
                   WHERE i.staff_id = f.staff_id AND i.expires_at > now())
                      AS "invitation_until: At"
           FROM console.staff f
           WHERE f.login > $1
             AND ($2 = '' OR position(lower($2) IN lower(f.login || ' ' || f.name || ' '
                  || coalesce(f.email, ''))) > 0)
             AND ($3 = '' OR f.status = $3)
             AND ($4 = '' OR $4 = ANY (f.roles))
           ORDER BY f.login LIMIT $5"#,
        filter.after,
        filter.text,
        filter.status,
        filter.role,
        rows
    )
    .fetch_all(pool)
    .await?;
    Ok(found
        .into_iter()
        .map(|row| Card {
            staff_id: row.staff_id,
            login: row.login,
            name: row.name,
            email: row.email,
            status: row.status,
            roles: row.roles,
            groups: row.groups,
            created_at: row.created_at.0,
            signed_in_at: row.signed_in_at.map(|at| at.0),
            signed_in_by: row.signed_in_by,
            totp: row.totp,
            passkeys: row.passkeys,
            linked: row.linked,
            invitation_until: row.invitation_until.map(|at| at.0),
        })
        .collect())
}

/// One person by sign-in name.
///
/// # Errors
/// When the database does not answer.
pub async fn card(pool: &PgPool, login: &str) -> sqlx::Result<Option<Card>> {
    let found = sqlx::query!(
        r#"SELECT f.staff_id, f.login, f.name, f.email, f.status, f.roles,
                  f.created_at AS "created_at: At", f.signed_in_at AS "signed_in_at: At",
                  f.signed_in_by,
                  ARRAY(SELECT b.group_id FROM console.staff_barriers b
                        WHERE b.staff_id = f.staff_id ORDER BY b.group_id) AS "groups!",
                  EXISTS (SELECT FROM console.totp t WHERE t.staff_id = f.staff_id) AS "totp!",
                  (SELECT count(*) FROM console.passkeys p
                   WHERE p.staff_id = f.staff_id) AS "passkeys!",
                  EXISTS (SELECT FROM console.identities d
                          WHERE d.staff_id = f.staff_id) AS "linked!",
                  (SELECT i.expires_at FROM console.invitations i
                   WHERE i.staff_id = f.staff_id AND i.expires_at > now())
                      AS "invitation_until: At"
           FROM console.staff f WHERE f.login = $1"#,
        login
    )
    .fetch_optional(pool)
    .await?;
    Ok(found.map(|row| Card {
        staff_id: row.staff_id,
        login: row.login,
        name: row.name,
        email: row.email,
        status: row.status,
        roles: row.roles,
        groups: row.groups,
        created_at: row.created_at.0,
        signed_in_at: row.signed_in_at.map(|at| at.0),
        signed_in_by: row.signed_in_by,
        totp: row.totp,
        passkeys: row.passkeys,
        linked: row.linked,
        invitation_until: row.invitation_until.map(|at| at.0),
    }))
}

/// Notes that a request's change is being made. Answers whether it was not made before.
///
/// # Errors
/// When the database does not answer.
pub async fn first_time(db: &mut PgConnection, request: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO console.staff_changes (request_id) VALUES ($1) ON CONFLICT DO NOTHING",
        request
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Roles of a person who may sign in; none of anybody else.
///
/// # Errors
/// When the database does not answer.
pub async fn active_roles(pool: &PgPool, staff_id: i32) -> sqlx::Result<Vec<String>> {
    let roles: Option<Vec<String>> = sqlx::query_scalar!(
        "SELECT roles FROM console.staff WHERE staff_id = $1 AND status = 'active'",
        staff_id
    )
    .fetch_optional(pool)
    .await?;
    Ok(roles.unwrap_or_default())
}
