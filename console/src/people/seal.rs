//! Sealing of secrets and of state that travels through browsers: XChaCha20-Poly1305 with the
//! console's key file, a random nonce in front, and the name of what is sealed as associated
//! data, so that boxes cannot be swapped.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

const NONCE: usize = 24;

/// The console's key: it seals, and it marks codes.
pub struct Key {
    sealing: XChaCha20Poly1305,
    marking: Zeroizing<[u8; 32]>,
}

impl Key {
    fn of(secret: &[u8; 32]) -> Key {
        let marking = blake3::derive_key("zaraba console 2026 keyed hashes", secret);
        Key { sealing: XChaCha20Poly1305::new(secret.into()), marking: Zeroizing::new(marking) }
    }

    /// Reads the key from `path` (64 hex digits), or makes one there when nothing is.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds something else.
    pub fn load_or_create(path: &Path) -> io::Result<Key> {
        let text = match zaraba_secret::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path)?;
                zaraba_secret::read(path)?
            }
            Err(error) => return Err(error),
        };
        let mut secret = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *secret).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidData, "a key is 64 hexadecimal digits")
        })?;
        Ok(Key::of(&secret))
    }

    /// Seals `plain` under `name`.
    pub fn seal(&self, name: &str, plain: &[u8]) -> Vec<u8> {
        let random = crate::session::random();
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&random[..NONCE]);
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let sealed = self
            .sealing
            .encrypt(&XNonce::from(nonce), payload)
            .expect("sealing fails only beyond 256 GiB");
        [&nonce[..], &sealed].concat()
    }

    /// Opens what was sealed under `name`; `None` when it was not, or by another key.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        self.sealing.decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
    }

    /// Seals `plain` as text for a form or a cookie, good until `until` (Unix seconds).
    pub fn seal_text(&self, name: &str, plain: &[u8], until: i64) -> String {
        let timed = Zeroizing::new([&until.to_be_bytes()[..], plain].concat());
        hex::encode(self.seal(name, &timed))
    }

    /// Opens what [`Key::seal_text`] made, unless it is over at `now` (Unix seconds).
    pub fn open_text(&self, name: &str, text: &str, now: i64) -> Option<Zeroizing<Vec<u8>>> {
        let timed = self.open(name, &hex::decode(text).ok()?)?;
        let (until, plain) = timed.split_at_checked(8)?;
        let until = i64::from_be_bytes(until.try_into().ok()?);
        (now < until).then(|| Zeroizing::new(plain.to_vec()))
    }

    /// A keyed hash: without the key file it cannot be tried out which code gives it.
    pub fn mark(&self, name: &str, code: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.marking);
        hasher.update(&(name.len() as u64).to_be_bytes()).update(name.as_bytes()).update(code);
        *hasher.finalize().as_bytes()
    }
}

/// Makes a key file that only this user can read, whole or not at all. Where another process
/// made one at the same time, that one stays.
fn create(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let text = Zeroizing::new(hex::encode(crate::session::random()));
    let temporary = path.with_extension(hex::encode(&crate::session::random()[..8]));
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // Unlike a rename, a link never replaces what is there.
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Ok(()) => tracing::info!(event = "console.key_created", path = %path.display()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_same_key_name_and_time_open() {
        let (key, other) = (Key::of(&[1; 32]), Key::of(&[2; 32]));
        let sealed = key.seal("a", b"secret");
        assert_eq!(&**key.open("a", &sealed).unwrap(), b"secret");
        assert!(key.open("b", &sealed).is_none());
        assert!(other.open("a", &sealed).is_none());
        assert_ne!(sealed, key.seal("a", b"secret"), "nonces differ");
        let text = key.seal_text("a", b"secret", 100);
        assert_eq!(&**key.open_text("a", &text, 99).unwrap(), b"secret");
        assert!(key.open_text("a", &text, 100).is_none(), "over");
        assert!(key.open_text("a", &text.replace('a', "b"), 99).is_none());
        assert_ne!(key.mark("a", b"x"), other.mark("a", b"x"));
        assert_ne!(key.mark("a", b"bx"), key.mark("ab", b"x"));
    }

    #[test]
    fn the_key_file_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/console.key");
        let sealed = Key::load_or_create(&path).unwrap().seal("n", b"x");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Key::load_or_create(&path).unwrap().open("n", &sealed).is_some());
        create(&path).unwrap();
        assert!(Key::load_or_create(&path).unwrap().open("n", &sealed).is_some(), "it stays");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else does");
        fs::write(&path, "short").unwrap();
        assert!(Key::load_or_create(&path).is_err());
    }
}
