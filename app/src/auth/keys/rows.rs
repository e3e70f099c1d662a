//! Keys from and to the rows they are kept in.

use std::sync::{Arc, OnceLock};

use zaraba_engine::types::Timestamp;

use super::Keys;
use crate::auth::metrics::METRICS;
use crate::auth::sign::Verifier;
use crate::auth::store::{self, KeyRow};
use crate::auth::{Key, Meters, Network, Scope};

impl Keys {
    /// Writes the copy beside the journal anew.
    pub(super) fn renew_copy(&self) {
        let Some(path) = &self.copy else { return };
        let mut rows: Vec<KeyRow> = self.by_name.read().values().map(|key| key.row()).collect();
        rows.sort_by_key(|row| row.key_id);
        if let Err(error) = store::write_copy(path, &self.master, &rows) {
            METRICS.refresh_failures.with_label_values(&["copy"]).inc();
            tracing::warn!(event = "auth.copy_not_written", path = %path.display(), %error);
        }
    }

    /// Replaces and removes keys as the rows say. Rows that cannot be used are reported and
    /// left out; others are not affected.
    pub(super) fn take_in(&self, rows: &[KeyRow]) {
        let mut keys = self.by_name.write();
        for row in rows {
            if row.revoked {
                keys.remove(&row.api_key);
                continue;
            }
            let meters = keys.get(&row.api_key).map(|old| old.meters.clone()).unwrap_or_default();
            match self.read(row, meters) {
                Ok(key) => {
                    keys.insert(row.api_key.clone(), Arc::new(key));
                }
                Err(why) => {
                    keys.remove(&row.api_key);
                    tracing::error!(
                        event = "auth.key_unusable",
                        key.id = row.key_id,
                        account = row.account,
                        why
                    );
                }
            }
        }
        METRICS.keys.set(keys.len() as i64);
    }

    /// The key of a row, or what is wrong with that.
    fn read(&self, row: &KeyRow, meters: Arc<Meters>) -> Result<Key, &'static str> {
        let (verifier, sealed) = match (&row.sealed_secret, &row.public_key) {
            (Some(sealed), None) => {
                let secret = self
                    .master
                    .open(&row.api_key, sealed)
                    .ok_or("its secret was not sealed with this master key")?;
                (Verifier::hmac(&secret), sealed.clone())
            }
            (None, Some(public)) => {
                let bytes =
                    public.as_slice().try_into().map_err(|_| "its public key is not 32 bytes")?;
                (Verifier::ed25519(bytes).ok_or("its public key is not usable")?, public.clone())
            }
            _ => return Err("it needs either a secret or a public key"),
        };
        let scopes: Option<Vec<_>> = row.scopes.iter().map(|s| Scope::parse(s)).collect();
        let addresses: Option<Vec<_>> = row.addresses.iter().map(|a| Network::parse(a)).collect();
        Ok(Key {
            key_id: row.key_id as u32,
            api_key: row.api_key.clone(),
            account_code: row.account.clone(),
            scopes: scopes.ok_or("it has an unknown scope")?,
            addresses: addresses.ok_or("it has an unreadable address list")?,
            expires_at: row.expires_us.map(|us| Timestamp(us.max(0) as u64 * 1000)),
            reads_per_second: row.reads_per_second.map(|rate| rate as u32),
            writes_per_second: row.writes_per_second.map(|rate| rate as u32),
            label: row.label.clone(),
            verifier,
            sealed,
            account: OnceLock::new(),
            meters,
            of_account: self.used.lock().entry(row.account.clone()).or_default().clone(),
        })
    }
}

impl Key {
    /// Its row, as it is kept in the copy beside the journal.
    fn row(&self) -> KeyRow {
        let hmac = self.kind() == "hmac";
        KeyRow {
            key_id: self.key_id as i32,
            api_key: self.api_key.clone(),
            account: self.account_code.clone(),
            kind: self.kind().to_owned(),
            sealed_secret: hmac.then(|| self.sealed.clone()),
            public_key: (!hmac).then(|| self.sealed.clone()),
            scopes: self.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            addresses: self.addresses.iter().map(Network::to_string).collect(),
            expires_us: self.expires_at.map(|at| (at.0 / 1000) as i64),
            reads_per_second: self.reads_per_second.map(|rate| rate as i32),
            writes_per_second: self.writes_per_second.map(|rate| rate as i32),
            label: self.label.clone(),
            revoked: false,
            changed_us: 0,
        }
    }
}
