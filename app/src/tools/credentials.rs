//! What `zaraba dev` writes into `dev.json`: every address and the demo credentials. Written
//! by `dev`, read by the tools and by scripts.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// One account with the API key that trades for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountKey {
    /// The broker's code of the account.
    pub account: String,
    /// `X-Api-Key`.
    pub api_key: String,
    /// The HMAC secret of that key.
    pub api_secret: String,
}

/// One demo sign-in of the console.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffLogin {
    /// Login name.
    pub login: String,
    /// Password; for a demo instance only.
    pub password: String,
    /// Roles of that person.
    pub roles: Vec<String>,
}

/// The contents of `dev.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DevFile {
    /// Base address of the public API, `http://127.0.0.1:8080`.
    pub api: String,
    /// Base address of the admin API.
    pub admin: String,
    /// Bearer token of the admin API.
    #[serde(default)]
    pub admin_token: String,
    /// Base address of the console.
    pub console: String,
    /// libpq URL of the database.
    pub postgres: String,
    /// Demo accounts, funded in every asset.
    pub accounts: Vec<AccountKey>,
    /// The two accounts market data files are replayed with: resting and aggressive side.
    #[serde(default)]
    pub replay: Vec<AccountKey>,
    /// The accounts of the market simulation.
    #[serde(default)]
    pub sim: Vec<AccountKey>,
    /// Console sign-ins.
    pub staff: Vec<StaffLogin>,
}

impl DevFile {
    /// Reads `dev.json`; `path` is the file or the directory it is in.
    ///
    /// # Errors
    /// When it cannot be read or is not what `zaraba dev` writes.
    pub fn read(path: &Path) -> Result<DevFile> {
        let file = if path.is_dir() { path.join("dev.json") } else { path.to_owned() };
        let text = std::fs::read_to_string(&file).with_context(|| {
            format!("cannot read {}; start an instance with `zaraba dev` first", file.display())
        })?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is not what `zaraba dev` writes", file.display()))
    }
}

/// Where a tool's address and keys come from: `dev.json`, or given one by one.
#[derive(clap::Args, Clone, Debug)]
pub struct Target {
    /// dev.json of a running `zaraba dev`, or its directory.
    #[arg(long, value_name = "PATH", default_value = ".dev")]
    pub dev: std::path::PathBuf,
    /// Base address of the public API instead of the one in dev.json.
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    /// API keys instead of those in dev.json, as KEY:SECRET; repeatable.
    #[arg(long = "key", value_name = "KEY:SECRET", env = "ZARABA_KEYS", value_delimiter = ',')]
    pub keys: Vec<String>,
}

impl Target {
    /// Address of the public API and the keys to use; `pick` chooses among those of dev.json.
    ///
    /// # Errors
    /// When neither dev.json nor the options give an address and a key.
    pub fn resolve(
        &self,
        pick: impl FnOnce(&DevFile) -> Vec<AccountKey>,
    ) -> Result<(String, Vec<AccountKey>)> {
        let mut keys = Vec::new();
        for (number, pair) in self.keys.iter().enumerate() {
            let (api_key, api_secret) =
                pair.split_once(':').context("--key takes KEY:SECRET (a colon is missing)")?;
            keys.push(AccountKey {
                account: format!("key-{}", number + 1),
                api_key: api_key.to_owned(),
                api_secret: api_secret.to_owned(),
            });
        }
        if let (Some(api), false) = (&self.api, keys.is_empty()) {
            return Ok((api.clone(), keys));
        }
        let file = DevFile::read(&self.dev)?;
        if keys.is_empty() {
            keys = pick(&file);
        }
        if keys.is_empty() {
            bail!("{} names no account for this; give --key KEY:SECRET", self.dev.display());
        }
        Ok((self.api.clone().unwrap_or(file.api), keys))
    }
}
