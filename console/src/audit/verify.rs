//! Checking the chain: every entry's hash is computed again, here and not by the database, and
//! the anchors in the journal are compared with it. Memory is bounded: entries go through in
//! chunks, and only the first findings are kept.

use std::collections::HashMap;

use sqlx::PgPool;

use super::hash::{Hash, ORIGIN, hash_of};
use super::store::{self, Anchor, Stored};

/// Entries read at once, and anchors.
const CHUNK: i64 = 2000;
/// Findings kept; further ones are counted.
const FINDINGS: usize = 100;

/// What is wrong at an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Entries between the one before and this one are missing: the first missing number.
    Missing(i64),
    /// It does not name the hash of the entry before it.
    Unlinked,
    /// Its fields do not give its hash: it was changed.
    Changed,
    /// The journal's anchor (its sequence) has another hash for it: this entry or an earlier
    /// one was changed, and hashes were made anew.
    Anchor(i64),
    /// The journal's anchor (its sequence) counts more entries than there are: the newest were
    /// cut off.
    Cut(i64),
}

impl Damage {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Damage::Missing(_) => "missing_before",
            Damage::Unlinked => "previous_hash_differs",
            Damage::Changed => "content_differs",
            Damage::Anchor(_) => "anchor_differs",
            Damage::Cut(_) => "cut_off",
        }
    }

    /// The number that goes with it: the first missing entry, or the anchor's journal sequence.
    pub fn number(&self) -> Option<i64> {
        match self {
            Damage::Missing(n) | Damage::Anchor(n) | Damage::Cut(n) => Some(*n),
            Damage::Unlinked | Damage::Changed => None,
        }
    }
}

/// Damage, and the entry where it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Number of the entry.
    pub seq: i64,
    /// What is wrong.
    pub damage: Damage,
}

/// What a verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Entries looked at.
    pub entries: i64,
    /// Number of the last one.
    pub last: i64,
    /// Hash of the last one.
    pub head: Hash,
    /// Anchors compared.
    pub anchors: u64,
    /// Last entry that an anchor covers.
    pub anchored: i64,
    /// The first findings.
    pub findings: Vec<Finding>,
    /// All findings.
    pub damaged: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn whole(&self) -> bool {
        self.damaged == 0
    }

    fn found(&mut self, seq: i64, damage: Damage) {
        self.damaged += 1;
        if self.findings.len() < FINDINGS {
            self.findings.push(Finding { seq, damage });
        }
    }

    /// For the trail, and for scripts.
    pub fn to_json(&self) -> serde_json::Value {
        let findings: Vec<_> = self
            .findings
            .iter()
            .map(|f| {
                serde_json::json!({"entry": f.seq, "what": f.damage.code(),
                    "number": f.damage.number()})
            })
            .collect();
        serde_json::json!({"whole": self.whole(), "entries": self.entries, "last": self.last,
            "head": hex::encode(self.head), "anchors": self.anchors, "anchored": self.anchored,
            "damaged": self.damaged, "findings": findings})
    }
}

/// Goes along the chain, one entry after the other.
#[derive(Default)]
struct Walk {
    report: Report,
}

impl Walk {
    fn step(&mut self, entry: &Stored) {
        let seq = entry.content.seq;
        let expected = self.report.last + 1;
        if seq != expected {
            self.report.found(seq, Damage::Missing(expected));
        }
        let before: Hash = if self.report.entries == 0 { ORIGIN } else { self.report.head };
        if entry.previous != before {
            self.report.found(seq, Damage::Unlinked);
        }
        // Over the hash that the entry itself names, so that one wrong link is one finding.
        let named = Hash::try_from(entry.previous.as_slice()).unwrap_or(ORIGIN);
        if entry.hash != hash_of(&entry.content, &named) {
            self.report.found(seq, Damage::Changed);
        }
        self.report.head = Hash::try_from(entry.hash.as_slice()).unwrap_or(ORIGIN);
        self.report.last = seq;
        self.report.entries += 1;
    }

    fn compare(&mut self, seq: i64, stored: Option<&[u8]>, anchor: &Anchor) {
        self.report.anchors += 1;
        match stored {
            Some(hash) if hash == anchor.hash => {
                self.report.anchored = self.report.anchored.max(seq);
            }
            Some(_) => self.report.found(seq, Damage::Anchor(anchor.journal_seq)),
            None => self.report.found(seq, Damage::Cut(anchor.journal_seq)),
        }
    }
}

/// Where the anchors come from.
pub enum Anchors {
    /// The projection of the journal (`trading.anchors`).
    Projected,
    /// A file made from the journal itself.
    Given(Vec<Anchor>),
}

