//! Files that hold secrets: read bounded, refused when others could have read or changed them,
//! written whole or not at all. Knows nothing of what is in them; never logs it.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use zeroize::Zeroizing;

/// Largest file that is taken, in bytes.
const BYTES_MAX: u64 = 16 << 10;
/// What a mode may not have: anything for others, writing for the group. Reading by the group is
/// how systemd's credentials show the access of their service.
const TOO_OPEN: u32 = 0o027;

/// The text of a file of secrets.
///
/// # Errors
/// When it cannot be read, is no file, is larger than 16 KiB, is not UTF-8, or may be read or
/// changed by others; the message says what to do and holds nothing of the content.
pub fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let bad = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let file = fs::File::open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(bad("it is no file".into()));
    }
    let mode = about.permissions().mode() & 0o777;
    if mode & TOO_OPEN != 0 {
        return Err(bad(format!(
            "its mode is {mode:o}, others can read or change it; chmod 600 it"
        )));
    }
    // As large as it can become: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX as usize + 1));
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(bad(format!("it is larger than {BYTES_MAX} bytes")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| bad("it is not UTF-8 text".into()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Writes a file that only its owner can read, whole or not at all. The owner of a file that is
/// replaced stays its owner: root may renew what a service reads.
///
/// # Errors
/// When it cannot be written, or not be given to the owner of the one before.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let temporary = path.with_extension("new");
    // A leftover of a crash may have other permissions.
    let _ = fs::remove_file(&temporary);
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    if let Ok(before) = fs::metadata(path) {
        let own = file.metadata()?;
        if (before.uid(), before.gid()) != (own.uid(), own.gid()) {
            fchown(&file, Some(before.uid()), Some(before.gid()))?;
        }
    }
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_can_read_or_change_is_refused_and_nothing_of_it_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/one.secret");
        write(&path, b"hush\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o600, 0o400, 0o440, 0o640] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(&**read(&path).unwrap(), "hush\n", "{mode:o}");
        }
        for mode in [0o644, 0o604, 0o660, 0o602, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let why = read(&path).unwrap_err().to_string();
            assert!(why.contains(&format!("{mode:o}")) && why.contains("chmod 600"), "{why}");
            assert!(!why.contains("hush"), "{why}");
        }
        write(&path, b"again").unwrap();
        assert_eq!(&**read(&path).unwrap(), "again", "a new file has a mode of its own");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left");
    }

    #[test]
    fn large_and_foreign_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        write(&path, &vec![b'x'; BYTES_MAX as usize]).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, BYTES_MAX);
        write(&path, &vec![b'x'; BYTES_MAX as usize + 1]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("larger"));
        write(&path, &[0xff, 0xfe]).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("UTF-8"));
        assert!(read(dir.path()).is_err());
    }
}
