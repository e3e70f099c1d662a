//! Checking proofs of identity: typed codes and passkeys, with their limits. Whoever asks
//! decides what the proof is good for.

use super::passkey::{Answered, Stored, ceremony};
use super::totp::Shared;
use super::{codes, passkey};
use crate::app::App;
use crate::error::Failure;
use crate::store::factors::{self, Kept};

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Password alone.
    Password,
    /// Password and time-based code.
    Totp,
    /// Passkey, alone or after the password.
    Passkey,
    /// Password and recovery code.
    Recovery,
    /// The firm's identity provider.
    Provider,
}

impl Method {
    /// Its name in the database and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Password => "password",
            Method::Totp => "totp",
            Method::Passkey => "passkey",
            Method::Recovery => "recovery",
            Method::Provider => "oidc",
        }
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It holds.
    Right(Method),
    /// It does not.
    Wrong,
    /// It was wrong too often; not looked at.
    Throttled,
}

/// Name under which a person's secret is sealed.
pub fn totp_name(staff_id: i32) -> String {
    format!("totp of {staff_id}")
}

/// Hash under which a recovery code is kept.
pub fn recovery_mark(app: &App, staff_id: i32, plain: &str) -> [u8; 32] {
    app.key.mark(&format!("recovery code of {staff_id}"), plain.as_bytes())
}

/// Checks a code a person typed: a time-based one, or where `recovery` says so a recovery code.
/// A right one is used up.
///
/// # Errors
/// When the database does not answer.
pub async fn code(
    app: &App,
    staff_id: i32,
    typed: &str,
    recovery: bool,
) -> Result<Checked, Failure> {
    let limits = &app.config.sign_in;
    if factors::must_wait(&app.pool, limits, staff_id).await? {
        return Ok(Checked::Throttled);
    }
    let method = match right_code(app, staff_id, typed).await? {
        true => Some(Method::Totp),
        false if recovery && right_recovery(app, staff_id, typed).await? => Some(Method::Recovery),
        false => None,
    };
    match method {
        Some(method) => {
            factors::forget_failures(&app.pool, staff_id).await?;
            Ok(Checked::Right(method))
        }
        None => {
            factors::count_failure(&app.pool, limits, staff_id).await?;
            Ok(Checked::Wrong)
        }
    }
}

async fn right_code(app: &App, staff_id: i32, typed: &str) -> Result<bool, Failure> {
    let Some(sealed) = factors::totp(&app.pool, staff_id).await? else { return Ok(false) };
    let secret = app.key.open(&totp_name(staff_id), &sealed).ok_or_else(|| {
        Failure::Internal("a time-based secret was sealed with another key file".into())
    })?;
    let now = u64::try_from(crate::clock::now().as_second()).unwrap_or_default();
    let step = Shared::of(&secret).and_then(|shared| shared.step_of(typed, now));
    match step {
        Some(step) => Ok(factors::take_step(&app.pool, staff_id, step).await?),
        None => Ok(false),
    }
}

async fn right_recovery(app: &App, staff_id: i32, typed: &str) -> Result<bool, Failure> {
    let Some(plain) = codes::plain(typed) else { return Ok(false) };
    let hash = recovery_mark(app, staff_id, &plain);
    Ok(factors::take_recovery(&app.pool, staff_id, &hash).await?)
}

/// Checks what a browser answered to a passkey's ceremony; whose passkey it is, if it holds.
/// With `only`, nobody else's counts.
///
/// # Errors
/// When the database does not answer.
pub async fn passkey(
    app: &App,
    purpose: &str,
    state: &str,
    answer: &str,
    only: Option<i32>,
) -> Result<Option<Kept>, Failure> {
    let Some(relying) = &app.relying else { return Ok(None) };
    let answered = match Answered::read(answer) {
        Ok(answered) => answered,
        Err(error) => return Ok(note_refused(&error)),
    };
    let Some(kept) = factors::passkey(&app.pool, &answered.credential_id()).await? else {
        return Ok(None);
    };
    if !kept.active || only.is_some_and(|only| only != kept.staff_id) {
        return Ok(None);
    }
    let id = answered.credential_id();
    let stored = Stored {
        credential_id: &id,
        handle: &kept.handle,
        fixed: &kept.fixed,
        moving: &kept.moving,
    };
    let moving = match relying.finish_proof(&app.key, purpose, state, &answered, &stored) {
        Ok(moving) => moving.unwrap_or_else(|| kept.moving.clone()),
        Err(error) => return Ok(note_refused(&error)),
    };
    let first = factors::answer_once(&app.pool, &ceremony(state)).await?;
    let fresh =
        first && factors::use_passkey(&app.pool, kept.passkey_id, &kept.moving, &moving).await?;
    Ok(fresh.then_some(kept))
}

fn note_refused<T>(error: &passkey::Refused) -> Option<T> {
    tracing::info!(event = "console.passkey_refused", error = %error, "a passkey was refused");
    None
}
