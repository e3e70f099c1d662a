//! `console.requests`: asked, decided, carried out. Every change of a state is one statement
//! that names the state it expects, so that of two who act at once one finds it changed.

use jiff::Timestamp;
use serde_json::Value as Json;
use sqlx::{PgConnection, PgPool};

use super::notices::{self, Event};
use crate::authz::Scope;
use crate::config::Notify;
use crate::db::At;

/// A request as it stands.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of console.requests
pub struct Request {
    pub id: String,
    pub number: i64,
    pub kind: String,
    pub matter: String,
    pub target: String,
    pub at_once: bool,
    pub fields: Json,
    pub preview: Json,
    pub reason: String,
    pub maker_id: i32,
    pub maker: String,
    pub made_at: At,
    pub expires_at: At,
    pub state: String,
    pub checker_id: Option<i32>,
    pub checker: Option<String>,
    pub decided_at: Option<At>,
    pub decision_reason: Option<String>,
    pub decision_preview: Option<Json>,
    pub attempts: i32,
    pub problem: Option<String>,
    pub outcome: Option<Json>,
    pub finished_at: Option<At>,
}

/// A statement that answers with requests, whole: what comes before their columns, what comes
/// after, and its values.
macro_rules! whole {
    ([$($head:tt)*] [$($tail:tt)*] $($value:expr),*) => {
        sqlx::query_as!(
            Request,
            $($head)*
                + r#" r.id::text AS "id!", r.number, r.kind, r.matter, r.target, r.at_once,
                  r.fields, r.preview, r.reason, r.maker_id, r.maker, r.made_at AS "made_at: At",
                  r.expires_at AS "expires_at: At", r.state, r.checker_id, r.checker,
                  r.decided_at AS "decided_at: At", r.decision_reason, r.decision_preview,
                  r.attempts, r.problem, r.outcome, r.finished_at AS "finished_at: At" "#
                + $($tail)*,
            $($value),*
        )
    };
}

/// A statement that counts.
macro_rules! count {
    ([$($head:tt)*] [$($tail:tt)*] $($value:expr),*) => {
        sqlx::query_scalar!($($head)* + $($tail)*, $($value),*)
    };
}

/// Of requests that a reader may see: how they are told (`whole` or `count`), the statement's
/// beginning, its further conditions, and their values. `$1` matters, `$2` the reader, `$3`
/// hidden groups, the values from `$4`. What touches an account that is not projected yet is
/// shown only to those who see everything.
macro_rules! visible {
    ($told:ident, $head:tt, $tail:tt, $reader:ident, $($value:expr),*) => {
        $told!(
            [$head]
            [" FROM console.requests r
               WHERE (r.matter = ANY($1) OR r.maker_id = $2)
                 AND (cardinality($3::integer[]) = 0 OR (
                     NOT r.everyone AND NOT r.groups && $3 AND cardinality(r.accounts) =
                     (SELECT count(*) FROM trading.accounts a
                      WHERE a.code = ANY(r.accounts) AND a.group_id <> ALL($3)))) "
                + $tail]
            &$reader.sees,
            $reader.staff_id,
            &$reader.scope.hidden_groups,
            $($value),*
        )
    };
}

/// Who reads, and what they may see.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Row in `console.staff`.
    pub staff_id: i32,
    /// Matters whose requests they may see.
    pub sees: Vec<String>,
    /// Matters they may decide.
    pub decides: Vec<String>,
    /// Whose business they may see.
    pub scope: Scope,
}

/// A new request.
#[derive(Debug)]
#[allow(missing_docs)] // columns of console.requests
pub struct New<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub matter: &'a str,
    pub target: &'a str,
    pub at_once: bool,
    pub accounts: &'a [String],
    pub groups: &'a [i32],
    pub everyone: bool,
    pub fields: &'a Json,
    pub preview: &'a Json,
    pub reason: &'a str,
    pub maker_id: i32,
    pub maker: &'a str,
    pub expire_minutes: i32,
}

/// What became of a new request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is on record.
    New,
    /// The same form was sent before.
    Repeated,
    /// The same thing is under way under this number.
    Duplicate(i64),
}

/// Puts a request on record: at once to be applied, or waiting.
///
/// # Errors
/// When the database does not answer.
pub async fn insert(pool: &PgPool, new: &New<'_>, hooks: &[Notify]) -> sqlx::Result<Inserted> {
    loop {
        let mut tx = pool.begin().await?;
        // One past its time holds its place no longer, swept or not.
        expire(&mut tx, Some((new.kind, new.target)), hooks).await?;
        let made = written(&mut tx, new).await?;
        if made {
            notices::add(&mut tx, new.id, Event::Requested, hooks).await?;
        }
        tx.commit().await?;
        if made {
            return Ok(Inserted::New);
        }
        let same: Option<i64> = sqlx::query_scalar!(
            "SELECT number FROM console.requests WHERE id = $1::text::uuid",
            new.id
        )
        .fetch_optional(pool)
        .await?;
        if same.is_some() {
            return Ok(Inserted::Repeated);
        }
        let other: Option<i64> = sqlx::query_scalar!(
            "SELECT number FROM console.requests
             WHERE kind = $1 AND target = $2 AND state IN ('waiting', 'applying')",
            new.kind,
            new.target
        )
        .fetch_optional(pool)
        .await?;
        // Gone again between the two statements: its place is free.
        if let Some(other) = other {
            return Ok(Inserted::Duplicate(other));
        }
    }
}

