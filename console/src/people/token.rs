//! ID tokens of the identity provider: whose key signed one, for whom, when. Pure; signatures
//! are checked by `jsonwebtoken`, with the algorithms that use a pair of keys only.

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use subtle::ConstantTimeEq;

/// Algorithms that are taken. `none` and those with a shared secret are not among them.
const ALGORITHMS: [Algorithm; 9] = {
    use Algorithm::*;
    [RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA]
};
/// Seconds by which two machines' clocks may differ.
const SKEW: i64 = 60;

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

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iat: i64,
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

/// Checks a token at `now` (Unix seconds); who it is about.
///
/// # Errors
/// Why it is worth nothing.
pub fn check(token: &str, keys: &Keys, expected: &Expected<'_>, now: i64) -> Result<String, Bad> {
    let header = decode_header(token).map_err(|e| Bad::Refused(e.to_string()))?;
    if !ALGORITHMS.contains(&header.alg) {
        return refused("its algorithm is not taken");
    }
    let key = key(keys, header.kid.as_deref(), header.alg)?;
    let mut validation = Validation::new(header.alg);
    validation.leeway = SKEW.unsigned_abs();
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let claims =
        decode::<Claims>(token, &key, &validation).map_err(|e| Bad::Refused(e.to_string()))?.claims;
    claims.check(expected, now)?;
    Ok(claims.sub)
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
        let only = match &self.aud {
            Value::String(_) => true,
            Value::Array(all) => all.len() == 1,
            _ => false,
        };
        if !only {
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
        if self.sub.is_empty() || self.sub.len() > 255 || self.sub.contains('\0') {
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
