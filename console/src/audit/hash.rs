//! The hash of an entry, computed apart from the database's own function (`audit.hash_of`), so
//! that checking the chain does not trust the database.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// Stands before the first entry.
pub const ORIGIN: Hash = [0; 32];

/// Everything that the hash of an entry covers, besides the hash of the entry before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // columns of audit.entries
pub struct Content {
    pub seq: i64,
    pub at: Timestamp,
    pub staff_id: Option<i32>,
    pub login: String,
    pub session_id: Option<i64>,
    pub address: String,
    pub kind: String,
    pub object_kind: String,
    pub object_id: String,
    pub request: Option<uuid::Uuid>,
    /// JSON, as stored.
    pub detail: String,
}

/// Adds a field: its length in bytes (4 bytes, big-endian) and its UTF-8 bytes; `ffffffff` for
/// none.
fn field(hasher: &mut Sha256, value: Option<&str>) {
    match value {
        None => hasher.update(u32::MAX.to_be_bytes()),
        Some(text) => {
            // Columns are bounded far below 4 GiB.
            hasher.update(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
            hasher.update(text.as_bytes());
        }
    }
}

/// The hash of an entry that follows one with the hash `previous`.
pub fn hash_of(content: &Content, previous: &Hash) -> Hash {
    let number = |value: Option<i64>| value.map(|v| v.to_string());
    let mut hasher = Sha256::new();
    hasher.update(b"zaraba audit 1");
    hasher.update(previous);
    field(&mut hasher, Some(&content.seq.to_string()));
    field(&mut hasher, Some(&content.at.as_microsecond().to_string()));
    field(&mut hasher, number(content.staff_id.map(i64::from)).as_deref());
    field(&mut hasher, Some(&content.login));
    field(&mut hasher, number(content.session_id).as_deref());
    field(&mut hasher, Some(&content.address));
    field(&mut hasher, Some(&content.kind));
    field(&mut hasher, Some(&content.object_kind));
    field(&mut hasher, Some(&content.object_id));
    field(&mut hasher, content.request.map(|id| id.hyphenated().to_string()).as_deref());
    field(&mut hasher, Some(&content.detail));
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Content {
        Content {
            seq: 7,
            at: "2026-11-21T06:43:58.123456Z".parse().unwrap(),
            staff_id: Some(3),
            login: "aki".into(),
            session_id: None,
            address: "192.0.2.7".into(),
            kind: "view".into(),
            object_kind: "account".into(),
            object_id: "C-1".into(),
            request: None,
            detail: "{}".into(),
        }
    }

    /// The bytes as the documentation says them, written out by hand.
    #[test]
    fn the_encoding_is_the_documented_one() {
        let mut bytes = b"zaraba audit 1".to_vec();
        bytes.extend([9; 32]);
        for text in ["7", "1795243438123456", "3", "aki"] {
            bytes.extend((text.len() as u32).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes.extend([0xff; 4]);
        for text in ["192.0.2.7", "view", "account", "C-1"] {
            bytes.extend((text.len() as u32).to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes.extend([0xff; 4]);
        bytes.extend([0, 0, 0, 2]);
        bytes.extend(b"{}");
        let want: Hash = Sha256::digest(&bytes).into();
        assert_eq!(hash_of(&entry(), &[9; 32]), want);
    }

    #[test]
    fn every_field_counts_and_none_runs_into_the_next() {
        let mut hashes = vec![hash_of(&entry(), &ORIGIN), hash_of(&entry(), &[1; 32])];
        let changes: [fn(&mut Content); 13] = [
            |e| e.seq = 8,
            |e| e.at = "2026-11-21T06:43:58.123457Z".parse().unwrap(),
            |e| e.staff_id = None,
            |e| e.login = "akiko".into(),
            |e| e.session_id = Some(0),
            |e| e.address = String::new(),
            |e| e.kind = "viewed".into(),
            |e| e.object_kind = "order".into(),
            |e| e.object_id = "C-2".into(),
            |e| e.request = Some(uuid::Uuid::nil()),
            |e| e.detail = "{\"a\":1}".into(),
            |e| (e.kind, e.object_kind) = ("viewa".into(), "ccount".into()),
            |e| (e.login, e.address) = ("aki192".into(), ".0.2.7".into()),
        ];
        for change in changes {
            let mut changed = entry();
            change(&mut changed);
            hashes.push(hash_of(&changed, &ORIGIN));
        }
        let different: std::collections::BTreeSet<&Hash> = hashes.iter().collect();
        assert_eq!(different.len(), hashes.len());
    }
}
