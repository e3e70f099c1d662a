//! The fill blotter and its file.

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::asked::{Asked, Problem};
use super::csv::{File, Rows, download, time};
use super::orders::Freshness;
use super::seen;
use crate::app::App;
use crate::audit::Object;
use crate::authz::{Permission, Scope};
use crate::error::{Failure, html};
use crate::i18n::{L, M, Word};
use crate::reads::fills::{self, Cursor, FillLine, Sum, Wanted};
use crate::view::View;

/// Fields of the address.
const FIELDS: [&str; 10] = [
    "symbol",
    "account",
    "side",
    "liquidity",
    "from",
    "to",
    "zone",
    "order_id",
    "trade_id",
    "before",
];
/// Liquidities to choose from.
const LIQUIDITIES: [&str; 4] = ["maker", "taker", "auction", "desk"];

fn wanted(asked: &Asked, view: &View) -> Result<(Wanted, Option<Cursor>), Problem> {
    asked.check()?;
    let wanted = Wanted {
        symbol: asked.text("symbol"),
        account: asked.text("account"),
        side: asked.choice("side", &["buy", "sell"])?,
        liquidity: asked.choice("liquidity", &LIQUIDITIES)?,
        from: asked.time(view, "from")?,
        to: asked.time(view, "to")?,
        order_id: asked.number("order_id")?,
        trade_id: asked.number("trade_id")?,
    };
    Ok((wanted, asked.cursor("before")?))
}

/// What a page's rows come to; never the whole table's.
struct Totals {
    bought: Vec<Sum>,
    sold: Vec<Sum>,
    fees: Vec<Sum>,
}

impl Totals {
    fn of(rows: &[FillLine]) -> Totals {
        let side = |side: &str| {
            Sum::by_asset(rows.iter().filter(|row| row.side == side).map(|row| &row.value))
        };
        let fees = Sum::by_asset(rows.iter().map(|row| &row.fee));
        Totals { bought: side("buy"), sold: side("sell"), fees }
    }
}

#[derive(Template)]
#[template(path = "fills.html")]
struct FillsPage<'a> {
    v: &'a View,
    asked: &'a Asked,
    problem: Option<String>,
    totals: Totals,
    rows: Vec<FillLine>,
    next: Option<String>,
    query: String,
    first: bool,
    liquidities: &'a [&'a str],
    freshness: Freshness,
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let freshness = Freshness::now(&app).await?;
    let most = app.config.lists.page_rows;
    let (problem, mut rows) = match wanted(&asked, &view) {
        Ok((wanted, before)) => {
            let scope = view.scope();
            (None, fills::list(&app.pool, &scope, &wanted, before, most as i64 + 1).await?)
        }
        Err(Problem(what)) => (Some(view.tf(M::BadFilter, &[&what])), Vec::new()),
    };
    let more = rows.len() > most;
    rows.truncate(most);
    let shown = rows.iter().map(|row| row.account.as_str());
    seen::list(&app, &view, "fills", &asked.query(&[]), shown).await?;
    let after = |last: &FillLine| {
        let [at, fill] = fills::cursor(last);
        asked.query(&[("before", &format!("{at}.{fill}"))])
    };
    let status = super::status_of(&problem);
    let mut response = html(&FillsPage {
        v: &view,
        next: rows.last().filter(|_| more).map(after),
        query: asked.query(&[("before", "")]),
        first: asked.get("before").is_empty(),
        asked: &asked.in_zone_of(&view, &["from", "to"]),
        problem,
        totals: Totals::of(&rows),
        rows,
        liquidities: &LIQUIDITIES,
        freshness,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

const COLUMNS: [&str; 18] = [
    "time",
    "trade_id",
    "fill_id",
    "order_id",
    "account",
    "symbol",
    "side",
    "price",
    "quantity",
    "value",
    "value_asset",
    "fee",
    "fee_asset",
    "liquidity",
    "correction",
    "corrected",
    "corrected_price",
    "corrected_quantity",
];

struct Matches {
    app: App,
    view: View,
    scope: Scope,
    wanted: Wanted,
    before: Option<Cursor>,
}

impl Rows for Matches {
    async fn next(&mut self, limit: usize) -> Result<Vec<Vec<String>>, Failure> {
        let pool = &self.app.pool;
        let rows = fills::list(pool, &self.scope, &self.wanted, self.before, limit as i64).await?;
        self.before = rows.last().map(fills::cursor).or(self.before);
        let record = |row: &FillLine| {
            let present = row.present.as_ref();
            let quantity = present.map(|now| now.quantity.clone().unwrap_or_else(|| "0".into()));
            let price = present.filter(|now| !now.busted()).map(|now| now.price.clone());
            vec![
                time(&self.view, &row.at),
                row.trade_id.to_string(),
                row.fill_id.to_string(),
                row.order_id.to_string(),
                row.account.clone(),
                row.symbol.clone(),
                row.side.clone(),
                row.price.clone(),
                row.quantity.clone(),
                row.value.text(),
                row.value.asset.clone(),
                row.fee.text(),
                row.fee.asset.clone(),
                row.liquidity.clone(),
                present.map(|now| now.correction.to_string()).unwrap_or_default(),
                present.map(|now| now.code().to_owned()).unwrap_or_default(),
                price.unwrap_or_default(),
                quantity.unwrap_or_default(),
            ]
        };
        Ok(rows.iter().map(record).collect())
    }
}

/// The whole filter as a file.
pub async fn csv(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let asked = Asked::read(query.as_deref(), &FIELDS);
    let (wanted, before) =
        wanted(&asked, &view).map_err(|Problem(what)| Failure::BadRequest(what))?;
    let scope = view.scope();
    let rows = Matches { app: app.clone(), view: view.clone(), scope, wanted, before };
    let (object, filter) = (Object::List("fills"), asked.query(&[]));
    let file = File { name: "fills", object, filter, columns: &COLUMNS };
    download(&app, &view, file, rows).await
}