async fn written(tx: &mut PgConnection, new: &New<'_>) -> sqlx::Result<bool> {
    let made = sqlx::query!(
        "INSERT INTO console.requests (id, kind, matter, target, at_once, accounts, groups,
             everyone, fields, preview, reason, maker_id, maker, expires_at, state,
             next_attempt_at)
         VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
             now() + make_interval(mins => $14),
             CASE WHEN $5 THEN 'applying' ELSE 'waiting' END, CASE WHEN $5 THEN now() END)
         ON CONFLICT DO NOTHING",
        new.id,
        new.kind,
        new.matter,
        new.target,
        new.at_once,
        new.accounts,
        new.groups,
        new.everyone,
        new.fields,
        new.preview,
        new.reason,
        new.maker_id,
        new.maker,
        new.expire_minutes
    )
    .execute(tx)
    .await?;
    Ok(made.rows_affected() == 1)
}

/// A request by its number, when the reader may see it.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, reader: &Reader, number: i64) -> sqlx::Result<Option<Request>> {
    visible!(whole, "SELECT", "AND r.number = $4", reader, number).fetch_optional(pool).await
}

/// A request by its id, when the reader may see it.
///
/// # Errors
/// When the database does not answer.
pub async fn find_id(pool: &PgPool, reader: &Reader, id: &str) -> sqlx::Result<Option<Request>> {
    visible!(whole, "SELECT", "AND r.id = $4::text::uuid", reader, id).fetch_optional(pool).await
}

/// Which requests of a list.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Those that wait for the reader.
    pub for_me: bool,
    /// Those the reader made.
    pub mine: bool,
    /// State; empty: any.
    pub state: String,
    /// Kind; empty: any.
    pub kind: String,
    /// Matter; empty: any.
    pub matter: String,
    /// Made at or after this.
    pub from: Option<Timestamp>,
    /// Made before this.
    pub to: Option<Timestamp>,
    /// Numbers below this.
    pub before: Option<i64>,
}

/// At most `limit` requests, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    pool: &PgPool,
    reader: &Reader,
    wanted: &Wanted,
    limit: i64,
) -> sqlx::Result<Vec<Request>> {
    visible!(
        whole,
        "SELECT",
        "AND (NOT $4 OR (r.state = 'waiting' AND r.expires_at > now() AND r.maker_id <> $2
              AND r.matter = ANY($5)))
         AND (NOT $6 OR r.maker_id = $2)
         AND ($7 = '' OR r.state = $7) AND ($8 = '' OR r.kind = $8)
         AND ($9 = '' OR r.matter = $9)
         AND ($10::timestamptz IS NULL OR r.made_at >= $10)
         AND ($11::timestamptz IS NULL OR r.made_at < $11)
         AND ($12::bigint IS NULL OR r.number < $12)
         ORDER BY r.number DESC LIMIT $13",
        reader,
        wanted.for_me,
        &reader.decides,
        wanted.mine,
        wanted.state,
        wanted.kind,
        wanted.matter,
        wanted.from.map(At) as Option<At>,
        wanted.to.map(At) as Option<At>,
        wanted.before,
        limit
    )
    .fetch_all(pool)
    .await
}

/// How many wait for the reader, counted up to a hundred.
///
/// # Errors
/// When the database does not answer.
pub async fn waiting_for(pool: &PgPool, reader: &Reader) -> sqlx::Result<i64> {
    if reader.decides.is_empty() {
        return Ok(0);
    }
    visible!(
        count,
        r#"SELECT count(*) AS "count!" FROM (SELECT 1 AS one"#,
        "AND r.state = 'waiting' AND r.expires_at > now() AND r.maker_id <> $2
         AND r.matter = ANY($4) LIMIT 100) AS waiting",
        reader,
        &reader.decides
    )
    .fetch_one(pool)
    .await
}

/// A person's decision.
#[derive(Debug)]
pub struct Decision<'a> {
    /// Which request.
    pub id: &'a str,
    /// Who decides.
    pub checker_id: i32,
    /// Their login.
    pub checker: &'a str,
    /// Why; may be empty for an approval.
    pub reason: &'a str,
    /// Its effect as they saw it.
    pub preview: Option<&'a Json>,
    /// What stands then: `applying`, `declined`, or `refused` with its outcome.
    pub state: &'a str,
    /// Outcome of a refusal.
    pub outcome: Option<&'a Json>,
}

