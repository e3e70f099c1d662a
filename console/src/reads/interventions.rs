//! What people did, each with the name of what it was done to: on one object, behind a
//! command, or the newest of all within the reader's scope.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool};

use crate::authz::Scope;
use crate::db::At;

/// A journaled command of a person.
#[derive(Clone, Debug, FromRow)]
#[allow(missing_docs)] // columns of trading.admin_actions
pub struct Action {
    #[sqlx(try_from = "At")]
    pub at: Timestamp,
    pub seq: i64,
    pub kind: String,
    pub target_kind: String,
    pub target_id: i64,
    pub target_text: String,
    /// Code of the account or symbol of the instrument it was done to.
    pub named: Option<String>,
    pub actor: String,
    pub approver: String,
    pub request_id: String,
    pub reason: String,
    pub outcome: String,
}

impl Action {
    /// What it was done to, in words that identify it.
    pub fn target(&self) -> String {
        match &self.named {
            Some(name) => name.clone(),
            None if !self.target_text.is_empty() => self.target_text.clone(),
            None if self.target_id != 0 => self.target_id.to_string(),
            None => String::new(),
        }
    }

    /// The request of this console that it came of, if its id can be one.
    pub fn request(&self) -> Option<String> {
        crate::requests::id(&self.request_id)
    }

    /// Address of what it was done to, if it has a page.
    pub fn href(&self) -> Option<String> {
        let name = crate::guard::form_encode(&self.target());
        match self.target_kind.as_str() {
            "account" if self.named.is_some() => Some(format!("/accounts/{name}")),
            "instrument" if self.named.is_some() => Some(format!("/instruments/{name}")),
            "order" => Some(format!("/orders/{}", self.target_id)),
            "trade" => Some(format!("/fills/{}", self.target_id)),
            _ => None,
        }
    }
}

const COLUMNS: &str = "SELECT x.at, x.seq, x.kind, x.target_kind, x.target_id, x.target_text, \
    coalesce(a.code, i.symbol) AS named, x.actor, x.approver, x.request_id, x.reason, x.outcome \
    FROM trading.admin_actions x \
    LEFT JOIN trading.accounts a ON x.target_kind = 'account' AND a.account_id = x.target_id \
    LEFT JOIN trading.instruments i \
      ON x.target_kind = 'instrument' AND i.instrument_id = x.target_id";

/// The newest actions on one object. Whether the reader may see the object is decided where it
/// was looked up.
///
/// # Errors
/// When the database does not answer.
pub async fn on(pool: &PgPool, kind: &str, id: i64, limit: i64) -> sqlx::Result<Vec<Action>> {
    let query = format!(
        "{COLUMNS} WHERE x.target_kind = $1 AND x.target_id = $2 ORDER BY x.seq DESC LIMIT $3"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(kind).bind(id).bind(limit).fetch_all(pool).await
}

/// The actions behind these commands.
///
/// # Errors
/// When the database does not answer.
pub async fn behind(pool: &PgPool, commands: &[i64]) -> sqlx::Result<Vec<Action>> {
    let query = format!("{COLUMNS} WHERE x.seq = ANY($1) ORDER BY x.seq");
    sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(commands).fetch_all(pool).await
}

/// The newest actions of all. For a reader with barriers, only those on accounts that they may
/// see and on what belongs to nobody.
///
/// # Errors
/// When the database does not answer.
pub async fn newest(pool: &PgPool, scope: &Scope, limit: i64) -> sqlx::Result<Vec<Action>> {
    let query = format!(
        "{COLUMNS} WHERE cardinality($1::integer[]) = 0 \
         OR (x.target_kind = 'account' AND a.group_id <> ALL($1)) \
         OR x.target_kind IN ('instrument', 'asset', 'venue', 'profile', 'journal') \
         ORDER BY x.seq DESC LIMIT $2"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(query));
    query.bind(&scope.hidden_groups).bind(limit).fetch_all(pool).await
}
