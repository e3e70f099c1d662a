//! Export and import of a broker's state: a million accounts, half a million live orders.

use std::hint::black_box;

use zaraba_engine::Replica;

use crate::measure::cpu_time;
use crate::stream::{self, Shape, World};

pub fn run() {
    let shape =
        Shape { live: 500_000, levels: 1_000, accounts: 1_000_000, answers: 100_000, commands: 0 };
    let commands = stream::commands(&stream::steps(&shape), &shape);
    let mut world = World::hashed(&shape);
    commands.iter().for_each(|command| world.apply(command));
    let replica = world.into_replica();
    let mut bytes = Vec::new();
    replica.export(&mut |piece| bytes.extend_from_slice(piece));
    let time = |run: &dyn Fn()| {
        let started = cpu_time();
        run();
        (cpu_time() - started).as_secs_f64()
    };
    let export = time(&|| replica.export(&mut |piece| _ = black_box(piece)));
    let import = time(&|| drop(black_box(Replica::import(&bytes))));
    let megabytes = bytes.len() as f64 / 1e6;
    println!("\nstate of {megabytes:.0} MB: export {export:.2} s, import {import:.2} s");
}
