//! The mixed stream once more, each kind of command through a function of its own: run under
//! callgrind it says how many instructions each kind takes, and where. Those figures are the same on
//! a busy machine. By itself it prints how many commands and events of each kind there are.

use std::hint::black_box;

use zaraba_engine::command::Place;
use zaraba_engine::types::TimeInForce;
use zaraba_engine::{Command, Event};

use crate::stream::{self, Shape, World};

/// Small enough for an instrument that runs fifty times slower than the processor.
const SHAPE: Shape =
    Shape { live: 2_000, levels: 100, accounts: 1_000, answers: 2_000, commands: 120_000 };
/// What is not counted: until every slot has been used.
const WARM_UP: usize = 20_000;

/// How many commands of a kind, and what they led to.
struct Count {
    commands: usize,
    events: usize,
    trades: usize,
}

#[inline(never)]
fn warm_up(world: &mut World, command: &Command) {
    world.apply(command);
}

#[inline(never)]
fn measured_add(world: &mut World, command: &Command) {
    black_box("add");
    world.apply(command);
}

#[inline(never)]
fn measured_cancel(world: &mut World, command: &Command) {
    black_box("cancel");
    world.apply(command);
}

#[inline(never)]
fn measured_take(world: &mut World, command: &Command) {
    black_box("take");
    world.apply(command);
}

#[inline(never)]
fn measured_look_ahead(world: &World, at: usize, commands: &[Command]) {
    world.engine.look_ahead(at, |i| commands.get(i));
}

pub fn run() {
    let commands = stream::commands(&stream::steps(&SHAPE), &SHAPE);
    let (before, measured) = commands.split_at(SHAPE.live + WARM_UP);
    let mut world = World::new(&SHAPE);
    before.iter().for_each(|command| warm_up(&mut world, command));
    let mut counts = [const { Count { commands: 0, events: 0, trades: 0 } }; 3];
    for (i, command) in measured.iter().enumerate() {
        measured_look_ahead(&world, i, measured);
        let kind = match command {
            Command::Place(Place { time_in_force: TimeInForce::Ioc, .. }) => 2,
            Command::Place(_) => 0,
            _ => 1,
        };
        [measured_add, measured_cancel, measured_take][kind](&mut world, command);
        let count = &mut counts[kind];
        count.commands += 1;
        count.events += world.events.len();
        count.trades += world.events.iter().filter(|e| matches!(e, Event::Trade(_))).count();
    }
    println!("\n| kind | commands | events each | trades each |\n|---|---|---|---|");
    for (name, count) in ["add", "cancel", "take"].iter().zip(&counts) {
        let each = |n: usize| n as f64 / count.commands as f64;
        let (events, trades) = (each(count.events), each(count.trades));
        println!("| {name} | {} | {events:.2} | {trades:.2} |", count.commands);
    }
}
