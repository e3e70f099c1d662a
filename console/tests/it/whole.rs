//! The console with the real backend in a process of its own, which is killed while pages are
//! open: pages say that they are stale, and recover by themselves.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use zaraba::dev::postgres::PrivatePostgres;
use zaraba::tools::credentials::DevFile;
use zaraba_console::authz::Role;
use zaraba_console::config::Config;
use zaraba_console::server;

use crate::backend::{secret_file, token_line};
use crate::browser::{Browser, missing};
use crate::failover::Relay;
use crate::ports;
use crate::world::{LOGIN, World, add_person, skipped};

/// Names the directory of the backend's process.
const DIR: &str = "ZARABA_TEST_BACKEND";

/// How long a start of the backend may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Not a test of its own: the backend, when a test starts this program again to have one that
/// it can kill.
#[test]
fn backend_in_a_process_of_its_own() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let base = std::env::var("ZARABA_TEST_PORTS").unwrap();
    let profile = std::env::var("ZARABA_TEST_PROFILE").unwrap();
    let words = ["zaraba", "dev", "--no-console", "--demo", "sim", "--profile", &profile];
    let more = ["--dir", &dir, "--port-base", &base];
    let _ = zaraba::cli::run(zaraba::cli::Cli::parse_from(words.into_iter().chain(more)));
}

/// `zaraba dev` without a console, in a process of its own.
pub struct Backend {
    dir: tempfile::TempDir,
    ports: u16,
    profile: &'static str,
    database: String,
    process: Option<Child>,
}

impl Backend {
    async fn start(database: String, profile: &'static str) -> Backend {
        let dir = tempfile::tempdir().unwrap();
        let mut backend = Backend { dir, ports: ports::four(), profile, database, process: None };
        backend.run().await;
        backend
    }

    pub async fn run(&mut self) {
        let _ = std::fs::remove_file(self.dir.path().join("dev.json"));
        let log = std::fs::File::create(self.dir.path().join("output.log")).unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "whole::backend_in_a_process_of_its_own", "--nocapture"])
            .env(DIR, self.dir.path())
            .env("ZARABA_TEST_PORTS", self.ports.to_string())
            .env("ZARABA_TEST_PROFILE", self.profile)
            .env("DATABASE_URL", &self.database)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while !self.dir.path().join("dev.json").exists() {
            let ended = process.try_wait().unwrap();
            let log = || std::fs::read_to_string(self.dir.path().join("output.log"));
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "no start: {:?}", log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.process = Some(process);
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Kills the process and starts another on a copy of its journal, at other addresses.
    pub async fn hand_over(&mut self) {
        self.kill();
        let next = tempfile::tempdir().unwrap();
        let from = self.dir.path().join(".");
        let copied = Command::new("cp").arg("-a").args([from.as_path(), next.path()]).status();
        assert!(copied.unwrap().success());
        (self.dir, self.ports) = (next, ports::four());
        self.run().await;
    }

    pub fn dev_file(&self) -> DevFile {
        DevFile::read(self.dir.path()).unwrap()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Postgres, the backend in a process of its own, and the console over both.
pub struct Office {
    pub world: World,
    pub backend: Backend,
    postgres: PrivatePostgres,
    directory: tempfile::TempDir,
    stop: tokio::sync::oneshot::Sender<()>,
}

/// Everything: an office and a browser.
pub struct Whole {
    pub world: World,
    pub backend: Backend,
    postgres: Option<PrivatePostgres>,
    directory: tempfile::TempDir,
    pub browser: Browser,
    stop: tokio::sync::oneshot::Sender<()>,
}

/// `at`: where the console reaches the backend's admin and public API.
fn config(address: SocketAddr, database: &str, at: [&str; 2], token: &Path) -> Config {
    Config::parse(&format!(
        "public_url = \"http://{address}\"\nlanguage = \"en\"\n\
         key_file = \"{}\"\n[database]\nurl = \"{database}\"\nconnections = 4\n\
         [backend]\nadmin_url = \"{}\"\npublic_url = \"{}\"\nadmin_token_file = \"{}\"\n\
         [sign_in]\nsecond_factor = \"optional\"\n\
         [live]\ninterval_ms = 50\n",
        token.with_file_name("console.key").display(),
        at[0],
        at[1],
        token.display(),
    ))
    .unwrap()
}

impl Office {
    /// With these markets: `crypto`, `tse` or `both`.
    pub async fn start(profile: &'static str) -> Office {
        Office::reached(profile, async |dev| [dev.admin.clone(), dev.api.clone()]).await
    }

    /// With a console that reaches the backend's admin and public API at the addresses told.
    async fn reached(
        profile: &'static str,
        at: impl AsyncFnOnce(&DevFile) -> [String; 2],
    ) -> Office {
        let directory = tempfile::tempdir().unwrap();
        // Postgres runs as another user where the tests run as root.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(directory.path(), mode).unwrap();
        let postgres = PrivatePostgres::start(&directory.path().join("postgres"), 0).await.unwrap();
        let database = postgres.url();
        let backend = Backend::start(database.clone(), profile).await;
        let dev = backend.dev_file();
        let token = directory.path().join("admin.token");
        secret_file(&token, &token_line("office", &dev.admin_token, 86_400));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let at = at(&dev).await;
        let config = config(address, &database, at.each_ref().map(String::as_str), &token);
        let pool = zaraba_console::db::pool(&config.database).unwrap();
        add_person(&pool, LOGIN, "Aki Tanaka", &[Role::Operations], "en").await;
        let settings = config.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server::serve_on(listener, config, stopped).await.unwrap();
        });
        let url = format!("http://{address}");
        let world = World::over(pool, url, settings);
        Office { world, backend, postgres, directory, stop }
    }

    pub async fn end(self) {
        let _ = self.stop.send(());
        drop(self.backend);
        self.postgres.stop().await;
    }
}

