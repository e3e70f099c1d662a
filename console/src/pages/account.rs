//! One account. What is looked at is the tab in the address; only the tab's data is read.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;

use super::account_balance::{self, History};
use super::asked::{Asked, Problem};
use super::ledger::{self, FIELDS};
use super::offers::{Offer, offer, offers};
use super::orders::Freshness;
use super::seen;
use crate::app::App;
use crate::audit::Object;
use crate::authz::Permission;
use crate::backend::market::Usage;
use crate::error::{Failure, html};
use crate::i18n::{A, C, I, L, M, Word};
use crate::reads::accounts::{self, AccountLine, ApiKey, Balance};
use crate::reads::fills::{self, FillLine};
use crate::reads::interventions::{self, Action};
use crate::reads::ledger::{CAUSES, Entry};
use crate::reads::orders::{self, OrderLine};
use crate::reads::risk::{self, Switch};
use crate::view::View;

/// Orders and fills shown on the summary.
const SHOWN: i64 = 25;
/// Actions shown.
const ACTIONS: i64 = 100;
/// Tabs, as in the address; the first is shown when none is named.
const TABS: [(&str, A); 5] = [
    ("summary", A::Summary),
    ("ledger", A::Ledger),
    ("balance", A::BalanceOverTime),
    ("keys", A::Keys),
    ("history", A::History),
];

/// What may be asked for of an account.
const KINDS: [&str; 10] = [
    "deposit",
    "withdraw",
    "adjust",
    "suspend",
    "reactivate",
    "close_account",
    "group",
    "risk_limits",
    "cancel_many",
    "kill_on",
];

/// Those that an account of this status can have done.
fn kinds_for(status: &str) -> Vec<&'static str> {
    let possible = |kind: &&str| match *kind {
        "suspend" => status == "active",
        "reactivate" => status == "suspended",
        "close_account" => status != "closed",
        _ => true,
    };
    KINDS.into_iter().filter(possible).collect()
}

/// What the chosen tab shows.
enum Tab {
    Summary {
        balances: Vec<Balance>,
        next: Option<String>,
        orders: Vec<OrderLine>,
        fills: Vec<FillLine>,
        switches: Vec<Switch>,
        usage: Option<Result<Usage, String>>,
    },
    Ledger {
        entries: Vec<Entry>,
        assets: Vec<String>,
        next: Option<String>,
    },
    Balance {
        history: History,
    },
    Keys {
        keys: Vec<(ApiKey, Option<Offer>)>,
    },
    History {
        actions: Vec<Action>,
    },
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    v: &'a View,
    a: &'a AccountLine,
    /// The account's code as part of an address.
    code: String,
    asked: &'a Asked,
    chosen: &'a str,
    tabs: &'a [(&'a str, A)],
    problem: Option<String>,
    tab: Tab,
    query: String,
    causes: &'a [&'a str],
    offers: Vec<Offer>,
    freshness: Freshness,
}

async fn summary(
    app: &App,
    view: &View,
    account: &AccountLine,
    asked: &Asked,
) -> Result<Tab, Failure> {
    let working = orders::Wanted {
        account: Some(account.code.clone()),
        statuses: ["open", "partially_filled", "pending_trigger"].map(str::to_owned).to_vec(),
        ..orders::Wanted::default()
    };
    let traded = fills::Wanted { account: Some(account.code.clone()), ..Default::default() };
    let usage = match view.may(Permission::SeeRisk) {
        true => Some(app.backend.account_usage(&account.code).await.map_err(|e| e.to_string())),
        false => None,
    };
    let (most, after) = (app.config.lists.page_rows, asked.text("after"));
    let (id, limit) = (account.account_id, most as i64 + 1);
    let mut balances = accounts::balances(&app.pool, id, after.as_deref(), limit).await?;
    let more = balances.len() > most;
    balances.truncate(most);
    let last = balances.last().filter(|_| more);
    Ok(Tab::Summary {
        next: last.map(|last| asked.query(&[("after", &last.asset)])),
        switches: risk::switches_of(&app.pool, account).await?,
        usage,
        balances,
        orders: orders::list(&app.pool, &view.scope(), &working, None, SHOWN).await?,
        fills: fills::list(&app.pool, &view.scope(), &traded, None, SHOWN).await?,
    })
}

