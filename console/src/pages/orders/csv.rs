//! The whole filter as a file.

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::filter;
use crate::app::App;
use crate::audit::Object;
use crate::error::Failure;
use crate::pages::asked::{Asked, Problem};
use crate::pages::csv::{File, Rows, download, time};
use crate::reads::orders::{self, OrderLine, Wanted};
use crate::view::View;

const COLUMNS: [&str; 17] = [
    "order_id",
    "received",
    "last_change",
    "account",
    "symbol",
    "client_order_id",
    "side",
    "type",
    "time_in_force",
    "post_only",
    "price",
    "quantity",
    "filled",
    "average_price",
    "status",
    "reason",
    "via",
];

fn record(view: &View, order: &OrderLine) -> Vec<String> {
    let some = |value: &Option<String>| value.clone().unwrap_or_default();
    vec![
        order.order_id.to_string(),
        time(view, &order.created_at),
        time(view, &order.updated_at),
        order.account.clone(),
        order.symbol.clone(),
        order.client_order_id.clone(),
        order.side.clone(),
        order.kind.clone(),
        order.time_in_force.clone(),
        order.post_only.to_string(),
        some(&order.price),
        order.quantity.clone(),
        order.filled.clone(),
        some(&order.average_price),
        order.status.clone(),
        some(&order.reason),
        order.via.clone(),
    ]
}

struct Matches {
    app: App,
    view: View,
    wanted: Wanted,
    before: Option<i64>,
}

impl Rows for Matches {
    async fn next(&mut self, limit: usize) -> Result<Vec<Vec<String>>, Failure> {
        let rows = orders::list(
            &self.app.pool,
            &self.view.scope(),
            &self.wanted,
            self.before,
            limit as i64,
        )
        .await?;
        self.before = rows.last().map(|row| row.order_id).or(self.before);
        Ok(rows.iter().map(|order| record(&self.view, order)).collect())
    }
}

/// The download.
pub async fn csv(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &filter::FIELDS);
    let bad = |Problem(what)| Failure::BadRequest(what);
    let wanted = filter::wanted(&asked, &view).map_err(bad)?;
    let before = filter::before(&asked).map_err(bad)?;
    let matches = Matches { app: app.clone(), view: view.clone(), wanted, before };
    let (object, filter) = (Object::List("orders"), asked.query(&[]));
    let file = File { name: "orders", object, filter, columns: &COLUMNS };
    download(&app, &view, file, matches).await
}
