//! From files to a running state: the newest snapshot, the journal after it, every checksum
//! and every recorded state hash on the way, and the journal open for writing at its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use zaraba_engine::command::Limits;
use zaraba_engine::types::Seq;
use zaraba_engine::{Command, Event, Replica};

use super::disk::Disk;
use super::files::check_segments;
use super::format::{SegmentHeader, put_command};
use super::replay::{Replayer, Walked};
use super::snapshot::{list_snapshots, read_snapshot, snapshot_path};
use super::walk::{End, Walker};
use super::{Dirs, JournalError, JournalWriter};
use crate::clock::MarketClock;
use crate::config::Config;

/// A state brought back, and the journal open for writing behind it.
pub struct Recovered {
    /// The state after the last command of the journal.
    pub engine: Replica,
    /// The journal, open for writing; give it to the sequencer.
    pub writer: JournalWriter,
    /// How it went.
    pub report: RecoveryReport,
}

/// How a recovery went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Last command.
    pub seq: Seq,
    /// Sequence of the snapshot it began from; zero: none.
    pub snapshot: Seq,
    /// Commands replayed after the snapshot.
    pub replayed: u64,
    /// Commands before that whose checksums and chain were checked.
    pub checked: u64,
    /// Segments there are.
    pub segments: usize,
    /// Bytes of a torn tail that were cut off.
    pub torn_bytes: u64,
    /// Where that was: file and offset.
    pub torn_at: Option<(std::path::PathBuf, u64)>,
    /// How long the snapshot took to load.
    pub snapshot_took: Duration,
    /// How long checking and replaying took.
    pub replay_took: Duration,
    /// How long it all took.
    pub took: Duration,
}

/// Brings the state back from the newest snapshot and the journal after it, and opens the
/// journal for writing; begins a new one where there is none.
///
/// # Errors
/// When the journal or snapshot is damaged, of another version, or open elsewhere.
pub fn recover(
    dirs: &Dirs,
    config: &Config,
    disk: Arc<dyn Disk>,
) -> Result<Recovered, JournalError> {
    recover_with(dirs, config, disk, MarketClock::REAL)
}

/// As [`recover`]; a new journal is dated by `clock`.
///
/// # Errors
/// As [`recover`].
pub fn recover_with(
    dirs: &Dirs,
    config: &Config,
    disk: Arc<dyn Disk>,
    clock: MarketClock,
) -> Result<Recovered, JournalError> {
    let started = Instant::now();
    for dir in [&dirs.journal, &dirs.snapshots] {
        std::fs::create_dir_all(dir).map_err(JournalError::io("create the directory", dir))?;
    }
    let lock = JournalWriter::lock(dirs)?;
    remove_leftovers(dirs, &*disk)?;
    let headers = check_segments(dirs)?;
    let bytes = config.journal.segment_bytes;
    let mut recovered = match headers.last() {
        None => {
            no_snapshots(dirs)?;
            begin(dirs, config, JournalWriter::begin(dirs, bytes, disk, lock)?, clock)?
        }
        Some(_) => {
            let (engine, end, report) = replay(dirs, &headers, config.journal.check_bytes)?;
            let writer = JournalWriter::resume(dirs, &end, bytes, disk, lock)?;
            if engine.seq() == Seq(0) {
                // It died before the first command was durable.
                let begun = begin(dirs, config, writer, clock)?;
                let seq = begun.report.seq;
                Recovered { report: RecoveryReport { seq, ..report }, ..begun }
            } else {
                Recovered { engine, writer, report }
            }
        }
    };
    recovered.report.segments = headers.len().max(1);
    recovered.report.took = started.elapsed();
    log(&recovered.report);
    Ok(recovered)
}

fn log(report: &RecoveryReport) {
    if let Some((file, offset)) = &report.torn_at {
        tracing::warn!(
            event = "journal.torn_tail",
            journal.file = %file.display(),
            journal.offset = offset,
            journal.bytes = report.torn_bytes,
            "a batch that was never acknowledged was cut off the end of the journal"
        );
    }
    tracing::info!(
        event = "journal.recovered",
        journal.seq = report.seq.0,
        journal.snapshot = report.snapshot.0,
        journal.replayed = report.replayed,
        journal.checked = report.checked,
        journal.segments = report.segments,
        journal.snapshot_ms = report.snapshot_took.as_millis() as u64,
        journal.replay_ms = report.replay_took.as_millis() as u64,
        journal.took_ms = report.took.as_millis() as u64,
        "the state is back"
    );
}

/// Files of a write that did not finish: they were never part of anything.
fn remove_leftovers(dirs: &Dirs, disk: &dyn Disk) -> Result<(), JournalError> {
    for dir in [&dirs.journal, &dirs.snapshots] {
        let entries = std::fs::read_dir(dir).map_err(JournalError::io("list", dir))?;
        for entry in entries {
            let path = entry.map_err(JournalError::io("list", dir))?.path();
            if path.extension().is_some_and(|e| e == "tmp" || e == "snap-tmp") {
                disk.remove(&path).map_err(JournalError::io("remove", &path))?;
            }
        }
    }
    Ok(())
}

