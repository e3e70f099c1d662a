//! A disk that fails, or waits, when told to; otherwise the real one.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use rustix::io::Errno;
use zaraba::journal::disk::{Disk, DiskFile, RealDisk};

/// Operations that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Create,
    Rename,
    SyncDir,
    Write,
    Sync,
}

/// What goes wrong next.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    op: Op,
    /// `None`: half of it is written, and that is all.
    errno: Option<Errno>,
    /// Words that the reason given to the operator must contain.
    pub says: &'static str,
}

impl Fault {
    pub fn on(op: Op, errno: Errno) -> Fault {
        let says = match errno {
            Errno::NOSPC => "No space left",
            Errno::ROFS => "Read-only",
            _ => "Input/output error",
        };
        Fault { op, errno: Some(errno), says }
    }

    pub fn short_write() -> Fault {
        Fault { op: Op::Write, errno: None, says: "were written" }
    }
}

#[derive(Default)]
struct State {
    next: Option<Fault>,
    failed: bool,
    hold: bool,
    syncing: bool,
    syncs: u64,
}

#[derive(Default)]
struct Control {
    state: Mutex<State>,
    moved: Condvar,
}

impl Control {
    fn hit(&self, op: Op) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let fault = state.next.take_if(|fault| fault.op == op);
        state.failed |= fault.is_some();
        fault
    }

    fn may(&self, op: Op) -> io::Result<()> {
        match self.hit(op).and_then(|fault| fault.errno) {
            Some(errno) => Err(errno.into()),
            None => Ok(()),
        }
    }
}

#[derive(Default)]
pub struct FaultyDisk(Arc<Control>);

impl FaultyDisk {
    /// Lets the next operation of the fault's kind fail, once.
    pub fn fail_next(&self, fault: Fault) {
        self.0.state.lock().unwrap().next = Some(fault);
    }

    pub fn has_failed(&self) -> bool {
        self.0.state.lock().unwrap().failed
    }

    /// Lets file syncs wait from now on.
    pub fn hold_syncs(&self) {
        self.0.state.lock().unwrap().hold = true;
    }

    pub fn release_syncs(&self) {
        self.0.state.lock().unwrap().hold = false;
        self.0.moved.notify_all();
    }

    /// Waits until a held sync has begun.
    pub fn wait_until_syncing(&self) {
        let state = self.0.state.lock().unwrap();
        drop(self.0.moved.wait_while(state, |state| !state.syncing).unwrap());
    }

    /// File syncs that have ended.
    pub fn syncs(&self) -> u64 {
        self.0.state.lock().unwrap().syncs
    }

    fn file(&self, file: io::Result<Box<dyn DiskFile>>) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(FaultyFile(file?, self.0.clone())))
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        self.0.may(Op::Create)?;
        self.file(RealDisk.create(path, bytes))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.file(RealDisk.open(path))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.may(Op::Rename)?;
        RealDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.may(Op::SyncDir)?;
        RealDisk.sync_dir(dir)
    }
}

struct FaultyFile(Box<dyn DiskFile>, Arc<Control>);

impl DiskFile for FaultyFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        match self.1.hit(Op::Write) {
            Some(Fault { errno: Some(errno), .. }) => Err(errno.into()),
            Some(_) => self.0.write_at(&bytes[..bytes.len() / 2], offset),
            None => self.0.write_at(bytes, offset),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        self.1.may(Op::Sync)?;
        let mut state = self.1.state.lock().unwrap();
        if state.hold {
            state.syncing = true;
            self.1.moved.notify_all();
            state = self.1.moved.wait_while(state, |state| state.hold).unwrap();
            state.syncing = false;
        }
        drop(state);
        self.0.sync_data()?;
        self.1.state.lock().unwrap().syncs += 1;
        Ok(())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)
    }
}
