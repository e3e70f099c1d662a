//! Who may call: API keys, signatures, scopes, address lists, rate limits.
//!
//! All keys are in memory; verifying touches neither disk nor database. Postgres (schema
//! `access`) is where keys live, a sealed file beside the journal lets the backend
//! authenticate when it starts without Postgres. Knows nothing of HTTP: the doors hand in
//! the parts of a request and map [`AuthError`] to their own answers.

mod keys;
pub mod limit;
mod metrics;
mod replay;
mod seal;
pub mod sign;
mod store;
pub mod token;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use zaraba_engine::types::{AccountId, Timestamp};

pub use keys::{Created, Keys, KeysError, NewKey, NewKind};

use self::limit::Meter;
use self::sign::Verifier;

/// What a key may do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See orders, fills, balances, ledger.
    Read,
    /// Place, amend, cancel.
    Trade,
    /// Move value out.
    Transfer,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 3] = [Scope::Read, Scope::Trade, Scope::Transfer];

    /// `read`, `trade`, `transfer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Trade => "trade",
            Scope::Transfer => "transfer",
        }
    }

    /// The scope of this name.
    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Which of a key's two rate limits a call with this scope is counted against.
    fn is_write(self) -> bool {
        self != Scope::Read
    }
}

/// Why a caller is not let in. Everything up to `ReplayedSignature` is also what a stranger
/// sees and does not tell whether the key exists.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// A header is missing or cannot be read.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The request's time is too far from the server's.
    #[error(
        "X-Request-Time is {age_ms} ms from the server's clock, more than {window_ms} ms; \
         compare with GET /v1/time and sign again"
    )]
    StaleRequest {
        /// Distance in milliseconds.
        age_ms: u64,
        /// Allowed distance in milliseconds.
        window_ms: u64,
    },
    /// No such key, or not its signature.
    #[error(
        "the key is not known or the signature does not match request time + METHOD + path \
         with query + body"
    )]
    BadSignature,
    /// The signature was used before.
    #[error("this signature was accepted before; sign every request anew with the present time")]
    ReplayedSignature,
    /// Too many signatures to remember: nothing can be accepted safely.
    #[error("too many requests are being remembered; nothing was done, try again shortly")]
    ReplayCacheFull,
    /// Past its time.
    #[error("the API key has expired; create a new one")]
    KeyExpired,
    /// Not from an address on the key's list.
    #[error("the API key may not be used from this address")]
    AddressNotAllowed,
    /// The key lacks the scope.
    #[error("the API key lacks the scope `{}`", .0.as_str())]
    InsufficientScope(Scope),
    /// The key's account does not exist here.
    #[error("the API key's account does not exist on this platform")]
    UnknownAccount,
    /// Too fast.
    #[error("too many requests; slow down")]
    RateLimited {
        /// How long to wait.
        retry_after: Duration,
    },
}

impl AuthError {
    /// The stable public code.
    pub fn code(&self) -> &'static str {
        match self {
            AuthError::Unauthorized(_) => "unauthorized",
            AuthError::StaleRequest { .. } => "stale_request",
            AuthError::BadSignature => "bad_signature",
            AuthError::ReplayedSignature => "replayed_signature",
            AuthError::ReplayCacheFull => "busy",
            AuthError::KeyExpired => "key_expired",
            AuthError::AddressNotAllowed => "address_not_allowed",
            AuthError::InsufficientScope(_) => "insufficient_scope",
            AuthError::UnknownAccount => "unknown_account",
            AuthError::RateLimited { .. } => "rate_limited",
        }
    }
}

/// A network an address can be in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `10.0.0.0/8`, `::1/128` or a single address. Bits after the prefix must be zero.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address.parse().ok()?, prefix.parse().ok()?),
            None => {
                let address: IpAddr = text.parse().ok()?;
                (address, if address.is_ipv4() { 32 } else { 128 })
            }
        };
        let (bits, width) = bits(address);
        let host = u32::from(width.checked_sub(prefix)?);
        let below = 1u128.checked_shl(host).map_or(u128::MAX, |bound| bound - 1);
        let clean = bits & below == 0;
        clean.then_some(Network { address, prefix })
    }

    /// Whether the address is in this network.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let ((own, width), (other, other_width)) = (bits(self.address), bits(address));
        if width != other_width {
            return false;
        }
        let host = u32::from(width - self.prefix);
        host >= 128 || own >> host == other >> host
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

/// An API key, ready to verify with.
pub struct Key {
    /// Number, for the audit trail.
    pub key_id: u32,
    /// Public name.
    pub api_key: String,
    /// The broker's code of its account.
    pub account_code: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Where it may come from; empty: anywhere.
    pub addresses: Vec<Network>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Requests per second; `None`: the configured default.
    pub reads_per_second: Option<u32>,
    /// Requests per second; `None`: the configured default.
    pub writes_per_second: Option<u32>,
    /// What people call it.
    pub label: String,
    verifier: Verifier,
    /// Kept sealed, for the file cache; the public key for Ed25519.
    sealed: Vec<u8>,
    account: OnceLock<AccountId>,
    /// Survives a refresh, so that a change of the key does not refill its buckets.
    meters: Arc<Meters>,
    /// What all keys of its account without a rate of their own share.
    of_account: Arc<Meters>,
}

#[derive(Default)]
struct Meters {
    reads: Meter,
    writes: Meter,
}

impl Key {
    /// `hmac` or `ed25519`.
    pub fn kind(&self) -> &'static str {
        self.verifier.kind()
    }
}

/// Who calls, after everything was checked.
#[derive(Clone)]
pub struct Principal {
    /// The key.
    pub key: Arc<Key>,
    /// Its account.
    pub account: AccountId,
}

/// The signed parts of a request, as they came.
#[derive(Clone, Copy, Debug)]
pub struct SignedParts<'a> {
    /// `X-Api-Key`.
    pub api_key: &'a str,
    /// `X-Request-Time`, ms since the epoch, in decimal.
    pub request_time: &'a str,
    /// `X-Signature`, lowercase hex.
    pub signature: &'a str,
    /// Method in capitals.
    pub method: &'a str,
    /// Path with query, as sent.
    pub path: &'a str,
    /// Body, as sent.
    pub body: &'a [u8],
}

#[cfg(test)]
mod tests;