impl Whole {
    /// With these markets: `crypto`, `tse` or `both`.
    pub async fn start(profile: &'static str) -> Whole {
        Whole::with(Office::start(profile).await).await
    }

    /// The console reaches the backend's admin and public API through these.
    pub async fn behind_relays(profile: &'static str) -> (Whole, [Relay; 2]) {
        let mut relays = None;
        let office = Office::reached(profile, async |dev| {
            let [admin, api] =
                relays.insert([Relay::to(&dev.admin).await, Relay::to(&dev.api).await]);
            [admin.url(), api.url()]
        });
        let whole = Whole::with(office.await).await;
        (whole, relays.unwrap())
    }

    async fn with(office: Office) -> Whole {
        let Office { world, backend, postgres, directory, stop } = office;
        let browser = Browser::open(1440, 900).await;
        browser.sign_in(&world).await;
        Whole { world, backend, postgres: Some(postgres), directory, browser, stop }
    }

    pub async fn open(&self, path: &str) {
        self.browser.client.goto(&self.world.at(path)).await.unwrap();
    }

    /// Waits until the book shown is live and moves.
    pub async fn moves(&self) {
        self.browser.wait(".mark.live").await;
        let seq = "return Number(document.querySelector('#ladder table').dataset.seq)";
        self.browser.wait("#ladder table").await;
        let before = self.browser.client.execute(seq, vec![]).await.unwrap();
        let later =
            format!("Number(document.querySelector('#ladder table').dataset.seq) > {before}");
        self.browser.wait_until(&later).await;
    }

    pub async fn end(mut self) {
        self.browser.close().await;
        let _ = self.stop.send(());
        drop(self.backend);
        if let Some(postgres) = self.postgres.take() {
            postgres.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backend_makes_pages_stale_and_its_return_live_again() {
    if let Some(why) = missing() {
        return skipped("a_killed_backend_makes_pages_stale_and_its_return_live_again", &why);
    }
    let mut whole = Whole::start("crypto").await;
    whole.open("/books/BTC_JPY").await;
    whole.moves().await;

    whole.backend.kill();
    let stale = "document.querySelector('.mark.stale')?.textContent.startsWith('Stale since')";
    whole.browser.wait_until(stale).await;
    // What was last known stays on the page, and a page opened now says how things are.
    whole.browser.wait("#ladder table").await;
    whole.open("/").await;
    whole.browser.wait(".mark.stale").await;
    whole.open("/books/BTC_JPY").await;
    whole.browser.wait(".mark.stale").await;

    whole.backend.run().await;
    whole.moves().await;
    whole.open("/").await;
    whole.browser.wait(".mark.live").await;
    whole.browser.assert_clean(&whole.world, &[]).await;
    whole.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_may_be_away_while_live_pages_go_on() {
    if let Some(why) = missing() {
        return skipped("postgres_may_be_away_while_live_pages_go_on", &why);
    }
    let mut whole = Whole::start("crypto").await;
    whole.open("/books/BTC_JPY").await;
    whole.moves().await;
    let postgres = whole.postgres.take().unwrap();
    let port = postgres.port();
    postgres.kill().await;
    whole.moves().await;
    // History cannot be shown; the page says so instead of showing half of it.
    whole.open("/orders").await;
    assert!(whole.browser.text("main").await.contains("database"), "says what is away");

    let again = PrivatePostgres::start(&whole.directory.path().join("postgres"), port).await;
    whole.postgres = Some(again.unwrap());
    let back = async || {
        whole.open("/orders").await;
        let there = "return !!document.querySelector('#orders tbody tr')";
        whole.browser.client.execute(there, vec![]).await.unwrap() == true
    };
    let begun = Instant::now();
    while !back().await {
        assert!(begun.elapsed() < PATIENCE, "the orders never came back");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    whole.open("/books/BTC_JPY").await;
    whole.moves().await;
    // The browser itself reports the failing page.
    whole.browser.assert_clean(&whole.world, &["503 (Service Unavailable)"]).await;
    whole.end().await;
}
