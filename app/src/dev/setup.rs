//! Fills a development instance: assets, instruments, accounts with funds and keys. Run at
//! every start; what is there already (as far as the venue itself says so) is kept, so that
//! balances and credentials survive restarts.

use std::collections::HashMap;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use hyper::Method;
use serde::Deserialize;

use super::admin::Admin;
use super::demo::{self, Asset, Instrument};
use crate::tools::client::{Connection, Endpoint, Key};
use crate::tools::credentials::{AccountKey, DevFile};
use crate::tools::reference::Page;

/// Accounts set up at the same time.
const AT_ONCE: usize = 16;
/// Accounts of the market simulation.
const SIM_ACCOUNTS: u32 = 4;

/// One account to be: its code and whether it gets the large funds.
struct Wanted {
    account: String,
    large: bool,
}

#[derive(Deserialize)]
struct Balance {
    asset: String,
}

/// What setting up needs to know.
pub struct Setup<'a> {
    /// The admin API.
    pub admin: &'a Admin,
    /// Where the public API is.
    pub endpoint: &'a Endpoint,
    /// Credentials of an earlier start, if there was one.
    pub earlier: &'a DevFile,
}

impl Setup<'_> {
    /// Creates what is missing and puts the credentials into `file`.
    ///
    /// # Errors
    /// When the platform refuses something or does not answer.
    pub async fn run(
        &self,
        instruments: &[Instrument],
        accounts: u32,
        file: &mut DevFile,
    ) -> Result<()> {
        let assets = demo::assets(instruments);
        self.reference_data(&assets, instruments).await?;
        file.accounts = self
            .accounts(&assets, (1..=accounts).map(|n| wanted(format!("demo-{n:04}"), false)))
            .await?;
        let replay = ["replay-resting", "replay-aggressive"];
        let replay = replay.map(|code| wanted(code.into(), true));
        file.replay = self.accounts(&assets, replay.into_iter()).await?;
        let sim = (1..=SIM_ACCOUNTS).map(|n| wanted(format!("sim-{n:04}"), true));
        file.sim = self.accounts(&assets, sim).await?;
        Ok(())
    }

    /// Assets and instruments, where any is missing.
    async fn reference_data(&self, assets: &[Asset], instruments: &[Instrument]) -> Result<()> {
        let there =
            crate::tools::reference::markets(&mut Connection::new(self.endpoint.clone()), &[])
                .await
                .context("cannot list the instruments of the instance just started")?;
        let missing: Vec<&Instrument> = instruments
            .iter()
            .filter(|i| there.iter().all(|market| market.symbol != i.symbol))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        // In order: instruments refer to assets, and numbers should not depend on chance.
        for asset in assets {
            self.admin.asset(asset).await?;
        }
        for instrument in missing {
            self.admin.instrument(instrument).await?;
            self.admin.market_terms(instrument).await?;
        }
        if there.is_empty() && assets.iter().any(|asset| asset.code == demo::YEN) {
            self.admin.venue_terms().await?;
        }
        Ok(())
    }

    async fn accounts(
        &self,
        assets: &[Asset],
        wanted: impl Iterator<Item = Wanted>,
    ) -> Result<Vec<AccountKey>> {
        let earlier: HashMap<&str, &AccountKey> = self
            .earlier
            .accounts
            .iter()
            .chain(&self.earlier.replay)
            .chain(&self.earlier.sim)
            .map(|key| (key.account.as_str(), key))
            .collect();
        stream::iter(wanted)
            .map(|wanted| {
                let known = earlier.get(wanted.account.as_str()).copied();
                self.account(assets, wanted, known)
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// One account: kept where its key from an earlier start still opens it.
    async fn account(
        &self,
        assets: &[Asset],
        wanted: Wanted,
        earlier: Option<&AccountKey>,
    ) -> Result<AccountKey> {
        let Wanted { account, large } = wanted;
        let mut funded = None;
        if let Some(key) = earlier {
            funded = self.balances(key).await?.map(|funded| (key.clone(), funded));
        }
        let (key, funded) = match funded {
            Some(kept) => kept,
            None => {
                self.admin.account(&account).await?;
                let key = self.admin.key(&account).await?;
                let funded = self.balances(&key).await?.with_context(|| {
                    format!("the new API key of {account} is not accepted by the API")
                })?;
                (key, funded)
            }
        };
        let missing: Vec<(&str, &str)> = assets
            .iter()
            .filter(|asset| !funded.iter().any(|code| code == asset.code))
            .map(|asset| (asset.code, if large { asset.large_funds } else { asset.funds }))
            .collect();
        if !missing.is_empty() {
            self.admin.deposit(&account, &missing).await?;
        }
        Ok(key)
    }

    /// Assets an account has a balance in; none where the key is not accepted.
    async fn balances(&self, key: &AccountKey) -> Result<Option<Vec<String>>> {
        const PATH: &str = "/v1/balances";
        let mut connection = Connection::new(self.endpoint.clone());
        let answer = connection.call(&Key::new(key)?, Method::GET, PATH, Bytes::new()).await?;
        if answer.status == 401 {
            return Ok(None);
        }
        let page: Page<Balance> = answer.json(PATH)?;
        Ok(Some(page.items.into_iter().map(|balance| balance.asset).collect()))
    }
}

fn wanted(account: String, large: bool) -> Wanted {
    Wanted { account, large }
}