/// Decides a waiting request of another person. Answers whether it was still there to decide.
///
/// # Errors
/// When the database does not answer.
pub async fn decide(pool: &PgPool, by: &Decision<'_>, hooks: &[Notify]) -> sqlx::Result<bool> {
    let mut tx = pool.begin().await?;
    let done = sqlx::query!(
        "UPDATE console.requests SET state = $2, checker_id = $3, checker = $4,
             decided_at = now(), decision_reason = nullif($5, ''), decision_preview = $6,
             outcome = $7,
             next_attempt_at = CASE WHEN $2 = 'applying' THEN now() END,
             finished_at = CASE WHEN $2 <> 'applying' THEN now() END
         WHERE id = $1::text::uuid AND state = 'waiting' AND expires_at > now() AND maker_id <> $3",
        by.id,
        by.state,
        by.checker_id,
        by.checker,
        by.reason,
        by.preview,
        by.outcome
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if done == 1 {
        notices::add(&mut tx, by.id, Event::Decided, hooks).await?;
    }
    tx.commit().await?;
    Ok(done == 1)
}

/// Takes back one's own waiting request. Answers whether it was still there to take back.
///
/// # Errors
/// When the database does not answer.
pub async fn withdraw(
    pool: &PgPool,
    id: &str,
    maker_id: i32,
    reason: &str,
    hooks: &[Notify],
) -> sqlx::Result<bool> {
    let mut tx = pool.begin().await?;
    let done = sqlx::query!(
        "UPDATE console.requests SET state = 'withdrawn', finished_at = now(),
             decision_reason = nullif($3, '')
         WHERE id = $1::text::uuid AND state = 'waiting' AND maker_id = $2 AND expires_at > now()",
        id,
        maker_id,
        reason
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if done == 1 {
        notices::add(&mut tx, id, Event::Finished, hooks).await?;
    }
    tx.commit().await?;
    Ok(done == 1)
}

/// Ends waiting requests past their time, at most 500: all, or those of one kind and target.
///
/// # Errors
/// When the database does not answer.
pub async fn expire(
    tx: &mut PgConnection,
    only: Option<(&str, &str)>,
    hooks: &[Notify],
) -> sqlx::Result<usize> {
    let ended: Vec<String> = sqlx::query_scalar!(
        "UPDATE console.requests SET state = 'expired', finished_at = now()
         WHERE id IN (SELECT id FROM console.requests
                      WHERE state = 'waiting' AND expires_at <= now()
                        AND ($1::text IS NULL OR (kind = $1 AND target = $2))
                      ORDER BY expires_at LIMIT 500 FOR UPDATE SKIP LOCKED)
         RETURNING id::text AS \"id!\"",
        only.map(|(kind, _)| kind),
        only.map(|(_, target)| target)
    )
    .fetch_all(&mut *tx)
    .await?;
    for id in &ended {
        notices::add(tx, id, Event::Finished, hooks).await?;
    }
    Ok(ended.len())
}

/// Takes up a request that is to be applied and that nobody is at work on, for `seconds`: until
/// then no other worker takes it. A worker that dies leaves it to the next one.
///
/// # Errors
/// When the database does not answer.
pub async fn take_up(pool: &PgPool, seconds: f64) -> sqlx::Result<Option<Request>> {
    whole!(
        ["UPDATE console.requests r SET attempts = r.attempts + 1,
             next_attempt_at = now() + make_interval(secs => $1)
         WHERE r.id = (SELECT id FROM console.requests
                       WHERE state = 'applying' AND next_attempt_at <= now()
                       ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING"]
        [""]
        seconds
    )
    .fetch_optional(pool)
    .await
}

/// Records what became of it: `applied` or `refused`. Answers whether that was new.
///
/// # Errors
/// When the database does not answer.
pub async fn finish(
    pool: &PgPool,
    id: &str,
    state: &str,
    outcome: &Json,
    hooks: &[Notify],
) -> sqlx::Result<bool> {
    let mut tx = pool.begin().await?;
    let done = sqlx::query!(
        "UPDATE console.requests SET state = $2, outcome = $3, problem = NULL,
             next_attempt_at = NULL, finished_at = now()
         WHERE id = $1::text::uuid AND state = 'applying'",
        id,
        state,
        outcome
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if done == 1 {
        notices::add(&mut tx, id, Event::Finished, hooks).await?;
    }
    tx.commit().await?;
    Ok(done == 1)
}

/// Notes why it is not done yet, and when to try again.
///
/// # Errors
/// When the database does not answer.
pub async fn put_off(pool: &PgPool, id: &str, problem: &str, seconds: f64) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE console.requests SET problem = $2,
             next_attempt_at = now() + make_interval(secs => $3)
         WHERE id = $1::text::uuid AND state = 'applying'",
        id,
        problem,
        seconds
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// How many requests wait or are being applied, by state and matter, and the age of the oldest
/// in seconds.
///
/// # Errors
/// When the database does not answer.
pub async fn standing(pool: &PgPool) -> sqlx::Result<Vec<(String, String, i64, f64)>> {
    let rows = sqlx::query!(
        r#"SELECT state, matter, count(*) AS "count!",
             extract(epoch FROM now() - min(coalesce(decided_at, made_at)))::float8 AS "age!"
         FROM console.requests WHERE state IN ('waiting', 'applying') GROUP BY state, matter"#
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.state, row.matter, row.count, row.age)).collect())
}
