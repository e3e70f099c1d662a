//! The lists of requests. The address is the state: tab, filters, page.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::effect::code;
use crate::app::App;
use crate::authz::Matter;
use crate::error::{Failure, html};
use crate::guard::form_encode;
use crate::i18n::{M, R, Word};
use crate::requests::form::{Given, given};
use crate::requests::{self, KINDS, reader};
use crate::store::requests::{self as store, Request, Wanted};
use crate::view::View;

const STATES: [&str; 7] =
    ["waiting", "applying", "applied", "refused", "declined", "withdrawn", "expired"];

/// The filter as typed.
#[derive(Debug, Default)]
struct Filter {
    tab: String,
    state: String,
    kind: String,
    matter: String,
    from: String,
    to: String,
    before: String,
}

#[derive(Template)]
#[template(path = "requests.html")]
struct Page<'a> {
    v: &'a View,
    tabs: [(&'static str, R); 3],
    filter: &'a Filter,
    rows: Vec<Row>,
    next: Option<String>,
    first: bool,
    query: String,
    states: &'a [&'a str],
    kinds: Vec<&'a str>,
    matters: Vec<&'a str>,
    empty: R,
    may_ask: bool,
}

struct Row {
    it: Request,
    target: String,
    outcome: String,
}

impl Filter {
    fn of(given: &Given, asks_nothing_of_me: bool) -> Filter {
        let text = |name: &str| {
            given.get(name).and_then(|all| all.first()).map_or("", |it| it.trim()).to_owned()
        };
        let default = if asks_nothing_of_me { "all" } else { "waiting" };
        let tab = Some(text("tab")).filter(|tab| !tab.is_empty()).unwrap_or(default.into());
        Filter {
            tab,
            state: text("state"),
            kind: text("kind"),
            matter: text("matter"),
            from: text("from"),
            to: text("to"),
            before: text("before"),
        }
    }

    fn read(&self, view: &View) -> Result<Wanted, Failure> {
        let wrong = |name: &str, value: &str| Failure::BadRequest(format!("{name}={value}"));
        for (name, value, known) in [
            ("tab", &self.tab, ["waiting", "mine", "all"].contains(&self.tab.as_str())),
            ("state", &self.state, STATES.contains(&self.state.as_str())),
            ("kind", &self.kind, requests::kind(&self.kind).is_some()),
            ("matter", &self.matter, Matter::parse(&self.matter).is_some()),
        ] {
            if !value.is_empty() && !known {
                return Err(wrong(name, value));
            }
        }
        let time = |name: &str, text: &str| -> Result<Option<Timestamp>, Failure> {
            if text.is_empty() {
                return Ok(None);
            }
            let civil: DateTime = text.parse().map_err(|_| wrong(name, text))?;
            let zoned = civil.to_zoned(view.zone.clone()).map_err(|_| wrong(name, text))?;
            Ok(Some(zoned.timestamp()))
        };
        let before = match self.before.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| wrong("before", text))?),
        };
        Ok(Wanted {
            for_me: self.tab == "waiting",
            mine: self.tab == "mine",
            state: self.state.clone(),
            kind: self.kind.clone(),
            matter: self.matter.clone(),
            from: time("from", &self.from)?,
            to: time("to", &self.to)?,
            before,
        })
    }

    fn query(&self) -> String {
        [
            ("tab", &self.tab),
            ("state", &self.state),
            ("kind", &self.kind),
            ("matter", &self.matter),
            ("from", &self.from),
            ("to", &self.to),
        ]
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", form_encode(value)))
        .collect::<Vec<_>>()
        .join("&")
    }
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let reader = reader(&view).ok_or(Failure::Forbidden)?;
    let given = given(query.unwrap_or_default().as_bytes())?;
    let filter = Filter::of(&given, reader.decides.is_empty());
    let wanted = filter.read(&view)?;
    let page = app.config.lists.page_rows;
    let mut rows = store::list(&app.pool, &reader, &wanted, page as i64 + 1).await?;
    let more = rows.len() > page;
    rows.truncate(page);
    let query = filter.query();
    let last = rows.last().filter(|_| more).map(|row| row.number);
    html(&Page {
        tabs: [("waiting", R::WaitingForMe), ("mine", R::Mine), ("all", R::AllRequests)],
        next: last.map(|number| format!("{query}&before={number}")),
        first: filter.before.is_empty(),
        rows: rows.into_iter().map(|it| row(&view, it)).collect(),
        states: &STATES,
        kinds: KINDS.iter().map(|info| info.name).collect(),
        matters: Matter::ALL.iter().map(|matter| matter.as_str()).collect(),
        empty: match filter.tab.as_str() {
            "waiting" => R::NoneWaiting,
            "mine" => R::NoneMine,
            _ => R::NoneMatch,
        },
        may_ask: KINDS.iter().any(|info| view.may(info.asks())),
        query,
        filter: &filter,
        v: &view,
    })
}

fn row(view: &View, it: Request) -> Row {
    let refused = it.outcome.as_ref().and_then(|outcome| outcome["code"].as_str());
    let sequence = it.outcome.as_ref().and_then(|outcome| outcome["sequence"].as_u64());
    let outcome = match (refused, sequence) {
        (Some(why), _) => code(view, why),
        (None, Some(sequence)) => view.int(sequence),
        (None, None) => String::new(),
    };
    Row { target: it.target.replace('/', " "), outcome, it }
}
