//! Which files a journal directory holds, and whether they belong together. Looks at names
//! and headers only.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zaraba_engine::types::Seq;

use super::error::VERSION_WAYS_OUT;
use super::format::{BadHeader, FORMAT_VERSION, HEADER_BYTES, SegmentHeader};
use super::{Dirs, JournalError};
use crate::lock;

/// Names the newest segment, so that losing it is noticed.
pub(super) const NEWEST: &str = "newest";
/// Held by the process that writes.
pub(super) const LOCK: &str = "lock";

/// File name of the segment that begins with `first`.
pub(super) fn segment_name(first: Seq) -> String {
    format!("{:020}.seg", first.0)
}

/// Numbers in names like `00000000000000000001.seg`, ascending; other names are passed over.
pub(super) fn numbered(dir: &Path, extension: &str) -> Result<Vec<Seq>, JournalError> {
    let mut found = Vec::new();
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(JournalError::io("list the directory", dir)(error)),
    };
    for entry in entries {
        let name = entry.map_err(JournalError::io("list the directory", dir))?.file_name();
        let Some((stem, end)) = name.to_str().and_then(|name| name.split_once('.')) else {
            continue;
        };
        if end == extension
            && stem.len() == 20
            && let Ok(number) = stem.parse()
        {
            found.push(Seq(number));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Opens a segment and checks its header against its name.
pub(super) fn open_segment(
    dir: &Path,
    first: Seq,
) -> Result<(File, PathBuf, SegmentHeader), JournalError> {
    let path = dir.join(segment_name(first));
    let mut file = File::open(&path).map_err(JournalError::io("open the segment", &path))?;
    let mut page = Vec::with_capacity(HEADER_BYTES as usize);
    (&mut file)
        .take(HEADER_BYTES)
        .read_to_end(&mut page)
        .map_err(JournalError::io("read the header of", &path))?;
    let header = match SegmentHeader::decode(&page) {
        Ok(header) => header,
        Err(BadHeader::Damaged(what)) => return Err(JournalError::segment(&path, 0, what)),
        Err(BadHeader::Version(found)) => {
            let way_out = VERSION_WAYS_OUT.to_owned();
            let (what, known) = ("journal", FORMAT_VERSION);
            return Err(JournalError::Version { file: path, what, found, known, way_out });
        }
    };
    if header.first != first {
        let what = format!("its name says {first}, but it begins with command {}", header.first);
        return Err(JournalError::segment(&path, 0, what));
    }
    Ok((file, path, header))
}

/// Headers of all segments, after checking that none is missing and all are of one journal.
pub(super) fn check_segments(dirs: &Dirs) -> Result<Vec<SegmentHeader>, JournalError> {
    let dir = &dirs.journal;
    // Read before the directory is: a writer in another process may add a segment meanwhile.
    let noted = newest_noted(dir)?;
    let mut headers: Vec<SegmentHeader> = Vec::new();
    for first in numbered(dir, "seg")? {
        let (_, path, header) = open_segment(dir, first)?;
        let previous = headers.last().map_or(Seq(0), |before| before.first);
        if header.previous != previous {
            let missing = dir.join(segment_name(header.previous));
            let what = match header.previous {
                Seq(0) => "it is the first segment of a journal, yet others come before it".into(),
                _ => format!("the segment before it, {}, is missing", missing.display()),
            };
            return Err(JournalError::segment(&path, 0, what));
        }
        if headers.last().is_some_and(|before| before.journal != header.journal) {
            return Err(JournalError::segment(&path, 0, "it belongs to another journal"));
        }
        headers.push(header);
    }
    let newest = headers.last().map_or(Seq(0), |header| header.first);
    if let Some(noted) = noted
        && noted > newest
    {
        let path = dir.join(segment_name(noted));
        return Err(JournalError::segment(&path, 0, "the newest segment is missing"));
    }
    Ok(headers)
}

/// The newest segment as noted when it was created; `None` in a journal without the note.
fn newest_noted(dir: &Path) -> Result<Option<Seq>, JournalError> {
    let path = dir.join(NEWEST);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(JournalError::io("read", &path)(error)),
    };
    match text.trim().parse() {
        Ok(number) => Ok(Some(Seq(number))),
        Err(_) => Err(JournalError::segment(&path, 0, "it does not hold a segment's number")),
    }
}

/// Whether some process (this one included) has the journal open for writing.
pub(super) fn is_written(dir: &Path) -> bool {
    lock::is_held(&dir.join(LOCK))
}
