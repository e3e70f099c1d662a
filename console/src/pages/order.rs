//! One order: as it stands, and everything that happened to it.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::offers::{Offer, offer};
use super::orders::Freshness;
use super::seen;
use crate::app::App;
use crate::audit::Object;
use crate::error::{Failure, html};
use crate::i18n::{A, I, L, M, Word, explained};
use crate::reads::corrections;
use crate::reads::interventions::{self, Action};
use crate::reads::ledger::{self, Entry};
use crate::reads::order::{self, Fill, OrderEvent, SHOWN, Terms};
use crate::reads::orders::{self, OrderLine};
use crate::view::View;

/// Actions shown that were done to the order itself.
const ACTIONS: i64 = 50;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage<'a> {
    v: &'a View,
    o: &'a OrderLine,
    terms: Terms,
    key: Option<String>,
    events: Vec<OrderEvent>,
    fills: Vec<Fill>,
    /// Of its trades, those that were corrected; true: taken back whole.
    corrected: HashMap<i64, bool>,
    entries: Vec<Entry>,
    /// What people did: behind its events, and on it.
    actions: Vec<Action>,
    /// The rule behind its refusal or end.
    why: Option<String>,
    offer: Option<Offer>,
    cut: bool,
    freshness: Freshness,
}

impl OrderPage<'_> {
    /// Why it was refused or ended, where the status does not say it; and the code that the
    /// client was told, if its order was refused and the words are not the code.
    fn reason(&self) -> Option<(String, Option<&str>)> {
        if self.o.reason.as_deref() == Some(EXPIRED) {
            return Some((self.word(EXPIRED), None));
        }
        let code = self.o.further_reason()?;
        let words = self.v.w(Word::Reason, code);
        let told = (self.o.status == "rejected" && words != code).then_some(code);
        Some((words, told))
    }

    /// Why something happened to the order; what it was set off as.
    fn said(&self, event: &OrderEvent) -> Option<String> {
        let code = event.code.as_deref()?;
        Some(if event.kind == "triggered" { self.v.w(Word::Type, code) } else { self.word(code) })
    }

    /// The words for a reason; of an expired order, which of its times was up.
    fn word(&self, code: &str) -> String {
        let up = if code == EXPIRED { Up::of(self.o, &self.terms, &self.events) } else { Up::Some };
        match up {
            Up::Some => self.v.w(Word::Reason, code),
            Up::Day => self.v.t(L::UpDay).to_owned(),
            Up::SetOff => self.v.t(L::UpSetOff).to_owned(),
            Up::Last(day) => self.v.t1(L::UpLast, self.v.day_number(&day)),
        }
    }

    /// The person behind an event, if one was.
    fn behind(&self, event: &OrderEvent) -> Option<&Action> {
        self.actions.iter().find(|action| action.seq == event.seq)
    }
}

/// The reason of an order whose time was up.
const EXPIRED: &str = "expired";

/// Which of an expired order's times was up. The reason does not say it; its terms do, in the
/// order in which the engine looks at them when a trading day ends.
#[derive(Clone, Copy)]
enum Up {
    /// A day order's day.
    Day,
    /// The day on which it was set off as a market order, which rests for that day only.
    SetOff,
    /// Its last day (yyyymmdd).
    Last(i32),
    /// What is known does not say it.
    Some,
}

impl Up {
    fn of(order: &OrderLine, terms: &Terms, events: &[OrderEvent]) -> Up {
        let set_off = || events.iter().any(|event| event.kind == "triggered");
        match terms.expires {
            _ if order.time_in_force == "day" => Up::Day,
            _ if order.kind == "market" && set_off() => Up::SetOff,
            Some(last) => Up::Last(last),
            None => Up::Some,
        }
    }

    /// The rule, in a sentence.
    fn sentence(self, view: &View) -> Option<String> {
        match self {
            Up::Day => Some(view.t(L::WhyUpDay).to_owned()),
            Up::SetOff => Some(view.t(L::WhyUpSetOff).to_owned()),
            Up::Last(day) => Some(view.t1(L::WhyUpLast, view.day_number(&day))),
            Up::Some => None,
        }
    }
}

/// The rule behind an order's refusal or end.
fn why(view: &View, order: &OrderLine, terms: &Terms, events: &[OrderEvent]) -> Option<String> {
    let code = order.reason.as_deref()?;
    let up = if code == EXPIRED { Up::of(order, terms, events) } else { Up::Some };
    up.sentence(view).or_else(|| explained(view.lang, code).map(str::to_owned))
}

/// What people did that the order's events came of, and what was done to the order itself.
async fn actions(app: &App, order: &OrderLine, events: &[OrderEvent]) -> sqlx::Result<Vec<Action>> {
    let mut commands: Vec<i64> = events.iter().map(|event| event.seq).collect();
    commands.dedup();
    let mut actions = interventions::behind(&app.pool, &commands).await?;
    for action in interventions::on(&app.pool, "order", order.order_id, ACTIONS).await? {
        if !actions.iter().any(|known| known.seq == action.seq) {
            actions.push(action);
        }
    }
    actions.sort_by_key(|action| action.seq);
    Ok(actions)
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    Path(order_id): Path<String>,
) -> Result<Response, Failure> {
    let order_id: i64 = order_id.parse().map_err(|_| Failure::NotFound)?;
    let freshness = Freshness::now(&app).await?;
    let scope = view.scope();
    let found = orders::find(&app.pool, &scope, order_id).await?.ok_or(Failure::NotFound)?;
    let mut events = order::events(&app.pool, &found).await?;
    let mut fills = order::fills(&app.pool, &scope, &found).await?;
    let cut = events.len() > SHOWN || fills.len() > SHOWN;
    events.truncate(SHOWN);
    fills.truncate(SHOWN);
    let terms = order::terms(&app.pool, order_id).await?;
    let key = order::api_key(&app.pool, found.api_key).await?;
    let trades: Vec<i64> = fills.iter().map(|fill| fill.trade_id).collect();
    let corrected = corrections::among(&app.pool, &trades).await?;
    let entries = ledger::of_order(&app.pool, &found, &fills).await?;
    let actions = actions(&app, &found, &events).await?;
    let why = why(&view, &found, &terms, &events);
    let live = matches!(found.status.as_str(), "open" | "partially_filled" | "pending_trigger");
    let number = order_id.to_string();
    let offer = offer(&view, "cancel_order", &[("order", &number)]).filter(|_| live);
    let accounts = [found.account.as_str()];
    seen::object(&app, &view, Object::Order(order_id), "order", &accounts).await?;
    html(&OrderPage {
        v: &view,
        o: &found,
        terms,
        key,
        events,
        fills,
        corrected,
        entries,
        actions,
        why,
        offer,
        cut,
        freshness,
    })
}
