//! Signatures, both ends: what clients of the platform (load generator, replay, tests) sign
//! with, and what verifies them. The signed message is
//! `request_time + METHOD + path_with_query + body`.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Header with the key's public name.
pub const API_KEY: &str = "x-api-key";
/// Header with the request's time in milliseconds since the epoch.
pub const REQUEST_TIME: &str = "x-request-time";
/// Header with the signature in lowercase hex.
pub const SIGNATURE: &str = "x-signature";

type HmacSha256 = Hmac<Sha256>;

/// Signs requests as a client does.
#[derive(Clone)]
pub struct Signer {
    api_key: String,
    with: With,
}

#[derive(Clone)]
enum With {
    Hmac(Box<HmacSha256>),
    Ed25519(Box<SigningKey>),
}

impl Signer {
    /// Signs with the secret that came with an HMAC key (the text itself is the secret).
    pub fn hmac(api_key: &str, api_secret: &str) -> Signer {
        Signer {
            api_key: api_key.to_owned(),
            with: With::Hmac(Box::new(keyed(api_secret.as_bytes()))),
        }
    }

    /// Signs with a private key whose public half the server holds.
    pub fn ed25519(api_key: &str, private_key: &[u8; 32]) -> Signer {
        let key = SigningKey::from_bytes(private_key);
        Signer { api_key: api_key.to_owned(), with: With::Ed25519(Box::new(key)) }
    }

    /// The key's public name.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The signature of a request at `time_ms` (milliseconds since the epoch). Two equal
    /// requests in one millisecond have one signature, and the second would be refused:
    /// vary the time.
    pub fn sign(&self, time_ms: u64, method: &str, path: &str, body: &[u8]) -> String {
        let time = time_ms.to_string();
        match &self.with {
            With::Hmac(mac) => {
                let mut mac = mac.clone();
                for part in [time.as_bytes(), method.as_bytes(), path.as_bytes(), body] {
                    mac.update(part);
                }
                hex::encode(mac.finalize().into_bytes())
            }
            With::Ed25519(key) => {
                let message = [time.as_bytes(), method.as_bytes(), path.as_bytes(), body].concat();
                hex::encode(key.sign(&message).to_bytes())
            }
        }
    }

    /// The three headers of a signed request.
    pub fn headers(
        &self,
        time_ms: u64,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> [(&'static str, String); 3] {
        [
            (API_KEY, self.api_key.clone()),
            (REQUEST_TIME, time_ms.to_string()),
            (SIGNATURE, self.sign(time_ms, method, path, body)),
        ]
    }
}

fn keyed(secret: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(secret).expect("HMAC takes keys of any length")
}

/// Checks signatures of one key. HMAC state is keyed once, not per request.
pub(super) enum Verifier {
    Hmac(Box<HmacSha256>),
    Ed25519(Box<VerifyingKey>),
}

impl Verifier {
    pub(super) fn hmac(secret: &[u8]) -> Verifier {
        Verifier::Hmac(Box::new(keyed(secret)))
    }

    /// `None` when the bytes are no public key, or a weak one that fits many signatures.
    pub(super) fn ed25519(public_key: &[u8; 32]) -> Option<Verifier> {
        let key = VerifyingKey::from_bytes(public_key).ok()?;
        (!key.is_weak()).then(|| Verifier::Ed25519(Box::new(key)))
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Verifier::Hmac(_) => "hmac",
            Verifier::Ed25519(_) => "ed25519",
        }
    }

    /// Whether `signature` (decoded) is this key's over the parts.
    pub(super) fn verify(&self, parts: [&[u8]; 4], signature: &[u8]) -> bool {
        match self {
            Verifier::Hmac(mac) => {
                let mut mac = mac.clone();
                for part in parts {
                    mac.update(part);
                }
                let expected = mac.finalize().into_bytes();
                signature.len() == expected.len() && bool::from(expected[..].ct_eq(signature))
            }
            Verifier::Ed25519(key) => Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(&parts.concat(), &signature).is_ok()),
        }
    }
}

/// Decodes lowercase hex of 32 or 64 bytes; anything else, capitals included, is `None`, so
/// that one signature has one spelling.
pub(super) fn decode(hex_text: &str, into: &mut [u8; 64]) -> Option<usize> {
    let length = hex_text.len() / 2;
    if !matches!(hex_text.len(), 64 | 128) || hex_text.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    hex::decode_to_slice(hex_text, &mut into[..length]).ok()?;
    Some(length)
}
