//! One account's way into the venue: operations collected into one batch request, which the
//! venue carries out in order. Several requests in flight could overtake each other, so the
//! replay keeps one at a time over both accounts.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use hyper::Method;
use serde::{Deserialize, Serialize};

use crate::tools::client::{Connection, ErrorDetail, Key, NewOrder, Order};

/// Most operations of one batch request, as in the public contract.
pub const BATCH_MAX: usize = 100;
/// How often a batch is repeated when its answer is lost.
const ATTEMPTS: u32 = 8;

/// One operation of a batch.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A new order.
    Place(NewOrder),
    /// A smaller total quantity.
    Amend {
        /// The venue's order number.
        order_id: String,
        /// New total quantity, decimal.
        quantity: String,
    },
    /// A cancel.
    Cancel {
        /// The venue's order number.
        order_id: String,
    },
}

/// What became of one operation.
pub type Outcome = std::result::Result<Order, String>;

#[derive(Serialize)]
struct BatchRequest<'a> {
    operations: &'a [Operation],
}

#[derive(Deserialize)]
struct BatchAnswer {
    items: Vec<BatchItem>,
}

#[derive(Deserialize)]
struct BatchItem {
    #[serde(default)]
    order: Option<Order>,
    #[serde(default)]
    error: Option<ErrorDetail>,
}

/// Operations of one account on their way.
pub struct Lane {
    key: Key,
    operations: Vec<Operation>,
    /// Operations carried out.
    pub sent: u64,
    /// Refusals by code.
    pub refused: BTreeMap<String, u64>,
}

impl Lane {
    /// An empty lane of the key's account.
    pub fn new(key: Key) -> Lane {
        Lane { key, operations: Vec::new(), sent: 0, refused: BTreeMap::new() }
    }

    /// Adds an operation; [`Lane::is_full`] tells when it is time to send.
    pub fn push(&mut self, operation: Operation) {
        self.operations.push(operation);
    }

    /// Nothing waits.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// No more fits into a request.
    pub fn is_full(&self) -> bool {
        self.operations.len() >= BATCH_MAX
    }

    /// Sends what waits and returns what became of each operation, in order.
    ///
    /// # Errors
    /// When the venue does not answer, also not to repeats (every operation can be repeated:
    /// placements by their client id, the others because they set absolute values).
    pub async fn flush(&mut self, connection: &mut Connection) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(self.operations.len());
        let operations = std::mem::take(&mut self.operations);
        for part in operations.chunks(BATCH_MAX) {
            outcomes.extend(self.send(connection, part).await?);
        }
        self.sent += outcomes.len() as u64;
        for code in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            *self.refused.entry(code.clone()).or_default() += 1;
        }
        Ok(outcomes)
    }

    async fn send(&self, connection: &mut Connection, part: &[Operation]) -> Result<Vec<Outcome>> {
        const PATH: &str = "/v1/orders/batch";
        let body = Bytes::from(serde_json::to_vec(&BatchRequest { operations: part })?);
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
            }
            let answer = match connection.call(&self.key, Method::POST, PATH, body.clone()).await {
                Ok(answer) => answer,
                Err(error) => {
                    last = error.to_string();
                    continue;
                }
            };
            if matches!(answer.status, 429 | 503) {
                last = answer.code();
                continue;
            }
            let items = answer.json::<BatchAnswer>("POST /v1/orders/batch")?.items;
            if items.len() != part.len() {
                bail!("{} operations got {} answers", part.len(), items.len());
            }
            return Ok(items.into_iter().map(BatchItem::outcome).collect());
        }
        bail!("the venue did not take a batch in {ATTEMPTS} attempts; the last failed with: {last}")
    }

    /// A signed GET of this account.
    ///
    /// # Errors
    /// When the venue does not answer with what is expected.
    pub async fn get<T: for<'a> Deserialize<'a>>(
        &self,
        connection: &mut Connection,
        path: &str,
    ) -> Result<T> {
        let answer = connection.call(&self.key, Method::GET, path, Bytes::new()).await?;
        answer.json(&format!("GET {path}")).context("the venue's answer cannot be used")
    }

    /// Cancels everything this account has in an instrument.
    ///
    /// # Errors
    /// When the venue refuses.
    pub async fn clear(&self, connection: &mut Connection, symbol: &str) -> Result<()> {
        let path = format!("/v1/orders?symbol={symbol}");
        let answer = connection.call(&self.key, Method::DELETE, &path, Bytes::new()).await?;
        answer.json::<serde_json::Value>(&format!("DELETE {path}"))?;
        Ok(())
    }
}

impl BatchItem {
    fn outcome(self) -> Outcome {
        match (self.error, self.order) {
            (Some(error), _) => Err(error.code),
            (None, Some(Order { reject_code: Some(code), .. })) => Err(code),
            (None, Some(order)) => Ok(order),
            (None, None) => Err("no_answer".into()),
        }
    }
}
