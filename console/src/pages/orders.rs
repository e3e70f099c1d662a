//! The order blotter. The address holds the filter, so a link shows a colleague the same
//! orders: times in it carry their zone.

mod csv;
mod filter;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

pub use csv::csv;

use super::asked::{Asked, Problem};
use super::offers::{Offer, offer};
use super::seen;
use crate::app::App;
use crate::authz::Permission;
use crate::error::{Failure, html};
use crate::i18n::{L, M, Word};
use crate::reads::orders::{self, OrderLine};
use crate::reads::{Watermark, watermark};
use crate::view::View;

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage<'a> {
    v: &'a View,
    asked: &'a Asked,
    problem: Option<&'a str>,
    rows: Vec<OrderLine>,
    /// Query of the next page.
    next: Option<String>,
    /// Query of the filter alone.
    query: String,
    first: bool,
    choices: Choices,
    /// Reasons by code.
    reasons: Vec<(&'static str, &'static str)>,
    offer: Option<Offer>,
    freshness: Freshness,
}

/// Cancelling what the filter means, where a selection of open orders can mean the same: an
/// account, a group or an instrument, its side, and nothing else.
fn cancel_many(view: &View, asked: &Asked) -> Option<Offer> {
    let same = ["symbol", "account", "group", "side"];
    let other = filter::FIELDS.iter().filter(|name| !same.contains(name) && **name != "state");
    let narrower = other
        .copied()
        .any(|name| !matches!(name, "zone" | "before") && !asked.get(name).is_empty());
    let open = asked.is("state", "working") || asked.get("state").is_empty();
    let whose = same[..3].iter().any(|name| !asked.get(name).is_empty());
    let fields: Vec<(&str, &str)> = same
        .iter()
        .map(|name| (*name, asked.get(name).trim()))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    offer(view, "cancel_many", &fields).filter(|_| open && whose && !narrower)
}

/// What the form's choices are.
struct Choices {
    statuses: &'static [&'static str],
    types: &'static [&'static str],
    conditions: &'static [&'static str],
    vias: &'static [&'static str],
}

const CHOICES: Choices = Choices {
    statuses: &filter::STATUSES,
    types: &filter::TYPES,
    conditions: &filter::CONDITIONS,
    vias: &filter::VIAS,
};

/// How far the history is behind the backend, to be shown on every page of it.
pub struct Freshness {
    projected: Option<Watermark>,
    backend_seq: Option<u64>,
}

impl Freshness {
    /// Reads both ends.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn now(app: &App) -> Result<Freshness, Failure> {
        let projected = watermark(&app.pool).await?;
        let state = app.hub.overview().borrow().clone();
        let backend_seq = state.value.filter(|_| state.connected).map(|overview| overview.seq);
        Ok(Freshness { projected, backend_seq })
    }

    /// What it says.
    pub fn text(&self, v: &View) -> String {
        let Some(projected) = &self.projected else { return v.t(M::NothingProjected).into() };
        let history = v.tf(M::ShowingProjection, &[&v.int(projected.seq), &v.time(&projected.at)]);
        let backend = match self.backend_seq {
            Some(seq) => {
                v.tf(M::BackendAt, &[&v.int(seq), &v.int(seq.saturating_sub(projected.seq))])
            }
            None => v.t(M::BackendAtUnknown).into(),
        };
        format!("{history} · {backend}")
    }

    /// Whether it deserves attention: away, or far behind.
    pub fn behind(&self) -> bool {
        const FAR: u64 = 10_000;
        match (&self.projected, self.backend_seq) {
            (Some(projected), Some(seq)) => seq.saturating_sub(projected.seq) > FAR,
            (None, Some(seq)) => seq > 0,
            _ => true,
        }
    }
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &filter::FIELDS);
    let freshness = Freshness::now(&app).await?;
    let rows = app.config.lists.page_rows;
    let before = filter::before(&asked);
    let first = !matches!(before, Ok(Some(_)));
    let wanted = filter::wanted(&asked, &view).and_then(|wanted| Ok((wanted, before?)));
    let (problem, mut found) = match wanted {
        Ok((wanted, before)) => {
            (None, orders::list(&app.pool, &view.scope(), &wanted, before, rows as i64 + 1).await?)
        }
        Err(Problem(what)) => (Some(view.tf(M::BadFilter, &[&what])), Vec::new()),
    };
    let more = found.len() > rows;
    found.truncate(rows);
    let shown = found.iter().map(|order| order.account.as_str());
    seen::list(&app, &view, "orders", &asked.query(&[]), shown).await?;
    let after = |last: &OrderLine| asked.query(&[("before", &last.order_id.to_string())]);
    let next = found.last().filter(|_| more).map(after);
    let bad = problem.is_some();
    let mut response = html(&OrdersPage {
        v: &view,
        problem: problem.as_deref(),
        next,
        query: asked.query(&[("before", "")]),
        first,
        asked: &asked.in_zone_of(&view, &["from", "to"]),
        rows: found,
        choices: CHOICES,
        offer: cancel_many(&view, &asked),
        reasons: crate::i18n::words(view.lang, Word::Reason),
        freshness,
    })?;
    if bad {
        *response.status_mut() = axum::http::StatusCode::BAD_REQUEST;
    }
    Ok(response)
}
