//! The whole filter as CSV: streamed page by page, so that a million rows cost no memory and
//! no long transaction. For spreadsheets it begins with a byte order mark, and a cell that a
//! spreadsheet would run as a formula is quoted.

use std::collections::VecDeque;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::filter::{Filter, Problem};
use crate::app::App;
use crate::error::Failure;
use crate::i18n::M;
use crate::reads::orders::{self, OrderLine, Wanted};
use crate::view::View;

/// Rows read at once.
const CHUNK: usize = 1000;

const COLUMNS: [M; 17] = [
    M::OrderId,
    M::CreatedAt,
    M::UpdatedAt,
    M::Account,
    M::Symbol,
    M::ClientOrderId,
    M::Side,
    M::Type,
    M::TimeInForce,
    M::PostOnly,
    M::Price,
    M::Quantity,
    M::Filled,
    M::AveragePrice,
    M::State,
    M::Reason,
    M::Via,
];

/// A cell that no spreadsheet runs: what begins like a formula gets a quote before it,
/// unless it is a plain number.
fn safe(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let number = crate::view::units(cell, 8).is_some();
    if formula && !number { format!("'{cell}") } else { cell.to_owned() }
}

fn record(view: &View, order: &OrderLine) -> [String; 17] {
    let time = |at: &jiff::Timestamp| {
        at.to_zoned(view.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S.%6f%:z").to_string()
    };
    let some = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        order.order_id.to_string(),
        time(&order.created_at),
        time(&order.updated_at),
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

fn lines<R: IntoIterator<Item = String>>(
    rows: impl IntoIterator<Item = R>,
) -> Result<Bytes, Failure> {
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(Vec::new());
    let failed = |e: &dyn std::fmt::Display| Failure::Internal(format!("cannot write CSV: {e}"));
    for row in rows {
        writer.write_record(row.into_iter().map(|cell| safe(&cell))).map_err(|e| failed(&e))?;
    }
    let bytes = writer.into_inner().map_err(|e| failed(&e))?;
    Ok(bytes.into())
}

/// Where an export stands.
struct Export {
    app: App,
    view: View,
    wanted: Wanted,
    before: Option<i64>,
    left: usize,
    ready: VecDeque<Bytes>,
    done: bool,
}

impl Export {
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(bytes) = self.ready.pop_front() {
            return Ok(Some(bytes));
        }
        if self.done {
            return Ok(None);
        }
        // One more than may be written tells whether the file is cut.
        let ask = CHUNK.min(self.left + 1);
        let mut rows = orders::list(&self.app.pool, &self.wanted, self.before, ask as i64).await?;
        let cut = rows.len() > self.left;
        self.done = cut || rows.len() < ask;
        rows.truncate(self.left);
        self.left -= rows.len();
        self.before = rows.last().map(|row| row.order_id).or(self.before);
        let mut bytes = lines(rows.iter().map(|order| record(&self.view, order)))?.to_vec();
        if cut {
            let most = self.app.config.lists.csv_rows.to_string();
            bytes.extend_from_slice(&lines([[self.view.tf(M::CsvCut, &[&most])]])?);
        }
        Ok(Some(bytes.into()))
    }
}

/// The download.
pub async fn csv(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let filter = Filter::read(query.as_deref());
    let wanted = filter.wanted(&view).map_err(|Problem(what)| Failure::BadRequest(what))?;
    let mut head = "\u{feff}".as_bytes().to_vec();
    head.extend_from_slice(&lines([COLUMNS.map(|column| view.t(column).to_owned())])?);
    let name =
        view.now.to_zoned(view.zone.clone()).strftime("orders-%Y%m%dT%H%M%S.csv").to_string();
    let mut export = Export {
        left: app.config.lists.csv_rows,
        app,
        view,
        wanted,
        before: filter.before(),
        ready: VecDeque::from([Bytes::from(head)]),
        done: false,
    };
    // The first rows are read before the answer begins, so that a database that is away gives
    // a page that says so; later failures break the download off, so that it is not
    // mistaken for a whole one.
    if let Some(bytes) = export.first().await? {
        export.ready.push_back(bytes);
    }
    let body = Body::from_stream(stream::try_unfold(export, |mut export| async move {
        let next = export.next().await.map_err(|failure| {
            tracing::error!(event = "console.csv_failed", error = %failure, "download broken off");
            std::io::Error::other(failure.to_string())
        })?;
        Ok::<_, std::io::Error>(next.map(|bytes| (bytes, export)))
    }));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}

impl Export {
    async fn first(&mut self) -> Result<Option<Bytes>, Failure> {
        let head = self.ready.pop_front();
        let rows = self.next().await?;
        self.ready.extend(head);
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_run_as_a_formula() {
        for (cell, want) in [
            ("=1+1", "'=1+1"),
            ("+SUM(A1)", "'+SUM(A1)"),
            ("-cmd", "'-cmd"),
            ("@x", "'@x"),
            ("-12.5", "-12.5"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(safe(cell), want);
        }
    }

    #[test]
    fn cells_with_separators_are_quoted() {
        let row = ["a,b".to_owned(), "c\"d".to_owned(), "=e".to_owned()];
        assert_eq!(lines([row]).unwrap(), Bytes::from("\"a,b\",\"c\"\"d\",'=e\r\n"));
    }
}
