//! The form of a new request. Its fields are in its address; what will happen is shown before
//! it can be sent; what is sent is what was shown.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::effect::Effect;
use super::one::{settled, unusable_reason};
use crate::app::App;
use crate::authz::Matter;
use crate::error::{Failure, html};
use crate::guard::Form;
use crate::i18n::{M, R, Word};
use crate::requests::action::Info;
use crate::requests::form::{Field, Given, Input, Wrong, given};
use crate::requests::{Action, Ask, Asked, KINDS, Preview, ask, fresh_id, id, kind};
use crate::view::View;

#[derive(Template)]
#[template(path = "request_kinds.html")]
struct KindsPage<'a> {
    v: &'a View,
    matters: Vec<(Matter, Vec<&'static Info>)>,
}

#[derive(Template)]
#[template(path = "request_new.html")]
struct NewPage<'a> {
    v: &'a View,
    info: &'static Info,
    fields: Vec<Shown>,
    problems: Vec<String>,
    duplicate: Option<i64>,
    form: Option<Ready>,
    /// What was sent while the backend was away: the same form, to be sent again.
    again: Option<Sent>,
    reason: &'a str,
}

impl NewPage<'_> {
    /// What the button that sends it says.
    fn submit(&self) -> &'static str {
        self.v.t(if self.info.at_once() { R::SubmitAtOnce } else { R::SubmitTwo })
    }
}

/// A field with what was typed.
struct Shown {
    field: Field,
    label: String,
    value: String,
    values: Vec<String>,
    /// What a reader has to know before filling it in.
    hint: Option<R>,
    wrong: Option<String>,
}

impl Shown {
    fn has(&self, code: &str) -> bool {
        self.values.iter().any(|it| it == code)
    }
}

/// What is ready to be sent.
struct Ready {
    effect: Effect,
    sent: Sent,
}

/// What a form sends beside its token and reason.
struct Sent {
    id: String,
    seen: String,
    word: Option<&'static str>,
    /// The fields as typed.
    hidden: Vec<(String, String)>,
}

impl Sent {
    fn of(action: &Action, given: &Given, id: &str, seen: &str) -> Sent {
        let names: Vec<&str> = action.info().form.iter().map(|field| field.name).collect();
        let hidden = given
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()))
            .flat_map(|(name, values)| values.iter().map(|it| (name.clone(), it.clone())))
            .collect();
        Sent { id: id.to_owned(), seen: seen.to_owned(), word: action.word(), hidden }
    }
}

/// What the label of a field does not say.
fn hint(kind: &str, field: &str) -> Option<R> {
    match (kind, field) {
        ("adjust", "amount") => Some(R::HintSign),
        _ => None,
    }
}

/// What is told of a field of this type that cannot be read.
fn unreadable(input: Input) -> R {
    match input {
        Input::Decimal => R::FieldDecimal,
        Input::Whole(..) => R::FieldWhole,
        _ => R::FieldUnreadable,
    }
}

fn shown(view: &View, info: &Info, given: &Given, wrong: &[(&'static str, Wrong)]) -> Vec<Shown> {
    info.form
        .iter()
        .map(|field| {
            let label = view.w(Word::Label, field.name);
            let values = given.get(field.name).cloned().unwrap_or_default();
            let wrong = wrong.iter().find(|(name, _)| *name == field.name);
            let wrong = wrong.map(|(_, wrong)| match wrong {
                Wrong::Missing => view.t1(R::FieldMissing, &label),
                Wrong::Unreadable => view.t1(unreadable(field.input), &label),
                Wrong::Zero => view.t1(R::FieldZero, &label),
                Wrong::NotPositive => view.t1(R::FieldNotPositive, &label),
                Wrong::OutOfRange(low, high) => {
                    view.tf(R::FieldRange, &[&label, &low.to_string(), &high.to_string()])
                }
                Wrong::Unknown => view.t1(R::FieldUnknown, &label),
                Wrong::Conflict => view.t1(R::FieldConflict, &label),
            });
            let value = values.first().cloned().unwrap_or_default();
            let hint = hint(info.name, field.name);
            Shown { field: *field, label, value, values, hint, wrong }
        })
        .collect()
}

fn ready(view: &View, action: &Action, preview: &Preview, given: &Given, id: String) -> Ready {
    let sent = Sent::of(action, given, &id, &preview.seen(action));
    Ready { effect: Effect::of(view, preview), sent }
}

/// The kinds one may ask for, or the form of one.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let given = given(query.unwrap_or_default().as_bytes())?;
    let Some(name) = given.get("kind").and_then(|all| all.first()) else {
        return choose(&view);
    };
    let info = kind(name).ok_or_else(|| Failure::BadRequest(format!("kind={name}")))?;
    if !view.may(info.asks()) {
        return Err(Failure::Forbidden);
    }
    // A form that nothing was typed into yet is not wrong.
    let typed = info.form.iter().all(|field| field.optional)
        || info.form.iter().filter(|field| !field.optional).any(|field| {
            given.get(field.name).is_some_and(|all| all.iter().any(|it| !it.trim().is_empty()))
        });
    let mut page = NewPage {
        info,
        fields: Vec::new(),
        problems: Vec::new(),
        duplicate: None,
        form: None,
        again: None,
        reason: given.get("reason").and_then(|all| all.first()).map_or("", String::as_str),
        v: &view,
    };
    match info.read(&given) {
        Err(wrong) => {
            let asked = given.contains_key("show");
            let wrong = if typed && asked { wrong } else { Vec::new() };
            page.fields = shown(&view, info, &given, &wrong);
            html(&page)
        }
        Ok(action) => {
            page.fields = shown(&view, info, &given, &[]);
            match crate::requests::looked_at(&app, &view, &action).await {
                Ok(preview) => {
                    page.form = Some(ready(&view, &action, &preview, &given, fresh_id()));
                    html(&page)
                }
                Err(Failure::Backend(tried)) => {
                    page.problems.push(view.t1(R::BackendAwayNow, tried));
                    Ok((StatusCode::BAD_GATEWAY, html(&page)?).into_response())
                }
                Err(failure) => Err(failure),
            }
        }
    }
}

fn choose(view: &View) -> Result<Response, Failure> {
    let of = |matter: Matter| -> Vec<&'static Info> {
        KINDS.iter().filter(|info| info.matter == matter && view.may(info.asks())).collect()
    };
    let matters = Matter::ALL.into_iter().map(|matter| (matter, of(matter)));
    let matters = matters.filter(|(_, kinds)| !kinds.is_empty()).collect();
    html(&KindsPage { v: view, matters })
}

