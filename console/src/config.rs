//! Settings: their types, defaults and checks. `default.toml` beside this file is the
//! documentation; a test holds the two together.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The annotated default file, as shipped.
pub const DEFAULT_TOML: &str = include_str!("default.toml");

macro_rules! section {
    ($name:ident { $($field:ident : $type:ty),* $(,)? }) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs)] // documented, with units and ranges, in default.toml
        pub struct $name { $(pub $field: $type),* }
    };
}

section!(Config {
    listen: SocketAddr,
    public_url: String,
    language: String,
    zone: String,
    key_file: PathBuf,
    database: Database,
    backend: Backend,
    session: Session,
    sign_in: SignIn,
    oidc: Oidc,
    http: Http,
    lists: Lists,
    live: Live,
    often: Often,
    requests: Requests,
    notify: Vec<Notify>,
    tls: Tls,
    audit: Audit,
    ship: Ship,
    log: Log,
});
section!(Database { url: String, password_file: PathBuf, connections: u32, query_seconds: u64 });
section!(Backend {
    admin_url: String,
    admin_token_file: PathBuf,
    public_url: String,
    request_seconds: u64
});
section!(Tls { ca_file: PathBuf, public_roots: bool });
section!(Session { idle_minutes: i32, absolute_hours: i32, secure_cookies: bool });
section!(SignIn {
    failures_per_login: i32,
    failures_per_address: i32,
    window_minutes: i32,
    recent_minutes: i32,
    second_factor: String,
    invitation_hours: i32
});
section!(Oidc {
    issuer: String,
    name: String,
    client_id: String,
    client_secret_file: PathBuf,
    second_factor: String,
    acr: String,
    required: bool,
    break_glass: Vec<String>,
    request_seconds: u64
});
section!(Http {
    header_seconds: u64,
    request_seconds: u64,
    connections: u32,
    body_bytes: usize,
    proxies: Vec<IpAddr>
});
section!(Lists { page_rows: usize, csv_rows: usize });
section!(Live { interval_ms: u64, instruments: usize, streams: usize, session_seconds: u64 });
section!(Often { pages: u32, searches: u32, exports: u32, requests: u32 });
section!(Requests { expire_minutes: i32, retry_seconds: u64 });
section!(Audit { anchor_minutes: u64, anchor_entries: i64 });
section!(Ship { url: String, token_file: PathBuf });
section!(Log { filter: String, format: String });

/// Where to tell of requests. Documented in default.toml.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Notify {
    pub name: String,
    pub url: String,
    pub plain_http: bool,
    pub secret_file: PathBuf,
    pub command: Vec<String>,
    pub events: Vec<String>,
}

impl Notify {
    fn check(&self, others: &[Notify]) -> Result<(), String> {
        let of = |what: &str| format!("notify {:?}: {what}", self.name);
        if self.name.is_empty() || self.name.len() > 64 {
            return Err(of("name has 1 to 64 characters"));
        }
        if others.iter().any(|other| other.name == self.name) {
            return Err(of("name is there twice"));
        }
        if self.url.is_empty() == self.command.is_empty() {
            return Err(of("exactly one of url and command is needed"));
        }
        if !self.url.is_empty() {
            crate::outward::check_url(&self.url, self.plain_http).map_err(|e| {
                of(&format!("url {e}, or plain_http set to true for a private network"))
            })?;
        }
        if self.url.is_empty() != self.secret_file.as_os_str().is_empty() {
            return Err(of("url needs secret_file, command has none"));
        }
        if self.command.first().is_some_and(|program| !program.starts_with('/')) {
            return Err(of("command begins with the whole path of a program"));
        }
        let known = ["requested", "decided", "finished"];
        match self.events.iter().find(|event| !known.contains(&event.as_str())) {
            Some(event) => Err(of(&format!("events has {event:?}; there are {known:?}"))),
            None if self.events.is_empty() => Err(of("events is empty")),
            None => Ok(()),
        }
    }
}

