//! Expands `lakekeeper` in a log filter to the crates that the catalog consists of.

/// The catalog's crates. The target of a log line starts with the name of the crate that writes it.
const PARTS: [&str; 20] = [
    "admission",
    "approval",
    "authn",
    "authz",
    "authz_openfga",
    "catalog",
    "events",
    "events_kafka",
    "events_nats",
    "http_api",
    "iceberg",
    "jobs",
    "model",
    "objects",
    "outbound",
    "secrets",
    "secrets_vault",
    "store",
    "store_postgres",
    "store_sqlite",
];

/// The filter, preceded by one directive per crate if it has a directive for the catalog as a whole, such as
/// `lakekeeper=debug`. The filter's own directives come last and therefore win.
pub(super) fn with_parts(filter: &str) -> String {
    let directives = filter.split(',').map(str::trim);
    let of_all = directives.filter_map(|directive| {
        let level = directive.strip_prefix("lakekeeper")?;
        (level.is_empty() || level.starts_with('=')).then_some(level)
    });
    let of_parts = of_all.flat_map(|level| PARTS.map(|part| format!("{part}{level}")));
    of_parts
        .chain([filter.to_owned()])
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_catalog_is_all_of_its_parts() {
        let all = with_parts("info, lakekeeper=debug,catalog=warn");
        assert!(all.contains("catalog=debug,") && all.contains("http_api=debug,"));
        assert!(all.ends_with(",info, lakekeeper=debug,catalog=warn"));
        assert!(with_parts("lakekeeper").starts_with("admission,"));
        for other in ["info", "lakekeeper_sink=debug", "lakekeeper::serve=debug"] {
            assert_eq!(with_parts(other), other);
        }
    }

    #[test]
    fn no_part_is_missing() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for entry in crates.read_dir().unwrap() {
            let manifest = entry.unwrap().path().join("Cargo.toml");
            let manifest = std::fs::read_to_string(manifest).unwrap();
            let name = manifest.split('"').nth(1).unwrap().replace('-', "_");
            let is_product = !["bench", "histories", "testkit", "lakekeeper"].contains(&&*name);
            assert_eq!(PARTS.contains(&&*name), is_product, "{name}");
        }
    }
}
