//! The admin API's bearer token: one per platform, in a file that the console reads too.

use std::io;
use std::path::Path;

use subtle::ConstantTimeEq;

use super::seal::{random, write_secret};

/// Shortest token that is taken from a file.
const LENGTH_MIN: usize = 32;

/// A token, kept as its hash, which also makes comparing it independent of its length.
#[derive(Clone)]
pub struct AdminToken(blake3::Hash);

impl AdminToken {
    /// A token of this text.
    pub fn new(token: &str) -> AdminToken {
        AdminToken(blake3::hash(token.as_bytes()))
    }

    /// Reads the token from `path`, or makes a random one there when nothing is.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds less than 32 characters.
    pub fn load_or_create(path: &Path) -> io::Result<AdminToken> {
        let token = match std::fs::read_to_string(path) {
            Ok(token) => token,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let token = hex::encode(*random::<32>());
                write_secret(path, token.as_bytes())?;
                tracing::info!(event = "auth.admin_token_created", path = %path.display());
                token
            }
            Err(error) => return Err(error),
        };
        let token = token.trim();
        if token.len() < LENGTH_MIN {
            let why = format!("{}: a token has {LENGTH_MIN} characters or more", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(AdminToken::new(token))
    }

    /// Whether `given` is the token, in constant time.
    pub fn is(&self, given: &str) -> bool {
        blake3::hash(given.as_bytes()).as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_short_ones_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("admin.token");
        let token = AdminToken::load_or_create(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(token.is(&text) && !token.is("") && !token.is(&text[1..]));
        assert!(AdminToken::load_or_create(&path).unwrap().is(&text));
        std::fs::write(&path, "password\n").unwrap();
        assert!(AdminToken::load_or_create(&path).is_err());
    }
}
