//! Global search: what the reader may see, by kind; straight to the hit when there is one only.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::seen;
use crate::app::App;
use crate::authz::Permission::{SeeAccounts, SeeOrders, SeeStaff};
use crate::error::{Failure, html};
use crate::guard::form_encode;
use crate::i18n::{L, M, Word};
use crate::reads::search::{self, HITS};
use crate::requests;
use crate::store::requests as desk;
use crate::view::{View, half_width};

/// Something found.
struct Found {
    href: String,
    text: String,
    more: String,
}

/// What was found of one kind.
struct Group {
    title: &'static str,
    found: Vec<Found>,
    /// Whether there is more than is shown.
    cut: bool,
}

impl Group {
    fn new(title: &'static str, mut found: Vec<Found>) -> Group {
        let cut = found.len() as i64 > HITS;
        found.truncate(HITS as usize);
        Group { title, found, cut }
    }
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage<'a> {
    v: &'a View,
    q: &'a str,
    groups: Vec<Group>,
}

/// The question.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
}

/// Everything found, and the accounts it tells of.
#[derive(Default)]
struct Findings {
    groups: Vec<Group>,
    accounts: Vec<String>,
}

async fn clients(app: &App, view: &View, q: &str, all: &mut Findings) -> Result<(), Failure> {
    let scope = view.scope();
    if view.may(SeeOrders) {
        let hits = search::orders(&app.pool, &scope, q).await?;
        all.accounts.extend(hits.iter().map(|(_, _, account)| account.clone()));
        let found = |(id, client, account): search::OrderHit| Found {
            href: format!("/orders/{id}"),
            text: id.to_string(),
            more: format!("{client} · {account}"),
        };
        all.groups.push(Group::new(view.t(M::Orders), hits.into_iter().map(found).collect()));
    }
    if view.may(SeeAccounts) {
        let hits = search::accounts(&app.pool, &scope, q).await?;
        all.accounts.extend(hits.iter().map(|account| account.code.clone()));
        let found = |account: crate::reads::accounts::AccountLine| Found {
            href: format!("/accounts/{}", form_encode(&account.code)),
            more: view.w(Word::AccountStatus, &account.status),
            text: account.code,
        };
        all.groups.push(Group::new(view.t(L::Accounts), hits.into_iter().map(found).collect()));
    }
    Ok(())
}

async fn request(app: &App, view: &View, q: &str, all: &mut Findings) -> Result<(), Failure> {
    let number =
        q.trim_start_matches('#').parse::<i64>().ok().filter(|n| (1..i64::MAX).contains(n));
    let (Some(number), Some(reader)) = (number, requests::reader(view)) else { return Ok(()) };
    let wanted = desk::Wanted { before: Some(number + 1), ..Default::default() };
    let hits = desk::list(&app.pool, &reader, &wanted, 1).await?;
    let hits = hits.into_iter().filter(|request| request.number == number);
    let found = |request: desk::Request| Found {
        href: format!("/requests/{number}"),
        text: format!("#{number}"),
        more: format!("{} · {}", view.w(Word::Kind, &request.kind), request.target),
    };
    all.groups.push(Group::new(view.t(L::Requests), hits.map(found).collect()));
    Ok(())
}

async fn find(app: &App, view: &View, q: &str) -> Result<Findings, Failure> {
    let mut all = Findings::default();
    clients(app, view, q, &mut all).await?;
    let hits = search::instruments(&app.pool, q).await?;
    let found = |line: crate::reads::markets::Line| Found {
        href: format!("/instruments/{}", form_encode(&line.symbol)),
        text: line.symbol,
        more: line.name,
    };
    all.groups.push(Group::new(view.t(L::Instruments), hits.into_iter().map(found).collect()));
    request(app, view, q, &mut all).await?;
    if view.may(SeeStaff) {
        let hits = search::staff(&app.pool, q).await?;
        let found = |(login, name): (String, String)| Found {
            href: format!("/staff/{}", form_encode(&login)),
            text: login,
            more: name,
        };
        all.groups.push(Group::new(view.t(L::Staff), hits.into_iter().map(found).collect()));
    }
    all.groups.retain(|group| !group.found.is_empty());
    Ok(all)
}

/// The page, or the hit itself when there is one only.
pub async fn page(
    State(app): State<App>,
    view: View,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let q: String = half_width(&asked.q).chars().take(64).collect();
    // NUL is the one character that a Postgres text cannot hold: nothing has it in its name.
    let possible = !q.is_empty() && !q.contains('\0');
    let all = if possible { find(&app, &view, &q).await? } else { Findings::default() };
    seen::search(&app, &view, &q, all.accounts.iter().map(String::as_str)).await?;
    if let [Group { found, .. }] = all.groups.as_slice()
        && let [only] = found.as_slice()
    {
        return Ok(Redirect::to(&only.href).into_response());
    }
    html(&SearchPage { v: &view, q: &q, groups: all.groups })
}
