//! Risk: what has used most of its limits, kill switches, every limit with who set it.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::asked::{Asked, Problem};
use super::offers::{Offer, offers};
use super::orders::Freshness;
use super::seen;
use crate::app::App;
use crate::backend::market::UsedMeasure;
use crate::error::{Failure, html};
use crate::i18n::{A, I, L, M, Word};
use crate::reads::risk::{self, LIMITS, Limit, Switch, Whose};
use crate::view::View;

const FIELDS: [&str; 1] = ["whose"];
const KINDS: [&str; 4] = ["account", "members", "group", "instrument"];
/// Switches shown.
const SWITCHES: i64 = 200;
/// Scopes whose usage is asked for on one page.
const LOOKED_AT: usize = 40;

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
    cut: bool,
    switches: Vec<Switch>,
    usage: Usage,
    kinds: &'a [&'a str],
    offers: Vec<Offer>,
    freshness: Freshness,
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
    for whose in scopes.into_iter().take(LOOKED_AT) {
        let told = match whose.kind.as_str() {
            "account" => app.backend.account_usage(&whose.name).await,
            "instrument" => app.backend.instrument_usage(&whose.name).await,
            _ => app.backend.group_usage(&whose.name).await,
        };
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

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let freshness = Freshness::now(&app).await?;
    let scope = view.scope();
    let chosen = asked.check().and_then(|()| asked.choice("whose", &KINDS));
    let (kind, problem) = match chosen {
        Ok(kind) => (kind.unwrap_or_default(), None),
        Err(Problem(what)) => (String::new(), Some(view.tf(M::BadFilter, &[&what]))),
    };
    let mut limits = risk::limits(&app.pool, &scope, &kind).await?;
    let cut = limits.len() as i64 > LIMITS;
    limits.truncate(LIMITS as usize);
    let switches = risk::switches(&app.pool, &scope, SWITCHES).await?;
    let whose = limits.iter().map(|limit| &limit.whose);
    let whose = whose.chain(switches.iter().map(|switch| &switch.whose));
    let shown = whose.filter(|whose| whose.kind == "account").map(|whose| whose.name.as_str());
    seen::list(&app, &view, "risk", &asked.query(&[]), shown).await?;
    let usage = usage(&app, &limits).await;
    let status = super::status_of(&problem);
    let mut response = html(&RiskPage {
        v: &view,
        asked: &asked,
        problem,
        limits,
        cut,
        switches,
        usage,
        kinds: &KINDS,
        offers: offers(&view, &["risk_limits", "kill_on", "kill_off"], &[]),
        freshness,
    })?;
    *response.status_mut() = status;
    Ok(response)
}
