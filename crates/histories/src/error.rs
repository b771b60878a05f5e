//! Why a run could not be made. What a run finds is no error but a violation.

use std::io;
use std::path::PathBuf;

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan contradicts itself.
    #[error("{0}")]
    Plan(&'static str),
    /// Something of the machine.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// No PostgreSQL.
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
    /// The program does not do its work.
    #[error("`lakekeeper {command}` failed: {said}")]
    Program {
        /// What it was told.
        command: String,
        /// The end of what it said.
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
    /// The database cannot be looked into.
    #[error("the database cannot be read: {0}")]
    Store(String),
}

impl Error {
    /// Says what was tried when the machine refused.
    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }
}
