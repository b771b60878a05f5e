//! Dependencies that no source of the crate names.

use toml::{Table, Value};

use super::{Finding, dependencies, get};
use crate::tidy::lexer::{code_only, is_name};
use crate::tidy::repo::Repo;

/// The start of a comment in a manifest that explains a dependency which no source names.
const EXPLANATION: &str = "# Named only";

/// Finds the dependencies of the manifest at `path` that the crate's sources do not name.
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
    let own_name = get(manifest, &["package", "name"]).and_then(Value::as_str);
    let features = manifest
        .get("features")
        .map(ToString::to_string)
        .unwrap_or_default();
    let text = repo.text(path).unwrap_or_default();
    let mut findings = Vec::new();
    let others = dependencies(manifest)
        .into_iter()
        .filter(|(name, ..)| Some(*name) != own_name);
    for (name, _, _) in others {
        let in_features = [format!("\"{name}/"), format!("\"dep:{name}")]
            .iter()
            .any(|f| features.contains(f));
        if !in_features && !is_explained(text, name) && !named(&name.replace('-', "_")) {
            let message = format!(
                "`{name}` is named by no source of the crate: remove it, or say above it \
                 `{EXPLANATION} …`"
            );
            findings.push(Finding::of_file("unused-dependency", path, message));
        }
    }
    findings
}

/// Whether the line above the dependency explains why it is needed although no source names it.
fn is_explained(manifest: &str, name: &str) -> bool {
    let pairs = manifest.lines().zip(manifest.lines().skip(1));
    pairs
        .filter(|(above, _)| above.starts_with(EXPLANATION))
        .filter_map(|(_, line)| line.strip_prefix(name))
        .any(|rest| rest.starts_with(['.', ' ', '=']))
}

/// Whether `line` has `form`, but not at the end of a longer name. A name may follow `form`, so only the character
/// before it counts.
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

    #[test]
    fn a_dependency_that_no_source_names_is_explained() {
        let explained = "[dependencies]\n# Named only to choose its TLS.\nreqwest.workspace = true";
        assert_eq!(unused("", explained), 0);
        assert_eq!(unused("", &explained.replace("Named only", "Needed")), 1);
    }
}
