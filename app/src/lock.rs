//! A file that one process holds: whoever has it has what it stands for (a journal, a directory).
//! The kernel lets it go with the process, however that ends. What it stands for is not known here.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;

/// Holds a file until dropped.
#[derive(Debug)]
pub struct Held(File);

impl Drop for Held {
    /// By name: a child that another thread is just starting has a copy of the file until it is a
    /// program of its own; closing ours alone would leave it locked for so long.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl Held {
    /// Takes the file, made if it is not there; none while somebody has it, this process included.
    ///
    /// # Errors
    /// When it cannot be opened or locked.
    pub fn take(path: &Path) -> io::Result<Option<Held>> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Only a hint for messages; the lock itself goes with the process.
        let _ = file.set_len(0);
        let _ = file.write_all(std::process::id().to_string().as_bytes());
        Ok(Some(Held(file)))
    }
}

/// The number of the process that took the file last; empty when that is not known.
pub fn holder(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

/// Whether somebody has the file, this process included.
pub fn is_held(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let free = file.try_lock_shared().is_ok();
    let _ = file.unlock();
    !free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_held_by_one_until_that_lets_go() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        assert!(!is_held(&path) && holder(&path).is_empty());
        let held = Held::take(&path).unwrap().unwrap();
        assert!(Held::take(&path).unwrap().is_none() && is_held(&path));
        assert_eq!(holder(&path), std::process::id().to_string());
        // As a child has it that another thread is just starting.
        let copy = held.0.try_clone().unwrap();
        drop(held);
        assert!(!is_held(&path));
        let again = Held::take(&path).unwrap();
        assert!(again.is_some());
        drop(copy);
        assert!(is_held(&path));
        assert!(Held::take(&dir.path().join("none").join("lock")).is_err());
    }
}
