//! The console as a child process of a development instance: its settings, its start, its
//! demo sign-ins.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde::Deserialize;

use super::child::Supervised;
use super::ports::Ports;
use crate::tools::credentials::StaffLogin;

/// Logins of a demo instance and the role of each; two where one has to approve what the other
/// asks for.
const STAFF: [(&str, &str); 8] = [
    ("viewer", "viewer"),
    ("operations", "operations"),
    ("operations-2", "operations"),
    ("risk", "risk"),
    ("risk-2", "risk"),
    ("auditor", "auditor"),
    ("admin", "administrator"),
    ("admin-2", "administrator"),
];
/// How long the console may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A person as the console's own command lists them.
#[derive(Deserialize)]
struct Person {
    login: String,
}

/// A running console.
pub struct Console {
    process: Supervised,
}

/// Where the console's program and files are.
pub struct Place {
    program: PathBuf,
    config: PathBuf,
    log: PathBuf,
}

impl Place {
    /// Finds the program beside this one and writes its settings into `dir`.
    ///
    /// # Errors
    /// When the program is not there or the settings cannot be written.
    pub fn prepare(dir: &Path, ports: Ports, postgres_url: &str) -> Result<Place> {
        let own = std::env::current_exe().context("cannot find the running program's path")?;
        let program = own.with_file_name("zaraba-console");
        if !program.is_file() {
            bail!(
                "{} is not there; build it (`cargo build --bins`) or start with --no-console",
                program.display()
            );
        }
        let config = dir.join("console.toml");
        // The settings hold the database's password; only the owner may read them.
        let text = settings(dir, ports, postgres_url);
        super::write_private(&config, text.as_bytes())?;
        Ok(Place { program, config, log: dir.join("console.log") })
    }

    /// Makes the demo sign-ins. Those of an earlier start stay as they are, sessions included.
    ///
    /// # Errors
    /// When the console's own command refuses.
    pub fn staff(&self, earlier: &[StaffLogin]) -> Result<Vec<StaffLogin>> {
        let there = self.run(&["staff", "list", "--json"], None)?;
        let there: Vec<Person> = there
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .context("`zaraba-console staff list --json` printed something else")?;
        let mut staff = Vec::new();
        for (login, role) in STAFF {
            let known = earlier.iter().find(|known| known.login == login);
            let exists = there.iter().any(|person| person.login == login);
            let password = match known {
                Some(known) => known.password.clone(),
                None => super::password()?,
            };
            if known.is_none() || !exists {
                let add = ["staff", "add", login, "--roles", role, "--replace"];
                self.run(&add, Some(&password))?;
            }
            let roles = vec![role.to_owned()];
            staff.push(StaffLogin { login: login.to_owned(), password, roles });
        }
        Ok(staff)
    }

    /// Runs a command of the console and returns what it printed. A password travels in the
    /// environment, because arguments are visible to everyone on the machine.
    fn run(&self, arguments: &[&str], password: Option<&str>) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(&self.config).stdin(Stdio::null());
        if let Some(password) = password {
            command.env("ZARABA_CONSOLE_PASSWORD", password);
        }
        let output =
            command.output().with_context(|| format!("cannot run {}", self.program.display()))?;
        if !output.status.success() {
            bail!(
                "`zaraba-console {}` failed: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Starts the console and waits until it answers.
    ///
    /// # Errors
    /// When it ends or does not answer; the last lines of its log are told.
    pub async fn start(&self, ports: Ports) -> Result<Console> {
        let log = File::create(&self.log)
            .with_context(|| format!("cannot create {}", self.log.display()))?;
        let errors = log.try_clone().context("cannot share the console's log file")?;
        let mut command = Command::new(&self.program);
        command.args(["serve", "--config"]).arg(&self.config);
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let process = Supervised::spawn("console", command, Signal::TERM)
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let console = Console { process };
        let started = Instant::now();
        while tokio::net::TcpStream::connect(ports.console()).await.is_err() {
            if console.has_ended() || started.elapsed() > PATIENCE {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                let last: Vec<&str> = log.lines().rev().take(5).collect();
                let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
                console.stop().await;
                bail!("the console did not start; the end of {}:\n{last}", self.log.display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(console)
    }
}

impl Console {
    /// Whether it ended by itself.
    pub fn has_ended(&self) -> bool {
        self.process.has_ended()
    }

    /// Stops it and waits for its end.
    pub async fn stop(self) {
        let _ = tokio::task::spawn_blocking(move || self.process.end(Signal::TERM)).await;
    }
}

/// The console's language until somebody chooses: the terminal's, as far as it speaks it.
fn language() -> &'static str {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG"));
    match locale {
        Some(locale) if locale.starts_with("ja") => "ja",
        _ => "en",
    }
}

fn settings(dir: &Path, ports: Ports, postgres_url: &str) -> String {
    let text = |value: String| toml::Value::String(value).to_string();
    format!(
        "# Written by `zaraba dev` at every start; changes are lost.\n\
         language = {language}\n\
         listen = {listen}\n\
         public_url = {own}\n\
         key_file = {key}\n\
         [sign_in]\n\
         second_factor = \"optional\"\n\
         [database]\n\
         url = {postgres}\n\
         [backend]\n\
         admin_url = {admin}\n\
         admin_token_file = {token}\n\
         public_url = {api}\n",
        language = text(language().to_owned()),
        listen = text(ports.console().to_string()),
        own = text(format!("http://{}", ports.console())),
        key = text(dir.join("console.key").display().to_string()),
        postgres = text(postgres_url.to_owned()),
        admin = text(format!("http://{}", ports.admin())),
        token = text(dir.join("admin.token").display().to_string()),
        api = text(format!("http://{}", ports.api())),
    )
}
