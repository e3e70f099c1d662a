//! Global search: whole order numbers, client order ids, account codes and symbols, each by
//! its index.

use sqlx::PgPool;

use crate::authz::Scope;

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

impl Hit {
    /// The account that it tells of.
    pub fn account(&self) -> Option<&str> {
        match self {
            Hit::Order(_, _, account) | Hit::Account(account) => Some(account),
            Hit::Instrument(..) => None,
        }
    }
}

/// Most orders found under one client order id: ids are unique per account only.
const ORDERS: i64 = 50;

/// Everything within the scope that has this very name or number.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, scope: &Scope, text: &str) -> sqlx::Result<Vec<Hit>> {
    let mut hits = Vec::new();
    let instrument = sqlx::query!(
        "SELECT symbol, name FROM trading.instruments WHERE symbol IN ($1, upper($1))",
        text
    );
    if let Some(row) = instrument.fetch_optional(pool).await? {
        hits.push(Hit::Instrument(row.symbol, row.name));
    }
    let hidden = &scope.hidden_groups;
    let account = sqlx::query_scalar!(
        "SELECT code FROM trading.accounts WHERE code = $1 AND group_id <> ALL($2)",
        text,
        hidden
    );
    if let Some(code) = account.fetch_optional(pool).await? {
        hits.push(Hit::Account(code));
    }
    let number: i64 = text.parse().unwrap_or(-1);
    let orders = sqlx::query!(
        "(SELECT o.order_id, o.client_order_id, a.code FROM trading.orders o
          JOIN trading.accounts a USING (account_id) WHERE o.order_id = $1 AND a.group_id <> ALL($4))
         UNION
         (SELECT o.order_id, o.client_order_id, a.code FROM trading.orders o
          JOIN trading.accounts a USING (account_id) WHERE o.client_order_id = $2 AND a.group_id <> ALL($4)
          ORDER BY o.order_id DESC LIMIT $3)
         ORDER BY 1 DESC",
        number,
        text,
        ORDERS,
        hidden
    );
    for row in orders.fetch_all(pool).await? {
        if let (Some(id), Some(client), Some(code)) = (row.order_id, row.client_order_id, row.code)
        {
            hits.push(Hit::Order(id, client, code));
        }
    }
    Ok(hits)
}