impl Oidc {
    fn check(&self) -> Result<(), String> {
        if !matches!(self.second_factor.as_str(), "provider" | "console") {
            return Err(format!(
                "oidc.second_factor is {:?}; it must be provider or console",
                self.second_factor
            ));
        }
        if self.issuer.is_empty() {
            return match self.required {
                true => Err("oidc.required needs oidc.issuer".into()),
                false => Ok(()),
            };
        }
        crate::outward::check_url(&self.issuer, false).map_err(|e| format!("oidc.issuer {e}"))?;
        if self.issuer.contains(['?', '#']) {
            return Err(format!("oidc.issuer {:?} must have no query or fragment", self.issuer));
        }
        if self.client_id.is_empty() || self.client_secret_file.as_os_str().is_empty() {
            return Err("oidc.issuer needs oidc.client_id and oidc.client_secret_file".into());
        }
        if self.name.trim().is_empty() || self.name.len() > 64 {
            return Err("oidc.name has 1 to 64 bytes: it is what people see".into());
        }
        Ok(())
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}")]
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
    /// Whether a person may sign in with a password or passkey of this console: everybody, unless
    /// the firm wants its identity provider used.
    pub fn own_ways(&self, login: &str) -> bool {
        !self.oidc.required || self.oidc.break_glass.iter().any(|other| other == login)
    }

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
        let ranges: [(&str, u64, u64, u64); 28] = [
            ("database.connections", self.database.connections.into(), 1, 1000),
            ("database.query_seconds", self.database.query_seconds, 1, 300),
            ("backend.request_seconds", self.backend.request_seconds, 1, 60),
            ("session.idle_minutes", unsigned(self.session.idle_minutes), 1, 1440),
            ("session.absolute_hours", unsigned(self.session.absolute_hours), 1, 168),
            ("sign_in.failures_per_login", unsigned(self.sign_in.failures_per_login), 1, 1000),
            ("sign_in.failures_per_address", unsigned(self.sign_in.failures_per_address), 1, 10000),
            ("sign_in.window_minutes", unsigned(self.sign_in.window_minutes), 1, 1440),
            ("sign_in.recent_minutes", unsigned(self.sign_in.recent_minutes), 1, 1440),
            ("sign_in.invitation_hours", unsigned(self.sign_in.invitation_hours), 1, 720),
            ("oidc.request_seconds", self.oidc.request_seconds, 1, 30),
            ("http.header_seconds", self.http.header_seconds, 1, 60),
            ("http.request_seconds", self.http.request_seconds, 1, 300),
            ("http.connections", self.http.connections.into(), 1, 100_000),
            ("http.body_bytes", self.http.body_bytes as u64, 1024, 1 << 20),
            ("lists.page_rows", self.lists.page_rows as u64, 1, 1000),
            ("audit.anchor_minutes", self.audit.anchor_minutes, 1, 1440),
            (
                "audit.anchor_entries",
                self.audit.anchor_entries.try_into().unwrap_or(0),
                1,
                1_000_000,
            ),
            ("live.interval_ms", self.live.interval_ms, 20, 10_000),
            ("live.instruments", self.live.instruments as u64, 1, 10_000),
            ("live.streams", self.live.streams as u64, 1, 100_000),
            ("live.session_seconds", self.live.session_seconds, 1, 300),
            ("often.pages", self.often.pages.into(), 1, 1_000_000),
            ("often.searches", self.often.searches.into(), 1, 1_000_000),
            ("often.exports", self.often.exports.into(), 1, 1_000_000),
            ("often.requests", self.often.requests.into(), 1, 1_000_000),
            ("requests.expire_minutes", unsigned(self.requests.expire_minutes), 1, 43_200),
            ("requests.retry_seconds", self.requests.retry_seconds, 1, 3600),
        ];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err(format!("{name} is {value}; it must be from {low} to {high}"));
            }
        }
        for (at, hook) in self.notify.iter().enumerate() {
            hook.check(&self.notify[..at])?;
        }
        self.oidc.check()?;
        self.ship.check(&self.log)?;
        if !matches!(self.language.as_str(), "ja" | "en") {
            return Err(format!("language is {:?}; it must be ja or en", self.language));
        }
        if crate::view::zone(&self.zone).is_none() {
            return Err(format!(
                "zone is {:?}; it must be one of {}",
                self.zone,
                crate::view::ZONES.join(", ")
            ));
        }
        if !matches!(self.sign_in.second_factor.as_str(), "required" | "optional") {
            return Err(format!(
                "sign_in.second_factor is {:?}; it must be required or optional",
                self.sign_in.second_factor
            ));
        }
        if !matches!(self.log.format.as_str(), "json" | "text") {
            return Err(format!("log.format is {:?}; it must be json or text", self.log.format));
        }
        for (name, url) in [
            ("public_url", &self.public_url),
            ("backend.admin_url", &self.backend.admin_url),
            ("backend.public_url", &self.backend.public_url),
        ] {
            if !url.starts_with("http://") && !url.starts_with("https://") || url.ends_with('/') {
                return Err(format!(
                    "{name} is {url:?}; it must begin with http:// or https:// and have no \
                     slash at its end"
                ));
            }
            // The admin API belongs on a private network.
            if name != "public_url" && url.starts_with("https://") {
                return Err(format!("{name} is {url:?}; the backend is spoken to over http://"));
            }
        }
        Ok(())
    }
}

