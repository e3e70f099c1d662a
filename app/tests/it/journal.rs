//! The journal and the sequencer together, on real files: what is acknowledged survives
//! every fault, and what is damaged is refused with file, offset and ways out.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;
use zaraba::bus::Receipt;
use zaraba::clock::MarketClock;
use zaraba::config::Config;
use zaraba::intake::gate::{Gate, GateError};
use zaraba::journal::disk::{Disk, RealDisk};
use zaraba::journal::{Dirs, JournalError, JournalReader, Recovered, RecoveryReport, recover};
use zaraba::platform::Status;
use zaraba::sequencer::{Hook, Pulse, Questions, Sequencer, SequencerHandle, SequencerParts};
use zaraba_engine::types::{AccountCode, Seq};
use zaraba_engine::{Command, Replica};

#[path = "journal_faults.rs"]
pub mod faults;
use faults::{Fault, FaultyDisk, Op};

/// Smallest useful sizes, so that a few hundred commands fill several segments.
fn small() -> Config {
    let mut config = Config::default();
    config.journal.segment_bytes = 32 << 10;
    config.journal.batch_commands = 16;
    config.journal.snapshot_every = 100;
    config.engine = zaraba::config::Engine {
        accounts: 10_000,
        instruments: 16,
        assets: 16,
        live_orders: 1000,
        answers: 1000,
        balances: 10_000,
    };
    config
}

struct Node {
    gate: Gate,
    status: Arc<Status>,
    handle: SequencerHandle,
    report: RecoveryReport,
}

impl Node {
    fn start(dir: &Path, disk: Arc<dyn Disk>) -> Result<Node, JournalError> {
        Node::start_with(dir, disk, small(), Vec::new())
    }

    fn start_with(
        dir: &Path,
        disk: Arc<dyn Disk>,
        config: Config,
        hooks: Vec<Hook>,
    ) -> Result<Node, JournalError> {
        let Recovered { engine, writer, report } = recover(&Dirs::of(dir), &config, disk)?;
        let (gate, queue, stopped) = Gate::new(64, 1);
        let status = Arc::new(Status::default());
        let (_, questions) = Questions::new(status.clone());
        let parts = SequencerParts {
            pulse: Arc::new(Pulse::of(&engine)),
            clock: MarketClock::REAL,
            engine,
            writer,
            queue,
            questions,
            stopped,
            status: status.clone(),
            hooks,
            config: Arc::new(config),
        };
        Ok(Node { gate, status, handle: Sequencer::start(parts).unwrap(), report })
    }

