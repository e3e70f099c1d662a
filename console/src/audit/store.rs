//! `audit.entries` and the anchors as rows. Reading only: writing is `writer`'s.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use super::hash::{Content, Hash};
use crate::authz::Scope;
use crate::db::At;

/// An entry as the table holds it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// What its hash covers.
    pub content: Content,
    /// Hash of the entry before, as stored.
    pub previous: Vec<u8>,
    /// Its own hash, as stored.
    pub hash: Vec<u8>,
}

#[derive(FromRow)]
struct Raw {
    seq: i64,
    at: At,
    staff_id: Option<i32>,
    login: String,
    session_id: Option<i64>,
    address: String,
    kind: String,
    object_kind: String,
    object_id: String,
    request: Option<Uuid>,
    detail: String,
    prev_hash: Vec<u8>,
    hash: Vec<u8>,
}

impl From<Raw> for Stored {
    fn from(raw: Raw) -> Stored {
        Stored {
            content: Content {
                seq: raw.seq,
                at: raw.at.0,
                staff_id: raw.staff_id,
                login: raw.login,
                session_id: raw.session_id,
                address: raw.address,
                kind: raw.kind,
                object_kind: raw.object_kind,
                object_id: raw.object_id,
                request: raw.request,
                detail: raw.detail,
            },
            previous: raw.prev_hash,
            hash: raw.hash,
        }
    }
}

const COLUMNS: &str = "SELECT e.seq, e.at, e.staff_id, e.login, e.session_id, e.address, e.kind, \
    e.object_kind, e.object_id, e.request, e.detail, e.prev_hash, e.hash FROM audit.entries e";

/// Which entries; empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Sign-in name.
    pub actor: Option<String>,
    /// Kind's text.
    pub kind: Option<String>,
    /// Kind of the object, as [`super::Object::parts`] names it.
    pub object_kind: Option<String>,
    /// Id of the object.
    pub object_id: Option<String>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Request they belong to.
    pub request: Option<Uuid>,
}

impl Wanted {
    /// The account that entries shall concern: about itself, or as one of those a list showed.
    fn account(&self) -> Option<&str> {
        let code = self.object_id.as_deref()?;
        (self.object_kind.as_deref() == Some("account")).then_some(code)
    }
}

/// Begins a query of the entries that match, up to its conditions.
fn matching(wanted: &Wanted) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(COLUMNS);
    // An account's entries are kept by number: joined, they are read newest first as they lie.
    if let Some(code) = wanted.account() {
        query.push(" JOIN audit.concerns c ON c.seq = e.seq AND c.account = ");
        query.push_bind(code.to_owned());
    }
    query.push(" WHERE true");
    restrict(&mut query, wanted);
    query
}

/// Leaves out what concerns accounts beyond the reader's scope: entries about them or their
/// orders, lists that showed one of them, requests that the reader may not see.
fn limit_to(query: &mut QueryBuilder<Postgres>, scope: &Scope) {
    if scope.is_everything() {
        return;
    }
    let hidden = || scope.hidden_groups.clone();
    query
        // Of an entry that was too long nobody can say whose it is.
        .push(
            " AND NOT e.detail::jsonb ? 'cut' \
              AND NOT (e.object_kind = 'account' AND EXISTS (SELECT FROM trading.accounts a \
               WHERE a.code = e.object_id AND a.group_id = ANY(",
        )
        .push_bind(hidden())
        .push(
            "))) AND NOT (e.object_kind = 'order' AND EXISTS (SELECT FROM trading.orders o \
               JOIN trading.accounts a USING (account_id) \
               WHERE o.order_id = CASE WHEN e.object_kind = 'order' THEN e.object_id::bigint END \
                 AND a.group_id = ANY(",
        )
        .push_bind(hidden())
        .push(
            "))) AND NOT (e.detail::jsonb ? 'accounts' AND EXISTS (\
               SELECT FROM jsonb_array_elements_text(\
                   CASE jsonb_typeof(e.detail::jsonb -> 'accounts') WHEN 'array' \
                   THEN e.detail::jsonb -> 'accounts' ELSE '[]' END) AS named (code) \
               JOIN trading.accounts a ON a.code = named.code WHERE a.group_id = ANY(",
        )
        .push_bind(hidden())
        .push(
            "))) AND NOT (e.detail::jsonb ? 'groups' AND EXISTS (\
               SELECT FROM jsonb_array_elements_text(\
                   CASE jsonb_typeof(e.detail::jsonb -> 'groups') WHEN 'array' \
                   THEN e.detail::jsonb -> 'groups' ELSE '[]' END) AS named (number) \
               WHERE named.number::integer = ANY(",
        )
        .push_bind(hidden())
        // As `store::requests` has it for the request itself.
        .push(
            "))) AND NOT EXISTS (SELECT FROM console.requests r WHERE r.id = e.request \
               AND (r.everyone OR r.groups && ",
        )
        .push_bind(hidden())
        .push(
            " OR cardinality(r.accounts) <> (SELECT count(*) FROM trading.accounts a \
               WHERE a.code = ANY(r.accounts) AND a.group_id <> ALL(",
        )
        .push_bind(hidden())
        .push("))))");
}

