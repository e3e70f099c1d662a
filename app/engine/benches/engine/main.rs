//! What a command costs: the whole engine (locks, risk limits, matching, settlement, events,
//! hash; one thread) beside a bare `BTreeMap` book, and the engine's own book without accounts;
//! how long single commands take; and how cost grows with every size there is.
//!
//! `cargo bench -p zaraba-engine --features oracle --bench engine [-- PART] [--svg FILE]`, where
//! PART is `mixed`, `brief`, `latency`, `kinds`, `growth` or `snapshot` (all but `brief` without).
//! Times are the thread's processor time, so that a busy machine disturbs less. Prints Markdown.

mod growth;
mod kinds;
mod measure;
mod plain;
mod snapshot;
mod stream;
mod ticks;

use std::hint::black_box;

use measure::{Counting, Figures, allocations, cpu_time};
use plain::Plain;
use stream::{Shape, Step, World, side};
use zaraba_engine::Command;
use zaraba_engine::bare::BareBook;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Commands of one sample, and samples of one figure.
const SAMPLE: usize = 400_000;
const SAMPLES: usize = 9;

/// The streams of the comparison: steady live orders, and price levels per side.
const STREAMS: [(usize, u64); 2] = [(10_000, 100), (500_000, 1_000)];

/// The stream of so many live orders, from a million accounts.
fn shape(live: usize, levels: u64) -> Shape {
    let commands = warm_up(live) + SAMPLES * SAMPLE;
    Shape { live, levels, accounts: 1_000_000, answers: 100_000, commands }
}

/// Commands until caches, answers and books are as they stay.
fn warm_up(live: usize) -> usize {
    400_000 + live
}

/// Times `run` over what follows the fill and the warm-up, a sample at a time.
fn samples<T>(items: &[T], live: usize, mut run: impl FnMut(&[T])) -> Figures {
    let (before, measured) = items.split_at(live + warm_up(live));
    run(before);
    let times = measured.chunks_exact(SAMPLE).map(|sample| {
        let started = cpu_time();
        run(sample);
        (cpu_time() - started).as_nanos() as f64 / SAMPLE as f64
    });
    Figures::of(times.collect())
}

fn run_plain(steps: &[Step], live: usize) -> Figures {
    let mut book = Plain::default();
    let (mut next, mut trades) = (0, 0u64);
    let figures = samples(steps, live, |steps| {
        for step in steps {
            match *step {
                Step::Add { buy, price, quantity } => {
                    book.add(next, buy, price, quantity);
                    next += 1;
                }
                Step::Cancel { n } => {
                    book.cancel(n as u64);
                }
                Step::Take { buy, price, quantity } => {
                    book.take(buy, price, quantity, |_| trades += 1);
                }
            }
        }
    });
    black_box((trades, book.orders.len()));
    figures
}

fn run_bare(steps: &[Step], shape: &Shape) -> Figures {
    let mut book = BareBook::new(shape.slots());
    let mut trades = 0u64;
    let figures = samples(steps, shape.live, |steps| {
        for step in steps {
            match *step {
                Step::Add { buy, price, quantity } => {
                    black_box(book.add(side(buy), price, quantity));
                }
                Step::Cancel { n } => {
                    book.cancel(n as u64);
                }
                Step::Take { buy, price, quantity } => {
                    book.take(side(buy), price, quantity, |_| trades += 1);
                }
            }
        }
    });
    black_box((trades, book));
    figures
}

/// Figures, events per command and allocations of the last sample.
fn run_engine(commands: &[Command], live: usize, mut world: World) -> (Figures, f64, u64) {
    let (mut events, mut allocated) = (0, 0);
    let figures = samples(commands, live, |commands| {
        let before = allocations();
        events = 0;
        for (i, command) in commands.iter().enumerate() {
            world.engine.look_ahead(i, |i| commands.get(i));
            world.apply(command);
            events += world.events.len();
        }
        allocated = allocations() - before;
    });
    black_box(world);
    (figures, events as f64 / SAMPLE as f64, allocated)
}

/// Prints a row of the comparison.
fn row(live: usize, what: &str, figures: &Figures, plain: f64) {
    let (median, best) = (figures.median, figures.best);
    println!("| {live} | {what} | {median:.0} ns | {best:.0} ns | {:.2} |", median / plain);
}

