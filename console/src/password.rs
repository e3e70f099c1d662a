//! Passwords: what is refused, hashing, and checking in equal time. Hashing is bounded to
//! two at once, so that a flood of sign-ins cannot take the machine's memory and cores.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// Shortest password, in characters.
pub const SHORTEST: usize = 15;
/// Longest password, in bytes. Long passphrases are welcome; this only bounds the work.
pub const LONGEST: usize = 1024;

/// Passwords of [`SHORTEST`] or more characters that head every list of breached ones, in
/// lower case. Shorter ones need no list: they are refused anyway.
const BREACHED: [&str; 24] = [
    "123456789012345",
    "1234567890123456",
    "12345678901234567890",
    "1qaz2wsx3edc4rfv",
    "1q2w3e4r5t6y7u8i",
    "1q2w3e4r5t6y7u8i9o0p",
    "qwertyuiopasdfgh",
    "qwertyuiopasdfghjkl",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop123456",
    "qwertyuiop1234567890",
    "passwordpassword",
    "password12345678",
    "password1234567890",
    "abcdefghijklmnop",
    "abcdefghijklmnopqrstuvwxyz",
    "iloveyouiloveyou",
    "administrator123",
    "administratoradministrator",
    "changemechangeme",
    "letmeinletmeinletmein",
    "trustno1trustno1",
    "welcomewelcome123",
    "correcthorsebatterystaple",
];

/// Why a new password is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short.
    #[error(
        "the password has fewer than {SHORTEST} characters; a few unrelated words make a good one"
    )]
    Short,
    /// Too long.
    #[error("the password has more than {LONGEST} bytes")]
    Long,
    /// Known to everyone.
    #[error("the password is on lists of breached passwords; choose another")]
    Breached,
    /// A handful of characters, or the sign-in name, repeated.
    #[error("the password repeats a few characters or the sign-in name; choose another")]
    Repetitive,
}

/// Refuses passwords that would be guessed.
///
/// # Errors
/// Why it is refused.
pub fn check_new(login: &str, password: &str) -> Result<(), Weak> {
    if password.chars().count() < SHORTEST {
        return Err(Weak::Short);
    }
    if password.len() > LONGEST {
        return Err(Weak::Long);
    }
    let lower = password.to_lowercase();
    if BREACHED.contains(&lower.as_str()) {
        return Err(Weak::Breached);
    }
    let distinct: std::collections::BTreeSet<char> = lower.chars().collect();
    let without_login = lower.replace(&login.to_lowercase(), "");
    if distinct.len() < 5 || without_login.chars().count() < SHORTEST / 2 {
        return Err(Weak::Repetitive);
    }
    Ok(())
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
        assert_eq!(check_new("aki", "short"), Err(Weak::Short));
        assert_eq!(check_new("aki", &"x".repeat(2000)), Err(Weak::Long));
        assert_eq!(check_new("aki", "CorrectHorseBatteryStaple"), Err(Weak::Breached));
        assert_eq!(check_new("aki", "abababababababab"), Err(Weak::Repetitive));
        assert_eq!(check_new("aki.tanaka", "aki.tanakaAki.Tanaka12"), Err(Weak::Repetitive));
        assert_eq!(check_new("aki", "seven small boats at dawn"), Ok(()));
        assert_eq!(check_new("aki", "夜明けに七つの小さな舟が出ていく"), Ok(()));
        assert_eq!(check_new("aki", &"abcde fghij ".repeat(6)), Ok(()));
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
