//! What is done to people: invitations, roles, barriers, suspension, reset. Each change is one
//! transaction, with the id of its request where it has one; who may, and whether a second
//! person agreed, is decided before.

use sqlx::{PgConnection, PgPool};

use super::codes;
use super::seal::Key;
use crate::authz::Role;
use crate::store::staff::State;
use crate::store::{factors, invitations, sessions, staff};

/// Why something cannot be done to a person.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is nobody of that name.
    #[error("there is nobody of this sign-in name")]
    Unknown,
    /// There is somebody of that name already.
    #[error("there is somebody of this sign-in name already")]
    Exists,
    /// They are active, or suspended: not in a state for this.
    #[error("the person's status does not allow this")]
    State,
    /// Nobody could manage staff any more.
    #[error("this is the last active administrator")]
    LastAdministrator,
    /// The database does not answer.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
}

impl Problem {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Problem::Unknown => "staff_unknown",
            Problem::Exists => "staff_exists",
            Problem::State => "staff_state",
            Problem::LastAdministrator => "last_administrator",
            Problem::Database(_) => "database",
        }
    }
}

/// A person to invite.
#[derive(Clone, Copy, Debug)]
pub struct New<'a> {
    /// How they are called.
    pub name: &'a str,
    /// E-mail address, where known.
    pub email: Option<&'a str>,
    /// Roles.
    pub roles: &'a [Role],
    /// `ja` or `en`.
    pub language: &'a str,
    /// IANA zone.
    pub zone: &'a str,
}

/// What is done to a person.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// They are added and can do nothing yet but take up an invitation ([`link`] makes its code).
    Invite(New<'a>),
    /// Their roles become these.
    Roles(&'a [Role]),
    /// The account groups hidden from them become these.
    Barriers(&'a [i32]),
    /// They are suspended, or let back.
    Suspended(bool),
    /// Password and factors are forgotten; they are invited anew.
    Reset,
}

/// Carries a change out; a request's change once, however often it is tried. Whatever changes
/// what a person may do ends their sessions.
///
/// # Errors
/// Why it cannot be done; nothing changed then.
pub async fn apply(
    pool: &PgPool,
    request: Option<&str>,
    login: &str,
    change: Change<'_>,
) -> Result<(), Problem> {
    let mut tx = pool.begin().await?;
    if let Some(request) = request
        && !staff::first_time(&mut tx, request).await?
    {
        return Ok(());
    }
    if let Change::Invite(new) = change {
        if !staff::add_invited(&mut tx, login, &new).await? {
            return Err(Problem::Exists);
        }
    } else {
        let person = staff::state(&mut tx, login).await?.ok_or(Problem::Unknown)?;
        change_known(&mut tx, login, &person, change).await?;
        // The operator on the machine may; nobody else can lock everybody out.
        let managed = request.is_none() || !person.manages();
        if !managed && staff::administrators(&mut tx).await? == 0 {
            return Err(Problem::LastAdministrator);
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn change_known(
    db: &mut PgConnection,
    login: &str,
    person: &State,
    change: Change<'_>,
) -> Result<(), Problem> {
    let id = person.staff_id;
    match change {
        Change::Invite(_) => {}
        Change::Roles(roles) => staff::set_roles(db, id, roles).await?,
        Change::Barriers(groups) => staff::set_barriers(db, id, groups).await?,
        Change::Suspended(suspended) => {
            staff::set_suspended(db, login, suspended).await?;
        }
        Change::Reset if person.status == "suspended" => return Err(Problem::State),
        Change::Reset => {
            factors::reset(db, id).await?;
            staff::forget_password(db, id).await?;
        }
    }
    sessions::end_others(db, id, None).await?;
    Ok(())
}

/// Hash under which the code of an invitation is kept; nothing when it cannot be one.
pub fn code_hash(key: &Key, code: &str) -> Option<[u8; 32]> {
    codes::plain(code).map(|plain| key.mark("invitation", plain.as_bytes()))
}

/// Makes a fresh code for an invited person, in place of an earlier one. It is known to the
/// caller alone; the database keeps a hash.
///
/// # Errors
/// When the person is not invited, or the database does not answer.
pub async fn link(
    pool: &PgPool,
    key: &Key,
    login: &str,
    by: &str,
    hours: i32,
) -> Result<String, Problem> {
    let mut tx = pool.begin().await?;
    let person = staff::state(&mut tx, login).await?.ok_or(Problem::Unknown)?;
    if person.status != "invited" {
        return Err(Problem::State);
    }
    let code = codes::fresh();
    let hash = code_hash(key, &code).ok_or(Problem::State)?;
    invitations::save(&mut tx, person.staff_id, &hash, by, hours).await?;
    tx.commit().await?;
    Ok(code)
}