    fn send(&self, number: u64) -> oneshot::Receiver<Receipt> {
        loop {
            match self.gate.enqueue(account(number)) {
                Ok(answer) => return answer,
                Err(GateError::Busy) => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// One command, alone in its batch.
    fn commit(&self, number: u64) -> Seq {
        self.send(number).blocking_recv().unwrap().step().seq
    }
}

fn account(number: u64) -> Command {
    Command::CreateAccount { code: AccountCode::new(&format!("account-{number}")).unwrap() }
}

fn number_of(command: &Command) -> Option<u64> {
    match command {
        Command::CreateAccount { code } => code.as_str().strip_prefix("account-")?.parse().ok(),
        _ => None,
    }
}

fn real() -> Arc<dyn Disk> {
    Arc::new(RealDisk)
}

/// Segment and offset at which each batch ends.
type Ends = Vec<(PathBuf, u64)>;

/// Everything that can be read, and where each batch ends (segment, offset).
fn read_all(dir: &Path) -> Result<(Vec<Command>, Ends), JournalError> {
    let mut reader = JournalReader::open(&Dirs::of(dir), Seq(1))?;
    let (mut commands, mut ends) = (Vec::new(), Vec::new());
    while let Some((seq, _, command)) = reader.next()? {
        commands.push(command);
        assert_eq!(seq.0, commands.len() as u64);
        if reader.checkpoint().is_some() {
            let (path, offset) = reader.place();
            ends.push((path.to_path_buf(), offset));
        }
    }
    Ok((commands, ends))
}

fn copy_dir(from: &Path, to: &Path) {
    for part in ["journal", "snapshots"] {
        let (from, to) = (from.join(part), to.join(part));
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(dir.join("journal"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "seg"))
        .collect();
    found.sort();
    found
}

/// A journal of genesis and `count` commands, each its own batch, at rest.
fn written(count: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), real()).unwrap();
    for number in 0..count {
        assert_eq!(node.commit(number), Seq(number + 2));
    }
    assert!(node.handle.shutdown().is_some());
    dir
}

/// The refusal of a start: it must be damage and name the file, the offset and a way out.
fn refused(dir: &Path) -> JournalError {
    let Err(error) = recover(&Dirs::of(dir), &small(), real()) else { panic!("it started") };
    assert!(error.is_damage(), "{error}");
    let text = error.to_string();
    assert!(text.contains("Nothing was changed") && text.contains("Way"), "{text}");
    error
}

fn offset_of(error: &JournalError) -> (PathBuf, u64) {
    match error {
        JournalError::Damaged { file, offset, .. } => (file.clone(), *offset),
        other => panic!("{other}"),
    }
}

fn replayed(dir: &Path) -> Replica {
    let mut reader = JournalReader::open(&Dirs::of(dir), Seq(1)).unwrap();
    let (mut engine, mut events) = (Replica::new(), Vec::new());
    while let Some((seq, at, command)) = reader.next().unwrap() {
        events.clear();
        engine.apply(seq, at, &command, &mut events);
        if let Some(hash) = reader.checkpoint() {
            assert_eq!(hash, engine.state_hash(), "after command {seq}");
        }
    }
    engine
}

#[test]
fn a_restart_continues_where_it_stopped() {
    let dir = written(700);
    assert!(segments(dir.path()).len() > 2, "the test is about several segments");
    for round in 0..3 {
        let node = Node::start(dir.path(), real()).unwrap();
        let before = 701 + round * 10;
        assert_eq!(node.report.seq, Seq(before));
        assert_eq!(node.report.replayed, before);
        assert_eq!(node.report.torn_bytes, 0);
        for number in 0..10 {
            assert_eq!(node.commit(before + number).0, before + number + 1);
        }
        assert_eq!(node.status.durable.get(), Seq(before + 10));
        let (engine, _) = node.handle.shutdown().unwrap();
        assert_eq!(engine.state_hash(), replayed(dir.path()).state_hash());
    }
}

#[test]
fn two_processes_cannot_write_one_journal() {
    let dir = written(1);
    let node = Node::start(dir.path(), real()).unwrap();
    let Err(error) = recover(&Dirs::of(dir.path()), &small(), real()) else { panic!("opened") };
    assert!(matches!(error, JournalError::Locked { .. }));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    node.handle.shutdown();
    Node::start(dir.path(), real()).unwrap().handle.shutdown().unwrap();
}

#[test]
fn a_reply_waits_for_the_sync_and_one_sync_carries_all_that_queued() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(FaultyDisk::default());
    let node = Node::start(dir.path(), disk.clone()).unwrap();
    disk.hold_syncs();
    let mut first = node.send(0);
    disk.wait_until_syncing();
    let mut queued: Vec<_> = (1..=10).map(|number| node.send(number)).collect();
    while node.gate.depth() > 0 {
        std::thread::yield_now();
    }
    // Applied by now, or about to be, but the first is in its sync: nothing may be answered.
    assert_eq!(first.try_recv().unwrap_err(), oneshot::error::TryRecvError::Empty);
    for answer in &mut queued {
        assert_eq!(answer.try_recv().unwrap_err(), oneshot::error::TryRecvError::Empty);
    }
    assert_eq!(node.status.durable.get(), Seq(1));
    let before = disk.syncs();
    disk.release_syncs();
    assert_eq!(first.blocking_recv().unwrap().step().seq, Seq(2));
    for (index, answer) in queued.into_iter().enumerate() {
        assert_eq!(answer.blocking_recv().unwrap().step().seq, Seq(3 + index as u64));
    }
    // The last of them may just have been on its way into the batch: one sync more.
    assert!((1..=2).contains(&(disk.syncs() - before)), "{} syncs", disk.syncs() - before);
    node.handle.shutdown().unwrap();
}

#[test]
fn hooks_see_batches_in_order_before_the_replies() {
    let dir = tempfile::tempdir().unwrap();
    let seen = Arc::new(std::sync::atomic::AtomicU64::new(1));
    let hook: Hook = Box::new({
        let seen = seen.clone();
        move |batch| {
            for step in &batch.steps {
                assert_eq!(step.seq.0, seen.fetch_add(1, Ordering::SeqCst) + 1);
            }
        }
    });
    let node = Node::start_with(dir.path(), real(), small(), vec![hook]).unwrap();
    for number in 0..50 {
        let seq = node.commit(number);
        assert!(seen.load(Ordering::SeqCst) >= seq.0);
    }
    node.handle.shutdown().unwrap();
}

#[test]
fn a_slow_disk_makes_the_gate_busy_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(FaultyDisk::default());
    let node = Node::start(dir.path(), disk.clone()).unwrap();
    disk.hold_syncs();
    let mut answers = Vec::new();
    // One batch in its sync, one open, the queue, and the run in the sequencer's hand.
    let bound = 16 + 16 + 64 + 32;
    loop {
        match node.gate.enqueue(account(answers.len() as u64)) {
            Ok(answer) => answers.push(answer),
            // Full, but the sequencer may still have room: only its end counts.
            Err(GateError::Busy) if answers.len() < 16 + 64 => std::thread::yield_now(),
            Err(error) => {
                assert_eq!(error, GateError::Busy);
                break;
            }
        }
        assert!(answers.len() <= bound, "nothing holds the queue back");
    }
    disk.release_syncs();
    for (index, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.blocking_recv().unwrap().step().seq, Seq(2 + index as u64));
    }
    node.handle.shutdown().unwrap();
}

