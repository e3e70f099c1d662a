//! One request: what is asked for, what it did or will do, who, when, why; and its decision.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::effect::{Cell, Effect, cell, code};
use crate::app::App;
use crate::authz::{Matter, Permission};
use crate::error::{Failure, html};
use crate::guard::Form;
use crate::i18n::{M, R, Word};
use crate::requests::{self, Action, Decided, Preview, REASON, Value, Verdict, reader};
use crate::store::requests::{self as store, Request};
use crate::view::View;

/// How long a page waits for the outcome of what it has just set going.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "request.html")]
struct Page<'a> {
    v: &'a View,
    it: &'a Request,
    then: Effect,
    at_decision: Option<Effect>,
    now: Option<Effect>,
    /// Whether the effect is another than the maker saw.
    differs: bool,
    seen: String,
    problem: Option<String>,
    note: Option<String>,
    may_decide: bool,
    own: bool,
    events: Vec<Happened>,
    outcome: Vec<String>,
    results: Vec<(String, Cell)>,
    again: Option<String>,
    reason: &'a str,
}

impl Page<'_> {
    fn unfinished(&self) -> bool {
        matches!(self.it.state.as_str(), "waiting" | "applying")
    }
}

/// A line of the timeline.
struct Happened {
    at: String,
    what: R,
    who: String,
    note: String,
}

/// How the reader came here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Arrival {
    again: Option<String>,
}

async fn found(app: &App, view: &View, text: &str) -> Result<Request, Failure> {
    let reader = reader(view).ok_or(Failure::Forbidden)?;
    let found = match (text.parse::<i64>(), requests::id(text)) {
        (Ok(number), _) => store::find(&app.pool, &reader, number).await?,
        (_, Some(id)) => store::find_id(&app.pool, &reader, &id).await?,
        _ => None,
    };
    found.ok_or(Failure::NotFound)
}

/// Waits a little while until a request is finished.
pub async fn settled(app: &App, view: &View, id: &str) -> Result<(), Failure> {
    let reader = reader(view).ok_or(Failure::Forbidden)?;
    let until = tokio::time::Instant::now() + PATIENCE;
    while tokio::time::Instant::now() < until {
        let applying = store::find_id(&app.pool, &reader, id).await?;
        if applying.is_none_or(|it| it.state != "applying") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    Ok(())
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    Path(text): Path<String>,
    Query(arrival): Query<Arrival>,
) -> Result<Response, Failure> {
    let it = found(&app, &view, &text).await?;
    let note = arrival.again.map(|_| view.t(R::SentBefore).to_owned());
    let (status, body) = shown(&app, &view, &it, Told { note, ..Told::default() }).await?;
    Ok((status, body).into_response())
}

/// What the page has to say beside the request.
#[derive(Default)]
struct Told<'a> {
    note: Option<String>,
    problem: Option<String>,
    reason: &'a str,
    /// Fingerprint of what the form sent showed, for when nothing newer can be shown.
    seen: &'a str,
    /// The effect now, where it was looked at already.
    now: Option<Preview>,
}

async fn shown(
    app: &App,
    view: &View,
    it: &Request,
    told: Told<'_>,
) -> Result<(StatusCode, Response), Failure> {
    let person = view.person.as_ref().ok_or(Failure::Forbidden)?;
    let action: Option<Action> = serde_json::from_value(it.fields.clone()).ok();
    let preview = |json: &serde_json::Value| -> Preview {
        serde_json::from_value(json.clone()).unwrap_or_default()
    };
    let then = preview(&it.preview);
    let mut status = StatusCode::OK;
    let mut problem = told.problem;
    let mut now = told.now;
    if let (true, None, Some(action)) = (it.state == "waiting", &now, &action) {
        match requests::looked_at(app, view, action).await {
            Ok(preview) => now = Some(preview),
            Err(Failure::Backend(tried)) => {
                status = StatusCode::BAD_GATEWAY;
                problem.get_or_insert(view.t1(R::BackendAwayNow, tried));
            }
            Err(failure) => return Err(failure),
        }
    }
    let own = it.maker_id == person.staff_id;
    let decides =
        Matter::parse(&it.matter).is_some_and(|matter| person.may(Permission::Decide(matter)));
    let body = html(&Page {
        differs: now.as_ref().is_some_and(|now| now.differs(&then)),
        seen: match (&now, &action) {
            (Some(now), Some(action)) => now.seen(action),
            _ => told.seen.to_owned(),
        },
        then: Effect::of(view, &then),
        at_decision: it.decision_preview.as_ref().map(|json| Effect::of(view, &preview(json))),
        now: now.as_ref().map(|now| Effect::of(view, now)),
        problem,
        note: told.note,
        may_decide: decides && !own && it.state == "waiting",
        own,
        events: events(view, it),
        outcome: outcome(view, it),
        results: results(view, it),
        again: action.as_ref().map(|action| again(action, it)),
        reason: told.reason,
        v: view,
        it,
    })?;
    Ok((status, body))
}

