//! Sealing of secrets with the master key: XChaCha20-Poly1305, a random nonce in front, and
//! the name of what is sealed as associated data, so that boxes cannot be swapped.

use std::io;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use zaraba_secret as secret;

const NONCE: usize = 24;

/// The key that seals.
pub(super) struct MasterKey(XChaCha20Poly1305);

impl MasterKey {
    /// A key that is nowhere kept.
    pub(super) fn random() -> MasterKey {
        MasterKey(XChaCha20Poly1305::new((&*random::<32>()).into()))
    }

    /// Reads the key from `path` (64 hex digits), or makes one there when nothing is.
    pub(super) fn load_or_create(path: &Path) -> io::Result<MasterKey> {
        let bad = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
        let text = match secret::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = Zeroizing::new(hex::encode(*random::<32>()));
                secret::write(path, text.as_bytes())?;
                tracing::info!(event = "auth.master_key_created", path = %path.display());
                text
            }
            Err(error) => return Err(error),
        };
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *key)
            .map_err(|_| bad("a master key is 64 hexadecimal digits".into()))?;
        Ok(MasterKey(XChaCha20Poly1305::new((&*key).into())))
    }

    /// Seals `plain` under `name`.
    pub(super) fn seal(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        let nonce = random::<NONCE>();
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let sealed = self
            .0
            .encrypt(&XNonce::from(*nonce), payload)
            .expect("sealing fails only beyond 256 GiB");
        [&nonce[..], &sealed].concat()
    }

    /// Opens what was sealed under `name`; `None` when it was not, or by another key.
    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        self.0.decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
    }
}

/// Bytes from the operating system.
pub(super) fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_same_key_and_name_open() {
        let (key, other) = (MasterKey::random(), MasterKey::random());
        let sealed = key.seal("a", b"secret");
        assert_eq!(&**key.open("a", &sealed).unwrap(), b"secret");
        assert!(key.open("b", &sealed).is_none());
        assert!(other.open("a", &sealed).is_none());
        let mut bent = sealed.clone();
        *bent.last_mut().unwrap() ^= 1;
        assert!(key.open("a", &bent).is_none());
        assert!(key.open("a", &sealed[..10]).is_none());
        assert_ne!(sealed, key.seal("a", b"secret"), "nonces differ");
    }

    #[test]
    fn the_key_file_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/master.key");
        let sealed = MasterKey::load_or_create(&path).unwrap().seal("n", b"x");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(MasterKey::load_or_create(&path).unwrap().open("n", &sealed).is_some());
        fs::write(&path, "short").unwrap();
        assert!(MasterKey::load_or_create(&path).is_err());
    }
}
