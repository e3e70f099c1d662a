//! The file of admin tokens: one per line, `name token end`. Messages name lines and tokens'
//! names, never a token.

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::auth::seal::random;

/// Most tokens of a file.
const TOKENS_MAX: usize = 32;
/// Lengths of a token; `new` makes 64 hexadecimal digits, 256 bits.
const LENGTH: std::ops::RangeInclusive<usize> = 32..=128;
/// Longest name: shorter than any token, so that the two cannot be mixed up and a token told as a
/// name.
const NAME_MAX: usize = 31;
/// Stands at the head of files that this program makes.
pub(super) const HEAD: &str = "# Tokens of the admin API, one per line: name token end\n";

/// A line: who calls, with what, until when.
pub struct Line {
    /// Which token: told in logs and metrics.
    pub name: String,
    /// The secret.
    pub token: Zeroizing<String>,
    /// From when on it is refused.
    pub until: Timestamp,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "token {:?} until {}", self.name, self.until)
    }
}

impl Line {
    /// A random token of this name.
    ///
    /// # Errors
    /// When it cannot be a name.
    pub fn random(name: &str, until: Timestamp) -> Result<Line, String> {
        check_name(name)?;
        let token = Zeroizing::new(hex::encode(*random::<32>()));
        Ok(Line { name: name.to_owned(), token, until })
    }

    /// As it stands in a file, with its line's end.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{} {} {}\n", self.name, self.token.as_str(), self.until))
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    // Not told: it may be a token in the wrong place.
    Err(format!("a name has 1 to {NAME_MAX} ASCII letters, digits, '-', '_' or '.'"))
}

/// Reads a file's text. No token may end more than `days_max` days after `now`.
///
/// # Errors
/// What is wrong, in which line, and how it should be.
pub fn parse(text: &str, now: Timestamp, days_max: u32) -> Result<Vec<Line>, String> {
    let latest = now + SignedDuration::from_hours(24 * i64::from(days_max));
    let mut lines: Vec<Line> = Vec::new();
    for (number, words) in words(text) {
        let line = line(&words, latest, days_max).map_err(|why| format!("line {number}: {why}"))?;
        if lines.iter().any(|other| other.name == line.name) {
            return Err(format!("line {number}: the name {} is there twice", line.name));
        }
        if lines.iter().any(|other| *other.token == *line.token) {
            return Err(format!("line {number}: {} has the token of another", line.name));
        }
        lines.push(line);
        if lines.len() > TOKENS_MAX {
            return Err(format!("more than {TOKENS_MAX} tokens; take out those that have ended"));
        }
    }
    if lines.is_empty() {
        return Err(format!("there is no token in it; {HOW}"));
    }
    Ok(lines)
}

const HOW: &str = "a line is `name token end`, such as `console-a <64 hex digits> \
                   2027-01-31T00:00:00Z`; `zaraba admin-token new --name console-a --file FILE` \
                   writes one";

/// Lines that say something, with their numbers, as words.
fn words(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.split_whitespace().collect::<Vec<_>>()))
        .filter(|(_, words)| words.first().is_some_and(|first| !first.starts_with('#')))
}

fn line(words: &[&str], latest: Timestamp, days_max: u32) -> Result<Line, String> {
    let [name, token, until] = words else {
        return Err(format!("it has {} words: {HOW}", words.len()));
    };
    check_name(name)?;
    if !LENGTH.contains(&token.len()) || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let (min, max) = LENGTH.into_inner();
        return Err(format!("the token of {name} has not {min} to {max} printable characters"));
    }
    let until: Timestamp = until.parse().map_err(|_| {
        format!("the end of {name} is no time such as 2027-01-31T00:00:00Z (with Z or an offset)")
    })?;
    if until > latest {
        return Err(format!(
            "{name} ends at {until}, more than {days_max} days ahead, which is the longest \
             (http.admin_token_days)"
        ));
    }
    Ok(Line { name: (*name).to_owned(), token: Zeroizing::new((*token).to_owned()), until })
}

