//! Who may ask, decide and take back, and what is looked at anew before it happens.

use serde_json::json;

use super::action::{Action, Touches};
use super::preview::Preview;
use super::{REASON, reader};
use crate::app::App;
use crate::audit::{self, Entry, Kind, Object};
use crate::authz::{Permission, Person, Role, Scope};
use crate::error::Failure;
use crate::store::requests::{self, Decision, Inserted, New, Request};
use crate::store::staff;
use crate::view::View;

/// Refusal of what a person asked for who may not any more.
const MAKER_MAY_NOT: &str = "maker_may_not";

/// What a person asks for.
#[derive(Debug)]
pub struct Ask<'a> {
    /// Id that came with the form.
    pub id: &'a str,
    /// What.
    pub action: &'a Action,
    /// Why.
    pub reason: &'a str,
    /// Fingerprint of what they were shown.
    pub seen: &'a str,
    /// The word they typed, where one is asked for.
    pub word: &'a str,
}

/// What became of it.
#[derive(Debug)]
pub enum Asked {
    /// It is on record.
    Made,
    /// The form was sent before; it is the same request.
    Again,
    /// The id of the form belongs to another request.
    Reused,
    /// The same thing is under way: its number, when the person may see it.
    Duplicate(Option<i64>),
    /// There is no reason, or too long a one.
    Reason,
    /// The word was not typed.
    Word,
    /// It would do something else than the person was shown, or cannot be done: look again.
    Changed(Box<Preview>),
}

/// What became of a decision.
#[derive(Debug)]
pub enum Decided {
    /// It stands.
    Done,
    /// Someone or time was faster: the request is not waiting any more.
    Gone,
    /// It is the person's own.
    Own,
    /// A reason is needed, or it is too long.
    Reason,
    /// Its effect is another than the maker or the checker saw: both have to be looked at.
    Changed(Box<Preview>),
    /// It can no longer be done; the request was refused with this code.
    Refused(String),
}

/// How a checker approves.
#[derive(Debug)]
pub struct Verdict<'a> {
    /// Why; may be empty.
    pub reason: &'a str,
    /// Fingerprint of what they were shown.
    pub seen: &'a str,
    /// They say that they saw both effects, the maker's and today's.
    pub both: bool,
}

fn person(view: &View) -> Result<&Person, Failure> {
    view.person.as_ref().ok_or(Failure::Forbidden)
}

fn usable(reason: &str) -> bool {
    let reason = reason.trim();
    !reason.is_empty() && reason.len() <= REASON && !reason.chars().any(char::is_control)
}

/// Refuses what lies beyond the person's information barriers: an account they may not see is
/// one that does not exist.
///
/// # Errors
/// `NotFound` for accounts and groups, `Forbidden` for what is everybody's.
pub async fn within(app: &App, scope: &Scope, touches: &Touches) -> Result<(), Failure> {
    if scope.is_everything() {
        return Ok(());
    }
    match touches {
        Touches::Nobody => Ok(()),
        Touches::Everyone => Err(Failure::Forbidden),
        Touches::Group(group) if scope.includes(*group) => Ok(()),
        Touches::Group(_) => Err(Failure::NotFound),
        Touches::Accounts(codes) => {
            let hidden = &scope.hidden_groups;
            let seen: i64 = sqlx::query_scalar!(
                "SELECT count(*) AS \"count!\" FROM trading.accounts
                 WHERE code = ANY($1) AND group_id <> ALL($2)",
                codes,
                hidden
            )
            .fetch_one(&app.pool)
            .await?;
            if seen == codes.len() as i64 { Ok(()) } else { Err(Failure::NotFound) }
        }
    }
}

/// What an action will do, for a person who may ask for it or see its request.
///
/// # Errors
/// When it lies beyond their barriers, or the backend does not answer.
pub async fn looked_at(app: &App, view: &View, action: &Action) -> Result<Preview, Failure> {
    let touches = action.touches(app).await?;
    within(app, &view.scope(), &touches).await?;
    let preview = action.preview(app).await?;
    // Balances, positions and orders of clients are shown.
    if let Touches::Accounts(codes) = &touches {
        for code in codes {
            let detail = json!({"preview": action.name()});
            let object = Object::Account(code.clone());
            let entry = Entry { kind: Kind::View, object, detail, request: None };
            audit::record(app, view, entry).await?;
        }
    }
    Ok(preview)
}

