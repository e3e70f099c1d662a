//! Risk: what has used most of its limits, kill switches, every limit with who set it.

use std::pin::pin;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures_util::{StreamExt, stream};

use super::asked::{Asked, Problem};
use super::offers::{Offer, offers};
use super::orders::Freshness;
use super::seen;
use crate::app::App;
use crate::backend::Backend;
use crate::backend::market::{Usage as Told, UsedMeasure};
use crate::error::{Failure, html};
use crate::i18n::{A, I, L, M, Word};
use crate::reads::risk::{self, After, Limit, Switch, Whose};
use crate::view::View;

const FIELDS: [&str; 2] = ["whose", "after"];
const KINDS: [&str; 4] = ["account", "members", "group", "instrument"];
/// Switches shown.
const SWITCHES: i64 = 200;
/// Scopes whose usage is asked for on one page, and how many at a time.
const LOOKED_AT: usize = 40;
const AT_ONCE: usize = 8;

/// Something that has used most of a limit.
struct Near {
    whose: Whose,
    measure: UsedMeasure,
}

/// What has used most of its limits, and of how many scopes the usage is not known.
#[derive(Default)]
struct Usage {
    near: Vec<Near>,
    looked_at: usize,
    scopes: usize,
    unknown: usize,
    why: Option<String>,
}

#[derive(Template)]
#[template(path = "risk.html")]
struct RiskPage<'a> {
    v: &'a View,
    asked: &'a Asked,
    problem: Option<String>,
    limits: Vec<Limit>,
    next: Option<String>,
    query: String,
    switches: Vec<Switch>,
    usage: Usage,
    kinds: &'a [&'a str],
    offers: Vec<Offer>,
    freshness: Freshness,
}

async fn used(backend: &Backend, whose: Whose) -> (Whose, Result<Told, Failure>) {
    let told = match whose.kind.as_str() {
        "account" => backend.account_usage(&whose.name).await,
        "instrument" => backend.instrument_usage(&whose.name).await,
        _ => backend.group_usage(&whose.name).await,
    };
    (whose, told)
}

/// Asks the backend how much of the limits is used, scope by scope; stops at the first that
/// it does not answer, so that a backend that is away costs one wait only.
async fn usage(app: &App, limits: &[Limit]) -> Usage {
    let mut scopes: Vec<&Whose> = Vec::new();
    for limit in limits {
        if limit.whose.kind != "members" && !scopes.contains(&&limit.whose) {
            scopes.push(&limit.whose);
        }
    }
    let mut usage = Usage { scopes: scopes.len(), ..Usage::default() };
    let scopes = scopes.into_iter().take(LOOKED_AT).cloned();
    let asked = stream::iter(scopes).map(|whose| used(&app.backend, whose)).buffered(AT_ONCE);
    let mut answers = pin!(asked);
    while let Some((whose, told)) = answers.next().await {
        match told {
            Ok(told) => {
                usage.looked_at += 1;
                let near = told.measures.into_iter().filter(UsedMeasure::near);
                usage.near.extend(near.map(|measure| Near { whose: whose.clone(), measure }));
            }
            Err(why) => {
                usage.unknown = usage.scopes - usage.looked_at;
                usage.why = Some(why.to_string());
                break;
            }
        }
    }
    usage
}

/// Kind of scope (empty: all), and where the page begins.
fn wanted(asked: &Asked) -> Result<(String, Option<After>), Problem> {
    asked.check()?;
    let kind = asked.choice("whose", &KINDS)?.unwrap_or_default();
    let Some(text) = asked.text("after") else { return Ok((kind, None)) };
    let after = After::parse(&text).ok_or_else(|| Problem(format!("after={text}")))?;
    Ok((kind, Some(after)))
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let freshness = Freshness::now(&app).await?;
    let scope = view.scope();
    let ((kind, after), problem) = match wanted(&asked) {
        Ok(wanted) => (wanted, None),
        Err(Problem(what)) => (Default::default(), Some(view.tf(M::BadFilter, &[&what]))),
    };
    let most = app.config.lists.page_rows;
    let (limits, next) = risk::limits(&app.pool, &scope, &kind, after.as_ref(), most).await?;
    let switches = risk::switches(&app.pool, &scope, SWITCHES).await?;
    let whose = limits.iter().map(|limit| &limit.whose);
    let whose = whose.chain(switches.iter().map(|switch| &switch.whose));
    let shown = whose.filter(|whose| whose.kind == "account").map(|whose| whose.name.as_str());
    let query = asked.query(&[("after", "")]);
    seen::list(&app, &view, "risk", &query, shown).await?;
    let usage = usage(&app, &limits).await;
    let status = super::status_of(&problem);
    let mut response = html(&RiskPage {
        v: &view,
        asked: &asked,
        problem,
        limits,
        next: next.map(|next| asked.query(&[("after", &next.to_string())])),
        query,
        switches,
        usage,
        kinds: &KINDS,
        offers: offers(&view, &["risk_limits", "kill_on", "kill_off"], &[]),
        freshness,
    })?;
    *response.status_mut() = status;
    Ok(response)
}