/// The text without the line of this name, all else as it was; `None` when there is none.
pub(super) fn without(text: &str, name: &str) -> Option<Zeroizing<String>> {
    let gone: BTreeSet<usize> = words(text)
        .filter(|(_, words)| words.first() == Some(&name))
        .map(|(number, _)| number)
        .collect();
    let kept = text.split_inclusive('\n').enumerate();
    let kept = kept.filter(|(index, _)| !gone.contains(&(index + 1))).map(|(_, line)| line);
    (!gone.is_empty()).then(|| Zeroizing::new(kept.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn now() -> Timestamp {
        "2026-11-22T00:00:00Z".parse().unwrap()
    }

    fn refused(text: &str) -> String {
        let why = parse(text, now(), 90).unwrap_err();
        assert!(!why.contains("89abcdef"), "no token is told: {why}");
        why
    }

    #[test]
    fn names_tokens_and_ends_are_read() {
        let text = format!(
            "# of the consoles\n\n  console-a\t{TOKEN}  2027-01-31T09:00:00+09:00\n\
             console-b {TOKEN}b 2026-01-01T00:00:00Z\n"
        );
        let lines = parse(&text, now(), 90).unwrap();
        let told: Vec<String> = lines.iter().map(|line| format!("{line:?}")).collect();
        assert_eq!(
            told,
            [
                "token \"console-a\" until 2027-01-31T00:00:00Z",
                "token \"console-b\" until 2026-01-01T00:00:00Z"
            ]
        );
        assert_eq!(*lines[1].text(), format!("console-b {TOKEN}b 2026-01-01T00:00:00Z\n"));
    }

    #[test]
    fn a_file_that_cannot_be_used_is_refused_with_line_and_form() {
        let good = "2026-12-01T00:00:00Z";
        for (text, says) in [
            (format!("{TOKEN}\n"), "line 1: it has 1 words: a line is `name token end`"),
            (String::new(), "there is no token"),
            ("# nothing\n".into(), "zaraba admin-token new"),
            (format!("a {TOKEN}\n"), "it has 2 words"),
            (format!("a {TOKEN} {good} more\n"), "it has 4 words"),
            (format!("{TOKEN} console-a {good}\n"), "a name has"),
            (format!("a/b {TOKEN} {good}\n"), "a name has"),
            (format!("a {} {good}\n", &TOKEN[1..]), "the token of a has not 32"),
            (format!("a {TOKEN} 2026-12-01\n"), "the end of a is no time"),
            (format!("a {TOKEN} 2026-12-01T00:00:00\n"), "the end of a is no time"),
            (format!("\na {TOKEN} 2027-02-21T00:00:00Z\n"), "line 2: a ends at 2027-02-21"),
            (format!("a {TOKEN} {good}\na {TOKEN}b {good}\n"), "the name a is there twice"),
            (format!("a {TOKEN} {good}\nb {TOKEN} {good}\n"), "b has the token of another"),
        ] {
            let why = refused(&text);
            assert!(why.contains(says), "{text}: {why}");
        }
        let many: String = (0..33).map(|n| format!("n{n} {TOKEN}{n} {good}\n")).collect();
        assert!(refused(&many).contains("more than 32 tokens"));
    }

    #[test]
    fn the_longest_life_is_taken_and_a_second_more_is_not() {
        let at = |until: &str| parse(&format!("a {TOKEN} {until}"), now(), 90);
        assert!(at("2027-02-20T00:00:00Z").is_ok());
        assert!(at("2027-02-20T00:00:01Z").unwrap_err().contains("90 days"));
    }

    #[test]
    fn taking_one_out_leaves_all_else_as_it_was() {
        let text = format!("# a b\na {TOKEN} x\n\nab {TOKEN} y");
        assert_eq!(*without(&text, "a").unwrap(), format!("# a b\n\nab {TOKEN} y"));
        assert_eq!(without(&text, "b"), None);
        assert_eq!(without(&text, "#"), None);
    }
}
