//! Passkeys (WebAuthn): what a browser is asked and whether its answer holds. A ceremony's
//! state travels sealed through the browser, bound to its purpose; the store sees to it that
//! none is answered twice. User verification is always asked for, so a passkey is worth two
//! factors.

use std::net::IpAddr;

use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::request::register::{
    CredProtect, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle64,
};
use webauthn_rp::request::{AsciiDomain, PublicKeyCredentialDescriptor, RpId};
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication64, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration,
    RegistrationServerState,
};

use super::seal::Key;
use crate::error::Failure;

/// Seconds a ceremony may take.
const SECONDS: i64 = 300;

type StoredKey = StaticState<CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>>;

/// This console as passkeys know it.
pub struct Relying {
    id: RpId,
    origin: String,
}

/// What the browser is asked.
pub struct Started {
    /// For the browser: JSON.
    pub options: String,
    /// Comes back with the answer: sealed.
    pub state: String,
}

/// A passkey to keep.
pub struct Registered {
    /// What authenticators call it.
    pub credential_id: Vec<u8>,
    /// Public key and what was agreed.
    pub fixed: Vec<u8>,
    /// Signature counter, backup state.
    pub moving: Vec<u8>,
}

/// A passkey as kept.
pub struct Stored<'a> {
    /// What authenticators call it.
    pub credential_id: &'a [u8],
    /// Whose it is, as authenticators know them.
    pub handle: &'a [u8],
    /// Public key and what was agreed.
    pub fixed: &'a [u8],
    /// Signature counter, backup state.
    pub moving: &'a [u8],
}

/// An answer of a browser that came to the right place.
pub struct Answered(DiscoverableAuthentication64);

/// Why an answer is refused; for the log.
#[derive(Debug, thiserror::Error)]
#[error("passkey refused: {0}")]
pub struct Refused(String);

fn refused(why: impl std::fmt::Display) -> Refused {
    Refused(why.to_string())
}

fn broken(why: impl std::fmt::Display) -> Failure {
    Failure::Internal(format!("passkeys: {why}"))
}

