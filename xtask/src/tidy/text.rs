//! Checks of any text file: length, forbidden words, white space.

use super::Finding;
use super::repo::File;

const LIMIT: usize = 500;
const AIM: usize = 300;

/// Extensions of files whose length is bounded: those that people write and read as code.
const MEASURED: [&str; 11] = [
    "css", "html", "java", "js", "py", "rs", "sh", "sql", "toml", "ts", "tsx",
];

/// Names of the place where the project happens to be written. They are put together here so
/// that this file does not contain them.
const WORKPLACE: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("../sha", "red"),
    concat!(".libr", "ary/"),
];

/// Runs all checks on one file.
pub(super) fn check(file: &File) -> Vec<Finding> {
    let mut findings: Vec<Finding> = too_long(file).into_iter().collect();
    for (number, line) in file.lines() {
        for word in WORKPLACE
            .into_iter()
            .filter(|word| stands_alone(line, word))
        {
            let message = format!("`{word}` names a machine's folder: write it without");
            findings.push(Finding::at("workplace", &file.path, number, message));
        }
        if file.extension() == "md" && (line.contains('\t') || line.trim_end() != line) {
            let message = "tab or trailing white space: use spaces, and `\\` for a line break";
            findings.push(Finding::at("markdown-space", &file.path, number, message));
        }
    }
    findings
}

/// A note on files between the aim and the limit.
pub(super) fn long_files(files: &[File]) -> Option<String> {
    let mut long: Vec<(usize, &str)> = files
        .iter()
        .filter(|file| is_measured(file))
        .map(|file| (file.lines().count(), file.path.as_str()))
        .filter(|(lines, _)| (AIM + 1..=LIMIT).contains(lines))
        .collect();
    long.sort_unstable_by(|a, b| b.cmp(a));
    let list: Vec<String> = long
        .iter()
        .map(|(lines, path)| format!("{path} {lines}"))
        .collect();
    let text = || {
        format!(
            "{} files above {AIM} lines: {}",
            list.len(),
            list.join(", ")
        )
    };
    (!list.is_empty()).then(text)
}

fn too_long(file: &File) -> Option<Finding> {
    let lines = file.lines().count();
    if !is_measured(file) || lines <= LIMIT {
        return None;
    }
    let message = format!("{lines} lines, at most {LIMIT}: split it by what it does");
    let finding = Finding::of_file("file-length", &file.path, message);
    Some(Finding {
        weight: lines,
        ..finding
    })
}

fn is_measured(file: &File) -> bool {
    let made_elsewhere = |part: &str| part == "generated" || part == "vendor";
    MEASURED.contains(&file.extension()) && !file.path.split('/').any(made_elsewhere)
}

/// Whether `word` stands in `line` other than as the tail of a longer path or name.
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks(path: &str, text: &str) -> Vec<(&'static str, usize)> {
        let file = File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&file)
            .into_iter()
            .map(|finding| (finding.check, finding.weight))
            .collect()
    }

    #[test]
    fn files_of_more_than_500_lines_are_measured() {
        assert!(checks("a.rs", &"x\n".repeat(500)).is_empty());
        assert_eq!(checks("a.rs", &"x\n".repeat(501)), [("file-length", 501)]);
        assert!(checks("spec.json", &"x\n".repeat(501)).is_empty());
        assert!(checks("ui/generated/api.ts", &"x\n".repeat(501)).is_empty());
    }

    #[test]
    fn long_files_are_noted_longest_first() {
        let file = |path: &str, lines| File {
            path: path.to_owned(),
            text: "x\n".repeat(lines),
        };
        let files = [
            file("a.rs", 301),
            file("b.rs", 400),
            file("c.rs", 300),
            file("d.rs", 501),
        ];
        assert_eq!(
            long_files(&files).unwrap(),
            "2 files above 300 lines: b.rs 400, a.rs 301"
        );
        assert!(long_files(&[]).is_none());
    }

    #[test]
    fn names_of_the_workplace_are_refused() {
        for word in WORKPLACE {
            assert_eq!(
                checks("a.json", &format!("see `{word}x`")),
                [("workplace", 1)],
                "{word}"
            );
        }
        assert!(checks("a.sh", concat!("-Djava.libr", "ary/x spark/wo", "rk/x")).is_empty());
    }

    #[test]
    fn markdown_has_no_tabs_and_no_trailing_space() {
        assert_eq!(checks("a.md", "a \nb\tc\nd\n").len(), 2);
        assert!(checks("Makefile", "a:\n\tb\n").is_empty());
    }
}
