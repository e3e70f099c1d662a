//! The admin API as a development instance uses it: everything it creates, it creates the
//! way an operator would. Repeats are harmless: what exists already is left as it is.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::demo::{self, Asset, Instrument, Ticks};
use crate::tools::client::{ErrorBody, ErrorDetail};
use crate::tools::credentials::AccountKey;

/// Requests per second a demo key may send: no limit that a load test would meet.
pub(super) const KEY_RATE: u32 = 1_000_000;
/// Tries, a tenth of a second apart, while the database catches up after a start.
const NOT_READY_TRIES: u32 = 1_200;
/// Who the audit trail names.
const ACTOR: &str = "zaraba-dev";

/// A client of the admin API.
#[derive(Clone)]
pub struct Admin {
    http: reqwest::Client,
    base: String,
    token: String,
}

#[derive(Deserialize)]
struct CreatedKey {
    api_key: String,
    api_secret: String,
}

#[derive(Deserialize)]
struct BatchAnswer {
    items: Vec<BatchItem>,
}

#[derive(Deserialize)]
struct BatchItem {
    #[serde(default)]
    error: Option<ErrorDetail>,
}

impl Admin {
    /// A client for the API at `base` (`http://127.0.0.1:8081`).
    pub fn new(base: &str, token: &str) -> Admin {
        Admin { http: reqwest::Client::new(), base: base.to_owned(), token: token.to_owned() }
    }

