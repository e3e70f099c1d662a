//! The command line: verbs and their help. Each verb's work is in the module it belongs to.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, DEFAULT_TOML};
use crate::journal::JournalError;
use crate::journal::cli::{JournalVerb, Where};

/// Zaraba: a self-hosted securities and crypto trading platform.
#[derive(Parser, Debug)]
#[command(name = "zaraba", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_CODES: &str = "Examples:\n  \
    zaraba dev --demo sim                            everything on this machine\n  \
    zaraba serve --config /etc/zaraba/zaraba.toml    the backend\n  \
    zaraba journal verify --dir /var/lib/zaraba      is the journal sound?\n\n\
    Exit codes: 0 done; 1 failed, the message says why; 2 wrong usage; \
    3 data is damaged (journal or snapshot), nothing was changed.";

/// Verbs.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Run the backend: recover the journal, open the doors, trade until told to stop.
    #[command(after_help = "Example: zaraba serve --config /etc/zaraba/zaraba.toml\n\
        SIGTERM or Ctrl-C stops it: open requests are answered, the state is written as a snapshot.")]
    Serve {
        /// Settings file (`zaraba config print` shows all settings); without it the defaults.
        #[arg(long)]
        config: Option<PathBuf>,
    },
    /// Make, list and take out tokens of the admin API, while the backend runs.
    #[command(
        subcommand,
        after_help = "Example: zaraba admin-token list --file /etc/zaraba/admin.token"
    )]
    AdminToken(crate::auth::token::cli::AdminTokenVerb),
    /// Show the calendar: sessions, holidays, settlement.
    #[command(subcommand, after_help = "Example: zaraba calendar show --date 2026-11-24")]
    Calendar(crate::schedule::cli::CalendarVerb),
    /// Check or print settings.
    #[command(subcommand, after_help = "Example: zaraba config print > zaraba.toml")]
    Config(ConfigVerb),
    /// Start everything on one machine, for development and demonstrations.
    Dev(crate::dev::Options),
    /// Drive the public API with orders and report throughput and latency.
    Load(crate::tools::load::Options),
    /// Trade a simulated market through the public API.
    Sim(crate::tools::sim::Options),
    /// Check, print or replay a journal; never changes it.
    #[command(subcommand, after_help = "Example: zaraba journal verify --dir data")]
    Journal(JournalVerb),
    /// Take a snapshot of the state now, from the journal.
    #[command(after_help = "Example: zaraba snapshot --dir data\n\
        Works on a stopped node, and beside a running one.")]
    Snapshot(Where),
    /// Bring the database to this program's schema.
    #[command(after_help = "Example: zaraba migrate --config /etc/zaraba/zaraba.toml --check")]
    Migrate(crate::projections::cli::MigrateOptions),
    /// Rebuild, verify or look at the tables that Postgres keeps of the journal.
    #[command(subcommand, after_help = "Example: zaraba projections status --config zaraba.toml")]
    Projections(crate::projections::cli::ProjectionsVerb),
    /// Play recorded market data through the public API.
    #[command(subcommand, after_help = "Example: zaraba replay lobster --messages FILE")]
    Replay(crate::tools::lobster::ReplayVerb),
}

/// What to do with settings.
#[derive(Subcommand, Debug)]
pub enum ConfigVerb {
    /// Tell whether a settings file can be used, and what is wrong with it.
    #[command(after_help = "Example: zaraba config check /etc/zaraba/zaraba.toml")]
    Check {
        /// Settings file.
        file: PathBuf,
    },
    /// Print the annotated defaults, or with FILE the settings in force.
    #[command(after_help = "Example: zaraba config print > zaraba.toml")]
    Print {
        /// Settings file.
        file: Option<PathBuf>,
    },
}

/// Runs a verb; errors go to standard error with what to do about them.
pub fn run(cli: Cli) -> ExitCode {
    match dispatch(cli.verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("zaraba: {}", in_words(&error));
            let damage = error.chain().any(|cause| {
                cause.downcast_ref::<JournalError>().is_some_and(JournalError::is_damage)
            });
            ExitCode::from(if damage { 3 } else { 1 })
        }
    }
}

/// An error and what is behind it, each once: many name their cause in their own words already.
fn in_words(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

fn dispatch(verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Serve { config } => crate::wiring::serve(match config {
            Some(file) => Config::load(&file)?,
            None => Config::default(),
        })?,
        Verb::Config(ConfigVerb::Check { file }) => {
            Config::load(&file)?;
            println!("{} is valid", file.display());
        }
        Verb::Config(ConfigVerb::Print { file: None }) => print!("{DEFAULT_TOML}"),
        Verb::Config(ConfigVerb::Print { file: Some(file) }) => {
            print!("{}", toml::to_string(&Config::load(&file)?)?);
        }
        Verb::AdminToken(verb) => crate::auth::token::cli::run(verb)?,
        Verb::Calendar(verb) => crate::schedule::cli::run(verb)?,
        Verb::Dev(options) => crate::dev::run(options)?,
        Verb::Load(options) => crate::tools::load::run(options)?,
        Verb::Sim(options) => crate::tools::sim::run(options)?,
        Verb::Journal(verb) => crate::journal::cli::run(verb)?,
        Verb::Snapshot(place) => crate::journal::cli::snapshot(&place)?,
        Verb::Migrate(options) => crate::projections::cli::run_migrate(&options)?,
        Verb::Projections(verb) => crate::projections::cli::run(&verb)?,
        Verb::Replay(verb) => crate::tools::lobster::run(verb)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn without_example(command: &mut clap::Command, found: &mut Vec<String>) {
        let help = command.render_long_help().to_string();
        if !help.contains("Example") && command.get_name() != "help" {
            found.push(command.get_name().to_owned());
        }
        for verb in command.get_subcommands_mut() {
            without_example(verb, found);
        }
    }

    #[test]
    fn a_cause_is_told_once() {
        let disk = || std::io::Error::other("disk full");
        let named = JournalError::io("open", std::path::Path::new("x"))(disk());
        let told = in_words(&anyhow::Error::new(named).context("not started"));
        assert_eq!(told, "not started: cannot open x: disk full");
        assert_eq!(in_words(&anyhow::Error::new(disk()).context("no")), "no: disk full");
    }

    #[test]
    fn every_verb_teaches_by_example() {
        let mut found = Vec::new();
        without_example(&mut Cli::command(), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
