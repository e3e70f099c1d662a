//! `zaraba dev`: the whole platform on one machine, in one process tree: a private Postgres
//! (or `DATABASE_URL`), the backend in this process, the console beside it, demo data, and
//! if asked for a simulated market. For development and demonstrations; nothing in
//! production needs this room.

mod admin;
mod child;
mod console;
mod day;
mod demo;
mod lock;
pub mod logins;
mod options;
mod ports;
pub mod postgres;
mod setup;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sqlx::postgres::PgConnectOptions;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use zaraba_engine::types::Seq;

use self::admin::Admin;
use self::console::Console;
pub use self::options::Options;
use self::options::{Demo, Sessions, Until};
use self::ports::Ports;
use self::postgres::PrivatePostgres;
use crate::clock::MarketClock;
use crate::config::Config;
use crate::platform::Platform;
use crate::tools::client::Endpoint;
use crate::tools::credentials::DevFile;
use crate::tools::sim;
use crate::wiring::Node;

/// Runs a development instance until Ctrl-C or SIGTERM.
///
/// # Errors
/// When a part cannot be started, or ends by itself.
pub fn run(options: Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(serve(options))
}

/// The parts that run, in the order they were started.
#[derive(Default)]
struct Parts {
    postgres: Option<PrivatePostgres>,
    node: Option<Node>,
    console: Option<Console>,
    sim: Option<(CancellationToken, tokio::task::JoinHandle<sim::Counts>)>,
    day: Option<tokio::task::JoinHandle<Result<day::Counts>>>,
    /// Where the backend ended.
    state: Option<(Seq, u64)>,
}

impl Parts {
    /// Stops everything, last started first.
    async fn stop(&mut self) {
        if let Some((stop, task)) = self.sim.take() {
            stop.cancel();
            let _ = task.await;
        }
        if let Some(task) = self.day.take() {
            task.abort();
            let _ = task.await;
        }
        if let Some(console) = self.console.take() {
            console.stop().await;
        }
        if let Some(node) = self.node.take() {
            self.state = node.stop().await;
        }
        if let Some(postgres) = self.postgres.take() {
            postgres.stop().await;
        }
    }
}

async fn serve(options: Options) -> Result<()> {
    options.check()?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    fs::create_dir_all(&options.dir)
        .with_context(|| format!("cannot create {}", options.dir.display()))?;
    let dir = options
        .dir
        .canonicalize()
        .with_context(|| format!("cannot use {}", options.dir.display()))?;
    let _lock = lock::take(&dir)?;
    let mut parts = Parts::default();
    let started = tokio::select! {
        started = start(&options, &dir, &mut parts) => started,
        _ = interrupt.recv() => Err(anyhow::anyhow!("stopped while starting")),
        _ = terminate.recv() => Err(anyhow::anyhow!("stopped while starting")),
    };
    let mut whole_day = false;
    let ended = match started {
        Ok(file) => {
            print_summary(&file, &dir);
            let mut day = parts.day.take();
            let ended = loop {
                tokio::select! {
                    _ = interrupt.recv() => break Ok(()),
                    _ = terminate.recv() => break Ok(()),
                    what = watch(&mut parts) => break Err(anyhow::anyhow!("{what}")),
                    traded = day_over(&mut day) => match traded {
                        Ok(counts) => {
                            eprintln!("the day is over: {counts}");
                            whole_day = true;
                            if options.until == Some(Until::Close) {
                                break Ok(());
                            }
                            show_day(&dir, None).await?;
                        }
                        Err(error) => break Err(error),
                    },
                }
            };
            parts.day = day;
            ended
        }
        Err(error) => Err(error),
    };
    eprintln!("stopping");
    parts.stop().await;
    if whole_day && ended.is_ok() && options.until.is_some() {
        show_day(&dir, parts.state).await?;
    }
    ended
}

