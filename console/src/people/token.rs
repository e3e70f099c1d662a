//! ID tokens and logout tokens of the identity provider: whose key signed one, for whom, when. Pure;
//! signatures are checked by `jsonwebtoken`, with the algorithms that use a pair of keys only.

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;

/// Algorithms that are taken. `none` and those with a shared secret are not among them.
const ALGORITHMS: [Algorithm; 9] = {
    use Algorithm::*;
    [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA]
};
/// Seconds by which two machines' clocks may differ.
const SKEW: i64 = 60;
/// Seconds for which a logout token is good.
const LOGOUT_SECONDS: i64 = 120;
/// What a logout token has to say that it is.
const LOGOUT_TYPE: &str = "logout+jwt";
/// What a logout token says happened.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Longest name of a person, a session or a token at the provider.
const LONGEST_NAME: usize = 255;

/// The provider's public keys.
#[derive(Clone, Debug, Deserialize)]
pub struct Keys {
    /// Those it lists; what is no key we know is left out.
    #[serde(deserialize_with = "known_ones")]
    keys: Vec<Jwk>,
}

fn known_ones<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Jwk>, D::Error> {
    let all: Vec<Value> = Vec::deserialize(from)?;
    Ok(all.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
}

/// What a token has to say.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a str,
    /// For whom.
    pub client_id: &'a str,
    /// For which way there and back.
    pub nonce: &'a str,
    /// The person proved who they are at or after this time (Unix seconds).
    pub since: Option<i64>,
    /// How they did; empty: any way.
    pub acr: &'a str,
}

/// Why a token is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    /// Its key is not among those known.
    #[error("signed with a key the provider does not list")]
    UnknownKey,
    /// Anything else.
    #[error("{0}")]
    Refused(String),
}

fn refused<T>(why: &str) -> Result<T, Bad> {
    Err(Bad::Refused(why.into()))
}

/// Whom an ID token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The provider's name for the person.
    pub subject: String,
    /// Its name for its session with them, where it tells one.
    pub session: Option<String>,
}

/// What a logout token says: at least one of the two names is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logout {
    /// The provider's name for the person.
    pub subject: Option<String>,
    /// Its name for its session with them.
    pub session: Option<String>,
    /// The token's own name.
    pub id: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iat: i64,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    aud: Value,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: String,
    #[serde(default)]
    auth_time: Option<i64>,
    #[serde(default)]
    acr: Option<String>,
}

/// Checks an ID token at `now` (Unix seconds); who it is about.
///
/// # Errors
/// Why it is worth nothing.
pub fn check(
    token: &str,
    keys: &Keys,
    expected: &Expected<'_>,
    now: i64,
) -> Result<Identified, Bad> {
    let required = ["exp", "iss", "aud", "sub"];
    let claims: Claims = opened(token, keys, (expected.issuer, expected.client_id), &required)?;
    claims.check(expected, now)?;
    let session = claims.sid.filter(|sid| is_name(sid));
    Ok(Identified { subject: claims.sub, session })
}

/// Checks a logout token at `now` (Unix seconds): it is one, made just now by the issuer for this
/// client alone. Whether it was sent before is not known here.
///
/// # Errors
/// Why it is worth nothing.
pub fn check_logout(
    token: &str,
    keys: &Keys,
    (issuer, client_id): (&str, &str),
    now: i64,
) -> Result<Logout, Bad> {
    let header = decode_header(token).map_err(|e| Bad::Refused(e.to_string()))?;
    let kind = header.typ.unwrap_or_default().to_ascii_lowercase();
    // No other kind of token can pass for one, whatever it says.
    if kind.strip_prefix("application/").unwrap_or(&kind) != LOGOUT_TYPE {
        return refused("it is no logout token by its type");
    }
    let claims: LogoutClaims = opened(token, keys, (issuer, client_id), &["iss", "aud"])?;
    claims.check(now)
}

