//! API keys of an account: list, make, end.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use zaraba_engine::types::AccountCode;

use super::accounts::known;
use super::guard::Change;
use crate::auth::{Key, Network, NewKey, NewKind, Scope};
use crate::clock;
use crate::intake::http::error::{ApiError, ApiResult, Code};
use crate::intake::http::extract::{NoParams, Segment};
use crate::intake::http::fields::{self, Given, required, word};
use crate::intake::http::history::time_of;
use crate::intake::http::shapes::List;
use crate::market::text::time;
use crate::platform::Platform;

/// Longest label in bytes.
const LABEL_MAX: usize = 80;
/// Highest rate a key may carry.
const RATE_MAX: i64 = 1_000_000;

/// A key, without what signs.
#[derive(Serialize)]
pub(super) struct KeyShape {
    key_id: u32,
    api_key: String,
    /// `hmac` or `ed25519`.
    kind: &'static str,
    scopes: Vec<Scope>,
    addresses: Vec<String>,
    label: String,
    expires_at: Option<String>,
    /// Null: the configured default.
    reads_per_second: Option<u32>,
    writes_per_second: Option<u32>,
}

impl KeyShape {
    pub(super) fn new(key: &Key) -> KeyShape {
        KeyShape {
            key_id: key.key_id,
            api_key: key.api_key.clone(),
            kind: key.kind(),
            scopes: key.scopes.clone(),
            addresses: key.addresses.iter().map(Network::to_string).collect(),
            label: key.label.clone(),
            expires_at: key.expires_at.map(time),
            reads_per_second: key.reads_per_second,
            writes_per_second: key.writes_per_second,
        }
    }
}

/// An account's keys that can be used.
pub(super) async fn list(
    State(platform): State<Platform>,
    Segment(code): Segment,
    _: NoParams,
) -> ApiResult<Json<List<KeyShape>>> {
    known(&platform, &code)?;
    let items = platform.keys.of_account(&code).iter().map(|key| KeyShape::new(key)).collect();
    Ok(Json(List { items, next_cursor: None, seq: platform.live.seq().0 }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyBody<'a> {
    #[serde(borrow)]
    reason: Option<Given<'a>>,
    /// `hmac` (also when left out) or `ed25519`.
    #[serde(borrow)]
    kind: Option<Given<'a>>,
    #[serde(borrow)]
    scopes: Vec<Given<'a>>,
    #[serde(borrow)]
    label: Option<Given<'a>>,
    #[serde(borrow)]
    reads_per_second: Option<Given<'a>>,
    #[serde(borrow)]
    writes_per_second: Option<Given<'a>>,
    #[serde(borrow)]
    addresses: Option<Vec<Given<'a>>>,
    #[serde(borrow)]
    expires_at: Option<Given<'a>>,
    /// 64 hexadecimal digits, for `ed25519`.
    #[serde(borrow)]
    public_key: Option<Given<'a>>,
}

impl KeyBody<'_> {
    fn kind(&self) -> ApiResult<NewKind> {
        let kind = self.kind.as_ref().map_or(Ok("hmac"), |kind| kind.text("kind"))?;
        let is_hmac = word("kind", kind, &[("hmac", true), ("ed25519", false)])?;
        if is_hmac {
            return match self.public_key {
                None => Ok(NewKind::Hmac),
                Some(_) => Err(bad("public_key", "an hmac key has no public key")),
            };
        }
        let text = required(&self.public_key, "public_key")?.text("public_key")?;
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key)
            .map_err(|_| bad("public_key", "public_key is 64 hexadecimal digits"))?;
        Ok(NewKind::Ed25519(key))
    }

    fn scopes(&self) -> ApiResult<Vec<Scope>> {
        let mut scopes = Vec::new();
        for given in &self.scopes {
            let text = given.text("scopes")?;
            let scope = Scope::parse(text)
                .ok_or_else(|| bad("scopes", "scopes are read, trade, transfer"))?;
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        if scopes.is_empty() {
            return Err(bad("scopes", "a key needs at least one scope"));
        }
        Ok(scopes)
    }

    fn addresses(&self) -> ApiResult<Vec<Network>> {
        let given = self.addresses.as_deref().unwrap_or_default();
        if given.len() > 64 {
            return Err(bad("addresses", "at most 64 networks"));
        }
        let read = |given: &Given<'_>| {
            Network::parse(given.text("addresses")?)
                .ok_or_else(|| bad("addresses", "addresses are networks such as 10.0.0.0/8"))
        };
        given.iter().map(read).collect()
    }

    fn rate(given: &Option<Given<'_>>, name: &'static str) -> ApiResult<Option<u32>> {
        given.as_ref().map(|g| g.integer(name, 1, RATE_MAX).map(|rate| rate as u32)).transpose()
    }
}