#[test]
fn shutdown_answers_everything_that_was_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), real()).unwrap();
    let answers: Vec<_> = (0..60).map(|number| node.send(number)).collect();
    let gate = node.gate.clone();
    let (engine, _) = node.handle.shutdown().unwrap();
    assert_eq!(engine.seq(), Seq(61));
    for answer in answers {
        answer.blocking_recv().unwrap();
    }
    assert_eq!(gate.enqueue(account(99)).unwrap_err(), GateError::Stopped);
}

/// Law 6, in a process of its own: the parent starts this test again as a child.
#[test]
fn a_panic_behind_the_gate_ends_the_process_and_the_journal_has_everything() {
    const CHILD: &str = "ZARABA_TEST_PANICKING_NODE";
    if let Ok(dir) = std::env::var(CHILD) {
        let hook: Hook = Box::new(|batch| assert!(batch.last_seq() < Seq(4), "broken invariant"));
        let node = Node::start_with(Path::new(&dir), real(), small(), vec![hook]).unwrap();
        for number in 0..10 {
            node.commit(number);
        }
        unreachable!("the process must have ended");
    }
    let dir = tempfile::tempdir().unwrap();
    let name = "journal::a_panic_behind_the_gate_ends_the_process_and_the_journal_has_everything";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, dir.path())
        .output()
        .unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(output.status.signal(), Some(6), "{}", String::from_utf8_lossy(&output.stderr));
    let (commands, _) = read_all(dir.path()).unwrap();
    assert_eq!(commands.len(), 4);
}

