//! Feature flags: what can be switched off in an incident, by product, at three levels. The
//! environment decides before the file, the file before the database, the database before the
//! default: an operator at the machine can override a row that is wrong or cannot be changed.
//!
//! The doors ask before they accept; nothing below the gate knows of flags, so that a replay of
//! the journal never depends on them. See `docs/decisions/feature-flags.md`.

mod metrics;
mod store;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use zaraba_engine::Command;
use zaraba_engine::command::Place;
use zaraba_engine::types::{Profile, SelfTrade, ShortSale};

pub use store::{Change, Changed, HistoryRow};

/// How often the database's level is read again.
const EVERY: Duration = Duration::from_secs(5);
/// Longest wait for the first reading at a start.
const FIRST: Duration = Duration::from_millis(1_500);

/// Products in order of their place in the tables here.
pub const PRODUCTS: [Profile; 2] = [Profile::Tse, Profile::Crypto];

/// What can be switched off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Flag {
    /// Market orders by amount of the quote asset.
    MarketByAmount = 0,
    /// Stop, take-profit, OCO, if-done and period orders.
    ContingentOrders = 1,
    /// Orders of the odd-lot desks.
    OddLotOrders = 2,
    /// Self-trade prevention other than none.
    SelfTradeModes = 3,
    /// Amendments of live orders.
    OrderAmendments = 4,
    /// Short sales.
    ShortSales = 5,
}

impl Flag {
    /// All of them.
    pub const ALL: [Flag; 6] = [
        Flag::MarketByAmount,
        Flag::ContingentOrders,
        Flag::OddLotOrders,
        Flag::SelfTradeModes,
        Flag::OrderAmendments,
        Flag::ShortSales,
    ];

    /// Its name in the API, the file and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Flag::MarketByAmount => "market_by_amount",
            Flag::ContingentOrders => "contingent_orders",
            Flag::OddLotOrders => "odd_lot_orders",
            Flag::SelfTradeModes => "self_trade_modes",
            Flag::OrderAmendments => "order_amendments",
            Flag::ShortSales => "short_sales",
        }
    }

    /// What is refused while it is off.
    pub fn meaning(self) -> &'static str {
        match self {
            Flag::MarketByAmount => "Market orders by amount of the quote asset",
            Flag::ContingentOrders => "Stop, take-profit, OCO, if-done and period orders",
            Flag::OddLotOrders => "Orders of the odd-lot desks",
            Flag::SelfTradeModes => "Orders with a self-trade prevention other than none",
            Flag::OrderAmendments => "Amendments of live orders; cancels are always taken",
            Flag::ShortSales => "Sells of borrowed shares",
        }
    }

    /// The flag of this name.
    pub fn parse(name: &str) -> Option<Flag> {
        Flag::ALL.into_iter().find(|flag| flag.as_str() == name)
    }

    /// The feature that an order uses, where it uses one that has a flag.
    fn of(command: &Command) -> [Option<Flag>; 3] {
        let plain = |place: &Place, first: Option<Flag>| {
            let modes = place.self_trade != SelfTrade::Allow;
            let short = place.short != ShortSale::Long;
            [first, modes.then_some(Flag::SelfTradeModes), short.then_some(Flag::ShortSales)]
        };
        match command {
            Command::Place(place) => plain(place, place.by_amount.then_some(Flag::MarketByAmount)),
            Command::PlaceContingent(it) => plain(&it.order, Some(Flag::ContingentOrders)),
            Command::PlaceOddLot(_) => [Some(Flag::OddLotOrders), None, None],
            Command::Amend(_) => [Some(Flag::OrderAmendments), None, None],
            _ => [None; 3],
        }
    }
}

/// What each level says of one flag and product.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Levels {
    /// The environment.
    pub environment: Option<bool>,
    /// The configuration file.
    pub file: Option<bool>,
    /// The database.
    pub database: Option<bool>,
}

impl Levels {
    /// What holds where no level says anything: every feature is on.
    pub const DEFAULT: bool = true;

    /// Whether the feature is on, and which level decides.
    pub fn decide(self) -> (bool, &'static str) {
        match (self.environment, self.file, self.database) {
            (Some(on), ..) => (on, "environment"),
            (_, Some(on), _) => (on, "file"),
            (.., Some(on)) => (on, "database"),
            _ => (Levels::DEFAULT, "default"),
        }
    }
}

type Table = [[Levels; PRODUCTS.len()]; Flag::ALL.len()];

