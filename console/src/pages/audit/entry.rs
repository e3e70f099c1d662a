//! One entry: its fields, its two hashes computed again, and the entries beside it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

use super::Line;
use crate::app::App;
use crate::audit::hash::{Hash, ORIGIN, hash_of};
use crate::audit::store::{self, Stored};
use crate::audit::{Entry, Kind, Object, record};
use crate::error::{Failure, html};
use crate::i18n::{M, U};
use crate::view::View;

#[derive(Template)]
#[template(path = "audit/entry.html")]
struct EntryPage<'a> {
    v: &'a View,
    e: Line,
    session: Option<i64>,
    request: Option<String>,
    /// The detail, one field a line.
    detail: String,
    hash: String,
    previous: String,
    /// Whether the fields give the hash.
    agrees: bool,
    /// Whether the entry before has the hash that this one names.
    follows: bool,
    before: Option<i64>,
    after: Option<i64>,
}

/// The page.
pub async fn page(
    State(app): State<App>,
    view: View,
    Path(entry): Path<String>,
) -> Result<Response, Failure> {
    let seq: i64 = entry.parse().map_err(|_| Failure::NotFound)?;
    let scope = view.scope();
    let found = store::find(&app.pool, &scope, seq).await?.ok_or(Failure::NotFound)?;
    let neighbours = store::after(&app.pool, seq.saturating_sub(2), 3).await?;
    let before = neighbours.iter().find(|entry| entry.content.seq == seq - 1);
    let after = neighbours.iter().find(|entry| entry.content.seq == seq + 1);
    let detail = json!({"entry": seq});
    let looked = Entry { kind: Kind::View, object: Object::List("audit"), detail, request: None };
    record(&app, &view, looked).await?;
    html(&page_of(&view, &found, before, after))
}

fn page_of<'a>(
    view: &'a View,
    found: &Stored,
    before: Option<&Stored>,
    after: Option<&Stored>,
) -> EntryPage<'a> {
    let named = Hash::try_from(found.previous.as_slice()).unwrap_or(ORIGIN);
    let pretty = serde_json::from_str::<serde_json::Value>(&found.content.detail)
        .and_then(|detail| serde_json::to_string_pretty(&detail));
    EntryPage {
        e: Line::of(view, found),
        session: found.content.session_id,
        request: found.content.request.map(|id| id.to_string()),
        detail: pretty.unwrap_or_else(|_| found.content.detail.clone()),
        hash: hex::encode(&found.hash),
        previous: hex::encode(&found.previous),
        agrees: found.hash == hash_of(&found.content, &named),
        follows: match before {
            Some(before) => before.hash == found.previous,
            None => found.content.seq == 1 && named == ORIGIN,
        },
        before: before.map(|entry| entry.content.seq),
        after: after.map(|entry| entry.content.seq),
        v: view,
    }
}
