//! Risk limits and kill switches as people have set them. A scope is stored with numbers; it
//! leaves here with the code or symbol behind it, and what belongs to accounts or groups
//! outside the reader's scope does not leave at all.

use jiff::Timestamp;
use sqlx::{FromRow, PgPool};

use super::accounts::AccountLine;
use super::digits;
use crate::authz::Scope;
use crate::backend::market::is_value;
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

impl From<Raw> for Limit {
    fn from(raw: Raw) -> Limit {
        let of_value = is_value(&raw.measure);
        Limit {
            whose: raw.whose(),
            soft: raw.bound(raw.soft),
            hard: raw.bound(raw.hard),
            currency: raw.currency.filter(|_| of_value),
            measure: raw.measure,
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

    fn bound(&self, units: i64) -> Option<String> {
        let exponent = match self.measure.as_str() {
            "order_value" | "day_value" => self.exponent.map_or(0, digits),
            _ => 0,
        };
        (units != 0).then(|| decimal(units.into(), exponent))
    }
}

/// What joins a scope to the account, or the instrument, that it is the number of.
const NAMED: &str = "LEFT JOIN trading.accounts a ON a.account_id = \
       CASE WHEN r.scope LIKE 'account:%' THEN substr(r.scope, 9)::integer END \
     LEFT JOIN trading.instruments i ON i.instrument_id = \
       CASE WHEN r.scope LIKE 'instrument:%' THEN substr(r.scope, 12)::integer END";

/// Leaves out what belongs to groups beyond the reader's scope, given as `$1`.
const WITHIN: &str = "coalesce(a.group_id, CASE WHEN split_part(r.scope, ':', 1) IN ('members', 'group') \
       THEN split_part(r.scope, ':', 2)::integer END, -1) <> ALL($1)";

/// Where a page of limits ends: the scope as it is stored, and the measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    scope: String,
    measure: String,
}

impl After {
    /// As it stands in an address: `account:7.day_value`.
    pub fn parse(text: &str) -> Option<After> {
        let (scope, measure) = text.split_once('.')?;
        Some(After { scope: scope.to_owned(), measure: measure.to_owned() })
    }
}

impl std::fmt::Display for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.scope, self.measure)
    }
}

/// At most `most` limits, of one kind of scope or of all (empty), by scope; and where the next
/// ones begin, if there are more.
///
/// # Errors
/// When the database does not answer.
pub async fn limits(
    pool: &PgPool,
    reader: &Scope,
    kind: &str,
    after: Option<&After>,
    most: usize,
) -> sqlx::Result<(Vec<Limit>, Option<After>)> {
    // Each by its own index; a kind must not be looked for in what the other kinds leave over.
    let filter = if kind.is_empty() { "$2 = ''" } else { "split_part(r.scope, ':', 1) = $2" };
    let query = format!(
        "SELECT r.scope, a.code, i.symbol, r.measure, r.soft, r.hard, c.code AS currency, \
         c.exponent, false AS thrown, r.actor, r.reason, r.at FROM trading.risk_limits r {NAMED} \
         LEFT JOIN trading.assets c ON c.asset_id = r.currency \
         WHERE {filter} AND (r.scope, r.measure) > ($3, $4) AND {WITHIN} \
         ORDER BY r.scope, r.measure LIMIT $5"
    );
    let rows: Vec<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(&reader.hidden_groups)
        .bind(kind)
        .bind(after.map_or("", |after| &after.scope))
        .bind(after.map_or("", |after| &after.measure))
        .bind(most as i64 + 1)
        .fetch_all(pool)
        .await?;
    let more = rows.len() > most;
    let last = rows.get(most.saturating_sub(1)).filter(|_| more);
    let next = last.map(|raw| After { scope: raw.scope.clone(), measure: raw.measure.clone() });
    Ok((rows.into_iter().take(most).map(Limit::from).collect(), next))
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
        "SELECT r.scope, NULL::text AS code, NULL::text AS symbol, \
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
pub async fn switches(pool: &PgPool, reader: &Scope, limit: i64) -> sqlx::Result<Vec<Switch>> {
    let query = format!(
        "SELECT r.scope, a.code, i.symbol, '' AS measure, 0::bigint AS soft, 0::bigint AS hard, \
         NULL::text AS currency, NULL::smallint AS exponent, r.thrown, r.actor, r.reason, r.at \
         FROM trading.kill_switches r {NAMED} WHERE {WITHIN} \
         ORDER BY r.thrown DESC, r.at DESC LIMIT $2"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(&reader.hidden_groups).bind(limit);
    let rows: Vec<Raw> = query.fetch_all(pool).await?;
    Ok(rows.into_iter().map(Switch::from).collect())
}
