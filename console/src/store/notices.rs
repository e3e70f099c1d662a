//! `console.request_notices`: the outbox of the notification hooks. Written in the transaction
//! of what it tells, delivered later.

use sqlx::{PgConnection, PgPool};

use crate::config::Notify;
use crate::db::At;

/// What is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Someone asks, or acts at once.
    Requested,
    /// Someone approved or declined.
    Decided,
    /// Applied, refused, withdrawn or expired.
    Finished,
}

impl Event {
    /// Its name in the settings and in what is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Event::Requested => "requested",
            Event::Decided => "decided",
            Event::Finished => "finished",
        }
    }
}

/// Puts what happened into the outbox of every hook that wants it.
///
/// # Errors
/// When the database does not answer.
pub async fn add(
    tx: &mut PgConnection,
    request: &str,
    event: Event,
    hooks: &[Notify],
) -> sqlx::Result<()> {
    let wants = |hook: &&Notify| hook.events.iter().any(|it| it == event.as_str());
    let hooks: Vec<String> = hooks.iter().filter(wants).map(|hook| hook.name.clone()).collect();
    if hooks.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO console.request_notices (request_id, hook, event, state)
         SELECT r.id, hook, $2, r.state FROM console.requests r, unnest($3::text[]) AS hook
         WHERE r.id = $1::text::uuid",
        request,
        event.as_str(),
        &hooks
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Something to tell.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of console.request_notices and console.requests
pub struct Notice {
    pub notice_id: i64,
    pub hook: String,
    pub event: String,
    pub state: String,
    pub at: At,
    pub attempts: i32,
    pub number: i64,
    pub kind: String,
    pub matter: String,
}

/// Takes up the next notice that is due, for `seconds`: until then nobody else takes it.
///
/// # Errors
/// When the database does not answer.
pub async fn take_up(
    pool: &PgPool,
    hooks: &[String],
    seconds: f64,
) -> sqlx::Result<Option<Notice>> {
    sqlx::query_as!(
        Notice,
        r#"UPDATE console.request_notices n SET attempts = n.attempts + 1,
             next_attempt_at = now() + make_interval(secs => $1)
         FROM console.requests r
         WHERE r.id = n.request_id AND n.notice_id =
             (SELECT notice_id FROM console.request_notices
              WHERE next_attempt_at <= now() AND hook = ANY($2)
              ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING n.notice_id, n.hook, n.event, n.state, n.at AS "at: At", n.attempts, r.number,
             r.kind, r.matter"#,
        seconds,
        hooks
    )
    .fetch_optional(pool)
    .await
}

/// Notes that it was delivered.
///
/// # Errors
/// When the database does not answer.
pub async fn delivered(pool: &PgPool, notice_id: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE console.request_notices
         SET delivered_at = now(), next_attempt_at = NULL, problem = NULL WHERE notice_id = $1",
        notice_id
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes why it was not delivered, and when to try again; never, when there is no time given.
///
/// # Errors
/// When the database does not answer.
pub async fn failed(
    pool: &PgPool,
    notice_id: i64,
    problem: &str,
    again_in: Option<f64>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE console.request_notices
         SET problem = $2, next_attempt_at = now() + make_interval(secs => $3)
         WHERE notice_id = $1",
        notice_id,
        problem,
        again_in
    )
    .execute(pool)
    .await?;
    Ok(())
}