/// A child commits as fast as it can and prints what was acknowledged; the parent kills it
/// in the middle, again and again on the same directory.
#[test]
fn killed_at_any_moment_everything_acknowledged_is_there_once() {
    use std::io::{BufRead, Write};
    const CHILD: &str = "ZARABA_TEST_KILLED_NODE";
    if let Ok(setting) = std::env::var(CHILD) {
        let (first, dir) = setting.split_once(' ').unwrap();
        let node = Node::start(Path::new(dir), real()).unwrap();
        let mut waiting = std::collections::VecDeque::new();
        for number in first.parse().unwrap().. {
            waiting.push_back((number, node.send(number)));
            if waiting.len() > 40 {
                let (number, answer) = waiting.pop_front().unwrap();
                answer.blocking_recv().unwrap();
                let mut out = std::io::stdout().lock();
                writeln!(out, "\nacknowledged {number}").unwrap();
                out.flush().unwrap();
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let name = "journal::killed_at_any_moment_everything_acknowledged_is_there_once";
    let mut acknowledged = Vec::new();
    for round in 0..6u64 {
        let setting = format!("{} {}", round * 1_000_000, dir.path().display());
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact", "--nocapture"])
            .env(CHILD, setting)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = acknowledged.len() + 50 + 97 * round as usize;
        let mut take = |line: &str| {
            let number = line.strip_prefix("acknowledged ").map(|n| n.parse::<u64>().unwrap());
            acknowledged.extend(number);
            acknowledged.len()
        };
        while take(&lines.next().unwrap().unwrap()) < enough {}
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had printed before it died counts as well; its last line may be cut.
        for line in lines.map_while(Result::ok).filter(|line| line.len() >= 14) {
            if round == 0 || line.len() >= "acknowledged 1000000".len() {
                take(&line);
            }
        }
    }
    let node = Node::start(dir.path(), real()).unwrap();
    assert_eq!(node.handle.shutdown().unwrap().0.state_hash(), replayed(dir.path()).state_hash());
    let (commands, _) = read_all(dir.path()).unwrap();
    let kept: Vec<u64> = commands.iter().filter_map(number_of).collect();
    let once: HashSet<u64> = kept.iter().copied().collect();
    assert_eq!(once.len(), kept.len());
    let lost: Vec<_> = acknowledged.iter().filter(|number| !once.contains(number)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(acknowledged.len() > 1000);
}

/// Runs into `fault`, then checks the promise: nothing acknowledged is lost, nothing more is
/// accepted, the reason is told, and a restart on a mended disk goes on.
fn survives(fault: Fault) {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(FaultyDisk::default());
    let node = Node::start(dir.path(), disk.clone()).unwrap();
    let mut acknowledged: HashSet<u64> = (0..20).collect();
    for number in 0..20 {
        node.commit(number);
    }
    disk.fail_next(fault);
    let mut unknown = 0;
    // Far more than fits a segment, so that faults of its creation come, too.
    for number in 20..2000 {
        match node.gate.enqueue(account(number)) {
            Ok(answer) => match answer.blocking_recv() {
                Ok(_) => assert!(acknowledged.insert(number)),
                Err(_) => unknown += 1,
            },
            Err(error) => {
                assert_eq!(error, GateError::Stopped, "{fault:?}");
                break;
            }
        }
    }
    assert!(disk.has_failed() && unknown >= 1, "{fault:?} never came");
    let why = node.status.journal_error().unwrap();
    assert!(why.contains("journal") && why.contains(fault.says), "{fault:?}: {why}");
    assert!(!node.gate.is_open());
    assert!(node.handle.shutdown().is_none(), "{fault:?}: not all of the state is durable");

    let node = Node::start(dir.path(), real()).unwrap();
    let next = node.report.seq.0 + 1;
    assert_eq!(node.commit(5000), Seq(next));
    node.handle.shutdown().unwrap();
    let (commands, _) = read_all(dir.path()).unwrap();
    let kept: Vec<u64> = commands.iter().filter_map(number_of).collect();
    assert_eq!(kept.iter().collect::<HashSet<_>>().len(), kept.len(), "{fault:?}: doubled");
    let kept: HashSet<u64> = kept.into_iter().collect();
    assert!(acknowledged.is_subset(&kept), "{fault:?}: lost what was acknowledged");
}

#[test]
fn no_space_for_a_write() {
    survives(Fault::on(Op::Write, rustix::io::Errno::NOSPC));
}

#[test]
fn an_io_error_while_writing() {
    survives(Fault::on(Op::Write, rustix::io::Errno::IO));
}

#[test]
fn an_io_error_while_syncing() {
    survives(Fault::on(Op::Sync, rustix::io::Errno::IO));
}

#[test]
fn a_write_that_stops_half_way() {
    survives(Fault::short_write());
}

#[test]
fn no_space_for_a_new_segment() {
    survives(Fault::on(Op::Create, rustix::io::Errno::NOSPC));
}

#[test]
fn a_directory_that_became_read_only() {
    survives(Fault::on(Op::Create, rustix::io::Errno::ROFS));
    survives(Fault::on(Op::Rename, rustix::io::Errno::ROFS));
}

#[test]
fn an_io_error_while_syncing_the_directory() {
    survives(Fault::on(Op::SyncDir, rustix::io::Errno::IO));
}

#[test]
fn a_read_only_directory_refuses_the_start_and_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let disk = FaultyDisk::default();
    disk.fail_next(Fault::on(Op::Create, rustix::io::Errno::ROFS));
    let Err(error) = recover(&Dirs::of(dir.path()), &small(), Arc::new(disk)) else {
        panic!("it started")
    };
    let text = error.to_string();
    assert!(text.contains(dir.path().to_str().unwrap()) && text.contains("ead-only"), "{text}");
}

/// A journal whose last batch holds several commands; its length before and after that batch.
fn with_last_batch() -> (tempfile::TempDir, PathBuf, u64, u64) {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(FaultyDisk::default());
    let node = Node::start(dir.path(), disk.clone()).unwrap();
    disk.hold_syncs();
    let first = node.send(0);
    disk.wait_until_syncing();
    let queued: Vec<_> = (1..=10).map(|number| node.send(number)).collect();
    while node.gate.depth() > 0 {
        std::thread::yield_now();
    }
    disk.release_syncs();
    first.blocking_recv().unwrap();
    queued.into_iter().for_each(|answer| drop(answer.blocking_recv().unwrap()));
    node.handle.shutdown().unwrap();
    let (_, ends) = read_all(dir.path()).unwrap();
    let [.., (_, before), (path, after)] = &ends[..] else { panic!("two batches at least") };
    (dir, path.clone(), *before, *after)
}

#[test]
fn a_torn_last_batch_is_cut_at_every_length() {
    let (dir, segment, before, after) = with_last_batch();
    let (whole, _) = read_all(dir.path()).unwrap();
    let bytes = std::fs::read(&segment).unwrap();
    let copy = tempfile::tempdir().unwrap();
    copy_dir(dir.path(), copy.path());
    let torn = copy.path().join("journal").join(segment.file_name().unwrap());
    let kept = {
        std::fs::write(&torn, &bytes[..before as usize]).unwrap();
        read_all(copy.path()).unwrap().0
    };
    assert!(kept.len() < whole.len());
    for length in before..=after {
        // A file that ends there, and one whose rest was never written.
        let mut zeroed = bytes[..length as usize].to_vec();
        std::fs::write(&torn, &zeroed).unwrap();
        let expected = if length == after { &whole } else { &kept };
        assert_eq!(&read_all(copy.path()).unwrap().0, expected, "cut at {length}");
        zeroed.resize(bytes.len(), 0);
        std::fs::write(&torn, &zeroed).unwrap();
        assert_eq!(&read_all(copy.path()).unwrap().0, expected, "zeros from {length}");
        // Opening for writing cuts, reports, and goes on; not at every length, it syncs.
        if length % 23 == 0 && length != after {
            let node = Node::start(copy.path(), real()).unwrap();
            assert_eq!(node.report.seq.0, kept.len() as u64);
            let found = node.report.torn_at.clone();
            if length > before {
                assert_eq!(found, Some((torn.clone(), before)));
                assert!((1..=length - before).contains(&node.report.torn_bytes));
            }
            node.commit(777);
            node.handle.shutdown().unwrap();
            let (commands, _) = read_all(copy.path()).unwrap();
            assert_eq!(&commands[..kept.len()], &kept[..]);
            assert_eq!(number_of(&commands[kept.len()]), Some(777));
            assert_eq!(commands.len(), kept.len() + 1);
        }
    }
}

#[test]
fn a_flipped_byte_anywhere_is_refused() {
    let dir = written(12);
    let segment = segments(dir.path()).remove(0);
    let (_, ends) = read_all(dir.path()).unwrap();
    let bytes = std::fs::read(&segment).unwrap();
    let end = ends.last().unwrap().1 as usize;
    for at in (0..120).chain([4095]).chain(4096..end) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x04;
        std::fs::write(&segment, &damaged).unwrap();
        let Err(error) = read_all(dir.path()) else { panic!("byte {at} was not missed") };
        assert!(error.is_damage(), "byte {at}: {error}");
    }
    // In the middle: the offset of the record that holds it, and nothing is touched.
    let middle = ends[5].1;
    let mut damaged = bytes.clone();
    damaged[middle as usize + 30] ^= 0x04;
    std::fs::write(&segment, &damaged).unwrap();
    assert_eq!(offset_of(&refused(dir.path())), (segment.clone(), middle));
    assert_eq!(std::fs::read(&segment).unwrap(), damaged);
}

#[test]
fn a_state_that_differs_from_the_recorded_one_refuses_the_start() {
    let dir = written(3);
    let Recovered { mut engine, mut writer, .. } =
        recover(&Dirs::of(dir.path()), &small(), real()).unwrap();
    for (number, lie) in [(10, 0), (11, 1), (12, 0)] {
        let (seq, at) = (writer.next_seq(), writer.last_at());
        engine.apply(seq, at, &account(number), &mut Vec::new());
        let mut frames = Vec::new();
        zaraba::journal::put_command(&mut frames, seq, at, &account(number));
        writer.append(&mut frames, 1, seq, at, engine.state_hash() ^ lie).unwrap();
    }
    drop(writer);
    let Err(error) = recover(&Dirs::of(dir.path()), &small(), real()) else { panic!("started") };
    assert!(matches!(error, JournalError::StateMismatch { seq: 6, .. }), "{error}");
    assert!(error.is_damage());
}

#[test]
fn a_missing_segment_is_refused() {
    let dir = written(900);
    let all = segments(dir.path());
    assert!(all.len() >= 3);
    for (index, missing) in all.iter().enumerate() {
        let away = dir.path().join("away");
        std::fs::rename(missing, &away).unwrap();
        let error = refused(dir.path());
        if index + 1 < all.len() {
            assert_eq!(offset_of(&error), (all[index + 1].clone(), 0));
            assert!(error.to_string().contains("is missing"), "{error}");
        } else {
            assert_eq!(offset_of(&error), (missing.clone(), 0));
        }
        std::fs::rename(&away, missing).unwrap();
    }
    Node::start(dir.path(), real()).unwrap().handle.shutdown().unwrap();
}

#[test]
fn a_segment_of_another_version_or_journal_is_refused() {
    let (dir, other) = (written(900), written(900));
    let all = segments(dir.path());
    let bytes = std::fs::read(&all[1]).unwrap();
    let mut newer = bytes.clone();
    newer[8] = 9;
    std::fs::write(&all[1], newer).unwrap();
    assert!(matches!(refused(dir.path()), JournalError::Version { found: 9, known: 2, .. }));
    let foreign = segments(other.path()).remove(1);
    std::fs::copy(&foreign, dir.path().join("journal").join(foreign.file_name().unwrap())).unwrap();
    if foreign.file_name() != all[1].file_name() {
        std::fs::remove_file(&all[1]).unwrap();
    }
    assert!(refused(dir.path()).is_damage());
}

#[path = "journal_snapshots.rs"]
mod snapshots;

#[test]
fn a_reader_follows_a_live_writer_across_segments() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), real()).unwrap();
    let (dirs, durable) = (Dirs::of(dir.path()), node.status.durable.clone());
    let total = 3201;
    let follower = std::thread::spawn(move || {
        let mut reader = JournalReader::live(&dirs, Seq(1), durable.clone()).unwrap();
        let mut seen = 0;
        while seen < total {
            match reader.next().unwrap() {
                Some((seq, _, command)) => {
                    seen += 1;
                    assert_eq!(seq.0, seen);
                    assert!(seq <= durable.get());
                    assert_eq!(number_of(&command), seen.checked_sub(2));
                }
                None => drop(durable.wait_beyond(Seq(seen), std::time::Duration::from_secs(60))),
            }
        }
        reader.place().0.to_path_buf()
    });
    // As another process would: no watermark, stops at the last whole batch, sees no damage.
    let stranger = std::thread::spawn({
        let (dir, durable) = (dir.path().to_path_buf(), node.status.durable.clone());
        move || {
            let mut most = 0;
            while most < total as usize {
                let sure = durable.get().0 as usize;
                let (commands, _) = read_all(&dir).unwrap();
                assert!(commands.len() >= sure.max(most));
                most = commands.len();
            }
        }
    });
    let answers: Vec<_> = (0..total - 1).map(|number| node.send(number)).collect();
    answers.into_iter().for_each(|answer| drop(answer.blocking_recv().unwrap()));
    stranger.join().unwrap();
    let last = follower.join().unwrap();
    assert_eq!(Some(&last), segments(dir.path()).last());
    assert!(segments(dir.path()).len() > 2);
    node.handle.shutdown().unwrap();
}

