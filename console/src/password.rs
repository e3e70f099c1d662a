//! Passwords: what is refused, hashing, and checking in equal time. Hashing is bounded to
//! two at once, so that a flood of sign-ins cannot take the machine's memory and cores.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::error::Failure;

/// Shortest password, in characters.
pub const SHORTEST: usize = 12;
/// Longest password, in characters. Long passphrases are welcome; this only bounds the work.
pub const LONGEST: usize = 128;

/// Why a new password is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short.
    #[error(
        "the password has fewer than {SHORTEST} characters; a few unrelated words make a good one"
    )]
    Short,
    /// Too long.
    #[error("the password has more than {LONGEST} characters")]
    Long,
    /// On the lists of common passwords, made of the person's names, or a pattern.
    #[error(
        "the password would be guessed: it is common, a pattern, or made of the person's names; \
         a few unrelated words make a good one"
    )]
    Guessable,
}

/// Refuses passwords that would be guessed: by the lists of common passwords and words, and
/// the ways people vary them. `known` is what a guesser knows of the person.
///
/// # Errors
/// Why it is refused.
pub fn check_new(known: &[&str], password: &str) -> Result<(), Weak> {
    match password.chars().count() {
        ..SHORTEST => return Err(Weak::Short),
        n if n > LONGEST => return Err(Weak::Long),
        _ => {}
    }
    let parts = known.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let known: Vec<&str> =
        known.iter().copied().chain(parts).chain(["zaraba", "console"]).collect();
    // Three: safe against guessing where the hash is unknown, and moderately where it leaked.
    let guessable = zxcvbn::zxcvbn(password, &known).score() < zxcvbn::Score::Three;
    if guessable || own_letters(password, &known) < OWN_LETTERS {
        return Err(Weak::Guessable);
    }
    Ok(())
}

/// Letters and digits a password needs beside what a guesser knows of the person.
const OWN_LETTERS: usize = 8;

/// How many letters and digits are left when what is known is taken out.
fn own_letters(password: &str, known: &[&str]) -> usize {
    let mut known: Vec<String> = known
        .iter()
        .filter(|text| text.chars().count() > 2)
        .map(|text| text.to_lowercase())
        .collect();
    known.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let left = known.iter().fold(password.to_lowercase(), |left, text| left.replace(text, " "));
    left.chars().filter(|c| c.is_alphanumeric()).count()
}

fn argon2() -> Argon2<'static> {
    // OWASP's first choice for argon2id: 19 MiB, two passes, one lane; about 25 ms.
    let params = Params::new(19_456, 2, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password with a fresh salt, to a PHC string. Takes tens of milliseconds.
///
/// # Errors
/// When the system gives no randomness for the salt.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    let hash: PasswordHash = argon2().hash_password(password.as_bytes())?;
    Ok(hash.to_string())
}

fn verify(password: &str, phc: &str) -> bool {
    PasswordHash::new(phc)
        .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A hash nobody's password has, to spend the same time on logins that do not exist.
static DECOY: LazyLock<String> =
    LazyLock::new(|| hash(&hex::encode(crate::session::random())).unwrap_or_default());

/// Too many are waiting for a check.
#[derive(Debug, thiserror::Error)]
#[error("too many sign-ins are being checked")]
pub struct Busy;

/// Checks passwords, at most two at once.
#[derive(Clone)]
pub struct Checker {
    slots: Arc<Semaphore>,
}

impl Default for Checker {
    fn default() -> Self {
        Checker { slots: Arc::new(Semaphore::new(2)) }
    }
}

impl Checker {
    /// Hashes a new password, in turn with the checks.
    ///
    /// # Errors
    /// When the console is too busy, or the system gives no randomness.
    pub async fn hash(&self, password: String) -> Result<String, Failure> {
        let slot = tokio::time::timeout(Duration::from_secs(3), self.slots.clone().acquire_owned());
        let Ok(Ok(slot)) = slot.await else { return Err(Failure::Busy) };
        let hashed = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            hash(&password)
        });
        hashed
            .await
            .map_err(|e| Failure::Internal(format!("hashing: {e}")))?
            .map_err(|e| Failure::Internal(format!("hashing: {e}")))
    }

    /// Whether `password` is the one behind `phc`. Without `phc` (no such login) the answer
    /// is no, after the same work.
    ///
    /// # Errors
    /// When no slot became free within three seconds.
    pub async fn check(&self, password: String, phc: Option<String>) -> Result<bool, Busy> {
        let slot = tokio::time::timeout(Duration::from_secs(3), self.slots.clone().acquire_owned());
        let slot = slot.await.map_err(|_| Busy)?.map_err(|_| Busy)?;
        let checked = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            match phc {
                Some(phc) => verify(&password, &phc),
                None => {
                    verify(&password, &DECOY);
                    false
                }
            }
        });
        checked.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_passwords_are_refused_and_long_ones_taken() {
        let of = |password: &str| check_new(&["aki.tanaka", "Aki Tanaka"], password);
        assert_eq!(of("short"), Err(Weak::Short));
        assert_eq!(of(&"x".repeat(129)), Err(Weak::Long));
        for guessable in [
            "passwordpassword",
            "qwertyuiop123456",
            "abababababababab",
            "aki.tanaka12",
            "AkiTanaka2026",
            "P@ssw0rd12345",
            "iloveyou1234",
            "zarabazaraba",
            "111111111111",
        ] {
            assert_eq!(of(guessable), Err(Weak::Guessable), "{guessable}");
        }
        assert_eq!(of("seven small boats at dawn"), Ok(()));
        assert_eq!(of("夜明けに七つの小さな舟が出ていく"), Ok(()));
        assert_eq!(of("hf8Q-pw2k-Tz7"), Ok(()));
        let long = "four grey cats watch the harbour while the ferry turns toward the island";
        assert_eq!(of(long), Ok(()));
    }

    #[tokio::test]
    async fn only_the_right_password_passes() {
        let phc = hash("seven small boats at dawn").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        let checker = Checker::default();
        let right = "seven small boats at dawn".to_owned();
        assert!(checker.check(right.clone(), Some(phc.clone())).await.unwrap());
        assert!(!checker.check("seven small boats".into(), Some(phc)).await.unwrap());
        assert!(!checker.check(right, None).await.unwrap());
        assert!(DECOY.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "the same work");
    }
}