async fn entries(
    app: &App,
    view: &View,
    account: &AccountLine,
    asked: &Asked,
) -> Result<(Tab, Option<String>), Failure> {
    let most = app.config.lists.page_rows;
    let (problem, mut entries) = match ledger::wanted(asked, view, account.account_id) {
        Ok((wanted, before)) => {
            let limit = most as i64 + 1;
            let found = crate::reads::ledger::list(&app.pool, &wanted, before, limit).await?;
            (None, found)
        }
        Err(Problem(what)) => (Some(view.tf(M::BadFilter, &[&what])), Vec::new()),
    };
    let more = entries.len() > most;
    entries.truncate(most);
    let next = entries.last().filter(|_| more).map(|last| {
        let [at, seq, ordinal] = crate::reads::ledger::cursor(last);
        asked.query(&[("before", &format!("{at}.{seq}.{ordinal}"))])
    });
    let held = accounts::held(&app.pool, account.account_id).await?;
    let assets = held.into_iter().map(|held| held.asset).collect();
    Ok((Tab::Ledger { entries, assets, next }, problem))
}

async fn history(app: &App, account: &AccountLine) -> Result<Tab, Failure> {
    let id = account.account_id.into();
    Ok(Tab::History { actions: interventions::on(&app.pool, "account", id, ACTIONS).await? })
}

async fn keys(app: &App, view: &View, account: &AccountLine) -> Result<Tab, Failure> {
    let keys = accounts::keys(&app.pool, &account.code).await?;
    let revoke = |key: ApiKey| {
        let fields = [("account", account.code.as_str()), ("key", &key.api_key)];
        let offer = offer(view, "revoke_key", &fields).filter(|_| key.revoked_at.is_none());
        (key, offer)
    };
    Ok(Tab::Keys { keys: keys.into_iter().map(revoke).collect() })
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let freshness = Freshness::now(&app).await?;
    let account = accounts::find(&app.pool, &view.scope(), &code).await?;
    let account = account.ok_or(Failure::NotFound)?;
    let names = TABS.map(|(name, _)| name);
    let chosen = asked.check().and_then(|()| asked.choice("tab", &names));
    let (chosen, problem) = match chosen {
        Ok(chosen) => (chosen.unwrap_or_else(|| "summary".into()), None),
        Err(Problem(what)) => ("summary".to_owned(), Some(view.tf(M::BadFilter, &[&what]))),
    };
    let (tab, problem) = match chosen.as_str() {
        "ledger" => entries(&app, &view, &account, &asked).await?,
        "balance" => {
            let read = account_balance::read(&app, &view, &account, &asked, view.now).await?;
            match read {
                Ok(history) => (Tab::Balance { history }, problem),
                Err(Problem(what)) => {
                    let problem = Some(view.tf(M::BadFilter, &[&what]));
                    (summary(&app, &view, &account, &asked).await?, problem)
                }
            }
        }
        "history" => (history(&app, &account).await?, None),
        "keys" => (keys(&app, &view, &account).await?, None),
        _ => (summary(&app, &view, &account, &asked).await?, problem),
    };
    let object = Object::Account(account.code.clone());
    seen::object(&app, &view, object, &chosen, &[&account.code]).await?;
    let status = super::status_of(&problem);
    let mut response = html(&AccountPage {
        v: &view,
        code: crate::guard::form_encode(&account.code),
        a: &account,
        query: asked.query(&[("before", ""), ("after", "")]),
        asked: &asked.in_zone_of(&view, &["from", "to"]),
        chosen: &chosen,
        tabs: &TABS,
        problem,
        tab,
        causes: &CAUSES,
        offers: offers(
            &view,
            &kinds_for(&account.status),
            &[("account", &account.code), ("of", "account"), ("scope", &account.code)],
        ),
        freshness,
    })?;
    *response.status_mut() = status;
    Ok(response)
}