/// What the form sends beside the fields of its kind.
fn text<'g>(given: &'g Given, name: &str) -> &'g str {
    given.get(name).and_then(|all| all.first()).map_or("", String::as_str)
}

/// Puts it on record.
pub async fn submit(
    State(app): State<App>,
    view: View,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let mut given = Given::new();
    for (name, value) in pairs {
        given.entry(name).or_default().push(value);
    }
    let name = text(&given, "kind");
    let info = kind(name).ok_or_else(|| Failure::BadRequest(format!("kind={name}")))?;
    let request_id = id(text(&given, "form")).ok_or(Failure::BadRequest("form".into()))?;
    let mut page = NewPage {
        info,
        fields: Vec::new(),
        problems: Vec::new(),
        duplicate: None,
        form: None,
        again: None,
        reason: text(&given, "reason"),
        v: &view,
    };
    let action = match info.read(&given) {
        Ok(action) => action,
        Err(wrong) => {
            page.fields = shown(&view, info, &given, &wrong);
            return Ok((StatusCode::BAD_REQUEST, html(&page)?).into_response());
        }
    };
    page.fields = shown(&view, info, &given, &[]);
    let asking = Ask {
        id: &request_id,
        action: &action,
        reason: page.reason,
        seen: text(&given, "seen"),
        word: text(&given, "word"),
    };
    let asked = match ask(&app, &view, &asking).await {
        Err(Failure::Backend(tried)) => {
            page.problems.push(view.t1(R::NotSent, tried));
            page.again = Some(Sent::of(&action, &given, &request_id, asking.seen));
            return Ok((StatusCode::BAD_GATEWAY, html(&page)?).into_response());
        }
        asked => asked?,
    };
    let to = |again: &str| {
        let address = format!("/requests/{request_id}{again}");
        Redirect::to(&address).into_response()
    };
    let mut shown_now = None;
    let status = match asked {
        Asked::Made => {
            if info.at_once() {
                settled(&app, &view, &request_id).await?;
            }
            return Ok(to(""));
        }
        Asked::Again => return Ok(to("?again=1")),
        Asked::Reused => {
            page.problems.push(view.t(R::FormReused).into());
            StatusCode::CONFLICT
        }
        Asked::Duplicate(number) => {
            page.duplicate = number;
            if number.is_none() {
                page.problems.push(view.t(R::DuplicateHidden).into());
            }
            StatusCode::CONFLICT
        }
        Asked::Reason => {
            page.problems.push(unusable_reason(&view, page.reason));
            StatusCode::BAD_REQUEST
        }
        Asked::Word => {
            page.problems.push(view.t1(R::WordMissing, action.word().unwrap_or_default()));
            StatusCode::BAD_REQUEST
        }
        Asked::Changed(preview) => {
            page.problems.push(view.t(R::ChangedSince).into());
            shown_now = Some(*preview);
            StatusCode::CONFLICT
        }
    };
    let preview = match shown_now {
        Some(preview) => preview,
        None => crate::requests::looked_at(&app, &view, &action).await?,
    };
    // What was refused has no record: the same form may be sent again, put right.
    let form = if status == StatusCode::CONFLICT { fresh_id() } else { request_id.clone() };
    page.form = Some(ready(&view, &action, &preview, &given, form));
    Ok((status, html(&page)?).into_response())
}
