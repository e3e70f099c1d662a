//! `zaraba journal verify|dump|replay` and `zaraba snapshot`: look at a journal without
//! changing it, also while a node writes it.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use zaraba_engine::types::{Seq, Timestamp};
use zaraba_engine::{Command, Replica};

use super::disk::RealDisk;
use super::files::{check_segments, is_written};
use super::format::SegmentHeader;
use super::replay::{Replayer, decode};
use super::walk::Walker;
use super::{
    Dirs, JournalError, JournalReader, check_snapshot, list_snapshots, load_engine, snapshot_path,
    write_snapshot,
};
use crate::codec;

const HELP: &str = "Example: zaraba journal verify --dir data --json (and likewise replay)\n\
    Exit codes: 0 sound; 1 failed; 2 wrong usage; 3 damaged, with file, \
    offset and the ways out. Nothing is changed. Works on a running node too.";

/// What to do with a journal.
#[derive(Subcommand, Debug)]
pub enum JournalVerb {
    /// Check every record, the chain over all batches, and every snapshot file.
    #[command(after_help = HELP)]
    Verify(Where),
    /// Print commands, one JSON object per line, in the engine's integer units.
    #[command(after_help = "Example: zaraba journal dump --dir data --from 1000 --to 1010")]
    Dump {
        /// Where.
        #[command(flatten)]
        place: Where,
        /// First command to print.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// Last command to print; default: to the end.
        #[arg(long)]
        to: Option<u64>,
        /// Only commands of this kind, as `kind` says in the output: `place`, `anchor`...
        #[arg(long)]
        kind: Option<String>,
    },
    /// Rebuild the state from the journal, compare every recorded state hash, check every
    /// invariant, and print the state's hash.
    #[command(after_help = HELP)]
    Replay {
        /// Where.
        #[command(flatten)]
        place: Where,
        /// Begin with the newest snapshot instead of the first command.
        #[arg(long)]
        from_snapshot: bool,
    },
    /// Say what a trading day brought: auctions, quotes, limits, conditions, stop orders, odd
    /// lots, movers. Replays the journal and compares every recorded state hash.
    #[command(after_help = "Examples:\n  zaraba journal day --dir data\n  \
        zaraba journal day --dir data --day 2026-11-24 --json")]
    Day {
        /// Where.
        #[command(flatten)]
        place: Where,
        /// Which trading day; default: the last one with any business.
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<jiff::civil::Date>,
    },
}

/// Which data directory.
#[derive(Args, Debug, Clone)]
pub struct Where {
    /// Data directory, as `data_dir` in the settings.
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub dir: PathBuf,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

impl Where {
    fn dirs(&self) -> Dirs {
        Dirs::of(&self.dir)
    }

    fn print(&self, value: &serde_json::Value) {
        if self.json {
            println!("{value}");
            return;
        }
        for (key, value) in value.as_object().into_iter().flatten() {
            match value {
                serde_json::Value::String(text) => println!("{key:>20}  {text}"),
                other => println!("{key:>20}  {other}"),
            }
        }
    }
}

/// Runs a `journal` verb.
///
/// # Errors
/// [`JournalError`] inside; the command line makes exit code 3 of damage.
pub fn run(verb: JournalVerb) -> anyhow::Result<()> {
    match verb {
        JournalVerb::Verify(place) => verify(&place),
        JournalVerb::Dump { place, from, to, kind } => dump(&place, from, to, kind.as_deref()),
        JournalVerb::Replay { place, from_snapshot } => replay(&place, from_snapshot),
        JournalVerb::Day { place, day } => summary(&place, day),
    }
}

/// Headers of a journal that has at least one segment.
fn headers_of(dirs: &Dirs) -> Result<Vec<SegmentHeader>, JournalError> {
    let headers = check_segments(dirs)?;
    if headers.is_empty() {
        let what = format!("{} holds no journal: check --dir", dirs.journal.display());
        return Err(JournalError::NotThere(what));
    }
    Ok(headers)
}

/// Progress over the bytes of all segments, on standard error when that is a terminal.
struct Progress {
    bar: ProgressBar,
    done: u64,
    segment: Seq,
    segments: Vec<SegmentHeader>,
}

impl Progress {
    fn over(segments: &[SegmentHeader]) -> Progress {
        let bar = ProgressBar::new(segments.iter().map(|s| s.bytes).sum());
        let style = "{bar:40} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Progress { bar, done: 0, segment: segments[0].first, segments: segments.to_vec() }
    }