/// What is told of a reason that cannot be put on record.
pub(super) fn unusable_reason(view: &View, reason: &str) -> String {
    let bytes = reason.trim().len();
    if bytes > REASON { view.t1(R::ReasonLong, bytes) } else { view.t(R::ReasonMissing).into() }
}

/// Address of a form with the same fields.
fn again(action: &Action, it: &Request) -> String {
    let mut fields: Vec<(String, String)> = Vec::new();
    for field in action.info().form {
        match &it.fields[field.name] {
            serde_json::Value::String(text) => fields.push((field.name.into(), text.clone())),
            serde_json::Value::Number(number) => {
                fields.push((field.name.into(), number.to_string()));
            }
            serde_json::Value::Array(all) => {
                let codes = all.iter().filter_map(|it| it.as_str());
                fields.extend(codes.map(|it| (field.name.into(), it.to_owned())));
            }
            _ => {}
        }
    }
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    requests::link(&it.kind, &fields)
}

fn events(view: &View, it: &Request) -> Vec<Happened> {
    let mut events = vec![Happened {
        at: view.time_exact(&it.made_at.0),
        what: if it.at_once { R::WasDone } else { R::WasAsked },
        who: it.maker.clone(),
        note: it.reason.clone(),
    }];
    let note = it.decision_reason.clone().unwrap_or_default();
    if let (Some(at), Some(who)) = (&it.decided_at, &it.checker) {
        let what = if it.state == "declined" { R::WasDeclined } else { R::WasApproved };
        let at_approval = it.outcome.as_ref().is_some_and(|o| o["at_approval"] == true);
        let what = if at_approval { R::WasRefused } else { what };
        let at = view.time_exact(&at.0);
        events.push(Happened { at, what, who: who.clone(), note: note.clone() });
        if at_approval {
            return events;
        }
    }
    let Some(at) = &it.finished_at else { return events };
    let system = || view.t(R::System).to_owned();
    let (what, who, note) = match it.state.as_str() {
        "withdrawn" => (R::WasWithdrawn, it.maker.clone(), note),
        "expired" => (R::WasExpired, system(), String::new()),
        "applied" => (R::WasApplied, system(), String::new()),
        "refused" => (R::WasRefused, system(), why(view, it)),
        _ => return events,
    };
    events.push(Happened { at: view.time_exact(&at.0), what, who, note });
    events
}

/// Why it was refused: the word for its code, and what the backend said.
fn why(view: &View, it: &Request) -> String {
    let Some(outcome) = &it.outcome else { return String::new() };
    let known = outcome["code"].as_str().unwrap_or_default();
    let word = code(view, known);
    match outcome["message"].as_str() {
        Some(message) if word == known && !message.is_empty() => format!("{known}: {message}"),
        _ => word,
    }
}