#[test]
fn a_reader_starts_anywhere_and_refuses_what_is_not_there() {
    let dir = written(900);
    let dirs = Dirs::of(dir.path());
    for from in [1, 2, 450, 901] {
        let mut reader = JournalReader::open(&dirs, Seq(from)).unwrap();
        let (seq, _, _) = reader.next().unwrap().unwrap();
        assert_eq!(seq, Seq(from));
    }
    let mut at_end = JournalReader::open(&dirs, Seq(902)).unwrap();
    assert!(at_end.next().unwrap().is_none());
    let mut beyond = JournalReader::open(&dirs, Seq(903)).unwrap();
    assert!(matches!(beyond.next(), Err(JournalError::NotThere(_))));
    let nowhere = tempfile::tempdir().unwrap();
    let Err(error) = JournalReader::open(&Dirs::of(nowhere.path()), Seq(1)) else { panic!() };
    assert!(matches!(error, JournalError::NotThere(_)));
}

fn zaraba(arguments: &[&str]) -> (i32, String, String) {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_zaraba")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_line_verifies_dumps_and_replays() {
    let dir = written(30);
    let at = dir.path().to_str().unwrap();
    let (code, out, err) = zaraba(&["journal", "verify", "--dir", at, "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap_or_default();
    assert_eq!(
        (code, &report["sound"], &report["commands"]),
        (0, &true.into(), &31.into()),
        "{err}"
    );

    let (code, out, _) = zaraba(&["journal", "dump", "--dir", at, "--from", "5", "--to", "6"]);
    let lines: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, lines.len()), (0, 2));
    assert_eq!(lines[0]["seq"], 5);
    assert_eq!(lines[0]["kind"], "create_account");
    assert_eq!(lines[1]["code"], "account-4");
    let (code, out, _) = zaraba(&["journal", "dump", "--dir", at, "--kind", "genesis"]);
    assert_eq!((code, out.lines().count()), (0, 1));
    assert!(out.contains("\"kind\":\"genesis\""), "{out}");

    let (code, out, err) = zaraba(&["journal", "replay", "--dir", at, "--json"]);
    assert_eq!(code, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let hash = format!("{:016x}", replayed(dir.path()).state_hash());
    assert_eq!((&report["state_hash"], &report["replayed"]), (&hash.into(), &31.into()));

    let (code, out, err) = zaraba(&["snapshot", "--dir", at, "--json"]);
    assert_eq!(code, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["seq"], &report["written"]), (&31.into(), &true.into()));
    let (code, out, _) = zaraba(&["journal", "replay", "--dir", at, "--from-snapshot", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["from_snapshot"], &report["replayed"]), (0, &31.into(), &0.into()));
}