fn mixed() {
    println!("| live orders | | median | best | of the `BTreeMap` book |");
    println!("|---|---|---|---|---|");
    let mut notes = Vec::new();
    for (live, levels) in STREAMS {
        let shape = shape(live, levels);
        let steps = stream::steps(&shape);
        let plain = run_plain(&steps, live);
        row(live, "bare `BTreeMap` book", &plain, plain.median);
        let bare = run_bare(&stream::bare_steps(&steps, &shape), &shape);
        row(live, "bare book of the engine", &bare, plain.median);
        for accounts in [1_000, 1_000_000] {
            let shape = Shape { accounts, ..shape };
            let commands = stream::commands(&steps, &shape);
            let (figures, events, allocated) = run_engine(&commands, live, World::new(&shape));
            row(live, &format!("engine, {accounts} accounts"), &figures, plain.median);
            let (figures, ..) = run_engine(&commands, live, World::hashed(&shape));
            row(live, "the same and its state hash, in one thread", &figures, plain.median);
            notes.push(format!(
                "{live} live orders, {accounts} accounts: {events:.1} events per command, \
                 {allocated} allocations in the last {SAMPLE} commands"
            ));
        }
    }
    println!();
    notes.iter().for_each(|note| println!("- {note}"));
}

/// The engine's rows with a million accounts alone, and one that a cache holds: to hold two builds
/// side by side.
fn brief() {
    let small = Shape { accounts: 1_000, answers: 2_000, ..shape(2_000, 100) };
    for shape in [small, shape(10_000, 100), shape(500_000, 1_000)] {
        let commands = stream::commands(&stream::steps(&shape), &shape);
        let Shape { live, accounts, .. } = shape;
        let Figures { median, best } = run_engine(&commands, live, World::new(&shape)).0;
        println!("{live} live, {accounts} accounts: {median:.1} ns, best {best:.1} ns");
    }
}

fn latency() {
    println!("\n| live orders | p50 | p99 | p99.9 | p99.99 | longest | clock alone |");
    println!("|---|---|---|---|---|---|---|");
    let per_ns = ticks::ticks_per_nanosecond();
    for (live, levels) in STREAMS {
        let shape = shape(live, levels);
        let commands = stream::commands(&stream::steps(&shape), &shape);
        let (before, measured) = commands.split_at(live + warm_up(live));
        let mut world = World::new(&shape);
        for (i, command) in before.iter().enumerate() {
            world.engine.look_ahead(i, |i| before.get(i));
            world.apply(command);
        }
        let mut times: Vec<u64> = Vec::with_capacity(measured.len());
        for (i, command) in measured.iter().enumerate() {
            let started = ticks::ticks();
            world.engine.look_ahead(i, |i| measured.get(i));
            world.apply(command);
            times.push(ticks::ticks() - started);
        }
        let clock = ticks::own_ticks() / per_ns;
        times.sort_unstable();
        let at = |part: f64| times[(times.len() as f64 * part) as usize] as f64 / per_ns;
        let longest = at(1.0 - 0.5 / times.len() as f64);
        println!(
            "| {live} | {:.0} ns | {:.0} ns | {:.0} ns | {:.0} ns | {:.1} us | {clock:.1} ns |",
            at(0.5),
            at(0.99),
            at(0.999),
            at(0.9999),
            longest / 1_000.0,
        );
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if !args.iter().any(|arg| arg == "--bench") {
        return; // built and started as a test
    }
    let parts = ["mixed", "brief", "latency", "kinds", "growth", "snapshot"];
    let all = !args.iter().any(|arg| parts.contains(&arg.as_str()));
    let wanted = |part: &str| all || args.iter().any(|arg| arg == part);
    let svg = args.iter().skip_while(|arg| *arg != "--svg").nth(1);
    if wanted("mixed") {
        mixed();
    }
    if wanted("latency") {
        latency();
    }
    if args.iter().any(|arg| arg == "brief") {
        brief();
    }
    if wanted("kinds") {
        kinds::run();
    }
    if wanted("growth") {
        growth::run(svg.map(String::as_str));
    }
    if wanted("snapshot") {
        snapshot::run();
    }
}