impl Ship {
    fn check(&self, log: &Log) -> Result<(), String> {
        if self.url.is_empty() {
            return Ok(());
        }
        crate::outward::check_url(&self.url, false).map_err(|e| format!("ship.url: {e}"))?;
        if self.token_file.as_os_str().is_empty() {
            return Err("ship.url needs ship.token_file".into());
        }
        if log.format != "json" {
            return Err("ship.url needs log.format = \"json\": lines are sent as they are".into());
        }
        Ok(())
    }
}

fn unsigned(value: i32) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_names_every_setting_and_nothing_else() {
        let shipped: toml::Table = DEFAULT_TOML.parse().unwrap();
        let written = toml::Table::try_from(Config::default()).unwrap();
        assert_eq!(shipped, written);
        Config::default().check().unwrap();
    }

    #[test]
    fn unknown_and_out_of_range_settings_are_refused() {
        for (text, says) in [
            ("nonsense = 1", "nonsense"),
            ("[session]\nidle_minutes = 0", "session.idle_minutes"),
            ("[session]\nidle_minutes = -5", "session.idle_minutes"),
            ("language = \"fr\"", "ja or en"),
            ("[http]\nconnections = 0", "http.connections"),
            ("zone = \"Mars/Base\"", "Asia/Tokyo"),
            ("public_url = \"http://x/\"", "slash"),
            ("public_url = \"ftp://x\"", "http://"),
            ("[backend]\nadmin_url = \"https://x\"", "http://"),
            ("[sign_in]\nsecond_factor = \"maybe\"", "sign_in.second_factor"),
            ("[oidc]\nissuer = \"https://id.example\"", "oidc.client_id"),
            ("[oidc]\nissuer = \"http://id.example\"", "https://"),
            ("[oidc]\nrequired = true", "oidc.issuer"),
            ("[oidc]\nsecond_factor = \"none\"", "oidc.second_factor"),
            ("[log]\nformat = \"xml\"", "log.format"),
            ("[ship]\nurl = \"http://logs.example/\"", "https://"),
            ("[ship]\nurl = \"https://logs.example/\"", "ship.token_file"),
            (
                "[ship]\nurl = \"https://x/\"\ntoken_file = \"t\"\n[log]\nformat = \"text\"",
                "log.format",
            ),
            ("[[notify]]\nurl = \"http://x\"", "name"),
            ("[[notify]]\nname = \"x\"\nurl = \"http://relay.example/\"", "plain_http"),
            ("[[notify]]\nname = \"x\"\nurl = \"https://relay.example/\"", "secret_file"),
            ("[[notify]]\nname = \"x\"\ncommand = [\"rm\"]", "whole path"),
            ("[[notify]]\nname = \"x\"\ncommand = [\"/bin/x\"]", "events is empty"),
            ("[[notify]]\nname = \"x\"\ncommand = [\"/bin/x\"]\nevents = [\"all\"]", "all"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        assert_eq!(Config::parse("[lists]\npage_rows = 5").unwrap().lists.page_rows, 5);
    }
}
