//! Checks that the paths which the documentation names exist.

use super::Finding;
use super::repo::{File, Repo};

/// Checks the paths in backticks and the targets of links in one Markdown file.
pub(super) fn check(repo: &Repo, file: &File) -> Vec<Finding> {
    if file.extension() != "md" {
        return Vec::new();
    }
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    let mut in_code = false;
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let named = quoted(line).filter(|path| is_path(repo, path));
        for path in named.chain(linked(line)) {
            if !repo.has(path) && !repo.has(&join(folder, path)) {
                let message = format!("`{path}` does not exist in the repository");
                findings.push(Finding::at("doc-path", &file.path, number, message));
            }
        }
    }
    findings
}

/// The texts between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The targets of links, except URLs, absolute paths and anchors in the same page.
fn linked(line: &str) -> impl Iterator<Item = &str> {
    let targets = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets
        .filter(|target| !target.contains(':'))
        .filter_map(|target| target.split(['#', ' ']).next())
        .filter(|path| !path.is_empty() && !path.starts_with('/'))
}

/// Whether a quoted word is meant as a path from the root: its first part is in the root, and it
/// has no placeholder.
fn is_path(repo: &Repo, word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    let top = word.split_once('/').map(|(top, _)| top);
    top.is_some_and(|top| !top.is_empty() && repo.has(top)) && word.chars().all(plain)
}

fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(path: &str, text: &str) -> Vec<String> {
        let repo = Repo::of(&[("crates/a/src/lib.rs", ""), ("docs/b.md", ""), (path, text)]);
        let file = repo.files().iter().find(|file| file.path == path).unwrap();
        check(&repo, file)
            .into_iter()
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn quoted_paths_exist() {
        assert!(wrong("README.md", "`crates/a/src/lib.rs` and `crates/a/`").is_empty());
        assert_eq!(wrong("README.md", "see `crates/a/src/gone.rs`").len(), 1);
    }

    #[test]
    fn placeholders_and_other_words_are_no_paths() {
        let text = "`crates/<name>`, `text/html`, `/v1/config`, `a/b`, `crates/*`";
        assert!(wrong("README.md", text).is_empty());
        assert!(wrong("README.md", "```\n`crates/gone`\n```\n").is_empty());
    }

    #[test]
    fn links_are_followed_from_their_page() {
        let text = "[a](../crates/a/src/lib.rs#top) [b](b.md) [c](https://example.org) [d](#x)";
        assert!(wrong("docs/c.md", text).is_empty());
        assert_eq!(wrong("docs/c.md", "[a](gone.md)").len(), 1);
    }
}
