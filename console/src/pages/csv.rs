//! A list's whole filter as CSV: streamed page by page, so that a million rows cost no memory
//! and no long transaction. For spreadsheets it begins with a byte order mark, and a cell that
//! a spreadsheet would run as a formula is quoted. Column names are English in every
//! language, so that what reads the file does not depend on who downloaded it.

use std::future::Future;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::app::App;
use crate::audit::Object;
use crate::error::Failure;
use crate::i18n::M;
use crate::view::View;

/// Rows read at once.
const CHUNK: usize = 1000;

/// Where a file's rows come from, in the file's order.
pub trait Rows: Send + 'static {
    /// The next `limit` rows at most; fewer mean that there are no more.
    fn next(
        &mut self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Vec<String>>, Failure>> + Send;
}

/// A time as files have it: to the microsecond, in the reader's zone, with its offset.
pub fn time(view: &View, at: &jiff::Timestamp) -> String {
    at.to_zoned(view.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S.%6f%:z").to_string()
}

/// A cell that no spreadsheet runs: what begins like a formula gets a quote before it,
/// unless it is a plain number.
fn safe(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let number = crate::view::units(cell, 8).is_some();
    if formula && !number { format!("'{cell}") } else { cell.to_owned() }
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
struct Export<R> {
    rows: R,
    left: usize,
    /// What the last line says when there is more than may be written.
    cut: String,
    ready: Option<Bytes>,
    done: bool,
}

impl<R: Rows> Export<R> {
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(bytes) = self.ready.take() {
            return Ok(Some(bytes));
        }
        if self.done {
            return Ok(None);
        }
        // One more than may be written tells whether the file is cut.
        let ask = CHUNK.min(self.left + 1);
        let mut rows = self.rows.next(ask).await?;
        let cut = rows.len() > self.left;
        self.done = cut || rows.len() < ask;
        rows.truncate(self.left);
        self.left -= rows.len();
        let mut bytes = lines(rows)?.to_vec();
        if cut {
            bytes.extend_from_slice(&lines([[self.cut.clone()]])?);
        }
        Ok(Some(bytes.into()))
    }
}

/// What a file is.
pub struct File<'a> {
    /// Its name's beginning; the time follows.
    pub name: &'a str,
    /// What it is a list of, for the audit trail.
    pub object: Object,
    /// The filter, as in the address.
    pub filter: String,
    /// Names of the columns.
    pub columns: &'a [&'a str],
}

/// The download. It is recorded before the first byte leaves.
///
/// # Errors
/// When the first rows cannot be read, or the export cannot be recorded. Later failures break the download off, so that it is
/// not mistaken for a whole one.
pub async fn download(
    app: &App,
    view: &View,
    file: File<'_>,
    rows: impl Rows,
) -> Result<Response, Failure> {
    let File { name, object, filter, columns } = file;
    let most = app.config.lists.csv_rows;
    let cut = view.t1(M::CsvCut, most);
    let mut export = Export { rows, left: most, cut, ready: None, done: false };
    let mut head = "\u{feff}".as_bytes().to_vec();
    head.extend_from_slice(&lines([columns.iter().map(|name| (*name).to_owned())])?);
    if let Some(first) = export.next().await? {
        head.extend_from_slice(&first);
    }
    export.ready = Some(head.into());
    super::seen::file(app, view, object, &filter).await?;
    let body = Body::from_stream(stream::try_unfold(export, |mut export| async move {
        let next = export.next().await.map_err(|failure| {
            tracing::error!(event = "console.csv_failed", error = %failure, "download broken off");
            std::io::Error::other(failure.to_string())
        })?;
        Ok::<_, std::io::Error>(next.map(|bytes| (bytes, export)))
    }));
    let stamp = view.now.to_zoned(view.zone.clone()).strftime("%Y%m%dT%H%M%S");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}-{stamp}.csv\"")),
    ];
    Ok((headers, body).into_response())
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