/// Puts an action on record: waiting for a second person, or to be carried out at once.
///
/// # Errors
/// When the person may not ask for it, or database or backend do not answer.
pub async fn ask(app: &App, view: &View, ask: &Ask<'_>) -> Result<Asked, Failure> {
    let person = person(view)?;
    let info = ask.action.info();
    // What one person does alone needs a fresh proof of who they are; its address asks for it.
    if !person.may(info.asks()) || (info.at_once() && !person.recent) {
        return Err(Failure::Forbidden);
    }
    let touches = ask.action.touches(app).await?;
    within(app, &person.scope, &touches).await?;
    let fields = json!(ask.action);
    // A form that was sent before has its answer, whatever has changed since.
    if let Some(there) = known(app, view, ask.id).await? {
        let same = there.maker_id == person.staff_id && there.fields == fields;
        return Ok(if same { Asked::Again } else { Asked::Reused });
    }
    if !usable(ask.reason) {
        return Ok(Asked::Reason);
    }
    if ask.action.word().is_some_and(|word| !ask.word.trim().eq_ignore_ascii_case(word)) {
        return Ok(Asked::Word);
    }
    let preview = ask.action.preview(app).await?;
    if preview.refusal.is_some() || preview.seen(ask.action) != ask.seen {
        return Ok(Asked::Changed(Box::new(preview)));
    }
    insert(app, view, person, ask, touches, &fields, &preview).await
}

/// Records in the audit trail what a person is about to do with a request. What came of it is
/// in the request itself, and recorded when it ends.
async fn trace(
    app: &App,
    view: &View,
    kind: Kind,
    id: &str,
    detail: serde_json::Value,
) -> Result<(), Failure> {
    let id: uuid::Uuid = id.parse().map_err(|_| Failure::NotFound)?;
    let entry = Entry { kind, object: Object::Request(id), detail, request: Some(id) };
    audit::record(app, view, entry).await
}

async fn known(app: &App, view: &View, id: &str) -> Result<Option<Request>, Failure> {
    let Some(reader) = reader(view) else { return Err(Failure::Forbidden) };
    Ok(requests::find_id(&app.pool, &reader, id).await?)
}

async fn insert(
    app: &App,
    view: &View,
    person: &Person,
    ask: &Ask<'_>,
    touches: Touches,
    fields: &serde_json::Value,
    preview: &Preview,
) -> Result<Asked, Failure> {
    let info = ask.action.info();
    let kind = if info.at_once() { Kind::Action } else { Kind::Request };
    let (accounts, groups, everyone) = match touches {
        Touches::Nobody => (Vec::new(), Vec::new(), false),
        Touches::Accounts(mut codes) => {
            codes.sort();
            codes.dedup();
            (codes, Vec::new(), false)
        }
        Touches::Group(group) => (Vec::new(), vec![group], false),
        Touches::Everyone => (Vec::new(), Vec::new(), true),
    };
    // Whose business it is hides the entry as the request: of a refused one there is no row.
    let detail = json!({"action": fields, "reason": ask.reason.trim(), "accounts": accounts,
        "groups": groups});
    trace(app, view, kind, ask.id, detail).await?;
    let new = New {
        id: ask.id,
        kind: info.name,
        matter: info.matter.as_str(),
        target: &ask.action.target(),
        at_once: info.at_once(),
        accounts: &accounts,
        groups: &groups,
        everyone,
        fields,
        preview: &json!(preview),
        reason: ask.reason.trim(),
        maker_id: person.staff_id,
        maker: &person.login,
        expire_minutes: app.config.requests.expire_minutes,
    };
    let inserted = requests::insert(&app.pool, &new, &app.config.notify).await?;
    app.desk.news.notify_waiters();
    match inserted {
        Inserted::New => {
            tracing::info!(
                event = "console.requested",
                request.id = ask.id,
                kind = info.name,
                maker = person.login,
                "a request was made"
            );
            app.desk.work.notify_waiters();
            Ok(Asked::Made)
        }
        // Two of one form at the same moment: the other came first.
        Inserted::Repeated => Ok(match known(app, view, ask.id).await? {
            Some(there) if there.maker_id == person.staff_id && there.fields == *fields => {
                Asked::Again
            }
            _ => Asked::Reused,
        }),
        Inserted::Duplicate(number) => {
            let Some(reader) = reader(view) else { return Err(Failure::Forbidden) };
            let seen = requests::find(&app.pool, &reader, number).await?;
            Ok(Asked::Duplicate(seen.map(|other| other.number)))
        }
    }
}

