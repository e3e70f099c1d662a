//! Global search: whole order numbers, client order ids, account codes and symbols, each by
//! its index.

use sqlx::PgPool;

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hit {
    /// An order by its number or client id: number, client id, account.
    Order(i64, String, String),
    /// An account by its code.
    Account(String),
    /// An instrument by its symbol: symbol and name.
    Instrument(String, String),
}

/// Most orders found under one client order id: ids are unique per account only.
const ORDERS: i64 = 50;

/// Everything that has this very name or number.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, text: &str) -> sqlx::Result<Vec<Hit>> {
    let mut hits = Vec::new();
    let instrument = sqlx::query!(
        "SELECT symbol, name FROM trading.instruments WHERE symbol IN ($1, upper($1))",
        text
    );
    if let Some(row) = instrument.fetch_optional(pool).await? {
        hits.push(Hit::Instrument(row.symbol, row.name));
    }
    let account = sqlx::query_scalar!("SELECT code FROM trading.accounts WHERE code = $1", text);
    if let Some(code) = account.fetch_optional(pool).await? {
        hits.push(Hit::Account(code));
    }
    let number: i64 = text.parse().unwrap_or(-1);
    let orders = sqlx::query!(
        "(SELECT o.order_id, o.client_order_id, a.code FROM trading.orders o
          JOIN trading.accounts a USING (account_id) WHERE o.order_id = $1)
         UNION
         (SELECT o.order_id, o.client_order_id, a.code FROM trading.orders o
          JOIN trading.accounts a USING (account_id) WHERE o.client_order_id = $2
          ORDER BY o.order_id DESC LIMIT $3)
         ORDER BY 1 DESC",
        number,
        text,
        ORDERS
    );
    for row in orders.fetch_all(pool).await? {
        if let (Some(id), Some(client), Some(code)) = (row.order_id, row.client_order_id, row.code)
        {
            hits.push(Hit::Order(id, client, code));
        }
    }
    Ok(hits)
}
