//! Checks of Rust sources that clippy does not make.

use super::Finding;
use super::lexer::{code_only, is_name, lines_with, without_tests};
use super::repo::File;

const MAX_TYPE_PARAMETERS: usize = 2;

/// Macros that mark unfinished work.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];

/// Macros that print, which a library must not do.
const PRINTS: [&str; 4] = ["println!", "print!", "eprintln!", "eprint!"];

/// Runs all checks on one file, if it is a Rust source.
pub(super) fn check(file: &File) -> Vec<Finding> {
    if file.extension() != "rs" {
        return Vec::new();
    }
    let code = code_only(&file.text);
    let mut findings = macros(file, &code);
    findings.extend(ignored_tests(file, &code));
    findings.extend(silenced_lints(file, &code));
    findings.extend(type_parameters(file, &code));
    findings.extend(module_doc(file));
    findings
}

fn macros(file: &File, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in UNFINISHED {
        let message = format!("`{name}` is unfinished work: finish it or leave it out");
        let at = lines_with(code, name);
        findings.extend(at.map(|at| Finding::at("unfinished", &file.path, at, message.clone())));
    }
    // A file that silences the lint must give clippy a reason, so nothing more is asked of it here.
    let may_print = ["clippy::print_stdout", "clippy::print_stderr"];
    if !prints_freely(&file.path) && !may_print.iter().any(|lint| code.contains(lint)) {
        let production = without_tests(code);
        for name in PRINTS {
            let message = format!("`{name}` outside binaries and tests: use `tracing`");
            let at = lines_with(&production, name);
            findings.extend(at.map(|at| Finding::at("print", &file.path, at, message.clone())));
        }
    }
    findings
}

/// Whether the file may print: binaries, tests, benches, build scripts and the tools beside the product.
fn prints_freely(path: &str) -> bool {
    let tool = ["xtask/", "tests/", "fuzz/", "crates/testkit/"];
    let inside = ["/tests/", "/benches/", "/examples/", "/src/bin/"];
    tool.iter().any(|start| path.starts_with(start))
        || inside.iter().any(|folder| path.contains(folder))
        || ["/src/main.rs", "/build.rs", "/tests.rs"]
            .iter()
            .any(|end| path.ends_with(end))
}

fn ignored_tests(file: &File, code: &str) -> Vec<Finding> {
    let message = "an ignored test proves nothing: run it, or remove it";
    let at = lines_with(code, "#[ignore");
    at.map(|at| Finding::at("ignore", &file.path, at, message))
        .collect()
}

/// Checks that every `allow` and `expect` of a lint has a reason, in its `reason` or in a comment.
fn silenced_lints(file: &File, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, start) in ["#[allow(", "#![allow(", "#[expect(", "#![expect("]
        .iter()
        .flat_map(|start| code.match_indices(start))
    {
        let (before, after) = code.split_at(at);
        let attribute = after
            .split_once(")]")
            .map_or(after, |(attribute, _)| attribute);
        let number = before.matches('\n').count() + 1;
        if !attribute.contains("reason =") && !has_comment(&file.text, number) {
            let message = format!("`{start}…)]` without a reason: add `reason = \"…\"`");
            findings.push(Finding::at("silenced-lint", &file.path, number, message));
        }
    }
    findings
}

/// Whether a plain comment stands on line `number` or on the line above it.
fn has_comment(text: &str, number: usize) -> bool {
    let is_comment = |line: &str| {
        line.split_once("//")
            .is_some_and(|(_, rest)| !rest.starts_with(['/', '!']))
    };
    text.lines()
        .skip(number.saturating_sub(2))
        .take(number.min(2))
        .any(is_comment)
}

/// Bounds the number of type parameters: code takes `dyn` traits instead of passing many parameters on.
fn type_parameters(file: &File, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for keyword in ["fn", "struct", "enum", "trait", "impl"] {
        for (at, _) in code.match_indices(keyword) {
            let (before, after) = code.split_at(at);
            if before.chars().next_back().is_some_and(is_name) {
                continue;
            }
            let Some(list) = after.strip_prefix(keyword).and_then(generics) else {
                continue;
            };
            let count = count_types(list);
            if count > MAX_TYPE_PARAMETERS {
                let message = format!(
                    "{count} type parameters, at most {MAX_TYPE_PARAMETERS}: take a `dyn` trait"
                );
                let number = before.matches('\n').count() + 1;
                findings.push(Finding::at("type-parameters", &file.path, number, message));
            }
        }
    }
    findings
}

/// The text between `<` and `>` directly after an optional name.
fn generics(after_keyword: &str) -> Option<&str> {
    let named = after_keyword.trim_start();
    if named.len() == after_keyword.len() && !named.starts_with('<') {
        return None;
    }
    let list = named.trim_start_matches(is_name).strip_prefix('<')?;
    let mut depth = 1_usize;
    let mut before = ' ';
    for (at, c) in list.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return list.get(..at);
        }
        before = c;
    }
    None
}

