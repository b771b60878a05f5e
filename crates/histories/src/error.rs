//! Why a run could not be made. What a run finds wrong is not an error but a [`Violation`](crate::check::Violation).

use std::io;
use std::path::PathBuf;

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan contradicts itself.
    #[error("{0}")]
    Plan(&'static str),
    /// The operating system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// No PostgreSQL server was found on this machine.
    #[error(
        "no PostgreSQL: give a superuser's URL (--pg-url, LAKEKEEPER_TEST_PG_URL), or install the server (Debian: apt-get install postgresql)"
    )]
    NoPostgres,
    /// PostgreSQL was found but does not run.
    #[error("PostgreSQL did not start: {0}")]
    PostgresFailed(String),
    /// The program is missing.
    #[error("there is no program at {}: build it with `cargo build -p lakekeeper`, or name it in LAKEKEEPER_BIN", .0.display())]
    NoProgram(PathBuf),
    /// A command of the program failed.
    #[error("`lakekeeper {command}` failed: {said}")]
    Program {
        /// The command.
        command: String,
        /// What it wrote to its log or standard error.
        said: String,
    },
    /// The catalog does not answer as it must for the run to begin or to be checked.
    #[error("the catalog answers {about}: {answer}")]
    Catalog {
        /// What was asked.
        about: String,
        /// What came back.
        answer: String,
    },
    /// A sink does not work.
    #[error("{0}")]
    Sink(String),
    /// The database cannot be created or read.
    #[error("the database cannot be read: {0}")]
    Store(String),
}

impl Error {
    /// Makes an error out of an I/O error and what was tried.
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}