    fn at(&mut self, first: Seq, offset: u64) {
        if first != self.segment {
            let before = self.segments.iter().filter(|s| s.first < first);
            self.done = before.map(|s| s.bytes).sum();
            self.segment = first;
        }
        self.bar.set_position(self.done + offset);
    }
}

fn verify(place: &Where) -> anyhow::Result<()> {
    let dirs = place.dirs();
    let headers = headers_of(&dirs)?;
    let mut progress = Progress::over(&headers);
    let started = Instant::now();
    let (mut commands, mut batches, mut at) = (0u64, 0u64, 0);
    let mut decoded = Vec::new();
    let mut walker = Walker::at_segment(&dirs.journal, headers[0].first)?;
    loop {
        decoded.clear();
        match walker.next_batch().and_then(|found| match found {
            Some(trailer) => decode(&walker, Seq(0), &mut decoded).map(|()| Some(trailer)),
            None => Ok(None),
        }) {
            Ok(Some(trailer)) => {
                commands += u64::from(trailer.count);
                batches += 1;
                at = trailer.at.0;
                progress.at(walker.segment(), walker.place().1);
            }
            Ok(None) => break,
            Err(error) => {
                progress.bar.finish_and_clear();
                let text = error.to_string();
                place.print(&json!({ "sound": false, "readable_to": commands, "error": text }));
                return Err(error.into());
            }
        }
    }
    progress.bar.finish_and_clear();
    let snapshots = list_snapshots(&dirs)?;
    for seq in &snapshots {
        let header = check_snapshot(&dirs, *seq)?;
        if header.journal != headers[0].journal {
            let what = "it belongs to another journal";
            return Err(JournalError::snapshot(&snapshot_path(&dirs, *seq), 0, what).into());
        }
    }
    let end = walker.end();
    let tail = match (end.torn_bytes, is_written(&dirs.journal)) {
        (0, _) => "clean".to_owned(),
        (bytes, true) => format!("a batch of {bytes} bytes is being written"),
        (bytes, false) => format!(
            "{bytes} bytes of a batch that was never acknowledged in {} at offset {}; the next \
             start cuts them off",
            end.path.display(),
            end.offset
        ),
    };
    place.print(&json!({
        "sound": true, "journal": hex::encode(end.header.journal), "segments": headers.len(),
        "batches": batches, "commands": commands, "last_time": time(at),
        "chain": hex::encode(end.position.chain), "tail": tail, "torn_bytes": end.torn_bytes,
        "snapshots": snapshots.iter().map(|seq| seq.0).collect::<Vec<_>>(),
        "seconds": seconds(started.elapsed()),
    }));
    Ok(())
}

fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e3).round() / 1e3
}

fn time(nanoseconds: u64) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or_default();
    format!("{time:.9}")
}

fn dump(place: &Where, from: u64, to: Option<u64>, kind: Option<&str>) -> anyhow::Result<()> {
    let dirs = place.dirs();
    headers_of(&dirs)?;
    let mut reader = JournalReader::open(&dirs, Seq(from))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    while let Some((seq, at, command)) = reader.next()? {
        if to.is_some_and(|to| seq.0 > to) {
            break;
        }
        let mut line = codec::describe(&command);
        if kind.is_some_and(|kind| line["kind"] != kind) {
            continue;
        }
        if let Some(object) = line.as_object_mut() {
            object.insert("seq".into(), seq.0.into());
            object.insert("at".into(), time(at.0).into());
        }
        match writeln!(out, "{line}") {
            // The reader of the pipe (`head`) has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.context("cannot write to standard output")?,
        }
    }
    match out.flush() {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        flushed => flushed.context("cannot write to standard output"),
    }
}

