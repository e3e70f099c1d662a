//! What `zaraba dev` can be asked for, and which of it goes together.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::day::universe::SHARES_MAX;
use super::demo::ProfileChoice;

/// Options of `zaraba dev`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    zaraba dev --demo sim                 everything, with a market that moves\n  \
    zaraba dev --dir /tmp/z --profile crypto --port-base 9000\n  \
    zaraba dev --sessions calendar        Tokyo's hours instead of around the clock\n  \
    zaraba dev --demo day --day 2026-11-24 --speed 60 --instruments 5000 --until close\n  \
    \x20                                     a whole trading day in ten minutes, its summary\n  \
    DATABASE_URL=postgres://… zaraba dev  on a database that exists\n\n\
    State lies in --dir and survives restarts; delete the directory to begin anew. \
    <dir>/dev.json has every address and the demo credentials.")]
pub struct Options {
    /// Where state, logs and dev.json lie.
    #[arg(long, default_value = ".dev")]
    pub(super) dir: PathBuf,
    /// Whether a market simulation trades.
    #[arg(long, value_enum, default_value_t = Demo::None)]
    pub(super) demo: Demo,
    /// Which markets.
    #[arg(long, value_enum, default_value_t = ProfileChoice::Both)]
    pub(super) profile: ProfileChoice,
    /// Demo accounts, each funded in every asset.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) accounts: u32,
    /// First of four ports: API, admin API, console, Postgres.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1024..=65_532))]
    pub(super) port_base: u16,
    /// When Tokyo's instruments trade.
    #[arg(long, value_enum)]
    pub(super) sessions: Option<Sessions>,
    /// Simulate this trading day: the market's clock begins at 06:55 of it.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(super) day: Option<jiff::civil::Date>,
    /// How many times as fast as real time a simulated day goes.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(super) speed: u32,
    /// Tokyo instruments; beyond the ten known ones, made-up ones.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(10..=i64::from(SHARES_MAX)))]
    pub(super) instruments: u32,
    /// Orders of a simulated day (`--demo day`).
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1_000..=5_000_000))]
    pub(super) orders: u32,
    /// Seed of a simulated day.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// End by itself, with the day's summary, after the close and the evening roll.
    #[arg(long, value_enum)]
    pub(super) until: Option<Until>,
    /// Orders per second of the simulation, over all instruments.
    #[arg(long, default_value_t = 40.0)]
    pub(super) sim_rate: f64,
    /// Start without the console.
    #[arg(long)]
    pub(super) no_console: bool,
}

/// Whether a market simulation trades.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(super) enum Demo {
    /// Nobody trades by himself.
    None,
    /// A market that goes on and on.
    Sim,
    /// A whole trading day of many shares (with --day, --speed, --instruments, --orders).
    Day,
}

/// When Tokyo's instruments trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(super) enum Sessions {
    /// Around the clock on every day (default).
    Always,
    /// As Tokyo does (default of a simulated day).
    Calendar,
}

/// When a development instance ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(super) enum Until {
    /// After the simulated day.
    Close,
}

impl Options {
    /// Whether a day is simulated.
    pub(super) fn simulates(&self) -> bool {
        self.day.is_some() || self.demo == Demo::Day
    }

    pub(super) fn sessions(&self) -> Sessions {
        match (self.sessions, self.simulates()) {
            (Some(given), _) => given,
            (None, true) => Sessions::Calendar,
            (None, false) => Sessions::Always,
        }
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.simulates() && self.sessions() == Sessions::Always {
            bail!("a simulated day goes by the calendar: leave --sessions away");
        }
        if self.demo == Demo::Day && self.profile == ProfileChoice::Crypto {
            bail!("a simulated day is Tokyo's: leave --profile crypto away");
        }
        if self.until.is_some() && !self.simulates() {
            bail!("--until close needs a simulated day: --demo day or --day");
        }
        Ok(())
    }
}
