//! Global search: goes straight to a single hit.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::seen;
use crate::app::App;
use crate::error::{Failure, html};
use crate::guard::form_encode;
use crate::i18n::M;
use crate::reads::search::{self, Hit};
use crate::view::View;

struct Found {
    kind: &'static str,
    href: String,
    text: String,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage<'a> {
    v: &'a View,
    q: &'a str,
    found: Vec<Found>,
}

/// The question.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
}

fn found(view: &View, hit: Hit) -> Found {
    match hit {
        Hit::Instrument(symbol, name) => Found {
            kind: view.t(M::Symbol),
            href: format!("/books/{}", form_encode(&symbol)),
            text: format!("{symbol} {name}"),
        },
        Hit::Account(code) => Found {
            kind: view.t(M::Account),
            href: format!("/orders?account={}", form_encode(&code)),
            text: code,
        },
        Hit::Order(id, client, account) => Found {
            kind: view.t(M::OrderId),
            href: format!("/orders/{id}"),
            text: format!("{id} · {client} · {account}"),
        },
    }
}

/// The page, or the hit itself when there is one only.
pub async fn page(
    State(app): State<App>,
    view: View,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let q: String = asked.q.trim().chars().take(64).collect();
    // NUL is the one character that a Postgres text cannot hold: nothing has it in its name.
    let possible = !q.is_empty() && !q.contains('\0');
    let hits =
        if possible { search::find(&app.pool, &view.scope(), &q).await? } else { Vec::new() };
    seen::search(&app, &view, &q, hits.iter().filter_map(Hit::account)).await?;
    let mut found: Vec<Found> = hits.into_iter().map(|hit| self::found(&view, hit)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(Redirect::to(&only.href).into_response()),
        (last, _) => {
            found.extend(last);
            html(&SearchPage { v: &view, q: &q, found })
        }
    }
}