    /// Sends a change, again while the node does not know yet what was done before its start.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<(StatusCode, Vec<u8>)> {
        for _ in 0..NOT_READY_TRIES {
            let (status, bytes) = self.send_once(method.clone(), path, body).await?;
            let not_ready = serde_json::from_slice::<ErrorBody>(&bytes)
                .is_ok_and(|body| body.error.code == "requests_not_ready");
            if !not_ready {
                return Ok((status, bytes));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!(
            "{path}: after {NOT_READY_TRIES} tries the database has not caught up with the journal"
        )
    }

    async fn send_once(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<(StatusCode, Vec<u8>)> {
        let url = format!("{}/admin/v1{path}", self.base);
        let mut body = body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.entry("reason").or_insert_with(|| "furnishing the platform".into());
        }
        let answer = self
            .http
            .request(method.clone(), &url)
            .bearer_auth(&self.token)
            .header("x-actor", ACTOR)
            .header("x-request-id", format!("dev-{:032x}", rand::random::<u128>()))
            .json(&body)
            .send()
            .await
            .with_context(|| format!("{method} {url} failed"))?;
        let status = answer.status();
        let bytes = answer.bytes().await.with_context(|| format!("{method} {url} broke off"))?;
        Ok((status, bytes.to_vec()))
    }

    /// Creates something; that it exists already is fine.
    async fn create(&self, path: &str, body: &Value) -> Result<Vec<u8>> {
        let (status, bytes) = self.send(Method::POST, path, body).await?;
        if status.is_success() {
            return Ok(bytes);
        }
        match serde_json::from_slice::<ErrorBody>(&bytes) {
            Ok(error) if error.error.code == "already_exists" => Ok(Vec::new()),
            Ok(ErrorBody { error }) => {
                bail!("the admin API refused {path} {body}: {} ({})", error.message, error.code)
            }
            Err(_) => bail!("the admin API answered {path} with {status}"),
        }
    }

    /// An asset.
    ///
    /// # Errors
    /// When the platform refuses or does not answer.
    pub async fn asset(&self, asset: &Asset) -> Result<()> {
        let body = json!({"code": asset.code, "exponent": asset.exponent});
        self.create("/assets", &body).await.map(drop)
    }

    /// An instrument, open for trading.
    ///
    /// # Errors
    /// When the platform refuses or does not answer.
    pub async fn instrument(&self, i: &Instrument) -> Result<()> {
        let mut body = json!({
            "symbol": i.symbol, "name": i.name, "profile": i.profile,
            "base_asset": i.base_asset, "quote_asset": i.quote_asset,
            "price_digits": i.price_digits, "quantity_digits": i.quantity_digits,
            "lot_size": i.lot, "min_quantity": i.min_quantity, "max_quantity": i.max_quantity,
            "base_price": i.base_price, "market_band_ppm": i.market_band_ppm,
            "maker_fee_ppm": i.maker_fee_ppm, "taker_fee_ppm": i.taker_fee_ppm,
            // The simulation, the load generator and replays have few accounts for many orders.
            "open_order_cap": 0,
        });
        match i.ticks {
            Ticks::Fixed(tick) => body["tick_size"] = tick.into(),
            Ticks::TseTopix500 => body["tick_table"] = "tse_topix500".into(),
        }
        if let Some((down, up)) = i.daily_limits() {
            body["session_rules"] = true.into();
            body["limit_down"] = down.into();
            body["limit_up"] = up.into();
        }
        self.create("/instruments", &body).await.map(drop)
    }

    /// What belongs to an instrument of its market: a Tokyo share has odd-lot desks and a house
    /// that can deal, a crypto pair a circuit breaker. The recorded hour plays without one.
    ///
    /// # Errors
    /// When the platform refuses or does not answer.
    pub async fn market_terms(&self, i: &Instrument) -> Result<()> {
        let path = format!("/instruments/{}", i.symbol);
        let reason = "terms of a demo instrument";
        if i.daily_limits().is_some() {
            let terms = json!({
                "batch": true, "principal": true, "spread_ppm": 3_500, "max_quantity": "99",
                "round_to": "1", "reason": reason,
            });
            self.create(&format!("{path}/odd-lot-terms"), &terms).await?;
            self.deposit("house", &[(i.quote_asset, "1000000000"), (i.base_asset, "100000")]).await
        } else if i.symbol != demo::RECORDED {
            let breaker = json!({
                "mode": "circuit_break", "window_seconds": 300, "trigger_ppm": 100_000,
                "call_seconds": 300, "bound_ppm": 200_000, "reason": reason,
            });
            self.create(&format!("{path}/breaker"), &breaker).await.map(drop)
        } else {
            Ok(())
        }
    }

    /// What the venue asks of everybody: fees by volume in yen, and limits of every account that no
    /// demo, load or replay comes near (they are there to be seen and changed).
    ///
    /// # Errors
    /// When the platform refuses or does not answer.
    pub async fn venue_terms(&self) -> Result<()> {
        let tiers = json!({
            "asset": demo::YEN, "reason": "fees of a demo venue", "tiers": [
                {"volume": "10000000", "maker_ppm": -120, "taker_ppm": 450},
                {"volume": "1000000000", "maker_ppm": -150, "taker_ppm": 400},
                {"volume": "100000000000", "maker_ppm": -200, "taker_ppm": 300},
            ],
        });
        self.create("/fee-tiers", &tiers).await?;
        let limits = json!({
            "scope": {"members": 0}, "currency": demo::YEN, "reason": "limits of a demo venue",
            "limits": {
                "order_value": {"soft": "1000000000", "hard": "100000000000"},
                "day_value": {"soft": "100000000000", "hard": "100000000000000"},
                "open_orders": {"soft": "100000", "hard": "1000000"},
            },
        });
        self.create("/risk-limits", &limits).await.map(drop)
    }

    /// An account.
    ///
    /// # Errors
    /// When the platform refuses or does not answer.
    pub async fn account(&self, code: &str) -> Result<()> {
        self.create("/accounts", &json!({"code": code})).await.map(drop)
    }

    /// Deposits of one account: asset and decimal amount. A repeat moves nothing: the
    /// reference is the same.
    ///
    /// # Errors
    /// When the platform refuses one or does not answer.
    pub async fn deposit(&self, account: &str, deposits: &[(&str, &str)]) -> Result<()> {
        let transfers: Vec<Value> = deposits
            .iter()
            .map(|(asset, amount)| {
                json!({"account": account, "kind": "deposit", "asset": asset, "amount": amount,
                    "reference": format!("dev-{asset}")})
            })
            .collect();
        let body = json!({"transfers": transfers, "reason": "first funds of a demo account"});
        let bytes = self.create("/transfers/batch", &body).await?;
        let answer: BatchAnswer = serde_json::from_slice(&bytes)
            .context("POST /transfers/batch did not answer with items")?;
        for (item, (asset, amount)) in answer.items.into_iter().zip(deposits) {
            if let Some(error) = item.error {
                bail!(
                    "{amount} {asset} for {account} were refused: {} ({})",
                    error.message,
                    error.code
                );
            }
        }
        Ok(())
    }

    /// A new API key that may read and trade.
    ///
    /// # Errors
    /// When the platform refuses or does not answer.
    pub async fn key(&self, account: &str) -> Result<AccountKey> {
        let path = format!("/accounts/{account}/keys");
        let body = json!({
            "scopes": ["read", "trade"], "label": "zaraba dev",
            "reads_per_second": KEY_RATE, "writes_per_second": KEY_RATE,
        });
        let bytes = self.create(&path, &body).await?;
        let key: CreatedKey = serde_json::from_slice(&bytes)
            .with_context(|| format!("POST {path} did not answer with a key"))?;
        let CreatedKey { api_key, api_secret } = key;
        Ok(AccountKey { account: account.to_owned(), api_key, api_secret })
    }
}
