//! As whom a private server runs, and where that user can reach its cluster.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{PrivatePostgresError, Result, io_error};

/// Where root keeps clusters whose directory the `postgres` user cannot reach.
const ROOTS_CLUSTERS: &str = "/var/lib/zaraba";

/// As whom the server runs, where that is not this process's own user.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    ids: Option<(u32, u32)>,
}

impl Owner {
    /// The user `postgres` where this process is root's, else its own.
    pub(super) fn of_this_process() -> Result<Owner> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Owner { ids: None });
        }
        let users = fs::read_to_string("/etc/passwd").map_err(io_error("read", "/etc/passwd"))?;
        let ids = users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_it = fields.next() == Some("postgres");
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            is_it.then_some((uid, gid))
        });
        ids.map(|ids| Owner { ids: Some(ids) }).ok_or(PrivatePostgresError::NoUser)
    }

    /// Makes the cluster's directory, where the owner can reach it, and returns its path.
    pub(super) fn settle(self, dir: &Path) -> Result<PathBuf> {
        let parent = dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(io_error("create", parent))?;
        let parent = parent.canonicalize().map_err(io_error("find", parent))?;
        let name = dir.file_name().unwrap_or(std::ffi::OsStr::new("postgres"));
        let wanted = parent.join(name);
        let linked = wanted.is_symlink() && wanted.exists();
        let place = if linked || self.reaches(&parent) { wanted } else { link_elsewhere(&wanted)? };
        fs::create_dir_all(&place).map_err(io_error("create", &place))?;
        let place = place.canonicalize().map_err(io_error("find", &place))?;
        self.give(&place, 0o700)?;
        Ok(place)
    }

    /// Whether the owner can walk through `dir` and everything above it.
    fn reaches(self, dir: &Path) -> bool {
        let Some((uid, gid)) = self.ids else { return true };
        dir.ancestors().all(|dir| {
            fs::metadata(dir).is_ok_and(|meta| {
                let bit = match () {
                    () if meta.uid() == uid => 0o100,
                    () if meta.gid() == gid => 0o010,
                    () => 0o001,
                };
                meta.mode() & bit != 0
            })
        })
    }

    /// Hands a file or directory to the owner, and to nobody else.
    pub(super) fn give(self, path: &Path, mode: u32) -> Result<()> {
        if let Some((uid, gid)) = self.ids {
            std::os::unix::fs::chown(path, Some(uid), Some(gid))
                .map_err(io_error("give to user postgres", path))?;
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(io_error("set the permissions of", path))
    }

    /// A command that runs as the owner, deaf to our terminal's signals.
    pub(super) fn command(self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        if let Some((uid, gid)) = self.ids {
            command.uid(uid).gid(gid);
        }
        command.current_dir("/").stdin(Stdio::null());
        // Postgres's words are looked at by nobody but people; keep them in one language.
        command.env("LC_ALL", "C").env_remove("PGDATA").env_remove("PGPORT");
        command
    }
}

/// Makes the link in place of `wanted` to a directory that user `postgres` can reach.
fn link_elsewhere(wanted: &Path) -> Result<PathBuf> {
    let hash = blake3::hash(wanted.as_os_str().as_encoded_bytes()).to_hex();
    let place = Path::new(ROOTS_CLUSTERS).join(format!("postgres-{}", &hash[..12]));
    if place.exists() {
        // The link is gone, so the data it belonged to was deleted: start afresh.
        fs::remove_dir_all(&place).map_err(io_error("remove", &place))?;
    }
    fs::create_dir_all(&place).map_err(io_error("create", &place))?;
    if wanted.is_symlink() {
        fs::remove_file(wanted).map_err(io_error("remove the dangling link", wanted))?;
    } else if wanted.exists() {
        fs::remove_dir(wanted).map_err(io_error("put a link in place of", wanted))?;
    }
    std::os::unix::fs::symlink(&place, wanted).map_err(io_error("make the link", wanted))?;
    tracing::info!(
        event = "dev.postgres_elsewhere",
        wanted = %wanted.display(),
        place = %place.display(),
        "user postgres cannot reach the directory; the cluster lies elsewhere"
    );
    Ok(place)
}
