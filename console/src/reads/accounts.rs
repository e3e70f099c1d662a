//! Accounts: the list by code, one account with its balances and open orders, its API keys.
//! What belongs to an account outside the reader's scope is not found here.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool, QueryBuilder};

use super::{digits, within};
use crate::authz::Scope;
use crate::db::At;
use crate::view::decimal;

/// Which accounts; empty fields do not restrict.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Beginning of the code.
    pub prefix: Option<String>,
    /// `active`, `suspended` or `closed`.
    pub status: Option<String>,
    /// Group.
    pub group: Option<i32>,
}

/// A line of the list.
#[derive(Clone, Debug, FromRow)]
pub struct AccountLine {
    /// Number in the tables.
    pub account_id: i32,
    /// Code.
    pub code: String,
    /// `active`, `suspended` or `closed`.
    pub status: String,
    /// Group.
    #[sqlx(rename = "group_id")]
    pub group: i32,
    /// When it was opened.
    #[sqlx(try_from = "At")]
    pub created_at: Timestamp,
}

/// The number of the account with this code, whoever may see it.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn id(pool: &PgPool, code: &str) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!("SELECT account_id FROM trading.accounts WHERE code = $1", code)
        .fetch_optional(pool)
        .await
}

const COLUMNS: &str = "SELECT a.account_id, a.code, a.status, a.group_id, a.created_at \
    FROM trading.accounts a WHERE true";

/// At most `limit` accounts whose codes come after `after`, by code.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    pool: &PgPool,
    scope: &Scope,
    wanted: &Wanted,
    after: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<AccountLine>> {
    let mut query = QueryBuilder::new(COLUMNS);
    if let Some(prefix) = &wanted.prefix {
        // Byte by byte, every code with the prefix lies between it and itself with the last
        // character there is.
        query.push(" AND a.code COLLATE \"C\" >= ").push_bind(prefix.clone());
        query.push(" AND a.code COLLATE \"C\" <= ").push_bind(format!("{prefix}\u{10ffff}"));
    }
    match wanted.status.as_deref() {
        None => {}
        Some("active") => {
            query.push(" AND a.status = 'active'");
        }
        Some(status) => {
            query.push(" AND a.status <> 'active' AND a.status = ").push_bind(status.to_owned());
        }
    }
    if let Some(group) = wanted.group {
        query.push(" AND a.group_id = ").push_bind(group);
    }
    within(&mut query, scope);
    if let Some(after) = after {
        query.push(" AND a.code COLLATE \"C\" > ").push_bind(after.to_owned());
    }
    query.push(" ORDER BY a.code COLLATE \"C\" LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(pool).await
}

/// One account by its whole code.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, scope: &Scope, code: &str) -> sqlx::Result<Option<AccountLine>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push(" AND a.code = ").push_bind(code.to_owned());
    within(&mut query, scope);
    query.build_query_as().fetch_optional(pool).await
}

/// The house: the other side of every trade of an odd-lot desk, which has no fill of its own.
/// `None`: the reader may not see it.
///
/// # Errors
/// When the database does not answer.
pub async fn house(pool: &PgPool, scope: &Scope) -> sqlx::Result<Option<AccountLine>> {
    let mut query = QueryBuilder::new(COLUMNS);
    query.push(" AND a.account_id = 0");
    within(&mut query, scope);
    query.build_query_as().fetch_optional(pool).await
}

/// What an account has of an asset, numbers as decimal strings.
#[derive(Clone, Debug)]
pub struct Balance {
    /// Code of the asset.
    pub asset: String,
    /// All of it.
    pub total: String,
    /// Set aside for open orders.
    pub locked: String,
    /// Free to use.
    pub available: String,
    /// Instruments that trade this asset: then it is a position.
    pub symbols: Vec<String>,
    /// Whether there is any.
    pub empty: bool,
}