/// Resolves when the simulated day is over; never when there is none.
async fn day_over(
    task: &mut Option<tokio::task::JoinHandle<Result<day::Counts>>>,
) -> Result<day::Counts> {
    let Some(running) = task else { return std::future::pending().await };
    let ended = running.await.context("the simulated day panicked");
    *task = None;
    ended?
}

/// Replays the journal, prints what the day brought, and compares the state with the
/// backend's own, where that is known.
async fn show_day(dir: &Path, state: Option<(Seq, u64)>) -> Result<()> {
    let data = dir.join("data");
    let summary =
        tokio::task::spawn_blocking(move || crate::summary::of_journal(&data, None)).await??;
    print!("{}", summary.in_words());
    if let Some((seq, hash)) = state {
        let replayed = (summary.seq, summary.state_hash);
        if replayed != (seq, hash) {
            bail!("the replay ends at {replayed:?}, the backend ended at {:?}", (seq, hash));
        }
        println!("  The backend ended with the same state: {hash:016x} after {seq} commands.");
    }
    Ok(())
}

/// Resolves when a part ends by itself.
async fn watch(parts: &mut Parts) -> &'static str {
    let console = parts.console.as_ref();
    let console_ends = async {
        while !console.is_some_and(Console::has_ended) {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let door_closes = async {
        match &mut parts.node {
            Some(node) => node.door_closed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = console_ends => "the console ended by itself; console.log says why",
        () = door_closes => "the backend closed a door by itself; zaraba.log says why",
    }
}

/// A sign-in to Postgres.
struct Login {
    name: String,
    password: String,
    url: String,
}

/// The sign-ins of the backend and the console, with new passwords at every start.
struct Logins {
    backend: Login,
    console: Login,
}

impl Logins {
    /// Names after the database, so that instances on one server do not share them.
    fn of(url: &str) -> Result<Logins> {
        let options = PgConnectOptions::from_str(url).context("DATABASE_URL is not valid")?;
        let database = options.get_database().unwrap_or("zaraba").to_owned();
        let login = |part: &str| -> Result<Login> {
            let (name, password) = (format!("{database}_dev_{part}"), password()?);
            let url = logins::url_for(url, &name, &password);
            Ok(Login { name, password, url })
        };
        Ok(Logins { backend: login("backend")?, console: login("console")? })
    }

    /// Migrates as the database's owner, then makes the sign-ins.
    async fn migrate(&self, url: &str) -> Result<()> {
        let owner = PgConnectOptions::from_str(url).context("DATABASE_URL is not valid")?;
        crate::projections::migrate::run(&owner).await.context("cannot migrate the database")?;
        for (login, group) in [(&self.backend, logins::BACKEND), (&self.console, logins::CONSOLE)] {
            logins::make(&owner, &login.name, &login.password, group)
                .await
                .with_context(|| format!("cannot make the database login {}", login.name))?;
        }
        Ok(())
    }
}

/// Says what is being started and how long it took.
struct Progress {
    since: Instant,
}

impl Progress {
    fn new() -> Progress {
        Progress { since: Instant::now() }
    }

    fn done(&mut self, what: &str) {
        eprintln!("  {what:<42} {:>6.2} s", self.since.elapsed().as_secs_f64());
        self.since = Instant::now();
    }
}

async fn start(options: &Options, dir: &Path, parts: &mut Parts) -> Result<DevFile> {
    let ports = Ports::from(options.port_base);
    let dev_file = dir.join("dev.json");
    let put_away = dir.join("dev.json.earlier");
    let earlier = match [&dev_file, &put_away].into_iter().find(|file| file.exists()) {
        Some(file) => DevFile::read(file)?,
        None => DevFile::default(),
    };
    eprintln!("starting in {}", dir.display());
    // A leftover Postgres of a crashed run holds its port until it is found and ended.
    ports.check(&dir.join("postgres/data/postmaster.pid")).await?;
    // Whoever waits for dev.json must not find the one of an earlier run.
    if dev_file.exists() {
        fs::rename(&dev_file, &put_away)
            .with_context(|| format!("cannot put {} away", dev_file.display()))?;
    }
    let mut progress = Progress::new();

    let url = match std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()) {
        Some(url) => url,
        None => {
            let postgres =
                PrivatePostgres::start(&dir.join("postgres"), ports.postgres().port()).await?;
            let url = postgres.url();
            parts.postgres = Some(postgres);
            progress.done("private Postgres");
            url
        }
    };
    let logins = Logins::of(&url)?;
    let config = config(dir, ports, &logins.backend.url, options.sessions())?;
    let simulation = match options.simulates() {
        true => Some(day::Simulation::of(options.day, &config)?),
        false => None,
    };
    let clock = simulation.as_ref().map_or(MarketClock::REAL, |day| day.clock(options.speed));
    let log_path = dir.join("zaraba.log");
    let log = File::options()
        .create(true)
        .append(true)
        .open(&log_path)
        .with_context(|| format!("cannot open {}", log_path.display()))?;
    crate::telemetry::init_to(&config.log, std::sync::Mutex::new(log))?;
    logins.migrate(&url).await?;
    progress.done("migrations");
    // Kept over restarts, for who has it already; a file of another form is replaced.
    let token_file = &config.http.admin_token_file;
    let token = crate::auth::token::keep_or_create(token_file, "dev", config.http.admin_token_days)
        .with_context(|| format!("cannot write {}", token_file.display()))?;
    parts.node = Some(Node::start_with(config, clock).await.context("cannot start the backend")?);
    progress.done("backend, journal recovered");

    let mut file = DevFile {
        api: format!("http://{}", ports.api()),
        admin: format!("http://{}", ports.admin()),
        admin_token: token.as_str().to_owned(),
        console: format!("http://{}", ports.console()),
        postgres: url.clone(),
        ..DevFile::default()
    };
    let endpoint = Endpoint::resolve(&file.api).await?;
    let admin = Admin::new(&file.admin, &file.admin_token);
    let instruments = demo::instruments(options.profile);
    let setup = setup::Setup { admin: &admin, endpoint: &endpoint, earlier: &earlier };
    setup.run(&instruments, options.accounts, &mut file).await?;
    progress.done("instruments, accounts, keys");
    if options.demo == Demo::Day || options.instruments > demo::SHARES.len() as u32 {
        let node = parts.node.as_ref().context("the backend is not there")?;
        let shares = day::universe::shares(options.instruments);
        day::furnish::furnish(&node.platform, &shares).await?;
        progress.done("more instruments, participants");
    }

    if !options.no_console {
        let place = console::Place::prepare(dir, ports, &logins.console.url)?;
        file.staff = place.staff(&earlier.staff)?;
        parts.console = Some(place.start(ports).await?);
        progress.done("console");
    }
    write_private(&dev_file, serde_json::to_string_pretty(&file)?.as_bytes())?;
    // A start that was cut short left it; from here on dev.json has everything.
    let _ = fs::remove_file(&put_away);
    if options.demo == Demo::Sim {
        parts.sim = Some(start_sim(options, &file, &instruments));
        progress.done("market simulation");
    }
    if let Some(simulation) = simulation {
        eprintln!("  simulating {} at {} times real time", simulation.date, options.speed);
        let platform = parts.node.as_ref().map(|node| node.platform.clone());
        let platform = platform.context("the backend is not there")?;
        parts.day = Some(start_day(options, simulation, platform, endpoint.clone()));
    }
    Ok(file)
}

/// Starts the market's clock and the day's orders.
fn start_day(
    options: &Options,
    simulation: day::Simulation,
    platform: Platform,
    endpoint: Endpoint,
) -> tokio::task::JoinHandle<Result<day::Counts>> {
    let (demo, orders, seed) = (options.demo, options.orders, options.seed);
    let instruments = options.instruments;
    tokio::spawn(async move {
        let counts = match demo {
            Demo::Day => {
                let shares = day::universe::shares(instruments);
                let entries = day::plan::plan(&shares, orders, seed);
                simulation.trade(&platform, endpoint, &shares, entries).await?
            }
            _ => {
                platform.clock.start();
                day::Counts::default()
            }
        };
        simulation.rolled(&platform).await;
        Ok(counts)
    })
}

fn start_sim(
    options: &Options,
    file: &DevFile,
    instruments: &[demo::Instrument],
) -> (CancellationToken, tokio::task::JoinHandle<sim::Counts>) {
    let stop = CancellationToken::new();
    let plan = sim::Plan {
        api: file.api.clone(),
        keys: file.sim.clone(),
        seed: 1,
        rate: options.sim_rate,
        // Its accounts own nothing of the made-up ones.
        symbols: match options.instruments > demo::SHARES.len() as u32 {
            true => demo::simulated(instruments),
            false => Vec::new(),
        },
    };
    let task = tokio::spawn(sim::trade(plan, stop.clone(), |_| {}));
    (stop, task)
}

/// The backend's settings for a development instance.
fn config(dir: &Path, ports: Ports, postgres_url: &str, sessions: Sessions) -> Result<Config> {
    let mut config = Config { data_dir: dir.join("data"), ..Config::default() };
    config.http.listen = ports.api();
    config.http.admin_listen = ports.admin();
    config.http.admin_token_file = dir.join("admin.token");
    config.auth.master_key_file = dir.join("master.key");
    // A machine of one's own: the index tables of a broker's size would cost gigabytes.
    config.engine.accounts = 100_000;
    config.engine.live_orders = 2_000_000;
    config.engine.balances = 2_000_000;
    // Pages without a key (and tools looking at books) on a machine of one's own.
    config.auth.public_per_second = 10_000;
    config.postgres.url = postgres_url.to_owned();
    config.schedule.sessions = match sessions {
        Sessions::Always => "always".into(),
        Sessions::Calendar => "calendar".into(),
    };
    config.log.filter = "warn,zaraba=info".into();
    let text = toml::to_string(&config).context("cannot write the backend's settings")?;
    write_private(&dir.join("zaraba.toml"), text.as_bytes())?;
    Ok(config)
}

/// Writes a file that only its owner can read, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// A random password: 100 bits in groups that can be read aloud.
fn password() -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0u8; 20];
    if let Err(error) = getrandom::fill(&mut random) {
        bail!("the system gives no random numbers: {error}");
    }
    let letters: Vec<char> =
        random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
    Ok(groups.join("-"))
}

