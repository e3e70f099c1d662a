//! The `zaraba-console` binary: see `cli`.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    zaraba_console::cli::run(zaraba_console::cli::Cli::parse())
}
