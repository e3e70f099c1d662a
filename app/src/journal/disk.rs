//! The few file operations the journal writes with, behind a trait so that tests can make
//! them fail or wait. Reading goes through `std::fs`: what cannot be read is refused anyway.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Operations that change directories.
pub trait Disk: Send + Sync {
    /// Creates a new file of `bytes` zeros with its space allocated; an old one is replaced.
    ///
    /// # Errors
    /// As the system says: no space, no permission, read-only.
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Box<dyn DiskFile>>;
    /// Opens an existing file for writing in place.
    ///
    /// # Errors
    /// As the system says.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Renames within one directory, replacing what is there.
    ///
    /// # Errors
    /// As the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    ///
    /// # Errors
    /// As the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes names created, renamed or removed in a directory durable.
    ///
    /// # Errors
    /// As the system says; the names may be lost in a crash then.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
}

/// An open file.
pub trait DiskFile: Send {
    /// Writes at an offset; how many bytes were written (fewer than given is a failure to
    /// the journal, which never retries).
    ///
    /// # Errors
    /// As the system says.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes what was written durable (fdatasync).
    ///
    /// # Errors
    /// As the system says; what was written may be lost, and a second call may lie.
    fn sync_data(&self) -> io::Result<()>;
    /// Sets the length and allocates the space for it; new space reads as zeros.
    ///
    /// # Errors
    /// As the system says.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
}

/// The real disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path, bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let file = RealFile(file);
        if bytes > 0 {
            file.set_len(bytes)?;
        }
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(RealFile(OpenOptions::new().read(true).write(true).open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

struct RealFile(File);

impl DiskFile for RealFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.0.set_len(bytes)?;
        use rustix::fs::{FallocateFlags, fallocate};
        match fallocate(&self.0, FallocateFlags::empty(), 0, bytes) {
            Ok(()) => Ok(()),
            // A file system without preallocation: the journal writes zeros ahead anyway.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}