fn bad(field: &'static str, message: &'static str) -> ApiError {
    ApiError::new(Code::InvalidValue, message).field(field)
}

/// A key that was made; the secret is told this once.
#[derive(Serialize)]
pub(super) struct CreatedShape {
    key_id: u32,
    api_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_secret: Option<String>,
}

/// A new key of an account.
pub(super) async fn create(
    State(platform): State<Platform>,
    Segment(code): Segment,
    change: Change,
) -> ApiResult<(StatusCode, Json<CreatedShape>)> {
    known(&platform, &code)?;
    let account = AccountCode::new(&code).ok_or_else(|| ApiError::plain(Code::UnknownAccount))?;
    let body: KeyBody<'_> = fields::read(&change.body)?;
    let label = body.label.as_ref().map_or(Ok(""), |label| label.text("label"))?;
    if label.len() > LABEL_MAX || label.chars().any(char::is_control) {
        return Err(bad("label", "a label has at most 80 bytes and no control characters"));
    }
    let expires_at = body.expires_at.as_ref().map(|at| at.text("expires_at")).transpose()?;
    let expires_at = time_of("expires_at", expires_at)?;
    if expires_at.is_some_and(|at| at <= clock::now()) {
        return Err(bad(
            "expires_at",
            "expires_at is not in the future: the key could never be used",
        ));
    }
    let new = NewKey {
        account,
        kind: body.kind()?,
        scopes: body.scopes()?,
        addresses: body.addresses()?,
        expires_at,
        reads_per_second: KeyBody::rate(&body.reads_per_second, "reads_per_second")?,
        writes_per_second: KeyBody::rate(&body.writes_per_second, "writes_per_second")?,
        label: label.to_owned(),
    };
    let by = change.because(&body.reason)?;
    let made = platform.keys.create_once(new, change.actor(), Some(change.request())).await?;
    tracing::info!(
        event = "admin.key_created",
        actor = change.actor(),
        approver = by.approver.as_str(),
        reason = by.reason.as_str(),
        account = code,
        key.id = made.key_id
    );
    let api_secret = made.api_secret.map(|secret| secret.as_str().to_owned());
    let shape = CreatedShape { key_id: made.key_id, api_key: made.api_key, api_secret };
    Ok((StatusCode::CREATED, Json(shape)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why<'a> {
    #[serde(borrow)]
    reason: Option<Given<'a>>,
}

/// Ends a key. Repeats answer that there is none.
pub(super) async fn revoke(
    State(platform): State<Platform>,
    Path((code, api_key)): Path<(String, String)>,
    change: Change,
) -> ApiResult<StatusCode> {
    known(&platform, &code)?;
    let body: Why<'_> = fields::read(&change.body)?;
    let by = change.because(&body.reason)?;
    if !platform.keys.revoke(&code, &api_key).await? {
        let message = "the account has no such key that can still be used";
        return Err(ApiError::new(Code::NotFound, message).field("api_key"));
    }
    tracing::info!(
        event = "admin.key_revoked",
        actor = change.actor(),
        approver = by.approver.as_str(),
        reason = by.reason.as_str(),
        account = code,
        api_key
    );
    Ok(StatusCode::NO_CONTENT)
}
