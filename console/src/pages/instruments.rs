//! The list of instruments and its file.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::asked::{Asked, Problem};
use super::csv::{File, Rows, download};
use super::orders::Freshness;
use crate::app::App;
use crate::audit::Object;
use crate::authz::Permission;
use crate::error::{Failure, html};
use crate::i18n::{A, I, L, M, Word};
use crate::reads::markets::{self, Line, Wanted};
use crate::view::View;

/// Fields of the address.
const FIELDS: [&str; 6] = ["q", "profile", "status", "phase", "quote", "after"];
const PROFILES: [&str; 2] = ["tse", "crypto"];
const STATUSES: [&str; 3] = ["continuous", "halted", "closed"];
const PHASES: [&str; 7] =
    ["continuous", "halted", "closed", "pre_open", "break", "pre_close", "call_auction"];
const QUOTES: [&str; 2] = ["special", "sequential"];

fn wanted(asked: &Asked) -> Result<Wanted, Problem> {
    asked.check()?;
    Ok(Wanted {
        text: asked.text("q"),
        profile: asked.choice("profile", &PROFILES)?,
        status: asked.choice("status", &STATUSES)?,
        phase: asked.choice("phase", &PHASES)?,
        quote: asked.choice("quote", &QUOTES)?,
    })
}

/// A choice of the form: name, label, kind of its words, the words.
type Choice = (&'static str, &'static str, Word, &'static [&'static str]);

#[derive(Template)]
#[template(path = "instruments.html")]
struct InstrumentsPage<'a> {
    v: &'a View,
    asked: &'a Asked,
    problem: Option<String>,
    rows: Vec<Line>,
    next: Option<String>,
    query: String,
    choices: [Choice; 4],
    freshness: Freshness,
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let freshness = Freshness::now(&app).await?;
    let most = app.config.lists.page_rows;
    let (problem, mut rows) = match wanted(&asked) {
        Ok(wanted) => {
            let after = asked.get("after");
            (None, markets::list(&app.pool, &wanted, after, most as i64 + 1).await?)
        }
        Err(Problem(what)) => (Some(view.tf(M::BadFilter, &[&what])), Vec::new()),
    };
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(|last| asked.query(&[("after", &last.symbol)]));
    let status = super::status_of(&problem);
    let mut response = html(&InstrumentsPage {
        v: &view,
        next,
        query: asked.query(&[("after", "")]),
        asked: &asked,
        problem,
        rows,
        choices: [
            ("profile", view.t(M::Profile), Word::Profile, &PROFILES),
            ("status", view.t(I::Status), Word::Phase, &STATUSES),
            ("phase", view.t(M::Phase), Word::Phase, &PHASES),
            ("quote", view.t(I::QuoteShown), Word::Quote, &QUOTES),
        ],
        freshness,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

const COLUMNS: [&str; 12] = [
    "symbol",
    "name",
    "profile",
    "status",
    "phase",
    "quote",
    "quote_side",
    "quote_price",
    "base_price",
    "limit_down",
    "limit_up",
    "lot_size",
];

struct Matches {
    app: App,
    wanted: Wanted,
    after: String,
}

impl Rows for Matches {
    async fn next(&mut self, limit: usize) -> Result<Vec<Vec<String>>, Failure> {
        let rows = markets::list(&self.app.pool, &self.wanted, &self.after, limit as i64).await?;
        if let Some(last) = rows.last() {
            last.symbol.clone_into(&mut self.after);
        }
        let record = |row: &Line| {
            let (down, up) = row.limits();
            let quoted = row.quoted();
            let quote = |text: &str| quoted.as_ref().map(|_| text.to_owned()).unwrap_or_default();
            vec![
                row.symbol.clone(),
                row.name.clone(),
                row.profile.clone(),
                row.status.clone(),
                row.phase.clone(),
                quote(&row.quote_kind),
                quote(&row.quote_side),
                quoted.clone().unwrap_or_default(),
                row.base().unwrap_or_default(),
                down.unwrap_or_default(),
                up.unwrap_or_default(),
                row.lot(),
            ]
        };
        Ok(rows.iter().map(record).collect())
    }
}

/// The whole filter as a file.
pub async fn csv(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let wanted = wanted(&asked).map_err(|Problem(what)| Failure::BadRequest(what))?;
    let after = asked.get("after").to_owned();
    let (object, filter) = (Object::List("instruments"), asked.query(&[]));
    let file = File { name: "instruments", object, filter, columns: &COLUMNS };
    download(&app, &view, file, Matches { app: app.clone(), wanted, after }).await
}
