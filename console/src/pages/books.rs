//! All order books: a page of instruments with their day, live.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::Mark;
use crate::app::App;
use crate::authz::{Need, Permission};
use crate::backend::Ticker;
use crate::error::{Failure, html};
use crate::guard::form_encode;
use crate::i18n::{M, Word};
use crate::live::{self, State as LiveState, Tickers};
use crate::reads::instruments::{self, Listed, Wanted};
use crate::view::View;

/// Instruments on a page.
const ROWS: usize = 100;

/// What the address says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    profile: String,
    q: String,
    after: String,
}

impl Asked {
    fn wanted(&self) -> Wanted<'_> {
        Wanted { profile: &self.profile, text: self.q.trim(), after: &self.after }
    }

    fn query(&self, after: &str) -> String {
        format!(
            "profile={}&q={}&after={}",
            form_encode(&self.profile),
            form_encode(&self.q),
            form_encode(after)
        )
    }
}

/// An instrument and its day, as far as known.
struct Row<'a> {
    listed: &'a Listed,
    day: Option<&'a Ticker>,
    percent: Option<String>,
}

impl<'a> Row<'a> {
    fn new(listed: &'a Listed, tickers: Option<&'a [Arc<Ticker>]>) -> Row<'a> {
        // Sorted by symbol when received.
        let day = tickers.and_then(|all| {
            let at = all.binary_search_by(|t| t.symbol.as_str().cmp(&listed.symbol)).ok()?;
            all.get(at).map(Arc::as_ref)
        });
        Row { listed, day, percent: day.and_then(Ticker::change_percent) }
    }

    fn phase(&self) -> &str {
        self.day
            .map(|day| day.phase.as_str())
            .filter(|p| !p.is_empty())
            .unwrap_or(&self.listed.status)
    }
}

#[derive(Template)]
#[template(path = "books.html")]
struct BooksPage<'a> {
    v: &'a View,
    mark: Mark,
    rows: Vec<Row<'a>>,
    asked: &'a Asked,
    live_query: String,
    next: Option<String>,
    profiles: [&'a str; 2],
}

/// The cells of one row, as the page has them.
#[derive(Template)]
#[template(path = "books_row.html")]
struct RowCells<'a> {
    v: &'a View,
    row: &'a Row<'a>,
}

#[derive(Template)]
#[template(path = "books.html", block = "mark")]
struct MarkBlock {
    mark: Mark,
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let mut listed = instruments::list(&app.pool, &asked.wanted(), ROWS as i64 + 1).await?;
    let more = listed.len() > ROWS;
    listed.truncate(ROWS);
    let next = listed.last().filter(|_| more).map(|last| asked.query(&last.symbol));
    let state = app.hub.tickers().borrow().clone();
    let (tickers, mark) = first_tickers(&app, &view, state).await;
    let rows = listed.iter().map(|l| Row::new(l, tickers.as_ref().map(|t| t.as_slice()))).collect();
    html(&BooksPage {
        v: &view,
        mark,
        rows,
        live_query: asked.query(&asked.after),
        asked: &asked,
        next,
        profiles: ["tse", "crypto"],
    })
}

/// Tickers are followed only while somebody looks: the first reader's page asks itself.
async fn first_tickers(
    app: &App,
    view: &View,
    state: LiveState<Tickers>,
) -> (Option<Arc<Tickers>>, Mark) {
    let fresh = |at: jiff::Timestamp| view.now.duration_since(at).as_secs() < 3;
    if state.connected && state.heard.is_some_and(fresh) {
        let mark = Mark::plain(view, state.heard.as_ref());
        return (state.value, mark);
    }
    match app.backend.tickers().await {
        Ok(mut tickers) => {
            tickers.sort_by(|a, b| a.symbol.cmp(&b.symbol));
            let tickers = tickers.into_iter().map(Arc::new).collect();
            (Some(Arc::new(tickers)), Mark::plain(view, None))
        }
        Err(_) => {
            let mark = Mark::of(view, &LiveState { connected: false, ..state.clone() });
            (state.value, mark)
        }
    }
}

/// Its live parts: the rows that changed, and the mark.
pub async fn live(
    State(app): State<App>,
    headers: HeaderMap,
    view: View,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let listed = instruments::list(&app.pool, &asked.wanted(), ROWS as i64).await?;
    let need = Need::May(Permission::SeeMarket);
    let subject = app.hub.tickers();
    let mut sent: HashMap<String, String> = HashMap::new();
    live::push(&app, headers, view, need, subject, move |view, state| {
        let mark = Mark::of(view, state);
        let mut pushed = vec![("mark", MarkBlock { mark }.render()?)];
        let Some(tickers) = &state.value else { return Ok(pushed) };
        let mut changed = String::new();
        for listed in &listed {
            let row = Row::new(listed, Some(tickers.as_slice()));
            let cells = RowCells { v: view, row: &row }.render()?;
            if sent.get(&listed.symbol) != Some(&cells) {
                let id = form_id(&listed.symbol);
                changed
                    .push_str(&format!("<tr id=\"{id}\" hx-swap-oob=\"innerHTML\">{cells}</tr>"));
                sent.insert(listed.symbol.clone(), cells);
            }
        }
        if !changed.is_empty() {
            pushed.push(("rows", changed));
        }
        Ok(pushed)
    })
}

/// The id of an instrument's row: letters, digits and underscores only.
fn form_id(symbol: &str) -> String {
    let safe = symbol.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    format!("row-{}", safe.collect::<String>())
}
