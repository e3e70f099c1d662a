//! Settings: their types, defaults and checks. `default.toml` beside this file is the
//! documentation; a test holds the two together.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The annotated default file, as shipped.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

/// All settings of the backend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // documented, with units and ranges, in default.toml
pub struct Config {
    pub data_dir: PathBuf,
    pub journal: Journal,
    pub engine: Engine,
    pub intake: Intake,
    pub http: Http,
    pub auth: Auth,
    pub stream: Stream,
    pub market: Market,
    pub postgres: Postgres,
    pub schedule: Schedule,
    pub flags: BTreeMap<String, String>,
    pub log: Log,
}

macro_rules! section {
    ($name:ident { $($field:ident : $type:ty),* $(,)? }) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs)] // documented, with units and ranges, in default.toml
        pub struct $name { $(pub $field: $type),* }
    };
}

section!(Journal {
    segment_bytes: u64,
    batch_commands: usize,
    snapshot_every: u64,
    snapshots_kept: usize,
    check_bytes: u64,
});
section!(Engine {
    accounts: u32,
    instruments: u32,
    assets: u32,
    live_orders: u32,
    answers: u32,
    balances: u32
});
section!(Intake { queue: usize, commands_per_second: u32 });
section!(Http {
    listen: SocketAddr,
    admin_listen: SocketAddr,
    admin_token_file: PathBuf,
    admin_token_days: u32,
    body_bytes: usize,
    header_seconds: u64,
    request_seconds: u64,
    connections: usize,
});
section!(Auth {
    master_key_file: PathBuf,
    window_seconds: u64,
    reads_per_second: u32,
    writes_per_second: u32,
    public_per_second: u32,
});
section!(Stream {
    clients: usize,
    client_queue: usize,
    depth_interval_ms: u64,
    resume_events: usize,
    origins: Vec<String>,
    ping_seconds: u64,
    idle_seconds: u64,
    write_seconds: u64,
    operations_per_second: u32,
});
section!(Market { trades_kept: usize, candles_kept: usize });
section!(Postgres {
    url: String,
    password_file: PathBuf,
    connections: u32,
    query_seconds: u64,
    projection_commands: usize,
});
section!(Schedule {
    sessions: String,
    tse_day_roll: String,
    crypto_day_roll: String,
    sessions_file: String,
    holidays_file: String,
    special_days_file: String,
});
section!(Log { filter: String, format: String });

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not valid.
    #[error("the configuration {path} is not valid: {message}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with line and key.
        message: String,
    },
}

impl Default for Config {
    fn default() -> Self {
        merged(toml::Table::new())
            .unwrap_or_else(|e| panic!("default.toml does not match its types: {e}"))
    }
}

/// Lays `over` on the shipped defaults, key by key.
fn merged(over: toml::Table) -> Result<Config, String> {
    fn lay(base: &mut toml::Table, over: toml::Table) {
        for (key, value) in over {
            match (base.get_mut(&key), value) {
                (Some(toml::Value::Table(base)), toml::Value::Table(over)) => lay(base, over),
                (_, value) => {
                    base.insert(key, value);
                }
            }
        }
    }
    let mut table: toml::Table = DEFAULT_TOML.parse().map_err(|e| format!("{e}"))?;
    lay(&mut table, over);
    table.try_into().map_err(|e: toml::de::Error| e.to_string())
}

impl Config {
    /// Reads a settings file; what it leaves out keeps its default.
    ///
    /// # Errors
    /// When the file cannot be read, has unknown or wrongly typed keys, or values out of range.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.into(), source })?;
        Config::parse(&text).map_err(|message| ConfigError::Invalid { path: path.into(), message })
    }

    /// Parses settings; what they leave out keeps its default.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str) -> Result<Config, String> {
        let config = merged(text.parse().map_err(|e: toml::de::Error| e.to_string())?)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let ranges: [(&str, u64, u64, u64); 22] = [
            ("journal.segment_bytes", self.journal.segment_bytes, 1 << 20, 4 << 30),
            ("journal.batch_commands", self.journal.batch_commands as u64, 1, 1 << 20),
            ("journal.snapshot_every", self.journal.snapshot_every, 1, 1 << 40),
            ("journal.snapshots_kept", self.journal.snapshots_kept as u64, 1, 1000),
            ("intake.queue", self.intake.queue as u64, 1, 1 << 20),
            (
                "intake.commands_per_second",
                u64::from(self.intake.commands_per_second),
                1,
                1_000_000,
            ),
            ("http.body_bytes", self.http.body_bytes as u64, 1024, 64 << 20),
            ("http.header_seconds", self.http.header_seconds, 1, 60),
            ("http.request_seconds", self.http.request_seconds, 1, 300),
            ("http.admin_token_days", u64::from(self.http.admin_token_days), 1, 366),
            ("auth.window_seconds", self.auth.window_seconds, 1, 60),
            ("stream.client_queue", self.stream.client_queue as u64, 16, 1 << 20),
            ("stream.clients", self.stream.clients as u64, 0, 1 << 20),
            ("stream.depth_interval_ms", self.stream.depth_interval_ms, 1, 60_000),
            ("stream.resume_events", self.stream.resume_events as u64, 1, 1 << 28),
            ("stream.ping_seconds", self.stream.ping_seconds, 1, 3600),
            ("stream.idle_seconds", self.stream.idle_seconds, 1, 3600),
            ("stream.write_seconds", self.stream.write_seconds, 1, 300),
            ("market.trades_kept", self.market.trades_kept as u64, 1, 1 << 20),
            ("market.candles_kept", self.market.candles_kept as u64, 1, 1 << 20),
            ("postgres.projection_commands", self.postgres.projection_commands as u64, 1, 1 << 20),
            (
                "engine.live_orders + engine.answers",
                u64::from(self.engine.live_orders) + u64::from(self.engine.answers),
                2,
                (1 << 24) - 1,
            ),
        ];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err(format!("{name} is {value}; it must be from {low} to {high}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_names_every_setting_and_nothing_else() {
        let shipped: toml::Table = DEFAULT_TOML.parse().unwrap();
        let written = toml::Table::try_from(Config::default()).unwrap();
        assert_eq!(shipped, written);
    }

    #[test]
    fn unknown_and_out_of_range_settings_are_refused() {
        assert!(Config::parse("nonsense = 1").unwrap_err().contains("nonsense"));
        assert!(Config::parse("[intake]\nqueue = 0").unwrap_err().contains("intake.queue"));
        assert_eq!(Config::parse("[intake]\nqueue = 5").unwrap().intake.queue, 5);
    }
}
