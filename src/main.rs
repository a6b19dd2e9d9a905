//! The front door: parse, run, print one error chain, exit with the code that says who has to act.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    everycent::cli::main()
}
