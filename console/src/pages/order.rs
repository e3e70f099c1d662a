//! One order: as it stands, and everything that happened to it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::orders::Freshness;
use super::seen;
use crate::app::App;
use crate::audit::Object;
use crate::error::{Failure, html};
use crate::i18n::{M, Word};
use crate::reads::order::{self, Fill, OrderEvent, SHOWN, Terms};
use crate::reads::orders::{self, OrderLine};
use crate::view::View;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage<'a> {
    v: &'a View,
    o: &'a OrderLine,
    terms: Terms,
    key: Option<String>,
    events: Vec<OrderEvent>,
    fills: Vec<Fill>,
    cut: bool,
    freshness: Freshness,
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
    let accounts = [found.account.as_str()];
    seen::object(&app, &view, Object::Order(order_id), "order", &accounts).await?;
    html(&OrderPage { v: &view, o: &found, terms, key, events, fills, cut, freshness })
}
