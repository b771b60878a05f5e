//! Dependencies that no source of the crate names.

use toml::Table;

use super::{Finding, dependencies};
use crate::tidy::lexer::{code_only, is_name};
use crate::tidy::repo::Repo;

/// Dependencies of the manifest at `path` whose name stands nowhere in the crate's sources.
pub(super) fn check(repo: &Repo, path: &str, manifest: &Table) -> Vec<Finding> {
    let home = path.trim_end_matches("Cargo.toml");
    let sources: Vec<String> = repo
        .files()
        .iter()
        .filter(|file| file.extension() == "rs" && file.path.starts_with(home))
        .map(|file| code_only(&file.text))
        .collect();
    let named = |name: &str| {
        let forms = [
            format!("{name}::"),
            format!("use {name};"),
            format!("use {name} as"),
        ];
        sources
            .iter()
            .any(|code| code.lines().any(|line| forms.iter().any(|f| uses(line, f))))
    };
    let mut findings = Vec::new();
    for (name, _, _) in dependencies(manifest) {
        // A feature of the crate may turn on one of the dependency's: then it is used by name.
        let in_features = manifest.get("features").is_some_and(|features| {
            let text = features.to_string();
            text.contains(&format!("\"{name}/")) || text.contains(&format!("\"dep:{name}"))
        });
        if !in_features && !named(&name.replace('-', "_")) {
            let message = format!("`{name}` is named by no source of the crate: remove it");
            findings.push(Finding::of_file("unused-dependency", path, message));
        }
    }
    findings
}

/// `form` may be followed by a name, so only what stands before it tells a longer name.
fn uses(line: &str, form: &str) -> bool {
    let before = |at: usize| line.get(..at).and_then(|text| text.chars().next_back());
    line.match_indices(form)
        .any(|(at, _)| !before(at).is_some_and(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unused(source: &str, manifest: &str) -> usize {
        let path = "crates/x/Cargo.toml";
        let repo = Repo::of(&[(path, manifest), ("crates/x/src/lib.rs", source)]);
        check(&repo, path, &manifest.parse().unwrap()).len()
    }

    #[test]
    fn a_dependency_is_named_in_a_source() {
        let manifest = "[dependencies]\nhttp-body-util.workspace = true";
        assert_eq!(unused("use http_body_util::BodyExt;", manifest), 0);
        assert_eq!(unused("use http::HeaderMap;", manifest), 1);
        assert_eq!(
            unused(
                "// http_body_util::BodyExt\nuse my_http_body_util::X;",
                manifest
            ),
            1
        );
    }

    #[test]
    fn a_feature_names_its_dependency() {
        let manifest = "[dependencies]\nserde.workspace = true\n[features]\nx = [\"serde/rc\"]";
        assert_eq!(unused("", manifest), 0);
    }
}
