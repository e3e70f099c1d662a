//! One `zaraba dev` per directory: an advisory lock that the kernel lets go with the
//! process, however it ends.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};

/// Holds a directory until dropped.
pub struct DirLock {
    file: File,
}

impl Drop for DirLock {
    /// By name: a child that another thread is just starting has a copy of the file for a moment,
    /// which would keep the lock.
    fn drop(&mut self) {
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

impl DirLock {
    /// Takes the directory.
    ///
    /// # Errors
    /// When another process has it (its number is told), or the file cannot be made.
    pub fn take(dir: &Path) -> Result<DirLock> {
        let path = dir.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            bail!(
                "{} is in use by another `zaraba dev` (process {}); stop that one, or choose \
                 another directory with --dir",
                dir.display(),
                holder.trim()
            );
        }
        let note = || -> std::io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        let mut note = note;
        note().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(DirLock { file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let held = DirLock::take(dir.path()).unwrap();
        let error = DirLock::take(dir.path()).err().unwrap().to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        assert!(error.contains("--dir"), "{error}");
        drop(held);
        DirLock::take(dir.path()).unwrap();
    }
}
