//! `zaraba admin-token`: makes, lists and takes out tokens of the admin API. Secrets go into
//! files; nothing secret is printed unless asked for.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use zeroize::Zeroizing;

use super::file::{HEAD, Line, parse, without};
use super::{in_days, now};
use zaraba_secret as secret;

/// A century: what a file may hold is for the backend's settings to say.
const ANY_DAYS: u32 = 36_500;

/// What to do with admin tokens.
#[derive(Subcommand, Debug)]
pub enum AdminTokenVerb {
    /// Put a new random token into the backend's file, beside those in it.
    #[command(after_help = "Examples:\n  \
        zaraba admin-token new --name console-a.2 --file /etc/zaraba/admin.token \\\n      \
        --to /etc/zaraba-console/admin.token\n  \
        zaraba admin-token new --name batch-1 --days 7 --print\n\
        The backend reads its file again by itself; so does the console.")]
    New(NewOptions),
    /// List names and ends; never a token.
    #[command(
        after_help = "Example: zaraba admin-token list --file /etc/zaraba/admin.token --json"
    )]
    List(ListOptions),
    /// Take a token out; the backend refuses it within seconds.
    #[command(after_help = "Example: zaraba admin-token remove --name console-a.1 \
        --file /etc/zaraba/admin.token")]
    Remove(RemoveOptions),
}

/// Options of `zaraba admin-token new`.
#[derive(Args, Debug)]
pub struct NewOptions {
    /// Who will call with it, and which of theirs: stands in logs and metrics.
    #[arg(long)]
    pub name: String,
    /// Days until it ends; the backend takes at most http.admin_token_days.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    pub days: u32,
    /// The backend's http.admin_token_file; made when it is not there.
    #[arg(long, default_value = "data/admin.token")]
    pub file: PathBuf,
    /// The caller's file (a console's backend.admin_token_file), which gets this line alone.
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Print the token.
    #[arg(long)]
    pub print: bool,
}

/// Options of `zaraba admin-token list`.
#[derive(Args, Debug)]
pub struct ListOptions {
    /// A file of tokens.
    #[arg(long, default_value = "data/admin.token")]
    pub file: PathBuf,
    /// Print one JSON array.
    #[arg(long)]
    pub json: bool,
}

/// Options of `zaraba admin-token remove`.
#[derive(Args, Debug)]
pub struct RemoveOptions {
    /// Which.
    #[arg(long)]
    pub name: String,
    /// The backend's http.admin_token_file.
    #[arg(long, default_value = "data/admin.token")]
    pub file: PathBuf,
}

/// Runs a verb.
///
/// # Errors
/// When a file cannot be read, written or used, or a name is there already, or not.
pub fn run(verb: AdminTokenVerb) -> Result<()> {
    match verb {
        AdminTokenVerb::New(options) => new(&options),
        AdminTokenVerb::List(options) => list(&options),
        AdminTokenVerb::Remove(options) => remove(&options),
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>> {
    secret::read(path).with_context(|| format!("cannot use {}", path.display()))
}

fn lines(path: &Path, text: &str) -> Result<Vec<Line>> {
    let used = |why: String| anyhow::anyhow!("{} cannot be used: {why}", path.display());
    parse(text, now(), ANY_DAYS).map_err(used)
}

fn write(path: &Path, text: &str) -> Result<()> {
    secret::write(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

fn new(options: &NewOptions) -> Result<()> {
    let path = &options.file;
    let line = Line::random(&options.name, in_days(options.days)).map_err(anyhow::Error::msg)?;
    let before = match secret::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Zeroizing::new(HEAD.to_owned()),
        _ => read(path)?,
    };
    let gap = if before.ends_with('\n') || before.is_empty() { "" } else { "\n" };
    let after = Zeroizing::new([before.as_str(), gap, line.text().as_str()].concat());
    // Also tells a name that is there, and a file that the backend would not take.
    lines(path, &after)?;
    write(path, &after)?;
    if let Some(to) = &options.to {
        write(to, &[HEAD, line.text().as_str()].concat())?;
    }
    match options.print {
        true => println!("{}", line.token.as_str()),
        false => println!("{} is in {}, until {}", line.name, path.display(), line.until),
    }
    Ok(())
}

#[derive(Serialize)]
struct Listed {
    name: String,
    until: String,
    days_left: i64,
}

fn list(options: &ListOptions) -> Result<()> {
    let listed = lines(&options.file, &read(&options.file)?)?.into_iter().map(|line| Listed {
        days_left: line.until.duration_since(now()).as_hours().div_euclid(24),
        until: line.until.to_string(),
        name: line.name,
    });
    let listed: Vec<Listed> = listed.collect();
    if options.json {
        println!("{}", serde_json::to_string_pretty(&listed)?);
        return Ok(());
    }
    for token in listed {
        let left = match token.days_left {
            days if days < 0 => "ended".to_owned(),
            days => format!("{days} days left"),
        };
        println!("{:<31}  {}  {left}", token.name, token.until);
    }
    Ok(())
}

fn remove(options: &RemoveOptions) -> Result<()> {
    let path = &options.file;
    let Some(after) = without(&read(path)?, &options.name) else {
        bail!("{} has no token named {}", path.display(), options.name);
    };
    // The last one stays: the backend would not take a file without any.
    lines(path, &after)?;
    write(path, &after)?;
    println!("{} is no longer in {}", options.name, path.display());
    Ok(())
}
