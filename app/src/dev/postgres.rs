//! A private Postgres for `zaraba dev` and for tests: made, started and stopped by us,
//! reachable from this machine only, and only with its random password.
//!
//! - The cluster lies in the given directory. Postgres refuses to run as root; started by
//!   root it runs as the system user `postgres`, and if that user cannot reach the
//!   directory (a clone under `/root`), the cluster lies in `/var/lib/zaraba` and a link
//!   stands in its place.
//! - Every connection, by loopback or socket, needs the password (scram-sha-256), since other
//!   people may be on this machine. It is kept in a file only the owner can read.
//! - If this process is killed outright, Postgres shuts itself down (see `child`).

mod owner;

use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::child::Supervised;
use crate::lock::Held;
use owner::Owner;

/// Role and database of the platform in a private cluster.
const NAME: &str = "zaraba";
/// How long starting and stopping may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where a free port is looked for, and how often.
const PORTS: std::ops::Range<u16> = 10_000..13_000;
const PORT_TRIES: u8 = 20;
/// Why a private Postgres could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PrivatePostgresError {
    /// The server programs are not on this machine.
    #[error(
        "PostgreSQL's server programs (initdb, postgres) are not in PATH or \
         /usr/lib/postgresql/*/bin; install them (Debian: apt-get install postgresql), or set \
         DATABASE_URL to a database that exists"
    )]
    Missing,
    /// Root has nobody to run it as.
    #[error(
        "PostgreSQL does not run as root and there is no system user `postgres` to run it as; \
         create one (Debian: apt-get install postgresql) or start as an ordinary user"
    )]
    NoUser,
    /// A file or directory could not be made or read.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// `initdb` failed.
    #[error("initdb could not make a database cluster in {path}: {output}")]
    Init {
        /// Where.
        path: PathBuf,
        /// What it said.
        output: String,
    },
    /// The server did not come up.
    #[error("PostgreSQL in {path} did not start: {why}; its log: {log}")]
    Start {
        /// Where.
        path: PathBuf,
        /// What is known.
        why: String,
        /// Last lines of its log.
        log: String,
    },
    /// A server from an earlier run does not stop.
    #[error(
        "a PostgreSQL of an earlier run (process {pid}) holds {path} and does not stop; end it and try again"
    )]
    Held {
        /// Its process.
        pid: i32,
        /// Where.
        path: PathBuf,
    },
    /// Another live process of ours uses the directory.
    #[error("{path} is in use by another zaraba process; stop that one, or use another directory")]
    InUse {
        /// Where.
        path: PathBuf,
    },
}

type Result<T> = std::result::Result<T, PrivatePostgresError>;

impl PrivatePostgresError {
    /// Whether the server did not come up because something else listens at its port.
    fn is_port_taken(&self) -> bool {
        matches!(self, PrivatePostgresError::Start { log, .. } if log.contains("in use"))
    }
}