/// At most `limit` balances: first those of assets that no instrument trades, which is cash, then
/// by code; after asset `after`.
///
/// # Errors
/// When the database does not answer.
pub async fn balances(
    pool: &PgPool,
    account_id: i32,
    after: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<Balance>> {
    #[derive(FromRow)]
    struct Raw {
        code: String,
        exponent: i16,
        total: i64,
        locked: i64,
        symbols: Vec<String>,
    }
    let rows: Vec<Raw> = sqlx::query_as(
        "SELECT h.code, h.exponent, h.total, h.locked, \
         array(SELECT i.symbol FROM trading.instruments i \
               WHERE i.base_asset = h.asset_id ORDER BY i.symbol LIMIT 5) AS symbols \
         FROM (SELECT b.asset_id, c.code, c.exponent, b.total, b.locked, EXISTS ( \
                 SELECT FROM trading.instruments i WHERE i.base_asset = b.asset_id) AS traded \
               FROM trading.balances b JOIN trading.assets c USING (asset_id) \
               WHERE b.account_id = $1) h \
         WHERE $2::text IS NULL OR (h.traded, h.code) > (EXISTS ( \
                 SELECT FROM trading.assets c JOIN trading.instruments i \
                 ON i.base_asset = c.asset_id WHERE c.code = $2), $2) \
         ORDER BY h.traded, h.code LIMIT $3",
    )
    .bind(account_id)
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    let balance = |raw: Raw| {
        let amount = |units: i128| decimal(units, digits(raw.exponent));
        let (total, locked) = (i128::from(raw.total), i128::from(raw.locked));
        Balance {
            total: amount(total),
            locked: amount(locked),
            available: amount(total - locked),
            empty: total == 0 && locked == 0,
            asset: raw.code,
            symbols: raw.symbols,
        }
    };
    Ok(rows.into_iter().map(balance).collect())
}

/// An asset that an account has, or had, something of.
#[derive(Clone, Debug, FromRow)]
pub struct Held {
    /// Its code.
    pub asset: String,
    /// Whether nothing of it is left.
    pub empty: bool,
}

/// Every asset of an account, in the order of its balances.
///
/// # Errors
/// When the database does not answer.
pub async fn held(pool: &PgPool, account_id: i32) -> sqlx::Result<Vec<Held>> {
    sqlx::query_as(
        "SELECT c.code AS asset, b.total = 0 AND b.locked = 0 AS empty \
         FROM trading.balances b JOIN trading.assets c USING (asset_id) WHERE b.account_id = $1 \
         ORDER BY EXISTS (SELECT FROM trading.instruments i WHERE i.base_asset = b.asset_id), c.code",
    )
    .bind(account_id)
    .fetch_all(pool)
    .await
}

/// An API key as people may know it: nothing that signs.
#[derive(Clone, Debug, FromRow)]
#[allow(missing_docs)] // columns of access.api_keys
pub struct ApiKey {
    pub api_key: String,
    pub kind: String,
    pub scopes: Vec<String>,
    pub addresses: Vec<String>,
    pub label: String,
    pub reads_per_second: Option<i32>,
    pub writes_per_second: Option<i32>,
    pub created_by: String,
    #[sqlx(try_from = "At")]
    pub created_at: Timestamp,
    pub expires_at: Option<At>,
    pub revoked_at: Option<At>,
}

impl ApiKey {
    /// Whether its time is over.
    pub fn expired(&self, now: &Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at.0 <= *now)
    }
}

/// Most keys shown of one account.
pub const KEYS: i64 = 200;

/// An account's API keys, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn keys(pool: &PgPool, code: &str) -> sqlx::Result<Vec<ApiKey>> {
    sqlx::query_as(
        "SELECT api_key, kind, scopes, addresses::text[] AS addresses, label, reads_per_second, \
         writes_per_second, created_by, created_at, expires_at, revoked_at \
         FROM access.api_keys WHERE account = $1 ORDER BY key_id DESC LIMIT $2",
    )
    .bind(code)
    .bind(KEYS)
    .fetch_all(pool)
    .await
}
