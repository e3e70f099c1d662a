//! `zaraba-console audit verify` and `audit export`.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::PgPool;

use super::store::{self, Stored, Wanted};
use super::verify::{self, Anchors, Report};
use super::{Entry, Kind, Object, Trail, Who, files};
use crate::config::Config;
use crate::db;

/// What to do with the audit trail.
#[derive(Subcommand, Debug)]
pub enum AuditVerb {
    /// Compute the hash of every entry again and compare the chain with the journal's anchors.
    /// Changes nothing.
    #[command(after_help = "Exit codes: 0 whole; 1 could not be carried through; 3 damaged, the \
        output says at which entry and what differs.\n\
        Anchors are read from the projection of the journal, unless --anchors gives a file made \
        from the journal itself, which needs no trust in the database:\n  \
        zaraba journal dump --dir DATA --kind anchor > anchors.jsonl\n  \
        zaraba-console audit verify --config console.toml --anchors anchors.jsonl")]
    Verify(VerifyAudit),
    /// Print entries, oldest first. The export is itself recorded.
    #[command(after_help = "Example: zaraba-console audit export --actor aki --from \
        2026-11-01T00:00:00Z --format csv --config /etc/zaraba/console.toml > audit.csv")]
    Export(ExportAudit),
}

/// Options of `audit verify`.
#[derive(Args, Debug)]
pub struct VerifyAudit {
    /// Settings file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Anchors as lines of JSON from `zaraba journal dump`; `-`: standard input.
    #[arg(long, value_name = "FILE")]
    anchors: Option<PathBuf>,
    /// Print the result as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Options of `audit export`.
#[derive(Args, Debug)]
pub struct ExportAudit {
    /// Settings file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// `jsonl` has every field and both hashes as they are; `csv` is for spreadsheets.
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Sign-in name.
    #[arg(long)]
    actor: Option<String>,
    /// Kind of entry, such as `view` or `sign_in`.
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// From this time on, such as 2026-11-21T00:00:00Z.
    #[arg(long)]
    from: Option<jiff::Timestamp>,
    /// Before this time.
    #[arg(long)]
    to: Option<jiff::Timestamp>,
}

/// Form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

fn kind(text: &str) -> Result<Kind, String> {
    let known = || Kind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    Kind::parse(text).ok_or_else(|| format!("there are: {}", known()))
}

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As hoped.
    Done,
    /// The trail is damaged; it was said where.
    Damaged,
}

fn open(config: &Path) -> anyhow::Result<PgPool> {
    db::pool(&Config::load(config)?.database)
}

/// Runs a verb.
///
/// # Errors
/// When it cannot be carried through.
pub async fn run(verb: AuditVerb) -> anyhow::Result<Outcome> {
    match verb {
        AuditVerb::Verify(options) => verify(&options).await,
        AuditVerb::Export(options) => export(&options).await.map(|()| Outcome::Done),
    }
}

async fn verify(options: &VerifyAudit) -> anyhow::Result<Outcome> {
    let pool = open(&options.config)?;
    let anchors = match &options.anchors {
        None => Anchors::Projected,
        Some(path) => Anchors::Given(read_anchors(path)?),
    };
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template(
            "{bar:30} {human_pos}/{human_len} entries  {per_sec}  {eta} left",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let progress = |done: i64, total: i64| {
        bar.set_length(u64::try_from(total).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
    };
    let report = verify::verify(&pool, anchors, progress).await;
    bar.finish_and_clear();
    let report = report.context("cannot read the audit trail")?;
    if options.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", in_words(&report));
    }
    Ok(if report.whole() { Outcome::Done } else { Outcome::Damaged })
}

fn read_anchors(path: &Path) -> anyhow::Result<Vec<store::Anchor>> {
    let read = if path == Path::new("-") {
        verify::read_anchors(std::io::stdin().lock().lines())
    } else {
        let file = std::fs::File::open(path)
            .with_context(|| format!("cannot read the anchors in {}", path.display()))?;
        verify::read_anchors(BufReader::new(file).lines())
    };
    read.map_err(|why| anyhow::anyhow!("{} has no anchors as expected: {why}", path.display()))
}

fn in_words(report: &Report) -> String {
    let mut text = format!(
        "{} entries, head {}\n{} anchors compared, the newest that fits covers entry {}\n",
        report.entries,
        hex::encode(report.head),
        report.anchors,
        report.anchored
    );
    for finding in &report.findings {
        let number = finding.damage.number().unwrap_or_default();
        let what = match finding.damage.code() {
            "missing_before" => format!("entries from {number} on are missing before it"),
            "previous_hash_differs" => "does not follow on the entry before it".to_owned(),
            "content_differs" => "was changed: its fields do not give its hash".to_owned(),
            "anchor_differs" => format!(
                "has another hash than the journal's anchor at sequence {number}: it or an \
                 earlier entry was changed"
            ),
            _ => format!(
                "is not there, but the journal's anchor at sequence {number} covers it: the \
                 newest entries were cut off"
            ),
        };
        text.push_str(&format!("DAMAGED entry {}: {what}\n", finding.seq));
    }
    if report.whole() {
        text.push_str("The chain is whole.\n");
    } else {
        text.push_str(&format!("The chain is damaged: {} findings.\n", report.damaged));
    }
    text
}

/// The system's user who runs the command.
fn user() -> String {
    let name = std::env::var("USER").ok().filter(|name| !name.is_empty());
    format!("cli:{}", name.unwrap_or_else(|| "unknown".into()))
}

async fn export(options: &ExportAudit) -> anyhow::Result<()> {
    let pool = open(&options.config)?;
    let wanted = Wanted {
        actor: options.actor.clone(),
        kind: options.kind.map(|kind| kind.as_str().to_owned()),
        from: options.from,
        to: options.to,
        ..Wanted::default()
    };
    let filter = serde_json::json!({"actor": wanted.actor, "kind": wanted.kind,
        "from": wanted.from, "to": wanted.to, "format": format!("{:?}", options.format)});
    let who = Who { login: user(), address: "cli".into(), ..Who::default() };
    let object = Object::List("audit");
    let entry = Entry { kind: Kind::Export, object, detail: filter, request: None };
    Trail::start(pool.clone()).record(who, entry).await?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if options.format == Format::Csv {
        out.write_all(&files::csv_head())?;
    }
    let mut after = 0;
    loop {
        let page = store::matching_after(&pool, &wanted, after, 1000).await;
        let page: Vec<Stored> = page.context("cannot read the audit trail")?;
        let Some(last) = page.last() else { break };
        after = last.content.seq;
        let bytes = match options.format {
            Format::Csv => files::csv(&page),
            Format::Jsonl => files::jsonl(&page),
        };
        if let Err(error) = out.write_all(&bytes) {
            bail!("cannot write the export: {error}");
        }
    }
    out.flush().context("cannot write the export")
}
