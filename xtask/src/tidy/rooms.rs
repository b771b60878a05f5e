//! Checks the manifests of the crates ("rooms"): which crate may use which other one, and what from outside.

mod table;
mod unused;

use table::{FENCED, ROOMS, Room};
use toml::{Table, Value};

use super::Finding;
use super::repo::Repo;

/// The package settings that every crate must inherit from the workspace.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// Checks the manifest of every workspace crate.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let manifests = repo.files().iter().filter(|file| {
        let parts: Vec<&str> = file.path.split('/').collect();
        matches!(
            parts.as_slice(),
            ["crates", _, "Cargo.toml"] | ["xtask", "Cargo.toml"]
        )
    });
    let mut findings = Vec::new();
    for file in manifests {
        match file.text.parse::<Table>() {
            Ok(manifest) => {
                findings.extend(check_manifest(&file.path, &manifest));
                findings.extend(unused::check(repo, &file.path, &manifest));
            }
            Err(error) => {
                let message = format!("not valid TOML: {error}");
                findings.push(Finding::of_file("manifest", &file.path, message));
            }
        }
    }
    findings
}

fn check_manifest(path: &str, manifest: &Table) -> Vec<Finding> {
    let mut messages = not_inherited(manifest);
    let name = get(manifest, &["package", "name"])
        .and_then(Value::as_str)
        .unwrap_or_default();
    match ROOMS.iter().find(|room| room.name == name) {
        None => messages.push(format!(
            "`{name}` is not in the table of rooms: say in xtask/src/tidy/rooms/table.rs what it may use"
        )),
        Some(room) => messages.extend(forbidden_doors(room, manifest)),
    }
    let of_file = |message| Finding::of_file("manifest", path, message);
    messages.into_iter().map(of_file).collect()
}

fn not_inherited(manifest: &Table) -> Vec<String> {
    let own = INHERITED.iter().filter(|key| {
        let inherited = get(manifest, &["package", key, "workspace"]);
        inherited.and_then(Value::as_bool) != Some(true)
    });
    let mut messages: Vec<String> = own
        .map(|key| format!("`{key}` is not inherited: write `{key}.workspace = true`"))
        .collect();
    if get(manifest, &["lints", "workspace"]).and_then(Value::as_bool) != Some(true) {
        messages.push("lints are not inherited: write `[lints] workspace = true`".to_owned());
    }
    messages
}

fn forbidden_doors(room: &Room, manifest: &Table) -> Vec<String> {
    let mut messages = Vec::new();
    for (dependency, spec, for_tests) in dependencies(manifest) {
        let named = spec
            .get("package")
            .and_then(Value::as_str)
            .unwrap_or(dependency);
        // A crate may depend on itself to turn on one of its features for its tests.
        if named == room.name && for_tests {
            continue;
        }
        if spec.get("workspace").and_then(Value::as_bool) != Some(true) {
            messages.push(format!(
                "`{named}` has a version of its own: put it into the root's \
                 `[workspace.dependencies]` and write `workspace = true`"
            ));
        }
        let is_ours = ROOMS.iter().any(|other| other.name == named);
        let tests_may = for_tests && room.tests_use.contains(&named);
        if is_ours && !room.uses.contains(&named) && !tests_may {
            messages.push(format!(
                "`{}` may not use `{named}`: the arrows point one way (ARCHITECTURE.md)",
                room.name
            ));
        }
        let homes = FENCED
            .iter()
            .find(|(fenced, _)| *fenced == named)
            .map(|(_, homes)| homes);
        if homes.is_some_and(|homes| !homes.contains(&room.name)) && !for_tests {
            messages.push(format!(
                "`{}` may not use `{named}`: it has its own home",
                room.name
            ));
        }
    }
    messages
}

/// Every dependency of a manifest, and whether it is for tests only.
fn dependencies(manifest: &Table) -> Vec<(&str, &Value, bool)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let nested = targets
        .into_iter()
        .flat_map(|table| table.values())
        .filter_map(Value::as_table);
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(nested) {
        for key in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let listed = table.get(key).and_then(Value::as_table);
            for (name, spec) in listed.into_iter().flatten() {
                found.push((name.as_str(), spec, key == "dev-dependencies"));
            }
        }
    }
    found
}

fn get<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(table.get(*first)?, |value, key| value.get(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(name: &str, rest: &str) -> Vec<String> {
        let mut text = format!("[package]\nname = \"{name}\"\n");
        for key in INHERITED {
            text.push_str(key);
            text.push_str(".workspace = true\n");
        }
        text.push_str("[lints]\nworkspace = true\n");
        text.push_str(rest);
        let repo = Repo::of(&[("crates/x/Cargo.toml", &text)]);
        check(&repo)
            .into_iter()
            .filter(|finding| finding.check == "manifest")
            .map(|finding| finding.message)
            .collect()
    }

    #[test]
    fn arrows_point_one_way() {
        assert!(messages("catalog", "[dependencies]\nstore.workspace = true").is_empty());
        let wrong = messages("store", "[dependencies]\ncatalog.workspace = true");
        assert!(
            wrong[0].contains("`store` may not use `catalog`"),
            "{wrong:?}"
        );
        let backend = messages("http-api", "[dependencies]\nstore-sqlite.workspace = true");
        assert_eq!(backend.len(), 1, "{backend:?}");
    }

    #[test]
    fn tests_may_use_a_backend() {
        let text = "[dev-dependencies]\nstore-sqlite.workspace = true";
        assert!(messages("catalog", text).is_empty());
        assert_eq!(messages("iceberg", text).len(), 1);
    }

    #[test]
    fn renamed_and_target_dependencies_count() {
        let text =
            "[target.'cfg(unix)'.dependencies]\nx = { workspace = true, package = \"http-api\" }";
        assert_eq!(messages("store", text).len(), 1);
    }

    #[test]
    fn sql_http_and_storage_have_one_home() {
        assert_eq!(
            messages("catalog", "[dependencies]\naxum.workspace = true").len(),
            1
        );
        assert!(messages("http-api", "[dependencies]\naxum.workspace = true").is_empty());
    }

    #[test]
    fn versions_stand_in_the_root() {
        assert_eq!(messages("model", "[dependencies]\nserde = \"1\"").len(), 1);
    }

    #[test]
    fn a_new_crate_is_put_into_the_table() {
        assert!(messages("novelty", "")[0].contains("table of rooms"));
    }

    #[test]
    fn package_settings_are_inherited() {
        let text = "[package]\nname = \"model\"\nversion = \"1.0.0\"\n";
        let repo = Repo::of(&[("crates/model/Cargo.toml", text)]);
        assert_eq!(check(&repo).len(), INHERITED.len() + 1);
    }

    #[test]
    fn the_table_has_no_cycle() {
        let place = |name: &str| ROOMS.iter().position(|room| room.name == name);
        for (at, room) in ROOMS.iter().enumerate() {
            for used in room.uses {
                assert!(
                    place(used).is_some_and(|other| other < at),
                    "{} → {used}",
                    room.name
                );
            }
        }
    }
}