fn count_types(list: &str) -> usize {
    let mut depth = 0_i32;
    let mut before = ' ';
    let outer: String = list
        .chars()
        .filter(|&c| {
            match c {
                '<' | '(' | '[' => depth += 1,
                '>' if before == '-' => {}
                '>' | ')' | ']' => depth -= 1,
                _ => {}
            }
            before = c;
            depth == 0
        })
        .collect();
    let parameters = outer
        .split(',')
        .map(str::trim)
        .filter(|parameter| !parameter.is_empty());
    parameters
        .filter(|text| !text.starts_with('\'') && !text.starts_with("const "))
        .count()
}

fn module_doc(file: &File) -> Option<Finding> {
    let mut parts = file.path.split('/');
    let is_source = parts.next() == Some("crates") && parts.nth(1) == Some("src");
    let first = file.text.lines().find(|line| !line.trim().is_empty());
    let documented = first.is_none_or(|line| line.starts_with("//!"));
    let message = "the first line is not `//!`: say what the module is for";
    let missing = is_source && !documented && !file.path.ends_with("/tests.rs");
    missing.then(|| Finding::at("module-doc", &file.path, 1, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "crates/model/src/lib.rs";

    fn checks(path: &str, text: &str) -> Vec<&'static str> {
        let file = File {
            path: path.to_owned(),
            text: format!("//! Doc.\n{text}"),
        };
        check(&file)
            .into_iter()
            .map(|finding| finding.check)
            .collect()
    }

    #[test]
    fn unfinished_work_is_refused_everywhere() {
        for name in UNFINISHED {
            assert_eq!(
                checks(LIB, &format!("fn f() {{ {name}() }}")),
                ["unfinished"]
            );
            assert_eq!(
                checks("tests/x.rs", &format!("fn f() {{ {name}() }}")),
                ["unfinished"]
            );
            assert!(checks(LIB, &format!("// {name}\nconst A: &str = \"{name}\";")).is_empty());
        }
    }

    #[test]
    fn libraries_do_not_print() {
        assert_eq!(checks(LIB, "fn f() { println!(\"a\") }"), ["print"]);
        assert!(checks(LIB, "#[cfg(test)]\nmod tests { fn f() { println!() } }").is_empty());
        for path in [
            "crates/server/src/main.rs",
            "crates/a/tests/it/b.rs",
            "xtask/src/c.rs",
        ] {
            assert!(
                checks(path, "fn f() { println!(\"a\") }").is_empty(),
                "{path}"
            );
        }
        let expected = "#[expect(clippy::print_stdout, reason = \"x\")]\nfn f() { println!() }";
        assert!(checks(LIB, expected).is_empty());
    }

    #[test]
    fn tests_are_not_ignored() {
        assert_eq!(checks(LIB, "#[ignore]\nfn a() {}"), ["ignore"]);
        assert_eq!(checks(LIB, "#[ignore = \"slow\"]\nfn a() {}"), ["ignore"]);
    }

    #[test]
    fn a_silenced_lint_says_why() {
        assert_eq!(
            checks(LIB, "#[allow(dead_code)]\nfn a() {}"),
            ["silenced-lint"]
        );
        assert_eq!(
            checks(LIB, "#![allow(\n    dead_code,\n)]"),
            ["silenced-lint"]
        );
        assert_eq!(
            checks(LIB, "/// Doc.\n#[expect(dead_code)]\nfn a() {}"),
            ["silenced-lint"]
        );
        assert!(
            checks(
                LIB,
                "#[expect(\n  dead_code,\n  reason = \"x\"\n)]\nfn a() {}"
            )
            .is_empty()
        );
        assert!(checks(LIB, "// Used on Windows.\n#[allow(dead_code)]\nfn a() {}").is_empty());
        assert!(checks(LIB, "#[allow(dead_code)] // Used on Windows.\nfn a() {}").is_empty());
    }

    #[test]
    fn type_parameters_are_few() {
        assert_eq!(checks(LIB, "fn f<A, B, C>() {}"), ["type-parameters"]);
        assert_eq!(
            checks(LIB, "impl<A, B: X<u8, u8>, C> D<A> for E {}"),
            ["type-parameters"]
        );
        assert!(checks(LIB, "fn f<'a, const N: usize, A, B: Fn(u8, u8) -> C>() {}").is_empty());
        assert!(checks(LIB, "fn f(a: impl Fn(A, B, C), m: Map<A, B>) {}").is_empty());
    }

    #[test]
    fn a_source_starts_with_its_purpose() {
        let bare = |path: &str| File {
            path: path.to_owned(),
            text: "fn f() {}\n".to_owned(),
        };
        assert_eq!(check(&bare(LIB)).len(), 1);
        assert!(check(&bare("crates/a/src/b/tests.rs")).is_empty());
        assert!(check(&bare("crates/a/tests/it/b.rs")).is_empty());
    }
}
