//! What can be wrong with a journal or a snapshot, where, and what to do about it.

use std::path::{Path, PathBuf};

/// Why a journal or snapshot cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// An operation on a file failed.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Another process has the journal open for writing.
    #[error(
        "the journal {} is open for writing in another process{holder}; stop that one first, \
         or use another data directory", path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// ` (process 123)`, when known.
        holder: String,
    },
    /// The data is damaged: nothing was changed.
    #[error("{} is damaged at offset {offset}: {what}. {way_out}", file.display())]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// Where in it, in bytes from its start.
        offset: u64,
        /// What is wrong.
        what: String,
        /// What the operator can do.
        way_out: String,
    },
    /// Written by another version of the platform: nothing was changed.
    #[error("{} has {what} version {found}; this program reads version {known}. {way_out}",
        file.display())]
    Version {
        /// Which file.
        file: PathBuf,
        /// Version of what.
        what: &'static str,
        /// The version found.
        found: u32,
        /// The version this program knows.
        known: u32,
        /// What the operator can do.
        way_out: String,
    },
    /// The replayed state is not the recorded one.
    #[error(
        "the state after command {seq} has hash {found:016x}, but the journal recorded \
         {recorded:016x}: from the commands up to there this program computes something else than \
         the one that wrote them, as after a change of trading rules. The journal is as it was. Way out: \
         start the version that wrote the journal; \"A replay gives another state\" in \
         docs/OPERATIONS.md says how to go on from there. If this is that version, keep the data \
         directory as it is and report this with the output of `zaraba journal verify`"
    )]
    StateMismatch {
        /// After which command.
        seq: u64,
        /// What the journal says.
        recorded: u64,
        /// What was computed.
        found: u64,
    },
    /// The caller asked for something the journal does not hold.
    #[error("{0}")]
    NotThere(String),
}

/// What can be done about a damaged segment.
pub(super) const SEGMENT_WAYS_OUT: &str = "Nothing was changed. Ways out: put back this file \
    (or the whole data directory) from a copy or another node; where only old commands are \
    damaged and a snapshot after them exists, set journal.check_bytes = 0 to start from that \
    snapshot without them; `zaraba journal verify` says how far the journal can be read and \
    `zaraba journal dump` writes out what can be";
/// What can be done about a damaged snapshot.
pub(super) const SNAPSHOT_WAYS_OUT: &str = "Nothing was changed. Way out: move this file away; \
    an older snapshot, or the whole journal, is used then and gives the same state";
/// What can be done about files of another version.
pub(super) const VERSION_WAYS_OUT: &str = "Nothing was changed. Way out: start the version of \
    the program that wrote it";

impl JournalError {
    pub(super) fn segment(file: &Path, offset: u64, what: impl Into<String>) -> JournalError {
        let (file, way_out) = (file.to_path_buf(), SEGMENT_WAYS_OUT.to_owned());
        JournalError::Damaged { file, offset, what: what.into(), way_out }
    }

    pub(super) fn snapshot(file: &Path, offset: u64, what: impl Into<String>) -> JournalError {
        let (file, way_out) = (file.to_path_buf(), SNAPSHOT_WAYS_OUT.to_owned());
        JournalError::Damaged { file, offset, what: what.into(), way_out }
    }

    pub(crate) fn io(
        what: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> JournalError {
        let path = path.to_path_buf();
        move |source| JournalError::Io { what, path, source }
    }

    /// Whether data is damaged (exit code 3), as opposed to out of reach.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            JournalError::Damaged { .. }
                | JournalError::Version { .. }
                | JournalError::StateMismatch { .. }
        )
    }
}
