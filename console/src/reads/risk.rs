//! Risk limits and kill switches as people have set them. A scope is stored with numbers; it
//! leaves here with the code or symbol behind it, and what belongs to accounts or groups
//! outside the reader's scope does not leave at all.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool};

use super::accounts::AccountLine;
use super::digits;
use crate::authz::Scope;
use crate::db::At;
use crate::view::decimal;

/// Whose a limit or a switch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whose {
    /// `venue`, `account`, `members`, `group`, `instrument` or `session`.
    pub kind: String,
    /// Code, symbol or number; empty for the venue.
    pub name: String,
}

impl Whose {
    /// Address of its page, if it has one.
    pub fn href(&self) -> Option<String> {
        let name = crate::guard::form_encode(&self.name);
        match self.kind.as_str() {
            "account" => Some(format!("/accounts/{name}")),
            "instrument" => Some(format!("/instruments/{name}")),
            "members" | "group" => Some(format!("/accounts?group={name}")),
            _ => None,
        }
    }
}

/// A limit.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.risk_limits
pub struct Limit {
    pub whose: Whose,
    pub measure: String,
    pub soft: Option<String>,
    pub hard: Option<String>,
    /// Asset of a value limit.
    pub currency: Option<String>,
    pub actor: String,
    pub reason: String,
    pub at: Timestamp,
}

/// A switch that was ever thrown.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // columns of trading.kill_switches
pub struct Switch {
    pub whose: Whose,
    pub thrown: bool,
    pub actor: String,
    pub reason: String,
    pub at: Timestamp,
}

impl From<Raw> for Switch {
    fn from(raw: Raw) -> Switch {
        Switch {
            whose: raw.whose(),
            thrown: raw.thrown,
            actor: raw.actor,
            reason: raw.reason,
            at: raw.at.0,
        }
    }
}

#[derive(FromRow)]
struct Raw {
    scope: String,
    code: Option<String>,
    account_group: Option<i32>,
    symbol: Option<String>,
    measure: String,
    soft: i64,
    hard: i64,
    currency: Option<String>,
    exponent: Option<i16>,
    thrown: bool,
    actor: String,
    reason: String,
    at: At,
}

impl Raw {
    fn whose(&self) -> Whose {
        let (kind, number) = self.scope.split_once(':').unwrap_or((&self.scope, ""));
        let name = self.code.clone().or_else(|| self.symbol.clone());
        Whose { kind: kind.to_owned(), name: name.unwrap_or_else(|| number.to_owned()) }
    }

    /// Whether the reader may know of it.
    fn within(&self, scope: &Scope) -> bool {
        let (kind, number) = self.scope.split_once(':').unwrap_or((&self.scope, ""));
        let group = match kind {
            "members" | "group" => number.parse().ok(),
            _ => self.account_group,
        };
        group.is_none_or(|group| scope.includes(group))
    }

    fn bound(&self, units: i64) -> Option<String> {
        let exponent = match self.measure.as_str() {
            "order_value" | "day_value" => self.exponent.map_or(0, digits),
            _ => 0,
        };
        (units != 0).then(|| decimal(units.into(), exponent))
    }
}

/// Most limits shown.
pub const LIMITS: i64 = 2000;

/// Every limit, or those of one kind of scope (empty: all), by scope; at most [`LIMITS`] + 1.
///
/// # Errors
/// When the database does not answer.
pub async fn limits(pool: &PgPool, scope: &Scope, kind: &str) -> sqlx::Result<Vec<Limit>> {
    // Each by its own index; a kind must not be looked for in what the other kinds leave over.
    let filter = if kind.is_empty() { "$2 = ''" } else { "split_part(r.scope, ':', 1) = $2" };
    let query = format!(
        "SELECT r.scope, a.code, a.group_id AS account_group, i.symbol, r.measure, r.soft, r.hard, \
         c.code AS currency, c.exponent, false AS thrown, r.actor, r.reason, r.at \
         FROM trading.risk_limits r \
         LEFT JOIN trading.accounts a ON a.account_id = \
           CASE WHEN r.scope LIKE 'account:%' THEN substr(r.scope, 9)::integer END \
         LEFT JOIN trading.instruments i ON i.instrument_id = \
           CASE WHEN r.scope LIKE 'instrument:%' THEN substr(r.scope, 12)::integer END \
         LEFT JOIN trading.assets c ON c.asset_id = r.currency \
         WHERE {filter} ORDER BY r.scope, r.measure LIMIT $1"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(LIMITS + 1).bind(kind);
    let rows: Vec<Raw> = query.fetch_all(pool).await?;
    let limit = |raw: Raw| Limit {
        whose: raw.whose(),
        soft: raw.bound(raw.soft),
        hard: raw.bound(raw.hard),
        currency: raw
            .currency
            .filter(|_| matches!(raw.measure.as_str(), "order_value" | "day_value")),
        measure: raw.measure,
        actor: raw.actor,
        reason: raw.reason,
        at: raw.at.0,
    };
    Ok(rows.into_iter().filter(|raw| raw.within(scope)).map(limit).collect())
}

/// Switches that stop an account now: its own, its group's, the venue's.
///
/// # Errors
/// When the database does not answer.
pub async fn switches_of(pool: &PgPool, account: &AccountLine) -> sqlx::Result<Vec<Switch>> {
    let scopes = vec![
        "venue".to_owned(),
        format!("group:{}", account.group),
        format!("account:{}", account.account_id),
    ];
    let rows: Vec<Raw> = sqlx::query_as(
        "SELECT r.scope, NULL::text AS code, NULL::integer AS account_group, NULL::text AS symbol, \
         '' AS measure, 0::bigint AS soft, 0::bigint AS hard, NULL::text AS currency, \
         NULL::smallint AS exponent, r.thrown, r.actor, r.reason, r.at \
         FROM trading.kill_switches r WHERE r.thrown AND r.scope = ANY($1) ORDER BY r.at",
    )
    .bind(scopes)
    .fetch_all(pool)
    .await?;
    let named = |raw: Raw| {
        let mut switch = Switch::from(raw);
        if switch.whose.kind == "account" {
            account.code.clone_into(&mut switch.whose.name);
        }
        switch
    };
    Ok(rows.into_iter().map(named).collect())
}

/// Every switch that was ever thrown, those that are on first, then the newest.
///
/// # Errors
/// When the database does not answer.
pub async fn switches(pool: &PgPool, scope: &Scope, limit: i64) -> sqlx::Result<Vec<Switch>> {
    let rows: Vec<Raw> = sqlx::query_as(
        "SELECT r.scope, a.code, a.group_id AS account_group, i.symbol, '' AS measure, \
         0::bigint AS soft, 0::bigint AS hard, NULL::text AS currency, NULL::smallint AS exponent, \
         r.thrown, r.actor, r.reason, r.at \
         FROM trading.kill_switches r \
         LEFT JOIN trading.accounts a ON a.account_id = \
           CASE WHEN r.scope LIKE 'account:%' THEN substr(r.scope, 9)::integer END \
         LEFT JOIN trading.instruments i ON i.instrument_id = \
           CASE WHEN r.scope LIKE 'instrument:%' THEN substr(r.scope, 12)::integer END \
         ORDER BY r.thrown DESC, r.at DESC LIMIT $1",
    )
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().filter(|raw| raw.within(scope)).map(Switch::from).collect())
}
