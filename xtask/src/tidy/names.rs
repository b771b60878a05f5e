//! Checks of file and module names.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::lexer::{code_only, lines_with};
use super::repo::{File, Repo};

/// Names that say nothing about what is inside.
const EMPTY: [&str; 9] = [
    "common", "helper", "helpers", "manager", "managers", "misc", "shared", "util", "utils",
];

const SQLITE: &str = "crates/store-sqlite";
const POSTGRES: &str = "crates/store-postgres";

/// Files that only one backend has, because the other one does not need them.
const ONE_SIDED: [&str; 2] = ["tls.rs", "writer.rs"];

/// Refuses files, folders and inline modules with a name that says nothing.
pub(super) fn check(file: &File) -> Vec<Finding> {
    if file.extension() != "rs" {
        return Vec::new();
    }
    let stems = file
        .path
        .split('/')
        .map(|part| part.trim_end_matches(".rs"));
    let mut findings: Vec<Finding> = stems
        .filter(|stem| EMPTY.contains(stem))
        .map(|stem| Finding::of_file("empty-name", &file.path, advice(stem)))
        .collect();
    let code = code_only(&file.text);
    for name in EMPTY {
        let declared = format!("mod {name} {{");
        let at = lines_with(&code, &declared);
        findings.extend(at.map(|at| Finding::at("empty-name", &file.path, at, advice(name))));
    }
    findings
}

fn advice(name: &str) -> String {
    format!("`{name}` says nothing: name it for what it can do")
}

/// Checks that the two SQL backends have the same file names, so that they can be read side by side.
pub(super) fn mirrored_backends(repo: &Repo) -> Vec<Finding> {
    let (left, right) = (format!("{SQLITE}/src"), format!("{POSTGRES}/src"));
    if !repo.has(&left) || !repo.has(&right) {
        return Vec::new();
    }
    let (here, there) = (repo.names_in(&left), repo.names_in(&right));
    let mut findings = lacking(&here, &there, &left, &right);
    findings.extend(lacking(&there, &here, &right, &left));
    findings
}

fn lacking(here: &BTreeSet<&str>, there: &BTreeSet<&str>, home: &str, other: &str) -> Vec<Finding> {
    let only_here = here
        .difference(there)
        .filter(|name| !ONE_SIDED.contains(name));
    only_here
        .map(|name| {
            let message = format!("{other} has no `{name}`: the backends mirror each other");
            Finding::of_file("mirror", &format!("{home}/{name}"), message)
        })
        .collect()
}

/// Checks that migrations are numbered from 1, without a gap and each number once.
pub(super) fn numbered_migrations(repo: &Repo) -> Vec<Finding> {
    [SQLITE, POSTGRES]
        .iter()
        .filter_map(|home| misnumbered(repo, home))
        .collect()
}

fn misnumbered(repo: &Repo, home: &str) -> Option<Finding> {
    let folder = format!("{home}/migrations");
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    for name in repo.names_in(&folder) {
        let number = name
            .strip_prefix('V')
            .and_then(|name| name.split_once("__"));
        if let Some(number) = number.and_then(|(number, _)| number.parse().ok()) {
            *numbers.entry(number).or_default() += 1;
        }
    }
    let linear = (1..)
        .zip(&numbers)
        .all(|(want, (number, count))| want == *number && *count == 1);
    let message = "migrations are not numbered V1__, V2__, … each once: renumber the new one";
    (!linear).then(|| Finding::of_file("migrations", &folder, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&File {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .len()
    }

    #[test]
    fn names_that_say_nothing_are_refused() {
        assert_eq!(count("crates/a/src/utils.rs", ""), 1);
        assert_eq!(count("crates/a/tests/common/mod.rs", ""), 1);
        assert_eq!(count("crates/a/src/lib.rs", "pub mod helpers {\n}"), 1);
        assert_eq!(
            count("crates/a/src/utility_bills.rs", "mod common_ground {}"),
            0
        );
    }

    #[test]
    fn backends_mirror_each_other() {
        let repo = Repo::of(&[
            ("crates/store-sqlite/src/table.rs", ""),
            ("crates/store-sqlite/src/writer.rs", ""),
            ("crates/store-postgres/src/table.rs", ""),
            ("crates/store-postgres/src/view.rs", ""),
        ]);
        let paths: Vec<String> = mirrored_backends(&repo)
            .into_iter()
            .map(|f| f.path)
            .collect();
        assert_eq!(paths, ["crates/store-postgres/src/view.rs"]);
    }

    #[test]
    fn migrations_count_up() {
        let numbered = |names: &[&str]| {
            let paths: Vec<String> = names
                .iter()
                .map(|name| format!("{SQLITE}/migrations/{name}"))
                .collect();
            let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
            numbered_migrations(&Repo::of(&files)).len()
        };
        assert_eq!(numbered(&["V1__a.sql", "V2__b.sql", "README.md"]), 0);
        assert_eq!(numbered(&["V1__a.sql", "V3__b.sql"]), 1);
        assert_eq!(numbered(&["V1__a.sql", "V1__b.sql"]), 1);
    }
}