/// Approves a request after looking at it anew, and has it carried out.
///
/// # Errors
/// When the person may not decide it, or database or backend do not answer: then nothing is
/// decided.
pub async fn approve(
    app: &App,
    view: &View,
    request: &Request,
    verdict: &Verdict<'_>,
) -> Result<Decided, Failure> {
    let person = person(view)?;
    if let Some(stop) = may_decide(person, request)? {
        return Ok(stop);
    }
    if !verdict.reason.trim().is_empty() && !usable(verdict.reason) {
        return Ok(Decided::Reason);
    }
    let detail = json!({"decision": "approve", "reason": verdict.reason.trim()});
    trace(app, view, Kind::Decision, &request.id, detail).await?;
    let action = action_of(request)?;
    let preview = looked_at(app, view, &action).await?;
    let shown = json!(preview);
    let mut decision = Decision {
        id: &request.id,
        checker_id: person.staff_id,
        checker: &person.login,
        reason: verdict.reason.trim(),
        preview: Some(&shown),
        state: "applying",
        outcome: None,
    };
    let gone = (!maker_still_may(app, request, &action).await?).then(|| MAKER_MAY_NOT.to_owned());
    if let Some(code) = &gone.or(preview.refusal.clone()) {
        let outcome = json!({"code": code, "message": "", "at_approval": true});
        decision.state = "refused";
        decision.outcome = Some(&outcome);
        let stands = settle(app, &decision).await?;
        return Ok(if stands { Decided::Refused(code.clone()) } else { Decided::Gone });
    }
    let then: Preview = serde_json::from_value(request.preview.clone()).unwrap_or_default();
    if preview.seen(&action) != verdict.seen || (preview.differs(&then) && !verdict.both) {
        return Ok(Decided::Changed(Box::new(preview)));
    }
    let stands = settle(app, &decision).await?;
    app.desk.work.notify_waiters();
    Ok(if stands { Decided::Done } else { Decided::Gone })
}

/// Whether who asked could ask for it today: a person who was suspended or lost the role since
/// has nothing carried out in their name.
async fn maker_still_may(app: &App, request: &Request, action: &Action) -> Result<bool, Failure> {
    let roles = staff::active_roles(&app.pool, request.maker_id).await?;
    let asks = action.info().asks();
    Ok(roles.iter().filter_map(|role| Role::parse(role)).any(|role| role.may(asks)))
}

/// Declines a request.
///
/// # Errors
/// When the person may not decide it, or the database does not answer.
pub async fn decline(
    app: &App,
    view: &View,
    request: &Request,
    reason: &str,
) -> Result<Decided, Failure> {
    let person = person(view)?;
    if let Some(stop) = may_decide(person, request)? {
        return Ok(stop);
    }
    if !usable(reason) {
        return Ok(Decided::Reason);
    }
    let detail = json!({"decision": "decline", "reason": reason.trim()});
    trace(app, view, Kind::Decision, &request.id, detail).await?;
    let decision = Decision {
        id: &request.id,
        checker_id: person.staff_id,
        checker: &person.login,
        reason: reason.trim(),
        preview: None,
        state: "declined",
        outcome: None,
    };
    Ok(if settle(app, &decision).await? { Decided::Done } else { Decided::Gone })
}

/// Takes back one's own request.
///
/// # Errors
/// When it is another's, or the database does not answer.
pub async fn withdraw(
    app: &App,
    view: &View,
    request: &Request,
    reason: &str,
) -> Result<Decided, Failure> {
    let person = person(view)?;
    if request.maker_id != person.staff_id {
        return Err(Failure::Forbidden);
    }
    if !reason.trim().is_empty() && !usable(reason) {
        return Ok(Decided::Reason);
    }
    let hooks = &app.config.notify;
    let reason = reason.trim();
    let detail = json!({"decision": "withdraw", "reason": reason});
    trace(app, view, Kind::Decision, &request.id, detail).await?;
    let done = requests::withdraw(&app.pool, &request.id, person.staff_id, reason, hooks).await?;
    app.desk.news.notify_waiters();
    Ok(if done { Decided::Done } else { Decided::Gone })
}

fn may_decide(person: &Person, request: &Request) -> Result<Option<Decided>, Failure> {
    // One's own is one's own, whatever else one may do.
    if request.maker_id == person.staff_id || request.maker == person.login {
        return Ok(Some(Decided::Own));
    }
    let matter = crate::authz::Matter::parse(&request.matter).ok_or(Failure::Forbidden)?;
    if !person.may(Permission::Decide(matter)) {
        return Err(Failure::Forbidden);
    }
    Ok((request.state != "waiting").then_some(Decided::Gone))
}

async fn settle(app: &App, decision: &Decision<'_>) -> Result<bool, Failure> {
    let stands = requests::decide(&app.pool, decision, &app.config.notify).await?;
    if stands {
        tracing::info!(
            event = "console.request_decided",
            request.id = decision.id,
            state = decision.state,
            checker = decision.checker,
            "a request was decided"
        );
    }
    app.desk.news.notify_waiters();
    Ok(stands)
}

/// The action of a request on record.
///
/// # Errors
/// When this console does not know its kind: a newer one wrote it.
pub fn action_of(request: &Request) -> Result<Action, Failure> {
    serde_json::from_value(request.fields.clone()).map_err(|error| {
        Failure::Internal(format!("request {} of kind {}: {error}", request.number, request.kind))
    })
}
