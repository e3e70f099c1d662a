//! This console's token of the admin API: a line `name token end` in a file that is read for
//! every call, so that it is replaced while the console runs.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::metrics::METRICS;
use zaraba_secret as secret;

/// A token that ends within this is told of by readiness.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What calls carry.
pub struct Token {
    /// The secret.
    pub text: Zeroizing<String>,
    /// When the backend stops taking it.
    pub until: Timestamp,
}

/// How the token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Valid for more than a week.
    Valid,
    /// Ends within a week.
    Ending,
    /// Past its end.
    Ended,
    /// Cannot be read.
    Unusable,
}

impl State {
    /// As machines are told.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Valid => "valid",
            State::Ending => "ending",
            State::Ended => "ended",
            State::Unusable => "unusable",
        }
    }
}

/// The token of a file; where a backend's file with several is shared, the one that lasts longest.
///
/// # Errors
/// Why there is none, in words that hold nothing of it.
pub fn read(path: &Path) -> Result<Token, String> {
    let text = secret::read(path).map_err(|error| error.to_string())?;
    parse(&text)
}

fn parse(text: &str) -> Result<Token, String> {
    let mut longest: Option<Token> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let token = parse_line(line).ok_or_else(|| {
            format!(
                "line {} is not `name token end`, such as `console-a <64 hex digits> \
                 2027-01-31T00:00:00Z`; `zaraba admin-token new` writes one",
                index + 1
            )
        })?;
        if longest.as_ref().is_none_or(|longest| longest.until <= token.until) {
            longest = Some(token);
        }
    }
    longest.ok_or_else(|| "there is no token in it; `zaraba admin-token new` writes one".to_owned())
}

fn parse_line(line: &str) -> Option<Token> {
    let mut words = line.split_whitespace();
    let (_name, text, until) = (words.next()?, words.next()?, words.next()?);
    // It goes into a header.
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    if words.next().is_some() || !printable {
        return None;
    }
    Some(Token { text: Zeroizing::new(text.to_owned()), until: until.parse().ok()? })
}

/// How the token of this file is now; also sets the metrics.
pub fn look(path: &Path) -> State {
    let token = read(path);
    METRICS.token_unusable.set(token.is_err().into());
    let Ok(token) = token else { return State::Unusable };
    let left = token.until.duration_since(crate::clock::now());
    METRICS.token_seconds.set(left.as_secs());
    match left {
        left if left <= SignedDuration::ZERO => State::Ended,
        left if left <= SOON => State::Ending,
        _ => State::Valid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_that_lasts_longest_is_taken() {
        let text = "# of the backend\nold aaaa 2026-12-01T00:00:00Z\n\n\
                    new bbbb 2027-01-01T09:00:00+09:00\nodd cccc 2026-12-05T00:00:00Z\n";
        let token = parse(text).ok().unwrap();
        assert_eq!(
            (token.text.as_str(), token.until.to_string().as_str()),
            ("bbbb", "2027-01-01T00:00:00Z")
        );
    }

    #[test]
    fn what_cannot_be_used_is_told_without_the_token() {
        for (text, says) in [
            ("secret-word\n", "line 1 is not `name token end`"),
            ("\na secret-word 2027-01-01\n", "line 2 is not"),
            ("a secret-word 2027-01-01T00:00:00Z more\n", "line 1 is not"),
            ("a secret-wörd 2027-01-01T00:00:00Z\n", "line 1 is not"),
            ("# a secret-word\n", "there is no token"),
        ] {
            let why = parse(text).err().unwrap();
            assert!(why.contains(says) && !why.contains("secret-w"), "{text}: {why}");
        }
    }
}
