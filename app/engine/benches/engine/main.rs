//! What a command costs.

mod measure;
mod plain;
mod stream;

use std::hint::black_box;

use measure::{Counting, Figures, allocations, cpu_time};
use plain::Plain;
use stream::{Shape, Step, World, side};
use zaraba_engine::Command;
use zaraba_engine::bare::BareBook;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Commands of one sample.
const SAMPLE: usize = 400_000;

/// Times `run` over what follows the fill and the warm-up, a sample at a time.
fn samples<T>(items: &[T], skip: usize, mut run: impl FnMut(&[T])) -> Figures {
    run(&items[..skip]);
    let times = items[skip..].chunks_exact(SAMPLE).map(|sample| {
        let started = cpu_time();
        run(sample);
        (cpu_time() - started).as_nanos() as f64 / SAMPLE as f64
    });
    Figures::of(times.collect())
}

fn run_plain(steps: &[Step], skip: usize) -> Figures {
    let mut book = Plain::default();
    let (mut next, mut trades) = (0, 0u64);
    let figures = samples(steps, skip, |steps| {
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

fn run_bare(steps: &[Step], skip: usize, shape: &Shape) -> Figures {
    let mut book = BareBook::new(shape.live as u32 * 2);
    let mut trades = 0u64;
    let figures = samples(steps, skip, |steps| {
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

fn run_engine(commands: &[Command], skip: usize, shape: &Shape) -> (Figures, u64) {
    let ahead = std::env::var("AHEAD").is_ok();
    let mut world = World::new(shape);
    let mut events = 0;
    let mut allocated = 0;
    let figures = samples(commands, skip, |commands| {
        let before = allocations();
        for (i, command) in commands.iter().enumerate() {
            if ahead {
                world.engine.look_ahead(i, |i| commands.get(i));
            }
            world.apply(command);
            events += world.events.len();
        }
        allocated = allocations() - before;
    });
    black_box((world.engine.state_hash(), events));
    println!(
        "events per command {:.2}, hash {:016x}",
        events as f64 / commands.len() as f64,
        world.engine.state_hash()
    );
    (figures, allocated)
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let only =
        args.iter().find(|a| a.parse::<usize>().is_ok()).and_then(|a| a.parse::<usize>().ok());
    let nobook = args.iter().any(|a| a == "nobook");
    for (live, levels) in [(1000, 100), (10_000, 100), (500_000, 1_000)] {
        if only.is_some_and(|l| l != live) {
            continue;
        }
        let warm = 400_000 + live;
        let shape = Shape {
            live,
            levels,
            accounts: 1_000_000,
            answers: std::env::var("ANS").map_or(100_000, |a| a.parse().unwrap()),
            commands: warm + std::env::var("N").map_or(10, |a| a.parse().unwrap()) * SAMPLE,
        };
        let skip = shape.live + warm;
        let steps = stream::steps(&shape);
        if !nobook {
            let plain = run_plain(&steps, skip);
            println!("{live}: plain {:.1} best {:.1}", plain.median, plain.best);
            let bare = run_bare(&stream::bare_steps(&steps, &shape), skip, &shape);
            println!("{live}: bare {:.1} best {:.1}", bare.median, bare.best);
        }
        for accounts in [1_000, 1_000_000] {
            if std::env::var("ACC").is_ok_and(|a| a != accounts.to_string()) {
                continue;
            }
            let shape = Shape { accounts, ..shape };
            let commands = stream::commands(&steps, &shape);
            let (engine, allocated) = std::thread::scope(|s| {
                std::thread::Builder::new()
                    .name("measure".into())
                    .spawn_scoped(s, || run_engine(&commands, skip, &shape))
                    .unwrap()
                    .join()
                    .unwrap()
            });
            println!(
                "{live}: engine {accounts}: {:.1} best {:.1} allocations {allocated}",
                engine.median, engine.best
            );
        }
    }
}
