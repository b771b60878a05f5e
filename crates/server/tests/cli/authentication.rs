//! The binary with an identity provider.

use authn::stand_in::{AUDIENCE, Idp};

use crate::program::{get, run};
use crate::serve::serve;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_provider_that_cannot_be_reached_keeps_the_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let variables = [
        ("LAKEKEEPER__SQLITE_PATH", database.to_str().unwrap()),
        ("LAKEKEEPER__BIND_IP", "127.0.0.1"),
        ("LAKEKEEPER__OPENID_PROVIDER_URI", "http://127.0.0.1:9"),
    ];
    let ended = run(&["serve"], &variables);
    assert_eq!(ended.status, 1, "{}", ended.err);
    assert!(ended.err.contains("provider `oidc`"), "{}", ended.err);
    assert!(ended.err.contains("http://127.0.0.1:9"), "{}", ended.err);
}

#[test]
fn with_a_provider_nobody_is_let_in_without_a_token() {
    let runtime = runtime();
    let idp = runtime.block_on(Idp::start());
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let uri = idp.issuer();
    let (server, api, metrics) = serve(
        &database,
        &[
            ("LAKEKEEPER__OPENID_PROVIDER_URI", &uri),
            ("LAKEKEEPER__OPENID_AUDIENCE", AUDIENCE),
        ],
    );
    assert_eq!(idp.fetches(), 1);
    assert_eq!(
        get(&api, "/management/v1/info").0,
        "HTTP/1.1 401 Unauthorized"
    );
    assert_eq!(get(&api, "/health").0, "HTTP/1.1 200 OK");
    assert_eq!(get(&metrics, "/metrics").0, "HTTP/1.1 200 OK");
    assert_eq!(server.terminate(), 0);
}

#[test]
fn a_lazy_provider_may_be_down_when_the_server_starts() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("catalog.db");
    let (server, api, _) = serve(
        &database,
        &[
            ("LAKEKEEPER__OPENID_PROVIDER_URI", "http://127.0.0.1:9"),
            ("LAKEKEEPER__OPENID_REQUIRE_CONNECTED_ON_STARTUP", "false"),
        ],
    );
    assert_eq!(
        get(&api, "/management/v1/info").0,
        "HTTP/1.1 401 Unauthorized"
    );
    assert_eq!(server.terminate(), 0);
}
