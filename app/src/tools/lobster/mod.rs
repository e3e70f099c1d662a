//! `zaraba replay lobster`: plays a recorded market day (LOBSTER message files) through the
//! public API as a normal client, and reports how well the venue agreed with the record.

mod lane;
mod message;
mod orderbook;
mod player;
mod report;
mod seeded;
mod venue;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::client::{Endpoint, Key};
use super::credentials::Target;
use message::Message;
use orderbook::Row;
use player::Player;
use report::{Agreement, Hits, Report};
use seeded::Seeded;
use venue::Venue;

/// What can be replayed.
#[derive(clap::Subcommand, Debug)]
pub enum ReplayVerb {
    /// Play LOBSTER message files.
    Lobster(Options),
}

/// Options of `zaraba replay lobster`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    zaraba replay lobster --messages AAPL_..._message_50.csv\n  \
    zaraba replay lobster --messages AAPL_..._message_10.csv \\\n      \
    --orderbook AAPL_..._orderbook_10.csv --seed-book each --json\n\n\
    New orders rest in one account; each visible execution is an immediate-or-cancel order \
    of its size at its price from another. With --key, give the resting account's key first. \
    The instrument's book must be empty of other accounts' orders.")]
pub struct Options {
    #[command(flatten)]
    target: Target,
    /// Message file.
    #[arg(long, value_name = "FILE")]
    messages: PathBuf,
    /// Order book file of the same messages, to compare our book with.
    #[arg(long, value_name = "FILE")]
    orderbook: Option<PathBuf>,
    /// How fast: max, realtime, or a factor such as x20.
    #[arg(long, default_value = "max")]
    speed: Speed,
    /// Make our book equal to the order book file: never, before the first message (then
    /// message 1 is taken as done), or before each.
    #[arg(long, value_enum, default_value_t = SeedBook::Never, requires_if("once", "orderbook"),
          requires_if("each", "orderbook"))]
    seed_book: SeedBook,
    /// Instrument. Default: the file name's first part (AAPL_2012-06-21_… is AAPL).
    #[arg(long)]
    symbol: Option<String>,
    /// Levels to compare with the order book file. Default: one less than it has, because
    /// the last level of a row may show what no message told.
    #[arg(long)]
    levels: Option<usize>,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
}

/// When our book is made equal to the order book file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum SeedBook {
    Never,
    Once,
    Each,
}

/// How fast the data's time passes.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Speed {
    Max,
    Times(f64),
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Speed, String> {
        match text {
            "max" => Ok(Speed::Max),
            "realtime" => Ok(Speed::Times(1.0)),
            _ => text
                .strip_prefix('x')
                .and_then(|times| times.parse::<f64>().ok())
                .filter(|times| (0.001..=1e6).contains(times))
                .map(Speed::Times)
                .ok_or_else(|| format!("{text:?} is not max, realtime or xN such as x20")),
        }
    }
}

/// Runs a replay and prints its report.
///
/// # Errors
/// When files cannot be read or the venue does not answer.
pub fn run(verb: ReplayVerb) -> Result<()> {
    let ReplayVerb::Lobster(options) = verb;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime of the replay")?;
    let report = runtime.block_on(replay(&options))?;
    if options.json {
        println!("{}", serde_json::to_string(&report.json())?);
    } else {
        print!("{report}");
    }
    Ok(())
}

/// The comparison file, as far as one is given.
struct Comparison {
    rows: Vec<Row>,
    depth: usize,
    agreement: Agreement,
}

async fn replay(options: &Options) -> Result<Report> {
    let (messages, bad_lines) = message::read(open(&options.messages)?)
        .with_context(|| format!("cannot read {}", options.messages.display()))?;
    if messages.is_empty() {
        bail!("{} has no LOBSTER message in it", options.messages.display());
    }
    let mut comparison = options.orderbook.as_deref().map(comparison).transpose()?;
    if let Some(comparison) = &mut comparison {
        comparison.agreement.levels =
            options.levels.unwrap_or(comparison.depth.saturating_sub(1)).max(1);
        if comparison.rows.len() != messages.len() + bad_lines.len() {
            bail!(
                "the order book file has {} rows for {} messages; they do not belong together",
                comparison.rows.len(),
                messages.len() + bad_lines.len()
            );
        }
    }
    let mut venue = connect(options).await?;
    venue.clear().await?;

    let mut report = Report { bad_lines, ..Report::default() };
    let started = Instant::now();
    if options.seed_book != SeedBook::Never {
        let comparison = comparison.as_mut().context("--seed-book needs --orderbook")?;
        seeded(options, &mut venue, &messages, comparison, &mut report).await?;
        report.took = started.elapsed();
    } else {
        let player =
            through(options, &mut venue, &messages, comparison.as_mut(), &mut report).await?;
        report.took = started.elapsed();
        look_at_fills(&mut venue, player, &mut report).await;
    }
    report.orders = venue.maker.sent + venue.taker.sent;
    report.refused = venue.maker.refused.clone();
    for (code, count) in &venue.taker.refused {
        *report.refused.entry(code.clone()).or_default() += count;
    }
    report.agreement = comparison.map(|comparison| comparison.agreement);
    Ok(report)
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(BufReader::new(file))
}

