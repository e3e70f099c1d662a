//! Requests: what waits for the reader, what they asked for, all of them; the form of a new
//! one; one with its timeline; and its decision.

mod effect;
mod list;
mod new;
mod one;

use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::authz::Need::{May, Recent};
use crate::authz::Permission::SeeRequests;
use crate::error::{Failure, html};
use crate::requests::reader;
use crate::router::{Route, route};
use crate::store::requests;
use crate::view::View;

/// The addresses of requests. Which kinds a person may ask for and which matters they may
/// decide is looked at by the desk.
pub fn routes() -> Vec<Route> {
    vec![
        route!(GET "/requests", May(SeeRequests), list::page),
        route!(POST "/requests", May(SeeRequests), new::submit),
        route!(POST "/requests/now", Recent(SeeRequests), new::submit),
        route!(GET "/requests/new", May(SeeRequests), new::page),
        route!(GET "/requests/badge", May(SeeRequests), badge),
        route!(GET "/requests/{request}", May(SeeRequests), one::page),
        route!(POST "/requests/{request}/approve", Recent(SeeRequests), one::approve),
        route!(POST "/requests/{request}/decline", Recent(SeeRequests), one::decline),
        route!(POST "/requests/{request}/withdraw", May(SeeRequests), one::withdraw),
    ]
}

#[derive(askama::Template)]
#[template(path = "requests_badge.html")]
struct Badge<'a> {
    v: &'a View,
}

/// What waits for the reader, for the header. Asked for in the background.
pub async fn badge(State(app): State<App>, view: View) -> Result<Response, Failure> {
    let reader = reader(&view).ok_or(Failure::Forbidden)?;
    let waiting = requests::waiting_for(&app.pool, &reader).await?;
    html(&Badge { v: &View { waiting, ..view } })
}