/// The claims of a token whose signature, issuer, audience and time hold.
fn opened<T: DeserializeOwned>(
    token: &str,
    keys: &Keys,
    (issuer, client_id): (&str, &str),
    required: &[&str],
) -> Result<T, Bad> {
    let header = decode_header(token).map_err(|e| Bad::Refused(e.to_string()))?;
    if !ALGORITHMS.contains(&header.alg) {
        return refused("its algorithm is not taken");
    }
    let key = key(keys, header.kid.as_deref(), header.alg)?;
    let mut validation = Validation::new(header.alg);
    validation.leeway = SKEW.unsigned_abs();
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[client_id]);
    validation.set_required_spec_claims(required);
    let found = decode::<T>(token, &key, &validation);
    Ok(found.map_err(|e| Bad::Refused(e.to_string()))?.claims)
}

/// Whether something can be the provider's name for a person, a session or a token.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME && !text.contains('\0')
}

/// Whether an audience is one client and no other.
fn is_one(audience: &Value) -> bool {
    match audience {
        Value::String(_) => true,
        Value::Array(all) => all.len() == 1,
        _ => false,
    }
}

/// The key that a token names, if it may sign with this algorithm.
fn key(keys: &Keys, kid: Option<&str>, alg: Algorithm) -> Result<DecodingKey, Bad> {
    let fits = |jwk: &&Jwk| {
        let common = &jwk.common;
        let signs =
            !matches!(&common.public_key_use, Some(purpose) if *purpose != PublicKeyUse::Signature);
        let named = kid.is_none() || common.key_id.as_deref() == kid;
        let same = common.key_algorithm.is_none_or(|own| format!("{own:?}") == format!("{alg:?}"));
        signs && named && same
    };
    let mut fitting = keys
        .keys
        .iter()
        .filter(fits)
        .filter_map(|jwk| DecodingKey::from_jwk(jwk).ok())
        .filter(|key| key.family() == alg.family());
    match (fitting.next(), fitting.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => Err(Bad::UnknownKey),
        _ => refused("it does not say which of several keys signed it"),
    }
}

impl Claims {
    fn check(&self, expected: &Expected<'_>, now: i64) -> Result<(), Bad> {
        if !is_one(&self.aud) {
            return refused("it is for others, too");
        }
        if self.azp.as_deref().is_some_and(|azp| azp != expected.client_id) {
            return refused("it was given to another client");
        }
        let same: bool = self.nonce.as_bytes().ct_eq(expected.nonce.as_bytes()).into();
        if !same {
            return refused("its nonce is another's");
        }
        if self.iat > now + SKEW {
            return refused("it was made in the future");
        }
        if !is_name(&self.sub) {
            return refused("its subject is empty or too long");
        }
        if let Some(since) = expected.since {
            match self.auth_time {
                None => return refused("it does not say when the person signed in"),
                Some(at) if at < since - SKEW => return refused("the sign-in is an old one"),
                Some(at) if at > now + SKEW => return refused("the sign-in is in the future"),
                Some(_) => {}
            }
        }
        if !expected.acr.is_empty() && self.acr.as_deref() != Some(expected.acr) {
            return refused("the person signed in another way than is asked for");
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct LogoutClaims {
    iat: i64,
    jti: String,
    events: Map<String, Value>,
    #[serde(default)]
    aud: Value,
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    nonce: Option<Value>,
}

impl LogoutClaims {
    fn check(self, now: i64) -> Result<Logout, Bad> {
        if !is_one(&self.aud) {
            return refused("it is for others, too");
        }
        if !self.events.get(LOGOUT_EVENT).is_some_and(Value::is_object) {
            return refused("it does not say that somebody signed out");
        }
        if self.nonce.is_some() {
            return refused("it has a nonce, as only ID tokens do");
        }
        if self.iat > now + SKEW || self.iat < now - LOGOUT_SECONDS - SKEW {
            return refused("it was not made just now");
        }
        if self.sub.is_none() && self.sid.is_none() {
            return refused("it names neither a person nor a session");
        }
        let names = [Some(&self.jti), self.sub.as_ref(), self.sid.as_ref()];
        if !names.into_iter().flatten().all(|name| is_name(name)) {
            return refused("one of its names is empty or too long");
        }
        Ok(Logout { subject: self.sub, session: self.sid, id: self.jti })
    }
}
