//! The binary: parses the command line, runs one command and reports how it ended.

mod cli;

use std::process::ExitCode;

/// mimalloc, because glibc's allocator keeps memory that many threads have freed, so that a server's memory would
/// only grow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