fn replay(place: &Where, from_snapshot: bool) -> anyhow::Result<()> {
    let dirs = place.dirs();
    let headers = headers_of(&dirs)?;
    let (engine, snapshot) =
        if from_snapshot { load_engine(&dirs, None)? } else { (Replica::new(), Seq(0)) };
    let mut replayer = Replayer::new(engine);
    let mut progress = Progress::over(&headers);
    let started = Instant::now();
    let first = headers.iter().rev().map(|h| h.first).find(|first| first.0 <= snapshot.0 + 1);
    let walker = Walker::at_segment(&dirs.journal, first.unwrap_or(headers[0].first))?;
    let walked = replayer.replay(walker, |segment, offset| progress.at(segment, offset))?;
    let took = started.elapsed();
    progress.bar.finish_and_clear();
    let checked = Instant::now();
    replayer.engine.check().map_err(|why| {
        anyhow::anyhow!(
            "after command {}: {why}. Report this: it must not happen",
            replayer.engine.seq()
        )
    })?;
    place.print(&json!({
        "state_hash": format!("{:016x}", replayer.engine.state_hash()),
        "seq": replayer.engine.seq().0, "from_snapshot": snapshot.0,
        "replayed": replayer.replayed, "events": walked.events, "seconds": seconds(took),
        "commands_per_second": (replayer.replayed as f64 / took.as_secs_f64().max(1e-9)) as u64,
        "invariants": "hold", "check_seconds": seconds(checked.elapsed()),
    }));
    Ok(())
}

fn summary(place: &Where, day: Option<jiff::civil::Date>) -> anyhow::Result<()> {
    let day = day.map(crate::schedule::calendar::number);
    let summary = crate::summary::of_journal(&place.dir, day)?;
    match place.json {
        true => println!("{}", serde_json::to_string(&summary).context("cannot write JSON")?),
        false => print!("{}", summary.in_words()),
    }
    Ok(())
}

/// Takes a snapshot from the files alone: of a stopped node, or beside a running one.
///
/// # Errors
/// As [`run`].
pub fn snapshot(place: &Where) -> anyhow::Result<()> {
    let dirs = place.dirs();
    let headers = headers_of(&dirs)?;
    let started = Instant::now();
    let (engine, snapshot) = load_engine(&dirs, None)?;
    let mut replayer = Replayer::new(engine);
    let mut progress = Progress::over(&headers);
    let first = headers.iter().rev().map(|h| h.first).find(|first| first.0 <= snapshot.0 + 1);
    let mut walker = Walker::at_segment(&dirs.journal, first.unwrap_or(headers[0].first))?;
    // A running node's newest batch may not be durable yet, and a snapshot must not be ahead
    // of its journal: a batch is taken once a later one stands behind it.
    let mut waiting = None;
    while let Some(trailer) = walker.next_batch()? {
        if let Some((commands, hash)) = waiting.take() {
            apply(&mut replayer, commands, hash)?;
        }
        if trailer.last > snapshot {
            let mut commands = Vec::new();
            decode(&walker, snapshot, &mut commands)?;
            waiting = Some((commands, trailer.state_hash));
        }
        progress.at(walker.segment(), walker.place().1);
    }
    progress.bar.finish_and_clear();
    if let Some((commands, hash)) = waiting
        && !is_written(&dirs.journal)
    {
        apply(&mut replayer, commands, hash)?;
    }
    let engine = &replayer.engine;
    if engine.seq() == snapshot {
        place.print(&json!({ "seq": snapshot.0, "written": false, "why": "nothing is newer" }));
        return Ok(());
    }
    let (path, bytes) = write_snapshot(&dirs, headers[0].journal, engine, &RealDisk)?;
    place.print(&json!({
        "seq": engine.seq().0, "written": true, "file": path.display().to_string(),
        "bytes": bytes, "state_hash": format!("{:016x}", engine.state_hash()),
        "seconds": seconds(started.elapsed()),
    }));
    Ok(())
}

fn apply(
    replayer: &mut Replayer,
    commands: Vec<(Seq, Timestamp, Command)>,
    hash: u64,
) -> Result<(), JournalError> {
    for (seq, at, command) in commands {
        replayer.apply(seq, at, &command);
    }
    replayer.compare(hash)
}
