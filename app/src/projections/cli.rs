//! `zaraba migrate` and `zaraba projections rebuild|verify|status`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use zaraba_engine::types::Seq;

use super::sample::{self, Size};
use super::session::{Session, WriteError, read_mark};
use super::source::JournalSource;
use super::verify::verify;
use super::{ask_for_rebuild, catch_up, migrate};
use crate::config::Config;
use crate::journal::{Dirs, JournalReader, list_snapshots};
use crate::queries::connect_options;

/// How often a rebuild by the running node is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Which database, and which journal.
#[derive(Args, Debug, Clone)]
pub struct Place {
    /// Settings file; without it the defaults.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Database, instead of the settings' `postgres.url` and `password_file`.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// Options of `zaraba migrate`.
#[derive(Args, Debug)]
pub struct MigrateOptions {
    #[command(flatten)]
    place: Place,
    /// Only tell what would be applied; exit code 1 when anything would.
    #[arg(long)]
    check: bool,
}

/// What to do with the projections.
#[derive(Subcommand, Debug)]
pub enum ProjectionsVerb {
    /// Drop all projected rows and build them anew from the journal's first command.
    #[command(after_help = "On a stopped node this does the work itself. On a running node it \
        asks the node to, and shows its progress; trading goes on, history is incomplete \
        meanwhile. If it is cut short, the next start of the node goes on with it.\n\
        Example: zaraba projections rebuild --config /etc/zaraba/zaraba.toml")]
    Rebuild(JournalPlace),
    /// Compare every projected row with a fresh replay of the journal; changes nothing.
    #[command(after_help = "Works on a running node too. Needs memory for the engine's state \
        and about 300 bytes per order ever sent. Exit code 1 when rows differ.\n\
        Example: zaraba projections verify --config /etc/zaraba/zaraba.toml")]
    Verify(JournalPlace),
    /// Tell how far the projections are.
    #[command(after_help = "Example: zaraba projections status --config zaraba.toml --json")]
    Status(JournalPlace),
    /// Fill an empty database with made-up history, to see how the console does when it is old.
    #[command(after_help = "Rows are made in the database itself: 10 million orders with a tenth \
        of their events take some 8 GB and, on a quiet machine, some minutes. A database that \
        a node projects into is refused, and no node projects into one that was filled.\n\
        Example: zaraba projections sample --database-url postgres://…/sample --orders 1000000")]
    Sample {
        /// Database to fill.
        #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
        database_url: String,
        /// How much is made.
        #[command(flatten)]
        size: Size,
    },
}

/// Which database and journal, and how to print.
#[derive(Args, Debug, Clone)]
pub struct JournalPlace {
    #[command(flatten)]
    place: Place,
    /// Data directory with the journal, instead of the settings' `data_dir`.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

impl Place {
    fn config(&self) -> anyhow::Result<Config> {
        Ok(match &self.config {
            Some(file) => Config::load(file)?,
            None => Config::default(),
        })
    }