/// The flags of this node.
pub struct Flags {
    pool: PgPool,
    levels: RwLock<Table>,
    /// What orders ask: one word, no lock.
    on: [[AtomicBool; PRODUCTS.len()]; Flag::ALL.len()],
}

/// `name` or `name.product`, and `on` or `off`: where a level sets a flag.
fn take(
    table: &mut Table,
    key: &str,
    value: &str,
    level: fn(&mut Levels) -> &mut Option<bool>,
) -> Result<(), String> {
    let (name, product) = match key.split_once('.') {
        Some((name, product)) => (name, Some(product)),
        None => (key, None),
    };
    let known = || Flag::ALL.map(Flag::as_str).join(", ");
    let flag =
        Flag::parse(name).ok_or_else(|| format!("no flag {name:?}; there are {}", known()))?;
    let on = match value {
        "on" => true,
        "off" => false,
        other => return Err(format!("flag {key} is {other:?}; it is `on` or `off`")),
    };
    let all = product.is_none_or(|product| product == "all");
    let mut found = all;
    for (place, profile) in PRODUCTS.iter().enumerate() {
        if all || product == Some(profile.as_str()) {
            // A value for one product stands against one for all, whichever comes first.
            let value = level(&mut table[flag as usize][place]);
            if !all || value.is_none() {
                *value = Some(on);
            }
            found = true;
        }
    }
    found.then_some(()).ok_or_else(|| format!("flag {key}: products are tse and crypto"))
}

