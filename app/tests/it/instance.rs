//! The real program (`zaraba dev`) in its own process, beside a Postgres that outlives its
//! crashes: for tests that are about the program as people start it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use zaraba::dev::postgres::PrivatePostgres;
use zaraba::tools::credentials::DevFile;

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Instance {
    dir: TempDir,
    postgres: Option<PrivatePostgres>,
    port_base: u16,
    process: Option<Child>,
    options: Vec<String>,
}

impl Instance {
    pub async fn install(options: &[&str]) -> Instance {
        let dir = tempfile::tempdir().unwrap();
        // Postgres runs as another user where the tests run as root.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(dir.path(), mode).unwrap();
        let postgres = PrivatePostgres::start(&dir.path().join("postgres"), 0).await.unwrap();
        let port_base = crate::ports::four();
        let options = options.iter().map(|option| option.to_string()).collect();
        Instance { dir, postgres: Some(postgres), port_base, process: None, options }
    }

    pub fn database_url(&self) -> String {
        self.postgres.as_ref().unwrap().url()
    }

    /// Where `dev.json` is.
    pub fn dev_dir(&self) -> PathBuf {
        self.dir.path().join("dev")
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dev_dir().join("data")
    }

    pub fn dev_file(&self) -> DevFile {
        DevFile::read(&self.dev_dir()).unwrap()
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(&mut self) {
        let before = self.written();
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join("server.log"))
            .unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_zaraba"))
            .args(["dev", "--no-console"])
            .args(&self.options)
            .arg("--dir")
            .arg(self.dev_dir())
            .args(["--port-base", &self.port_base.to_string()])
            .env("DATABASE_URL", self.database_url())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while self.written().is_none_or(|at| Some(at) == before) {
            let ended = process.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "no start: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.process = Some(process);
    }

    /// When `dev.json` was written, which is the last thing a start does. While a start is
    /// under way there is none.
    fn written(&self) -> Option<std::time::SystemTime> {
        std::fs::metadata(self.dev_dir().join("dev.json")).and_then(|m| m.modified()).ok()
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.dir.path().join("server.log")).unwrap_or_default();
        log.lines().rev().take(15).collect::<Vec<_>>().join("\n")
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// SIGTERM, and a clean end; `dev.json` stays.
    pub fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&process),
            rustix::process::Signal::TERM,
        )
        .unwrap();
        let status = process.wait().unwrap();
        assert!(status.success(), "SIGTERM ended with {status}: {}", self.log());
    }

    pub async fn uninstall(mut self) {
        if let Some(postgres) = self.postgres.take() {
            postgres.stop().await;
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