fn comparison(path: &Path) -> Result<Comparison> {
    let (rows, depth) =
        orderbook::read(open(path)?).with_context(|| format!("cannot use {}", path.display()))?;
    Ok(Comparison { rows, depth, agreement: Agreement::default() })
}

async fn connect(options: &Options) -> Result<Venue> {
    let (api, keys) = options.target.resolve(|file| file.replay.clone())?;
    let [maker, taker, ..] = keys.as_slice() else {
        bail!("a replay needs two accounts: the resting and the aggressive side");
    };
    let name = options.messages.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let symbol = match &options.symbol {
        Some(symbol) => symbol.as_str(),
        None => name.split('_').next().unwrap_or_default(),
    };
    let endpoint = Endpoint::resolve(&api).await?;
    Venue::open(endpoint, Key::new(maker)?, Key::new(taker)?, symbol).await
}

fn bar(total: usize) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    if let Ok(style) =
        ProgressStyle::with_template("{wide_bar} {pos}/{len} messages  {per_sec}  {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

/// Waits until it is a message's time; what waits in a batch is sent first.
async fn keep_pace(speed: Speed, since: Instant, first_ns: i64, at_ns: i64) -> Option<Duration> {
    let Speed::Times(times) = speed else { return None };
    let due = Duration::from_nanos((at_ns - first_ns).max(0) as u64).div_f64(times);
    // Below a few milliseconds the timer is coarser than the wait.
    due.checked_sub(since.elapsed()).filter(|wait| *wait > Duration::from_millis(2))
}

async fn through(
    options: &Options,
    venue: &mut Venue,
    messages: &[Message],
    mut comparison: Option<&mut Comparison>,
    report: &mut Report,
) -> Result<Player> {
    let mut player = Player::default();
    let bar = bar(messages.len());
    let since = Instant::now();
    for message in messages {
        if let Some(wait) = keep_pace(options.speed, since, messages[0].at_ns, message.at_ns).await
        {
            player.flush(venue).await?;
            tokio::time::sleep(wait).await;
        }
        player.play(venue, message).await?;
        if let Some(comparison) = comparison.as_deref_mut() {
            player.flush(venue).await?;
            compare(venue, comparison, message.line).await?;
        }
        bar.inc(1);
    }
    player.flush(venue).await?;
    bar.finish_and_clear();
    report.counts = player.counts.clone();
    Ok(player)
}

async fn seeded(
    options: &Options,
    venue: &mut Venue,
    messages: &[Message],
    comparison: &mut Comparison,
    report: &mut Report,
) -> Result<()> {
    let mut book = Seeded::default();
    let bar = bar(messages.len());
    let since = Instant::now();
    for pair in messages.windows(2) {
        let (before, message) = (&pair[0], &pair[1]);
        if let Some(wait) = keep_pace(options.speed, since, messages[0].at_ns, message.at_ns).await
        {
            tokio::time::sleep(wait).await;
        }
        if options.seed_book == SeedBook::Each || report.counts.played == 0 {
            book.seed(venue, &comparison.rows[before.line as usize - 1]).await?;
        }
        book.play(venue, message).await?;
        compare(venue, comparison, message.line).await?;
        report.counts.played += 1;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn compare(venue: &mut Venue, comparison: &mut Comparison, line: u64) -> Result<()> {
    let levels = comparison.agreement.levels;
    let ours = venue.book(levels).await?;
    let row = &comparison.rows[line as usize - 1];
    comparison.agreement.note(line, ours.agrees(row, levels), ours.agrees(row, 1));
    Ok(())
}

/// Which orders the executions really filled, from the resting account's history.
async fn look_at_fills(venue: &mut Venue, player: Player, report: &mut Report) {
    let Some((first, last)) = player.seqs else { return };
    match venue.fills(first, last).await {
        Ok(fills) => report.hits = Some(Hits::count(&player.executions, &fills)),
        Err(error) => report.hits_missing = Some(format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_words_or_factors() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("realtime".parse(), Ok(Speed::Times(1.0)));
        assert_eq!("x2.5".parse(), Ok(Speed::Times(2.5)));
        for text in ["", "x", "x0", "x-1", "fast", "2", "xNaN", "xinf"] {
            assert!(text.parse::<Speed>().is_err(), "{text:?}");
        }
    }
}
