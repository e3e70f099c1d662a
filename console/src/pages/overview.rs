//! Overview: how the market and the backend are, live.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;

use super::Mark;
use super::overview_charts::{self, Charts};
use crate::app::App;
use crate::authz::{Need, Permission};
use crate::backend::Overview;
use crate::error::{Failure, html};
use crate::i18n::{M, Word};
use crate::live::history::Point;
use crate::live::{self, State as LiveState};
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
        OverviewPage { v, mark, connected: state.connected, known, rejects, started, charts }
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
    html(&OverviewPage::new(&view, &state, mark, &history))
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
