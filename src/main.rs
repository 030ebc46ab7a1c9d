//! Arguments to edge to exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    uccxray::run::main(std::env::args_os().collect())
}