fn io_error(
    what: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> PrivatePostgresError {
    move |source| PrivatePostgresError::Io { what, path: path.into(), source }
}

/// A running private Postgres; stopped by [`PrivatePostgres::stop`] or when dropped.
pub struct PrivatePostgres {
    dir: PathBuf,
    port: u16,
    password: String,
    server: Option<Supervised>,
    /// Locked as long as we live, so that nobody takes our server for a leftover.
    _lock: Held,
}

/// Whether the server programs are on this machine, so that tests can say they were skipped.
pub fn installed() -> bool {
    find_programs().is_some()
}

impl PrivatePostgres {
    /// Makes the cluster in `dir` if there is none, starts it on 127.0.0.1:`port` (zero: one
    /// that is free) and waits until it answers. A server that a crashed run left
    /// behind in `dir` is stopped first.
    ///
    /// # Errors
    /// See [`PrivatePostgresError`]; nothing is left running then.
    pub async fn start(dir: &Path, port: u16) -> Result<PrivatePostgres> {
        let mut more = if port == 0 { PORT_TRIES } else { 0 };
        loop {
            match Self::start_once(dir, port).await {
                // Free when it was looked for; somebody else was quicker.
                Err(error) if more > 0 && error.is_port_taken() => more -= 1,
                outcome => return outcome,
            }
        }
    }

    async fn start_once(dir: &Path, port: u16) -> Result<PrivatePostgres> {
        let dir = dir.to_owned();
        let blocking = tokio::task::spawn_blocking(move || launch(&dir, port)).await;
        let postgres =
            blocking.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        postgres.wait_ready().await?;
        Ok(postgres)
    }

    /// URL of the platform's database, with the password: not for logs and command lines.
    pub fn url(&self) -> String {
        format!("postgres://{NAME}:{}@127.0.0.1:{}/{NAME}", self.password, self.port)
    }

    /// URL of the platform's database without the password, for settings with
    /// `password_file`.
    pub fn url_without_password(&self) -> String {
        format!("postgres://{NAME}@127.0.0.1:{}/{NAME}", self.port)
    }

    /// The file with the password; only its owner can read it.
    pub fn password_file(&self) -> PathBuf {
        self.dir.join("password")
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Process number of the server.
    pub fn pid(&self) -> Option<i32> {
        self.server.as_ref().map(|server| server.pid.as_raw_nonzero().get())
    }

    /// Stops it: connections are cut, everything committed is on disk.
    pub async fn stop(mut self) {
        // The only panic would be one of the waiter itself, which has nothing to lose.
        let _ = tokio::task::spawn_blocking(move || self.shut_down()).await;
    }

    /// Kills it like a power cut of the database alone, for tests of what survives that.
    pub async fn kill(mut self) {
        if let Some(server) = self.server.take() {
            let _ = tokio::task::spawn_blocking(move || server.end(Signal::KILL)).await;
        }
    }

    fn shut_down(&mut self) {
        if let Some(server) = self.server.take() {
            server.end(Signal::INT);
        }
    }

    async fn wait_ready(&self) -> Result<()> {
        let options = PgConnectOptions::from_str(&self.url())
            .unwrap_or_else(|e| unreachable!("our own URL is not a URL: {e}"));
        let maintenance = options.database("postgres").disable_statement_logging();
        let begun = Instant::now();
        loop {
            let gone = self.server.as_ref().is_none_or(Supervised::has_ended);
            // Whoever else may have the port need not ever answer.
            let connect = PgConnection::connect_with(&maintenance);
            let connected = match tokio::time::timeout(Duration::from_secs(2), connect).await {
                Ok(connected) => connected.map_err(|e| e.to_string()),
                Err(_) => Err("no answer".to_owned()),
            };
            match connected {
                Ok(connection) if !gone => return self.create_database(connection).await,
                Ok(_) => return Err(self.not_started("another server answers on its port".into())),
                Err(e) if gone => return Err(self.not_started(format!("it ended ({e})"))),
                Err(e) if begun.elapsed() > PATIENCE => {
                    return Err(self.not_started(format!("it does not answer ({e})")));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    async fn create_database(&self, mut connection: PgConnection) -> Result<()> {
        let exists = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
            .bind(NAME)
            .fetch_optional(&mut connection)
            .await
            .map_err(|e| self.not_started(e.to_string()))?;
        if exists.is_none() {
            sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {NAME}")))
                .execute(&mut connection)
                .await
                .map_err(|e| self.not_started(e.to_string()))?;
        }
        let _ = connection.close().await;
        Ok(())
    }

    fn not_started(&self, why: String) -> PrivatePostgresError {
        let log = fs::read_to_string(self.dir.join("server.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(6).collect();
        let log = lines.into_iter().rev().collect::<Vec<_>>().join(" | ");
        PrivatePostgresError::Start { path: self.dir.clone(), why, log }
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// Everything that blocks: directories, initdb, the process.
fn launch(dir: &Path, port: u16) -> Result<PrivatePostgres> {
    let programs = find_programs().ok_or(PrivatePostgresError::Missing)?;
    let owner = Owner::of_this_process()?;
    let dir = owner.settle(dir)?;
    let lock = lock(&dir)?;
    let data = dir.join("data");
    let password = password(&dir, &data)?;
    if !data.join("PG_VERSION").exists() {
        init(&programs, &owner, &dir, &data)?;
    }
    end_leftover(&data)?;
    let port = if port == 0 { free_port(&dir)? } else { port };
    configure(&owner, &dir, &data, port)?;
    let server = serve(&programs, owner, &dir, &data)?;
    Ok(PrivatePostgres { dir, port, password, server: Some(server), _lock: lock })
}

/// Takes the directory for this process.
fn lock(dir: &Path) -> Result<Held> {
    let path = dir.join("lock");
    let taken = Held::take(&path).map_err(io_error("lock", &path))?;
    taken.ok_or_else(|| PrivatePostgresError::InUse { path: dir.into() })
}

/// The directory with `initdb` and `postgres`: PATH first, then Debian's, newest version.
fn find_programs() -> Option<PathBuf> {
    let has_both = |dir: &PathBuf| dir.join("initdb").is_file() && dir.join("postgres").is_file();
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(dir) = std::env::split_paths(&path).find(has_both) {
        return Some(dir);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .filter(|(_, bin)| has_both(bin))
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin)
}

/// The cluster's password; a new one where there is no cluster yet. The file belongs to
/// us, not to the server's user.
fn password(dir: &Path, data: &Path) -> Result<String> {
    let file = dir.join("password");
    if data.join("PG_VERSION").exists() {
        let text = fs::read_to_string(&file).map_err(io_error("read", &file))?;
        return Ok(text.trim().to_owned());
    }
    let mut random = [0u8; 24];
    getrandom::fill(&mut random).map_err(|e| PrivatePostgresError::Io {
        what: "get random bytes for",
        path: file.clone(),
        source: io::Error::other(e.to_string()),
    })?;
    let password = hex::encode(random);
    write_private(&file, password.as_bytes())?;
    Ok(password)
}

/// Writes a file that only its owner can read, from the first moment on.
fn write_private(file: &Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let _ = fs::remove_file(file);
    let mut open = fs::OpenOptions::new();
    let mut open = open
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .map_err(io_error("create", file))?;
    open.write_all(bytes).map_err(io_error("write", file))
}

/// Makes the cluster beside its place and moves it there whole, so that a crash half way
/// leaves nothing that looks like one.
fn init(programs: &Path, owner: &Owner, dir: &Path, data: &Path) -> Result<()> {
    let making = dir.join("making");
    if making.exists() {
        fs::remove_dir_all(&making).map_err(io_error("remove", &making))?;
    }
    // initdb reads the password as the server's user.
    let handed = dir.join("password.init");
    let password = fs::read(dir.join("password")).map_err(io_error("read", dir))?;
    write_private(&handed, &password)?;
    owner.give(&handed, 0o600)?;
    let output = owner
        .command(programs.join("initdb"))
        .args(["--username", NAME, "--auth", "scram-sha-256", "--encoding", "UTF8"])
        .args(["--locale", "C", "--no-sync", "--pwfile"])
        .arg(&handed)
        .arg("--pgdata")
        .arg(&making)
        .output()
        .map_err(io_error("run", programs.join("initdb")))?;
    fs::remove_file(&handed).map_err(io_error("remove", &handed))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ");
        return Err(PrivatePostgresError::Init { path: making, output: text });
    }
    fs::rename(&making, data).map_err(io_error("move into place", data))
}

/// Stops a server that a crashed run left behind, and clears its lock file when no server
/// holds it (its process number may belong to somebody else by now, which Postgres itself
/// cannot tell).
fn end_leftover(data: &Path) -> Result<()> {
    let lock = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&lock) else { return Ok(()) };
    let number = text.lines().next().and_then(|line| line.trim().parse::<i32>().ok());
    let begun = Instant::now();
    if let Some((number, pid)) = number.and_then(|n| Some((n, Pid::from_raw(n)?))) {
        while serves(number, data) {
            if begun.elapsed() > PATIENCE {
                return Err(PrivatePostgresError::Held { pid: number, path: data.to_owned() });
            }
            let _ = kill_process(pid, Signal::INT);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    match fs::remove_file(&lock) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error("remove", lock)(e)),
        _ => Ok(()),
    }
}

/// Whether this process is a Postgres that runs on this cluster.
fn serves(pid: i32, data: &Path) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut words = line.split(|byte| *byte == 0);
    words.next().is_some_and(|program| program.ends_with(b"postgres"))
        && words.any(|word| word == data.as_os_str().as_encoded_bytes())
}

/// A port that is free now. It is below those that systems give to connections that go out, so that
/// none of them has it while a server that is to come back at its port is away.
fn free_port(dir: &Path) -> Result<u16> {
    let mut tries = PORT_TRIES;
    loop {
        tries -= 1;
        let port = rand::random_range(PORTS);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) if tries == 0 => return Err(io_error("find a free port for", dir)(error)),
            Err(_) => {}
        }
    }
}

/// Settings for a small machine that also trades. `synchronous_commit` stays on: tables that
/// are not projections live here too; the projector turns it off for its own sessions,
/// since what it loses it takes from the journal again.
fn configure(owner: &Owner, dir: &Path, data: &Path, port: u16) -> Result<()> {
    // Linux allows 107 bytes for a socket's path.
    let fits = dir.as_os_str().len() + "/.s.PGSQL.65535.lock".len() <= 107;
    let sockets = if fits { dir.display().to_string().replace('\'', "''") } else { String::new() };
    let settings = format!(
        "# Written by zaraba at every start; changes here are lost.\n\
         listen_addresses = '127.0.0.1'\n\
         port = {port}\n\
         unix_socket_directories = '{sockets}'\n\
         max_connections = 60\n\
         password_encryption = 'scram-sha-256'\n\
         shared_buffers = '128MB'\n\
         wal_level = minimal\n\
         max_wal_senders = 0\n\
         max_locks_per_transaction = 512\n\
         max_wal_size = '2GB'\n\
         checkpoint_timeout = '15min'\n\
         wal_compression = on\n\
         random_page_cost = 1.1\n\
         jit = off\n\
         timezone = 'UTC'\n\
         log_timezone = 'UTC'\n\
         log_line_prefix = '%m [%p] %q%a '\n"
    );
    let file = data.join("postgresql.conf");
    fs::write(&file, settings).map_err(io_error("write", &file))?;
    owner.give(&file, 0o600)
}

/// Starts the server on a thread that stays with it until its end.
fn serve(programs: &Path, owner: Owner, dir: &Path, data: &Path) -> Result<Supervised> {
    let log_path = dir.join("server.log");
    let log = fs::File::create(&log_path).map_err(io_error("create", &log_path))?;
    owner.give(&log_path, 0o600)?;
    let errors = log.try_clone().map_err(io_error("open", &log_path))?;
    let program = programs.join("postgres");
    let mut command = owner.command(program.clone());
    command.arg("-D").arg(data).stdout(log).stderr(errors);
    // SIGINT is Postgres's "fast" shutdown.
    Supervised::spawn("private-postgres", command, Signal::INT).map_err(io_error("run", program))
}
