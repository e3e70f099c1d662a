//! Requests: what waits for the reader, what they asked for, all of them; the form of a new
//! one; one with its timeline; and its decision.

mod effect;
mod list;
mod new;
mod one;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::app::App;
use crate::authz::Need::{May, Recent};
use crate::authz::Permission::SeeRequests;
use crate::error::Failure;
use crate::i18n::{M, R};
use crate::live;
use crate::requests::reader;
use crate::router::{Route, route};
use crate::view::View;

/// The addresses of requests. Which kinds a person may ask for and which matters they may
/// decide is looked at by the desk.
pub fn routes() -> Vec<Route> {
    vec![
        route!(GET "/requests", May(SeeRequests), list::page),
        route!(POST "/requests", May(SeeRequests), new::submit),
        route!(POST "/requests/now", Recent(SeeRequests), new::submit),
        route!(GET "/requests/new", May(SeeRequests), new::page),
        route!(GET "/requests/badge/live", May(SeeRequests), badge),
        route!(GET "/requests/{request}", May(SeeRequests), one::page),
        route!(POST "/requests/{request}/approve", Recent(SeeRequests), one::approve),
        route!(POST "/requests/{request}/decline", Recent(SeeRequests), one::decline),
        route!(POST "/requests/{request}/withdraw", May(SeeRequests), one::withdraw),
    ]
}

#[derive(Template)]
#[template(path = "requests_count.html")]
struct Badge<'a> {
    v: &'a View,
    /// Since when the number may be wrong.
    stale: Option<String>,
}

/// What waits for the reader, for the header of every page, live.
pub async fn badge(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
) -> Result<Response, Failure> {
    let reader = reader(&view).ok_or(Failure::Forbidden)?;
    let counts = live::waiting::counts(&app, reader);
    live::push(&app, headers, view, May(SeeRequests), counts, |view, state| {
        // Not counted yet: the page itself knows.
        let Some(waiting) = state.value.as_deref() else { return Ok(Vec::new()) };
        let stale = (!state.connected).then(|| state.heard.map(|at| view.clock(&at)));
        let view = View { waiting: *waiting, ..view.clone() };
        let badge = Badge { v: &view, stale: stale.flatten() };
        Ok(vec![("badge", badge.render()?)])
    })
}
