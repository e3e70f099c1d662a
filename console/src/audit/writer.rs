//! The one task of this process that writes entries. Callers put theirs into a bounded queue
//! and wait; what is waiting goes into one transaction, and its callers are told after the
//! commit. The chain itself is made by the table's trigger, so that several consoles can write.

use std::time::Duration;

use serde_json::{Map, Value};
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use super::{Entry, Who};
use crate::error::Failure;
use crate::metrics::METRICS;

/// Entries that wait at once; further callers wait for room.
const QUEUE: usize = 1024;
/// Entries of one transaction.
const BATCH: usize = 256;
/// How long a caller waits for room.
const PATIENCE: Duration = Duration::from_secs(3);
/// Longest detail in bytes; a longer one is cut and says so. The table takes a little more.
const DETAIL: usize = 60_000;
/// Longest object id, login and address in characters.
const TEXT: usize = 256;

/// An entry as its row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    staff_id: Option<i32>,
    login: String,
    session_id: Option<i64>,
    address: String,
    kind: &'static str,
    object_kind: &'static str,
    object_id: String,
    request: Option<uuid::Uuid>,
    detail: String,
}

/// NUL is the one character that Postgres takes in no text.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn short(text: &str) -> String {
    storable(text).chars().take(TEXT).collect()
}

/// The same value with sorted names and without NUL.
fn canonical(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        Value::Object(fields) => {
            let mut sorted: Vec<(String, Value)> = fields.into_iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
            let fields = sorted.into_iter().map(|(name, v)| (storable(&name), canonical(v)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// A detail as its JSON text: always an object.
fn detail_text(detail: Value) -> String {
    let object = match detail {
        Value::Null => Value::Object(Map::new()),
        Value::Object(_) => canonical(detail),
        other => serde_json::json!({ "value": canonical(other) }),
    };
    let text = object.to_string();
    if text.len() <= DETAIL {
        return text;
    }
    // As text, so that what is left is found by people; escapes may double its length.
    let kept: String = text.chars().take(DETAIL / 8).collect();
    serde_json::json!({ "cut": true, "bytes": text.len(), "begins": kept }).to_string()
}

impl Row {
    fn of(who: Who, entry: Entry) -> Row {
        let (object_kind, object_id) = entry.object.parts();
        Row {
            staff_id: who.staff_id,
            login: short(&who.login),
            session_id: who.session_id,
            address: short(&who.address),
            kind: entry.kind.as_str(),
            object_kind,
            object_id: short(&object_id),
            request: entry.request,
            detail: detail_text(entry.detail),
        }
    }
}

struct Job {
    row: Row,
    done: oneshot::Sender<Result<(), String>>,
}

/// Where entries go. Cheap to clone.
#[derive(Clone)]
pub struct Trail {
    jobs: mpsc::Sender<Job>,
}

impl Trail {
    /// Starts the writing task. It ends when the last handle is gone.
    pub fn start(pool: PgPool) -> Trail {
        let (jobs, queue) = mpsc::channel(QUEUE);
        tokio::spawn(write_all(pool, queue));
        Trail { jobs }
    }

    /// Records an entry; returns when it is committed.
    ///
    /// # Errors
    /// When it could not be recorded; whoever waits for it must not go on then.
    pub async fn record(&self, who: Who, entry: Entry) -> Result<(), Failure> {
        let kind = entry.kind.as_str();
        let (done, committed) = oneshot::channel();
        let job = Job { row: Row::of(who, entry), done };
        METRICS.audit_queue.inc();
        let sent = self.jobs.send_timeout(job, PATIENCE).await;
        let result = match sent {
            Ok(()) => committed.await.unwrap_or_else(|_| Err("the writer ended".into())),
            Err(_) => Err(format!("{QUEUE} entries are waiting already")),
        };
        METRICS.audit_queue.dec();
        match result {
            Ok(()) => {
                METRICS.audit_entries.with_label_values(&[kind]).inc();
                Ok(())
            }
            Err(why) => {
                METRICS.audit_failures.inc();
                Err(Failure::Database(format!("the audit trail did not take an entry: {why}")))
            }
        }
    }
}

async fn write_all(pool: PgPool, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut jobs, BATCH).await > 0 {
        let rows: Vec<&Row> = jobs.iter().map(|job| &job.row).collect();
        let written = insert(&pool, &rows).await;
        // One that cannot be stored must not take the others with it.
        let refused = matches!(written, Err(sqlx::Error::Database(_)));
        for job in jobs.drain(..) {
            let result = match &written {
                Ok(()) => Ok(()),
                Err(_) if refused => insert(&pool, &[&job.row]).await,
                Err(error) => Err(sqlx::Error::Protocol(error.to_string())),
            };
            // Who gave up waiting is not told; the entry stands.
            let _ = job.done.send(result.map_err(|error| error.to_string()));
        }
    }
}

/// Inserts rows in their order, in one transaction.
async fn insert(pool: &PgPool, rows: &[&Row]) -> sqlx::Result<()> {
    macro_rules! column {
        ($field:ident) => {
            rows.iter().map(|row| row.$field.clone()).collect::<Vec<_>>()
        };
    }
    sqlx::query!(
        "INSERT INTO audit.entries
             (staff_id, login, session_id, address, kind, object_kind, object_id, request, detail)
         SELECT e.staff_id, e.login, e.session_id, e.address, e.kind, e.object_kind, e.object_id,
                e.request, e.detail
         FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[],
                     $7::text[], $8::uuid[], $9::text[]) WITH ORDINALITY
              AS e (staff_id, login, session_id, address, kind, object_kind, object_id, request,
                    detail, place)
         ORDER BY e.place",
        &column!(staff_id) as &[Option<i32>],
        &column!(login),
        &column!(session_id) as &[Option<i64>],
        &column!(address),
        &column!(kind) as &[&str],
        &column!(object_kind) as &[&str],
        &column!(object_id),
        &column!(request) as &[Option<uuid::Uuid>],
        &column!(detail)
    )
    .execute(pool)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_are_objects_sorted_storable_and_bounded() {
        assert_eq!(detail_text(Value::Null), "{}");
        assert_eq!(
            detail_text(json!({"b": 1, "a": {"d": "x\0", "c": []}})),
            "{\"a\":{\"c\":[],\"d\":\"x\u{fffd}\"},\"b\":1}"
        );
        assert_eq!(detail_text(json!(3)), "{\"value\":3}");
        let long = detail_text(json!({"text": "\"".repeat(100_000)}));
        assert!(long.len() <= DETAIL, "{}", long.len());
        let read: Value = serde_json::from_str(&long).unwrap();
        assert_eq!(read["cut"], true);
        assert_eq!(read["bytes"], 200_011);
        assert!(read["begins"].as_str().unwrap().starts_with("{\"text\":"));
    }
}
