//! Carries out what was approved, until its outcome is known, and ends what waited too long.
//! Several consoles may work at once: a row is taken up by one of them, for a while; should
//! that one die, another takes it up again, and the backend does under one id one thing only.

use std::time::Duration;

use serde_json::json;

use super::action::{Outcome, Provenance};
use super::desk::action_of;
use super::hooks;
use crate::app::App;
use crate::audit::{self, Entry, Kind, Object, Who};
use crate::authz::Matter;
use crate::metrics::METRICS;
use crate::store::requests::{self, Request};

/// Pause between two looks at the table when nobody rings.
const PAUSE: Duration = Duration::from_secs(1);
/// For how long a request is taken up. Longer than most take; what takes longer may be done
/// twice at the same time, which the backend makes one.
const HELD_SECONDS: f64 = 30.0;
/// How many requests one console carries out at a time.
const HANDS: usize = 2;

/// Starts the workers of this console; they end when it stops.
pub fn start(app: &App) {
    for _ in 0..HANDS {
        tokio::spawn(until_stopped(app.clone(), work(app.clone())));
    }
    tokio::spawn(until_stopped(app.clone(), keep(app.clone())));
    if !app.config.notify.is_empty() {
        tokio::spawn(until_stopped(app.clone(), hooks::deliver(app.clone())));
    }
}

async fn until_stopped(mut app: App, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = app.stopping.wait_for(|stopping| *stopping) => {}
    }
}

async fn work(app: App) {
    loop {
        let rung = app.desk.work.notified();
        match requests::take_up(&app.pool, HELD_SECONDS).await {
            Ok(Some(request)) => {
                carry_out(&app, &request).await;
                continue;
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(event = "console.requests_unread", error = %error,
                "cannot look for approved requests"),
        }
        tokio::select! {
            () = rung => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn carry_out(app: &App, request: &Request) {
    let by = Provenance {
        actor: request.maker.clone(),
        approver: request.checker.clone(),
        request_id: request.id.clone(),
        reason: request.reason.clone(),
    };
    let outcome = match action_of(request) {
        Ok(action) => action.apply(app, &by).await,
        Err(failure) => Outcome::Later(failure.to_string()),
    };
    let hooks = &app.config.notify;
    let (state, record) = match outcome {
        Outcome::Applied { sequence, results } => {
            ("applied", json!({"sequence": sequence, "results": results}))
        }
        Outcome::Refused { code, message } => {
            ("refused", json!({"code": code, "message": message}))
        }
        Outcome::Later(problem) => return put_off(app, request, &problem).await,
    };
    match requests::finish(&app.pool, &request.id, state, &record, hooks).await {
        Ok(first) => {
            tracing::info!(
                event = "console.request_finished",
                request.id = request.id,
                kind = request.kind,
                state,
                "a request was carried out"
            );
            app.desk.news.notify_waiters();
            if first {
                trace(app, request, state, &record).await;
            }
        }
        // It stays taken up; the next attempt hears the same outcome.
        Err(error) => tracing::error!(event = "console.request_unrecorded",
            request.id = request.id, error = %error, "the outcome of a request is not on record"),
    }
}

/// Records the end of a request in the audit trail. It is on record in the request and in the
/// journal already; a trail that cannot be written does not undo it.
async fn trace(app: &App, request: &Request, state: &str, outcome: &serde_json::Value) {
    let Ok(id) = request.id.parse() else { return };
    let who =
        Who { staff_id: Some(request.maker_id), login: request.maker.clone(), ..Who::default() };
    let detail = json!({"action": request.fields, "state": state, "outcome": outcome,
        "checker": request.checker});
    let entry =
        Entry { kind: Kind::Action, object: Object::Request(id), detail, request: Some(id) };
    if let Err(error) = audit::record_as(app, who, entry).await {
        tracing::error!(event = "console.request_untraced", request.id = request.id,
            error = %error, "the end of a request is not in the audit trail");
    }
}

/// Tries again after a pause that grows to the longest one set.
async fn put_off(app: &App, request: &Request, problem: &str) {
    let longest = app.config.requests.retry_seconds as f64;
    let exponent = request.attempts.clamp(1, 16) - 1;
    let seconds = (0.25 * f64::powi(2.0, exponent)).min(longest);
    tracing::warn!(
        event = "console.request_put_off",
        request.id = request.id,
        kind = request.kind,
        attempts = request.attempts,
        problem,
        "tried again later"
    );
    if let Err(error) = requests::put_off(&app.pool, &request.id, problem, seconds).await {
        tracing::warn!(event = "console.requests_unread", error = %error, "cannot note a problem");
    }
}

/// Ends what waited too long, and counts.
async fn keep(app: App) {
    loop {
        if let Err(error) = round(&app).await {
            tracing::warn!(event = "console.requests_unread", error = %error,
                "cannot look after requests");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn round(app: &App) -> sqlx::Result<()> {
    let mut tx = app.pool.begin().await?;
    let ended = requests::expire(&mut tx, None, &app.config.notify).await?;
    tx.commit().await?;
    if ended > 0 {
        app.desk.news.notify_waiters();
    }
    let standing = requests::standing(&app.pool).await?;
    for state in ["waiting", "applying"] {
        for matter in Matter::ALL.map(Matter::as_str) {
            let found = standing.iter().find(|it| it.0 == state && it.1 == matter);
            let (count, age) = found.map_or((0, 0.0), |it| (it.2, it.3));
            METRICS.requests_standing.with_label_values(&[state, matter]).set(count);
            METRICS.requests_age.with_label_values(&[state, matter]).set(age);
        }
    }
    Ok(())
}