/// Verifies the whole chain as it is at the start; `progress` hears entries done and in all.
///
/// # Errors
/// When the database does not answer. Damage is no error, but in the report.
pub async fn verify(
    pool: &PgPool,
    anchors: Anchors,
    mut progress: impl FnMut(i64, i64) + Send,
) -> sqlx::Result<Report> {
    let total = store::head(pool).await?.map_or(0, |(seq, _)| seq);
    let mut walk = Walk::default();
    progress(0, total);
    while walk.report.last < total {
        let entries = store::after(pool, walk.report.last, CHUNK).await?;
        if entries.is_empty() {
            break;
        }
        for entry in entries.iter().filter(|entry| entry.content.seq <= total) {
            walk.step(entry);
        }
        progress(walk.report.last, total);
        if entries.last().is_some_and(|entry| entry.content.seq > total) {
            break;
        }
    }
    compare_anchors(pool, &mut walk, anchors).await?;
    Ok(walk.report)
}

async fn compare_anchors(pool: &PgPool, walk: &mut Walk, anchors: Anchors) -> sqlx::Result<()> {
    let mut given = match anchors {
        Anchors::Given(all) => return compare(pool, walk, &all).await,
        Anchors::Projected => store::anchors(pool, 0, CHUNK).await?,
    };
    while let Some(last) = given.last().map(|anchor| anchor.journal_seq) {
        compare(pool, walk, &given).await?;
        given = store::anchors(pool, last, CHUNK).await?;
    }
    Ok(())
}

/// Compares anchors with the entries that they name.
async fn compare(pool: &PgPool, walk: &mut Walk, anchors: &[Anchor]) -> sqlx::Result<()> {
    for some in anchors.chunks(CHUNK as usize) {
        let counts: Vec<i64> = some.iter().map(|anchor| anchor.count).collect();
        let hashes: HashMap<i64, Vec<u8>> =
            sqlx::query!("SELECT seq, hash FROM audit.entries WHERE seq = ANY($1)", &counts)
                .fetch_all(pool)
                .await?
                .into_iter()
                .map(|row| (row.seq, row.hash))
                .collect();
        for anchor in some {
            walk.compare(anchor.count, hashes.get(&anchor.count).map(Vec::as_slice), anchor);
        }
    }
    Ok(())
}

/// Anchors from lines of JSON, as `zaraba journal dump` prints them; lines that are no anchor
/// of the audit trail are passed over.
///
/// # Errors
/// Which line is not what it says.
pub fn read_anchors(
    lines: impl Iterator<Item = std::io::Result<String>>,
) -> Result<Vec<Anchor>, String> {
    let mut anchors = Vec::new();
    for (number, line) in lines.enumerate() {
        let failed = |what: &str| format!("line {}: {what}", number + 1);
        let line = line.map_err(|e| failed(&e.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        let value: serde_json::Value =
            serde_json::from_str(&line).map_err(|e| failed(&e.to_string()))?;
        let journal_seq = value["seq"].as_i64().unwrap_or(0);
        let command = if value["command"].is_object() { &value["command"] } else { &value };
        if command["what"] != "audit" || command.get("kind").is_some_and(|kind| kind != "anchor") {
            continue;
        }
        let count = command["count"].as_i64().ok_or_else(|| failed("no count"))?;
        let hash = command["hash"].as_str().and_then(|text| hex::decode(text).ok());
        let hash = hash.and_then(|bytes| Hash::try_from(bytes.as_slice()).ok());
        let hash = hash.ok_or_else(|| failed("no hash of 64 hexadecimal digits"))?;
        anchors.push(Anchor { count, hash, journal_seq });
    }
    Ok(anchors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_read_from_a_dump() {
        let hash = "ab".repeat(32);
        let lines = [
            format!(
                r#"{{"seq":7,"command":{{"kind":"anchor","what":"audit","count":3,"hash":"{hash}"}}}}"#
            ),
            r#"{"seq":8,"command":{"kind":"place"}}"#.to_owned(),
            String::new(),
            format!(r#"{{"seq":9,"kind":"anchor","what":"other","count":3,"hash":"{hash}"}}"#),
            format!(r#"{{"what":"audit","count":4,"hash":"{hash}","seq":10}}"#),
        ];
        let read = read_anchors(lines.into_iter().map(Ok)).unwrap();
        let anchor = |count, journal_seq| Anchor { count, hash: [0xab; 32], journal_seq };
        assert_eq!(read, [anchor(3, 7), anchor(4, 10)]);
        for bad in ["{", r#"{"what":"audit","count":1,"hash":"ab"}"#, r#"{"what":"audit"}"#] {
            let error = read_anchors([Ok(bad.to_owned())].into_iter()).unwrap_err();
            assert!(error.starts_with("line 1: "), "{error}");
        }
    }
}
