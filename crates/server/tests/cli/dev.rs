//! `lakekeeper dev`: one command starts a server with a warehouse.

use std::fs;
use std::path::Path;

use crate::program::{Server, get, run, send};
use crate::serve::serve;

fn start(folder: &Path) -> Server {
    let folder = folder.to_str().unwrap();
    Server::start(&["dev", "--port", "0", "--data-dir", folder], &[])
}

pub(crate) fn dev(folder: &Path) -> (Server, String) {
    let mut server = start(folder);
    let line = server.line_with("catalog  ");
    let url = line.split_whitespace().last().unwrap();
    let address = url
        .strip_prefix("http://")
        .and_then(|url| url.strip_suffix("/catalog"));
    (server, address.unwrap().to_owned())
}

#[test]
fn dev_serves_a_warehouse_that_survives_restarts_and_kills() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut prefixes = Vec::new();
    for round in 0..3 {
        let (server, address) = dev(&data);
        assert_eq!(get(&address, "/health").0, "HTTP/1.1 200 OK");
        let (status, config) = get(&address, "/catalog/v1/config?warehouse=demo");
        assert_eq!(status, "HTTP/1.1 200 OK", "{config}");
        let prefix = config.split_once("\"prefix\":\"").unwrap().1;
        prefixes.push(prefix.split('"').next().unwrap().to_owned());
        if round == 0 {
            assert_eq!(server.terminate(), 0);
        } else {
            server.kill();
        }
    }
    prefixes.dedup();
    assert_eq!(prefixes.len(), 1, "it is the same warehouse: {prefixes:?}");
    assert!(data.join("catalog.db").is_file() && data.join("files").is_dir());
}

/// In a copy, tables would be written to the original's folder, and a purge would delete the original's files.
#[test]
fn a_data_folder_that_was_copied_or_moved_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [original, copy] = ["original", "copy"].map(|name| folder.path().join(name));
    let (server, address) = dev(&original);
    change_warehouse(&address, "rename", r#"{"new-name":"mine"}"#);
    assert_eq!(server.terminate(), 0);
    fs::create_dir(&copy).unwrap();
    fs::copy(original.join("catalog.db"), copy.join("catalog.db")).unwrap();
    let refused = run(
        &["dev", "--port", "0", "--data-dir", copy.to_str().unwrap()],
        &[],
    );
    assert_eq!(refused.status, 1, "{}", refused.err);
    for folder in [&original, &copy] {
        let files = fs::canonicalize(folder).unwrap().join("files");
        let named = format!("`{}`", files.display());
        assert!(refused.err.contains(&named), "{named}: {}", refused.err);
    }
}

#[test]
fn a_warehouse_in_a_folder_of_the_users_own_is_no_moved_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let [data, own] = ["data", "own/files"].map(|name| folder.path().join(name));
    fs::create_dir_all(&own).unwrap();
    let (server, address) = dev(&data);
    let demo = format!("/management/v1/warehouse/{}", warehouse_id(&address));
    let (deleted, told) = send("DELETE", &address, &demo, "");
    assert!(deleted.starts_with("HTTP/1.1 20"), "{deleted} {told}");
    let body = format!(
        r#"{{"warehouse-name":"mine","storage-profile":{{"type":"local","root":"{}"}}}}"#,
        own.display()
    );
    let (created, told) = send("POST", &address, "/management/v1/warehouse", &body);
    assert!(created.starts_with("HTTP/1.1 201"), "{created} {told}");
    assert_eq!(server.terminate(), 0);
    let (server, _) = dev(&data);
    assert_eq!(server.terminate(), 0);
}

#[test]
fn dev_leaves_a_postgresql_of_the_environment_alone() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["dev", "--data-dir", folder.path().to_str().unwrap()];
    let url = (
        "PG_DATABASE_URL_WRITE",
        "postgres://u:hunter2@127.0.0.1:1/x",
    );
    let parts = [
        ("PG_HOST_W", "127.0.0.1"),
        ("PG_USER", "u"),
        ("PG_DATABASE", "x"),
    ];
    for settings in [&[url][..], &parts] {
        let found = settings[0].0;
        let names: Vec<_> = settings
            .iter()
            .map(|(name, _)| format!("LAKEKEEPER__{name}"))
            .collect();
        let variables: Vec<_> = names
            .iter()
            .map(String::as_str)
            .zip(settings.iter().map(|(_, value)| *value))
            .collect();
        let refused = run(&words, &variables);
        assert_eq!(refused.status, 78, "{}", refused.err);
        for said in [
            &format!("LAKEKEEPER__{found}="),
            "`lakekeeper migrate` and `lakekeeper serve`",
        ] {
            assert!(refused.err.contains(said), "{said}: {}", refused.err);
        }
        assert!(!refused.err.contains("hunter2"), "{}", refused.err);
    }
}