    fn database(&self) -> anyhow::Result<PgConnectOptions> {
        match &self.database_url {
            Some(url) => PgConnectOptions::from_str(url).context("--database-url is not valid"),
            None => Ok(connect_options(&self.config()?.postgres)?),
        }
    }
}

impl JournalPlace {
    fn dirs(&self) -> anyhow::Result<Dirs> {
        Ok(match &self.dir {
            Some(dir) => Dirs::of(dir),
            None => Dirs::of(&self.place.config()?.data_dir),
        })
    }
}

/// Runs `zaraba migrate`.
///
/// # Errors
/// When the database cannot be reached or migrated; with `--check` when it is not up to date.
pub fn run_migrate(options: &MigrateOptions) -> anyhow::Result<()> {
    let database = options.place.database()?;
    wait_for(async {
        if options.check {
            let pending = migrate::pending(&database).await?;
            for migration in &pending {
                println!("to apply  {} {}", migration.version, migration.description);
            }
            if !pending.is_empty() {
                bail!("{} migrations are to be applied: run `zaraba migrate`", pending.len());
            }
        } else {
            for migration in migrate::run(&database).await? {
                println!("applied   {} {}", migration.version, migration.description);
            }
        }
        println!("the database is up to date");
        Ok(())
    })
}

/// Runs a `projections` verb.
///
/// # Errors
/// When the work cannot be done; of `verify` also when rows are wrong.
pub fn run(verb: &ProjectionsVerb) -> anyhow::Result<()> {
    wait_for(async {
        match verb {
            ProjectionsVerb::Rebuild(place) => rebuild(place).await,
            ProjectionsVerb::Verify(place) => verify_rows(place).await,
            ProjectionsVerb::Status(place) => status(place).await,
            ProjectionsVerb::Sample { database_url, size } => {
                let database = PgConnectOptions::from_str(database_url)
                    .context("--database-url is not valid")?;
                let progress = sample::bar(size);
                sample::fill(&database, size, |made| progress.set_position(made.unsigned_abs()))
                    .await?;
                progress.finish();
                println!("{} orders of {} accounts were made up", size.orders, size.accounts);
                Ok(())
            }
        }
    })
}

fn wait_for(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(work)
}

/// The journal's last command, read from the newest snapshot on.
async fn journal_end(dirs: &Dirs) -> anyhow::Result<Seq> {
    let dirs = dirs.clone();
    let end = tokio::task::spawn_blocking(move || -> anyhow::Result<Seq> {
        let mut end = list_snapshots(&dirs)?.into_iter().max().unwrap_or_default();
        let mut reader = JournalReader::open(&dirs, Seq(end.0 + 1))?;
        while let Some((seq, ..)) = reader.next()? {
            end = seq;
        }
        Ok(end)
    });
    end.await?
}

fn bar(end: Seq) -> ProgressBar {
    let bar = ProgressBar::new(end.0);
    let style = "{bar:40} {human_pos} of {human_len} commands  {per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}

async fn rebuild(place: &JournalPlace) -> anyhow::Result<()> {
    let (database, dirs) = (place.place.database()?, place.dirs()?);
    let end = journal_end(&dirs).await?;
    let by_node = match Session::open(&database).await {
        Ok(session) => {
            session.close().await;
            false
        }
        Err(WriteError::Locked) => true,
        Err(error) => return Err(error.into()),
    };
    ask_for_rebuild(&database).await?;
    let progress = bar(end);
    let reached = if by_node {
        eprintln!("a running node projects into this database; it is rebuilding them now");
        watch_node(&database, end, &progress).await?
    } else {
        let commands = place.place.config()?.postgres.projection_commands;
        let source = Box::new(JournalSource::cold(dirs));
        catch_up(source, &database, commands, |seq| progress.set_position(seq.0)).await?
    };
    progress.finish();
    if place.json {
        println!("{}", json!({"seq": reached.0, "by_node": by_node}));
    } else {
        println!("projections are rebuilt up to command {}", reached.0);
    }
    Ok(())
}

/// Follows the running node's work to `end`.
async fn watch_node(
    database: &PgConnectOptions,
    end: Seq,
    progress: &ProgressBar,
) -> anyhow::Result<Seq> {
    let mut connection = database.connect().await?;
    loop {
        tokio::time::sleep(LOOK).await;
        if let Some(mark) = read_mark(&mut connection).await? {
            progress.set_position(mark.seq.0.min(end.0));
            if mark.seq >= end {
                return Ok(mark.seq);
            }
        }
    }
}

async fn verify_rows(place: &JournalPlace) -> anyhow::Result<()> {
    let (database, dirs) = (place.place.database()?, place.dirs()?);
    let progress = bar(journal_end(&dirs).await?);
    let shown = progress.clone();
    let source = Box::new(JournalSource::cold(dirs));
    let report = verify(source, &database, move |seq| shown.set_position(seq.0)).await?;
    progress.finish_and_clear();
    if place.json {
        let rows: serde_json::Map<_, _> =
            report.rows.iter().map(|(table, rows)| ((*table).to_owned(), json!(rows))).collect();
        println!("{}", json!({"seq": report.seq.0, "rows": rows, "wrong": report.wrong}));
    } else {
        for (table, rows) in &report.rows {
            println!("{table:>16}  {rows} rows");
        }
        for wrong in &report.wrong {
            println!("WRONG: {wrong}");
        }
    }
    if !report.wrong.is_empty() {
        bail!("the projections differ from the journal; `zaraba projections rebuild` mends them");
    }
    if !place.json {
        println!("all rows equal the journal up to command {}", report.seq.0);
    }
    Ok(())
}

async fn status(place: &JournalPlace) -> anyhow::Result<()> {
    let (database, dirs) = (place.place.database()?, place.dirs()?);
    let end = journal_end(&dirs).await?;
    let by_node = matches!(Session::open(&database).await, Err(WriteError::Locked));
    let mut connection = database.connect().await.context("cannot reach the database")?;
    let mark = read_mark(&mut connection).await?;
    let size = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS "bytes!"
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = 'trading' AND c.relkind = 'r'"#
    )
    .fetch_one(&mut connection)
    .await?;
    let seq = mark.map_or(0, |mark| mark.seq.0);
    let behind = end.0.saturating_sub(seq);
    let state = match mark {
        None => "to be built anew",
        Some(_) if seq > end.0 => "ahead of the journal: another journal's tables",
        Some(_) if behind == 0 => "complete",
        Some(_) => "behind",
    };
    if place.json {
        let value = json!({"state": state, "seq": seq, "journal": end.0, "behind": behind,
            "projector": by_node, "bytes": size});
        println!("{value}");
    } else {
        println!("{state}: at command {seq} of {}, {behind} behind", end.0);
        println!("{} MiB of tables", size >> 20);
        println!("a projector is {}at work", if by_node { "" } else { "not " });
    }
    Ok(())
}
