//! Files that hold secrets, for both programs: read bounded, refused when others could have read
//! or changed them, written whole or not at all, watched for what replaces them. Knows nothing of
//! what is in them; never logs it.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

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

/// A secret of one line as its file has it: without the line's end.
pub fn line(text: &str) -> &str {
    text.trim_end_matches(['\r', '\n'])
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

/// A file that is looked at again and again, for one who goes on with what it held last.
pub struct Watched {
    path: PathBuf,
    last: Option<Zeroizing<String>>,
    problem: Option<String>,
}

/// What a look at a watched file came to.
#[derive(PartialEq, Eq, Debug)]
pub enum News {
    /// Its text, for the first time or another than before.
    Text {
        /// All of it.
        text: Zeroizing<String>,
        /// Whether nothing was known of it before.
        first: bool,
    },
    /// Nothing new, and the file is as it should be.
    Same,
    /// It cannot be used, and why: what was known before is still good.
    Refused(String),
    /// It still cannot be used, for the same reason.
    StillRefused,
}

impl Watched {
    /// A file nothing is known of yet.
    pub fn new(path: PathBuf) -> Watched {
        Watched { path, last: None, problem: None }
    }

    /// Which file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file.
    pub fn look(&mut self) -> News {
        match read(&self.path) {
            Ok(text) => {
                self.problem = None;
                if self.last.as_ref() == Some(&text) {
                    return News::Same;
                }
                let first = self.last.replace(text.clone()).is_none();
                News::Text { text, first }
            }
            Err(error) => {
                let why = error.to_string();
                if self.problem.as_ref() == Some(&why) {
                    return News::StillRefused;
                }
                self.problem = Some(why.clone());
                News::Refused(why)
            }
        }
    }
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
    fn a_watched_file_tells_each_change_and_each_problem_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watched");
        let text = |text: &str, first| News::Text { text: Zeroizing::new(text.to_owned()), first };
        let mut watched = Watched::new(path.clone());
        assert!(matches!(watched.look(), News::Refused(_)), "it is not there yet");
        assert_eq!(watched.look(), News::StillRefused);
        write(&path, b"one").unwrap();
        assert_eq!(watched.look(), text("one", true));
        assert_eq!(watched.look(), News::Same);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let News::Refused(why) = watched.look() else { panic!("open to all") };
        assert!(why.contains("chmod 600"), "{why}");
        assert_eq!(watched.look(), News::StillRefused);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(watched.look(), News::Same, "what was known before");
        write(&path, b"two").unwrap();
        assert_eq!(watched.look(), text("two", false));
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