fn print_summary(file: &DevFile, dir: &Path) {
    println!();
    println!("  API        {}", file.api);
    println!("  Admin API  {}", file.admin);
    if file.staff.is_empty() {
        println!("  Console    not started");
    } else {
        println!("  Console    {}", file.console);
        for person in &file.staff {
            println!("               {:<12} {}", person.login, person.password);
        }
    }
    println!("  Accounts   {} (keys in {})", span(file), dir.join("dev.json").display());
    println!();
    println!("Ready. Ctrl-C stops everything; state stays in {}.", dir.display());
}

fn span(file: &DevFile) -> String {
    match file.accounts.as_slice() {
        [] => "none".into(),
        [only] => only.account.clone(),
        [first, .., last] => format!("{} to {}", first.account, last.account),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn credentials_are_readable_by_their_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dev.json");
        write_private(&path, b"{}").unwrap();
        write_private(&path, b"{\"api\":1}").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"{\"api\":1}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn passwords_are_long_and_not_the_same() {
        let (one, two) = (password().unwrap(), password().unwrap());
        assert_eq!(one.len(), 23);
        assert_ne!(one, two);
    }

    #[test]
    fn the_backends_settings_are_valid() {
        let dir = tempfile::tempdir().unwrap();
        let made = config(
            dir.path(),
            Ports::from(9000),
            "postgres://x@127.0.0.1:9003/x",
            Sessions::Always,
        )
        .unwrap();
        assert_eq!(Config::load(&dir.path().join("zaraba.toml")).unwrap(), made);
    }
}
