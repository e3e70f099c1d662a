//! One `zaraba dev` per directory: an advisory lock that the kernel lets go with the
//! process, however it ends.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::lock::{self, Held};

/// Takes a directory; it is held until what is returned is dropped.
///
/// # Errors
/// When another process has it (its number is told), or the file cannot be made.
pub fn take(dir: &Path) -> Result<Held> {
    let path = dir.join("lock");
    let taken = Held::take(&path).with_context(|| format!("cannot lock {}", path.display()))?;
    let Some(held) = taken else {
        bail!(
            "{} is in use by another `zaraba dev` (process {}); stop that one, or choose another \
             directory with --dir",
            dir.display(),
            lock::holder(&path)
        );
    };
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let held = take(dir.path()).unwrap();
        let error = take(dir.path()).err().unwrap().to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        assert!(error.contains("--dir"), "{error}");
        drop(held);
        take(dir.path()).unwrap();
    }
}
