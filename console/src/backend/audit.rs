//! Anchors of the audit trail in the journal.

use serde_json::json;

use super::{Backend, checked};
use crate::audit::hash::Hash;
use crate::error::Failure;

/// Who sets anchors, as the journal has it.
const ACTOR: &str = "zaraba-console";

impl Backend {
    /// Has the journal say that the audit trail had `count` entries and its head this hash. The
    /// request's id follows from both, so that the same anchor stands there once, whoever sends
    /// it how often.
    ///
    /// # Errors
    /// When the backend does not take it.
    pub async fn anchor(&self, count: i64, hash: &Hash) -> Result<(), Failure> {
        let url = format!("{}/admin/v1/anchors", self.inner.admin_url);
        let hash = hex::encode(hash);
        let request = self
            .inner
            .http
            .post(&url)
            .header("x-actor", ACTOR)
            .header("x-request-id", format!("audit-{count}-{}", &hash[..16]))
            .json(&json!({"what": "audit", "count": count, "hash": hash,
                "reason": "head of the audit trail"}));
        let answer = self.call(request.timeout(self.inner.timeout)).await?;
        checked(&url, answer).map(|_| ())
    }
}