/// What became of it: applied once, refused and why, or still being applied; never nothing.
fn outcome(view: &View, it: &Request) -> Vec<String> {
    let record = it.outcome.as_ref();
    let since = it.decided_at.as_ref().unwrap_or(&it.made_at);
    match it.state.as_str() {
        "waiting" => vec![view.t1(R::WaitsFor, view.time(&it.expires_at.0))],
        "applying" => {
            let attempts = it.attempts.to_string();
            let mut lines = vec![view.tf(R::StillApplying, &[&view.time(&since.0), &attempts])];
            lines.extend(it.problem.as_ref().map(|problem| view.t1(R::LastProblem, problem)));
            lines
        }
        "applied" => match record.and_then(|record| record["sequence"].as_u64()) {
            Some(sequence) => vec![view.t1(R::AppliedAt, view.int(sequence))],
            None => vec![view.t(R::AppliedPlain).into()],
        },
        "refused" if record.is_some_and(|record| record["at_approval"] == true) => {
            vec![view.t1(R::RefusedAtApproval, why(view, it))]
        }
        "refused" => vec![view.t1(R::RefusedWhy, why(view, it))],
        _ => vec![view.t(R::NothingHappened).into()],
    }
}

fn results(view: &View, it: &Request) -> Vec<(String, Cell)> {
    let results = it.outcome.as_ref().map(|outcome| outcome["results"].clone());
    let results: Vec<(String, Value)> =
        results.and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default();
    results.iter().map(|(label, value)| (view.w(Word::Label, label), cell(view, value))).collect()
}

/// What a decision sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Submitted {
    reason: String,
    seen: String,
    both: Option<String>,
}

/// Shows what became of a decision.
async fn decided(
    app: &App,
    view: &View,
    it: &Request,
    sent: &Submitted,
    decided: Result<Decided, Failure>,
) -> Result<Response, Failure> {
    let mut told = Told { reason: &sent.reason, seen: &sent.seen, ..Told::default() };
    let status = match decided {
        Ok(Decided::Done) => {
            settled(app, view, &it.id).await?;
            return Ok(Redirect::to(&format!("/requests/{}", it.number)).into_response());
        }
        Ok(Decided::Gone) => {
            told.problem = Some(view.t(R::Gone).into());
            StatusCode::CONFLICT
        }
        Ok(Decided::Own) => {
            told.problem = Some(view.t(R::OwnRequest).into());
            StatusCode::FORBIDDEN
        }
        Ok(Decided::Reason) => {
            told.problem = Some(unusable_reason(view, &sent.reason));
            StatusCode::BAD_REQUEST
        }
        Ok(Decided::Changed(preview)) => {
            told.problem = Some(view.t(R::ChangedDecide).into());
            told.now = Some(*preview);
            StatusCode::CONFLICT
        }
        Ok(Decided::Refused(why)) => {
            told.problem = Some(view.t1(R::RefusedNow, code(view, &why)));
            StatusCode::CONFLICT
        }
        Err(Failure::Backend(tried)) => {
            told.problem = Some(view.t1(R::BackendAwayNow, tried));
            StatusCode::BAD_GATEWAY
        }
        Err(failure) => return Err(failure),
    };
    // As it stands now: someone else may have decided it.
    let it = found(app, view, &it.id).await?;
    let (_, body) = shown(app, view, &it, told).await?;
    Ok((status, body).into_response())
}

/// Approves it.
pub async fn approve(
    State(app): State<App>,
    view: View,
    Path(text): Path<String>,
    Form(sent): Form<Submitted>,
) -> Result<Response, Failure> {
    let it = found(&app, &view, &text).await?;
    let verdict = Verdict { reason: &sent.reason, seen: &sent.seen, both: sent.both.is_some() };
    let done = requests::approve(&app, &view, &it, &verdict).await;
    decided(&app, &view, &it, &sent, done).await
}

/// Declines it.
pub async fn decline(
    State(app): State<App>,
    view: View,
    Path(text): Path<String>,
    Form(sent): Form<Submitted>,
) -> Result<Response, Failure> {
    let it = found(&app, &view, &text).await?;
    let done = requests::decline(&app, &view, &it, &sent.reason).await;
    decided(&app, &view, &it, &sent, done).await
}

/// Takes it back.
pub async fn withdraw(
    State(app): State<App>,
    view: View,
    Path(text): Path<String>,
    Form(sent): Form<Submitted>,
) -> Result<Response, Failure> {
    let it = found(&app, &view, &text).await?;
    let done = requests::withdraw(&app, &view, &it, &sent.reason).await;
    decided(&app, &view, &it, &sent, done).await
}
