//! The ratchet: properties of the repository that may only get better.
//!
//! A check reads files and returns [`Finding`]s. Findings that are tolerated for now are listed with their measured
//! value in `xtask/tidy-exceptions.txt`; an exception that grew, shrank or is no longer needed fails, so the list
//! can only shrink.

mod docs;
mod exceptions;
mod lexer;
mod names;
mod repo;
mod rooms;
mod rust;
mod text;

use std::collections::BTreeMap;
use std::path::Path;

use exceptions::Exceptions;
use repo::Repo;

const EXCEPTIONS: &str = "xtask/tidy-exceptions.txt";

/// One thing that is wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// The check's name, as the exceptions file spells it.
    check: &'static str,
    /// Path from the repository's root.
    path: String,
    /// 1-based line, where a line is to blame.
    line: Option<usize>,
    /// What is measured: a file's lines for `file-length`, else 1 for each place.
    weight: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    fn at(check: &'static str, path: &str, line: usize, message: impl Into<String>) -> Self {
        let (path, message) = (path.to_owned(), message.into());
        Self {
            check,
            path,
            line: Some(line),
            weight: 1,
            message,
        }
    }

    fn of_file(check: &'static str, path: &str, message: impl Into<String>) -> Self {
        let (path, message) = (path.to_owned(), message.into());
        Self {
            check,
            path,
            line: None,
            weight: 1,
            message,
        }
    }
}

/// What a run found.
#[derive(Debug)]
pub(crate) struct Report {
    /// How many files were read.
    pub(crate) files: usize,
    /// What is worth knowing but does not fail the run.
    pub(crate) notes: Vec<String>,
    /// One line for each failure.
    pub(crate) failures: Vec<String>,
}

/// Runs every check on the git checkout at `root`.
pub(crate) fn run(root: &Path) -> Result<Report, String> {
    let repo = Repo::read(root)?;
    let exceptions = Exceptions::parse(repo.text(EXCEPTIONS).unwrap_or_default())?;
    let mut findings = Vec::new();
    for file in repo.files() {
        findings.extend(text::check(file));
        findings.extend(rust::check(file));
        findings.extend(names::check(file));
        findings.extend(docs::check(&repo, file));
    }
    findings.extend(names::mirrored_backends(&repo));
    findings.extend(names::numbered_migrations(&repo));
    findings.extend(rooms::check(&repo));
    Ok(Report {
        files: repo.files().len(),
        notes: text::long_files(repo.files()).into_iter().collect(),
        failures: judge(&findings, &exceptions),
    })
}

/// The failures: findings that no exception covers, and exceptions whose value is not the measured one.
fn judge(findings: &[Finding], exceptions: &Exceptions) -> Vec<String> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        groups
            .entry((finding.check, &finding.path))
            .or_default()
            .push(finding);
    }
    let mut failures = exceptions.stale(|check, path| groups.contains_key(&(check, path)));
    for ((check, path), group) in &groups {
        let measured: usize = group.iter().map(|finding| finding.weight).sum();
        match exceptions.allowance(check, path) {
            Some(allowed) if allowed == measured => {}
            Some(allowed) if allowed > measured => failures.push(format!(
                "{EXCEPTIONS}: `{check} {path}` allows {allowed}, but {measured} is measured: \
                 write {measured}"
            )),
            _ => failures.extend(group.iter().map(|finding| render(finding))),
        }
    }
    failures
}

fn render(finding: &Finding) -> String {
    let Finding {
        check,
        path,
        line,
        message,
        ..
    } = finding;
    match line {
        Some(line) => format!("{path}:{line}: {message} [{check}]"),
        None => format!("{path}: {message} [{check}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(weight: usize, exceptions: &str) -> Vec<String> {
        let mut finding = Finding::of_file("file-length", "a.rs", "too long");
        finding.weight = weight;
        judge(&[finding], &Exceptions::parse(exceptions).unwrap())
    }

    #[test]
    fn a_finding_without_an_exception_fails() {
        assert_eq!(judged(510, ""), ["a.rs: too long [file-length]"]);
    }

    #[test]
    fn an_exact_exception_covers_its_finding() {
        assert!(judged(510, "file-length a.rs 510 being split").is_empty());
    }

    #[test]
    fn an_exception_that_grew_fails() {
        assert_eq!(judged(511, "file-length a.rs 510 being split").len(), 1);
    }

    #[test]
    fn an_exception_that_shrank_must_be_written_down() {
        let failures = judged(505, "file-length a.rs 510 being split");
        assert!(failures[0].ends_with("write 505"), "{failures:?}");
    }

    #[test]
    fn an_exception_that_is_no_longer_needed_fails() {
        let exceptions = Exceptions::parse("file-length b.rs 510 being split").unwrap();
        assert_eq!(judge(&[], &exceptions).len(), 1);
    }
}
