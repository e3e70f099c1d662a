//! Overview: how the market and the backend are, live.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;

use super::overview_charts::{self, Charts};
use super::{Mark, seen};
use crate::app::App;
use crate::authz::{Need, Permission};
use crate::backend::Overview;
use crate::error::{Failure, html};
use crate::i18n::{A, I, L, M, Word};
use crate::live::history::Point;
use crate::live::{self, State as LiveState};
use crate::reads::interventions::{self, Action};
use crate::reads::markets::{self, Line, Moment};
use crate::reads::risk::{self, Switch};
use crate::view::View;

#[derive(Template)]
#[template(path = "overview.html", blocks = ["mark", "now"])]
struct OverviewPage<'a> {
    v: &'a View,
    mark: Mark,
    connected: bool,
    known: Option<&'a Overview>,
    /// Rejects by count, most first.
    rejects: Vec<(&'a str, u64)>,
    started: Option<Timestamp>,
    charts: Charts<'a>,
    desk: Desk,
}

/// What staff have to know and do, as the page was opened: it is no live part, because it comes
/// from the database.
#[derive(Default)]
struct Desk {
    moments: Vec<Moment>,
    switches: Vec<Switch>,
    halted: Vec<Line>,
    actions: Vec<Action>,
}

/// Rows of each of its lists.
const SHOWN: i64 = 10;

impl Desk {
    async fn of(app: &App, view: &View) -> Result<Desk, Failure> {
        let mut desk = Desk {
            moments: markets::moments(&app.pool).await?,
            halted: markets::halted(&app.pool, SHOWN).await?,
            ..Desk::default()
        };
        let scope = view.scope();
        if view.may(Permission::SeeRisk) {
            desk.switches = risk::switches(&app.pool, &scope, SHOWN).await?;
            desk.switches.retain(|switch| switch.thrown);
        }
        if view.may(Permission::SeeAccounts) {
            desk.actions = interventions::newest(&app.pool, &scope, SHOWN).await?;
        }
        let switches = desk.switches.iter().map(|switch| (&switch.whose.kind, &switch.whose.name));
        let mut shown: Vec<&str> = switches
            .filter(|(kind, _)| *kind == "account")
            .map(|(_, name)| name.as_str())
            .collect();
        let acted = desk.actions.iter().filter(|action| action.target_kind == "account");
        shown.extend(acted.filter_map(|action| action.named.as_deref()));
        seen::list(app, view, "overview", "", shown).await?;
        Ok(desk)
    }
}

impl<'a> OverviewPage<'a> {
    fn new(
        v: &'a View,
        state: &'a LiveState<Overview>,
        mark: Mark,
        history: &'a [Point],
    ) -> OverviewPage<'a> {
        let known = state.value.as_deref();
        let mut rejects: Vec<(&str, u64)> = known
            .map(|o| o.rejects_by_code.iter().map(|(code, n)| (code.as_str(), *n)).collect())
            .unwrap_or_default();
        rejects.retain(|(_, count)| *count > 0);
        rejects.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let started = known.and_then(|o| o.started_at.parse().ok());
        let charts = Charts::new(v, history);
        let desk = Desk::default();
        OverviewPage { v, mark, connected: state.connected, known, rejects, started, charts, desk }
    }
}

/// The page.
pub async fn page(State(app): State<App>, view: View) -> Result<Response, Failure> {
    let state = app.hub.overview().borrow().clone();
    let mark = match state.connected {
        true => Mark::plain(&view, state.heard.as_ref()),
        false => Mark::of(&view, &state),
    };
    let history = app.hub.history();
    let mut page = OverviewPage::new(&view, &state, mark, &history);
    page.desk = Desk::of(&app, &view).await?;
    html(&page)
}

/// Its live parts.
pub async fn live(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
) -> Result<Response, Failure> {
    let need = Need::May(Permission::SeeMarket);
    let subject = app.hub.overview();
    let hub = app.hub.clone();
    live::push(&app, headers, view, need, subject, move |view, state| {
        let history = hub.history();
        let page = OverviewPage::new(view, state, Mark::of(view, state), &history);
        let mut pushed = vec![
            ("mark", page.as_mark().render()?),
            ("now", page.as_now().render()?),
            ("summaries", page.charts.summaries()?),
        ];
        pushed.extend(overview_charts::newest(view, &history)?.map(|row| ("point", row)));
        Ok(pushed)
    })
}
