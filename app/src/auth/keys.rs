//! All API keys in memory, and the checks a signed request goes through.

mod rows;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use zaraba_engine::types::{AccountCode, AccountId, Timestamp};
use zeroize::Zeroizing;

use super::limit::{Addresses, Meter};
use super::metrics::METRICS;
use super::replay::{ReplayCache, Seen};
use super::seal::{MasterKey, random};
use super::sign::{Verifier, decode};
use super::store::{self, KeyRow};
use super::{AuthError, Key, Meters, Network, Principal, Scope, SignedParts};
use crate::config;
use crate::live::Live;

/// How often changed keys are read.
const REFRESH: Duration = Duration::from_secs(2);
/// Rows committed late may carry an earlier time of change: each refresh looks back by this.
const LOOK_BACK_US: i64 = 60_000_000;
/// File copy in the data directory.
const COPY_FILE: &str = "api-keys.sealed";

/// Why keys cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The request has made a key before.
    #[error("this request has made the key {api_key} before; its secret was told then")]
    Repeated {
        /// Its number.
        key_id: u32,
        /// Its name.
        api_key: String,
    },
    /// A file of secrets cannot be used.
    #[error("cannot use {path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Postgres did not take or give keys; nothing was changed.
    #[error("the key store (Postgres) cannot be used: {0}; nothing was changed")]
    Database(#[from] sqlx::Error),
    /// A new key that cannot be.
    #[error("{0}")]
    Invalid(&'static str),
}

/// What signs with a new key.
pub enum NewKind {
    /// A secret made here and told once.
    Hmac,
    /// A private key the client keeps; this is its public half.
    Ed25519([u8; 32]),
}

/// A key to be made.
pub struct NewKey {
    /// Whose.
    pub account: AccountCode,
    /// What signs.
    pub kind: NewKind,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Where it may come from; empty: anywhere.
    pub addresses: Vec<Network>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Requests per second, 1 to 1,000,000; `None`: the configured default.
    pub reads_per_second: Option<u32>,
    /// Requests per second, 1 to 1,000,000; `None`: the configured default.
    pub writes_per_second: Option<u32>,
    /// What people call it.
    pub label: String,
}

/// A key that was made.
pub struct Created {
    /// Its number.
    pub key_id: u32,
    /// Its public name.
    pub api_key: String,
    /// Its secret, told this once; `None` for Ed25519.
    pub api_secret: Option<Zeroizing<String>>,
}

/// API keys in memory.
pub struct Keys {
    settings: config::Auth,
    live: Arc<Live>,
    master: MasterKey,
    by_name: RwLock<HashMap<String, Arc<Key>>>,
    /// What each account used of the configured rates; kept when its keys go, so that a new key
    /// does not begin afresh.
    used: Mutex<HashMap<String, Arc<Meters>>>,
    replay: ReplayCache,
    addresses: Addresses,
    /// Stands in for keys that do not exist, so that they take as long as those that do.
    decoy: Verifier,
    pool: Option<PgPool>,
    copy: Option<PathBuf>,
    seen_to_us: AtomicI64,
    next_detached: AtomicU32,
}

impl Keys {
    /// Keys of a platform: reads the master key (made when missing) and the sealed copy in
    /// `data_dir`. Does not touch the database yet; [`Keys::run`] does.
    ///
    /// # Errors
    /// When the master key cannot be read or made. A copy that cannot be read is reported
    /// and left out: the database has the keys.
    pub fn open(
        settings: &config::Auth,
        data_dir: &Path,
        pool: PgPool,
        live: Arc<Live>,
    ) -> Result<Keys, KeysError> {
        let path = &settings.master_key_file;
        let master = MasterKey::load_or_create(path)
            .map_err(|source| KeysError::File { path: path.clone(), source })?;
        let copy = data_dir.join(COPY_FILE);
        let rows = store::read_copy(&copy, &master).unwrap_or_else(|error| {
            tracing::warn!(event = "auth.copy_unreadable", path = %copy.display(), %error);
            Vec::new()
        });
        let keys = Keys { pool: Some(pool), copy: Some(copy), ..Keys::new(settings, live, master) };
        // The copy may lack what came after it: the first refresh reads everything.
        keys.take_in(&rows);
        Ok(keys)
    }

    /// Keys that are in memory only: for benches and tests.
    pub fn detached(settings: &config::Auth, live: Arc<Live>) -> Keys {
        Keys::new(settings, live, MasterKey::random())
    }

    fn new(settings: &config::Auth, live: Arc<Live>, master: MasterKey) -> Keys {
        Keys {
            settings: settings.clone(),
            live,
            master,
            by_name: RwLock::default(),
            used: Mutex::default(),
            replay: ReplayCache::default(),
            addresses: Addresses::default(),
            decoy: Verifier::hmac(&*random::<32>()),
            pool: None,
            copy: None,
            seen_to_us: AtomicI64::new(0),
            next_detached: AtomicU32::new(1),
        }
    }

    /// Checks a signed request for a call that needs `scope`, and counts it against the
    /// key's rate. A signature that passed is used up.
    ///
    /// # Errors
    /// See [`AuthError`]; strangers are slowed down by address.
    pub fn verify(
        &self,
        parts: &SignedParts<'_>,
        scope: Scope,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let checked = self.check(parts, scope, address, now);
        if let Err(error) = &checked {
            let stranger = matches!(
                error,
                AuthError::Unauthorized(_)
                    | AuthError::StaleRequest { .. }
                    | AuthError::BadSignature
                    | AuthError::ReplayedSignature
            );
            if stranger && let Some(address) = address {
                self.admit_public(address, now)?;
            }
            METRICS.failures.with_label_values(&[error.code()]).inc();
        }
        checked
    }

    fn check(
        &self,
        parts: &SignedParts<'_>,
        scope: Scope,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let time_ms = parse_time(parts.request_time)?;
        let (now_ms, window_ms) = (now.0 / 1_000_000, self.settings.window_seconds * 1000);
        let age_ms = now_ms.abs_diff(time_ms);
        if age_ms > window_ms {
            return Err(AuthError::StaleRequest { age_ms, window_ms });
        }
        let mut bytes = [0; 64];
        let length = decode(parts.signature, &mut bytes).ok_or(AuthError::BadSignature)?;
        let signature = &bytes[..length];
        let found = self.by_name.read().get(parts.api_key).cloned();
        let verifier = found.as_ref().map_or(&self.decoy, |key| &key.verifier);
        let message = [
            parts.request_time.as_bytes(),
            parts.method.as_bytes(),
            parts.path.as_bytes(),
            parts.body,
        ];
        let Some(key) = found.as_ref().filter(|_| verifier.verify(message, signature)) else {
            if found.is_none() {
                let _ = verifier.verify(message, signature);
            }
            return Err(AuthError::BadSignature);
        };
        self.permit(key, scope, address, now)?;
        let account = self.account_of(key)?;
        let oldest_ms = now_ms.saturating_sub(window_ms);
        let admit = || self.charge(key, scope, 1, now);
        match self.replay.take(key.key_id, signature, time_ms, oldest_ms, admit)? {
            Seen::New => Ok(Principal { key: key.clone(), account }),
            Seen::Replayed => Err(AuthError::ReplayedSignature),
            Seen::Full => Err(AuthError::ReplayCacheFull),
        }
    }

    fn permit(
        &self,
        key: &Key,
        scope: Scope,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), AuthError> {
        if key.expires_at.is_some_and(|end| end <= now) {
            return Err(AuthError::KeyExpired);
        }
        let allowed = key.addresses.is_empty()
            || address.is_some_and(|address| key.addresses.iter().any(|n| n.contains(address)));
        if !allowed {
            return Err(AuthError::AddressNotAllowed);
        }
        if !key.scopes.contains(&scope) {
            return Err(AuthError::InsufficientScope(scope));
        }
        Ok(())
    }

    fn account_of(&self, key: &Key) -> Result<AccountId, AuthError> {
        if let Some(account) = key.account.get() {
            return Ok(*account);
        }
        let account = self.live.account(&key.account_code).ok_or(AuthError::UnknownAccount)?;
        Ok(*key.account.get_or_init(|| account))
    }

    fn charge(&self, key: &Key, scope: Scope, cost: u32, now: Timestamp) -> Result<(), AuthError> {
        let (meter, rate) = self.meter(key, scope);
        meter.take(now, rate, cost).map_err(|retry_after| AuthError::RateLimited { retry_after })
    }

    /// A key's own rate is its own; the configured ones are for all other keys of an account
    /// together.
    fn meter<'k>(&self, key: &'k Key, scope: Scope) -> (&'k Meter, u32) {
        let (own, configured) = match scope.is_write() {
            true => (key.writes_per_second, self.settings.writes_per_second),
            false => (key.reads_per_second, self.settings.reads_per_second),
        };
        let meters = if own.is_some() { &key.meters } else { &key.of_account };
        let meter = if scope.is_write() { &meters.writes } else { &meters.reads };
        (meter, own.unwrap_or(configured))
    }

    /// Counts `extra` further writes of a request that carries several orders: they are
    /// owed, and delay the key's next requests.
    pub fn owe_writes(&self, principal: &Principal, extra: u32, now: Timestamp) {
        let (meter, rate) = self.meter(&principal.key, Scope::Trade);
        meter.owe(now, rate, extra);
    }

    /// Counts a request without a key against its address.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`].
    pub fn admit_public(&self, address: IpAddr, now: Timestamp) -> Result<(), AuthError> {
        self.addresses.take(address, now, self.settings.public_per_second).map_err(|retry_after| {
            let error = AuthError::RateLimited { retry_after };
            METRICS.failures.with_label_values(&[error.code()]).inc();
            error
        })
    }

    /// Whether a key can still be used: for connections that outlive a request.
    pub fn is_valid(&self, key: &Key, now: Timestamp) -> bool {
        key.expires_at.is_none_or(|end| end > now) && self.by_name.read().contains_key(&key.api_key)
    }

    /// An account's keys that can be used, by number.
    pub fn of_account(&self, account: &str) -> Vec<Arc<Key>> {
        let mut keys: Vec<_> =
            self.by_name.read().values().filter(|k| k.account_code == account).cloned().collect();
        keys.sort_by_key(|key| key.key_id);
        keys
    }

    /// The public name of a key that can be used, by number.
    pub fn name_of(&self, key_id: u32) -> Option<String> {
        let keys = self.by_name.read();
        keys.values().find(|key| key.key_id == key_id).map(|key| key.api_key.clone())
    }

    /// The number of a key that can be used, by its public name.
    pub fn number_of(&self, api_key: &str) -> Option<u32> {
        self.by_name.read().get(api_key).map(|key| key.key_id)
    }

    /// Makes a key; it works as soon as this returns. `by`: who asked.
    ///
    /// # Errors
    /// [`KeysError::Database`], [`KeysError::Invalid`].
    pub async fn create(&self, new: NewKey, by: &str) -> Result<Created, KeysError> {
        self.create_once(new, by, None).await
    }

    /// As [`Keys::create`], at most once for a request.
    ///
    /// # Errors
    /// As [`Keys::create`]; [`KeysError::Repeated`] with the key that the request made before.
    pub async fn create_once(
        &self,
        new: NewKey,
        by: &str,
        request: Option<&str>,
    ) -> Result<Created, KeysError> {
        let api_key = hex::encode(*random::<16>());
        let rate = |rate: Option<u32>| match rate {
            Some(0 | 1_000_001..) => Err(KeysError::Invalid("rates go from 1 to 1,000,000")),
            rate => Ok(rate.map(|rate| rate as i32)),
        };
        let mut row = KeyRow {
            key_id: 0,
            api_key: api_key.clone(),
            account: new.account.as_str().to_owned(),
            kind: String::new(),
            sealed_secret: None,
            public_key: None,
            scopes: new.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            addresses: new.addresses.iter().map(Network::to_string).collect(),
            expires_us: new.expires_at.map(|at| (at.0 / 1000) as i64),
            reads_per_second: rate(new.reads_per_second)?,
            writes_per_second: rate(new.writes_per_second)?,
            label: new.label,
            revoked: false,
            changed_us: 0,
        };
        let api_secret = match new.kind {
            NewKind::Hmac => {
                let secret = Zeroizing::new(hex::encode(*random::<32>()));
                row.kind = "hmac".to_owned();
                row.sealed_secret = Some(self.master.seal(&api_key, secret.as_bytes()));
                Some(secret)
            }
            NewKind::Ed25519(public_key) => {
                Verifier::ed25519(&public_key)
                    .ok_or(KeysError::Invalid("public_key is not a usable Ed25519 key"))?;
                row.kind = "ed25519".to_owned();
                row.public_key = Some(public_key.to_vec());
                None
            }
        };
        if let Some(pool) = &self.pool {
            match store::insert(pool, &row, by, request).await? {
                Some(added) => (row.key_id, row.changed_us) = added,
                None => {
                    let made = store::made_by(pool, request.unwrap_or_default()).await?;
                    let (key_id, api_key) = made.unwrap_or_default();
                    return Err(KeysError::Repeated { key_id: key_id as u32, api_key });
                }
            }
        } else {
            row.key_id = self.next_detached.fetch_add(1, Ordering::Relaxed) as i32;
        }
        self.take_in(std::slice::from_ref(&row));
        Ok(Created { key_id: row.key_id as u32, api_key, api_secret })
    }

    /// Ends a key of an account at once; whether there was one.
    ///
    /// # Errors
    /// [`KeysError::Database`].
    pub async fn revoke(&self, account: &str, api_key: &str) -> Result<bool, KeysError> {
        if let Some(pool) = &self.pool {
            store::revoke(pool, account, api_key).await?;
        }
        let mut keys = self.by_name.write();
        let its_own = keys.get(api_key).is_some_and(|key| key.account_code == account);
        if its_own {
            keys.remove(api_key);
        }
        Ok(its_own)
    }

    /// Reads what changed in the database and renews the file copy, once.
    ///
    /// # Errors
    /// [`KeysError::Database`]: the keys stay as they were.
    pub async fn refresh(&self) -> Result<(), KeysError> {
        let Some(pool) = &self.pool else { return Ok(()) };
        let seen = self.seen_to_us.load(Ordering::Acquire);
        let rows = store::changed(pool, (seen - LOOK_BACK_US).max(0)).await?;
        let newest = rows.last().map_or(seen, |row| row.changed_us);
        let news = newest > seen || seen == 0;
        self.take_in(&rows);
        self.seen_to_us.store(newest.max(1), Ordering::Release);
        if news {
            self.renew_copy();
        }
        Ok(())
    }

    /// Keeps the keys fresh until told to stop.
    pub async fn run(self: Arc<Keys>, stop: CancellationToken) {
        let mut failing = false;
        loop {
            let outcome = tokio::time::timeout(REFRESH * 2, self.refresh()).await;
            let error = match outcome {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("no answer in time".to_owned()),
            };
            if let Some(error) = &error {
                METRICS.refresh_failures.with_label_values(&["database"]).inc();
                if !failing {
                    tracing::warn!(
                        event = "auth.refresh_failed",
                        error,
                        "known API keys go on working"
                    );
                }
            }
            failing = error.is_some();
            tokio::select! {
                () = tokio::time::sleep(REFRESH) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

/// Milliseconds in plain decimal: no sign, no spaces, no leading zero, so that one time has
/// one spelling.
fn parse_time(text: &str) -> Result<u64, AuthError> {
    let plain = (1..=15).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && !text.starts_with('0');
    plain
        .then(|| text.parse().ok())
        .flatten()
        .ok_or(AuthError::Unauthorized("X-Request-Time must be milliseconds since the epoch"))
}
