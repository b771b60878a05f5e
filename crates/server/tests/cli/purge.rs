//! A purge continues in another process after the first one is killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::dev::dev;
use crate::program::{get, send};

const FILES: usize = 20_000;

fn value<'a>(json: &'a str, field: &str) -> &'a str {
    let (_, rest) = json.split_once(&format!("\"{field}\":\"")).unwrap();
    rest.split('"').next().unwrap()
}

fn wait_until(what: &str, patience: Duration, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < patience, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Creates a table with [`FILES`] files and returns its location.
fn filled(address: &str, prefix: &str) -> PathBuf {
    let catalog = format!("/catalog/v1/{prefix}/namespaces");
    let made = send("POST", address, &catalog, r#"{"namespace":["ns"]}"#);
    assert!(made.0.contains("200"), "{made:?}");
    let schema =
        r#"{"type":"struct","fields":[{"id":1,"name":"a","type":"int","required":false}]}"#;
    let table = format!(r#"{{"name":"t","schema":{schema}}}"#);
    let made = send("POST", address, &format!("{catalog}/ns/tables"), &table);
    assert!(made.0.contains("200"), "{made:?}");
    let location = value(&made.1, "location").strip_prefix("file://").unwrap();
    let folder = Path::new(location).join("data");
    fs::create_dir_all(&folder).unwrap();
    for number in 0..FILES {
        fs::write(folder.join(format!("{number:05}")), "data").unwrap();
    }
    location.into()
}

#[test]
fn after_a_kill_in_the_middle_another_process_goes_on_and_stays_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (server, address) = dev(folder.path());
    let (_, config) = get(&address, "/catalog/v1/config?warehouse=demo");
    let prefix = value(&config, "prefix").to_owned();
    let table = filled(&address, &prefix);
    let sibling = PathBuf::from(format!("{}-beside", table.display()));
    fs::create_dir_all(&sibling).unwrap();
    fs::write(sibling.join("kept"), "").unwrap();
    let warehouse = format!("/management/v1/warehouse/{prefix}");
    let post = |path: &str, body: &str| {
        let answer = send("POST", &address, &format!("{warehouse}/{path}"), body);
        assert!(answer.0.contains(" 20"), "{answer:?}");
    };
    // A dropped table expires at once, so two tasks follow each other: expiry, then purge.
    let soft = r#"{"delete-profile":{"type":"soft","expiration-seconds":0}}"#;
    post("delete-profile", soft);
    let impatient = r#"{"queue-config":{},"max-seconds-since-last-heartbeat":30}"#;
    post("task-queue/tabular_purge/config", impatient);
    let uri = format!("/catalog/v1/{prefix}/namespaces/ns/tables/t?purgeRequested=true");
    assert!(send("DELETE", &address, &uri, "").0.contains("204"));
    let (first, last) = (table.join("data/00000"), table.join("data/19999"));
    wait_until("the purge begins", Duration::from_secs(30), || {
        !first.exists()
    });
    server.kill();
    assert!(last.exists(), "it was killed in the middle");

    let (_server, address) = dev(folder.path());
    wait_until("the purge is taken over", Duration::from_mins(2), || {
        !table.exists()
    });
    assert!(sibling.join("kept").exists());
    let list = format!("{warehouse}/task/list");
    let purge = r#"{"queue-name":["tabular_purge"]}"#;
    wait_until("the task ends", Duration::from_secs(10), || {
        let (_, tasks) = send("POST", &address, &list, purge);
        tasks.contains("\"SUCCESS\"") && tasks.contains("\"attempt\":2")
    });
}
