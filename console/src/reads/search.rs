//! Global search, each kind by its index and bounded: whole order numbers and client order ids,
//! beginnings of account codes, instruments by code or name, staff by sign-in name. What lies
//! beyond the reader's scope is not found.

use sqlx::PgPool;

use super::accounts::{self, AccountLine};
use super::markets::{self, Line};
use crate::authz::Scope;

/// Most hits of one kind.
pub const HITS: i64 = 20;

/// An order found: number, client id, account.
pub type OrderHit = (i64, String, String);

/// Orders with this very number or client order id, newest first; at most [`HITS`] + 1.
///
/// # Errors
/// When the database does not answer.
pub async fn orders(pool: &PgPool, scope: &Scope, text: &str) -> sqlx::Result<Vec<OrderHit>> {
    let number: i64 = text.parse().unwrap_or(-1);
    sqlx::query_as(
        "(SELECT o.order_id, o.client_order_id, a.code FROM trading.orders o
          JOIN trading.accounts a USING (account_id)
          WHERE o.order_id = $1 AND a.group_id <> ALL($4))
         UNION
         (SELECT o.order_id, o.client_order_id, a.code FROM trading.orders o
          JOIN trading.accounts a USING (account_id)
          WHERE o.client_order_id = $2 AND a.group_id <> ALL($4)
          ORDER BY o.order_id DESC LIMIT $3)
         ORDER BY 1 DESC LIMIT $3",
    )
    .bind(number)
    .bind(text)
    .bind(HITS + 1)
    .bind(&scope.hidden_groups)
    .fetch_all(pool)
    .await
}

/// Accounts whose codes begin so; at most [`HITS`] + 1.
///
/// # Errors
/// When the database does not answer.
pub async fn accounts(pool: &PgPool, scope: &Scope, text: &str) -> sqlx::Result<Vec<AccountLine>> {
    let wanted = accounts::Wanted { prefix: Some(text.to_owned()), ..Default::default() };
    accounts::list(pool, scope, &wanted, None, HITS + 1).await
}

/// The instrument with this very code, or else those whose code begins so or whose name has
/// it; at most [`HITS`] + 1.
///
/// # Errors
/// When the database does not answer.
pub async fn instruments(pool: &PgPool, text: &str) -> sqlx::Result<Vec<Line>> {
    let wanted = markets::Wanted { text: Some(text.to_owned()), ..Default::default() };
    let found = markets::list(pool, &wanted, "", HITS + 1).await?;
    let exact = found.iter().find(|line| line.symbol.eq_ignore_ascii_case(text)).cloned();
    Ok(exact.map_or(found, |line| vec![line]))
}

/// Staff whose sign-in names begin so: sign-in name and name; at most [`HITS`] + 1.
///
/// # Errors
/// When the database does not answer.
pub async fn staff(pool: &PgPool, text: &str) -> sqlx::Result<Vec<(String, String)>> {
    sqlx::query_as(
        "SELECT login, name FROM console.staff WHERE starts_with(login, lower($1))
         ORDER BY login LIMIT $2",
    )
    .bind(text)
    .bind(HITS + 1)
    .fetch_all(pool)
    .await
}