/// The first command of a journal: bounds from the settings, a random seed.
fn begin(
    dirs: &Dirs,
    config: &Config,
    mut writer: JournalWriter,
    clock: MarketClock,
) -> Result<Recovered, JournalError> {
    let mut seed = [0; 16];
    random(dirs, &mut seed)?;
    let (low, high) = (u128::from_le_bytes(seed) as u64, (u128::from_le_bytes(seed) >> 64) as u64);
    let limits = &config.engine;
    let genesis = Command::Genesis {
        limits: Limits {
            accounts: limits.accounts,
            instruments: limits.instruments,
            assets: limits.assets,
            live_orders: limits.live_orders,
            answers: limits.answers,
            balances: limits.balances,
        },
        hash_seed: [low, high],
    };
    let (seq, at) = (Seq(1), clock.now());
    let mut engine = Replica::new();
    let mut events = Vec::new();
    engine.apply(seq, at, &genesis, &mut events);
    if let Some(Event::Refused { code, .. }) = events.first() {
        return Err(JournalError::NotThere(format!(
            "the engine refuses the bounds in [engine] of the settings ({code}); correct them"
        )));
    }
    let mut frames = Vec::new();
    put_command(&mut frames, seq, at, &genesis);
    writer.append(&mut frames, 1, seq, at, engine.state_hash())?;
    Ok(Recovered { engine, writer, report: RecoveryReport { seq, ..Default::default() } })
}

/// A journal cannot begin beside snapshots: theirs is missing.
fn no_snapshots(dirs: &Dirs) -> Result<(), JournalError> {
    match list_snapshots(dirs)?.last() {
        None => Ok(()),
        Some(seq) => {
            let what = format!("{} holds no journal", dirs.journal.display());
            Err(belongs_elsewhere(dirs, *seq, &what))
        }
    }
}

pub(super) fn random(dirs: &Dirs, bytes: &mut [u8]) -> Result<(), JournalError> {
    getrandom::fill(bytes).map_err(|error| {
        let source = std::io::Error::other(error.to_string());
        JournalError::io("get random bytes for", &dirs.journal)(source)
    })
}

fn belongs_elsewhere(dirs: &Dirs, seq: Seq, what: &str) -> JournalError {
    let file = snapshot_path(dirs, seq);
    let what = format!("{what}, but this snapshot is of command {seq}");
    let way_out = "Nothing was changed. Ways out: the journal is the truth, so if its newest files \
        are missing, put them back; if this snapshot belongs to another journal, move it away";
    JournalError::Damaged { file, offset: 0, what, way_out: way_out.to_owned() }
}

/// Loads the newest snapshot, checks the journal before it as far back as `check_bytes`
/// reach, and replays the journal after it.
fn replay(
    dirs: &Dirs,
    headers: &[SegmentHeader],
    check_bytes: u64,
) -> Result<(Replica, End, RecoveryReport), JournalError> {
    let mut report = RecoveryReport::default();
    let clock = Instant::now();
    let mut engine = Replica::new();
    if let Some(seq) = list_snapshots(dirs)?.last() {
        let (state, header) = read_snapshot(dirs, *seq)?;
        if headers.last().is_some_and(|last| last.journal != header.journal) {
            let what = "the journal beside it has another identity";
            return Err(belongs_elsewhere(dirs, *seq, what));
        }
        (engine, report.snapshot) = (state, *seq);
    }
    report.snapshot_took = clock.elapsed();
    let clock = Instant::now();
    let first = first_checked(headers, report.snapshot, check_bytes);
    let walker = Walker::at_segment(&dirs.journal, first)?;
    let mut replayer = Replayer::new(engine);
    let Walked { end, checked, .. } = replayer.replay(walker, |_, _| ())?;
    let last = Seq(end.position.next.0 - 1);
    if last < report.snapshot {
        let what = format!("the journal ends with command {last}");
        return Err(belongs_elsewhere(dirs, report.snapshot, &what));
    }
    report.seq = last;
    report.replayed = replayer.replayed;
    report.checked = checked;
    report.torn_bytes = end.torn_bytes;
    if end.torn_bytes > 0 {
        report.torn_at = Some((end.path.clone(), end.offset));
    }
    report.replay_took = clock.elapsed();
    Ok((replayer.engine, end, report))
}

/// The segment to begin with: the one that holds the first command after the snapshot, or
/// as much earlier as `check_bytes` more of journal allow.
fn first_checked(headers: &[SegmentHeader], snapshot: Seq, check_bytes: u64) -> Seq {
    let needed = headers.iter().rposition(|h| h.first.0 <= snapshot.0 + 1).unwrap_or(0);
    let mut first = needed;
    let mut bytes = 0;
    while first > 0 {
        bytes += headers[first - 1].bytes;
        if bytes > check_bytes {
            break;
        }
        first -= 1;
    }
    headers[first].first
}
