//! Storage credentials in a stand-in for a Vault KV v2 engine.

use std::path::Path;

use secrets_vault::kv2_stand_in::{Kv2StandIn, MOUNT, PASSWORD, USER};

use crate::program::{Server, get, run};
use crate::secrets::with_a_warehouse;
use crate::serve::serve;

/// A stand-in on its own runtime, because the server under test is another process.
struct Vault {
    stand_in: Kv2StandIn,
    url: String,
    _runtime: tokio::runtime::Runtime,
}

impl Vault {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let stand_in = runtime.block_on(Kv2StandIn::start());
        let url = stand_in.config(Kv2StandIn::user()).url.to_string();
        Self {
            stand_in,
            url,
            _runtime: runtime,
        }
    }

    fn variables(&self) -> [(&str, &str); 5] {
        [
            ("LAKEKEEPER__SECRET_BACKEND", "kv2"),
            ("LAKEKEEPER__KV2__URL", &self.url),
            ("LAKEKEEPER__KV2__SECRET_MOUNT", MOUNT),
            ("LAKEKEEPER__KV2__USER", USER),
            ("LAKEKEEPER__KV2__PASSWORD", PASSWORD),
        ]
    }

    fn serve(&self, database: &Path) -> (Server, String, String) {
        serve(database, &self.variables())
    }
}

#[test]
fn credentials_of_warehouses_are_in_vault_alone() {
    let vault = Vault::start();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    with_a_warehouse(&database, &vault.variables());
    let paths = vault.stand_in.state().paths();
    let stored = vault.stand_in.state().secret(&paths[0]).cloned().unwrap();
    assert_eq!(
        (paths.len(), &stored["secret-access-key"]),
        (1, &"hunter2".into())
    );
    let rows = std::fs::read(&database).unwrap();
    assert!(!rows.windows(7).any(|bytes| bytes == b"hunter2"));
    assert!(
        !database.with_extension("db.key").exists(),
        "no key is needed"
    );

    let (server, api, metrics) = vault.serve(&database);
    let (_, list) = get(&api, "/management/v1/warehouse");
    let (_, rest) = list.split_once("\"id\":\"").unwrap();
    let path = format!("/management/v1/warehouse/{}", &rest[..36]);
    let (status, body) = crate::program::send("DELETE", &api, &path, "");
    assert!(status.contains(" 204"), "{status}: {body}");
    assert_eq!(vault.stand_in.state().paths(), [""; 0]);
    let (_, page) = get(&metrics, "/metrics");
    let size = "lakekeeper_cache_size{cache_type=\"secrets\"} 0";
    assert!(page.contains(size), "{page}");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn health_tells_of_a_sealed_vault() {
    let vault = Vault::start();
    let folder = tempfile::tempdir().unwrap();
    let (_server, api, _) = vault.serve(&folder.path().join("catalog.db"));
    let (status, body) = get(&api, "/health");
    assert!(status.contains(" 200"), "{status}: {body}");
    vault.stand_in.state().is_sealed = true;
    std::thread::sleep(std::time::Duration::from_secs(5));
    let (status, body) = get(&api, "/health");
    assert!(status.contains(" 503"), "{status}: {body}");
    let secrets = r#""secrets":[{"name":"secrets","status":"unhealthy"}]"#;
    assert!(body.contains(secrets), "{body}");
}

#[test]
fn serve_needs_a_vault_that_lets_it_in() {
    let vault = Vault::start();
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let path = ("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap());
    let mut variables = vault.variables();
    variables[4].1 = "hunter4";
    let ended = run(&["serve"], &[&[path][..], &variables].concat());
    assert_eq!(ended.status, 1);
    assert!(
        ended
            .err
            .contains("Vault refused the login by user and password (400)"),
        "{}",
        ended.err
    );
    assert!(!ended.err.contains("hunter4"), "{}", ended.err);
}