/// What file and environment say. Values for a product go before those for all.
///
/// # Errors
/// An unknown flag or product, or a value that is neither `on` nor `off`.
fn fixed(
    file: &BTreeMap<String, String>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Table, String> {
    let mut table = Table::default();
    let by_product = |key: &&String| !key.contains('.');
    let mut keys: Vec<&String> = file.keys().collect();
    keys.sort_by_key(by_product);
    for key in keys {
        take(&mut table, key, &file[key], |levels| &mut levels.file)?;
    }
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in environment {
        let Some(key) = name.strip_prefix("ZARABA_FLAG_") else { continue };
        let key = key.to_ascii_lowercase();
        let products = ["tse", "crypto", "all"];
        let split = products.iter().find_map(|product| {
            let name = key.strip_suffix(product)?.strip_suffix('_')?;
            Some(format!("{name}.{product}"))
        });
        found.push((split.unwrap_or(key), value));
    }
    found.sort_by_key(|(key, _)| by_product(&key) || key.ends_with(".all"));
    for (key, value) in &found {
        take(&mut table, key, value, |levels| &mut levels.environment)
            .map_err(|why| format!("environment ZARABA_FLAG_*: {why}"))?;
    }
    Ok(table)
}

impl Flags {
    /// The flags by file and environment; the database's level is read by [`Flags::refresh`].
    ///
    /// # Errors
    /// What is wrong with a setting, in words.
    pub fn new(
        file: &BTreeMap<String, String>,
        environment: impl Iterator<Item = (String, String)>,
        pool: PgPool,
    ) -> Result<Flags, String> {
        let flags =
            Flags { pool, levels: RwLock::new(fixed(file, environment)?), on: Default::default() };
        flags.decide();
        Ok(flags)
    }

    fn decide(&self) {
        let levels = self.levels.read();
        for flag in Flag::ALL {
            for (place, product) in PRODUCTS.iter().enumerate() {
                let (on, _) = levels[flag as usize][place].decide();
                let was = self.on[flag as usize][place].swap(on, Ordering::Relaxed);
                metrics::set(flag, *product, on);
                if was != on {
                    let (flag, product) = (flag.as_str(), product.as_str());
                    tracing::info!(event = "flags.decided", flag, product, on);
                }
            }
        }
    }

    /// Whether a feature is on for a product.
    pub fn is_on(&self, flag: Flag, product: Profile) -> bool {
        self.on[flag as usize][product as usize].load(Ordering::Relaxed)
    }

    /// The feature that an order or amendment uses and that is switched off, if there is one.
    pub fn refuses(&self, command: &Command, product: Profile) -> Option<Flag> {
        let off = |flag: &Flag| !self.is_on(*flag, product);
        let found = Flag::of(command).into_iter().flatten().find(off);
        if let Some(flag) = found {
            metrics::refused(flag, product);
        }
        found
    }

    /// What each level says of a flag, in order of [`PRODUCTS`].
    pub fn levels(&self, flag: Flag) -> [Levels; PRODUCTS.len()] {
        self.levels.read()[flag as usize]
    }

    /// Reads the database's level; with the database away the last one known stays.
    ///
    /// # Errors
    /// What the database says.
    pub async fn refresh(&self) -> Result<(), sqlx::Error> {
        let rows = store::read(&self.pool).await?;
        {
            let mut levels = self.levels.write();
            for level in levels.iter_mut().flatten() {
                level.database = None;
            }
            for (name, product, value) in &rows {
                let place = PRODUCTS.iter().position(|profile| profile.as_str() == product);
                // Rows of flags that an older or newer release knows are let be.
                if let (Some(flag), Some(place)) = (Flag::parse(name), place) {
                    levels[flag as usize][place].database = Some(*value);
                }
            }
        }
        self.decide();
        Ok(())
    }

    /// Reads the database's level for the first time, for as long as a start may wait.
    pub async fn first(&self) {
        let _ = tokio::time::timeout(FIRST, self.refresh()).await;
    }

    /// Sets the database's level, once for a request, and puts it into force here.
    ///
    /// # Errors
    /// What the database says; nothing was changed then.
    pub async fn set(&self, change: &Change<'_>) -> Result<Changed, sqlx::Error> {
        let changed = store::set(&self.pool, change).await?;
        self.refresh().await?;
        Ok(changed)
    }

    /// Changes of the database's level of a flag, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn history(&self, flag: Flag, limit: i64) -> Result<Vec<HistoryRow>, sqlx::Error> {
        store::history(&self.pool, flag, limit).await
    }

    /// Reads the database's level again and again: another node may have changed it.
    pub async fn run(self: std::sync::Arc<Flags>, stop: CancellationToken) {
        let mut well = true;
        while !stop.is_cancelled() {
            tokio::time::sleep(EVERY).await;
            let read = self.refresh().await;
            if read.is_err() && well {
                tracing::warn!(
                    event = "flags.not_read",
                    error = ?read.as_ref().err(),
                    "the database's level of the feature flags stays as it was last read"
                );
            }
            well = read.is_ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(file: &[(&str, &str)], environment: &[(&str, &str)]) -> Result<Table, String> {
        let owned = |(a, b): &(&str, &str)| (a.to_string(), b.to_string());
        fixed(&file.iter().map(owned).collect(), environment.iter().map(owned))
    }

    fn decided(table: &Table, flag: Flag) -> [(bool, &'static str); 2] {
        table[flag as usize].map(Levels::decide)
    }

    #[test]
    fn the_environment_decides_before_the_file_and_the_file_before_the_database() {
        let both = Levels { environment: Some(true), file: Some(false), database: Some(false) };
        assert_eq!(both.decide(), (true, "environment"));
        let file = Levels { file: Some(true), database: Some(false), ..Levels::default() };
        assert_eq!(file.decide(), (true, "file"));
        let database = Levels { database: Some(false), ..Levels::default() };
        assert_eq!(database.decide(), (false, "database"));
        assert_eq!(Levels::default().decide(), (true, "default"));
    }

    #[test]
    fn a_product_goes_before_all_and_others_are_let_be() {
        let table = levels(
            &[("odd_lot_orders", "off"), ("odd_lot_orders.tse", "on")],
            &[("ZARABA_FLAG_SHORT_SALES_CRYPTO", "off"), ("PATH", "/bin")],
        );
        let table = table.unwrap();
        assert_eq!(decided(&table, Flag::OddLotOrders), [(true, "file"), (false, "file")]);
        let short = decided(&table, Flag::ShortSales);
        assert_eq!(short, [(true, "default"), (false, "environment")]);
        let table = levels(&[], &[("ZARABA_FLAG_SHORT_SALES", "off")]).unwrap();
        assert_eq!(decided(&table, Flag::ShortSales), [(false, "environment"); 2]);
    }

    #[test]
    fn mistakes_are_said() {
        assert!(levels(&[("colour", "on")], &[]).unwrap_err().contains("odd_lot_orders"));
        assert!(levels(&[("odd_lot_orders", "yes")], &[]).unwrap_err().contains("`on` or `off`"));
        assert!(levels(&[("odd_lot_orders.fx", "on")], &[]).unwrap_err().contains("tse"));
        let wrong = levels(&[], &[("ZARABA_FLAG_COLOUR", "on")]).unwrap_err();
        assert!(wrong.contains("ZARABA_FLAG_"), "{wrong}");
    }
}