fn restrict(query: &mut QueryBuilder<Postgres>, wanted: &Wanted) {
    let mut equal = vec![("e.login", &wanted.actor), ("e.kind", &wanted.kind)];
    if wanted.account().is_none() {
        equal.extend([("e.object_kind", &wanted.object_kind), ("e.object_id", &wanted.object_id)]);
    }
    for (column, value) in equal {
        if let Some(value) = value {
            query.push(format!(" AND {column} = ")).push_bind(value.clone());
        }
    }
    // Entries' times never go back, so that a range of time is a range of numbers.
    if let Some(from) = wanted.from {
        query
            .push(" AND e.seq >= coalesce((SELECT f.seq FROM audit.entries f WHERE f.at >= ")
            .push_bind(At(from))
            .push(" ORDER BY f.at, f.seq LIMIT 1), 9223372036854775807)");
    }
    if let Some(to) = wanted.to {
        query
            .push(" AND e.seq < coalesce((SELECT f.seq FROM audit.entries f WHERE f.at >= ")
            .push_bind(At(to))
            .push(" ORDER BY f.at, f.seq LIMIT 1), 9223372036854775807)");
    }
    if let Some(request) = wanted.request {
        query.push(" AND e.request = ").push_bind(request);
    }
}

/// At most `limit` matching entries older than `before`, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    pool: &PgPool,
    scope: &Scope,
    wanted: &Wanted,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let mut query = matching(wanted);
    if let Some(before) = before {
        query.push(" AND e.seq < ").push_bind(before);
    }
    limit_to(&mut query, scope);
    query.push(" ORDER BY e.seq DESC LIMIT ").push_bind(limit);
    let rows: Vec<Raw> = query.build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// One entry.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, scope: &Scope, seq: i64) -> sqlx::Result<Option<Stored>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push(" WHERE e.seq = ").push_bind(seq);
    limit_to(&mut query, scope);
    let row: Option<Raw> = query.build_query_as().fetch_optional(pool).await?;
    Ok(row.map(Stored::from))
}

/// The chain's head: number and hash.
///
/// # Errors
/// When the database does not answer.
pub async fn head(pool: &PgPool) -> sqlx::Result<Option<(i64, Vec<u8>)>> {
    let row = sqlx::query!("SELECT seq, hash FROM audit.entries ORDER BY seq DESC LIMIT 1")
        .fetch_optional(pool)
        .await?;
    Ok(row.map(|row| (row.seq, row.hash)))
}

/// At most `limit` entries after `seq`, in the chain's order.
///
/// # Errors
/// When the database does not answer.
pub async fn after(pool: &PgPool, seq: i64, limit: i64) -> sqlx::Result<Vec<Stored>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push(" WHERE e.seq > ").push_bind(seq);
    query.push(" ORDER BY e.seq LIMIT ").push_bind(limit);
    let rows: Vec<Raw> = query.build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// At most `limit` matching entries after `seq`, in the chain's order; for the command line,
/// which no barrier limits.
///
/// # Errors
/// When the database does not answer.
pub async fn matching_after(
    pool: &PgPool,
    wanted: &Wanted,
    seq: i64,
    limit: i64,
) -> sqlx::Result<Vec<Stored>> {
    let mut query = matching(wanted);
    query.push(" AND e.seq > ").push_bind(seq);
    query.push(" ORDER BY e.seq LIMIT ").push_bind(limit);
    let rows: Vec<Raw> = query.build_query_as().fetch_all(pool).await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// A statement in the journal about the chain: after so many entries its head had this hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Entries at that time: the head's number.
    pub count: i64,
    /// The head's hash.
    pub hash: Hash,
    /// Where it stands in the journal; zero when it was given from elsewhere.
    pub journal_seq: i64,
}

/// At most `limit` anchors that follow journal sequence `after`, oldest first.
///
/// # Errors
/// When the database does not answer, or an anchor is not one.
pub async fn anchors(pool: &PgPool, after: i64, limit: i64) -> sqlx::Result<Vec<Anchor>> {
    let rows: Vec<(i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT seq, entries, hash FROM trading.anchors \
         WHERE what = 'audit' AND seq > $1 ORDER BY seq LIMIT $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|(journal_seq, count, hash)| {
            let hash = Hash::try_from(hash.as_slice())
                .map_err(|_| sqlx::Error::Decode("an anchor's hash is not 32 bytes".into()))?;
            Ok(Anchor { count, hash, journal_seq })
        })
        .collect()
}

/// The newest anchor: how many entries it covers, and when it was set.
///
/// # Errors
/// When the database does not answer.
pub async fn newest_anchor(pool: &PgPool) -> sqlx::Result<Option<(i64, Timestamp)>> {
    let row: Option<(i64, At)> = sqlx::query_as(
        "SELECT entries, at FROM trading.anchors WHERE what = 'audit' ORDER BY seq DESC LIMIT 1",
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|(count, at)| (count, at.0)))
}
