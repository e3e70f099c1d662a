//! Entries as files: JSON lines with every field and both hashes, so that who has the file can
//! compute the chain; CSV for spreadsheets, where a cell that begins like a formula is quoted.

use serde_json::json;

use super::store::Stored;

const COLUMNS: [&str; 13] = [
    "seq",
    "at",
    "staff_id",
    "login",
    "session_id",
    "address",
    "kind",
    "object_kind",
    "object_id",
    "request",
    "detail",
    "previous_hash",
    "hash",
];

/// Entries as lines of JSON.
pub fn jsonl(entries: &[Stored]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let c = &entry.content;
        let line = json!({"seq": c.seq, "at": c.at, "staff_id": c.staff_id, "login": c.login,
            "session_id": c.session_id, "address": c.address, "kind": c.kind,
            "object_kind": c.object_kind, "object_id": c.object_id, "request": c.request,
            "detail": c.detail, "previous_hash": hex::encode(&entry.previous),
            "hash": hex::encode(&entry.hash)});
        bytes.extend_from_slice(line.to_string().as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// A cell that no spreadsheet runs.
fn safe(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

fn records(records: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    for record in records {
        // Writing into memory, rows of one length: there is nothing to fail.
        let written = writer.write_record(record.into_iter().map(safe));
        debug_assert!(written.is_ok());
    }
    writer.into_inner().unwrap_or_default()
}

/// The head of a CSV file, with the byte order mark that spreadsheets look for.
pub fn csv_head() -> Vec<u8> {
    let mut bytes = "\u{feff}".as_bytes().to_vec();
    bytes.extend(records([COLUMNS.map(str::to_owned).to_vec()].into_iter()));
    bytes
}

/// Entries as lines of CSV.
pub fn csv(entries: &[Stored]) -> Vec<u8> {
    records(entries.iter().map(|entry| {
        let c = &entry.content;
        vec![
            c.seq.to_string(),
            c.at.to_string(),
            c.staff_id.map(|id| id.to_string()).unwrap_or_default(),
            c.login.clone(),
            c.session_id.map(|id| id.to_string()).unwrap_or_default(),
            c.address.clone(),
            c.kind.clone(),
            c.object_kind.clone(),
            c.object_id.clone(),
            c.request.map(|id| id.to_string()).unwrap_or_default(),
            c.detail.clone(),
            hex::encode(&entry.previous),
            hex::encode(&entry.hash),
        ]
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::hash::Content;

    fn entry() -> Stored {
        let content = Content {
            seq: 7,
            at: "2026-11-21T06:43:58.123456Z".parse().unwrap(),
            staff_id: None,
            login: "=cmd|x".into(),
            session_id: Some(3),
            address: "192.0.2.7".into(),
            kind: "view".into(),
            object_kind: "account".into(),
            object_id: "-1,\"".into(),
            request: None,
            detail: "{\"a\":\"b\"}".into(),
        };
        Stored { content, previous: vec![0; 32], hash: vec![0xff; 32] }
    }

    #[test]
    fn no_cell_is_run_as_a_formula_and_every_column_has_its_name() {
        let text = String::from_utf8([csv_head(), csv(&[entry()])].concat()).unwrap();
        let mut lines = text.split("\r\n");
        assert_eq!(lines.next().unwrap().split(',').count(), COLUMNS.len());
        let row = lines.next().unwrap();
        assert!(
            row.starts_with(
                "7,2026-11-21T06:43:58.123456Z,,'=cmd|x,3,192.0.2.7,view,account,\"'-1,\"\"\""
            ),
            "{row}"
        );
        assert!(row.ends_with(&"f".repeat(64)));
    }

    #[test]
    fn json_lines_hold_what_the_hash_covers() {
        let lines = String::from_utf8(jsonl(&[entry(), entry()])).unwrap();
        assert_eq!(lines.lines().count(), 2);
        let read: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(read["login"], "=cmd|x", "as it is");
        assert_eq!(read["detail"], "{\"a\":\"b\"}", "the text that was hashed");
        assert_eq!(read["previous_hash"], "0".repeat(64));
    }
}