#[test]
fn a_warehouse_that_was_renamed_or_deactivated_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (server, address) = dev(folder.path());
    change_warehouse(&address, "rename", r#"{"new-name":"mine"}"#);
    assert_eq!(server.terminate(), 0);

    let mut renamed = start(folder.path());
    assert!(
        renamed
            .line_with("warehouse  ")
            .contains(" mine (files in /")
    );
    let uri = renamed.line_with("load_catalog(");
    assert!(uri.ends_with("warehouse=\"mine\")"), "{uri}");
    let address = uri.split('/').nth(2).unwrap();
    change_warehouse(address, "rename", r#"{"new-name":"demo"}"#);
    change_warehouse(address, "deactivate", "");
    assert_eq!(renamed.terminate(), 0);

    let mut deactivated = start(folder.path());
    let line = deactivated.line_with("warehouse  ");
    assert!(line.contains("none is active"), "{line}");
    assert_eq!(deactivated.terminate(), 0);
}

/// The state that a crash between the bootstrap and the creation of the warehouse leaves.
#[test]
fn a_catalog_that_was_bootstrapped_without_a_warehouse_gets_one() {
    let folder = tempfile::tempdir().unwrap();
    let (server, address, _) = serve(&folder.path().join("catalog.db"), &[]);
    let bootstrap = r#"{"accept-terms-of-use":true}"#;
    let (status, told) = send("POST", &address, "/management/v1/bootstrap", bootstrap);
    assert_eq!(status, "HTTP/1.1 204 No Content", "{told}");
    assert_eq!(server.terminate(), 0);
    let (_server, address) = dev(folder.path());
    let (status, told) = get(&address, "/catalog/v1/config?warehouse=demo");
    assert_eq!(status, "HTTP/1.1 200 OK", "{told}");
}

/// The id of the only warehouse.
fn warehouse_id(address: &str) -> String {
    let (_, config) = get(address, "/catalog/v1/config");
    let id = config.split_once("\"prefix\":\"").unwrap().1;
    id[..36].to_owned()
}

/// Changes the only warehouse by the management API.
fn change_warehouse(address: &str, change: &str, body: &str) {
    let id = warehouse_id(address);
    let path = format!("/management/v1/warehouse/{id}/{change}");
    let (status, told) = send("POST", address, &path, body);
    assert_eq!(status, "HTTP/1.1 200 OK", "{told}");
}

#[test]
fn a_second_process_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_first, _) = dev(folder.path());
    let path = folder.path().to_str().unwrap();
    let second = run(&["dev", "--port", "0", "--data-dir", path], &[]);
    assert_eq!(second.status, 1);
    assert!(
        second.err.contains("is in use by another process"),
        "{}",
        second.err
    );
}

#[test]
fn a_taken_port_is_a_message_not_a_panic() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_server, address) = dev(first.path());
    let port = address.rsplit_once(':').unwrap().1;
    let path = second.path().to_str().unwrap();
    let ended = run(&["dev", "--port", port, "--data-dir", path], &[]);
    assert_eq!(ended.status, 1);
    let said = format!("port {port} of 127.0.0.1 is taken by another process");
    assert!(ended.err.contains(&said), "{}", ended.err);
}

#[test]
fn the_banner_has_a_snippet_for_each_engine() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, address) = dev(folder.path());
    let files = fs::canonicalize(folder.path()).unwrap().join("files");
    assert!(
        server
            .line_with("warehouse  ")
            .ends_with(&format!("demo (files in {})", files.display()))
    );
    for snippet in [
        format!("load_catalog(\"demo\", type=\"rest\", uri=\"http://{address}/catalog\""),
        format!("spark.sql.catalog.demo.uri=http://{address}/catalog"),
        format!("ENDPOINT 'http://{address}/catalog'"),
        format!("iceberg.rest-catalog.uri=http://{address}/catalog"),
    ] {
        server.line_with(&snippet);
    }
}
