//! Changing the key that encrypts storage credentials.

use std::path::Path;

use crate::program::{Run, run, send};
use crate::serve::serve;

const NOW: (&str, &str) = ("LAKEKEEPER__PG_ENCRYPTION_KEY", "the present key");
const FORMER: (&str, &str) = ("LAKEKEEPER__PG_ENCRYPTION_KEY", "the former key");
const OPENS: (&str, &str) = ("LAKEKEEPER__PG_DECRYPTION_KEYS", "the former key");

/// Runs a server with these variables to create a warehouse that has a credential.
pub(crate) fn with_a_warehouse(database: &Path, variables: &[(&str, &str)]) {
    let untried = ("LAKEKEEPER__SKIP_STORAGE_VALIDATION", "true");
    let (server, api, _) = serve(database, &[variables, &[untried]].concat());
    let post = |path, body| send("POST", &api, path, body);
    let accepted = r#"{"accept-terms-of-use":true}"#;
    post("/management/v1/bootstrap", accepted);
    let warehouse = r#"{"warehouse-name":"lake",
        "storage-profile":{"type":"s3","bucket":"a-bucket","region":"local-01","endpoint":"http://127.0.0.1:9",
            "flavor":"s3-compat","sts-enabled":false},
        "storage-credential":{"type":"s3","credential-type":"access-key","access-key-id":"id","secret-access-key":"hunter2"}}"#;
    let (status, body) = post("/management/v1/warehouse", warehouse);
    assert!(status.contains(" 201"), "{status}: {body}");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_key_is_changed_by_a_rotation() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    with_a_warehouse(&database, &[FORMER]);
    let path = ("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap());
    let rotate = |keys: &[(&str, &str)]| run(&["secrets", "rotate"], &[&[path], keys].concat());
    let refused = |keys: &[(&str, &str)]| run(&["serve"], &[&[path], keys].concat());

    let Run { status, err, .. } = refused(&[NOW]);
    assert_eq!(status, 1);
    for said in ["warehouses use 1 secrets", "LAKEKEEPER__PG_DECRYPTION_KEYS"] {
        assert!(err.contains(said), "{err}");
    }
    let Run { status, out, err } = rotate(&[NOW]);
    assert_eq!(status, 1, "{out}");
    assert!(err.contains("could not be decrypted"), "{err}");
    assert!(!err.contains("the present key"), "{err}");

    serve(&database, &[NOW, OPENS]).0.terminate();
    for (renewed, keys) in [(1, &[NOW, OPENS][..]), (0, &[NOW])] {
        let Run { status, out, err } = rotate(keys);
        assert_eq!(status, 0, "{err}");
        let said = format!(
            "{renewed} storage credentials were re-encrypted; 1 are now encrypted with the current key, 0 could not be \
             decrypted\n"
        );
        assert!(out.ends_with(&said), "{out}");
    }
    serve(&database, &[NOW]).0.terminate();
    assert_eq!(refused(&[FORMER]).status, 1);
}

#[test]
fn a_server_starts_without_a_key_that_is_said_to_be_lost() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    with_a_warehouse(&database, &[FORMER]);
    let path = ("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap());
    let Run { err, .. } = run(&["serve"], &[path, NOW]);
    let (_, rest) = err.split_once("LAKEKEEPER__PG_LOST_KEYS=").unwrap();
    let lost = ("LAKEKEEPER__PG_LOST_KEYS", &rest[..16]);
    assert_eq!(serve(&database, &[NOW, lost]).0.terminate(), 0);
}
