//! The command line: verbs and their help.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};

use crate::audit::cli::{AuditVerb, Outcome};
use crate::authz::Role;
use crate::config::{Config, DEFAULT_TOML};
use crate::people::staff::Change;
use crate::ship::lines::Tap;
use crate::store::{sessions, staff};
use crate::{audit, db, password, people, server};

/// Variable that may hold the password of `staff add`.
const PASSWORD_VARIABLE: &str = "ZARABA_CONSOLE_PASSWORD";

/// Zaraba's back-office console.
#[derive(Parser, Debug)]
#[command(
    name = "zaraba-console",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done; 1 failed, the message says why; 2 wrong usage; 3 the audit trail is damaged."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Verbs.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Serve the console until SIGINT or SIGTERM.
    #[command(after_help = "Example: zaraba-console serve --config /etc/zaraba/console.toml")]
    Serve {
        /// Settings file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Manage the people who may sign in.
    #[command(subcommand)]
    Staff(StaffVerb),
    /// Verify or export the audit trail.
    #[command(subcommand)]
    Audit(AuditVerb),
    /// Print who may what: roles, permissions and addresses.
    Permissions,
    /// Check or print settings.
    #[command(subcommand)]
    Config(ConfigVerb),
}

/// What to do with people.
#[derive(Subcommand, Debug)]
pub enum StaffVerb {
    /// Add a person. The password is read from ZARABA_CONSOLE_PASSWORD, or asked for, or
    /// read from standard input; never from the command line, where others could see it.
    #[command(after_help = "Example: zaraba-console staff add aki --name 'Aki Tanaka' \
        --roles operations,viewer --config /etc/zaraba/console.toml")]
    Add(AddStaff),
    /// End a person's sessions and refuse further sign-ins.
    Disable {
        /// Sign-in name.
        login: String,
        /// Settings file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Let a disabled person sign in again.
    Enable {
        /// Sign-in name.
        login: String,
        /// Settings file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Add a person who chooses a password with a code. The code is printed once.
    #[command(after_help = "Example: zaraba-console staff invite mei --name 'Mei Ito' \
        --roles viewer --config /etc/zaraba/console.toml")]
    Invite(InviteStaff),
    /// Give a person other roles, and end their sessions.
    Roles {
        /// Sign-in name.
        login: String,
        /// Roles, in place of the present ones.
        #[arg(long, value_delimiter = ',', required = true, value_parser = role)]
        roles: Vec<Role>,
        /// Settings file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Forget a person's password and second factors, end their sessions, and print the code of
    /// a new invitation. For who lost every way in.
    Reset {
        /// Sign-in name.
        login: String,
        /// Settings file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// End a person's sessions; without a sign-in name, everybody's.
    SignOut {
        /// Sign-in name.
        login: Option<String>,
        /// Settings file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// List people with their roles.
    List {
        /// Settings file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// One JSON object per line.
        #[arg(long)]
        json: bool,
    },
}

/// A person to add.
#[derive(Args, Debug)]
pub struct AddStaff {
    /// Sign-in name: lower-case letters, digits and `. _ @ -`, at most 64.
    login: String,
    /// How the person is called; the sign-in name when left out.
    #[arg(long)]
    name: Option<String>,
    /// Roles: viewer, trader_support, operations, risk, release, auditor, administrator.
    #[arg(long, value_delimiter = ',', required = true, value_parser = role)]
    roles: Vec<Role>,
    /// ja or en; the configured default when left out.
    #[arg(long, value_parser = ["ja", "en"])]
    language: Option<String>,
    /// Give an existing person this name, password and these roles, and end their sessions.
    #[arg(long)]
    replace: bool,
    /// Settings file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// A person to invite.
#[derive(Args, Debug)]
pub struct InviteStaff {
    /// Sign-in name: lower-case letters, digits and `. _ @ -`, at most 64.
    login: String,
    /// How the person is called; the sign-in name when left out.
    #[arg(long)]
    name: Option<String>,
    /// E-mail address.
    #[arg(long)]
    email: Option<String>,
    /// Roles: viewer, trader_support, operations, risk, release, auditor, administrator.
    #[arg(long, value_delimiter = ',', required = true, value_parser = role)]
    roles: Vec<Role>,
    /// Settings file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

fn role(name: &str) -> Result<Role, String> {
    Role::parse(name)
        .ok_or_else(|| format!("there are: {}", Role::ALL.map(Role::as_str).join(", ")))
}

/// What to do with settings.
#[derive(Subcommand, Debug)]
pub enum ConfigVerb {
    /// Tell whether a settings file can be used, and what is wrong with it.
    Check {
        /// Settings file.
        file: PathBuf,
    },
    /// Print the annotated defaults, or with FILE the settings in force.
    #[command(after_help = "Example: zaraba-console config print > console.toml")]
    Print {
        /// Settings file.
        file: Option<PathBuf>,
    },
}

/// Runs a verb; errors go to standard error with what to do about them.
pub fn run(cli: Cli) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime
        .context("cannot start the runtime")
        .and_then(|runtime| runtime.block_on(dispatch(cli.verb)));
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Damaged) => ExitCode::from(3),
        Err(error) => {
            eprintln!("zaraba-console: {error:#}");
            ExitCode::from(1)
        }
    }
}

async fn dispatch(verb: Verb) -> anyhow::Result<Outcome> {
    let done = match verb {
        Verb::Permissions => {
            print!("{}", crate::permissions::table());
            Ok(())
        }
        Verb::Audit(verb) => return audit::cli::run(verb).await,
        Verb::Serve { config } => {
            let config = Config::load(&config)?;
            server::log(&config.log, Tap::new(!config.ship.url.is_empty()))?;
            server::serve(config, server::signals()?).await
        }
        Verb::Staff(verb) => manage_staff(verb).await,
        Verb::Config(ConfigVerb::Check { file }) => {
            Config::load(&file)?;
            println!("{} is valid", file.display());
            Ok(())
        }
        Verb::Config(ConfigVerb::Print { file: None }) => {
            print!("{DEFAULT_TOML}");
            Ok(())
        }
        Verb::Config(ConfigVerb::Print { file: Some(file) }) => {
            print!("{}", toml::to_string(&Config::load(&file)?)?);
            Ok(())
        }
    };
    done.map(|()| Outcome::Done)
}

fn open(config: &Path) -> anyhow::Result<(Config, sqlx::PgPool)> {
    let config = Config::load(config)?;
    let pool = db::pool(&config.database)?;
    Ok((config, pool))
}

async fn manage_staff(verb: StaffVerb) -> anyhow::Result<()> {
    match verb {
        StaffVerb::Add(new) => add(new).await,
        StaffVerb::Disable { login, config } => set_disabled(&config, &login, true).await,
        StaffVerb::Enable { login, config } => set_disabled(&config, &login, false).await,
        StaffVerb::Invite(new) => invite(new).await,
        StaffVerb::Roles { login, roles, config } => {
            let (_, pool) = open(&config)?;
            change(&pool, &login, Change::Roles(&roles)).await?;
            println!("{login} has these roles from the next sign-in on");
            Ok(())
        }
        StaffVerb::Reset { login, config } => {
            let (config, pool) = open(&config)?;
            change(&pool, &login, Change::Reset).await?;
            print_code(&config, &pool, &login).await
        }
        StaffVerb::SignOut { login, config } => {
            let (_, pool) = open(&config)?;
            let ended = sessions::sign_out(&pool, login.as_deref())
                .await
                .context("cannot change console.sessions")?;
            println!("{ended} sessions ended");
            Ok(())
        }
        StaffVerb::List { config, json } => {
            let (_, pool) = open(&config)?;
            for person in staff::list(&pool).await.context("cannot read console.staff")? {
                if json {
                    println!(
                        "{}",
                        serde_json::json!({"login": person.login, "name": person.name,
                            "roles": person.roles, "status": person.status})
                    );
                } else {
                    let roles = person.roles.join(",");
                    println!(
                        "{:<24} {:<24} {:<10} {roles}",
                        person.login, person.name, person.status
                    );
                }
            }
            Ok(())
        }
    }
}

async fn add(new: AddStaff) -> anyhow::Result<()> {
    let (config, pool) = open(&new.config)?;
    let password = read_password()?;
    password::check_new(&[&new.login, new.name.as_deref().unwrap_or_default()], &password)?;
    let hash = password::hash(&password).context("cannot hash the password")?;
    let person = staff::NewStaff {
        login: &new.login,
        name: new.name.as_deref().unwrap_or(&new.login),
        password_hash: &hash,
        roles: &new.roles,
        language: new.language.as_deref().unwrap_or(&config.language),
        zone: &config.zone,
    };
    let written = staff::add(&pool, &person, new.replace).await.with_context(|| {
        format!("cannot add {} (run `zaraba migrate` first if there are no tables)", new.login)
    })?;
    if !written {
        bail!("{} exists already; --replace gives them this password and these roles", new.login);
    }
    println!("{} can sign in", new.login);
    Ok(())
}

async fn change(pool: &sqlx::PgPool, login: &str, change: Change<'_>) -> anyhow::Result<()> {
    people::staff::apply(pool, None, login, change)
        .await
        .with_context(|| format!("cannot change {login}; see `zaraba-console staff list`"))
}

async fn invite(new: InviteStaff) -> anyhow::Result<()> {
    let (config, pool) = open(&new.config)?;
    let person = people::staff::New {
        name: new.name.as_deref().unwrap_or(&new.login),
        email: new.email.as_deref(),
        roles: &new.roles,
        language: &config.language,
        zone: &config.zone,
    };
    change(&pool, &new.login, Change::Invite(person)).await?;
    print_code(&config, &pool, &new.login).await
}

/// Makes the code of an invitation and prints it, this once.
async fn print_code(config: &Config, pool: &sqlx::PgPool, login: &str) -> anyhow::Result<()> {
    let key = server::open_key(config)?;
    let hours = config.sign_in.invitation_hours;
    let code = people::staff::link(pool, &key, login, "operator", hours)
        .await
        .with_context(|| format!("cannot make a code for {login}"))?;
    println!("{login} chooses a password within {hours} hours with this code, which works once:");
    println!("{code}");
    println!("at {0}/invite, or by this link: {0}/invite#{code}", config.public_url);
    Ok(())
}

async fn set_disabled(config: &Path, login: &str, disabled: bool) -> anyhow::Result<()> {
    let (_, pool) = open(config)?;
    change(&pool, login, Change::Suspended(disabled)).await?;
    println!("{login} {} sign in", if disabled { "can no longer" } else { "can" });
    Ok(())
}

fn read_password() -> anyhow::Result<String> {
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    let stdin = std::io::stdin();
    let terminal = stdin.is_terminal();
    if terminal {
        eprint!("Password ({} characters or more): ", password::SHORTEST);
        echo(false)?;
    }
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if terminal {
        echo(true)?;
        eprintln!();
    }
    read.context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Switches the terminal's echo. `stty` is part of every Debian.
fn echo(on: bool) -> anyhow::Result<()> {
    let status = std::process::Command::new("stty")
        .arg(if on { "echo" } else { "-echo" })
        .status()
        .with_context(|| {
            format!("cannot run stty to hide the password; put it into {PASSWORD_VARIABLE}")
        })?;
    if !status.success() {
        bail!("stty failed ({status}); put the password into {PASSWORD_VARIABLE}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_takes_no_password() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
        let refused = Cli::try_parse_from([
            "zaraba-console",
            "staff",
            "add",
            "aki",
            "--roles",
            "viewer",
            "--config",
            "x",
            "--password",
            "secret",
        ]);
        assert!(refused.is_err());
    }
}
