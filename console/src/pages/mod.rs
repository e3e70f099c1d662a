//! The pages, one file per page: what it reads, its template's data, its handlers. A page
//! works as one plain request; live parts are blocks of the same template.

pub mod account;
pub mod account_balance;
pub mod accounts;
pub mod asked;
pub mod audit;
pub mod book;
mod book_charts;
pub mod books;
pub mod csv;
pub mod fill;
pub mod fills;
pub mod flags;
pub mod instrument;
mod instrument_values;
pub mod instruments;
pub mod ledger;
pub mod licences;
pub mod menu;
pub mod offers;
pub mod operation;
pub mod order;
pub mod orders;
pub mod overview;
mod overview_charts;
pub mod people;
pub mod preferences;
pub mod requests;
pub mod risk;
pub mod search;
pub mod seen;

use axum::http::StatusCode;
use jiff::Timestamp;

use crate::assets;
use crate::authz::Need::{May, Nothing, SignIn};
use crate::authz::Permission::{Export, SeeAccounts, SeeFlags, SeeMarket, SeeOrders, SeeRisk};
use crate::i18n::M;
use crate::live::State;
use crate::router::{Route, route};
use crate::view::View;

/// Machines' addresses, static files, the way in and out, and what a person sets for themselves.
pub fn doors() -> Vec<Route> {
    vec![
        route!(GET "/healthz", Nothing, operation::healthz),
        route!(GET "/readyz", Nothing, operation::readyz),
        route!(GET "/metrics", Nothing, operation::metrics),
        route!(GET "/static/{*path}", Nothing, assets::serve),
        route!(GET "/licences", Nothing, licences::page),
        route!(GET "/preferences", SignIn, preferences::form),
        route!(POST "/preferences", SignIn, preferences::save),
    ]
}

/// The market as it is now.
pub fn market() -> Vec<Route> {
    vec![
        route!(GET "/", May(SeeMarket), overview::page),
        route!(GET "/overview/live", May(SeeMarket), overview::live),
        route!(GET "/books", May(SeeMarket), books::page),
        route!(GET "/books/live", May(SeeMarket), books::live),
        route!(GET "/books/{symbol}", May(SeeMarket), book::page),
        route!(GET "/books/{symbol}/live", May(SeeMarket), book::live),
        route!(GET "/instruments", May(SeeMarket), instruments::page),
        route!(GET "/instruments/csv", May(Export), instruments::csv),
        route!(GET "/instruments/{symbol}", May(SeeMarket), instrument::page),
        route!(GET "/flags", May(SeeFlags), flags::page),
    ]
}

/// What happened, from the projections.
pub fn history() -> Vec<Route> {
    vec![
        route!(GET "/orders", May(SeeOrders), orders::page),
        route!(GET "/orders/csv", May(Export), orders::csv),
        route!(GET "/orders/{order_id}", May(SeeOrders), order::page),
        route!(GET "/search", May(SeeMarket), search::page),
        route!(GET "/fills", May(SeeOrders), fills::page),
        route!(GET "/fills/csv", May(Export), fills::csv),
        route!(GET "/fills/{trade_id}", May(SeeOrders), fill::page),
        route!(GET "/accounts", May(SeeAccounts), accounts::page),
        route!(GET "/accounts/csv", May(Export), accounts::csv),
        route!(GET "/accounts/{code}", May(SeeAccounts), account::page),
        route!(GET "/risk", May(SeeRisk), risk::page),
        route!(GET "/accounts/{code}/ledger/csv", May(Export), ledger::csv),
    ]
}

/// The status of a list whose filter may have a problem.
fn status_of(problem: &Option<String>) -> StatusCode {
    if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK }
}

/// The "live / stale since" mark of a live page.
#[derive(Debug)]
pub struct Mark {
    /// `live`, `stale` or `plain`: the dot's look.
    pub class: &'static str,
    /// What it says.
    pub text: String,
}

impl Mark {
    /// The mark of a pushed state.
    pub fn of<T>(view: &View, state: &State<T>) -> Mark {
        match (state.connected, state.heard) {
            (true, Some(_)) => Mark {
                class: "live",
                text: format!("{} {}", view.t(M::Live), view.clock(&view.now)),
            },
            (_, Some(heard)) => {
                Mark { class: "stale", text: view.tf(M::StaleSince, &[&view.clock(&heard)]) }
            }
            (_, None) => Mark { class: "stale", text: view.t(M::NeverSeen).into() },
        }
    }

    /// The mark of a page before its live connection is up.
    pub fn plain(view: &View, at: Option<&Timestamp>) -> Mark {
        Mark { class: "plain", text: view.tf(M::AsOf, &[&view.clock(at.unwrap_or(&view.now))]) }
    }
}
