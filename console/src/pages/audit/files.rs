//! The whole filter as a file: CSV, or JSON lines from which the chain can be computed. Streamed
//! page by page; the export is recorded before the first byte leaves.

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::list::{FIELDS, wanted};
use crate::app::App;
use crate::audit::files;
use crate::audit::store::{self, Stored, Wanted};
use crate::audit::{Object, Who};
use crate::authz::Scope;
use crate::error::Failure;
use crate::pages::asked::{Asked, Problem};
use crate::pages::seen;
use crate::view::View;

/// Entries read at once.
const CHUNK: i64 = 1000;

/// CSV for spreadsheets.
pub async fn csv(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let form = Form { head: files::csv_head(), lines: files::csv, ending: "csv", mime: "text/csv" };
    download(&app, &view, query.as_deref(), form).await
}

/// JSON lines.
pub async fn jsonl(
    State(app): State<App>,
    view: View,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let mime = "application/jsonl";
    let form = Form { head: Vec::new(), lines: files::jsonl, ending: "jsonl", mime };
    download(&app, &view, query.as_deref(), form).await
}

/// What the file looks like.
struct Form {
    head: Vec<u8>,
    lines: fn(&[Stored]) -> Vec<u8>,
    ending: &'static str,
    mime: &'static str,
}

/// Where an export stands.
struct Export {
    app: App,
    scope: Scope,
    wanted: Wanted,
    before: Option<i64>,
    left: i64,
    lines: fn(&[Stored]) -> Vec<u8>,
    ready: Option<Vec<u8>>,
}

impl Export {
    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(ready) = self.ready.take() {
            return Ok(Some(ready.into()));
        }
        let limit = CHUNK.min(self.left);
        if limit == 0 {
            return Ok(None);
        }
        let pool = &self.app.pool;
        let rows = store::list(pool, &self.scope, &self.wanted, self.before, limit).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        self.before = Some(last.content.seq);
        self.left -= rows.len() as i64;
        Ok(Some((self.lines)(&rows).into()))
    }
}

async fn download(
    app: &App,
    view: &View,
    query: Option<&str>,
    form: Form,
) -> Result<Response, Failure> {
    let asked = Asked::read(query, &FIELDS);
    let (wanted, before) =
        wanted(&asked, view).map_err(|Problem(what)| Failure::BadRequest(what))?;
    let mut export = Export {
        app: app.clone(),
        scope: view.scope(),
        wanted,
        before,
        left: i64::try_from(app.config.lists.csv_rows).unwrap_or(i64::MAX),
        lines: form.lines,
        ready: None,
    };
    // Read before the answer begins, so that a database that is away gives a page that says so.
    let mut head = form.head;
    head.extend(export.next().await?.unwrap_or_default());
    export.ready = Some(head);
    let filter = format!("{} {}", form.ending, asked.query(&[]));
    seen::file(app, view, Object::List("audit"), filter.trim()).await?;
    tracing::info!(event = "console.audit_exported", login = %Who::reads(view).login, "exported");
    let body = Body::from_stream(stream::try_unfold(export, |mut export| async move {
        let next = export.next().await.map_err(|failure| {
            tracing::error!(event = "console.csv_failed", error = %failure, "download broken off");
            std::io::Error::other("broken off")
        })?;
        Ok::<_, std::io::Error>(next.map(|bytes| (bytes, export)))
    }));
    let stamp = view.now.to_zoned(view.zone.clone()).strftime("%Y%m%dT%H%M%S");
    let headers = [
        (header::CONTENT_TYPE, format!("{}; charset=utf-8", form.mime)),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"audit-{stamp}.{}\"", form.ending),
        ),
    ];
    Ok((headers, body).into_response())
}