#[test]
fn the_command_line_exits_with_3_on_damage_and_1_on_nothing() {
    let dir = written(30);
    let at = dir.path().to_str().unwrap();
    let segment = segments(dir.path()).remove(0);
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[4096 + 200] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    for verb in ["verify", "dump", "replay"] {
        let (code, _, err) = zaraba(&["journal", verb, "--dir", at]);
        assert_eq!(code, 3, "{verb}: {err}");
        assert!(
            err.contains("offset 4") && err.contains(".seg") && err.contains("Ways out"),
            "{err}"
        );
    }
    let (code, _, err) = zaraba(&["journal", "verify", "--dir", "/nonexistent"]);
    assert_eq!(code, 1);
    assert!(err.contains("/nonexistent/journal holds no journal"), "{err}");
}

#[test]
fn a_running_nodes_journal_can_be_verified() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), real()).unwrap();
    for number in 0..5 {
        node.commit(number);
    }
    let at = dir.path().to_str().unwrap();
    let (code, out, err) = zaraba(&["journal", "verify", "--dir", at, "--json"]);
    assert_eq!(code, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["commands"], 6);
    // The newest batch of a running node may not be durable: the snapshot stays behind it.
    let (code, out, err) = zaraba(&["snapshot", "--dir", at, "--json"]);
    assert_eq!(code, 0, "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["seq"], 5);
    node.handle.shutdown().unwrap();
}
