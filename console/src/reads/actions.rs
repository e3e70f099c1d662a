//! What people had the backend do, from the journal's projection.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool, QueryBuilder};

use super::within;
use crate::authz::Scope;
use crate::db::At;

/// A command of a person.
#[derive(Clone, Debug, FromRow)]
#[allow(missing_docs)] // columns of trading.admin_actions
pub struct Action {
    pub seq: i64,
    #[sqlx(try_from = "At")]
    pub at: Timestamp,
    pub kind: String,
    pub actor: String,
    pub approver: String,
    pub request_id: String,
    pub reason: String,
    pub outcome: String,
}

impl Action {
    /// The request of this console that it came of, if its id can be one.
    pub fn request(&self) -> Option<String> {
        crate::requests::id(&self.request_id)
    }
}

const COLUMNS: &str = "SELECT x.seq, x.at, x.kind, x.actor, x.approver, x.request_id, x.reason, \
    x.outcome FROM trading.admin_actions x WHERE ";

/// The newest actions on an object of the audit trail; `None` for kinds of objects that the
/// backend does not act on, and for what lies beyond the scope.
///
/// # Errors
/// When the database does not answer.
pub async fn of(
    pool: &PgPool,
    scope: &Scope,
    kind: &str,
    id: &str,
    limit: i64,
) -> sqlx::Result<Option<Vec<Action>>> {
    let mut query = QueryBuilder::new(COLUMNS);
    match kind {
        "account" | "order" => {
            let Some(number) = number(pool, scope, kind, id).await? else { return Ok(None) };
            query.push(format!("x.target_kind = '{kind}' AND x.target_id = ")).push_bind(number);
        }
        "instrument" => {
            let number = super::instruments::id(pool, id).await?;
            let Some(number) = number else { return Ok(None) };
            query.push("x.target_kind = 'instrument' AND x.target_id = ");
            query.push_bind(i64::from(number));
        }
        // A person and a request may concern anybody.
        "staff" if scope.is_everything() => {
            query.push("x.actor = ").push_bind(id.to_owned());
        }
        "request" if scope.is_everything() && !id.is_empty() => {
            query.push("x.request_id <> '' AND x.request_id = ").push_bind(id.to_owned());
        }
        _ => return Ok(None),
    }
    query.push(" ORDER BY x.seq DESC LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(pool).await.map(Some)
}

/// The number of an account or order within the scope.
async fn number(pool: &PgPool, scope: &Scope, kind: &str, id: &str) -> sqlx::Result<Option<i64>> {
    let mut query;
    if kind == "order" {
        let Ok(order) = id.parse::<i64>() else { return Ok(None) };
        query = QueryBuilder::new(
            "SELECT o.order_id FROM trading.orders o JOIN trading.accounts a USING (account_id) \
             WHERE o.order_id = ",
        );
        query.push_bind(order);
    } else {
        query = QueryBuilder::new(
            "SELECT a.account_id::bigint FROM trading.accounts a WHERE a.code = ",
        );
        query.push_bind(id.to_owned());
    }
    within(&mut query, scope);
    query.build_query_scalar().fetch_optional(pool).await
}
