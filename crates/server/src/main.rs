//! The binary: reads the command line, runs one command, says how it ended.

mod cli;

use std::process::ExitCode;

/// glibc's allocator keeps what many threads have freed; a server's memory would only grow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
