//! Instruments' reference data.

use sqlx::PgPool;

use super::digits;
use crate::view::decimal;

/// One line of the list of books.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Code.
    pub symbol: String,
    /// Name.
    pub name: String,
    /// `tse` or `crypto`.
    pub profile: String,
    /// `continuous`, `halted`, `closed`, as projected.
    pub status: String,
}

/// Which instruments.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    /// Profile; empty: all.
    pub profile: &'a str,
    /// Beginning of the code, or a part of the name; empty: all.
    pub text: &'a str,
    /// Codes after this one.
    pub after: &'a str,
}

/// At most `limit` instruments by code.
///
/// # Errors
/// When the database does not answer.
pub async fn list(pool: &PgPool, wanted: &Wanted<'_>, limit: i64) -> sqlx::Result<Vec<Listed>> {
    sqlx::query_as!(
        Listed,
        "SELECT symbol, name, profile, status FROM trading.instruments
         WHERE ($1 = '' OR profile = $1)
           AND ($2 = '' OR starts_with(lower(symbol), lower($2))
                OR strpos(lower(name), lower($2)) > 0)
           AND symbol > $3
         ORDER BY symbol LIMIT $4",
        wanted.profile,
        wanted.text,
        wanted.after,
        limit
    )
    .fetch_all(pool)
    .await
}

/// The number of the instrument with this code.
///
/// # Errors
/// When the database does not answer.
pub async fn id(pool: &PgPool, symbol: &str) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!("SELECT instrument_id FROM trading.instruments WHERE symbol = $1", symbol)
        .fetch_optional(pool)
        .await
}

/// One instrument's reference data, numbers as decimal strings.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // names are the public contract's
pub struct Instrument {
    pub symbol: String,
    pub name: String,
    pub profile: String,
    pub base_asset: String,
    pub quote_asset: String,
    pub status: String,
    /// Digits of prices after the point.
    pub price_digits: u32,
    /// Digits of quantities after the point.
    pub quantity_digits: u32,
    /// `None`: by a table of price bands.
    pub tick_size: Option<String>,
    pub lot_size: String,
    pub min_quantity: String,
    pub max_quantity: String,
    pub base_price: Option<String>,
    pub limit_down: Option<String>,
    pub limit_up: Option<String>,
}

/// One instrument by code.
///
/// # Errors
/// When the database does not answer.
pub async fn find(pool: &PgPool, symbol: &str) -> sqlx::Result<Option<Instrument>> {
    let row = sqlx::query!(
        r#"SELECT i.symbol, i.name, i.profile, i.status, i.price_digits, i.quantity_digits,
                  i.ticks, i.lot, i.min_quantity, i.max_quantity, i.base_price, i.limit_down,
                  i.limit_up, b.code AS "base_asset?", q.code AS "quote_asset?"
           FROM trading.instruments i
           LEFT JOIN trading.assets b ON b.asset_id = i.base_asset
           LEFT JOIN trading.assets q ON q.asset_id = i.quote_asset
           WHERE i.symbol = $1"#,
        symbol
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| {
        let (prices, quantities) = (digits(row.price_digits), digits(row.quantity_digits));
        let price = |units: i64| (units != 0).then(|| decimal(units.into(), prices));
        let quantity = |units: i64| decimal(units.into(), quantities);
        Instrument {
            price_digits: prices,
            quantity_digits: quantities,
            tick_size: row.ticks.parse::<i64>().ok().and_then(price),
            lot_size: quantity(row.lot),
            min_quantity: quantity(row.min_quantity),
            max_quantity: quantity(row.max_quantity),
            base_price: price(row.base_price),
            limit_down: price(row.limit_down),
            limit_up: price(row.limit_up),
            base_asset: row.base_asset.unwrap_or_default(),
            quote_asset: row.quote_asset.unwrap_or_default(),
            symbol: row.symbol,
            name: row.name,
            profile: row.profile,
            status: row.status,
        }
    }))
}