impl Relying {
    /// The console at this address; none when it has an address instead of a name, for which
    /// browsers make no passkeys.
    pub fn of(public_url: &str) -> Option<Relying> {
        let (_, rest) = public_url.split_once("://")?;
        let host = match rest.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => rest,
        };
        if host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
            return None;
        }
        let domain = AsciiDomain::try_from(host.to_owned()).ok()?;
        Some(Relying { id: RpId::Domain(domain), origin: public_url.to_owned() })
    }

    /// Begins to make a passkey for a person; `purpose` binds the state to one session.
    ///
    /// # Errors
    /// When the library refuses what is stored.
    pub fn start_registration(
        &self,
        key: &Key,
        purpose: &str,
        login: &str,
        name: &str,
        handle: [u8; 64],
        existing: Vec<Vec<u8>>,
    ) -> Result<Started, Failure> {
        let Ok(id) = UserHandle64::decode(handle);
        let user = PublicKeyCredentialUserEntity {
            name: login.try_into().map_err(broken)?,
            id: &id,
            display_name: name.try_into().ok(),
        };
        let unknown = AuthTransports::decode(0).map_err(broken)?;
        let existing = existing
            .into_iter()
            .filter_map(|id| CredentialId::<Vec<u8>>::decode(id).ok())
            .map(|id| PublicKeyCredentialDescriptor { id, transports: unknown })
            .collect();
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.id, user, existing);
        // Authenticators that do not know this extension would refuse; every proof asks for
        // user verification anyway.
        options.extensions.cred_protect = CredProtect::None;
        let (server, client) = options.start_ceremony().map_err(broken)?;
        let state = server.encode().map_err(broken)?;
        Ok(Started {
            options: serde_json::to_string(&client).map_err(broken)?,
            state: sealed(key, purpose, &state),
        })
    }

    /// Whether the browser's answer makes a passkey.
    ///
    /// # Errors
    /// Why not.
    pub fn finish_registration(
        &self,
        key: &Key,
        purpose: &str,
        state: &str,
        answer: &str,
    ) -> Result<Registered, Refused> {
        let state = opened(key, purpose, state)?;
        let state = RegistrationServerState::<64>::decode(&state).map_err(refused)?;
        let answer = Registration::from_json_relaxed(answer.as_bytes()).map_err(refused)?;
        let origins = [self.origin.as_str()];
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        let made = state.verify(&self.id, &answer, &options).map_err(refused)?;
        let Ok(fixed) = made.static_state().encode();
        let Ok(moving) = made.dynamic_state().encode();
        Ok(Registered {
            credential_id: made.id().as_ref().to_vec(),
            fixed,
            moving: moving.to_vec(),
        })
    }

    /// Asks for any passkey of this console.
    ///
    /// # Errors
    /// When the library fails.
    pub fn start_proof(&self, key: &Key, purpose: &str) -> Result<Started, Failure> {
        let options = DiscoverableCredentialRequestOptions::passkey(&self.id);
        let (server, client) = options.start_ceremony().map_err(broken)?;
        let state = server.encode().map_err(broken)?;
        Ok(Started {
            options: serde_json::to_string(&client).map_err(broken)?,
            state: sealed(key, purpose, &state),
        })
    }

    /// Whether the answer proves possession of the stored passkey; its new moving state, when
    /// that changed. A signature counter that did not move on is refused.
    ///
    /// # Errors
    /// Why not.
    pub fn finish_proof(
        &self,
        key: &Key,
        purpose: &str,
        state: &str,
        answer: &Answered,
        stored: &Stored<'_>,
    ) -> Result<Option<Vec<u8>>, Refused> {
        let state = opened(key, purpose, state)?;
        let state = DiscoverableAuthenticationServerState::decode(&state).map_err(refused)?;
        let handle: [u8; 64] = stored.handle.try_into().map_err(refused)?;
        let Ok(handle) = UserHandle64::decode(handle);
        let id = CredentialId::<&[u8]>::decode(stored.credential_id).map_err(refused)?;
        let fixed = StoredKey::decode(stored.fixed).map_err(refused)?;
        let moving = stored.moving.try_into().map_err(refused)?;
        let moving = DynamicState::decode(moving).map_err(refused)?;
        let mut credential =
            AuthenticatedCredential::new(id, &handle, fixed, moving).map_err(refused)?;
        let origins = [self.origin.as_str()];
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..Default::default()
        };
        let moved =
            state.verify(&self.id, &answer.0, &mut credential, &options).map_err(refused)?;
        let Ok(moving) = credential.dynamic_state().encode();
        Ok(moved.then(|| moving.to_vec()))
    }
}

impl Answered {
    /// Reads what the browser sent.
    ///
    /// # Errors
    /// When it is nothing a browser sends.
    pub fn read(answer: &str) -> Result<Answered, Refused> {
        let read = DiscoverableAuthentication64::from_json_relaxed(answer.as_bytes());
        read.map(Answered).map_err(refused)
    }

    /// Which passkey it says it is.
    pub fn credential_id(&self) -> Vec<u8> {
        self.0.raw_id().as_ref().to_vec()
    }
}

/// What stands for a ceremony among the answered ones.
pub fn ceremony(state: &str) -> [u8; 32] {
    *blake3::hash(state.to_ascii_lowercase().as_bytes()).as_bytes()
}

fn sealed(key: &Key, purpose: &str, state: &[u8]) -> String {
    key.seal_text(purpose, state, crate::clock::now().as_second() + SECONDS)
}

fn opened(key: &Key, purpose: &str, state: &str) -> Result<Vec<u8>, Refused> {
    let now = crate::clock::now().as_second();
    key.open_text(purpose, state, now)
        .map(|plain| plain.to_vec())
        .ok_or_else(|| refused("its ceremony is over, or was another's"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_names_not_to_addresses() {
        for url in ["http://127.0.0.1:8082", "http://[::1]:8082", "https://10.0.0.7"] {
            assert!(Relying::of(url).is_none(), "{url}");
        }
        for url in ["http://localhost:8082", "https://console.example.com"] {
            assert!(Relying::of(url).is_some(), "{url}");
        }
    }
}
