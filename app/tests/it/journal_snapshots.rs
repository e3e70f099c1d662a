//! Snapshots: taken beside a running node, started from, refused when they do not hold.

use std::time::Duration;

use zaraba::journal::{
    Snapshotter, SnapshotterParts, list_snapshots, load_engine, prune_snapshots, snapshot_path,
    write_snapshot,
};

use super::*;

/// A journal of `count` commands with snapshots after some of them.
fn with_snapshots(count: u64, at: &[u64]) -> tempfile::TempDir {
    let dir = written(count);
    let dirs = Dirs::of(dir.path());
    let mut reader = JournalReader::open(&dirs, Seq(1)).unwrap();
    let (mut engine, mut events) = (Replica::new(), Vec::new());
    let recovered = recover(&dirs, &small(), real()).unwrap();
    while let Some((seq, time, command)) = reader.next().unwrap() {
        engine.apply(seq, time, &command, &mut events);
        if at.contains(&seq.0) {
            write_snapshot(&dirs, recovered.writer.journal_id(), &engine, &RealDisk).unwrap();
        }
    }
    dir
}

#[test]
fn a_start_uses_the_newest_snapshot_and_gets_the_same_state() {
    let dir = with_snapshots(300, &[50, 200]);
    let dirs = Dirs::of(dir.path());
    let whole = replayed(dir.path());
    let recovered = recover(&dirs, &small(), real()).unwrap();
    assert_eq!((recovered.report.snapshot, recovered.report.replayed), (Seq(200), 101));
    assert_eq!(recovered.report.checked, 200, "older commands are checked as far as set");
    assert_eq!(recovered.engine.state_hash(), whole.state_hash());
    recovered.engine.check().unwrap();
    drop(recovered);
    assert_eq!(load_engine(&dirs, None).unwrap().1, Seq(200));
    assert_eq!(load_engine(&dirs, Some(Seq(199))).unwrap().1, Seq(50));
    let (engine, seq) = load_engine(&dirs, Some(Seq(49))).unwrap();
    assert_eq!((seq, engine.seq()), (Seq(0), Seq(0)));
}

#[test]
fn old_damage_is_found_as_far_back_as_set() {
    let dir = with_snapshots(900, &[890]);
    let first = segments(dir.path()).remove(0);
    let mut bytes = std::fs::read(&first).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    assert_eq!(offset_of(&refused(dir.path())).0, first);
    let mut config = small();
    config.journal.check_bytes = 0;
    let recovered = recover(&Dirs::of(dir.path()), &config, real()).unwrap();
    assert_eq!(recovered.report.seq, Seq(901));
}

#[test]
fn a_snapshot_of_another_version_is_refused() {
    let dir = with_snapshots(60, &[20, 50]);
    let path = snapshot_path(&Dirs::of(dir.path()), Seq(50));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 77;
    std::fs::write(&path, bytes).unwrap();
    let error = refused(dir.path());
    let JournalError::Version { file, found: 77, .. } = &error else { panic!("{error}") };
    assert_eq!(file, &path);
    // The way out works.
    std::fs::remove_file(&path).unwrap();
    let node = Node::start(dir.path(), real()).unwrap();
    assert_eq!((node.report.snapshot, node.report.seq), (Seq(20), Seq(61)));
    node.handle.shutdown().unwrap();
}

#[test]
fn a_damaged_snapshot_is_refused_wherever_the_damage_is() {
    let dir = with_snapshots(60, &[50]);
    let path = snapshot_path(&Dirs::of(dir.path()), Seq(50));
    let bytes = std::fs::read(&path).unwrap();
    for at in [0, 20, 33, 45, 60, 70, 96, 4096, bytes.len() / 2, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&path, damaged).unwrap();
        assert_eq!(offset_of(&refused(dir.path())).0, path, "byte {at}");
    }
    for length in [0, 100, 4096, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        assert_eq!(offset_of(&refused(dir.path())).0, path, "length {length}");
    }
    std::fs::remove_file(&path).unwrap();
    let recovered = recover(&Dirs::of(dir.path()), &small(), real()).unwrap();
    assert_eq!(recovered.report.replayed, 61);
}

#[test]
fn a_snapshot_ahead_of_its_journal_is_refused() {
    let (long, short) = (with_snapshots(60, &[50]), written(20));
    let name = snapshot_path(&Dirs::of(Path::new("")), Seq(50));
    std::fs::copy(long.path().join(&name), short.path().join(&name)).unwrap();
    let error = refused(short.path());
    assert!(error.to_string().contains("another identity"), "{error}");
    // The same journal, cut back.
    let segment = segments(long.path()).remove(0);
    let (_, ends) = read_all(long.path()).unwrap();
    let bytes = std::fs::read(&segment).unwrap();
    std::fs::write(&segment, &bytes[..ends[30].1 as usize]).unwrap();
    let error = refused(long.path());
    assert!(error.to_string().contains("ends with command 31"), "{error}");
    // And no journal at all.
    std::fs::remove_dir_all(long.path().join("journal")).unwrap();
    refused(long.path());
    assert!(segments(long.path()).is_empty(), "no new journal may begin beside a snapshot");
}

#[test]
fn pruning_keeps_the_newest_and_the_one_the_projections_need() {
    let dir = with_snapshots(100, &[10, 20, 30, 40, 50, 60]);
    let dirs = Dirs::of(dir.path());
    prune_snapshots(&dirs, 2, Seq(35), &RealDisk).unwrap();
    assert_eq!(list_snapshots(&dirs).unwrap(), [30, 50, 60].map(Seq));
    prune_snapshots(&dirs, 2, Seq(70), &RealDisk).unwrap();
    assert_eq!(list_snapshots(&dirs).unwrap(), [50, 60].map(Seq));
}

#[test]
fn the_snapshotter_follows_a_running_node() {
    let dir = tempfile::tempdir().unwrap();
    let dirs = Dirs::of(dir.path());
    let node = Node::start(dir.path(), real()).unwrap();
    node.status.set_projected(Seq(u64::MAX));
    let snapshotter = Snapshotter::start(SnapshotterParts {
        dirs: dirs.clone(),
        journal: node.handle.journal_id(),
        config: small().journal,
        status: node.status.clone(),
        disk: real(),
    })
    .unwrap();
    for number in 0..700 {
        node.commit(number);
    }
    while list_snapshots(&dirs).unwrap().last().is_none_or(|seq| *seq < Seq(700)) {
        std::thread::sleep(Duration::from_millis(5));
    }
    snapshotter.stop();
    assert_eq!(list_snapshots(&dirs).unwrap(), [500, 600, 700].map(Seq));
    let (engine, _) = node.handle.shutdown().unwrap();
    let recovered = recover(&dirs, &small(), real()).unwrap();
    assert_eq!(recovered.report.snapshot, Seq(700));
    assert_eq!(recovered.engine.state_hash(), engine.state_hash());
}
